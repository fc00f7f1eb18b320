//! What is refused under the mount: with which code, in whose envelope; who is let in.

use std::sync::LazyLock;

use cesou::config::SearchAccess;
use cesou::key::Wish;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{CORPUS, JSON, SERVICE, post, refused};
use crate::support::Service;

/// Answers those with a key.
static CLOSED: LazyLock<Service> = LazyLock::new(|| {
    Service::with(CORPUS.path(), |settings| {
        settings.keys.search = SearchAccess::Required;
    })
});

fn key(service: &Service, described: Value) -> String {
    let now = Timestamp::now();
    let wish: Wish = serde_json::from_value(described).unwrap();
    let made = service.keys.create(wish.check(now).unwrap(), now).unwrap();
    format!("Bearer {}", made.secret.expose_secret())
}

#[test]
fn bodies_that_say_what_cannot_be() {
    let search = "/indexes/passages/search";
    for (path, body, code) in [
        (search, json!({"query": "x"}), "bad_request"),
        (search, json!([1]), "bad_request"),
        (search, json!("x"), "bad_request"),
        (search, json!({"q": 1}), "invalid_search_q"),
        (search, json!({"limit": -1}), "invalid_search_limit"),
        (search, json!({"limit": "3"}), "invalid_search_limit"),
        (search, json!({"limit": 1.5}), "invalid_search_limit"),
        (search, json!({"offset": true}), "invalid_search_offset"),
        (search, json!({"page": "x"}), "invalid_search_page"),
        (
            search,
            json!({"hitsPerPage": []}),
            "invalid_search_hits_per_page",
        ),
        (search, json!({"facets": "kind"}), "invalid_search_facets"),
        (search, json!({"facets": ["body"]}), "invalid_search_facets"),
        (
            search,
            json!({"facets": ["nothing"]}),
            "invalid_search_facets",
        ),
        (search, json!({"sort": ["kind:asc"]}), "invalid_search_sort"),
        (search, json!({"sort": ["year"]}), "invalid_search_sort"),
        (search, json!({"sort": ["year:up"]}), "invalid_search_sort"),
        (
            search,
            json!({"sort": ["year:asc", "day:asc", "year:desc", "day:desc", "day:asc"]}),
            "invalid_search_sort",
        ),
        (search, json!({"filter": 1}), "invalid_search_filter"),
        (
            search,
            json!({"filter": [[["kind = measure"]]]}),
            "invalid_search_filter",
        ),
        (
            search,
            json!({"filter": {"kind": "measure"}}),
            "invalid_search_filter",
        ),
        (
            search,
            json!({"matchingStrategy": "most"}),
            "invalid_search_matching_strategy",
        ),
        (
            search,
            json!({"distinct": "province"}),
            "invalid_search_distinct",
        ),
        (
            search,
            json!({"attributesToSearchOn": ["heading"]}),
            "invalid_search_attributes_to_search_on",
        ),
        (
            search,
            json!({"attributesToRetrieve": "id"}),
            "invalid_search_attributes_to_retrieve",
        ),
        (
            search,
            json!({"attributesToCrop": ["body:x"]}),
            "invalid_search_attributes_to_crop",
        ),
        (
            search,
            json!({"cropMarker": "x".repeat(201)}),
            "invalid_search_crop_marker",
        ),
        (
            search,
            json!({"highlightPreTag": 1}),
            "invalid_search_highlight_pre_tag",
        ),
        (
            search,
            json!({"rankingScoreThreshold": 0.5}),
            "invalid_search_ranking_score_threshold",
        ),
        (
            search,
            json!({"hybrid": {"embedder": "x"}}),
            "invalid_search_embedder",
        ),
        (
            "/indexes/passages/facet-search",
            json!({}),
            "missing_facet_search_facet_name",
        ),
        (
            "/indexes/passages/facet-search",
            json!({"facetName": "body"}),
            "invalid_facet_search_facet_name",
        ),
        (
            "/indexes/passages/facet-search",
            json!({"facetName": "kind", "facetQuery": 1}),
            "invalid_facet_search_facet_query",
        ),
        ("/indexes/passages/similar", json!({}), "missing_similar_id"),
        (
            "/indexes/passages/similar",
            json!({"id": "a b"}),
            "invalid_similar_id",
        ),
        (
            "/indexes/passages/similar",
            json!({"id": "none"}),
            "not_found_similar_id",
        ),
        (
            "/indexes/passages/similar",
            json!({"id": "x", "filter": "("}),
            "invalid_similar_filter",
        ),
        (
            "/indexes/passages/similar",
            json!({"id": "x", "rankingScoreThreshold": 2}),
            "invalid_similar_ranking_score_threshold",
        ),
        (
            "/indexes/passages/documents/fetch",
            json!({"limit": "x"}),
            "invalid_document_limit",
        ),
        (
            "/indexes/passages/documents/fetch",
            json!({"filter": "x"}),
            "invalid_document_filter",
        ),
        (
            "/indexes/passages/documents/fetch",
            json!({"ids": ["a b"]}),
            "invalid_document_ids",
        ),
        ("/multi-search", json!({}), "invalid_multi_search_queries"),
        (
            "/multi-search",
            json!({"queries": {}}),
            "invalid_multi_search_queries",
        ),
        (
            "/multi-search",
            json!({"queries": [{}]}),
            "missing_index_uid",
        ),
        (
            "/multi-search",
            json!({"queries": [{"indexUid": "passages", "x": 1}]}),
            "bad_request",
        ),
        (
            "/multi-search",
            json!({"queries": vec![json!({"indexUid": "passages"}); 1000]}),
            "invalid_multi_search_queries",
        ),
    ] {
        refused(&post(path, &body), 400, code);
    }
    let place =
        json!({"queries": [{"indexUid": "passages"}, {"indexUid": "passages", "limit": -1}]});
    let answer = post("/multi-search", &place);
    refused(&answer, 400, "invalid_search_limit");
    assert!(answer.body.contains("queries[1]"), "{}", answer.body);
    for query in [
        "limit=x",
        "limit=-1",
        "page=1.5",
        "showRankingScore=yes",
        "nothing=1",
    ] {
        let answer = SERVICE.get(&format!("/meili/indexes/passages/search?{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
    }
}

#[test]
fn bodies_that_are_none() {
    let path = "/meili/indexes/passages/search";
    for (body, status, code) in [
        ("{", 400, "malformed_payload"),
        ("{\"q\": \"\\ud800\"}", 400, "malformed_payload"),
        (&"[".repeat(100_000), 400, "malformed_payload"),
        (
            &format!("{{\"q\": \"{}\"}}", "x".repeat(3 << 20)),
            413,
            "payload_too_large",
        ),
    ] {
        refused(&SERVICE.send("POST", path, &[JSON], body), status, code);
    }
    let plain = [("Content-Type", "text/plain")];
    refused(
        &SERVICE.send("POST", path, &plain, "{}"),
        415,
        "invalid_content_type",
    );
    let raw = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    );
    let answer = String::from_utf8(SERVICE.raw(raw.as_bytes())).unwrap();
    assert!(answer.contains("missing_content_type"), "{answer}");
    // What the Python client sends for nothing.
    for body in ["null", ""] {
        let answer = SERVICE.send("POST", path, &[JSON], body);
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    let charset = [("Content-Type", "application/json; charset=utf-8")];
    assert_eq!(SERVICE.send("POST", path, &charset, "{}").status, 200);
}

#[test]
fn what_is_not_there() {
    for (method, path, status, code) in [
        ("GET", "/indexes/reports", 404, "index_not_found"),
        ("GET", "/indexes/reports/search", 404, "index_not_found"),
        ("GET", "/indexes/%2E%2E/stats", 404, "index_not_found"),
        ("GET", "/indexes/passages/nothing", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        (
            "GET",
            "/indexes/passages/settings/nothing",
            404,
            "not_found",
        ),
        (
            "DELETE",
            "/indexes/passages/search",
            405,
            "method_not_allowed",
        ),
        ("GET", "/multi-search", 405, "method_not_allowed"),
    ] {
        let answer = SERVICE.request(method, &format!("/meili{path}"), &[]);
        refused(&answer, status, code);
    }
    // Outside the mount a refusal is a problem detail.
    let outside = SERVICE.get("/api/v1/nothing").json();
    assert_eq!(outside["status"], 404);
    assert!(outside.get("link").is_none());
}

#[test]
fn clients_without_a_key_are_let_in_where_none_is_needed() {
    for sent in ["Bearer None", "Bearer", "Bearer null", "Bearer undefined"] {
        let headers = [("Authorization", sent), JSON];
        for service in [&*SERVICE, &*CLOSED] {
            let health = service.request("GET", "/meili/health", &headers);
            assert_eq!(health.json(), json!({"status": "available"}), "{sent}");
        }
        let path = "/meili/indexes/passages/search";
        assert_eq!(
            SERVICE.send("POST", path, &headers, "{}").status,
            200,
            "{sent}"
        );
        let closed = CLOSED.send("POST", path, &headers, "{}");
        refused(&closed, 401, "missing_authorization_header");
        let changes = SERVICE.send("POST", "/meili/indexes", &headers, "{}");
        refused(&changes, 401, "missing_authorization_header");
    }
}

#[test]
fn keys_that_are_no_good_and_what_keys_may_not() {
    let searching = key(&CLOSED, json!({"name": "检索"}));
    let writing = key(&CLOSED, json!({"name": "写入", "actions": ["write"]}));
    let of_site = key(
        &CLOSED,
        json!({"name": "网站", "origins": ["https://a.org"]}),
    );
    let rated = key(&CLOSED, json!({"name": "限速", "rate": 1}));
    let narrow = key(
        &CLOSED,
        json!({"name": "窄", "filters": {"province": ["湖北省"]}}),
    );
    let search = "/meili/indexes/passages/search";
    let ask = |path: &str, bearer: &str, origin: Option<&str>| {
        let mut headers = vec![("Authorization", bearer)];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        CLOSED.request("GET", path, &headers)
    };
    assert_eq!(ask(search, &searching, None).status, 200);
    refused(&ask(search, "Bearer x", None), 403, "invalid_api_key");
    refused(&ask(search, &writing, None), 403, "invalid_api_key");
    refused(
        &ask("/meili/tasks", &searching, None),
        403,
        "invalid_api_key",
    );
    assert_eq!(ask(search, &of_site, Some("https://a.org")).status, 200);
    refused(
        &ask(search, &of_site, Some("https://b.org")),
        403,
        "invalid_api_key",
    );
    assert_eq!(ask(search, &rated, None).status, 200);
    let hurried = ask(search, &rated, None);
    refused(&hurried, 429, "too_many_requests");
    assert_ne!(hurried.header("retry-after"), "");
    // What lies outside a key's filters is not there, whichever way it is asked for.
    let all = ask(
        "/meili/indexes/passages/documents?limit=1000",
        &narrow,
        None,
    )
    .json();
    let all = all["results"].as_array().unwrap();
    assert!(!all.is_empty() && all.iter().all(|it| it["province"] == "湖北省"));
    let stats = ask("/meili/stats", &narrow, None).json();
    assert_eq!(stats["indexes"]["passages"]["numberOfDocuments"], all.len());
    let elsewhere = super::DOCUMENTS[0]["id"].as_str().unwrap();
    let one = format!("/meili/indexes/passages/documents/{elsewhere}");
    refused(&ask(&one, &narrow, None), 404, "document_not_found");
    let similar = format!("/meili/indexes/passages/similar?id={elsewhere}");
    refused(&ask(&similar, &narrow, None), 400, "not_found_similar_id");
    let query = "filter=NOT%20kind%20%3D%20x&facets=*&hitsPerPage=0";
    let found = ask(&format!("{search}?{query}"), &narrow, None).json();
    assert_eq!(found["totalHits"], all.len());
    assert!(!found.to_string().contains("河北"), "{found}");
    let contains = "filter=province%20CONTAINS%20%E7%9C%81";
    let found = ask(&format!("{search}?{contains}"), &narrow, None).json();
    assert_eq!(found["estimatedTotalHits"], all.len());
}

#[test]
fn pages_of_other_sites_may_ask() {
    let headers = [
        ("Origin", "https://example.org"),
        ("Access-Control-Request-Method", "PATCH"),
        (
            "Access-Control-Request-Headers",
            "authorization,content-type,x-meilisearch-client",
        ),
    ];
    let answer = SERVICE.request("OPTIONS", "/meili/multi-search", &headers);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(
        answer
            .header("access-control-allow-methods")
            .contains("PATCH")
    );
    let allowed = answer.header("access-control-allow-headers").to_lowercase();
    assert!(allowed.contains("x-meilisearch-client"), "{allowed}");
}

#[test]
fn settings_are_as_they_are() {
    let admin = key(&SERVICE, json!({"name": "管理", "actions": ["admin"]}));
    let headers = [("Authorization", admin.as_str()), JSON];
    let ask = |method: &str, path: &str, body: &Value| {
        let body = body.to_string();
        SERVICE.send(method, &format!("/meili/indexes{path}"), &headers, &body)
    };
    let settings = "/passages/settings";
    for (method, path, body) in [
        (
            "PATCH",
            settings,
            json!({"filterableAttributes": ["province", "year"], "sortableAttributes": ["year"]}),
        ),
        (
            "PATCH",
            settings,
            json!({"typoTolerance": {"enabled": false}, "stopWords": [], "synonyms": {}}),
        ),
        (
            "PATCH",
            settings,
            json!({"filterableAttributes": [{"attributePatterns": ["kind"]}]}),
        ),
        (
            "PUT",
            "/passages/settings/filterable-attributes",
            json!(["kind"]),
        ),
        ("PATCH", "/passages", json!({"primaryKey": "id"})),
        ("DELETE", settings, Value::Null),
        ("POST", "", json!({"uid": "passages", "primaryKey": "id"})),
    ] {
        let answer = ask(method, path, &body);
        assert_eq!(answer.status, 202, "{body}: {}", answer.body);
        let accepted = answer.json();
        assert_eq!(accepted["status"], "enqueued");
        let task = SERVICE.request(
            "GET",
            &format!("/meili/tasks/{}", accepted["taskUid"]),
            &headers,
        );
        let task = task.json();
        assert_eq!(task["uid"], accepted["taskUid"]);
        assert_eq!(task["type"], accepted["type"]);
        assert_eq!(task["enqueuedAt"], accepted["enqueuedAt"]);
        if method == "POST" {
            assert_eq!(task["status"], "failed");
            assert_eq!(task["error"]["code"], "index_already_exists");
        } else {
            assert_eq!(task["status"], "succeeded");
        }
    }
    for (method, path, body, code) in [
        (
            "PATCH",
            settings,
            json!({"filterableAttributes": ["body"]}),
            "invalid_settings_filterable_attributes",
        ),
        (
            "PATCH",
            settings,
            json!({"sortableAttributes": ["heading"]}),
            "invalid_settings_sortable_attributes",
        ),
        (
            "PATCH",
            settings,
            json!({"synonyms": {"a": ["b"]}}),
            "invalid_settings_synonyms",
        ),
        (
            "PATCH",
            settings,
            json!({"stopWords": ["的"]}),
            "invalid_settings_stop_words",
        ),
        ("PATCH", settings, json!({"nothing": 1}), "bad_request"),
        (
            "PUT",
            "/passages/settings/sortable-attributes",
            json!(["body"]),
            "invalid_settings_sortable_attributes",
        ),
        ("POST", "", json!({"uid": "other"}), "invalid_index_uid"),
        ("POST", "", json!({}), "missing_index_uid"),
        (
            "PATCH",
            "/passages",
            json!({"primaryKey": "x"}),
            "index_primary_key_already_exists",
        ),
        ("DELETE", "/passages", Value::Null, "feature_not_enabled"),
    ] {
        refused(&ask(method, path, &body), 400, code);
    }
}
