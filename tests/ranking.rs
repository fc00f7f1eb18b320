//! Search behaviour as data: each folder of `tests/cases/` is a claim.
//!
//! `reports.txt` is the corpus; `searches.toml` lists searches, each with what it claims, the
//! query, and the passages expected in order, named by tagline and path (`甲篇#2`, `甲篇#0` for the
//! overview). `hits` is all of them in order, `first` only how they begin, `total` their number,
//! `relaxed` whether the answer says that not all words were held. Adding a case takes no code.

use std::fs;

use cesou::search::{Match, Request};
use serde::Deserialize;

use crate::support::{Indexed, SEED, root};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    search: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    claim: String,
    query: String,
    #[serde(default)]
    exact: bool,
    hits: Option<Vec<String>>,
    first: Option<Vec<String>>,
    total: Option<usize>,
    relaxed: Option<bool>,
}

#[test]
fn searches_find_what_the_cases_say() {
    let mut ran = 0;
    for folder in fs::read_dir(root().join("tests/cases")).expect("the cases are there") {
        let folder = folder.expect("a readable folder").path();
        let reports = fs::read_to_string(folder.join("reports.txt")).expect("reports.txt");
        let cases = fs::read_to_string(folder.join("searches.toml")).expect("searches.toml");
        let cases: Cases =
            toml::from_str(&cases).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let indexed = Indexed::of_files(&[("reports.txt", &reports)]);
        for case in cases.search {
            run(&indexed, &case);
            ran += 1;
        }
    }
    assert!(ran > 0);
}

fn run(indexed: &Indexed, case: &Case) {
    let claim = &case.claim;
    let response = indexed.search(&Request {
        text: case.query.clone(),
        matching: if case.exact {
            Match::Exact
        } else {
            Match::Smart
        },
        per_page: 100,
        ..Request::default()
    });
    let found: Vec<String> = response
        .hits
        .iter()
        .map(|hit| {
            let path = hit.passage.dotted_path();
            let path = if path.is_empty() {
                "0".to_owned()
            } else {
                path
            };
            let title = hit.report.tagline.as_ref().unwrap_or(&hit.report.title);
            format!("{title}#{path}")
        })
        .collect();
    if let Some(hits) = &case.hits {
        assert_eq!(&found, hits, "{claim}: {}", case.query);
    }
    if let Some(first) = &case.first {
        let found = &found[..first.len().min(found.len())];
        assert_eq!(found, first, "{claim}: {}", case.query);
    }
    if let Some(total) = case.total {
        assert_eq!(response.total, total, "{claim}: {} {found:?}", case.query);
    }
    if let Some(relaxed) = case.relaxed {
        assert_eq!(
            response.relaxed.is_some(),
            relaxed,
            "{claim}: {}",
            case.query
        );
    }
}

#[test]
fn hits_with_every_word_come_before_those_with_some() {
    for query in [
        "教师交流轮岗",
        "优质高中指标到校",
        "石家庄 教育扶贫",
        "校长 教师 流动 机制",
    ] {
        let hits = SEED.all(&Request {
            text: query.to_owned(),
            ..Request::default()
        });
        let complete: Vec<bool> = hits.iter().map(|hit| hit.complete).collect();
        assert!(
            complete.is_sorted_by(|left, right| left >= right),
            "{query}: {complete:?}"
        );
        for hit in &hits {
            assert_eq!(
                hit.complete,
                hit.missing.is_empty(),
                "{query}: {:?}",
                hit.missing
            );
        }
    }
}

#[test]
fn an_explanation_adds_up_to_the_score() {
    for query in [
        "教师交流",
        "教师交流轮岗",
        "石家庄 教育扶贫",
        "海淀区 高校 合作",
        "\"均衡发展\" 教师",
    ] {
        let response = SEED.search(&Request {
            text: query.to_owned(),
            explain: true,
            ..Request::default()
        });
        assert!(!response.hits.is_empty(), "{query}");
        for hit in response.hits {
            let parts = hit.explanation.expect("it was asked for");
            let sum: f32 = parts.iter().map(|part| part.score).sum();
            let distance = (sum - hit.score).abs();
            assert!(
                distance < 1e-3 * hit.score.max(1.0),
                "{query}: {sum} {}",
                hit.score
            );
        }
    }
}

#[test]
fn ties_stand_in_the_order_of_the_corpus() {
    let text: String = (0..40)
        .map(|_| "泰州市:同样的话\n\n一、办好学校。教师交流。\n\n")
        .collect();
    let indexed = Indexed::of_files(&[("a.txt", &text), ("b.txt", &text)]);
    let hits = indexed.all(&Request {
        text: "教师交流".to_owned(),
        ..Request::default()
    });
    let places: Vec<(String, usize)> = hits
        .iter()
        .map(|hit| (hit.report.source.clone(), hit.passage.range.start))
        .collect();
    assert_eq!(places.len(), 80);
    assert!(places.is_sorted(), "{places:?}");
}
