//! What is said of a report beside its text: by a side file, by the fields of a JSON record, by
//! the head of a web page.
//!
//! Every office names such fields in its own way, so each has several names, English and Chinese,
//! and a value may be a text, a number, a date or a list. Fields of other names say nothing here
//! and are passed over: records carry much that no report needs. What wins where text and fields
//! disagree, and whether an issuer or a date is one, is for whoever reads reports to decide.
//!
//! Invariant: no table is refused, and a blank value is none (`tests/formats.rs`).

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// The key under which `toml` hands a date to other formats.
const TOML_DATE: &str = "$__toml_private_datetime";

/// Names of tables within a record that hold more fields.
const NESTED: [&str; 4] = ["metadata", "meta", "元数据", "属性"];

/// What is said of a report beside its text; nothing of it is checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Given {
    /// The title.
    pub title: Option<String>,
    /// The region it is of, by name or division code.
    pub region: Option<String>,
    /// Who issued it.
    pub issuer: Option<String>,
    /// The document number, such as 成办发〔2016〕48号.
    pub document_number: Option<String>,
    /// The date it was issued or published, as it was written.
    pub date: Option<String>,
    /// The year it is of.
    pub year: Option<u16>,
    /// Where it was published.
    pub url: Option<String>,
}

impl Given {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the fields of a table say. Of several names for one field the first of its list counts.
    #[must_use]
    pub fn from_table(table: &Map<String, Value>) -> Self {
        let region = field(table, &["region", "area", "地区", "区域", "行政区划"]);
        Self {
            title: field(table, &["title", "headline", "标题", "题名", "文件标题"]),
            region: region.or_else(|| divisions(table)),
            issuer: field(
                table,
                &[
                    "issuer",
                    "issuing_authority",
                    "agency",
                    "department",
                    "publisher",
                    "发文机关",
                    "发布机关",
                    "发布机构",
                    "发文单位",
                    "发布单位",
                    "制定机关",
                    "印发机关",
                ],
            ),
            document_number: field(
                table,
                &[
                    "document_number",
                    "doc_number",
                    "number",
                    "doc_no",
                    "docno",
                    "文号",
                    "发文字号",
                    "发文号",
                    "文件编号",
                    "文件号",
                ],
            ),
            date: field(
                table,
                &[
                    "date",
                    "issued",
                    "published",
                    "publish_date",
                    "pub_date",
                    "pubdate",
                    "published_at",
                    "日期",
                    "成文日期",
                    "发文日期",
                    "印发日期",
                    "发布日期",
                    "发布时间",
                    "公布日期",
                ],
            )
            .map(|date| without_time(&date).to_owned()),
            year: field(table, &["year", "年份", "年度", "年"])
                .and_then(|year| leading_year(&year)),
            url: field(
                table,
                &[
                    "url",
                    "link",
                    "source_url",
                    "href",
                    "网址",
                    "链接",
                    "原文链接",
                    "来源网址",
                    "来源链接",
                ],
            ),
        }
    }

    /// These fields, and those of `other` where nothing is said here.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            title: self.title.or(other.title),
            region: self.region.or(other.region),
            issuer: self.issuer.or(other.issuer),
            document_number: self.document_number.or(other.document_number),
            date: self.date.or(other.date),
            year: self.year.or(other.year),
            url: self.url.or(other.url),
        }
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(|table| Self::from_table(&table))
    }
}

/// The first of `names` that `table`, or a table of fields within it, says something under.
/// Letter case, and whether words are joined by `_`, `-` or a blank, make no difference.
pub(super) fn field(table: &Map<String, Value>, names: &[&str]) -> Option<String> {
    let exact = names.iter().find_map(|name| said(table.get(*name)?));
    exact
        .or_else(|| {
            names.iter().find_map(|name| {
                let like = |key: &str| {
                    key.len() == name.len()
                        && key.chars().zip(name.chars()).all(|(a, b)| {
                            a.eq_ignore_ascii_case(&b) || (b == '_' && matches!(a, '-' | ' '))
                        })
                };
                let mut alike = table.iter().filter(|(key, _)| like(key));
                alike.find_map(|(_, value)| said(value))
            })
        })
        .or_else(|| {
            NESTED
                .iter()
                .filter_map(|name| table.get(*name)?.as_object())
                .find_map(|inner| names.iter().find_map(|name| said(inner.get(*name)?)))
        })
}

/// The text of a value: itself, a number, a date, the lines of a list; nothing where it is blank.
fn said(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Array(parts) => {
            let parts: Vec<String> = parts.iter().filter_map(said).collect();
            parts.join("\n")
        }
        Value::Object(date) => date.get(TOML_DATE)?.as_str()?.to_owned(),
        Value::Null | Value::Bool(_) => return None,
    };
    (!text.trim().is_empty()).then_some(text)
}

/// The region that province, city and county name, each in a field of its own.
fn divisions(table: &Map<String, Value>) -> Option<String> {
    let names: Vec<String> = [
        ["province", "省份", "省"],
        ["city", "城市", "市"],
        ["county", "区县", "县"],
    ]
    .iter()
    .filter_map(|names| field(table, names))
    .collect();
    (!names.is_empty()).then(|| names.concat())
}

/// A date without the time of day that systems add: `2016-11-03 18:24:57`, `2016-11-03T10:24Z`.
fn without_time(date: &str) -> &str {
    let date = date.trim();
    match date.split_once([' ', 'T', '\u{3000}', '\u{A0}']) {
        Some((day, time))
            if day.starts_with(|c: char| c.is_ascii_digit()) && time.contains([':', '：']) =>
        {
            day
        }
        _ => date,
    }
}

/// The four digits a year's value begins with: `2016`, `2016年`, `2016.0`.
fn leading_year(text: &str) -> Option<u16> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let year = text.get(..4).filter(|_| digits == 4)?.parse().ok()?;
    (1900..=2199).contains(&year).then_some(year)
}
