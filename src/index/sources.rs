//! What each source gave to a generation, so that the next need only redo what changed.
//!
//! A source is a file of the corpus, or a report that was sent. A file is known by its stamp (length
//! and time of the last change) where that is old enough to be trusted, and else by the digest of
//! its bytes; a report that was sent by the digest of its content. The corpus comes first, in the
//! order of names, then what was sent, in the order it first arrived.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::BuildReport;
use crate::corpus::{Skipped, Stamp};
use crate::report::{Report, Warning};
use crate::store::{Holding, Listed};

/// The file of a generation that holds all of it.
pub(super) const SOURCES: &str = "sources.json.zst";
/// The most warnings a generation keeps, and of one source; all are counted.
const WARNINGS_KEPT: usize = 1000;
/// What the places in the corpus of two sources lie apart when both are new: room for as many
/// passages, and for sources between.
pub(super) const SPACING: u64 = 1 << 32;
/// The place of the first report that was sent, behind a hundred million files.
const SENT: u64 = 1 << 60;
/// How far two reports lie apart that were sent one after another.
const SENT_SPACING: u64 = 1 << 16;

/// All sources of a generation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Sources {
    /// A digest of what all passages depend on: program, layout, settings, vocabulary.
    pub(super) basis: String,
    /// What that consists of, for saying which of it changed; empty where it is not known.
    #[serde(default)]
    pub(super) parts: BTreeMap<String, String>,
    /// The files, by name.
    pub(super) all: BTreeMap<String, Indexed>,
    /// The reports that were sent, by id.
    #[serde(default)]
    pub(super) sent: BTreeMap<String, Indexed>,
    /// Passages that came and went since what readers may type was gathered.
    #[serde(default)]
    pub(super) ungathered: u64,
}

/// What tells a report that was sent from files: no name of a file begins like this.
pub(super) fn term_of_sent(id: &str) -> String {
    format!("/{id}")
}

/// The place of a report that first arrived with this number.
pub(super) fn place_of_sent(first: u64) -> u64 {
    SENT.saturating_add(first.saturating_mul(SENT_SPACING))
}

/// A digest as it is kept here.
pub(super) fn hex(digest: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*digest).to_hex().to_string()
}

/// What one source gave.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Indexed {
    /// What it looked like from outside, where that can be trusted.
    pub(super) stamp: Option<Stamp>,
    /// The digest of its bytes, or of why they could not be had.
    pub(super) digest: String,
    /// The place of its first passage in the corpus.
    pub(super) order: u64,
    /// The ids of its reports, in order.
    pub(super) reports: Vec<String>,
    pub(super) tally: Tally,
}

/// Where a source is from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Origin {
    /// The corpus.
    #[default]
    File,
    /// The store.
    Sent,
}

/// What was read in one source, or why it was not.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Tally {
    #[serde(default)]
    pub(super) origin: Origin,
    /// Why it, or pieces of it, could not be read.
    pub(super) skipped: Vec<String>,
    pub(super) bytes: u64,
    pub(super) passages: u64,
    pub(super) unknown_regions: u64,
    pub(super) boilerplate: BTreeMap<String, u64>,
    pub(super) warning_counts: BTreeMap<String, u64>,
    pub(super) warnings: Vec<Warning>,
}

impl Indexed {
    /// Counts a report that was found in it, but for its passages.
    pub(super) fn count(&mut self, report: &Report) {
        let tally = &mut self.tally;
        for boilerplate in &report.boilerplate {
            *tally
                .boilerplate
                .entry(boilerplate.rule.clone())
                .or_default() += 1;
        }
        tally.unknown_regions += u64::from(!report.region.is_known());
        self.reports.push(report.id.clone());
    }
}

impl Tally {
    pub(super) fn warn(&mut self, warnings: &[Warning]) {
        for warning in warnings {
            let kind = warning.kind.as_str().to_owned();
            *self.warning_counts.entry(kind).or_default() += 1;
            if self.warnings.len() < WARNINGS_KEPT {
                self.warnings.push(warning.clone());
            }
        }
    }
}

impl Sources {
    /// The sources in the order of the corpus.
    pub(super) fn in_order(&self) -> Vec<(&str, &Indexed)> {
        let mut all: Vec<(&str, &Indexed)> = self
            .all
            .iter()
            .chain(&self.sent)
            .map(|(name, indexed)| (name.as_str(), indexed))
            .collect();
        all.sort_by_key(|&(name, indexed)| (indexed.order, name));
        all
    }

    /// Notes that `passages` passages of a report, of the source that `term` tells from others, are
    /// not in the index, and why.
    pub(super) fn leave_out(&mut self, term: &str, report: &str, passages: u32, why: &str) {
        let sent = self.sent.iter_mut();
        let of_sent = sent.filter(|(id, _)| term_of_sent(id) == term);
        let files = self.all.iter_mut().filter(|(name, _)| *name == term);
        for (_, indexed) in files.chain(of_sent) {
            indexed.reports.retain(|id| id != report);
            indexed.tally.passages = indexed.tally.passages.saturating_sub(passages.into());
            indexed.tally.skipped.push(why.to_owned());
        }
    }

    /// A digest of which sources there are and what they hold.
    pub(super) fn fingerprint(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut add = |part: &str| {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        };
        add(&self.basis);
        for (name, indexed) in &self.all {
            add(name);
            add(&indexed.digest);
        }
        for (id, indexed) in &self.sent {
            add(&term_of_sent(id));
            add(&indexed.digest);
        }
        hasher.finalize().to_hex().to_string()
    }

    /// What all of them gave and did not.
    pub(super) fn report(&self) -> BuildReport {
        let mut report = BuildReport {
            sent: self.sent.len() as u64,
            ..BuildReport::default()
        };
        for (name, Indexed { tally, reports, .. }) in self.in_order() {
            report
                .skipped
                .extend(tally.skipped.iter().map(|reason| Skipped {
                    source: name.to_owned(),
                    reason: reason.clone(),
                }));
            let is_file = tally.origin == Origin::File;
            report.files += u64::from(is_file && (tally.skipped.is_empty() || !reports.is_empty()));
            report.bytes += tally.bytes;
            report.reports += reports.len() as u64;
            report.passages += tally.passages;
            report.unknown_regions += tally.unknown_regions;
            for (rule, count) in &tally.boilerplate {
                *report.boilerplate.entry(rule.clone()).or_default() += count;
            }
            for (kind, count) in &tally.warning_counts {
                *report.warning_counts.entry(kind.clone()).or_default() += count;
            }
            let room = WARNINGS_KEPT.saturating_sub(report.warnings.len());
            let kept = tally.warnings.iter().take(room).cloned();
            report.warnings.extend(kept);
        }
        report
    }

    /// Whether it holds a report of the store as it is there now. What the store lost is held where
    /// it was taken in before.
    pub(super) fn has_sent(&self, report: &Listed) -> bool {
        self.sent.get(&*report.id).is_some_and(|known| {
            let is_same = known.digest == hex(&report.digest);
            let is_unknown = report.holding == Holding::Lost && report.digest == [0; 32];
            known.order == place_of_sent(report.first) && (is_same || is_unknown)
        })
    }

    /// A place for a file named `name` among the others, by name, or nothing where there is no
    /// room left between its neighbours.
    pub(super) fn place(&self, name: &str) -> Option<u64> {
        use std::ops::Bound::{Excluded, Unbounded};
        let mut before = self.all.range::<str, _>((Unbounded, Excluded(name)));
        let mut after = self.all.range::<str, _>((Excluded(name), Unbounded));
        let end = before
            .next_back()
            .map(|(_, indexed)| indexed.order + indexed.tally.passages);
        let begin = after.next().map(|(_, indexed)| indexed.order);
        match (end, begin) {
            (None, None) => Some(SPACING),
            (Some(end), None) => Some(end.next_multiple_of(SPACING)),
            (end, Some(begin)) => {
                let end = end.unwrap_or(0);
                // As many passages as a source may have are to fit; half of the room is left.
                let room = begin.checked_sub(end)?;
                (room > 1 << 20).then(|| end + room / 4)
            }
        }
    }

    /// Whether the passages of each end before those of the next begin, in the order of names.
    pub(super) fn are_in_order(&self) -> bool {
        let mut end = 0;
        self.all.values().all(|indexed| {
            let follows = indexed.order >= end;
            end = indexed.order + indexed.tally.passages;
            follows
        })
    }
}
