//! Finds the set phrases of a corpus by counting, nothing by hand: 集团化办学, 教师交流轮岗.
//!
//! A reader who types 教师 is helped by what the reports themselves go on to say. A phrase is a
//! run of words that is *frequent*, *cohesive* and *complete*:
//!
//! - it stands in several passages;
//! - at its weakest joint it holds together more than chance would have it: the least normalised
//!   pointwise mutual information over all cuts of it in two (Bouma, *Normalized (pointwise) mutual
//!   information in collocation extraction*, 2009) is high enough;
//! - what stands before and after it varies: the entropy of its neighbours on either side is high
//!   enough (Jin and Tanaka-Ishii, *Unsupervised segmentation of Chinese text by use of branching
//!   entropy*, 2006), a break counting as a neighbour of its own kind each time;
//! - it is no mere part of longer phrases: its C-value (Frantzi, Ananiadou and Mima, *Automatic
//!   recognition of multi-word terms*, 2000), by which phrases are also ordered, keeps most of its
//!   frequency.
//!
//! Runs are counted level by level, a run of n + 1 words only where both runs of n words in it are
//! frequent (Agrawal and Srikant's Apriori, 1994), and only if the bucket it hashes to is full
//! enough (Park, Chen and Yu, *An effective hash-based algorithm for mining association rules*,
//! 1995), so memory follows the text kept, which is bounded, not what could be formed of it.
//!
//! Invariants: the same passages in the same order give the same phrases; a phrase stands in as
//! many of them as it says, or in more where words are cut otherwise (the tests below).

mod levels;

use rustc_hash::FxHashMap;

use self::levels::{Counted, Gram, Text};
use crate::analysis::{Dictionary, Normalized, is_function_word};

/// The fewest and the most characters of a phrase.
const CHARS: std::ops::RangeInclusive<usize> = 3..=12;
/// The most words of a phrase; runs of one more are counted, to know what surrounds it.
const MAX_WORDS: usize = 4;
/// The most words kept of all passages together: about 45 MB of text, 80 MB of memory. What is
/// frequent in more text than that is frequent in a part of it too.
const MAX_KEPT: usize = 10_000_000;
/// The least normalised pointwise mutual information at the weakest joint.
const MIN_COHESION: f64 = 0.25;
/// The least share of its uses that a word of one character has in a phrase it begins or ends:
/// 随 is part of 随迁子女, 等 no part of 等领域.
const MIN_SHARE_OF_ONE: f64 = 0.3;
/// The least entropy of the neighbours on either side, in nats, where occurrences are many; of few
/// occurrences, this share of the most that so few can have.
const MIN_FREEDOM: f64 = 0.9;
const MIN_FREEDOM_SHARE: f64 = 0.6;
/// The least share of its passages that a phrase has apart from longer phrases, on average.
const MIN_APART: f64 = 0.2;

/// A run of words that is said often, holds together and stands on its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Phrase {
    /// The normalised text.
    pub text: String,
    /// How many of the passages it was found in.
    pub passages: u32,
    /// The C-value; comparable within one corpus only.
    pub weight: f64,
}

/// Gathers the words of passages, then finds the phrases in them.
pub struct Miner<'d> {
    dictionary: &'d Dictionary,
    ids: FxHashMap<Box<str>, u32>,
    text: Text,
}

impl<'d> Miner<'d> {
    /// With no passages yet.
    #[must_use]
    pub fn new(dictionary: &'d Dictionary) -> Self {
        Self {
            dictionary,
            ids: FxHashMap::default(),
            text: Text::default(),
        }
    }

    /// Whether as much text is kept as ever will be; more passages are not taken.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.text.len() >= MAX_KEPT
    }

    /// Takes the words of a passage, if there is room.
    pub fn add(&mut self, text: &Normalized) {
        if self.is_full() {
            return;
        }
        let mut end = None;
        for word in self.dictionary.words(text.as_str()) {
            // Punctuation between two words is no word, so they do not follow each other.
            if end.is_some_and(|end| end != word.start) {
                self.text.break_run();
            }
            end = Some(word.end);
            // Numbers and signs such as % differ from place to place.
            if !word.text.chars().all(char::is_alphabetic) {
                self.text.break_run();
                continue;
            }
            let next = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
            let id = self.ids.get(word.text).copied().unwrap_or(next);
            if id == next {
                self.ids.insert(word.text.into(), next);
            }
            self.text.push(id);
        }
        self.text.end_passage();
    }

    /// The phrases, the weightiest first, at most `limit`.
    #[must_use]
    pub fn phrases(self, limit: usize) -> Vec<Phrase> {
        let mut words: Vec<(Box<str>, u32)> = self.ids.into_iter().collect();
        words.sort_unstable_by_key(|&(_, id)| id);
        let words: Vec<Word> = words.into_iter().map(|(text, _)| Word::new(text)).collect();
        let least = least_passages(self.text.passages());
        let counted = self.text.count(MAX_WORDS + 1, least);
        let mut phrases = weigh(&counted, &words);
        phrases.sort_unstable_by(|left, right| {
            right
                .weight
                .total_cmp(&left.weight)
                .then_with(|| left.text.cmp(&right.text))
        });
        phrases.truncate(limit);
        phrases
    }
}

/// What is asked of a word by its place in a phrase.
struct Word {
    text: Box<str>,
    chars: usize,
    /// Whether a phrase may begin or end with it.
    is_edge: bool,
    is_chinese: bool,
}

impl Word {
    fn new(text: Box<str>) -> Self {
        Self {
            chars: text.chars().count(),
            is_edge: !is_function_word(&text),
            is_chinese: !text.is_ascii(),
            text,
        }
    }
}

/// The fewest passages a phrase stands in, of this many.
fn least_passages(of: u32) -> u32 {
    // Two in a hundred passages, three in a thousand, four in ten thousand.
    of.max(1).ilog10().max(2)
}

/// Whether a run of `length` words is one, longer phrases aside.
fn is_phrase(counted: &Counted, length: usize, gram: &Gram, words: &[Word]) -> bool {
    let run = || {
        let ids = counted.run(length, gram).iter();
        ids.filter_map(|&id| words.get(id as usize))
    };
    let chars: usize = run().map(|word| word.chars).sum();
    let ends = counted.ends(length, gram);
    let mut edges = [run().next(), run().next_back()].into_iter().zip(ends);
    CHARS.contains(&chars)
        && edges.all(|(word, times)| {
            let share = f64::from(gram.times) / f64::from(times);
            word.is_some_and(|word| word.is_edge && (word.chars > 1 || share >= MIN_SHARE_OF_ONE))
        })
        && run().any(|word| word.is_chinese)
        && gram.freedom() >= MIN_FREEDOM.min(MIN_FREEDOM_SHARE * f64::from(gram.times).ln())
        && counted.cohesion(length, gram) >= MIN_COHESION
}

/// The longer phrases that hold a run.
#[derive(Clone, Copy, Default)]
struct Holders {
    count: u32,
    /// The passages of each, added up.
    passages: u64,
    /// The passages of the most frequent.
    most: u32,
}

/// The phrases with their C-value, the longest first, without those that hardly stand apart from
/// longer ones.
fn weigh(counted: &Counted, words: &[Word]) -> Vec<Phrase> {
    let mut holders: Vec<Vec<Holders>> = (1..=MAX_WORDS)
        .map(|length| vec![Holders::default(); counted.grams(length).len()])
        .collect();
    let mut phrases = Vec::new();
    for length in (1..=MAX_WORDS).rev() {
        for (id, gram) in counted.grams(length).iter().enumerate() {
            if !is_phrase(counted, length, gram, words) {
                continue;
            }
            let held = holders
                .get(length - 1)
                .and_then(|grams| grams.get(id))
                .copied()
                .unwrap_or_default();
            for (length, id) in counted.parts(length, gram) {
                let slot = holders
                    .get_mut(length - 1)
                    .and_then(|grams| grams.get_mut(id as usize));
                if let Some(holders) = slot {
                    holders.count += 1;
                    holders.passages += u64::from(gram.passages);
                    holders.most = holders.most.max(gram.passages);
                }
            }
            let passages = f64::from(gram.passages);
            if f64::from(held.most) > (1.0 - MIN_APART) * passages {
                continue;
            }
            #[expect(clippy::cast_precision_loss, reason = "an average of counts")]
            let apart = passages - held.passages as f64 / f64::from(held.count.max(1));
            let text: String = counted
                .run(length, gram)
                .iter()
                .filter_map(|&id| words.get(id as usize))
                .map(|word| &*word.text)
                .collect();
            let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
            phrases.push(Phrase {
                text,
                passages: gram.passages,
                weight: f64::from(chars).log2() * apart,
            });
        }
    }
    phrases
}

#[cfg(test)]
mod tests {
    use super::{Dictionary, Miner, Normalized, Phrase, is_function_word};

    /// Passages that say the same things in different surroundings.
    const PASSAGES: [&str; 6] = [
        "推进集团化办学，加强教师交流，落实随迁子女入学政策。",
        "集团化办学让名校带动弱校；随迁子女和本地学生同等对待。",
        "全市有集团化办学试点20个，教师交流比例达到10%。",
        "保障随迁子女就近入学，不设门槛，鼓励教师交流轮岗。",
        "完善的集团化办学章程，由专家评估，教师交流成为常态。",
        "学校的随迁子女占三成，开展结对帮扶。",
    ];

    fn phrases(passages: &[&str]) -> Vec<Phrase> {
        let dictionary = Dictionary::standard();
        let mut miner = Miner::new(&dictionary);
        for passage in passages {
            miner.add(&Normalized::new(passage));
        }
        miner.phrases(100)
    }

    #[test]
    fn finds_what_is_said_often_and_stands_alone() {
        let found = phrases(&PASSAGES);
        let has = |text: &str| found.iter().find(|phrase| phrase.text == text);
        for (text, passages) in [("集团化办学", 4), ("教师交流", 4), ("随迁子女", 4)] {
            assert_eq!(
                has(text).map(|phrase| phrase.passages),
                Some(passages),
                "{text} in {found:?}"
            );
        }
        // Parts of a phrase that never stand alone, and what stands across its ends.
        for text in ["集团化", "化办学", "随迁子", "的随迁子女", "推进集团化办学"]
        {
            assert_eq!(has(text), None, "{found:?}");
        }
    }

    #[test]
    fn counts_no_more_passages_than_hold_the_phrase() {
        for phrase in phrases(&PASSAGES) {
            let holding = PASSAGES
                .iter()
                .filter(|passage| Normalized::new(passage).as_str().contains(&phrase.text))
                .count();
            assert!(phrase.passages as usize <= holding, "{phrase:?}");
            assert!(!is_function_word(&phrase.text));
        }
    }

    #[test]
    fn finds_the_same_every_time_and_nothing_in_nothing() {
        assert_eq!(phrases(&PASSAGES), phrases(&PASSAGES));
        assert_eq!(phrases(&[]), []);
        assert_eq!(phrases(&["", "。", "12%", "a", "教师"]), []);
        assert_eq!(phrases(&["教师教师教师教师", "教师教师教师教师"]), []);
    }
}
