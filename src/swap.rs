//! The content of a folder exchanged for another, so that either can be had until all is done.
//!
//! What is put back from a backup takes the place of folders that themselves cannot be renamed: they
//! may be where a disk is mounted, or hold a lock. So what is new is written into one folder within,
//! and when all of it is durable the entries are renamed: those that were there into another folder
//! within, the new ones out of theirs.
//!
//! Invariant: no file is ever in its place unless it is whole, and until [`Swap::finish`] what was
//! there before can be put back (`tests/backup.rs`).

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// An exchange under way. Dropped before it is committed, it leaves the folder as it was.
#[derive(Debug)]
pub struct Swap {
    root: PathBuf,
    /// Where what is new is written.
    new: PathBuf,
    /// Where what was there is kept.
    old: PathBuf,
    /// What was renamed into `old`, in order.
    out: Vec<OsString>,
    /// What was renamed out of `new`, in order.
    moved: Vec<OsString>,
    committed: bool,
}

impl Swap {
    /// Prepares to exchange the content of the folder `root`, which is made where it is not there,
    /// by way of two folders in it with these names. What an exchange that was interrupted left
    /// under the first of them is removed.
    ///
    /// # Errors
    ///
    /// The folders cannot be made.
    pub fn begin(root: &Path, new: &str, old: &str) -> io::Result<Self> {
        make(root)?;
        let swap = Self {
            root: root.to_owned(),
            new: root.join(new),
            old: root.join(old),
            out: Vec::new(),
            moved: Vec::new(),
            committed: false,
        };
        remove(&swap.new)?;
        fs::create_dir(&swap.new)?;
        Ok(swap)
    }

    /// A new file `name`, with the folders it stands in, that only its owner may read. It is made
    /// durable when the exchange is committed.
    ///
    /// # Errors
    ///
    /// The name leads elsewhere, is there already, or cannot be made.
    pub fn create(&self, name: &Path) -> io::Result<File> {
        let within = name
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !within || name.as_os_str().is_empty() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let path = self.new.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        options.create_new(true).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path)
    }

    /// Puts what is new in place of those entries that `is_replaced` names, and of those that have
    /// its names. What an interrupted exchange kept is removed first.
    ///
    /// # Errors
    ///
    /// An entry cannot be renamed; [`Swap::undo`] puts back what was there.
    pub fn commit(&mut self, is_replaced: impl Fn(&OsStr) -> bool) -> io::Result<()> {
        sync_all(&self.new)?;
        let coming = names(&self.new)?;
        let going: Vec<OsString> = names(&self.root)?
            .into_iter()
            .filter(|name| self.root.join(name) != self.new && self.root.join(name) != self.old)
            .filter(|name| is_replaced(name) || coming.contains(name))
            .collect();
        remove(&self.old)?;
        fs::create_dir(&self.old)?;
        self.committed = true;
        for name in going {
            fs::rename(self.root.join(&name), self.old.join(&name))?;
            self.out.push(name);
        }
        for name in coming {
            fs::rename(self.new.join(&name), self.root.join(&name))?;
            self.moved.push(name);
        }
        sync(&self.old)?;
        sync(&self.root)
    }

    /// Puts back what was there before.
    ///
    /// # Errors
    ///
    /// An entry cannot be renamed: it is kept where it is.
    pub fn undo(&mut self) -> io::Result<()> {
        while let Some(name) = self.moved.last() {
            fs::rename(self.root.join(name), self.new.join(name))?;
            self.moved.pop();
        }
        while let Some(name) = self.out.last() {
            fs::rename(self.old.join(name), self.root.join(name))?;
            self.out.pop();
        }
        self.committed = false;
        remove(&self.old)?;
        sync(&self.root)
    }

    /// Removes what was there before. What cannot be removed is only disk space.
    pub fn finish(self) {
        for path in [&self.old, &self.new] {
            if let Err(error) = remove(path) {
                tracing::warn!(path = %path.display(), %error, "被取代的旧内容删不掉");
            }
        }
    }
}

impl Drop for Swap {
    fn drop(&mut self) {
        if !self.committed {
            // What cannot be removed now is removed by the next exchange.
            let _ = remove(&self.new);
        }
    }
}

/// Gives a file that was written the time it is to have been changed at, where there is one, and who
/// may do what with it.
///
/// # Errors
///
/// Whatever the system says.
pub fn complete(file: &File, modified: Option<u64>, mode: u32) -> io::Result<()> {
    let modified = modified.map(Duration::from_secs);
    if let Some(at) = modified.and_then(|since| UNIX_EPOCH.checked_add(since)) {
        // Only for people to look at: some file systems keep no such times.
        let _ = file.set_modified(at);
    }
    #[cfg(unix)]
    {
        let mode = mode & 0o777 | 0o400;
        let permissions: fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        file.set_permissions(permissions)?;
    }
    Ok(())
}

/// Makes a folder, and those it stands in, to last.
///
/// # Errors
///
/// Whatever the system says.
pub fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    sync(parent.unwrap_or(Path::new(".")))
}

/// Makes what was made, renamed or removed in a folder survive a power cut.
///
/// # Errors
///
/// Whatever the system says.
pub fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Makes a folder and all below it durable: by one call for the whole disk, since one for each file
/// takes minutes where there are many.
#[cfg(target_os = "linux")]
fn sync_all(folder: &Path) -> io::Result<()> {
    rustix::fs::syncfs(File::open(folder)?).map_err(io::Error::from)
}

/// Makes a folder and all below it durable.
#[cfg(not(target_os = "linux"))]
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_all(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    sync(folder)
}

fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    let mut names = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Removes a folder, if it is there.
fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
