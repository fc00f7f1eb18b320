//! `POST`, `PUT` and `DELETE /indexes/{uid}/documents…`: reports that are sent and withdrawn.
//!
//! A document that comes in is a report, or a passage that was cut already, which is then a report of
//! its own: it is kept under its id and cut, read and themed as any other, so that one document in
//! may be several out, each with `report_id`. Reports that stand in files are not for here. A
//! request is taken whole or not at all; what is wrong is said at once and not by a task.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::error::{Error, repeated};
use super::filter;
use super::given::{Body, Given, Kind, Param, bytes, json as body_json, malformed, media_type};
use super::{PRIMARY_KEY, check_index, tasks};
use crate::corpus::Record;
use crate::http::access::{Authorized, Write as Writing};
use crate::http::bodies::{BATCH, content};
use crate::http::intake::check_id;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::search::{self, Filter, Request};
use crate::store::{TaskKind, Write};

/// The most bytes of documents in one request, since all of them are held in memory.
pub(super) const MAX_BODY: usize = 64 << 20;
/// The most reports that a filter may withdraw at once.
const MAX_REPORTS: usize = 10_000;

const ADDING: [Param; 4] = [
    ("primaryKey", Kind::Text, "invalid_index_primary_key"),
    ("csvDelimiter", Kind::Text, "invalid_document_csv_delimiter"),
    ("customMetadata", Kind::Text, "invalid_document_metadata"),
    ("skipCreation", Kind::Flag, "invalid_skip_creation"),
];
const DELETING: [Param; 1] = [("filter", Kind::Filter, "invalid_document_filter")];

/// Leave to write, or why there is none.
type Access = Result<Authorized<Writing>, Problem>;

pub(super) async fn replace(
    http: HttpRequest,
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
    body: Body,
) -> Result<HttpResponse, Error> {
    add(&http, &uid, access, &state, body, false).await
}

pub(super) async fn update(
    http: HttpRequest,
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
    body: Body,
) -> Result<HttpResponse, Error> {
    add(&http, &uid, access, &state, body, true).await
}

async fn add(
    http: &HttpRequest,
    uid: &str,
    access: Access,
    state: &web::Data<State>,
    body: Body,
    keeps: bool,
) -> Result<HttpResponse, Error> {
    let access = access?;
    check_index(uid)?;
    let given = Given::query(http, &ADDING)?;
    let key = given.text("primaryKey").unwrap_or(PRIMARY_KEY).to_owned();
    let delimiter = delimiter(given.text("csvDelimiter"))?;
    let listed = Listed::of(http, delimiter)?;
    let taking = state.taking()?;
    taking.check_queue()?;
    let body = bytes(body, MAX_BODY)?;
    let (shared, leave) = (state.clone(), access.clone());
    let writes = taking
        .read(move || {
            Ok(listed
                .read(&body)
                .and_then(|documents| writes(&documents, &key, keeps, &leave, &shared)))
        })
        .await??;
    stored(writes, TaskKind::Bulk, &access, state).await
}

pub(super) async fn delete(
    path: web::Path<(String, String)>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    let (uid, id) = path.into_inner();
    check_index(&uid)?;
    withdraw(&[id], &access, &state).await
}

pub(super) async fn delete_these(
    http: HttpRequest,
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let access = access?;
    check_index(&uid)?;
    let wrong = || {
        let message = "应为 id 的数组，如 [\"report-1\", \"report-2\"]";
        Error::bad("bad_request", message)
    };
    let Value::Array(ids) = body_json(&http, body)? else {
        return Err(wrong());
    };
    let ids = ids.into_iter().map(|id| match id {
        Value::String(id) => Ok(id),
        Value::Number(id) => Ok(id.to_string()),
        _ => Err(wrong()),
    });
    withdraw(&ids.collect::<Result<Vec<_>, _>>()?, &access, &state).await
}

pub(super) async fn delete_all(
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    check_index(&uid)?;
    let store = &state.taking()?.store;
    let all = store.reports().into_iter();
    let all = all.filter(|report| access.check_report(&report.id).is_ok());
    let writes = all.map(|report| Write::delete(&report.id)).collect();
    stored(writes, TaskKind::Delete, &access, &state).await
}

pub(super) async fn delete_matching(
    http: HttpRequest,
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
    body: Body,
) -> Result<HttpResponse, Error> {
    const CODE: &str = "invalid_document_filter";
    let access = access?;
    check_index(&uid)?;
    let given = Given::body(&http, body, &DELETING)?;
    let Some(filter) = filter::read(given.get("filter"), CODE)? else {
        let message = "没有 filter；要删除全部文档请用 DELETE";
        return Err(Error::bad("missing_document_filter", message));
    };
    let options = state.options;
    let matching = state
        .run(state.whole(), move |snapshot| {
            let filter = filter.on(snapshot, &options)?;
            let found = |filter| {
                let request = Request {
                    filter: Some(filter),
                    by_report: true,
                    per_page: MAX_REPORTS,
                    ..Request::default()
                };
                search::search(snapshot, &request, &options)
            };
            let all = found(filter.clone())?;
            let but = found(Filter::Not(Box::new(filter)))?;
            let ids = |found: &search::Response| -> Vec<String> {
                let hits = found.hits.iter();
                hits.map(|hit| hit.report.id.clone()).collect()
            };
            Ok((ids(&all), ids(&but), all.reports.unwrap_or(0)))
        })
        .await?;
    let (all, but, total) = matching;
    if total > MAX_REPORTS {
        let message = format!("符合的报告有 {total} 份，一次至多删除 {MAX_REPORTS} 份");
        return Err(Error::bad(CODE, message));
    }
    if let Some(part) = all.iter().find(|id| but.contains(id)) {
        let message = format!(
            "报告 {part} 只有一部分段落符合；报告只能整份删除，请按 report_id、地区或日期筛选"
        );
        return Err(Error::bad(CODE, message));
    }
    withdraw(&all, &access, &state).await
}

/// Withdraws the reports of these ids.
async fn withdraw(
    ids: &[String],
    access: &Authorized<Writing>,
    state: &web::Data<State>,
) -> Result<HttpResponse, Error> {
    let whole = state.whole();
    let mut writes = Vec::with_capacity(ids.len());
    for id in ids {
        let passage = whole.passage(id).map_err(Problem::from)?;
        if let Some(passage) = passage.filter(|passage| passage.report != *id) {
            let message = format!(
                "“{}”是报告 {} 中的一段，不能单独删除；要删除请用报告的 id",
                repeated(id),
                passage.report
            );
            return Err(Error::bad("invalid_document_id", message));
        }
        check_id(id, access, state)?;
        writes.push(Write::delete(id));
    }
    stored(writes, TaskKind::Delete, access, state).await
}

/// Makes the changes durable; the answer with their task.
async fn stored(
    writes: Vec<Write>,
    kind: TaskKind,
    access: &Authorized<Writing>,
    state: &web::Data<State>,
) -> Result<HttpResponse, Error> {
    let taking = state.taking()?;
    taking.check_queue()?;
    if writes.is_empty() {
        return Ok(tasks::Instantly::Nothing.accepted());
    }
    let by = access.key_id().map(str::to_owned);
    let mut task = None;
    let mut writes = writes.into_iter().peekable();
    while writes.peek().is_some() {
        let batch: Vec<Write> = writes.by_ref().take(BATCH).collect();
        task = Some(taking.append(task, by.clone(), kind, batch).await?);
        state.written();
    }
    let task = task.and_then(|task| taking.store.task(task));
    let task = task.ok_or(Problem::Internal)?;
    Ok(super::answered(StatusCode::ACCEPTED, tasks::summary(&task)))
}

/// How documents stand in a body.
#[derive(Debug, Clone, Copy)]
enum Listed {
    Json,
    Lines,
    Csv(u8),
}

impl Listed {
    fn of(http: &HttpRequest, delimiter: u8) -> Result<Self, Error> {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let all = "application/json、application/x-ndjson 或 text/csv";
        match media_type(http).as_deref() {
            Some("application/json") => Ok(Self::Json),
            Some("application/x-ndjson") => Ok(Self::Lines),
            Some("text/csv") => Ok(Self::Csv(delimiter)),
            Some(other) => {
                let message = format!("Content-Type 是 {}；应为 {all}", repeated(other));
                Err(Error::new(status, "invalid_content_type", message))
            }
            None => {
                let message = format!("没有 Content-Type 请求头；应为 {all}");
                Err(Error::new(status, "missing_content_type", message))
            }
        }
    }

    fn read(self, body: &[u8]) -> Result<Vec<Map<String, Value>>, Error> {
        let object = |value: Value| match value {
            Value::Object(object) => Ok(object),
            _ => Err(malformed("文档应为 JSON 对象")),
        };
        match self {
            Self::Json => match serde_json::from_slice(body).map_err(malformed)? {
                Value::Array(values) => values.into_iter().map(object).collect(),
                one => Ok(vec![object(one)?]),
            },
            Self::Lines => body
                .split(|byte| *byte == b'\n')
                .filter(|line| !line.trim_ascii().is_empty())
                .map(|line| object(serde_json::from_slice(line).map_err(malformed)?))
                .collect(),
            Self::Csv(delimiter) => super::csv::documents(body, delimiter).map_err(malformed),
        }
    }
}

fn delimiter(given: Option<&str>) -> Result<u8, Error> {
    match given.map(str::as_bytes) {
        None => Ok(b','),
        Some(&[one]) if one.is_ascii() && one != b'"' && one != b'\n' => Ok(one),
        Some(_) => Err(Error::bad(
            "invalid_document_csv_delimiter",
            "csvDelimiter 应为一个 ASCII 字符",
        )),
    }
}

/// What the documents ask for, each checked.
fn writes(
    documents: &[Map<String, Value>],
    key: &str,
    keeps: bool,
    access: &Authorized<Writing>,
    state: &State,
) -> Result<Vec<Write>, Error> {
    let taking = state.taking()?;
    if documents.len() > taking.max_reports {
        return Err(Problem::TooManyReports {
            most: taking.max_reports,
        }
        .into());
    }
    let mut writes = Vec::with_capacity(documents.len());
    for (place, document) in (1..).zip(documents) {
        let id = match document.get(key) {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            Some(_) => {
                let message = format!("第 {place} 个文档的 {key} 应为字符串或整数");
                return Err(Error::bad("invalid_document_id", message));
            }
            None => {
                let message = format!("第 {place} 个文档没有 {}", repeated(key));
                return Err(Error::bad("missing_document_id", message));
            }
        };
        check_id(&id, access, state)?;
        let mut record = record(document);
        if keeps && let Some(before) = taking.store.get(&id).map_err(Problem::from)? {
            if record.text.is_empty() {
                record.text = before.content.text;
            }
            record.given = record.given.or(before.content.given);
            record.name = record.name.or(before.content.name);
        }
        let content = content(record, taking.max_report).map_err(|why| {
            let message = format!("第 {place} 个文档（{}）：{why}", repeated(&id));
            Error::bad("invalid_document_fields", message)
        })?;
        writes.push(Write::put(&id, content));
    }
    Ok(writes)
}

/// A document as a report: what a passage has besides stands for what a report calls otherwise.
fn record(document: &Map<String, Value>) -> Record {
    let mut document = document.clone();
    if !document.contains_key("title")
        && let Some(title) = document.remove("report_title")
    {
        document.insert("title".to_owned(), title);
    }
    // Where it is read here is not where it was published.
    document.retain(|name, value| {
        name != "url"
            || !value
                .as_str()
                .is_some_and(|url| url.starts_with("/passages/"))
    });
    if let (Some(heading), Some(body)) = (
        document.get("heading").and_then(Value::as_str),
        document.get("body").and_then(Value::as_str),
    ) && !document.contains_key("text")
    {
        let text = format!("{heading}\n\n{body}");
        document.insert("text".to_owned(), json!(text));
    }
    Record::of(&document)
}
