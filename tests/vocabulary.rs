//! Vocabulary files edited while the service runs, malformed ones, and what an edit may not do.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use cesou::corpus::Corpus;
use cesou::index::{self, Snapshot};
use cesou::search::{Match, Request};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    Indexed, Place, Service, Serving, build, corpus_of, index_options, seed_text,
};

const TEXT: &str = "江苏省泰州市:甲乙\n\n泰州市推进泰微课。\n\n一、教师。教师交流轮岗。\n\n二、投入。投入38亿元。\n";

fn group(words: &str) -> String {
    format!("[[group]]\nwords = [{words}]\nsource = \"s\"\n")
}

fn ready(service: &Service) -> Value {
    service.get("/readyz").json()
}

fn warnings(service: &Service) -> Vec<String> {
    let ready = ready(service);
    let all = ready["vocabulary"]["warnings"]
        .as_array()
        .expect("a list")
        .clone();
    all.iter()
        .map(|one| one.as_str().expect("text").to_owned())
        .collect()
}

/// Waits until `holds`, as long as a build may take on a busy machine.
fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < until, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn tag(service: &Service) -> String {
    service.search(&[("q", "教师")]).header("etag").to_owned()
}

/// A corpus with these synonyms, and a service that looks after it.
fn served(synonyms: &str) -> (TempDir, Service) {
    let corpus = corpus_of(&[("a.txt", TEXT)]);
    fs::write(corpus.path().join("synonyms.toml"), synonyms).unwrap();
    let service = Service::watching(corpus.path());
    (corpus, service)
}

#[test]
fn changed_synonyms_are_in_force_without_a_rebuild() {
    let (corpus, service) = served(&group("\"轮岗\", \"交流\""));
    let first = ready(&service);
    assert_eq!(first["vocabulary"]["synonym_groups"], 1);
    let path = corpus.path().join("synonyms.toml");
    let mut tags = vec![tag(&service)];
    let two = group("\"轮岗\", \"交流\"") + &group("\"经费\", \"资金\"");
    for (text, groups) in [
        (two.as_str(), 2),
        ("", 0),
        (&group("\"甲乙\", \"丙丁\""), 1),
    ] {
        fs::write(&path, text).unwrap();
        wait(text, || {
            ready(&service)["vocabulary"]["synonym_groups"] == groups
        });
        assert_eq!(ready(&service)["generation"], first["generation"]);
        let now = tag(&service);
        assert!(!tags.contains(&now), "answers may be kept no longer");
        tags.push(now);
    }
    fs::remove_file(&path).unwrap();
    wait("no file", || {
        ready(&service)["vocabulary"]["synonym_groups"] == 0
    });
    assert_eq!(warnings(&service), [] as [&str; 0]);
}

#[test]
fn malformed_synonyms_change_nothing_and_are_told() {
    let good = group("\"轮岗\", \"交流\"");
    let (corpus, service) = served(&good);
    let path = corpus.path().join("synonyms.toml");
    let tag_before = tag(&service);
    fs::write(
        &path,
        format!("{good}[[group]]\nwords = [\"甲乙\"\nsource = \"s\"\n"),
    )
    .unwrap();
    wait("a warning", || !warnings(&service).is_empty());
    let said = warnings(&service).remove(0);
    assert!(said.contains("synonyms.toml 第 "), "{said}");
    assert!(said.contains("沿用"), "{said}");
    assert_eq!(ready(&service)["vocabulary"]["synonym_groups"], 1);
    assert_eq!(tag(&service), tag_before);
    fs::write(
        &path,
        group("\"轮岗\", \"交流\"") + &group("\"经费\", \"资金\""),
    )
    .unwrap();
    wait("all well", || warnings(&service).is_empty());
    assert_eq!(ready(&service)["vocabulary"]["synonym_groups"], 2);
}

#[test]
fn a_changed_dictionary_or_taxonomy_leads_to_another_index() {
    let (corpus, service) = served("");
    let mut generations = vec![ready(&service)["generation"].clone()];
    let theme = "[[theme]]\nid = \"t\"\nlabel = \"甲\"\nterms = [\"教师\"]\n";
    for (name, text) in [
        ("dictionary.txt", "泰微课\n"),
        ("themes.toml", theme),
        ("dictionary.txt", ""),
    ] {
        let before = service
            .search(&[("q", "泰微课"), ("match", "exact")])
            .json();
        fs::write(corpus.path().join(name), text).unwrap();
        wait(name, || {
            // It answers all the while, from one generation or the other.
            let answer = service.search(&[("q", "泰微课"), ("match", "exact")]);
            assert_eq!(answer.json()["total"], before["total"], "{}", answer.body);
            !generations.contains(&ready(&service)["generation"])
        });
        generations.push(ready(&service)["generation"].clone());
    }
    wait("at rest", || {
        ready(&service)["vocabulary"]["rebuilding"] == false
    });
    let answer = service.search(&[("q", "教师交流"), ("theme", "t")]).json();
    assert_eq!(answer["total"], 1, "the new taxonomy is served: {answer}");
}

#[test]
fn a_malformed_dictionary_changes_nothing_and_is_told() {
    let (corpus, service) = served(&group("\"轮岗\", \"交流\""));
    let generation = ready(&service)["generation"].clone();
    let path = corpus.path().join("dictionary.txt");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, "泰微课\n轮岗 很多\n").unwrap();
    wait("a warning", || !warnings(&service).is_empty());
    let said = warnings(&service).remove(0);
    assert!(said.contains("dictionary.txt 第 2 行"), "{said}");
    // Synonyms go on being taken up meanwhile.
    fs::write(corpus.path().join("synonyms.toml"), "").unwrap();
    wait("synonyms", || {
        ready(&service)["vocabulary"]["synonym_groups"] == 0
    });
    assert_eq!(ready(&service)["generation"], generation);
    // As it was: nothing to build.
    fs::write(&path, good).unwrap();
    wait("all well", || warnings(&service).is_empty());
    wait("at rest", || {
        ready(&service)["vocabulary"]["rebuilding"] == false
    });
    assert_eq!(ready(&service)["generation"], generation);
}

#[test]
fn a_corpus_that_is_gone_has_not_been_emptied() {
    let (corpus, service) = served(&group("\"轮岗\", \"交流\""));
    let before = ready(&service);
    let away = corpus.path().with_extension("away");
    fs::rename(corpus.path(), &away).unwrap();
    // Many times as long as it takes to look twice.
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(ready(&service), before);
    fs::rename(&away, corpus.path()).unwrap();
    fs::write(corpus.path().join("synonyms.toml"), "").unwrap();
    wait("synonyms", || {
        ready(&service)["vocabulary"]["synonym_groups"] == 0
    });
    assert_eq!(ready(&service)["generation"], before["generation"]);
}

/// Opens the index as `serve` does.
fn open(corpus: &Path, index: &Path) -> Result<(Snapshot, Vec<String>), index::Error> {
    let corpus = Corpus::open(corpus, 1 << 30).unwrap();
    let (opened, refused) = index::open_in_force(&corpus, index, &index_options(), &|_| {})?;
    let refused = refused.iter().map(ToString::to_string).collect();
    Ok((opened.snapshot, refused))
}

#[test]
fn the_last_good_vocabulary_outlives_a_restart() {
    let malformed = [
        ("dictionary.txt", "泰微课 1 2 3\n", "dictionary.txt 第 1 行"),
        ("themes.toml", "\n[[theme]\n", "themes.toml"),
        ("synonyms.toml", "\n[[group]]\n", "synonyms.toml 第 2 行"),
        ("synonyms.toml", "\u{0}\u{1}", "synonyms.toml"),
    ];
    for (name, text, says) in malformed {
        let corpus = corpus_of(&[("a.txt", TEXT)]);
        let index = tempfile::tempdir().unwrap();
        fs::write(
            corpus.path().join("synonyms.toml"),
            group("\"轮岗\", \"交流\""),
        )
        .unwrap();
        let path = corpus.path().join(name);
        let good = fs::read(&path).unwrap();

        // Nothing to fall back on: refused, and nothing begun.
        fs::write(&path, text).unwrap();
        let error = open(corpus.path(), index.path()).err().expect("refused");
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(fs::read_dir(index.path()).unwrap().count(), 0, "{name}");

        fs::write(&path, &good).unwrap();
        let (first, refused) = open(corpus.path(), index.path()).unwrap();
        assert_eq!(refused, [] as [&str; 0]);
        assert_eq!(first.synonyms().groups(), 1);

        fs::write(&path, text).unwrap();
        let (again, refused) = open(corpus.path(), index.path()).unwrap();
        assert_eq!(again.name(), first.name());
        assert_eq!(again.synonyms().groups(), 1, "{name}");
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(refused[0].contains(says), "{refused:?}");
        // Who builds on purpose is refused.
        let error = build(corpus.path(), index.path()).err().expect("refused");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn synonyms_are_no_reason_to_rebuild() {
    let corpus = corpus_of(&[("a.txt", TEXT)]);
    let index = tempfile::tempdir().unwrap();
    let first = build(corpus.path(), index.path()).unwrap();
    fs::write(
        corpus.path().join("synonyms.toml"),
        group("\"轮岗\", \"交流\""),
    )
    .unwrap();
    let second = build(corpus.path(), index.path()).unwrap();
    assert_eq!(first.name(), second.name());
    assert_eq!(second.synonyms().groups(), 1);
    fs::remove_file(corpus.path().join("synonyms.toml")).unwrap();
    assert_eq!(
        build(corpus.path(), index.path())
            .unwrap()
            .synonyms()
            .groups(),
        0
    );
}

#[cfg(unix)]
#[test]
fn serve_warns_of_what_is_malformed_and_announces_what_changed() {
    let place = Place::with(&[("a.txt", TEXT.as_bytes())]);
    place.write(
        "corpus/synonyms.toml",
        group("\"轮岗\", \"交流\"").as_bytes(),
    );
    place.run(&["index"]).exits(0);
    place.write("corpus/dictionary.txt", "泰微课\n轮岗 很多\n".as_bytes());
    place.write("corpus/synonyms.toml", b"[[group]]\n");

    place.run(&["index"]).refuses(&["synonyms.toml 第 1 行"]);
    let found = place.run(&["search", "教师交流"]);
    assert!(found.exits(0).contains("共 "), "{}", found.out());
    for says in ["dictionary.txt 第 2 行", "synonyms.toml 第 1 行"] {
        assert!(found.err().contains(says), "{}", found.err());
    }

    let mut serving = Serving::start(&place, &["serve", "--port", "0"]);
    let vocabulary = |serving: &Serving| -> Value {
        let (status, body) = serving.get("/readyz");
        assert_eq!(status, 200);
        serde_json::from_str::<Value>(&body).unwrap()["vocabulary"].clone()
    };
    assert_eq!(vocabulary(&serving)["synonym_groups"], 1);
    assert_eq!(
        vocabulary(&serving)["warnings"].as_array().unwrap().len(),
        2
    );

    place.write(
        "corpus/synonyms.toml",
        (group("\"轮岗\", \"交流\"") + &group("\"经费\", \"资金\"")).as_bytes(),
    );
    wait("two groups", || vocabulary(&serving)["synonym_groups"] == 2);
    let generation = |serving: &Serving| -> Value {
        serde_json::from_str::<Value>(&serving.get("/readyz").1).unwrap()["generation"].clone()
    };
    let before = generation(&serving);
    place.write("corpus/dictionary.txt", "泰微课\n".as_bytes());
    wait("another index", || generation(&serving) != before);
    wait("no warnings", || {
        vocabulary(&serving)["warnings"]
            .as_array()
            .unwrap()
            .is_empty()
    });
    place.write("corpus/synonyms.toml", b"\n\n[[groop]]\n");
    wait("a warning", || {
        !vocabulary(&serving)["warnings"]
            .as_array()
            .unwrap()
            .is_empty()
    });
    assert_eq!(serving.stop("-TERM").code(), Some(0));
    let log = serving.log();
    for says in [
        "dictionary.txt 第 2 行",
        "同义词已更新并生效：2 组",
        "新增 2 对（经费→资金、资金→经费）",
        "在后台更新索引",
        "索引已更换为 000002-",
        "synonyms.toml 第 3 行",
        "是不是 group",
    ] {
        assert!(log.contains(says), "{says} in\n{log}");
    }
}

/// Words that might be added to the dictionary: strings of two to six characters from all over the
/// seed, words it has with odd frequencies, and what no dictionary should hold.
fn added() -> Vec<String> {
    let text = seed_text();
    let runs: Vec<Vec<char>> = text
        .split(|c: char| !('\u{4E00}'..='\u{9FFF}').contains(&c))
        .map(|run| run.chars().collect())
        .filter(|run: &Vec<char>| run.len() > 6)
        .collect();
    let mut words: Vec<String> = (0..210)
        .map(|n| {
            let run = &runs[n * 37 % runs.len()];
            let length = 2 + n % 5;
            let start = n * 13 % (run.len() - length + 1);
            run[start..start + length].iter().collect()
        })
        .collect();
    let awkward = [
        "教师 1",
        "教师交流 100000000",
        "的",
        "义务",
        "务教 50000000",
        "教育均衡发展 3",
        "師資",
        "ＷＩＦＩ",
        "38亿",
        "2014年",
        "4g",
        "教师,交流",
        "a",
        "“零起点”教学",
        "推进义务教育均衡发展工作的若干意见和办法",
    ];
    words.extend(awkward.map(str::to_owned));
    words.sort();
    words.dedup();
    words
}

/// What is asked before and after a word is added: the word, parts of it, and it with what stands
/// around it.
fn asked(word: &str, text: &str) -> Vec<String> {
    let word = word.split(' ').next().unwrap_or_default();
    let chars: Vec<char> = word.chars().collect();
    let part = |from: usize, to: usize| chars[from..to].iter().collect::<String>();
    let half = chars.len() / 2;
    let mut all = vec![word.to_owned(), part(0, half), part(half, chars.len())];
    all.push(format!("{} {}", part(0, half), part(half, chars.len())));
    all.push(format!("{word}怎么办"));
    if let Some(at) = text.find(word) {
        let before: Vec<char> = text[..at].chars().rev().take(3).collect();
        let before: String = before.into_iter().rev().collect();
        let after: String = text[at + word.len()..].chars().take(3).collect();
        all.push(format!("{before}{word}"));
        all.push(format!("{word}{after}"));
    }
    all
}

#[test]
fn no_query_finds_less_after_a_word_is_added() {
    let text = seed_text();
    let words = added();
    assert!(words.len() >= 200, "{}", words.len());
    let queries: Vec<String> = words.iter().flat_map(|word| asked(word, &text)).collect();
    let find = |indexed: &Indexed, text: &str, matching: Match| -> HashSet<String> {
        let request = Request {
            text: text.to_owned(),
            matching,
            ..Request::default()
        };
        let hits = indexed.all(&request);
        hits.into_iter().map(|hit| hit.passage.id).collect()
    };
    let indexed = |words: &[String]| -> Indexed {
        let corpus = corpus_of(&[("seed.txt", &text)]);
        let path = corpus.path().join("dictionary.txt");
        let before = fs::read_to_string(&path).unwrap();
        fs::write(&path, before + "\n" + &words.join("\n") + "\n").unwrap();
        Indexed::of(corpus.path())
    };
    let before = indexed(&[]);
    let known: Vec<HashSet<String>> = queries
        .iter()
        .map(|query| find(&before, query, Match::Exact))
        .collect();
    // Words are cut by the general dictionary, so that a word of the corpus more takes nothing
    // from what its parts find.
    let smart: Vec<HashSet<String>> = queries
        .iter()
        .map(|query| find(&before, query, Match::Smart))
        .collect();
    let found = known.iter().filter(|known| !known.is_empty()).count();
    assert!(
        found > 800,
        "only {found} of {} find anything",
        queries.len()
    );
    // Some of them at a time, and all of them.
    for some in words.chunks(75) {
        let after = indexed(some);
        for (query, known) in queries.iter().zip(&known) {
            assert_eq!(find(&after, query, Match::Exact), *known, "{query}");
        }
    }
    let after = indexed(&words);
    let mut lost = Vec::new();
    for ((query, known), smart) in queries.iter().zip(&known).zip(&smart) {
        assert_eq!(find(&after, query, Match::Exact), *known, "{query}");
        let now = find(&after, query, Match::Smart);
        assert!(known.is_subset(&now), "{query}: {known:?} in {now:?}");
        if !smart.is_subset(&now) {
            let (before, after) = (smart.len(), now.len());
            lost.push(format!("{query}: {before} before, {after} after"));
        }
    }
    assert!(lost.is_empty(), "{}", lost.join("\n"));
}
