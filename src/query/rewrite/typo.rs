//! Typing errors: characters that sound or look like those that were meant, stand in each other's
//! place, are missing or too many.
//!
//! A noisy channel: a correction is as good as the text it leads to is more likely than the one
//! that was typed, less what the error costs. Only where two neighbouring characters are odd, and
//! no word holds them both, is anything looked for, so that what the index holds is left alone.

use std::collections::{HashMap, HashSet};

use super::model::{Cutting, Model};
use super::similar::similar;
use super::{Proposal, RewriteKind, is_ideograph};
use crate::analysis::Normalized;
use crate::index::Snapshot;
use crate::pinyin;

/// The most characters of a text that is corrected; a longer one was not typed but pasted.
const MAX_CHARS: usize = 64;
/// The most corrections that are given.
const MAX_CORRECTIONS: usize = 3;
/// The most errors that are put right in one text.
const MAX_ERRORS: usize = 3;
/// The most edits that are tried by the side of the best.
const MAX_FURTHER: usize = 12;
/// The most odd places that are looked at.
const MAX_ODD: usize = 5;
/// The most changes that are weighed, those that cost least first.
const MAX_CANDIDATES: usize = 120;
/// How much more likely, as a logarithm, the corrected text is to be.
const MIN_GAIN: f32 = 2.0;
/// What is looked at around an error to tell how likely the text is, in characters.
const CONTEXT: usize = 5;
/// The longest word that is looked for in place of what was typed.
const LONGEST: usize = 6;
/// The most words looked at for one reading of a stretch.
const MAX_WORDS: usize = 8;

/// The most words looked at that hold a single character.
const MAX_LENGTHENED: usize = 32;

/// What each error costs, as a logarithm of how much rarer it is than typing what is meant.
/// Input methods offer words that sound the same, so these are what is mistyped most.
mod cost {
    pub(super) const SAME_SOUND: f32 = 3.0;
    pub(super) const NEAR_SOUND: f32 = 4.5;
    pub(super) const ALIKE: f32 = 4.0;
    pub(super) const LESS_ALIKE: f32 = 0.1;
    pub(super) const SWAPPED: f32 = 4.0;
    pub(super) const MISSING: f32 = 4.5;
    /// A character typed twice.
    pub(super) const TWICE: f32 = 4.5;
    /// Any other; it could have been one of thousands, so that each is rarer.
    pub(super) const EXTRA: f32 = 11.0;
    /// A character for another that neither sounds nor looks like it.
    pub(super) const OTHER: f32 = 8.0;
    /// For each further character that is another.
    pub(super) const FURTHER: f32 = 1.5;
    /// Where the character is read as it seldom is.
    pub(super) const SELDOM_READ: f32 = 2.0;
}

/// A text with its typing errors put right.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// The whole normalised text, corrected.
    pub text: String,
    /// What was put right, in order.
    pub parts: Vec<Proposal>,
    /// How sure it is, above 0 and below 1.
    pub confidence: f32,
}

/// A change of a text.
#[derive(Debug, Clone)]
struct Edit {
    start: usize,
    end: usize,
    to: Vec<char>,
    /// What the error costs.
    cost: f32,
    /// How much more likely it makes the text, less the cost.
    gain: f32,
}

impl Edit {
    /// The same where the edits `done` have been made, none of which it touches.
    fn after(&self, done: &[&Edit]) -> Self {
        let (mut added, mut removed) = (0, 0);
        for other in done.iter().filter(|other| other.end <= self.start) {
            added += other.to.len();
            removed += other.end - other.start;
        }
        Self {
            start: self.start + added - removed,
            end: self.end + added - removed,
            ..self.clone()
        }
    }
}

/// At most three corrections of `text`, the best first; none where nothing is odd about it or
/// nothing better is in the index.
#[must_use]
pub fn propose(snapshot: &Snapshot, text: &Normalized) -> Vec<Correction> {
    let typed: Vec<char> = text.as_str().chars().take(MAX_CHARS + 1).collect();
    if typed.len() > MAX_CHARS || !typed.iter().any(|&c| is_ideograph(c)) {
        return Vec::new();
    }
    let model = Model::new(snapshot);
    let all = edits(&model, &typed);
    (0..all.len().min(MAX_CORRECTIONS))
        .filter_map(|first| correction(&model, &typed, &all, first))
        .collect()
}

/// The correction that is the edit at `first` among `all`, with others that still gain by the side
/// of it where it is the best itself.
fn correction(model: &Model<'_>, typed: &[char], all: &[Edit], first: usize) -> Option<Correction> {
    let mut done = vec![all.get(first)?];
    if first == 0 {
        let mut text = apply(typed, done.first()?);
        for edit in all.iter().skip(1).take(MAX_FURTHER) {
            let apart = |other: &&Edit| edit.end <= other.start || edit.start >= other.end;
            if done.len() == MAX_ERRORS || !done.iter().all(apart) {
                continue;
            }
            let moved = edit.after(&done);
            if gain(model, &text, &moved, &mut HashMap::new()) - edit.cost >= MIN_GAIN {
                text = apply(&text, &moved);
                done.push(edit);
            }
        }
    }
    done.sort_by_key(|edit| edit.start);
    let gain = done.iter().map(|edit| edit.gain).fold(f32::MAX, f32::min);
    let confidence = gain / (gain + 3.0);
    let mut text: Vec<char> = Vec::with_capacity(typed.len());
    let mut parts = Vec::new();
    let mut copied = 0;
    for edit in &done {
        text.extend(typed.get(copied..edit.start).unwrap_or_default());
        text.extend(&edit.to);
        copied = edit.end;
        parts.push(Proposal {
            kind: RewriteKind::Typo,
            start: edit.start,
            end: edit.end,
            from: typed
                .get(edit.start..edit.end)
                .unwrap_or_default()
                .iter()
                .collect(),
            to: edit.to.iter().collect(),
            weight: confidence.max(0.1),
        });
    }
    text.extend(typed.get(copied..).unwrap_or_default());
    Some(Correction {
        text: text.into_iter().collect(),
        parts,
        confidence,
    })
}

fn apply(text: &[char], edit: &Edit) -> Vec<char> {
    let before = text.iter().take(edit.start);
    let after = text.iter().skip(edit.end);
    before.chain(&edit.to).chain(after).copied().collect()
}

/// The edits that make `text` more likely, the best first.
fn edits(model: &Model<'_>, text: &[char]) -> Vec<Edit> {
    let mut seen = HashSet::new();
    let mut candidates: Vec<Edit> = odd_places(model, text)
        .into_iter()
        .flat_map(|at| candidates(model, text, at, &mut seen))
        .collect();
    candidates.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    candidates.truncate(MAX_CANDIDATES);
    let mut typed = HashMap::new();
    let mut all: Vec<Edit> = Vec::new();
    for mut edit in candidates {
        edit.gain = gain(model, text, &edit, &mut typed) - edit.cost;
        if edit.gain >= MIN_GAIN {
            all.push(edit);
        }
    }
    all.sort_by(|a, b| b.gain.total_cmp(&a.gain).then_with(|| a.to.cmp(&b.to)));
    let mut distinct = HashSet::new();
    all.retain(|edit| distinct.insert(apply(text, edit)));
    all
}

/// The places where a character and the one after it are odd neighbours that no word holds
/// together, at least one of them being no part of a longer word.
fn odd_places(model: &Model<'_>, text: &[char]) -> Vec<usize> {
    odd_in(model, text, &model.cut(text))
}

/// The same where the cutting of `text` is known.
fn odd_in(model: &Model<'_>, text: &[char], cutting: &Cutting) -> Vec<usize> {
    let mut places = Vec::new();
    let ends = &cutting.ends;
    let mut start = 0;
    let mut lone = vec![false; text.len()];
    for &end in ends {
        if end - start == 1
            && let Some(place) = lone.get_mut(start)
        {
            *place = true;
        }
        start = end;
    }
    for (at, pair) in text.windows(2).enumerate() {
        let &[first, second] = pair else { continue };
        let alone = |at: usize| lone.get(at).copied().unwrap_or(false);
        if (alone(at) || alone(at + 1))
            && ends.contains(&(at + 1))
            && model.is_odd(first, second)
            && places.len() < MAX_ODD
        {
            places.push(at);
        }
    }
    places
}

/// What may have been meant where the characters at `at` and after it are odd, with what the error
/// costs; stretches that were `seen` before are not looked at again.
fn candidates(
    model: &Model<'_>,
    text: &[char],
    at: usize,
    seen: &mut HashSet<(usize, usize)>,
) -> Vec<Edit> {
    let mut found = Vec::new();
    let mut push = |start: usize, end: usize, to: Vec<char>, cost: f32| {
        found.push(Edit {
            start,
            end,
            to,
            cost,
            gain: 0.0,
        });
    };
    for first in at.saturating_sub(1)..=at + 1 {
        if let Some(&[left, right]) = text.get(first..first + 2)
            && is_ideograph(left)
            && is_ideograph(right)
            && left != right
        {
            push(first, first + 2, vec![right, left], cost::SWAPPED);
        }
    }
    for extra in [at, at + 1] {
        let c = text.get(extra);
        let twice = c == text.get(extra + 1) || (extra > 0 && c == text.get(extra - 1));
        let around = (extra > 0).then(|| text.get(extra - 1)).flatten();
        let around = around.zip(text.get(extra + 1));
        // What it parts is to belong together.
        let parts = around.is_some_and(|(&left, &right)| model.neighbours(left, right) > 0);
        if twice {
            push(extra, extra + 1, Vec::new(), cost::TWICE);
        } else if parts {
            push(extra, extra + 1, Vec::new(), cost::EXTRA);
        }
    }
    for start in at.saturating_sub(LONGEST - 2)..=at + 1 {
        for end in at.max(start) + 1..=text.len().min(start + LONGEST).min(at + LONGEST) {
            let Some(window) = text.get(start..end) else {
                continue;
            };
            if !window.iter().all(|&c| is_ideograph(c)) {
                break;
            }
            if !seen.insert((start, end)) {
                continue;
            }
            for (word, cost) in replacements(model, window) {
                push(start, end, word.chars().collect(), cost);
            }
        }
    }
    found
}

/// The words that may have been meant by `window`, with what the error costs.
fn replacements(model: &Model<'_>, window: &[char]) -> Vec<(String, f32)> {
    let lexicon = model.lexicon();
    let typed: String = window.iter().collect();
    if window.len() > 1 && lexicon.frequency(&typed) > 0 {
        return Vec::new();
    }
    // Which of the many words with a single character is meant, only its neighbours tell.
    let limit = if window.len() == 1 {
        MAX_LENGTHENED
    } else {
        MAX_WORDS
    };
    let mut found: Vec<(String, f32)> = lexicon
        .lengthened(&typed, limit)
        .into_iter()
        .map(|known| (known.word, cost::MISSING))
        .collect();
    if window.len() < 2 {
        return found;
    }
    let spellings = pinyin::spellings(&typed).into_iter().take(2);
    for (spelling, seldom) in spellings.zip([0.0, cost::SELDOM_READ]) {
        let same = lexicon.spelt(&spelling.concat(), MAX_WORDS);
        let near = lexicon.near(spelling.iter().copied(), MAX_WORDS);
        for (known, cost) in same
            .into_iter()
            .map(|known| (known, cost::SAME_SOUND))
            .chain(near.into_iter().map(|known| (known, cost::NEAR_SOUND)))
        {
            let others = known
                .word
                .chars()
                .zip(window)
                .filter(|(c, typed)| c != *typed)
                .count();
            if known.word.chars().count() == window.len() && others > 0 {
                #[expect(clippy::cast_precision_loss, reason = "a handful")]
                let further = (others - 1) as f32 * cost::FURTHER;
                found.push((known.word, cost + further + seldom));
            }
        }
    }
    if window.len() > 2 {
        let mut rest = String::new();
        for at in 0..window.len() {
            rest.clear();
            rest.extend(window.iter().take(at).chain(window.iter().skip(at + 1)));
            let differs_there = |word: &str| {
                word.chars().count() == window.len()
                    && (0..)
                        .zip(word.chars())
                        .zip(window)
                        .all(|((place, c), &typed)| place == at || c == typed)
            };
            let known = lexicon.lengthened(&rest, MAX_WORDS).into_iter();
            found.extend(
                known
                    .filter(|known| differs_there(&known.word))
                    .map(|known| (known.word, cost::OTHER)),
            );
        }
    }
    if window.len() <= 4 {
        let mut other = String::new();
        for (at, &c) in window.iter().enumerate() {
            for (rank, alike) in (0_u8..).zip(similar(c)) {
                other.clear();
                other.extend(window.iter().take(at));
                other.push(alike);
                other.extend(window.iter().skip(at + 1));
                if lexicon.frequency(&other) > 0 {
                    let cost = cost::ALIKE + f32::from(rank) * cost::LESS_ALIKE;
                    found.push((other.clone(), cost));
                }
            }
        }
    }
    found
}

/// How likely a stretch is, and how many places in it are odd.
type Judged = (f32, usize);

/// How much more likely `edit` makes the text; very unlikely where the result is as odd. `typed`
/// keeps what was found of stretches as they were typed.
fn gain(
    model: &Model<'_>,
    text: &[char],
    edit: &Edit,
    typed: &mut HashMap<(usize, usize), Judged>,
) -> f32 {
    let start = edit.start.saturating_sub(CONTEXT);
    let end = (edit.end + CONTEXT).min(text.len());
    let Some(before) = text.get(start..end) else {
        return f32::NEG_INFINITY;
    };
    let local = Edit {
        start: edit.start - start,
        end: edit.end - start,
        ..edit.clone()
    };
    let judge = |chars: &[char]| {
        let cutting = model.cut(chars);
        let odd = odd_in(model, chars, &cutting).len();
        (cutting.score, odd)
    };
    let before = *typed.entry((start, end)).or_insert_with(|| judge(before));
    let after = judge(&apply(text.get(start..end).unwrap_or_default(), &local));
    if after.1 >= before.1 {
        return f32::NEG_INFINITY;
    }
    after.0 - before.0
}
