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
mod titles;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

pub use decode::{Decoded, Note, Refusal, decode};
pub use given::Given;

use crate::report::{Boilerplate, Report, Span, Warning, WarningKind};
use crate::synonym::{self, Synonyms};
use crate::theme::{self, Taxonomy};

/// The reports' folder within the corpus.
const REPORTS: &str = "reports";
/// The theme taxonomy within the corpus.
const THEMES: &str = "themes.toml";
/// The tokenizer's additional words within the corpus.
const DICTIONARY: &str = "dictionary.txt";
/// The words that mean the same within the corpus.
const SYNONYMS: &str = "synonyms.toml";
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

/// A file in which the site owner keeps what is known of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VocabularyFile {
    /// The theme taxonomy; the index is built with it.
    Themes,
    /// The tokenizer's additional words; the index is built with them.
    Dictionary,
    /// The words that mean the same; they change queries only.
    Synonyms,
}

impl VocabularyFile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Themes, Self::Dictionary, Self::Synonyms];

    /// Its name within the corpus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Themes => THEMES,
            Self::Dictionary => DICTIONARY,
            Self::Synonyms => SYNONYMS,
        }
    }

    /// Whether a change of it calls for a new index.
    #[must_use]
    pub fn is_indexed(self) -> bool {
        self != Self::Synonyms
    }
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

/// A word the tokenizer must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DictionaryWord {
    /// The word.
    pub word: String,
    /// How often it is to be taken to occur; the tokenizer chooses where nothing is said.
    pub frequency: Option<usize>,
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

    /// The theme taxonomy; an empty one where the corpus has none.
    ///
    /// # Errors
    ///
    /// Fails when the file is there and cannot be read or understood.
    pub fn taxonomy(&self) -> Result<Taxonomy, Error> {
        let path = self.root.join(THEMES);
        match read_optional(&path)? {
            None => Ok(Taxonomy::empty()),
            Some(text) => {
                Taxonomy::from_toml(&text).map_err(|source| Error::Themes { path, source })
            }
        }
    }

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
        let mut words = Vec::new();
        for (index, line) in text.lines().enumerate() {
            match dictionary_line(line) {
                Ok(word) => words.extend(word),
                Err(message) => {
                    return Err(Error::Dictionary {
                        path,
                        line: index + 1,
                        message,
                    });
                }
            }
        }
        Ok(words)
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

    /// The text of each vocabulary file the index is built with, by name, for telling whether it
    /// changed.
    ///
    /// # Errors
    ///
    /// Fails when one is there and cannot be read.
    pub fn vocabulary(&self) -> Result<Vec<(&'static str, String)>, Error> {
        [THEMES, DICTIONARY]
            .into_iter()
            .map(|name| {
                Ok((
                    name,
                    read_optional(&self.root.join(name))?.unwrap_or_default(),
                ))
            })
            .collect()
    }

    /// Whether its folder is still there: one on a disk that was taken away has not been emptied.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.root.is_dir()
    }

    /// What is wrong with a vocabulary file, if anything is.
    #[must_use]
    pub fn refusal(&self, file: VocabularyFile) -> Option<Error> {
        match file {
            VocabularyFile::Themes => self.taxonomy().err(),
            VocabularyFile::Dictionary => self.dictionary().err(),
            VocabularyFile::Synonyms => self.synonyms().err(),
        }
    }

    /// A digest of a vocabulary file, for telling cheaply whether it changed; of a missing one it
    /// is that of an empty one, and of an unreadable one that of what the system said.
    #[must_use]
    pub fn digest(&self, file: VocabularyFile) -> [u8; 32] {
        let content = match fs::read(self.root.join(file.name())) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => format!("\0{error}").into_bytes(),
        };
        blake3::hash(&content).into()
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

/// The reports that the cleaned text of a file holds, in order, with what is odd about them.
///
/// Text before the first title belongs to the first report, unless it has measures of its own;
/// text without a title is a report under the name of its file, and so is text whose first line
/// names no region where the file's name does.
#[must_use]
pub fn reports(source: &str, text: &str) -> (Vec<Report>, Vec<Warning>) {
    let lines = titles::lines(text);
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
        return (Vec::new(), Vec::new());
    };
    let mut heads: Vec<(usize, titles::Title)> = titles::find(text, &lines)
        .into_iter()
        .filter_map(|at| Some((at, titles::read(lines.get(at)?.span.of(text)))))
        .collect();
    let mut warnings = Vec::new();
    let mut titled = true;
    // Text before the first title goes with it, unless it has measures and so is a report itself.
    let opens_with_measures = heads
        .first()
        .is_some_and(|&(at, _)| titles::has_measures(lines.get(..at).unwrap_or_default()));
    if heads.is_empty() || opens_with_measures {
        let line = first.span.of(text);
        let stem = source.rsplit('/').next().unwrap_or(source);
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
        let by_name = titles::read(stem);
        let by_line = (lines.len() > 1 && titles::reads_as_title(line))
            .then(|| titles::read(line))
            // A file named by its region says more than a first line that names none.
            .filter(|title| title.region.is_known() || !by_name.region.is_known());
        if let Some(title) = by_line {
            heads.insert(0, (0, title));
        } else {
            titled = false;
            heads.insert(0, (0, by_name));
            warnings.push(Warning {
                source: source.to_owned(),
                line: first.number,
                kind: WarningKind::NoTitle,
                message: format!("没有“地区:标题”一行，以文件名“{stem}”作标题"),
            });
        }
    }

    let starts: Vec<usize> = heads.iter().map(|&(at, _)| at).collect();
    let mut reports = Vec::new();
    for (nth, (at, title)) in heads.into_iter().enumerate() {
        let from = if nth == 0 { 0 } else { at };
        let to = starts.get(nth + 1).copied().unwrap_or(lines.len());
        let own = lines.get(from..to).unwrap_or_default();
        let begin = own.first().unwrap_or(first);
        let end = own.last().unwrap_or(last);
        let head = lines.get(at).unwrap_or(first);
        let titled = titled || nth > 0;
        let range = Span::new(begin.span.start, end.span.end);
        if let Some((kind, message)) = title.doubt {
            warnings.push(Warning {
                source: source.to_owned(),
                line: head.number,
                kind,
                message,
            });
        }
        reports.push(Report {
            id: String::new(),
            title: title.text,
            tagline: title.tagline,
            region: title.region,
            source: source.to_owned(),
            range,
            line: begin.number,
            text: range.of(text).to_owned(),
            title_range: titled.then(|| head.span.relative_to(range.start)),
            boilerplate: own
                .iter()
                .filter(|line| !titled || line.number != head.number)
                .filter_map(|line| {
                    boilerplate::rule(line.span.of(text)).map(|rule| Boilerplate {
                        range: line.span.relative_to(range.start),
                        rule: rule.to_owned(),
                    })
                })
                .collect(),
        });
    }
    name(source, &mut reports);
    (reports, warnings)
}

/// A report whose title and text come apart from each other, as records of other systems do.
///
/// Its region is read from the title. `id` is `[A-Za-z0-9_-]` only.
#[must_use]
pub fn record(id: String, source: &str, title: &str, text: &str) -> Report {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let read = titles::read(&title);
    let (text, title_range) = if title.is_empty() {
        (text.to_owned(), None)
    } else {
        let range = Span::new(0, title.len());
        (format!("{title}\n\n{text}"), Some(range))
    };
    Report {
        id,
        title: read.text,
        tagline: read.tagline,
        region: read.region,
        source: source.to_owned(),
        range: Span::new(0, text.len()),
        line: 1,
        text,
        title_range,
        boilerplate: Vec::new(),
    }
}

/// Gives each report its id: the division's code, then a digest of file name, title and, where a
/// file repeats a title, which of them it is. Other files have no say in it, so adding one
/// changes no permalink.
fn name(source: &str, reports: &mut [Report]) {
    let mut seen = std::collections::HashMap::new();
    for report in reports {
        let times = seen.entry(report.title.clone()).or_insert(0_u32);
        *times += 1;
        let mut digest = blake3::Hasher::new();
        digest.update(source.as_bytes());
        digest.update(&[0]);
        digest.update(report.title.as_bytes());
        digest.update(&times.to_le_bytes());
        let digest = digest.finalize().to_hex();
        let digest: String = digest.chars().take(10).collect();
        let code = report.region.code.as_deref().unwrap_or("000000");
        report.id = format!("{code}-{digest}");
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

fn read_optional(path: &Path) -> Result<Option<String>, Error> {
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
