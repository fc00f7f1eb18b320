//! Reads `corpus/`: files into reports, and the vocabulary that stands beside them.
//!
//! An operator drops files into `corpus/reports/`; each is decoded, cleaned and cut where its
//! reports begin. What cannot be read is named and skipped, never swallowed, and what was kept
//! against appearances comes with a warning that gives file and line. Nothing here knows of
//! passages or of the index, and nothing else opens the folder.
//!
//! Invariant: the reports of a file are in order and leave out nothing of its cleaned text but
//! blank space (`tests/splitting.rs`).

pub mod amend;
pub mod backup;
mod boilerplate;
mod copies;
mod decode;
mod document_number;
mod extract;
mod format;
mod given;
mod head;
mod issuer;
mod listing;
mod metadata;
mod place;
mod read;
mod records;
mod reports;
mod sent;
mod side;
mod source;
mod themes;
mod titles;
mod vocabulary;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use walkdir::WalkDir;

pub use boilerplate::{Error as RulesError, Rules};
pub use decode::{Decoded, Note, Refusal, decode};
pub use extract::{ExtractLimits, Extractor, here as extract_here};
pub use format::Format;
pub use given::Given;
pub use listing::Stamp;
pub use read::{Limits, Reading, read_bytes, read_file};
pub use records::Record;
pub use reports::{record, record_with, reports, reports_with};
pub use sent::{Uploaded, is_of_file, refusal_of, sent, uploaded};
pub use vocabulary::{DictionaryWord, VocabularyFile};

use crate::pin;
use crate::report::{Report, Warning};
use crate::synonym;
use crate::theme;

/// The reports' folder within the corpus.
const REPORTS: &str = "reports";

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
    /// A taxonomy that was asked for is not there.
    #[error("找不到主题表 {}；{remedy}", path.display())]
    NoThemes {
        /// The file.
        path: PathBuf,
        /// What would put it right, in Chinese.
        remedy: String,
    },
    /// A taxonomy for a folder names folders itself.
    #[error("{}：按文件夹选用的主题表里不能再有 [folders]；请移到主要的主题表中", path.display())]
    NestedFolders {
        /// The file.
        path: PathBuf,
    },
    /// Two taxonomies use one id or label for different themes.
    #[error("{}：主题「{name}」在另一份主题表里也有，但 id、label 或上级不同；请改成一样，或换个名称", path.display())]
    ThemeConflict {
        /// The file read later.
        path: PathBuf,
        /// The id or the label.
        name: String,
    },
    /// The synonyms are malformed.
    #[error("{} {source}", path.display())]
    Synonyms {
        /// The file.
        path: PathBuf,
        /// Where in it, and what is wrong.
        source: synonym::Error,
    },
    /// The pins are malformed.
    #[error("{} {source}", path.display())]
    Pins {
        /// The file.
        path: PathBuf,
        /// Where in it, and what is wrong.
        source: pin::Error,
    },
    /// The rules of what is boilerplate are malformed.
    #[error("{} {source}", path.display())]
    Boilerplate {
        /// The file.
        path: PathBuf,
        /// Where in it, and what is wrong.
        source: RulesError,
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
    limits: Limits,
    /// The main taxonomy, relative to the root.
    themes: String,
    /// Which files it named when it was last looked at.
    named: Arc<Mutex<themes::Named>>,
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

/// What a file holds, or a record of one that holds many.
#[derive(Debug, Clone)]
pub struct SourceText {
    /// The file's name, relative to the reports' folder.
    pub source: String,
    /// What kind of file it is.
    pub format: Format,
    /// How its bytes were read; the name of its format where that settles it.
    pub encoding: &'static str,
    /// The whole cleaned text, of the record where it is one.
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
            limits: Limits::new(max_file_bytes),
            themes: themes::THEMES.to_owned(),
            named: Arc::default(),
        })
    }

    /// The folder the reports stand in.
    #[must_use]
    pub fn reports_folder(&self) -> PathBuf {
        self.root.join(REPORTS)
    }

    /// The report files in the order of their names, and what could not be listed.
    ///
    /// Hidden files are passed over, and so are side files, which are read with their reports.
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
        side::set_apart(&mut files);
        files.sort();
        (files, skipped)
    }

    /// The folders in which a change may concern it: its own, and those of the reports.
    #[must_use]
    pub fn folders(&self) -> Vec<PathBuf> {
        let reports = WalkDir::new(self.reports_folder()).follow_links(true);
        let folders = reports
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_dir())
            .map(walkdir::DirEntry::into_path);
        std::iter::once(self.root.clone()).chain(folders).collect()
    }

    /// The same corpus, its files read within `limits`.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same corpus, boilerplate left out by `rules`.
    #[must_use]
    pub fn with_rules(mut self, rules: Rules) -> Self {
        self.limits.rules = rules;
        self
    }

    /// What its files may cost.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The reports of one file, piece by piece.
    ///
    /// # Errors
    ///
    /// Says why the file gives none: its format, its size, its bytes, or the system.
    pub fn read(&self, file: &SourceFile) -> Result<Reading, Skipped> {
        read_file(file, &self.limits)
    }

    /// A digest of the bytes of one file and its side file, for telling whether it changed; a file that is none, such
    /// as a pipe, is not waited for.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn digest_of(&self, file: &SourceFile) -> io::Result<[u8; 32]> {
        if !fs::metadata(&file.path)?.is_file() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let opened = fs::File::open(&file.path)?;
        let mut digest = blake3::Hasher::new();
        digest.update_reader(opened)?;
        if let Some(side) = side::path_of(&file.path) {
            digest.update(&[0]);
            digest.update_reader(fs::File::open(side)?)?;
        }
        Ok(digest.finalize().into())
    }

    /// Whether its folder is still there: one on a disk that was taken away has not been emptied.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.root.is_dir()
    }
}

fn relative_name(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder)
        .unwrap_or(path)
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}
