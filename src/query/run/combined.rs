//! One term in several fields, scored as if they were one text.
//!
//! A sum of one BM25 for each field counts a word in a short title as if it were rare, and a word
//! in title, heading and text three times over. BM25F (Robertson, Zaragoza and Taylor, 2004)
//! instead adds up the occurrences, each weighed by its field, before they saturate, and measures
//! them against the weighed length of all fields:
//!
//! `idf · tf · (k1 + 1) / (tf + k1 · (1 - b + b · length / average length))`
//!
//! with `tf` and `length` the weighed sums over the fields, and for `idf` the frequency in the
//! field that holds the term most often.

use std::sync::{Arc, LazyLock};

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::query::{EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocId, DocSet, Score, SegmentReader, TERMINATED, Term};

use super::docs::past;
use super::terms::Terms;

/// How fast further occurrences stop counting; the usual value.
const K1: f32 = 1.2;
/// How much length counts; the usual value.
const B: f32 = 0.75;
/// What the length of a passage that has none comes to.
const SHORTEST: f32 = K1 * (1.0 - B);

/// The length that each number stands for which is kept of one.
type Lengths = [f32; 1 << u8::BITS];

static LENGTHS: LazyLock<Lengths> = LazyLock::new(|| {
    std::array::from_fn(|id| {
        let id = u8::try_from(id).unwrap_or(u8::MAX);
        count(u64::from(FieldNormReader::id_to_fieldnorm(id)))
    })
});

/// A field with what an occurrence in it counts.
pub type WeighedField = (Field, f32);

/// Passages that hold a term in any of several fields.
#[derive(Debug, Clone)]
pub struct CombinedQuery {
    term: String,
    fields: Arc<[WeighedField]>,
    /// Whose lengths, added up, are that of a passage.
    lengths: Arc<[WeighedField]>,
    boost: f32,
    /// Its term in each of the fields, for telling what it will look up.
    looked_up: Arc<[Term]>,
}

impl CombinedQuery {
    /// Passages that hold `term` in any of `fields`, their score multiplied by `boost`.
    #[must_use]
    pub fn new(term: &str, fields: Arc<[WeighedField]>, boost: f32) -> Self {
        Self {
            looked_up: fields
                .iter()
                .map(|&(field, _)| Term::from_field_text(field, term))
                .collect(),
            term: term.to_owned(),
            lengths: Arc::clone(&fields),
            fields,
            boost,
        }
    }

    /// The same, where a passage is as long as `lengths` together: a text whose terms are in two
    /// fields is as long as both.
    #[must_use]
    pub fn as_long_as(mut self, lengths: Arc<[WeighedField]>) -> Self {
        self.lengths = lengths;
        self
    }

    /// Its term in each of the fields, with what an occurrence there counts.
    pub(super) fn terms(&self) -> impl Iterator<Item = (Term, f32)> {
        let fields = self.fields.iter();
        fields.map(|&(field, weight)| (Term::from_field_text(field, &self.term), weight))
    }

    /// As [`Query::weight`], for what scores.
    pub(super) fn weigh(&self, terms: &Terms) -> tantivy::Result<CombinedWeight> {
        let all = terms.all();
        let mut frequency = 0;
        let mut length = 0.0;
        for (term, _) in self.terms() {
            frequency = frequency.max(terms.frequency(&term)?);
        }
        for &(field, weight) in &*self.lengths {
            length += count(terms.field(field)?.tokens) * weight;
        }
        Ok(self.weighed(all, frequency, length))
    }

    fn weighed(&self, all: u64, frequency: u64, length: f32) -> CombinedWeight {
        let average = (length / count(all.max(1))).max(1.0);
        let (all, frequency) = (count(all), count(frequency));
        let idf = ((all - frequency + 0.5) / (frequency + 0.5)).ln_1p();
        CombinedWeight {
            terms: self.terms().collect(),
            lengths: Arc::clone(&self.lengths),
            factor: self.boost * idf * (K1 + 1.0),
            average,
        }
    }

    fn weight_of_all(&self, scoring: EnableScoring<'_>) -> tantivy::Result<CombinedWeight> {
        let combined = CombinedWeight {
            terms: self.terms().collect(),
            lengths: Arc::clone(&self.lengths),
            factor: 0.0,
            average: 1.0,
        };
        if let EnableScoring::Enabled {
            statistics_provider: statistics,
            ..
        } = scoring
        {
            let all = statistics.total_num_docs()?;
            let mut frequency = 0;
            let mut length = 0.0;
            for (term, _) in &combined.terms {
                frequency = frequency.max(statistics.doc_freq(term)?);
            }
            for &(field, weight) in &*self.lengths {
                length += count(statistics.total_num_tokens(field)?) * weight;
            }
            return Ok(self.weighed(all, frequency, length));
        }
        Ok(combined)
    }
}

impl Query for CombinedQuery {
    fn query_terms<'a>(&'a self, visitor: &mut dyn FnMut(&'a Term, bool)) {
        for term in &*self.looked_up {
            visitor(term, false);
        }
    }

    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.weight_of_all(scoring)?))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a factor of a score")]
fn count(number: u64) -> f32 {
    number as f32
}

pub(super) struct CombinedWeight {
    terms: Vec<(Term, f32)>,
    lengths: Arc<[WeighedField]>,
    factor: f32,
    average: f32,
}

impl CombinedWeight {
    /// What no passage scores more than.
    pub(super) fn most(&self) -> Score {
        self.factor
    }

    /// What scores the passages of a segment; nothing where none of them holds the term.
    pub(super) fn open(
        &self,
        terms: &Terms,
        segment: usize,
        boost: Score,
    ) -> tantivy::Result<Option<CombinedScorer>> {
        let mut postings = Vec::with_capacity(self.terms.len());
        for (term, weight) in &self.terms {
            if let Some((index, info)) = terms.list(segment, term)? {
                let option = IndexRecordOption::WithFreqs;
                postings.push((index.read_postings_from_terminfo(&info, option)?, *weight));
            }
        }
        if postings.is_empty() {
            return Ok(None);
        }
        let mut lengths = Vec::with_capacity(self.lengths.len());
        for &(field, weight) in &*self.lengths {
            lengths.push((terms.field(field)?.lengths(segment)?, weight));
        }
        Ok(Some(CombinedScorer {
            postings,
            lengths,
            factor: self.factor * boost,
            average: self.average,
            each: &LENGTHS,
            doc: TERMINATED,
            held: Vec::new(),
        }))
    }

    fn combined(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<CombinedScorer> {
        let mut postings = Vec::with_capacity(self.terms.len());
        for (term, weight) in &self.terms {
            let index = reader.inverted_index(term.field())?;
            if let Some(found) = index.read_postings(term, IndexRecordOption::WithFreqs)? {
                postings.push((found, *weight));
            }
        }
        let mut lengths = Vec::with_capacity(self.lengths.len());
        for &(field, weight) in &*self.lengths {
            lengths.push((reader.get_fieldnorms_reader(field)?, weight));
        }
        let mut scorer = CombinedScorer {
            postings,
            lengths,
            factor: self.factor * boost,
            average: self.average,
            each: &LENGTHS,
            doc: TERMINATED,
            held: Vec::new(),
        };
        scorer.settle();
        Ok(scorer)
    }
}

impl Weight for CombinedWeight {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let scorer = self.combined(reader, boost)?;
        if scorer.postings.is_empty() {
            return Ok(Box::new(EmptyScorer));
        }
        Ok(Box::new(scorer))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        let mut scorer = self.combined(reader, 1.0)?;
        let found = if scorer.doc() < doc {
            scorer.seek(doc)
        } else {
            scorer.doc()
        };
        let score = if found == doc { scorer.score() } else { 0.0 };
        Ok(Explanation::new("BM25F", score))
    }
}

pub(super) struct CombinedScorer {
    /// Where the term stands, with what an occurrence there counts.
    postings: Vec<(SegmentPostings, f32)>,
    lengths: Vec<(FieldNormReader, f32)>,
    /// What the numbers stand for that are kept of lengths.
    each: &'static Lengths,
    factor: f32,
    average: f32,
    doc: DocId,
    /// How often the term stands in each of the passages that were looked up last; nothing where it
    /// stands in none.
    held: Vec<(DocId, Score)>,
}

impl CombinedScorer {
    /// Adds to each of `bounds` what the passage at its place in `docs`, which are in order, scores at
    /// most: what it would if it had no length.
    pub(super) fn bound(&mut self, docs: &[DocId], bounds: &mut [Score]) {
        self.look_up(docs);
        for (&(_, frequency), bound) in self.held.iter().zip(bounds) {
            *bound += self.factor * frequency / (frequency + SHORTEST);
        }
    }

    /// Adds to each of `sums` what the passage at its place in `docs` scores; nothing to those that
    /// stay below `needed` however short they are. They are in order, and of those that were looked
    /// up last.
    pub(super) fn add(&mut self, docs: &[DocId], sums: &mut [Score], needed: Score) {
        let mut held = self.held.iter();
        for (&doc, sum) in docs.iter().zip(sums) {
            let Some(&(_, frequency)) = held.find(|(held, _)| *held == doc) else {
                break;
            };
            // What it scores with no length, times what it would be divided by.
            let missing = needed - *sum;
            let is_short_of =
                missing > 0.0 && frequency * (self.factor - missing) < missing * SHORTEST;
            if frequency > 0.0 && !is_short_of {
                *sum += self.scored(doc, frequency);
            }
        }
    }

    /// Looks up how often the term stands in each of `docs`, which are in order and after those of
    /// the last time.
    pub(super) fn look_up(&mut self, docs: &[DocId]) {
        self.held.clear();
        let (Some(&first), Some(&last)) = (docs.first(), docs.last()) else {
            return;
        };
        // Most terms of a question stand in none of some hundred passages.
        let mut is_near = false;
        for (postings, _) in &mut self.postings {
            if postings.doc() < first {
                postings.seek(first);
            }
            is_near |= postings.doc() <= last;
        }
        if !is_near {
            return;
        }
        self.held.extend(docs.iter().map(|&doc| (doc, 0.0)));
        for (postings, weight) in &mut self.postings {
            let mut at = 0;
            // Many fields hold a term far more seldom than it is asked about.
            while postings.doc() <= last
                && let Some((doc, frequency)) = self.held.get_mut(at)
            {
                let mut held = postings.doc();
                if held < *doc {
                    held = postings.seek(*doc);
                }
                if held == *doc {
                    *frequency += count(u64::from(postings.term_freq())) * *weight;
                    at += 1;
                } else {
                    let rest = docs.get(at..).unwrap_or_default();
                    at += rest.len() - past(rest, held).len();
                }
            }
        }
    }

    /// What a passage scores that holds the term so often.
    fn scored(&self, doc: DocId, frequency: Score) -> Score {
        let lengths = self.lengths.iter();
        let length: f32 = lengths
            .map(|(length, weight)| self.each[usize::from(length.fieldnorm_id(doc))] * weight)
            .sum();
        let norm = K1 * (1.0 - B + B * length / self.average);
        self.factor * frequency / (frequency + norm)
    }

    fn settle(&mut self) -> DocId {
        let docs = self.postings.iter().map(|(postings, _)| postings.doc());
        self.doc = docs.min().unwrap_or(TERMINATED);
        self.doc
    }
}

impl DocSet for CombinedScorer {
    fn advance(&mut self) -> DocId {
        if self.doc == TERMINATED {
            return TERMINATED;
        }
        for (postings, _) in &mut self.postings {
            if postings.doc() == self.doc {
                postings.advance();
            }
        }
        self.settle()
    }

    fn seek(&mut self, target: DocId) -> DocId {
        for (postings, _) in &mut self.postings {
            if postings.doc() < target {
                postings.seek(target);
            }
        }
        self.settle()
    }

    fn doc(&self) -> DocId {
        self.doc
    }

    fn size_hint(&self) -> u32 {
        let sizes = self
            .postings
            .iter()
            .map(|(postings, _)| postings.size_hint());
        sizes.fold(0, u32::saturating_add)
    }
}

impl Scorer for CombinedScorer {
    fn score(&mut self) -> Score {
        let doc = self.doc;
        let mut frequency = 0.0;
        for (postings, weight) in &self.postings {
            if postings.doc() == doc {
                frequency += count(u64::from(postings.term_freq())) * weight;
            }
        }
        self.scored(doc, frequency)
    }
}
