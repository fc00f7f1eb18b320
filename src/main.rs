//! The `cesou` program: one binary that serves, indexes, searches, inspects and measures.
//!
//! Exit status: 0 done, 1 could not, 2 done but files were skipped and `--strict` was given.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
