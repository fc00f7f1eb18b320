//! How a passage is stored: its text first, so that it can be looked through without the rest, then
//! all else, with nothing said twice.
//!
//! Passages are read one at a time, for a hit or to see whether a string stands in one, so each is
//! stored by itself; what a packer would find between them is left out here beforehand. Texts are
//! [coded](super::symbols).
//!
//! Invariant: what is read is what was stored, to the last digit (the tests below).

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tantivy::schema::document::{
    DeserializeError, DocumentDeserialize, DocumentDeserializer, ValueDeserialize,
    ValueDeserializer,
};
use tantivy::store::StoreReader;
use tantivy::{DocId, SegmentReader};

use super::Error;
use super::record::PassageRecord;
use super::symbols::{self, Finder};
use crate::quantity::{self, Qualifier, Quantity};
use crate::report::{Kind, Span};
use crate::theme::{Assigned, Evidence};

/// The greatest power of ten that a figure is stored as a multiple of.
const MOST_ZEROS: i8 = 12;
/// The most digits of a figure after the point that are stored as such.
const MOST_DIGITS: i8 = 6;

/// A string, coded.
struct Coded(String);

impl Serialize for Coded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut coded = Vec::new();
        symbols::encode(&self.0, &mut coded);
        serializer.serialize_bytes(&coded)
    }
}

impl<'de> Deserialize<'de> for Coded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let coded = <&[u8]>::deserialize(deserializer)?;
        let text = symbols::decode(coded);
        text.map(Self)
            .ok_or_else(|| D::Error::custom("a text that was not coded so"))
    }
}

impl From<&String> for Coded {
    fn from(text: &String) -> Self {
        Self(text.clone())
    }
}

/// What is stored before a passage's themes and figures.
#[derive(Serialize, Deserialize)]
struct Head {
    report: Coded,
    /// How much of the id is the report's, in bytes, and what follows that.
    id: (usize, Coded),
    kind: Kind,
    heading_path: Vec<Coded>,
    heading: Option<End>,
}

#[derive(Serialize, Deserialize)]
struct Rest {
    parents: Vec<End>,
    path: Vec<u32>,
    part: u32,
    parts: u32,
    /// For each, how far it begins behind the one before, and how long it is.
    paragraphs: Vec<(usize, usize)>,
    range: (usize, usize),
    themes: Vec<Theme>,
    years: Vec<u16>,
    quantities: Vec<Figure>,
}

/// A heading, which mostly is the end of an entry of the path to it.
#[derive(Serialize, Deserialize)]
enum End {
    /// From this byte on.
    From(usize),
    /// Not at all.
    Another(Coded),
}

impl End {
    fn of(heading: &String, path: Option<&String>) -> Self {
        let before = path.and_then(|path| path.strip_suffix(heading.as_str()));
        match before {
            Some(before) => Self::From(before.len()),
            None => Self::Another(heading.into()),
        }
    }

    fn read(self, path: Option<&Coded>) -> Option<String> {
        match self {
            Self::From(at) => Some(path?.0.get(at..)?.to_owned()),
            Self::Another(Coded(heading)) => Some(heading),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Theme {
    id: Coded,
    label: Coded,
    parents: Vec<Coded>,
    score: f32,
    evidence: Vec<(Coded, u32, u32, f32)>,
}

#[derive(Serialize, Deserialize)]
struct Figure {
    /// How far it begins behind the one before, and how long it is.
    place: (usize, usize),
    class: quantity::Class,
    low: Number,
    /// Where it is another.
    high: Option<Number>,
    unit: Coded,
    qualifier: Option<Qualifier>,
    kind: quantity::Kind,
    label: Coded,
}

/// A number, in as few digits as it has.
#[derive(Serialize, Deserialize)]
enum Number {
    /// A multiple of a power of ten.
    Decimal(i64, i8),
    /// Any other.
    Binary(f64),
}

impl From<f64> for Number {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what does not fit is not used"
    )]
    fn from(number: f64) -> Self {
        for power in (-MOST_DIGITS..=MOST_ZEROS).rev() {
            let decimal = Self::Decimal((number / 10_f64.powi(power.into())).round() as i64, power);
            if decimal.value().to_bits() == number.to_bits() {
                return decimal;
            }
        }
        Self::Binary(number)
    }
}

impl Number {
    #[expect(
        clippy::cast_precision_loss,
        reason = "where it is less exact, it is not used"
    )]
    fn value(&self) -> f64 {
        match *self {
            Self::Decimal(digits, power) if power < 0 => {
                digits as f64 / 10_f64.powi((-power).into())
            }
            Self::Decimal(digits, power) => digits as f64 * 10_f64.powi(power.into()),
            Self::Binary(number) => number,
        }
    }
}

/// Spans in order, each as how far it begins behind the one before, and how long it is.
fn to_gaps<'a>(spans: impl Iterator<Item = &'a Span>) -> Vec<(usize, usize)> {
    let mut last = 0_usize;
    let gap = |span: &Span| {
        let gap = span.start.wrapping_sub(last);
        last = span.start;
        (gap, span.end.wrapping_sub(span.start))
    };
    spans.map(gap).collect()
}

/// The same, back.
fn from_gaps(gaps: impl Iterator<Item = (usize, usize)>) -> impl Iterator<Item = Span> {
    let mut last = 0_usize;
    gaps.map(move |(gap, length)| {
        last = last.wrapping_add(gap);
        Span {
            start: last,
            end: last.wrapping_add(length),
        }
    })
}

/// A passage as the index stores it.
///
/// # Errors
///
/// Fails when it cannot be written, which no passage is known to cause.
pub(super) fn write(record: &PassageRecord) -> Result<Vec<u8>, Error> {
    let mut text = Vec::with_capacity(record.text.len() / 2);
    symbols::encode(&record.text, &mut text);
    let path = &record.heading_path;
    let shared = match record.id.starts_with(&record.report) {
        true => record.report.len(),
        false => 0,
    };
    let head = Head {
        report: (&record.report).into(),
        id: (
            shared,
            Coded(record.id.get(shared..).unwrap_or_default().to_owned()),
        ),
        kind: record.kind,
        heading_path: path.iter().map(Coded::from).collect(),
        heading: record.heading.as_ref().map(|own| End::of(own, path.last())),
    };
    let rest = Rest {
        parents: record
            .parents
            .iter()
            .enumerate()
            .map(|(at, parent)| End::of(parent, path.get(at)))
            .collect(),
        path: record.path.clone(),
        part: record.part,
        parts: record.parts,
        paragraphs: to_gaps(record.paragraphs.iter()),
        range: (record.range.start, record.range.end),
        themes: record.themes.iter().map(Theme::from).collect(),
        years: record.years.clone(),
        quantities: record
            .quantities
            .iter()
            .zip(to_gaps(record.quantities.iter().map(|own| &own.range)))
            .map(|(quantity, place)| Figure {
                place,
                class: quantity.class,
                low: quantity.low.into(),
                high: (quantity.high.to_bits() != quantity.low.to_bits())
                    .then(|| quantity.high.into()),
                unit: (&quantity.unit).into(),
                qualifier: quantity.qualifier,
                kind: quantity.kind,
                label: (&quantity.label).into(),
            })
            .collect(),
    };
    let failed = |error: postcard::Error| unreadable(&record.id, &error.to_string());
    let stored = postcard::to_extend(&text.len(), Vec::new()).map_err(failed)?;
    let stored = [stored, text].concat();
    let stored = postcard::to_extend(&head, stored).map_err(failed)?;
    postcard::to_extend(&rest, stored).map_err(failed)
}

impl From<&Assigned> for Theme {
    fn from(theme: &Assigned) -> Self {
        let evidence = theme.evidence.iter();
        Self {
            id: (&theme.id).into(),
            label: (&theme.label).into(),
            parents: theme.parents.iter().map(Coded::from).collect(),
            score: theme.score,
            evidence: evidence
                .map(|own| ((&own.term).into(), own.in_heading, own.in_body, own.score))
                .collect(),
        }
    }
}

impl From<Theme> for Assigned {
    fn from(theme: Theme) -> Self {
        let evidence = theme.evidence.into_iter();
        Self {
            id: theme.id.0,
            label: theme.label.0,
            parents: theme.parents.into_iter().map(|Coded(own)| own).collect(),
            score: theme.score,
            evidence: evidence
                .map(|(Coded(term), in_heading, in_body, score)| Evidence {
                    term,
                    in_heading,
                    in_body,
                    score,
                })
                .collect(),
        }
    }
}

fn unreadable(id: &str, why: &str) -> Error {
    Error::Record {
        id: id.to_owned(),
        source: serde_json::Error::custom(why),
    }
}

/// The coded text of a stored passage, and what is behind it.
fn split(stored: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = postcard::take_from_bytes::<usize>(stored).ok()?;
    rest.split_at_checked(length)
}

/// How a passage begins.
pub(super) struct Beginning<'a> {
    pub(super) id: String,
    pub(super) report: String,
    pub(super) kind: Kind,
    pub(super) heading: Option<String>,
    coded: &'a [u8],
}

impl Beginning<'_> {
    /// The whole text.
    pub(super) fn text(&self) -> Option<String> {
        symbols::decode(self.coded)
    }
}

/// The beginning of the passage that was stored so; `id` is what to call it where it cannot be read.
pub(super) fn beginning<'a>(stored: &'a [u8], id: &str) -> Result<Beginning<'a>, Error> {
    let read = || {
        let (coded, rest) = split(stored)?;
        let (head, _) = postcard::take_from_bytes::<Head>(rest).ok()?;
        let (report, id) = head.names()?;
        let heading = match head.heading {
            Some(heading) => Some(heading.read(head.heading_path.last())?),
            None => None,
        };
        Some(Beginning {
            id,
            report,
            kind: head.kind,
            heading,
            coded,
        })
    };
    read().ok_or_else(|| unreadable(id, "a passage that was not stored so"))
}

impl Head {
    /// The ids of the report and of the passage.
    fn names(&self) -> Option<(String, String)> {
        let (shared, own) = &self.id;
        let id = self.report.0.get(..*shared)?.to_owned() + &own.0;
        Some((self.report.0.clone(), id))
    }
}

/// The passage that was stored so; `id` is what to call it where it cannot be read.
///
/// # Errors
///
/// Fails when it was not.
pub(super) fn read(stored: &[u8], id: &str) -> Result<PassageRecord, Error> {
    let read = || {
        let (coded, rest) = split(stored)?;
        let (head, rest) = postcard::take_from_bytes::<Head>(rest).ok()?;
        let rest = postcard::from_bytes::<Rest>(rest).ok()?;
        let text = symbols::decode(coded)?;
        let (report, id) = head.names()?;
        let path = head.heading_path;
        let heading = match head.heading {
            Some(heading) => Some(heading.read(path.last())?),
            None => None,
        };
        let parents = rest.parents.into_iter().enumerate();
        let parents = parents.map(|(at, parent)| parent.read(path.get(at)));
        let parents = parents.collect::<Option<_>>()?;
        let places: Vec<_> = rest.quantities.iter().map(|own| own.place).collect();
        let quantities = rest
            .quantities
            .into_iter()
            .zip(from_gaps(places.into_iter()));
        Some(PassageRecord {
            id,
            report,
            kind: head.kind,
            path: rest.path,
            part: rest.part,
            parts: rest.parts,
            text,
            heading,
            parents,
            heading_path: path.into_iter().map(|Coded(own)| own).collect(),
            paragraphs: from_gaps(rest.paragraphs.into_iter()).collect(),
            range: Span {
                start: rest.range.0,
                end: rest.range.1,
            },
            themes: rest.themes.into_iter().map(Assigned::from).collect(),
            years: rest.years,
            quantities: quantities
                .map(|(figure, range)| Quantity {
                    range,
                    class: figure.class,
                    low: figure.low.value(),
                    high: figure.high.as_ref().unwrap_or(&figure.low).value(),
                    unit: figure.unit.0,
                    qualifier: figure.qualifier,
                    kind: figure.kind,
                    label: figure.label.0,
                })
                .collect(),
        })
    };
    read().ok_or_else(|| unreadable(id, "a passage that was not stored so"))
}

/// What the engine stores of a passage.
struct Bytes(Vec<u8>);

impl ValueDeserialize for Bytes {
    fn deserialize<'de, D: ValueDeserializer<'de>>(from: D) -> Result<Self, DeserializeError> {
        from.deserialize_bytes().map(Self)
    }
}

impl DocumentDeserialize for Bytes {
    fn deserialize<'de, D: DocumentDeserializer<'de>>(
        mut from: D,
    ) -> Result<Self, DeserializeError> {
        // It is the only field that is stored.
        let field = from.next_field::<Self>()?;
        Ok(field.map_or(Self(Vec::new()), |(_, bytes)| bytes))
    }
}

/// The stored texts of one segment.
pub struct Texts(StoreReader);

impl Texts {
    /// Those of the segment that `reader` reads.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn of(reader: &SegmentReader) -> tantivy::Result<Self> {
        // Blocks are not packed: there is nothing to be kept of them.
        Ok(Self(reader.get_store_reader(0)?))
    }

    /// How often what `finder` looks for stands in the text of a passage.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn count(&self, doc: DocId, finder: &mut Finder) -> tantivy::Result<u32> {
        let Bytes(stored) = self.0.get(doc)?;
        let (coded, _) = split(&stored).unwrap_or_default();
        Ok(finder.count(coded))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn string() -> impl Strategy<Value = String> {
        prop_oneof![r"[一二、教育局的a0-9 \n]{0,12}", r"\PC{0,6}"]
    }

    fn span() -> impl Strategy<Value = Span> {
        (0_usize..5000, 0_usize..5000).prop_map(|(start, end)| Span { start, end })
    }

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            (0_u32..100_000).prop_map(f64::from),
            (0_u32..100_000, 0..14_i32).prop_map(|(n, power)| f64::from(n) * 10_f64.powi(power)),
            (0_u32..100_000, 0..8_i32).prop_map(|(n, power)| f64::from(n) / 10_f64.powi(power)),
            any::<f64>().prop_filter("a number", |number| !number.is_nan()),
        ]
    }

    fn list<T: std::fmt::Debug>(of: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
        prop::collection::vec(of, 0..4)
    }

    fn record() -> impl Strategy<Value = PassageRecord> {
        let named = (string(), string(), any::<bool>()).prop_map(|(report, own, begins)| {
            let id = if begins {
                format!("{report}-{own}")
            } else {
                own
            };
            (id, report)
        });
        let headed = (list(string()), list(string()), string(), 0_u8..3).prop_map(
            |(path, mut parents, own, kind)| {
                let heading = match (kind, path.last()) {
                    (0, _) => None,
                    (1, Some(last)) => Some(last.chars().skip(2).collect()),
                    _ => Some(own),
                };
                for (parent, path) in parents.iter_mut().zip(&path) {
                    *parent = path.chars().skip(1).collect();
                }
                (path, parents, heading)
            },
        );
        let evidence = (string(), any::<u32>(), any::<u32>(), -1e6_f32..1e6).prop_map(
            |(term, in_heading, in_body, score)| Evidence {
                term,
                in_heading,
                in_body,
                score,
            },
        );
        let theme = (
            string(),
            string(),
            list(string()),
            -1e6_f32..1e6,
            list(evidence),
        )
            .prop_map(|(id, label, parents, score, evidence)| Assigned {
                id,
                label,
                parents,
                score,
                evidence,
            });
        let quantity = (
            span(),
            number(),
            prop::option::of(number()),
            string(),
            string(),
        )
            .prop_map(|(range, low, high, unit, label)| Quantity {
                range,
                class: quantity::Class::Money,
                low,
                high: high.unwrap_or(low),
                unit,
                qualifier: Some(Qualifier::About),
                kind: quantity::Kind::Rise,
                label,
            });
        let rest = (list(any::<u32>()), list(span()), span(), list(any::<u16>()));
        (named, headed, string(), rest, list(theme), list(quantity)).prop_map(
            |((id, report), (heading_path, parents, heading), text, rest, themes, quantities)| {
                let (path, paragraphs, range, years) = rest;
                PassageRecord {
                    id,
                    report,
                    kind: Kind::Measure,
                    path,
                    part: 1,
                    parts: 2,
                    text,
                    heading,
                    parents,
                    heading_path,
                    paragraphs,
                    range,
                    themes,
                    years,
                    quantities,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_stored(record in record()) {
            let stored = write(&record)?;
            prop_assert_eq!(&read(&stored, "it")?, &record);
            let beginning = beginning(&stored, "it")?;
            let text = beginning.text();
            prop_assert_eq!(text.as_ref(), Some(&record.text));
            prop_assert_eq!(beginning.heading, record.heading);
            prop_assert_eq!((beginning.id, beginning.report), (record.id, record.report));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = read(&bytes, "it");
            let _ = beginning(&bytes, "it").map(|own| own.text());
        }

        #[test]
        fn a_damaged_passage_is_read_or_refused(record in record(), at in any::<u16>(), to in any::<u8>()) {
            let mut stored = write(&record)?;
            let at = usize::from(at) % stored.len();
            stored[at] = to;
            let _ = read(&stored, "it");
        }
    }

    #[test]
    fn figures_are_short() {
        for (number, length) in [(0.0, 3), (1_200_000_000.0, 3), (7.85, 4), (123_456.0, 5)] {
            let stored = postcard::to_stdvec(&Number::from(number)).unwrap();
            assert_eq!(stored.len(), length, "{number}");
        }
    }
}
