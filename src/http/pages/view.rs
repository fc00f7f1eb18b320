//! What the templates are given: texts, counts and addresses, nothing left to decide.

mod about;
mod compare;
mod facets;
mod facts;
mod figures;
mod map;
mod matrix;
mod passage;
mod problem;
mod report;
mod search;
mod similar;
mod understood;

pub(super) use self::about::{AboutPage, Settings};
pub(super) use self::compare::{ComparePage, Given};
pub(super) use self::map::MapPage;
pub(super) use self::matrix::MatrixPage;
pub(super) use self::passage::PassagePage;
pub(super) use self::problem::ProblemPage;
pub(super) use self::report::ReportPage;
pub(super) use self::search::SearchPage;

use super::links::Links;
use super::text::{Texts, fill};
use crate::index::{PassageRecord, ReportRecord};
use crate::report::Kind;
use crate::search::Facet;

/// Something the hits are narrowed to, with the address without it.
struct Chip {
    /// The field; empty where `value` says it all.
    field: &'static str,
    /// What stands between field and value.
    colon: &'static str,
    value: String,
    url: String,
}

impl Chip {
    fn new(t: &Texts, facet: Option<Facet>, value: String, url: String) -> Self {
        Self {
            field: facet.map_or("", |facet| t.facet(facet)),
            colon: t.colon,
            value,
            url,
        }
    }
}

/// The themes of a passage with the address that narrows to each.
fn themes(passage: &PassageRecord, links: &Links) -> Vec<(String, String)> {
    passage
        .innermost_themes()
        .map(|theme| {
            let url = links.toggled(Facet::Theme, &theme.id, false);
            (theme.shown_path(), url)
        })
        .collect()
}

/// The headings above a passage's own, which stands on its own line.
fn above(passage: &PassageRecord) -> Option<String> {
    let (_, above) = passage.heading_path.split_last()?;
    (!above.is_empty()).then(|| above.join(" › "))
}

/// The number of a passage within its report, as it is shown; empty for an overview.
fn number(passage: &PassageRecord, t: &Texts) -> String {
    let number = match passage.kind {
        Kind::Overview => String::new(),
        kind => format!("{} {}", t.part_of_report(kind), passage.dotted_path()),
    };
    told_apart(passage, number, t)
}

/// `name` with which part of its unit the passage is, where the unit has several.
fn told_apart(passage: &PassageRecord, name: String, t: &Texts) -> String {
    if passage.parts < 2 {
        return name;
    }
    let (part, parts) = (passage.part.to_string(), passage.parts.to_string());
    let values = [("number", &*name), ("part", &part), ("parts", &parts)];
    fill(t.part, &values)
}

/// Where a report is from, as it is shown.
fn region(report: &ReportRecord, t: &Texts) -> String {
    if report.region.is_known() {
        report.region.full_name()
    } else {
        t.unknown_region.to_owned()
    }
}

/// The heading of a passage, or what part of the report it is.
fn plain_heading(passage: &PassageRecord, t: &Texts) -> String {
    passage
        .heading
        .clone()
        .unwrap_or_else(|| t.part_of_report(passage.kind).to_owned())
}
