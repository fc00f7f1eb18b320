//! `GET /tasks`, `/tasks/{uid}`: what became of each change that was asked for.
//!
//! Changes that take no time, such as settings that are as asked already, have tasks as well, since
//! clients wait for one. All such a task has to say stands in its number, so that none is kept.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::{Envelope, Error, repeated};
use super::given::{Given, Kind, Param};
use super::{UID, answered, moment, sent};
use crate::http::access::{Authorized, Write};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::store::{Task, TaskKind, TaskState};

/// From here on numbers are of tasks that took no time; those that are stored never get so far, and
/// clients whose numbers are floats still tell them apart.
const INSTANT: u64 = 8_000_000_000_000_000;

/// A change that takes no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instantly {
    SettingsUpdate,
    IndexUpdate,
    IndexCreation,
    /// A change of no documents.
    Nothing,
}

impl Instantly {
    const ALL: [Self; 4] = [
        Self::SettingsUpdate,
        Self::IndexUpdate,
        Self::IndexCreation,
        Self::Nothing,
    ];

    fn kind(self) -> &'static str {
        match self {
            Self::SettingsUpdate => "settingsUpdate",
            Self::IndexUpdate => "indexUpdate",
            Self::IndexCreation => "indexCreation",
            Self::Nothing => "documentDeletion",
        }
    }

    /// Why it failed.
    fn error(self) -> Option<Envelope> {
        (self == Self::IndexCreation).then(|| {
            let message = format!("索引 {UID} 已经存在");
            Error::bad("index_already_exists", message).envelope()
        })
    }

    fn number(self, at: Timestamp) -> u64 {
        let kind = Self::ALL.iter().position(|kind| *kind == self);
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        INSTANT + millis * Self::ALL.len() as u64 + kind.unwrap_or(0) as u64
    }

    fn of_number(number: u64) -> Option<(Self, Timestamp)> {
        let rest = number.checked_sub(INSTANT)?;
        let kinds = Self::ALL.len() as u64;
        let kind = Self::ALL.get(usize::try_from(rest % kinds).ok()?)?;
        let at = Timestamp::from_millisecond(i64::try_from(rest / kinds).ok()?).ok()?;
        Some((*kind, at))
    }

    /// The answer to whoever asked for it.
    pub(super) fn accepted(self) -> HttpResponse {
        // As precise as the number says it again.
        let now = Timestamp::now();
        let at = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        answered(
            StatusCode::ACCEPTED,
            json!({
                "taskUid": self.number(at),
                "indexUid": UID,
                "status": "enqueued",
                "type": self.kind(),
                "enqueuedAt": moment(at),
            }),
        )
    }

    fn task(self, number: u64, at: Timestamp) -> Value {
        let error = self.error();
        json!({
            "uid": number,
            "batchUid": number,
            "indexUid": UID,
            "status": if error.is_some() { "failed" } else { "succeeded" },
            "type": self.kind(),
            "canceledBy": null,
            "details": {},
            "error": error,
            "duration": "PT0S",
            "enqueuedAt": moment(at),
            "startedAt": moment(at),
            "finishedAt": moment(at),
        })
    }
}

const PARAMS: [Param; 7] = [
    ("limit", Kind::Whole, "invalid_task_limit"),
    ("from", Kind::Whole, "invalid_task_from"),
    ("uids", Kind::Words, "invalid_task_uids"),
    ("statuses", Kind::Words, "invalid_task_statuses"),
    ("types", Kind::Words, "invalid_task_types"),
    ("indexUids", Kind::Words, "invalid_index_uid"),
    ("reverse", Kind::Flag, "invalid_task_reverse"),
];
/// Tasks where the request names no number, and the most.
const LIMIT: usize = 20;
const MAX_LIMIT: usize = 1_000;
const STATUSES: [&str; 5] = ["enqueued", "processing", "succeeded", "failed", "canceled"];
/// The types of theirs; tasks here are of the first two.
const TYPES: [&str; 12] = [
    "documentAdditionOrUpdate",
    "documentDeletion",
    "documentEdition",
    "indexCreation",
    "indexUpdate",
    "indexDeletion",
    "indexSwap",
    "settingsUpdate",
    "taskCancelation",
    "taskDeletion",
    "dumpCreation",
    "snapshotCreation",
];

type Access = Result<Authorized<Write>, Problem>;

fn status(task: &Task) -> &'static str {
    match task.state {
        TaskState::Queued => "enqueued",
        TaskState::Running => "processing",
        TaskState::Done => "succeeded",
        TaskState::Failed => "failed",
    }
}

fn kind(task: &Task) -> &'static str {
    match task.kind {
        TaskKind::Put | TaskKind::Bulk => "documentAdditionOrUpdate",
        TaskKind::Delete => "documentDeletion",
    }
}

fn time(millis: u64) -> Option<String> {
    let millis = i64::try_from(millis).ok()?;
    Timestamp::from_millisecond(millis).ok().map(moment)
}

/// The answer to whoever asked for the task.
pub(super) fn summary(task: &Task) -> Value {
    json!({
        "taskUid": task.id,
        "indexUid": UID,
        "status": "enqueued",
        "type": kind(task),
        "enqueuedAt": time(task.enqueued_at),
    })
}

fn whole(task: &Task) -> Value {
    let ended = task.is_finished();
    let changed = ended.then_some(task.changed);
    let details = match task.kind {
        TaskKind::Delete => json!({
            "providedIds": task.reports,
            "deletedDocuments": changed,
            "originalFilter": null,
        }),
        TaskKind::Put | TaskKind::Bulk => json!({
            "receivedDocuments": task.reports,
            "indexedDocuments": changed,
        }),
    };
    let error = task.outcome.error.as_ref().map(|why| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Error::new(status, "internal", why.clone()).envelope()
    });
    let took = task.started_at.zip(task.finished_at).map(|(from, to)| {
        let millis = to.saturating_sub(from);
        format!("PT{}.{:03}S", millis / 1000, millis % 1000)
    });
    json!({
        "uid": task.id,
        "batchUid": task.started_at.map(|_| task.id),
        "indexUid": UID,
        "status": status(task),
        "type": kind(task),
        "canceledBy": null,
        "details": details,
        "error": error,
        "duration": took,
        "enqueuedAt": time(task.enqueued_at),
        "startedAt": task.started_at.and_then(time),
        "finishedAt": task.finished_at.and_then(time),
    })
}

/// One of `words` that is none of `known`, refused with `code`.
fn known(
    given: &Given,
    name: &str,
    known: &[&str],
    code: &'static str,
) -> Result<Option<Vec<String>>, Error> {
    let Some(words) = given.words(name).filter(|words| !words.contains(&"*")) else {
        return Ok(None);
    };
    if let Some(other) = words.iter().find(|word| !known.contains(word)) {
        let all = known.join("、");
        let message = format!("{name} 中的“{}”无效；应为：{all}", repeated(other));
        return Err(Error::bad(code, message));
    }
    Ok(Some(words.into_iter().map(str::to_owned).collect()))
}

pub(super) async fn list(
    http: HttpRequest,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    let given = Given::query(&http, &PARAMS)?;
    let limit = given.whole("limit").unwrap_or(LIMIT).min(MAX_LIMIT);
    let statuses = known(&given, "statuses", &STATUSES, "invalid_task_statuses")?;
    let types = known(&given, "types", &TYPES, "invalid_task_types")?;
    let indexes = given.words("indexUids");
    let is_here = indexes.is_none_or(|all| all.contains(&"*") || all.contains(&UID));
    let uids = given.words("uids").map(|uids| {
        let uids = uids.into_iter().map(number);
        uids.collect::<Result<Vec<u64>, Error>>()
    });
    let uids = uids.transpose()?;
    let store = &state.taking()?.store;
    let has = |of: &Option<Vec<String>>, word: &str| {
        of.as_ref()
            .is_none_or(|of| of.iter().any(|own| own == word))
    };
    let all = store.tasks(None, usize::MAX, None).into_iter();
    let mut all: Vec<Task> = all
        .filter(|task| is_here && access.sees(task))
        .filter(|task| has(&statuses, status(task)) && has(&types, kind(task)))
        .filter(|task| uids.as_ref().is_none_or(|uids| uids.contains(&task.id)))
        .collect();
    let total = all.len();
    let reversed = given.flag("reverse");
    if reversed {
        all.reverse();
    }
    if let Some(from) = given.whole("from") {
        let from = from as u64;
        all.retain(|task| {
            if reversed {
                task.id >= from
            } else {
                task.id <= from
            }
        });
    }
    let next = all.get(limit).map(|task| task.id);
    all.truncate(limit);
    Ok(sent(json!({
        "results": all.iter().map(whole).collect::<Vec<_>>(),
        "total": total,
        "limit": limit,
        "from": all.first().map(|task| task.id),
        "next": next,
    })))
}

fn number(text: &str) -> Result<u64, Error> {
    text.parse().map_err(|_| {
        let message = format!("任务的编号“{}”无效；应为非负整数", repeated(text));
        Error::bad("invalid_task_uids", message)
    })
}

pub(super) async fn one(
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    let number = uid.parse::<u64>().map_err(|_| {
        let message = format!("任务的编号“{}”无效；应为非负整数", repeated(&uid));
        Error::bad("invalid_task_uid", message)
    })?;
    if let Some((instantly, at)) = Instantly::of_number(number) {
        return Ok(sent(instantly.task(number, at)));
    }
    let intake = state.intake.as_ref();
    let task = intake.and_then(|taking| taking.store.task(number));
    let task = task.filter(|task| access.sees(task));
    task.map(|task| sent(whole(&task))).ok_or_else(|| {
        let message = format!("没有编号为 {number} 的任务");
        Error::new(StatusCode::NOT_FOUND, "task_not_found", message)
    })
}
