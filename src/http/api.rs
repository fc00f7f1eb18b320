//! The API: one module for each endpoint.

mod analytics;
mod compare;
mod events;
mod export;
mod health;
mod index;
mod keys;
mod matrix;
mod metrics;
mod passages;
mod reports;
mod search;
mod similar;
mod suggest;
mod tasks;
mod writing;

use actix_web::guard::{Any, Get, Head};
use actix_web::{HttpRequest, Resource, Route, web};

use super::problem;
pub(super) use passages::{InReport, get as passage, in_report};
pub(super) use reports::{MAX_REPORTS, get as report, whole};
pub(super) use similar::{DEFAULT as SIMILAR_DEFAULT, MOST as SIMILAR_MOST};
pub(super) use writing::{FILES, LINES};

/// Adds the API's routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(resource("/api/v1/search", |route| route.to(search::get)))
        .service(resource("/api/v1/matrix", |route| route.to(matrix::get)))
        .service(resource("/api/v1/compare", |route| route.to(compare::get)))
        .service(resource("/api/v1/export", |route| route.to(export::get)))
        .service(resource("/api/v1/suggest", |route| route.to(suggest::get)))
        .service(resource("/api/v1/passages/{id}", |route| {
            route.to(passages::get)
        }))
        .service(resource("/api/v1/passages/{id}/similar", |route| {
            route.to(similar::get)
        }))
        .service(
            web::resource("/api/v1/reports")
                .route(read().to(reports::list))
                .route(web::post().to(writing::bulk))
                .default_service(web::to(async |http: HttpRequest| {
                    problem::only(&http, "GET, HEAD, POST")
                })),
        )
        .service(
            web::resource("/api/v1/reports/{id}")
                .route(read().to(reports::get))
                .route(web::put().to(writing::put))
                .route(web::delete().to(writing::delete))
                .default_service(web::to(async |http: HttpRequest| {
                    problem::only(&http, "GET, HEAD, PUT, DELETE")
                })),
        )
        .service(resource("/api/v1/tasks", |route| route.to(tasks::list)))
        .service(resource("/api/v1/tasks/{id}", |route| route.to(tasks::get)))
        .service(resource("/api/v1/index", |route| route.to(index::get)))
        .service(
            web::resource("/api/v1/index/rebuild")
                .route(web::post().to(index::rebuild))
                .default_service(web::to(async |http: HttpRequest| {
                    problem::only(&http, "POST")
                })),
        )
        .service(resource("/api/v1/analytics", |route| {
            route.to(analytics::get)
        }))
        .service(events::all())
        .service(keys::all())
        .service(keys::one())
        .service(resource("/healthz", |route| route.to(health::live)))
        .service(resource("/readyz", |route| route.to(health::ready)))
        .service(resource("/metrics", |route| route.to(metrics::get)));
}

/// A route for reading.
fn read() -> Route {
    web::route().guard(Any(Get()).or(Head()))
}

/// A resource that is only read.
pub(super) fn resource(path: &str, handler: impl FnOnce(Route) -> Route) -> Resource {
    web::resource(path)
        .route(handler(read()))
        .default_service(web::to(problem::wrong_method))
}
