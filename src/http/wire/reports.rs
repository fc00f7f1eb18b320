//! Reports, with and without their passages, as they are sent.

use schemars::JsonSchema;
use serde::Serialize;

use super::metadata::MetadataAnswer;
use super::{PassageHead, RegionAnswer, SpanAnswer, report_url};
use crate::index::{PassageRecord, ReportRecord};
use crate::report::Span;

/// A list of reports.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct ReportsAnswer {
    pub(in crate::http) total: usize,
    pub(in crate::http) page: usize,
    pub(in crate::http) per_page: usize,
    pub(in crate::http) reports: Vec<ReportAnswer>,
}

/// A report without its passages.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct ReportAnswer {
    id: String,
    url: String,
    title: String,
    tagline: Option<String>,
    region: RegionAnswer,
    /// What the region was read from.
    region_reason: &'static str,
    metadata: MetadataAnswer,
    source: String,
    /// Its place in the cleaned text of its file, in bytes of UTF-8.
    #[schemars(with = "SpanAnswer")]
    range: Span,
    characters: u64,
    measures: u32,
    passages: u32,
}

/// A report with its passages in order.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct ReportWithPassages {
    #[serde(flatten)]
    report: ReportHead,
    passages: Vec<PassageInReport>,
}

#[derive(Serialize, JsonSchema)]
struct ReportHead {
    id: String,
    url: String,
    title: String,
    tagline: Option<String>,
    region: RegionAnswer,
    region_reason: &'static str,
    metadata: MetadataAnswer,
    source: String,
    #[schemars(with = "SpanAnswer")]
    range: Span,
    characters: u64,
    measures: u32,
}

#[derive(Serialize, JsonSchema)]
struct PassageInReport {
    #[serde(flatten)]
    head: PassageHead,
    text: String,
}

impl ReportAnswer {
    pub(in crate::http) fn new(report: &ReportRecord) -> Self {
        Self {
            id: report.id.clone(),
            url: report_url(&report.id),
            title: report.title.clone(),
            tagline: report.tagline.clone(),
            region: RegionAnswer::new(&report.region),
            region_reason: report.region_reason.as_str(),
            metadata: MetadataAnswer::new(&report.metadata),
            source: report.source.clone(),
            range: report.range,
            characters: report.characters,
            measures: report.measures,
            passages: report.passages,
        }
    }
}

impl ReportWithPassages {
    pub(in crate::http) fn new(report: &ReportRecord, passages: &[PassageRecord]) -> Self {
        Self {
            report: ReportHead {
                id: report.id.clone(),
                url: report_url(&report.id),
                title: report.title.clone(),
                tagline: report.tagline.clone(),
                region: RegionAnswer::new(&report.region),
                region_reason: report.region_reason.as_str(),
                metadata: MetadataAnswer::new(&report.metadata),
                source: report.source.clone(),
                range: report.range,
                characters: report.characters,
                measures: report.measures,
            },
            passages: passages
                .iter()
                .map(|passage| PassageInReport {
                    head: PassageHead::new(passage, report),
                    text: passage.text.clone(),
                })
                .collect(),
        }
    }
}
