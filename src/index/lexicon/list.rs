//! Words in order, each with its frequency.

use crate::index::texts::Texts;

/// Words in order, each once, with their frequencies; a word is known by its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct List {
    words: Texts,
    frequencies: Vec<u32>,
}

impl List {
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    /// The word at a place; empty where there is none.
    pub(super) fn word(&self, at: usize) -> &str {
        self.words.get(at)
    }

    pub(super) fn frequency(&self, at: usize) -> u64 {
        self.frequencies.get(at).copied().unwrap_or(0).into()
    }

    pub(super) fn frequencies(&self) -> &[u32] {
        &self.frequencies
    }

    /// The words with their frequencies, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        let frequencies = self.frequencies.iter().map(|&own| u64::from(own));
        self.words.iter().zip(frequencies)
    }

    /// Adds a word, which comes after all that are there.
    pub(super) fn push(&mut self, word: &str, frequency: u64) {
        self.words.push(word);
        self.frequencies
            .push(u32::try_from(frequency).unwrap_or(u32::MAX));
    }

    /// The words of both; `both` says how frequent one is that is in both.
    pub(super) fn merged(self, other: Self, both: impl Fn(u64, u64) -> u64) -> Self {
        if self.len() == 0 || other.len() == 0 {
            return if self.len() == 0 { other } else { self };
        }
        let mut merged = Self::default();
        let mut left = self.iter().peekable();
        let mut right = other.iter().peekable();
        loop {
            match (left.peek().copied(), right.peek().copied()) {
                (Some(one), Some(two)) if one.0 == two.0 => {
                    merged.push(one.0, both(one.1, two.1));
                    left.next();
                    right.next();
                }
                (Some(one), two) if two.is_none_or(|two| one.0 < two.0) => {
                    merged.push(one.0, one.1);
                    left.next();
                }
                (_, Some(two)) => {
                    merged.push(two.0, two.1);
                    right.next();
                }
                (_, None) => return merged,
            }
        }
    }
}
