//! The description of the API: complete, true to the routes, with real answers, readable.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::browser::variable;
use crate::support::{SERVICE, root};

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

/// The paths of the API's routes, read from where they are made.
fn routes() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let folder = root().join("src/http/api");
    let mut files = vec![
        root().join("src/http/api.rs"),
        root().join("src/http/openapi.rs"),
    ];
    files.extend(
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    for file in files {
        let code = fs::read_to_string(&file).unwrap();
        let code = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            let made = ["resource(\"", "web::resource(\""].iter().find_map(|made| {
                let at = line.find(made)?;
                line[at + made.len()..].split('"').next()
            });
            found.extend(made.map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document = document();
    let mut described: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    // The page to read is no part of what it describes.
    described.insert("/api/docs".to_owned());
    let routes = routes();
    assert!(routes.len() > 10, "{routes:?}");
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
        let path = path.replace("{id}", "x");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = SERVICE.request(method, &path, &[]);
            let taken = answer.status != 405;
            assert_eq!(
                taken,
                described.contains(method),
                "{method} {path}: {}",
                answer.status
            );
            if !taken {
                let allowed: BTreeSet<&str> = answer.header("allow").split(", ").collect();
                let mut wanted: BTreeSet<&str> = described.iter().map(String::as_str).collect();
                if wanted.contains("GET") {
                    wanted.insert("HEAD");
                }
                assert_eq!(allowed, wanted, "{method} {path}");
            }
        }
    }
}

#[test]
fn parameters_are_those_that_are_taken() {
    let document = document();
    for (path, method, operation) in operations(&document) {
        // Those that anyone may ask, and that take parameters.
        let is_open = operation["security"][0] == serde_json::json!({});
        if method != "get" || !is_open {
            continue;
        }
        let (passage, report) = (SERVICE.some_passage(), SERVICE.some_report());
        let id = if path.contains("reports") {
            report
        } else {
            passage
        };
        let path = path.replace("{id}", &id);
        // A comparison is of two at least.
        let sides = "region=%E6%B2%B3%E5%8C%97%E7%9C%81&region=%E6%B1%9F%E8%8B%8F%E7%9C%81&";
        let sides = if path.ends_with("/compare") {
            sides
        } else {
            ""
        };
        let described: BTreeSet<&str> = operation["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let refused = SERVICE.get(&format!("{path}?no-such-parameter=1"));
        assert_eq!(refused.status, 400, "{path}");
        let allowed = refused.json()["allowed"].as_str().unwrap().to_owned();
        let allowed: BTreeSet<&str> = allowed
            .split('、')
            .filter(|name| !name.is_empty())
            .collect();
        assert_eq!(described, allowed, "{path}");
        for parameter in operation["parameters"].as_array().unwrap() {
            assert!(
                parameter["description"]
                    .as_str()
                    .is_some_and(|it| !it.is_empty())
            );
            let name = parameter["name"].as_str().unwrap();
            let schema = &parameter["schema"];
            if let Some(most) = schema["maximum"].as_u64() {
                // Pages are bounded together with their length.
                let alone = if name == "page" { "&per_page=1" } else { "" };
                for (value, status) in [(0, 400), (1, 200), (most, 200), (most + 1, 400)] {
                    if path.contains("export") && status == 200 && value == most {
                        continue;
                    }
                    let answer = SERVICE.get(&format!("{path}?{sides}{name}={value}{alone}"));
                    assert_eq!(
                        answer.status, status,
                        "{path}?{name}={value}: {}",
                        answer.body
                    );
                }
            }
            let values = schema["enum"]
                .as_array()
                .or(schema["items"]["enum"].as_array());
            for value in values.into_iter().flatten() {
                let value = value.as_str().unwrap();
                let more = match (name, value) {
                    ("sort", "quantity") => "&quantity=money%3E%3D1%E5%85%83",
                    ("rows", "theme") => "&cols=kind",
                    ("rows", _) => "&cols=theme",
                    ("cols", "province") => "&rows=theme",
                    _ => "",
                };
                let answer = SERVICE.get(&format!("{path}?{sides}{name}={value}{more}"));
                assert_eq!(answer.status, 200, "{path}?{name}={value}: {}", answer.body);
            }
            if schema["type"] == "boolean" {
                for (value, status) in [("true", 200), ("false", 200), ("yes", 400)] {
                    let answer = SERVICE.get(&format!("{path}?{sides}{name}={value}"));
                    assert_eq!(answer.status, status, "{path}?{name}={value}");
                }
            }
        }
    }
}

/// What differs from run to run, or from machine to machine.
fn settled(mut answer: Value) -> Value {
    if let Some(took) = answer.get_mut("took_ms") {
        *took = Value::from(0.5);
    }
    answer
}

#[test]
fn examples_are_what_the_service_answers() {
    let document = document();
    let mut seen = 0;
    for (path, _, operation) in operations(&document) {
        let example =
            &operation["responses"]["200"]["content"]["application/json"]["examples"]["real"];
        let Some(request) = example["summary"].as_str() else {
            continue;
        };
        seen += 1;
        let (passage, report) = (SERVICE.some_passage(), SERVICE.some_report());
        let id = if path.contains("reports") {
            report
        } else {
            passage
        };
        let request = request.replace("{id}", &id);
        let (at, query) = request.split_once('?').unwrap_or((&request, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish();
        let answer = SERVICE.get(&format!("{at}?{query}"));
        assert_eq!(answer.status, 200, "{request}: {}", answer.body);
        let answer = settled(answer.json());
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
    assert!(seen >= 8, "{seen}");
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
