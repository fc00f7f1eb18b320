//! What each fuzz target does with the bytes it is given; it panics where a promise is broken.
//!
//! The bodies are plain functions, so that the same ones are run by libFuzzer (`fuzz/targets/`),
//! over the kept corpus and mutations of it by the ordinary tests (`tests/fuzz.rs`), and by whoever
//! has a file that crashes one. Beyond not panicking, each asserts what the module it is of promises.

use std::path::Path;
use std::sync::LazyLock;

use cesou::analysis::Normalized;
use cesou::corpus::{self, Corpus, DictionaryWord, Given, Rules};
use cesou::index::{self, Options, PassageRecord, Snapshot};
use cesou::passage;
use cesou::pin::{MAX_PASSAGES, Pins};
use cesou::query::{self, Needle};
use cesou::report::{Kind, Report, Span};
use cesou::search::{self, Facet, Highlighter, Match, Request};
use cesou::synonym::Synonyms;
use cesou::theme::Taxonomy;

/// A body.
pub(crate) type Body = fn(&[u8]);

/// Every target by its name, which is that of its file and of the folder of its kept inputs.
pub(crate) const ALL: [(&str, Body); 11] = [
    ("boilerplate", boilerplate),
    ("decode", decode),
    ("dictionary", dictionary),
    ("filter", filter),
    ("pins", pins),
    ("query", query),
    ("search", search),
    ("snippet", snippet),
    ("split", split),
    ("synonyms", synonyms),
    ("themes", themes),
];

/// Longer inputs show nothing that shorter ones do not.
const MOST: usize = 16 << 10;

/// What a text is tried on that rules, synonyms and themes are looked for in.
const SAMPLE: &str = "河北省石家庄市：推进教师交流轮岗\n来源：教育部\n\n　　一、统筹编制。2024年，\
    全区共有学校86所，“区管校聘”全面推开。\n　　（一）结对共享；投入3.5亿元。\n二、完善考核。不低于40%。\n\
    打印 关闭窗口\n责任编辑：张三\n";

fn text(data: &[u8]) -> String {
    let data = data.get(..MOST).unwrap_or(data);
    String::from_utf8_lossy(data).into_owned()
}

/// Bytes to text: nothing unclean comes out, and what came out is left alone.
pub(crate) fn decode(data: &[u8]) {
    let Ok(found) = corpus::decode(data.get(..MOST).unwrap_or(data)) else {
        return;
    };
    assert!(
        !found.text.contains(is_unclean),
        "unclean: {:?}",
        found.text
    );
    assert!(!found.text.trim().is_empty(), "blank text is refused");
    let again = corpus::decode(found.text.as_bytes()).map(|found| found.text);
    assert_eq!(again, Ok(found.text), "decoded again it is another text");
}

fn is_unclean(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(
            c,
            '\u{A0}'
                | '\u{AD}'
                | '\u{61C}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
        )
}

/// A file to reports to passages. The first byte says how long a passage may be.
pub(crate) fn split(data: &[u8]) {
    let (first, rest) = data
        .split_first()
        .map_or((0, data), |(first, rest)| (*first, rest));
    let max_chars = 1 + usize::from(first) * 5;
    let Ok(read) = corpus::read_bytes("a.txt", rest.get(..MOST).unwrap_or(rest)) else {
        return;
    };
    check_passages(&read.text, &read.reports, max_chars);
}

/// In order, without overlap, and nothing left out but blanks and reported boilerplate.
fn check_passages(text: &str, reports: &[Report], max_chars: usize) {
    let mut covered = vec![false; text.len()];
    let mut end = 0;
    for report in reports {
        assert_eq!(report.range.of(text), report.text, "the report's range");
        let mut cover = |span: Span| {
            let span = span.shifted(report.range.start);
            assert!(text.get(span.start..span.end).is_some(), "whole characters");
            covered[span.start..span.end].fill(true);
            span
        };
        let (passages, _) = passage::split(report, max_chars);
        for passage in &passages {
            let span = cover(passage.range);
            assert!(span.start >= end, "in order, without overlap");
            end = span.end;
            for paragraph in &passage.paragraphs {
                assert!(passage.range.start <= paragraph.start, "within its passage");
                assert!(paragraph.end <= passage.range.end, "within its passage");
            }
            let record = index::record(report, passage, &Taxonomy::empty());
            assert!(
                record.text.contains(record.body()),
                "the body is of the text"
            );
        }
        let mut ids: Vec<String> = passages.iter().map(passage_id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), passages.len(), "each has an id of its own");
        for boilerplate in &report.boilerplate {
            cover(boilerplate.range);
        }
    }
    for (at, c) in text.char_indices() {
        assert!(
            covered[at] || c.is_whitespace(),
            "{c:?} at {at} is left out"
        );
    }
}

fn passage_id(passage: &cesou::report::Passage) -> String {
    let id = passage.id_suffix();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    assert!(id.chars().all(is_plain), "{id:?} may stand in an address");
    id
}

/// A query is a tree, whatever it is, and nothing that can be searched for is lost.
pub(crate) fn query(data: &[u8]) {
    let text = text(data);
    let parsed = query::parse(&text);
    let clauses = parsed.groups.iter().flat_map(|group| {
        assert!(!group.any.is_empty(), "a group of nothing");
        &group.any
    });
    for clause in clauses.chain(&parsed.excluded) {
        assert!(
            is_searchable(clause.form.text()),
            "{clause:?} finds nothing"
        );
    }
    let is_empty = parsed.groups.is_empty() && parsed.excluded.is_empty();
    assert_eq!(is_searchable(&text), !is_empty, "what can be searched for");
}

fn is_searchable(text: &str) -> bool {
    let mut folded = text.chars().filter_map(cesou::fold::fold);
    folded.any(cesou::fold::is_searchable)
}

/// An index of three reports, for [`search`].
static INDEX: LazyLock<Snapshot> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("cesou-fuzz-{}", std::process::id()));
    // Built as a target or as a test, it stands in one of two folders.
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = if own.ends_with("fuzz") {
        own.join("..")
    } else {
        own.to_owned()
    };
    let vocabulary = Corpus::open(&root.join("corpus"), 1 << 20).expect("the project's corpus");
    let mut reports = corpus::reports("a.txt", SAMPLE).0;
    reports.extend(corpus::reports("b.txt", "山西省晋中市：办好学校\n一、教师交流。轮岗。\n").0);
    reports.extend(corpus::reports("c.txt", "某处\n１．Wi-Fi 覆盖 86 所。\n").0);
    let cut: Vec<_> = reports
        .into_iter()
        .map(|report| {
            let passages = passage::split(&report, 1200).0;
            (report, passages)
        })
        .collect();
    let options = Options {
        max_chars: 1200,
        memory_bytes: 32 << 20,
        threads: 1,
    };
    let vocabulary = Some(&vocabulary);
    let built = index::build_from(cut.into_iter(), vocabulary, &folder, &options, &|_| {});
    let built = built.expect("an index of three reports");
    // What is opened stays readable.
    let _ = std::fs::remove_dir_all(folder);
    built
});

/// A query is compiled, run and marked; the first byte says how it is understood. What exact finds,
/// smart finds too.
pub(crate) fn search(data: &[u8]) {
    let (first, rest) = data
        .split_first()
        .map_or((0, data), |(first, rest)| (*first, rest));
    let request = Request {
        text: text(rest.get(..1024).unwrap_or(rest)),
        rewrites: first & 1 == 0,
        relax: first & 2 == 0,
        explain: first & 4 != 0,
        by_report: first & 8 != 0,
        facets: if first & 16 != 0 {
            vec![Facet::Province, Facet::Theme]
        } else {
            Vec::new()
        },
        ..Request::default()
    };
    let options = search::Options::from(&cesou::config::Settings::default().search);
    let run = |request: &Request| {
        let answer = search::search(&INDEX, request, &options);
        answer.expect("every query is answered")
    };
    let smart = run(&request);
    for hit in &smart.hits {
        check_marked(&hit.snippet.text, &hit.snippet.html);
        assert!(hit.score.is_finite(), "a score is a number");
    }
    let exact = run(&Request {
        matching: Match::Exact,
        ..request.clone()
    });
    let has_syntax = query::parse(&request.text).has_syntax;
    if !has_syntax && !request.by_report && is_searchable(&request.text) {
        for hit in &exact.hits {
            let id = &hit.passage.id;
            let found = smart.hits.iter().any(|hit| hit.passage.id == *id);
            assert!(found, "{:?} finds {id} exactly only", request.text);
        }
    }
}

/// A filter of the API for other makers' clients is read, or refused in a sentence.
pub(crate) fn filter(data: &[u8]) {
    if let Some(fault) = cesou::http::filter_fault(&text(data)) {
        assert!(!fault.is_empty(), "a refusal says why");
        assert!(fault.chars().count() < 1000, "and says it shortly");
        assert!(!fault.chars().any(char::is_control), "on one line");
    }
}

/// The tokenizer's words: understood whole, or refused with the line.
pub(crate) fn dictionary(data: &[u8]) {
    let text = text(data);
    match DictionaryWord::read(&text) {
        Ok(words) => assert!(words.len() <= text.lines().count(), "one word a line"),
        Err((line, message)) => {
            check_line(&text, line);
            assert!(!message.is_empty(), "a refusal says why");
        }
    }
}

/// Synonyms are understood whole, or refused with the line; what is found fits the text.
pub(crate) fn synonyms(data: &[u8]) {
    let text = text(data);
    match Synonyms::from_toml(&text) {
        Err(error) => {
            check_line(&text, error.line);
            assert!(!error.to_string().is_empty(), "a refusal says why");
        }
        Ok(synonyms) => {
            for looked in [SAMPLE, &text] {
                let normalized = Normalized::new(looked);
                let length = normalized.as_str().chars().count();
                for found in synonyms.find(normalized.as_str()) {
                    assert!(found.start < found.end && found.end <= length, "{found:?}");
                    assert!(!found.to.is_empty(), "{found:?}");
                }
            }
        }
    }
}

/// Pins are understood whole, or refused with the line; what they say is found again.
pub(crate) fn pins(data: &[u8]) {
    let text = text(data);
    match Pins::from_toml(&text) {
        Err(error) => {
            check_line(&text, error.line);
            assert!(!error.to_string().is_empty(), "a refusal says why");
        }
        Ok(pins) => {
            assert!(
                pins.of(&text).len() <= MAX_PASSAGES,
                "no more than a page has"
            );
            assert_eq!(pins.queries() > 0, !pins.digest().is_empty());
        }
    }
}

/// A taxonomy is understood whole, or refused with the line; scores are numbers, in order.
pub(crate) fn themes(data: &[u8]) {
    let text = text(data);
    match Taxonomy::from_toml(&text) {
        Err(error) => {
            check_line(&text, error.line);
            assert!(!error.to_string().is_empty(), "a refusal says why");
        }
        Ok(taxonomy) => {
            let themes = taxonomy.assign(SAMPLE, &text);
            assert!(
                themes.iter().all(|theme| theme.score.is_finite()),
                "{themes:?}"
            );
            assert!(themes.is_sorted_by(|a, b| a.score >= b.score), "{themes:?}");
            for theme in taxonomy.themes() {
                assert_eq!(
                    taxonomy.path(&theme.id).last().map(|it| &it.id),
                    Some(&theme.id)
                );
            }
        }
    }
}

/// Rules are understood whole, or refused with the line; what they leave out is reported.
pub(crate) fn boilerplate(data: &[u8]) {
    let text = text(data);
    match Rules::from_toml(&text) {
        Err(error) => {
            check_line(&text, error.line);
            assert!(!error.message.is_empty(), "a refusal says why");
        }
        Ok(rules) => {
            let given = Given::default();
            let (reports, _) = corpus::reports_with("a.txt", SAMPLE, &given, &rules);
            check_passages(SAMPLE, &reports, 1200);
        }
    }
}

/// A text, and what is marked in it: the first line holds the words, separated by blanks; the first
/// byte, how long the snippet may be.
pub(crate) fn snippet(data: &[u8]) {
    let (first, rest) = data
        .split_first()
        .map_or((1, data), |(first, rest)| (*first, rest));
    let limit = usize::from(first).max(1);
    let text = text(rest);
    let (words, text) = text.split_once('\n').unwrap_or((&text, ""));
    let needles: Vec<Needle> = words
        .split_whitespace()
        .take(16)
        .map(Needle::word)
        .collect();
    let highlighter = Highlighter::new(&needles);
    let passage = PassageRecord {
        id: "p".to_owned(),
        report: "r".to_owned(),
        kind: Kind::Measure,
        path: vec![1],
        part: 1,
        parts: 1,
        text: text.to_owned(),
        heading: None,
        parents: Vec::new(),
        heading_path: Vec::new(),
        paragraphs: vec![Span::new(0, text.len())],
        range: Span::new(0, text.len()),
        themes: Vec::new(),
        years: Vec::new(),
        quantities: Vec::new(),
    };
    let cut = highlighter.snippet(&passage, limit);
    check_marked(&cut.text, &cut.html);
    assert_eq!(cut.matched, cut.html.contains("<mark>"), "{cut:?}");
    let whole = highlighter.mark(text);
    check_marked(&whole.text, &whole.html);
    let mut end = 0;
    for span in highlighter.spans(text) {
        assert!(text.get(span.start..span.end).is_some(), "whole characters");
        assert!(
            span.start >= end && span.end > span.start,
            "in order, apart"
        );
        end = span.end;
    }
    let cropped = highlighter.crop(text, limit);
    assert!(
        text.get(cropped.start..cropped.end).is_some(),
        "whole characters"
    );
}

/// Marks are the only markup, each closed, and without them it is the text.
fn check_marked(text: &str, html: &str) {
    let bare = html.replace("<mark>", "").replace("</mark>", "");
    assert!(
        !bare.contains(['<', '>', '"', '\'']),
        "other markup in {html:?}"
    );
    let bare = bare.replace("&lt;", "<").replace("&gt;", ">");
    let bare = bare.replace("&quot;", "\"").replace("&#39;", "'");
    assert_eq!(bare.replace("&amp;", "&"), text, "{html:?}");
    let (opened, closed) = (html.matches("<mark>"), html.matches("</mark>"));
    assert_eq!(opened.count(), closed.count(), "{html:?}");
}

/// A refusal names a line of the text, or the one after its end.
fn check_line(text: &str, line: usize) {
    let most = text.lines().count().max(1) + 1;
    assert!((1..=most).contains(&line), "line {line} of {most}");
}
