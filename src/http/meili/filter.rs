//! Meilisearch's filters as the filters of `search`.

mod parse;

pub(super) use parse::{Fault, MAX_CONDITIONS, Node, Test, parse};

use serde_json::Value;

use super::error::{Error, repeated};
use super::field::{Counts, Entry, Field};
use crate::analysis::Normalized;
use crate::http::problem::Problem;
use crate::index::Snapshot;
use crate::search::{self, Filter, Measured, Options, Request};

/// A filter that was read; which passages it lets through depends on the snapshot.
#[derive(Debug, Clone)]
pub(super) struct Read {
    node: Node,
    code: &'static str,
}

/// Reads a filter: a string, or strings within lists, of which the outer are joined by and, the
/// inner by or. What is wrong is refused with `code`.
pub(super) fn read(value: Option<&Value>, code: &'static str) -> Result<Option<Read>, Error> {
    let mut left = MAX_CONDITIONS;
    let node = match value {
        None => return Ok(None),
        Some(value) => joined(value, true, &mut left)
            .and_then(|node| node.as_ref().map_or(Ok(()), check).map(|()| node))
            .map_err(|fault| refused(code, &fault))?,
    };
    Ok(node.map(|node| Read { node, code }))
}

fn refused(code: &'static str, fault: &str) -> Error {
    Error::bad(code, format!("filter 无效：{fault}"))
}

fn joined(value: &Value, outer: bool, left: &mut usize) -> Result<Option<Node>, Fault> {
    match value {
        Value::String(text) => parse(text, left),
        Value::Array(parts) => {
            let mut nodes = Vec::new();
            for part in parts {
                nodes.extend(joined(part, false, left)?);
            }
            Ok(match (nodes.is_empty(), outer) {
                (true, _) => None,
                (false, true) => Some(Node::All(nodes)),
                (false, false) => Some(Node::Any(nodes)),
            })
        }
        // Types were checked when it came in.
        _ => Err("应为字符串".to_owned()),
    }
}

/// Whether all that is said is of fields it can be said of.
fn check(node: &Node) -> Result<(), Fault> {
    match node {
        Node::All(parts) | Node::Any(parts) => parts.iter().try_for_each(check),
        Node::Not(part) => check(part),
        Node::Is { field, test } => {
            let field = filtered(field)?;
            let number = |text: &String| number(field, text).map(drop);
            match test {
                Test::Equal(value) if field.measured().is_some() => number(value),
                Test::In(values) if field.measured().is_some() => {
                    values.iter().try_for_each(number)
                }
                Test::Greater(value)
                | Test::NotLess(value)
                | Test::Less(value)
                | Test::NotGreater(value) => number(value),
                Test::Within(from, to) => number(from).and_then(|()| number(to)),
                Test::Contains(_) | Test::StartsWith(_) if !field.is_counted() => Err(format!(
                    "{} 不能用 CONTAINS 或 STARTS WITH 筛选",
                    field.as_str()
                )),
                _ => Ok(()),
            }
        }
    }
}

fn filtered(name: &str) -> Result<Field, Fault> {
    Field::named(name)
        .filter(|field| field.is_filtered())
        .ok_or_else(|| {
            let all = Field::names(Field::is_filtered).join("、");
            format!("不能按“{}”筛选；可用的字段有：{all}", repeated(name))
        })
}

fn number(field: Field, text: &str) -> Result<(Measured, f64), Fault> {
    let Some(measured) = field.measured() else {
        let all = Field::names(|field| field.measured().is_some()).join("、");
        return Err(format!(
            "{} 不是数，不能比较大小；可比较的字段有：{all}",
            field.as_str()
        ));
    };
    let number = text.trim().parse::<f64>().ok();
    let number = number.filter(|number| number.is_finite());
    number.map(|number| (measured, number)).ok_or_else(|| {
        let name = field.as_str();
        format!("{name} 的值“{}”不是数", repeated(text))
    })
}

impl Read {
    /// The passages of `snapshot` that it lets through.
    pub(super) fn on(&self, snapshot: &Snapshot, options: &Options) -> Result<Filter, Problem> {
        compiled(&self.node, snapshot, options).map_err(|failure| match failure {
            Failure::Fault(fault) => {
                // All of it was checked when it was read.
                tracing::error!("筛选条件事后才发现无效：{}：{fault}", self.code);
                Problem::Internal
            }
            Failure::Problem(problem) => problem,
        })
    }
}

enum Failure {
    Fault(Fault),
    Problem(Problem),
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn compiled(node: &Node, snapshot: &Snapshot, options: &Options) -> Result<Filter, Failure> {
    let all = |parts: &[Node]| {
        let parts = parts.iter().map(|part| compiled(part, snapshot, options));
        parts.collect::<Result<Vec<_>, _>>()
    };
    Ok(match node {
        Node::All(parts) => Filter::All(all(parts)?),
        Node::Any(parts) => Filter::Any(all(parts)?),
        Node::Not(part) => Filter::Not(Box::new(compiled(part, snapshot, options)?)),
        Node::Is { field, test } => said(filtered(field)?, test, snapshot, options)?,
    })
}

fn said(
    field: Field,
    test: &Test,
    snapshot: &Snapshot,
    options: &Options,
) -> Result<Filter, Failure> {
    let equal = |text: &String| match number(field, text) {
        Ok((measured, number)) => between(measured, number.ceil(), number.floor()),
        Err(_) => field.is(snapshot, text),
    };
    let bounds = |text: &String| number(field, text);
    let open = f64::INFINITY;
    Ok(match test {
        Test::Equal(value) => equal(value),
        Test::In(values) => Filter::Any(values.iter().map(equal).collect()),
        Test::Greater(value) => {
            let (measured, number) = bounds(value)?;
            between(measured, number.floor() + 1.0, open)
        }
        Test::NotLess(value) => {
            let (measured, number) = bounds(value)?;
            between(measured, number.ceil(), open)
        }
        Test::Less(value) => {
            let (measured, number) = bounds(value)?;
            between(measured, 0.0, number.ceil() - 1.0)
        }
        Test::NotGreater(value) => {
            let (measured, number) = bounds(value)?;
            between(measured, 0.0, number.floor())
        }
        Test::Within(from, to) => {
            let (measured, from) = bounds(from)?;
            between(measured, from.ceil(), bounds(to)?.1.floor())
        }
        // Every document has every field.
        Test::Exists => Filter::All(Vec::new()),
        Test::Null if !field.is_list() => field.lacking(),
        Test::Empty if field.is_list() => field.lacking(),
        Test::Null | Test::Empty => Filter::Any(Vec::new()),
        Test::Contains(part) => {
            let wanted = Normalized::new(part);
            like(field, snapshot, options, |shown| {
                shown.contains(wanted.as_str())
            })?
        }
        Test::StartsWith(part) => {
            let wanted = Normalized::new(part);
            like(field, snapshot, options, |shown| {
                shown.starts_with(wanted.as_str())
            })?
        }
    })
}

/// Whole numbers between both, ends included.
fn between(measured: Measured, from: f64, to: f64) -> Filter {
    if to < 0.0 || from > to {
        return Filter::Any(Vec::new());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is too large or below zero becomes the nearest there is, which is meant"
    )]
    Filter::Between(measured, from as u64, to as u64)
}

/// The passages that have a value of the field of which `is` holds, folded as text is.
fn like(
    field: Field,
    snapshot: &Snapshot,
    options: &Options,
    is: impl Fn(&str) -> bool,
) -> Result<Filter, Failure> {
    let values = values(field, snapshot, options).map_err(Failure::Problem)?;
    let matching = values
        .into_iter()
        .filter(|entry| is(Normalized::new(&entry.shown).as_str()));
    Ok(Filter::Any(matching.map(|entry| entry.filter).collect()))
}

/// All values of a field in the snapshot.
fn values(field: Field, snapshot: &Snapshot, options: &Options) -> Result<Vec<Entry>, Problem> {
    let request = Request {
        facets: field.facets().to_vec(),
        per_page: 0,
        ..Request::default()
    };
    let counts: Counts = search::search(snapshot, &request, options)?.facets;
    Ok(field.entries(snapshot, &counts))
}
