//! Counts in how many passages each of many phrases stands, all of them in one pass.
//!
//! An automaton for tens of thousands of phrases does not fit into any cache, and moves at every
//! byte. Most places of a text begin no phrase, which two characters and a table of bits tell; from
//! the others the phrases are followed character by character.

use std::sync::atomic::{AtomicUsize, Ordering};

use rustc_hash::FxHashMap;
use tantivy::{DocId, Searcher, TantivyError};

use crate::analysis::Normalized;
use crate::index::Error;
use crate::index::passages::Passages;
use crate::index::stored;

/// Bits of the hash of two characters.
const HASH_BITS: u32 = 20;
/// Where no phrase goes on, and what is none.
const NONE: u32 = u32::MAX;

/// Phrases, ready to be looked for.
struct Phrases {
    /// A bit for each two characters that a phrase begins with.
    begun: Vec<u64>,
    /// By what was read before, nothing or a node, and a character, the node that leads to.
    next: FxHashMap<(u32, char), u32>,
    /// By node, the phrase that ends there.
    ends: Vec<u32>,
}

impl Phrases {
    fn new<'a>(phrases: impl Iterator<Item = &'a str>) -> Self {
        let mut all = Self {
            begun: vec![0; 1 << (HASH_BITS - u64::BITS.ilog2())],
            next: FxHashMap::default(),
            ends: Vec::new(),
        };
        for (number, phrase) in (0..).zip(phrases) {
            let mut chars = phrase.chars();
            if let (Some(first), Some(second)) = (chars.next(), chars.next()) {
                let (word, bit) = hash(first, second);
                if let Some(word) = all.begun.get_mut(word) {
                    *word |= bit;
                }
            }
            let mut node = NONE;
            for c in phrase.chars() {
                let new = u32::try_from(all.ends.len()).unwrap_or(NONE);
                node = *all.next.entry((node, c)).or_insert(new);
                if node == new {
                    all.ends.push(NONE);
                }
            }
            if let Some(end) = all.ends.get_mut(node as usize) {
                *end = number;
            }
        }
        all
    }

    /// Calls `found` with each phrase, of two characters or more, at each place where it stands.
    fn each(&self, chars: &[char], mut found: impl FnMut(u32)) {
        for (at, pair) in chars.windows(2).enumerate() {
            let &[first, second] = pair else { continue };
            let (word, bit) = hash(first, second);
            if self.begun.get(word).is_none_or(|word| word & bit == 0) {
                continue;
            }
            let mut node = NONE;
            for &c in chars.get(at..).unwrap_or_default() {
                let Some(&next) = self.next.get(&(node, c)) else {
                    break;
                };
                node = next;
                let end = self.ends.get(node as usize).copied().unwrap_or(NONE);
                if end != NONE {
                    found(end);
                }
            }
        }
    }
}

/// A word of bits, and the bit in it.
#[inline]
fn hash(first: char, second: char) -> (usize, u64) {
    let both = u32::from(first).wrapping_mul(0x85EB_CA6B) ^ u32::from(second);
    let hash = both.wrapping_mul(0x9E37_79B1) >> (u32::BITS - HASH_BITS);
    (
        (hash >> u64::BITS.ilog2()) as usize,
        1 << (hash % u64::BITS),
    )
}

/// In how many passages each of `phrases`, as they are compared, stands.
pub(super) fn count<'a>(
    searcher: &Searcher,
    phrases: impl ExactSizeIterator<Item = &'a str>,
) -> Result<Vec<u64>, Error> {
    let many = phrases.len();
    let phrases = Phrases::new(phrases);
    let readers = searcher.segment_readers();
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<u64>, Error> {
        let mut counts = vec![0; many];
        // Which passage each was seen in last.
        let mut latest = vec![DocId::MAX; many];
        let mut chars: Vec<char> = Vec::new();
        while let Some(reader) = readers.get(next.fetch_add(1, Ordering::Relaxed)) {
            latest.fill(DocId::MAX);
            let passages = Passages::of(searcher, reader)?;
            for doc in reader.doc_ids_alive() {
                let text = stored::text(passages.stored(doc)?).unwrap_or_default();
                chars.clear();
                chars.extend(Normalized::new(&text).as_str().chars());
                phrases.each(&chars, |phrase| {
                    let at = phrase as usize;
                    if let (Some(latest), Some(count)) = (latest.get_mut(at), counts.get_mut(at))
                        && *latest != doc
                    {
                        *latest = doc;
                        *count += 1;
                    }
                });
            }
        }
        Ok(counts)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.min(readers.len()))
            .map(|_| scope.spawn(work))
            .collect();
        let mut sums = vec![0; many];
        for worker in workers {
            let counts = worker.join().map_err(|_| {
                TantivyError::ErrorInThread("counting phrases broke off".to_owned())
            })??;
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        Ok(sums)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Phrases;

    proptest! {
        #[test]
        fn what_is_found_is_what_comparing_finds(
            text in "[教育局学校]{0,40}",
            phrases in prop::collection::btree_set("[教育局学校]{2,5}", 0..12),
        ) {
            let phrases: Vec<String> = phrases.into_iter().collect();
            let mut counts = vec![0; phrases.len()];
            let chars: Vec<char> = text.chars().collect();
            let all = Phrases::new(phrases.iter().map(String::as_str));
            all.each(&chars, |phrase| counts[phrase as usize] += 1);
            for (phrase, count) in phrases.iter().zip(counts) {
                let places = text.char_indices().filter(|&(at, _)| {
                    text.get(at..).is_some_and(|rest| rest.starts_with(phrase.as_str()))
                });
                prop_assert_eq!(places.count(), count, "{} in {}", phrase, text);
            }
        }
    }
}
