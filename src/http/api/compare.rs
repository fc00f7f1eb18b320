//! `GET /api/v1/compare`: two to five regions or reports side by side, theme by theme.

use std::time::Instant;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::access::{Authorized, Search};
use crate::http::address;
use crate::http::caching;
use crate::http::gate::Class;
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::{CompareAnswer, Format, compared};
use crate::search;

pub(super) async fn get(
    http: HttpRequest,
    access: Authorized<Search>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let started = Instant::now();
    let asked = params::comparison(&params::pairs(http.query_string()), &state)?;
    let snapshot = state.snapshot(&access).await?;
    let tag = caching::tag(&state, &snapshot);
    let options = state.options;
    let (asked, comparison) = state
        .run_as(Class::Heavy, snapshot, move |snapshot| {
            let subjects = asked.subjects(snapshot)?;
            let (request, limit) = (&asked.request, asked.limit);
            let comparison = search::compare(snapshot, request, &options, subjects, limit)?;
            Ok((asked, comparison))
        })
        .await?;
    if let Some(unchanged) = caching::not_modified(&http, &tag) {
        return Ok(unchanged);
    }
    let mut answer = HttpResponse::Ok();
    if let Some(format) = asked.format {
        let file = compared(&comparison, format, &address::base(&http, &state));
        let file = file.map_err(|error| {
            tracing::error!(%error, "对比导出写不出来");
            Problem::Internal
        })?;
        return Ok(answer
            .content_type(format.media_type())
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::CONTENT_DISPOSITION, disposition(format)))
            .body(file));
    }
    let took_ms = (started.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
    caching::label(&mut answer, &tag);
    let (request, limit) = (&asked.request, asked.limit);
    Ok(answer.json(CompareAnswer::new(request, comparison, limit, took_ms)))
}

/// That the answer is a file, named in ASCII for all and in full for those that read RFC 8187.
fn disposition(format: Format) -> String {
    let ending = format.as_str();
    // 策搜-对比
    let name = "%E7%AD%96%E6%90%9C-%E5%AF%B9%E6%AF%94";
    format!("attachment; filename=\"cesou-compare.{ending}\"; filename*=UTF-8''{name}.{ending}")
}
