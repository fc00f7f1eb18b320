//! Additions to the vocabulary that a site owner makes with a click, and their removal.
//!
//! The files are the owner's: what stands in them, comments and order included, stays to the byte.
//! An addition is a paragraph of its own at the end, headed by a comment that tells it from those
//! written by hand, so that it can be listed and taken out again. The text that would result is read
//! by the same reader that reads the file, and only then takes its place, whole, by a rename; what
//! another editor saved meanwhile is not written over.
//!
//! Invariant: after a failure the file is what it was (`tests/admin.rs`).

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::{Corpus, Error, VocabularyFile};
use crate::pin::Pins;
use crate::synonym::Synonyms;

/// How the comment begins that heads an addition.
const MARK: &str = "# 统计页面添加于 ";

/// Words that are to mean the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Synonymy {
    /// What is typed.
    pub from: String,
    /// What it also finds.
    pub to: Vec<String>,
    /// Whether it works the other way round too.
    pub two_way: bool,
}

/// What was added, or is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addition {
    /// Words that mean the same.
    Synonyms(Synonymy),
    /// A passage that comes first.
    Pin {
        /// For which query.
        query: String,
        /// The passage's id.
        passage: String,
    },
}

/// What was added, as it stands in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// What tells it from others, for removing it.
    pub id: String,
    /// The day it was added, as the file has it.
    pub day: String,
    /// What it says.
    pub addition: Addition,
}

/// Why a file was not changed. It is shown in Chinese.
#[derive(Debug, thiserror::Error)]
pub enum AmendError {
    /// The file is malformed already, or would be.
    #[error("{0}")]
    Refused(Error),
    /// The file is not UTF-8, so that nothing can be added as it is.
    #[error("{} 不是 UTF-8 编码；请另存为 UTF-8 后再添加", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
    },
    /// Another program changed the file meanwhile.
    #[error("{} 刚刚被别的程序改动，没有写入；请重试", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// What is to be removed is not there.
    #[error("{} 里没有这一项，可能已被移除；请刷新页面", path.display())]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read or written.
    #[error(
        "写不了 {}：{source}；请检查权限，或手工改动该文件{}",
        path.display(),
        by_hand(.paragraph)
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
        /// What was to be added; empty where it was to be removed.
        paragraph: String,
    },
}

fn by_hand(paragraph: &str) -> String {
    if paragraph.is_empty() {
        return String::new();
    }
    format!("，在末尾添上：\n{paragraph}")
}

/// Held while a file is changed by this process.
static CHANGING: Mutex<()> = Mutex::new(());

impl Addition {
    /// The file it belongs in.
    #[must_use]
    pub fn file(&self) -> VocabularyFile {
        match self {
            Self::Synonyms(_) => VocabularyFile::Synonyms,
            Self::Pin { .. } => VocabularyFile::Pins,
        }
    }

    /// The paragraph that says it, made on `day`.
    fn paragraph(&self, day: &str) -> String {
        let mut text = format!("{MARK}{day}\n");
        // Memory takes whatever is written to it.
        let _ = match self {
            Self::Synonyms(words) => {
                let source = quoted(&format!("统计页面，{day}"));
                if words.two_way {
                    let all = std::iter::once(&words.from).chain(&words.to);
                    let all = list(all);
                    writeln!(text, "[[group]]\nwords = {all}\nsource = {source}")
                } else {
                    let (from, to) = (quoted(&words.from), list(words.to.iter()));
                    writeln!(
                        text,
                        "[[rule]]\nfrom = [{from}]\nto = {to}\nsource = {source}"
                    )
                }
            }
            Self::Pin { query, passage } => {
                let (query, passage) = (quoted(query), quoted(passage));
                writeln!(text, "[[pin]]\nquery = {query}\npassages = [{passage}]")
            }
        };
        text
    }

    /// What a paragraph says; nothing where it is not one that was added, or was changed by hand to
    /// say more.
    fn read(paragraph: &str) -> Option<Self> {
        let table: toml::Table = paragraph.parse().ok()?;
        let (kind, entries) = table.iter().next()?;
        let [entry] = entries.as_array()?.as_slice() else {
            return None;
        };
        let text = |value: &toml::Value| value.as_str().map(str::to_owned);
        let words = |key: &str| -> Option<Vec<String>> {
            entry.get(key)?.as_array()?.iter().map(text).collect()
        };
        match kind.as_str() {
            "group" => {
                let mut words = words("words")?.into_iter();
                Some(Self::Synonyms(Synonymy {
                    from: words.next()?,
                    to: words.collect(),
                    two_way: true,
                }))
            }
            "rule" => match words("from")?.as_slice() {
                [from] => Some(Self::Synonyms(Synonymy {
                    from: from.clone(),
                    to: words("to")?,
                    two_way: false,
                })),
                _ => None,
            },
            "pin" => match words("passages")?.as_slice() {
                [passage] => Some(Self::Pin {
                    query: text(entry.get("query")?)?,
                    passage: passage.clone(),
                }),
                _ => None,
            },
            _ => None,
        }
    }
}

/// A text on one line, as JSON writes it, which is a way to write it in TOML too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list<'a>(words: impl Iterator<Item = &'a String>) -> String {
    let words: Vec<String> = words.map(|word| quoted(word)).collect();
    format!("[{}]", words.join(", "))
}

impl Corpus {
    /// Adds to the file an addition belongs in, which is read anew by whoever watches it.
    ///
    /// # Errors
    ///
    /// The file is or would be malformed, is no UTF-8, was changed meanwhile or cannot be written;
    /// it is then as it was.
    pub fn add(&self, addition: &Addition, day: &str) -> Result<(), AmendError> {
        let paragraph = addition.paragraph(day);
        self.amend(addition.file(), &paragraph, |text| {
            let mut next = text.to_owned();
            if !next.is_empty() {
                next.push_str(if next.ends_with('\n') { "\n" } else { "\n\n" });
            }
            next.push_str(&paragraph);
            Some(next)
        })
    }

    /// Takes out what was added before under this id.
    ///
    /// # Errors
    ///
    /// As [`Self::add`], or there is no such addition.
    pub fn remove_added(&self, file: VocabularyFile, id: &str) -> Result<(), AmendError> {
        self.amend(file, "", |text| {
            let (start, found) = paragraphs(text).find(|(_, found)| digest(found) == id)?;
            let (before, rest) = text.split_at_checked(start)?;
            let (_, after) = rest.split_at_checked(found.len())?;
            // With the blank line before it, which came with it.
            let before = match before.strip_suffix('\n') {
                Some(bare) if bare.ends_with('\n') => bare,
                _ => before,
            };
            Some(format!("{before}{after}"))
        })
    }

    /// What was added to a file and is still there, the latest first.
    ///
    /// # Errors
    ///
    /// The file is there and cannot be read.
    pub fn added(&self, file: VocabularyFile) -> Result<Vec<Added>, Error> {
        let path = self.root.join(file.name());
        let text = super::vocabulary::read_optional(&path)?.unwrap_or_default();
        let mut added: Vec<Added> = paragraphs(&text)
            .filter_map(|(_, paragraph)| {
                let first = paragraph.lines().next()?;
                Some(Added {
                    id: digest(paragraph),
                    day: first.strip_prefix(MARK)?.trim().to_owned(),
                    addition: Addition::read(paragraph)?,
                })
            })
            .collect();
        added.reverse();
        Ok(added)
    }

    /// Replaces a file by what `change` makes of its text, where that is good.
    fn amend(
        &self,
        file: VocabularyFile,
        paragraph: &str,
        change: impl FnOnce(&str) -> Option<String>,
    ) -> Result<(), AmendError> {
        let _changing = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.root.join(file.name());
        let unwritable = |source| AmendError::Unwritable {
            path: path.clone(),
            source,
            paragraph: paragraph.to_owned(),
        };
        // Where it is a link, what it leads to is the file.
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        let before = read(&real).map_err(unwritable)?;
        let Ok(text) = std::str::from_utf8(before.as_deref().unwrap_or_default()) else {
            return Err(AmendError::NotUtf8 { path });
        };
        // What is wrong already is told as such.
        check(file, text, &path)?;
        let Some(next) = change(text) else {
            return Err(AmendError::Gone { path });
        };
        check(file, &next, &path)?;
        let is_same = || -> io::Result<bool> { Ok(read(&real)? == before) };
        match replace(&real, next.as_bytes(), is_same) {
            Ok(true) => Ok(()),
            Ok(false) => Err(AmendError::Changed { path }),
            Err(source) => Err(unwritable(source)),
        }
    }
}

/// Refuses a text that its reader would.
fn check(file: VocabularyFile, text: &str, path: &Path) -> Result<(), AmendError> {
    let path = path.to_owned();
    // As whoever reads the file reads it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let error = match file {
        VocabularyFile::Pins => Pins::from_toml(text)
            .err()
            .map(|source| Error::Pins { path, source }),
        _ => Synonyms::from_toml(text)
            .err()
            .map(|source| Error::Synonyms { path, source }),
    };
    error.map_or(Ok(()), |error| Err(AmendError::Refused(error)))
}

/// The paragraphs of a text that were added, each from its comment to the next blank line, with the
/// byte it begins at.
fn paragraphs(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?;
            let start = at + rest.find(MARK)?;
            let (before, from) = text.split_at_checked(start)?;
            let lines = from.split_inclusive('\n');
            let own = lines.take_while(|line| !line.trim().is_empty());
            let paragraph = from.get(..own.map(str::len).sum())?;
            at = start + paragraph.len();
            if before.is_empty() || before.ends_with('\n') {
                return Some((start, paragraph));
            }
        }
    })
}

fn digest(paragraph: &str) -> String {
    let digest = blake3::hash(paragraph.trim_end().as_bytes()).to_hex();
    digest.chars().take(16).collect()
}

/// The bytes of a file; nothing where there is none.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces a file durably, unless `is_same` says that it is another one by now. Says whether it
/// did.
fn replace(path: &Path, bytes: &[u8], is_same: impl Fn() -> io::Result<bool>) -> io::Result<bool> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    let next = folder.join(name);
    let written = || -> io::Result<bool> {
        let mut options = OpenOptions::new();
        let mut file = options
            .create(true)
            .truncate(true)
            .write(true)
            .open(&next)?;
        file.write_all(bytes)?;
        if let Ok(metadata) = fs::metadata(path) {
            file.set_permissions(metadata.permissions())?;
        }
        file.sync_all()?;
        if !is_same()? {
            return Ok(false);
        }
        fs::rename(&next, path)?;
        Ok(true)
    };
    let written = written();
    if !matches!(written, Ok(true)) {
        // Half a file is of no use; that it may stay is no other failure.
        let _ = fs::remove_file(&next);
        return written;
    }
    File::open(folder)?.sync_all()?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_is_listed_and_removed_and_leaves_the_rest_to_the_byte() {
        let folder = tempfile::tempdir().expect("a folder");
        let corpus = Corpus::open(folder.path(), 1).expect("a corpus");
        let path = folder.path().join("synonyms.toml");
        for original in [
            "",
            "# 甲\r\n[[rule]]\r\nfrom = [\"老师\"]\r\nto = [\"教师\"]\r\nsource = \"口语\"\r\n",
            "# 没有换行",
        ] {
            fs::write(&path, original).expect("a file");
            let words = |from: &str, two_way| {
                Addition::Synonyms(Synonymy {
                    from: from.to_owned(),
                    to: vec!["\"引号\\'\n".to_owned(), "# 井号".to_owned()],
                    two_way,
                })
            };
            let (one, two) = (words("娃娃", false), words("学校 = [", true));
            corpus.add(&one, "2026-11-26").expect("it is added");
            corpus.add(&two, "2026-11-27").expect("it is added");
            let text = fs::read_to_string(&path).expect("a file");
            assert!(text.starts_with(original), "{text}");
            let added = corpus.added(VocabularyFile::Synonyms).expect("a file");
            let told: Vec<_> = added.iter().map(|it| (&*it.day, &it.addition)).collect();
            assert_eq!(told, [("2026-11-27", &two), ("2026-11-26", &one)]);
            for added in added.iter().rev() {
                let file = VocabularyFile::Synonyms;
                corpus.remove_added(file, &added.id).expect("it is removed");
                let again = corpus.remove_added(file, &added.id);
                assert!(matches!(again, Err(AmendError::Gone { .. })), "{again:?}");
            }
            let text = fs::read_to_string(&path).expect("a file");
            assert_eq!(text.trim_end(), original.trim_end());
        }
    }

    #[test]
    fn what_would_spoil_a_file_is_refused_and_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let corpus = Corpus::open(folder.path(), 1).expect("a corpus");
        let path = folder.path().join("pins.toml");
        let pin = |id: &str| Addition::Pin {
            query: "教师".to_owned(),
            passage: id.to_owned(),
        };
        corpus.add(&pin("a-1"), "2026-11-26").expect("it is added");
        let before = fs::read(&path).expect("a file");
        for bad in ["a-1", "甲", ""] {
            let refused = corpus.add(&pin(bad), "2026-11-26");
            assert!(matches!(refused, Err(AmendError::Refused(_))), "{bad}");
            assert_eq!(fs::read(&path).expect("a file"), before);
        }
        for other in [&b"[[pin]]"[..], b"\xB6\xCB\xBF\xDA"] {
            fs::write(&path, other).expect("a file");
            corpus.add(&pin("b"), "2026-11-26").expect_err("refused");
            assert_eq!(fs::read(&path).expect("a file"), other);
        }
        let names = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(names, 1, "nothing is left lying about");
    }
}
