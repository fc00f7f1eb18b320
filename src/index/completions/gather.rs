//! Gathers completions from an index: its divisions and themes, and what its passages say.
//!
//! Phrases are mined from all passages where these are few, and from a sample of them else: which
//! phrases a corpus has, a few megabytes of it tell, and finding them in all of it would take longer
//! than indexing it. How many passages hold each that was found is counted in all of them.
//! Everything is read from what the index stores, so a build need not cut or keep any text for it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use rustc_hash::{FxHashMap, FxHashSet};
use tantivy::schema::{Field, Value};
use tantivy::{Searcher, TantivyDocument, TantivyError, Term};

use super::count::count;
use super::keys::{Effort, Space, searchable};
use super::store::{Files, Weighed, arrange};
use super::{Completion, CompletionKind};
use crate::analysis::{Dictionary, Normalized};
use crate::index::Error;
use crate::index::record::ReportRecord;
use crate::index::schema::Fields;
use crate::index::stored::{self, Beginning};
use crate::phrase::{Miner, Phrase};
use crate::region::Region;
use crate::report::Kind;

/// Characters of passages that phrases are mined from; of more, about as many are drawn.
const SAMPLE_CHARS: u64 = 1_200_000;
/// The most phrases.
const MAX_PHRASES: usize = 50_000;
/// The most headings; twice as many are held while they are counted.
const MAX_HEADINGS: usize = 100_000;
/// Of more headings, those that stand once only are found by their beginning alone.
const MANY_HEADINGS: usize = 10_000;
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
const LONE_HEADING_KEYS: Effort = Effort {
    whole: Space::Text,
    spellings: 1,
    inside: false,
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
    let (passages, headings) = read(source)?;
    for phrase in phrases(source, passages.texts, passages.share)? {
        all.add(phrase);
    }
    for heading in headings {
        all.add(heading);
    }
    arrange(all.weighed, source.dictionary).map_err(|error| Error::Engine(error.into()))
}

/// Completions whose texts, and the other names of which, are all different.
#[derive(Default)]
struct Gathered {
    weighed: Vec<Weighed>,
    known: FxHashSet<String>,
}

impl Gathered {
    /// Takes a completion unless one of that name is there.
    fn add(&mut self, weighed: Weighed) {
        let text: String = searchable(&weighed.completion.text).collect();
        if !text.is_empty() && !self.known.contains(&text) {
            for (name, _) in &weighed.names {
                self.known.insert(searchable(name).collect());
            }
            self.known.insert(text);
            self.weighed.push(weighed);
        }
    }
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
fn chosen(completion: Completion, names: Vec<String>, longer: Vec<String>) -> Weighed {
    let names = names.into_iter().map(|name| (name, CHOSEN_KEYS));
    let longer = longer.into_iter().map(|name| (name, LONGER_KEYS));
    Weighed {
        score: logarithm(completion.count) + CHOSEN_BONUS,
        names: names.chain(longer).collect(),
        completion,
    }
}

fn themes(source: &Source<'_>) -> Result<Vec<Weighed>, Error> {
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
            themes.push(chosen(completion, vec![label.clone()], Vec::new()));
        }
    }
    Ok(themes)
}

/// The divisions that reports are from, and those they lie in.
fn divisions(source: &Source<'_>) -> Result<Vec<Weighed>, Error> {
    // By level, with parents and own name.
    let mut found: BTreeSet<(CompletionKind, Vec<String>)> = BTreeSet::new();
    let regions: FxHashSet<&Region> = source
        .reports
        .iter()
        .map(|report| &*report.region)
        .collect();
    for region in regions {
        let mut path = Vec::new();
        let Region {
            province,
            city,
            county,
            ..
        } = region;
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
        divisions.push(chosen(completion, own, longer));
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
fn each_passage(source: &Source<'_>, mut read: impl FnMut(Beginning<'_>)) -> Result<(), Error> {
    for segment in source.searcher.segment_readers() {
        let store = segment.get_store_reader(1).map_err(TantivyError::from)?;
        for document in store.iter::<TantivyDocument>(segment.alive_bitset()) {
            let document = document?;
            let bytes = document
                .get_first(source.fields.record)
                .and_then(|value| value.as_bytes())
                .unwrap_or_default();
            read(stored::beginning(bytes, "record")?);
        }
    }
    Ok(())
}

/// The texts that phrases are mined from.
struct Passages {
    texts: Vec<String>,
    /// What share they are of all.
    share: f64,
}

/// Reads all headings, and the texts of all passages or of a sample. Which are drawn depends on
/// their ids alone, and so does the order they are in, not on that in which threads wrote them.
fn read(source: &Source<'_>) -> Result<(Passages, Vec<Weighed>), Error> {
    let characters: u64 = source.reports.iter().map(|report| report.characters).sum();
    #[expect(clippy::cast_precision_loss, reason = "a share of many characters")]
    let share = (SAMPLE_CHARS as f64 / characters.max(1) as f64).min(1.0);
    let titles: FxHashMap<&str, &ReportRecord> = source
        .reports
        .iter()
        .map(|report| (report.id.as_str(), report))
        .collect();
    let mut headings: FxHashMap<String, Heading> = FxHashMap::default();
    let mut drawn: Vec<(String, String)> = Vec::new();
    each_passage(source, |passage| {
        if share >= 1.0 || chance(&passage.id) < share {
            drawn.push((passage.id.clone(), passage.text().unwrap_or_default()));
        }
        let heading = match (passage.kind, passage.heading.as_deref()) {
            (_, Some(heading)) => Some(heading),
            (Kind::Overview, None) => titles
                .get(passage.report.as_str())
                .map(|report| report.tagline.as_deref().unwrap_or(&report.title)),
            (Kind::Measure | Kind::Attachment, None) => None,
        };
        if let Some(heading) = heading {
            hear(&mut headings, heading);
        }
    })?;
    keep_best(&mut headings);
    drawn.sort_unstable();
    let passages = Passages {
        texts: drawn.into_iter().map(|(_, text)| text).collect(),
        share,
    };
    // In an order of their own, since a map has none.
    let headings: BTreeMap<String, Heading> = headings.into_iter().collect();
    let are_many = headings.len() > MANY_HEADINGS;
    let headings = headings.into_values();
    let headings = headings.map(|heading| heading_completion(heading, are_many));
    Ok((passages, headings.collect()))
}

/// A number from 0 to 1 that is the same for an id every time.
fn chance(id: &str) -> f64 {
    let digest = blake3::hash(id.as_bytes());
    let bytes = digest.as_bytes().first_chunk::<4>();
    f64::from(bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))) / f64::from(u32::MAX)
}

/// A heading and how many passages stand under it.
#[derive(Default)]
struct Heading {
    text: String,
    count: u64,
}

/// The phrases of `texts`, which are that `share` of all; each is counted in all.
fn phrases(source: &Source<'_>, texts: Vec<String>, share: f64) -> Result<Vec<Weighed>, Error> {
    let mut miner = Miner::new(source.dictionary);
    let mut normalized = Vec::with_capacity(texts.len());
    for text in texts {
        let own = Normalized::new(&text);
        miner.add(&own);
        normalized.push((own, text));
    }
    let phrases = miner.phrases(MAX_PHRASES);
    let matcher = AhoCorasick::builder()
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(phrases.iter().map(|phrase| &phrase.text))
        .map_err(|error| Error::Engine(TantivyError::InternalError(error.to_string())))?;
    let counted = if share < 1.0 {
        let texts = phrases.iter().map(|phrase| phrase.text.as_str());
        Some(count(source.searcher, texts)?)
    } else {
        None
    };
    let mut seen: Vec<Seen> = vec![Seen::default(); phrases.len()];
    for (number, (normalized, text)) in (1..).zip(&normalized) {
        for found in matcher.find_overlapping_iter(normalized.as_str()) {
            if let (Some(seen), Some(phrase)) = (
                seen.get_mut(found.pattern().as_usize()),
                phrases.get(found.pattern().as_usize()),
            ) {
                seen.see(number, normalized, found.start(), &phrase.text, text);
            }
        }
    }
    Ok((0..)
        .zip(phrases)
        .zip(seen)
        .filter(|(_, seen)| seen.passages > 0)
        .map(|((at, phrase), seen)| {
            let counted = counted
                .as_ref()
                .and_then(|counted| counted.get(at).copied());
            phrase_completion(phrase, seen, share, counted)
        })
        .collect())
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
    reason = "an estimate, and a logarithm, which does not show the difference"
)]
fn phrase_completion(phrase: Phrase, seen: Seen, share: f64, counted: Option<u64>) -> Weighed {
    let text = match seen.written {
        Some(written) if !seen.is_plain => written,
        _ => phrase.text,
    };
    // Found where words are cut, it weighs what it does wherever it stands; found in a sample, what
    // it does in all.
    let passages = seen.passages as f64 / share;
    let weight = phrase.weight.max(0.0) * passages / f64::from(phrase.passages.max(1));
    Weighed {
        score: weight.ln_1p() as f32 + PHRASE_BONUS,
        names: vec![(text.clone(), PHRASE_KEYS)],
        completion: Completion {
            text,
            kind: CompletionKind::Phrase,
            count: counted.unwrap_or(seen.passages),
            value: None,
            parents: Vec::new(),
        },
    }
}

/// Counts a heading.
fn hear(headings: &mut FxHashMap<String, Heading>, heading: &str) {
    let heading = heading.trim();
    let key: String = searchable(heading).collect();
    let chars = || Normalized::new(heading).chars();
    // Most are short enough even with what folding leaves out.
    let fits = heading.chars().count() <= MAX_HEADING_CHARS || chars() <= MAX_HEADING_CHARS;
    if !fits || key.is_empty() || (key.chars().count() < 2 && chars() < 2) {
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
fn keep_best(headings: &mut FxHashMap<String, Heading>) {
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

fn heading_completion(heading: Heading, are_many: bool) -> Weighed {
    let is_long = heading.text.chars().count() > LONG_HEADING_CHARS;
    let effort = if are_many && heading.count == 1 {
        LONE_HEADING_KEYS
    } else {
        HEADING_KEYS
    };
    Weighed {
        score: logarithm(heading.count) - if is_long { LONG_HEADING_PENALTY } else { 0.0 },
        names: vec![(heading.text.clone(), effort)],
        completion: Completion {
            text: heading.text,
            kind: CompletionKind::Heading,
            count: heading.count,
            value: None,
            parents: Vec::new(),
        },
    }
}
