//! Finds many terms in one pass over folded text.
//!
//! A reader of the score must be able to trust it: 督学责任区 is one thing, not also a case of
//! 责任. So a term that lies inside a longer one does not count there. Two terms that overlap with
//! neither inside the other both count: 城乡教育信息化 is about 城乡教育 and 教育信息化.
//!
//! The automaton is the one of Aho and Corasick (1975), with one table for the first character and
//! short sorted lists below it, so its size follows the vocabulary and its time the text.
//!
//! Invariant: it counts what comparing every term with every place would count
//! (`agrees_with_comparing_everywhere` below).

use crate::fold::fold;

/// The state in which nothing is begun.
const ROOT: u32 = 0;

/// What a term is compared as: folded, with blanks kept only between ASCII letters and digits, so
/// that a line broken inside a Chinese word does not hide it.
pub(super) fn comparable(text: &str) -> Vec<char> {
    let mut comparable = Vec::with_capacity(text.len() / 2);
    let mut before = ' ';
    let mut has_blank = false;
    for c in text.chars().filter_map(fold) {
        if c == ' ' {
            has_blank = true;
            continue;
        }
        if has_blank && is_word(before) && is_word(c) {
            comparable.push(' ');
        }
        has_blank = false;
        comparable.push(c);
        before = c;
    }
    comparable
}

/// Whether `c` runs on in writing with blanks, where a term counts only as a whole word.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

/// The terms, ready to be looked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Matcher {
    states: Vec<State>,
    /// For each code point, the state it leads to from the root.
    first: Vec<u32>,
}

#[derive(Debug, Clone, Default)]
struct State {
    /// Sorted by character.
    next: Vec<(char, u32)>,
    /// The state of the longest proper ending that is the beginning of a term.
    fallback: u32,
    /// The nearest state, this one first, where a term ends; the root where there is none.
    ending: u32,
    /// The term that ends here.
    term: Option<u32>,
    /// How many characters lead here.
    depth: u32,
}

/// A term that ends at the character last read.
#[derive(Clone, Copy)]
struct Found {
    term: u32,
    start: usize,
}

impl Matcher {
    /// A matcher of `terms`, which are comparable text; a term is known by its place among them.
    /// Of equal terms the first is found; empty ones never are.
    pub(super) fn new<'a>(terms: impl IntoIterator<Item = &'a str>) -> Self {
        let mut matcher = Self {
            states: vec![State::default()],
            first: Vec::new(),
        };
        for (term, text) in (0_u32..).zip(terms) {
            matcher.insert(term, text);
        }
        matcher.link();
        matcher
    }

    fn insert(&mut self, term: u32, text: &str) {
        let mut at = ROOT;
        for c in text.chars() {
            let depth = self.state(at).depth + 1;
            at = match self.state(at).next.binary_search_by_key(&c, |edge| edge.0) {
                Ok(edge) => self.state(at).next[edge].1,
                Err(edge) => {
                    let fresh = u32::try_from(self.states.len())
                        .expect("a vocabulary file is far below four thousand million characters");
                    self.states.push(State {
                        depth,
                        ..State::default()
                    });
                    self.states[at as usize].next.insert(edge, (c, fresh));
                    fresh
                }
            };
        }
        if at != ROOT {
            self.states[at as usize].term.get_or_insert(term);
        }
    }

    /// Fills the table of first characters, and every state's fallback and ending, nearest to the
    /// root first.
    fn link(&mut self) {
        for &(c, to) in &self.states[ROOT as usize].next {
            let code = c as usize;
            if self.first.len() <= code {
                self.first.resize(code + 1, ROOT);
            }
            self.first[code] = to;
        }
        let mut queue: Vec<u32> = vec![ROOT];
        let mut at = 0;
        while let Some(&from) = queue.get(at) {
            at += 1;
            let state = self.state(from);
            let (edges, fallback) = (state.next.clone(), state.fallback);
            for (c, to) in edges {
                let fallback = if from == ROOT {
                    ROOT
                } else {
                    self.step(fallback, c)
                };
                let ending = if self.state(to).term.is_some() {
                    to
                } else {
                    self.state(fallback).ending
                };
                let state = &mut self.states[to as usize];
                (state.fallback, state.ending) = (fallback, ending);
                queue.push(to);
            }
        }
    }

    fn state(&self, at: u32) -> &State {
        &self.states[at as usize]
    }

    /// The state after reading `c` in the state `at`.
    fn step(&self, mut at: u32, c: char) -> u32 {
        while at != ROOT {
            let state = self.state(at);
            if let Ok(edge) = state.next.binary_search_by_key(&c, |edge| edge.0) {
                return state.next[edge].1;
            }
            at = state.fallback;
        }
        self.first.get(c as usize).copied().unwrap_or(ROOT)
    }

    /// Calls `found` with each term that stands in `text` and lies in no longer one, in the order
    /// of their ends. Returns how many characters of `text` were compared.
    pub(super) fn each(&self, text: &str, mut found: impl FnMut(u32)) -> usize {
        let chars = comparable(text);
        // Terms that a longer one, still being read, may yet take in; each begins after the one
        // before it.
        let mut open: Vec<Found> = Vec::new();
        let mut at = ROOT;
        for (place, &c) in chars.iter().enumerate() {
            at = self.step(at, c);
            if at == ROOT {
                open.drain(..).for_each(|done| found(done.term));
            } else if let Some(longer) = self.longest(at, place + 1, &chars) {
                while open.last().is_some_and(|last| last.start >= longer.start) {
                    open.pop();
                }
                open.push(longer);
            }
        }
        open.drain(..).for_each(|done| found(done.term));
        chars.len()
    }

    /// The longest term that ends before `end`, where reading led to the state `at`.
    fn longest(&self, at: u32, end: usize, chars: &[char]) -> Option<Found> {
        let mut at = self.state(at).ending;
        while at != ROOT {
            let state = self.state(at);
            let start = end - state.depth as usize;
            if let (Some(term), true) = (state.term, is_whole(start, end, chars)) {
                return Some(Found { term, start });
            }
            at = self.state(state.fallback).ending;
        }
        None
    }
}

/// Whether no word in ASCII is cut at `start` or `end`, so that ai is not found in maintain.
fn is_whole(start: usize, end: usize, chars: &[char]) -> bool {
    let joined = |at: usize| {
        at.checked_sub(1)
            .and_then(|before| Some((chars.get(before)?, chars.get(at)?)))
            .is_some_and(|(&before, &after)| is_word(before) && is_word(after))
    };
    !joined(start) && !joined(end)
}

#[cfg(test)]
mod tests {
    use super::{Matcher, comparable, is_whole};

    fn found(terms: &[&str], text: &str) -> Vec<u32> {
        let mut found = Vec::new();
        Matcher::new(terms.iter().copied()).each(text, |term| found.push(term));
        found
    }

    /// The same by definition: every term at every place, without those inside another.
    fn compared(terms: &[&str], text: &str) -> Vec<u32> {
        let chars = comparable(text);
        let mut all = Vec::new();
        for (term, text) in (0_u32..).zip(terms) {
            let text: Vec<char> = text.chars().collect();
            for (start, part) in chars.windows(text.len()).enumerate() {
                let end = start + text.len();
                if part == text && is_whole(start, end, &chars) {
                    all.push((end, start, term));
                }
            }
        }
        let inside =
            |a: &(usize, usize, u32), b: &(usize, usize, u32)| a != b && b.1 <= a.1 && a.0 <= b.0;
        let mut kept: Vec<_> = all
            .iter()
            .filter(|one| !all.iter().any(|other| inside(one, other)))
            .collect();
        kept.sort_unstable();
        kept.into_iter().map(|found| found.2).collect()
    }

    #[test]
    fn agrees_with_comparing_everywhere() {
        let terms = [
            "a b",
            "ab",
            "甲",
            "甲乙",
            "乙甲",
            "乙甲乙",
            "甲甲甲",
            "丙乙甲乙丙",
            "乙丙",
            "b甲",
        ];
        let letters = ['甲', '乙', '丙', 'a', 'b', ' '];
        // A linear congruential sequence (Knuth's MMIX constants) stands in for chance.
        let mut seed: u64 = 1;
        for _ in 0..3000 {
            let text: String = (0..24)
                .map(|_| {
                    seed = seed
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    letters[usize::try_from(seed >> 33).unwrap_or(0) % letters.len()]
                })
                .collect();
            assert_eq!(found(&terms, &text), compared(&terms, &text), "{text}");
        }
    }

    #[test]
    fn keeps_blanks_only_within_words() {
        let kept = |text: &str| comparable(text).into_iter().collect::<String>();
        assert_eq!(kept(" 教\u{3000}師 \n Wi  Fi ５G 网 "), "教师wi fi 5g网");
        assert_eq!(kept("  "), "");
    }
}
