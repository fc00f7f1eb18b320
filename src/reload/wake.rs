//! Waking the thread that keeps the index up to date.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::held;

/// What the thread is to be woken for.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is raised by somebody else, and any of them may be at once"
)]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Raised {
    /// Something was written to the store.
    pub(super) written: bool,
    /// The other thread has ended its work.
    pub(super) finished: bool,
    /// The index is to be made anew.
    pub(super) anew: bool,
    /// There is nothing more to do.
    pub(super) stop: bool,
}

/// Where the thread waits.
#[derive(Debug, Default)]
pub(super) struct Wake {
    raised: Mutex<Raised>,
    told: Condvar,
}

impl Wake {
    /// Wakes the thread.
    pub(super) fn raise(&self, what: impl FnOnce(&mut Raised)) {
        what(&mut held(&self.raised));
        self.told.notify_all();
    }

    /// Waits for something, or until `until`, and takes what was raised; that the thread is to stop
    /// stays.
    pub(super) fn wait(&self, until: Instant) -> Raised {
        let mut raised = held(&self.raised);
        while *raised == Raised::default() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.told.wait_timeout(raised, left);
            raised = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let taken = *raised;
        *raised = Raised {
            stop: taken.stop,
            ..Raised::default()
        };
        taken
    }

    /// Whether the thread is to stop.
    pub(super) fn is_over(&self) -> bool {
        held(&self.raised).stop
    }
}
