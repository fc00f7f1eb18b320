//! The counts of searches, as they are sent.

use std::io;

use schemars::JsonSchema;
use serde::Serialize;

use super::export::row;
use super::passage_url;
use crate::analytics::{DayLine, PassageLine, QueryLine, Report, Totals};

/// The names of the columns.
const COLUMNS: [&str; 6] = [
    "检索词",
    "检索次数",
    "无结果次数",
    "最近一次结果数",
    "点击次数",
    "平均点击位置",
];

/// What was searched for from one day to another.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct AnalyticsAnswer {
    from: String,
    to: String,
    totals: TotalsAnswer,
    /// Of queries that are not told apart: rare ones, and those whose words are not kept.
    others: TotalsAnswer,
    /// How many queries are told apart.
    distinct_queries: u64,
    days: Vec<DayAnswer>,
    /// The queries asked most.
    queries: Vec<QueryAnswer>,
    /// The queries that found nothing most often.
    without_result: Vec<QueryAnswer>,
    /// The passages chosen most.
    passages: Vec<PassageClicks>,
}

#[derive(Serialize, JsonSchema)]
struct TotalsAnswer {
    searches: u64,
    /// Searches that found nothing.
    without_result: u64,
    /// Hits that were chosen.
    clicks: u64,
    /// Where these stood among the hits, from 1, in the mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_rank: Option<f64>,
}

#[derive(Serialize, JsonSchema)]
struct DayAnswer {
    date: String,
    #[serde(flatten)]
    totals: TotalsAnswer,
}

#[derive(Serialize, JsonSchema)]
struct QueryAnswer {
    /// As it was typed most often.
    query: String,
    #[serde(flatten)]
    totals: TotalsAnswer,
    /// How many passages it found the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<u64>,
    /// The passages that were chosen.
    passages: Vec<Chosen>,
}

#[derive(Serialize, JsonSchema)]
struct Chosen {
    id: String,
    clicks: u64,
}

#[derive(Serialize, JsonSchema)]
struct PassageClicks {
    id: String,
    url: String,
    clicks: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_rank: Option<f64>,
}

impl AnalyticsAnswer {
    pub(in crate::http) fn new(report: Report) -> Self {
        let queries = |lines: Vec<QueryLine>| lines.into_iter().map(QueryAnswer::new).collect();
        Self {
            from: report.from.to_string(),
            to: report.to.to_string(),
            totals: TotalsAnswer::new(report.totals),
            others: TotalsAnswer::new(report.others),
            distinct_queries: report.distinct,
            days: report.days.iter().map(DayAnswer::new).collect(),
            queries: queries(report.queries),
            without_result: queries(report.without_result),
            passages: report
                .passages
                .into_iter()
                .map(PassageClicks::new)
                .collect(),
        }
    }
}

impl TotalsAnswer {
    fn new(totals: Totals) -> Self {
        Self {
            searches: totals.searches,
            without_result: totals.none,
            clicks: totals.clicks,
            mean_rank: tenths(totals),
        }
    }
}

impl DayAnswer {
    fn new(line: &DayLine) -> Self {
        Self {
            date: line.date.to_string(),
            totals: TotalsAnswer::new(line.totals),
        }
    }
}

impl QueryAnswer {
    fn new(line: QueryLine) -> Self {
        Self {
            query: line.query,
            totals: TotalsAnswer::new(line.totals),
            found: line.found,
            passages: line
                .passages
                .into_iter()
                .map(|(id, clicks)| Chosen { id, clicks })
                .collect(),
        }
    }
}

impl PassageClicks {
    fn new(line: PassageLine) -> Self {
        Self {
            url: passage_url(&line.id),
            clicks: line.totals.clicks,
            mean_rank: tenths(line.totals),
            id: line.id,
        }
    }
}

/// The mean place of a choice, to a tenth.
pub(in crate::http) fn tenths(totals: Totals) -> Option<f64> {
    let mean = totals.mean_rank()?;
    Some((mean * 10.0).round() / 10.0)
}

/// The queries as a table for spreadsheets.
pub(in crate::http) fn queries_csv(report: &Report) -> io::Result<Vec<u8>> {
    let mut out = Vec::from("\u{feff}".as_bytes());
    row(&mut out, &COLUMNS.map(str::to_owned))?;
    for line in &report.queries {
        let text = |number: Option<String>| number.unwrap_or_default();
        row(
            &mut out,
            &[
                line.query.clone(),
                line.totals.searches.to_string(),
                line.totals.none.to_string(),
                text(line.found.map(|found| found.to_string())),
                line.totals.clicks.to_string(),
                text(tenths(line.totals).map(|mean| mean.to_string())),
            ],
        )?;
    }
    Ok(out)
}
