//! `GET /metrics`: how the service stands, for Prometheus.
//!
//! Everything is read where it is kept at the moment it is asked for.

use actix_web::{HttpResponse, web};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use crate::http::problem::Problem;
use crate::http::state::State;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn get(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    let mut registry = Registry::with_prefix("cesou");
    index(&mut registry, &state);
    store(&mut registry, &state);
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

fn index(registry: &mut Registry, state: &State) {
    let whole = state.whole();
    let condition = state.condition();
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
}

fn store(registry: &mut Registry, state: &State) {
    let Some(taking) = &state.intake else {
        return;
    };
    let store = &taking.store;
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
