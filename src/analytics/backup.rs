//! The counts as they go into a backup, and back.
//!
//! The file of a day is only ever replaced whole, so each is read as it stands while a service goes
//! on counting: a backup has every day as it was last written, which is seconds ago. A file that
//! reads otherwise than it was written is named and left out; what was set aside as damaged stays
//! where it is, whatever is put back.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::Error;
use super::file::{self, Folder};
use crate::swap::Swap;

pub use super::file::MAX_BYTES;

/// Within the folder, what is new and what it takes the place of.
const INCOMING: &str = "counts.restored";
const REPLACED: &str = "counts.replaced";

/// The day whose counts a file of this name holds.
#[must_use]
pub fn day_of(name: &str) -> Option<Date> {
    file::date_of(name)
}

/// The name of the file of a day.
#[must_use]
pub fn name_of(date: Date) -> String {
    file::name_of(date)
}

/// Each day that there are counts of in the folder `root`, the earliest first: the content of its
/// file, or what is wrong with it. One that is kept no longer when its turn comes is passed over.
pub fn outgoing(root: &Path) -> impl Iterator<Item = (Date, Result<String, String>)> {
    let dates = file::dates(root).into_iter();
    dates.filter_map(|date| {
        let content = file::read(&root.join(name_of(date))).map_err(|error| error.to_string());
        let content = content.transpose()?;
        let whole = content.and_then(|text| file::parse(&text, date).map(|_| text));
        Some((date, whole))
    })
}

/// Whether `content` is that of the file of a day.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(date: Date, content: &[u8]) -> Result<(), String> {
    let text = str::from_utf8(content).map_err(|_| "不是 UTF-8 文字".to_owned())?;
    file::parse(text, date).map(drop)
}

/// Whether there are counts in the folder `root`.
#[must_use]
pub fn holds_something(root: &Path) -> bool {
    !file::dates(root).is_empty()
}

/// Refuses where another process counts into the folder `root`. Nothing is made or changed.
///
/// # Errors
///
/// [`Error::InUse`], or the lock cannot be looked at.
pub fn refuse_in_use(root: &Path) -> Result<(), Error> {
    let unusable = |source| Error::Unusable {
        path: root.to_owned(),
        source,
    };
    let lock = match OpenOptions::new().write(true).open(root.join(file::LOCK)) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unusable(error)),
    };
    match lock.try_lock() {
        Ok(()) => {
            // As where a folder is let go: closing alone may leave it locked for a while.
            let _ = lock.unlock();
            Ok(())
        }
        Err(TryLockError::WouldBlock) => Err(Error::InUse {
            path: root.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(unusable(source)),
    }
}

/// Counts that come from a backup, beside those that are there. Dropped before they are put in
/// place, they leave these as they were.
#[derive(Debug)]
pub struct Incoming {
    root: PathBuf,
    swap: Swap,
    /// Keeps services from counting meanwhile.
    _folder: Folder,
}

impl Incoming {
    /// Begins in the folder `root`, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// Another process counts into it, or it cannot be written.
    pub fn begin(root: &Path) -> Result<Self, Error> {
        let folder = Folder::open(root)?;
        let swap =
            Swap::begin(root, INCOMING, REPLACED).map_err(|source| unusable(root, source))?;
        Ok(Self {
            root: root.to_owned(),
            swap,
            _folder: folder,
        })
    }

    /// The file that the counts of a day are to be written to.
    ///
    /// # Errors
    ///
    /// It cannot be made, or is there already.
    pub fn file(&self, date: Date) -> io::Result<File> {
        self.swap.create(Path::new(&name_of(date)))
    }

    /// Puts them in place of all those that are there.
    ///
    /// # Errors
    ///
    /// A file cannot be renamed.
    pub fn commit(&mut self) -> Result<(), Error> {
        let is_day = |name: &std::ffi::OsStr| name.to_str().is_some_and(|it| day_of(it).is_some());
        let committed = self.swap.commit(is_day);
        committed.map_err(|source| unusable(&self.root, source))
    }

    /// Puts back those that were there.
    ///
    /// # Errors
    ///
    /// A file cannot be renamed.
    pub fn undo(&mut self) -> Result<(), Error> {
        let undone = self.swap.undo();
        undone.map_err(|source| unusable(&self.root, source))
    }

    /// Removes those that were there.
    pub fn finish(self) {
        self.swap.finish();
    }
}

fn unusable(root: &Path, source: io::Error) -> Error {
    Error::Unusable {
        path: root.to_owned(),
        source,
    }
}
