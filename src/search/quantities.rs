//! Passages by the figures in them: which meet a condition, and in what order.
//!
//! The ends of the figures stand in two columns for each class, in the same order, so that a range
//! is looked at as a whole: of 1—2亿元 and 8—9亿元 neither meets `money=3亿元..5亿元`, although
//! one begins below and the other ends above it. Counts are therefore exact.

use std::cmp::Reverse;

use tantivy::collector::sort_key::NaturalComparator;
use tantivy::collector::{Collector, SegmentCollector, TopNComputer};
use tantivy::columnar::Column;
use tantivy::query::{
    BooleanQuery, ConstScorer, EnableScoring, Explanation, Occur, Query, Scorer, Weight,
};
use tantivy::{DocId, DocSet, Score, SegmentOrdinal, SegmentReader, TERMINATED};

use super::Address;
use super::rank::Ranked;
use crate::analysis::Normalized;
use crate::index::{self, Fields, PassageRecord, Snapshot};
use crate::quantity::{Condition, Quantity};
use crate::query::run::Constant;
use crate::query::{Needle, QueryWord};

/// How many hits are put in order by what their figures belong to; those after them stay where
/// they are.
pub(super) const WINDOW: usize = 100;

/// The most figures of a hit that are marked.
const MARKED: usize = 20;

/// A figure of a hit.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The figure; its range is in the passage's text.
    pub quantity: Quantity,
    /// As it stands there.
    pub text: String,
    /// Whether it meets one of the conditions.
    pub matched: bool,
}

/// The figures of `passage`, with those marked that meet one of `conditions`.
#[must_use]
pub fn figures(passage: &PassageRecord, conditions: &[Condition]) -> Vec<Figure> {
    passage
        .quantities
        .iter()
        .map(|quantity| Figure {
            text: quantity.range.of(&passage.text).to_owned(),
            matched: conditions
                .iter()
                .any(|condition| condition.holds_for(quantity)),
            quantity: quantity.clone(),
        })
        .collect()
}

/// What is marked of `figures`: the words of those that meet a condition.
pub(super) fn needles(figures: &[Figure]) -> Vec<Needle> {
    figures
        .iter()
        .filter(|figure| figure.matched)
        .take(MARKED)
        .map(|figure| Needle {
            text: Normalized::new(&figure.text),
            whole: true,
        })
        .collect()
}

/// The passages that have a figure which meets `condition`; it adds nothing to a score.
pub(super) fn filter(condition: &Condition) -> Box<dyn Query> {
    Box::new(Constant::silent(Box::new(ConditionQuery(
        condition.clone(),
    ))))
}

/// The passages of `query` that meet each of `conditions`.
pub(super) fn narrowed(query: &dyn Query, conditions: &[Condition]) -> Box<dyn Query> {
    let mut clauses = vec![(Occur::Must, query.box_clone())];
    clauses.extend(
        conditions
            .iter()
            .map(|condition| (Occur::Must, filter(condition))),
    );
    Box::new(BooleanQuery::new(clauses))
}

/// Puts those of `hits` first where a figure that meets one of `conditions` belongs to most of
/// `words`; their order stays otherwise as it is.
pub(super) fn order(
    snapshot: &Snapshot,
    conditions: &[Condition],
    words: &[QueryWord],
    hits: &mut [Ranked],
) -> Result<(), index::Error> {
    if words.is_empty() {
        return Ok(());
    }
    let mut told: Vec<(usize, Ranked)> = Vec::with_capacity(hits.len());
    for hit in hits.iter() {
        let passage = snapshot.record(hit.address)?;
        let meant = passage.quantities.iter().filter(|quantity| {
            let mut conditions = conditions.iter();
            conditions.any(|condition| condition.holds_for(quantity))
        });
        let belongs = |quantity: &Quantity| {
            let label = quantity.label.as_str();
            let own = words.iter().filter(|word| label.contains(&word.text));
            own.count()
        };
        told.push((meant.map(belongs).max().unwrap_or(0), *hit));
    }
    told.sort_by_key(|(belongs, _)| Reverse(*belongs));
    for (place, (_, hit)) in hits.iter_mut().zip(told) {
        *place = hit;
    }
    Ok(())
}

/// The columns of a class in one segment: the lower ends and the upper ends.
struct Ends {
    low: Column<f64>,
    high: Column<f64>,
}

impl Ends {
    fn open(reader: &SegmentReader, condition: &Condition) -> tantivy::Result<Option<Self>> {
        let [low, high] = Fields::quantity_columns(condition.class);
        let columns = reader.fast_fields();
        let low = columns.column_opt::<f64>(&low)?;
        let high = columns.column_opt::<f64>(&high)?;
        Ok(low.zip(high).map(|(low, high)| Self { low, high }))
    }

    /// The greatest upper end of the figures of `doc` that meet `condition`.
    fn greatest(&self, doc: DocId, condition: &Condition) -> Option<f64> {
        self.low
            .values_for_doc(doc)
            .zip(self.high.values_for_doc(doc))
            .filter(|&(low, high)| condition.holds(low, high))
            .map(|(_, high)| high)
            .max_by(f64::total_cmp)
    }
}

#[derive(Debug, Clone)]
struct ConditionQuery(Condition);

impl Query for ConditionQuery {
    fn weight(&self, _: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(ConditionWeight(self.0.clone())))
    }
}

struct ConditionWeight(Condition);

impl ConditionWeight {
    fn passages(&self, reader: &SegmentReader) -> tantivy::Result<Vec<DocId>> {
        let Some(ends) = Ends::open(reader, &self.0)? else {
            return Ok(Vec::new());
        };
        let (low, high) = self.0.bounds();
        let mut found = Vec::new();
        // What is open below is told by the lower ends, all else by the upper ones.
        let (column, range) = if low == f64::NEG_INFINITY {
            (&ends.low, f64::MIN..=high)
        } else {
            (&ends.high, low..=f64::MAX)
        };
        column.get_docids_for_value_range(range, 0..reader.max_doc(), &mut found);
        found.dedup();
        found.retain(|&doc| ends.greatest(doc, &self.0).is_some());
        Ok(found)
    }
}

impl Weight for ConditionWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let passages = Listed::new(self.passages(reader)?);
        Ok(Box::new(ConstScorer::new(passages, boost)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let held = self.passages(reader)?.binary_search(&doc).is_ok();
        Ok(Explanation::new("condition", if held { 1.0 } else { 0.0 }))
    }
}

/// Passages that are known beforehand, in order, each once.
pub(super) struct Listed {
    docs: Vec<DocId>,
    at: usize,
}

impl Listed {
    pub(super) fn new(docs: Vec<DocId>) -> Self {
        Self { docs, at: 0 }
    }
}

impl DocSet for Listed {
    fn advance(&mut self) -> DocId {
        self.at = self.docs.len().min(self.at + 1);
        self.doc()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        let rest = self.docs.get(self.at..).unwrap_or_default();
        self.at += rest.partition_point(|&doc| doc < target);
        self.doc()
    }

    fn doc(&self) -> DocId {
        self.docs.get(self.at).copied().unwrap_or(TERMINATED)
    }

    fn size_hint(&self) -> u32 {
        u32::try_from(self.docs.len()).unwrap_or(u32::MAX)
    }
}

/// Collects hits `skip..skip + take` by the greatest figure that meets `condition`.
pub(super) fn collector(condition: &Condition, skip: usize, take: usize) -> ByFigure {
    ByFigure {
        condition: condition.clone(),
        skip,
        take: take.max(1),
    }
}

/// What hits are compared by, greatest first: the figure, then the place in the corpus.
type Key = (f64, Reverse<u64>, Score);

pub(super) struct ByFigure {
    condition: Condition,
    skip: usize,
    take: usize,
}

pub(super) struct SegmentByFigure {
    condition: Condition,
    segment: SegmentOrdinal,
    order: Column<u64>,
    ends: Option<Ends>,
    top: TopNComputer<Key, DocId, NaturalComparator>,
}

impl Collector for ByFigure {
    type Fruit = Vec<Ranked>;
    type Child = SegmentByFigure;

    fn for_segment(
        &self,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<SegmentByFigure> {
        Ok(SegmentByFigure {
            condition: self.condition.clone(),
            segment,
            order: reader.fast_fields().u64("order")?,
            ends: Ends::open(reader, &self.condition)?,
            top: TopNComputer::new_with_comparator(self.skip + self.take, NaturalComparator),
        })
    }

    fn requires_scoring(&self) -> bool {
        true
    }

    fn merge_fruits(&self, segments: Vec<Vec<(Key, Ranked)>>) -> tantivy::Result<Vec<Ranked>> {
        let mut all: Vec<(Key, Ranked)> = segments.into_iter().flatten().collect();
        all.sort_by(|(left, _), (right, _)| {
            let by_figure = right.0.total_cmp(&left.0);
            by_figure.then_with(|| right.1.cmp(&left.1))
        });
        let page = all.into_iter().skip(self.skip).take(self.take);
        Ok(page.map(|(_, ranked)| ranked).collect())
    }
}

impl SegmentCollector for SegmentByFigure {
    type Fruit = Vec<(Key, Ranked)>;

    fn collect(&mut self, doc: DocId, score: Score) {
        let figure = self
            .ends
            .as_ref()
            .and_then(|ends| ends.greatest(doc, &self.condition))
            .unwrap_or(f64::MIN);
        let order = Reverse(self.order.first(doc).unwrap_or(u64::MAX));
        self.top.push((figure, order, score), doc);
    }

    fn harvest(self) -> Self::Fruit {
        let segment = self.segment;
        self.top
            .into_vec()
            .into_iter()
            .map(|entry| {
                let ranked = Ranked {
                    address: Address::new(segment, entry.doc),
                    score: entry.sort_key.2,
                    order: entry.sort_key.1.0,
                };
                (entry.sort_key, ranked)
            })
            .collect()
    }
}
