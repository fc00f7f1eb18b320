//! Characters and pairs of neighbours, sorted without a table of them.
//!
//! There are hundreds of thousands of different pairs, so a hash table of them misses the cache at
//! every character of the text. Here each character adds one number, made of itself, the one after
//! it and its place, and the numbers are sorted by the first character in one pass and within it by
//! the second. The order of the first pass gives the single characters, that of the second the
//! pairs. Where places are not kept, the passage stands for them.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;
use tantivy::DocId;

use super::runs::Section;
use super::terms::reserve;
use crate::fold::is_searchable;

/// Bits for the number of a character.
const CHARACTER_BITS: u32 = 18;
/// Bits for a place.
const PLACE_BITS: u32 = 64 - 2 * CHARACTER_BITS;
const CHARACTER_MASK: u64 = (1 << CHARACTER_BITS) - 1;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;
/// The number of no character, which stands after the last of a text.
const NONE: u32 = 0;
/// The most characters of one passage that are sure to find room in an empty run.
pub(super) const MOST_CHARACTERS: usize = 1 << (CHARACTER_BITS - 1);
/// Groups of more pairs than this are sorted digit by digit.
const LARGE_GROUP: usize = 1024;
/// The bits of a digit.
const DIGIT_BITS: u32 = 8;
/// Places that share an entry of the table that leads to their passage.
const BLOCK_BITS: u32 = 8;

/// Numbers for the characters of a run, from 1 in the order they are met.
pub(super) struct Alphabet {
    /// By code point, for those of the basic plane.
    direct: Vec<u32>,
    rest: HashMap<char, u32, FxBuildHasher>,
    characters: Vec<char>,
}

impl Alphabet {
    pub(super) fn new() -> Self {
        Self {
            direct: vec![NONE; 1 << 16],
            rest: HashMap::default(),
            characters: Vec::new(),
        }
    }

    /// Whether texts of `characters` in all are sure to find room.
    pub(super) fn has_room(&self, characters: usize) -> bool {
        self.characters.len() + characters < 1 << CHARACTER_BITS
    }

    #[inline]
    fn number(&mut self, c: char) -> u32 {
        let code = c as usize;
        match self.direct.get(code) {
            Some(&NONE) => {
                let number = Self::next(&mut self.characters, c);
                if let Some(place) = self.direct.get_mut(code) {
                    *place = number;
                }
                number
            }
            Some(&number) => number,
            None => *self
                .rest
                .entry(c)
                .or_insert_with(|| Self::next(&mut self.characters, c)),
        }
    }

    fn next(characters: &mut Vec<char>, c: char) -> u32 {
        characters.push(c);
        u32::try_from(characters.len()).unwrap_or(u32::MAX)
    }

    /// Its characters in the order of their code points, which is that of their bytes.
    pub(super) fn order(&self) -> Order {
        let mut sorted: Vec<(char, u32)> = self.characters.iter().copied().zip(1..).collect();
        sorted.sort_unstable();
        let mut rank = vec![0; self.characters.len() + 1];
        for (at, &(_, number)) in (1..).zip(&sorted) {
            if let Some(place) = rank.get_mut(number as usize) {
                *place = at;
            }
        }
        Order {
            rank,
            sorted: sorted.into_iter().map(|(c, _)| c).collect(),
        }
    }
}

/// The order of characters.
pub(super) struct Order {
    /// The rank of each number, from 1.
    rank: Vec<u32>,
    /// The character of each rank but one.
    sorted: Vec<char>,
}

impl Order {
    fn rank(&self, number: u64) -> usize {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        self.rank.get(at).copied().unwrap_or_default() as usize
    }

    fn character(&self, rank: usize) -> Option<char> {
        self.sorted.get(rank.checked_sub(1)?).copied()
    }
}

/// The characters of one field of a run.
#[derive(Default)]
pub(super) struct Grams {
    /// Whether places are kept.
    has_places: bool,
    /// Number of a character, number of the next, place or passage.
    entries: Vec<u64>,
    /// The passages that have the field, and the place of the first character of each.
    docs: Vec<DocId>,
    starts: Vec<u32>,
    /// The place after the last.
    end: u32,
}

/// How many of each a text has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) singles: u32,
    pub(super) pairs: u32,
}

impl Grams {
    pub(super) fn new(has_places: bool) -> Self {
        Self {
            has_places,
            ..Self::default()
        }
    }

    /// Adds the normalised `text` of the field, of a passage after those added before.
    pub(super) fn add(&mut self, alphabet: &mut Alphabet, doc: DocId, text: &str) -> Counted {
        let mut counted = Counted::default();
        let mut chars = text.chars();
        let Some(first) = chars.next() else {
            return counted;
        };
        if self.docs.last() == Some(&doc) {
            // Another text of the same field does not go on where the one before ends.
            self.end += 1;
        } else {
            self.docs.push(doc);
            self.starts.push(self.end);
        }
        let (mut place, step) = if self.has_places {
            (self.end, 1)
        } else {
            (doc, 0)
        };
        // There are no more characters than bytes, and mostly a third.
        reserve(&mut self.entries, text.len() / 3 + 1);
        let before = self.entries.len();
        let mut number = alphabet.number(first);
        let mut last = first;
        for c in chars {
            let next = alphabet.number(c);
            self.entries.push(entry(number, next, place));
            counted.singles += u32::from(is_searchable(last));
            place += step;
            number = next;
            last = c;
        }
        self.entries.push(entry(number, NONE, place));
        counted.singles += u32::from(is_searchable(last));
        let added = u32::try_from(self.entries.len() - before).unwrap_or(u32::MAX);
        counted.pairs = added - 1;
        self.end += added;
        counted
    }

    /// Whether `characters` more find room.
    pub(super) fn has_room(&self, characters: usize) -> bool {
        (self.end as usize) + characters + 1 < 1 << PLACE_BITS
    }

    /// Bytes that sorting will need.
    pub(super) fn memory(&self) -> usize {
        self.entries.len() * 2 * size_of::<u64>() + self.docs.len() * 8
    }

    /// Writes single characters and pairs, each by itself or both to `pairs`, and forgets them.
    /// `scratch` is room for sorting.
    pub(super) fn write(
        &mut self,
        order: &Order,
        mut singles: Option<&mut Section>,
        pairs: &mut Section,
        scratch: &mut Vec<u64>,
    ) {
        let places = self
            .has_places
            .then(|| Places::new(&self.docs, &self.starts, self.end));
        let write = |entries: &[u64], section: &mut Section| match &places {
            Some(places) => places.write(entries, section),
            None => write_passages(entries, section),
        };
        let bounds = spread(&self.entries, order, scratch);
        self.entries.clear();
        let mut sorting = Vec::new();
        let mut term = String::new();
        for (rank, bound) in bounds.windows(2).enumerate() {
            let (Some(c), [from, to]) = (order.character(rank + 1), bound) else {
                continue;
            };
            let Some(group) = scratch
                .get_mut(*from..*to)
                .filter(|group| !group.is_empty())
            else {
                continue;
            };
            if is_searchable(c) {
                term.clear();
                term.push(c);
                let section = match &mut singles {
                    Some(section) => section,
                    None => &mut *pairs,
                };
                write(group, section);
                section.close_term(term.as_bytes());
            }
            sort(group, &mut sorting);
            for pair in group.chunk_by(|left, right| left >> PLACE_BITS == right >> PLACE_BITS) {
                let next = pair.first().map_or(0, |entry| entry >> PLACE_BITS);
                let Some(next) = order.character(usize::try_from(next).unwrap_or_default()) else {
                    continue;
                };
                term.clear();
                term.extend([c, next]);
                write(pair, pairs);
                pairs.close_term(term.as_bytes());
            }
        }
        *self = Self {
            has_places: self.has_places,
            entries: std::mem::take(&mut self.entries),
            ..Self::default()
        };
    }
}

#[inline]
fn entry(number: u32, next: u32, place: u32) -> u64 {
    u64::from(number) << (64 - CHARACTER_BITS) | u64::from(next) << PLACE_BITS | u64::from(place)
}

/// Puts `entries` in the order of their first characters, and otherwise as they are, into `sorted`,
/// where each keeps only the rank of its second character and its place. Gives where each group
/// begins, with the end of the last.
fn spread(entries: &[u64], order: &Order, sorted: &mut Vec<u64>) -> Vec<usize> {
    let mut bounds = vec![0; order.sorted.len() + 1];
    for entry in entries {
        if let Some(count) = bounds.get_mut(order.rank(entry >> (64 - CHARACTER_BITS))) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for bound in &mut bounds {
        sum += *bound;
        *bound = sum;
    }
    // The bound before a rank is where its group begins.
    let mut next = bounds.clone();
    sorted.clear();
    sorted.resize(entries.len(), 0);
    for entry in entries {
        let rank = order.rank(entry >> (64 - CHARACTER_BITS));
        let follower = order.rank(entry >> PLACE_BITS & CHARACTER_MASK) as u64;
        let place = rank.checked_sub(1).and_then(|at| next.get_mut(at));
        if let Some(at) = place {
            if let Some(slot) = sorted.get_mut(*at) {
                *slot = follower << PLACE_BITS | entry & PLACE_MASK;
            }
            *at += 1;
        }
    }
    bounds
}

/// Sorts numbers that are in the order of their places already.
fn sort(group: &mut [u64], scratch: &mut Vec<u64>) {
    if group.len() <= LARGE_GROUP {
        group.sort_unstable();
        return;
    }
    let most = group.iter().copied().max().unwrap_or_default();
    let mut shift = PLACE_BITS;
    scratch.clear();
    scratch.resize(group.len(), 0);
    while most >> shift > 0 {
        let digit = |entry: u64| (entry >> shift & ((1 << DIGIT_BITS) - 1)) as usize;
        let mut starts = [0_usize; 1 << DIGIT_BITS];
        for &entry in &*group {
            if let Some(count) = starts.get_mut(digit(entry)) {
                *count += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += std::mem::replace(start, sum);
        }
        for &entry in &*group {
            if let Some(at) = starts.get_mut(digit(entry)) {
                if let Some(slot) = scratch.get_mut(*at) {
                    *slot = entry;
                }
                *at += 1;
            }
        }
        group.copy_from_slice(scratch);
        shift += DIGIT_BITS;
    }
}

/// Adds the passages of `entries`, which ascend, to the open term of `section`.
fn write_passages(entries: &[u64], section: &mut Section) {
    let passage = |entry: &u64| u32::try_from(entry & PLACE_MASK).unwrap_or(u32::MAX);
    for same in entries.chunk_by(|left, right| passage(left) == passage(right)) {
        let frequency = u32::try_from(same.len()).unwrap_or(u32::MAX);
        section.doc(same.first().map_or(0, passage), frequency, &[]);
    }
}

/// From places to passages.
struct Places<'a> {
    docs: &'a [DocId],
    starts: &'a [u32],
    /// For each block of places, which passage its first is in.
    blocks: Vec<u32>,
}

impl<'a> Places<'a> {
    fn new(docs: &'a [DocId], starts: &'a [u32], end: u32) -> Self {
        let mut blocks = Vec::with_capacity((end >> BLOCK_BITS) as usize + 1);
        let mut at = 0_u32;
        for block in 0..=end >> BLOCK_BITS {
            let first = block << BLOCK_BITS;
            while starts
                .get(at as usize + 1)
                .is_some_and(|&start| start <= first)
            {
                at += 1;
            }
            blocks.push(at);
        }
        Self {
            docs,
            starts,
            blocks,
        }
    }

    /// Adds the passages of `entries`, whose places ascend, to the open term of `section`.
    fn write(&self, entries: &[u64], section: &mut Section) {
        let mut positions = Vec::new();
        let mut entries = entries
            .iter()
            .map(|entry| u32::try_from(entry & PLACE_MASK).unwrap_or(u32::MAX))
            .peekable();
        while let Some(place) = entries.next() {
            let block = self.blocks.get((place >> BLOCK_BITS) as usize);
            let mut at = block.copied().unwrap_or_default() as usize;
            while self.starts.get(at + 1).is_some_and(|&start| start <= place) {
                at += 1;
            }
            let start = self.starts.get(at).copied().unwrap_or_default();
            let end = self.starts.get(at + 1).copied().unwrap_or(u32::MAX);
            positions.clear();
            positions.push(place - start);
            while let Some(next) = entries.next_if(|&next| next < end) {
                positions.push(next - start);
            }
            let doc = self.docs.get(at).copied().unwrap_or_default();
            let frequency = u32::try_from(positions.len()).unwrap_or(u32::MAX);
            section.doc(doc, frequency, &positions);
        }
    }
}
