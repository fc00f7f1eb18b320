//! What stands around an answer: tags and what a client may keep, `HEAD`, compression, and leave
//! for other origins.

use crate::support::{REPORT, SERVICE, Service, corpus_of};

/// The paths whose answers may be kept.
fn kept() -> Vec<String> {
    vec![
        "/api/v1/search?q=%E6%95%99%E5%B8%88".to_owned(),
        "/api/v1/reports".to_owned(),
        format!("/api/v1/reports/{}", SERVICE.some_report()),
        format!("/api/v1/passages/{}", SERVICE.some_passage()),
        "/?q=%E6%95%99%E5%B8%88".to_owned(),
        format!("/passages/{}", SERVICE.some_passage()),
        format!("/reports/{}", SERVICE.some_report()),
    ]
}

#[test]
fn an_answer_that_a_client_has_is_not_sent_again() {
    for path in kept() {
        let first = SERVICE.get(&path);
        let tag = first.header("etag").to_owned();
        assert!(
            tag.starts_with("W/\"") && tag.ends_with('"'),
            "{path}: {tag}"
        );
        assert_eq!(first.header("cache-control"), "no-cache", "{path}");
        assert_eq!(SERVICE.get(&path).header("etag"), tag, "{path}");

        let several = format!("\"other\", {tag}");
        for known in [tag.as_str(), "*", several.as_str()] {
            let again = SERVICE.request("GET", &path, &[("If-None-Match", known)]);
            assert_eq!(again.status, 304, "{path} with {known}");
            assert_eq!(again.body, "", "{path}");
            assert_eq!(again.header("etag"), tag, "{path}");
        }
        let other = SERVICE.request("GET", &path, &[("If-None-Match", "W/\"other\"")]);
        assert_eq!(other.status, 200, "{path}");
    }
}

#[test]
fn a_refusal_is_never_taken_for_what_a_client_has() {
    let cases = [
        ("/api/v1/search?page=0", 400),
        ("/api/v1/passages/nothing", 404),
        ("/api/v1/reports/nothing", 404),
        ("/api/v1/reports?page=0", 400),
        ("/passages/nothing", 404),
    ];
    for (path, status) in cases {
        let answer = SERVICE.request("GET", path, &[("If-None-Match", "*")]);
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("etag"), "", "{path}");
    }
}

#[test]
fn head_answers_as_get_does_without_the_body() {
    for path in kept().iter().map(String::as_str).chain(["/healthz"]) {
        // The client would unpack the body that is not there.
        let plain = [("Accept-Encoding", "identity")];
        let get = SERVICE.request("GET", path, &plain);
        let head = SERVICE.request("HEAD", path, &plain);
        assert_eq!(head.status, 200, "{path}");
        assert_eq!(head.body, "", "{path}");
        for header in ["etag", "content-type", "cache-control"] {
            assert_eq!(
                head.header(header),
                get.header(header),
                "{header} of {path}"
            );
        }
    }
}

#[test]
fn the_tag_changes_with_the_corpus_and_with_the_settings() {
    let corpus = corpus_of(&[("a.txt", REPORT)]);
    let tag = |service: &Service| service.get("/api/v1/reports").header("etag").to_owned();
    let before = tag(&Service::of(corpus.path()));
    let other = tag(&Service::with(corpus.path(), |settings| {
        settings.search.per_page = 3;
    }));
    std::fs::write(corpus.path().join("reports/b.txt"), REPORT).expect("it can be written");
    let after = tag(&Service::of(corpus.path()));
    assert_ne!(before, after, "another report makes other answers");
    assert_ne!(before, other, "another page length makes other answers");
}

#[test]
fn any_site_may_read_every_answer_refusals_included() {
    let origin = "https://example.org";
    for path in [
        "/api/v1/search?q=1",
        "/api/v1/search?page=0",
        "/api/v1/nothing",
    ] {
        let answer = SERVICE.request("GET", path, &[("Origin", origin)]);
        let allowed = answer.header("access-control-allow-origin");
        assert!(allowed == "*" || allowed == origin, "{path}: {allowed:?}");
        let exposed = answer
            .header("access-control-expose-headers")
            .to_lowercase();
        assert!(exposed.contains("etag"), "{path}: {exposed:?}");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
    let preflight = SERVICE.request(
        "OPTIONS",
        "/api/v1/search",
        &[
            ("Origin", origin),
            ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "if-none-match"),
        ],
    );
    assert_eq!(preflight.status, 200, "{}", preflight.body);
    let methods = preflight.header("access-control-allow-methods");
    assert!(methods.contains("GET"), "{methods:?}");
    let headers = preflight
        .header("access-control-allow-headers")
        .to_lowercase();
    assert!(headers.contains("if-none-match"), "{headers:?}");
}

/// A `GET` on a connection of its own, whose head is returned as text and whose body as sent.
fn unread(path: &str, accept: &str) -> (String, Vec<u8>) {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: {accept}\r\nConnection: close\r\n\r\n"
    );
    let answer = SERVICE.raw(request.as_bytes());
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head and a body");
    let head = String::from_utf8_lossy(answer.get(..end).unwrap_or_default()).to_lowercase();
    (head, answer.get(end + 4..).unwrap_or_default().to_vec())
}

#[test]
fn answers_are_compressed_for_those_who_can_read_that() {
    for path in ["/api/v1/search?q=&per_page=100", "/"] {
        let (plain, whole) = unread(path, "identity");
        assert!(!plain.contains("content-encoding"), "{plain}");
        for encoding in ["gzip", "br"] {
            let (head, body) = unread(path, encoding);
            assert!(head.starts_with("http/1.1 200"), "{head}");
            assert!(
                head.contains(&format!("content-encoding: {encoding}")),
                "{head}"
            );
            let vary = head.lines().filter(|line| line.starts_with("vary:"));
            assert!(
                vary.clone().any(|line| line.contains("accept-encoding")),
                "{head}"
            );
            assert!(
                body.len() * 2 < whole.len(),
                "{path}: {encoding} gives {} of {} bytes",
                body.len(),
                whole.len()
            );
            let read = SERVICE.request("GET", path, &[("Accept-Encoding", encoding)]);
            assert_eq!(read.status, 200);
            if path.starts_with("/api/") {
                assert_eq!(read.json()["total"], 46);
            } else {
                assert!(read.body.contains("</html>"));
            }
        }
    }
}

/// The address of each relation in `Link`.
fn links(answer: &crate::support::Answer) -> std::collections::BTreeMap<String, String> {
    answer
        .header("link")
        .split(", ")
        .filter_map(|link| {
            let (address, relation) = link.strip_prefix('<')?.split_once(">; rel=\"")?;
            Some((
                relation.trim_end_matches('"').to_owned(),
                address.to_owned(),
            ))
        })
        .collect()
}

#[test]
fn listings_name_the_pages_beside_them() {
    for start in [
        "/api/v1/search?q=%E6%95%99%E5%B8%88&province=%E6%B2%B3%E5%8C%97%E7%9C%81&province=%E6%B1%9F%E8%8B%8F%E7%9C%81&per_page=1",
        "/api/v1/reports?per_page=2",
    ] {
        let mut address = start.to_owned();
        let mut pages = 0;
        let total = SERVICE.get(start).json()["total"].as_u64().unwrap();
        let mut back = None;
        loop {
            let answer = SERVICE.get(&address);
            assert_eq!(answer.status, 200, "{address}: {}", answer.body);
            pages += 1;
            assert_eq!(answer.json()["page"], pages);
            let links = links(&answer);
            assert_eq!(links.contains_key("prev"), pages > 1, "{address}");
            if let Some(back) = back {
                assert_eq!(SERVICE.get(&links["prev"]).body.len(), back, "{address}");
            }
            assert_eq!(SERVICE.get(&links["first"]).json()["page"], 1);
            assert_eq!(SERVICE.get(&links["last"]).json()["total"], total);
            back = Some(SERVICE.get(&address).body.len()).filter(|_| start.contains("reports"));
            let Some(next) = links.get("next") else { break };
            address.clone_from(next);
        }
        let per_page = if start.contains("reports") { 2 } else { 1 };
        assert_eq!(pages, total.div_ceil(per_page), "{start}");
    }
    let none = SERVICE.search(&[("q", "\"哪里都没有这一句\"")]);
    assert_eq!(
        links(&none).len(),
        2,
        "first and last of nothing are one page"
    );
    let long = SERVICE.search(&[("q", &"教师".repeat(500))]);
    assert_eq!((long.status, long.header("link")), (200, ""));
}

#[test]
fn every_answer_has_a_number_and_says_how_long_it_took() {
    for path in [
        "/",
        "/api/v1/search",
        "/api/v1/nothing",
        "/meili/health",
        "/healthz",
        "/nothing",
    ] {
        let answer = SERVICE.get(path);
        let number = answer.header("x-request-id").to_owned();
        assert_eq!(number.len(), 16, "{path}");
        assert_ne!(SERVICE.get(path).header("x-request-id"), number, "{path}");
        let timing = answer.header("server-timing");
        let mut phases = timing.split(", ").map(|phase| {
            let (name, took) = phase
                .split_once(";dur=")
                .unwrap_or_else(|| panic!("{timing}"));
            assert!(took.parse::<f64>().unwrap() >= 0.0, "{path}: {timing}");
            name
        });
        assert_eq!(phases.next(), Some("total"), "{path}");
        let parts: Vec<&str> = phases.collect();
        let expected: &[&str] = if path == "/api/v1/search" {
            &["wait", "work"]
        } else {
            &[]
        };
        if path != "/" {
            assert_eq!(parts, expected, "{path}");
        }
        let own = SERVICE.request("GET", path, &[("X-Request-Id", "trace-7.a_B")]);
        assert_eq!(own.header("x-request-id"), "trace-7.a_B", "{path}");
        for bad in ["", "a b", "a;b", "\"", &"x".repeat(65)] {
            let answer = SERVICE.request("GET", path, &[("X-Request-Id", bad)]);
            assert_eq!(answer.header("x-request-id").len(), 16, "{path}: {bad}");
        }
    }
}

#[test]
fn passages_and_reports_are_read_as_pages_or_as_json() {
    let passage = SERVICE.some_passage();
    let report = SERVICE.some_report();
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (page, api) in [
        (
            format!("/passages/{passage}"),
            format!("/api/v1/passages/{passage}"),
        ),
        (
            format!("/reports/{report}"),
            format!("/api/v1/reports/{report}"),
        ),
    ] {
        for (accept, is_json) in [
            ("application/json", true),
            ("application/json, text/html;q=0.5", true),
            ("text/html;q=0.5, application/json;q=0.4", false),
            (browser, false),
            ("*/*", false),
        ] {
            let answer = SERVICE.request("GET", &page, &[("Accept", accept)]);
            assert_eq!(answer.status, 200, "{page}: {accept}");
            let kind = answer.header("content-type");
            let wanted = if is_json {
                "application/json"
            } else {
                "text/html; charset=utf-8"
            };
            assert_eq!(kind, wanted, "{page}: {accept}");
            if is_json {
                assert_eq!(answer.json(), SERVICE.get(&api).json());
            }
            let vary = answer.header("vary").to_lowercase();
            assert!(vary.split(", ").any(|by| by == "accept"), "{page}: {vary}");
        }
        let none = format!("{page}-none");
        let answer = SERVICE.request("GET", &none, &[("Accept", "application/json")]);
        assert_eq!(answer.status, 404);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let plain = [
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
        ];
        let head = SERVICE.request("HEAD", &page, &plain);
        assert_eq!((head.status, head.body.as_str()), (200, ""));
    }
}

#[test]
fn what_is_left_of_a_rate_is_told() {
    use secrecy::ExposeSecret;
    let now = jiff::Timestamp::now();
    let wish = serde_json::json!({"name": "限速", "rate": 2, "burst": 5});
    let wish: cesou::key::Wish = serde_json::from_value(wish).unwrap();
    let made = SERVICE.keys.create(wish.check(now).unwrap(), now).unwrap();
    let bearer = format!("Bearer {}", made.secret.expose_secret());
    let headers = [("Authorization", bearer.as_str())];
    for left in [4, 3] {
        let answer = SERVICE.request("GET", "/api/v1/search", &headers);
        assert_eq!(answer.header("ratelimit-policy"), "\"key\";q=5;w=3");
        let told = answer.header("ratelimit").to_owned();
        assert!(told.starts_with(&format!("\"key\";r={left};t=")), "{told}");
    }
    assert_eq!(SERVICE.get("/api/v1/search").header("ratelimit"), "");
}

#[test]
fn no_answer_becomes_a_script() {
    for name in ["callback", "jsonp"] {
        let answer = SERVICE.get(&format!("/api/v1/search?{name}=alert"));
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["code"], "unknown-parameter");
    }
}
