//! What is not kept of a query: whatever may be the number of a person, or an address of mail.
//!
//! People paste identity cards, telephone and account numbers into any box. All of them are long
//! runs of digits; years and days, which readers of reports do ask for, are short ones. So a query
//! is counted without its words where it has a run of eleven digits or more, blanks and hyphens
//! between them passed over, unless the parts of the run are years or days.

use crate::fold::comparable;

/// The fewest digits of a number that may be a person's: those of a mobile telephone.
const DIGITS: usize = 11;

/// Whether a query may name a person by a number or an address of mail.
///
/// ```
/// use cesou::analytics::private::is_personal;
///
/// assert!(is_personal("身份证 11010519491231002X"));
/// assert!(is_personal("138-0013-8000"));
/// assert!(is_personal("写给 li.si@example.org"));
/// assert!(!is_personal("2016-11-24 至 2017-03-01 教师交流 38亿元"));
/// ```
#[must_use]
pub fn is_personal(query: &str) -> bool {
    let text = comparable(query);
    has_mail(&text) || has_number(&text)
}

/// Something before and something with a dot after an at sign.
fn has_mail(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.any(|word| {
        word.split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.trim_matches('.').contains('.'))
    })
}

fn has_number(text: &str) -> bool {
    let is_within = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '-' | '.' | '/');
    text.split(|c| !is_within(c)).any(|run| {
        let parts: Vec<&str> = run
            .split(|c: char| !c.is_ascii_digit())
            .filter(|part| !part.is_empty())
            .collect();
        if parts.iter().any(|part| part.len() >= DIGITS) {
            return true;
        }
        // A day within an identity number is no excuse for the rest of it.
        let all: usize = parts.iter().map(|part| part.len()).sum();
        all >= DIGITS && !parts.iter().all(|part| is_of_calendar(part))
    })
}

/// Whether digits are a year, a month or day, or a day written together.
fn is_of_calendar(digits: &str) -> bool {
    let year = |digits: &str| matches!(digits.parse(), Ok(1900..=2100));
    match digits.len() {
        1 | 2 => true,
        4 => year(digits),
        8 => digits
            .split_at_checked(4)
            .is_some_and(|(start, rest)| year(start) && matches!(rest.parse(), Ok(101..=1231))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_personal;

    #[test]
    fn numbers_of_people_are_told_from_those_of_reports() {
        for personal in [
            "13800138000",
            "１３８００１３８０００",
            "电话13800138000的教师",
            "+86 138 0013 8000",
            "138-0013-8000",
            "110105194912310021",
            "11010519491231002x",
            "110105 19491231 0021",
            "110105 19491231 002X 的教师",
            "110105491231002",
            "6222 0212 3456 7890",
            "0791-86765432",
            "a@b.cn",
            "教师 ＬＩ＠Example.org 交流",
        ] {
            assert!(is_personal(personal), "{personal}");
        }
        for plain in [
            "",
            "教师交流轮岗",
            "2016 2017 2018 2019",
            "2016-11-24 2017-03-01",
            "20161124 20170301",
            "国发〔2016〕40号",
            "投入380000万元",
            "360323",
            "1234567890",
            "5-8 10 12",
            "@教师",
            "a@b",
            "0.5 1.25 2016",
        ] {
            assert!(!is_personal(plain), "{plain}");
        }
    }
}
