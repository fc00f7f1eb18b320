//! `GET /api/v1/search`: ranked passages and facet counts.

use std::time::Instant;

use actix_web::http::header::ContentType;
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

/// What most answers find room in, in bytes.
const BODY: usize = 1 << 15;

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
    let (request, total, body) = state
        .run(snapshot, move |snapshot| {
            let response = journal::search(snapshot, &request, &options)?;
            let total = response.total;
            let took_ms = (started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
            // Written out here, so that those who accept and refuse have no more to do than send it.
            let mut body = Vec::with_capacity(BODY);
            serde_json::to_writer(&mut body, &SearchAnswer::new(&request, response, took_ms))
                .map_err(|error| {
                    tracing::error!(%error, "检索结果无法写成 JSON");
                    Problem::Internal
                })?;
            Ok((request, total, body))
        })
        .await?;
    if counts {
        let asker = counting::asker(&http, &state, &access);
        counting::search(&state, asker, &request, total);
    }
    let mut answer = HttpResponse::Ok();
    caching::label(&mut answer, &tag);
    let (page, per_page) = (request.page, request.per_page);
    manners::link_pages(&http, &mut answer, page, per_page, total, state.max_depth);
    Ok(answer.content_type(ContentType::json()).body(body))
}
