//! What a score is the sum of.

use tantivy::query::EnableScoring;
use tantivy::{DocSet, Searcher};

use super::Address;
use crate::query::Leaf;

/// One addend of a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Addend {
    /// The word or phrase.
    pub text: String,
    /// Where it was found: `region`, `title`, `heading`, `body`, `characters`, `phrase`.
    pub part: &'static str,
    /// What it adds: its BM25 score times the weight of the part.
    pub score: f32,
}

/// The addends of the passage's score that are not zero, greatest first.
pub(super) fn explain(
    searcher: &Searcher,
    leaves: &[&Leaf],
    address: Address,
) -> tantivy::Result<Vec<Addend>> {
    let segment = searcher.segment_reader(address.segment_ord);
    let mut addends = Vec::new();
    for leaf in leaves {
        let weight = leaf
            .query
            .weight(EnableScoring::enabled_from_searcher(searcher))?;
        let mut scorer = weight.scorer(segment, 1.0)?;
        if scorer.doc() < address.doc_id {
            scorer.seek(address.doc_id);
        }
        if scorer.doc() == address.doc_id {
            addends.push(Addend {
                text: leaf.text.clone(),
                part: leaf.part.as_str(),
                score: scorer.score(),
            });
        }
    }
    addends.retain(|addend| addend.score != 0.0);
    addends.sort_by(|left, right| right.score.total_cmp(&left.score));
    Ok(addends)
}
