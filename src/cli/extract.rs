//! `cesou extract-file`: reads one risky file within limits, for the process that started it.
//!
//! Not for people: the answer is JSON for [`cesou::corpus::Extractor`], and what this process may
//! cost it takes upon itself for good.

use std::io;
use std::path::PathBuf;

use cesou::corpus::{ExtractLimits, extract_here};
use clap::Args;

use super::Outcome;

#[derive(Args)]
pub(super) struct Flags {
    /// 格式
    #[arg(long)]
    format: String,
    /// 压缩方式，空为不压缩
    #[arg(long)]
    packing: String,
    /// 内存上限，字节
    #[arg(long)]
    memory: u64,
    /// 时间上限，秒
    #[arg(long)]
    seconds: u64,
    /// 文字上限，字节
    #[arg(long)]
    output: u64,
    /// 文件
    path: PathBuf,
}

pub(super) fn run(flags: &Flags) -> anyhow::Result<Outcome> {
    let limits = ExtractLimits {
        memory_bytes: flags.memory,
        seconds: flags.seconds,
        output_bytes: flags.output,
    };
    extract_here(
        &flags.path,
        &flags.format,
        &flags.packing,
        limits,
        io::stdout().lock(),
    )?;
    Ok(Outcome::Done)
}
