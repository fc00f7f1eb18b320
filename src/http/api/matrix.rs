//! `GET /api/v1/matrix`: counts of one field against another.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::access::{Authorized, Search};
use crate::http::caching;
use crate::http::gate::Class;
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::MatrixAnswer;
use crate::search;

pub(super) async fn get(
    http: HttpRequest,
    access: Authorized<Search>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let started = Instant::now();
    let (request, axes) = params::matrix(&params::pairs(http.query_string()), &state)?;
    let snapshot = state.snapshot(&access).await?;
    let tag = caching::tag(&state, &snapshot);
    if let Some(unchanged) = caching::not_modified(&http, &tag) {
        return Ok(unchanged);
    }
    let options = state.options;
    let (request, matrix) = state
        .run_as(Class::Heavy, snapshot, move |snapshot| {
            let matrix = search::matrix(snapshot, &request, &options, &axes)?;
            Ok((request, matrix))
        })
        .await?;
    let took_ms = (started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
    let mut answer = HttpResponse::Ok();
    caching::label(&mut answer, &tag);
    Ok(answer.json(MatrixAnswer::new(&request, matrix, took_ms)))
}
