//! What the service is measured against: the engine alone, and the tokenizer alone, on the same
//! machine in the same run.
//!
//! Times are CPU times of the thread that does the work, so that what else runs on the machine
//! matters little.

use std::path::Path;

use anyhow::Context;
use cpu_time::ThreadTime;
use fastrand::Rng;
use serde::{Deserialize, Serialize};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::tokenizer::{TokenStream, Tokenizer};
use tantivy::{Index, Searcher, Term};
use tantivy_jieba::JiebaTokenizer;
use tantivy_jieba::jieba_rs::{Jieba, TokenizeMode};

use crate::mix::{Draw, Words};
use crate::stats::Spread;

/// Queries of each kind.
const QUERIES: usize = 500;
/// Text that the tokenizer is measured on, in bytes.
pub(crate) const TEXT: usize = 8 << 20;
/// Hits that are asked for.
const HITS: usize = 10;

/// The engine alone, in milliseconds of CPU, in the words of the passages' text.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Engine {
    /// The field that is searched.
    pub(crate) field: String,
    pub(crate) segments: usize,
    /// One word, ten hits.
    pub(crate) term: Spread,
    /// Any of three words, ten hits; the engine leaves out what cannot be among them.
    pub(crate) three: Spread,
    /// The same with all that match counted.
    pub(crate) three_counted: Spread,
}

/// What queries took, one by one.
pub(crate) struct EngineTimes {
    field: String,
    segments: usize,
    term: Vec<f64>,
    three: Vec<f64>,
    three_counted: Vec<f64>,
}

impl EngineTimes {
    /// Both together: how fast cores are changes within minutes, so what is set beside queries of the
    /// service is measured before them and after.
    pub(crate) fn and(mut self, other: Self) -> Engine {
        self.term.extend(other.term);
        self.three.extend(other.three);
        self.three_counted.extend(other.three_counted);
        Engine {
            field: self.field,
            segments: self.segments,
            term: Spread::of(self.term),
            three: Spread::of(self.three),
            three_counted: Spread::of(self.three_counted),
        }
    }
}

/// Measures the engine on the index in `generation`.
pub(crate) fn engine(generation: &Path, words: &Words, seed: u64) -> anyhow::Result<EngineTimes> {
    let index = Index::open_in_dir(generation).context("cannot open the engine's index")?;
    let reader = index.reader()?;
    let searcher = reader.searcher();
    let (field, name) = words_field(&searcher)?;
    let mut rng = Rng::with_seed(seed);
    let (single, three) = queries(field, words, QUERIES, &mut rng);
    Ok(EngineTimes {
        field: name,
        segments: searcher.segment_readers().len(),
        term: measure(&single, |query| {
            searcher
                .search(query, &TopDocs::with_limit(HITS).order_by_score())
                .map(drop)
        })?,
        three: measure(&three, |query| {
            searcher
                .search(query, &TopDocs::with_limit(HITS).order_by_score())
                .map(drop)
        })?,
        three_counted: measure(&three, |query| {
            let collector = (TopDocs::with_limit(HITS).order_by_score(), Count);
            searcher.search(query, &collector).map(drop)
        })?,
    })
}

/// Queries of one kind.
type Queries = Vec<Box<dyn Query>>;

/// Queries for one word, and for any of three.
pub(crate) fn queries(
    field: Field,
    words: &Words,
    count: usize,
    rng: &mut Rng,
) -> (Queries, Queries) {
    let term = |word: &str| -> Box<dyn Query> {
        let term = Term::from_field_text(field, word);
        Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
    };
    let single = (0..count)
        .map(|_| term(&words.draw(Draw::Word, rng)))
        .collect();
    let three = (0..count).map(|_| {
        let clauses = words.three(rng).map(|word| (Occur::Should, term(word)));
        Box::new(BooleanQuery::new(clauses.into())) as Box<dyn Query>
    });
    (single, three.collect())
}

/// The field with the most words, whatever the schema calls it.
pub(crate) fn words_field(searcher: &Searcher) -> anyhow::Result<(Field, String)> {
    let mut found: Vec<(u64, Field, String)> = Vec::new();
    for (field, entry) in searcher.schema().fields() {
        if entry.is_indexed() && entry.name().ends_with("_words") {
            let mut tokens = 0;
            for segment in searcher.segment_readers() {
                tokens += segment.inverted_index(field)?.total_num_tokens();
            }
            found.push((tokens, field, entry.name().to_owned()));
        }
    }
    let most = found.into_iter().max_by_key(|(tokens, ..)| *tokens);
    most.context("the index has no field of words")
        .map(|(_, field, name)| (field, name))
}

/// The CPU time of each query, once everything was read once.
fn measure(
    queries: &[Box<dyn Query>],
    search: impl Fn(&dyn Query) -> tantivy::Result<()>,
) -> anyhow::Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..2 {
        times.clear();
        for query in queries {
            let started = ThreadTime::now();
            search(&**query)?;
            times.push(started.elapsed().as_secs_f64() * 1000.0);
        }
    }
    Ok(times)
}

/// The tokenizer alone, in millions of bytes per CPU-second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tokenizing {
    /// Search mode, without the hidden Markov model, as the index is built.
    pub(crate) search_mode: f64,
    /// The same with the model, which is the library's default.
    pub(crate) with_model: f64,
    /// Without the model, as tokens of the engine.
    pub(crate) through_engine: f64,
}

impl Tokenizing {
    /// The mean of two measurements.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            search_mode: f64::midpoint(self.search_mode, other.search_mode),
            with_model: f64::midpoint(self.with_model, other.with_model),
            through_engine: f64::midpoint(self.through_engine, other.through_engine),
        }
    }
}

/// Measures raw tokenizing of these texts.
///
/// Cores are slower while others are busy, for the tokenizer as for the index, so this is measured
/// on both sides of what is set beside it, and no best of several is taken.
pub(crate) fn tokenizing(texts: &[String]) -> Tokenizing {
    let jieba = &Jieba::new();
    let bytes: usize = texts.iter().map(String::len).sum();
    let mut tokenizer = JiebaTokenizer::with_jieba(jieba.clone());
    tokenizer.set_hmm(false);
    let rate = |tokenize: &mut dyn FnMut(&str) -> usize| {
        let started = ThreadTime::now();
        let tokens: usize = texts.iter().map(|text| tokenize(text)).sum();
        std::hint::black_box(tokens);
        bytes as f64 / 1e6 / started.elapsed().as_secs_f64()
    };
    let raw = |hmm| move |text: &str| jieba.tokenize(text, TokenizeMode::Search, hmm).len();
    // Once before it counts.
    rate(&mut raw(false));
    Tokenizing {
        search_mode: f64::midpoint(rate(&mut raw(false)), rate(&mut raw(false))),
        with_model: rate(&mut raw(true)),
        through_engine: rate(&mut |text| {
            let mut stream = tokenizer.token_stream(text);
            let mut tokens = 0;
            while stream.advance() {
                tokens += stream.token().text.len();
            }
            tokens
        }),
    }
}
