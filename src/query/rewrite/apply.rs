//! Puts proposals into a query: which of its words they replace, and how it is then typed.

use super::{Proposal, is_ideograph};
use crate::analysis::Normalized;
use crate::query::{Clause, Form, Group, Query, Target};

/// Plain words that were typed one after another: the part of a query that is ever rewritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The first of its groups, and one past the last.
    groups: (usize, usize),
    /// Its words with a blank between each two.
    pub text: Normalized,
}

/// The stretches of `query` without quotes, fields, alternatives or exclusions.
#[must_use]
pub fn stretches(query: &Query) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    let mut close = |open: &mut Option<(usize, String)>, end: usize| {
        if let Some((start, text)) = open.take() {
            found.push(Stretch {
                groups: (start, end),
                text: Normalized::new(&text),
            });
        }
    };
    for (at, group) in query.groups.iter().enumerate() {
        match plain(group) {
            Some(words) => match &mut open {
                Some((_, text)) => {
                    text.push(' ');
                    text.push_str(words);
                }
                None => open = Some((at, words.to_owned())),
            },
            None => close(&mut open, at),
        }
    }
    close(&mut open, query.groups.len());
    found
}

fn plain(group: &Group) -> Option<&str> {
    match group.any.as_slice() {
        [
            Clause {
                target: Target::Anywhere,
                form: Form::Words(words),
            },
        ] => Some(words),
        _ => None,
    }
}

/// `query` with each stretch in the words of its text in `texts`, in the same order.
#[must_use]
pub fn replaced(query: &Query, stretches: &[Stretch], texts: &[String]) -> Query {
    let mut groups = Vec::new();
    let mut done = 0;
    for (stretch, text) in stretches.iter().zip(texts) {
        let (start, end) = stretch.groups;
        groups.extend(query.groups.get(done..start).unwrap_or_default().to_vec());
        if text == stretch.text.as_str() {
            groups.extend(query.groups.get(start..end).unwrap_or_default().to_vec());
        } else {
            groups.extend(text.split(' ').filter(|word| !word.is_empty()).map(|word| {
                let clause = Clause {
                    target: Target::Anywhere,
                    form: Form::Words(word.to_owned()),
                };
                Group { any: vec![clause] }
            }));
        }
        done = end;
    }
    groups.extend(query.groups.get(done..).unwrap_or_default().to_vec());
    Query {
        groups,
        excluded: query.excluded.clone(),
        has_syntax: query.has_syntax,
    }
}

/// `text` with `parts`, which do not overlap, put in the place of what they stand for.
#[must_use]
pub fn with_parts(text: &Normalized, parts: &[Proposal]) -> String {
    let chars: Vec<char> = text.as_str().chars().collect();
    let mut result = String::new();
    let mut done = 0;
    for part in parts.iter().filter(|part| part.end <= chars.len()) {
        if part.start < done {
            continue;
        }
        result.extend(chars.get(done..part.start).unwrap_or_default());
        result.push_str(&part.to);
        done = part.end;
    }
    result.extend(chars.get(done..).unwrap_or_default());
    result
}

/// `typed` with each of `parts` put in the place of what it stands for, for a reader to take over.
/// What is not found there, since it was folded, is left as it is.
#[must_use]
pub fn retyped(typed: &str, parts: &[Proposal]) -> String {
    let mut result = typed.to_owned();
    for part in parts {
        if let Some((start, end)) = place(&result, &part.from) {
            result.replace_range(start..end, &part.to);
        }
    }
    result
}

/// `typed` with `from` in quotation marks, so that it is looked for as it stands; nothing where
/// it does not stand there.
#[must_use]
pub fn quoted(typed: &str, from: &str) -> Option<String> {
    let (start, end) = place(typed, from)?;
    let before = typed.get(..start)?;
    let after = typed.get(end..)?;
    let blank = |needed: bool| if needed { " " } else { "" };
    Some(format!(
        "{before}{}\"{}\"{}{after}",
        blank(before.ends_with(|c: char| !c.is_whitespace() && !is_ideograph(c))),
        typed.get(start..end)?,
        blank(after.starts_with(|c: char| !c.is_whitespace() && !is_ideograph(c))),
    ))
}

/// The bytes of `typed` that fold to `from`.
fn place(typed: &str, from: &str) -> Option<(usize, usize)> {
    let normalized = Normalized::new(typed);
    let at = normalized.as_str().find(from)?;
    let start = normalized.as_str().get(..at)?.chars().count();
    let span = normalized.original(start..start + from.chars().count());
    (span.start < span.end).then_some((span.start, span.end))
}
