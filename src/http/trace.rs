//! Spans for traces: one for each request, within it one for each wait for a thread and each piece
//! of work on one.
//!
//! Whoever asks may say which trace the request is part of (`traceparent`, W3C Trace Context). Where
//! traces go is set up with the log, by whoever starts the service; where they go nowhere, the spans
//! cost next to nothing. They hold no texts of queries and no addresses.
//!
//! Invariant: `tests/operations.rs`, against a collector.

use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::http::{Method, StatusCode};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::gate::Class;

/// Where spans for traces are, so that the log can leave them out.
const TARGET: &str = "cesou::trace";

struct Carrier<'a>(&'a HeaderMap);

impl Extractor for Carrier<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// The span of a request with this number.
pub(super) fn request(method: &Method, headers: &HeaderMap, id: &str) -> Span {
    let span = tracing::debug_span!(
        target: TARGET,
        "request",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method.as_str(),
        http.route = Empty,
        http.response.status_code = Empty,
        request.id = id,
    );
    if !span.is_disabled() && headers.contains_key("traceparent") {
        let context = TraceContextPropagator::new().extract(&Carrier(headers));
        // It fails where nothing gathers spans.
        let _ = span.set_parent(context);
    }
    span
}

/// Says how a request ended.
pub(super) fn answered(span: &Span, method: &Method, route: Option<&str>, status: StatusCode) {
    if span.is_disabled() {
        return;
    }
    let route = route.unwrap_or("(none)");
    // What is recorded as a name is not heeded once there are spans within this one.
    let context = span.context();
    context.span().update_name(format!("{method} {route}"));
    span.record("http.route", route);
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// The span of waiting for a thread.
pub(super) fn queue(class: Class) -> Span {
    tracing::debug_span!(target: TARGET, "queue", class = class.as_str())
}

/// The span of work on a thread.
pub(super) fn work(class: Class) -> Span {
    tracing::debug_span!(target: TARGET, "work", class = class.as_str())
}
