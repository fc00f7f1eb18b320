//! What of a generation may be seen, where that is not all of it.
//!
//! A site that is to see only its provinces gets a snapshot that holds nothing else: reports and
//! passages outside are not there, whichever way they are asked for. Whoever runs queries of the
//! engine narrows them by [`Snapshot::visible`], or asks [`Snapshot::sees`] of what it found.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tantivy::collector::DocSetCollector;
use tantivy::query::{BooleanQuery, ConstScoreQuery, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, Term};

use super::Error;
use super::by_id::ById;
use super::record::ReportRecord;
use super::snapshot::Snapshot;

/// A part of a generation.
pub(super) struct Scope {
    /// The terms that a passage in it has: of each list one.
    clauses: Vec<Vec<Term>>,
    /// Another one for every set of terms.
    pub(super) digest: String,
    passages: HashSet<DocAddress>,
    /// Its reports in the order of the corpus, counting only what is in it.
    pub(super) reports: Vec<ReportRecord>,
    pub(super) by_id: ById,
}

impl Scope {
    pub(super) fn passages(&self) -> u64 {
        self.passages.len() as u64
    }

    pub(super) fn holds(&self, address: DocAddress) -> bool {
        self.passages.contains(&address)
    }

    /// Finds the passages in it, and adds nothing to their score.
    pub(super) fn query(&self) -> Box<dyn Query> {
        let all = self.clauses.iter().map(|any| {
            let any = any.iter().map(|term| {
                let term = TermQuery::new(term.clone(), IndexRecordOption::Basic);
                (Occur::Should, Box::new(term) as Box<dyn Query>)
            });
            let any = BooleanQuery::new(any.collect());
            (Occur::Must, Box::new(any) as Box<dyn Query>)
        });
        let all = Box::new(BooleanQuery::new(all.collect()));
        Box::new(ConstScoreQuery::new(all, 0.0))
    }
}

impl Snapshot {
    /// Those passages of it that have, of each list of `clauses`, one of the terms. A list without
    /// terms leaves nothing.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn within(&self, clauses: Vec<Vec<Term>>) -> Result<Self, Error> {
        let mut hasher = blake3::Hasher::new();
        for any in &clauses {
            // Terms are told apart by their fields as well, lists by their lengths.
            hasher.update(format!("{}:{any:?};", any.len()).as_bytes());
        }
        let mut scope = Scope {
            clauses,
            digest: hasher.finalize().to_hex().to_string(),
            passages: HashSet::new(),
            reports: Vec::new(),
            by_id: ById::default(),
        };
        scope.passages = self.searcher().search(&*scope.query(), &DocSetCollector)?;
        let counts = self.passages_by_report(&scope.passages)?;
        for report in self.reports() {
            let Some(&passages) = counts.get(&report.id) else {
                continue;
            };
            scope.reports.push(ReportRecord {
                passages,
                ..report.clone()
            });
        }
        scope.by_id = ById::of(&scope.reports);
        Ok(self.with_scope(Arc::new(scope)))
    }

    /// What finds the passages that may be seen, adding nothing to scores; nothing where that is
    /// all of them.
    #[must_use]
    pub fn visible(&self) -> Option<Box<dyn Query>> {
        self.scope().map(Scope::query)
    }

    /// The terms of which, of each list, a passage that may be seen has one; nothing where all may.
    #[must_use]
    pub fn visible_terms(&self) -> Option<&[Vec<Term>]> {
        self.scope().map(|scope| scope.clauses.as_slice())
    }

    /// Whether the passage there may be seen.
    #[must_use]
    pub fn sees(&self, address: DocAddress) -> bool {
        self.scope().is_none_or(|scope| scope.holds(address))
    }

    /// How many of `passages` each report has.
    fn passages_by_report(
        &self,
        passages: &HashSet<DocAddress>,
    ) -> Result<HashMap<String, u32>, Error> {
        let mut counts: HashMap<String, u32> = HashMap::new();
        for (segment, reader) in (0..).zip(self.searcher().segment_readers()) {
            let Some(column) = reader.fast_fields().str("report")? else {
                continue;
            };
            let mut of_segment: HashMap<u64, u32> = HashMap::new();
            let here = passages.iter().filter(|at| at.segment_ord == segment);
            for report in here.flat_map(|at| column.term_ords(at.doc_id)) {
                *of_segment.entry(report).or_default() += 1;
            }
            for (report, count) in of_segment {
                let mut id = String::new();
                column
                    .ord_to_str(report, &mut id)
                    .map_err(tantivy::TantivyError::from)?;
                *counts.entry(id).or_default() += count;
            }
        }
        Ok(counts)
    }
}
