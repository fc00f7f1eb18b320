//! `cesou index`: builds the index and says what was read and what was not.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use cesou::config::{self, Settings};
use cesou::corpus::{Corpus, ExtractLimits, Extractor, Limits, Rules};
use cesou::index::{self, BuildReport, Opened, Options, Texts};
use cesou::store::{self, Store};
use serde::Serialize;

use super::progress::Bar;
use super::{Outcome, one_line, say};

/// Warnings shown one by one; the rest is only counted.
const WARNINGS_SHOWN: usize = 20;

/// The report for programs.
#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    report: &'a BuildReport,
    /// Millions of bytes that were read, in a second.
    megabytes_per_second: f64,
}

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
        let report = Json {
            report,
            megabytes_per_second: megabytes_per_second(report),
        };
        serde_json::to_writer_pretty(&mut out, &report).map_err(io::Error::from)?;
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
    let sent = sent(settings)?;
    let texts = Texts {
        corpus: &corpus,
        sent: Some(&sent),
    };
    let bar = Bar::new();
    let progress = |progress| bar.show(progress);
    let path = &settings.index.path;
    Ok(if rebuild {
        index::rebuild(texts, path, &options, &progress)?
    } else {
        index::open_or_build(texts, path, &options, &progress)?
    })
}

/// The reports that were sent, for reading; what is damaged is said.
fn sent(settings: &Settings) -> anyhow::Result<Store> {
    let options = store::Options::from(&settings.store);
    let (store, damages) = Store::open_to_read(&settings.store.path, &options)?;
    for damage in damages.iter().filter(|damage| damage.is_loss()) {
        say(&format!("警告：存储 {damage}"));
    }
    Ok(store)
}

/// Opens the index that the settings name for looking at it, building it where it has to be. Of a
/// vocabulary file that is malformed the last good state is used, and what is wrong is said. While
/// a service uses the index it is taken as it is: that service keeps it up to date.
pub(super) fn open_in_force(settings: &Settings) -> anyhow::Result<Opened> {
    let (corpus, options) = corpus(settings)?;
    let sent = sent(settings)?;
    let texts = Texts {
        corpus: &corpus,
        sent: Some(&sent),
    };
    let bar = Bar::new();
    let progress = |progress| bar.show(progress);
    let path = &settings.index.path;
    let (opened, refused) = match index::open_in_force(texts, path, &options, &progress) {
        Err(index::Error::Locked { path: locked }) => {
            let opened = index::open_unchanged(&corpus, path);
            let opened = opened.ok_or(index::Error::Locked { path: locked })?;
            (opened, Vec::new())
        }
        other => other?,
    };
    drop(bar);
    complain(refused);
    Ok(opened)
}

/// The same with the passages in force that the site owner pinned, as the service answers. Where the
/// file of pins is malformed there are none, and what is wrong is said.
pub(super) fn open_as_served(settings: &Settings) -> anyhow::Result<Opened> {
    let mut opened = open_in_force(settings)?;
    let (corpus, _) = corpus(settings)?;
    match corpus.pins() {
        Ok(pins) => opened.snapshot = opened.snapshot.with_pins(Arc::new(pins)),
        Err(error) => say(&format!("注意 {error}；没有置顶的段落")),
    }
    Ok(opened)
}

/// Says what is wrong with vocabulary files whose last good state is used.
pub(super) fn complain(refused: Vec<cesou::corpus::Error>) {
    for error in refused {
        say(&format!("注意 {error}；沿用上一次的索引和词表"));
    }
}

/// The corpus that the settings name, and what its index is built with.
pub(super) fn corpus(settings: &Settings) -> anyhow::Result<(Corpus, Options)> {
    let limits = limits(settings);
    let corpus = Corpus::open(&settings.corpus.path, limits.file_bytes)?
        .with_limits(limits)
        .with_themes(&settings.corpus.themes);
    let options = Options {
        max_chars: settings.passage.max_chars,
        memory_bytes: settings.index.memory_mb.saturating_mul(1 << 20),
        threads: config::or_cores(settings.index.threads),
    };
    Ok((corpus, options))
}

/// What reading a file may cost, as the settings say.
pub(super) fn limits(settings: &Settings) -> Limits {
    let corpus = &settings.corpus;
    let extract = ExtractLimits {
        memory_bytes: corpus.extract_memory_mb.saturating_mul(1 << 20),
        seconds: corpus.extract_seconds,
        output_bytes: corpus.extract_output_mb.saturating_mul(1 << 20),
    };
    Limits {
        file_bytes: corpus.max_file_mb.saturating_mul(1 << 20),
        line_bytes: corpus.max_line_mb.saturating_mul(1 << 20),
        // A program that cannot find itself reads text only, and says so of other files.
        extractor: std::env::current_exe()
            .map(|program| Extractor::new(program, extract))
            .unwrap_or_default(),
        rules: Rules::default(),
    }
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
        "读取 {} 个文件{}（{}{}），得到 {} 篇报告、{} 个段落，用时 {:.2} 秒（{:.1} MB/秒）；索引在 {}",
        report.files,
        if report.sent > 0 {
            format!("、{} 份提交的报告", report.sent)
        } else {
            String::new()
        },
        size(report.bytes),
        if report.bytes_read < report.bytes {
            format!("，其中新读 {}", size(report.bytes_read))
        } else {
            String::new()
        },
        report.reports,
        report.passages,
        report.seconds,
        megabytes_per_second(report),
        path.display()
    )?;
    if report.unknown_regions > 0 {
        writeln!(out, "地区未知的报告：{} 篇", report.unknown_regions)?;
    }
    if !report.boilerplate.is_empty() {
        let lines: u64 = report.boilerplate.values().sum();
        let rules = counted(&report.boilerplate);
        writeln!(out, "略去套话：{lines} 行（{rules}）")?;
    }
    if !report.skipped.is_empty() {
        writeln!(out, "跳过的文件：{} 个", report.skipped.len())?;
    }
    for skipped in &report.skipped {
        let line = format!("  {}：{}", skipped.source, skipped.reason);
        writeln!(out, "{}", one_line(&line))?;
    }
    let all: u64 = report.warning_counts.values().sum();
    if all > 0 {
        let kinds = counted(&report.warning_counts);
        writeln!(out, "注意事项：{all} 条（{kinds}）")?;
    }
    for warning in report.warnings.iter().take(WARNINGS_SHOWN) {
        let line = format!(
            "  {} 第 {} 行：{}",
            warning.source, warning.line, warning.message
        );
        writeln!(out, "{}", one_line(&line))?;
    }
    let shown = report.warnings.len().min(WARNINGS_SHOWN) as u64;
    if all > shown {
        writeln!(out, "  另有 {} 条，见 cesou index --json", all - shown)?;
    }
    if report.passages == 0 {
        writeln!(
            out,
            "语料中没有报告：请把报告放入语料目录的 reports/ 文件夹"
        )?;
    }
    Ok(())
}

/// Names with their counts, the most frequent first.
pub(super) fn counted(counts: &BTreeMap<String, u64>) -> String {
    let mut counts: Vec<(&String, &u64)> = counts.iter().collect();
    counts.sort_by_key(|&(_, count)| Reverse(count));
    let each: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    each.join("、")
}

#[expect(
    clippy::cast_precision_loss,
    reason = "rounded to a tenth of a megabyte"
)]
pub(super) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Bytes, for people.
pub(super) fn size(bytes: u64) -> String {
    if bytes < 1_000_000 {
        format!("{bytes} 字节")
    } else {
        format!("{:.1} MB", megabytes(bytes))
    }
}

fn megabytes_per_second(report: &BuildReport) -> f64 {
    megabytes(report.bytes_read) / report.seconds.max(1e-3)
}
