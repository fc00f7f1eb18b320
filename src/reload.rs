//! Keeps what is served in step with the corpus, while it is being served.
//!
//! An operator drops a report into the corpus or edits `corpus/synonyms.toml` and expects the next
//! search to know; a restart would be too much to ask. So the files are looked at twice a second:
//! the vocabulary by its digests, the reports by what they look like from outside, which works on
//! any file system. Changed synonyms are put in force at once. Of the reports only those that
//! changed are indexed again. A changed taxonomy or dictionary needs another index, which
//! is built beside the served one and takes its place when it has opened. Both are announced in
//! the log. A file that is malformed changes nothing: it is reported, in the log once and at
//! `/readyz` for as long as it lasts, and the last good one stays in force.
//!
//! Invariants: a file is acted on only when it reads the same twice running, so that one being
//! written is not taken for the whole; whoever asks meanwhile sees a whole snapshot
//! (`tests/vocabulary.rs`).

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use crate::corpus::{Corpus, VocabularyFile};
use crate::index::{self, Options, Snapshot};
use crate::synonym::Synonyms;

/// How often the files are looked at.
pub const INTERVAL: Duration = Duration::from_millis(500);
/// Looking takes at most this share of the time, however many files there are.
const LEISURE: u32 = 20;
/// How long a build that failed waits to be tried again.
const RETRY: Duration = Duration::from_secs(30);
/// How many of the words that changed are named in the log.
const NAMED: usize = 5;

/// What is served now. Shared by those who answer and whoever keeps it up to date.
pub struct Served {
    snapshot: ArcSwap<Snapshot>,
    condition: ArcSwap<Condition>,
}

/// How the vocabulary stands to what is served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// What is wrong with the files, for operators, in Chinese; what was good before is in force.
    pub warnings: Vec<String>,
    /// Whether another index is being built.
    pub rebuilding: bool,
}

impl Served {
    /// Serves `snapshot` first.
    #[must_use]
    pub fn new(snapshot: Snapshot) -> Self {
        Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            condition: ArcSwap::default(),
        }
    }

    /// What is in force; hold on to it for the length of a request.
    #[must_use]
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// How the vocabulary stands.
    #[must_use]
    pub fn condition(&self) -> Arc<Condition> {
        self.condition.load_full()
    }

    fn put_synonyms(&self, synonyms: &Arc<Synonyms>) {
        self.snapshot
            .rcu(|snapshot| snapshot.with_synonyms(Arc::clone(synonyms)));
    }

    /// Puts another generation in force, under the synonyms that are.
    fn put_generation(&self, generation: &Snapshot) {
        self.snapshot
            .rcu(|snapshot| generation.with_synonyms(Arc::clone(snapshot.synonyms())));
    }
}

type Digests = [[u8; 32]; VocabularyFile::ALL.len()];

/// The files at one time.
#[derive(Clone, Copy, PartialEq)]
struct Seen {
    vocabulary: Digests,
    reports: [u8; 32],
}

/// Looks after the vocabulary of a corpus.
pub struct Watch {
    corpus: Corpus,
    index: PathBuf,
    options: Options,
    /// The files when they were last looked at.
    seen: Seen,
    /// The files that what is served was made from, or that were refused.
    handled: Seen,
    /// What was wrong with which files when they were acted on.
    refused: BTreeMap<VocabularyFile, String>,
    building: Option<JoinHandle<Result<(), index::Error>>>,
    /// Why the last build failed, and when it is to be tried again.
    failed: Option<(String, Instant)>,
}

impl Watch {
    /// A watch that begins with the files as they are now: to be made before the index is opened,
    /// so that no change falls between.
    #[must_use]
    pub fn new(corpus: Corpus, index: PathBuf, mut options: Options) -> Self {
        // Those who search meanwhile are to have half of the machine.
        options.threads = (options.threads / 2).max(1);
        let now = see(&corpus);
        Self {
            corpus,
            index,
            options,
            seen: now,
            handled: now,
            refused: BTreeMap::new(),
            building: None,
            failed: None,
        }
    }

    /// Keeps `served` up to date from now on, looking every `interval`, until nothing else holds
    /// it.
    ///
    /// # Errors
    ///
    /// Fails when the system gives no thread.
    pub fn start(mut self, served: &Arc<Served>, interval: Duration) -> std::io::Result<()> {
        for file in VocabularyFile::ALL {
            self.judge(file);
        }
        self.report(served);
        let served = Arc::downgrade(served);
        let watch = thread::Builder::new().name("vocabulary".to_owned());
        watch.spawn(move || {
            let mut took = Duration::ZERO;
            loop {
                thread::sleep(interval.max(took * LEISURE));
                let Some(served) = served.upgrade() else {
                    return;
                };
                let started = Instant::now();
                self.look(&served);
                took = started.elapsed();
            }
        })?;
        Ok(())
    }

    fn look(&mut self, served: &Arc<Served>) {
        let now = see(&self.corpus);
        // Without the folder, every file would look deleted.
        let settled = now == self.seen && self.corpus.is_there();
        self.seen = now;
        let finished = self.finish();
        if !settled && !finished {
            return;
        }
        let changed: Vec<VocabularyFile> = VocabularyFile::ALL
            .into_iter()
            .zip(now.vocabulary.iter().zip(&self.handled.vocabulary))
            .filter(|(_, (now, handled))| settled && now != handled)
            .map(|(file, _)| file)
            .collect();
        let mut acted = finished;
        if changed.contains(&VocabularyFile::Synonyms) {
            self.reload(served);
            self.handle(|file| !file.is_indexed());
            acted = true;
        }
        let has_changed = settled && now.reports != self.handled.reports;
        let again = self
            .failed
            .as_ref()
            .is_some_and(|(_, at)| *at <= Instant::now());
        if self.building.is_none()
            && (again || has_changed || changed.iter().any(|file| file.is_indexed()))
        {
            self.failed = None;
            self.handled.reports = self.seen.reports;
            self.handle(VocabularyFile::is_indexed);
            self.rebuild(served);
            acted = true;
        }
        if acted {
            self.report(served);
        }
    }

    /// Notes that the files of a kind have been dealt with as they were last seen.
    fn handle(&mut self, kind: impl Fn(VocabularyFile) -> bool) {
        for (place, file) in VocabularyFile::ALL.into_iter().enumerate() {
            if let (true, Some(handled), Some(&seen)) = (
                kind(file),
                self.handled.vocabulary.get_mut(place),
                self.seen.vocabulary.get(place),
            ) {
                *handled = seen;
            }
        }
    }

    /// Remembers what is wrong with a file, and gives it back.
    fn judge(&mut self, file: VocabularyFile) -> Option<String> {
        let refusal = self.corpus.refusal(file).map(|error| error.to_string());
        match &refusal {
            Some(why) => self.refused.insert(file, why.clone()),
            None => self.refused.remove(&file),
        };
        refusal
    }

    /// Puts changed synonyms in force.
    fn reload(&mut self, served: &Served) {
        match self.corpus.synonyms() {
            Ok(read) => {
                self.refused.remove(&VocabularyFile::Synonyms);
                let synonyms = index::accept(read, &self.index);
                let before = Arc::clone(served.snapshot().synonyms());
                served.put_synonyms(&synonyms);
                tracing::info!(
                    "同义词已更新并生效：{} 组，{} 条单向规则；{}",
                    synonyms.groups(),
                    synonyms.rules(),
                    difference(&before, &synonyms)
                );
            }
            Err(error) => {
                tracing::error!("同义词未更新，沿用原来的：{error}");
                let refused = &mut self.refused;
                refused.insert(VocabularyFile::Synonyms, error.to_string());
            }
        }
    }

    /// Starts building the index that changed reports, a changed taxonomy or a changed dictionary
    /// call for.
    fn rebuild(&mut self, served: &Arc<Served>) {
        let mut sound = true;
        for file in VocabularyFile::ALL {
            if !file.is_indexed() {
                continue;
            }
            if let Some(why) = self.judge(file) {
                tracing::error!("索引未更新，沿用原来的：{why}");
                sound = false;
            }
        }
        if !sound {
            return;
        }
        tracing::info!("语料已改动：在后台更新索引，其间照常检索");
        let (corpus, path) = (self.corpus.clone(), self.index.clone());
        let (options, served) = (self.options.clone(), Arc::clone(served));
        let work = move || {
            let started = Instant::now();
            let base = served.snapshot();
            let Some(renewed) = index::renew(&base, &corpus, &path, &options, &|_| {})? else {
                tracing::info!("索引与语料一致，无需更换");
                return Ok(());
            };
            served.put_generation(&renewed);
            tracing::info!(
                "索引已更换为 {}：{} 篇报告，{} 个段落，用时 {:.1} 秒",
                renewed.name(),
                renewed.reports().len(),
                renewed.passages(),
                started.elapsed().as_secs_f64()
            );
            Ok(())
        };
        match thread::Builder::new()
            .name("rebuild".to_owned())
            .spawn(work)
        {
            Ok(building) => self.building = Some(building),
            Err(error) => self.fail(error.to_string()),
        }
    }

    /// Takes note of a build that has ended. Returns whether one has.
    fn finish(&mut self) -> bool {
        let Some(building) = self.building.take_if(|building| building.is_finished()) else {
            return false;
        };
        match building.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.fail(error.to_string()),
            Err(_) => self.fail("重建中断".to_owned()),
        }
        true
    }

    fn fail(&mut self, reason: String) {
        tracing::error!(
            "索引未更新，沿用原来的，{} 秒后再试：{reason}",
            RETRY.as_secs()
        );
        self.failed = Some((reason, Instant::now() + RETRY));
    }

    /// Says for `/readyz` how things stand.
    fn report(&self, served: &Served) {
        let refused = self
            .refused
            .values()
            .map(|why| format!("{why}；沿用原来的"));
        let failed = self
            .failed
            .iter()
            .map(|(reason, _)| format!("索引未更新：{reason}"));
        served.condition.store(Arc::new(Condition {
            warnings: refused.chain(failed).collect(),
            rebuilding: self.building.is_some(),
        }));
    }
}

fn see(corpus: &Corpus) -> Seen {
    Seen {
        vocabulary: VocabularyFile::ALL.map(|file| corpus.digest(file)),
        reports: corpus.listing(),
    }
}

/// What `after` has that `before` had not and the other way round, in words.
fn difference(before: &Synonyms, after: &Synonyms) -> String {
    let pairs = |synonyms: &Synonyms| -> Vec<String> {
        let mut pairs = Vec::new();
        for (word, to) in synonyms.entries() {
            pairs.extend(to.iter().map(|to| format!("{word}→{}", to.word)));
        }
        pairs
    };
    let (before, after) = (pairs(before), pairs(after));
    let only = |these: &[String], others: &[String]| -> Vec<String> {
        let others: HashSet<&String> = others.iter().collect();
        let these = these.iter().filter(|pair| !others.contains(pair));
        these.cloned().collect()
    };
    let parts: Vec<String> = [
        ("新增", only(&after, &before)),
        ("删去", only(&before, &after)),
    ]
    .into_iter()
    .filter(|(_, pairs)| !pairs.is_empty())
    .map(|(what, pairs)| {
        let named: Vec<&str> = pairs.iter().take(NAMED).map(String::as_str).collect();
        let rest = if pairs.len() > NAMED { "等" } else { "" };
        format!("{what} {} 对（{}{rest}）", pairs.len(), named.join("、"))
    })
    .collect();
    if parts.is_empty() {
        "词没有变化".to_owned()
    } else {
        parts.join("，")
    }
}
