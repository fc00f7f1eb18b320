//! Counts against a recount by brute force, under random queries and filters.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use cesou::index::UNKNOWN_REGION;
use cesou::search::{Facet, Filters, Hit, Match, Request};
use proptest::prelude::*;

use crate::support::{Indexed, SEED, seed_text};

/// The seed and reports from divisions that share a name, and from nowhere.
static MIXED: LazyLock<Indexed> = LazyLock::new(|| {
    Indexed::of_files(&[
        ("seed.txt", &seed_text()),
        (
            "more.txt",
            "天津市和平区:教师交流\n\n2014年教师交流。\n\n一、教师。教师培训。\n\n\
             乌有县:教师交流\n\n概述。\n\n一、教师。2014年、2015年教师交流轮岗。\n\n\
             湖北省仙桃市:经费投入\n\n一、经费。教育经费。",
        ),
    ])
});

/// The values a hit has for a facet, by the names a filter takes.
fn values(hit: &Hit, facet: Facet) -> Vec<String> {
    let region = &hit.report.region;
    let named = |name: &Option<String>| name.iter().cloned().collect();
    match facet {
        Facet::Province => vec![
            region
                .province
                .clone()
                .unwrap_or_else(|| UNKNOWN_REGION.to_owned()),
        ],
        Facet::City => named(&region.city),
        Facet::County => match region.county.as_deref() {
            Some("和平区") => vec![region.full_name()],
            county => county.iter().map(ToString::to_string).collect(),
        },
        Facet::Theme => hit
            .passage
            .themes
            .iter()
            .map(|theme| theme.id.clone())
            .collect(),
        Facet::Kind => vec![hit.passage.kind.as_str().to_owned()],
        Facet::Report => vec![hit.report.id.clone()],
        Facet::Year => match hit.report.metadata.year {
            Some(year) => vec![year.to_string()],
            None => hit.passage.years.iter().map(u16::to_string).collect(),
        },
        Facet::Issuer => {
            let issuers = hit.report.metadata.issuers();
            issuers.into_iter().map(str::to_owned).collect()
        }
    }
}

fn matches(hit: &Hit, filters: &Filters, but: Option<Facet>) -> bool {
    filters
        .iter()
        .filter(|(facet, _)| Some(**facet) != but)
        .all(|(facet, wanted)| {
            values(hit, *facet)
                .iter()
                .any(|value| wanted.contains(value))
        })
}

fn check(text: &str, matching: Match, filters: &Filters) {
    let request = Request {
        text: text.to_owned(),
        matching,
        facets: Facet::ALL.to_vec(),
        filters: filters.clone(),
        ..Request::default()
    };
    let unfiltered = MIXED.all(&Request {
        filters: Filters::new(),
        facets: Vec::new(),
        ..request.clone()
    });
    let response = MIXED.search(&request);
    let expected = unfiltered
        .iter()
        .filter(|hit| matches(hit, filters, None))
        .count();
    assert_eq!(response.total, expected, "{text:?} {filters:?}");
    for facet in Facet::ALL {
        let mut recount: BTreeMap<String, u64> = BTreeMap::new();
        for hit in unfiltered
            .iter()
            .filter(|hit| matches(hit, filters, Some(facet)))
        {
            for value in values(hit, facet) {
                *recount.entry(value).or_default() += 1;
            }
        }
        let selected = filters.get(&facet).cloned().unwrap_or_default();
        let counted = &response.facets[&facet];
        let nonzero: BTreeMap<String, u64> = counted
            .iter()
            .filter(|value| value.count > 0)
            .map(|value| (value.value.clone(), value.count))
            .collect();
        assert_eq!(nonzero, recount, "{facet:?} of {text:?} {filters:?}");
        for value in counted {
            assert_eq!(value.selected, selected.contains(&value.value), "{value:?}");
            assert!(value.count > 0 || value.selected, "{value:?}");
        }
        for value in selected {
            assert!(
                counted.iter().any(|it| it.value == value),
                "{value} stays listed"
            );
        }
    }
}

fn filters() -> impl Strategy<Value = Filters> {
    let pair = prop_oneof![
        (
            Just(Facet::Province),
            prop::sample::select(vec!["河北省", "天津市", "湖北省", "unknown", "火星省"])
        ),
        (
            Just(Facet::City),
            prop::sample::select(vec!["石家庄市", "沈阳市", "晋中市"])
        ),
        (
            Just(Facet::County),
            prop::sample::select(vec![
                "天津市和平区",
                "辽宁省沈阳市和平区",
                "海淀区",
                "仙桃市"
            ])
        ),
        (
            Just(Facet::Theme),
            prop::sample::select(vec!["teachers", "funding", "admissions"])
        ),
        (
            Just(Facet::Kind),
            prop::sample::select(vec!["overview", "measure"])
        ),
        (
            Just(Facet::Year),
            prop::sample::select(vec!["2014", "2009", "1950"])
        ),
    ];
    prop::collection::vec(pair, 0..4).prop_map(|pairs| {
        let mut filters = Filters::new();
        for (facet, value) in pairs {
            let values: &mut Vec<String> = filters.entry(facet).or_default();
            if !values.iter().any(|it| it == value) {
                values.push(value.to_owned());
            }
        }
        filters
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_count_is_a_recount(
        text in prop::sample::select(vec![
            "", "教师", "教师交流轮岗", "均衡 发展 经费", "和平区", "-教师", "投入 OR 招生", "“均衡发展”", "无此词语",
        ]),
        exact in any::<bool>(),
        filters in filters(),
    ) {
        check(text, if exact { Match::Exact } else { Match::Smart }, &filters);
    }
}

#[test]
fn a_count_is_the_total_of_the_search_with_that_value_as_filter() {
    for text in ["", "教师", "教师交流轮岗"] {
        let request = Request {
            text: text.to_owned(),
            facets: Facet::ALL.to_vec(),
            ..Request::default()
        };
        for (facet, values) in MIXED.search(&request).facets {
            for value in values {
                let narrowed = MIXED.search(&Request {
                    filters: Filters::from([(facet, vec![value.value.clone()])]),
                    ..request.clone()
                });
                assert_eq!(narrowed.total as u64, value.count, "{facet:?} {value:?}");
            }
        }
    }
}

#[test]
fn divisions_of_one_name_are_told_apart() {
    let response = MIXED.search(&Request {
        facets: vec![Facet::County],
        ..Request::default()
    });
    let counties: Vec<&str> = response.facets[&Facet::County]
        .iter()
        .filter(|value| value.label == "和平区")
        .map(|value| value.value.as_str())
        .collect();
    assert_eq!(counties.len(), 2, "{counties:?}");
    assert!(counties.contains(&"天津市和平区") && counties.contains(&"辽宁省沈阳市和平区"));
    // The bare name still filters, by both.
    let both = MIXED.search(&Request {
        filters: Filters::from([(Facet::County, vec!["和平区".to_owned()])]),
        ..Request::default()
    });
    assert_eq!(both.total, 5 + 2);
}

#[test]
fn the_seed_is_counted_by_province() {
    let response = SEED.search(&Request {
        facets: vec![Facet::Province, Facet::Kind],
        ..Request::default()
    });
    assert_eq!(response.facets[&Facet::Province].len(), 10);
    let kinds: Vec<(&str, u64)> = response.facets[&Facet::Kind]
        .iter()
        .map(|value| (value.value.as_str(), value.count))
        .collect();
    assert_eq!(kinds, [("measure", 36), ("overview", 10)]);
}
