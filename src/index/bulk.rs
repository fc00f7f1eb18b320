//! Many passages at once: reports go to worker threads, each of which writes segments of its own.
//!
//! Reading files is for one thread, which knows their order; all that a passage costs, its themes,
//! figures, words and characters, is for the workers.
//!
//! Invariants: what was added is in the index when [`Bulk::finish`] returns, or named among what
//! could not be; a report that breaks what cuts it does not keep others out.

mod cut;
mod grams;
mod runs;
mod segment;
mod terms;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tantivy::Index;
use tantivy::index::SegmentMeta;

use self::cut::{Cutter, Plan};
use self::segment::{Large, MOST_PASSAGES, Target, Writer};
use super::Error;
use super::document::{document, record};
use super::means::Means;
use super::schema::Fields;
use crate::analysis::Dictionary;
use crate::report::{Passage, Report};

/// Reports that may wait for a worker.
const WAITING: usize = 32;

/// A report to be taken in.
pub(super) struct Job {
    /// What tells its source from others.
    pub(super) term: String,
    pub(super) report: Arc<Report>,
    pub(super) passages: Vec<Passage>,
    /// The place of its first passage in the corpus.
    pub(super) order: u64,
}

/// What passages are made with.
pub(super) struct Kit {
    pub(super) fields: Fields,
    pub(super) dictionary: Dictionary,
    pub(super) means: Arc<Means>,
}

/// A report that could not be taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// What tells its source from others.
    pub(super) term: String,
    /// Its id.
    pub(super) report: String,
}

/// Worker threads that take reports in.
pub(super) struct Bulk {
    jobs: SyncSender<Job>,
    workers: Vec<JoinHandle<Done>>,
    stop: Arc<Stop>,
}

/// Tells when a worker cannot go on.
#[derive(Default)]
struct Stop {
    is_set: AtomicBool,
    why: Mutex<Option<Error>>,
}

impl Stop {
    fn set(&self, why: Error) {
        let mut kept = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        // What comes after it is but what follows from it.
        kept.get_or_insert(why);
        self.is_set.store(true, Ordering::Release);
    }

    fn check(&self) -> Result<(), Error> {
        if !self.is_set.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
        Err(why.take().unwrap_or_else(broke_off))
    }
}

fn broke_off() -> Error {
    tantivy::TantivyError::ErrorInThread("an indexing thread broke off".to_owned()).into()
}

#[derive(Default)]
struct Done {
    segments: Vec<SegmentMeta>,
    broken: Vec<Broken>,
}

impl Bulk {
    /// Starts `threads` workers that share `memory` bytes and write to `index`, which is in
    /// `folder`.
    pub(super) fn begin(
        index: &Index,
        folder: &Path,
        kit: Kit,
        threads: usize,
        memory: usize,
    ) -> Self {
        let kit = Arc::new(kit);
        let (jobs, waiting) = sync_channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let stop = Arc::new(Stop::default());
        let target = Target {
            index: index.clone(),
            plan: Plan::new(&index.schema()),
            folder: folder.to_owned(),
            memory: memory / threads.max(1),
        };
        let workers = (0..threads.max(1))
            .map(|_| {
                let worker = Worker {
                    kit: Arc::clone(&kit),
                    target: target.clone(),
                    open: None,
                    large: None,
                    done: Done::default(),
                };
                let (waiting, stop) = (Arc::clone(&waiting), Arc::clone(&stop));
                std::thread::spawn(move || worker.run(&waiting, &stop))
            })
            .collect();
        Self {
            jobs,
            workers,
            stop,
        }
    }

    /// Hands a report to the next worker that is free.
    ///
    /// # Errors
    ///
    /// Fails when a worker could not write what it was given before.
    pub(super) fn add(&self, job: Job) -> Result<(), Error> {
        self.stop.check()?;
        self.jobs.send(job).map_err(|_| broke_off())
    }

    /// Waits for the workers and makes what they wrote part of `index`; gives the reports that
    /// could not be taken in.
    ///
    /// # Errors
    ///
    /// Fails when a worker could not write.
    pub(super) fn finish(self, index: &Index) -> Result<Vec<Broken>, Error> {
        drop(self.jobs);
        let mut segments = Vec::new();
        let mut broken = Vec::new();
        for worker in self.workers {
            let done = worker.join().map_err(|_| broke_off())?;
            segments.extend(done.segments);
            broken.extend(done.broken);
        }
        self.stop.check()?;
        segment::publish(index, segments)?;
        Ok(broken)
    }
}

struct Worker {
    kit: Arc<Kit>,
    target: Target,
    open: Option<Writer>,
    large: Option<Large>,
    done: Done,
}

impl Worker {
    fn run(mut self, waiting: &Mutex<Receiver<Job>>, stop: &Stop) -> Done {
        if let Err(error) = self.take_all(waiting, stop) {
            stop.set(error);
        }
        self.done
    }

    fn take_all(&mut self, waiting: &Mutex<Receiver<Job>>, stop: &Stop) -> Result<(), Error> {
        loop {
            let next = waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv();
            let Ok(job) = next else { break };
            // Where another could not write, what is left is not worth writing.
            if stop.is_set.load(Ordering::Acquire) {
                return Ok(());
            }
            self.take(&job)?;
        }
        self.close()
    }

    fn take(&mut self, job: &Job) -> Result<(), Error> {
        let report = &job.report;
        let (kit, plan) = (&self.kit, &self.target.plan);
        let cut = catch_unwind(AssertUnwindSafe(|| {
            let taxonomy = kit.means.taxonomies.of(&report.source);
            let mut cutter = Cutter::new(plan, &kit.dictionary);
            (job.order..)
                .zip(&job.passages)
                .map(|(order, passage)| {
                    let record = record(report, passage, taxonomy);
                    let document = document(&kit.fields, &job.term, report, &record, order)?;
                    Ok(cutter.cut(document))
                })
                .collect::<Result<Vec<_>, Error>>()
        }));
        let Ok(cut) = cut else {
            tracing::error!(id = report.id, "切分一份报告时程序出错，没有收入索引");
            self.done.broken.push(Broken {
                term: job.term.clone(),
                report: report.id.clone(),
            });
            return Ok(());
        };
        for cut in cut? {
            if let Some(whole) = cut.large {
                let large = match &mut self.large {
                    Some(large) => large,
                    None => self.large.insert(Large::begin(&self.target)?),
                };
                large.add(whole)?;
                continue;
            }
            let open = match &mut self.open {
                Some(open) => open,
                None => self.open.insert(Writer::begin(&self.target)?),
            };
            open.add(&cut)?;
            if open.docs() >= MOST_PASSAGES {
                self.close()?;
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        if let Some(open) = self.open.take() {
            self.done.segments.push(open.finish()?);
        }
        if let Some(large) = self.large.take() {
            self.done.segments.push(large.finish()?);
        }
        Ok(())
    }
}
