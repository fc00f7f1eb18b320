//! The corpus folder as it goes into a backup while files come and go, and back.
//!
//! All of it is taken along, vocabulary, side files and hidden files included: whoever looks after a
//! corpus keeps more in it than the service reads. A file is read only when it has not changed for a
//! while and does not change meanwhile, so that none is taken half written.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use walkdir::WalkDir;

use super::listing::{UNCERTAIN, look};
use super::{Error, Skipped, relative_name};
use crate::swap::Swap;

/// Where what comes from a backup is written, and where what was there is kept meanwhile.
const INCOMING: &str = ".restored";
const REPLACED: &str = ".replaced";

/// A file of the corpus folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its name relative to the folder.
    pub name: PathBuf,
    path: PathBuf,
}

/// Such a file, open.
#[derive(Debug)]
pub struct Opened {
    /// The file, from its beginning.
    pub file: File,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it was last changed, in seconds since 1970-01-01 UTC.
    pub modified: u64,
    /// Who may do what with it, as Unix has it.
    pub mode: u32,
    look: [u128; 3],
}

/// All files in the folder `root` but for what stands at `apart` and what an interrupted restoring
/// left, in the order of their names; and what could not be listed.
///
/// # Errors
///
/// There is no such folder.
pub fn outgoing(root: &Path, apart: &[PathBuf]) -> Result<(Vec<Outgoing>, Vec<Skipped>), Error> {
    if !root.is_dir() {
        return Err(Error::Missing {
            path: root.to_owned(),
        });
    }
    let root = real(root);
    let apart: Vec<PathBuf> = apart.iter().map(|path| real(path)).collect();
    let wanted = |entry: &walkdir::DirEntry| {
        let foreign = entry.depth() == 1 && is_foreign(entry.file_name());
        !foreign && !apart.iter().any(|path| path == entry.path())
    };
    let mut files = Vec::new();
    let mut skipped = Vec::new();
    let entries = WalkDir::new(&root).follow_links(true).sort_by_file_name();
    for entry in entries.into_iter().filter_entry(wanted) {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) if entry.file_type().is_file() => files.push(Outgoing {
                name: entry
                    .path()
                    .strip_prefix(&root)
                    .unwrap_or(entry.path())
                    .to_owned(),
                path: entry.into_path(),
            }),
            Ok(entry) => skipped.push(Skipped {
                source: relative_name(&root, entry.path()),
                reason: "不是普通文件".to_owned(),
            }),
            Err(error) => {
                let gone = error.io_error().map(io::Error::kind) == Some(io::ErrorKind::NotFound);
                let path = error.path().unwrap_or(&root);
                // A file that went away while it was listed is no more; a link to nothing is.
                if !gone || path.symlink_metadata().is_ok() {
                    skipped.push(Skipped {
                        source: relative_name(&root, path),
                        reason: format!("读不了：{error}"),
                    });
                }
            }
        }
    }
    Ok((files, skipped))
}

impl Outgoing {
    /// Opens it; nothing where it is no more.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn open(&self) -> io::Result<Option<Opened>> {
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let metadata = file.metadata()?;
        let modified = metadata.modified().ok();
        let since = modified.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        Ok(Some(Opened {
            bytes: metadata.len(),
            modified: since.map_or(0, |since| since.as_secs()),
            mode: mode(&metadata),
            look: look(&metadata),
            file,
        }))
    }

    /// Where it stands.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Opened {
    /// Whether it has not changed for so long that a change while it is read would be seen.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_nanos());
        let [_, modified, changed] = self.look;
        // A time to come is no time of a change.
        let lately = |at: u128| at <= now && at + UNCERTAIN.as_nanos() > now;
        !lately(modified) && !lately(changed)
    }

    /// Whether it is as it was when it was opened.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        let now = self.file.metadata();
        now.is_ok_and(|now| look(&now) == self.look)
    }
}

#[cfg(unix)]
fn mode(metadata: &Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o777
}

#[cfg(not(unix))]
fn mode(_: &Metadata) -> u32 {
    0o644
}

/// Whether the folder `root` holds anything, but for what stands at `apart`.
#[must_use]
pub fn holds_something(root: &Path, apart: &[PathBuf]) -> bool {
    let apart: Vec<PathBuf> = apart.iter().map(|path| real(path)).collect();
    let root = real(root);
    let entries = WalkDir::new(&root).into_iter().filter_entry(|entry| {
        let foreign = entry.depth() == 1 && is_foreign(entry.file_name());
        !foreign && !apart.iter().any(|path| path == entry.path())
    });
    // Empty folders are nothing; what cannot be listed may be something.
    let mut entries = entries.filter(|entry| match entry {
        Ok(entry) => !entry.file_type().is_dir(),
        Err(error) => error.depth() > 0,
    });
    entries.next().is_some()
}

/// The first of `apart` that would go away with the folder in `root` it stands in.
#[must_use]
pub fn entangled<'a>(root: &Path, apart: &'a [PathBuf]) -> Option<&'a Path> {
    let root = real(root);
    apart.iter().map(PathBuf::as_path).find(|path| {
        let within = real(path);
        let within = within.strip_prefix(&root);
        within.is_ok_and(|within| within.components().count() != 1)
    })
}

/// Whether an entry of the folder is no part of the corpus: it was made by us, or, where a disk is
/// mounted, by its file system.
fn is_foreign(name: &OsStr) -> bool {
    name == INCOMING || name == REPLACED || name == "lost+found"
}

/// The path without links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for above in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (above.canonicalize(), path.strip_prefix(above)) {
            // Joining nothing would put a slash at the end.
            return if rest.as_os_str().is_empty() {
                real
            } else {
                real.join(rest)
            };
        }
    }
    path
}

/// A corpus that comes from a backup, beside the one that is there. Dropped before it is put in
/// place, it leaves that as it was.
#[derive(Debug)]
pub struct Incoming {
    root: PathBuf,
    swap: Swap,
    /// What in the folder is not of the corpus.
    apart: Vec<OsString>,
}

impl Incoming {
    /// Begins in the folder `root`, which is made where it is not there. What stands at `apart`
    /// stays.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn begin(root: &Path, apart: &[PathBuf]) -> io::Result<Self> {
        let swap = Swap::begin(root, INCOMING, REPLACED)?;
        let within = real(root);
        let apart = apart.iter().filter_map(|path| {
            let path = real(path);
            let name = path.strip_prefix(&within).ok()?.components().next()?;
            Some(name.as_os_str().to_owned())
        });
        Ok(Self {
            root: root.to_owned(),
            swap,
            apart: apart.collect(),
        })
    }

    /// A new file of this name, relative to the folder.
    ///
    /// # Errors
    ///
    /// It is not to be there, or cannot be made.
    pub fn file(&self, name: &Path) -> io::Result<File> {
        let first = name.components().next().map(Component::as_os_str);
        if first.is_none_or(|first| is_foreign(first) || self.apart.iter().any(|it| it == first)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.swap.create(name)
    }

    /// Puts it in place of what is there.
    ///
    /// # Errors
    ///
    /// Something cannot be renamed.
    pub fn commit(&mut self) -> io::Result<()> {
        let apart = &self.apart;
        self.swap
            .commit(|name| !is_foreign(name) && !apart.iter().any(|it| it == name))
    }

    /// Puts back what was there.
    ///
    /// # Errors
    ///
    /// Something cannot be renamed.
    pub fn undo(&mut self) -> io::Result<()> {
        self.swap.undo()
    }

    /// Removes what was there.
    pub fn finish(self) {
        self.swap.finish();
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }
}
