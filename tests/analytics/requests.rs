//! Which requests count, for whom, and how the counts are asked for.

use std::fs;

use cesou::config::{Collect, SearchAccess};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::all_files;
use crate::support::{Answer, Place, Service, Serving, corpus_of, seed_text};

fn service(change: impl FnOnce(&mut cesou::config::Settings)) -> (Service, TempDir) {
    let corpus = corpus_of(&[("seed.txt", &seed_text())]);
    let service = Service::with(corpus.path(), change);
    (service, corpus)
}

fn admin(service: &Service) -> String {
    format!(
        "Bearer {}",
        service.key(&json!({"name": "管理", "actions": ["admin"]}))
    )
}

pub(super) fn counts(service: &Service, query: &str) -> Answer {
    let admin = admin(service);
    service.request(
        "GET",
        &format!("/api/v1/analytics{query}"),
        &[("Authorization", &admin)],
    )
}

pub(super) fn tell(service: &Service, headers: &[(&str, &str)], event: &Value) -> Answer {
    service.send("POST", "/api/v1/events", headers, &event.to_string())
}

pub(super) fn search_event(query: &str, total: u64) -> Value {
    json!({"type": "search", "query": query, "total": total})
}

fn query_string(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// Queries with how often each was asked.
fn asked(service: &Service) -> Vec<(String, u64)> {
    let counted = counts(service, "").json();
    let lines = counted["queries"].as_array().unwrap().iter();
    let mut asked: Vec<(String, u64)> = lines
        .map(|line| {
            let query = line["query"].as_str().unwrap().to_owned();
            (query, line["searches"].as_u64().unwrap())
        })
        .collect();
    asked.sort();
    asked
}

#[test]
fn a_search_counts_where_its_first_hits_are_seen_and_nothing_else_does() {
    let (service, _corpus) = service(|_| {});
    let q = |text: &str, more: &[(&str, &str)]| {
        let mut pairs = vec![("q", text)];
        pairs.extend(more);
        query_string(&pairs)
    };
    let (meili, key) = (json!({"q": "集团化办学"}).to_string(), admin(&service));
    for path in [
        format!("/api/v1/search?{}", q("教师交流", &[])),
        format!("/?{}", q("经费", &[])),
    ] {
        assert_eq!(service.get(&path).status, 200);
    }
    let json = [
        ("Content-Type", "application/json"),
        ("Authorization", &key),
    ];
    let found = service.send("POST", "/meili/indexes/passages/search", &json, &meili);
    assert_eq!(found.status, 200, "{}", found.body);
    let counted = [("集团化办学", 1), ("经费", 1), ("教师交流", 1)];
    let counted: Vec<(String, u64)> = counted.map(|(q, n)| (q.to_owned(), n)).into();
    let mut expected = counted;
    expected.sort();
    assert_eq!(asked(&service), expected);
    // Further pages, counts, exports, completions, empty queries, what is asked not to be counted.
    let page = service.some_passage();
    for path in [
        format!("/api/v1/search?{}", q("翻页", &[("page", "2")])),
        format!("/api/v1/search?{}", q("不计", &[("analytics", "false")])),
        format!("/?{}", q("不计", &[("analytics", "false")])),
        format!("/api/v1/search?{}", q(" ", &[])),
        format!("/api/v1/matrix?{}", q("矩阵", &[])),
        format!("/map?{}", q("地图", &[])),
        format!("/matrix?{}", q("矩阵", &[])),
        format!("/api/v1/suggest?{}", q("补全", &[])),
        format!("/api/v1/export?{}", q("导出", &[])),
        format!("/passages/{page}?{}", q("段落", &[])),
        format!("/feed.atom?{}", q("订阅", &[])),
    ] {
        assert_eq!(service.get(&path).status, 200, "{path}");
    }
    let head = format!("/api/v1/search?{}", q("头", &[]));
    let head = service.request("HEAD", &head, &[("Accept-Encoding", "identity")]);
    assert_eq!(head.status, 200);
    let refused = service.get(&format!("/api/v1/search?{}", q("错", &[("page", "0")])));
    assert_eq!(refused.status, 400);
    let refused = service.get(&format!(
        "/api/v1/search?{}",
        q("错", &[("analytics", "no")])
    ));
    assert_eq!(refused.json()["parameter"], "analytics");
    for header in ["DNT", "Sec-GPC"] {
        let path = format!("/api/v1/search?{}", q("勿随", &[]));
        assert_eq!(service.request("GET", &path, &[(header, "1")]).status, 200);
        let told = tell(&service, &[(header, "1")], &search_event("勿随", 1));
        assert_eq!(told.status, 204);
    }
    // That passage was searched for, to have its id.
    expected.push(("实施“万人交流”计划".to_owned(), 1));
    expected.sort();
    assert_eq!(asked(&service), expected);
}

#[test]
fn of_a_query_that_is_typed_only_the_last_counts() {
    let (service, _corpus) = service(|_| {});
    for typed in ["教", "教师", "教师交", "教师交流", "教师交流"] {
        assert_eq!(service.search(&[("q", typed)]).status, 200);
    }
    assert_eq!(
        service
            .search(&[("q", "教师交流"), ("province", "河北省")])
            .status,
        200
    );
    assert_eq!(asked(&service), [("教师交流".to_owned(), 1)]);
    let metrics = service.get("/metrics").body;
    assert!(
        metrics.contains("cesou_analytics_events_total{type=\"search\"} 6"),
        "{metrics}"
    );
    assert!(
        metrics.contains("cesou_analytics_dropped_total 0"),
        "{metrics}"
    );
}

#[test]
fn what_is_told_is_counted_and_what_makes_no_sense_refused() {
    let (service, _corpus) = service(|_| {});
    let passage = service.some_passage();
    let click = |rank: u32| json!({"type": "click", "query": "教师", "id": passage, "rank": rank});
    // As a page that is being left sends it, and as a program does.
    for (headers, event) in [
        (vec![("Content-Type", "text/plain;charset=UTF-8")], click(1)),
        (vec![("Content-Type", "application/json")], click(4)),
        (
            vec![("Origin", "https://www.example.org")],
            search_event("教師", 7),
        ),
        (vec![], search_event("教师", 0)),
    ] {
        let told = tell(&service, &headers, &event);
        assert_eq!((told.status, told.body.as_str()), (204, ""), "{event}");
        assert_eq!(told.header("cache-control"), "no-store");
        if headers.iter().any(|(name, _)| *name == "Origin") {
            assert!(!told.header("access-control-allow-origin").is_empty());
        }
    }
    let counted = counts(&service, "").json();
    let line = counted["queries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["query"] == "教师")
        .expect("it was asked")
        .clone();
    assert_eq!(
        line,
        json!({
            "query": "教师", "searches": 2, "without_result": 1, "clicks": 2, "mean_rank": 2.5,
            "found": 0, "passages": [{"id": passage, "clicks": 2}],
        })
    );
    assert_eq!(
        counted["passages"],
        json!([{"id": passage, "url": format!("/passages/{passage}"), "clicks": 2, "mean_rank": 2.5}])
    );
    let long = "长".repeat(201);
    for (bad, said) in [
        (json!({}), "type"),
        (json!([1]), "应为 JSON 对象"),
        (json!({"type": "look", "query": "a"}), "look"),
        (
            json!({"type": "click", "query": "a", "id": passage, "rank": 0}),
            "rank 应为 1–10000",
        ),
        (
            json!({"type": "click", "query": "a", "id": passage, "rank": 10_001}),
            "rank",
        ),
        (
            json!({"type": "click", "query": "a", "id": passage, "rank": -1}),
            "-1",
        ),
        (
            json!({"type": "click", "query": "a", "id": "<b>", "rank": 1}),
            "id 应为段落编号",
        ),
        (
            json!({"type": "click", "query": long, "id": passage, "rank": 1}),
            "至多 200 个字",
        ),
        (
            json!({"type": "search", "query": " ", "total": 1}),
            "query 是空的",
        ),
        (
            json!({"type": "search", "query": "a", "total": 9e12}),
            "total",
        ),
        (
            json!({"type": "search", "query": "a", "total": 1, "ip": "1.2.3.4"}),
            "ip",
        ),
    ] {
        let refused = tell(&service, &[], &bad);
        assert_eq!(refused.status, 400, "{bad}");
        let refused = refused.json();
        assert_eq!(refused["code"], "bad-body", "{bad}");
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(said), "{bad}: {detail}");
    }
    let huge = json!({"type": "search", "query": "a".repeat(5000), "total": 1});
    assert_eq!(tell(&service, &[], &huge).status, 413);
    let gone = json!({"type": "click", "query": "a", "id": "gone", "rank": 1});
    assert_eq!(tell(&service, &[], &gone).status, 404);
    assert_eq!(service.get("/api/v1/events").status, 405);
    assert_eq!(counts(&service, "").json()["totals"]["clicks"], 2);
}

#[test]
fn a_key_with_filters_tells_of_what_it_sees_only() {
    let (service, _corpus) = service(|settings| settings.keys.search = SearchAccess::Required);
    let all = service.key(&json!({"name": "全部"}));
    let narrow = service.key(&json!({"name": "甲", "filters": {"province": ["西藏自治区"]}}));
    let key = format!("Bearer {all}");
    let found = service.request(
        "GET",
        &format!("/api/v1/search?{}", query_string(&[("q", "教师")])),
        &[("Authorization", &key)],
    );
    let id = found.json()["hits"][0]["id"].clone();
    let click = json!({"type": "click", "query": "教师", "id": id, "rank": 1});
    assert_eq!(tell(&service, &[], &click).status, 401);
    assert_eq!(
        tell(&service, &[("X-API-Key", &narrow)], &click).status,
        404
    );
    assert_eq!(tell(&service, &[("X-API-Key", &all)], &click).status, 204);
    // What was counted is for those who look after the service.
    let path = "/api/v1/analytics";
    assert_eq!(service.get(path).status, 401);
    assert_eq!(
        service.request("GET", path, &[("X-API-Key", &all)]).status,
        403
    );
    let told = counts(&service, "");
    assert_eq!(told.status, 200);
    assert_eq!(told.header("cache-control"), "no-store");
    assert_eq!(told.json()["totals"]["clicks"], 1);
}

#[test]
fn nothing_of_any_person_is_kept() {
    let place = Place::seed();
    let key = "cesou-test-admin-key-0123456789abcdef0123456789";
    let serving = Serving::with(
        &place,
        &["serve", "--port", "0"],
        &[("CESOU_ADMIN_KEY", key)],
    );
    let ask = |text: &str| {
        let path = format!("/api/v1/search?{}", query_string(&[("q", text)]));
        assert_eq!(serving.get_with_key(&path, key).status, 200);
    };
    for text in [
        "教师交流",
        "13800138000",
        "110105 19491231 002X 的教师",
        "li.si@example.org",
    ] {
        ask(text);
    }
    let told = serving.get_with_key("/api/v1/analytics", key).body;
    assert!(told.contains("教师交流"), "{told}");
    assert!(told.contains("\"searches\":4"), "{told}");
    let mut serving = serving;
    assert!(serving.stop("-TERM").success());
    let kept = all_files(&place.path("store/analytics"));
    assert!(kept.contains("教师交流"), "{kept}");
    for never in [
        "127.0.0.1",
        key,
        "138001",
        "19491231",
        "example.org",
        "environment",
        "\"time",
    ] {
        assert!(!kept.contains(never), "{never} is kept: {kept}");
    }
    // What was counted is there after a restart, and goes on.
    let serving = Serving::with(
        &place,
        &["serve", "--port", "0"],
        &[("CESOU_ADMIN_KEY", key)],
    );
    let again = serving.get_with_key("/api/v1/analytics", key).body;
    assert!(again.contains("\"searches\":4"), "{again}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for entry in fs::read_dir(place.path("store/analytics")).unwrap() {
            let entry = entry.unwrap();
            let mode = entry.metadata().unwrap().permissions().mode() & 0o077;
            let is_counts = entry.file_name().to_string_lossy().ends_with(".jsonl");
            assert!(!is_counts || mode == 0, "only its owner may read it");
        }
    }
}

#[test]
fn nothing_is_counted_where_that_is_set() {
    let (service, _corpus) = service(|settings| settings.analytics.collect = Collect::Off);
    service.search(&[("q", "教师")]);
    assert_eq!(tell(&service, &[], &search_event("教师", 1)).status, 204);
    let told = counts(&service, "");
    assert_eq!(told.status, 409);
    let why = told.json()["detail"].as_str().unwrap().to_owned();
    assert!(why.contains("analytics.collect"), "{why}");
    let page = service
        .get(&format!("/?{}", query_string(&[("q", "教师")])))
        .body;
    assert!(!page.contains("data-first"), "no page tells of choices");
    assert!(!service.get("/metrics").body.contains("cesou_analytics"));
}

#[test]
fn counts_are_asked_for_by_days_and_as_a_table_no_cell_of_which_is_a_formula() {
    let (service, _corpus) = service(|_| {});
    for query in ["=HYPERLINK(\"http://x\")", "+1", "教师,\"交流\""] {
        assert_eq!(tell(&service, &[], &search_event(query, 0)).status, 204);
    }
    let table = counts(&service, "?format=csv");
    assert_eq!(
        table.header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    let body = &table.body;
    assert!(
        body.starts_with("\u{feff}\"检索词\",\"检索次数\""),
        "{body}"
    );
    assert!(
        body.contains("\"'=HYPERLINK(\"\"http://x\"\")\",\"1\",\"1\",\"0\",\"0\",\"\"\r\n"),
        "{body}"
    );
    assert!(
        body.contains("\"'+1\"") && body.contains("\"教师,\"\"交流\"\"\""),
        "{body}"
    );
    let empty = counts(&service, "?from=2020-01-01&to=2020-01-07").json();
    assert_eq!(empty["days"].as_array().unwrap().len(), 7);
    assert_eq!(
        empty["totals"],
        json!({"searches": 0, "without_result": 0, "clicks": 0})
    );
    assert_eq!(
        counts(&service, "?limit=1").json()["queries"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    for (bad, parameter) in [
        ("?from=2020-01-08&to=2020-01-07", "from"),
        ("?from=1900-01-01&to=2020-01-07", "from"),
        ("?from=2020-13-01", "from"),
        ("?limit=0", "limit"),
        ("?format=xml", "format"),
    ] {
        let refused = counts(&service, bad);
        assert_eq!(refused.status, 400, "{bad}");
        assert_eq!(refused.json()["parameter"], parameter, "{bad}");
    }
}
