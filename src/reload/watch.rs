//! The thread that looks after what is served.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::difference::difference;
use super::events::Events;
use super::wake::{Raised, Wake};
use super::work::{Job, Work};
use super::{Condition, Served, held};
use crate::corpus::{Corpus, VocabularyFile};
use crate::index::{self, Claim, Options, Snapshot, Taken};
use crate::priority;
use crate::store::Store;

/// Looking takes at most this share of the time, however many files there are.
const LEISURE: u32 = 20;
/// How long after the system told of a change the files are looked at, and looked at again to see
/// that they stay as they are.
const DEBOUNCE: Duration = Duration::from_millis(150);
/// How often it is asked whether the system told of a change.
const ASKED: Duration = Duration::from_millis(100);
/// How long what failed waits to be tried again, at first and at most.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_AT_MOST: Duration = Duration::from_secs(30);

/// How long nothing must have been taken in before what readers may type is gathered anew.
const QUIET: Duration = Duration::from_secs(5);
/// How long after the last time it is gathered though things keep coming.
const RARELY: Duration = Duration::from_secs(300);
/// In an index of more passages than this, not every change is reason enough.
const GATHERED_SOON: u64 = 100_000;

type Digests = [[u8; 32]; VocabularyFile::ALL.len()];

/// The files at one time.
#[derive(Clone, Copy, PartialEq)]
struct Seen {
    vocabulary: Digests,
    reports: [u8; 32],
}

/// Looks after the vocabulary and the reports of a corpus, and the reports that were sent.
pub struct Watch {
    work: Work,
    /// What of the store is in the index that is served first.
    through: u64,
    /// What became of the reports that were taken into it.
    taken: Vec<Taken>,
    /// What was found damaged when all was opened.
    damage: Vec<String>,
    /// The files when they were last looked at.
    seen: Seen,
    /// The files that what is served was made from, or that were refused.
    handled: Seen,
    /// What was wrong with which files when they were acted on.
    refused: BTreeMap<VocabularyFile, String>,
    building: Option<JoinHandle<Result<(), index::Error>>>,
    /// Why the last work failed.
    failed: Option<Failed>,
    /// All is to be made anew as soon as nothing else is.
    anew: bool,
    /// What was sent cannot be taken in by itself: all is to be compared.
    compare: bool,
    /// When something was last taken in.
    quiet_since: Instant,
    /// When what readers may type was last gathered beside what is served.
    gathered: Instant,
}

/// Work that failed.
struct Failed {
    reason: String,
    /// When it is to be tried again.
    again: Instant,
    /// How long it waits.
    pause: Duration,
    /// Whether it was taking in what was sent.
    of_sent: bool,
}

/// The thread at work.
pub struct Keeping {
    thread: JoinHandle<()>,
    wake: Arc<Wake>,
}

impl Keeping {
    /// Tells the thread to end what it is about and no more, and waits for that, at most `limit`.
    /// Says whether it did. What it leaves undone is done after the next start.
    #[must_use]
    pub fn stop(self, limit: Duration) -> bool {
        self.wake.raise(|raised| raised.stop = true);
        let until = Instant::now() + limit;
        while !self.thread.is_finished() && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        self.thread.is_finished()
    }
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
            work: Work {
                corpus,
                store: None,
                index,
                claim: None,
                options,
            },
            through: 0,
            taken: Vec::new(),
            damage: Vec::new(),
            seen: now,
            handled: now,
            refused: BTreeMap::new(),
            building: None,
            failed: None,
            anew: false,
            compare: false,
            quiet_since: Instant::now(),
            gathered: Instant::now(),
        }
    }

    /// The same that takes in what is sent to `store`.
    #[must_use]
    pub fn with_store(mut self, store: Arc<Store>) -> Self {
        self.work.store = Some(store);
        self
    }

    /// The same in an index folder that other processes are kept from.
    #[must_use]
    pub fn with_claim(mut self, claim: Claim) -> Self {
        self.work.claim = Some(claim);
        self
    }

    /// The same for an index that was opened like this, where `damage` was found besides.
    #[must_use]
    pub fn after(mut self, opened: &index::Opened, damage: Vec<String>) -> Self {
        self.through = opened.through;
        self.taken.clone_from(&opened.taken);
        self.damage.clone_from(&opened.damaged);
        self.damage.extend(damage);
        self
    }

    /// Keeps `served` up to date from now on, looking every `interval`, until nothing else holds
    /// it.
    ///
    /// # Errors
    ///
    /// Fails when the system gives no thread.
    pub fn start(mut self, served: &Arc<Served>, interval: Duration) -> std::io::Result<Keeping> {
        for file in VocabularyFile::ALL {
            self.judge(file);
        }
        // What is wrong with the file was said just now.
        if let Ok(pins) = self.work.corpus.pins() {
            served.put_pins(&Arc::new(pins));
        }
        // Of several that look after it, the first.
        let _ = served.corpus.set(self.work.corpus.clone());
        {
            let mut outcomes = held(&served.taking);
            served.set_through(self.through);
            if let Some(store) = &self.work.store {
                let taken = std::mem::take(&mut self.taken);
                outcomes.end(store, taken, self.through, served.tally());
            }
        }
        self.report(served);
        let wake = Arc::clone(&served.wake);
        let (served, waiting) = (Arc::downgrade(served), Arc::clone(&wake));
        let watch = thread::Builder::new().name("index-keeper".to_owned());
        let thread = watch.spawn(move || self.keep(&served, &waiting, interval))?;
        Ok(Keeping { thread, wake })
    }

    fn keep(mut self, served: &Weak<Served>, wake: &Wake, interval: Duration) {
        let mut events = Events::new();
        events.watch(&self.work.corpus.folders());
        let mut next = Instant::now() + interval;
        // What was sent before the start and could not be taken in by opening.
        let mut raised = Raised {
            written: true,
            ..Raised::default()
        };
        loop {
            if raised.stop {
                return;
            }
            let Some(served) = served.upgrade() else {
                return;
            };
            // Were this thread to end, nothing that is sent could ever be found.
            let turn = catch_unwind(AssertUnwindSafe(|| {
                self.turn(&served, wake, raised, &mut events, interval, next)
            }));
            next = turn.unwrap_or_else(|_| {
                self.fail("更新索引时程序出错，详见日志".to_owned(), true);
                self.report(&served);
                Instant::now() + interval
            });
            drop(served);
            raised = wake.wait(next.min(Instant::now() + ASKED));
        }
    }

    /// Does what there is to do, looking at the files where it is time to. Says when it next is.
    fn turn(
        &mut self,
        served: &Arc<Served>,
        wake: &Wake,
        raised: Raised,
        events: &mut Events,
        interval: Duration,
        mut next: Instant,
    ) -> Instant {
        let debounce = DEBOUNCE.min(interval);
        self.anew |= raised.anew;
        let failed = self.failed.as_ref();
        let again = failed.is_some_and(|failed| failed.again <= Instant::now());
        if raised.written || (again && failed.is_some_and(|failed| failed.of_sent)) {
            self.take_in(served, wake);
            self.quiet_since = Instant::now();
        }
        if self.building.is_none()
            && self.failed.is_none()
            && is_worth_gathering(
                &served.snapshot(),
                self.quiet_since.elapsed() >= QUIET,
                self.gathered.elapsed() >= RARELY,
            )
        {
            self.gathered = Instant::now();
            tracing::debug!("重新收集补全和词汇");
            self.begin(served, Job::Gather);
            self.report(served);
        }
        if events.any() {
            next = next.min(Instant::now() + debounce);
        }
        let compare = self.compare && self.building.is_none() && self.failed.is_none();
        if !(raised.finished || raised.anew || again || compare || Instant::now() >= next) {
            return next;
        }
        let started = Instant::now();
        let before = self.seen;
        self.look(served, wake);
        let took = started.elapsed();
        if self.seen == before {
            return Instant::now() + interval.max(took * LEISURE);
        }
        events.watch(&self.work.corpus.folders());
        Instant::now() + debounce
    }

    /// Takes what was sent into the generation that is served.
    fn take_in(&mut self, served: &Arc<Served>, wake: &Wake) {
        // While a file is malformed or a build failed, there may be no way to: the other work will.
        match self.work.take_in(served, || wake.is_over()) {
            Ok(true) => {
                if self.failed.take_if(|failed| failed.of_sent).is_some() {
                    tracing::info!("提交的报告已收入索引，恢复正常");
                    self.report(served);
                }
            }
            Ok(false) => self.compare = true,
            Err(error) => {
                self.fail(error.to_string(), true);
                self.report(served);
            }
        }
    }

    fn look(&mut self, served: &Arc<Served>, wake: &Wake) {
        let now = see(&self.work.corpus);
        // Without the folder, every file would look deleted.
        let settled = now == self.seen && self.work.corpus.is_there();
        self.seen = now;
        let finished = self.finish();
        let wanted = self.anew || self.compare;
        if !settled && !finished && !wanted {
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
            acted = true;
        }
        if changed.contains(&VocabularyFile::Pins) {
            self.reload_pins(served);
            acted = true;
        }
        if settled {
            self.handle(|file| !file.is_indexed());
        }
        let has_changed = settled && now.reports != self.handled.reports;
        let failed = self.failed.as_ref().filter(|failed| !failed.of_sent);
        let again = failed.is_some_and(|failed| failed.again <= Instant::now());
        let due = again || has_changed || changed.iter().any(|file| file.is_indexed());
        // What failed a moment ago is not tried at every turn.
        let due = due || (wanted && failed.is_none());
        if self.building.is_none() && due && self.work.corpus.is_there() {
            if settled {
                self.handled.reports = self.seen.reports;
                self.handle(VocabularyFile::is_indexed);
            }
            self.rebuild(served, wake);
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
        let refusal = self.work.corpus.refusal(file);
        let refusal = refusal.map(|error| error.to_string());
        match &refusal {
            Some(why) => self.refused.insert(file, why.clone()),
            None => self.refused.remove(&file),
        };
        refusal
    }

    /// Puts changed synonyms in force.
    fn reload(&mut self, served: &Served) {
        match self.work.corpus.synonyms() {
            Ok(read) => {
                self.refused.remove(&VocabularyFile::Synonyms);
                let synonyms = index::accept(read, &self.work.index);
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

    /// Puts changed pins in force.
    fn reload_pins(&mut self, served: &Served) {
        match self.work.corpus.pins() {
            Ok(pins) => {
                self.refused.remove(&VocabularyFile::Pins);
                tracing::info!("置顶已更新并生效：{} 个检索词", pins.queries());
                served.put_pins(&Arc::new(pins));
            }
            Err(error) => {
                tracing::error!("置顶未更新，沿用原来的：{error}");
                let refused = &mut self.refused;
                refused.insert(VocabularyFile::Pins, error.to_string());
            }
        }
    }

    /// Starts making the index that changed reports, a changed taxonomy or a changed dictionary
    /// call for.
    fn rebuild(&mut self, served: &Arc<Served>, wake: &Wake) {
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
            // The next change of a file is the time to try again.
            self.failed = None;
            self.anew = false;
            self.compare = false;
            return;
        }
        if wake.is_over() {
            return;
        }
        self.compare = false;
        if std::mem::take(&mut self.anew) {
            tracing::info!("应要求重建：在后台进行，其间照常检索");
            self.begin(served, Job::Anew);
        } else {
            tracing::info!("语料已改动：在后台更新索引，其间照常检索");
            self.begin(served, Job::Update);
        }
    }

    /// Starts a job beside what is served.
    fn begin(&mut self, served: &Arc<Served>, job: Job) {
        let (work, served) = (self.work.clone(), Arc::clone(served));
        let run = move || {
            // And so do the threads that it starts.
            priority::begin(priority::Work::Rebuild);
            let done = work.renew(&served, job);
            served.wake.raise(|raised| raised.finished = true);
            done
        };
        match thread::Builder::new().name("rebuild".to_owned()).spawn(run) {
            Ok(building) => self.building = Some(building),
            Err(error) => self.fail(error.to_string(), false),
        }
    }

    /// Takes note of work that has ended. Returns whether some has.
    fn finish(&mut self) -> bool {
        let Some(building) = self.building.take_if(|building| building.is_finished()) else {
            return false;
        };
        match building.join() {
            Ok(Ok(())) => {
                self.failed = None;
            }
            Ok(Err(error)) => self.fail(error.to_string(), false),
            Err(_) => self.fail("重建中断".to_owned(), false),
        }
        true
    }

    fn fail(&mut self, reason: String, of_sent: bool) {
        let before = self.failed.as_ref();
        let pause = before.map_or(RETRY, |failed| (failed.pause * 2).min(RETRY_AT_MOST));
        let is_new = before.is_none_or(|failed| failed.reason != reason);
        if is_new {
            tracing::error!(
                "索引未更新，沿用原来的，{} 秒后再试：{reason}",
                pause.as_secs()
            );
        }
        self.failed = Some(Failed {
            reason,
            again: Instant::now() + pause,
            pause,
            of_sent,
        });
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
            .map(|failed| format!("索引未更新：{}", failed.reason));
        served.condition.store(Arc::new(Condition {
            warnings: refused.chain(failed).collect(),
            rebuilding: self.building.is_some(),
            damage: self.damage.clone(),
        }));
    }
}

/// Whether enough changed since what readers may type was gathered. While it is quiet that is
/// anything in an index for which it is a matter of seconds, one passage in a hundred in others;
/// where it never is, one in ten, now and then.
fn is_worth_gathering(snapshot: &Snapshot, is_quiet: bool, is_long_ago: bool) -> bool {
    let (changed, passages) = (snapshot.ungathered(), snapshot.passages());
    let some = changed > 0 && passages <= GATHERED_SOON;
    (is_quiet && (some || changed > passages / 100)) || (is_long_ago && changed > passages / 10)
}

fn see(corpus: &Corpus) -> Seen {
    Seen {
        vocabulary: VocabularyFile::ALL.map(|file| corpus.digest(file)),
        reports: corpus.listing(),
    }
}
