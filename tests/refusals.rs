//! What is refused over HTTP, and how: parameters, addresses, methods, and too much at once, each a
//! problem detail with a stable code.

use std::thread;

use cesou::config::Settings;
use insta::assert_json_snapshot;
use serde_json::Value;

use crate::support::{Answer, SERVICE, Service, root, seed_text};

/// A problem as it was sent: its status, then its body.
fn problem(answer: &Answer) -> Value {
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{}",
        answer.body
    );
    let body = answer.json();
    assert_eq!(body["status"], answer.status, "{body}");
    for field in ["type", "title", "code", "detail"] {
        assert!(body[field].is_string(), "{field} in {body}");
    }
    body
}

/// A query string, and the code, the parameter, and something the detail has to say.
const REFUSED: [(&str, &str, &str, &str); 26] = [
    (
        "provnce=%E5%8C%97%E4%BA%AC%E5%B8%82",
        "unknown-parameter",
        "provnce",
        "province",
    ),
    ("facet=theme", "unknown-parameter", "facet", "facets"),
    ("perpage=3", "unknown-parameter", "perpage", "per_page"),
    (
        "Q=%E6%95%99%E5%B8%88",
        "unknown-parameter",
        "Q",
        "可用的参数有",
    ),
    ("q=1&=2", "unknown-parameter", "", "可用的参数有"),
    ("page=0", "bad-parameter", "page", "1 至 1000"),
    ("page=-1", "bad-parameter", "page", "1 至 1000"),
    (
        "page=1001&per_page=10",
        "bad-parameter",
        "page",
        "1 至 1000",
    ),
    (
        "page=101&per_page=100",
        "bad-parameter",
        "page",
        "1 至 100 ",
    ),
    (
        "page=99999999999999999999999",
        "bad-parameter",
        "page",
        "1 至 1000",
    ),
    ("per_page=0", "bad-parameter", "per_page", "1 至 100"),
    ("per_page=101", "bad-parameter", "per_page", "1 至 100"),
    ("per_page=abc", "bad-parameter", "per_page", "1 至 100"),
    ("per_page=", "bad-parameter", "per_page", "1 至 100"),
    ("match=foo", "bad-parameter", "match", "smart 或 exact"),
    (
        "sort=foo",
        "bad-parameter",
        "sort",
        "relevance、region、document、quantity 或 date",
    ),
    ("facets=foo", "bad-parameter", "facets", "province、city"),
    (
        "facets=province,foo",
        "bad-parameter",
        "facets",
        "province、city",
    ),
    ("kind=foo", "bad-parameter", "kind", "overview 或 measure"),
    ("year=20", "bad-parameter", "year", "四位数字"),
    ("year=abcd", "bad-parameter", "year", "四位数字"),
    ("province=", "bad-parameter", "province", "1 至 200 个字"),
    ("q=1&q=2", "repeated-parameter", "q", "一次"),
    (
        "match=smart&match=exact",
        "repeated-parameter",
        "match",
        "一次",
    ),
    ("explain=maybe", "bad-parameter", "explain", "true 或 false"),
    ("explain", "bad-parameter", "explain", "true 或 false"),
];

#[test]
fn a_bad_or_unknown_parameter_is_named_with_what_is_allowed() {
    for (query, code, parameter, said) in REFUSED {
        let answer = SERVICE.get(&format!("/api/v1/search?{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        let body = problem(&answer);
        assert_eq!(body["code"], code, "{query}: {body}");
        assert_eq!(body["parameter"], parameter, "{query}: {body}");
        assert!(body["allowed"].is_string(), "{query}: {body}");
        let detail = body["detail"].as_str().expect("a text");
        assert!(detail.contains(said), "{query}: {detail}");
        assert_eq!(answer.header("cache-control"), "no-store", "{query}");
    }
}

#[test]
fn too_many_or_too_long_values_are_refused() {
    let many = vec!["theme=teachers"; 101].join("&");
    let long = format!("city={}", "a".repeat(201));
    for query in [many, long] {
        let answer = SERVICE.get(&format!("/api/v1/search?{query}"));
        assert_eq!(answer.status, 400, "{}", answer.body);
        assert_eq!(problem(&answer)["code"], "bad-parameter");
        assert!(answer.body.len() < 1000, "a refusal repeats only a little");
    }
}

/// Requests that are refused, whole.
const PROBLEMS: [(&str, &str); 13] = [
    ("GET", "/api/v1/search?provnce=x"),
    ("GET", "/api/v1/search?zzzzzzzzzzzz=x"),
    ("GET", "/api/v1/search?page=1001&per_page=10"),
    ("GET", "/api/v1/search?facets=foo"),
    ("GET", "/api/v1/search?q=1&q=2"),
    ("GET", "/api/v1/reports?per_page=101"),
    ("GET", "/api/v1/reports?q=x"),
    ("GET", "/api/v1/passages/nothing"),
    ("GET", "/api/v1/passages/nothing?q=x"),
    ("GET", "/api/v1/reports/nothing"),
    ("GET", "/api/v1/nothing"),
    ("GET", "/nothing"),
    ("POST", "/api/v1/search"),
];

#[test]
fn refusals_are_problem_details() {
    let whole: serde_json::Map<String, Value> = PROBLEMS
        .iter()
        .map(|(method, path)| {
            let answer = SERVICE.request(method, path, &[]);
            (format!("{method} {path}"), problem(&answer))
        })
        .collect();
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!("problems", whole);
    });
}

#[test]
fn an_unknown_id_or_path_is_not_found() {
    let cases = [
        ("/api/v1/passages/nothing", "not-found"),
        ("/api/v1/reports/nothing", "not-found"),
        ("/api/v1/nothing", "no-such-path"),
        ("/api/v2/search", "no-such-path"),
        ("/api/v1/", "no-such-path"),
    ];
    for (path, code) in cases {
        let answer = SERVICE.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(problem(&answer)["code"], code, "{path}");
    }
}

#[test]
fn what_is_only_read_refuses_other_methods_and_says_which_it_takes() {
    for path in [
        "/api/v1/search",
        "/api/v1/tasks",
        "/healthz",
        "/metrics",
        "/",
    ] {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = SERVICE.request(method, path, &[]);
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), "GET, HEAD", "{method} {path}");
            assert_eq!(problem(&answer)["code"], "method-not-allowed");
        }
    }
}

/// A query that keeps the service busy for a while.
fn heavy() -> String {
    let text = seed_text();
    let text: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(2_000)
        .collect();
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Thirty of the same search at once, on the seed, under these settings.
fn at_once(service: &Service) -> Vec<Answer> {
    let path = format!("/api/v1/search?q={}", heavy());
    thread::scope(|scope| {
        let started: Vec<_> = (0..30)
            .map(|_| scope.spawn(|| service.get(&path)))
            .collect();
        started
            .into_iter()
            .map(|thread| thread.join().expect("every request is answered"))
            .collect()
    })
}

fn seed_service(change: impl FnOnce(&mut Settings)) -> Service {
    Service::with(&root().join("corpus"), change)
}

#[test]
fn more_searches_than_may_wait_are_turned_away_for_a_moment() {
    for queue in [0, 1] {
        let service = seed_service(|settings| {
            settings.server.search_threads = 1;
            settings.server.search_queue = queue;
            settings.server.search_timeout_ms = 60_000;
        });
        let mut turned_away = 0;
        // One round does; on a machine with one core, perhaps not.
        for _ in 0..10 {
            let answers = at_once(&service);
            assert!(answers.iter().any(|answer| answer.status == 200));
            for answer in answers.iter().filter(|answer| answer.status != 200) {
                assert_eq!(answer.status, 503, "{}", answer.body);
                assert_eq!(problem(answer)["code"], "overloaded");
                let later: u64 = answer.header("retry-after").parse().expect("seconds");
                assert!((1..=30).contains(&later), "{later}");
                turned_away += 1;
            }
            if turned_away > 0 {
                break;
            }
        }
        assert!(
            turned_away > 0,
            "with a queue of {queue} all of thirty waited"
        );
        assert_eq!(service.get("/api/v1/search?q=1").status, 200, "it recovers");
    }
}

#[test]
fn a_search_past_its_time_is_given_up_with_a_hint_when_to_come_back() {
    let service = seed_service(|settings| {
        settings.server.search_threads = 1;
        settings.server.search_queue = 100;
        settings.server.search_timeout_ms = 10;
    });
    let mut given_up = 0;
    for answer in (0..3).flat_map(|_| at_once(&service)) {
        if answer.status == 200 {
            continue;
        }
        assert_eq!(answer.status, 503, "{}", answer.body);
        assert_eq!(problem(&answer)["code"], "timed-out");
        assert_eq!(answer.header("retry-after"), "1");
        given_up += 1;
    }
    assert!(given_up > 0, "ninety heavy searches took 10 ms each");
    assert_eq!(service.get("/healthz").status, 200);
}
