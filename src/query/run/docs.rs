//! A set of the passages of one segment, small or large.
//!
//! Most sets a query deals with are either a handful of passages or a good part of the segment. A
//! list costs four bytes for each passage in it, a bit for each passage of the segment costs the
//! same whatever is in it: each set takes the form in which it is the smaller.

use tantivy::DocId;

/// Of how many passages of a segment one must be in a set for bits to be smaller than a list.
const DENSE: usize = u32::BITS as usize;

/// Passages of one segment, in order.
#[derive(Debug, Clone)]
pub struct Docs(Form);

#[derive(Debug, Clone)]
enum Form {
    List(Vec<DocId>),
    Bits(Bits),
}

/// A bit for each passage of a segment.
#[derive(Debug, Clone)]
struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    fn empty(room: DocId) -> Self {
        Self {
            words: vec![0; (room as usize).div_ceil(64)],
            len: 0,
        }
    }

    fn counted(words: Vec<u64>) -> Self {
        let len = words.iter().map(|word| word.count_ones() as usize).sum();
        Self { words, len }
    }

    fn contains(&self, doc: DocId) -> bool {
        let word = self.words.get(doc as usize / 64);
        word.is_some_and(|word| word >> (doc % 64) & 1 != 0)
    }

    fn insert(&mut self, doc: DocId) {
        if let Some(word) = self.words.get_mut(doc as usize / 64) {
            *word |= 1 << (doc % 64);
        }
    }

    fn iter(&self) -> impl Iterator<Item = DocId> {
        (0..)
            .step_by(64)
            .zip(&self.words)
            .flat_map(|(first, &word)| {
                let mut rest = word;
                std::iter::from_fn(move || {
                    let next = (rest != 0).then(|| first + rest.trailing_zeros());
                    rest &= rest.wrapping_sub(1);
                    next
                })
            })
    }
}

impl Docs {
    /// No passage.
    #[must_use]
    pub fn none() -> Self {
        Self(Form::List(Vec::new()))
    }

    /// All passages of a segment that has room for so many.
    #[must_use]
    pub fn all(room: DocId) -> Self {
        let mut words = vec![u64::MAX; (room as usize).div_ceil(64)];
        if let Some(last) = words.last_mut().filter(|_| !room.is_multiple_of(64)) {
            *last = (1 << (room % 64)) - 1;
        }
        Self(Form::Bits(Bits::counted(words)))
    }

    /// These, which are in order and different, of a segment that has room for so many.
    #[must_use]
    pub fn of(list: Vec<DocId>, room: DocId) -> Self {
        if list.len() > room as usize / DENSE {
            let mut bits = Bits::empty(room);
            for &doc in &list {
                bits.insert(doc);
            }
            bits.len = list.len();
            return Self(Form::Bits(bits));
        }
        Self(Form::List(list))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::List(list) => list.len(),
            Form::Bits(bits) => bits.len,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `doc` is among them.
    #[must_use]
    pub fn contains(&self, doc: DocId) -> bool {
        match &self.0 {
            Form::List(list) => list.binary_search(&doc).is_ok(),
            Form::Bits(bits) => bits.contains(doc),
        }
    }

    /// Calls `each` with every one of them, in order.
    pub fn for_each(&self, mut each: impl FnMut(DocId)) {
        match &self.0 {
            Form::List(list) => list.iter().copied().for_each(each),
            Form::Bits(bits) => {
                for (first, &word) in (0..).step_by(64).zip(&bits.words) {
                    let mut rest = word;
                    while rest != 0 {
                        each(first + rest.trailing_zeros());
                        rest &= rest - 1;
                    }
                }
            }
        }
    }

    /// The first of them, at most `most`.
    #[must_use]
    pub fn first(&self, most: usize) -> Vec<DocId> {
        match &self.0 {
            Form::List(list) => list.iter().copied().take(most).collect(),
            Form::Bits(bits) => bits.iter().take(most).collect(),
        }
    }

    /// All of them.
    #[must_use]
    pub fn to_vec(&self) -> Vec<DocId> {
        let mut all = Vec::with_capacity(self.len());
        self.for_each(|doc| all.push(doc));
        all
    }

    /// Those of them that `keeps` holds for.
    #[must_use]
    pub fn filtered(&self, room: DocId, mut keeps: impl FnMut(DocId) -> bool) -> Self {
        let mut kept = Vec::new();
        self.for_each(|doc| {
            if keeps(doc) {
                kept.push(doc);
            }
        });
        Self::of(kept, room)
    }

    /// Those that are in `other` too.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        match (&self.0, &other.0) {
            (Form::Bits(one), Form::Bits(two)) => {
                let pairs = one.words.iter().zip(&two.words);
                Self::settled(pairs.map(|(one, two)| one & two).collect())
            }
            (Form::List(list), Form::Bits(bits)) | (Form::Bits(bits), Form::List(list)) => {
                let both = list.iter().copied().filter(|&doc| bits.contains(doc));
                Self(Form::List(both.collect()))
            }
            (Form::List(one), Form::List(two)) => {
                let (short, long) = if one.len() <= two.len() {
                    (one, two)
                } else {
                    (two, one)
                };
                let mut rest = long.as_slice();
                let both = short.iter().copied().filter(|&doc| {
                    rest = past(rest, doc);
                    rest.first() == Some(&doc)
                });
                Self(Form::List(both.collect()))
            }
        }
    }

    /// Those that are not in `other`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        if other.is_empty() {
            return self.clone();
        }
        match (&self.0, &other.0) {
            (Form::Bits(one), Form::Bits(two)) => {
                let pairs = one.words.iter().zip(&two.words);
                Self::settled(pairs.map(|(one, two)| one & !two).collect())
            }
            (Form::Bits(bits), Form::List(list)) => {
                let mut words = bits.words.clone();
                for &doc in list {
                    if let Some(word) = words.get_mut(doc as usize / 64) {
                        *word &= !(1 << (doc % 64));
                    }
                }
                Self::settled(words)
            }
            (Form::List(list), Form::Bits(bits)) => {
                let rest = list.iter().copied().filter(|&doc| !bits.contains(doc));
                Self(Form::List(rest.collect()))
            }
            (Form::List(one), Form::List(two)) => {
                let mut rest = two.as_slice();
                let left = one.iter().copied().filter(|&doc| {
                    rest = past(rest, doc);
                    rest.first() != Some(&doc)
                });
                Self(Form::List(left.collect()))
            }
        }
    }

    /// Those that are in either, of a segment that has room for so many.
    #[must_use]
    pub fn or(self, other: Self, room: DocId) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        match (self.0, other.0) {
            (Form::Bits(mut one), Form::Bits(two)) => {
                for (own, other) in one.words.iter_mut().zip(&two.words) {
                    *own |= other;
                }
                Self(Form::Bits(Bits::counted(one.words)))
            }
            (Form::Bits(mut bits), Form::List(list)) | (Form::List(list), Form::Bits(mut bits)) => {
                for doc in list {
                    if !bits.contains(doc) {
                        bits.insert(doc);
                        bits.len += 1;
                    }
                }
                Self(Form::Bits(bits))
            }
            (Form::List(one), Form::List(two)) => {
                let mut both = Vec::with_capacity(one.len() + two.len());
                let (mut one, mut two) = (one.into_iter().peekable(), two.into_iter().peekable());
                loop {
                    let next = match (one.peek(), two.peek()) {
                        (Some(left), Some(right)) if left == right => {
                            two.next();
                            one.next()
                        }
                        (Some(left), Some(right)) if left < right => one.next(),
                        (_, Some(_)) => two.next(),
                        (_, None) => one.next(),
                    };
                    match next {
                        Some(doc) => both.push(doc),
                        None => break,
                    }
                }
                Self::of(both, room)
            }
        }
    }

    /// What these bits say, in the form in which it is the smaller.
    fn settled(words: Vec<u64>) -> Self {
        let bits = Bits::counted(words);
        if bits.len > bits.words.len() * 64 / DENSE {
            return Self(Form::Bits(bits));
        }
        let mut list = Vec::with_capacity(bits.len);
        list.extend(bits.iter());
        Self(Form::List(list))
    }

    /// How many are in both.
    #[must_use]
    pub fn in_both(&self, other: &Self) -> usize {
        match (&self.0, &other.0) {
            (Form::Bits(one), Form::Bits(two)) => {
                let pairs = one.words.iter().zip(&two.words);
                pairs
                    .map(|(one, two)| (one & two).count_ones() as usize)
                    .sum()
            }
            _ => self.and(other).len(),
        }
    }
}

/// `list` from its first element that is not before `doc`.
pub(super) fn past(list: &[DocId], doc: DocId) -> &[DocId] {
    // Doubling steps, since the next one is mostly near.
    let mut step = 1;
    while list.get(step).is_some_and(|&at| at < doc) {
        step *= 2;
    }
    let near = list.get(..(step + 1).min(list.len())).unwrap_or(list);
    let skipped = near.partition_point(|&at| at < doc);
    list.get(skipped..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use tantivy::DocId;

    use super::Docs;

    const ROOM: DocId = 700;

    proptest! {
        #[test]
        fn sets_are_sets_in_either_form(
            one in prop::collection::btree_set(0..ROOM, 0..90),
            two in prop::collection::btree_set(0..ROOM, 0..90),
        ) {
            let docs = |set: &BTreeSet<DocId>| Docs::of(set.iter().copied().collect(), ROOM);
            let (left, right) = (docs(&one), docs(&two));
            let list = |set: &mut dyn Iterator<Item = &DocId>| set.copied().collect::<Vec<_>>();
            prop_assert_eq!(left.to_vec(), list(&mut one.iter()));
            prop_assert_eq!(left.and(&right).to_vec(), list(&mut one.intersection(&two)));
            prop_assert_eq!(left.minus(&right).to_vec(), list(&mut one.difference(&two)));
            prop_assert_eq!(left.in_both(&right), one.intersection(&two).count());
            prop_assert_eq!(left.first(5), list(&mut one.iter().take(5)));
            let either = left.clone().or(right, ROOM);
            prop_assert_eq!(either.to_vec(), list(&mut one.union(&two)));
            prop_assert_eq!(either.len(), one.union(&two).count());
            for doc in 0..ROOM {
                prop_assert_eq!(left.contains(doc), one.contains(&doc));
            }
            let others = Docs::all(ROOM).minus(&left);
            prop_assert_eq!(others.len(), ROOM as usize - one.len());
        }
    }
}
