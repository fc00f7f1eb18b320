//! Folds one character to the one it is compared as: width, case, script, quotation marks.
//!
//! Readers type 農民工, ＡＢＣ or ABC and expect the text that says 农民工 or abc. Folding is one
//! character to one, or to none, so a position in the folded text always belongs to one character
//! of the original and a highlight falls on it. What a whole text becomes, with its offsets, is
//! for `analysis::Normalized` to say.
//!
//! Invariant: folding twice changes nothing more (`tests/analysis.rs`).

use std::collections::HashMap;
use std::sync::LazyLock;

/// Pairs of characters, traditional then simplified; the file's head says where they are from.
const SIMPLIFIED: &str = include_str!("fold/simplified.txt");

/// The first character the direct table covers (CJK Extension A begins here).
const TABLE_START: u32 = 0x3400;
/// One past the last character the direct table covers (the end of the unified ideographs).
const TABLE_END: u32 = 0xA000;

struct Script {
    table: Vec<char>,
    rest: HashMap<char, char>,
}

static SCRIPT: LazyLock<Script> = LazyLock::new(|| {
    let mut table: Vec<char> = (TABLE_START..TABLE_END)
        .map(|code| char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    let mut rest = HashMap::new();
    for line in SIMPLIFIED.lines().filter(|line| !line.starts_with('#')) {
        let mut pair = line.chars();
        if let (Some(from), Some(to)) = (pair.next(), pair.next()) {
            match (from as u32)
                .checked_sub(TABLE_START)
                .and_then(|at| table.get_mut(at as usize))
            {
                Some(slot) => *slot = to,
                None => {
                    rest.insert(from, to);
                }
            }
        }
    }
    Script { table, rest }
});

/// What every character of the basic plane folds to, and whether the result of folding is searched
/// for. Texts are folded again and again, so what the rules below say is worked out once.
struct Table {
    /// The code of what each folds to; [`DROPPED`] or [`BEYOND`] for those without one here.
    folded: Vec<u16>,
    /// A bit for each.
    searchable: Vec<u64>,
}

/// The character is left out; nothing folds to U+0000.
const DROPPED: u16 = 0;
/// The character folds to one beyond the basic plane.
const BEYOND: u16 = u16::MAX;

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let char_of = |code: u16| char::from_u32(u32::from(code));
    let folded = (0..=u16::MAX).map(|code| match char_of(code).map(by_rules) {
        Some(None) => DROPPED,
        Some(Some(to)) => u16::try_from(u32::from(to)).unwrap_or(BEYOND),
        None => BEYOND,
    });
    let mut searchable = vec![0; 1 << 10];
    for code in 0..=u16::MAX {
        if char_of(code).is_some_and(is_searchable_by_rules)
            && let Some(bits) = searchable.get_mut(usize::from(code >> 6))
        {
            *bits |= 1_u64 << (code & 63);
        }
    }
    Table {
        folded: folded.collect(),
        searchable,
    }
});

/// The character `c` is compared as, or `None` where it is invisible and left out.
///
/// Every blank, the ideographic space and line ends among them, becomes one plain space.
#[must_use]
#[inline]
pub fn fold(c: char) -> Option<char> {
    match TABLE.folded.get(c as usize) {
        Some(&DROPPED) => None,
        Some(&BEYOND) | None => by_rules(c),
        Some(&code) => char::from_u32(u32::from(code)),
    }
}

/// The same, as the rules say.
fn by_rules(c: char) -> Option<char> {
    if c.is_ascii() {
        return match c {
            '\t'..='\r' => Some(' '),
            c if c.is_ascii_control() => None,
            c => Some(c.to_ascii_lowercase()),
        };
    }
    if is_invisible(c) {
        return None;
    }
    if c.is_whitespace() {
        return Some(' ');
    }
    Some(match c {
        '\u{FF01}'..='\u{FF5E}' => {
            // The full-width forms stand in ASCII order, 0xFEE0 above it.
            let ascii = char::from_u32(c as u32 - 0xFEE0).unwrap_or(c);
            ascii.to_ascii_lowercase()
        }
        '\u{FFE5}' => '¥',
        '“' | '”' | '„' | '‟' => '"',
        '‘' | '’' | '‚' | '‛' => '\'',
        c => script(lower(c)),
    })
}

/// Whether a folded character is part of what is searched for: a letter, digit, ideograph or
/// symbol, not punctuation or a blank.
#[must_use]
#[inline]
pub fn is_searchable(c: char) -> bool {
    let code = c as usize;
    match TABLE.searchable.get(code >> 6) {
        Some(bits) => bits >> (code & 63) & 1 == 1,
        None => is_searchable_by_rules(c),
    }
}

fn is_searchable_by_rules(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || matches!(c, '%' | '+' | '$' | '<' | '>' | '=');
    }
    !(c.is_whitespace() || is_invisible(c) || is_punctuation(c))
}

fn is_invisible(c: char) -> bool {
    c.is_control() && !c.is_whitespace()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// What a whole text is compared as where its offsets do not matter: each character folded, each run
/// of blanks one space, none at the ends; the same as `analysis::Normalized`, which comes later.
///
/// ```
/// use cesou::fold::comparable;
///
/// assert_eq!(comparable(" Ｗi-Fi\u{3000} 農村 "), "wi-fi 农村");
/// ```
#[must_use]
pub fn comparable(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().filter_map(fold) {
        if c != ' ' || !(folded.is_empty() || folded.ends_with(' ')) {
            folded.push(c);
        }
    }
    folded.truncate(folded.trim_end_matches(' ').len());
    folded
}

/// Punctuation outside ASCII, by block; what a block holds besides punctuation is named.
fn is_punctuation(c: char) -> bool {
    match c {
        // General punctuation, but for the per mille and per ten thousand signs.
        '\u{2010}'..='\u{205E}' => !matches!(c, '\u{2030}' | '\u{2031}'),
        // CJK symbols and punctuation, but for 々〆〇 and the numerals 〡–〩, 〸–〺.
        '\u{3000}'..='\u{303F}' => {
            !matches!(c, '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3038}'..='\u{303A}')
        }
        // Latin-1, supplemental, and the vertical, small and half-width forms.
        _ => matches!(c,
            '¡' | '§' | '¨' | '«' | '¯' | '´' | '¶' | '·' | '¸' | '»' | '¿' | '・'
            | '\u{2E00}'..='\u{2E7F}' | '\u{FE10}'..='\u{FE1F}' | '\u{FE30}'..='\u{FE6F}'
            | '\u{FF5F}'..='\u{FF65}'),
    }
}

/// The lower-case form where it is a single character; `İ`, which has two, stays as it is.
fn lower(c: char) -> char {
    let mut forms = c.to_lowercase();
    match (forms.next(), forms.next()) {
        (Some(lower), None) => lower,
        _ => c,
    }
}

fn script(c: char) -> char {
    let script = &*SCRIPT;
    match (c as u32).checked_sub(TABLE_START) {
        Some(at) if (at as usize) < script.table.len() => {
            script.table.get(at as usize).copied().unwrap_or(c)
        }
        Some(_) => script.rest.get(&c).copied().unwrap_or(c),
        None => c,
    }
}

#[cfg(test)]
mod tests {
    use super::{by_rules, fold, is_searchable, is_searchable_by_rules};

    #[test]
    fn the_table_says_what_the_rules_say() {
        for c in '\0'..=char::MAX {
            assert_eq!(fold(c), by_rules(c), "{c:?}");
            assert_eq!(is_searchable(c), is_searchable_by_rules(c), "{c:?}");
        }
    }

    #[test]
    fn folds_width_case_script_and_blanks() {
        for (from, to) in [
            ('Ａ', Some('a')),
            ('３', Some('3')),
            ('，', Some(',')),
            ('農', Some('农')),
            ('乾', Some('干')),
            ('É', Some('é')),
            ('“', Some('"')),
            ('\u{3000}', Some(' ')),
            ('\n', Some(' ')),
            ('\u{200B}', None),
            ('\0', None),
            ('😀', Some('😀')),
        ] {
            assert_eq!(fold(from), to, "{from:?}");
        }
    }
}
