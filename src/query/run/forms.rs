//! Queries that can be looked into.
//!
//! They find and score what the engine's own of the same kind do, and are run by the engine as
//! those; but the engine's do not tell what they are made of, which is what `super::matching` needs.

use tantivy::Term;
use tantivy::query::{
    BooleanQuery, BoostQuery, ConstScoreQuery, DisjunctionMaxQuery, EnableScoring, PhraseQuery,
    Query, Weight,
};

/// Finds what another query finds, with the same score for all.
#[derive(Debug)]
pub struct Constant {
    inner: Box<dyn Query>,
    score: f32,
}

impl Constant {
    /// Finds what `inner` finds and scores `score`.
    #[must_use]
    pub fn new(inner: Box<dyn Query>, score: f32) -> Self {
        Self { inner, score }
    }

    /// Finds what `inner` finds and adds nothing to a score.
    #[must_use]
    pub fn silent(inner: Box<dyn Query>) -> Self {
        Self::new(inner, 0.0)
    }

    pub(super) fn inner(&self) -> &dyn Query {
        &*self.inner
    }

    pub(super) fn score(&self) -> f32 {
        self.score
    }
}

impl Clone for Constant {
    fn clone(&self) -> Self {
        Self::new(self.inner.box_clone(), self.score)
    }
}

impl Query for Constant {
    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        self.inner.query_terms(visitor);
    }

    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        ConstScoreQuery::new(self.inner.box_clone(), self.score).weight(scoring)
    }
}

/// Finds what another query finds, with its score multiplied.
#[derive(Debug)]
pub struct Weighed {
    inner: Box<dyn Query>,
    boost: f32,
}

impl Weighed {
    /// Finds what `inner` finds, its score multiplied by `boost`.
    #[must_use]
    pub fn new(inner: Box<dyn Query>, boost: f32) -> Self {
        Self { inner, boost }
    }

    pub(super) fn inner(&self) -> &dyn Query {
        &*self.inner
    }

    pub(super) fn boost(&self) -> f32 {
        self.boost
    }
}

impl Clone for Weighed {
    fn clone(&self) -> Self {
        Self::new(self.inner.box_clone(), self.boost)
    }
}

impl Query for Weighed {
    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        self.inner.query_terms(visitor);
    }

    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        BoostQuery::new(self.inner.box_clone(), self.boost).weight(scoring)
    }
}

/// Finds what any of several queries finds; the best score counts.
#[derive(Debug)]
pub struct BestOf(Vec<Box<dyn Query>>);

impl BestOf {
    /// Finds what any of `inner` finds.
    #[must_use]
    pub fn new(inner: Vec<Box<dyn Query>>) -> Self {
        Self(inner)
    }

    pub(super) fn inner(&self) -> impl Iterator<Item = &dyn Query> {
        self.0.iter().map(|query| &**query)
    }
}

impl Clone for BestOf {
    fn clone(&self) -> Self {
        Self(self.0.iter().map(|query| query.box_clone()).collect())
    }
}

impl Query for BestOf {
    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        for query in &self.0 {
            query.query_terms(visitor);
        }
    }

    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let inner = self.0.iter().map(|query| query.box_clone());
        DisjunctionMaxQuery::new(inner.collect()).weight(scoring)
    }
}

/// Finds what one query finds, and adds to its score what another says, which finds nothing that the
/// first does not: so that is not looked for.
#[derive(Debug)]
pub struct Within {
    finds: Box<dyn Query>,
    adds: Box<dyn Query>,
}

impl Within {
    /// Finds what `finds` finds, where `adds` finds only what is among it.
    #[must_use]
    pub fn new(finds: Box<dyn Query>, adds: Box<dyn Query>) -> Self {
        Self { finds, adds }
    }

    pub(super) fn finds(&self) -> &dyn Query {
        &*self.finds
    }

    pub(super) fn adds(&self) -> &dyn Query {
        &*self.adds
    }
}

impl Clone for Within {
    fn clone(&self) -> Self {
        Self::new(self.finds.box_clone(), self.adds.box_clone())
    }
}

impl Query for Within {
    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        self.finds.query_terms(visitor);
        self.adds.query_terms(visitor);
    }

    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let both = [&self.finds, &self.adds].map(|query| query.box_clone());
        BooleanQuery::union(both.into()).weight(scoring)
    }
}

/// Finds terms of one field at these places, counted from anywhere.
#[derive(Debug, Clone)]
pub struct Characters(Vec<(usize, Term)>);

impl Characters {
    /// Finds `terms`, at least two.
    #[must_use]
    pub fn new(terms: Vec<(usize, Term)>) -> Self {
        Self(terms)
    }

    pub(super) fn terms(&self) -> &[(usize, Term)] {
        &self.0
    }
}

impl Query for Characters {
    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        for (_, term) in &self.0 {
            visitor(term, true);
        }
    }

    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        PhraseQuery::new_with_offset(self.0.clone()).weight(scoring)
    }
}
