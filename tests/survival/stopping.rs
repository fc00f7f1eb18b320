//! Being told to stop: what is under way is finished, what is queued stays.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::{put, ready, report, serve, total};
use crate::support::{Place, REPORT};

#[test]
fn health_turns_first_and_requests_under_way_are_finished() {
    let place = Place::with(&[("a.txt", REPORT.as_bytes())]);
    let serving = serve(
        &place,
        &["server.shutdown_drain_ms=1500", "store.min_free_mb=0"],
    );
    assert_eq!(ready(&serving).0, 200);
    // A body that is still on its way when the signal comes.
    let body = report("slow", 3);
    let mut stream = serving.connect();
    let head = format!(
        "PUT /api/v1/reports/slow HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: text/plain\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        super::KEY,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body.as_bytes()[..20]).unwrap();
    serving.signal("-TERM");
    let told = Instant::now();
    std::thread::sleep(Duration::from_millis(300));
    let (status, said) = ready(&serving);
    assert_eq!((status, &said["status"]), (503, &"stopping".into()));
    assert_eq!(
        total(&serving, "建立联席会议制度"),
        Some(1),
        "it still answers"
    );
    std::thread::sleep(Duration::from_millis(1500));
    assert!(
        serving.try_get("/healthz").is_none(),
        "it takes no more connections"
    );
    stream.write_all(&body.as_bytes()[20..]).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    let status = serving.ended();
    assert!(status.success(), "{status}: {}", serving.log());
    assert!(told.elapsed() < Duration::from_secs(15));
    let serving = serve(&place, &["store.min_free_mb=0"]);
    assert_eq!(
        total(&serving, "slow第3版"),
        Some(1),
        "what was answered is kept"
    );
}

#[test]
fn what_is_queued_when_told_to_stop_is_found_after_the_next_start() {
    let place = Place::with(&[("a.txt", REPORT.as_bytes())]);
    let settings = ["server.shutdown_drain_ms=0", "store.min_free_mb=0"];
    let mut serving = serve(&place, &settings);
    let mut sent = 0;
    for n in 0..40 {
        let id = format!("q{n}");
        let answer = put(&serving, &id, &report(&id, 7), "").unwrap();
        sent += u64::from(answer.status == 202);
    }
    assert!(serving.stop("-TERM").success(), "{}", serving.log());
    let mut serving = serve(&place, &settings);
    assert_eq!(total(&serving, "版本7"), Some(sent * 4));
    let tasks = serving
        .get_with_key("/api/v1/tasks?limit=1000", super::KEY)
        .json();
    let tasks = tasks["tasks"].as_array().unwrap();
    assert_eq!(tasks.len() as u64, sent);
    assert!(
        tasks.iter().all(|task| task["status"] == "done"),
        "{tasks:?}"
    );
    assert!(serving.stop("-INT").success());
}

#[test]
fn a_second_service_is_refused_with_what_to_do() {
    let place = Place::with(&[("a.txt", REPORT.as_bytes())]);
    let serving = serve(&place, &["store.min_free_mb=0"]);
    place
        .run(&["serve", "--port", "0"])
        .refuses(&["另一个进程正在使用索引目录", "index.path"]);
    place
        .run(&["index", "--rebuild"])
        .refuses(&["另一个进程正在使用索引目录", "自行收入"]);
    // Looking does no harm, though what changed since is left to the service.
    place.write(
        "corpus/reports/b.txt",
        "沈阳市:乙丙\n\n一、甲。后来的。\n".as_bytes(),
    );
    let found = place.run(&["search", "建立联席会议制度"]).exits(0);
    assert!(found.contains("联席会议"), "{found}");
    drop(serving);
    place.run(&["index"]).exits(0);
}
