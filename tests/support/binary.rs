//! The binary, as a user runs it: in a folder of its own, to its end, or serving.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Answer, connect, corpus_of, seed_text};

/// A folder with a corpus and room for an index, where the binary is run.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    /// With these reports and the project's vocabulary.
    pub(crate) fn with(reports: &[(&str, &[u8])]) -> Self {
        let place = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        let made = corpus_of(&[]);
        fs::create_dir_all(place.path("corpus/reports")).expect("a corpus");
        for entry in fs::read_dir(made.path()).expect("a corpus is a folder") {
            let entry = entry.expect("its files can be listed");
            if entry.path().is_file() {
                let to = place.path("corpus").join(entry.file_name());
                fs::copy(entry.path(), to).expect("the vocabulary can be copied");
            }
        }
        for (name, bytes) in reports {
            place.write(&format!("corpus/reports/{name}"), bytes);
        }
        place
    }

    pub(crate) fn seed() -> Self {
        Self::with(&[("seed.txt", seed_text().as_bytes())])
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, bytes: &[u8]) {
        fs::write(self.path(path), bytes).expect("a file can be written");
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("cesou"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CESOU_")) {
            command.env_remove(name);
        }
        command
            .env("NO_PROXY", "*")
            .current_dir(self.folder.path())
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().expect("the binary runs");
        Run {
            arguments: arguments.join(" "),
            output,
        }
    }
}

/// What a run came to.
pub(crate) struct Run {
    pub(crate) arguments: String,
    pub(crate) output: Output,
}

impl Run {
    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).expect("output is UTF-8")
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).expect("output is UTF-8")
    }

    /// Fails unless the exit status was `status`; returns standard output.
    pub(crate) fn exits(&self, status: i32) -> String {
        assert_eq!(
            self.output.status.code(),
            Some(status),
            "cesou {}\n{}{}",
            self.arguments,
            self.out(),
            self.err()
        );
        self.out()
    }

    /// Fails unless it could not, and said why in one line that names all of `said`, each once.
    pub(crate) fn refuses(&self, said: &[&str]) {
        let out = self.exits(1);
        let err = self.err();
        assert_eq!(out, "", "cesou {}", self.arguments);
        assert!(err.starts_with("错误："), "cesou {}: {err}", self.arguments);
        assert_eq!(err.lines().count(), 1, "cesou {}: {err}", self.arguments);
        assert!(err.ends_with('\n'), "cesou {}: {err}", self.arguments);
        for &part in said {
            let times = err.matches(part).count();
            assert_eq!(times, 1, "cesou {}: {part:?} in {err}", self.arguments);
        }
    }
}

/// A service under way, stopped when dropped.
pub(crate) struct Serving {
    child: Mutex<Child>,
    pub(crate) address: String,
    /// Everything on standard output so far.
    pub(crate) line: String,
    /// What goes to standard error.
    log: PathBuf,
}

impl Serving {
    pub(crate) fn start(place: &Place, arguments: &[&str]) -> Self {
        Self::with(place, arguments, &[])
    }

    /// With variables of the environment.
    pub(crate) fn with(place: &Place, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let log = place.path("log");
        let mut child = place
            .command(arguments)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(&log).expect("a file can be written"))
            .spawn()
            .expect("the binary runs");
        let mut line = String::new();
        let out = child.stdout.take().expect("output is piped");
        BufReader::new(out)
            .read_line(&mut line)
            .expect("a line of UTF-8");
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split_once('（'))
            .map(|(address, _)| format!("http://{address}"))
            .unwrap_or_default();
        Self {
            child: Mutex::new(child),
            address,
            line,
            log,
        }
    }

    /// What it has said on standard error so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("a log of UTF-8")
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let answer = self.try_get(path);
        let answer = answer.unwrap_or_else(|| panic!("no answer from {}", self.line));
        (answer.status, answer.body)
    }

    /// What it answers; nothing where it is not there.
    pub(crate) fn try_get(&self, path: &str) -> Option<Answer> {
        self.try_send("GET", path, "", "", "")
    }

    pub(crate) fn get_with_key(&self, path: &str, key: &str) -> Answer {
        let answer = self.try_send("GET", path, key, "", "");
        answer.expect("it answers")
    }

    /// What it answers to a request with a key and a body of a type, where these are not empty;
    /// nothing where it is not there, or goes before it has answered.
    pub(crate) fn try_send(
        &self,
        method: &str,
        path: &str,
        key: &str,
        kind: &str,
        body: &str,
    ) -> Option<Answer> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address));
        if !key.is_empty() {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        if !kind.is_empty() {
            request = request.header("Content-Type", kind);
        }
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .proxy(None)
            .build()
            .into();
        let response = if body.is_empty() {
            agent.run(request.body(()).expect("a well-formed request"))
        } else {
            agent.run(
                request
                    .body(body.to_owned())
                    .expect("a well-formed request"),
            )
        };
        let mut response = response.ok()?;
        Some(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.body_mut().read_to_string().ok()?,
        })
    }

    /// A connection that gives up after ten seconds of silence.
    pub(crate) fn connect(&self) -> TcpStream {
        connect(&self.address)
    }

    /// The number the system knows it by.
    pub(crate) fn id(&self) -> u32 {
        self.child().id()
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().expect("no holder panics")
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(&self) {
        let mut child = self.child();
        child.kill().expect("it is our child");
        child.wait().expect("it is our child");
    }

    pub(crate) fn signal(&self, signal: &str) {
        let told = Command::new("kill")
            .args([signal, &self.child().id().to_string()])
            .status()
            .expect("kill is everywhere");
        assert!(told.success());
    }

    /// How it ended, which it is about to.
    pub(crate) fn ended(&self) -> ExitStatus {
        let until = Instant::now() + Duration::from_secs(30);
        while Instant::now() < until {
            if let Some(status) = self.child().try_wait().expect("it is our child") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("still running after 30 seconds");
    }

    pub(crate) fn stop(&mut self, signal: &str) -> ExitStatus {
        self.signal(signal);
        self.ended()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already, unless a test failed.
        let mut child = self.child();
        let _ = child.kill();
        let _ = child.wait();
    }
}
