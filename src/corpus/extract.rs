//! Text out of web pages, Word files and PDFs, in a process that may fail.
//!
//! The readers of these formats are large, and their input comes from anywhere: a damaged font
//! makes one panic, a bomb of a few kilobytes makes another ask for all memory there is, a page
//! nested a hundred thousand deep keeps a third busy for an hour. So they run in a child, the same
//! program with a hidden subcommand, which takes limits on memory and processor time upon itself
//! before it opens the file, and which is killed when it takes too long or says too much. Whatever
//! becomes of it, the file is named with the reason and the next one is read.
//!
//! Invariant: nothing but [`here`] calls a reader, and [`here`] is called in the child only
//! (`tests/formats.rs`).

mod doc;
mod docx;
mod html;
mod page;
mod pdf;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::format::{Format, Packing};
use super::given::Given;
use super::source;

/// How the allocator of a child is told to set aside little address space at a time, and to give back
/// what it does not need: by default it keeps more than a child may have.
const ALLOCATOR: [(&str, &str); 2] = [
    ("MIMALLOC_ARENA_RESERVE", "32768"),
    ("MIMALLOC_DISALLOW_ARENA_ALLOC", "1"),
];
/// How often an ending child is looked at.
const PATIENCE: Duration = Duration::from_millis(2);
/// How much of what a child says on standard error is looked at, in bytes.
const ERRORS_KEPT: u64 = 64 << 10;

/// What one file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtractLimits {
    /// Memory, in bytes of address space.
    pub memory_bytes: u64,
    /// Time, by the clock and of the processor.
    pub seconds: u64,
    /// Text, in bytes.
    pub output_bytes: u64,
}

impl Default for ExtractLimits {
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            seconds: 30,
            output_bytes: 64 << 20,
        }
    }
}

/// Runs the readers of risky formats in a process of their own.
#[derive(Debug, Clone, Default)]
pub struct Extractor {
    /// The program that has the hidden subcommand; without one such formats are not read.
    program: Option<PathBuf>,
    limits: ExtractLimits,
}

/// A file's text and what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Extracted {
    /// The text, a line to a paragraph.
    pub(super) text: String,
    /// The encoding it was in, for formats that have several.
    pub(super) encoding: Option<String>,
    /// What the file says of itself.
    pub(super) given: Given,
    /// What of it was not read, for the operator.
    pub(super) missing: Vec<String>,
}

/// What the child writes to standard output.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    /// The file was read.
    Text(Extracted),
    /// The file is not readable; why, for the operator.
    Refused(String),
}

impl Extractor {
    /// One that runs `program`, which is this one's binary, within `limits`.
    #[must_use]
    pub fn new(program: PathBuf, limits: ExtractLimits) -> Self {
        Self {
            program: Some(program),
            limits,
        }
    }

    /// What one file may cost.
    #[must_use]
    pub fn limits(&self) -> ExtractLimits {
        self.limits
    }

    /// The text of the file at `path`.
    ///
    /// # Errors
    ///
    /// Why it has none, for the operator: what the reader said, or which limit it met.
    pub(super) fn extract(
        &self,
        path: &Path,
        format: Format,
        packing: Packing,
    ) -> Result<Extracted, String> {
        let Some(program) = &self.program else {
            return Err(format!(
                "{} 须由 cesou 程序读取；请用 cesou 命令，或另存为纯文本 .txt",
                format.label()
            ));
        };
        let mut child = Command::new(program)
            .arg("extract-file")
            .args(["--format", format.ending()])
            .args(["--packing", packing.ending()])
            .args(["--memory", &self.limits.memory_bytes.to_string()])
            .args(["--seconds", &self.limits.seconds.to_string()])
            .args(["--output", &self.limits.output_bytes.to_string()])
            .arg("--")
            .arg(path)
            .envs(ALLOCATOR)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("启动不了提取文字的进程：{error}；请检查系统的进程数限制"))?;
        let ended = self.attend(&mut child);
        // It has ended, or is to: a killed one is waited for so that none is left behind.
        let _ = child.kill();
        let status = child.wait();
        match ended {
            Ended::Late => Err(self.late()),
            Ended::Wordy => Err(self.wordy()),
            Ended::Said { out, errors } => match serde_json::from_slice(&out) {
                Ok(Answer::Text(extracted)) => Ok(extracted),
                Ok(Answer::Refused(reason)) => Err(reason),
                Err(_) => Err(self.died(status, &errors)),
            },
        }
    }

    /// Reads what the child says until it ends or a limit is met.
    fn attend(&self, child: &mut Child) -> Ended {
        let until = Instant::now() + Duration::from_secs(self.limits.seconds);
        // JSON may write a character of the text in six.
        let most = self
            .limits
            .output_bytes
            .saturating_mul(6)
            .saturating_add(1 << 20);
        let out = collect(child.stdout.take(), most);
        let errors = collect(child.stderr.take(), ERRORS_KEPT);
        let left = || until.saturating_duration_since(Instant::now());
        let Ok(out) = out.recv_timeout(left()) else {
            return Ended::Late;
        };
        if out.len() as u64 >= most {
            return Ended::Wordy;
        }
        while matches!(child.try_wait(), Ok(None)) {
            if left().is_zero() {
                return Ended::Late;
            }
            thread::sleep(PATIENCE);
        }
        let errors = errors.recv_timeout(left()).unwrap_or_default();
        Ended::Said { out, errors }
    }

    fn late(&self) -> String {
        format!(
            "提取文字超过 {} 秒，已停止；请另存为纯文本 .txt，或调大 corpus.extract_seconds",
            self.limits.seconds
        )
    }

    fn wordy(&self) -> String {
        format!(
            "文字超过 {} MB；请拆分文件，或调大 corpus.extract_output_mb",
            self.limits.output_bytes >> 20
        )
    }

    fn memory(&self) -> String {
        format!(
            "提取文字需要的内存超过 {} MB，已停止；文件可能是压缩炸弹或已损坏，可另存为纯文本 .txt，或调大 corpus.extract_memory_mb",
            self.limits.memory_bytes >> 20
        )
    }

    /// Why a child that gave no answer ended.
    fn died(&self, status: io::Result<ExitStatus>, errors: &[u8]) -> String {
        let said = String::from_utf8_lossy(errors);
        if said.contains("memory allocation of") || said.contains("capacity overflow") {
            return self.memory();
        }
        if said.contains("overflowed its stack") {
            return "嵌套过深，读不了；请另存为纯文本 .txt".to_owned();
        }
        let signal = status.ok().and_then(signal);
        match signal {
            Some(XCPU | KILL) => self.late(),
            _ => "提取文字的程序出错，文件可能已损坏；请用原来的软件打开，另存为纯文本 .txt"
                .to_owned(),
        }
    }
}

/// The signal of having used up the processor time.
const XCPU: i32 = 24;
/// The signal of being killed, which follows the other.
const KILL: i32 = 9;

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_status: ExitStatus) -> Option<i32> {
    None
}

/// How attending to a child ended.
enum Ended {
    /// It took longer than it may.
    Late,
    /// It wrote more than it may.
    Wordy,
    /// It ended by itself.
    Said { out: Vec<u8>, errors: Vec<u8> },
}

/// What comes out of a pipe up to `most` bytes, read beside everything else.
fn collect(pipe: Option<impl Read + Send + 'static>, most: u64) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before a pipe broke is what there is.
            let _ = pipe.take(most).read_to_end(&mut bytes);
        }
        // Nobody waits where a limit was met.
        let _ = sender.send(bytes);
    });
    receiver
}

/// What the child does: takes the limits upon itself, reads the file and writes the answer as
/// JSON. `format` and `packing` are endings, as [`Extractor`] passes them.
///
/// # Errors
///
/// Fails when the limits cannot be had or the answer cannot be written.
pub fn here(
    path: &Path,
    format: &str,
    packing: &str,
    limits: ExtractLimits,
    out: impl io::Write,
) -> io::Result<()> {
    limit(limits)?;
    let answer = match read(path, format, packing, limits) {
        Ok(extracted) if extracted.text.len() as u64 > limits.output_bytes => Answer::Refused(
            Extractor {
                program: None,
                limits,
            }
            .wordy(),
        ),
        Ok(extracted) => Answer::Text(extracted),
        Err(reason) => Answer::Refused(reason),
    };
    serde_json::to_writer(out, &answer).map_err(io::Error::from)
}

/// Limits this process for good.
fn limit(limits: ExtractLimits) -> io::Result<()> {
    use rlimit::{Resource, setrlimit};
    let lower = |resource: Resource, wanted: u64| {
        // One that is lower already stays.
        let (_, most) = rlimit::getrlimit(resource)?;
        setrlimit(resource, wanted.min(most), wanted.min(most))
    };
    lower(Resource::AS, limits.memory_bytes)?;
    lower(Resource::CPU, limits.seconds)?;
    // No file is written, and no core is dumped.
    lower(Resource::FSIZE, 0)?;
    lower(Resource::CORE, 0)
}

fn read(
    path: &Path,
    format: &str,
    packing: &str,
    limits: ExtractLimits,
) -> Result<Extracted, String> {
    let format = Format::of_ending(format).ok_or("不认识的格式")?;
    let (packing, _) = super::format::packing(&format!(".{packing}"));
    // What is read whole is as much of the file as the limit lets into memory.
    let bytes = source::whole(path, packing, limits.memory_bytes)?;
    match format {
        Format::Html => html::extract(&bytes),
        Format::Docx => docx::extract(&bytes, limits.output_bytes),
        Format::Doc => doc::extract(&bytes),
        Format::Pdf => pdf::extract(&bytes, limits.output_bytes),
        Format::Text | Format::Jsonl | Format::Json => Err("不必提取的格式".to_owned()),
    }
}
