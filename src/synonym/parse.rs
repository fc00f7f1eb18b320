//! Reads synonyms from their text, and says where it is wrong and how to put it right.
//!
//! Invariant: whatever is in the file either has an effect or is refused (`tests/synonyms.rs`).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Source, Syntax, nearest};
use crate::fold::comparable;

/// The most characters a word may have.
const MAX_CHARS: usize = 32;
/// The most pairs of words the file may come to; one group of 100 words is 9,900.
const MAX_PAIRS: usize = 200_000;

/// Where a file of synonyms is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with synonyms. It is shown in Chinese, with what would put it right.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// A key that must be there and is not.
    MissingKey {
        /// The key.
        key: &'static str,
        /// What to write.
        example: &'static str,
    },
    /// A value of the wrong kind.
    WrongType {
        /// Its key.
        key: &'static str,
        /// What is expected, with an example.
        expected: &'static str,
    },
    /// A source that is blank.
    EmptySource,
    /// A word of which nothing is left to look for, such as one of blanks.
    EmptyWord(String),
    /// A word too long to be one.
    LongWord(String),
    /// A group of fewer than two words, or a rule without words on one side.
    TooFew {
        /// The key of the list.
        key: &'static str,
        /// How many words it needs.
        least: usize,
    },
    /// A word given twice in one list, or on both sides of a rule; width, case and script make no
    /// difference.
    DuplicateWord {
        /// The word.
        word: String,
        /// The line of the earlier one.
        first: usize,
    },
    /// Two words that an earlier entry makes equivalent in the same direction.
    DuplicatePair {
        /// The word that is typed.
        from: String,
        /// The word it also finds.
        to: String,
        /// The line of the earlier entry's second word.
        first: usize,
    },
    /// More equivalences than the file may have.
    TooMany,
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "第 {} 行：{}", self.line, self.problem)
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
            Self::MissingKey { key, example } => {
                write!(f, "缺少 {key}；请补上一行 {key} = {example}")
            }
            Self::WrongType { key, expected } => {
                write!(f, "{key} 的写法不对；应当是{expected}")
            }
            Self::EmptySource => write!(
                f,
                "source 是空的；请写明从哪里知道这些词同义，例如 国发〔2016〕40号"
            ),
            Self::EmptyWord(word) => write!(
                f,
                "词 \"{word}\" 是空的（空格和不可见字符不算）；请删去或写上文字"
            ),
            Self::LongWord(word) => {
                write!(f, "「{word}」超过 {MAX_CHARS} 个字，不像一个词；请拆短")
            }
            Self::TooFew { key, least } => {
                write!(f, "{key} 至少要有 {least} 个词；请补上，或删去这一段")
            }
            Self::DuplicateWord { word, first } => write!(
                f,
                "词「{word}」在第 {first} 行已经写过（全半角、大小写、繁简不作区分）；请只留一处"
            ),
            Self::DuplicatePair { from, to, first } => write!(
                f,
                "由「{from}」找「{to}」在第 {first} 行已经写过；请删去一处，或把两段合并"
            ),
            Self::TooMany => write!(
                f,
                "同义关系超过 {MAX_PAIRS} 对；请把很长的词表拆小，或删去用不着的"
            ),
        }
    }
}

/// What a file says.
pub(super) struct Parsed {
    pub(super) groups: usize,
    pub(super) rules: usize,
    pub(super) pairs: Vec<Pair>,
}

/// Whoever types `from`, which is folded, also finds `to`, which is as it was written.
pub(super) struct Pair {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) two_way: bool,
    pub(super) source: Arc<str>,
}

const GROUP: &str = "group";
const RULE: &str = "rule";
const WORDS: &str = "words";
const FROM: &str = "from";
const TO: &str = "to";
const SOURCE: &str = "source";

type Value<'a> = Spanned<DeValue<'a>>;

/// A word of a list, and where it stands.
struct Written {
    text: String,
    compared: String,
    line: usize,
}

pub(super) fn parse(text: &str) -> Result<Parsed, Error> {
    let mut reader = Reader {
        source: Source::new(text),
        pairs: Vec::new(),
        seen: HashMap::new(),
    };
    let root = DeTable::parse(text).map_err(|error| {
        let Syntax {
            line,
            message,
            full_width,
        } = reader.source.syntax(&error);
        Error {
            line,
            problem: Problem::Syntax {
                message,
                full_width,
            },
        }
    })?;
    let root = root.get_ref();
    reader.only(root, &[GROUP, RULE])?;
    let mut groups = 0;
    for table in reader.tables(root, GROUP)? {
        reader.group(&table)?;
        groups += 1;
    }
    let mut rules = 0;
    for table in reader.tables(root, RULE)? {
        reader.rule(&table)?;
        rules += 1;
    }
    Ok(Parsed {
        groups,
        rules,
        pairs: reader.pairs,
    })
}

struct Reader<'a> {
    source: Source<'a>,
    pairs: Vec<Pair>,
    /// The line each pair was first given in.
    seen: HashMap<(String, String), usize>,
}

/// One `[[group]]` or `[[rule]]`.
struct Table<'a, 'b> {
    line: usize,
    keys: &'b DeTable<'a>,
}

impl Reader<'_> {
    fn at<T>(&self, place: &Spanned<T>, problem: Problem) -> Error {
        Error {
            line: self.source.line_of(place),
            problem,
        }
    }

    /// Refuses a key that is not among `known`.
    fn only(&self, keys: &DeTable<'_>, known: &[&'static str]) -> Result<(), Error> {
        for key in keys.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                return Err(self.at(
                    key,
                    Problem::UnknownKey {
                        key: name.to_owned(),
                        nearest: nearest(name, known),
                        known: known.to_vec(),
                    },
                ));
            }
        }
        Ok(())
    }

    /// The tables of the array `key`, none where it is not there.
    fn tables<'a, 'b>(
        &self,
        root: &'b DeTable<'a>,
        key: &'static str,
    ) -> Result<Vec<Table<'a, 'b>>, Error> {
        let Some(value) = root.get(key) else {
            return Ok(Vec::new());
        };
        let wrong = |place: &Value<'_>| {
            let expected = match key {
                GROUP => "双重方括号开头的一段，即单独一行 [[group]]",
                _ => "双重方括号开头的一段，即单独一行 [[rule]]",
            };
            self.at(place, Problem::WrongType { key, expected })
        };
        let list = value.get_ref().as_array().ok_or_else(|| wrong(value))?;
        list.iter()
            .map(|table| {
                Ok(Table {
                    line: self.source.line_of(table),
                    keys: table.get_ref().as_table().ok_or_else(|| wrong(table))?,
                })
            })
            .collect()
    }

    fn group(&mut self, table: &Table<'_, '_>) -> Result<(), Error> {
        self.only(table.keys, &[WORDS, SOURCE])?;
        let words = self.words(table, WORDS, 2)?;
        distinct(words.iter())?;
        let source = self.note(table)?;
        for (from_at, from) in words.iter().enumerate() {
            for (to_at, to) in words.iter().enumerate() {
                if from_at != to_at {
                    // The later of the two is where the pair is stated.
                    let line = from.line.max(to.line);
                    self.pair(from, to, true, &source, line)?;
                }
            }
        }
        Ok(())
    }

    fn rule(&mut self, table: &Table<'_, '_>) -> Result<(), Error> {
        self.only(table.keys, &[FROM, TO, SOURCE])?;
        let from = self.words(table, FROM, 1)?;
        let to = self.words(table, TO, 1)?;
        distinct(from.iter().chain(&to))?;
        let source = self.note(table)?;
        for from in &from {
            for to in &to {
                self.pair(from, to, false, &source, to.line)?;
            }
        }
        Ok(())
    }

    fn pair(
        &mut self,
        from: &Written,
        to: &Written,
        two_way: bool,
        source: &Arc<str>,
        line: usize,
    ) -> Result<(), Error> {
        let key = (from.compared.clone(), to.compared.clone());
        let problem = if let Some(&first) = self.seen.get(&key) {
            Problem::DuplicatePair {
                from: from.text.clone(),
                to: to.text.clone(),
                first,
            }
        } else if self.pairs.len() == MAX_PAIRS {
            Problem::TooMany
        } else {
            self.seen.insert(key, line);
            self.pairs.push(Pair {
                from: from.compared.clone(),
                to: to.text.clone(),
                two_way,
                source: Arc::clone(source),
            });
            return Ok(());
        };
        Err(Error { line, problem })
    }

    /// Where the equivalence is known from.
    fn note(&self, table: &Table<'_, '_>) -> Result<Arc<str>, Error> {
        let value = Self::value(table, SOURCE, "\"…\"，写明出处")?;
        let text = value.get_ref().as_str().ok_or_else(|| {
            let expected = "引号里的文字，例如 \"国发〔2016〕40号\"";
            let key = SOURCE;
            self.at(value, Problem::WrongType { key, expected })
        })?;
        if comparable(text).is_empty() {
            return Err(self.at(value, Problem::EmptySource));
        }
        Ok(text.trim().into())
    }

    /// The words of the list `key`, of which there must be `least`.
    fn words(
        &self,
        table: &Table<'_, '_>,
        key: &'static str,
        least: usize,
    ) -> Result<Vec<Written>, Error> {
        let value = Self::value(table, key, "[\"…\"]")?;
        let wrong = |place: &Value<'_>| {
            let expected = "方括号里的一列词，例如 [\"随迁子女\", \"农民工子女\"]";
            self.at(place, Problem::WrongType { key, expected })
        };
        let list = value.get_ref().as_array().ok_or_else(|| wrong(value))?;
        let mut words = Vec::new();
        for item in list {
            let text = item.get_ref().as_str().ok_or_else(|| wrong(item))?;
            let compared = comparable(text);
            if compared.is_empty() {
                return Err(self.at(item, Problem::EmptyWord(text.to_owned())));
            }
            if compared.chars().count() > MAX_CHARS {
                return Err(self.at(item, Problem::LongWord(text.trim().to_owned())));
            }
            words.push(Written {
                text: text.trim().to_owned(),
                compared,
                line: self.source.line_of(item),
            });
        }
        if words.len() < least {
            return Err(self.at(value, Problem::TooFew { key, least }));
        }
        Ok(words)
    }

    fn value<'a, 'b>(
        table: &Table<'a, 'b>,
        key: &'static str,
        example: &'static str,
    ) -> Result<&'b Value<'a>, Error> {
        table.keys.get(key).ok_or(Error {
            line: table.line,
            problem: Problem::MissingKey { key, example },
        })
    }
}

/// Refuses a word that is there twice.
fn distinct<'a>(words: impl Iterator<Item = &'a Written>) -> Result<(), Error> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for word in words {
        if let Some(first) = seen.insert(&word.compared, word.line) {
            return Err(Error {
                line: word.line,
                problem: Problem::DuplicateWord {
                    word: word.text.clone(),
                    first,
                },
            });
        }
    }
    Ok(())
}
