//! Finds where attachments begin, and which lines only list them.
//!
//! 附件 stands twice in most notices: above the signature, where the attachments are listed with
//! numbers that open nothing, and again where each of them begins.

use super::heading::is_date;
use super::line::Line;

/// What the first line of an attachment begins with.
const OPENERS: [&str; 7] = [
    "附件",
    "附表",
    "附录",
    "附图",
    "附 件",
    "附\u{3000}件",
    "附：",
];
/// Lines that open an attachment by themselves.
const GLOSSARIES: [&str; 6] = [
    "名词解释",
    "名词注释",
    "名词说明",
    "有关名词解释",
    "部分名词解释",
    "相关名词解释",
];
/// The most characters such a line has.
const OPENER_MAX_CHARS: usize = 80;
/// The fewest characters of a line that can only be text of the attachment itself.
const TEXT_MIN_CHARS: usize = 60;
/// How many lines a list of attachments and the signature below it have at most.
const LISTED_MAX_LINES: usize = 16;

/// What a line has to do with attachments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing.
    None,
    /// One begins here; `table` where it is called a table.
    Opens { table: bool },
    /// It lists them.
    Lists,
}

/// What each of `lines` has to do with attachments.
pub(super) fn places(lines: &[Line<'_>]) -> Vec<Place> {
    let mut places = vec![Place::None; lines.len()];
    let openers: Vec<usize> = (1..lines.len())
        .filter(|&at| lines.get(at).is_some_and(opens))
        .collect();
    for (nth, &at) in openers.iter().enumerate() {
        let next = openers.get(nth + 1).copied().unwrap_or(lines.len());
        let Some(opener) = lines.get(at) else {
            continue;
        };
        let below = lines.get(at + 1..next).unwrap_or_default();
        if let Some(listed) = listed(opener, below, next < lines.len()) {
            for place in places.iter_mut().skip(at).take(1 + listed) {
                *place = Place::Lists;
            }
        } else if let Some(place) = places.get_mut(at) {
            *place = Place::Opens {
                table: opener.text.starts_with("附表"),
            };
        }
    }
    places
}

fn opens(line: &Line<'_>) -> bool {
    if line.chars > OPENER_MAX_CHARS {
        return false;
    }
    if !line.text.starts_with('附') {
        return GLOSSARIES.contains(&line.text.trim_end_matches(['：', ':']));
    }
    let Some(rest) = OPENERS.iter().find_map(|word| line.text.strip_prefix(word)) else {
        return false;
    };
    let rest = rest.trim_start_matches(|c: char| {
        c.is_ascii_digit()
            || c.is_whitespace()
            || "０１２３４５６７８９一二三四五六七八九十".contains(c)
    });
    // 附件中所列… and 附件1所列… are sentences.
    let named = rest.is_empty()
        || line.text.starts_with("附：")
        || rest.starts_with(['：', ':', '.', '．', '、', '《', '-', '－'])
        || line
            .text
            .trim_end_matches(rest)
            .ends_with(char::is_whitespace);
    named && !rest.ends_with(['。', '，'])
}

/// The name `opener` gives its attachment, as a place in the opener.
pub(super) fn name(opener: &str) -> &str {
    let rest = OPENERS
        .iter()
        .find_map(|word| opener.strip_prefix(word))
        .unwrap_or(opener);
    rest.trim_start_matches(|c: char| {
        c.is_ascii_digit()
            || c.is_whitespace()
            || "０１２３４５６７８９一二三四五六七八九十：:.．、-－".contains(c)
    })
}

/// The number `opener` gives its attachment.
pub(super) fn number(opener: &str) -> Option<u32> {
    let digits: String = opener
        .chars()
        .skip_while(|c| matches!(c, '附' | '件' | '表' | '录' | '图') || c.is_whitespace())
        .take_while(char::is_ascii_digit)
        .take(3)
        .collect();
    digits.parse().ok().filter(|&number| number > 0)
}

/// How many lines below `opener` go on listing attachments, where it begins none.
///
/// A list is short lines down to the signature with its date, to the first attachment itself, or
/// to the end. A bare 附件1 always begins one.
fn listed(opener: &Line<'_>, below: &[Line<'_>], another: bool) -> Option<usize> {
    let names = !name(opener.text).is_empty();
    let announces = opener.text.ends_with(['：', ':']) && number(opener.text).is_none();
    if !(names || announces) || opener.text.starts_with('名') {
        return None;
    }
    let mut listed = 0;
    for line in below.iter().take(LISTED_MAX_LINES) {
        if is_date(line.text) {
            return Some(listed);
        }
        if line.chars >= TEXT_MIN_CHARS {
            return None;
        }
        listed += 1;
    }
    let all = listed == below.len();
    let one_of_many = another && (listed == 0 || number(opener.text).is_none());
    (all && (one_of_many || (names && listed <= 2))).then_some(listed)
}
