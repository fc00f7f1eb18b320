//! Snapshots while other processes write, and restoring that is killed.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use cesou::backup;
use cesou::store::Content;

use super::{OVERWRITE, Random, fill, places, report, site, stored, tree};
use crate::support::{Place, Serving};

/// Whether the longer form of these tests is asked for.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told how long they may take"
)]
pub(super) fn long() -> bool {
    std::env::var_os("CESOU_LONG_TESTS").is_some()
}

/// What a process wrote of one report: each write in order, 0 for a withdrawal, and how many of them
/// were acknowledged.
#[derive(Clone, Default)]
struct History {
    begun: Vec<u64>,
    done: usize,
}

#[test]
fn what_was_acknowledged_before_a_snapshot_began_is_in_it() {
    let place = Place::seed();
    let store = place.path("store");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::process::child_that_writes"])
        .args(["--ignored", "--nocapture"])
        .env("CHILD_STORE", &store)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let histories: Mutex<HashMap<String, History>> = Mutex::default();
    let seen = || histories.lock().unwrap().clone();
    let checked = thread::scope(|scope| {
        scope.spawn(|| {
            let mut last: HashMap<String, String> = HashMap::new();
            for line in lines.map_while(Result::ok) {
                let words: Vec<&str> = line.split(' ').collect();
                let mut histories = histories.lock().unwrap();
                match words[..] {
                    ["begin", thread, id, variant] => {
                        let history = histories.entry(id.to_owned()).or_default();
                        history.begun.push(variant.parse().unwrap());
                        last.insert(thread.to_owned(), id.to_owned());
                    }
                    ["done", thread] => {
                        let history = histories.get_mut(&last[thread]).unwrap();
                        history.done = history.begun.len();
                    }
                    _ => {}
                }
            }
        });
        let until = Instant::now() + Duration::from_secs(20);
        while seen().values().map(|it| it.done).sum::<usize>() < 50 {
            assert!(Instant::now() < until, "the child writes nothing");
            thread::sleep(Duration::from_millis(20));
        }
        let rounds = if long() { 30 } else { 6 };
        let checked = std::panic::catch_unwind(|| {
            for round in 0..rounds {
                let before = seen();
                let name = format!("{round}.tar.zst");
                // Every other one through the program, which is another process again.
                if round % 2 == 0 {
                    place.run(&["snapshot", &name]).exits(0);
                } else {
                    backup::write(&places(&place), &place.path(&name), false).unwrap();
                }
                // What the child says arrives a little later than it is done.
                thread::sleep(Duration::from_millis(200));
                let after = seen();
                let other = Place::with(&[]);
                backup::restore(&place.path(&name), &places(&other), OVERWRITE).unwrap();
                let found = stored(&other.path("store"));
                for (id, history) in after {
                    let acknowledged = before.get(&id).map_or(0, |it| it.done);
                    let may_be = history.begun.get(acknowledged.saturating_sub(1)..).unwrap();
                    let may_be: Vec<Option<Content>> = may_be
                        .iter()
                        .map(|variant| (*variant > 0).then(|| crate::store::content(*variant)))
                        .collect();
                    let found = found.get(&id).cloned();
                    let unwritten = acknowledged == 0 && found.is_none();
                    assert!(
                        unwritten || may_be.contains(&found),
                        "round {round}: {id} is not as it was acknowledged"
                    );
                }
            }
        });
        child.kill().unwrap();
        child.wait().unwrap();
        checked
    });
    checked.unwrap();
}

#[test]
fn a_file_is_taken_whole_though_it_is_being_written() {
    let place = Place::seed();
    let path = place.path("corpus/reports/growing.txt");
    let version = |n: usize| format!("泰州市:第{n}版\n\n一、教师交流。\n").repeat(2000);
    fs::write(&path, version(0)).unwrap();
    let last = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let until = Instant::now() + Duration::from_secs(3);
            let mut n = 0;
            while Instant::now() < until {
                n += 1;
                // In place, and in two goes.
                let text = version(n);
                let middle = text.len() / 2;
                let mut file = fs::File::create(&path).unwrap();
                std::io::Write::write_all(&mut file, &text.as_bytes()[..middle]).unwrap();
                thread::sleep(Duration::from_millis(5));
                std::io::Write::write_all(&mut file, &text.as_bytes()[middle..]).unwrap();
            }
            n
        });
        backup::write(&places(&place), &place.path("site.tar.zst"), false).unwrap();
        writer.join().unwrap()
    });
    let other = Place::with(&[]);
    backup::restore(&place.path("site.tar.zst"), &places(&other), OVERWRITE).unwrap();
    let found = fs::read_to_string(other.path("corpus/reports/growing.txt")).unwrap();
    let whole = (0..=last).any(|n| found == version(n));
    assert!(whole, "{} bytes", found.len());
}

#[test]
fn restoring_that_is_killed_can_be_repeated() {
    let place = site();
    for n in 0..60 {
        let text = format!("泰州市:第{n}份\n\n一、教师交流。\n");
        place.write(&format!("corpus/reports/{n}.txt"), text.as_bytes());
    }
    place.run(&["snapshot", "site.tar.zst"]).exits(0);
    let old = tree(&place.path("corpus"));
    let old_reports = stored(&place.path("store"));
    // What is there when restoring begins is something else in every part.
    let spoil = || {
        for n in 0..60 {
            let text = format!("泰州市:另一份{n}\n\n一、校长交流。\n");
            place.write(&format!("corpus/reports/{n}.txt"), text.as_bytes());
        }
        place.write("corpus/reports/more.txt", b"more");
        fill(&place.path("store"), 20);
    };
    spoil();
    let spoilt = tree(&place.path("corpus"));
    let began = Instant::now();
    place
        .run(&["restore", "site.tar.zst", "--overwrite"])
        .exits(0);
    let takes = began.elapsed();
    let mut random = Random(u64::from(std::process::id()));
    let (mut untouched, mut between) = (0, 0);
    let rounds = if long() { 200 } else { 12 };
    for round in 0..rounds {
        spoil();
        let mut child = place
            .command(&["restore", "site.tar.zst", "--overwrite"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let micros = usize::try_from(takes.as_micros()).unwrap();
        // Most of the time is spent before anything is renamed.
        let at = if round == 0 {
            // Before there is anything to rename, however slow the machine was a moment ago.
            0
        } else if round % 2 == 0 {
            random.below(micros)
        } else {
            micros * 3 / 4 + random.below(micros / 2)
        };
        thread::sleep(Duration::from_micros(at as u64));
        child.kill().unwrap();
        child.wait().unwrap();

        // Whatever is in its place is whole, old or new.
        let mut found = tree(&place.path("corpus"));
        found.retain(|path, _| {
            let name = path.strip_prefix(place.path("corpus")).unwrap();
            !name.starts_with(".restored") && !name.starts_with(".replaced")
        });
        for (path, bytes) in &found {
            let known = [&old, &spoilt].map(|it| it.get(path) == Some(bytes));
            assert!(known.contains(&true), "round {round}: {}", path.display());
        }
        let half = place.path("store/restoring").exists();
        if half {
            between += 1;
            let run = place.run(&["verify"]);
            let out = run.exits(1);
            assert!(out.contains("上一次恢复没有完成"), "{out}");
            let opened = cesou::store::Store::open(&place.path("store"), &super::options());
            let error = opened.unwrap_err().to_string();
            assert!(error.contains("上一次恢复没有完成"), "{error}");
            place
                .run(&["snapshot", "other"])
                .refuses(&["上一次恢复没有完成"]);
        } else {
            let complete = found == old;
            assert!(
                complete || found == spoilt,
                "round {round}: mixed, and not said"
            );
            let reports = stored(&place.path("store"));
            assert_eq!(
                reports.len(),
                if complete { 12 } else { 20 },
                "round {round}"
            );
            untouched += usize::from(!complete);
        }
        place
            .run(&["restore", "site.tar.zst", "--overwrite"])
            .exits(0);
        assert_eq!(tree(&place.path("corpus")), old, "round {round}");
        assert_eq!(stored(&place.path("store")), old_reports, "round {round}");
        assert_eq!(old_reports["r5"], report(5));
        place.run(&["verify"]).exits(0);
    }
    assert!(untouched > 0, "no kill came before the renaming");
    assert!(!long() || between > 0, "no kill came between");
}

#[test]
fn a_generation_is_taken_whole_though_newer_ones_take_its_place() {
    let place = Place::seed();
    let mut serving = Serving::start(&place, &["--port", "0"]);
    let until = Instant::now() + Duration::from_secs(if long() { 60 } else { 12 });
    let mut names = std::collections::BTreeSet::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0.. {
                if Instant::now() > until {
                    break;
                }
                let text = format!("泰州市:第{n}份\n\n一、教师交流。\n");
                place.write(&format!("corpus/reports/{n}.txt"), text.as_bytes());
                // One that changes all the time is waited for.
                thread::sleep(Duration::from_millis(1500));
            }
        });
        while Instant::now() < until {
            let (outgoing, faults) = cesou::index::backup::outgoing(&place.path("index"));
            assert_eq!(faults, []);
            names.insert(outgoing.expect("there is always one").name);
            // Nor is one called damaged that is being removed.
            let (checked, missing) = cesou::index::backup::verify(&place.path("index"));
            let damaged: Vec<_> = checked.iter().filter(|it| !it.damages.is_empty()).collect();
            assert!(damaged.is_empty(), "{damaged:?}");
            assert_eq!(missing, None);
        }
    });
    assert!(names.len() > 1, "generations came and went: {names:?}");
    place.run(&["snapshot", "site.tar.zst"]).exits(0);
    assert!(serving.stop("-TERM").success());
    let other = Place::with(&[]);
    backup::restore(&place.path("site.tar.zst"), &places(&other), OVERWRITE).unwrap();
    other.run(&["verify"]).exits(0);
    other.run(&["index"]).exits(0);
}
