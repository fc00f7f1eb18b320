//! Searches while typing, of which only the last is one.
//!
//! Whoever shows results as one types asks 教, 教师, 教师交 and 教师交流, and means the last. So a
//! search waits a while, and another of the same asker takes its place where one begins with the
//! other; whoever narrows what was found asks the same again and has asked once. Which asker it is
//! is known here, in memory and for that while, by a number that nobody can turn back into an
//! address; it is never written.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::Event;
use crate::fold::comparable;

/// How long a search waits for another to take its place.
pub const SETTLED: Duration = Duration::from_secs(10);
/// The most searches of one asker that wait: behind one address there may be many readers.
const OF_ONE: usize = 8;
/// The most that wait in all; where there are more, none waits.
const MAX: usize = 20_000;

/// A search that waits.
struct Pending {
    /// The query as it is compared, without blanks.
    compared: String,
    query: String,
    total: u64,
    since: Instant,
}

/// Searches that wait, by asker.
#[derive(Default)]
pub(super) struct Settling {
    pending: HashMap<u64, Vec<Pending>>,
    count: usize,
}

impl Settling {
    /// Takes a search in. What is settled by it goes to `settled`.
    pub(super) fn offer(
        &mut self,
        asker: u64,
        query: String,
        total: u64,
        now: Instant,
        settled: &mut Vec<Event>,
    ) {
        if self.count >= MAX {
            self.all(settled);
        }
        let compared = comparable(&query).replace(' ', "");
        let own = self.pending.entry(asker).or_default();
        let same = own.iter_mut().find(|waiting| {
            let is_recent = now.saturating_duration_since(waiting.since) < SETTLED;
            // Of what is not kept nothing is known to be the same.
            let is_known = !compared.is_empty() && !waiting.compared.is_empty();
            is_recent
                && is_known
                && (compared.starts_with(&waiting.compared)
                    || waiting.compared.starts_with(&compared))
        });
        if let Some(waiting) = same {
            waiting.since = now;
            // Asked again it was narrowed, most likely; what it found at first is what it finds.
            if waiting.compared != compared {
                waiting.compared = compared;
                waiting.query = query;
                waiting.total = total;
            }
            return;
        }
        if own.len() >= OF_ONE {
            settled.push(own.remove(0).event());
            self.count -= 1;
        }
        own.push(Pending {
            compared,
            query,
            total,
            since: now,
        });
        self.count += 1;
    }

    /// Those that have waited long enough.
    pub(super) fn ripe(&mut self, now: Instant, settled: &mut Vec<Event>) {
        for own in self.pending.values_mut() {
            let (ripe, waiting) = std::mem::take(own)
                .into_iter()
                .partition(|one| now.saturating_duration_since(one.since) >= SETTLED);
            *own = waiting;
            let ripe: Vec<Pending> = ripe;
            self.count -= ripe.len();
            settled.extend(ripe.into_iter().map(Pending::event));
        }
        self.pending.retain(|_, own| !own.is_empty());
    }

    /// All of them.
    pub(super) fn all(&mut self, settled: &mut Vec<Event>) {
        let all = std::mem::take(&mut self.pending).into_values().flatten();
        settled.extend(all.map(Pending::event));
        self.count = 0;
    }
}

impl Pending {
    fn event(self) -> Event {
        Event::Search {
            query: self.query,
            total: self.total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is counted of searches, each of an asker at a second.
    fn counted(searches: &[(u64, u64, &str)]) -> Vec<String> {
        let began = Instant::now();
        let mut settling = Settling::default();
        let mut settled = Vec::new();
        for &(asker, second, query) in searches {
            let now = began + Duration::from_secs(second);
            settling.ripe(now, &mut settled);
            settling.offer(asker, query.to_owned(), 1, now, &mut settled);
        }
        settling.all(&mut settled);
        assert_eq!(settling.count, 0);
        let mut queries: Vec<String> = settled
            .into_iter()
            .map(|event| match event {
                Event::Search { query, .. } | Event::Click { query, .. } => query,
            })
            .collect();
        queries.sort();
        queries
    }

    #[test]
    fn of_a_query_that_is_typed_only_the_last_counts() {
        let typed = [
            (1, 0, "教"),
            (1, 0, "教师"),
            (1, 2, "教师 交"),
            (1, 3, "教师交流"),
        ];
        assert_eq!(counted(&typed), ["教师交流"]);
        let back = [(1, 0, "教师交流"), (1, 1, "教师"), (1, 2, "教师编制")];
        assert_eq!(counted(&back), ["教师编制"]);
    }

    #[test]
    fn others_and_later_ones_count_by_themselves() {
        type Asked<'a> = &'a [(u64, u64, &'a str)];
        let cases: [(Asked<'_>, &[&str]); 4] = [
            (&[(1, 0, "教"), (2, 0, "教师")], &["教", "教师"]),
            (&[(1, 0, "教"), (1, 11, "教师")], &["教", "教师"]),
            (&[(1, 0, "教师"), (1, 5, "教师")], &["教师"]),
            // Two readers behind one address.
            (
                &[(1, 0, "教"), (1, 0, "学"), (1, 1, "教师"), (1, 1, "学校")],
                &["学校", "教师"],
            ),
        ];
        for (searches, expected) in cases {
            assert_eq!(counted(searches), expected);
        }
    }

    #[test]
    fn a_crowd_does_not_make_more_wait_than_there_is_room_for() {
        let now = Instant::now();
        let mut settling = Settling::default();
        let mut settled = Vec::new();
        for asker in 0..50_000 {
            settling.offer(asker, format!("{asker}"), 1, now, &mut settled);
            assert!(settling.count <= MAX);
        }
        for number in 0..100 {
            settling.offer(7, format!("x{}y", number * 10), 1, now, &mut settled);
        }
        settling.all(&mut settled);
        assert_eq!(settled.len(), 50_100);
    }
}
