//! The binary as a user runs it: what each command prints and where, what its flags change, and
//! that serving starts, answers and stops.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Place, REPORT, Serving, root, seed_text};

#[test]
fn an_index_is_built_once_and_again_when_asked_for() {
    let place = Place::seed();
    let built = place.run(&["index"]);
    let out = built.exits(0);
    assert!(out.contains("10 篇报告、46 个段落"), "{out}");
    assert!(out.contains("略去套话"), "boilerplate is reported: {out}");
    assert_eq!(built.err(), "");
    assert!(place.path("index").is_dir());

    let out = place.run(&["index"]).exits(0);
    assert!(out.starts_with("索引未过期"), "{out}");
    assert!(out.contains("--rebuild"), "{out}");
    assert!(out.contains("46 个段落"), "{out}");

    let out = place.run(&["index", "--rebuild"]).exits(0);
    assert!(!out.contains("索引未过期"), "{out}");

    place.write("corpus/reports/more.txt", REPORT.as_bytes());
    let out = place.run(&["index"]).exits(0);
    assert!(out.contains("11 篇报告、48 个段落"), "{out}");
}

#[test]
fn folders_come_from_flags_before_or_after_the_subcommand() {
    let place = Place::seed();
    fs::rename(place.path("corpus"), place.path("语料")).expect("a folder can be renamed");
    let flags = ["--corpus", "语料", "--index", "索引"];
    let before: Vec<&str> = flags.into_iter().chain(["index"]).collect();
    let after: Vec<&str> = ["index"].into_iter().chain(flags).collect();
    place.run(&before).exits(0);
    let out = place.run(&after).exits(0);
    assert!(out.starts_with("索引未过期"), "{out}");
    assert!(place.path("索引").is_dir());
    assert!(!place.path("index").exists());
}

#[test]
fn the_report_of_a_build_comes_as_json_for_programs() {
    let place = Place::seed();
    place.write("corpus/reports/a.pdf", b"%PDF-1.4");
    let out = place.run(&["index", "--json"]).exits(0);
    let report: Value = serde_json::from_str(&out).expect("JSON and nothing else");
    assert_eq!(report["reports"], 10);
    assert_eq!(report["passages"], 46);
    assert_eq!(report["skipped"][0]["source"], "a.pdf");
    assert!(report["boilerplate"].is_object(), "{report}");
    assert_eq!(report["warnings"], serde_json::json!([]));
}

#[test]
fn help_is_in_chinese_and_says_what_each_subcommand_is_for() {
    let place = Place::with(&[]);
    for flag in ["--help", "-h"] {
        let run = place.run(&[flag]);
        let help = run.exits(0);
        assert_eq!(run.err(), "");
        for subcommand in ["serve", "index", "search", "inspect", "eval"] {
            let line = help
                .lines()
                .find(|line| line.trim_start().starts_with(&format!("{subcommand} ")))
                .unwrap_or_else(|| panic!("{subcommand} is not in {help}"));
            assert!(!line.is_ascii(), "{line}");
        }
        for english in ["Usage", "Options", "Commands", "Print", "help for"] {
            assert!(!help.contains(english), "{english} in {help}");
        }
        assert!(help.contains("退出码"), "{help}");
        assert!(help.ends_with('\n'), "{help:?}");
    }
    for subcommand in ["serve", "index", "search", "inspect", "eval"] {
        let help = place.run(&[subcommand, "--help"]).exits(0);
        assert!(help.contains("用法：cesou "), "{help}");
        assert!(help.contains("--corpus"), "{help}");
        for english in [
            "Usage",
            "Options",
            "Arguments",
            "Print",
            "default:",
            "possible",
        ] {
            assert!(!help.contains(english), "{english} in {subcommand}: {help}");
        }
    }
    let version = place.run(&["--version"]).exits(0);
    assert_eq!(version, format!("cesou {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_search_prints_plain_text_where_nobody_watches() {
    let place = Place::seed();
    let run = place.run(&["search", "教师交流", "轮岗"]);
    let out = run.exits(0);
    assert_eq!(run.err(), "", "an index built on the way is no news");
    assert!(out.contains("个段落"), "{out}");
    assert!(out.contains("江苏省泰州市"), "{out}");
    assert!(!out.contains('\u{1b}'), "{out}");
    assert!(!out.contains("<mark>") && !out.contains("&quot;"), "{out}");
}

/// The number of passages a search says it found.
fn found(out: &str) -> u64 {
    let line = out
        .lines()
        .find(|line| line.starts_with("共 "))
        .unwrap_or_else(|| panic!("no total in {out}"));
    line.split(' ')
        .nth(1)
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("no total in {line}"))
}

#[test]
fn a_search_can_be_exact_limited_and_filtered() {
    let place = Place::seed();
    let count = |arguments: &[&str]| found(&place.run(arguments).exits(0));
    let all = count(&["search", "学校"]);
    let exact = count(&["search", "--exact", "校长教师交流轮岗"]);
    assert_eq!(exact, 1);
    assert_eq!(count(&["search", "--exact", "轮岗教师校长"]), 0);
    let one = count(&["search", "--filter", "province=江苏省", "学校"]);
    let two = count(&[
        "search",
        "-f",
        "province=江苏省",
        "-f",
        "province=山西省",
        "学校",
    ]);
    assert!(0 < one && one < two && two < all, "{one} {two} {all}");
    assert_eq!(
        count(&[
            "search",
            "-f",
            "province=江苏省",
            "-f",
            "province=江苏省",
            "学校"
        ]),
        one
    );
    assert_eq!(count(&["search", ""]), 46);

    let out = place.run(&["search", "-n", "3", "学校"]).exits(0);
    assert_eq!(found(&out), all);
    assert!(out.contains("\n  3. ") && !out.contains("\n  4. "), "{out}");

    place
        .run(&["search", "--filter", "province", "学校"])
        .refuses(&["--filter"]);
    place
        .run(&["search", "--filter", "prov=江苏省", "学校"])
        .refuses(&["“prov”", "theme"]);
}

#[test]
fn flags_may_follow_the_query_and_exclusions_are_no_flags() {
    let place = Place::seed();
    let out = |arguments: &[&str]| place.run(arguments).exits(0);
    let query = "校长教师交流轮岗";
    for (after, before) in [
        (
            vec!["search", query, "--exact"],
            vec!["search", "--exact", query],
        ),
        (
            vec!["search", query, "-n", "2"],
            vec!["search", "-n", "2", query],
        ),
        (
            vec!["search", query, "--filter", "province=江苏省"],
            vec!["search", "--filter", "province=江苏省", query],
        ),
    ] {
        assert_eq!(out(&after), out(&before), "{after:?}");
    }
    let all = found(&out(&["search", "学校"]));
    let without = found(&out(&["search", "学校", "-教师"]));
    assert!(without < all, "{without} of {all}");
    assert_eq!(found(&out(&["search", "学校 -教师"])), without);
}

#[test]
fn inspect_shows_how_a_file_splits() {
    let place = Place::seed();
    let seed = "corpus/reports/seed.txt";
    let run = place.run(&["inspect", seed]);
    let out = run.exits(0);
    assert_eq!(run.err(), "");
    for said in [
        "seed.txt",
        "UTF-8",
        "10 篇报告，46 个段落",
        "芦溪县",
        "360323",
        "主题",
        "略去套话",
    ] {
        assert!(out.contains(said), "{said} in {out}");
    }
    assert!(!place.path("index").exists(), "inspecting builds nothing");

    let out = place.run(&["inspect", "--json", seed]).exits(0);
    let files: Value = serde_json::from_str(&out).expect("JSON and nothing else");
    let text = seed_text();
    assert_eq!(files[0]["bytes"], text.len(), "the seed needs no cleaning");
    let reports = files[0]["reports"].as_array().expect("a list");
    assert_eq!(reports.len(), 10);
    let mut at = 0;
    let mut passages = 0;
    for report in reports {
        assert!(report["region"]["code"].is_string(), "{report}");
        for passage in report["passages"].as_array().expect("a list") {
            let place = |end: &str| {
                let place = passage["range"][end].as_u64().expect("a place");
                usize::try_from(place).expect("a place in a file")
            };
            let (start, end) = (place("start"), place("end"));
            assert!(at <= start && start < end, "{passage}");
            let between = text.get(at..start).expect("characters are whole");
            assert!(between.trim().is_empty(), "{between:?} is left out");
            assert_eq!(
                text.get(start..end).expect("characters are whole"),
                passage["text"].as_str().expect("a text")
            );
            at = end;
            passages += 1;
        }
    }
    assert_eq!(passages, 46);
    let rest = text.get(at..).expect("characters are whole");
    let boilerplate: Vec<&Value> = reports
        .iter()
        .flat_map(|report| report["boilerplate"].as_array().expect("a list"))
        .collect();
    assert_eq!(boilerplate.len(), 1, "{rest:?} is left out and reported");
}

#[test]
fn inspect_needs_no_corpus() {
    let place = Place::seed();
    let file = root().join("corpus/reports/seed.txt");
    let file = file.to_str().expect("a path of UTF-8");
    let out = place
        .run(&["inspect", "--corpus", "nowhere", file])
        .exits(0);
    assert!(out.contains("46 个段落"), "{out}");
}

#[cfg(unix)]
#[test]
fn serve_prints_its_address_answers_and_stops_when_told() {
    let place = Place::seed();
    for (arguments, signal) in [
        (vec!["serve", "--port", "0"], "-TERM"),
        (vec!["--port", "0"], "-INT"),
        (vec!["--port", "0", "serve"], "-INT"),
        (vec!["--set", "server.port=0"], "-TERM"),
    ] {
        let mut serving = Serving::start(&place, &arguments);
        assert!(
            serving.address.starts_with("http://127.0.0.1:"),
            "{}",
            serving.line
        );
        assert!(serving.line.contains("46 个段落"), "{}", serving.line);
        assert_eq!(serving.get("/healthz").0, 200);
        assert_eq!(serving.get("/readyz").0, 200);
        let (status, body) = serving.get("/api/v1/search?q=%E6%95%99%E5%B8%88%E4%BA%A4%E6%B5%81");
        assert_eq!(status, 200);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert!(
            body["total"].as_u64().is_some_and(|total| total > 0),
            "{body}"
        );
        assert_eq!(serving.get("/").0, 200);
        let status = serving.stop(signal);
        assert_eq!(status.code(), Some(0), "{arguments:?} {signal}");
    }
}

#[cfg(unix)]
#[test]
fn serve_works_with_nothing_to_serve() {
    let place = Place::with(&[]);
    let mut serving = Serving::start(&place, &["serve", "--port", "0"]);
    assert!(serving.line.contains("0 个段落"), "{}", serving.line);
    let (status, body) = serving.get("/");
    assert_eq!(status, 200);
    assert!(body.contains("还没有报告"), "{body}");
    assert_eq!(serving.stop("-TERM").code(), Some(0));
}

#[cfg(unix)]
#[test]
fn output_that_nobody_reads_is_no_error() {
    let place = Place::seed();
    place.run(&["index"]).exits(0);
    let seed = Path::new("corpus/reports/seed.txt")
        .to_str()
        .expect("ASCII");
    let mut child = place
        .command(&["inspect", "--json", seed])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
