//! `GET` and `POST /api/v1/keys`, `DELETE /api/v1/keys/{id}`: looking after keys.
//!
//! No answer here may be kept by anyone: one of them holds a secret.

use actix_web::error::PayloadError;
use actix_web::guard::{Any, Get, Head};
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use jiff::Timestamp;
use secrecy::ExposeSecret;

use crate::config::ADMIN_KEY_VARIABLE;
use crate::http::access::{Admin, Authorized};
use crate::http::params;
use crate::http::problem::{self, Problem};
use crate::http::state::State;
use crate::http::wire::{KeyAnswer, KeyCreated, KeysAnswer};
use crate::key::{ENVIRONMENT_ID, Wish};

/// The longest description of a key.
const MAX_BODY: usize = 64 << 10;

/// All keys.
pub(super) fn all() -> Resource {
    web::resource("/api/v1/keys")
        .app_data(web::PayloadConfig::new(MAX_BODY))
        .route(web::route().guard(Any(Get()).or(Head())).to(list))
        .route(web::post().to(create))
        .default_service(web::to(async |http: HttpRequest| {
            problem::only(&http, "GET, HEAD, POST")
        }))
}

/// One key.
pub(super) fn one() -> Resource {
    web::resource("/api/v1/keys/{id}")
        .route(web::route().guard(Any(Get()).or(Head())).to(get))
        .route(web::delete().to(revoke))
        .default_service(web::to(async |http: HttpRequest| {
            problem::only(&http, "GET, HEAD, DELETE")
        }))
}

async fn list(
    http: HttpRequest,
    _: Authorized<Admin>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    params::none(&params::pairs(http.query_string()))?;
    let keys: Vec<KeyAnswer> = state.keys.keys().into_iter().map(KeyAnswer::new).collect();
    let total = keys.len();
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(KeysAnswer { total, keys }))
}

async fn get(
    http: HttpRequest,
    id: web::Path<String>,
    _: Authorized<Admin>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    params::none(&params::pairs(http.query_string()))?;
    let id = id.into_inner();
    let key = state.keys.key(&id).ok_or_else(|| missing(id))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(KeyAnswer::new(key)))
}

async fn create(
    http: HttpRequest,
    access: Authorized<Admin>,
    state: web::Data<State>,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    params::none(&params::pairs(http.query_string()))?;
    let body = body.map_err(|error| unread(&error))?;
    let wish: Wish = serde_json::from_slice(&body).map_err(|error| Problem::BadBody {
        why: format!(
            "应为 JSON 对象，字段有 name、description、actions、origins、prefixes、filters、expires、rate、burst（{error}）"
        ),
    })?;
    let now = Timestamp::now();
    let wanted = wish.check(now)?;
    let keys = state.keys.clone();
    let made = change(move || keys.create(wanted, now)).await?;
    tracing::info!("密钥 {} 已由 {} 建立", made.key, by(&access));
    Ok(HttpResponse::Created()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::LOCATION, format!("/api/v1/keys/{}", made.key.id)))
        .json(KeyCreated {
            about: KeyAnswer::new(made.key),
            key: made.secret.expose_secret().to_owned(),
        }))
}

async fn revoke(
    http: HttpRequest,
    id: web::Path<String>,
    access: Authorized<Admin>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    params::none(&params::pairs(http.query_string()))?;
    let id = id.into_inner();
    if id == ENVIRONMENT_ID && state.keys.key(&id).is_some() {
        return Err(Problem::Conflict {
            why: format!(
                "这把密钥来自环境变量 {ADMIN_KEY_VARIABLE}；要吊销它，请改动该变量并重新启动"
            ),
        });
    }
    let (keys, wanted) = (state.keys.clone(), id.clone());
    let key = change(move || keys.revoke(&wanted, Timestamp::now())).await?;
    let key = key.ok_or_else(|| missing(id))?;
    tracing::info!("密钥 {key} 已由 {} 吊销", by(&access));
    Ok(HttpResponse::NoContent()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

/// Changes the file off the async workers, since it waits for the disk.
async fn change<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, crate::key::Error> + Send + 'static,
) -> Result<T, Problem> {
    let done = web::block(work).await.map_err(|error| {
        tracing::error!(%error, "更改密钥的线程中断");
        Problem::Internal
    })?;
    Ok(done?)
}

fn by(access: &Authorized<Admin>) -> &str {
    access.key_id().unwrap_or_default()
}

fn missing(id: String) -> Problem {
    Problem::NotFound { what: "密钥", id }
}

fn unread(error: &actix_web::Error) -> Problem {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => Problem::BodyTooLarge { most: MAX_BODY },
        _ => Problem::BadBody {
            why: "没有收全，或压缩有误".to_owned(),
        },
    }
}
