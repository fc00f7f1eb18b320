//! Reports by their ids.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::record::ReportRecord;

/// Where in a list of reports each id stands. The ids are not kept a second time: of some hundred
/// thousand reports they take tens of megabytes.
#[derive(Default)]
pub(super) struct ById {
    places: HashTable<u32>,
    /// Ids come with reports that are sent, so nobody is to know which of them fall together.
    hasher: RandomState,
}

impl ById {
    /// Where those of `reports` stand; of several with one id the last.
    pub(super) fn of(reports: &[ReportRecord]) -> Self {
        let id = |at: u32| reports.get(at as usize).map_or("", |report| &report.id);
        let hasher = RandomState::new();
        let hash = |id: &str| hasher.hash_one(id);
        let mut places = HashTable::with_capacity(reports.len());
        for (at, report) in (0..).zip(reports) {
            let is_same = |&known: &u32| id(known) == report.id;
            match places.entry(hash(&report.id), is_same, |&known| hash(id(known))) {
                Entry::Occupied(mut known) => *known.get_mut() = at,
                Entry::Vacant(free) => {
                    free.insert(at);
                }
            }
        }
        Self { places, hasher }
    }

    /// The report of that id among `reports`, the list this was made of.
    pub(super) fn find<'r>(
        &self,
        reports: &'r [ReportRecord],
        id: &str,
    ) -> Option<&'r ReportRecord> {
        let at = |at: u32| reports.get(at as usize);
        let is_same = |&known: &u32| at(known).is_some_and(|report| report.id == id);
        let found = self.places.find(self.hasher.hash_one(id), is_same)?;
        at(*found)
    }
}
