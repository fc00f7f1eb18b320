//! `POST /mcp`: the Model Context Protocol over HTTP, for assistants; `GET /llms.txt` tells of it.
//!
//! Nothing is kept between two messages, so there are no sessions and no streams. Only pages of this
//! very host may call from a browser: what an assistant on the reader's machine may ask is not for
//! any site to ask in its name.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use super::access::{Authorized, Search};
use super::address::base;
use super::api::resource;
use super::journal;
use super::problem::{self, Problem};
use super::state::State;
use crate::agent::{self, Asked, Desk};

/// The longest message.
const MAX_BODY: usize = 256 << 10;
const LLMS: &str = include_str!("llms.txt");

/// Adds the routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/mcp")
                .app_data(web::PayloadConfig::new(MAX_BODY))
                .route(web::post().to(post))
                .default_service(web::to(async |http: HttpRequest| {
                    problem::only(&http, "POST")
                })),
        )
        .service(resource("/llms.txt", |route| route.to(llms)));
}

async fn post(
    http: HttpRequest,
    access: Authorized<Search>,
    state: web::Data<State>,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    check_origin(&http, &state)?;
    let body = body.map_err(|_| Problem::BodyTooLarge { most: MAX_BODY })?;
    let answer = match agent::read(&body) {
        Asked::Nothing => {
            return Ok(HttpResponse::Accepted()
                .insert_header((header::CACHE_CONTROL, "no-store"))
                .finish());
        }
        Asked::Answered(answer) => answer,
        Asked::Call {
            id,
            name,
            arguments,
        } => {
            let snapshot = state.snapshot(&access).await?;
            let options = state.options;
            let base = base(&http, &state);
            let asked = id.clone();
            state
                .run(Arc::clone(&snapshot), move |snapshot| {
                    let desk = Desk {
                        snapshot,
                        search: &|snapshot, request| journal::search(snapshot, request, &options),
                        base: &base,
                    };
                    Ok(agent::call(&desk, &asked, &name, &arguments))
                })
                .await
                .unwrap_or_else(|problem| agent::failed(&id, &problem.to_string()))
        }
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(answer))
}

/// Refuses pages of other hosts. Whether a proxy ends TLS before us makes no host another one.
fn check_origin(http: &HttpRequest, state: &State) -> Result<(), Problem> {
    let Some(origin) = http.headers().get(header::ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    let host = |address: &str| {
        let (_, host) = address.split_once("://")?;
        Some(host.to_ascii_lowercase())
    };
    let own = host(&base(http, state));
    if own.is_some() && host(origin) == own {
        return Ok(());
    }
    Err(Problem::ForeignOrigin {
        origin: origin.chars().take(200).collect(),
    })
}

async fn llms(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(LLMS.replace("{base}", &base(&http, &state)))
}
