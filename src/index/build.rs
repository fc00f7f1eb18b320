//! Builds a generation from all there is, or from another one and what changed since.

use std::sync::Arc;

use super::builder::Builder;
use super::changes::{self, Changes};
use super::generation::Claim;
use super::means::Means;
use super::sources::{Indexed, Sources};
use super::{Error, Options, Snapshot, Texts};
use crate::corpus::Corpus;
use crate::report::{Passage, Report};

/// The name of the source of reports that are given as such.
const GIVEN: &str = "given";

/// How far a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Files and sent reports read so far, of how many, with the passages found in them.
    Reading {
        /// Files and reports done.
        files: u64,
        /// Files and reports there are.
        of: u64,
        /// Passages so far.
        passages: u64,
    },
    /// All is read; the last of it is being written and checked.
    Finishing,
}

/// What became of a report that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Its id.
    pub id: String,
    /// The number of the write that was taken in.
    pub seq: u64,
    /// The task it came under, where that is known.
    pub task: Option<u64>,
    /// How many passages it has.
    pub passages: u64,
    /// What is odd about it, in Chinese; the first few.
    pub warnings: Vec<String>,
    /// Why it is not in the index, in Chinese.
    pub error: Option<String>,
}

/// A generation that was built, and what went into it.
pub(super) struct Built {
    pub(super) snapshot: Snapshot,
    /// It holds all writes of the store up to this number.
    pub(super) through: u64,
    pub(super) taken: Vec<Taken>,
}

/// Builds a generation from all there is, puts it in force and opens it.
pub(super) fn build(
    texts: Texts<'_>,
    claim: &Claim,
    options: &Options,
    means: Arc<Means>,
    progress: &dyn Fn(Progress),
) -> Result<Built, Error> {
    let changes = changes::all(texts, &Sources::default());
    let through = changes.through;
    let mut builder = Builder::begin(means, claim, options, changes.bytes())?;
    builder.apply(texts, changes, progress)?;
    progress(Progress::Finishing);
    let (snapshot, taken) = builder.finish(None)?;
    Ok(Built {
        snapshot,
        through,
        taken,
    })
}

/// Builds a generation that differs from `base` by `changes`, puts it in force and opens it;
/// nothing where they do not fit between what is there, so that all has to be built anew.
pub(super) fn update(
    base: &Snapshot,
    means: Arc<Means>,
    changes: Changes,
    texts: Texts<'_>,
    claim: &Claim,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Option<Built>, Error> {
    let _pin = claim.pin(base.name());
    let through = changes.through;
    let mut builder = Builder::resume(base, means, claim, options, changes.bytes(), false)?;
    if !builder.apply(texts, changes, progress)? {
        return Ok(None);
    }
    progress(Progress::Finishing);
    let (snapshot, taken) = builder.finish(Some(base))?;
    Ok(Some(Built {
        snapshot,
        through,
        taken,
    }))
}

/// Builds a generation that holds what `base` does, with what readers may type gathered anew, puts
/// it in force and opens it.
pub(super) fn gather(
    base: &Snapshot,
    means: Arc<Means>,
    claim: &Claim,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Snapshot, Error> {
    let _pin = claim.pin(base.name());
    let builder = Builder::resume(base, means, claim, options, 0, true)?;
    progress(Progress::Finishing);
    Ok(builder.finish(Some(base))?.0)
}

/// Builds a generation from reports that are cut already, puts it in force and opens it.
pub(super) fn build_from(
    reports: impl ExactSizeIterator<Item = (Report, Vec<Passage>)>,
    vocabulary: Option<&Corpus>,
    claim: &Claim,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Snapshot, Error> {
    let means = Arc::new(Means::given(vocabulary, options)?);
    let of = reports.len() as u64;
    // How long they are is not known; they are taken to be short.
    let mut builder = Builder::begin(means, claim, options, of << 10)?;
    let mut digest = blake3::Hasher::new();
    let mut given = Indexed::default();
    for (done, (report, passages)) in (0..).zip(reports) {
        if done % 256 == 0 {
            progress(Progress::Reading {
                files: done,
                of,
                passages: given.tally.passages,
            });
        }
        for part in [&report.id, &report.title, &report.text] {
            digest.update(&(part.len() as u64).to_le_bytes());
            digest.update(part.as_bytes());
        }
        given.tally.bytes += report.text.len() as u64;
        builder.bytes_read += report.text.len() as u64;
        builder.add_report(GIVEN, report, passages, &mut given)?;
    }
    progress(Progress::Finishing);
    given.digest = digest.finalize().to_hex().to_string();
    builder.sources.all.insert(GIVEN.to_owned(), given);
    Ok(builder.finish(None)?.0)
}
