//! The order of hits, and the first of them.
//!
//! Hits are compared by what they have, greatest first: whether every word stands in them, what
//! they score or are put in order by, and where they stand in the corpus. No two stand at the same
//! place, so the order is the same in every run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering as AtomicOrdering};

use tantivy::query::Query as EngineQuery;
use tantivy::{DocId, Score, SegmentOrdinal};

use super::Address;
use super::columns::Columns;
use super::kept::Kept;
use crate::index::Snapshot;
use crate::query::run::{Docs, Found, Scores, in_parts};

/// How many passages are scored at a time.
const BATCH: usize = 256;

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
pub(super) struct Complete(Arc<Found>);

impl Complete {
    pub(super) fn new(found: Found) -> Self {
        Self(Arc::new(found))
    }

    pub(super) fn contains(&self, address: Address) -> bool {
        self.0.contains(address)
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

/// The first `wanted` of `found`, which `query` finds, in order.
pub(super) fn first(
    snapshot: &Snapshot,
    query: &dyn EngineQuery,
    found: &Found,
    sort: Sort,
    complete: Option<&Complete>,
    wanted: usize,
) -> tantivy::Result<Vec<Ranked>> {
    let wanted = wanted.min(found.len());
    if wanted == 0 {
        return Ok(Vec::new());
    }
    let scores = Scores::of(snapshot, query)?;
    let kept = Kept::of(snapshot);
    let columns = &kept.columns;
    if sort != Sort::Relevance {
        return by_number(snapshot, &scores, columns, found, sort, wanted);
    }
    let Some(Complete(complete)) = complete else {
        return by_score(snapshot, &scores, columns, found, wanted);
    };
    let mut first = by_score(snapshot, &scores, columns, &found.and(complete), wanted)?;
    let rest = wanted - first.len();
    if rest > 0 {
        let others = found.minus(complete);
        first.extend(by_score(snapshot, &scores, columns, &others, rest)?);
    }
    Ok(first)
}

/// A passage by what it is ranked by and, among equals, its place in the corpus; the least is the
/// greatest, to be the first to go.
type Last<K> = Reverse<(K, Reverse<u64>, SegmentOrdinal, DocId)>;

/// The best of what there is, so many of it.
struct Best<K> {
    wanted: usize,
    /// The least of them on top.
    heap: BinaryHeap<Last<K>>,
}

impl<K: Ord> Best<K> {
    fn new(wanted: usize) -> Self {
        Self {
            wanted,
            heap: BinaryHeap::with_capacity(wanted.min(BATCH) + 1),
        }
    }

    /// The least of them, where there are as many as are wanted.
    fn least(&self) -> Option<&(K, Reverse<u64>, SegmentOrdinal, DocId)> {
        let least = self.heap.peek().filter(|_| self.heap.len() >= self.wanted);
        least.map(|Reverse(least)| least)
    }

    fn push(&mut self, key: K, order: u64, segment: SegmentOrdinal, doc: DocId) {
        self.heap.push(Reverse((key, Reverse(order), segment, doc)));
        if self.heap.len() > self.wanted {
            self.heap.pop();
        }
    }

    /// All of them, best first.
    fn sorted(self) -> impl Iterator<Item = (K, u64, Address)> {
        let sorted = self.heap.into_sorted_vec().into_iter();
        sorted.map(|Reverse((key, Reverse(order), segment, doc))| {
            (key, order, Address::new(segment, doc))
        })
    }
}

/// A score, in the order of numbers.
#[derive(PartialEq)]
struct Scored(Score);

impl Eq for Scored {}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// A score that several threads raise.
#[derive(Default)]
struct Bar(AtomicU32);

impl Bar {
    /// Nothing below it can be among the best.
    fn get(&self) -> Score {
        match self.0.load(AtomicOrdering::Relaxed) {
            0 => Score::NEG_INFINITY,
            bits => Score::from_bits(bits),
        }
    }

    fn raise(&self, score: Score) {
        // The bits of numbers above zero are in the order of the numbers.
        if score > 0.0 {
            self.0.fetch_max(score.to_bits(), AtomicOrdering::Relaxed);
        }
    }
}

fn by_score(
    snapshot: &Snapshot,
    scores: &Scores,
    columns: &Columns,
    found: &Found,
    wanted: usize,
) -> tantivy::Result<Vec<Ranked>> {
    let segments = found.segments();
    // What a passage must score to be among the best of all segments.
    let bar = Bar::default();
    let work = found.len() * (1 + scores.addends() / 4);
    let parts = in_parts(segments.len(), work as u64, |part| {
        let mut best: Best<Scored> = Best::new(wanted);
        let Some(docs) = segments.get(part).filter(|docs| !docs.is_empty()) else {
            return Ok(best);
        };
        let segment = SegmentOrdinal::try_from(part).unwrap_or(SegmentOrdinal::MAX);
        let places = columns.places(snapshot, segment)?;
        let mut scoring = scores.open(segment, docs)?;
        let (mut batch, mut sums) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
        let mut rank = |batch: &mut Vec<DocId>| {
            scoring.score(batch, &mut sums, bar.get());
            for (doc, score) in batch.drain(..).zip(&sums) {
                let least = best.least();
                if least.is_none_or(|least| *score >= least.0.0) {
                    best.push(Scored(*score), places.of(doc), segment, doc);
                }
            }
            if let Some((Scored(least), ..)) = best.least() {
                bar.raise(*least);
            }
        };
        docs.for_each(|doc| {
            batch.push(doc);
            if batch.len() == BATCH {
                rank(&mut batch);
            }
        });
        rank(&mut batch);
        Ok(best)
    })?;
    let mut best: Best<Scored> = Best::new(wanted);
    for Reverse((score, Reverse(order), segment, doc)) in
        parts.into_iter().flat_map(|part| part.heap)
    {
        best.push(score, order, segment, doc);
    }
    let ranked = best.sorted().map(|(score, order, address)| Ranked {
        address,
        score: score.0,
        order,
    });
    Ok(ranked.collect())
}

/// By a number, which is the less the better; what is scored has no say.
fn by_number(
    snapshot: &Snapshot,
    scores: &Scores,
    columns: &Columns,
    found: &Found,
    sort: Sort,
    wanted: usize,
) -> tantivy::Result<Vec<Ranked>> {
    let mut best: Best<Reverse<u64>> = Best::new(wanted);
    for (segment, docs) in (0..).zip(found.segments()) {
        if docs.is_empty() {
            continue;
        }
        let places = columns.places(snapshot, segment)?;
        let fast = snapshot.searcher().segment_reader(segment).fast_fields();
        let number = match sort {
            Sort::Region => fast.column_opt::<u64>("region_order")?,
            Sort::Date => fast.column_opt::<u64>("date")?,
            Sort::Relevance | Sort::Document | Sort::Quantity => None,
        };
        let mut rank = |doc: DocId| {
            let known = number.as_ref().and_then(|number| number.first(doc));
            let key = Reverse(match sort {
                Sort::Region => known.unwrap_or(u64::MAX),
                // Those of no known day come last.
                Sort::Date => u64::MAX - known.unwrap_or(0),
                Sort::Relevance | Sort::Document | Sort::Quantity => 0,
            });
            let order = places.of(doc);
            let is_better = best
                .least()
                .is_none_or(|least| (&key, Reverse(order)) > (&least.0, least.1));
            if is_better {
                best.push(key, order, segment, doc);
            }
        };
        if number.is_none() && places.are_ascending() {
            docs.first(wanted).into_iter().for_each(rank);
        } else {
            docs.for_each(&mut rank);
        }
    }
    let mut ranked: Vec<Ranked> = best
        .sorted()
        .map(|(_, order, address)| Ranked {
            address,
            score: 0.0,
            order,
        })
        .collect();
    add(snapshot, scores, &mut ranked)?;
    Ok(ranked)
}

/// Adds to the scores of `hits`, wherever they stand.
pub(super) fn add(
    snapshot: &Snapshot,
    scores: &Scores,
    hits: &mut [Ranked],
) -> tantivy::Result<()> {
    for (segment, reader) in (0..).zip(snapshot.searcher().segment_readers()) {
        let here = |hit: &Ranked| hit.address.segment_ord == segment;
        let own = hits.iter().filter(|hit| here(hit));
        let mut docs: Vec<DocId> = own.map(|hit| hit.address.doc_id).collect();
        if docs.is_empty() {
            continue;
        }
        docs.sort_unstable();
        let among = Docs::of(docs.clone(), reader.max_doc());
        let mut scoring = scores.open(segment, &among)?;
        let mut sums = Vec::new();
        scoring.score(&mut docs, &mut sums, Score::NEG_INFINITY);
        for hit in hits.iter_mut().filter(|hit| here(hit)) {
            if let Ok(at) = docs.binary_search(&hit.address.doc_id) {
                hit.score += sums.get(at).copied().unwrap_or(0.0);
            }
        }
    }
    Ok(())
}
