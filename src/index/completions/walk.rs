//! Follows what was typed through the texts of completions, a character for each syllable begun.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::How;
use crate::pinyin;

/// The most characters that are compared with the letters typed.
const MAX_LOOKED_AT: usize = 20_000;
/// The most beginnings of texts that are found.
const MAX_FOUND: usize = 256;

/// Which of `count` texts in order begin with what `typed` stands for where some of it is pinyin or
/// initials; `char_at` gives a character of one of them.
pub(super) fn walk(
    count: usize,
    char_at: impl Fn(usize, usize) -> Option<char>,
    typed: &[char],
) -> Vec<(Range<usize>, How)> {
    let mut walk = Walk {
        char_at,
        typed,
        looked_at: 0,
        readings: HashMap::new(),
        found: BTreeMap::new(),
    };
    walk.on(0..count, 0, 0, How::Text);
    let found = walk.found.into_iter();
    found
        .filter(|(_, how)| *how != How::Text)
        .map(|((start, end, _), how)| (start..end, how))
        .collect()
}

struct Walk<'a, F> {
    char_at: F,
    typed: &'a [char],
    looked_at: usize,
    /// Of the characters met so far, which come again and again.
    readings: HashMap<char, Vec<&'static str>>,
    /// The texts that were found, from one to another, by how many characters they share.
    found: BTreeMap<(usize, usize, usize), How>,
}

impl<F: Fn(usize, usize) -> Option<char>> Walk<'_, F> {
    /// Goes on among `texts`, which have their first `depth` characters in common, `done` characters
    /// of what was typed being behind.
    fn on(&mut self, texts: Range<usize>, depth: usize, done: usize, how: How) {
        let rest = self.typed.get(done..).unwrap_or_default();
        let Some(&next) = rest.first() else {
            let place = (texts.start, texts.end, depth);
            let best = self.found.entry(place).or_insert(how);
            *best = how.min(*best);
            return;
        };
        let after = self.from(&texts, depth, next)..self.after(&texts, depth, next);
        if !after.is_empty() {
            self.on(after, depth + 1, done + 1, how);
        }
        if !next.is_ascii_lowercase() {
            return;
        }
        // The characters beyond ASCII that come next.
        let mut start = self.from(&texts, depth, '\u{80}');
        while let Some(c) = (self.char_at)(start, depth).filter(|_| start < texts.end) {
            let end = self.after(&(start..texts.end), depth, c);
            self.looked_at += 1;
            if self.looked_at > MAX_LOOKED_AT || self.found.len() >= MAX_FOUND {
                return;
            }
            let readings = self
                .readings
                .entry(c)
                .or_insert_with(|| pinyin::readings(c).collect());
            for (length, by) in steps(readings, rest) {
                self.on(start..end, depth + 1, done + length, how.max(by));
            }
            start = end;
        }
    }

    /// The first of `texts` whose character at `depth` is `c` or a later one.
    fn from(&self, texts: &Range<usize>, depth: usize, c: char) -> usize {
        first(texts, |at| (self.char_at)(at, depth) >= Some(c))
    }

    /// The first of `texts` whose character at `depth` comes after `c`.
    fn after(&self, texts: &Range<usize>, depth: usize, c: char) -> usize {
        first(texts, |at| (self.char_at)(at, depth) > Some(c))
    }
}

/// The first of `texts` that `is_there`, as all after it are; looked for from near to far.
fn first(texts: &Range<usize>, is_there: impl Fn(usize) -> bool) -> usize {
    let (mut from, mut step) = (texts.start, 1);
    let mut to = from;
    while to < texts.end && !is_there(to) {
        from = to + 1;
        to += step;
        step *= 2;
    }
    to = to.min(texts.end);
    while from < to {
        let middle = usize::midpoint(from, to);
        if is_there(middle) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    from
}

/// How many of the first characters of `text` the whole of `typed` stands for.
pub(super) fn consumed(text: &[char], typed: &[char]) -> Option<usize> {
    // The ends reached so far, by how much of what was typed is behind.
    let mut reached = vec![false; typed.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for (at, &c) in text.iter().enumerate() {
        let readings: Vec<&str> = pinyin::readings(c).collect();
        let mut next = vec![false; typed.len() + 1];
        for done in (0..typed.len()).filter(|&done| reached.get(done) == Some(&true)) {
            let rest = typed.get(done..).unwrap_or_default();
            let literal = (rest.first() == Some(&c)).then_some((1, How::Text));
            for (length, _) in steps(&readings, rest).into_iter().chain(literal) {
                if let Some(place) = next.get_mut(done + length) {
                    *place = true;
                }
            }
        }
        if next.last() == Some(&true) {
            return Some(at + 1);
        }
        reached = next;
    }
    None
}

/// How many of the letters that `rest` begins with may stand for a character: a whole reading, all
/// that is left where a reading begins so, or its initial alone.
fn steps(readings: &[&str], rest: &[char]) -> Vec<(usize, How)> {
    let mut steps = Vec::new();
    if !rest.first().is_some_and(char::is_ascii_lowercase) {
        return steps;
    }
    for reading in readings {
        let shared = reading
            .chars()
            .zip(rest)
            .take_while(|(letter, typed)| letter == *typed)
            .count();
        if shared == 0 {
            continue;
        }
        if shared == reading.len() || shared == rest.len() {
            steps.push((shared, How::Pinyin));
        }
        steps.push((1, How::Initials));
        if shared >= 2
            && ["zh", "ch", "sh"]
                .iter()
                .any(|two| reading.starts_with(two))
        {
            steps.push((2, How::Initials));
        }
    }
    // Where a letter is all that is left it is the beginning of a syllable and an initial alike.
    steps.sort_unstable();
    steps.dedup_by_key(|(length, _)| *length);
    steps
}
