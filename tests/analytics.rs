//! What is counted of searches, what is kept of it and for how long, and what never is.
//!
//! | module | what belongs in it |
//! |---|---|
//! | `requests` | which requests count, and asking for the counts |

mod requests;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cesou::analytics::{Analytics, Error, Event, Options, Report, Totals};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use self::requests::{counts, search_event, tell};
use crate::support::{Service, corpus_of, seed_text};

const FIRST: Date = date(2026, 11, 26);

/// A day that a test moves on.
#[derive(Clone)]
struct Calendar(Arc<Mutex<Date>>);

impl Calendar {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(FIRST)))
    }

    fn set(&self, date: Date) {
        *self.0.lock().unwrap() = date;
    }

    fn open(&self, options: &Options) -> Analytics {
        let own = self.clone();
        let clock = Arc::new(move || *own.0.lock().unwrap());
        Analytics::open_at(options.clone(), clock).expect("nobody else counts there")
    }
}

fn options(folder: &Path) -> Options {
    Options {
        path: folder.join("analytics"),
        keep_days: 90,
        max_queries: 1000,
        min_count: 1,
    }
}

fn report(analytics: &Analytics) -> Report {
    analytics.report(FIRST, FIRST + 10.days(), 100_000, None)
}

fn sums(searches: u64, none: u64, clicks: u64, ranks: u64) -> Totals {
    Totals {
        searches,
        none,
        clicks,
        ranks,
    }
}

fn all_files(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.push_str(&path.to_string_lossy());
        all.push_str(&String::from_utf8_lossy(&fs::read(path).unwrap()));
    }
    all
}

#[derive(Debug, Clone)]
enum Step {
    Note(Event),
    NextDay,
    Restart,
    Flush,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let query = prop_oneof![
        4 => "[教师交流学校ab ]{0,6}",
        1 => Just("13800138000".to_owned()),
        1 => ".{0,300}",
    ];
    let event = prop_oneof![
        4 => (query.clone(), 0usize..3).prop_map(|(query, total)| Event::search(&query, total)),
        2 => (query, "[a-c]{1,2}", 1u32..20).prop_map(|(query, id, rank)| Event::click(&query, &id, rank)),
    ];
    let step = prop_oneof![
        30 => event.prop_map(Step::Note),
        2 => Just(Step::NextDay),
        1 => Just(Step::Restart),
        1 => Just(Step::Flush),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_sums_of_the_days_are_what_was_counted(steps in steps(), max in 3usize..40) {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { max_queries: max, ..options(folder.path()) };
        let calendar = Calendar::new();
        let mut analytics = calendar.open(&options);
        let mut expected: BTreeMap<Date, Totals> = BTreeMap::new();
        let mut today = FIRST;
        for step in steps {
            match step {
                Step::Note(event) => {
                    let sums = match &event {
                        Event::Search { total, .. } => sums(1, u64::from(*total == 0), 0, 0),
                        Event::Click { rank, .. } => sums(0, 0, 1, u64::from(*rank)),
                    };
                    expected.entry(today).or_default().add(sums);
                    analytics.note(event);
                }
                Step::NextDay if today < FIRST + 9.days() => {
                    // Whatever waits is of the day on which it is taken up.
                    analytics.flush();
                    today += 1.day();
                    calendar.set(today);
                }
                Step::Restart => {
                    drop(analytics);
                    analytics = calendar.open(&options);
                }
                Step::NextDay | Step::Flush => analytics.flush(),
            }
        }
        let report = report(&analytics);
        for line in &report.days {
            let expected = expected.get(&line.date).copied().unwrap_or_default();
            prop_assert_eq!(line.totals, expected, "{}", line.date);
        }
        // Told apart or not, all of it is there.
        let mut parts = report.others;
        for line in &report.queries {
            parts.add(line.totals);
        }
        prop_assert_eq!(parts, report.totals);
        prop_assert!(report.distinct <= (max * report.days.len()) as u64);
        prop_assert!(report.queries.iter().all(|line| !line.query.contains("138001")));
        // And it is the same after a restart.
        drop(analytics);
        let again = self::report(&calendar.open(&options));
        prop_assert_eq!(again.totals, report.totals);
        prop_assert_eq!(again.queries, report.queries);
        prop_assert_eq!(again.passages, report.passages);
    }
}

#[test]
fn a_flood_of_different_queries_takes_bounded_room_and_does_not_hide_what_many_ask() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let analytics = Calendar::new().open(&options);
    let mut left = Duration::ZERO;
    for number in 0..100_000_u32 {
        let event = Event::search(&format!("查询{}", number.wrapping_mul(2_654_435_761)), 1);
        let began = Instant::now();
        analytics.note(event);
        left += began.elapsed();
        if number % 50 == 0 {
            analytics.note(Event::search("教师交流", 12));
        }
        if number % 8000 == 0 {
            analytics.flush();
        }
    }
    let report = report(&analytics);
    assert_eq!(analytics.tally().dropped, 0);
    assert_eq!(report.totals.searches, 102_000);
    assert!(report.distinct <= 1000, "{}", report.distinct);
    assert_eq!(report.queries[0].query, "教师交流");
    assert_eq!(report.queries[0].totals.searches, 2000);
    analytics.flush();
    let bytes = all_files(&options.path).len();
    assert!(bytes < 300_000, "{bytes} bytes");
    println!("a note takes {:?}", left / 100_000);
}

#[test]
fn more_notes_than_can_wait_are_dropped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let analytics = Calendar::new().open(&options(folder.path()));
    for _ in 0..400_000 {
        analytics.note(Event::search("教师", 1));
    }
    let tally = analytics.tally();
    assert_eq!(tally.searches + tally.dropped, 400_000);
    assert_eq!(report(&analytics).totals.searches, tally.searches);
}

#[test]
fn days_are_told_apart_and_kept_no_longer_than_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        keep_days: 3,
        ..options(folder.path())
    };
    let calendar = Calendar::new();
    let analytics = calendar.open(&options);
    for day in 0..5 {
        calendar.set(FIRST + day.days());
        for _ in 0..=day {
            analytics.note(Event::search("教师", 0));
        }
        analytics.flush();
    }
    let report = report(&analytics);
    let days: Vec<u64> = report.days.iter().map(|day| day.totals.searches).collect();
    assert_eq!(days[..6], [0, 0, 3, 4, 5, 0], "two are past their time");
    assert_eq!(report.queries[0].totals, sums(12, 12, 0, 0));
    // A clock that is put back makes no day count twice.
    calendar.set(FIRST);
    analytics.note(Event::search("教师", 0));
    assert_eq!(self::report(&analytics).days[4].totals.searches, 6);
}

#[test]
fn rare_queries_are_shown_to_nobody_where_that_is_set_and_forgotten_with_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        min_count: 3,
        ..options(folder.path())
    };
    let calendar = Calendar::new();
    let analytics = calendar.open(&options);
    for query in ["张三", "教师", "教师", "教师"] {
        analytics.note(Event::search(query, 1));
    }
    analytics.note(Event::click("李四", "a", 1));
    let now = report(&analytics);
    assert_eq!(now.queries.len(), 1);
    assert_eq!((now.totals.searches, now.others.searches), (4, 1));
    calendar.set(FIRST + 1.day());
    analytics.flush();
    let kept = all_files(&options.path);
    assert!(kept.contains("教师") && !kept.contains("张三") && !kept.contains("李四"));
    assert_eq!(report(&analytics).totals, now.totals);
    // A day that was not ended, since the service stopped, is ended by the next start.
    analytics.note(Event::search("王五", 1));
    analytics.flush();
    assert!(all_files(&options.path).contains("王五"));
    drop(analytics);
    calendar.set(FIRST + 2.days());
    let analytics = calendar.open(&options);
    assert!(!all_files(&options.path).contains("王五"));
    assert_eq!(report(&analytics).totals.searches, 5);
}

#[test]
fn a_damaged_file_is_set_aside_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let calendar = Calendar::new();
    let analytics = calendar.open(&options);
    analytics.note(Event::search("教师", 1));
    analytics.flush();
    drop(analytics);
    let path = options.path.join(format!("{FIRST}.jsonl"));
    let whole = fs::read(&path).unwrap();
    let mut kept = 0;
    let step = (whole.len() / 40).max(1);
    for place in (0..whole.len()).step_by(step) {
        for damaged in [
            whole[..place].to_vec(),
            [&whole[..place], &[whole[place] ^ 1], &whole[place + 1..]].concat(),
        ] {
            fs::write(&path, &damaged).unwrap();
            let analytics = calendar.open(&options);
            assert_eq!(report(&analytics).totals.searches, 0, "byte {place}");
            drop(analytics);
            assert!(!path.exists(), "byte {place}");
            kept += 1;
            let aside = options.path.join(format!("{FIRST}.damaged-{kept}"));
            assert_eq!(fs::read(aside).unwrap(), damaged, "not a byte is lost");
        }
    }
    // Counting goes on under the name.
    let analytics = calendar.open(&options);
    analytics.note(Event::search("教师", 1));
    analytics.flush();
    assert_eq!(report(&analytics).totals.searches, 1);
}

#[test]
fn two_never_count_into_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let first = Calendar::new().open(&options);
    let second = Analytics::open(options.clone());
    assert!(matches!(second, Err(Error::InUse { .. })), "it is in use");
    drop(first);
    let second = Analytics::open(options.clone()).expect("nobody counts there now");
    drop(second);
    // Where it cannot be had, searching goes on, and the owner is told why nothing is counted.
    fs::remove_dir_all(&options.path).unwrap();
    fs::write(&options.path, "no folder").unwrap();
    let corpus = corpus_of(&[("seed.txt", &seed_text())]);
    let service = Service::with(corpus.path(), |settings| {
        settings.analytics.path.clone_from(&options.path);
    });
    assert_eq!(service.search(&[("q", "教师")]).status, 200);
    let told = counts(&service, "");
    assert_eq!(told.status, 409);
    let why = told.json()["detail"].as_str().unwrap().to_owned();
    assert!(why.contains("analytics.path"), "{why}");
    assert_eq!(tell(&service, &[], &search_event("教师", 1)).status, 204);
}
