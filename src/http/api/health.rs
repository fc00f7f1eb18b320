//! `GET /healthz`, `GET /readyz`: whether the process lives, and whether it can answer.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use crate::http::state::State;
use crate::http::wire::Readiness;

pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(serde_json::json!({"status": "ok"}))
}

pub(super) async fn ready(state: web::Data<State>) -> HttpResponse {
    // A snapshot is verified before it is served, so to have one is to be ready.
    let snapshot = state.whole();
    // One that is about to stop is to be sent nothing more.
    let mut response = if state.is_stopping() {
        HttpResponse::ServiceUnavailable()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(Readiness::new(
            &snapshot,
            &state.condition(),
            state.progress(),
            state.is_stopping(),
            state.keys.trouble(),
        ))
}
