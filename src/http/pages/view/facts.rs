//! What is known of a report besides its title and region, as pages show it.

use super::{Chip, Links};
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
pub(super) fn of(report: &ReportRecord) -> Facts {
    let metadata = &report.metadata;
    let issuer = metadata
        .issuer
        .clone()
        .filter(|issuer| !report.title.starts_with(issuer.as_str()));
    let day = metadata
        .date
        .map(|date| date.to_string())
        .or_else(|| metadata.year.map(|year| format!("{year}年")));
    let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    Facts {
        shown: [issuer, metadata.document_number.clone(), day]
            .into_iter()
            .flatten()
            .collect(),
        link: metadata.url.clone().filter(is_web),
    }
}

/// The days that hits are narrowed to, each to be taken away.
pub(super) fn chips(request: &Request, links: &Links) -> Vec<Chip> {
    [
        ("date_from", "日期不早于", request.dates.from),
        ("date_to", "日期不晚于", request.dates.to),
    ]
    .into_iter()
    .filter_map(|(name, label, date)| {
        Some(Chip {
            label: format!("{label} {}", date?),
            url: links.with(name, None),
        })
    })
    .collect()
}
