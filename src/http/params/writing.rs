//! The parameters of requests that write, and that ask for tasks.

use std::time::Duration;

use super::{Given, bad};
use crate::corpus;
use crate::http::problem::Problem;
use crate::store::TaskState;

/// The longest that may be waited for a task.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// Tasks in an answer where the request names no number, and the most of them.
pub(in crate::http) const TASKS: usize = 20;
pub(in crate::http) const MAX_TASKS: usize = 1000;
/// What may be said in the address of a report that is sent.
const SAID: [&str; 8] = [
    "title",
    "region",
    "issuer",
    "document_number",
    "date",
    "year",
    "url",
    "name",
];

/// What is said of a report in the address it is sent to.
#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Told {
    /// What wins over what the report says.
    pub(in crate::http) given: corpus::Given,
    /// The name of the file.
    pub(in crate::http) name: Option<String>,
    /// How long the answer may wait for the task to end.
    pub(in crate::http) wait: Duration,
}

/// What is said of a report that is sent.
pub(in crate::http) fn told(pairs: &[(String, String)]) -> Result<Told, Problem> {
    let names: Vec<&str> = SAID.into_iter().chain(["wait"]).collect();
    let given = Given::new(pairs, &names)?;
    let text = |name| given.one(name).map(|value| value.map(str::to_owned));
    let year = given.one("year")?.map(|value| {
        let year = value
            .parse()
            .ok()
            .filter(|year| (1000..=9999).contains(year));
        year.ok_or_else(|| bad("year", value, "四位数的年份，如 2016"))
    });
    Ok(Told {
        given: corpus::Given {
            title: text("title")?,
            region: text("region")?,
            issuer: text("issuer")?,
            document_number: text("document_number")?,
            date: given.day("date")?.map(|date| date.to_string()),
            year: year.transpose()?,
            url: text("url")?,
        },
        name: text("name")?,
        wait: duration(&given)?,
    })
}

/// How long the answer may wait.
pub(in crate::http) fn wait(pairs: &[(String, String)]) -> Result<Duration, Problem> {
    duration(&Given::new(pairs, &["wait"])?)
}

/// Which tasks are asked for: those before a number, how many at most, in which state.
pub(in crate::http) fn task_list(
    pairs: &[(String, String)],
) -> Result<(Option<u64>, usize, Option<TaskState>), Problem> {
    let given = Given::new(pairs, &["before", "limit", "status"])?;
    let before = given.one("before")?.map(|value| {
        let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        // Before a number that no task can have are all of them.
        let before = is_number.then(|| value.parse().unwrap_or(u64::MAX));
        before.ok_or_else(|| bad("before", value, "任务编号，是一个整数"))
    });
    let state = given.one("status")?.map(|value| match value {
        "queued" => Ok(TaskState::Queued),
        "running" => Ok(TaskState::Running),
        "done" => Ok(TaskState::Done),
        "failed" => Ok(TaskState::Failed),
        _ => Err(bad("status", value, "queued、running、done 或 failed")),
    });
    let limit = given.number("limit", MAX_TASKS)?.unwrap_or(TASKS);
    Ok((before.transpose()?, limit, state.transpose()?))
}

/// A time such as `5s` or `500ms`.
fn duration(given: &Given<'_>) -> Result<Duration, Problem> {
    let Some(value) = given.one("wait")? else {
        return Ok(Duration::ZERO);
    };
    let number = |digits: &str| digits.parse::<u32>().ok();
    let wait = match value.strip_suffix("ms") {
        Some(digits) => number(digits).map(|ms| Duration::from_millis(ms.into())),
        None => value
            .strip_suffix('s')
            .and_then(number)
            .map(|seconds| Duration::from_secs(seconds.into())),
    };
    wait.filter(|wait| *wait <= MAX_WAIT).ok_or_else(|| {
        let most = MAX_WAIT.as_secs();
        bad("wait", value, &format!("如 5s 或 500ms，至多 {most}s"))
    })
}
