//! Snapshots narrowed by the filters of keys, kept while they are asked for.
//!
//! To apply filters means to look at every passage once, so it is done once for each snapshot and
//! set of filters, and not for each request. Keys of the same filters share one. Those of a snapshot
//! that is served no more are dropped at the next request.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::index::Snapshot;
use crate::search::Filters;

/// The most views that are kept; of more, those asked for least lately are made again.
const MOST: usize = 64;

/// Narrowed snapshots, those asked for last at the end.
#[derive(Default)]
pub(super) struct Views(Mutex<Vec<View>>);

struct View {
    /// Of which snapshot; by this alone it would stay in memory after its time.
    of: Weak<Snapshot>,
    filters: Filters,
    narrowed: Arc<Snapshot>,
}

impl Views {
    /// `whole` under `filters`, where it is kept.
    pub(super) fn get(&self, whole: &Arc<Snapshot>, filters: &Filters) -> Option<Arc<Snapshot>> {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        views.retain(|view| view.of.strong_count() > 0);
        let at = views.iter().position(|view| {
            std::ptr::eq(view.of.as_ptr(), Arc::as_ptr(whole)) && view.filters == *filters
        })?;
        let view = views.remove(at);
        let narrowed = Arc::clone(&view.narrowed);
        views.push(view);
        Some(narrowed)
    }

    /// Keeps `narrowed` as `whole` under `filters`.
    pub(super) fn keep(&self, whole: &Arc<Snapshot>, filters: &Filters, narrowed: &Arc<Snapshot>) {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let surplus = (views.len() + 1).saturating_sub(MOST);
        views.drain(..surplus);
        views.push(View {
            of: Arc::downgrade(whole),
            filters: filters.clone(),
            narrowed: Arc::clone(narrowed),
        });
    }
}
