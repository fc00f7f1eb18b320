//! What a reader sees of figures: the conditions on them, and those of a hit that meet one.

use super::Chip;
use crate::http::pages::links::Links;
use crate::http::pages::text::{Texts, fill};
use crate::search::{Figure, Hit, Request, Response};

/// The most figures that a hit shows.
const SHOWN: usize = 8;

/// A figure of a hit with the words it belongs to.
pub(in crate::http::pages) struct FigureView {
    pub(super) label: String,
    pub(super) text: String,
}

/// The conditions that hits are narrowed to, each with the address without it.
pub(super) fn chips(request: &Request, links: &Links, t: &Texts) -> Vec<Chip> {
    request
        .quantities
        .iter()
        .map(|condition| {
            let url = links.without("quantity", condition.as_str());
            Chip::new(t, None, condition.label(), url)
        })
        .collect()
}

/// What is said where the bounds that a query names are met by nothing.
pub(super) fn notice(response: &Response, t: &Texts) -> Option<String> {
    let unmet: Vec<String> = response
        .unmet_quantities
        .iter()
        .map(crate::quantity::Condition::label)
        .collect();
    (!unmet.is_empty()).then(|| fill(t.unmet, &[("what", &unmet.join("、"))]))
}

/// The figures of `hit` that meet a condition, in the order of its text.
pub(super) fn of(hit: &Hit) -> Vec<FigureView> {
    let view = |figure: &Figure| FigureView {
        label: figure.quantity.label.clone(),
        text: figure.text.clone(),
    };
    let matched = hit.figures.iter().filter(|figure| figure.matched);
    matched.take(SHOWN).map(view).collect()
}
