//! What a key with filters sees: its own, and on no route anything else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use super::{OPEN, SHARED, TWO_PROVINCES, bearer, with};
use crate::support::{Service, corpus_of, root};

/// Every path that a route of the service has, as `src/http` declares it.
fn routes() -> BTreeSet<String> {
    let mut routes = BTreeSet::new();
    let mut folders = vec![root().join("src/http")];
    let mut files = vec![root().join("src/http.rs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    for file in files {
        let text = fs::read_to_string(file).expect("a file of Rust");
        let text: String = text.split_whitespace().collect();
        for (before, _) in text.match_indices("resource(\"") {
            let path = &text[before + "resource(\"".len()..];
            routes.insert(path.split('"').next().expect("a path").to_owned());
        }
    }
    routes
}

/// Every path of the other interface, as `src/http/meili.rs` declares it.
fn meili_routes() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("src/http/meili.rs")).expect("a file of Rust");
    let text: String = text.split_whitespace().collect();
    let mut routes = BTreeSet::new();
    for (start, under) in [("only(\"", ""), ("only(&of(\"", "/indexes/{uid}")] {
        for (at, _) in text.match_indices(start) {
            let path = text[at + start.len()..].split('"').next().expect("a path");
            routes.insert(format!("/meili{under}{path}"));
        }
    }
    if text.contains("only(index,") {
        routes.insert("/meili/indexes/{uid}".to_owned());
    }
    routes
}

/// A page without the lines of the map that say that a province has nothing: all are always there.
fn without_empty(body: &str) -> String {
    let lines = body.lines();
    let kept =
        lines.filter(|line| !line.contains("class=\"shade0\"") && !line.contains("<td>0</td>"));
    kept.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_key_with_filters_sees_nothing_else_on_any_route() {
    let narrow = json!({"name": "河北", "filters": {"province": ["河北省"]}});
    let narrow = bearer(&OPEN, &narrow);
    let listed = OPEN.get("/api/v1/reports").json();
    let of = |province: &str| -> Value {
        let mut reports = listed["reports"].as_array().expect("reports").iter();
        let report = reports.find(|report| report["region"]["province"] == province);
        let id = report.expect("there is one")["id"].as_str().expect("an id");
        OPEN.get(&format!("/api/v1/reports/{id}")).json()
    };
    let (own, other) = (of("河北省"), of("江苏省"));
    let ids = |report: &Value| -> Vec<String> {
        let passages = report["passages"].as_array().expect("passages").iter();
        let ids = passages.map(|passage| passage["id"].as_str().expect("an id").to_owned());
        ids.collect()
    };
    let (own_id, other_id) = (
        own["id"].as_str().expect("id"),
        other["id"].as_str().expect("id"),
    );
    let (own_passages, other_passages) = (ids(&own), ids(&other));
    // What tells of the other province, in any answer.
    let mut telling = vec!["江苏", "泰州", "凤城", "溱潼", "集团办学", "2013", other_id];
    telling.extend(other_passages.iter().map(String::as_str));

    let query = |pairs: &[(&str, &str)]| {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(pairs)
            .finish()
    };
    let every_facet = "province,city,county,theme,kind,report,year";
    let searches: Vec<String> = [
        vec![("q", "")],
        vec![("q", SHARED)],
        vec![("q", SHARED), ("match", "exact")],
        vec![("q", "教师交流经费集团"), ("explain", "true")],
        vec![("q", "qintong moshi")],
        vec![("q", "qtms")],
        vec![("q", "凤成共进")],
        vec![("q", "taizhou 教师")],
        vec![("q", "怎样推进教师交流轮岗工作")],
        vec![("q", SHARED), ("sort", "region")],
        vec![
            ("q", SHARED),
            ("sort", "document"),
            ("per_page", "1"),
            ("page", "2"),
        ],
        vec![("q", SHARED), ("province", "河北省")],
        vec![("q", SHARED), ("kind", "overview")],
    ]
    .into_iter()
    .map(|mut pairs| {
        pairs.push(("facets", every_facet));
        query(&pairs)
    })
    .collect();
    // Asked for by name, it is echoed and yet not there.
    let asked: Vec<String> = [
        vec![("q", SHARED), ("province", "江苏省")],
        vec![("q", ""), ("city", "泰州市")],
        vec![("q", ""), ("report", other_id)],
        vec![("q", "溱潼模式"), ("match", "exact")],
        vec![("q", "region:江苏"), ("rewrites", "false")],
    ]
    .into_iter()
    .map(|pairs| query(&pairs))
    .collect();
    let typed = [
        "",
        "教",
        "溱",
        "qin",
        "qtms",
        "集",
        "江",
        "泰州",
        "教师 溱",
        "教师 集",
        "f",
        "jt",
    ];
    let mut cases: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut case = |route, paths: Vec<String>| cases.insert(route, paths);
    let at = |path: &str| {
        searches
            .iter()
            .map(|query| format!("{path}?{query}"))
            .collect()
    };
    case("/api/v1/search", at("/api/v1/search"));
    case(
        "/",
        searches
            .iter()
            .map(|query| format!("/?{}", query.split("&facets").next().expect("a part")))
            .collect(),
    );
    let counted = [
        vec![("q", "")],
        vec![("q", SHARED), ("match", "exact")],
        vec![("q", "qtms")],
        vec![("q", "taizhou 教师"), ("kind", "overview")],
    ];
    let counted = counted.map(|pairs| format!("/map?{}", query(&pairs)));
    case("/map", counted.into());
    case(
        "/api/v1/suggest",
        typed
            .iter()
            .map(|typed| format!("/api/v1/suggest?limit=20&{}", query(&[("q", typed)])))
            .collect(),
    );
    for (route, similar) in [
        ("/api/v1/passages/{id}", ""),
        ("/api/v1/passages/{id}/similar", "/similar"),
        ("/passages/{id}", ""),
    ] {
        let start = route.split('{').next().expect("a part");
        let all = own_passages.iter().chain(&other_passages);
        case(
            route,
            all.map(|id| format!("{start}{id}{similar}")).collect(),
        );
    }
    for route in ["/api/v1/reports/{id}", "/reports/{id}"] {
        let start = route.split('{').next().expect("a part");
        let all = [own_id, other_id];
        case(route, all.iter().map(|id| format!("{start}{id}")).collect());
    }
    case(
        "/api/v1/export",
        ["csv", "jsonl", "md"]
            .map(|format| format!("/api/v1/export?format={format}&{}", query(&[("q", SHARED)])))
            .into(),
    );
    for route in ["/api/v1/matrix", "/matrix"] {
        let of = |rows: &str, cols: &str| {
            let axes = [("rows", rows), ("cols", cols), ("zeros", "true")];
            format!("{route}?{}", query(&axes))
        };
        let axes = [
            ("province", "theme"),
            ("city", "kind"),
            ("county", "year"),
            ("report", "province"),
        ];
        case(route, axes.map(|(rows, cols)| of(rows, cols)).into());
    }
    let compared = |route: &str| {
        let sides = |pairs: &[(&str, &str)]| format!("{route}?{}", query(pairs));
        vec![
            sides(&[("region", "河北省"), ("region", "江苏省")]),
            sides(&[("region", "河北"), ("region", "泰州市"), ("q", SHARED)]),
            sides(&[("report", own_id), ("region", "石家庄市")]),
            sides(&[("report", own_id), ("report", other_id)]),
        ]
    };
    case("/api/v1/compare", compared("/api/v1/compare"));
    let mut pages = compared("/compare");
    pages.push("/compare".to_owned());
    case("/compare", pages);
    case(
        "/about",
        vec!["/about".to_owned(), "/about?lang=en".to_owned()],
    );
    case(
        "/feed.atom",
        at("/feed.atom")
            .into_iter()
            .map(|path: String| {
                path.replace("&explain=true", "")
                    .split("&facets")
                    .next()
                    .expect("a part")
                    .to_owned()
            })
            .collect(),
    );
    case(
        "/opensearch/suggest",
        typed
            .iter()
            .map(|typed| format!("/opensearch/suggest?limit=20&{}", query(&[("q", typed)])))
            .collect(),
    );
    case("/sitemap.xml", vec!["/sitemap.xml".to_owned()]);
    case("/sitemap/{number}.xml", vec!["/sitemap/1.xml".to_owned()]);
    case("/api/v1/reports", vec!["/api/v1/reports".to_owned()]);
    // What shows nothing of any report.
    for route in [
        "/healthz",
        "/readyz",
        "/assets/icon.svg",
        "/robots.txt",
        "/opensearch.xml",
        "/api/v1/keys",
        "/api/v1/keys/{id}",
        "/api/v1/tasks",
        "/api/v1/tasks/{id}",
        "/api/v1/index",
        "/api/v1/index/rebuild",
        "/metrics",
        "/api/v1/events",
        "/api/v1/analytics",
        // To those who have begun a session with an admin key; `admin` holds that.
        "/admin",
        "/admin/query",
        "/admin/queries.csv",
        "/admin/login",
        "/admin/logout",
        "/admin/synonyms",
        "/admin/pins",
        "/admin/remove",
        "/api/v1/openapi.json",
        "/api/docs",
        "/llms.txt",
        // Asked by `POST`; `agents` and `meili` hold what they show.
        "/mcp",
        "/embed/manifest.json",
        "/embed/{version}/cesou.js",
    ] {
        case(route, Vec::new());
    }
    let known: BTreeSet<String> = cases.keys().map(|&route| route.to_owned()).collect();
    let forgotten: Vec<String> = routes().difference(&known).cloned().collect();
    assert_eq!(
        forgotten, [""; 0],
        "to be walked here, or said to show nothing"
    );

    let names_other = |body: &str| telling.iter().copied().find(|part| body.contains(part));
    for (route, paths) in &cases {
        let mut is_shown_to_all = paths.is_empty();
        for path in paths {
            let answer = with(&OPEN, path, &narrow);
            assert_ne!(answer.status, 500, "{path}");
            let is_of_other = path.contains(other_id);
            assert_eq!(answer.status, if is_of_other { 404 } else { 200 }, "{path}");
            // What was typed is echoed.
            let typed = path.split_once('?').map_or("", |(_, query)| query);
            let typed: String = form_urlencoded::parse(typed.as_bytes())
                .map(|(_, value)| value.into_owned())
                .collect();
            if !is_of_other && names_other(&typed).is_none() {
                let named = names_other(&without_empty(&answer.body));
                assert_eq!(named, None, "{path}: {}", answer.body);
            }
            let all = OPEN.get(path).body;
            is_shown_to_all |= names_other(&without_empty(&all)).is_some();
        }
        assert!(
            is_shown_to_all,
            "{route} shows nothing to be kept from sight"
        );
    }
    for query in asked {
        let answer = with(&OPEN, &format!("/api/v1/search?{query}"), &narrow).json();
        assert_eq!(answer["total"], 0, "{query}: {answer}");
        assert_eq!(answer["hits"], json!([]), "{query}");
    }
    // A side that may not be seen is as one that has no reports.
    let sides = query(&[
        ("region", "河北省"),
        ("region", "江苏省"),
        ("region", "西藏"),
    ]);
    let compared = with(&OPEN, &format!("/api/v1/compare?{sides}"), &narrow).json();
    for side in [1, 2] {
        assert_eq!(compared["sides"][side]["reports"], 0);
        assert_eq!(compared["sides"][side]["total"], 0);
    }
    assert_eq!(compared["sides"][0]["reports"], 1);
    let mine = with(
        &OPEN,
        &format!("/api/v1/search?{}", query(&[("q", SHARED)])),
        &narrow,
    );
    assert_eq!(mine.json()["total"], 3, "its own it sees: {}", mine.body);
    assert_eq!(with(&OPEN, "/api/v1/reports", &narrow).json()["total"], 1);
    let suggested = with(
        &OPEN,
        &format!("/api/v1/suggest?{}", query(&[("q", "教师")])),
        &narrow,
    );
    for suggestion in suggested.json()["suggestions"]
        .as_array()
        .expect("suggestions")
    {
        let count = suggestion["count"].as_u64().unwrap_or(0);
        assert!(count <= 3, "counted without the others: {suggestion}");
    }
}

#[test]
fn nor_on_any_route_of_the_other_interface() {
    let narrow = json!({"name": "河北", "filters": {"province": ["河北省"]}});
    let narrow = bearer(&OPEN, &narrow);
    let all = OPEN
        .get("/meili/indexes/passages/documents?limit=100")
        .json();
    let all = all["results"].as_array().expect("documents");
    let of = |province: &str| -> Vec<String> {
        let documents = all.iter().filter(|it| it["province"] == province);
        let ids = documents.map(|it| it["id"].as_str().expect("an id").to_owned());
        ids.collect()
    };
    let (own, other) = (of("河北省"), of("江苏省"));
    assert_eq!((own.len(), other.len()), (3, 3));
    let mut telling = vec!["江苏", "泰州", "凤城", "溱潼", "集团办学", "2013"];
    telling.extend(other.iter().map(String::as_str));
    let names_other = |body: &str| telling.iter().copied().find(|part| body.contains(part));

    let index = "/indexes/passages";
    let elsewhere = "province = 江苏省 OR county = 泰州市 OR year = 2013";
    let everything = json!({
        "q": SHARED, "facets": ["*"], "attributesToHighlight": ["*"], "attributesToCrop": ["*"],
        "showRankingScore": true, "showMatchesPosition": true, "limit": 100,
    });
    let mut asked: BTreeMap<&str, Vec<(&str, String, Value)>> = BTreeMap::new();
    let mut case = |route, requests: Vec<(&'static str, String, Value)>| {
        asked.insert(route, requests);
    };
    let post = |path: &str, bodies: Vec<Value>| -> Vec<(&'static str, String, Value)> {
        let bodies = bodies.into_iter();
        bodies.map(|body| ("POST", path.to_owned(), body)).collect()
    };
    let get = |path: String| ("GET", path, Value::Null);
    let queries = [
        everything.clone(),
        json!({"q": ""}),
        json!({"q": SHARED, "filter": elsewhere, "facets": ["*"]}),
        json!({"q": "qtms", "matchingStrategy": "all"}),
        json!({"q": "", "sort": ["year:desc"], "hitsPerPage": 2, "page": 2}),
        json!({"q": SHARED, "distinct": "report_id"}),
    ];
    let mut searches = post(&format!("{index}/search"), queries.to_vec());
    let terms = form_urlencoded::byte_serialize(SHARED.as_bytes()).collect::<String>();
    searches.push(get(format!("{index}/search?q={terms}&facets=*")));
    case("/meili/indexes/{uid}/search", searches);
    let with_index: Vec<Value> = queries[..4]
        .iter()
        .map(|query| {
            let mut query = query.clone();
            query["indexUid"] = json!("passages");
            query
        })
        .collect();
    let federated: Vec<Value> = with_index[1..3]
        .iter()
        .map(|query| json!({"indexUid": "passages", "q": query["q"], "filter": query["filter"]}))
        .collect();
    case(
        "/meili/multi-search",
        post(
            "/multi-search",
            vec![
                json!({"queries": with_index}),
                json!({"queries": federated, "federation": {}}),
            ],
        ),
    );
    let facets = [
        "province",
        "city",
        "county",
        "region_lvl0",
        "region_lvl1",
        "year",
        "theme",
    ];
    let mut facets: Vec<Value> = facets
        .iter()
        .map(|name| json!({"facetName": name, "q": SHARED}))
        .collect();
    facets.push(json!({"facetName": "province", "filter": elsewhere}));
    case(
        "/meili/indexes/{uid}/facet-search",
        post(&format!("{index}/facet-search"), facets),
    );
    let alike = own.iter().map(|id| json!({"id": id, "limit": 50}));
    let mut alike = post(&format!("{index}/similar"), alike.collect());
    alike.push(get(format!("{index}/similar?id={}", own[1])));
    case("/meili/indexes/{uid}/similar", alike);
    case(
        "/meili/indexes/{uid}/documents",
        vec![
            get(format!("{index}/documents")),
            get(format!("{index}/documents?limit=2&offset=2")),
        ],
    );
    case(
        "/meili/indexes/{uid}/documents/fetch",
        post(
            &format!("{index}/documents/fetch"),
            vec![
                json!({}),
                json!({"filter": elsewhere}),
                json!({"ids": other}),
                json!({"sort": ["year:desc"]}),
            ],
        ),
    );
    let by_id = own.iter().chain(&other);
    case(
        "/meili/indexes/{uid}/documents/{id}",
        by_id
            .map(|id| get(format!("{index}/documents/{id}")))
            .collect(),
    );
    // What shows nothing of any passage but how many there are.
    for route in [
        "/meili/health",
        "/meili/version",
        "/meili/stats",
        "/meili/indexes",
        "/meili/indexes/{uid}",
        "/meili/indexes/{uid}/stats",
        "/meili/indexes/{uid}/documents/delete",
        "/meili/indexes/{uid}/documents/delete-batch",
        "/meili/indexes/{uid}/settings",
        "/meili/indexes/{uid}/settings/{name}",
        "/meili/keys",
        "/meili/keys/{key}",
        "/meili/tasks",
        "/meili/tasks/{uid}",
    ] {
        case(route, Vec::new());
    }
    let known: BTreeSet<String> = asked.keys().map(|&route| route.to_owned()).collect();
    assert_eq!(
        meili_routes(),
        known,
        "to be walked here, or said to show nothing"
    );

    let send = |(method, path, body): &(&str, String, Value), key: Option<&str>| {
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(key.map(|key| ("Authorization", key)));
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        OPEN.send(method, &format!("/meili{path}"), &headers, &body)
    };
    for (route, requests) in &asked {
        let mut is_shown_to_all = requests.is_empty();
        for request in requests {
            let answer = send(request, Some(&narrow));
            let of_other = other.iter().find(|id| request.1.ends_with(*id));
            let status = if of_other.is_some() { 404 } else { 200 };
            assert_eq!(answer.status, status, "{request:?}: {}", answer.body);
            // An id that is asked for is said again.
            let body = answer.body.replace(of_other.map_or("\0", |id| id), "");
            assert_eq!(names_other(&body), None, "{request:?}: {body}");
            is_shown_to_all |= names_other(&send(request, None).body).is_some();
        }
        assert!(
            is_shown_to_all,
            "{route} shows nothing to be kept from sight"
        );
    }
    for (path, at) in [
        ("/stats", "/indexes/passages"),
        ("/indexes/passages/stats", ""),
    ] {
        let request = ("GET", path.to_owned(), Value::Null);
        let count = |key: Option<&str>| {
            let stats = send(&request, key).json();
            let found = stats.pointer(&format!("{at}/numberOfDocuments"));
            found.cloned().unwrap_or_else(|| panic!("{path}: {stats}"))
        };
        assert_eq!((count(None), count(Some(&narrow))), (json!(6), json!(3)));
    }
    let size = |key: Option<&str>| {
        let request = ("GET", "/stats".to_owned(), Value::Null);
        send(&request, key).json()["databaseSize"].as_u64()
    };
    assert!(
        size(Some(&narrow)) < size(None),
        "nor how large the rest is"
    );
}

#[test]
fn counts_under_a_key_are_those_of_a_corpus_without_the_rest() {
    let narrow = json!({"name": "河北", "filters": {"province": ["河北省"]}});
    let narrow = bearer(&OPEN, &narrow);
    let text =
        fs::read_to_string(TWO_PROVINCES.path().join("reports/hebei.txt")).expect("a report");
    let alone = Service::of(corpus_of(&[("hebei.txt", &text)]).path());
    for query in [
        "",
        "教师交流",
        "滹沱新风",
        "教师 集团",
        "经费",
        "溱潼",
        "教师交流经费集团",
    ] {
        for extra in [
            &[][..],
            &[("province", "河北省")],
            &[("kind", "measure")],
            &[("match", "exact")],
        ] {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("q", query)
                .append_pair("facets", "province,city,kind,theme,year")
                .extend_pairs(extra)
                .finish();
            let path = format!("/api/v1/search?{query}");
            let (here, there) = (with(&OPEN, &path, &narrow).json(), alone.get(&path).json());
            for field in ["total", "facets"] {
                assert_eq!(here[field], there[field], "{query}");
            }
            let relaxed = |answer: &Value| answer["query"]["relaxed"].clone();
            assert_eq!(relaxed(&here), relaxed(&there), "{query}");
        }
    }
}

#[test]
fn filters_of_passages_leave_out_the_rest_of_a_report() {
    let overviews = json!({"name": "概述", "filters": {"kind": ["overview"]}});
    let overviews = bearer(&OPEN, &overviews);
    let listed = with(&OPEN, "/api/v1/reports", &overviews).json();
    assert_eq!(listed["total"], 2);
    for report in listed["reports"].as_array().expect("reports") {
        assert_eq!(report["passages"], 1);
        let id = report["id"].as_str().expect("an id");
        let whole = with(&OPEN, &format!("/api/v1/reports/{id}"), &overviews).json();
        let passages = whole["passages"].as_array().expect("passages");
        assert_eq!(passages.len(), 1);
        assert_eq!(passages[0]["kind"], "overview");
    }
    let nothing = json!({"name": "无", "filters": {"province": ["浙江省"]}});
    let nothing = bearer(&OPEN, &nothing);
    let answer = with(&OPEN, "/api/v1/search?q=", &nothing).json();
    assert_eq!(answer["total"], 0);
    assert_eq!(answer["facets"]["province"], json!([]));
    assert_eq!(with(&OPEN, "/", &nothing).status, 200);
}
