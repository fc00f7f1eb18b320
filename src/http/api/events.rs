//! `POST /api/v1/events`: what readers did where this service does not see it: that they chose a
//! hit, or asked for what was answered elsewhere.
//!
//! The body is JSON whatever its type says, since a page that is being left can send only plain text
//! (`navigator.sendBeacon`). It is counted or not, as is set and as the reader's browser asks; the
//! answer is the same.

use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Resource, web};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::analytics::{Event, MAX_QUERY_CHARS, MAX_RANK};
use crate::http::access::{Authorized, Search};
use crate::http::counting;
use crate::http::gate::Class;
use crate::http::params;
use crate::http::problem::{self, Problem};
use crate::http::state::State;
use crate::pin;

/// The longest body, in bytes: a query of the most characters, each escaped, and an id.
const MAX_BODY: usize = 4 << 10;
/// More passages than any search finds.
const MAX_TOTAL: u64 = 1_000_000_000;

/// The greatest whole number up to which all are exact in a double.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What is told.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
enum Told {
    Search {
        query: String,
        #[serde(deserialize_with = "whole")]
        total: u64,
    },
    Click {
        query: String,
        id: String,
        #[serde(deserialize_with = "whole")]
        rank: u32,
    },
}

/// A number of JSON without a fraction, however it is written: 12 and 12.0 are the same there.
fn whole<'de, T: TryFrom<u64>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let number = serde_json::Number::deserialize(from)?;
    let whole = number.as_u64().or_else(|| {
        let number = number.as_f64()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is whole and within bounds"
        )]
        (number.fract() == 0.0 && (0.0..=EXACT).contains(&number)).then_some(number as u64)
    });
    let whole = whole.and_then(|whole| T::try_from(whole).ok());
    whole.ok_or_else(|| D::Error::custom(format!("{number} is not a whole number in range")))
}

pub(super) fn all() -> Resource {
    web::resource("/api/v1/events")
        .app_data(web::PayloadConfig::new(MAX_BODY))
        .route(web::post().to(tell))
        .default_service(web::to(async |http: HttpRequest| {
            problem::only(&http, "POST")
        }))
}

async fn tell(
    http: HttpRequest,
    access: Authorized<Search>,
    state: web::Data<State>,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    params::none(&params::pairs(http.query_string()))?;
    let body = body.map_err(|error| unread(&error))?;
    let told = read(&body)?;
    if let Told::Click { id, .. } = &told {
        // Counted of what is there only, so that nobody can make the counts grow by making up ids.
        let snapshot = state.snapshot(&access).await?;
        let wanted = id.clone();
        let found = state
            .run_as(Class::Typing, snapshot, move |snapshot| {
                Ok(snapshot.passage(&wanted)?.is_some())
            })
            .await?;
        if !found {
            return Err(Problem::NotFound {
                what: "段落",
                id: id.clone(),
            });
        }
    }
    if let Some(counting) = &state.counting
        && !counting::declines(http.headers())
    {
        counting.analytics.note(match &told {
            Told::Search { query, total } => {
                Event::search(query, usize::try_from(*total).unwrap_or(usize::MAX))
            }
            Told::Click { query, id, rank } => Event::click(query, id, *rank),
        });
    }
    Ok(HttpResponse::NoContent()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish())
}

fn read(body: &[u8]) -> Result<Told, Problem> {
    let told: Told = serde_json::from_slice(body).map_err(|error| Problem::BadBody {
        why: format!(
            "应为 JSON 对象，如 {{\"type\": \"click\", \"query\": \"教师交流\", \"id\": \"段落编号\", \"rank\": 1}} 或 {{\"type\": \"search\", \"query\": \"教师交流\", \"total\": 12}}（{error}）"
        ),
    })?;
    let (query, wrong) = match &told {
        Told::Search { query, total } => {
            let wrong = (query.trim().is_empty())
                .then(|| "query 是空的".to_owned())
                .or_else(|| (*total > MAX_TOTAL).then(|| format!("total 应为 0–{MAX_TOTAL}")));
            (query, wrong)
        }
        Told::Click { query, id, rank } => {
            let wrong = (!pin::is_id(id))
                .then(|| "id 应为段落编号，只有英文字母、数字、- 和 _".to_owned())
                .or_else(|| {
                    (!(1..=MAX_RANK).contains(rank)).then(|| format!("rank 应为 1–{MAX_RANK}"))
                });
            (query, wrong)
        }
    };
    let is_long = query.chars().nth(MAX_QUERY_CHARS).is_some();
    let wrong = wrong.or_else(|| is_long.then(|| format!("query 至多 {MAX_QUERY_CHARS} 个字")));
    wrong.map_or(Ok(told), |why| Err(Problem::BadBody { why }))
}

fn unread(error: &actix_web::Error) -> Problem {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => Problem::BodyTooLarge { most: MAX_BODY },
        _ => Problem::BadBody {
            why: "没有收全，或压缩有误".to_owned(),
        },
    }
}
