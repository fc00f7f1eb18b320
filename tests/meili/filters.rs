//! Filters: the grammar as data, any string at all, and each filter against a recount of all
//! documents one by one.

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{DOCUMENTS, post, refused, search};

/// A filter, and either one that means the same or a part of what is said of its fault.
#[derive(Deserialize)]
struct Case {
    filter: Value,
    #[serde(default)]
    same: Option<Value>,
    #[serde(default)]
    fault: Option<String>,
}

#[test]
fn the_grammar() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("filters.json")).unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let answer = post(
            "/indexes/passages/search",
            &json!({"filter": case.filter, "limit": 1000}),
        );
        match (&case.same, &case.fault) {
            (Some(same), None) => {
                assert_eq!(answer.status, 200, "{}: {}", case.filter, answer.body);
                let other = search(&json!({"filter": same, "limit": 1000}));
                assert_eq!(answer.json()["hits"], other["hits"], "{}", case.filter);
            }
            (None, Some(fault)) => {
                refused(&answer, 400, "invalid_search_filter");
                let said = answer.json()["message"].as_str().unwrap().to_owned();
                assert!(said.contains(fault), "{}: {said}", case.filter);
            }
            _ => panic!("a case has either `same` or `fault`"),
        }
    }
}

/// A filter as it is written, and what it holds of.
#[derive(Debug, Clone)]
enum Said {
    Is(&'static str, String),
    In(&'static str, Vec<String>),
    Years(u64, u64),
    Before(u64),
    Contains(&'static str, String),
    Null(&'static str),
    Empty(&'static str),
    Not(Box<Said>),
    All(Vec<Said>),
    Any(Vec<Said>),
}

impl Said {
    fn text(&self) -> String {
        let quoted =
            |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let joined = |parts: &[Said], with: &str| {
            let parts: Vec<String> = parts
                .iter()
                .map(|part| format!("({})", part.text()))
                .collect();
            parts.join(with)
        };
        match self {
            Self::Is(field, value) => format!("{field} = {}", quoted(value)),
            Self::In(field, values) => {
                let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                format!("{field} IN [{}]", values.join(", "))
            }
            Self::Years(from, to) => format!("year {from} TO {to}"),
            Self::Before(year) => format!("year < {year}"),
            Self::Contains(field, part) => format!("{field} CONTAINS {}", quoted(part)),
            Self::Null(field) => format!("{field} IS NULL"),
            Self::Empty(field) => format!("{field} IS EMPTY"),
            Self::Not(part) => format!("NOT ({})", part.text()),
            Self::All(parts) => joined(parts, " AND "),
            Self::Any(parts) => joined(parts, " OR "),
        }
    }

    fn holds(&self, document: &Value) -> bool {
        let values = |field: &str| match &document[field] {
            Value::Array(values) => values.clone(),
            Value::Null => Vec::new(),
            value => vec![value.clone()],
        };
        let texts = |field: &str| -> Vec<String> {
            let values = values(field).into_iter();
            values
                .map(|it| it.as_str().map_or(it.to_string(), str::to_owned))
                .collect()
        };
        let years = || values("year").into_iter().filter_map(|year| year.as_u64());
        match self {
            Self::Is(field, value) => texts(field).contains(value),
            Self::In(field, wanted) => texts(field).iter().any(|it| wanted.contains(it)),
            Self::Years(from, to) => years().any(|year| (*from..=*to).contains(&year)),
            Self::Before(before) => years().any(|year| year < *before),
            Self::Contains(field, part) => texts(field).iter().any(|it| it.contains(part)),
            Self::Null(field) => document[field].is_null(),
            Self::Empty(field) => document[field].as_array().is_some_and(Vec::is_empty),
            Self::Not(part) => !part.holds(document),
            Self::All(parts) => parts.iter().all(|part| part.holds(document)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(document)),
        }
    }
}

const FIELDS: [&str; 10] = [
    "province",
    "city",
    "county",
    "region_lvl1",
    "region_lvl2",
    "theme",
    "theme_id",
    "kind",
    "issuer",
    "id",
];

/// A value that some document has, or one that none has.
fn value(field: &'static str) -> impl Strategy<Value = String> {
    any::<prop::sample::Index>().prop_map(move |at| {
        match &at.get(&DOCUMENTS)[field] {
            Value::Array(values) => values.first().cloned().unwrap_or_default(),
            other => other.clone(),
        }
        .as_str()
        .unwrap_or("没有的值")
        .to_owned()
    })
}

fn leaf() -> impl Strategy<Value = Said> {
    let field = || prop::sample::select(&FIELDS[..]);
    let counted = || prop::sample::select(&FIELDS[..9]);
    prop_oneof![
        field().prop_flat_map(|field| value(field).prop_map(move |it| Said::Is(field, it))),
        field().prop_flat_map(|field| {
            prop::collection::vec(value(field), 0..4).prop_map(move |it| Said::In(field, it))
        }),
        (2005..2020_u64, 0..10_u64).prop_map(|(from, more)| Said::Years(from, from + more)),
        (2005..2020_u64).prop_map(Said::Before),
        counted().prop_flat_map(|field| {
            value(field).prop_map(move |it| Said::Contains(field, it.chars().take(2).collect()))
        }),
        field().prop_map(Said::Null),
        prop::sample::select(&["theme", "year", "issuer", "county"][..]).prop_map(Said::Empty),
        prop::sample::select(&["day", "region_code"][..]).prop_map(Said::Null),
    ]
}

fn said() -> impl Strategy<Value = Said> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| Said::Not(Box::new(part))),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Said::All),
            prop::collection::vec(inner, 1..4).prop_map(Said::Any),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_filter_finds_and_counts_what_it_holds_of(said in said()) {
        let filter = said.text();
        let found = search(&json!({"filter": filter, "limit": 1000, "facets": ["kind", "province"]}));
        let wanted: Vec<&Value> = DOCUMENTS.iter().filter(|it| said.holds(it)).collect();
        prop_assert_eq!(&found["hits"], &json!(wanted), "{}", filter);
        prop_assert_eq!(&found["estimatedTotalHits"], wanted.len());
        for field in ["kind", "province"] {
            let counted = found["facetDistribution"][field].as_object().unwrap();
            let total: u64 = counted.values().filter_map(Value::as_u64).sum();
            prop_assert_eq!(total, wanted.len() as u64);
            for (value, count) in counted {
                let with = wanted.iter().filter(|it| it[field] == *value).count();
                prop_assert_eq!(count, with, "{}={}", field, value);
            }
        }
    }

    #[test]
    fn any_string_is_a_filter_or_a_fault(text in any_filter()) {
        let answer = post("/indexes/passages/search", &json!({"filter": text, "limit": 1}));
        if answer.status != 200 {
            refused(&answer, 400, "invalid_search_filter");
        }
        let answer = post("/indexes/passages/search", &json!({"filter": [[text, text], text], "limit": 0}));
        prop_assert!(answer.status == 200 || answer.status == 400, "{}", answer.body);
    }
}

/// Arbitrary text, and arbitrary runs of what filters are made of.
fn any_filter() -> impl Strategy<Value = String> {
    let words = [
        "province",
        "year",
        "theme",
        "北京市",
        "2014",
        "=",
        "!=",
        ">",
        ">=",
        "<",
        "<=",
        "(",
        ")",
        "[",
        "]",
        ",",
        "\"",
        "'",
        "\\",
        "AND",
        "OR",
        "NOT",
        "IN",
        "TO",
        "EXISTS",
        "IS",
        "NULL",
        "EMPTY",
        "CONTAINS",
        "STARTS",
        "WITH",
        "_geoRadius",
        "\u{3000}",
        "\u{0}",
        "-",
    ];
    let run = prop::collection::vec(prop::sample::select(words.to_vec()), 0..24);
    prop_oneof![any::<String>(), run.prop_map(|words| words.join(" "))]
}

#[test]
fn depth_and_length_are_bounded() {
    for (filter, fault) in [
        (
            format!("{}kind = measure{}", "(".repeat(99), ")".repeat(99)),
            None,
        ),
        (
            format!("{}kind = measure{}", "(".repeat(20_000), ")".repeat(20_000)),
            Some("嵌套过深"),
        ),
        (
            format!("{}kind = measure", "NOT ".repeat(20_000)),
            Some("嵌套过深"),
        ),
        (
            vec!["kind = measure"; 10_000].join(" OR "),
            Some("条件过多"),
        ),
        (vec!["kind = measure"; 500].join(" AND "), None),
        (
            format!("id IN [{}]", vec!["x"; 10_000].join(",")),
            Some("条件过多"),
        ),
        (format!("id IN [{}]", vec!["x"; 1_500].join(",")), None),
    ] {
        let answer = post(
            "/indexes/passages/search",
            &json!({"filter": filter, "limit": 1}),
        );
        match fault {
            None => assert_eq!(answer.status, 200, "{}", answer.body),
            Some(fault) => {
                refused(&answer, 400, "invalid_search_filter");
                assert!(answer.body.contains(fault), "{}", answer.body);
            }
        }
    }
    let many = json!({"filter": vec!["kind = measure"; 10_000]});
    refused(
        &post("/indexes/passages/search", &many),
        400,
        "invalid_search_filter",
    );
}
