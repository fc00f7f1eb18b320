//! `GET /api/v1/index`, `POST /api/v1/index/rebuild`: how the index stands, and making it anew.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::access::{Admin, Authorized};
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::IndexAnswer;

pub(super) async fn get(
    http: HttpRequest,
    _: Authorized<Admin>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    params::none(&params::pairs(http.query_string()))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(standing(&state)))
}

pub(super) async fn rebuild(
    http: HttpRequest,
    access: Authorized<Admin>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    params::none(&params::pairs(http.query_string()))?;
    tracing::info!("密钥 {} 要求重建索引", access.key_id().unwrap_or_default());
    state.make_anew();
    Ok(HttpResponse::Accepted()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::LOCATION, "/api/v1/index"))
        .json(standing(&state)))
}

fn standing(state: &State) -> IndexAnswer {
    let store = state.intake.as_ref().map(|taking| taking.store.as_ref());
    IndexAnswer::new(
        &state.whole(),
        &state.condition(),
        state.progress(),
        store,
        state.through(),
    )
}
