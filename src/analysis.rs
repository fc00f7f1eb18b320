//! Text to tokens, the same way for passages and for queries.
//!
//! A text is first normalised ([`Normalized`]), then cut twice: into words ([`words`]), which
//! carry meaning and ranking, and into characters ([`characters`]), which make any string that
//! stands in a text findable. Words alone miss what the dictionary cut otherwise (上城 in
//! 上城区); characters alone cannot tell 中学 from 其中学校.
//!
//! Invariant: every token's offsets cover, in the original text, exactly what folds to the token;
//! no token is blank or punctuation; no text panics (`tests/analysis.rs`).

mod chinese;
mod normalize;
mod tokenizer;

pub use chinese::{Dictionary, Word};
pub use normalize::{Fragment, Normalized};
pub use tokenizer::{CHARACTERS, WORDS, register};

use crate::fold;

/// A character or a pair of neighbours, as the character index holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gram<'a> {
    /// One or two characters.
    pub text: &'a str,
    /// Which character of the normalised text it begins with.
    pub position: usize,
}

/// The words of `text`, with the parts of long words that are words too, in the order the
/// dictionary gives them; words of punctuation or blanks are left out.
#[must_use]
pub fn words<'a>(dictionary: &Dictionary, text: &'a Normalized) -> Vec<Word<'a>> {
    dictionary.words_and_parts(text.as_str())
}

/// Every character of `text` that can be searched for, and every two that are neighbours.
pub fn characters(text: &Normalized) -> impl Iterator<Item = Gram<'_>> {
    let content = text.as_str();
    let mut ahead = content.char_indices().skip(1);
    content
        .char_indices()
        .enumerate()
        .flat_map(move |(position, (start, c))| {
            let next = ahead.next();
            let searchable = fold::is_searchable(c);
            let end = start + c.len_utf8();
            let single = searchable
                .then(|| content.get(start..end))
                .flatten()
                .map(|text| Gram { text, position });
            let pair = next
                .filter(|&(_, next)| searchable && fold::is_searchable(next))
                .and_then(|(at, next)| content.get(start..at + next.len_utf8()))
                .map(|text| Gram { text, position });
            single.into_iter().chain(pair)
        })
}
