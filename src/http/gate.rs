//! The gate in front of searching: how many searches run at once, who is next, and who is told at
//! once to come back later.
//!
//! A queue of a fixed length is no help under load: it fills, and then everybody who is let in has
//! waited through all of it. Here one waits only where the wait will be short. Who comes is refused
//! at once when what stands before it would take longer than `server.search_wait_ms`, going by what
//! such work took lately; and who was let in by an estimate too kind is refused when that time is
//! over. So whoever is answered has waited no longer than that, however many ask.
//!
//! Work is of three classes that share the threads by weight and by the time it takes, each in the
//! order it came: completions while typing, which take a moment, do not stand behind exports, which
//! take long and never have all threads.
//!
//! Invariants: no more run at once than there are threads; a place in the queue is given back
//! whatever becomes of who waits (the tests below, `tests/overload.rs`).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::meter::Meter;

/// What a piece of work is to those that wait for their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Class {
    /// A completion of what is being typed.
    Typing,
    /// A search, or a page that shows what it found.
    Reading,
    /// A comparison, a table of counts, a part of an export.
    Heavy,
}

/// All of them, in the order of their places.
pub(super) const CLASSES: [Class; 3] = [Class::Typing, Class::Reading, Class::Heavy];

impl Class {
    /// Its name among the metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Typing => "typing",
            Self::Reading => "reading",
            Self::Heavy => "heavy",
        }
    }

    fn place(self) -> usize {
        match self {
            Self::Typing => 0,
            Self::Reading => 1,
            Self::Heavy => 2,
        }
    }

    /// Its share of the threads' time while others wait too.
    fn weight(self) -> f64 {
        match self {
            Self::Typing | Self::Reading => 4.0,
            Self::Heavy => 1.0,
        }
    }

    /// How many times as long as a search it may wait.
    fn patience(self) -> u32 {
        match self {
            Self::Typing | Self::Reading => 1,
            Self::Heavy => 5,
        }
    }

    /// How many of `threads` it may have at once.
    fn most(self, threads: usize) -> usize {
        match self {
            Self::Typing | Self::Reading => threads,
            Self::Heavy => threads.saturating_sub(1).max(1),
        }
    }
}

/// How much the last time counts in the mean.
const FRESH: f64 = 0.1;
/// The longest that who is refused is told to wait, in seconds.
const LATEST: f64 = 30.0;

/// Why there is no turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    /// Seconds until it may be tried again.
    pub(super) seconds: u64,
}

/// Lets a bounded number of searches run, and those wait that will not wait long.
#[derive(Clone)]
pub(super) struct Gate(Arc<Inner>);

struct Inner {
    threads: usize,
    most_waiting: usize,
    wait: Duration,
    line: Mutex<Line>,
    meter: Arc<Meter>,
}

/// Who runs and who waits, by class.
#[derive(Default)]
struct Line {
    running: [usize; 3],
    queues: [VecDeque<Waiter>; 3],
    /// The time each class has had, by its weight: who has had least is next.
    had: [f64; 3],
    /// The same of the one that was last.
    now: f64,
    /// What such work took lately, in seconds.
    mean: [f64; 3],
    number: u64,
}

struct Waiter {
    number: u64,
    turn: oneshot::Sender<Permit>,
}

/// Leave to run, given back when dropped.
pub(super) struct Permit {
    inner: Arc<Inner>,
    class: Class,
    began: Option<Instant>,
    /// Whether it counts among those that run.
    counts: bool,
}

impl Permit {
    /// Says that the work begins, on its thread.
    pub(super) fn begin(&mut self) {
        self.began = Some(Instant::now());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.counts {
            let took = self.began.map(|began| began.elapsed());
            self.inner.release(self.class, took);
        }
    }
}

/// A place in the queue, given back when dropped.
struct Place<'a> {
    inner: &'a Arc<Inner>,
    class: Class,
    number: u64,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.inner.leave(self.class, self.number);
    }
}

impl Gate {
    /// A gate for so many `threads`; at most `most_waiting` wait, none longer than `wait`.
    pub(super) fn new(
        threads: usize,
        most_waiting: usize,
        wait: Duration,
        meter: Arc<Meter>,
    ) -> Self {
        Self(Arc::new(Inner {
            threads: threads.max(1),
            most_waiting,
            wait,
            line: Mutex::default(),
            meter,
        }))
    }

    /// Waits for a turn.
    ///
    /// # Errors
    ///
    /// Where too many wait, or the wait would be, or was, too long.
    pub(super) async fn enter(&self, class: Class) -> Result<Permit, Refused> {
        let began = Instant::now();
        let wait = self.0.wait * class.patience();
        let entered = self.turn(class, Some(wait)).await;
        match &entered {
            Ok(_) => self.0.meter.waited(class, began.elapsed()),
            Err(_) => self.0.meter.refused(class),
        }
        entered
    }

    /// Waits for a turn for as long as it takes: for the next part of an answer that has begun.
    pub(super) async fn go_on(&self, class: Class) -> Result<Permit, Refused> {
        self.turn(class, None).await
    }

    /// How many run and how many wait, of each class.
    pub(super) fn counts(&self) -> [(Class, usize, usize); 3] {
        let line = self.0.line();
        CLASSES.map(|class| {
            let place = class.place();
            (class, line.running[place], line.queues[place].len())
        })
    }

    async fn turn(&self, class: Class, wait: Option<Duration>) -> Result<Permit, Refused> {
        let inner = &self.0;
        let (turn, number) = {
            let mut line = inner.line();
            if line.queues[class.place()].is_empty() && line.may_start(class, inner.threads) {
                line.start(class);
                return Ok(inner.permit(class));
            }
            if let Some(wait) = wait {
                inner.check(&line, class, wait)?;
            }
            let (sender, turn) = oneshot::channel();
            (turn, line.push(class, sender))
        };
        let _place = Place {
            inner,
            class,
            number,
        };
        let turn = match wait {
            None => turn.await.ok(),
            Some(wait) => tokio::time::timeout(wait, turn)
                .await
                .ok()
                .and_then(Result::ok),
        };
        turn.ok_or(Refused { seconds: 1 })
    }
}

impl Inner {
    /// No holder leaves it half changed, so one that panicked is no reason to stop.
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn permit(self: &Arc<Self>, class: Class) -> Permit {
        Permit {
            inner: Arc::clone(self),
            class,
            began: None,
            counts: true,
        }
    }

    /// Refuses one more of a class where it would wait too long. Where fewer wait than there are
    /// threads none is refused, so that the estimate is put to the test again and again.
    fn check(&self, line: &Line, class: Class, wait: Duration) -> Result<(), Refused> {
        let waiting: usize = line.queues.iter().map(VecDeque::len).sum();
        let expected = line.expected(class, self.threads);
        let is_full = waiting >= self.most_waiting;
        let is_long = expected > wait.as_secs_f64()
            && line.queues[class.place()].len() >= class.most(self.threads);
        if !is_full && !is_long {
            return Ok(());
        }
        Err(Refused {
            seconds: whole_seconds(expected),
        })
    }

    /// Takes note that work of a class ended, and starts who is next.
    fn release(self: &Arc<Self>, class: Class, took: Option<Duration>) {
        if let Some(took) = took {
            self.meter.ran(class, took);
        }
        let mut line = self.line();
        let place = class.place();
        line.running[place] = line.running[place].saturating_sub(1);
        if let Some(took) = took {
            let (took, mean) = (took.as_secs_f64(), &mut line.mean[place]);
            *mean = if *mean > 0.0 {
                *mean + FRESH * (took - *mean)
            } else {
                took
            };
        }
        while let Some((class, waiter)) = line.next(self.threads) {
            line.start(class);
            if let Err(mut unwanted) = waiter.turn.send(self.permit(class)) {
                // Who waited has gone; the lock is held here, so it must not be taken again.
                unwanted.counts = false;
                let place = class.place();
                line.running[place] = line.running[place].saturating_sub(1);
            }
        }
    }

    fn leave(&self, class: Class, number: u64) {
        let mut line = self.line();
        let queue = &mut line.queues[class.place()];
        if let Ok(at) = queue.binary_search_by_key(&number, |waiter| waiter.number) {
            queue.remove(at);
        }
    }
}

impl Line {
    fn may_start(&self, class: Class, threads: usize) -> bool {
        let running: usize = self.running.iter().sum();
        running < threads && self.running[class.place()] < class.most(threads)
    }

    fn start(&mut self, class: Class) {
        let place = class.place();
        self.running[place] += 1;
        // Who had nothing to do for a while has saved nothing up.
        let before = self.had[place].max(self.now);
        self.now = before;
        self.had[place] = before + self.mean[place].max(1e-4) / class.weight();
    }

    fn push(&mut self, class: Class, turn: oneshot::Sender<Permit>) -> u64 {
        self.number += 1;
        let number = self.number;
        let place = class.place();
        self.queues[place].push_back(Waiter { number, turn });
        number
    }

    /// Takes out who is next, where there is a thread for it.
    fn next(&mut self, threads: usize) -> Option<(Class, Waiter)> {
        let class = CLASSES
            .into_iter()
            .filter(|class| !self.queues[class.place()].is_empty())
            .filter(|class| self.may_start(*class, threads))
            .min_by(|a, b| self.had[a.place()].total_cmp(&self.had[b.place()]))?;
        let waiter = self.queues[class.place()].pop_front()?;
        Some((class, waiter))
    }

    /// How long one more of a class will wait, in seconds: what runs is half done, what waits has
    /// its class's share of the threads.
    #[expect(
        clippy::cast_precision_loss,
        reason = "numbers of threads and of those who wait are small"
    )]
    fn expected(&self, class: Class, threads: usize) -> f64 {
        let of = |class: Class| self.mean[class.place()];
        let running = CLASSES.map(|class| self.running[class.place()] as f64 * of(class) / 2.0);
        let total: f64 = CLASSES
            .into_iter()
            .filter(|other| *other == class || !self.queues[other.place()].is_empty())
            .map(Class::weight)
            .sum();
        let most = class.most(threads) as f64;
        let share = most.min(threads as f64 * class.weight() / total);
        let before = self.queues[class.place()].len() as f64 * of(class);
        running.iter().sum::<f64>() / threads as f64 + before / share
    }
}

/// Seconds to wait, of an estimate.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 1 and 30"
)]
fn whole_seconds(seconds: f64) -> u64 {
    seconds.ceil().clamp(1.0, LATEST) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Waker};

    /// Whether it waits, once it was asked.
    fn waits<F: Future>(work: &mut Pin<Box<F>>) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        work.as_mut().poll(&mut context).is_pending()
    }

    fn gate(threads: usize, most_waiting: usize, wait_ms: u64) -> Gate {
        let meter = Arc::new(Meter::default());
        Gate::new(threads, most_waiting, Duration::from_millis(wait_ms), meter)
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime")
            .block_on(work)
    }

    /// Makes the gate believe that work of all classes takes so long.
    fn taught(gate: &Gate, seconds: f64) {
        gate.0.line().mean = [seconds; 3];
    }

    #[test]
    fn no_more_run_at_once_than_there_are_threads() {
        run(async {
            let gate = gate(3, 1_000, 10_000);
            let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let work = (0..200).map(|number: usize| {
                let (gate, running, most) = (&gate, &running, &most);
                async move {
                    let permit = gate
                        .enter(CLASSES[number % 3])
                        .await
                        .expect("all are let in");
                    let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                }
            });
            futures_util::future::join_all(work).await;
            assert_eq!(most.into_inner(), 3);
            assert!(
                gate.counts()
                    .iter()
                    .all(|(_, runs, waits)| runs + waits == 0)
            );
        });
    }

    #[test]
    fn who_would_wait_too_long_is_refused_at_once_and_told_how_long() {
        run(async {
            let gate = gate(1, 1_000, 200);
            taught(&gate, 1.5);
            let held = gate
                .enter(Class::Reading)
                .await
                .expect("the thread is free");
            let mut first = Box::pin(gate.enter(Class::Reading));
            assert!(waits(&mut first), "one may try");
            let began = Instant::now();
            let refused = gate.enter(Class::Reading).await.err();
            assert_eq!(refused, Some(Refused { seconds: 3 }));
            assert!(began.elapsed() < Duration::from_millis(100));
            drop(held);
            assert!(first.await.is_ok());
        });
    }

    #[test]
    fn who_was_let_in_waits_no_longer_than_is_set() {
        run(async {
            let gate = gate(1, 1_000, 50);
            let _held = gate
                .enter(Class::Reading)
                .await
                .expect("the thread is free");
            let began = Instant::now();
            assert!(gate.enter(Class::Reading).await.is_err());
            let waited = began.elapsed();
            assert!(waited >= Duration::from_millis(50), "{waited:?}");
            assert_eq!(gate.counts()[1], (Class::Reading, 1, 0));
        });
    }

    #[test]
    fn who_leaves_gives_the_place_back_and_nobody_runs_for_it() {
        run(async {
            let gate = gate(1, 2, 10_000);
            let held = gate
                .enter(Class::Reading)
                .await
                .expect("the thread is free");
            for _ in 0..100 {
                let mut gone = Box::pin(gate.enter(Class::Reading));
                assert!(waits(&mut gone));
            }
            let mut stays = Box::pin(gate.enter(Class::Reading));
            assert!(waits(&mut stays));
            let mut turned = Box::pin(gate.enter(Class::Reading));
            assert!(waits(&mut turned));
            // A turn that was given to someone who then left is given to the next.
            drop(held);
            drop(stays);
            assert!(turned.await.is_ok());
            assert_eq!(gate.counts()[1], (Class::Reading, 0, 0));
        });
    }

    #[test]
    fn typing_does_not_stand_behind_exports_and_exports_are_not_starved() {
        run(async {
            let gate = gate(1, 1_000, 10_000);
            taught(&gate, 0.01);
            let order = Mutex::new(Vec::new());
            let held = gate.enter(Class::Heavy).await.expect("the thread is free");
            let classes = std::iter::repeat_n(Class::Heavy, 20)
                .chain(std::iter::repeat_n(Class::Typing, 20))
                .map(|class| {
                    let (gate, order) = (&gate, &order);
                    async move {
                        let permit = gate.go_on(class).await.expect("all have their turn");
                        order.lock().expect("nobody panics").push(class);
                        drop(permit);
                    }
                });
            let all = futures_util::future::join_all(classes);
            tokio::join!(all, async {
                tokio::task::yield_now().await;
                drop(held);
            });
            let order = order.into_inner().expect("nobody panics");
            let heavy = |part: &[Class]| part.iter().filter(|c| **c == Class::Heavy).count();
            assert_eq!(order.len(), 40);
            assert!((2..=8).contains(&heavy(&order[..20])), "{order:?}");
        });
    }

    #[test]
    fn heavy_work_never_has_all_threads() {
        run(async {
            let gate = gate(2, 1_000, 10_000);
            let _one = gate.enter(Class::Heavy).await.expect("a thread is free");
            let mut other = Box::pin(gate.enter(Class::Heavy));
            assert!(waits(&mut other));
            assert!(gate.enter(Class::Typing).await.is_ok());
        });
    }
}
