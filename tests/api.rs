//! Whole answers of the HTTP API as snapshots, and what stands around an answer: refusals, tags,
//! compression, other origins, paging, and what happens when too much is asked at once.
//!
//! Scores and times differ from one machine and one ranking to the next and are masked in the
//! snapshots; what they must add up to is asserted beside them.

use std::collections::BTreeSet;
use std::path::Path;
use std::thread;

use cesou::config::Settings;
use insta::assert_json_snapshot;
use insta::internals::Redaction;
use serde_json::{Value, json};

use crate::support::{Answer, SERVICE, Service, corpus_of, root};

const REPORT: &str =
    "北京市海淀区:依托高校资源\n\n海淀区推进教师交流。\n\n一、加强领导。建立联席会议制度。";

/// A search that has to succeed.
fn found(parameters: &[(&str, &str)]) -> Value {
    let answer = SERVICE.search(parameters);
    assert_eq!(answer.status, 200, "{parameters:?}: {}", answer.body);
    answer.json()
}

fn ids(answer: &Value) -> Vec<String> {
    let hits = answer["hits"].as_array().expect("hits are a list");
    hits.iter()
        .map(|hit| hit["id"].as_str().expect("an id is a text").to_owned())
        .collect()
}

fn total(answer: &Value) -> u64 {
    answer["total"].as_u64().expect("a total is a count")
}

/// The id of a passage that is there, as a reader would come by it.
fn some_passage() -> String {
    ids(&found(&[("q", "实施“万人交流”计划")]))
        .first()
        .expect("the seed has this measure")
        .clone()
}

fn some_report() -> String {
    SERVICE.get("/api/v1/reports").json()["reports"][3]["id"]
        .as_str()
        .expect("a report has an id")
        .to_owned()
}

fn masked(what: &'static str) -> Redaction {
    insta::dynamic_redaction(move |value, path| {
        let number = match value {
            insta::internals::Content::F64(number) => number,
            insta::internals::Content::F32(number) => f64::from(number),
            ref other => panic!("{path} is {other:?} and no number"),
        };
        assert!(number >= 0.0, "{path} is {number}");
        insta::internals::Content::String(what.to_owned())
    })
}

/// Compares a search's whole answer with the snapshot `name`.
fn check_search(name: &str, parameters: &[(&str, &str)]) {
    let answer = SERVICE.search(parameters);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!(name, answer.json(), {
            ".took_ms" => masked("[milliseconds]"),
            ".hits[].score" => masked("[score]"),
            ".hits[].explain.total" => masked("[score]"),
            ".hits[].explain.parts[].score" => masked("[score]"),
        });
    });
}

#[test]
fn a_search_answers_with_hits_facets_and_the_parts_of_each_score() {
    check_search(
        "search",
        &[
            ("q", "教师交流"),
            ("facets", "province,theme"),
            ("explain", "true"),
            ("per_page", "2"),
        ],
    );
}

#[test]
fn an_empty_query_lists_every_passage_overviews_included() {
    check_search("search_everything", &[("q", ""), ("per_page", "3")]);
}

#[test]
fn an_exact_search_answers_with_the_passages_that_contain_the_string() {
    check_search(
        "search_exact",
        &[
            ("q", "校长教师交流轮岗"),
            ("match", "exact"),
            ("facets", ""),
        ],
    );
}

#[test]
fn a_relaxed_search_says_how_far_and_what_each_hit_lacks() {
    check_search(
        "search_relaxed",
        &[
            ("q", "教师交流 集团化办学 营养午餐"),
            ("per_page", "2"),
            ("facets", "kind"),
        ],
    );
}

#[test]
fn a_filtered_search_marks_what_is_selected_in_every_facet() {
    check_search(
        "search_filtered",
        &[
            ("q", "教师"),
            ("province", "山西省"),
            ("province", "河北省"),
            ("kind", "measure"),
            ("per_page", "1"),
            ("facets", "province,city,county,theme,kind,report,year"),
        ],
    );
}

#[test]
fn a_passage_answers_with_its_text_and_its_neighbours() {
    let answer = SERVICE.get(&format!("/api/v1/passages/{}", some_passage()));
    assert_eq!(answer.status, 200, "{}", answer.body);
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!("passage", answer.json());
    });
}

#[test]
fn the_reports_are_listed_in_the_order_of_the_corpus() {
    let answer = SERVICE.get("/api/v1/reports");
    assert_eq!(answer.status, 200, "{}", answer.body);
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!("reports", answer.json());
    });
}

#[test]
fn a_report_answers_with_its_passages_in_order() {
    let answer = SERVICE.get(&format!("/api/v1/reports/{}", some_report()));
    assert_eq!(answer.status, 200, "{}", answer.body);
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!("report", answer.json());
    });
}

#[test]
fn health_and_readiness_are_told_and_never_kept() {
    let live = SERVICE.get("/healthz");
    let ready = SERVICE.get("/readyz");
    for answer in [&live, &ready] {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!("health", json!({"healthz": live.json(), "readyz": ready.json()}), {
            ".readyz.generation" => "[generation]",
            ".readyz.built_at" => "[time]",
        });
    });
}

/// The answer of the issue, as JSON pointers with the types they promise; `?` may be null.
const PROMISED: [(&str, &str); 31] = [
    ("/query/text", "text"),
    ("/query/match", "text"),
    ("/query/rewrites", "list"),
    ("/total", "count"),
    ("/page", "count"),
    ("/per_page", "count"),
    ("/took_ms", "number"),
    ("/hits", "list"),
    ("/hits/0/id", "text"),
    ("/hits/0/score", "number"),
    ("/hits/0/url", "text"),
    ("/hits/0/report/id", "text"),
    ("/hits/0/report/title", "text"),
    ("/hits/0/report/source", "text"),
    ("/hits/0/region/name", "text"),
    ("/hits/0/region/province", "text"),
    ("/hits/0/region/city", "text"),
    ("/hits/0/region/county", "null"),
    ("/hits/0/region/code", "text"),
    ("/hits/0/kind", "text"),
    ("/hits/0/measure/number", "count"),
    ("/hits/0/measure/path", "text"),
    ("/hits/0/measure/heading", "text"),
    ("/hits/0/themes/0/id", "text"),
    ("/hits/0/themes/0/label", "text"),
    ("/hits/0/snippet/text", "text"),
    ("/hits/0/snippet/html", "text"),
    ("/facets/province/0/value", "text"),
    ("/facets/province/0/label", "text"),
    ("/facets/province/0/count", "count"),
    ("/facets/province/0/selected", "truth"),
];

#[test]
fn every_promised_field_is_there_with_its_type() {
    let answer = found(&[("q", "教师交流"), ("facets", "province,theme")]);
    for (pointer, kind) in PROMISED {
        let value = answer
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{pointer} is missing in {answer}"));
        let right = match kind {
            "text" => value.is_string(),
            "count" => value.is_u64(),
            "number" => value.is_number(),
            "list" => value.is_array(),
            "truth" => value.is_boolean(),
            "null" => value.is_null(),
            other => panic!("{other} is no type"),
        };
        assert!(right, "{pointer} is {value}, not a {kind}");
    }
    assert_eq!(answer["hits"][0]["region"]["name"], "山西省晋中市");
    assert_eq!(answer["hits"][0]["region"]["code"], "140700");
    assert_eq!(
        answer["hits"][0]["measure"]["heading"],
        "实施“万人交流”计划"
    );
    let overviews = found(&[("q", ""), ("kind", "overview"), ("per_page", "100")]);
    assert_eq!(total(&overviews), 10);
    for hit in overviews["hits"].as_array().expect("a list") {
        assert_eq!(hit["kind"], "overview");
        assert!(hit["measure"].is_null(), "{hit}");
    }
}

#[test]
fn a_score_is_the_sum_of_its_parts() {
    let cases = [
        ("教师交流", "smart"),
        ("教师交流 集团化办学", "smart"),
        ("“教师交流” OR 招生", "smart"),
        ("校长教师交流", "exact"),
    ];
    for (text, matching) in cases {
        let answer = found(&[("q", text), ("match", matching), ("explain", "true")]);
        assert!(total(&answer) > 0, "{text}");
        for hit in answer["hits"].as_array().expect("a list") {
            let score = hit["score"].as_f64().expect("a score");
            let parts = hit["explain"]["parts"].as_array().expect("parts");
            let sum: f64 = parts
                .iter()
                .map(|part| part["score"].as_f64().expect("a part's score"))
                .sum();
            assert!(
                (score - sum).abs() <= 1e-3 * score.max(1.0),
                "{text} {matching}: {score} is not {sum}, the sum of {parts:?}"
            );
        }
    }
    let silent = found(&[("q", "教师交流")]);
    assert!(silent["hits"][0].get("explain").is_none());
}

#[test]
fn every_address_in_an_answer_leads_to_a_page() {
    let answer = found(&[("q", "教师交流"), ("per_page", "2")]);
    let hit = &answer["hits"][0];
    for url in [&hit["url"], &hit["report"]["url"]] {
        let url = url.as_str().expect("a path");
        let page = SERVICE.get(url);
        assert_eq!(page.status, 200, "{url}");
        assert!(
            page.header("content-type").starts_with("text/html"),
            "{url}"
        );
    }
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
        "relevance、region 或 document",
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
    ("match=smart&match=exact", "repeated-parameter", "match", "一次"),
    ("explain=maybe", "bad-parameter", "explain", "true 或 false"),
    ("explain", "bad-parameter", "explain", "true 或 false"),
];

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
    for path in ["/api/v1/search", "/api/v1/reports", "/healthz", "/"] {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = SERVICE.request(method, path, &[]);
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), "GET, HEAD", "{method} {path}");
            assert_eq!(problem(&answer)["code"], "method-not-allowed");
        }
    }
}

/// The paths whose answers may be kept.
fn kept() -> Vec<String> {
    vec![
        "/api/v1/search?q=%E6%95%99%E5%B8%88".to_owned(),
        "/api/v1/reports".to_owned(),
        format!("/api/v1/reports/{}", some_report()),
        format!("/api/v1/passages/{}", some_passage()),
        "/?q=%E6%95%99%E5%B8%88".to_owned(),
        format!("/passages/{}", some_passage()),
        format!("/reports/{}", some_report()),
    ]
}

#[test]
fn an_answer_that_a_client_has_is_not_sent_again() {
    for path in kept() {
        let first = SERVICE.get(&path);
        let tag = first.header("etag").to_owned();
        assert!(
            tag.starts_with("W/\"") && tag.ends_with('"'),
            "{path}: {tag}"
        );
        assert_eq!(first.header("cache-control"), "no-cache", "{path}");
        assert_eq!(SERVICE.get(&path).header("etag"), tag, "{path}");

        let several = format!("\"other\", {tag}");
        for known in [tag.as_str(), "*", several.as_str()] {
            let again = SERVICE.request("GET", &path, &[("If-None-Match", known)]);
            assert_eq!(again.status, 304, "{path} with {known}");
            assert_eq!(again.body, "", "{path}");
            assert_eq!(again.header("etag"), tag, "{path}");
        }
        let other = SERVICE.request("GET", &path, &[("If-None-Match", "W/\"other\"")]);
        assert_eq!(other.status, 200, "{path}");
    }
}

#[test]
fn a_refusal_is_never_taken_for_what_a_client_has() {
    let cases = [
        ("/api/v1/search?page=0", 400),
        ("/api/v1/passages/nothing", 404),
        ("/api/v1/reports/nothing", 404),
        ("/api/v1/reports?page=0", 400),
        ("/passages/nothing", 404),
    ];
    for (path, status) in cases {
        let answer = SERVICE.request("GET", path, &[("If-None-Match", "*")]);
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("etag"), "", "{path}");
    }
}

#[test]
fn head_answers_as_get_does_without_the_body() {
    for path in kept().iter().map(String::as_str).chain(["/healthz"]) {
        // The client would unpack the body that is not there.
        let plain = [("Accept-Encoding", "identity")];
        let get = SERVICE.request("GET", path, &plain);
        let head = SERVICE.request("HEAD", path, &plain);
        assert_eq!(head.status, 200, "{path}");
        assert_eq!(head.body, "", "{path}");
        for header in ["etag", "content-type", "cache-control"] {
            assert_eq!(
                head.header(header),
                get.header(header),
                "{header} of {path}"
            );
        }
    }
}

#[test]
fn the_tag_changes_with_the_corpus_and_with_the_settings() {
    let corpus = corpus_of(&[("a.txt", REPORT)]);
    let tag = |service: &Service| service.get("/api/v1/reports").header("etag").to_owned();
    let before = tag(&Service::of(corpus.path()));
    let other = tag(&Service::with(corpus.path(), |settings| {
        settings.search.per_page = 3;
    }));
    std::fs::write(corpus.path().join("reports/b.txt"), REPORT).expect("it can be written");
    let after = tag(&Service::of(corpus.path()));
    assert_ne!(before, after, "another report makes other answers");
    assert_ne!(before, other, "another page length makes other answers");
}

#[test]
fn any_site_may_read_every_answer_refusals_included() {
    let origin = "https://example.org";
    for path in [
        "/api/v1/search?q=1",
        "/api/v1/search?page=0",
        "/api/v1/nothing",
    ] {
        let answer = SERVICE.request("GET", path, &[("Origin", origin)]);
        let allowed = answer.header("access-control-allow-origin");
        assert!(allowed == "*" || allowed == origin, "{path}: {allowed:?}");
        let exposed = answer
            .header("access-control-expose-headers")
            .to_lowercase();
        assert!(exposed.contains("etag"), "{path}: {exposed:?}");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
    let preflight = SERVICE.request(
        "OPTIONS",
        "/api/v1/search",
        &[
            ("Origin", origin),
            ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "if-none-match"),
        ],
    );
    assert_eq!(preflight.status, 200, "{}", preflight.body);
    let methods = preflight.header("access-control-allow-methods");
    assert!(methods.contains("GET"), "{methods:?}");
    let headers = preflight
        .header("access-control-allow-headers")
        .to_lowercase();
    assert!(headers.contains("if-none-match"), "{headers:?}");
}

/// A `GET` on a connection of its own, whose head is returned as text and whose body as sent.
fn unread(path: &str, accept: &str) -> (String, Vec<u8>) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {accept}\r\nConnection: close\r\n\r\n"
    );
    let answer = SERVICE.raw(request.as_bytes());
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head and a body");
    let head = String::from_utf8_lossy(answer.get(..end).unwrap_or_default()).to_lowercase();
    (head, answer.get(end + 4..).unwrap_or_default().to_vec())
}

#[test]
fn answers_are_compressed_for_those_who_can_read_that() {
    for path in ["/api/v1/search?q=&per_page=100", "/"] {
        let (plain, whole) = unread(path, "identity");
        assert!(!plain.contains("content-encoding"), "{plain}");
        for encoding in ["gzip", "br"] {
            let (head, body) = unread(path, encoding);
            assert!(head.starts_with("http/1.1 200"), "{head}");
            assert!(
                head.contains(&format!("content-encoding: {encoding}")),
                "{head}"
            );
            let vary = head.lines().filter(|line| line.starts_with("vary:"));
            assert!(
                vary.clone().any(|line| line.contains("accept-encoding")),
                "{head}"
            );
            assert!(
                body.len() * 2 < whole.len(),
                "{path}: {encoding} gives {} of {} bytes",
                body.len(),
                whole.len()
            );
            let read = SERVICE.request("GET", path, &[("Accept-Encoding", encoding)]);
            assert_eq!(read.status, 200);
            if path.starts_with("/api/") {
                assert_eq!(total(&read.json()), 46);
            } else {
                assert!(read.body.contains("</html>"));
            }
        }
    }
}

#[test]
fn values_of_one_field_widen_and_other_fields_narrow() {
    let all = |parameters: &[(&str, &str)]| -> BTreeSet<String> {
        let parameters: Vec<_> = parameters
            .iter()
            .copied()
            .chain([("per_page", "100")])
            .collect();
        ids(&found(&parameters)).into_iter().collect()
    };
    for text in ["", "教师"] {
        let q = ("q", text);
        let (one, other) = (("province", "山西省"), ("province", "河北省"));
        let teachers = ("theme", "teachers");
        let either = all(&[q, one, other]);
        assert!(!either.is_empty());
        assert_eq!(either, &all(&[q, one]) | &all(&[q, other]), "{text}");
        assert_eq!(
            all(&[q, one, other, teachers]),
            &either & &all(&[q, teachers]),
            "{text}"
        );
        assert_eq!(all(&[q, one, ("province", "没有这个省")]), all(&[q, one]));
        assert_eq!(all(&[q, ("province", "没有这个省")]), BTreeSet::new());
    }
}

#[test]
fn every_hit_has_the_value_it_is_filtered_by() {
    let facets = "province,city,county,theme,kind,report,year";
    let answer = found(&[("q", ""), ("facets", facets)]);
    let holds = |hit: &Value, facet: &str, value: &Value| match facet {
        "province" | "city" | "county" => hit["region"][facet] == *value,
        "theme" => hit["themes"]
            .as_array()
            .is_some_and(|themes| themes.iter().any(|theme| theme["id"] == *value)),
        "kind" => hit["kind"] == *value,
        "report" => hit["report"]["id"] == *value,
        "year" => hit["years"].as_array().is_some_and(|years| {
            years
                .iter()
                .any(|year| Some(year.to_string().as_str()) == value.as_str())
        }),
        other => panic!("{other} is no facet"),
    };
    for facet in facets.split(',') {
        let values = answer["facets"][facet].as_array().expect("a list");
        assert!(!values.is_empty(), "the seed has a {facet}");
        for value in values {
            let text = value["value"].as_str().expect("a text");
            let narrowed = found(&[("q", ""), (facet, text), ("per_page", "100")]);
            assert_eq!(narrowed["total"], value["count"], "{facet}={text}");
            for hit in narrowed["hits"].as_array().expect("a list") {
                assert!(holds(hit, facet, &value["value"]), "{facet}={text}: {hit}");
            }
        }
    }
}

#[test]
fn pages_follow_one_another_without_gap_or_repetition() {
    let cases = [
        ("", "relevance"),
        ("教育", "relevance"),
        ("教师交流", "relevance"),
        ("教育", "region"),
        ("教育", "document"),
    ];
    for (text, sort) in cases {
        let base = [("q", text), ("sort", sort)];
        let page = |page: usize, per_page: &str| {
            let page = page.to_string();
            let more = [("page", page.as_str()), ("per_page", per_page)];
            found(&[base[0], base[1], more[0], more[1]])
        };
        let whole = page(1, "46");
        let mut pieces = Vec::new();
        for number in 1..=7 {
            let piece = page(number, "7");
            assert_eq!(piece["total"], whole["total"], "{text} {sort}");
            assert_eq!(piece["page"], number);
            assert_eq!(piece["per_page"], 7);
            pieces.extend(ids(&piece));
        }
        assert_eq!(pieces, ids(&whole), "{text} {sort}");
        let distinct: BTreeSet<&String> = pieces.iter().collect();
        assert_eq!(distinct.len(), pieces.len(), "{text} {sort}");
        assert_eq!(pieces.len() as u64, total(&whole), "{text} {sort}");

        let past = page(1000, "10");
        assert_eq!(ids(&past), Vec::<String>::new());
        assert_eq!(past["total"], whole["total"], "{text} {sort}");
    }
}

#[test]
fn a_listing_of_reports_is_paged_and_knows_its_length() {
    let ids = |answer: &Value| -> Vec<Value> {
        let reports = answer["reports"].as_array().expect("a list");
        reports.iter().map(|report| report["id"].clone()).collect()
    };
    let whole = SERVICE.get("/api/v1/reports?per_page=100").json();
    assert_eq!(whole["total"], 10);
    let mut pieces = Vec::new();
    for page in 1..=4 {
        let piece = SERVICE.get(&format!("/api/v1/reports?page={page}&per_page=3"));
        assert_eq!(piece.json()["total"], 10);
        pieces.extend(ids(&piece.json()));
    }
    assert_eq!(pieces, ids(&whole));
    assert_eq!(pieces.len(), 10);
    let past = SERVICE.get("/api/v1/reports?page=10000").json();
    assert_eq!(ids(&past), Vec::<Value>::new());
    assert_eq!(past["total"], 10);
}

#[test]
fn hits_come_in_the_order_that_is_asked_for() {
    let everything = ids(&found(&[("q", ""), ("per_page", "100")]));
    assert_eq!(everything.len(), 46);
    let document = ids(&found(&[
        ("q", "教育"),
        ("sort", "document"),
        ("per_page", "100"),
    ]));
    let places: Vec<usize> = document
        .iter()
        .map(|id| {
            everything
                .iter()
                .position(|other| other == id)
                .expect("listed")
        })
        .collect();
    assert!(places.len() > 10 && places.is_sorted(), "{places:?}");

    let reports = SERVICE.get("/api/v1/reports?per_page=100").json();
    let mut in_reports = Vec::new();
    for report in reports["reports"].as_array().expect("a list") {
        let id = report["id"].as_str().expect("a text");
        let report = SERVICE.get(&format!("/api/v1/reports/{id}")).json();
        let passages = report["passages"].as_array().expect("a list");
        in_reports.extend(passages.iter().map(|passage| passage["id"].clone()));
    }
    assert_eq!(
        json!(everything),
        json!(in_reports),
        "the corpus has one order"
    );

    let by_region = found(&[("q", "教育"), ("sort", "region"), ("per_page", "100")]);
    let codes: Vec<&str> = by_region["hits"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|hit| hit["region"]["code"].as_str().expect("all are known"))
        .collect();
    assert_eq!(codes.len(), document.len(), "the order changes no set");
    assert!(codes.is_sorted(), "{codes:?}");

    let ranked = found(&[("q", "教育"), ("per_page", "100")]);
    let scores: Vec<f64> = ranked["hits"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|hit| hit["complete"] == true)
        .map(|hit| hit["score"].as_f64().expect("a score"))
        .collect();
    assert!(scores.iter().rev().is_sorted(), "{scores:?}");
}

/// A query that keeps the service busy for a while.
fn heavy() -> String {
    let text = crate::support::seed_text();
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
    let corpus: &Path = &root().join("corpus");
    Service::with(corpus, change)
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
                assert_eq!(answer.header("retry-after"), "1");
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
