//! The real program: `cesou index` and `cesou serve` as an operator runs them, measured from outside.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::baseline::{self, Tokenizing};
use crate::client::Connection;
use crate::mix::Values;
use crate::process::{self, Memory, Meter};

/// How often a child is looked at.
const GLANCE: Duration = Duration::from_millis(20);
/// How long a service may take to be ready; it may have to build its index.
const PATIENCE: Duration = Duration::from_secs(3600);
/// How long it may take to stop.
const FAREWELL: Duration = Duration::from_secs(30);

/// Where a corpus, its index and what belongs to it stand.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    folder: PathBuf,
    /// Settings that are not the defaults, as `key=value`.
    settings: Vec<String>,
}

/// What building an index took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Built {
    pub(crate) wall_seconds: f64,
    pub(crate) cpu_seconds: f64,
    /// The most memory that was resident, in bytes.
    pub(crate) peak: u64,
    /// Passages in it.
    pub(crate) passages: u64,
    /// Bytes of its files.
    pub(crate) index_bytes: u64,
    /// How many cores other programs kept busy meanwhile.
    pub(crate) noise: f64,
    /// The tokenizer alone, just before and just after.
    pub(crate) tokenizing: Tokenizing,
    /// Whether this run did not build it, so that all this is of an earlier one.
    #[serde(skip_deserializing, default)]
    pub(crate) earlier: bool,
}

impl Place {
    /// A place in `folder`; `settings` are given to the program as `--set`.
    pub(crate) fn new(folder: &Path, settings: Vec<String>) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        Ok(Self { folder, settings })
    }

    pub(crate) fn corpus(&self) -> PathBuf {
        self.folder.join("corpus")
    }

    fn index(&self) -> PathBuf {
        self.folder.join("index")
    }

    /// The folder of the newest generation of its index.
    pub(crate) fn generation(&self) -> anyhow::Result<PathBuf> {
        let newest = self.generations().pop_last();
        newest
            .context("there is no index yet")
            .map(|(_, path)| path)
    }

    fn generations(&self) -> BTreeSet<(std::time::SystemTime, PathBuf)> {
        let entries = fs::read_dir(self.index()).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter_map(|path| {
                let written = fs::metadata(path.join("meta.json")).ok()?.modified().ok()?;
                Some((written, path))
            })
            .collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cesou"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("CESOU_") {
                command.env_remove(name);
            }
        }
        // Without a settings file: whoever measures should get the same as whoever reads.
        command.current_dir(&self.folder).args(arguments).args([
            "--corpus",
            "corpus",
            "--index",
            "index",
            "--set",
            "corpus.themes=themes-government.toml",
            "--set",
            "log.filter=warn",
            "--set",
            "server.shutdown_drain_ms=0",
        ]);
        for setting in &self.settings {
            command.args(["--set", setting]);
        }
        command
    }

    /// Builds the index, or brings it up to date, and says what that took; where nothing was to be
    /// done, what it took the last time. `texts` are what the tokenizer alone is measured on.
    pub(crate) fn build(
        &self,
        anew: bool,
        more: &[&str],
        texts: &[String],
    ) -> anyhow::Result<Built> {
        let note = self.folder.join("built.json");
        if anew && self.index().exists() {
            fs::remove_dir_all(self.index())?;
        }
        let before = self.generations();
        let mut arguments = vec!["index", "--json"];
        arguments.extend(more);
        let before_it = baseline::tokenizing(texts);
        let meter = Meter::start(0);
        let child = self
            .command(&arguments)
            .stdout(File::create(self.folder.join("index.json"))?)
            .stderr(File::create(self.folder.join("index.log"))?)
            .spawn()
            .context("cannot start cesou index")?;
        let (cpu_seconds, peak) = watch(child).with_context(|| {
            let log = fs::read_to_string(self.folder.join("index.log")).unwrap_or_default();
            format!("cesou index failed: {log}")
        })?;
        let usage = meter.stop();
        let report: Value = serde_json::from_slice(&fs::read(self.folder.join("index.json"))?)?;
        let generation = self.generation()?;
        if self.generations() == before {
            let kept = fs::read(&note).ok();
            if let Some(kept) = kept.and_then(|kept| serde_json::from_slice(&kept).ok()) {
                return Ok(Built {
                    earlier: true,
                    ..kept
                });
            }
            return self.build(true, more, texts);
        }
        let built = Built {
            wall_seconds: usage.seconds,
            cpu_seconds,
            peak,
            passages: report["passages"].as_u64().unwrap_or_default(),
            index_bytes: bytes_in(&generation)?,
            noise: (usage.others - cpu_seconds).max(0.0) / usage.seconds,
            tokenizing: before_it.and(baseline::tokenizing(texts)),
            earlier: false,
        };
        fs::write(note, serde_json::to_vec_pretty(&built)?)?;
        Ok(built)
    }

    /// Makes a key that may do everything.
    fn key(&self) -> anyhow::Result<String> {
        let mut command = self.command(&[
            "keys", "create", "--name", "load", "--action", "admin", "--json",
        ]);
        let output = command.stderr(Stdio::inherit()).output()?;
        let answer: Value = serde_json::from_slice(&output.stdout).context("no key was made")?;
        let found = answer["key"].as_str();
        found.map(str::to_owned).context("no key in the answer")
    }

    /// Starts the service.
    pub(crate) fn serve(&self) -> anyhow::Result<Service> {
        let key = self.key()?;
        let started = Instant::now();
        let child = self
            .command(&["serve", "--host", "127.0.0.1", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(File::create(self.folder.join("serve.log"))?)
            .spawn()
            .context("cannot start cesou serve")?;
        let mut service = Service {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            key,
            started: Start::default(),
        };
        let stdout = service.child.stdout.take().context("no output")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        while service.address.port() == 0 {
            line.clear();
            ensure!(
                stdout.read_line(&mut line)? > 0 && started.elapsed() < PATIENCE,
                "the service did not start: {}",
                fs::read_to_string(self.folder.join("serve.log")).unwrap_or_default()
            );
            service.address = address(&line).unwrap_or(service.address);
        }
        // What else it says is not waited for, and must not block it.
        std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        let mut connection = Connection::to(service.address);
        while connection.get("/readyz").ok() != Some(200) {
            ensure!(started.elapsed() < PATIENCE, "the service is never ready");
            std::thread::sleep(Duration::from_millis(1));
        }
        service.started = Start {
            wall_seconds: started.elapsed().as_secs_f64(),
            cpu_seconds: process::cpu_seconds(&service.id().to_string()),
            memory: Memory::of(service.id())?,
        };
        Ok(service)
    }
}

/// The address in the line that the service prints when it has started.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("http://")?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'));
    rest.get(..end.unwrap_or(rest.len()))?.parse().ok()
}

/// Waits for a child; its CPU seconds and the most memory it had.
fn watch(mut child: Child) -> anyhow::Result<(f64, u64)> {
    let id = child.id().to_string();
    let mut peak = 0;
    while !process::has_ended(&id) {
        if let Ok(memory) = Memory::of(child.id()) {
            peak = peak.max(memory.peak);
        }
        std::thread::sleep(GLANCE);
    }
    // Read before it is waited for, when its figures go.
    let cpu = process::cpu_seconds(&id);
    let status = child.wait()?;
    ensure!(status.success(), "{status}");
    Ok((cpu, peak))
}

fn bytes_in(folder: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() {
            bytes_in(&entry.path())?
        } else {
            entry.metadata()?.len()
        };
    }
    Ok(bytes)
}

/// How a service started.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Start {
    /// From the start of the process to the first yes of `/readyz`.
    pub(crate) wall_seconds: f64,
    pub(crate) cpu_seconds: f64,
    /// What it held then.
    pub(crate) memory: Memory,
}

/// A service that runs; stopped when dropped.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
    key: String,
    pub(crate) started: Start,
}

impl Service {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The JSON that `GET` of a target is answered with.
    pub(crate) fn ask(&self, target: &str) -> anyhow::Result<Value> {
        self.ask_by("GET", target)
    }

    fn ask_by(&self, method: &str, target: &str) -> anyhow::Result<Value> {
        let mut connection = Connection::to(self.address);
        let key = format!("X-API-Key: {}\r\n", self.key);
        let status = connection.send(method, target, &key)?;
        let body = String::from_utf8_lossy(connection.body()).into_owned();
        if status >= 300 {
            bail!("{method} {target} is answered {status}: {body}");
        }
        Ok(serde_json::from_str(&body)?)
    }

    /// The values of the fields that are filtered by.
    pub(crate) fn values(&self, fields: &[&str]) -> anyhow::Result<Values> {
        if fields.is_empty() {
            return Ok(Values::new());
        }
        let target = format!("/api/v1/search?q=&per_page=1&facets={}", fields.join(","));
        let answer = self.ask(&target)?;
        let values = fields.iter().map(|field| {
            let listed = answer["facets"][*field].as_array().into_iter().flatten();
            let counted = listed.filter_map(|value| {
                let text = match &value["value"] {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                Some((text, value["count"].as_u64()?)).filter(|(_, count)| *count > 0)
            });
            ((*field).to_owned(), counted.collect())
        });
        Ok(values.collect())
    }

    /// Has the index built anew, which goes on when this returns.
    pub(crate) fn rebuild(&self) -> anyhow::Result<()> {
        self.ask_by("POST", "/api/v1/index/rebuild").map(drop)
    }

    /// The generation in force, and whether another one is being made.
    pub(crate) fn standing(&self) -> anyhow::Result<(String, bool)> {
        let answer = self.ask("/api/v1/index")?;
        let generation = answer["generation"].as_str().unwrap_or_default();
        Ok((generation.to_owned(), answer["rebuilding"] == true))
    }

    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        Memory::of(self.id())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let told = Command::new("kill")
            .args(["-TERM", &self.id().to_string()])
            .status();
        let asked = Instant::now();
        while told.as_ref().is_ok_and(std::process::ExitStatus::success)
            && asked.elapsed() < FAREWELL
        {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(GLANCE);
        }
        // It is ours alone, and nothing it holds is worth keeping.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
