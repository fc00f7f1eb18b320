//! `PUT` and `DELETE /api/v1/reports/{id}`, `POST /api/v1/reports`: reports that are sent.
//!
//! Each is answered once what it asks for is durable, with the task that brings it into the index;
//! with `wait` the answer waits for that. A request is taken whole or not at all, and sending it
//! again changes nothing.

use std::time::Duration;

use actix_multipart::{Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;

use crate::corpus::{Given, Uploaded};
use crate::http::access::{Authorized, Write as Writing};
use crate::http::bodies::{BATCH, BATCH_BYTES, Body, Listing, content, content_of_file};
use crate::http::intake::{Taking, check_id, off};
use crate::http::params::{self, Told};
use crate::http::problem::{Fault, Problem};
use crate::http::state::State;
use crate::http::wire::{TaskAnswer, task_url};
use crate::store::{Content, Task, TaskKind, Write};

/// The types of files that are read, with an ending that tells the same.
pub(in crate::http) const FILES: [(&str, &str); 7] = [
    ("text/plain", "txt"),
    ("text/markdown", "md"),
    ("text/html", "html"),
    ("application/xhtml+xml", "xhtml"),
    ("application/pdf", "pdf"),
    ("application/msword", "doc"),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
    ),
];
/// The type of a file of which nothing is said.
const ANY: &str = "application/octet-stream";
const JSON: &str = "application/json";
const MULTIPART: &str = "multipart/form-data";
/// The types of reports that come a line each.
pub(in crate::http) const LINES: [&str; 4] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
];
/// The most text of the files of one request, in bytes, since all of it is held in memory.
const MAX_UPLOADED: usize = 256 << 20;
/// The longest value of a field of a form.
const MAX_FIELD: u64 = 64 << 10;

pub(super) async fn put(
    http: HttpRequest,
    id: web::Path<String>,
    access: Authorized<Writing>,
    state: web::Data<State>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let id = id.into_inner();
    let told = params::told(&params::pairs(http.query_string()))?;
    let taking = state.taking()?;
    check_id(&id, &access, &state)?;
    taking.check_queue()?;
    let wait = told.wait;
    let content = match media_type(&http).as_str() {
        JSON => from_json(&http, payload, &id, told, &state).await?,
        MULTIPART => from_form(&http, payload, told, &state).await?,
        other => {
            let ending = ending_of(other)?;
            let name = told.name.clone();
            let name = name.unwrap_or_else(|| format!("upload.{ending}"));
            let body = Body::receive(&http, payload.into_inner(), taking.max_body, taking).await?;
            from_file(body, name, told, &state).await?
        }
    };
    let writes = vec![Write::put(&id, content)];
    let task = taking
        .append(None, by(&access), TaskKind::Put, writes)
        .await?;
    answer(&state, task, wait).await
}

pub(super) async fn delete(
    http: HttpRequest,
    id: web::Path<String>,
    access: Authorized<Writing>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let wait = params::wait(&params::pairs(http.query_string()))?;
    let taking = state.taking()?;
    check_id(&id, &access, &state)?;
    taking.check_queue()?;
    let writes = vec![Write::delete(&id)];
    let task = taking
        .append(None, by(&access), TaskKind::Delete, writes)
        .await?;
    answer(&state, task, wait).await
}

pub(super) async fn bulk(
    http: HttpRequest,
    access: Authorized<Writing>,
    state: web::Data<State>,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let wait = params::wait(&params::pairs(http.query_string()))?;
    let taking = state.taking()?;
    taking.check_queue()?;
    let media_type = media_type(&http);
    let listing = match media_type.as_str() {
        JSON => Listing::Array,
        lines if LINES.contains(&lines) => Listing::Lines,
        MULTIPART => {
            let writes = files(&http, payload, &access, &state).await?;
            let task = store(writes, &access, &state).await?;
            return answer(&state, task, wait).await;
        }
        other => {
            return Err(Problem::UnsupportedType {
                given: given_type(other),
                allowed: format!("{}、{JSON} 或 {MULTIPART}", LINES[0]),
            });
        }
    };
    let most = listing.most(taking);
    let body = Body::receive(&http, payload.into_inner(), most, taking).await?;
    let (shared, leave) = (state.clone(), access.clone());
    let task = taking
        .read(move || {
            let taking = shared.taking()?;
            let checked = body.check(listing, taking, &|id| check_id(id, &leave, &shared))?;
            let mut task = None;
            checked.batches(taking, &mut |writes| {
                let appended = match task {
                    Some(task) => taking.store.append_to(task, writes),
                    None => taking
                        .store
                        .append_by(leave.key_id(), TaskKind::Bulk, writes),
                };
                task = Some(appended?.task);
                // What is durable is taken in while the rest still comes.
                shared.written();
                Ok(())
            })?;
            task.ok_or(Problem::Internal)
        })
        .await?;
    answer(&state, task, wait).await
}

/// Stores changes that are in memory; the task.
async fn store(
    writes: Vec<Write>,
    access: &Authorized<Writing>,
    state: &web::Data<State>,
) -> Result<u64, Problem> {
    let (shared, leave) = (state.clone(), access.clone());
    off(move || {
        let store = &shared.taking()?.store;
        let mut task = None;
        let mut writes = writes.into_iter().peekable();
        while writes.peek().is_some() {
            let mut bytes = 0;
            let mut batch = Vec::new();
            while batch.len() < BATCH
                && bytes < BATCH_BYTES
                && let Some(write) = writes.next()
            {
                if let Write::Put { content, .. } = &write {
                    bytes += content.text.len();
                }
                batch.push(write);
            }
            let appended = match task {
                Some(task) => store.append_to(task, batch),
                None => store.append_by(leave.key_id(), TaskKind::Bulk, batch),
            };
            task = Some(appended?.task);
        }
        task.ok_or(Problem::Internal)
    })
    .await
}

/// The answer to a request whose task is `task`: that it is queued, or, after waiting, what came of
/// it.
async fn answer(state: &State, task: u64, wait: Duration) -> Result<HttpResponse, Problem> {
    state.written();
    let task = state.task(task, wait).await?;
    Ok(of_task(task))
}

/// A task as the answer to the request that asked for it.
fn of_task(task: Task) -> HttpResponse {
    let mut response = if task.is_finished() {
        HttpResponse::Ok()
    } else {
        HttpResponse::Accepted()
    };
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::LOCATION, task_url(task.id)))
        .json(TaskAnswer::new(task))
}

/// The report of a JSON object, to which what the address says is added.
async fn from_json(
    http: &HttpRequest,
    payload: web::Payload,
    id: &str,
    told: Told,
    state: &web::Data<State>,
) -> Result<Content, Problem> {
    let taking = state.taking()?;
    // Text may be twice as long in JSON, and there are other fields.
    let most = taking.max_report.saturating_mul(2).saturating_add(64 << 10);
    let most = most.min(taking.max_body);
    let body = Body::receive(http, payload.into_inner(), most, taking).await?;
    let mut body = body;
    let mut record = off(move || body.object()).await?;
    if let Some(other) = record.id.take().filter(|other| other != id) {
        return Err(Problem::BadBody {
            why: format!("其中的 id 是“{other}”，与地址中的 {id} 不同"),
        });
    }
    record.given = told.given.or(record.given);
    record.name = told.name.or(record.name);
    let most = taking.max_report;
    if record.text.len() as u64 > most {
        return Err(too_large(record.text.len() as u64, most));
    }
    content(record, most).map_err(|why| Problem::BadBody { why })
}

/// The report of an uploaded file.
async fn from_file(
    mut body: Body,
    name: String,
    told: Told,
    state: &web::Data<State>,
) -> Result<Content, Problem> {
    let shared = state.clone();
    let taking = state.taking()?;
    taking
        .read(move || {
            let taking = shared.taking()?;
            let file = body.file(&name, taking)?;
            of_file(file, told.given, told.name, taking)
        })
        .await
}

fn of_file(
    file: Uploaded,
    given: Given,
    name: Option<String>,
    taking: &Taking,
) -> Result<Content, Problem> {
    let most = taking.max_report;
    if file.text.len() as u64 > most {
        return Err(too_large(file.text.len() as u64, most));
    }
    content_of_file(file, given, name, most).map_err(|why| Problem::BadFile { why })
}

fn too_large(bytes: u64, most: u64) -> Problem {
    Problem::ReportTooLarge {
        why: format!(
            "报告的正文有 {bytes} 字节，超过上限 {most} 字节；请拆成几份，或调高 store.max_report_mb"
        ),
    }
}

/// The report of a form: one file, and fields that say more of it.
async fn from_form(
    http: &HttpRequest,
    payload: web::Payload,
    told: Told,
    state: &web::Data<State>,
) -> Result<Content, Problem> {
    let taking = state.taking()?;
    let mut form = Multipart::new(http.headers(), payload.into_inner());
    let mut left = taking.max_body;
    let mut file = None;
    let mut said = params::pairs(http.query_string());
    while let Some(part) = next_part(&mut form, &mut left, taking).await? {
        match part {
            Part::File { name, body, .. } if file.is_none() => file = Some((name, body)),
            Part::File { .. } => {
                return Err(Problem::BadBody {
                    why: "一个地址只收一个文件；多个文件请 POST 到 /api/v1/reports".to_owned(),
                });
            }
            Part::Field { name, value } => said.push((name, value)),
        }
    }
    let Some((name, body)) = file else {
        return Err(Problem::BadBody {
            why: "表单里没有文件".to_owned(),
        });
    };
    let form = params::told(&said)?;
    let told = Told {
        name: form.name.or_else(|| Some(name.clone())),
        given: form.given,
        wait: told.wait,
    };
    from_file(body, name, told, state).await
}

/// The reports of a form of files.
async fn files(
    http: &HttpRequest,
    payload: web::Payload,
    access: &Authorized<Writing>,
    state: &web::Data<State>,
) -> Result<Vec<Write>, Problem> {
    let taking = state.taking()?;
    let mut form = Multipart::new(http.headers(), payload.into_inner());
    let mut left = taking.max_body;
    let mut writes = Vec::new();
    let mut faults = Vec::new();
    let mut bytes = 0;
    let mut count = 0;
    while let Some(part) = next_part(&mut form, &mut left, taking).await? {
        let (field, name, mut body) = match part {
            Part::File { field, name, body } => (field, name, body),
            Part::Field { name, .. } => {
                return Err(Problem::BadBody {
                    why: format!(
                        "表单的“{name}”不是文件；各项说明请用 application/x-ndjson，或逐份 PUT"
                    ),
                });
            }
        };
        count += 1;
        if count > taking.max_reports {
            return Err(Problem::TooManyReports {
                most: taking.max_reports,
            });
        }
        let id = id_of(&field, &name);
        check_id(&id, access, state)?;
        let shared = state.clone();
        let called = name.clone();
        let read = taking
            .read(move || {
                let taking = shared.taking()?;
                let file = body.file(&called, taking)?;
                of_file(file, Given::default(), Some(called), taking)
            })
            .await;
        match read {
            Ok(content) => {
                bytes += content.text.len();
                if bytes > MAX_UPLOADED {
                    return Err(Problem::BodyTooLarge { most: MAX_UPLOADED });
                }
                writes.push(Write::put(&id, content));
            }
            Err(problem @ (Problem::BadFile { .. } | Problem::ReportTooLarge { .. })) => {
                faults.push(Fault {
                    line: count,
                    id: Some(id),
                    why: format!("{name}：{problem}"),
                });
            }
            Err(other) => return Err(other),
        }
    }
    if !faults.is_empty() {
        return Err(Problem::BadReports {
            faulty: faults.len(),
            faults,
        });
    }
    if writes.is_empty() {
        return Err(Problem::BadBody {
            why: "表单里没有文件".to_owned(),
        });
    }
    Ok(writes)
}

/// A part of a form.
enum Part {
    File {
        field: String,
        name: String,
        body: Body,
    },
    Field {
        name: String,
        value: String,
    },
}

/// The next part of a form that may have `left` bytes more.
async fn next_part(
    form: &mut Multipart,
    left: &mut u64,
    taking: &Taking,
) -> Result<Option<Part>, Problem> {
    let bad = |error: &MultipartError| Problem::BadBody {
        why: format!("表单读不了（{error}）"),
    };
    let Some(field) = form.next().await else {
        return Ok(None);
    };
    let field = field.map_err(|error| bad(&error))?;
    let name = field.name().unwrap_or_default().to_owned();
    let file = field
        .content_disposition()
        .and_then(|disposition| disposition.get_filename())
        .map(str::to_owned);
    let most = if file.is_some() { *left } else { MAX_FIELD };
    let counted = std::cell::Cell::new(0);
    let stream = field.map(|chunk| {
        if let Ok(chunk) = &chunk {
            counted.set(counted.get() + chunk.len() as u64);
        }
        chunk.map_err(|error| match error {
            MultipartError::Payload(error) => error,
            other => PayloadError::Io(std::io::Error::other(other.to_string())),
        })
    });
    let body = Body::collect(stream, most, taking).await;
    let mut body = body.map_err(|problem| match problem {
        Problem::BodyTooLarge { .. } if file.is_some() => Problem::BodyTooLarge {
            most: usize::try_from(taking.max_body).unwrap_or(usize::MAX),
        },
        other => other,
    })?;
    *left = left.saturating_sub(counted.get());
    Ok(Some(match file {
        Some(file) => Part::File {
            field: name,
            name: file,
            body,
        },
        None => Part::Field {
            name,
            value: body.text()?,
        },
    }))
}

/// The id of an uploaded file: the name of its field where that is one, else one made of its name,
/// which is the same each time.
fn id_of(field: &str, name: &str) -> String {
    if !matches!(field, "" | "file" | "files" | "files[]" | "file[]") {
        return field.to_owned();
    }
    let digest = blake3::hash(name.as_bytes()).to_hex();
    format!("file-{}", digest.get(..16).unwrap_or_default())
}

/// The type of a body without its parameters.
fn media_type(http: &HttpRequest) -> String {
    let given = http.headers().get(header::CONTENT_TYPE);
    let given = given.and_then(|given| given.to_str().ok()).unwrap_or(ANY);
    let (kind, _) = given.split_once(';').unwrap_or((given, ""));
    kind.trim().to_ascii_lowercase()
}

/// The ending of files of a type.
fn ending_of(media_type: &str) -> Result<&'static str, Problem> {
    if media_type == ANY {
        return Ok("txt");
    }
    let known = FILES.iter().find(|(kind, _)| *kind == media_type);
    known.map(|(_, ending)| *ending).ok_or_else(|| {
        let files: Vec<&str> = FILES.iter().map(|(kind, _)| *kind).collect();
        Problem::UnsupportedType {
            given: given_type(media_type),
            allowed: format!("{}、{JSON} 或 {MULTIPART}", files.join("、")),
        }
    })
}

fn given_type(media_type: &str) -> String {
    format!(
        "Content-Type: {}",
        crate::http::intake::shortened(media_type)
    )
}

fn by(access: &Authorized<Writing>) -> Option<String> {
    access.key_id().map(str::to_owned)
}
