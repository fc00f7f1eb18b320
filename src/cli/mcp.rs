//! `cesou mcp`: the tools for assistants, over standard input and output.
//!
//! One message a line each way; nothing else goes to standard output. What is searched is the index
//! as it stood when the program began.

use std::io::{self, BufRead, Read, Write};

use cesou::agent::{self, Asked, Desk};
use cesou::config::Settings;
use cesou::search;

use super::{Outcome, index};

/// The longest message, in bytes.
const MAX_LINE: u64 = 1 << 20;

pub(super) fn run(settings: &Settings, base: &str) -> anyhow::Result<Outcome> {
    let opened = index::open_in_force(settings)?;
    let options = search::Options::from(&settings.search);
    let desk = Desk {
        snapshot: &opened.snapshot,
        options: &options,
        base: base.trim_end_matches('/'),
    };
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
            } => agent::call(&desk, &id, &name, &arguments),
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
}
