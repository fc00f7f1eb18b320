//! `GET /api/v1/export`: all hits of a search as a file, sent while they are read.
//!
//! The next hits are read only when the client has taken those before, so a slow client costs
//! nothing but its connection, and only as many texts are in memory as one batch has. Where reading
//! fails midway the connection is broken off, so that no one takes a part for the whole.

use std::sync::Arc;

use actix_web::http::{Method, header};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;

use crate::http::access::{Authorized, Search};
use crate::http::address;
use crate::http::gate::Class;
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::{Exporter, Format};
use crate::search::{self, Export};

/// How many hits are read at once.
const BATCH: usize = 200;
/// The most characters of the query in the name of the file.
const NAME_CHARS: usize = 40;

/// An export under way.
struct Sending {
    state: web::Data<State>,
    export: Export,
    exporter: Exporter,
    /// What goes before the next hits.
    pending: Vec<u8>,
}

pub(super) async fn get(
    http: HttpRequest,
    access: Authorized<Search>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let (request, format, limit) = params::export(&params::pairs(http.query_string()), &state)?;
    let text = request
        .text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let mut response = HttpResponse::Ok();
    response
        .content_type(format.media_type())
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_DISPOSITION, disposition(&text, format)));
    if http.method() == Method::HEAD {
        return Ok(response.finish());
    }
    let snapshot = state.snapshot(&access).await?;
    let (held, options) = (Arc::clone(&snapshot), state.options);
    let by_report = format == Format::Markdown;
    let export = state
        .run_as(Class::Heavy, snapshot, move |_| {
            Ok(search::export(held, request, &options, limit, by_report)?)
        })
        .await?;
    let exporter = Exporter::new(format, address::base(&http, &state));
    let title = if text.is_empty() {
        "全部段落"
    } else {
        &text
    };
    let sending = Sending {
        pending: exporter
            .head(title, export.total())
            .map_err(|error| unwritten(&error))?,
        state,
        export,
        exporter,
    };
    Ok(response.streaming(stream::unfold(Some(sending), next)))
}

type Chunk = Result<web::Bytes, std::io::Error>;

/// The next chunk, and what is left to send; nothing when all is sent.
async fn next(sending: Option<Sending>) -> Option<(Chunk, Option<Sending>)> {
    let Sending {
        state,
        mut export,
        mut exporter,
        mut pending,
    } = sending?;
    let read = state
        .run_part(move || {
            let hits = export.next(BATCH)?;
            let done = hits.len() < BATCH;
            pending.extend(exporter.write(hits).map_err(|error| unwritten(&error))?);
            Ok((export, exporter, pending, done))
        })
        .await;
    match read {
        Ok((_, _, chunk, true)) => (!chunk.is_empty()).then(|| (Ok(chunk.into()), None)),
        Ok((export, exporter, chunk, false)) => {
            let rest = Sending {
                state,
                export,
                exporter,
                pending: Vec::new(),
            };
            Some((Ok(chunk.into()), Some(rest)))
        }
        Err(problem) => {
            tracing::error!(%problem, "导出中断");
            Some((Err(std::io::Error::other(problem.to_string())), None))
        }
    }
}

/// Memory takes whatever is written to it, and texts and numbers always can be.
fn unwritten(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "导出写不出来");
    Problem::Internal
}

/// That the answer is a file, named after the query: in ASCII for all, in full for those that read
/// RFC 8187.
fn disposition(text: &str, format: Format) -> String {
    let ending = format.as_str();
    let about: String = text
        .chars()
        .map(|c| if c.is_alphanumeric() { c } else { '-' })
        .take(NAME_CHARS)
        .collect();
    let about = about.trim_matches('-');
    let name = if about.is_empty() {
        "策搜-全部".to_owned()
    } else {
        format!("策搜-{about}")
    };
    let encoded: String = name
        .bytes()
        .map(|byte| {
            if byte.is_ascii_alphanumeric() || byte == b'-' {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect();
    format!("attachment; filename=\"cesou-export.{ending}\"; filename*=UTF-8''{encoded}.{ending}")
}
