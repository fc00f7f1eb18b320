//! Recognises what web pages and databases add to any text: buttons, reprint notices, headers.
//!
//! Such lines say nothing of the region and would match searches for 下载, 转载 or 来源. The rules
//! are data, in `corpus/boilerplate.toml`, since every site adds its own. A rule takes a line whole
//! or not at all, and most look only at the head of a document, before its first sentence, or at
//! its tail, after the last, so that a sentence of a report is never lost to one.
//!
//! Invariant: a rules file is either understood whole or refused with its line
//! (`tests/boilerplate.rs`).

mod parse;

use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::fold::fold;

pub use parse::Error;

/// The rules of a corpus that has no file of its own.
const SHIPPED: &str = include_str!("../../corpus/boilerplate.toml");
/// The most bytes of a line that any rule looks at.
const MAX_BYTES: usize = 4 * parse::MAX_CHARS;

/// The part of a document a line stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Before its first sentence.
    Head,
    Body,
    /// After its last sentence.
    Tail,
}

/// Where a rule looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    Anywhere,
    Head,
    Tail,
    Ends,
}

impl Where {
    fn holds(self, place: Place) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Head => place == Place::Head,
            Self::Tail => place == Place::Tail,
            Self::Ends => place != Place::Body,
        }
    }
}

/// What a line must be for a rule to take it.
#[derive(Debug, Clone)]
enum Test {
    /// It consists of these, letters and digits only, longest first.
    Only(Vec<Vec<char>>),
    /// It holds all of these.
    Words(Vec<String>),
    /// It begins with one of these, blanks left out, then a colon.
    Fields(Vec<String>),
    Pattern(Regex),
}

#[derive(Debug, Clone)]
struct Rule {
    name: String,
    place: Where,
    max_chars: usize,
    test: Test,
}

/// The rules that are shipped, read once.
static DEFAULT: LazyLock<Rules> = LazyLock::new(|| {
    // A test reads the file; should it be spoilt all the same, nothing is left out.
    let rules = parse::rules(SHIPPED).unwrap_or_default();
    Rules {
        rules: Arc::new(rules),
    }
});

/// The rules in force; cheap to clone.
#[derive(Debug, Clone)]
pub struct Rules {
    rules: Arc<Vec<Rule>>,
}

impl Default for Rules {
    /// The rules that are shipped.
    fn default() -> Self {
        DEFAULT.clone()
    }
}

impl Rules {
    /// The rules of a TOML text.
    ///
    /// # Errors
    ///
    /// Says in which line it is wrong, and how to put it right.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        parse::rules(text).map(|rules| Self {
            rules: Arc::new(rules),
        })
    }

    /// The names of the rules, in order, each once.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for rule in self.rules.iter() {
            if !names.contains(&rule.name.as_str()) {
                names.push(&rule.name);
            }
        }
        names
    }

    /// The name of the rule by which `line`, without blanks at its ends, is boilerplate.
    pub(super) fn rule(&self, line: &str, place: Place) -> Option<&str> {
        if line.len() > MAX_BYTES {
            return None;
        }
        let mut chars = None;
        let mut plain = None;
        self.rules
            .iter()
            .filter(|rule| rule.place.holds(place) && line.len() <= 4 * rule.max_chars)
            .find(|rule| {
                let test = match &rule.test {
                    Test::Only(words) => {
                        consists_of(plain.get_or_insert_with(|| letters(line)), words)
                    }
                    Test::Words(words) => words.iter().all(|word| line.contains(word.as_str())),
                    Test::Fields(names) => has_field(line, names),
                    Test::Pattern(pattern) => pattern.is_match(line),
                };
                test && *chars.get_or_insert_with(|| line.chars().count()) <= rule.max_chars
            })
            .map(|rule| rule.name.as_str())
    }
}

/// Letters and digits, folded.
fn letters(text: &str) -> Vec<char> {
    text.chars()
        .filter_map(fold)
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// Whether `line` is made of `words` only, at least one of them longer than a character: the
/// letters of 大 中 小 alone may be anything.
fn consists_of(line: &[char], words: &[Vec<char>]) -> bool {
    let mut at = 0;
    let mut told = false;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(word) = words.iter().find(|word| rest.starts_with(word)) else {
            return false;
        };
        told |= word.len() > 1;
        at += word.len();
    }
    told
}

/// Whether `line` begins with one of `names` and a colon, or with one in 【】.
fn has_field(line: &str, names: &[String]) -> bool {
    let mut chars = line.chars().filter(|c| !c.is_whitespace()).peekable();
    let closing = match chars.peek() {
        Some('【') => Some('】'),
        Some('[') => Some(']'),
        _ => None,
    };
    if closing.is_some() {
        chars.next();
    }
    let mut name = String::new();
    for c in chars.take(16) {
        if matches!(c, ':' | '：' | '|' | '｜') || Some(c) == closing {
            return names.contains(&name);
        }
        name.push(c);
    }
    false
}
