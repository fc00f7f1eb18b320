//! The `cesou` program: one binary that serves, indexes, searches, inspects and measures.
//!
//! Exit status: 0 done, 1 could not, 2 done but files were skipped and `--strict` was given.

mod cli;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Taking in and answering make many small, short-lived pieces on several threads, which the system's
/// allocator spends an eighth of the time on.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
