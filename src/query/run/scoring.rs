//! What passages score, and which of them need not be scored to the end.
//!
//! A score is a sum of parts, of each of which it is known what it adds at most. Passages are scored
//! a few hundred at a time, part by part, the part that may add most first; once what a passage has
//! and what the parts to come could still add is less than what it takes to be among the best, it is
//! dropped. That is the idea of `MaxScore` (Turtle and Flood, 1995), for passages of which it is
//! known already that they are found. Parts are added in the same order for all passages, so equal
//! passages score the same to the last digit.

use std::cmp::Ordering;
use std::sync::Arc;

use tantivy::query::{
    Bm25Weight, BooleanQuery, EmptyQuery, EnableScoring, Occur, Query, Scorer, TermQuery, Weight,
};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, Score, SeekDangerResult, SegmentReader, TERMINATED, Term};

use super::combined::{CombinedQuery, CombinedScorer, CombinedWeight};
use super::contains::{self, Contains, Counting};
use super::coverage::CoverageQuery;
use super::docs::Docs;
use super::forms::{BestOf, Characters, Constant, Weighed, Within};
use super::matching::{self, Matching};
use super::terms::Terms;

/// What BM25 multiplies an inverse document frequency by, at most.
const SATURATED: Score = 2.2;
/// How much of what it takes is enough: sums of the same numbers differ in their last digits with
/// the order of adding.
const ENOUGH: Score = 0.9999;

/// Of so many parts it is reckoned what passages score at most before any is scored.
const FEW: usize = 12;

/// An addend of a score.
pub(super) enum Part {
    Combined(CombinedWeight, Score),
    /// The same for all that are found so.
    Constant(Matching, Score),
    /// How often a string stands in the text, with what that says at most.
    Contains {
        query: Contains,
        /// Whether it is found in all that are scored.
        is_found: bool,
        weight: Bm25Weight,
        most: Score,
    },
    /// What the engine's own scorer says.
    Engine {
        weight: Box<dyn Weight>,
        boost: Score,
        most: Score,
    },
    /// Parts that count only where the whole they belong to is found.
    If(Matching, Vec<Self>),
    /// Sums of which the greatest counts.
    Best(Vec<Vec<Self>>),
}

impl Part {
    /// The parts that `query` scores by.
    pub(super) fn all_of(query: &dyn Query, terms: &Terms) -> tantivy::Result<Vec<Self>> {
        let mut parts = Vec::new();
        gather(query, 1.0, true, terms, &mut parts)?;
        // Equal ones stay as they were asked for.
        parts.sort_by(|one, other| other.most().total_cmp(&one.most()));
        Ok(parts)
    }

    /// What it adds at most.
    pub(super) fn most(&self) -> Score {
        let sum = |parts: &[Self]| parts.iter().map(Self::most).sum::<Score>();
        match self {
            Self::Combined(weight, boost) => weight.most() * boost,
            Self::Constant(_, score) => *score,
            Self::Contains { most, .. } | Self::Engine { most, .. } => *most,
            Self::If(_, parts) => sum(parts),
            Self::Best(sums) => {
                let sums = sums.iter().map(|parts| sum(parts));
                sums.fold(0.0, Score::max)
            }
        }
    }

    fn open(
        &self,
        terms: &Terms,
        segment: usize,
        reader: &SegmentReader,
        among: &Docs,
    ) -> tantivy::Result<Option<Scorers>> {
        let open_all = |parts: &[Self]| -> tantivy::Result<Vec<Scorers>> {
            let parts = parts
                .iter()
                .map(|part| part.open(terms, segment, reader, among));
            parts.filter_map(Result::transpose).collect()
        };
        let find = |matching: &Matching| -> tantivy::Result<Docs> {
            let opened = matching.open(terms, segment)?;
            opened.find(reader, Some(among), None)
        };
        Ok(match self {
            Self::Combined(weight, boost) => {
                weight.open(terms, segment, *boost)?.map(Scorers::Combined)
            }
            Self::Constant(matching, score) => {
                let held = find(matching)?;
                (!held.is_empty()).then_some(Scorers::Constant(held, *score))
            }
            Self::Contains {
                query,
                is_found,
                weight,
                ..
            } => {
                let Some(pairs) = matching::open_pairs(query, terms, segment)? else {
                    return Ok(None);
                };
                let candidates = contains::candidates(reader.max_doc(), &pairs, Some(among), None)?;
                let field = query.pairs().first().map(Term::field);
                let (Some(field), Some(rarest), false) =
                    (field, pairs.first(), candidates.is_empty())
                else {
                    return Ok(None);
                };
                let option = IndexRecordOption::WithFreqs;
                let index = &rarest.index;
                Some(Scorers::Contains(Box::new(Counting {
                    candidates,
                    is_found: *is_found,
                    rarest: index.read_postings_from_terminfo(&rarest.info, option)?,
                    passages: Arc::clone(terms.passages(segment)?),
                    finder: query.finder(),
                    weight: weight.clone(),
                    lengths: terms.field(field)?.lengths(segment)?,
                })))
            }
            Self::Engine { weight, boost, .. } => {
                let first = among.first(1).first().copied().unwrap_or(TERMINATED);
                let (at, scorer) = weight.scorer_danger(reader, first, *boost)?;
                (at != SeekDangerResult::SeekLowerBound(TERMINATED)).then_some(Scorers::Engine {
                    scorer,
                    asked: first,
                    at,
                })
            }
            Self::If(matching, parts) => {
                let parts = open_all(parts)?;
                if parts.is_empty() {
                    return Ok(None);
                }
                let held = find(matching)?;
                (!held.is_empty()).then_some(Scorers::If(held, parts))
            }
            Self::Best(sums) => {
                let sums = sums.iter().map(|parts| open_all(parts));
                let mut sums = sums.collect::<tantivy::Result<Vec<_>>>()?;
                sums.retain(|parts| !parts.is_empty());
                (!sums.is_empty()).then_some(Scorers::Best(sums))
            }
        })
    }
}

/// Adds the parts of `query` to `parts`, for passages that it finds, or may find where not
/// `is_found`.
fn gather(
    query: &dyn Query,
    boost: Score,
    is_found: bool,
    terms: &Terms,
    parts: &mut Vec<Part>,
) -> tantivy::Result<()> {
    if let Some(query) = query.downcast_ref::<Box<dyn Query>>() {
        return gather(&**query, boost, is_found, terms, parts);
    }
    if let Some(query) = query.downcast_ref::<BooleanQuery>() {
        for (occur, clause) in query.clauses() {
            match occur {
                Occur::Must => gather(&**clause, boost, is_found, terms, parts)?,
                Occur::Should => gather_if_found(&**clause, boost, terms, parts)?,
                Occur::MustNot => {}
            }
        }
        return Ok(());
    }
    if let Some(query) = query.downcast_ref::<Constant>() {
        let score = query.score() * boost;
        if score != 0.0 {
            parts.push(Part::Constant(Matching::of(query.inner()), score));
        }
        return Ok(());
    }
    if let Some(query) = query.downcast_ref::<Weighed>() {
        return gather(query.inner(), boost * query.boost(), is_found, terms, parts);
    }
    if let Some(query) = query.downcast_ref::<Within>() {
        gather(query.finds(), boost, is_found, terms, parts)?;
        return gather_if_found(query.adds(), boost, terms, parts);
    }
    if let Some(query) = query.downcast_ref::<BestOf>() {
        let mut sums = Vec::new();
        for way in query.inner() {
            let mut sum = Vec::new();
            gather_if_found(way, boost, terms, &mut sum)?;
            sums.push(sum);
        }
        parts.push(Part::Best(sums));
        return Ok(());
    }
    if let Some(query) = query.downcast_ref::<CoverageQuery>() {
        for (clause, _) in query.clauses() {
            gather_if_found(clause, boost, terms, parts)?;
        }
        return Ok(());
    }
    if query.is::<EmptyQuery>() {
        return Ok(());
    }
    if let Some(query) = query.downcast_ref::<CombinedQuery>() {
        parts.push(Part::Combined(query.weigh(terms)?, boost));
        return Ok(());
    }
    if let Some(query) = query.downcast_ref::<Contains>() {
        let most = saturated(&mut query.scored().iter(), terms)? * boost;
        if most > 0.0 {
            let weight = query.weigh(terms)?.boost_by(boost);
            parts.push(Part::Contains {
                query: query.clone(),
                is_found,
                weight,
                most,
            });
        }
        return Ok(());
    }
    let most = if let Some(query) = query.downcast_ref::<TermQuery>() {
        saturated(&mut [query.term()].into_iter(), terms)?
    } else if let Some(query) = query.downcast_ref::<Characters>() {
        saturated(&mut query.terms().iter().map(|(_, term)| term), terms)?
    } else {
        Score::INFINITY
    };
    if most > 0.0 {
        let scoring = EnableScoring::enabled_from_searcher(terms.searcher());
        parts.push(Part::Engine {
            weight: query.weight(scoring)?,
            boost,
            most: most * boost,
        });
    }
    Ok(())
}

/// Adds the parts of `query` to `parts`, for passages that it need not find.
fn gather_if_found(
    query: &dyn Query,
    boost: Score,
    terms: &Terms,
    parts: &mut Vec<Part>,
) -> tantivy::Result<()> {
    if is_sum(query) {
        return gather(query, boost, false, terms, parts);
    }
    let mut own = Vec::new();
    // Its parts count only where it is found.
    gather(query, boost, true, terms, &mut own)?;
    if !own.is_empty() {
        parts.push(Part::If(Matching::of(query), own));
    }
    Ok(())
}

/// Whether none of the parts of `query` scores where it finds nothing.
fn is_sum(query: &dyn Query) -> bool {
    if let Some(query) = query.downcast_ref::<Box<dyn Query>>() {
        return is_sum(&**query);
    }
    if let Some(query) = query.downcast_ref::<Weighed>() {
        return is_sum(query.inner());
    }
    if let Some(query) = query.downcast_ref::<Within>() {
        return is_sum(query.finds()) && is_sum(query.adds());
    }
    if let Some(query) = query.downcast_ref::<BooleanQuery>() {
        let mut clauses = query.clauses().iter();
        return query.get_minimum_number_should_match() <= 1
            && clauses.all(|(occur, clause)| *occur == Occur::Should && is_sum(&**clause));
    }
    !query.is::<CoverageQuery>()
}

/// What BM25 says of `terms` at most; nothing where one of them is nowhere.
fn saturated(of: &mut dyn Iterator<Item = &Term>, terms: &Terms) -> tantivy::Result<Score> {
    let all = terms.all();
    let mut sum = 0.0;
    for term in of {
        let frequency = terms.frequency(term)?;
        if frequency == 0 {
            return Ok(0.0);
        }
        #[expect(clippy::cast_precision_loss, reason = "as the engine computes it")]
        let (others, frequency) = (all.saturating_sub(frequency) as Score, frequency as Score);
        sum += (1.0 + (others + 0.5) / (frequency + 0.5)).ln();
    }
    Ok(sum * SATURATED)
}

/// A [`Part`] in one segment, which is asked about passages in order.
enum Scorers {
    Combined(CombinedScorer),
    Constant(Docs, Score),
    Contains(Box<Counting>),
    Engine {
        scorer: Box<dyn Scorer>,
        /// The last passage it was asked about, and what it said.
        asked: DocId,
        at: SeekDangerResult,
    },
    If(Docs, Vec<Self>),
    Best(Vec<Vec<Self>>),
}

impl Scorers {
    /// Adds to each of `bounds` what the passage at its place in `docs` scores at most, which is
    /// `most` for any, as far as that is known without going through the passages.
    fn bound(&mut self, docs: &[DocId], bounds: &mut [Score], most: Score) {
        match self {
            Self::Combined(scorer) => scorer.bound(docs, bounds),
            _ => bounds.iter_mut().for_each(|bound| *bound += most),
        }
    }

    /// Adds to each of `sums` what the passage at its place in `docs` scores; nothing need be added
    /// to those that stay below `needed` in any case. Whether the passages are of those that were
    /// bounded last is said by `are_bounded`.
    fn add(&mut self, docs: &[DocId], sums: &mut [Score], needed: Score, are_bounded: bool) {
        match self {
            Self::Combined(scorer) => {
                if !are_bounded {
                    scorer.look_up(docs);
                }
                scorer.add(docs, sums, needed);
            }
            Self::Contains(counting) => counting.add(docs, sums),
            Self::Constant(held, score) => {
                for (&doc, sum) in docs.iter().zip(sums) {
                    if held.contains(doc) {
                        *sum += *score;
                    }
                }
            }
            Self::Engine { scorer, asked, at } => {
                for (&doc, sum) in docs.iter().zip(sums) {
                    if doc > *asked {
                        match *at {
                            SeekDangerResult::SeekLowerBound(next) if next > doc => continue,
                            _ => *at = scorer.seek_danger(doc),
                        }
                        *asked = doc;
                    }
                    if *at == SeekDangerResult::Found && doc == *asked {
                        *sum += scorer.score();
                    }
                }
            }
            Self::If(held, parts) => {
                let places = (0..docs.len())
                    .filter(|&at| docs.get(at).is_some_and(|&doc| held.contains(doc)));
                let places: Vec<usize> = places.collect();
                let some: Vec<DocId> = places
                    .iter()
                    .filter_map(|&at| docs.get(at))
                    .copied()
                    .collect();
                let mut own = vec![0.0; some.len()];
                for part in parts {
                    part.add(&some, &mut own, Score::NEG_INFINITY, false);
                }
                for (at, own) in places.into_iter().zip(own) {
                    if let Some(sum) = sums.get_mut(at) {
                        *sum += own;
                    }
                }
            }
            Self::Best(ways) => {
                let mut best = vec![0.0; docs.len()];
                let mut own = vec![0.0; docs.len()];
                for parts in ways {
                    own.fill(0.0);
                    for part in parts {
                        part.add(docs, &mut own, Score::NEG_INFINITY, false);
                    }
                    for (best, own) in best.iter_mut().zip(&own) {
                        *best = Score::max(*best, *own);
                    }
                }
                for (sum, best) in sums.iter_mut().zip(best) {
                    *sum += best;
                }
            }
        }
    }
}

/// Scores passages of one segment, in order.
pub struct Scoring {
    parts: Vec<Scored>,
    /// How many passages were bounded, and how many of them dropped for that.
    bounded: usize,
    dropped: usize,
}

/// A part of a score.
struct Scored {
    scorers: Scorers,
    /// What it adds at most.
    most: Score,
    /// What those after it add at most.
    rest: Score,
}

impl Scoring {
    pub(super) fn open(
        parts: &[Part],
        terms: &Terms,
        segment: usize,
        reader: &SegmentReader,
        among: &Docs,
    ) -> tantivy::Result<Self> {
        let mut opened = Vec::with_capacity(parts.len());
        for part in parts {
            if let Some(scorers) = part.open(terms, segment, reader, among)? {
                opened.push(Scored {
                    scorers,
                    most: part.most(),
                    rest: 0.0,
                });
            }
        }
        let mut rest = 0.0;
        for part in opened.iter_mut().rev() {
            part.rest = rest;
            rest += part.most;
        }
        Ok(Self {
            parts: opened,
            bounded: 0,
            dropped: 0,
        })
    }

    /// Whether bounds drop most passages, or are not known well enough yet: what stands in nearly every
    /// passage stands in most of them often.
    fn is_bounding_worth_it(&self) -> bool {
        /// Passages after which it is known.
        const ENOUGH: usize = 1024;
        self.bounded < ENOUGH || self.dropped > self.bounded / 2
    }

    /// Leaves in `docs`, which are in order and after all that were scored before, those that score
    /// `least` or more, and puts their scores into `scores`.
    pub fn score(&mut self, docs: &mut Vec<DocId>, scores: &mut Vec<Score>, least: Score) {
        let enough = least * ENOUGH;
        // Most passages cannot be among the best however short they are, and to look at how long
        // each is would be to wait for memory. Of many parts bounds say too little.
        let are_bounded = enough > 0.0 && self.parts.len() <= FEW && self.is_bounding_worth_it();
        if are_bounded {
            let before = docs.len();
            self.bounded += before;
            scores.clear();
            scores.resize(docs.len(), 0.0);
            for part in &mut self.parts {
                part.scorers.bound(docs, scores, part.most);
                let needed = enough - part.rest;
                if needed > 0.0 {
                    drop_below(docs, scores, needed);
                }
            }
            self.dropped += before - docs.len();
        }
        scores.clear();
        scores.resize(docs.len(), 0.0);
        for part in &mut self.parts {
            if docs.is_empty() {
                return;
            }
            let needed = enough - part.rest;
            part.scorers.add(docs, scores, needed, are_bounded);
            if needed > 0.0 {
                drop_below(docs, scores, needed);
            }
        }
        drop_below(docs, scores, least);
    }
}

/// Leaves those that score `least` or more.
fn drop_below(docs: &mut Vec<DocId>, scores: &mut Vec<Score>, least: Score) {
    let mut kept = 0;
    for at in 0..docs.len() {
        let (Some(&doc), Some(&score)) = (docs.get(at), scores.get(at)) else {
            break;
        };
        if score.total_cmp(&least) != Ordering::Less {
            docs[kept] = doc;
            scores[kept] = score;
            kept += 1;
        }
    }
    docs.truncate(kept);
    scores.truncate(kept);
}
