//! What became of each request to write.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// One request to write, from its arrival until the index holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Its number; later tasks have greater ones.
    pub id: u64,
    /// What was asked.
    pub kind: TaskKind,
    /// The id of the key it was asked with, where there was one.
    #[serde(default)]
    pub by: Option<String>,
    /// How far it is.
    pub state: TaskState,
    /// How many reports were named.
    pub reports: u64,
    /// How many of them it changed.
    pub changed: u64,
    /// Once the index has applied this number, it holds all of the task.
    pub last: u64,
    /// When it was stored, in milliseconds since 1970-01-01 UTC.
    pub enqueued_at: u64,
    /// When applying it began, likewise.
    pub started_at: Option<u64>,
    /// When it ended, likewise.
    pub finished_at: Option<u64>,
    /// What came of it; empty until it ended.
    #[serde(default)]
    pub outcome: Outcome,
}

/// What came of a task.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// What was counted, by name, such as passages.
    pub counts: BTreeMap<String, u64>,
    /// What is worth knowing.
    pub warnings: Vec<String>,
    /// Why it failed; a task without is done.
    pub error: Option<String>,
}

/// What a task asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskKind {
    /// To add or replace one report.
    Put,
    /// To withdraw one report.
    Delete,
    /// Any number of both.
    Bulk,
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    /// Stored, and not yet begun.
    Queued,
    /// Being applied.
    Running,
    /// Applied.
    Done,
    /// Ended with an error.
    Failed,
}

impl Task {
    /// Whether it ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        matches!(self.state, TaskState::Done | TaskState::Failed)
    }
}

/// The tasks that are remembered.
#[derive(Debug, Clone, Default)]
pub(super) struct Tasks {
    /// Each with the bytes its record takes.
    known: BTreeMap<u64, (Task, u64)>,
    /// Those that ended.
    ended: BTreeSet<u64>,
    /// Bytes of all their records.
    pub(super) bytes: u64,
}

impl Tasks {
    /// Keeps a task as it now is, and forgets the oldest that ended when more than `kept` have.
    pub(super) fn keep(&mut self, task: Task, bytes: u64, kept: usize) {
        if task.is_finished() {
            self.ended.insert(task.id);
        } else {
            self.ended.remove(&task.id);
        }
        self.bytes += bytes;
        if let Some((_, before)) = self.known.insert(task.id, (task, bytes)) {
            self.bytes -= before;
        }
        if self.ended.len() > kept
            && let Some(oldest) = self.ended.pop_first()
            && let Some((_, bytes)) = self.known.remove(&oldest)
        {
            self.bytes -= bytes;
        }
    }

    pub(super) fn get(&self, id: u64) -> Option<&Task> {
        self.known.get(&id).map(|(task, _)| task)
    }

    pub(super) fn get_mut(&mut self, id: u64) -> Option<&mut Task> {
        self.known.get_mut(&id).map(|(task, _)| task)
    }

    /// How many have not ended.
    pub(super) fn waiting(&self) -> usize {
        self.known.len() - self.ended.len()
    }

    /// All of them, oldest first.
    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Task> {
        self.known.values().map(|(task, _)| task)
    }
}
