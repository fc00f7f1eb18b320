//! Passages like a given one, from other reports, with the terms that make them alike.
//!
//! A reader who has found what one region did asks what others did about the same. Likeness is by
//! words: the passage's most telling ones are looked up, and what holds enough of them is ranked by
//! BM25. The engine's own "more like this" wants each word several times and finds nothing for a
//! passage of sixty characters, nor can it say why; here every score is a sum over shared terms.
//!
//! Invariants: never the passage's own report, one passage for each report, those of other regions
//! before those of the same; every shared term stands in both (`tests/similar.rs`).

mod candidates;
mod terms;

use std::collections::HashSet;

use tantivy::collector::{DocSetCollector, TopDocs};
use tantivy::query::{BoostQuery, EnableScoring, Query as EngineQuery, TermQuery, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocSet, Searcher, Term};

use self::candidates::Candidates;
use self::terms::Telling;
pub(super) use self::terms::{Frequencies, telling};
use super::{Address, Filter, Highlighter, Options, Snippet};
use crate::analysis::Normalized;
use crate::fold;
use crate::index::{self, PassageRecord, ReportRecord, Snapshot};
use crate::query::Needle;

/// What a word in a passage's headings counts beside one in its paragraphs. Headings are short, so
/// that BM25 values them already.
const HEADING_WEIGHT: f32 = 0.5;
/// The most terms of a passage that are looked up.
const MAX_TERMS: usize = 25;
/// From this resemblance on, a passage is taken for a copy with small changes.
const NEAR_DUPLICATE: f32 = 0.9;

/// A passage like the one asked about.
#[derive(Debug, Clone)]
pub struct Similar {
    /// The passage.
    pub passage: PassageRecord,
    /// Its report.
    pub report: ReportRecord,
    /// How like it is, from 0 to 1: its score as a share of what the passage itself would get.
    pub score: f32,
    /// The terms both hold, weightiest first; their weights sum to `score`, where that is below 1.
    pub shared: Vec<SharedTerm>,
    /// The part of its text that shares most, with shared terms marked.
    pub snippet: Snippet,
    /// Whether it is the same text but for a few characters.
    pub near_duplicate: bool,
}

/// A term that two passages share.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedTerm {
    /// The term, normalised.
    pub text: String,
    /// What it adds to the score.
    pub weight: f32,
}

/// At most `limit` passages like the one of that id, or nothing where there is none of that id.
///
/// Passages of other regions come first, then other reports of the same region; within each, the
/// most alike first.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn similar(
    snapshot: &Snapshot,
    id: &str,
    limit: usize,
    options: &Options,
) -> Result<Option<Vec<Similar>>, index::Error> {
    similar_within(snapshot, id, None, limit, options)
}

/// As [`similar`], of the passages that `filter` lets through; the one of that id need not be.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn similar_within(
    snapshot: &Snapshot,
    id: &str,
    filter: Option<&Filter>,
    limit: usize,
    options: &Options,
) -> Result<Option<Vec<Similar>>, index::Error> {
    let searcher = snapshot.searcher();
    let Some(address) = address(snapshot, id)? else {
        return Ok(None);
    };
    if !snapshot.sees(address) {
        return Ok(None);
    }
    let passage = snapshot.record(address)?;
    let report = report_of(snapshot, &passage)?;
    let terms = telling(
        snapshot,
        &passage,
        report,
        MAX_TERMS,
        &mut Frequencies::default(),
    )?;
    let clauses = terms
        .iter()
        .map(|term| Clause::new(snapshot, term))
        .collect::<Result<Vec<_>, _>>()?;
    let own: f32 = contributions(searcher, &clauses, address)?.iter().sum();
    if own <= 0.0 || limit == 0 {
        return Ok(Some(Vec::new()));
    }

    let allowed = filter
        .map(|filter| searcher.search(&*super::filter::silent(snapshot, filter), &DocSetCollector))
        .transpose()?;
    let mut candidates = Candidates::new(snapshot, &clauses, address, &report.id)?;
    candidates.allowed = allowed.as_ref();
    let found = candidates.best(limit)?;
    let resemblance = Resemblance::new(&passage);
    let mut similar = Vec::with_capacity(found.len());
    for candidate in found {
        let scores = contributions(searcher, &clauses, candidate.address)?;
        let shared = shared_terms(&terms, &scores, own);
        let passage = snapshot.record(candidate.address)?;
        let report = report_of(snapshot, &passage)?.clone();
        let needles: Vec<Needle> = shared.iter().map(|term| Needle::word(&term.text)).collect();
        similar.push(Similar {
            score: (scores.iter().sum::<f32>() / own).min(1.0),
            shared,
            snippet: Highlighter::new(&needles).snippet(&passage, options.snippet_chars),
            near_duplicate: resemblance.with(&passage) >= NEAR_DUPLICATE,
            passage,
            report,
        });
    }
    Ok(Some(similar))
}

/// A term with what finds it and what it is worth.
struct Clause {
    /// What holding it counts, whatever the length of the passage.
    worth: f32,
    /// In how many passages it stands.
    frequency: u64,
    /// It in the paragraphs and in the headings.
    weights: [Box<dyn Weight>; 2],
}

impl Clause {
    fn new(snapshot: &Snapshot, term: &Telling) -> tantivy::Result<Self> {
        let fields = snapshot.fields();
        let weight = |field: Field, share: f32| {
            let found = TermQuery::new(
                Term::from_field_text(field, &term.text),
                IndexRecordOption::WithFreqs,
            );
            BoostQuery::new(Box::new(found), term.boost * share)
                .weight(EnableScoring::enabled_from_searcher(snapshot.searcher()))
        };
        Ok(Self {
            worth: term.worth,
            frequency: term.frequency,
            weights: [
                weight(fields.body_words, 1.0)?,
                weight(fields.heading_words, HEADING_WEIGHT)?,
            ],
        })
    }
}

/// What each clause adds to the score of the passage at `address`.
fn contributions(
    searcher: &Searcher,
    clauses: &[Clause],
    address: Address,
) -> tantivy::Result<Vec<f32>> {
    let segment = searcher.segment_reader(address.segment_ord);
    let mut all = Vec::with_capacity(clauses.len());
    for clause in clauses {
        let mut score = 0.0;
        for weight in &clause.weights {
            let mut scorer = weight.scorer(segment, 1.0)?;
            if scorer.doc() < address.doc_id {
                scorer.seek(address.doc_id);
            }
            if scorer.doc() == address.doc_id {
                score += scorer.score();
            }
        }
        all.push(score);
    }
    Ok(all)
}

/// The terms that add to a score. A part of a longer term that is shared as well, 教师 beside
/// 教师队伍, is told as that.
fn shared_terms(terms: &[Telling], scores: &[f32], own: f32) -> Vec<SharedTerm> {
    let mut adding: Vec<SharedTerm> = terms
        .iter()
        .zip(scores)
        .filter(|&(_, &score)| score > 0.0)
        .map(|(term, &score)| SharedTerm {
            text: term.text.clone(),
            weight: score / own,
        })
        .collect();
    adding.sort_by_key(|term| std::cmp::Reverse(term.text.chars().count()));
    let mut shared: Vec<SharedTerm> = Vec::with_capacity(adding.len());
    for term in adding {
        match shared
            .iter_mut()
            .find(|longer| longer.text.contains(&term.text))
        {
            Some(longer) => longer.weight += term.weight,
            None => shared.push(term),
        }
    }
    shared.sort_by(|left, right| {
        let by_weight = right.weight.total_cmp(&left.weight);
        by_weight.then_with(|| left.text.cmp(&right.text))
    });
    shared
}

fn address(snapshot: &Snapshot, id: &str) -> tantivy::Result<Option<Address>> {
    let query = TermQuery::new(
        Term::from_field_text(snapshot.fields().id, id),
        IndexRecordOption::Basic,
    );
    let found = snapshot
        .searcher()
        .search(&query, &TopDocs::with_limit(1).order_by_score())?;
    Ok(found.first().map(|&(_, address)| address))
}

fn report_of<'a>(
    snapshot: &'a Snapshot,
    passage: &PassageRecord,
) -> Result<&'a ReportRecord, index::Error> {
    snapshot
        .report(&passage.report)
        .ok_or_else(|| index::Error::Orphan {
            passage: passage.id.clone(),
            report: passage.report.clone(),
        })
}

/// How much of two passages is the same: the pairs of neighbouring characters both have, of those
/// either has (Broder, "On the resemblance and containment of documents", 1997). Marks and blanks
/// are left out, so that a copy laid out otherwise is still one; so is a title that stands before.
struct Resemblance(HashSet<[char; 2]>);

impl Resemblance {
    fn new(passage: &PassageRecord) -> Self {
        let heading = passage.heading.as_deref().unwrap_or_default();
        let normalized = Normalized::new(&format!("{heading}\n{}", passage.body()));
        let chars: Vec<char> = normalized
            .as_str()
            .chars()
            .filter(|&c| fold::is_searchable(c))
            .collect();
        Self(
            chars
                .windows(2)
                .filter_map(|pair| pair.try_into().ok())
                .collect(),
        )
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a passage has far fewer pairs than 2^24"
    )]
    fn with(&self, passage: &PassageRecord) -> f32 {
        let other = Self::new(passage);
        let both = self.0.intersection(&other.0).count();
        let either = self.0.len() + other.0.len() - both;
        both as f32 / either.max(1) as f32
    }
}
