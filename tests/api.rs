//! Whole answers of the HTTP API as snapshots, and how answers agree with one another: scores and
//! their parts, filters and counts, pages, orders.
//!
//! Scores and times differ from one machine and one ranking to the next and are masked in the
//! snapshots; what they must add up to is asserted beside them.

use std::collections::BTreeSet;

use insta::assert_json_snapshot;
use insta::internals::Redaction;
use serde_json::{Value, json};

use crate::support::SERVICE;

/// A search that has to succeed.
fn found(parameters: &[(&str, &str)]) -> Value {
    let answer = SERVICE.search(parameters);
    assert_eq!(answer.status, 200, "{parameters:?}: {}", answer.body);
    answer.json()
}

fn ids(answer: &Value) -> Vec<String> {
    let hits = answer["hits"].as_array().expect("hits are a list");
    hits.iter()
        .map(|hit| hit["id"].as_str().expect("an id is a text").to_owned())
        .collect()
}

fn total(answer: &Value) -> u64 {
    answer["total"].as_u64().expect("a total is a count")
}

fn masked(what: &'static str) -> Redaction {
    insta::dynamic_redaction(move |value, path| {
        let number = match value {
            insta::internals::Content::F64(number) => number,
            insta::internals::Content::F32(number) => f64::from(number),
            ref other => panic!("{path} is {other:?} and no number"),
        };
        assert!(number >= 0.0, "{path} is {number}");
        insta::internals::Content::String(what.to_owned())
    })
}

/// Compares a search's whole answer with the snapshot `name`.
fn check_search(name: &str, parameters: &[(&str, &str)]) {
    let answer = SERVICE.search(parameters);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!(name, answer.json(), {
            ".took_ms" => masked("[milliseconds]"),
            ".hits[].score" => masked("[score]"),
            ".hits[].explain.total" => masked("[score]"),
            ".hits[].explain.parts[].score" => masked("[score]"),
        });
    });
}

#[test]
fn a_search_answers_with_hits_facets_and_the_parts_of_each_score() {
    check_search(
        "search",
        &[
            ("q", "教师交流"),
            ("facets", "province,theme"),
            ("explain", "true"),
            ("per_page", "2"),
        ],
    );
}

#[test]
fn an_empty_query_lists_every_passage_overviews_included() {
    check_search("search_everything", &[("q", ""), ("per_page", "3")]);
}

#[test]
fn an_exact_search_answers_with_the_passages_that_contain_the_string() {
    check_search(
        "search_exact",
        &[
            ("q", "校长教师交流轮岗"),
            ("match", "exact"),
            ("facets", ""),
        ],
    );
}

#[test]
fn a_relaxed_search_says_how_far_and_what_each_hit_lacks() {
    check_search(
        "search_relaxed",
        &[
            ("q", "教师交流 集团化办学 营养午餐"),
            ("per_page", "2"),
            ("facets", "kind"),
        ],
    );
}

#[test]
fn a_filtered_search_marks_what_is_selected_in_every_facet() {
    check_search(
        "search_filtered",
        &[
            ("q", "教师"),
            ("province", "山西省"),
            ("province", "河北省"),
            ("kind", "measure"),
            ("per_page", "1"),
            ("facets", "province,city,county,theme,kind,report,year"),
        ],
    );
}

#[test]
fn a_passage_answers_with_its_text_and_its_neighbours() {
    let answer = SERVICE.get(&format!("/api/v1/passages/{}", SERVICE.some_passage()));
    assert_eq!(answer.status, 200, "{}", answer.body);
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!("passage", answer.json());
    });
}

#[test]
fn the_reports_are_listed_in_the_order_of_the_corpus() {
    let answer = SERVICE.get("/api/v1/reports");
    assert_eq!(answer.status, 200, "{}", answer.body);
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!("reports", answer.json());
    });
}

#[test]
fn a_report_answers_with_its_passages_in_order() {
    let answer = SERVICE.get(&format!("/api/v1/reports/{}", SERVICE.some_report()));
    assert_eq!(answer.status, 200, "{}", answer.body);
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!("report", answer.json());
    });
}

#[test]
fn health_and_readiness_are_told_and_never_kept() {
    let live = SERVICE.get("/healthz");
    let ready = SERVICE.get("/readyz");
    for answer in [&live, &ready] {
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!("health", json!({"healthz": live.json(), "readyz": ready.json()}), {
            ".readyz.generation" => "[generation]",
            ".readyz.built_at" => "[time]",
        });
    });
}

/// The answer of the issue, as JSON pointers with the types they promise; `?` may be null.
const PROMISED: [(&str, &str); 31] = [
    ("/query/text", "text"),
    ("/query/match", "text"),
    ("/query/rewrites", "list"),
    ("/total", "count"),
    ("/page", "count"),
    ("/per_page", "count"),
    ("/took_ms", "number"),
    ("/hits", "list"),
    ("/hits/0/id", "text"),
    ("/hits/0/score", "number"),
    ("/hits/0/url", "text"),
    ("/hits/0/report/id", "text"),
    ("/hits/0/report/title", "text"),
    ("/hits/0/report/source", "text"),
    ("/hits/0/region/name", "text"),
    ("/hits/0/region/province", "text"),
    ("/hits/0/region/city", "text"),
    ("/hits/0/region/county", "null"),
    ("/hits/0/region/code", "text"),
    ("/hits/0/kind", "text"),
    ("/hits/0/measure/number", "count"),
    ("/hits/0/measure/path", "text"),
    ("/hits/0/measure/heading", "text"),
    ("/hits/0/themes/0/id", "text"),
    ("/hits/0/themes/0/label", "text"),
    ("/hits/0/snippet/text", "text"),
    ("/hits/0/snippet/html", "text"),
    ("/facets/province/0/value", "text"),
    ("/facets/province/0/label", "text"),
    ("/facets/province/0/count", "count"),
    ("/facets/province/0/selected", "truth"),
];

#[test]
fn every_promised_field_is_there_with_its_type() {
    let answer = found(&[("q", "教师交流"), ("facets", "province,theme")]);
    for (pointer, kind) in PROMISED {
        let value = answer
            .pointer(pointer)
            .unwrap_or_else(|| panic!("{pointer} is missing in {answer}"));
        let right = match kind {
            "text" => value.is_string(),
            "count" => value.is_u64(),
            "number" => value.is_number(),
            "list" => value.is_array(),
            "truth" => value.is_boolean(),
            "null" => value.is_null(),
            other => panic!("{other} is no type"),
        };
        assert!(right, "{pointer} is {value}, not a {kind}");
    }
    assert_eq!(answer["hits"][0]["region"]["name"], "江苏省泰州市");
    assert_eq!(answer["hits"][0]["region"]["code"], "321200");
    assert_eq!(
        answer["hits"][0]["measure"]["heading"],
        "坚持硬软件齐抓,融合型发展,进一步放大优质资源辐射带动效应"
    );
    let overviews = found(&[("q", ""), ("kind", "overview"), ("per_page", "100")]);
    assert_eq!(total(&overviews), 10);
    for hit in overviews["hits"].as_array().expect("a list") {
        assert_eq!(hit["kind"], "overview");
        assert!(hit["measure"].is_null(), "{hit}");
    }
}

#[test]
fn a_score_is_the_sum_of_its_parts() {
    let cases = [
        ("教师交流", "smart"),
        ("教师交流 集团化办学", "smart"),
        ("“教师交流” OR 招生", "smart"),
        ("校长教师交流", "exact"),
    ];
    for (text, matching) in cases {
        let answer = found(&[("q", text), ("match", matching), ("explain", "true")]);
        assert!(total(&answer) > 0, "{text}");
        for hit in answer["hits"].as_array().expect("a list") {
            let score = hit["score"].as_f64().expect("a score");
            let parts = hit["explain"]["parts"].as_array().expect("parts");
            let sum: f64 = parts
                .iter()
                .map(|part| part["score"].as_f64().expect("a part's score"))
                .sum();
            assert!(
                (score - sum).abs() <= 1e-3 * score.max(1.0),
                "{text} {matching}: {score} is not {sum}, the sum of {parts:?}"
            );
        }
    }
    let silent = found(&[("q", "教师交流")]);
    assert!(silent["hits"][0].get("explain").is_none());
}

#[test]
fn every_address_in_an_answer_leads_to_a_page() {
    let answer = found(&[("q", "教师交流"), ("per_page", "2")]);
    let hit = &answer["hits"][0];
    for url in [&hit["url"], &hit["report"]["url"]] {
        let url = url.as_str().expect("a path");
        let page = SERVICE.get(url);
        assert_eq!(page.status, 200, "{url}");
        assert!(
            page.header("content-type").starts_with("text/html"),
            "{url}"
        );
    }
}

#[test]
fn values_of_one_field_widen_and_other_fields_narrow() {
    let all = |parameters: &[(&str, &str)]| -> BTreeSet<String> {
        let parameters: Vec<_> = parameters
            .iter()
            .copied()
            .chain([("per_page", "100")])
            .collect();
        ids(&found(&parameters)).into_iter().collect()
    };
    for text in ["", "教师"] {
        let q = ("q", text);
        let (one, other) = (("province", "山西省"), ("province", "河北省"));
        let teachers = ("theme", "teachers");
        let either = all(&[q, one, other]);
        assert!(!either.is_empty());
        assert_eq!(either, &all(&[q, one]) | &all(&[q, other]), "{text}");
        assert_eq!(
            all(&[q, one, other, teachers]),
            &either & &all(&[q, teachers]),
            "{text}"
        );
        assert_eq!(all(&[q, one, ("province", "没有这个省")]), all(&[q, one]));
        assert_eq!(all(&[q, ("province", "没有这个省")]), BTreeSet::new());
    }
}

#[test]
fn every_hit_has_the_value_it_is_filtered_by() {
    let facets = "province,city,county,theme,kind,report,year";
    let answer = found(&[("q", ""), ("facets", facets)]);
    let holds = |hit: &Value, facet: &str, value: &Value| match facet {
        "province" | "city" | "county" => hit["region"][facet] == *value,
        "theme" => hit["themes"]
            .as_array()
            .is_some_and(|themes| themes.iter().any(|theme| theme["id"] == *value)),
        "kind" => hit["kind"] == *value,
        "report" => hit["report"]["id"] == *value,
        "year" => hit["years"].as_array().is_some_and(|years| {
            years
                .iter()
                .any(|year| Some(year.to_string().as_str()) == value.as_str())
        }),
        other => panic!("{other} is no facet"),
    };
    for facet in facets.split(',') {
        let values = answer["facets"][facet].as_array().expect("a list");
        assert!(!values.is_empty(), "the seed has a {facet}");
        for value in values {
            let text = value["value"].as_str().expect("a text");
            let narrowed = found(&[("q", ""), (facet, text), ("per_page", "100")]);
            assert_eq!(narrowed["total"], value["count"], "{facet}={text}");
            for hit in narrowed["hits"].as_array().expect("a list") {
                assert!(holds(hit, facet, &value["value"]), "{facet}={text}: {hit}");
            }
        }
    }
}

#[test]
fn pages_follow_one_another_without_gap_or_repetition() {
    let cases = [
        ("", "relevance"),
        ("教育", "relevance"),
        ("教师交流", "relevance"),
        ("教育", "region"),
        ("教育", "document"),
    ];
    for (text, sort) in cases {
        let base = [("q", text), ("sort", sort)];
        let page = |page: usize, per_page: &str| {
            let page = page.to_string();
            let more = [("page", page.as_str()), ("per_page", per_page)];
            found(&[base[0], base[1], more[0], more[1]])
        };
        let whole = page(1, "46");
        let mut pieces = Vec::new();
        for number in 1..=7 {
            let piece = page(number, "7");
            assert_eq!(piece["total"], whole["total"], "{text} {sort}");
            assert_eq!(piece["page"], number);
            assert_eq!(piece["per_page"], 7);
            pieces.extend(ids(&piece));
        }
        assert_eq!(pieces, ids(&whole), "{text} {sort}");
        let distinct: BTreeSet<&String> = pieces.iter().collect();
        assert_eq!(distinct.len(), pieces.len(), "{text} {sort}");
        assert_eq!(pieces.len() as u64, total(&whole), "{text} {sort}");

        let past = page(1000, "10");
        assert_eq!(ids(&past), Vec::<String>::new());
        assert_eq!(past["total"], whole["total"], "{text} {sort}");
    }
}

#[test]
fn a_listing_of_reports_is_paged_and_knows_its_length() {
    let ids = |answer: &Value| -> Vec<Value> {
        let reports = answer["reports"].as_array().expect("a list");
        reports.iter().map(|report| report["id"].clone()).collect()
    };
    let whole = SERVICE.get("/api/v1/reports?per_page=100").json();
    assert_eq!(whole["total"], 10);
    let mut pieces = Vec::new();
    for page in 1..=4 {
        let piece = SERVICE.get(&format!("/api/v1/reports?page={page}&per_page=3"));
        assert_eq!(piece.json()["total"], 10);
        pieces.extend(ids(&piece.json()));
    }
    assert_eq!(pieces, ids(&whole));
    assert_eq!(pieces.len(), 10);
    let past = SERVICE.get("/api/v1/reports?page=10000").json();
    assert_eq!(ids(&past), Vec::<Value>::new());
    assert_eq!(past["total"], 10);
}

#[test]
fn hits_come_in_the_order_that_is_asked_for() {
    let everything = ids(&found(&[("q", ""), ("per_page", "100")]));
    assert_eq!(everything.len(), 46);
    let document = ids(&found(&[
        ("q", "教育"),
        ("sort", "document"),
        ("per_page", "100"),
    ]));
    let places: Vec<usize> = document
        .iter()
        .map(|id| {
            everything
                .iter()
                .position(|other| other == id)
                .expect("listed")
        })
        .collect();
    assert!(places.len() > 10 && places.is_sorted(), "{places:?}");

    let reports = SERVICE.get("/api/v1/reports?per_page=100").json();
    let mut in_reports = Vec::new();
    for report in reports["reports"].as_array().expect("a list") {
        let id = report["id"].as_str().expect("a text");
        let report = SERVICE.get(&format!("/api/v1/reports/{id}")).json();
        let passages = report["passages"].as_array().expect("a list");
        in_reports.extend(passages.iter().map(|passage| passage["id"].clone()));
    }
    assert_eq!(
        json!(everything),
        json!(in_reports),
        "the corpus has one order"
    );

    let by_region = found(&[("q", "教育"), ("sort", "region"), ("per_page", "100")]);
    let codes: Vec<&str> = by_region["hits"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|hit| hit["region"]["code"].as_str().expect("all are known"))
        .collect();
    assert_eq!(codes.len(), document.len(), "the order changes no set");
    assert!(codes.is_sorted(), "{codes:?}");

    let ranked = found(&[("q", "教育"), ("per_page", "100")]);
    let scores: Vec<f64> = ranked["hits"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|hit| hit["complete"] == true)
        .map(|hit| hit["score"].as_f64().expect("a score"))
        .collect();
    assert!(scores.iter().rev().is_sorted(), "{scores:?}");
}

#[test]
fn by_report_each_stands_once_where_its_best_passage_stood() {
    for query in [
        "教育",
        "教师交流",
        "怎样推进教师交流轮岗工作",
        "投资10亿元以上",
        "",
    ] {
        for sort in ["relevance", "region", "document"] {
            let asked = [("q", query), ("sort", sort), ("per_page", "100")];
            let all = found(&asked);
            let reports: Vec<&str> = all["hits"]
                .as_array()
                .expect("hits")
                .iter()
                .map(|hit| hit["report"]["id"].as_str().expect("an id"))
                .collect();
            let mut firsts = BTreeSet::new();
            let best: Vec<String> = ids(&all)
                .into_iter()
                .zip(&reports)
                .filter(|(_, report)| firsts.insert(**report))
                .map(|(id, _)| id)
                .collect();
            let grouped = found(&[asked.as_slice(), &[("group", "report")]].concat());
            assert_eq!(total(&grouped), total(&all), "{query} by {sort}");
            assert_eq!(ids(&grouped), best, "{query} by {sort}");
            assert_eq!(grouped["reports"], best.len(), "{query} by {sort}");
            for hit in grouped["hits"].as_array().expect("hits") {
                let id = hit["report"]["id"].as_str().expect("an id");
                let count = reports.iter().filter(|report| **report == id).count();
                assert_eq!(hit["in_report"], count, "{query} by {sort}: {id}");
            }
            // Page by page it is the same.
            let mut paged = Vec::new();
            for page in 1..=best.len().div_ceil(3) {
                let page = page.to_string();
                let part = [
                    ("q", query),
                    ("sort", sort),
                    ("per_page", "3"),
                    ("page", &page),
                ];
                paged.extend(ids(&found(
                    &[part.as_slice(), &[("group", "report")]].concat(),
                )));
            }
            assert_eq!(paged, best, "{query} by {sort}");
        }
    }
    let refused = SERVICE.search(&[("group", "region")]);
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["parameter"], "group");
    let plain = found(&[("q", "教育")]);
    assert!(plain.get("reports").is_none() && plain["hits"][0].get("in_report").is_none());
}
