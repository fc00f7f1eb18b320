//! What all requests share: the snapshot in force and the gate in front of searching.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::web;
use tokio::sync::{Semaphore, watch as channel};

use super::access::{Authorized, Search};
use super::intake::{Intake, Taking};
use super::problem::Problem;
use super::views::Views;
use crate::config::{self, Settings};
use crate::index::{Progress, Snapshot};
use crate::key::Keyring;
use crate::reload::{Condition, Served};
use crate::search;

/// Shared by all workers.
pub struct State {
    served: Arc<Served>,
    pub(super) keys: Arc<Keyring>,
    /// Whether one may search without a key.
    pub(super) is_open: bool,
    /// Where reports that are sent go, where any are taken.
    pub(super) intake: Option<Taking>,
    /// Whether the service was told to stop.
    stopping: AtomicBool,
    pub(super) options: search::Options,
    pub(super) per_page: usize,
    pub(super) max_depth: usize,
    /// The address others know the service by, where it is set.
    pub(super) public_url: Option<String>,
    /// The characters past which a passage is cut, for saying so.
    pub(super) passage_chars: usize,
    views: Views,
    gate: Gate,
}

/// Lets a bounded number of searches run and a bounded number wait.
struct Gate {
    running: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    limit: Duration,
}

impl State {
    /// The state that answers from what is `served`, to whoever has one of `keys`, or to everybody
    /// where it `is_open`.
    #[must_use]
    pub fn new(
        settings: &Settings,
        served: Arc<Served>,
        keys: Arc<Keyring>,
        is_open: bool,
        intake: Option<Intake>,
    ) -> Self {
        let search = &settings.search;
        Self {
            served,
            keys,
            is_open,
            intake: intake.map(|intake| Taking::new(intake, settings)),
            stopping: AtomicBool::new(false),
            options: search::Options::from(search),
            per_page: search.per_page,
            max_depth: search.max_depth,
            public_url: settings.server.public_address(),
            passage_chars: settings.passage.max_chars,
            views: Views::default(),
            gate: Gate {
                running: Arc::new(Semaphore::new(config::or_cores(
                    settings.server.search_threads,
                ))),
                waiting: AtomicUsize::new(0),
                queue: settings.server.search_queue,
                limit: Duration::from_millis(settings.server.search_timeout_ms),
            },
        }
    }

    /// What of the snapshot in force may be seen with this key; hold on to it for the length of a
    /// request. There is no other way to a snapshot for whoever shows what is in it.
    ///
    /// # Errors
    ///
    /// As [`Self::run`], where the key's filters are applied to this snapshot for the first time.
    pub(super) async fn snapshot(
        &self,
        access: &Authorized<Search>,
    ) -> Result<Arc<Snapshot>, Problem> {
        let whole = self.served.snapshot();
        let Some(filters) = access.filters() else {
            return Ok(whole);
        };
        if let Some(view) = self.views.get(&whole, filters) {
            return Ok(view);
        }
        let wanted = filters.clone();
        let view = self
            .run(Arc::clone(&whole), move |whole| {
                Ok(Arc::new(search::within(whole, &wanted)?))
            })
            .await?;
        self.views.keep(&whole, filters, &view);
        Ok(view)
    }

    /// The snapshot in force with all that is in it, for saying how things stand.
    pub(super) fn whole(&self) -> Arc<Snapshot> {
        self.served.snapshot()
    }

    /// How things stand to what is served.
    pub(super) fn condition(&self) -> Arc<Condition> {
        self.served.condition()
    }

    /// How far the making of another index is; nothing where none is being made.
    pub(super) fn progress(&self) -> Option<Progress> {
        self.served.progress()
    }

    /// Says that something was written to the store.
    pub(super) fn written(&self) {
        self.served.written();
    }

    /// What is told of whenever tasks ended.
    pub(super) fn ends(&self) -> channel::Receiver<u64> {
        self.served.ends()
    }

    /// All writes of the store up to this number can be found.
    pub(super) fn through(&self) -> u64 {
        self.served.through()
    }

    /// Asks for the index to be made anew.
    pub(super) fn make_anew(&self) {
        self.served.make_anew();
    }

    /// Says that the service was told to stop.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether it was.
    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Runs part of a long answer off the async workers, in its turn among the searches. Whoever
    /// waits for that answer has been let in already, so nothing is refused and nothing timed.
    ///
    /// # Errors
    ///
    /// [`Problem::Internal`] when the thread breaks off, or what `work` says.
    pub(super) async fn run_part<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, Problem> + Send + 'static,
    {
        let permit = Arc::clone(&self.gate.running)
            .acquire_owned()
            .await
            .map_err(|_| Problem::Overloaded)?;
        web::block(move || {
            let _permit = permit;
            work()
        })
        .await
        .map_err(|error| {
            tracing::error!(%error, "检索线程中断");
            Problem::Internal
        })?
    }

    /// Runs `work` on `snapshot` off the async workers.
    ///
    /// # Errors
    ///
    /// [`Problem::Overloaded`] when too many wait already, [`Problem::TimedOut`] when waiting and
    /// working exceed the time limit. Work that outlives its request still holds its place, so the
    /// bound on what runs at once holds too.
    pub(super) async fn run<T, F>(&self, snapshot: Arc<Snapshot>, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&Snapshot) -> Result<T, Problem> + Send + 'static,
    {
        let gate = &self.gate;
        let limit = gate.limit;
        let waiting = Waiting::enter(gate)?;
        let admitted = async {
            let permit = Arc::clone(&gate.running)
                .acquire_owned()
                .await
                .map_err(|_| Problem::Overloaded)?;
            drop(waiting);
            web::block(move || {
                let _permit = permit;
                work(&snapshot)
            })
            .await
            .map_err(|error| {
                tracing::error!(%error, "检索线程中断");
                Problem::Internal
            })?
        };
        tokio::time::timeout(limit, admitted)
            .await
            .map_err(|_| Problem::TimedOut {
                limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
            })?
    }
}

/// A place in the queue, given back when dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(gate: &'a Gate) -> Result<Self, Problem> {
        let before = gate.waiting.fetch_add(1, Ordering::Relaxed);
        let place = Self(&gate.waiting);
        // One that finds a free place does not wait.
        if before >= gate.queue.max(gate.running.available_permits()) {
            return Err(Problem::Overloaded);
        }
        Ok(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
