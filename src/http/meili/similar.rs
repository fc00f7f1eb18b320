//! `GET` and `POST /indexes/{uid}/similar`: passages like one, from other reports.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::error::{Error, repeated};
use super::filter;
use super::given::{Body, Given, Kind, Param};
use super::search::elapsed;
use super::shape::Shape;
use super::{Access, check_index, is_id, sent};
use crate::http::access::{Authorized, Search};
use crate::http::state::State;
use crate::search::{self, Highlighter};

/// The most passages that are looked at.
const MOST: usize = 200;
/// How many are given where the request names no number.
const LIMIT: usize = 20;

const PARAMS: [Param; 10] = [
    ("id", Kind::Id, "invalid_similar_id"),
    ("offset", Kind::Whole, "invalid_similar_offset"),
    ("limit", Kind::Whole, "invalid_similar_limit"),
    ("filter", Kind::Filter, "invalid_similar_filter"),
    ("embedder", Kind::Text, "invalid_similar_embedder"),
    (
        "attributesToRetrieve",
        Kind::Words,
        "invalid_similar_attributes_to_retrieve",
    ),
    (
        "retrieveVectors",
        Kind::Flag,
        "invalid_similar_retrieve_vectors",
    ),
    (
        "showRankingScore",
        Kind::Flag,
        "invalid_similar_show_ranking_score",
    ),
    (
        "showRankingScoreDetails",
        Kind::Flag,
        "invalid_similar_show_ranking_score_details",
    ),
    (
        "rankingScoreThreshold",
        Kind::Real,
        "invalid_similar_ranking_score_threshold",
    ),
];

pub(super) async fn get(
    http: HttpRequest,
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    check_index(&uid)?;
    answer(&Given::query(&http, &PARAMS)?, &access, &state).await
}

pub(super) async fn post(
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
    let started = Instant::now();
    let Some(id) = given.id("id") else {
        return Err(Error::bad(
            "missing_similar_id",
            "没有 id；应为一个文档的 id",
        ));
    };
    if !is_id(&id) {
        let message = format!("id 的值“{}”不能是文档的 id", repeated(&id));
        return Err(Error::bad("invalid_similar_id", message));
    }
    let least = given.real("rankingScoreThreshold").unwrap_or(0.0);
    if !(0.0..=1.0).contains(&least) {
        let message = "rankingScoreThreshold 应为 0 至 1 的数";
        return Err(Error::bad(
            "invalid_similar_ranking_score_threshold",
            message,
        ));
    }
    let filter = filter::read(given.get("filter"), "invalid_similar_filter")?;
    let shape = Shape::new(given)?;
    let offset = given.whole("offset").unwrap_or(0);
    let limit = given.whole("limit").unwrap_or(LIMIT);
    let snapshot = state.snapshot(access).await?;
    let options = state.options;
    let wanted = id.clone().into_owned();
    let (hits, total) = state
        .run(snapshot, move |snapshot| {
            let filter = filter.map(|filter| filter.on(snapshot, &options));
            let filter = filter.transpose()?;
            let found = search::similar_within(snapshot, &wanted, filter.as_ref(), MOST, &options)?;
            let plain = Highlighter::new(&[]);
            let found = found.map(|found| {
                found
                    .into_iter()
                    .filter(|similar| f64::from(similar.score) >= least)
                    .map(|similar| {
                        let score = f64::from(similar.score);
                        let (passage, report) = (&similar.passage, &similar.report);
                        shape.document(snapshot, passage, report, &plain, score)
                    })
                    .collect::<Vec<Map<String, Value>>>()
            });
            Ok(found)
        })
        .await?
        .map(|found| {
            let total = found.len();
            let shown: Vec<_> = found.into_iter().skip(offset).take(limit).collect();
            (shown, total)
        })
        .ok_or_else(|| {
            let message = format!("没有 id 为“{}”的文档", repeated(&id));
            Error::bad("not_found_similar_id", message)
        })?;
    Ok(sent(json!({
        "hits": hits,
        "id": id,
        "processingTimeMs": elapsed(started),
        "offset": offset,
        "limit": limit,
        "estimatedTotalHits": total,
    })))
}
