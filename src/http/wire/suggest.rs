//! Completions, as they are sent.

use schemars::JsonSchema;
use serde::Serialize;

use crate::index::How;
use crate::search::Suggestion;

/// The completions of what was typed.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct SuggestAnswer {
    query: TypedEcho,
    took_ms: f64,
    suggestions: Vec<SuggestionAnswer>,
}

#[derive(Serialize, JsonSchema)]
struct TypedEcho {
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct SuggestionAnswer {
    /// What to search for.
    text: String,
    /// The same, escaped, with `<mark>` around what was typed.
    html: String,
    /// `region`, `theme`, `phrase` or `heading`.
    kind: &'static str,
    /// How what was typed is found in it: `text`, `pinyin` or `initials`; null where nothing was
    /// typed.
    matched: Option<&'static str>,
    /// How many passages it finds; null where words stand before the completion.
    count: Option<u64>,
    /// For a region or theme, the filter that selects it.
    filter: Option<FilterAnswer>,
    /// For a region, the divisions it lies in, outermost first.
    parents: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct FilterAnswer {
    field: &'static str,
    value: String,
}

impl SuggestAnswer {
    pub(in crate::http) fn new(text: String, suggestions: Vec<Suggestion>, took_ms: f64) -> Self {
        Self {
            query: TypedEcho { text },
            took_ms,
            suggestions: suggestions.into_iter().map(SuggestionAnswer::new).collect(),
        }
    }
}

impl SuggestionAnswer {
    fn new(suggestion: Suggestion) -> Self {
        Self {
            text: suggestion.text.text,
            html: suggestion.text.html,
            kind: suggestion.kind.as_str(),
            matched: suggestion.how.map(How::as_str),
            count: suggestion.count,
            filter: suggestion.filter.map(|(facet, value)| FilterAnswer {
                field: facet.as_str(),
                value,
            }),
            parents: suggestion.parents,
        }
    }
}
