//! `GET /api/v1/tasks`, `GET /api/v1/tasks/{id}`: what became of requests that write.
//!
//! A key that may write only some reports sees the tasks it asked for itself: what others sent is
//! none of its business.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::access::{Authorized, Write};
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::{TaskAnswer, TasksAnswer};

/// Tasks that are looked through at once for those a key may see.
const LOOKED_AT: usize = 1000;

pub(super) async fn list(
    http: HttpRequest,
    access: Authorized<Write>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let (mut before, limit, status) = params::task_list(&params::pairs(http.query_string()))?;
    let store = &state.taking()?.store;
    let mut seen = Vec::new();
    // One more than is asked for tells whether there are more.
    while seen.len() <= limit {
        let some = store.tasks(before, LOOKED_AT, status);
        let last = some.last().map(|task| task.id);
        seen.extend(some.into_iter().filter(|task| access.sees(task)));
        if last.is_none() {
            break;
        }
        before = last;
    }
    let more = seen.len() > limit;
    seen.truncate(limit);
    let next = seen.last().map(|task| task.id).filter(|_| more);
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(TasksAnswer {
            tasks: seen.into_iter().map(TaskAnswer::new).collect(),
            next,
        }))
}

pub(super) async fn get(
    http: HttpRequest,
    id: web::Path<String>,
    access: Authorized<Write>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let wait = params::wait(&params::pairs(http.query_string()))?;
    let missing = || Problem::NotFound {
        what: "任务",
        id: crate::http::intake::shortened(&id),
    };
    let number = id.parse().map_err(|_| missing())?;
    let store = &state.taking()?.store;
    // Before it is waited for: what is not seen is not to be told by the time it takes either.
    if !store.task(number).is_some_and(|task| access.sees(&task)) {
        return Err(missing());
    }
    let task = state.task(number, wait).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(TaskAnswer::new(task)))
}
