//! The owner's page: the way in and out, what it shows, and what it makes of the vocabulary; all of
//! it as a browser without JavaScript does it.
//!
//! | module | what belongs in it |
//! |---|---|
//! | `sessions` | the way in and out, and what a session keeps others from |

mod sessions;

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Service, corpus_of, seed_text};

/// A browser: it keeps a cookie and follows nothing by itself.
struct Browser<'a> {
    service: &'a Service,
    cookie: Option<String>,
    /// What it sends along with every form.
    headers: Vec<(String, String)>,
}

/// What it was sent.
struct Page {
    status: u16,
    head: String,
    body: String,
}

impl Page {
    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The secret that its forms carry.
    fn form_secret(&self) -> &str {
        let (_, rest) = self
            .body
            .split_once("name=\"form\" value=\"")
            .expect("a form");
        rest.split('"').next().unwrap()
    }

    /// The value of the first field of this name after some text.
    fn field(&self, after: &str, name: &str) -> String {
        let (_, rest) = self.body.split_once(after).expect(after);
        let (_, rest) = rest
            .split_once(&format!("name=\"{name}\" value=\""))
            .expect(name);
        rest.split('"').next().unwrap().to_owned()
    }
}

impl<'a> Browser<'a> {
    fn new(service: &'a Service) -> Self {
        Self {
            service,
            cookie: None,
            headers: Vec::new(),
        }
    }

    /// One that has begun a session.
    fn signed_in(service: &'a Service, key: &str) -> Self {
        let mut browser = Self::new(service);
        let page = browser.post("/admin/login", &[("key", key)]);
        assert_eq!(page.status, 303, "{}", page.body);
        assert_eq!(page.header("location"), Some("/admin"));
        assert!(browser.cookie.is_some());
        browser
    }

    fn get(&mut self, path: &str) -> Page {
        self.ask("GET", path, "")
    }

    fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.ask("POST", path, &body)
    }

    fn ask(&mut self, method: &str, path: &str, body: &str) -> Page {
        let host = self.service.address.trim_start_matches("http://");
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAccept: text/html\r\nConnection: close\r\n"
        );
        if let Some(cookie) = &self.cookie {
            write!(request, "Cookie: cesou-lang=zh; {cookie}\r\n").unwrap();
        }
        if method == "POST" {
            request.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            write!(request, "Content-Length: {}\r\n", body.len()).unwrap();
            for (name, value) in &self.headers {
                write!(request, "{name}: {value}\r\n").unwrap();
            }
        }
        let answer = self.service.raw(format!("{request}\r\n{body}").as_bytes());
        let answer = String::from_utf8(answer).expect("UTF-8");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let page = Page {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        };
        if let Some(cookie) = page
            .header("set-cookie")
            .filter(|it| it.starts_with("cesou-admin="))
        {
            let value = cookie.split(';').next().unwrap();
            self.cookie = (value != "cesou-admin=").then(|| value.to_owned());
        }
        page
    }
}

fn path(path: &str, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("{path}?{query}")
}

fn tell(service: &Service, event: &Value) {
    let told = service.send("POST", "/api/v1/events", &[], &event.to_string());
    assert_eq!(told.status, 204, "{}", told.body);
}

fn searched(service: &Service, query: &str, total: u64) {
    tell(
        service,
        &json!({"type": "search", "query": query, "total": total}),
    );
}

fn served() -> (Service, TempDir, String) {
    let corpus = corpus_of(&[("seed.txt", &seed_text())]);
    let service = Service::live(corpus.path());
    let key = service.key(&json!({"name": "管理", "actions": ["admin"]}));
    (service, corpus, key)
}

fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < until, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_page_tells_what_was_searched_for_and_takes_nothing_of_it_for_markup() {
    let (service, _corpus, key) = served();
    let mut browser = Browser::signed_in(&service, &key);
    let empty = browser.get("/admin");
    assert!(empty.body.contains("这段时间还没有检索"), "{}", empty.body);
    let markup = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>";
    searched(&service, markup, 0);
    for _ in 0..3 {
        searched(&service, "教师交流", 12);
    }
    searched(&service, "教师交流", 0);
    let passage = service.some_passage();
    tell(
        &service,
        &json!({"type": "click", "query": "教师交流", "id": passage, "rank": 3}),
    );
    let page = browser.get("/admin?days=7");
    assert_eq!(page.status, 200);
    for part in [
        "教师交流",
        "<dt>检索</dt><dd>6</dd>",
        "<dt>无结果</dt><dd>2，占 33%</dd>",
        "<dt>点击</dt><dd>1</dd>",
        "<dt>平均点击位置</dt><dd>3.0</dd>",
        "<svg viewBox",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        &passage,
    ] {
        let escaped = part.replace("&lt;", "&#60;").replace("&gt;", "&#62;");
        assert!(
            page.body.contains(part) || page.body.contains(&escaped),
            "{part}: {}",
            page.body
        );
    }
    let one = browser.get(&path("/admin/query", &[("q", markup), ("days", "7")]));
    assert_eq!(one.status, 200);
    for body in [&page.body, &one.body] {
        assert!(
            !body.contains("<script>alert") && !body.contains("<img src=x"),
            "{body}"
        );
    }
    // What found something and is written much alike is proposed for what found nothing.
    searched(&service, "教师交流怎么搞甲乙", 0);
    let alike = browser.get(&path("/admin/query", &[("q", "教师交流怎么搞甲乙")]));
    assert!(
        alike.body.contains("name=\"to\" value=\"教师交流\""),
        "{}",
        alike.body
    );
    let named = browser.get(&path("/admin/query", &[("q", "教师交流")]));
    assert!(
        named.body.contains("<dt>检索</dt><dd>4</dd>"),
        "{}",
        named.body
    );
    let english = browser.get("/admin?lang=en");
    assert!(
        english.body.contains("Queries without result"),
        "{}",
        english.body
    );
    assert!(
        english.body.contains("/admin/query?lang=en&"),
        "links keep the language"
    );
    let table = browser.get("/admin/queries.csv?days=1");
    assert!(
        table
            .body
            .contains("\"教师交流\",\"4\",\"1\",\"0\",\"1\",\"3\""),
        "{}",
        table.body
    );
    assert_eq!(browser.get("/admin?days=8").status, 400);
    assert_eq!(browser.get("/admin?x=1").status, 400);
    // A search from here is none of a reader's.
    assert!(named.body.contains("analytics=false"));
}

#[test]
fn a_click_adds_a_synonym_that_is_in_force_at_once_and_another_takes_it_out() {
    let (service, corpus, key) = served();
    let file = corpus.path().join("synonyms.toml");
    let before = fs::read_to_string(&file).unwrap();
    let total = || {
        service.search(&[("q", "绝无此词甲乙")]).json()["total"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(total(), 0);
    let mut browser = Browser::signed_in(&service, &key);
    let page = browser.get(&path("/admin/query", &[("q", "绝无此词甲乙")]));
    let secret = page.form_secret().to_owned();
    let fields = |to: &'static str, direction: &'static str| {
        [
            ("form", secret.clone()),
            ("q", "绝无此词甲乙".to_owned()),
            ("from", "绝无此词甲乙".to_owned()),
            ("to", to.to_owned()),
            ("direction", direction.to_owned()),
        ]
    };
    let post = |browser: &mut Browser<'_>, fields: &[(&'static str, String)]| {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (*n, &**v)).collect();
        browser.post("/admin/synonyms", &fields)
    };
    // What the loader refuses is told in its words, and nothing typed is lost.
    for (to, said) in [
        ("绝无此词甲乙", "已经写过"),
        ("、 ，", "至少一个别的词"),
        (
            "这是一个很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长很长的词语",
            "超过 32 个字",
        ),
    ] {
        let page = post(&mut browser, &fields(to, "one"));
        assert_eq!(page.status, 409, "{to}");
        assert!(page.body.contains(said), "{to}: {}", page.body);
        assert!(
            page.body.contains(&format!("name=\"to\" value=\"{to}\"")),
            "{}",
            page.body
        );
        assert_eq!(fs::read_to_string(&file).unwrap(), before);
    }
    let page = post(&mut browser, &fields("教师交流、轮岗", "one"));
    assert_eq!(page.status, 303, "{}", page.body);
    let back = page.header("location").unwrap().to_owned();
    let shown = browser.get(&back);
    assert!(shown.body.contains("已写入词表"), "{}", shown.body);
    let now = fs::read_to_string(&file).unwrap();
    assert!(now.starts_with(&before), "what was there stays to the byte");
    assert!(
        now.contains("[[rule]]\nfrom = [\"绝无此词甲乙\"]\nto = [\"教师交流\", \"轮岗\"]\nsource = \"统计页面，20"),
        "{now}"
    );
    wait("the synonym", || total() > 0);
    // The same again is refused by the loader.
    let page = post(&mut browser, &fields("轮岗", "one"));
    assert_eq!(page.status, 409);
    assert!(page.body.contains("已经写过"), "{}", page.body);
    let page = browser.get("/admin");
    let id = page.field("查“绝无此词甲乙”也找“教师交流”“轮岗”", "id");
    let fields = [
        ("form", page.form_secret()),
        ("of", "synonyms"),
        ("id", &id),
    ];
    assert_eq!(browser.post("/admin/remove", &fields).status, 303);
    assert_eq!(fs::read_to_string(&file).unwrap(), before, "to the byte");
    wait("no synonym", || total() == 0);
    let gone = browser.post("/admin/remove", &fields);
    assert_eq!(gone.status, 409);
    assert!(gone.body.contains("没有这一项"), "{}", gone.body);
}

#[test]
fn a_click_pins_a_passage_found_by_other_words_and_another_takes_it_out() {
    let (service, corpus, key) = served();
    let first = || {
        let answer = service.search(&[("q", "绝无此词甲乙")]).json();
        let hit = answer["hits"][0].clone();
        (
            hit["id"].as_str().unwrap_or_default().to_owned(),
            hit["pinned"] == true,
        )
    };
    assert_eq!(first(), (String::new(), false));
    let mut browser = Browser::signed_in(&service, &key);
    let at = path(
        "/admin/query",
        &[("q", "绝无此词甲乙"), ("with", "教师交流轮岗")],
    );
    let page = browser.get(&at);
    let passage = page.field("/admin/pins", "passage");
    let secret = page.form_secret().to_owned();
    let fields = [
        ("form", secret.as_str()),
        ("q", "绝无此词甲乙"),
        ("with", "教师交流轮岗"),
        ("passage", &passage),
    ];
    let page = browser.post("/admin/pins", &fields);
    assert_eq!(page.status, 303, "{}", page.body);
    let back = page.header("location").unwrap().to_owned();
    let page = browser.get(&back);
    assert!(page.body.contains("取消置顶"), "{}", page.body);
    wait("the pin", || first() == (passage.clone(), true));
    let again = browser.post("/admin/pins", &fields);
    assert_eq!(again.status, 409);
    assert!(again.body.contains("已在第"), "{}", again.body);
    let bad = [("form", secret.as_str()), ("q", "甲"), ("passage", "<b>")];
    assert_eq!(browser.post("/admin/pins", &bad).status, 409);
    let page = browser.get(&back);
    let id = page.field("取消置顶", "id");
    let _ = id;
    let page = browser.get("/admin");
    let id = page.field(&format!("“绝无此词甲乙”置顶 {passage}"), "id");
    let fields = [("form", page.form_secret()), ("of", "pins"), ("id", &id)];
    assert_eq!(browser.post("/admin/remove", &fields).status, 303);
    wait("no pin", || first().0.is_empty());
    assert_eq!(
        fs::read_to_string(corpus.path().join("pins.toml")).unwrap(),
        ""
    );
    assert!(!page.body.contains("已不在索引中"), "{}", page.body);
    let lost = "[[pin]]\nquery = \"甲乙\"\npassages = [\"gone-1\"]\n";
    fs::write(corpus.path().join("pins.toml"), lost).unwrap();
    wait("what is lost is told", || {
        browser.get("/admin").body.contains("“甲乙”的 gone-1")
    });
}

#[test]
fn where_the_vocabulary_cannot_be_written_it_is_told_what_to_add_by_hand() {
    let (service, corpus, key) = served();
    // In the way of the file that takes its place.
    fs::create_dir(corpus.path().join(".synonyms.toml.new")).unwrap();
    let before = fs::read(corpus.path().join("synonyms.toml")).unwrap();
    let mut browser = Browser::signed_in(&service, &key);
    let secret = browser.get("/admin").form_secret().to_owned();
    let fields = [
        ("form", secret.as_str()),
        ("from", "绝无甲"),
        ("to", "绝无乙"),
        ("q", "绝无甲"),
    ];
    let page = browser.post("/admin/synonyms", &fields);
    assert_eq!(page.status, 409);
    for part in ["写不了", "手工改动", "[[rule]]", "绝无乙"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert_eq!(
        fs::read(corpus.path().join("synonyms.toml")).unwrap(),
        before
    );
    // One that is malformed already is told as such, and left alone.
    let spoilt = "[[group]\nwords = 1\n";
    fs::write(corpus.path().join("synonyms.toml"), spoilt).unwrap();
    let page = browser.post("/admin/synonyms", &fields);
    assert_eq!(page.status, 409);
    assert!(page.body.contains("第 1 行"), "{}", page.body);
    assert_eq!(
        fs::read_to_string(corpus.path().join("synonyms.toml")).unwrap(),
        spoilt
    );
}
