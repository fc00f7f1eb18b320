//! Measuring: the measures against values worked out by hand, the test of significance, test
//! collections and judgement files as the command reads them, and script variants on a public set.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use cesou::eval::{self, Judged, Judgements, Measure, Method, Run as Measured, Scores, Unit};
use cesou::fold::fold;
use cesou::index;
use cesou::search::Match;
use insta::assert_json_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{Place, options, shared};

fn graded(relevant: &[(&str, u32)]) -> BTreeMap<String, u32> {
    relevant
        .iter()
        .map(|&(id, grade)| (id.to_owned(), grade))
        .collect()
}

fn close(left: f64, right: f64) -> bool {
    (left - right).abs() < 1e-12
}

#[test]
fn measures_are_those_worked_out_by_hand() {
    // Twelve ids that nobody judged.
    let noise: Vec<String> = (0..12).map(|n| format!("n{n}")).collect();
    let noise: Vec<&str> = noise.iter().map(String::as_str).collect();
    let after_ten = [&noise[..10], &["a"]].concat();
    let at_ten = [&noise[..9], &["a"]].concat();
    // 1 / log2(3), 1 / log2(4) and so on are what places 2, 3 and so on are worth.
    let (second, third, tenth) = (1.0 / 3_f64.log2(), 0.5, 1.0 / 11_f64.log2());
    for (case, ranking, relevant, [ndcg, mrr, ten, hundred]) in [
        (
            "as good as can be",
            vec!["a", "b"],
            graded(&[("a", 2), ("b", 1)]),
            [1.0, 1.0, 1.0, 1.0],
        ),
        (
            "the better one second",
            vec!["b", "a"],
            graded(&[("a", 2), ("b", 1)]),
            [(1.0 + 2.0 * second) / (2.0 + second), 1.0, 1.0, 1.0],
        ),
        (
            "one of two, third",
            vec!["x", "y", "b"],
            graded(&[("a", 1), ("b", 1)]),
            [third / (1.0 + second), 1.0 / 3.0, 0.5, 0.5],
        ),
        (
            "the last that counts",
            at_ten,
            graded(&[("a", 1)]),
            [tenth, 0.1, 1.0, 1.0],
        ),
        (
            "the first that does not",
            after_ten,
            graded(&[("a", 1)]),
            [0.0, 0.0, 0.0, 1.0],
        ),
        (
            "an id that comes again counts at its best place, and others move up",
            vec!["x", "x", "a", "a", "b"],
            graded(&[("a", 1), ("b", 1)]),
            [(second + third) / (1.0 + second), 0.5, 1.0, 1.0],
        ),
        (
            "grade 0 is not relevant",
            vec!["z", "a"],
            graded(&[("z", 0), ("a", 1)]),
            [second, 0.5, 1.0, 1.0],
        ),
        (
            "what cannot be found is not found",
            vec!["a"],
            graded(&[("a", 1), ("gone", 1)]),
            [1.0 / (1.0 + second), 1.0, 0.5, 0.5],
        ),
        ("nothing found", vec![], graded(&[("a", 1)]), [0.0; 4]),
        ("nothing relevant", vec!["a"], graded(&[]), [0.0; 4]),
        ("only grade 0", vec!["a"], graded(&[("a", 0)]), [0.0; 4]),
    ] {
        let scores = Scores::of(&ranking, &relevant);
        for (measure, expected) in Measure::ALL.into_iter().zip([ndcg, mrr, ten, hundred]) {
            let value = scores.get(measure);
            assert!(
                close(value, expected),
                "{case}: {} is {value}, not {expected}",
                measure.as_str()
            );
        }
    }
}

#[test]
fn gain_is_counted_over_ten_and_no_more() {
    let relevant: BTreeMap<String, u32> = (0..30).map(|n| (format!("{n:02}"), 1)).collect();
    let ranking: Vec<&String> = relevant.keys().collect();
    let scores = Scores::of(&ranking, &relevant);
    assert!(close(scores.ndcg_at_10, 1.0), "{scores:?}");
    assert!(close(scores.recall_at_10, 10.0 / 30.0), "{scores:?}");
    assert!(close(scores.recall_at_100, 1.0), "{scores:?}");
}

#[test]
fn means_are_over_queries() {
    let one = Scores::of(&["a"], &graded(&[("a", 1)]));
    let none = Scores::default();
    let mean = Scores::mean([&one, &none, &none, &none]);
    assert!(close(mean.ndcg_at_10, 0.25) && close(mean.recall_at_100, 0.25));
    assert_eq!(Scores::mean([]), Scores::default());
}

proptest! {
    #[test]
    fn measures_stay_within_bounds(
        ranking in prop::collection::vec("[a-h]", 0..20),
        relevant in prop::collection::btree_map("[a-h]", 0_u32..4, 0..8),
    ) {
        let scores = Scores::of(&ranking, &relevant);
        for measure in Measure::ALL {
            prop_assert!((0.0..=1.0 + 1e-12).contains(&scores.get(measure)), "{scores:?}");
        }
        prop_assert!(scores.recall_at_10 <= scores.recall_at_100);
        // Best grades first is as good as it gets.
        let mut best: Vec<(&String, &u32)> = relevant.iter().collect();
        best.sort_by(|left, right| right.1.cmp(left.1));
        let best: Vec<&String> = best.into_iter().map(|(id, _)| id).collect();
        let most = Scores::of(&best, &relevant);
        if relevant.values().any(|&grade| grade > 0) {
            prop_assert!(close(most.ndcg_at_10, 1.0) && close(most.mrr_at_10, 1.0));
        }
        prop_assert!(scores.ndcg_at_10 <= most.ndcg_at_10 + 1e-12);
    }
}

#[test]
fn chance_is_told_from_difference() {
    for (differences, expected) in [
        (vec![], 1.0),
        (vec![0.0, 0.0], 1.0),
        // Either sign is as far apart.
        (vec![0.3], 1.0),
        (vec![0.5, -0.5], 1.0),
        // Of eight ways, +++ and ---.
        (vec![0.1, 0.1, 0.1], 0.25),
        // Of sixteen, the two with 3 and the largest on one side, and those alike by sign.
        (vec![1.0, 1.0, 1.0, -1.0], 10.0 / 16.0),
        (vec![0.1, 0.0, 0.1, 0.0, 0.1], 0.25),
    ] {
        let p = eval::permutation_test(&differences);
        assert!(close(p, expected), "{differences:?}: {p}, not {expected}");
    }
    let better = eval::permutation_test(&[0.1; 40]);
    assert!(better < 0.0001, "{better}");
    let even: Vec<f64> = (0..40)
        .map(|n| if n % 2 == 0 { 0.1 } else { -0.1 })
        .collect();
    assert!(eval::permutation_test(&even) > 0.9);
    // Drawn, not tried in full, and the same every time; the exact value is 2 × P(X ≥ 28 of 40).
    let some: Vec<f64> = (0..40).map(|n| if n < 28 { 0.1 } else { -0.1 }).collect();
    let p = eval::permutation_test(&some);
    assert!((p - 0.0166).abs() < 0.004, "{p}");
    assert!(close(p, eval::permutation_test(&some)));
}

const CORPUS: &str = r#"{"_id": "d/1", "title": "山西省晋中市:全市一盘棋", "text": "推进校长教师交流轮岗。\n\n建立联席会议制度。"}
{"_id": "d/2", "title": "", "text": "集团化办学带动薄弱学校。"}
{"_id": "d/3", "text": "免试就近入学，禁止择校。"}
{"_id": "d/4", "title": "校园足球", "text": ""}
"#;
const QUERIES: &str = r#"{"_id": "q1", "text": "教师交流轮岗"}
{"_id": "q2", "text": "集团化办学"}
{"_id": "q3", "text": "没有人评判的"}
{"_id": "q4", "text": "就近入学"}
"#;
const QRELS: &str = "query-id\tcorpus-id\tscore
q1\td/1\t2
q1\td/4\t1
q2\td/2\t1
q4\td/3\t1
q4\tgone\t1
q9\td/1\t1
";

/// A place with a small test collection, a vocabulary, and a temporary folder that can be watched.
fn place() -> Place {
    let place = Place::seed();
    place.write("corpus.jsonl", CORPUS.as_bytes());
    place.write("queries.jsonl", QUERIES.as_bytes());
    place.write("qrels.tsv", QRELS.as_bytes());
    fs::create_dir(place.path("temporary")).expect("a folder");
    place
}

/// Measures on the collection of `place()`, with these arguments besides.
fn measure(place: &Place, more: &[&str]) -> (String, String) {
    let mut arguments = vec!["eval", "--corpus", "corpus.jsonl"];
    arguments.extend(["--queries", "queries.jsonl", "--qrels", "qrels.tsv"]);
    arguments.extend(more);
    let output = place
        .command(&arguments)
        .env("TMPDIR", place.path("temporary"))
        .output()
        .expect("the binary runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(0), "{more:?}: {err}");
    (out, err)
}

fn measured_json(place: &Place, more: &[&str]) -> Value {
    let (out, _) = measure(place, &[&["--json"], more].concat());
    serde_json::from_str(&out).expect("JSON and nothing else")
}

#[test]
fn a_test_collection_is_indexed_for_the_time_being() {
    let place = place();
    let (out, err) = measure(&place, &["--per-query"]);
    let said = [
        "4 个段落，3 个检索词",
        "1 个没有评判",
        "有评判而没有检索词的 1 个",
        "nDCG@10",
        "每秒",
    ];
    for said in said {
        assert!(out.contains(said), "{said} in {out}");
    }
    assert!(
        err.contains("1 个编号不在语料中") && err.contains("gone"),
        "{err}"
    );
    let left: Vec<_> = fs::read_dir(place.path("temporary"))
        .expect("a folder")
        .collect();
    assert!(left.is_empty(), "{left:?} is left behind");
    assert!(
        !place.path("index").exists(),
        "the served index is not touched"
    );

    // The columns stand under one another.
    let lines: Vec<&str> = out
        .lines()
        .filter(|line| line.starts_with('q') || line.contains("nDCG"))
        .collect();
    assert_eq!(lines.len(), 4, "{out}");
    let (header, queries) = lines.split_first().expect("a header");
    let end = header.find("nDCG@10").expect("a column") + "nDCG@10".len();
    for query in queries {
        let number = query[..end].rsplit(' ').next().expect("a cell");
        assert!(number.parse::<f64>().is_ok(), "{query:?} of {out}");
    }
}

#[test]
fn the_scores_of_a_collection_as_json() {
    let value = measured_json(&place(), &["--per-query"]);
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!(value, {
            ".seconds" => "[seconds]",
            ".queries_per_second" => "[number]",
        });
    });
}

#[test]
fn a_collection_may_be_compressed_and_is_the_same() {
    let place = place();
    let plain = measured_json(&place, &["--per-query"]);
    for name in ["corpus.jsonl", "queries.jsonl", "qrels.tsv"] {
        let content = fs::read(place.path(name)).expect("a file");
        let compressed = zstd::encode_all(&content[..], 3).expect("it compresses");
        // Told by the content, so that a name says nothing wrong.
        place.write(name, &compressed);
    }
    let compressed = measured_json(&place, &["--per-query"]);
    for part in ["mean", "per_query", "missing", "passages"] {
        assert_eq!(plain[part], compressed[part], "{part}");
    }
    let threads = measured_json(&place, &["--per-query", "--threads", "3"]);
    assert_eq!(plain["per_query"], threads["per_query"], "in their order");
}

#[test]
fn queries_can_be_matched_exactly_and_less_deeply() {
    let place = place();
    let exact = measured_json(&place, &["--match", "exact", "--per-query"]);
    // 教师交流轮岗 stands in the first document as it is, in the other not at all.
    assert_eq!(exact["per_query"][0]["top"], json!(["d/1"]));
    assert_eq!(exact["matching"], "exact");
    let shallow = measured_json(&place, &["--depth", "1", "--per-query"]);
    let top = shallow["per_query"][0]["top"].as_array().expect("a list");
    assert_eq!(top.len(), 1);
}

#[test]
fn a_run_is_saved_and_compared() {
    let place = place();
    measure(&place, &["--save", "run.json"]);
    let same = measured_json(&place, &["--compare", "run.json"]);
    let comparison = &same["comparison"];
    assert_eq!(comparison["queries"], 3);
    for measure in comparison["measures"].as_array().expect("a list") {
        for (field, expected) in [("wins", 0), ("losses", 0), ("ties", 3)] {
            assert_eq!(measure[field], expected, "{field} of {measure}");
        }
        assert_eq!(measure["p"], 1.0, "{measure}");
        assert_eq!(measure["here"], measure["there"], "{measure}");
    }
    let (out, _) = measure(&place, &["--compare", "run.json"]);
    assert!(out.contains("与对照相比，3 个检索词相同"), "{out}");
    assert!(out.contains("+0.0000"), "{out}");

    // A run that found nothing loses every query.
    let saved = fs::read_to_string(place.path("run.json")).expect("a file");
    let mut worse: Value = serde_json::from_str(&saved).expect("JSON");
    for query in worse["queries"].as_array_mut().expect("a list") {
        for (_, score) in query["scores"].as_object_mut().expect("scores") {
            *score = json!(0.0);
        }
    }
    worse["queries"].as_array_mut().expect("a list").pop();
    place.write("worse.json", worse.to_string().as_bytes());
    let value = measured_json(&place, &["--compare", "worse.json"]);
    let comparison = &value["comparison"];
    assert_eq!(
        (&comparison["queries"], &comparison["only_here"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(comparison["measures"][0]["wins"], 2);
    // Two queries prove nothing: of four ways, two are as far apart.
    assert_eq!(comparison["measures"][0]["p"], 0.5);
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    let good = [
        ("corpus.jsonl", CORPUS),
        ("queries.jsonl", QUERIES),
        ("qrels.tsv", QRELS),
    ];
    let repeated = format!("{CORPUS}{}", CORPUS.lines().next().unwrap());
    for (file, content, said) in [
        (
            "corpus.jsonl",
            "{\"_id\": \"a\"}\n",
            ["第 1 行", "“text”|text"],
        ),
        ("corpus.jsonl", "\n\n甲乙\n", ["第 3 行", "_id"]),
        ("corpus.jsonl", &repeated, ["第 5 行", "d/1"]),
        ("corpus.jsonl", "", ["没有一篇文档", "_id"]),
        (
            "queries.jsonl",
            "{\"_id\": 3, \"text\": \"a\"}",
            ["第 1 行", "_id"],
        ),
        ("queries.jsonl", " \n", ["没有一个检索词", "_id"]),
        (
            "qrels.tsv",
            "query-id\tcorpus-id\tscore\nq1 d1 1\n",
            ["第 2 行", "制表符"],
        ),
        (
            "qrels.tsv",
            "q1\td/1\t1\nq1\td/1\thigh\n",
            ["第 2 行", "high"],
        ),
        ("qrels.tsv", "q1\td/1\t1\nq1\td/1\t2\n", ["第 2 行", "重复"]),
        (
            "qrels.tsv",
            "query-id\tcorpus-id\tscore\n",
            ["没有一条评判", "制表符"],
        ),
        (
            "qrels.tsv",
            "q7\td/1\t1\n",
            ["没有一个检索词有评判", "编号"],
        ),
        (
            "qrels.tsv",
            "q1\td/1\t0\n",
            ["没有一个检索词有评判", "编号"],
        ),
    ] {
        let place = place();
        for (name, content) in good {
            place.write(name, content.as_bytes());
        }
        place.write(file, content.as_bytes());
        let mut arguments = vec!["eval", "--corpus", "corpus.jsonl"];
        arguments.extend(["--queries", "queries.jsonl", "--qrels", "qrels.tsv"]);
        let run = place.run(&arguments);
        run.exits(1);
        let err = run.err();
        assert!(
            err.starts_with("错误：") && err.lines().count() == 1,
            "{err}"
        );
        for part in said {
            let any = part.split('|').any(|part| err.contains(part));
            assert!(any, "{part} in {err} for {content:?}");
        }
    }
    let place = place();
    place.write("bytes.jsonl", b"{\"_id\": \"\xff\xfe\"}\n");
    place.write("run.json", b"{}");
    place.write("half.zst", &[0x28, 0xb5, 0x2f, 0xfd, 0x04]);
    let with = |corpus: &'static str, more: &[&'static str]| {
        let mut arguments = vec!["eval", "--corpus", corpus];
        arguments.extend(["--queries", "queries.jsonl", "--qrels", "qrels.tsv"]);
        arguments.extend(more);
        place.run(&arguments)
    };
    with("bytes.jsonl", &[]).refuses(&["bytes.jsonl 第 1 行", "UTF-8"]);
    with("half.zst", &[]).refuses(&["half.zst"]);
    with("nowhere.jsonl", &[]).refuses(&["nowhere.jsonl"]);
    with("corpus", &[]).refuses(&["读不了 corpus"]);
    with("corpus.jsonl", &["--compare", "run.json"]).refuses(&["run.json", "--save"]);
    with("corpus.jsonl", &["--save", "no/such/run.json"]).refuses(&["no/such"]);
}

#[test]
fn flags_that_do_not_go_together_are_refused() {
    let place = place();
    for (arguments, said) in [
        (vec!["eval"], "--judgements"),
        (vec!["eval", "--queries", "queries.jsonl"], "--qrels"),
        (vec!["eval", "--qrels", "qrels.tsv"], "--queries"),
        (
            vec!["eval", "--queries", "queries.jsonl", "--qrels", "qrels.tsv"],
            "corpus.jsonl",
        ),
        (
            vec!["eval", "--judgements", "a", "--depth", "0"],
            "1 至 10000",
        ),
        (
            vec!["eval", "--judgements", "a", "--match", "fuzzy"],
            "smart 或 exact",
        ),
        (
            vec!["eval", "--judgements", "nowhere.jsonl"],
            "nowhere.jsonl",
        ),
    ] {
        place.run(&arguments).refuses(&[said]);
    }
}

#[test]
fn judgements_are_of_measures_or_of_passages() {
    let place = place();
    place.write(
        "judged.jsonl",
        r#"{"query": "集团化办学", "type": "keyword", "relevant": {"130100#2": 2, "999999#1": 1}}
{"query": "教师交流轮岗", "type": "keyword", "relevant": {"140700#2": 2}}
{"query": "芦溪县", "type": "region", "relevant": {"360323#1": 1}}
{"query": "无关", "type": "region", "relevant": {}}
"#
        .as_bytes(),
    );
    let run = place.run(&[
        "eval",
        "--judgements",
        "judged.jsonl",
        "--json",
        "--per-query",
    ]);
    let value: Value = serde_json::from_str(&run.exits(0)).expect("JSON");
    assert_eq!(value["missing"], json!(["999999#1"]));
    assert_eq!(value["unjudged"], 1);
    assert_eq!(value["types"]["keyword"]["queries"], 2);
    assert_eq!(value["types"]["region"]["queries"], 1);
    // Whatever is found is called as the judgements call it, each measure once.
    for query in value["per_query"].as_array().expect("a list") {
        let mut top: Vec<&str> = query["top"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|id| id.as_str().expect("an id"))
            .collect();
        assert!(top.iter().all(|id| id.contains('#')), "{top:?}");
        let all = top.len();
        top.sort_unstable();
        top.dedup();
        assert_eq!(top.len(), all);
    }
    let id = value["per_query"][2]["id"].as_str().expect("an id");
    assert_eq!(id, "3", "the line of the file");
    assert!(place.path("index").is_dir(), "the served index was opened");

    let hits = place.run(&["search", "-n", "1", "集团化办学"]).exits(0);
    let passage = hits
        .split(" · ")
        .find(|part| part.starts_with("130100-") || part.starts_with("321200-"))
        .unwrap_or_else(|| panic!("no id in {hits}"));
    let judged = json!({"query": "集团化办学", "relevant": {passage: 1, "none-0": 1}});
    place.write("passages.jsonl", judged.to_string().as_bytes());
    let run = place.run(&["eval", "--judgements", "passages.jsonl", "--json"]);
    let value: Value = serde_json::from_str(&run.exits(0)).expect("JSON");
    assert_eq!(value["mean"]["mrr@10"], 1.0);
    assert_eq!(value["mean"]["recall@10"], 0.5);
    assert_eq!(value["missing"], json!(["none-0"]));
    assert_eq!(value.get("types"), None);

    let mixed = json!({"query": "a", "relevant": {"130100#2": 1, "none-0": 1}});
    place.write("mixed.jsonl", mixed.to_string().as_bytes());
    let run = place.run(&["eval", "--judgements", "mixed.jsonl"]);
    run.refuses(&["mixed.jsonl 第 1 行", "none-0"]);
}

#[test]
fn documents_are_passages_whole_however_long() {
    let long = "均衡发展的一句话。\n".repeat(1000);
    let documents = [
        eval::Document {
            id: "长".to_owned(),
            title: "一、像编号的标题".to_owned(),
            text: format!("{long}一、像举措的一行\n二、又一行\n"),
        },
        eval::Document {
            id: String::new(),
            title: String::new(),
            text: String::new(),
        },
    ];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let snapshot = index_of(&documents, folder.path());
    assert_eq!(snapshot.passages(), 2);
    let found = |text: &str, matching| {
        let judged = Judgements {
            queries: vec![Judged {
                id: "1".to_owned(),
                text: text.to_owned(),
                kind: None,
                relevant: graded(&[("长", 1)]),
            }],
            ..Judgements::default()
        };
        run_of(&snapshot, &judged, &documents, matching).queries[0]
            .top
            .clone()
    };
    for text in ["像编号的标题", "均衡发展的一句话", "像举措的一行"] {
        for matching in [Match::Exact, Match::Smart] {
            assert_eq!(found(text, matching), ["长"], "{text} {matching:?}");
        }
    }
}

fn index_of(documents: &[eval::Document], folder: &Path) -> index::Snapshot {
    let reports = documents
        .iter()
        .enumerate()
        .map(|(number, document)| document.report(number, "corpus.jsonl"));
    let options = index::Options {
        max_chars: 100,
        memory_bytes: 64 << 20,
        threads: 1,
    };
    index::build_from(reports, None, folder, &options, &|_| {}).expect("it can be indexed")
}

fn run_of(
    snapshot: &index::Snapshot,
    judgements: &Judgements,
    documents: &[eval::Document],
    matching: Match,
) -> Measured {
    let method = Method {
        options: options(),
        matching,
        depth: 100,
        threads: 2,
    };
    eval::evaluate(
        snapshot,
        judgements,
        Unit::Document(documents),
        &method,
        &|_| {},
    )
    .expect("the index can be read")
}

#[test]
fn traditional_texts_answer_simplified_queries_as_well() {
    let Some(folder) = shared("eval/drcd") else {
        return;
    };
    let documents = eval::documents(&folder.join("corpus.jsonl.zst")).expect("a corpus");
    let queries = eval::queries(&folder.join("queries.dev.jsonl")).expect("queries");
    let qrels = eval::qrels(&folder.join("qrels.dev.tsv")).expect("judgements");
    // A quarter of the questions: it is the same for each, and this is run often.
    let queries: Vec<(String, String)> = queries.into_iter().step_by(4).collect();
    let simplified: Vec<(String, String)> = queries
        .iter()
        .map(|(id, text)| (id.clone(), text.chars().filter_map(fold).collect()))
        .collect();
    assert!(
        queries
            .iter()
            .zip(&simplified)
            .all(|(left, right)| left != right),
        "the questions are in traditional script"
    );
    let index = tempfile::tempdir().expect("a temporary folder");
    let snapshot = index_of(&documents, index.path());
    let scores = |queries| {
        let judgements = eval::pair(queries, qrels.clone());
        run_of(&snapshot, &judgements, &documents, Match::Smart).mean
    };
    let (original, simplified) = (scores(queries), scores(simplified));
    println!("{original:?}\n{simplified:?}");
    for measure in Measure::ALL {
        let apart = (original.get(measure) - simplified.get(measure)).abs();
        assert!(
            apart <= 0.01,
            "{}: {original:?} {simplified:?}",
            measure.as_str()
        );
    }
    assert!(original.mrr_at_10 > 0.9, "{original:?}");
}
