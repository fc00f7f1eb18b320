//! Measures ranking against judgements: test collections and judged queries in, scores out.
//!
//! A weight or a rule that looks right on three queries may harm thirty others; whether it is right
//! is measured on judged queries, with the code that serves. What is ranked here goes through
//! [`search()`](crate::search::search) as any request does.
//!
//! Invariants: the measures are those of the literature, to the last digit (hand-computed cases in
//! `tests/eval.rs`); the same collection and settings give the same scores in every run.

mod collection;
mod compare;
mod measure;
mod read;
mod run;

use std::io;
use std::path::PathBuf;

pub use collection::{Document, Judged, Judgements, Unit, pair};
pub use compare::{Comparison, Difference, compare, permutation_test};
pub use measure::{Measure, Scores};
pub use read::{documents, judged_queries, qrels, queries, saved_run};
pub use run::{Group, Method, Ranked, Run, evaluate};

/// Why something cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("读不了 {}：{source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system or the decompressor said.
        source: io::Error,
    },
    /// A line of a file is not what it should be.
    #[error("{} 第 {line} 行：{message}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, and what is expected.
        message: String,
    },
    /// A file as a whole is not what it should be.
    #[error("{}：{message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what is expected.
        message: String,
    },
    /// The index cannot be read.
    #[error(transparent)]
    Index(#[from] crate::index::Error),
}
