//! Measures the parts one by one: from a text to its tokens, from reports to an index, from a query
//! to its answer.
//!
//! `benches/README.md` says how to run it. What is measured is the CPU time of this process, all its
//! threads together, so that other programs on the machine matter little and a rate is one per
//! CPU-second. Beside the parts stand, in the same run and on the same text, what they are built
//! upon: jieba's search mode, and bare queries of the engine in the same index.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for people, of things that fit"
)]

#[path = "load/baseline.rs"]
#[allow(dead_code, reason = "the load measures more with it")]
mod baseline;
#[path = "load/corpus.rs"]
#[allow(dead_code, reason = "the load asks for more of it")]
mod corpus;
#[path = "load/mix.rs"]
#[allow(dead_code, reason = "requests are written by the load only")]
mod mix;
#[path = "load/stats.rs"]
#[allow(dead_code, reason = "criterion has statistics of its own")]
mod stats;
#[path = "load/texts.rs"]
#[allow(dead_code, reason = "the load asks for more of it")]
mod texts;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cesou::analysis::{self, Dictionary, Normalized};
use cesou::config::Settings;
use cesou::corpus::{Corpus, Given, Rules, record_with};
use cesou::index::{self, Snapshot};
use cesou::passage;
use cesou::report::{Passage, Report};
use cesou::search::{self, Facet, Match, Request};
use cpu_time::ProcessTime;
use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Criterion, SamplingMode, Throughput};
use fastrand::Rng;
use mix::{Draw, Words};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::Query;
use tantivy_jieba::jieba_rs::{Jieba, TokenizeMode};

/// Paths of texts to measure with, joined as `PATH` is.
const TEXTS: &str = "CESOU_BENCH_TEXTS";
/// Text that the parts before the index are measured on, in bytes.
const MOST: usize = 2 << 20;
/// Passages of the index that is searched.
const PASSAGES: u64 = 10_000;
/// Passages of the index that is built.
const BUILT: usize = 1000;
/// Queries of each kind; one measurement answers all of them.
const QUERIES: usize = 20;
/// How often all passages are counted in one measurement.
const COUNTS: usize = 2;
/// What corpus and queries are drawn from.
const SEED: u64 = 1;

/// CPU time of this process.
struct CpuTime;

impl Measurement for CpuTime {
    type Intermediate = ProcessTime;
    type Value = Duration;

    fn start(&self) -> ProcessTime {
        ProcessTime::now()
    }

    fn end(&self, started: ProcessTime) -> Duration {
        started.elapsed()
    }

    fn add(&self, one: &Duration, other: &Duration) -> Duration {
        *one + *other
    }

    fn zero(&self) -> Duration {
        Duration::ZERO
    }

    fn to_f64(&self, value: &Duration) -> f64 {
        WallTime.to_f64(value)
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

type Bench = Criterion<CpuTime>;

fn main() -> anyhow::Result<()> {
    let mut bench = Criterion::default()
        .with_measurement(CpuTime)
        .without_plots()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_millis(1500))
        .configure_from_args();
    let material = Material::read()?;
    of_text(&mut bench, &material);
    of_index(&mut bench, &material)?;
    of_queries(&mut bench, &material)?;
    bench.final_summary();
    Ok(())
}

/// What is measured with.
struct Material {
    /// A corpus made of the texts, and where its index is kept.
    corpus: Corpus,
    index: PathBuf,
    words: Words,
    /// Some of its texts, and the reports they are.
    texts: Vec<String>,
    reports: Vec<Report>,
}

impl Material {
    fn read() -> anyhow::Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "no setting of the service")]
        let given = std::env::var_os(TEXTS);
        let paths = match given {
            Some(given) => std::env::split_paths(&given).collect(),
            None => vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/reports")],
        };
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("parts");
        let plan = corpus::Plan {
            texts: paths,
            seed: SEED,
            passages: PASSAGES,
        };
        let place = folder.join("corpus");
        corpus::make(&plan, &place)?;
        let sources = texts::read(&[place.join("reports")], MOST as u64)?;
        let reports = sources.iter().map(|source| {
            let given = Given {
                region: (!source.region.is_empty()).then(|| source.region.clone()),
                date: Some(source.date.clone()),
                ..Given::default()
            };
            record_with(
                "made",
                &source.title,
                &source.text,
                &given,
                &Rules::default(),
            )
            .0
        });
        Ok(Self {
            index: folder.join("index"),
            words: Words::of(&place)?,
            reports: reports.collect(),
            texts: sources.iter().map(|source| source.text.clone()).collect(),
            corpus: Corpus::open(&place, 1 << 30)?.with_themes("themes-government.toml"),
        })
    }
}

fn bytes(texts: &[String]) -> Throughput {
    Throughput::BytesDecimal(texts.iter().map(|text| text.len() as u64).sum())
}

/// From text to tokens and passages.
fn of_text(bench: &mut Bench, material: &Material) {
    let known = material.corpus.dictionary().unwrap_or_default();
    let known = known
        .iter()
        .map(|word| (word.word.as_str(), word.frequency));
    let dictionary = Dictionary::with_words(known.clone());
    let mut jieba = Jieba::new();
    for (word, frequency) in known {
        jieba.add_word(word, frequency, None);
    }
    let texts = &material.texts;
    let normalized: Vec<Normalized> = texts.iter().map(|text| Normalized::new(text)).collect();

    let mut group = bench.benchmark_group("text");
    group.throughput(bytes(texts));
    group.bench_function("normalise", |bench| {
        bench.iter(|| {
            texts
                .iter()
                .map(|text| Normalized::new(text).chars())
                .sum::<usize>()
        });
    });
    group.bench_function("raw jieba, search mode", |bench| {
        bench.iter(|| {
            let tokens = texts
                .iter()
                .map(|text| jieba.tokenize(text, TokenizeMode::Search, false).len());
            tokens.sum::<usize>()
        });
    });
    group.bench_function("words of normalised text", |bench| {
        bench.iter(|| {
            let tokens = normalized
                .iter()
                .map(|text| analysis::words(&dictionary, text).len());
            tokens.sum::<usize>()
        });
    });
    group.bench_function("characters of normalised text", |bench| {
        bench.iter(|| {
            let tokens = normalized
                .iter()
                .map(|text| analysis::characters(text).count());
            tokens.sum::<usize>()
        });
    });
    group.bench_function("split into passages", |bench| {
        bench.iter(|| {
            let passages = material.reports.iter().map(|report| split(report).len());
            passages.sum::<usize>()
        });
    });
    group.finish();
}

fn split(report: &Report) -> Vec<Passage> {
    passage::split(report, Settings::default().passage.max_chars).0
}

/// How indexes are built here.
fn options() -> index::Options {
    index::Options {
        max_chars: Settings::default().passage.max_chars,
        memory_bytes: 256 << 20,
        threads: 1,
    }
}

/// From passages to an index.
fn of_index(bench: &mut Bench, material: &Material) -> anyhow::Result<()> {
    let mut left = BUILT;
    let mut cut: Vec<(Report, Vec<Passage>)> = Vec::new();
    for report in &material.reports {
        let passages = split(report);
        if passages.len() > left {
            break;
        }
        left -= passages.len();
        cut.push((report.clone(), passages));
    }
    let text = cut.iter().map(|(report, _)| report.text.len() as u64).sum();
    let mut group = bench.benchmark_group("index");
    group.throughput(Throughput::BytesDecimal(text));
    group.sampling_mode(SamplingMode::Flat);
    let passages = BUILT - left;
    let folder = tempfile::tempdir()?;
    let mut failed = None;
    group.bench_function(
        format!("{passages} passages, all that a build takes"),
        |bench| {
            bench.iter(|| {
                let reports = cut.clone().into_iter();
                let built = index::build_from(
                    reports,
                    Some(&material.corpus),
                    folder.path(),
                    &options(),
                    &|_| {},
                );
                failed = built.err();
            });
        },
    );
    group.finish();
    failed.map_or(Ok(()), |error| Err(error.into()))
}

/// Requests of a kind, drawn from the corpus.
fn drawn(words: &Words, draw: Draw, change: impl Fn(&mut Request)) -> Vec<Request> {
    let mut rng = Rng::with_seed(SEED);
    (0..QUERIES)
        .map(|_| {
            let mut request = Request {
                text: words.draw(draw, &mut rng),
                facets: vec![Facet::Province, Facet::Theme, Facet::Year],
                ..Request::default()
            };
            change(&mut request);
            request
        })
        .collect()
}

/// From queries to answers, on an index of the corpus.
fn of_queries(bench: &mut Bench, material: &Material) -> anyhow::Result<()> {
    let opened = index::open_or_build(&material.corpus, &material.index, &options(), &|_| {})?;
    let snapshot = opened.snapshot;
    raw(bench, &snapshot, &material.words)?;
    let words = &material.words;
    let same = |_: &mut Request| {};
    let province = most_frequent(&snapshot, Facet::Province)?;
    let filtered = |request: &mut Request| {
        request
            .filters
            .insert(Facet::Province, vec![province.clone()]);
    };
    searches(
        bench,
        &snapshot,
        "search",
        &[
            ("prefix", drawn(words, Draw::Typed, same)),
            ("pinyin", drawn(words, Draw::Pinyin, same)),
            ("one word", drawn(words, Draw::Word, same)),
            ("one rare word", drawn(words, Draw::Rare, same)),
            ("three words", drawn(words, Draw::Words, same)),
            ("phrase", drawn(words, Draw::Phrase, same)),
            ("question", drawn(words, Draw::Question, same)),
            ("one word, one filter", drawn(words, Draw::Word, filtered)),
            (
                "exact",
                drawn(words, Draw::String, |request| {
                    request.matching = Match::Exact;
                }),
            ),
        ],
    )?;
    let all = |facets: &[Facet], filter: bool| {
        let mut request = Request {
            facets: facets.to_owned(),
            per_page: 0,
            ..Request::default()
        };
        if filter {
            filtered(&mut request);
        }
        vec![request; COUNTS]
    };
    let usual = [Facet::Province, Facet::Theme, Facet::Year];
    searches(
        bench,
        &snapshot,
        "facets of all passages",
        &[
            ("none", all(&[], false)),
            ("three", all(&usual, false)),
            ("three, one filtered by", all(&usual, true)),
            ("eight", all(&Facet::ALL, false)),
        ],
    )?;
    snippets(bench, &snapshot, words)?;
    suggestions(bench, &snapshot, words);
    Ok(())
}

fn search_options() -> search::Options {
    search::Options::from(&Settings::default().search)
}

fn most_frequent(snapshot: &Snapshot, facet: Facet) -> anyhow::Result<String> {
    let request = Request {
        facets: vec![facet],
        per_page: 0,
        ..Request::default()
    };
    let counted = search::search(snapshot, &request, &search_options())?.facets;
    let first = counted.get(&facet).and_then(|values| values.first());
    Ok(first.map(|value| value.value.clone()).unwrap_or_default())
}

/// Bare queries of the engine: what searching is measured against.
fn raw(bench: &mut Bench, snapshot: &Snapshot, words: &Words) -> anyhow::Result<()> {
    let searcher = snapshot.searcher();
    let (field, _) = baseline::words_field(searcher)?;
    let mut rng = Rng::with_seed(SEED);
    let (single, three) = baseline::queries(field, words, QUERIES, &mut rng);
    let mut group = bench.benchmark_group("raw engine");
    group.throughput(Throughput::Elements(QUERIES as u64));
    let top = || TopDocs::with_limit(10).order_by_score();
    let sum = |query: &dyn Query| searcher.search(query, &top()).map_or(0, |hits| hits.len());
    group.bench_function("one term", |bench| {
        bench.iter(|| single.iter().map(|query| sum(&**query)).sum::<usize>());
    });
    group.bench_function("any of three terms", |bench| {
        bench.iter(|| three.iter().map(|query| sum(&**query)).sum::<usize>());
    });
    group.bench_function("any of three terms, counted", |bench| {
        let counted = |query: &dyn Query| {
            searcher
                .search(query, &(top(), Count))
                .map_or(0, |hits| hits.1)
        };
        bench.iter(|| three.iter().map(|query| counted(&**query)).sum::<usize>());
    });
    group.finish();
    Ok(())
}

fn searches(
    bench: &mut Bench,
    snapshot: &Snapshot,
    name: &str,
    kinds: &[(&str, Vec<Request>)],
) -> anyhow::Result<()> {
    let options = search_options();
    let mut group = bench.benchmark_group(name);
    group.sampling_mode(SamplingMode::Flat);
    for (kind, requests) in kinds {
        // What fails would be measured as fast.
        for request in requests {
            search::search(snapshot, request, &options)?;
        }
        group.throughput(Throughput::Elements(requests.len() as u64));
        group.bench_function(*kind, |bench| {
            bench.iter(|| {
                for request in requests {
                    let _ = black_box(search::search(snapshot, request, &options));
                }
            });
        });
    }
    group.finish();
    Ok(())
}

/// What is cut out of passages and marked.
fn snippets(bench: &mut Bench, snapshot: &Snapshot, words: &Words) -> anyhow::Result<()> {
    let options = search_options();
    let mut hits = Vec::new();
    for request in drawn(words, Draw::Words, |_| {}) {
        hits.extend(search::search(snapshot, &request, &options)?.hits);
    }
    let mut group = bench.benchmark_group("snippet");
    group.throughput(Throughput::Elements(hits.len() as u64));
    group.bench_function("three words", |bench| {
        bench.iter(|| {
            let cut = hits
                .iter()
                .map(|hit| hit.highlighter.snippet(&hit.passage, options.snippet_chars));
            cut.for_each(|snippet| {
                black_box(snippet);
            });
        });
    });
    group.finish();
    Ok(())
}

/// Completions of what is typed.
fn suggestions(bench: &mut Bench, snapshot: &Snapshot, words: &Words) {
    let mut group = bench.benchmark_group("suggest");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(QUERIES as u64));
    for (kind, draw) in [
        ("characters", Draw::Typed),
        ("pinyin", Draw::Pinyin),
        ("a second word", Draw::Words),
    ] {
        let typed = drawn(words, draw, |_| {});
        group.bench_function(kind, |bench| {
            bench.iter(|| {
                for request in &typed {
                    let _ = black_box(search::suggest(snapshot, &request.text, 8));
                }
            });
        });
    }
    group.finish();
}
