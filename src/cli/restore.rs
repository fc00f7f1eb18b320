//! `cesou restore`: what a snapshot holds, put in place of what is there.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use cesou::backup::{self, Places, Restoring};
use cesou::config::Settings;
use cesou::key::local;
use clap::Args;

use super::snapshot::held;
use super::{Outcome, one_line, say};

#[derive(Args)]
pub(crate) struct Flags {
    /// 快照文件，由 cesou snapshot 写成
    #[arg(required = true, value_name = "文件")]
    file: PathBuf,
    /// 取代现有的语料、存储、密钥、检索统计和索引；现有而快照里没有的会删去
    #[arg(long)]
    overwrite: bool,
    /// 保留现有的密钥，不用快照里的
    #[arg(long)]
    keep_keys: bool,
}

pub(super) fn run(settings: &Settings, flags: &Flags) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    let how = Restoring {
        overwrite: flags.overwrite,
        keep_keys: flags.keep_keys,
    };
    let found = backup::restore(&flags.file, &Places::from(settings), how)?;
    let lost = &found.contents.store_lost;
    if !lost.is_empty() {
        say(&format!(
            "警告：快照写成时这些报告已损坏，没有内容可恢复：{}",
            lost.join("、")
        ));
    }
    writeln!(
        io::stdout(),
        "已恢复 {}（{} 由 {} 写成）：{}；用时 {:.2} 秒",
        one_line(&flags.file.display().to_string()),
        local(found.about.created),
        one_line(&found.about.program),
        one_line(&held(&found.contents)),
        began.elapsed().as_secs_f64()
    )?;
    if found.contents.keys.is_some() && !flags.keep_keys {
        writeln!(
            io::stdout(),
            "密钥回到了写快照之时：其后吊销的又会生效，其后建立的不再有效；请用 cesou keys list 核对"
        )?;
    }
    Ok(Outcome::Done)
}
