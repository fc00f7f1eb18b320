//! Reports that are sent over HTTP: taken, found, replaced, withdrawn, refused.

mod figures;
mod model;
mod refusals;

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Service, corpus_of};

const TEXT: &str = "泰州市:甲乙\n\n概述。\n\n一、教师交流。教师交流轮岗。\n\n二、经费。教育经费。";
const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

/// A service, and a key that may write to it.
struct Lab {
    service: Service,
    bearer: String,
    corpus: TempDir,
}

impl Lab {
    fn new() -> Self {
        let corpus = corpus_of(&[("a.txt", TEXT)]);
        let service = Service::live(corpus.path());
        Self::of(service, corpus)
    }

    fn of(service: Service, corpus: TempDir) -> Self {
        let key = service.key(&json!({"name": "w", "actions": ["search", "write", "admin"]}));
        Self {
            bearer: format!("Bearer {key}"),
            service,
            corpus,
        }
    }

    fn send(&self, method: &str, path: &str, kind: &str, body: &str) -> Answer {
        let mut headers = vec![("Authorization", self.bearer.as_str())];
        if !kind.is_empty() {
            headers.push(("Content-Type", kind));
        }
        self.service.send(method, path, &headers, body)
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "", "")
    }

    /// Sends a text and waits until it can be found.
    fn put(&self, id: &str, text: &str) -> Value {
        let path = format!("/api/v1/reports/{id}?wait=20s");
        let answer = self.send("PUT", &path, "text/plain; charset=utf-8", text);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    fn delete(&self, id: &str) -> Value {
        let path = format!("/api/v1/reports/{id}?wait=20s");
        let answer = self.send("DELETE", &path, "", "");
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    }

    fn bulk(&self, lines: &[Value]) -> Answer {
        let body = lines
            .iter()
            .fold(String::new(), |body, line| body + &line.to_string() + "\n");
        self.send("POST", "/api/v1/reports?wait=20s", LINES, &body)
    }

    fn total(&self, text: &str) -> u64 {
        let found = self.service.search(&[("q", text), ("match", "exact")]);
        found.json()["total"].as_u64().expect("a number")
    }

    /// The service as it is after a restart.
    fn restarted(self) -> Self {
        let Self {
            service, corpus, ..
        } = self;
        let folders = service.stop();
        let service = Service::live_in(corpus.path(), folders, |_| {});
        Self::of(service, corpus)
    }
}

#[test]
fn a_report_that_is_sent_is_found_replaced_and_withdrawn() {
    let lab = Lab::new();
    assert_eq!(lab.total("城乡共同体"), 0);
    let done = lab.put(
        "jz-2024",
        "山西省晋中市:全市\n\n一、办法。建立城乡共同体。\n",
    );
    assert_eq!(done["status"], "done", "{done}");
    assert_eq!(done["kind"], "put");
    assert_eq!(done["changed"], 1);
    assert_eq!(done["counts"]["indexed_reports"], 1);
    assert_eq!(lab.total("城乡共同体"), 1);
    let report = lab.get("/api/v1/reports/jz-2024").json();
    assert_eq!(report["region"]["city"], "晋中市", "{report}");
    assert_eq!(report["passages"][0]["id"], "jz-2024-1", "{report}");

    let again = lab.put(
        "jz-2024",
        "山西省晋中市:全市\n\n一、办法。建立城乡共同体。\n",
    );
    assert_eq!(again["status"], "done");
    assert_eq!(again["changed"], 0, "sending twice changes nothing");

    lab.put("jz-2024", "山西省晋中市:全市\n\n一、办法。建立教联体。\n");
    assert_eq!(lab.total("城乡共同体"), 0);
    assert_eq!(lab.total("教联体"), 1);

    let gone = lab.delete("jz-2024");
    assert_eq!(gone["changed"], 1);
    assert_eq!(lab.total("教联体"), 0);
    assert_eq!(lab.get("/api/v1/reports/jz-2024").status, 404);
    assert_eq!(lab.delete("jz-2024")["changed"], 0);
    assert_eq!(lab.total("教师交流"), 1, "files are as they were");
}

#[test]
fn an_answer_comes_at_once_with_the_task_to_ask_for() {
    let lab = Lab::new();
    let sent = lab.send("PUT", "/api/v1/reports/a", "text/plain", TEXT);
    assert_eq!(sent.status, 202, "{}", sent.body);
    let path = sent.header("Location").to_owned();
    let task = sent.json();
    assert_eq!(task["url"], path.as_str());
    assert!(
        task["enqueued_at"]
            .as_str()
            .is_some_and(|at| at.contains('T'))
    );
    assert_eq!(task["finished_at"], Value::Null);
    let ended = lab.get(&format!("{path}?wait=20s")).json();
    assert_eq!(ended["status"], "done");
    assert!(ended["finished_at"].is_string());
    let listed = lab.get("/api/v1/tasks?status=done&limit=1").json();
    assert_eq!(listed["tasks"][0], ended);
    assert_eq!(lab.get("/api/v1/tasks/999999").status, 404);
    assert_eq!(lab.get("/api/v1/tasks/x").status, 404);
}

#[test]
fn a_report_can_be_found_within_a_second() {
    let lab = Lab::new();
    lab.put("warm", TEXT);
    let started = Instant::now();
    lab.put("b", "亳州市:乙\n\n一、甲。共享教师机制。\n");
    let took = started.elapsed();
    assert_eq!(lab.total("共享教师机制"), 1);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn what_is_said_beside_the_text_wins() {
    let lab = Lab::new();
    let path = "/api/v1/reports/n?wait=20s&region=%E8%8A%A6%E6%BA%AA%E5%8E%BF&date=2024-05-06&issuer=%E5%B1%80&title=%E6%96%B0%E9%A2%98";
    let sent = lab.send("PUT", path, "text/plain", "一、甲。乙丙丁。");
    assert_eq!(sent.status, 200, "{}", sent.body);
    let report = lab.get("/api/v1/reports/n").json();
    assert_eq!(report["region"]["county"], "芦溪县", "{report}");
    assert_eq!(report["title"], "新题");
    let record =
        json!({"text": "一、甲。乙丙丁戊。", "title": "某办法", "地区": "亳州市", "year": 2019});
    let sent = lab.send(
        "PUT",
        "/api/v1/reports/m?wait=20s",
        JSON,
        &record.to_string(),
    );
    assert_eq!(sent.status, 200, "{}", sent.body);
    let report = lab.get("/api/v1/reports/m").json();
    assert_eq!(report["region"]["city"], "亳州市", "{report}");
    assert_eq!(report["title"], "某办法");
}

#[test]
fn one_id_is_one_report_whatever_stands_in_it() {
    let lab = Lab::new();
    let two = "泰州市:甲乙丙\n\n一、子。丑。\n\n亳州市:乙丙丁\n\n一、寅。卯辰。\n";
    let done = lab.put("two", two);
    let warnings = done["warnings"].to_string();
    assert!(warnings.contains("2 个标题行"), "{warnings}");
    let report = lab.get("/api/v1/reports/two").json();
    assert_eq!(report["region"]["city"], "泰州市", "{report}");
    assert_eq!(lab.total("卯辰"), 1);
    let untitled = lab.put("none", "一、没有标题。一段文字。");
    assert!(
        untitled["warnings"].to_string().contains("title"),
        "{untitled}"
    );
    let report = lab.get("/api/v1/reports/none").json();
    assert_eq!(report["title"], "一、没有标题。一段文字。");
}

#[test]
fn files_are_read_as_in_the_corpus() {
    let lab = Lab::new();
    let page = "<html><head><meta charset=utf-8><title>x</title></head><body><h1>泰州市:网页</h1><p>一、甲。</p><p>网页里的共享教师。</p></body></html>";
    let sent = lab.send("PUT", "/api/v1/reports/page?wait=20s", "text/html", page);
    assert_eq!(sent.json()["status"], "done", "{}", sent.body);
    assert_eq!(lab.total("网页里的共享教师"), 1);
    let form = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"甲.txt\"\r\n\r\n\
                亳州市:表单\n\n一、甲。表单里的一份。\r\n--x\r\n\
                Content-Disposition: form-data; name=\"year\"\r\n\r\n2018\r\n--x--\r\n";
    let kind = "multipart/form-data; boundary=x";
    let sent = lab.send("PUT", "/api/v1/reports/form?wait=20s", kind, form);
    assert_eq!(sent.json()["status"], "done", "{}", sent.body);
    assert_eq!(lab.total("表单里的一份"), 1);
    let several = "--x\r\nContent-Disposition: form-data; name=\"files\"; filename=\"甲.txt\"\r\n\r\n\
                   亳州市:多份\n\n一、甲。多份之一。\r\n--x\r\n\
                   Content-Disposition: form-data; name=\"bz-2\"; filename=\"乙.txt\"\r\n\r\n\
                   亳州市:多份\n\n一、甲。多份之二。\r\n--x--\r\n";
    let sent = lab.send("POST", "/api/v1/reports?wait=20s", kind, several);
    assert_eq!(sent.json()["counts"]["indexed_reports"], 2, "{}", sent.body);
    assert_eq!(lab.total("多份之"), 2);
    assert_eq!(lab.get("/api/v1/reports/bz-2").status, 200);
    // The same file has the same id each time.
    let again = lab.send("POST", "/api/v1/reports?wait=20s", kind, several);
    assert_eq!(again.json()["changed"], 0, "{}", again.body);
}

#[test]
fn many_reports_are_one_task() {
    let lab = Lab::new();
    let mut lines: Vec<Value> = (0..2500)
        .map(|n| json!({"id": format!("b-{n}"), "text": format!("泰州市:第{n}份\n\n一、甲。批量{n}号。")}))
        .collect();
    lines.push(json!({"id": "b-7", "deleted": true}));
    let sent = lab.bulk(&lines);
    assert_eq!(sent.status, 200, "{}", sent.body);
    let task = sent.json();
    assert_eq!(task["kind"], "bulk");
    assert_eq!(task["reports"], 2501);
    assert_eq!(task["status"], "done");
    assert_eq!(lab.total("批量2499号"), 1);
    assert_eq!(lab.total("批量7号"), 0);
    assert_eq!(lab.total("批量"), 2499);
    let array = json!([{"id": "c", "text": "泰州市:丙\n\n一、甲。数组。"}]).to_string();
    let sent = lab.send("POST", "/api/v1/reports?wait=20s", JSON, &array);
    assert_eq!(sent.json()["status"], "done", "{}", sent.body);
}

#[test]
fn what_was_sent_is_there_after_a_restart_and_files_come_and_go_beside_it() {
    let lab = Lab::new();
    lab.put("a", "亳州市:甲\n\n一、甲。提交的一份。\n");
    lab.put("b", "亳州市:乙\n\n一、甲。提交的二份。\n");
    lab.delete("b");
    let lab = lab.restarted();
    assert_eq!(lab.total("提交的一份"), 1);
    assert_eq!(lab.total("提交的二份"), 0);
    fs::write(
        lab.corpus.path().join("reports/n.txt"),
        "泰州市:新\n\n一、甲。新的文件。\n",
    )
    .unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while lab.total("新的文件") == 0 {
        assert!(Instant::now() < until, "a file is not taken in");
    }
    assert_eq!(lab.total("提交的一份"), 1);
    lab.put("b", "亳州市:乙\n\n一、甲。提交的三份。\n");
    assert_eq!(lab.total("新的文件"), 1);
    // The index may be thrown away: files and store are all there is to know.
    let folders = lab.service.stop();
    let [index, store] = folders;
    drop(index);
    let folders = [tempfile::tempdir().unwrap(), store];
    let service = Service::live_in(lab.corpus.path(), folders, |_| {});
    let lab = Lab::of(service, lab.corpus);
    assert_eq!(lab.total("提交的一份"), 1);
    assert_eq!(lab.total("提交的三份"), 1);
    assert_eq!(lab.total("新的文件"), 1);
}

#[test]
fn an_index_is_made_anew_when_asked_and_nothing_is_missing_meanwhile() {
    let lab = Lab::new();
    lab.put("a", "亳州市:甲\n\n一、甲。提交的一份。\n");
    let before = lab.get("/api/v1/index").json();
    let asked = lab.send("POST", "/api/v1/index/rebuild", "", "");
    assert_eq!(asked.status, 202, "{}", asked.body);
    let until = Instant::now() + Duration::from_secs(20);
    let mut sent = 0;
    loop {
        assert_eq!(lab.total("提交的一份"), 1);
        assert!(Instant::now() < until, "the index is not made anew");
        sent += 1;
        lab.put(
            &format!("m{sent}"),
            &format!("亳州市:甲\n\n一、甲。其间提交。第{sent}份\n"),
        );
        let now = lab.get("/api/v1/index").json();
        if now["rebuilding"] == false && now["generation"] != before["generation"] && sent > 5 {
            break;
        }
    }
    assert_eq!(lab.total("其间提交"), sent);
    assert_eq!(
        lab.service
            .request("POST", "/api/v1/index/rebuild", &[])
            .status,
        401
    );
}

#[test]
fn what_readers_may_type_follows_when_nothing_more_comes() {
    let lab = Lab::new();
    // More passages than it is gathered for with every change.
    let measures = ["一", "二", "三", "四", "五", "六", "七", "八"];
    let measures = measures.map(|numeral| format!("{numeral}、办法。教师交流。\n\n"));
    let lines: Vec<Value> = (0..300)
        .map(|n| json!({"id": format!("b-{n}"), "text": format!("泰州市:第{n}份\n\n{}", measures.concat())}))
        .collect();
    assert_eq!(lab.bulk(&lines).json()["status"], "done");
    assert!(lab.total("") > 2000);
    let regions = || {
        let found = lab.service.get("/api/v1/suggest?q=%E4%BA%B3%E5%B7%9E");
        found.json()["suggestions"].to_string().contains("亳州市")
    };
    lab.put("late", "亳州市:后来\n\n一、办法。后来的一份。\n");
    assert_eq!(lab.total("后来的一份"), 1);
    let until = Instant::now() + Duration::from_secs(60);
    while !regions() {
        assert!(Instant::now() < until, "it is not gathered");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(lab.total("后来的一份"), 1);
}

#[test]
fn how_things_stand_is_told_at_once_while_much_is_taken_in() {
    let lab = Lab::new();
    let measures = "\n一、办法。教师交流轮岗，建立联席会议制度。\n".repeat(40);
    let lines: Vec<Value> = (0..300)
        .map(|n| json!({"id": format!("b-{n}"), "text": format!("泰州市:第{n}份\n{measures}")}))
        .collect();
    let body = lines
        .iter()
        .fold(String::new(), |body, line| body + &line.to_string() + "\n");
    let sent = lab.send("POST", "/api/v1/reports", LINES, &body);
    assert_eq!(sent.status, 202, "{}", sent.body);
    let mut asked = 0;
    let mut longest = Duration::ZERO;
    while lab.service.store.as_ref().unwrap().waiting() > 0 {
        for path in ["/metrics", "/api/v1/index", "/readyz", "/healthz"] {
            let began = Instant::now();
            assert_eq!(lab.get(path).status, 200, "{path}");
            longest = longest.max(began.elapsed());
            asked += 1;
        }
    }
    assert!(asked > 0, "it was taken in before anything was asked");
    assert!(longest < Duration::from_secs(1), "{longest:?}");
}

#[test]
fn metrics_tell_how_things_stand() {
    let lab = Lab::new();
    lab.put("a", "亳州市:甲\n\n一、甲。提交的一份。\n");
    let metrics = lab.service.get("/metrics");
    assert_eq!(metrics.status, 200);
    assert!(
        metrics
            .header("Content-Type")
            .starts_with("application/openmetrics-text")
    );
    for line in [
        "cesou_passages 4",
        "cesou_store_reports 1",
        "cesou_damage 0",
        "# EOF",
    ] {
        assert!(
            metrics.body.lines().any(|own| own == line),
            "{line} in {}",
            metrics.body
        );
    }
}
