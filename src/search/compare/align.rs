//! Which passages of several sides are about the same.
//!
//! A passage is known by its most telling words ([`telling`]), and two are as like as the cosine of
//! the angle between what these words are worth in each (Salton, Wong and Yang, "A vector space
//! model for automatic indexing", 1975). Pairs are joined from the most alike downwards, at most
//! one passage of a side in a row, and a row grows only while its passages are alike on average and
//! all of them hold some term: by single pairs a row would drift from one subject to the next.
//!
//! Invariants: a passage is in one row at most, a row has two passages or more and one of a side at
//! most, and no pair that is joined first is less alike than one that is joined later (the tests
//! below, over arbitrary profiles).

use std::collections::{BTreeMap, HashMap};

use crate::index::{PassageRecord, ReportRecord, Snapshot};
use crate::search::similar::{Frequencies, telling};

/// From this likeness on two passages are clearly about the same. Of the pairs of government reports
/// of 2025 that were looked at, those below it share the theme and little else.
const ALIKE: f32 = 0.12;
/// The most terms a passage is known by.
const MAX_TERMS: usize = 100;
/// The most terms that say what a row shares.
const SHARED: usize = 6;

/// What a passage is known by: its terms, each with its part of a whole of length 1. In the order of
/// the terms, since sums of floats depend on theirs.
#[derive(Debug, Clone, Default)]
pub(super) struct Profile(BTreeMap<String, f32>);

impl Profile {
    pub(super) fn of(
        snapshot: &Snapshot,
        passage: &PassageRecord,
        report: &ReportRecord,
        known: &mut Frequencies,
    ) -> tantivy::Result<Self> {
        let terms = telling(snapshot, passage, report, MAX_TERMS, known)?;
        Ok(Self::new(
            terms.into_iter().map(|term| (term.text, term.worth)),
        ))
    }

    fn new(terms: impl IntoIterator<Item = (String, f32)>) -> Self {
        let mut terms: BTreeMap<String, f32> = terms.into_iter().collect();
        let length = terms
            .values()
            .map(|worth| worth * worth)
            .sum::<f32>()
            .sqrt();
        if length > 0.0 {
            for worth in terms.values_mut() {
                *worth /= length;
            }
        }
        Self(terms)
    }

    /// How like two passages are, from 0 to 1.
    fn likeness(&self, other: &Self) -> f32 {
        let (few, many) = if self.0.len() <= other.0.len() {
            (&self.0, &other.0)
        } else {
            (&other.0, &self.0)
        };
        let parts = few.iter();
        let sum: f32 = parts
            .filter_map(|(term, worth)| Some(worth * many.get(term)?))
            .sum();
        sum.min(1.0)
    }
}

/// Passages that belong together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    /// For each side the place of its passage.
    pub(super) members: Vec<Option<usize>>,
    /// The mean likeness of all pairs.
    pub(super) likeness: f32,
    /// Terms that all hold, the most telling first.
    pub(super) shared: Vec<String>,
}

/// Two passages, each by side and place.
struct Pair {
    likeness: f32,
    ends: [(usize, usize); 2],
}

/// The groups of passages that are about the same, those of most sides first, then the most alike.
pub(super) fn align<P: AsRef<Profile>>(sides: &[Vec<P>]) -> Vec<Group> {
    let mut pairs = Vec::new();
    for (left, one) in sides.iter().enumerate() {
        for (right, other) in sides.iter().enumerate().skip(left + 1) {
            for (i, a) in one.iter().enumerate() {
                for (j, b) in other.iter().enumerate() {
                    let likeness = a.as_ref().likeness(b.as_ref());
                    if likeness >= ALIKE {
                        let ends = [(left, i), (right, j)];
                        pairs.push(Pair { likeness, ends });
                    }
                }
            }
        }
    }
    pairs.sort_by(|left, right| {
        let by_likeness = right.likeness.total_cmp(&left.likeness);
        by_likeness.then_with(|| left.ends.cmp(&right.ends))
    });

    let profile = |(side, at): (usize, usize)| sides[side][at].as_ref();
    // The passages of each row so far, and which row a passage is in.
    let mut rows: Vec<Vec<(usize, usize)>> = Vec::new();
    let mut row_of: HashMap<(usize, usize), usize> = HashMap::new();
    for pair in &pairs {
        let [one, other] = pair.ends.map(|end| row_of.get(&end).copied());
        if one.is_some() && one == other {
            continue;
        }
        let members =
            |row: Option<usize>, end| row.map_or_else(|| vec![end], |at| rows[at].clone());
        let (left, right) = (members(one, pair.ends[0]), members(other, pair.ends[1]));
        let is_taken = left
            .iter()
            .any(|(side, _)| right.iter().any(|(taken, _)| taken == side));
        if is_taken {
            continue;
        }
        let across = left
            .iter()
            .flat_map(|&a| right.iter().map(move |&b| profile(a).likeness(profile(b))));
        if mean(across) < ALIKE {
            continue;
        }
        let joined = [left, right].concat();
        let about: Vec<&Profile> = joined.iter().map(|&member| profile(member)).collect();
        if shared(&about).is_empty() {
            continue;
        }
        if let Some(emptied) = one {
            rows[emptied].clear();
        }
        if let Some(emptied) = other {
            rows[emptied].clear();
        }
        for &member in &joined {
            row_of.insert(member, rows.len());
        }
        rows.push(joined);
    }

    let mut groups: Vec<Group> = rows
        .into_iter()
        .filter(|row| !row.is_empty())
        .map(|row| {
            let mut members = vec![None; sides.len()];
            for &(side, at) in &row {
                members[side] = Some(at);
            }
            let about: Vec<&Profile> = row.iter().map(|&member| profile(member)).collect();
            Group {
                members,
                likeness: among(&about),
                shared: shared(&about),
            }
        })
        .collect();
    groups.sort_by(|left, right| {
        let sides = |group: &Group| group.members.iter().flatten().count();
        sides(right)
            .cmp(&sides(left))
            .then_with(|| right.likeness.total_cmp(&left.likeness))
            .then_with(|| left.members.cmp(&right.members))
    });
    groups
}

/// The mean likeness of all pairs.
fn among(profiles: &[&Profile]) -> f32 {
    mean(profiles.iter().enumerate().flat_map(|(at, one)| {
        let others = profiles.iter().skip(at + 1);
        others.map(|other| one.likeness(other))
    }))
}

#[expect(clippy::cast_precision_loss, reason = "a row has few pairs")]
fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    if count == 0 { 0.0 } else { sum / count as f32 }
}

/// What all hold, by what it is worth to all together; of a word and a part of it the word only.
fn shared(profiles: &[&Profile]) -> Vec<String> {
    let Some((first, others)) = profiles.split_first() else {
        return Vec::new();
    };
    let mut terms: Vec<(&str, f32)> = first
        .0
        .iter()
        .filter_map(|(term, worth)| {
            let mut product = *worth;
            for other in others {
                product *= other.0.get(term)?;
            }
            Some((term.as_str(), product))
        })
        .collect();
    terms.sort_by(|left, right| {
        let by_worth = right.1.total_cmp(&left.1);
        by_worth.then_with(|| left.0.cmp(right.0))
    });
    let is_part = |term: &str| {
        let mut all = terms.iter();
        all.any(|&(other, _)| other != term && other.contains(term))
    };
    let whole = terms.iter().filter(|&&(term, _)| !is_part(term));
    whole
        .take(SHARED)
        .map(|&(term, _)| term.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::{ALIKE, Profile, align};

    fn profile(terms: &[(&str, f32)]) -> Arc<Profile> {
        let terms = terms.iter().map(|&(term, worth)| (term.to_owned(), worth));
        Arc::new(Profile::new(terms))
    }

    #[test]
    fn like_stands_beside_like_and_what_is_alone_in_no_row() {
        let exchange = profile(&[("交流", 2.0), ("轮岗", 2.0), ("教师", 1.0)]);
        let rotation = profile(&[("轮岗", 2.0), ("校长", 1.0), ("交流", 1.0)]);
        let lunch = profile(&[("午餐", 3.0), ("营养", 2.0)]);
        let groups = align(&[
            vec![Arc::clone(&lunch), Arc::clone(&exchange)],
            vec![Arc::clone(&rotation)],
            vec![profile(&[("校车", 1.0)]), Arc::clone(&exchange)],
        ]);
        assert_eq!(groups.len(), 1, "{groups:?}");
        assert_eq!(groups[0].members, [Some(1), Some(0), Some(1)]);
        assert_eq!(groups[0].shared, ["轮岗", "交流"]);
        assert!(groups[0].likeness > 0.5);
    }

    #[test]
    fn likeness_is_the_same_each_time_to_the_last_digit() {
        let terms = |from: u8| (0..60).map(move |n| (format!("词{n}"), f32::from(from + n).sqrt()));
        let likeness = || Profile::new(terms(1)).likeness(&Profile::new(terms(7)));
        let first = likeness().to_bits();
        for _ in 0..20 {
            assert_eq!(likeness().to_bits(), first);
        }
    }

    #[test]
    fn a_row_does_not_drift_from_one_subject_to_the_next() {
        // Each is like its neighbours, the first and the last are not alike at all.
        let chain = ["ab", "bc", "cd", "de", "ef"].map(|terms| {
            let terms: Vec<String> = terms.chars().map(String::from).collect();
            vec![Arc::new(Profile::new(
                terms.into_iter().map(|term| (term, 1.0)),
            ))]
        });
        let groups = align(&chain);
        let most = groups
            .iter()
            .map(|group| group.members.iter().flatten().count());
        assert!(most.max() < Some(5), "{groups:?}");
        assert!(groups.iter().all(|group| !group.shared.is_empty()));
    }

    proptest! {
        #[test]
        fn rows_are_rows(
            sides in prop::collection::vec(
                prop::collection::vec(
                    prop::collection::vec(("[a-e]", 0.0_f32..3.0), 0..4), 0..6), 0..6),
        ) {
            let sides: Vec<Vec<Arc<Profile>>> = sides
                .into_iter()
                .map(|side| side.into_iter().map(|terms| Arc::new(Profile::new(terms))).collect())
                .collect();
            let groups = align(&sides);
            let mut seen = BTreeSet::new();
            for group in &groups {
                prop_assert_eq!(group.members.len(), sides.len());
                prop_assert!(group.members.iter().flatten().count() >= 2);
                prop_assert!(group.likeness > 0.0 && group.likeness <= 1.0);
                for (side, at) in group.members.iter().enumerate() {
                    if let Some(at) = at {
                        prop_assert!(*at < sides[side].len());
                        prop_assert!(seen.insert((side, *at)), "in two rows");
                    }
                }
            }
            // Whatever is left could not have been joined with what is left elsewhere.
            for (left, one) in sides.iter().enumerate() {
                for (right, other) in sides.iter().enumerate().skip(left + 1) {
                    for (i, a) in one.iter().enumerate().filter(|(i, _)| !seen.contains(&(left, *i))) {
                        for (j, b) in other.iter().enumerate() {
                            if !seen.contains(&(right, j)) {
                                prop_assert!(a.likeness(b) < ALIKE, "{i} {j}");
                            }
                        }
                    }
                }
            }
            prop_assert_eq!(align(&sides), groups, "the same every time");
        }
    }
}
