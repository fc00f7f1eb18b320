//! What is known of a report besides its title and region, as pages show it.

use super::Chip;
use crate::http::pages::links::Links;
use crate::http::pages::text::{Texts, fill};
use crate::index::ReportRecord;
use crate::search::Request;

/// The facts of a report.
pub(super) struct Facts {
    /// Issuer, number and day, as far as they are known.
    pub(super) shown: Vec<String>,
    /// Where it was published, if that is an address of the web.
    pub(super) link: Option<String>,
}

/// The facts of `report`. The region tells most of what an issuer would, so that one is shown only
/// where it is not the title's beginning.
pub(super) fn of(report: &ReportRecord, t: &Texts) -> Facts {
    let metadata = &report.metadata;
    let issuer = metadata
        .issuer
        .clone()
        .filter(|issuer| !report.title.starts_with(issuer.as_str()));
    let year = |year: u16| fill(t.year, &[("year", &year.to_string())]);
    let day = metadata
        .date
        .map(|date| date.to_string())
        .or_else(|| metadata.year.map(year));
    Facts {
        shown: [issuer, metadata.document_number.clone(), day]
            .into_iter()
            .flatten()
            .collect(),
        link: web_address(report),
    }
}

/// Where a report was published, if that is an address of the web.
pub(super) fn web_address(report: &ReportRecord) -> Option<String> {
    let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    report.metadata.url.clone().filter(is_web)
}

/// The days that hits are narrowed to, each to be taken away.
pub(super) fn chips(request: &Request, links: &Links, t: &Texts) -> Vec<Chip> {
    [
        ("date_from", t.date_from, request.dates.from),
        ("date_to", t.date_to, request.dates.to),
    ]
    .into_iter()
    .filter_map(|(name, text, date)| {
        let value = fill(text, &[("date", &date?.to_string())]);
        Some(Chip::new(t, None, value, links.with(name, None)))
    })
    .collect()
}
