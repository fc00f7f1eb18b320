//! The log written anew without what says nothing any more: to take its own place, or as a backup.
//!
//! A copy holds the latest record of each report, in the order of writes, then the tasks, and ends
//! with a mark; it has the form of a log, so each record in it is checked like those of a log.
//! Reports that are damaged are copied as such: what was lost stays named.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::content::Content;
use super::error::{Damage, Error};
use super::frame::{Condition, Found, Frame, Head, Kind, Scan};
use super::log::{self, Writer};
use super::state::{Entry, Holding, Spot, State};
use super::task::Task;
use super::{Options, Store, held};

/// Garbage is left alone below this many bytes.
const WORTH: u64 = 8 << 20;
/// So many writes are copied while others wait.
const FEW: usize = 64;
/// How often writes that came meanwhile are copied before the rest is while others wait.
const ROUNDS: usize = 8;

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Copied {
    /// Reports that are whole.
    pub reports: usize,
    /// Reports that are known to be damaged.
    pub lost: Vec<String>,
    /// The number up to which it holds every write.
    pub seq: u64,
    /// Bytes of the copy.
    pub bytes: u64,
}

/// What a store was found to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Reports, damaged ones included.
    pub reports: usize,
    /// The last number given out.
    pub seq: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Bytes behind the last record: a write under way, or one that was never acknowledged.
    pub torn: u64,
    /// What is damaged.
    pub damages: Vec<Damage>,
}

/// Writes records one after another.
pub(super) struct Copying<'a> {
    sink: Sink<'a>,
    number: u64,
    frame: Vec<u8>,
    pub(super) copied: Copied,
}

/// Where a copy goes.
pub(super) enum Sink<'a> {
    /// A new log, and what it says.
    Log(Writer, Box<State>, usize),
    /// A backup.
    Stream(&'a mut dyn io::Write),
}

impl Store {
    /// Whether more than half of the log, and enough to matter, says nothing any more.
    #[must_use]
    pub fn worth_compacting(&self) -> bool {
        let (total, garbage) = self.size();
        garbage > WORTH && garbage > total / 2
    }

    /// Writes the log anew without what says nothing any more. Readers are not kept waiting, and
    /// writers only while the last few records are copied. Withdrawals up to `applied`, which is
    /// what every index in use has applied, are forgotten. What is damaged but not lost is mended.
    ///
    /// # Errors
    ///
    /// The disk is full, nearly full or broken; the log is then as it was.
    pub fn compact(&self, applied: u64) -> Result<Copied, Error> {
        let _one = held(self.rewriting.lock());
        let (total, garbage) = self.size();
        if total - garbage > self.room() {
            return Err(self.nearly_full());
        }
        let generation = held(self.writer.lock()).generation + 1;
        let new = Writer::building(&self.root, generation, self.options.segment_bytes)?;
        let building = new.folder.clone();
        let copied = self.rewrite(new, applied);
        if copied.is_err() && building.exists() {
            // What cannot be removed now is removed when the store is opened.
            let _ = fs::remove_dir_all(&building);
        }
        copied
    }

    fn rewrite(&self, new: Writer, applied: u64) -> Result<Copied, Error> {
        let kept = self.options.kept_tasks;
        let mut copying = Copying::new(Sink::Log(new, Box::default(), kept));
        let horizon = {
            let state = held(self.state.read());
            state.horizon.max(applied.min(state.seq))
        };
        let mut through = 0;
        for _ in 0..ROUNDS {
            let (later, seq) = self.later(through);
            let few = later.len() <= FEW;
            copying.entries(&later, horizon)?;
            through = seq;
            if few {
                break;
            }
        }
        if let Sink::Log(new, ..) = &copying.sink {
            new.sync()?;
        }

        let mut writer = held(self.writer.lock());
        let (later, seq) = self.later(through);
        copying.entries(&later, horizon)?;
        let tasks: Vec<Task> = held(self.state.read()).tasks.all().cloned().collect();
        copying.end(tasks, seq, horizon, self.now())?;
        let (new, state, copied) = copying.into_log();
        let Some(mut new) = new else {
            return Ok(copied);
        };
        new.rename(&self.root)?;
        // A power cut may now bring back either log, so if this fails none may be extended.
        log::sync_folder(&self.root).inspect_err(|_| writer.give_up())?;
        let generation = new.generation;
        *writer = new;
        *held(self.state.write()) = *state;
        drop(writer);
        log::tidy(&self.root, generation);
        Ok(copied)
    }

    /// What was written after `seq`, and the number up to which that is all.
    fn later(&self, seq: u64) -> (Vec<(Arc<str>, Entry)>, u64) {
        let state = held(self.state.read());
        let later = state.after(seq);
        let later = later.map(|(id, entry)| (Arc::clone(id), entry.clone()));
        (later.collect(), state.seq)
    }

    /// Writes a copy of the store as it is at one moment. Readers and writers go on meanwhile.
    ///
    /// # Errors
    ///
    /// The copy cannot be written, or the store not read.
    pub fn export(&self, out: &mut dyn io::Write) -> Result<Copied, Error> {
        let (entries, tasks, seq, horizon) = {
            let state = held(self.state.read());
            let entries = state
                .after(0)
                .map(|(id, entry)| (Arc::clone(id), entry.clone()));
            let entries: Vec<_> = entries.collect();
            let tasks: Vec<Task> = state.tasks.all().cloned().collect();
            (entries, tasks, state.seq, state.horizon)
        };
        let mut copying = Copying::new(Sink::Stream(out));
        copying.entries(&entries, horizon)?;
        copying.end(tasks, seq, horizon, self.now())?;
        Ok(copying.copied)
    }
}

/// Puts a copy that [`Store::export`] wrote into the folder `root`, in place of what is there if
/// `overwrite` says so. All of it is checked and written before anything is replaced; what stands
/// behind the copy in `input` is not read.
///
/// # Errors
///
/// The copy is damaged or ends early, the store holds something and may not be overwritten, another
/// process holds it, or it cannot be written.
pub fn import(
    root: &Path,
    input: &mut dyn Read,
    options: &Options,
    overwrite: bool,
) -> Result<Copied, Error> {
    let _lock = log::lock(root)?;
    let generation = log::generation(root)?;
    if !overwrite && log::load(root, generation, options.kept_tasks)?.holds_something() {
        return Err(Error::NotEmpty {
            path: root.to_owned(),
        });
    }
    let mut new = Writer::building(root, generation + 1, options.segment_bytes)?;
    let building = new.folder.clone();
    let done = receive(&mut new, input).and_then(|copied| {
        new.rename(root)?;
        log::sync_folder(root)?;
        log::tidy(root, new.generation);
        Ok(copied)
    });
    if done.is_err() && building.exists() {
        // What cannot be removed now is removed when the store is opened.
        let _ = fs::remove_dir_all(&building);
    }
    done
}

/// Reads the log in the folder `root` and changes nothing; the store may be in use meanwhile.
///
/// # Errors
///
/// It is of another version, or cannot be read.
pub fn verify(root: &Path) -> Result<Verified, Error> {
    loop {
        let generation = log::generation(root)?;
        let loaded = log::load(root, generation, usize::MAX);
        // One that was replaced while it was read says nothing.
        if log::generation(root)? == generation {
            return loaded.map(|loaded| Verified {
                reports: loaded.state.reports,
                seq: loaded.state.seq,
                bytes: loaded.state.total,
                torn: loaded.torn,
                damages: loaded.damages,
            });
        }
    }
}

/// Copies records into a new log up to the mark that ends them.
fn receive(new: &mut Writer, input: &mut dyn Read) -> Result<Copied, Error> {
    let mut copied = Copied::default();
    let mut bytes = Vec::new();
    loop {
        let damaged = |what| Error::Backup {
            offset: copied.bytes,
            what,
        };
        bytes.clear();
        let frame = next_frame(input, &mut bytes)?.ok_or_else(|| damaged("记录不完整"))?;
        accept(&frame, &bytes, new.number).map_err(damaged)?;
        let head = frame.head;
        new.write(&bytes, false)?;
        new.number = head.number;
        copied.count(&head, bytes.len());
        if head.kind == Kind::Mark {
            return Ok(copied);
        }
    }
}

/// Refuses a record of a copy that is not what was written, or does not follow record `number`;
/// `bytes` are those of the record.
pub(super) fn accept(frame: &Frame, bytes: &[u8], number: u64) -> Result<(), &'static str> {
    let head = &frame.head;
    if head.number != number + 1 {
        return Err("缺少记录");
    }
    let body = bytes.get(frame.body.clone()).unwrap_or_default();
    let sound = match head.kind {
        Kind::Put => Content::unpack(head, body).is_some(),
        Kind::Task => serde_json::from_slice::<Task>(body).is_ok(),
        Kind::Delete | Kind::Lost | Kind::Mark => body.is_empty(),
    };
    if sound {
        Ok(())
    } else {
        Err("内容与校验不符")
    }
}

/// Reads the next record; nothing where none stands whole.
fn next_frame(mut input: &mut dyn Read, bytes: &mut Vec<u8>) -> Result<Option<Frame>, Error> {
    let mut read = |bytes: &mut Vec<u8>, len: usize| {
        let missing = len.saturating_sub(bytes.len()) as u64;
        // Memory is taken as bytes arrive, whatever a length claims.
        let read = Read::by_ref(&mut input).take(missing).read_to_end(bytes);
        read.map_err(Error::stream)
    };
    read(bytes, Head::OPENING)?;
    let opening = bytes.first_chunk().copied();
    let Some(end) = opening.and_then(Head::copy_behind) else {
        return Ok(None);
    };
    read(bytes, end)?;
    let Some(head) = Head::before_body(bytes, 0) else {
        return Ok(None);
    };
    read(bytes, head.frame_len())?;
    Ok(match Scan::new(bytes).next() {
        Some(Found::Frame(frame)) if frame.condition == Condition::Whole => Some(frame),
        _ => None,
    })
}

impl Copied {
    pub(super) fn count(&mut self, head: &Head, bytes: usize) {
        match head.kind {
            Kind::Put => self.reports += 1,
            Kind::Lost => self.lost.push(head.id.clone()),
            Kind::Delete | Kind::Task => {}
            Kind::Mark => self.seq = head.seq,
        }
        self.bytes += bytes as u64;
    }
}

impl<'a> Copying<'a> {
    pub(super) fn new(sink: Sink<'a>) -> Self {
        Self {
            sink,
            number: 0,
            frame: Vec::new(),
            copied: Copied::default(),
        }
    }

    /// Copies what is known of reports; withdrawals up to `horizon` are left out.
    pub(super) fn entries(
        &mut self,
        entries: &[(Arc<str>, Entry)],
        horizon: u64,
    ) -> Result<(), Error> {
        for (id, entry) in entries {
            let bare = |kind| Head::new(kind, entry.seq, entry.first, entry.time).of(id);
            match entry.holding {
                Holding::Deleted if entry.seq <= horizon => {}
                Holding::Deleted => self.record(bare(Kind::Delete), &[], None)?,
                Holding::Lost => self.record(bare(Kind::Lost), &[], None)?,
                Holding::Report => match entry.spot.read(id, entry.seq) {
                    Ok((head, body)) => self.record(head, &body, None)?,
                    Err(Error::Damaged { id, place }) => {
                        tracing::error!(id, %place, "报告已损坏，重写存储时只留下它的编号");
                        self.record(bare(Kind::Lost), &[], None)?;
                    }
                    Err(error) => return Err(error),
                },
            }
        }
        Ok(())
    }

    /// Copies the tasks and ends the copy.
    pub(super) fn end(
        &mut self,
        tasks: Vec<Task>,
        seq: u64,
        horizon: u64,
        time: u64,
    ) -> Result<(), Error> {
        for task in tasks {
            let (head, body) = task.record(time);
            self.record(head, &body, Some(task))?;
        }
        self.record(Head::new(Kind::Mark, seq, horizon, time), &[], None)
    }

    fn record(&mut self, mut head: Head, body: &[u8], task: Option<Task>) -> Result<(), Error> {
        self.number += 1;
        head.number = self.number;
        self.frame.clear();
        head.write(body, &mut self.frame);
        let len = self.frame.len();
        self.copied.count(&head, len);
        match &mut self.sink {
            Sink::Stream(out) => out.write_all(&self.frame).map_err(Error::stream),
            Sink::Log(writer, state, kept) => {
                let (segment, offset) = writer.write(&self.frame, false)?;
                writer.number = self.number;
                let spot = Spot {
                    segment,
                    offset,
                    len,
                };
                match (Holding::after(head.kind), task) {
                    (Some(holding), _) => {
                        state.apply(&head, holding, spot);
                    }
                    (None, Some(task)) => state.apply_task(task, len, *kept),
                    (None, None) => state.apply_mark(&head, len),
                }
                Ok(())
            }
        }
    }

    /// The new log and what it says.
    fn into_log(self) -> (Option<Writer>, Box<State>, Copied) {
        match self.sink {
            Sink::Log(writer, state, _) => (Some(writer), state, self.copied),
            Sink::Stream(_) => (None, Box::default(), self.copied),
        }
    }
}
