//! What a query is taken to mean: pinyin, typing errors, synonyms, numbers, regions; and that what
//! was typed is never lost by it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

use cesou::analysis::Normalized;
use cesou::search::{Facet, Filters, Hit, Match, Request, Response, Rewrite};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{Indexed, SEED, SERVICE, options};

/// What is typed, and how some of it is to be read: kind, from, to.
type Reading = (
    &'static str,
    &'static [(&'static str, &'static str, &'static str)],
);

const READINGS: [Reading; 11] = [
    ("shijiazhuang", &[("pinyin", "shijiazhuang", "石家庄")]),
    (
        "jiaoshi peixun",
        &[("pinyin", "jiaoshi", "教师"), ("pinyin", "peixun", "培训")],
    ),
    ("haidian", &[("pinyin", "haidian", "海淀")]),
    ("sjz", &[("pinyin", "sjz", "石家庄")]),
    ("教师 peixun", &[("pinyin", "peixun", "培训")]),
    ("均横发展", &[("typo", "均横", "均衡")]),
    ("教师流交", &[("typo", "流交", "交流")]),
    ("农民工子女上学", &[("synonym", "农民工子女", "随迁子女")]),
    ("教师交流", &[("synonym", "教师交流", "交流轮岗")]),
    (
        "ＳＨＩＪＩＡＺＨＵＡＮＧ　教师",
        &[("pinyin", "shijiazhuang", "石家庄")],
    ),
    ("38亿", &[]),
];

fn asked(text: &str) -> Request {
    Request {
        text: text.to_owned(),
        ..Request::default()
    }
}

fn literally(text: &str) -> Request {
    Request {
        rewrites: false,
        ..asked(text)
    }
}

fn ids(hits: &[Hit]) -> BTreeSet<String> {
    hits.iter().map(|hit| hit.passage.id.clone()).collect()
}

fn kinds(rewrites: &[Rewrite]) -> Vec<(&'static str, &str, &str)> {
    rewrites
        .iter()
        .map(|rewrite| (rewrite.kind.as_str(), &*rewrite.from, &*rewrite.to))
        .collect()
}

fn typos(response: &Response) -> Vec<(&'static str, &str, &str)> {
    let mut all = kinds(&response.rewrites);
    all.retain(|(kind, _, _)| *kind == "typo");
    all
}

/// Everything a passage can be found by, normalised.
fn text_of(hit: &Hit) -> Normalized {
    Normalized::new(&format!("{}\n{}", hit.report.title, hit.passage.text))
}

/// Runs of ideographs in the seed, between marks and figures.
static FRAGMENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut all = BTreeSet::new();
    for hit in SEED.all(&Request::default()) {
        let runs = hit
            .passage
            .text
            .split(|c: char| !('\u{4E00}'..='\u{9FFF}').contains(&c));
        all.extend(runs.filter(|run| !run.is_empty()).map(str::to_owned));
    }
    all.into_iter().collect()
});

#[test]
fn each_way_of_typing_is_read_as_what_it_means() {
    let mut wrong = Vec::new();
    for (typed, expected) in READINGS {
        let answer = SERVICE.search(&[("q", typed)]);
        assert_eq!(answer.status, 200, "{typed}");
        let answer = answer.json();
        let rewrites = answer["query"]["rewrites"].as_array().expect("a list");
        for &(kind, from, to) in expected {
            let is_there = rewrites.iter().any(|rewrite| {
                rewrite["kind"] == kind && rewrite["from"] == from && rewrite["to"] == to
            });
            if !is_there {
                wrong.push(format!("{typed}: no {kind} {from} {to} in {rewrites:?}"));
            }
        }
        if answer["total"].as_u64().is_none_or(|total| total == 0) {
            wrong.push(format!("{typed}: nothing found"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_error_beside_a_word_is_put_right() {
    for (typed, meant) in [("师资对伍", "师资队伍"), ("教师对伍", "教师队伍")] {
        let response = SEED.search(&asked(typed));
        let expected = ("typo", typed, meant);
        assert_eq!(typos(&response), [expected], "{typed}");
    }
}

#[test]
fn the_best_hit_has_what_was_meant() {
    let cases = [
        ("shijiazhuang", "石家庄"),
        ("haidian", "海淀"),
        ("sjz", "石家庄"),
        ("jiaoshi peixun", "培训"),
        ("教师 peixun", "培训"),
        ("均横发展", "均衡发展"),
        ("师资对伍", "师资队伍"),
        ("教师流交", "交流"),
        ("农民工子女上学", "农民工子女"),
    ];
    let mut wrong = Vec::new();
    for (typed, meant) in cases {
        let hits = SEED.search(&asked(typed)).hits;
        let first = hits.first().map(text_of);
        if first.is_none_or(|text| !text.as_str().contains(meant)) {
            wrong.push(format!("{typed}: {meant} is not in the first hit"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_asked_for_as_typed_is_found_as_typed() {
    let mut checked = 0;
    let mut wrong = Vec::new();
    let more = [
        "经费保障 jiaoshi",
        "老师流动",
        "教育经费",
        "2014年",
        "38亿",
        "标题:jiaoshi",
    ];
    for typed in READINGS.iter().map(|(typed, _)| *typed).chain(more) {
        for rewrite in SEED.search(&asked(typed)).rewrites {
            let Some(original) = rewrite.original else {
                continue;
            };
            let needle = Normalized::new(&rewrite.from);
            for hit in SEED.all(&asked(&original)) {
                if !text_of(&hit).as_str().contains(needle.as_str()) {
                    wrong.push(format!("{typed}: {original} finds {}", hit.passage.id));
                }
            }
            checked += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 10, "only {checked} rewrites can be undone");
}

#[test]
fn a_query_can_be_taken_as_it_was_typed() {
    for (typed, _) in READINGS {
        let answer = SERVICE.search(&[("q", typed), ("rewrites", "false")]);
        assert_eq!(answer.status, 200, "{typed}");
        let query = &answer.json()["query"];
        assert_eq!(query["rewrites"], serde_json::json!([]), "{typed}");
        assert_eq!(query["did_you_mean"], Value::Null, "{typed}");
        // What is looked for as a string is not read otherwise either.
        let exact = SERVICE.search(&[("q", typed), ("match", "exact")]).json();
        assert_eq!(exact["query"]["rewrites"], serde_json::json!([]), "{typed}");
        assert_eq!(exact["query"]["did_you_mean"], Value::Null, "{typed}");
    }
}

#[test]
fn headings_of_the_corpus_are_not_errors() {
    let mut headings: BTreeSet<String> = BTreeSet::new();
    for hit in SEED.all(&Request::default()) {
        headings.extend(hit.passage.heading);
        headings.insert(hit.report.title);
    }
    assert!(headings.len() > 20, "{}", headings.len());
    let mut wrong = Vec::new();
    for heading in &headings {
        let response = SEED.search(&asked(heading));
        if !typos(&response).is_empty() || response.did_you_mean.is_some() {
            let (typos, meant) = (typos(&response), &response.did_you_mean);
            wrong.push(format!("{heading}: {typos:?}, {meant:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_query_that_matches_well_is_not_corrected() {
    let enough = options().relax_below;
    let mut checked = 0;
    for length in [2, 3, 4] {
        let pieces: BTreeSet<String> = FRAGMENTS
            .iter()
            .filter_map(|run| run.get(..length * 3))
            .map(str::to_owned)
            .collect();
        for piece in pieces {
            let plain = SEED.search(&literally(&piece));
            if plain.relaxed.is_some() || plain.total < enough {
                continue;
            }
            let response = SEED.search(&asked(&piece));
            assert_eq!(typos(&response), [], "{piece}");
            assert_eq!(response.did_you_mean, None, "{piece}");
            checked += 1;
        }
    }
    assert!(checked > 20, "only {checked} match well");
}

#[test]
fn a_region_comes_first_and_can_be_filtered_for() {
    let cases = [
        ("沈阳 经费", "city", "沈阳市"),
        ("经费 沈阳市", "city", "沈阳市"),
        ("沈阳和平区 教师", "county", "和平区"),
        ("河北 教师", "province", "河北省"),
        ("shijiazhuang 教师", "city", "石家庄市"),
    ];
    let mut wrong = Vec::new();
    for (typed, facet, value) in cases {
        let answer = SERVICE.search(&[("q", typed), ("per_page", "100")]).json();
        let regions = &answer["query"]["regions"];
        if regions[0]["filter"][facet] != value {
            wrong.push(format!("{typed}: no {facet} {value} in {regions}"));
            continue;
        }
        let first = answer["hits"][0].to_string();
        if !first.contains(value) {
            wrong.push(format!("{typed}: first {first}"));
        }
        let narrowed = SERVICE
            .search(&[("q", typed), ("per_page", "100"), (facet, value)])
            .json();
        let ids = |answer: &Value| -> BTreeSet<String> {
            let hits = answer["hits"].as_array().expect("a list").iter();
            hits.map(|hit| hit["id"].to_string()).collect()
        };
        assert_ne!(narrowed["total"], 0, "{typed}");
        assert!(ids(&narrowed).is_subset(&ids(&answer)), "{typed}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_region_without_reports_is_none_to_filter_for() {
    for typed in ["乌鲁木齐 经费", "某某市 经费", "市 县 区"] {
        assert_eq!(SEED.search(&asked(typed)).regions, [], "{typed}");
    }
}

/// One number to a passage, in as many ways as there are to write it.
static NUMBERS: LazyLock<Indexed> = LazyLock::new(|| {
    let passages = [
        "总投资38亿元，用于建设校舍",
        "总投资３８亿元，用于购置设备",
        "总投资三十八亿元，用于培训",
        "总投资138亿元，用于道路",
        "新增学位20000个，方便入学",
        "新增学位两万个，就近入学",
        "新增学位2万个，免试入学",
        "新增学位12万个，分批入学",
        "2014年全部达标，社会满意",
        "二〇一四年全部验收，群众满意",
        "2013年开始筹备，各方配合",
    ];
    let mut text = "江苏省泰州市:数目\n\n泰州市概况。\n\n".to_owned();
    for (number, passage) in [
        "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一",
    ]
    .iter()
    .zip(passages)
    {
        writeln!(text, "{number}、事项。{passage}。\n").unwrap();
    }
    Indexed::of_files(&[("a.txt", &text)])
});

#[test]
fn a_number_is_found_however_it_is_written() {
    // What is typed, what the hits must include, what they must not.
    let cases: [(&str, &[&str], &[&str]); 8] = [
        (
            "38亿",
            &["总投资38亿元", "３８亿元", "三十八亿元"],
            &["2013年"],
        ),
        (
            "38亿元",
            &["总投资38亿元", "３８亿元", "三十八亿元"],
            &["2013年"],
        ),
        (
            "三十八亿",
            &["总投资38亿元", "３８亿元", "三十八亿元"],
            &["138亿"],
        ),
        ("2万", &["20000个", "两万个", "学位2万个"], &[]),
        ("两万", &["20000个", "两万个", "学位2万个"], &["12万个"]),
        ("20000", &["20000个", "两万个", "学位2万个"], &["12万个"]),
        ("2014年", &["2014年", "二〇一四年"], &["2013年"]),
        ("二〇一四年", &["2014年", "二〇一四年"], &["2013年"]),
    ];
    let mut wrong = Vec::new();
    for (typed, found, lost) in cases {
        let hits = NUMBERS.all(&asked(typed));
        let holds = |text: &str| hits.iter().any(|hit| hit.passage.text.contains(text));
        for text in found {
            if !holds(text) {
                wrong.push(format!("{typed} does not find {text}"));
            }
        }
        for text in lost {
            if holds(text) {
                wrong.push(format!("{typed} finds {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where the first hit for `typed` stands that holds `text`.
fn place(typed: &str, text: &str) -> Option<usize> {
    let hits = NUMBERS.all(&asked(typed));
    hits.iter().position(|hit| hit.passage.text.contains(text))
}

#[test]
fn another_number_that_ends_alike_comes_after_the_number_itself() {
    for (typed, own, other) in [
        ("38亿", 2, "138亿"),
        ("38亿元", 2, "138亿"),
        ("2万", 3, "12万"),
        ("2万个", 1, "12万"),
    ] {
        let place = place(typed, other);
        assert!(
            place.is_none_or(|place| place >= own),
            "{typed}: {other} at {place:?}"
        );
    }
}

#[test]
fn another_number_that_ends_alike_comes_after_other_spellings() {
    for (typed, spelt, other) in [
        ("38亿", "三十八亿", "138亿"),
        ("38亿元", "三十八亿", "138亿"),
        ("2万个", "两万个", "12万"),
        ("2万个", "20000个", "12万"),
    ] {
        let (same, other) = (place(typed, spelt), place(typed, other));
        assert!(
            same.is_some() && other.is_none_or(|other| same < Some(other)),
            "{typed}: {spelt} at {same:?}, the other at {other:?}"
        );
    }
}

#[test]
fn an_explanation_names_synonyms_and_adds_up() {
    let typed = [
        "农民工子女上学",
        "农民工子女",
        "教师交流",
        "38亿",
        "两万个学位",
        "jiaoshi peixun",
        "师资对伍",
        "沈阳 经费",
        "shijiazhuang 老师",
    ];
    let mut by_synonym = 0;
    for text in typed {
        for indexed in [&*SEED, &*NUMBERS] {
            let request = Request {
                explain: true,
                ..asked(text)
            };
            for hit in indexed.all(&request) {
                let parts = hit.explanation.as_deref().expect("it was asked for");
                let sum: f32 = parts.iter().map(|part| part.score).sum();
                let distance = (sum - hit.score).abs();
                assert!(
                    distance < 1e-3 * hit.score.max(1.0),
                    "{text}: {sum} is not {} of {}: {parts:?}",
                    hit.score,
                    hit.passage.id
                );
                let said = text_of(&hit);
                let named = parts.iter().filter(|part| part.part == "synonym");
                for part in named.clone() {
                    assert!(said.as_str().contains(&part.text), "{text}: {part:?}");
                }
                if text == "农民工子女" && said.as_str().contains("随迁子女") {
                    assert!(named.count() > 0, "{text}: {parts:?}");
                    by_synonym += 1;
                }
            }
        }
    }
    assert!(by_synonym > 0, "no synonym was found");
}

#[test]
fn the_word_itself_comes_before_what_means_the_same() {
    let pairs = [
        ("教师交流", "教师轮岗"),
        ("交流轮岗", "轮岗交流"),
        ("乡村教师", "农村教师"),
        ("随迁子女", "务工人员子女"),
    ];
    for (one, other) in pairs {
        for (typed, synonym) in [(one, other), (other, one)] {
            // The synonym stands first, and would by a tie; once it is rare, once it is not.
            for copies in [1, 4] {
                let mut text = "江苏省泰州市:甲乙\n\n泰州市概况。\n\n".to_owned();
                let said = std::iter::repeat_n(synonym, copies).chain([typed]);
                for (number, word) in ["一", "二", "三", "四", "五"].iter().zip(said) {
                    writeln!(text, "{number}、事项。各校认真推进{word}，成效明显。\n").unwrap();
                }
                text += "六、别的。修缮校舍，添置设备。\n";
                let hits = Indexed::of_files(&[("a.txt", &text)]).all(&asked(typed));
                assert!(hits.len() > copies, "{typed}: {} hits", hits.len());
                let first = &hits[0].passage.text;
                assert!(first.contains(typed), "{typed}: {first} is first");
            }
        }
    }
}

#[test]
fn whatever_is_typed_is_answered() {
    let mut typed: Vec<String> = [
        "zzzz",
        "a",
        "。",
        "，，",
        "😀",
        "hello world",
        "教",
        "jiaoshi 😀 教师 38亿 ，",
        "\"",
        "38",
        "0.0.0亿",
        "shi",
        "沈阳沈阳沈阳",
        "'a'o'",
    ]
    .map(str::to_owned)
    .to_vec();
    // As long as a query may get.
    for piece in ["jiaoshi", "教师交流", "38亿", "沈阳", "均横发展", "，"] {
        typed.push(piece.chars().cycle().take(10_000).collect());
    }
    let passages = SEED.all(&Request::default()).len();
    for text in typed {
        let shown: String = text.chars().take(20).collect();
        let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        // What is longer does not go into an address.
        if encoded.len() < 30_000 {
            let answer = SERVICE.get(&format!("/api/v1/search?q={encoded}"));
            assert_eq!(answer.status, 200, "{shown}: {}", answer.body);
            assert!(answer.json()["query"]["rewrites"].is_array(), "{shown}");
        } else {
            let response = SEED.search(&asked(&text));
            assert!(response.total <= passages, "{shown}");
        }
    }
    assert_eq!(SERVICE.get("/readyz").status, 200);
}

/// Pieces of what readers type, and of what nobody does.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (any::<prop::sample::Index>(), 0_usize..12, 1_usize..7).prop_map(|(which, start, length)| {
            let run = &FRAGMENTS[which.index(FRAGMENTS.len())];
            let count = run.chars().count();
            run.chars().skip(start % count).take(length).collect()
        }),
        2 => prop::sample::select(vec![
            "jiaoshi", "peixun", "sjz", "shijiazhuang", "haidian", "xi'an", "junheng", "jspx", "a", "WIFI",
        ]).prop_map(str::to_owned),
        2 => prop::sample::select(vec![
            "38亿", "2.5万", "2014年", "20.93", "三十八亿元", "50%", "两万", "1", "12所",
        ]).prop_map(str::to_owned),
        1 => prop::sample::select(vec![
            "沈阳", "和平区", "河北", "均横", "对伍", "农民工子女", "老师", "流交", "的", "哪些",
        ]).prop_map(str::to_owned),
        1 => prop::sample::select(vec![
            "，", "。", "、", "“", "\"", "-", ":", "主题:", " OR ", "😀", "（", "|", "\u{3000}",
        ]).prop_map(str::to_owned),
    ]
}

fn typed() -> impl Strategy<Value = String> {
    prop::collection::vec((piece(), prop::bool::weighted(0.3)), 1..6).prop_map(|pieces| {
        pieces
            .into_iter()
            .map(|(piece, blank)| piece + if blank { " " } else { "" })
            .collect()
    })
}

fn keeps_what_exact_finds(text: &str) {
    let exact = SEED.all(&Request {
        matching: Match::Exact,
        ..asked(text)
    });
    let smart = ids(&SEED.all(&asked(text)));
    assert!(
        ids(&exact).is_subset(&smart),
        "{text:?} loses {:?}",
        ids(&exact).difference(&smart)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn nothing_that_was_typed_is_lost_by_reading_it_otherwise(text in typed()) {
        keeps_what_exact_finds(&text);
    }

    #[test]
    fn strings_of_the_corpus_are_found_however_they_are_read(
        which in any::<prop::sample::Index>(),
        start in 0_usize..1000,
        length in 1_usize..15,
    ) {
        let all = SEED.all(&Request::default());
        let chars: Vec<char> = all[which.index(all.len())].passage.text.chars().collect();
        let text: String = chars.iter().skip(start % chars.len()).take(length).collect();
        keeps_what_exact_finds(&text);
    }

    #[test]
    fn filters_do_not_change_how_a_query_is_read(text in typed()) {
        let plain = SEED.search(&asked(&text));
        let narrowed = SEED.search(&Request {
            filters: Filters::from([(Facet::Province, vec!["河北省".to_owned()])]),
            ..asked(&text)
        });
        prop_assert_eq!(plain.rewrites, narrowed.rewrites);
        prop_assert_eq!(plain.did_you_mean, narrowed.did_you_mean);
        prop_assert_eq!(plain.regions, narrowed.regions);
        prop_assert!(narrowed.total <= plain.total);
    }
}
