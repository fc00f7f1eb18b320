//! Counts of one field against another as a table of links into the search.

use askama::Template;

use super::super::links::Links;
use super::facets;
use crate::search::{Axes, Facet, FacetValue, Matrix, Request};

/// The shades a cell may have, by its part of the greatest count.
const SHADES: u64 = 4;

/// The matrix page.
#[derive(Template)]
#[template(path = "matrix.html", config = "src/http/askama.toml")]
pub(in crate::http::pages) struct MatrixPage {
    title: String,
    text: String,
    back: String,
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
        pairs: &[(String, String)],
    ) -> Self {
        let links = Links::new(pairs);
        let most = matrix.counts.iter().flatten().copied().max().unwrap_or(0);
        let cell = |value: Option<&FacetValue>, count: u64, url: String| CellView {
            label: value.map_or_else(String::new, |value| value.label.clone()),
            count,
            url,
            shade: (count * SHADES).div_ceil(most.max(1)),
        };
        let head = |facet: Facet, value: &FacetValue| CellView {
            label: facets::name(facet, value),
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
                format!("{}另有 {rest} 项未列出", axis.facet.label())
            })
            .collect();
        let text = request.text.trim();
        let total = matrix.answer.total;
        Self {
            title: "对照表 - 策搜".to_owned(),
            text: request.text.clone(),
            back: links.narrowed(&[]),
            summary: if text.is_empty() {
                format!("共 {total} 个段落")
            } else {
                format!("“{text}”，共 {total} 个段落")
            },
            rows: AxisView {
                label: rows.facet.label(),
                choices: choices(&links, "rows", axes.rows, axes.cols),
                heads: Vec::new(),
            },
            cols: AxisView {
                label: cols.facet.label(),
                choices: choices(&links, "cols", axes.cols, axes.rows),
                heads: cols
                    .values
                    .iter()
                    .filter(|value| is_shown(cols.facet, value))
                    .map(|value| head(cols.facet, value))
                    .collect(),
            },
            table,
            total,
            left_out: (!left_out.is_empty()).then(|| left_out.join("，")),
        }
    }
}

/// The fields a side may show; the other side's own is not among them.
fn choices(
    links: &Links,
    side: &str,
    chosen: Facet,
    other: Facet,
) -> Vec<(String, &'static str, bool)> {
    Facet::ALL
        .into_iter()
        .filter(|&facet| facet != other && facet != Facet::Report)
        .map(|facet| {
            let url = links.matrix(&[(side, facet.as_str())]);
            (url, facet.label(), facet == chosen)
        })
        .collect()
}
