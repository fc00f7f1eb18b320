//! What is counted while the service runs, for `GET /metrics`.
//!
//! All labels come from small closed sets: the templates of routes, never the paths that were asked
//! for; classes of statuses; kinds of searches. So nothing a client sends makes another time series.
//!
//! Invariant: whatever is asked, the number of series stays bounded (`tests/operations.rs`).

use std::time::Duration;

use actix_web::http::{Method, StatusCode};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::gate::{CLASSES, Class};

/// A name and one of a few texts.
type Label = (&'static str, &'static str);
/// A name and a route's template.
type Routed = (&'static str, String);

/// What stands for a path that no route has.
const NO_ROUTE: &str = "(none)";

/// Bounds of times, in seconds: fine where searches are, coarse beyond.
const TIMES: [f64; 15] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.35, 0.5, 1.0, 2.0, 5.0, 10.0,
];

/// Makes a histogram of times.
#[derive(Clone)]
struct Times;

impl MetricConstructor<Histogram> for Times {
    fn new_metric(&self) -> Histogram {
        Histogram::new(TIMES)
    }
}

type Timed<L> = Family<L, Histogram, Times>;

/// Counts everything. All of it can be added to from any thread.
pub(super) struct Meter {
    requests: Family<[Routed; 3], Counter>,
    took: Timed<[Routed; 1]>,
    in_flight: Gauge,
    connections: Gauge,
    turned_away: Family<[Label; 1], Counter>,
    limited: Family<[Label; 1], Counter>,
    slow_bodies: Counter,
    waited: Timed<[Label; 1]>,
    ran: Timed<[Label; 1]>,
    refused: Family<[Label; 1], Counter>,
    timed_out: Counter,
    costly: Counter,
    searches: Family<[Label; 2], Counter>,
    searched: Timed<[Label; 1]>,
    relaxed: Counter,
    rewritten: Counter,
    slow: Counter,
    views: Family<[Label; 1], Counter>,
}

impl Default for Meter {
    fn default() -> Self {
        let timed = || Family::new_with_constructor(Times);
        let meter = Self {
            requests: Family::default(),
            took: Family::new_with_constructor(Times),
            in_flight: Gauge::default(),
            connections: Gauge::default(),
            turned_away: Family::default(),
            limited: Family::default(),
            slow_bodies: Counter::default(),
            waited: timed(),
            ran: timed(),
            refused: Family::default(),
            timed_out: Counter::default(),
            costly: Counter::default(),
            searches: Family::default(),
            searched: timed(),
            relaxed: Counter::default(),
            rewritten: Counter::default(),
            slow: Counter::default(),
            views: Family::default(),
        };
        meter.show_all();
        meter
    }
}

/// What kind of search it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// By its words.
    Smart,
    /// As a string.
    Exact,
    /// Without any words: everything under the filters.
    List,
}

impl Kind {
    /// All of them.
    const ALL: [Self; 3] = [Self::Smart, Self::Exact, Self::List];

    /// Its name among the metrics and in the log.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Smart => "smart",
            Self::Exact => "exact",
            Self::List => "list",
        }
    }
}

/// What a search came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Searched {
    pub(super) kind: Kind,
    pub(super) hits: usize,
    pub(super) is_relaxed: bool,
    pub(super) is_rewritten: bool,
    pub(super) took: Duration,
}

impl Meter {
    /// Makes the series of closed sets, so that they are there, at nought, from the first moment:
    /// how fast one grows is not known of one that just appeared.
    fn show_all(&self) {
        for class in CLASSES {
            let label = [("class", class.as_str())];
            drop(self.refused.get_or_create(&label));
            drop(self.waited.get_or_create(&label));
            drop(self.ran.get_or_create(&label));
        }
        for reason in ["all", "address"] {
            drop(self.turned_away.get_or_create(&[("limit", reason)]));
        }
        for by in ["key", "address"] {
            drop(self.limited.get_or_create(&[("by", by)]));
        }
        for outcome in ["hit", "miss"] {
            drop(self.views.get_or_create(&[("outcome", outcome)]));
        }
        for kind in Kind::ALL {
            drop(self.searched.get_or_create(&[("kind", kind.as_str())]));
            for outcome in ["some", "none"] {
                let labels = [("kind", kind.as_str()), ("hits", outcome)];
                drop(self.searches.get_or_create(&labels));
            }
        }
    }

    /// A request has come; it is under way until the result is dropped.
    pub(super) fn begin(&self) -> UnderWay {
        self.in_flight.inc();
        UnderWay(self.in_flight.clone())
    }

    /// A request was answered, by the route of this template.
    pub(super) fn answered(
        &self,
        route: Option<String>,
        method: &Method,
        status: StatusCode,
        took: Duration,
    ) {
        let route = route.unwrap_or_else(|| NO_ROUTE.to_owned());
        let labels = [
            ("route", route.clone()),
            ("method", known(method).to_owned()),
            ("status", class_of(status).to_owned()),
        ];
        self.requests.get_or_create(&labels).inc();
        let label = [("route", route)];
        self.took.get_or_create(&label).observe(took.as_secs_f64());
    }

    /// A connection was opened or, where not, closed.
    pub(super) fn connected(&self, is_open: bool) {
        if is_open {
            self.connections.inc();
        } else {
            self.connections.dec();
        }
    }

    /// A connection was turned away, for this limit.
    pub(super) fn turned_away(&self, limit: &'static str) {
        self.turned_away.get_or_create(&[("limit", limit)]).inc();
    }

    /// A request was one too many, of a key or an address.
    pub(super) fn limited(&self, by: &'static str) {
        self.limited.get_or_create(&[("by", by)]).inc();
    }

    /// A body came too slowly.
    pub(super) fn slow_body(&self) {
        self.slow_bodies.inc();
    }

    /// Someone had a turn after this time.
    pub(super) fn waited(&self, class: Class, time: Duration) {
        let label = [("class", class.as_str())];
        self.waited
            .get_or_create(&label)
            .observe(time.as_secs_f64());
    }

    /// Work took this long on its thread.
    pub(super) fn ran(&self, class: Class, time: Duration) {
        let label = [("class", class.as_str())];
        self.ran.get_or_create(&label).observe(time.as_secs_f64());
    }

    /// Someone had no turn.
    pub(super) fn refused(&self, class: Class) {
        self.refused
            .get_or_create(&[("class", class.as_str())])
            .inc();
    }

    /// Work took longer than is waited for.
    pub(super) fn timed_out(&self) {
        self.timed_out.inc();
    }

    /// A query would have cost more than is allowed.
    pub(super) fn costly(&self) {
        self.costly.inc();
    }

    /// A search was answered.
    pub(super) fn searched(&self, searched: &Searched) {
        let kind = searched.kind.as_str();
        let hits = if searched.hits > 0 { "some" } else { "none" };
        let labels = [("kind", kind), ("hits", hits)];
        self.searches.get_or_create(&labels).inc();
        let label = [("kind", kind)];
        let took = searched.took.as_secs_f64();
        self.searched.get_or_create(&label).observe(took);
        if searched.is_relaxed {
            self.relaxed.inc();
        }
        if searched.is_rewritten {
            self.rewritten.inc();
        }
    }

    /// A request took longer than is thought well.
    pub(super) fn slow(&self) {
        self.slow.inc();
    }

    /// A view for a key's filters was there, or had to be made.
    pub(super) fn view(&self, is_there: bool) {
        let outcome = if is_there { "hit" } else { "miss" };
        self.views.get_or_create(&[("outcome", outcome)]).inc();
    }

    /// Adds all of it to what is shown.
    pub(super) fn show(&self, registry: &mut Registry) {
        self.show_times(registry);
        let families = [
            (
                "http_connections_refused",
                "Connections past a limit: of all, or of their address",
                &self.turned_away,
            ),
            (
                "rate_limited",
                "Requests past the rate of a key or of an address",
                &self.limited,
            ),
            (
                "gate_refused",
                "Searches that were turned away, since they would have waited too long",
                &self.refused,
            ),
            (
                "view_cache",
                "Narrowed indexes for keys with filters: found, or made",
                &self.views,
            ),
        ];
        for (name, help, family) in families {
            registry.register(name, help, family.clone());
        }
        let counters = [
            (
                "slow_bodies",
                "Requests whose bodies came too slowly",
                &self.slow_bodies,
            ),
            (
                "search_timed_out",
                "Searches given up since they took too long",
                &self.timed_out,
            ),
            (
                "search_too_costly",
                "Searches refused since they would cost too much",
                &self.costly,
            ),
            (
                "searches_relaxed",
                "Searches whose hits do not all hold every word",
                &self.relaxed,
            ),
            (
                "searches_rewritten",
                "Searches that were read otherwise than they were typed",
                &self.rewritten,
            ),
            (
                "slow_requests",
                "Requests that took longer than log.slow_query_ms",
                &self.slow,
            ),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        registry.register(
            "http_requests",
            "Requests that were answered",
            self.requests.clone(),
        );
        registry.register(
            "http_requests_in_flight",
            "Requests that are being answered",
            self.in_flight.clone(),
        );
        registry.register(
            "http_connections",
            "Connections that are open",
            self.connections.clone(),
        );
        registry.register(
            "searches",
            "Searches that were answered, by kind and by whether they found anything",
            self.searches.clone(),
        );
    }

    fn show_times(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "http_request_duration",
            "How long requests took, to the head of the answer",
            Unit::Seconds,
            self.took.clone(),
        );
        let times = [
            (
                "gate_wait",
                "How long those that were let in waited for a thread",
                &self.waited,
            ),
            ("gate_run", "How long work took on its thread", &self.ran),
            (
                "search_duration",
                "How long searches took, waiting left out",
                &self.searched,
            ),
        ];
        for (name, help, family) in times {
            registry.register_with_unit(name, help, Unit::Seconds, family.clone());
        }
    }
}

/// A request that is being answered, until dropped.
pub(super) struct UnderWay(Gauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A method by name; those that nobody knows by one.
fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn class_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        // These two say how the service is doing, not what was wrong with the request.
        429 => "429",
        400..=499 => "4xx",
        503 => "503",
        _ => "5xx",
    }
}
