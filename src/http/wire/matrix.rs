//! Counts of one field against another, as they are sent.

use schemars::JsonSchema;
use serde::Serialize;

use super::{FacetAnswer, QueryEcho};
use crate::search::{Axis, Matrix, Request};

/// The answer of a matrix.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct MatrixAnswer {
    query: QueryEcho,
    /// How many passages there are in all; what the search itself says.
    total: usize,
    took_ms: f64,
    rows: AxisAnswer,
    cols: AxisAnswer,
    /// For each row, the count of each column.
    counts: Vec<Vec<u64>>,
    /// How many passages bear each row's value. A passage with several columns' values counts once.
    row_totals: Vec<u64>,
    /// How many passages bear each column's value.
    col_totals: Vec<u64>,
}

#[derive(Serialize, JsonSchema)]
struct AxisAnswer {
    facet: &'static str,
    label: &'static str,
    /// How many values there were before the limit.
    distinct: usize,
    values: Vec<FacetAnswer>,
}

impl MatrixAnswer {
    pub(in crate::http) fn new(request: &Request, matrix: Matrix, took_ms: f64) -> Self {
        let totals = |axis: &Axis| axis.values.iter().map(|value| value.count).collect();
        Self {
            query: QueryEcho::new(request, &matrix.answer),
            total: matrix.answer.total,
            took_ms,
            row_totals: totals(&matrix.rows),
            col_totals: totals(&matrix.cols),
            rows: AxisAnswer::new(matrix.rows),
            cols: AxisAnswer::new(matrix.cols),
            counts: matrix.counts,
        }
    }
}

impl AxisAnswer {
    fn new(axis: Axis) -> Self {
        Self {
            facet: axis.facet.as_str(),
            label: axis.facet.label(),
            distinct: axis.distinct,
            values: axis.values.into_iter().map(FacetAnswer::new).collect(),
        }
    }
}
