//! Finds the years a text mentions, for the year facet.
//!
//! Readers narrow by when something happened, and reports say it as 2014年, 2010至2014年,
//! 2012—2014三年 or 二〇一五年. Only what is marked as a year counts: 2014人 is no year.
//!
//! Invariant: each year is in 1900–2099, and given once, in order (`tests/splitting.rs`).

use crate::fold::fold;

/// The most characters of a span of years with what follows it: 2014——2016年.
const REACH: usize = 11;

/// The years `text` mentions, ascending, each once. The ends of a span of years count, the years
/// between them do not.
///
/// ```
/// assert_eq!(cesou::year::mentioned("2010至2014年,新增2000人"), [2010, 2014]);
/// assert_eq!(cesou::year::mentioned("二〇一五年"), [2015]);
/// ```
#[must_use]
pub fn mentioned(text: &str) -> Vec<u16> {
    let mut years = Vec::new();
    let mut chars = text.chars().filter_map(fold).filter(|&c| c != ' ');
    let mut before = None;
    loop {
        let here = chars.clone();
        let Some(c) = chars.next() else { break };
        let within_number = before.is_some_and(|before| same_script(before, c));
        before = Some(c);
        if within_number || !matches!(digit(c), Some(1 | 2)) {
            continue;
        }
        let ahead: Vec<char> = here.take(REACH).collect();
        let Some(year) = four_digits(&ahead) else {
            continue;
        };
        match after_year(ahead.get(4..).unwrap_or_default()) {
            After::Year => years.push(year),
            After::SpanTo(to) => years.extend([year, to]),
            After::Other => {}
        }
        before = chars.nth(2);
    }
    years.sort_unstable();
    years.dedup();
    years
}

/// What follows four digits.
enum After {
    /// They are a year.
    Year,
    /// They begin a span of years that ends with this one.
    SpanTo(u16),
    /// They are some other number.
    Other,
}

fn after_year(rest: &[char]) -> After {
    let rest = match rest {
        ['年', ..] => return After::Year,
        ['—', '—', rest @ ..] | ['至' | '到' | '-' | '—' | '–' | '~' | '―', rest @ ..] => {
            rest
        }
        _ => return After::Other,
    };
    match (four_digits(rest), rest.get(4..)) {
        // 2010至2014年, 2015-2016学年, 2012至2014三个年度
        (Some(to), Some(['年' | '学' | '两' | '三' | '四' | '五', ..])) => After::SpanTo(to),
        _ => After::Other,
    }
}

fn four_digits(chars: &[char]) -> Option<u16> {
    let (head, rest) = chars.split_at_checked(4)?;
    let &first = head.first()?;
    if rest.first().is_some_and(|&next| same_script(first, next)) {
        return None;
    }
    let mut year = 0;
    for &c in head {
        if !same_script(first, c) {
            return None;
        }
        year = year * 10 + digit(c)?;
    }
    (1900..2100).contains(&year).then_some(year)
}

/// Whether both are digits and would be read as one number: 2014三 is two.
fn same_script(left: char, right: char) -> bool {
    digit(left).is_some()
        && digit(right).is_some()
        && left.is_ascii_digit() == right.is_ascii_digit()
}

fn digit(c: char) -> Option<u16> {
    match c {
        '〇' | '○' | '零' => Some(0),
        '0'..='9' => c.to_digit(10).and_then(|digit| u16::try_from(digit).ok()),
        '一' => Some(1),
        '二' => Some(2),
        '三' => Some(3),
        '四' => Some(4),
        '五' => Some(5),
        '六' => Some(6),
        '七' => Some(7),
        '八' => Some(8),
        '九' => Some(9),
        _ => None,
    }
}
