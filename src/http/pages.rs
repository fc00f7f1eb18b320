//! Pages for readers: the search, the same on a map and as a matrix, a passage in its report, a
//! report, and refusals.
//!
//! Rendered here, whole without JavaScript; the address is the whole state, so every choice is a
//! link. The same requests stand behind them as behind the API. The layout and what stands in it
//! is [`frame`], every text is in [`text`], in Chinese and English; the sheet and the script are
//! in `web/site/`.
//!
//! `tests/pages.rs` holds what is sent; `web/test/`, what a browser makes of it.

mod admin;
mod citation;
mod frame;
mod lang;
mod links;
mod meta;
mod prose;
mod text;
mod view;
mod visit;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError, web};
use askama::Template;

use super::access::{Authorized, Search};
use super::api::resource;
use super::caching;
use super::counting;
use super::gate::Class;
use super::journal;
use super::params;
use super::problem::Problem;
use super::shield;
use super::state::State;
use crate::search::{self, FEWEST_SIDES, Facet};
use view::{
    AboutPage, ComparePage, Given, MapPage, MatrixPage, PassagePage, ProblemPage, ReportPage,
    SearchPage,
};
use visit::Visit;

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

/// What sides of a comparison are chosen by, and what they are narrowed to.
const REGIONS: [Facet; 5] = [
    Facet::Province,
    Facet::City,
    Facet::County,
    Facet::Theme,
    Facet::Year,
];

/// How many passages like one are named on its page.
const SIMILAR: usize = 5;

/// Leave to read, or a refusal that is to be shown as a page.
type Access = Result<Authorized<Search>, Problem>;

/// Adds the pages' routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(resource("/", |route| route.to(home)))
        .service(resource("/map", |route| route.to(map)))
        .service(resource("/matrix", |route| route.to(matrix)))
        .service(resource("/compare", |route| route.to(compare)))
        .service(resource("/about", |route| route.to(about)))
        .configure(admin::routes)
        .service(resource("/passages/{id}", |route| route.to(passage)))
        .service(resource("/reports/{id}", |route| route.to(report)))
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
    refusal(http, problem)
}

fn refusal(http: &HttpRequest, problem: &Problem) -> HttpResponse {
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
    page(response, &ProblemPage::new(&Visit::of_any(http), problem))
}

/// The answer to a reader: a page, or a refusal as one.
async fn answered(
    http: &HttpRequest,
    work: impl Future<Output = Result<HttpResponse, Problem>>,
) -> HttpResponse {
    work.await.unwrap_or_else(|problem| refusal(http, &problem))
}

async fn home(http: HttpRequest, access: Access, state: web::Data<State>) -> HttpResponse {
    answered(&http, async {
        let access = access?;
        let visit = Visit::of(&http)?;
        let mut request = params::search(&visit.pairs, &state)?;
        let counts = params::counts(&visit.pairs)?;
        request.facets = SHOWN.to_vec();
        let snapshot = state.snapshot(&access).await?;
        let tag = visit.tag(&caching::tag(&state, &snapshot), "");
        if let Some(unchanged) = unchanged(&http, &visit, &tag) {
            return Ok(unchanged);
        }
        let (options, depth) = (state.options, state.max_depth);
        let shown = visit.clone();
        let tells_clicks = counts && state.counting.is_some();
        let (view, request, total) = state
            .run(snapshot, move |snapshot| {
                let response = journal::search(snapshot, &request, &options)?;
                let view = SearchPage::new(snapshot, &request, &response, &shown, depth);
                let view = view.telling_clicks(tells_clicks);
                Ok((view, request, response.total))
            })
            .await?;
        if counts {
            let asker = counting::asker(&http, &state, &access);
            counting::search(&state, asker, &request, total);
        }
        Ok(kept(&visit, &tag, &view))
    })
    .await
}

async fn map(http: HttpRequest, access: Access, state: web::Data<State>) -> HttpResponse {
    answered(&http, async {
        let access = access?;
        let visit = Visit::of(&http)?;
        let mut request = params::map(&visit.pairs, &state)?;
        request.facets = SHOWN.to_vec();
        // Of the hits only how many there are is shown.
        request.per_page = 1;
        let snapshot = state.snapshot(&access).await?;
        let tag = visit.tag(&caching::tag(&state, &snapshot), "");
        if let Some(unchanged) = unchanged(&http, &visit, &tag) {
            return Ok(unchanged);
        }
        let options = state.options;
        let shown = visit.clone();
        let view = state
            .run(snapshot, move |snapshot| {
                let response = journal::search(snapshot, &request, &options)?;
                Ok(MapPage::new(snapshot, &request, &response, &shown))
            })
            .await?;
        Ok(kept(&visit, &tag, &view))
    })
    .await
}

async fn matrix(http: HttpRequest, access: Access, state: web::Data<State>) -> HttpResponse {
    answered(&http, async {
        let access = access?;
        let visit = Visit::of(&http)?;
        let (request, axes) = params::matrix(&visit.pairs, &state)?;
        let snapshot = state.snapshot(&access).await?;
        let tag = visit.tag(&caching::tag(&state, &snapshot), "");
        if let Some(unchanged) = unchanged(&http, &visit, &tag) {
            return Ok(unchanged);
        }
        let options = state.options;
        let shown = visit.clone();
        let view = state
            .run_as(Class::Heavy, snapshot, move |snapshot| {
                let matrix = search::matrix(snapshot, &request, &options, &axes)?;
                Ok(MatrixPage::new(&request, axes, &matrix, &shown))
            })
            .await?;
        Ok(kept(&visit, &tag, &view))
    })
    .await
}

async fn compare(http: HttpRequest, access: Access, state: web::Data<State>) -> HttpResponse {
    answered(&http, async {
        let access = access?;
        let visit = Visit::of(&http)?;
        let asked = params::comparison(&visit.pairs, &state)?;
        let snapshot = state.snapshot(&access).await?;
        let tag = visit.tag(&caching::tag(&state, &snapshot), "");
        let options = state.options;
        let shown = visit.clone();
        let (view, refused) = state
            .run_as(Class::Heavy, snapshot, move |snapshot| {
                let (subjects, problem) = asked.known(snapshot);
                let all = search::Request {
                    facets: REGIONS.to_vec(),
                    per_page: 1,
                    ..asked.request.clone()
                };
                let regions = search::search(snapshot, &all, &options)?;
                let mut comparison = None;
                if subjects.len() >= FEWEST_SIDES {
                    let (request, sides) = (&asked.request, subjects.clone());
                    let mut compared =
                        search::compare(snapshot, request, &options, sides, asked.limit)?;
                    compared.answer.facets.clone_from(&regions.facets);
                    comparison = Some(compared);
                }
                let given = Given {
                    request: &asked.request,
                    subjects: &subjects,
                    problem: problem.as_ref(),
                    comparison: comparison.as_ref(),
                    regions: &regions,
                };
                let view = ComparePage::new(snapshot, &given, &shown);
                Ok((view, problem.map(|problem| problem.status_code())))
            })
            .await?;
        if let Some(status) = refused {
            // Whoever mistyped a name sees what is right beside what is wrong.
            let mut response = HttpResponse::build(status);
            response.insert_header((header::CACHE_CONTROL, "no-store"));
            return Ok(page(response, &view));
        }
        Ok(unchanged(&http, &visit, &tag).unwrap_or_else(|| kept(&visit, &tag, &view)))
    })
    .await
}

async fn about(http: HttpRequest, access: Access, state: web::Data<State>) -> HttpResponse {
    answered(&http, async {
        let access = access?;
        let visit = Visit::of(&http)?;
        params::none(&visit.pairs)?;
        let snapshot = state.snapshot(&access).await?;
        let settings = view::Settings {
            passage_chars: state.passage_chars,
            relax_below: state.options.relax_below,
            max_depth: state.max_depth,
            sees_all: access.filters().is_none(),
            vocabulary: state.condition().warnings.clone(),
        };
        let options = state.options;
        let shown = visit.clone();
        // What is wrong with the vocabulary changes while the index stays, so it is not kept.
        let view = state
            .run(snapshot, move |snapshot| {
                let everything = search::Request {
                    facets: Facet::ALL.to_vec(),
                    per_page: 1,
                    ..search::Request::default()
                };
                let all = search::search(snapshot, &everything, &options)?;
                Ok(AboutPage::new(snapshot, &all, &settings, &shown))
            })
            .await?;
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        for header in visit.headers() {
            response.insert_header(header);
        }
        Ok(page(response, &view))
    })
    .await
}

async fn passage(
    http: HttpRequest,
    id: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> HttpResponse {
    answered(&http, async {
        let access = access?;
        let visit = Visit::of(&http)?;
        let request = params::search(&visit.pairs, &state)?;
        let snapshot = state.snapshot(&access).await?;
        let tag = visit.tag(&caching::tag(&state, &snapshot), &format!("-{}", visit.day));
        let id = id.into_inner();
        let options = state.options;
        let shown = visit.clone();
        let view = state
            .run(snapshot, move |snapshot| {
                let found = super::api::in_report(snapshot, &id)?;
                let highlighter = search::highlighter(snapshot, &request, &options)?;
                let similar = search::similar(snapshot, &id, SIMILAR, &options)?;
                let similar = similar.unwrap_or_default();
                PassagePage::new(&found, &similar, &highlighter, &shown).ok_or(Problem::Internal)
            })
            .await?;
        Ok(unchanged(&http, &visit, &tag).unwrap_or_else(|| kept(&visit, &tag, &view)))
    })
    .await
}

async fn report(
    http: HttpRequest,
    id: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> HttpResponse {
    answered(&http, async {
        let access = access?;
        let visit = Visit::of(&http)?;
        let request = params::search(&visit.pairs, &state)?;
        let snapshot = state.snapshot(&access).await?;
        // A reference names the day.
        let tag = visit.tag(&caching::tag(&state, &snapshot), &format!("-{}", visit.day));
        let id = id.into_inner();
        let options = state.options;
        let shown = visit.clone();
        let view = state
            .run(snapshot, move |snapshot| {
                let (report, passages) = super::api::whole(snapshot, &id)?;
                let highlighter = search::highlighter(snapshot, &request, &options)?;
                Ok(ReportPage::new(&report, &passages, &highlighter, &shown))
            })
            .await?;
        Ok(unchanged(&http, &visit, &tag).unwrap_or_else(|| kept(&visit, &tag, &view)))
    })
    .await
}

async fn icon() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("image/svg+xml")
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(ICON)
}

/// The answer to a browser that has this page already.
fn unchanged(http: &HttpRequest, visit: &Visit, tag: &header::EntityTag) -> Option<HttpResponse> {
    let mut unchanged = caching::not_modified(http, tag)?;
    for (name, value) in visit.headers() {
        unchanged.headers_mut().insert(name, value);
    }
    Some(unchanged)
}

/// A page that may be kept under `tag`.
fn kept(visit: &Visit, tag: &header::EntityTag, view: &impl Template) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    caching::label(&mut response, tag);
    for header in visit.headers() {
        response.insert_header(header);
    }
    page(response, view)
}

fn page(mut response: HttpResponseBuilder, view: &impl Template) -> HttpResponse {
    match view.render() {
        Ok(html) => {
            shield::page(&mut response);
            response.content_type("text/html; charset=utf-8").body(html)
        }
        Err(error) => {
            tracing::error!(%error, "页面生成失败");
            Problem::Internal.error_response()
        }
    }
}
