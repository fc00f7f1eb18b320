//! The pages for readers: whole without scripts, every link alive, every count kept, nothing
//! fetched from elsewhere.

mod language;
mod map;
mod size;

use std::collections::BTreeSet;

use crate::support::{Answer, SERVICE, Service, corpus_of};

/// `GET` as a browser does.
fn visit(service: &Service, path: &str) -> Answer {
    service.request("GET", path, &[("Accept", "text/html,*/*;q=0.8")])
}

/// A page of the seed's service that has to be there.
fn page(path: &str) -> String {
    let answer = visit(&SERVICE, path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.body
}

fn search_path(parameters: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    format!("/?{query}")
}

/// Each piece of `text` between `open` and the next `close`.
fn between<'t>(text: &'t str, open: &str, close: &str) -> Vec<&'t str> {
    text.split(open)
        .skip(1)
        .filter_map(|rest| rest.split_once(close).map(|(piece, _)| piece))
        .collect()
}

fn unescaped(html: &str) -> String {
    [
        ("&lt;", "<"),
        ("&#60;", "<"),
        ("&gt;", ">"),
        ("&#62;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
        ("&#38;", "&"),
    ]
    .into_iter()
    .fold(html.to_owned(), |text, (entity, character)| {
        text.replace(entity, character)
    })
}

/// A page without what marks matches and figures in its text.
fn unmarked(html: &str) -> String {
    let plain = html.replace("<mark>", "").replace("</mark>", "");
    let mut pieces = plain.split("<data class=\"figure\"");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        let (_, rest) = piece.split_once('>').expect("an element ends");
        text + &rest.replacen("</data>", "", 1)
    })
}

fn links(html: &str) -> BTreeSet<String> {
    between(html, "href=\"", "\"")
        .into_iter()
        .map(|link| unescaped(local(link)))
        .collect()
}

/// What follows scheme and host, where the address is one of the seed's service in full.
fn local(address: &str) -> &str {
    address.strip_prefix(&SERVICE.address).unwrap_or(address)
}

/// The number of passages a search page says it found.
fn total(html: &str) -> u64 {
    let summary = between(html, "class=\"summary\" role=\"status\">", "</p>");
    let summary = summary
        .first()
        .unwrap_or_else(|| panic!("no summary in {html}"));
    if *summary == "没有找到段落" {
        return 0;
    }
    let digits: String = summary
        .chars()
        .skip_while(|c| !c.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    digits
        .parse()
        .unwrap_or_else(|_| panic!("no total in {summary}"))
}

/// A link beside the hits: where it leads, its label, its count and whether it is chosen.
struct Choice {
    url: String,
    label: String,
    count: u64,
    chosen: bool,
}

/// The facets of a search page, with their labels.
fn facets(html: &str) -> Vec<(String, Vec<Choice>)> {
    let aside = between(html, "<aside class=\"facets\" id=\"filters\"", "</aside>");
    between(aside.first().expect("facets"), "<section>", "</section>")
        .into_iter()
        .map(|section| {
            let label = between(section, "<h2>", "</h2>");
            let choices = between(section, "<li>", "</li>")
                .into_iter()
                .map(|item| {
                    let one = |open, close| {
                        let found = between(item, open, close);
                        assert_eq!(found.len(), 1, "{open} in {item}");
                        unescaped(found.first().expect("one"))
                    };
                    let count = one("<data value=\"", "\">");
                    Choice {
                        url: one("href=\"", "\""),
                        label: one("<span>", "</span>"),
                        count: count.parse().expect("a count"),
                        chosen: item.contains("aria-current"),
                    }
                })
                .collect();
            (label.first().expect("a label").to_string(), choices)
        })
        .collect()
}

/// The page of some passage and of some report, as a reader comes to them.
fn some_passage_and_report() -> (String, String) {
    let all = links(&page(&search_path(&[("q", "教师交流")])));
    let first = |prefix: &str| {
        all.iter()
            .find(|link| link.starts_with(prefix))
            .unwrap_or_else(|| panic!("no {prefix} among {all:?}"))
            .clone()
    };
    (first("/passages/"), first("/reports/"))
}

/// One of each kind of page.
fn every_kind() -> Vec<String> {
    let (passage, report) = some_passage_and_report();
    vec![
        "/".to_owned(),
        search_path(&[("q", "教师交流")]),
        search_path(&[("q", "教育"), ("theme", "teachers"), ("sort", "region")]),
        search_path(&[("q", "教育"), ("page", "2")]),
        search_path(&[("q", "教师"), ("match", "exact"), ("province", "山西省")]),
        search_path(&[("q", "zzzz")]),
        passage,
        report,
        "/matrix?q=%E6%95%99%E5%B8%88".to_owned(),
        "/compare".to_owned(),
        "/compare?region=%E6%99%8B%E4%B8%AD&region=%E6%B3%B0%E5%B7%9E".to_owned(),
        "/about".to_owned(),
    ]
}

#[test]
fn every_page_is_a_whole_chinese_document_with_a_labelled_search_box() {
    let mut titles = BTreeSet::new();
    for path in every_kind() {
        let html = page(&path);
        assert!(html.starts_with("<!doctype html>"), "{path}");
        assert!(html.contains("<html lang=\"zh-CN\">"), "{path}");
        assert!(html.contains("<meta charset=\"utf-8\">"), "{path}");
        assert!(html.contains("name=\"viewport\""), "{path}");
        assert!(html.trim_end().ends_with("</html>"), "{path}");
        assert_eq!(html.matches("<main").count(), 1, "{path}");
        let title = between(&html, "<title>", "</title>");
        assert_eq!(title.len(), 1, "{path}");
        assert!(title.iter().all(|title| title.contains("策搜")), "{path}");
        titles.extend(title.iter().map(|&title| title.to_owned()));
        assert!(
            html.contains("<label class=\"hidden\" for=\"q\">"),
            "{path}"
        );
        assert!(html.contains("<input id=\"q\" name=\"q\""), "{path}");
        let mut scripts = between(&html, "<script", "</script>");
        // Data are never run.
        scripts.retain(|script| !script.starts_with(" type=\"application/ld+json\">"));
        assert_eq!(
            scripts.len(),
            1,
            "{path} has one script, and none in itself"
        );
        assert!(
            scripts
                .iter()
                .all(|script| script.starts_with(" type=\"module\" src=\"/assets/")),
            "{path}: {scripts:?}"
        );
        for tag in [
            "a", "p", "ol", "ul", "li", "section", "nav", "h1", "h2", "mark", "div",
        ] {
            let opened = html.matches(&format!("<{tag}>")).count()
                + html.matches(&format!("<{tag} ")).count();
            let closed = html.matches(&format!("</{tag}>")).count();
            assert_eq!(opened, closed, "<{tag}> on {path}");
        }
    }
    assert!(
        titles.len() >= 5,
        "pages are told apart by their titles: {titles:?}"
    );
}

#[test]
fn every_page_forbids_what_it_does_not_need() {
    for path in every_kind() {
        let answer = visit(&SERVICE, &path);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        let policy = answer.header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "require-trusted-types-for 'script'",
            "form-action 'self'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert!(
            !answer.body.contains("style=\""),
            "{path}: the policy forbids it"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    }
}

/// The sheet and the script that pages name.
fn assets() -> Vec<String> {
    let html = page("/");
    let all = between(&html, "\"/assets/", "\"");
    let named = all.into_iter().filter(|name| *name != "icon.svg");
    named.map(|name| format!("/assets/{name}")).collect()
}

#[test]
fn no_page_and_no_style_asks_another_host_for_anything() {
    for path in every_kind() {
        let html = page(&path);
        for attribute in ["src=\"", "href=\"", "action=\"", "srcset=\""] {
            for address in between(&html, attribute, "\"") {
                let address = local(address);
                let here = address.starts_with('#')
                    || (address.starts_with('/') && !address.starts_with("//"));
                assert!(here, "{path}: {attribute}{address}");
            }
        }
    }
    let files = assets();
    assert_eq!(files.len(), 2);
    for file in files {
        let content = page(&file);
        for outside in ["http:", "https:", "@import", "url(//"] {
            // The name of a kind of element is no address.
            let content = content.replace("http://www.w3.org/2000/svg", "");
            assert!(!content.contains(outside), "{outside} in {file}");
        }
    }
}

#[test]
fn every_link_on_every_kind_of_page_is_alive() {
    let mut alive = BTreeSet::new();
    for path in every_kind() {
        let html = page(&path);
        for link in links(&html) {
            if let Some(anchor) = link.strip_prefix('#') {
                assert!(html.contains(&format!("id=\"{anchor}\"")), "{path}: {link}");
                continue;
            }
            if alive.insert(link.clone()) {
                let answer = visit(&SERVICE, &link);
                assert_eq!(answer.status, 200, "{path} links to {link}");
            }
        }
    }
    assert!(alive.len() > 50, "only {} links were found", alive.len());
}

#[test]
fn a_count_beside_the_hits_is_the_total_of_the_page_it_leads_to() {
    let mut followed = 0;
    for path in [
        "/".to_owned(),
        search_path(&[("q", "教师交流")]),
        search_path(&[("q", "教育"), ("theme", "teachers")]),
        search_path(&[("q", "学校"), ("match", "exact"), ("province", "江苏省")]),
        search_path(&[("q", "教师交流 集团化办学 营养午餐")]),
    ] {
        let html = page(&path);
        let here = total(&html);
        let facets = facets(&html);
        assert!(!facets.is_empty(), "{path}");
        for (facet, choices) in facets {
            // A value of a field that is narrowed already widens it, so its count is not a total.
            let narrowed = choices.iter().any(|choice| choice.chosen);
            for choice in choices.iter().filter(|_| !narrowed) {
                let there = total(&page(&choice.url));
                assert_eq!(there, choice.count, "{path}: {facet} {}", choice.label);
                assert!(there <= here, "{path}: {facet} {}", choice.label);
                followed += 1;
            }
        }
    }
    assert!(followed > 50, "only {followed} counts were checked");
}

#[test]
fn choosing_a_value_marks_it_and_choosing_it_again_gives_it_up() {
    let before = search_path(&[("q", "教师"), ("sort", "region")]);
    let choices = facets(&page(&before));
    let (_, provinces) = choices
        .iter()
        .find(|(label, _)| label == "省份")
        .expect("provinces are offered");
    let first = provinces.first().expect("a province");
    let narrowed = page(&first.url);
    let again = facets(&narrowed);
    let chosen: Vec<&Choice> = again
        .iter()
        .flat_map(|(_, choices)| choices)
        .filter(|choice| choice.chosen)
        .collect();
    assert_eq!(chosen.len(), 1);
    for choice in chosen {
        assert_eq!(choice.label, first.label);
        assert_eq!(choice.count, first.count, "its own filter is ignored");
        assert_eq!(total(&page(&choice.url)), total(&page(&before)));
    }
    assert!(
        narrowed.contains(&format!("省份：<span>{}</span>", first.label)),
        "a chip"
    );
    assert!(
        narrowed.contains("<input type=\"hidden\" name=\"province\""),
        "a new query keeps the filter"
    );
    assert!(narrowed.contains("<input type=\"hidden\" name=\"sort\" value=\"region\">"));
}

#[test]
fn a_search_shows_marked_hits_and_keeps_what_was_typed() {
    let html = page(&search_path(&[("q", "教师交流 \"轮岗\" <b>")]));
    assert!(html.contains("<mark>"), "matches are marked");
    let typed = between(&html, "type=\"search\" value=\"", "\"");
    let typed: Vec<String> = typed.into_iter().map(unescaped).collect();
    assert_eq!(typed, ["教师交流 \"轮岗\" <b>"]);
    assert!(!html.contains("<b>\""));
}

#[test]
fn pages_of_hits_follow_one_another() {
    let first = page(&search_path(&[("q", "教育")]));
    let whole = total(&first);
    let mut path = Some(search_path(&[("q", "教育")]));
    let mut shown = BTreeSet::new();
    let mut pages = 0;
    while let Some(here) = path {
        let html = page(&here);
        let hits = between(&html, "<ol class=\"hits\">", "</ol>");
        let hits = links(hits.first().expect("hits"));
        let before = shown.len();
        shown.extend(
            hits.into_iter()
                .filter(|link| link.starts_with("/passages/")),
        );
        assert!(shown.len() > before, "{here} shows something new");
        pages += 1;
        assert_eq!(html.contains("rel=\"prev\""), pages > 1, "{here}");
        path = html.split("<a ").find_map(|tag| {
            let (tag, _) = tag.split_once('>')?;
            tag.contains("rel=\"next\"").then(|| {
                unescaped(
                    between(tag, "href=\"", "\"")
                        .first()
                        .copied()
                        .unwrap_or_default(),
                )
            })
        });
    }
    assert_eq!(shown.len() as u64, whole);
    assert_eq!(pages, whole.div_ceil(10));
}

#[test]
fn a_page_past_the_last_says_so_and_leads_back() {
    let path = search_path(&[("q", "教育"), ("page", "900")]);
    let html = page(&path);
    assert!(html.contains("没有第 900 页"), "{html}");
    let back = search_path(&[("q", "教育")]);
    assert!(
        links(&html).contains(&back),
        "no {back} among {:?}",
        links(&html)
    );
}

#[test]
fn a_search_without_hits_says_what_to_try() {
    let html = page(&search_path(&[
        ("q", "zzzz"),
        ("match", "exact"),
        ("province", "山西省"),
    ]));
    assert_eq!(total(&html), 0);
    for hint in ["去掉所有筛选", "改用智能匹配", "浏览全部段落"] {
        assert!(html.contains(hint), "{hint}");
    }
}

#[test]
fn a_relaxed_search_says_so_and_names_what_a_hit_lacks() {
    let html = page(&search_path(&[("q", "教师交流 集团化办学 营养午餐")]));
    let notice = between(&html, "<p class=\"notice\">", "</p>");
    assert!(
        notice
            .iter()
            .any(|notice| notice.contains("含有其中一部分")),
        "{notice:?}"
    );
    assert!(html.contains("未含"), "hits name what they lack");
    let strict = page(&search_path(&[("q", "教师")]));
    assert!(!strict.contains("含有其中一部分"));
}

#[test]
fn an_empty_corpus_has_a_page_that_says_where_reports_go() {
    let corpus = corpus_of(&[]);
    let service = Service::of(corpus.path());
    for path in ["/", "/?q=%E6%95%99%E5%B8%88"] {
        let answer = visit(&service, path);
        assert_eq!(answer.status, 200);
        assert!(answer.body.contains("还没有报告"), "{}", answer.body);
        assert!(answer.body.contains("reports/"), "{}", answer.body);
    }
    assert_eq!(service.get("/api/v1/search?q=1").json()["total"], 0);
    assert_eq!(service.get("/api/v1/reports").json()["total"], 0);
}

#[test]
fn a_passage_page_shows_it_whole_within_its_report() {
    let hit = SERVICE.search(&[("q", "实施“万人交流”计划")]).json()["hits"][0].clone();
    let url = hit["url"].as_str().expect("a path");
    let html = page(&format!("{url}?q=%E4%BA%A4%E6%B5%81"));
    let plain = unmarked(&html);
    let whole = SERVICE.get(&format!("/api/v1{url}")).json();
    for paragraph in whole["paragraphs"].as_array().expect("a list") {
        let paragraph = paragraph.as_str().expect("a text");
        assert!(unescaped(&plain).contains(paragraph), "{paragraph}");
    }
    assert!(html.contains("<mark>交流</mark>"), "the query is marked");
    assert!(plain.contains("山西省晋中市:全市一盘棋 城乡一体化"));
    let measures = between(&html, "<aside", "</aside>");
    assert_eq!(measures.len(), 1);
    assert_eq!(
        measures.concat().matches("<li>").count(),
        SERVICE
            .search(&[("report", hit["report"]["id"].as_str().expect("an id"))])
            .json()["total"]
            .as_u64()
            .and_then(|total| usize::try_from(total).ok())
            .expect("a total"),
        "the report's passages are all listed"
    );
    assert_eq!(
        measures.concat().matches("aria-current=\"page\"").count(),
        1
    );
    assert!(html.contains("rel=\"prev\"") && html.contains("rel=\"next\""));
    assert!(
        links(&html).contains("/?q=%E4%BA%A4%E6%B5%81"),
        "back to the hits"
    );
}

#[test]
fn a_report_page_shows_all_its_text_in_order() {
    let reports = SERVICE.get("/api/v1/reports?per_page=100").json();
    for report in reports["reports"].as_array().expect("a list") {
        let url = report["url"].as_str().expect("a path");
        let html = unescaped(&unmarked(&page(url)));
        let whole = SERVICE.get(&format!("/api/v1{url}")).json();
        let mut from = 0;
        for passage in whole["passages"].as_array().expect("a list") {
            let id = passage["id"].as_str().expect("an id");
            let at = html
                .find(&format!("id=\"{id}\""))
                .unwrap_or_else(|| panic!("{id} is not on {url}"));
            assert!(from <= at, "{id} is out of order on {url}");
            from = at;
            let text = passage["text"].as_str().expect("a text");
            let last = text.lines().last().expect("a passage has lines");
            let sentence = last.split('。').rfind(|part| !part.trim().is_empty());
            let sentence = sentence.expect("a sentence").trim();
            assert!(html.contains(sentence), "{sentence} is not on {url}");
        }
    }
}

#[test]
fn refusals_to_a_reader_are_pages() {
    for (path, status, said) in [
        ("/?page=0", 400, "参数 page 的值“0”无效"),
        ("/?provnce=x", 400, "province"),
        ("/passages/nothing", 404, "nothing"),
        ("/passages/nothing?page=0", 400, "page"),
        ("/reports/nothing", 404, "nothing"),
        ("/nothing", 404, "/nothing"),
    ] {
        let answer = visit(&SERVICE, path);
        assert_eq!(answer.status, status, "{path}");
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{path}"
        );
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'none'")
        );
        assert!(answer.body.contains(said), "{path}: {}", answer.body);
        assert!(answer.body.contains("<html lang=\"zh-CN\">"), "{path}");
        assert!(links(&answer.body).contains("/"), "{path} leads home");
    }
    let program = visit(&SERVICE, "/api/v1/nothing");
    assert_eq!(program.status, 404);
    assert_eq!(program.header("content-type"), "application/problem+json");
}

#[test]
fn the_sheet_and_the_script_are_kept_for_good_and_the_icon_for_a_while() {
    for path in assets() {
        let kind = if path.ends_with("/site.css") {
            "text/css; charset=utf-8"
        } else {
            "text/javascript; charset=utf-8"
        };
        let plain = SERVICE.request("GET", &path, &[("Accept-Encoding", "identity")]);
        assert_eq!(plain.status, 200, "{path}");
        assert_eq!(plain.header("content-type"), kind);
        assert_eq!(plain.header("content-encoding"), "");
        assert!(plain.header("cache-control").contains("immutable"));
        for encoding in ["br", "gzip"] {
            let packed = SERVICE.request("GET", &path, &[("Accept-Encoding", encoding)]);
            assert_eq!(packed.body, plain.body, "{path} with {encoding}");
        }
    }
    assert_eq!(SERVICE.get("/assets/0/site.css").status, 404);
    let icon = SERVICE.get("/assets/icon.svg");
    assert_eq!(icon.status, 200);
    assert_eq!(icon.header("content-type"), "image/svg+xml");
    assert!(icon.header("cache-control").contains("max-age"));
}
