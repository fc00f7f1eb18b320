//! What the log says now: each report's place in it, the order of writes, the tasks.
//!
//! Every record is applied here in the same way, whether it is found when the log is opened, has
//! just been written, or is copied into a new log, so that what is served and what a restart would
//! find are the same. Contents stay in the files: memory grows with the number of reports only.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::{Error, Place};
use super::frame::{Condition, Found, Frame, Head, Kind, Scan};
use super::task::{Task, Tasks};

/// One file of a log.
#[derive(Debug)]
pub(super) struct Segment {
    /// Its name within the store's folder.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) file: File,
}

/// Where a record stands.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub(super) segment: Arc<Segment>,
    pub(super) offset: u64,
    pub(super) len: usize,
}

/// What is known of a report.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) holding: Holding,
    /// The number of its last write.
    pub(super) seq: u64,
    /// The number it first arrived with.
    pub(super) first: u64,
    /// The task of the last write, unless that was before the store was opened.
    pub(super) task: Option<u64>,
    /// When it was last written.
    pub(super) time: u64,
    pub(super) digest: [u8; 32],
    /// Bytes of its content.
    pub(super) bytes: u32,
    pub(super) spot: Spot,
}

/// What the last write of a report left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// A report.
    Report,
    /// Nothing.
    Deleted,
    /// A report whose content is damaged.
    Lost,
}

/// What the log says.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    entries: HashMap<Arc<str>, Entry>,
    /// The last write of each report, by its number.
    order: BTreeMap<u64, Arc<str>>,
    pub(super) tasks: Tasks,
    /// Reports that are there, damaged ones included.
    pub(super) reports: usize,
    /// The last number given out.
    pub(super) seq: u64,
    /// Withdrawals up to this number may be forgotten.
    pub(super) horizon: u64,
    /// Bytes of records that still say something, tasks apart.
    live: u64,
    /// Bytes of all records.
    pub(super) total: u64,
}

impl State {
    /// Takes in a record about a report; whether it is the latest of that report.
    pub(super) fn apply(&mut self, head: &Head, holding: Holding, spot: Spot) -> bool {
        self.seq = self.seq.max(head.seq);
        self.total += spot.len as u64;
        let (id, before) = match self.entries.get_key_value(head.id.as_str()) {
            Some((_, entry)) if entry.seq >= head.seq => return false,
            Some((id, entry)) => (Arc::clone(id), Some(entry)),
            None => (Arc::from(head.id.as_str()), None),
        };
        if let Some(before) = before {
            self.order.remove(&before.seq);
            self.live -= before.spot.len as u64;
            self.reports -= usize::from(before.holding != Holding::Deleted);
        }
        self.order.insert(head.seq, Arc::clone(&id));
        self.live += spot.len as u64;
        self.reports += usize::from(holding != Holding::Deleted);
        let entry = Entry {
            holding,
            seq: head.seq,
            first: head.first,
            task: None,
            time: head.time,
            digest: head.digest,
            bytes: head.raw_len,
            spot,
        };
        self.entries.insert(id, entry);
        true
    }

    /// Takes in a task as it now is.
    pub(super) fn apply_task(&mut self, task: Task, bytes: usize, kept: usize) {
        self.seq = self.seq.max(task.id).max(task.last);
        self.total += bytes as u64;
        self.tasks.keep(task, bytes as u64, kept);
    }

    /// Takes in the end of a rewritten log.
    pub(super) fn apply_mark(&mut self, head: &Head, bytes: usize) {
        self.seq = self.seq.max(head.seq);
        self.horizon = self.horizon.max(head.first);
        self.total += bytes as u64;
    }

    /// Notes the task under which a report was last written.
    pub(super) fn belongs_to(&mut self, id: &str, task: u64) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.task = Some(task);
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// The report of this id, damaged or not.
    pub(super) fn report(&self, id: &str) -> Option<&Entry> {
        self.get(id)
            .filter(|entry| entry.holding != Holding::Deleted)
    }

    /// The last write of each report that was written after `seq`, in the order of writes.
    pub(super) fn after(&self, seq: u64) -> impl Iterator<Item = (&Arc<str>, &Entry)> {
        let later = self.order.range(seq.saturating_add(1)..);
        later.filter_map(|(_, id)| self.entries.get_key_value(id))
    }

    /// Bytes of records that say nothing any more.
    pub(super) fn garbage(&self) -> u64 {
        self.total.saturating_sub(self.live + self.tasks.bytes)
    }
}

impl Spot {
    /// The record that stands here about `id`, and its body.
    pub(super) fn read(&self, id: &str, seq: u64) -> Result<(Head, Vec<u8>), Error> {
        let mut bytes = vec![0; self.len];
        let read = self.segment.file.read_exact_at(&mut bytes, self.offset);
        read.map_err(|source| match source.kind() {
            std::io::ErrorKind::UnexpectedEof => self.damaged(id),
            _ => Error::at(&self.segment.path, source),
        })?;
        match Scan::new(&bytes).next() {
            Some(Found::Frame(Frame {
                head,
                span,
                body,
                condition: Condition::Whole | Condition::Mended,
            })) if span.end == self.len && head.id == id && head.seq == seq => {
                bytes.truncate(body.end);
                bytes.drain(..body.start);
                Ok((head, bytes))
            }
            _ => Err(self.damaged(id)),
        }
    }

    pub(super) fn place(&self) -> Place {
        Place {
            segment: self.segment.name.clone(),
            offset: self.offset,
        }
    }

    pub(super) fn damaged(&self, id: &str) -> Error {
        Error::Damaged {
            id: id.to_owned(),
            place: self.place(),
        }
    }
}

impl Holding {
    /// What a record of this kind leaves; nothing for records that are about no report.
    pub(super) fn after(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Put => Some(Self::Report),
            Kind::Delete => Some(Self::Deleted),
            Kind::Lost => Some(Self::Lost),
            Kind::Task | Kind::Mark => None,
        }
    }
}
