//! `GET /indexes/{uid}/documents`, `…/documents/{id}`, `POST …/documents/fetch`: documents as they
//! are, in the order of the corpus.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::error::{Error, repeated};
use super::field;
use super::filter;
use super::given::{Body, Given, Kind, Param};
use super::search::{MAX_LIMIT, orders};
use super::shape::Fields;
use super::{Access, check_index, is_id, sent};
use crate::http::access::{Authorized, Search};
use crate::http::state::State;
use crate::search::{self, Filter, Request};

/// Documents where the request names no number.
const LIMIT: usize = 20;

const PARAMS: [Param; 7] = [
    ("offset", Kind::Whole, "invalid_document_offset"),
    ("limit", Kind::Whole, "invalid_document_limit"),
    ("fields", Kind::Words, "invalid_document_fields"),
    ("filter", Kind::Filter, "invalid_document_filter"),
    ("ids", Kind::Words, "invalid_document_ids"),
    ("sort", Kind::Words, "invalid_document_sort"),
    (
        "retrieveVectors",
        Kind::Flag,
        "invalid_document_retrieve_vectors",
    ),
];
const ONE: [Param; 2] = [
    ("fields", Kind::Words, "invalid_document_fields"),
    (
        "retrieveVectors",
        Kind::Flag,
        "invalid_document_retrieve_vectors",
    ),
];

pub(super) async fn list(
    http: HttpRequest,
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    check_index(&uid)?;
    answer(&Given::query(&http, &PARAMS)?, &access, &state).await
}

pub(super) async fn fetch(
    http: HttpRequest,
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let access = access?;
    check_index(&uid)?;
    answer(&Given::body(&http, body, &PARAMS)?, &access, &state).await
}

async fn answer(
    given: &Given,
    access: &Authorized<Search>,
    state: &State,
) -> Result<HttpResponse, Error> {
    let offset = given.whole("offset").unwrap_or(0);
    let limit = given.whole("limit").unwrap_or(LIMIT);
    let fields = fields(given);
    let filter = filter::read(given.get("filter"), "invalid_document_filter")?;
    let ids: Option<Vec<String>> = given
        .words("ids")
        .map(|ids| ids.into_iter().map(str::to_owned).collect());
    if let Some(id) = ids.iter().flatten().find(|id| !is_id(id)) {
        let message = format!("ids 中的“{}”不能是文档的 id", repeated(id));
        return Err(Error::bad("invalid_document_ids", message));
    }
    let sort = given.words("sort").unwrap_or_default();
    let request = Request {
        orders: orders(&sort, "invalid_document_sort")?,
        offset,
        per_page: limit.min(MAX_LIMIT),
        ..Request::default()
    };
    let snapshot = state.snapshot(access).await?;
    let options = state.options;
    let (documents, total) = state
        .run(snapshot, move |snapshot| {
            let mut narrowed: Vec<Filter> = ids.map(Filter::Passage).into_iter().collect();
            if let Some(filter) = filter {
                narrowed.push(filter.on(snapshot, &options)?);
            }
            let request = Request {
                filter: (!narrowed.is_empty()).then_some(Filter::All(narrowed)),
                ..request
            };
            let response = search::search(snapshot, &request, &options)?;
            let documents: Vec<Map<String, Value>> = response
                .hits
                .iter()
                .map(|hit| fields.only(field::document(snapshot, &hit.passage, &hit.report)))
                .collect();
            Ok((documents, response.total))
        })
        .await?;
    Ok(sent(json!({
        "results": documents,
        "offset": offset,
        "limit": limit,
        "total": total,
    })))
}

pub(super) async fn one(
    http: HttpRequest,
    path: web::Path<(String, String)>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    let (uid, id) = path.into_inner();
    check_index(&uid)?;
    let fields = fields(&Given::query(&http, &ONE)?);
    if !is_id(&id) {
        let message = format!("“{}”不能是文档的 id", repeated(&id));
        return Err(Error::bad("invalid_document_id", message));
    }
    let snapshot = state.snapshot(&access).await?;
    let wanted = id.clone();
    let document = state
        .run(snapshot, move |snapshot| {
            let Some(passage) = snapshot.passage(&wanted)? else {
                return Ok(None);
            };
            let report = snapshot.report(&passage.report);
            Ok(report.map(|report| fields.only(field::document(snapshot, &passage, report))))
        })
        .await?;
    document.map(sent).ok_or_else(|| Error::no_document(&id))
}

fn fields(given: &Given) -> Fields {
    match given.words("fields") {
        Some(names) => Fields::of(&names),
        None => Fields::All,
    }
}
