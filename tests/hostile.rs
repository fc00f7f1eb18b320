//! Query strings and requests made to hurt: every search is answered, nothing a report or a query
//! says becomes markup, and nobody's bad request is felt by anyone else.

use std::io::Write;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use cesou::search::{Facet, Match, Request};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{Answer, SEED, SERVICE, Service, corpus_of, root};

/// A service with time for everything, so that a slow machine tells nothing about a query.
static PATIENT: LazyLock<Service> = LazyLock::new(|| {
    Service::with(&root().join("corpus"), |settings| {
        settings.server.search_timeout_ms = 60_000;
    })
});

/// What is typed, as bytes, with the reason it is here.
fn queries() -> Vec<(&'static str, Vec<u8>)> {
    let texts: [(&str, String); 64] = [
        ("empty", String::new()),
        ("blanks", " \t \r\n ".to_owned()),
        ("full-width blanks", "\u{3000}\u{3000}".to_owned()),
        ("no-break blank", "\u{A0}".to_owned()),
        (
            "Chinese punctuation",
            "，。！？、；：“”‘’（）《》".to_owned(),
        ),
        ("ASCII punctuation", "!@#$%^&*()_+{}[];',./<>?~`".to_owned()),
        ("OR alone", "OR".to_owned()),
        ("OR twice", "OR OR".to_owned()),
        ("OR before nothing", "教师 OR".to_owned()),
        ("OR after nothing", "OR 教师".to_owned()),
        ("bar", "|".to_owned()),
        ("bars", "||| | |".to_owned()),
        ("minus", "-".to_owned()),
        ("minuses", "- - -".to_owned()),
        ("many minuses", "-----教师".to_owned()),
        ("only an exclusion", "-教师".to_owned()),
        ("all excluded", "教师 -教师".to_owned()),
        ("one quote", "\"".to_owned()),
        ("two quotes", "\"\"".to_owned()),
        ("an open quote", "\"教师".to_owned()),
        ("a closing quote", "教师\"".to_owned()),
        ("three quotes", "\"教师\"交流\"".to_owned()),
        ("an open Chinese quote", "“教师".to_owned()),
        ("quotes the wrong way", "”教师“".to_owned()),
        ("mixed quotes", "“教师\" 'a’".to_owned()),
        ("an excluded open quote", "-\"".to_owned()),
        ("a field of nothing", "region:".to_owned()),
        ("a Chinese field of nothing", "主题:".to_owned()),
        ("a full-width colon", "地区：".to_owned()),
        ("a theme that is not", "theme:nope".to_owned()),
        ("a field that is not", "a:b:c".to_owned()),
        ("fields in fields", "region:theme:heading:教师".to_owned()),
        ("a field of a quote", "heading:\"".to_owned()),
        (
            "an excluded field",
            "-region:北京市 -theme:teachers".to_owned(),
        ),
        ("only colons", ":::".to_owned()),
        ("NUL", "\0".to_owned()),
        ("NUL inside", "教\0师".to_owned()),
        ("control characters", "\u{1}\u{7}\u{1b}[31m教师".to_owned()),
        ("emoji", "😀👩‍👩‍👧‍👦🇨🇳".to_owned()),
        ("a character beyond the BMP", "𠮷".to_owned()),
        ("many beyond the BMP", "𠮷野家𪚥".repeat(100)),
        ("zero width", "教\u{200B}师\u{FEFF}".to_owned()),
        ("right to left", "\u{202E}师教\u{202C} שלום".to_owned()),
        ("combining marks", "e\u{301}".repeat(500)),
        ("a non-character", "\u{FFFF}\u{10FFFF}".to_owned()),
        ("nested brackets", "(".repeat(2_000) + &")".repeat(2_000)),
        ("star", "*".to_owned()),
        ("star after", "教*".to_owned()),
        ("slash", "/".to_owned()),
        ("backslash", "\\".to_owned()),
        ("escapes", "\\\"教师\\\" \\u0000 %00".to_owned()),
        ("script", "<script>alert(1)</script>".to_owned()),
        ("a mark of its own", "<mark>教师</mark>".to_owned()),
        (
            "an attribute's end",
            "\"><img src=x onerror=alert(1)>".to_owned(),
        ),
        ("entities", "&lt;mark&gt; &amp; &#60;".to_owned()),
        ("SQL", "' OR 1=1; DROP TABLE passages;--".to_owned()),
        (
            "a regular expression",
            "(a+)+$ [^教]{1,1000} ^.*".to_owned(),
        ),
        ("a template", "{{7*7}} ${7*7} %s %n".to_owned()),
        ("a path", "../../../../etc/passwd".to_owned()),
        ("a long ASCII word", "a".repeat(30_000)),
        ("a long number", "9".repeat(30_000)),
        ("pluses", "1+1 = 2 + +".to_owned()),
        (
            "ranges",
            "[1 TO 2] {a TO z} year:>2000 教师~2 教师^1e309".to_owned(),
        ),
        (
            "the engine's own syntax",
            "+教师 +(交流 AND NOT 轮岗) body:IN [a b]".to_owned(),
        ),
    ];
    let mut queries: Vec<(&str, Vec<u8>)> = texts
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    queries.extend([
        ("no UTF-8", vec![0xFF, 0xFE]),
        ("a lone surrogate", vec![0xED, 0xA0, 0x80]),
        ("a cut character", "教师".bytes().take(4).collect()),
        ("an overlong slash", vec![0xC0, 0xAF]),
        ("every byte", (0..=255).collect()),
        (
            "6,000 characters",
            "教师交流轮岗".repeat(1_000).into_bytes(),
        ),
        ("10,000 quotes", "\"".repeat(10_000).into_bytes()),
        ("5,000 exclusions", "-a ".repeat(5_000).into_bytes()),
        ("5,000 different words", many_words().into_bytes()),
        ("1,000 OR", "OR ".repeat(1_000).into_bytes()),
        ("1,000 alternatives", "教 OR ".repeat(1_000).into_bytes()),
        ("1,000 phrases", "\"教 师\" ".repeat(1_000).into_bytes()),
        ("1,000 fields", "region:北 ".repeat(1_000).into_bytes()),
    ]);
    queries
}

/// Words of one character, each another one.
fn many_words() -> String {
    ('一'..).take(5_000).flat_map(|word| [word, ' ']).collect()
}

/// What goes with each query.
const ALONGSIDE: [&str; 5] = [
    "",
    "&match=exact",
    "&facets=province,city,county,theme,kind,report,year&sort=region",
    "&match=exact&explain=true&sort=document&province=%E5%B1%B1%E8%A5%BF%E7%9C%81&theme=teachers",
    "&explain=true&kind=measure&page=2&per_page=100",
];

fn encoded(bytes: &[u8]) -> String {
    form_urlencoded::byte_serialize(bytes).collect()
}

/// Fails unless `html` is text with nothing but whole marks, and `text` is what it shows.
fn check_marked(html: &str, text: Option<&str>) {
    let mut inside = false;
    let mut rest = html;
    while let Some(at) = rest.find(['<', '>']) {
        let (before, tag) = rest.split_at(at);
        let (tag, opens) = match tag {
            _ if tag.starts_with("<mark>") => ("<mark>", true),
            _ if tag.starts_with("</mark>") => ("</mark>", false),
            _ => panic!("markup in {html}"),
        };
        assert_ne!(inside, opens, "marks are not in pairs in {html}");
        inside = opens;
        rest = rest
            .get(before.len() + tag.len()..)
            .expect("a tag ends where a character does");
    }
    assert!(!inside, "a mark stays open in {html}");
    assert!(!html.contains("<mark></mark>"), "an empty mark in {html}");
    if let Some(text) = text {
        let shown = html
            .replace("<mark>", "")
            .replace("</mark>", "")
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"")
            .replace("&#39;", "'")
            .replace("&amp;", "&");
        assert_eq!(shown, text);
    }
}

/// Fails unless this is a whole answer of a search, with nothing in it to be run.
fn check_found(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let body = answer.json();
    for field in [
        "query", "total", "page", "per_page", "took_ms", "hits", "facets",
    ] {
        assert!(body.get(field).is_some(), "no {field} in {body}");
    }
    let hits = body["hits"].as_array().expect("a list");
    assert!(hits.len() as u64 <= body["total"].as_u64().expect("a count"));
    for hit in hits {
        let text = |pointer: &str| hit.pointer(pointer).and_then(Value::as_str);
        check_marked(
            text("/snippet/html").expect("a snippet"),
            text("/snippet/text"),
        );
        check_marked(
            text("/highlights/title").expect("a title"),
            text("/report/title"),
        );
        if let Some(heading) = text("/highlights/heading") {
            check_marked(heading, text("/measure/heading"));
        }
    }
    body
}

#[test]
fn every_query_is_answered() {
    let mut refused = Vec::new();
    for (name, query) in queries() {
        for alongside in ALONGSIDE {
            let path = format!("/api/v1/search?q={}{alongside}", encoded(&query));
            let answer = PATIENT.get(&path);
            if answer.status != 200 {
                refused.push(format!("{name} {alongside}: {}", answer.body));
                continue;
            }
            let body = check_found(&answer);
            let text = String::from_utf8_lossy(&query);
            assert_eq!(body["query"]["text"], *text, "{name} {alongside}");
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn every_query_gets_a_page_that_shows_it_as_text() {
    let mut refused = Vec::new();
    for (name, query) in queries() {
        let answer = PATIENT.get(&format!("/?q={}", encoded(&query)));
        if answer.status != 200 {
            refused.push(format!("{name}: {}", answer.status));
            continue;
        }
        for markup in ["<script>", "<img", "onerror=alert(1)>"] {
            assert!(
                !answer.body.contains(markup),
                "{name}: {markup} on the page"
            );
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn a_query_of_ten_thousand_characters_is_answered() {
    let chinese = "教师交流轮岗制度全面".repeat(1_000);
    let several: String = ('一'..).take(10_000).collect();
    for text in [chinese, several] {
        assert_eq!(text.chars().count(), 10_000);
        for matching in [Match::Smart, Match::Exact] {
            let request = Request {
                text: text.clone(),
                matching,
                facets: Facet::ALL.to_vec(),
                explain: true,
                ..Request::default()
            };
            let response = SEED.search(&request);
            for hit in &response.hits {
                check_marked(&hit.snippet.html, Some(&hit.snippet.text));
            }
        }
    }
    // As much of it as goes into an address: a Chinese character takes nine bytes there.
    let text = "教师交流轮岗 abcdefg".repeat(700);
    assert!(text.chars().count() > 9_000);
    for matching in ["smart", "exact"] {
        let answer = PATIENT.search(&[("q", &text), ("match", matching)]);
        assert_eq!(check_found(&answer)["query"]["text"], text);
    }
}

#[test]
fn an_address_too_long_or_not_encoded_is_refused_without_a_body_and_does_no_harm() {
    for (query, status) in [
        ("a".repeat(65_000), 200),
        ("a".repeat(66_000), 400),
        ("a".repeat(100_000), 400),
        ("%E6%95%99".repeat(7_200), 200),
        ("%E6%95%99".repeat(7_300), 400),
        ("教师".to_owned(), 400),
    ] {
        let request = format!(
            "GET /api/v1/search?q={query} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        );
        let answer = PATIENT.raw(request.as_bytes());
        let shown = String::from_utf8_lossy(&answer);
        assert!(
            shown.starts_with(&format!("HTTP/1.1 {status}")),
            "{query:.80}: {shown:.200}"
        );
        assert_eq!(
            shown.ends_with("\r\n\r\n"),
            status == 400,
            "{query:.80}: {shown:.200}"
        );
        assert_eq!(PATIENT.get("/healthz").status, 200);
    }
}

#[test]
fn a_plus_is_a_blank_and_an_encoded_plus_is_a_plus() {
    for (raw, text) in [("%E6%95%99+b", "教 b"), ("%E6%95%99%2Bb", "教+b")] {
        let answer = SERVICE.get(&format!("/api/v1/search?q={raw}"));
        assert_eq!(check_found(&answer)["query"]["text"], text);
    }
}

/// Text as people, programs and attackers write it, with what the parser looks for.
fn typed() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        "[教师交流轮岗学校经费]{1,6}",
        prop::sample::select("\"“”- |:：\u{3000}()\\*&<\0".chars().collect::<Vec<_>>())
            .prop_map(String::from),
        prop::sample::select(vec!["OR", "region:", "主题:", "标题："]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Values that some parameter takes, and some that none does, the empty one last.
const VALUES: &str = "smart exact true region 1 0 2015 measure teachers province,theme \
                      %E6%95%99 % %E %GG %00 ";

/// A query string as it might arrive: known and unknown names, values good and bad, and rubbish.
fn query_string() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        3 => prop::sample::select(vec![
            "q", "match", "facets", "sort", "page", "per_page", "explain", "province", "city",
            "county", "theme", "kind", "report", "year",
        ])
        .prop_map(str::to_owned),
        1 => "[a-z_%\\[\\]]{0,8}",
    ];
    let value = prop_oneof![
        prop::sample::select(VALUES.split(' ').collect::<Vec<_>>()).prop_map(str::to_owned),
        "[!$%-;=?-_a-z~]{0,20}",
    ];
    let pair = (name, prop::sample::select(vec!["=", "", "=="]), value);
    prop::collection::vec(pair, 0..6).prop_map(|pairs| {
        pairs
            .iter()
            .map(|(name, equals, value)| format!("{name}{equals}{value}"))
            .collect::<Vec<_>>()
            .join("&")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_a_query(text in typed(), exact in any::<bool>()) {
        let matching = if exact { "exact" } else { "smart" };
        let answer = PATIENT.search(&[("q", &text), ("match", matching), ("explain", "true")]);
        let body = check_found(&answer);
        prop_assert_eq!(body["query"]["text"].as_str(), Some(text.as_str()));
    }

    #[test]
    fn any_query_string_is_answered_or_refused_by_name(query in query_string()) {
        let answer = PATIENT.get(&format!("/api/v1/search?{query}"));
        match answer.status {
            200 => { check_found(&answer); }
            400 => prop_assert!(answer.json()["parameter"].is_string(), "{}", answer.body),
            other => prop_assert!(false, "{query}: {other} {}", answer.body),
        }
        let page = PATIENT.get(&format!("/?{query}"));
        prop_assert_eq!(page.status, answer.status);
    }

    #[test]
    fn any_bytes_on_a_connection_leave_the_service_alive(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut request = b"GET /".to_vec();
        request.extend(&bytes);
        request.extend(b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = SERVICE.raw(&request);
        prop_assert!(!answer.starts_with(b"HTTP/1.1 5"), "{}", String::from_utf8_lossy(&answer));
        prop_assert_eq!(SERVICE.get("/healthz").status, 200);
    }
}

#[test]
fn a_path_that_leads_nowhere_is_not_found_and_says_so_in_json() {
    let long = format!("/api/v1/passages/{}", "a".repeat(20_000));
    let deep = format!("/api/v1/passages{}", "/a".repeat(2_000));
    let paths = [
        "/assets/../Cargo.toml",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets/....//....//etc/passwd",
        "/../../../../etc/passwd",
        "/assets/",
        "/assets/style.css/",
        "/api/v1/passages/",
        "/api/v1/passages/%00",
        "/api/v1/passages/%FF%FE",
        "/api/v1/passages/..",
        "/api/v1/passages/a/b",
        "/api/v1/passages/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/api/v1/passages/%3Cscript%3E",
        "/api/v1/passages/%F0%9F%98%80",
        "/api/v1/passages/%25",
        "/api/v1/passages/%",
        "/api/v1/reports/%00",
        "/api/v1/reports/%FF%FE",
        "/api/v1/reports/..",
        "/api/v1/search/",
        "/API/V1/SEARCH",
        "//",
        "//api/v1/search",
        "/;",
        "/index.php",
        "/.git/config",
        long.as_str(),
        deep.as_str(),
    ];
    for path in paths {
        let answer = SERVICE.get(path);
        assert_eq!(answer.status, 404, "{path:.80}: {}", answer.body);
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{path:.80}: {}",
            answer.body
        );
        assert_eq!(answer.json()["status"], 404, "{path:.80}");
    }
}

#[test]
fn an_odd_method_is_refused_and_does_no_harm() {
    for method in ["POST", "PUT", "DELETE", "TRACE", "PROPFIND", "FOO", "get"] {
        for path in ["/api/v1/search?q=1", "/", "/healthz", "/nothing"] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let answer = SERVICE.raw(request.as_bytes());
            let answer = String::from_utf8_lossy(&answer);
            assert!(
                answer.starts_with("HTTP/1.1 4"),
                "{method} {path}: {answer:.200}"
            );
        }
    }
}

#[test]
fn a_request_with_too_large_a_head_is_refused_or_cut_off() {
    let long = "a".repeat(300_000);
    let requests = [
        format!("GET /api/v1/search?q={long} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {long}\r\n\r\n"),
        format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n",
            "A: b\r\n".repeat(50_000)
        ),
        format!("{long} / HTTP/1.1\r\n\r\n"),
        long.clone(),
    ];
    for request in requests {
        let answer = SERVICE.raw(request.as_bytes());
        let shown = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"),
            "{shown:.200}"
        );
        assert_eq!(SERVICE.get("/healthz").status, 200);
    }
}

#[test]
fn a_body_nobody_asked_for_is_refused_or_passed_over() {
    let body = "x".repeat(2_000_000);
    for method in ["GET", "POST"] {
        let request = format!(
            "{method} /api/v1/search?q=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let answer = SERVICE.raw(request.as_bytes());
        assert!(!answer.starts_with(b"HTTP/1.1 5"), "{method}");
        assert_eq!(SERVICE.get("/healthz").status, 200);
    }
}

#[test]
fn half_a_request_holds_nobody_else_up() {
    let mut held = Vec::new();
    for nth in 0..50 {
        let mut stream = SERVICE.connect();
        let part = match nth % 3 {
            0 => "",
            1 => "GET /api/v1/sea",
            _ => "POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx",
        };
        stream
            .write_all(part.as_bytes())
            .expect("the service takes bytes");
        held.push(stream);
    }
    let started = Instant::now();
    for _ in 0..5 {
        assert_eq!(SERVICE.get("/healthz").status, 200);
        assert_eq!(
            SERVICE.get("/api/v1/search?q=%E6%95%99%E5%B8%88").status,
            200
        );
    }
    let took = started.elapsed();
    assert!(took < Duration::from_secs(8), "ten requests took {took:?}");
    drop(held);
    assert_eq!(SERVICE.get("/healthz").status, 200);
}

#[test]
fn what_a_report_says_is_never_markup() {
    let nasty = "<img src=x onerror=alert(1)> & \"引号\" </mark><mark>'单引号'";
    let corpus = corpus_of(&[(
        "a<b>&\".txt",
        &format!(
            "北京市海淀区:标题{nasty}\n\n海淀区概述{nasty}。\n\n一、举措{nasty}。正文说{nasty}引号。"
        ),
    )]);
    let service = Service::of(corpus.path());
    let mut pages = vec!["/".to_owned()];
    for (text, matching) in [
        ("引号", "smart"),
        (nasty, "smart"),
        (nasty, "exact"),
        ("", "smart"),
    ] {
        let answer = service.search(&[("q", text), ("match", matching)]);
        let body = check_found(&answer);
        assert_eq!(body["total"], 2, "{text} {matching}");
        for hit in body["hits"].as_array().expect("a list") {
            let html = hit["snippet"]["html"].as_str().expect("a text");
            let shown = html.replace("<mark>", "").replace("</mark>", "");
            assert!(
                shown.contains("onerror=alert(1)&gt; &amp; &quot;"),
                "{html}"
            );
            assert!(shown.contains("&lt;/mark&gt;&lt;mark&gt;"), "{html}");
            for url in [&hit["url"], &hit["report"]["url"]] {
                let url = url.as_str().expect("a path");
                pages.push(url.to_owned());
                pages.push(format!("{url}?q={}", encoded(text.as_bytes())));
            }
        }
        pages.push(format!("/?q={}&match={matching}", encoded(text.as_bytes())));
    }
    let report = service.get("/api/v1/reports").json()["reports"][0]["id"].clone();
    let region = encoded("北京市海淀区".as_bytes());
    pages.push(format!(
        "/compare?region={region}&report={}&kind=measure&kind=overview",
        report.as_str().expect("an id")
    ));
    for path in pages {
        let page = service.get(&path);
        assert_eq!(page.status, 200, "{path}");
        assert!(
            page.body.contains("onerror=alert(1)"),
            "{path} shows the text"
        );
        assert!(!page.body.contains("<img"), "{path}");
        assert!(!page.body.contains("</mark><mark>'"), "{path}");
    }
}

#[test]
fn what_an_address_says_is_never_markup() {
    let nasty = encoded("\"><script>alert(1)</script>".as_bytes());
    let headers = [("Accept", "text/html")];
    for path in [
        format!("/?q={nasty}"),
        format!("/?q=1&province={nasty}"),
        format!("/?{nasty}=1"),
        format!("/?match={nasty}"),
        format!("/compare?region={nasty}&region=1&q={nasty}"),
        format!("/compare?region=110000&region=120000&q={nasty}"),
        format!("/matrix?q={nasty}"),
        format!("/about?{nasty}=1"),
        format!("/passages/{nasty}"),
        format!("/reports/{nasty}"),
        format!("/{nasty}"),
    ] {
        let answer = SERVICE.request("GET", &path, &headers);
        assert!(answer.status < 500, "{path}");
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{path}"
        );
        assert!(!answer.body.contains("<script>"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
}
