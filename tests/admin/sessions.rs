//! The way in and out of the owner's page, and what a session keeps others from.

use std::fs;

use jiff::Timestamp;
use serde_json::json;

use super::{Browser, searched, served};
use crate::support::{Service, corpus_of, seed_text};

#[test]
fn nothing_is_shown_or_changed_without_a_session() {
    let (service, corpus, key) = served();
    searched(&service, "绝无此词甲乙", 0);
    let mut stranger = Browser::new(&service);
    let before = fs::read(corpus.path().join("synonyms.toml")).unwrap();
    for path in ["/admin", "/admin?days=7", "/admin/query?q=%E7%BB%9D"] {
        let page = stranger.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert!(
            page.body.contains("type=\"password\""),
            "{path}: the way in"
        );
        assert!(!page.body.contains("绝无此词"), "{path}");
        assert_eq!(page.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(
            page.header("x-robots-tag"),
            Some("noindex, nofollow"),
            "{path}"
        );
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(
            page.body
                .contains("<meta name=\"robots\" content=\"noindex"),
            "{path}"
        );
    }
    let table = stranger.get("/admin/queries.csv");
    assert_eq!(
        (table.status, table.header("location")),
        (303, Some("/admin"))
    );
    for cookie in [
        None,
        Some("cesou-admin="),
        Some("cesou-admin=abc"),
        Some(&*key),
    ] {
        stranger.cookie = cookie.map(str::to_owned);
        let fields = [
            ("from", "甲"),
            ("to", "乙"),
            ("form", ""),
            ("q", "甲"),
            ("passage", "a"),
        ];
        for path in ["/admin/synonyms", "/admin/pins", "/admin/remove"] {
            let page = stranger.post(path, &fields);
            assert_eq!(page.status, 401, "{path} {cookie:?}");
            assert!(page.body.contains("重新登录"), "{path}");
        }
        assert_eq!(stranger.post("/admin/logout", &[]).status, 303);
        assert_eq!(
            stranger.get("/admin/synonyms").status,
            303,
            "nothing to be read there"
        );
    }
    assert_eq!(
        fs::read(corpus.path().join("synonyms.toml")).unwrap(),
        before
    );
    assert!(!corpus.path().join("pins.toml").exists());
    // A key in the address is no way in, nor is one in a header: that would be no session.
    let with_key = service.request(
        "GET",
        "/admin",
        &[("Authorization", &format!("Bearer {key}"))],
    );
    assert!(with_key.body.contains("type=\"password\""));
    let in_address = service.get(&format!("/admin?key={key}"));
    assert_eq!(in_address.status, 400);
}

#[test]
fn only_a_key_that_may_administrate_lets_in_and_not_by_trying_often() {
    let (service, _corpus, key) = served();
    let reader = service.key(&json!({"name": "读者"}));
    let elsewhere = service.key(
        &json!({"name": "他站", "actions": ["admin"], "origins": ["https://www.example.org"]}),
    );
    let mut browser = Browser::new(&service);
    browser.headers = vec![("Origin".to_owned(), service.address.clone())];
    for wrong in ["", &reader, &elsewhere, &format!("{key}x")] {
        let page = browser.post("/admin/login", &[("key", wrong)]);
        assert_eq!(page.status, 401, "{wrong}");
        assert!(page.body.contains("没有登录"), "{}", page.body);
        assert!(
            wrong.len() < 10 || !page.body.contains(wrong),
            "it is not shown again"
        );
        assert_eq!(browser.cookie, None);
    }
    let page = browser.post("/admin/login", &[("key", &key)]);
    assert_eq!(page.status, 303);
    let cookie = page.header("set-cookie").unwrap();
    for part in [
        "HttpOnly",
        "SameSite=Strict",
        "Path=/admin",
        "Max-Age=43200",
    ] {
        assert!(cookie.contains(part), "{part}: {cookie}");
    }
    assert!(!cookie.contains("Secure"), "not over plain HTTP: {cookie}");
    assert!(!cookie.contains(&key), "it is not the key");
    // Tried too often, even the right one waits.
    let mut hurried = None;
    for _ in 0..20 {
        let page = browser.post("/admin/login", &[("key", "wrong")]);
        if page.status == 429 {
            hurried = Some(page);
            break;
        }
    }
    let hurried = hurried.expect("there is a limit");
    let seconds: u64 = hurried.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(browser.post("/admin/login", &[("key", &key)]).status, 429);
    // Who is in stays in.
    assert!(browser.get("/admin").body.contains("退出"));
}

#[test]
fn behind_tls_the_cookie_is_for_tls_only() {
    let corpus = corpus_of(&[("seed.txt", &seed_text())]);
    let service = Service::with(corpus.path(), |settings| {
        settings.server.public_url = "https://search.example.cn".to_owned();
    });
    let key = service.key(&json!({"name": "管理", "actions": ["admin"]}));
    let mut browser = Browser::new(&service);
    browser.headers = vec![("Origin".to_owned(), "https://search.example.cn".to_owned())];
    let page = browser.post("/admin/login", &[("key", &key)]);
    assert_eq!(page.status, 303, "{}", page.body);
    assert!(page.header("set-cookie").unwrap().ends_with("; Secure"));
}

#[test]
fn a_session_ends_with_its_key_and_when_it_is_left() {
    let (service, _corpus, key) = served();
    let mut first = Browser::signed_in(&service, &key);
    let mut second = Browser::signed_in(&service, &key);
    let page = first.get("/admin");
    assert!(page.body.contains("退出"));
    let kept = first.cookie.clone();
    let page = first.post("/admin/logout", &[("form", page.form_secret())]);
    assert_eq!(
        (page.status, page.header("location")),
        (303, Some("/admin"))
    );
    first.cookie = kept;
    assert!(
        first.get("/admin").body.contains("type=\"password\""),
        "it has ended"
    );
    assert!(
        second.get("/admin").body.contains("退出"),
        "the other has not"
    );
    let id = key.split('_').nth(1).unwrap();
    service.keys.revoke(id, Timestamp::now()).unwrap();
    assert!(second.get("/admin").body.contains("type=\"password\""));
}

#[test]
fn forms_of_other_sites_and_other_sessions_are_refused() {
    let (service, corpus, key) = served();
    let path = corpus.path().join("synonyms.toml");
    let before = fs::read(&path).unwrap();
    let mut browser = Browser::signed_in(&service, &key);
    let own = browser.get("/admin").form_secret().to_owned();
    let mut other = Browser::signed_in(&service, &key);
    let foreign = other.get("/admin").form_secret().to_owned();
    assert_ne!(own, foreign);
    let fields = |secret: &str| {
        let fields = [("from", "绝无甲"), ("to", "绝无乙"), ("form", secret)];
        fields.map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let send = |browser: &mut Browser<'_>, secret: &str| {
        let fields = fields(secret);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (&**n, &**v)).collect();
        browser.post("/admin/synonyms", &fields)
    };
    for secret in ["", "x", &foreign] {
        let page = send(&mut browser, secret);
        assert_eq!(page.status, 403, "{secret}");
        assert!(page.body.contains("不是从本页发出"), "{}", page.body);
    }
    for (name, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
    ] {
        browser.headers = vec![(name.to_owned(), value.to_owned())];
        assert_eq!(send(&mut browser, &own).status, 403, "{name}: {value}");
        assert_eq!(browser.post("/admin/logout", &[("form", &own)]).status, 403);
        let login = browser.post("/admin/login", &[("key", &key)]);
        assert_eq!(login.status, 403, "{name}: {value}");
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    browser.headers = vec![("Sec-Fetch-Site".to_owned(), "same-origin".to_owned())];
    assert_eq!(send(&mut browser, &own).status, 303);
    assert_ne!(fs::read(&path).unwrap(), before);
}
