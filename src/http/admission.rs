//! Who is let in before anything is looked at: not those on a connection that was turned away, nor
//! those whose address has asked too often; and bodies only as long as they keep up.
//!
//! Invariant: `/healthz` and `/readyz` are never refused for load (`tests/overload.rs`).

use std::net::IpAddr;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderMap;
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};

use super::client::{Household, Proxies};
use super::connections::TurnedAway;
use super::pace::Unread;
use super::problem::Problem;
use super::rates::Rates;
use super::state::State;
use super::{meili, pages};
use crate::key::Allowance;

/// What is left of an address's rate.
#[derive(Clone, Copy)]
pub(super) struct OfAddress(pub(super) Allowance);

/// The client's address, past the proxies.
pub(super) fn client(
    proxies: &Proxies,
    peer: Option<IpAddr>,
    headers: &HeaderMap,
) -> Option<IpAddr> {
    proxies.client(peer?, headers)
}

/// Lets a request in, or refuses it.
pub(super) async fn admit<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let Some(state) = request.app_data::<web::Data<State>>().cloned() else {
        return Err(Problem::Internal.into());
    };
    if request.conn_data::<TurnedAway>().is_some() {
        return Ok(refuse(request, &Problem::Overloaded { seconds: 1 }));
    }
    if !is_health(request.path())
        && let Some(rates) = &state.rates
    {
        let peer = request.peer_addr().map(|peer| peer.ip());
        let client = client(&state.proxies, peer, request.headers());
        match client.map(|client| count(rates, client)) {
            Some(Err(problem)) => {
                state.meter.limited("address");
                return Ok(refuse(request, &problem));
            }
            Some(Ok(Some(allowance))) => {
                request.extensions_mut().insert(OfAddress(allowance));
            }
            Some(Ok(None)) | None => {}
        }
    }
    let mut fell_behind = None;
    match request.take_payload() {
        Payload::None => {}
        payload => {
            let unread = request.conn_data::<Unread>().cloned();
            let unread = unread.unwrap_or_default();
            let (payload, flag) = state.pace.hold(payload, unread);
            request.set_payload(payload);
            fell_behind = Some(flag);
        }
    }
    let response = next.call(request).await?;
    if fell_behind.is_some_and(|flag| flag.get()) {
        state.meter.slow_body();
        // Whoever read it said what they made of its end, which is not what was wrong.
        let (request, _) = response.into_parts();
        let refusal = refusal(&request, &Problem::BodyTooSlow);
        return Ok(ServiceResponse::new(request, refusal).map_into_right_body());
    }
    Ok(response.map_into_left_body())
}

/// Whether it asks how the service is, which must be answered most of all when it is not well.
fn is_health(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// Counts a request; nothing is counted of this machine, where the operator is, or a proxy that
/// nobody set.
fn count(rates: &Rates, client: IpAddr) -> Result<Option<Allowance>, Problem> {
    let who = Household::of(client);
    if who.is_here() {
        return Ok(None);
    }
    let counted = rates.count(who);
    counted.map(Some).map_err(|wait| Problem::TooManyOfAddress {
        seconds: wait.as_secs() + 1,
    })
}

fn refuse<B: MessageBody>(
    request: ServiceRequest,
    problem: &Problem,
) -> ServiceResponse<EitherBody<B>> {
    let (request, _) = request.into_parts();
    let refusal = refusal(&request, problem);
    ServiceResponse::new(request, refusal).map_into_right_body()
}

/// In the words of whoever is asked.
fn refusal(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    if request.path().starts_with("/meili/") {
        return meili::refusal(problem);
    }
    pages::problem_or_page(request, problem)
}
