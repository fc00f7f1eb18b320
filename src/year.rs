//! Finds the years a text mentions, for the year facet.
//!
//! Readers narrow by when something happened, and reports say it as 2014年, 2010至2014年,
//! 2012—2014三年 or 二〇一五年. Only what is marked as a year counts: 2014人 is no year.
//!
//! Invariant: each year is in 1900–2099, and given once, in order (`tests/splitting.rs`).

use crate::fold::fold;

/// The years `text` mentions, ascending, each once. The ends of a span of years count, the years
/// between them do not.
///
/// ```
/// assert_eq!(cesou::year::mentioned("2010至2014年,新增2000人"), [2010, 2014]);
/// assert_eq!(cesou::year::mentioned("二〇一五年"), [2015]);
/// ```
#[must_use]
pub fn mentioned(text: &str) -> Vec<u16> {
    let chars: Vec<char> = text.chars().filter_map(fold).filter(|&c| c != ' ').collect();
    let mut years = Vec::new();
    let mut at = 0;
    while let Some(rest) = chars.get(at..).filter(|rest| !rest.is_empty()) {
        let before = at.checked_sub(1).and_then(|before| chars.get(before));
        if before.is_some_and(|&c| digit(c).is_some()) {
            at += 1;
            continue;
        }
        let Some(year) = four_digits(rest) else {
            at += 1;
            continue;
        };
        match after_year(rest.get(4..).unwrap_or_default()) {
            Some(to) => years.extend([Some(year), to].into_iter().flatten()),
            None => {}
        }
        at += 4;
    }
    years.sort_unstable();
    years.dedup();
    years
}

/// Whether what follows four digits makes them a year, and the other end of a span of years.
fn after_year(rest: &[char]) -> Option<Option<u16>> {
    match rest {
        ['年', ..] => Some(None),
        ['至' | '到' | '-' | '—' | '–' | '~' | '―', rest @ ..] => {
            let rest = match rest {
                ['—', rest @ ..] => rest,
                rest => rest,
            };
            let to = four_digits(rest)?;
            match rest.get(4..).unwrap_or_default() {
                ['年' | '学', ..] | ['三' | '两' | '四' | '五', ..] => Some(Some(to)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn four_digits(chars: &[char]) -> Option<u16> {
    let (head, rest) = chars.split_at_checked(4)?;
    if rest.first().is_some_and(|&c| digit(c).is_some()) {
        return None;
    }
    let mut year = 0;
    for &c in head {
        year = year * 10 + digit(c)?;
    }
    (1900..2100).contains(&year).then_some(year)
}

fn digit(c: char) -> Option<u16> {
    match c {
        '〇' | '○' | '零' => Some(0),
        '0'..='9' => c.to_digit(10).and_then(|digit| u16::try_from(digit).ok()),
        _ => "一二三四五六七八九"
            .chars()
            .zip(1..)
            .find_map(|(known, value)| (known == c).then_some(value)),
    }
}
