//! What requests that write share: where reports go, what they may cost, who waits for what.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::web;
use tokio::sync::Semaphore;

use super::access::{Authorized, Write as Writing};
use super::problem::Problem;
use super::state::State;
use crate::config::{self, Settings};
use crate::corpus::{self, Limits};
use crate::store::{self, Store, Task, TaskKind, Write};

/// Where reports that are sent go.
pub struct Intake {
    /// Keeps them.
    pub store: Arc<Store>,
    /// What reading an uploaded file may cost.
    pub limits: Limits,
}

/// The same, with what the settings say.
pub(super) struct Taking {
    pub(super) store: Arc<Store>,
    pub(super) limits: Limits,
    pub(super) max_body: u64,
    pub(super) max_report: u64,
    pub(super) max_reports: usize,
    max_queue: usize,
    /// Where bodies that are too large for memory are put meanwhile.
    folder: PathBuf,
    /// Those that read what was sent, which costs memory and time.
    reading: Arc<Semaphore>,
}

impl Taking {
    pub(super) fn new(intake: Intake, settings: &Settings) -> Self {
        let store = &settings.store;
        let readers = config::or_cores(settings.server.workers).max(2);
        Self {
            store: intake.store,
            limits: intake.limits,
            max_body: store.max_body_mb << 20,
            max_report: store.max_report_mb << 20,
            max_reports: store.max_reports,
            max_queue: store.max_queue,
            folder: store.path.clone(),
            reading: Arc::new(Semaphore::new(readers)),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Refuses more than may wait.
    pub(super) fn check_queue(&self) -> Result<(), Problem> {
        let waiting = self.store.waiting();
        if waiting < self.max_queue {
            return Ok(());
        }
        Err(Problem::QueueFull {
            waiting,
            most: self.max_queue,
        })
    }

    /// Runs what reads a body, in its turn, off the async workers.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, Problem> + Send + 'static,
    {
        let turn = Arc::clone(&self.reading).acquire_owned().await;
        let turn = turn.map_err(|_| Problem::Overloaded { seconds: 1 })?;
        off(move || {
            let _turn = turn;
            work()
        })
        .await
    }

    /// Makes changes, under the task `continues` where there is one; the task.
    pub(super) async fn append(
        &self,
        continues: Option<u64>,
        by: Option<String>,
        kind: TaskKind,
        writes: Vec<Write>,
    ) -> Result<u64, Problem> {
        let store = Arc::clone(&self.store);
        off(move || {
            let appended = match continues {
                Some(task) => store.append_to(task, writes),
                None => store.append_by(by.as_deref(), kind, writes),
            };
            Ok(appended?.task)
        })
        .await
    }
}

/// Runs what waits for the disk off the async workers.
pub(super) async fn off<T, F>(work: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Problem> + Send + 'static,
{
    web::block(work).await.map_err(|error| {
        tracing::error!(%error, "写入的线程中断");
        Problem::Internal
    })?
}

/// Refuses an id that no report may be sent under, and one that this key may not write.
pub(super) fn check_id(
    id: &str,
    access: &Authorized<Writing>,
    state: &State,
) -> Result<(), Problem> {
    if !store::valid_id(id) {
        return Err(Problem::BadId { id: shortened(id) });
    }
    access.check_report(id)?;
    if corpus::is_of_file(id) {
        let whole = state.whole();
        return Err(Problem::IdOfFile {
            id: id.to_owned(),
            file: whole.report(id).map(|report| report.source.clone()),
        });
    }
    Ok(())
}

/// An id as far as it is worth repeating.
pub(super) fn shortened(id: &str) -> String {
    let mut short: String = id.chars().take(store::MAX_ID).collect();
    if short.len() < id.len() {
        short.push('…');
    }
    short
}

impl State {
    /// Where reports go, or a refusal where none are taken.
    pub(super) fn taking(&self) -> Result<&Taking, Problem> {
        self.intake.as_ref().ok_or(Problem::NotTaken)
    }

    /// The task `id` as it is, or as it is when it ends, at most `wait` from now.
    pub(super) async fn task(&self, id: u64, wait: Duration) -> Result<Task, Problem> {
        let store = &self.taking()?.store;
        let missing = || Problem::NotFound {
            what: "任务",
            id: id.to_string(),
        };
        let until = Instant::now() + wait;
        let mut ends = self.ends();
        loop {
            let task = store.task(id).ok_or_else(missing)?;
            let left = until.saturating_duration_since(Instant::now());
            if task.is_finished() || left.is_zero() {
                return Ok(task);
            }
            let told = tokio::time::timeout(left, ends.changed()).await;
            if matches!(told, Ok(Err(_))) {
                // Nothing is served any more: it will not end.
                return Ok(task);
            }
        }
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        let why = error.to_string();
        match error {
            store::Error::Id { id } => Self::BadId { id },
            store::Error::TooLarge { .. } => Self::ReportTooLarge { why },
            store::Error::NearlyFull { .. } | store::Error::NoSpace { .. } => {
                tracing::error!("磁盘空间不足，不接收写入：{why}");
                Self::DiskFull
            }
            _ => {
                tracing::error!("存储不能写入：{why}");
                Self::StoreUnavailable
            }
        }
    }
}
