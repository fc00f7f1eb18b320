//! Reads the rules from their text, and says where it is wrong and how to put it right.

use std::fmt;

use regex::Regex;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Rule, Test, Where, letters};
use crate::diagnostic::{Source, nearest};

/// The most characters a rule may let a line have.
pub(super) const MAX_CHARS: usize = 500;
/// The most characters of a line where a rule says nothing of it.
const USUAL_CHARS: usize = 80;
/// The list of rules.
const RULE: &str = "rule";
/// The keys a rule may have.
const KEYS: [&str; 7] = [
    "name",
    "only",
    "words",
    "fields",
    "pattern",
    "where",
    "max_chars",
];
/// The keys of which a rule has one.
const TESTS: [&str; 4] = ["only", "words", "fields", "pattern"];

/// Where the rules are wrong, and how, in Chinese.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there, and what would put it right.
    pub message: String,
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "第 {} 行：{}", self.line, self.message)
    }
}

/// The rules of `text`, in order.
pub(super) fn rules(text: &str) -> Result<Vec<Rule>, Error> {
    let source = Source::new(text);
    let table = DeTable::parse(text).map_err(|error| {
        let syntax = source.syntax(&error);
        let message = match syntax.full_width {
            Some(mark) => {
                format!(
                    "不合 TOML 写法；这一行有全角的「{mark}」，引号、逗号、括号、等号都要用半角"
                )
            }
            None => format!(
                "不合 TOML 写法（{}）；请检查引号、逗号、括号是否成对、齐全",
                syntax.message
            ),
        };
        Error {
            line: syntax.line,
            message,
        }
    })?;
    let mut rules = Vec::new();
    for (key, value) in table.get_ref() {
        if key.get_ref() != RULE {
            return Err(unknown(&source, key, &[RULE]));
        }
        let DeValue::Array(list) = value.get_ref() else {
            return Err(at(&source, value, "规则要写成 [[rule]]，两对方括号"));
        };
        for entry in list {
            let DeValue::Table(table) = entry.get_ref() else {
                return Err(at(&source, entry, "规则要写成 [[rule]]，下面逐行写键和值"));
            };
            rules.push(rule(&source, entry, table)?);
        }
    }
    Ok(rules)
}

fn rule(
    source: &Source<'_>,
    entry: &Spanned<DeValue<'_>>,
    table: &DeTable<'_>,
) -> Result<Rule, Error> {
    let mut name = None;
    let mut test = None;
    let mut place = Where::Anywhere;
    let mut max_chars = USUAL_CHARS;
    for (key, value) in table {
        let key_name: &str = key.get_ref();
        if !KEYS.contains(&key_name) {
            return Err(unknown(source, key, &KEYS));
        }
        if TESTS.contains(&key_name) && test.is_some() {
            let tests = TESTS.join("、");
            let message = format!("一条规则只能有 {tests} 之一；请拆成两条");
            return Err(at(source, key, &message));
        }
        match key_name {
            "name" => name = Some(rule_name(source, value)?),
            "where" => place = rule_place(source, value)?,
            "max_chars" => max_chars = rule_max_chars(source, value)?,
            "pattern" => test = Some(Test::Pattern(pattern(source, value)?)),
            "words" => test = Some(Test::Words(texts(source, key_name, value)?)),
            "fields" => {
                let names = texts(source, key_name, value)?;
                let squeezed = names.iter().map(|name| name.split_whitespace().collect());
                test = Some(Test::Fields(squeezed.collect()));
            }
            _ => {
                let mut words: Vec<Vec<char>> = texts(source, key_name, value)?
                    .iter()
                    .map(|word| letters(word))
                    .collect();
                if words.iter().any(Vec::is_empty) {
                    return Err(at(source, value, "only 里的词要有文字，不能只是标点"));
                }
                words.sort_by_key(|word| std::cmp::Reverse(word.len()));
                test = Some(Test::Only(words));
            }
        }
    }
    let Some(name) = name else {
        return Err(at(
            source,
            entry,
            "这条规则缺少 name，例如 name = \"web-button\"",
        ));
    };
    let Some(test) = test else {
        let message = format!("规则 {name} 要有 {} 之一", TESTS.join("、"));
        return Err(at(source, entry, &message));
    };
    Ok(Rule {
        name,
        place,
        max_chars,
        test,
    })
}

fn rule_name(source: &Source<'_>, value: &Spanned<DeValue<'_>>) -> Result<String, Error> {
    let good = |name: &&str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    value
        .get_ref()
        .as_str()
        .filter(good)
        .map(str::to_owned)
        .ok_or_else(|| {
            at(
                source,
                value,
                "name 要用小写字母、数字和连字符，例如 \"web-button\"",
            )
        })
}

fn rule_place(source: &Source<'_>, value: &Spanned<DeValue<'_>>) -> Result<Where, Error> {
    match value.get_ref().as_str() {
        Some("anywhere") => Ok(Where::Anywhere),
        Some("head") => Ok(Where::Head),
        Some("tail") => Ok(Where::Tail),
        Some("ends") => Ok(Where::Ends),
        _ => Err(at(
            source,
            value,
            "where 应为 \"head\"、\"tail\"、\"ends\" 或 \"anywhere\"",
        )),
    }
}

fn rule_max_chars(source: &Source<'_>, value: &Spanned<DeValue<'_>>) -> Result<usize, Error> {
    let number = match value.get_ref() {
        DeValue::Integer(number) => number.to_string().parse::<usize>().ok(),
        _ => None,
    };
    number
        .filter(|number| (1..=MAX_CHARS).contains(number))
        .ok_or_else(|| {
            let message = format!("max_chars 应为 1 至 {MAX_CHARS} 的整数");
            at(source, value, &message)
        })
}

fn pattern(source: &Source<'_>, value: &Spanned<DeValue<'_>>) -> Result<Regex, Error> {
    let Some(pattern) = value.get_ref().as_str().filter(|text| !text.is_empty()) else {
        return Err(at(source, value, "pattern 应为正则表达式，用单引号括起"));
    };
    Regex::new(pattern).map_err(|error| {
        let said = error.to_string();
        let last = said.lines().next_back().unwrap_or_default();
        at(source, value, &format!("pattern 不是正则表达式（{last}）"))
    })
}

/// A list of texts that are not blank.
fn texts(
    source: &Source<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<Vec<String>, Error> {
    let expected = || format!("{key} 应为词的列表，例如 {key} = [\"来源\", \"作者\"]");
    let DeValue::Array(list) = value.get_ref() else {
        return Err(at(source, value, &expected()));
    };
    if list.is_empty() {
        return Err(at(source, value, &expected()));
    }
    list.iter()
        .map(|entry| {
            let text = entry.get_ref().as_str().map(str::trim);
            text.filter(|text| !text.is_empty())
                .map(str::to_owned)
                .ok_or_else(|| at(source, entry, &expected()))
        })
        .collect()
}

fn unknown<T: AsRef<str>>(source: &Source<'_>, key: &Spanned<T>, known: &[&'static str]) -> Error {
    let name = key.get_ref().as_ref();
    let hint = match nearest(name, known) {
        Some(nearest) => format!("是不是 {nearest}？"),
        None => format!("这里可以有 {}", known.join("、")),
    };
    at(source, key, &format!("不认识的键 {name}；{hint}"))
}

fn at<T>(source: &Source<'_>, place: &Spanned<T>, message: &str) -> Error {
    Error {
        line: source.line_of(place),
        message: message.to_owned(),
    }
}
