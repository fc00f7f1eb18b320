//! What hits are narrowed to: fields and their values, and trees of conditions on them.
//!
//! [`Filters`] is what readers choose, any of a field's values and all of the fields; each field is
//! counted without its own. A [`Filter`] says whatever can be said with and, or and not, so none of
//! it belongs to one field, and it narrows every count.
//!
//! Invariant: counts under a tree are those of the passages it lets through, recounted one by one
//! (`tests/facets.rs`).

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use tantivy::Term;
use tantivy::query::{
    BooleanQuery, ConstScorer, EmptyQuery, EnableScoring, ExistsQuery, Explanation, Occur,
    Query as EngineQuery, RangeQuery, Scorer, TermQuery, TermSetQuery, Weight,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED};

use super::quantities::Listed;
use super::{Facet, Request, dates, quantities};
use crate::index::{Fields, Snapshot};
use crate::query::run::{self, Constant, Found};

/// The most terms that are looked up one by one.
const MAX_CLAUSES: usize = 64;

/// The values asked for, by field: any of a field's values, all of the fields.
pub type Filters = BTreeMap<Facet, Vec<String>>;

/// A condition on passages. Whoever makes one bounds its depth: it is read by recursion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All of these; every passage where there are none.
    All(Vec<Self>),
    /// At least one of these; no passage where there are none.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// One of these values of the field.
    Is(Facet, Vec<String>),
    /// Any value of the field.
    Has(Facet),
    /// A number from the first to the last.
    Between(Measured, u64, u64),
    /// Any number.
    HasNumber(Measured),
    /// One of these passages, by id.
    Passage(Vec<String>),
}

/// What passages have as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measured {
    /// The years of [`Facet::Year`], of which a passage may have several.
    Year,
    /// The day of the report, as 20161124.
    Day,
    /// The code of the report's own division, as 360323.
    Region,
    /// The place in the corpus, which every passage has.
    Place,
}

impl Measured {
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Day => "date",
            Self::Region => "region_order",
            Self::Place => "order",
        }
    }

    fn field(self, fields: &Fields) -> Field {
        match self {
            Self::Year => fields.year,
            Self::Day => fields.date,
            Self::Region => fields.region_order,
            Self::Place => fields.order,
        }
    }

    /// The greatest number that says something: an unknown region sorts after all codes.
    pub(super) fn most(self) -> u64 {
        match self {
            Self::Region => u64::from(u32::MAX) - 1,
            _ => u64::MAX,
        }
    }
}

impl Filter {
    fn engine(&self, fields: &Fields) -> Box<dyn EngineQuery> {
        match self {
            Self::Is(facet, values) => {
                terms(values.iter().filter_map(|value| facet.term(fields, value)))
            }
            Self::Passage(ids) => terms(ids.iter().map(|id| Term::from_field_text(fields.id, id))),
            Self::Has(facet) => Box::new(ExistsQuery::new(facet.column().to_owned(), false)),
            Self::HasNumber(measured) => between(*measured, 0, u64::MAX, fields),
            Self::Between(measured, from, to) => between(*measured, *from, *to, fields),
            Self::All(_) | Self::Any(_) | Self::Not(_) => self.whole(fields),
        }
    }
}

impl Filter {
    /// What finds the passages it lets through, worked out whole.
    fn whole(&self, fields: &Fields) -> Box<dyn EngineQuery> {
        Box::new(TreeQuery(Arc::new(Tree::of(self, fields))))
    }
}

/// A tree whose leaves are queries of the engine. It is worked out whole for each segment: the
/// engine's own way, which lets parts of a tree run ahead of others, fails where a range stands
/// beside an exclusion.
#[derive(Debug, Clone)]
enum Tree<T> {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Leaf(T),
}

impl Tree<Box<dyn EngineQuery>> {
    fn of(filter: &Filter, fields: &Fields) -> Self {
        let all = |parts: &[Filter]| parts.iter().map(|part| Self::of(part, fields)).collect();
        match filter {
            Filter::All(parts) => Self::All(all(parts)),
            Filter::Any(parts) => Self::Any(all(parts)),
            Filter::Not(part) => Self::Not(Box::new(Self::of(part, fields))),
            leaf => Self::Leaf(leaf.engine(fields)),
        }
    }

    fn weights(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Tree<Box<dyn Weight>>> {
        let all = |parts: &[Self]| {
            let parts = parts.iter().map(|part| part.weights(scoring));
            parts.collect::<tantivy::Result<Vec<_>>>()
        };
        Ok(match self {
            Self::All(parts) => Tree::All(all(parts)?),
            Self::Any(parts) => Tree::Any(all(parts)?),
            Self::Not(part) => Tree::Not(Box::new(part.weights(scoring)?)),
            Self::Leaf(query) => Tree::Leaf(query.weight(scoring)?),
        })
    }
}

/// Passages of one segment, a bit for each.
struct Bits(Vec<u64>);

impl Bits {
    fn new(filled: bool, reader: &SegmentReader) -> Self {
        let words = reader.max_doc().div_ceil(u64::BITS) as usize;
        Self(vec![if filled { u64::MAX } else { 0 }; words])
    }

    fn combine(&mut self, other: &Self, with: fn(u64, u64) -> u64) {
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own = with(*own, *other);
        }
    }

    fn insert(&mut self, doc: DocId) {
        if let Some(word) = self.0.get_mut((doc / u64::BITS) as usize) {
            *word |= 1 << (doc % u64::BITS);
        }
    }

    fn holds(&self, doc: DocId) -> bool {
        let word = self.0.get((doc / u64::BITS) as usize);
        word.is_some_and(|word| word & (1 << (doc % u64::BITS)) != 0)
    }
}

impl Tree<Box<dyn Weight>> {
    fn bits(&self, reader: &SegmentReader) -> tantivy::Result<Bits> {
        Ok(match self {
            Self::All(parts) => {
                let mut bits = Bits::new(true, reader);
                for part in parts {
                    bits.combine(&part.bits(reader)?, |own, other| own & other);
                }
                bits
            }
            Self::Any(parts) => {
                let mut bits = Bits::new(false, reader);
                for part in parts {
                    bits.combine(&part.bits(reader)?, |own, other| own | other);
                }
                bits
            }
            Self::Not(part) => {
                let mut bits = Bits::new(true, reader);
                bits.combine(&part.bits(reader)?, |own, other| own & !other);
                bits
            }
            Self::Leaf(weight) => {
                let mut bits = Bits::new(false, reader);
                let mut found = weight.scorer(reader, 1.0)?;
                while found.doc() != TERMINATED {
                    bits.insert(found.doc());
                    found.advance();
                }
                bits
            }
        })
    }

    fn passages(&self, reader: &SegmentReader) -> tantivy::Result<Vec<DocId>> {
        let bits = self.bits(reader)?;
        let all = 0..reader.max_doc();
        Ok(all.filter(|&doc| bits.holds(doc)).collect())
    }
}

#[derive(Debug, Clone)]
struct TreeQuery(Arc<Tree<Box<dyn EngineQuery>>>);

impl EngineQuery for TreeQuery {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(TreeWeight(self.0.weights(scoring)?)))
    }
}

struct TreeWeight(Tree<Box<dyn Weight>>);

impl Weight for TreeWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let passages = Listed::new(self.0.passages(reader)?);
        Ok(Box::new(ConstScorer::new(passages, boost)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let held = self.0.bits(reader)?.holds(doc);
        Ok(Explanation::new("filter", if held { 1.0 } else { 0.0 }))
    }
}

fn terms(terms: impl Iterator<Item = Term>) -> Box<dyn EngineQuery> {
    let mut terms: Vec<Term> = terms.collect();
    match (terms.pop(), terms.is_empty()) {
        (None, _) => Box::new(EmptyQuery),
        (Some(term), true) => Box::new(TermQuery::new(term, IndexRecordOption::Basic)),
        (Some(term), false) => {
            terms.push(term);
            if terms.len() > MAX_CLAUSES {
                return Box::new(TermSetQuery::new(terms));
            }
            let any = terms.into_iter().map(|term| {
                let term = TermQuery::new(term, IndexRecordOption::Basic);
                (Occur::Should, Box::new(term) as Box<dyn EngineQuery>)
            });
            Box::new(BooleanQuery::new(any.collect()))
        }
    }
}

fn between(measured: Measured, from: u64, to: u64, fields: &Fields) -> Box<dyn EngineQuery> {
    let to = to.min(measured.most());
    if from > to {
        return Box::new(EmptyQuery);
    }
    let term = |number| Term::from_field_u64(measured.field(fields), number);
    Box::new(RangeQuery::new(
        Bound::Included(term(from)),
        Bound::Included(term(to)),
    ))
}

/// Filters by field; those on figures and days, and trees, are of none.
pub(super) type EngineFilters = Vec<(Option<Facet>, Box<dyn EngineQuery>)>;

pub(super) fn engine_filters(snapshot: &Snapshot, request: &Request) -> EngineFilters {
    let fields = snapshot.fields();
    let figures = request
        .quantities
        .iter()
        .map(|condition| (None, quantities::filter(condition)));
    let tree = request.filter.iter();
    request
        .filters
        .iter()
        .map(|(&facet, values)| {
            let any = values.iter().filter_map(|value| facet.term(fields, value));
            (Some(facet), terms(any))
        })
        .chain(tree.map(|tree| (None, tree.whole(fields))))
        .chain(figures)
        .chain(dates::filter(request.dates, fields).map(|filter| (None, filter)))
        .collect()
}

/// `filter` alone, adding nothing to a score.
pub(super) fn silent(snapshot: &Snapshot, filter: &Filter) -> Box<dyn EngineQuery> {
    Box::new(Constant::silent(filter.whole(snapshot.fields())))
}

/// `query` under all filters but those of one field.
pub(super) fn narrow(
    query: &dyn EngineQuery,
    filters: &EngineFilters,
    but: Option<Facet>,
) -> Box<dyn EngineQuery> {
    let mut clauses = vec![(Occur::Must, query.box_clone())];
    clauses.extend(
        filters
            .iter()
            .filter(|(facet, _)| facet.is_none() || *facet != but)
            .map(|(_, filter)| {
                let silent = Constant::silent(filter.box_clone());
                (Occur::Must, Box::new(silent) as Box<dyn EngineQuery>)
            }),
    );
    Box::new(BooleanQuery::new(clauses))
}

/// Passages that a query finds, under filters.
pub(super) struct Narrowed {
    found: Found,
    /// What each filter lets through of them.
    through: Vec<(Option<Facet>, Found)>,
}

impl Narrowed {
    pub(super) fn of(
        snapshot: &Snapshot,
        found: Found,
        filters: &EngineFilters,
    ) -> tantivy::Result<Self> {
        let mut through = Vec::with_capacity(filters.len());
        for (facet, filter) in filters {
            let left = run::find_among(snapshot, &**filter, Some(&found))?;
            through.push((*facet, left));
        }
        Ok(Self { found, through })
    }

    /// Those that all filters let through.
    pub(super) fn all(&self) -> Found {
        self.through_others(None)
    }

    /// Those that all filters but those of one field let through.
    pub(super) fn but(&self, facet: Facet) -> Found {
        self.through_others(Some(facet))
    }

    fn through_others(&self, but: Option<Facet>) -> Found {
        let mut others = self
            .through
            .iter()
            .filter(|(facet, _)| facet.is_none() || *facet != but)
            .map(|(_, through)| through);
        let Some(first) = others.next() else {
            return self.found.clone();
        };
        others.fold(first.clone(), |left, other| left.and(other))
    }
}
