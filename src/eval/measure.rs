//! The measures of one ranking against its judgements.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

/// What is measured of a ranking; all from 0 to 1, higher is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Measure {
    /// Normalised discounted cumulative gain of the first ten, the gain being the grade
    /// (Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", 2002).
    #[serde(rename = "ndcg@10")]
    NdcgAt10,
    /// One by the place of the first relevant hit, where that is among the first ten.
    #[serde(rename = "mrr@10")]
    MrrAt10,
    /// The share of what is relevant that is among the first ten.
    #[serde(rename = "recall@10")]
    RecallAt10,
    /// The share of what is relevant that is among the first hundred.
    #[serde(rename = "recall@100")]
    RecallAt100,
}

impl Measure {
    /// Every measure, in the order they are shown.
    pub const ALL: [Self; 4] = [
        Self::NdcgAt10,
        Self::MrrAt10,
        Self::RecallAt10,
        Self::RecallAt100,
    ];

    /// Its usual name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NdcgAt10 => "nDCG@10",
            Self::MrrAt10 => "MRR@10",
            Self::RecallAt10 => "recall@10",
            Self::RecallAt100 => "recall@100",
        }
    }
}

/// The measures of one ranking, or their means over several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// See [`Measure::NdcgAt10`].
    #[serde(rename = "ndcg@10")]
    pub ndcg_at_10: f64,
    /// See [`Measure::MrrAt10`].
    #[serde(rename = "mrr@10")]
    pub mrr_at_10: f64,
    /// See [`Measure::RecallAt10`].
    #[serde(rename = "recall@10")]
    pub recall_at_10: f64,
    /// See [`Measure::RecallAt100`].
    #[serde(rename = "recall@100")]
    pub recall_at_100: f64,
}

impl Scores {
    /// The measures of a ranking, best first.
    ///
    /// An id that comes again counts at its best place only, and those below it move up. What is
    /// judged relevant but can never be found counts as not found. All are 0 where nothing is
    /// relevant.
    #[must_use]
    pub fn of<Id: AsRef<str>>(ranking: &[Id], relevant: &BTreeMap<String, u32>) -> Self {
        let mut seen = HashSet::new();
        let grades: Vec<u32> = ranking
            .iter()
            .map(AsRef::as_ref)
            .filter(|id| seen.insert(*id))
            .map(|id| relevant.get(id).copied().unwrap_or(0))
            .collect();
        let mut ideal: Vec<u32> = relevant
            .values()
            .copied()
            .filter(|&grade| grade > 0)
            .collect();
        if ideal.is_empty() {
            return Self::default();
        }
        ideal.sort_unstable_by(|left, right| right.cmp(left));
        let recall = |depth: usize| {
            let found = grades.iter().take(depth).filter(|&&grade| grade > 0);
            ratio(found.count(), ideal.len())
        };
        let first = grades.iter().take(10).position(|&grade| grade > 0);
        Self {
            ndcg_at_10: discounted_gain(&grades) / discounted_gain(&ideal),
            mrr_at_10: first.map_or(0.0, |before| ratio(1, before + 1)),
            recall_at_10: recall(10),
            recall_at_100: recall(100),
        }
    }

    /// The means of the measures; all 0 over nothing.
    #[must_use]
    pub fn mean<'a>(of: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut sum = Self::default();
        let mut count = 0_u32;
        for scores in of {
            count += 1;
            sum = sum.zip(*scores, |left, right| left + right);
        }
        let count = f64::from(count.max(1));
        sum.zip(sum, |sum, _| sum / count)
    }

    /// The value of one measure.
    #[must_use]
    pub fn get(&self, measure: Measure) -> f64 {
        match measure {
            Measure::NdcgAt10 => self.ndcg_at_10,
            Measure::MrrAt10 => self.mrr_at_10,
            Measure::RecallAt10 => self.recall_at_10,
            Measure::RecallAt100 => self.recall_at_100,
        }
    }

    fn zip(self, other: Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            ndcg_at_10: combine(self.ndcg_at_10, other.ndcg_at_10),
            mrr_at_10: combine(self.mrr_at_10, other.mrr_at_10),
            recall_at_10: combine(self.recall_at_10, other.recall_at_10),
            recall_at_100: combine(self.recall_at_100, other.recall_at_100),
        }
    }
}

/// The gain of the first ten grades, each divided by the binary logarithm of its place plus one.
fn discounted_gain(grades: &[u32]) -> f64 {
    grades
        .iter()
        .take(10)
        .zip(2_u32..)
        .map(|(&grade, place)| f64::from(grade) / f64::from(place).log2())
        .sum()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody judges more than 2^52 passages"
)]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
