//! `/indexes`, `/stats`, `/health`, `/version`: what there is to search.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::error::{Error, repeated};
use super::field::Field;
use super::given::{Body, Given, Kind, Param};
use super::tasks::Instantly;
use super::{Access, PRIMARY_KEY, UID, check_index, moment, sent};
use crate::http::access::{Admin, Authorized};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::index::Snapshot;

/// Indexes where the request names no number.
const LIMIT: usize = 20;

const PAGE: [Param; 2] = [
    ("offset", Kind::Whole, "invalid_index_offset"),
    ("limit", Kind::Whole, "invalid_index_limit"),
];
const INDEX: [Param; 2] = [
    ("uid", Kind::Text, "invalid_index_uid"),
    ("primaryKey", Kind::Text, "invalid_index_primary_key"),
];

/// Leave to change what there is, or why there is none.
type Admitted = Result<Authorized<Admin>, Problem>;

pub(super) async fn health() -> HttpResponse {
    sent(json!({"status": "available"}))
}

pub(super) async fn version(access: Access) -> Result<HttpResponse, Error> {
    access?;
    Ok(sent(json!({
        "commitSha": "unknown",
        "commitDate": "unknown",
        "pkgVersion": env!("CARGO_PKG_VERSION"),
    })))
}

pub(super) async fn stats(access: Access, state: web::Data<State>) -> Result<HttpResponse, Error> {
    let snapshot = state.snapshot(&access?).await?;
    let of_index = stats_of_index(&snapshot, &state);
    // Where only a part may be seen, how large all of it is would tell of the rest.
    let bytes = if snapshot.part().is_empty() {
        json!(snapshot.manifest().bytes())
    } else {
        of_index["rawDocumentDbSize"].clone()
    };
    Ok(sent(json!({
        "databaseSize": bytes,
        "usedDatabaseSize": bytes,
        "lastUpdate": built_at(&snapshot),
        "indexes": {UID: of_index},
    })))
}

pub(super) async fn stats_of(
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    check_index(&uid)?;
    let snapshot = state.snapshot(&access).await?;
    Ok(sent(stats_of_index(&snapshot, &state)))
}

fn stats_of_index(snapshot: &Arc<Snapshot>, state: &State) -> Value {
    let passages = snapshot.passages();
    // Every document has every field.
    let fields: Map<String, Value> = Field::ALL
        .into_iter()
        .map(|field| (field.as_str().to_owned(), json!(passages)))
        .collect();
    let bytes: u64 = snapshot
        .reports()
        .iter()
        .map(|report| (report.range.end - report.range.start) as u64)
        .sum();
    json!({
        "numberOfDocuments": passages,
        "rawDocumentDbSize": bytes,
        "avgDocumentSize": bytes.checked_div(passages).unwrap_or(0),
        "isIndexing": state.condition().rebuilding,
        "numberOfEmbeddings": 0,
        "numberOfEmbeddedDocuments": 0,
        "fieldDistribution": fields,
    })
}

fn built_at(snapshot: &Snapshot) -> String {
    let seconds = i64::try_from(snapshot.manifest().built_at).unwrap_or(0);
    moment(Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH))
}

fn described(snapshot: &Snapshot) -> Value {
    let built_at = built_at(snapshot);
    json!({
        "uid": UID,
        "primaryKey": PRIMARY_KEY,
        "createdAt": built_at,
        "updatedAt": built_at,
    })
}

pub(super) async fn list(
    http: HttpRequest,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    let given = Given::query(&http, &PAGE)?;
    let offset = given.whole("offset").unwrap_or(0);
    let limit = given.whole("limit").unwrap_or(LIMIT);
    let snapshot = state.snapshot(&access).await?;
    let all = [described(&snapshot)];
    let shown: Vec<&Value> = all.iter().skip(offset).take(limit).collect();
    Ok(sent(json!({
        "results": shown,
        "offset": offset,
        "limit": limit,
        "total": all.len(),
    })))
}

pub(super) async fn one(
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    check_index(&uid)?;
    let snapshot = state.snapshot(&access).await?;
    Ok(sent(described(&snapshot)))
}

pub(super) async fn create(
    http: HttpRequest,
    access: Admitted,
    body: Body,
) -> Result<HttpResponse, Error> {
    access?;
    let given = Given::body(&http, body, &INDEX)?;
    let Some(uid) = given.text("uid") else {
        let message = format!("没有 uid；只能是 {UID}");
        return Err(Error::bad("missing_index_uid", message));
    };
    if uid != UID {
        let message = format!("不能建立索引“{}”；本服务只有 {UID}", repeated(uid));
        return Err(Error::bad("invalid_index_uid", message));
    }
    Ok(Instantly::IndexCreation.accepted())
}

pub(super) async fn change(
    http: HttpRequest,
    uid: web::Path<String>,
    access: Admitted,
    body: Body,
) -> Result<HttpResponse, Error> {
    access?;
    check_index(&uid)?;
    let given = Given::body(&http, body, &INDEX)?;
    if given.text("uid").is_some_and(|uid| uid != UID) {
        return Err(Error::bad("invalid_index_uid", "索引不能改名"));
    }
    match given.text("primaryKey") {
        None | Some(PRIMARY_KEY) => Ok(Instantly::IndexUpdate.accepted()),
        Some(_) => {
            let message = format!("索引的主键是 {PRIMARY_KEY}，不能更改");
            Err(Error::bad("index_primary_key_already_exists", message))
        }
    }
}

pub(super) async fn drop(uid: web::Path<String>, access: Admitted) -> Result<HttpResponse, Error> {
    access?;
    check_index(&uid)?;
    let message = format!("不能删除索引 {UID}：其中的文档来自语料，请逐个删除报告");
    Err(Error::bad("feature_not_enabled", message))
}
