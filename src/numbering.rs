//! Recognises the numbers Chinese documents put before their units: 第一章, 一、, （一）, 1., （1）,
//! ①, 一是, ——.
//!
//! A number opens a unit only at the start of a line. What merely looks like one is left alone:
//! 三、四年级 and 一、二、三产业 enumerate in a sentence, 3.2 is a decimal, 2016. a year, 第三条规定
//! names another place. How the forms nest is each document's own matter, so nothing here says it;
//! [`Form`] only has the order that convention gives them.
//!
//! Invariant: the number's length ends at a character boundary of the line (`tests/splitting.rs`).

mod numeral;

use numeral::{Enclosure, arabic, arabic_digit, chinese, enclosed};

/// How a number is written, from what conventionally stands outermost to what stands innermost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// 第一部分, 第一编, 第一篇
    Part,
    /// 第一章
    Chapter,
    /// 第一节
    Section,
    /// 第一条
    Article,
    /// 一、
    Ideograph,
    /// （一）
    Bracketed,
    /// 1., and 1 before a blank
    Digit,
    /// 1.1 before a blank
    Decimal,
    /// 1.1.1 before a blank
    DecimalDecimal,
    /// （1）
    BracketedDigit,
    /// 1）
    HalfBracketedDigit,
    /// ①
    Circled,
    /// 一是, 第一，, 其一，
    Counted,
    /// ——, which counts nothing
    Dash,
}

impl Form {
    /// How many forms there are.
    pub const COUNT: usize = 14;

    /// Its place in the conventional order, from 0.
    #[must_use]
    pub fn rank(self) -> usize {
        self as usize
    }
}

/// A number at the start of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// How it is written.
    pub form: Form,
    /// Its value, from 1; a dash has none and says 1.
    pub number: u32,
    /// How many bytes of the line it takes, with its separator and the blanks around it.
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
/// What follows 第三条 where it names a place in a text instead of opening it.
const REFERRING: [char; 17] = [
    '规', '的', '、', '和', '至', '所', '中', '之', '款', '，', '或', '与', '及', '到', '以', ',',
    '第',
];
/// What follows （一） where it does so: （一）项规定.
const REFERRING_ITEMS: [&str; 8] = [
    "项规定",
    "项所",
    "项、",
    "项的",
    "项中",
    "项至",
    "项和",
    "目规定",
];
/// The most characters a 章 or 节 with its name has when no blank stands between the two.
const NAME_MAX_CHARS: usize = 40;

/// The number `line` begins with; blanks and Markdown's marks before it do not count.
///
/// ```
/// use cesou::numbering::{Form, marker};
///
/// let found = marker("一、一加一乘,推动市区").expect("a number stands here");
/// assert_eq!((found.form, found.number), (Form::Ideograph, 1));
/// assert_eq!(marker("１２．改善条件").map(|found| found.number), Some(12));
/// assert_eq!(marker("三、四年级学生"), None);
/// assert_eq!(marker("3.2万人"), None);
/// ```
#[must_use]
pub fn marker(line: &str) -> Option<Marker> {
    let start = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '#' | '*'));
    let first = start.chars().next()?;
    let (form, number, rest) = match first {
        '（' | '(' | '﹙' => bracketed(skip_one(start))?,
        '第' => ordinal(skip_one(start))?,
        '一' | '二' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十' | '百' => {
            ideograph(start)?
        }
        '其' => {
            let (number, rest) = chinese(skip_one(start))?;
            (Form::Counted, number, rest.strip_prefix(['，', ','])?)
        }
        '—' | '–' | '─' | '－' | '―' | '-' => (Form::Dash, 1, dash(start, first)?),
        '●' | '■' | '◆' | '▲' | '★' | '•' | '◇' => (Form::Dash, 1, skip_one(start)),
        _ if arabic_digit(first).is_some() => digits(start)?,
        _ => {
            let (enclosure, number) = enclosed(first)?;
            let form = match enclosure {
                Enclosure::Ring => Form::Circled,
                Enclosure::Brackets => Form::BracketedDigit,
                Enclosure::Stop => Form::Digit,
                Enclosure::ChineseBrackets => Form::Bracketed,
            };
            (form, number, skip_one(start))
        }
    };
    let rest = rest.trim_start();
    Some(Marker {
        form,
        number,
        len: line.len() - rest.len(),
    })
}

type Found<'a> = Option<(Form, u32, &'a str)>;

/// （一） or （1）, after the opening bracket.
fn bracketed(rest: &str) -> Found<'_> {
    let rest = rest.trim_start();
    let (form, (number, rest)) = match chinese(rest) {
        Some(found) => (Form::Bracketed, found),
        None => (Form::BracketedDigit, arabic(rest)?),
    };
    let rest = rest.trim_start().strip_prefix(['）', ')', '﹚'])?;
    if REFERRING_ITEMS.iter().any(|word| rest.starts_with(word)) {
        return None;
    }
    Some((
        form,
        number,
        rest.strip_prefix(['、', '.', '．']).unwrap_or(rest),
    ))
}

/// 第一章, 第一条, 第一， after 第.
fn ordinal(rest: &str) -> Found<'_> {
    let (number, rest) = match chinese(rest) {
        Some(found) => found,
        None => arabic(rest)?,
    };
    if let Some(rest) = rest.strip_prefix(['，', ',']) {
        return Some((Form::Counted, number, rest));
    }
    let rest = rest.trim_start_matches([' ', '\u{3000}']);
    let (form, rest) = if let Some(rest) = rest.strip_prefix("部分") {
        (Form::Part, rest)
    } else {
        let form = match rest.chars().next()? {
            '编' | '篇' => Form::Part,
            '章' => Form::Chapter,
            '节' => Form::Section,
            '条' => Form::Article,
            _ => return None,
        };
        (form, skip_one(rest))
    };
    // 第十条之一 is an article of its own.
    let rest = match rest.strip_prefix('之').and_then(chinese) {
        Some((_, rest)) if form == Form::Article => rest,
        _ => rest,
    };
    let Some(next) = rest.chars().next() else {
        return Some((form, number, rest));
    };
    if next.is_whitespace() || matches!(next, '：' | ':') {
        return Some((form, number, rest.trim_start_matches(['：', ':'])));
    }
    let named = form == Form::Article
        || (rest.chars().count() <= NAME_MAX_CHARS && !rest.contains(['。', '；', '，']));
    (named && !REFERRING.contains(&next)).then_some((form, number, rest))
}

/// 一、 or 一是.
fn ideograph(start: &str) -> Found<'_> {
    let (number, rest) = chinese(start)?;
    if let Some(rest) = rest.strip_prefix(['是', '要']) {
        return Some((Form::Counted, number, rest));
    }
    let rest = rest.trim_start_matches([' ', '\u{3000}']);
    let rest = rest.strip_prefix(['、', '．', '.'])?;
    (!enumerates(number, rest)).then_some((Form::Ideograph, number, rest))
}

/// What follows 3.2 and a blank where it is a quantity.
const UNITS: [char; 14] = [
    '万', '亿', '千', '百', '元', '个', '倍', '人', '吨', '亩', '米', '公', '平', '年',
];
/// The most characters a heading after 1 and a blank has.
const OUTLINE_MAX_CHARS: usize = 30;

/// 1 总则 or 1.1 编制目的, as plans number; `number` is the first of its numbers.
fn outline(number: u32, rest: &str) -> Found<'_> {
    let mut form = Form::Digit;
    let mut number = number;
    let mut rest = rest;
    while let Some((next, after)) = rest.strip_prefix(['.', '．']).and_then(arabic) {
        form = match form {
            Form::Digit => Form::Decimal,
            Form::Decimal => Form::DecimalDecimal,
            _ => return None,
        };
        (number, rest) = (next, after);
    }
    let words = rest.trim_start_matches([' ', '\u{3000}', '\t']);
    let first = words.chars().next()?;
    let named = words.len() < rest.len()
        && ('\u{4e00}'..='\u{9fff}').contains(&first)
        && !UNITS.contains(&first)
        && (form != Form::Digit
            || (words.chars().count() <= OUTLINE_MAX_CHARS
                && !words.contains(|c: char| c.is_whitespace() || c.is_ascii_punctuation())
                && !words.contains(['。', '，', '；', '：', '、'])));
    named.then_some((form, number, words))
}

/// 1. or 1）.
fn digits(start: &str) -> Found<'_> {
    let (number, rest) = arabic(start)?;
    if let Some(rest) = rest.strip_prefix(['）', ')']) {
        return Some((Form::HalfBracketedDigit, number, rest));
    }
    if let Some(found) = outline(number, rest) {
        return Some(found);
    }
    let rest = rest.trim_start_matches([' ', '\u{3000}']);
    let rest = rest.strip_prefix(['.', '．', '、', '﹒'])?;
    // 3.2 is a decimal, and 1、2 enumerates, but 1.2025年 is the year after a number.
    let decimal = rest.chars().next().and_then(arabic_digit).is_some() && !begins_with_year(rest);
    (!decimal).then_some((Form::Digit, number, rest))
}

fn begins_with_year(text: &str) -> bool {
    let mut chars = text.chars();
    let digits: Vec<u32> = chars.by_ref().take(4).filter_map(arabic_digit).collect();
    matches!(digits.as_slice(), [1, 9, _, _] | [2, 0, _, _]) && chars.next() == Some('年')
}

/// What follows a dash of at least two characters.
fn dash(start: &str, mark: char) -> Option<&str> {
    let rest = start.trim_start_matches(mark);
    let len = start.len() - rest.len();
    (len > mark.len_utf8() && !rest.trim().is_empty()).then_some(rest)
}

/// Whether `rest`, which follows `number、`, goes on counting rather than naming a unit.
fn enumerates(number: u32, rest: &str) -> bool {
    chinese(rest).is_some_and(|(next, after)| {
        next > number
            && (COUNTED.iter().any(|counted| after.starts_with(counted)) || after.starts_with('、'))
    })
}

fn skip_one(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::{Form, marker};

    #[test]
    fn forms() {
        for (line, form, number, rest) in [
            ("第一部分 总论", Form::Part, 1, "总论"),
            ("第二篇　实施", Form::Part, 2, "实施"),
            ("\u{3000}第一章\u{3000}总则", Form::Chapter, 1, "总则"),
            ("第三章保障措施", Form::Chapter, 3, "保障措施"),
            ("第二节 选聘", Form::Section, 2, "选聘"),
            (
                "第二十一条　本办法自公布之日起施行。",
                Form::Article,
                21,
                "本办法自公布之日起施行。",
            ),
            (
                "第一条为规范办学，制定本办法。",
                Form::Article,
                1,
                "为规范办学，制定本办法。",
            ),
            ("第十条之一　附加", Form::Article, 10, "附加"),
            ("二、 主要任务", Form::Ideograph, 2, "主要任务"),
            ("十一．加强", Form::Ideograph, 11, "加强"),
            ("（一）总体", Form::Bracketed, 1, "总体"),
            ("( 十二 ) 总体", Form::Bracketed, 12, "总体"),
            ("（三)、总体", Form::Bracketed, 3, "总体"),
            ("㈠总体", Form::Bracketed, 1, "总体"),
            ("（一）项目建设", Form::Bracketed, 1, "项目建设"),
            ("1.甲", Form::Digit, 1, "甲"),
            ("１２．甲", Form::Digit, 12, "甲"),
            ("3、甲", Form::Digit, 3, "甲"),
            ("⒉甲", Form::Digit, 2, "甲"),
            ("5.2025年底前建成", Form::Digit, 5, "2025年底前建成"),
            ("1 总则", Form::Digit, 1, "总则"),
            ("1.2　编制依据", Form::Decimal, 2, "编制依据"),
            (
                "2.1.3 职责。由教育局负责。",
                Form::DecimalDecimal,
                3,
                "职责。由教育局负责。",
            ),
            ("（1）甲", Form::BracketedDigit, 1, "甲"),
            ("⑵甲", Form::BracketedDigit, 2, "甲"),
            ("1）甲", Form::HalfBracketedDigit, 1, "甲"),
            ("①甲", Form::Circled, 1, "甲"),
            ("一是做好", Form::Counted, 1, "做好"),
            ("第一，稳定", Form::Counted, 1, "稳定"),
            ("——坚持方向", Form::Dash, 1, "坚持方向"),
            ("--坚持方向", Form::Dash, 1, "坚持方向"),
            ("## 一、总体", Form::Ideograph, 1, "总体"),
        ] {
            let found = marker(line).unwrap_or_else(|| panic!("a number in {line}"));
            assert_eq!((found.form, found.number), (form, number), "{line}");
            assert_eq!(line.get(found.len..), Some(rest), "{line}");
        }
    }

    #[test]
    fn what_looks_like_a_number() {
        for line in [
            "2016.",
            "2016年",
            "1.5亿元",
            "3.2 万人",
            "1 肥东 15",
            "5 万元",
            "1.1.1.1 过深",
            "3、4年级",
            "三、四年级学生",
            "一、二、三产业融合",
            "第三条规定的情形",
            "第一章、第二章",
            "第一节课要求学生认真听讲，并记录下来。",
            "第一批学校",
            "（一）项规定的情形",
            "（2016）12号",
            "（第一批）",
            "（一",
            "一方面",
            "十二五期间",
            "一",
            "-1",
            "————",
            "1",
            "",
        ] {
            assert_eq!(marker(line), None, "{line}");
        }
    }
}
