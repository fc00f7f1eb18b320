//! Who is let in: keys for cookies, cookies for sessions, and forms that are their own.
//!
//! A form is taken where its browser says that it comes from this site, where it says anything, and
//! where it carries the secret of the session; either would do, and both are asked for.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::Form;
use crate::http::address;
use crate::http::admission;
use crate::http::client::Household;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::key::{Action, Session, Status, session};

const COOKIE: &str = "cesou-admin";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the browser sent as its session.
pub(super) fn token(headers: &HeaderMap) -> Option<SecretString> {
    headers
        .get_all(header::COOKIE)
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| SecretString::from(value.to_owned()))
}

/// The session of a request, whose key is still good for it.
pub(super) fn session_of(http: &HttpRequest, state: &State) -> Option<Session> {
    let session = state.sessions.of(&token(http.headers())?)?;
    let key = state.keys.key(&session.key)?;
    let is_good = key.status(Timestamp::now()) == Status::Active && key.may(Action::Admin);
    is_good.then_some(session)
}

/// The session that a form is of; nothing where there is none any more.
///
/// # Errors
///
/// It does not come from the page of that session.
pub(super) fn admitted(
    http: &HttpRequest,
    state: &State,
    form: &Form,
) -> Result<Option<Session>, Problem> {
    check_origin(http, state)?;
    let Some(session) = session_of(http, state) else {
        return Ok(None);
    };
    if !session.is_of_form(form.get("form")) {
        return Err(Problem::ForeignForm);
    }
    Ok(Some(session))
}

/// Refuses forms that a browser says come from another site's page. Whether a proxy ends TLS before
/// us makes no host another one.
pub(super) fn check_origin(http: &HttpRequest, state: &State) -> Result<(), Problem> {
    let headers = http.headers();
    if let Some(site) = headers.get(&SEC_FETCH_SITE) {
        let is_own = site == "same-origin" || site == "none";
        return is_own.then_some(()).ok_or(Problem::ForeignForm);
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let host = |address: &str| {
        let (_, host) = address.split_once("://")?;
        Some(host.to_ascii_lowercase())
    };
    let own = host(&address::base(http, state));
    let from = origin.to_str().ok().and_then(host);
    let is_own = own.is_some() && from == own;
    is_own.then_some(()).ok_or(Problem::ForeignForm)
}

/// Counts an attempt to log in.
///
/// # Errors
///
/// In how many seconds there may be another.
pub(super) fn attempt(http: &HttpRequest, state: &State) -> Result<(), u64> {
    let Some(attempts) = &state.attempts else {
        return Ok(());
    };
    let peer = http.peer_addr().map(|peer| peer.ip());
    let Some(client) = admission::client(&state.proxies, peer, http.headers()) else {
        return Ok(());
    };
    let counted = attempts.count(Household::of(client));
    counted.map(drop).map_err(|wait| wait.as_secs() + 1)
}

/// The header that has a browser keep a session, or forget it.
pub(super) fn cookie(http: &HttpRequest, state: &State, token: Option<&SecretString>) -> String {
    let secure = if is_secure(http, state) {
        "; Secure"
    } else {
        ""
    };
    let (value, age) = match token {
        Some(token) => (token.expose_secret(), session::LONGEST.as_secs()),
        None => ("", 0),
    };
    format!("{COOKIE}={value}; Path=/admin; Max-Age={age}; HttpOnly; SameSite=Strict{secure}")
}

/// Whether the browser speaks TLS, to us or to the proxy before us.
fn is_secure(http: &HttpRequest, state: &State) -> bool {
    let is_set = state
        .public_url
        .as_ref()
        .is_some_and(|url| url.starts_with("https:"));
    // A browser says itself where its form comes from, and it comes from here.
    let origin = http.headers().get(header::ORIGIN);
    is_set || origin.is_some_and(|origin| origin.as_bytes().starts_with(b"https:"))
}
