//! What is kept with a generation for as long as it is served.

use std::sync::Arc;

use super::answers::Answers;
use super::columns::Columns;
use crate::index::Snapshot;

/// What searches of a generation leave to those after them.
pub(super) struct Kept {
    pub(super) columns: Columns,
    pub(super) answers: Answers,
}

impl Kept {
    /// With the generation of `snapshot`.
    pub(super) fn of(snapshot: &Snapshot) -> Arc<Self> {
        Self::after(snapshot, None)
    }

    /// The same, with what is true of this generation too of what is kept with the one before it.
    pub(super) fn after(snapshot: &Snapshot, before: Option<&Self>) -> Arc<Self> {
        snapshot.attached(|| Self {
            columns: Columns::of(snapshot, before.map(|before| &before.columns)),
            answers: Answers::default(),
        })
    }
}
