//! `kill -9` at random moments, while reports are written and searched.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{KEY, Random, delete, is_long, passages, put, report, serve, total};
use crate::support::{Place, Serving};

/// Threads that write, each to reports of its own.
const WRITERS: u64 = 3;
/// Reports of one thread.
const REPORTS: u64 = 5;

/// What one thread knows of its reports: the version that was last acknowledged, 0 for none, and
/// what was asked for and not answered.
#[derive(Default)]
struct Known {
    acknowledged: BTreeMap<String, u64>,
    open: Vec<(String, u64)>,
}

/// Writes until the service is gone.
fn write(serving: &Serving, thread: u64, random: &mut Random, known: &mut Known) {
    loop {
        let id = |random: &mut Random| format!("k{thread}-{}", random.below(REPORTS));
        let version = 1 + random.below(1_000_000);
        let (asked, answer) = match random.below(6) {
            0 => {
                let id = id(random);
                known.open = vec![(id.clone(), 0)];
                let answer = delete(serving, &id);
                (vec![(id, 0)], answer)
            }
            1 => {
                let asked: Vec<(String, u64)> = (0..REPORTS)
                    .map(|n| (format!("k{thread}-{n}"), version + n))
                    .collect();
                known.open.clone_from(&asked);
                let body = asked.iter().fold(String::new(), |body, (id, version)| {
                    body + &json!({"id": id, "text": report(id, *version)}).to_string() + "\n"
                });
                let kind = "application/x-ndjson";
                let answer = serving.try_send("POST", "/api/v1/reports", KEY, kind, &body);
                (asked, answer)
            }
            _ => {
                let id = id(random);
                known.open = vec![(id.clone(), version)];
                let wait = ["", "", "?wait=5s"];
                let wait = wait[usize::try_from(random.below(3)).unwrap()];
                let answer = put(serving, &id, &report(&id, version), wait);
                (vec![(id, version)], answer)
            }
        };
        match answer {
            Some(answer) if answer.status / 100 == 2 => {
                known.open.clear();
                known.acknowledged.extend(asked);
            }
            // The queue may be full.
            Some(answer) => {
                assert_eq!(answer.status, 429, "{}", answer.body);
                known.open.clear();
            }
            None => return,
        }
    }
}

#[test]
fn nothing_that_was_acknowledged_is_lost_to_a_kill() {
    let rounds = if is_long() { 200 } else { 15 };
    let place = Place::with(&[("a.txt", "沈阳市:文件\n\n一、甲。来自文件。\n".as_bytes())]);
    let settings = ["store.min_free_mb=0", "log.filter=warn"];
    let mut random = Random(0x9E37_79B9 ^ u64::from(std::process::id()));
    let mut model: BTreeMap<String, u64> = BTreeMap::new();
    let mut acknowledged = 0;
    for round in 0..rounds {
        let mut serving = serve(&place, &settings);
        let known: Vec<Mutex<Known>> = (0..WRITERS).map(|_| Mutex::default()).collect();
        let lifetime = Duration::from_millis(30 + random.below(600));
        let seed = random.below(u64::MAX) | 1;
        std::thread::scope(|scope| {
            for (thread, known) in (0..).zip(&known) {
                let serving = &serving;
                scope.spawn(move || {
                    let mut random = Random(seed.wrapping_add(thread) | 1);
                    write(serving, thread, &mut random, &mut known.lock().unwrap());
                });
            }
            let serving = &serving;
            scope
                .spawn(move || while total(serving, "来自文件").is_some_and(|found| found == 1) {});
            std::thread::sleep(lifetime);
            serving.kill();
        });
        drop(serving);

        // What was asked for and not answered may have been done or not.
        serving = serve(&place, &settings);
        let started = Instant::now();
        for known in known {
            let known = known.into_inner().unwrap();
            acknowledged += known.acknowledged.len();
            model.extend(known.acknowledged);
            for (id, version) in known.open {
                let title = format!("泰州市:{id}第{version}版");
                let found = serving.try_get(&format!("/api/v1/reports/{id}")).unwrap();
                let done = match version {
                    0 => found.status == 404,
                    _ => found.status == 200 && found.json()["title"] == title.as_str(),
                };
                if done {
                    model.insert(id, version);
                }
            }
        }
        let there = || model.iter().filter(|(_, version)| **version > 0);
        for (id, version) in &model {
            let found = serving.try_get(&format!("/api/v1/reports/{id}")).unwrap();
            if *version == 0 {
                assert_eq!(found.status, 404, "round {round}: {id} was withdrawn");
            } else {
                assert_eq!(found.status, 200, "round {round}: {id} is missing");
                let title = format!("泰州市:{id}第{version}版");
                assert_eq!(found.json()["title"], title.as_str(), "round {round}");
                // By its words too, and by those of no other version.
                let needle = format!("{id}第");
                assert_eq!(total(&serving, &needle), Some(1), "round {round}: {id}");
            }
        }
        let expected: u64 = there().map(|(_, version)| passages(*version)).sum();
        assert_eq!(total(&serving, ""), Some(expected + 1), "round {round}");
        assert!(started.elapsed() < Duration::from_secs(60));
        serving.kill();
    }
    assert!(acknowledged > rounds, "hardly anything was written");
}
