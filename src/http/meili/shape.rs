//! How documents are shown: which fields, marked, cut to length, with what beside them.
//!
//! Tags and markers are opaque strings of the client's, put around what matched; nothing is escaped,
//! since clients escape the whole and then put their own markup for the tags.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::error::{Error, repeated};
use super::field::{self, Field};
use super::given::{Given, Kind, Param};
use crate::index::{PassageRecord, ReportRecord, Snapshot};
use crate::report::Span;
use crate::search::Highlighter;

/// The words a cropped field has where the request names no number.
const CROP_WORDS: usize = 10;
/// The most words of a cropped field.
const MAX_CROP_WORDS: usize = 10_000;
/// Characters that count as a word: most Chinese words have two.
const WORD_CHARS: usize = 2;
/// The most characters of a tag or marker.
const MAX_TAG_CHARS: usize = 200;

/// What is said of the form of documents.
pub(super) const PARAMS: [Param; 10] = [
    (
        "attributesToRetrieve",
        Kind::Words,
        "invalid_search_attributes_to_retrieve",
    ),
    (
        "attributesToHighlight",
        Kind::Words,
        "invalid_search_attributes_to_highlight",
    ),
    (
        "attributesToCrop",
        Kind::Words,
        "invalid_search_attributes_to_crop",
    ),
    ("cropLength", Kind::Whole, "invalid_search_crop_length"),
    ("cropMarker", Kind::Text, "invalid_search_crop_marker"),
    (
        "highlightPreTag",
        Kind::Text,
        "invalid_search_highlight_pre_tag",
    ),
    (
        "highlightPostTag",
        Kind::Text,
        "invalid_search_highlight_post_tag",
    ),
    (
        "showMatchesPosition",
        Kind::Flag,
        "invalid_search_show_matches_position",
    ),
    (
        "showRankingScore",
        Kind::Flag,
        "invalid_search_show_ranking_score",
    ),
    (
        "showRankingScoreDetails",
        Kind::Flag,
        "invalid_search_show_ranking_score_details",
    ),
];

/// Which fields.
#[derive(Debug, Clone)]
pub(super) enum Fields {
    All,
    These(Vec<Field>),
}

/// How documents are shown.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    shown: Fields,
    marked: Fields,
    /// How many words of each are shown.
    cropped: BTreeMap<Field, usize>,
    marker: String,
    tags: [String; 2],
    positions: bool,
    pub(super) scores: bool,
}

impl Fields {
    /// From names, `*` for all; a name of no field is passed over, as documents may lack any.
    pub(super) fn of(names: &[&str]) -> Self {
        if names.contains(&"*") {
            return Self::All;
        }
        let starts = |field: &Field, name: &str| match name.strip_suffix('*') {
            Some(start) => field.as_str().starts_with(start),
            None => field.as_str() == name,
        };
        let all = Field::ALL.into_iter();
        Self::These(
            all.filter(|field| names.iter().any(|name| starts(field, name)))
                .collect(),
        )
    }

    fn has(&self, field: Field) -> bool {
        match self {
            Self::All => true,
            Self::These(fields) => fields.contains(&field),
        }
    }

    /// `document` without the others.
    pub(super) fn only(&self, mut document: Map<String, Value>) -> Map<String, Value> {
        document.retain(|name, _| Field::named(name).is_some_and(|field| self.has(field)));
        document
    }
}

impl Shape {
    pub(super) fn new(given: &Given) -> Result<Self, Error> {
        let length = |words: usize| words.min(MAX_CROP_WORDS);
        let usual = length(given.whole("cropLength").unwrap_or(CROP_WORDS));
        let mut cropped = BTreeMap::new();
        for name in given.words("attributesToCrop").unwrap_or_default() {
            let (name, words) = match name.rsplit_once(':') {
                None => (name, usual),
                Some((name, words)) => {
                    let words = words.parse().map_err(|_| {
                        let message = format!(
                            "attributesToCrop 的“{}”无效；应为字段名，或 字段名:词数，如 body:30",
                            repeated(words)
                        );
                        Error::bad("invalid_search_attributes_to_crop", message)
                    })?;
                    (name, length(words))
                }
            };
            let all = Field::ALL.into_iter();
            let fields = all.filter(|field| name == "*" || field.as_str() == name);
            cropped.extend(fields.map(|field| (field, words)));
        }
        let tag = |name: &str, code, usual: &str| match given.text(name) {
            Some(text) if text.chars().count() > MAX_TAG_CHARS => Err(Error::bad(
                code,
                format!("{name} 过长，至多 {MAX_TAG_CHARS} 个字"),
            )),
            text => Ok(text.unwrap_or(usual).to_owned()),
        };
        let fields = |name: &str, usual| match given.words(name) {
            Some(names) => Fields::of(&names),
            None => usual,
        };
        Ok(Self {
            shown: fields("attributesToRetrieve", Fields::All),
            marked: fields("attributesToHighlight", Fields::These(Vec::new())),
            cropped,
            marker: tag("cropMarker", "invalid_search_crop_marker", "…")?,
            tags: [
                tag(
                    "highlightPreTag",
                    "invalid_search_highlight_pre_tag",
                    "<em>",
                )?,
                tag(
                    "highlightPostTag",
                    "invalid_search_highlight_post_tag",
                    "</em>",
                )?,
            ],
            positions: given.flag("showMatchesPosition"),
            scores: given.flag("showRankingScore"),
        })
    }

    /// A passage as it is asked for; the score is from 0 to 1.
    pub(super) fn document(
        &self,
        snapshot: &Snapshot,
        passage: &PassageRecord,
        report: &ReportRecord,
        highlighter: &Highlighter,
        score: f64,
    ) -> Map<String, Value> {
        let whole = field::document(snapshot, passage, report);
        let formats = match &self.marked {
            Fields::These(none) => !none.is_empty() || !self.cropped.is_empty(),
            Fields::All => true,
        };
        let formatted = formats.then(|| self.formatted(&whole, highlighter));
        let positions = self.positions.then(|| positions(&whole, highlighter));
        let mut document = self.shown.only(whole);
        let beside = [
            ("_formatted", formatted.map(Value::from)),
            ("_matchesPosition", positions.map(Value::from)),
            ("_rankingScore", self.scores.then(|| json!(score))),
        ];
        for (name, value) in beside {
            document.extend(value.map(|value| (name.to_owned(), value)));
        }
        document
    }

    fn formatted(
        &self,
        document: &Map<String, Value>,
        highlighter: &Highlighter,
    ) -> Map<String, Value> {
        let mut formatted = Map::new();
        for (name, value) in document {
            let Some(field) = Field::named(name) else {
                continue;
            };
            let is_marked = self.marked.has(field);
            let cropped = self.cropped.get(&field).copied();
            if !is_marked && cropped.is_none() && !self.shown.has(field) {
                continue;
            }
            let value = format(value, &|text| {
                self.text(text, highlighter, is_marked, cropped)
            });
            formatted.insert(name.clone(), value);
        }
        formatted
    }

    fn text(
        &self,
        text: &str,
        highlighter: &Highlighter,
        is_marked: bool,
        cropped: Option<usize>,
    ) -> String {
        let shown = match cropped {
            Some(words) if words > 0 => highlighter.crop(text, words * WORD_CHARS),
            _ => Span::new(0, text.len()),
        };
        let mut out = String::new();
        if shown.start > 0 {
            out.push_str(&self.marker);
        }
        let mut at = shown.start;
        if is_marked {
            for span in highlighter.spans(text) {
                let (start, end) = (span.start.max(at), span.end.min(shown.end));
                if start >= end {
                    continue;
                }
                out.push_str(Span::new(at, start).of(text));
                out.push_str(&self.tags[0]);
                out.push_str(Span::new(start, end).of(text));
                out.push_str(&self.tags[1]);
                at = end;
            }
        }
        out.push_str(Span::new(at, shown.end).of(text));
        if shown.end < text.len() {
            out.push_str(&self.marker);
        }
        out
    }
}

/// A value with all its texts as `text` has them; numbers are texts as well.
fn format(value: &Value, text: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(own) => Value::String(text(own)),
        Value::Number(number) => Value::String(text(&number.to_string())),
        Value::Array(values) => values.iter().map(|value| format(value, text)).collect(),
        other => other.clone(),
    }
}

/// Where matches stand in each field, in bytes; of a list, in which of its values.
fn positions(document: &Map<String, Value>, highlighter: &Highlighter) -> Map<String, Value> {
    let of = |text: &str, index: Option<usize>| {
        let spans = highlighter.spans(text).into_iter();
        spans.map(move |span| {
            let mut at = json!({"start": span.start, "length": span.end - span.start});
            if let (Some(index), Some(at)) = (index, at.as_object_mut()) {
                at.insert("indices".to_owned(), json!([index]));
            }
            at
        })
    };
    let mut positions = Map::new();
    for (name, value) in document {
        let found: Vec<Value> = match value {
            Value::String(text) => of(text, None).collect(),
            Value::Array(values) => values
                .iter()
                .enumerate()
                .filter_map(|(index, value)| Some((index, value.as_str()?)))
                .flat_map(|(index, text)| of(text, Some(index)))
                .collect(),
            _ => Vec::new(),
        };
        if !found.is_empty() {
            positions.insert(name.clone(), Value::Array(found));
        }
    }
    positions
}
