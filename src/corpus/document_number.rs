//! Reads the numbers offices give their documents: 成办发〔2016〕48号.
//!
//! Who issued a document writes its own mark, the year in brackets and a running number. The
//! brackets should be 〔〕, and are [], （）, 【】 as often; all are brought to one form, so that a
//! reader finds the document by its number however it was typed.

use crate::date::Date;

/// The most characters of the issuer's mark.
const MARK_MAX_CHARS: usize = 14;
/// What orders and announcements are numbered by in place of a mark and a year.
const ORDERS: [&str; 4] = ["令", "公告", "通告", "公报"];

/// A document number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DocumentNumber {
    /// As it should be written: 成办发〔2016〕48号.
    pub(super) text: String,
    /// The issuer's mark: 成办发. Of an order, who gave it: 教育部令.
    pub(super) mark: String,
    pub(super) year: Option<u16>,
}

/// The document number that `line` is, in brackets or not, and the date that may follow it.
pub(super) fn whole(line: &str) -> Option<(DocumentNumber, Option<Date>)> {
    // Every number ends so, and most lines hold none.
    if !line.contains('号') {
        return None;
    }
    let chars = squeezed(line);
    let inner = match chars.as_slice() {
        ['（' | '(' | '【' | '[', inner @ .., '）' | ')' | '】' | ']'] => inner,
        all => all,
    };
    if let Some((number, start, end)) = find_in(inner) {
        let rest: String = inner.get(end..)?.iter().collect();
        let date = Date::parse(&rest);
        let is_year = rest.strip_suffix('年').is_some_and(is_four_digits);
        let signed = rest.starts_with("签发人");
        let fits = start == 0 && (rest.is_empty() || date.is_some() || is_year || signed);
        return fits.then_some((number, date));
    }
    order(inner).map(|number| (number, None))
}

/// The first document number in `text`.
pub(super) fn find(text: &str) -> Option<DocumentNumber> {
    let chars = squeezed(text);
    find_in(&chars)
        .map(|(number, _, _)| number)
        .or_else(|| order(&chars))
}

/// Without blanks, digits in half width.
fn squeezed(text: &str) -> Vec<char> {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '\u{200b}' && *c != '\u{feff}')
        .map(|c| match c {
            '０'..='９' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            c => c,
        })
        .collect()
}

/// The first number among `chars`, and where it begins and ends.
fn find_in(chars: &[char]) -> Option<(DocumentNumber, usize, usize)> {
    let opens = |c: &char| matches!(c, '〔' | '[' | '【' | '（' | '(' | '［' | '﹝' | '〈' | '<');
    let mut from = 0;
    while let Some(at) = chars.get(from..)?.iter().position(opens) {
        let open = from + at;
        from = open + 1;
        if let Some((year, number, end)) = year_and_number(chars, open) {
            let start = chars
                .get(..open)?
                .iter()
                .rposition(|&c| !is_mark(c))
                .map_or(0, |before| before + 1);
            let mark: String = chars.get(start..open)?.iter().collect();
            let length = open - start;
            if (1..=MARK_MAX_CHARS).contains(&length) {
                let found = DocumentNumber {
                    text: format!("{mark}〔{year}〕{number}号"),
                    mark,
                    year: Some(year),
                };
                return Some((found, start, end));
            }
        }
    }
    None
}

/// Year and running number from the bracket at `open`, and where 号 ends.
fn year_and_number(chars: &[char], open: usize) -> Option<(u16, String, usize)> {
    let year: String = chars.get(open + 1..open + 5)?.iter().collect();
    let year: u16 = is_four_digits(&year).then(|| year.parse().ok())??;
    let mut at = open + 5;
    at += usize::from(chars.get(at) == Some(&'年'));
    let closes = matches!(
        chars.get(at)?,
        '〕' | ']' | '】' | '）' | ')' | '］' | '﹞' | '〉' | '>'
    );
    at += 1;
    at += usize::from(chars.get(at) == Some(&'第'));
    let digits: String = chars
        .get(at..)?
        .iter()
        .take_while(|c| c.is_ascii_digit())
        .collect();
    at += digits.len();
    let ends = chars.get(at) == Some(&'号');
    let sound = closes && ends && (1..=5).contains(&digits.len()) && (1949..=2199).contains(&year);
    sound.then_some((year, digits, at + 1))
}

/// 教育部令第49号, 国家税务总局公告2020年第5号.
fn order(chars: &[char]) -> Option<DocumentNumber> {
    let text: String = chars
        .iter()
        .filter(|c| !matches!(c, '（' | '）' | '(' | ')'))
        .collect();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (head, number) = text.strip_suffix('号')?.split_once('第')?;
    let year = head
        .strip_suffix('年')
        .and_then(|head| head.get(head.len().checked_sub(4)?..))
        .filter(|year| is_four_digits(year))
        .and_then(|year| year.parse().ok());
    let name = head
        .trim_end_matches('年')
        .trim_end_matches(|c: char| c.is_ascii_digit());
    let issued = ORDERS.iter().any(|order| name.ends_with(order))
        && (3..=40).contains(&name.chars().count())
        && name.chars().all(is_mark);
    (issued && digits(number) && number.len() <= 5).then(|| DocumentNumber {
        text: text.clone(),
        mark: name.to_owned(),
        year,
    })
}

fn is_four_digits(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}')
}
