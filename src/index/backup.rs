//! The index as it goes into a backup while it is served and built, and back.
//!
//! A backup takes the generation in force along, so that what is put back can be searched at once.
//! All its files are opened before any is read, so that it stays whole though a newer one takes its
//! place; it is put back by renames, the pointer to it last.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::Error;
use super::generation::{
    self, BUILDING, CURRENT, Folder, LOCK, MANIFEST, Manifest, SYNONYMS, Sealed, number,
};
use super::record::BuildReport;
use crate::swap::{self, Swap};

/// Where what comes from a backup is written, and where what was there is kept meanwhile. Whatever
/// is left of them is removed by the next build.
const INCOMING: &str = "building-restored";
const REPLACED: &str = "building-replaced";
/// How often a generation that vanishes while it is opened is given up for a newer one.
const ATTEMPTS: usize = 20;
/// How long removing a generation may take.
const REMOVAL: Duration = Duration::from_millis(500);

/// Files by name, open, with their lengths.
pub type Files = Vec<(String, File, u64)>;

/// A generation whose every byte was checked, its files open.
#[derive(Debug)]
pub struct Outgoing {
    /// Its name.
    pub name: String,
    /// What its build read and left out.
    pub build: BuildReport,
    /// Its files, from their beginning; the manifest first.
    pub files: Files,
    /// The file of the last synonyms that were in force, where one is kept.
    pub synonyms: Option<Vec<u8>>,
}

/// A generation, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its name.
    pub name: String,
    /// Whether it is the one in force.
    pub in_force: bool,
    /// Bytes that it has, as far as is known.
    pub bytes: u64,
    /// What is wrong with it.
    pub damages: Vec<String>,
}

/// Why a generation cannot be taken along.
enum Fault {
    /// It is no more.
    Gone,
    Damaged(String),
}

/// The generation in force in the folder `root`, or the newest other one that is whole; nothing
/// where there is none. What is wrong with which of those passed over comes with it.
#[must_use]
pub fn outgoing(root: &Path) -> (Option<Outgoing>, Vec<(String, String)>) {
    let folder = Folder::new(root);
    let mut faults = Vec::new();
    'again: for _ in 0..ATTEMPTS {
        faults.clear();
        let (names, missing) = folder.by_preference();
        faults.extend(missing.map(|name| (name, "当前代不存在".to_owned())));
        for name in &names {
            let path = root.join(name);
            match open(&path) {
                Ok((manifest, files)) => {
                    let outgoing = Outgoing {
                        name: name.clone(),
                        build: manifest.build,
                        files,
                        synonyms: fs::read(root.join(SYNONYMS)).ok(),
                    };
                    return (Some(outgoing), faults);
                }
                Err(Fault::Gone) => continue 'again,
                // One that another has replaced may be half removed.
                Err(Fault::Damaged(_)) if folder.by_preference().0 != names => continue 'again,
                Err(Fault::Damaged(damage)) => faults.push((name.clone(), damage)),
            }
        }
        break;
    }
    (None, faults)
}

/// Opens and checks all files of the generation at `path`.
fn open(path: &Path) -> Result<(Manifest, Files), Fault> {
    let fault = |damage: String| {
        if path.exists() {
            Fault::Damaged(damage)
        } else {
            Fault::Gone
        }
    };
    let unreadable = |name: &str, error: &io::Error| fault(format!("{name} 读不了：{error}"));
    let mut content = String::new();
    let mut opened = File::open(path.join(MANIFEST)).map_err(|it| unreadable(MANIFEST, &it))?;
    opened
        .read_to_string(&mut content)
        .and_then(|_| opened.rewind())
        .map_err(|it| unreadable(MANIFEST, &it))?;
    let manifest: Manifest = generation::parse_manifest(&content).map_err(fault)?;
    let mut files = vec![(MANIFEST.to_owned(), opened, content.len() as u64)];
    for (name, sealed) in &manifest.files {
        let file = File::open(path.join(name)).map_err(|it| unreadable(name, &it))?;
        files.push((name.clone(), file, sealed.bytes));
    }
    let by_name: BTreeMap<&str, &File> = files
        .iter()
        .map(|(name, file, _)| (name.as_str(), file))
        .collect();
    let again = |name: &str| {
        by_name
            .get(name)
            .map_or(Err(io::ErrorKind::NotFound.into()), |file| file.try_clone())
    };
    if let Some(damage) = generation::damages(&manifest.files, &again)
        .into_iter()
        .next()
    {
        // Its files are open: that it may be gone by now has not spoiled it.
        return Err(Fault::Damaged(damage));
    }
    for (name, file, _) in &mut files {
        file.rewind().map_err(|it| unreadable(name, &it))?;
    }
    Ok((manifest, files))
}

/// Checks every generation in the folder `root`, the one in force first, and says which one is to
/// be in force and is not there. Nothing is changed; the index may be in use.
#[must_use]
pub fn verify(root: &Path) -> (Vec<Checked>, Option<String>) {
    let (names, missing) = Folder::new(root).by_preference();
    let current = fs::read_to_string(root.join(CURRENT)).unwrap_or_default();
    let check = |name: String| {
        let path = root.join(&name);
        let (bytes, damages) = match generation::read_manifest(&path) {
            Err(damage) => (0, vec![damage]),
            Ok(manifest) => (
                manifest.files.values().map(|sealed| sealed.bytes).sum(),
                generation::damages(&manifest.files, &|name| File::open(path.join(name))),
            ),
        };
        if !damages.is_empty() && current.trim() != name {
            thread::sleep(REMOVAL);
        }
        // One that was removed meanwhile says nothing.
        path.exists().then(|| Checked {
            in_force: current.trim() == name,
            name,
            bytes,
            damages,
        })
    };
    (names.into_iter().filter_map(check).collect(), missing)
}

/// Whether the folder `root` holds an index.
#[must_use]
pub fn holds_something(root: &Path) -> bool {
    root.join(CURRENT).exists() || !Folder::new(root).by_preference().0.is_empty()
}

/// Whether `name` can be a generation's.
#[must_use]
pub fn is_generation(name: &str) -> bool {
    number(name).is_some()
}

/// A generation that arrives from a backup, held against its manifest.
#[derive(Debug)]
pub struct Arriving {
    /// The files that have not arrived.
    missing: BTreeMap<String, Sealed>,
}

/// What of a manifest a generation of any layout has.
#[derive(Deserialize)]
struct Listed {
    files: BTreeMap<String, Sealed>,
}

impl Arriving {
    /// Whether `name` is that of the file that has to arrive first.
    #[must_use]
    pub fn begins_with(name: &str) -> bool {
        name == MANIFEST
    }

    /// Begins with the content of the manifest.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn begin(manifest: &[u8]) -> Result<Self, String> {
        let content = str::from_utf8(manifest).map_err(|_| "清单已损坏".to_owned())?;
        let Listed { files } = generation::parse_manifest(content)?;
        Ok(Self { missing: files })
    }

    /// Takes a file of this length and digest.
    ///
    /// # Errors
    ///
    /// It is none of the generation's, arrived before, or is not as it was written.
    pub fn take(&mut self, name: &str, bytes: u64, digest: &str) -> Result<(), String> {
        let expected = self
            .missing
            .remove(name)
            .ok_or_else(|| format!("清单里没有 {name}"))?;
        if expected.bytes != bytes || expected.blake3 != digest {
            return Err(format!("{name} 已损坏"));
        }
        Ok(())
    }

    /// Says whether all of it has arrived.
    ///
    /// # Errors
    ///
    /// What is missing.
    pub fn end(self) -> Result<(), String> {
        match self.missing.into_keys().next() {
            Some(name) => Err(format!("缺少 {name}")),
            None => Ok(()),
        }
    }
}

/// An index that comes from a backup, beside the one in force. Dropped before it is put in force,
/// it leaves the index as it was.
#[derive(Debug)]
pub struct Incoming {
    root: PathBuf,
    swap: Swap,
    generation: Option<String>,
    /// Keeps other processes from building.
    _lock: File,
}

impl Incoming {
    /// Begins in the folder `root`, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// Another process uses the index, or the folder cannot be written.
    pub fn begin(root: &Path) -> Result<Self, Error> {
        if root.exists() && !root.is_dir() {
            return Err(Error::NotAFolder {
                path: root.to_owned(),
            });
        }
        let unwritable = |source| Error::Unwritable {
            path: root.to_owned(),
            source,
        };
        swap::make(root).map_err(unwritable)?;
        let lock = File::create(root.join(LOCK)).map_err(unwritable)?;
        hold(&lock, root)?;
        let swap = Swap::begin(root, INCOMING, REPLACED).map_err(unwritable)?;
        Ok(Self {
            root: root.to_owned(),
            swap,
            generation: None,
            _lock: lock,
        })
    }

    /// A new file of the generation of this name.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn file(&mut self, generation: &str, name: &str) -> io::Result<File> {
        self.generation = Some(generation.to_owned());
        self.swap.create(&Path::new(generation).join(name))
    }

    /// A new file for the last synonyms that were in force.
    ///
    /// # Errors
    ///
    /// Whatever the system says.
    pub fn synonyms(&self) -> io::Result<File> {
        self.swap.create(Path::new(SYNONYMS))
    }

    /// Puts the generation in force in place of all that are there, or removes these where none
    /// came.
    ///
    /// # Errors
    ///
    /// Something cannot be written or renamed.
    pub fn commit(&mut self) -> Result<(), Error> {
        let pointed = match &self.generation {
            None => Ok(()),
            Some(name) => self.swap.create(Path::new(CURRENT)).and_then(|mut file| {
                writeln!(file, "{name}")?;
                swap::complete(&file, None, 0o644)
            }),
        };
        let swapped = pointed.and_then(|()| self.swap.commit(is_of_index));
        swapped.map_err(|source| self.unwritable(source))
    }

    /// Puts back what was there.
    ///
    /// # Errors
    ///
    /// Something cannot be renamed.
    pub fn undo(&mut self) -> Result<(), Error> {
        let undone = self.swap.undo();
        undone.map_err(|source| self.unwritable(source))
    }

    /// Removes what was there.
    pub fn finish(self) {
        self.swap.finish();
    }

    fn unwritable(&self, source: io::Error) -> Error {
        Error::Unwritable {
            path: self.root.clone(),
            source,
        }
    }
}

/// Refuses where another process builds or serves the index. Nothing is made or changed.
///
/// # Errors
///
/// [`Error::Locked`], or the lock cannot be looked at.
pub fn refuse_in_use(root: &Path) -> Result<(), Error> {
    match File::open(root.join(LOCK)) {
        Ok(lock) => hold(&lock, root),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(Error::Unreadable {
            path: root.join(LOCK),
            source,
        }),
    }
}

fn hold(lock: &File, root: &Path) -> Result<(), Error> {
    match lock.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(Error::Locked {
            path: root.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(Error::Unwritable {
            path: root.join(LOCK),
            source,
        }),
    }
}

/// Whether an entry of the folder belongs to the index that is replaced.
fn is_of_index(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name == CURRENT || name == SYNONYMS || number(&name).is_some() || name.starts_with(BUILDING)
}
