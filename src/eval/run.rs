//! A run: every query searched, its ranking measured.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::collection::{Judged, Judgements, Unit};
use super::measure::Scores;
use crate::index::{self, Snapshot};
use crate::search::{self, Match, Request};

/// How queries are searched.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// What the operator sets.
    pub options: search::Options,
    /// How queries are understood.
    pub matching: Match,
    /// How many hits of each query are looked at.
    pub depth: usize,
    /// How many queries are searched at once, at least 1.
    pub threads: usize,
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// How queries were understood, `smart` or `exact`.
    pub matching: String,
    /// How many hits of each query were looked at.
    pub depth: usize,
    /// How many passages were searched.
    pub passages: u64,
    /// How many queries have nothing relevant and were left out.
    pub unjudged: usize,
    /// How many judged queries are not among the queries.
    pub unasked: usize,
    /// The relevant ids that are not in the corpus; they count as not found.
    pub missing: Vec<String>,
    /// The means over all queries.
    pub mean: Scores,
    /// The means over each type of query, where types are given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, Group>,
    /// How many queries were searched at once.
    pub threads: usize,
    /// How long all searches took, in seconds.
    pub seconds: f64,
    /// How many queries that is in a second.
    pub queries_per_second: f64,
    /// Each query in the order of its file.
    pub queries: Vec<Ranked>,
}

/// The queries of one type.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// How many there are.
    pub queries: usize,
    /// Their means.
    pub mean: Scores,
}

/// One query, measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ranked {
    /// The query's id.
    pub id: String,
    /// What was typed.
    pub text: String,
    /// What sort of query it is, where that is said.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Its measures.
    pub scores: Scores,
    /// The first ids found, best first, each once.
    pub top: Vec<String>,
}

/// How many ids of each query a run keeps.
const TOP_KEPT: usize = 20;

/// Searches every query of `judgements` and measures what comes.
///
/// `progress` is told how many queries are done.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn evaluate(
    snapshot: &Snapshot,
    judgements: &Judgements,
    unit: Unit<'_>,
    method: &Method,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Run, index::Error> {
    let missing = unit.missing(judgements, snapshot)?;
    let started = Instant::now();
    let queries = rank_all(snapshot, &judgements.queries, unit, method, progress)?;
    let seconds = started.elapsed().as_secs_f64();

    let mut by_type: BTreeMap<String, Vec<&Scores>> = BTreeMap::new();
    for ranked in &queries {
        if let Some(kind) = &ranked.kind {
            by_type
                .entry(kind.clone())
                .or_default()
                .push(&ranked.scores);
        }
    }
    let types = by_type
        .into_iter()
        .map(|(kind, scores)| {
            let group = Group {
                queries: scores.len(),
                mean: Scores::mean(scores),
            };
            (kind, group)
        })
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "far fewer queries than 2^52")]
    let queries_per_second = if seconds > 0.0 {
        queries.len() as f64 / seconds
    } else {
        0.0
    };
    Ok(Run {
        matching: method.matching.as_str().to_owned(),
        depth: method.depth,
        passages: snapshot.passages(),
        unjudged: judgements.unjudged,
        unasked: judgements.unasked,
        missing,
        mean: Scores::mean(queries.iter().map(|ranked| &ranked.scores)),
        types,
        threads: method.threads.max(1),
        seconds,
        queries_per_second,
        queries,
    })
}

/// The queries in their order, whichever thread searched them.
fn rank_all(
    snapshot: &Snapshot,
    queries: &[Judged],
    unit: Unit<'_>,
    method: &Method,
    progress: &(dyn Fn(usize) + Sync),
) -> Result<Vec<Ranked>, index::Error> {
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(queries.len()));
    let work = || {
        let mut own = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(judged) = queries.get(at) else { break };
            own.push((at, rank(snapshot, judged, unit, method)));
            progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        }
        // A thread that panicked has taken the whole run with it, so what is there is whole.
        results
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .append(&mut own);
    };
    std::thread::scope(|scope| {
        for _ in 1..method.threads {
            scope.spawn(work);
        }
        work();
    });
    let mut results = results
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    results.sort_unstable_by_key(|&(at, _)| at);
    results.into_iter().map(|(_, ranked)| ranked).collect()
}

fn rank(
    snapshot: &Snapshot,
    judged: &Judged,
    unit: Unit<'_>,
    method: &Method,
) -> Result<Ranked, index::Error> {
    let request = Request {
        text: judged.text.clone(),
        matching: method.matching,
        per_page: method.depth.max(1),
        ..Request::default()
    };
    let response = search::search(snapshot, &request, &method.options)?;
    let mut top: Vec<String> = Vec::with_capacity(response.hits.len());
    for hit in &response.hits {
        let id = unit.id_of(hit);
        if !top.contains(&id) {
            top.push(id);
        }
    }
    let scores = Scores::of(&top, &judged.relevant);
    top.truncate(TOP_KEPT);
    Ok(Ranked {
        id: judged.id.clone(),
        text: judged.text.clone(),
        kind: judged.kind.clone(),
        scores,
        top,
    })
}
