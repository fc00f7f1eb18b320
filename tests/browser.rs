//! What a real browser makes of the service: the tests of `web/test/`, run by Node in Chromium.
//!
//! Where Node, Chromium or the packages of `web/package-lock.json` are missing they are skipped, and
//! that is said; with `CESOU_REQUIRE_BROWSER=1`, as `.ci/run` sets it, that is a failure.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Service, corpus_of, root, seed_text, skip};

/// A report all of which is made to become markup somewhere.
pub(crate) const MARKUP: &str = "山西省长治市:<img src=x onerror=alert(1)>\n\n\
    <script>alert(2)</script> 概述里也有 <img src=x onerror=alert(3)>。\n\n\
    一、<b>加粗</b>的举措 onerror。正文有 <img src=x onerror=\"alert(4)\"> &lt;b&gt; 和 </mark>。\n";

/// A variable of the environment; what the tests need is no setting of the service.
#[expect(
    clippy::disallowed_methods,
    reason = "`config` reads the settings, and these are none"
)]
pub(crate) fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name)
}

fn set(name: &str) -> bool {
    variable(name).is_some()
}

/// What is missing here for a browser test, if anything.
pub(crate) fn missing() -> Option<String> {
    let node = Command::new("node")
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if !node.is_ok_and(|status| status.success()) {
        return Some("node is not there".to_owned());
    }
    if !root().join("web/node_modules/playwright-core").exists() {
        return Some("the packages are not there (run `npm ci` in web/)".to_owned());
    }
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    let found = set("CHROMIUM")
        || browsers
            .iter()
            .any(|name| Path::new("/usr/bin").join(name).exists());
    (!found).then(|| "Chromium is not there (set CHROMIUM to its path)".to_owned())
}

#[test]
fn pages_and_widget_in_a_browser() {
    if let Some(missing) = missing() {
        assert!(
            !set("CESOU_REQUIRE_BROWSER"),
            "CESOU_REQUIRE_BROWSER is set, but {missing}"
        );
        skip(&format!("the browser tests: {missing}"));
        return;
    }
    let corpus = corpus_of(&[("seed.txt", &seed_text()), ("markup.txt", MARKUP)]);
    // Live, so that the owner's page can add to the vocabulary.
    let service = Service::live_with(corpus.path(), |settings| {
        // A machine busy with other tests is slow, and that is not what is tested here.
        settings.server.search_timeout_ms = 60_000;
    });
    let key = service.key(&serde_json::json!({"name": "管理", "actions": ["admin"]}));
    let mut tests: Vec<_> = std::fs::read_dir(root().join("web/test"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(".test.js"))
        .collect();
    tests.sort();
    let run = Command::new("node")
        .args(["--test", "--test-reporter=tap"])
        .args(&tests)
        .current_dir(root().join("web"))
        .env("CESOU_ADDRESS", &service.address)
        .env("CESOU_TEST_KEY", &key)
        .env("NO_PROXY", "*")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    for line in said.lines() {
        if line.contains("axe violations") || line.contains("requests per word") {
            writeln!(io::stderr(), "{}", line.trim_start_matches("# ")).unwrap();
        }
    }
    assert!(
        run.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&run.stderr)
    );
}
