//! What completions are found by.

use crate::analysis::{Dictionary, Normalized};
use crate::fold::is_searchable;
use crate::pinyin;

/// The most characters of a key that does not begin with its text's beginning, or is spelt.
const MAX_CHARS: usize = 12;

/// What a key is; the byte in front of it keeps the kinds apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// A text from its beginning, whole.
    Text,
    /// A text from a later word on, or a text under a name that is a makeshift.
    Inside,
    /// The most usual spelling of a text's beginning, its syllables run together.
    Pinyin,
    /// Its initials.
    Initials,
    /// Other spellings: the usual ones of some words (重庆), of most none.
    OtherPinyin,
    /// Their initials.
    OtherInitials,
}

impl Space {
    /// What stands in front of such keys.
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Initials => b'i',
            Self::Pinyin => b'p',
            Self::Text => b't',
            Self::Inside => b'w',
            Self::OtherPinyin => b'y',
            Self::OtherInitials => b'z',
        }
    }
}

/// A normalised text as keys have it: blanks and punctuation left out, since readers leave them
/// out too.
pub(super) fn key(normalized: &str) -> String {
    normalized.chars().filter(|&c| is_searchable(c)).collect()
}

/// How much trouble is taken over a completion's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effort {
    /// The space of the whole text.
    pub(super) whole: Space,
    /// The most spellings.
    pub(super) spellings: usize,
    /// Whether it is found from later words on.
    pub(super) inside: bool,
}

/// The keys of a completion that has these names, each with the byte of its space.
pub(super) fn keys<'n>(
    names: impl IntoIterator<Item = &'n String>,
    dictionary: &Dictionary,
    effort: Effort,
) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let mut push = |space: Space, text: &str| {
        if !text.is_empty() {
            let mut bytes = vec![space.byte()];
            bytes.extend_from_slice(text.as_bytes());
            keys.push(bytes);
        }
    };
    for name in names {
        let normalized = Normalized::new(name);
        let whole = key(normalized.as_str());
        push(effort.whole, &whole);
        let beginning: String = whole.chars().take(MAX_CHARS).collect();
        for (nth, (spelling, initials)) in (0..).zip(spell(&beginning, effort.spellings)) {
            let (spelt, short) = match nth {
                0 => (Space::Pinyin, Space::Initials),
                _ => (Space::OtherPinyin, Space::OtherInitials),
            };
            push(spelt, &spelling);
            push(short, &initials);
        }
        if effort.inside {
            let chars: Vec<char> = normalized.as_str().chars().collect();
            for word in dictionary.words(normalized.as_str()).iter().skip(1) {
                let rest = chars.get(word.start..).unwrap_or_default().iter();
                let rest: String = rest
                    .filter(|&&c| is_searchable(c))
                    .take(MAX_CHARS)
                    .collect();
                push(Space::Inside, &rest);
            }
        }
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// At most `most` spellings of a text with their initials; what has no reading stands for itself.
fn spell(text: &str, most: usize) -> Vec<(String, String)> {
    let spellings = pinyin::spellings(text);
    if !spellings.is_empty() {
        return spellings
            .into_iter()
            .take(most)
            .map(|syllables| {
                let initials = syllables
                    .iter()
                    .filter_map(|syllable| syllable.chars().next());
                (syllables.concat(), initials.collect())
            })
            .collect();
    }
    let mut spelling = String::new();
    let mut initials = String::new();
    let mut is_spelt = false;
    for c in text.chars() {
        if let Some(reading) = pinyin::readings(c).next() {
            is_spelt = true;
            spelling.push_str(reading);
            initials.extend(reading.chars().next());
        } else {
            spelling.push(c);
            initials.push(c);
        }
    }
    if is_spelt {
        vec![(spelling, initials)]
    } else {
        Vec::new()
    }
}
