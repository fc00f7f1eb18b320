//! Finds the passages whose normalised text contains a string: all of them, and no other.
//!
//! The characters are looked up as a phrase, punctuation leaving gaps. Where the string has
//! punctuation or blanks of its own, which the phrase cannot tell apart, the few passages that
//! remain are read and compared.

use tantivy::query::doc_predicate_query::{DocPredicateQuery, FunctionPredicate};
use tantivy::query::{
    AllQuery, BooleanQuery, ConstScoreQuery, Occur, PhraseQuery, Query, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocId, SegmentReader, TantivyDocument, Term};

use crate::analysis::{Fragment, Normalized};
use crate::index::{Fields, PassageRecord};

/// The most terms one phrase is looked up with; what remains of a longer string is compared.
const MAX_TERMS: usize = 64;

/// The passages whose whole text contains `needle`.
pub(super) fn contains(fields: &Fields, needle: &Normalized) -> Box<dyn Query> {
    if needle.as_str().is_empty() {
        return Box::new(AllQuery);
    }
    let (terms, cut) = terms(fields.text_characters, needle);
    let marks = needle.marks();
    let mut clauses: Vec<(Occur, Box<dyn Query>)> = marks
        .iter()
        .map(|mark| {
            let term = Term::from_field_text(fields.marks, mark.encode_utf8(&mut [0; 4]));
            let query = TermQuery::new(term, IndexRecordOption::Basic);
            (Occur::Must, silent(Box::new(query)))
        })
        .collect();
    if let Some(phrase) = phrase(terms) {
        clauses.push((Occur::Must, phrase));
    }
    let one_character = needle.chars() == 1;
    if cut || (!marks.is_empty() && !one_character) {
        clauses.push((Occur::Must, silent(Box::new(compared(fields, needle)))));
    }
    match clauses.len() {
        1 => clauses
            .pop()
            .map_or_else(|| Box::new(AllQuery) as Box<dyn Query>, |(_, query)| query),
        _ => Box::new(BooleanQuery::new(clauses)),
    }
}

/// The passages in one of whose `field`'s texts the characters of `needle` follow one another,
/// any punctuation between them standing for any other; nothing where it has none.
pub(super) fn characters(field: Field, needle: &Normalized) -> Option<Box<dyn Query>> {
    phrase(terms(field, needle).0)
}

/// The terms `needle` is looked up with in `field`.
pub(super) fn grams(field: Field, needle: &Normalized) -> impl Iterator<Item = Term> {
    terms(field, needle).0.into_iter().map(|(_, term)| term)
}

/// A query that selects without adding to the score.
pub(super) fn silent(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(ConstScoreQuery::new(query, 0.0))
}

fn phrase(mut terms: Vec<(usize, Term)>) -> Option<Box<dyn Query>> {
    if terms.len() > 1 {
        return Some(Box::new(PhraseQuery::new_with_offset(terms)));
    }
    let (_, term) = terms.pop()?;
    Some(Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)))
}

/// The fewest pairs and single characters that cover `needle`, with their places, and whether
/// some were left out for being too many.
fn terms(field: Field, needle: &Normalized) -> (Vec<(usize, Term)>, bool) {
    let mut terms = Vec::new();
    for Fragment { text, position } in needle.fragments() {
        let ends: Vec<usize> = text
            .char_indices()
            .map(|(at, _)| at)
            .chain([text.len()])
            .collect();
        let length = ends.len() - 1;
        let mut gram = |from: usize, to: usize| {
            if let (Some(&start), Some(&end)) = (ends.get(from), ends.get(to))
                && let Some(gram) = text.get(start..end)
            {
                terms.push((position + from, Term::from_field_text(field, gram)));
            }
        };
        if length == 1 {
            gram(0, 1);
            continue;
        }
        for from in (0..length - 1).step_by(2) {
            gram(from, from + 2);
        }
        if length % 2 == 1 {
            gram(length - 2, length);
        }
    }
    let cut = terms.len() > MAX_TERMS;
    terms.truncate(MAX_TERMS);
    (terms, cut)
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
                    serde_json::from_slice::<PassageRecord>(bytes).ok()
                })
                .is_some_and(|passage| Normalized::new(&passage.text).as_str().contains(&needle))
        })
    })
    .into()
}
