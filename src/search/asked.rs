//! A request that has been read: its hits in order, however many of them are wanted.
//!
//! A page of hits and an export of all of them come from here, so that they can never disagree.

use tantivy::query::Query as EngineQuery;

use super::pinned::{self, Pinned};
use super::rank::{self, Complete, Ranked, Sort};
use super::{Hit, HitReader, Options, Request, feedback, order, quantities, reports};
use crate::index::{self, Snapshot};
use crate::quantity::Condition;
use crate::query::run::Found;
use crate::query::{Compiled, Compiler, Leaf};

/// A request, and what it was read as.
pub(super) struct Asked<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) request: &'a Request,
    pub(super) options: &'a Options,
    pub(super) compiled: &'a Compiled,
    /// The passages that hold every word, where others are among the hits.
    pub(super) complete: Option<&'a Complete>,
    /// The bounds on figures that the query names.
    pub(super) conditions: &'a [Condition],
    /// What the site owner puts first, which is among what is found.
    pub(super) pinned: Option<&'a Pinned>,
}

/// Hits in order.
pub(super) struct Ordered {
    /// The first of them, at least as many as were wanted where there are.
    pub(super) top: Vec<Ranked>,
    /// What the best hits add to a question.
    pub(super) related: Vec<Leaf>,
}

/// The hits of one page.
pub(super) struct Page {
    /// Each with how many of its report there are, where it stands for all of them.
    pub(super) hits: Vec<(Ranked, Option<usize>)>,
    /// How many reports they are of, where each is listed once.
    pub(super) reports: Option<usize>,
    /// What the best hits add to a question.
    pub(super) related: Vec<Leaf>,
}

impl Asked<'_> {
    /// Those of `found`, which `narrowed` finds, on the page that is asked for.
    pub(super) fn page(
        &self,
        narrowed: &dyn EngineQuery,
        found: &Found,
    ) -> Result<Page, index::Error> {
        let request = self.request;
        let skip = request.skip();
        let (from, end) = if request.by_report {
            // Which passage is the best of its report shows only among all of them.
            (0, found.len())
        } else {
            (skip, skip.saturating_add(request.per_page))
        };
        let Ordered { top, related } = self.order(narrowed, found, from, end)?;
        let mut reports = None;
        let listed: Vec<(Ranked, Option<usize>)> = if request.by_report {
            let best = reports::best(self.snapshot, &top)?;
            reports = Some(best.len());
            let best = best.into_iter();
            best.map(|(hit, count)| (hit, Some(count))).collect()
        } else {
            top.into_iter().map(|hit| (hit, None)).collect()
        };
        Ok(Page {
            hits: listed
                .into_iter()
                .skip(skip)
                .take(request.per_page)
                .collect(),
            reports,
            related,
        })
    }

    /// The order of the hits: where nothing was asked for, that of the corpus.
    fn sort(&self) -> Sort {
        let by_number = !self.request.orders.is_empty();
        if by_number || (self.compiled.lists_all && self.request.sort == Sort::Relevance) {
            Sort::Document
        } else {
            self.request.sort
        }
    }

    /// The hit that is ranked so.
    pub(super) fn read(
        &self,
        reader: &HitReader<'_>,
        ranked: &Ranked,
    ) -> Result<Hit, index::Error> {
        let address = ranked.address;
        let pinned = self.pinned;
        let complete = self.complete.is_none_or(|set| set.contains(address))
            && pinned.is_none_or(|pinned| pinned.is_matched(address));
        Ok(Hit {
            pinned: pinned.is_some_and(|pinned| pinned.has(address))
                && pinned::come_first(self.request),
            ..reader.read(ranked, complete)?
        })
    }

    /// The first of `found`, which `narrowed` finds, up to `end`, of which those from `skip` on are
    /// wanted; what is pinned comes before all others.
    pub(super) fn order(
        &self,
        narrowed: &dyn EngineQuery,
        found: &Found,
        skip: usize,
        end: usize,
    ) -> Result<Ordered, index::Error> {
        let pinned = self.pinned.filter(|_| pinned::come_first(self.request));
        let Some(pinned) = pinned else {
            return self.rank(narrowed, found, skip, end);
        };
        let (mut first, matched) = pinned.split(self.snapshot, narrowed, found)?;
        let before = first.len();
        let again = first.iter().filter(|hit| matched.contains(hit.address));
        let end = end.saturating_sub(before).saturating_add(again.count());
        let skip = skip.saturating_sub(before);
        let Ordered { top, related } = self.rank(narrowed, &matched, skip, end)?;
        first.extend(top.into_iter().filter(|hit| !pinned.has(hit.address)));
        Ok(Ordered {
            top: first,
            related,
        })
    }

    /// The same, in the order of the ranking.
    fn rank(
        &self,
        narrowed: &dyn EngineQuery,
        found: &Found,
        skip: usize,
        end: usize,
    ) -> Result<Ordered, index::Error> {
        let searcher = self.snapshot.searcher();
        let sort = self.sort();
        let weight = self.options.weights.feedback;
        let asks_again = sort == Sort::Relevance && self.compiled.is_question && weight > 0.0;
        let wanted = if asks_again && skip < feedback::WINDOW {
            end.max(feedback::WINDOW)
        } else if !self.conditions.is_empty() && skip < quantities::WINDOW {
            end.max(quantities::WINDOW)
        } else {
            end
        };
        let mut top = rank::first(self.snapshot, narrowed, found, sort, self.complete, wanted)?;
        let mut related = Vec::new();
        if asks_again {
            let compiler = Compiler::new(self.snapshot, self.options.weights);
            let words = self.compiled.words.len();
            let first = top.len().min(feedback::WINDOW);
            if let Some(first) = top.get_mut(..first) {
                related = feedback::leaves(self.snapshot, &compiler, words, first, weight)?;
                feedback::add(self.snapshot, &related, first)?;
                rank::order(self.complete, first);
            }
        }
        match self.request.quantities.first().or(self.conditions.first()) {
            _ if !self.request.orders.is_empty() => {
                top = searcher.search(narrowed, &order::collector(&self.request.orders, end))?;
            }
            Some(first) if sort == Sort::Quantity => {
                top = searcher.search(narrowed, &quantities::collector(first, 0, end))?;
            }
            Some(_) if sort == Sort::Relevance && !self.conditions.is_empty() => {
                let first = top.len().min(quantities::WINDOW);
                if let Some(first) = top.get_mut(..first) {
                    let words = &self.compiled.words;
                    quantities::order(self.snapshot, self.conditions, words, first)?;
                }
            }
            _ => {}
        }
        Ok(Ordered { top, related })
    }
}
