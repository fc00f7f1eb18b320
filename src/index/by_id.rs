//! Reports by their ids.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxBuildHasher;

use super::record::ReportRecord;

/// Where in a list of reports each id stands. The ids are not kept a second time: of some hundred
/// thousand reports they take tens of megabytes.
#[derive(Default)]
pub(super) struct ById(HashTable<u32>);

impl ById {
    /// Where those of `reports` stand; of several with one id the last.
    pub(super) fn of(reports: &[ReportRecord]) -> Self {
        let id = |at: u32| reports.get(at as usize).map_or("", |report| &report.id);
        let hash = |id: &str| FxBuildHasher.hash_one(id);
        let mut table = HashTable::with_capacity(reports.len());
        for (at, report) in (0..).zip(reports) {
            let is_same = |&known: &u32| id(known) == report.id;
            match table.entry(hash(&report.id), is_same, |&known| hash(id(known))) {
                Entry::Occupied(mut known) => *known.get_mut() = at,
                Entry::Vacant(free) => {
                    free.insert(at);
                }
            }
        }
        Self(table)
    }

    /// The report of that id among `reports`, the list this was made of.
    pub(super) fn find<'r>(
        &self,
        reports: &'r [ReportRecord],
        id: &str,
    ) -> Option<&'r ReportRecord> {
        let at = |at: u32| reports.get(at as usize);
        let is_same = |&known: &u32| at(known).is_some_and(|report| report.id == id);
        let found = self.0.find(FxBuildHasher.hash_one(id), is_same)?;
        at(*found)
    }
}
