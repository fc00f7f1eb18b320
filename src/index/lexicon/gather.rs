//! Gathers the words of an index from its term dictionaries.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use tantivy::{Searcher, Term};

use super::list::List;
use crate::analysis::Normalized;
use crate::index::record::ReportRecord;
use crate::index::schema::Fields;
use crate::region::Region;

/// The most characters of what stands for the name of a region that is not known: a title, as
/// often as not, which is no word.
const MAX_UNKNOWN_CHARS: usize = 16;

/// The words of an index, and among them, with their own frequencies, names and labels.
pub(in crate::index) struct Gathered {
    pub(super) words: List,
    pub(super) names: List,
}

/// The words of all fields; see [`Lexicon::build`](super::Lexicon::build).
pub(super) fn gather(
    searcher: &Searcher,
    fields: &Fields,
    reports: &[ReportRecord],
    themes: &[(String, String)],
) -> tantivy::Result<Gathered> {
    let mut words = List::default();
    for field in [fields.body_words, fields.heading_words, fields.title_words] {
        let mut own = List::default();
        for segment in searcher.segment_readers() {
            let inverted = segment.inverted_index(field)?;
            let mut terms = inverted.terms().stream()?;
            let mut list = List::default();
            while let Some((term, info)) = terms.next() {
                if let Ok(term) = std::str::from_utf8(term)
                    && is_word(term)
                {
                    list.push(term, u64::from(info.doc_freq));
                }
            }
            own = own.merged(list, |one, two| one + two);
        }
        // The same passages stand behind several fields.
        words = words.merged(own, u64::max);
    }

    // A region's own name is in its title alone, so its passages are counted by their reports.
    let mut regions: FxHashMap<&Region, u64> = FxHashMap::default();
    for report in reports {
        *regions.entry(&report.region).or_default() += u64::from(report.passages);
    }
    let mut names: BTreeMap<String, u64> = BTreeMap::new();
    for (region, passages) in regions {
        if !region.is_known() && region.name.chars().nth(MAX_UNKNOWN_CHARS).is_some() {
            continue;
        }
        for name in region.search_names() {
            let name = Normalized::new(&name).as_str().to_owned();
            *names.entry(name).or_default() += passages;
        }
    }
    words = words.merged(listed(&names), u64::max);
    for (id, label) in themes {
        let term = Term::from_field_text(fields.theme, id);
        let label = Normalized::new(label).as_str().to_owned();
        let frequency = searcher.doc_freq(&term)?;
        if frequency > 0 {
            let known = names.entry(label).or_default();
            *known = frequency.max(*known);
        }
    }
    Ok(Gathered {
        words,
        names: listed(&names),
    })
}

fn listed(names: &BTreeMap<String, u64>) -> List {
    let mut list = List::default();
    for (name, &frequency) in names {
        list.push(name, frequency);
    }
    list
}

/// Whether a term is a word rather than a number or a mixture: all ideographs, or Latin letters.
fn is_word(term: &str) -> bool {
    if term.chars().next().is_none_or(super::is_ideograph) {
        return term.chars().all(super::is_ideograph);
    }
    term.chars()
        .all(|c| c.is_alphabetic() && !super::is_ideograph(c))
}
