//! What completions are found by.
//!
//! A key can be worked out from the name it is of, so none is kept: only which name, and which of
//! its keys. Names are short, and a lookup works out a dozen of them.

use std::cmp::Ordering;

use crate::analysis::{Dictionary, Normalized};
use crate::fold::{fold, is_searchable};
use crate::pinyin;

/// The most characters of a text that are spelt.
const MAX_CHARS: usize = 12;
/// How many keys of one kind a name has at most: places it is found from, spellings.
pub(super) const MAX_KEYS: u32 = 64;

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// A text from its beginning.
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
    pub(super) const ALL: [Self; 6] = [
        Self::Text,
        Self::Inside,
        Self::Pinyin,
        Self::Initials,
        Self::OtherPinyin,
        Self::OtherInitials,
    ];
}

/// A text as keys have it: folded, blanks and punctuation left out, since readers leave them out
/// too.
pub(super) fn searchable(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter_map(fold).filter(|&c| is_searchable(c))
}

/// How much trouble is taken over a name's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effort {
    /// The space of the whole text.
    pub(super) whole: Space,
    /// The most spellings.
    pub(super) spellings: usize,
    /// Whether it is found from later words on.
    pub(super) inside: bool,
}

/// Calls `found` with the keys of a name: the space of each, which it is there, and the key.
pub(super) fn keys(
    name: &str,
    dictionary: &Dictionary,
    effort: Effort,
    mut found: impl FnMut(Space, u32, String),
) {
    let whole: String = searchable(name).collect();
    if whole.is_empty() {
        return;
    }
    let beginning: String = whole.chars().take(MAX_CHARS).collect();
    for (nth, which) in (0..effort.spellings).zip(0..MAX_KEYS) {
        let Some((spelling, initials)) = spelling(&beginning, nth) else {
            break;
        };
        let (spelt, short) = match nth {
            0 => (Space::Pinyin, Space::Initials),
            _ => (Space::OtherPinyin, Space::OtherInitials),
        };
        found(spelt, which, spelling);
        found(short, which, initials);
    }
    if effort.inside {
        let normalized = Normalized::new(name);
        let mut chars = normalized.as_str().chars().enumerate();
        // How many characters that keys are made of stand before the word.
        let mut before = 0;
        for word in dictionary.words(normalized.as_str()).iter().skip(1) {
            for (at, c) in chars.by_ref() {
                before += u32::from(is_searchable(c));
                if at + 1 >= word.start {
                    break;
                }
            }
            if before >= MAX_KEYS {
                break;
            }
            let rest: String = whole.chars().skip(before as usize).collect();
            if before > 0 && !rest.is_empty() {
                found(Space::Inside, before, rest);
            }
        }
    }
    found(effort.whole, 0, whole);
}

/// The character at `at` of a key in the space of texts or within them.
pub(super) fn char_at(name: &str, which: usize, at: usize) -> Option<char> {
    searchable(name).nth(which + at)
}

/// Whether a key of a name comes before those that begin with `beginning`, is one, or comes after.
pub(super) fn compare(space: Space, name: &str, which: usize, beginning: &str) -> Ordering {
    let is_short = matches!(space, Space::Initials | Space::OtherInitials);
    match space {
        Space::Text | Space::Inside => {
            let mut chars = searchable(name).skip(which);
            for wanted in beginning.chars() {
                match chars.next().map(|c| c.cmp(&wanted)) {
                    None => return Ordering::Less,
                    Some(Ordering::Equal) => {}
                    Some(other) => return other,
                }
            }
            Ordering::Equal
        }
        Space::Pinyin | Space::OtherPinyin | Space::Initials | Space::OtherInitials => {
            let text: String = searchable(name).take(MAX_CHARS).collect();
            let (spelling, initials) = spelling(&text, which).unwrap_or_default();
            let key = if is_short { initials } else { spelling };
            if key.starts_with(beginning) {
                Ordering::Equal
            } else {
                key.as_str().cmp(beginning)
            }
        }
    }
}

/// The spelling of a text at that place among its spellings, with its initials; what has no reading
/// stands for itself.
fn spelling(text: &str, nth: usize) -> Option<(String, String)> {
    if let Some(syllables) = pinyin::nth_spelling(text, nth) {
        let initials = syllables.iter().filter_map(|one| one.chars().next());
        return Some((syllables.concat(), initials.collect()));
    }
    let mut spelling = String::new();
    let mut initials = String::new();
    let mut unread = 0;
    for c in text.chars() {
        if let Some(reading) = pinyin::readings(c).next() {
            spelling.push_str(reading);
            initials.extend(reading.chars().next());
        } else {
            unread += 1;
            spelling.push(c);
            initials.push(c);
        }
    }
    let is_mixed = unread > 0 && unread < text.chars().count();
    (is_mixed && nth == 0).then_some((spelling, initials))
}
