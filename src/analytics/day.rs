//! The counts of one day.
//!
//! Queries are told apart as they are compared, and shown as they were typed most often: by the vote
//! of Boyer and Moore (1981), which needs one candidate and one number, and finds a way of writing
//! that has the majority.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::{Event, private};
use crate::fold::comparable;

/// The last place among hits that is told from those after it.
pub const MAX_RANK: u32 = 10_000;
/// The most passages that are counted by themselves for one query.
const MAX_PASSAGES: usize = 20;

/// Sums.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Searches.
    pub searches: u64,
    /// Those that found nothing.
    pub none: u64,
    /// Hits that were chosen.
    pub clicks: u64,
    /// The sum of the places they stood at.
    pub ranks: u64,
}

impl Totals {
    /// Adds others.
    pub fn add(&mut self, other: Self) {
        self.searches += other.searches;
        self.none += other.none;
        self.clicks += other.clicks;
        self.ranks += other.ranks;
    }

    /// Where hits stood that were chosen, in the mean; nothing where none was.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a mean of two digits is all that is shown"
    )]
    pub fn mean_rank(self) -> Option<f64> {
        (self.clicks > 0).then(|| self.ranks as f64 / self.clicks as f64)
    }
}

/// The counts of a query on one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// As it was typed most often.
    pub(super) shown: String,
    /// How much that is ahead of other ways to type it.
    pub(super) votes: u64,
    pub(super) totals: Totals,
    /// How many passages it found the last time.
    pub(super) found: u64,
    /// How often which passage was chosen.
    pub(super) passages: BTreeMap<String, u64>,
}

/// The counts of one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Day {
    /// Of all queries.
    pub(super) totals: Totals,
    /// Of those that are not told apart.
    pub(super) others: Totals,
    /// By the query as it is compared.
    pub(super) queries: HashMap<String, Query>,
    /// Choices of a passage, whatever was asked, by its id.
    pub(super) passages: HashMap<String, Totals>,
    /// Whether it is over, and rare queries were left out.
    pub(super) is_closed: bool,
}

impl Query {
    fn vote(&mut self, typed: &str) {
        if self.shown == typed {
            self.votes += 1;
        } else if self.votes == 0 {
            typed.clone_into(&mut self.shown);
            self.votes = 1;
        } else {
            self.votes -= 1;
        }
    }

    fn weight(&self) -> u64 {
        self.totals.searches + self.totals.clicks
    }
}

impl Day {
    /// Counts what happened, telling at most `most` queries and as many passages apart.
    pub(super) fn add(&mut self, event: &Event, most: usize) {
        let (query, sums) = match event {
            Event::Search { query, total } => {
                let none = u64::from(*total == 0);
                let sums = Totals {
                    searches: 1,
                    none,
                    ..Totals::default()
                };
                (query, sums)
            }
            Event::Click { query, rank, .. } => {
                let sums = Totals {
                    clicks: 1,
                    ranks: u64::from(*rank),
                    ..Totals::default()
                };
                (query, sums)
            }
        };
        self.totals.add(sums);
        if let Event::Click { passage, .. } = event {
            self.passages.entry(passage.clone()).or_default().add(sums);
            if self.passages.len() > most {
                self.thin_passages(most);
            }
        }
        let compared = comparable(query);
        if compared.is_empty() || private::is_personal(&compared) {
            self.others.add(sums);
            return;
        }
        let known = self.queries.entry(compared).or_default();
        known.totals.add(sums);
        known.vote(query);
        match event {
            Event::Search { total, .. } => known.found = *total,
            Event::Click { passage, .. } => {
                let is_known = known.passages.contains_key(passage);
                if is_known || known.passages.len() < MAX_PASSAGES {
                    *known.passages.entry(passage.clone()).or_default() += 1;
                }
            }
        }
        if self.queries.len() > most {
            self.thin(most);
        }
    }

    /// Puts the quarter of the queries that were asked least among the others. Those asked as often
    /// go in the order of their names, so that it is the same in every run.
    fn thin(&mut self, most: usize) {
        let mut weights: Vec<(u64, String)> = self
            .queries
            .iter()
            .map(|(name, query)| (query.weight(), name.clone()))
            .collect();
        weights.sort_unstable();
        let surplus = weights.len().saturating_sub(most - most / 4);
        for (_, name) in weights.into_iter().take(surplus) {
            self.forget(&name);
        }
    }

    fn thin_passages(&mut self, most: usize) {
        let clicks = self.passages.iter();
        let mut clicks: Vec<(u64, String)> = clicks
            .map(|(id, totals)| (totals.clicks, id.clone()))
            .collect();
        clicks.sort_unstable();
        let surplus = clicks.len().saturating_sub(most - most / 4);
        for (_, id) in clicks.into_iter().take(surplus) {
            self.passages.remove(&id);
        }
    }

    fn forget(&mut self, name: &str) {
        if let Some(query) = self.queries.remove(name) {
            self.others.add(query.totals);
        }
    }

    /// Ends the day: queries asked less than `least` times go among the others. Says whether
    /// anything changed.
    pub(super) fn close(&mut self, least: u64) -> bool {
        let rare: Vec<String> = self
            .queries
            .iter()
            .filter(|(_, query)| query.totals.searches < least)
            .map(|(name, _)| name.clone())
            .collect();
        // Of a click without a search nothing is known to be rare, unless rare ones are to go.
        let rare = if least > 1 { rare } else { Vec::new() };
        for name in &rare {
            self.forget(name);
        }
        let was_open = !std::mem::replace(&mut self.is_closed, true);
        was_open || !rare.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_shown_as_it_is_typed_most_often() {
        let mut day = Day::default();
        for typed in [
            "ＡＩ 教師",
            "ai 教师",
            "AI 教师",
            "AI 教师",
            "AI  教师",
            "AI 教师",
        ] {
            day.add(&Event::search(typed, 3), 100);
        }
        let query = &day.queries["ai 教师"];
        assert_eq!(
            (query.shown.as_str(), query.totals.searches),
            ("AI 教师", 6)
        );
    }
}
