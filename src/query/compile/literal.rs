//! Finds the passages whose normalised text contains a string: all of them, and no other.
//!
//! A single character and a pair are terms; a longer string is a phrase of pairs in titles, headings
//! and names, and is looked for in the texts that have all its pairs. Punctuation and blanks belong
//! to it.

use tantivy::query::{AllQuery, EmptyQuery, EnableScoring, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, Searcher, TERMINATED, Term};

use crate::analysis::Normalized;
use crate::fold::is_searchable;
use crate::index::{Characters, Fields};
use crate::query::run::{Characters as CharactersQuery, Constant, Contains};

/// The most pairs one string is looked up with, enough for 48 characters.
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
    characters(fields.text_characters, needle)
}

/// The passages whose `field` contains `needle`; of a title, heading or name as many of its
/// characters as are looked up. None where the field cannot hold it: a lone mark, or nothing.
pub(super) fn characters(field: Characters, needle: &Normalized) -> Box<dyn Query> {
    let mut terms = terms(field, needle);
    if terms.len() > 1 {
        if field.have_places() {
            return Box::new(CharactersQuery::new(terms));
        }
        let scored: Vec<Term> = terms.into_iter().map(|(_, term)| term).collect();
        return Box::new(Contains::new(needle.clone(), pairs(field, needle), scored));
    }
    match terms.pop() {
        Some((_, term)) => Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs)),
        None => Box::new(EmptyQuery),
    }
}

/// All pairs of `needle`, or of its beginning.
fn pairs(field: Characters, needle: &Normalized) -> Vec<Term> {
    let chars = needle.as_str().chars();
    let mut pairs: Vec<String> = chars
        .clone()
        .zip(chars.skip(1))
        .take(2 * MAX_TERMS)
        .map(|(one, other)| String::from_iter([one, other]))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs.iter().map(|pair| field.term(pair)).collect()
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
