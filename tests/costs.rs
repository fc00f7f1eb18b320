//! What a query may cost, and that it is told what costs most and how to ask for less.

use crate::support::{SERVICE, Service, root, seed_text};

fn cheap(most: u64) -> Service {
    Service::with(&root().join("corpus"), |settings| {
        settings.search.max_cost = most;
        settings.server.search_timeout_ms = 60_000;
    })
}

#[test]
fn a_query_past_the_limit_is_refused_with_what_costs_most() {
    let service = cheap(3_000);
    let many: String = seed_text()
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(1_500)
        .collect();
    for (query, says) in [
        (
            vec![("q", many.as_str()), ("per_page", "1"), ("facets", "")],
            "减少检索词",
        ),
        (vec![("per_page", "100")], "减小每页条数"),
    ] {
        let answer = service.search(&query);
        assert_eq!(answer.status, 422, "{}", answer.body);
        let problem = answer.json();
        assert_eq!(problem["code"], "query-too-costly");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says) && detail.contains("3000"), "{detail}");
        // The same in place of a page, and to other clients.
        let page = form_urlencoded::Serializer::new(String::from("/?"))
            .extend_pairs(&query)
            .finish();
        let page = service.request(
            "GET",
            &page.replace("/?&", "/?"),
            &[("Accept", "text/html")],
        );
        assert_eq!(page.status, 422);
        assert!(page.body.contains("search.max_cost"), "{}", page.body);
    }
    let few = service.search(&[("q", "教师"), ("per_page", "1"), ("facets", "")]);
    assert_eq!(few.status, 200, "{}", few.body);
    let metrics = service.get("/metrics").body;
    let counted = metrics
        .lines()
        .find_map(|line| line.strip_prefix("cesou_search_too_costly_total "));
    assert_eq!(counted, Some("4"));
}

#[test]
fn facets_cost_by_what_they_count() {
    let service = cheap(2_300);
    let with = |facets: &str| {
        service
            .search(&[("facets", facets), ("per_page", "1")])
            .status
    };
    assert_eq!(with("province"), 200);
    let all = "province,city,county,theme,kind,report,year";
    let answer = service.search(&[("facets", all), ("per_page", "1")]);
    assert_eq!(answer.status, 422);
}

#[test]
fn by_default_nothing_that_a_reader_asks_of_a_small_corpus_is_too_costly() {
    let long = "教师交流轮岗".repeat(400);
    for query in ["", "教师", long.as_str()] {
        let all = [
            ("q", query),
            ("per_page", "100"),
            ("facets", "province,city,county,theme,kind,report,year"),
            ("explain", "true"),
            ("group", "report"),
        ];
        let answer = SERVICE.search(&all);
        assert_ne!(answer.status, 422, "{}", answer.body);
    }
    let free = cheap(0);
    assert_eq!(free.search(&[("per_page", "100")]).status, 200);
}
