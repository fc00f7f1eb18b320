//! Writes: made ready by each caller, made durable by one of them for all that came meanwhile.

use std::collections::HashMap;
use std::mem;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::content::{Content, Packed};
use super::error::Error;
use super::frame::{Head, Kind};
use super::log::Writer;
use super::state::{Entry, Holding, Spot, State};
use super::task::{Outcome, Task, TaskKind, TaskState};
use super::{MAX_ID, Store, held, valid_id};

/// Bytes after which a group is written, though more may wait.
const GROUP: usize = 32 << 20;

/// One change that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Adds a report, or replaces the one of that id.
    Put {
        /// The report's id.
        id: String,
        /// The report.
        content: Box<Content>,
    },
    /// Withdraws a report.
    Delete {
        /// The report's id.
        id: String,
    },
}

/// What became of one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The number of the write the report now stands at; 0 for one that never was.
    pub seq: u64,
    /// Whether this change made it so; otherwise it was so already and nothing was written.
    pub changed: bool,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The task's number.
    pub task: u64,
    /// What became of each change, in the order asked.
    pub receipts: Vec<Receipt>,
}

/// A request that waits to be written.
#[derive(Debug)]
pub(super) struct Pending {
    /// The task it continues.
    task: Option<u64>,
    kind: TaskKind,
    by: Option<String>,
    writes: Vec<Ready>,
    answer: Answer,
}

/// Requests that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pending: Vec<Pending>,
    /// Whether one of the callers is writing for others.
    led: bool,
}

/// Held by the caller that writes for others; when it is done, or panics, another may.
struct Leading<'a>(&'a Store);

type Answer = Arc<Mutex<Option<Result<Appended, Error>>>>;

/// A change whose report is packed; without one it withdraws.
#[derive(Debug)]
struct Ready {
    id: String,
    put: Option<Packed>,
}

/// What a group of requests writes.
struct Group<'a> {
    state: &'a State,
    /// What the group itself makes of reports.
    latest: HashMap<String, Latest>,
    bytes: Vec<u8>,
    records: Vec<Written>,
    seq: u64,
    number: u64,
    time: u64,
    /// Bytes that may be written before the disk is nearly full.
    room: u64,
    /// Whether anything in it changes a report.
    durable: bool,
}

/// A record, and where it stands among those written with it.
struct Written {
    head: Head,
    range: Range<usize>,
    about: About,
}

/// What a record is about.
enum About {
    /// A report, written under this task.
    Report(u64),
    /// A task.
    Task(Box<Task>),
}

/// A report as the group leaves it.
#[derive(Clone, Copy)]
struct Latest {
    holding: Holding,
    seq: u64,
    first: u64,
    digest: [u8; 32],
}

impl Store {
    /// Makes changes, in order, under a task of their own. When this returns they are durable;
    /// when it fails, none was made.
    ///
    /// # Errors
    ///
    /// An id or a report that is not taken, or a disk that is full, nearly full or broken.
    pub fn append(&self, kind: TaskKind, writes: Vec<Write>) -> Result<Appended, Error> {
        self.submit(None, kind, None, writes)
    }

    /// The same in the name of the key `by`.
    ///
    /// # Errors
    ///
    /// As of [`Store::append`].
    pub fn append_by(
        &self,
        by: Option<&str>,
        kind: TaskKind,
        writes: Vec<Write>,
    ) -> Result<Appended, Error> {
        self.submit(None, kind, by, writes)
    }

    /// The same as a further part of the bulk task `task`, or under a new one where that is
    /// forgotten. A task that had ended is queued again.
    ///
    /// # Errors
    ///
    /// As of [`Store::append`]; earlier parts stay.
    pub fn append_to(&self, task: u64, writes: Vec<Write>) -> Result<Appended, Error> {
        self.submit(Some(task), TaskKind::Bulk, None, writes)
    }

    fn submit(
        &self,
        task: Option<u64>,
        kind: TaskKind,
        by: Option<&str>,
        changes: Vec<Write>,
    ) -> Result<Appended, Error> {
        if self.is_read_only() {
            return Err(Error::ReadOnly {
                path: self.root.clone(),
            });
        }
        let limit = self.options.max_report_bytes;
        let ready = changes.into_iter().map(|write| write.ready(limit));
        let answer = Answer::default();
        let pending = Pending {
            task,
            kind,
            by: by.map(str::to_owned),
            writes: ready.collect::<Result<_, _>>()?,
            answer: Arc::clone(&answer),
        };
        let mut queue = held(self.queue.lock());
        queue.pending.push(pending);
        loop {
            if let Some(answer) = held(answer.lock()).take() {
                return answer;
            }
            if queue.led {
                queue = held(self.answered.wait(queue));
                continue;
            }
            // One writes for all that wait; those that come meanwhile wait for the next.
            queue.led = true;
            let group = queue.next_group();
            drop(queue);
            let leading = Leading(self);
            let mut writer = held(self.writer.lock());
            if group.is_empty() {
                // Taken by a writer that panicked: whether it is there, only opening anew can tell.
                writer.give_up();
                return Err(Error::Broken {
                    path: self.root.clone(),
                });
            }
            self.commit(&mut writer, &group);
            drop(writer);
            drop(leading);
            queue = held(self.queue.lock());
        }
    }

    /// Writes a group, takes it in, and answers each request.
    fn commit(&self, writer: &mut Writer, pending: &[Pending]) {
        let (answers, records, bytes, durable, number) = {
            let state = held(self.state.read());
            let mut group = Group::new(self, &state, writer.number);
            let answers: Vec<_> = pending.iter().map(|it| group.add(self, it)).collect();
            let Group {
                records,
                bytes,
                durable,
                number,
                ..
            } = group;
            (answers, records, bytes, durable, number)
        };
        let written = self.write(writer, &bytes, records, number, durable);
        for (pending, answer) in pending.iter().zip(answers) {
            let answer = answer.and_then(|answer| written.clone().map(|()| answer));
            *held(pending.answer.lock()) = Some(answer);
        }
    }

    /// Writes records and takes them in once they stand.
    fn write(
        &self,
        writer: &mut Writer,
        bytes: &[u8],
        records: Vec<Written>,
        number: u64,
        durable: bool,
    ) -> Result<(), Error> {
        if records.is_empty() {
            return Ok(());
        }
        let (segment, base) = writer.write(bytes, durable)?;
        writer.number = number;
        let mut state = held(self.state.write());
        for Written { head, range, about } in records {
            let spot = Spot {
                segment: Arc::clone(&segment),
                offset: base + range.start as u64,
                len: range.len(),
            };
            match about {
                About::Report(task) => {
                    let holding = Holding::after(head.kind).unwrap_or(Holding::Deleted);
                    if state.apply(&head, holding, spot) {
                        state.belongs_to(&head.id, task);
                    }
                }
                About::Task(task) => state.apply_task(*task, spot.len, self.options.kept_tasks),
            }
        }
        Ok(())
    }

    /// Says that these tasks are being applied. This is not kept: after a restart they are queued.
    pub fn start(&self, tasks: &[u64]) {
        let now = self.now();
        let mut state = held(self.state.write());
        for id in tasks {
            let task = state.tasks.get_mut(*id);
            if let Some(task) = task.filter(|task| task.state == TaskState::Queued) {
                task.state = TaskState::Running;
                task.started_at = Some(now);
            }
        }
    }

    /// Says what came of these tasks. This is written but not synced: should a power cut lose it,
    /// they are queued again.
    ///
    /// # Errors
    ///
    /// It could not be written; the tasks ended all the same until the next restart.
    pub fn finish(&self, outcomes: Vec<(u64, Outcome)>) -> Result<(), Error> {
        let mut writer = held(self.writer.lock());
        let ended: Vec<Task> = {
            let now = self.now();
            let mut state = held(self.state.write());
            let ended = outcomes.into_iter().filter_map(|(id, outcome)| {
                let task = state.tasks.get_mut(id)?;
                task.state = if outcome.error.is_some() {
                    TaskState::Failed
                } else {
                    TaskState::Done
                };
                task.finished_at = Some(now);
                task.outcome = outcome;
                Some(task.clone())
            });
            ended.collect()
        };
        let (records, bytes, number) = {
            let state = held(self.state.read());
            let mut group = Group::new(self, &state, writer.number);
            for task in ended {
                group.task(task);
            }
            (group.records, group.bytes, group.number)
        };
        self.write(&mut writer, &bytes, records, number, false)
    }

    /// Bytes that may be written before the disk is nearly full.
    pub(super) fn room(&self) -> u64 {
        self.tightest()
            .1
            .saturating_sub(self.options.min_free_bytes)
    }

    /// Of the folders that a write leads to writing in, the one whose disk has least room, and how
    /// many bytes that is.
    fn tightest(&self) -> (&Path, u64) {
        // Where the system does not say, the write itself will.
        let free = |path: &Path| fs4::available_space(path).unwrap_or(u64::MAX);
        let beside = self.options.beside.as_deref();
        let own = (self.root.as_path(), free(&self.root));
        let other = beside.map(|path| (path, free(path)));
        other.filter(|other| other.1 < own.1).unwrap_or(own)
    }

    /// Refuses what needs so many bytes more than may be written before the disk is nearly full.
    ///
    /// # Errors
    ///
    /// [`Error::NearlyFull`].
    pub fn check_room(&self, bytes: u64) -> Result<(), Error> {
        if bytes >= self.room() {
            return Err(self.nearly_full());
        }
        Ok(())
    }

    /// The refusal of a report for which there is no room.
    pub(super) fn nearly_full(&self) -> Error {
        let (path, free) = self.tightest();
        Error::NearlyFull {
            path: path.to_owned(),
            free,
        }
    }
}

impl Write {
    /// Adds a report, or replaces the one of that id.
    #[must_use]
    pub fn put(id: &str, content: Content) -> Self {
        Self::Put {
            id: id.to_owned(),
            content: Box::new(content),
        }
    }

    /// Withdraws a report.
    #[must_use]
    pub fn delete(id: &str) -> Self {
        Self::Delete { id: id.to_owned() }
    }

    /// The report it is about.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Put { id, .. } | Self::Delete { id } => id,
        }
    }

    fn ready(self, limit: u64) -> Result<Ready, Error> {
        if !valid_id(self.id()) {
            return Err(Error::Id {
                id: self.id().chars().take(MAX_ID).collect(),
            });
        }
        Ok(match self {
            Self::Put { id, content } => Ready {
                put: Some(content.pack(&id, limit)?),
                id,
            },
            Self::Delete { id } => Ready { id, put: None },
        })
    }
}

impl Ready {
    /// Whether the report is as this change would make it.
    fn is_so(&self, latest: Option<Latest>) -> bool {
        match (&self.put, latest) {
            (None, None) => true,
            (None, Some(latest)) => latest.holding == Holding::Deleted,
            (Some(_), None) => false,
            (Some(put), Some(latest)) => {
                latest.holding == Holding::Report && put.is(&latest.digest)
            }
        }
    }
}

impl Queue {
    /// Takes what is written together.
    fn next_group(&mut self) -> Vec<Pending> {
        let mut bytes = 0;
        let fits = self.pending.iter().take_while(|pending| {
            let before = bytes;
            bytes += pending.bytes();
            before < GROUP
        });
        let count = fits.count();
        let rest = self.pending.split_off(count);
        mem::replace(&mut self.pending, rest)
    }
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        held(self.0.queue.lock()).led = false;
        self.0.answered.notify_all();
    }
}

impl Pending {
    fn bytes(&self) -> usize {
        let bodies = self.writes.iter().filter_map(|write| write.put.as_ref());
        bodies.map(|put| put.body.len()).sum()
    }
}

impl<'a> Group<'a> {
    fn new(store: &Store, state: &'a State, number: u64) -> Self {
        Self {
            state,
            latest: HashMap::new(),
            bytes: Vec::new(),
            records: Vec::new(),
            seq: state.seq,
            number,
            time: store.now(),
            room: store.room(),
            durable: false,
        }
    }

    /// Adds what a request writes.
    fn add(&mut self, store: &Store, pending: &Pending) -> Result<Appended, Error> {
        let puts = pending.writes.iter().any(|write| write.put.is_some());
        if puts && (self.bytes.len() + pending.bytes()) as u64 >= self.room {
            return Err(store.nearly_full());
        }
        let continued = pending.task.and_then(|id| self.state.tasks.get(id));
        let mut task = continued.cloned().unwrap_or_else(|| self.new_task(pending));
        let writes = pending.writes.iter();
        let receipts: Vec<Receipt> = writes.map(|write| self.change(write, task.id)).collect();
        task.state = TaskState::Queued;
        task.started_at = None;
        task.finished_at = None;
        task.outcome = Outcome::default();
        task.reports += receipts.len() as u64;
        task.changed += receipts.iter().filter(|it| it.changed).count() as u64;
        let last = receipts.iter().map(|receipt| receipt.seq).max();
        task.last = task.last.max(last.unwrap_or(0));
        let id = task.id;
        // Behind its writes, so that one whose end is torn is not there either.
        self.task(task);
        Ok(Appended { task: id, receipts })
    }

    fn new_task(&mut self, pending: &Pending) -> Task {
        self.seq += 1;
        Task {
            id: self.seq,
            kind: pending.kind,
            by: pending.by.clone(),
            state: TaskState::Queued,
            reports: 0,
            changed: 0,
            last: self.seq,
            enqueued_at: self.time,
            started_at: None,
            finished_at: None,
            outcome: Outcome::default(),
        }
    }

    /// Adds one change, unless things are so already.
    fn change(&mut self, write: &Ready, task: u64) -> Receipt {
        let within = self.latest.get(&write.id).copied();
        let before = self.state.get(&write.id);
        let latest = within.or_else(|| before.map(Latest::of));
        if write.is_so(latest) {
            // A report that has become unreadable since is not there, whatever is known of it.
            let reads = |entry: &Entry| entry.spot.read(&write.id, entry.seq).is_ok();
            if write.put.is_none() || within.is_some() || before.is_some_and(reads) {
                let seq = latest.map_or(0, |latest| latest.seq);
                return Receipt {
                    seq,
                    changed: false,
                };
            }
        }
        self.seq += 1;
        let seq = self.seq;
        let there = latest.filter(|latest| latest.holding != Holding::Deleted);
        let first = there.map_or(seq, |latest| latest.first);
        let bare = Head::new(Kind::Delete, seq, first, self.time).of(&write.id);
        let (holding, head, body) = match &write.put {
            Some(put) => {
                let head = put.head(&write.id, seq, first, self.time);
                (Holding::Report, head, put.body.as_slice())
            }
            None => (Holding::Deleted, bare, [].as_slice()),
        };
        let latest = Latest {
            holding,
            seq,
            first,
            digest: head.digest,
        };
        self.latest.insert(write.id.clone(), latest);
        self.durable = true;
        self.record(head, body, About::Report(task));
        Receipt { seq, changed: true }
    }

    /// Adds a task as it now is.
    fn task(&mut self, task: Task) {
        let (head, body) = task.record(self.time);
        self.record(head, &body, About::Task(Box::new(task)));
    }

    fn record(&mut self, mut head: Head, body: &[u8], about: About) {
        self.number += 1;
        head.number = self.number;
        let start = self.bytes.len();
        head.write(body, &mut self.bytes);
        let range = start..self.bytes.len();
        self.records.push(Written { head, range, about });
    }
}

impl Latest {
    fn of(entry: &Entry) -> Self {
        Self {
            holding: entry.holding,
            seq: entry.seq,
            first: entry.first,
            digest: entry.digest,
        }
    }
}

impl Task {
    /// The record of the task as it now is.
    pub(super) fn record(&self, time: u64) -> (Head, Vec<u8>) {
        let body = serde_json::to_vec(self).expect("texts and numbers can be JSON");
        let mut head = Head::new(Kind::Task, self.id, 0, time).with(&body);
        head.raw_len = head.body_len;
        (head, body)
    }
}
