//! Recognises the numbers Chinese documents put before their units: 一、 and （一）.
//!
//! A number opens a unit only at the start of a line. What merely looks like one is left alone:
//! 一是…二是… counts within a paragraph, and 三、四年级 or 一、二、三产业 enumerate in a sentence.
//!
//! Invariant: the number's length ends at a character boundary of the line (`tests/splitting.rs`).

/// How deep a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// 一、
    Measure,
    /// （一）
    Sub,
}

/// A number at the start of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// How deep it stands.
    pub level: Level,
    /// Its value, from 1.
    pub number: u32,
    /// How many bytes of the line it takes, with its separator and the blanks after it.
    pub len: usize,
}

/// What follows the second of two numbers that enumerate: 三、四年级, 一、二线城市.
const COUNTED: [&str; 14] = [
    "年级",
    "线",
    "产业",
    "次产业",
    "类",
    "级",
    "期",
    "季度",
    "等奖",
    "等功",
    "把手",
    "批次",
    "批",
    "中学",
];

/// The number `line` begins with, blanks before it aside.
///
/// ```
/// use cesou::numbering::{Level, marker};
///
/// let found = marker("一、一加一乘,推动市区").expect("a number stands here");
/// assert_eq!((found.level, found.number), (Level::Measure, 1));
/// assert_eq!(marker("一是做好加法"), None);
/// assert_eq!(marker("三、四年级学生"), None);
/// ```
#[must_use]
pub fn marker(line: &str) -> Option<Marker> {
    let rest = line.trim_start();
    let (level, number, rest) = match rest.chars().next()? {
        '（' | '(' => {
            let (number, rest) = numeral(skip_one(rest).trim_start())?;
            let rest = rest.trim_start();
            let rest = rest.strip_prefix(['）', ')'])?;
            (Level::Sub, number, rest.strip_prefix('、').unwrap_or(rest))
        }
        _ => {
            let (number, rest) = numeral(rest)?;
            let rest = rest.trim_start_matches([' ', '\u{3000}']);
            let rest = rest.strip_prefix(['、', '．', '.'])?;
            if enumerates(number, rest) {
                return None;
            }
            (Level::Measure, number, rest)
        }
    };
    let rest = rest.trim_start();
    Some(Marker {
        level,
        number,
        len: line.len() - rest.len(),
    })
}

/// Whether `rest`, which follows `number、`, goes on counting rather than naming a unit.
fn enumerates(number: u32, rest: &str) -> bool {
    numeral(rest).is_some_and(|(next, after)| {
        next > number
            && (COUNTED.iter().any(|counted| after.starts_with(counted)) || after.starts_with('、'))
    })
}

/// A Chinese numeral from 1 to 999 at the start of `text`, and what follows it.
fn numeral(text: &str) -> Option<(u32, &str)> {
    let mut value = 0;
    let mut digit = 0;
    let mut end = 0;
    let mut digits = 0;
    for (at, c) in text.char_indices() {
        let unit = match c {
            '十' => 10,
            '百' => 100,
            _ => 1,
        };
        if unit == 1 {
            let Some(next) = "〇一二三四五六七八九"
                .chars()
                .position(|known| known == c)
                .or_else(|| (c == '零').then_some(0))
            else {
                break;
            };
            digits += 1;
            if digits > 1 && digit != 0 {
                // Two digits in a row, as in 二三: not how a unit is numbered.
                return None;
            }
            digit = u32::try_from(next).ok()?;
        } else {
            if value % unit != 0 && unit == 100 {
                return None;
            }
            value += unit * digit.max(u32::from(digits == 0));
            if digits > 0 && digit == 0 {
                return None;
            }
            digit = 0;
            digits = 0;
        }
        end = at + c.len_utf8();
    }
    let value = value + digit;
    let (_, rest) = text.split_at_checked(end)?;
    (1..=999).contains(&value).then_some((value, rest))
}

fn skip_one(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::numeral;

    #[test]
    fn numerals() {
        for (text, value) in [
            ("一", Some(1)),
            ("十", Some(10)),
            ("十二", Some(12)),
            ("二十", Some(20)),
            ("二十三", Some(23)),
            ("一百零五", Some(105)),
            ("三百二十一", Some(321)),
            ("二三", None),
            ("零", None),
            ("", None),
            ("百", Some(100)),
        ] {
            assert_eq!(numeral(text).map(|(value, _)| value), value, "{text}");
        }
    }
}
