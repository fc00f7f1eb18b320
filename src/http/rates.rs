//! How often an address may ask, in a table of fixed size.
//!
//! Each address has an allowance that fills steadily: the generic cell rate algorithm, which keeps
//! one number, the time at which the allowance is full again. A map of addresses would grow with
//! whoever has many; here the numbers stand in two rows of cells that addresses are hashed to, by a
//! secret, and the better of both counts. Only who shares both cells with busy ones is counted
//! together with them, and a cell frees itself as time goes by.
//!
//! Invariants: nobody who keeps to the rate is refused while others do, memory does not grow (the
//! tests below; over HTTP `tests/overload.rs`).

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::client::Household;
use crate::key::Allowance;

/// Cells of a row.
const CELLS: usize = 1 << 15;
/// The seconds whose requests may come all at once.
const BURST_SECONDS: u32 = 10;

/// Counts the requests of each address.
pub(super) struct Rates {
    /// What one request takes of the allowance, in nanoseconds.
    step: u64,
    burst: u32,
    began: Instant,
    secrets: [RandomState; 2],
    /// When each allowance is full again, in nanoseconds since it began.
    cells: Vec<AtomicU64>,
}

impl Rates {
    /// So many requests a minute; nothing where they are not counted.
    pub(super) fn new(per_minute: u32) -> Option<Self> {
        let step = 60_000_000_000_u64.checked_div(per_minute.into())?;
        Some(Self {
            step,
            burst: (per_minute.saturating_mul(BURST_SECONDS) / 60).max(5),
            began: Instant::now(),
            secrets: [RandomState::new(), RandomState::new()],
            cells: (0..2 * CELLS).map(|_| AtomicU64::new(0)).collect(),
        })
    }

    /// Counts one request.
    ///
    /// # Errors
    ///
    /// How long to wait, where there were too many.
    pub(super) fn count(&self, who: Household) -> Result<Allowance, Duration> {
        self.count_at(who, self.began.elapsed())
    }

    fn count_at(&self, who: Household, now: Duration) -> Result<Allowance, Duration> {
        let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX / 2);
        let cells = self.cells_of(who);
        let full_at = cells.map(|cell| cell.load(Ordering::Relaxed));
        let before = full_at.into_iter().fold(u64::MAX, u64::min).max(now);
        let after = before + self.step;
        let most = self.step * u64::from(self.burst);
        let used = after - now;
        if used > most {
            return Err(Duration::from_nanos(used - most));
        }
        for cell in cells {
            // What another request put there meanwhile stays, if it is more.
            cell.fetch_max(after, Ordering::Relaxed);
        }
        let left = (most - used) / self.step;
        Ok(Allowance {
            burst: self.burst,
            remaining: u32::try_from(left).unwrap_or(u32::MAX),
            full_in: Duration::from_nanos(used),
            window: u32::try_from(most.div_ceil(1_000_000_000)).unwrap_or(u32::MAX),
        })
    }

    fn cells_of(&self, who: Household) -> [&AtomicU64; 2] {
        let at = |row: usize| {
            let hash = self.secrets[row].hash_one(who);
            let place = usize::try_from(hash % CELLS as u64).unwrap_or_default();
            &self.cells[row * CELLS + place]
        };
        [at(0), at(1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn who(number: u32) -> Household {
        Household::of(Ipv4Addr::from(number).into())
    }

    #[test]
    fn an_address_has_its_burst_and_then_its_rate() {
        let rates = Rates::new(60).expect("a rate");
        let at = |ms| rates.count_at(who(7), Duration::from_millis(ms));
        let first = at(0).expect("the first");
        assert_eq!((first.burst, first.remaining, first.window), (10, 9, 10));
        for left in (0..9).rev() {
            assert_eq!(at(0).expect("of the burst").remaining, left);
        }
        assert_eq!(at(0), Err(Duration::from_secs(1)));
        assert_eq!(at(400), Err(Duration::from_millis(600)));
        assert!(at(1_000).is_ok());
        assert!(at(1_000).is_err(), "one a second");
        assert_eq!(at(60_000).expect("a pause").remaining, 9);
    }

    #[test]
    fn others_are_not_counted_with_it() {
        let rates = Rates::new(6_000).expect("a rate");
        for _ in 0..5_000 {
            let _ = rates.count_at(who(1), Duration::ZERO);
        }
        assert!(rates.count_at(who(1), Duration::ZERO).is_err());
        // However many others there are.
        let refused = (2..50_000_u32)
            .filter(|number| rates.count_at(who(*number), Duration::ZERO).is_err())
            .count();
        assert_eq!(refused, 0);
    }

    #[test]
    fn no_rate_counts_nothing() {
        assert!(Rates::new(0).is_none());
    }
}
