//! Numbers in a query, and how else texts write the same value.
//!
//! Readers type 38亿 or 2万; reports say 三十八亿元, 20000 or 20,000. Each number that can be read
//! without doubt gets the other spellings of exactly its value, so that a query may look for all
//! of them. Approximations are never made (20余万, 近4成), nor is anything counted or converted.
//!
//! What is left alone, because it is no quantity or its other spellings would find more noise than
//! texts:
//!
//! - ordinals (第3), codes with leading zeros, numbers within Latin words (4g), 十三五, 三八, 百万
//!   without a figure before it, and what can be read in two ways (三万五, 一百五);
//! - 0 and 1, and below 100 whatever no unit follows: 5 alone would look for every 五;
//! - 1900 to 2099 without a unit, which are years; before 年 they get 二〇一四, not 两千零一十四.
//!
//! Invariants: every spelling reads back to the value it spells, none is what was typed, stretches
//! are in order and do not overlap, and no text panics (`spellings_read_back` below,
//! `tests/numbers.rs`).

mod read;
mod write;

use self::read::{Stretch, Value};

/// The most spellings a number gets.
const MAX_SPELLINGS: usize = 8;

/// What may follow a number and tells that it counts something; longer ones first.
const UNITS: [&str; 52] = [
    "平方公里",
    "平方米",
    "公里",
    "千米",
    "公顷",
    "小时",
    "课时",
    "学时",
    "学年",
    "周年",
    "分钟",
    "元",
    "人",
    "名",
    "位",
    "所",
    "个",
    "项",
    "条",
    "年",
    "月",
    "日",
    "天",
    "周",
    "岁",
    "届",
    "次",
    "场",
    "期",
    "批",
    "家",
    "户",
    "间",
    "座",
    "栋",
    "幢",
    "套",
    "辆",
    "册",
    "本",
    "亩",
    "米",
    "吨",
    "倍",
    "节",
    "类",
    "种",
    "级",
    "村",
    "县",
    "校",
    "班",
];

/// A number in a query, and its other spellings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The character it begins with.
    pub start: usize,
    /// One past the character it ends with; what it counts stands outside.
    pub end: usize,
    /// One past the unit that follows it; `end` where none does.
    pub unit_end: usize,
    /// How else its value is written, the most usual first, normalised; at least one.
    pub spellings: Vec<String>,
}

/// The numbers of `normalized`, which is text as `analysis::Normalized` makes it, in order.
/// Offsets are of its characters.
///
/// ```
/// let found = cesou::number::find("投入2万元");
/// assert_eq!((found[0].start, found[0].end, found[0].unit_end), (2, 4, 5));
/// assert!(found[0].spellings.contains(&"20000".to_owned()));
/// assert!(found[0].spellings.contains(&"两万".to_owned()));
/// ```
#[must_use]
pub fn find(normalized: &str) -> Vec<Found> {
    let chars: Vec<char> = normalized.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let Some(stretch) = read::next(&chars, at) else {
            break;
        };
        at = stretch.end;
        let rest = chars.get(stretch.end..).unwrap_or_default();
        let unit = unit(rest);
        let Some(mut spellings) = spellings(&stretch, unit) else {
            continue;
        };
        let typed: String = chars
            .get(stretch.start..stretch.end)
            .unwrap_or_default()
            .iter()
            .collect();
        let mut seen = vec![typed];
        spellings.retain(|spelling| {
            let fresh = !seen.contains(spelling);
            if fresh {
                seen.push(spelling.clone());
            }
            fresh
        });
        spellings.truncate(MAX_SPELLINGS);
        if !spellings.is_empty() {
            found.push(Found {
                start: stretch.start,
                end: stretch.end,
                unit_end: stretch.end + unit.map_or(0, |unit| unit.chars().count()),
                spellings,
            });
        }
    }
    found
}

/// Whether `c`, next to a spelling, makes it part of another number: 五百 in 一千五百, 20 in 20.5.
///
/// A full stop or comma does so only between figures, which is for the caller to see.
#[must_use]
pub fn continues(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '.' | ',' | '%' | '‰' | '点') || read::is_chinese(c)
}

/// Whether `c`, folded, is a Chinese numeral, in plain or financial form.
#[must_use]
pub fn is_numeral(c: char) -> bool {
    read::is_chinese(c)
}

/// The run of figures and numerals that begins at `start` of folded characters: one past its end,
/// and its value, or nothing where it can be read in several ways or is no number. What stands
/// around it has no say.
#[must_use]
pub fn read_at(chars: &[char], start: usize) -> (usize, Option<f64>) {
    let (end, value, _) = read::run(chars, start);
    (end, value.map(read::Fixed::to_f64))
}

/// The spellings of a stretch, the typed one among them, or nothing where it is to be left alone.
fn spellings(stretch: &Stretch, unit: Option<&str>) -> Option<Vec<String>> {
    match stretch.value {
        Value::Unclear => None,
        Value::Year(year) => Some(write::year(year)),
        Value::Percent(value) => Some(write::percent(value)),
        Value::Permille(value) => Some(write::permille(value)),
        Value::Quantity(value) => {
            let whole = value.whole();
            match (whole, unit) {
                (Some(0 | 1), _) => None,
                (Some(year @ 1900..2100), Some("年" | "学年")) => Some(write::year(year)),
                (Some(2..100 | 1900..2100) | None, None) if !stretch.has_magnitude => None,
                _ => Some(write::quantity(value)),
            }
        }
    }
}

/// The unit that `rest` begins with.
fn unit(rest: &[char]) -> Option<&'static str> {
    UNITS.into_iter().find(|unit| {
        unit.chars().zip(rest).filter(|(a, b)| a == *b).count() == unit.chars().count()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read::{self, Value};
    use super::{find, write};

    /// The value of a text that is one number and nothing else.
    fn value(text: &str) -> Option<Value> {
        let chars: Vec<char> = text.chars().collect();
        let stretch = read::next(&chars, 0)?;
        ((stretch.start, stretch.end) == (0, chars.len())).then_some(stretch.value)
    }

    /// Values in one unit, so that 5‰ is 0.5%.
    fn in_permille(value: Value) -> Value {
        match value {
            Value::Percent(value) => value.times(10).map_or(Value::Unclear, Value::Permille),
            value => value,
        }
    }

    /// Every spelling of a number in `text` has the number's value.
    fn spellings_read_back(text: &str) {
        let chars: Vec<char> = text.chars().collect();
        for found in find(text) {
            let typed: String = chars[found.start..found.end].iter().collect();
            // 年 makes years of digits and is no part of them.
            if chars.get(found.end) == Some(&'年') {
                continue;
            }
            let expected = value(&typed).map(in_permille);
            for spelling in &found.spellings {
                assert_eq!(
                    value(spelling).map(in_permille),
                    expected,
                    "{typed}: {spelling}"
                );
            }
        }
    }

    #[test]
    fn years_read_back() {
        for year in 1900..2100 {
            for spelling in write::year(year) {
                let chars: Vec<char> = format!("{spelling}年").chars().collect();
                let back = read::next(&chars, 0).map(|stretch| stretch.value);
                let figures = read::Fixed::of(year).map(Value::Quantity);
                assert!(
                    back == Some(Value::Year(year)) || back == figures,
                    "{spelling}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn spellings_of_any_run_read_back(
            text in "[0-9.,%‰年元成半点分之零〇一二两三四五六七八九十百千万亿壹贰叁拾佰仟]{0,30}",
        ) {
            spellings_read_back(&text);
        }

        #[test]
        fn spellings_of_whole_values_read_back(value in prop_oneof![
            0_u64..3000,
            1000_u64..100_000,
            0_u64..10_000_000_000_000_000,
            (1_u64..9999, 0_u32..12).prop_map(|(head, zeros)| head * 10_u64.pow(zeros)),
        ]) {
            spellings_read_back(&format!("{value}人"));
            spellings_read_back(&value.to_string());
        }

        #[test]
        fn spellings_of_decimals_read_back(
            whole in 0_u32..20_000,
            decimals in 0_u32..10_000,
            unit in prop::sample::select(vec![
                "万", "亿", "万亿", "%", "‰", "公里", "千万", "百万", "",
            ]),
        ) {
            for decimals in [format!(".{decimals:04}"), format!(".{}", decimals % 10), String::new()] {
                spellings_read_back(&format!("{whole}{decimals}{unit}"));
            }
        }
    }
}
