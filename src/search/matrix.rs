//! Counts of one field against another: which province speaks of which theme, how often.
//!
//! Everything agrees with what a search would say. The total is the search's own; a row's total is
//! that of the search with the row's value as filter, a column's likewise, and a cell's count that
//! of the search with both. A passage may bear several themes, so the cells of a row may add up to
//! more than its total, and where it bears none, to less. A field that is filtered shows the values
//! filtered for, and the themes below them, only: all others would count what the filter lets in by
//! chance.
//!
//! Invariant: held against searching cell by cell (`tests/matrix.rs`).

use std::collections::{BTreeMap, HashMap};

use tantivy::collector::{Collector, Count, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use super::facets::{self, Counter, Counts};
use super::filter::{engine_filters, narrow};
use super::understand::Understood;
use super::{
    Chosen, Facet, FacetValue, Options, Request, Response, choose, read, region_named, scope,
};
use crate::index::{self, Snapshot};

/// The most cells that are counted in a table; more of them are counted as they come up.
const DENSE_CELLS: usize = 1 << 20;

/// What is counted against what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Axes {
    /// The field down the side.
    pub rows: Facet,
    /// The field across the top; another one.
    pub cols: Facet,
    /// The most rows, those with most passages first.
    pub rows_limit: usize,
    /// The most columns, those with most passages first.
    pub cols_limit: usize,
    /// Whether values that the index has and no passage found bears are there too.
    pub zeros: bool,
}

/// One side of a matrix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Axis {
    /// The field.
    pub facet: Facet,
    /// Its values, most frequent first; each count is of the passages that bear the value.
    pub values: Vec<FacetValue>,
    /// How many values there were before the limit.
    pub distinct: usize,
}

/// Counts of one field against another.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// What the search itself answers, without hits and facets.
    pub answer: Response,
    /// Down the side.
    pub rows: Axis,
    /// Across the top.
    pub cols: Axis,
    /// For each row, the count of each column.
    pub counts: Vec<Vec<u64>>,
}

/// Counts the passages that `request` finds, by the values of two fields.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn matrix(
    snapshot: &Snapshot,
    request: &Request,
    options: &Options,
    axes: &Axes,
) -> Result<Matrix, index::Error> {
    let searcher = snapshot.searcher();
    let Understood {
        compiled,
        complete,
        rewrites,
        did_you_mean,
        regions,
        conditions,
        unmet,
    } = read(snapshot, request, options)?;
    let Chosen { query, relaxed, .. } = choose(snapshot, request, &compiled, complete, options)?;
    let filters = engine_filters(snapshot, request);
    let narrowed = narrow(&*query, &filters, None);
    let both = [axes.rows, axes.cols];
    let (total, mut counts, cells) =
        searcher.search(&narrowed, &(Count, Counter::new(&both), Pairs { of: both }))?;
    if axes.zeros {
        for (facet, all) in searcher.search(&*scope::all(snapshot), &Counter::new(&both))? {
            let counted = counts.entry(facet).or_default();
            for key in all.into_keys() {
                counted.entry(key).or_default();
            }
        }
    }
    let side = |facet: Facet, limit: usize| {
        let counted = counts.get(&facet).cloned().unwrap_or_default();
        Side::new(snapshot, request, facet, counted, limit)
    };
    let rows = side(axes.rows, axes.rows_limit);
    let cols = side(axes.cols, axes.cols_limit);
    let mut table = vec![vec![0; cols.axis.values.len()]; rows.axis.values.len()];
    for ((row, col), count) in cells {
        if let (Some(&row), Some(&col)) = (rows.places.get(&row), cols.places.get(&col)) {
            table[row][col] = count;
        }
    }
    Ok(Matrix {
        answer: Response {
            total,
            reports: None,
            rewrites,
            did_you_mean,
            regions: regions
                .into_iter()
                .filter_map(|named| region_named(snapshot, named))
                .collect(),
            quantities: conditions,
            unmet_quantities: unmet,
            relaxed,
            truncated: compiled.truncated,
            hits: Vec::new(),
            facets: BTreeMap::new(),
        },
        rows: rows.axis,
        cols: cols.axis,
        counts: table,
    })
}

/// One side, and where each value of the index's columns stands on it.
struct Side {
    axis: Axis,
    places: HashMap<String, usize>,
}

impl Side {
    fn new(
        snapshot: &Snapshot,
        request: &Request,
        facet: Facet,
        counted: Counts,
        limit: usize,
    ) -> Self {
        let filtered = request.filters.get(&facet);
        let selected = filtered.map_or(&[][..], Vec::as_slice);
        // Two divisions may be shown alike; the values of the columns tell them apart.
        let mut values: Vec<(Option<String>, FacetValue)> = counted
            .into_iter()
            .map(|(key, count)| {
                let value = facets::value(snapshot, facet, &key, count, selected);
                (Some(key), value)
            })
            .filter(|(key, value)| {
                filtered.is_none()
                    || value.selected
                    || is_below(snapshot, facet, key.as_deref(), selected)
            })
            .collect();
        let all: Vec<FacetValue> = values.iter().map(|(_, value)| value.clone()).collect();
        let missing = facets::missing(snapshot, facet, &all, selected);
        values.extend(missing.into_iter().map(|value| (None, value)));
        values.sort_by(|(_, left), (_, right)| facets::order(left, right));
        let distinct = values.len();
        values.truncate(limit);
        Self {
            places: values
                .iter()
                .enumerate()
                .filter_map(|(at, (key, _))| Some((key.clone()?, at)))
                .collect(),
            axis: Axis {
                facet,
                values: values.into_iter().map(|(_, value)| value).collect(),
                distinct,
            },
        }
    }
}

/// Whether a theme is part of one of those filtered for.
fn is_below(snapshot: &Snapshot, facet: Facet, key: Option<&str>, selected: &[String]) -> bool {
    facet == Facet::Theme
        && key.is_some_and(|id| {
            let above = snapshot.themes_above(id);
            above.iter().any(|(id, _)| selected.contains(id))
        })
}

/// Counts the passages that bear a value of one field and a value of another, in one pass.
struct Pairs {
    of: [Facet; 2],
}

type Cells = HashMap<(String, String), u64>;

struct SegmentPairs {
    columns: [Values; 2],
    counts: Cellwise,
    /// The values of the passage at hand.
    held: [Vec<u64>; 2],
}

enum Values {
    /// By ordinal in the segment's dictionary.
    Words(StrColumn),
    Numbers(Column<u64>),
    /// No passage of the segment has a value.
    None,
}

enum Cellwise {
    /// A table of so many columns.
    Dense(usize, Vec<u64>),
    Sparse(HashMap<(u64, u64), u64>),
}

impl Collector for Pairs {
    type Fruit = Cells;
    type Child = SegmentPairs;

    fn for_segment(
        &self,
        _: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<SegmentPairs> {
        let open = |facet: Facet| -> tantivy::Result<Values> {
            let columns = reader.fast_fields();
            let values = if facet.is_number() {
                columns.column_opt(facet.column())?.map(Values::Numbers)
            } else {
                columns.str(facet.column())?.map(Values::Words)
            };
            Ok(values.unwrap_or(Values::None))
        };
        let [rows, cols] = self.of;
        let columns = [open(rows)?, open(cols)?];
        let counts = match &columns {
            [Values::Words(rows), Values::Words(cols)]
                if rows.num_terms().saturating_mul(cols.num_terms()) <= DENSE_CELLS =>
            {
                let width = cols.num_terms();
                Cellwise::Dense(width, vec![0; rows.num_terms() * width])
            }
            _ => Cellwise::Sparse(HashMap::new()),
        };
        Ok(SegmentPairs {
            columns,
            counts,
            held: [Vec::new(), Vec::new()],
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, segments: Vec<tantivy::Result<Cells>>) -> tantivy::Result<Cells> {
        let mut merged = Cells::new();
        for segment in segments {
            for (cell, count) in segment? {
                *merged.entry(cell).or_default() += count;
            }
        }
        Ok(merged)
    }
}

impl SegmentCollector for SegmentPairs {
    type Fruit = tantivy::Result<Cells>;

    fn collect(&mut self, doc: DocId, _: Score) {
        for (column, held) in self.columns.iter().zip(&mut self.held) {
            held.clear();
            match column {
                Values::Words(column) => held.extend(column.term_ords(doc)),
                Values::Numbers(column) => held.extend(column.values_for_doc(doc)),
                Values::None => {}
            }
        }
        let [rows, cols] = &self.held;
        for &row in rows {
            for &col in cols {
                match &mut self.counts {
                    Cellwise::Dense(width, counts) => {
                        let at = row.saturating_mul(*width as u64).saturating_add(col);
                        let at = usize::try_from(at).ok();
                        if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                            *count += 1;
                        }
                    }
                    Cellwise::Sparse(counts) => *counts.entry((row, col)).or_default() += 1,
                }
            }
        }
    }

    fn harvest(self) -> Self::Fruit {
        let [rows, cols] = &self.columns;
        let mut names = [Names::of(rows), Names::of(cols)];
        let mut cells = Cells::new();
        let mut add = |row: u64, col: u64, count: u64| -> tantivy::Result<()> {
            let [rows, cols] = &mut names;
            cells.insert((rows.name(row)?, cols.name(col)?), count);
            Ok(())
        };
        match self.counts {
            Cellwise::Dense(width, counts) => {
                let found = (0..).zip(counts).filter(|&(_, count)| count > 0);
                for (at, count) in found {
                    let width = width as u64;
                    add(at / width, at % width, count)?;
                }
            }
            Cellwise::Sparse(counts) => {
                for ((row, col), count) in counts {
                    add(row, col, count)?;
                }
            }
        }
        Ok(cells)
    }
}

/// The names of a column's values, each looked up once.
struct Names<'a> {
    column: &'a Values,
    known: HashMap<u64, String>,
}

impl<'a> Names<'a> {
    fn of(column: &'a Values) -> Self {
        Self {
            column,
            known: HashMap::new(),
        }
    }

    fn name(&mut self, value: u64) -> tantivy::Result<String> {
        if let Some(name) = self.known.get(&value) {
            return Ok(name.clone());
        }
        let mut name = String::new();
        match self.column {
            Values::Words(column) => {
                column.ord_to_str(value, &mut name)?;
            }
            Values::Numbers(_) | Values::None => name = value.to_string(),
        }
        self.known.insert(value, name.clone());
        Ok(name)
    }
}
