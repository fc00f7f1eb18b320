//! Questions, asked again in the words of the passages that answer them best.
//!
//! A layperson asks in other words than a report answers in: 打工 where the text has 务工. The best
//! passages for the words that were typed say what else goes with them, and the first hits are put
//! in order by those words too (pseudo relevance feedback; the model is RM3 of Abdul-Jaleel and
//! others at TREC 2004). Which passages are found, and how many, is left as it is.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;
use tantivy::Term;
use tantivy::query::{BooleanQuery, Occur};

use super::rank::{self, Ranked};
use crate::analysis::{Normalized, is_function_word};
use crate::index::{PassageRecord, Snapshot};
use crate::query::run::{Scores, Terms};
use crate::query::{Compiler, Leaf};

/// How many hits are put in order anew; those after them stay where they are.
pub(super) const WINDOW: usize = 300;
/// The hits whose words count.
const BEST: usize = 10;
/// The most words that are taken from them.
const MAX_TERMS: usize = 60;
/// The most characters of a passage that are read.
const MAX_CHARS: usize = 1000;
/// How fast the say of a passage falls with its score: one with half the best score has `exp(-2.5)`
/// of its say.
const STEEPNESS: f32 = 5.0;
/// How fast further occurrences in one passage stop counting, as in BM25.
const K1: f32 = 1.2;

/// What passages say beside a query, with what each word counts.
pub(super) fn leaves(
    snapshot: &Snapshot,
    compiler: &Compiler<'_>,
    words: usize,
    hits: &[Ranked],
    weight: f32,
) -> Result<Vec<Leaf>, crate::index::Error> {
    let best = hits.first().map_or(0.0, |hit| hit.score);
    if best <= 0.0 {
        return Ok(Vec::new());
    }
    let mut passages = Vec::with_capacity(BEST);
    for hit in hits.iter().take(BEST) {
        let passage = snapshot.record(hit.address)?;
        let own = ((hit.score - best) / best * STEEPNESS).exp();
        passages.push((counts(snapshot, &passage), own));
    }
    let said = passages.iter().flat_map(|(counts, _)| counts.keys());
    let frequencies = frequencies(snapshot, said.cloned().collect())?;
    let mut sums: HashMap<String, f32> = HashMap::new();
    let mut say = 0.0;
    for (mut counts, own) in passages {
        let mut length = 0.0;
        for (word, count) in &mut counts {
            let frequency = frequencies.get(word).copied().unwrap_or_default();
            let rarity = rarity(snapshot.passages(), frequency);
            *count = *count * (K1 + 1.0) / (*count + K1) * rarity;
            length += *count;
        }
        if length > 0.0 {
            say += own;
            for (word, count) in counts {
                *sums.entry(word).or_default() += own * count / length;
            }
        }
    }
    let mut terms: Vec<(String, f32)> = sums.into_iter().collect();
    terms.sort_by(|left, right| {
        let by_worth = right.1.total_cmp(&left.1);
        by_worth.then_with(|| left.0.cmp(&right.0))
    });
    terms.truncate(MAX_TERMS);
    let total: f32 = terms.iter().map(|(_, worth)| worth).sum();
    if say <= 0.0 || total <= 0.0 {
        return Ok(Vec::new());
    }
    #[expect(clippy::cast_precision_loss, reason = "a few dozen words")]
    let scale = weight * words as f32 / total;
    Ok(terms
        .into_iter()
        .map(|(word, worth)| compiler.related(&word, worth * scale))
        .collect())
}

/// The hits with what `leaves` add to their scores; not yet in order.
pub(super) fn add(
    snapshot: &Snapshot,
    leaves: &[Leaf],
    hits: &mut [Ranked],
) -> tantivy::Result<()> {
    let leaves = leaves.iter();
    let leaves = leaves.map(|leaf| (Occur::Should, leaf.query.box_clone()));
    let scores = Scores::of(snapshot, &BooleanQuery::new(leaves.collect()))?;
    rank::add(snapshot, &scores, hits)
}

/// The words of a passage and its headings, with how often each stands there; in order, since sums
/// of what they count differ in their last digits with the order of adding.
fn counts(snapshot: &Snapshot, passage: &PassageRecord) -> BTreeMap<String, f32> {
    let mut counts = BTreeMap::new();
    let end = passage.body().char_indices().nth(MAX_CHARS);
    let body = passage.body();
    let body = end.map_or(body, |(end, _)| body.get(..end).unwrap_or(body));
    let headings = passage.parents.iter().chain(&passage.heading);
    for text in headings.map(String::as_str).chain([body]) {
        let text = Normalized::new(text);
        for word in snapshot.dictionary().words_and_parts(text.as_str()) {
            let says_something =
                word.text.chars().all(char::is_alphabetic) && !is_function_word(word.text);
            if says_something {
                *counts.entry(word.text.to_owned()).or_default() += 1.0;
            }
        }
    }
    counts
}

/// The most words on one shelf; when it is full, those of the other are dropped.
const SHELF: usize = 32_768;

/// In how many passages of a generation words stand that were asked for before: each question asks
/// for some hundreds, most of which the one before asked for too.
#[derive(Default)]
struct Known(Mutex<[FxHashMap<String, u64>; 2]>);

/// In how many passages each of `words` stands.
fn frequencies(
    snapshot: &Snapshot,
    words: HashSet<String>,
) -> tantivy::Result<FxHashMap<String, u64>> {
    let known = snapshot.attached(Known::default);
    let mut frequencies = FxHashMap::default();
    let mut unknown = Vec::new();
    {
        let shelves = known.0.lock().unwrap_or_else(PoisonError::into_inner);
        let [first, second] = &*shelves;
        for word in words {
            match first.get(&word).or_else(|| second.get(&word)) {
                Some(&frequency) => {
                    frequencies.insert(word, frequency);
                }
                None => unknown.push(word),
            }
        }
    }
    let (fields, terms) = (snapshot.fields(), Terms::of(snapshot));
    for word in &unknown {
        let mut frequency = 0;
        for field in [fields.body_words, fields.heading_words] {
            let term = Term::from_field_text(field, word);
            frequency = frequency.max(terms.frequency(&term)?);
        }
        frequencies.insert(word.clone(), frequency);
    }
    let mut shelves = known.0.lock().unwrap_or_else(PoisonError::into_inner);
    let [first, second] = &mut *shelves;
    if first.len() + unknown.len() > SHELF {
        *second = std::mem::take(first);
    }
    for word in unknown {
        let frequency = frequencies.get(&word).copied().unwrap_or_default();
        first.insert(word, frequency);
    }
    Ok(frequencies)
}

/// The inverse document frequency of BM25.
#[expect(clippy::cast_precision_loss, reason = "a ratio of counts")]
fn rarity(all: u64, frequency: u64) -> f32 {
    let (all, frequency) = (all as f32, frequency as f32);
    ((all - frequency + 0.5).max(0.0) / (frequency + 0.5)).ln_1p()
}
