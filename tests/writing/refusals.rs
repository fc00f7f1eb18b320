//! What is not taken, and why: bodies, ids, limits, keys.

use serde_json::{Value, json};

use super::{JSON, LINES, Lab, TEXT};
use crate::support::{Service, corpus_of};

#[test]
fn a_body_with_mistakes_changes_nothing_and_is_told_each() {
    let lab = Lab::new();
    let body = "{\"id\":\"ok\",\"text\":\"泰州市:甲\\n\\n一、好。好的。\"}\n\
                \n\
                {\"id\":\"no text\"}\n\
                not json\n\
                {\"text\":\"没有编号\"}\n\
                {\"id\":\"blank\",\"text\":\"  \"}\n\
                {\"id\":\"360323-0123456789\",\"text\":\"甲\"}\n\
                {\"id\":\"d\",\"deleted\":\"yes\"}\n";
    let sent = lab.send("POST", "/api/v1/reports", LINES, body);
    assert_eq!(sent.status, 400, "{}", sent.body);
    let said = sent.json();
    assert_eq!(said["code"], "bad-reports");
    let lines: Vec<u64> = said["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [3, 4, 5, 6, 7, 8], "{said}");
    assert_eq!(lab.get("/api/v1/reports/ok").status, 404);
    assert_eq!(lab.get("/api/v1/tasks").json()["tasks"], json!([]));
}

#[test]
fn what_cannot_be_taken_is_refused_with_what_to_do() {
    let lab = Lab::new();
    let file = lab.service.get("/api/v1/reports").json()["reports"][0]["id"].clone();
    let file = file.as_str().unwrap();
    let cases: &[(&str, &str, &str, &str, u16, &str, &str)] = &[
        ("PUT", "a.b", "text/plain", "甲", 400, "bad-id", "字母"),
        ("PUT", "a%2Fb", "text/plain", "甲", 400, "bad-id", "字母"),
        ("PUT", file, "text/plain", "甲", 409, "id-of-file", "a.txt"),
        ("DELETE", file, "", "", 409, "id-of-file", "a.txt"),
        (
            "PUT",
            "x",
            "image/png",
            "甲",
            415,
            "unsupported-media-type",
            "application/pdf",
        ),
        ("PUT", "x", "application/pdf", "甲", 400, "bad-file", "PDF"),
        ("PUT", "x", "text/plain", " ", 400, "bad-file", "没有"),
        ("PUT", "x", JSON, "{", 400, "bad-body", "JSON"),
        ("PUT", "x", JSON, "[]", 400, "bad-body", "/api/v1/reports"),
        ("PUT", "x", JSON, "{\"text\":\"\"}", 400, "bad-body", "text"),
        (
            "PUT",
            "x",
            JSON,
            "{\"id\":\"y\",\"text\":\"a\"}",
            400,
            "bad-body",
            "x",
        ),
        (
            "PUT",
            "x?wait=1h",
            "text/plain",
            "甲",
            400,
            "bad-parameter",
            "5s",
        ),
        (
            "PUT",
            "x?wait=61s",
            "text/plain",
            "甲",
            400,
            "bad-parameter",
            "60s",
        ),
        (
            "PUT",
            "x?titel=a",
            "text/plain",
            "甲",
            400,
            "unknown-parameter",
            "title",
        ),
        (
            "PUT",
            "x?date=soon",
            "text/plain",
            "甲",
            400,
            "bad-parameter",
            "2016",
        ),
        (
            "PUT",
            "x",
            "multipart/form-data",
            "甲",
            400,
            "bad-body",
            "表单",
        ),
        (
            "PUT",
            "x",
            "multipart/form-data; boundary=x",
            "--x--\r\n",
            400,
            "bad-body",
            "没有文件",
        ),
        (
            "PATCH",
            "x",
            "text/plain",
            "甲",
            405,
            "method-not-allowed",
            "PUT",
        ),
    ];
    for (method, id, kind, body, status, code, said) in cases {
        let answer = lab.send(method, &format!("/api/v1/reports/{id}"), kind, body);
        let case = format!("{method} {id} {kind} {body}: {}", answer.body);
        assert_eq!(answer.status, *status, "{case}");
        assert_eq!(answer.json()["code"], *code, "{case}");
        assert!(
            answer.json()["detail"].as_str().unwrap().contains(said),
            "{case}"
        );
    }
    let cases: &[(&str, &str, u16, &str)] = &[
        ("text/plain", "甲", 415, "unsupported-media-type"),
        (LINES, "", 400, "bad-body"),
        (LINES, "\n\n", 400, "bad-body"),
        (JSON, "7", 400, "bad-reports"),
        (JSON, "{", 400, "bad-body"),
    ];
    for (kind, body, status, code) in cases {
        let answer = lab.send("POST", "/api/v1/reports", kind, body);
        assert_eq!(answer.status, *status, "{kind} {body}: {}", answer.body);
        assert_eq!(answer.json()["code"], *code, "{kind} {body}");
    }
    let body = [("Content-Encoding", "zstd"), ("Authorization", &lab.bearer)];
    let answer = lab.service.send("PUT", "/api/v1/reports/x", &body, "甲");
    assert_eq!(answer.status, 415, "{}", answer.body);
    assert_eq!(lab.get("/api/v1/tasks").json()["tasks"], json!([]));
}

#[test]
fn limits_have_their_own_refusals() {
    let corpus = corpus_of(&[("a.txt", TEXT)]);
    let service = Service::live_with(corpus.path(), |settings| {
        settings.store.max_report_mb = 1;
        settings.store.max_body_mb = 2;
        settings.store.max_reports = 3;
    });
    let lab = Lab::of(service, corpus);
    let long = "长".repeat(400_000);
    let answer = lab.send("PUT", "/api/v1/reports/x", "text/plain", &long);
    assert_eq!(answer.json()["code"], "report-too-large", "{}", answer.body);
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("store.max_report_mb"));
    let longer = "长".repeat(800_000);
    let answer = lab.send("PUT", "/api/v1/reports/x", "text/plain", &longer);
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (413, &json!("body-too-large"))
    );
    let line = json!({"id": "x", "text": long});
    let answer = lab.bulk(&[line]);
    assert_eq!(answer.json()["code"], "bad-reports", "{}", answer.body);
    assert!(
        answer.json()["errors"][0]["detail"]
            .as_str()
            .unwrap()
            .contains("store.max_report_mb")
    );
    let lines: Vec<Value> = (0..4)
        .map(|n| json!({"id": n.to_string(), "text": "甲"}))
        .collect();
    let answer = lab.bulk(&lines);
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (413, &json!("too-many-reports"))
    );
}

#[test]
fn a_disk_that_is_nearly_full_takes_nothing_and_search_goes_on() {
    let corpus = corpus_of(&[("a.txt", TEXT)]);
    let service = Service::live_with(corpus.path(), |settings| {
        settings.store.min_free_mb = 1 << 40;
    });
    let lab = Lab::of(service, corpus);
    let answer = lab.send("PUT", "/api/v1/reports/x", "text/plain", "甲");
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (507, &json!("disk-full"))
    );
    assert_eq!(lab.total("教师交流"), 1);
}

#[test]
fn more_than_may_wait_are_told_to_come_back() {
    let corpus = corpus_of(&[("a.txt", TEXT)]);
    let service = Service::live_with(corpus.path(), |settings| settings.store.max_queue = 1);
    let lab = Lab::of(service, corpus);
    // A malformed taxonomy keeps everything waiting once the index cannot be compared.
    let mut refused = None;
    for n in 0..200 {
        let answer = lab.send("PUT", &format!("/api/v1/reports/q{n}"), "text/plain", TEXT);
        if answer.status != 202 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("the index is slower than this");
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert_eq!(refused.json()["code"], "queue-full");
    assert_eq!(refused.header("Retry-After"), "1");
}

#[test]
fn writing_needs_a_key_and_a_key_writes_only_what_it_may() {
    let lab = Lab::new();
    let path = "/api/v1/reports/sx-1?wait=20s";
    let answer = lab.service.send("PUT", path, &[], TEXT);
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (401, &json!("key-missing"))
    );
    let reader = lab
        .service
        .key(&json!({"name": "r", "actions": ["search"]}));
    let reader = format!("Bearer {reader}");
    let headers = [("Authorization", reader.as_str())];
    let answer = lab.service.send("PUT", path, &headers, TEXT);
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (403, &json!("action-missing"))
    );
    let own = lab
        .service
        .key(&json!({"name": "sx", "actions": ["write"], "prefixes": ["sx-"]}));
    let own = format!("Bearer {own}");
    let headers = [
        ("Authorization", own.as_str()),
        ("Content-Type", "text/plain"),
    ];
    assert_eq!(lab.service.send("PUT", path, &headers, TEXT).status, 200);
    let other = lab
        .service
        .send("PUT", "/api/v1/reports/bj-1", &headers, TEXT);
    assert_eq!(
        (other.status, &other.json()["code"]),
        (403, &json!("report-not-allowed"))
    );
    let lines = "{\"id\":\"sx-2\",\"text\":\"甲\"}\n{\"id\":\"bj-2\",\"text\":\"甲\"}\n";
    let headers = [("Authorization", own.as_str()), ("Content-Type", LINES)];
    let bulk = lab.service.send("POST", "/api/v1/reports", &headers, lines);
    assert_eq!(
        (bulk.status, &bulk.json()["code"]),
        (403, &json!("report-not-allowed"))
    );
    lab.put("bj-3", TEXT);
    // It is told of its own tasks only.
    let seen = lab.service.request("GET", "/api/v1/tasks", &headers).json();
    assert_eq!(seen["tasks"].as_array().unwrap().len(), 1, "{seen}");
    let all = lab.get("/api/v1/tasks").json();
    assert_eq!(all["tasks"].as_array().unwrap().len(), 2, "{all}");
    let others = all["tasks"][0]["url"].as_str().unwrap();
    assert_eq!(lab.service.request("GET", others, &headers).status, 404);
}
