//! What pages say of themselves to machines: title, description, one address, languages, data.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use scraper::{Html, Selector};
use serde_json::Value;

use super::{DATED, odd};
use crate::support::{SERVICE, Service, corpus_of};

/// A page as a browser reads it.
fn page(service: &Service, path: &str) -> Html {
    let answer = service.request("GET", path, &[("Accept", "text/html")]);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    Html::parse_document(&answer.body)
}

fn all<'a>(page: &'a Html, selector: &str, attribute: &str) -> Vec<&'a str> {
    let selector = Selector::parse(selector).unwrap();
    let found: Vec<&'a str> = page
        .select(&selector)
        .filter_map(|element| element.value().attr(attribute))
        .collect();
    found
}

fn one<'a>(page: &'a Html, selector: &str, attribute: &str) -> &'a str {
    let found = all(page, selector, attribute);
    assert_eq!(found.len(), 1, "{selector}: {found:?}");
    found[0]
}

/// The data of a page, by type.
fn data(page: &Html) -> BTreeMap<String, Value> {
    let selector = Selector::parse("script[type='application/ld+json']").unwrap();
    page.select(&selector)
        .map(|element| {
            let text: String = element.text().collect();
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["@context"], "https://schema.org");
            (value["@type"].as_str().unwrap().to_owned(), value)
        })
        .collect()
}

/// A path of each kind of page.
fn every_kind() -> Vec<String> {
    let report = SERVICE.some_report();
    vec![
        "/".to_owned(),
        "/?q=%E6%95%99%E5%B8%88".to_owned(),
        "/?theme=teachers&page=2".to_owned(),
        "/map".to_owned(),
        "/matrix".to_owned(),
        "/compare".to_owned(),
        "/compare?region=%E6%99%8B%E4%B8%AD&region=%E6%B3%B0%E5%B7%9E".to_owned(),
        "/about".to_owned(),
        format!("/passages/{}", SERVICE.some_passage()),
        format!("/reports/{report}"),
    ]
}

#[test]
fn every_page_has_a_title_a_description_and_one_address() {
    let mut titles = BTreeSet::new();
    for path in every_kind() {
        for lang in ["", "zh", "en"] {
            let mark = if path.contains('?') { '&' } else { '?' };
            let address = match lang {
                "" => path.clone(),
                lang => format!("{path}{mark}lang={lang}"),
            };
            let page = page(&SERVICE, &address);
            let title = Selector::parse("title").unwrap();
            let title: String = page.select(&title).flat_map(|title| title.text()).collect();
            assert!(titles.insert((lang, title.clone())), "{address}: {title}");
            let about = one(&page, "meta[name=description]", "content");
            let length = about.chars().count();
            assert!((10..=160).contains(&length), "{address}: {about}");
            let canonical = one(&page, "link[rel=canonical]", "href");
            assert_eq!(canonical, format!("{}{address}", SERVICE.address));
            let other = all(&page, "link[rel=alternate][hreflang]", "hreflang");
            assert_eq!(other, ["zh-CN", "en", "x-default"], "{address}");
            let same = all(&page, "link[rel=alternate][hreflang]", "href");
            for (tag, href) in other.iter().zip(same) {
                let path = href.strip_prefix(&SERVICE.address).unwrap();
                let answer = SERVICE.request("GET", path, &[("Accept-Language", "en")]);
                assert_eq!(answer.status, 200, "{path}");
                let told = answer.header("content-language");
                let expected = if *tag == "x-default" { "en" } else { tag };
                assert_eq!(told, expected, "{path}");
            }
            let search = one(&page, "link[rel=search]", "href");
            assert_eq!(search, "/opensearch.xml");
            data(&page);
        }
    }
}

#[test]
fn a_text_has_one_address_whatever_led_to_it_and_lists_are_not_listed() {
    let id = SERVICE.some_passage();
    for query in ["", "?q=%E6%95%99%E5%B8%88", "?q=a&theme=teachers&page=2"] {
        let page = page(&SERVICE, &format!("/passages/{id}{query}"));
        let canonical = one(&page, "link[rel=canonical]", "href");
        assert_eq!(canonical, format!("{}/passages/{id}", SERVICE.address));
        assert!(
            all(&page, "meta[name=robots]", "content").is_empty(),
            "{query}"
        );
    }
    for (path, listed) in [
        ("/", true),
        ("/about", true),
        ("/matrix", true),
        ("/?q=a", false),
        ("/?theme=teachers", false),
        ("/matrix?rows=theme", false),
        (
            "/compare?region=%E6%99%8B%E4%B8%AD&region=%E6%B3%B0%E5%B7%9E",
            false,
        ),
    ] {
        let page = page(&SERVICE, path);
        let robots = all(&page, "meta[name=robots]", "content");
        assert_eq!(robots.is_empty(), listed, "{path}");
    }
}

#[test]
fn a_page_of_hits_names_the_feed_of_the_same_hits() {
    for (path, feed) in [
        ("/", "/feed.atom"),
        ("/?q=a&theme=teachers", "/feed.atom?q=a&theme=teachers"),
        ("/?q=a&page=2&per_page=3&lang=en", "/feed.atom?q=a"),
    ] {
        let page = page(&SERVICE, path);
        let link = one(&page, "link[type='application/atom+xml']", "href");
        assert_eq!(link, feed, "{path}");
        assert_eq!(SERVICE.get(feed).status, 200);
    }
}

#[test]
fn pages_say_what_they_are_about_in_the_words_of_schema_org() {
    let service = &DATED.1;
    let home = data(&page(service, "/"));
    let action = &home["WebSite"]["potentialAction"];
    let template = action["target"]["urlTemplate"].as_str().unwrap();
    let path = template.replace("{search_term_string}", "a");
    let path = path.strip_prefix(&service.address).unwrap();
    assert_eq!(service.get(path).status, 200);
    assert_eq!(action["query-input"], "required name=search_term_string");
    assert!(data(&page(service, "/?q=a")).is_empty());

    let listed = service.get("/api/v1/reports").json();
    let reports = listed["reports"].as_array().unwrap();
    let dated = reports
        .iter()
        .find(|report| report["metadata"]["date"] == "2016-11-24")
        .unwrap();
    let path = dated["url"].as_str().unwrap();
    let said = data(&page(service, path));
    let report = &said["Report"];
    assert_eq!(report["url"], format!("{}{path}", service.address));
    assert_eq!(report["name"], dated["title"]);
    assert_eq!(report["datePublished"], "2016-11-24");
    assert_eq!(report["spatialCoverage"]["name"], "江苏省泰州市");
    assert_eq!(report["spatialCoverage"]["identifier"], "321200");
    assert_eq!(report["author"]["name"], dated["metadata"]["issuer"]);
    let parts = report["hasPart"].as_array().unwrap();
    assert_eq!(parts.len() as u64, dated["passages"].as_u64().unwrap());
    let trail = said["BreadcrumbList"]["itemListElement"]
        .as_array()
        .unwrap();
    assert_eq!(trail.len(), 2);
    assert_eq!(trail[1]["item"], report["url"]);

    let part = parts[1]["url"].as_str().unwrap();
    let path = part.strip_prefix(&service.address).unwrap();
    let said = data(&page(service, path));
    assert_eq!(said["Article"]["url"], part);
    assert_eq!(said["Article"]["headline"], parts[1]["name"]);
    assert_eq!(said["Article"]["isPartOf"]["url"], report["url"]);
    let trail = said["BreadcrumbList"]["itemListElement"]
        .as_array()
        .unwrap();
    assert_eq!(trail.len(), 3);

    let about = data(&page(service, "/about"));
    let corpus = &about["Dataset"];
    assert_eq!(corpus["temporalCoverage"], "2013-05-01/2016-11-24");
    let places = corpus["spatialCoverage"].as_array().unwrap();
    assert_eq!(places.len(), 3);
    for file in corpus["distribution"].as_array().unwrap() {
        let address = file["contentUrl"].as_str().unwrap();
        let path = address.strip_prefix(&service.address).unwrap();
        let answer = service.get(path);
        let kind = file["encodingFormat"].as_str().unwrap();
        assert!(answer.header("content-type").starts_with(kind), "{path}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    #[test]
    fn no_report_breaks_out_of_the_data(title in odd(), body in odd()) {
        let line = |text: &str| text.replace(['\n', '\r'], " ");
        let text = format!(
            "山西省晋中市:</script><script>alert(1)</script>{}\n\n概述</SCRIPT >{body}。\n\n\
             一、<!--<script>{}。{body}\n",
            line(&title),
            line(&title)
        );
        let corpus = corpus_of(&[("a.txt", &text)]);
        let service = Service::of(corpus.path());
        let listed = service.get("/api/v1/reports").json();
        let report = &listed["reports"][0];
        if report.is_null() {
            // What is no text any more is skipped.
            return Ok(());
        }
        let shown = page(&service, report["url"].as_str().unwrap());
        let said = data(&shown);
        prop_assert_eq!(&said["Report"]["name"], &report["title"]);
        let scripts = Selector::parse("script").unwrap();
        for script in shown.select(&scripts) {
            let kind = script.value().attr("type").unwrap_or_default();
            let is_own = script.value().attr("src").is_some_and(|src| src.starts_with("/assets/"));
            prop_assert!(is_own || kind == "application/ld+json", "{}", script.html());
        }
        for part in said["Report"]["hasPart"].as_array().unwrap() {
            let path = part["url"].as_str().unwrap().strip_prefix(&service.address).unwrap().to_owned();
            let said = data(&page(&service, &path));
            prop_assert_eq!(&said["Article"]["url"], &part["url"]);
        }
    }
}
