//! Files of records: JSON objects, each a report's text with what is known of it.
//!
//! A line is an object of its own, so a file of any size is read a line at a time, and a line that
//! is none, or too long, is named and left out while the others stand. A report's place in its
//! file is its line, and its range is in the record's own text.
//!
//! Invariant: a report's id depends on its file, its own `id` or title and how often the file has
//! had that before, so adding records at the end changes no permalink (`tests/formats.rs`).

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::vec;

use serde_json::{Map, Value};

use super::boilerplate::Rules;
use super::format::{Format, Packing};
use super::given::{Given, field};
use super::source::{self, Line, Reader};
use super::{Refusal, Skipped, SourceText, decode, record_with, reports_with};
use crate::report::{Report, Warning, WarningKind};

/// Names of the field that holds the text.
const TEXT: [&str; 10] = [
    "text",
    "content",
    "body",
    "contents",
    "article",
    "正文",
    "内容",
    "全文",
    "文本",
    "正文内容",
];
/// Names of the field that tells records apart.
const ID: [&str; 7] = ["id", "_id", "doc_id", "docid", "uuid", "编号", "文档编号"];
/// Names under which a JSON file may hold its list of records.
const LISTS: [&str; 8] = [
    "reports",
    "records",
    "documents",
    "data",
    "items",
    "results",
    "rows",
    "list",
];
/// Characters of the text that stand for a title where there is none.
const EXCERPT: usize = 30;

/// What makes reports of a file's records.
#[derive(Debug)]
pub(super) struct Maker {
    source: String,
    format: Format,
    /// What is given of all its records, where they do not say it themselves.
    given: Given,
    /// What is wrong with what is given, until it is told.
    odd: Vec<Warning>,
    rules: Rules,
    /// How often each key of an id was met.
    seen: HashMap<u64, u32>,
    /// Records that were kept.
    kept: u64,
}

impl Maker {
    pub(super) fn new(
        source: &str,
        format: Format,
        (given, odd): (Given, Vec<Warning>),
        rules: Rules,
    ) -> Self {
        Self {
            source: source.to_owned(),
            format,
            given: Given {
                title: None,
                document_number: None,
                ..given
            },
            odd,
            rules,
            seen: HashMap::new(),
            kept: 0,
        }
    }

    /// The report of a record, which stands at `place`, a line or a number from 1.
    fn report(&mut self, table: &Map<String, Value>, place: usize) -> SourceText {
        let text = field(table, &TEXT).unwrap_or_default();
        let decoded = match decode::clean(&text, "UTF-8") {
            Ok(decoded) => decoded,
            Err(Refusal::Empty) => {
                return self.refusal(place, "没有正文；正文应在 text、content 或 正文 字段中");
            }
            Err(refusal) => return self.refusal(place, &refusal.to_string()),
        };
        let given = Given::from_table(table).or(self.given.clone());
        let id = field(table, &ID);
        let (mut reports, mut warnings) = self.cut(&decoded.text, &given);
        for report in &mut reports {
            report.id = self.id(id.as_deref(), report);
            report.line = place;
        }
        for warning in &mut warnings {
            warning.line = place;
        }
        warnings.append(&mut self.odd);
        // What other systems wrote into a field is theirs; only damage is worth a remark.
        for note in decoded.notes {
            if matches!(note, decode::Note::Malformed { .. }) {
                warnings.push(self.warning(place, WarningKind::Cleaned, note.to_string()));
            }
        }
        self.kept += 1;
        SourceText {
            source: self.source.clone(),
            format: self.format,
            encoding: "UTF-8",
            text: match reports.as_slice() {
                [report] => report.text.clone(),
                _ => decoded.text,
            },
            reports,
            warnings,
        }
    }

    /// The reports in a record's text: one where a title is given, as many as it holds otherwise.
    fn cut(&self, text: &str, given: &Given) -> (Vec<Report>, Vec<Warning>) {
        if let Some(title) = &given.title {
            let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
            // Some systems keep the title in the text as well.
            let text = text.trim_start();
            let rest = text.strip_prefix(title.as_str());
            let text = rest.filter(|rest| rest.starts_with('\n')).unwrap_or(text);
            let (report, warnings) =
                record_with(&self.source, &title, text.trim_start(), given, &self.rules);
            return (vec![report], warnings);
        }
        let (mut reports, mut warnings) = reports_with(&self.source, text, given, &self.rules);
        warnings.retain(|warning| warning.kind != WarningKind::NoTitle);
        for report in &mut reports {
            if report.title_range.is_none() {
                report.title = excerpt(&report.text);
            }
        }
        (reports, warnings)
    }

    /// The id of a report: the division's code, then a digest.
    fn id(&mut self, id: Option<&str>, report: &Report) -> String {
        let mut digest = blake3::Hasher::new();
        digest.update(self.source.as_bytes());
        digest.update(&[0]);
        digest.update(id.unwrap_or(&report.title).as_bytes());
        let bytes = *digest.finalize().as_bytes();
        let key = bytes
            .first_chunk::<8>()
            .map_or(0, |bytes| u64::from_le_bytes(*bytes));
        let times = self.seen.entry(key).or_insert(0);
        *times += 1;
        digest.update(&times.to_le_bytes());
        let digest: String = digest.finalize().to_hex().chars().take(12).collect();
        let code = report.region.code.as_deref().unwrap_or("000000");
        format!("{code}-{digest}")
    }

    fn warning(&self, place: usize, kind: WarningKind, message: String) -> Warning {
        Warning {
            source: self.source.clone(),
            line: place,
            kind,
            message,
        }
    }

    /// A record that is left out, and why.
    fn refusal(&self, place: usize, why: &str) -> SourceText {
        SourceText {
            source: self.source.clone(),
            format: self.format,
            encoding: "UTF-8",
            text: String::new(),
            reports: Vec::new(),
            warnings: vec![self.warning(
                place,
                WarningKind::Record,
                format!("这条记录未收录：{why}"),
            )],
        }
    }

    fn skip(&self, reason: String) -> Skipped {
        Skipped {
            source: self.source.clone(),
            reason,
        }
    }
}

/// A report as a JSON object says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// What tells it from others.
    pub id: Option<String>,
    /// Its text; empty where there is none.
    pub text: String,
    /// What else is said of it.
    pub given: Given,
    /// The name of the file it came from.
    pub name: Option<String>,
}

impl Record {
    /// What the fields of an object say, under the names that are read in files of records too.
    #[must_use]
    pub fn of(table: &Map<String, Value>) -> Self {
        Self {
            id: field(table, &ID),
            text: field(table, &TEXT).unwrap_or_default(),
            given: Given::from_table(table),
            name: field(table, &["name", "filename", "file_name", "文件名"]),
        }
    }
}

/// How a text without a title begins.
pub(super) fn excerpt(text: &str) -> String {
    let line = text.trim_start().lines().next().unwrap_or_default().trim();
    let mut title: String = line.chars().take(EXCERPT).collect();
    if title.len() < line.len() {
        title.push('…');
    }
    title
}

/// The records of a file that has one a line.
pub(super) struct Lines {
    maker: Maker,
    reader: Reader,
    packing: Packing,
    /// The longest line that is read, in bytes.
    most: usize,
    line: Vec<u8>,
    number: usize,
    ended: bool,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines")
            .field("maker", &self.maker)
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl Lines {
    /// Opens a file of records, lines of which may have `most` bytes.
    pub(super) fn open(
        maker: Maker,
        path: &Path,
        packing: Packing,
        most: usize,
    ) -> Result<Self, String> {
        let reader =
            source::open(path, packing).map_err(|error| source::unreadable(&error, packing))?;
        Ok(Self {
            maker,
            reader,
            packing,
            most,
            line: Vec::new(),
            number: 0,
            ended: false,
        })
    }

    pub(super) fn next(&mut self) -> Option<Result<SourceText, Skipped>> {
        while !self.ended {
            let read = source::next_line(&mut self.reader, &mut self.line, self.most);
            self.number += 1;
            match read {
                Ok(Line::None) => return self.end(None),
                Err(error) => return self.end(Some(&error)),
                Ok(Line::TooLong(bytes)) => {
                    let why = format!(
                        "这一行有 {} MB，超过上限 {} MB；请拆分，或调大 corpus.max_line_mb",
                        bytes >> 20,
                        self.most >> 20
                    );
                    return Some(Ok(self.maker.refusal(self.number, &why)));
                }
                Ok(Line::Kept) => {
                    let line = self
                        .line
                        .strip_prefix(b"\xEF\xBB\xBF")
                        .unwrap_or(&self.line);
                    if line.iter().all(u8::is_ascii_whitespace) {
                        continue;
                    }
                    return Some(Ok(match object(line) {
                        Ok(table) => self.maker.report(&table, self.number),
                        Err(why) => self.maker.refusal(self.number, &why),
                    }));
                }
            }
        }
        None
    }

    /// The file ends, or `error` ends it.
    fn end(&mut self, error: Option<&io::Error>) -> Option<Result<SourceText, Skipped>> {
        self.ended = true;
        let kept = self.maker.kept;
        let reason = match error {
            Some(error) => format!(
                "读到第 {} 行中断，此前的 {kept} 篇已收录：{}",
                self.number,
                source::unreadable(error, self.packing)
            ),
            None if kept == 0 => {
                "没有一行是可读的报告；每行应是一个 JSON 对象，正文在 text 字段中".to_owned()
            }
            None => return None,
        };
        Some(Err(self.maker.skip(reason)))
    }
}

/// The object that a line is.
fn object(line: &[u8]) -> Result<Map<String, Value>, String> {
    let decoded;
    let line = if let Ok(line) = std::str::from_utf8(line) {
        line
    } else {
        decoded = decode(line).map_err(|refusal| refusal.to_string())?;
        decoded.text.as_str()
    };
    serde_json::from_str(line).map_err(|error| {
        if error.is_data() {
            "不是 JSON 对象".to_owned()
        } else {
            format!("不是完整的 JSON 对象（第 {} 列附近）", error.column())
        }
    })
}

/// The records of a JSON file, which is read whole.
#[derive(Debug)]
pub(super) struct Array {
    maker: Maker,
    records: vec::IntoIter<Value>,
    number: usize,
    ended: bool,
}

impl Array {
    /// Reads a list of records, an object that holds one, records one after another, or one.
    pub(super) fn read(maker: Maker, bytes: &[u8]) -> Result<Self, String> {
        let text = decode(bytes).map_err(|refusal| refusal.to_string())?.text;
        let mut records = Vec::new();
        for value in serde_json::Deserializer::from_str(&text).into_iter::<Value>() {
            match value.map_err(|error| {
                format!(
                    "第 {} 行第 {} 列不是正确的 JSON；请更正，或改为每行一篇的 .jsonl",
                    error.line(),
                    error.column()
                )
            })? {
                Value::Array(list) => records.extend(list),
                Value::Object(mut table) => {
                    let list = LISTS.iter().find(|name| {
                        table.get(**name).is_some_and(Value::is_array)
                            && field(&table, &TEXT).is_none()
                    });
                    match list.and_then(|name| table.remove(*name)) {
                        Some(Value::Array(list)) => records.extend(list),
                        _ => records.push(Value::Object(table)),
                    }
                }
                other => records.push(other),
            }
        }
        Ok(Self {
            maker,
            records: records.into_iter(),
            number: 0,
            ended: false,
        })
    }

    pub(super) fn next(&mut self) -> Option<Result<SourceText, Skipped>> {
        let Some(value) = self.records.next() else {
            let none = !self.ended && self.maker.kept == 0;
            self.ended = true;
            return none.then(|| {
                let reason = "没有一项是可读的报告；每项应是一个 JSON 对象，正文在 text 字段中";
                Err(self.maker.skip(reason.to_owned()))
            });
        };
        self.number += 1;
        Some(Ok(match value {
            Value::Object(table) => self.maker.report(&table, self.number),
            _ => self.maker.refusal(self.number, "不是 JSON 对象"),
        }))
    }
}
