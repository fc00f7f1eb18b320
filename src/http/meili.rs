//! A subset of Meilisearch's HTTP interface under `/meili`, for the clients that speak it.
//!
//! Cesou is not affiliated with Meilisearch. What is here is a translation: each request becomes one
//! of `search`'s, on the same snapshots and under the same keys as the native API, and each answer
//! is put in the form that their clients read. There is one index, `passages`, whose documents are
//! the passages. What a parameter cannot mean here is passed over where that changes nothing that
//! matters, and refused with one of their codes where passing it over would mislead.
//!
//! | file | holds |
//! |---|---|
//! | `meili/error.rs` | refusals in their envelope |
//! | `meili/given.rs` | bodies and query strings, checked by name and type |
//! | `meili/field.rs` | the fields of a document |
//! | `meili/filter.rs` | their filters, read and compiled |
//! | `meili/shape.rs` | how documents are shown: fields, marks, crops |
//! | `meili/search.rs` and the others | one resource each |
//!
//! Invariants: unmodified clients work (`tests/clients.rs`); every refusal under the mount has their
//! envelope and none outside it has (`tests/meili.rs`).

mod csv;
mod documents;
mod error;
mod facets;
mod field;
mod filter;
mod given;
mod indexes;
mod keys;
mod multi;
mod search;
mod settings;
mod shape;
mod similar;
mod tasks;
mod writing;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{StatusCode, header};
use actix_web::middleware::{Next, from_fn};
use actix_web::{HttpRequest, HttpResponse, Resource, ResponseError, Route, web};
use jiff::Timestamp;
use serde::Serialize;

use super::access::{Authorized, Search};
use super::problem::Problem;
use error::Error;

/// The one index.
const UID: &str = "passages";
/// The field that tells documents apart.
const PRIMARY_KEY: &str = "id";
/// The most characters of a document's id.
const MAX_ID: usize = 511;

/// Leave to search, or why there is none.
type Access = Result<Authorized<Search>, Problem>;

/// What is wrong with a filter, in Chinese; nothing where it can be read.
pub(super) fn filter_fault(text: &str) -> Option<String> {
    let value = serde_json::Value::from(text);
    let read = filter::read(Some(&value), "invalid_search_filter");
    read.err().map(Error::into_message)
}

/// A refusal in the words of these clients.
pub(super) fn refusal(problem: &Problem) -> HttpResponse {
    Error::from(problem.clone()).error_response()
}

/// Adds the routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    let index = "/indexes/{uid}";
    let of = |path: &str| format!("{index}{path}");
    config.service(
        web::scope("/meili")
            .wrap(from_fn(without_empty_keys))
            .app_data(web::PayloadConfig::new(given::MAX_BODY))
            .service(only("/health", [web::get().to(indexes::health)]))
            .service(only("/version", [web::get().to(indexes::version)]))
            .service(only("/stats", [web::get().to(indexes::stats)]))
            .service(only("/multi-search", [web::post().to(multi::post)]))
            .service(only(
                "/indexes",
                [
                    web::get().to(indexes::list),
                    web::post().to(indexes::create),
                ],
            ))
            .service(only(
                &of("/search"),
                [web::get().to(search::get), web::post().to(search::post)],
            ))
            .service(only(&of("/facet-search"), [web::post().to(facets::post)]))
            .service(only(
                &of("/similar"),
                [web::get().to(similar::get), web::post().to(similar::post)],
            ))
            .service(only(&of("/stats"), [web::get().to(indexes::stats_of)]))
            .service(only(
                &of("/documents/fetch"),
                [web::post().to(documents::fetch)],
            ))
            .service(only(
                &of("/documents/delete"),
                [web::post().to(writing::delete_matching)],
            ))
            .service(only(
                &of("/documents/delete-batch"),
                [web::post().to(writing::delete_these)],
            ))
            .service(only(
                &of("/documents/{id}"),
                [
                    web::get().to(documents::one),
                    web::delete().to(writing::delete),
                ],
            ))
            .service(
                only(
                    &of("/documents"),
                    [
                        web::get().to(documents::list),
                        web::post().to(writing::replace),
                        web::put().to(writing::update),
                        web::delete().to(writing::delete_all),
                    ],
                )
                .app_data(web::PayloadConfig::new(writing::MAX_BODY)),
            )
            .service(only(
                &of("/settings"),
                [
                    web::get().to(settings::all),
                    web::patch().to(settings::change),
                    web::delete().to(settings::reset),
                ],
            ))
            .service(only(
                &of("/settings/{name}"),
                [
                    web::get().to(settings::one),
                    web::put().to(settings::change_one),
                    web::patch().to(settings::change_one),
                    web::delete().to(settings::reset_one),
                ],
            ))
            .service(only(
                index,
                [
                    web::get().to(indexes::one),
                    web::patch().to(indexes::change),
                    web::delete().to(indexes::drop),
                ],
            ))
            .service(only(
                "/keys",
                [web::get().to(keys::list), web::post().to(keys::create)],
            ))
            .service(only(
                "/keys/{key}",
                [
                    web::get().to(keys::one),
                    web::patch().to(keys::describe),
                    web::delete().to(keys::revoke),
                ],
            ))
            .service(only("/tasks", [web::get().to(tasks::list)]))
            .service(only("/tasks/{uid}", [web::get().to(tasks::one)]))
            .default_service(web::to(no_such_path)),
    );
}

/// A resource with these routes; any other method is refused.
fn only<const N: usize>(path: &str, routes: [Route; N]) -> Resource {
    let resource = web::resource(path).default_service(web::to(wrong_method));
    routes.into_iter().fold(resource, Resource::route)
}

/// An answer; none may be kept, since most are asked for by `POST` and all hang on the key.
fn sent(answer: impl Serialize) -> HttpResponse {
    answered(StatusCode::OK, answer)
}

fn answered(status: StatusCode, answer: impl Serialize) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(answer)
}

/// A time as they write it: some clients read no other form, so fractions of a second always stand.
fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Whether `uid` is the index there is.
fn check_index(uid: &str) -> Result<(), Error> {
    if uid == UID {
        Ok(())
    } else {
        Err(Error::no_index(uid))
    }
}

/// Whether `id` can be a document's.
fn is_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(allowed)
}

async fn no_such_path(http: HttpRequest) -> HttpResponse {
    use actix_web::ResponseError;
    let message = format!(
        "没有这个地址：{}；这里只有 Meilisearch 接口的一部分",
        http.path()
    );
    Error::new(StatusCode::NOT_FOUND, "not_found", message).error_response()
}

async fn wrong_method(http: HttpRequest) -> HttpResponse {
    use actix_web::ResponseError;
    let message = format!("{} 不接受 {} 请求", http.path(), http.method());
    Error::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        message,
    )
    .error_response()
}

/// Takes away the keys that clients without one send: the Python client's `Bearer None`, and
/// `Bearer` with nothing behind it.
async fn without_empty_keys<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let given = request.headers().get(header::AUTHORIZATION);
    let is_empty = given.is_some_and(|given| {
        let given = given.as_bytes().trim_ascii();
        [
            &b"Bearer"[..],
            b"Bearer None",
            b"Bearer null",
            b"Bearer undefined",
        ]
        .contains(&given)
    });
    if is_empty {
        request.headers_mut().remove(header::AUTHORIZATION);
    }
    next.call(request).await
}
