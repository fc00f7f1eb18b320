//! Two languages: which is spoken, that all of a page speaks it, and that links keep it.

use scraper::{ElementRef, Html};

use super::{every_kind, links, visit};
use crate::support::SERVICE;

/// A page as a browser with these headers gets it.
fn page_with(path: &str, headers: &[(&str, &str)]) -> crate::support::Answer {
    let mut all = vec![("Accept", "text/html")];
    all.extend(headers);
    SERVICE.request("GET", path, &all)
}

fn in_english(path: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}lang=en")
}

/// All pages there are a kind of, a refusal among them.
fn all_kinds() -> Vec<String> {
    let mut all = every_kind();
    all.extend(
        [
            "/?q=jiaoshi+peixun&group=report&province=%E5%B1%B1%E8%A5%BF%E7%9C%81",
            "/?q=%E5%8C%97%E4%BA%AC+%E6%95%99%E5%B8%88&date_from=2010-01-01",
            "/?q=%E6%95%99%E8%82%B2&page=900",
            "/map",
            "/map?q=%E6%95%99%E8%82%B2&theme=teachers",
            "/matrix?q=%E6%95%99%E8%82%B2",
            "/matrix?q=zzzz&match=exact",
            "/passages/nothing",
            "/nothing",
        ]
        .map(str::to_owned),
    );
    all
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

/// What is Chinese in `element`, outside of elements that say they are.
fn unmarked_chinese(element: ElementRef<'_>, lang: &str, found: &mut Vec<String>) {
    // A title is made of what was typed and of what reports say.
    if element.value().name() == "title" {
        return;
    }
    // Data for machines say what language each of their texts is in.
    if element.value().name() == "script" {
        return;
    }
    let lang = element.attr("lang").unwrap_or(lang);
    if lang == "en" {
        for name in [
            "aria-label",
            "title",
            "placeholder",
            "data-label",
            "data-count",
        ] {
            let said = element.attr(name).unwrap_or_default();
            if is_chinese(said) {
                found.push(format!("{name}={said}"));
            }
        }
    }
    for child in element.children() {
        if let Some(text) = child.value().as_text() {
            if lang == "en" && is_chinese(text) {
                found.push(text.to_string());
            }
        } else if let Some(child) = ElementRef::wrap(child) {
            unmarked_chinese(child, lang, found);
        }
    }
}

#[test]
fn an_english_page_says_nothing_in_chinese_but_what_is_marked_so() {
    for path in all_kinds() {
        let path = in_english(&path);
        let answer = visit(&SERVICE, &path);
        let page = Html::parse_document(&answer.body);
        assert_eq!(page.root_element().attr("lang"), Some("en"), "{path}");
        let mut found = Vec::new();
        unmarked_chinese(page.root_element(), "", &mut found);
        // The summary of a map or matrix repeats what was typed, as does a reading of it.
        found.retain(|text| !text.contains('“') && !text.contains("comes first"));
        found.retain(|text| !text.starts_with("Only ") && !text.starts_with("title=Search for"));
        assert!(found.is_empty(), "{path}: {found:#?}");
        assert!(answer.body.contains("Search"), "{path}");
    }
}

#[test]
fn the_language_is_the_addresss_or_the_one_chosen_or_the_browsers() {
    type Headers = &'static [(&'static str, &'static str)];
    let cases: [(&str, Headers, &str); 6] = [
        ("/", &[], "zh-CN"),
        ("/", &[("Accept-Language", "en-US,en;q=0.9,zh;q=0.8")], "en"),
        ("/?lang=zh", &[("Accept-Language", "en")], "zh-CN"),
        (
            "/",
            &[("Accept-Language", "en"), ("Cookie", "cesou-lang=zh")],
            "zh-CN",
        ),
        ("/?lang=en", &[("Cookie", "cesou-lang=zh")], "en"),
        ("/map", &[("Cookie", "a=1; cesou-lang=en")], "en"),
    ];
    for (path, headers, lang) in cases {
        let answer = page_with(path, headers);
        assert!(
            answer.body.contains(&format!("<html lang=\"{lang}\">")),
            "{path}"
        );
        assert_eq!(answer.header("content-language"), lang, "{path}");
        let vary = answer.header("vary").to_lowercase();
        for by in ["accept-language", "cookie", "accept-encoding"] {
            assert!(vary.contains(by), "{path}: {vary}");
        }
    }
}

#[test]
fn a_choice_is_remembered_once_and_a_page_in_each_language_has_its_own_tag() {
    let first = page_with("/?lang=en", &[]);
    let cookie = first.header("set-cookie");
    assert!(
        cookie.starts_with("cesou-lang=en; Path=/; Max-Age="),
        "{cookie}"
    );
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    let again = page_with("/?lang=en", &[("Cookie", "cesou-lang=en")]);
    assert_eq!(again.header("set-cookie"), "");
    assert_eq!(page_with("/", &[]).header("set-cookie"), "");
    let (zh, en) = (
        page_with("/", &[]),
        page_with("/", &[("Accept-Language", "en")]),
    );
    assert_ne!(zh.header("etag"), en.header("etag"));
    let kept = page_with(
        "/",
        &[
            ("Accept-Language", "en"),
            ("If-None-Match", zh.header("etag")),
        ],
    );
    assert_eq!(kept.status, 200, "a page in Chinese is none in English");
}

/// What a reader sees of a page; its head names it in all languages.
fn body(html: &str) -> &str {
    html.split_once("<body").expect("a body").1
}

#[test]
fn links_keep_the_language_that_the_address_says() {
    for path in all_kinds() {
        let html = visit(&SERVICE, &in_english(&path)).body;
        for link in links(body(&html)) {
            let others = [
                "#",
                "/assets/",
                "/api/",
                "/feed.atom",
                "/sitemap.xml",
                "/embed/",
            ];
            let is_page = !others.iter().any(|start| link.starts_with(start));
            if is_page {
                assert!(
                    link.contains("lang=en") || link.contains("lang=zh"),
                    "{path} links to {link}"
                );
            }
        }
        let bare = visit(&SERVICE, &path).body;
        let said: Vec<String> = links(body(&bare))
            .into_iter()
            .filter(|link| link.contains("lang="))
            .collect();
        assert_eq!(said.len(), 1, "{path}: only the other language: {said:?}");
    }
}

#[test]
fn another_language_is_refused_by_name() {
    for (path, said) in [
        ("/?lang=fr", "lang"),
        ("/map?lang=", "lang"),
        ("/?lang=en&lang=zh", "lang"),
    ] {
        let answer = visit(&SERVICE, path);
        assert_eq!(answer.status, 400, "{path}");
        assert!(answer.body.contains(said), "{path}: {}", answer.body);
    }
}
