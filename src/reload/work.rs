//! Making other generations, and putting them in force.
//!
//! What was sent goes straight into the generation that is served. All else takes longer and is done
//! beside it; what was sent meanwhile is then taken into the new one too, so that nothing that could
//! be found before is missing after.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::outcome::Outcomes;
use super::{Served, held};
use crate::corpus::Corpus;
use crate::index::{self, Claim, Error, Options, Renewed, Snapshot, Texts};
use crate::search;
use crate::store::Store;

/// What is done beside the index that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Job {
    /// To bring it up to date with all there is.
    Update,
    /// To make it anew from all there is.
    Anew,
    /// To gather what readers may type.
    Gather,
}

impl Job {
    fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Anew => "anew",
            Self::Gather => "gather",
        }
    }
}

/// What generations are made from, and where.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) corpus: Corpus,
    /// What was sent, where such reports are taken.
    pub(super) store: Option<Arc<Store>>,
    pub(super) index: PathBuf,
    /// Keeps other processes from the index; nothing where that could not be had yet.
    pub(super) claim: Option<Claim>,
    pub(super) options: Options,
}

impl Work {
    fn texts(&self) -> Texts<'_> {
        Texts {
            corpus: &self.corpus,
            sent: self.store.as_deref(),
        }
    }

    /// Leave to write to the index.
    fn claim(&self) -> Result<Claim, Error> {
        match &self.claim {
            Some(claim) => Ok(claim.clone()),
            None => Claim::take(&self.index),
        }
    }

    /// Takes what was sent into the generation that is served, until all of it is there or
    /// `is_over` says that there is no more time. Says whether it could: otherwise all must be
    /// compared.
    pub(super) fn take_in(
        &self,
        served: &Served,
        is_over: impl Fn() -> bool,
    ) -> Result<bool, Error> {
        let Some(store) = &self.store else {
            return Ok(true);
        };
        while served.through() < store.seq() && !is_over() {
            let claim = self.claim()?;
            // Held from here on: what is taken in must not go into a generation that is replaced
            // meanwhile.
            let mut taking = held(&served.taking);
            let running: Vec<u64> = store.unfinished().iter().map(|task| task.id).collect();
            store.start(&running);
            let base = served.snapshot();
            let after = served.through();
            let began = Instant::now();
            let renewed = index::take_in(&base, self.texts(), after, &claim, &self.options);
            served
                .tally
                .built("take_in", began.elapsed(), renewed.is_ok());
            let Some(renewed) = renewed? else {
                return Ok(false);
            };
            self.put(served, &mut taking, renewed);
            // Whoever waits for the lock is to have it between two steps.
            drop(taking);
            served.tell_ended();
        }
        if store.worth_compacting() && !is_over() {
            Self::compact(store, served.through());
        }
        Ok(true)
    }

    fn compact(store: &Store, through: u64) {
        let started = Instant::now();
        match store.compact(through) {
            Ok(copied) => tracing::info!(
                "存储已整理：{} 份报告，{} MB，用时 {:.1} 秒",
                copied.reports,
                copied.bytes >> 20,
                started.elapsed().as_secs_f64()
            ),
            Err(error) => tracing::warn!(%error, "存储没有整理成；照常使用，稍后再试"),
        }
    }

    /// Puts a generation in force and ends the tasks that are in it.
    fn put(&self, served: &Served, outcomes: &mut Outcomes, renewed: Renewed) {
        if let Some(snapshot) = &renewed.snapshot {
            // So that no reader waits for it. What cannot be read fails the search that needs it.
            if let Err(error) = search::prepare(snapshot, Some(&served.snapshot())) {
                tracing::warn!(%error, "新索引没有预备好，首次检索会慢一些");
            }
            served.put_generation(snapshot);
        }
        served.set_through(renewed.through);
        if let Some(store) = &self.store {
            outcomes.end(store, renewed.taken, renewed.through, &served.tally);
        }
    }

    /// Does a job beside the index that is served, and puts what comes of it in force.
    pub(super) fn renew(&self, served: &Served, job: Job) -> Result<(), Error> {
        let began = Instant::now();
        let done = self.replace(served, job);
        served
            .tally
            .built(job.as_str(), began.elapsed(), done.is_ok());
        done
    }

    fn replace(&self, served: &Served, job: Job) -> Result<(), Error> {
        let started = Instant::now();
        let claim = self.claim()?;
        // Together: what is served holds all writes up to that number.
        let (base, through) = {
            let _taking = held(&served.taking);
            (served.snapshot(), served.through())
        };
        let show = |progress| served.show(Some(progress));
        let renewed = match job {
            Job::Update | Job::Anew => {
                let anew = job == Job::Anew;
                index::renew(&base, self.texts(), &claim, &self.options, anew, &show).map(Some)
            }
            Job::Gather => index::gather(&base, through, &claim, &self.options, &show),
        };
        served.show(None);
        let Some(mut renewed) = renewed? else {
            return Ok(());
        };
        let mut taking = held(&served.taking);
        let mut taken = std::mem::take(&mut renewed.taken);
        match renewed.snapshot.take() {
            Some(new) => {
                let (new, through) = self.catch_up(new, renewed.through, &claim, &mut taken)?;
                renewed.snapshot = Some(new);
                renewed.through = through;
            }
            // The served one may hold more by now.
            None => renewed.through = renewed.through.max(served.through()),
        }
        renewed.taken = taken;
        let name = renewed.snapshot.as_ref().map(describe);
        self.put(served, &mut taking, renewed);
        drop(taking);
        served.tell_ended();
        match name {
            None => tracing::info!("索引与语料一致，无需更换"),
            Some(name) => tracing::info!(
                "索引已更换为 {name}，用时 {:.1} 秒",
                started.elapsed().as_secs_f64()
            ),
        }
        Ok(())
    }

    /// Takes into a new generation what was sent while it was made, as far as the store goes now.
    fn catch_up(
        &self,
        mut new: Snapshot,
        mut through: u64,
        claim: &Claim,
        taken: &mut Vec<index::Taken>,
    ) -> Result<(Snapshot, u64), Error> {
        let Some(store) = &self.store else {
            return Ok((new, through));
        };
        let until = store.seq();
        while through < until {
            let step = index::take_in(&new, self.texts(), through, claim, &self.options)?;
            let step = match step {
                Some(step) => step,
                // So much was forgotten since that all must be compared.
                None => index::renew(&new, self.texts(), claim, &self.options, false, &|_| {})?,
            };
            new = step.snapshot.unwrap_or(new);
            through = step.through;
            taken.extend(step.taken);
        }
        Ok((new, through))
    }
}

fn describe(snapshot: &Snapshot) -> String {
    format!(
        "{}：{} 篇报告，{} 个段落",
        snapshot.name(),
        snapshot.reports().len(),
        snapshot.passages()
    )
}
