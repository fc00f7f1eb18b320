//! Reports that came over HTTP, kept so that none that was acknowledged is ever lost.
//!
//! A report that stands in a file can always be read again; one that was sent cannot. Each write
//! goes to the end of a log, is made durable, and only then acknowledged; writers that come at once
//! share one sync. The log is our own since one flipped bit must cost at most the record it falls
//! in, and that record must be named, where databases refuse the whole file or return what they
//! find. Nothing here knows of HTTP or of the index, and nothing else opens the folder.
//!
//! | file | holds |
//! |---|---|
//! | `store/frame.rs` | how a record stands in a file and is found again among damage |
//! | `store/content.rs` | a report as bytes |
//! | `store/task.rs` | what became of each request to write |
//! | `store/state.rs` | what the log says now |
//! | `store/log.rs` | the folder, opening, writing |
//! | `store/append.rs` | writes made durable in groups |
//! | `store/copy.rs` | rewriting the log, and copies for backups |
//! | `store/backup.rs` | such copies while another process writes, and put back |
//!
//! Invariant: after any end of the process, and one flipped bit, each report is as it was last
//! acknowledged or named as damaged (`tests/store.rs`).

mod append;
pub mod backup;
mod content;
mod copy;
mod error;
mod frame;
mod log;
mod state;
mod task;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LockResult, Mutex, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

pub use append::{Appended, Receipt, Write};
pub use content::Content;
pub use copy::{Copied, Verified, import, verify};
pub use error::{Damage, Error, Loss, Place};
pub use state::Holding;
pub use task::{Outcome, Task, TaskKind, TaskState};

use crate::config;
use append::Queue;
use log::{Lock, Writer};
use state::{Entry, State};

/// The most characters of an id.
pub const MAX_ID: usize = 128;

/// What a store takes.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most bytes of a report.
    pub max_report_bytes: u64,
    /// Bytes that must be left on the disk for a report to be taken.
    pub min_free_bytes: u64,
    /// A folder whose disk must have that room too.
    pub beside: Option<PathBuf>,
    /// Tasks that are remembered after they ended.
    pub kept_tasks: usize,
    /// Bytes past which a new segment begins; opening holds one segment in memory at a time.
    pub segment_bytes: u64,
    /// What the time is. It is only shown; the order of writes never depends on it.
    pub clock: fn() -> SystemTime,
}

impl Default for Options {
    fn default() -> Self {
        Self::from(&config::Store::default())
    }
}

impl From<&config::Store> for Options {
    fn from(settings: &config::Store) -> Self {
        Self {
            max_report_bytes: settings.max_report_mb << 20,
            min_free_bytes: settings.min_free_mb << 20,
            beside: None,
            kept_tasks: settings.kept_tasks,
            segment_bytes: 64 << 20,
            clock: SystemTime::now,
        }
    }
}

/// An open store. Any number of threads may read and write; no other process can.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    options: Options,
    /// Writes that wait.
    queue: Mutex<Queue>,
    /// Told when some of them were answered.
    answered: Condvar,
    writer: Mutex<Writer>,
    /// Changed only by whoever holds the writer.
    state: RwLock<State>,
    /// Held while the log is rewritten.
    rewriting: Mutex<()>,
    /// Keeps other processes out of a store that is written to.
    lock: Option<Lock>,
}

/// What is known of a report without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its id.
    pub id: Arc<str>,
    /// Whether it is there.
    pub holding: Holding,
    /// The number of its last write.
    pub seq: u64,
    /// The number it first arrived with.
    pub first: u64,
    /// The task of its last write, unless that was before the store was opened.
    pub task: Option<u64>,
    /// When it was last written, in milliseconds since 1970-01-01 UTC.
    pub written_at: u64,
    /// Bytes of text and fields.
    pub bytes: u64,
    /// The BLAKE3 digest of both.
    pub digest: [u8; 32],
}

/// A report, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// What is known of it.
    pub listed: Listed,
    /// The report.
    pub content: Content,
}

/// What was written after some number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The last write of each report that has one, in the order of writes.
    pub reports: Vec<Listed>,
    /// The number up to which these are all.
    pub through: u64,
}

/// Whether `id` can be a report's: 1–[`MAX_ID`] of `[A-Za-z0-9_-]`.
#[must_use]
pub fn valid_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_ID).contains(&id.len()) && id.bytes().all(allowed)
}

impl Store {
    /// Opens the store in the folder `root`, which is made where it is not there, and says what of
    /// it is damaged. Damage never keeps it from opening.
    ///
    /// # Errors
    ///
    /// Another process holds it, it is half restored or of another version, or its files cannot be
    /// read or written.
    pub fn open(root: &Path, options: &Options) -> Result<(Self, Vec<Damage>), Error> {
        let lock = log::lock(root)?;
        backup::refuse_half_restored(root)?;
        let generation = log::generation(root)?.max(1);
        let mut loaded = log::load(root, generation, options.kept_tasks)?;
        let writer = Writer::resume(root, generation, &mut loaded, options.segment_bytes)?;
        log::tidy(root, generation);
        let store = Self {
            root: root.to_owned(),
            options: options.clone(),
            queue: Mutex::default(),
            answered: Condvar::new(),
            writer: Mutex::new(writer),
            state: RwLock::new(loaded.state),
            rewriting: Mutex::default(),
            lock: Some(lock),
        };
        Ok((store, loaded.damages))
    }

    /// Opens the store for reading only, as it is now: nothing in the folder is changed, and another
    /// process may go on writing to it. Every write is refused as [`Error::ReadOnly`]. Where there is
    /// none it is empty.
    ///
    /// # Errors
    ///
    /// It is half restored or of another version, or its files cannot be read.
    pub fn open_to_read(root: &Path, options: &Options) -> Result<(Self, Vec<Damage>), Error> {
        backup::refuse_half_restored(root)?;
        loop {
            let generation = log::generation(root)?;
            let loaded = log::load(root, generation, options.kept_tasks)?;
            // A log that was replaced while it was read may be missing segments.
            if log::generation(root)? != generation {
                continue;
            }
            let store = Self {
                root: root.to_owned(),
                options: options.clone(),
                queue: Mutex::default(),
                answered: Condvar::new(),
                writer: Mutex::new(Writer::closed(root, generation)),
                state: RwLock::new(loaded.state),
                rewriting: Mutex::default(),
                lock: None,
            };
            return Ok((store, loaded.damages));
        }
    }

    /// Whether it was opened for reading only.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.lock.is_none()
    }

    /// The report of this id, checked against its digest; nothing where there is none.
    ///
    /// # Errors
    ///
    /// What is stored is not what was written, or cannot be read.
    pub fn get(&self, id: &str) -> Result<Option<Stored>, Error> {
        // The lock is not held while reading: the file stays open though the log be rewritten.
        let Some(entry) = held(self.state.read()).report(id).cloned() else {
            return Ok(None);
        };
        if entry.holding == Holding::Lost {
            return Err(entry.spot.damaged(id));
        }
        let (head, body) = entry.spot.read(id, entry.seq)?;
        let content = Content::unpack(&head, &body).ok_or_else(|| entry.spot.damaged(id))?;
        let listed = Listed::new(&Arc::from(id), &entry);
        Ok(Some(Stored { listed, content }))
    }

    /// What is known of the report of this id; nothing where there is none.
    #[must_use]
    pub fn listed(&self, id: &str) -> Option<Listed> {
        let state = held(self.state.read());
        state.report(id).map(|it| Listed::new(&Arc::from(id), it))
    }

    /// Whether there is a report of this id, damaged or not.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        held(self.state.read()).report(id).is_some()
    }

    /// Every report, in the order of first arrival.
    #[must_use]
    pub fn reports(&self) -> Vec<Listed> {
        let state = held(self.state.read());
        let all = state.after(0).map(|(id, entry)| Listed::new(id, entry));
        let mut reports: Vec<Listed> = all.filter(|it| it.holding != Holding::Deleted).collect();
        reports.sort_unstable_by_key(|report| report.first);
        reports
    }

    /// How many reports there are, damaged ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        held(self.state.read()).reports
    }

    /// Whether there is no report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The last number given out to a write or a task; all writes up to it are durable.
    #[must_use]
    pub fn seq(&self) -> u64 {
        held(self.state.read()).seq
    }

    /// What was written after `seq`, at most `limit` reports; nothing where withdrawals that old
    /// may be forgotten, so that all [`Store::reports`] must be compared instead.
    #[must_use]
    pub fn since(&self, seq: u64, limit: usize) -> Option<Changes> {
        let state = held(self.state.read());
        if seq < state.horizon {
            return None;
        }
        let mut later = state.after(seq).map(|(id, entry)| Listed::new(id, entry));
        let reports: Vec<Listed> = later.by_ref().take(limit).collect();
        let through = match (later.next(), reports.last()) {
            (None, _) => state.seq,
            (Some(_), last) => last.map_or(seq, |last| last.seq),
        };
        Some(Changes { reports, through })
    }

    /// The task of this number, unless it is forgotten.
    #[must_use]
    pub fn task(&self, id: u64) -> Option<Task> {
        held(self.state.read()).tasks.get(id).cloned()
    }

    /// Tasks before the number `before` and in `state`, where those are given; at most `limit`,
    /// newest first.
    #[must_use]
    pub fn tasks(&self, before: Option<u64>, limit: usize, state: Option<TaskState>) -> Vec<Task> {
        let held = held(self.state.read());
        let all = held.tasks.all().rev();
        all.filter(|task| before.is_none_or(|before| task.id < before))
            .filter(|task| state.is_none_or(|state| task.state == state))
            .take(limit)
            .cloned()
            .collect()
    }

    /// Tasks that have not ended, oldest first.
    #[must_use]
    pub fn unfinished(&self) -> Vec<Task> {
        let held = held(self.state.read());
        let all = held.tasks.all();
        all.filter(|task| !task.is_finished()).cloned().collect()
    }

    /// How many tasks have not ended.
    #[must_use]
    pub fn waiting(&self) -> usize {
        held(self.state.read()).tasks.waiting()
    }

    /// Bytes of the log, and how many of them say nothing any more.
    #[must_use]
    pub fn size(&self) -> (u64, u64) {
        let state = held(self.state.read());
        (state.total, state.garbage())
    }

    /// The time, in milliseconds since 1970-01-01 UTC; 0 before that.
    fn now(&self) -> u64 {
        let since = (self.options.clock)().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
    }
}

impl Listed {
    fn new(id: &Arc<str>, entry: &Entry) -> Self {
        Self {
            id: Arc::clone(id),
            holding: entry.holding,
            seq: entry.seq,
            first: entry.first,
            task: entry.task,
            written_at: entry.time,
            bytes: u64::from(entry.bytes),
            digest: entry.digest,
        }
    }
}

/// What a lock guards. No holder leaves it half changed, so one that panicked is no reason to stop.
fn held<G>(lock: LockResult<G>) -> G {
    lock.unwrap_or_else(PoisonError::into_inner)
}
