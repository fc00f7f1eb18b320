//! Passages that the site owner puts first for a query (`corpus/pins.toml`).
//!
//! They are hits like any other: they pass the filters or are not there, they are counted, in every
//! facet too, and paging comes by each once. Whether the words of the query find them makes no
//! difference to that; it is told of each hit. Where hits stand in another order than that of
//! relevance they are among them at their own places, and where a string is looked for as it stands
//! there are none: what is asked for then is what contains it.
//!
//! Invariant: with pins as without, counts are those of the filtered search and pages have no gap
//! and nothing twice (`tests/pins.rs`).

use tantivy::query::{BooleanQuery, Occur, Query as EngineQuery, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{TantivyError, Term};

use super::rank::{self, Ranked, Sort};
use super::{Address, Chosen, Match, Request};
use crate::index::{self, Snapshot};
use crate::query::run::{self, Constant, Found};

/// The passages that are pinned for the query at hand.
pub(super) struct Pinned {
    /// Where they stand, in their order.
    places: Vec<Address>,
    all: Found,
    /// What the words of the query find.
    matched: Found,
}

impl Pinned {
    /// Whether the words of the query find the hit there.
    pub(super) fn is_matched(&self, address: Address) -> bool {
        self.matched.contains(address)
    }

    /// Whether the hit there is pinned.
    pub(super) fn has(&self, address: Address) -> bool {
        self.places.contains(&address)
    }

    /// Those of `found`, which `narrowed` finds, in their order, and what the words find of it, where
    /// some of them may be again: what the best hits add to a question depends on all of these.
    pub(super) fn split(
        &self,
        snapshot: &Snapshot,
        narrowed: &dyn EngineQuery,
        found: &Found,
    ) -> Result<(Vec<Ranked>, Found), TantivyError> {
        let own = self.all.and(found);
        let count = own.len();
        let mut first = rank::first(snapshot, narrowed, &own, Sort::Relevance, None, count)?;
        let place = |hit: &Ranked| self.places.iter().position(|&own| own == hit.address);
        first.sort_by_key(place);
        Ok((first, found.and(&self.matched)))
    }
}

/// Whether pinned passages come before the others.
pub(super) fn come_first(request: &Request) -> bool {
    request.sort == Sort::Relevance && request.orders.is_empty() && !request.by_report
}

/// Adds what is pinned for the query to what its words find.
pub(super) fn add(
    snapshot: &Snapshot,
    request: &Request,
    chosen: Chosen,
) -> Result<Chosen, index::Error> {
    if request.matching != Match::Smart {
        return Ok(chosen);
    }
    let mut places = Vec::new();
    let mut clauses: Vec<(Occur, Box<dyn EngineQuery>)> = Vec::new();
    for id in snapshot.pins().of(&request.text) {
        let address = snapshot.address_of(id)?;
        let Some(address) = address.filter(|&address| snapshot.sees(address)) else {
            // It was withdrawn, or is not for whoever asks.
            continue;
        };
        places.push(address);
        let term = Term::from_field_text(snapshot.fields().id, id);
        let query = TermQuery::new(term, IndexRecordOption::Basic);
        clauses.push((Occur::Should, Box::new(query)));
    }
    if places.is_empty() {
        return Ok(chosen);
    }
    let pins = Constant::silent(Box::new(BooleanQuery::new(clauses)));
    let all = run::find(snapshot, &pins)?;
    let Chosen { query, found, .. } = chosen;
    let either: Vec<(Occur, Box<dyn EngineQuery>)> =
        vec![(Occur::Should, query), (Occur::Should, Box::new(pins))];
    Ok(Chosen {
        query: Box::new(BooleanQuery::new(either)),
        found: found.clone().or(all.clone(), snapshot.searcher()),
        pinned: Some(Pinned {
            places,
            all,
            matched: found,
        }),
        complete: chosen.complete,
        relaxed: chosen.relaxed,
    })
}
