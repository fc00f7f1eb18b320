//! Puts what a backup holds in place of what is there.
//!
//! The backup is read twice: once to check it, before anything is made or changed, and again to write
//! what it holds beside what is there. Only then are files renamed, and what was there is kept until
//! all of them are: where one fails, all of it is put back, and where the process ends, the store
//! does not open before a restoring came to its end.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::form::Place;
use super::read::{self, Attributes, Found, Receiver};
use super::{Error, Places};
use crate::corpus::backup as files;
use crate::{analytics, index, key, store, swap};

/// Room that is to be left on a disk, in bytes.
const MARGIN: u64 = 16 << 20;

/// How a backup is put back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restoring {
    /// Whether it takes the place of what is there.
    pub overwrite: bool,
    /// Whether the keys that are there stay.
    pub keep_keys: bool,
}

/// Puts what the backup in the file `path` holds in place of what is there, and says what it was.
///
/// # Errors
///
/// It is damaged, there is something that may not be overwritten or is in use, or something cannot
/// be written: everything is as it was then, but after [`Error::HalfDone`].
pub fn restore(path: &Path, places: &Places, how: Restoring) -> Result<Found, Error> {
    if path.is_dir() {
        return Err(Error::Foreign {
            path: path.to_owned(),
        });
    }
    let mut apart = places.apart();
    apart.push(path.to_owned());
    // What can be said without reading all of the file.
    if let Some(path) = files::entangled(&places.corpus, &apart) {
        return Err(Error::Entangled {
            path: path.to_owned(),
        });
    }
    store::backup::refuse_in_use(&places.store)?;
    index::backup::refuse_in_use(&places.index)?;
    analytics::backup::refuse_in_use(&places.analytics)?;
    refuse_occupied(places, &apart, how, false)?;
    let found = read::check(path)?;
    refuse_full(places, &found)?;
    // Of a backup that says nothing of counts, those that are there stay.
    let days = found.contents.analytics_days;
    let counts = days.filter(|days| *days > 0 || places.analytics.is_dir());

    let mut staged = Staged {
        store: store::backup::Incoming::begin(&places.store, &places.store_options)?,
        index: index::backup::Incoming::begin(&places.index)?,
        corpus: files::Incoming::begin(&places.corpus, &apart)
            .map_err(Error::unwritable(&places.corpus))?,
        keys: None,
        keys_path: (!how.keep_keys).then_some(&places.keys),
        analytics: counts
            .map(|_| analytics::backup::Incoming::begin(&places.analytics))
            .transpose()?,
    };
    // A service may have come and gone while the file was read.
    refuse_occupied(places, &apart, how, days.is_some())?;
    let again = read::read(path, &mut staged)?;
    if again.digest != found.digest {
        return Err(Error::Damaged {
            path: path.to_owned(),
            why: "读第二遍时与第一遍不同，有程序正在改它".to_owned(),
        });
    }
    if staged.keys.is_none() && !how.keep_keys {
        staged.keys = Some(key::backup::Incoming::begin(&places.keys, None)?);
    }
    staged.put_in_place()?;
    Ok(found)
}

/// Refuses where there is something that would be lost; with `counts`, counts of searches are.
fn refuse_occupied(
    places: &Places,
    apart: &[PathBuf],
    how: Restoring,
    counts: bool,
) -> Result<(), Error> {
    if how.overwrite {
        return Ok(());
    }
    let occupied = [
        (
            "语料目录",
            &places.corpus,
            files::holds_something(&places.corpus, apart),
        ),
        (
            "存储目录",
            &places.store,
            store::backup::holds_something(&places.store)?,
        ),
        (
            "索引目录",
            &places.index,
            index::backup::holds_something(&places.index),
        ),
        (
            "密钥文件",
            &places.keys,
            !how.keep_keys && places.keys.exists(),
        ),
        (
            "统计目录",
            &places.analytics,
            counts && analytics::backup::holds_something(&places.analytics),
        ),
    ];
    let occupied: Vec<String> = occupied
        .into_iter()
        .filter(|(.., occupied)| *occupied)
        .map(|(what, path, _)| format!("{what} {}", path.display()))
        .collect();
    if occupied.is_empty() {
        return Ok(());
    }
    Err(Error::Occupied {
        what: occupied.join("、"),
    })
}

/// Refuses where there is not room enough beside what is there.
fn refuse_full(places: &Places, found: &Found) -> Result<(), Error> {
    let contents = &found.contents;
    let mut needs: Vec<(&Path, u64, u64, u64)> = Vec::new();
    for (path, bytes) in [
        (&places.corpus, contents.corpus_bytes),
        (&places.store, contents.store_bytes),
        (&places.index, contents.index_bytes),
        (&places.analytics, contents.analytics_bytes),
    ] {
        let there = path.ancestors().find(|path| path.exists());
        let there = there.unwrap_or(Path::new("."));
        // What cannot be known is no reason to refuse: the disk will say.
        let Ok(free) = fs4::available_space(there) else {
            continue;
        };
        let disk = std::fs::metadata(there).map_or(0, |it| it.dev());
        match needs.iter_mut().find(|(.., known)| *known == disk) {
            Some((_, need, ..)) => *need += bytes,
            None => needs.push((path, bytes + MARGIN, free, disk)),
        }
    }
    match needs.into_iter().find(|(_, need, free, _)| need > free) {
        Some((path, need, free, _)) => Err(Error::NoRoom {
            path: path.to_owned(),
            need,
            free,
        }),
        None => Ok(()),
    }
}

/// What a backup holds, written beside what is there. Dropped before it is put in place, it leaves
/// everything as it was.
struct Staged<'a> {
    store: store::backup::Incoming,
    index: index::backup::Incoming,
    corpus: files::Incoming,
    keys: Option<key::backup::Incoming>,
    /// Where keys go, unless those that are there stay.
    keys_path: Option<&'a Path>,
    /// Nothing where the counts that are there stay.
    analytics: Option<analytics::backup::Incoming>,
}

impl Receiver for Staged<'_> {
    fn file(&mut self, place: &Place) -> Result<Option<File>, Error> {
        let file = match place {
            Place::Corpus(name) => {
                let file = self.corpus.file(name);
                file.map_err(Error::unwritable(&self.corpus.path().join(name)))
            }
            Place::Index(generation, name) => {
                let file = self.index.file(generation, name);
                file.map_err(Error::unwritable(Path::new(name)))
            }
            Place::Synonyms => {
                let file = self.index.synonyms();
                file.map_err(Error::unwritable(Path::new("synonyms.toml")))
            }
            Place::Analytics(date) => {
                let Some(incoming) = &self.analytics else {
                    return Ok(None);
                };
                let name = analytics::backup::name_of(*date);
                incoming
                    .file(*date)
                    .map_err(Error::unwritable(Path::new(&name)))
            }
            Place::About | Place::Manifest | Place::Keys | Place::Store(_) => return Ok(None),
        };
        file.map(Some)
    }

    fn written(&mut self, place: &Place, file: File, about: Attributes) -> Result<(), Error> {
        let done: io::Result<()> = match place {
            Place::Corpus(_) => swap::complete(&file, Some(about.modified), about.mode),
            _ => swap::complete(&file, None, about.mode),
        };
        done.map_err(|source| {
            let name = match place {
                Place::Corpus(name) => self.corpus.path().join(name),
                Place::Index(_, name) => name.into(),
                Place::Analytics(date) => analytics::backup::name_of(*date).into(),
                _ => PathBuf::from("synonyms.toml"),
            };
            Error::unwritable(&name)(source)
        })
    }

    fn record(&mut self, record: &[u8]) -> Result<(), store::Error> {
        self.store.add(record)
    }

    fn keys(&mut self, content: &[u8]) -> Result<(), Error> {
        if let Some(path) = self.keys_path {
            self.keys = Some(key::backup::Incoming::begin(path, Some(content))?);
        }
        Ok(())
    }
}

impl Staged<'_> {
    fn put_in_place(mut self) -> Result<(), Error> {
        self.store.announce()?;
        if let Err(cause) = self.commit() {
            return Err(match self.undo() {
                Ok(()) => cause,
                Err(undo) => Error::HalfDone {
                    cause: Box::new(cause),
                    undo: Box::new(undo),
                },
            });
        }
        self.corpus.finish();
        self.index.finish();
        if let Some(keys) = self.keys {
            keys.finish();
        }
        if let Some(counts) = self.analytics {
            counts.finish();
        }
        Ok(self.store.finish()?)
    }

    fn commit(&mut self) -> Result<(), Error> {
        let corpus = self.corpus.commit();
        corpus.map_err(Error::unwritable(self.corpus.path()))?;
        self.index.commit()?;
        if let Some(keys) = &mut self.keys {
            keys.commit()?;
        }
        if let Some(counts) = &mut self.analytics {
            counts.commit()?;
        }
        Ok(self.store.commit()?)
    }

    /// Puts everything back, and says only then that it is.
    fn undo(&mut self) -> Result<(), Error> {
        let corpus = self.corpus.undo();
        corpus.map_err(Error::unwritable(self.corpus.path()))?;
        self.index.undo()?;
        if let Some(keys) = &mut self.keys {
            keys.undo()?;
        }
        if let Some(counts) = &mut self.analytics {
            counts.undo()?;
        }
        Ok(self.store.undo()?)
    }
}
