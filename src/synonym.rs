//! Words that mean the same in a field, so that a reader's word finds the report's.
//!
//! Readers type 农民工子女 or 孩子怎么上学; the reports say 随迁子女 and 入学. Which words stand for
//! which is knowledge of the field, so the site owner keeps it (`corpus/synonyms.toml`), each
//! entry with the source it is known from. A two-way group says that its words replace one
//! another; a one-way rule, that whoever types the first also means the second and not the other
//! way round: 老师 finds 教师交流, while 教师 need not find 老师说.
//!
//! Synonyms change what is asked, never what is indexed, so editing them needs no rebuild. Here
//! they are only found in a query; what is made of them is for `query`. Equivalence is not
//! carried on: where A stands with B, and B elsewhere with C, A does not find C.
//!
//! Invariants: [`Synonyms::find`] finds what comparing every word with every place would find,
//! and its stretches fit the text; no text panics (`tests/synonyms.rs`).

mod parse;

use std::collections::HashMap;
use std::sync::Arc;

use aho_corasick::AhoCorasick;

use self::parse::Pair;
pub use self::parse::{Error, Problem};
use crate::fold::comparable;

/// The words of a field that stand for others, ready to be looked for.
#[derive(Debug, Clone, Default)]
pub struct Synonyms {
    /// Each word that stands for others, once, in the order of the file.
    words: Vec<Word>,
    /// Finds them, each by its place.
    automaton: Option<AhoCorasick>,
    groups: usize,
    rules: usize,
    digest: String,
}

#[derive(Debug, Clone)]
struct Word {
    /// As it is compared.
    text: String,
    to: Vec<Equivalent>,
}

/// A word that may stand for the one that was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Equivalent {
    /// As it is compared: folded.
    pub word: String,
    /// As the file has it, for showing.
    pub written: String,
    /// Whether it also works the other way round.
    pub two_way: bool,
    /// What the equivalence is known from.
    pub source: Arc<str>,
}

/// A stretch of a query that other words may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// The character it begins with.
    pub start: usize,
    /// One past the character it ends with.
    pub end: usize,
    /// The word that stands there, folded.
    pub word: &'a str,
    /// The words that may stand for it, at least one, in the order of the file, groups first.
    pub to: &'a [Equivalent],
}

impl Synonyms {
    /// Reads synonyms; the head of the shipped `corpus/synonyms.toml` explains the form.
    ///
    /// ```
    /// use cesou::synonym::Synonyms;
    ///
    /// let synonyms = Synonyms::from_toml(
    ///     r#"
    ///     [[group]]
    ///     words = ["随迁子女", "农民工子女"]
    ///     source = "国发〔2016〕40号"
    ///     [[rule]]
    ///     from = ["老师"]
    ///     to = ["教师"]
    ///     source = "口语"
    ///     "#,
    /// )?;
    /// let found = synonyms.find("农民工子女的老师");
    /// assert_eq!((found[0].start, found[0].end), (0, 5));
    /// assert_eq!(found[0].to[0].word, "随迁子女");
    /// assert!(!found[1].to[0].two_way);
    /// # Ok::<(), cesou::synonym::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where the text is not TOML or says something that has no meaning here: one such place,
    /// with its line and what would put it right.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        let parsed = parse::parse(text)?;
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut words: Vec<Word> = Vec::new();
        for pair in parsed.pairs {
            let Pair {
                from,
                to,
                two_way,
                source,
            } = pair;
            let place = *places.entry(from.clone()).or_insert_with(|| {
                words.push(Word {
                    text: from,
                    to: Vec::new(),
                });
                words.len() - 1
            });
            if let Some(word) = words.get_mut(place) {
                word.to.push(Equivalent {
                    word: comparable(&to),
                    written: to,
                    two_way,
                    source,
                });
            }
        }
        // No file within the reader's bounds has been seen to be too much for the automaton.
        let automaton = AhoCorasick::new(words.iter().map(|word| word.text.as_str()));
        let automaton = automaton.map_err(|_| Error {
            line: 1,
            problem: Problem::TooMany,
        })?;
        Ok(Self {
            words,
            automaton: Some(automaton),
            groups: parsed.groups,
            rules: parsed.rules,
            digest: blake3::hash(text.as_bytes()).to_hex().to_string(),
        })
    }

    /// No synonyms at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// How many two-way groups there are.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// How many one-way rules there are.
    #[must_use]
    pub fn rules(&self) -> usize {
        self.rules
    }

    /// What tells these synonyms from others: a digest of their file, empty where there is none.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Every word that stands for others, folded, with those others; in the order of the file.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &[Equivalent])> {
        self.words
            .iter()
            .map(|word| (word.text.as_str(), word.to.as_slice()))
    }

    /// The stretches of `normalized` that other words may stand for, the longest first, then in
    /// the order they stand.
    ///
    /// `normalized` is text as `analysis::Normalized` makes it, and offsets are of its
    /// characters. Of two stretches that overlap, the one within the other is kept as well
    /// (子女 in 随迁子女: which is meant is for the caller to say), but of two that only share an
    /// end (教师交流, 交流轮岗), the shorter, and of equal ones the later, is left out. A word of
    /// Latin letters or digits is found only whole. Whether a stretch cuts into a word of the
    /// language (上学 in 晚上学习) is not told here, where no dictionary is known.
    #[must_use]
    pub fn find(&self, normalized: &str) -> Vec<Found<'_>> {
        let Some(automaton) = &self.automaton else {
            return Vec::new();
        };
        let mut matches: Vec<(usize, usize, &Word)> = automaton
            .try_find_overlapping_iter(normalized)
            .into_iter()
            .flatten()
            .filter(|found| is_whole(normalized, found.start(), found.end()))
            .filter_map(|found| {
                let word = self.words.get(found.pattern().as_usize())?;
                Some((found.start(), found.end(), word))
            })
            .collect();
        if matches.is_empty() {
            return Vec::new();
        }
        // The character each byte belongs to, with one past the last at the end.
        let mut characters = Vec::with_capacity(normalized.len() + 1);
        let mut count = 0;
        for byte in normalized.bytes().chain([0]) {
            // The bytes 10xx xxxx go on with a character.
            count += usize::from(byte & 0xC0 != 0x80);
            characters.push(count - 1);
        }
        let character = |byte: usize| characters.get(byte).copied().unwrap_or(count);
        for found in &mut matches {
            *found = (character(found.0), character(found.1), found.2);
        }
        matches.sort_unstable_by_key(|&(start, end, _)| (start + count - end, start));
        // Where a stretch that was kept begins or ends: what is no longer and has such a place
        // within it overlaps that stretch without lying inside it.
        let mut bounds = vec![false; count + 1];
        let mut kept = Vec::with_capacity(matches.len());
        for (start, end, word) in matches {
            let within = bounds.get(start + 1..end).unwrap_or_default();
            if within.contains(&true) {
                continue;
            }
            for bound in [start, end] {
                if let Some(bound) = bounds.get_mut(bound) {
                    *bound = true;
                }
            }
            kept.push(Found {
                start,
                end,
                word: &word.text,
                to: &word.to,
            });
        }
        kept
    }
}

/// Whether neither end cuts a run of Latin letters or digits, so that ai is not found in maintain.
/// Both are character boundaries.
fn is_whole(text: &str, start: usize, end: usize) -> bool {
    let joined = |at: usize| {
        let byte = |at: usize| {
            text.as_bytes()
                .get(at)
                .is_some_and(u8::is_ascii_alphanumeric)
        };
        at > 0 && byte(at - 1) && byte(at)
    };
    !joined(start) && !joined(end)
}
