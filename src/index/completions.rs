//! What a reader may be about to type: regions, themes, set phrases and headings of the corpus.
//!
//! Each completion stands under several keys: its text, its text from each later word on, its
//! spellings in pinyin, their initials. The keys of a kind are in order, so that those with a common
//! beginning are next to each other; they are not kept but worked out from the texts again.
//! Completions are numbered by rank, the best being 0, and above the numbers of all keys stands a
//! tree of minima, so that the best under a beginning are found without looking at the others,
//! however many there are (Hsu and Ottaviano, *Space-efficient data structures for top-k
//! completion*, 2013). What is typed half in Chinese and half in pinyin, or as 教师jl or jiaosjl, is
//! not under a key; there the texts themselves are walked, a character for each syllable or letter
//! typed.
//!
//! Invariant: what is found matches what was typed, at the beginning or at a later word, in
//! characters, pinyin or initials, and stands in the corpus (`tests/suggest.rs`).

mod count;
mod gather;
mod keys;
mod store;
mod top;
mod walk;

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use serde::{Deserialize, Serialize};

pub(super) use self::gather::{Source, gather};
use self::keys::{MAX_KEYS, Space};
pub(super) use self::store::{read, write};
use self::top::Ranks;
use super::texts::Texts;
use crate::analysis::Normalized;
use crate::fold::is_searchable;
use crate::pinyin;
use crate::report::Span;

/// What completions that only their initials match are put back by.
const INITIALS_PENALTY: f32 = 0.3;
/// What completions that match by less usual readings are put back by.
const OTHER_PENALTY: f32 = 3.0;
/// What completions that match from a later word on are put back by.
const INSIDE_PENALTY: f32 = 1.5;

/// The best of all completions, among which the best of one kind are looked for.
const MAX_LOOKED_THROUGH: usize = 2000;

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompletionKind {
    /// A province that reports are from.
    Province,
    /// A prefecture-level city that reports are from.
    City,
    /// A county that reports are from.
    County,
    /// A theme that passages have.
    Theme,
    /// Words that passages set together often.
    Phrase,
    /// The heading of a passage, or the title of a report without its region.
    Heading,
}

/// Something to search for.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// What to show and to search for.
    pub text: String,
    /// What it is.
    pub kind: CompletionKind,
    /// How many passages it finds: those of the region or theme, those under the heading, those
    /// whose text contains the phrase.
    pub count: u64,
    /// For a region or theme, the value to filter by.
    pub value: Option<String>,
    /// For a region, the divisions it lies in, outermost first.
    pub parents: Vec<String>,
}

/// How what was typed is found in a completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// Character by character.
    Text,
    /// By the pinyin of some characters, in full but for the last.
    Pinyin,
    /// By the first letters of some characters.
    Initials,
}

impl How {
    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Pinyin => "pinyin",
            Self::Initials => "initials",
        }
    }
}

/// A completion of what was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The completion.
    pub completion: Completion,
    /// How it was found.
    pub how: How,
    /// The part of its text that was typed; nothing where another name of it was typed.
    pub typed: Option<Span>,
}

/// What a region or theme has besides its text.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Chosen {
    value: String,
    parents: Vec<String>,
}

/// The keys of a space, in order.
struct Keys {
    /// [`MAX_KEYS`] times the place of the name, plus which of its keys in the space it is.
    keys: Vec<u32>,
    /// The rank of the completion each is of.
    ranks: Ranks,
}

/// The completions of an index.
pub struct Completions {
    /// The text of each, by rank, then other names some have.
    names: Texts,
    /// By rank, like the scores and counts.
    kinds: Vec<CompletionKind>,
    scores: Vec<f32>,
    counts: Vec<u32>,
    /// By the number of the space.
    spaces: Vec<Keys>,
    /// By rank.
    chosen: BTreeMap<u32, Chosen>,
}

impl Completions {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// At most `limit` completions of `typed`, the best first: those that begin with it, and those
    /// `within` which a later word does, where that is wanted.
    ///
    /// ü may be typed as ü or v, and tones as digits; blanks and punctuation do not matter.
    #[must_use]
    pub fn matching(&self, typed: &Normalized, within: bool, limit: usize) -> Vec<Match> {
        let typed: String = keys::searchable(typed.as_str()).collect();
        if typed.is_empty() || limit == 0 {
            return Vec::new();
        }
        // Some are found in several ways, and the way counts: more are taken than are wanted.
        let most = limit * 2;
        let mut found: HashMap<u32, (f32, How)> = HashMap::new();
        let mut take = |space: Space, ranges: &[Range<usize>], how: How, penalty: f32| {
            let keys = self.spaces.get(space as usize);
            for rank in keys.map_or_else(Vec::new, |keys| keys.ranks.best(ranges, most)) {
                let score = self.score(rank) - penalty;
                let best = found.entry(rank).or_insert((score, how));
                if score > best.0 || (score.total_cmp(&best.0).is_eq() && how < best.1) {
                    *best = (score, how);
                }
            }
            found.len()
        };
        let mut look = |space: Space, typed: &str, how: How, penalty: f32| {
            take(space, &[self.under(space, typed)], how, penalty)
        };
        look(Space::Text, &typed, How::Text, 0.0);
        if within {
            look(Space::Inside, &typed, How::Text, INSIDE_PENALTY);
        }
        let letters = letters(&typed);
        let mut enough = false;
        if let Some(letters) = &letters {
            for (space, how, penalty) in [
                (Space::Pinyin, How::Pinyin, 0.0),
                (Space::OtherPinyin, How::Pinyin, OTHER_PENALTY),
                (Space::Initials, How::Initials, INITIALS_PENALTY),
                (Space::OtherInitials, How::Initials, OTHER_PENALTY),
            ] {
                enough = look(space, letters, how, penalty) >= limit;
            }
        }
        let typed: Vec<char> = letters.unwrap_or(typed).chars().collect();
        if !enough && typed.iter().any(char::is_ascii_lowercase) {
            let texts = self.spaces.first().map_or(&[][..], |space| &space.keys);
            let walked = walk::walk(
                texts.len(),
                |at, depth| {
                    let (name, which) = self.name(*texts.get(at)?);
                    keys::char_at(name, which, depth)
                },
                &typed,
            );
            for (how, penalty) in [(How::Pinyin, 0.0), (How::Initials, INITIALS_PENALTY)] {
                let ranges: Vec<Range<usize>> = walked
                    .iter()
                    .filter(|(_, found)| *found == how)
                    .map(|(range, _)| range.clone())
                    .collect();
                take(Space::Text, &ranges, how, penalty);
            }
        }
        let mut found: Vec<(u32, f32, How)> = found
            .into_iter()
            .map(|(rank, (score, how))| (rank, score, how))
            .collect();
        found.sort_unstable_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
        found
            .into_iter()
            .take(limit)
            .filter_map(|(rank, _, how)| {
                let completion = self.entry(rank)?;
                let typed = covered(&completion.text, &typed);
                Some(Match {
                    completion,
                    how,
                    typed,
                })
            })
            .collect()
    }

    /// At most `limit` of the best completions of these kinds, where those are good among all.
    #[must_use]
    pub fn best(&self, kinds: &[CompletionKind], limit: usize) -> Vec<Completion> {
        (0..)
            .zip(self.kinds.iter().take(MAX_LOOKED_THROUGH))
            .filter(|(_, kind)| kinds.contains(kind))
            .filter_map(|(rank, _)| self.entry(rank))
            .take(limit)
            .collect()
    }

    fn score(&self, rank: u32) -> f32 {
        self.scores.get(rank as usize).copied().unwrap_or_default()
    }

    fn entry(&self, rank: u32) -> Option<Completion> {
        let at = rank as usize;
        let chosen = self.chosen.get(&rank);
        Some(Completion {
            text: self.names.get(at).to_owned(),
            kind: *self.kinds.get(at)?,
            count: u64::from(*self.counts.get(at)?),
            value: chosen.map(|chosen| chosen.value.clone()),
            parents: chosen.map_or_else(Vec::new, |chosen| chosen.parents.clone()),
        })
    }

    /// The name a key is of, and which of its keys it is.
    fn name(&self, key: u32) -> (&str, usize) {
        let place = (key / MAX_KEYS) as usize;
        (self.names.get(place), (key % MAX_KEYS) as usize)
    }

    /// Where the keys of a space stand that begin with `beginning`.
    fn under(&self, space: Space, beginning: &str) -> Range<usize> {
        let keys = self.spaces.get(space as usize);
        let keys = keys.map_or(&[][..], |space| &space.keys);
        let compare = |&key: &u32| {
            let (name, which) = self.name(key);
            keys::compare(space, name, which, beginning)
        };
        let from = keys.partition_point(|key| compare(key) == Ordering::Less);
        let rest = keys.get(from..).unwrap_or_default();
        from..from + rest.partition_point(|key| compare(key) == Ordering::Equal)
    }
}

/// `typed` as plain letters, where it is nothing but pinyin could be: ü as v, tone numbers left out.
fn letters(typed: &str) -> Option<String> {
    let mut letters = String::new();
    for c in typed.chars() {
        match c {
            '0'..='5' if !letters.is_empty() => {}
            c => letters.push(pinyin::plain(c)?),
        }
    }
    Some(letters)
}

/// The part of `text` that `typed` stands for.
fn covered(text: &str, typed: &[char]) -> Option<Span> {
    let normalized = Normalized::new(text);
    // The characters that keys are made of, each with its place among all.
    let (places, chars): (Vec<usize>, Vec<char>) = normalized
        .as_str()
        .chars()
        .enumerate()
        .filter(|&(_, c)| is_searchable(c))
        .unzip();
    let span = |from: usize, to: usize| {
        let (&first, &last) = (places.get(from)?, places.get(to.checked_sub(1)?)?);
        Some(normalized.original(first..last + 1))
    };
    if let Some(length) = walk::consumed(&chars, typed) {
        return span(0, length);
    }
    if let Some(at) = chars
        .windows(typed.len())
        .position(|window| window == typed)
    {
        return span(at, at + typed.len());
    }
    // Another name of a region: what of it is also in this one (恩施州, 河北石家).
    let shared = |typed: &[char]| typed.iter().zip(&chars).take_while(|(a, b)| a == b).count();
    let ends_in = (1..typed.len()).find_map(|from| {
        let rest = typed.get(from..)?;
        (shared(rest) == rest.len()).then_some(rest.len())
    });
    span(0, ends_in.unwrap_or_else(|| shared(typed)))
}
