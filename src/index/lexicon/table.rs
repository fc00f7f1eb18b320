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
    /// The place of the first entry with `hash` or a greater one.
    ///
    /// Hashes are spread evenly, so it is near where it would be if they were so exactly; halving
    /// from the ends would go to a dozen places in memory that nothing else is near.
    fn first(&self, hash: u64) -> usize {
        let length = self.0.len();
        let place = (u128::from(hash) * length as u128) >> u32::BITS;
        let guess = usize::try_from(place).unwrap_or(usize::MAX).min(length);
        let is_before = |at: usize| self.0.get(at).is_some_and(|entry| entry >> 32 < hash);
        let (mut low, mut high) = (guess, guess);
        let mut step = NEAR;
        while high < length && is_before(high) {
            low = high;
            high = (high + step).min(length);
            step *= 2;
        }
        step = NEAR;
        while low > 0 && !is_before(low) {
            high = high.min(low);
            low = low.saturating_sub(step);
            step *= 2;
        }
        let between = self.0.get(low..high).unwrap_or_default();
        low + between.partition_point(|entry| entry >> 32 < hash)
    }

    /// The places of the words that may stand under `key`, in order, with which of the keys of the
    /// word is `key`. A few may not: their key has the same hash.
    pub(super) fn under(&self, key: &str) -> impl Iterator<Item = (usize, usize)> {
        let hash = hash(key);
        let entries = self.0.get(self.first(hash)..).unwrap_or_default().iter();
        entries
            .take_while(move |&entry| entry >> 32 == hash)
            .map(|entry| {
                let word = entry & u64::from(u32::MAX);
                let part = |part: u64| usize::try_from(part).unwrap_or(usize::MAX);
                (part(word >> WHICH_BITS), part(word & WHICH))
            })
    }
}

/// How far from where it is expected an entry is looked for first.
const NEAR: usize = 8;

/// The hash of a key, of 32 bits.
fn hash(key: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(key.as_bytes());
    hasher.write_u8(0xFF);
    // What mixes best stands above.
    hasher.finish() >> 32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Table;

    proptest! {
        #[test]
        fn an_entry_is_found_where_halving_finds_it(
            mut hashes in prop::collection::vec(prop_oneof![0..9_u64, any::<u32>().prop_map(u64::from)], 0..200),
            wanted in prop_oneof![0..9_u64, any::<u32>().prop_map(u64::from)],
        ) {
            hashes.sort_unstable();
            let entries: Vec<u64> = hashes.iter().map(|hash| hash << 32 | 5).collect();
            for hash in hashes.iter().copied().chain([wanted, 0, u64::from(u32::MAX)]) {
                let place = entries.partition_point(|entry| entry >> 32 < hash);
                prop_assert_eq!(Table(entries.clone()).first(hash), place);
            }
        }
    }
}
