//! What was measured, as Markdown for people and as JSON for programs.

use std::fmt::Write;

use serde::Serialize;

use crate::baseline::Engine;
use crate::corpus::Made;
use crate::drive::{Alone, Run};
use crate::phases::{Beside, GOAL, Overload, Rates, SEARCHES};
use crate::process::{Memory, cores};
use crate::service::{Built, Start};
use crate::stats::exponent;

/// How many cores other programs may keep busy before figures are marked.
const QUIET: f64 = 0.1;
/// By how much an exponent may be above that of the matches before it counts as more.
const SLACK: f64 = 0.05;

/// All that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    pub(crate) version: &'static str,
    pub(crate) command: String,
    pub(crate) machine: Machine,
    pub(crate) sizes: Vec<Size>,
}

/// What it was measured on.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    cores: usize,
    processor: String,
    kernel: String,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        let about = read("/proc/cpuinfo");
        let model = about
            .lines()
            .find_map(|line| line.strip_prefix("model name"));
        Self {
            cores: cores(),
            processor: model
                .unwrap_or_default()
                .trim_start_matches(['\t', ' ', ':'])
                .to_owned(),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

/// What was measured at one size.
#[derive(Debug, Serialize)]
pub(crate) struct Size {
    pub(crate) corpus: Made,
    pub(crate) built: Built,
    /// The same by one thread, where that was asked for.
    pub(crate) built_by_one: Option<Built>,
    pub(crate) engine: Engine,
    pub(crate) start: Start,
    pub(crate) kinds: Vec<Alone>,
    pub(crate) rates: Option<Rates>,
    /// Once all that is above was answered.
    pub(crate) memory: Memory,
    pub(crate) beside: Option<Beside>,
    pub(crate) overload: Option<Overload>,
}

impl Size {
    /// Millions of bytes of text indexed in a CPU-second.
    fn indexing(&self) -> f64 {
        self.corpus.text_bytes as f64 / 1e6 / self.built.cpu_seconds
    }
}

/// The whole report.
pub(crate) fn markdown(results: &Results) -> String {
    let mut out = String::new();
    let machine = &results.machine;
    let _ = writeln!(
        out,
        "# Load of cesou {}\n\n`{}`\n\n{} cores, {}, Linux {}. The load runs on the same cores. Times \
         are in milliseconds unless another unit is named.\n",
        results.version, results.command, machine.cores, machine.processor, machine.kernel
    );
    summary(&mut out, &results.sizes);
    for size in &results.sizes {
        one(&mut out, size);
    }
    growth(&mut out, &results.sizes);
    out
}

/// A line for each size.
fn summary(out: &mut String, sizes: &[Size]) {
    let _ = writeln!(
        out,
        "| passages | indexing, MB per CPU-second | of raw jieba | index ÷ text | median search ÷ three \
         terms | requests/s at {GOAL} ms | start, s | memory of its own, MB | 99 % while indexing ÷ at \
         rest |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    );
    for size in sizes {
        let search = size.kinds.iter().find(|kind| kind.name == SEARCHES);
        let search = search.map_or(f64::NAN, |kind| ratio(kind.cpu.p50, size.engine.three.p50));
        let or_none = |value: Option<String>| value.unwrap_or_else(|| "–".to_owned());
        let rates = size.rates.as_ref();
        let beside = size.beside.as_ref();
        let _ = writeln!(
            out,
            "| {} | {:.2} | {:.1} % | {:.2} | {search:.1} | {} | {:.2} | {:.0} | {} |",
            grouped(size.corpus.passages),
            size.indexing(),
            100.0 * size.indexing() / size.built.tokenizing.search_mode,
            ratio(size.built.index_bytes as f64, size.corpus.text_bytes as f64),
            or_none(rates.and_then(|rates| Some(format!("{:.0}", rates.throughput?)))),
            size.start.wall_seconds,
            megabytes(size.memory.anonymous),
            or_none(beside.map(|beside| {
                let times = ratio(beside.building.latency.p99, beside.rest.latency.p99);
                format!("{times:.1}")
            })),
        );
    }
    out.push('\n');
}

fn one(out: &mut String, size: &Size) {
    let Made {
        passages,
        records,
        text_bytes,
        rounds,
        ..
    } = &size.corpus;
    let _ = writeln!(
        out,
        "## {} passages\n\n{} reports, {:.1} MB of text; the texts given were gone through {}.\n",
        grouped(*passages),
        grouped(*records),
        megabytes(*text_bytes),
        match rounds {
            1 => "once at most".to_owned(),
            rounds => format!("{rounds} times, varied"),
        }
    );
    building(out, size);
    kinds(out, size);
    if let Some(rates) = &size.rates {
        let _ = writeln!(out, "### Latency against rate\n");
        runs(out, rates.runs.iter());
        let found = match rates.throughput {
            Some(rate) => format!("{rate:.0} requests a second"),
            None => "less than the lowest rate that was tried".to_owned(),
        };
        let _ = writeln!(
            out,
            "\nMost at a 99th percentile of {GOAL} ms: **{found}**. ![latency](latency-{passages}.svg)\n"
        );
    }
    if let Some(beside) = &size.beside {
        let _ = writeln!(out, "### While the index is built anew\n");
        runs(out, [&beside.rest, &beside.building].into_iter());
        let _ = writeln!(
            out,
            "\nThe first line is at rest. An index was being built {:.0} % of the time, and came into \
             force {} times. 99th percentile: **{:.1} ×** that at rest. Memory: {} at most.\n",
            beside.share * 100.0,
            beside.swaps,
            ratio(beside.building.latency.p99, beside.rest.latency.p99),
            memory(&beside.memory),
        );
    }
    if let Some(over) = &size.overload {
        overload(out, over);
    }
}

fn building(out: &mut String, size: &Size) {
    let Size {
        built,
        engine,
        start,
        ..
    } = size;
    let rate = size.indexing();
    let tokenizing = &built.tokenizing;
    if built.earlier {
        let _ = writeln!(
            out,
            "The index was there: what building it took is of an earlier run. `--reindex` measures it \
             again.\n"
        );
    }
    let text = size.corpus.text_bytes;
    let _ = writeln!(out, "### Index, start, memory\n\n| | | |\n|---|--:|---|");
    let mut row = |name: &str, value: String, more: String| {
        let _ = writeln!(out, "| {name} | {value} | {more} |");
    };
    row(
        "raw jieba, search mode",
        format!("{:.1} MB per CPU-second", tokenizing.search_mode),
        format!(
            "{:.1} with its hidden Markov model, {:.1} as tokens of the engine",
            tokenizing.with_model, tokenizing.through_engine
        ),
    );
    row(
        "indexing",
        format!("{rate:.2} MB per CPU-second"),
        format!(
            "**{:.1} %** of raw jieba",
            100.0 * rate / tokenizing.search_mode
        ),
    );
    row(
        "building",
        format!("{:.1} s", built.wall_seconds),
        format!(
            "{:.1} CPU-seconds, {:.2} cores busy and {:.2} with other programs{}, {:.1} MB/s, {:.0} MB \
             resident at most",
            built.cpu_seconds,
            built.cpu_seconds / built.wall_seconds,
            built.noise,
            mark(built.noise),
            text as f64 / 1e6 / built.wall_seconds,
            megabytes(built.peak),
        ),
    );
    if let Some(single) = &size.built_by_one {
        row(
            "building by one thread",
            format!("{:.1} s", single.wall_seconds),
            format!(
                "{:.1} CPU-seconds; all cores are {:.2} × as fast",
                single.cpu_seconds,
                single.wall_seconds / built.wall_seconds
            ),
        );
    }
    row(
        "size of the index",
        format!("{:.1} MB", megabytes(built.index_bytes)),
        format!(
            "**{:.2} ×** the text",
            ratio(built.index_bytes as f64, text as f64)
        ),
    );
    row(
        "passages in it",
        grouped(built.passages),
        format!("{} segments", engine.segments),
    );
    row(
        "start to `/readyz`",
        format!("{:.2} s", start.wall_seconds),
        format!(
            "{:.2} CPU-seconds, verification included",
            start.cpu_seconds
        ),
    );
    row(
        "memory at start",
        memory(&start.memory),
        memory_parts(&start.memory),
    );
    row(
        "memory after the load",
        memory(&size.memory),
        memory_parts(&size.memory),
    );
    out.push('\n');
}

fn kinds(out: &mut String, size: &Size) {
    let engine = &size.engine;
    let _ = writeln!(
        out,
        "### Kinds, each request alone\n\n\
         Raw engine in `{}`, ten hits, CPU per query, median and 99th percentile: one term {} / {}; \
         any of three {} / {}; any of three with all counted {} / {}.\n\n\
         | kind | time 50 % | 99 % | CPU 50 % | 99 % | mean | ÷ term | ÷ three | ÷ three counted | matches | bytes |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        engine.field,
        short(engine.term.p50),
        short(engine.term.p99),
        short(engine.three.p50),
        short(engine.three.p99),
        short(engine.three_counted.p50),
        short(engine.three_counted.p99),
    );
    for kind in &size.kinds {
        let _ = writeln!(
            out,
            "| {}{} | {} | {} | {} | {} | {} | {:.1} | {:.1} | {:.1} | {:.0} | {:.0} |",
            kind.name,
            match kind.failed {
                0 => String::new(),
                failed => format!(" ({failed} failed)"),
            },
            short(kind.latency.p50),
            short(kind.latency.p99),
            short(kind.cpu.p50),
            short(kind.cpu.p99),
            short(kind.cpu.mean),
            ratio(kind.cpu.p50, engine.term.p50),
            ratio(kind.cpu.p50, engine.three.p50),
            ratio(kind.cpu.p50, engine.three_counted.p50),
            kind.matches,
            kind.bytes,
        );
    }
    let _ = writeln!(
        out,
        "\nCPU is that of the service, HTTP included. ÷: median CPU as a multiple of the raw engine's.\n"
    );
}

fn runs<'a>(out: &mut String, runs: impl Iterator<Item = &'a Run>) {
    let _ = writeln!(
        out,
        "| requests/s | 50 % | 90 % | 99 % | 99.9 % | max | refused | failed | CPU per request | load's | others' cores |\n\
         |--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    );
    for run in runs {
        let latency = &run.latency;
        let usage = &run.usage;
        let each = 1000.0 / run.sent.max(1) as f64;
        let noise = usage.noise();
        let _ = writeln!(
            out,
            "| {:.0} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {noise:.2}{} |",
            run.rate,
            short(latency.p50),
            short(latency.p90),
            short(latency.p99),
            latency.p999.map_or_else(|| "–".to_owned(), short),
            short(latency.max),
            run.refused,
            run.failed,
            short(usage.service * each),
            short(usage.load * each),
            mark(noise),
        );
    }
}

/// What marks figures that other programs have a part in.
fn mark(noise: f64) -> &'static str {
    if noise > QUIET { " ⚠" } else { "" }
}

fn overload(out: &mut String, over: &Overload) {
    let _ = writeln!(
        out,
        "### Overload\n\nIt answers {:.0} requests a second; it was sent half of that, then ten times.\n",
        over.capacity
    );
    runs(out, [&over.usual, &over.flooded].into_iter());
    let statuses: Vec<String> = over
        .statuses
        .iter()
        .map(|(status, count)| match status {
            0 => format!("no answer: {count}"),
            status => format!("{status}: {count}"),
        })
        .collect();
    let _ = writeln!(
        out,
        "\nAnswers: {}. Refused within {} (50 %), {} (99 %). `/healthz` meanwhile: {} (50 %), {} (99 %), \
         {} at most. Memory of its own: {:.0} MB before, {:.0} MB at most meanwhile, {:.0} MB after.\n",
        statuses.join(", "),
        short(over.flooded.refusal.p50),
        short(over.flooded.refusal.p99),
        short(over.health.p50),
        short(over.health.p99),
        short(over.health.max),
        megabytes(over.before.anonymous),
        megabytes(over.during.anonymous),
        megabytes(over.after.anonymous),
    );
}

/// How each kind grows with the corpus, beside what it finds.
fn growth(out: &mut String, sizes: &[Size]) {
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else {
        return;
    };
    if sizes.len() < 2 {
        return;
    }
    let factor = last.corpus.passages as f64 / first.corpus.passages as f64;
    let _ = write!(
        out,
        "## Growth\n\nThe same requests at each size: mean CPU, with mean matches. An exponent is the \
         power of the size by which something grows: 0 not at all, 1 in proportion.\n\n| kind |"
    );
    for size in sizes {
        let _ = write!(out, " {} | matches |", grouped(size.corpus.passages));
    }
    let _ = writeln!(out, " CPU grows by | matches by | |");
    let _ = writeln!(out, "|---|{}--:|--:|---|", "--:|--:|".repeat(sizes.len()));
    for (nth, kind) in last.kinds.iter().enumerate() {
        let of: Vec<&Alone> = sizes
            .iter()
            .filter_map(|size| size.kinds.get(nth))
            .collect();
        let Some(begin) = of.first() else { continue };
        let _ = write!(out, "| {} |", kind.name);
        for alone in &of {
            let _ = write!(out, " {} | {:.0} |", short(alone.cpu.mean), alone.matches);
        }
        let grown = exponent(begin.cpu.mean, kind.cpu.mean, factor);
        let matched = exponent(begin.matches, kind.matches, factor);
        let number = |value: Option<f64>| {
            value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2}"))
        };
        let verdict = match (grown, matched) {
            (Some(grown), Some(matched)) if grown <= matched.max(0.0) + SLACK => "no faster",
            (Some(_), Some(_)) => "**faster**",
            _ => "",
        };
        let _ = writeln!(
            out,
            " {} | {} | {verdict} |",
            number(grown),
            number(matched)
        );
    }
    out.push('\n');
}

fn memory(memory: &Memory) -> String {
    format!("{:.0} MB of its own", megabytes(memory.anonymous))
}

fn memory_parts(memory: &Memory) -> String {
    format!(
        "{:.0} MB resident with {:.0} MB of files that are mapped, {:.0} MB at most",
        megabytes(memory.resident),
        megabytes(memory.file),
        megabytes(memory.peak)
    )
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn ratio(value: f64, base: f64) -> f64 {
    if base > 0.0 { value / base } else { f64::NAN }
}

/// A number of milliseconds to about three digits.
fn short(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 1.0 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}

/// 1,000,000.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
