//! What ends or hinders the process that writes: kills, full disks, other processes.

use std::collections::HashMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cesou::store::{self, Content, Error, Options, Store, TaskKind, Write};
use tempfile::TempDir;

use super::{Model, Random, all, content, delete, noise, open, put, segments, small, temporary};
use crate::support::skip;

#[test]
fn a_second_process_is_kept_out() {
    let folder = temporary();
    let store = open(folder.path());
    put(&store, "a", 1);
    let said = Store::open(folder.path(), &small())
        .unwrap_err()
        .to_string();
    assert!(said.contains("另一个进程正在使用"), "{said}");
    let mut none = io::empty();
    let error = store::import(folder.path(), &mut none, &small(), true).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    // Looking does no harm.
    assert_eq!(store::verify(folder.path()).unwrap().reports, 1);
    drop(store);
    assert!(open(folder.path()).contains("a"));
}

#[test]
fn a_folder_that_cannot_be_used_says_why() {
    let folder = temporary();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Store::open(&file, &small()).unwrap_err();
    assert!(matches!(error, Error::Unusable { .. }), "{error}");
    let later = folder.path().join("later");
    fs::create_dir_all(later.join("log2-000001")).unwrap();
    let error = Store::open(&later, &small()).unwrap_err();
    assert!(matches!(error, Error::Foreign { .. }), "{error}");
}

#[test]
fn a_disk_that_is_nearly_full_takes_no_reports_but_gives_and_withdraws_them() {
    let folder = temporary();
    let store = open(folder.path());
    put(&store, "a", 1);
    put(&store, "b", 2);
    drop(store);
    let options = Options {
        min_free_bytes: 1 << 60,
        ..small()
    };
    let (store, _) = Store::open(folder.path(), &options).unwrap();
    let error = store
        .append(TaskKind::Put, vec![Write::put("c", content(3))])
        .unwrap_err();
    assert!(matches!(error, Error::NearlyFull { .. }), "{error}");
    assert!(error.to_string().contains("store.min_free_mb"), "{error}");
    assert_eq!(store.get("a").unwrap().unwrap().content, content(1));
    assert!(delete(&store, "b"));
    assert!(!store.contains("b") && !store.contains("c"));
    let error = store.compact(0).unwrap_err();
    assert!(matches!(error, Error::NearlyFull { .. }), "{error}");
}

/// Fills what room there is, sees that what is there stays, makes room, and goes on.
fn fill_up(folder: &Path, make_room: impl FnOnce()) {
    let store = open(folder);
    let mut random = Random(9);
    let mut model = Model::new();
    let refused = (0..1000).find_map(|round| {
        let (id, content) = (format!("r{round}"), noise(&mut random, 20_000));
        let writes = vec![Write::put(&id, content.clone())];
        let error = store.append(TaskKind::Put, writes).err();
        if error.is_none() {
            model.insert(id, content);
        }
        error
    });
    let error = refused.expect("there is an end to room");
    let full = matches!(error, Error::NoSpace { .. } | Error::NearlyFull { .. });
    assert!(full, "{error}");
    assert!(error.to_string().contains("腾出空间"), "{error}");
    assert!(model.len() > 3);
    assert_eq!(all(&store), model);
    let again = vec![Write::put("again", noise(&mut random, 20_000))];
    store.append(TaskKind::Put, again.clone()).unwrap_err();
    store.compact(0).unwrap_err();
    assert_eq!(all(&store), model);
    make_room();
    store.append(TaskKind::Put, again).unwrap();
    assert_eq!(store.len(), model.len() + 1);
    drop(store);
    let store = open(folder);
    assert_eq!(store.len(), model.len() + 1);
    for (id, content) in &model {
        assert_eq!(store.get(id).unwrap().unwrap().content, *content);
    }
}

#[test]
fn a_full_disk_refuses_cleanly_and_is_recovered_from() {
    let folder = temporary();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=400k", "none"])
        .arg(folder.path())
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        skip("a small file system cannot be mounted here");
        return;
    }
    let ballast = folder.path().join("ballast");
    fs::write(&ballast, vec![0; 100_000]).unwrap();
    let filled = std::panic::catch_unwind(|| {
        fill_up(&folder.path().join("store"), || {
            fs::remove_file(&ballast).unwrap();
        });
    });
    let unmounted = Command::new("umount").arg(folder.path()).status().unwrap();
    assert!(unmounted.success());
    filled.unwrap();
}

#[test]
fn a_write_that_fails_halfway_is_undone() {
    // A limit on file sizes fails a write in the middle, which a mounted file system may not.
    let folder = temporary();
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "store::process::child_with_a_limit", "--ignored"])
        .env(CHILD, folder.path())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
}

/// The folder a child process is to use.
const CHILD: &str = "CHILD_STORE";

#[expect(
    clippy::disallowed_methods,
    reason = "a test that runs itself tells its child so"
)]
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

#[test]
#[ignore = "run by a_write_that_fails_halfway_is_undone"]
fn child_with_a_limit() {
    let Some(folder) = variable(CHILD) else {
        return;
    };
    let limit = rlimit::Resource::FSIZE;
    let (_, hard) = limit.get().unwrap();
    // Within the first segment, so that the write that passes it fails halfway.
    let options = Options {
        segment_bytes: 1 << 20,
        ..small()
    };
    drop(Store::open(&folder, &options).unwrap());
    limit.set(50_000, hard).unwrap();
    let (store, _) = Store::open(&folder, &options).unwrap();
    put(&store, "a", 1);
    let mut random = Random(1);
    let large = Content {
        text: (0..40_000)
            .filter_map(|_| char::from_u32(0x4E00 + u32::try_from(random.below(20_000)).unwrap()))
            .collect(),
        ..Content::default()
    };
    let before = store.size();
    for _ in 0..3 {
        let writes = vec![
            Write::put("b", content(2)),
            Write::put("large", large.clone()),
        ];
        let error = store.append(TaskKind::Bulk, writes).unwrap_err();
        assert!(matches!(error, Error::NoSpace { .. }), "{error}");
        assert_eq!(store.size(), before);
        assert!(!store.contains("b"));
    }
    let length = segments(&folder)[0].metadata().unwrap().len();
    assert_eq!(length, before.0, "what was written of it is gone");
    put(&store, "small", 3);
    limit.set(hard, hard).unwrap();
    let writes = vec![Write::put("large", large.clone())];
    store.append(TaskKind::Put, writes).unwrap();
    // Rewriting fails halfway too, and leaves what there was.
    limit.set(50_000, hard).unwrap();
    let error = store.compact(0).unwrap_err();
    assert!(matches!(error, Error::NoSpace { .. }), "{error}");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    limit.set(hard, hard).unwrap();
    store.compact(0).unwrap();
    drop(store);
    let (store, damages) = Store::open(&folder, &options).unwrap();
    assert_eq!(damages, []);
    assert_eq!(store.len(), 3);
    assert_eq!(store.get("large").unwrap().unwrap().content, large);
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let long = variable("CESOU_LONG_TESTS").is_some();
    let folder = TempDir::new().unwrap();
    let mut random = Random(u64::from(std::process::id()));
    let mut model: HashMap<String, u64> = HashMap::new();
    for round in 0..if long { 200 } else { 20 } {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::process::child_that_writes",
                "--ignored",
                "--nocapture",
            ])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // What a thread began and was not told of may stand or not.
        let mut open_ended: HashMap<u64, (String, u64)> = HashMap::new();
        let deadline = Instant::now() + Duration::from_millis(20 + random.below(250));
        let mut killed = false;
        let mut acknowledged = 0;
        for line in lines {
            let line = line.unwrap();
            let mut words = line.split(' ');
            match (words.next(), words.next().and_then(|it| it.parse().ok())) {
                (Some("begin"), Some(thread)) => {
                    let id = words.next().unwrap().to_owned();
                    let variant = words.next().unwrap().parse().unwrap();
                    open_ended.insert(thread, (id, variant));
                }
                (Some("done"), Some(thread)) => {
                    let (id, variant) = open_ended.remove(&thread).unwrap();
                    model.insert(id, variant);
                    acknowledged += 1;
                }
                _ => {}
            }
            if !killed && acknowledged > 0 && Instant::now() > deadline {
                child.kill().unwrap();
                killed = true;
            }
        }
        child.wait().unwrap();
        assert!(
            killed && acknowledged > 0,
            "round {round}: the child ended by itself"
        );
        let store = open(folder.path());
        for (id, variant) in open_ended.into_values() {
            let found = store.get(&id).unwrap().map(|stored| stored.content);
            if found == (variant > 0).then(|| content(variant)) {
                model.insert(id, variant);
            }
        }
        let expected: Model = model
            .iter()
            .filter(|(_, variant)| **variant > 0)
            .map(|(id, variant)| (id.clone(), content(*variant)))
            .collect();
        assert_eq!(all(&store), expected, "round {round}");
        assert_eq!(store.len(), expected.len());
    }
}

#[test]
#[ignore = "run by what_was_acknowledged_survives_a_kill"]
fn child_that_writes() {
    let Some(folder) = variable(CHILD) else {
        return;
    };
    let store = open(&folder);
    std::thread::scope(|scope| {
        for thread in 0..3_u64 {
            let store = &store;
            scope.spawn(move || {
                let mut random = Random(store.seq() * 3 + thread);
                loop {
                    let id = format!("k{thread}-{}", random.below(8));
                    let variant = random.below(60).saturating_sub(10);
                    writeln!(io::stdout(), "begin {thread} {id} {variant}").unwrap();
                    if variant > 0 {
                        put(store, &id, variant);
                    } else {
                        delete(store, &id);
                    }
                    writeln!(io::stdout(), "done {thread}").unwrap();
                    if random.below(40) == 0 {
                        store.compact(store.seq()).unwrap();
                    }
                }
            });
        }
    });
}

#[test]
#[ignore = "measures how fast writes are acknowledged; run alone and in release"]
fn speed_of_acknowledged_writes() {
    let folder = TempDir::new_in(".").unwrap();
    let options = Options {
        min_free_bytes: 0,
        ..Options::default()
    };
    let (store, _) = Store::open(folder.path(), &options).unwrap();
    let report = |seed: u64| Content {
        text: format!("泰州市:第{seed}份\n\n一、教师交流。教师交流轮岗{seed}。\n").repeat(60),
        ..Content::default()
    };
    let say = |what: &str, count: u64, began: Instant| {
        let seconds = began.elapsed().as_secs_f64();
        let mut error = io::stderr();
        writeln!(error, "{what}: {count} in {seconds:.2} s").unwrap();
    };
    let began = Instant::now();
    for n in 0..300 {
        let writes = vec![Write::put(&format!("single{n}"), report(n))];
        store.append(TaskKind::Put, writes).unwrap();
    }
    say("one writer", 300, began);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..64 {
            let (store, report) = (&store, &report);
            scope.spawn(move || {
                for n in 0..50 {
                    let writes = vec![Write::put(&format!("group{thread}-{n}"), report(n))];
                    store.append(TaskKind::Put, writes).unwrap();
                }
            });
        }
    });
    say("64 writers", 3200, began);
    let began = Instant::now();
    for request in 0..100 {
        let writes = (0..1000).map(|n| Write::put(&format!("bulk{request}-{n}"), report(n)));
        store.append(TaskKind::Bulk, writes.collect()).unwrap();
    }
    say("requests of 1000", 100_000, began);
    let mut random = Random(1);
    let large: Vec<Content> = (0..50).map(|_| noise(&mut random, 200_000)).collect();
    let began = Instant::now();
    for request in 0..40 {
        let writes = large.iter().enumerate().map(|(n, content)| {
            let mut content = content.clone();
            content.text.insert_str(0, &request.to_string());
            Write::put(&format!("large{request}-{n}"), content)
        });
        store.append(TaskKind::Bulk, writes.collect()).unwrap();
    }
    say("requests of 50 large ones", 2000, began);
    let (bytes, _) = store.size();
    drop(store);
    let began = Instant::now();
    let (store, _) = Store::open(folder.path(), &options).unwrap();
    say(
        &format!("opening {} MB", bytes >> 20),
        store.len() as u64,
        began,
    );
    let began = Instant::now();
    for report in store.reports() {
        store.get(&report.id).unwrap();
    }
    say("reading", store.len() as u64, began);
    let began = Instant::now();
    store.compact(0).unwrap();
    say("rewriting", store.len() as u64, began);
}
