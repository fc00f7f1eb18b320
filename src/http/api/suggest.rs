//! `GET /api/v1/suggest`: completions of what is being typed.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::access::{Authorized, Search};
use crate::http::caching;
use crate::http::gate::Class;
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::SuggestAnswer;
use crate::search;

pub(super) async fn get(
    http: HttpRequest,
    access: Authorized<Search>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let started = Instant::now();
    let (text, limit) = params::suggest(&params::pairs(http.query_string()))?;
    let snapshot = state.snapshot(&access).await?;
    let tag = caching::tag(&state, &snapshot);
    if let Some(unchanged) = caching::not_modified(&http, &tag) {
        return Ok(unchanged);
    }
    let (text, suggestions) = state
        .run_as(Class::Typing, snapshot, move |snapshot| {
            let suggestions = search::suggest(snapshot, &text, limit)?;
            Ok((text, suggestions))
        })
        .await?;
    let took_ms = (started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
    let mut answer = HttpResponse::Ok();
    caching::label(&mut answer, &tag);
    Ok(answer.json(SuggestAnswer::new(text, suggestions, took_ms)))
}
