//! Finds the passages whose normalised text contains a string: all of them, and no other.
//!
//! A string of two characters or more is a phrase of its pairs, punctuation and blanks included,
//! and a single one a term. Only a string too long to be looked up whole is compared with the
//! stored text of the few passages that hold its beginning.

use tantivy::query::doc_predicate_query::{DocPredicateQuery, FunctionPredicate};
use tantivy::query::{AllQuery, BooleanQuery, EmptyQuery, EnableScoring, Occur, Query, TermQuery};
use tantivy::schema::{IndexRecordOption, Value};
use tantivy::{DocId, DocSet, Searcher, SegmentReader, TERMINATED, TantivyDocument, Term};

use crate::analysis::Normalized;
use crate::fold::is_searchable;
use crate::index::{Characters, Fields, PassageRecord};
use crate::query::run::{Characters as CharactersQuery, Constant};

/// The most pairs one phrase is looked up with, enough for 48 characters.
const MAX_TERMS: usize = 24;

/// The passages whose whole text contains `needle`.
pub(super) fn contains(fields: &Fields, needle: &Normalized) -> Box<dyn Query> {
    let text = needle.as_str();
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (None, _) => return Box::new(AllQuery),
        (Some(mark), None) if !is_searchable(mark) => {
            let term = Term::from_field_text(fields.marks, text);
            return Box::new(TermQuery::new(term, IndexRecordOption::Basic));
        }
        _ => {}
    }
    let terms = terms(fields.text_characters, needle);
    let looked_up = terms.iter().map(|(at, _)| at + 2).max().unwrap_or(0);
    let phrase = phrase(terms);
    if looked_up >= needle.chars() {
        return phrase;
    }
    Box::new(BooleanQuery::new(vec![
        (Occur::Must, phrase),
        (Occur::Must, silent(Box::new(compared(fields, needle)))),
    ]))
}

/// The passages whose `field` contains `needle`; all of its characters, for a long one as many as
/// are looked up. None where the field cannot hold it: a lone mark, or nothing.
pub(super) fn characters(field: Characters, needle: &Normalized) -> Box<dyn Query> {
    phrase(terms(field, needle))
}

/// The terms `needle` is looked up with in `field`.
pub(super) fn grams(field: Characters, needle: &Normalized) -> impl Iterator<Item = Term> {
    terms(field, needle).into_iter().map(|(_, term)| term)
}

/// A query that selects without adding to the score.
pub(super) fn silent(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(Constant::silent(query))
}

/// Whether `query` finds anything.
pub(super) fn stands(searcher: &Searcher, query: &dyn Query) -> tantivy::Result<bool> {
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    for segment in searcher.segment_readers() {
        if weight.scorer(segment, 1.0)?.doc() != TERMINATED {
            return Ok(true);
        }
    }
    Ok(false)
}

fn phrase(mut terms: Vec<(usize, Term)>) -> Box<dyn Query> {
    if terms.len() > 1 {
        return Box::new(CharactersQuery::new(terms));
    }
    match terms.pop() {
        Some((_, term)) => Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)),
        None => Box::new(EmptyQuery),
    }
}

/// The fewest pairs that cover `needle`, or its only character, with their places; for a needle
/// of more than [`MAX_TERMS`] pairs, those of its beginning.
fn terms(field: Characters, needle: &Normalized) -> Vec<(usize, Term)> {
    let text = needle.as_str();
    let bounds: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .collect();
    let length = bounds.len() - 1;
    let gram = |from: usize, to: usize| {
        let gram = text.get(*bounds.get(from)?..*bounds.get(to)?)?;
        Some((from, field.term(gram)))
    };
    if length == 1 {
        return gram(0, 1).into_iter().collect();
    }
    let last = length.checked_sub(2);
    let even = (0..length.saturating_sub(1)).step_by(2);
    even.chain(last.filter(|last| last % 2 == 1))
        .take(MAX_TERMS)
        .filter_map(|from| gram(from, from + 2))
        .collect()
}

/// Reads each passage it is asked about and compares.
fn compared(fields: &Fields, needle: &Normalized) -> DocPredicateQuery {
    /// Blocks of stored passages kept decompressed per segment.
    const CACHED_BLOCKS: usize = 8;
    let record = fields.record;
    let needle = needle.as_str().to_owned();
    FunctionPredicate::from(move |segment: &SegmentReader| {
        let store = segment.get_store_reader(CACHED_BLOCKS)?;
        let needle = needle.clone();
        Ok(move |doc: DocId| {
            // The files were verified when the index was opened: what cannot be read here fails
            // loudly when the hit itself is read.
            store
                .get::<TantivyDocument>(doc)
                .ok()
                .and_then(|document| {
                    let bytes = document.get_first(record)?.as_bytes()?;
                    PassageRecord::from_stored(bytes, "").ok()
                })
                .is_some_and(|passage| Normalized::new(&passage.text).as_str().contains(&needle))
        })
    })
    .into()
}
