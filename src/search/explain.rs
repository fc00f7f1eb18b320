//! What a score is the sum of.

use tantivy::query::{EnableScoring, Query};
use tantivy::{DocSet, Searcher};

use super::Address;
use crate::query::Leaf;

/// One addend of a score.
#[derive(Debug, Clone, PartialEq)]
pub struct Addend {
    /// The word or phrase.
    pub text: String,
    /// How it was found: `text` (title, headings and paragraphs as one), `characters`, `phrase`,
    /// `synonym`, `number`, `region`, `of_region`, or `title`, `heading`, `body`.
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
    let mut addends = Vec::new();
    for leaf in leaves {
        let mut best = (&leaf.text, score(searcher, &*leaf.query, address)?);
        for (text, query) in &leaf.choices {
            let own = score(searcher, &**query, address)?;
            if own > 0.0 && (best.0.is_empty() || own >= best.1) {
                best = (text, own);
            }
        }
        addends.push(Addend {
            text: best.0.clone(),
            part: leaf.part.as_str(),
            score: best.1,
        });
    }
    addends.retain(|addend| addend.score != 0.0);
    addends.sort_by(|left, right| right.score.total_cmp(&left.score));
    Ok(addends)
}

/// What `query` scores the passage with, 0 where it does not find it.
fn score(searcher: &Searcher, query: &dyn Query, address: Address) -> tantivy::Result<f32> {
    let segment = searcher.segment_reader(address.segment_ord);
    let weight = query.weight(EnableScoring::enabled_from_searcher(searcher))?;
    let mut scorer = weight.scorer(segment, 1.0)?;
    if scorer.doc() < address.doc_id {
        scorer.seek(address.doc_id);
    }
    Ok(if scorer.doc() == address.doc_id {
        scorer.score()
    } else {
        0.0
    })
}
