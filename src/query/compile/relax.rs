//! What is asked for when too few passages hold every word.

use tantivy::query::{Occur, Query as EngineQuery};

use super::{Clauses, Needle, copy, held};
use crate::query::run::{CoverageQuery, Enough};

/// The share of a query's weight a passage must hold once it is relaxed, for up to
/// [`FEW_WORDS`] words; a longer query, which is rather a question, asks for as much as that many
/// words would, and for [`LEAST_SHARE`] at least.
const REQUIRED_SHARE: f32 = 0.4;
const FEW_WORDS: f32 = 4.0;
const LEAST_SHARE: f32 = 0.05;
/// The share with which a single word is enough even where several are demanded: what is left out
/// then says next to nothing, as 教育 does in reports on education.
const ALONE_SHARE: f32 = 0.66;

/// A query whose words need not all be held. Its words are cut finer here: 集团化 asks for 集团.
pub struct Relaxable {
    /// What even a relaxed query insists on.
    pub(super) required: Clauses,
    pub(super) atoms: Vec<Atom>,
    /// What adds to the score: whole words, words next to each other.
    pub(super) bonus: Clauses,
    pub(super) excluded: Clauses,
    /// The text as it was typed, where that may say something else than its words.
    pub(super) literal: Option<Box<dyn EngineQuery>>,
    /// The parts to mark in a hit, besides what the strict query marks.
    pub needles: Vec<Needle>,
}

/// A word that is asked for, or a part of one.
pub(super) struct Atom {
    pub(super) query: Box<dyn EngineQuery>,
    /// How telling it is; 0 where no passage holds it.
    pub(super) weight: f32,
}

/// How much of a relaxed query a passage must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// The least number of words.
    pub words: usize,
    share: f32,
}

impl Relaxable {
    /// How many words there are.
    #[must_use]
    pub fn of(&self) -> usize {
        self.atoms.len()
    }

    /// What to demand, most first, each to be tried when those before it find too few.
    ///
    /// Two words that stand together say more than one; a single one is enough only where it
    /// carries a good part of what was asked, and, where no passage is `complete`, in any case.
    #[must_use]
    pub fn demands(&self, complete: bool) -> Vec<Demand> {
        let held = self.atoms.iter().filter(|atom| atom.weight > 0.0).count();
        let demand = |words, share| Demand { words, share };
        #[expect(clippy::cast_precision_loss, reason = "a few dozen words")]
        let share = REQUIRED_SHARE * (FEW_WORDS / self.of() as f32).min(1.0);
        let share = share.max(LEAST_SHARE);
        let mut demands = vec![demand(2, share), demand(1, share)];
        if !complete {
            demands.push(demand(1, 0.0));
        }
        demands.retain(|demand| demand.words <= held);
        demands
    }

    /// The fewest words with which a passage can meet `demand`.
    #[must_use]
    pub fn least(&self, demand: Demand) -> usize {
        let mut weights: Vec<f32> = self.atoms.iter().map(|atom| atom.weight).collect();
        weights.sort_by(|left, right| right.total_cmp(left));
        let enough = self.enough(demand);
        let mut sum = 0.0;
        let met = weights.iter().zip(1..).find(|&(weight, words)| {
            sum += weight;
            enough.is_reached(words, sum)
        });
        met.map_or(demand.words, |(_, words)| words)
    }

    fn enough(&self, demand: Demand) -> Enough {
        let total: f32 = self.atoms.iter().map(|atom| atom.weight).sum();
        Enough {
            weight: total * demand.share,
            clauses: demand.words,
            alone: total * ALONE_SHARE,
        }
    }

    /// What the engine runs under `demand`; finds whatever the strict query finds.
    #[must_use]
    pub fn query(&self, demand: Demand) -> Box<dyn EngineQuery> {
        let clauses = self
            .atoms
            .iter()
            .filter(|atom| atom.weight > 0.0)
            .map(|atom| (atom.query.box_clone(), atom.weight))
            .collect();
        let covered = CoverageQuery::new(clauses, self.enough(demand));
        let mut all = copy(&self.required);
        all.push((Occur::Must, Box::new(covered)));
        held(
            all,
            copy(&self.bonus),
            copy(&self.excluded),
            self.literal.as_deref(),
        )
    }
}
