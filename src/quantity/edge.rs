//! Lists of words by the character they begin or end with, since most differ there already.

use rustc_hash::FxHashMap;

/// Words by one of their ends; those that share it stand in the order of their list.
pub(super) struct ByEdge(FxHashMap<char, Vec<&'static str>>);

impl ByEdge {
    /// By what they begin with.
    pub(super) fn first(words: &[&'static str]) -> Self {
        Self::by(words, |word| word.chars().next())
    }

    /// By what they end with.
    pub(super) fn last(words: &[&'static str]) -> Self {
        Self::by(words, |word| word.chars().next_back())
    }

    fn by(words: &[&'static str], edge: impl Fn(&str) -> Option<char>) -> Self {
        let mut by_edge: FxHashMap<char, Vec<&'static str>> = FxHashMap::default();
        for word in words {
            if let Some(edge) = edge(word) {
                by_edge.entry(edge).or_default().push(word);
            }
        }
        Self(by_edge)
    }

    /// The words with this end.
    pub(super) fn of(&self, edge: Option<&char>) -> impl Iterator<Item = &'static str> + '_ {
        let words = edge.and_then(|edge| self.0.get(edge));
        words.into_iter().flatten().copied()
    }
}
