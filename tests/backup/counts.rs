//! The counts of searches in a snapshot, and back.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use cesou::analytics::{Analytics, Event, Options};
use cesou::backup;
use jiff::civil::{Date, date};

use super::refusals::{entries, made};
use super::{OVERWRITE, Random, flip, places, site, tree};
use crate::support::Place;

/// The days that [`site`] has counts of.
pub(super) const DAYS: [Date; 2] = [date(2026, 11, 25), date(2026, 11, 26)];

/// Counts into the counts of `place`, on that day, for as long as it is kept.
fn open(place: &Place, date: Date) -> Analytics {
    let options = Options {
        path: place.path("store/analytics"),
        keep_days: 90,
        max_queries: 1000,
        min_count: 1,
    };
    Analytics::open_at(options, Arc::new(move || date)).unwrap()
}

/// Counts so many searches, and a choice, on each of the days.
pub(super) fn count(place: &Place, days: &[Date], searches: usize) {
    for (number, date) in (1..).zip(days) {
        let analytics = open(place, *date);
        for n in 0..searches {
            analytics.note(Event::search(&format!("教师交流 {n}"), n));
        }
        analytics.note(Event::click("教师交流 1", "p-1", number));
    }
}

/// The files of days, and whatever else there is but the lock.
fn counts(place: &Place) -> BTreeMap<PathBuf, Vec<u8>> {
    tree(&place.path("store/analytics"))
}

#[test]
fn counts_are_as_they_were_and_later_ones_are_gone() {
    let place = site();
    let before = counts(&place);
    assert_eq!(before.len(), 2);
    let out = place.run(&["snapshot", "site.tar.zst"]).exits(0);
    assert!(out.contains("密钥 1 把，检索统计 2 天，"), "{out}");
    let later = date(2026, 11, 27);
    count(&place, &[DAYS[1], later], 9);
    assert_ne!(counts(&place), before);
    place.write("store/analytics/2026-11-20.damaged-1", b"set aside");

    place
        .run(&["restore", "site.tar.zst", "--overwrite"])
        .exits(0);
    let mut now = counts(&place);
    let aside = now.remove(&place.path("store/analytics/2026-11-20.damaged-1"));
    assert_eq!(aside.as_deref(), Some(&b"set aside"[..]));
    assert_eq!(now, before);
    let report = open(&place, later).report(DAYS[0], later, 100, None);
    assert_eq!(report.totals.searches, 6);
    assert_eq!(report.totals.clicks, 2);
    let file = place.path("store/analytics/2026-11-26.jsonl");
    assert_eq!(super::mode(&file), 0o600);

    // Into an empty place, and not over what is there unasked.
    let other = Place::with(&[]);
    let elsewhere = other.path("counted");
    let set = format!("analytics.path={}", elsewhere.display());
    fs::remove_dir_all(other.path("corpus")).unwrap();
    fs::copy(place.path("site.tar.zst"), other.path("site.tar.zst")).unwrap();
    let restore = ["--set", &set, "restore", "site.tar.zst"];
    other.run(&restore).exits(0);
    let names = |all: &BTreeMap<PathBuf, Vec<u8>>| -> Vec<(String, Vec<u8>)> {
        let names = all.iter().map(|(path, bytes)| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, bytes.clone())
        });
        names.collect()
    };
    assert_eq!(names(&tree(&elsewhere)), names(&before));
    for folder in ["corpus", "index", "store"] {
        fs::remove_dir_all(other.path(folder)).unwrap();
    }
    other
        .run(&restore)
        .refuses(&["统计目录", "counted", "--overwrite"]);
    let verified = other.run(&["--set", &set, "verify", "site.tar.zst"]);
    assert!(verified.exits(0).contains("检索统计 2 天"));
}

#[test]
fn a_damaged_day_is_named_and_the_others_are_saved() {
    let place = site();
    let path = place.path("store/analytics/2026-11-25.jsonl");
    flip(&path, &mut Random(11));
    let damaged = fs::read(&path).unwrap();
    let run = place.run(&["snapshot", "site.tar.zst"]);
    assert!(run.exits(0).contains("检索统计 1 天"), "{:?}", run.output);
    let said = "警告：2026-11-25 的检索统计没有收入快照：";
    assert!(run.err().contains(said), "{}", run.err());
    assert_eq!(fs::read(&path).unwrap(), damaged, "it is only looked at");
    place
        .run(&["snapshot", "site.tar.zst", "--overwrite", "--strict"])
        .exits(2);
    let run = place.run(&["verify"]);
    let out = run.exits(1);
    assert!(out.contains("检索统计：损坏（1 天"), "{out}");
    assert!(out.contains("2026-11-25.jsonl"), "{out}");
    // It keeps nothing from starting.
    let out = place.run(&["check"]).exits(0);
    assert!(out.contains("2026-11-25.jsonl"), "{out}");
    place
        .run(&["restore", "site.tar.zst", "--overwrite"])
        .exits(0);
    assert!(!path.exists());
    assert!(place.path("store/analytics/2026-11-26.jsonl").exists());
    place.run(&["verify"]).exits(0);
}

#[test]
fn while_a_service_counts_every_day_is_whole_and_it_is_not_replaced() {
    let place = site();
    let today = date(2026, 11, 27);
    let analytics = open(&place, today);
    let file = place.path("site.tar.zst");
    let until = Instant::now() + Duration::from_secs(2);
    let mut last = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if Instant::now() > until {
                    return;
                }
                analytics.note(Event::search(&format!("第 {n} 次"), n));
                analytics.flush();
            }
        });
        while Instant::now() < until {
            let written = backup::write(&places(&place), &file, true).unwrap();
            assert_eq!(written.warnings, Vec::<String>::new());
            let found = backup::check(&file).unwrap();
            assert!(found.contents.analytics_bytes >= last, "nothing is lost");
            last = found.contents.analytics_bytes;
        }
    });
    place
        .run(&["restore", "site.tar.zst", "--overwrite"])
        .refuses(&["统计文件夹", "正被另一个服务使用"]);
    drop(analytics);
    backup::restore(&file, &places(&place), OVERWRITE).unwrap();
    let report = open(&place, today).report(today, today, 10, None);
    assert!(report.totals.searches > 0);
}

#[test]
fn of_a_snapshot_that_knows_no_counts_those_that_are_there_stay() {
    let place = site();
    let file = place.path("site.tar.zst");
    backup::write(&places(&place), &file, false).unwrap();
    // As a program before them wrote it.
    let (mut entries, mut manifest) = entries(&file);
    entries.retain(|(name, ..)| !name.starts_with(b"analytics/"));
    let about = entries.iter_mut().find(|it| it.0 == b"cesou.json").unwrap();
    let text = String::from_utf8(about.2.clone()).unwrap();
    about.2 = text.replace("\"format\": 2", "\"format\": 1").into();
    manifest["about"]["format"] = 1.into();
    let contents = manifest["contents"].as_object_mut().unwrap();
    assert!(contents.remove("analytics_days").is_some());
    assert!(contents.remove("analytics_bytes").is_some());
    fs::write(&file, made(&entries, &manifest)).unwrap();
    let before = counts(&place);
    let found = backup::restore(&file, &places(&place), OVERWRITE).unwrap();
    assert_eq!(found.contents.analytics_days, None);
    assert_eq!(counts(&place), before);
    // They are no reason to refuse either.
    for folder in ["corpus", "index", "store"] {
        for entry in fs::read_dir(place.path(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.ends_with("store/analytics") {
                continue;
            }
            if path.is_dir() {
                fs::remove_dir_all(path).unwrap();
            } else {
                fs::remove_file(path).unwrap();
            }
        }
    }
    place.run(&["restore", "site.tar.zst"]).exits(0);
    assert_eq!(counts(&place), before);
}
