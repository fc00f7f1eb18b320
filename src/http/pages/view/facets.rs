//! The values hits can be narrowed to, themes as the tree they are.

use crate::http::pages::SHOWN;
use crate::http::pages::links::Links;
use crate::http::pages::text::{Texts, counted, fill, grouped};
use crate::index::UNKNOWN_REGION;
use crate::report::Kind;
use crate::search::{Facet, FacetValue, Request, Response};
use crate::theme::PATH_SEPARATOR;

/// Facet values shown before the rest is folded away.
const FACET_SHOWN: usize = 10;

/// The most values a page lists of one facet, but for those that are chosen. A corpus may have
/// thousands of counties or offices, which nobody reads through and every page would carry.
const FACET_LISTED: usize = 50;

/// A facet beside the hits.
pub(super) struct FacetView {
    pub(super) facet: Facet,
    pub(super) label: &'static str,
    pub(super) open: bool,
    pub(super) shown: Vec<ValueView>,
    pub(super) more: Vec<ValueView>,
    /// What opens the rest.
    pub(super) more_label: String,
    /// What is said of those that are not listed.
    pub(super) left_out: Option<String>,
}

/// One value of a facet.
pub(super) struct ValueView {
    pub(super) label: String,
    pub(super) count: u64,
    pub(super) shown_count: String,
    pub(super) chosen: bool,
    pub(super) url: String,
    /// How deep it stands below the first level.
    pub(super) depth: usize,
    /// The values below it, at any depth, each after the one it is part of.
    pub(super) parts: Vec<ValueView>,
    /// What opens them.
    pub(super) parts_label: String,
    /// Whether they are shown at once.
    pub(super) open: bool,
}

/// The facets of an answer.
pub(super) fn views(
    request: &Request,
    response: &Response,
    links: &Links,
    t: &Texts,
) -> Vec<FacetView> {
    let mut facets: Vec<(Facet, &Vec<FacetValue>)> = SHOWN
        .iter()
        .filter_map(|facet| response.facets.get_key_value(facet))
        .map(|(facet, values)| (*facet, values))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    // Cities of all provinces at once help nobody; they open once the field is narrow.
    facets.retain(|(facet, values)| match facet {
        Facet::City | Facet::County => {
            values.len() <= FACET_SHOWN
                || request.filters.contains_key(&Facet::Province)
                || request.filters.contains_key(facet)
        }
        _ => true,
    });
    facets
        .into_iter()
        .map(|(facet, values)| {
            let mut views = tree(facet, values, links, t);
            let mut more = views.split_off(views.len().min(FACET_SHOWN));
            let all = more.len();
            let mut listed = FACET_SHOWN;
            more.retain(|value| {
                listed += 1;
                listed <= FACET_LISTED || value.chosen || value.open
            });
            let left_out = all - more.len();
            FacetView {
                facet,
                label: t.facet(facet),
                more_label: counted(t.more_values, all as u64, &[]),
                left_out: (left_out > 0).then(|| counted(t.values_left_out, left_out as u64, &[])),
                open: more.iter().any(|value| value.chosen || value.open),
                shown: views,
                more,
            }
        })
        .collect()
}

/// The values of the first level, each with those below it.
fn tree(facet: Facet, values: &[FacetValue], links: &Links, t: &Texts) -> Vec<ValueView> {
    let is_listed = |id: &String| values.iter().any(|value| value.value == *id);
    values
        .iter()
        .filter(|value| !value.parent.as_ref().is_some_and(is_listed))
        .map(|value| {
            let mut parts = Vec::new();
            below(facet, value, 1, values, (links, t), &mut parts);
            ValueView {
                open: value.selected || parts.iter().any(|part| part.chosen),
                parts_label: counted(t.parts, parts.len() as u64, &[]),
                parts,
                ..view(facet, value, 0, links, t)
            }
        })
        .collect()
}

fn below(
    facet: Facet,
    above: &FacetValue,
    depth: usize,
    values: &[FacetValue],
    (links, t): (&Links, &Texts),
    parts: &mut Vec<ValueView>,
) {
    for value in values {
        if value.parent.as_ref() == Some(&above.value) {
            parts.push(view(facet, value, depth, links, t));
            below(facet, value, depth + 1, values, (links, t), parts);
        }
    }
}

fn view(facet: Facet, value: &FacetValue, depth: usize, links: &Links, t: &Texts) -> ValueView {
    let is_division = matches!(facet, Facet::City | Facet::County);
    let label = label(facet, value, t);
    ValueView {
        label: if is_division && value.value != value.label && !value.parents.is_empty() {
            format!("{label}（{}）", value.parents.concat())
        } else {
            label
        },
        count: value.count,
        shown_count: grouped(value.count),
        chosen: value.selected,
        url: links.toggled(facet, &value.value, value.selected),
        depth,
        parts: Vec::new(),
        parts_label: String::new(),
        open: false,
    }
}

/// What a value is called: its own name, but for those that the service itself names.
pub(super) fn label(facet: Facet, value: &FacetValue, t: &Texts) -> String {
    match facet {
        Facet::Province if value.value == UNKNOWN_REGION => t.unknown_region.to_owned(),
        Facet::Year => fill(t.year, &[("year", &value.value)]),
        Facet::Kind => Kind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == value.value)
            .map_or_else(
                || value.label.clone(),
                |kind| t.part_of_report(kind).to_owned(),
            ),
        _ => value.label.clone(),
    }
}

/// What a value is called where it stands alone: a theme with those it is part of.
pub(super) fn name(facet: Facet, value: &FacetValue, t: &Texts) -> String {
    let own = label(facet, value, t);
    if facet == Facet::Theme && !value.parents.is_empty() {
        let above = value.parents.join(PATH_SEPARATOR);
        return format!("{above}{PATH_SEPARATOR}{own}");
    }
    own
}
