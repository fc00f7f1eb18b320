//! What all requests share: the snapshot in force and the gate in front of searching.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actix_web::web;
use tokio::sync::watch as channel;
use tracing::Instrument;

use super::access::{Authorized, Search};
use super::client::Proxies;
use super::connections::Connections;
use super::gate::{Class, Gate, Permit};
use super::intake::{Intake, Taking};
use super::journal::{Journal, Note};
use super::meter::Meter;
use super::pace::Pace;
use super::problem::Problem;
use super::rates::Rates;
use super::trace;
use super::views::Views;
use crate::config::{self, Settings};
use crate::index::{Progress, Snapshot};
use crate::key::Keyring;
use crate::reload::{Condition, Served};
use crate::search;

/// Shared by all workers.
pub struct State {
    pub(super) served: Arc<Served>,
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
    pub(super) gate: Gate,
    /// The longest time for waiting and working together.
    limit: Duration,
    pub(super) meter: Arc<Meter>,
    pub(super) journal: Journal,
    pub(super) proxies: Arc<Proxies>,
    pub(super) connections: Arc<Connections>,
    /// How often an address may ask, where that is limited.
    pub(super) rates: Option<Rates>,
    pub(super) pace: Pace,
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
        let (search, http) = (&settings.search, &settings.server);
        let meter = Arc::new(Meter::default());
        let proxies = Arc::new(Proxies::new(settings));
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
            gate: Gate::new(
                config::or_cores(http.search_threads),
                http.search_queue,
                Duration::from_millis(http.search_wait_ms),
                Arc::clone(&meter),
            ),
            limit: Duration::from_millis(http.search_timeout_ms),
            journal: Journal::new(settings, Arc::clone(&meter)),
            connections: Arc::new(Connections::new(
                http.max_connections,
                http.connections_per_address,
                Arc::clone(&proxies),
                Arc::clone(&meter),
            )),
            rates: Rates::new(http.requests_per_minute),
            pace: Pace {
                longest: Duration::from_secs(http.body_timeout_s),
                rate: http.body_min_rate,
            },
            proxies,
            meter,
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
        let view = self.views.get(&whole, filters);
        self.meter.view(view.is_some());
        if let Some(view) = view {
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
        let permit = self.gate.go_on(Class::Heavy).await;
        let permit = permit.map_err(|refused| Problem::Overloaded {
            seconds: refused.seconds,
        })?;
        on_thread(Class::Heavy, permit, work).await
    }

    /// Runs a search on `snapshot` off the async workers.
    ///
    /// # Errors
    ///
    /// As [`Self::run_as`].
    pub(super) async fn run<T, F>(&self, snapshot: Arc<Snapshot>, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&Snapshot) -> Result<T, Problem> + Send + 'static,
    {
        self.run_as(Class::Reading, snapshot, work).await
    }

    /// Runs `work` on `snapshot` off the async workers, in its turn among its class.
    ///
    /// # Errors
    ///
    /// [`Problem::Overloaded`] when it would wait too long, [`Problem::TimedOut`] when waiting and
    /// working exceed the time limit. Work that outlives its request still holds its place, so the
    /// bound on what runs at once holds too; a request whose client leaves before its turn has none.
    pub(super) async fn run_as<T, F>(
        &self,
        class: Class,
        snapshot: Arc<Snapshot>,
        work: F,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&Snapshot) -> Result<T, Problem> + Send + 'static,
    {
        let limit = self.limit;
        let admitted = async {
            let began = Instant::now();
            let entered = self.gate.enter(class).instrument(trace::queue(class)).await;
            if let Some(note) = Note::at_hand() {
                note.add_wait(began.elapsed());
            }
            let permit = entered.map_err(|refused| Problem::Overloaded {
                seconds: refused.seconds,
            })?;
            on_thread(class, permit, move || work(&snapshot)).await
        };
        let done = tokio::time::timeout(limit, admitted).await;
        match done {
            Ok(Err(problem @ Problem::TooCostly { .. })) => {
                self.meter.costly();
                Err(problem)
            }
            Ok(done) => done,
            Err(_) => {
                self.meter.timed_out();
                Err(Problem::TimedOut {
                    limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
                })
            }
        }
    }
}

/// Works on a thread of its own, for which the leave is held to the end.
async fn on_thread<T, F>(class: Class, mut permit: Permit, work: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Problem> + Send + 'static,
{
    let note = Note::at_hand();
    let (request, span) = (tracing::Span::current(), trace::work(class));
    web::block(move || {
        permit.begin();
        // What is logged meanwhile is of this request too.
        request.in_scope(|| span.in_scope(|| Note::follow_here(note, work)))
    })
    .await
    .map_err(|error| {
        tracing::error!(%error, "检索线程中断");
        Problem::Internal
    })?
}
