//! Builds, keeps and opens the index; the only opener of `index/`.
//!
//! The index is derived from the corpus and may be deleted at any time. It is rebuilt when
//! anything it depends on has changed, judged by a digest of all of it, and when it is damaged.
//!
//! Invariants: readers see a whole generation or none; a damaged one is never served
//! (`tests/durability.rs`).

pub mod backup;
mod build;
mod builder;
mod bulk;
mod by_id;
mod changes;
mod completions;
mod document;
mod forecast;
mod frozen;
mod generation;
mod lexicon;
mod means;
mod packed;
mod passages;
mod record;
mod schema;
mod scope;
mod snapshot;
mod sources;
mod stored;
mod symbols;
mod texts;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use build::{Progress, Taken};
pub use completions::{Completion, CompletionKind, Completions, How};
pub use document::{UNKNOWN_REGION, record};
pub use forecast::{Changed, Forecast, Plan, forecast};
pub use generation::{Claim, Manifest};
pub use lexicon::{Known, Lexicon};
pub use passages::{Copied as CopiedPassages, Passages as StoredPassages};
pub use record::{BuildReport, PassageRecord, ReportRecord};
pub use schema::{Characters, Fields};
pub use snapshot::{Snapshot, Vocabulary};
pub use symbols::Finder;

use crate::corpus::{self, Corpus, VocabularyFile};
use crate::report::{Passage, Report};
use crate::store::Store;
use crate::synonym::Synonyms;
use build::Built;
use generation::{Folder, Verified};
use means::Means;

/// Bytes of text that are taken in before those who wait for them can find it.
const BATCH: u64 = 8 << 20;

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
    /// Another process builds or serves there.
    #[error("另一个进程正在使用索引目录 {}；若是正在运行的服务，它会自行收入语料的改动，否则请等它结束，或用 index.path 指向别处", path.display())]
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
    /// A query would look at more of the index than is allowed.
    #[error("这次检索估计要查看 {cost} 个索引条目，超过上限 {most}（search.max_cost）；{advice}")]
    TooCostly {
        /// How many entries it would look at.
        cost: u64,
        /// The most that are allowed.
        most: u64,
        /// What costs most, and how to ask for less.
        advice: &'static str,
    },
    /// The vocabulary does not stay the same while it is read.
    #[error("词表一直在改动，读不到完整的一份；请稍后再试")]
    Unsettled,
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

/// Where reports are: the files of a corpus, and what was sent.
#[derive(Debug, Clone, Copy)]
pub struct Texts<'a> {
    /// The files, and the vocabulary.
    pub corpus: &'a Corpus,
    /// The reports that were sent; those in an index are left alone where this is not known.
    pub sent: Option<&'a Store>,
}

impl<'a> From<&'a Corpus> for Texts<'a> {
    fn from(corpus: &'a Corpus) -> Self {
        Self { corpus, sent: None }
    }
}

/// Where an index stands, and whether it may be built there.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// A folder, which is claimed for as long as something is built.
    Folder(&'a Path),
    /// A folder that is claimed already.
    Claimed(&'a Claim),
}

impl<'a> From<&'a Path> for Place<'a> {
    fn from(path: &'a Path) -> Self {
        Self::Folder(path)
    }
}

impl<'a> From<&'a PathBuf> for Place<'a> {
    fn from(path: &'a PathBuf) -> Self {
        Self::Folder(path)
    }
}

impl<'a> From<&'a Claim> for Place<'a> {
    fn from(claim: &'a Claim) -> Self {
        Self::Claimed(claim)
    }
}

impl Place<'_> {
    fn path(&self) -> &Path {
        match self {
            Self::Folder(path) => path,
            Self::Claimed(claim) => claim.path(),
        }
    }

    fn claim(&self) -> Result<Claim, Error> {
        match self {
            Self::Folder(path) => Claim::take(path),
            Self::Claimed(claim) => Ok(Claim::clone(claim)),
        }
    }
}

/// An index in force, and how it came to be.
pub struct Opened {
    /// The generation.
    pub snapshot: Snapshot,
    /// Whether it was built just now.
    pub built: bool,
    /// It holds all writes of the store up to this number.
    pub through: u64,
    /// What became of reports that were sent, where it was built.
    pub taken: Vec<Taken>,
    /// What is wrong with generations that could not be used, in Chinese.
    pub damaged: Vec<String>,
}

/// What was done to bring an index up to date.
pub struct Renewed {
    /// The generation, where there is another.
    pub snapshot: Option<Snapshot>,
    /// It holds all writes of the store up to this number.
    pub through: u64,
    /// What became of reports that were sent.
    pub taken: Vec<Taken>,
}

impl From<Built> for Renewed {
    fn from(built: Built) -> Self {
        Self {
            snapshot: Some(built.snapshot),
            through: built.through,
            taken: built.taken,
        }
    }
}

impl Renewed {
    fn with_synonyms_of(mut self, base: &Snapshot) -> Self {
        let snapshot = self.snapshot.take();
        self.snapshot = snapshot.map(|new| new.with_synonyms(Arc::clone(base.synonyms())));
        self
    }
}

/// Opens an index, building it first when it is missing, damaged or out of date, with the corpus's
/// synonyms in force.
///
/// # Errors
///
/// Fails when the corpus or its vocabulary cannot be read or the index cannot be written; an index
/// that was there stays as it was.
pub fn open_or_build<'a>(
    texts: impl Into<Texts<'a>>,
    place: impl Into<Place<'a>>,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Opened, Error> {
    let (texts, place) = (texts.into(), place.into());
    // Read first: nothing is begun for a vocabulary that is wrong.
    let synonyms = texts.corpus.synonyms().map_err(Error::Corpus)?;
    let opened = open_or_build_generation(texts, place, options, progress)?;
    Ok(Opened {
        snapshot: opened
            .snapshot
            .with_synonyms(accept(synonyms, place.path())),
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
pub fn open_in_force<'a>(
    texts: impl Into<Texts<'a>>,
    place: impl Into<Place<'a>>,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<(Opened, Vec<corpus::Error>), Error> {
    let (texts, place) = (texts.into(), place.into());
    let corpus = texts.corpus;
    let folder = Folder::new(place.path());
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
        let Some(opened) = open_as_it_is(&folder) else {
            return Err(Error::Corpus(error));
        };
        refused.push(error);
        refused.extend(indexed);
        opened
    } else {
        open_or_build_generation(texts, place, options, progress)?
    };
    let synonyms = synonyms.map_or_else(|kept| kept, |read| accept(read, place.path()));
    let opened = Opened {
        snapshot: opened.snapshot.with_synonyms(synonyms),
        ..opened
    };
    Ok((opened, refused))
}

/// Opens the index at `path` as it is, whatever changed since, with the synonyms of the corpus or,
/// where these are malformed, the last good ones; nothing where there is none that can be used.
#[must_use]
pub fn open_unchanged(corpus: &Corpus, path: &Path) -> Option<Opened> {
    let folder = Folder::new(path);
    let opened = open_as_it_is(&folder)?;
    let synonyms = match corpus.synonyms() {
        Ok((synonyms, _)) => Arc::new(synonyms),
        Err(_) => folder.synonyms().unwrap_or_default(),
    };
    Some(Opened {
        snapshot: opened.snapshot.with_synonyms(synonyms),
        ..opened
    })
}

/// The name of the generation that is in force at `path`, as the folder has it: a short file is
/// read, and nothing is opened. Nothing where no generation is named.
#[must_use]
pub fn name_in_force(path: &Path) -> Option<String> {
    Folder::new(path).current()
}

/// Builds the index anew, whether or not it is up to date.
///
/// # Errors
///
/// As [`open_or_build`].
pub fn rebuild<'a>(
    texts: impl Into<Texts<'a>>,
    place: impl Into<Place<'a>>,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Opened, Error> {
    let (texts, place) = (texts.into(), place.into());
    let synonyms = texts.corpus.synonyms().map_err(Error::Corpus)?;
    let means = Arc::new(Means::of(texts.corpus, options)?);
    let built = build::build(texts, &place.claim()?, options, means, progress)?;
    let synonyms = accept(synonyms, place.path());
    Ok(Opened {
        snapshot: built.snapshot.with_synonyms(synonyms),
        built: true,
        through: built.through,
        taken: built.taken,
        damaged: Vec::new(),
    })
}

/// Takes into the index in force what changed in the corpus and the store, or builds another where
/// everything depends on what changed, or where `anew` says so. Searches on `base` go on meanwhile.
///
/// # Errors
///
/// As [`open_or_build`]; `base` stays as it was.
pub fn renew(
    base: &Snapshot,
    texts: Texts<'_>,
    claim: &Claim,
    options: &Options,
    anew: bool,
    progress: &dyn Fn(Progress),
) -> Result<Renewed, Error> {
    let means = means_of(base, texts.corpus, options)?;
    if base.sources().basis == means.digest && !anew {
        let changes = changes::all(texts, base.sources());
        if changes.are_none() {
            return Ok(Renewed {
                snapshot: None,
                through: changes.through,
                taken: Vec::new(),
            });
        }
        let means = Arc::clone(&means);
        if let Some(built) = build::update(base, means, changes, texts, claim, options, progress)? {
            return Ok(Renewed::from(built).with_synonyms_of(base));
        }
    }
    let built = build::build(texts, claim, options, means, progress)?;
    Ok(Renewed::from(built).with_synonyms_of(base))
}

/// Takes into the index in force what was written to the store after the number `after`, or the
/// first of it; nothing where that needs more than is known of the index, so that [`renew`] must.
/// What else changed is left as it is in the index, so that all of it stays as one.
///
/// # Errors
///
/// The index cannot be written; `base` stays as it was.
pub fn take_in(
    base: &Snapshot,
    texts: Texts<'_>,
    after: u64,
    claim: &Claim,
    options: &Options,
) -> Result<Option<Renewed>, Error> {
    let (Some(store), Some(means)) = (texts.sent, base.means()) else {
        return Ok(None);
    };
    let Some(changes) = changes::sent(store, base.sources(), after, BATCH) else {
        return Ok(None);
    };
    if changes.are_none() {
        return Ok(Some(Renewed {
            snapshot: None,
            through: changes.through,
            taken: Vec::new(),
        }));
    }
    let means = Arc::clone(means);
    let built = build::update(base, means, changes, texts, claim, options, &|_| {})?;
    Ok(built.map(|built| Renewed::from(built).with_synonyms_of(base)))
}

/// Gathers anew what readers of the index in force may type, which is not done for every change of
/// a large one; nothing where it is not known what the index was made with.
///
/// # Errors
///
/// The index cannot be read or written; `base` stays as it was.
pub fn gather(
    base: &Snapshot,
    through: u64,
    claim: &Claim,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Option<Renewed>, Error> {
    let Some(means) = base.means() else {
        return Ok(None);
    };
    let snapshot = build::gather(base, Arc::clone(means), claim, options, progress)?;
    let renewed = Renewed {
        snapshot: Some(snapshot),
        through,
        taken: Vec::new(),
    };
    Ok(Some(renewed.with_synonyms_of(base)))
}

/// The means that files and settings ask for: those of `base` where they are the same.
fn means_of(base: &Snapshot, corpus: &Corpus, options: &Options) -> Result<Arc<Means>, Error> {
    match base.means() {
        Some(means) if means.digest == means::digest(corpus, options)? => Ok(Arc::clone(means)),
        _ => Means::of(corpus, options).map(Arc::new),
    }
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
    texts: Texts<'_>,
    place: Place<'_>,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Opened, Error> {
    let means = Arc::new(Means::of(texts.corpus, options)?);
    let mut damaged = Vec::new();
    let whole = Folder::new(place.path()).newest_whole(complain(&mut damaged));
    if let Some(generation) = whole
        && generation.manifest.schema == schema::VERSION
    {
        match reopen(generation, &means, texts, place, options, progress) {
            Ok(Some(opened)) => return Ok(Opened { damaged, ..opened }),
            Ok(None) => {}
            Err(error @ (Error::Locked { .. } | Error::Unwritable { .. })) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "索引打不开，重建");
                damaged.push(error.to_string());
            }
        }
    }
    let built = build::build(texts, &place.claim()?, options, means, progress)?;
    Ok(Opened {
        snapshot: built.snapshot,
        built: true,
        through: built.through,
        taken: built.taken,
        damaged,
    })
}

/// Opens a generation and takes in what changed since; nothing where that asks for another one
/// from the beginning.
fn reopen(
    generation: Verified,
    means: &Arc<Means>,
    texts: Texts<'_>,
    place: Place<'_>,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Option<Opened>, Error> {
    let snapshot = Snapshot::open(generation)?;
    if snapshot.sources().basis != means.digest {
        return Ok(None);
    }
    let snapshot = snapshot.with_means(means);
    let changes = changes::all(texts, snapshot.sources());
    if changes.are_none() {
        return Ok(Some(Opened {
            snapshot,
            built: false,
            through: changes.through,
            taken: Vec::new(),
            damaged: Vec::new(),
        }));
    }
    let claim = place.claim()?;
    let means = Arc::clone(means);
    let updated = build::update(&snapshot, means, changes, texts, &claim, options, progress)?;
    Ok(updated.map(|built| Opened {
        snapshot: built.snapshot,
        built: true,
        through: built.through,
        taken: built.taken,
        damaged: Vec::new(),
    }))
}

/// The newest whole generation of this layout, whatever it was built from.
fn open_as_it_is(folder: &Folder) -> Option<Opened> {
    let mut damaged = Vec::new();
    let generation = folder.newest_whole(complain(&mut damaged))?;
    if generation.manifest.schema != schema::VERSION {
        return None;
    }
    let opened = Snapshot::open(generation);
    let snapshot = opened
        .inspect_err(|error| tracing::warn!(%error, "索引打不开"))
        .ok()?;
    Some(Opened {
        snapshot,
        built: false,
        // What of the store it holds is not known.
        through: 0,
        taken: Vec::new(),
        damaged,
    })
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
    let claim = Claim::take(path)?;
    let snapshot = build::build_from(reports, vocabulary, &claim, options, progress)?;
    Ok(snapshot.with_synonyms(Arc::new(synonyms)))
}

/// Says in the log what is wrong with a generation, and keeps it.
fn complain(damaged: &mut Vec<String>) -> impl FnMut(&str, &str) {
    |generation, damage| {
        tracing::error!(generation, damage, "索引的一代不能用");
        damaged.push(format!("索引的一代 {generation} 不能用：{damage}"));
    }
}
