//! `cesou check`: what is wrong is named and told by the exit status, what it foretells is what a
//! build then does, and nothing is written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::Value;

use crate::support::{Place, REPORT, Serving};

/// Every file below `folder` with its bytes and when it was written.
fn everything(folder: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        all.insert(folder.clone(), (Vec::new(), modified(&folder)));
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let content = fs::read(&path).unwrap();
                let written = modified(&path);
                all.insert(path, (content, written));
            }
        }
    }
    all
}

/// What `cesou check --json` says, having seen to it that nothing was written.
fn check(place: &Place, status: i32) -> Value {
    let before = everything(&place.path(""));
    let out = place.run(&["check", "--json"]).exits(status);
    assert!(
        everything(&place.path("")) == before,
        "something was written"
    );
    serde_json::from_str(&out).expect("JSON and nothing else")
}

/// Checks, then builds: the report that was foretold is that of the build. Returns what was foretold.
fn comes_true(place: &Place, plan: &str) -> Value {
    let told = check(place, 0)["index"].take();
    assert_eq!(told["plan"], plan, "{told:#}");
    let out = place.run(&["index", "--json"]).exits(0);
    let built: Value = serde_json::from_str(&out).expect("JSON");
    for (key, value) in told["report"].as_object().expect("a report") {
        // How long it took, and how much of it was new, is known only of a build.
        if key != "seconds" && key != "bytes_read" {
            assert_eq!(value, &built[key], "{key} after {plan}");
        }
    }
    told
}

#[test]
fn what_is_foretold_comes_true() {
    let place = Place::seed();
    let write = |name: &str, text: &str| {
        place.write(&format!("corpus/reports/{name}"), text.as_bytes());
    };
    write(
        "odd.txt",
        "某处的报告\n一、做好。做好。\n三、再做。再做。\n",
    );
    write("broken.pdf", "%PDF-1.4");
    let told = comes_true(&place, "build");
    assert_eq!(told["generation"], Value::Null);
    assert_eq!(told["report"]["skipped"][0]["source"], "broken.pdf");
    assert_eq!(told["report"]["warnings"].as_array().unwrap().len(), 2);

    let told = comes_true(&place, "keep");
    for nothing in ["added", "changed", "removed", "reasons", "damaged"] {
        assert_eq!(told[nothing], serde_json::json!([]), "{nothing}");
    }
    assert_eq!(told["bytes_to_read"], 0);
    assert_eq!(told["report"]["passages"], 48, "what is there is told too");

    write("more.txt", REPORT);
    write(
        "odd.txt",
        "某处的报告\n一、做好。做好。\n二、再做。再做。\n",
    );
    fs::remove_file(place.path("corpus/reports/broken.pdf")).unwrap();
    let told = comes_true(&place, "update");
    assert_eq!(told["added"], serde_json::json!(["more.txt"]));
    assert_eq!(told["changed"], serde_json::json!(["odd.txt"]));
    assert_eq!(told["removed"], serde_json::json!(["broken.pdf"]));
    assert_eq!(told["report"]["warning_counts"]["unknown-region"], 1);
    assert_eq!(
        told["report"]["warning_counts"]["measure-number"],
        Value::Null
    );

    let dictionary = place.path("corpus/dictionary.txt");
    let words = fs::read_to_string(&dictionary).unwrap();
    fs::write(&dictionary, format!("{words}\n轮岗办法 100\n")).unwrap();
    let told = comes_true(&place, "rebuild");
    assert_eq!(told["reasons"][0]["what"], "dictionary.txt");
    assert_eq!(told["reasons"].as_array().unwrap().len(), 1);
    assert_eq!(
        told["added"],
        serde_json::json!([]),
        "nothing but the dictionary"
    );

    place.write("config.toml", b"[passage]\nmax_chars = 300\n");
    let told = comes_true(&place, "rebuild");
    let reason = &told["reasons"][0];
    assert_eq!(reason["what"], "passage.max_chars");
    assert_eq!(
        (&reason["from"], &reason["to"]),
        (&"1200".into(), &"300".into())
    );
}

#[test]
fn the_output_names_each_thing_and_what_to_do() {
    let place = Place::with(&[
        ("good.txt", REPORT.as_bytes()),
        ("old.txt", REPORT.as_bytes()),
    ]);
    place.run(&["index"]).exits(0);
    fs::remove_file(place.path("corpus/reports/old.txt")).unwrap();
    place.write("corpus/reports/report.xlsx", b"PK\x03\x04");
    let odd = "某处的报告\n一、做好。做好。\n三、再做。再做。\n";
    place.write("corpus/reports/odd.txt", odd.as_bytes());
    place.write("corpus/themes.toml", b"");
    let run = place.run(&["check", "--strict"]);
    let out = run.exits(2);
    assert_eq!(run.err(), "");
    // The name of the generation and the sizes are those of one build.
    let shown: Vec<&str> = out
        .lines()
        .filter(|line| !line.starts_with("索引 "))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
    place.run(&["check"]).exits(0);
}

#[test]
fn each_thing_that_is_wrong_is_an_error_of_its_own() {
    type Spoil = fn(&Place);
    let cases: [(&str, Spoil, &[&str]); 9] = [
        (
            "a log filter that makes no sense",
            |place| place.write("config.toml", b"[log]\nfilter = \"=\"\n"),
            &["log.filter"],
        ),
        (
            "a setting that is not known",
            |place| place.write("config.toml", b"[server]\nprot = 1\n"),
            &["prot", "server.port"],
        ),
        (
            "an address of another machine",
            |place| place.write("config.toml", b"[server]\nhost = \"192.0.2.1\"\n"),
            &["192.0.2.1", "server.host"],
        ),
        (
            "no corpus",
            |place| fs::remove_dir_all(place.path("corpus")).unwrap(),
            &["找不到语料目录"],
        ),
        (
            "themes",
            |place| place.write("corpus/themes.toml", b"\n[[theme"),
            &["themes.toml", "第 2 行"],
        ),
        (
            "a dictionary",
            |place| place.write("corpus/dictionary.txt", "教师\n轮岗 很多\n".as_bytes()),
            &["dictionary.txt 第 2 行"],
        ),
        (
            "synonyms",
            |place| {
                place.write(
                    "corpus/synonyms.toml",
                    "[[group]]\nwords = [\"一\"]".as_bytes(),
                );
            },
            &["synonyms.toml 第 "],
        ),
        (
            "rules",
            |place| place.write("corpus/boilerplate.toml", b"[[rule]]\n"),
            &["boilerplate.toml"],
        ),
        (
            "keys",
            |place| {
                fs::create_dir(place.path("store")).unwrap();
                place.write("store/keys.jsonl", b"no key\n");
            },
            &["keys.jsonl"],
        ),
    ];
    for (name, spoil, said) in cases {
        let place = Place::with(&[("good.txt", REPORT.as_bytes())]);
        spoil(&place);
        let checked = check(&place, 1);
        let errors = checked["errors"].as_array().expect("errors");
        assert_eq!(errors.len(), 1, "{name}: {errors:#?}");
        let error = errors[0].as_str().expect("a text");
        for part in said {
            assert!(error.contains(part), "{name}: {part} in {error}");
        }
        let run = place.run(&["check"]);
        run.exits(1);
        let text = run.out() + &run.err();
        assert!(text.contains(error), "{name}: {error} in {text}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let place = Place::with(&[("good.txt", REPORT.as_bytes()), ("a.pdf", b"%PDF-1.4")]);
    place.write("corpus/themes.toml", b"[[theme");
    place.write("corpus/dictionary.txt", "轮岗 很多".as_bytes());
    fs::create_dir(place.path("store")).unwrap();
    place.write("store/keys.jsonl", b"no key\n");
    let checked = check(&place, 1);
    assert_eq!(
        checked["errors"].as_array().unwrap().len(),
        3,
        "{checked:#}"
    );
    assert_eq!(checked["index"]["plan"], "blocked");
    assert_eq!(checked["index"]["report"]["skipped"][0]["source"], "a.pdf");
}

#[test]
fn a_damaged_index_is_told_of_and_would_be_built_anew() {
    let place = Place::seed();
    place.run(&["index"]).exits(0);
    let current = fs::read_to_string(place.path("index/current")).unwrap();
    let file = place
        .path("index")
        .join(current.trim())
        .join("catalog.json.zst");
    let mut bytes = fs::read(&file).unwrap();
    bytes[10] ^= 1;
    fs::write(&file, bytes).unwrap();
    let checked = check(&place, 0);
    assert_eq!(checked["index"]["plan"], "rebuild");
    assert_eq!(checked["index"]["reasons"][0]["what"], "damaged");
    assert!(checked["warnings"].as_u64().unwrap() > 0, "{checked:#}");
    place.run(&["check", "--strict"]).exits(2);
}

#[test]
fn folders_whose_files_would_be_read_as_reports_are_warned_of() {
    let place = Place::with(&[("good.txt", REPORT.as_bytes())]);
    fs::create_dir(place.path("corpus/reports/index")).unwrap();
    let run = place.run(&["check", "--strict", "--index", "corpus/reports/index"]);
    let out = run.exits(2);
    assert!(
        out.contains("index.path 指向 corpus/reports/index"),
        "{out}"
    );
}

#[test]
fn it_works_beside_a_service_and_tells_what_that_is_about_to_take_in() {
    let place = Place::seed();
    let serving = Serving::start(&place, &["--port", "0"]);
    assert_ne!(serving.address, "", "{}", serving.log());
    let out = place.run(&["check", "--json", "--strict"]).exits(0);
    let checked: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(checked["index"]["plan"], "keep", "{checked:#}");
    assert_eq!(serving.get("/readyz").0, 200);
}

#[test]
fn synonyms_that_changed_call_for_no_build() {
    let place = Place::seed();
    place.run(&["index"]).exits(0);
    let path = place.path("corpus/synonyms.toml");
    let text = fs::read_to_string(&path).unwrap();
    let more = "\n[[group]]\nwords = [\"轮岗办法\", \"交流办法\"]\nsource = \"口语\"\n";
    fs::write(&path, text + more).unwrap();
    let checked = check(&place, 0);
    assert_eq!(checked["index"]["plan"], "keep");
    assert_eq!(checked["index"]["synonyms_changed"], true);
    let out = place.run(&["check"]).exits(0);
    assert!(out.contains("同义词有改动"), "{out}");
}
