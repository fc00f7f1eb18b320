//! Measures the whole service: builds a corpus, indexes it with the real program, serves it, and asks
//! over HTTP what readers ask.
//!
//! `benches/README.md` says how to run it and how to read what it prints. Everything is measured from
//! outside, on the program as it ships, and beside it, in the same run, what the engine and the
//! tokenizer do alone: figures depend on the machine, ratios hardly.
//!
//! | module | holds |
//! |---|---|
//! | `texts` | texts from folders and files |
//! | `corpus` | a corpus of so many passages out of them |
//! | `mix` | the kinds of requests, and what is drawn for each |
//! | `client` | a connection and its requests |
//! | `drive` | open and closed loops |
//! | `service` | the program as a child process |
//! | `process` | time and memory, as the kernel tells them |
//! | `baseline` | the engine and the tokenizer alone |
//! | `phases` | what is measured on a running service |
//! | `stats` | percentiles |
//! | `report`, `plot` | what is written |

#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a benchmark says how far it is, and prints what it found"
)]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "figures for people, of things that fit"
)]

mod baseline;
mod client;
mod corpus;
mod drive;
mod mix;
mod phases;
mod plot;
mod process;
mod report;
mod service;
mod stats;
mod texts;

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Parser;

use corpus::Plan;
use drive::{Arrivals, Run};
use mix::{Kind, Mix, Words};
use phases::{Lists, Measure};
use report::{Machine, Results, Size};
use service::{Place, Service};

#[derive(Parser)]
#[command(
    name = "load",
    bin_name = "cargo bench --bench load --",
    about = "Measures the whole service under load",
    after_help = "Without options: 10,000 passages out of corpus/, each kind of request alone, then ever \
                  higher rates. See benches/README.md."
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag, and goes with any of the others"
)]
struct Options {
    /// Texts that corpora are made of: folders, .txt, .jsonl, .jsonl.zst; the reports of corpus/
    /// where none are given
    #[arg(long, value_name = "PATH", num_args = 1..)]
    texts: Vec<PathBuf>,
    /// Passages of the corpus; several numbers measure each size and how everything grows
    #[arg(long, value_name = "N", value_delimiter = ',', num_args = 1.., default_value = "10000")]
    passages: Vec<u64>,
    /// Where corpora and indexes are kept, to be used again; target/tmp/load if not given
    #[arg(long, value_name = "FOLDER")]
    work: Option<PathBuf>,
    /// Where the report is written; the folder of --work if not given
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// What corpus, requests and arrival times are drawn from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Another mix than benches/load/mix.toml
    #[arg(long, value_name = "FILE")]
    mix: Option<PathBuf>,
    /// How long each rate is held
    #[arg(long, value_name = "S", default_value_t = 10.0)]
    seconds: f64,
    /// How many requests of each kind are sent alone
    #[arg(long, value_name = "N", default_value_t = 300)]
    requests: usize,
    /// Rates to try, in requests a second; 25, 50, 100 and so on until the 99th percentile is above
    /// 50 ms if none are given
    #[arg(long, value_name = "RATE", value_delimiter = ',', num_args = 1..)]
    rates: Vec<f64>,
    /// When requests arrive
    #[arg(long, value_enum, default_value = "poisson")]
    arrivals: Arrivals,
    /// A setting of the service that is not its default, as key=value; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Build the index anew even where it is up to date
    #[arg(long)]
    reindex: bool,
    /// Build it by one thread as well, to see what more cores bring
    #[arg(long)]
    scaling: bool,
    /// Leave out the rates
    #[arg(long)]
    no_rates: bool,
    /// Also at rest and while the index is built anew, at --rate
    #[arg(long)]
    while_indexing: bool,
    /// The rate of --while-indexing, in requests a second
    #[arg(long, value_name = "RATE", default_value_t = 50.0)]
    rate: f64,
    /// Also ten times as many requests as it can answer
    #[arg(long)]
    overload: bool,
    /// Only each kind alone, at 10,000 and 100,000 passages where --passages names no others
    #[arg(long)]
    growth: bool,
    /// Make the corpora and stop
    #[arg(long)]
    corpus_only: bool,
    /// What cargo adds
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> anyhow::Result<()> {
    let mut options = Options::parse();
    if options.texts.is_empty() {
        options.texts = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/reports")];
    }
    if options.growth {
        options.no_rates = true;
        if options.passages.len() < 2 {
            options.passages = vec![10_000, 100_000];
        }
    }
    options.passages.sort_unstable();
    options.rates.sort_by(f64::total_cmp);
    ensure!(
        options.passages.first() > Some(&0),
        "--passages must be above 0"
    );
    ensure!(
        options.seconds > 0.0 && options.rate > 0.0 && options.rates.iter().all(|rate| *rate > 0.0),
        "times and rates must be above 0"
    );
    let work = options.work.clone();
    let work = work.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("load"));
    let out = options.out.clone().unwrap_or_else(|| work.clone());
    std::fs::create_dir_all(&out)
        .with_context(|| format!("cannot make the folder {}", out.display()))?;
    let kinds = mix::kinds(options.mix.as_deref())?;
    if cfg!(debug_assertions) {
        eprintln!("This is a build without optimisation; its figures mean nothing.");
    }

    let mut sizes = Vec::new();
    let mut lists = None;
    for &passages in &options.passages {
        let place = Place::new(&work.join(passages.to_string()), options.settings.clone())?;
        if let Some(size) = measure(&options, &place, passages, &kinds, &mut lists)? {
            if let Some(rates) = &size.rates {
                let title = format!("cesou, {passages} passages: latency against rate");
                let svg = plot::svg(&title, &rates.runs);
                std::fs::write(out.join(format!("latency-{passages}.svg")), svg)?;
            }
            sizes.push(size);
        }
    }
    if options.corpus_only {
        return Ok(());
    }
    let results = Results {
        version: env!("CARGO_PKG_VERSION"),
        command: command(),
        machine: Machine::here(),
        sizes,
    };
    let report = report::markdown(&results);
    std::fs::write(out.join("load.md"), &report)?;
    std::fs::write(
        out.join("results.json"),
        serde_json::to_vec_pretty(&results)?,
    )?;
    println!("{report}");
    eprintln!("Written: {}", out.join("load.md").display());
    Ok(())
}

/// The command line as it can be given again.
fn command() -> String {
    let given = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench");
    let given: Vec<String> = given.collect();
    format!("cargo bench --bench load -- {}", given.join(" "))
}

/// All that is asked for at one size; nothing where only the corpus was to be made.
fn measure(
    options: &Options,
    place: &Place,
    passages: u64,
    kinds: &[Kind],
    lists: &mut Option<Lists>,
) -> anyhow::Result<Option<Size>> {
    let measure = Measure {
        seconds: options.seconds,
        requests: options.requests,
        arrivals: options.arrivals,
        seed: options.seed,
    };
    eprintln!("{passages} passages: corpus");
    let plan = Plan {
        texts: options.texts.clone(),
        seed: options.seed,
        passages,
    };
    let made = corpus::make(&plan, &place.corpus())?;
    if options.corpus_only {
        eprintln!("  {made:?}");
        return Ok(None);
    }
    eprintln!("  index of {:.1} MB", made.text_bytes as f64 / 1e6);
    let texts = texts_for_tokenizing(&place.corpus())?;
    let built_by_one = if options.scaling {
        Some(place.build(true, &["--set", "index.threads=1"], &texts)?)
    } else {
        None
    };
    let built = place.build(options.reindex || options.scaling, &[], &texts)?;
    eprintln!("  engine alone");
    let words = Words::of(&place.corpus())?;
    let engine = || baseline::engine(&place.generation()?, &words, options.seed);
    let before = engine()?;
    eprintln!("  start");
    let service = place.serve()?;
    let mut fields: Vec<&str> = kinds
        .iter()
        .flat_map(|kind| &kind.filters)
        .map(String::as_str)
        .collect();
    fields.sort_unstable();
    fields.dedup();
    let values = service.values(&fields)?;
    let mix = Mix {
        kinds,
        words: &words,
        values: &values,
    };
    eprintln!("  each kind alone");
    // Those of the smallest corpus, so that all sizes are asked the same.
    let lists = lists.get_or_insert_with(|| phases::lists(&mix, &measure));
    let alone = phases::alone(&service, lists)?;
    let engine = before.and(engine()?);
    let rates = if options.no_rates {
        None
    } else {
        Some(phases::rates(
            &service,
            &mix,
            &options.rates,
            25.0,
            &measure,
            &say,
        )?)
    };
    let memory = service.memory()?;
    let (beside, overload) = under_stress(options, &service, &mix, &measure)?;
    Ok(Some(Size {
        corpus: made,
        built,
        built_by_one,
        engine,
        start: service.started,
        kinds: alone,
        rates,
        memory,
        beside,
        overload,
    }))
}

fn under_stress(
    options: &Options,
    service: &Service,
    mix: &Mix<'_>,
    measure: &Measure,
) -> anyhow::Result<(Option<phases::Beside>, Option<phases::Overload>)> {
    let beside = if options.while_indexing {
        eprintln!("  while the index is built anew");
        Some(phases::beside(service, mix, options.rate, measure)?)
    } else {
        None
    };
    let overload = if options.overload {
        eprintln!("  overload");
        Some(phases::overload(service, mix, measure)?)
    } else {
        None
    };
    Ok((beside, overload))
}

fn say(run: &Run) {
    eprintln!(
        "  {:.0} requests/s: {:.1} ms (50 %), {:.1} ms (99 %), {} refused, {} failed",
        run.rate, run.latency.p50, run.latency.p99, run.refused, run.failed
    );
}

/// Text of the corpus for measuring the tokenizer.
fn texts_for_tokenizing(corpus: &Path) -> anyhow::Result<Vec<String>> {
    let texts = texts::read(&[corpus.join("reports")], baseline::TEXT as u64)?;
    Ok(texts.into_iter().map(|source| source.text).collect())
}
