//! `cesou mcp`: the tools for assistants, over standard input and output.
//!
//! One message a line each way; nothing else goes to standard output. What is searched is the index
//! in force: when a service or `cesou index` put another generation in force, it is opened between
//! two requests. Whoever asks waits for that a little, and is otherwise answered from the one
//! before, which stays whole for as long as it is used; so it is where the newer one cannot be
//! opened (`tests/agents.rs`).

use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use cesou::agent::{self, Asked, Desk};
use cesou::config::Settings;
use cesou::corpus::Corpus;
use cesou::index::Snapshot;
use cesou::search;

use super::{Outcome, index, say};

/// The longest message, in bytes.
const MAX_LINE: u64 = 1 << 20;
/// How long a request waits for a newer generation to be opened. All of it is read then, to tell
/// whether it is whole, which takes long where it is large.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn run(settings: &Settings, base: &str) -> anyhow::Result<Outcome> {
    let mut kept = Kept::open(settings)?;
    let options = search::Options::from(&settings.search);
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(Outcome::Done);
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = match agent::read(&line) {
            Asked::Nothing => continue,
            Asked::Answered(answer) => answer,
            Asked::Call {
                id,
                name,
                arguments,
            } => {
                let desk = Desk {
                    snapshot: kept.newest(),
                    search: &|snapshot, request| search::search(snapshot, request, &options),
                    base: base.trim_end_matches('/'),
                };
                agent::call(&desk, &id, &name, &arguments)
            }
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
}

/// What is searched, and what is to be searched next.
struct Kept {
    corpus: Corpus,
    path: PathBuf,
    snapshot: Snapshot,
    /// The generation in force that was last looked at, whether or not it could be opened.
    seen: Option<String>,
    /// Where another one comes from, while it is being opened.
    coming: Option<Receiver<Option<Snapshot>>>,
}

impl Kept {
    fn open(settings: &Settings) -> anyhow::Result<Self> {
        let (corpus, _) = index::corpus(settings)?;
        let snapshot = index::open_as_served(settings)?.snapshot;
        Ok(Self {
            corpus,
            path: settings.index.path.clone(),
            seen: Some(snapshot.name().to_owned()),
            snapshot,
            coming: None,
        })
    }

    /// The generation in force, where it can be had soon, or the one before it.
    fn newest(&mut self) -> &Snapshot {
        let named = cesou::index::name_in_force(&self.path);
        if self.coming.is_none() && named.is_some() && named != self.seen {
            self.seen = named;
            self.coming = self.opening();
        }
        let came = self.coming.as_ref().map(|it| it.recv_timeout(PATIENCE));
        match came {
            None | Some(Err(RecvTimeoutError::Timeout)) => {}
            Some(came) => {
                self.coming = None;
                match came.ok().flatten() {
                    Some(snapshot) => self.snapshot = snapshot,
                    None => say("警告：新的索引打不开，仍以原来的索引回答"),
                }
            }
        }
        &self.snapshot
    }

    /// Begins to open the generation in force, beside what is answered meanwhile.
    fn opening(&self) -> Option<Receiver<Option<Snapshot>>> {
        let (sender, coming) = mpsc::channel();
        let (corpus, path) = (self.corpus.clone(), self.path.clone());
        let open = move || {
            let opened = cesou::index::open_unchanged(&corpus, &path);
            let opened = opened.map(|opened| match corpus.pins() {
                Ok(pins) => opened.snapshot.with_pins(Arc::new(pins)),
                Err(_) => opened.snapshot,
            });
            // Nobody waits for it any more where the program ends.
            let _ = sender.send(opened);
        };
        let begun = thread::Builder::new()
            .name("opening".to_owned())
            .spawn(open);
        begun.ok().map(|_| coming)
    }
}
