//! `cesou verify`: whether what is in place, or a snapshot, is as it was written.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use cesou::backup::{self, About, Contents, Places, Verdict};
use cesou::config::Settings;
use cesou::key::local;
use clap::Args;
use serde::Serialize;

use super::index::{megabytes, size};
use super::snapshot::held;
use super::{Outcome, one_line};

#[derive(Args)]
pub(crate) struct Flags {
    /// 快照文件；缺省时核对现有的词表、存储、密钥、检索统计和索引
    #[arg(value_name = "快照文件")]
    file: Option<PathBuf>,
    /// 以 JSON 输出
    #[arg(long)]
    json: bool,
}

/// What was found of a snapshot, for programs.
#[derive(Serialize)]
struct Json {
    whole: bool,
    bytes: u64,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<About>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contents: Option<Contents>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

pub(super) fn run(settings: &Settings, flags: &Flags) -> anyhow::Result<Outcome> {
    let whole = match &flags.file {
        Some(file) => snapshot(file, flags.json)?,
        None => in_place(settings, flags.json)?,
    };
    Ok(if whole {
        Outcome::Done
    } else {
        Outcome::Failed
    })
}

fn in_place(settings: &Settings, json: bool) -> io::Result<bool> {
    let verdict = backup::verify(&Places::from(settings));
    let mut out = io::stdout().lock();
    if json {
        print_json(&mut out, &verdict)?;
    } else {
        print(&mut out, &verdict)?;
    }
    Ok(verdict.whole)
}

fn print(out: &mut impl Write, verdict: &Verdict) -> io::Result<()> {
    for part in &verdict.parts {
        let state = if part.whole { "完好" } else { "损坏" };
        let mut held = vec![part.holds.clone()];
        if part.bytes > 0 {
            held.push(size(part.bytes));
        }
        held.retain(|it| !it.is_empty());
        writeln!(out, "{}：{state}（{}）", part.name, held.join("，"))?;
        for problem in &part.problems {
            writeln!(out, "    {}", one_line(problem))?;
        }
        if let Some(advice) = &part.advice {
            writeln!(out, "    {}", one_line(advice))?;
        }
    }
    let (bytes, seconds) = (verdict.bytes, verdict.seconds);
    writeln!(out, "{}", speed("共核对", bytes, seconds))
}

fn snapshot(file: &Path, json: bool) -> io::Result<bool> {
    let began = Instant::now();
    let found = backup::check(file);
    let seconds = began.elapsed().as_secs_f64();
    let mut out = io::stdout().lock();
    let whole = found.is_ok();
    match found {
        Ok(found) if json => print_json(
            &mut out,
            &Json {
                whole,
                bytes: found.bytes,
                seconds,
                about: Some(found.about),
                contents: Some(found.contents),
                problem: None,
            },
        )?,
        Err(error) if json => print_json(
            &mut out,
            &Json {
                whole,
                bytes: 0,
                seconds,
                about: None,
                contents: None,
                problem: Some(error.to_string()),
            },
        )?,
        Ok(found) => {
            writeln!(
                out,
                "快照完好：{} 由 {} 写成；{}；文件 {}",
                local(found.about.created),
                one_line(&found.about.program),
                one_line(&held(&found.contents)),
                size(found.bytes)
            )?;
            for id in &found.contents.store_lost {
                writeln!(
                    out,
                    "    报告 {} 在写快照时已损坏，快照里没有它的内容",
                    one_line(id)
                )?;
            }
            writeln!(out, "{}", speed("解压后共核对", found.unpacked, seconds))?;
        }
        Err(error) => super::say(&format!("错误：{error}")),
    }
    Ok(whole)
}

fn speed(what: &str, bytes: u64, seconds: f64) -> String {
    let rate = megabytes(bytes) / seconds.max(1e-3);
    format!(
        "{what} {}，用时 {seconds:.2} 秒（{rate:.1} MB/秒）",
        size(bytes)
    )
}

fn print_json(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(io::Error::from)?;
    writeln!(out)
}
