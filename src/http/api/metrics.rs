//! `GET /metrics`: how the service stands, for Prometheus.
//!
//! What happens is counted where it happens ([`crate::http::meter`]); how things stand is read where
//! it is kept, at the moment it is asked for.
//!
//! Invariants: the dashboard and the alerts in `deploy/` name what is here, and all that is here is
//! on the dashboard (`tests/operations.rs`).

use std::sync::atomic::AtomicU64;

use actix_web::{HttpResponse, web};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::http::problem::Problem;
use crate::http::process;
use crate::http::state::State;

/// A name and one of a few texts.
type Label = (&'static str, &'static str);

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn get(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let mut registry = Registry::default();
    process::show(&mut registry);
    let cesou = registry.sub_registry_with_prefix("cesou");
    index(cesou, &state);
    builds(cesou, &state);
    store(cesou, &state);
    gate(cesou, &state);
    counted(cesou, &state);
    state.meter.show(cesou);
    let mut text = String::new();
    encode(&mut text, &registry).map_err(|error| {
        tracing::error!(%error, "指标写不出来");
        Problem::Internal
    })?;
    Ok(HttpResponse::Ok()
        .content_type(OPEN_METRICS)
        .insert_header(("Cache-Control", "no-store"))
        .body(text))
}

/// The number that the name of a generation begins with.
fn number(name: &str) -> u64 {
    let (number, _) = name.split_once('-').unwrap_or((name, ""));
    number.parse().unwrap_or_default()
}

fn index(registry: &mut Registry, state: &State) {
    let whole = state.whole();
    let condition = state.condition();
    registry.register(
        "build",
        "The program, by its version",
        Info::new([("version", env!("CARGO_PKG_VERSION"))]),
    );
    let mut add = |name: &str, help: &str, value: u64| {
        registry.register(name, help, ConstGauge::new(value));
    };
    add(
        "passages",
        "Passages in the index that is served",
        whole.passages(),
    );
    add(
        "reports",
        "Reports in the index that is served",
        whole.reports().len() as u64,
    );
    add(
        "index_segments",
        "Parts of the index that is served, each of which is looked at by each search",
        whole.segments() as u64,
    );
    add(
        "index_generation",
        "The number of the generation that is served",
        number(whole.name()),
    );
    add(
        "index_built_timestamp_seconds",
        "When the index that is served was made",
        whole.manifest().built_at,
    );
    add(
        "index_rebuilding",
        "Whether another index is being made",
        condition.rebuilding.into(),
    );
    add(
        "warnings",
        "What keeps the index from being brought up to date, see /readyz",
        condition.warnings.len() as u64,
    );
    add(
        "damage",
        "What was found damaged in the index and the store at the last start, see /readyz",
        condition.damage.len() as u64,
    );
    add(
        "stopping",
        "Whether the service was told to stop",
        state.is_stopping().into(),
    );
    registry.register_with_unit(
        "index",
        "The files of the index that is served",
        Unit::Bytes,
        ConstGauge::new(whole.manifest().bytes()),
    );
}

/// What became of making other generations.
fn builds(registry: &mut Registry, state: &State) {
    let counts = Family::<[Label; 2], Counter>::default();
    let times = Family::<[Label; 1], Counter<f64, AtomicU64>>::default();
    for built in state.served.tally().builds() {
        let labels = [("how", built.how), ("outcome", outcome(built.is_done))];
        counts.get_or_create(&labels).inc_by(built.count);
        let time = built.time.as_secs_f64();
        times.get_or_create(&[("how", built.how)]).inc_by(time);
    }
    registry.register(
        "index_builds",
        "Generations that were made or could not be: update and anew from all texts, take_in of what was sent, gather of completions",
        counts,
    );
    registry.register_with_unit(
        "index_build_time",
        "How long that took",
        Unit::Seconds,
        times,
    );
}

fn outcome(is_done: bool) -> &'static str {
    if is_done { "done" } else { "failed" }
}

/// Who runs and who waits in front of searching.
fn gate(registry: &mut Registry, state: &State) {
    let running = Family::<[Label; 1], Gauge>::default();
    let waiting = Family::<[Label; 1], Gauge>::default();
    for (class, runs, waits) in state.gate.counts() {
        let label = [("class", class.as_str())];
        for (family, count) in [(&running, runs), (&waiting, waits)] {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            family.get_or_create(&label).set(count);
        }
    }
    registry.register("gate_running", "Searches that are being worked on", running);
    registry.register("gate_waiting", "Searches that wait for a thread", waiting);
}

/// What was counted of searches for the site owner.
fn counted(registry: &mut Registry, state: &State) {
    let Some(analytics) = state.analytics() else {
        return;
    };
    let tally = analytics.tally();
    let events = Family::<[Label; 1], Counter>::default();
    for (kind, count) in [("search", tally.searches), ("click", tally.clicks)] {
        events.get_or_create(&[("type", kind)]).inc_by(count);
    }
    registry.register(
        "analytics_events",
        "Searches and choices of a hit that were noted for the site owner",
        events,
    );
    let mut counter = |name: &str, help: &str, count: u64| {
        let counter: Counter = Counter::default();
        counter.inc_by(count);
        registry.register(name, help, counter);
    };
    counter(
        "analytics_dropped",
        "Notes that were dropped, since too many waited to be counted",
        tally.dropped,
    );
    counter(
        "analytics_write_failures",
        "Times that counts could not be written; they stay in memory and are tried again",
        tally.failed,
    );
}

fn store(registry: &mut Registry, state: &State) {
    let Some(taking) = &state.intake else {
        return;
    };
    let store = &taking.store;
    let ended = Family::<[Label; 1], Counter>::default();
    let [done, failed] = state.served.tally().tasks();
    for (is_done, count) in [(true, done), (false, failed)] {
        let label = [("outcome", outcome(is_done))];
        ended.get_or_create(&label).inc_by(count);
    }
    registry.register(
        "tasks",
        "Tasks that ended: all of their reports can be found, or not",
        ended,
    );
    let (bytes, garbage) = store.size();
    let mut gauge = |name: &str, help: &str, value: u64| {
        registry.register(name, help, ConstGauge::new(value));
    };
    gauge(
        "store_reports",
        "Reports that were sent",
        store.len() as u64,
    );
    gauge(
        "tasks_waiting",
        "Requests that wait to be taken into the index",
        store.waiting() as u64,
    );
    gauge(
        "writes_waiting",
        "Numbers of writes that cannot be found yet",
        store.seq().saturating_sub(state.through()),
    );
    let mut sized = |name: &str, help: &str, value: u64| {
        registry.register_with_unit(name, help, Unit::Bytes, ConstGauge::new(value));
    };
    sized("store", "The log of reports that were sent", bytes);
    sized("store_garbage", "What of it says nothing any more", garbage);
}
