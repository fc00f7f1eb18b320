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
