//! Gathers completions from an index: its divisions and themes, and what its passages say.
//!
//! Phrases are mined from a sample of the passages where there are many, and then counted in all.
//! Everything is read from what the index stores, so a build need not cut or keep any text for it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use tantivy::schema::{Field, Value};
use tantivy::{Searcher, TantivyDocument, Term};

use super::keys::{Effort, Space, key, keys};
use super::store::{Files, Weighed, arrange};
use super::{Completion, CompletionKind};
use crate::analysis::{Dictionary, Normalized};
use crate::index::Error;
use crate::index::record::{PassageRecord, ReportRecord};
use crate::index::schema::Fields;
use crate::phrase::{Miner, Phrase};
use crate::region::Region;
use crate::report::Kind;

/// Passages that phrases are mined from; of more, about as many are drawn.
const SAMPLE: u64 = 50_000;
/// The most phrases.
const MAX_PHRASES: usize = 50_000;
/// The most headings; twice as many are held while they are counted.
const MAX_HEADINGS: usize = 100_000;
/// A heading of more characters is a sentence, which few mean to type.
const LONG_HEADING_CHARS: usize = 30;
/// The most characters of a heading; longer ones are paragraphs.
const MAX_HEADING_CHARS: usize = 60;

/// What regions and themes, which are few and chosen, are put before other completions by.
const CHOSEN_BONUS: f32 = 2.0;
/// What a phrase is put before a heading of the same weight by.
const PHRASE_BONUS: f32 = 0.5;
/// What a long heading is put behind a short one by.
const LONG_HEADING_PENALTY: f32 = 2.0;

const CHOSEN_KEYS: Effort = Effort {
    whole: Space::Text,
    spellings: 8,
    inside: false,
};
const LONGER_KEYS: Effort = Effort {
    whole: Space::Inside,
    spellings: 0,
    inside: false,
};
const PHRASE_KEYS: Effort = Effort {
    whole: Space::Text,
    spellings: 6,
    inside: true,
};
const HEADING_KEYS: Effort = Effort {
    whole: Space::Text,
    spellings: 3,
    inside: true,
};

/// An index that completions are gathered from.
pub(in crate::index) struct Source<'a> {
    pub(in crate::index) searcher: &'a Searcher,
    pub(in crate::index) fields: &'a Fields,
    pub(in crate::index) dictionary: &'a Dictionary,
    pub(in crate::index) reports: &'a [ReportRecord],
    /// Id and label of each theme.
    pub(in crate::index) themes: &'a [(String, String)],
}

/// The completions of an index, ready to be written.
pub(in crate::index) fn gather(source: &Source<'_>) -> Result<Files, Error> {
    let mut all = Gathered::default();
    for division in divisions(source)? {
        all.add(division);
    }
    for theme in themes(source)? {
        all.add(theme);
    }
    let (phrases, headings) = said(source)?;
    for said in phrases.into_iter().chain(headings) {
        all.add(said);
    }
    arrange(all.weighed).map_err(|error| Error::Engine(error.into()))
}

/// Completions whose texts, and the other names of which, are all different.
#[derive(Default)]
struct Gathered {
    weighed: Vec<Weighed>,
    known: HashSet<String>,
}

impl Gathered {
    /// Takes a completion unless one of that name is there.
    fn add(&mut self, named: Named) {
        let own: BTreeSet<String> = named
            .names
            .iter()
            .map(|name| key(Normalized::new(name).as_str()))
            .collect();
        let text = key(Normalized::new(&named.weighed.completion.text).as_str());
        if !text.is_empty() && !self.known.contains(&text) {
            self.known.insert(text);
            self.known.extend(own);
            self.weighed.push(named.weighed);
        }
    }
}

/// A completion with all names it goes by.
struct Named {
    weighed: Weighed,
    names: Vec<String>,
}

fn logarithm(count: u64) -> f32 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a logarithm does not show the difference"
    )]
    let count = count as f32;
    count.ln_1p()
}

/// How many passages have `value` in a field.
fn passages(source: &Source<'_>, field: Field, value: &str) -> Result<u64, Error> {
    Ok(source
        .searcher
        .doc_freq(&Term::from_field_text(field, value))?)
}

/// A region or theme under its own names, and, behind what has them for its own, under longer ones
/// that begin with another's: who types 河北 means the province more than its cities.
fn chosen(
    source: &Source<'_>,
    completion: Completion,
    mut names: Vec<String>,
    longer: Vec<String>,
) -> Named {
    let mut keys = keys(&names, source.dictionary, CHOSEN_KEYS);
    keys.extend(super::keys::keys(&longer, source.dictionary, LONGER_KEYS));
    names.extend(longer);
    Named {
        weighed: Weighed {
            score: logarithm(completion.count) + CHOSEN_BONUS,
            keys,
            completion,
        },
        names,
    }
}

fn themes(source: &Source<'_>) -> Result<Vec<Named>, Error> {
    let mut themes = Vec::new();
    for (id, label) in source.themes {
        let count = passages(source, source.fields.theme, id)?;
        if count > 0 {
            let completion = Completion {
                text: label.clone(),
                kind: CompletionKind::Theme,
                count,
                value: Some(id.clone()),
                parents: Vec::new(),
            };
            themes.push(chosen(source, completion, vec![label.clone()], Vec::new()));
        }
    }
    Ok(themes)
}

/// The divisions that reports are from, and those they lie in.
fn divisions(source: &Source<'_>) -> Result<Vec<Named>, Error> {
    // By level, with parents and own name.
    let mut found: BTreeSet<(CompletionKind, Vec<String>)> = BTreeSet::new();
    for report in source.reports {
        let mut path = Vec::new();
        let Region {
            province,
            city,
            county,
            ..
        } = &report.region;
        for (kind, name) in [
            (CompletionKind::Province, province),
            (CompletionKind::City, city),
            (CompletionKind::County, county),
        ] {
            if let Some(name) = name {
                path.push(name.clone());
                found.insert((kind, path.clone()));
            }
        }
    }
    let mut times: HashMap<String, u32> = HashMap::new();
    for name in found.iter().filter_map(|(_, path)| path.last()) {
        *times.entry(name.clone()).or_default() += 1;
    }
    let mut divisions = Vec::new();
    for (kind, mut path) in found {
        let Some(name) = path.pop() else { continue };
        // As in facets: a name that several divisions have says which with those it lies in.
        let value = if times.get(&name).is_some_and(|&times| times > 1) {
            path.concat() + &name
        } else {
            name.clone()
        };
        let field = match kind {
            CompletionKind::Province => source.fields.province,
            CompletionKind::City => source.fields.city,
            _ => source.fields.county,
        };
        let own = own_names(kind, &name);
        let mut longer = vec![value.clone(), path.concat() + &name];
        if let Some(parent) = path.last() {
            let level = match path.len() {
                1 => CompletionKind::Province,
                _ => CompletionKind::City,
            };
            for parent in own_names(level, parent) {
                longer.extend(own.iter().map(|own| format!("{parent}{own}")));
            }
        }
        let completion = Completion {
            count: passages(source, field, &value)?,
            text: value.clone(),
            kind,
            value: Some(value),
            parents: path,
        };
        divisions.push(chosen(source, completion, own, longer));
    }
    Ok(divisions)
}

/// The full and short names of a division without those it lies in.
fn own_names(kind: CompletionKind, name: &str) -> Vec<String> {
    let mut region = Region::unknown(name);
    let level = match kind {
        CompletionKind::Province => &mut region.province,
        CompletionKind::City => &mut region.city,
        _ => &mut region.county,
    };
    *level = Some(name.to_owned());
    region.search_names()
}

/// Calls `read` with each passage stored.
fn each_passage(source: &Source<'_>, mut read: impl FnMut(PassageRecord)) -> Result<(), Error> {
    for segment in source.searcher.segment_readers() {
        let store = segment
            .get_store_reader(1)
            .map_err(tantivy::TantivyError::from)?;
        for document in store.iter::<TantivyDocument>(segment.alive_bitset()) {
            let document = document?;
            let bytes = document
                .get_first(source.fields.record)
                .and_then(|value| value.as_bytes())
                .unwrap_or_default();
            read(PassageRecord::from_stored(bytes, "record")?);
        }
    }
    Ok(())
}

/// The phrases of a sample of the passages. Which are drawn depends on their ids alone, not on the
/// order in which threads wrote them.
fn mine(source: &Source<'_>) -> Result<Vec<Phrase>, Error> {
    let one_of = source.searcher.num_docs().div_ceil(SAMPLE).max(1);
    let mut miner = Miner::new(source.dictionary);
    each_passage(source, |passage| {
        let digest = blake3::hash(passage.id.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(digest.as_bytes().split_at(8).0);
        if !miner.is_full() && u64::from_le_bytes(first) % one_of == 0 {
            miner.add(&Normalized::new(&passage.text));
        }
    })?;
    Ok(miner.phrases(MAX_PHRASES))
}

/// A heading and how many passages stand under it.
#[derive(Default)]
struct Heading {
    text: String,
    count: u64,
}

/// What is said in the passages: phrases and headings.
fn said(source: &Source<'_>) -> Result<(Vec<Named>, Vec<Named>), Error> {
    let phrases = mine(source)?;
    let matcher = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(phrases.iter().map(|phrase| &phrase.text))
        .map_err(|error| Error::Engine(tantivy::TantivyError::InternalError(error.to_string())))?;
    let mut seen: Vec<Seen> = vec![Seen::default(); phrases.len()];
    let mut headings: HashMap<String, Heading> = HashMap::new();
    let titles: HashMap<&str, &ReportRecord> = source
        .reports
        .iter()
        .map(|report| (report.id.as_str(), report))
        .collect();
    let mut number = 0;
    each_passage(source, |passage| {
        number += 1;
        let text = Normalized::new(&passage.text);
        for found in matcher.find_overlapping_iter(text.as_str()) {
            if let (Some(seen), Some(phrase)) = (
                seen.get_mut(found.pattern().as_usize()),
                phrases.get(found.pattern().as_usize()),
            ) {
                seen.see(number, &text, found.start(), &phrase.text, &passage.text);
            }
        }
        let heading = match (&passage.kind, &passage.heading) {
            (_, Some(heading)) => Some(heading.as_str()),
            (Kind::Overview, None) => titles
                .get(passage.report.as_str())
                .map(|report| report.tagline.as_deref().unwrap_or(&report.title)),
            (Kind::Measure | Kind::Attachment, None) => None,
        };
        if let Some(heading) = heading {
            hear(&mut headings, heading);
        }
    })?;
    let phrases = phrases
        .into_iter()
        .zip(seen)
        .filter(|(_, seen)| seen.passages > 0)
        .map(|(phrase, seen)| phrase_completion(source, phrase, seen))
        .collect();
    keep_best(&mut headings);
    // In an order of their own, since a map has none.
    let headings: BTreeMap<String, Heading> = headings.into_iter().collect();
    let headings = headings
        .into_values()
        .map(|heading| heading_completion(source, heading))
        .collect();
    Ok((phrases, headings))
}

/// Where a phrase was seen.
#[derive(Clone, Default)]
struct Seen {
    latest: u64,
    passages: u64,
    /// As it was written, where it was never seen written as it is compared.
    written: Option<String>,
    is_plain: bool,
}

impl Seen {
    fn see(&mut self, number: u64, text: &Normalized, start: usize, phrase: &str, original: &str) {
        if self.latest != number {
            self.latest = number;
            self.passages += 1;
        }
        if !self.is_plain {
            let before = text.as_str().get(..start).unwrap_or_default();
            let first = before.chars().count();
            let span = text.original(first..first + phrase.chars().count());
            let written = span.of(original);
            self.is_plain = written == phrase;
            // The first in their order, so that it does not matter which is seen first.
            if self.written.as_deref().is_none_or(|known| written < known) {
                self.written = Some(written.to_owned());
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "a logarithm does not show the difference"
)]
fn phrase_completion(source: &Source<'_>, phrase: Phrase, seen: Seen) -> Named {
    let text = match seen.written {
        Some(written) if !seen.is_plain => written,
        _ => phrase.text,
    };
    // Mined from a sample, it weighs what it does in all.
    let share = seen.passages as f64 / f64::from(phrase.passages.max(1));
    let weight = (phrase.weight.max(0.0) * share).ln_1p() as f32;
    let names = vec![text.clone()];
    Named {
        weighed: Weighed {
            score: weight + PHRASE_BONUS,
            keys: keys(&names, source.dictionary, PHRASE_KEYS),
            completion: Completion {
                text,
                kind: CompletionKind::Phrase,
                count: seen.passages,
                value: None,
                parents: Vec::new(),
            },
        },
        names,
    }
}

/// Counts a heading.
fn hear(headings: &mut HashMap<String, Heading>, heading: &str) {
    let heading = heading.trim();
    let normalized = Normalized::new(heading);
    let key = key(normalized.as_str());
    if !(2..=MAX_HEADING_CHARS).contains(&normalized.chars()) || key.is_empty() {
        return;
    }
    let heard = headings.entry(key).or_default();
    heard.count += 1;
    if heard.text.is_empty() || heading < heard.text.as_str() {
        heading.clone_into(&mut heard.text);
    }
    if headings.len() > 2 * MAX_HEADINGS {
        keep_best(headings);
    }
}

/// Forgets headings beyond the most that are kept: those said least, of these the longest.
fn keep_best(headings: &mut HashMap<String, Heading>) {
    if headings.len() <= MAX_HEADINGS {
        return;
    }
    let mut order: Vec<(std::cmp::Reverse<u64>, usize, String)> = headings
        .iter()
        .map(|(key, heading)| (std::cmp::Reverse(heading.count), key.len(), key.clone()))
        .collect();
    order.sort_unstable();
    for (_, _, key) in order.into_iter().skip(MAX_HEADINGS) {
        headings.remove(&key);
    }
}

fn heading_completion(source: &Source<'_>, heading: Heading) -> Named {
    let is_long = heading.text.chars().count() > LONG_HEADING_CHARS;
    let names = vec![heading.text.clone()];
    Named {
        weighed: Weighed {
            score: logarithm(heading.count) - if is_long { LONG_HEADING_PENALTY } else { 0.0 },
            keys: keys(&names, source.dictionary, HEADING_KEYS),
            completion: Completion {
                text: heading.text,
                kind: CompletionKind::Heading,
                count: heading.count,
                value: None,
                parents: Vec::new(),
            },
        },
        names,
    }
}
