//! What stands around every answer: its number, how long it took, what is left of a key's rate, the
//! pages beside it, and in which form an address is read.
//!
//! Invariant: `tests/headers.rs`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::guard::GuardContext;
use actix_web::http::header::{Accept, HeaderMap, HeaderName, HeaderValue, LINK, VARY};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponseBuilder, web};

use super::api;
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

/// Numbers each request, says how long it took, and logs those that failed here.
pub(super) async fn observe<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let started = Instant::now();
    let id = number(request.headers());
    let mut response = next.call(request).await?;
    let allowance = response.request().extensions().get::<Allowance>().copied();
    let is_negotiated = is_negotiated(response.request().path());
    if response.status().is_server_error() {
        let request = response.request();
        tracing::error!(
            request = id.to_str().unwrap_or_default(),
            status = response.status().as_u16(),
            "{} {} 没有答成",
            request.method(),
            request.path()
        );
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id);
    let millis = started.elapsed().as_secs_f64() * 1000.0;
    if let Ok(timing) = HeaderValue::from_str(&format!("total;dur={millis:.1}")) {
        headers.insert(SERVER_TIMING, timing);
        headers.insert(TIMING_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    if let Some(allowance) = allowance {
        tell(allowance, headers);
    }
    if is_negotiated {
        vary(headers, "Accept");
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

/// What is left of a key's rate, as draft-ietf-httpapi-ratelimit-headers has it.
fn tell(allowance: Allowance, headers: &mut HeaderMap) {
    let Allowance {
        burst,
        remaining,
        full_in,
        window,
    } = allowance;
    let full_in = full_in.as_secs_f64().ceil();
    let left = format!("\"key\";r={remaining};t={full_in:.0}");
    let policy = format!("\"key\";q={burst};w={window}");
    for (name, value) in [(RATE_LIMIT, left), (RATE_LIMIT_POLICY, policy)] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
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
