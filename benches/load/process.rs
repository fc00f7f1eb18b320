//! What `/proc` says of a process: time, memory, and what else the machine does.
//!
//! Time is read per thread, in nanoseconds, so that one query's share of it can be told. Linux only,
//! as is the service's own use of inotify.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Memory {
    /// All that is resident.
    pub(crate) resident: u64,
    /// Of it what belongs to the process alone.
    pub(crate) anonymous: u64,
    /// Of it what is the page cache's: files that are mapped.
    pub(crate) file: u64,
    /// The most that ever was resident.
    pub(crate) peak: u64,
}

impl Memory {
    pub(crate) fn of(process: u32) -> anyhow::Result<Self> {
        let path = format!("/proc/{process}/status");
        let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let read = |name: &str| -> u64 {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                .and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
                .unwrap_or_default()
                << 10
        };
        Ok(Self {
            resident: read("VmRSS"),
            anonymous: read("RssAnon"),
            file: read("RssFile") + read("RssShmem"),
            peak: read("VmHWM"),
        })
    }
}

/// The time that the threads of a process have run, to the nanosecond.
pub(crate) struct Threads {
    folder: PathBuf,
    files: Vec<Thread>,
}

/// A thread, by its id.
struct Thread {
    id: String,
    file: File,
    /// How long it had run when it was last read, in nanoseconds; it may have ended since.
    ran: u64,
}

impl Threads {
    pub(crate) fn of(process: u32) -> Self {
        Self {
            folder: Path::new("/proc").join(process.to_string()).join("task"),
            files: Vec::new(),
        }
    }

    /// Learns of threads that are new.
    pub(crate) fn look(&mut self) -> anyhow::Result<()> {
        for entry in fs::read_dir(&self.folder).context("the process is gone")? {
            let entry = entry?;
            let id = entry.file_name().to_string_lossy().into_owned();
            if self.files.iter().all(|known| known.id != id)
                && let Ok(file) = File::open(entry.path().join("schedstat"))
            {
                self.files.push(Thread { id, file, ran: 0 });
            }
        }
        Ok(())
    }

    /// How long all that are known have run; a thread that is running counts up to its last tick.
    pub(crate) fn ran(&mut self) -> Duration {
        let mut buffer = [0; 64];
        for thread in &mut self.files {
            let length = thread.file.read_at(&mut buffer, 0).unwrap_or_default();
            let text = buffer.get(..length).unwrap_or_default();
            let first = text.split(|byte| *byte == b' ').next().unwrap_or_default();
            let ran = std::str::from_utf8(first)
                .ok()
                .and_then(|ran| ran.parse().ok());
            thread.ran = ran.unwrap_or(thread.ran);
        }
        Duration::from_nanos(self.files.iter().map(|thread| thread.ran).sum())
    }
}

/// Ticks of the kernel's clock in a second, as it tells them to programs.
const TICKS: f64 = 100.0;

/// The time a process has run, its threads that ended included, to a hundredth of a second. Also of
/// one that has ended and was not waited for.
pub(crate) fn cpu_seconds(process: &str) -> f64 {
    fields(process).map_or(0.0, |fields| {
        let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
        (ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default()) / TICKS
    })
}

/// Whether a process has ended and waits to be waited for.
pub(crate) fn has_ended(process: &str) -> bool {
    fields(process).is_none_or(|fields| fields.first().is_none_or(|state| state == "Z"))
}

/// The fields of `/proc/PROCESS/stat` from the state on; the name before it may hold anything.
fn fields(process: &str) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    Some(rest.split_ascii_whitespace().map(str::to_owned).collect())
}

/// The time all cores were busy, for whomever.
fn busy_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = stat.lines().next().unwrap_or_default();
    let ticks: Vec<f64> = first
        .split_ascii_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let busy = [0, 1, 2, 5, 6, 7].map(|at| ticks.get(at).copied().unwrap_or_default());
    busy.iter().sum::<f64>() / TICKS
}

/// What the machine does meanwhile.
pub(crate) struct Meter {
    service: String,
    started: std::time::Instant,
    busy: f64,
    served: f64,
    own: f64,
}

/// Where the cores' time went.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Usage {
    pub(crate) seconds: f64,
    /// CPU time of the service.
    pub(crate) service: f64,
    /// CPU time of this program, which makes the load.
    pub(crate) load: f64,
    /// CPU time of everything else on the machine, which makes figures doubtful.
    pub(crate) others: f64,
}

impl Usage {
    /// How many cores everything else kept busy.
    pub(crate) fn noise(&self) -> f64 {
        self.others / self.seconds.max(0.001)
    }
}

impl Meter {
    pub(crate) fn start(service: u32) -> Self {
        let service = service.to_string();
        Self {
            started: std::time::Instant::now(),
            busy: busy_seconds(),
            served: cpu_seconds(&service),
            own: cpu_seconds("self"),
            service,
        }
    }

    pub(crate) fn stop(self) -> Usage {
        let seconds = self.started.elapsed().as_secs_f64();
        let service = cpu_seconds(&self.service) - self.served;
        let load = cpu_seconds("self") - self.own;
        let busy = busy_seconds() - self.busy;
        Usage {
            seconds,
            service,
            load,
            others: (busy - service - load).max(0.0),
        }
    }
}

/// Cores that this program may use.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
