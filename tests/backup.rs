//! Snapshots: what is in them, putting them back, checking what is in place.
//!
//! | module | what belongs in it |
//! |---|---|
//! | `refusals` | damaged, truncated and made-up snapshots, and what may not be overwritten |
//! | `counts` | the counts of searches |
//! | `process` | snapshots while another process writes, restoring that is killed |

mod counts;
mod process;
mod refusals;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cesou::backup::{Places, Restoring};
use cesou::config::Settings;
use cesou::store::{Content, Options, Store, TaskKind, Write};
use serde_json::Value;

use crate::support::{Place, Serving, seed_text};

/// Numbers that look random and are the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }
}

/// A report of the store.
fn report(number: usize) -> Content {
    let line = format!("泰州市:第{number}份\n\n一、教师交流。第{number}份报告推进教师交流轮岗。\n");
    Content {
        text: line.repeat(number % 4 + 1),
        name: number.is_multiple_of(2).then(|| format!("{number}.txt")),
        ..Content::default()
    }
}

fn options() -> Options {
    Options {
        min_free_bytes: 0,
        ..Options::default()
    }
}

/// Puts so many reports into the store at `path`, and takes one of them out again.
fn fill(path: &Path, reports: usize) {
    let (store, damages) = Store::open(path, &options()).unwrap();
    assert_eq!(damages, []);
    let writes = (0..=reports).map(|number| Write::put(&format!("r{number}"), report(number)));
    store.append(TaskKind::Bulk, writes.collect()).unwrap();
    let gone = vec![Write::delete(&format!("r{reports}"))];
    store.append(TaskKind::Delete, gone).unwrap();
}

/// The reports of the store at `path`.
fn stored(path: &Path) -> BTreeMap<String, Content> {
    let (store, damages) = Store::open(path, &options()).unwrap();
    assert_eq!(damages, []);
    let reports = store.reports().into_iter();
    reports
        .map(|it| {
            let content = store.get(&it.id).unwrap().unwrap().content;
            (it.id.to_string(), content)
        })
        .collect()
}

/// The seed with an index, reports in the store, a key, and counts of two days.
fn site() -> Place {
    let place = Place::seed();
    fs::create_dir(place.path("corpus/reports/甲 乙")).unwrap();
    place.write(
        "corpus/reports/甲 乙/side.txt",
        "泰州市:旁\n\n一、旁注。".as_bytes(),
    );
    place.write("corpus/reports/甲 乙/side.toml", "year = 2016\n".as_bytes());
    place.write("corpus/.hidden", b"kept");
    place.run(&["index"]).exits(0);
    fill(&place.path("store"), 12);
    place.run(&["keys", "create", "--name", "甲"]).exits(0);
    counts::count(&place, &counts::DAYS, 3);
    place
}

/// Where everything is in `place`.
fn places(place: &Place) -> Places {
    Places {
        corpus: place.path("corpus"),
        index: place.path("index"),
        store: place.path("store"),
        keys: place.path("store/keys.jsonl"),
        analytics: place.path("store/analytics"),
        ..Places::from(&Settings::default())
    }
}

const OVERWRITE: Restoring = Restoring {
    overwrite: true,
    keep_keys: false,
};

/// Every file below `folder` but locks, with its bytes; folders too, without any.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.insert(path.clone(), Vec::new());
            found.extend(tree(&path));
        } else if !path.to_str().unwrap().ends_with("lock") {
            let bytes = fs::read(&path).unwrap();
            found.insert(path, bytes);
        }
    }
    found
}

/// Everything in place, by its path.
fn all(place: &Place) -> BTreeMap<PathBuf, Vec<u8>> {
    let folders = ["corpus", "index", "store"].into_iter();
    folders.flat_map(|it| tree(&place.path(it))).collect()
}

fn wipe(place: &Place) {
    for folder in ["corpus", "index", "store"] {
        fs::remove_dir_all(place.path(folder)).unwrap();
    }
}

/// Flips a bit somewhere in a file.
fn flip(path: &Path, random: &mut Random) {
    let mut bytes = fs::read(path).unwrap();
    let at = random.below(bytes.len());
    bytes[at] ^= 1 << random.below(8);
    fs::write(path, bytes).unwrap();
}

/// A hundred requests of all kinds, made of the seed text.
fn requests(serving: &Serving) -> Vec<String> {
    let get = |path: &str| -> Value { serde_json::from_str(&serving.get(path).1).unwrap() };
    let ids = |list: &Value, of: &str| -> Vec<String> {
        let list = list[of].as_array().unwrap().iter();
        list.map(|it| it["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let passages = ids(&get("/api/v1/search?per_page=100"), "hits");
    let reports = ids(&get("/api/v1/reports"), "reports");
    let text: Vec<char> = seed_text().chars().filter(|c| !c.is_whitespace()).collect();
    let mut random = Random(5);
    let mut requests = vec!["/readyz".to_owned(), "/api/v1/reports".to_owned()];
    for n in 0.. {
        let at = random.below(text.len() - 12);
        let words: String = text[at..at + 2 + random.below(8)].iter().collect();
        let more: String = text[at + 8..at + 11].iter().collect();
        let (path, pairs): (String, Vec<(&str, &str)>) = match n % 10 {
            0 => ("search".to_owned(), vec![("q", &words)]),
            1 => (
                "search".to_owned(),
                vec![
                    ("q", &words),
                    ("match", "exact"),
                    ("facets", "province,theme"),
                ],
            ),
            2 => (
                "search".to_owned(),
                vec![("q", &words), ("province", "江苏省"), ("explain", "true")],
            ),
            3 => (
                "search".to_owned(),
                vec![("q", &more), ("facets", "county"), ("sort", "date")],
            ),
            4 => ("suggest".to_owned(), vec![("q", &words)]),
            5 => (
                "matrix".to_owned(),
                vec![("q", &more), ("rows", "province"), ("cols", "theme")],
            ),
            6 => ("export".to_owned(), vec![("q", &more), ("format", "jsonl")]),
            7 => (
                format!("passages/{}/similar", passages[n % passages.len()]),
                vec![],
            ),
            8 => (format!("passages/{}", passages[n % passages.len()]), vec![]),
            _ => (format!("reports/{}", reports[n % reports.len()]), vec![]),
        };
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        requests.push(format!("/api/v1/{path}?{query}"));
        if requests.len() == 96 {
            break;
        }
    }
    for page in [
        "/",
        "/?q=%E6%95%99%E5%B8%88",
        "/matrix?q=%E6%95%99%E5%B8%88",
    ] {
        requests.push(page.to_owned());
    }
    requests.push(format!("/passages/{}", passages[3]));
    assert_eq!(requests.len(), 100);
    requests
}

/// What is answered, but for how long it took, when it was, and the number of the request.
fn answer(serving: &Serving, path: &str) -> String {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let request = agent.get(format!("{}{path}", serving.address));
    let mut response = request.call().unwrap();
    let mut whole = format!("{path}\n{}\n", response.status());
    // They come in any order, and so do the names in one of them.
    let headers = response.headers().iter().map(|(name, value)| {
        let mut values: Vec<&str> = value.to_str().unwrap().split(", ").collect();
        values.sort_unstable();
        (name.as_str(), values.join(", "))
    });
    // These differ from one request to the next.
    let passing = ["date", "server-timing", "x-request-id"];
    let headers: BTreeMap<&str, String> = headers.filter(|it| !passing.contains(&it.0)).collect();
    for (name, value) in &headers {
        writeln!(whole, "{name}: {value}").unwrap();
    }
    let body = response.body_mut().read_to_string().unwrap();
    // Each service has a port of its own, which stands in links of exports.
    let body = body.replace(&serving.address, "http://localhost");
    let mut rest = body.as_str();
    while let Some((before, after)) = rest.split_once("\"took_ms\":") {
        whole.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    }
    whole.push_str(rest);
    // A page says how long it took in words.
    let mut rest = std::mem::take(&mut whole);
    while let Some((before, after)) = rest.split_once("用时") {
        whole.push_str(before);
        let after = after.trim_start_matches(|c: char| c.is_ascii_digit() || " .".contains(c));
        rest = after.to_owned();
    }
    whole + &rest
}

#[test]
fn a_site_that_was_wiped_answers_as_before() {
    let place = site();
    let mut serving = Serving::start(&place, &["--port", "0"]);
    let requests = requests(&serving);
    let before: Vec<String> = requests.iter().map(|it| answer(&serving, it)).collect();
    let answered = before.iter().filter(|it| it.contains("\n200 OK\n"));
    assert_eq!(answered.count(), 100, "all requests are good ones");
    let reports = stored_while_used(&place);
    let out = place.run(&["snapshot", "site.tar.zst"]).exits(0);
    assert!(out.contains("存储 12 篇报告"), "{out}");
    assert!(out.contains("索引 0000"), "{out}");
    assert!(serving.stop("-TERM").success());
    drop(serving);
    let corpus = tree(&place.path("corpus"));
    wipe(&place);

    let out = place.run(&["restore", "site.tar.zst"]).exits(0);
    assert!(out.contains("已恢复"), "{out}");
    assert_eq!(tree(&place.path("corpus")), corpus);
    assert_eq!(stored(&place.path("store")), reports);
    assert_eq!(mode(&place.path("store/keys.jsonl")), 0o600);
    assert_eq!(mode(&place.path("site.tar.zst")), 0o600);
    let out = place.run(&["verify"]).exits(0);
    assert!(!out.contains("损坏"), "{out}");
    let serving = Serving::start(&place, &["--port", "0"]);
    for (request, before) in requests.iter().zip(before) {
        assert_eq!(answer(&serving, request), before, "{request}");
    }
    drop(serving);
    let out = place.run(&["index"]).exits(0);
    assert!(out.starts_with("索引未过期"), "nothing is rebuilt: {out}");
}

/// The reports of a store that a service may hold, by way of a copy.
fn stored_while_used(place: &Place) -> BTreeMap<String, Content> {
    let copy = tempfile::tempdir().unwrap();
    let mut export = Vec::new();
    cesou::store::backup::export(&place.path("store"), 100, &mut export).unwrap();
    let mut input = export.as_slice();
    cesou::store::import(copy.path(), &mut input, &options(), false).unwrap();
    stored(copy.path())
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn other_programs_can_look_into_a_snapshot() {
    let place = site();
    place.run(&["snapshot", "site.tar.zst"]).exits(0);
    let packed = fs::read(place.path("site.tar.zst")).unwrap();
    // As a program reads it that knows nothing of the seal: it stands in a frame to be skipped.
    let unpacked = zstd::decode_all(packed.as_slice()).unwrap();
    let mut archive = tar::Archive::new(unpacked.as_slice());
    let mut names = Vec::new();
    let mut manifest = None;
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        if name == "manifest.json" {
            let read: Value = serde_json::from_reader(&mut entry).unwrap();
            manifest = Some(read);
        }
        if name.starts_with("corpus/") {
            let path = place.path(&name);
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            assert_eq!(bytes, fs::read(&path).unwrap(), "{name}");
        }
        names.push(name);
    }
    for name in [
        "corpus/reports/甲 乙/side.toml",
        "corpus/themes.toml",
        "corpus/.hidden",
        "keys.jsonl",
        "analytics/2026-11-25.jsonl",
        "analytics/2026-11-26.jsonl",
        "store/000001.log",
        "index/synonyms.toml",
    ] {
        assert!(names.iter().any(|it| it == name), "{name} in {names:?}");
    }
    let manifest = manifest.expect("there is a manifest");
    assert_eq!(names.last().unwrap(), "manifest.json");
    assert_eq!(
        manifest["entries"].as_array().unwrap().len(),
        names.len() - 1
    );
    assert_eq!(manifest["contents"]["store_reports"], 12);
    assert_eq!(manifest["about"]["format"], 2);
    assert_eq!(manifest["contents"]["analytics_days"], 2);
    // The same through standard output.
    let run = place.run(&["snapshot", "-"]);
    assert_eq!(run.output.status.code(), Some(0), "{}", run.err());
    assert!(run.err().contains("存储 12 篇报告"), "{}", run.err());
    place.write("out.tar.zst", &run.output.stdout);
    let out = place.run(&["verify", "out.tar.zst"]).exits(0);
    assert!(out.starts_with("快照完好"), "{out}");
    let json = place.run(&["verify", "out.tar.zst", "--json"]).exits(0);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["whole"], true);
    assert_eq!(json["contents"]["store_reports"], 12);
}

#[test]
fn overwriting_brings_back_what_was_and_nothing_else() {
    let place = site();
    place.run(&["snapshot", "site.tar.zst"]).exits(0);
    let before = all(&place);
    let reports = stored(&place.path("store"));
    let keys = fs::read(place.path("store/keys.jsonl")).unwrap();
    place.write("corpus/reports/new.txt", seed_text().as_bytes());
    fs::remove_file(place.path("corpus/dictionary.txt")).unwrap();
    place.write("corpus/reports/seed.txt", b"changed");
    place.run(&["index"]).exits(0);
    fill(&place.path("store"), 30);
    place.run(&["keys", "create", "--name", "乙"]).exits(0);
    let newer = fs::read(place.path("store/keys.jsonl")).unwrap();

    place
        .run(&["restore", "site.tar.zst", "--overwrite"])
        .exits(0);
    assert_eq!(stored(&place.path("store")), reports);
    let now = all(&place);
    let of = |all: &BTreeMap<PathBuf, Vec<u8>>| {
        let log = |path: &PathBuf| path.to_str().unwrap().contains("/log-");
        let but_logs = all.iter().filter(|(path, _)| !log(path));
        but_logs
            .map(|(path, bytes)| (path.clone(), bytes.clone()))
            .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(of(&now), of(&before), "the store is written anew");

    // The keys of now can be kept.
    place.write("store/keys.jsonl", &newer);
    let kept = ["restore", "site.tar.zst", "--overwrite", "--keep-keys"];
    let out = place.run(&kept).exits(0);
    assert!(!out.contains("keys list"), "{out}");
    assert_eq!(fs::read(place.path("store/keys.jsonl")).unwrap(), newer);
    assert_ne!(newer, keys);
}

#[test]
fn folders_within_the_corpus_are_no_part_of_it() {
    let place = Place::seed();
    let flags = [
        "--index",
        "corpus/index",
        "--set",
        "store.path=corpus/store",
    ];
    let flags = [&flags[..], &["--set", "keys.path=corpus/keys"]].concat();
    let run = |arguments: &[&str]| place.run(&[&flags[..], arguments].concat());
    run(&["index"]).exits(0);
    fill(&place.path("corpus/store"), 3);
    run(&["keys", "create", "--name", "甲"]).exits(0);
    let out = run(&["snapshot", "corpus/site.tar.zst"]).exits(0);
    assert!(
        out.contains("语料 4 个文件，存储 3 篇报告，密钥 1 把"),
        "{out}"
    );
    let reports = stored(&place.path("corpus/store"));
    let seed = fs::read(place.path("corpus/reports/seed.txt")).unwrap();
    fs::remove_file(place.path("corpus/reports/seed.txt")).unwrap();
    fill(&place.path("corpus/store"), 8);
    run(&["restore", "corpus/site.tar.zst", "--overwrite"]).exits(0);
    assert_eq!(
        fs::read(place.path("corpus/reports/seed.txt")).unwrap(),
        seed
    );
    assert_eq!(stored(&place.path("corpus/store")), reports);
    assert!(place.path("corpus/site.tar.zst").exists());
    run(&["verify"]).exits(0);
    // Deeper down they would go away with the folder they stand in.
    let deep = ["--index", "corpus/reports/index"];
    let arguments = [
        &deep[..],
        &["restore", "corpus/site.tar.zst", "--overwrite"],
    ]
    .concat();
    place
        .run(&arguments)
        .refuses(&["corpus/reports/index", "子文件夹"]);
}

#[test]
fn a_damaged_report_is_named_and_the_others_are_saved() {
    let place = Place::seed();
    fill(&place.path("store"), 6);
    let log = place.path("store/log-000001/000001.log");
    let mut bytes = fs::read(&log).unwrap();
    // In the text of the fourth report, which both copies of its head name.
    let at = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(b"\xFFCSH"))
        .nth(3)
        .unwrap();
    let tail = (at..bytes.len())
        .find(|at| bytes[*at..].starts_with(b"\xFFCST"))
        .unwrap();
    bytes[usize::midpoint(at, tail)] ^= 1;
    fs::write(&log, bytes).unwrap();
    let run = place.run(&["snapshot", "site.tar.zst"]);
    let out = run.exits(0);
    assert!(
        out.contains("存储 5 篇报告（另有 1 篇当时已损坏）"),
        "{out}"
    );
    assert!(run.err().contains("警告："), "{}", run.err());
    assert!(run.err().contains("报告 r3 "), "{}", run.err());
    let strict = ["snapshot", "site.tar.zst", "--overwrite", "--strict"];
    place.run(&strict).exits(2);
    let run = place.run(&["restore", "site.tar.zst", "--overwrite"]);
    run.exits(0);
    assert!(run.err().contains("r3"), "{}", run.err());
    let (store, _) = Store::open(&place.path("store"), &options()).unwrap();
    assert_eq!(store.len(), 6);
    assert!(store.get("r3").is_err(), "it stays named as lost");
    assert_eq!(store.get("r2").unwrap().unwrap().content, report(2));
}

#[test]
fn verify_finds_a_flipped_bit_in_each_part() {
    let place = site();
    place.run(&["snapshot", "site.tar.zst"]).exits(0);
    let out = place.run(&["verify"]).exits(0);
    assert!(out.contains("共核对"), "{out}");
    let mut random = Random(3);
    let mut parts: Vec<(PathBuf, &str)> = tree(&place.path("index"))
        .into_iter()
        .filter(|(path, bytes)| {
            let name = path.strip_prefix(place.path("index")).unwrap();
            !bytes.is_empty() && name.components().count() > 1
        })
        .map(|(path, _)| (path, "index"))
        .collect();
    assert!(parts.len() > 10, "{parts:?}");
    parts.push((place.path("index/current"), "index"));
    parts.push((place.path("store/log-000001/000001.log"), "store"));
    parts.push((place.path("store/keys.jsonl"), "keys"));
    let day = place.path("store/analytics/2026-11-26.jsonl");
    parts.push((day, "analytics"));
    for (path, part) in parts {
        let whole = fs::read(&path).unwrap();
        let shown = path.display();
        flip(&path, &mut random);
        let verdict = cesou::backup::verify(&places(&place));
        let damaged: Vec<_> = verdict.parts.iter().filter(|it| !it.whole).collect();
        assert!(!verdict.whole, "{shown}");
        assert!(
            damaged.iter().all(|it| it.part == part),
            "{shown}: {damaged:?}"
        );
        assert!(damaged.iter().all(|it| it.advice.is_some()), "{shown}");
        fs::write(&path, whole).unwrap();
    }
    assert!(cesou::backup::verify(&places(&place)).whole);

    place.write("corpus/synonyms.toml", b"[[group]\n");
    let run = place.run(&["verify"]);
    let out = run.exits(1);
    assert!(out.contains("词表：损坏"), "{out}");
    assert!(out.contains("synonyms.toml"), "{out}");
    let json = place.run(&["verify", "--json"]).exits(1);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["whole"], false);
    assert_eq!(json["parts"][0]["part"], "vocabulary");
    assert_eq!(json["parts"][0]["whole"], false);
    assert_eq!(json["parts"][1]["whole"], true);

    flip(&place.path("site.tar.zst"), &mut random);
    let run = place.run(&["verify", "site.tar.zst"]);
    run.refuses(&["site.tar.zst"]);
}
