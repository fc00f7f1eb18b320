//! Keeps what is served in step with the corpus and with what is sent, while it is being served.
//!
//! An operator drops a report into the corpus, sends one over HTTP or edits `corpus/synonyms.toml`
//! and expects the next search to know; a restart would be too much to ask. One thread looks after
//! all of it: it is woken by whoever writes to the store and by the system when files change, and
//! looks at the files by itself twice a second where the system tells of nothing. Changed synonyms
//! and pins are put in force at once. What was sent is taken into the generation that is served. Changed
//! files, and all that calls for another index, are worked on by a second thread, beside the served
//! generation; what was sent meanwhile is taken in before the new one takes its place. A file that
//! is malformed changes nothing: it is reported, in the log once and at `/readyz` for as long as it
//! lasts, and the last good one stays in force.
//!
//! | file | holds |
//! |---|---|
//! | `reload.rs` | what is served, shared by all |
//! | `reload/watch.rs` | the thread that looks after it |
//! | `reload/work.rs` | making other generations and putting them in force |
//! | `reload/outcome.rs` | what the tasks came to |
//! | `reload/tally.rs` | how often what was done, for the metrics |
//! | `reload/wake.rs` | waking the thread |
//! | `reload/events.rs` | what the system tells of files |
//! | `reload/difference.rs` | what changed, in words |
//!
//! Invariants: a file is acted on only when it reads the same twice running, so that one being
//! written is not taken for the whole; whoever asks meanwhile sees a whole snapshot
//! (`tests/vocabulary.rs`); a task ends only when what it wrote can be found (`tests/writing.rs`).

mod difference;
mod events;
mod outcome;
mod tally;
mod wake;
mod watch;
mod work;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::watch as channel;

pub use tally::{Built, Tally};
pub use watch::{Keeping, Watch};

use crate::corpus::Corpus;
use crate::index::{Progress, Snapshot};
use crate::pin::Pins;
use crate::synonym::Synonyms;
use outcome::Outcomes;
use wake::Wake;

/// How often the files are looked at.
pub const INTERVAL: Duration = Duration::from_millis(500);

/// What is served now. Shared by those who answer and whoever keeps it up to date.
pub struct Served {
    snapshot: ArcSwap<Snapshot>,
    condition: ArcSwap<Condition>,
    progress: Mutex<Option<Progress>>,
    /// Held while another generation takes the place of the one that is served, which may be long:
    /// not to be waited for by whoever answers.
    taking: Mutex<Outcomes>,
    /// All writes up to this number can be found. Changed only by whoever holds `taking`.
    through: AtomicU64,
    wake: Arc<Wake>,
    /// The corpus whose vocabulary is looked after.
    corpus: OnceLock<Corpus>,
    /// Told whenever tasks ended.
    ended: channel::Sender<u64>,
    tally: Tally,
}

/// How things stand to what is served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// What is wrong with the vocabulary files or keeps the index from being brought up to date, for
    /// operators, in Chinese; what was good before is in force.
    pub warnings: Vec<String>,
    /// Whether another index is being made.
    pub rebuilding: bool,
    /// What was found damaged in the index and the store when they were opened, in Chinese.
    pub damage: Vec<String>,
}

impl Served {
    /// Serves `snapshot` first.
    #[must_use]
    pub fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            condition: ArcSwap::default(),
            progress: Mutex::default(),
            taking: Mutex::default(),
            through: AtomicU64::new(0),
            wake: Arc::default(),
            corpus: OnceLock::new(),
            ended: channel::Sender::new(0),
            tally: Tally::default(),
        }
    }

    /// What is in force; hold on to it for the length of a request.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// How things stand.
    #[must_use]
    pub fn condition(&self) -> Arc<Condition> {
        self.condition.load_full()
    }

    /// How far the making of another index is; nothing where none is being made.
    #[must_use]
    pub fn progress(&self) -> Option<Progress> {
        *held(&self.progress)
    }

    /// All writes of the store up to this number can be found.
    #[must_use]
    pub fn through(&self) -> u64 {
        self.through.load(Ordering::Acquire)
    }

    /// Says that something was written to the store.
    pub fn written(&self) {
        self.wake.raise(|raised| raised.written = true);
    }

    /// Asks for the index to be made anew from all there is.
    pub fn make_anew(&self) {
        self.wake.raise(|raised| raised.anew = true);
    }

    /// What is told of whenever tasks ended: how often that has been.
    #[must_use]
    pub fn ends(&self) -> channel::Receiver<u64> {
        self.ended.subscribe()
    }

    /// The corpus whose vocabulary is taken up when it changes; nothing where nobody looks after it.
    #[must_use]
    pub fn corpus(&self) -> Option<&Corpus> {
        self.corpus.get()
    }

    /// How often what was done.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    fn set_through(&self, through: u64) {
        self.through.store(through, Ordering::Release);
    }

    fn tell_ended(&self) {
        self.ended.send_modify(|times| *times += 1);
    }

    fn show(&self, progress: Option<Progress>) {
        *held(&self.progress) = progress;
    }

    fn put_synonyms(&self, synonyms: &Arc<Synonyms>) {
        self.snapshot
            .rcu(|snapshot| snapshot.with_synonyms(Arc::clone(synonyms)));
    }

    fn put_pins(&self, pins: &Arc<Pins>) {
        self.snapshot
            .rcu(|snapshot| snapshot.with_pins(Arc::clone(pins)));
    }

    /// Puts another generation in force, under the synonyms and pins that are.
    fn put_generation(&self, generation: &Snapshot) {
        self.snapshot.rcu(|snapshot| {
            generation
                .with_synonyms(Arc::clone(snapshot.synonyms()))
                .with_pins(Arc::clone(snapshot.pins()))
        });
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.wake.raise(|raised| raised.stop = true);
    }
}

/// What a lock guards. No holder leaves it half changed, so one that panicked is no reason to stop.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
