//! What an attacker tries: requests that two parties read differently, ways out of a folder, keys
//! that end up where they are kept, and what browsers are told not to do with an answer.
//!
//! Requests are written to a socket as they are, to the very server that ships. What is protected
//! and what is not is said in `docs/security.md`.

use std::io::{Read, Write};
use std::time::Duration;

use crate::support::{Place, SERVICE, Serving};

/// What stands behind a request that must not be taken for a part of it, nor it for a part of this.
const NEXT: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const OK: &str = "{\"status\":\"ok\"}";

/// What comes back for these bytes, to the end of the connection, and the statuses in it.
fn sent(request: &[u8]) -> (String, Vec<u16>) {
    let answer = String::from_utf8_lossy(&SERVICE.raw(request)).into_owned();
    let statuses = answer.match_indices("HTTP/1.1 ").map(|(at, start)| {
        let status = &answer[at + start.len()..at + start.len() + 3];
        status.parse().expect("a status")
    });
    let statuses = statuses.collect();
    (answer, statuses)
}

/// A request with a body that nobody takes, with these headers, followed by another request.
fn followed(headers: &str, body: &str) -> Vec<u8> {
    format!("POST /api/v1/search HTTP/1.1\r\nHost: a\r\n{headers}\r\n{body}{NEXT}").into_bytes()
}

#[test]
fn a_length_that_can_be_read_in_two_ways_ends_the_connection() {
    for (name, headers, body) in [
        (
            "twice",
            "Content-Length: 5\r\nContent-Length: 5\r\n",
            "hello",
        ),
        (
            "two lengths",
            "Content-Length: 5\r\nContent-Length: 50\r\n",
            "hello",
        ),
        ("a list", "Content-Length: 5, 5\r\n", "hello"),
        ("a sign", "Content-Length: +5\r\n", "hello"),
        ("negative", "Content-Length: -1\r\n", "hello"),
        ("hexadecimal", "Content-Length: 0x5\r\n", "hello"),
        (
            "beyond any number",
            "Content-Length: 99999999999999999999\r\n",
            "hello",
        ),
        (
            "a blank before the colon",
            "Content-Length : 5\r\n",
            "hello",
        ),
        (
            "length, then chunks",
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            "0\r\n\r\n",
        ),
        (
            "chunks, then length",
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
            "0\r\n\r\n",
        ),
        (
            "identity",
            "Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
            "hello",
        ),
        (
            "unknown coding",
            "Transfer-Encoding: xchunked\r\n",
            "0\r\n\r\n",
        ),
        (
            "chunked not last",
            "Transfer-Encoding: chunked, identity\r\n",
            "0\r\n\r\n",
        ),
        (
            "two codings",
            "Transfer-Encoding: gzip, chunked\r\n",
            "0\r\n\r\n",
        ),
        (
            "coding twice",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            "0\r\n\r\n",
        ),
        (
            "a blank that is none",
            "Transfer-Encoding: \u{b}chunked\r\n",
            "0\r\n\r\n",
        ),
        ("folded", "Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
        (
            "folded elsewhere",
            "X-A: b\r\n c\r\nContent-Length: 5\r\n",
            "hello",
        ),
        ("a bare CR", "X-A: b\rContent-Length: 5\r\n", "hello"),
        ("NUL", "X-A: b\0c\r\n", ""),
        ("another host", "Host: b\r\n", ""),
    ] {
        let (answer, statuses) = sent(&followed(headers, body));
        assert_eq!(statuses, [400], "{name}: {answer}");
        assert!(
            !answer.contains(OK),
            "{name}: what follows is no request: {answer}"
        );
    }
    let old =
        format!("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{NEXT}");
    assert_eq!(sent(old.as_bytes()).1, [400], "chunks are not of HTTP/1.0");
}

#[test]
fn a_chunk_whose_size_is_no_number_ends_the_connection() {
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (name, body) in [
        ("negative", "-5\r\nhello\r\n0\r\n\r\n"),
        ("a prefix", "0x5\r\nhello\r\n0\r\n\r\n"),
        ("too large", "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
        ("overflowing", "10000000000000005\r\nhello\r\n0\r\n\r\n"),
        ("a bare LF in the extension", "5;a\nhello\r\n0\r\n\r\n"),
        ("no end of the data", "5\r\nhelloX0\r\n\r\n"),
        ("longer than it says", "5\r\nhelloworld\r\n0\r\n\r\n"),
        ("no size", "\r\nhello\r\n0\r\n\r\n"),
        ("bare LFs", "5\nhello\n0\n\n"),
    ] {
        let (answer, statuses) = sent(&followed(chunked, body));
        // The head is well-formed, and may be answered before the body is read.
        assert!(statuses.len() <= 1, "{name}: {answer}");
        assert!(!answer.contains(OK), "{name}: {answer}");
    }
    for body in [
        "5\r\nhello\r\n0\r\n\r\n",
        "5;a=b\r\nhello\r\n0\r\nX-A: b\r\n\r\n",
    ] {
        let (answer, statuses) = sent(&followed(chunked, body));
        assert_eq!(statuses, [405, 200], "well-formed: {answer}");
        assert!(answer.ends_with(OK), "{answer}");
    }
}

#[test]
fn no_method_does_more_than_it_says() {
    for method in [
        "TRACE", "CONNECT", "get", "Post", "FOO", "PRI", "PROPFIND", "OPTIONS",
    ] {
        let secret = "X-Secret: do-not-echo\r\n";
        let request =
            format!("{method} /healthz HTTP/1.1\r\nHost: a\r\n{secret}Connection: close\r\n\r\n");
        let (answer, statuses) = sent(request.as_bytes());
        assert_eq!(statuses, [405], "{method}: {answer}");
        assert!(!answer.contains("do-not-echo"), "{method}: {answer}");
    }
    for line in [
        "CONNECT example.org:443 HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "GET //example.org/ HTTP/1.1",
        "GET /\\example.org HTTP/1.1",
    ] {
        let request = format!("{line}\r\nHost: a\r\nConnection: close\r\n\r\n");
        let (answer, statuses) = sent(request.as_bytes());
        assert_eq!(statuses, [404], "{line}: {answer}");
        assert!(
            !answer.to_lowercase().contains("\r\nlocation:"),
            "{line}: {answer}"
        );
    }
    for line in [
        "GET /healthz",
        "GET /healthz HTTP/2.0",
        "GET /healthz HTTP/1.1 x",
        "\0",
    ] {
        let request = format!("{line}\r\nHost: a\r\n\r\n");
        let (answer, statuses) = sent(request.as_bytes());
        assert_eq!(statuses, [400], "{line}: {answer}");
    }
    // Lines that end in LF alone are taken, as RFC 9112 lets a server do.
    let bare = "GET /healthz HTTP/1.1\nHost: a\nConnection: close\n\n";
    assert!(sent(bare.as_bytes()).0.ends_with(OK));
    // A proxy's form of address is of this service too; it goes nowhere else.
    let whole = "GET http://example.org/healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    assert!(sent(whole.as_bytes()).0.ends_with(OK));
}

#[test]
fn a_request_that_is_cut_off_is_not_carried_out() {
    // A head without end, and a body that stops: what the connection says after is not read as more.
    for part in [
        "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: ",
        "POST /api/v1/search HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\nhello",
    ] {
        let mut stream = SERVICE.connect();
        stream.write_all(part.as_bytes()).expect("it is taken");
        stream
            .shutdown(std::net::Shutdown::Write)
            .expect("half of it");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        assert!(!answer.contains(OK), "{answer}");
    }
    assert_eq!(SERVICE.get("/healthz").status, 200);
}

#[test]
fn no_address_leads_out_of_what_is_served() {
    for path in [
        "/../../etc/passwd",
        "/assets/../../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/assets/..%5c..%5cCargo.toml",
        "/assets/%00/site.css",
        "/embed/../manifest.json",
        "/embed/%2e%2e/cesou.js",
        "/embed/..%2fsite/cesou.js",
        "/embed/v1%00/cesou.js",
        "/embed//cesou.js",
        "/reports/..%2f..%2fetc%2fpasswd",
        "/reports/%2fetc%2fpasswd",
        "/passages/%2e%2e",
        "/passages/..%252f..%252fetc%252fpasswd",
        "/api/v1/reports/%2e%2e%2fkeys",
        "/api/v1/reports/../keys",
        "/api/v1/passages/..%2f..%2fconfig.toml/similar",
        "/meili/indexes/..%2fkeys/documents",
        "/%ff%fe",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let (answer, statuses) = sent(request.as_bytes());
        assert!(statuses == [404] || statuses == [400], "{path}: {answer}");
        for inside in ["root:", "[package]", "\"current\"", "cesou_"] {
            assert!(!answer.contains(inside), "{path}: {inside} in {answer}");
        }
    }
}

#[test]
fn an_id_that_is_sent_is_never_a_path() {
    let place = Place::seed();
    let serving = Serving::with(&place, &["--port", "0"], &[("CESOU_ADMIN_KEY", ADMIN)]);
    assert_ne!(serving.address, "", "{}", serving.log());
    for id in [
        "..%2Fout",
        "%2Fetc%2Fcesou",
        "a%2F..%2Fb",
        "%2e%2e",
        "a%00b",
        "C%3A%5Cx",
    ] {
        let path = format!("/api/v1/reports/{id}");
        let body = "{\"text\":\"山西省晋中市:全市一盘棋\\n一、做好。做好。\"}";
        let answer = serving.try_send("PUT", &path, ADMIN, "application/json", body);
        let answer = answer.expect("it answers");
        assert!(
            (400..500).contains(&answer.status),
            "{id}: {} {}",
            answer.status,
            answer.body
        );
    }
    let beside = std::fs::read_dir(place.path("")).unwrap();
    let mut beside: Vec<String> = beside
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    beside.sort();
    assert_eq!(beside, ["corpus", "index", "log", "store"]);
}

/// A key as an operator sets it.
const ADMIN: &str = "cesou_security_0123456789abcdefghijklmnopqrstuvwxyz";

#[test]
fn a_key_is_in_no_log_and_no_address_lets_one_in() {
    let place = Place::seed();
    let serving = Serving::with(
        &place,
        &["--port", "0", "--set", "log.filter=trace"],
        &[("CESOU_ADMIN_KEY", ADMIN)],
    );
    assert_ne!(serving.address, "", "{}", serving.log());
    assert_eq!(serving.get_with_key("/api/v1/keys", ADMIN).status, 200);
    let made = serving.try_send(
        "POST",
        "/api/v1/keys",
        ADMIN,
        "application/json",
        "{\"name\":\"试\",\"actions\":[\"search\"]}",
    );
    let made = made.expect("it answers");
    assert_eq!(made.status, 201, "{}", made.body);
    let secret = made.json()["key"].as_str().map(str::to_owned);
    let secret = secret.unwrap_or_else(|| panic!("no key in {}", made.body));
    assert_eq!(
        serving.get_with_key("/api/v1/search?q=1", &secret).status,
        200
    );

    for key in [ADMIN, secret.as_str()] {
        for name in [
            "key",
            "api_key",
            "apiKey",
            "access_token",
            "token",
            "X-API-Key",
        ] {
            for (path, status) in [
                ("/api/v1/keys", 401),
                ("/api/v1/search", 400),
                ("/api/v1/tasks", 401),
                ("/?q=1", 400),
            ] {
                let mark = if path.contains('?') { '&' } else { '?' };
                let (got, body) = serving.get(&format!("{path}{mark}{name}={key}"));
                assert_eq!(got, status, "{path} with {name}: {body}");
                assert!(!body.contains(key), "{path} with {name} repeats it: {body}");
            }
        }
        // Neither as part of a path, nor in a header of another scheme or name, nor as a wrong key.
        serving.get(&format!("/api/v1/reports/{key}"));
        serving.get(&format!("/api/v1/search?q={key}"));
        let headers = format!(
            "GET /api/v1/keys HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {key}\r\n\
             Cookie: key={key}\r\nX-Key: {key}\r\nConnection: close\r\n\r\n"
        );
        let mut stream = serving.connect();
        stream.write_all(headers.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        let wrong = format!("{key}x");
        assert_eq!(serving.get_with_key("/api/v1/keys", &wrong).status, 401);
        // A header that breaks the request off is not logged either.
        let broken = format!("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\0\r\n\r\n");
        let mut stream = serving.connect();
        stream.write_all(broken.as_bytes()).unwrap();
        let _ = stream.read_to_string(&mut answer);
    }
    std::thread::sleep(Duration::from_millis(200));
    let log = serving.log();
    assert!(log.contains("TRACE"), "it logs all there is to log");
    for key in [ADMIN, &secret] {
        let line = log.lines().find(|line| line.contains(key));
        assert_eq!(line, None, "a key is logged");
    }
    let kept = std::fs::read_to_string(place.path("store/keys.jsonl")).unwrap();
    assert!(!kept.contains(&secret), "kept as a hash only");
}

#[test]
fn every_answer_tells_browsers_what_not_to_do_with_it() {
    let passage = SERVICE.some_passage();
    let html = [("Accept", "text/html")];
    for (path, framed, resource) in [
        ("/", "'self'", "same-origin"),
        ("/map", "'self'", "same-origin"),
        ("/about", "'self'", "same-origin"),
        (&format!("/passages/{passage}"), "'self'", "same-origin"),
        ("/nothing", "'self'", "same-origin"),
        ("/api/docs", "'self'", "cross-origin"),
        ("/embed/frame", "*", "cross-origin"),
        ("/embed/demo", "'self'", "cross-origin"),
        ("/embed/v1/cesou.js", "'none'", "cross-origin"),
        ("/assets/icon.svg", "'none'", "cross-origin"),
        ("/api/v1/search?q=1", "'none'", "cross-origin"),
        ("/api/v1/search?page=0", "'none'", "cross-origin"),
        ("/api/v1/export?format=csv", "'none'", "cross-origin"),
        ("/sitemap.xml", "'none'", "cross-origin"),
        ("/healthz", "'none'", "cross-origin"),
        ("/meili/health", "'none'", "cross-origin"),
    ] {
        let answer = SERVICE.request("GET", path, &html);
        let policy = answer.header("content-security-policy");
        let rules: Vec<&str> = policy.split(';').map(str::trim).collect();
        assert!(
            rules.contains(&format!("frame-ancestors {framed}").as_str()),
            "{path}: {policy}"
        );
        assert!(policy.starts_with("default-src '"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            resource,
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(
            answer.header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert!(
            answer.header("permissions-policy").contains("camera=()"),
            "{path}"
        );
        assert_eq!(answer.header("server"), "", "{path}: no version to look up");
    }
}

#[test]
fn an_answer_that_nothing_changed_leaves_the_kept_policy_alone() {
    for path in ["/", "/api/v1/search?q=1", "/api/docs"] {
        let tag = SERVICE.get(path).header("etag").to_owned();
        let answer = SERVICE.request("GET", path, &[("If-None-Match", &tag)]);
        assert_eq!(answer.status, 304, "{path}");
        for name in ["content-security-policy", "cross-origin-resource-policy"] {
            let value = answer.header(name);
            let first = SERVICE.get(path).header(name).to_owned();
            assert!(
                value.is_empty() || value == first,
                "{path}: {name}: {value}"
            );
        }
    }
}
