//! `GET /opensearch.xml` and `/opensearch/suggest`: searching from the address bar of a browser
//! (`OpenSearch` 1.1, and its extension for suggestions).

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::access::{Authorized, Search};
use crate::http::address;
use crate::http::caching;
use crate::http::gate::Class;
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::xml::Xml;
use crate::search;

const NAMESPACE: &str = "http://a9.com/-/spec/opensearch/1.1/";
/// What browsers and other clients of the extension ask for.
const SUGGESTIONS: &str = "application/x-suggestions+json";

pub(super) async fn description(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let base = address::base(&http, &state);
    let search = format!("{base}/?q={{searchTerms}}");
    let suggest = format!("{base}/opensearch/suggest?q={{searchTerms}}");
    let feed = format!("{base}/feed.atom?q={{searchTerms}}");
    let own = format!("{base}/opensearch.xml");
    let icon = format!("{base}/assets/icon.svg");
    let mut xml = Xml::document();
    xml.open("OpenSearchDescription", &[("xmlns", NAMESPACE)])
        .leaf("ShortName", &[], "策搜")
        .leaf("Description", &[], "检索各地报告的举措")
        .empty("Url", &[("type", "text/html"), ("template", &search)])
        .empty("Url", &[("type", SUGGESTIONS), ("template", &suggest)])
        .empty(
            "Url",
            &[("type", "application/atom+xml"), ("template", &feed)],
        )
        .empty(
            "Url",
            &[
                ("type", "application/opensearchdescription+xml"),
                ("rel", "self"),
                ("template", &own),
            ],
        )
        .leaf("Image", &[("type", "image/svg+xml")], &icon)
        .leaf("Language", &[], "zh-CN")
        .leaf("InputEncoding", &[], "UTF-8")
        .leaf("OutputEncoding", &[], "UTF-8")
        .close("OpenSearchDescription");
    HttpResponse::Ok()
        .content_type("application/opensearchdescription+xml; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(xml.finish())
}

/// What was typed, the completions, what each is, and the page that each leads to.
pub(super) async fn suggest(
    http: HttpRequest,
    access: Authorized<Search>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let (text, limit) = params::suggest(&params::pairs(http.query_string()))?;
    let snapshot = state.snapshot(&access).await?;
    let tag = caching::tag(&state, &snapshot);
    if let Some(unchanged) = caching::not_modified(&http, &tag) {
        return Ok(unchanged);
    }
    let (text, suggestions) = state
        .run_as(Class::Typing, snapshot, move |snapshot| {
            let suggestions = search::suggest(snapshot, &text, limit)?;
            Ok((text, suggestions))
        })
        .await?;
    let base = address::base(&http, &state);
    let mut texts = Vec::with_capacity(suggestions.len());
    let mut abouts = Vec::with_capacity(suggestions.len());
    let mut addresses = Vec::with_capacity(suggestions.len());
    for suggestion in suggestions {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", &suggestion.text.text);
        addresses.push(format!("{base}/?{}", query.finish()));
        let count = suggestion.count.map(|count| format!("{count} 个段落"));
        abouts.push(count.unwrap_or_default());
        texts.push(suggestion.text.text);
    }
    let mut answer = HttpResponse::Ok();
    caching::label(&mut answer, &tag);
    let body = serde_json::to_string(&(text, texts, abouts, addresses)).map_err(|error| {
        tracing::error!(%error, "提示写不出来");
        Problem::Internal
    })?;
    Ok(answer
        .content_type("application/x-suggestions+json; charset=utf-8")
        .body(body))
}
