//! Two runs over the same queries: which is better, and whether that may be chance.

use std::collections::HashMap;

use serde::Serialize;

use super::measure::Measure;
use super::run::Run;

/// Up to as many queries that differ, every way of exchanging the runs is tried.
const EXHAUSTIVE: usize = 14;
/// With more, as many ways are drawn.
const DRAWS: u32 = 20_000;
/// What the draws begin with, so that the same runs give the same p.
const SEED: u64 = 0x0063_6573_6f75;
/// Scores closer than this are the same but for rounding.
const EPSILON: f64 = 1e-9;

/// A run beside another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// How many queries both runs have; the rest is left out.
    pub queries: usize,
    /// How many queries only this run has.
    pub only_here: usize,
    /// How many queries only the other run has.
    pub only_there: usize,
    /// Each measure over the queries both have.
    pub measures: Vec<Difference>,
}

/// One measure of two runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// What is measured.
    pub measure: Measure,
    /// Its mean in this run.
    pub here: f64,
    /// Its mean in the other run.
    pub there: f64,
    /// On how many queries this run is better.
    pub wins: usize,
    /// On how many it is worse.
    pub losses: usize,
    /// On how many they are equal.
    pub ties: usize,
    /// How probable a difference at least as large is where the runs are equally good.
    pub p: f64,
}

/// Compares `here` with `there`, query by query, by id.
#[must_use]
pub fn compare(here: &Run, there: &Run) -> Comparison {
    let others: HashMap<&str, _> = there
        .queries
        .iter()
        .map(|ranked| (ranked.id.as_str(), &ranked.scores))
        .collect();
    let pairs: Vec<_> = here
        .queries
        .iter()
        .filter_map(|ranked| Some((&ranked.scores, *others.get(ranked.id.as_str())?)))
        .collect();
    let measures = Measure::ALL
        .into_iter()
        .map(|measure| {
            let values: Vec<(f64, f64)> = pairs
                .iter()
                .map(|(here, there)| (here.get(measure), there.get(measure)))
                .collect();
            difference(measure, &values)
        })
        .collect();
    Comparison {
        queries: pairs.len(),
        only_here: here.queries.len() - pairs.len(),
        only_there: others.len() - pairs.len(),
        measures,
    }
}

#[expect(clippy::cast_precision_loss, reason = "far fewer queries than 2^52")]
fn difference(measure: Measure, values: &[(f64, f64)]) -> Difference {
    let differences: Vec<f64> = values.iter().map(|(here, there)| here - there).collect();
    let count = values.len().max(1) as f64;
    let wins = differences.iter().filter(|&&d| d > EPSILON).count();
    let losses = differences.iter().filter(|&&d| d < -EPSILON).count();
    Difference {
        measure,
        here: values.iter().map(|(here, _)| here).sum::<f64>() / count,
        there: values.iter().map(|(_, there)| there).sum::<f64>() / count,
        wins,
        losses,
        ties: values.len() - wins - losses,
        p: permutation_test(&differences),
    }
}

/// The two-sided p of a paired randomisation test on the mean (Smucker, Allan and Carterette, "A
/// comparison of statistical significance tests for information retrieval evaluation", 2007).
///
/// Were both runs equally good, each query's two scores could as well have come the other way
/// round; p is the share of all such exchanges that set the means at least as far apart. All are
/// tried for a few queries, and 20,000 drawn for many, the same ones each time.
#[must_use]
pub fn permutation_test(differences: &[f64]) -> f64 {
    let differences: Vec<f64> = differences
        .iter()
        .copied()
        .filter(|difference| difference.abs() > EPSILON)
        .collect();
    let seen = differences.iter().sum::<f64>().abs() - EPSILON;
    let extreme = |signs: &mut dyn FnMut() -> bool| {
        let sum: f64 = differences
            .iter()
            .map(|difference| if signs() { *difference } else { -difference })
            .sum();
        u32::from(sum.abs() >= seen)
    };
    if differences.len() <= EXHAUSTIVE {
        let ways = 1_u32 << differences.len();
        let count: u32 = (0..ways)
            .map(|way| {
                let mut rest = way;
                extreme(&mut || {
                    let sign = rest & 1 == 1;
                    rest >>= 1;
                    sign
                })
            })
            .sum();
        return f64::from(count) / f64::from(ways);
    }
    let mut random = SplitMix(SEED);
    let count: u32 = (0..DRAWS)
        .map(|_| extreme(&mut || random.next() >> 63 == 1))
        .sum();
    // The way things came is one of the ways.
    f64::from(count + 1) / f64::from(DRAWS + 1)
}

/// The generator of Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
