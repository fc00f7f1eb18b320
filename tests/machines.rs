//! What machines find the service by: sitemap, rules for robots, search from the address bar, feeds,
//! and what pages say of themselves.

mod pages;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cesou::config::SearchAccess;
use proptest::prelude::*;
use quick_xml::XmlVersion;
use quick_xml::events::Event;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{REPORT, SERVICE, Service, corpus_of};

/// An element with what it holds, or a text, as a parser reads it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The root of a document, which has to be well-formed.
    fn of(document: &str) -> Self {
        let mut reader = quick_xml::Reader::from_str(document);
        reader.config_mut().check_end_names = true;
        let mut open = vec![Self::default()];
        loop {
            let event = reader.read_event();
            match event.unwrap_or_else(|error| panic!("{error} in {document}")) {
                Event::Start(start) => open.push(Self::begun(&start)),
                Event::Empty(start) => {
                    let element = Self::begun(&start);
                    open.last_mut().unwrap().children.push(element);
                }
                Event::End(_) => {
                    let element = open.pop().unwrap();
                    open.last_mut().unwrap().children.push(element);
                }
                Event::Text(text) => {
                    let text = text.xml10_content();
                    open.last_mut().unwrap().text.push_str(&text);
                }
                Event::GeneralRef(reference) => {
                    let c =
                        reference.resolve_char_ref().unwrap().unwrap_or_else(
                            || match &*reference {
                                "amp" => '&',
                                "lt" => '<',
                                "gt" => '>',
                                "quot" => '"',
                                other => panic!("{other} is none of XML's own"),
                            },
                        );
                    open.last_mut().unwrap().text.push(c);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(open.len(), 1, "all is closed: {document}");
        // XML forbids these, and parsers are not strict about it.
        let odd = |c: char| {
            (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || c > '\u{fffd}' && c < '\u{10000}'
        };
        assert!(!document.contains(odd), "{document:?}");
        let mut root = open.pop().unwrap();
        assert_eq!(root.children.len(), 1);
        root.children.pop().unwrap()
    }

    fn begun(start: &quick_xml::events::BytesStart<'_>) -> Self {
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap();
            (attribute.key.as_ref().to_owned(), value.into_owned())
        });
        Self {
            name: start.name().as_ref().to_owned(),
            attributes: attributes.collect(),
            ..Self::default()
        }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the only child of that name.
    fn text<'a>(&'a self, name: &'a str) -> &'a str {
        let mut all = self.all(name);
        let only = all
            .next()
            .unwrap_or_else(|| panic!("no {name} in {self:?}"));
        assert!(all.next().is_none(), "one {name}");
        &only.text
    }

    fn attribute(&self, name: &str) -> &str {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// Where the link of that relation leads.
    fn link(&self, relation: &str) -> Option<&str> {
        let mut links = self.all("link");
        let link = links.find(|link| link.attribute("rel") == relation)?;
        Some(link.attribute("href"))
    }
}

/// Reports of known and of no days.
static DATED: LazyLock<(TempDir, Service)> = LazyLock::new(|| {
    let report = |region: &str, day: &str| {
        format!(
            "{region}教育局关于教师交流的报告\n\n{day}\n\n概述。\n\n一、教师交流。教师交流轮岗。\n\n二、经费。教育经费保障。\n"
        )
    };
    let corpus = corpus_of(&[
        ("a.txt", &report("河北省石家庄市", "2013年5月1日")),
        ("b.txt", &report("江苏省泰州市", "2016年11月24日")),
        ("c.txt", REPORT),
    ]);
    let side = |name: &str, date: &str| {
        let path = corpus.path().join("reports").join(name);
        std::fs::write(path, format!("date = \"{date}\"\n")).unwrap();
    };
    side("a.toml", "2013-05-01");
    side("b.toml", "2016-11-24");
    let service = Service::of(corpus.path());
    (corpus, service)
});

fn xml(service: &Service, path: &str, kind: &str) -> Element {
    let answer = service.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    let told = answer.header("content-type");
    assert!(told.starts_with(kind), "{path}: {told}");
    Element::of(&answer.body)
}

fn feed(service: &Service, query: &str) -> Element {
    xml(
        service,
        &format!("/feed.atom?{query}"),
        "application/atom+xml",
    )
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// The path and query of an address of the service.
fn path_of<'a>(service: &Service, address: &'a str) -> &'a str {
    let path = address.strip_prefix(&service.address);
    path.unwrap_or_else(|| panic!("{address} is not at {}", service.address))
}

#[test]
fn a_feed_has_what_rfc_4287_asks_for_newest_first() {
    let service = &DATED.1;
    let feed = feed(service, "");
    assert_eq!(feed.name, "feed");
    assert_eq!(feed.attribute("xmlns"), "http://www.w3.org/2005/Atom");
    assert_eq!(feed.text("id"), format!("{}/feed.atom", service.address));
    assert!(feed.text("title").starts_with("策搜"));
    assert!(feed.text("updated").parse::<jiff::Timestamp>().is_ok());
    assert!(feed.all("author").next().is_some());
    assert_eq!(feed.link("self"), Some(feed.text("id")));
    let entries: Vec<&Element> = feed.all("entry").collect();
    let total = service.search(&[("q", "")]).json()["total"].clone();
    assert_eq!(json!(entries.len()), total);
    let mut ids = BTreeSet::new();
    let mut days = Vec::new();
    for entry in entries {
        let id = entry.text("id");
        assert!(ids.insert(id.to_owned()), "{id} comes twice");
        assert_eq!(entry.link("alternate"), Some(id));
        let page = service.get(path_of(service, id));
        assert_eq!(page.status, 200, "{id}");
        assert!(!entry.text("title").is_empty() && !entry.text("summary").is_empty());
        let author = entry.all("author").next().expect("an author");
        assert!(!author.text("name").is_empty());
        let updated = entry.text("updated");
        assert!(updated.parse::<jiff::Timestamp>().is_ok(), "{updated}");
        let published = entry.all("published").next();
        if let Some(published) = published {
            assert_eq!(published.text, updated);
        } else {
            assert_eq!(updated, feed.text("updated"), "when the index was built");
        }
        days.push(published.map(|day| day.text.clone()));
    }
    let mut sorted = days.clone();
    sorted.sort_by(|left, right| right.cmp(left));
    assert_eq!(days, sorted, "the newest first, those of no known day last");
    assert_eq!(days[0].as_deref(), Some("2016-11-24T00:00:00+08:00"));
    assert_eq!(days.last(), Some(&None));
}

#[test]
fn the_pages_of_a_feed_give_all_hits_once() {
    for query in [
        form(&[("q", "教师"), ("per_page", "3")]),
        form(&[
            ("q", ""),
            ("per_page", "7"),
            ("kind", "measure"),
            ("sort", "document"),
        ]),
        form(&[
            ("q", "教师交流"),
            ("match", "exact"),
            ("theme", "teachers"),
            ("per_page", "2"),
        ]),
    ] {
        let searched = SERVICE.get(&format!("/api/v1/search?{query}")).json();
        let mut next = Some(format!("/feed.atom?{query}"));
        let (mut ids, mut pages) = (Vec::new(), 0);
        let mut first = String::new();
        while let Some(path) = next {
            let feed = xml(&SERVICE, &path, "application/atom+xml");
            pages += 1;
            if pages == 1 {
                first = path.clone();
                assert_eq!(feed.link("previous"), None);
            } else {
                assert!(feed.link("previous").is_some());
            }
            assert_eq!(path_of(&SERVICE, feed.link("self").unwrap()), path);
            assert_eq!(path_of(&SERVICE, feed.link("first").unwrap()), first);
            assert_eq!(
                path_of(&SERVICE, feed.text("id")),
                first,
                "one feed on all pages"
            );
            assert_eq!(
                feed.text("opensearch:totalResults"),
                searched["total"].to_string()
            );
            ids.extend(feed.all("entry").map(|entry| entry.text("id").to_owned()));
            next = feed
                .link("next")
                .map(|next| path_of(&SERVICE, next).to_owned());
            if next.is_none() {
                assert_eq!(path_of(&SERVICE, feed.link("last").unwrap()), path);
            }
        }
        assert!(pages > 1, "{query}");
        assert_eq!(json!(ids.len()), searched["total"], "{query}");
        let distinct: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len(), "{query}");
    }
}

#[test]
fn a_feed_is_sorted_as_asked_and_refuses_what_it_does_not_know() {
    let query = form(&[("q", "教师交流轮岗"), ("sort", "relevance")]);
    let found = SERVICE.get(&format!("/api/v1/search?{query}")).json();
    let entries: Vec<String> = feed(&SERVICE, &query)
        .all("entry")
        .map(|entry| entry.text("id").rsplit('/').next().unwrap().to_owned())
        .collect();
    let hits: Vec<&str> = found["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["id"].as_str().unwrap())
        .collect();
    assert_eq!(entries, hits);
    for (query, name) in [
        ("facets=theme", "facets"),
        ("explain=true", "explain"),
        ("page=0", "page"),
        ("sort=newest", "sort"),
        ("year=now", "year"),
    ] {
        let answer = SERVICE.get(&format!("/feed.atom?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(name));
    }
}

#[test]
fn the_sitemap_lists_every_page_once_and_each_is_there() {
    let map = xml(&SERVICE, "/sitemap.xml", "application/xml");
    assert_eq!(map.name, "urlset");
    let addresses: Vec<&str> = map.all("url").map(|url| url.text("loc")).collect();
    let paths: Vec<&str> = addresses.iter().map(|url| path_of(&SERVICE, url)).collect();
    let distinct: BTreeSet<&str> = paths.iter().copied().collect();
    assert_eq!(distinct.len(), paths.len());
    let listed = SERVICE.get("/api/v1/reports?per_page=100").json();
    let mut expected = BTreeSet::new();
    for report in listed["reports"].as_array().unwrap() {
        expected.insert(report["url"].as_str().unwrap().to_owned());
        let id = report["id"].as_str().unwrap();
        let whole = SERVICE.get(&format!("/api/v1/reports/{id}")).json();
        for passage in whole["passages"].as_array().unwrap() {
            expected.insert(passage["url"].as_str().unwrap().to_owned());
        }
    }
    let is_text = |path: &&&str| path.starts_with("/reports/") || path.starts_with("/passages/");
    let texts: BTreeSet<String> = paths
        .iter()
        .filter(is_text)
        .map(|&path| path.to_owned())
        .collect();
    assert_eq!(texts, expected);
    for path in paths
        .iter()
        .filter(|path| !is_text(path))
        .chain(&paths[10..13])
    {
        assert_eq!(SERVICE.get(path).status, 200, "{path}");
    }
    assert_eq!(
        SERVICE.get("/sitemap/1.xml").body,
        SERVICE.get("/sitemap.xml").body,
        "the first part is all of it"
    );
    for wrong in [
        "/sitemap/0.xml",
        "/sitemap/2.xml",
        "/sitemap/x.xml",
        "/sitemap/-1.xml",
        "/sitemap/99999999999999999999.xml",
    ] {
        assert_eq!(SERVICE.get(wrong).status, 404, "{wrong}");
    }
    let days = xml(&DATED.1, "/sitemap.xml", "application/xml");
    let days: BTreeSet<&str> = days
        .all("url")
        .filter(|url| url.all("lastmod").next().is_some())
        .map(|url| url.text("lastmod"))
        .collect();
    assert_eq!(days, BTreeSet::from(["2013-05-01", "2016-11-24"]));
}

#[test]
fn robots_are_told_what_to_read_and_where_the_map_is() {
    let rules = SERVICE.get("/robots.txt");
    assert!(rules.header("content-type").starts_with("text/plain"));
    let map = format!("Sitemap: {}/sitemap.xml", SERVICE.address);
    assert!(rules.body.lines().any(|line| line == map), "{}", rules.body);
    assert!(
        rules.body.lines().any(|line| line == "Disallow: /*?"),
        "{}",
        rules.body
    );
    let corpus = corpus_of(&[("a.txt", REPORT)]);
    let closed = Service::with(corpus.path(), |settings| {
        settings.keys.search = SearchAccess::Required;
    });
    let rules = closed.get("/robots.txt");
    assert_eq!(
        (rules.status, rules.body.as_str()),
        (200, "User-agent: *\nDisallow: /\n")
    );
    for path in [
        "/sitemap.xml",
        "/sitemap/1.xml",
        "/feed.atom",
        "/opensearch/suggest?q=a",
    ] {
        assert_eq!(closed.get(path).status, 401, "{path}");
    }
    assert_eq!(closed.get("/opensearch.xml").status, 200);
}

#[test]
fn a_browser_learns_how_to_search_from_its_address_bar() {
    let kind = "application/opensearchdescription+xml";
    let described = xml(&SERVICE, "/opensearch.xml", kind);
    assert_eq!(described.name, "OpenSearchDescription");
    assert!(described.text("ShortName").chars().count() <= 16);
    assert!(described.text("Description").chars().count() <= 1024);
    let mut kinds = BTreeSet::new();
    for url in described.all("Url") {
        let template = url.attribute("template");
        let path = path_of(&SERVICE, template).replace("{searchTerms}", "%E6%95%99%E5%B8%88");
        let answer = SERVICE.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        let kind = url.attribute("type");
        assert!(answer.header("content-type").starts_with(kind), "{path}");
        kinds.insert(kind);
    }
    assert_eq!(
        kinds,
        BTreeSet::from([
            "text/html",
            "application/x-suggestions+json",
            "application/atom+xml",
            "application/opensearchdescription+xml",
        ])
    );
}

#[test]
fn suggestions_come_as_browsers_ask_for_them() {
    let typed = "jiaoshi";
    let own = SERVICE.get(&format!("/api/v1/suggest?q={typed}")).json();
    let answer = SERVICE
        .get(&format!("/opensearch/suggest?q={typed}"))
        .json();
    let lists: Vec<&Vec<Value>> = (1..4).map(|at| answer[at].as_array().unwrap()).collect();
    assert_eq!(answer[0], typed);
    assert!(!lists[0].is_empty());
    let expected: Vec<&Value> = own["suggestions"].as_array().unwrap().iter().collect();
    assert_eq!(lists[0].len(), expected.len());
    for (at, suggestion) in expected.into_iter().enumerate() {
        assert_eq!(lists[0][at], suggestion["text"]);
        assert!(lists[1][at].is_string());
        let page = path_of(&SERVICE, lists[2][at].as_str().unwrap());
        assert_eq!(SERVICE.get(page).status, 200, "{page}");
    }
    assert_eq!(SERVICE.get("/opensearch/suggest?limit=0").status, 400);
    assert_eq!(SERVICE.get("/opensearch/suggest?query=a").status, 400);
}

/// The addresses that an answer names the service by.
fn bases(service: &Service, headers: &[(&str, &str)]) -> BTreeSet<String> {
    let mut bases = BTreeSet::new();
    for (path, before) in [
        ("/robots.txt", "Sitemap: "),
        ("/sitemap.xml", "<loc>"),
        ("/opensearch.xml", "template=\""),
        ("/feed.atom", "<uri>"),
        ("/api/v1/export?format=jsonl&limit=1", "\"link\":\""),
    ] {
        let body = service.request("GET", path, headers).body;
        let at = body
            .find(before)
            .unwrap_or_else(|| panic!("{before} in {path}: {body}"));
        let address = &body[at + before.len()..];
        let end = address.find("://").map_or(0, |at| at + 3);
        let rest = &address[end..];
        let end = end + rest.find('/').expect("a path");
        bases.insert(address[..end].to_owned());
    }
    bases
}

#[test]
fn addresses_are_those_that_are_set_or_asked_for_and_never_what_a_proxy_says() {
    let corpus = corpus_of(&[("a.txt", REPORT)]);
    let set = Service::with(corpus.path(), |settings| {
        settings.server.public_url = "https://search.example.cn/".to_owned();
    });
    let forwarded = [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "host=evil.example;proto=https"),
    ];
    let expected = BTreeSet::from(["https://search.example.cn".to_owned()]);
    assert_eq!(bases(&set, &forwarded), expected);
    assert_eq!(
        bases(&SERVICE, &forwarded),
        BTreeSet::from([SERVICE.address.clone()])
    );
    // A host that is none stands nowhere; addresses are then of the same host.
    for host in ["a\"><b", "a/b?c", "a b", "<script>", "a&b"] {
        let request =
            format!("GET /feed.atom HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = SERVICE.raw(request.as_bytes());
        let answer = String::from_utf8_lossy(&answer);
        assert!(!answer.contains(host), "{host}: {answer}");
    }
}

/// Texts that are odd somewhere.
fn odd() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        any::<String>(),
        "[<>&\"'\\]\\[!CDAT\\-教师。\u{0}-\u{1f}\u{fffe}\u{ffff}\u{202e}]{0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn no_report_makes_a_document_malformed(title in odd(), heading in odd(), body in odd()) {
        let line = |text: &str| text.replace(['\n', '\r'], " ");
        let text = format!(
            "山西省晋中市:{}\n\n概述{body}。\n\n一、{}。{body}\n\n二、]]><script>。</content>{body}&amp;\n",
            line(&title),
            line(&heading)
        );
        let corpus = corpus_of(&[("a.txt", &text)]);
        let service = Service::of(corpus.path());
        let feed = feed(&service, "per_page=100");
        let exported = service.get("/api/v1/export?format=jsonl&sort=date").body;
        let hits: Vec<Value> = exported
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let entries: Vec<&Element> = feed.all("entry").collect();
        prop_assert_eq!(entries.len(), hits.len());
        let written = |value: &Value| -> String {
            let fits = |c: char| !matches!(c, '\u{fffe}' | '\u{ffff}') && (c >= ' ' || "\t\n\r".contains(c));
            let text = value.as_str().unwrap();
            text.chars().map(|c| if fits(c) { c } else { '\u{fffd}' }).collect()
        };
        for (entry, hit) in entries.iter().zip(&hits) {
            prop_assert_eq!(entry.text("content"), written(&hit["text"]));
            prop_assert_eq!(entry.text("summary"), written(&hit["snippet"]["text"]));
        }
        xml(&service, "/sitemap.xml", "application/xml");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_query_makes_a_document_malformed(text in odd()) {
        let query = form(&[("q", &text)]);
        let feed = feed(&SERVICE, &query);
        prop_assert_eq!(path_of(&SERVICE, feed.link("self").unwrap()), format!("/feed.atom?{query}"));
        let answer = SERVICE.get(&format!("/opensearch/suggest?{query}"));
        prop_assert_eq!(answer.status, 200);
        prop_assert!(answer.json()[1].is_array());
    }
}
