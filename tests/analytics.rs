//! What is counted of searches, what is kept of it and for how long, and what never is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cesou::analytics::{Analytics, Error, Event, Options, Report, Totals};
use cesou::config::{Collect, SearchAccess};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Place, Service, Serving, corpus_of, seed_text};

const FIRST: Date = date(2026, 11, 26);

/// A day that a test moves on.
#[derive(Clone)]
struct Calendar(Arc<Mutex<Date>>);

impl Calendar {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(FIRST)))
    }

    fn set(&self, date: Date) {
        *self.0.lock().unwrap() = date;
    }

    fn open(&self, options: &Options) -> Analytics {
        let own = self.clone();
        let clock = Arc::new(move || *own.0.lock().unwrap());
        Analytics::open_at(options.clone(), clock).expect("nobody else counts there")
    }
}

fn options(folder: &Path) -> Options {
    Options {
        path: folder.join("analytics"),
        keep_days: 90,
        max_queries: 1000,
        min_count: 1,
    }
}

fn report(analytics: &Analytics) -> Report {
    analytics.report(FIRST, FIRST + 10.days(), 100_000, None)
}

fn sums(searches: u64, none: u64, clicks: u64, ranks: u64) -> Totals {
    Totals {
        searches,
        none,
        clicks,
        ranks,
    }
}

fn all_files(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        all.push_str(&path.to_string_lossy());
        all.push_str(&String::from_utf8_lossy(&fs::read(path).unwrap()));
    }
    all
}

#[derive(Debug, Clone)]
enum Step {
    Note(Event),
    NextDay,
    Restart,
    Flush,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let query = prop_oneof![
        4 => "[教师交流学校ab ]{0,6}",
        1 => Just("13800138000".to_owned()),
        1 => ".{0,300}",
    ];
    let event = prop_oneof![
        4 => (query.clone(), 0usize..3).prop_map(|(query, total)| Event::search(&query, total)),
        2 => (query, "[a-c]{1,2}", 1u32..20).prop_map(|(query, id, rank)| Event::click(&query, &id, rank)),
    ];
    let step = prop_oneof![
        30 => event.prop_map(Step::Note),
        2 => Just(Step::NextDay),
        1 => Just(Step::Restart),
        1 => Just(Step::Flush),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_sums_of_the_days_are_what_was_counted(steps in steps(), max in 3usize..40) {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { max_queries: max, ..options(folder.path()) };
        let calendar = Calendar::new();
        let mut analytics = calendar.open(&options);
        let mut expected: BTreeMap<Date, Totals> = BTreeMap::new();
        let mut today = FIRST;
        for step in steps {
            match step {
                Step::Note(event) => {
                    let sums = match &event {
                        Event::Search { total, .. } => sums(1, u64::from(*total == 0), 0, 0),
                        Event::Click { rank, .. } => sums(0, 0, 1, u64::from(*rank)),
                    };
                    expected.entry(today).or_default().add(sums);
                    analytics.note(event);
                }
                Step::NextDay if today < FIRST + 9.days() => {
                    // Whatever waits is of the day on which it is taken up.
                    analytics.flush();
                    today += 1.day();
                    calendar.set(today);
                }
                Step::Restart => {
                    drop(analytics);
                    analytics = calendar.open(&options);
                }
                Step::NextDay | Step::Flush => analytics.flush(),
            }
        }
        let report = report(&analytics);
        for line in &report.days {
            let expected = expected.get(&line.date).copied().unwrap_or_default();
            prop_assert_eq!(line.totals, expected, "{}", line.date);
        }
        // Told apart or not, all of it is there.
        let mut parts = report.others;
        for line in &report.queries {
            parts.add(line.totals);
        }
        prop_assert_eq!(parts, report.totals);
        prop_assert!(report.distinct <= (max * report.days.len()) as u64);
        prop_assert!(report.queries.iter().all(|line| !line.query.contains("138001")));
        // And it is the same after a restart.
        drop(analytics);
        let again = self::report(&calendar.open(&options));
        prop_assert_eq!(again.totals, report.totals);
        prop_assert_eq!(again.queries, report.queries);
        prop_assert_eq!(again.passages, report.passages);
    }
}

#[test]
fn a_flood_of_different_queries_takes_bounded_room_and_does_not_hide_what_many_ask() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let analytics = Calendar::new().open(&options);
    let mut left = Duration::ZERO;
    for number in 0..100_000_u32 {
        let event = Event::search(&format!("查询{}", number.wrapping_mul(2_654_435_761)), 1);
        let began = Instant::now();
        analytics.note(event);
        left += began.elapsed();
        if number % 50 == 0 {
            analytics.note(Event::search("教师交流", 12));
        }
        if number % 8000 == 0 {
            analytics.flush();
        }
    }
    let report = report(&analytics);
    assert_eq!(analytics.tally().dropped, 0);
    assert_eq!(report.totals.searches, 102_000);
    assert!(report.distinct <= 1000, "{}", report.distinct);
    assert_eq!(report.queries[0].query, "教师交流");
    assert_eq!(report.queries[0].totals.searches, 2000);
    analytics.flush();
    let bytes = all_files(&options.path).len();
    assert!(bytes < 300_000, "{bytes} bytes");
    println!("a note takes {:?}", left / 100_000);
}

#[test]
fn more_notes_than_can_wait_are_dropped_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let analytics = Calendar::new().open(&options(folder.path()));
    for _ in 0..400_000 {
        analytics.note(Event::search("教师", 1));
    }
    let tally = analytics.tally();
    assert_eq!(tally.searches + tally.dropped, 400_000);
    assert_eq!(report(&analytics).totals.searches, tally.searches);
}

#[test]
fn days_are_told_apart_and_kept_no_longer_than_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        keep_days: 3,
        ..options(folder.path())
    };
    let calendar = Calendar::new();
    let analytics = calendar.open(&options);
    for day in 0..5 {
        calendar.set(FIRST + day.days());
        for _ in 0..=day {
            analytics.note(Event::search("教师", 0));
        }
        analytics.flush();
    }
    let report = report(&analytics);
    let days: Vec<u64> = report.days.iter().map(|day| day.totals.searches).collect();
    assert_eq!(days[..6], [0, 0, 3, 4, 5, 0], "two are past their time");
    assert_eq!(report.queries[0].totals, sums(12, 12, 0, 0));
    // A clock that is put back makes no day count twice.
    calendar.set(FIRST);
    analytics.note(Event::search("教师", 0));
    assert_eq!(self::report(&analytics).days[4].totals.searches, 6);
}

#[test]
fn rare_queries_are_shown_to_nobody_where_that_is_set_and_forgotten_with_the_day() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        min_count: 3,
        ..options(folder.path())
    };
    let calendar = Calendar::new();
    let analytics = calendar.open(&options);
    for query in ["张三", "教师", "教师", "教师"] {
        analytics.note(Event::search(query, 1));
    }
    analytics.note(Event::click("李四", "a", 1));
    let now = report(&analytics);
    assert_eq!(now.queries.len(), 1);
    assert_eq!((now.totals.searches, now.others.searches), (4, 1));
    calendar.set(FIRST + 1.day());
    analytics.flush();
    let kept = all_files(&options.path);
    assert!(kept.contains("教师") && !kept.contains("张三") && !kept.contains("李四"));
    assert_eq!(report(&analytics).totals, now.totals);
    // A day that was not ended, since the service stopped, is ended by the next start.
    analytics.note(Event::search("王五", 1));
    analytics.flush();
    assert!(all_files(&options.path).contains("王五"));
    drop(analytics);
    calendar.set(FIRST + 2.days());
    let analytics = calendar.open(&options);
    assert!(!all_files(&options.path).contains("王五"));
    assert_eq!(report(&analytics).totals.searches, 5);
}

#[test]
fn a_damaged_file_is_set_aside_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let calendar = Calendar::new();
    let analytics = calendar.open(&options);
    analytics.note(Event::search("教师", 1));
    analytics.flush();
    drop(analytics);
    let path = options.path.join(format!("{FIRST}.jsonl"));
    let whole = fs::read(&path).unwrap();
    let mut kept = 0;
    let step = (whole.len() / 40).max(1);
    for place in (0..whole.len()).step_by(step) {
        for damaged in [
            whole[..place].to_vec(),
            [&whole[..place], &[whole[place] ^ 1], &whole[place + 1..]].concat(),
        ] {
            fs::write(&path, &damaged).unwrap();
            let analytics = calendar.open(&options);
            assert_eq!(report(&analytics).totals.searches, 0, "byte {place}");
            drop(analytics);
            assert!(!path.exists(), "byte {place}");
            kept += 1;
            let aside = options.path.join(format!("{FIRST}.damaged-{kept}"));
            assert_eq!(fs::read(aside).unwrap(), damaged, "not a byte is lost");
        }
    }
    // Counting goes on under the name.
    let analytics = calendar.open(&options);
    analytics.note(Event::search("教师", 1));
    analytics.flush();
    assert_eq!(report(&analytics).totals.searches, 1);
}

#[test]
fn two_never_count_into_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let first = Calendar::new().open(&options);
    let second = Analytics::open(options.clone());
    assert!(matches!(second, Err(Error::InUse { .. })), "it is in use");
    drop(first);
    let second = Analytics::open(options.clone()).expect("nobody counts there now");
    drop(second);
    // Where it cannot be had, searching goes on, and the owner is told why nothing is counted.
    fs::remove_dir_all(&options.path).unwrap();
    fs::write(&options.path, "no folder").unwrap();
    let corpus = corpus_of(&[("seed.txt", &seed_text())]);
    let service = Service::with(corpus.path(), |settings| {
        settings.analytics.path.clone_from(&options.path);
    });
    assert_eq!(service.search(&[("q", "教师")]).status, 200);
    let told = counts(&service, "");
    assert_eq!(told.status, 409);
    let why = told.json()["detail"].as_str().unwrap().to_owned();
    assert!(why.contains("analytics.path"), "{why}");
    assert_eq!(tell(&service, &[], &search_event("教师", 1)).status, 204);
}

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

fn counts(service: &Service, query: &str) -> Answer {
    let admin = admin(service);
    service.request(
        "GET",
        &format!("/api/v1/analytics{query}"),
        &[("Authorization", &admin)],
    )
}

fn tell(service: &Service, headers: &[(&str, &str)], event: &Value) -> Answer {
    service.send("POST", "/api/v1/events", headers, &event.to_string())
}

fn search_event(query: &str, total: u64) -> Value {
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
