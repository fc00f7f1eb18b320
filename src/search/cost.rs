//! What a query would cost, estimated before it is run.
//!
//! The number of words, clauses, values and pages is bounded elsewhere, but what a word costs is a
//! matter of how many passages hold it. The unit is one entry of the index that is looked at: a
//! posting, or a value that is counted. A bound without looking anything up comes first: in all but
//! large indexes nothing can cost too much, and there the estimate costs nothing either.
//!
//! Invariant: what is refused is told what costs most and how to ask for less (`tests/costs.rs`).

use tantivy::query::Query as EngineQuery;
use tantivy::{Searcher, Term};

use super::{Options, Request};
use crate::index::{self, Snapshot};
use crate::query::Compiled;

/// What reading one hit, with its text and snippet, counts as.
const HIT: u64 = 2_000;

/// What the parts of a query cost.
struct Cost {
    words: u64,
    facets: u64,
    hits: u64,
}

impl Cost {
    fn total(&self) -> u64 {
        self.words
            .saturating_add(self.facets)
            .saturating_add(self.hits)
    }

    /// What costs most, and how to ask for less.
    fn advice(&self) -> &'static str {
        let most = self.words.max(self.facets).max(self.hits);
        if most == self.words {
            "花费主要在词语上，请减少检索词，去掉到处都有的词，或改用精确匹配"
        } else if most == self.facets {
            "花费主要在分面统计上，请少要几个 facets"
        } else {
            "花费主要在列出的条数上，请减小每页条数"
        }
    }
}

/// Refuses a query that would cost more than is allowed.
///
/// # Errors
///
/// [`index::Error::TooCostly`], or where the index cannot be read.
pub(super) fn check(
    snapshot: &Snapshot,
    request: &Request,
    compiled: &Compiled,
    options: &Options,
) -> Result<(), index::Error> {
    let most = options.max_cost;
    if most == 0 {
        return Ok(());
    }
    let searcher = snapshot.searcher();
    let all = searcher.num_docs();
    let mut terms = Vec::new();
    for leaf in &compiled.leaves {
        gather(&*leaf.query, &mut terms);
    }
    let passes = passes(request, compiled);
    let at_most = |words: u64| words.saturating_mul(passes).saturating_add(all);
    let bound = at_most(all.saturating_mul(terms.len() as u64));
    if cost(bound, request, all, compiled).total() <= most {
        return Ok(());
    }
    let words = at_most(frequencies(searcher, &terms)?);
    let cost = cost(words, request, all, compiled);
    if cost.total() <= most {
        return Ok(());
    }
    Err(index::Error::TooCostly {
        cost: cost.total(),
        most,
        advice: cost.advice(),
    })
}

/// How often the words are gone through: once for what holds all of them, again for what holds some
/// and for how much of them is asked.
fn passes(request: &Request, compiled: &Compiled) -> u64 {
    if request.relax && compiled.relaxable.is_some() {
        3
    } else {
        1
    }
}

fn cost(words: u64, request: &Request, all: u64, compiled: &Compiled) -> Cost {
    let found = if compiled.lists_all {
        all
    } else {
        words.min(all)
    };
    let counted = request.facets.len() as u64 + u64::from(request.by_report);
    let explained = if request.explain {
        compiled.leaves.len() as u64 + 1
    } else {
        1
    };
    Cost {
        words,
        facets: found.saturating_mul(counted),
        hits: (request.per_page as u64)
            .min(all)
            .saturating_mul(HIT)
            .saturating_mul(explained),
    }
}

/// The terms that a query looks up.
fn gather(query: &dyn EngineQuery, terms: &mut Vec<Term>) {
    query.query_terms(&mut |term, _| terms.push(term.clone()));
}

/// How many entries these terms have together.
fn frequencies(searcher: &Searcher, terms: &[Term]) -> Result<u64, index::Error> {
    let mut sum = 0_u64;
    for term in terms {
        sum = sum.saturating_add(searcher.doc_freq(term)?);
    }
    Ok(sum)
}
