//! The file of keys as it goes into a backup, and back.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Error;
use super::file::{self, Change};
use crate::swap::Swap;

/// The content of the file at `path` and how many keys are in it; nothing where there is none.
///
/// # Errors
///
/// It cannot be read, or is damaged.
pub fn outgoing(path: &Path) -> Result<Option<(String, usize)>, Error> {
    let Some((text, _)) = file::read_text(path)? else {
        return Ok(None);
    };
    let keys = check(text.as_bytes()).map_err(|why| Error::Damaged {
        path: path.to_owned(),
        why,
    })?;
    Ok(Some((text, keys)))
}

/// How many keys there are in the content of a file.
///
/// # Errors
///
/// What is wrong with it.
pub fn check(content: &[u8]) -> Result<usize, String> {
    let text = str::from_utf8(content).map_err(|_| "不是 UTF-8 文字".to_owned())?;
    file::parse(text).map(|keys| keys.len())
}

/// Keys that come from a backup, beside those that are there. Dropped before they are put in place,
/// they leave these as they were.
#[derive(Debug)]
pub struct Incoming {
    path: PathBuf,
    swap: Swap,
    /// Keeps other programs from changing the file.
    _lock: File,
}

impl Incoming {
    /// Begins with these keys in place of the file at `path`, or with none.
    ///
    /// # Errors
    ///
    /// Something cannot be written.
    pub fn begin(path: &Path, keys: Option<&[u8]>) -> Result<Self, Error> {
        let lock = Change::begin(path)?.into_lock();
        let unwritable = |source| unwritable(path, source);
        let name = path.file_name().unwrap_or_default();
        let shown = name.to_string_lossy();
        let (new, old) = (format!("{shown}.restored"), format!("{shown}.replaced"));
        let swap = Swap::begin(file::folder(path), &new, &old).map_err(unwritable)?;
        if let Some(keys) = keys {
            let file = swap.create(Path::new(name));
            let written = file.and_then(|mut file| file.write_all(keys));
            written.map_err(unwritable)?;
        }
        Ok(Self {
            path: path.to_owned(),
            swap,
            _lock: lock,
        })
    }

    /// Puts them in place of those that are there.
    ///
    /// # Errors
    ///
    /// The file cannot be renamed.
    pub fn commit(&mut self) -> Result<(), Error> {
        let name = self.path.file_name();
        let committed = self.swap.commit(|it| Some(it) == name);
        committed.map_err(|source| unwritable(&self.path, source))
    }

    /// Puts back those that were there.
    ///
    /// # Errors
    ///
    /// The file cannot be renamed.
    pub fn undo(&mut self) -> Result<(), Error> {
        let undone = self.swap.undo();
        undone.map_err(|source| unwritable(&self.path, source))
    }

    /// Removes those that were there.
    pub fn finish(self) {
        self.swap.finish();
    }
}

fn unwritable(path: &Path, source: io::Error) -> Error {
    Error::Unwritable {
        path: path.to_owned(),
        source,
    }
}
