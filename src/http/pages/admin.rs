//! `/admin`: what readers search for, find and choose, and what the owner makes of it.
//!
//! Whoever has a key for looking after the service is let in for a while by a cookie that no script
//! reads and no other site's page sends along ([`crate::key::session`]); the key itself is sent once,
//! in the body of a form, and never stands in an address. All of it works without JavaScript. What
//! changes anything is a form with a secret of the session in it, and nothing else is taken.
//!
//! Invariants: without a session nothing is shown and nothing is changed; no query is ever markup
//! (`tests/admin.rs`).

mod charts;
mod dashboard;
mod door;
mod one;
pub(super) mod text;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use askama::Template;
use jiff::ZonedDateTime;
use secrecy::SecretString;

use self::dashboard::{Dashboard, Login};
use self::door::{admitted, attempt, check_origin, cookie, session_of, token};
use self::one::{Draft, OneQuery};
use self::text::Texts;
use super::answered;
use super::frame::Frame;
use super::links::Links;
use super::text::fill;
use super::visit::Visit;
use crate::corpus::amend::{Addition, AmendError, Synonymy};
use crate::corpus::{Corpus, VocabularyFile};
use crate::http::access;
use crate::http::api::resource;
use crate::http::params::{self, DAYS, Shown};
use crate::http::problem::{self, Problem};
use crate::http::shield;
use crate::http::state::State;
use crate::http::wire::queries_csv;
use crate::key::Session;

/// The largest form, in bytes.
const MAX_FORM: usize = 16 << 10;
/// Lines of each list.
const LINES: usize = 50;
/// The queries among which words like one are looked for.
const LOOKED_AT: usize = 2000;
/// The queries of an export.
const EXPORTED: usize = 100_000;

/// Adds the routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(resource("/admin", |route| route.to(home)))
        .service(resource("/admin/query", |route| route.to(query)))
        .service(resource("/admin/queries.csv", |route| route.to(export)))
        .service(form(
            web::resource("/admin/login").route(web::post().to(login)),
        ))
        .service(form(
            web::resource("/admin/logout").route(web::post().to(logout)),
        ))
        .service(form(
            web::resource("/admin/synonyms").route(web::post().to(synonyms)),
        ))
        .service(form(
            web::resource("/admin/pins").route(web::post().to(pins)),
        ))
        .service(form(
            web::resource("/admin/remove").route(web::post().to(remove)),
        ));
}

/// What takes a form; whoever comes back to its address is led to the page.
fn form(resource: actix_web::Resource) -> actix_web::Resource {
    resource
        .app_data(web::PayloadConfig::new(MAX_FORM))
        .route(web::get().to(async || to("/admin")))
        .default_service(web::to(async |http: HttpRequest| {
            problem::only(&http, "GET, POST")
        }))
}

/// What every page of it needs.
struct Desk {
    visit: Visit,
    links: Links,
    t: &'static Texts,
    session: Session,
}

impl Desk {
    fn new(visit: &Visit, session: Session) -> Self {
        let mut bare = visit.clone();
        bare.pairs.clear();
        Self {
            links: Links::new("/admin", &bare),
            t: Texts::of(visit.lang),
            visit: visit.clone(),
            session,
        }
    }

    fn frame(&self, title: &str) -> Frame {
        framed(&self.visit, title)
    }

    /// A page of the owner's, with these pairs.
    fn url(&self, path: &str, pairs: &[(&str, &str)]) -> String {
        let url = self.links.to(path);
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let mark = match (query.is_empty(), url.contains('?')) {
            (true, _) => "",
            (false, true) => "&",
            (false, false) => "?",
        };
        format!("{url}{mark}{query}")
    }
}

/// The frame of a page that no engine lists and whose box is empty.
fn framed(visit: &Visit, title: &str) -> Frame {
    let mut frame = Frame::new(visit, None, title).saying(|mut meta| {
        meta.is_listed = false;
        meta
    });
    frame.text = String::new();
    frame.carried.retain(|(name, _)| name == super::lang::NAME);
    frame
}

/// What a form says.
struct Form(Vec<(String, String)>);

impl Form {
    fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.trim())
    }
}

async fn home(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answered(&http, async {
        let visit = Visit::of(&http)?;
        let shown = params::shown(&visit.pairs, false)?;
        match session_of(&http, &state) {
            Some(session) => {
                let desk = Desk::new(&visit, session);
                dashboard(&state, desk, &shown, None).await
            }
            None => Ok(private(
                HttpResponse::Ok(),
                &visit,
                &Login::new(&visit, None),
            )),
        }
    })
    .await
}

async fn query(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answered(&http, async {
        let visit = Visit::of(&http)?;
        let shown = params::shown(&visit.pairs, true)?;
        match session_of(&http, &state) {
            Some(session) => {
                let desk = Desk::new(&visit, session);
                one_query(&state, desk, shown, Draft::default(), None).await
            }
            None => Ok(private(
                HttpResponse::Ok(),
                &visit,
                &Login::new(&visit, None),
            )),
        }
    })
    .await
}

async fn export(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    answered(&http, async {
        let visit = Visit::of(&http)?;
        let shown = params::shown(&visit.pairs, false)?;
        if session_of(&http, &state).is_none() {
            return Ok(to("/admin"));
        }
        let days = shown.days.unwrap_or(DAYS);
        let report = state
            .counted(move |analytics| {
                let today = analytics.today();
                analytics.report(params::since(today, days), today, EXPORTED, None)
            })
            .await?;
        let table = queries_csv(&report).map_err(|error| {
            tracing::error!(%error, "统计写不成表格");
            Problem::Internal
        })?;
        let name = format!("queries-{}-{}.csv", report.from, report.to);
        let mut answer = HttpResponse::Ok();
        shield::private_page(&mut answer);
        Ok(answer
            .content_type("text/csv; charset=utf-8; header=present")
            .insert_header((
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{name}\""),
            ))
            .body(table))
    })
    .await
}

async fn login(
    http: HttpRequest,
    state: web::Data<State>,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    answered(&http, async {
        let visit = Visit::of(&http)?;
        let t = Texts::of(visit.lang);
        let form = read(body)?;
        check_origin(&http, &state)?;
        let refuse = |status, why: &str| {
            let error = fill(t.login_refused, &[("why", why)]);
            let page = Login::new(&visit, Some(error));
            private(HttpResponse::build(status), &visit, &page)
        };
        if let Err(seconds) = attempt(&http, &state) {
            let why = fill(t.login_hurried, &[("n", &seconds.to_string())]);
            let mut refused = refuse(StatusCode::TOO_MANY_REQUESTS, &why);
            refused
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
            return Ok(refused);
        }
        let presented = SecretString::from(form.get("key").to_owned());
        let held = match access::admin(&http, &state, &presented) {
            Ok(held) => held,
            Err(problem) => {
                tracing::warn!("有人登录 /admin 未成：{problem}");
                return Ok(refuse(StatusCode::UNAUTHORIZED, t.login_why));
            }
        };
        let token = state.sessions.begin(&held.key().id)?;
        tracing::info!("密钥 {} 登录了 /admin", held.key().id);
        let mut answer = HttpResponse::SeeOther();
        shield::private_page(&mut answer);
        Ok(answer
            .insert_header((header::LOCATION, Links::new("/admin", &visit).to("/admin")))
            .insert_header((header::SET_COOKIE, cookie(&http, &state, Some(&token))))
            .finish())
    })
    .await
}

async fn logout(
    http: HttpRequest,
    state: web::Data<State>,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    answered(&http, async {
        let visit = Visit::of(&http)?;
        let form = read(body)?;
        if admitted(&http, &state, &form)?.is_some()
            && let Some(token) = token(http.headers())
        {
            state.sessions.end(&token);
        }
        let mut answer = HttpResponse::SeeOther();
        shield::private_page(&mut answer);
        Ok(answer
            .insert_header((header::LOCATION, Links::new("/admin", &visit).to("/admin")))
            .insert_header((header::SET_COOKIE, cookie(&http, &state, None)))
            .finish())
    })
    .await
}

async fn synonyms(
    http: HttpRequest,
    state: web::Data<State>,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    answered(&http, async {
        let visit = Visit::of(&http)?;
        let form = read(body)?;
        let Some(session) = admitted(&http, &state, &form)? else {
            return Ok(again(&visit));
        };
        let desk = Desk::new(&visit, session);
        let parted = |c: char| c.is_whitespace() || "、，,；;｜|".contains(c);
        let words = form.get("to").split(parted).filter(|word| !word.is_empty());
        let synonymy = Synonymy {
            from: form.get("from").to_owned(),
            to: words.map(str::to_owned).collect(),
            two_way: form.get("direction") == "two",
        };
        let draft = Draft {
            from: Some(synonymy.from.clone()),
            to: form.get("to").to_owned(),
            two_way: synonymy.two_way,
        };
        if synonymy.to.is_empty() {
            let why = desk.t.no_words.to_owned();
            return one_query(&state, desk, of_form(&form), draft, Some(why)).await;
        }
        let added = amend(&state, &desk, move |corpus, day| {
            corpus.add(&Addition::Synonyms(synonymy), day)
        });
        match added.await? {
            Ok(()) => Ok(done(&desk, &form, "add")),
            Err(why) => one_query(&state, desk, of_form(&form), draft, Some(why)).await,
        }
    })
    .await
}

async fn pins(
    http: HttpRequest,
    state: web::Data<State>,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    answered(&http, async {
        let visit = Visit::of(&http)?;
        let form = read(body)?;
        let Some(session) = admitted(&http, &state, &form)? else {
            return Ok(again(&visit));
        };
        let desk = Desk::new(&visit, session);
        let (query, passage) = (form.get("q").to_owned(), form.get("passage").to_owned());
        let added = amend(&state, &desk, move |corpus, day| {
            corpus.add(&Addition::Pin { query, passage }, day)
        });
        match added.await? {
            Ok(()) => Ok(done(&desk, &form, "add")),
            Err(why) => one_query(&state, desk, of_form(&form), Draft::default(), Some(why)).await,
        }
    })
    .await
}

async fn remove(
    http: HttpRequest,
    state: web::Data<State>,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    answered(&http, async {
        let visit = Visit::of(&http)?;
        let form = read(body)?;
        let Some(session) = admitted(&http, &state, &form)? else {
            return Ok(again(&visit));
        };
        let desk = Desk::new(&visit, session);
        let file = match form.get("of") {
            "pins" => VocabularyFile::Pins,
            _ => VocabularyFile::Synonyms,
        };
        let id = form.get("id").to_owned();
        let removed = amend(&state, &desk, move |corpus, _| {
            corpus.remove_added(file, &id)
        });
        match removed.await? {
            Ok(()) => Ok(done(&desk, &form, "remove")),
            Err(why) => dashboard(&state, desk, &Shown::default(), Some(why)).await,
        }
    })
    .await
}

/// The page of all queries; `error` is why nothing was changed just now.
async fn dashboard(
    state: &web::Data<State>,
    desk: Desk,
    shown: &Shown,
    error: Option<String>,
) -> Result<HttpResponse, Problem> {
    let days = shown.days.unwrap_or(DAYS);
    let report = if state.analytics().is_some() {
        let report = state.counted(move |analytics| {
            let today = analytics.today();
            analytics.report(params::since(today, days), today, LINES, None)
        });
        Ok(report.await?)
    } else {
        Err(state.why_uncounted())
    };
    let status = error
        .as_ref()
        .map_or(StatusCode::OK, |_| StatusCode::CONFLICT);
    let done = shown.done.clone();
    let (served, visit) = (std::sync::Arc::clone(&state.served), desk.visit.clone());
    let page = state
        .run(state.whole(), move |snapshot| {
            let corpus = served.corpus();
            let said = Said { error, done };
            Ok(Dashboard::new(snapshot, corpus, &desk, report, days, &said))
        })
        .await?;
    Ok(private(HttpResponse::build(status), &visit, &page))
}

/// The page of one query, with what was typed into its form.
async fn one_query(
    state: &web::Data<State>,
    desk: Desk,
    shown: Shown,
    draft: Draft,
    error: Option<String>,
) -> Result<HttpResponse, Problem> {
    let days = shown.days.unwrap_or(DAYS);
    let query = shown.query.clone();
    let (report, others) = if state.analytics().is_some() {
        let reports = state.counted(move |analytics| {
            let today = analytics.today();
            let from = params::since(today, days);
            let own = analytics.report(from, today, 1, Some(&query));
            (own, analytics.report(from, today, LOOKED_AT, None).queries)
        });
        let (report, others) = reports.await?;
        (Some(report), others)
    } else {
        (None, Vec::new())
    };
    let status = error
        .as_ref()
        .map_or(StatusCode::OK, |_| StatusCode::CONFLICT);
    let said = Said {
        error,
        done: shown.done.clone(),
    };
    let options = state.options;
    let (served, visit) = (std::sync::Arc::clone(&state.served), desk.visit.clone());
    let page = state
        .run(state.whole(), move |snapshot| {
            let given = one::Given {
                snapshot,
                options: &options,
                corpus: served.corpus(),
                report: report.as_ref(),
                others: &others,
                shown: &shown,
            };
            Ok(OneQuery::new(&desk, &given, draft, &said)?)
        })
        .await?;
    Ok(private(HttpResponse::build(status), &visit, &page))
}

/// What became of a form.
struct Said {
    error: Option<String>,
    done: Option<String>,
}

impl Said {
    /// The same for people, and whether it is bad news.
    fn shown(&self, t: &Texts) -> Option<(String, bool)> {
        if let Some(why) = &self.error {
            return Some((fill(t.failed, &[("why", why)]), true));
        }
        let said = match self.done.as_deref()? {
            "add" => t.done_add,
            "remove" => t.done_remove,
            _ => return None,
        };
        Some((said.to_owned(), false))
    }
}

/// Changes the vocabulary off the async workers. What keeps it from that is told in words.
async fn amend(
    state: &web::Data<State>,
    desk: &Desk,
    change: impl FnOnce(&Corpus, &str) -> Result<(), AmendError> + Send + 'static,
) -> Result<Result<(), String>, Problem> {
    let served = std::sync::Arc::clone(&state.served);
    let Some(corpus) = served.corpus().cloned() else {
        return Ok(Err(desk.t.uneditable.to_owned()));
    };
    let day = ZonedDateTime::now().date().to_string();
    let changed = web::block(move || change(&corpus, &day)).await;
    let changed = changed.map_err(|error| {
        tracing::error!(%error, "更改词表的线程中断");
        Problem::Internal
    })?;
    if changed.is_ok() {
        tracing::info!("词表已由密钥 {} 从 /admin 更改", desk.session.key);
    }
    Ok(changed.map_err(|error| error.to_string()))
}

/// Leads back to the page that a form was on.
fn done(desk: &Desk, form: &Form, what: &str) -> HttpResponse {
    let shown = of_form(form);
    let days = shown.days.map(|days| days.to_string());
    let mut pairs = vec![("done", what)];
    pairs.extend(days.as_deref().map(|days| ("days", days)));
    if shown.query.is_empty() {
        return to(&desk.url("/admin", &pairs));
    }
    pairs.push(("q", &shown.query));
    if !shown.with.is_empty() {
        pairs.push(("with", &shown.with));
    }
    to(&desk.url("/admin/query", &pairs))
}

/// What the page showed that a form was on.
fn of_form(form: &Form) -> Shown {
    let days = form.get("days").parse().ok();
    Shown {
        days: days.filter(|days| params::RANGES.contains(days)),
        query: form.get("q").to_owned(),
        with: form.get("with").to_owned(),
        done: None,
    }
}

/// The way in, for whoever was in until a while ago.
fn again(visit: &Visit) -> HttpResponse {
    let t = Texts::of(visit.lang);
    let page = Login::new(visit, Some(t.login_again.to_owned()));
    private(HttpResponse::Unauthorized(), visit, &page)
}

/// Leads to a path here.
fn to(path: &str) -> HttpResponse {
    let mut answer = HttpResponse::SeeOther();
    shield::private_page(&mut answer);
    answer.insert_header((header::LOCATION, path)).finish()
}

/// A page that nobody keeps.
fn private(mut answer: HttpResponseBuilder, visit: &Visit, view: &impl Template) -> HttpResponse {
    for header in visit.headers() {
        answer.insert_header(header);
    }
    match view.render() {
        Ok(html) => {
            shield::private_page(&mut answer);
            answer.content_type("text/html; charset=utf-8").body(html)
        }
        Err(error) => {
            tracing::error!(%error, "页面生成失败");
            actix_web::ResponseError::error_response(&Problem::Internal)
        }
    }
}

fn read(body: Result<web::Bytes, actix_web::Error>) -> Result<Form, Problem> {
    let body = body.map_err(|_| Problem::BodyTooLarge { most: MAX_FORM })?;
    let pairs = form_urlencoded::parse(&body);
    Ok(Form(
        pairs
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect(),
    ))
}
