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
use super::counting::Counting;
use super::gate::{Class, Gate, Permit};
use super::intake::{Intake, Taking};
use super::journal::{Journal, Note};
use super::meter::Meter;
use super::pace::Pace;
use super::problem::Problem;
use super::rates::Rates;
use super::trace;
use super::views::Views;
use crate::analytics::{self, Analytics};
use crate::config::{self, Collect, Settings};
use crate::index::{Progress, Snapshot};
use crate::key::{Keyring, Sessions};
use crate::priority;
use crate::reload::{Condition, Served};
use crate::search;

/// How often an address may try to begin a session.
const ATTEMPTS_PER_MINUTE: u32 = 12;

fn open_analytics(settings: &Settings) -> Result<Option<Arc<Analytics>>, analytics::Error> {
    match settings.analytics.collect {
        Collect::Off => Ok(None),
        Collect::On => {
            let options = analytics::Options::from(&settings.analytics);
            Ok(Some(Arc::new(Analytics::open(options)?)))
        }
    }
}

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
    /// Where searches are counted, where they are.
    pub(super) counting: Option<Counting>,
    /// Why they are not, though it is set.
    uncounted: Option<String>,
    /// Who looks after the service from a browser.
    pub(super) sessions: Sessions,
    /// How often an address may try to.
    pub(super) attempts: Option<Rates>,
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
        let (counting, uncounted) = match open_analytics(settings) {
            Ok(analytics) => (analytics.map(Counting::new), None),
            Err(error) => {
                tracing::warn!("检索统计没有开启：{error}；检索照常");
                (None, Some(error.to_string()))
            }
        };
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
                config::or_two_a_core(http.search_threads),
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
            counting,
            uncounted,
            sessions: Sessions::default(),
            attempts: Rates::new(ATTEMPTS_PER_MINUTE),
        }
    }

    /// What is counted of searches, where anything is.
    pub(super) fn analytics(&self) -> Option<&Arc<Analytics>> {
        self.counting.as_ref().map(|counting| &counting.analytics)
    }

    /// Why nothing is, for whoever looks after the service.
    pub(super) fn why_uncounted(&self) -> String {
        self.uncounted.clone().unwrap_or_else(|| {
            "检索统计已关闭；把设置 analytics.collect 改为 on 并重新启动即可开启".to_owned()
        })
    }

    /// Reads the counts off the async workers, since it waits for the disk.
    ///
    /// # Errors
    ///
    /// [`Problem::Conflict`] where nothing is counted, [`Problem::Internal`] when the thread breaks
    /// off.
    pub(super) async fn counted<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Analytics) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let analytics = self.analytics().cloned();
        let analytics = analytics.ok_or_else(|| Problem::Conflict {
            why: self.why_uncounted(),
        })?;
        let done = web::block(move || work(&analytics)).await;
        done.map_err(|error| {
            tracing::error!(%error, "读取统计的线程中断");
            Problem::Internal
        })
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
        priority::begin(priority::Work::Search);
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
