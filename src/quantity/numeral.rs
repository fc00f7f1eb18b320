//! Numbers as texts write them: figures and numerals, with 多 and 余, as a fraction, by themselves.

use super::Qualifier;
use super::unit::{self, Form};
use super::view::{View, is_code};
use crate::number;

/// Beyond this no figure is meant, and values stay exact enough to compare.
const MOST: f64 = 1e18;

/// A number without its unit. Counts characters of the view.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    pub(super) start: usize,
    /// One past its last character, 余 and 多 included.
    pub(super) end: usize,
    pub(super) value: f64,
    /// What its 万 and 亿 are worth, for a number before it that shares them: 2—3万人.
    pub(super) magnitude: f64,
    pub(super) writing: Writing,
    pub(super) qualifier: Option<Qualifier>,
    /// Whether a sign before `start` puts it below zero.
    pub(super) is_negative: bool,
}

impl Number {
    /// Whether it is 百, 千, 万 without a numeral before them.
    pub(super) fn is_bare(&self) -> bool {
        self.writing == Writing::Bare
    }

    /// Whether it is a share already: 百分之三十.
    pub(super) fn is_share(&self) -> bool {
        self.writing == Writing::Share
    }

    /// Whether it is written without figures.
    pub(super) fn is_chinese(&self) -> bool {
        matches!(self.writing, Writing::Numerals | Writing::Bare)
    }
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writing {
    /// 38, 3.8万.
    Figures,
    /// 三十八.
    Numerals,
    /// 百, 千万.
    Bare,
    /// 百分之三十, 三分之二.
    Share,
}

/// Whether a number may begin with `c`.
pub(super) fn starts(c: char) -> bool {
    c.is_ascii_digit() || number::is_numeral(c)
}

/// The number that begins at `start`, or where to go on looking.
pub(super) fn number_at(view: &View, start: usize) -> Result<Number, usize> {
    if !view.get(start).is_some_and(starts) {
        return Err(start + 1);
    }
    let before = view.before(start);
    let (mut start, mut end, mut value) = read(view, start)?;
    let after = |end: usize| view.get(end);
    // Versions, times and dates with points: 1.2.3, 12:30.
    let joins = matches!(after(end), Some('.' | ':' | '/'))
        && after(end + 1).is_some_and(|c| c.is_ascii_digit());
    let is_joined = matches!(before, Some('+' | '*' | '#' | '/'))
        || before == Some('.') && start > 1 && view.get(start - 2).is_some_and(is_code)
        || before.is_some_and(|c| c.is_ascii_digit());
    if joins {
        let codes = view
            .rest(end)
            .iter()
            .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':' | '/'))
            .count();
        return Err(end + codes);
    }
    if before == Some('第') || is_joined {
        return Err(end);
    }
    // A list number runs into the text after it: 3.10个项目.
    if let Some(cut) = list_number(view, start, end) {
        let (_, cut_end, cut_value) = read(view, cut)?;
        start = cut;
        end = cut_end;
        value = cut_value;
    }
    let own = view.slice(start, end);
    let is_chinese = !own.iter().any(char::is_ascii_digit);
    let mut magnitude = magnitude(own, is_chinese);
    let mut writing = if is_chinese {
        Writing::Numerals
    } else {
        Writing::Figures
    };
    if let Some(parts) = fraction(view, end) {
        // 百分之三十, 三分之二
        let whole = value.or_else(|| bare(own)).filter(|whole| *whole >= 2.0);
        let (_, parts_end, parts_value) = read(view, parts)?;
        let part = parts_value.or_else(|| bare(view.slice(parts, parts_end)));
        if let (Some(whole), Some(part)) = (whole, part) {
            value = Some(part / whole * 100.0);
            end = parts_end;
            writing = Writing::Share;
            magnitude = 1.0;
        } else {
            return Err(parts_end);
        }
    }
    if value.is_none() && is_chinese {
        value = bare(own);
        writing = Writing::Bare;
    }
    let Some(mut value) = value else {
        return Err(end);
    };
    let mut qualifier = None;
    if writing != Writing::Share
        && let Some('多' | '余' | '来') = after(end)
    {
        qualifier = Some(if after(end) == Some('来') {
            Qualifier::About
        } else {
            Qualifier::Over
        });
        end += 1;
        // 20多万, 1万多亿
        let more = view.rest(end).iter().take_while(|c| power(**c).is_some());
        let mut unit = 1.0;
        for &c in more {
            // 多千瓦 has a unit of its own.
            if is_unit_prefix(view, end) {
                break;
            }
            unit *= power(c).unwrap_or(1.0);
            end += 1;
        }
        value *= unit;
        magnitude *= unit;
        if unit > 1.0 && matches!(after(end), Some('多' | '余')) {
            end += 1;
        }
    }
    let is_negative = value > 0.0
        && view.before(start) == Some('-')
        && !(start > 1 && view.get(start - 2).is_some_and(is_code));
    if is_negative {
        value = -value;
    }
    if !value.is_finite() || value.abs() > MOST {
        return Err(end);
    }
    Ok(Number {
        start,
        end,
        value,
        magnitude,
        writing,
        qualifier,
        is_negative,
    })
}

/// A number's start, end and value; it starts later where numerals of a word stand before figures.
fn read(view: &View, start: usize) -> Result<(usize, usize, Option<f64>), usize> {
    let (mut end, mut value) = number::read_at(&view.chars, start);
    // 万千瓦 and 千米 have a unit that begins as a number does.
    if let Some(unit) = (start + 1..end).find(|&at| is_unit_prefix(view, at)) {
        (end, value) = number::read_at(view.slice(0, unit), start);
    }
    if end <= start {
        return Err(start + 1);
    }
    if value.is_none()
        && view.get(start).is_some_and(|c| !c.is_ascii_digit())
        && let Some(figures) =
            (start + 1..end).find(|&at| view.get(at).is_some_and(|c| c.is_ascii_digit()))
    {
        return Err(figures);
    }
    Ok((start, end, value))
}

/// Whether 千 at `at` belongs to 千米, 千瓦 and their like.
fn is_unit_prefix(view: &View, at: usize) -> bool {
    view.get(at) == Some('千')
        && matches!(
            view.get(at + 1),
            Some('米' | '瓦' | '克' | '伏' | '卡' | '焦')
        )
}

/// Where the figure begins when what seems a decimal is the number of a list: at the start of a
/// line, before what is counted whole.
fn list_number(view: &View, start: usize, end: usize) -> Option<usize> {
    if !matches!(view.before(start), None | Some('\n')) {
        return None;
    }
    let point = view.slice(start, end).iter().position(|&c| c == '.')?;
    let unit = unit::at(view.rest(end))?;
    (point <= 2 && unit.form != Form::Measure).then_some(start + point + 1)
}

/// Where the parts begin after 分之.
fn fraction(view: &View, end: usize) -> Option<usize> {
    let is = view.slice(end, end + 2) == ['分', '之'];
    (is && view.get(end + 2).is_some_and(starts)).then_some(end + 2)
}

/// What the 百 to 亿 at the end of a number are worth.
fn magnitude(own: &[char], is_chinese: bool) -> f64 {
    let units = own
        .iter()
        .rev()
        .map_while(|&c| power(c))
        // 二十 to 三十 do not share their 十.
        .filter(|&unit| !is_chinese || unit > 10.0);
    units.product()
}

fn power(c: char) -> Option<f64> {
    Some(match c {
        '十' => 10.0,
        '百' => 100.0,
        '千' => 1000.0,
        '万' => 1e4,
        '亿' => 1e8,
        _ => return None,
    })
}

/// 百, 千万, 万亿 without a numeral before them.
fn bare(own: &[char]) -> Option<f64> {
    let worth = |own: &[char]| own.iter().map(|&c| power(c)).product::<Option<f64>>();
    let worth = worth(own).filter(|_| (1..=3).contains(&own.len()))?;
    (worth >= 100.0).then_some(worth)
}
