//! What is written down of each request: how long it waited and worked, what was searched for and
//! how much was found; for the log, for the metrics and for traces.
//!
//! Every line that is logged while a request is answered bears its number. One line for each
//! request is there at the level `debug` (target `cesou::access`); one that took longer than
//! `log.slow_query_ms` is logged as a warning (`cesou::slow`) with what made it slow. Keys are never
//! written down, addresses only where that is set, and what was searched for by default only with
//! what was slow: without an address it says nothing of anybody, and without it nobody could tell
//! why.
//!
//! A note follows the request through the async task and onto the thread that searches for it.
//!
//! Invariant: no key, and nothing that is not allowed, is in the log (`tests/operations.rs`).

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::{Method, StatusCode};

use super::meter::{Kind, Meter, Searched};
use crate::config::{LogAddresses, LogQueries, Settings};
use crate::index::{self, Snapshot};
use crate::search::{self, Match, Request, Response};

/// The most characters of a query that are logged.
const QUERY_CHARS: usize = 200;

/// What is written down, and when.
pub(super) struct Journal {
    slow: Duration,
    queries: LogQueries,
    addresses: LogAddresses,
    meter: Arc<Meter>,
}

/// What is known of one request so far.
pub(super) struct Note {
    waited: AtomicU64,
    worked: AtomicU64,
    found: Mutex<Found>,
    meter: Arc<Meter>,
}

/// What was searched for, and what came of it; of several searches the last, and how many.
#[derive(Debug, Clone, Default)]
struct Found {
    searches: u64,
    query: String,
    kind: Option<Kind>,
    hits: u64,
    filters: String,
    page: u64,
    facets: u64,
}

/// What is known of a request when it was answered.
pub(super) struct Answered<'a> {
    pub(super) method: &'a Method,
    /// The template of its route.
    pub(super) route: Option<String>,
    pub(super) status: StatusCode,
    pub(super) took: Duration,
    pub(super) client: Option<IpAddr>,
}

tokio::task_local! {
    static OF_TASK: Arc<Note>;
}

thread_local! {
    static OF_THREAD: RefCell<Option<Arc<Note>>> = const { RefCell::new(None) };
}

impl Journal {
    /// As it is set.
    pub(super) fn new(settings: &Settings, meter: Arc<Meter>) -> Self {
        let log = &settings.log;
        Self {
            slow: Duration::from_millis(log.slow_query_ms),
            queries: log.queries,
            addresses: log.addresses,
            meter,
        }
    }

    /// A note for one request.
    pub(super) fn begin(&self) -> Arc<Note> {
        Arc::new(Note {
            waited: AtomicU64::new(0),
            worked: AtomicU64::new(0),
            found: Mutex::default(),
            meter: Arc::clone(&self.meter),
        })
    }

    /// Writes down that a request was answered.
    pub(super) fn end(&self, note: &Note, answered: Answered<'_>) {
        let Answered {
            method,
            route,
            status,
            took,
            client,
        } = answered;
        let is_slow = !self.slow.is_zero() && took >= self.slow;
        if is_slow {
            self.meter.slow();
        }
        let is_told = is_slow || tracing::enabled!(target: "cesou::access", tracing::Level::DEBUG);
        if is_told {
            let found = note.found().clone();
            let searched = found.searches > 0;
            let tells_query = match self.queries {
                LogQueries::Never => false,
                LogQueries::Slow => is_slow,
                LogQueries::Always => true,
            };
            let client = client
                .filter(|_| self.addresses == LogAddresses::Always)
                .map(|client| client.to_string());
            let query = (tells_query && searched).then_some(found.query.as_str());
            let filters = (tells_query && searched).then_some(found.filters.as_str());
            let route_name = route.as_deref().unwrap_or("(none)");
            let (took_ms, wait_ms, work_ms) =
                (millis(took), millis(note.waited()), millis(note.worked()));
            let kind = found.kind.map(Kind::as_str);
            let hits = searched.then_some(found.hits);
            if is_slow {
                tracing::warn!(
                    target: "cesou::slow",
                    method = method.as_str(),
                    route = route_name,
                    status = status.as_u16(),
                    took_ms,
                    wait_ms,
                    work_ms,
                    kind,
                    searches = searched.then_some(found.searches),
                    hits,
                    page = searched.then_some(found.page),
                    facets = searched.then_some(found.facets),
                    query,
                    filters,
                    client,
                    "请求很慢"
                );
            }
            tracing::debug!(
                target: "cesou::access",
                method = method.as_str(),
                route = route_name,
                status = status.as_u16(),
                took_ms,
                wait_ms,
                work_ms,
                kind,
                hits,
                query,
                filters,
                client,
                "已答"
            );
        }
        self.meter.answered(route, method, status, took);
    }
}

impl Note {
    /// Answers a request, with this note at hand.
    pub(super) async fn follow<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        OF_TASK.scope(Arc::clone(self), work).await
    }

    /// Works on this thread, with this note at hand.
    pub(super) fn follow_here<T>(note: Option<Arc<Self>>, work: impl FnOnce() -> T) -> T {
        let began = Instant::now();
        let noted = note.clone();
        let before = OF_THREAD.replace(note);
        let _back = Back(before);
        let done = work();
        if let Some(note) = noted {
            add(&note.worked, began.elapsed());
        }
        done
    }

    /// The note of the request that is being answered.
    pub(super) fn at_hand() -> Option<Arc<Self>> {
        OF_TASK.try_with(Arc::clone).ok()
    }

    /// Someone waited for a thread.
    pub(super) fn add_wait(&self, time: Duration) {
        add(&self.waited, time);
    }

    /// How long it waited for threads.
    pub(super) fn waited(&self) -> Duration {
        Duration::from_micros(self.waited.load(Ordering::Relaxed))
    }

    /// How long threads worked for it.
    pub(super) fn worked(&self) -> Duration {
        Duration::from_micros(self.worked.load(Ordering::Relaxed))
    }

    fn found(&self) -> std::sync::MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn searched(&self, request: &Request, response: &Response, took: Duration) {
        let kind = match request.matching {
            _ if request.text.trim().is_empty() => Kind::List,
            Match::Smart => Kind::Smart,
            Match::Exact => Kind::Exact,
        };
        self.meter.searched(&Searched {
            kind,
            hits: response.total,
            is_relaxed: response.relaxed.is_some(),
            is_rewritten: !response.rewrites.is_empty(),
            took,
        });
        let mut found = self.found();
        let before = found.searches;
        *found = Found {
            searches: before + 1,
            query: request.text.chars().take(QUERY_CHARS).collect(),
            kind: Some(kind),
            hits: response.total as u64,
            filters: filters(request),
            page: request.page as u64,
            facets: request.facets.len() as u64,
        };
    }
}

/// Puts back the note that was there before, also where the work panics.
struct Back(Option<Arc<Note>>);

impl Drop for Back {
    fn drop(&mut self) {
        OF_THREAD.set(self.0.take());
    }
}

/// Searches, and writes down what came of it.
///
/// # Errors
///
/// As [`search::search`].
pub(super) fn search(
    snapshot: &Snapshot,
    request: &Request,
    options: &search::Options,
) -> Result<Response, index::Error> {
    let began = Instant::now();
    let response = search::search(snapshot, request, options)?;
    OF_THREAD.with_borrow(|note| {
        if let Some(note) = note {
            note.searched(request, &response, began.elapsed());
        }
    });
    Ok(response)
}

/// What a search was narrowed by, for people.
fn filters(request: &Request) -> String {
    let mut parts: Vec<String> = request
        .filters
        .iter()
        .map(|(facet, values)| format!("{}={}", facet.as_str(), values.join("|")))
        .collect();
    if request.filter.is_some() {
        parts.push("filter".to_owned());
    }
    if !request.quantities.is_empty() {
        parts.push(format!("quantity×{}", request.quantities.len()));
    }
    if request.by_report {
        parts.push("group=report".to_owned());
    }
    let all = parts.join(" ");
    all.chars().take(QUERY_CHARS).collect()
}

fn add(sum: &AtomicU64, time: Duration) {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    sum.fetch_add(micros, Ordering::Relaxed);
}

/// Milliseconds, to a tenth.
fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}
