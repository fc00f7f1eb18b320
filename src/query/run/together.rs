//! Parts of one search on several cores, where it is long.
//!
//! Most searches take less than waking another thread would gain, and while many are made each core
//! has one of its own. But a few take tens of milliseconds, in which other cores often have nothing to
//! do: what they find, score and count in one segment of the index does not depend on the others.
//!
//! Invariant: what comes out does not depend on how many threads there are (`tests/queries.rs` runs
//! over indexes of several segments).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::priority;

/// Passages to be looked at, each for some nanoseconds, from which on parts are done at once.
const LONG: u64 = 300_000;

/// Lets so many threads do parts of searches, of all that are made. To be said once, before any
/// search; without it there is one for each core.
pub fn use_threads(threads: usize) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .thread_name(|nth| format!("search-{nth}"))
        .start_handler(|_| priority::begin(priority::Work::Search));
    // A process that serves twice keeps the threads it has.
    let _ = pool.build_global();
}

/// What `part` makes of each number below `parts`, in order, where about `passages` are looked at in
/// all.
///
/// # Errors
///
/// Fails when one of them does.
pub fn in_parts<T: Send>(
    parts: usize,
    passages: u64,
    part: impl Fn(usize) -> tantivy::Result<T> + Sync,
) -> tantivy::Result<Vec<T>> {
    if parts < 2 || passages < LONG {
        return (0..parts).map(part).collect();
    }
    let next = AtomicUsize::new(0);
    let made = Mutex::new(Vec::with_capacity(parts));
    let work = || {
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            if nth >= parts {
                break;
            }
            let one = part(nth);
            let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
            made.push((nth, one));
        }
    };
    // This thread does what the others do not come to.
    rayon::in_place_scope(|scope| {
        for _ in 1..parts.min(rayon::current_num_threads()) {
            scope.spawn(|_| work());
        }
        work();
    });
    let mut made = made.into_inner().unwrap_or_else(PoisonError::into_inner);
    made.sort_unstable_by_key(|(nth, _)| *nth);
    made.into_iter().map(|(_, one)| one).collect()
}

#[cfg(test)]
mod tests {
    use tantivy::TantivyError;

    use super::{LONG, in_parts};

    #[test]
    fn parts_come_in_order_however_they_are_made() -> tantivy::Result<()> {
        for passages in [0, LONG, u64::MAX] {
            for parts in [0, 1, 2, 7, 100] {
                let made = in_parts(parts, passages, |nth| Ok(nth * 3))?;
                let wanted: Vec<usize> = (0..parts).map(|nth| nth * 3).collect();
                assert_eq!(made, wanted);
            }
        }
        Ok(())
    }

    #[test]
    fn what_fails_in_one_part_fails() {
        for passages in [0, LONG] {
            let made = in_parts(8, passages, |nth| match nth {
                5 => Err(TantivyError::InvalidArgument("the fifth".to_owned())),
                nth => Ok(nth),
            });
            let told = made.map_err(|error| error.to_string());
            assert!(told.is_err_and(|told| told.contains("the fifth")));
        }
    }
}
