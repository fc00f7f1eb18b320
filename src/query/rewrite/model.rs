//! How likely a text is, by what the index holds: its words, and which characters are neighbours.
//!
//! The score of a text is that of its best cutting into words: the logarithm of each word's share
//! of all words, and, where two words meet, how much more often the two characters are neighbours
//! than chance would have it (pointwise mutual information). Fewer, more frequent words that are
//! used to each other's company score higher.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::is_ideograph;
use crate::index::{Lexicon, Snapshot};
use crate::query::run::Terms;

/// What is taken to be the frequency of a character that is no word by itself.
const NEVER_ALONE: f32 = 0.1;
/// The longest word that is looked for, in characters.
const LONGEST: usize = 8;
/// The most that the company of two characters counts for or against a text.
const COMPANY: f32 = 3.0;
/// What two words count less that are never next to each other.
const UNSEEN: f32 = 1.5;
/// Two neighbours are odd although they do occur where chance alone would bring them together this
/// many times as often.
const ODD: f32 = 300.0;

/// The likelihood of texts, for one query.
pub(super) struct Model<'a> {
    snapshot: &'a Snapshot,
    terms: Arc<Terms>,
    grams: RefCell<FxHashMap<(char, Option<char>), u64>>,
    words: RefCell<FxHashMap<String, u64>>,
}

/// The best cutting of a text: where each word ends, and the score.
pub(super) struct Cutting {
    pub(super) score: f32,
    pub(super) ends: Vec<usize>,
}

impl<'a> Model<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        Self {
            snapshot,
            terms: Terms::of(snapshot),
            grams: RefCell::default(),
            words: RefCell::default(),
        }
    }

    pub(super) fn lexicon(&self) -> &'a Lexicon {
        self.snapshot.lexicon()
    }

    /// The score of a word of the index, given how often it occurs.
    pub(super) fn word(&self, frequency: u64) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "a ratio of counts")]
        let (frequency, total) = (frequency as f32, self.lexicon().total() as f32);
        (frequency.max(NEVER_ALONE) / total).ln()
    }

    /// How many passages hold `first` with `second` after it.
    pub(super) fn neighbours(&self, first: char, second: char) -> u64 {
        self.gram(first, Some(second))
    }

    /// What it says for a text that `second` comes after `first`.
    pub(super) fn company(&self, first: char, second: char) -> f32 {
        if !is_ideograph(first) || !is_ideograph(second) {
            return 0.0;
        }
        let (together, by_chance) = self.meetings(first, second);
        let company = ((together + 0.1) / (by_chance + 0.1)).ln();
        let unseen = if together > 0.0 { 0.0 } else { UNSEEN };
        company.clamp(-COMPANY, COMPANY) - unseen
    }

    /// Whether `second` hardly ever comes after `first`.
    pub(super) fn is_odd(&self, first: char, second: char) -> bool {
        if !is_ideograph(first) || !is_ideograph(second) {
            return false;
        }
        let (together, by_chance) = self.meetings(first, second);
        together * ODD <= by_chance
    }

    /// In how many passages `second` comes after `first`, and would by chance.
    fn meetings(&self, first: char, second: char) -> (f32, f32) {
        #[expect(clippy::cast_precision_loss, reason = "a ratio of counts")]
        let count = |count: u64| count as f32;
        let by_chance = count(self.gram(first, None)) * count(self.gram(second, None))
            / count(self.snapshot.passages().max(1));
        (count(self.neighbours(first, second)), by_chance)
    }

    /// The best cutting of `chars`. What is no ideograph stands for itself and says nothing.
    pub(super) fn cut(&self, chars: &[char]) -> Cutting {
        let mut best: Vec<(f32, usize)> = vec![(f32::NEG_INFINITY, 0); chars.len() + 1];
        if let Some(first) = best.first_mut() {
            first.0 = 0.0;
        }
        let mut word = String::new();
        for start in 0..chars.len() {
            let Some(&(before, _)) = best.get(start) else {
                break;
            };
            let company = match chars.get(start.wrapping_sub(1)..=start) {
                Some(&[first, second]) => self.company(first, second),
                _ => 0.0,
            };
            word.clear();
            for (end, &c) in (start + 1..).zip(chars.iter().skip(start).take(LONGEST)) {
                word.push(c);
                let own = if is_ideograph(c) {
                    let frequency = self.frequency(&word);
                    if frequency == 0 && end > start + 1 {
                        continue;
                    }
                    self.word(frequency)
                } else if end > start + 1 {
                    break;
                } else {
                    0.0
                };
                if let Some(place) = best.get_mut(end)
                    && before + own + company > place.0
                {
                    *place = (before + own + company, start);
                }
                if !is_ideograph(c) {
                    break;
                }
            }
        }
        let mut ends = Vec::new();
        let mut end = chars.len();
        while end > 0 {
            ends.push(end);
            end = best.get(end).map_or(0, |&(_, start)| start);
        }
        ends.reverse();
        Cutting {
            score: best.last().map_or(0.0, |&(score, _)| score),
            ends,
        }
    }

    fn frequency(&self, word: &str) -> u64 {
        if let Some(&known) = self.words.borrow().get(word) {
            return known;
        }
        let frequency = self.lexicon().frequency(word);
        self.words.borrow_mut().insert(word.to_owned(), frequency);
        frequency
    }

    fn gram(&self, first: char, second: Option<char>) -> u64 {
        if let Some(&known) = self.grams.borrow().get(&(first, second)) {
            return known;
        }
        let text: String = std::iter::once(first).chain(second).collect();
        // An index that cannot be read fails the search itself; here it only says nothing.
        let frequency = self
            .terms
            .character_frequency(self.snapshot.fields(), &text);
        let frequency = frequency.unwrap_or(0);
        self.grams.borrow_mut().insert((first, second), frequency);
        frequency
    }
}
