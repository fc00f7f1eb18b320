//! Query strings to requests; whatever is not known or not allowed is refused by name.

mod analytics;
mod compare;
mod writing;

use std::collections::BTreeMap;

pub(super) use analytics::{DAYS, LINES, MAX_LINES, RANGES, Shown, period, shown, since};
pub(super) use compare::{LISTED, MOST_LISTED, comparison};

use super::problem::Problem;
use super::state::State;
use super::wire::Format;
use crate::date::Date;
use crate::quantity::Condition;
use crate::search::{Axes, Dates, Facet, Match, Request, Sort};
pub(super) use writing::{MAX_TASKS, TASKS, Told, task_list, told, wait};

/// The most values one field may be filtered by.
pub(super) const MAX_VALUES: usize = 100;
/// The most conditions on figures.
pub(super) const MAX_QUANTITIES: usize = 10;
/// The most hits on a page.
pub(super) const MAX_PER_PAGE: usize = 100;
/// The most completions, and how many are given where the request names no number.
pub(super) const MAX_SUGGESTIONS: usize = 20;
pub(super) const SUGGESTIONS: usize = 8;
/// Characters of a name or value that a refusal repeats.
const REPEATED_CHARS: usize = 100;
/// What may be asked of a search besides filters.
const PLAIN: [&str; 12] = [
    "q",
    "match",
    "rewrites",
    "facets",
    "sort",
    "group",
    "page",
    "per_page",
    "explain",
    "quantity",
    "date_from",
    "date_to",
];

/// Whether a search is counted for the site owner.
const ANALYTICS: &str = "analytics";

/// What may be asked of a search only where its hits are shown page by page.
const PAGED: [&str; 5] = ["facets", "group", "page", "per_page", "explain"];
/// Rows and columns of a matrix where the request names no number, and the most of them.
pub(super) const CELLS: usize = 50;
pub(super) const MAX_CELLS: usize = 1000;
/// The most hits of an export that names a limit.
pub(super) const MAX_EXPORT: usize = 10_000_000;

/// The parameters of a search in the order they may be given.
fn search_names() -> Vec<&'static str> {
    PLAIN
        .into_iter()
        .chain(Facet::ALL.map(Facet::as_str))
        .collect()
}

/// The decoded pairs of a query string; bytes that are no UTF-8 become U+FFFD.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// The search that the pairs of a query string ask for.
pub(super) fn search(pairs: &[(String, String)], state: &State) -> Result<Request, Problem> {
    let given = searched(pairs)?;
    counted(&given)?;
    request(&given, state)
}

/// Whether the search that the pairs of a query string ask for may be counted for the site owner.
pub(super) fn counts(pairs: &[(String, String)]) -> Result<bool, Problem> {
    counted(&searched(pairs)?)
}

fn searched(pairs: &[(String, String)]) -> Result<Given<'_>, Problem> {
    let mut names = search_names();
    names.push(ANALYTICS);
    Given::new(pairs, &names)
}

fn counted(given: &Given<'_>) -> Result<bool, Problem> {
    Ok(given.flag(ANALYTICS)?.unwrap_or(true))
}

/// The search whose hits are a feed: the newest first, unless another order is asked for.
pub(super) fn feed(pairs: &[(String, String)], state: &State) -> Result<Request, Problem> {
    let mut names = search_names();
    names.retain(|name| !matches!(*name, "facets" | "group" | "explain"));
    let given = Given::new(pairs, &names)?;
    let mut request = request(&given, state)?;
    request.facets = Vec::new();
    if given.one("sort")?.is_none() {
        request.sort = Sort::Date;
    }
    Ok(request)
}

/// The search whose hits are counted by two fields, and by which.
pub(super) fn matrix(
    pairs: &[(String, String)],
    state: &State,
) -> Result<(Request, Axes), Problem> {
    let own = ["rows", "cols", "rows_limit", "cols_limit", "zeros"];
    let names = unpaged(&own, &["sort"]);
    let given = Given::new(pairs, &names)?;
    let side = |name: &'static str, usual: Facet| match given.one(name)? {
        None => Ok(usual),
        Some(value) => Facet::named(value).ok_or_else(|| {
            let all = Facet::ALL.map(Facet::as_str).join("、");
            bad(name, value, &format!("{all} 之一"))
        }),
    };
    let rows = side("rows", Facet::Province)?;
    let usual = if rows == Facet::Theme {
        Facet::Province
    } else {
        Facet::Theme
    };
    let cols = side("cols", usual)?;
    if rows == cols {
        return Err(bad("cols", cols.as_str(), "与 rows 不同的另一项"));
    }
    let axes = Axes {
        rows,
        cols,
        rows_limit: given.number("rows_limit", MAX_CELLS)?.unwrap_or(CELLS),
        cols_limit: given.number("cols_limit", MAX_CELLS)?.unwrap_or(CELLS),
        zeros: given.flag("zeros")?.unwrap_or(false),
    };
    Ok((request(&given, state)?, axes))
}

/// The search whose hits are counted by province.
pub(super) fn map(pairs: &[(String, String)], state: &State) -> Result<Request, Problem> {
    let names = unpaged(&[], &["sort"]);
    request(&Given::new(pairs, &names)?, state)
}

/// The search whose hits are all sent, in which form, and how many at most.
pub(super) fn export(
    pairs: &[(String, String)],
    state: &State,
) -> Result<(Request, Format, Option<usize>), Problem> {
    let names = unpaged(&["format", "limit"], &[]);
    let given = Given::new(pairs, &names)?;
    let format = match given.one("format")? {
        None => Format::Csv,
        Some(value) => {
            Format::named(value).ok_or_else(|| bad("format", value, "csv、jsonl 或 md"))?
        }
    };
    let limit = given.number("limit", MAX_EXPORT)?;
    Ok((request(&given, state)?, format, limit))
}

/// The parameters of a search that has no pages, with `own` ones and without others.
fn unpaged(own: &[&'static str], without: &[&str]) -> Vec<&'static str> {
    search_names()
        .into_iter()
        .filter(|name| !PAGED.contains(name) && !without.contains(name))
        .chain(own.iter().copied())
        .collect()
}

fn request(given: &Given<'_>, state: &State) -> Result<Request, Problem> {
    let mut request = Request {
        per_page: state.per_page,
        facets: vec![Facet::Province, Facet::Theme],
        ..Request::default()
    };
    if let Some(text) = given.one("q")? {
        text.clone_into(&mut request.text);
    }
    if let Some(value) = given.one("match")? {
        request.matching = match value {
            "smart" => Match::Smart,
            "exact" => Match::Exact,
            _ => return Err(bad("match", value, "smart 或 exact")),
        };
    }
    if let Some(value) = given.one("sort")? {
        request.sort = Sort::ALL
            .into_iter()
            .find(|sort| sort.as_str() == value)
            .ok_or_else(|| {
                bad(
                    "sort",
                    value,
                    "relevance、region、document、quantity 或 date",
                )
            })?;
    }
    if let Some(value) = given.one("group")? {
        if value != "report" {
            return Err(bad("group", value, "report"));
        }
        request.by_report = true;
    }
    request.quantities = quantities(&given.all("quantity"))?;
    if request.sort == Sort::Quantity && request.quantities.is_empty() {
        let needed = "有 quantity 条件时才能按数值排序，如 quantity=money>=10亿元";
        return Err(bad("sort", request.sort.as_str(), needed));
    }
    request.dates = Dates {
        from: given.day("date_from")?,
        to: given.day("date_to")?,
    };
    if let Some(rewrites) = given.flag("rewrites")? {
        request.rewrites = rewrites;
    }
    if let Some(explain) = given.flag("explain")? {
        request.explain = explain;
    }
    if let Some(value) = given.one("facets")? {
        request.facets = facets(value)?;
    }
    if let Some(per_page) = given.number("per_page", MAX_PER_PAGE)? {
        request.per_page = per_page;
    }
    let pages = (state.max_depth / request.per_page).max(1);
    if let Some(page) = given.number("page", pages)? {
        request.page = page;
    }
    for facet in Facet::ALL {
        let values = given.all(facet.as_str());
        if values.is_empty() {
            continue;
        }
        check_values(facet, &values)?;
        request
            .filters
            .insert(facet, values.into_iter().map(str::to_owned).collect());
    }
    Ok(request)
}

/// The conditions on figures that the values of `quantity` are.
fn quantities(values: &[&str]) -> Result<Vec<Condition>, Problem> {
    if values.len() > MAX_QUANTITIES {
        let given = format!("{} 个条件", values.len());
        let allowed = format!("至多 {MAX_QUANTITIES} 个条件");
        return Err(bad("quantity", &given, &allowed));
    }
    values
        .iter()
        .map(|value| Condition::parse(value).map_err(|allowed| bad("quantity", value, &allowed)))
        .collect()
}

/// The page and page length that a listing is asked for.
pub(super) fn listing(
    pairs: &[(String, String)],
    per_page: usize,
    max_depth: usize,
) -> Result<(usize, usize), Problem> {
    let given = Given::new(pairs, &["page", "per_page"])?;
    let per_page = given.number("per_page", MAX_PER_PAGE)?.unwrap_or(per_page);
    let page = given
        .number("page", (max_depth / per_page).max(1))?
        .unwrap_or(1);
    Ok((page, per_page))
}

/// What was typed, and how many completions of it are asked for.
pub(super) fn suggest(pairs: &[(String, String)]) -> Result<(String, usize), Problem> {
    let given = Given::new(pairs, &["q", "limit"])?;
    let limit = given
        .number("limit", MAX_SUGGESTIONS)?
        .unwrap_or(SUGGESTIONS);
    Ok((given.one("q")?.unwrap_or_default().to_owned(), limit))
}

/// How many answers are asked for, at most `most`; nothing where that is left open.
pub(super) fn limit(pairs: &[(String, String)], most: usize) -> Result<Option<usize>, Problem> {
    Given::new(pairs, &["limit"])?.number("limit", most)
}

/// Refuses any parameter.
pub(super) fn none(pairs: &[(String, String)]) -> Result<(), Problem> {
    Given::new(pairs, &[]).map(|_| ())
}

fn facets(list: &str) -> Result<Vec<Facet>, Problem> {
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            Facet::named(name).ok_or_else(|| {
                let all = Facet::ALL.map(Facet::as_str).join("、");
                bad("facets", name, &format!("以逗号分隔的 {all}"))
            })
        })
        .collect()
}

fn check_values(facet: Facet, values: &[&str]) -> Result<(), Problem> {
    let name = facet.as_str();
    if values.len() > MAX_VALUES {
        let given = format!("{} 个值", values.len());
        return Err(bad(name, &given, &format!("至多 {MAX_VALUES} 个值")));
    }
    for value in values {
        facet
            .check(value)
            .map_err(|allowed| bad(name, value, &allowed))?;
    }
    Ok(())
}

/// The parameters of one request, all of known names.
struct Given<'a>(BTreeMap<&'a str, Vec<&'a str>>);

impl<'a> Given<'a> {
    fn new(pairs: &'a [(String, String)], known: &[&str]) -> Result<Self, Problem> {
        let mut given: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, value) in pairs {
            if !known.contains(&name.as_str()) {
                return Err(unknown(name, known));
            }
            given.entry(name).or_default().push(value);
        }
        Ok(Self(given))
    }

    fn all(&self, name: &str) -> Vec<&'a str> {
        self.0.get(name).cloned().unwrap_or_default()
    }

    fn one(&self, name: &'static str) -> Result<Option<&'a str>, Problem> {
        match self.0.get(name).map_or(&[][..], Vec::as_slice) {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(Problem::RepeatedParameter { name }),
        }
    }

    fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        self.one(name)?
            .map(|value| match value {
                "true" => Ok(true),
                "false" => Ok(false),
                _ => Err(bad(name, value, "true 或 false")),
            })
            .transpose()
    }

    /// A day of the calendar.
    fn day(&self, name: &'static str) -> Result<Option<Date>, Problem> {
        self.one(name)?
            .map(|value| Date::parse(value).ok_or_else(|| bad(name, value, "日期，如 2016-11-24")))
            .transpose()
    }

    /// A whole number from 1 to `most`.
    fn number(&self, name: &'static str, most: usize) -> Result<Option<usize>, Problem> {
        self.one(name)?
            .map(|value| {
                value
                    .parse()
                    .ok()
                    .filter(|number| (1..=most).contains(number))
                    .ok_or_else(|| bad(name, value, &format!("1 至 {most} 的整数")))
            })
            .transpose()
    }
}

fn bad(name: &str, value: &str, allowed: &str) -> Problem {
    Problem::BadParameter {
        name: name.to_owned(),
        value: value.chars().take(REPEATED_CHARS).collect(),
        allowed: allowed.to_owned(),
    }
}

fn unknown(name: &str, known: &[&str]) -> Problem {
    let nearest = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .min()
        .filter(|&(distance, known)| distance <= known.len().div_ceil(2))
        .map(|(_, known)| (*known).to_owned());
    Problem::UnknownParameter {
        name: name.chars().take(REPEATED_CHARS).collect(),
        nearest,
        allowed: known.join("、"),
    }
}
