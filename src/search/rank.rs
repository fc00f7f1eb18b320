//! The order of hits, and the page of them that is wanted.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use tantivy::collector::sort_key::NaturalComparator;
use tantivy::collector::{Collector, SegmentCollector, TopNComputer};
use tantivy::columnar::Column;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use super::Address;

/// The order of hits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Those with every word first, then by score.
    #[default]
    Relevance,
    /// By division code, unknown regions last.
    Region,
    /// As they stand in the corpus.
    Document,
    /// By the greatest figure that meets the first condition on figures.
    Quantity,
    /// The latest reports first, those of no known day last.
    Date,
}

impl Sort {
    /// Every order.
    pub const ALL: [Self; 5] = [
        Self::Relevance,
        Self::Region,
        Self::Document,
        Self::Quantity,
        Self::Date,
    ];

    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Relevance => "relevance",
            Self::Region => "region",
            Self::Document => "document",
            Self::Quantity => "quantity",
            Self::Date => "date",
        }
    }
}

/// The passages that hold every word of a relaxed query.
#[derive(Debug, Clone)]
pub(super) struct Complete(Arc<HashSet<Address>>);

impl Complete {
    pub(super) fn new(set: HashSet<Address>) -> Self {
        Self(Arc::new(set))
    }

    pub(super) fn contains(&self, address: Address) -> bool {
        self.0.contains(&address)
    }
}

/// A passage at its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranked {
    pub(super) address: Address,
    pub(super) score: Score,
    /// Its place in the corpus.
    pub(super) order: u64,
}

/// What hits are compared by, greatest first: whether every word stands in them, score, division
/// code, place in the corpus. No two have the same place; the score as it was comes last, unread.
type Key = (bool, Score, Reverse<u64>, Reverse<u64>, Score);

/// Collects hits `skip..skip + take` of the order.
pub(super) fn collector(sort: Sort, complete: Option<Complete>, skip: usize, take: usize) -> Page {
    Page {
        sort,
        complete,
        skip,
        take: take.max(1),
    }
}

/// Puts `hits` in the order of relevance, where their scores have changed.
pub(super) fn order(complete: Option<&Complete>, hits: &mut [Ranked]) {
    let is_complete = |hit: &Ranked| complete.is_none_or(|set| set.contains(hit.address));
    hits.sort_by(|left, right| {
        is_complete(right)
            .cmp(&is_complete(left))
            .then_with(|| right.score.total_cmp(&left.score))
            .then_with(|| left.order.cmp(&right.order))
    });
}

pub(super) struct Page {
    sort: Sort,
    complete: Option<Complete>,
    skip: usize,
    take: usize,
}

pub(super) struct SegmentPage {
    sort: Sort,
    complete: Option<Complete>,
    segment: SegmentOrdinal,
    order: Column<u64>,
    region: Column<u64>,
    /// Set where hits are in the order of days.
    date: Option<Column<u64>>,
    top: TopNComputer<Key, DocId, NaturalComparator>,
}

impl Collector for Page {
    type Fruit = Vec<Ranked>;
    type Child = SegmentPage;

    fn for_segment(
        &self,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<SegmentPage> {
        let columns = reader.fast_fields();
        Ok(SegmentPage {
            sort: self.sort,
            complete: self.complete.clone(),
            segment,
            order: columns.u64("order")?,
            region: columns.u64("region_order")?,
            date: match self.sort {
                Sort::Date => columns.column_opt("date")?,
                _ => None,
            },
            top: TopNComputer::new_with_comparator(self.skip + self.take, NaturalComparator),
        })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, segments: Vec<Vec<(Key, Ranked)>>) -> tantivy::Result<Vec<Ranked>> {
        let mut all: Vec<(Key, Ranked)> = segments.into_iter().flatten().collect();
        all.sort_by(|(left, _), (right, _)| {
            right.partial_cmp(left).unwrap_or(std::cmp::Ordering::Equal)
        });
        Ok(all
            .into_iter()
            .skip(self.skip)
            .take(self.take)
            .map(|(_, ranked)| ranked)
            .collect())
    }
}

impl SegmentCollector for SegmentPage {
    type Fruit = Vec<(Key, Ranked)>;

    fn collect(&mut self, doc: DocId, score: Score) {
        let order = Reverse(self.order.first(doc).unwrap_or(u64::MAX));
        let key = match self.sort {
            Sort::Relevance => {
                let address = Address::new(self.segment, doc);
                let complete = self
                    .complete
                    .as_ref()
                    .is_none_or(|complete| complete.contains(address));
                (complete, score, Reverse(0), order, score)
            }
            Sort::Region => {
                let region = Reverse(self.region.first(doc).unwrap_or(u64::MAX));
                (true, 0.0, region, order, score)
            }
            Sort::Date => {
                let date = self.date.as_ref().and_then(|date| date.first(doc));
                (
                    true,
                    0.0,
                    Reverse(u64::MAX - date.unwrap_or(0)),
                    order,
                    score,
                )
            }
            Sort::Document | Sort::Quantity => (true, 0.0, Reverse(0), order, score),
        };
        self.top.push(key, doc);
    }

    fn harvest(self) -> Self::Fruit {
        let segment = self.segment;
        self.top
            .into_vec()
            .into_iter()
            .map(|entry| {
                let ranked = Ranked {
                    address: Address::new(segment, entry.doc),
                    score: entry.sort_key.4,
                    order: entry.sort_key.3.0,
                };
                (entry.sort_key, ranked)
            })
            .collect()
    }
}
