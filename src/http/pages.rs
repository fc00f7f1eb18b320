//! Plain pages for readers: the search, a passage in its report, a report, and refusals.
//!
//! Rendered here, whole without JavaScript; the address is the whole state, so every choice is a
//! link. The same requests stand behind them as behind the API.

mod links;
mod view;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;

use super::access::{Authorized, Search};
use super::api::resource;
use super::caching;
use super::params;
use super::problem::Problem;
use super::state::State;
use crate::search::{self, Facet, Highlighter};
use view::{MatrixPage, PassagePage, ProblemPage, ReportPage, SearchPage};

const STYLE: &str = include_str!("pages/style.css");
const ICON: &str = include_str!("pages/icon.svg");
/// The facets beside the hits, in the order they are shown.
const SHOWN: [Facet; 7] = [
    Facet::Province,
    Facet::City,
    Facet::County,
    Facet::Theme,
    Facet::Kind,
    Facet::Year,
    Facet::Issuer,
];

/// How many passages like one are named on its page.
const SIMILAR: usize = 5;

/// Leave to read, or a refusal that is to be shown as a page.
type Access = Result<Authorized<Search>, Problem>;

/// Adds the pages' routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(resource("/", |route| route.to(home)))
        .service(resource("/matrix", |route| route.to(matrix)))
        .service(resource("/passages/{id}", |route| route.to(passage)))
        .service(resource("/reports/{id}", |route| route.to(report)))
        .service(resource("/assets/style.css", |route| route.to(style)))
        .service(resource("/assets/icon.svg", |route| route.to(icon)));
}

/// A refusal as a page where a reader asked, as a problem detail where a program did.
pub(super) fn problem_or_page(http: &HttpRequest, problem: &Problem) -> HttpResponse {
    let reads_html = http
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if !reads_html || http.path().starts_with("/api/") {
        return problem.error_response();
    }
    refusal(problem)
}

fn refusal(problem: &Problem) -> HttpResponse {
    let json = problem.error_response();
    let mut response = HttpResponse::build(json.status());
    for name in [
        header::RETRY_AFTER,
        header::CACHE_CONTROL,
        header::WWW_AUTHENTICATE,
    ] {
        if let Some(value) = json.headers().get(&name) {
            response.insert_header((name, value.clone()));
        }
    }
    page(response, &ProblemPage::new(problem))
}

async fn home(http: HttpRequest, access: Access, state: web::Data<State>) -> HttpResponse {
    let answer = async {
        let access = access?;
        let pairs = params::pairs(http.query_string());
        let mut request = params::search(&pairs, &state)?;
        request.facets = SHOWN.to_vec();
        let snapshot = state.snapshot(&access).await?;
        let tag = caching::tag(&state, &snapshot);
        if let Some(unchanged) = caching::not_modified(&http, &tag) {
            return Ok(unchanged);
        }
        let options = state.options;
        let shown = snapshot.clone();
        let depth = state.max_depth;
        let (request, response) = state
            .run(snapshot, move |snapshot| {
                let response = search::search(snapshot, &request, &options)?;
                Ok((request, response))
            })
            .await?;
        let mut answer = HttpResponse::Ok();
        caching::label(&mut answer, &tag);
        let view = SearchPage::new(&shown, &request, &response, &pairs, depth);
        Ok(page(answer, &view))
    };
    answer
        .await
        .unwrap_or_else(|problem: Problem| refusal(&problem))
}

async fn matrix(http: HttpRequest, access: Access, state: web::Data<State>) -> HttpResponse {
    let answer = async {
        let access = access?;
        let pairs = params::pairs(http.query_string());
        let (request, axes) = params::matrix(&pairs, &state)?;
        let snapshot = state.snapshot(&access).await?;
        let tag = caching::tag(&state, &snapshot);
        let options = state.options;
        let view = state
            .run(snapshot, move |snapshot| {
                let matrix = search::matrix(snapshot, &request, &options, &axes)?;
                Ok(MatrixPage::new(&request, axes, &matrix, &pairs))
            })
            .await?;
        Ok(cached(&http, &tag, &view))
    };
    answer
        .await
        .unwrap_or_else(|problem: Problem| refusal(&problem))
}

async fn passage(
    http: HttpRequest,
    id: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> HttpResponse {
    let answer = async {
        let access = access?;
        let pairs = params::pairs(http.query_string());
        let request = params::search(&pairs, &state)?;
        let snapshot = state.snapshot(&access).await?;
        let tag = caching::tag(&state, &snapshot);
        let id = id.into_inner();
        let options = state.options;
        let view = state
            .run(snapshot, move |snapshot| {
                let found = super::api::in_report(snapshot, &id)?;
                let highlighter = search::highlighter(snapshot, &request, &options)?;
                let similar = search::similar(snapshot, &id, SIMILAR, &options)?;
                let similar = similar.unwrap_or_default();
                Ok(PassagePage::new(&found, &similar, &highlighter, &pairs))
            })
            .await?;
        Ok(cached(&http, &tag, &view))
    };
    answer
        .await
        .unwrap_or_else(|problem: Problem| refusal(&problem))
}

async fn report(
    http: HttpRequest,
    id: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> HttpResponse {
    let answer = async {
        let access = access?;
        params::none(&params::pairs(http.query_string()))?;
        let snapshot = state.snapshot(&access).await?;
        let tag = caching::tag(&state, &snapshot);
        let id = id.into_inner();
        let view = state
            .run(snapshot, move |snapshot| {
                let (report, passages) = super::api::whole(snapshot, &id)?;
                let plain = Highlighter::new(&[]);
                Ok(ReportPage::new(&report, &passages, &plain))
            })
            .await?;
        Ok(cached(&http, &tag, &view))
    };
    answer
        .await
        .unwrap_or_else(|problem: Problem| refusal(&problem))
}

async fn style() -> HttpResponse {
    asset("text/css; charset=utf-8", STYLE)
}

async fn icon() -> HttpResponse {
    asset("image/svg+xml", ICON)
}

fn asset(kind: &'static str, content: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(content)
}

fn cached(http: &HttpRequest, tag: &header::EntityTag, view: &impl Template) -> HttpResponse {
    if let Some(unchanged) = caching::not_modified(http, tag) {
        return unchanged;
    }
    let mut response = HttpResponse::Ok();
    caching::label(&mut response, tag);
    page(response, view)
}

fn page(mut response: actix_web::HttpResponseBuilder, view: &impl Template) -> HttpResponse {
    match view.render() {
        Ok(html) => response
            .content_type("text/html; charset=utf-8")
            .insert_header((
                "Content-Security-Policy",
                "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
                 base-uri 'none'",
            ))
            .body(html),
        Err(error) => {
            tracing::error!(%error, "页面生成失败");
            Problem::Internal.error_response()
        }
    }
}
