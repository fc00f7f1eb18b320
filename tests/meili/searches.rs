//! Searches: pages, order, marks and crops, facets, several at once.

use serde_json::{Value, json};

use super::{DOCUMENTS, SERVICE, ids, post, refused, search};

#[test]
fn what_is_found_is_what_the_native_api_finds() {
    for q in ["教师交流轮岗", "", "jiaoshi", "\"交流轮岗\" -经费", "！？"] {
        let native = SERVICE.search(&[("q", q), ("per_page", "20")]).json();
        let found = search(&json!({"q": q}));
        assert_eq!(ids(&found["hits"]), ids(&native["hits"]), "{q}");
        assert_eq!(found["estimatedTotalHits"], native["total"], "{q}");
        assert_eq!(found["query"], q);
        assert_eq!((&found["offset"], &found["limit"]), (&json!(0), &json!(20)));
        assert!(found["processingTimeMs"].is_u64());
        assert!(found.get("totalHits").is_none());
    }
}

#[test]
fn get_asks_the_same_as_post() {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("q", "教师")
        .append_pair("limit", "3")
        .append_pair("filter", "province = 河北省 OR kind = measure")
        .append_pair("facets", "province,kind")
        .append_pair("attributesToRetrieve", "id, heading")
        .append_pair("attributesToHighlight", "*")
        .append_pair("attributesToCrop", "body:4")
        .append_pair("showRankingScore", "true")
        .append_pair("sort", "year:desc")
        .finish();
    let got = SERVICE.get(&format!("/meili/indexes/passages/search?{query}"));
    assert_eq!(got.status, 200, "{}", got.body);
    let mut got = got.json();
    let mut posted = search(&json!({
        "q": "教师",
        "limit": 3,
        "filter": "province = 河北省 OR kind = measure",
        "facets": ["province", "kind"],
        "attributesToRetrieve": ["id", "heading"],
        "attributesToHighlight": ["*"],
        "attributesToCrop": ["body:4"],
        "showRankingScore": true,
        "sort": ["year:desc"],
    }));
    got["processingTimeMs"] = json!(0);
    posted["processingTimeMs"] = json!(0);
    assert_eq!(got, posted);
    let list = r#"[["province = 河北省"]]"#;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("filter", list)
        .finish();
    let got = SERVICE
        .get(&format!("/meili/indexes/passages/search?{query}"))
        .json();
    let posted = search(&json!({"filter": "province = 河北省"}));
    assert_eq!(got["estimatedTotalHits"], posted["estimatedTotalHits"]);
}

#[test]
fn the_first_call_of_a_page_says_nothing_but_what_it_shows() {
    let found = search(&json!({
        "facets": ["province", "year"],
        "attributesToHighlight": ["*"],
        "highlightPreTag": "__ais-highlight__",
        "highlightPostTag": "__/ais-highlight__",
        "hitsPerPage": 20,
        "page": 1,
    }));
    assert_eq!(found["query"], "");
    assert_eq!(found["hits"].as_array().unwrap().len(), 20);
    assert_eq!(found["totalHits"], DOCUMENTS.len());
    assert_eq!(found["totalPages"], DOCUMENTS.len().div_ceil(20));
    assert!(found.get("estimatedTotalHits").is_none());
}

#[test]
fn pages_and_offsets_are_of_one_list() {
    let all = ids(&json!(*DOCUMENTS)).join(" ");
    let mut paged = Vec::new();
    for page in 1..=DOCUMENTS.len().div_ceil(7) {
        let found = search(&json!({"page": page, "hitsPerPage": 7}));
        assert_eq!(found["page"], page);
        paged.extend(ids(&found["hits"]).into_iter().map(str::to_owned));
    }
    assert_eq!(paged.join(" "), all);
    let found = search(&json!({"offset": 5, "limit": 3}));
    assert_eq!(ids(&found["hits"]), paged[5..8]);
    for (asked, pages) in [
        (
            json!({"page": 0, "hitsPerPage": 10}),
            DOCUMENTS.len().div_ceil(10),
        ),
        (json!({"hitsPerPage": 0, "facets": ["kind"]}), 0),
        (
            json!({"page": 1_000_000, "hitsPerPage": 10}),
            DOCUMENTS.len().div_ceil(10),
        ),
        (json!({"page": u64::MAX, "hitsPerPage": u64::MAX}), 1),
    ] {
        let found = search(&asked);
        assert_eq!(found["hits"], json!([]), "{asked}");
        assert_eq!(found["totalPages"], pages, "{asked}");
        assert_eq!(found["totalHits"], DOCUMENTS.len(), "{asked}");
    }
    let none = search(&json!({"offset": u64::MAX, "limit": u64::MAX}));
    assert_eq!(none["hits"], json!([]));
}

#[test]
fn orders_by_numbers_both_ways() {
    for (sort, field, descending) in [
        ("year:desc", "year", true),
        ("year:asc", "year", false),
        ("day:desc", "day", true),
        ("day:asc", "day", false),
        ("region_code:asc", "region_code", false),
        ("region_code:desc", "region_code", true),
    ] {
        let found = search(&json!({"q": "教师", "sort": [sort], "limit": 1000}));
        let numbers: Vec<Option<u64>> = found["hits"]
            .as_array()
            .unwrap()
            .iter()
            .map(|hit| {
                let all = match &hit[field] {
                    Value::Array(all) => all.iter().filter_map(Value::as_u64).collect(),
                    Value::String(text) => vec![text.parse().unwrap()],
                    other => other.as_u64().into_iter().collect::<Vec<_>>(),
                };
                if descending {
                    all.into_iter().max()
                } else {
                    all.into_iter().min()
                }
            })
            .collect();
        let mut sorted = numbers.clone();
        sorted.sort_by_key(|number| match number {
            None => (true, 0),
            Some(number) if descending => (false, u64::MAX - number),
            Some(number) => (false, *number),
        });
        assert_eq!(numbers, sorted, "{sort}");
        assert!(numbers.iter().flatten().count() > 1, "{sort}");
        let plain = search(&json!({"q": "教师", "limit": 1000}));
        assert_eq!(found["estimatedTotalHits"], plain["estimatedTotalHits"]);
    }
    let two = search(&json!({"sort": ["year:desc", "region_code:asc"], "limit": 1000}));
    let keys: Vec<(u64, String)> = two["hits"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|hit| {
            let year = hit["year"]
                .as_array()?
                .iter()
                .filter_map(Value::as_u64)
                .max()?;
            Some((
                u64::MAX - year,
                hit["region_code"].as_str().unwrap_or("999999").to_owned(),
            ))
        })
        .collect();
    assert!(keys.is_sorted(), "{keys:?}");
}

#[test]
fn one_hit_for_each_report() {
    let found = search(&json!({"q": "教师", "limit": 1000}));
    let mut reports: Vec<&str> = Vec::new();
    let mut firsts: Vec<&str> = Vec::new();
    for hit in found["hits"].as_array().unwrap() {
        let report = hit["report_id"].as_str().unwrap();
        if !reports.contains(&report) {
            reports.push(report);
            firsts.push(hit["id"].as_str().unwrap());
        }
    }
    let body =
        json!({"q": "教师", "distinct": "report_id", "offset": 2, "limit": 5, "facets": ["kind"]});
    let distinct = search(&body);
    assert_eq!(distinct["estimatedTotalHits"], reports.len());
    assert_eq!(ids(&distinct["hits"]), firsts[2..7]);
    let body = json!({"q": "教师", "facets": ["kind"]});
    assert_eq!(
        distinct["facetDistribution"],
        search(&body)["facetDistribution"]
    );
}

#[test]
fn every_word_where_that_is_asked_for() {
    let q = "教师交流轮岗 集团化办学 乌有";
    let last = search(&json!({"q": q, "matchingStrategy": "last"}));
    let all = search(&json!({"q": q, "matchingStrategy": "all"}));
    assert!(last["estimatedTotalHits"].as_u64().unwrap() > 0);
    assert_eq!(all["estimatedTotalHits"], 0);
}

#[test]
fn marks_are_the_clients_and_nothing_is_escaped() {
    let found = search(&json!({
        "q": "交流轮岗",
        "filter": "province = unknown AND kind = measure",
        "attributesToRetrieve": ["id", "year"],
        "attributesToHighlight": ["body", "heading"],
        "highlightPreTag": "__ais-highlight__",
        "highlightPostTag": "__/ais-highlight__",
        "showMatchesPosition": true,
    }));
    let hit = &found["hits"][0];
    let names: Vec<&String> = hit.as_object().unwrap().keys().collect();
    assert_eq!(names, ["_formatted", "_matchesPosition", "id", "year"]);
    assert_eq!(hit["year"], json!([2014, 2015]));
    let formatted = &hit["_formatted"];
    let names: Vec<&String> = formatted.as_object().unwrap().keys().collect();
    assert_eq!(names, ["body", "heading", "id", "year"]);
    assert_eq!(formatted["year"], json!(["2014", "2015"]));
    assert_eq!(formatted["id"], hit["id"]);
    let body = formatted["body"].as_str().unwrap();
    assert!(
        body.contains("__ais-highlight__教师交流轮岗__/ais-highlight__,<b>不是</b>标记 & 不转义"),
        "{body}"
    );
    // In bytes of the text as it is.
    let whole = SERVICE.get(&format!(
        "/meili/indexes/passages/documents/{}",
        hit["id"].as_str().unwrap()
    ));
    let whole = whole.json()["body"].as_str().unwrap().to_owned();
    let at = &hit["_matchesPosition"]["body"][0];
    let (start, length) = (
        at["start"].as_u64().unwrap(),
        at["length"].as_u64().unwrap(),
    );
    let (start, length) = (
        usize::try_from(start).unwrap(),
        usize::try_from(length).unwrap(),
    );
    assert_eq!(&whole[start..start + length], "教师交流轮岗");
}

#[test]
fn crops_stand_around_what_matched() {
    let body = |extra: Value| {
        let mut body = json!({"q": "交流轮岗", "limit": 5, "attributesToHighlight": ["body"], "filter": "kind = measure AND NOT province = unknown"});
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        search(&body)["hits"].clone()
    };
    let cropped = body(json!({"attributesToCrop": ["body"], "cropMarker": "[…]"}));
    let holds = |hit: &&Value| hit["body"].as_str().unwrap().contains("交流轮岗");
    let holding: Vec<&Value> = cropped.as_array().unwrap().iter().filter(holds).collect();
    assert!(!holding.is_empty());
    for hit in holding {
        let cropped = hit["_formatted"]["body"].as_str().unwrap();
        assert!(cropped.contains("<em>"), "{cropped}");
        let plain = cropped.replace("<em>", "").replace("</em>", "");
        let inner = plain.trim_start_matches("[…]").trim_end_matches("[…]");
        let whole = hit["body"].as_str().unwrap();
        assert!(whole.contains(inner), "{plain}");
        assert!(inner.chars().count() <= 20, "{plain}");
        assert_eq!(
            plain.starts_with("[…]"),
            !whole.starts_with(inner),
            "{plain}"
        );
        assert_eq!(plain.ends_with("[…]"), !whole.ends_with(inner), "{plain}");
    }
    let long = body(json!({"attributesToCrop": ["body:30"], "cropLength": 2}));
    let long = long[0]["_formatted"]["body"]
        .as_str()
        .unwrap()
        .chars()
        .count();
    assert!(long > 30, "{long}");
    let uncut = body(json!({"attributesToCrop": ["*"], "cropLength": 0}));
    let plain = uncut[0]["_formatted"]["body"].as_str().unwrap();
    let plain = plain.replace("<em>", "").replace("</em>", "");
    assert_eq!(plain, uncut[0]["body"].as_str().unwrap());
}

#[test]
fn ranking_scores_fall_along_the_list() {
    let found = search(&json!({"q": "教师交流轮岗", "showRankingScore": true, "limit": 100}));
    let scores: Vec<f64> = found["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["_rankingScore"].as_f64().unwrap())
        .collect();
    assert!(
        scores.is_sorted_by(|left, right| left >= right),
        "{scores:?}"
    );
    assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)));
    let all = search(&json!({"showRankingScore": true, "limit": 1}));
    assert_eq!(all["hits"][0]["_rankingScore"], 1.0);
}

#[test]
fn facet_values_that_hold_what_was_typed() {
    let found = post(
        "/indexes/passages/facet-search",
        &json!({
            "facetName": "county",
            "facetQuery": "和平",
            "q": "教师",
            "attributesToRetrieve": ["*"],
            "whatever": 1,
        }),
    );
    assert_eq!(found.status, 200, "{}", found.body);
    let found = found.json();
    assert_eq!(found["facetQuery"], "和平");
    let hits = found["facetHits"].as_array().unwrap();
    assert!(!hits.is_empty());
    for hit in hits {
        let value = hit["value"].as_str().unwrap();
        assert!(value.contains("和平"), "{value}");
        let filter = format!("county = '{value}'");
        let counted = search(&json!({"q": "教师", "filter": filter}));
        assert_eq!(counted["estimatedTotalHits"], hit["count"], "{value}");
    }
    let traditional = json!({"facetName": "theme", "facetQuery": "師資"});
    let traditional = post("/indexes/passages/facet-search", &traditional).json();
    assert!(!traditional["facetHits"].as_array().unwrap().is_empty());
    let all = post(
        "/indexes/passages/facet-search",
        &json!({"facetName": "kind"}),
    )
    .json();
    assert_eq!(all["facetQuery"], Value::Null);
    assert!(all["facetHits"].as_array().unwrap().len() > 1);
}

#[test]
fn several_searches_are_answered_in_their_order() {
    let queries = json!({"queries": [
        {"indexUid": "passages", "q": "教师", "limit": 2},
        {"indexUid": "passages", "q": "", "hitsPerPage": 0, "facets": ["kind"]},
        {"indexUid": "passages", "q": "经费", "filter": "kind = measure", "page": 1},
    ]});
    let answer = post("/multi-search", &queries);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    let results = answer["results"].as_array().unwrap();
    for (query, result) in queries["queries"].as_array().unwrap().iter().zip(results) {
        let mut alone = query.clone();
        alone.as_object_mut().unwrap().remove("indexUid");
        let mut alone = search(&alone);
        let mut result = result.clone();
        assert_eq!(result["indexUid"], "passages");
        result.as_object_mut().unwrap().remove("indexUid");
        result["processingTimeMs"] = json!(0);
        alone["processingTimeMs"] = json!(0);
        assert_eq!(result, alone);
    }
    assert_eq!(results.len(), 3);
    assert_eq!(
        post("/multi-search", &json!({"queries": []})).json(),
        json!({"results": []})
    );
}

#[test]
fn merged_searches_are_one_list() {
    let first = json!({"indexUid": "passages", "q": "教师交流", "showRankingScore": true});
    let second = json!({
        "indexUid": "passages",
        "q": "经费",
        "showRankingScore": true,
        "federationOptions": {"weight": 0.9},
    });
    let answer = post(
        "/multi-search",
        &json!({
            "federation": {"limit": 1000, "facetsByIndex": {"passages": ["kind"]}},
            "queries": [first, second],
        }),
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    let hits = answer["hits"].as_array().unwrap();
    let of = |q: &str| search(&json!({"q": q, "limit": 1000}))["hits"].clone();
    let (teachers, money) = (of("教师交流"), of("经费"));
    let mut wanted: Vec<&str> = ids(&teachers);
    wanted.extend(ids(&money));
    wanted.sort_unstable();
    wanted.dedup();
    let mut found = ids(&answer["hits"]);
    found.sort_unstable();
    assert_eq!(found, wanted);
    assert_eq!(answer["estimatedTotalHits"], wanted.len());
    let kinds = answer["facetsByIndex"]["passages"]["distribution"]["kind"]
        .as_object()
        .unwrap();
    let counted: u64 = kinds.values().filter_map(Value::as_u64).sum();
    assert_eq!(counted, wanted.len() as u64);
    let mut last = f64::INFINITY;
    for hit in hits {
        let about = &hit["_federation"];
        assert_eq!(about["indexUid"], "passages");
        let score = about["weightedRankingScore"].as_f64().unwrap();
        assert!(score <= last);
        last = score;
        let weight =
            [1.0, 0.9][usize::try_from(about["queriesPosition"].as_u64().unwrap()).unwrap()];
        assert!((hit["_rankingScore"].as_f64().unwrap() * weight - score).abs() < 1e-9);
        assert!(hit.get("_key").is_none());
    }
    let page = post(
        "/multi-search",
        &json!({
            "federation": {"page": 2, "hitsPerPage": 3, "facetsByIndex": {"passages": ["kind"]}, "mergeFacets": {}},
            "queries": [first, second],
        }),
    );
    let page = page.json();
    assert_eq!(ids(&page["hits"]), ids(&answer["hits"])[3..6]);
    assert_eq!(page["totalHits"], wanted.len());
    assert_eq!(page["facetDistribution"]["kind"], json!(kinds));

    for (federation, query, code) in [
        (
            json!({}),
            json!({"limit": 3}),
            "invalid_multi_search_query_pagination",
        ),
        (
            json!({}),
            json!({"facets": ["kind"]}),
            "invalid_multi_search_query_facets",
        ),
        (
            json!({}),
            json!({"federationOptions": {"weight": -1}}),
            "invalid_multi_search_weight",
        ),
        (
            json!({}),
            json!({"federationOptions": {"remote": "x"}}),
            "invalid_multi_search_remote",
        ),
        (
            json!({"facetsByIndex": {"passages": ["body"]}}),
            json!({}),
            "invalid_multi_search_facets_by_index",
        ),
        (
            json!({"limit": -1}),
            json!({}),
            "invalid_multi_search_limit",
        ),
        (
            Value::Null,
            json!({"federationOptions": {}}),
            "invalid_multi_search_federation_options",
        ),
    ] {
        let mut asked = json!({"indexUid": "passages", "q": "x"});
        asked
            .as_object_mut()
            .unwrap()
            .extend(query.as_object().unwrap().clone());
        let body = json!({"federation": federation, "queries": [asked]});
        refused(&post("/multi-search", &body), 400, code);
    }
}

#[test]
fn what_there_is_to_search() {
    let index = SERVICE.get("/meili/indexes/passages").json();
    assert_eq!(
        (&index["uid"], &index["primaryKey"]),
        (&json!("passages"), &json!("id"))
    );
    let list = SERVICE.get("/meili/indexes?limit=5").json();
    assert_eq!(list["results"], json!([index]));
    assert_eq!((&list["total"], &list["limit"]), (&json!(1), &json!(5)));
    assert_eq!(
        SERVICE.get("/meili/health").json(),
        json!({"status": "available"})
    );
    let version = SERVICE.get("/meili/version").json();
    assert_eq!(version["pkgVersion"], env!("CARGO_PKG_VERSION"));
    let stats = SERVICE.get("/meili/stats").json();
    assert!(stats["databaseSize"].as_u64().unwrap() > 10_000);
    assert_eq!(
        stats["indexes"]["passages"],
        SERVICE.get("/meili/indexes/passages/stats").json()
    );
    let settings = SERVICE.get("/meili/indexes/passages/settings").json();
    for field in settings["sortableAttributes"].as_array().unwrap() {
        let sort = format!("{}:asc", field.as_str().unwrap());
        search(&json!({"sort": [sort], "limit": 1}));
    }
    for field in settings["filterableAttributes"].as_array().unwrap() {
        search(&json!({"filter": format!("{} EXISTS", field.as_str().unwrap()), "limit": 1}));
    }
    let one = SERVICE
        .get("/meili/indexes/passages/settings/sortable-attributes")
        .json();
    assert_eq!(one, settings["sortableAttributes"]);
}
