//! Tasks as they are sent.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::store::{Task, TaskKind, TaskState};

/// One request to write, and how far it is.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct TaskAnswer {
    id: u64,
    /// `put`, `delete` or `bulk`.
    #[schemars(with = "String", extend("enum" = ["put", "delete", "bulk"]))]
    kind: TaskKind,
    /// `queued`, `running`, `done` or `failed`.
    #[schemars(with = "String", extend("enum" = ["queued", "running", "done", "failed"]))]
    status: TaskState,
    /// How many reports were named.
    reports: u64,
    /// How many of them it changed.
    changed: u64,
    /// What came of it, by name; empty until it ended.
    counts: BTreeMap<String, u64>,
    warnings: Vec<String>,
    /// Why it failed.
    error: Option<String>,
    /// Times are of RFC 3339.
    enqueued_at: Option<String>,
    started_at: Option<String>,
    finished_at: Option<String>,
    /// Where it can be asked for.
    url: String,
}

/// Some of the tasks, newest first.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct TasksAnswer {
    pub(in crate::http) tasks: Vec<TaskAnswer>,
    /// What to give as `before` for those that follow; nothing where none do.
    pub(in crate::http) next: Option<u64>,
}

impl TaskAnswer {
    pub(in crate::http) fn new(task: Task) -> Self {
        Self {
            id: task.id,
            kind: task.kind,
            status: task.state,
            reports: task.reports,
            changed: task.changed,
            counts: task.outcome.counts,
            warnings: task.outcome.warnings,
            error: task.outcome.error,
            enqueued_at: time(task.enqueued_at),
            started_at: task.started_at.and_then(time),
            finished_at: task.finished_at.and_then(time),
            url: task_url(task.id),
        }
    }
}

/// Where a task can be asked for.
pub(in crate::http) fn task_url(id: u64) -> String {
    format!("/api/v1/tasks/{id}")
}

/// Milliseconds since 1970 as they are written.
fn time(milliseconds: u64) -> Option<String> {
    let milliseconds = i64::try_from(milliseconds).ok()?;
    let time = Timestamp::from_millisecond(milliseconds).ok()?;
    Some(time.to_string())
}
