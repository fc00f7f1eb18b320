//! Reads a taxonomy from its text, and says where it is wrong and how to put it right.
//!
//! The file is edited by people who know schools, not TOML, so every remark is in their language
//! and names the line, the theme and the term. It is read key by key instead of being derived, for
//! the sake of those remarks.
//!
//! Invariant: whatever is in the file either has an effect or is refused (`tests/themes.rs`).

use std::collections::HashMap;
use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::matcher::comparable;
use super::{FolderRule, MAX_LEVELS, Scoring, Term, Theme};
use crate::diagnostic::{Source, Syntax, nearest};

/// The lists of terms a theme may have, and what a term in each weighs.
const GROUPS: [(&str, f32); 3] = [("strong", 3.0), ("terms", 1.0), ("weak", 0.3)];
/// The table of terms whose weights are given one by one.
const WEIGHTS: &str = "weights";
/// The list of phrases that say nothing about any theme.
const IGNORE: &str = "ignore";
/// The table of the folders that other files are for.
const FOLDERS: &str = "folders";
const MAX_WEIGHT: f32 = 100.0;

/// Where a taxonomy is wrong.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// The id of the theme it is in, or its place where it has none (第 3 个); nothing outside the
    /// themes.
    pub theme: Option<String>,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with a taxonomy. It is shown in Chinese, with what would put it right.
#[derive(Debug, Clone, PartialEq)]
pub enum Problem {
    /// Not TOML; what the TOML parser said, and whether Chinese punctuation stands in the line.
    Syntax {
        /// The parser's message.
        message: String,
        /// A full-width quotation mark, comma, bracket or equals sign of that line.
        full_width: Option<char>,
    },
    /// A key that means nothing where it stands.
    UnknownKey {
        /// The key.
        key: String,
        /// The known key it is most like.
        nearest: Option<&'static str>,
        /// All known keys there.
        known: Vec<&'static str>,
    },
    /// `ignore` inside a theme.
    MisplacedIgnore,
    /// A key that must be there and is not.
    MissingKey(&'static str),
    /// A value of the wrong kind.
    WrongType {
        /// Its key.
        key: String,
        /// What is expected, with an example.
        expected: &'static str,
    },
    /// An id that is empty or has other characters than `[a-z0-9-]`.
    BadId(String),
    /// An id that an earlier theme has.
    DuplicateId {
        /// The id.
        id: String,
        /// The line of the earlier one.
        first: usize,
    },
    /// A label that is blank.
    EmptyLabel,
    /// A label that an earlier theme has.
    DuplicateLabel {
        /// The label.
        label: String,
        /// The line of the earlier one.
        first: usize,
    },
    /// A theme without terms.
    NoTerms,
    /// A parent that no theme before it has for its id.
    UnknownParent(String),
    /// A theme below the deepest level.
    TooDeep,
    /// A folder or a file that leads out of the corpus, or to nothing.
    BadPath(String),
    /// A term of which nothing is left to look for, such as one of blanks.
    EmptyTerm(String),
    /// A term given twice in one theme, or both there and to be ignored; width, case, script and
    /// blanks make no difference.
    DuplicateTerm {
        /// The term.
        term: String,
        /// The line of the earlier one.
        first: usize,
    },
    /// A number outside its range.
    OutOfRange {
        /// The term or the constant.
        name: String,
        /// The number as it is written.
        value: String,
        /// The least allowed.
        least: f32,
        /// The greatest allowed.
        greatest: f32,
    },
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "第 {} 行", self.line)?;
        if let Some(theme) = &self.theme {
            write!(f, "，主题 {theme}")?;
        }
        write!(f, "：{}", self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax {
                full_width: Some(mark),
                ..
            } => write!(
                f,
                "不合 TOML 写法；这一行有全角的「{mark}」，引号、逗号、括号、等号都要用半角"
            ),
            Self::Syntax { message, .. } => write!(
                f,
                "不合 TOML 写法（{message}）；请检查引号、逗号、括号是否成对、齐全"
            ),
            Self::UnknownKey {
                key,
                nearest: Some(nearest),
                ..
            } => write!(f, "不认识的键 {key}；是不是 {nearest}？"),
            Self::UnknownKey { key, known, .. } => {
                write!(f, "不认识的键 {key}；这里可以用 {}", known.join("、"))
            }
            Self::MisplacedIgnore => write!(
                f,
                "{IGNORE} 不属于某一个主题；请移到文件开头，所有 [[theme]] 之前"
            ),
            Self::MissingKey(key) => write!(f, "缺少 {key}；请补上一行 {key} = \"…\""),
            Self::WrongType { key, expected } => write!(f, "{key} 的写法不对；应当是{expected}"),
            Self::BadId(id) => write!(
                f,
                "id \"{id}\" 不能用；只能由小写字母 a–z、数字和连字符 - 组成，例如 urban-rural"
            ),
            Self::DuplicateId { id, first } => {
                write!(
                    f,
                    "id \"{id}\" 在第 {first} 行已经用过；请换一个，或合并两个主题"
                )
            }
            Self::EmptyLabel => write!(f, "label 是空的；请写给读者看的名称，例如 师资队伍"),
            Self::DuplicateLabel { label, first } => write!(
                f,
                "label「{label}」在第 {first} 行已经用过；请换一个，以免读者分不清"
            ),
            Self::NoTerms => write!(
                f,
                "一个词都没有；请在 strong、terms、weak 或 weights 中至少写一个词"
            ),
            Self::UnknownParent(parent) => write!(
                f,
                "parent \"{parent}\" 不是前面任何主题的 id；请先写上一级主题，再写它下面的"
            ),
            Self::TooDeep => write!(
                f,
                "主题至多 {MAX_LEVELS} 级；请把 parent 改为更上一级，或删去这一级"
            ),
            Self::BadPath(path) => write!(
                f,
                "\"{path}\" 不能用；请写相对路径，用 / 分隔，不要以 / 开头，也不要有 . 或 .."
            ),
            Self::EmptyTerm(term) => write!(
                f,
                "词 \"{term}\" 是空的（空格和不可见字符不算）；请删去或写上文字"
            ),
            Self::DuplicateTerm { term, first } => write!(
                f,
                "词「{term}」在第 {first} 行已经写过（全半角、大小写、繁简、空格不作区分）；请只留一处"
            ),
            Self::OutOfRange {
                name,
                value,
                least,
                greatest,
            } => write!(
                f,
                "「{name}」的值 {value} 超出范围；请写 {least} 到 {greatest} 之间的数"
            ),
        }
    }
}

/// What a file says.
pub(super) struct Parsed {
    pub(super) themes: Vec<Theme>,
    pub(super) scoring: Scoring,
    pub(super) ignored: Vec<String>,
    pub(super) folders: Vec<FolderRule>,
}

pub(super) fn parse(text: &str) -> Result<Parsed, Error> {
    let reader = Reader {
        source: Source::new(text),
    };
    let root = DeTable::parse(text).map_err(|error| reader.syntax(&error))?;
    let mut parsed = Parsed {
        themes: Vec::new(),
        scoring: Scoring::default(),
        ignored: Vec::new(),
        folders: Vec::new(),
    };
    let mut ignored = HashMap::new();
    let mut themes = None;
    for (key, value) in root.get_ref() {
        match key.get_ref().as_ref() {
            "scoring" => parsed.scoring = reader.scoring(value)?,
            "theme" => themes = Some(value),
            FOLDERS => {
                parsed.folders = reader.folders(value).map_err(|e| e.within(None))?;
            }
            IGNORE => {
                for (term, line) in reader.terms(IGNORE, value).map_err(|e| e.within(None))? {
                    note(&mut ignored, &term, line).map_err(|e| e.within(None))?;
                    parsed.ignored.push(term);
                }
            }
            other => {
                let error = reader.at(key, unknown(other, &["scoring", IGNORE, FOLDERS, "theme"]));
                return Err(error.within(None));
            }
        }
    }
    let Some(themes) = themes else {
        return Ok(parsed);
    };
    let wrong = || wrong_type("theme", "双重方括号开头的一段，即单独一行 [[theme]]");
    let list = themes
        .get_ref()
        .as_array()
        .ok_or_else(|| reader.at(themes, wrong()).within(None))?;
    let mut lines: HashMap<String, usize> = HashMap::new();
    for (place, table) in (1..).zip(list.iter()) {
        let name = table
            .get_ref()
            .get("id")
            .and_then(|id| id.get_ref().as_str())
            .filter(|id| !id.is_empty())
            .map_or_else(|| format!("第 {place} 个"), str::to_owned);
        let theme = table
            .get_ref()
            .as_table()
            .ok_or_else(|| reader.at(table, wrong()))
            .and_then(|keys| {
                let theme = reader.theme(table, keys, &ignored, &mut lines)?;
                reader.place(keys, &theme, &parsed.themes)?;
                Ok(theme)
            })
            .map_err(|error| error.within(Some(name)))?;
        parsed.themes.push(theme);
    }
    // A theme that only gathers others needs no terms of its own.
    for (theme, table) in parsed.themes.iter().zip(list.iter()) {
        let is_part = |part: &Theme| part.parent.as_ref() == Some(&theme.id);
        if theme.terms.is_empty() && !parsed.themes.iter().any(is_part) {
            let error = reader.at(table, Problem::NoTerms);
            return Err(error.within(Some(theme.id.clone())));
        }
    }
    Ok(parsed)
}

/// A problem and its line, before the theme around it is known.
struct Located {
    line: usize,
    problem: Problem,
}

impl Located {
    fn within(self, theme: Option<String>) -> Error {
        Error {
            line: self.line,
            theme,
            problem: self.problem,
        }
    }
}

struct Reader<'a> {
    source: Source<'a>,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl Reader<'_> {
    fn at<T>(&self, place: &Spanned<T>, problem: Problem) -> Located {
        Located {
            line: self.source.line_of(place),
            problem,
        }
    }

    fn syntax(&self, error: &toml::de::Error) -> Error {
        let Syntax {
            line,
            message,
            full_width,
        } = self.source.syntax(error);
        Error {
            line,
            theme: None,
            problem: Problem::Syntax {
                message,
                full_width,
            },
        }
    }

    fn theme(
        &self,
        table: &Value<'_>,
        keys: &DeTable<'_>,
        ignored: &HashMap<String, usize>,
        lines: &mut HashMap<String, usize>,
    ) -> Result<Theme, Located> {
        let known = ["id", "label", "parent", "strong", "terms", "weak", WEIGHTS];
        for key in keys.keys() {
            match key.get_ref().as_ref() {
                IGNORE => return Err(self.at(key, Problem::MisplacedIgnore)),
                other if known.contains(&other) => {}
                other => return Err(self.at(key, unknown(other, &known))),
            }
        }
        let (id, line) = self.string(table, keys, "id")?;
        let at = |problem| Located { line, problem };
        let allowed = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-');
        if id.is_empty() || !id.chars().all(allowed) {
            return Err(at(Problem::BadId(id)));
        }
        // Ids and labels share a map: a label holds what no id can, its line is told by `=`.
        if let Some(first) = lines.insert(id.clone(), line) {
            return Err(at(Problem::DuplicateId { id, first }));
        }
        let (label, line) = self.string(table, keys, "label")?;
        let at = |problem| Located { line, problem };
        let compared: String = comparable(&label).into_iter().collect();
        if compared.is_empty() {
            return Err(at(Problem::EmptyLabel));
        }
        if let Some(first) = lines.insert(format!("={compared}"), line) {
            return Err(at(Problem::DuplicateLabel { label, first }));
        }

        let mut terms = Vec::new();
        let mut seen = ignored.clone();
        for (group, weight) in GROUPS {
            if let Some(value) = keys.get(group) {
                for (text, line) in self.terms(group, value)? {
                    note(&mut seen, &text, line)?;
                    terms.push(Term { text, weight });
                }
            }
        }
        if let Some(value) = keys.get(WEIGHTS) {
            let expected = "一组词和权重，例如 { \"校舍\" = 2, \"经费\" = 0.5 }";
            let weights = value
                .get_ref()
                .as_table()
                .ok_or_else(|| self.at(value, wrong_type(WEIGHTS, expected)))?;
            for (term, weight) in weights {
                let text = term.get_ref().clone().into_owned();
                let line = self.source.line_of(term);
                note(&mut seen, &text, line)?;
                let weight = self.number(&text, weight, 0.0, MAX_WEIGHT)?;
                terms.push(Term { text, weight });
            }
        }
        let parent = keys
            .get("parent")
            .map(|_| self.string(table, keys, "parent").map(|(parent, _)| parent))
            .transpose()?;
        Ok(Theme {
            id,
            label,
            parent,
            terms,
        })
    }

    /// Whether the parent of `theme` stands among those `before` it, and not too deep.
    fn place(&self, keys: &DeTable<'_>, theme: &Theme, before: &[Theme]) -> Result<(), Located> {
        let (Some(parent), Some(value)) = (&theme.parent, keys.get("parent")) else {
            return Ok(());
        };
        let find = |id: &String| before.iter().find(|theme| theme.id == *id);
        let Some(mut above) = find(parent) else {
            return Err(self.at(value, Problem::UnknownParent(parent.clone())));
        };
        let mut level = 2;
        while let Some(next) = above.parent.as_ref().and_then(find) {
            level += 1;
            above = next;
        }
        if level > MAX_LEVELS {
            return Err(self.at(value, Problem::TooDeep));
        }
        Ok(())
    }

    /// The folders that other files are for.
    fn folders(&self, value: &Value<'_>) -> Result<Vec<FolderRule>, Located> {
        let expected =
            "单独一行 [folders] 开头的一段，每行如 \"省级\" = \"themes-government.toml\"";
        let wrong = |place: &Value<'_>| self.at(place, wrong_type(FOLDERS, expected));
        let table = value.get_ref().as_table().ok_or_else(|| wrong(value))?;
        let mut rules = Vec::new();
        for (key, value) in table {
            let folder = key.get_ref().trim_end_matches('/').to_owned();
            let file = value.get_ref().as_str().ok_or_else(|| wrong(value))?;
            if !is_inside(&folder) {
                return Err(self.at(key, Problem::BadPath(folder)));
            }
            if !is_inside(file) {
                return Err(self.at(value, Problem::BadPath(file.to_owned())));
            }
            rules.push(FolderRule {
                folder,
                file: file.to_owned(),
                line: self.source.line_of(key),
            });
        }
        Ok(rules)
    }

    /// The text of a key that must be there, and its line.
    fn string(
        &self,
        table: &Value<'_>,
        keys: &DeTable<'_>,
        key: &'static str,
    ) -> Result<(String, usize), Located> {
        let value = keys
            .get(key)
            .ok_or_else(|| self.at(table, Problem::MissingKey(key)))?;
        let text = value
            .get_ref()
            .as_str()
            .ok_or_else(|| self.at(value, wrong_type(key, "引号里的文字")))?;
        Ok((text.to_owned(), self.source.line_of(value)))
    }

    /// The terms of a list, with their lines.
    fn terms(&self, key: &str, value: &Value<'_>) -> Result<Vec<(String, usize)>, Located> {
        let wrong = |place: &Value<'_>| {
            let expected = "方括号里的一列词，例如 [\"校舍\", \"学位\"]";
            self.at(place, wrong_type(key, expected))
        };
        let items = value.get_ref().as_array().ok_or_else(|| wrong(value))?;
        items
            .iter()
            .map(|item| {
                let text = item.get_ref().as_str().ok_or_else(|| wrong(item))?;
                Ok((text.to_owned(), self.source.line_of(item)))
            })
            .collect()
    }

    fn scoring(&self, value: &Value<'_>) -> Result<Scoring, Error> {
        let mut scoring = Scoring::default();
        let expected = "单独一行 [scoring] 开头的一段";
        let keys = value
            .get_ref()
            .as_table()
            .ok_or_else(|| self.at(value, wrong_type("scoring", expected)).within(None))?;
        for (key, value) in keys {
            let (constant, least, greatest) = match key.get_ref().as_ref() {
                "heading" => (&mut scoring.heading, 0.0, 20.0),
                "saturation" => (&mut scoring.saturation, 0.0, 10.0),
                "length" => (&mut scoring.length, 0.0, 1.0),
                "pivot" => (&mut scoring.pivot, 10.0, 100_000.0),
                "threshold" => (&mut scoring.threshold, 0.0, 100.0),
                "share" => (&mut scoring.share, 0.0, 1.0),
                other => {
                    let known = [
                        "heading",
                        "saturation",
                        "length",
                        "pivot",
                        "threshold",
                        "share",
                    ];
                    return Err(self.at(key, unknown(other, &known)).within(None));
                }
            };
            *constant = self
                .number(key.get_ref(), value, least, greatest)
                .map_err(|error| error.within(None))?;
        }
        Ok(scoring)
    }

    fn number(
        &self,
        name: &str,
        value: &Value<'_>,
        least: f32,
        greatest: f32,
    ) -> Result<f32, Located> {
        let written = match value.get_ref() {
            DeValue::Float(number) => number.as_str(),
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            _ => return Err(self.at(value, wrong_type(name, "不加引号的数，例如 2 或 0.5"))),
        };
        match written.replace('_', "").parse::<f32>() {
            Ok(number) if (least..=greatest).contains(&number) => Ok(number),
            _ => Err(self.at(
                value,
                Problem::OutOfRange {
                    name: name.to_owned(),
                    value: written.to_owned(),
                    least,
                    greatest,
                },
            )),
        }
    }
}

/// Whether a path leads to something below where it is counted from.
fn is_inside(path: &str) -> bool {
    let is_name = |part: &str| !matches!(part, "" | "." | "..");
    !path.contains(['\\', ':', '\0']) && path.split('/').all(is_name)
}

/// Remembers the line of a term, unless it is empty or was there before.
fn note(seen: &mut HashMap<String, usize>, term: &str, line: usize) -> Result<(), Located> {
    let compared: String = comparable(term).into_iter().collect();
    let term = term.to_owned();
    let problem = if compared.is_empty() {
        Problem::EmptyTerm(term)
    } else if let Some(first) = seen.insert(compared, line) {
        Problem::DuplicateTerm { term, first }
    } else {
        return Ok(());
    };
    Err(Located { line, problem })
}

fn wrong_type(key: &str, expected: &'static str) -> Problem {
    Problem::WrongType {
        key: key.to_owned(),
        expected,
    }
}

fn unknown(key: &str, known: &[&'static str]) -> Problem {
    Problem::UnknownKey {
        key: key.to_owned(),
        nearest: nearest(key, known),
        known: known.to_vec(),
    }
}
