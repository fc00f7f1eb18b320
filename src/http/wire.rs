//! Answers as they are sent: twins of the domain's types, made only here.

mod analytics;
mod compare;
mod export;
mod index;
mod keys;
mod matrix;
mod metadata;
mod quantities;
mod readiness;
mod reports;
mod similar;
mod suggest;
mod tasks;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

pub(super) use analytics::{AnalyticsAnswer, queries_csv, tenths};
pub(super) use compare::CompareAnswer;
pub(super) use export::{Exporter, Format, compared};
pub(super) use index::IndexAnswer;
pub use keys::{KeyAnswer, KeyCreated, KeysAnswer};
pub(super) use matrix::MatrixAnswer;
use metadata::MetadataAnswer;
use quantities::{ConditionAnswer, QuantityAnswer};
pub(super) use readiness::Readiness;
pub(super) use reports::{ReportAnswer, ReportWithPassages, ReportsAnswer};
pub(super) use similar::SimilarAnswer;
pub(super) use suggest::SuggestAnswer;
pub(super) use tasks::{TaskAnswer, TasksAnswer, task_url};

use crate::index::{PassageRecord, ReportRecord};
use crate::region::Region;
use crate::report::{Kind, Span};
use crate::search::{self, Addend, FacetValue, Hit, Marked, Request, Response};

/// The answer of a search.
#[derive(Serialize, JsonSchema)]
pub(super) struct SearchAnswer {
    query: QueryEcho,
    total: usize,
    /// How many reports the hits are of, with `group=report`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reports: Option<usize>,
    page: usize,
    per_page: usize,
    took_ms: f64,
    hits: Vec<HitAnswer>,
    facets: BTreeMap<&'static str, Vec<FacetAnswer>>,
}

#[derive(Serialize, JsonSchema)]
struct QueryEcho {
    text: String,
    #[schemars(extend("enum" = ["smart", "exact"]))]
    r#match: &'static str,
    #[schemars(extend("enum" = search::Sort::ALL.map(search::Sort::as_str)))]
    sort: &'static str,
    rewrites: Vec<RewriteAnswer>,
    /// What may have been meant instead; nothing was changed for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    did_you_mean: Option<String>,
    /// The regions it names; their reports come first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    regions: Vec<NamedRegionAnswer>,
    /// The bounds on figures it names; hits meet them, or hold the query as it was typed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quantities: Vec<ConditionAnswer>,
    /// Those that no passage meets; they are looked for as they were typed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmet_quantities: Vec<ConditionAnswer>,
    /// Whether hits need not hold every word; `relaxation` then says how many they hold.
    relaxed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    relaxation: Option<Relaxation>,
    /// Whether the query had more words than are looked up.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

/// How a stretch of the query was read otherwise than it was typed.
#[derive(Serialize, JsonSchema)]
struct RewriteAnswer {
    /// `pinyin`, `typo`, `synonym`, `number` or `quantity`.
    kind: &'static str,
    from: String,
    to: String,
    /// The query that asks for the stretch as it was typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    original: Option<String>,
}

/// A region the query names.
#[derive(Serialize, JsonSchema)]
struct NamedRegionAnswer {
    /// How it was typed.
    text: String,
    region: RegionAnswer,
    /// The filter that leaves only its reports, by parameter.
    filter: BTreeMap<&'static str, String>,
}

#[derive(Serialize, JsonSchema)]
struct Relaxation {
    required_words: usize,
    words: usize,
    complete_hits: usize,
}

#[derive(Serialize, JsonSchema)]
struct HitAnswer {
    #[serde(flatten)]
    passage: PassageHead,
    score: f32,
    /// How many passages of its report match, with `group=report`.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_report: Option<usize>,
    /// Whether it holds every word of the query.
    complete: bool,
    /// Whether the site owner puts it first for this query; its words need not be in it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_words: Vec<String>,
    snippet: MarkedAnswer,
    highlights: Highlights,
    /// The figures in it, where any were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quantities: Vec<QuantityAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Explanation>,
}

#[derive(Serialize, JsonSchema)]
struct Highlights {
    title: String,
    heading: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct MarkedAnswer {
    text: String,
    html: String,
}

#[derive(Serialize, JsonSchema)]
struct Explanation {
    total: f32,
    parts: Vec<AddendAnswer>,
}

#[derive(Serialize, JsonSchema)]
struct AddendAnswer {
    text: String,
    part: &'static str,
    score: f32,
}

/// A passage without its text, as every answer names it.
#[derive(Serialize, JsonSchema)]
pub(super) struct PassageHead {
    id: String,
    url: String,
    report: ReportRef,
    region: RegionAnswer,
    #[schemars(with = "String", extend("enum" = Kind::ALL.map(Kind::as_str)))]
    kind: Kind,
    measure: Option<Measure>,
    /// Numbers and headings as they stand, from the outermost to its own.
    heading_path: Vec<String>,
    themes: Vec<ThemeAnswer>,
    years: Vec<u16>,
}

#[derive(Serialize, JsonSchema)]
struct ReportRef {
    id: String,
    url: String,
    title: String,
    source: String,
    metadata: MetadataAnswer,
}

#[derive(Serialize, JsonSchema)]
struct RegionAnswer {
    name: String,
    province: Option<String>,
    city: Option<String>,
    county: Option<String>,
    code: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Measure {
    /// The number of the measure, also for its sub-measures.
    number: u32,
    /// `2`, or `2.3` for a sub-measure.
    path: String,
    heading: Option<String>,
    /// The headings above, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parents: Vec<String>,
    /// Set where the unit was cut for length: which part this is, of how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<[u32; 2]>,
}

#[derive(Serialize, JsonSchema)]
struct ThemeAnswer {
    id: String,
    label: String,
    /// The labels of the themes it is part of, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parents: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct FacetAnswer {
    value: String,
    label: String,
    count: u64,
    selected: bool,
    /// The divisions or themes it belongs to, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parents: Vec<String>,
    /// The value of the theme it is part of.
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<String>,
    /// Its level in the theme taxonomy, from 1; given below the first only.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<usize>,
}

/// A place in a text, in bytes of UTF-8.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it only says what a span looks like")]
struct SpanAnswer {
    start: usize,
    /// One past the last.
    end: usize,
}

/// A passage with its text.
#[derive(Serialize, JsonSchema)]
pub(super) struct PassageAnswer {
    #[serde(flatten)]
    head: PassageHead,
    /// The whole passage, number and heading included.
    text: String,
    /// Its paragraphs joined by line ends.
    body: String,
    paragraphs: Vec<String>,
    /// Its place in the cleaned text of the report's file, in bytes of UTF-8.
    #[schemars(with = "SpanAnswer")]
    range: Span,
    /// The terms that decided its themes.
    theme_evidence: Vec<ThemeEvidence>,
    /// The figures in it, in order.
    quantities: Vec<QuantityAnswer>,
    previous: Option<String>,
    next: Option<String>,
    /// Where passages like it are found.
    similar_url: String,
}

#[derive(Serialize, JsonSchema)]
struct ThemeEvidence {
    id: String,
    score: f32,
    terms: Vec<TermEvidence>,
}

#[derive(Serialize, JsonSchema)]
struct TermEvidence {
    term: String,
    in_heading: u32,
    in_body: u32,
    score: f32,
}

impl SearchAnswer {
    pub(super) fn new(request: &Request, response: Response, took_ms: f64) -> Self {
        Self {
            query: QueryEcho::new(request, &response),
            total: response.total,
            reports: response.reports,
            page: request.page,
            per_page: request.per_page,
            took_ms,
            hits: response.hits.into_iter().map(HitAnswer::new).collect(),
            facets: response
                .facets
                .into_iter()
                .map(|(facet, values)| {
                    let values = values.into_iter().map(FacetAnswer::new).collect();
                    (search::Facet::as_str(facet), values)
                })
                .collect(),
        }
    }
}

impl QueryEcho {
    fn new(request: &Request, response: &Response) -> Self {
        Self {
            text: request.text.clone(),
            r#match: request.matching.as_str(),
            sort: request.sort.as_str(),
            rewrites: response.rewrites.iter().map(RewriteAnswer::new).collect(),
            did_you_mean: response.did_you_mean.clone(),
            regions: response
                .regions
                .iter()
                .map(NamedRegionAnswer::new)
                .collect(),
            quantities: response
                .quantities
                .iter()
                .map(ConditionAnswer::new)
                .collect(),
            unmet_quantities: response
                .unmet_quantities
                .iter()
                .map(ConditionAnswer::new)
                .collect(),
            relaxed: response.relaxed.is_some(),
            relaxation: response.relaxed.map(|relaxed| Relaxation {
                required_words: relaxed.required,
                words: relaxed.of,
                complete_hits: relaxed.complete,
            }),
            truncated: response.truncated,
        }
    }
}

impl RewriteAnswer {
    fn new(rewrite: &search::Rewrite) -> Self {
        Self {
            kind: rewrite.kind.as_str(),
            from: rewrite.from.clone(),
            to: rewrite.to.clone(),
            original: rewrite.original.clone(),
        }
    }
}

impl NamedRegionAnswer {
    fn new(named: &search::RegionNamed) -> Self {
        let (facet, value) = named.filter.clone();
        Self {
            text: named.text.clone(),
            region: RegionAnswer::new(&named.region),
            filter: BTreeMap::from([(facet.as_str(), value)]),
        }
    }
}

impl HitAnswer {
    fn new(hit: Hit) -> Self {
        Self {
            passage: PassageHead::new(&hit.passage, &hit.report),
            quantities: QuantityAnswer::of_hit(&hit.passage.text, &hit.figures),
            score: hit.score,
            in_report: hit.in_report,
            complete: hit.complete,
            pinned: hit.pinned,
            missing_words: hit.missing,
            snippet: MarkedAnswer {
                text: hit.snippet.text,
                html: hit.snippet.html,
            },
            highlights: Highlights {
                title: hit.title.html,
                heading: hit.heading.map(|heading: Marked| heading.html),
            },
            explain: hit.explanation.map(|parts| Explanation {
                total: parts.iter().map(|part| part.score).sum(),
                parts: parts.into_iter().map(AddendAnswer::new).collect(),
            }),
        }
    }
}

impl AddendAnswer {
    fn new(addend: Addend) -> Self {
        Self {
            text: addend.text,
            part: addend.part,
            score: addend.score,
        }
    }
}

impl FacetAnswer {
    fn new(value: FacetValue) -> Self {
        Self {
            value: value.value,
            label: value.label,
            count: value.count,
            selected: value.selected,
            level: value.parent.as_ref().map(|_| value.parents.len() + 1),
            parent: value.parent,
            parents: value.parents,
        }
    }
}

impl PassageHead {
    pub(super) fn new(passage: &PassageRecord, report: &ReportRecord) -> Self {
        Self {
            id: passage.id.clone(),
            url: passage_url(&passage.id),
            report: ReportRef {
                id: report.id.clone(),
                url: report_url(&report.id),
                title: report.title.clone(),
                source: report.source.clone(),
                metadata: MetadataAnswer::new(&report.metadata),
            },
            region: RegionAnswer::new(&report.region),
            kind: passage.kind,
            measure: passage.path.first().map(|&number| Measure {
                number,
                path: passage.dotted_path(),
                heading: passage.heading.clone(),
                parents: passage.parents.clone(),
                part: (passage.parts > 1).then_some([passage.part, passage.parts]),
            }),
            heading_path: passage.heading_path.clone(),
            themes: passage
                .themes
                .iter()
                .map(|theme| ThemeAnswer {
                    id: theme.id.clone(),
                    label: theme.label.clone(),
                    parents: theme.parents.clone(),
                })
                .collect(),
            years: passage.years.clone(),
        }
    }
}

impl RegionAnswer {
    fn new(region: &Region) -> Self {
        Self {
            name: region.name.clone(),
            province: region.province.clone(),
            city: region.city.clone(),
            county: region.county.clone(),
            code: region.code.clone(),
        }
    }
}

impl PassageAnswer {
    /// The passage `at` its place among all passages of its report.
    pub(super) fn new(
        passages: &[PassageRecord],
        at: usize,
        report: &ReportRecord,
    ) -> Option<Self> {
        let passage = passages.get(at)?;
        let id = |at: usize| passages.get(at).map(|passage| passage.id.clone());
        Some(Self {
            head: PassageHead::new(passage, report),
            text: passage.text.clone(),
            body: passage.body().to_owned(),
            paragraphs: passage
                .paragraphs
                .iter()
                .map(|span| span.of(&passage.text).to_owned())
                .collect(),
            range: passage.range,
            quantities: passage
                .quantities
                .iter()
                .map(|quantity| QuantityAnswer::new(&passage.text, quantity, None))
                .collect(),
            theme_evidence: passage
                .themes
                .iter()
                .map(|theme| ThemeEvidence {
                    id: theme.id.clone(),
                    score: theme.score,
                    terms: theme
                        .evidence
                        .iter()
                        .map(|evidence| TermEvidence {
                            term: evidence.term.clone(),
                            in_heading: evidence.in_heading,
                            in_body: evidence.in_body,
                            score: evidence.score,
                        })
                        .collect(),
                })
                .collect(),
            previous: at.checked_sub(1).and_then(id),
            next: id(at + 1),
            similar_url: format!("/api/v1/passages/{}/similar", passage.id),
        })
    }
}

/// Where a passage's page is.
pub(super) fn passage_url(id: &str) -> String {
    format!("/passages/{id}")
}

/// Where a report's page is.
pub(super) fn report_url(id: &str) -> String {
    format!("/reports/{id}")
}
