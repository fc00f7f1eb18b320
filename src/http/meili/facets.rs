//! `POST /indexes/{uid}/facet-search`: the values of a field that hold what was typed.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::error::{Error, repeated};
use super::field::Field;
use super::filter;
use super::given::{Body, Given, Kind, Param};
use super::search::{MAX_FACET_VALUES, elapsed};
use super::{Access, check_index, sent};
use crate::analysis::Normalized;
use crate::http::gate::Class;
use crate::http::state::State;
use crate::search::{self, Request};

/// What is read of the body; everything else of a search may stand there and is passed over.
const PARAMS: [Param; 4] = [
    ("facetName", Kind::Text, "invalid_facet_search_facet_name"),
    ("facetQuery", Kind::Text, "invalid_facet_search_facet_query"),
    ("q", Kind::Text, "invalid_search_q"),
    ("filter", Kind::Filter, "invalid_search_filter"),
];

pub(super) async fn post(
    http: HttpRequest,
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let started = Instant::now();
    let access = access?;
    check_index(&uid)?;
    let given = Given::lenient(&http, body, &PARAMS)?;
    let Some(name) = given.text("facetName") else {
        let message = "没有 facetName；应为要查找其值的字段名";
        return Err(Error::bad("missing_facet_search_facet_name", message));
    };
    let field = Field::named(name).filter(|field| field.is_counted());
    let field = field.ok_or_else(|| {
        let all = Field::names(Field::is_counted).join("、");
        let message = format!("不能查找“{}”的值；可用的字段有：{all}", repeated(name));
        Error::bad("invalid_facet_search_facet_name", message)
    })?;
    let typed = given.text("facetQuery").map(str::to_owned);
    let request = Request {
        text: given.text("q").unwrap_or_default().to_owned(),
        facets: field.facets().to_vec(),
        per_page: 0,
        ..Request::default()
    };
    let filter = filter::read(given.get("filter"), "invalid_search_filter")?;
    let snapshot = state.snapshot(&access).await?;
    let options = state.options;
    let wanted = Normalized::new(typed.as_deref().unwrap_or_default());
    let hits = state
        .run_as(Class::Typing, snapshot, move |snapshot| {
            let filter = filter.map(|filter| filter.on(snapshot, &options));
            let request = Request {
                filter: filter.transpose()?,
                ..request
            };
            let counts = search::search(snapshot, &request, &options)?.facets;
            let entries = field.entries(snapshot, &counts).into_iter();
            let found = entries
                .filter(|entry| entry.count > 0)
                .filter(|entry| {
                    let shown = Normalized::new(&entry.shown);
                    shown.as_str().contains(wanted.as_str().trim())
                })
                .take(MAX_FACET_VALUES)
                .map(|entry| json!({"value": entry.shown, "count": entry.count}));
            Ok(found.collect::<Vec<_>>())
        })
        .await?;
    Ok(sent(json!({
        "facetHits": hits,
        "facetQuery": typed,
        "processingTimeMs": elapsed(started),
    })))
}
