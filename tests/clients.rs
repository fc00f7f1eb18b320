//! Clients of other makers, unmodified, against the service: npm's `meilisearch`, `InstantSearch` in
//! a real Chromium, the `meilisearch` and `mcp` of Python, a client generated from the description of
//! the API, and a fuzzer of that description.
//!
//! They stand in `tests/clients/` and are installed there by `.ci/run` (`npm ci`, and the Python ones
//! in the environment that `CESOU_PYTHON` names). Where they are missing they are skipped, and that
//! is said; with `CESOU_REQUIRE_CLIENTS=1`, as `.ci/run` sets it, that is a failure.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cesou::config::SearchAccess;
use cesou::key::Wish;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::{MARKUP, missing, variable};
use crate::support::{Service, corpus_of, root, seed_text, skip};

fn folder() -> PathBuf {
    root().join("tests/clients")
}

/// Says that a client is missing; fails where none may be.
fn without(what: &str) {
    assert!(
        variable("CESOU_REQUIRE_CLIENTS").is_none(),
        "CESOU_REQUIRE_CLIENTS is set, but {what}"
    );
    skip(&format!("the tests of clients: {what}"));
}

/// A service that wants keys and takes reports, over the seed and a report made to become markup.
fn service() -> (Service, TempDir) {
    let corpus = corpus_of(&[("seed.txt", &seed_text()), ("markup.txt", MARKUP)]);
    let service = Service::live_with(corpus.path(), |settings| {
        settings.keys.search = SearchAccess::Required;
        // A machine busy with other tests is slow, and that is not what is tested here.
        settings.server.search_timeout_ms = 60_000;
    });
    (service, corpus)
}

fn key(service: &Service, described: Value) -> String {
    let now = Timestamp::now();
    let wish: Wish = serde_json::from_value(described).unwrap();
    let made = service.keys.create(wish.check(now).unwrap(), now).unwrap();
    made.secret.expose_secret().to_owned()
}

/// Runs `program` against a service of its own, and fails as it does.
fn run(program: &Path, arguments: &[&str]) {
    let (service, _corpus) = service();
    // What the program itself needs where a client starts it.
    let corpus = corpus_of(&[("seed.txt", &seed_text())]);
    let index = tempfile::tempdir().unwrap();
    let run = Command::new(program)
        .args(arguments)
        .current_dir(folder())
        .env("CESOU_ADDRESS", &service.address)
        .env("CESOU_SEARCH_KEY", key(&service, json!({"name": "检索"})))
        .env(
            "CESOU_ADMIN_KEY",
            key(&service, json!({"name": "管理", "actions": ["admin"]})),
        )
        .env(
            "CESOU_SITE_KEY",
            key(
                &service,
                json!({"name": "网站", "origins": ["https://www.example.org"]}),
            ),
        )
        .env(
            "CESOU_SLOW_KEY",
            key(
                &service,
                json!({"name": "慢", "actions": ["admin"], "rate": 1}),
            ),
        )
        .env("CESOU_PROGRAM", assert_cmd::cargo::cargo_bin!("cesou"))
        .env("CESOU_CORPUS", corpus.path())
        .env("CESOU_INDEX", index.path())
        .env("NO_PROXY", "*")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
}

/// Runs tests of `tests/clients/` by Node, where the packages are there.
fn node(test: &str) {
    if !folder().join("node_modules/instantsearch.js").exists() {
        without("the packages are not there (run `npm ci` in tests/clients/)");
        return;
    }
    run(Path::new("node"), &["--test", "--test-reporter=tap", test]);
}

#[test]
fn the_javascript_client() {
    node("meilisearch.test.js");
}

#[test]
fn instantsearch_in_a_browser() {
    if let Some(missing) = missing() {
        without(&missing);
        return;
    }
    node("instantsearch.test.js");
}

/// Not only that they can be read: their code is run.
#[test]
fn the_guides_are_followed() {
    if let Some(missing) = missing() {
        without(&missing);
        return;
    }
    node("guides.test.js");
}

/// The Python that has the packages of `requirements.txt`, where there is one.
fn python() -> Option<PathBuf> {
    let python = variable("CESOU_PYTHON").map(PathBuf::from);
    if python.is_none() {
        without(
            "there is no Python with the packages of tests/clients/requirements.txt (name it in CESOU_PYTHON)",
        );
    }
    python
}

#[test]
fn the_python_clients() {
    if let Some(python) = python() {
        let tests = ["-m", "unittest", "-v", "test_meilisearch", "test_mcp"];
        run(&python, &tests);
    }
}

#[test]
fn a_client_made_from_the_description() {
    if python().is_some() {
        run(Path::new("bash"), &["generated.sh"]);
    }
}

#[test]
fn no_answer_breaks_the_description() {
    if python().is_some() {
        run(Path::new("bash"), &["fuzz.sh"]);
    }
}
