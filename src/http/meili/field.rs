//! The fields of a document: what they are called, what they hold, what can be done by each.
//!
//! A document is a passage, flat: every field is always there, `null` or an empty list where the
//! passage has nothing of it. The divisions stand twice, each by its name and, for hierarchical
//! menus, as `region_lvl0` to `region_lvl2`, such as `江西省 > 萍乡市 > 芦溪县`.
//!
//! Invariant: what a field is counted as, filtered by and shown as are the same
//! (`tests/meili/documents.rs`, over all documents).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::date::Date;
use crate::http::wire;
use crate::index::{PassageRecord, ReportRecord, Snapshot, UNKNOWN_REGION};
use crate::search::{Facet, FacetValue, Filter, Measured};

/// What stands between the levels of a hierarchical value.
pub(super) const LEVELS: &str = " > ";

/// A field of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Field {
    Id,
    ReportId,
    ReportTitle,
    Region,
    Province,
    City,
    County,
    RegionLevel(usize),
    RegionCode,
    Theme,
    ThemeId,
    Year,
    Kind,
    Heading,
    HeadingPath,
    Measure,
    Body,
    Issuer,
    DocumentNumber,
    Date,
    Day,
    Source,
    Url,
}

/// How often each value of each facet is held.
pub(super) type Counts = BTreeMap<Facet, Vec<FacetValue>>;

/// A value of a field: how it is shown, what selects it, how many passages have it.
pub(super) struct Entry {
    pub(super) shown: String,
    pub(super) filter: Filter,
    pub(super) count: u64,
}

impl Field {
    /// Every field.
    pub(super) const ALL: [Self; 25] = [
        Self::Id,
        Self::ReportId,
        Self::ReportTitle,
        Self::Region,
        Self::Province,
        Self::City,
        Self::County,
        Self::RegionLevel(0),
        Self::RegionLevel(1),
        Self::RegionLevel(2),
        Self::RegionCode,
        Self::Theme,
        Self::ThemeId,
        Self::Year,
        Self::Kind,
        Self::Heading,
        Self::HeadingPath,
        Self::Measure,
        Self::Body,
        Self::Issuer,
        Self::DocumentNumber,
        Self::Date,
        Self::Day,
        Self::Source,
        Self::Url,
    ];

    /// Its name.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::ReportId => "report_id",
            Self::ReportTitle => "report_title",
            Self::Region => "region",
            Self::Province => "province",
            Self::City => "city",
            Self::County => "county",
            Self::RegionLevel(0) => "region_lvl0",
            Self::RegionLevel(1) => "region_lvl1",
            Self::RegionLevel(_) => "region_lvl2",
            Self::RegionCode => "region_code",
            Self::Theme => "theme",
            Self::ThemeId => "theme_id",
            Self::Year => "year",
            Self::Kind => "kind",
            Self::Heading => "heading",
            Self::HeadingPath => "heading_path",
            Self::Measure => "measure",
            Self::Body => "body",
            Self::Issuer => "issuer",
            Self::DocumentNumber => "document_number",
            Self::Date => "date",
            Self::Day => "day",
            Self::Source => "source",
            Self::Url => "url",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }

    /// The facets its values are read from; none where it cannot be counted.
    pub(super) fn facets(self) -> &'static [Facet] {
        match self {
            Self::ReportId => &[Facet::Report],
            Self::Province | Self::RegionLevel(0) => &[Facet::Province],
            Self::City => &[Facet::City],
            Self::County | Self::RegionLevel(2) => &[Facet::County],
            Self::RegionLevel(_) => &[Facet::City, Facet::County],
            Self::Theme | Self::ThemeId => &[Facet::Theme],
            Self::Year => &[Facet::Year],
            Self::Kind => &[Facet::Kind],
            Self::Issuer => &[Facet::Issuer],
            _ => &[],
        }
    }

    pub(super) fn is_counted(self) -> bool {
        !self.facets().is_empty()
    }

    /// What it is as a number.
    pub(super) fn measured(self) -> Option<Measured> {
        match self {
            Self::Year => Some(Measured::Year),
            Self::Day => Some(Measured::Day),
            Self::RegionCode => Some(Measured::Region),
            _ => None,
        }
    }

    pub(super) fn is_filtered(self) -> bool {
        self.is_counted() || self.measured().is_some() || self == Self::Id
    }

    /// Whether it is a list.
    pub(super) fn is_list(self) -> bool {
        matches!(
            self,
            Self::Theme | Self::ThemeId | Self::Year | Self::Issuer | Self::HeadingPath
        )
    }

    /// Those that a query looks in.
    pub(super) const SEARCHED: [Self; 4] =
        [Self::ReportTitle, Self::Heading, Self::Body, Self::Region];

    /// The names of those that `is` holds for.
    pub(super) fn names(is: fn(Self) -> bool) -> Vec<&'static str> {
        let all = Self::ALL.into_iter().filter(|&field| is(field));
        all.map(Self::as_str).collect()
    }

    /// Its values among `counts`, most frequent first.
    pub(super) fn entries(self, snapshot: &Snapshot, counts: &Counts) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self
            .facets()
            .iter()
            .filter_map(|facet| Some((*facet, counts.get(facet)?)))
            .flat_map(|(facet, values)| {
                values
                    .iter()
                    .filter_map(move |value| self.entry(snapshot, facet, value))
            })
            .collect();
        entries.sort_by(|left, right| {
            let by_count = right.count.cmp(&left.count);
            by_count.then_with(|| left.shown.cmp(&right.shown))
        });
        entries
    }

    fn entry(self, snapshot: &Snapshot, facet: Facet, value: &FacetValue) -> Option<Entry> {
        let levels = value.parents.len() + 1;
        let shown = match self {
            Self::RegionLevel(1) if levels != 2 => return None,
            Self::RegionLevel(2) if levels != 3 => return None,
            Self::RegionLevel(0) => value.value.clone(),
            Self::RegionLevel(_) => {
                let mut path = value.parents.clone();
                path.push(value.label.clone());
                path.join(LEVELS)
            }
            Self::Theme => theme_label(snapshot, &value.value, &value.label),
            _ => value.value.clone(),
        };
        Some(Entry {
            shown,
            filter: Filter::Is(facet, vec![value.value.clone()]),
            count: value.count,
        })
    }

    /// The passages whose value of this field is `text`.
    pub(super) fn is(self, snapshot: &Snapshot, text: &str) -> Filter {
        let one = |facet, value: &str| Filter::Is(facet, vec![value.to_owned()]);
        match self {
            Self::Id => Filter::Passage(vec![text.to_owned()]),
            Self::RegionLevel(level) => {
                let parts: Vec<&str> = text.split(LEVELS.trim()).map(str::trim).collect();
                if parts.len() != level + 1 {
                    return Filter::Any(Vec::new());
                }
                let whole = parts.concat();
                match level {
                    0 => one(Facet::Province, &whole),
                    1 => Filter::Any(vec![
                        one(Facet::City, &whole),
                        // One that belongs to its province directly.
                        one(Facet::County, &whole),
                    ]),
                    _ => one(Facet::County, &whole),
                }
            }
            Self::Theme => {
                let is_it = |(id, label): &&(String, String)| {
                    *label == text || theme_label(snapshot, id, label) == text
                };
                let themes = snapshot.themes().iter().filter(is_it);
                Filter::Is(Facet::Theme, themes.map(|(id, _)| id.clone()).collect())
            }
            _ => match self.facets() {
                [facet, ..] => one(*facet, text),
                [] => Filter::Any(Vec::new()),
            },
        }
    }

    /// The passages that have nothing of it, which is `null`, or an empty list.
    pub(super) fn lacking(self) -> Filter {
        let not = |filter| Filter::Not(Box::new(filter));
        match self {
            Self::RegionLevel(1) => not(Filter::Any(vec![
                Filter::Has(Facet::City),
                Filter::Has(Facet::County),
            ])),
            Self::RegionLevel(2) => not(Filter::All(vec![
                Filter::Has(Facet::City),
                Filter::Has(Facet::County),
            ])),
            _ => match (self.measured(), self.facets()) {
                (Some(measured), _) => not(Filter::HasNumber(measured)),
                (None, [facet, ..]) => not(Filter::Has(*facet)),
                (None, []) => Filter::Any(Vec::new()),
            },
        }
    }
}

/// A theme as it is shown: its label, with its id where another theme has the label too.
fn theme_label(snapshot: &Snapshot, id: &str, label: &str) -> String {
    let mut same = snapshot.themes().iter();
    if same.any(|(other, known)| known == label && other != id) {
        format!("{label}（{id}）")
    } else {
        label.to_owned()
    }
}

/// A passage as a document.
pub(super) fn document(
    snapshot: &Snapshot,
    passage: &PassageRecord,
    report: &ReportRecord,
) -> Map<String, Value> {
    Field::ALL
        .into_iter()
        .map(|field| {
            let value = value(field, snapshot, passage, report);
            (field.as_str().to_owned(), value)
        })
        .collect()
}

fn value(
    field: Field,
    snapshot: &Snapshot,
    passage: &PassageRecord,
    report: &ReportRecord,
) -> Value {
    let region = &report.region;
    let metadata = &report.metadata;
    // A name that several divisions have says which only with those it lies in.
    let named = |name: &Option<String>, above: &[&Option<String>]| match name {
        Some(name) if snapshot.is_homonym(name) => {
            let above = above.iter().filter_map(|name| name.as_deref());
            json!(above.collect::<String>() + name)
        }
        name => json!(name),
    };
    match field {
        Field::Id => json!(passage.id),
        Field::ReportId => json!(report.id),
        Field::ReportTitle => json!(report.title),
        Field::Region => json!(region.name),
        Field::Province | Field::RegionLevel(0) => {
            json!(region.province.as_deref().unwrap_or(UNKNOWN_REGION))
        }
        Field::City => named(&region.city, &[&region.province]),
        Field::County => named(&region.county, &[&region.province, &region.city]),
        Field::RegionLevel(level) => {
            let levels = [&region.province, &region.city, &region.county];
            let levels: Vec<&str> = levels.iter().filter_map(|name| name.as_deref()).collect();
            let path = levels.get(..=level).map(|levels| levels.join(LEVELS));
            json!(path)
        }
        Field::RegionCode => json!(region.code),
        Field::Theme => passage
            .themes
            .iter()
            .map(|theme| theme_label(snapshot, &theme.id, &theme.label))
            .collect(),
        Field::ThemeId => passage.themes.iter().map(|theme| &*theme.id).collect(),
        Field::Year => match metadata.year {
            Some(year) => json!([year]),
            None => json!(passage.years),
        },
        Field::Kind => json!(passage.kind.as_str()),
        Field::Heading => json!(passage.heading),
        Field::HeadingPath => json!(passage.heading_path),
        Field::Measure => {
            let path = passage.dotted_path();
            json!((!path.is_empty()).then_some(path))
        }
        Field::Body => json!(passage.body()),
        Field::Issuer => json!(metadata.issuers()),
        Field::DocumentNumber => json!(metadata.document_number),
        Field::Date => json!(metadata.date.map(|date| date.to_string())),
        Field::Day => json!(metadata.date.map(Date::number)),
        Field::Source => json!(report.source),
        Field::Url => json!(wire::passage_url(&passage.id)),
    }
}
