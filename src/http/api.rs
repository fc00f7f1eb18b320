//! The API: one module for each endpoint.

mod compare;
mod export;
mod health;
mod keys;
mod matrix;
mod passages;
mod reports;
mod search;
mod similar;
mod suggest;

use actix_web::guard::{Any, Get, Head};
use actix_web::{Resource, Route, web};

use super::problem;
pub(super) use passages::{InReport, in_report};
pub(super) use reports::whole;

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
        .service(resource("/api/v1/reports", |route| route.to(reports::list)))
        .service(resource("/api/v1/reports/{id}", |route| {
            route.to(reports::get)
        }))
        .service(keys::all())
        .service(keys::one())
        .service(resource("/healthz", |route| route.to(health::live)))
        .service(resource("/readyz", |route| route.to(health::ready)));
}

/// A resource that is only read.
pub(super) fn resource(path: &str, handler: impl FnOnce(Route) -> Route) -> Resource {
    let read = web::route().guard(Any(Get()).or(Head()));
    web::resource(path)
        .route(handler(read))
        .default_service(web::to(problem::wrong_method))
}
