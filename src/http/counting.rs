//! What of a request is counted for the site owner, and for whom it is not.
//!
//! A search counts where somebody sees the first hits of a query: a further page, an export, a table
//! of counts, a completion is none. Whoever says that they are not to be followed (`Sec-GPC`, `DNT`)
//! is not counted at all, though nothing that is kept would tell of them.
//!
//! Searches while typing are told from others by asker, in memory and for seconds: the address and
//! the key become one number, by a secret of this run of the service ([`crate::analytics`]).
//!
//! Invariant: `tests/analytics.rs`.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::Method;
use actix_web::http::header::{DNT, HeaderMap, HeaderName};

use super::access::{Authorized, Search};
use super::admission;
use super::client::Household;
use super::state::State;
use crate::analytics::{Analytics, Event};
use crate::search::Request;

const SEC_GPC: HeaderName = HeaderName::from_static("sec-gpc");

/// Where counts go, and what tells askers apart meanwhile.
pub(super) struct Counting {
    pub(super) analytics: Arc<Analytics>,
    secret: RandomState,
}

/// Who asks, while it is known.
#[derive(Clone, Copy)]
pub(super) struct Asker(u64);

impl Counting {
    pub(super) fn new(analytics: Arc<Analytics>) -> Self {
        Self {
            analytics,
            secret: RandomState::new(),
        }
    }
}

/// Who asks, where searches are counted and theirs may be.
pub(super) fn asker(
    http: &HttpRequest,
    state: &State,
    access: &Authorized<Search>,
) -> Option<Asker> {
    let counting = state.counting.as_ref()?;
    if http.method() == Method::HEAD || declines(http.headers()) {
        return None;
    }
    let peer = http.peer_addr().map(|peer| peer.ip());
    let client = admission::client(&state.proxies, peer, http.headers());
    let who = (client.map(Household::of), access.key_id());
    Some(Asker(counting.secret.hash_one(who)))
}

/// Counts a search that was answered, where it is one.
pub(super) fn search(state: &State, asker: Option<Asker>, request: &Request, total: usize) {
    let (Some(counting), Some(Asker(asker))) = (&state.counting, asker) else {
        return;
    };
    let is_first = request.page == 1 && request.offset == 0 && request.per_page > 0;
    if is_first && !request.text.trim().is_empty() {
        let event = Event::search(&request.text, total);
        counting.analytics.note_typed(event, asker);
    }
}

/// Whether a client says that it is not to be followed.
pub(super) fn declines(headers: &HeaderMap) -> bool {
    [DNT, SEC_GPC]
        .iter()
        .any(|name| headers.get(name).is_some_and(|value| value == "1"))
}
