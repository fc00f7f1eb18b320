//! `GET /api/v1/passages/{id}/similar`: passages like one, from other reports.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::access::{Authorized, Search};
use crate::http::caching;
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::SimilarAnswer;
use crate::search;

/// The most passages that are given.
pub(in crate::http) const MOST: usize = 20;
/// How many are given where the request names no number.
pub(in crate::http) const DEFAULT: usize = 5;

pub(super) async fn get(
    http: HttpRequest,
    id: web::Path<String>,
    access: Authorized<Search>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let started = Instant::now();
    let limit = params::limit(&params::pairs(http.query_string()), MOST)?.unwrap_or(DEFAULT);
    let snapshot = state.snapshot(&access).await?;
    let tag = caching::tag(&state, &snapshot);
    let id = id.into_inner();
    let options = state.options;
    let (id, found) = state
        .run(snapshot, move |snapshot| {
            let found = search::similar(snapshot, &id, limit, &options)?;
            let found = found.ok_or_else(|| Problem::NotFound {
                what: "段落",
                id: id.clone(),
            })?;
            Ok((id, found))
        })
        .await?;
    if let Some(unchanged) = caching::not_modified(&http, &tag) {
        return Ok(unchanged);
    }
    let took_ms = (started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
    let mut response = HttpResponse::Ok();
    caching::label(&mut response, &tag);
    Ok(response.json(SimilarAnswer::new(id, found, took_ms)))
}
