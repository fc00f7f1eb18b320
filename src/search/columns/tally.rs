//! Counts how many passages have each value.
//!
//! Where passages have several values, the different sets of values are numbered, and counted before
//! the values in them: what a passage has is then one number in any case.

use tantivy::DocId;

use crate::query::run::Docs;

/// The different sets of values that passages have.
pub(super) struct Sets {
    /// Those of the set `set` are `values[starts[set]..starts[set + 1]]`.
    starts: Vec<u32>,
    values: Vec<u32>,
}

impl Default for Sets {
    fn default() -> Self {
        Self {
            starts: vec![0],
            values: Vec::new(),
        }
    }
}

impl Sets {
    pub(super) fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    pub(super) fn push(&mut self, values: &[u32]) {
        self.values.extend_from_slice(values);
        let end = u32::try_from(self.values.len());
        self.starts.push(end.unwrap_or(u32::MAX));
    }

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
pub(super) enum Narrow {
    Bytes(Vec<u8>),
    Shorts(Vec<u16>),
    Words(Vec<u32>),
}

/// A number of some width, of which the greatest is none.
pub(super) trait Width: Copy {
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
    /// `numbers`, each below `values` or the greatest there is.
    pub(super) fn of(numbers: Vec<u32>, values: usize) -> Self {
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

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Bytes(numbers) => numbers.len(),
            Self::Shorts(numbers) => numbers.len(),
            Self::Words(numbers) => numbers.len(),
        }
    }
}

/// Counts of the values of a facet.
pub(super) enum Tally<'s> {
    /// A passage has one number, which is a value.
    Values(Values),
    /// A passage has one number, which is a set of values.
    Sets(InSets<'s>),
}

impl<'s> Tally<'s> {
    /// To be added to `counts`, of each value.
    pub(super) fn of(counts: Vec<u32>) -> Self {
        Self::Values(Values::new(counts))
    }

    /// The same, where the numbers are of `sets` of values.
    pub(super) fn of_sets(counts: Vec<u32>, sets: &'s Sets) -> Self {
        Self::Sets(InSets {
            of_each: vec![0; sets.len()],
            met: vec![0; sets.len() + 1],
            len: 0,
            sets,
            counts,
        })
    }

    /// Counts each of `numbers`.
    pub(super) fn take(&mut self, numbers: &[impl Width]) {
        match self {
            Self::Values(values) => numbers.iter().for_each(|number| values.add(number.place())),
            Self::Sets(sets) => numbers.iter().for_each(|number| sets.add(number.place())),
        }
    }

    /// Counts the number that each of `docs` has.
    fn take_of(&mut self, docs: &Docs, numbers: &[impl Width]) {
        let number = |doc: DocId| numbers.get(doc as usize);
        match self {
            Self::Values(values) => docs.for_each(|doc| {
                if let Some(number) = number(doc) {
                    values.add(number.place());
                }
            }),
            Self::Sets(sets) => docs.for_each(|doc| {
                if let Some(number) = number(doc) {
                    sets.add(number.place());
                }
            }),
        }
    }

    /// The counts of each value.
    pub(super) fn finish(self) -> Vec<u32> {
        match self {
            Self::Values(values) => values.finish(),
            Self::Sets(sets) => sets.finish(),
        }
    }
}

/// How many counts are kept of each value, to be summed at the end: neighbours often have the same
/// value, and a count that was just written is slow to be read again.
const LANES: usize = 4;
/// The most values for which that is worth it.
const MOST_IN_LANES: usize = 1 << 10;

/// Counts of values.
pub(super) struct Values {
    /// Counts of each value, or one of each where there are many.
    lanes: Vec<u32>,
    width: usize,
    next: usize,
    counts: Vec<u32>,
}

impl Values {
    fn new(counts: Vec<u32>) -> Self {
        let width = if counts.len() > MOST_IN_LANES {
            1
        } else {
            LANES
        };
        Self {
            lanes: vec![0; counts.len() * width],
            width,
            next: 0,
            counts,
        }
    }

    #[inline]
    fn add(&mut self, value: usize) {
        // A power of two.
        let lane = self.next & (self.width - 1);
        self.next += 1;
        let place = value.saturating_mul(self.width) + lane;
        if let Some(count) = self.lanes.get_mut(place) {
            *count += 1;
        }
    }

    fn finish(mut self) -> Vec<u32> {
        for (count, lanes) in self.counts.iter_mut().zip(self.lanes.chunks(self.width)) {
            *count += lanes.iter().sum::<u32>();
        }
        self.counts
    }
}

/// Counts of sets of values.
pub(super) struct InSets<'s> {
    sets: &'s Sets,
    of_each: Vec<u32>,
    /// Which were met, the first `len` of these: most of some ten thousand never are.
    met: Vec<u32>,
    len: usize,
    counts: Vec<u32>,
}

impl InSets<'_> {
    #[inline]
    fn add(&mut self, set: usize) {
        let Some(count) = self.of_each.get_mut(set) else {
            return;
        };
        // Whether it is new is not to be foreseen, so it is not branched on.
        if let Some(place) = self.met.get_mut(self.len) {
            *place = u32::try_from(set).unwrap_or(u32::MAX);
        }
        self.len += usize::from(*count == 0);
        *count += 1;
    }

    fn finish(mut self) -> Vec<u32> {
        for &set in self.met.get(..self.len).unwrap_or_default() {
            let own = self.of_each.get(set as usize).copied().unwrap_or_default();
            for &value in self.sets.of(set as usize) {
                if let Some(count) = self.counts.get_mut(value as usize) {
                    *count += own;
                }
            }
        }
        self.counts
    }
}

/// Counts of the numbers that `docs` have in a column.
pub(super) fn of_column(column: &Narrow, docs: &Docs, mut tally: Tally<'_>) -> Vec<u32> {
    match column {
        Narrow::Bytes(numbers) => tally.take_of(docs, numbers),
        Narrow::Shorts(numbers) => tally.take_of(docs, numbers),
        Narrow::Words(numbers) => tally.take_of(docs, numbers),
    }
    tally.finish()
}

/// Counts of the values of `docs`, those of the passage `doc` being
/// `values[starts[doc]..starts[doc + 1]]`, added to `counts`.
pub(super) fn of_lists(starts: &[u32], values: &Narrow, docs: &Docs, counts: Vec<u32>) -> Vec<u32> {
    let tally = Tally::of(counts);
    match values {
        Narrow::Bytes(values) => many(starts, values, docs, tally),
        Narrow::Shorts(values) => many(starts, values, docs, tally),
        Narrow::Words(values) => many(starts, values, docs, tally),
    }
}

fn many(starts: &[u32], values: &[impl Width], docs: &Docs, mut tally: Tally<'_>) -> Vec<u32> {
    docs.for_each(|doc| {
        let doc = doc as usize;
        if let Some(&[start, end]) = starts.get(doc..doc + 2) {
            let values = values.get(start as usize..end as usize);
            tally.take(values.unwrap_or_default());
        }
    });
    tally.finish()
}
