//! Text to tokens, the same way for passages and for queries.
//!
//! A text is first normalised ([`Normalized`]), then cut twice: into words ([`words`]), which
//! carry meaning and ranking, and into characters ([`characters`]), which make any string that
//! stands in a text findable. Words alone miss what the dictionary cut otherwise (上城 in
//! 上城区); characters alone cannot tell 中学 from 其中学校.
//!
//! Punctuation and blanks are no tokens of their own. They stay visible only in the pairs they form
//! with their neighbours, since exact matching has to tell 教师，交流 from 教师交流.
//!
//! Invariant: every token's offsets cover, in the original text, exactly what folds to the token;
//! no word is blank or punctuation; no text panics (`tests/analysis.rs`).

mod chinese;
mod function_words;
mod normalize;
mod tokenizer;

pub use chinese::{Dictionary, Word};
pub use function_words::is_function_word;
pub use normalize::{Normalized, marks, normalize};
pub use tokenizer::{CHARACTERS, PAIRS, SINGLES, WORDS, register};

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

/// Every character of `text` that can be searched for, and every two neighbours of any kind.
pub fn characters(text: &Normalized) -> impl Iterator<Item = Gram<'_>> {
    let content = text.as_str();
    let mut ahead = content.char_indices().skip(1);
    content
        .char_indices()
        .enumerate()
        .flat_map(move |(position, (start, c))| {
            let gram = |end| {
                let text = content.get(start..end)?;
                Some(Gram { text, position })
            };
            let single = fold::is_searchable(c).then(|| gram(start + c.len_utf8()));
            let pair = ahead.next().map(|(at, next)| gram(at + next.len_utf8()));
            [single.flatten(), pair.flatten()].into_iter().flatten()
        })
}
