//! How the index and the store stand, as it is sent.

use schemars::JsonSchema;
use serde::Serialize;

use crate::index::{Progress, Snapshot};
use crate::reload::Condition;
use crate::store::Store;

/// How the index stands.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct IndexAnswer {
    generation: String,
    /// In seconds since 1970-01-01 UTC.
    built_at: u64,
    reports: u64,
    passages: u64,
    /// Whether another one is being made.
    rebuilding: bool,
    /// How far that is.
    progress: Option<ProgressAnswer>,
    /// What keeps it from being brought up to date.
    warnings: Vec<String>,
    /// What was found damaged at the last start.
    damage: Vec<String>,
    /// What was sent; nothing where no reports are taken.
    store: Option<StoreAnswer>,
}

/// How the store stands.
#[derive(Serialize, JsonSchema)]
struct StoreAnswer {
    reports: usize,
    bytes: u64,
    /// Bytes that say nothing any more and go when the log is next rewritten.
    garbage_bytes: u64,
    /// Requests that wait to be taken into the index.
    waiting_tasks: usize,
    /// The number of the last write.
    last_write: u64,
    /// Writes up to this number can be found.
    indexed_through: u64,
}

/// How far the making of an index is.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct ProgressAnswer {
    /// `reading` or `finishing`.
    stage: &'static str,
    /// Files and sent reports read so far.
    done: Option<u64>,
    /// How many there are.
    of: Option<u64>,
    /// Passages so far.
    passages: Option<u64>,
}

impl ProgressAnswer {
    pub(in crate::http) fn new(progress: Progress) -> Self {
        match progress {
            Progress::Reading {
                files,
                of,
                passages,
            } => Self {
                stage: "reading",
                done: Some(files),
                of: Some(of),
                passages: Some(passages),
            },
            Progress::Finishing => Self {
                stage: "finishing",
                done: None,
                of: None,
                passages: None,
            },
        }
    }
}

impl IndexAnswer {
    pub(in crate::http) fn new(
        snapshot: &Snapshot,
        condition: &Condition,
        progress: Option<Progress>,
        store: Option<&Store>,
        through: u64,
    ) -> Self {
        Self {
            generation: snapshot.name().to_owned(),
            built_at: snapshot.manifest().built_at,
            reports: snapshot.reports().len() as u64,
            passages: snapshot.passages(),
            rebuilding: condition.rebuilding,
            progress: progress.map(ProgressAnswer::new),
            warnings: condition.warnings.clone(),
            damage: condition.damage.clone(),
            store: store.map(|store| {
                let (bytes, garbage_bytes) = store.size();
                StoreAnswer {
                    reports: store.len(),
                    bytes,
                    garbage_bytes,
                    waiting_tasks: store.waiting(),
                    last_write: store.seq(),
                    indexed_through: through,
                }
            }),
        }
    }
}
