//! Whether passages hold one thing together with others, tried on a bounded number of them.

use tantivy::query::{BooleanQuery, EnableScoring, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocId, DocSet, Searcher, TERMINATED, Term};

use crate::analysis::{self, Normalized};
use crate::index::{self, Characters, Snapshot};
use crate::search::Address;

/// The most passages that are tried.
const MAX_TRIED: usize = 1000;
/// The most words that are asked for.
const MAX_WORDS: usize = 8;

/// Passages that hold some words.
pub(super) struct Context<'a> {
    searcher: &'a Searcher,
    /// For each segment, some of them in order.
    passages: Vec<Vec<DocId>>,
    /// Whether there are no others.
    are_all: bool,
}

impl<'a> Context<'a> {
    /// The passages that hold all of `words` in their text or the names of their region; nothing
    /// where none does, or no word is given.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub(super) fn new(
        snapshot: &'a Snapshot,
        words: &[&str],
    ) -> Result<Option<Self>, index::Error> {
        if words.is_empty() {
            return Ok(None);
        }
        let searcher = snapshot.searcher();
        let fields = snapshot.fields();
        // The last words are the nearest to what is being typed.
        let skipped = words.len().saturating_sub(MAX_WORDS);
        let query = BooleanQuery::new(
            words
                .iter()
                .skip(skipped)
                .map(|word| {
                    let word = Normalized::new(word);
                    let either = [fields.text_characters, fields.region_names]
                        .map(|field| (Occur::Should, all_of(terms(field, &word))));
                    let either: Box<dyn Query> = Box::new(BooleanQuery::new(either.into()));
                    (Occur::Must, either)
                })
                .collect(),
        );
        let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
        let mut passages = Vec::new();
        let mut room = MAX_TRIED;
        let mut are_all = true;
        for (ordinal, segment) in (0..).zip(searcher.segment_readers()) {
            let mut docs = weight.scorer(segment, 1.0)?;
            let mut some = Vec::new();
            while docs.doc() != TERMINATED && some.len() < room {
                if snapshot.sees(Address::new(ordinal, docs.doc())) {
                    some.push(docs.doc());
                }
                docs.advance();
            }
            are_all &= docs.doc() == TERMINATED;
            room -= some.len();
            passages.push(some);
        }
        let context = Self {
            searcher,
            passages,
            are_all,
        };
        let is_empty = context.passages.iter().all(Vec::is_empty);
        Ok((!is_empty).then_some(context))
    }

    /// Whether one of the passages has all of `terms`; nothing where none that was tried has.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub(super) fn holds(&self, terms: Vec<Term>) -> Result<Option<bool>, index::Error> {
        let query = all_of(terms);
        let weight = query.weight(EnableScoring::disabled_from_searcher(self.searcher))?;
        for (segment, passages) in self.searcher.segment_readers().iter().zip(&self.passages) {
            if passages.is_empty() {
                continue;
            }
            let mut docs = weight.scorer(segment, 1.0)?;
            for &passage in passages {
                if docs.doc() < passage {
                    docs.seek(passage);
                }
                if docs.doc() == passage {
                    return Ok(Some(true));
                }
            }
        }
        Ok(self.are_all.then_some(false))
    }
}

/// What passages have that hold `text` in a field of characters; others may have it too.
pub(super) fn terms(field: Characters, text: &Normalized) -> Vec<Term> {
    let length = text.chars().min(2);
    analysis::characters(text)
        .filter(|gram| gram.text.chars().count() == length)
        .map(|gram| field.term(gram.text))
        .collect()
}

fn all_of(terms: Vec<Term>) -> Box<dyn Query> {
    Box::new(BooleanQuery::new(
        terms
            .into_iter()
            .map(|term| -> (Occur, Box<dyn Query>) {
                let query = TermQuery::new(term, IndexRecordOption::Basic);
                (Occur::Must, Box::new(query))
            })
            .collect(),
    ))
}
