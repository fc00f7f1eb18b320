//! Keys: how they are made, kept and revoked; what each is let do, and what it is let see.

mod commands;
mod kept;
mod sight;

use std::sync::{Arc, LazyLock};

use cesou::config::SearchAccess;
use cesou::key::{Created, Keyring, Wish};
use jiff::Timestamp;
use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, REPORT, Service, corpus_of};

/// What all reports speak of.
const SHARED: &str = "教师交流轮岗";

/// Reports of two provinces, each with words that stand nowhere in the other's.
static TWO_PROVINCES: LazyLock<TempDir> = LazyLock::new(|| {
    corpus_of(&[
        (
            "hebei.txt",
            "河北省石家庄市:燕赵同心\n\n石家庄市推进教师交流轮岗,滹沱新风年年有,2011年起。\n\n\
             一、滹沱新风。教师交流轮岗覆盖全市,滹沱新风人人知,经费保障到位。\n\n\
             二、均衡编班。教师交流轮岗与均衡编班并举,滹沱新风吹遍。\n",
        ),
        (
            "jiangsu.txt",
            "江苏省泰州市:凤城共进\n\n泰州市推进教师交流轮岗,溱潼模式处处见,2013年起。\n\n\
             一、溱潼模式。教师交流轮岗覆盖全市,溱潼模式人人学,经费保障到位。\n\n\
             二、集团办学。教师交流轮岗与集团办学并举,溱潼模式推开。\n",
        ),
    ])
});

/// Answers everybody, and narrows what is asked with a key.
static OPEN: LazyLock<Service> = LazyLock::new(|| Service::of(TWO_PROVINCES.path()));

/// Answers those with a key.
static CLOSED: LazyLock<Service> = LazyLock::new(|| {
    Service::with(TWO_PROVINCES.path(), |settings| {
        settings.keys.search = SearchAccess::Required;
    })
});

type Headers<'a> = Vec<(&'a str, &'a str)>;

fn wish(json: &Value) -> Wish {
    serde_json::from_value(json.clone()).expect("a wish")
}

/// A key of that description, made past what is checked of it.
fn make(keys: &Keyring, described: &Value) -> Created {
    let now = Timestamp::now();
    let wanted = wish(described).check(now).expect("a good wish");
    keys.create(wanted, now).expect("the key can be kept")
}

fn secret(made: &Created) -> String {
    made.secret.expose_secret().to_owned()
}

/// A key of `service` and what it is sent as.
fn bearer(service: &Service, described: &Value) -> String {
    format!("Bearer {}", secret(&make(&service.keys, described)))
}

fn with(service: &Service, path: &str, bearer: &str) -> Answer {
    service.request("GET", path, &[("Authorization", bearer)])
}

#[test]
fn wishes_that_cannot_be_are_refused_by_field() {
    let cases = [
        (json!({}), "name"),
        (json!({"name": " "}), "name"),
        (json!({"name": "字".repeat(101)}), "name"),
        (json!({"name": "a\nb"}), "name"),
        (json!({"name": "甲", "actions": ["read"]}), "actions"),
        (json!({"name": "甲", "origins": ["example.org"]}), "origins"),
        (json!({"name": "甲", "origins": ["https://"]}), "origins"),
        (
            json!({"name": "甲", "origins": ["https://a.org/x"]}),
            "origins",
        ),
        (
            json!({"name": "甲", "origins": ["https://a.org:x"]}),
            "origins",
        ),
        (
            json!({"name": "甲", "origins": ["https://u@a.org"]}),
            "origins",
        ),
        (
            json!({"name": "甲", "origins": ["https://中国.cn"]}),
            "origins",
        ),
        (json!({"name": "甲", "origins": ["null"]}), "origins"),
        (
            json!({"name": "甲", "actions": ["write"], "prefixes": [""]}),
            "prefixes",
        ),
        (
            json!({"name": "甲", "actions": ["write"], "prefixes": ["a b"]}),
            "prefixes",
        ),
        (json!({"name": "甲", "prefixes": ["a"]}), "prefixes"),
        (
            json!({"name": "甲", "actions": ["admin"], "prefixes": ["a"]}),
            "prefixes",
        ),
        (
            json!({"name": "甲", "filters": {"provinz": ["河北省"]}}),
            "filters",
        ),
        (
            json!({"name": "甲", "filters": {"province": []}}),
            "filters",
        ),
        (
            json!({"name": "甲", "filters": {"year": ["今年"]}}),
            "filters",
        ),
        (
            json!({"name": "甲", "actions": ["write"], "filters": {"province": ["河北省"]}}),
            "filters",
        ),
        (
            json!({"name": "甲", "actions": ["admin"], "filters": {"province": ["河北省"]}}),
            "filters",
        ),
        (json!({"name": "甲", "expires": "tomorrow"}), "expires"),
        (json!({"name": "甲", "expires": "2001-01-01"}), "expires"),
        (json!({"name": "甲", "expires": "2999-02-30"}), "expires"),
        (
            json!({"name": "甲", "expires": "2999-01-01T00:00:00"}),
            "expires",
        ),
        (json!({"name": "甲", "rate": 0}), "rate"),
        (json!({"name": "甲", "rate": 100_001}), "rate"),
        (json!({"name": "甲", "rate": 1, "burst": 0}), "burst"),
        (json!({"name": "甲", "burst": 5}), "burst"),
    ];
    let admin = bearer(&OPEN, &json!({"name": "管理", "actions": ["admin"]}));
    let before = OPEN.keys.keys().len();
    for (described, field) in cases {
        let fault = wish(&described).check(Timestamp::now());
        assert_eq!(fault.expect_err(field).field, field, "{described}");
        let headers = [("Authorization", admin.as_str())];
        let answer = OPEN.send("POST", "/api/v1/keys", &headers, &described.to_string());
        assert_eq!(answer.status, 400, "{described}: {}", answer.body);
        assert_eq!(answer.json()["code"], "bad-parameter", "{described}");
        assert_eq!(answer.json()["parameter"], field, "{described}");
        assert_ne!(answer.json()["allowed"], "", "{described}");
    }
    assert!(OPEN.keys.keys().len() >= before);
}

#[test]
fn whoever_may_not_is_told_why() {
    let now = Timestamp::now();
    let searching = bearer(&CLOSED, &json!({"name": "检索"}));
    let writing = bearer(&CLOSED, &json!({"name": "写入", "actions": ["write"]}));
    let admin = bearer(&CLOSED, &json!({"name": "管理", "actions": ["admin"]}));
    let of_site = json!({"name": "网站", "origins": ["https://a.org"]});
    let of_site = bearer(&CLOSED, &of_site);
    let gone = make(&CLOSED.keys, &json!({"name": "吊销"}));
    CLOSED.keys.revoke(&gone.key.id, now).expect("written");
    let gone = format!("Bearer {}", secret(&gone));
    let mut past = wish(&json!({"name": "过期"})).check(now).expect("good");
    past.expires = Some(Timestamp::from_second(1).expect("a time"));
    let past = CLOSED.keys.create(past, now).expect("written");
    let past = format!("Bearer {}", secret(&past));
    let bare = searching.trim_start_matches("Bearer ").to_owned();
    let lower = format!("bearer {bare}");
    let padded = format!("Bearer   {bare}  ");
    let other = admin.trim_start_matches("Bearer ").to_owned();

    let none = r#"Bearer realm="cesou""#;
    let invalid = r#"Bearer realm="cesou", error="invalid_token""#;
    let lacking = r#"Bearer realm="cesou", error="insufficient_scope", scope="#;
    let (search, keys) = ("/api/v1/search?q=1", "/api/v1/keys");
    let site = |origin| vec![("Authorization", of_site.as_str()), ("Origin", origin)];
    // Path, headers, and what comes back: status, code, challenge.
    let cases: Vec<(&str, Headers<'_>, u16, &str, &str)> = vec![
        (search, vec![], 401, "key-missing", none),
        (keys, vec![], 401, "key-missing", none),
        (
            search,
            vec![("Authorization", "Basic YTpi")],
            401,
            "key-missing",
            none,
        ),
        (
            search,
            vec![("Authorization", "Bearer")],
            401,
            "key-unknown",
            invalid,
        ),
        (
            search,
            vec![("Authorization", "Bearer ")],
            401,
            "key-unknown",
            invalid,
        ),
        (
            search,
            vec![("Authorization", "Bearer x")],
            401,
            "key-unknown",
            invalid,
        ),
        (search, vec![("X-API-Key", "")], 401, "key-unknown", invalid),
        (
            search,
            vec![("Authorization", &gone)],
            401,
            "key-revoked",
            invalid,
        ),
        (
            search,
            vec![("Authorization", &past)],
            401,
            "key-expired",
            invalid,
        ),
        (
            search,
            vec![("Authorization", &writing)],
            403,
            "action-missing",
            lacking,
        ),
        (
            keys,
            vec![("Authorization", &searching)],
            403,
            "action-missing",
            lacking,
        ),
        (
            keys,
            vec![("Authorization", &writing)],
            403,
            "action-missing",
            lacking,
        ),
        (search, site("https://b.org"), 403, "origin-not-allowed", ""),
        (search, site("null"), 403, "origin-not-allowed", ""),
        (
            search,
            site("https://a.org.b.org"),
            403,
            "origin-not-allowed",
            "",
        ),
        (search, site("https://a.org"), 200, "", ""),
        (search, vec![("Authorization", &of_site)], 200, "", ""),
        (search, vec![("Authorization", &searching)], 200, "", ""),
        (search, vec![("Authorization", &lower)], 200, "", ""),
        (search, vec![("Authorization", &padded)], 200, "", ""),
        (search, vec![("X-API-Key", &bare)], 200, "", ""),
        (
            search,
            vec![("Authorization", &searching), ("X-API-Key", &bare)],
            200,
            "",
            "",
        ),
        (
            search,
            vec![("Authorization", "Basic YTpi"), ("X-API-Key", &bare)],
            200,
            "",
            "",
        ),
        (
            search,
            vec![("Authorization", &searching), ("X-API-Key", &other)],
            400,
            "several-keys",
            "",
        ),
        (search, vec![("Authorization", &admin)], 200, "", ""),
        (keys, vec![("Authorization", &admin)], 200, "", ""),
    ];
    for (path, headers, status, code, challenge) in cases {
        let answer = CLOSED.request("GET", path, &headers);
        assert_eq!(answer.status, status, "{path} {headers:?}: {}", answer.body);
        let challenged = answer.header("www-authenticate");
        assert!(
            challenged.starts_with(challenge),
            "{headers:?}: {challenged}"
        );
        assert_eq!(challenged.is_empty(), challenge.is_empty(), "{headers:?}");
        if status == 200 {
            continue;
        }
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let told = answer.json();
        assert_eq!(told["code"], code, "{headers:?}");
        assert!(!told["detail"].as_str().expect("a text").is_ascii());
        if code == "action-missing" {
            let missing = if path == keys { "admin" } else { "search" };
            assert_eq!(told["action"], missing);
            assert!(told["detail"].as_str().expect("a text").contains(missing));
        }
        for secret in [&searching, &writing, &admin, &of_site, &gone, &past] {
            let secret = secret.trim_start_matches("Bearer ");
            assert!(!answer.body.contains(secret), "{}", answer.body);
        }
    }
}

#[test]
fn without_a_key_a_reader_gets_a_page_that_says_so() {
    for path in ["/?q=1", "/reports/x", "/passages/x"] {
        let answer = CLOSED.request("GET", path, &[("Accept", "text/html")]);
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"));
        assert!(!answer.header("www-authenticate").is_empty(), "{path}");
        assert!(answer.body.contains("需要密钥"), "{}", answer.body);
    }
    for path in ["/healthz", "/readyz", "/assets/icon.svg"] {
        for headers in [&[][..], &[("X-API-Key", "wrong")]] {
            let answer = CLOSED.request("GET", path, headers);
            assert_eq!(answer.status, 200, "{path} is always open");
        }
    }
}

#[test]
fn where_all_may_search_a_bad_key_is_refused_all_the_same() {
    let search = "/api/v1/search?q=1";
    assert_eq!(OPEN.get(search).status, 200);
    let writing = bearer(&OPEN, &json!({"name": "写入", "actions": ["write"]}));
    assert_eq!(with(&OPEN, search, &writing).status, 200, "as without one");
    assert_eq!(with(&OPEN, search, "Bearer cesou_x_y").status, 401);
    let gone = make(&OPEN.keys, &json!({"name": "吊销"}));
    let now = Timestamp::now();
    OPEN.keys.revoke(&gone.key.id, now).expect("written");
    let gone = format!("Bearer {}", secret(&gone));
    assert_eq!(with(&OPEN, search, &gone).status, 401);
    assert_eq!(OPEN.get("/api/v1/keys").status, 401, "keys are never open");
    let named = OPEN.get("/api/v1/search?q=1&key=cesou_x_y");
    assert_eq!(
        named.json()["code"],
        "unknown-parameter",
        "not in addresses"
    );
}

#[test]
fn searching_is_open_by_default_where_only_this_machine_can_reach() {
    let corpus = corpus_of(&[("a.txt", REPORT)]);
    for (host, access, status) in [
        ("127.0.0.1", SearchAccess::Auto, 200),
        ("0.0.0.0", SearchAccess::Auto, 401),
        ("0.0.0.0", SearchAccess::Open, 200),
        ("127.0.0.1", SearchAccess::Required, 401),
    ] {
        let mut service = Service::with(corpus.path(), |settings| {
            host.clone_into(&mut settings.server.host);
            settings.keys.search = access;
        });
        service.address = service.address.replace("0.0.0.0", "127.0.0.1");
        let answer = service.get("/api/v1/search?q=1");
        assert_eq!(answer.status, status, "{host} {access:?}");
    }
}

#[test]
fn a_key_that_asks_too_often_is_told_when_to_come_back() {
    let often = json!({"name": "常来", "rate": 1, "burst": 3});
    let (one, other) = (bearer(&OPEN, &often), bearer(&OPEN, &often));
    let search = "/api/v1/search?q=1";
    let refused = (0..1000)
        .map(|_| with(&OPEN, search, &one))
        .find(|answer| answer.status != 200)
        .expect("it asks more than once a second");
    assert_eq!(refused.status, 429, "{}", refused.body);
    assert_eq!(refused.json()["code"], "too-many-requests");
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=2).contains(&wait), "{wait}");
    assert_eq!(with(&OPEN, search, &other).status, 200, "each for itself");
    assert_eq!(OPEN.get(search).status, 200);
}

#[test]
fn keys_are_looked_after_over_http() {
    let service = Service::of(TWO_PROVINCES.path());
    let admin = bearer(&service, &json!({"name": "管理", "actions": ["admin"]}));
    let headers = [("Authorization", admin.as_str())];
    let described = json!({
        "name": "省厅网站", "actions": ["search", "write"], "origins": ["https://a.org"],
        "prefixes": ["hebei-"], "filters": {"province": ["河北省"]},
        "expires": "2999-01-01T00:00:00Z", "rate": 10, "burst": 20
    });
    let made = service.send("POST", "/api/v1/keys", &headers, &described.to_string());
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.header("cache-control"), "no-store");
    let key = made.json();
    let id = key["id"].as_str().expect("an id").to_owned();
    let secret = key["key"].as_str().expect("a key").to_owned();
    let address = format!("/api/v1/keys/{id}");
    assert_eq!(made.header("location"), address);
    assert_eq!(key["status"], "active");
    assert_eq!(key["rate"], json!({"per_second": 10, "burst": 20}));
    for field in [
        "name", "actions", "origins", "prefixes", "filters", "expires",
    ] {
        assert_eq!(key[field], described[field], "{field}");
    }

    let listed = service.request("GET", "/api/v1/keys", &headers);
    assert_eq!(listed.json()["total"], 2);
    assert_eq!(listed.json()["keys"][1]["id"], id);
    assert!(!listed.body.contains(&secret), "shown once");
    assert_eq!(listed.header("cache-control"), "no-store");
    let one = service.request("GET", &address, &headers);
    assert_eq!(one.json(), listed.json()["keys"][1]);

    let search = "/api/v1/search?q=1";
    let as_key = |path| service.request("GET", path, &[("X-API-Key", &secret)]);
    assert_eq!(as_key(search).status, 200);
    assert_eq!(as_key("/api/v1/keys").status, 403);
    for _ in 0..2 {
        let revoked = service.request("DELETE", &address, &headers);
        assert_eq!((revoked.status, revoked.body.as_str()), (204, ""));
    }
    assert_eq!(as_key(search).status, 401);
    assert_eq!(as_key(search).json()["code"], "key-revoked");
    let one = service.request("GET", &address, &headers);
    assert_eq!(one.json()["status"], "revoked");
}

#[test]
fn requests_about_keys_that_are_wrong_are_refused() {
    let admin = bearer(&OPEN, &json!({"name": "管理", "actions": ["admin"]}));
    let headers = [("Authorization", admin.as_str())];
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(70_000));
    let keys = "/api/v1/keys";
    for (method, path, body, status, code) in [
        ("POST", keys, "", 400, "bad-body"),
        ("POST", keys, "name=x", 400, "bad-body"),
        ("POST", keys, "1", 400, "bad-body"),
        ("POST", keys, r#"{"name": 1}"#, 400, "bad-body"),
        (
            "POST",
            keys,
            r#"{"name": "x", "nmae": "x"}"#,
            400,
            "bad-body",
        ),
        (
            "POST",
            keys,
            r#"{"name": "x", "rate": -1}"#,
            400,
            "bad-body",
        ),
        ("POST", keys, &large, 413, "body-too-large"),
        (
            "POST",
            "/api/v1/keys?a=1",
            r#"{"name": "x"}"#,
            400,
            "unknown-parameter",
        ),
        ("GET", "/api/v1/keys?a=1", "", 400, "unknown-parameter"),
        ("PUT", keys, "", 405, "method-not-allowed"),
        ("DELETE", keys, "", 405, "method-not-allowed"),
        ("POST", "/api/v1/keys/x", "", 405, "method-not-allowed"),
        ("GET", "/api/v1/keys/x", "", 404, "not-found"),
        ("DELETE", "/api/v1/keys/x", "", 404, "not-found"),
    ] {
        let answer = OPEN.send(method, path, &headers, body);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.body);
        assert_eq!(answer.json()["code"], code, "{method} {path}");
        let allowed = answer.header("allow");
        assert_eq!(allowed.contains("GET"), status == 405, "{allowed}");
    }
}

#[test]
fn answers_to_a_key_are_for_nobody_else() {
    let narrow = json!({"name": "河北", "filters": {"province": ["河北省"]}});
    let narrow = bearer(&OPEN, &narrow);
    let whole = bearer(&OPEN, &json!({"name": "全部"}));
    let path = "/api/v1/search?q=";
    let (none, one, other) = (
        OPEN.get(path),
        with(&OPEN, path, &narrow),
        with(&OPEN, path, &whole),
    );
    assert_eq!(none.header("cache-control"), "no-cache");
    for answer in [&one, &other] {
        assert_eq!(answer.header("cache-control"), "private, no-cache");
    }
    for answer in [&none, &one, &other] {
        let vary = answer.headers.get_all("vary").iter();
        let vary: Vec<&str> = vary.filter_map(|value| value.to_str().ok()).collect();
        assert!(vary.join(",").contains("X-API-Key"), "{vary:?}");
    }
    assert_ne!(none.header("etag"), one.header("etag"));
    assert_eq!(none.header("etag"), other.header("etag"));
    let tag = none.header("etag");
    let headers = [("Authorization", narrow.as_str()), ("If-None-Match", tag)];
    let again = OPEN.request("GET", path, &headers);
    assert_eq!(again.status, 200, "what others see is no answer to it");
    let preflight = OPEN.request(
        "OPTIONS",
        "/api/v1/search",
        &[
            ("Origin", "https://a.org"),
            ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "authorization,x-api-key"),
        ],
    );
    let allowed = preflight.header("access-control-allow-headers");
    assert!(allowed.to_lowercase().contains("x-api-key"), "{allowed}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_header_and_no_body_makes_the_service_fail(
        header in "[ -~]{0,80}",
        scheme in prop::sample::select(vec!["Bearer ", "bearer", "cesou_", ""]),
        body in "\\PC{0,80}",
    ) {
        let sent = format!("{scheme}{header}");
        for name in ["Authorization", "X-API-Key"] {
            let answer = CLOSED.send("POST", "/api/v1/keys", &[(name, &sent)], &body);
            prop_assert_eq!(answer.status, 401, "{}", answer.body);
        }
    }
}

#[test]
fn keys_are_shared_by_all_workers() {
    let keys: Arc<Keyring> = Arc::clone(&OPEN.keys);
    let made = make(&keys, &json!({"name": "甲"}));
    let sent = SecretString::from(secret(&made));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (keys, sent) = (Arc::clone(&keys), sent.clone());
            std::thread::spawn(move || {
                for _ in 0..200 {
                    keys.authenticate(&sent, Timestamp::now()).expect("let in");
                }
            })
        })
        .collect();
    for _ in 0..20 {
        make(&keys, &json!({"name": "乙"}));
    }
    for thread in threads {
        thread.join().expect("never refused meanwhile");
    }
}
