//! The facets that a page shows, side by side for each passage.
//!
//! To count the facets of passages that lie far apart is to wait for memory, once for each passage
//! and column. In rows it is once for each passage. Where a passage in thirty or more is counted,
//! columns are shorter to go through.

use tantivy::DocId;

use super::Values;
use super::tally::{Narrow, Tally};
use crate::search::Facet;

/// The facets that stand in rows: those that pages and other sites mostly ask for.
pub(super) const FACETS: [Facet; 3] = [Facet::Province, Facet::Theme, Facet::Year];

/// How many rows are read before they are counted, one facet after another.
const BATCH: usize = 256;

/// For each passage of a segment, its number in each of the facets.
pub(super) struct Rows(Vec<[u16; FACETS.len()]>);

/// Where each of `facets` stands in a row; nothing where one does not.
pub(super) fn places(facets: &[Facet]) -> Option<Vec<usize>> {
    let place = |facet| FACETS.iter().position(|known| known == facet);
    facets.iter().map(place).collect()
}

impl Rows {
    /// Those of a segment where the facets have these values; nothing where their numbers do not
    /// find room.
    pub(super) fn of(facets: [&Values; FACETS.len()]) -> Option<Self> {
        let mut rows = Vec::new();
        for (place, values) in facets.into_iter().enumerate() {
            let (numbers, _) = values.short_numbers()?;
            rows.resize(numbers.len(), [u16::MAX; FACETS.len()]);
            let mut put = |numbers: &mut dyn Iterator<Item = u16>| {
                for (row, number) in rows.iter_mut().zip(numbers) {
                    if let Some(slot) = row.get_mut(place) {
                        *slot = number;
                    }
                }
            };
            match numbers {
                Narrow::Bytes(numbers) => put(&mut numbers.iter().copied().map(u16::from)),
                Narrow::Shorts(numbers) => put(&mut numbers.iter().copied()),
                Narrow::Words(_) => return None,
            }
        }
        Some(Self(rows))
    }

    /// How many of `docs` have each value of the facets at `places`, of which `facets` are the
    /// values; nothing where one has numbers of another kind.
    pub(super) fn tallies(
        &self,
        docs: &[DocId],
        facets: [&Values; FACETS.len()],
        places: &[usize],
    ) -> Option<Vec<Vec<u32>>> {
        let tally = |&place: &usize| {
            let values: &Values = facets.get(place)?;
            Some((place, values.short_numbers()?.1))
        };
        let mut tallies: Vec<(usize, Tally)> = places.iter().map(tally).collect::<Option<_>>()?;
        let mut batch = [[0; BATCH]; FACETS.len()];
        for docs in docs.chunks(BATCH) {
            for (at, doc) in docs.iter().enumerate() {
                let row = self.0.get(*doc as usize);
                let row = row.unwrap_or(&[u16::MAX; FACETS.len()]);
                for (numbers, number) in batch.iter_mut().zip(row) {
                    if let Some(slot) = numbers.get_mut(at) {
                        *slot = *number;
                    }
                }
            }
            for (place, tally) in &mut tallies {
                let numbers = batch.get(*place).and_then(|all| all.get(..docs.len()));
                tally.take(numbers.unwrap_or_default());
            }
        }
        let tallies = tallies.into_iter();
        Some(tallies.map(|(_, tally)| tally.finish()).collect())
    }
}
