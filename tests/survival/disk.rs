//! A disk that fills up, and one that cannot be written.

use std::fs;
use std::process::Command;

use super::{put, ready, report, serve, total, wait};
use crate::support::{Place, REPORT, Serving, skip};

/// A small file system of its own in the folder `path` of a place, until it is dropped.
struct Small {
    path: std::path::PathBuf,
}

impl Small {
    fn mount(place: &Place, path: &str, size: &str) -> Option<Self> {
        let path = place.path(path);
        fs::create_dir_all(&path).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "none"])
            .arg(&path)
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            skip("a small file system cannot be mounted here");
            return None;
        }
        Some(Self { path })
    }

    fn remount(&self, how: &str) -> bool {
        let options = format!("remount,{how}");
        let done = Command::new("mount")
            .args(["-o", &options])
            .arg(&self.path)
            .output();
        done.is_ok_and(|output| output.status.success())
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Whatever is still open goes with the process that has it open.
        let _ = Command::new("umount").arg("-l").arg(&self.path).status();
    }
}

const SETTINGS: [&str; 3] = [
    "store.path=small/store",
    "index.path=small/index",
    "keys.path=keys.jsonl",
];

/// A report that takes room.
fn large(id: &str, seed: u64) -> String {
    let mut random = super::Random(seed | 1);
    let mut text = format!("泰州市:{id}占用空间\n\n一、甲。填充。\n");
    // Of few characters, so that the index has few pairs of them, and in no order, so that the store
    // has to keep each.
    for nth in 0..10_000 {
        let code = 0x4E00 + u32::try_from(random.below(300)).unwrap();
        text.extend(char::from_u32(code));
        if nth % 40 == 39 {
            text.push_str("。\n");
        }
    }
    text
}

/// Fills the disk, and says how many reports it took.
fn fill(serving: &Serving) -> u64 {
    for n in 0..2000 {
        let id = format!("f{n}");
        let answer = put(serving, &id, &large(&id, n + 1), "").expect("it answers");
        if answer.status == 507 {
            assert_eq!(answer.json()["code"], "disk-full", "{}", answer.body);
            return n;
        }
        // The queue may be full, since the index can take no more.
        if answer.status == 429 {
            return n;
        }
        assert!(matches!(answer.status, 200 | 202), "{}", answer.body);
    }
    panic!("there is no end to room");
}

/// Waits, and shows the log where that is in vain.
fn wait_or(what: &str, serving: &Serving, mut is_so: impl FnMut() -> bool) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(180);
    while !is_so() {
        assert!(
            std::time::Instant::now() < until,
            "{what}: {:?}\n{}\n{}",
            total(serving, "占用空间"),
            ready(serving).1,
            serving.log()
        );
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Leaves `room` MiB of a small disk, has it filled, and makes room.
fn fills_and_recovers(min_free: &str, room: u64) {
    let place = Place::with(&[("a.txt", REPORT.as_bytes())]);
    let Some(small) = Small::mount(&place, "small", "80m") else {
        return;
    };
    let settings: Vec<&str> = SETTINGS
        .into_iter()
        .chain([min_free, "store.max_queue=400"])
        .collect();
    let mut serving = serve(&place, &settings);
    let free = fs4::available_space(&small.path).unwrap();
    let ballast = small.path.join("ballast");
    let size = usize::try_from(free - (room << 20)).unwrap();
    fs::write(&ballast, vec![1; size]).unwrap();
    let taken = fill(&serving);
    assert!(taken > 0);
    // Search goes on, and what was taken is not lost.
    assert_eq!(total(&serving, "建立联席会议制度"), Some(1));
    fs::remove_file(&ballast).unwrap();
    wait("room is made and nothing is taken", || {
        put(&serving, "after", &report("after", 3), "").is_some_and(|it| it.status == 202)
    });
    wait_or("what was taken is not found", &serving, || {
        total(&serving, "占用空间") == Some(taken)
    });
    wait("what came after is not found", || {
        total(&serving, "after第3版") == Some(1)
    });
    wait("it is not ready", || {
        let (status, said) = ready(&serving);
        status == 200 && said["vocabulary"]["warnings"] == serde_json::json!([])
    });
    assert!(serving.stop("-TERM").success());
}

#[test]
fn a_disk_that_is_nearly_full_refuses_and_recovers() {
    fills_and_recovers("store.min_free_mb=8", 11);
}

#[test]
fn a_full_disk_refuses_and_recovers() {
    fills_and_recovers("store.min_free_mb=0", 3);
}

#[test]
fn what_cannot_be_written_is_served_all_the_same() {
    let place = Place::with(&[("a.txt", REPORT.as_bytes())]);
    let Some(small) = Small::mount(&place, "small", "40m") else {
        return;
    };
    let settings: Vec<&str> = SETTINGS
        .into_iter()
        .chain(["store.min_free_mb=0"])
        .collect();
    let mut serving = serve(&place, &settings);
    let sent = put(&serving, "kept", &report("kept", 2), "?wait=20s").unwrap();
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert!(serving.stop("-TERM").success());
    if !small.remount("ro") {
        skip("a file system cannot be made read-only here");
        return;
    }
    let mut serving = serve(&place, &settings);
    assert_eq!(total(&serving, "kept第2版"), Some(1), "{}", serving.log());
    assert_eq!(total(&serving, "建立联席会议制度"), Some(1));
    let sent = put(&serving, "new", &report("new", 1), "").unwrap();
    assert_eq!(
        (sent.status, &sent.json()["code"]),
        (503, &"store-unavailable".into())
    );
    let told = serving.log();
    assert!(
        told.contains("索引目录") && told.contains("small"),
        "{told}"
    );
    // A file that is new cannot be indexed, which is said.
    place.write(
        "corpus/reports/b.txt",
        "沈阳市:乙丙\n\n一、甲。后来的。\n".as_bytes(),
    );
    wait("nothing is said of it", || {
        ready(&serving).1["vocabulary"]["warnings"]
            .to_string()
            .contains("索引未更新")
    });
    assert!(small.remount("rw"));
    wait("it is not taken in", || {
        total(&serving, "后来的") == Some(1)
    });
    assert!(serving.stop("-TERM").success());
}
