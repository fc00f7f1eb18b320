//! What readers search for, find and choose, as counts for the site owner.
//!
//! An owner who does not know which words find nothing cannot mend it. So for each day it is counted
//! how often each query was asked, how often it found nothing, and which hits were chosen. Nothing
//! else is kept: no address, no key, no number of a request, no time but the day, and nothing that
//! joins one search to another. A query that looks like a number of a person or an address of mail
//! is counted without its words ([`private`]).
//!
//! Whoever answers a search leaves a note and goes on; a thread of its own takes the notes up about
//! once a second and writes the day's file every few seconds. What there is of it is bounded: notes
//! that wait, queries of a day, days. Of more queries than are kept, those asked least go among the
//! others, so that sums stay true.
//!
//! | file | holds |
//! |---|---|
//! | `analytics.rs` | leaving notes, and taking them up |
//! | `analytics/day.rs` | the counts of a day |
//! | `analytics/file.rs` | the folder: a file for each day, whole or the one before it |
//! | `analytics/private.rs` | what is not kept of a query |
//! | `analytics/settle.rs` | searches while typing, of which only the last is one |
//! | `analytics/report.rs` | the counts of many days together |
//! | `analytics/backup.rs` | the counts as they go into a backup, and back |
//!
//! Invariants: the sums of the days are what was counted, whatever was dropped for room; the folder
//! holds nothing of any person; a damaged file is set aside and named, never deleted
//! (`tests/analytics.rs`).

pub mod backup;
mod day;
mod file;
pub mod private;
mod report;
mod settle;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{io, mem};

use jiff::civil::Date;
use jiff::{ToSpan, ZonedDateTime};

use self::day::Day;
pub use self::day::{MAX_RANK, Totals};
use self::file::Folder;
pub use self::report::{DayLine, PassageLine, QueryLine, Report};
pub use self::settle::SETTLED;
use self::settle::Settling;
use crate::config;

/// The most characters of a query that is kept; of a longer one only that it was asked.
pub const MAX_QUERY_CHARS: usize = 200;
/// The most notes that wait to be taken up; more are dropped, and that is counted.
const MAX_WAITING: usize = 16_384;
/// How long notes wait at most.
const TAKEN_UP: Duration = Duration::from_secs(1);
/// How long counts wait to be written.
const WRITTEN: Duration = Duration::from_secs(5);

/// Says which day it is.
pub type Clock = Arc<dyn Fn() -> Date + Send + Sync>;

/// What there is to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A query was asked, and so many passages found.
    Search {
        /// As it was typed.
        query: String,
        /// How many passages it found.
        total: u64,
    },
    /// A hit was chosen.
    Click {
        /// What was asked, as it was typed.
        query: String,
        /// The passage's id.
        passage: String,
        /// Where it stood among the hits, from 1.
        rank: u32,
    },
}

impl Event {
    /// A search, with no more of the query than can be kept.
    #[must_use]
    pub fn search(query: &str, total: usize) -> Self {
        Self::Search {
            query: kept(query),
            total: total as u64,
        }
    }

    /// A choice, with no more of the query than can be kept.
    #[must_use]
    pub fn click(query: &str, passage: &str, rank: u32) -> Self {
        Self::Click {
            query: kept(query),
            passage: passage.to_owned(),
            rank: rank.clamp(1, MAX_RANK),
        }
    }
}

/// A query where it is not too long, else nothing of it: cut, it would be another one.
fn kept(query: &str) -> String {
    let query = query.trim();
    if query.chars().nth(MAX_QUERY_CHARS).is_some() {
        return String::new();
    }
    query.to_owned()
}

/// What is kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The folder it is kept in.
    pub path: PathBuf,
    /// How many days.
    pub keep_days: usize,
    /// How many different queries of a day.
    pub max_queries: usize,
    /// How often a query must be asked within a day to be shown, and kept when the day is over.
    pub min_count: u64,
}

impl From<&config::Analytics> for Options {
    fn from(settings: &config::Analytics) -> Self {
        Self {
            path: settings.path.clone(),
            keep_days: settings.keep_days,
            max_queries: settings.max_queries,
            min_count: settings.min_count,
        }
    }
}

/// Why nothing can be counted.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process counts into the folder.
    #[error("统计文件夹 {} 正被另一个服务使用；请用 analytics.path 给本服务另设一个", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be made, read or written.
    #[error(
        "统计文件夹 {} 用不了：{source}；请检查权限和磁盘空间，或用 analytics.path 指向别处",
        path.display()
    )]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// How much was counted since the start, for the metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Searches.
    pub searches: u64,
    /// Choices of a hit.
    pub clicks: u64,
    /// What was dropped, since too much waited to be taken up.
    pub dropped: u64,
    /// How often counts could not be written.
    pub failed: u64,
}

/// Counts what readers do. Notes can be left from any thread.
pub struct Analytics {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    /// Told when there is much to take up, or the end.
    much: Condvar,
    counts: Mutex<Counts>,
    /// Held while a file is written, so that an older state never replaces a newer one.
    writing: Mutex<()>,
    folder: Folder,
    options: Options,
    clock: Clock,
    searches: AtomicU64,
    clicks: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    events: Vec<Noted>,
    is_over: bool,
}

/// A note as it waits.
struct Noted {
    event: Event,
    /// By whom and when, where it may be one of several while typing.
    typed: Option<(u64, Instant)>,
}

/// The counts of the day.
struct Counts {
    date: Date,
    day: Day,
    /// Whether the file says less.
    is_ahead: bool,
    /// Searches that others may take the place of.
    settling: Settling,
    /// Days that are over and could not be written yet.
    late: Vec<(Date, Day)>,
}

/// What a lock guards. No holder leaves it half changed, so one that panicked is no reason to stop.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Analytics {
    /// Counts into the folder that the options name, which is made where it is not there; days are
    /// those of the place where the service runs.
    ///
    /// # Errors
    ///
    /// Another process counts into it, or it cannot be used.
    pub fn open(options: Options) -> Result<Self, Error> {
        Self::open_at(options, Arc::new(|| ZonedDateTime::now().date()))
    }

    /// The same, with days as `clock` has them.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_at(options: Options, clock: Clock) -> Result<Self, Error> {
        let folder = Folder::open(&options.path)?;
        let date = clock();
        let day = folder.day(date).unwrap_or_default();
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            much: Condvar::new(),
            counts: Mutex::new(Counts {
                date,
                day,
                is_ahead: false,
                settling: Settling::default(),
                late: Vec::new(),
            }),
            writing: Mutex::default(),
            folder,
            options,
            clock,
            searches: AtomicU64::new(0),
            clicks: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        });
        shared.tidy(date);
        let keeper = Arc::clone(&shared);
        let thread = thread::Builder::new().name("analytics".to_owned());
        let thread = thread.spawn(move || keeper.keep());
        let thread = thread.map_err(|source| Error::Unusable {
            path: shared.options.path.clone(),
            source,
        })?;
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Leaves a note. Costs a moment and never waits for the disk; where too many notes wait
    /// already, it is dropped and that is counted.
    pub fn note(&self, event: Event) {
        self.leave(Noted { event, typed: None });
    }

    /// The same for a search that may be one of several while a query is being typed, by an asker
    /// who is told from others by a number; it waits for [`SETTLED`].
    pub fn note_typed(&self, event: Event, asker: u64) {
        let typed = Some((asker, Instant::now()));
        self.leave(Noted { event, typed });
    }

    fn leave(&self, noted: Noted) {
        let kind = match noted.event {
            Event::Search { .. } => &self.shared.searches,
            Event::Click { .. } => &self.shared.clicks,
        };
        let waiting = {
            let mut waiting = held(&self.shared.waiting);
            if waiting.events.len() >= MAX_WAITING {
                self.shared.dropped.fetch_add(1, Ordering::Relaxed);
                return;
            }
            waiting.events.push(noted);
            waiting.events.len()
        };
        kind.fetch_add(1, Ordering::Relaxed);
        if waiting == MAX_WAITING / 2 {
            self.shared.much.notify_one();
        }
    }

    /// How much was counted since the start.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Tally {
            searches: of(&self.shared.searches),
            clicks: of(&self.shared.clicks),
            dropped: of(&self.shared.dropped),
            failed: of(&self.shared.failed),
        }
    }

    /// What is kept, and for how long.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// The day it is.
    #[must_use]
    pub fn today(&self) -> Date {
        (self.shared.clock)()
    }

    /// The counts from one day to another, both counted; reads their files, so not for those who
    /// must not wait. Of each list at most `limit` are given. With `query`, its counts only, however
    /// it is written.
    #[must_use]
    pub fn report(&self, from: Date, to: Date, limit: usize, query: Option<&str>) -> Report {
        let shared = &self.shared;
        shared.take_up(true);
        if !held(&shared.counts).late.is_empty() {
            shared.write();
        }
        let today = {
            let counts = held(&shared.counts);
            (counts.date, counts.day.clone())
        };
        let mut report = report::Gathering::new(shared.options.min_count, query);
        let mut date = from;
        while date <= to {
            if date == today.0 {
                report.add(date, &today.1);
            } else {
                report.add(date, &shared.folder.day(date).unwrap_or_default());
            }
            match date.checked_add(1.day()) {
                Ok(next) => date = next,
                Err(_) => break,
            }
        }
        report.finish(from, to, limit)
    }

    /// Takes up and writes what there is.
    pub fn flush(&self) {
        self.shared.take_up(true);
        self.shared.write();
    }

    /// Ends the thread; what was counted is written when this returns.
    pub fn close(&self) {
        held(&self.shared.waiting).is_over = true;
        self.shared.much.notify_one();
        let thread = held(&self.thread).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("统计线程中断");
        }
    }
}

impl Drop for Analytics {
    fn drop(&mut self) {
        self.close();
    }
}

impl Shared {
    /// Takes notes up and writes, until the end.
    fn keep(&self) {
        let mut written = Instant::now();
        loop {
            let is_over = {
                let waiting = held(&self.waiting);
                let idle = |waiting: &mut Waiting| {
                    !waiting.is_over && waiting.events.len() < MAX_WAITING / 2
                };
                let waited = self.much.wait_timeout_while(waiting, TAKEN_UP, idle);
                waited.unwrap_or_else(PoisonError::into_inner).0.is_over
            };
            self.take_up(is_over);
            if is_over || written.elapsed() >= WRITTEN {
                self.write();
                written = Instant::now();
            }
            if is_over {
                return;
            }
        }
    }

    /// Adds what waits to the counts; with `all`, also what others could still take the place of.
    fn take_up(&self, all: bool) {
        // In this order, so that notes are added in the order they were left.
        let mut counts = held(&self.counts);
        let noted = mem::take(&mut held(&self.waiting).events);
        let mut events = Vec::with_capacity(noted.len());
        for Noted { event, typed } in noted {
            match (event, typed) {
                (Event::Search { query, total }, Some((asker, at))) => {
                    let settling = &mut counts.settling;
                    settling.offer(asker, query, total, at, &mut events);
                }
                (event, _) => events.push(event),
            }
        }
        if all {
            counts.settling.all(&mut events);
        } else {
            counts.settling.ripe(Instant::now(), &mut events);
        }
        let today = (self.clock)();
        // A clock that was put back is no other day: what was counted would be counted over.
        if today > counts.date {
            let day = mem::take(&mut counts.day);
            let date = mem::replace(&mut counts.date, today);
            counts.late.push((date, day));
            counts.is_ahead = false;
            counts.day = self.folder.day(today).unwrap_or_default();
        }
        for event in events {
            counts.day.add(&event, self.options.max_queries);
            counts.is_ahead = true;
        }
    }

    /// Writes what the files do not say yet.
    fn write(&self) {
        let _writing = held(&self.writing);
        let (date, day, late) = {
            let mut counts = held(&self.counts);
            let late = mem::take(&mut counts.late);
            if !counts.is_ahead && late.is_empty() {
                return;
            }
            let day = counts.is_ahead.then(|| counts.day.clone());
            counts.is_ahead = false;
            (counts.date, day, late)
        };
        let is_new_day = !late.is_empty();
        for (date, mut day) in late {
            day.close(self.options.min_count);
            if !self.put(date, &day) {
                held(&self.counts).late.push((date, day));
            }
        }
        if let Some(day) = day
            && !self.put(date, &day)
        {
            held(&self.counts).is_ahead = true;
        }
        if is_new_day {
            self.tidy(date);
        }
    }

    /// Writes a day's file. Says whether it could.
    fn put(&self, date: Date, day: &Day) -> bool {
        let Err(error) = self.folder.put(date, day) else {
            return true;
        };
        if self.failed.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!("统计没有写成，留在内存里再试：{error}；检索照常");
        }
        false
    }

    /// Closes the days that are over, and removes those that are kept no longer.
    fn tidy(&self, today: Date) {
        let days = i64::try_from(self.options.keep_days).unwrap_or(i64::MAX);
        let oldest = today.checked_sub(days.saturating_sub(1).min(100_000).days());
        for date in self.folder.dates() {
            if oldest.as_ref().is_ok_and(|oldest| date < *oldest) {
                self.folder.remove(date);
            } else if date < today
                && self.options.min_count > 1
                && let Some(mut day) = self.folder.day(date)
                && day.close(self.options.min_count)
            {
                self.put(date, &day);
            }
        }
    }
}
