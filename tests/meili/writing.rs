//! Documents that are sent and withdrawn, and their tasks.

use std::time::{Duration, Instant};

use cesou::key::Wish;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{JSON, refused};
use crate::support::{Answer, REPORT, Service, corpus_of};

/// A service that takes reports, with a key that may write.
struct Live {
    service: Service,
    bearer: String,
    _corpus: TempDir,
}

impl Live {
    fn new() -> Self {
        let corpus = corpus_of(&[("jinzhong.txt", REPORT)]);
        let service = Service::live(corpus.path());
        let bearer = key(
            &service,
            json!({"name": "写", "actions": ["search", "write"]}),
        );
        Self {
            service,
            bearer,
            _corpus: corpus,
        }
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        let headers = [
            ("Authorization", self.bearer.as_str()),
            ("Content-Type", kind),
        ];
        let path = format!("/meili{path}");
        self.service.send(method, &path, &headers, body)
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, "application/json", &body.to_string())
    }

    fn get(&self, path: &str) -> Value {
        let headers = [("Authorization", self.bearer.as_str())];
        let answer = self
            .service
            .request("GET", &format!("/meili{path}"), &headers);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }

    /// The task of an accepted change, when it has ended.
    fn ended(&self, answer: &Answer) -> Value {
        assert_eq!(answer.status, 202, "{}", answer.body);
        let accepted = answer.json();
        assert_eq!(accepted["status"], "enqueued");
        assert_eq!(accepted["indexUid"], "passages");
        let path = format!("/tasks/{}", accepted["taskUid"]);
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let task = self.get(&path);
            assert_eq!(task["type"], accepted["type"]);
            if task["status"] != "enqueued" && task["status"] != "processing" {
                return task;
            }
            assert!(Instant::now() < until, "{task}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn reports(&self) -> Vec<String> {
        let facets = self.get("/indexes/passages/search?facets=report_id&hitsPerPage=0");
        let counted = facets["facetDistribution"]["report_id"]
            .as_object()
            .unwrap();
        counted.keys().cloned().collect()
    }
}

fn key(service: &Service, described: Value) -> String {
    let now = Timestamp::now();
    let wish: Wish = serde_json::from_value(described).unwrap();
    let made = service.keys.create(wish.check(now).unwrap(), now).unwrap();
    format!("Bearer {}", made.secret.expose_secret())
}

const DOCUMENTS: &str = "/indexes/passages/documents";

#[test]
fn documents_come_are_changed_and_go() {
    let live = Live::new();
    let of_file = live.reports();
    assert_eq!(of_file.len(), 1);
    let two = json!([
        {"id": "shijiazhuang-1", "title": "河北省石家庄市:均衡编班", "text": "概述。\n\n一、均衡编班。全市起始年级均衡编班。\n", "date": "2015-03-01"},
        {"id": 77, "report_title": "江苏省泰州市:集团办学", "heading": "集团办学", "body": "溱潼模式推开,集团办学覆盖全市。", "year": [2013]},
    ]);
    let task = live.ended(&live.ask("POST", DOCUMENTS, &two));
    assert_eq!(task["status"], "succeeded", "{task}");
    assert_eq!(task["type"], "documentAdditionOrUpdate");
    assert_eq!(
        task["details"],
        json!({"receivedDocuments": 2, "indexedDocuments": 2})
    );
    assert!(
        task["duration"].as_str().unwrap().starts_with("PT"),
        "{task}"
    );
    let found = live.get("/indexes/passages/search?q=%E5%9D%87%E8%A1%A1%E7%BC%96%E7%8F%AD");
    let hit = &found["hits"][0];
    assert_eq!(hit["report_id"], "shijiazhuang-1");
    assert_eq!(
        (&hit["province"], &hit["day"]),
        (&json!("河北省"), &json!(20_150_301))
    );
    let ready = live.get(&format!("{DOCUMENTS}?filter=report_id%20%3D%2077"));
    let ready = &ready["results"][0];
    assert_eq!(
        (&ready["city"], &ready["year"]),
        (&json!("泰州市"), &json!([2013]))
    );
    assert!(
        ready["body"].as_str().unwrap().contains("溱潼模式"),
        "{ready}"
    );

    // PUT keeps what it does not name, POST does not.
    let date = json!([{"id": "shijiazhuang-1", "date": "2016-05-05"}]);
    live.ended(&live.ask("PUT", DOCUMENTS, &date));
    let changed = live.get("/indexes/passages/search?q=%E5%9D%87%E8%A1%A1%E7%BC%96%E7%8F%AD");
    assert_eq!(changed["hits"][0]["day"], 20_160_505);
    refused(
        &live.ask("POST", DOCUMENTS, &date),
        400,
        "invalid_document_fields",
    );

    // A passage is no report; what stands in a file is not for here.
    let passage = hit["id"].as_str().unwrap();
    let answer = live.ask("DELETE", &format!("{DOCUMENTS}/{passage}"), &Value::Null);
    refused(&answer, 400, "invalid_document_id");
    let file = format!("{DOCUMENTS}/{}", of_file[0]);
    refused(
        &live.ask("DELETE", &file, &Value::Null),
        400,
        "invalid_document_id",
    );

    let task = live.ended(&live.ask("DELETE", &format!("{DOCUMENTS}/77"), &Value::Null));
    assert_eq!(task["type"], "documentDeletion");
    assert_eq!(task["details"]["deletedDocuments"], 1);
    assert_eq!(live.reports().len(), 2);
    let part = json!({"filter": "report_id = shijiazhuang-1 AND kind = measure"});
    let answer = live.ask("POST", &format!("{DOCUMENTS}/delete"), &part);
    refused(&answer, 400, "invalid_document_filter");
    let all = json!({"filter": ["province = 河北省"]});
    live.ended(&live.ask("POST", &format!("{DOCUMENTS}/delete"), &all));
    assert_eq!(live.reports(), of_file);
}

#[test]
fn lines_and_tables_are_read_too() {
    let live = Live::new();
    let lines = "{\"id\":\"a\",\"title\":\"河北省:甲\",\"text\":\"甲。\"}\n\n{\"id\":\"b\",\"title\":\"河北省:乙\",\"text\":\"乙。\"}\n";
    let task = live.ended(&live.send("POST", DOCUMENTS, "application/x-ndjson", lines));
    assert_eq!(task["details"]["receivedDocuments"], 2);
    let table = "key,title,text,year:number\nc,\"河北省:丙\",\"丙,\"\"引\"\"\n第二行\",2014\r\nd,河北省:丁,丁。,\n";
    let path = format!("{DOCUMENTS}?primaryKey=key");
    let task = live.ended(&live.send("POST", &path, "text/csv; charset=utf-8", table));
    assert_eq!(task["details"]["receivedDocuments"], 2);
    let c = live.get(&format!("{DOCUMENTS}?filter=report_id%20%3D%20c"));
    let c = &c["results"][0];
    assert!(c["body"].as_str().unwrap().contains("丙,\"引\""), "{c}");
    assert_eq!(c["year"], json!([2014]));
    let path = format!("{DOCUMENTS}?csvDelimiter=%3B");
    live.ended(&live.send("POST", &path, "text/csv", "id;title;text\ne;河北省:戊;戊。"));
    let batch = live.ask(
        "POST",
        &format!("{DOCUMENTS}/delete-batch"),
        &json!(["a", "b", "c"]),
    );
    assert_eq!(live.ended(&batch)["details"]["providedIds"], 3);
    assert_eq!(live.reports().len(), 3);
    let task = live.ended(&live.ask("DELETE", DOCUMENTS, &Value::Null));
    assert_eq!(task["details"]["deletedDocuments"], 2);
    assert_eq!(live.reports().len(), 1);
    let nothing = live.ended(&live.ask("DELETE", DOCUMENTS, &Value::Null));
    assert_eq!(nothing["status"], "succeeded");

    for (kind, body, status, code) in [
        ("application/json", "{", 400, "malformed_payload"),
        ("application/json", "[1]", 400, "malformed_payload"),
        (
            "application/json",
            r#"[{"text":"x"}]"#,
            400,
            "missing_document_id",
        ),
        (
            "application/json",
            r#"[{"id":[],"text":"x"}]"#,
            400,
            "invalid_document_id",
        ),
        (
            "application/json",
            r#"[{"id":"a b","text":"x"}]"#,
            400,
            "invalid_document_id",
        ),
        (
            "application/json",
            r#"[{"id":"x"}]"#,
            400,
            "invalid_document_fields",
        ),
        ("application/x-ndjson", "{}\n{", 400, "malformed_payload"),
        ("text/csv", "id,text\nx", 400, "malformed_payload"),
        ("text/csv", "id,text\nx,\"y", 400, "malformed_payload"),
        ("text/csv", "id,year:number\nx,y", 400, "malformed_payload"),
        ("text/xml", "<a/>", 415, "invalid_content_type"),
    ] {
        refused(&live.send("POST", DOCUMENTS, kind, body), status, code);
    }
    assert_eq!(live.reports().len(), 1, "nothing of it was taken");
    let answer = live.ask("POST", &format!("{DOCUMENTS}/delete"), &json!({}));
    refused(&answer, 400, "missing_document_filter");
    let answer = live.ask(
        "POST",
        &format!("{DOCUMENTS}/delete-batch"),
        &json!({"ids": []}),
    );
    refused(&answer, 400, "bad_request");
}

#[test]
fn tasks_are_listed_and_seen_by_whom_they_concern() {
    let live = Live::new();
    let mut numbers = Vec::new();
    for id in ["a", "b", "c"] {
        let one = json!([{"id": id, "title": "河北省:甲", "text": "甲。"}]);
        numbers.push(live.ended(&live.ask("POST", DOCUMENTS, &one))["uid"].clone());
    }
    live.ended(&live.ask("DELETE", &format!("{DOCUMENTS}/a"), &Value::Null));
    let all = live.get("/tasks");
    assert_eq!(
        (&all["total"], &all["limit"], &all["next"]),
        (&json!(4), &json!(20), &Value::Null)
    );
    let two = live.get("/tasks?limit=2");
    assert_eq!(two["results"].as_array().unwrap().len(), 2);
    assert_eq!(two["from"], all["results"][0]["uid"]);
    let rest = live.get(&format!("/tasks?limit=2&from={}", two["next"]));
    assert_eq!(
        rest["results"],
        json!([all["results"][2], all["results"][3]])
    );
    let deletions = live.get("/tasks?types=documentDeletion,settingsUpdate&statuses=succeeded");
    assert_eq!(deletions["total"], 1);
    let by_number = live.get(&format!("/tasks?uids={},{}", numbers[0], numbers[2]));
    assert_eq!(by_number["results"][1]["uid"], numbers[0]);
    assert_eq!(live.get("/tasks?indexUids=other")["total"], 0);
    assert_eq!(live.get("/tasks?statuses=enqueued")["total"], 0);

    let narrow = key(
        &live.service,
        json!({"name": "窄", "actions": ["write"], "prefixes": ["b"]}),
    );
    let headers = [("Authorization", narrow.as_str()), JSON];
    let seen = live.service.request("GET", "/meili/tasks", &headers).json();
    assert_eq!(seen["total"], 0);
    let other = format!("/meili/tasks/{}", numbers[0]);
    refused(
        &live.service.request("GET", &other, &headers),
        404,
        "task_not_found",
    );
    let path = "/meili/indexes/passages/documents";
    let body = json!([{"id": "c", "text": "x"}]).to_string();
    refused(
        &live.service.send("POST", path, &headers, &body),
        403,
        "invalid_api_key",
    );
    let searching = key(&live.service, json!({"name": "读"}));
    let headers = [("Authorization", searching.as_str()), JSON];
    refused(
        &live.service.send("POST", path, &headers, &body),
        403,
        "invalid_api_key",
    );
    for (query, code) in [
        ("statuses=done", "invalid_task_statuses"),
        ("types=put", "invalid_task_types"),
        ("uids=x", "invalid_task_uids"),
        ("limit=x", "invalid_task_limit"),
        ("nothing=1", "bad_request"),
    ] {
        let headers = [("Authorization", live.bearer.as_str())];
        let answer = live
            .service
            .request("GET", &format!("/meili/tasks?{query}"), &headers);
        refused(&answer, 400, code);
    }
}
