//! What a reader may be about to type, from what was typed so far.
//!
//! The whole of it is completed first. Where that is not enough, what stands from a later word on
//! is, the earlier words staying as they are: 石家庄 教 becomes 石家庄 教育经费. Such a completion
//! is offered only where passages hold it together with the words before; so that this costs the
//! same in any index, it is tried on a bounded number of passages that hold those words.
//!
//! Invariants: every suggestion finds a passage, by its text or, where it has one, by its filter;
//! no text comes twice (`tests/suggest.rs`, over arbitrary text).

mod together;

use std::collections::HashSet;

use self::together::Context;
use super::{Facet, Marked, scope};
use crate::analysis::{Normalized, is_function_word};
use crate::index::{self, Completion, CompletionKind, How, Snapshot};
use crate::query;
use crate::report::Span;

/// The last characters typed that are completed; what stands before is left as it is.
const MAX_CHARS: usize = 64;
/// The most later words from which on what was typed is completed.
const MAX_TAILS: usize = 6;
/// How many times as many completions are looked at as are wanted, where some may find nothing that
/// may be seen.
const SPARE: usize = 10;

/// What a suggestion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SuggestionKind {
    /// A division that reports are from.
    Region,
    /// A theme.
    Theme,
    /// A heading, or a report's title without its region.
    Heading,
    /// Words that passages set together often.
    Phrase,
}

impl SuggestionKind {
    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Theme => "theme",
            Self::Heading => "heading",
            Self::Phrase => "phrase",
        }
    }
}

/// Something to search for.
#[derive(Debug, Clone)]
pub struct Suggestion {
    /// The whole query, with what was typed marked where that shows.
    pub text: Marked,
    /// What its last part is.
    pub kind: SuggestionKind,
    /// How what was typed is found in it; nothing where nothing was typed.
    pub how: Option<How>,
    /// How many passages it finds: those of the region or theme, those under the heading, those
    /// that contain the phrase. Nothing where words stand before the completion.
    pub count: Option<u64>,
    /// For a region or theme, the filter that selects it.
    pub filter: Option<(Facet, String)>,
    /// For a region, the divisions it lies in, outermost first.
    pub parents: Vec<String>,
}

/// At most `limit` completions of `text`, the best first; where nothing is typed, good places to
/// start.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn suggest(
    snapshot: &Snapshot,
    text: &str,
    limit: usize,
) -> Result<Vec<Suggestion>, index::Error> {
    if text.trim().is_empty() {
        return starting_points(snapshot, limit);
    }
    let kept = text.chars().count().saturating_sub(MAX_CHARS);
    let cut = text.char_indices().nth(kept).map_or(0, |(at, _)| at);
    let (before, typed) = text.split_at_checked(cut).unwrap_or(("", text));
    let normalized = Normalized::new(typed);
    let mut suggestions: Vec<Suggestion> = Vec::new();
    let mut known: HashSet<String> = HashSet::new();
    for start in starts(snapshot, &normalized) {
        let wanted = limit - suggestions.len();
        if wanted == 0 {
            break;
        }
        let from = normalized.original(start..start + 1).start;
        let (head, tail) = typed.split_at_checked(from).unwrap_or(("", typed));
        let head = format!("{before}{head}");
        let completed = if head.trim().is_empty() {
            whole(snapshot, &Normalized::new(tail), wanted)?
        } else {
            after(snapshot, &head, &Normalized::new(tail), wanted)?
        };
        suggestions.extend(
            completed
                .into_iter()
                .filter(|suggestion| known.insert(suggestion.text.text.clone())),
        );
    }
    suggestions.truncate(limit);
    Ok(suggestions)
}

/// The most frequent themes and phrases, in turn.
fn starting_points(snapshot: &Snapshot, limit: usize) -> Result<Vec<Suggestion>, index::Error> {
    let best = |kind| -> Result<_, index::Error> {
        let mut best = Vec::new();
        for completion in snapshot
            .completions()
            .best(&[kind], looked_at(snapshot, limit))
        {
            if best.len() == limit {
                break;
            }
            best.extend(scope::counted(snapshot, completion)?);
        }
        Ok(best.into_iter())
    };
    let mut themes = best(CompletionKind::Theme)?;
    let mut phrases = best(CompletionKind::Phrase)?;
    let mut suggestions = Vec::new();
    while suggestions.len() < limit {
        let next: Vec<Completion> = [themes.next(), phrases.next()]
            .into_iter()
            .flatten()
            .collect();
        if next.is_empty() {
            break;
        }
        suggestions.extend(next.into_iter().map(|completion| {
            let text = Marked::at(&completion.text, &[]);
            suggestion(completion, text, None)
        }));
    }
    suggestions.truncate(limit);
    Ok(suggestions)
}

/// How many completions are looked at where `limit` are wanted.
fn looked_at(snapshot: &Snapshot, limit: usize) -> usize {
    if snapshot.part().is_empty() {
        limit
    } else {
        limit * SPARE
    }
}

/// The characters of what was typed from which on it is completed: the first, and the first of the
/// last few words.
fn starts(snapshot: &Snapshot, typed: &Normalized) -> Vec<usize> {
    if typed.chars() == 0 {
        return Vec::new();
    }
    let mut starts: Vec<usize> = snapshot
        .dictionary()
        .words(typed.as_str())
        .iter()
        .map(|word| word.start)
        .filter(|&start| start > 0)
        .collect();
    let surplus = starts.len().saturating_sub(MAX_TAILS);
    starts.drain(..surplus);
    starts.insert(0, 0);
    starts
}

/// Completions of all that was typed.
fn whole(
    snapshot: &Snapshot,
    typed: &Normalized,
    limit: usize,
) -> Result<Vec<Suggestion>, index::Error> {
    let most = looked_at(snapshot, limit);
    let mut suggestions = Vec::new();
    for found in snapshot.completions().matching(typed, true, most) {
        if suggestions.len() == limit {
            break;
        }
        if let Some(completion) = scope::counted(snapshot, found.completion)? {
            let text = Marked::at(&completion.text, found.typed.as_slice());
            suggestions.push(suggestion(completion, text, Some(found.how)));
        }
    }
    Ok(suggestions)
}

/// Completions of what was typed after `head`, which passages hold together with it.
fn after(
    snapshot: &Snapshot,
    head: &str,
    typed: &Normalized,
    limit: usize,
) -> Result<Vec<Suggestion>, index::Error> {
    let most = looked_at(snapshot, limit) * 2;
    let matches = snapshot.completions().matching(typed, false, most);
    if matches.is_empty() {
        return Ok(Vec::new());
    }
    let normalized = Normalized::new(head);
    let words: Vec<&str> = snapshot
        .dictionary()
        .words(normalized.as_str())
        .iter()
        .map(|word| word.text)
        .filter(|word| !is_function_word(word))
        .collect();
    let Some(context) = Context::new(snapshot, &words)? else {
        return Ok(Vec::new());
    };
    let mut sure = Vec::new();
    let mut unsure = Vec::new();
    for found in matches {
        // What the words before say already need not be said again.
        let said = Normalized::new(&found.completion.text);
        // A quote that was opened before would end at one within.
        if normalized.as_str().contains(said.as_str())
            || (head.contains(query::is_quote) && found.completion.text.contains(query::is_quote))
            || words.iter().any(|word| said.as_str().contains(word))
        {
            continue;
        }
        let is_held = match filter(&found.completion) {
            Some((facet, value)) => {
                let term = facet.term(snapshot.fields(), &value);
                context.holds(term.into_iter().collect())?
            }
            None => context.holds(together::terms(snapshot.fields().text_characters, &said))?,
        };
        let list = match is_held {
            Some(true) => &mut sure,
            Some(false) => continue,
            None if scope::counted(snapshot, found.completion.clone())?.is_none() => continue,
            None => &mut unsure,
        };
        // A region or theme is a word of its own, whether or not a blank was typed.
        let blank = match found.completion.kind {
            CompletionKind::Phrase | CompletionKind::Heading => "",
            _ if head.ends_with(char::is_whitespace) => "",
            _ => " ",
        };
        let joined = format!("{head}{blank}{}", found.completion.text);
        let mut spans = vec![Span::new(0, head.trim_end().len())];
        let shift = head.len() + blank.len();
        spans.extend(found.typed.map(|span| span.shifted(shift)));
        let text = Marked::at(&joined, &spans);
        let mut suggested = suggestion(found.completion, text, Some(found.how));
        suggested.count = None;
        list.push(suggested);
    }
    sure.append(&mut unsure);
    sure.truncate(limit);
    Ok(sure)
}

fn suggestion(completion: Completion, text: Marked, how: Option<How>) -> Suggestion {
    Suggestion {
        text,
        kind: match completion.kind {
            CompletionKind::Province | CompletionKind::City | CompletionKind::County => {
                SuggestionKind::Region
            }
            CompletionKind::Theme => SuggestionKind::Theme,
            CompletionKind::Phrase => SuggestionKind::Phrase,
            CompletionKind::Heading => SuggestionKind::Heading,
        },
        how,
        count: Some(completion.count),
        filter: filter(&completion),
        parents: completion.parents,
    }
}

/// The filter that selects a completion.
pub(super) fn filter(completion: &Completion) -> Option<(Facet, String)> {
    let facet = match completion.kind {
        CompletionKind::Province => Facet::Province,
        CompletionKind::City => Facet::City,
        CompletionKind::County => Facet::County,
        CompletionKind::Theme => Facet::Theme,
        CompletionKind::Phrase | CompletionKind::Heading => return None,
    };
    Some((facet, completion.value.clone()?))
}
