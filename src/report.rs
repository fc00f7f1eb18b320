//! The words everything else is said in: spans of text, reports, passages and remarks on them.
//!
//! These types carry no behaviour beyond small accessors, so that every stage, and every answer
//! over HTTP, speaks of the same things. Offsets are bytes of UTF-8 and always stand at character
//! boundaries of the text they belong to.

use serde::{Deserialize, Serialize};

use crate::date::Date;
use crate::region::Region;

/// A half-open range of bytes in a text, at character boundaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The span from `start` to `end`; `end` is not before `start`.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end, "a span ends before it begins");
        Self { start, end }
    }

    /// Whether nothing lies in it.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The same bytes counted from `by` bytes further to the left.
    #[must_use]
    pub fn shifted(self, by: usize) -> Self {
        Self::new(self.start + by, self.end + by)
    }

    /// The same bytes counted from `origin`, which is not after the start.
    #[must_use]
    pub fn relative_to(self, origin: usize) -> Self {
        Self::new(self.start - origin, self.end - origin)
    }

    /// The text it covers, or nothing where it does not fit `text`.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// One region's text, title line first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Stable across rebuilds of the same corpus; `[A-Za-z0-9_-]` only.
    pub id: String,
    /// The title line, or the file's name where the text has none.
    pub title: String,
    /// What the title says after the region's name, where it is of the form `region:tagline`.
    pub tagline: Option<String>,
    /// Where the report is from.
    pub region: Region,
    /// What says so.
    pub region_reason: RegionReason,
    /// What is known of it besides.
    pub metadata: Metadata,
    /// The file it stands in, relative to `corpus/reports/`, with `/` between folders.
    pub source: String,
    /// Its place in the cleaned text of that file.
    pub range: Span,
    /// The line of that file it begins on, from 1.
    pub line: usize,
    /// Its text, which is what `range` covers.
    pub text: String,
    /// Where in `text` the title line stands; nothing where the title is the file's name.
    pub title_range: Option<Span>,
    /// Parts of `text` that belong to no passage, since every site adds them.
    pub boilerplate: Vec<Boilerplate>,
}

/// What is known of a report besides its title and region, as far as its text, a side file or a
/// record's fields say so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Metadata {
    /// Who issued it; several offices are joined by 、.
    pub issuer: Option<String>,
    /// Its number, in the form 成办发〔2016〕48号.
    pub document_number: Option<String>,
    /// The day it was issued, or else published.
    pub date: Option<Date>,
    /// The year it is of.
    pub year: Option<u16>,
    /// Where it was published.
    pub url: Option<String>,
}

impl Metadata {
    /// Each of the offices that issued it, for counting: of 教育厅等六部门 the one that is named.
    #[must_use]
    pub fn issuers(&self) -> Vec<&str> {
        const OTHERS: [&str; 5] = ["部门", "单位", "部委", "厅局", "机关"];
        let mut issuers = Vec::new();
        let all = self.issuer.as_deref().unwrap_or_default();
        for part in all.split(['、', ',', '，', ';', '；', '\n']) {
            let others = OTHERS.iter().any(|others| part.ends_with(others));
            let part = match part.rfind('等') {
                Some(at) if others => part.get(..at).unwrap_or(part),
                _ => part,
            };
            let part = part.trim();
            if !part.is_empty() && !issuers.contains(&part) {
                issuers.push(part);
            }
        }
        issuers
    }
}

/// What a report's region was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegionReason {
    /// Its title, or the office the title begins with.
    Title,
    /// The office that issued or signed it.
    Issuer,
    /// The mark its document number begins with.
    DocumentNumber,
    /// The name of its file.
    FileName,
    /// It was given, in a side file or a record's fields.
    Given,
    /// Nothing; its region is not known.
    None,
}

impl RegionReason {
    /// Its name for readers.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Title => "标题",
            Self::Issuer => "发文机关",
            Self::DocumentNumber => "发文字号",
            Self::FileName => "文件名",
            Self::Given => "给定",
            Self::None => "未知",
        }
    }

    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Issuer => "issuer",
            Self::DocumentNumber => "document-number",
            Self::FileName => "file-name",
            Self::Given => "given",
            Self::None => "none",
        }
    }
}

/// A line that web pages add to any text, such as a reprint notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Boilerplate {
    /// Where it stands.
    pub range: Span,
    /// The rule that recognised it.
    pub rule: String,
}

/// What part of a report a passage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// What stands before the first measure.
    Overview,
    /// A unit of the report: numbered, or under a heading of its own.
    Measure,
    /// A unit of what is attached to a report that has measures of its own: tables, glossaries.
    Attachment,
}

impl Kind {
    /// Every kind, in the order a report has them.
    pub const ALL: [Self; 3] = [Self::Overview, Self::Measure, Self::Attachment];

    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Measure => "measure",
            Self::Attachment => "attachment",
        }
    }

    /// Its name for readers.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Overview => "概述",
            Self::Measure => "举措",
            Self::Attachment => "附件",
        }
    }
}

/// The unit that is indexed, ranked and shown. All spans are in the report's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// Everything it covers: title line or parent headings that stand right before it, its own
    /// number and heading, its paragraphs.
    pub range: Span,
    /// Overview, measure or attachment.
    pub kind: Kind,
    /// The numbers that lead to it, outermost first: `[2]` for 二、, `[2, 3]` for its （三）. What
    /// bears no number counts by its place: the second section, the first attachment. Empty for an
    /// overview.
    pub path: Vec<u32>,
    /// Its heading sentence without number and full stop.
    pub heading: Option<Span>,
    /// The headings above its own, outermost first.
    pub parents: Vec<Span>,
    /// Numbers and headings as they stand, from the outermost to its own: 二、主要任务 and
    /// （二）改进教学. Empty for an overview.
    pub heading_path: Vec<Span>,
    /// Its paragraphs, headings and title left out, blank ends trimmed.
    pub paragraphs: Vec<Span>,
    /// Which part of its unit it is, from 1; units past the set length have several.
    pub part: u32,
    /// How many parts the unit has.
    pub parts: u32,
    /// The line of the report's text that its number or first paragraph stands on, from 0.
    pub line: usize,
    /// Which passage with this path and part it is, from 1, where a report repeats a number.
    pub repeat: u32,
}

impl Passage {
    /// The path as it is written: `2`, `2.3`; empty for an overview.
    #[must_use]
    pub fn dotted_path(&self) -> String {
        join(&self.path, ".")
    }

    /// The end of its id, after the report's: `0` for an overview, `2`, `2_3`, `a1_2` in an
    /// attachment, with `p2` for a second part and `r2` for a repeated number.
    #[must_use]
    pub fn id_suffix(&self) -> String {
        let path = if self.path.is_empty() {
            "0".to_owned()
        } else {
            join(&self.path, "_")
        };
        let marked = |mark: char, number: u32| match number {
            1 => String::new(),
            number => format!("{mark}{number}"),
        };
        let path = match self.kind {
            Kind::Attachment => format!("a{path}"),
            Kind::Overview | Kind::Measure => path,
        };
        path + &marked('p', self.part) + &marked('r', self.repeat)
    }
}

fn join(path: &[u32], separator: &str) -> String {
    path.iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(separator)
}

/// Something in a file that was kept but may not be what its author meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The file, relative to `corpus/reports/`.
    pub source: String,
    /// The line in it, from 1.
    pub line: usize,
    /// What was seen, by name.
    pub kind: WarningKind,
    /// The same for readers, in Chinese.
    pub message: String,
}

/// The kinds of [`Warning`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WarningKind {
    /// The title names no division that is known.
    UnknownRegion,
    /// The title's region is the name of several.
    AmbiguousRegion,
    /// A measure's number does not follow the one before it.
    MeasureNumber,
    /// Characters were dropped or repaired while reading.
    Cleaned,
    /// The text has no title line; the file's name stands in.
    NoTitle,
    /// Some of the file, such as scanned pages, could not be read.
    Incomplete,
    /// A record of the file was left out.
    Record,
    /// What was sent as one report has the titles of several.
    SeveralReports,
    /// What is given beside the text cannot be used.
    SideFile,
}

impl WarningKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::UnknownRegion,
        Self::AmbiguousRegion,
        Self::MeasureNumber,
        Self::Cleaned,
        Self::NoTitle,
        Self::Incomplete,
        Self::Record,
        Self::SideFile,
        Self::SeveralReports,
    ];

    /// Its name, as builds count it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownRegion => "unknown-region",
            Self::AmbiguousRegion => "ambiguous-region",
            Self::MeasureNumber => "measure-number",
            Self::Cleaned => "cleaned",
            Self::NoTitle => "no-title",
            Self::Incomplete => "incomplete",
            Self::Record => "record",
            Self::SideFile => "side-file",
            Self::SeveralReports => "several-reports",
        }
    }
}
