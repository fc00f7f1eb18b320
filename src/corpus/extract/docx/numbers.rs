//! The numbers Word shows before paragraphs, counted as Word counts them.
//!
//! A list has nine levels, each with a first number, a way to write it and a pattern such as
//! `（%1）` or `%1.%2`. A paragraph names a list and a level itself or through its style; each
//! adds one to its level and starts the deeper ones over.

use std::collections::HashMap;

use quick_xml::events::{BytesStart, Event};

use super::{Part, attribute, event};

/// Levels of a list.
const LEVELS: usize = 9;
/// Styles are based on each other no deeper.
const MAX_STYLES: usize = 16;

/// The list and level of a paragraph, as far as it names them.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) list: Option<String>,
    pub(super) level: Option<usize>,
}

#[derive(Debug, Clone)]
struct Level {
    start: u32,
    format: String,
    pattern: String,
}

impl Default for Level {
    fn default() -> Self {
        Self {
            start: 1,
            format: "decimal".to_owned(),
            pattern: String::new(),
        }
    }
}

#[derive(Debug, Default)]
struct Style {
    place: Place,
    based_on: Option<String>,
}

/// The lists of a document, and how far each has counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    styles: HashMap<String, Style>,
    /// Levels of what lists are made from.
    kinds: HashMap<String, Vec<Level>>,
    /// What each list is made from.
    lists: HashMap<String, String>,
    /// Levels a list has for itself, or starts anew.
    own: HashMap<(String, usize), u32>,
    counts: HashMap<String, [Option<u32>; LEVELS]>,
}

impl Numbering {
    /// Reads which styles number their paragraphs.
    pub(super) fn read_styles(&mut self, mut reader: Part<'_>) -> Result<(), String> {
        let mut buffer = Vec::new();
        let mut id = None;
        loop {
            match event(&mut reader, &mut buffer)? {
                Event::Eof => return Ok(()),
                Event::Start(element) | Event::Empty(element) => {
                    let name = element.local_name();
                    if name.as_ref() == "style" {
                        id = attribute(&element, "styleId");
                        continue;
                    }
                    let Some(id) = &id else { continue };
                    let value = || attribute(&element, "val");
                    match name.as_ref() {
                        "numId" => self.style(id).place.list = value(),
                        "ilvl" => {
                            self.style(id).place.level =
                                value().and_then(|level| level.parse().ok());
                        }
                        "basedOn" => self.style(id).based_on = value(),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
    }

    fn style(&mut self, id: &str) -> &mut Style {
        self.styles.entry(id.to_owned()).or_default()
    }

    /// Reads the lists.
    pub(super) fn read_lists(&mut self, mut reader: Part<'_>) -> Result<(), String> {
        let mut buffer = Vec::new();
        let mut kind = None;
        let mut list = None;
        let mut level = 0;
        loop {
            match event(&mut reader, &mut buffer)? {
                Event::Eof => return Ok(()),
                Event::Start(element) | Event::Empty(element) => {
                    match element.local_name().as_ref() {
                        "abstractNum" => {
                            kind = attribute(&element, "abstractNumId");
                            list = None;
                        }
                        "num" => {
                            list = attribute(&element, "numId");
                            kind = None;
                        }
                        "lvl" | "lvlOverride" => {
                            let number = attribute(&element, "ilvl");
                            level = number.and_then(|n| n.parse().ok()).unwrap_or(0);
                        }
                        _ => match (&kind, &list) {
                            (Some(kind), _) => self.kind(kind, level, &element),
                            (None, Some(list)) => self.list(list, level, &element),
                            (None, None) => {}
                        },
                    }
                }
                _ => {}
            }
        }
    }

    /// Something that `element` says of a level of a kind of list.
    fn kind(&mut self, kind: &str, level: usize, element: &BytesStart<'_>) {
        let Some(value) = attribute(element, "val") else {
            return;
        };
        let levels = self.kinds.entry(kind.to_owned()).or_default();
        levels.resize(LEVELS, Level::default());
        let Some(level) = levels.get_mut(level) else {
            return;
        };
        match element.local_name().as_ref() {
            "start" => level.start = value.parse().unwrap_or(1),
            "numFmt" => level.format = value,
            "lvlText" => level.pattern = value,
            _ => {}
        }
    }

    /// Something that `element` says of a list.
    fn list(&mut self, list: &str, level: usize, element: &BytesStart<'_>) {
        let Some(value) = attribute(element, "val") else {
            return;
        };
        match element.local_name().as_ref() {
            "abstractNumId" => {
                self.lists.insert(list.to_owned(), value);
            }
            "startOverride" => {
                if let Ok(start) = value.parse() {
                    self.own.insert((list.to_owned(), level), start);
                }
            }
            _ => {}
        }
    }

    /// The number of the next paragraph at `place` or of `style`, as it stands before the text;
    /// empty where it has none.
    pub(super) fn next(&mut self, place: &Place, style: Option<&str>) -> String {
        let Some((list, level)) = self.resolve(place, style) else {
            return String::new();
        };
        let Some(kind) = self.lists.get(&list) else {
            return String::new();
        };
        let Some(levels) = self.kinds.get(kind) else {
            return String::new();
        };
        let counts = self.counts.entry(kind.clone()).or_default();
        // A list that starts anew does so the first time it is met.
        let first = self.own.remove(&(list, level));
        for (at, count) in counts.iter_mut().enumerate() {
            let start = levels.get(at).map_or(1, |level| level.start);
            if at == level {
                let next = count.map_or(start, |count| count.saturating_add(1));
                *count = Some(first.unwrap_or(next));
            } else if at > level {
                *count = None;
            } else if count.is_none() {
                *count = Some(start);
            }
        }
        let counts = *counts;
        let Some(shape) = levels.get(level) else {
            return String::new();
        };
        write(shape, levels, &counts)
    }

    /// The list and level in force for a paragraph.
    fn resolve(&self, place: &Place, style: Option<&str>) -> Option<(String, usize)> {
        let mut list = place.list.clone();
        let mut level = place.level;
        let mut style = style;
        for _ in 0..MAX_STYLES {
            let Some(found) = style.and_then(|id| self.styles.get(id)) else {
                break;
            };
            list = list.or_else(|| found.place.list.clone());
            level = level.or(found.place.level);
            style = found.based_on.as_deref();
        }
        let list = list.filter(|list| list != "0")?;
        Some((list, level.unwrap_or(0).min(LEVELS - 1)))
    }
}

/// A level's number by its pattern, with a blank after it where one belongs.
fn write(shape: &Level, levels: &[Level], counts: &[Option<u32>; LEVELS]) -> String {
    if matches!(shape.format.as_str(), "bullet" | "none") {
        return String::new();
    }
    let mut text = String::new();
    let mut rest = shape.pattern.chars().peekable();
    while let Some(c) = rest.next() {
        let digit = (c == '%')
            .then(|| rest.peek().and_then(|digit| digit.to_digit(10)))
            .flatten();
        match digit {
            Some(digit @ 1..=9) => {
                rest.next();
                let at = digit as usize - 1;
                let format = levels.get(at).map_or("decimal", |level| &level.format);
                let count = counts.get(at).copied().flatten().unwrap_or(1);
                text.push_str(&numeral(count, format));
            }
            _ => text.push(c),
        }
    }
    // A number in plain letters stands off from what follows: `1.1 text`, `1. text`.
    if text.chars().next_back().is_some_and(|c| c.is_ascii()) {
        text.push(' ');
    }
    text
}

/// A number written as a list of this format writes it.
fn numeral(number: u32, format: &str) -> String {
    let nth = |first: char| {
        number
            .checked_sub(1)
            .and_then(|offset| char::from_u32(u32::from(first) + offset))
            .map(String::from)
    };
    let letters = |first: char| {
        let offset = number.checked_sub(1)? % 26;
        let times = (number - 1) / 26 + 1;
        let letter = char::from_u32(u32::from(first) + offset)?;
        Some(letter.to_string().repeat(times.min(10) as usize))
    };
    let written = match format {
        "chineseCounting"
        | "chineseCountingThousand"
        | "taiwaneseCounting"
        | "taiwaneseCountingThousand"
        | "japaneseCounting"
        | "ideographDigital"
        | "koreanCounting" => chinese(number),
        "chineseLegalSimplified" => chinese(number).map(|written| {
            let financial = "壹贰叁肆伍陆柒捌玖拾";
            written
                .chars()
                .map(|c| {
                    let at = "一二三四五六七八九十".chars().position(|plain| plain == c);
                    at.and_then(|at| financial.chars().nth(at)).unwrap_or(c)
                })
                .collect()
        }),
        "ideographTraditional" if number <= 10 => "甲乙丙丁戊己庚辛壬癸"
            .chars()
            .nth(number as usize - 1)
            .map(String::from),
        "decimalEnclosedCircle" | "decimalEnclosedCircleChinese" if number <= 20 => nth('①'),
        "decimalEnclosedParen" if number <= 20 => nth('⑴'),
        "decimalEnclosedFullstop" if number <= 20 => nth('⒈'),
        "ideographEnclosedCircle" if number <= 10 => nth('㊀'),
        "lowerLetter" => letters('a'),
        "upperLetter" => letters('A'),
        "lowerRoman" => Some(roman(number).to_lowercase()),
        "upperRoman" => Some(roman(number)),
        "decimalZero" => Some(format!("{number:02}")),
        _ => None,
    };
    written.unwrap_or_else(|| number.to_string())
}

/// A number up to 99 in Chinese: 十, 二十一.
fn chinese(number: u32) -> Option<String> {
    let digit = |digit: u32| "零一二三四五六七八九".chars().nth(digit as usize);
    let mut text = String::new();
    let (tens, ones) = (number / 10, number % 10);
    match tens {
        0 => {}
        1 => text.push('十'),
        2..=9 => {
            text.push(digit(tens)?);
            text.push('十');
        }
        _ => return None,
    }
    if ones > 0 || tens == 0 {
        text.push(digit(ones)?);
    }
    Some(text)
}

/// A number in Roman numerals, up to 3999.
fn roman(mut number: u32) -> String {
    let steps = [
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    if number > 3999 {
        return number.to_string();
    }
    let mut text = String::new();
    for (value, letters) in steps {
        while number >= value {
            number -= value;
            text.push_str(letters);
        }
    }
    text
}
