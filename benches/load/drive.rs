//! Sends requests: at given times whatever the answers take (an open loop), or one after another (a
//! closed loop).
//!
//! In an open loop a request has the time at which it was to be sent, and its latency counts from
//! there: one that had to wait because the service, or this program, was late has waited all the
//! same. Each worker takes the next request, sleeps until its time, and sends it; nothing hands
//! requests over, so the load costs little of the cores it shares with the service.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use fastrand::Rng;
use serde::Serialize;

use crate::client::Connection;
use crate::process::{Meter, Threads, Usage};
use crate::service::Service;
use crate::stats::Spread;

/// The most connections of a load.
const CONNECTIONS: usize = 512;
/// After an answer, how long the service's threads have to go to sleep before their time is read.
const SETTLE: Duration = Duration::from_micros(200);

/// When requests are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Arrivals {
    /// At random, as those of many readers who know nothing of each other.
    Poisson,
    /// At even distances.
    Uniform,
}

/// What became of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Its kind, as a place in the mix.
    pub(crate) kind: usize,
    /// The status it was answered with; 0 where it was not.
    pub(crate) status: u16,
    /// From when it was to be sent to the last byte of its answer.
    pub(crate) latency: Duration,
}

/// What a load came to.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Run {
    /// Requests that were to be sent in a second.
    pub(crate) rate: f64,
    pub(crate) sent: usize,
    /// Of those that were answered with what they asked for, in milliseconds.
    pub(crate) latency: Spread,
    /// How many were refused for want of room: 429 and 503.
    pub(crate) refused: usize,
    /// How quickly, in milliseconds.
    pub(crate) refusal: Spread,
    /// How many failed otherwise.
    pub(crate) failed: usize,
    /// Latency of those that were answered by kind, as a place in the mix, in milliseconds.
    pub(crate) kinds: BTreeMap<usize, Spread>,
    pub(crate) usage: Usage,
}

impl Run {
    pub(crate) fn of(rate: f64, samples: &[Sample], usage: Usage) -> Self {
        let of = |is: fn(u16) -> bool| -> Vec<f64> {
            let taken = samples.iter().filter(|sample| is(sample.status));
            taken.map(|sample| milliseconds(sample.latency)).collect()
        };
        let mut kinds: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
        for sample in samples.iter().filter(|sample| sample.status == 200) {
            let own = kinds.entry(sample.kind).or_default();
            own.push(milliseconds(sample.latency));
        }
        let answered = of(|status| status == 200);
        let refused = of(is_refusal);
        Self {
            rate,
            sent: samples.len(),
            failed: samples.len() - answered.len() - refused.len(),
            refused: refused.len(),
            latency: Spread::of(answered),
            refusal: Spread::of(refused),
            kinds: kinds
                .into_iter()
                .map(|(kind, own)| (kind, Spread::of(own)))
                .collect(),
            usage,
        }
    }

    /// Whether nearly all were answered, and 99 of 100 of these within a time.
    pub(crate) fn holds(&self, milliseconds: f64) -> bool {
        self.latency.p99 <= milliseconds
            && self.latency.samples > 0
            && (self.refused + self.failed) * 1000 <= self.sent
    }
}

fn is_refusal(status: u16) -> bool {
    matches!(status, 429 | 503)
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// The times of `count` requests at `rate` a second, from the start.
fn times(count: usize, rate: f64, arrivals: Arrivals, seed: u64) -> Vec<Duration> {
    let mut rng = Rng::with_seed(seed);
    let mut at = 0.0;
    (0..count)
        .map(|_| {
            let gap = match arrivals {
                Arrivals::Uniform => 1.0,
                Arrivals::Poisson => -(1.0 - rng.f64()).ln(),
            };
            at += gap / rate;
            Duration::from_secs_f64(at)
        })
        .collect()
}

/// Sends each request at its time, until all are sent or `stop` says so.
fn open(
    address: SocketAddr,
    requests: &[(usize, String)],
    times: &[Duration],
    rate: f64,
    stop: &AtomicBool,
) -> anyhow::Result<Vec<Sample>> {
    // As many as may be under way while the slowest answer is waited for, not so many that those
    // without work lose their connection.
    let workers = ((rate / 4.0) as usize)
        .clamp(16, CONNECTIONS)
        .min(requests.len().max(1));
    let next = AtomicUsize::new(0);
    let mut connections = Vec::new();
    for _ in 0..workers {
        let mut connection = Connection::to(address);
        connection.open().context("cannot connect to the service")?;
        connections.push(connection);
    }
    let start = Instant::now() + Duration::from_millis(20);
    let work = |mut connection: Connection| {
        let mut samples = Vec::new();
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            let (Some((kind, target)), Some(time)) = (requests.get(nth), times.get(nth)) else {
                return samples;
            };
            if stop.load(Ordering::Relaxed) {
                return samples;
            }
            let due = start + *time;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let status = connection.get(target).unwrap_or_default();
            samples.push(Sample {
                kind: *kind,
                status,
                latency: due.elapsed(),
            });
        }
    };
    std::thread::scope(|scope| {
        let started: Vec<_> = connections
            .into_iter()
            .map(|connection| scope.spawn(|| work(connection)))
            .collect();
        let mut samples = Vec::with_capacity(requests.len());
        for worker in started {
            let own = worker.join();
            samples.extend(own.map_err(|_| anyhow::anyhow!("a worker of the load panicked"))?);
        }
        Ok(samples)
    })
}

/// Sends requests at `rate` a second, until all are sent or `stop` says so, and sees what the machine
/// does meanwhile.
pub(crate) fn load(
    service: &Service,
    requests: &[(usize, String)],
    rate: f64,
    (arrivals, seed): (Arrivals, u64),
    stop: &AtomicBool,
) -> anyhow::Result<(Run, Vec<Sample>)> {
    let times = times(requests.len(), rate, arrivals, seed);
    let meter = Meter::start(service.id());
    let samples = open(service.address, requests, &times, rate, stop)?;
    Ok((Run::of(rate, &samples, meter.stop()), samples))
}

/// Requests in a second that are answered when `clients` send one after another for some time.
pub(crate) fn capacity(
    service: &Service,
    requests: &[(usize, String)],
    clients: usize,
    time: Duration,
) -> anyhow::Result<f64> {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let work = || -> anyhow::Result<usize> {
        let mut connection = Connection::to(service.address);
        let mut answered = 0;
        while started.elapsed() < time {
            let nth = next.fetch_add(1, Ordering::Relaxed) % requests.len();
            answered += usize::from(connection.get(&requests[nth].1)? == 200);
        }
        Ok(answered)
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..clients).map(|_| scope.spawn(work)).collect();
        let mut answered = 0;
        for worker in workers {
            let own = worker.join();
            answered += own.map_err(|_| anyhow::anyhow!("a worker of the load panicked"))??;
        }
        Ok(answered as f64 / started.elapsed().as_secs_f64())
    })
}

/// What requests of one kind cost when each has the service for itself.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Alone {
    pub(crate) name: String,
    /// Until the last byte of the answer, in milliseconds.
    pub(crate) latency: Spread,
    /// CPU time of the service, in milliseconds.
    pub(crate) cpu: Spread,
    /// How much each found: hits, or for completions what they count.
    pub(crate) matches: f64,
    /// Bytes of an answer.
    pub(crate) bytes: f64,
    /// Of a hundred requests how many were sent for the first time: what is drawn by frequency comes
    /// again.
    pub(crate) distinct: f64,
    pub(crate) failed: usize,
}

/// Sends one after another.
pub(crate) fn closed(service: &Service, name: &str, requests: &[String]) -> anyhow::Result<Alone> {
    let mut connection = Connection::to(service.address);
    let mut threads = Threads::of(service.id());
    // Threads that are started by the first requests are known before any is counted.
    for target in requests.iter().take(3) {
        connection.get(target)?;
    }
    threads.look()?;
    let (mut latencies, mut costs) = (Vec::new(), Vec::new());
    let (mut matches, mut bytes, mut failed) = (0.0, 0.0, 0);
    let mut known = std::collections::HashSet::new();
    for target in requests {
        threads.look()?;
        let before = threads.ran();
        let sent = Instant::now();
        let status = connection.get(target)?;
        let latency = sent.elapsed();
        std::thread::sleep(SETTLE);
        threads.look()?;
        let cost = threads.ran().saturating_sub(before);
        if status != 200 {
            failed += 1;
            continue;
        }
        known.insert(target);
        latencies.push(milliseconds(latency));
        costs.push(milliseconds(cost));
        bytes += connection.body().len() as f64;
        matches += found(connection.body());
    }
    let answered = latencies.len().max(1) as f64;
    Ok(Alone {
        name: name.to_owned(),
        latency: Spread::of(latencies),
        cpu: Spread::of(costs),
        matches: matches / answered,
        bytes: bytes / answered,
        distinct: 100.0 * known.len() as f64 / answered,
        failed,
    })
}

/// How much an answer says was found.
fn found(body: &[u8]) -> f64 {
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(body) else {
        return 0.0;
    };
    if let Some(total) = answer["total"].as_f64() {
        return total;
    }
    let suggestions = answer["suggestions"].as_array().into_iter().flatten();
    suggestions
        .filter_map(|suggestion| suggestion["count"].as_f64())
        .sum()
}
