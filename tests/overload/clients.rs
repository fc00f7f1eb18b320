//! Clients that are slow, silent or endless, each on a connection of its own.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::{Client, heavy, metric, service, serving};
use crate::support::{Place, REPORT, Service, corpus_of, skip};

/// What comes until the connection ends, and how long that takes.
fn until_closed(stream: &mut TcpStream) -> (String, Duration) {
    let began = Instant::now();
    let limit = Some(Duration::from_secs(30));
    stream.set_read_timeout(limit).unwrap();
    let mut answer = Vec::new();
    // A connection that is broken off has ended too.
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    (text, began.elapsed())
}

#[test]
fn who_is_slow_to_ask_is_not_waited_for() {
    let service = service(|settings| {
        settings.server.header_timeout_s = 1;
        settings.server.keep_alive_s = 1;
    });
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut silent = service.connect();
            let (_, took) = until_closed(&mut silent);
            assert!(took < Duration::from_secs(8), "silence: {took:?}");
        });
        scope.spawn(|| {
            let mut slow = service.connect();
            let began = Instant::now();
            slow.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n")
                .unwrap();
            // A byte now and then keeps nothing open.
            let until = Instant::now() + Duration::from_secs(8);
            while slow.write_all(b"x").is_ok() && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(100));
            }
            let took = began.elapsed();
            assert!(took < Duration::from_secs(8), "a slow head: {took:?}");
        });
        scope.spawn(|| {
            let mut idle = service.connect();
            let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
            idle.write_all(request).unwrap();
            let (answer, took) = until_closed(&mut idle);
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            assert!(took < Duration::from_secs(8), "idle: {took:?}");
        });
    });
}

#[test]
fn a_body_that_comes_too_slowly_is_refused() {
    let service = service(|settings| {
        settings.server.body_timeout_s = 1;
    });
    for path in ["/mcp", "/meili/indexes/passages/search"] {
        let mut slow = service.connect();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
        );
        slow.write_all(head.as_bytes()).unwrap();
        let (answer, took) = until_closed(&mut slow);
        assert!(answer.starts_with("HTTP/1.1 408"), "{path}: {answer}");
        assert!(took < Duration::from_secs(8), "{path}: {took:?}");
        assert!(answer.contains("请求正文来得太慢"), "{path}: {answer}");
    }
    let metrics = service.get("/metrics").body;
    assert!((metric(&metrics, "cesou_slow_bodies_total") - 2.0).abs() < 0.1);
}

#[test]
fn a_body_that_trickles_is_refused_and_one_that_flows_is_not() {
    let service = service(|_| {});
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 20000\r\n\r\n";
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut slow = service.connect();
            slow.write_all(head.as_bytes()).unwrap();
            let mut other = slow.try_clone().unwrap();
            let began = Instant::now();
            let answer = std::thread::spawn(move || until_closed(&mut slow).0);
            while began.elapsed() < Duration::from_secs(20) && !answer.is_finished() {
                let _ = other.write_all(b" ");
                std::thread::sleep(Duration::from_millis(200));
            }
            let answer = answer.join().unwrap();
            assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
        });
        scope.spawn(|| {
            let mut steady = service.connect();
            steady.write_all(head.as_bytes()).unwrap();
            for _ in 0..12 {
                std::thread::sleep(Duration::from_secs(1));
                steady.write_all(" ".repeat(1_600).as_bytes()).unwrap();
            }
            steady.write_all(" ".repeat(800).as_bytes()).unwrap();
            let (answer, _) = until_closed(&mut steady);
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        });
    });
}

/// Sends chunks until the connection breaks, or for too long; how long that took.
fn endless(service: &Service, head: &str) -> (Duration, String) {
    let mut stream = service.connect();
    stream.write_all(head.as_bytes()).unwrap();
    let mut reading = stream.try_clone().unwrap();
    let answer = std::thread::spawn(move || until_closed(&mut reading).0);
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) && stream.write_all(chunk.as_bytes()).is_ok() {}
    let took = began.elapsed();
    let _ = stream.shutdown(Shutdown::Both);
    (took, answer.join().unwrap())
}

#[test]
fn a_body_without_an_end_is_cut_off() {
    let corpus = corpus_of(&[("a.txt", REPORT)]);
    let live = Service::live_with(corpus.path(), |settings| {
        settings.store.max_body_mb = 1;
    });
    let key = live.key(&serde_json::json!({"name": "写", "actions": ["write"]}));
    let chunked = "Host: localhost\r\nTransfer-Encoding: chunked\r\n";
    for (head, status) in [
        (format!("POST /mcp HTTP/1.1\r\n{chunked}\r\n"), "413"),
        (
            format!(
                "PUT /api/v1/reports/a HTTP/1.1\r\n{chunked}Content-Type: text/plain\r\nAuthorization: Bearer {key}\r\n\r\n"
            ),
            "413",
        ),
        // Nobody asked for it.
        (format!("GET /healthz HTTP/1.1\r\n{chunked}\r\n"), "200"),
    ] {
        let (took, answer) = endless(&live, &head);
        // What comes after the answer is read and forgotten for two seconds, so that it arrives.
        assert!(took < Duration::from_secs(20), "{head}: {took:?}");
        assert!(
            answer.is_empty() || answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{head}: {answer}"
        );
        assert_eq!(live.get("/healthz").status, 200);
    }
}

#[test]
fn who_takes_nothing_of_an_answer_is_let_go() {
    let service = service(|settings| {
        settings.server.write_timeout_s = 1;
        settings.server.keep_alive_s = 1;
        settings.server.header_timeout_s = 1;
    });
    let mut deaf = service.connect();
    deaf.set_write_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let request = "GET /api/v1/search?per_page=100 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // More answers than fit between the two.
    for _ in 0..400 {
        if deaf.write_all(request.as_bytes()).is_err() {
            break;
        }
    }
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let metrics = service.get("/metrics").body;
        // The one that asks for this, and those before it that are being closed.
        if metric(&metrics, "cesou_http_connections ") < 1.5 {
            break;
        }
        assert!(Instant::now() < until, "{metrics}");
    }
    drop(deaf);
}

#[test]
fn more_connections_than_may_be_are_told_so_and_room_comes_back() {
    let service = service(|settings| {
        settings.server.max_connections = 16;
        settings.server.header_timeout_s = 60;
    });
    let mut held: Vec<TcpStream> = (0..16).map(|_| service.connect()).collect();
    // They are counted when they are taken, a moment later.
    let until = Instant::now() + Duration::from_secs(10);
    let refusal = loop {
        let mut more = service.connect();
        let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let _ = more.write_all(request);
        let (answer, _) = until_closed(&mut more);
        if answer.starts_with("HTTP/1.1 503") {
            break answer;
        }
        assert!(Instant::now() < until, "{answer}");
    };
    assert!(refusal.contains("retry-after: 1"), "{refusal}");
    held.truncate(8);
    let answer = loop {
        if let Some(status) = Client::new(&service.address).and_then(|mut it| it.get("/healthz")) {
            break status;
        }
        assert!(Instant::now() < until, "no room");
    };
    assert!([200, 503].contains(&answer));
    drop(held);
    std::thread::sleep(Duration::from_millis(300));
    let metrics = service.get("/metrics").body;
    assert!(
        metric(
            &metrics,
            "cesou_http_connections_refused_total{limit=\"all\"}"
        ) >= 1.0
    );
    assert!(
        metric(&metrics, "cesou_http_connections ") < 3.0,
        "{metrics}"
    );
}

#[test]
fn five_thousand_idle_connections_hurt_nobody_and_are_closed() {
    const MANY: usize = 5_000;
    let room = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(0);
    if room < MANY as u64 + 2_000 {
        skip(&format!(
            "this machine lets a process open {room} files only"
        ));
        return;
    }
    let place = Place::seed();
    let mut serving = serving(
        &place,
        &["server.header_timeout_s=12", "server.max_connections=10000"],
    );
    let address = serving.address.trim_start_matches("http://").to_owned();
    let before = metric(&serving.get("/metrics").1, "process_anonymous_memory_bytes");
    let held: Vec<TcpStream> = (0..MANY)
        .map(|_| TcpStream::connect(&address).expect("it is taken"))
        .collect();
    let metrics = serving.get("/metrics").1;
    let open = metric(&metrics, "cesou_http_connections ");
    assert!(open > 4_000.0, "only {open} were open at once");
    let each = (metric(&metrics, "process_anonymous_memory_bytes") - before) / open;
    eprintln!("{open} connections, {each:.0} bytes of memory each");
    assert!(each < 64_000.0, "{each} bytes each");
    let mut health: Vec<Duration> = (0..20)
        .map(|_| {
            let began = Instant::now();
            assert_eq!(serving.get("/healthz").0, 200);
            began.elapsed()
        })
        .collect();
    health.sort();
    eprintln!("health beside them: {:?} to {:?}", health[0], health[19]);
    assert!(health[10] < Duration::from_millis(200), "{health:?}");
    assert_eq!(serving.get(&heavy(0)).0, 200);
    let until = Instant::now() + Duration::from_secs(40);
    while metric(&serving.get("/metrics").1, "cesou_http_connections ") > 5.0 {
        assert!(Instant::now() < until, "they stay open");
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(held);
    assert!(serving.stop("-TERM").success());
}
