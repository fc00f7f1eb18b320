//! What is to be done to a generation so that it holds what the corpus and the store do now.

use std::collections::HashSet;

use super::Texts;
use super::sources::Sources;
use crate::corpus::{Corpus, Skipped, SourceFile, Stamp};
use crate::store::{Holding, Listed, Store};

/// The most reports of the store that are looked at for one generation.
const MOST: usize = 20_000;

/// What is to be done to the sources of a generation.
#[derive(Default)]
pub(super) struct Changes {
    /// New files, and those that changed, with what each looks like from outside.
    pub(super) files: Vec<(SourceFile, Option<Stamp>)>,
    /// What could not be listed.
    pub(super) skipped: Vec<Skipped>,
    /// Files that are gone, by name.
    pub(super) gone: Vec<String>,
    /// Files that are the same although they look otherwise.
    pub(super) stamps: Vec<(String, Stamp)>,
    /// Reports that were sent or sent again, with what is known of each.
    pub(super) sent: Vec<Listed>,
    /// Reports that were sent and are no more there, by id.
    pub(super) withdrawn: Vec<String>,
    /// All writes of the store up to this number are among them.
    pub(super) through: u64,
}

impl Changes {
    /// Whether the index stays as it is.
    pub(super) fn are_none(&self) -> bool {
        self.files.is_empty()
            && self.skipped.is_empty()
            && self.gone.is_empty()
            && self.sent.is_empty()
            && self.withdrawn.is_empty()
    }

    /// Bytes of text that are to be read, roughly.
    pub(super) fn bytes(&self) -> u64 {
        let files = self.files.iter();
        let files = files.filter_map(|(file, _)| std::fs::metadata(&file.path).ok());
        let files: u64 = files.map(|metadata| metadata.len()).sum();
        let sent: u64 = self.sent.iter().map(|report| report.bytes).sum();
        files + sent
    }
}

/// What changed since `sources` were read; all is new where there are none.
pub(super) fn all(texts: Texts<'_>, sources: &Sources) -> Changes {
    let mut changes = files(texts.corpus, sources);
    if let Some(store) = texts.sent {
        // Read first: what is written meanwhile is found again.
        changes.through = store.seq();
        let mut there = HashSet::new();
        for report in store.reports() {
            there.insert(report.id.clone());
            if !sources.has_sent(&report) {
                changes.sent.push(report);
            }
        }
        let withdrawn = sources
            .sent
            .keys()
            .filter(|id| !there.contains(id.as_str()));
        changes.withdrawn = withdrawn.cloned().collect();
    }
    changes
}

/// What was written to the store after `seq`, up to about `bytes` of text; nothing where that is
/// not known, so that all must be compared.
pub(super) fn sent(store: &Store, sources: &Sources, seq: u64, bytes: u64) -> Option<Changes> {
    let later = store.since(seq, MOST)?;
    let mut changes = Changes {
        through: later.through,
        ..Changes::default()
    };
    let mut taken = 0;
    for report in later.reports {
        if taken >= bytes {
            // Those from here on are for the next time.
            changes.through = report.seq - 1;
            break;
        }
        if report.holding == Holding::Deleted {
            if sources.sent.contains_key(&*report.id) {
                changes.withdrawn.push(report.id.to_string());
            }
        } else if !sources.has_sent(&report) {
            taken += report.bytes;
            changes.sent.push(report);
        }
    }
    Some(changes)
}

fn files(corpus: &Corpus, sources: &Sources) -> Changes {
    let (files, skipped) = corpus.files();
    let mut changes = Changes::default();
    let mut there = HashSet::new();
    for file in files {
        let stamp = corpus.stamp(&file);
        there.insert(file.name.clone());
        match sources.all.get(&file.name) {
            Some(known) if stamp.is_some() && known.stamp == stamp => {}
            Some(known) if digest(corpus, &file) == known.digest => {
                changes
                    .stamps
                    .extend(stamp.map(|stamp| (file.name.clone(), stamp)));
            }
            _ => changes.files.push((file, stamp)),
        }
    }
    for file in skipped {
        there.insert(file.source.clone());
        let known = sources.all.get(&file.source);
        if known.is_none_or(|known| known.digest != file.reason) {
            changes.skipped.push(file);
        }
    }
    let gone = sources.all.keys().filter(|name| !there.contains(*name));
    changes.gone = gone.cloned().collect();
    changes
}

/// The digest of a file's bytes, or of why they cannot be had.
pub(super) fn digest(corpus: &Corpus, file: &SourceFile) -> String {
    match corpus.digest_of(file) {
        Ok(digest) => blake3::Hash::from_bytes(digest).to_hex().to_string(),
        Err(error) => error.to_string(),
    }
}
