//! `cesou snapshot`: everything a site would miss, written into one file while the service runs.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use cesou::backup::{self, Contents, Places};
use cesou::config::Settings;
use clap::Args;

use super::index::{megabytes, size};
use super::{Outcome, one_line, say};

#[derive(Args)]
pub(crate) struct Flags {
    /// 要写的文件，如 cesou-2026-11-26.tar.zst；- 为标准输出
    #[arg(required = true, value_name = "文件")]
    file: PathBuf,
    /// 文件已存在时覆盖它
    #[arg(long)]
    overwrite: bool,
    /// 有内容没能收入时以退出码 2 结束
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(settings: &Settings, flags: &Flags) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    let places = Places::from(settings);
    let to_output = flags.file == Path::new("-");
    let written = if to_output {
        backup::write_to(&places, io::stdout().lock())?
    } else {
        backup::write(&places, &flags.file, flags.overwrite)?
    };
    for warning in &written.warnings {
        say(&format!("警告：{warning}"));
    }
    let seconds = began.elapsed().as_secs_f64();
    let line = format!(
        "已写入快照 {}：{}；共 {}（压缩前 {}），用时 {seconds:.2} 秒（{:.1} MB/秒）",
        one_line(&flags.file.display().to_string()),
        held(&written.contents),
        size(written.bytes),
        size(written.unpacked),
        megabytes(written.unpacked) / seconds.max(1e-3),
    );
    if to_output {
        say(&line);
    } else {
        writeln!(io::stdout(), "{line}")?;
    }
    Ok(if flags.strict && !written.warnings.is_empty() {
        Outcome::Skipped
    } else {
        Outcome::Done
    })
}

/// What a snapshot holds, on one line.
pub(super) fn held(contents: &Contents) -> String {
    let lost = match contents.store_lost.len() {
        0 => String::new(),
        lost => format!("（另有 {lost} 篇当时已损坏）"),
    };
    let keys = match contents.keys {
        Some(keys) => format!("密钥 {keys} 把"),
        None => "没有密钥".to_owned(),
    };
    let index = match &contents.index {
        Some(index) => format!("索引 {index}"),
        None => "没有索引（恢复后启动时会建立）".to_owned(),
    };
    let counts = match contents.analytics_days {
        Some(days) if days > 0 => format!("检索统计 {days} 天"),
        _ => "没有检索统计".to_owned(),
    };
    format!(
        "语料 {} 个文件，存储 {} 篇报告{lost}，{keys}，{counts}，{index}",
        contents.corpus_files, contents.store_reports
    )
}
