//! What a reader is told of how the query was read, each reading with the way back.

use crate::http::pages::links::Links;
use crate::http::pages::text::{Texts, fill};
use crate::query::rewrite::{self, RewriteKind};
use crate::search::{Request, Response, Rewrite};

/// The most other words that one reading names.
const NAMED: usize = 4;

/// How a stretch of the query was read.
pub(in crate::http::pages) struct Reading {
    /// By what rule.
    pub(super) how: &'static str,
    /// What it was read as.
    pub(super) what: String,
    /// The search without it.
    pub(super) url: Option<String>,
    /// What that does.
    pub(super) title: String,
    /// What may be made of it.
    pub(super) offer: Option<(String, String)>,
}

/// How the query was read otherwise than it was typed: errors and pinyin first, then figures,
/// regions, and other ways to say the same.
pub(super) fn readings(
    request: &Request,
    response: &Response,
    links: &Links,
    t: &Texts,
) -> Vec<Reading> {
    let as_typed = |rewrite: &Rewrite| match &rewrite.original {
        Some(original) => links.with("q", Some(original)),
        None => links.with("rewrites", Some("false")),
    };
    let reading = |how, from: &str, what, url| Reading {
        how,
        what,
        url,
        title: fill(t.as_typed, &[("from", from)]),
        offer: None,
    };
    let mut readings = Vec::new();
    for rewrite in &response.rewrites {
        let how = match rewrite.kind {
            RewriteKind::Pinyin => t.read_pinyin,
            RewriteKind::Typo => t.read_typo,
            _ => continue,
        };
        let (from, to) = (&rewrite.from, &rewrite.to);
        let what = format!("{from} → {to}");
        readings.push(reading(how, from, what, Some(as_typed(rewrite))));
    }
    let bounds = response.rewrites.iter().zip(&response.quantities);
    for (rewrite, condition) in bounds {
        if rewrite.kind == RewriteKind::Quantity {
            let url = Some(as_typed(rewrite));
            readings.push(reading(
                t.read_quantity,
                &rewrite.from,
                condition.label(),
                url,
            ));
        }
    }
    for named in &response.regions {
        let (facet, value) = &named.filter;
        let name = named.region.full_name();
        let literal = rewrite::quoted(&request.text, &named.text);
        let is_chosen = request
            .filters
            .get(facet)
            .is_some_and(|chosen| chosen.contains(value));
        let first = fill(t.region_first, &[("name", &name)]);
        readings.push(Reading {
            offer: (!is_chosen).then(|| {
                let label = fill(t.region_only, &[("name", &name)]);
                (label, links.toggled(*facet, value, false))
            }),
            ..reading(
                t.read_region,
                &named.text,
                first,
                literal.map(|text| links.with("q", Some(&text))),
            )
        });
    }
    readings.extend(beside(response, t, &as_typed));
    readings
}

/// Other ways to say what was typed, those of one stretch together.
fn beside(response: &Response, t: &Texts, as_typed: &dyn Fn(&Rewrite) -> String) -> Vec<Reading> {
    let mut gathered: Vec<(&Rewrite, Vec<&str>)> = Vec::new();
    for rewrite in &response.rewrites {
        if !matches!(rewrite.kind, RewriteKind::Synonym | RewriteKind::Number) {
            continue;
        }
        let same = |(other, _): &&mut (&Rewrite, Vec<&str>)| {
            other.kind == rewrite.kind && other.from == rewrite.from
        };
        match gathered.iter_mut().find(same) {
            Some((_, others)) => others.push(&rewrite.to),
            None => gathered.push((rewrite, vec![&rewrite.to])),
        }
    }
    gathered
        .into_iter()
        .map(|(rewrite, others)| {
            let more = if others.len() > NAMED {
                t.and_others
            } else {
                ""
            };
            let named = others.get(..NAMED).unwrap_or(&others).join("、");
            let from = &rewrite.from;
            Reading {
                how: match rewrite.kind {
                    RewriteKind::Number => t.read_number,
                    _ => t.read_synonym,
                },
                what: format!("{from} = {named}{more}"),
                url: Some(as_typed(rewrite)),
                title: fill(t.as_typed, &[("from", from)]),
                offer: None,
            }
        })
        .collect()
}
