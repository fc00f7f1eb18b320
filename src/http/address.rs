//! The address of this service as others know it, for what names its own pages in full: sitemaps,
//! feeds, exports, canonical links.
//!
//! It is what is set as `server.public_url`, or else the host that the client asked for. What a
//! proxy says in `X-Forwarded-Host` or `Forwarded` is never read: anyone can send those, and a
//! cache in between would hand a made-up address to everybody. A service behind a proxy that ends
//! TLS sets its address.
//!
//! Invariant: an address is a scheme and a host and nothing else, so that it can stand in XML,
//! JSON and text as it is (`tests/machines.rs`).

use actix_web::http::header;
use actix_web::http::uri::Authority;
use actix_web::{HttpRequest, web};

use super::state::State;

/// The longest host that is taken from a request.
const MAX_HOST: usize = 300;

/// Scheme and host, such as `https://example.org`, without a slash at the end; empty where neither
/// the settings nor the request give any, so that addresses then are those of the same host.
pub(super) fn base(http: &HttpRequest, state: &State) -> String {
    if let Some(set) = &state.public_url {
        return set.clone();
    }
    let host = http.headers().get(header::HOST);
    let host = host
        .and_then(|host| host.to_str().ok())
        .or_else(|| http.uri().authority().map(Authority::as_str));
    match host {
        Some(host) if is_host(host) => format!("http://{host}"),
        _ => String::new(),
    }
}

/// The same for a page, which knows the settings by its request only.
pub(super) fn of_request(http: &HttpRequest) -> String {
    let state = http.app_data::<web::Data<State>>();
    state.map_or_else(String::new, |state| base(http, state))
}

/// Whether it can be a host with or without a port.
fn is_host(host: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    (1..=MAX_HOST).contains(&host.len()) && host.chars().all(fits)
}
