//! The columns of a generation as counting needs them.
//!
//! The engine's columns are packed, and each value is unpacked when it is asked for. What every
//! search asks for of many passages, its facets and places, is unpacked once for a generation and
//! kept with it, when it is asked for first: a byte for each passage and facet of up to 254 values,
//! else two or four.

mod rows;
mod tally;

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;
use tantivy::columnar::{Column, StrColumn};
use tantivy::index::SegmentId;
use tantivy::{DocId, SegmentOrdinal, SegmentReader};

use self::rows::Rows;
use self::tally::{Narrow, Sets, Tally};
use super::Facet;
use super::facets::Counts;
use crate::index::Snapshot;
use crate::query::run::Docs;

/// The most values of a facet whose names are kept; those of more are looked up.
const MAX_NAMES: usize = 4096;
/// The most different sets of values that are numbered.
const MOST_SETS: usize = 1 << 15;
/// The number of a passage that has no value.
const NONE: u32 = u32::MAX;

/// How many of `facets` are best counted at once for `docs`: where all of them stand in rows and the
/// passages are few, all.
pub(super) fn at_once(docs: &Docs, facets: &[Facet]) -> usize {
    let are_together = docs.as_list().is_some() && rows::places(facets).is_some();
    if are_together { facets.len().max(1) } else { 1 }
}

/// What was unpacked of a generation so far. A segment that is part of the next generation too keeps
/// what was.
pub(super) struct Columns {
    segments: Vec<(SegmentId, Arc<Segment>)>,
}

#[derive(Default)]
struct Segment {
    places: OnceLock<Places>,
    facets: [OnceLock<Values>; Facet::ALL.len()],
    rows: OnceLock<Option<Rows>>,
}

impl Columns {
    /// Those of the generation of `snapshot`, with what is known from `before`.
    pub(super) fn of(snapshot: &Snapshot, before: Option<&Self>) -> Self {
        let known = |id| {
            let before = before.into_iter().flat_map(|before| &before.segments);
            let mut same = before.filter(|(known, _)| *known == id);
            same.next().map(|(_, segment)| Arc::clone(segment))
        };
        let segments = snapshot.searcher().segment_readers().iter();
        let segments = segments.map(|reader| {
            let id = reader.segment_id();
            (id, known(id).unwrap_or_default())
        });
        Self {
            segments: segments.collect(),
        }
    }

    /// Unpacks what every search of a page asks for.
    pub(super) fn unpack(&self, snapshot: &Snapshot) -> tantivy::Result<()> {
        for (segment, _) in (0..).zip(&self.segments) {
            self.places(snapshot, segment)?;
            self.rows(snapshot, segment)?;
        }
        Ok(())
    }

    fn segment(&self, segment: SegmentOrdinal) -> Option<&Segment> {
        let (_, segment) = self.segments.get(segment as usize)?;
        Some(segment)
    }

    /// Where the passages of a segment stand in the corpus.
    pub(super) fn places(
        &self,
        snapshot: &Snapshot,
        segment: SegmentOrdinal,
    ) -> tantivy::Result<&Places> {
        let reader = snapshot.searcher().segment_reader(segment);
        let slot = self.segment(segment).map(|segment| &segment.places);
        kept(slot, || Places::open(reader))
    }

    /// The values of `facet` in a segment.
    pub(super) fn values(
        &self,
        snapshot: &Snapshot,
        segment: SegmentOrdinal,
        facet: Facet,
    ) -> tantivy::Result<&Values> {
        let reader = snapshot.searcher().segment_reader(segment);
        let slot = self.segment(segment);
        let slot = slot.and_then(|segment| segment.facets.get(facet as usize));
        kept(slot, || Values::open(reader, facet))
    }

    /// How many of `docs` of a segment have each value of each of `facets`, by number.
    pub(super) fn tallies(
        &self,
        snapshot: &Snapshot,
        segment: SegmentOrdinal,
        docs: &Docs,
        facets: &[Facet],
    ) -> tantivy::Result<Vec<Vec<u32>>> {
        if let Some(tallies) = self.together(snapshot, segment, docs, facets)? {
            return Ok(tallies);
        }
        let room = snapshot.searcher().segment_reader(segment).max_doc();
        let facets = facets.iter();
        let tallies = facets.map(|&facet| {
            let values = self.values(snapshot, segment, facet)?;
            Ok(values.tally(docs, room))
        });
        tallies.collect()
    }

    /// The same in one go through the passages, where all of `facets` stand in rows and the
    /// passages are few.
    fn together(
        &self,
        snapshot: &Snapshot,
        segment: SegmentOrdinal,
        docs: &Docs,
        facets: &[Facet],
    ) -> tantivy::Result<Option<Vec<Vec<u32>>>> {
        let (true, Some(list)) = (facets.len() > 1, docs.as_list()) else {
            return Ok(None);
        };
        let Some(places) = rows::places(facets) else {
            return Ok(None);
        };
        let (all, rows) = self.rows(snapshot, segment)?;
        Ok(rows.and_then(|rows| rows.tallies(list, all, &places)))
    }

    /// The values of the facets that stand in rows, and the rows, where there are any.
    fn rows(
        &self,
        snapshot: &Snapshot,
        segment: SegmentOrdinal,
    ) -> tantivy::Result<([&Values; rows::FACETS.len()], Option<&Rows>)> {
        let [one, two, three] = rows::FACETS.map(|facet| self.values(snapshot, segment, facet));
        let all = [one?, two?, three?];
        let slot = self.segment(segment).map(|segment| &segment.rows);
        let rows = kept(slot, || Ok(Rows::of(all)))?;
        Ok((all, rows.as_ref()))
    }
}

/// What is kept in `slot`, made where nothing is yet.
fn kept<T>(
    slot: Option<&OnceLock<T>>,
    make: impl FnOnce() -> tantivy::Result<T>,
) -> tantivy::Result<&T> {
    let slot = slot.ok_or_else(|| {
        tantivy::TantivyError::InternalError("a segment that the snapshot does not have".to_owned())
    })?;
    if let Some(kept) = slot.get() {
        return Ok(kept);
    }
    let values = make()?;
    Ok(slot.get_or_init(|| values))
}

/// Where the passages of a segment stand in the corpus.
pub(super) struct Places {
    column: Column<u64>,
    /// Set where they do not stand in the order of the corpus.
    numbers: Option<Vec<u64>>,
}

impl Places {
    fn open(reader: &SegmentReader) -> tantivy::Result<Self> {
        let column = reader.fast_fields().u64("order")?;
        let number = |doc| column.first(doc).unwrap_or(u64::MAX);
        let numbers: Vec<u64> = (0..reader.max_doc()).map(number).collect();
        let numbers = (!numbers.is_sorted()).then_some(numbers);
        Ok(Self { column, numbers })
    }

    pub(super) fn of(&self, doc: DocId) -> u64 {
        match &self.numbers {
            Some(numbers) => numbers.get(doc as usize).copied(),
            None => self.column.first(doc),
        }
        .unwrap_or(u64::MAX)
    }

    /// Whether passages of this segment stand in the order of the corpus.
    pub(super) fn are_ascending(&self) -> bool {
        self.numbers.is_none()
    }
}

/// The values of a facet in a segment, by number.
pub(super) struct Values {
    numbers: Numbers,
    names: Names,
    /// How many passages of the segment have each.
    all: Vec<u32>,
}

enum Numbers {
    /// Each passage has one or none.
    One(Narrow),
    /// Some have several, and most have the same as many others.
    Sets(Narrow, Sets),
    /// Those of the passage `doc` are `values[starts[doc]..starts[doc + 1]]`.
    Many { starts: Vec<u32>, values: Narrow },
    /// No passage has any.
    None,
}

enum Names {
    Kept(Vec<String>),
    Column(StrColumn),
}

impl Values {
    fn open(reader: &SegmentReader, facet: Facet) -> tantivy::Result<Self> {
        let columns = reader.fast_fields();
        let name = facet.column();
        let none = Self {
            numbers: Numbers::None,
            names: Names::Kept(Vec::new()),
            all: Vec::new(),
        };
        if facet.is_number() {
            let Some(column) = columns.column_opt::<u64>(name)? else {
                return Ok(none);
            };
            let docs = 0..reader.max_doc();
            let mut known: Vec<u64> = docs.flat_map(|doc| column.values_for_doc(doc)).collect();
            known.sort_unstable();
            known.dedup();
            let number = |value: u64| known.binary_search(&value).unwrap_or(usize::MAX) as u64;
            let numbers = |doc| column.values_for_doc(doc).map(number);
            let numbers = Numbers::of(reader, known.len(), numbers);
            let names = Names::Kept(known.iter().map(u64::to_string).collect());
            return Ok(Self::counted(numbers, names, known.len()));
        }
        let Some(column) = columns.str(name)? else {
            return Ok(none);
        };
        let values = column.num_terms();
        let numbers = Numbers::of(reader, values, |doc| column.term_ords(doc));
        let names = if values > MAX_NAMES {
            Names::Column(column)
        } else {
            let mut names = Vec::with_capacity(values);
            for number in 0..values as u64 {
                let mut name = String::new();
                column.ord_to_str(number, &mut name)?;
                names.push(name);
            }
            Names::Kept(names)
        };
        Ok(Self::counted(numbers, names, values))
    }

    fn counted(numbers: Numbers, names: Names, values: usize) -> Self {
        let mut counted = Self {
            numbers,
            names,
            all: vec![0; values],
        };
        if let Some(room) = counted.numbers.room() {
            counted.all = counted.counts(&Docs::all(room));
        }
        counted
    }

    /// How many of `docs`, of a segment that has room for so many, have each value, by number.
    pub(super) fn tally(&self, docs: &Docs, room: DocId) -> Vec<u32> {
        if docs.len() > room as usize / 2 {
            // It is less work to count those that are not there.
            let others = self.counts(&Docs::all(room).minus(docs));
            let all = self.all.iter().zip(others);
            return all.map(|(all, others)| all - others).collect();
        }
        self.counts(docs)
    }

    /// Adds what was tallied to `counts`.
    pub(super) fn add(&self, tally: Vec<u32>, counts: &mut Counts) -> tantivy::Result<()> {
        for (number, count) in (0..).zip(tally).filter(|&(_, count)| count > 0) {
            let count = u64::from(count);
            match &self.names {
                Names::Kept(names) => {
                    let Some(name) = names.get(number) else {
                        continue;
                    };
                    if let Some(known) = counts.get_mut(name) {
                        *known += count;
                    } else {
                        counts.insert(name.clone(), count);
                    }
                }
                Names::Column(column) => {
                    let mut name = String::new();
                    column.ord_to_str(number as u64, &mut name)?;
                    *counts.entry(name).or_default() += count;
                }
            }
        }
        Ok(())
    }

    fn counts(&self, docs: &Docs) -> Vec<u32> {
        let counts = vec![0; self.all.len()];
        match &self.numbers {
            Numbers::One(of) => tally::of_column(of, docs, Tally::of(counts)),
            Numbers::Sets(of, sets) => tally::of_column(of, docs, Tally::of_sets(counts, sets)),
            Numbers::Many { starts, values } => tally::of_lists(starts, values, docs, counts),
            Numbers::None => counts,
        }
    }

    /// The number that each passage has, where it is of two bytes at most, and what to count them
    /// with.
    fn short_numbers(&self) -> Option<(&Narrow, Tally<'_>)> {
        let counts = vec![0; self.all.len()];
        match &self.numbers {
            Numbers::One(of) => Some((of, Tally::of(counts))),
            Numbers::Sets(of, sets) => Some((of, Tally::of_sets(counts, sets))),
            Numbers::Many { .. } | Numbers::None => None,
        }
        .filter(|(of, _)| !matches!(of, Narrow::Words(_)))
    }
}

impl Numbers {
    /// Those of each passage, which are below `known`.
    fn of<V: Iterator<Item = u64>>(
        reader: &SegmentReader,
        known: usize,
        values_of: impl Fn(DocId) -> V,
    ) -> Self {
        let mut starts = Vec::with_capacity(reader.max_doc() as usize + 1);
        let mut values: Vec<u32> = Vec::with_capacity(reader.max_doc() as usize);
        let mut are_single = true;
        starts.push(0);
        for doc in 0..reader.max_doc() {
            let before = values.len();
            let own = values_of(doc);
            values.extend(own.map(|number| u32::try_from(number).unwrap_or(NONE)));
            are_single &= values.len() - before <= 1;
            starts.push(u32::try_from(values.len()).unwrap_or(NONE));
        }
        if !are_single {
            return Self::sets(&starts, &values).unwrap_or_else(|| Self::Many {
                values: Narrow::of(values, known),
                starts,
            });
        }
        let ends = starts.iter().skip(1);
        let places = starts.iter().zip(ends);
        let numbers = places.map(|(start, end)| {
            let value = values.get(*start as usize).filter(|_| start < end);
            value.copied().unwrap_or(NONE)
        });
        Self::One(Narrow::of(numbers.collect(), known))
    }

    /// The sets of values that `starts` and `values` say of the passages; nothing where hardly two
    /// passages have the same.
    fn sets(starts: &[u32], values: &[u32]) -> Option<Self> {
        let mut known: FxHashMap<&[u32], u32> = FxHashMap::default();
        let mut sets = Sets::default();
        let mut numbers = Vec::with_capacity(starts.len().saturating_sub(1));
        for bounds in starts.windows(2) {
            let [start, end] = bounds else { continue };
            let own = values.get(*start as usize..*end as usize)?;
            let next = u32::try_from(known.len()).ok()?;
            let number = *known.entry(own).or_insert_with(|| {
                sets.push(own);
                next
            });
            if known.len() > MOST_SETS {
                return None;
            }
            numbers.push(number);
        }
        let numbers = Narrow::of(numbers, sets.len());
        Some(Self::Sets(numbers, sets))
    }

    /// How many passages there are; nothing where none has any.
    fn room(&self) -> Option<DocId> {
        let room = match self {
            Self::One(numbers) | Self::Sets(numbers, _) => numbers.len(),
            Self::Many { starts, .. } => starts.len().saturating_sub(1),
            Self::None => return None,
        };
        DocId::try_from(room).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn values_are_counted_one_by_one_and_by_sets(
            own in prop::collection::vec(prop::collection::btree_set(0_u32..6, 0..4), 1..400),
            every in 1_usize..9,
        ) {
            let mut starts = vec![0];
            let mut values = Vec::new();
            for own in &own {
                values.extend(own);
                starts.push(u32::try_from(values.len()).unwrap_or(NONE));
            }
            let room = DocId::try_from(own.len()).unwrap_or(DocId::MAX);
            let docs: Vec<DocId> = (0..room).step_by(every).collect();
            let mut wanted = vec![0; 6];
            for &value in own.iter().step_by(every).flatten() {
                wanted[value as usize] += 1;
            }
            let docs = Docs::of(docs, room);
            let many = Numbers::Many {
                values: Narrow::of(values.clone(), 6),
                starts: starts.clone(),
            };
            let sets = Numbers::sets(&starts, &values);
            prop_assert!(matches!(sets, Some(Numbers::Sets(..))));
            for numbers in [Some(many), sets].into_iter().flatten() {
                prop_assert_eq!(numbers.room(), Some(room));
                prop_assert_eq!(values_of(numbers, 6).tally(&docs, room), wanted.clone());
            }
        }

        #[test]
        fn rows_count_what_columns_count(
            own in prop::collection::vec((
                prop::option::of(0_u32..40),
                prop::collection::btree_set(0_u32..6, 0..4),
                prop::collection::btree_set(0_u32..9, 0..3),
            ), 40..900),
            every in 33_usize..60,
        ) {
            let one = own.iter().map(|(one, ..)| one.unwrap_or(NONE)).collect();
            let of_sets = |own: &mut dyn Iterator<Item = &BTreeSet<u32>>, values| {
                let (mut starts, mut all) = (vec![0], Vec::new());
                for own in own {
                    all.extend(own.iter().copied());
                    starts.push(u32::try_from(all.len()).unwrap_or(NONE));
                }
                Numbers::sets(&starts, &all).map(|numbers| values_of(numbers, values))
            };
            let one = values_of(Numbers::One(Narrow::of(one, 40)), 40);
            let two = of_sets(&mut own.iter().map(|(_, two, _)| two), 6);
            let three = of_sets(&mut own.iter().map(|(.., three)| three), 9);
            let (Some(two), Some(three)) = (two, three) else {
                return Err(TestCaseError::fail("sets that are few are numbered"));
            };
            let all = [&one, &two, &three];
            let room = DocId::try_from(own.len()).unwrap_or(DocId::MAX);
            // So few that they are a list.
            let docs = Docs::of((0..room).step_by(every).skip(1).collect(), room);
            let rows = Rows::of(all).and_then(|rows| rows.tallies(docs.as_list()?, all, &[2, 0, 1]));
            let wanted = [&three, &one, &two].map(|values| values.tally(&docs, room));
            prop_assert_eq!(rows, Some(wanted.to_vec()));
        }
    }

    fn values_of(numbers: Numbers, values: usize) -> Values {
        Values::counted(numbers, Names::Kept(Vec::new()), values)
    }
}
