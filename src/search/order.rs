//! Hits in the order of numbers they have: by day, by year, by division, up or down.
//!
//! What has none of a number comes last, whichever way the order goes. Of several years the latest
//! counts where the latest come first, and else the earliest. Ties are in the order of the corpus
//! (`tests/ranking.rs`).

use std::cmp::Reverse;

use tantivy::collector::sort_key::NaturalComparator;
use tantivy::collector::{Collector, SegmentCollector, TopNComputer};
use tantivy::columnar::Column;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use super::rank::Ranked;
use super::{Address, Measured};

/// The most numbers that hits are put in order by.
pub const MAX_ORDERS: usize = 4;

/// One of the numbers hits are put in order by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The number.
    pub by: Measured,
    /// Whether the greatest come first.
    pub descending: bool,
}

/// What hits are compared by, greatest first: the numbers, then the place in the corpus.
type Key = ([u64; MAX_ORDERS], Reverse<u64>, Score);

/// Collects the first `take` hits.
pub(super) fn collector(orders: &[Order], take: usize) -> Ordering {
    Ordering {
        orders: orders.iter().copied().take(MAX_ORDERS).collect(),
        take: take.max(1),
    }
}

pub(super) struct Ordering {
    orders: Vec<Order>,
    take: usize,
}

pub(super) struct SegmentOrdering {
    segment: SegmentOrdinal,
    columns: Vec<(Order, Option<Column<u64>>)>,
    place: Column<u64>,
    top: TopNComputer<Key, DocId, NaturalComparator>,
}

impl Collector for Ordering {
    type Fruit = Vec<Ranked>;
    type Child = SegmentOrdering;

    fn for_segment(
        &self,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<SegmentOrdering> {
        let columns = reader.fast_fields();
        Ok(SegmentOrdering {
            segment,
            columns: self
                .orders
                .iter()
                .map(|&order| Ok((order, columns.column_opt(order.by.column())?)))
                .collect::<tantivy::Result<_>>()?,
            place: columns.u64(Measured::Place.column())?,
            top: TopNComputer::new_with_comparator(self.take, NaturalComparator),
        })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, segments: Vec<Vec<(Key, Ranked)>>) -> tantivy::Result<Vec<Ranked>> {
        let mut all: Vec<(Key, Ranked)> = segments.into_iter().flatten().collect();
        all.sort_by_key(|(key, _)| (Reverse(key.0), Reverse(key.1)));
        Ok(all
            .into_iter()
            .take(self.take)
            .map(|(_, ranked)| ranked)
            .collect())
    }
}

impl SegmentCollector for SegmentOrdering {
    type Fruit = Vec<(Key, Ranked)>;

    fn collect(&mut self, doc: DocId, score: Score) {
        let mut numbers = [0; MAX_ORDERS];
        for (number, (order, column)) in numbers.iter_mut().zip(&self.columns) {
            let Some(column) = column else { continue };
            let known = column
                .values_for_doc(doc)
                .filter(|&value| value <= order.by.most());
            // Zero is for those that have none.
            *number = if order.descending {
                known.max().map_or(0, |value| value.saturating_add(1))
            } else {
                known.min().map_or(0, |value| u64::MAX - value)
            };
        }
        let place = Reverse(self.place.first(doc).unwrap_or(u64::MAX));
        self.top.push((numbers, place, score), doc);
    }

    fn harvest(self) -> Self::Fruit {
        let segment = self.segment;
        self.top
            .into_vec()
            .into_iter()
            .map(|entry| {
                let ranked = Ranked {
                    address: Address::new(segment, entry.doc),
                    score: entry.sort_key.2,
                    order: entry.sort_key.1.0,
                };
                (entry.sort_key, ranked)
            })
            .collect()
    }
}
