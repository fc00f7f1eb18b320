//! What other sites embed, as it is sent: paths, compression, how long it may be kept, policies.

use serde_json::Value;

use crate::support::SERVICE;

fn manifest() -> Value {
    SERVICE.get("/embed/manifest.json").json()
}

/// The path of the current version, which never changes its content.
fn versioned() -> String {
    let manifest = manifest();
    let current = manifest["current"].as_str().unwrap();
    manifest["versions"][current]["path"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The bytes that come over the wire, still compressed, and the head in small letters.
fn raw(path: &str, accept: &str) -> (String, Vec<u8>) {
    let answer = SERVICE.raw(
        format!("GET {path} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: {accept}\r\nConnection: close\r\n\r\n")
            .as_bytes(),
    );
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    (
        String::from_utf8_lossy(&answer[..end]).to_lowercase(),
        answer[end + 4..].to_vec(),
    )
}

#[test]
fn both_paths_send_the_same_module_and_only_one_may_be_kept_for_ever() {
    let floating = SERVICE.get("/embed/v1/cesou.js");
    let fixed = SERVICE.get(&versioned());
    for answer in [&floating, &fixed] {
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("content-type"),
            "text/javascript; charset=utf-8"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    assert_eq!(floating.body, fixed.body);
    assert_eq!(floating.header("cache-control"), "public, max-age=300");
    assert_eq!(
        fixed.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert!(floating.body.starts_with("/* Cesou "));
}

#[test]
fn it_comes_compressed_at_most_ten_kilobytes_and_is_the_same_unpacked() {
    let plain = SERVICE.request(
        "GET",
        "/embed/v1/cesou.js",
        &[("Accept-Encoding", "identity")],
    );
    assert_eq!(plain.header("content-encoding"), "");
    for (accept, encoding) in [
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0, gzip", "gzip"),
    ] {
        let (head, bytes) = raw("/embed/v1/cesou.js", accept);
        assert!(
            head.contains(&format!("content-encoding: {encoding}\r\n")),
            "{accept}: {head}"
        );
        assert!(head.contains("accept-encoding"), "{head}");
        assert!(bytes.len() <= 10_000, "{accept}: {} bytes", bytes.len());
        let unpacked = SERVICE.request(
            "GET",
            "/embed/v1/cesou.js",
            &[("Accept-Encoding", encoding)],
        );
        assert_eq!(unpacked.body, plain.body, "{accept}");
    }
}

#[test]
fn the_manifest_tells_what_is_sent() {
    let manifest = manifest();
    let current = manifest["current"].as_str().unwrap();
    assert_eq!(manifest["floating"]["v1"], current);
    for (version, told) in manifest["versions"].as_object().unwrap() {
        let path = told["path"].as_str().unwrap();
        assert_eq!(path, format!("/embed/{version}/cesou.js"));
        assert!(told["integrity"].as_str().unwrap().starts_with("sha384-"));
        assert_eq!(SERVICE.get(path).body.len() as u64, told["bytes"]);
        for (accept, size) in [("br", "br"), ("gzip", "gzip")] {
            assert_eq!(raw(path, accept).1.len() as u64, told[size], "{path}");
        }
    }
}

#[test]
fn a_module_that_a_client_has_is_not_sent_again() {
    for path in ["/embed/v1/cesou.js".to_owned(), versioned()] {
        let first = SERVICE.get(&path);
        let tag = first.header("etag");
        let again = SERVICE.request("GET", &path, &[("If-None-Match", tag)]);
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        assert_eq!(
            again.header("cache-control"),
            first.header("cache-control"),
            "{path}"
        );
    }
}

#[test]
fn any_site_may_load_it() {
    for path in ["/embed/v1/cesou.js", "/embed/manifest.json"] {
        let origin = "https://example.org";
        let answer = SERVICE.request("GET", path, &[("Origin", origin)]);
        let allowed = answer.header("access-control-allow-origin");
        assert!(allowed == "*" || allowed == origin, "{path}: {allowed}");
    }
}

#[test]
fn versions_and_pages_that_are_not_there_are_said_to_be_missing() {
    for path in [
        "/embed/v2/cesou.js",
        "/embed/0.0.1/cesou.js",
        "/embed/..%2f..%2fCargo.toml/cesou.js",
        "/embed/demo/other",
        "/embed/",
    ] {
        let answer = SERVICE.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["code"], "no-such-path", "{path}");
    }
}

#[test]
fn the_pages_hold_their_policies_and_nothing_inline() {
    for path in [
        "/embed/demo",
        "/embed/demo/hostile",
        "/embed/demo/strict",
        "/embed/frame",
    ] {
        let page = SERVICE.get(path);
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        for inline in [
            "<style",
            " style=",
            "<script>",
            " onclick=",
            "https:",
            "http:",
        ] {
            let host = page.body.replace("https://HOST/", "");
            assert!(!host.contains(inline), "{path} has {inline}");
        }
    }
    let strict = SERVICE.get("/embed/demo/strict");
    let policy = strict.header("content-security-policy");
    assert!(policy.contains("require-trusted-types-for 'script'"));
    let frame = SERVICE.get("/embed/frame");
    let policy = frame.header("content-security-policy");
    assert!(policy.contains("frame-ancestors *"), "{policy}");
}
