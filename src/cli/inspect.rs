//! `cesou inspect`: how files split, for whoever wonders why a passage is what it is.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use cesou::config::Settings;
use cesou::corpus::{self, Corpus, Format, Skipped, SourceFile, SourceText};
use cesou::index::{self, PassageRecord};
use cesou::passage;
use cesou::report::{Boilerplate, Kind, Metadata, Report, Span, Warning};
use cesou::theme::Taxonomies;
use serde::Serialize;

use super::index as index_command;
use super::{Outcome, one_line, say};

/// A file as `--json` shows it. All ranges are bytes of the file's cleaned text in UTF-8.
#[derive(Serialize)]
struct Inspected {
    source: String,
    format: Format,
    encoding: &'static str,
    bytes: usize,
    reports: Vec<InspectedReport>,
    warnings: Vec<Warning>,
}

impl Inspected {
    /// Adds a record of the same file.
    fn add(&mut self, piece: Self) {
        self.bytes += piece.bytes;
        self.reports.extend(piece.reports);
        self.warnings.extend(piece.warnings);
    }
}

#[derive(Serialize)]
struct InspectedReport {
    #[serde(flatten)]
    report: Report,
    passages: Vec<PassageRecord>,
}

pub(super) fn run(settings: &Settings, files: &[PathBuf], json: bool) -> anyhow::Result<Outcome> {
    let mut limits = index_command::limits(settings);
    // Files anywhere can be inspected, with or without a corpus that has themes and rules.
    let taxonomies = match Corpus::open(&settings.corpus.path, limits.file_bytes) {
        Ok(corpus) => {
            limits.rules = corpus.rules()?;
            corpus.with_themes(&settings.corpus.themes).taxonomies()?
        }
        Err(_) => Taxonomies::default(),
    };
    let mut inspected = Vec::new();
    let mut outcome = Outcome::Done;
    for path in files {
        let file = SourceFile {
            name: name(&settings.corpus.path, path),
            path: path.clone(),
        };
        let mut refuse = |skipped: Skipped| {
            outcome = Outcome::Failed;
            say(&format!("错误：{}：{}", path.display(), skipped.reason));
        };
        let mut whole: Option<Inspected> = None;
        match corpus::read_file(&file, &limits) {
            Err(skipped) => refuse(skipped),
            Ok(pieces) => {
                for piece in pieces {
                    match piece {
                        Err(skipped) => refuse(skipped),
                        Ok(text) => {
                            let piece = inspect(text, &taxonomies, settings.passage.max_chars);
                            match &mut whole {
                                None => whole = Some(piece),
                                Some(whole) => whole.add(piece),
                            }
                        }
                    }
                }
            }
        }
        inspected.extend(whole);
    }
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &inspected).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        for file in &inspected {
            print(&mut out, file)?;
        }
    }
    Ok(outcome)
}

/// The name a file has in the corpus, so that ids are those of the index.
fn name(corpus: &Path, path: &Path) -> String {
    let reports = corpus.join("reports");
    let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = reports.canonicalize().unwrap_or(reports);
    let Ok(within) = full.strip_prefix(&folder) else {
        return path.to_string_lossy().into_owned();
    };
    within
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

fn inspect(text: SourceText, taxonomies: &Taxonomies, max_chars: usize) -> Inspected {
    let mut warnings = text.warnings;
    let reports = text
        .reports
        .into_iter()
        .map(|report| {
            let (passages, odd) = passage::split(&report, max_chars);
            warnings.extend(odd);
            let passages = passages
                .iter()
                .map(|passage| index::record(&report, passage, taxonomies.of(&report.source)))
                .collect();
            InspectedReport {
                report: in_file(report),
                passages,
            }
        })
        .collect();
    Inspected {
        source: text.source,
        format: text.format,
        encoding: text.encoding,
        bytes: text.text.len(),
        reports,
        warnings,
    }
}

/// A report whose spans count from the start of its file, as its passages' ranges do.
fn in_file(mut report: Report) -> Report {
    let origin = report.range.start;
    report.title_range = report.title_range.map(|span| span.shifted(origin));
    for Boilerplate { range, .. } in &mut report.boilerplate {
        *range = range.shifted(origin);
    }
    report
}

fn print(out: &mut impl Write, file: &Inspected) -> io::Result<()> {
    let passages: usize = file
        .reports
        .iter()
        .map(|inspected| inspected.passages.len())
        .sum();
    writeln!(
        out,
        "{}（{}，{} 字节）：{} 篇报告，{passages} 个段落",
        one_line(&file.source),
        form(file),
        file.bytes,
        file.reports.len()
    )?;
    for InspectedReport { report, passages } in &file.reports {
        let region = &report.region;
        let place = match &region.code {
            Some(code) => format!(
                "{} {code}（据{}）",
                region.full_name(),
                report.region_reason.label()
            ),
            None => "地区未知".to_owned(),
        };
        writeln!(out)?;
        writeln!(
            out,
            "{}\n  {place}，第 {} 行起，{}，id {}",
            report.title,
            report.line,
            bytes(report.range),
            report.id
        )?;
        print_metadata(out, &report.metadata)?;
        for passage in passages {
            print_passage(out, passage)?;
        }
        for boilerplate in &report.boilerplate {
            writeln!(
                out,
                "  略去套话 {}（{}）",
                bytes(boilerplate.range),
                boilerplate.rule
            )?;
        }
    }
    for warning in &file.warnings {
        writeln!(out, "注意 第 {} 行：{}", warning.line, warning.message)?;
    }
    Ok(())
}

/// Format and encoding, each where it tells something: `GB18030`, `PDF`, `HTML，GB18030`.
fn form(file: &Inspected) -> String {
    let format = file.format.label();
    if file.format == Format::Text || format == file.encoding {
        return file.encoding.to_owned();
    }
    format!("{format}，{}", file.encoding)
}

/// What is known of a report, on one line.
fn print_metadata(out: &mut impl Write, metadata: &Metadata) -> io::Result<()> {
    let stated: Vec<String> = [
        ("发文机关", metadata.issuer.clone()),
        ("发文字号", metadata.document_number.clone()),
        ("日期", metadata.date.map(|date| date.to_string())),
        ("年份", metadata.year.map(|year| year.to_string())),
        ("来源", metadata.url.clone()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some(format!("{name} {}", value?)))
    .collect();
    if stated.is_empty() {
        return Ok(());
    }
    writeln!(out, "  {}", stated.join("，"))
}

fn print_passage(out: &mut impl Write, passage: &PassageRecord) -> io::Result<()> {
    let path = passage.dotted_path();
    let number = match passage.kind {
        Kind::Overview => passage.kind.label().to_owned(),
        Kind::Measure => path,
        Kind::Attachment => format!("{} {path}", passage.kind.label()),
    };
    let part = if passage.parts > 1 {
        format!("（{}/{}）", passage.part, passage.parts)
    } else {
        String::new()
    };
    let heading = match (passage.way(), passage.heading.as_deref()) {
        (Some(way), _) => format!(" {way}"),
        (None, Some(heading)) => format!(" {heading}"),
        (None, None) => String::new(),
    };
    writeln!(
        out,
        "  {number}{part}{heading}  [{}，{} 字，{} 自然段]",
        bytes(passage.range),
        passage.text.chars().count(),
        passage.paragraphs.len()
    )?;
    for theme in &passage.themes {
        let terms: Vec<String> = theme
            .evidence
            .iter()
            .map(|evidence| format!("{} {:.2}", evidence.term, evidence.score))
            .collect();
        writeln!(
            out,
            "      主题 {}（{}）{:.2}：{}",
            theme.label,
            theme.id,
            theme.score,
            terms.join("，")
        )?;
    }
    Ok(())
}

fn bytes(span: Span) -> String {
    format!("字节 {}–{}", span.start, span.end)
}
