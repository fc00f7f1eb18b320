//! Whether report files changed, told without reading them.

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::{Corpus, SourceFile, side};

/// A file changed so recently when it was looked at may have been changed again within the same
/// tick of the file system's clock.
pub(super) const UNCERTAIN: Duration = Duration::from_secs(2);

/// What a file and its side file look like from outside: length, time of the last change. Those
/// that look the same are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    file: [u128; 3],
    side: Option<[u128; 3]>,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        Some(Self {
            file: look(&std::fs::metadata(path).ok()?),
            side: side::path_of(path)
                .and_then(|side| std::fs::metadata(side).ok())
                .map(|metadata| look(&metadata)),
        })
    }

    fn is_certain(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let certain = now.map_or(0, |now| now.saturating_sub(UNCERTAIN).as_nanos());
        let old = |[_, modified, changed]: &[u128; 3]| *modified < certain && *changed < certain;
        old(&self.file) && self.side.as_ref().is_none_or(old)
    }
}

pub(super) fn look(metadata: &Metadata) -> [u128; 3] {
    let modified = metadata.modified().ok();
    let modified = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    [
        u128::from(metadata.len()),
        modified.map_or(0, |since| since.as_nanos()),
        status_changed(metadata),
    ]
}

/// When the file was last changed or replaced, which copying does not set back as it does the time
/// of modification; in nanoseconds since 1970.
#[cfg(unix)]
fn status_changed(metadata: &Metadata) -> u128 {
    use std::os::unix::fs::MetadataExt;
    let seconds = u128::try_from(metadata.ctime()).unwrap_or(0);
    let nanoseconds = u128::try_from(metadata.ctime_nsec()).unwrap_or(0);
    seconds * 1_000_000_000 + nanoseconds
}

#[cfg(not(unix))]
fn status_changed(_: &Metadata) -> u128 {
    0
}

impl Corpus {
    /// What a file looks like from outside; nothing where it has just been changed, so that it may
    /// look the same when it is changed again.
    #[must_use]
    pub fn stamp(&self, file: &SourceFile) -> Option<Stamp> {
        Stamp::of(&file.path).filter(Stamp::is_certain)
    }

    /// A digest of the names of all report files and what they look like from outside.
    #[must_use]
    pub fn listing(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let (files, skipped) = self.files();
        for file in files {
            hasher.update(file.name.as_bytes());
            hasher.update(format!("\0{:?}\0", Stamp::of(&file.path)).as_bytes());
        }
        for file in skipped {
            hasher.update(file.source.as_bytes());
            hasher.update(format!("\0{}\0", file.reason).as_bytes());
        }
        hasher.finalize().into()
    }
}
