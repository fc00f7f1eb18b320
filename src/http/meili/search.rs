//! `GET` and `POST /indexes/{uid}/search`: the native search, asked and answered in another form.

use std::sync::Arc;
use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::error::{Error, repeated};
use super::field::{Counts, Field};
use super::filter::{self, Read};
use super::given::{Body, Given, Kind, Param};
use super::shape::{self, Shape};
use super::{Access, check_index, sent};
use crate::http::counting::{self, Asker};
use crate::http::journal;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::index::Snapshot;
use crate::search::{self, Hit, MAX_ORDERS, Measured, Order, Request, Response};

/// Hits where the request names no number.
const LIMIT: usize = 20;
/// The most hits of one answer; of a request for more the first are given.
pub(super) const MAX_LIMIT: usize = 1_000;
/// The most values of one facet; those held most often are given.
pub(super) const MAX_FACET_VALUES: usize = 100;
/// The score at which a passage has half of the best ranking score its group can have.
const HALF_SCORE: f64 = 10.0;

const PLAIN: [Param; 20] = [
    ("q", Kind::Text, "invalid_search_q"),
    ("offset", Kind::Whole, "invalid_search_offset"),
    ("limit", Kind::Whole, "invalid_search_limit"),
    ("page", Kind::Whole, "invalid_search_page"),
    ("hitsPerPage", Kind::Whole, "invalid_search_hits_per_page"),
    ("filter", Kind::Filter, "invalid_search_filter"),
    ("facets", Kind::Words, "invalid_search_facets"),
    ("sort", Kind::Words, "invalid_search_sort"),
    ("distinct", Kind::Text, "invalid_search_distinct"),
    (
        "matchingStrategy",
        Kind::Text,
        "invalid_search_matching_strategy",
    ),
    (
        "attributesToSearchOn",
        Kind::Words,
        "invalid_search_attributes_to_search_on",
    ),
    (
        "rankingScoreThreshold",
        Kind::Real,
        "invalid_search_ranking_score_threshold",
    ),
    ("locales", Kind::Words, "invalid_search_locales"),
    ("vector", Kind::Any, "invalid_search_vector"),
    ("hybrid", Kind::Any, "invalid_search_hybrid_query"),
    (
        "retrieveVectors",
        Kind::Flag,
        "invalid_search_retrieve_vectors",
    ),
    ("media", Kind::Any, "invalid_search_media"),
    ("personalize", Kind::Any, "invalid_search_personalize"),
    (
        "showPerformanceDetails",
        Kind::Flag,
        "invalid_search_show_performance_details",
    ),
    (
        "exhaustiveFacetCount",
        Kind::Any,
        "invalid_search_exhaustive_facet_count",
    ),
];

/// Everything that may be said of a search.
pub(super) fn params() -> Vec<Param> {
    PLAIN.into_iter().chain(shape::PARAMS).collect()
}

/// Which of the hits are wanted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Paging {
    Offset { offset: usize, limit: usize },
    Page { page: usize, per_page: usize },
}

/// A search that was read.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) request: Request,
    filter: Option<Read>,
    pub(super) paging: Paging,
    pub(super) facets: Option<Vec<Field>>,
    pub(super) shape: Shape,
}

impl Paging {
    pub(super) fn new(given: &Given) -> Self {
        match (given.whole("page"), given.whole("hitsPerPage")) {
            (None, None) => Self::Offset {
                offset: given.whole("offset").unwrap_or(0),
                limit: given.whole("limit").unwrap_or(LIMIT),
            },
            (page, per_page) => Self::Page {
                page: page.unwrap_or(1),
                per_page: per_page.unwrap_or(LIMIT),
            },
        }
    }

    /// How many hits are left out and how many are given, of the first `depth`.
    pub(super) fn span(self, depth: usize) -> (usize, usize) {
        let (skip, take) = match self {
            Self::Offset { offset, limit } => (offset, limit),
            Self::Page { page: 0, .. } => (0, 0),
            Self::Page { page, per_page } => ((page - 1).saturating_mul(per_page), per_page),
        };
        (skip, take.min(MAX_LIMIT).min(depth.saturating_sub(skip)))
    }

    /// Says in `answer` which hits it has, of `total`, of which the first `depth` can be had.
    pub(super) fn say(self, total: usize, depth: usize, answer: &mut Map<String, Value>) {
        let said = match self {
            Self::Offset { offset, limit } => vec![
                ("offset", offset),
                ("limit", limit),
                ("estimatedTotalHits", total),
            ],
            Self::Page { page, per_page } => vec![
                ("page", page),
                ("hitsPerPage", per_page),
                (
                    "totalPages",
                    match per_page {
                        0 => 0,
                        per_page => total.min(depth).div_ceil(per_page),
                    },
                ),
                ("totalHits", total),
            ],
        };
        let said = said.into_iter();
        answer.extend(said.map(|(name, number)| (name.to_owned(), json!(number))));
    }
}

impl Asked {
    pub(super) fn new(given: &Given, state: &State) -> Result<Self, Error> {
        refuse_misleading(given)?;
        let paging = Paging::new(given);
        let (offset, per_page) = paging.span(state.max_depth);
        let facets = facets(given)?;
        let mut counted = Vec::new();
        for field in facets.iter().flatten() {
            for &facet in field.facets() {
                if !counted.contains(&facet) {
                    counted.push(facet);
                }
            }
        }
        Ok(Self {
            request: Request {
                text: given.text("q").unwrap_or_default().to_owned(),
                relax: relaxes(given)?,
                by_report: is_distinct(given)?,
                orders: orders(
                    &given.words("sort").unwrap_or_default(),
                    "invalid_search_sort",
                )?,
                facets: counted,
                offset,
                per_page,
                ..Request::default()
            },
            filter: filter::read(given.get("filter"), "invalid_search_filter")?,
            paging,
            facets,
            shape: Shape::new(given)?,
        })
    }

    /// The request on this snapshot.
    pub(super) fn on(
        mut self,
        snapshot: &Snapshot,
        options: &search::Options,
    ) -> Result<Self, Problem> {
        if let Some(filter) = self.filter.take() {
            self.request.filter = Some(filter.on(snapshot, options)?);
        }
        Ok(self)
    }

    /// The hits as documents.
    pub(super) fn documents(&self, snapshot: &Snapshot, hits: &[Hit]) -> Vec<Map<String, Value>> {
        let lists_all = self.request.text.trim().is_empty();
        hits.iter()
            .map(|hit| {
                self.shape.document(
                    snapshot,
                    &hit.passage,
                    &hit.report,
                    &hit.highlighter,
                    ranking_score(hit, lists_all),
                )
            })
            .collect()
    }

    fn answer(&self, snapshot: &Snapshot, response: &Response, depth: usize) -> Map<String, Value> {
        let mut answer = Map::new();
        let hits = self.documents(snapshot, &response.hits);
        answer.insert("hits".to_owned(), json!(hits));
        answer.insert("query".to_owned(), json!(self.request.text));
        let total = response.reports.unwrap_or(response.total);
        self.paging.say(total, depth, &mut answer);
        if let Some(fields) = &self.facets {
            let (distribution, stats) = distribution(fields, snapshot, &response.facets);
            answer.insert("facetDistribution".to_owned(), distribution);
            answer.insert("facetStats".to_owned(), stats);
        }
        answer
    }
}

/// How well a hit answers, from 0 to 1, in the order of relevance: those with every word have more
/// than a half. With no query all do wholly.
pub(super) fn ranking_score(hit: &Hit, lists_all: bool) -> f64 {
    if lists_all {
        return 1.0;
    }
    let score = f64::from(hit.score).max(0.0);
    let half = score / (score + HALF_SCORE) / 2.0;
    if hit.complete { half + 0.5 } else { half }
}

/// What cannot be done here and would mislead if it were passed over.
fn refuse_misleading(given: &Given) -> Result<(), Error> {
    if given.get("hybrid").is_some() || given.get("vector").is_some() {
        return Err(Error::bad(
            "invalid_search_embedder",
            "这里没有向量检索；请去掉 hybrid 和 vector",
        ));
    }
    if let Some(names) = given.words("attributesToSearchOn") {
        let all = Field::SEARCHED.map(Field::as_str);
        let is_all = names.contains(&"*") || all.iter().all(|field| names.contains(field));
        if !is_all {
            let message = format!(
                "attributesToSearchOn 不能只取一部分字段；请去掉它，或给出全部：{}；只查小标题可在 q 中写“标题:词”",
                all.join("、")
            );
            return Err(Error::bad(
                "invalid_search_attributes_to_search_on",
                message,
            ));
        }
    }
    match given.real("rankingScoreThreshold") {
        Some(threshold) if threshold != 0.0 => Err(Error::bad(
            "invalid_search_ranking_score_threshold",
            "这里不能按得分截断；请去掉 rankingScoreThreshold，得分用 showRankingScore 取得",
        )),
        _ => Ok(()),
    }
}

fn relaxes(given: &Given) -> Result<bool, Error> {
    match given.text("matchingStrategy") {
        None | Some("last" | "frequency") => Ok(true),
        Some("all") => Ok(false),
        Some(other) => Err(Error::bad(
            "invalid_search_matching_strategy",
            format!(
                "matchingStrategy 的值“{}”无效；应为 last、all 或 frequency",
                repeated(other)
            ),
        )),
    }
}

fn is_distinct(given: &Given) -> Result<bool, Error> {
    match given.text("distinct") {
        None => Ok(false),
        Some("report_id") => Ok(true),
        Some(other) => Err(Error::bad(
            "invalid_search_distinct",
            format!("distinct 的值“{}”无效；只能是 report_id", repeated(other)),
        )),
    }
}

/// `field:asc` or `field:desc`, each of a field that can be sorted by.
pub(super) fn orders(words: &[&str], code: &'static str) -> Result<Vec<Order>, Error> {
    if words.len() > MAX_ORDERS {
        let message = format!("sort 至多 {MAX_ORDERS} 项");
        return Err(Error::bad(code, message));
    }
    let order = |word: &&str| {
        let (name, way) = word.rsplit_once(':').unwrap_or((word, ""));
        let descending = match way.trim() {
            "asc" => false,
            "desc" => true,
            _ => {
                let message = format!(
                    "sort 的“{}”无效；应为 字段:asc 或 字段:desc",
                    repeated(word)
                );
                return Err(Error::bad(code, message));
            }
        };
        let by = Field::named(name.trim()).and_then(Field::measured);
        let by = by.ok_or_else(|| {
            let message = format!(
                "不能按“{}”排序；可用的字段有：{}",
                repeated(name),
                sortable().join("、")
            );
            Error::bad(code, message)
        })?;
        Ok(Order { by, descending })
    };
    words.iter().map(order).collect()
}

/// The fields that can be sorted by.
pub(super) fn sortable() -> Vec<&'static str> {
    Field::names(|field| field.measured().is_some_and(|by| by != Measured::Place))
}

fn facets(given: &Given) -> Result<Option<Vec<Field>>, Error> {
    let Some(names) = given.words("facets") else {
        return Ok(None);
    };
    facets_named(&names, "invalid_search_facets").map(Some)
}

pub(super) fn facets_named(names: &[&str], code: &'static str) -> Result<Vec<Field>, Error> {
    let counted = || Field::ALL.into_iter().filter(|field| field.is_counted());
    if names.contains(&"*") {
        return Ok(counted().collect());
    }
    let field = |name: &&str| {
        counted()
            .find(|field| field.as_str() == *name)
            .ok_or_else(|| {
                let all = Field::names(Field::is_counted).join("、");
                let message = format!("不能按“{}”计数；可用的字段有：{all}", repeated(name));
                Error::bad(code, message)
            })
    };
    names.iter().map(field).collect()
}

/// How many hits have each value of `fields`, and the least and the greatest of those that are
/// numbers.
pub(super) fn distribution(
    fields: &[Field],
    snapshot: &Snapshot,
    counts: &Counts,
) -> (Value, Value) {
    let mut distribution = Map::new();
    let mut stats = Map::new();
    for &field in fields {
        let entries = field.entries(snapshot, counts);
        let held = || entries.iter().filter(|entry| entry.count > 0);
        if field.measured().is_some() {
            let numbers = || held().filter_map(|entry| entry.shown.parse::<u64>().ok());
            if let (Some(min), Some(max)) = (numbers().min(), numbers().max()) {
                stats.insert(field.as_str().to_owned(), json!({"min": min, "max": max}));
            }
        }
        let values: Map<String, Value> = held()
            .take(MAX_FACET_VALUES)
            .map(|entry| (entry.shown.clone(), json!(entry.count)))
            .collect();
        distribution.insert(field.as_str().to_owned(), values.into());
    }
    (distribution.into(), stats.into())
}

/// Answers one search, which is counted as of `reader`.
pub(super) async fn run(
    asked: Asked,
    snapshot: &Arc<Snapshot>,
    state: &State,
    reader: Option<Asker>,
) -> Result<Map<String, Value>, Error> {
    let started = Instant::now();
    let (options, depth) = (state.options, state.max_depth);
    let (mut answer, request, total) = state
        .run(Arc::clone(snapshot), move |snapshot| {
            let asked = asked.on(snapshot, &options)?;
            let response = journal::search(snapshot, &asked.request, &options)?;
            let answer = asked.answer(snapshot, &response, depth);
            Ok((answer, asked.request, response.total))
        })
        .await?;
    counting::search(state, reader, &request, total);
    answer.insert("processingTimeMs".to_owned(), elapsed(started));
    Ok(answer)
}

/// Whole milliseconds since then.
pub(super) fn elapsed(started: Instant) -> Value {
    json!(u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX))
}

pub(super) async fn get(
    http: HttpRequest,
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    check_index(&uid)?;
    let given = Given::query(&http, &params())?;
    let asked = Asked::new(&given, &state)?;
    let snapshot = state.snapshot(&access).await?;
    let reader = counting::asker(&http, &state, &access);
    Ok(sent(run(asked, &snapshot, &state, reader).await?))
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
    let given = Given::body(&http, body, &params())?;
    let asked = Asked::new(&given, &state)?;
    let snapshot = state.snapshot(&access).await?;
    let reader = counting::asker(&http, &state, &access);
    Ok(sent(run(asked, &snapshot, &state, reader).await?))
}
