//! Builds, keeps and opens the index; the only opener of `index/`.
//!
//! The index is derived from the corpus and may be deleted at any time. It is rebuilt when
//! anything it depends on has changed, judged by a digest of all of it, and when it is damaged.
//!
//! Invariants: readers see a whole generation or none; a damaged one is never served
//! (`tests/durability.rs`).

pub mod backup;
mod build;
mod completions;
mod generation;
mod lexicon;
mod record;
mod schema;
mod scope;
mod snapshot;
mod sources;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use build::{Progress, UNKNOWN_REGION, record};
pub use completions::{Completion, CompletionKind, Completions, How};
pub use generation::Manifest;
pub use lexicon::{Known, Lexicon};
pub use record::{BuildReport, PassageRecord, ReportRecord};
pub use schema::Fields;
pub use snapshot::{Snapshot, Vocabulary};

use crate::corpus::{self, Corpus, VocabularyFile};
use crate::report::{Passage, Report};
use crate::synonym::Synonyms;
use generation::{Folder, Verified};
use sources::Sources;

/// Why an index cannot be built or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The corpus, or its vocabulary, cannot be used.
    #[error(transparent)]
    Corpus(corpus::Error),
    /// The index folder cannot be written.
    #[error("写不了索引目录 {}：{source}；请检查权限和磁盘空间，或用 index.path 指向别处", path.display())]
    Unwritable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file stands where the index folder should.
    #[error("{} 是一个文件，不能作索引目录；请移走它，或用 index.path 指向别处", path.display())]
    NotAFolder {
        /// The file.
        path: PathBuf,
    },
    /// A file of the index cannot be read.
    #[error("读不了索引文件 {}：{source}；删除索引目录后重新运行即可重建", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process is building.
    #[error("另一个进程正在索引目录 {} 中建立索引；请等它结束，或用 index.path 指向别处", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// Something stored cannot be understood.
    #[error("索引中的 {id} 无法解读：{source}；删除索引目录后重新运行即可重建")]
    Record {
        /// The passage or file.
        id: String,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A passage names a report the catalogue does not have.
    #[error("索引中的段落 {passage} 属于目录里没有的报告 {report}；删除索引目录后重新运行即可重建")]
    Orphan {
        /// The passage's id.
        passage: String,
        /// The report's id.
        report: String,
    },
    /// The engine failed.
    #[error("索引引擎出错：{0}")]
    Engine(#[from] tantivy::TantivyError),
}

/// What an index is built with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The most characters a passage may have.
    pub max_chars: usize,
    /// Memory for writing, in bytes.
    pub memory_bytes: usize,
    /// Threads for writing, at least 1.
    pub threads: usize,
}

/// An index in force, and whether it had to be built.
pub struct Opened {
    /// The generation.
    pub snapshot: Snapshot,
    /// Whether it was built just now.
    pub built: bool,
}

/// Opens the index at `path`, building it first when it is missing, damaged or out of date, with
/// the corpus's synonyms in force.
///
/// # Errors
///
/// Fails when the corpus or its vocabulary cannot be read or the index cannot be written; an index
/// that was there stays as it was.
pub fn open_or_build(
    corpus: &Corpus,
    path: &Path,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Opened, Error> {
    // Read first: nothing is begun for a vocabulary that is wrong.
    let synonyms = corpus.synonyms().map_err(Error::Corpus)?;
    let opened = open_or_build_generation(corpus, path, options, progress)?;
    Ok(Opened {
        snapshot: opened.snapshot.with_synonyms(accept(synonyms, path)),
        ..opened
    })
}

/// As [`open_or_build`], but a malformed vocabulary file does not put an index out of service: the
/// last good state of the file stays in force. What is wrong with which files comes back beside
/// the index, empty where nothing is.
///
/// While the taxonomy or the dictionary is malformed no index can be built, so the one that is
/// there is opened as it is, changed reports or not.
///
/// # Errors
///
/// As [`open_or_build`], and what is wrong with the vocabulary where no last good state is kept.
pub fn open_in_force(
    corpus: &Corpus,
    path: &Path,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<(Opened, Vec<corpus::Error>), Error> {
    let folder = Folder::new(path);
    let mut refused = Vec::new();
    // All is read first: nothing is begun for a vocabulary that is wrong.
    let synonyms = match corpus.synonyms() {
        Ok(read) => Ok(read),
        Err(error) => match folder.synonyms() {
            Some(kept) => {
                refused.push(error);
                Err(kept)
            }
            None => return Err(Error::Corpus(error)),
        },
    };
    let mut indexed = VocabularyFile::ALL
        .into_iter()
        .filter(|file| file.is_indexed())
        .filter_map(|file| corpus.refusal(file));
    let opened = if let Some(error) = indexed.next() {
        let Some(snapshot) = open_as_it_is(&folder) else {
            return Err(Error::Corpus(error));
        };
        refused.push(error);
        refused.extend(indexed);
        Opened {
            snapshot,
            built: false,
        }
    } else {
        open_or_build_generation(corpus, path, options, progress)?
    };
    let synonyms = synonyms.map_or_else(|kept| kept, |read| accept(read, path));
    let opened = Opened {
        snapshot: opened.snapshot.with_synonyms(synonyms),
        ..opened
    };
    Ok((opened, refused))
}

/// Builds the index at `path` anew, whether or not it is up to date.
///
/// # Errors
///
/// As [`open_or_build`].
pub fn rebuild(
    corpus: &Corpus,
    path: &Path,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Snapshot, Error> {
    let synonyms = corpus.synonyms().map_err(Error::Corpus)?;
    let basis = build::basis(corpus, options)?;
    let snapshot = build::build(corpus, path, options, &basis, progress)?;
    Ok(snapshot.with_synonyms(accept(synonyms, path)))
}

/// Takes into the index in force what changed in the corpus, or builds another where everything
/// depends on what changed; nothing where nothing did. Searches on `base` go on meanwhile.
///
/// # Errors
///
/// As [`open_or_build`]; `base` stays as it was.
pub fn renew(
    base: &Snapshot,
    corpus: &Corpus,
    path: &Path,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Option<Snapshot>, Error> {
    let basis = build::basis(corpus, options)?;
    let folder = base.verified(path).path;
    let synonyms = |snapshot: Snapshot| snapshot.with_synonyms(Arc::clone(base.synonyms()));
    let sources: Sources = snapshot::read_json(&folder, sources::SOURCES)?;
    if sources.basis == basis {
        let changes = build::changes(corpus, &sources);
        if changes.are_none() {
            return Ok(None);
        }
        let updated = build::update(base, sources, changes, corpus, path, options, progress)?;
        if let Some(updated) = updated {
            return Ok(Some(synonyms(updated)));
        }
    }
    let built = build::build(corpus, path, options, &basis, progress)?;
    Ok(Some(synonyms(built)))
}

/// Puts synonyms and their text, as [`Corpus::synonyms`] reads them, in force for the index at
/// `path`: they are kept beside it as the last good ones.
///
/// That they cannot be kept is no reason not to use them; it is logged.
#[must_use]
pub fn accept((synonyms, text): (Synonyms, String), path: &Path) -> Arc<Synonyms> {
    if let Err(error) = Folder::new(path).keep_synonyms(&text) {
        tracing::warn!(%error, "同义词的备份存不下；重新启动时若同义词文件有误，将没有可用的旧版");
    }
    Arc::new(synonyms)
}

fn open_or_build_generation(
    corpus: &Corpus,
    path: &Path,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Opened, Error> {
    let basis = build::basis(corpus, options)?;
    if let Some(generation) = Folder::new(path).newest_whole(complain)
        && generation.manifest.schema == schema::VERSION
    {
        match reopen(generation, &basis, corpus, path, options, progress) {
            Ok(Some(opened)) => return Ok(opened),
            Ok(None) => {}
            Err(error @ (Error::Locked { .. } | Error::Unwritable { .. })) => return Err(error),
            Err(error) => tracing::warn!(%error, "索引打不开，重建"),
        }
    }
    let snapshot = build::build(corpus, path, options, &basis, progress)?;
    Ok(Opened {
        snapshot,
        built: true,
    })
}

/// Opens a generation and takes in what changed in the corpus since; nothing where that asks for
/// another one from the beginning.
fn reopen(
    generation: Verified,
    basis: &str,
    corpus: &Corpus,
    path: &Path,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Option<Opened>, Error> {
    let sources: Sources = snapshot::read_json(&generation.path, sources::SOURCES)?;
    if sources.basis != basis {
        return Ok(None);
    }
    let snapshot = Snapshot::open(generation, None)?;
    let changes = build::changes(corpus, &sources);
    if changes.are_none() {
        return Ok(Some(Opened {
            snapshot,
            built: false,
        }));
    }
    let updated = build::update(&snapshot, sources, changes, corpus, path, options, progress)?;
    Ok(updated.map(|snapshot| Opened {
        snapshot,
        built: true,
    }))
}

/// The newest whole generation of this layout, whatever it was built from.
fn open_as_it_is(folder: &Folder) -> Option<Snapshot> {
    let generation = folder.newest_whole(complain)?;
    if generation.manifest.schema != schema::VERSION {
        return None;
    }
    let opened = Snapshot::open(generation, None);
    opened
        .inspect_err(|error| tracing::warn!(%error, "索引打不开"))
        .ok()
}

/// Builds the index at `path` of reports that are cut into passages already, with the vocabulary
/// of a corpus or none. Report ids are not repeated.
///
/// # Errors
///
/// Fails when the vocabulary cannot be read or the index cannot be written.
pub fn build_from(
    reports: impl ExactSizeIterator<Item = (Report, Vec<Passage>)>,
    vocabulary: Option<&Corpus>,
    path: &Path,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Snapshot, Error> {
    let synonyms = match vocabulary {
        Some(corpus) => corpus.synonyms().map_err(Error::Corpus)?.0,
        None => Synonyms::empty(),
    };
    let snapshot = build::build_from(reports, vocabulary, path, options, progress)?;
    Ok(snapshot.with_synonyms(Arc::new(synonyms)))
}

fn complain(generation: &str, damage: &str) {
    tracing::warn!(generation, damage, "索引的一代不能用");
}
