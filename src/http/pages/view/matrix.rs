//! Counts of one field against another as a table of links into the search.

use std::cmp::Ordering;

use askama::Template;

use super::Chip;
use super::facets;
use super::search::Asked;
use super::understood::Reading;
use crate::http::pages::frame::{Frame, Section};
use crate::http::pages::links::Links;
use crate::http::pages::text::{Texts, counted, fill, grouped};
use crate::http::pages::visit::Visit;
use crate::index::UNKNOWN_REGION;
use crate::search::{Axes, Facet, FacetValue, Matrix, Request, Response};

/// The shades of cells with passages.
const SHADES: u64 = 5;

/// The matrix page.
#[derive(Template)]
#[template(path = "matrix.html", config = "src/http/askama.toml")]
pub(in crate::http::pages) struct MatrixPage {
    frame: Frame,
    t: &'static Texts,
    back: String,
    /// The matrix of everything.
    all: String,
    summary: String,
    rows: AxisView,
    cols: AxisView,
    table: Vec<RowView>,
    total: String,
    left_out: Option<String>,
    /// The same with rows and columns in each other's place.
    turned: String,
    /// The same with or without what has no passages.
    zeros: (&'static str, String),
    /// Each shade with the counts it stands for.
    legend: Vec<(u64, String)>,
    /// What the form carries along that rows are chosen by for comparing; nothing where they are
    /// no regions.
    comparing: Option<Vec<(String, String)>>,
    chips: Vec<Chip>,
    clear: String,
    readings: Vec<Reading>,
    meant: Option<(String, String)>,
    notices: Vec<String>,
}

/// One side: what it is, what else it could be, and its values.
struct AxisView {
    label: &'static str,
    choices: Vec<(String, &'static str, bool)>,
    heads: Vec<CellView>,
}

struct RowView {
    head: CellView,
    /// The name that a comparison asks for the row by; nothing where it is no region.
    region: Option<String>,
    cells: Vec<CellView>,
}

struct CellView {
    label: String,
    count: u64,
    shown_count: String,
    url: String,
    shade: u64,
}

impl MatrixPage {
    pub(in crate::http::pages) fn new(
        request: &Request,
        axes: Axes,
        matrix: &Matrix,
        visit: &Visit,
    ) -> Self {
        let t = Texts::of(visit.lang);
        let links = Links::new("/matrix", visit);
        let most = matrix.counts.iter().flatten().copied().max().unwrap_or(0);
        let cell = |value: Option<&FacetValue>, count: u64, url: String| CellView {
            label: value.map_or_else(String::new, |value| value.label.clone()),
            count,
            shown_count: grouped(count),
            url,
            shade: (count * SHADES).div_ceil(most.max(1)),
        };
        let head = |facet: Facet, value: &FacetValue| CellView {
            label: facets::name(facet, value, t),
            ..cell(
                Some(value),
                value.count,
                links.narrowed(&[(facet, &value.value)]),
            )
        };
        let (rows, cols) = (&matrix.rows, &matrix.cols);
        // Themes below the first level have their turn when one above them is chosen.
        let is_shown = |facet: Facet, value: &FacetValue| {
            let is_deep = facet == Facet::Theme && value.parent.is_some();
            !is_deep || request.filters.contains_key(&facet)
        };
        let table = rows
            .values
            .iter()
            .zip(&matrix.counts)
            .filter(|(row, _)| is_shown(rows.facet, row))
            .map(|(row, counts)| RowView {
                head: head(rows.facet, row),
                region: region(rows.facet, row),
                cells: cols
                    .values
                    .iter()
                    .zip(counts)
                    .filter(|(col, _)| is_shown(cols.facet, col))
                    .map(|(col, &count)| {
                        let both = [(rows.facet, &*row.value), (cols.facet, &*col.value)];
                        cell(None, count, links.narrowed(&both))
                    })
                    .collect(),
            })
            .collect();
        let Asked {
            chips,
            readings,
            meant,
            notices,
        } = asked(request, matrix, &links, t);
        let text = request.text.trim();
        let total = matrix.answer.total;
        let mut carried = links.carried_to_compare();
        carried.extend(links.lang_pair());
        Self {
            frame: Frame::new(visit, Some(Section::Matrix), t.matrix_title),
            t,
            back: links.narrowed(&[]),
            all: links.to("/matrix"),
            summary: if text.is_empty() {
                counted(t.found, total as u64, &[])
            } else {
                counted(t.matrix_found, total as u64, &[("text", text)])
            },
            rows: AxisView {
                label: t.facet(rows.facet),
                choices: choices(&links, t, "rows", axes.rows, axes.cols),
                heads: Vec::new(),
            },
            cols: AxisView {
                label: t.facet(cols.facet),
                choices: choices(&links, t, "cols", axes.cols, axes.rows),
                heads: cols
                    .values
                    .iter()
                    .filter(|value| is_shown(cols.facet, value))
                    .map(|value| head(cols.facet, value))
                    .collect(),
            },
            table,
            total: grouped(total as u64),
            left_out: left_out(matrix, t),
            turned: links.matrix(&[("rows", axes.cols.as_str()), ("cols", axes.rows.as_str())]),
            zeros: if axes.zeros {
                (t.matrix_without_zeros, links.with("zeros", None))
            } else {
                (t.matrix_zeros, links.with("zeros", Some("true")))
            },
            legend: legend(most),
            comparing: is_region(rows.facet).then_some(carried),
            chips,
            clear: links.unfiltered(),
            readings,
            meant,
            notices,
        }
    }
}

/// What was asked for, each value named as the sides name it.
fn asked(request: &Request, matrix: &Matrix, links: &Links, t: &Texts) -> Asked {
    let named = Response {
        facets: [&matrix.rows, &matrix.cols]
            .into_iter()
            .map(|axis| (axis.facet, axis.values.clone()))
            .collect(),
        ..matrix.answer.clone()
    };
    Asked::new(request, &named, links, t)
}

/// How many values have no place, where any have none.
fn left_out(matrix: &Matrix, t: &Texts) -> Option<String> {
    let left_out: Vec<String> = [&matrix.rows, &matrix.cols]
        .into_iter()
        .filter(|axis| axis.distinct > axis.values.len())
        .map(|axis| {
            let rest = axis.distinct - axis.values.len();
            let facet = [("facet", t.facet(axis.facet))];
            counted(t.matrix_left_out, rest as u64, &facet)
        })
        .collect();
    (!left_out.is_empty()).then(|| left_out.join("；"))
}

/// The shades in use, each with the counts it stands for. Cells are many and much alike, so shades
/// go by equal steps.
fn legend(most: u64) -> Vec<(u64, String)> {
    let shades = (1..=SHADES).filter_map(|shade| {
        let (from, to) = (most * (shade - 1) / SHADES + 1, most * shade / SHADES);
        let range = match from.cmp(&to) {
            Ordering::Less => format!("{}–{}", grouped(from), grouped(to)),
            Ordering::Equal => grouped(from),
            Ordering::Greater => return None,
        };
        Some((shade, range))
    });
    [(0, "0".to_owned())].into_iter().chain(shades).collect()
}

/// What the box before a region is called.
fn choose(t: &Texts, name: &str) -> String {
    fill(t.matrix_choose, &[("name", name)])
}

/// Whether its values are regions.
fn is_region(facet: Facet) -> bool {
    matches!(facet, Facet::Province | Facet::City | Facet::County)
}

/// The name that a comparison asks for a region by.
fn region(facet: Facet, value: &FacetValue) -> Option<String> {
    let is_known = is_region(facet) && value.value != UNKNOWN_REGION;
    is_known.then(|| value.parents.concat() + &value.label)
}

/// The fields a side may show; the other side's own is not among them.
fn choices(
    links: &Links,
    t: &Texts,
    side: &str,
    chosen: Facet,
    other: Facet,
) -> Vec<(String, &'static str, bool)> {
    Facet::ALL
        .into_iter()
        .filter(|&facet| facet != other && facet != Facet::Report)
        .map(|facet| {
            let url = links.matrix(&[(side, facet.as_str())]);
            (url, t.facet(facet), facet == chosen)
        })
        .collect()
}
