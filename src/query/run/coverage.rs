//! Passages that hold enough of several clauses, each weighed by how telling it is.
//!
//! A plain count cannot tell a passage that lacks 的 from one that lacks the word the query is
//! about. Here each clause has a weight, and a passage must reach a share of their sum and a least
//! number of them. Its score is the sum of the scores of the clauses it holds.
//!
//! Only clauses without which the share cannot be reached are walked through; the frequent, light
//! ones are merely looked up in the passages found so. That is the idea of `MaxScore` (Turtle and
//! Flood, 1995), with weights in the place of scores.

use tantivy::query::{EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED, Term};

/// A query for passages that hold enough of its clauses.
#[derive(Debug)]
pub struct CoverageQuery {
    clauses: Vec<(Box<dyn Query>, f32)>,
    enough: Enough,
}

/// How much of its clauses a passage must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Enough {
    /// The least sum of weights.
    pub weight: f32,
    /// The least number of clauses, unless they reach `alone`.
    pub clauses: usize,
    /// A sum of weights that is enough whatever their number.
    pub alone: f32,
}

impl Enough {
    /// Whether so many clauses of this weight are enough.
    #[must_use]
    pub fn is_reached(self, clauses: usize, weight: f32) -> bool {
        weight >= self.weight && (clauses >= self.clauses || weight >= self.alone)
    }
}

impl CoverageQuery {
    /// Passages that hold enough of `clauses`, whose weights are not negative.
    #[must_use]
    pub fn new(mut clauses: Vec<(Box<dyn Query>, f32)>, enough: Enough) -> Self {
        clauses.sort_by(|(_, left), (_, right)| right.total_cmp(left));
        Self { clauses, enough }
    }

    /// How many of the heaviest clauses a passage must be found by: without any of them the rest
    /// is too light, or too few.
    pub(super) fn leading(&self) -> usize {
        (0..self.clauses.len())
            .find(|&leading| {
                let rest = self.clauses.get(leading..).unwrap_or_default();
                let weight: f32 = rest.iter().map(|(_, weight)| weight).sum();
                !self.enough.is_reached(rest.len(), weight)
            })
            .unwrap_or(self.clauses.len())
    }

    /// Its clauses with their weights, heaviest first.
    pub(super) fn clauses(&self) -> impl Iterator<Item = (&dyn Query, f32)> {
        self.clauses.iter().map(|(query, worth)| (&**query, *worth))
    }

    pub(super) fn enough(&self) -> Enough {
        self.enough
    }
}

impl Clone for CoverageQuery {
    fn clone(&self) -> Self {
        Self {
            clauses: self
                .clauses
                .iter()
                .map(|(query, weight)| (query.box_clone(), *weight))
                .collect(),
            enough: self.enough,
        }
    }
}

impl Query for CoverageQuery {
    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        for (clause, _) in &self.clauses {
            clause.query_terms(visitor);
        }
    }

    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let clauses = self
            .clauses
            .iter()
            .map(|(query, weight)| Ok((query.weight(scoring)?, *weight)))
            .collect::<tantivy::Result<_>>()?;
        Ok(Box::new(CoverageWeight {
            clauses,
            leading: self.leading(),
            enough: self.enough,
        }))
    }
}

struct CoverageWeight {
    clauses: Vec<(Box<dyn Weight>, f32)>,
    leading: usize,
    enough: Enough,
}

impl Weight for CoverageWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let clauses = self
            .clauses
            .iter()
            .map(|(weight, worth)| {
                Ok(Clause {
                    scorer: weight.scorer(reader, boost)?,
                    worth: *worth,
                })
            })
            .collect::<tantivy::Result<_>>()?;
        let mut scorer = CoverageScorer {
            clauses,
            leading: self.leading,
            enough: self.enough,
            doc: TERMINATED,
        };
        scorer.settle();
        Ok(Box::new(scorer))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.scorer(reader, 1.0)?;
        if scorer.doc() < doc {
            scorer.seek(doc);
        }
        let score = if scorer.doc() == doc {
            scorer.score()
        } else {
            0.0
        };
        Ok(Explanation::new("coverage", score))
    }
}

struct Clause {
    scorer: Box<dyn Scorer>,
    worth: f32,
}

struct CoverageScorer {
    /// Heaviest first.
    clauses: Vec<Clause>,
    leading: usize,
    enough: Enough,
    doc: DocId,
}

impl CoverageScorer {
    /// Goes to the first passage, from where the leading clauses stand, that holds enough.
    fn settle(&mut self) -> DocId {
        loop {
            let leaders = self.clauses.iter().take(self.leading);
            let candidate = leaders
                .map(|clause| clause.scorer.doc())
                .min()
                .unwrap_or(TERMINATED);
            self.doc = candidate;
            if candidate == TERMINATED || self.is_covered(candidate) {
                return candidate;
            }
            self.pass(candidate);
        }
    }

    /// Moves the leading clauses that stand at `doc` past it.
    fn pass(&mut self, doc: DocId) {
        for clause in self.clauses.iter_mut().take(self.leading) {
            if clause.scorer.doc() == doc {
                clause.scorer.advance();
            }
        }
    }

    fn is_covered(&mut self, doc: DocId) -> bool {
        let mut held = 0;
        let mut worth = 0.0;
        for clause in &mut self.clauses {
            if clause.scorer.doc() < doc {
                clause.scorer.seek(doc);
            }
            if clause.scorer.doc() == doc {
                held += 1;
                worth += clause.worth;
            }
        }
        held > 0 && self.enough.is_reached(held, worth)
    }
}

impl DocSet for CoverageScorer {
    fn advance(&mut self) -> DocId {
        if self.doc == TERMINATED {
            return TERMINATED;
        }
        self.pass(self.doc);
        self.settle()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc >= target {
            return self.doc;
        }
        for clause in self.clauses.iter_mut().take(self.leading) {
            if clause.scorer.doc() < target {
                clause.scorer.seek(target);
            }
        }
        self.settle()
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        let leaders = self.clauses.iter().take(self.leading);
        leaders.fold(0, |sum, clause| {
            sum.saturating_add(clause.scorer.size_hint())
        })
    }
}

impl Scorer for CoverageScorer {
    fn score(&mut self) -> Score {
        let doc = self.doc;
        self.clauses
            .iter_mut()
            .filter(|clause| clause.scorer.doc() == doc)
            .map(|clause| clause.scorer.score())
            .sum()
    }
}
