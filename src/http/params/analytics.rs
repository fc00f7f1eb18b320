//! Which days are asked for, and how much of each list.

use jiff::civil::Date as Day;
use jiff::{Span, ToSpan};

use super::{Given, bad};
use crate::date::Date;
use crate::http::problem::Problem;

/// Days where the request names none.
pub(in crate::http) const DAYS: i64 = 30;
/// The most days of one answer.
pub(in crate::http) const MAX_DAYS: i64 = 3660;
/// Lines of each list where the request names no number, and the most of them.
pub(in crate::http) const LINES: usize = 50;
pub(in crate::http) const MAX_LINES: usize = 1000;

/// How many days the owner's page shows.
pub(in crate::http) const RANGES: [i64; 4] = [1, 7, 30, 90];

/// What is asked of the owner's page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::http) struct Shown {
    /// How many days, one of [`RANGES`]; nothing where the address does not say.
    pub(in crate::http) days: Option<i64>,
    /// The query at hand.
    pub(in crate::http) query: String,
    /// Other words to find passages by.
    pub(in crate::http) with: String,
    /// What was done just now.
    pub(in crate::http) done: Option<String>,
}

/// What is asked of the owner's page, which shows one query where `one` says so.
pub(in crate::http) fn shown(pairs: &[(String, String)], one: bool) -> Result<Shown, Problem> {
    let names: &[&str] = if one {
        &["q", "with", "days", "done"]
    } else {
        &["days", "done"]
    };
    let given = Given::new(pairs, names)?;
    let days = given.one("days")?.map(|value| {
        let known = value.parse().ok().filter(|days| RANGES.contains(days));
        known.ok_or_else(|| bad("days", value, "1、7、30 或 90"))
    });
    let text = |name| given.one(name).map(|text| text.unwrap_or_default().trim());
    Ok(Shown {
        days: days.transpose()?,
        query: text("q")?.to_owned(),
        with: text("with")?.to_owned(),
        done: given.one("done")?.map(str::to_owned),
    })
}

/// What is asked of the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct Period {
    pub(in crate::http) from: Day,
    pub(in crate::http) to: Day,
    /// The most lines of each list.
    pub(in crate::http) limit: usize,
    /// Whether the queries are wanted as a table for spreadsheets.
    pub(in crate::http) as_csv: bool,
}

/// The days up to `to`, so many of them.
pub(in crate::http) fn since(to: Day, days: i64) -> Day {
    let span: Span = (days - 1).days();
    to.checked_sub(span).unwrap_or(to)
}

/// The counts that are asked for on the day `today`.
pub(in crate::http) fn period(pairs: &[(String, String)], today: Day) -> Result<Period, Problem> {
    let given = Given::new(pairs, &["from", "to", "limit", "format"])?;
    let day = |name| -> Result<Option<Day>, Problem> {
        let date: Option<Date> = given.day(name)?;
        Ok(date.and_then(|date| date.to_string().parse().ok()))
    };
    let to = day("to")?.unwrap_or(today);
    let from = day("from")?.unwrap_or_else(|| since(to, DAYS));
    if from > to || from < since(to, MAX_DAYS) {
        let allowed = format!("不晚于 to（{to}）的日期，至多 {MAX_DAYS} 天");
        return Err(bad("from", &from.to_string(), &allowed));
    }
    let as_csv = match given.one("format")? {
        None | Some("json") => false,
        Some("csv") => true,
        Some(value) => return Err(bad("format", value, "json 或 csv")),
    };
    Ok(Period {
        from,
        to,
        limit: given.number("limit", MAX_LINES)?.unwrap_or(LINES),
        as_csv,
    })
}
