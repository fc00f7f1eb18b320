//! All hits of a request, read a batch at a time from one snapshot.
//!
//! What is kept between batches is where each hit stands and what it scored, a few bytes for each,
//! in order; their texts are read only when their turn comes. So an export of a million passages
//! needs little memory, sees one state of the index from its first line to its last, and waits for
//! whoever reads it.
//!
//! Invariant: it is what paging through the search gives, in the same order (`tests/export.rs`).

use std::sync::Arc;

use super::asked::{Asked, Ordered};
use super::filter::{Narrowed, engine_filters, narrow};
use super::pinned::Pinned;
use super::rank::{Complete, Ranked};
use super::reports;
use super::understand::Understood;
use super::{Chosen, Hit, HitReader, Options, Request, choose, read};
use crate::index::{self, Snapshot};
use crate::quantity::Condition;
use crate::query::{Compiled, Leaf};

/// The hits of a request, in order, yet to be read.
pub struct Export {
    snapshot: Arc<Snapshot>,
    request: Request,
    options: Options,
    compiled: Compiled,
    relaxed: bool,
    complete: Option<Complete>,
    pinned: Option<Pinned>,
    conditions: Vec<Condition>,
    related: Vec<Leaf>,
    hits: Vec<Ranked>,
    at: usize,
}

/// Puts all hits of `request`, or its first `limit`, in order to be read. Pages have no say. With
/// `by_report` those of a report stand together, reports in the order of their first hits.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn export(
    snapshot: Arc<Snapshot>,
    request: Request,
    options: &Options,
    limit: Option<usize>,
    by_report: bool,
) -> Result<Export, index::Error> {
    let Understood {
        compiled,
        complete,
        conditions,
        ..
    } = read(&snapshot, &request, options)?;
    let Chosen {
        query,
        found,
        complete,
        relaxed,
        pinned,
    } = choose(&snapshot, &request, &compiled, complete, options)?;
    let filters = engine_filters(&snapshot, &request);
    let narrowed = narrow(&*query, &filters, None);
    let found = Narrowed::of(&snapshot, found, &filters)?.all();
    let total = found.len();
    let wanted = limit.map_or(total, |limit| limit.min(total));
    let asked = Asked {
        snapshot: &snapshot,
        request: &request,
        options,
        compiled: &compiled,
        complete: complete.as_ref(),
        conditions: &conditions,
        pinned: pinned.as_ref(),
    };
    let Ordered { mut top, related } = asked.order(&*narrowed, &found, 0, wanted)?;
    top.truncate(wanted);
    if by_report {
        reports::gather(&snapshot, &mut top)?;
    }
    Ok(Export {
        relaxed: relaxed.is_some(),
        options: *options,
        hits: top,
        at: 0,
        snapshot,
        request,
        compiled,
        complete,
        pinned,
        conditions,
        related,
    })
}

impl Export {
    /// How many hits there are, read and unread.
    #[must_use]
    pub fn total(&self) -> usize {
        self.hits.len()
    }

    /// The next hits, at most `most` of them; none when all have been read.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn next(&mut self, most: usize) -> Result<Vec<Hit>, index::Error> {
        let relaxed = self.relaxed;
        let mut reader = HitReader::new(
            &self.snapshot,
            &self.request,
            &self.options,
            &self.compiled,
            relaxed,
        );
        reader.leaves.extend(&self.related);
        reader.conditions.extend(self.conditions.iter().cloned());
        let asked = Asked {
            snapshot: &self.snapshot,
            request: &self.request,
            options: &self.options,
            compiled: &self.compiled,
            complete: self.complete.as_ref(),
            conditions: &self.conditions,
            pinned: self.pinned.as_ref(),
        };
        let end = self.at.saturating_add(most).min(self.hits.len());
        let batch = self.hits.get(self.at..end).unwrap_or_default();
        let read = batch
            .iter()
            .map(|ranked| asked.read(&reader, ranked))
            .collect::<Result<_, _>>()?;
        self.at = end;
        Ok(read)
    }
}
