//! Exported hits as they are sent: for a spreadsheet, for a program, for a reader.
//!
//! A spreadsheet takes a cell that begins with an equals sign for a formula, and what stands in a
//! report is nobody's to run: such a cell gets an apostrophe before it, as OWASP advises (*CSV
//! Injection*). The file begins with a byte order mark, without which Excel takes UTF-8 for the
//! local code page, and is quoted as RFC 4180 says.
//!
//! Invariant: what was written is read back by any reader of CSV (`tests/export.rs`).

mod compare;

use std::io::{self, Write};

pub(in crate::http) use compare::compared;
use serde::Serialize;

use super::HitAnswer;
use crate::report::Metadata;
use crate::search::Hit;

/// What stands between the levels of a path.
const SEPARATOR: &str = " › ";
/// How a cell begins that a spreadsheet could take for a formula, whatever its width.
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
/// The names of the columns.
const COLUMNS: [&str; 16] = [
    "序号",
    "报告",
    "地区",
    "省份",
    "城市",
    "区县",
    "发文机关",
    "文号",
    "日期",
    "标题",
    "主题",
    "正文",
    "链接",
    "得分",
    "来源文件",
    "段落编号",
];

/// A form hits are exported in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Format {
    /// A table for spreadsheets.
    Csv,
    /// One JSON object on each line.
    Jsonl,
    /// Quotations with their sources, by report.
    Markdown,
}

impl Format {
    /// Every form.
    pub(in crate::http) const ALL: [Self; 3] = [Self::Csv, Self::Jsonl, Self::Markdown];

    /// Its name in the API, which is also how a file's name ends.
    pub(in crate::http) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Markdown => "md",
        }
    }

    /// The form of that name.
    pub(in crate::http) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// Its media type.
    pub(in crate::http) fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Jsonl => "application/x-ndjson; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
        }
    }
}

/// Writes hits one after another.
pub(in crate::http) struct Exporter {
    format: Format,
    /// What addresses begin with, such as `https://example.org`.
    base: String,
    /// How many hits are written.
    written: usize,
    /// The report of the last one.
    report: Option<String>,
}

/// A hit as a search answers it, with what citing it takes.
#[derive(Serialize)]
struct ExportedHit {
    /// Its place among all hits, from 1.
    rank: usize,
    #[serde(flatten)]
    hit: HitAnswer,
    /// The whole passage, number and heading included.
    text: String,
    citation: String,
    /// The page it can be read on.
    link: String,
}

impl Exporter {
    /// Writes in a form, with addresses that begin with `base`.
    pub(in crate::http) fn new(format: Format, base: String) -> Self {
        Self {
            format,
            base,
            written: 0,
            report: None,
        }
    }

    /// What stands before the first hit.
    pub(in crate::http) fn head(&self, title: &str, total: usize) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        match self.format {
            Format::Csv => {
                out.extend("\u{feff}".bytes());
                row(&mut out, &COLUMNS.map(str::to_owned))?;
            }
            Format::Jsonl => {}
            Format::Markdown => writeln!(out, "# {}\n\n共 {total} 个段落", plain(title))?,
        }
        Ok(out)
    }

    /// The hits, in the form.
    pub(in crate::http) fn write(&mut self, hits: Vec<Hit>) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        for hit in hits {
            self.written += 1;
            match self.format {
                Format::Csv => row(&mut out, &self.cells(&hit))?,
                Format::Jsonl => self.line(&mut out, hit)?,
                Format::Markdown => self.quotation(&mut out, &hit)?,
            }
        }
        Ok(out)
    }

    fn link(&self, hit: &Hit) -> String {
        format!("{}/passages/{}", self.base, hit.passage.id)
    }

    fn cells(&self, hit: &Hit) -> [String; 16] {
        let (region, metadata) = (&hit.report.region, &hit.report.metadata);
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let themes: Vec<String> = hit
            .passage
            .innermost_themes()
            .map(crate::theme::Assigned::shown_path)
            .collect();
        [
            self.written.to_string(),
            hit.report.title.clone(),
            region_name(hit),
            name(&region.province),
            name(&region.city),
            name(&region.county),
            name(&metadata.issuer),
            name(&metadata.document_number),
            date(metadata),
            hit.passage.heading_path.join(SEPARATOR),
            themes.join("；"),
            hit.passage.text.clone(),
            self.link(hit),
            hit.score.to_string(),
            hit.report.source.clone(),
            hit.passage.id.clone(),
        ]
    }

    fn line(&self, out: &mut Vec<u8>, hit: Hit) -> io::Result<()> {
        let exported = ExportedHit {
            rank: self.written,
            text: hit.passage.text.clone(),
            citation: citation(&hit),
            link: self.link(&hit),
            hit: HitAnswer::new(hit),
        };
        serde_json::to_writer(&mut *out, &exported)?;
        out.push(b'\n');
        Ok(())
    }

    fn quotation(&mut self, out: &mut Vec<u8>, hit: &Hit) -> io::Result<()> {
        if self.report.as_ref() != Some(&hit.report.id) {
            self.report = Some(hit.report.id.clone());
            let (region, source) = (region_name(hit), &hit.report.source);
            writeln!(out, "\n## {}\n", plain(&hit.report.title))?;
            writeln!(out, "{} · 来源：{}", plain(&region), plain(source))?;
        }
        let heading = hit.passage.heading_path.join(SEPARATOR);
        let heading = if heading.is_empty() {
            hit.passage.kind.label()
        } else {
            &heading
        };
        writeln!(out, "\n### {}\n", plain(heading))?;
        let lines = hit.passage.text.lines().map(str::trim);
        for (at, line) in lines.filter(|line| !line.is_empty()).enumerate() {
            let between = if at > 0 { ">\n" } else { "" };
            writeln!(out, "{between}> {}", plain(line))?;
        }
        writeln!(out, "\n—— {}，<{}>", plain(&citation(hit)), self.link(hit))
    }
}

/// How a passage is cited: who issued the report, its title, number and date, the heading, the
/// source.
fn citation(hit: &Hit) -> String {
    let (report, metadata) = (&hit.report, &hit.report.metadata);
    let heading = hit.passage.heading_path.join(SEPARATOR);
    let heading = if heading.is_empty() {
        hit.passage.kind.label()
    } else {
        &heading
    };
    let date = date(metadata);
    [
        metadata.issuer.as_deref().unwrap_or_default(),
        &report.title,
        metadata.document_number.as_deref().unwrap_or_default(),
        &date,
        heading,
        metadata.url.as_deref().unwrap_or(&report.source),
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .collect::<Vec<_>>()
    .join("．")
}

/// The day of a report, or its year; empty where neither is known.
fn date(metadata: &Metadata) -> String {
    match (metadata.date, metadata.year) {
        (Some(date), _) => date.to_string(),
        (None, Some(year)) => year.to_string(),
        (None, None) => String::new(),
    }
}

fn region_name(hit: &Hit) -> String {
    if hit.report.region.is_known() {
        hit.report.region.full_name()
    } else {
        "未知地区".to_owned()
    }
}

/// A row of a table, as RFC 4180 quotes it.
pub(super) fn row(out: &mut Vec<u8>, cells: &[String]) -> io::Result<()> {
    for (at, cell) in cells.iter().enumerate() {
        let between = if at > 0 { "," } else { "" };
        let guard = if is_formula(cell) { "'" } else { "" };
        write!(out, "{between}\"{guard}{}\"", cell.replace('"', "\"\""))?;
    }
    out.write_all(b"\r\n")
}

/// Whether a spreadsheet could take a cell for a formula; some pass over blanks before it.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(FORMULA)
        || cell
            .trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}')
            .starts_with(FORMULA)
}

/// Text that Markdown takes for nothing but text.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        let marks = matches!(
            c,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&' | '|' | '~' | '!'
        );
        // Marks that mean something only where a line begins.
        let begins = at == 0 && matches!(c, '#' | '+' | '-' | '=');
        if marks || begins {
            plain.push('\\');
        }
        match c {
            '\n' | '\r' => plain.push(' '),
            c => plain.push(c),
        }
    }
    // 1. at the beginning would be a list.
    let digits = plain.chars().take_while(char::is_ascii_digit).count();
    if digits > 0
        && plain
            .chars()
            .nth(digits)
            .is_some_and(|c| matches!(c, '.' | ')'))
    {
        plain.insert(digits, '\\');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{is_formula, plain, row};

    #[test]
    fn cells_that_look_like_formulas_are_told() {
        for cell in [
            "=1",
            "+1",
            "-1",
            "@a",
            "\t1",
            "\r1",
            "＝1",
            "＋1",
            "－1",
            "＠a",
            " =1",
            "\u{3000}＝1",
            "\n=1",
        ] {
            assert!(is_formula(cell), "{cell:?}");
        }
        for cell in ["", "1=1", "甲=乙", "——", "（=）", "'=1"] {
            assert!(!is_formula(cell), "{cell:?}");
        }
    }

    #[test]
    fn rows_are_quoted() {
        let mut out = Vec::new();
        let cells = ["a\"b".to_owned(), "=1\n2,3".to_owned(), String::new()];
        row(&mut out, &cells).expect("memory takes it");
        assert_eq!(
            String::from_utf8_lossy(&out),
            "\"a\"\"b\",\"'=1\n2,3\",\"\"\r\n"
        );
    }

    #[test]
    fn markdown_means_nothing() {
        assert_eq!(
            plain("# 甲*乙* <b> [c](d)"),
            "\\# 甲\\*乙\\* \\<b\\> \\[c\\](d)"
        );
        assert_eq!(plain("12. 甲"), "12\\. 甲");
        assert_eq!(plain("12亿"), "12亿");
    }
}
