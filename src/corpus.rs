//! Reads `corpus/`: files into reports, and the vocabulary that stands beside them.
//!
//! An operator drops files into `corpus/reports/`; each is decoded, cleaned and cut where its
//! reports begin. What cannot be read is named and skipped, never swallowed, and what was kept
//! against appearances comes with a warning that gives file and line. Nothing here knows of
//! passages or of the index, and nothing else opens the folder.
//!
//! Invariant: the reports of a file are in order and leave out nothing of its cleaned text but
//! blank space (`tests/splitting.rs`).

mod boilerplate;
mod decode;
mod given;
mod reports;
mod titles;
mod vocabulary;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

pub use decode::{Decoded, Note, Refusal, decode};
pub use given::Given;
pub use reports::{record, reports};
pub use vocabulary::{DictionaryWord, VocabularyFile};

use crate::report::{Report, Warning, WarningKind};
use crate::synonym;
use crate::theme;

/// The reports' folder within the corpus.
const REPORTS: &str = "reports";
/// Endings of the files that are read as text.
const TEXT_ENDINGS: [&str; 4] = ["txt", "md", "text", "markdown"];

/// Why the corpus as a whole cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder is not there.
    #[error("找不到语料目录 {}；请建立它并把报告放入，或用 corpus.path 指向别处", path.display())]
    Missing {
        /// The folder that was looked for.
        path: PathBuf,
    },
    /// A vocabulary file is there but cannot be read.
    #[error("读不了 {}：{source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The theme taxonomy is malformed.
    #[error("{}：{source}", path.display())]
    Themes {
        /// The file.
        path: PathBuf,
        /// Where in it, and what is wrong.
        source: theme::Error,
    },
    /// The synonyms are malformed.
    #[error("{} {source}", path.display())]
    Synonyms {
        /// The file.
        path: PathBuf,
        /// Where in it, and what is wrong.
        source: synonym::Error,
    },
    /// A line of the dictionary is malformed.
    #[error("{} 第 {line} 行：{message}", path.display())]
    Dictionary {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
}

/// A folder of reports and the vocabulary of its field.
#[derive(Debug, Clone)]
pub struct Corpus {
    root: PathBuf,
    max_file_bytes: u64,
}

/// One file of the reports' folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// Its name relative to the reports' folder, with `/` between folders.
    pub name: String,
    /// Where to open it.
    pub path: PathBuf,
}

/// A file that gave no report.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Skipped {
    /// Its name relative to the reports' folder.
    pub source: String,
    /// Why, for readers, in Chinese.
    pub reason: String,
}

/// What a file holds.
#[derive(Debug, Clone)]
pub struct SourceText {
    /// The file's name, relative to the reports' folder.
    pub source: String,
    /// How its bytes were read.
    pub encoding: &'static str,
    /// The whole cleaned text.
    pub text: String,
    /// Its reports in order.
    pub reports: Vec<Report>,
    /// What was kept against appearances.
    pub warnings: Vec<Warning>,
}

impl Corpus {
    /// The corpus in the folder `root`, whose files may have up to `max_file_bytes` bytes.
    ///
    /// # Errors
    ///
    /// Fails when there is no such folder. A folder without reports is a corpus, and empty.
    pub fn open(root: &Path, max_file_bytes: u64) -> Result<Self, Error> {
        if !root.is_dir() {
            return Err(Error::Missing {
                path: root.to_owned(),
            });
        }
        Ok(Self {
            root: root.to_owned(),
            max_file_bytes,
        })
    }

    /// The folder the reports stand in.
    #[must_use]
    pub fn reports_folder(&self) -> PathBuf {
        self.root.join(REPORTS)
    }

    /// The report files in the order of their names, and what could not be listed.
    ///
    /// Hidden files are passed over.
    #[must_use]
    pub fn files(&self) -> (Vec<SourceFile>, Vec<Skipped>) {
        let folder = self.reports_folder();
        let mut files = Vec::new();
        let mut skipped = Vec::new();
        if !folder.is_dir() {
            return (files, skipped);
        }
        let visible = |entry: &walkdir::DirEntry| {
            entry.depth() == 0 || !entry.file_name().to_string_lossy().starts_with('.')
        };
        for entry in WalkDir::new(&folder)
            .follow_links(true)
            .into_iter()
            .filter_entry(visible)
        {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) => files.push(SourceFile {
                    name: relative_name(&folder, entry.path()),
                    path: entry.into_path(),
                }),
                Err(error) => skipped.push(Skipped {
                    source: error
                        .path()
                        .map_or_else(String::new, |path| relative_name(&folder, path)),
                    reason: format!("读不了：{error}"),
                }),
            }
        }
        files.sort();
        (files, skipped)
    }

    /// The reports of one file.
    ///
    /// # Errors
    ///
    /// Says why the file gives none: its format, its size, its bytes, or the system.
    pub fn read(&self, file: &SourceFile) -> Result<SourceText, Skipped> {
        read_file(file, self.max_file_bytes)
    }

    /// The bytes of one file, for telling whether it changed.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn bytes(&self, file: &SourceFile) -> io::Result<Vec<u8>> {
        fs::read(&file.path)
    }

    /// Whether its folder is still there: one on a disk that was taken away has not been emptied.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.root.is_dir()
    }
}

/// The reports of a file anywhere, named as it was given.
///
/// # Errors
///
/// As [`Corpus::read`].
pub fn read_file(file: &SourceFile, max_file_bytes: u64) -> Result<SourceText, Skipped> {
    let skip = |reason: String| Skipped {
        source: file.name.clone(),
        reason,
    };
    let ending = file
        .path
        .extension()
        .map(|ending| ending.to_string_lossy().to_lowercase());
    if let Some(ending) = ending
        && !TEXT_ENDINGS.contains(&ending.as_str())
    {
        return Err(skip(format!("不支持 .{ending} 格式；请另存为纯文本 .txt")));
    }
    let metadata = fs::metadata(&file.path)
        .map_err(|error| skip(format!("读不了：{error}；请检查文件是否存在及其权限")))?;
    if metadata.is_dir() {
        return Err(skip("是一个文件夹；请给出其中的文件".to_owned()));
    }
    let size = metadata.len();
    if size > max_file_bytes {
        return Err(skip(format!(
            "文件有 {size} 字节，超过上限 {max_file_bytes}；请拆分文件，或调大 corpus.max_file_mb"
        )));
    }
    let bytes = fs::read(&file.path)
        .map_err(|error| skip(format!("读不了：{error}；请检查文件是否存在及其权限")))?;
    read_bytes(&file.name, &bytes).map_err(|refusal| skip(refusal.to_string()))
}

/// The reports of a file's bytes.
///
/// # Errors
///
/// Fails when the bytes are no text.
pub fn read_bytes(source: &str, bytes: &[u8]) -> Result<SourceText, Refusal> {
    let Decoded {
        text,
        encoding,
        notes,
    } = decode(bytes)?;
    let (reports, mut warnings) = reports(source, &text);
    warnings.extend(notes.iter().map(|note| Warning {
        source: source.to_owned(),
        line: 1,
        kind: WarningKind::Cleaned,
        message: note.to_string(),
    }));
    Ok(SourceText {
        source: source.to_owned(),
        encoding,
        text,
        reports,
        warnings,
    })
}

fn relative_name(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder)
        .unwrap_or(path)
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}
