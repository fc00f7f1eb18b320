//! What the whole service survives: kills, full disks, flipped bits, torn files, and being told to
//! stop. A longer form of each runs where `CESOU_LONG_TESTS` is set.

mod damage;
mod disk;
mod kill;
mod rebuild;
mod stopping;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Answer, Place, Serving};

/// The admin key of the services here.
const KEY: &str = "cesou-test-admin-key-0123456789abcdef0123456789";

/// Whether the longer forms are asked for.
fn is_long() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "what the tests do is no setting of the program"
    )]
    std::env::var_os("CESOU_LONG_TESTS").is_some()
}

/// Numbers at random, the same each time for one seed.
struct Random(u64);

impl Random {
    /// One below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// Starts the service in a place, with an admin key.
fn serve(place: &Place, settings: &[&str]) -> Serving {
    let mut arguments = vec!["serve", "--port", "0"];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    Serving::with(place, &arguments, &[("CESOU_ADMIN_KEY", KEY)])
}

/// A report that is sent as text.
fn put(serving: &Serving, id: &str, text: &str, wait: &str) -> Option<Answer> {
    let path = format!("/api/v1/reports/{id}{wait}");
    serving.try_send("PUT", &path, KEY, "text/plain; charset=utf-8", text)
}

fn delete(serving: &Serving, id: &str) -> Option<Answer> {
    let path = format!("/api/v1/reports/{id}");
    serving.try_send("DELETE", &path, KEY, "", "")
}

/// How many passages hold a text.
fn total(serving: &Serving, text: &str) -> Option<u64> {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("q", text), ("match", "exact"), ("per_page", "1")])
        .finish();
    let found = serving.try_get(&format!("/api/v1/search?{query}"))?;
    assert_eq!(found.status, 200, "{}", found.body);
    found.json()["total"].as_u64()
}

/// A report of as many measures as its number says.
fn report(id: &str, version: u64) -> String {
    let mut text = format!("泰州市:{id}第{version}版\n\n概述，版本{version}。\n");
    for numeral in ["一", "二", "三"]
        .iter()
        .take(usize::try_from(version % 4).unwrap())
    {
        let _ = write!(text, "\n{numeral}、办法。教师交流轮岗，版本{version}。\n");
    }
    text
}

/// How many passages that report has.
fn passages(version: u64) -> u64 {
    1 + version % 4
}

/// Waits for `is_so` to hold.
fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + Duration::from_secs(180);
    while !is_so() {
        assert!(std::time::Instant::now() < until, "{what}: in vain");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Every file below a folder that has something in it, but for the locks.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.metadata().unwrap().len() > 0 {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// How things stand, as `/readyz` says.
fn ready(serving: &Serving) -> (u16, Value) {
    let answer = serving.try_get("/readyz").expect("it answers");
    (answer.status, answer.json())
}
