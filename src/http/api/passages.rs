//! `GET /api/v1/passages/{id}`: one passage with its text.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::access::{Authorized, Search};
use crate::http::caching;
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::PassageAnswer;
use crate::index::{PassageRecord, ReportRecord, Snapshot};

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
    let found = state
        .run(snapshot, move |snapshot| in_report(snapshot, &id))
        .await?;
    if let Some(unchanged) = caching::not_modified(&http, &tag) {
        return Ok(unchanged);
    }
    let answer = PassageAnswer::new(&found.passages, found.at, &found.report);
    let mut response = HttpResponse::Ok();
    caching::label(&mut response, &tag);
    Ok(response.json(answer))
}

/// A passage among all passages of its report.
pub(in crate::http) struct InReport {
    pub(in crate::http) report: ReportRecord,
    pub(in crate::http) passages: Vec<PassageRecord>,
    /// Its place among them.
    pub(in crate::http) at: usize,
}

/// The passage of that id.
pub(in crate::http) fn in_report(snapshot: &Snapshot, id: &str) -> Result<InReport, Problem> {
    let missing = || Problem::NotFound {
        what: "段落",
        id: id.to_owned(),
    };
    let passage = snapshot.passage(id)?.ok_or_else(missing)?;
    let report = snapshot
        .report(&passage.report)
        .ok_or_else(missing)?
        .clone();
    let passages = snapshot.passages_of(&report)?;
    let at = passages
        .iter()
        .position(|passage| passage.id == id)
        .ok_or_else(missing)?;
    Ok(InReport {
        report,
        passages,
        at,
    })
}
