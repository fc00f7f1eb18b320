//! Mixed reads, writes and rebuilds for a long time: memory and file handles stay flat, and nothing
//! is answered with an error that is not a documented refusal.
//!
//! Twenty seconds in every run. Where `CESOU_LONG_TESTS` is set it is ten minutes, or as many as
//! `CESOU_SOAK_MINUTES` says.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{heavy, metric};
use crate::support::{Place, Serving};

/// The admin key of the service here.
const KEY: &str = "cesou-test-admin-key-0123456789abcdef0123456789";

#[expect(
    clippy::disallowed_methods,
    reason = "what the tests do is no setting of the program"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// How long, and whether that is the long form.
fn length() -> (Duration, bool) {
    if variable("CESOU_LONG_TESTS").is_none() {
        return (Duration::from_secs(20), false);
    }
    let minutes = variable("CESOU_SOAK_MINUTES").and_then(|minutes| minutes.parse().ok());
    (Duration::from_secs(60 * minutes.unwrap_or(10)), true)
}

/// What was answered, how often.
#[derive(Default)]
struct Answers(Mutex<BTreeMap<(&'static str, u16), u64>>);

impl Answers {
    fn add(&self, what: &'static str, status: u16) {
        *self.0.lock().unwrap().entry((what, status)).or_default() += 1;
    }
}

/// What the process had at one moment.
#[derive(Clone, Copy)]
struct Sample {
    memory: f64,
    handles: f64,
}

fn sample(serving: &Serving) -> Sample {
    let metrics = serving.get("/metrics").1;
    Sample {
        memory: metric(&metrics, "process_anonymous_memory_bytes"),
        handles: metric(&metrics, "process_open_fds"),
    }
}

/// The middle one.
fn middle(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    let mut all: Vec<f64> = samples.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

const READS: [(&str, &str); 9] = [
    (
        "search",
        "/api/v1/search?q=%E6%95%99%E5%B8%88%E4%BA%A4%E6%B5%81&facets=province,theme",
    ),
    ("exact", "/api/v1/search?q=%E8%BD%AE%E5%B2%97&match=exact"),
    ("list", "/api/v1/search?per_page=50&group=report"),
    ("suggest", "/api/v1/suggest?q=jiao"),
    ("page", "/?q=%E6%95%99%E5%B8%88"),
    ("matrix", "/api/v1/matrix?q=%E6%95%99%E5%B8%88"),
    ("export", "/api/v1/export?format=csv"),
    ("reports", "/api/v1/reports"),
    ("none", "/api/v1/passages/nothing"),
];

#[test]
fn memory_and_handles_stay_flat_under_reads_writes_and_rebuilds() {
    let (length, is_long) = length();
    let place = Place::seed();
    let mut serving = Serving::with(
        &place,
        &["serve", "--port", "0", "--set", "store.min_free_mb=0"],
        &[("CESOU_ADMIN_KEY", KEY)],
    );
    let (over, answers) = (AtomicBool::new(false), Answers::default());
    let mut samples = Vec::new();
    std::thread::scope(|scope| {
        let (serving, over, answers) = (&serving, &over, &answers);
        for reader in 0..3 {
            scope.spawn(move || {
                let mut turn = reader;
                while !over.load(Ordering::Relaxed) {
                    let (what, path) = READS[turn % READS.len()];
                    let heavy = (turn % 7 == 0).then(|| heavy(turn));
                    let path = heavy.as_deref().unwrap_or(path);
                    let answer = serving.try_get(path).expect("it is there");
                    answers.add(what, answer.status);
                    turn += 1;
                }
            });
        }
        scope.spawn(move || {
            let mut turn = 0_u64;
            while !over.load(Ordering::Relaxed) {
                let path = format!("/api/v1/reports/soak-{}", turn % 20);
                let answer = if turn % 3 == 2 {
                    serving.try_send("DELETE", &path, KEY, "", "")
                } else {
                    let text =
                        format!("泰州市:第{turn}版\n\n一、办法。教师交流轮岗，版本{turn}。\n");
                    serving.try_send("PUT", &path, KEY, "text/plain; charset=utf-8", &text)
                };
                answers.add("write", answer.expect("it is there").status);
                turn += 1;
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let answer = serving.try_send("POST", "/api/v1/index/rebuild", KEY, "", "");
                answers.add("rebuild", answer.expect("it is there").status);
                let until = Instant::now() + Duration::from_secs(if is_long { 15 } else { 4 });
                while Instant::now() < until && !over.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(100));
                }
            }
        });
        let until = Instant::now() + length;
        while Instant::now() < until {
            samples.push(sample(serving));
            std::thread::sleep(Duration::from_millis(if is_long { 2_000 } else { 250 }));
        }
        over.store(true, Ordering::Relaxed);
    });
    let counted = answers.0.into_inner().unwrap();
    // The first half is for filling caches and pools; in it the second quarter is compared.
    let quarter = samples.len() / 4;
    let (early, late) = (&samples[quarter..2 * quarter], &samples[3 * quarter..]);
    let [before, after] = [early, late].map(|part| middle(part, |sample| sample.memory));
    let [opened, open] = [early, late].map(|part| middle(part, |sample| sample.handles));
    let most = |part: &[Sample]| part.iter().map(|sample| sample.handles).fold(0.0, f64::max);
    let mib = |bytes: f64| bytes / f64::from(1 << 20);
    eprintln!(
        "soak of {} s: anonymous memory {:.1} MiB, then {:.1} MiB; handles {opened}, then {open} (at most {}, then {}); {counted:?}",
        length.as_secs(),
        mib(before),
        mib(after),
        most(early),
        most(late),
    );
    for ((what, status), count) in &counted {
        let is_meant = match *what {
            "none" => [404, 429, 503].contains(status) || *status == 200,
            "write" | "rebuild" => [200, 202, 404, 409, 429, 503].contains(status),
            _ => [200, 429, 503].contains(status),
        };
        assert!(is_meant, "{what} was answered with {status}, {count} times");
    }
    let good = |what: &str| {
        let all = counted.iter().filter(|((name, _), _)| *name == what);
        all.filter(|((_, status), _)| (200..300).contains(status))
            .map(|(_, count)| count)
            .sum::<u64>()
    };
    for what in ["search", "export", "write", "rebuild"] {
        assert!(good(what) > 0, "no {what} came through: {counted:?}");
    }
    let room = if is_long { 24.0 } else { 64.0 };
    assert!(
        mib(after) < mib(before) * 1.15 + room,
        "memory grew from {:.1} to {:.1} MiB",
        mib(before),
        mib(after)
    );
    assert!(most(late) <= most(early) + 40.0, "handles grew");
    assert!(serving.stop("-TERM").success());
}
