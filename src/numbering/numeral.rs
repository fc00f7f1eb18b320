//! Numerals as documents write them before their units: 二十三, 12, １２, ⑵.

/// The largest number a unit bears: the civil code has 1260 articles.
const MOST: u32 = 1999;

/// A Chinese numeral from 1 at the start of `text`, and what follows it.
pub(super) fn chinese(text: &str) -> Option<(u32, &str)> {
    let mut value = 0;
    let mut digit = 0;
    let mut end = 0;
    let mut digits = 0;
    for (at, c) in text.char_indices() {
        let unit = match c {
            '十' => 10,
            '百' => 100,
            '千' => 1000,
            _ => 1,
        };
        if unit == 1 {
            let Some(next) = digit_of(c) else {
                break;
            };
            digits += 1;
            if digits > 1 && digit != 0 {
                // Two digits in a row, as in 二三: not how a unit is numbered.
                return None;
            }
            digit = next;
        } else {
            if value % unit != 0 && unit > 10 {
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
    (1..=MOST).contains(&value).then_some((value, rest))
}

fn digit_of(c: char) -> Option<u32> {
    Some(match c {
        '〇' | '零' | '○' => 0,
        '一' => 1,
        '二' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}

/// An Arabic numeral of one to three digits, of either width and without a leading zero, at the
/// start of `text`, and what follows it. Years have four digits and are none.
pub(super) fn arabic(text: &str) -> Option<(u32, &str)> {
    let mut value = 0;
    let mut rest = text;
    for count in 0.. {
        let mut chars = rest.chars();
        let Some(digit) = chars.next().and_then(arabic_digit) else {
            break;
        };
        if count == 3 || (count == 0 && digit == 0) {
            return None;
        }
        value = value * 10 + digit;
        rest = chars.as_str();
    }
    (value > 0).then_some((value, rest))
}

/// The value of one digit of either width.
pub(super) fn arabic_digit(c: char) -> Option<u32> {
    match c {
        '0'..='9' => Some(u32::from(c) - u32::from('0')),
        '０'..='９' => Some(u32::from(c) - u32::from('０')),
        _ => None,
    }
}

/// The value of one character that is a numeral with its ring, brackets or stop: ①, ⑴, ⒈, ㈠.
pub(super) fn enclosed(c: char) -> Option<(Enclosure, u32)> {
    let from = |first: char| u32::from(c) - u32::from(first) + 1;
    Some(match c {
        '①'..='⑳' => (Enclosure::Ring, from('①')),
        '㉑'..='㉟' => (Enclosure::Ring, from('㉑') + 20),
        '❶'..='❿' => (Enclosure::Ring, from('❶')),
        '⑴'..='⒇' => (Enclosure::Brackets, from('⑴')),
        '⒈'..='⒛' => (Enclosure::Stop, from('⒈')),
        '㈠'..='㈩' => (Enclosure::ChineseBrackets, from('㈠')),
        _ => return None,
    })
}

/// What surrounds the numeral within one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Enclosure {
    /// ①
    Ring,
    /// ⑴
    Brackets,
    /// ⒈
    Stop,
    /// ㈠
    ChineseBrackets,
}

#[cfg(test)]
mod tests {
    use super::{arabic, chinese};

    #[test]
    fn chinese_numerals() {
        for (text, value) in [
            ("一", Some(1)),
            ("十", Some(10)),
            ("十二", Some(12)),
            ("二十", Some(20)),
            ("二十三", Some(23)),
            ("一百零五", Some(105)),
            ("三百二十一", Some(321)),
            ("一千二百六十", Some(1260)),
            ("一千零一", Some(1001)),
            ("二千", None),
            ("二三", None),
            ("零", None),
            ("", None),
            ("百", Some(100)),
        ] {
            assert_eq!(chinese(text).map(|(value, _)| value), value, "{text}");
        }
    }

    #[test]
    fn arabic_numerals() {
        for (text, value) in [
            ("1.", Some(1)),
            ("１２．", Some(12)),
            ("120.", Some(120)),
            ("2016.", None),
            ("01.", None),
            ("一", None),
            ("", None),
        ] {
            assert_eq!(arabic(text).map(|(value, _)| value), value, "{text}");
        }
    }
}
