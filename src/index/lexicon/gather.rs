//! Gathers the words of an index from its term dictionaries.

use std::collections::{BTreeMap, HashMap};

use tantivy::{Searcher, Term};

use super::{MAX_CHARS, MAX_SPELLINGS, SEPARATOR, TOTAL, near_key};
use crate::analysis::Normalized;
use crate::index::record::ReportRecord;
use crate::index::schema::Fields;
use crate::pinyin;

/// The keys of a lexicon, each kind in order.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) words: BTreeMap<Vec<u8>, u64>,
    pub(super) spelt: BTreeMap<Vec<u8>, u64>,
    pub(super) near: BTreeMap<Vec<u8>, u64>,
    pub(super) initials: BTreeMap<Vec<u8>, u64>,
    pub(super) shortened: BTreeMap<Vec<u8>, u64>,
}

/// The keys of all words; see [`Lexicon::build`](super::Lexicon::build).
pub(super) fn gather(
    searcher: &Searcher,
    fields: &Fields,
    reports: &[ReportRecord],
    themes: &[(String, String)],
) -> tantivy::Result<Keys> {
    let mut words: HashMap<String, u64> = HashMap::new();
    for field in [fields.body_words, fields.heading_words, fields.title_words] {
        let mut own: HashMap<String, u64> = HashMap::new();
        for segment in searcher.segment_readers() {
            let inverted = segment.inverted_index(field)?;
            let mut terms = inverted.terms().stream()?;
            while let Some((term, info)) = terms.next() {
                if let Ok(term) = std::str::from_utf8(term)
                    && is_word(term)
                {
                    *own.entry(term.to_owned()).or_default() += u64::from(info.doc_freq);
                }
            }
        }
        merge(&mut words, own);
    }

    // A region's own name is in its title alone, so its passages are counted by their reports.
    let mut names: HashMap<String, u64> = HashMap::new();
    for report in reports {
        for name in report.region.search_names() {
            let name = Normalized::new(&name).as_str().to_owned();
            *names.entry(name).or_default() += u64::from(report.passages);
        }
    }
    merge(&mut words, names.clone());
    for (id, label) in themes {
        let term = Term::from_field_text(fields.theme, id);
        let label = Normalized::new(label).as_str().to_owned();
        let frequency = searcher.doc_freq(&term)?;
        if frequency > 0 {
            merge(&mut names, HashMap::from([(label, frequency)]));
        }
    }

    let mut keys = Keys::default();
    let total = words.values().sum();
    for (name, &frequency) in &names {
        for initials in pinyin::initials(name) {
            add(&mut keys.initials, &initials, name, frequency);
        }
    }
    for (word, frequency) in words {
        keys.add(&word, frequency);
    }
    keys.words.insert(TOTAL.into(), total);
    Ok(keys)
}

impl Keys {
    fn add(&mut self, word: &str, frequency: u64) {
        self.words.insert(word.into(), frequency);
        let chars: Vec<char> = word.chars().collect();
        if chars.len() > MAX_CHARS {
            return;
        }
        for spelling in pinyin::spellings(word).into_iter().take(MAX_SPELLINGS) {
            add(&mut self.spelt, &spelling.concat(), word, frequency);
            if chars.len() > 1 {
                add(&mut self.near, &near_key(spelling), word, frequency);
            }
        }
        if chars.len() > 1 && chars.iter().all(|&c| is_ideograph(c)) {
            for left_out in 0..chars.len() {
                let shorter: String = (0..)
                    .zip(&chars)
                    .filter(|&(at, _)| at != left_out)
                    .map(|(_, &c)| c)
                    .collect();
                add(&mut self.shortened, &shorter, word, frequency);
            }
        }
    }
}

fn add(keys: &mut BTreeMap<Vec<u8>, u64>, key: &str, word: &str, frequency: u64) {
    let mut bytes = Vec::with_capacity(key.len() + 1 + word.len());
    bytes.extend_from_slice(key.as_bytes());
    bytes.push(SEPARATOR);
    bytes.extend_from_slice(word.as_bytes());
    keys.insert(bytes, frequency);
}

/// Takes what is more frequent in `others`; the same passages stand behind several fields.
fn merge(words: &mut HashMap<String, u64>, others: HashMap<String, u64>) {
    for (word, frequency) in others {
        let known = words.entry(word).or_default();
        *known = frequency.max(*known);
    }
}

/// Whether a term is a word rather than a number or a mixture: all ideographs, or Latin letters.
fn is_word(term: &str) -> bool {
    term.chars().all(is_ideograph) || term.chars().all(|c| c.is_alphabetic() && !is_ideograph(c))
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}
