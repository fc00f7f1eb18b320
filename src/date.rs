//! Calendar dates as Chinese documents write them.
//!
//! The same day stands as 2016年11月3日, 二〇一六年十一月三日, 2016-11-03 or ２０１６／１１／３; whoever
//! sorts and narrows needs one form. Only a whole day is a date: 2016年11月 is none.
//!
//! Invariant: a date read is one of the calendar (`tests/metadata.rs`, over arbitrary text).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fold::fold;

/// A day of the calendar, from 1900 to 2199.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is no date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}”不是日期；请写成 2016-11-03")]
pub struct NoDate(String);

impl Date {
    /// The day, where the calendar has it.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
        let days = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => 31,
        };
        let known =
            (1900..=2199).contains(&year) && (1..=12).contains(&month) && (1..=days).contains(&day);
        known.then_some(Self { year, month, day })
    }

    /// Its year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// The day as one number, 20161103, which orders as days do.
    #[must_use]
    pub fn number(self) -> u64 {
        u64::from(self.year) * 10_000 + u64::from(self.month) * 100 + u64::from(self.day)
    }

    /// The date that `text` is, in brackets or not; a time of day may follow it.
    ///
    /// ```
    /// use cesou::date::Date;
    ///
    /// let day = Date::new(2016, 11, 3);
    /// assert_eq!(Date::parse("二〇一六年十一月三日"), day);
    /// assert_eq!(Date::parse("（2016年11月3日）"), day);
    /// assert_eq!(Date::parse("2016-11-03T08:00:00+08:00"), day);
    /// assert_eq!(Date::parse("2016年11月"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut chars = text
            .chars()
            .filter_map(fold)
            .filter(|&c| !matches!(c, ' ' | '(' | ')' | '[' | ']' | '【' | '】' | '〔' | '〕'))
            .peekable();
        // However it is written it begins with its year; most lines that are asked about do not.
        chars.peek().copied().and_then(digit)?;
        Self::of_chars(&chars.collect::<Vec<char>>())
    }

    fn of_chars(chars: &[char]) -> Option<Self> {
        let compact = || {
            let digits: Option<String> =
                (chars.len() == 8).then(|| chars.iter().filter(|c| c.is_ascii_digit()).collect());
            let digits = digits.filter(|digits: &String| digits.len() == 8)?;
            let part = |from: usize, to: usize| digits.get(from..to)?.parse::<u16>().ok();
            let small = |value: u16| u8::try_from(value).ok();
            Self::new(part(0, 4)?, small(part(4, 6)?)?, small(part(6, 8)?)?)
        };
        let Some((date, end)) = read(chars, 0) else {
            return compact();
        };
        let rest = chars.get(end..).unwrap_or_default();
        let time = |&c: &char| {
            c.is_ascii_digit()
                || matches!(c, ':' | '.' | '+' | '-' | 't' | 'z' | '时' | '分' | '秒')
        };
        rest.iter().all(time).then_some(date)
    }

    /// The first date in `text`, with the bytes it takes up.
    #[must_use]
    pub fn find(text: &str) -> Option<(Self, std::ops::Range<usize>)> {
        let (chars, places): (Vec<char>, Vec<(usize, usize)>) = text
            .char_indices()
            .filter_map(|(at, c)| Some((fold(c)?, (at, at + c.len_utf8()))))
            .filter(|&(c, _)| c != ' ')
            .unzip();
        (0..chars.len()).find_map(|at| {
            let before = at.checked_sub(1).and_then(|before| chars.get(before));
            if before.is_some_and(|&c| digit(c).is_some()) {
                return None;
            }
            let (date, end) = read(&chars, at)?;
            let start = places.get(at)?.0;
            let end = places.get(end.checked_sub(1)?)?.1;
            Some((date, start..end))
        })
    }
}

/// The date that begins at `at`, and where it ends.
fn read(chars: &[char], at: usize) -> Option<(Date, usize)> {
    let head = chars.get(at..at + 4)?;
    let mut year = 0;
    for &c in head {
        year = year * 10 + digit(c)?;
    }
    let mark = *chars.get(at + 4)?;
    let (month, after) = number(chars, at + 5)?;
    let between = *chars.get(after)?;
    let (day, end) = number(chars, after + 1)?;
    let last = chars.get(end).copied();
    let end = match (mark, between) {
        ('年', '月') if matches!(last, Some('日' | '号')) => end + 1,
        ('-' | '/' | '.', other) if other == mark && last.is_none_or(|c| digit(c).is_none()) => end,
        _ => return None,
    };
    Some((Date::new(year, month, day)?, end))
}

/// A number of one or two digits, or one up to 三十一, and where it ends.
fn number(chars: &[char], at: usize) -> Option<(u8, usize)> {
    let first = *chars.get(at)?;
    if first.is_ascii_digit() {
        let tens = digit(first)?;
        let second = chars.get(at + 1).filter(|c| c.is_ascii_digit());
        let (value, end) = match second.and_then(|&c| digit(c)) {
            Some(ones) => (tens * 10 + ones, at + 2),
            None => (tens, at + 1),
        };
        return Some((u8::try_from(value).ok()?, end));
    }
    let (tens, mut end) = match (first, chars.get(at + 1)) {
        ('十', _) => (1, at + 1),
        (c, Some('十')) => (digit(c)?, at + 2),
        _ => (0, at),
    };
    let ones = chars
        .get(end)
        .copied()
        .and_then(digit)
        .filter(|ones| tens == 0 || *ones > 0);
    end += usize::from(ones.is_some());
    let value = tens * 10 + ones.unwrap_or(0);
    (end > at).then_some((u8::try_from(value).ok()?, end))
}

fn digit(c: char) -> Option<u16> {
    match c {
        '〇' | '○' | '零' | 'Ｏ' | 'o' | '◯' => Some(0),
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

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

impl TryFrom<String> for Date {
    type Error = NoDate;

    fn try_from(text: String) -> Result<Self, NoDate> {
        Self::parse(&text).ok_or(NoDate(text))
    }
}
