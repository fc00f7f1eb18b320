//! Writes a backup, while the service runs.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::form::{
    ABOUT, About, Contents, Entry, KEYS, MANIFEST, Manifest, SYNONYMS, counts, store_part,
};
use super::seal::Sealing;
use super::{Error, Places};
use crate::corpus::backup::{self as files, Opened};
use crate::{analytics, index, key, store, swap};

/// Files of the corpus up to this size are read before they are written, so that one that changes
/// meanwhile can be read again.
const WHOLE: u64 = 32 << 20;
/// How long a file that changes is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
/// How often a backup is begun again since a large file changed while it was written.
const ATTEMPTS: usize = 3;
/// Bytes of a part of the store.
const PART: usize = 16 << 20;
/// One core is busy with this, and the others go on serving; more saves little room.
const LEVEL: i32 = 3;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What it is.
    pub about: About,
    /// What it holds.
    pub contents: Contents,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of what is in it.
    pub unpacked: u64,
    /// What is damaged or could not be read, for operators, in Chinese.
    pub warnings: Vec<String>,
}

/// Writes a backup into the file `path`: beside it first, and under its name when it is whole and
/// durable.
///
/// # Errors
///
/// The file is there and may not be overwritten, it cannot be written, or a part of the backup
/// cannot be read. Nothing is left then.
pub fn write(places: &Places, path: &Path, overwrite: bool) -> Result<Written, Error> {
    let exists = || Error::Exists {
        path: path.to_owned(),
    };
    if path.is_dir() || path.exists() && !overwrite {
        return Err(exists());
    }
    let unwritable = Error::unwritable(path);
    let part = {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        PathBuf::from(name)
    };
    let file = private(&part).map_err(&unwritable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(Error::Busy { path: part.clone() });
        }
        Err(TryLockError::Error(source)) => return Err(unwritable(source)),
    }
    let apart = [path.to_owned(), part.clone()];
    let mut attempt = 1;
    let written = loop {
        file.set_len(0).map_err(&unwritable)?;
        match pack(places, &apart, &file, path) {
            Err(Error::Changing { .. }) if attempt < ATTEMPTS => attempt += 1,
            written => break written,
        }
        io::Seek::rewind(&mut &file).map_err(&unwritable)?;
    };
    let put = written.and_then(|written| {
        if path.exists() && !overwrite {
            return Err(exists());
        }
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        file.sync_all()
            .and_then(|()| fs::rename(&part, path))
            .and_then(|()| swap::sync(folder.unwrap_or(Path::new("."))))
            .map_err(&unwritable)?;
        Ok(written)
    });
    if put.is_err() {
        // Half a backup is of no use; that it may stay is no other failure.
        let _ = fs::remove_file(&part);
    }
    put
}

/// Writes a backup to `out`.
///
/// # Errors
///
/// It cannot be written, or a part of the backup cannot be read; what was written is of no use then.
pub fn write_to(places: &Places, out: impl Write) -> Result<Written, Error> {
    pack(places, &[], out, Path::new("-"))
}

/// A file that only its owner may read: what is in it may not be for everybody.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes everything to `out`, which is called `path` where it fails.
fn pack(
    places: &Places,
    apart: &[PathBuf],
    out: impl Write,
    path: &Path,
) -> Result<Written, Error> {
    let about = About::now();
    // Nothing is begun where it could not be ended.
    store::backup::refuse_half_restored(&places.store)?;
    let mut packing = Packing::begin(out, path)?;
    packing.json(ABOUT, &about)?;
    // Before the store: whatever the index has of it must be in the store.
    packing.index(places)?;
    packing.corpus(places, apart)?;
    packing.keys(places)?;
    packing.analytics(places)?;
    packing.store(places)?;
    packing.end(about)
}

/// A backup being written.
struct Packing<'a, W: Write> {
    tar: tar::Builder<zstd::Encoder<'static, Sealing<W>>>,
    path: &'a Path,
    /// When it was begun.
    time: u64,
    entries: Vec<Entry>,
    contents: Contents,
    warnings: Vec<String>,
}

impl<'a, W: Write> Packing<'a, W> {
    fn begin(out: W, path: &'a Path) -> Result<Self, Error> {
        let encoder = zstd::Encoder::new(Sealing::new(out), LEVEL).and_then(|mut encoder| {
            encoder.include_checksum(true)?;
            Ok(encoder)
        });
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Ok(Self {
            tar: tar::Builder::new(encoder.map_err(Error::unwritable(path))?),
            path,
            time: since.map_or(0, |since| since.as_secs()),
            entries: Vec::new(),
            contents: Contents::default(),
            warnings: Vec::new(),
        })
    }

    /// Writes an entry of `bytes` bytes, which `input` has; says how many it had.
    fn add(
        &mut self,
        name: &Path,
        bytes: u64,
        (mode, modified): (u32, u64),
        input: &mut dyn Read,
    ) -> Result<u64, Error> {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes);
        header.set_mode(mode);
        header.set_mtime(modified);
        let mut hashing = Hashing {
            input: input.take(bytes),
            hasher: blake3::Hasher::new(),
            bytes: 0,
            failed: false,
        };
        let added = self.tar.append_data(&mut header, name, &mut hashing);
        added.map_err(|source| {
            if hashing.failed {
                Error::unreadable(name)(source)
            } else {
                Error::unwritable(self.path)(source)
            }
        })?;
        self.entries.push(Entry {
            name: name.to_string_lossy().into_owned(),
            bytes: hashing.bytes,
            blake3: hashing.hasher.finalize().to_hex().to_string(),
        });
        Ok(hashing.bytes)
    }

    /// Writes an entry that is in memory.
    fn whole(&mut self, name: &str, mode: u32, content: &[u8]) -> Result<(), Error> {
        let (bytes, time) = (content.len() as u64, self.time);
        let mut input = content;
        self.add(Path::new(name), bytes, (mode, time), &mut input)
            .map(drop)
    }

    fn json(&mut self, name: &str, value: &impl serde::Serialize) -> Result<(), Error> {
        let content = serde_json::to_vec_pretty(value).map_err(io::Error::from);
        let content = content.map_err(Error::unwritable(self.path))?;
        self.whole(name, 0o644, &content)
    }

    fn index(&mut self, places: &Places) -> Result<(), Error> {
        let (outgoing, faults) = index::backup::outgoing(&places.index);
        let warnings = faults
            .into_iter()
            .map(|(name, damage)| format!("索引的一代 {name} 不能用，没有收入快照：{damage}"));
        self.warnings.extend(warnings);
        let Some(outgoing) = outgoing else {
            return Ok(());
        };
        let folder = Path::new("index").join(&outgoing.name);
        for (name, mut file, bytes) in outgoing.files {
            let name = folder.join(name);
            let time = self.time;
            let written = self.add(&name, bytes, (0o644, time), &mut file)?;
            if written != bytes {
                let short = io::Error::from(io::ErrorKind::UnexpectedEof);
                return Err(Error::unreadable(&name)(short));
            }
            self.contents.index_bytes += written;
        }
        if let Some(synonyms) = outgoing.synonyms {
            self.whole(SYNONYMS, 0o644, &synonyms)?;
        }
        self.contents.index = Some(outgoing.name);
        Ok(())
    }

    fn corpus(&mut self, places: &Places, apart: &[PathBuf]) -> Result<(), Error> {
        let apart: Vec<PathBuf> = places.apart().into_iter().chain(apart.to_vec()).collect();
        let (files, skipped) = files::outgoing(&places.corpus, &apart)?;
        for file in skipped {
            let (name, reason) = (file.source, file.reason);
            self.warnings
                .push(format!("语料中的 {name} 没有收入快照：{reason}"));
        }
        for file in files {
            self.corpus_file(&file)?;
        }
        Ok(())
    }

    fn corpus_file(&mut self, file: &files::Outgoing) -> Result<(), Error> {
        let name = Path::new("corpus").join(&file.name);
        let began = Instant::now();
        loop {
            let mut opened = match file.open() {
                Ok(None) => return Ok(()),
                Ok(Some(opened)) => opened,
                Err(error) => {
                    let shown = file.name.display();
                    let warning = format!("语料中的 {shown} 没有收入快照：读不了：{error}");
                    self.warnings.push(warning);
                    return Ok(());
                }
            };
            if opened.is_settled() {
                let about = (opened.mode, opened.modified);
                let bytes = opened.bytes;
                if bytes > WHOLE {
                    let written = self.add(&name, bytes, about, &mut opened.file)?;
                    if written != bytes || !opened.is_unchanged() {
                        return Err(Error::Changing {
                            path: file.path().to_owned(),
                        });
                    }
                    return self.count(written);
                }
                if let Some(content) = whole(&mut opened).map_err(Error::unreadable(file.path()))? {
                    let written = self.add(&name, bytes, about, &mut content.as_slice())?;
                    return self.count(written);
                }
            }
            if began.elapsed() > PATIENCE {
                return Err(Error::Changing {
                    path: file.path().to_owned(),
                });
            }
            thread::sleep(PAUSE);
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "the last step of writing a file")]
    fn count(&mut self, bytes: u64) -> Result<(), Error> {
        self.contents.corpus_files += 1;
        self.contents.corpus_bytes += bytes;
        Ok(())
    }

    fn keys(&mut self, places: &Places) -> Result<(), Error> {
        match key::backup::outgoing(&places.keys) {
            Ok(None) => {}
            Ok(Some((text, keys))) => {
                self.whole(KEYS, 0o600, text.as_bytes())?;
                self.contents.keys = Some(keys as u64);
            }
            Err(error) => self.warnings.push(format!("密钥没有收入快照：{error}")),
        }
        Ok(())
    }

    fn analytics(&mut self, places: &Places) -> Result<(), Error> {
        let mut days = 0;
        for (date, content) in analytics::backup::outgoing(&places.analytics) {
            match content {
                Ok(text) => {
                    let (bytes, time) = (text.len() as u64, self.time);
                    let mut input = text.as_bytes();
                    self.add(&counts(date), bytes, (0o600, time), &mut input)?;
                    self.contents.analytics_bytes += bytes;
                    days += 1;
                }
                Err(why) => self
                    .warnings
                    .push(format!("{date} 的检索统计没有收入快照：{why}")),
            }
        }
        self.contents.analytics_days = Some(days);
        Ok(())
    }

    fn store(&mut self, places: &Places) -> Result<(), Error> {
        let kept = places.store_options.kept_tasks;
        let mut parts = Parts {
            packing: self,
            pending: Vec::new(),
            number: 0,
            failed: None,
        };
        let exported = store::backup::export(&places.store, kept, &mut parts)
            .map_err(Error::from)
            .and_then(|exported| {
                parts.end()?;
                Ok(exported)
            });
        // What kept a part from being written says more than that the copy could not be.
        let (copied, damages) = match parts.failed.take() {
            Some(error) => Err(error),
            None => exported,
        }?;
        for damage in damages.iter().filter(|damage| damage.is_loss()) {
            self.warnings
                .push(format!("存储已有损坏，快照中也缺这部分：{damage}"));
        }
        self.contents.store_reports = copied.reports as u64;
        self.contents.store_lost = copied.lost;
        self.contents.store_seq = copied.seq;
        self.contents.store_bytes = copied.bytes;
        Ok(())
    }

    fn end(mut self, about: About) -> Result<Written, Error> {
        let unpacked = self.entries.iter().map(|entry| entry.bytes).sum();
        let manifest = Manifest {
            about: about.clone(),
            contents: self.contents.clone(),
            entries: std::mem::take(&mut self.entries),
        };
        self.json(MANIFEST, &manifest)?;
        let finished = self
            .tar
            .into_inner()
            .and_then(zstd::Encoder::finish)
            .and_then(Sealing::finish);
        let (_, bytes) = finished.map_err(Error::unwritable(self.path))?;
        Ok(Written {
            about,
            contents: self.contents,
            bytes,
            unpacked,
            warnings: self.warnings,
        })
    }
}

/// The content of a file, if it did not change while it was read.
fn whole(opened: &mut Opened) -> io::Result<Option<Vec<u8>>> {
    let mut content = Vec::new();
    let mut input = Read::by_ref(&mut opened.file).take(opened.bytes + 1);
    input.read_to_end(&mut content)?;
    let is_whole = content.len() as u64 == opened.bytes && opened.is_unchanged();
    Ok(is_whole.then_some(content))
}

/// Reads, and hashes what was read.
struct Hashing<R> {
    input: R,
    hasher: blake3::Hasher,
    bytes: u64,
    /// Whether reading failed.
    failed: bool,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(out).inspect_err(|error| {
            self.failed = error.kind() != io::ErrorKind::Interrupted;
        })?;
        self.hasher.update(out.get(..read).unwrap_or_default());
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Writes the store in parts, since the length of an entry stands before it.
struct Parts<'a, 'b, W: Write> {
    packing: &'a mut Packing<'b, W>,
    pending: Vec<u8>,
    number: u64,
    failed: Option<Error>,
}

impl<W: Write> Parts<'_, '_, W> {
    /// Writes what is left.
    fn end(&mut self) -> Result<(), Error> {
        if self.pending.is_empty() {
            return Ok(());
        }
        self.number += 1;
        let name = store_part(self.number);
        let (bytes, time) = (self.pending.len() as u64, self.packing.time);
        let mut input = self.pending.as_slice();
        self.packing.add(&name, bytes, (0o600, time), &mut input)?;
        self.pending.clear();
        Ok(())
    }
}

impl<W: Write> Write for Parts<'_, '_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= PART
            && let Err(error) = self.end()
        {
            self.failed = Some(error);
            return Err(io::Error::other("a part cannot be written"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
