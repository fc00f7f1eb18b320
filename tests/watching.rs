//! Reports that are added, changed and removed while the service runs.

use std::fmt::Write as _;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Service, corpus_of};

fn report(region: &str, measures: usize) -> String {
    let mut text = format!("{region}:观察\n概述。\n");
    for numeral in ["一", "二", "三", "四"].iter().take(measures) {
        let _ = writeln!(text, "{numeral}、办法。{region}推进教师交流轮岗。");
    }
    text
}

fn total(service: &Service, text: &str) -> u64 {
    let found = service.search(&[("q", text), ("match", "exact")]).json();
    found["total"].as_u64().expect("a number")
}

/// Waits until a search finds `expected`, and says how long that took.
fn wait(service: &Service, text: &str, expected: u64) -> Duration {
    let started = Instant::now();
    loop {
        let found = total(service, text);
        if found == expected {
            return started.elapsed();
        }
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{text}: {found} found, {expected} awaited"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn files_are_taken_in_as_they_come_and_go() {
    let corpus = corpus_of(&[("a.txt", &report("沈阳市", 2))]);
    let service = Service::watching(corpus.path());
    let path = |name: &str| corpus.path().join("reports").join(name);
    assert_eq!(total(&service, "沈阳市推进"), 2);

    fs::create_dir(path("b")).unwrap();
    fs::write(path("b/b.txt"), report("成都市", 3)).unwrap();
    let added = wait(&service, "成都市推进", 3);
    fs::write(path("b/b.txt"), report("成都市", 1)).unwrap();
    let changed = wait(&service, "成都市推进", 1);
    fs::rename(path("b/b.txt"), path("c.txt")).unwrap();
    let started = Instant::now();
    while service.search(&[("q", "成都市")]).json()["hits"][0]["report"]["source"] != "c.txt" {
        assert!(started.elapsed() < Duration::from_secs(60), "not renamed");
        std::thread::sleep(Duration::from_millis(20));
    }
    fs::remove_file(path("c.txt")).unwrap();
    let removed = wait(&service, "成都市推进", 0);
    assert_eq!(total(&service, "沈阳市推进"), 2);
    // Two seconds on a machine that does nothing else; here many tests run side by side.
    for (what, took) in [("added", added), ("changed", changed), ("removed", removed)] {
        assert!(took < Duration::from_secs(20), "{what} after {took:?}");
    }
}

#[test]
fn searches_meanwhile_see_one_state_or_the_other() {
    let files: Vec<(String, String)> = (0..10)
        .map(|number| (format!("{number}.txt"), report("沈阳市", 2)))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let corpus = corpus_of(&files);
    let service = Service::watching(corpus.path());
    let stop = AtomicBool::new(false);
    let searches = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let answer = service.search(&[
                        ("q", "教师交流轮岗"),
                        ("facets", "province,kind"),
                        ("per_page", "100"),
                    ]);
                    assert_eq!(answer.status, 200);
                    let found = answer.json();
                    let total = found["total"].as_u64().expect("a number");
                    // Each file is there as a whole, and the counts are of the same state.
                    assert_eq!(
                        found["hits"].as_array().map(Vec::len),
                        Some(to_usize(total))
                    );
                    assert_eq!(found["facets"]["kind"][0]["count"], total);
                    assert!([20, 24, 16].contains(&total), "{total}");
                    searches.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let path = corpus.path().join("reports/new.txt");
        for _ in 0..3 {
            fs::write(&path, report("成都市", 4)).unwrap();
            wait(&service, "成都市推进", 4);
            fs::remove_file(&path).unwrap();
            wait(&service, "成都市推进", 0);
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(searches.load(Ordering::Relaxed) > 10);
}

fn to_usize(number: u64) -> usize {
    usize::try_from(number).expect("a small number")
}
