//! Reads a backup and checks all of it.
//!
//! Whatever is done with a backup, it is read by this and no other code: names, order, lengths and
//! digests, the store record by record, the generation against its manifest, the keys, the counts.
//! What it holds is given on as it is read, and is to be believed only when [`read`] has come to its end.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::Error;
use super::form::{About, Contents, Entry, FORMAT, MAX_WHOLE, Manifest, Place, WITH_COUNTS};
use super::seal::Unsealing;
use crate::{analytics, index, key, store};

/// An archive ends with two blocks of zeros, of which the first says so.
const TAR_END: u64 = 512;
/// Bytes read at once.
const BUFFER: usize = 256 << 10;

/// A backup that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub about: About,
    /// What it holds.
    pub contents: Contents,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of what is in it.
    pub unpacked: u64,
    /// The digest of the file.
    pub(super) digest: blake3::Hash,
}

/// What stands beside the content of an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attributes {
    /// When it was last changed, in seconds since 1970-01-01 UTC.
    pub(super) modified: u64,
    /// Who may do what with it.
    pub(super) mode: u32,
}

/// Where what a backup holds goes.
pub(super) trait Receiver {
    /// The file that this entry is to be written to.
    fn file(&mut self, place: &Place) -> Result<Option<File>, Error>;
    /// The file has all its bytes.
    fn written(&mut self, place: &Place, file: File, about: Attributes) -> Result<(), Error>;
    /// A record of the store.
    fn record(&mut self, record: &[u8]) -> Result<(), store::Error>;
    /// The file of keys.
    fn keys(&mut self, content: &[u8]) -> Result<(), Error>;
}

/// Takes nothing.
struct Nobody;

impl Receiver for Nobody {
    fn file(&mut self, _: &Place) -> Result<Option<File>, Error> {
        Ok(None)
    }

    fn written(&mut self, _: &Place, _: File, _: Attributes) -> Result<(), Error> {
        Ok(())
    }

    fn record(&mut self, _: &[u8]) -> Result<(), store::Error> {
        Ok(())
    }

    fn keys(&mut self, _: &[u8]) -> Result<(), Error> {
        Ok(())
    }
}

/// Checks the backup in the file `path`.
///
/// # Errors
///
/// It cannot be read, is damaged, or is none.
pub fn check(path: &Path) -> Result<Found, Error> {
    read(path, &mut Nobody)
}

/// Reads the backup in the file `path`, and gives what it holds to `receiver`.
pub(super) fn read(path: &Path, receiver: &mut dyn Receiver) -> Result<Found, Error> {
    let file = File::open(path).map_err(Error::unreadable(path))?;
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(Error::Foreign {
            path: path.to_owned(),
        });
    }
    let reading = Reading {
        path,
        receiver,
        about: None,
        entries: Vec::new(),
        names: HashSet::new(),
        folders: HashSet::new(),
        store: store::backup::Arriving::default(),
        parts: 0,
        generation: None,
        contents: Contents::default(),
    };
    reading.all(file)
}

/// A backup being read.
struct Reading<'a> {
    path: &'a Path,
    receiver: &'a mut dyn Receiver,
    about: Option<About>,
    /// What was read so far.
    entries: Vec<Entry>,
    /// Files of the corpus, and the folders they stand in.
    names: HashSet<PathBuf>,
    folders: HashSet<PathBuf>,
    store: store::backup::Arriving,
    /// Parts of the store so far.
    parts: u64,
    generation: Option<(String, index::backup::Arriving)>,
    contents: Contents,
}

impl Reading<'_> {
    fn all(mut self, file: File) -> Result<Found, Error> {
        let foreign = || Error::Foreign {
            path: self.path.to_owned(),
        };
        let decoder = zstd::Decoder::new(Unsealing::new(file)).map_err(|_| foreign())?;
        let mut archive = tar::Archive::new(decoder);
        let mut manifest = None;
        for entry in archive.entries().map_err(|_| foreign())? {
            let mut entry = entry.map_err(|error| match self.about {
                None => self.foreign(),
                Some(_) => self.damaged(format!("读不下去：{error}")),
            })?;
            if manifest.is_some() {
                return Err(self.damaged("清单之后还有内容"));
            }
            manifest = self.entry(&mut entry)?;
        }
        if self.about.is_none() {
            return Err(self.foreign());
        }
        let manifest = manifest.ok_or_else(|| self.damaged("缺少清单，后面的内容不在了"))?;
        let mut decoder = archive.into_inner();
        let mut rest = Vec::new();
        let read = Read::by_ref(&mut decoder)
            .take(TAR_END + 1)
            .read_to_end(&mut rest);
        read.map_err(|error| self.damaged(format!("读不下去：{error}")))?;
        if rest.len() as u64 > TAR_END || rest.iter().any(|byte| *byte != 0) {
            return Err(self.damaged("清单之后还有内容"));
        }
        let sealed = decoder.finish().into_inner().finish();
        let sealed = sealed.map_err(Error::unreadable(self.path))?;
        let (digest, bytes) = sealed.ok_or_else(|| self.damaged("整个文件的校验和不符"))?;
        self.end(&manifest, digest, bytes)
    }

    /// Reads an entry; returns the manifest where it is that.
    fn entry(&mut self, entry: &mut tar::Entry<'_, impl Read>) -> Result<Option<Manifest>, Error> {
        let name = entry.path_bytes().into_owned();
        let shown = String::from_utf8_lossy(&name).into_owned();
        let place = Place::of(&name).filter(|_| entry.header().entry_type().is_file());
        let Some(place) = place else {
            return Err(match self.about {
                None => self.foreign(),
                Some(_) => self.damaged(format!("不该有名为“{}”的内容", shown.escape_debug())),
            });
        };
        if self.about.is_none() && place != Place::About {
            return Err(self.foreign());
        }
        if self.is_known(&shown, &place) {
            return Err(self.damaged(format!("{shown} 重复出现")));
        }
        let header = entry.header();
        let about = Attributes {
            modified: header.mtime().unwrap_or(0),
            mode: header.mode().unwrap_or(0o644),
        };
        let (content, bytes, digest) = self.content(&place, about, entry)?;
        let is_manifest = place == Place::Manifest;
        match place {
            Place::About => {
                let about = self.read_about(&content)?;
                self.contents.analytics_days = (about.format >= WITH_COUNTS).then_some(0);
                self.about = Some(about);
            }
            Place::Keys => {
                let keys = key::backup::check(&content);
                let keys = keys.map_err(|why| self.damaged(format!("密钥文件{why}")))?;
                self.contents.keys = Some(keys as u64);
                self.receiver.keys(&content)?;
            }
            Place::Corpus(_) => {
                self.contents.corpus_files += 1;
                self.contents.corpus_bytes += bytes;
            }
            Place::Analytics(date) => {
                let checked = analytics::backup::check(date, &content);
                checked.map_err(|why| self.damaged(format!("{date} 的检索统计：{why}")))?;
                *self.contents.analytics_days.get_or_insert_default() += 1;
                self.contents.analytics_bytes += bytes;
            }
            Place::Store(_) => self.contents.store_bytes += bytes,
            Place::Manifest | Place::Synonyms => {}
            Place::Index(generation, file) => {
                self.contents.index_bytes += bytes;
                self.index(generation, &file, &content, bytes, &digest)?;
            }
        }
        if is_manifest {
            let manifest = serde_json::from_slice(&content);
            return manifest
                .map(Some)
                .map_err(|error| self.damaged(format!("清单看不懂：{error}")));
        }
        self.entries.push(Entry {
            name: shown,
            bytes,
            blake3: digest,
        });
        Ok(None)
    }

    /// Whether there was such an entry already, or one that cannot stand beside it.
    fn is_known(&mut self, name: &str, place: &Place) -> bool {
        match place {
            Place::Corpus(path) => {
                let mut above = path.ancestors().skip(1);
                let known = self.folders.contains(path)
                    || above.any(|folder| self.names.contains(folder))
                    || !self.names.insert(path.clone());
                let folders = path.ancestors().skip(1).map(Path::to_owned);
                self.folders.extend(folders);
                known
            }
            // Parts are numbered, and files of a generation are taken off its list.
            Place::Store(_) | Place::Index(..) => false,
            _ => self.entries.iter().any(|entry| entry.name == name),
        }
    }

    /// Reads the content of an entry, gives it on, and says its length and digest. Where it is
    /// looked at as a whole, it comes with that.
    fn content(
        &mut self,
        place: &Place,
        about: Attributes,
        entry: &mut dyn Read,
    ) -> Result<(Vec<u8>, u64, String), Error> {
        let is_whole = match place {
            Place::About | Place::Manifest | Place::Keys | Place::Analytics(_) => true,
            Place::Index(_, file) => index::backup::Arriving::begins_with(file),
            Place::Corpus(_) | Place::Store(_) | Place::Synonyms => false,
        };
        let most = match place {
            Place::Analytics(_) => analytics::backup::MAX_BYTES,
            _ => MAX_WHOLE,
        };
        if let Place::Store(number) = place {
            self.parts += 1;
            if *number != self.parts {
                return Err(self.damaged(format!("缺少存储的第 {} 部分", self.parts)));
            }
        }
        let mut file = self.receiver.file(place)?;
        let mut hasher = blake3::Hasher::new();
        let (mut content, mut bytes) = (Vec::new(), 0);
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = match entry.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.damaged(format!("读不下去：{error}"))),
            };
            let piece = buffer.get(..read).unwrap_or_default();
            bytes += read as u64;
            hasher.update(piece);
            if let Some(file) = &mut file {
                let written = io::Write::write_all(file, piece);
                written.map_err(Error::unwritable(&self.path_of(place)))?;
            }
            if is_whole && bytes > most {
                return Err(self.damaged("说明文件过大"));
            }
            if is_whole {
                content.extend_from_slice(piece);
            }
            if let Place::Store(_) = place {
                let receiver = &mut *self.receiver;
                let taken = self
                    .store
                    .take(piece, &mut |record| receiver.record(record));
                taken.map_err(|error| self.of_store(error))?;
            }
        }
        if let Some(file) = file {
            self.receiver.written(place, file, about)?;
        }
        Ok((content, bytes, hasher.finalize().to_hex().to_string()))
    }

    /// What a failed write is named by.
    fn path_of(&self, place: &Place) -> PathBuf {
        match place {
            Place::Corpus(path) => path.clone(),
            Place::Index(_, file) => file.into(),
            Place::Analytics(date) => analytics::backup::name_of(*date).into(),
            _ => self.path.to_owned(),
        }
    }

    fn read_about(&self, content: &[u8]) -> Result<About, Error> {
        let about: About = serde_json::from_slice(content).map_err(|_| self.foreign())?;
        if about.format > FORMAT {
            return Err(Error::Newer {
                path: self.path.to_owned(),
                format: about.format,
                program: about.program,
            });
        }
        Ok(about)
    }

    fn index(
        &mut self,
        generation: String,
        file: &str,
        content: &[u8],
        bytes: u64,
        digest: &str,
    ) -> Result<(), Error> {
        let taken = match &mut self.generation {
            None if index::backup::Arriving::begins_with(file) => {
                index::backup::Arriving::begin(content).map(|arriving| {
                    self.contents.index = Some(generation.clone());
                    self.generation = Some((generation, arriving));
                })
            }
            Some((name, arriving)) if *name == generation => arriving.take(file, bytes, digest),
            _ => Err(format!("不该有 {generation}/{file}")),
        };
        taken.map_err(|why| self.damaged(format!("索引：{why}")))
    }

    /// Holds what was read against the manifest.
    fn end(
        mut self,
        manifest: &Manifest,
        digest: blake3::Hash,
        bytes: u64,
    ) -> Result<Found, Error> {
        if let Some((_, arriving)) = self.generation.take() {
            let whole = arriving.end();
            whole.map_err(|why| self.damaged(format!("索引：{why}")))?;
        }
        let copied = self.store.end().map_err(|error| self.of_store(error))?;
        self.contents.store_reports = copied.reports as u64;
        self.contents.store_lost = copied.lost;
        self.contents.store_seq = copied.seq;
        if let Some((found, stated)) =
            (self.entries.iter().zip(&manifest.entries)).find(|(found, stated)| found != stated)
        {
            let why = if found.name == stated.name {
                format!("{} 与清单不符", found.name)
            } else {
                format!("{} 与清单中的 {} 不符", found.name, stated.name)
            };
            return Err(self.damaged(why));
        }
        let about = self.about.clone().ok_or_else(|| self.foreign())?;
        let as_stated = self.entries.len() == manifest.entries.len()
            && about == manifest.about
            && self.contents == manifest.contents;
        if !as_stated {
            return Err(self.damaged("内容与清单不符"));
        }
        Ok(Found {
            about,
            unpacked: self.entries.iter().map(|entry| entry.bytes).sum(),
            contents: self.contents,
            bytes,
            digest,
        })
    }

    fn damaged(&self, why: impl Into<String>) -> Error {
        Error::Damaged {
            path: self.path.to_owned(),
            why: why.into(),
        }
    }

    fn foreign(&self) -> Error {
        Error::Foreign {
            path: self.path.to_owned(),
        }
    }

    /// What the store says of what arrived for it, or of where it was to go.
    fn of_store(&self, error: store::Error) -> Error {
        match error {
            store::Error::Backup { offset, what } => {
                self.damaged(format!("存储第 {offset} 字节处{what}"))
            }
            error => error.into(),
        }
    }
}
