//! Hits by the reports they stand in.

use std::collections::HashMap;

use super::rank::Ranked;
use crate::index::{self, Snapshot};

/// The best hit of each report, with how many there are of it, in the order of `hits`.
pub(super) fn best(
    snapshot: &Snapshot,
    hits: &[Ranked],
) -> Result<Vec<(Ranked, usize)>, index::Error> {
    let mut best: Vec<(Ranked, usize)> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    for (hit, report) in hits.iter().zip(numbers(snapshot, hits)?) {
        let next = best.len();
        let place = *places.entry(report).or_insert(next);
        match best.get_mut(place) {
            Some((_, count)) => *count += 1,
            None => best.push((*hit, 1)),
        }
    }
    Ok(best)
}

/// Puts the hits of each report together, in the order they have.
pub(super) fn gather(snapshot: &Snapshot, hits: &mut [Ranked]) -> Result<(), index::Error> {
    let numbers = numbers(snapshot, hits)?;
    let mut keyed: Vec<(usize, Ranked)> = numbers.into_iter().zip(hits.iter().copied()).collect();
    keyed.sort_by_key(|&(report, _)| report);
    for (hit, (_, gathered)) in hits.iter_mut().zip(keyed) {
        *hit = gathered;
    }
    Ok(())
}

/// For each of `hits` the number of its report, in the order in which reports come up; those of no
/// report, which an index does not have, come last.
fn numbers(snapshot: &Snapshot, hits: &[Ranked]) -> Result<Vec<usize>, index::Error> {
    let mut columns = Vec::new();
    for segment in snapshot.searcher().segment_readers() {
        columns.push(segment.fast_fields().str("report")?);
    }
    let mut firsts: HashMap<String, usize> = HashMap::new();
    // By segment and ordinal, so that a name is read once in each segment.
    let mut known: HashMap<(u32, u64), usize> = HashMap::new();
    let mut numbers = Vec::with_capacity(hits.len());
    for hit in hits {
        let segment = hit.address.segment_ord;
        let column = columns.get(segment as usize).and_then(Option::as_ref);
        let Some((column, ordinal)) = column.and_then(|column| {
            let ordinal = column.term_ords(hit.address.doc_id).next()?;
            Some((column, ordinal))
        }) else {
            numbers.push(usize::MAX);
            continue;
        };
        if let Some(&number) = known.get(&(segment, ordinal)) {
            numbers.push(number);
            continue;
        }
        let mut name = String::new();
        column
            .ord_to_str(ordinal, &mut name)
            .map_err(tantivy::TantivyError::from)?;
        let next = firsts.len();
        let number = *firsts.entry(name).or_insert(next);
        known.insert((segment, ordinal), number);
        numbers.push(number);
    }
    Ok(numbers)
}
