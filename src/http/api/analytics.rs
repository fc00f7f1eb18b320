//! `GET /api/v1/analytics`: what readers searched for and chose, for whoever looks after the service.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::access::{Admin, Authorized};
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::{AnalyticsAnswer, queries_csv};

pub(super) async fn get(
    http: HttpRequest,
    _: Authorized<Admin>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let pairs = params::pairs(http.query_string());
    let Some(analytics) = state.analytics() else {
        params::period(&pairs, jiff::civil::Date::MIN)?;
        return Err(Problem::Conflict {
            why: state.why_uncounted(),
        });
    };
    let period = params::period(&pairs, analytics.today())?;
    let report = state
        .counted(move |analytics| analytics.report(period.from, period.to, period.limit, None))
        .await?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    if !period.as_csv {
        return Ok(answer.json(AnalyticsAnswer::new(report)));
    }
    let name = format!("queries-{}-{}.csv", period.from, period.to);
    let table = queries_csv(&report).map_err(|error| {
        tracing::error!(%error, "统计写不成表格");
        Problem::Internal
    })?;
    Ok(answer
        .content_type("text/csv; charset=utf-8; header=present")
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .body(table))
}
