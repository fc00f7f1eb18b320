//! Whether a request may do what it asks for.
//!
//! An endpoint says what it takes by the type of an argument, `Authorized<Write>`; what it may then
//! touch hangs on that value: the snapshot that is shown ([`State::snapshot`]) and the ids that are
//! written ([`Authorized::check_report`]). So none can forget to ask, nor show more than a key's
//! filters let through (`tests/keys.rs` walks all routes).
//!
//! A key comes in `Authorization: Bearer` or `X-API-Key`, never in the address, which proxies, logs
//! and browsers keep.

use std::marker::PhantomData;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::manners;
use super::problem::Problem;
use super::state::State;
use crate::key::{Action, Held, Key, Refusal};
use crate::search::Filters;
use crate::store::Task;

/// The header for a key where `Authorization` is taken.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What an endpoint takes.
pub(super) trait Asked {
    const ACTION: Action;
}

/// Searching, and reading what is found.
#[derive(Clone, Copy)]
pub(super) struct Search;
/// Adding, replacing and withdrawing reports.
#[derive(Clone, Copy)]
pub(super) struct Write;
/// Looking after keys.
#[derive(Clone, Copy)]
pub(super) struct Admin;

impl Asked for Search {
    const ACTION: Action = Action::Search;
}

impl Asked for Write {
    const ACTION: Action = Action::Write;
}

impl Asked for Admin {
    const ACTION: Action = Action::Admin;
}

/// Leave to do what `A` names.
#[derive(Clone)]
pub(super) struct Authorized<A> {
    /// Nothing where all may do it.
    key: Option<Arc<Held>>,
    action: PhantomData<A>,
}

impl<A: Asked> Authorized<A> {
    fn of(http: &HttpRequest) -> Result<Self, Problem> {
        let state = http
            .app_data::<web::Data<State>>()
            .ok_or(Problem::Internal)?;
        let is_open = A::ACTION == Action::Search && state.is_open;
        let leave = |key| Self {
            key,
            action: PhantomData,
        };
        let Some(presented) = presented(http.headers())? else {
            return if is_open {
                Ok(leave(None))
            } else {
                Err(Problem::KeyMissing { action: A::ACTION })
            };
        };
        // A key that is no good is refused even where none is needed: its filters would be lost.
        let held = state.keys.authenticate(&presented, Timestamp::now())?;
        let key = held.key();
        check_origin(http, key)?;
        let allowance = held.count().map_err(|wait| Problem::TooManyRequests {
            key: key.id.clone(),
            seconds: wait.as_secs() + 1,
        })?;
        if let Some(allowance) = allowance {
            http.extensions_mut().insert(allowance);
        }
        if !is_open && !key.may(A::ACTION) {
            return Err(Problem::ActionMissing {
                key: key.id.clone(),
                action: A::ACTION,
            });
        }
        Ok(leave(Some(held)))
    }
}

impl<A> Authorized<A> {
    /// Who asks, for the log; nothing where no key was needed.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.key.as_ref().map(|held| held.key().id.as_str())
    }
}

impl Authorized<Search> {
    /// What everything shown is narrowed by.
    pub(super) fn filters(&self) -> Option<&Filters> {
        let filters = &self.key.as_ref()?.key().filters;
        (!filters.is_empty()).then_some(filters)
    }
}

impl Authorized<Write> {
    /// Whether a task may be told of: those that another key asked for are not where this one is for
    /// some reports only.
    pub(super) fn sees(&self, task: &Task) -> bool {
        let Some(key) = self.key.as_ref().map(|held| held.key()) else {
            return true;
        };
        key.prefixes.is_empty() || task.by.as_deref() == Some(key.id.as_str())
    }

    /// Refuses the id of a report that the key may not write.
    pub(super) fn check_report(&self, id: &str) -> Result<(), Problem> {
        let Some(key) = self.key.as_ref().map(|held| held.key()) else {
            return Ok(());
        };
        if key.is_for_report(id) {
            return Ok(());
        }
        Err(Problem::ReportNotAllowed {
            key: key.id.clone(),
            id: id.to_owned(),
            prefixes: key.prefixes.join("、"),
        })
    }
}

impl<A: Asked + 'static> FromRequest for Authorized<A> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self, Problem>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        std::future::ready(Self::of(http))
    }
}

/// The admin key that `presented` is, sent in the body of a form.
///
/// # Errors
///
/// As of a request that brings it.
pub(super) fn admin(
    http: &HttpRequest,
    state: &State,
    presented: &SecretString,
) -> Result<Arc<Held>, Problem> {
    let held = state.keys.authenticate(presented, Timestamp::now())?;
    let key = held.key();
    check_origin(http, key)?;
    held.count().map_err(|wait| Problem::TooManyRequests {
        key: key.id.clone(),
        seconds: wait.as_secs() + 1,
    })?;
    if !key.may(Action::Admin) {
        return Err(Problem::ActionMissing {
            key: key.id.clone(),
            action: Action::Admin,
        });
    }
    Ok(held)
}

/// Refuses a key on pages of a site it is not for.
fn check_origin(http: &HttpRequest, key: &Key) -> Result<(), Problem> {
    let Some(origin) = http.headers().get(header::ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    if key.is_for_origin(origin) {
        return Ok(());
    }
    Err(Problem::OriginNotAllowed {
        key: key.id.clone(),
        origin: origin.to_owned(),
    })
}

/// The key a request brings, where it brings one.
fn presented(headers: &HeaderMap) -> Result<Option<SecretString>, Problem> {
    let mut bearers = headers.get_all(header::AUTHORIZATION).filter_map(bearer);
    let mut others = headers.get_all(API_KEY).map(text);
    let mut found = bearers.by_ref().chain(others.by_ref());
    let Some(first) = found.next() else {
        return Ok(None);
    };
    // Which of several is meant is not for us to guess.
    if found.any(|other| other.expose_secret() != first.expose_secret()) {
        return Err(Problem::SeveralKeys);
    }
    Ok(Some(first))
}

/// The token of a `Bearer`; other schemes are for whoever stands before us.
fn bearer(value: &HeaderValue) -> Option<SecretString> {
    let (scheme, token) = match value.as_bytes().split_at_checked(6)? {
        (scheme, [b' ', token @ ..]) => (scheme, token),
        (scheme, []) => (scheme, &[][..]),
        _ => return None,
    };
    scheme
        .eq_ignore_ascii_case(b"bearer")
        .then(|| SecretString::from(String::from_utf8_lossy(token).trim()))
}

fn text(value: &HeaderValue) -> SecretString {
    SecretString::from(String::from_utf8_lossy(value.as_bytes()).trim())
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown => Self::KeyUnknown,
            Refusal::Revoked { id } => Self::KeyRevoked { key: id },
            Refusal::Expired { id, since } => Self::KeyExpired {
                key: id,
                since: crate::key::local(since),
            },
        }
    }
}

/// Keeps what was answered to one key from being given to whoever has another: caches in between
/// are told that answers differ by key, and to keep none that was given for one.
pub(super) async fn keep_apart<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let has_key = matches!(presented(request.headers()), Ok(Some(_)) | Err(_));
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    let is_kept = headers.get(header::CACHE_CONTROL);
    if is_kept.is_some_and(|value| value == "no-cache") {
        manners::vary(headers, "Authorization, X-API-Key");
        if has_key {
            let private = HeaderValue::from_static("private, no-cache");
            headers.insert(header::CACHE_CONTROL, private);
        }
    }
    Ok(response)
}
