//! Regions or reports side by side, as they are sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::quantities::QuantityAnswer;
use super::{Highlights, MarkedAnswer, PassageHead, QueryEcho, RegionAnswer};
use crate::search::{Comparison, Hit, Request, Row, Section, Side};

/// The answer of a comparison.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct CompareAnswer {
    query: QueryEcho,
    /// How many passages stand on any side.
    total: usize,
    /// The most passages of a side that are listed under a theme.
    limit: usize,
    took_ms: f64,
    sides: Vec<SideAnswer>,
    /// The themes that any side speaks of; the last may be of passages that bear none.
    themes: Vec<SectionAnswer>,
}

#[derive(Serialize, JsonSchema)]
struct SideAnswer {
    /// `region` or `report`.
    kind: &'static str,
    /// What asks for it.
    value: String,
    label: String,
    region: RegionAnswer,
    /// The filter that leaves only its passages, by parameter.
    filter: BTreeMap<&'static str, Vec<String>>,
    /// How many reports it has.
    reports: usize,
    /// How many passages of it were found.
    total: usize,
}

#[derive(Serialize, JsonSchema)]
struct SectionAnswer {
    /// Nothing for passages that bear no theme.
    id: Option<String>,
    label: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parents: Vec<String>,
    /// For each side, how many passages were found.
    counts: Vec<usize>,
    /// Passages that are about the same, side by side.
    rows: Vec<RowAnswer>,
    /// For each side, its other passages.
    rest: Vec<Vec<ComparedAnswer>>,
    /// For each side, how many passages are not listed, being more than the limit.
    unlisted: Vec<usize>,
}

#[derive(Serialize, JsonSchema)]
struct RowAnswer {
    /// How like one another they are, from 0 to 1.
    likeness: f32,
    /// The terms that all of them hold, the most telling first.
    shared: Vec<String>,
    /// For each side its passage, or null.
    cells: Vec<Option<ComparedAnswer>>,
}

#[derive(Serialize, JsonSchema)]
struct ComparedAnswer {
    #[serde(flatten)]
    passage: PassageHead,
    /// Whether it holds every word of the query.
    complete: bool,
    snippet: MarkedAnswer,
    highlights: Highlights,
    /// The figures in it, with whether they meet what was asked for, where anything was.
    quantities: Vec<QuantityAnswer>,
}

impl CompareAnswer {
    pub(in crate::http) fn new(
        request: &Request,
        comparison: Comparison,
        limit: usize,
        took_ms: f64,
    ) -> Self {
        Self {
            query: QueryEcho::new(request, &comparison.answer),
            total: comparison.answer.total,
            limit,
            took_ms,
            sides: comparison.sides.into_iter().map(SideAnswer::new).collect(),
            themes: comparison
                .sections
                .into_iter()
                .map(SectionAnswer::new)
                .collect(),
        }
    }
}

impl SideAnswer {
    fn new(side: Side) -> Self {
        let subject = side.subject;
        let (facet, values) = subject.filter;
        Self {
            kind: if subject.is_report {
                "report"
            } else {
                "region"
            },
            value: subject.value,
            label: subject.label,
            region: RegionAnswer::new(&subject.region),
            filter: BTreeMap::from([(facet.as_str(), values)]),
            reports: side.reports,
            total: side.total,
        }
    }
}

impl SectionAnswer {
    fn new(section: Section) -> Self {
        let unlisted = (0..section.counts.len()).map(|side| section.unlisted(side));
        let unlisted = unlisted.collect();
        let (id, label, parents) = match section.theme {
            Some(theme) => (Some(theme.id), Some(theme.label), theme.parents),
            None => (None, None, Vec::new()),
        };
        Self {
            id,
            label,
            parents,
            counts: section.counts,
            rows: section.rows.into_iter().map(RowAnswer::new).collect(),
            rest: section
                .rest
                .iter()
                .map(|side| side.iter().map(ComparedAnswer::new).collect())
                .collect(),
            unlisted,
        }
    }
}

impl RowAnswer {
    fn new(row: Row) -> Self {
        let cells = row.cells.iter();
        Self {
            likeness: row.likeness,
            shared: row.shared,
            cells: cells
                .map(|cell| cell.as_ref().map(ComparedAnswer::new))
                .collect(),
        }
    }
}

impl ComparedAnswer {
    fn new(hit: &Arc<Hit>) -> Self {
        let text = &hit.passage.text;
        let all = hit.passage.quantities.iter();
        Self {
            quantities: if hit.figures.is_empty() {
                all.map(|quantity| QuantityAnswer::new(text, quantity, None))
                    .collect()
            } else {
                QuantityAnswer::of_hit(text, &hit.figures)
            },
            passage: PassageHead::new(&hit.passage, &hit.report),
            complete: hit.complete,
            snippet: MarkedAnswer {
                text: hit.snippet.text.clone(),
                html: hit.snippet.html.clone(),
            },
            highlights: Highlights {
                title: hit.title.html.clone(),
                heading: hit.heading.as_ref().map(|heading| heading.html.clone()),
            },
        }
    }
}
