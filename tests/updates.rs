//! An index that takes in what changed is the same as one built from the beginning.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use cesou::index::Snapshot;
use cesou::search::{self, Facet, Match, Request, Sort};
use proptest::prelude::*;

use crate::support::{build, corpus_of, options};

/// Everything a reader can see of an index.
fn seen(snapshot: &Snapshot) -> Vec<String> {
    let mut seen = Vec::new();
    for report in snapshot.reports() {
        let passages = snapshot.passages_of(report).expect("the index can be read");
        let ids: Vec<&str> = passages.iter().map(|own| own.id.as_str()).collect();
        seen.push(format!("{} {} {ids:?}", report.source, report.id));
    }
    let built = &snapshot.manifest().build;
    seen.push(format!(
        "{} {} {} {} {:?} {:?} {:?} {:?}",
        built.files,
        built.bytes,
        built.reports,
        built.passages,
        built.skipped,
        built.boilerplate,
        built.warning_counts,
        built.warnings
    ));
    for (text, matching, sort) in [
        ("", Match::Smart, Sort::Document),
        ("", Match::Smart, Sort::Region),
        ("教师", Match::Smart, Sort::Document),
        ("教师 交流", Match::Smart, Sort::Document),
        ("交流轮岗", Match::Exact, Sort::Document),
        ("jiaoshi", Match::Smart, Sort::Document),
    ] {
        let request = Request {
            text: text.to_owned(),
            matching,
            sort,
            facets: Facet::ALL.to_vec(),
            per_page: 1000,
            ..Request::default()
        };
        let found = search::search(snapshot, &request, &options()).expect("the index can be read");
        let ids: Vec<&str> = found
            .hits
            .iter()
            .map(|hit| hit.passage.id.as_str())
            .collect();
        seen.push(format!("{text} {} {ids:?}", found.total));
        for (facet, values) in &found.facets {
            let counts: Vec<(&str, u64)> = values
                .iter()
                .map(|value| (value.value.as_str(), value.count))
                .collect();
            seen.push(format!("{text} {} {counts:?}", facet.as_str()));
        }
    }
    seen
}

/// What is done to a corpus.
#[derive(Debug, Clone)]
enum Step {
    Write {
        file: u8,
        text: u8,
    },
    Remove {
        file: u8,
    },
    /// A file that is no text.
    Spoil {
        file: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..6, 0_u8..5).prop_map(|(file, text)| Step::Write { file, text }),
        2 => (0_u8..6).prop_map(|file| Step::Remove { file }),
        1 => (0_u8..6).prop_map(|file| Step::Spoil { file }),
    ]
}

fn text(number: u8) -> String {
    let regions = ["沈阳市", "成都市", "海淀区", "芦溪县", "无名之地"];
    let region = regions[usize::from(number) % regions.len()];
    let measures = ["教师交流轮岗", "教师培训", "经费投入", "交流办学"];
    let mut text = format!("{region}:报告{number}\n概述，教师若干。\n");
    for (at, measure) in measures.iter().enumerate().take(usize::from(number)) {
        let numeral = ["一", "二", "三", "四"][at];
        let _ = writeln!(
            text,
            "{numeral}、{measure}。在{region}推进{measure}，2014年完成。"
        );
    }
    text
}

fn apply(reports: &Path, step: &Step) {
    let path = |file: &u8| reports.join(format!("f{file}.txt"));
    match step {
        Step::Write { file, text: number } => fs::write(path(file), text(*number)),
        Step::Spoil { file } => fs::write(path(file), b"%PDF-1.4\0\0"),
        Step::Remove { file } => fs::remove_file(path(file)).or(Ok(())),
    }
    .expect("the corpus can be written");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn an_updated_index_is_as_one_built_anew(
        rounds in prop::collection::vec(prop::collection::vec(step(), 1..4), 1..6),
    ) {
        let corpus = corpus_of(&[("f0.txt", &text(2)), ("f3.txt", &text(3))]);
        let index = tempfile::tempdir().expect("a temporary folder");
        let mut served = build(corpus.path(), index.path()).expect("the corpus can be indexed");
        search::prepare(&served, None).expect("the index can be read");
        for steps in rounds {
            for step in &steps {
                apply(&corpus.path().join("reports"), step);
            }
            let updated = build(corpus.path(), index.path()).expect("the index can be updated");
            // As the service does, which keeps what it can from one generation to the next.
            search::prepare(&updated, Some(&served)).expect("the index can be read");
            let anew = tempfile::tempdir().expect("a temporary folder");
            let anew = build(corpus.path(), anew.path()).expect("the corpus can be indexed");
            prop_assert_eq!(seen(&updated), seen(&anew), "after {:?}", steps);
            served = updated;
        }
    }
}

#[test]
fn files_that_did_not_change_are_not_read_again() {
    let files: Vec<(String, String)> = (0..20)
        .map(|n| (format!("f{n}.txt"), text(n % 5)))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let corpus = corpus_of(&files);
    let index = tempfile::tempdir().expect("a temporary folder");
    let before = build(corpus.path(), index.path()).expect("the corpus can be indexed");
    fs::write(corpus.path().join("reports/g.txt"), text(4)).expect("a file can be written");
    let after = build(corpus.path(), index.path()).expect("the index can be updated");
    let files = |snapshot: &Snapshot| -> Vec<String> {
        let folder = index.path().join(snapshot.name());
        let names = fs::read_dir(folder).expect("the generation is there");
        names
            .map(|name| {
                name.expect("a name")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .filter(|name| {
                Path::new(name)
                    .extension()
                    .is_some_and(|end| end == "store")
            })
            .collect()
    };
    let (before, after) = (files(&before), files(&after));
    assert!(
        before.iter().all(|segment| after.contains(segment)),
        "{before:?} {after:?}"
    );
    assert_eq!(after.len(), before.len() + 1);
}
