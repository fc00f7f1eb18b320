//! Counts of one field against another, held against searching cell by cell.

use std::sync::LazyLock;

use cesou::search::{self, Axes, Facet, Filters, Match, Matrix, Request};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{Indexed, SERVICE, corpus_of, options, seed_text};

/// The seed under a taxonomy with levels, and reports from divisions that share a name.
static LEVELLED: LazyLock<Indexed> = LazyLock::new(|| {
    let corpus = corpus_of(&[
        ("seed.txt", &seed_text()),
        (
            "more.txt",
            "天津市和平区:教师交流\n\n2014年教师交流。\n\n一、教师。教师培训。\n\n\
             辽宁省沈阳市和平区:教师交流\n\n概述。\n\n一、教师。2014年、2015年教师交流轮岗。\n\n\
             乌有县:经费投入\n\n一、经费。教育经费。",
        ),
    ]);
    let path = corpus.path().join("themes.toml");
    let mut themes = std::fs::read_to_string(&path).expect("the project's own themes");
    let parts = [
        ("exchange", "交流轮岗", "teachers", "交流"),
        ("rotation", "轮岗", "exchange", "教师交流轮岗"),
        ("training", "教师培训", "teachers", "培训"),
    ];
    themes.extend(parts.map(|(id, label, parent, term)| {
        format!(
            "\n[[theme]]\nid = \"{id}\"\nlabel = \"{label}\"\nparent = \"{parent}\"\n\
             strong = [\"{term}\"]\n"
        )
    }));
    std::fs::write(&path, themes).expect("a file can be written");
    Indexed::of(corpus.path())
});

fn matrix(request: &Request, axes: &Axes) -> Matrix {
    search::matrix(&LEVELLED.snapshot, request, &options(), axes).expect("the index can be read")
}

fn axes(rows: Facet, cols: Facet) -> Axes {
    Axes {
        rows,
        cols,
        rows_limit: 1000,
        cols_limit: 1000,
        zeros: false,
    }
}

/// How many passages the search finds with these values in the place of their fields' filters.
fn total(request: &Request, values: &[(Facet, &str)]) -> u64 {
    let mut request = Request {
        facets: Vec::new(),
        per_page: 1,
        ..request.clone()
    };
    for (facet, value) in values {
        let only = vec![(*value).to_owned()];
        request.filters.insert(*facet, only);
    }
    LEVELLED.search(&request).total as u64
}

fn check(request: &Request, axes: &Axes) {
    let matrix = matrix(request, axes);
    let said = |what: &str| format!("{what} of {request:?} {axes:?}");
    assert_eq!(
        matrix.answer.total as u64,
        total(request, &[]),
        "{}",
        said("total")
    );
    assert_eq!(matrix.counts.len(), matrix.rows.values.len());
    for (row, counts) in matrix.rows.values.iter().zip(&matrix.counts) {
        let row_filter = (axes.rows, row.value.as_str());
        // A row's total is under the filters of the columns' own field too.
        assert_eq!(
            row.count,
            total(request, &[row_filter]),
            "{}",
            said(&row.value)
        );
        assert_eq!(counts.len(), matrix.cols.values.len());
        for (col, &count) in matrix.cols.values.iter().zip(counts) {
            let filters = [row_filter, (axes.cols, col.value.as_str())];
            assert_eq!(
                count,
                total(request, &filters),
                "{}",
                said(&format!("{} × {}", row.value, col.value))
            );
        }
    }
    for col in &matrix.cols.values {
        let filter = [(axes.cols, col.value.as_str())];
        assert_eq!(col.count, total(request, &filter), "{}", said(&col.value));
    }
}

fn filters() -> impl Strategy<Value = Filters> {
    let pair = prop_oneof![
        (
            Just(Facet::Province),
            prop::sample::select(vec!["河北省", "天津市", "unknown", "火星省"])
        ),
        (
            Just(Facet::County),
            prop::sample::select(vec!["天津市和平区", "和平区"])
        ),
        (
            Just(Facet::Theme),
            prop::sample::select(vec!["teachers", "exchange", "funding", "没有"])
        ),
        (
            Just(Facet::Year),
            prop::sample::select(vec!["2014", "2015"])
        ),
        (
            Just(Facet::Kind),
            prop::sample::select(vec!["measure", "overview"])
        ),
    ];
    proptest::collection::vec(pair, 0..3).prop_map(|pairs| {
        let mut filters = Filters::new();
        for (facet, value) in pairs {
            let values: &mut Vec<String> = filters.entry(facet).or_default();
            if !values.iter().any(|known| known == value) {
                values.push(value.to_owned());
            }
        }
        filters
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn every_count_is_what_the_search_says(
        text in prop::sample::select(vec!["", "教师", "教师 交流", "经费 -农村", "教师交流轮岗的办法有哪些"]),
        exact in any::<bool>(),
        filters in filters(),
        sides in prop::sample::subsequence(vec![
            Facet::Province, Facet::City, Facet::County, Facet::Theme, Facet::Kind, Facet::Year,
        ], 2).prop_shuffle(),
        zeros in any::<bool>(),
    ) {
        let request = Request {
            text: text.to_owned(),
            matching: if exact { Match::Exact } else { Match::Smart },
            filters,
            ..Request::default()
        };
        // Enough of a large matrix to see what is wrong with it.
        let limited = Axes { rows_limit: 8, cols_limit: 8, zeros, ..axes(sides[0], sides[1]) };
        check(&request, &limited);
    }
}

#[test]
fn a_passage_that_bears_a_part_bears_the_whole() {
    let request = Request::default();
    check(&request, &axes(Facet::Kind, Facet::Theme));
    let matrix = matrix(&request, &axes(Facet::Kind, Facet::Theme));
    let count = |id: &str| {
        let values = &matrix.cols.values;
        let found = values.iter().find(|value| value.value == id);
        found.map_or(0, |value| value.count)
    };
    assert!(count("rotation") > 0);
    assert!(count("exchange") >= count("rotation"));
    assert!(count("teachers") >= count("exchange").max(count("training")));
    let rotation = matrix
        .cols
        .values
        .iter()
        .find(|value| value.value == "rotation");
    let rotation = rotation.expect("it was counted");
    assert_eq!(rotation.parents, ["师资队伍", "交流轮岗"]);
    assert_eq!(rotation.parent.as_deref(), Some("exchange"));
}

#[test]
fn a_filtered_field_shows_what_was_chosen_and_the_themes_below() {
    let request = Request {
        filters: Filters::from([(Facet::Theme, vec!["teachers".to_owned()])]),
        ..Request::default()
    };
    let matrix = matrix(&request, &axes(Facet::Province, Facet::Theme));
    let mut shown: Vec<&str> = matrix
        .cols
        .values
        .iter()
        .map(|v| v.value.as_str())
        .collect();
    shown.sort_unstable();
    assert_eq!(shown, ["exchange", "rotation", "teachers", "training"]);
    check(&request, &axes(Facet::Province, Facet::Theme));
}

#[test]
fn values_without_passages_are_there_where_asked_for() {
    let request = Request {
        text: "“一定没有这样一句话”".to_owned(),
        ..Request::default()
    };
    let none = matrix(&request, &axes(Facet::Province, Facet::Theme));
    assert!(none.rows.values.is_empty() && none.counts.is_empty());
    let zeros = Axes {
        zeros: true,
        ..axes(Facet::Province, Facet::Theme)
    };
    let all = matrix(&request, &zeros);
    assert!(all.rows.values.len() > 3 && all.cols.values.len() > 12);
    assert!(all.counts.iter().flatten().all(|&count| count == 0));
}

fn get(query: &str) -> Value {
    let answer = SERVICE.get(&format!("/api/v1/matrix?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[test]
fn the_answer_names_its_sides_and_totals() {
    let answer = get("q=%E6%95%99%E5%B8%88&rows=province&cols=theme&rows_limit=2&cols_limit=3");
    let found = SERVICE.search(&[("q", "教师")]).json();
    assert_eq!(answer["total"], found["total"]);
    assert_eq!(answer["rows"]["facet"], "province");
    assert_eq!(answer["cols"]["label"], "主题");
    assert_eq!(answer["counts"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer["counts"][0].as_array().map(Vec::len), Some(3));
    assert!(answer["rows"]["distinct"].as_u64() > Some(2));
    assert_eq!(
        answer["row_totals"][0],
        answer["rows"]["values"][0]["count"]
    );
    assert_eq!(answer["rows"]["values"][0], found["facets"]["province"][0]);
    assert_eq!(answer["query"]["text"], "教师");
    // Province against theme is what is meant where nothing is said.
    assert_eq!(get("")["cols"]["facet"], "theme");
    assert_eq!(get("rows=theme")["cols"]["facet"], "province");
}

#[test]
fn what_cannot_be_counted_is_refused_by_name() {
    for (query, name) in [
        ("rows=mayor", "rows"),
        ("rows=theme&cols=theme", "cols"),
        ("cols_limit=0", "cols_limit"),
        ("zeros=yes", "zeros"),
        ("page=2", "page"),
        ("sort=region", "sort"),
    ] {
        let answer = SERVICE.get(&format!("/api/v1/matrix?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert!(
            answer.json()["detail"]
                .as_str()
                .expect("a detail")
                .contains(name)
        );
    }
}

#[test]
fn the_page_links_each_cell_to_its_passages() {
    let page = SERVICE.get("/matrix?q=%E6%95%99%E5%B8%88&match=exact");
    assert_eq!(page.status, 200);
    let json = get("q=%E6%95%99%E5%B8%88&match=exact");
    let counts = json["counts"].as_array().expect("rows");
    let is_some = |row: &Value| row[0].as_u64() > Some(0);
    let at = counts.iter().position(is_some).expect("a count");
    let (row, col) = (&json["rows"]["values"][at], &json["cols"]["values"][0]);
    let query: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("q", "教师"),
            ("match", "exact"),
            ("province", row["value"].as_str().expect("a value")),
            ("theme", col["value"].as_str().expect("a value")),
        ])
        .finish();
    let cell = format!(
        "<a href=\"/?{}\">{}</a>",
        query.replace('&', "&#38;"),
        counts[at][0]
    );
    assert!(page.body.contains(&cell), "{cell} in {}", page.body);
    // As a browser reads it, every link of a row stands in a cell.
    let parsed = scraper::Html::parse_document(&page.body);
    let all = |selector: &str| -> Vec<String> {
        let selector = scraper::Selector::parse(selector).expect("a selector");
        let found = parsed.select(&selector);
        found.map(|link| link.text().collect()).collect()
    };
    let expected: Vec<String> = counts
        .iter()
        .flat_map(|row| row.as_array().expect("cells"))
        .map(Value::to_string)
        .filter(|count| count != "0")
        .collect();
    assert_eq!(all(".matrix td a"), expected);
    let search = SERVICE.get("/?q=%E6%95%99%E5%B8%88&match=exact");
    assert!(
        search
            .body
            .contains("/matrix?q=%E6%95%99%E5%B8%88&#38;match=exact")
    );
}
