//! The columns of a generation as counting needs them.
//!
//! The engine's columns are packed, and each value is unpacked when it is asked for. What every
//! search asks for of many passages, its facets and places, is unpacked once for a generation and
//! kept with it, when it is asked for first: a byte for each passage and facet of up to 254 values,
//! else two or four.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use tantivy::columnar::{Column, StrColumn};
use tantivy::{DocId, SegmentOrdinal, SegmentReader};

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

/// What was unpacked of a generation so far.
pub(super) struct Columns {
    segments: Vec<Segment>,
}

#[derive(Default)]
struct Segment {
    places: OnceLock<Places>,
    facets: [OnceLock<Values>; Facet::ALL.len()],
}

impl Columns {
    /// Those of the generation of `snapshot`.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let segments = snapshot.searcher().segment_readers().iter();
        Self {
            segments: segments.map(|_| Segment::default()).collect(),
        }
    }

    /// Where the passages of a segment stand in the corpus.
    pub(super) fn places(
        &self,
        snapshot: &Snapshot,
        segment: SegmentOrdinal,
    ) -> tantivy::Result<&Places> {
        let reader = snapshot.searcher().segment_reader(segment);
        let slot = self.segments.get(segment as usize);
        let slot = slot.map(|segment| &segment.places);
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
        let slot = self.segments.get(segment as usize);
        let slot = slot.and_then(|segment| segment.facets.get(facet as usize));
        kept(slot, || Values::open(reader, facet))
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

/// The different sets of values that passages have.
struct Sets {
    /// Those of the set `set` are `values[starts[set]..starts[set + 1]]`.
    starts: Vec<u32>,
    values: Vec<u32>,
}

impl Sets {
    fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    #[inline]
    fn of(&self, set: usize) -> &[u32] {
        let bounds = self.starts.get(set..set.saturating_add(2));
        let Some(&[start, end]) = bounds else {
            return &[];
        };
        let values = self.values.get(start as usize..end as usize);
        values.unwrap_or_default()
    }
}

/// Numbers in as few bytes as they need; the greatest of each width is none.
enum Narrow {
    Bytes(Vec<u8>),
    Shorts(Vec<u16>),
    Words(Vec<u32>),
}

/// A number of some width, of which the greatest is none.
trait Width: Copy {
    fn place(self) -> usize;
}

impl Width for u8 {
    fn place(self) -> usize {
        self.into()
    }
}

impl Width for u16 {
    fn place(self) -> usize {
        self.into()
    }
}

impl Width for u32 {
    fn place(self) -> usize {
        usize::try_from(self).unwrap_or(usize::MAX)
    }
}

impl Narrow {
    /// `numbers`, each below `values` or [`NONE`].
    fn of(numbers: Vec<u32>, values: usize) -> Self {
        if values < usize::from(u8::MAX) {
            let narrow = numbers.iter().map(|&number| u8::try_from(number));
            return Self::Bytes(narrow.map(|number| number.unwrap_or(u8::MAX)).collect());
        }
        if values < usize::from(u16::MAX) {
            let narrow = numbers.iter().map(|&number| u16::try_from(number));
            return Self::Shorts(narrow.map(|number| number.unwrap_or(u16::MAX)).collect());
        }
        Self::Words(numbers)
    }
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
        let mut counts = vec![0; self.all.len()];
        match &self.numbers {
            Numbers::One(Narrow::Bytes(numbers)) => one(numbers, docs, &mut counts),
            Numbers::One(Narrow::Shorts(numbers)) => one(numbers, docs, &mut counts),
            Numbers::One(Narrow::Words(numbers)) => one(numbers, docs, &mut counts),
            Numbers::Sets(of, sets) => match of {
                Narrow::Bytes(of) => of_sets(of, sets, docs, &mut counts),
                Narrow::Shorts(of) => of_sets(of, sets, docs, &mut counts),
                Narrow::Words(of) => of_sets(of, sets, docs, &mut counts),
            },
            Numbers::Many { starts, values } => match values {
                Narrow::Bytes(values) => many(starts, values, docs, &mut counts),
                Narrow::Shorts(values) => many(starts, values, docs, &mut counts),
                Narrow::Words(values) => many(starts, values, docs, &mut counts),
            },
            Numbers::None => {}
        }
        counts
    }
}

/// How many counts are kept of each value, to be summed at the end: neighbours often have the same
/// value, and a count that was just written is slow to be read again.
const LANES: usize = 4;
/// The most values for which that is worth it.
const MOST_IN_LANES: usize = 1 << 10;

/// Counts of values.
struct Tally {
    /// Counts of each value, or one of each where there are many.
    lanes: Vec<u32>,
    width: usize,
    next: usize,
}

impl Tally {
    fn new(values: usize) -> Self {
        let width = if values > MOST_IN_LANES { 1 } else { LANES };
        Self {
            lanes: vec![0; values * width],
            width,
            next: 0,
        }
    }

    #[inline]
    fn add(&mut self, number: impl Width) {
        // A power of two.
        let lane = self.next & (self.width - 1);
        self.next += 1;
        let place = number.place().saturating_mul(self.width) + lane;
        if let Some(count) = self.lanes.get_mut(place) {
            *count += 1;
        }
    }

    fn add_to(&self, counts: &mut [u32]) {
        for (count, lanes) in counts.iter_mut().zip(self.lanes.chunks(self.width)) {
            *count += lanes.iter().sum::<u32>();
        }
    }
}

fn one(numbers: &[impl Width], docs: &Docs, counts: &mut [u32]) {
    let mut tally = Tally::new(counts.len());
    docs.for_each(|doc| {
        if let Some(&number) = numbers.get(doc as usize) {
            tally.add(number);
        }
    });
    tally.add_to(counts);
}

/// Counts sets, and then the values in them; where there are few passages, the values at once.
fn of_sets(numbers: &[impl Width], sets: &Sets, docs: &Docs, counts: &mut [u32]) {
    if docs.len() < 2 * sets.len() {
        docs.for_each(|doc| {
            let set = numbers.get(doc as usize).map(|number| number.place());
            for &value in set.map_or(&[][..], |set| sets.of(set)) {
                if let Some(count) = counts.get_mut(value as usize) {
                    *count += 1;
                }
            }
        });
        return;
    }
    let mut of_each = vec![0; sets.len()];
    one(numbers, docs, &mut of_each);
    for (set, own) in of_each.into_iter().enumerate().filter(|(_, own)| *own > 0) {
        for &value in sets.of(set) {
            if let Some(count) = counts.get_mut(value as usize) {
                *count += own;
            }
        }
    }
}

fn many(starts: &[u32], values: &[impl Width], docs: &Docs, counts: &mut [u32]) {
    let mut tally = Tally::new(counts.len());
    docs.for_each(|doc| {
        let doc = doc as usize;
        if let Some(&[start, end]) = starts.get(doc..doc + 2) {
            let values = values.get(start as usize..end as usize);
            for &number in values.unwrap_or_default() {
                tally.add(number);
            }
        }
    });
    tally.add_to(counts);
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
        let mut sets = Sets {
            starts: vec![0],
            values: Vec::new(),
        };
        let mut numbers = Vec::with_capacity(starts.len().saturating_sub(1));
        for bounds in starts.windows(2) {
            let [start, end] = bounds else { continue };
            let own = values.get(*start as usize..*end as usize)?;
            let next = u32::try_from(known.len()).ok()?;
            let number = *known.entry(own).or_insert_with(|| {
                sets.values.extend_from_slice(own);
                sets.starts
                    .push(u32::try_from(sets.values.len()).unwrap_or(NONE));
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
            Self::One(numbers) | Self::Sets(numbers, _) => match numbers {
                Narrow::Bytes(numbers) => numbers.len(),
                Narrow::Shorts(numbers) => numbers.len(),
                Narrow::Words(numbers) => numbers.len(),
            },
            Self::Many { starts, .. } => starts.len().saturating_sub(1),
            Self::None => return None,
        };
        DocId::try_from(room).ok()
    }
}

#[cfg(test)]
mod tests {
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
                let names = Names::Kept(Vec::new());
                let counted = Values::counted(numbers, names, 6);
                prop_assert_eq!(counted.tally(&docs, room), wanted.clone());
            }
        }
    }
}
