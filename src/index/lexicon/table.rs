//! Finds the words under a key.
//!
//! A key can be worked out from its word again, so it is not kept: only its hash is, beside the
//! place of the word, in the order of the hashes. That takes eight bytes where a transducer of the
//! keys took twenty, and is made by sorting numbers.

use std::hash::Hasher;

use rustc_hash::FxHasher;

/// Bits of an entry that say which of the keys of a word it is.
const WHICH_BITS: u32 = 4;
const WHICH: u64 = (1 << WHICH_BITS) - 1;

/// For each key of each word its hash, the word's place, and which of its keys it is.
#[derive(Debug, Default)]
pub(super) struct Table(Vec<u64>);

/// A table being made.
#[derive(Default)]
pub(super) struct Filling(Vec<u64>);

impl Filling {
    /// Puts the word at `place` under `key`, which is its key number `which`, below 16.
    pub(super) fn put(&mut self, key: &str, place: usize, which: usize) {
        let word = (place as u64) << WHICH_BITS | (which as u64 & WHICH);
        self.0.push(hash(key) << 32 | word & u64::from(u32::MAX));
    }

    /// The table of all that was put into it.
    pub(super) fn done(mut self) -> Table {
        self.0.sort_unstable();
        self.0.shrink_to_fit();
        Table(self.0)
    }
}

impl Table {
    /// The places of the words that may stand under `key`, in order, with which of the keys of the
    /// word is `key`. A few may not: their key has the same hash.
    pub(super) fn under(&self, key: &str) -> impl Iterator<Item = (usize, usize)> {
        let hash = hash(key);
        let from = self.0.partition_point(|entry| entry >> 32 < hash);
        let entries = self.0.get(from..).unwrap_or_default().iter();
        entries
            .take_while(move |&entry| entry >> 32 == hash)
            .map(|entry| {
                let word = entry & u64::from(u32::MAX);
                let part = |part: u64| usize::try_from(part).unwrap_or(usize::MAX);
                (part(word >> WHICH_BITS), part(word & WHICH))
            })
    }
}

/// The hash of a key, of 32 bits.
fn hash(key: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(key.as_bytes());
    hasher.write_u8(0xFF);
    // What mixes best stands above.
    hasher.finish() >> 32
}
