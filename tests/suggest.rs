//! Completions while typing: what is found, how and in which order; over arbitrary text; over HTTP.

use std::collections::HashSet;
use std::sync::LazyLock;

use cesou::analysis::Normalized;
use cesou::index::{CompletionKind, How};
use cesou::search::{Filters, Match, Request, Suggestion, SuggestionKind, suggest};
use insta::assert_json_snapshot;
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{Indexed, SEED, SERVICE};

fn suggestions(index: &Indexed, typed: &str, limit: usize) -> Vec<Suggestion> {
    suggest(&index.snapshot, typed, limit).expect("the index can be read")
}

fn texts(index: &Indexed, typed: &str, limit: usize) -> Vec<String> {
    suggestions(index, typed, limit)
        .into_iter()
        .map(|suggestion| suggestion.text.text)
        .collect()
}

/// What is typed, and the first suggestion.
const FIRST: [(&str, &str); 23] = [
    ("义务", "义务教育"),
    ("義務", "义务教育"),
    ("义务教育均", "义务教育均衡发展"),
    ("教师交", "教师交流"),
    ("教师jiao", "教师交流"),
    ("教师jl", "教师交流"),
    ("jiaoshijiao", "教师交流"),
    ("jiaoshi jiaoliu", "教师交流"),
    ("jiao1shi1jiao1", "教师交流"),
    ("jsjl", "教师交流"),
    ("jiaosjl", "教师交流"),
    ("石家", "石家庄市"),
    ("河北石家", "石家庄市"),
    ("河北省石家庄", "石家庄市"),
    ("shijiazhuang", "石家庄市"),
    ("shijiazh", "石家庄市"),
    ("shijz", "石家庄市"),
    ("江西", "江西省"),
    ("sjz", "石家庄市"),
    ("ＳＪＺ", "石家庄市"),
    ("haidian", "海淀区"),
    ("szdw", "师资队伍"),
    ("加强领导加", "加强领导,加大投入"),
];

#[test]
fn what_is_typed_leads_to_what_is_meant() {
    for (typed, expected) in FIRST {
        let found = texts(&SEED, typed, 8);
        assert_eq!(
            found.first().map(String::as_str),
            Some(expected),
            "{typed}: {found:?}"
        );
    }
}

/// What is typed, and what must be among the suggestions.
const AMONG: [(&str, &str); 9] = [
    // From a later word on.
    ("交流", "校长教师交流"),
    ("万人", "实施“万人交流”计划"),
    // Readings that are less usual.
    ("jiaoshe", "校舍安全工程"),
    // After other words, that stand together with them in a passage.
    ("石家庄 教育质", "石家庄 教育质量"),
    ("石家庄教师", "石家庄教师交流"),
    ("石家庄 jiaoshij", "石家庄 教师交流"),
    ("农村 晋中", "农村 晋中市"),
    ("和平", "和平区"),
    ("jin", "晋中市"),
];

#[test]
fn what_is_typed_leads_among_others_to_what_is_meant() {
    for (typed, expected) in AMONG {
        let found = texts(&SEED, typed, 20);
        assert!(
            found.iter().any(|text| text == expected),
            "{typed}: {found:?}"
        );
    }
}

#[test]
fn what_cannot_be_completed_is_left_alone() {
    for typed in [
        "，。！",
        "😀",
        "qzx",
        "教师zzz",
        "教师教师教师教师",
        "\u{200b}",
    ] {
        assert_eq!(texts(&SEED, typed, 20), Vec::<String>::new(), "{typed}");
    }
}

#[test]
fn a_region_comes_with_its_filter_its_parents_and_its_passages() {
    let found = &suggestions(&SEED, "萍乡", 1)[0];
    assert_eq!(found.text.text, "萍乡市");
    assert_eq!(found.text.html, "<mark>萍乡</mark>市");
    assert_eq!(found.kind, SuggestionKind::Region);
    assert_eq!(found.how, Some(How::Text));
    assert_eq!(found.parents, ["江西省"]);
    let (facet, value) = found.filter.clone().expect("a region is filtered by");
    let filtered = SEED.search(&Request {
        filters: Filters::from([(facet, vec![value])]),
        ..Request::default()
    });
    assert_eq!(found.count, Some(filtered.total as u64));
}

/// Divisions of one name, words that are said in two ways, and headings of every length.
static MIXED: LazyLock<Indexed> = LazyLock::new(|| {
    Indexed::of_files(&[(
        "mixed.txt",
        "天津市和平区:STEAM教育\n\n一、推进STEAM教育。建设STEAM教育基地。\n\n二、建设旅游学校。开展STEAM教育。\n\n\
         沈阳和平区:农村教育\n\n一、重视农村教育。農村教育經費增加，農村教育發展。\n\n\
         重庆市:绿色学校\n\n一、创建绿色学校。绿色学校占三成，绿色学校有补助。\n\n二、绿色学校评估。再建绿色学校。\n\n\
         恩施州:农村教育\n\n一、农村教育为先。支持农村教育。",
    )])
});

#[test]
fn names_that_several_divisions_have_are_told_apart() {
    for typed in ["和平", "hepingqu", "hpq"] {
        let mut found = texts(&MIXED, typed, 8);
        found.sort();
        assert_eq!(found, ["天津市和平区", "辽宁省沈阳市和平区"], "{typed}");
    }
}

#[test]
fn other_names_letters_and_readings_count_too() {
    for (typed, expected, html) in [
        (
            "恩施州",
            "恩施土家族苗族自治州",
            "<mark>恩施</mark>土家族苗族自治州",
        ),
        ("enshizhou", "恩施土家族苗族自治州", ""),
        ("chongqing", "重庆市", "<mark>重庆</mark>市"),
        ("cq", "重庆市", "<mark>重庆</mark>市"),
        ("lvse", "绿色学校", "<mark>绿色</mark>学校"),
        ("lüse", "绿色学校", "<mark>绿色</mark>学校"),
        ("steam", "推进STEAM教育", ""),
        ("steamjiao", "STEAM教育", "<mark>STEAM教</mark>育"),
        ("農村", "农村教育", "<mark>农村</mark>教育"),
    ] {
        let found = suggestions(&MIXED, typed, 8);
        let at = found.iter().find(|found| found.text.text == expected);
        let Some(found) = at else {
            panic!("{typed}: {:?}", texts(&MIXED, typed, 8));
        };
        if !html.is_empty() {
            assert_eq!(found.text.html, html, "{typed}");
        }
    }
}

#[test]
fn a_phrase_is_counted_in_every_passage_that_holds_it() {
    let phrases = SEED
        .snapshot
        .completions()
        .best(&[CompletionKind::Phrase], 200);
    assert!(phrases.len() > 50, "{}", phrases.len());
    for phrase in phrases {
        let found = SEED.search(&Request {
            text: phrase.text.clone(),
            matching: Match::Exact,
            ..Request::default()
        });
        assert_eq!(found.total as u64, phrase.count, "{}", phrase.text);
    }
}

/// More text than phrases are mined from: a sample tells which there are, the index how often.
#[test]
fn phrases_of_a_large_corpus_are_counted_in_all_of_it() {
    let said = [
        "推进集团化办学，加强教师交流，落实随迁子女入学政策。",
        "全市有集团化办学试点，教师交流比例提高，农村学校受益。",
        "保障随迁子女就近入学，不设门槛，鼓励教师交流轮岗。",
        "完善的集团化办学章程，由专家评估，教师交流成为常态。",
        "道路与桥梁按期完工，沿线村庄的生活用水得到改善。",
    ];
    let lines: Vec<String> = (0..330)
        .map(|nth| {
            // Each leaves some of them out, so that no phrase stands in all.
            let kept = (0..said.len()).filter(|at| (nth >> at) & 1 == 0 || *at == nth % 5);
            let once: String = kept.map(|at| said[at]).collect();
            let text = once.repeat(4000 / once.chars().count());
            serde_json::json!({ "title": format!("第{nth}期简报"), "text": text }).to_string()
        })
        .collect();
    let index = Indexed::of_files(&[("many.jsonl", &lines.join("\n"))]);
    let reports = index.snapshot.reports().iter();
    let characters: u64 = reports.map(|report| report.characters).sum();
    assert!(characters > 1_200_000, "{characters}");
    let mut counted = 0;
    for typed in ["", "集团", "jiaoshi", "sqzn", "教师jl"] {
        for found in suggestions(&index, typed, 20) {
            if found.kind != SuggestionKind::Phrase {
                continue;
            }
            let text = found.text.text.clone();
            let exact = index.search(&Request {
                text: text.clone(),
                matching: Match::Exact,
                ..Request::default()
            });
            assert_eq!(found.count, Some(exact.total as u64), "{text}");
            assert!(exact.total > 0);
            counted += 1;
        }
    }
    assert!(counted >= 5, "{counted}");
    assert!(texts(&index, "jituanhua", 8).contains(&"集团化办学".to_owned()));
}

#[test]
fn every_beginning_of_a_completion_leads_to_it_or_to_better_ones() {
    let kinds = [
        CompletionKind::Province,
        CompletionKind::City,
        CompletionKind::County,
        CompletionKind::Theme,
        CompletionKind::Phrase,
        CompletionKind::Heading,
    ];
    let all = SEED.snapshot.completions().best(&kinds, 2000);
    assert!(all.len() > 150, "{}", all.len());
    for completion in all {
        let chars: Vec<char> = completion.text.chars().collect();
        for length in 1..=chars.len() {
            let typed: String = chars[..length].iter().collect();
            let searchable = typed
                .chars()
                .any(|c| cesou::fold::is_searchable(cesou::fold::fold(c).unwrap_or(' ')));
            let found = texts(&SEED, &typed, 20);
            assert!(
                !searchable || found.contains(&completion.text) || found.len() == 20,
                "{typed} of {}: {found:?}",
                completion.text
            );
        }
    }
}

#[test]
fn nothing_typed_leads_to_themes_and_phrases_of_many_passages() {
    let found = suggestions(&SEED, " \u{3000}", 6);
    let kinds: Vec<&str> = found.iter().map(|found| found.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["theme", "phrase", "theme", "phrase", "theme", "phrase"]
    );
    assert!(
        found
            .iter()
            .all(|found| found.how.is_none() && found.count > Some(4))
    );
}

#[test]
fn of_a_long_text_the_end_is_completed() {
    let before = "办学".repeat(200);
    let found = texts(&SEED, &format!("{before} 教师交"), 8);
    assert!(found.contains(&format!("{before} 教师交流")), "{found:?}");
}

/// Whatever is suggested finds something.
fn check(index: &Indexed, typed: &str, limit: usize) {
    let found = suggestions(index, typed, limit);
    assert!(found.len() <= limit, "{typed}");
    let mut seen = HashSet::new();
    for suggestion in found {
        let text = suggestion.text.text.clone();
        assert!(seen.insert(text.clone()), "{typed}: {text} twice");
        let bare = suggestion
            .text
            .html
            .replace("<mark>", "")
            .replace("</mark>", "");
        assert!(!bare.contains('<'), "{typed}: {bare}");
        let request = match suggestion.filter {
            Some((facet, value)) => Request {
                filters: Filters::from([(facet, vec![value])]),
                ..Request::default()
            },
            None => Request {
                text,
                ..Request::default()
            },
        };
        let total = index.search(&request).total;
        assert!(
            total > 0,
            "{typed}: {:?} finds nothing",
            suggestion.text.text
        );
    }
}

/// Pieces that suggestions are made of, and others.
fn typing() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("教师"),
        Just("jiao"),
        Just("shi"),
        Just("石家庄"),
        Just("义务教育"),
        Just(" "),
        Just("j"),
        Just("zh"),
        Just("ü"),
        Just("均衡"),
        Just("，"),
        Just("2014年"),
        Just("農村"),
        Just("😀"),
        Just("\u{200b}"),
        Just("-"),
        Just("<b>"),
        Just("的"),
        Just("“"),
        Just("STEAM"),
    ];
    prop_oneof![
        prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat()),
        "\\PC{0,80}",
        "[a-z' ]{0,24}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_is_typed_what_is_suggested_finds_something(
        typed in typing(),
        limit in 1_usize..=20,
    ) {
        check(&SEED, &typed, limit);
        check(&MIXED, &typed, limit);
    }

    #[test]
    fn what_stands_in_the_corpus_is_completed_into_it(start in 0_usize..6000, length in 1_usize..12) {
        let text: Vec<char> = crate::support::seed_text().chars().collect();
        let typed: String = text.iter().skip(start).take(length).collect();
        check(&SEED, &typed, 8);
        prop_assert!(Normalized::new(&typed).chars() <= length);
    }
}

#[test]
fn an_empty_corpus_suggests_nothing() {
    let empty = Indexed::of_files(&[]);
    for typed in ["", "教", "j"] {
        assert_eq!(texts(&empty, typed, 8), Vec::<String>::new());
    }
}

fn answer(parameters: &[(&str, &str)]) -> Value {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    let answer = SERVICE.get(&format!("/api/v1/suggest?{query}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

#[test]
fn answers_as_they_are_sent() {
    for (name, parameters) in [
        ("nothing_typed", &[("limit", "4")][..]),
        ("a_region", &[("q", "sjz")]),
        ("a_theme_and_phrases", &[("q", "教师j"), ("limit", "3")]),
        (
            "after_other_words",
            &[("q", "石家庄 教师j"), ("limit", "3")],
        ),
        ("nothing_found", &[("q", "<b>qzx</b>")]),
    ] {
        insta::with_settings!({sort_maps => true}, {
            assert_json_snapshot!(name, answer(parameters), { ".took_ms" => "[milliseconds]" });
        });
    }
}

#[test]
fn an_answer_is_asked_for_once() {
    let first = SERVICE.get("/api/v1/suggest?q=j");
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with("W/\""), "{tag}");
    let again = SERVICE.request("GET", "/api/v1/suggest?q=j", &[("If-None-Match", &tag)]);
    assert_eq!((again.status, again.body.as_str()), (304, ""));
}

#[test]
fn what_is_wrong_with_a_request_is_said() {
    for (query, code, named) in [
        ("limit=0", "bad-parameter", "limit"),
        ("limit=21", "bad-parameter", "limit"),
        ("limit=%E5%85%AB", "bad-parameter", "limit"),
        ("q=a&q=b", "repeated-parameter", "q"),
        ("query=a", "unknown-parameter", "query"),
    ] {
        let answer = SERVICE.get(&format!("/api/v1/suggest?{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{query}");
        assert_eq!(problem["parameter"], named, "{query}");
    }
    assert_eq!(SERVICE.request("POST", "/api/v1/suggest", &[]).status, 405);
}
