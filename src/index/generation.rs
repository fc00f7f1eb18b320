//! The index folder: generations beside one another, and a pointer to the one in force.
//!
//! ```text
//! index/current              the name of the generation in force
//! index/000003-5f2a9c01/     one generation: tantivy's files, catalogue, vocabulary, manifest
//! index/building-1/          one being built; whatever is left of it is removed by the next process
//! index/synonyms.toml        the last synonyms that were in force, behind a digest of them
//! index/lock                 held while building, by a service as long as it runs
//! ```
//!
//! A generation is written beside the others, made durable, then put in force by renaming a new
//! pointer over the old one. Its manifest lists every file with length and BLAKE3 digest, since
//! tantivy's own check misses damage in its small files, and begins with a digest of itself.
//!
//! Several generations may be built at once, by one process: each gets its number when it is put in
//! force, and one that another is being made from is not removed meanwhile.
//!
//! Invariant: a generation opens only when every byte of it is as it was written
//! (`tests/durability.rs`).

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};

use super::Error;
use super::record::BuildReport;
use crate::synonym::Synonyms;

pub(super) const CURRENT: &str = "current";
pub(super) const LOCK: &str = "lock";
pub(super) const MANIFEST: &str = "manifest";
pub(super) const BUILDING: &str = "building-";
pub(super) const SYNONYMS: &str = "synonyms.toml";
/// How many generations are kept: the one in force and the one before it.
const KEPT: usize = 2;
/// Bytes read at once: as many as hashing takes at its best.
const BUFFER: usize = 256 << 10;
/// Fewer bytes than this are not worth another thread.
const PARALLEL_BYTES: u64 = 2 << 20;
/// More threads than this would wait for one disk.
const MAX_THREADS: usize = 16;

/// What a generation was made from and consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout of fields and files.
    pub schema: u32,
    /// A digest of everything the index is derived from.
    pub fingerprint: String,
    /// When the build ended, in seconds since 1970-01-01 UTC.
    pub built_at: u64,
    /// What the build read and left out.
    pub build: BuildReport,
    /// Every file with its length and digest.
    pub(super) files: BTreeMap<String, Sealed>,
}

impl Manifest {
    /// How many bytes its files have.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sealed {
    pub(super) bytes: u64,
    pub(super) blake3: String,
}

/// The folder all generations stand in.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

/// A generation whose every byte was checked.
#[derive(Debug, Clone)]
pub(super) struct Verified {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) manifest: Manifest,
}

/// An index folder in which no other process builds until the last copy of this is dropped.
///
/// A service holds one as long as it runs. Whoever only reads needs none.
#[derive(Debug, Clone)]
pub struct Claim {
    folder: Folder,
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    lock: File,
    /// Held while a generation is put in force.
    publishing: Mutex<()>,
    /// Generations that are not to be removed, as often as they are pinned.
    pinned: Mutex<Vec<String>>,
    /// How many drafts were begun.
    drafts: AtomicU64,
}

/// Keeps a generation from being removed.
pub(super) struct Pin {
    claim: Claim,
    name: String,
}

/// A generation being written; removed when dropped before it is put in force.
pub(super) struct Draft {
    claim: Claim,
    path: PathBuf,
    /// The files taken over from another generation, whose digests are known.
    taken_over: BTreeMap<String, Sealed>,
}

impl Folder {
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// The name of the generation in force, where one is named.
    pub(super) fn current(&self) -> Option<String> {
        let current = fs::read_to_string(self.root.join(CURRENT)).ok()?;
        Some(current.trim().to_owned())
    }

    /// The names of all generations, the one in force first, then the newest; and the one that is
    /// to be in force where it is not there.
    pub(super) fn by_preference(&self) -> (Vec<String>, Option<String>) {
        let mut names = self.generations();
        let Some(current) = self.current() else {
            return (names, None);
        };
        match names.iter().position(|name| *name == current) {
            Some(at) => {
                let name = names.remove(at);
                names.insert(0, name);
                (names, None)
            }
            None => (names, Some(current)),
        }
    }

    /// The generation in force, or the newest older one that is whole; what is wrong with those
    /// passed over is told to `complain`.
    pub(super) fn newest_whole(&self, mut complain: impl FnMut(&str, &str)) -> Option<Verified> {
        let (names, missing) = self.by_preference();
        if let Some(missing) = missing {
            complain(&missing, "当前代不存在");
        }
        names.into_iter().find_map(|name| {
            let path = self.root.join(&name);
            match verify(&path) {
                Ok(manifest) => Some(Verified {
                    name,
                    path,
                    manifest,
                }),
                Err(damage) => {
                    complain(&name, &damage);
                    None
                }
            }
        })
    }

    /// The last synonyms that were in force, where they are kept and whole.
    pub(super) fn synonyms(&self) -> Option<Arc<Synonyms>> {
        let kept = fs::read_to_string(self.root.join(SYNONYMS)).ok()?;
        let (digest, text) = kept.strip_prefix("# ")?.split_once('\n')?;
        if blake3::hash(text.as_bytes()).to_hex().as_str() != digest {
            return None;
        }
        Synonyms::from_toml(text).ok().map(Arc::new)
    }

    /// Keeps the text of synonyms that are in force, unless it is what is kept already.
    pub(super) fn keep_synonyms(&self, text: &str) -> io::Result<()> {
        let path = self.root.join(SYNONYMS);
        let kept = format!("# {}\n{text}", blake3::hash(text.as_bytes()).to_hex());
        if fs::read(&path).is_ok_and(|known| known == kept.as_bytes()) {
            return Ok(());
        }
        let next = self.root.join("synonyms.new");
        write_durably(&next, kept.as_bytes())?;
        fs::rename(&next, path)?;
        sync_folder(&self.root)
    }

    /// The names of all generations, newest first.
    fn generations(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(&self.root)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .filter(|name| number(name).is_some())
            .collect();
        names.sort_by_key(|name| std::cmp::Reverse(number(name)));
        names
    }
}

impl Claim {
    /// Keeps other processes from building in the folder `path`, which is made where it is not
    /// there, and removes what they left half built.
    ///
    /// # Errors
    ///
    /// Another process builds or serves there, a file stands there, or the folder cannot be written.
    pub fn take(path: &Path) -> Result<Self, Error> {
        let unwritable = |source| Error::Unwritable {
            path: path.to_owned(),
            source,
        };
        if path.exists() && !path.is_dir() {
            return Err(Error::NotAFolder {
                path: path.to_owned(),
            });
        }
        fs::create_dir_all(path).map_err(unwritable)?;
        let lock = File::create(path.join(LOCK)).map_err(unwritable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Locked {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(unwritable(source)),
        }
        let claim = Self {
            folder: Folder::new(path),
            held: Arc::new(Held {
                lock,
                publishing: Mutex::default(),
                pinned: Mutex::default(),
                drafts: AtomicU64::new(0),
            }),
        };
        for entry in fs::read_dir(path).map_err(unwritable)? {
            let entry = entry.map_err(unwritable)?;
            if entry.file_name().to_string_lossy().starts_with(BUILDING) {
                fs::remove_dir_all(entry.path()).map_err(unwritable)?;
            }
        }
        Ok(claim)
    }

    /// The folder it is of.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.folder.root
    }

    /// Keeps the generation `name` until the pin is dropped.
    pub(super) fn pin(&self, name: &str) -> Pin {
        self.pinned().push(name.to_owned());
        Pin {
            claim: self.clone(),
            name: name.to_owned(),
        }
    }

    fn pinned(&self) -> MutexGuard<'_, Vec<String>> {
        // A list of names is whole whenever it can be seen.
        let pinned = self.held.pinned.lock();
        pinned.unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a new generation.
    pub(super) fn draft(&self) -> Result<Draft, Error> {
        let nth = self.held.drafts.fetch_add(1, Ordering::Relaxed) + 1;
        let path = self.folder.root.join(format!("{BUILDING}{nth}"));
        fs::create_dir(&path).map_err(|source| Error::Unwritable {
            path: path.clone(),
            source,
        })?;
        Ok(Draft {
            claim: self.clone(),
            path,
            taken_over: BTreeMap::new(),
        })
    }

    /// Starts a new generation with the files of `base` that `is_taken` says, which are never
    /// written to again: both generations hold the same file. Those that `is_copied` says are
    /// copied.
    pub(super) fn draft_from(
        &self,
        base: &Verified,
        is_taken: impl Fn(&str) -> bool,
        is_copied: impl Fn(&str) -> bool,
    ) -> Result<Draft, Error> {
        let mut draft = self.draft()?;
        for (name, sealed) in &base.manifest.files {
            let (from, to) = (base.path.join(name), draft.path.join(name));
            let done = if is_taken(name) {
                // Not every file system can have one file in two folders.
                fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(drop))
            } else if is_copied(name) {
                fs::copy(&from, &to).map(drop)
            } else {
                continue;
            };
            done.map_err(|source| Error::Unwritable { path: to, source })?;
            if is_taken(name) {
                draft.taken_over.insert(name.clone(), sealed.clone());
            }
        }
        Ok(draft)
    }

    /// Removes generations older than the one before the newest, but for those that are pinned. A
    /// failure is no reason to fail: what stays is only disk space, and the next build tries again.
    pub(super) fn forget_old(&self) {
        let pinned = self.pinned().clone();
        for name in self.folder.generations().into_iter().skip(KEPT) {
            if pinned.contains(&name) {
                continue;
            }
            let path = self.folder.root.join(&name);
            if let Err(error) = fs::remove_dir_all(&path) {
                tracing::warn!(path = %path.display(), %error, "旧索引删不掉");
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // A process being started at this moment still shares the file, so closing it would leave
        // it locked for a while. Where this fails, closing is left to do it.
        let _ = self.lock.unlock();
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        let mut pinned = self.claim.pinned();
        if let Some(at) = pinned.iter().position(|name| *name == self.name) {
            pinned.swap_remove(at);
        }
    }
}

impl Draft {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Seals the files, makes them durable, and puts the generation in force.
    pub(super) fn publish(
        self,
        schema: u32,
        fingerprint: &str,
        build: BuildReport,
    ) -> Result<Verified, Error> {
        let root = self.claim.folder.root.clone();
        let unwritable = |source| Error::Unwritable {
            path: root.clone(),
            source,
        };
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(&self.path).map_err(unwritable)? {
            let entry = entry.map_err(unwritable)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry
                .path()
                .extension()
                .is_some_and(|ending| ending == "lock")
            {
                continue;
            }
            File::open(entry.path())
                .and_then(|file| file.sync_all())
                .map_err(unwritable)?;
            let known = self.taken_over.get(&name).cloned();
            let sealed = known.map_or_else(|| File::open(entry.path()).and_then(seal), Ok);
            files.insert(name, sealed.map_err(unwritable)?);
        }
        let manifest = Manifest {
            schema,
            fingerprint: fingerprint.to_owned(),
            built_at: std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
            build,
            files,
        };
        let body = serde_json::to_string_pretty(&manifest)
            .map_err(io::Error::other)
            .map_err(unwritable)?;
        let digest = blake3::hash(body.as_bytes()).to_hex();
        write_durably(
            &self.path.join(MANIFEST),
            format!("{digest}\n{body}\n").as_bytes(),
        )
        .map_err(unwritable)?;

        sync_folder(&self.path).map_err(unwritable)?;

        // Held to the end. It guards nothing but the order of names.
        let publishing = self.claim.held.publishing.lock();
        let _publishing = publishing.unwrap_or_else(PoisonError::into_inner);
        let names = self.claim.folder.generations();
        let before = names.first().and_then(|name| number(name)).unwrap_or(0);
        let short: String = fingerprint.chars().take(8).collect();
        let name = format!("{:06}-{short}", before + 1);
        let path = root.join(&name);
        fs::rename(&self.path, &path).map_err(unwritable)?;
        sync_folder(&root).map_err(unwritable)?;
        let next = root.join("current.new");
        write_durably(&next, format!("{name}\n").as_bytes()).map_err(unwritable)?;
        fs::rename(&next, root.join(CURRENT)).map_err(unwritable)?;
        sync_folder(&root).map_err(unwritable)?;
        Ok(Verified {
            name,
            path,
            manifest,
        })
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.path.exists() {
            // What cannot be removed now is removed by the next build.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// The generation's number, where `name` is one's.
pub(super) fn number(name: &str) -> Option<u64> {
    let (number, digest) = name.split_once('-')?;
    let well_formed =
        number.len() >= 6 && digest.len() == 8 && digest.chars().all(|c| c.is_ascii_hexdigit());
    well_formed.then(|| number.parse().ok()).flatten()
}

/// The manifest of the generation at `path` when all of it is whole, or what is not.
fn verify(path: &Path) -> Result<Manifest, String> {
    let manifest = read_manifest(path)?;
    let damages = damages(&manifest.files, &|name| File::open(path.join(name)));
    damages.into_iter().next().map_or(Ok(manifest), Err)
}

/// The manifest of the generation at `path`, or what is wrong with it.
pub(super) fn read_manifest(path: &Path) -> Result<Manifest, String> {
    let content =
        fs::read_to_string(path.join(MANIFEST)).map_err(|error| format!("清单读不了：{error}"))?;
    parse_manifest(&content)
}

/// A manifest in the text of its file, or what is wrong with it.
pub(super) fn parse_manifest<T: serde::de::DeserializeOwned>(content: &str) -> Result<T, String> {
    let (digest, body) = content.split_once('\n').unwrap_or_default();
    let body = body.strip_suffix('\n').unwrap_or(body);
    if blake3::hash(body.as_bytes()).to_hex().as_str() != digest {
        return Err("清单已损坏".to_owned());
    }
    serde_json::from_str(body).map_err(|error| format!("清单看不懂：{error}"))
}

/// What is wrong with which of the files that `open` opens, in the order of their names.
///
/// All bytes are read before an index is served, so all cores take part, a file each, the largest
/// first.
pub(super) fn damages(
    files: &BTreeMap<String, Sealed>,
    open: &(dyn Fn(&str) -> io::Result<File> + Sync),
) -> Vec<String> {
    let mut jobs: Vec<(&String, &Sealed)> = files.iter().collect();
    jobs.sort_by_key(|(_, sealed)| std::cmp::Reverse(sealed.bytes));
    let next = AtomicUsize::new(0);
    let found = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(&(name, expected)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let damage = match open(name).and_then(seal) {
                Ok(sealed) if sealed == *expected => continue,
                Ok(_) => format!("{name} 已损坏"),
                Err(error) => format!("{name} 读不了：{error}"),
            };
            // Each entry is made at once: one who panicked left none half made.
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            found.insert(name, damage);
        }
    };
    let bytes: u64 = files.values().map(|sealed| sealed.bytes).sum();
    let threads = match bytes {
        ..PARALLEL_BYTES => 1,
        _ => thread::available_parallelism().map_or(1, usize::from),
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(MAX_THREADS).min(jobs.len()) {
            // Where the system gives no thread, the others do its share.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.into_values().collect()
}

/// Length and digest of a file, from where it is read.
fn seal(mut file: File) -> io::Result<Sealed> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(buffer.get(..read).unwrap_or_default());
                bytes += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Sealed {
        bytes,
        blake3: hasher.finalize().to_hex().to_string(),
    })
}

fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

/// Makes renames within a folder survive a power cut.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
