//! Cuts Chinese into words with jieba; the only place that knows the library.
//!
//! The dictionary is held once behind an `Arc`: a tokenizer that owns it would copy it, tens of
//! megabytes, each time tantivy clones the tokenizer.

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

    // Without the hidden Markov model, which guesses words the dictionary lacks: recall rests on
    // the characters, so the guesses cost time and gain nothing.
    fn tokenize<'a>(&self, text: &'a str, mode: TokenizeMode) -> Vec<Word<'a>> {
        self.0
            .tokenize(text, mode, false)
            .into_iter()
            .filter(|token| token.word.chars().any(is_searchable))
            .map(|token| Word {
                text: token.word,
                start: token.start,
                end: token.end,
            })
            .collect()
    }
}

impl std::fmt::Debug for Dictionary {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Dictionary")
    }
}
