//! The store as it goes into a backup while another process writes to it, and back.
//!
//! The log is only ever extended, and one that is rewritten meanwhile stays open as files, so it is
//! read without the lock: whatever was acknowledged before is in it. What comes back is checked
//! record by record, written as a log beside the one in force, and put in its place by one rename.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::copy::{Copied, Copying, Sink, accept};
use super::error::{Damage, Error};
use super::frame::{Condition, Found, Head, Kind, Scan};
use super::log::{self, Loaded, Lock, Writer};
use super::{Options, task};

/// There while a backup takes the place of what the store and others held.
const RESTORING: &str = "restoring";

/// Writes a copy of the store in the folder `root`, as [`super::Store::export`] does, though another
/// process have it open; nothing but the end of a copy where there is no store. Says what of it is
/// damaged.
///
/// # Errors
///
/// The store cannot be read, is half restored or of another version, or the copy cannot be written.
pub fn export(
    root: &Path,
    kept_tasks: usize,
    out: &mut dyn io::Write,
) -> Result<(Copied, Vec<Damage>), Error> {
    refuse_half_restored(root)?;
    let loaded = load(root, kept_tasks)?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    });
    let state = &loaded.state;
    let entries = state.after(0);
    let entries: Vec<_> = entries
        .map(|(id, entry)| (id.clone(), entry.clone()))
        .collect();
    let tasks: Vec<task::Task> = state.tasks.all().cloned().collect();
    let mut copying = Copying::new(Sink::Stream(out));
    copying.entries(&entries, state.horizon)?;
    copying.end(tasks, state.seq, state.horizon, now)?;
    Ok((copying.copied, loaded.damages))
}

/// The log in force, though another process replace it meanwhile.
fn load(root: &Path, kept_tasks: usize) -> Result<Loaded, Error> {
    loop {
        let generation = log::generation(root)?;
        let loaded = log::load(root, generation, kept_tasks);
        if log::generation(root)? == generation {
            return loaded;
        }
    }
}

/// Whether the store in the folder `root` holds reports, or what is left of them.
///
/// # Errors
///
/// It is of another version, or cannot be read.
pub fn holds_something(root: &Path) -> Result<bool, Error> {
    load(root, 0).map(|loaded| loaded.holds_something())
}

/// Refuses where another process has the store open. Nothing is made or changed.
///
/// # Errors
///
/// [`Error::Locked`], or the lock cannot be looked at.
pub fn refuse_in_use(root: &Path) -> Result<(), Error> {
    if log::is_locked(root)? {
        return Err(Error::Locked {
            path: root.to_owned(),
        });
    }
    Ok(())
}

/// Refuses where a backup was being put back and that did not come to its end.
///
/// # Errors
///
/// [`Error::HalfRestored`].
pub fn refuse_half_restored(root: &Path) -> Result<(), Error> {
    if root.join(RESTORING).exists() {
        return Err(Error::HalfRestored {
            path: root.to_owned(),
        });
    }
    Ok(())
}

/// Checks a copy that arrives in pieces, cut anywhere, and gives its records one by one.
#[derive(Debug, Default)]
pub struct Arriving {
    /// What arrived of a record that is not complete.
    pending: Vec<u8>,
    copied: Copied,
    /// Records so far.
    number: u64,
    ended: bool,
}

impl Arriving {
    /// Takes the next piece; each record that is complete is given to `each`.
    ///
    /// # Errors
    ///
    /// A record is damaged, or `each` fails.
    pub fn take(
        &mut self,
        piece: &[u8],
        each: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.pending.extend_from_slice(piece);
        let mut at = 0;
        let taken = loop {
            let rest = self.pending.get(at..).unwrap_or_default();
            if rest.is_empty() {
                break Ok(());
            }
            if self.ended {
                break Err(self.damaged("末尾之后还有内容"));
            }
            let bytes = match complete(rest) {
                Ok(Some(len)) => rest.get(..len).unwrap_or_default(),
                Ok(None) => break Ok(()),
                Err(what) => break Err(self.damaged(what)),
            };
            let frame = match Scan::new(bytes).next() {
                Some(Found::Frame(frame)) if frame.condition == Condition::Whole => frame,
                _ => break Err(self.damaged("记录不完整")),
            };
            if let Err(what) = accept(&frame, bytes, self.number) {
                break Err(self.damaged(what));
            }
            if let Err(error) = each(bytes) {
                break Err(error);
            }
            self.number = frame.head.number;
            self.copied.count(&frame.head, bytes.len());
            self.ended = frame.head.kind == Kind::Mark;
            at += bytes.len();
        };
        self.pending.drain(..at);
        taken
    }

    /// Says what it was, all of it having arrived.
    ///
    /// # Errors
    ///
    /// It ends early.
    pub fn end(&mut self) -> Result<Copied, Error> {
        if !self.ended || !self.pending.is_empty() {
            return Err(self.damaged("记录不完整"));
        }
        Ok(std::mem::take(&mut self.copied))
    }

    fn damaged(&self, what: &'static str) -> Error {
        Error::Backup {
            offset: self.copied.bytes,
            what,
        }
    }
}

/// The bytes of the record that `rest` begins with; nothing where more has to arrive.
fn complete(rest: &[u8]) -> Result<Option<usize>, &'static str> {
    let Some(opening) = rest.first_chunk() else {
        return Ok(None);
    };
    let end = Head::copy_behind(*opening).ok_or("不是记录的开头")?;
    if rest.len() < end {
        return Ok(None);
    }
    let head = Head::before_body(rest, 0).ok_or("记录的开头与校验不符")?;
    Ok(Some(head.frame_len()).filter(|len| *len <= rest.len()))
}

/// A log that comes from a backup, beside the one in force. Dropped before it is put in force, it
/// leaves the store as it was.
#[derive(Debug)]
pub struct Incoming {
    root: PathBuf,
    new: Writer,
    in_force: bool,
    /// Keeps other processes out.
    _lock: Lock,
}

impl Incoming {
    /// Begins a log in the folder `root`, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// Another process holds the store, it is of another version, or cannot be written.
    pub fn begin(root: &Path, options: &Options) -> Result<Self, Error> {
        let lock = log::lock(root)?;
        let generation = log::generation(root)?;
        log::tidy(root, generation);
        let new = Writer::building(root, generation + 1, options.segment_bytes)?;
        Ok(Self {
            root: root.to_owned(),
            new,
            in_force: false,
            _lock: lock,
        })
    }

    /// Adds a record, as [`Arriving`] gives them.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn add(&mut self, record: &[u8]) -> Result<(), Error> {
        self.new.write(record, false).map(drop)
    }

    /// Says, to last, that what the store and others hold is being replaced: until
    /// [`Incoming::finish`] the store does not open.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn announce(&self) -> Result<(), Error> {
        let path = self.root.join(RESTORING);
        fs::write(&path, b"").map_err(|source| Error::at(&path, source))?;
        log::sync_folder(&self.root)
    }

    /// Puts the log in force. The one before it is kept.
    ///
    /// # Errors
    ///
    /// It cannot be made durable or renamed.
    pub fn commit(&mut self) -> Result<(), Error> {
        self.new.rename(&self.root)?;
        self.in_force = true;
        log::sync_folder(&self.root)
    }

    /// Puts the log before it in force again, and lets the store open.
    ///
    /// # Errors
    ///
    /// Something cannot be renamed or removed.
    pub fn undo(&mut self) -> Result<(), Error> {
        if self.in_force {
            self.new.withdraw(&self.root)?;
            self.in_force = false;
        }
        self.end_announcement()
    }

    /// Removes the log that was in force before, and lets the store open.
    ///
    /// # Errors
    ///
    /// It cannot be let.
    pub fn finish(self) -> Result<(), Error> {
        log::tidy(&self.root, self.new.generation);
        self.end_announcement()
    }

    fn end_announcement(&self) -> Result<(), Error> {
        let path = self.root.join(RESTORING);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::at(&path, error)),
            _ => log::sync_folder(&self.root),
        }
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if !self.in_force {
            // What cannot be removed now is removed when the store is opened.
            let _ = fs::remove_dir_all(&self.new.folder);
        }
    }
}
