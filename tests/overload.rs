//! More than the service can do, and clients that mean it no good: those that are let in are
//! answered as fast as ever, the rest are told so at once, and nobody holds up anybody else.

mod clients;
mod soak;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cesou::config::Settings;

use crate::support::{Place, Service, Serving, root};

/// A service over the seed.
fn service(change: impl FnOnce(&mut Settings)) -> Service {
    Service::with(&root().join("corpus"), change)
}

/// The binary, serving the seed.
fn serving(place: &Place, settings: &[&str]) -> Serving {
    let mut arguments = vec!["serve", "--port", "0"];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    Serving::start(place, &arguments)
}

/// The value of a line of the metrics, or the sum of all lines that begin like this.
fn metric(text: &str, start: &str) -> f64 {
    text.lines()
        .filter(|line| line.starts_with(start))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok())
        .sum()
}

/// A connection that is used for one request after another.
struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    fn new(address: &str) -> Option<Self> {
        let stream = TcpStream::connect(address.trim_start_matches("http://")).ok()?;
        let limit = Some(Duration::from_secs(30));
        stream.set_read_timeout(limit).ok()?;
        stream.set_write_timeout(limit).ok()?;
        Some(Self {
            reader: BufReader::new(stream),
        })
    }

    /// The status of the answer to `GET`, whose body is read and forgotten.
    fn get(&mut self, path: &str) -> Option<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        self.reader.get_mut().write_all(request.as_bytes()).ok()?;
        let mut line = String::new();
        self.reader.read_line(&mut line).ok()?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let mut length = None;
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line).ok()?;
            let line = line.trim_end().to_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(bytes) = line.strip_prefix("content-length:") {
                length = Some(bytes.trim().parse::<u64>().ok()?);
            }
        }
        let mut body = Vec::new();
        let read = Read::by_ref(&mut self.reader).take(length?);
        { read }.read_to_end(&mut body).ok()?;
        Some(status)
    }
}

/// A search that takes a while: a long text, word by word.
fn heavy(number: usize) -> String {
    let words: Vec<&str> = vec![
        "教师",
        "交流",
        "轮岗",
        "集团化",
        "办学",
        "均衡",
        "发展",
        "乡村",
        "学校",
        "校长",
        "培训",
        "编制",
        "待遇",
        "激励",
        "机制",
        "考核",
        "资源",
        "优质",
    ];
    let turned = words.iter().cycle().skip(number % words.len());
    let text: Vec<&str> = turned.take(12).copied().collect();
    let query: String = form_urlencoded::byte_serialize(text.join(" ").as_bytes()).collect();
    format!(
        "/api/v1/search?q={query}&per_page=50&facets=province,city,county,theme,kind,year&explain=true"
    )
}

/// What clients met in a while of asking as fast as they are answered.
struct Met {
    /// How long those took that were answered, shortest first.
    answered: Vec<Duration>,
    refused: Vec<Duration>,
    health: Vec<Duration>,
    others: Vec<Option<u16>>,
}

/// How many answers say how long answers take.
const ENOUGH: usize = 40;
/// How long they are waited for.
const MOST_TIME: Duration = Duration::from_secs(40);

/// So many clients at once, each with a connection of its own, for so much time; one more asks for
/// health.
fn storm(address: &str, clients: usize, time: Duration) -> Met {
    let over = AtomicBool::new(false);
    let met = Mutex::new(Met {
        answered: Vec::new(),
        refused: Vec::new(),
        health: Vec::new(),
        others: Vec::new(),
    });
    std::thread::scope(|scope| {
        for number in 0..clients {
            let (over, met) = (&over, &met);
            scope.spawn(move || {
                let path = heavy(number);
                let mut client = Client::new(address).expect("it listens");
                while !over.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    let status = client.get(&path);
                    let took = began.elapsed();
                    let mut met = met.lock().unwrap();
                    match status {
                        Some(200) => met.answered.push(took),
                        Some(503) => met.refused.push(took),
                        other => met.others.push(other),
                    }
                    drop(met);
                    if status == Some(503) {
                        // Far sooner than one was told to: this is a storm.
                        std::thread::sleep(Duration::from_millis(20));
                    }
                }
            });
        }
        let began = Instant::now();
        // On a machine that has other things to do it goes on until enough were answered.
        let is_over = || {
            let answered = met.lock().unwrap().answered.len();
            let took = began.elapsed();
            took >= time && (answered >= ENOUGH || took >= MOST_TIME)
        };
        while !is_over() {
            std::thread::sleep(Duration::from_millis(20));
            let began = Instant::now();
            let status = Client::new(address).and_then(|mut client| client.get("/healthz"));
            assert_eq!(status, Some(200));
            met.lock().unwrap().health.push(began.elapsed());
        }
        over.store(true, Ordering::Relaxed);
    });
    let mut met = met.into_inner().unwrap();
    for times in [&mut met.answered, &mut met.refused, &mut met.health] {
        times.sort();
    }
    met
}

/// The time that this part of them, from 0 to 1, did not exceed.
fn percentile(times: &[Duration], part: f64) -> Duration {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place among a few thousand"
    )]
    let at = ((times.len() as f64 - 1.0) * part).round() as usize;
    times.get(at).copied().unwrap_or_default()
}

/// How long a heavy search takes when there is no other, in the middle of twenty.
fn at_rest(address: &str) -> Duration {
    let mut client = Client::new(address).expect("it listens");
    let mut times: Vec<Duration> = (0..20)
        .map(|number| {
            let began = Instant::now();
            assert_eq!(client.get(&heavy(number)), Some(200));
            began.elapsed()
        })
        .collect();
    times.sort();
    percentile(&times, 0.5)
}

#[test]
fn under_ten_times_the_load_the_admitted_are_quick_and_the_rest_are_told_at_once() {
    let place = Place::seed();
    let mut serving = serving(
        &place,
        &["server.search_threads=1", "server.search_wait_ms=100"],
    );
    let rest = at_rest(&serving.address);
    let before = serving.get("/metrics").1;
    let met = storm(&serving.address, 60, Duration::from_secs(4));
    let after = serving.get("/metrics").1;
    let said = format!(
        "at rest {rest:?}; {} answered, half in {:?}, 99 % in {:?}; {} refused, half in {:?}; health half {:?}, 99 % {:?}",
        met.answered.len(),
        percentile(&met.answered, 0.5),
        percentile(&met.answered, 0.99),
        met.refused.len(),
        percentile(&met.refused, 0.5),
        percentile(&met.health, 0.5),
        percentile(&met.health, 0.99),
    );
    eprintln!("{said}");
    assert!(met.others.is_empty(), "{:?}", met.others);
    assert!(met.answered.len() > 10, "{said}");
    assert!(met.refused.len() > met.answered.len(), "{said}");
    // Sixty that wait in line would each wait for all others; the bounds leave room for a machine
    // that has other things to do.
    let whole_line = rest * 60;
    let bound = Duration::from_millis(100) + rest * 5 + Duration::from_millis(400);
    assert!(percentile(&met.answered, 0.9) < bound, "{said}");
    assert!(
        percentile(&met.answered, 0.5) < whole_line.max(Duration::from_millis(150)),
        "{said}"
    );
    assert!(
        percentile(&met.refused, 0.5) < Duration::from_millis(150),
        "{said}"
    );
    assert!(
        percentile(&met.health, 0.5) < Duration::from_millis(100),
        "{said}"
    );
    let refused = "cesou_gate_refused_total{class=\"reading\"}";
    assert!(
        metric(&after, refused) >= f64::from(u32::try_from(met.refused.len()).unwrap()) * 0.9,
        "{after}"
    );
    let memory = "process_anonymous_memory_bytes";
    let grown = metric(&after, memory) - metric(&before, memory);
    assert!(grown < f64::from(64 << 20), "{grown} bytes more");
    assert_eq!(serving.get(&heavy(0)).0, 200, "it recovers");
    assert!(serving.stop("-TERM").success());
}

#[test]
#[ignore = "measures; run it by itself on a quiet machine, with a release build"]
fn measured_overload() {
    let place = Place::seed();
    let serving = serving(&place, &[]);
    let rest = at_rest(&serving.address);
    for clients in [2, 20, 100, 400] {
        let met = storm(&serving.address, clients, Duration::from_secs(10));
        eprintln!(
            "{clients:4} clients: at rest {rest:?}; {} answered, 50 % {:?}, 99 % {:?}; {} refused, 50 % {:?}, 99 % {:?}; health 50 % {:?}, 99 % {:?}",
            met.answered.len(),
            percentile(&met.answered, 0.5),
            percentile(&met.answered, 0.99),
            met.refused.len(),
            percentile(&met.refused, 0.5),
            percentile(&met.refused, 0.99),
            percentile(&met.health, 0.5),
            percentile(&met.health, 0.99),
        );
        assert!(percentile(&met.health, 0.99) < Duration::from_millis(10));
    }
}

#[test]
fn who_has_gone_is_not_searched_for() {
    let service = service(|settings| {
        settings.server.search_threads = 1;
        settings.server.search_wait_ms = 60_000;
        settings.server.search_timeout_ms = 60_000;
    });
    let metrics = || service.get("/metrics").body;
    let path = heavy(0);
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut waiting: Vec<TcpStream> = Vec::new();
    for _ in 0..200 {
        let mut stream = service.connect();
        stream.write_all(request.as_bytes()).unwrap();
        waiting.push(stream);
    }
    let until = Instant::now() + Duration::from_secs(20);
    while metric(&metrics(), "cesou_gate_waiting{class=\"reading\"}") < 50.0 {
        assert!(Instant::now() < until, "{}", metrics());
    }
    drop(waiting);
    while metric(&metrics(), "cesou_gate_waiting") > 0.0 {
        assert!(Instant::now() < until, "{}", metrics());
    }
    let ran = metric(
        &metrics(),
        "cesou_gate_run_seconds_count{class=\"reading\"}",
    );
    assert!(ran < 180.0, "{ran} of two hundred were searched for");
    assert_eq!(service.get(&path).status, 200);
}

#[test]
fn typing_goes_on_beside_slow_exports() {
    let service = service(|settings| {
        settings.server.search_threads = 2;
        settings.server.search_wait_ms = 60_000;
    });
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let answer = service.get("/api/v1/export?format=jsonl");
                    assert_eq!(answer.status, 200);
                }
            });
        }
        let mut times = Vec::new();
        for _ in 0..40 {
            let began = Instant::now();
            assert_eq!(service.get("/api/v1/suggest?q=jiao").status, 200);
            times.push(began.elapsed());
        }
        over.store(true, Ordering::Relaxed);
        times.sort();
        let middle = percentile(&times, 0.5);
        assert!(middle < Duration::from_millis(500), "{middle:?}");
    });
}

#[test]
fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    let service = service(|settings| {
        settings.server.requests_per_minute = 60;
        settings.server.trusted_proxies = "127.0.0.1".to_owned();
    });
    let from = |address: &str, path: &str, accept: &str| {
        let headers = [("X-Forwarded-For", address), ("Accept", accept)];
        service.request("GET", path, &headers)
    };
    let mut last = None;
    for _ in 0..30 {
        let answer = from("192.0.2.7", "/api/v1/reports", "*/*");
        if answer.status == 429 {
            last = Some(answer);
            break;
        }
        assert_eq!(answer.header("ratelimit-policy"), "\"address\";q=10;w=10");
    }
    let refused = last.expect("thirty are more than ten");
    assert_eq!(refused.json()["code"], "too-many-of-address");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let page = from("192.0.2.7", "/", "text/html");
    assert_eq!(page.status, 429);
    assert!(page.body.contains("</html>"), "{}", page.body);
    let meili = from("192.0.2.7", "/meili/indexes", "*/*");
    assert_eq!(meili.json()["code"], "too_many_requests");
    // Nobody else, nor the checks of whoever runs it; and a household is one.
    assert_eq!(from("192.0.2.8", "/api/v1/reports", "*/*").status, 200);
    assert_eq!(from("192.0.2.7", "/healthz", "*/*").status, 200);
    assert_eq!(from("192.0.2.7", "/readyz", "*/*").status, 200);
    for last in 0..30 {
        from(&format!("2001:db8::{last}"), "/api/v1/reports", "*/*");
    }
    assert_eq!(from("2001:db8::ffff", "/api/v1/reports", "*/*").status, 429);
    assert_eq!(
        from("2001:db8:0:1::1", "/api/v1/reports", "*/*").status,
        200
    );
    // The proxy itself, and this machine, are not counted.
    for _ in 0..30 {
        assert_eq!(service.get("/api/v1/reports").status, 200);
    }
    let metrics = service.get("/metrics").body;
    assert!(metric(&metrics, "cesou_rate_limited_total{by=\"address\"}") >= 3.0);
}

#[test]
fn what_a_stranger_says_of_its_address_counts_for_nothing() {
    let service = service(|settings| settings.server.requests_per_minute = 60);
    for number in 0..40 {
        let address = format!("192.0.2.{number}");
        let headers = [
            ("X-Forwarded-For", address.as_str()),
            ("Forwarded", "for=192.0.2.1"),
        ];
        let answer = service.request("GET", "/api/v1/reports", &headers);
        assert_eq!((answer.status, answer.header("ratelimit")), (200, ""));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn searches_let_those_who_accept_and_refuse_go_first() {
    use std::collections::BTreeMap;
    use std::fs;

    let place = Place::seed();
    let serving = serving(&place, &[]);
    assert_eq!(serving.get("/api/v1/search?q=%E6%95%99%E5%B8%88").0, 200);
    let threads = format!("/proc/{}/task", serving.id());
    let mut niceness = BTreeMap::new();
    for thread in fs::read_dir(threads).expect("the process is there") {
        let folder = thread.expect("a thread").path();
        // One may have ended meanwhile.
        let Ok(stat) = fs::read_to_string(folder.join("stat")) else {
            continue;
        };
        // The name stands in brackets and may have anything in it; after it the nineteenth field.
        let (head, rest) = stat.rsplit_once(')').expect("a name in brackets");
        let (_, name) = head.split_once('(').expect("a name in brackets");
        let nice = rest.split_whitespace().nth(16).expect("enough fields");
        let nice: i32 = nice.parse().expect("a number");
        niceness
            .entry(name.to_owned())
            .or_insert_with(Vec::new)
            .push(nice);
    }
    let of = |start: &str| -> Vec<i32> {
        let all = niceness.iter().filter(|(name, _)| name.starts_with(start));
        all.flat_map(|(_, all)| all.clone()).collect()
    };
    let accepting = of("actix");
    assert!(!accepting.is_empty(), "{niceness:?}");
    let own = accepting[0];
    let nicer = (own + 5).min(19);
    assert!(accepting.iter().all(|&nice| nice == own), "{niceness:?}");
    // Those that do parts of long searches, and the one that searched just now.
    let parts = of("search-");
    assert!(!parts.is_empty(), "{niceness:?}");
    assert!(parts.iter().all(|&nice| nice == nicer), "{niceness:?}");
    assert!(of("tokio").contains(&nicer), "{niceness:?}");
}
