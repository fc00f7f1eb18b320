//! Passages like one: which are found, from where, in what order, and why.

use std::collections::HashSet;

use cesou::analysis::Normalized;
use cesou::index::PassageRecord;
use cesou::search::{self, SharedTerm, Similar};
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{Indexed, SEED, SERVICE, options};

fn similar(indexed: &Indexed, id: &str, limit: usize) -> Vec<Similar> {
    search::similar(&indexed.snapshot, id, limit, &options())
        .expect("the index can be read")
        .expect("a passage of that id")
}

fn passages(indexed: &Indexed) -> Vec<PassageRecord> {
    let reports = indexed.snapshot.reports().iter();
    reports
        .flat_map(|report| {
            let passages = indexed.snapshot.passages_of(report);
            passages.expect("the index can be read")
        })
        .collect()
}

/// The only passage that contains `text`.
fn passage_with(indexed: &Indexed, text: &str) -> PassageRecord {
    let mut found: Vec<PassageRecord> = passages(indexed)
        .into_iter()
        .filter(|passage| passage.text.contains(text))
        .collect();
    assert_eq!(found.len(), 1, "{text}");
    found.remove(0)
}

/// A passage as judgements name it: code of the region and number of the measure.
fn name(similar: &Similar) -> String {
    let code = similar.report.region.code.as_deref().unwrap_or_default();
    let number = similar.passage.path.first().copied().unwrap_or(0);
    format!("{code}#{number}")
}

/// All that a passage's words may stand in, normalised.
fn around(passage: &PassageRecord, title: &str) -> String {
    let text = format!("{}\n{}\n{title}", passage.text, passage.parents.join("\n"));
    Normalized::new(&text).as_str().to_owned()
}

#[test]
fn what_regions_did_about_the_same_is_found() {
    for (text, expected) in [
        // Teachers sent to other schools.
        ("实施“万人交流”计划", &["341600#3", "120112#2"][..]),
        // Places at the better high schools given to all lower ones.
        (
            "优质高中招生指标全部分配到校",
            &["110108#4", "120112#2", "341600#2"],
        ),
        // Teachers trained.
        ("强化培训,打造精英", &["341600#3", "110108#6"]),
        // School buildings.
        ("实施“千校达标”工程", &["130100#1", "110108#2"]),
        // Children of migrant workers.
        ("在“破”字上下功夫", &["110108#1"]),
        // Lessons.
        ("坚持育人为本,深化课堂教学改进", &["360323#2", "321200#3"]),
        // Schools that lead others.
        ("统筹资源,优化布局", &["130100#1"]),
    ] {
        let passage = passage_with(&SEED, text);
        let found: Vec<String> = similar(&SEED, &passage.id, 5).iter().map(name).collect();
        for expected in expected {
            assert!(
                found.iter().any(|found| found == expected),
                "{expected} is not among {found:?} for {text}"
            );
        }
    }
}

#[test]
fn every_passage_has_its_like_and_every_likeness_its_reasons() {
    for passage in passages(&SEED) {
        let id = &passage.id;
        let found = similar(&SEED, id, 20);
        assert!(!found.is_empty(), "{id}: {}", passage.text);
        let report = SEED.snapshot.report(&passage.report).expect("its report");
        let own = around(&passage, &report.title);
        let mut reports = HashSet::from([passage.report.as_str()]);
        for (place, like) in found.iter().enumerate() {
            let other = &like.passage.id;
            assert!(reports.insert(&like.passage.report), "{id}: {other} again");
            assert!(0.0 < like.score && like.score <= 1.0, "{id} {}", like.score);
            assert!(!like.near_duplicate, "{id} {other}");
            if let Some(next) = found.get(place + 1) {
                assert!(like.score >= next.score - 1e-5, "{id} at {place}");
            }

            let text = around(&like.passage, &like.report.title);
            let sum: f32 = like.shared.iter().map(|term| term.weight).sum();
            assert!((sum - like.score).abs() < 1e-4, "{id} {other}: {sum}");
            let mut weight = f32::INFINITY;
            for term in &like.shared {
                for (whose, text) in [(id, &own), (other, &text)] {
                    assert!(text.contains(&term.text), "{} is not in {whose}", term.text);
                }
                assert!(0.0 < term.weight && term.weight <= weight, "{id} {other}");
                weight = term.weight;
                assert!(term.text.chars().count() > 1, "{}", term.text);
                assert!(!term.text.contains(|c: char| c.is_ascii_digit()));
            }
            assert!(like.snippet.text.chars().count() <= options().snippet_chars + 20);
            // Where they share only headings, the text has nothing to mark.
            let body = Normalized::new(like.passage.body());
            let in_body = |term: &SharedTerm| body.as_str().contains(&term.text);
            assert_eq!(
                like.snippet.matched,
                like.shared.iter().any(in_body),
                "{id} {other}"
            );
        }
        let fewer: Vec<&str> = found.iter().take(3).map(|like| &*like.passage.id).collect();
        let asked = similar(&SEED, id, 3);
        let asked: Vec<&str> = asked.iter().map(|like| &*like.passage.id).collect();
        assert_eq!(asked, fewer, "fewer are the first of more");
    }
}

#[test]
fn what_is_not_there_is_like_nothing() {
    for id in ["", "no-such", "110108", "000000-0000000000-0", "段落"] {
        let found = search::similar(&SEED.snapshot, id, 5, &options());
        assert!(found.expect("the index can be read").is_none(), "{id}");
    }
    let passage = passage_with(&SEED, "实施“万人交流”计划");
    assert!(similar(&SEED, &passage.id, 0).is_empty());
}

/// Two measures on the same thing, and one of another kind.
const MEASURES: &str = "\n\n一、推进教师轮岗。骨干教师到薄弱学校任教，校长教师定期轮岗。\n\n\
    二、轮岗教师待遇。轮岗教师享受乡镇补贴，骨干教师优先评聘职称。\n\n\
    三、建设食堂。寄宿学校新建食堂和宿舍，改善学生营养午餐。\n";

fn report(title: &str, text: &str) -> String {
    format!("{title}{text}")
}

#[test]
fn other_regions_come_first_and_a_report_comes_once() {
    let reports = [
        ("a.txt", report("山西省晋中市:今年的做法", MEASURES)),
        ("b.txt", report("山西省晋中市:去年的做法", MEASURES)),
        (
            "c.txt",
            report(
                "山西省太原市:轮岗",
                "\n\n一、教师轮岗。骨干教师到农村学校支教。\n\n二、修路。农村公路硬化养护。\n",
            ),
        ),
        (
            "d.txt",
            report(
                "江苏省泰州市:轮岗",
                "\n\n一、骨干教师轮岗。到薄弱学校任教，校长定期轮岗。\n\n二、种树。荒山绿化造林。\n",
            ),
        ),
        (
            "e.txt",
            report("某某集团:年报", "\n\n一、营业收入。利润增长。\n"),
        ),
    ];
    let files: Vec<(&str, &str)> = reports
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let indexed = Indexed::of_files(&files);
    let asked = passages(&indexed)
        .into_iter()
        .find(|passage| passage.text.contains("定期轮岗"))
        .expect("the first report has it");
    let found = similar(&indexed, &asked.id, 20);
    let from: Vec<(&str, bool)> = found
        .iter()
        .map(|like| (&*like.report.title, like.near_duplicate))
        .collect();
    assert_eq!(
        from,
        [
            ("江苏省泰州市:轮岗", false),
            ("山西省太原市:轮岗", false),
            ("山西省晋中市:去年的做法", true),
        ]
    );
    // The copy is as like as can be, and still comes after what others did.
    assert!((found[2].score - 1.0).abs() < 1e-5, "{}", found[2].score);
    assert!(found[2].score > found[0].score);

    // Nothing is like what nobody else speaks of.
    let alone = passage_with(&indexed, "利润增长");
    assert!(similar(&indexed, &alone.id, 20).is_empty());
}

#[test]
fn a_copy_is_told_from_its_like() {
    let text = "骨干教师到薄弱学校任教，校长和教师定期轮岗，满六年的应当交流，城镇教师到农村学校支教不少于一年。";
    let copied = text.replace('，', ",\n").replace("应当", "应該");
    let reports = [
        (
            "a.txt",
            format!("山西省晋中市:轮岗的做法\n\n一、教师轮岗。{text}\n"),
        ),
        (
            "b.txt",
            format!("江苏省泰州市:轮岗的做法\n\n一、教师轮岗。{copied}\n"),
        ),
        (
            "c.txt",
            "浙江省杭州市:轮岗\n\n一、教师轮岗。城镇教师到农村学校支教，骨干教师优先。\n"
                .to_owned(),
        ),
    ];
    let files: Vec<(&str, &str)> = reports
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let indexed = Indexed::of_files(&files);
    let asked = passages(&indexed)
        .into_iter()
        .find(|passage| passage.text.contains("满六年") && passage.text.contains("应当"))
        .expect("the first report has it");
    let found = similar(&indexed, &asked.id, 5);
    let marked: Vec<(&str, bool)> = found
        .iter()
        .map(|like| (like.report.region.name.as_str(), like.near_duplicate))
        .collect();
    assert_eq!(marked, [("江苏省泰州市", true), ("浙江省杭州市", false)]);
}

#[test]
fn places_and_figures_are_no_likeness() {
    let indexed = Indexed::of_files(&[
        (
            "a.txt",
            "河北省石家庄市:养老\n\n一、社区食堂。2013年石家庄市在长安区、桥西区建成敬老院20所，石家庄惠及老人300名。\n",
        ),
        (
            "b.txt",
            "河北省邢台市:修路\n\n一、公路桥梁。2013年邢台到石家庄市长安区、桥西区的公路通车，石家庄段20公里，投资300万元。\n",
        ),
        (
            "c.txt",
            "江苏省泰州市:养老\n\n一、敬老院。敬老院里老人有食堂。\n",
        ),
    ]);
    let asked = passage_with(&indexed, "惠及老人");
    let found = similar(&indexed, &asked.id, 5);
    let from: Vec<&str> = found.iter().map(|like| &*like.report.region.name).collect();
    assert_eq!(from, ["江苏省泰州市"]);
}

#[test]
fn passages_with_next_to_nothing_in_them_are_no_trouble() {
    let indexed = Indexed::of_files(&[
        (
            "a.txt",
            "山西省晋中市:😀😀\n\n一、的了吗。\n\n二、2013年。12345。\n",
        ),
        ("b.txt", "江苏省泰州市:……\n\n一、a。\n\n二、教师轮岗。\n"),
        ("c.txt", "浙江省杭州市:教师轮岗\n\n一、教师轮岗。\n"),
        ("d.txt", "教师轮岗。\n"),
    ]);
    for passage in passages(&indexed) {
        let found = similar(&indexed, &passage.id, 20);
        let telling = passage.text.contains("轮岗");
        assert!(telling || found.is_empty(), "{}", passage.text);
    }
}

#[test]
fn an_answer_as_it_is_sent() {
    let id = SERVICE.some_passage();
    let answer = SERVICE.get(&format!("/api/v1/passages/{id}/similar?limit=3"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.header("etag").starts_with("W/"));
    let mut value = answer.json();
    // Sums of floats, which the next version of the engine may add up otherwise.
    let round = |value: &mut Value| {
        let number = value.as_f64().expect("a number");
        *value = json!((number * 100.0).round() / 100.0);
    };
    for like in value["similar"].as_array_mut().expect("a list") {
        round(&mut like["score"]);
        for term in like["shared_terms"].as_array_mut().expect("a list") {
            round(&mut term["weight"]);
        }
    }
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!(value, { ".took_ms" => "[milliseconds]" });
    });

    let passage = SERVICE.get(&format!("/api/v1/passages/{id}")).json();
    let url = passage["similar_url"].as_str().expect("an address");
    let linked = SERVICE.get(url);
    assert_eq!(linked.status, 200, "{url}");
    assert_eq!(linked.json()["similar"].as_array().map(Vec::len), Some(5));
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let id = SERVICE.some_passage();
    for (query, said) in [
        ("limit=0", "1 至 20"),
        ("limit=21", "1 至 20"),
        ("limit=-1", "1 至 20"),
        ("limit=", "1 至 20"),
        ("limit=%E4%BA%94", "1 至 20"),
        ("limit=3&limit=4", "limit"),
        ("limits=3", "limit"),
        ("q=a", "limit"),
    ] {
        let answer = SERVICE.get(&format!("/api/v1/passages/{id}/similar?{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(answer.body.contains(said), "{query}: {}", answer.body);
    }
    for id in ["no-such", "%F0%9F%98%80", "a%2Fb", &"x".repeat(3000)] {
        let answer = SERVICE.get(&format!("/api/v1/passages/{id}/similar"));
        assert_eq!(answer.status, 404, "{id}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    let answer = SERVICE.request("POST", &format!("/api/v1/passages/{id}/similar"), &[]);
    assert_eq!(answer.status, 405);
    let answer = SERVICE.request(
        "HEAD",
        &format!("/api/v1/passages/{id}/similar"),
        &[("Accept-Encoding", "identity")],
    );
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}

#[test]
fn the_page_of_a_passage_names_its_like() {
    let id = SERVICE.some_passage();
    let page = SERVICE.get(&format!("/passages/{id}")).body;
    let (_, section) = page.split_once("相似段落").expect("a section");
    let (section, _) = section.split_once("</section>").expect("its end");
    assert!(section.contains("安徽省亳州市"), "{section}");
    assert!(
        section.contains("同有：") && section.contains("教师"),
        "{section}"
    );
    let linked = section.split("href=\"").nth(1).expect("a link");
    let (url, _) = linked.split_once('"').expect("its end");
    assert_eq!(SERVICE.get(url).status, 200, "{url}");
    assert!(!section.contains(&id), "a passage is not like itself");
}
