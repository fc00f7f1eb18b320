//! Generations: what is served, what is rebuilt, what is refused.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use cesou::index::{Error, Snapshot};
use cesou::search::{self, Match, Request};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support::{build, corpus_of, options};

const TEXT: &str = "泰州市:甲乙\n\n概述。\n\n一、教师交流。教师交流轮岗。\n\n二、经费。教育经费。";

struct Lab {
    corpus: TempDir,
    index: TempDir,
}

impl Lab {
    fn new() -> Self {
        Self {
            corpus: corpus_of(&[("a.txt", TEXT)]),
            index: tempfile::tempdir().unwrap(),
        }
    }

    fn open(&self) -> Snapshot {
        build(self.corpus.path(), self.index.path()).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.corpus.path().join(name), text).unwrap();
    }

    fn generations(&self) -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> = fs::read_dir(self.index.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .collect();
        found.sort();
        found
    }
}

fn total(snapshot: &Snapshot, text: &str) -> usize {
    let request = Request {
        text: text.to_owned(),
        matching: Match::Exact,
        ..Request::default()
    };
    search::search(snapshot, &request, &options())
        .unwrap()
        .total
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| fs::metadata(path).unwrap().len() > 0)
        .collect();
    files.sort();
    files
}

#[test]
fn an_index_that_is_up_to_date_is_opened_not_built() {
    let lab = Lab::new();
    let first = lab.open().name().to_owned();
    assert_eq!(lab.open().name(), first);
}

#[test]
fn whatever_the_index_depends_on_leads_to_a_new_generation() {
    let lab = Lab::new();
    let mut names = vec![lab.open().name().to_owned()];
    let changes: [(&str, &str); 4] = [
        ("reports/a.txt", "泰州市:甲乙\n\n一、教师。教师交流。"),
        ("reports/b.txt", "亳州市:丙丁\n\n一、教师。教师交流。"),
        ("dictionary.txt", "泰微课\n"),
        (
            "themes.toml",
            "[[theme]]\nid = \"t\"\nlabel = \"甲\"\nterms = [\"教师\"]\n",
        ),
    ];
    for (name, text) in changes {
        lab.write(name, text);
        let now = lab.open().name().to_owned();
        assert!(!names.contains(&now), "after {name}");
        names.push(now);
    }
    fs::remove_file(lab.corpus.path().join("reports/b.txt")).unwrap();
    assert!(!names.contains(&lab.open().name().to_owned()));
    assert!(lab.generations().len() <= 2, "old generations are removed");
}

#[test]
fn ids_are_the_same_in_every_build() {
    let lab = Lab::new();
    let ids = |snapshot: &Snapshot| -> Vec<String> {
        let request = Request {
            per_page: 100,
            ..Request::default()
        };
        let found = search::search(snapshot, &request, &options()).unwrap();
        found.hits.into_iter().map(|hit| hit.passage.id).collect()
    };
    let first = ids(&lab.open());
    lab.write("reports/0.txt", "亳州市:丙丁\n\n一、教师。教师交流。");
    let second = ids(&lab.open());
    assert!(first.iter().all(|id| second.contains(id)));
}

#[test]
fn a_damaged_file_is_never_served() {
    let lab = Lab::new();
    let good = lab.open();
    let expected = total(&good, "教师交流");
    drop(good);
    let generation = lab.generations().pop().unwrap();
    for path in files(&generation) {
        let whole = fs::read(&path).unwrap();
        let mut broken = whole.clone();
        let middle = broken.len() / 2;
        broken[middle] ^= 1;
        fs::write(&path, &broken).unwrap();
        let snapshot = lab.open();
        assert_eq!(total(&snapshot, "教师交流"), expected, "{}", path.display());
        let now = lab.generations();
        assert!(now.len() > 1, "{} damaged, and not rebuilt", path.display());
        drop(snapshot);
        for other in now.into_iter().filter(|other| *other != generation) {
            fs::remove_dir_all(other).unwrap();
        }
        fs::write(&path, &whole).unwrap();
        let name = generation.file_name().unwrap().to_str().unwrap();
        fs::write(lab.index.path().join("current"), name).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_flipped_bit_anywhere_changes_no_answer(place in any::<prop::sample::Index>(), bit in 0..8) {
        let lab = Lab::new();
        drop(lab.open());
        let generation = lab.generations().pop().unwrap();
        let mut all = files(&generation);
        all.push(lab.index.path().join("current"));
        let sizes: Vec<usize> = all.iter().map(|path| fs::read(path).unwrap().len()).collect();
        let mut at = place.index(sizes.iter().sum());
        for (path, size) in all.iter().zip(sizes) {
            if at < size {
                let mut bytes = fs::read(path).unwrap();
                bytes[at] ^= 1_u8 << bit;
                fs::write(path, bytes).unwrap();
                break;
            }
            at -= size;
        }
        let snapshot = lab.open();
        prop_assert_eq!(total(&snapshot, "教师交流"), 1);
        prop_assert_eq!(total(&snapshot, ""), 3);
    }
}

#[test]
fn half_written_and_missing_parts_are_got_over() {
    type Harm = fn(&Lab);
    let cases: [(&str, Harm); 6] = [
        ("no pointer", |lab| {
            fs::remove_file(lab.index.path().join("current")).unwrap();
        }),
        ("a pointer to nothing", |lab| {
            fs::write(lab.index.path().join("current"), "000009-00000000\n").unwrap();
        }),
        ("no manifest", |lab| {
            fs::remove_file(lab.generations()[0].join("manifest")).unwrap();
        }),
        ("a file cut short", |lab| {
            let path = files(&lab.generations()[0]).pop().unwrap();
            let bytes = fs::read(&path).unwrap();
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("a build that was interrupted", |lab| {
            fs::create_dir(lab.index.path().join("building-000002")).unwrap();
            fs::write(lab.index.path().join("building-000002/x"), "x").unwrap();
            lab.write("reports/b.txt", "亳州市:丙丁\n\n一、校长。校长交流。");
        }),
        ("the whole folder gone", |lab| {
            fs::remove_dir_all(lab.index.path()).unwrap();
        }),
    ];
    for (claim, harm) in cases {
        let lab = Lab::new();
        drop(lab.open());
        harm(&lab);
        let snapshot = lab.open();
        assert_eq!(total(&snapshot, "教师交流"), 1, "{claim}");
        let left = lab.generations().into_iter().filter(|path| {
            path.file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("building")
        });
        assert_eq!(left.count(), 0, "{claim}");
    }
}

#[test]
fn an_index_of_another_schema_is_rebuilt() {
    let lab = Lab::new();
    drop(lab.open());
    let manifest = lab.generations()[0].join("manifest");
    let text = fs::read_to_string(&manifest).unwrap();
    let (_, body) = text.split_once('\n').unwrap();
    let body = body.trim_end().replace("\"schema\": ", "\"schema\": 9");
    let digest = blake3::hash(body.as_bytes()).to_hex();
    fs::write(&manifest, format!("{digest}\n{body}\n")).unwrap();
    let snapshot = lab.open();
    assert!(
        snapshot.name().starts_with("000002-"),
        "{}",
        snapshot.name()
    );
    assert_eq!(total(&snapshot, "教师交流"), 1);
}

#[test]
fn a_folder_someone_else_builds_in_is_refused() {
    let lab = Lab::new();
    let lock = File::create(lab.index.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let refused = build(lab.corpus.path(), lab.index.path())
        .err()
        .expect("refused");
    assert!(matches!(refused, Error::Locked { .. }), "{refused}");
    drop(lock);
    lab.open();
}

#[test]
fn a_failed_build_leaves_the_index_as_it_was() {
    let lab = Lab::new();
    drop(lab.open());
    lab.write("themes.toml", "[[theme]\n");
    let refused = build(lab.corpus.path(), lab.index.path())
        .err()
        .expect("refused");
    assert!(refused.to_string().contains("themes.toml"), "{refused}");
    fs::remove_file(lab.corpus.path().join("themes.toml")).unwrap();
    assert_eq!(lab.generations().len(), 1);
    lab.open();
}
