//! What is measured on a service that runs: each kind alone, rates, writing meanwhile, overload.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde::Serialize;

use crate::client::Connection;
use crate::drive::{self, Alone, Arrivals, Run, milliseconds};
use crate::mix::Mix;
use crate::process::{Memory, cores};
use crate::service::Service;
use crate::stats::Spread;

/// What 99 of 100 answers have to come within, in milliseconds.
pub(crate) const GOAL: f64 = 50.0;
/// What the searches of the mix are called in tables.
pub(crate) const SEARCHES: &str = "*all searches, as mixed*";
/// The most rates that are tried one above the other, and between the last two.
const DOUBLINGS: usize = 12;
const HALVINGS: usize = 4;
/// Rates in a row that do not hold before no higher one is tried: one may be the fault of whatever
/// else runs on the machine, and two show how it goes on.
const FAILURES: usize = 2;
/// How much more than it can answer an overloaded service is sent.
const OVERLOAD: f64 = 10.0;
/// How often health is asked for meanwhile.
const PULSE: Duration = Duration::from_millis(50);
/// How often it is looked whether an index is made.
const GLANCE: Duration = Duration::from_millis(100);
/// The longest that a new index is waited for.
const LONGEST: Duration = Duration::from_secs(900);

/// How long and how much is measured.
#[derive(Debug, Clone)]
pub(crate) struct Measure {
    pub(crate) seconds: f64,
    /// Requests of each kind that are sent one at a time.
    pub(crate) requests: usize,
    pub(crate) arrivals: Arrivals,
    pub(crate) seed: u64,
}

impl Measure {
    fn time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    fn count(&self, rate: f64) -> usize {
        ((rate * self.seconds) as usize).max(1)
    }
}

/// Requests to be sent one at a time, by what they are called: all kinds, then the mix.
pub(crate) type Lists = Vec<(String, Vec<String>)>;

/// The lists of a mix; those of one seed are the same, whatever is measured with them.
pub(crate) fn lists(mix: &Mix<'_>, measure: &Measure) -> Lists {
    let mut lists: Lists = mix
        .kinds
        .iter()
        .map(|kind| {
            let mut rng = Rng::with_seed(measure.seed);
            let targets = (0..measure.requests).map(|_| mix.target(kind, &mut rng));
            (kind.name.clone(), targets.collect())
        })
        .collect();
    let drawn = mix.requests(4 * measure.requests, measure.seed);
    let is_search = |kind: &usize| mix.kinds[*kind].is_search();
    let searches = drawn.iter().filter(|(kind, _)| is_search(kind));
    let searches = searches.map(|(_, target)| target.clone()).collect();
    let all = drawn.iter().map(|(_, target)| target.clone()).collect();
    lists.push((SEARCHES.to_owned(), searches));
    lists.push(("*the whole mix*".to_owned(), all));
    lists
}

/// Each list alone, one request at a time.
pub(crate) fn alone(service: &Service, lists: &Lists) -> anyhow::Result<Vec<Alone>> {
    lists
        .iter()
        .map(|(name, targets)| drive::closed(service, name, targets))
        .collect()
}

/// One rate of an open loop.
pub(crate) fn at(
    service: &Service,
    mix: &Mix<'_>,
    rate: f64,
    measure: &Measure,
) -> anyhow::Result<Run> {
    // Other requests at each rate, the same in each run.
    let seed = measure.seed ^ rate.to_bits();
    let requests = mix.requests(measure.count(rate), seed);
    let never = AtomicBool::new(false);
    let (run, _) = drive::load(service, &requests, rate, (measure.arrivals, seed), &never)?;
    Ok(run)
}

/// Rates, and the most at which 99 of 100 answers come within [`GOAL`].
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Rates {
    /// In order of the rate.
    pub(crate) runs: Vec<Run>,
    /// Requests a second; nothing where not even the lowest holds.
    pub(crate) throughput: Option<f64>,
}

/// Tries `given` rates, or ever higher ones from `from` on, until one does not hold; then what lies
/// between.
pub(crate) fn rates(
    service: &Service,
    mix: &Mix<'_>,
    given: &[f64],
    from: f64,
    measure: &Measure,
    say: &dyn Fn(&Run),
) -> anyhow::Result<Rates> {
    let mut runs = Vec::new();
    let mut attempt = |rate: f64| -> anyhow::Result<bool> {
        let run = at(service, mix, rate, measure)?;
        say(&run);
        let holds = run.holds(GOAL);
        runs.push(run);
        Ok(holds)
    };
    let mut best: Option<f64> = None;
    let mut too_much: Option<f64> = None;
    let mut failures = 0;
    let doubled: Vec<f64> = (0..DOUBLINGS)
        .map(|nth| from * 2_f64.powi(nth as i32))
        .collect();
    for &rate in if given.is_empty() { &doubled } else { given } {
        if attempt(rate)? {
            (best, too_much, failures) = (Some(rate), None, 0);
        } else {
            too_much = too_much.or(Some(rate));
            failures += 1;
        }
        if failures == FAILURES {
            break;
        }
    }
    if let (Some(mut low), Some(mut high)) = (best, too_much) {
        for _ in 0..HALVINGS {
            let middle = (low * high).sqrt().round();
            if attempt(middle)? {
                low = middle;
            } else {
                high = middle;
            }
        }
        best = Some(low);
    }
    runs.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    Ok(Rates {
        runs,
        throughput: best,
    })
}

/// Searching at rest, and while the index is built anew at full speed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Beside {
    pub(crate) rest: Run,
    pub(crate) building: Run,
    /// Of the time under load how much an index was built in, from 0 to 1.
    pub(crate) share: f64,
    /// How many times a new index came into force meanwhile.
    pub(crate) swaps: usize,
    /// When it held the most of its own.
    pub(crate) memory: Memory,
}

pub(crate) fn beside(
    service: &Service,
    mix: &Mix<'_>,
    rate: f64,
    measure: &Measure,
) -> anyhow::Result<Beside> {
    let rest = at(service, mix, rate, measure)?;
    let requests = mix.requests((rate * LONGEST.as_secs_f64()) as usize, measure.seed);
    let stop = AtomicBool::new(false);
    let rebuilds = || -> anyhow::Result<(f64, usize, Memory)> {
        let (mut looks, mut building, mut swaps) = (0, 0, 0);
        let mut memory = Memory::default();
        let started = Instant::now();
        let (mut generation, _) = service.standing()?;
        service.rebuild()?;
        while started.elapsed() < LONGEST {
            std::thread::sleep(GLANCE);
            let (now, is_building) = service.standing()?;
            looks += 1;
            building += usize::from(is_building);
            let held = service.memory()?;
            if held.anonymous > memory.anonymous {
                memory = held;
            }
            if now != generation {
                generation = now;
                swaps += 1;
                if started.elapsed() >= measure.time() {
                    break;
                }
                service.rebuild()?;
            }
        }
        Ok((building as f64 / f64::from(looks.max(1)), swaps, memory))
    };
    let (run, seen) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let seen = rebuilds();
            // Also where it failed: nothing is to be sent any more.
            stop.store(true, Ordering::Relaxed);
            seen
        });
        let drawn = (measure.arrivals, measure.seed);
        let run = drive::load(service, &requests, rate, drawn, &stop);
        (run, watching.join())
    });
    let (share, swaps, memory) = seen.map_err(|_| anyhow::anyhow!("whoever builds panicked"))??;
    // What is measured next is to be measured at rest.
    while service.standing()?.1 {
        std::thread::sleep(GLANCE);
    }
    Ok(Beside {
        rest,
        building: run?.0,
        share,
        swaps,
        memory,
    })
}

/// What a service does that is sent ten times what it can answer.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Overload {
    /// Requests a second it can answer.
    pub(crate) capacity: f64,
    /// At half of that.
    pub(crate) usual: Run,
    pub(crate) flooded: Run,
    /// `/healthz` meanwhile, in milliseconds.
    pub(crate) health: Spread,
    pub(crate) before: Memory,
    pub(crate) during: Memory,
    pub(crate) after: Memory,
    /// Kinds of answers by status.
    pub(crate) statuses: BTreeMap<u16, usize>,
}

pub(crate) fn overload(
    service: &Service,
    mix: &Mix<'_>,
    measure: &Measure,
) -> anyhow::Result<Overload> {
    let drawn = mix.requests(20_000, measure.seed);
    let capacity = drive::capacity(
        service,
        &drawn,
        2 * cores(),
        measure.time().min(Duration::from_secs(10)),
    )?;
    let usual = at(service, mix, capacity / 2.0, measure)?;
    let before = service.memory()?;
    let rate = capacity * OVERLOAD;
    let requests = mix.requests(measure.count(rate), measure.seed + 1);
    let ended = AtomicBool::new(false);
    let pulse = || -> anyhow::Result<(Vec<f64>, Memory)> {
        let mut connection = Connection::to(service.address);
        let mut times = Vec::new();
        let mut memory = Memory::default();
        while !ended.load(Ordering::Relaxed) {
            let asked = Instant::now();
            anyhow::ensure!(
                connection.get("/healthz")? == 200,
                "the service is not well"
            );
            times.push(milliseconds(asked.elapsed()));
            let now = service.memory()?;
            if now.anonymous > memory.anonymous {
                memory = now;
            }
            std::thread::sleep(PULSE);
        }
        Ok((times, memory))
    };
    let (run, health) = std::thread::scope(|scope| {
        let asking = scope.spawn(pulse);
        let drawn = (measure.arrivals, measure.seed);
        let run = drive::load(service, &requests, rate, drawn, &AtomicBool::new(false));
        ended.store(true, Ordering::Relaxed);
        (run, asking.join())
    });
    let (run, samples) = run?;
    let (times, during) =
        health.map_err(|_| anyhow::anyhow!("whoever asks for health panicked"))??;
    let mut statuses = BTreeMap::new();
    for sample in &samples {
        *statuses.entry(sample.status).or_default() += 1;
    }
    // What it holds once it has nothing more to do.
    std::thread::sleep(Duration::from_secs(1));
    Ok(Overload {
        capacity,
        usual,
        flooded: run,
        health: Spread::of(times),
        before,
        during,
        after: service.memory()?,
        statuses,
    })
}
