//! Passages like one, as they are sent.

use schemars::JsonSchema;
use serde::Serialize;

use super::{MarkedAnswer, PassageHead};
use crate::search::Similar;

/// The passages like one.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct SimilarAnswer {
    /// The id of the passage asked about.
    passage: String,
    took_ms: f64,
    similar: Vec<Likeness>,
}

#[derive(Serialize, JsonSchema)]
struct Likeness {
    #[serde(flatten)]
    passage: PassageHead,
    /// From 0 to 1, a share of what the passage asked about would get itself.
    score: f32,
    /// The terms that both hold, with what each adds to the score.
    shared_terms: Vec<SharedTerm>,
    snippet: MarkedAnswer,
    /// Whether it is the same text but for a few characters.
    near_duplicate: bool,
}

#[derive(Serialize, JsonSchema)]
struct SharedTerm {
    text: String,
    weight: f32,
}

impl SimilarAnswer {
    pub(in crate::http) fn new(passage: String, similar: Vec<Similar>, took_ms: f64) -> Self {
        Self {
            passage,
            took_ms,
            similar: similar.into_iter().map(Likeness::new).collect(),
        }
    }
}

impl Likeness {
    fn new(similar: Similar) -> Self {
        Self {
            passage: PassageHead::new(&similar.passage, &similar.report),
            score: similar.score,
            shared_terms: similar
                .shared
                .into_iter()
                .map(|term| SharedTerm {
                    text: term.text,
                    weight: term.weight,
                })
                .collect(),
            snippet: MarkedAnswer {
                text: similar.snippet.text,
                html: similar.snippet.html,
            },
            near_duplicate: similar.near_duplicate,
        }
    }
}
