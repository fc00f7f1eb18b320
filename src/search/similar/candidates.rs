//! Finds the passages that hold enough of several terms, best first, without reading too much.
//!
//! The weightiest terms are read whole, as many as the budget allows; each passage among them
//! becomes a candidate. The other terms, frequent ones mostly, are only looked up in the best
//! candidates. That is the "continue" strategy of Moffat and Zobel ("Self-indexing inverted files
//! for fast text retrieval", 1996): the cost is bounded whatever the size of the index, and what is
//! lost shares only what most passages share.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use tantivy::columnar::Column;
use tantivy::{DocId, DocSet, Searcher, SegmentOrdinal, SegmentReader};

use super::Clause;
use crate::index::Snapshot;
use crate::search::Address;

/// Entries of postings that are read to find candidates, all segments together; one term is read
/// even if it has more.
const BUDGET: u64 = 30_000;
/// The most candidates in which the other terms are looked up, shared by segments as their passages
/// are.
const MAX_REFINED: usize = 1_000;
/// The candidates that a segment may have at least.
const LEAST_REFINED: usize = 40;
/// The share of the worth of all terms that a passage must hold.
const SHARE: f32 = 0.1;
/// How many of the terms a passage must hold, where there are as many.
const LEAST_TERMS: usize = 2;

/// The search for passages like one.
pub(super) struct Candidates<'a> {
    snapshot: &'a Snapshot,
    searcher: &'a Searcher,
    clauses: &'a [Clause],
    /// How many of the clauses, which come weightiest first, candidates are found by.
    leading: usize,
    own_report: &'a str,
    /// Where the passage's own region sorts; nothing where that is not known.
    own_region: Option<u64>,
    /// Those that may be candidates; all where it is left open.
    pub(super) allowed: Option<&'a HashSet<Address>>,
}

/// A passage that is like.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) address: Address,
}

/// The best passage of one report.
#[derive(Debug, Clone)]
struct Best {
    /// Whether its region is that of the passage asked about.
    same_region: bool,
    score: f32,
    order: u64,
    address: Address,
}

impl Best {
    /// Other regions first, then the higher score, then the order of the corpus.
    fn rank(&self) -> (bool, Reverse<u32>, u64) {
        // The bits of floats that are not negative sort as the floats do.
        (self.same_region, Reverse(self.score.to_bits()), self.order)
    }
}

/// One passage that holds one term.
struct Posting {
    doc: DocId,
    clause: usize,
    score: f32,
}

/// What is known of one passage.
struct Held {
    doc: DocId,
    score: f32,
    worth: f32,
    terms: usize,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        clauses: &'a [Clause],
        own: Address,
        own_report: &'a str,
    ) -> tantivy::Result<Self> {
        let searcher = snapshot.searcher();
        let region = regions(searcher.segment_reader(own.segment_ord))?.first(own.doc_id);
        let mut read = 0;
        let affordable = clauses
            .iter()
            .take_while(|clause| {
                read += clause.frequency;
                read <= BUDGET
            })
            .count();
        Ok(Self {
            snapshot,
            searcher,
            clauses,
            leading: affordable.max(1).min(clauses.len()),
            own_report,
            own_region: region.filter(|&region| region != u64::from(u32::MAX)),
            allowed: None,
        })
    }

    /// The best passage of each of the best `limit` reports.
    pub(super) fn best(&self, limit: usize) -> tantivy::Result<Vec<Candidate>> {
        let mut by_report: HashMap<String, Best> = HashMap::new();
        for (ordinal, reader) in (0..).zip(self.searcher.segment_readers()) {
            for (report, best) in self.in_segment(ordinal, reader, limit)? {
                let known = by_report.entry(report).or_insert_with(|| best.clone());
                if best.rank() < known.rank() {
                    *known = best;
                }
            }
        }
        let mut best: Vec<Best> = by_report.into_values().collect();
        best.sort_unstable_by_key(Best::rank);
        best.truncate(limit);
        Ok(best
            .into_iter()
            .map(|best| Candidate {
                address: best.address,
            })
            .collect())
    }

    /// The best passage of each of the best `limit` reports of a segment, by the report's id.
    fn in_segment(
        &self,
        ordinal: SegmentOrdinal,
        reader: &SegmentReader,
        limit: usize,
    ) -> tantivy::Result<Vec<(String, Best)>> {
        let Some(reports) = reader.fast_fields().str("report")? else {
            return Ok(Vec::new());
        };
        let regions = regions(reader)?;
        let orders = reader.fast_fields().u64("order")?;
        let own = reports.dictionary().term_ord(self.own_report.as_bytes())?;

        let mut best: HashMap<u64, Best> = HashMap::new();
        for held in self.covered(ordinal, reader)? {
            let report = reports.term_ords(held.doc).next();
            let Some(report) = report.filter(|_| report != own) else {
                continue;
            };
            let found = Best {
                same_region: self.own_region.is_some()
                    && regions.first(held.doc) == self.own_region,
                score: held.score,
                order: orders.first(held.doc).unwrap_or(u64::MAX),
                address: Address::new(ordinal, held.doc),
            };
            let known = best.entry(report).or_insert_with(|| found.clone());
            if found.rank() < known.rank() {
                *known = found;
            }
        }
        let mut best: Vec<(u64, Best)> = best.into_iter().collect();
        best.sort_unstable_by_key(|(_, best)| best.rank());
        best.truncate(limit);
        best.into_iter()
            .map(|(report, best)| {
                let mut id = String::new();
                reports.ord_to_str(report, &mut id)?;
                Ok((id, best))
            })
            .collect()
    }

    /// The most candidates of a segment in which the other terms are looked up.
    fn most_refined(&self, reader: &SegmentReader) -> usize {
        let all = self.searcher.num_docs().max(1);
        let share = MAX_REFINED as u64 * u64::from(reader.num_docs()) / all;
        usize::try_from(share)
            .unwrap_or(MAX_REFINED)
            .max(LEAST_REFINED)
    }

    /// The passages of a segment that hold enough.
    fn covered(
        &self,
        ordinal: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<Vec<Held>> {
        let (leading, others) = self.clauses.split_at(self.leading);
        let mut held = gather(leading, reader)?;
        held.retain(|held| {
            let address = Address::new(ordinal, held.doc);
            let is_allowed = self
                .allowed
                .is_none_or(|allowed| allowed.contains(&address));
            is_allowed && self.snapshot.sees(address)
        });
        let most = self.most_refined(reader);
        if held.len() > most {
            held.select_nth_unstable_by(most, |left, right| {
                let by_score = right.score.total_cmp(&left.score);
                by_score.then(left.doc.cmp(&right.doc))
            });
            held.truncate(most);
            held.sort_unstable_by_key(|held| held.doc);
        }
        for clause in others {
            let [body, heading] = &clause.weights;
            let mut scorers = [body.scorer(reader, 1.0)?, heading.scorer(reader, 1.0)?];
            for held in &mut held {
                let mut score = 0.0;
                for scorer in &mut scorers {
                    if scorer.doc() < held.doc {
                        scorer.seek(held.doc);
                    }
                    if scorer.doc() == held.doc {
                        score += scorer.score();
                    }
                }
                if score > 0.0 {
                    held.add(score, clause.worth);
                }
            }
        }
        let all: f32 = self.clauses.iter().map(|clause| clause.worth).sum();
        let least = LEAST_TERMS.min(self.clauses.len());
        held.retain(|held| held.worth >= SHARE * all && held.terms >= least);
        Ok(held)
    }
}

impl Held {
    fn add(&mut self, score: f32, worth: f32) {
        self.score += score;
        self.worth += worth;
        self.terms += 1;
    }
}

/// All passages of a segment that hold any of `leading`, in the order of the segment.
fn gather(leading: &[Clause], reader: &SegmentReader) -> tantivy::Result<Vec<Held>> {
    let mut postings = Vec::new();
    for (clause, of) in leading.iter().enumerate() {
        for weight in &of.weights {
            let mut scorer = weight.scorer(reader, 1.0)?;
            let mut doc = scorer.doc();
            while doc != tantivy::TERMINATED {
                if reader
                    .alive_bitset()
                    .is_none_or(|alive| alive.is_alive(doc))
                {
                    let score = scorer.score();
                    postings.push(Posting { doc, clause, score });
                }
                doc = scorer.advance();
            }
        }
    }
    // By term within a passage, so that sums come out the same in every run.
    postings.sort_by_key(|posting| (posting.doc, posting.clause));
    let mut gathered: Vec<Held> = Vec::new();
    for of_term in postings.chunk_by(|one, next| (one.doc, one.clause) == (next.doc, next.clause)) {
        let Some(first) = of_term.first() else {
            continue;
        };
        let score = of_term.iter().map(|posting| posting.score).sum();
        let worth = leading.get(first.clause).map_or(0.0, |clause| clause.worth);
        match gathered.last_mut() {
            Some(held) if held.doc == first.doc => held.add(score, worth),
            _ => gathered.push(Held {
                doc: first.doc,
                score,
                worth,
                terms: 1,
            }),
        }
    }
    Ok(gathered)
}

/// Where the regions of a segment's passages sort.
fn regions(reader: &SegmentReader) -> tantivy::Result<Column<u64>> {
    reader.fast_fields().u64("region_order")
}
