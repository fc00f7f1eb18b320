//! How often what was done to the index, how long it took and what became of it, since the start.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What was done, by kind and outcome.
#[derive(Debug, Default)]
pub struct Tally(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    builds: BTreeMap<(&'static str, bool), (u64, Duration)>,
    tasks: [u64; 2],
}

/// Generations that were made in one way with one outcome.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Built {
    /// How: `update` and `anew` from all texts, `take_in` of what was sent, `gather` of what readers
    /// may type.
    pub how: &'static str,
    /// Whether it could be made.
    pub is_done: bool,
    /// How many.
    pub count: u64,
    /// How long they took together.
    pub time: Duration,
}

/// All ways, so that each is shown before its first time.
const WAYS: [&str; 4] = ["update", "anew", "take_in", "gather"];

impl Tally {
    /// Adds a generation that was made or could not be.
    pub(super) fn built(&self, how: &'static str, time: Duration, is_done: bool) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, sum) = counts.builds.entry((how, is_done)).or_default();
        *count += 1;
        *sum += time;
    }

    /// Adds a task that ended.
    pub(super) fn ended(&self, is_done: bool) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.tasks[usize::from(!is_done)] += 1;
    }

    /// The generations that were made or could not be.
    #[must_use]
    pub fn builds(&self) -> Vec<Built> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        WAYS.iter()
            .flat_map(|how| [(*how, true), (*how, false)])
            .map(|(how, is_done)| {
                let found = counts.builds.get(&(how, is_done));
                let (count, time) = found.copied().unwrap_or_default();
                Built {
                    how,
                    is_done,
                    count,
                    time,
                }
            })
            .collect()
    }

    /// The tasks that ended: those whose reports can all be found, and others.
    #[must_use]
    pub fn tasks(&self) -> [u64; 2] {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.tasks
    }
}
