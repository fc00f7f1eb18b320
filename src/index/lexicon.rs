//! The words an index holds, with how many passages hold each: what a query may have meant.
//!
//! A word typed otherwise than the corpus has it is to be led back to one that is there, so all
//! words come from the index itself: the terms of its word fields, the names of the regions it has
//! reports from, the labels of its themes. They stand under several keys, each kind in a
//! finite-state transducer, so that a lookup costs microseconds whatever their number: the word,
//! its spelling in pinyin, that spelling with sounds that are easily confused made one, the word
//! without one of its characters, and, for names of regions and themes, the initials.
//!
//! Invariants: what a lookup gives is a word of the index; what was written is read back the same
//! (`tests/rewrites.rs`).

mod gather;
mod store;

use fst::{IntoStreamer, Map, Streamer};

pub(super) use store::{read, write};

use crate::pinyin;

/// What stands between a key and the word it leads to; no key holds it.
const SEPARATOR: u8 = 0;
/// The key of the sum of all frequencies among the words; no word is spelt so.
const TOTAL: &str = "\0total";
/// The most words under a key that are looked at.
const MAX_SCANNED: usize = 1024;
/// The most characters a word has to be led back to.
const MAX_CHARS: usize = 8;
/// The most spellings of a word that are keys.
const MAX_SPELLINGS: usize = 8;

type Transducer = Map<Vec<u8>>;

/// The words of an index.
pub struct Lexicon {
    /// Word to frequency.
    words: Transducer,
    /// Letters of the spelling, and the word, to frequency.
    spelt: Transducer,
    /// Near syllables, and the word, to frequency.
    near: Transducer,
    /// Initials, and the name, to frequency.
    initials: Transducer,
    /// The word without one of its characters, and the word, to frequency.
    shortened: Transducer,
    total: u64,
}

/// A word of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The word, normalised.
    pub word: String,
    /// How many passages hold it, by the field where most do.
    pub frequency: u64,
}

impl Lexicon {
    /// How many passages hold `word` as a word; 0 where none does.
    #[must_use]
    pub fn frequency(&self, word: &str) -> u64 {
        self.words.get(word).unwrap_or(0)
    }

    /// The sum of the frequencies of all words, at least 1.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.max(1)
    }

    /// How many words there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len().saturating_sub(1)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At most `limit` words whose spelling is `letters` in one of their readings, the most
    /// frequent first.
    #[must_use]
    pub fn spelt(&self, letters: &str, limit: usize) -> Vec<Known> {
        under(&self.spelt, letters, limit)
    }

    /// How many of the first bytes of `letters` spell a word, for each such number.
    #[must_use]
    pub fn spelt_beginnings(&self, letters: &str) -> Vec<usize> {
        let spelt = self.spelt.as_fst();
        let mut node = spelt.root();
        let mut ends = Vec::new();
        for (at, &letter) in letters.as_bytes().iter().enumerate() {
            let Some(next) = node.find_input(letter) else {
                break;
            };
            node = spelt.node(node.transition_addr(next));
            if node.find_input(SEPARATOR).is_some() {
                ends.push(at + 1);
            }
        }
        ends
    }

    /// At most `limit` words that sound like `syllables` where sounds that are easily confused are
    /// one, the most frequent first; those that sound the same are among them.
    #[must_use]
    pub fn near<'s>(
        &self,
        syllables: impl IntoIterator<Item = &'s str>,
        limit: usize,
    ) -> Vec<Known> {
        under(&self.near, &near_key(syllables), limit)
    }

    /// At most `limit` names of regions and labels of themes with these first letters, the most
    /// frequent first.
    #[must_use]
    pub fn with_initials(&self, letters: &str, limit: usize) -> Vec<Known> {
        under(&self.initials, letters, limit)
    }

    /// At most `limit` words that are `text` when one of their characters is left out, the most
    /// frequent first.
    #[must_use]
    pub fn lengthened(&self, text: &str, limit: usize) -> Vec<Known> {
        under(&self.shortened, text, limit)
    }
}

/// The key of syllables that sound near.
fn near_key<'s>(syllables: impl IntoIterator<Item = &'s str>) -> String {
    let near: Vec<String> = syllables.into_iter().map(pinyin::near).collect();
    near.join(" ")
}

/// The most frequent words under `key`.
fn under(map: &Transducer, key: &str, limit: usize) -> Vec<Known> {
    let mut from = key.as_bytes().to_vec();
    from.push(SEPARATOR);
    let mut to = key.as_bytes().to_vec();
    to.push(SEPARATOR + 1);
    let begin = from.len();
    let mut stream = map.range().ge(from).lt(to).into_stream();
    let mut found: Vec<Known> = Vec::new();
    let mut scanned = 0;
    while let Some((key, frequency)) = stream.next() {
        scanned += 1;
        if scanned > MAX_SCANNED {
            break;
        }
        // In the order of the words, so that of two as frequent the first stays.
        let rank = found.partition_point(|known| known.frequency >= frequency);
        let word = key.get(begin..).map(std::str::from_utf8);
        if rank < limit
            && let Some(Ok(word)) = word
        {
            found.truncate(limit - 1);
            found.insert(
                rank,
                Known {
                    word: word.to_owned(),
                    frequency,
                },
            );
        }
    }
    found
}
