//! The description of the API: complete, true to the routes, with real answers, readable.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use cesou::config::SearchAccess;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::browser::variable;
use crate::support::{Answer, SERVICE, Service, corpus_of, root, seed_text};

fn document() -> Value {
    let answer = SERVICE.get("/api/v1/openapi.json");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

/// Every operation: path, method, and what is said of it.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            all.push((path.clone(), method.clone(), operation.clone()));
        }
    }
    all
}

/// The paths of the routes that are for programs, read from where they are made.
fn routes() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let files =
        ["api.rs", "openapi.rs", "discovery.rs"].map(|file| root().join("src/http").join(file));
    let mut files = Vec::from(files);
    files.extend(
        fs::read_dir(root().join("src/http/api"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    for file in files {
        let code = fs::read_to_string(&file).unwrap();
        let code: String = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        for (at, made) in code.match_indices("resource(\"") {
            let path = code[at + made.len()..].split('"').next().unwrap();
            found.insert(path.to_owned());
        }
    }
    // Made among what is for readers, or speaks another protocol.
    found.extend(["/llms.txt", "/embed/manifest.json"].map(str::to_owned));
    found
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document = document();
    let described: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    let routes = routes();
    assert!(routes.len() > 20, "{routes:?}");
    assert_eq!(described, routes);
}

#[test]
fn every_method_is_described_and_no_other_is_taken() {
    let document = document();
    let mut methods: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, method, _) in operations(&document) {
        methods
            .entry(path)
            .or_default()
            .insert(method.to_uppercase());
    }
    for (path, described) in methods {
        let path = path.replace("{id}", "x").replace("{number}", "x");
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            // The client would unpack the body that an answer to `HEAD` has not.
            let answer = SERVICE.request(method, &path, &[("Accept-Encoding", "identity")]);
            let taken = answer.status != 405;
            assert_eq!(
                taken,
                described.contains(method),
                "{method} {path}: {}",
                answer.status
            );
            if !taken {
                let allowed: BTreeSet<&str> = answer.header("allow").split(", ").collect();
                let wanted: BTreeSet<&str> = described.iter().map(String::as_str).collect();
                assert_eq!(allowed, wanted, "{method} {path}");
            }
        }
    }
}

/// A service that wants keys and takes reports, for what the shared one does not answer.
struct Keyed {
    service: Service,
    admin: String,
    _corpus: TempDir,
}

static KEYED: LazyLock<Keyed> = LazyLock::new(Keyed::new);

impl Keyed {
    fn new() -> Self {
        let corpus = corpus_of(&[("seed.txt", &seed_text())]);
        let service = Service::live_with(corpus.path(), |settings| {
            settings.keys.search = SearchAccess::Required;
        });
        let admin = service.key(&json!({"name": "管理", "actions": ["admin"]}));
        Self {
            service,
            admin: format!("Bearer {admin}"),
            _corpus: corpus,
        }
    }

    /// A request with the key and, where there is one, a body of JSON.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [
            ("Authorization", self.admin.as_str()),
            ("Content-Type", "application/json"),
        ];
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        self.service.send(method, path, &headers, &body)
    }
}

/// That the parameters described are those that are taken, and that each may be what is said of it
/// and nothing else. `ask` sends a query string.
fn probe(of: &str, operation: &Value, ask: &dyn Fn(&str) -> Answer) {
    let parameters = operation["parameters"].as_array().unwrap();
    let in_query = || parameters.iter().filter(|it| it["in"] == "query");
    let described: BTreeSet<&str> = in_query().map(|it| it["name"].as_str().unwrap()).collect();
    let refused = ask("no-such-parameter=1");
    assert_eq!(refused.status, 400, "{of}");
    assert_eq!(refused.json()["code"], "unknown-parameter", "{of}");
    let allowed = refused.json()["allowed"].as_str().unwrap().to_owned();
    let allowed: BTreeSet<&str> = allowed
        .split('、')
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(described, allowed, "{of}");
    for parameter in parameters {
        let description = parameter["description"].as_str();
        assert!(description.is_some_and(|it| !it.is_empty()), "{of}");
    }
    for parameter in in_query() {
        let name = parameter["name"].as_str().unwrap();
        let schema = &parameter["schema"];
        let is = |value: &str, more: &str, good: bool| {
            let answer = ask(&format!("{name}={value}{more}"));
            let status = answer.status;
            let of = format!("{of} {name}={value}: {status} {}", answer.body);
            if good {
                assert!((200..300).contains(&status), "{of}");
            } else {
                assert_eq!(status, 400, "{of}");
                assert_eq!(answer.json()["parameter"], name, "{of}");
            }
        };
        let (least, most) = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
        // Pages are bounded together with their length.
        let alone = if name == "page" { "&per_page=1" } else { "" };
        if let Some(least) = least {
            is(&(least - 1).to_string(), alone, false);
            is(&least.to_string(), alone, true);
            is("x", alone, false);
        }
        if let Some(most) = most {
            // All that there is would be sent.
            if !of.ends_with("/export") {
                is(&most.to_string(), alone, true);
            }
            is(&(most + 1).to_string(), alone, false);
        }
        let values = schema["enum"]
            .as_array()
            .or(schema["items"]["enum"].as_array());
        if values.is_some() {
            is("no-such", "", false);
        }
        for value in values.into_iter().flatten() {
            let value = value.as_str().unwrap();
            let more = match (name, value) {
                ("sort", "quantity") => "&quantity=money%3E%3D1%E5%85%83",
                ("rows", "theme") => "&cols=kind",
                ("rows", _) => "&cols=theme",
                ("cols", "province") => "&rows=theme",
                _ => "",
            };
            is(value, more, true);
        }
        if schema["type"] == "boolean" {
            is("true", "", true);
            is("false", "", true);
            is("yes", "", false);
        }
        if schema["format"] == "date" {
            is("2016-11-24", "", true);
            is("2016-11-31", "", false);
        }
        if name == "wait" {
            let pattern = schema["pattern"].as_str().unwrap();
            let pattern = regex::Regex::new(pattern).unwrap();
            for value in ["0s", "5s", "60s", "0ms", "500ms", "60000ms"] {
                assert!(pattern.is_match(value), "{value}");
                is(value, "", true);
            }
            for value in ["61s", "60001ms", "5", "s", "1m", "-1s", "1.5s"] {
                assert!(!pattern.is_match(value), "{value}");
                is(value, "", false);
            }
        }
    }
}

#[test]
fn parameters_are_those_that_are_taken() {
    let document = document();
    let mut seen = 0;
    for (path, method, operation) in operations(&document) {
        // Those that anyone may ask, and that take parameters.
        let is_open = operation["security"][0] == json!({});
        if method != "get" || !is_open {
            continue;
        }
        seen += 1;
        let (passage, report) = (SERVICE.some_passage(), SERVICE.some_report());
        let id = if path.contains("reports") {
            report
        } else {
            passage
        };
        let path = path.replace("{id}", &id).replace("{number}", "1");
        // A comparison is of two at least.
        let sides = "&region=%E6%B2%B3%E5%8C%97%E7%9C%81&region=%E6%B1%9F%E8%8B%8F%E7%9C%81";
        let sides = if path.ends_with("/compare") {
            sides
        } else {
            ""
        };
        probe(&path, &operation, &|query| {
            SERVICE.get(&format!("{path}?{query}{sides}"))
        });
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn parameters_of_what_wants_a_key_are_those_that_are_taken() {
    let document = document();
    let keyed = &KEYED;
    let key = json!({"name": "另一把"});
    let key = keyed.ask("POST", "/api/v1/keys", &key).json();
    let key = key["id"].as_str().unwrap();
    let report = json!({"text": "山西省晋中市:全市一盘棋\n\n一、教师。教师交流。\n"});
    let task = keyed.ask("PUT", "/api/v1/reports/probe?wait=60s", &report);
    let task = task.json()["id"].to_string();
    let mut seen = 0;
    for (path, method, operation) in operations(&document) {
        let security = operation["security"].as_array().unwrap();
        if method == "head" || security.is_empty() || security[0] == json!({}) {
            continue;
        }
        seen += 1;
        let id = match path.split('/').nth(3) {
            Some("keys") => key,
            Some("tasks") => &task,
            _ => "probe",
        };
        let path = path.replace("{id}", id);
        let body = match (method.as_str(), operation["operationId"].as_str().unwrap()) {
            ("put", _) => report.clone(),
            (_, "bulkReports") => json!([{"id": "probe", "text": report["text"]}]),
            _ => Value::Null,
        };
        probe(&format!("{method} {path}"), &operation, &|query| {
            keyed.ask(&method.to_uppercase(), &format!("{path}?{query}"), &body)
        });
    }
    assert_eq!(seen, 12);
}

/// What differs from run to run, or from machine to machine, as the examples have it.
fn settled(mut answer: Value) -> Value {
    match &mut answer {
        Value::Object(fields) => {
            for (name, value) in fields {
                if value.is_null() {
                    continue;
                }
                *value = match name.as_str() {
                    "took_ms" => json!(0.5),
                    "created" | "enqueued_at" | "started_at" | "finished_at" => {
                        json!("2026-01-01T00:00:00Z")
                    }
                    "built_at" => json!(1_767_225_600),
                    "generation" => json!("000001-5f2a9c01"),
                    "bytes" => json!(4096),
                    "garbage_bytes" => json!(512),
                    "key" if value.as_str().is_some_and(|it| it.starts_with("cesou_")) => {
                        json!("cesou_…")
                    }
                    _ => settled(value.take()),
                };
            }
        }
        Value::Array(values) => {
            for value in values {
                *value = settled(value.take());
            }
        }
        _ => {}
    }
    answer
}

#[test]
fn examples_are_what_the_service_answers() {
    let document = document();
    // Of its own, so that nothing but what is done here is answered.
    let keyed = Keyed::new();
    let sent = |method: &str, path: &str, at: &str| {
        let body = &document["paths"][path][method]["requestBody"]["content"]["application/json"];
        keyed.ask(&method.to_uppercase(), at, &body["example"])
    };
    let made = sent("post", "/api/v1/keys", "/api/v1/keys");
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json();
    let key = made["id"].as_str().unwrap();
    let keys = keyed.ask("GET", "/api/v1/keys", &Value::Null).json();
    let admin = keys["keys"][0]["id"].as_str().unwrap();
    assert_ne!(admin, key);
    let put = "/api/v1/reports/jinzhong-2016?wait=60s";
    let put = sent("put", "/api/v1/reports/{id}", put);
    assert_eq!(put.status, 200, "{}", put.body);
    let put = put.json();
    let task = put["id"].to_string();
    let mut seen = 0;
    for (path, _, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        let mut examples = responses
            .values()
            .map(|response| &response["content"]["application/json"]["examples"]["real"]);
        let Some(example) = examples.find(|example| example.is_object()) else {
            continue;
        };
        seen += 1;
        let request = example["summary"].as_str().unwrap();
        let (passage, report) = (SERVICE.some_passage(), SERVICE.some_report());
        let id = match path.split('/').nth(3) {
            Some("reports") => &report,
            Some("keys") => key,
            Some("tasks") => &task,
            _ => &passage,
        };
        let is_open = operation["security"].as_array().unwrap().is_empty()
            || operation["security"][0] == json!({});
        let answer = if let Some((method, _)) = request.split_once(' ') {
            match method {
                "POST" => made.clone(),
                _ => put.clone(),
            }
        } else {
            let request = request.replace("{id}", id);
            let (at, query) = request.split_once('?').unwrap_or((&request, ""));
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(pairs)
                .finish();
            let at = format!("{at}?{query}");
            let answer = if is_open {
                SERVICE.get(&at)
            } else {
                keyed.ask("GET", &at, &Value::Null)
            };
            assert_eq!(answer.status, 200, "{request}: {}", answer.body);
            answer.json()
        };
        let answer = settled(answer).to_string();
        let answer = answer.replace(key, "k7m2x9qd").replace(admin, "q9g72cyr");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let name = operation["operationId"].as_str().unwrap();
        if variable("CESOU_WRITE_EXAMPLES").is_some() {
            let file = root().join(format!("src/http/openapi/examples/{name}.json"));
            let pretty = serde_json::to_string_pretty(&answer).unwrap();
            fs::write(file, pretty + "\n").unwrap();
            continue;
        }
        assert_eq!(
            example["value"], answer,
            "{request}: CESOU_WRITE_EXAMPLES=1 writes it anew"
        );
    }
    assert!(seen >= 17, "{seen}");
}

#[test]
fn references_lead_somewhere_and_names_are_told_apart() {
    let document = document();
    let text = document.to_string();
    let mut rest = text.as_str();
    let mut seen = 0;
    while let Some(at) = rest.find("\"$ref\":\"#/") {
        rest = &rest[at + 9..];
        let pointer = rest.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
    let ids: Vec<Value> = operations(&document)
        .into_iter()
        .map(|it| it.2["operationId"].clone())
        .collect();
    let distinct: BTreeSet<String> = ids.iter().map(Value::to_string).collect();
    assert_eq!(ids.len(), distinct.len());
    for (path, method, operation) in operations(&document) {
        for field in ["summary", "description"] {
            assert!(
                operation[field].as_str().is_some_and(|it| !it.is_empty()),
                "{method} {path}"
            );
        }
        let tags = document["tags"].as_array().unwrap();
        assert!(
            tags.iter().any(|tag| tag["name"] == operation["tags"][0]),
            "{method} {path}"
        );
    }
}

#[test]
fn every_code_of_a_refusal_is_described() {
    let document = document().to_string();
    let problem = fs::read_to_string(root().join("src/http/problem.rs")).unwrap();
    // Those of what is no route, or another method of one, belong to no operation.
    let elsewhere = [
        "no-such-path",
        "method-not-allowed",
        "report-not-allowed",
        "foreign-origin",
        "foreign-form",
    ];
    let mut seen = 0;
    for line in problem.lines() {
        let Some(code) = line
            .split('"')
            .nth(1)
            .filter(|_| line.contains("StatusCode::") || line.trim_start().starts_with('"'))
        else {
            continue;
        };
        let is_code =
            code.contains('-') && code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        if is_code && !elsewhere.contains(&code) {
            seen += 1;
            assert!(document.contains(&format!("\"{code}\"")), "{code}");
        }
    }
    assert!(seen > 12, "{seen}");
}

#[test]
fn the_page_to_read_says_the_same_and_needs_no_other_host() {
    let answer = SERVICE.get("/api/docs");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(
        answer
            .header("content-security-policy")
            .contains("default-src 'none'")
    );
    for (path, _, operation) in operations(&document()) {
        assert!(answer.body.contains(&path), "{path}");
        assert!(
            answer.body.contains(operation["summary"].as_str().unwrap()),
            "{path}"
        );
    }
    for outside in ["<script", "src=\"http", "href=\"http", "//cdn"] {
        assert!(!answer.body.contains(outside), "{outside}");
    }
    // Marks of a real answer are shown, not made.
    assert!(answer.body.contains("&lt;mark&gt;"));
    assert!(!answer.body.contains("<mark>"));
}

#[test]
fn the_description_is_asked_for_again_only_when_it_changed() {
    for path in ["/api/v1/openapi.json", "/api/docs"] {
        let tag = SERVICE.get(path).header("etag").to_owned();
        let again = SERVICE.request("GET", path, &[("If-None-Match", &tag)]);
        assert_eq!((again.status, again.body.as_str()), (304, ""));
    }
}
