//! Searching a part of a snapshot as if there were no more.
//!
//! What is found is narrowed by the snapshot itself; here is what would still tell of the rest: a
//! word that stands only elsewhere and is proposed for one typed, a region nobody here is from.
//! Scores still weigh words by how many of all passages hold them.

use tantivy::query::{AllQuery, BooleanQuery, Occur, Query as EngineQuery, TermQuery};
use tantivy::schema::IndexRecordOption;

use super::understand::Understood;
use super::{Facet, Filters, Options, Request, compile, suggest};
use crate::config;
use crate::index::{self, Completion, CompletionKind, Snapshot};
use crate::query::rewrite::RewriteKind;
use crate::query::run::{self, Constant};
use crate::query::{self, Compiler};
use crate::region::Region;

/// What of `snapshot` the filters let through, as a snapshot of its own.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn within(snapshot: &Snapshot, filters: &Filters) -> Result<Snapshot, index::Error> {
    let clauses = filters.iter().map(|(facet, values)| {
        let terms = values.iter();
        terms
            .filter_map(|value| facet.term(snapshot.fields(), value))
            .collect()
    });
    snapshot.within(clauses.collect())
}

/// `query`, of what may be seen.
pub(super) fn narrowed(snapshot: &Snapshot, query: &dyn EngineQuery) -> Box<dyn EngineQuery> {
    let Some(visible) = snapshot.visible_terms() else {
        return query.box_clone();
    };
    let seen = visible.iter().map(|any| {
        let any = any.iter().map(|term| {
            let term = TermQuery::new(term.clone(), IndexRecordOption::Basic);
            (Occur::Should, Box::new(term) as Box<dyn EngineQuery>)
        });
        let any = BooleanQuery::new(any.collect());
        (Occur::Must, Box::new(any) as Box<dyn EngineQuery>)
    });
    let seen = BooleanQuery::new(seen.collect());
    Box::new(BooleanQuery::new(vec![
        (Occur::Must, query.box_clone()),
        (Occur::Must, Box::new(Constant::silent(Box::new(seen)))),
    ]))
}

/// Everything that may be seen.
pub(super) fn all(snapshot: &Snapshot) -> Box<dyn EngineQuery> {
    snapshot.visible().unwrap_or_else(|| Box::new(AllQuery))
}

/// How many passages that may be seen contain `text`.
fn containing(snapshot: &Snapshot, text: &str) -> Result<usize, index::Error> {
    // What finds a string does not depend on what it weighs.
    let options = Options::from(&config::Search::default());
    let exact = Compiler::new(snapshot, options.weights).exact(text);
    let query = narrowed(snapshot, &*exact.strict);
    Ok(run::count(snapshot, &*query)?)
}

/// How many passages that may be seen have `value`.
fn having(snapshot: &Snapshot, facet: Facet, value: &str) -> Result<usize, index::Error> {
    let Some(term) = facet.term(snapshot.fields(), value) else {
        return Ok(0);
    };
    let query = TermQuery::new(term, IndexRecordOption::Basic);
    let query = narrowed(snapshot, &query);
    Ok(run::count(snapshot, &*query)?)
}

/// A completion that finds something that may be seen, with how many passages; nothing where it
/// finds none.
pub(super) fn counted(
    snapshot: &Snapshot,
    completion: Completion,
) -> Result<Option<Completion>, index::Error> {
    if snapshot.visible().is_none() {
        let is_phrase = completion.kind == CompletionKind::Phrase;
        if !is_phrase || snapshot.are_phrases_counted() {
            return Ok(Some(completion));
        }
        let count = snapshot.phrase_count(&completion.text, |text| {
            containing(snapshot, text).map(|count| count as u64)
        })?;
        return Ok((count > 0).then_some(Completion {
            count,
            ..completion
        }));
    }
    let count = if let Some((facet, value)) = suggest::filter(&completion) {
        having(snapshot, facet, &value)?
    } else {
        let titles = snapshot.reports().iter();
        let entitled = titles.filter(|report| report.title.contains(&completion.text));
        containing(snapshot, &completion.text)? + entitled.count()
    };
    Ok((count > 0).then_some(Completion {
        count: count as u64,
        ..completion
    }))
}

/// What `request` means to whoever sees a part only: a reading that rests on words of the rest is
/// given up for the words as they were typed.
pub(super) fn understood(
    snapshot: &Snapshot,
    request: &Request,
    options: &Options,
    mut read: Understood,
) -> Result<Understood, index::Error> {
    if snapshot.visible().is_none() {
        return Ok(read);
    }
    // It was counted over all passages.
    read.complete = None;
    read.regions.retain(|named| has(snapshot, &named.region));
    if let Some(meant) = &read.did_you_mean {
        let compiler = Compiler::new(snapshot, options.weights);
        let strict = compiler.smart(meant, &query::parse(meant))?.strict;
        let query = narrowed(snapshot, &*strict);
        if run::count(snapshot, &*query)? == 0 {
            read.did_you_mean = None;
        }
    }
    let mut kept = Vec::with_capacity(read.rewrites.len());
    for rewrite in read.rewrites {
        let is_held = containing(snapshot, &rewrite.to)? > 0
            || snapshot.reports().iter().any(|report| {
                let names = report.region.search_names();
                names.iter().any(|name| name.contains(&rewrite.to))
            });
        match rewrite.kind {
            // Bounds on figures come from what was typed and from no text.
            RewriteKind::Quantity => kept.push(rewrite),
            _ if is_held => kept.push(rewrite),
            RewriteKind::Synonym | RewriteKind::Number => {}
            RewriteKind::Pinyin | RewriteKind::Typo => {
                let regions = std::mem::take(&mut read.regions);
                let mut literally = Understood::literally(compile(snapshot, request, options)?);
                literally.regions = regions;
                return Ok(literally);
            }
        }
    }
    read.rewrites = kept;
    Ok(read)
}

/// Whether a report that may be seen is of the region or one in it.
pub(super) fn has(snapshot: &Snapshot, region: &Region) -> bool {
    let mut reports = snapshot.reports().iter();
    reports.any(|report| lies_in(&report.region, region))
}

/// Whether `region` is `wanted` or a part of it.
pub(super) fn lies_in(region: &Region, wanted: &Region) -> bool {
    let levels = [
        (&wanted.province, &region.province),
        (&wanted.city, &region.city),
        (&wanted.county, &region.county),
    ];
    let mut levels = levels.into_iter();
    levels.all(|(wanted, has)| wanted.is_none() || wanted == has)
}
