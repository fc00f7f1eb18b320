//! Passages that a site owner puts first for a query, whatever the ranking makes of them.
//!
//! A ranking is right for most queries and wrong for some that many readers ask: the one passage
//! that answers 教师编制怎么核定 may hold none of these words. Which passages come first for which
//! query is the owner's to say (`corpus/pins.toml`); the head of the shipped file explains the form.
//! A query is compared as it is searched for, width, case, script and blanks apart, and as a whole.
//!
//! Pins change what is answered, never what is indexed, so editing them needs no rebuild. Here they
//! are only read and looked up; what becomes of them is for `search`.
//!
//! Invariant: whatever is in the file either has an effect or is refused (`tests/pins.rs`).

use std::collections::HashMap;
use std::fmt;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Source, Syntax, nearest};
use crate::fold::comparable;

/// The most characters of a query that passages are pinned for.
pub const MAX_QUERY_CHARS: usize = 200;
/// The most passages that are pinned for one query: as many as a page has, and no more.
pub const MAX_PASSAGES: usize = 10;
/// The most entries of the file.
const MAX_PINS: usize = 10_000;
/// The most characters of a passage's id, which begins with its report's.
const MAX_ID: usize = 300;

const PIN: &str = "pin";
const QUERY: &str = "query";
const PASSAGES: &str = "passages";
const NOTE: &str = "note";

/// Which passages come first for which queries.
#[derive(Debug, Clone, Default)]
pub struct Pins {
    /// The ids, by the query as it is compared.
    by_query: HashMap<String, Vec<String>>,
    digest: String,
}

/// Where a file of pins is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What can be wrong with pins. It is shown in Chinese, with what would put it right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Not TOML; what the TOML parser said, and a full-width mark that stands in the line.
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
    /// A query of which nothing is left to compare.
    EmptyQuery,
    /// A query longer than any that is counted.
    LongQuery,
    /// An id that no passage can have.
    BadId(String),
    /// An entry without passages.
    NoPassages,
    /// A passage that is pinned twice for one query.
    Duplicate {
        /// The passage's id.
        id: String,
        /// The line of the earlier one.
        first: usize,
    },
    /// More passages for one query than may come first.
    TooManyPassages,
    /// More entries than the file may have.
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
            Self::WrongType { key, expected } => write!(f, "{key} 的写法不对；应当是{expected}"),
            Self::EmptyQuery => f.write_str("query 是空的（空格和不可见字符不算）；请写上检索词"),
            Self::LongQuery => write!(f, "query 超过 {MAX_QUERY_CHARS} 个字；请缩短"),
            Self::BadId(id) => write!(
                f,
                "「{id}」不是段落编号；编号只有英文字母、数字、- 和 _，在段落页面的网址末尾"
            ),
            Self::NoPassages => f.write_str("passages 是空的；请写上段落编号，或删去这一段"),
            Self::Duplicate { id, first } => {
                write!(f, "段落 {id} 已在第 {first} 行为同一检索词置顶；请只留一处")
            }
            Self::TooManyPassages => write!(
                f,
                "同一检索词置顶的段落超过 {MAX_PASSAGES} 个；请只留最要紧的"
            ),
            Self::TooMany => write!(f, "置顶超过 {MAX_PINS} 条；请删去用不着的"),
        }
    }
}

impl Pins {
    /// Reads pins; the head of the shipped `corpus/pins.toml` explains the form.
    ///
    /// ```
    /// use cesou::pin::Pins;
    ///
    /// let pins = Pins::from_toml(
    ///     r#"
    ///     [[pin]]
    ///     query = "教师編制"
    ///     passages = ["360323-5f2a9c01-3"]
    ///     "#,
    /// )?;
    /// assert_eq!(pins.of(" 教師编制 "), ["360323-5f2a9c01-3"]);
    /// assert!(pins.of("教师").is_empty());
    /// # Ok::<(), cesou::pin::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where the text is not TOML or says something that has no meaning here: one such place, with
    /// its line and what would put it right.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        let source = Source::new(text);
        let root = DeTable::parse(text).map_err(|error| {
            let Syntax {
                line,
                message,
                full_width,
            } = source.syntax(&error);
            Error {
                line,
                problem: Problem::Syntax {
                    message,
                    full_width,
                },
            }
        })?;
        let mut reader = Reader {
            source,
            pins: HashMap::new(),
        };
        reader.read(root.get_ref())?;
        Ok(Self {
            by_query: reader
                .pins
                .into_iter()
                .map(|(query, ids)| (query, ids.into_iter().map(|(id, _)| id).collect()))
                .collect(),
            digest: blake3::hash(text.as_bytes()).to_hex().to_string(),
        })
    }

    /// The ids of the passages that come first for `query`, in their order; none for most.
    #[must_use]
    pub fn of(&self, query: &str) -> &[String] {
        if self.by_query.is_empty() {
            return &[];
        }
        let ids = self.by_query.get(&comparable(query));
        ids.map_or(&[], Vec::as_slice)
    }

    /// Every query, as it is compared, with the ids of its passages; in the order of the queries.
    #[must_use]
    pub fn entries(&self) -> Vec<(&str, &[String])> {
        let entries = self.by_query.iter();
        let mut entries: Vec<(&str, &[String])> = entries
            .map(|(query, ids)| (query.as_str(), ids.as_slice()))
            .collect();
        entries.sort_unstable();
        entries
    }

    /// For how many queries passages are pinned.
    #[must_use]
    pub fn queries(&self) -> usize {
        self.by_query.len()
    }

    /// What tells these pins from others: a digest of their file, empty where there are none.
    #[must_use]
    pub fn digest(&self) -> &str {
        if self.by_query.is_empty() {
            return "";
        }
        &self.digest
    }
}

type Value<'a> = Spanned<DeValue<'a>>;

struct Reader<'a> {
    source: Source<'a>,
    /// The ids, each with its line, by the query as it is compared.
    pins: HashMap<String, Vec<(String, usize)>>,
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
        let is_unknown = |key: &&Spanned<_>| {
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            !known.contains(&key.as_ref())
        };
        let Some(key) = keys.keys().find(is_unknown) else {
            return Ok(());
        };
        let name = key.get_ref().as_ref();
        Err(self.at(
            key,
            Problem::UnknownKey {
                key: name.to_owned(),
                nearest: nearest(name, known),
                known: known.to_vec(),
            },
        ))
    }

    fn read(&mut self, root: &DeTable<'_>) -> Result<(), Error> {
        self.only(root, &[PIN])?;
        let Some(value) = root.get(PIN) else {
            return Ok(());
        };
        let expected = "双重方括号开头的一段，即单独一行 [[pin]]";
        let wrong = Problem::WrongType { key: PIN, expected };
        let Some(list) = value.get_ref().as_array() else {
            return Err(self.at(value, wrong));
        };
        for (number, entry) in list.iter().enumerate() {
            if number == MAX_PINS {
                return Err(self.at(entry, Problem::TooMany));
            }
            match entry.get_ref().as_table() {
                Some(keys) => self.pin(entry, keys)?,
                None => return Err(self.at(entry, wrong)),
            }
        }
        Ok(())
    }

    fn pin(&mut self, entry: &Value<'_>, keys: &DeTable<'_>) -> Result<(), Error> {
        self.only(keys, &[QUERY, PASSAGES, NOTE])?;
        let must = |key: &'static str, example| {
            let missing = Problem::MissingKey { key, example };
            keys.get(key).ok_or_else(|| self.at(entry, missing))
        };
        let query = must(QUERY, "\"教师编制\"")?;
        let passages = must(PASSAGES, "[\"段落编号\"]")?;
        let compared = comparable(self.text(query, QUERY, "引号里的检索词，例如 \"教师编制\"")?);
        if compared.is_empty() {
            return Err(self.at(query, Problem::EmptyQuery));
        }
        if compared.chars().count() > MAX_QUERY_CHARS {
            return Err(self.at(query, Problem::LongQuery));
        }
        if let Some(note) = keys.get(NOTE) {
            self.text(note, NOTE, "引号里的文字")?;
        }
        let expected = "方括号里的一列段落编号，例如 [\"360323-5f2a9c01-3\"]";
        let wrong = Problem::WrongType {
            key: PASSAGES,
            expected,
        };
        let Some(list) = passages.get_ref().as_array() else {
            return Err(self.at(passages, wrong));
        };
        if list.is_empty() {
            return Err(self.at(passages, Problem::NoPassages));
        }
        let mut ids = self.pins.remove(&compared).unwrap_or_default();
        for item in list {
            let id = self.text(item, PASSAGES, expected)?;
            if !is_id(id) {
                return Err(self.at(item, Problem::BadId(id.chars().take(MAX_ID).collect())));
            }
            if let Some((id, first)) = ids.iter().find(|(known, _)| known == id) {
                let (id, first) = (id.clone(), *first);
                return Err(self.at(item, Problem::Duplicate { id, first }));
            }
            if ids.len() == MAX_PASSAGES {
                return Err(self.at(item, Problem::TooManyPassages));
            }
            ids.push((id.to_owned(), self.source.line_of(item)));
        }
        self.pins.insert(compared, ids);
        Ok(())
    }

    fn text<'v>(
        &self,
        value: &'v Value<'_>,
        key: &'static str,
        expected: &'static str,
    ) -> Result<&'v str, Error> {
        let text = value.get_ref().as_str();
        text.ok_or_else(|| self.at(value, Problem::WrongType { key, expected }))
    }
}

/// Whether a passage can have this id.
#[must_use]
pub fn is_id(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(fits)
}
