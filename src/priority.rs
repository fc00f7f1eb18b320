//! How urgent the work of a thread is, where there is not enough time for all.
//!
//! Whoever accepts, refuses and says how the service is has little to do and must not wait for those
//! that search, who have much; and they not for a rebuild, of which nobody feels how long it takes.
//!
//! On Linux this is said of a thread, and of those that it starts later; elsewhere it would be of the
//! whole process, so that it is left.

use std::cell::Cell;

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// Searches: a third of what a thread gets that answers at once.
    Search,
    /// Builds an index beside the one that is served: a tenth of what one gets that searches.
    Rebuild,
}

impl Work {
    /// How much nicer than others the thread is, in the steps of `nice`, of which each takes about a
    /// fifth.
    #[cfg(target_os = "linux")]
    fn niceness(self) -> i32 {
        match self {
            Self::Search => 5,
            Self::Rebuild => 15,
        }
    }
}

/// Says that this thread does `work` from now on, and that the threads it starts do.
pub fn begin(work: Work) {
    thread_local! {
        static BEGUN: Cell<Option<Work>> = const { Cell::new(None) };
    }
    if BEGUN.get().is_some() {
        return;
    }
    BEGUN.set(Some(work));
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(work.niceness()) {
        tracing::debug!(%error, ?work, "a thread goes on at the priority of all others");
    }
}
