//! Where a hand-edited TOML file is wrong: the line, what spoils it, and the key that was meant.
//!
//! Taxonomy and synonyms are kept by people who know their field, not TOML. What each file may
//! say, and how to put it right, is for its own reader (`theme`, `synonym`); here is what all of
//! them tell alike.

use toml::Spanned;
use toml::de::Error;

/// A TOML text, for finding lines in it.
#[derive(Debug, Clone)]
pub struct Source<'a> {
    text: &'a str,
    /// Where each line ends but the last.
    ends: Vec<usize>,
}

/// A line that is not TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Syntax {
    /// The line, from 1.
    pub line: usize,
    /// What the TOML parser said.
    pub message: String,
    /// A full-width quotation mark, comma, bracket or equals sign of that line, the usual cause
    /// where Chinese is typed.
    pub full_width: Option<char>,
}

impl<'a> Source<'a> {
    /// The text to find lines in.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        let bytes = text.bytes().enumerate();
        let ends = bytes.filter(|&(_, byte)| byte == b'\n');
        Self {
            text,
            ends: ends.map(|(at, _)| at).collect(),
        }
    }

    /// The line, from 1, of the byte at `offset`.
    #[must_use]
    pub fn line(&self, offset: usize) -> usize {
        1 + self.ends.partition_point(|&end| end < offset)
    }

    /// The line, from 1, that `place` begins in.
    #[must_use]
    pub fn line_of<T>(&self, place: &Spanned<T>) -> usize {
        self.line(place.span().start)
    }

    /// Where and why the text is no TOML.
    #[must_use]
    pub fn syntax(&self, error: &Error) -> Syntax {
        let line = self.line(error.span().map_or(0, |span| span.start));
        let content = self.text.lines().nth(line - 1).unwrap_or_default();
        let content = content.split('#').next().unwrap_or_default();
        Syntax {
            line,
            message: error.message().to_owned(),
            full_width: content
                .chars()
                .find(|c| "“”‘’，、［］【】＝｛｝".contains(*c)),
        }
    }
}

/// The key among `known` that `key` is most like, if it is like any: of three letters one may be
/// wrong.
///
/// ```
/// use cesou::diagnostic::nearest;
///
/// assert_eq!(nearest("weight", &["words", "weights"]), Some("weights"));
/// assert_eq!(nearest("词", &["words", "weights"]), None);
/// ```
#[must_use]
pub fn nearest(key: &str, known: &[&'static str]) -> Option<&'static str> {
    let key = key.to_lowercase();
    known
        .iter()
        .map(|&known| (strsim::levenshtein(&key, known), known))
        .min()
        .filter(|&(distance, known)| distance * 3 <= known.len())
        .map(|(_, known)| known)
}
