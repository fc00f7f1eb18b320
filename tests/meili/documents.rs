//! Documents: what is in them, one by one and in lists; what a field is shown, counted and filtered
//! by is the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{DOCUMENTS, SERVICE, ids, post, refused, search};

#[test]
fn a_passage_as_a_document() {
    let found = search(&json!({"q": "", "filter": "county = 仙桃市", "limit": 1}));
    insta::assert_json_snapshot!("meili_document", found["hits"][0]);
}

#[test]
fn every_document_has_every_field() {
    let first: Vec<&String> = DOCUMENTS[0].as_object().unwrap().keys().collect();
    for document in DOCUMENTS.iter() {
        let names: Vec<&String> = document.as_object().unwrap().keys().collect();
        assert_eq!(names, first);
    }
    let stats = SERVICE.get("/meili/indexes/passages/stats").json();
    assert_eq!(stats["numberOfDocuments"], DOCUMENTS.len());
    let distribution = stats["fieldDistribution"].as_object().unwrap();
    assert_eq!(distribution.keys().collect::<Vec<_>>(), first);
    assert!(distribution.values().all(|count| *count == DOCUMENTS.len()));
    assert_eq!(stats["isIndexing"], false);
}

#[test]
fn a_field_is_counted_and_filtered_by_what_it_is_shown_as() {
    let found = search(&json!({"facets": ["*"], "hitsPerPage": 0}));
    let distribution = found["facetDistribution"].as_object().unwrap();
    assert!(distribution.len() > 10);
    for (field, counted) in distribution {
        let mut recounted: BTreeMap<String, u64> = BTreeMap::new();
        for document in DOCUMENTS.iter() {
            let values = match &document[field] {
                Value::Array(values) => values.clone(),
                Value::Null => Vec::new(),
                value => vec![value.clone()],
            };
            for value in values {
                let shown = value.as_str().map_or(value.to_string(), str::to_owned);
                *recounted.entry(shown).or_default() += 1;
            }
        }
        let counted = counted.as_object().unwrap();
        if recounted.len() <= 100 {
            assert_eq!(json!(recounted), json!(counted), "{field}");
        } else {
            assert_eq!(counted.len(), 100, "{field}");
        }
        for (value, count) in counted {
            assert_eq!(
                recounted.get(value).copied(),
                count.as_u64(),
                "{field}: {value}"
            );
            let quoted = value.replace('"', "\\\"");
            let filter = format!("\"{field}\"=\"{quoted}\"");
            let answer = search(&json!({"filter": [[filter]], "hitsPerPage": 0}));
            assert_eq!(answer["totalHits"], *count, "{filter}");
        }
    }
    let years = found["facetStats"]["year"].as_object().unwrap();
    let all = DOCUMENTS
        .iter()
        .flat_map(|it| it["year"].as_array().unwrap());
    let all: Vec<u64> = all.filter_map(Value::as_u64).collect();
    assert_eq!(years["min"], *all.iter().min().unwrap());
    assert_eq!(years["max"], *all.iter().max().unwrap());
}

#[test]
fn documents_are_listed_fetched_and_read_one_by_one() {
    let all = ids(&json!(*DOCUMENTS)).join(" ");
    let listed =
        SERVICE.get("/meili/indexes/passages/documents?offset=3&limit=2&fields=id,%20province");
    let listed = listed.json();
    assert_eq!(listed["offset"], 3);
    assert_eq!(listed["limit"], 2);
    assert_eq!(listed["total"], DOCUMENTS.len());
    let wanted: Vec<Value> = DOCUMENTS[3..5]
        .iter()
        .map(|it| json!({"id": it["id"], "province": it["province"]}))
        .collect();
    assert_eq!(listed["results"], json!(wanted));
    assert!(all.contains(ids(&listed["results"])[0]));

    let two = json!([DOCUMENTS[7]["id"], DOCUMENTS[2]["id"]]);
    let body = json!({"ids": two, "fields": ["id"]});
    let fetched = post("/indexes/passages/documents/fetch", &body).json();
    assert_eq!(fetched["total"], 2);
    let wanted = json!([{"id": DOCUMENTS[2]["id"]}, {"id": DOCUMENTS[7]["id"]}]);
    assert_eq!(fetched["results"], wanted);

    let body =
        json!({"filter": "day EXISTS AND NOT day IS NULL", "sort": ["day:desc"], "limit": 1});
    let latest = post("/indexes/passages/documents/fetch", &body).json();
    assert_eq!(latest["results"][0]["date"], "2018-03-01");

    let id = DOCUMENTS[5]["id"].as_str().unwrap();
    let one = SERVICE.get(&format!("/meili/indexes/passages/documents/{id}"));
    assert_eq!(one.json(), DOCUMENTS[5]);
    let part = SERVICE.get(&format!(
        "/meili/indexes/passages/documents/{id}?fields=kind"
    ));
    assert_eq!(part.json(), json!({"kind": DOCUMENTS[5]["kind"]}));
    let none = SERVICE.get("/meili/indexes/passages/documents/nothing-of-that-id");
    refused(&none, 404, "document_not_found");
    for bad in ["a%20b", "%E7%AD%96", &"x".repeat(512)] {
        let answer = SERVICE.get(&format!("/meili/indexes/passages/documents/{bad}"));
        refused(&answer, 400, "invalid_document_id");
    }
    let far = SERVICE
        .get("/meili/indexes/passages/documents?offset=18446744073709551615")
        .json();
    assert_eq!(far["results"], json!([]));
}

#[test]
fn passages_like_one_are_those_of_the_native_api() {
    let id = DOCUMENTS
        .iter()
        .find(|it| it["body"].as_str().unwrap().contains("交流"))
        .unwrap()["id"]
        .as_str()
        .unwrap();
    let native = SERVICE
        .get(&format!("/api/v1/passages/{id}/similar?limit=20"))
        .json();
    let native: Vec<&str> = ids_of_native(&native);
    assert!(native.len() > 3);
    let body = json!({"id": id, "embedder": "default", "showRankingScore": true});
    let found = post("/indexes/passages/similar", &body).json();
    assert_eq!(ids(&found["hits"]), native);
    assert_eq!(found["id"], id);
    assert_eq!(found["limit"], 20);
    let path = format!("/meili/indexes/passages/similar?id={id}&embedder=x&offset=1&limit=2");
    assert_eq!(ids(&SERVICE.get(&path).json()["hits"]), native[1..3]);

    let province = found["hits"][0]["province"].as_str().unwrap();
    let filter = format!("province != {province}");
    let others = post(
        "/indexes/passages/similar",
        &json!({"id": id, "filter": filter}),
    )
    .json();
    let others = others["hits"].as_array().unwrap();
    assert!(!others.is_empty());
    assert!(others.iter().all(|it| it["province"] != province));

    let scores = found["hits"].as_array().unwrap().iter();
    let scores: Vec<f64> = scores
        .map(|it| it["_rankingScore"].as_f64().unwrap())
        .collect();
    let best = scores.iter().copied().fold(0.0, f64::max);
    let body = json!({"id": id, "rankingScoreThreshold": best});
    let near = post("/indexes/passages/similar", &body).json();
    let wanted = scores.iter().filter(|score| **score >= best).count();
    assert_eq!(near["hits"].as_array().unwrap().len(), wanted);
    assert_eq!(near["estimatedTotalHits"], wanted);
}

fn ids_of_native(answer: &Value) -> Vec<&str> {
    let list = answer["similar"].as_array().or(answer["hits"].as_array());
    let list = list.unwrap_or_else(|| panic!("no list in {answer}"));
    list.iter().map(|it| it["id"].as_str().unwrap()).collect()
}
