//! Seeing into the service: what the metrics tell, that dashboard and alerts name what there is,
//! what is logged and what never is, and traces at a collector.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Place, REPORT, Service, Serving, corpus_of, root};

const KEY: &str = "cesou-test-admin-key-0123456789abcdef0123456789";

/// The names of the families in a text of metrics, as queries name their series.
fn names(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .filter_map(|line| line.split(['{', ' ']).next())
        .map(str::to_owned)
        .collect()
}

/// A service that takes reports and was asked a little of everything.
fn asked() -> (Service, tempfile::TempDir) {
    let corpus = corpus_of(&[("a.txt", REPORT)]);
    let service = Service::live(corpus.path());
    for path in [
        "/",
        "/api/v1/search?q=%E6%95%99%E5%B8%88",
        "/api/v1/search?q=%E5%93%AA%E9%87%8C%E9%83%BD%E6%B2%A1%E6%9C%89&match=exact",
        "/api/v1/suggest?q=jiao",
        "/api/v1/matrix",
        "/nothing",
        "/api/v1/search?page=0",
    ] {
        service.get(path);
    }
    (service, corpus)
}

/// The series that expressions name.
fn named(expressions: &str) -> BTreeSet<String> {
    let boundary = |c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':');
    expressions
        .split(boundary)
        .filter(|word| word.starts_with("cesou_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

/// All texts of a JSON value under keys of this name.
fn texts<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if name == key => found.push(text),
                    _ => texts(value, key, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, found)),
        _ => {}
    }
}

/// The file's first part of a name: histograms are named by their buckets, sums or counts.
fn family(name: &str) -> &str {
    ["_bucket", "_sum", "_count", "_total", "_created"]
        .into_iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(name)
}

#[test]
fn the_dashboard_shows_what_there_is_and_all_of_it() {
    let (service, _corpus) = asked();
    let known = names(&service.get("/metrics").body);
    let text = fs::read_to_string(root().join("deploy/grafana/cesou.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut expressions = Vec::new();
    texts(&dashboard, "expr", &mut expressions);
    texts(&dashboard, "query", &mut expressions);
    assert!(expressions.len() > 20, "{expressions:?}");
    let shown = named(&expressions.join(" "));
    let missing: Vec<_> = shown.difference(&known).collect();
    assert!(
        missing.is_empty(),
        "the dashboard shows what is not there: {missing:?}"
    );
    let shown: BTreeSet<&str> = shown.iter().map(|name| family(name)).collect();
    let hidden: Vec<_> = known
        .iter()
        .map(|name| family(name))
        .filter(|name| !shown.contains(name))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    assert!(hidden.is_empty(), "the dashboard does not show {hidden:?}");
    let mut ids = BTreeSet::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        assert!(!panel["title"].as_str().unwrap().is_empty());
    }
}

#[test]
fn alerts_and_the_guide_name_what_there_is() {
    let (service, _corpus) = asked();
    let known = names(&service.get("/metrics").body);
    let alerts = fs::read_to_string(root().join("deploy/prometheus/alerts.yml")).unwrap();
    let expressions: Vec<&str> = alerts
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("expr:"))
        .collect();
    assert!(expressions.len() >= 8, "{alerts}");
    let missing: Vec<_> = named(&expressions.join(" "))
        .difference(&known)
        .cloned()
        .collect();
    assert!(
        missing.is_empty(),
        "alerts on what is not there: {missing:?}"
    );
    assert_eq!(alerts.matches("- alert:").count(), expressions.len());
    assert_eq!(alerts.matches("summary:").count(), expressions.len());
    let guide = fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let told: BTreeSet<String> = named(&guide);
    let told: BTreeSet<&str> = told.iter().map(|name| family(name)).collect();
    let untold: Vec<_> = known
        .iter()
        .map(|name| family(name))
        .filter(|name| !told.contains(name))
        .collect();
    assert!(untold.is_empty(), "the guide does not tell of {untold:?}");
    let families: BTreeSet<&str> = known.iter().map(|name| family(name)).collect();
    let wrong: Vec<_> = told
        .iter()
        .filter(|name| !families.contains(*name))
        .collect();
    assert!(
        wrong.is_empty(),
        "the guide tells of {wrong:?}, which is not there"
    );
}

#[test]
fn what_assistants_search_for_is_counted_as_any_search() {
    let (service, _corpus) = asked();
    let searches = || -> BTreeMap<String, u64> {
        let metrics = service.get("/metrics").body;
        let lines = metrics.lines().filter_map(|line| {
            let (kind, count) = line.strip_prefix("cesou_searches_total")?.split_once(' ')?;
            Some((kind.to_owned(), count.parse().unwrap()))
        });
        lines.collect()
    };
    let call = |tool: &str, arguments: &Value| {
        let message = serde_json::json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": tool, "arguments": arguments},
        });
        let json = ("Content-Type", "application/json");
        let answer = service.send("POST", "/mcp", &[json], &message.to_string());
        assert_eq!(answer.json()["result"]["isError"], false, "{}", answer.body);
    };
    let mut expected = searches();
    let mut more = |kind: &str, hits: &str, by: u64| {
        let series = format!("{{kind=\"{kind}\",hits=\"{hits}\"}}");
        *expected.get_mut(&series).unwrap() += by;
    };
    let with = |query: &str| serde_json::json!({"query": query});
    call("search_passages", &with("教师"));
    call("search_passages", &with("\"绝无此词甲乙\""));
    more("smart", "some", 1);
    more("smart", "none", 1);
    let exact = serde_json::json!({"query": "绝无此词甲乙", "match": "exact"});
    call("search_passages", &exact);
    more("exact", "none", 1);
    call("list_facets", &serde_json::json!({"facet": "province"}));
    more("list", "some", 1);
    // Each region is searched.
    let regions = serde_json::json!({"query": "教师", "regions": ["江苏省", "山西省"]});
    call("compare_regions", &regions);
    more("smart", "some", 1);
    more("smart", "none", 1);
    call("get_passage", &{
        let hit = service.search(&[("q", "教师")]).json()["hits"][0]["id"].clone();
        serde_json::json!({"id": hit})
    });
    more("smart", "some", 1);
    assert_eq!(searches(), expected);
}

#[test]
fn metrics_tell_of_requests_and_searches() {
    let (service, _corpus) = asked();
    let metrics = service.get("/metrics").body;
    for line in [
        "cesou_http_requests_total{route=\"/api/v1/search\",method=\"GET\",status=\"2xx\"} 2",
        "cesou_http_requests_total{route=\"/api/v1/search\",method=\"GET\",status=\"4xx\"} 1",
        "cesou_http_requests_total{route=\"(none)\",method=\"GET\",status=\"4xx\"} 1",
        "cesou_searches_total{kind=\"smart\",hits=\"some\"} 1",
        "cesou_searches_total{kind=\"exact\",hits=\"none\"} 1",
        // The page without a query lists everything.
        "cesou_searches_total{kind=\"list\",hits=\"some\"} 1",
        "cesou_gate_run_seconds_count{class=\"typing\"} 1",
        "cesou_gate_run_seconds_count{class=\"heavy\"} 1",
        "cesou_http_request_duration_seconds_count{route=\"/api/v1/suggest\"} 1",
        "cesou_http_requests_in_flight 1",
        "cesou_index_segments 1",
    ] {
        assert!(
            metrics.lines().any(|own| own == line),
            "{line} is not in\n{metrics}"
        );
    }
}

#[test]
fn nothing_a_client_sends_makes_another_series() {
    let (service, _corpus) = asked();
    let ask = |number: usize| {
        service.get(&format!("/nothing/{number}"));
        service.get(&format!("/passages/{number}"));
        service.get(&format!("/api/v1/reports/{number}?q={number}"));
        service.get(&format!("/api/v1/search?q={number}&province={number}"));
        service.request(&format!("ODD{number}"), "/api/v1/search", &[]);
        service.request("GET", "/", &[("X-Request-Id", &format!("r{number}"))]);
    };
    ask(0);
    let series = || service.get("/metrics").body.lines().count();
    series();
    let before = series();
    (1..30).for_each(ask);
    assert_eq!(series(), before);
}

/// Waits until a line of the log holds all of these, and gives it back.
fn logged(serving: &Serving, parts: &[&str]) -> String {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let log = serving.log();
        let found = log
            .lines()
            .find(|line| parts.iter().all(|part| line.contains(part)));
        if let Some(line) = found {
            return line.to_owned();
        }
        assert!(Instant::now() < until, "no {parts:?} in\n{log}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn serve(place: &Place, settings: &[&str], variables: &[(&str, &str)]) -> Serving {
    let mut arguments = vec!["serve", "--port", "0"];
    for setting in settings {
        arguments.extend(["--set", setting]);
    }
    let mut all = vec![("CESOU_ADMIN_KEY", KEY)];
    all.extend(variables);
    Serving::with(place, &arguments, &all)
}

#[test]
fn the_log_as_json_has_one_object_a_line_with_the_request_it_is_of() {
    let place = Place::seed();
    let serving = serve(
        &place,
        &[
            "log.format=json",
            "log.filter=info,cesou::access=debug",
            "log.slow_query_ms=0",
        ],
        &[],
    );
    let answer = serving.get_with_key(
        "/api/v1/search?q=%E6%95%99%E5%B8%88&province=%E6%B1%9F%E8%8B%8F%E7%9C%81",
        KEY,
    );
    let id = answer.header("x-request-id").to_owned();
    let line = logged(&serving, &["cesou::access", &id]);
    let entry: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(entry["span"]["id"], id);
    assert_eq!(entry["route"], "/api/v1/search");
    assert_eq!(
        (&entry["status"], &entry["method"]),
        (&200.into(), &"GET".into())
    );
    assert_eq!(entry["hits"], answer.json()["total"]);
    assert_eq!(entry["kind"], "smart");
    for number in ["took_ms", "wait_ms", "work_ms"] {
        assert!(entry[number].as_f64().is_some(), "{line}");
    }
    for absent in ["query", "filters", "client"] {
        assert!(entry.get(absent).is_none(), "{line}");
    }
    serving.get("/nothing/secret-path?q=secret-query");
    logged(&serving, &["\"route\":\"(none)\"", "\"status\":404"]);
    let log = serving.log();
    for line in log.lines() {
        let entry: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(
            entry["timestamp"].is_string() && entry["level"].is_string(),
            "{line}"
        );
    }
    let of_requests: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("\"span\""))
        .collect();
    assert!(!of_requests.join("").contains("127.0.0.1"), "{log}");
    for private in [KEY, "教师", "江苏", "secret-"] {
        assert!(!log.contains(private), "{private} is in\n{log}");
    }
}

#[test]
fn what_was_slow_is_logged_with_what_made_it_so() {
    let place = Place::seed();
    let serving = serve(&place, &["log.slow_query_ms=1"], &[]);
    let path = "/api/v1/search?q=%E6%95%99%E5%B8%88%E4%BA%A4%E6%B5%81&province=%E6%B1%9F%E8%8B%8F%E7%9C%81&facets=theme&per_page=50";
    serving.get_with_key(path, KEY);
    let line = logged(&serving, &["cesou::slow", "/api/v1/search"]);
    for part in [
        "WARN",
        "request{id=",
        "took_ms=",
        "work_ms=",
        "hits=",
        "教师交流",
        "province=江苏省",
        "facets=1",
    ] {
        assert!(line.contains(part), "no {part} in {line}");
    }
    assert!(!serving.log().contains(KEY));
}

#[test]
fn queries_and_addresses_are_logged_only_where_that_is_set() {
    let place = Place::seed();
    let path = "/api/v1/search?q=%E8%BD%AE%E5%B2%97";
    let filter = "log.filter=info,cesou::access=debug";
    let open = serve(
        &place,
        &[
            filter,
            "log.queries=always",
            "log.addresses=always",
            "log.slow_query_ms=0",
        ],
        &[],
    );
    open.get(path);
    logged(&open, &["cesou::access", "轮岗", "client=\"127.0.0.1\""]);
    drop(open);
    let shut = serve(
        &place,
        &[filter, "log.queries=never", "log.slow_query_ms=1"],
        &[],
    );
    shut.get(path);
    logged(&shut, &["cesou::slow", "/api/v1/search"]);
    assert!(!shut.log().contains("轮岗") && !shut.log().contains("127.0.0.1\""));
}

/// The next body that is sent to a collector.
fn received(listener: &TcpListener) -> (String, Vec<u8>) {
    let (stream, _) = listener.accept().unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let length = head
        .to_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or_else(|| panic!("no length in {head}"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    reader.get_mut().write_all(answer.as_bytes()).unwrap();
    (head, body)
}

#[test]
fn traces_reach_a_collector_as_part_of_the_callers_own() {
    let place = Place::seed();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let collector = format!(
        "telemetry.otlp_endpoint=http://{}",
        listener.local_addr().unwrap()
    );
    let serving = serve(&place, &[&collector], &[("OTEL_BSP_SCHEDULE_DELAY", "100")]);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || while sender.send(received(&listener)).is_ok() {});
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let url = format!("{}/api/v1/search?q=%E8%BD%AE%E5%B2%97", serving.address);
    let asked = agent
        .get(&url)
        .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"))
        .call()
        .unwrap();
    let id = asked.headers()["x-request-id"].to_str().unwrap().to_owned();
    let trace: Vec<u8> = (0..16)
        .map(|at| u8::from_str_radix(&trace[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    let has = |body: &[u8], part: &[u8]| body.windows(part.len()).any(|window| window == part);
    let until = Instant::now() + Duration::from_secs(20);
    let mut all = Vec::new();
    loop {
        let next = receiver.recv_timeout(Duration::from_secs(20));
        let (head, body) = next.unwrap_or_else(|_| {
            let (all, log) = (String::from_utf8_lossy(&all), serving.log());
            panic!("no more spans come after {all}\n{log}")
        });
        assert!(head.starts_with("POST /v1/traces "), "{head}");
        assert!(
            head.to_lowercase().contains("application/x-protobuf"),
            "{head}"
        );
        all.extend(body);
        let parts: [&[u8]; 8] = [
            &trace,
            b"GET /api/v1/search",
            b"http.route",
            b"queue",
            b"work",
            b"service.name",
            b"cesou",
            id.as_bytes(),
        ];
        if parts.iter().all(|part| has(&all, part)) {
            break;
        }
        assert!(Instant::now() < until, "{}", String::from_utf8_lossy(&all));
    }
    assert!(
        !has(&all, "轮岗".as_bytes()),
        "what was searched for is nobody's business"
    );
}

#[test]
fn a_collector_that_is_away_is_complained_of_once_and_holds_up_nothing() {
    let place = Place::seed();
    // Nobody listens there any more.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let collector = format!("telemetry.otlp_endpoint=http://{port}");
    let mut serving = serve(&place, &[&collector], &[("OTEL_BSP_SCHEDULE_DELAY", "50")]);
    for _ in 0..20 {
        assert_eq!(serving.get("/api/v1/search?q=1").0, 200);
        std::thread::sleep(Duration::from_millis(20));
    }
    logged(&serving, &["WARN", "追踪数据没有送到"]);
    assert!(serving.stop("-TERM").success());
    assert_eq!(
        serving.log().matches("追踪数据没有送到").count(),
        1,
        "{}",
        serving.log()
    );
}
