//! Counts the passages of each value of a field.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader, Term};

use super::columns;
use super::kept::Kept;
use crate::index::{Fields, Snapshot, UNKNOWN_REGION};
use crate::query::run::{Docs, Found, in_parts};
use crate::report::Kind;

/// The most characters a value to filter by may have.
pub const MAX_VALUE_CHARS: usize = 200;

/// A field that hits can be counted and narrowed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Facet {
    /// Province, or `unknown`.
    Province,
    /// Prefecture-level city.
    City,
    /// County.
    County,
    /// Theme, by id.
    Theme,
    /// `overview` or `measure`.
    Kind,
    /// Report, by id.
    Report,
    /// Year the report is of, or, where it is of none that is known, years mentioned.
    Year,
    /// Office that issued the report.
    Issuer,
}

/// One value of a facet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// What to filter by.
    pub value: String,
    /// What to show.
    pub label: String,
    /// The divisions it lies in or the labels of the themes it is part of, outermost first; empty
    /// for what is at the first level.
    pub parents: Vec<String>,
    /// The value of the theme it is part of.
    pub parent: Option<String>,
    /// How many passages have it.
    pub count: u64,
    /// Whether it is filtered by.
    pub selected: bool,
}

/// Counts by what the index holds in its columns.
pub(super) type Counts = HashMap<String, u64>;

impl Facet {
    /// Every facet.
    pub const ALL: [Self; 8] = [
        Self::Province,
        Self::City,
        Self::County,
        Self::Theme,
        Self::Kind,
        Self::Report,
        Self::Year,
        Self::Issuer,
    ];

    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::City => "city",
            Self::County => "county",
            Self::Theme => "theme",
            Self::Kind => "kind",
            Self::Report => "report",
            Self::Year => "year",
            Self::Issuer => "issuer",
        }
    }

    /// Its name for readers.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Province => "省份",
            Self::City => "城市",
            Self::County => "区县",
            Self::Theme => "主题",
            Self::Kind => "类型",
            Self::Report => "报告",
            Self::Year => "年份",
            Self::Issuer => "发文机关",
        }
    }

    /// The facet of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|facet| facet.as_str() == name)
    }

    /// Whether `value` can be filtered by; a value that merely no passage has can.
    ///
    /// # Errors
    ///
    /// Says, in Chinese, what is allowed.
    pub fn check(self, value: &str) -> Result<(), String> {
        let length = value.chars().count();
        if !(1..=MAX_VALUE_CHARS).contains(&length) {
            return Err(format!("1 至 {MAX_VALUE_CHARS} 个字"));
        }
        match self {
            Self::Kind if !Kind::ALL.iter().any(|kind| kind.as_str() == value) => {
                Err(Kind::ALL.map(Kind::as_str).join(" 或 "))
            }
            Self::Year if length != 4 || !value.bytes().all(|byte| byte.is_ascii_digit()) => {
                Err("四位数字的年份".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Whether its values are numbers.
    pub(super) fn is_number(self) -> bool {
        self == Self::Year
    }

    /// The column of the index its values are counted in.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Province => "province_path",
            Self::City => "city_path",
            Self::County => "county_path",
            Self::Theme => "theme",
            Self::Kind => "kind",
            Self::Report => "report",
            Self::Year => "year",
            Self::Issuer => "issuer",
        }
    }

    /// The term that passages with `value` have; nothing where no passage can have it.
    pub(super) fn term(self, fields: &Fields, value: &str) -> Option<Term> {
        let field = match self {
            Self::Province => fields.province,
            Self::City => fields.city,
            Self::County => fields.county,
            Self::Theme => fields.theme,
            Self::Kind => fields.kind,
            Self::Report => fields.report,
            Self::Issuer => fields.issuer,
            Self::Year => {
                return value
                    .parse()
                    .ok()
                    .map(|year| Term::from_field_u64(fields.year, year));
            }
        };
        Some(Term::from_field_text(field, value))
    }
}

/// The values of `facet`, most frequent first, those selected always among them.
pub(super) fn values(
    snapshot: &Snapshot,
    facet: Facet,
    counts: Counts,
    selected: &[String],
) -> Vec<FacetValue> {
    let mut values: Vec<FacetValue> = counts
        .into_iter()
        .map(|(key, count)| value(snapshot, facet, &key, count, selected))
        .collect();
    values.extend(missing(snapshot, facet, &values, selected));
    values.sort_by(order);
    values
}

/// Most frequent first; of equal counts, a theme before those it is made of.
pub(super) fn order(left: &FacetValue, right: &FacetValue) -> Ordering {
    right
        .count
        .cmp(&left.count)
        .then_with(|| left.parents.len().cmp(&right.parents.len()))
        .then_with(|| left.value.cmp(&right.value))
}

/// The values of `selected` that are not among `values`.
pub(super) fn missing(
    snapshot: &Snapshot,
    facet: Facet,
    values: &[FacetValue],
    selected: &[String],
) -> Vec<FacetValue> {
    selected
        .iter()
        .enumerate()
        .filter(|&(at, asked)| {
            let is = |value: &FacetValue| {
                value.value == *asked || (value.selected && names(facet, value).contains(asked))
            };
            // Asked for twice it is still one.
            !values.iter().any(is) && !selected.iter().take(at).any(|before| before == asked)
        })
        .map(|(_, asked)| FacetValue {
            selected: true,
            ..other(snapshot, facet, asked, 0)
        })
        .collect()
}

/// The value of a facet that the index counts as `key`.
pub(super) fn value(
    snapshot: &Snapshot,
    facet: Facet,
    key: &str,
    count: u64,
    selected: &[String],
) -> FacetValue {
    let mut value = match facet {
        Facet::City | Facet::County => {
            let mut parents: Vec<String> = key.split('/').map(str::to_owned).collect();
            let name = parents.pop().unwrap_or_default();
            parents.retain(|parent| !parent.is_empty());
            FacetValue {
                // A name that several divisions have says which only with those it lies in.
                value: if snapshot.is_homonym(&name) {
                    parents.concat() + &name
                } else {
                    name.clone()
                },
                label: name,
                parents,
                parent: None,
                count,
                selected: false,
            }
        }
        _ => other(snapshot, facet, key, count),
    };
    value.selected = selected.contains(&value.value)
        || names(facet, &value)
            .iter()
            .any(|name| selected.contains(name));
    value
}

/// A value that is filtered for as it is counted.
fn other(snapshot: &Snapshot, facet: Facet, key: &str, count: u64) -> FacetValue {
    let above = match facet {
        Facet::Theme => snapshot.themes_above(key),
        _ => Vec::new(),
    };
    FacetValue {
        value: key.to_owned(),
        label: label(snapshot, facet, key),
        parent: above.last().map(|(id, _)| id.clone()),
        parents: above.into_iter().map(|(_, label)| label.clone()).collect(),
        count,
        selected: false,
    }
}

/// The other names a filter may have asked for a division by.
fn names(facet: Facet, value: &FacetValue) -> Vec<String> {
    match facet {
        Facet::City | Facet::County => {
            vec![value.label.clone(), value.parents.concat() + &value.label]
        }
        _ => Vec::new(),
    }
}

fn label(snapshot: &Snapshot, facet: Facet, value: &str) -> String {
    let found = match facet {
        Facet::Province if value == UNKNOWN_REGION => Some("未知地区".to_owned()),
        Facet::Theme => snapshot
            .themes()
            .iter()
            .find(|(id, _)| id == value)
            .map(|(_, label)| label.clone()),
        Facet::Kind => Kind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == value)
            .map(|kind| kind.label().to_owned()),
        Facet::Report => snapshot.report(value).map(|report| report.title.clone()),
        Facet::Year => Some(format!("{value}年")),
        _ => None,
    };
    found.unwrap_or_else(|| value.to_owned())
}

/// How many of `found` have each value of each of `facets`.
pub(super) fn count(
    snapshot: &Snapshot,
    found: &Found,
    facets: &[Facet],
) -> tantivy::Result<BTreeMap<Facet, Counts>> {
    let kept = Kept::of(snapshot);
    let kept = &kept.columns;
    let mut counted: BTreeMap<Facet, Counts> = facets
        .iter()
        .map(|&facet| (facet, Counts::default()))
        .collect();
    let asked: Vec<Facet> = counted.keys().copied().collect();
    let segments = found.segments();
    let parts: Vec<(SegmentOrdinal, &Docs, &[Facet])> = (0..)
        .zip(segments)
        .filter(|(_, docs)| !docs.is_empty())
        .flat_map(|(segment, docs)| {
            let groups = asked.chunks(columns::at_once(docs, &asked));
            groups.map(move |facets| (segment, docs, facets))
        })
        .collect();
    let work = found.len().saturating_mul(asked.len()) as u64;
    let tallies = in_parts(parts.len(), work, |part| match parts.get(part) {
        Some(&(segment, docs, facets)) => kept.tallies(snapshot, segment, docs, facets),
        None => Ok(Vec::new()),
    })?;
    for ((segment, _, facets), tallies) in parts.into_iter().zip(tallies) {
        for (&facet, tally) in facets.iter().zip(tallies) {
            let values = kept.values(snapshot, segment, facet)?;
            values.add(tally, counted.entry(facet).or_default())?;
        }
    }
    Ok(counted)
}

/// Counts several facets in one pass over the hits.
pub(super) struct Counter {
    facets: Vec<Facet>,
}

pub(super) struct SegmentCounter {
    counters: Vec<(Facet, Values)>,
}

enum Values {
    /// Counts by ordinal in the segment's dictionary.
    Words(StrColumn, Vec<u64>),
    Numbers(Column<u64>, HashMap<u64, u64>),
    /// No passage of the segment has a value.
    None,
}

impl Counter {
    pub(super) fn new(facets: &[Facet]) -> Self {
        let mut facets = facets.to_vec();
        facets.sort_unstable();
        facets.dedup();
        Self { facets }
    }
}

impl Collector for Counter {
    type Fruit = BTreeMap<Facet, Counts>;
    type Child = SegmentCounter;

    fn for_segment(
        &self,
        _: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<SegmentCounter> {
        let columns = reader.fast_fields();
        let counters = self
            .facets
            .iter()
            .map(|&facet| {
                let values = if facet.is_number() {
                    columns
                        .column_opt::<u64>(facet.column())?
                        .map(|column| Values::Numbers(column, HashMap::new()))
                } else {
                    columns.str(facet.column())?.map(|column| {
                        let counts = vec![0; column.num_terms()];
                        Values::Words(column, counts)
                    })
                };
                Ok((facet, values.unwrap_or(Values::None)))
            })
            .collect::<tantivy::Result<_>>()?;
        Ok(SegmentCounter { counters })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(
        &self,
        segments: Vec<tantivy::Result<Vec<(Facet, Counts)>>>,
    ) -> tantivy::Result<BTreeMap<Facet, Counts>> {
        let mut merged: BTreeMap<Facet, Counts> = self
            .facets
            .iter()
            .map(|&facet| (facet, Counts::default()))
            .collect();
        for segment in segments {
            for (facet, counts) in segment? {
                let total = merged.entry(facet).or_default();
                for (value, count) in counts {
                    *total.entry(value).or_default() += count;
                }
            }
        }
        Ok(merged)
    }
}

impl SegmentCollector for SegmentCounter {
    type Fruit = tantivy::Result<Vec<(Facet, Counts)>>;

    fn collect(&mut self, doc: DocId, _: Score) {
        for (_, values) in &mut self.counters {
            match values {
                // A passage has each of its values once, so each counts it once.
                Values::Words(column, counts) => {
                    for ordinal in column.term_ords(doc) {
                        let slot = usize::try_from(ordinal).ok();
                        if let Some(count) = slot.and_then(|slot| counts.get_mut(slot)) {
                            *count += 1;
                        }
                    }
                }
                Values::Numbers(column, counts) => {
                    for value in column.values_for_doc(doc) {
                        *counts.entry(value).or_default() += 1;
                    }
                }
                Values::None => {}
            }
        }
    }

    fn harvest(self) -> Self::Fruit {
        self.counters
            .into_iter()
            .map(|(facet, values)| {
                let counts = match values {
                    Values::Words(column, counts) => {
                        let mut named = Counts::default();
                        for (ordinal, count) in (0..).zip(counts).filter(|&(_, count)| count > 0) {
                            let mut name = String::new();
                            column.ord_to_str(ordinal, &mut name)?;
                            named.insert(name, count);
                        }
                        named
                    }
                    Values::Numbers(_, counts) => counts
                        .into_iter()
                        .map(|(value, count)| (value.to_string(), count))
                        .collect(),
                    Values::None => Counts::default(),
                };
                Ok((facet, counts))
            })
            .collect()
    }
}
