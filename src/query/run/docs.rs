//! A set of the passages of one segment, small or large.
//!
//! Most sets a query deals with are either a handful of passages or a good part of the segment. A
//! list costs four bytes for each passage in it, a bit for each passage of the segment costs the
//! same whatever is in it: each set takes the form in which it is the smaller.

use std::borrow::Cow;

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

    fn of(list: &[DocId], room: DocId) -> Self {
        let mut bits = Self::empty(room);
        for &doc in list {
            bits.insert(doc);
        }
        bits.len = list.len();
        bits
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
            return Self(Form::Bits(Bits::of(&list, room)));
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

    /// A list of them, where they are few.
    #[must_use]
    pub fn as_list(&self) -> Option<&[DocId]> {
        match &self.0 {
            Form::List(list) => Some(list),
            Form::Bits(_) => None,
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
            (Form::List(one), Form::List(two)) => Self(Form::List(in_both(one, two))),
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
            (Form::List(one), Form::List(two)) => Self(Form::List(without(one, two))),
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
                    // Whether it is new is not to be foreseen, so it is not branched on.
                    bits.len += usize::from(!bits.contains(doc));
                    bits.insert(doc);
                }
                Self(Form::Bits(bits))
            }
            (Form::List(one), Form::List(two)) => Self::of(in_either(&one, &two), room),
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

/// Passages of a list that is read piece by piece, in order, some at a time.
pub(super) struct Gathering {
    form: Form,
}

impl Gathering {
    /// For so many passages of a segment that has room for `room`.
    pub(super) fn of(length: usize, room: DocId) -> Self {
        let form = if length > room as usize / DENSE {
            Form::Bits(Bits::empty(room))
        } else {
            Form::List(Vec::with_capacity(length))
        };
        Self { form }
    }

    /// Takes the next passages of the list.
    pub(super) fn take(&mut self, docs: &[DocId]) {
        match &mut self.form {
            Form::List(list) => list.extend_from_slice(docs),
            Form::Bits(bits) => {
                for &doc in docs {
                    bits.insert(doc);
                }
                bits.len += docs.len();
            }
        }
    }

    pub(super) fn finish(self) -> Docs {
        Docs(self.form)
    }
}

/// Which of the passages of a list, read piece by piece, in order, are in a set.
pub(super) struct Meeting<'a> {
    set: Asked<'a>,
    /// Room for those of a piece.
    some: Vec<DocId>,
    both: Vec<DocId>,
}

/// A set as pieces of a list are compared with it.
enum Asked<'a> {
    /// What of it is still to come.
    List(&'a [DocId]),
    Bits(Cow<'a, Bits>),
}

impl<'a> Meeting<'a> {
    /// Of so many passages of a segment one is in a set for which bits are worth setting: what that
    /// takes is looked for each of few in no more time.
    const SPARSE: usize = 1024;

    /// For `set`, of a segment that has room for `room`.
    pub(super) fn of(set: &'a Docs, room: DocId) -> Self {
        let set = match &set.0 {
            Form::Bits(bits) => Asked::Bits(Cow::Borrowed(bits)),
            Form::List(list) if list.len() > room as usize / Self::SPARSE => {
                Asked::Bits(Cow::Owned(Bits::of(list, room)))
            }
            Form::List(list) => Asked::List(list),
        };
        Self {
            set,
            some: Vec::new(),
            both: Vec::new(),
        }
    }

    /// Takes the next passages of the list.
    pub(super) fn take(&mut self, docs: &[DocId]) {
        match &mut self.set {
            Asked::Bits(bits) => {
                self.some.resize(docs.len(), 0);
                let mut len = 0;
                for &doc in docs {
                    // Whether it is in both is not to be foreseen, so it is not branched on.
                    if let Some(place) = self.some.get_mut(len) {
                        *place = doc;
                    }
                    len += usize::from(bits.contains(doc));
                }
                let both = self.some.get(..len).unwrap_or_default();
                self.both.extend_from_slice(both);
            }
            Asked::List(rest_of_set) => {
                // Of the shorter one, each is looked up in the other.
                let (Some(&first), Some(&last)) = (docs.first(), docs.last()) else {
                    return;
                };
                let mut rest = past(rest_of_set, first);
                let mut docs = docs;
                while let Some((&next, others)) = rest.split_first()
                    && next <= last
                {
                    docs = past(docs, next);
                    if docs.first() == Some(&next) {
                        self.both.push(next);
                    }
                    rest = others;
                }
                *rest_of_set = rest;
            }
        }
    }

    pub(super) fn finish(self, room: DocId) -> Docs {
        Docs::of(self.both, room)
    }
}

/// How many times as long as the other a list must be for each of the other to be looked up in it.
const MUCH_LONGER: usize = 8;

/// What is in both lists.
fn in_both(one: &[DocId], two: &[DocId]) -> Vec<DocId> {
    let (short, long) = if one.len() <= two.len() {
        (one, two)
    } else {
        (two, one)
    };
    if long.len() / MUCH_LONGER < short.len() {
        return abreast(short, long, |first, second| first == second).0;
    }
    let mut rest = long;
    let both = short.iter().copied().filter(|&doc| {
        rest = past(rest, doc);
        rest.first() == Some(&doc)
    });
    both.collect()
}

/// What is in `one` and not in `two`.
fn without(one: &[DocId], two: &[DocId]) -> Vec<DocId> {
    if two.len() / MUCH_LONGER < one.len() {
        let (mut left, done, _) = abreast(one, two, |first, second| first < second);
        left.extend_from_slice(one.get(done..).unwrap_or_default());
        return left;
    }
    let mut rest = two;
    let left = one.iter().copied().filter(|&doc| {
        rest = past(rest, doc);
        rest.first() != Some(&doc)
    });
    left.collect()
}

/// What is in either of two lists.
fn in_either(one: &[DocId], two: &[DocId]) -> Vec<DocId> {
    let (short, long) = if one.len() <= two.len() {
        (one, two)
    } else {
        (two, one)
    };
    if long.len() / MUCH_LONGER >= short.len() {
        let mut either = Vec::with_capacity(one.len() + two.len());
        let mut rest = long;
        for &doc in short {
            let after = past(rest, doc);
            let before = rest.len() - after.len();
            either.extend_from_slice(rest.get(..before).unwrap_or_default());
            either.push(doc);
            rest = match after.split_first() {
                Some((first, after)) if *first == doc => after,
                _ => after,
            };
        }
        either.extend_from_slice(rest);
        return either;
    }
    let (mut either, left, right) = abreast(one, two, |_, _| true);
    either.extend_from_slice(one.get(left..).unwrap_or_default());
    either.extend_from_slice(two.get(right..).unwrap_or_default());
    either
}

/// Goes through two lists abreast, until one ends: of the passages at which each is, the first
/// where `is_wanted` says so; and how far it went in each.
///
/// Which of them goes on is a toss of a coin, so it is reckoned and not branched on.
fn abreast(
    one: &[DocId],
    two: &[DocId],
    is_wanted: impl Fn(DocId, DocId) -> bool,
) -> (Vec<DocId>, usize, usize) {
    let mut taken = vec![0; one.len() + two.len()];
    let (mut left, mut right, mut len) = (0, 0, 0);
    while let (Some(&first), Some(&second), Some(place)) =
        (one.get(left), two.get(right), taken.get_mut(len))
    {
        *place = first.min(second);
        len += usize::from(is_wanted(first, second));
        left += usize::from(first <= second);
        right += usize::from(second <= first);
    }
    taken.truncate(len);
    (taken, left, right)
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

    use super::{Docs, Gathering, Meeting};

    const ROOM: DocId = 700;

    proptest! {
        #[test]
        fn sets_are_sets_in_either_form(
            one in prop::collection::btree_set(0..ROOM, 0..90),
            two in prop::collection::btree_set(0..ROOM, 0..90),
            // Of how many passages one may be in the second: bits or a list, and a short list beside
            // a long one.
            every in 1_u32..60,
        ) {
            let two: BTreeSet<DocId> = two.into_iter().filter(|doc| doc % every == 0).collect();
            let docs = |set: &BTreeSet<DocId>| Docs::of(set.iter().copied().collect(), ROOM);
            let (left, right) = (docs(&one), docs(&two));
            let right_again = right.clone();
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
            let mut gathering = Gathering::of(one.len(), ROOM);
            let mut meeting = Meeting::of(&right_again, ROOM);
            for some in left.to_vec().chunks(7) {
                gathering.take(some);
                meeting.take(some);
            }
            let gathered = gathering.finish();
            prop_assert_eq!(gathered.len(), one.len());
            prop_assert_eq!(gathered.to_vec(), left.to_vec());
            prop_assert_eq!(meeting.finish(ROOM).to_vec(), list(&mut one.intersection(&two)));
            let others = Docs::all(ROOM).minus(&left);
            prop_assert_eq!(others.len(), ROOM as usize - one.len());
        }
    }
}
