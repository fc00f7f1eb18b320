//! Cuts Chinese into words with jieba; the only place that knows the library.
//!
//! The dictionary is held once behind an `Arc`: a tokenizer that owns it would copy it, tens of
//! megabytes, each time tantivy clones the tokenizer.

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use tantivy_jieba::jieba_rs::{Jieba, TokenizeMode};

use crate::fold::is_searchable;

/// The library's own dictionary, loaded once, when it is first needed.
static STANDARD: LazyLock<Dictionary> = LazyLock::new(|| Dictionary(Arc::new(Jieba::new())));

/// The words that are known. Cheap to clone.
#[derive(Clone)]
pub struct Dictionary(Arc<Jieba>);

/// A word of a normalised text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// The word.
    pub text: &'a str,
    /// Which character of the text it begins with.
    pub start: usize,
    /// One past the character it ends with.
    pub end: usize,
}

impl Dictionary {
    /// The general dictionary of Chinese.
    #[must_use]
    pub fn standard() -> Self {
        STANDARD.clone()
    }

    /// The general dictionary and `words`, each with how often it is to be taken to occur.
    ///
    /// A word without a frequency gets one that lets it stand as a word of its own.
    #[must_use]
    pub fn with_words<'w>(words: impl IntoIterator<Item = (&'w str, Option<usize>)>) -> Self {
        let mut words = words.into_iter().peekable();
        if words.peek().is_none() {
            return Self::standard();
        }
        let mut jieba = Jieba::clone(&STANDARD.0);
        for (word, frequency) in words {
            jieba.add_word(word, frequency, None);
        }
        Self(Arc::new(jieba))
    }

    /// The words of `text` one after another, none within another.
    #[must_use]
    pub fn words<'a>(&self, text: &'a str) -> Vec<Word<'a>> {
        self.tokenize(text, TokenizeMode::Default)
    }

    /// The words of `text`, each after the shorter words it is made of.
    #[must_use]
    pub fn words_and_parts<'a>(&self, text: &'a str) -> Vec<Word<'a>> {
        self.tokenize(text, TokenizeMode::Search)
    }

    /// Calls `each` with the bytes that the words of [`words_and_parts`](Self::words_and_parts) take in
    /// `text`.
    pub fn each_word_and_part(&self, text: &str, mut each: impl FnMut(Range<usize>)) {
        let mut start = 0;
        for piece in pieces(text) {
            let end = start + piece.text.len();
            if piece.is_number {
                each(start..end);
            } else {
                let tokens = self.0.tokenize(piece.text, TokenizeMode::Search, false);
                for token in tokens.iter().filter(|token| is_word(token.word)) {
                    each(start + token.byte_start..start + token.byte_end);
                }
            }
            start = end;
        }
    }

    // Without the hidden Markov model, which guesses words the dictionary lacks: recall rests on
    // the characters, so the guesses cost time and gain nothing. What it does beyond that, keeping
    // 20.93 in one piece, is done here.
    fn tokenize<'a>(&self, text: &'a str, mode: TokenizeMode) -> Vec<Word<'a>> {
        let mut words = Vec::new();
        let mut position = 0;
        for piece in pieces(text) {
            let length = piece.text.chars().count();
            if piece.is_number {
                words.push(Word {
                    text: piece.text,
                    start: position,
                    end: position + length,
                });
            } else {
                let tokens = self.0.tokenize(piece.text, mode, false);
                words.extend(
                    tokens
                        .into_iter()
                        .filter(|token| is_word(token.word))
                        .map(|token| Word {
                            text: token.word,
                            start: position + token.start,
                            end: position + token.end,
                        }),
                );
            }
            position += length;
        }
        words
    }
}

/// Whether a word is more than punctuation and blanks.
fn is_word(word: &str) -> bool {
    word.chars().any(is_searchable)
}

/// A stretch of a text that is a number, or holds none.
struct Piece<'a> {
    text: &'a str,
    is_number: bool,
}

/// The numbers of a text, decimal points included, and what stands between them. Figures within a
/// Latin word (4G, covid19) are part of it.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let bytes = text.as_bytes();
    let latin = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_alphabetic)
    };
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut pieces = Vec::new();
    let mut done = 0;
    let mut at = 0;
    while at < bytes.len() {
        if !digit(at) {
            at += 1;
            continue;
        }
        let start = at;
        while digit(at) || (bytes.get(at) == Some(&b'.') && digit(at + 1)) {
            at += 1;
        }
        if latin(start.checked_sub(1)) || latin(Some(at)) {
            continue;
        }
        // Digits and points are single bytes, so both ends are character boundaries.
        for (from, to, is_number) in [(done, start, false), (start, at, true)] {
            if let Some(text) = text.get(from..to).filter(|text| !text.is_empty()) {
                pieces.push(Piece { text, is_number });
            }
        }
        done = at;
    }
    if let Some(text) = text.get(done..).filter(|text| !text.is_empty()) {
        pieces.push(Piece {
            text,
            is_number: false,
        });
    }
    pieces
}

impl std::fmt::Debug for Dictionary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Dictionary")
    }
}
