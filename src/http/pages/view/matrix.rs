//! Counts of one field against another as a table of links into the search.

use askama::Template;

use super::facets;
use crate::http::pages::frame::{Frame, Section};
use crate::http::pages::links::Links;
use crate::http::pages::text::{Texts, counted};
use crate::http::pages::visit::Visit;
use crate::search::{Axes, Facet, FacetValue, Matrix, Request};

/// The shades a cell may have, by its part of the greatest count.
const SHADES: u64 = 4;

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
    total: usize,
    left_out: Option<String>,
}

/// One side: what it is, what else it could be, and its values.
struct AxisView {
    label: &'static str,
    choices: Vec<(String, &'static str, bool)>,
    heads: Vec<CellView>,
}

struct RowView {
    head: CellView,
    cells: Vec<CellView>,
}

struct CellView {
    label: String,
    count: u64,
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
        let left_out: Vec<String> = [rows, cols]
            .into_iter()
            .filter(|axis| axis.distinct > axis.values.len())
            .map(|axis| {
                let rest = axis.distinct - axis.values.len();
                counted(
                    t.matrix_left_out,
                    rest as u64,
                    &[("facet", t.facet(axis.facet))],
                )
            })
            .collect();
        let text = request.text.trim();
        let total = matrix.answer.total;
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
            total,
            left_out: (!left_out.is_empty()).then(|| left_out.join("；")),
        }
    }
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
