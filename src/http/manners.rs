//! What stands around every answer: its number, how long it took, what is left of a key's rate, the
//! pages beside it, and in which form an address is read.
//!
//! Invariant: `tests/headers.rs`.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::guard::GuardContext;
use actix_web::http::ConnectionType;
use actix_web::http::StatusCode;
use actix_web::http::header::{Accept, HeaderMap, HeaderName, HeaderValue, LINK, VARY};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponseBuilder, web};
use tracing::Instrument;

use super::admission::{self, OfAddress};
use super::api;
use super::journal::{Answered, Note};
use super::problem::Problem;
use super::state::State;
use super::trace;
use crate::key::Allowance;

/// The number of a request, the client's or ours.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// The longest query string that is named again in links, in bytes.
const MAX_LINKED: usize = 1_500;
/// The most characters of a client's number.
const MAX_REQUEST_ID: usize = 64;

/// The headers that pages of other sites may read, besides the plain ones.
pub(super) const EXPOSED: [&str; 6] = [
    "Link",
    "Server-Timing",
    "X-Request-Id",
    "RateLimit",
    "RateLimit-Policy",
    "Vary",
];

/// Adds the addresses that are read as a page or as JSON: here as JSON, for whoever prefers that.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/passages/{id}")
                .guard(reads_json)
                .route(web::get().to(api::passage))
                .route(web::head().to(api::passage)),
        )
        .service(
            web::resource("/reports/{id}")
                .guard(reads_json)
                .route(web::get().to(api::report))
                .route(web::head().to(api::report)),
        );
}

/// Whether the answer depends on what the client reads.
fn is_negotiated(path: &str) -> bool {
    ["/passages/", "/reports/"]
        .iter()
        .any(|start| path.starts_with(start))
}

/// Whether the client reads JSON rather than pages.
fn reads_json(context: &GuardContext<'_>) -> bool {
    let Some(accept) = context.header::<Accept>() else {
        return false;
    };
    let ranked = accept.ranked();
    let at = |subtype: &str| {
        ranked
            .iter()
            .position(|kind| kind.subtype().as_str() == subtype)
    };
    match (at("json"), at("html")) {
        (Some(json), Some(html)) => json < html,
        (json, _) => json.is_some(),
    }
}

/// Numbers each request, says how long it took, counts it, and logs those that failed here.
pub(super) async fn observe<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let started = Instant::now();
    let id = number(request.headers());
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return Err(Problem::Internal.into());
    };
    let shown = id.to_str().unwrap_or_default();
    let peer = request.peer_addr().map(|peer| peer.ip());
    let client = admission::client(&state.proxies, peer, request.headers());
    let numbered = tracing::info_span!(target: "cesou::http", "request", id = shown);
    let traced = numbered.in_scope(|| trace::request(request.method(), request.headers(), shown));
    let note = state.journal.begin();
    let under_way = state.meter.begin();
    let answered = note.follow(next.call(request));
    let mut response = answered
        .instrument(traced.clone())
        .instrument(numbered.clone())
        .await?;
    drop(under_way);
    let _numbered = numbered.enter();
    let allowance = response.request().extensions().get::<Allowance>().copied();
    let is_negotiated = is_negotiated(response.request().path());
    let of_address = response.request().extensions().get::<OfAddress>().copied();
    {
        let request = response.request();
        let route = request.match_pattern();
        let (method, status) = (request.method(), response.status());
        trace::answered(&traced, method, route.as_deref(), status);
        let answered = Answered {
            method,
            route,
            status,
            took: started.elapsed(),
            client,
        };
        state.journal.end(&note, answered);
    }
    // Refusing for load is what is meant to happen then, and is counted.
    let is_refusal = response.status() == StatusCode::SERVICE_UNAVAILABLE;
    if response.status().is_server_error() && !is_refusal {
        let request = response.request();
        tracing::error!(
            status = response.status().as_u16(),
            "{} {} 没有答成",
            request.method(),
            request.path()
        );
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    if let Ok(timing) = HeaderValue::from_str(&timing(started.elapsed(), &note)) {
        headers.insert(SERVER_TIMING, timing);
        headers.insert(TIMING_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    if let Some(allowance) = allowance {
        tell("key", allowance, headers);
    }
    if let Some(OfAddress(allowance)) = of_address {
        tell("address", allowance, headers);
    }
    if state.connections.is_crowded() {
        // Room for others, as soon as this is read.
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    if is_negotiated {
        vary(response.headers_mut(), "Accept");
    }
    Ok(response)
}

/// The client's number, where it is one that may stand in a log, or a new one.
fn number(headers: &HeaderMap) -> HeaderValue {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let is_plain = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        (1..=MAX_REQUEST_ID).contains(&bytes.len()) && bytes.iter().all(allowed)
    };
    if let Some(given) = headers.get(&REQUEST_ID).filter(is_plain) {
        return given.clone();
    }
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut hasher = blake3::Hasher::new();
    hasher.update(&count.to_le_bytes());
    hasher.update(format!("{:?} {}", SystemTime::now(), std::process::id()).as_bytes());
    let digest: String = hasher.finalize().to_hex().chars().take(16).collect();
    HeaderValue::from_str(&digest).unwrap_or(HeaderValue::from_static("0"))
}

/// How long it took, and of that how long it waited for a thread and was worked on (Server-Timing).
fn timing(total: Duration, note: &Note) -> String {
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    let mut timing = format!("total;dur={:.1}", millis(total));
    if !note.worked().is_zero() {
        let (wait, work) = (millis(note.waited()), millis(note.worked()));
        // Memory takes whatever is written to it.
        let _ = write!(timing, ", wait;dur={wait:.1}, work;dur={work:.1}");
    }
    timing
}

/// What is left of the rate of a key or an address, as draft-ietf-httpapi-ratelimit-headers has it.
fn tell(whose: &str, allowance: Allowance, headers: &mut HeaderMap) {
    let Allowance {
        burst,
        remaining,
        full_in,
        window,
    } = allowance;
    let full_in = full_in.as_secs_f64().ceil();
    let left = format!("\"{whose}\";r={remaining};t={full_in:.0}");
    let policy = format!("\"{whose}\";q={burst};w={window}");
    for (name, value) in [(RATE_LIMIT, left), (RATE_LIMIT_POLICY, policy)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(name, value);
        }
    }
}

/// Adds to what answers differ by, in one header: of several the next in line would keep the first.
pub(super) fn vary(headers: &mut HeaderMap, by: &'static str) {
    let before = headers.get_all(VARY).cloned();
    let all: Vec<HeaderValue> = before.chain([HeaderValue::from_static(by)]).collect();
    let all: Vec<&[u8]> = all.iter().map(HeaderValue::as_bytes).collect();
    if let Ok(all) = HeaderValue::from_bytes(&all.join(&b", "[..])) {
        headers.insert(VARY, all);
    }
}

/// Names the pages beside `page` of a listing of `total`, of which the first `depth` can be had
/// (RFC 8288); where the query is long, none.
pub(super) fn link_pages(
    http: &HttpRequest,
    answer: &mut HttpResponseBuilder,
    page: usize,
    per_page: usize,
    total: usize,
    depth: usize,
) {
    // A header is no place for a long text four times over: clients break the connection off.
    if http.query_string().len() > MAX_LINKED {
        return;
    }
    let last = total.min(depth).div_ceil(per_page.max(1)).max(1);
    let mut pages = vec![("first", 1)];
    if page > 1 {
        pages.push(("prev", (page - 1).min(last)));
    }
    if page < last {
        pages.push(("next", page + 1));
    }
    pages.push(("last", last));
    let own: Vec<(String, String)> = super::params::pairs(http.query_string());
    let links = pages.into_iter().map(|(relation, page)| {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(own.iter().filter(|(name, _)| name != "page"))
            .append_pair("page", &page.to_string())
            .finish();
        format!("<{}?{query}>; rel=\"{relation}\"", http.path())
    });
    let links = links.collect::<Vec<_>>().join(", ");
    if let Ok(links) = HeaderValue::from_str(&links) {
        answer.insert_header((LINK, links));
    }
}
