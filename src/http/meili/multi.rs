//! `POST /multi-search`: several searches at once, side by side or merged into one list.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::error::Error;
use super::field::Field;
use super::given::{Body, Given, Kind, Param};
use super::search::{self, Asked, Paging, distribution, elapsed};
use super::{Access, UID, check_index, sent};
use crate::http::counting::{self, Asker};
use crate::http::journal;
use crate::http::state::State;
use crate::index::Snapshot;
use crate::search::{Request, counts_of_any};

/// The most searches of one request.
const MAX_QUERIES: usize = 100;

const PARAMS: [Param; 2] = [
    ("queries", Kind::Any, "invalid_multi_search_queries"),
    ("federation", Kind::Any, "invalid_multi_search_federation"),
];
const FEDERATION: [Param; 8] = [
    ("offset", Kind::Whole, "invalid_multi_search_offset"),
    ("limit", Kind::Whole, "invalid_multi_search_limit"),
    ("page", Kind::Whole, "invalid_multi_search_page"),
    (
        "hitsPerPage",
        Kind::Whole,
        "invalid_multi_search_hits_per_page",
    ),
    (
        "facetsByIndex",
        Kind::Any,
        "invalid_multi_search_facets_by_index",
    ),
    (
        "mergeFacets",
        Kind::Any,
        "invalid_multi_search_merge_facets",
    ),
    ("distinct", Kind::Any, "invalid_multi_search_distinct"),
    (
        "showPerformanceDetails",
        Kind::Any,
        "invalid_multi_search_show_performance_details",
    ),
];
const OPTIONS: [Param; 3] = [
    ("weight", Kind::Real, "invalid_multi_search_weight"),
    ("remote", Kind::Text, "invalid_multi_search_remote"),
    (
        "queryPosition",
        Kind::Whole,
        "invalid_multi_search_query_position",
    ),
];

/// What belongs to the merged list and not to one of its queries, with the codes of a refusal.
const OF_THE_WHOLE: [(&str, &str); 6] = [
    ("offset", "invalid_multi_search_query_pagination"),
    ("limit", "invalid_multi_search_query_pagination"),
    ("page", "invalid_multi_search_query_pagination"),
    ("hitsPerPage", "invalid_multi_search_query_pagination"),
    ("facets", "invalid_multi_search_query_facets"),
    ("distinct", "invalid_multi_search_query_distinct"),
];

/// One of the searches, and what it counts for among others.
struct Part {
    asked: Asked,
    weight: f64,
}

pub(super) async fn post(
    http: HttpRequest,
    access: Access,
    state: web::Data<State>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let access = access?;
    let given = Given::body(&http, body, &PARAMS)?;
    let queries = match given.get("queries") {
        Some(Value::Array(queries)) if queries.len() <= MAX_QUERIES => queries,
        Some(Value::Array(queries)) => {
            let message = format!("queries 有 {} 个，至多 {MAX_QUERIES} 个", queries.len());
            return Err(Error::bad("invalid_multi_search_queries", message));
        }
        _ => {
            let message = "queries 应为数组，每个元素是一个检索";
            return Err(Error::bad("invalid_multi_search_queries", message));
        }
    };
    let federation = given
        .get("federation")
        .map(|value| Given::object(value.clone(), &FEDERATION))
        .transpose()?;
    let mut parts = Vec::with_capacity(queries.len());
    for (place, query) in queries.iter().enumerate() {
        let part = part(query, federation.is_some(), &state);
        parts.push(part.map_err(|error| error.within(place))?);
    }
    let snapshot = state.snapshot(&access).await?;
    if let Some(federation) = federation {
        let reader = counting::asker(&http, &state, &access);
        return merged(parts, &federation, &snapshot, &state, reader).await;
    }
    let reader = counting::asker(&http, &state, &access);
    let mut results = Vec::with_capacity(parts.len());
    for (place, part) in parts.into_iter().enumerate() {
        let answer = search::run(part.asked, &snapshot, &state, reader).await;
        let mut answer = answer.map_err(|error| error.within(place))?;
        answer.insert("indexUid".to_owned(), json!(UID));
        results.push(answer);
    }
    Ok(sent(json!({"results": results})))
}

fn part(query: &Value, is_merged: bool, state: &State) -> Result<Part, Error> {
    let mut known = search::params();
    known.push(("indexUid", Kind::Text, "invalid_index_uid"));
    known.push((
        "federationOptions",
        Kind::Any,
        "invalid_multi_search_federation_options",
    ));
    let given = Given::object(query.clone(), &known)?;
    let Some(uid) = given.text("indexUid") else {
        let message = format!("没有 indexUid；应为 {UID}");
        return Err(Error::bad("missing_index_uid", message));
    };
    check_index(uid)?;
    let options = given.get("federationOptions");
    if !is_merged && options.is_some() {
        let message = "有 federation 时才能有 federationOptions";
        return Err(Error::bad(
            "invalid_multi_search_federation_options",
            message,
        ));
    }
    if is_merged {
        for (name, code) in OF_THE_WHOLE {
            if given.get(name).is_some() {
                let message =
                    format!("有 federation 时，{name} 不能放在单个检索里，应放在 federation 里");
                return Err(Error::bad(code, message));
            }
        }
    }
    let options = Given::object(options.cloned().unwrap_or_default(), &OPTIONS)?;
    if options.get("remote").is_some() {
        let message = "这里没有远程索引；请去掉 remote";
        return Err(Error::bad("invalid_multi_search_remote", message));
    }
    let weight = options.real("weight").unwrap_or(1.0);
    if !(weight.is_finite() && weight >= 0.0) {
        let message = "weight 应为不小于 0 的数";
        return Err(Error::bad("invalid_multi_search_weight", message));
    }
    Ok(Part {
        asked: Asked::new(&given, state)?,
        weight,
    })
}

/// One list of all hits, by weighted score; a passage that several queries find stands once, where
/// it scores best.
async fn merged(
    parts: Vec<Part>,
    federation: &Given,
    snapshot: &Arc<Snapshot>,
    state: &State,
    reader: Option<Asker>,
) -> Result<HttpResponse, Error> {
    let started = Instant::now();
    if federation.get("distinct").is_some() {
        let message = "合并的结果不能再按 distinct 去重";
        return Err(Error::bad("invalid_multi_search_distinct", message));
    }
    let fields = facets_by_index(federation.get("facetsByIndex"))?;
    let paging = Paging::new(federation);
    let (options, depth) = (state.options, state.max_depth);
    let (skip, take) = paging.span(depth);
    let mut hits: Vec<(f64, usize, usize, Map<String, Value>)> = Vec::new();
    let mut requests: Vec<Request> = Vec::with_capacity(parts.len());
    for (place, mut part) in parts.into_iter().enumerate() {
        part.asked.request.per_page = skip + take;
        let weight = part.weight;
        let (request, total, found) = state
            .run(Arc::clone(snapshot), move |snapshot| {
                let asked = part.asked.on(snapshot, &options)?;
                let response = journal::search(snapshot, &asked.request, &options)?;
                let lists_all = asked.request.text.trim().is_empty();
                let scores = response.hits.iter();
                let scores: Vec<f64> = scores
                    .map(|hit| search::ranking_score(hit, lists_all) * weight)
                    .collect();
                let ids = response.hits.iter().map(|hit| hit.passage.id.clone());
                let ids: Vec<String> = ids.collect();
                let documents = asked.documents(snapshot, &response.hits);
                let found: Vec<_> = scores.into_iter().zip(ids).zip(documents).collect();
                Ok((asked.request, response.total, found))
            })
            .await
            .map_err(|problem| Error::from(problem).within(place))?;
        counting::search(state, reader, &request, total);
        requests.push(request);
        for (at, ((score, id), mut document)) in found.into_iter().enumerate() {
            let about = json!({
                "indexUid": UID,
                "queriesPosition": place,
                "weightedRankingScore": score,
            });
            document.insert("_federation".to_owned(), about);
            // Of what stands once, the id may not be among the fields that are shown.
            document.insert(KEY.to_owned(), json!(id));
            hits.push((score, place, at, document));
        }
    }
    hits.sort_by(|left, right| {
        let by_score = right.0.total_cmp(&left.0);
        by_score.then((left.1, left.2).cmp(&(right.1, right.2)))
    });
    let mut seen: HashSet<Value> = HashSet::new();
    let hits: Vec<Map<String, Value>> = hits
        .into_iter()
        .map(|(.., document)| document)
        .filter_map(|mut document| seen.insert(document.remove(KEY)?).then_some(document))
        .skip(skip)
        .take(take)
        .collect();
    let mut facets = Vec::new();
    for field in fields.iter().flatten() {
        facets.extend(field.facets());
    }
    let (total, counted) = state
        .run(Arc::clone(snapshot), move |snapshot| {
            let (total, counts) = counts_of_any(snapshot, &requests, &facets, &options)?;
            let counted = fields.map(|fields| distribution(&fields, snapshot, &counts));
            Ok((total, counted))
        })
        .await?;
    let mut answer = Map::new();
    answer.insert("hits".to_owned(), json!(hits));
    answer.insert("processingTimeMs".to_owned(), elapsed(started));
    paging.say(total, depth, &mut answer);
    if let Some((distribution, stats)) = counted {
        if federation.get("mergeFacets").is_some() {
            answer.insert("facetDistribution".to_owned(), distribution);
            answer.insert("facetStats".to_owned(), stats);
        } else {
            let of_index = json!({UID: {"distribution": distribution, "stats": stats}});
            answer.insert("facetsByIndex".to_owned(), of_index);
        }
    }
    Ok(sent(answer))
}

/// What a document is told by until it is sent; no field has this name.
const KEY: &str = "_key";

fn facets_by_index(given: Option<&Value>) -> Result<Option<Vec<Field>>, Error> {
    const CODE: &str = "invalid_multi_search_facets_by_index";
    let wrong = || Error::bad(CODE, format!("facetsByIndex 应为 {{\"{UID}\": [字段名…]}}"));
    let Some(given) = given else {
        return Ok(None);
    };
    let mut fields = None;
    for (uid, names) in given.as_object().ok_or_else(wrong)? {
        check_index(uid)?;
        let names: Vec<&str> = match names {
            Value::Null => continue,
            names => {
                let names = names.as_array().ok_or_else(wrong)?.iter();
                names
                    .map(|name| name.as_str().ok_or_else(wrong))
                    .collect::<Result<_, _>>()?
            }
        };
        fields = Some(search::facets_named(&names, CODE)?);
    }
    Ok(fields)
}
