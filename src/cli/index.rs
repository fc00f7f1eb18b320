//! `cesou index`: builds the index and says what was read and what was not.

use std::io::{self, Write};
use std::path::Path;

use cesou::config::{self, Settings};
use cesou::corpus::Corpus;
use cesou::index::{self, BuildReport, Opened, Options};

use super::progress::Bar;
use super::{Outcome, one_line, say};

/// Warnings shown one by one; the rest is only counted.
const WARNINGS_SHOWN: usize = 20;

pub(super) fn run(
    settings: &Settings,
    rebuild: bool,
    strict: bool,
    json: bool,
) -> anyhow::Result<Outcome> {
    let opened = open(settings, rebuild)?;
    let report = &opened.snapshot.manifest().build;
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        if !opened.built {
            writeln!(
                out,
                "索引未过期，无需重建（--rebuild 可强制重建）。上次建立时："
            )?;
        }
        print(&mut out, report, &settings.index.path)?;
    }
    Ok(if strict && !report.skipped.is_empty() {
        Outcome::Skipped
    } else {
        Outcome::Done
    })
}

/// Opens the index that the settings name, building it where it has to be.
pub(super) fn open(settings: &Settings, rebuild: bool) -> anyhow::Result<Opened> {
    let (corpus, options) = corpus(settings)?;
    let bar = Bar::new();
    let progress = |progress| bar.show(progress);
    let path = &settings.index.path;
    Ok(if rebuild {
        Opened {
            snapshot: index::rebuild(&corpus, path, &options, &progress)?,
            built: true,
        }
    } else {
        index::open_or_build(&corpus, path, &options, &progress)?
    })
}

/// Opens the index that the settings name, building it where it has to be. Of a vocabulary file
/// that is malformed the last good state is used, and what is wrong is said.
pub(super) fn open_in_force(settings: &Settings) -> anyhow::Result<Opened> {
    let (corpus, options) = corpus(settings)?;
    let bar = Bar::new();
    let progress = |progress| bar.show(progress);
    let (opened, refused) =
        index::open_in_force(&corpus, &settings.index.path, &options, &progress)?;
    drop(bar);
    for error in refused {
        say(&format!("注意 {error}；沿用上一次的索引和词表"));
    }
    Ok(opened)
}

/// The corpus that the settings name, and what its index is built with.
pub(super) fn corpus(settings: &Settings) -> anyhow::Result<(Corpus, Options)> {
    let corpus = Corpus::open(
        &settings.corpus.path,
        settings.corpus.max_file_mb.saturating_mul(1 << 20),
    )?;
    let options = Options {
        max_chars: settings.passage.max_chars,
        memory_bytes: settings.index.memory_mb.saturating_mul(1 << 20),
        threads: config::or_cores(settings.index.threads),
    };
    Ok((corpus, options))
}

/// Says on standard error what an operator should know before searching what was built.
pub(super) fn warn(report: &BuildReport, corpus: &Path) {
    for skipped in &report.skipped {
        say(&format!("跳过 {}：{}", skipped.source, skipped.reason));
    }
    for warning in report.warnings.iter().take(WARNINGS_SHOWN) {
        say(&format!(
            "注意 {} 第 {} 行：{}",
            warning.source, warning.line, warning.message
        ));
    }
    let all: u64 = report.warning_counts.values().sum();
    let shown = report.warnings.len().min(WARNINGS_SHOWN) as u64;
    if all > shown {
        say(&format!(
            "另有 {} 条注意事项，见 cesou index --json",
            all - shown
        ));
    }
    if report.passages == 0 {
        say(&format!(
            "语料中没有报告：请把报告（.txt）放入 {}",
            corpus.join("reports").display()
        ));
    }
}

fn print(out: &mut impl Write, report: &BuildReport, path: &Path) -> io::Result<()> {
    writeln!(
        out,
        "读取 {} 个文件（{} 字节），得到 {} 篇报告、{} 个段落，用时 {:.2} 秒；索引在 {}",
        report.files,
        report.bytes,
        report.reports,
        report.passages,
        report.seconds,
        path.display()
    )?;
    if report.unknown_regions > 0 {
        writeln!(out, "地区未知的报告：{} 篇", report.unknown_regions)?;
    }
    for (rule, count) in &report.boilerplate {
        writeln!(out, "略去套话：{count} 行（{rule}）")?;
    }
    for skipped in &report.skipped {
        let line = format!("跳过 {}：{}", skipped.source, skipped.reason);
        writeln!(out, "{}", one_line(&line))?;
    }
    for warning in &report.warnings {
        let line = format!(
            "注意 {} 第 {} 行：{}",
            warning.source, warning.line, warning.message
        );
        writeln!(out, "{}", one_line(&line))?;
    }
    if report.passages == 0 {
        writeln!(
            out,
            "语料中没有报告：请把报告（.txt）放入语料目录的 reports/ 文件夹"
        )?;
    }
    Ok(())
}
