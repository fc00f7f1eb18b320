//! `GET /api/v1/reports`, `GET /api/v1/reports/{id}`: what is indexed, and one report in order.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::access::{Authorized, Search};
use crate::http::caching;
use crate::http::manners;
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::{ReportAnswer, ReportWithPassages, ReportsAnswer};
use crate::index::{PassageRecord, ReportRecord, Snapshot};

/// How far a listing may be paged; it is read from memory, so this is no matter of cost.
pub(in crate::http) const MAX_REPORTS: usize = 1_000_000;

pub(super) async fn list(
    http: HttpRequest,
    access: Authorized<Search>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let pairs = params::pairs(http.query_string());
    let (page, per_page) = params::listing(&pairs, params::MAX_PER_PAGE, MAX_REPORTS)?;
    let snapshot = state.snapshot(&access).await?;
    let tag = caching::tag(&state, &snapshot);
    if let Some(unchanged) = caching::not_modified(&http, &tag) {
        return Ok(unchanged);
    }
    let reports = snapshot.reports();
    let skip = (page - 1).saturating_mul(per_page);
    let mut response = HttpResponse::Ok();
    caching::label(&mut response, &tag);
    manners::link_pages(
        &http,
        &mut response,
        page,
        per_page,
        reports.len(),
        MAX_REPORTS,
    );
    Ok(response.json(ReportsAnswer {
        total: reports.len(),
        page,
        per_page,
        reports: reports
            .iter()
            .skip(skip)
            .take(per_page)
            .map(ReportAnswer::new)
            .collect(),
    }))
}

pub(in crate::http) async fn get(
    http: HttpRequest,
    id: web::Path<String>,
    access: Authorized<Search>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    params::none(&params::pairs(http.query_string()))?;
    let snapshot = state.snapshot(&access).await?;
    let tag = caching::tag(&state, &snapshot);
    let id = id.into_inner();
    let (report, passages) = state
        .run(snapshot, move |snapshot| whole(snapshot, &id))
        .await?;
    if let Some(unchanged) = caching::not_modified(&http, &tag) {
        return Ok(unchanged);
    }
    let mut response = HttpResponse::Ok();
    caching::label(&mut response, &tag);
    Ok(response.json(ReportWithPassages::new(&report, &passages)))
}

/// The report of that id with its passages in order.
pub(in crate::http) fn whole(
    snapshot: &Snapshot,
    id: &str,
) -> Result<(ReportRecord, Vec<PassageRecord>), Problem> {
    let report = snapshot.report(id).ok_or_else(|| Problem::NotFound {
        what: "报告",
        id: id.to_owned(),
    })?;
    Ok((report.clone(), snapshot.passages_of(report)?))
}
