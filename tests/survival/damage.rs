//! One flipped bit anywhere in the index and the store, torn ends, and what is half there.

use std::fs;
use std::path::Path;

use cesou::corpus::Corpus;
use cesou::index::{self, Opened, Texts};
use cesou::search::{self, Facet, Match, Request};
use cesou::store::{Content, Options, Store, TaskKind, Write};
use tempfile::TempDir;

use super::{Random, files, is_long, report};
use crate::support::{corpus_of, index_options, options};

/// A corpus, an index and a store with reports of all kinds.
struct Lab {
    corpus: TempDir,
    folder: TempDir,
}

impl Lab {
    fn new() -> Self {
        let lab = Self {
            corpus: corpus_of(&[
                (
                    "a.txt",
                    "沈阳市:甲乙\n\n概述。\n\n一、教师交流。教师交流轮岗，投入3亿元。\n",
                ),
                ("b.txt", "亳州市:丙丁\n\n一、经费。教育经费2016年增长8%。\n"),
            ]),
            folder: tempfile::tempdir().unwrap(),
        };
        // Loading it takes longer than all the rest, and it is the same each time.
        fs::remove_file(lab.corpus.path().join("dictionary.txt")).unwrap();
        let (store, _) = Store::open(&lab.store(), &small()).unwrap();
        for version in 0..8 {
            let id = format!("s{}", version % 5);
            let content = Content {
                text: report(&id, version),
                ..Content::default()
            };
            store
                .append(TaskKind::Put, vec![Write::put(&id, content)])
                .unwrap();
        }
        store
            .append(TaskKind::Delete, vec![Write::delete("s4")])
            .unwrap();
        drop(store);
        // Two generations, the later of which shares files with the one before.
        drop(lab.open());
        let (store, _) = Store::open(&lab.store(), &small()).unwrap();
        let content = Content {
            text: report("s9", 3),
            ..Content::default()
        };
        store
            .append(TaskKind::Put, vec![Write::put("s9", content)])
            .unwrap();
        drop(store);
        drop(lab.open());
        lab
    }

    fn store(&self) -> std::path::PathBuf {
        self.folder.path().join("store")
    }

    fn index(&self) -> std::path::PathBuf {
        self.folder.path().join("index")
    }

    /// Opens all as `serve` does; what is damaged besides.
    fn open(&self) -> (Opened, usize) {
        let (store, damages) = Store::open(&self.store(), &small()).unwrap();
        let corpus = Corpus::open(self.corpus.path(), 1 << 30).unwrap();
        let texts = Texts {
            corpus: &corpus,
            sent: Some(&store),
        };
        let index = self.index();
        let (opened, refused) =
            index::open_in_force(texts, &index, &index_options(), &|_| {}).unwrap();
        assert!(refused.is_empty());
        let places = damages.len() + opened.damaged.len();
        (opened, places)
    }
}

fn small() -> Options {
    Options {
        min_free_bytes: 0,
        ..Options::default()
    }
}

/// Everything that searches say.
fn answers(opened: &Opened) -> Vec<String> {
    let mut said = Vec::new();
    for (text, matching) in [
        ("", Match::Smart),
        ("教师交流", Match::Smart),
        ("教师交流", Match::Exact),
        ("轮岗，版本6", Match::Exact),
        ("jiaoshi", Match::Smart),
        ("经费 2016年", Match::Smart),
        ("投入 1亿元以上", Match::Smart),
    ] {
        let request = Request {
            text: text.to_owned(),
            matching,
            facets: Facet::ALL.to_vec(),
            per_page: 1000,
            ..Request::default()
        };
        let found = search::search(&opened.snapshot, &request, &options()).unwrap();
        said.push(format!("{text} {}", found.total));
        for hit in &found.hits {
            said.push(format!("{} {:?}", hit.passage.id, hit.passage.text));
        }
        for (facet, values) in &found.facets {
            let counts: Vec<_> = values
                .iter()
                .map(|value| (&value.value, value.count))
                .collect();
            said.push(format!("{} {counts:?}", facet.as_str()));
        }
    }
    for report in opened.snapshot.reports() {
        said.push(format!("{} {}", report.id, report.title));
    }
    said
}

fn copy(from: &Path, to: &Path) {
    for path in files(from) {
        let to = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&path, to).unwrap();
    }
}

#[test]
fn a_flipped_bit_anywhere_leads_to_no_wrong_answer() {
    let lab = Lab::new();
    let (opened, damaged) = lab.open();
    assert_eq!(damaged, 0);
    let expected = answers(&opened);
    drop(opened);
    let pristine = tempfile::tempdir().unwrap();
    copy(lab.folder.path(), pristine.path());
    let all = files(pristine.path());
    let sizes: Vec<u64> = all
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .collect();
    let mut random = Random(0xB17 ^ (u64::from(std::process::id()) << 8));
    let rounds = if is_long() { 5000 } else { 500 };
    let mut noticed = 0;
    for round in 0..rounds {
        // Half of them anywhere, half in a file at random, so that small files have their turn.
        let (path, at) = if round % 2 == 0 {
            let mut at = random.below(sizes.iter().sum());
            let place = sizes.iter().position(|size| {
                let here = at < *size;
                at -= if here { 0 } else { *size };
                here
            });
            (&all[place.unwrap()], at)
        } else {
            let place = usize::try_from(random.below(all.len() as u64)).unwrap();
            (&all[place], random.below(sizes[place]))
        };
        let relative = path.strip_prefix(pristine.path()).unwrap();
        let harmed = lab.folder.path().join(relative);
        let mut bytes = fs::read(&harmed).unwrap();
        bytes[usize::try_from(at).unwrap()] ^= 1 << random.below(8);
        // As a new file: the pristine one may be shared by two generations.
        fs::remove_file(&harmed).unwrap();
        fs::write(&harmed, bytes).unwrap();
        let (opened, damaged) = lab.open();
        assert_eq!(
            answers(&opened),
            expected,
            "{} byte {at}",
            relative.display()
        );
        noticed += usize::from(damaged > 0);
        drop(opened);
        if damaged > 0 {
            // All as it was, whatever was made anew.
            for folder in ["index", "store"] {
                fs::remove_dir_all(lab.folder.path().join(folder)).unwrap();
            }
            copy(pristine.path(), lab.folder.path());
        } else {
            fs::copy(path, &harmed).unwrap();
        }
    }
    // A bit in the generation before the one in force is noticed when that is needed.
    assert!(
        noticed * 3 > rounds,
        "only {noticed} of {rounds} were noticed"
    );
}

#[test]
fn what_is_torn_or_half_there_is_got_over() {
    type Harm = fn(&Lab);
    fn log(lab: &Lab) -> std::path::PathBuf {
        files(&lab.store()).pop().unwrap()
    }
    fn generations(lab: &Lab) -> Vec<std::path::PathBuf> {
        let mut found: Vec<_> = fs::read_dir(lab.index())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .collect();
        found.sort();
        found
    }
    let cases: [(&str, Harm); 8] = [
        ("a torn write at the end of the store", |lab| {
            let path = log(lab);
            let mut bytes = fs::read(&path).unwrap();
            let torn = bytes[..200].to_vec();
            bytes.extend(torn);
            fs::write(path, bytes).unwrap();
        }),
        ("noise at the end of the store", |lab| {
            let path = log(lab);
            let mut bytes = fs::read(&path).unwrap();
            bytes.extend([0; 4096]);
            fs::write(path, bytes).unwrap();
        }),
        ("a half-written generation", |lab| {
            let half = lab.index().join("building-1");
            fs::create_dir(&half).unwrap();
            fs::write(half.join("meta.json"), "{").unwrap();
        }),
        ("a half-written generation under a final name", |lab| {
            let half = lab.index().join("000009-0123abcd");
            fs::create_dir(&half).unwrap();
            fs::write(half.join("meta.json"), "{").unwrap();
            fs::write(lab.index().join("current"), "000009-0123abcd\n").unwrap();
        }),
        ("a missing manifest", |lab| {
            fs::remove_file(generations(lab).pop().unwrap().join("manifest")).unwrap();
        }),
        ("no manifest at all", |lab| {
            for generation in generations(lab) {
                fs::remove_file(generation.join("manifest")).unwrap();
            }
        }),
        ("a half-written rewriting of the store", |lab| {
            let half = lab.store().join("building-000002");
            fs::create_dir(&half).unwrap();
            fs::write(half.join("000001.log"), [7; 100]).unwrap();
        }),
        ("files of a later time", |lab| {
            let future = std::time::SystemTime::now() + std::time::Duration::from_secs(1 << 28);
            for path in files(lab.folder.path())
                .into_iter()
                .chain(files(lab.corpus.path()))
            {
                let file = fs::File::options().write(true).open(path).unwrap();
                file.set_modified(future).unwrap();
            }
        }),
    ];
    for (claim, harm) in cases {
        let lab = Lab::new();
        let expected = answers(&lab.open().0);
        harm(&lab);
        let (opened, _) = lab.open();
        assert_eq!(answers(&opened), expected, "{claim}");
        drop(opened);
        // And again, from what was left.
        assert_eq!(answers(&lab.open().0), expected, "{claim}");
    }
}

#[test]
fn a_file_that_changes_while_the_clock_goes_back_is_taken_in() {
    let lab = Lab::new();
    drop(lab.open());
    let path = lab.corpus.path().join("reports/b.txt");
    let before = path.metadata().unwrap();
    let text = fs::read_to_string(&path).unwrap().replace("8%", "9%");
    fs::write(&path, text).unwrap();
    let earlier = before.modified().unwrap() - std::time::Duration::from_secs(86_400);
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(earlier).unwrap();
    assert_eq!(path.metadata().unwrap().len(), before.len());
    let (opened, _) = lab.open();
    assert!(answers(&opened).iter().any(|line| line.contains("增长9%")));
}
