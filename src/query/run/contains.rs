//! Passages whose text has a string in it.
//!
//! Which passages have all pairs of neighbours of the string is in the index; hardly any other
//! passage has those than one that has the string. So the places of the pairs, which would take more
//! room than the text, are not kept, and the texts of those few are looked through instead.

use std::sync::Arc;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::query::{Bm25Weight, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError, Term};

use super::docs::Docs;
use super::matching::Listed;
use super::terms::Terms;
use crate::analysis::Normalized;
use crate::index::{CopiedPassages, Finder, StoredPassages};

/// Of so few passages the texts are looked through at once.
const FEW: usize = 8;

/// Finds the passages whose text has a string in it.
#[derive(Debug, Clone)]
pub struct Contains {
    needle: Arc<Normalized>,
    word: Option<Term>,
    pairs: Arc<[Term]>,
    scored: Arc<[Term]>,
}

impl Contains {
    /// Finds `needle`, looking up `pairs` of its neighbours; `scored`, at least one, are those of
    /// them by which the string is as telling as they are together. Passages that hold `word` hold
    /// it for sure.
    #[must_use]
    pub fn new(
        needle: Normalized,
        word: Option<Term>,
        pairs: Vec<Term>,
        scored: Vec<Term>,
    ) -> Self {
        Self {
            needle: Arc::new(needle),
            word,
            pairs: pairs.into(),
            scored: scored.into(),
        }
    }

    /// What passages hold that hold it for sure.
    pub(super) fn word(&self) -> Option<&Term> {
        self.word.as_ref()
    }

    /// What it looks up.
    pub(super) fn pairs(&self) -> &[Term] {
        &self.pairs
    }

    /// What it is weighed by.
    pub(super) fn scored(&self) -> &[Term] {
        &self.scored
    }

    pub(super) fn finder(&self) -> Finder {
        Finder::new(&self.needle)
    }

    /// What scores the passages that it finds.
    pub(super) fn weigh(&self, terms: &Terms) -> tantivy::Result<Bm25Weight> {
        Bm25Weight::for_terms(terms, &self.scored)
    }
}

/// The passages that have all of `pairs`, rarest first, and of those nearly all that are wanted: of
/// `among` where that is given, and without `known`, which the caller has.
pub(super) fn candidates(
    room: DocId,
    pairs: &[Listed],
    among: Option<&Docs>,
    known: Option<&Docs>,
) -> tantivy::Result<Docs> {
    let mut all: Option<Docs> = None;
    for pair in pairs {
        let mut found = pair.find(room, all.as_ref().or(among))?;
        if all.is_none()
            && let Some(known) = known
        {
            found = found.minus(known);
        }
        let is_enough = found.len() <= FEW;
        all = Some(found);
        if is_enough {
            break;
        }
    }
    Ok(all.unwrap_or_else(Docs::none))
}

/// Of `candidates` those whose text holds what `finder` looks for.
pub(super) fn holding(
    candidates: &Docs,
    room: DocId,
    passages: &StoredPassages,
    finder: &Finder,
) -> tantivy::Result<Docs> {
    let held = passages.holding(&candidates.to_vec(), finder)?;
    Ok(Docs::of(held, room))
}

/// Scores passages that may hold the string.
pub(super) struct Counting {
    /// Those that may.
    pub(super) candidates: Docs,
    /// Whether all of those hold it that are asked about.
    pub(super) is_found: bool,
    /// Its rarest pair, which stands in a passage at least as often.
    pub(super) rarest: SegmentPostings,
    pub(super) passages: Arc<StoredPassages>,
    pub(super) finder: Finder,
    pub(super) weight: Bm25Weight,
    pub(super) lengths: FieldNormReader,
}

impl Counting {
    /// Adds to each of `sums` what the passage at its place in `docs`, which are in order, scores.
    pub(super) fn add(&mut self, docs: &[DocId], sums: &mut [Score]) {
        for (&doc, sum) in docs.iter().zip(sums) {
            if !self.candidates.contains(doc) {
                continue;
            }
            if self.rarest.doc() < doc {
                self.rarest.seek(doc);
            }
            let is_single = self.rarest.doc() == doc && self.rarest.term_freq() == 1;
            // What cannot be read fails loudly when the hit itself is read.
            let count = match (is_single, self.is_found) {
                (true, true) => 1,
                (true, false) => self.passages.holds(doc, &self.finder).map_or(0, u32::from),
                (false, _) => self.passages.count(doc, &self.finder).unwrap_or(0),
            };
            if count > 0 {
                *sum += self.weight.score(self.lengths.fieldnorm_id(doc), count);
            }
        }
    }
}

impl Query for Contains {
    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        for term in &*self.pairs {
            visitor(term, false);
        }
    }

    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        let weight = match scoring {
            EnableScoring::Enabled {
                statistics_provider,
                ..
            } => Some(Bm25Weight::for_terms(statistics_provider, &self.scored)?),
            EnableScoring::Disabled { .. } => None,
        };
        Ok(Box::new(ContainsWeight {
            query: self.clone(),
            weight,
        }))
    }
}

struct ContainsWeight {
    query: Contains,
    weight: Option<Bm25Weight>,
}

impl Weight for ContainsWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut pairs = Vec::with_capacity(self.query.pairs.len());
        for term in &*self.query.pairs {
            let index = reader.inverted_index(term.field())?;
            let Some(info) = index.get_term_info(term)? else {
                return Ok(Box::new(EmptyScorer));
            };
            pairs.push(Listed { index, info });
        }
        pairs.sort_by_key(Listed::length);
        let field = self.query.pairs.first().map(Term::field);
        let field = field.ok_or_else(|| {
            TantivyError::InternalError("a string without pairs is not looked for".to_owned())
        })?;
        let weight = match &self.weight {
            Some(weight) => Some((weight.boost_by(boost), reader.get_fieldnorms_reader(field)?)),
            None => None,
        };
        let mut scorer = ContainsScorer {
            docs: candidates(reader.max_doc(), &pairs, None, None)?.to_vec(),
            next: 0,
            doc: TERMINATED,
            count: 0,
            passages: CopiedPassages::of(reader)?,
            finder: self.query.finder(),
            weight,
        };
        scorer.advance();
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
        Ok(Explanation::new("contains", score))
    }
}

struct ContainsScorer {
    /// Those that may hold it.
    docs: Vec<DocId>,
    next: usize,
    doc: DocId,
    /// How often the passage there holds it.
    count: u32,
    passages: CopiedPassages,
    finder: Finder,
    weight: Option<(Bm25Weight, FieldNormReader)>,
}

impl DocSet for ContainsScorer {
    fn advance(&mut self) -> DocId {
        self.doc = TERMINATED;
        while let Some(&doc) = self.docs.get(self.next) {
            self.next += 1;
            // What cannot be read fails loudly when the hit itself is read.
            self.count = self.passages.count(doc, &self.finder).unwrap_or_default();
            if self.count > 0 {
                self.doc = doc;
                break;
            }
        }
        self.doc
    }

    fn seek(&mut self, target: DocId) -> DocId {
        if self.doc >= target {
            return self.doc;
        }
        let rest = self.docs.get(self.next..).unwrap_or_default();
        self.next += rest.partition_point(|&doc| doc < target);
        self.advance()
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        u32::try_from(self.docs.len()).unwrap_or(u32::MAX)
    }
}

impl Scorer for ContainsScorer {
    fn score(&mut self) -> Score {
        match &self.weight {
            Some((weight, lengths)) => weight.score(lengths.fieldnorm_id(self.doc), self.count),
            None => 1.0,
        }
    }
}
