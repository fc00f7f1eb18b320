//! Figures: what is found of a judged sample, in arbitrary text, and as conditions on passages.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::sync::LazyLock;

use cesou::quantity::{self, Class, Condition, Qualifier, Quantity, condition};
use cesou::query::rewrite::RewriteKind;
use cesou::search::{Facet, Match, Request, Sort};
use proptest::prelude::*;

use crate::support::{Indexed, SEED, SERVICE, Service, corpus_of, root};

/// A figure as it was judged.
#[derive(Debug)]
struct Judged {
    text: String,
    class: String,
    low: f64,
    high: f64,
    qualifier: String,
    kind: String,
}

/// The sentences of `tests/quantities/judged.txt`, which says how it is written.
fn judged() -> Vec<(String, Vec<Judged>)> {
    let path = root().join("tests/quantities/judged.txt");
    let cases = fs::read_to_string(path).unwrap();
    let mut sentences: Vec<(String, Vec<Judged>)> = Vec::new();
    for line in cases.lines() {
        if line.starts_with('#') || line.trim().is_empty() {
            continue;
        }
        if !line.starts_with(' ') {
            sentences.push((line.to_owned(), Vec::new()));
            continue;
        }
        let mut parts = line.split('|').map(|part| part.trim().to_owned());
        let mut part = || parts.next();
        let (text, class, value) = (part().unwrap(), part().unwrap(), part().unwrap());
        let (low, high) = value.split_once("..").unwrap_or((&value, &value));
        let judged = Judged {
            text,
            class,
            low: low.parse().unwrap(),
            high: high.parse().unwrap(),
            qualifier: part().unwrap(),
            kind: part().unwrap_or_else(|| "amount".to_owned()),
        };
        sentences.last_mut().unwrap().1.push(judged);
    }
    sentences
}

fn near(left: f64, right: f64) -> bool {
    (left - right).abs() <= 1e-6 * left.abs().max(right.abs())
}

fn is(sentence: &str, found: &Quantity, judged: &Judged) -> bool {
    found.range.of(sentence) == judged.text
        && found.class.as_str() == judged.class
        && near(found.low, judged.low)
        && near(found.high, judged.high)
        && found.qualifier.map_or("-", Qualifier::as_str) == judged.qualifier
        && found.kind.as_str() == judged.kind
}

/// A figure counts as found only where text, class, value, qualifier and kind are all right.
#[test]
fn a_judged_sample_is_found_with_precision_and_recall() {
    let sentences = judged();
    assert!(sentences.len() >= 150, "{} sentences", sentences.len());
    let (mut right, mut found, mut wanted) = (0_u32, 0_u32, 0_u32);
    let mut misses = String::new();
    for (sentence, judged) in &sentences {
        let quantities = quantity::find(sentence);
        for one in judged {
            wanted += 1;
            if quantities.iter().any(|found| is(sentence, found, one)) {
                right += 1;
            } else {
                writeln!(misses, "{sentence}\n    missed: {one:?}").unwrap();
            }
        }
        for one in &quantities {
            found += 1;
            if !judged.iter().any(|judged| is(sentence, one, judged)) {
                writeln!(misses, "{sentence}\n    wrong: {one:?}").unwrap();
            }
        }
    }
    let (precision, recall) = (
        f64::from(right) / f64::from(found),
        f64::from(right) / f64::from(wanted),
    );
    assert!(
        precision >= 0.95 && recall >= 0.95,
        "precision {precision:.3}, recall {recall:.3}\n{misses}"
    );
}

#[test]
fn a_figure_knows_the_words_it_belongs_to() {
    for (sentence, labels) in [
        (
            "总投资38亿元，新增学位1.2万个。",
            vec!["总投资", "新增学位"],
        ),
        ("选派1300名教师到乡村任教。", vec!["教师"]),
        ("投入38亿元专项资金。", vec!["投入"]),
        ("38亿元的专项资金已经下达。", vec!["专项资金"]),
        (
            "地区生产总值突破9万亿元、增长5.4%。",
            vec!["地区生产总值"; 2],
        ),
        (
            "小学入学率、初中毛入学率分别为99%、98%。",
            vec!["初中毛入学率"; 2],
        ),
        ("学龄人口由12万人下降到10万人。", vec!["学龄人口"; 2]),
        ("完成造林600万亩。", vec!["造林"]),
        ("完成年度投资1万亿元以上。", vec!["投资"]),
    ] {
        let found = quantity::find(sentence);
        let found: Vec<&str> = found.iter().map(|found| found.label.as_str()).collect();
        assert_eq!(found, labels, "{sentence}");
    }
}

/// What any list of figures must be.
fn is_well_formed(text: &str, found: &[Quantity]) {
    let mut done = 0;
    for quantity in found {
        let range = quantity.range;
        assert!(
            range.start >= done && range.start < range.end,
            "{quantity:?}"
        );
        assert!(text.get(range.start..range.end).is_some(), "{quantity:?}");
        assert!(
            quantity.low.is_finite() && quantity.high.is_finite() && quantity.low <= quantity.high,
            "{quantity:?}"
        );
        done = range.end;
    }
}

/// Text with many numbers, units and qualifiers in it.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "1",
        "20",
        "3.5",
        "1,234",
        "0",
        "2016",
        "三",
        "十",
        "百",
        "千",
        "万",
        "亿",
        "两",
        "零",
        "元",
        "亩",
        "人",
        "个",
        "%",
        "‰",
        "百分之",
        "分之",
        "个百分点",
        "公里",
        "千瓦",
        "千米",
        "所",
        "名",
        "年",
        "月",
        "第",
        "近",
        "约",
        "超过",
        "不足",
        "以上",
        "以下",
        "左右",
        "多",
        "余",
        "至",
        "—",
        "-",
        "到",
        "，",
        "。",
        "、",
        "\n",
        " ",
        "增长",
        "下降",
        "人均",
        "每",
        "投资",
        "学位",
        "由",
        "“",
        "(",
        "+",
        "/",
        "a",
        "２",
        "，",
        "\u{3000}",
        "\u{200B}",
        "萬",
        "億",
        "畝",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Half-width figures, letters and signs made wide.
fn widened(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '0'..='9' | 'a'..='z' | '%' | '.' | '(' | '+' | '/' | ',' => {
                char::from_u32(c as u32 + 0xFEE0).unwrap()
            }
            c => c,
        })
        .collect()
}

proptest! {
    #[test]
    fn any_text_gives_figures_in_order(text in ".{0,200}") {
        is_well_formed(&text, &quantity::find(&text));
        let _ = condition::find(&text);
    }

    #[test]
    fn text_of_numbers_and_units_gives_figures_in_order(text in pieces()) {
        is_well_formed(&text, &quantity::find(&text));
        for found in condition::find(&text) {
            prop_assert!(text.get(found.range.start..found.range.end).is_some());
            let again = Condition::parse(found.condition.as_str()).unwrap();
            prop_assert_eq!(again, found.condition);
        }
    }

    #[test]
    fn width_and_script_make_no_difference(text in pieces()) {
        let plain = text.replace('２', "2").replace('萬', "万").replace('億', "亿").replace('畝', "亩");
        let figures = |text: &str| -> Vec<(Class, f64, f64)> {
            let found = quantity::find(text);
            found.iter().map(|found| (found.class, found.low, found.high)).collect()
        };
        prop_assert_eq!(figures(&widened(&plain)), figures(&plain));
        let traditional = plain.replace('万', "萬").replace('亿', "億").replace('亩', "畝");
        prop_assert_eq!(figures(&traditional), figures(&plain));
    }

    #[test]
    fn a_written_figure_gives_its_value_back(
        whole in 2_u32..9_000,
        decimals in 0_u32..100,
        magnitude in prop::sample::select(vec![("", 1.0), ("万", 1e4), ("亿", 1e8), ("万亿", 1e12)]),
        unit in prop::sample::select(vec![("元", 1.0), ("公里", 1000.0), ("吨", 1.0), ("%", 1.0)]),
    ) {
        let text = format!("达到{whole}.{decimals:02}{}{}。", magnitude.0, unit.0);
        let found = quantity::find(&text);
        let value = (f64::from(whole) + f64::from(decimals) / 100.0) * magnitude.1 * unit.1;
        prop_assert_eq!(found.len(), 1, "{}", text);
        prop_assert!(near(found[0].low, value), "{}: {} is not {}", text, found[0].low, value);
    }

    #[test]
    fn any_filter_is_read_or_refused(text in ".{0,80}", pieces in pieces()) {
        let _ = Condition::parse(&text);
        let _ = Condition::parse(&format!("money>={pieces}"));
    }
}

/// A text twice as long takes about twice as long: nothing looks back without bound.
#[test]
fn long_runs_of_figures_take_linear_time() {
    for piece in [
        "1",
        "一",
        "万",
        "1-",
        "1.",
        "1,",
        "5%、",
        "近",
        "百分之",
        "1至",
        "增长",
        "38亿元",
    ] {
        let text = piece.repeat(300_000 / piece.len());
        let started = std::time::Instant::now();
        is_well_formed(&text, &quantity::find(&text));
        assert!(started.elapsed().as_secs() < 20, "{piece}");
    }
}

#[test]
fn conditions_are_read_and_hold() {
    let holds = |condition: &str, low: f64, high: f64| {
        let condition = Condition::parse(condition).expect(condition);
        condition.holds(low, high)
    };
    for (condition, value, expected) in [
        ("money>=1e9", 1e9, true),
        ("money>=10亿元", 1e9, true),
        ("money>=10亿", 9.99e8, false),
        ("money>10亿元", 1e9, false),
        ("money<=10亿元", 1e9, true),
        ("money<10亿元", 1e9, false),
        ("money=1亿元..5亿元", 5e8, true),
        ("money=1亿元..5亿元", 5.1e8, false),
        ("people<1万人", 9999.0, true),
        ("share>=40%", 40.0, true),
        ("share≥百分之四十", 40.0, true),
        ("growth<=-3%", -3.5, true),
        ("growth>=-3", -3.5, false),
        ("area=40亩", 4_000_000.0 / 150.0, true),
        ("area>=100公顷", 1e6, true),
        ("places>=1万个", 12_000.0, true),
        ("length>=1千米", 1000.0, true),
        ("points>=5个百分点", 5.0, true),
    ] {
        assert_eq!(
            holds(condition, value, value),
            expected,
            "{condition} {value}"
        );
    }
    // A range meets what it overlaps.
    assert!(holds("money=3亿元..5亿元", 4e8, 9e8));
    assert!(!holds("money=3亿元..5亿元", 6e8, 9e8));
    for wrong in [
        "",
        "money",
        "money>=",
        ">=1",
        "cash>=1",
        "money>=很多",
        "money>=5亩",
        "money>1亿元..2亿元",
        "money=2亿元..1亿元",
        "money>=NaN",
        "people>=1e400",
        "money>=1亿元，2亿元",
    ] {
        assert!(Condition::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_query_names_its_bounds() {
    for (query, expected) in [
        ("投资 10亿元以上", vec![("10亿元以上", "money>=10亿元")]),
        ("超过10亿元的投资", vec![("超过10亿元", "money>10亿元")]),
        ("投资10亿以上", vec![("10亿以上", "money>=10亿元")]),
        ("学位 1万个以上", vec![("1万个以上", "places>=1万个")]),
        ("增长10%以上", vec![("增长10%以上", "growth>=10%")]),
        ("下降5%以上", vec![("下降5%以上", "growth<=-5%")]),
        ("不足5万人", vec![("不足5万人", "people<5万人")]),
        ("占地40亩至60亩", vec![("40亩至60亩", "area=40亩..60亩")]),
        ("100所以上学校", vec![("100所以上", "schools>=100所")]),
        (
            "不少于3000人 投资1亿元以下",
            vec![
                ("不少于3000人", "people>=3000人"),
                ("1亿元以下", "money<=1亿元"),
            ],
        ),
        ("投资38亿元", vec![]),
        ("2016年以上", vec![]),
        ("十二五", vec![]),
    ] {
        let found: Vec<(String, String)> = condition::find(query)
            .iter()
            .map(|found| {
                let text = found.range.of(query).to_owned();
                (text, found.condition.as_str().to_owned())
            })
            .collect();
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(text, condition)| ((*text).to_owned(), (*condition).to_owned()))
            .collect();
        assert_eq!(found, expected, "{query}");
    }
}

/// Reports with figures of several classes, ranges among them.
const FIGURES: &str = "\
河北省石家庄市:经费投入

一、加大投入。全市总投资12亿元，新增学位1.5万个。

二、改善条件。每校占地40亩至60亩，投资3亿元。

三、分步实施。一期投入1至2亿元，二期投入8至9亿元。

四、教师队伍。增加编制投资说明，选派教师800人，财政收入增长12%。

五、巩固成果。辍学率下降3%，学校达到25所，另有社会捐赠10亿元以上投资意向。

六、不含数值。加强投资管理。
";

static INDEXED: LazyLock<Indexed> = LazyLock::new(|| Indexed::of_files(&[("a.txt", FIGURES)]));

fn found(indexed: &Indexed, request: &Request) -> BTreeSet<String> {
    let hits = indexed.all(request).into_iter();
    hits.map(|hit| hit.passage.id_end()).collect()
}

trait IdEnd {
    fn id_end(&self) -> String;
}

impl IdEnd for cesou::index::PassageRecord {
    /// The number of the measure.
    fn id_end(&self) -> String {
        self.dotted_path()
    }
}

fn filtered(conditions: &[&str]) -> Request {
    Request {
        quantities: conditions
            .iter()
            .map(|text| Condition::parse(text).unwrap())
            .collect(),
        ..Request::default()
    }
}

#[test]
fn passages_are_filtered_by_their_figures() {
    for (conditions, expected) in [
        (&["money>=10亿元"][..], &["1", "5"][..]),
        (&["money>10亿元"], &["1"]),
        (&["money=3亿元..5亿元"], &["2"]),
        // Neither 1至2亿元 nor 8至9亿元 overlaps it.
        (&["money=2.5亿元..2.9亿元"], &[]),
        (&["money=1.5亿元..1.6亿元"], &["3"]),
        (&["money<=1亿元"], &["3"]),
        (&["area>=50亩"], &["2"]),
        (&["area>60亩"], &[]),
        (&["people<1000人"], &["4"]),
        (&["growth>=10%"], &["4"]),
        (&["growth<0"], &["5"]),
        (&["places>=1万个"], &["1"]),
        (&["schools>=1"], &["5"]),
        (&["money>=1亿元", "area>=1亩"], &["2"]),
        (&["money>=1亿元", "money<5亿元"], &["2", "3"]),
        (&["energy>0"], &[]),
    ] {
        let request = filtered(conditions);
        let expected: BTreeSet<String> = expected.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(found(&INDEXED, &request), expected, "{conditions:?}");
        assert_eq!(
            INDEXED.search(&request).total,
            expected.len(),
            "{conditions:?}"
        );
    }
}

#[test]
fn hits_are_sorted_by_the_figure_that_was_asked_for() {
    let request = Request {
        sort: Sort::Quantity,
        ..filtered(&["money>=1亿元"])
    };
    let hits = INDEXED.all(&request);
    let order: Vec<String> = hits.iter().map(|hit| hit.passage.id_end()).collect();
    assert_eq!(order, ["1", "5", "3", "2"]);
    let page = INDEXED.search(&Request {
        page: 2,
        per_page: 2,
        ..request
    });
    let order: Vec<String> = page.hits.iter().map(|hit| hit.passage.id_end()).collect();
    assert_eq!(order, ["3", "2"]);
    for hit in &hits {
        for figure in &hit.figures {
            let is_asked = figure.quantity.class == Class::Money && figure.quantity.high >= 1e8;
            assert_eq!(figure.matched, is_asked, "{figure:?}");
            assert_eq!(figure.quantity.range.of(&hit.passage.text), figure.text);
        }
    }
}

/// Counts under conditions, with and without facets' own filters, against a recount.
#[test]
fn counts_agree_with_the_filter() {
    for text in ["", "教师", "学校"] {
        let everything = SEED.all(&Request {
            text: text.to_owned(),
            ..filtered(&[])
        });
        for conditions in [
            &["money>=1亿元"][..],
            &["people>=1000", "share>=50%"],
            &["count>=10"],
        ] {
            let request = Request {
                text: text.to_owned(),
                facets: vec![Facet::Province, Facet::Theme],
                ..filtered(conditions)
            };
            let holds = |hit: &&cesou::search::Hit| {
                request.quantities.iter().all(|condition| {
                    let mut figures = hit.passage.quantities.iter();
                    figures.any(|quantity| condition.holds_for(quantity))
                })
            };
            let expected = everything.iter().filter(holds).count();
            let response = SEED.search(&request);
            assert_eq!(response.total, expected, "{text} {conditions:?}");
            let sum: u64 = response.facets[&Facet::Province]
                .iter()
                .map(|value| value.count)
                .sum();
            assert_eq!(sum, expected as u64, "{text} {conditions:?}");
            for value in &response.facets[&Facet::Theme] {
                let mut narrower = request.clone();
                narrower
                    .filters
                    .insert(Facet::Theme, vec![value.value.clone()]);
                let total = SEED.search(&narrower).total;
                assert_eq!(total as u64, value.count, "{text} {conditions:?} {value:?}");
            }
        }
    }
}

#[test]
fn a_bound_in_the_query_narrows_and_is_told() {
    let ask = |text: &str, rewrites: bool| {
        INDEXED.search(&Request {
            text: text.to_owned(),
            rewrites,
            ..Request::default()
        })
    };
    let response = ask("投资 10亿元以上", true);
    let ids: Vec<String> = response
        .hits
        .iter()
        .map(|hit| hit.passage.id_end())
        .collect();
    // The figure of the first belongs to the investment, that of the other to a donation.
    assert_eq!(ids, ["1", "5"]);
    assert_eq!(response.total, 2);
    let rewrite = &response.rewrites[0];
    assert_eq!(rewrite.kind, RewriteKind::Quantity);
    assert_eq!(
        (rewrite.from.as_str(), rewrite.to.as_str()),
        ("10亿元以上", "money>=10亿元")
    );
    assert_eq!(rewrite.original.as_deref(), Some("投资 \"10亿元以上\""));
    assert!(response.unmet_quantities.is_empty());
    assert!(response.hits[0].snippet.html.contains("12亿元</mark>"));

    // As it was typed.
    let literal = ask("投资 10亿元以上", false);
    assert!(literal.rewrites.is_empty() && literal.quantities.is_empty());
    assert_eq!(ask("投资 \"10亿元以上\"", true).quantities, []);

    // What nothing meets is looked for as it was typed, and that is said.
    let unmet = ask("投资 500亿元以上", true);
    assert!(unmet.quantities.is_empty());
    assert_eq!(unmet.unmet_quantities[0].as_str(), "money>=500亿元");
    assert!(unmet.total > 0);

    let alone = ask("增长10%以上", true);
    assert_eq!(alone.total, 1);
    assert_eq!(alone.hits[0].passage.id_end(), "4");
}

/// Whatever the text holds as it was typed is found, bounds or not.
#[test]
fn a_bound_loses_nothing_that_holds_the_query() {
    let typed = [
        "10亿元以上",
        "社会捐赠10亿元以上投资",
        "1至2亿元",
        "下降3%",
        "40亩至60亩",
    ];
    for text in typed {
        let ask = |matching| Request {
            text: text.to_owned(),
            matching,
            ..Request::default()
        };
        let exact = found(&INDEXED, &ask(Match::Exact));
        let smart = found(&INDEXED, &ask(Match::Smart));
        assert!(!exact.is_empty(), "{text}");
        assert!(exact.is_subset(&smart), "{text}: {exact:?} {smart:?}");
    }
}

#[test]
fn figures_are_served() {
    let corpus = corpus_of(&[("a.txt", FIGURES)]);
    let service = Service::of(corpus.path());
    let answer =
        service.get("/api/v1/search?q=&quantity=money%3E%3D10%E4%BA%BF%E5%85%83&sort=quantity");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    assert_eq!(answer["total"], 2);
    let figures = answer["hits"][0]["quantities"].as_array().unwrap();
    assert_eq!(figures.len(), 2);
    assert_eq!(
        figures[0],
        serde_json::json!({
            "text": "12亿元", "value": 1.2e9, "unit": "元", "unit_text": "元", "class": "money",
            "kind": "amount", "label": "总投资", "range": figures[0]["range"], "matched": true,
        })
    );
    assert_eq!(figures[1]["class"], "places");
    assert_eq!(figures[1]["matched"], false);

    let box_answer = service
        .get("/api/v1/search?q=%E6%8A%95%E8%B5%84%2010%E4%BA%BF%E5%85%83%E4%BB%A5%E4%B8%8A")
        .json();
    assert_eq!(box_answer["query"]["rewrites"][0]["kind"], "quantity");
    assert_eq!(
        box_answer["query"]["quantities"][0]["filter"],
        "money>=10亿元"
    );

    let page = service
        .get("/?q=%E6%8A%95%E8%B5%84&quantity=money%3E%3D10%E4%BA%BF%E5%85%83")
        .body;
    assert!(page.contains("金额 ≥ 10亿元"), "{page}");
    assert!(page.contains("<b>12亿元</b>"), "{page}");
}

#[test]
fn conditions_that_cannot_be_read_are_refused_by_name() {
    for (query, parameter) in [
        ("quantity=cash%3E1", "quantity"),
        ("quantity=money", "quantity"),
        ("quantity=money%3E%3D5%E4%BA%A9", "quantity"),
        ("sort=quantity", "sort"),
    ] {
        let answer = SERVICE.get(&format!("/api/v1/search?{query}"));
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.json()["parameter"], parameter, "{query}");
    }
}
