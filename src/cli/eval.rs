//! `cesou eval`: ranking measured against judgements; without pinned passages, which cover it up.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use cesou::config::{self, Settings};
use cesou::corpus::Corpus;
use cesou::eval::{self, Comparison, Document, Measure, Method, Run, Scores, Unit};
use cesou::index::{self, Snapshot};
use cesou::search::{self, Match};
use clap::Args;
use console::measure_text_width;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::progress::Bar;
use super::{Outcome, one_line, say};

/// How many ids that the corpus does not hold are named; the rest is counted.
const MISSING_SHOWN: usize = 5;

/// What is measured, and what is told of it.
#[derive(Args)]
pub(super) struct Flags {
    /// 测试集的检索词（BEIR 格式的 queries.jsonl，可为 .zst）；此时 --corpus 给出测试集的 corpus.jsonl
    #[arg(
        long,
        value_name = "文件",
        requires = "qrels",
        conflicts_with = "judgements"
    )]
    queries: Option<PathBuf>,
    /// 测试集的评判（BEIR 格式的 qrels.tsv）
    #[arg(long, value_name = "文件", requires = "queries")]
    qrels: Option<PathBuf>,
    /// 对所服务语料的评判，每行如 {"query": "…", "type": "…", "relevant": {"130100#2": 2}}
    #[arg(long, value_name = "文件")]
    judgements: Option<PathBuf>,
    /// 逐个列出检索词的得分
    #[arg(long)]
    per_query: bool,
    /// 把结果存为 JSON 文件，供日后 --compare
    #[arg(long, value_name = "文件")]
    save: Option<PathBuf>,
    /// 与存下的结果相比：胜、负、平和配对随机化检验的 p
    #[arg(long, value_name = "文件")]
    compare: Option<PathBuf>,
    /// 每个检索词看前多少条，1–10000，缺省 100
    #[arg(long, value_name = "条数", default_value = "100", value_parser = depth, hide_default_value = true)]
    depth: usize,
    /// 匹配方式：smart（智能，缺省）或 exact（精确）
    #[arg(long = "match", value_name = "方式", default_value = "smart", value_parser = matching, hide_default_value = true)]
    matching: Match,
    /// 同时检索的线程数，1–256，缺省 1
    #[arg(long, value_name = "线程数", default_value = "1", value_parser = threads, hide_default_value = true)]
    threads: usize,
    /// 以 JSON 输出
    #[arg(long)]
    json: bool,
}

impl Flags {
    /// Whether a test collection of its own is measured on, so that `--corpus` names its documents
    /// and not the folder of the served corpus.
    pub(super) fn brings_corpus(&self) -> bool {
        self.queries.is_some()
    }
}

pub(super) fn run(
    settings: &Settings,
    documents: Option<&Path>,
    flags: &Flags,
) -> anyhow::Result<Outcome> {
    // Looked at first: a run may take minutes, and a slip in a file's name should not cost them.
    let other = flags.compare.as_deref().map(eval::saved_run).transpose()?;
    if let Some(folder) = flags.save.as_deref().and_then(Path::parent)
        && !folder.as_os_str().is_empty()
        && !folder.is_dir()
    {
        bail!("没有文件夹 {}，结果无处可存；请先建立它", folder.display());
    }
    let method = Method {
        options: search::Options::from(&settings.search),
        matching: flags.matching,
        depth: flags.depth,
        threads: flags.threads,
    };
    let run = match (&flags.queries, &flags.qrels, &flags.judgements) {
        (Some(queries), Some(qrels), _) => {
            let documents = documents.context(
                "缺少测试集的语料：请用 --corpus 给出 corpus.jsonl（可为 .zst），与 --queries、--qrels 配套",
            )?;
            on_collection(settings, documents, queries, qrels, &method)?
        }
        (_, _, Some(judgements)) => {
            let judgements = eval::judged_queries(judgements)?;
            let opened = super::index::open_in_force(settings)?;
            evaluate(&opened.snapshot, &judgements, judgements.unit(), &method)?
        }
        _ => bail!(
            "没有说明用什么衡量：请给出 --judgements 文件，或 --corpus、--queries、--qrels 三个文件；用 cesou eval --help 查看用法"
        ),
    };
    if let Some(path) = &flags.save {
        save(&run, path)?;
    }
    let comparison = other.as_ref().map(|other| eval::compare(&run, other));
    if let (Some(comparison), Some(path)) = (&comparison, &flags.compare)
        && comparison.queries == 0
    {
        bail!(
            "{} 中没有一个检索词与这次相同；请与同一组检索词的结果相比",
            path.display()
        );
    }
    let mut out = BufWriter::new(io::stdout().lock());
    if flags.json {
        let value = as_json(&run, comparison.as_ref(), flags.per_query)?;
        serde_json::to_writer_pretty(&mut out, &value).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&mut out, &run, flags.per_query)?;
        if let Some(comparison) = &comparison {
            print_comparison(&mut out, comparison)?;
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// Measures on a test collection, indexed for the time being with the vocabulary that is served.
fn on_collection(
    settings: &Settings,
    corpus: &Path,
    queries: &Path,
    qrels: &Path,
    method: &Method,
) -> anyhow::Result<Run> {
    let judgements = eval::pair(eval::queries(queries)?, eval::qrels(qrels)?);
    let documents = eval::documents(corpus)?;
    let folder = tempfile::Builder::new()
        .prefix("cesou-eval-")
        .tempdir()
        .context("系统的临时文件夹写不了；请检查磁盘空间，或用环境变量 TMPDIR 指向别处")?;
    let snapshot = build(settings, &documents, corpus, folder.path())?;
    evaluate(&snapshot, &judgements, Unit::Document(&documents), method)
}

fn build(
    settings: &Settings,
    documents: &[Document],
    source: &Path,
    folder: &Path,
) -> anyhow::Result<Snapshot> {
    let vocabulary = if settings.corpus.path.is_dir() {
        Some(Corpus::open(&settings.corpus.path, u64::MAX)?.with_themes(&settings.corpus.themes))
    } else {
        say(&format!(
            "没有语料目录 {}，不用词表",
            settings.corpus.path.display()
        ));
        None
    };
    let options = index::Options {
        max_chars: settings.passage.max_chars,
        memory_bytes: settings.index.memory_mb.saturating_mul(1 << 20),
        threads: config::or_cores(settings.index.threads),
    };
    let source = source
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let reports = documents
        .iter()
        .enumerate()
        .map(|(number, document)| document.report(number, &source));
    let bar = Bar::new();
    Ok(index::build_from(
        reports,
        vocabulary.as_ref(),
        folder,
        &options,
        &|progress| bar.show(progress),
    )?)
}

fn evaluate(
    snapshot: &Snapshot,
    judgements: &eval::Judgements,
    unit: Unit<'_>,
    method: &Method,
) -> anyhow::Result<Run> {
    if judgements.queries.is_empty() {
        bail!("没有一个检索词有评判；请核对评判中的检索词编号与检索词文件是否一致");
    }
    let bar = QueryBar::new(judgements.queries.len());
    let run = eval::evaluate(snapshot, judgements, unit, method, &|done| bar.show(done))?;
    drop(bar);
    if !run.missing.is_empty() {
        say(&missing_notice(&run.missing));
    }
    Ok(run)
}

fn missing_notice(missing: &[String]) -> String {
    let shown = missing
        .iter()
        .take(MISSING_SHOWN)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join("、");
    let more = if missing.len() > MISSING_SHOWN {
        " 等"
    } else {
        ""
    };
    format!(
        "注意：评判中有 {} 个编号不在语料中，按没有找到计：{shown}{more}",
        missing.len()
    )
}

fn save(run: &Run, path: &Path) -> anyhow::Result<()> {
    let write = || -> io::Result<()> {
        let mut file = BufWriter::new(File::create(path)?);
        serde_json::to_writer_pretty(&mut file, run)?;
        writeln!(file)?;
        file.flush()
    };
    if let Err(error) = write() {
        bail!("写不了 {}：{error}；请检查文件夹和权限", path.display());
    }
    Ok(())
}

fn as_json(
    run: &Run,
    comparison: Option<&Comparison>,
    per_query: bool,
) -> Result<Value, io::Error> {
    let mut value = serde_json::to_value(run)?;
    if let Value::Object(fields) = &mut value {
        let queries = fields.insert("queries".to_owned(), json!(run.queries.len()));
        if let Some(queries) = queries.filter(|_| per_query) {
            fields.insert("per_query".to_owned(), queries);
        }
        if let Some(comparison) = comparison {
            fields.insert("comparison".to_owned(), serde_json::to_value(comparison)?);
        }
    }
    Ok(value)
}

fn print(out: &mut impl Write, run: &Run, per_query: bool) -> io::Result<()> {
    writeln!(
        out,
        "{} 个段落，{} 个检索词{}",
        run.passages,
        run.queries.len(),
        left_out(run)
    )?;
    writeln!(out)?;
    let mut rows = vec![header("", &[])];
    if per_query {
        for ranked in &run.queries {
            let mut row = score_row(&ranked.id, &ranked.scores);
            row.push(one_line(&ranked.text));
            rows.push(row);
        }
    }
    for (kind, group) in &run.types {
        rows.push(score_row(
            &format!("{kind}（{}）", group.queries),
            &group.mean,
        ));
    }
    rows.push(score_row("全部", &run.mean));
    table(out, &rows)?;
    writeln!(out)?;
    writeln!(
        out,
        "每秒 {:.1} 次检索（{} 线程，每次取前 {} 条，共 {:.2} 秒）",
        run.queries_per_second, run.threads, run.depth, run.seconds
    )
}

fn left_out(run: &Run) -> String {
    let unjudged = match run.unjudged {
        0 => String::new(),
        count => format!("；另有 {count} 个没有评判，不计"),
    };
    let unasked = match run.unasked {
        0 => String::new(),
        count => format!("；有评判而没有检索词的 {count} 个，不计"),
    };
    unjudged + &unasked
}

fn print_comparison(out: &mut impl Write, comparison: &Comparison) -> io::Result<()> {
    writeln!(out)?;
    write!(out, "与对照相比，{} 个检索词相同", comparison.queries)?;
    if comparison.only_here + comparison.only_there > 0 {
        write!(
            out,
            "（只有这次有的 {} 个、只有对照有的 {} 个，不计）",
            comparison.only_here, comparison.only_there
        )?;
    }
    writeln!(out, "：\n")?;
    let mut rows: Vec<Vec<String>> = vec![
        ["", "这次", "对照", "差", "胜", "负", "平", "p"]
            .map(str::to_owned)
            .to_vec(),
    ];
    rows.extend(comparison.measures.iter().map(|difference| {
        vec![
            difference.measure.as_str().to_owned(),
            format!("{:.4}", difference.here),
            format!("{:.4}", difference.there),
            format!("{:+.4}", difference.here - difference.there),
            difference.wins.to_string(),
            difference.losses.to_string(),
            difference.ties.to_string(),
            format!("{:.4}", difference.p),
        ]
    }));
    table(out, &rows)
}

fn header(first: &str, rest: &[&str]) -> Vec<String> {
    std::iter::once(first)
        .chain(Measure::ALL.map(Measure::as_str))
        .chain(rest.iter().copied())
        .map(str::to_owned)
        .collect()
}

fn score_row(name: &str, scores: &Scores) -> Vec<String> {
    std::iter::once(name.to_owned())
        .chain(Measure::ALL.map(|measure| format!("{:.4}", scores.get(measure))))
        .collect()
}

/// Columns of equal width as a terminal shows them, the first to the left, numbers to the right;
/// what is to the right of the header's columns is text.
fn table(out: &mut impl Write, rows: &[Vec<String>]) -> io::Result<()> {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| measure_text_width(cell))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let Some(width) = widths.get(column) else {
                line += "  ";
                line += cell;
                continue;
            };
            let padding = " ".repeat(width.saturating_sub(measure_text_width(cell)));
            if column == 0 {
                line += cell;
                line += &padding;
            } else {
                line += "  ";
                line += &padding;
                line += cell;
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// How many queries are done, on standard error where that is a terminal and it takes a while.
struct QueryBar {
    started: Instant,
    queries: u64,
    bar: Mutex<Option<ProgressBar>>,
}

impl QueryBar {
    /// How long a run may take before it shows how far it is.
    const PATIENCE: Duration = Duration::from_secs(1);

    fn new(queries: usize) -> Self {
        Self {
            started: Instant::now(),
            queries: queries as u64,
            bar: Mutex::new(None),
        }
    }

    fn show(&self, done: usize) {
        if self.started.elapsed() < Self::PATIENCE {
            return;
        }
        if let Ok(mut slot) = self.bar.lock() {
            let bar = slot.get_or_insert_with(|| {
                let bar =
                    ProgressBar::with_draw_target(Some(self.queries), ProgressDrawTarget::stderr());
                if let Ok(style) =
                    ProgressStyle::with_template("检索 {wide_bar} {pos}/{len}，剩余 {eta}")
                {
                    bar.set_style(style);
                }
                bar
            });
            bar.set_position(done as u64);
        }
    }
}

impl Drop for QueryBar {
    fn drop(&mut self) {
        if let Ok(mut slot) = self.bar.lock()
            && let Some(bar) = slot.take()
        {
            bar.finish_and_clear();
        }
    }
}

fn depth(text: &str) -> Result<usize, String> {
    number(text, 10_000)
}

fn threads(text: &str) -> Result<usize, String> {
    number(text, 256)
}

fn number(text: &str, most: usize) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
        .ok_or_else(|| format!("应为 1 至 {most} 的整数"))
}

fn matching(text: &str) -> Result<Match, String> {
    match text {
        "smart" => Ok(Match::Smart),
        "exact" => Ok(Match::Exact),
        _ => Err("应为 smart 或 exact".to_owned()),
    }
}
