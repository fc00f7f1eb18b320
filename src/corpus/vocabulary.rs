//! Reads the files in which the site owner keeps what is known of the field.
//!
//! Each is read anew whenever it is asked for, so whoever watches them sees every edit; a file that
//! is not there says nothing, one that is malformed is named with the line that is wrong.

use std::fs;
use std::io;
use std::path::Path;

use super::themes::THEMES;
use super::{Corpus, Error, Refusal, Rules, decode};
use crate::pin::Pins;
use crate::synonym::Synonyms;

/// The tokenizer's additional words within the corpus.
const DICTIONARY: &str = "dictionary.txt";
/// The words that mean the same within the corpus.
const SYNONYMS: &str = "synonyms.toml";
/// The passages that come first for a query within the corpus.
const PINS: &str = "pins.toml";

/// The rules of what is boilerplate within the corpus.
const BOILERPLATE: &str = "boilerplate.toml";

/// A file in which the site owner keeps what is known of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VocabularyFile {
    /// The theme taxonomy, with those it names for single folders; the index is built with them.
    Themes,
    /// The tokenizer's additional words; the index is built with them.
    Dictionary,
    /// The words that mean the same; they change queries only.
    Synonyms,
    /// The rules of what is boilerplate; the index is built by them.
    Boilerplate,
    /// The passages that come first for a query; they change answers only.
    Pins,
}

impl VocabularyFile {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Themes,
        Self::Dictionary,
        Self::Synonyms,
        Self::Boilerplate,
        Self::Pins,
    ];

    /// Its name within the corpus, unless another is set.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Themes => THEMES,
            Self::Dictionary => DICTIONARY,
            Self::Synonyms => SYNONYMS,
            Self::Boilerplate => BOILERPLATE,
            Self::Pins => PINS,
        }
    }

    /// Whether a change of it calls for a new index.
    #[must_use]
    pub fn is_indexed(self) -> bool {
        !matches!(self, Self::Synonyms | Self::Pins)
    }
}

/// A word the tokenizer must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DictionaryWord {
    /// The word.
    pub word: String,
    /// How often it is to be taken to occur; the tokenizer chooses where nothing is said.
    pub frequency: Option<usize>,
}

impl DictionaryWord {
    /// The words of a dictionary's text, one a line: `word [frequency] [tag]`.
    ///
    /// # Errors
    ///
    /// The first line that is malformed, from 1, and what is wrong with it, in Chinese.
    pub fn read(text: &str) -> Result<Vec<Self>, (usize, String)> {
        let mut words = Vec::new();
        for (line, number) in text.lines().zip(1..) {
            words.extend(dictionary_line(line).map_err(|message| (number, message))?);
        }
        Ok(words)
    }
}

impl Corpus {
    /// The words the tokenizer must know besides its own; none where the corpus has no dictionary.
    ///
    /// # Errors
    ///
    /// Fails when the file is there and cannot be read or understood.
    pub fn dictionary(&self) -> Result<Vec<DictionaryWord>, Error> {
        let path = self.root.join(DICTIONARY);
        let Some(text) = read_optional(&path)? else {
            return Ok(Vec::new());
        };
        DictionaryWord::read(&text).map_err(|(line, message)| Error::Dictionary {
            path,
            line,
            message,
        })
    }

    /// The words that mean the same, with the text they were read from; both empty where the
    /// corpus has no synonyms.
    ///
    /// # Errors
    ///
    /// Fails when the file is there and cannot be read or understood.
    pub fn synonyms(&self) -> Result<(Synonyms, String), Error> {
        let path = self.root.join(SYNONYMS);
        let text = read_optional(&path)?.unwrap_or_default();
        match Synonyms::from_toml(&text) {
            Ok(synonyms) => Ok((synonyms, text)),
            Err(source) => Err(Error::Synonyms { path, source }),
        }
    }

    /// The passages that come first for a query; none where the corpus has no such file.
    ///
    /// # Errors
    ///
    /// Fails when the file is there and cannot be read or understood.
    pub fn pins(&self) -> Result<Pins, Error> {
        let path = self.root.join(PINS);
        let text = read_optional(&path)?.unwrap_or_default();
        Pins::from_toml(&text).map_err(|source| Error::Pins { path, source })
    }

    /// The rules of what is boilerplate; those that are shipped where the corpus has none.
    ///
    /// # Errors
    ///
    /// Fails when the file is there and cannot be read or understood.
    pub fn rules(&self) -> Result<Rules, Error> {
        match self.rules_text()? {
            None => Ok(Rules::default()),
            Some(text) => Rules::from_toml(&text).map_err(|source| Error::Boilerplate {
                path: self.root.join(BOILERPLATE),
                source,
            }),
        }
    }

    /// The text of the rules; nothing where there is no file, and blank where it is empty.
    fn rules_text(&self) -> Result<Option<String>, Error> {
        let path = self.root.join(BOILERPLATE);
        let there = path.exists();
        Ok(read_optional(&path)?.or(there.then(String::new)))
    }

    /// The text of each vocabulary file the index is built with, by name, for telling whether it
    /// changed.
    ///
    /// # Errors
    ///
    /// Fails when one is there and cannot be read.
    pub fn vocabulary(&self) -> Result<Vec<(String, String)>, Error> {
        let mut names = self.themes_files();
        names.push(DICTIONARY.to_owned());
        let mut texts: Vec<(String, String)> = names
            .into_iter()
            .map(|name| {
                let text = read_optional(&self.root.join(&name))?;
                Ok((name, text.unwrap_or_default()))
            })
            .collect::<Result<_, Error>>()?;
        // An empty file of rules is not the same as none.
        if let Some(text) = self.rules_text()? {
            texts.push((BOILERPLATE.to_owned(), text));
        }
        Ok(texts)
    }

    /// What is wrong with a vocabulary file, if anything is.
    #[must_use]
    pub fn refusal(&self, file: VocabularyFile) -> Option<Error> {
        match file {
            VocabularyFile::Themes => self.taxonomies().err(),
            VocabularyFile::Dictionary => self.dictionary().err(),
            VocabularyFile::Synonyms => self.synonyms().err(),
            VocabularyFile::Boilerplate => self.rules().err(),
            VocabularyFile::Pins => self.pins().err(),
        }
    }

    /// A digest of a vocabulary file, for telling cheaply whether it changed; of a missing one it
    /// is that of an empty one, and of an unreadable one that of what the system said.
    #[must_use]
    pub fn digest(&self, file: VocabularyFile) -> [u8; 32] {
        let content = match file {
            VocabularyFile::Themes => self.themes_bytes(),
            _ => match fs::read(self.root.join(file.name())) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
                Err(error) => format!("\0{error}").into_bytes(),
            },
        };
        blake3::hash(&content).into()
    }
}

pub(super) fn read_optional(path: &Path) -> Result<Option<String>, Error> {
    let unreadable = |source| Error::Unreadable {
        path: path.to_owned(),
        source,
    };
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(error)),
        Ok(bytes) => match decode(&bytes) {
            Ok(decoded) => Ok(Some(decoded.text)),
            Err(Refusal::Empty) => Ok(None),
            Err(refusal) => Err(unreadable(io::Error::new(
                io::ErrorKind::InvalidData,
                refusal.to_string(),
            ))),
        },
    }
}

/// One line of a jieba user dictionary: `word [frequency] [tag]`; blank lines and `#` comments
/// say nothing.
fn dictionary_line(line: &str) -> Result<Option<DictionaryWord>, String> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let mut parts = line.split_whitespace();
    let word = parts.next().unwrap_or_default().to_owned();
    let frequency = match parts.next() {
        None => None,
        Some(part) => match part.parse::<usize>() {
            Ok(frequency) if frequency <= 100_000_000 => Some(frequency),
            Ok(_) => return Err(format!("“{word}”的词频 {part} 过大，应不超过 100000000")),
            // `word tag`, without a frequency, is allowed too.
            Err(_) if part.chars().all(|c| c.is_ascii_alphabetic()) => None,
            Err(_) => return Err(format!("“{word}”的词频“{part}”不是整数")),
        },
    };
    if parts.count() > 1 {
        return Err(format!(
            "“{word}”之后应至多有词频和词性两项，中间用空格隔开"
        ));
    }
    Ok(Some(DictionaryWord { word, frequency }))
}
