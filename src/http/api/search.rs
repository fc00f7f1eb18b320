//! `GET /api/v1/search`: ranked passages and facet counts.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::access::{Authorized, Search};
use crate::http::caching;
use crate::http::counting;
use crate::http::journal;
use crate::http::manners;
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::SearchAnswer;

pub(super) async fn get(
    http: HttpRequest,
    access: Authorized<Search>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let started = Instant::now();
    let pairs = params::pairs(http.query_string());
    let request = params::search(&pairs, &state)?;
    let counts = params::counts(&pairs)?;
    let snapshot = state.snapshot(&access).await?;
    let tag = caching::tag(&state, &snapshot);
    if let Some(unchanged) = caching::not_modified(&http, &tag) {
        return Ok(unchanged);
    }
    let options = state.options;
    let (request, response) = state
        .run(snapshot, move |snapshot| {
            let response = journal::search(snapshot, &request, &options)?;
            Ok((request, response))
        })
        .await?;
    if counts {
        let asker = counting::asker(&http, &state, &access);
        counting::search(&state, asker, &request, response.total);
    }
    let took_ms = (started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
    let mut answer = HttpResponse::Ok();
    caching::label(&mut answer, &tag);
    let (page, per_page) = (request.page, request.per_page);
    manners::link_pages(
        &http,
        &mut answer,
        page,
        per_page,
        response.total,
        state.max_depth,
    );
    Ok(answer.json(SearchAnswer::new(&request, response, took_ms)))
}
