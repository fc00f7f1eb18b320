//! The least numbers of many, without looking at the others.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// A place that has no number.
const NONE: u32 = u32::MAX;

/// Numbers in a row, and above them the least of each two, of each four, and so on to the top.
pub(super) struct Ranks {
    /// How many places the lowest row has, a power of two.
    width: usize,
    /// The rows, topmost first; what stands below place *n* is at 2*n* and 2*n* + 1.
    tree: Vec<u32>,
}

impl Ranks {
    pub(super) fn new(numbers: &[u32]) -> Self {
        let width = numbers.len().next_power_of_two();
        let mut tree = vec![NONE; width];
        tree.extend_from_slice(numbers);
        tree.resize(width * 2, NONE);
        for place in (1..width).rev() {
            let below = [tree.get(2 * place), tree.get(2 * place + 1)];
            let least = below.into_iter().flatten().min().copied().unwrap_or(NONE);
            if let Some(slot) = tree.get_mut(place) {
                *slot = least;
            }
        }
        Self { width, tree }
    }

    /// The least different numbers that stand in any of `ranges`, at most `most`, in order.
    pub(super) fn best(&self, ranges: &[Range<usize>], most: usize) -> Vec<u32> {
        let mut open = BinaryHeap::new();
        let push = |open: &mut BinaryHeap<Reverse<(u32, usize)>>, place: usize| {
            if let Some(&least) = self.tree.get(place).filter(|&&least| least != NONE) {
                open.push(Reverse((least, place)));
            }
        };
        for range in ranges {
            let mut from = range.start + self.width;
            let mut to = range.end.min(self.width) + self.width;
            while from < to {
                if from % 2 == 1 {
                    push(&mut open, from);
                    from += 1;
                }
                if to % 2 == 1 {
                    to -= 1;
                    push(&mut open, to);
                }
                from /= 2;
                to /= 2;
            }
        }
        let mut best: Vec<u32> = Vec::with_capacity(most);
        while best.len() < most
            && let Some(Reverse((number, place))) = open.pop()
        {
            if place < self.width {
                push(&mut open, 2 * place);
                push(&mut open, 2 * place + 1);
            } else if best.last() != Some(&number) {
                best.push(number);
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::Ranks;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_sorting_finds(
            numbers in prop::collection::vec(0_u32..50, 0..200),
            ranges in prop::collection::vec((0_usize..220, 0_usize..220), 0..4),
            most in 0_usize..20,
        ) {
            let ranges: Vec<_> = ranges.into_iter().map(|(from, to)| from..to).collect();
            let mut expected: Vec<u32> = ranges
                .iter()
                .flat_map(|range| numbers.iter().enumerate().filter(|(at, _)| range.contains(at)))
                .map(|(_, &number)| number)
                .collect();
            expected.sort_unstable();
            expected.dedup();
            expected.truncate(most);
            prop_assert_eq!(Ranks::new(&numbers).best(&ranges, most), expected);
        }
    }
}
