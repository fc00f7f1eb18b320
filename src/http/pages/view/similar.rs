//! Passages like the one shown.

use super::{number, region};
use crate::http::pages::links::Links;
use crate::http::pages::text::{Texts, fill};
use crate::search::{SharedTerm, Similar};

/// Shared terms that are named.
const TERMS_SHOWN: usize = 8;

/// A passage like the one shown, and why.
pub(super) struct SimilarView {
    pub(super) url: String,
    pub(super) region: String,
    pub(super) number: String,
    /// Its heading; an overview, which has none, goes by the report's title.
    pub(super) heading: String,
    pub(super) near_duplicate: bool,
    /// What both speak of, weightiest first.
    pub(super) shared: String,
}

impl SimilarView {
    pub(super) fn new(similar: &Similar, links: &Links, t: &Texts) -> Self {
        let passage = &similar.passage;
        let terms: Vec<&str> = similar
            .shared
            .iter()
            .take(TERMS_SHOWN)
            .map(|SharedTerm { text, .. }| text.as_str())
            .collect();
        Self {
            url: links.permanent(&passage.id),
            region: region(&similar.report, t),
            number: number(passage, t),
            heading: passage
                .heading
                .clone()
                .unwrap_or_else(|| similar.report.title.clone()),
            near_duplicate: similar.near_duplicate,
            shared: fill(t.shared, &[("terms", &terms.join("、"))]),
        }
    }
}
