//! Words, names and numbers, each given a number of its own and sorted by it.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;
use tantivy::DocId;

use super::runs::Section;

/// The longest term that the engine takes, in bytes.
const MOST_BYTES: usize = u16::MAX as usize - 5;
/// What the table needs for a term besides its bytes.
const TABLE_ENTRY: usize = 48;

/// A short term in one number: its bytes, the first foremost, and how many they are. Two such
/// numbers are in the order of the terms.
type Short = u128;
/// The most bytes of a short term, which are most: five characters.
const SHORT_BYTES: usize = 15;

fn short(term: &[u8]) -> Option<Short> {
    let length = u8::try_from(term.len()).ok()?;
    if term.len() > SHORT_BYTES {
        return None;
    }
    let mut bytes = [0; SHORT_BYTES + 1];
    for (to, from) in bytes.iter_mut().zip(term) {
        *to = *from;
    }
    Some(Short::from_be_bytes(bytes) | Short::from(length))
}

/// Short terms that are kept at hand, a power of two: most of a text are a few thousand words, which
/// lie far apart in a table of all.
const AT_HAND: usize = 1 << 13;

/// Where a short term is kept at hand.
fn place_at_hand(short: Short) -> usize {
    let half = |half: Short| u64::try_from(half & Short::from(u64::MAX)).unwrap_or_default();
    let mixed = half(short >> u64::BITS) ^ half(short).rotate_left(29);
    let place = mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (u64::BITS - AT_HAND.ilog2());
    usize::try_from(place).unwrap_or_default()
}

/// The terms of a run.
pub(super) struct Terms {
    /// Short terms that were met last, each at a place of its own, with their numbers.
    at_hand: Vec<(Short, u32)>,
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
            // No term is so short.
            at_hand: vec![(Short::MAX, 0); AT_HAND],
            short: HashMap::default(),
            long: HashMap::default(),
            bytes: 0,
            fields: vec![Vec::new(); fields],
        }
    }

    /// Adds a term of `field` in a passage, not before those added already; says whether it is one
    /// that the engine takes.
    pub(super) fn add(&mut self, field: usize, term: &[u8], doc: DocId) -> bool {
        if term.len() > MOST_BYTES {
            return false;
        }
        let new = u32::try_from(self.short.len() + self.long.len()).unwrap_or(u32::MAX);
        let number = if let Some(short) = short(term) {
            match self.at_hand.get_mut(place_at_hand(short)) {
                Some((known, number)) if *known == short => *number,
                place => {
                    let number = *self.short.entry(short).or_insert(new);
                    if let Some(place) = place {
                        *place = (short, number);
                    }
                    number
                }
            }
        } else {
            let known = self.long.get(term).copied();
            known.unwrap_or_else(|| {
                self.long.insert(term.into(), new);
                new
            })
        };
        if number == new {
            self.bytes += term.len() + TABLE_ENTRY;
        }
        if let Some(entries) = self.fields.get_mut(field) {
            entries.push(u64::from(number) << 32 | u64::from(doc));
        }
        true
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
