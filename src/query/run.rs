//! Runs queries: which passages they find, and what these score.
//!
//! The engine goes from passage to passage and scores each as it finds it. But most of what is asked
//! of a query is which passages it finds: how many they are, how many of each province, whether they
//! are enough; and of their scores only the best few are wanted. So here the passages are found first,
//! whole sets at a time (`matching`), and only those are scored to the end that may be among the
//! best (`scoring`). A set that was found serves the count, every facet and the page.
//!
//! Invariant: what is found, and in which order, is what the engine finds (`tests/queries.rs`).

mod combined;
mod contains;
mod coverage;
mod docs;
mod forms;
mod matching;
mod scoring;
mod terms;
mod together;

use std::sync::Arc;

use tantivy::query::Query;
use tantivy::{DocAddress, Searcher};

pub use combined::{CombinedQuery, WeighedField};
pub use contains::Contains;
pub use coverage::{CoverageQuery, Enough};
pub use docs::Docs;
pub use forms::{BestOf, Characters, Constant, Weighed, Within};
pub use scoring::Scoring;
pub use terms::Terms;
pub use together::{in_parts, use_threads};

use crate::index::Snapshot;
use matching::Matching;
use scoring::Part;

/// Passages of all segments, by segment.
#[derive(Debug, Clone)]
pub struct Found(Vec<Docs>);

impl Found {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(Docs::len).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Docs::is_empty)
    }

    /// Whether the passage there is among them.
    #[must_use]
    pub fn contains(&self, address: DocAddress) -> bool {
        let docs = self.0.get(address.segment_ord as usize);
        docs.is_some_and(|docs| docs.contains(address.doc_id))
    }

    /// Those of each segment.
    #[must_use]
    pub fn segments(&self) -> &[Docs] {
        &self.0
    }

    /// Those that are in `other` too.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let pairs = self.0.iter().zip(&other.0);
        Self(pairs.map(|(one, other)| one.and(other)).collect())
    }

    /// Those that are in either, of what `searcher` searches.
    #[must_use]
    pub fn or(self, other: Self, searcher: &Searcher) -> Self {
        let pairs = self.0.into_iter().zip(other.0);
        let pairs = pairs.zip(searcher.segment_readers());
        Self(
            pairs
                .map(|((one, other), reader)| one.or(other, reader.max_doc()))
                .collect(),
        )
    }

    /// Those that are not in `other`.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let pairs = self.0.iter().zip(&other.0);
        Self(pairs.map(|(one, other)| one.minus(other)).collect())
    }
}

/// The passages that `query` finds.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn find(snapshot: &Snapshot, query: &dyn Query) -> tantivy::Result<Found> {
    find_among(snapshot, query, None)
}

/// Those of `among`, where that is given, that `query` finds.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn find_among(
    snapshot: &Snapshot,
    query: &dyn Query,
    among: Option<&Found>,
) -> tantivy::Result<Found> {
    let terms = Terms::of(snapshot);
    let matching = Matching::of(query);
    let segments = terms.segments();
    let opened = (0..segments.len())
        .map(|segment| matching.open(&terms, segment))
        .collect::<tantivy::Result<Vec<_>>>()?;
    let work = opened.iter().map(matching::Opened::work);
    let work = work.fold(0, u64::saturating_add);
    let found = in_parts(segments.len(), work, |segment| {
        let among = among.and_then(|among| among.0.get(segment));
        let (Some(opened), Some(reader)) = (opened.get(segment), segments.get(segment)) else {
            return Ok(Docs::none());
        };
        let docs = opened.find(reader, among, None)?;
        Ok(match reader.alive_bitset() {
            Some(alive) => docs.filtered(reader.max_doc(), |doc| alive.is_alive(doc)),
            None => docs,
        })
    })?;
    Ok(Found(found))
}

/// How many passages `query` finds.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn count(snapshot: &Snapshot, query: &dyn Query) -> tantivy::Result<usize> {
    Ok(find(snapshot, query)?.len())
}

/// What passages that a query finds score.
pub struct Scores {
    terms: Arc<Terms>,
    parts: Vec<Part>,
}

impl Scores {
    /// Of what `query` finds.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn of(snapshot: &Snapshot, query: &dyn Query) -> tantivy::Result<Self> {
        let terms = Terms::of(snapshot);
        let parts = Part::all_of(query, &terms)?;
        Ok(Self { terms, parts })
    }

    /// How many addends a score has.
    #[must_use]
    pub fn addends(&self) -> usize {
        self.parts.len()
    }

    /// Of those of one segment, of which `among` are to be scored.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn open(&self, segment: u32, among: &Docs) -> tantivy::Result<Scoring> {
        let reader = self.terms.searcher().segment_reader(segment);
        Scoring::open(&self.parts, &self.terms, segment as usize, reader, among)
    }
}
