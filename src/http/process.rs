//! What the process costs: memory, processor time, file handles, as Prometheus names them
//! everywhere. Where the system does not tell, nothing is shown.

use std::fs;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};
use rlimit::Resource;

/// Adds what the system tells of this process.
pub(super) fn show(registry: &mut Registry) {
    let mut bytes = |name: &str, help: &str, value: Option<u64>| {
        if let Some(value) = value {
            registry.register_with_unit(name, help, Unit::Bytes, ConstGauge::new(value));
        }
    };
    let (resident, anonymous) = memory();
    bytes(
        "process_resident_memory",
        "Memory that is in use, files of the index that are mapped included",
        resident,
    );
    bytes(
        "process_anonymous_memory",
        "Memory that is in use beside files",
        anonymous,
    );
    let mut count = |name: &str, help: &str, value: Option<u64>| {
        if let Some(value) = value {
            registry.register(name, help, ConstGauge::new(value));
        }
    };
    // The handle that reads the folder is among them.
    let open = fs::read_dir("/proc/self/fd")
        .ok()
        .map(|all| all.count() as u64);
    count(
        "process_open_fds",
        "File handles that are open",
        open.map(|open| open.saturating_sub(1)),
    );
    count(
        "process_max_fds",
        "File handles that may be",
        Resource::NOFILE.get_soft().ok(),
    );
    count("process_threads", "Threads", field("Threads:"));
    let Some((cpu, started)) = times() else {
        return;
    };
    let spent = Counter::<f64, AtomicU64>::default();
    spent.inc_by(cpu);
    registry.register_with_unit(
        "process_cpu",
        "Processor time that was spent",
        Unit::Seconds,
        spent,
    );
    let start = Gauge::<f64, AtomicU64>::default();
    start.set(started);
    registry.register_with_unit(
        "process_start_time",
        "When it was started, since 1970",
        Unit::Seconds,
        start,
    );
}

/// Resident and anonymous memory, in bytes.
fn memory() -> (Option<u64>, Option<u64>) {
    let kib = |name| field(name).map(|kib| kib * 1024);
    (kib("VmRSS:"), kib("RssAnon:"))
}

/// A number of `/proc/self/status`.
fn field(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Processor time and start, in seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "ticks and seconds are far below 2^52"
)]
fn times() -> Option<(f64, f64)> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let second = rustix::param::clock_ticks_per_second() as f64;
    // utime, stime and starttime are the 14th, 15th and 22nd of all; two stand before the bracket.
    let cpu = (number(11)? + number(12)?) as f64 / second;
    let system = fs::read_to_string("/proc/stat").ok()?;
    let booted = system
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?;
    let booted: u64 = booted.trim().parse().ok()?;
    Some((cpu, booted as f64 + number(19)? as f64 / second))
}
