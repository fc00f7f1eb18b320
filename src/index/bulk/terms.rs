//! Words, names and numbers, each given a number of its own and sorted by it.

use std::collections::HashMap;
use std::ops::Range;

use rustc_hash::FxBuildHasher;
use tantivy::DocId;

use super::runs::Section;

/// The longest term that the engine takes, in bytes.
const MOST_BYTES: usize = u16::MAX as usize - 5;
/// What the table needs for a term besides its bytes.
const TABLE_ENTRY: usize = 64;

/// A short term in one number: its bytes, the first foremost, and how many they are. Two such
/// numbers are in the order of the terms.
type Short = u128;
/// The most bytes of a short term, which are most: five characters.
const SHORT_BYTES: usize = 15;
/// What no short term is: none is so long.
const NO_SHORT: Short = Short::MAX;

fn short(term: &[u8]) -> Option<Short> {
    let mut bytes = PADDING;
    for (to, from) in bytes.iter_mut().zip(term) {
        *to = *from;
    }
    short_of(&bytes, term.len())
}

/// Terms that stand in one text. Behind it there is room, so that a short one is read at once with
/// whatever follows it.
#[derive(Debug)]
pub(super) struct Padded {
    text: Vec<u8>,
    /// Where each begins, and how long it is.
    terms: Vec<(u32, u32)>,
}

/// The bytes behind the text.
const PADDING: [u8; SHORT_BYTES + 1] = [0; SHORT_BYTES + 1];
/// About how many bytes of Chinese there are for each word and part of one.
const BYTES_A_TERM: usize = 4;

impl Padded {
    /// None yet, of `text`, which has less than 4 GiB.
    pub(super) fn of(text: &str) -> Self {
        let mut padded = Vec::with_capacity(text.len() + PADDING.len());
        padded.extend_from_slice(text.as_bytes());
        padded.extend_from_slice(&PADDING);
        Self {
            text: padded,
            terms: Vec::with_capacity(text.len() / BYTES_A_TERM),
        }
    }

    /// Adds the term that takes these bytes of the text.
    pub(super) fn push(&mut self, bytes: Range<usize>) {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.terms.push((number(bytes.start), number(bytes.len())));
    }

    /// Each term, with what it is in short.
    fn iter(&self) -> impl Iterator<Item = (&[u8], Option<Short>)> {
        self.terms.iter().filter_map(|&(start, length)| {
            let ahead = self.text.get(start as usize..)?;
            let term = ahead.get(..length as usize)?;
            Some((term, short_of(ahead.first_chunk()?, term.len())))
        })
    }
}

/// The short term that is the first `length` of these bytes, where so few are one.
#[inline]
fn short_of(bytes: &[u8; SHORT_BYTES + 1], length: usize) -> Option<Short> {
    let length = u32::try_from(length).ok()?;
    let behind = Short::BITS.checked_sub(length.checked_mul(8)?)?;
    let own = Short::MAX.checked_shl(behind).unwrap_or_default();
    (behind > 0).then(|| Short::from_be_bytes(*bytes) & own | Short::from(length))
}

/// Places for short terms that are kept at hand, a power of two: most of a text are a few thousand
/// words, which lie far apart in a table of all.
const AT_HAND: usize = 1 << 16;
/// No term.
const NONE: u32 = u32::MAX;

/// Where a short term is kept at hand.
fn place_at_hand(short: Short) -> usize {
    let half = |half: Short| u64::try_from(half & Short::from(u64::MAX)).unwrap_or_default();
    let mixed = half(short >> u64::BITS) ^ half(short).rotate_left(29);
    let place = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - AT_HAND.ilog2());
    usize::try_from(place).unwrap_or_default()
}

/// Makes room for so many more of what there will be millions of. To grow is to copy, so it grows by
/// more than twice; memory that is not used costs nothing.
pub(super) fn reserve(entries: &mut Vec<u64>, more: usize) {
    /// How many times as large as it was a list grows.
    const GROWTH: usize = 4;
    if entries.capacity() - entries.len() < more {
        entries.reserve(more.max(entries.len() * (GROWTH - 1)));
    }
}

/// The terms of a run.
pub(super) struct Terms {
    /// The short terms of these numbers, where they are short.
    by_number: Vec<Short>,
    /// Numbers of short terms that were met last, each at a place of its own.
    at_hand: Vec<u32>,
    /// Numbers of short terms, and of others.
    short: HashMap<Short, u32, FxBuildHasher>,
    long: HashMap<Box<[u8]>, u32, FxBuildHasher>,
    /// Bytes of all terms.
    bytes: usize,
    /// For each field, numbers of terms with the passages they stand in.
    fields: Vec<Vec<u64>>,
}

/// The order of terms.
pub(super) struct Order<'a> {
    /// The rank of each number.
    rank: Vec<u32>,
    sorted: Vec<Term<'a>>,
}

/// A term of either kind.
#[derive(Clone, Copy)]
enum Term<'a> {
    Short([u8; SHORT_BYTES + 1]),
    Long(&'a [u8]),
}

impl Term<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(bytes) => {
                let length = bytes.last().copied().unwrap_or_default();
                bytes.get(..usize::from(length)).unwrap_or_default()
            }
            Self::Long(bytes) => bytes,
        }
    }
}

impl Terms {
    pub(super) fn new(fields: usize) -> Self {
        Self {
            by_number: Vec::new(),
            at_hand: vec![NONE; AT_HAND],
            short: HashMap::default(),
            long: HashMap::default(),
            bytes: 0,
            fields: vec![Vec::new(); fields],
        }
    }

    /// Forgets all of them, and keeps the room they took.
    pub(super) fn clear(&mut self) {
        self.by_number.clear();
        self.at_hand.fill(NONE);
        self.short.clear();
        self.long.clear();
        self.bytes = 0;
        self.fields.iter_mut().for_each(Vec::clear);
    }

    /// Adds a term of `field` in a passage, not before those added already; says whether it is one
    /// that the engine takes.
    pub(super) fn add(&mut self, field: usize, term: &[u8], doc: DocId) -> bool {
        if term.len() > MOST_BYTES {
            return false;
        }
        let number = self.number(term, short(term));
        if let Some(entries) = self.fields.get_mut(field) {
            entries.push(u64::from(number) << 32 | u64::from(doc));
        }
        true
    }

    /// The same for each of `terms`; says how many the engine takes.
    pub(super) fn add_all(&mut self, field: usize, terms: &Padded, doc: DocId) -> u32 {
        let mut entries = self.fields.get_mut(field).map(std::mem::take);
        if let Some(entries) = &mut entries {
            reserve(entries, terms.terms.len());
        }
        let mut taken = 0;
        for (term, short) in terms.iter().filter(|(term, _)| term.len() <= MOST_BYTES) {
            let number = self.number(term, short);
            if let Some(entries) = &mut entries {
                entries.push(u64::from(number) << 32 | u64::from(doc));
            }
            taken += 1;
        }
        if let (Some(place), Some(entries)) = (self.fields.get_mut(field), entries) {
            *place = entries;
        }
        taken
    }

    /// The number of a term, a new one where it was not met before.
    #[inline]
    fn number(&mut self, term: &[u8], short: Option<Short>) -> u32 {
        let Some(short) = short else {
            let known = self.long.get(term).copied();
            return known.unwrap_or_else(|| {
                let new = self.next(NO_SHORT, term.len());
                self.long.insert(term.into(), new);
                new
            });
        };
        let place = place_at_hand(short);
        let number = self.at_hand.get(place).copied().unwrap_or(NONE);
        // Numbers are given in the order terms are met, so those of frequent ones lie together.
        if self.by_number.get(number as usize) == Some(&short) {
            return number;
        }
        let known = self.short.get(&short).copied();
        let number = known.unwrap_or_else(|| {
            let new = self.next(short, term.len());
            self.short.insert(short, new);
            new
        });
        if let Some(place) = self.at_hand.get_mut(place) {
            *place = number;
        }
        number
    }

    /// The number of a term that is new.
    fn next(&mut self, short: Short, length: usize) -> u32 {
        let new = u32::try_from(self.by_number.len()).unwrap_or(NONE);
        self.by_number.push(short);
        self.bytes += length + TABLE_ENTRY;
        new
    }

    /// Bytes it needs, sorting included.
    pub(super) fn memory(&self) -> usize {
        let entries: usize = self.fields.iter().map(Vec::len).sum();
        self.bytes + entries * 2 * size_of::<u64>()
    }

    pub(super) fn order(&self) -> Order<'_> {
        let mut short: Vec<(Short, u32)> =
            self.short.iter().map(|(&term, &at)| (term, at)).collect();
        short.sort_unstable();
        let mut long: Vec<(&[u8], u32)> =
            self.long.iter().map(|(term, &at)| (&**term, at)).collect();
        long.sort_unstable();
        let mut rank = vec![0; short.len() + long.len()];
        let mut sorted = Vec::with_capacity(rank.len());
        let short = short
            .into_iter()
            .map(|(term, at)| (Term::Short(term.to_be_bytes()), at));
        let long = long.into_iter().map(|(term, at)| (Term::Long(term), at));
        let (mut short, mut long) = (short.peekable(), long.peekable());
        loop {
            let is_long = match (short.peek(), long.peek()) {
                (Some((short, _)), Some((long, _))) => long.bytes() < short.bytes(),
                (short, _) => short.is_none(),
            };
            let next = if is_long { long.next() } else { short.next() };
            let Some((term, number)) = next else { break };
            if let Some(place) = rank.get_mut(number as usize) {
                *place = u32::try_from(sorted.len()).unwrap_or(u32::MAX);
            }
            sorted.push(term);
        }
        Order { rank, sorted }
    }

    /// Writes what `field` has; `scratch` is room for sorting.
    pub(super) fn write(
        &self,
        field: usize,
        order: &Order<'_>,
        section: &mut Section,
        scratch: &mut Vec<u64>,
    ) {
        let entries = self.fields.get(field).map_or(&[][..], Vec::as_slice);
        let rank = |entry: u64| {
            let number = usize::try_from(entry >> 32).unwrap_or(usize::MAX);
            order.rank.get(number).copied().unwrap_or_default()
        };
        let ranked = |entry: u64| u64::from(rank(entry)) << 32 | entry & u64::from(u32::MAX);
        scratch.clear();
        if entries.len() < order.sorted.len() / 8 {
            scratch.extend(entries.iter().map(|&entry| ranked(entry)));
            scratch.sort_unstable();
        } else {
            // By counting: they are in the order of passages already.
            let mut starts = vec![0_usize; order.sorted.len()];
            for &entry in entries {
                if let Some(count) = starts.get_mut(rank(entry) as usize) {
                    *count += 1;
                }
            }
            let mut sum = 0;
            for start in &mut starts {
                sum += std::mem::replace(start, sum);
            }
            scratch.resize(entries.len(), 0);
            for &entry in entries {
                if let Some(at) = starts.get_mut(rank(entry) as usize) {
                    if let Some(slot) = scratch.get_mut(*at) {
                        *slot = ranked(entry);
                    }
                    *at += 1;
                }
            }
        }
        for term in scratch.chunk_by(|left, right| left >> 32 == right >> 32) {
            let rank = term.first().map_or(0, |entry| entry >> 32);
            for of_doc in term.chunk_by(|left, right| left == right) {
                let doc = of_doc.first().copied().unwrap_or_default() & u64::from(u32::MAX);
                let frequency = u32::try_from(of_doc.len()).unwrap_or(u32::MAX);
                section.doc(u32::try_from(doc).unwrap_or(u32::MAX), frequency, &[]);
            }
            let rank = usize::try_from(rank).unwrap_or(usize::MAX);
            section.close_term(order.sorted.get(rank).map_or(&[][..], Term::bytes));
        }
    }
}
