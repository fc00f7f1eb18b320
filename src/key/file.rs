//! The file keys are kept in: one JSON object a line, below a line with the digest of all others.
//!
//! It is replaced whole: the next state is written beside it, made durable, and renamed over it, so
//! that a crash leaves either state. Programs that change it hold a lock while they read, change
//! and replace; those that only read need none.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Action, Error, Key, Rate, wish};
use crate::search::Filters;

/// The form of the file.
const FORMAT: u32 = 1;
/// More bytes than any file of keys has.
const MAX_BYTES: u64 = 64 << 20;

/// The SHA-256 of a key.
pub(super) type Hash = [u8; 32];

/// Keys, each with its hash, in the order they were made.
pub(super) type Hashed = Vec<(Key, Hash)>;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    blake3: String,
}

/// A key on its line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    sha256: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    actions: BTreeSet<Action>,
    origins: Vec<String>,
    prefixes: Vec<String>,
    filters: BTreeMap<String, Vec<String>>,
    created: Timestamp,
    expires: Option<Timestamp>,
    rate: Option<Rate>,
    revoked: Option<Timestamp>,
}

/// What tells one state of the file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    changed: Option<SystemTime>,
    bytes: u64,
    /// Another one for each state, since each is a file of its own.
    number: u64,
}

impl Stamp {
    /// Of the file as it is now; nothing where there is none.
    pub(super) fn of(path: &Path) -> Option<Self> {
        fs::metadata(path)
            .ok()
            .map(|metadata| Self::from(&metadata))
    }
}

impl From<&fs::Metadata> for Stamp {
    fn from(metadata: &fs::Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(metadata);
        #[cfg(not(unix))]
        let number = 0;
        Self {
            changed: metadata.modified().ok(),
            bytes: metadata.len(),
            number,
        }
    }
}

/// Reads all keys, and which state of the file they are; nothing where there is no file.
///
/// # Errors
///
/// [`Error::Damaged`] for anything that was not written here, whole.
pub(super) fn read(path: &Path) -> Result<Option<(Hashed, Stamp)>, Error> {
    let Some((text, stamp)) = read_text(path)? else {
        return Ok(None);
    };
    let keys = parse(&text).map_err(|why| Error::Damaged {
        path: path.to_owned(),
        why,
    })?;
    Ok(Some((keys, stamp)))
}

/// The text of the file, and which state of it that is; nothing where there is no file.
pub(super) fn read_text(path: &Path) -> Result<Option<(String, Stamp)>, Error> {
    let unreadable = |source| Error::Unreadable {
        path: path.to_owned(),
        source,
    };
    let damaged = |why: String| Error::Damaged {
        path: path.to_owned(),
        why,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let stamp = Stamp::from(&file.metadata().map_err(unreadable)?);
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(damaged(format!(
            "大于 {} MB，不是密钥文件",
            MAX_BYTES >> 20
        )));
    }
    let text = String::from_utf8(bytes).map_err(|_| damaged("不是 UTF-8 文字".to_owned()))?;
    Ok(Some((text, stamp)))
}

/// The keys in the file's text, or what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Hashed, String> {
    let (first, lines) = text
        .split_once('\n')
        .ok_or("第 1 行不完整，文件可能被截断")?;
    let head: Head = serde_json::from_str(first).map_err(|_| "第 1 行看不懂".to_owned())?;
    if head.format > FORMAT {
        return Err(format!(
            "格式 {} 是更新版本的 cesou 写的，本程序只认得 {FORMAT}",
            head.format
        ));
    }
    // To the byte, so that no damage to the line itself is passed over.
    if self::head(lines)? != first {
        return Err("校验和不符".to_owned());
    }
    lines
        .lines()
        .zip(2..)
        .map(|(line, number)| {
            let line: Line = serde_json::from_str(line)
                .map_err(|error| format!("第 {number} 行看不懂：{error}"))?;
            key(line).map_err(|why| format!("第 {number} 行：{why}"))
        })
        .collect()
}

fn head(lines: &str) -> Result<String, String> {
    let head = Head {
        format: FORMAT,
        blake3: blake3::hash(lines.as_bytes()).to_hex().to_string(),
    };
    serde_json::to_string(&head).map_err(|error| error.to_string())
}

fn key(line: Line) -> Result<(Key, Hash), String> {
    // A filter that is not understood must not be passed over: it keeps things from sight.
    let filters = wish::filters(&line.filters).map_err(|fault| fault.to_string())?;
    let hash = from_hex(&line.sha256).ok_or("散列看不懂")?;
    let key = Key {
        id: line.id,
        name: line.name,
        description: line.description,
        actions: line.actions,
        origins: line.origins,
        prefixes: line.prefixes,
        filters,
        created: line.created,
        expires: line.expires,
        rate: line.rate,
        revoked: line.revoked,
    };
    Ok((key, hash))
}

fn line(key: &Key, hash: &Hash) -> Line {
    Line {
        id: key.id.clone(),
        sha256: to_hex(hash),
        name: key.name.clone(),
        description: key.description.clone(),
        actions: key.actions.clone(),
        origins: key.origins.clone(),
        prefixes: key.prefixes.clone(),
        filters: by_name(&key.filters),
        created: key.created,
        expires: key.expires,
        rate: key.rate,
        revoked: key.revoked,
    }
}

/// Filters with their fields as they are named outside.
fn by_name(filters: &Filters) -> BTreeMap<String, Vec<String>> {
    filters
        .iter()
        .map(|(facet, values)| (facet.as_str().to_owned(), values.clone()))
        .collect()
}

fn to_hex(hash: &Hash) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}

fn from_hex(text: &str) -> Option<Hash> {
    blake3::Hash::from_hex(text)
        .ok()
        .map(|hash| *hash.as_bytes())
}

/// Leave to change the file, which no other process has meanwhile.
pub(super) struct Change<'a> {
    path: &'a Path,
    lock: File,
}

impl<'a> Change<'a> {
    /// Waits for whoever changes the file now.
    pub(super) fn begin(path: &'a Path) -> Result<Self, Error> {
        let unwritable = |source| Error::Unwritable {
            path: path.to_owned(),
            source,
        };
        make(folder(path)).map_err(unwritable)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(beside(path, "lock"))
            .map_err(unwritable)?;
        lock.lock().map_err(unwritable)?;
        Ok(Self { path, lock })
    }

    /// The lock alone, for who replaces the file by other means.
    pub(super) fn into_lock(self) -> File {
        self.lock
    }

    /// Replaces the file durably.
    pub(super) fn write<'k>(
        &self,
        keys: impl Iterator<Item = (&'k Key, &'k Hash)>,
    ) -> Result<(), Error> {
        self.replace(keys).map_err(|source| Error::Unwritable {
            path: self.path.to_owned(),
            source,
        })
    }

    fn replace<'k>(&self, keys: impl Iterator<Item = (&'k Key, &'k Hash)>) -> io::Result<()> {
        let mut lines = String::new();
        for (key, hash) in keys {
            lines.push_str(&serde_json::to_string(&line(key, hash))?);
            lines.push('\n');
        }
        let head = head(&lines).map_err(io::Error::other)?;
        let next = beside(self.path, "new");
        let written = private(&next).and_then(|mut file| {
            file.write_all(format!("{head}\n{lines}").as_bytes())?;
            file.sync_all()
        });
        if let Err(error) = written.and_then(|()| fs::rename(&next, self.path)) {
            // Half a file is of no use; that it may stay is no other failure.
            let _ = fs::remove_file(&next);
            return Err(error);
        }
        File::open(folder(self.path))?.sync_all()
    }
}

/// Makes a folder where there is none, to last.
fn make(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    File::open(folder(path))?.sync_all()
}

/// A new file that only its owner may read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

pub(super) fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}
