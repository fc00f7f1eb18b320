//! Passages that come first for a query: the file, its mistakes, and that counts and pages are as
//! true with them as without.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cesou::index::Snapshot;
use cesou::pin::{MAX_PASSAGES, Pins};
use cesou::search::{self, Axes, Facet, Match, Request, Sort};
use proptest::prelude::*;

use crate::support::{Place, SEED, Service, corpus_of, options, root, seed_text};

/// The ids of all hits, in order, from one page after another.
fn paged(snapshot: &Snapshot, request: &Request, per_page: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for page in 1.. {
        let request = Request {
            page,
            per_page,
            ..request.clone()
        };
        let response = search::search(snapshot, &request, &options()).unwrap();
        if response.hits.is_empty() {
            assert_eq!(ids.len(), response.total, "pages have all that is counted");
            return ids;
        }
        ids.extend(response.hits.into_iter().map(|hit| hit.passage.id));
    }
    unreachable!()
}

/// All passages of the seed, in the order of the corpus.
fn everything() -> Vec<String> {
    let all = SEED.all(&Request::default());
    all.into_iter().map(|hit| hit.passage.id).collect()
}

fn pinned(query: &str, ids: &[String]) -> Snapshot {
    let list = serde_json::to_string(ids).unwrap();
    let query = serde_json::to_string(query).unwrap();
    let text = format!("[[pin]]\nquery = {query}\npassages = {list}\n");
    let pins = Pins::from_toml(&text).expect("good pins");
    SEED.snapshot.with_pins(Arc::new(pins))
}

fn asked(text: &str) -> Request {
    Request {
        text: text.to_owned(),
        facets: Facet::ALL.to_vec(),
        ..Request::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn pages_have_no_gap_and_counts_are_those_of_what_is_listed(
        query in prop::sample::select(vec![
            "教师交流轮岗", "经费", "怎样推进教师交流轮岗工作", "绝无此词甲乙", "集团化办学 河北",
            "投入10亿元以上",
        ]),
        places in prop::collection::vec(0usize..500, 1..4),
        per_page in 1usize..23,
        narrowed in any::<bool>(),
    ) {
        let all = everything();
        let mut ids: Vec<String> = Vec::new();
        for place in places {
            let id = all[place % all.len()].clone();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        let snapshot = pinned(query, &ids);
        let mut request = asked(query);
        if narrowed {
            let province = SEED.snapshot.reports()[0].region.province.clone().unwrap();
            request.filters.insert(Facet::Province, vec![province]);
        }
        let before: BTreeSet<String> = paged(&SEED.snapshot, &request, 100).into_iter().collect();
        let allowed: BTreeSet<String> = {
            let everything = Request { text: String::new(), ..request.clone() };
            paged(&SEED.snapshot, &everything, 100).into_iter().collect()
        };
        let first: Vec<String> = ids.iter().filter(|id| allowed.contains(*id)).cloned().collect();
        let now = paged(&snapshot, &request, per_page);
        prop_assert_eq!(&now[..first.len()], &first[..], "in their order");
        let listed: BTreeSet<String> = now.iter().cloned().collect();
        prop_assert_eq!(listed.len(), now.len(), "nothing twice");
        let expected: BTreeSet<String> = before.iter().chain(&first).cloned().collect();
        prop_assert_eq!(&listed, &expected);
        // The others keep their order.
        let rest: Vec<&String> = now.iter().filter(|id| !first.contains(id)).collect();
        let usual = paged(&SEED.snapshot, &request, 100);
        let usual: Vec<&String> = usual.iter().filter(|id| !first.contains(id)).collect();
        prop_assert_eq!(rest, usual);
        // Each count is what the filtered search finds.
        let response = search::search(&snapshot, &request, &options()).unwrap();
        for (facet, values) in &response.facets {
            for value in values.iter().filter(|value| value.count > 0).take(4) {
                let mut filtered = request.clone();
                filtered.filters.insert(*facet, vec![value.value.clone()]);
                let found = search::search(&snapshot, &filtered, &options()).unwrap();
                prop_assert_eq!(found.total as u64, value.count, "{:?} {}", facet, value.value);
            }
        }
        // What is exported is what is paged through; a table counts as much.
        let mut export =
            search::export(Arc::new(snapshot.clone()), request.clone(), &options(), None, false).unwrap();
        let mut exported = Vec::new();
        loop {
            let batch = export.next(7).unwrap();
            if batch.is_empty() {
                break;
            }
            exported.extend(batch.into_iter().map(|hit| hit.passage.id));
        }
        prop_assert_eq!(&exported, &now);
        let axes = Axes { rows: Facet::Province, cols: Facet::Kind, rows_limit: 50, cols_limit: 50, zeros: false };
        let matrix = search::matrix(&snapshot, &request, &options(), &axes).unwrap();
        prop_assert_eq!(matrix.answer.total, now.len());
        // In other orders it is the same set.
        for sort in [Sort::Region, Sort::Document, Sort::Date] {
            let sorted = Request { sort, ..request.clone() };
            let sorted: BTreeSet<String> = paged(&snapshot, &sorted, per_page).into_iter().collect();
            prop_assert_eq!(&sorted, &expected);
        }
    }

    #[test]
    fn no_file_panics(text in ".{0,200}") {
        let _ = Pins::from_toml(&text);
    }

    #[test]
    fn no_almost_good_file_panics(
        text in "(\\[\\[pin\\]\\]\n|query = \"(甲|)\"\n|passages = \\[(\"a\"(, )?){0,3}\\]\n|passages = 1\n|note = 2\n|pin = 3\n){0,8}",
    ) {
        if let Ok(pins) = Pins::from_toml(&text) {
            prop_assert!(pins.of("甲").len() <= MAX_PASSAGES);
        }
    }
}

#[test]
fn a_pinned_hit_says_so_and_whether_its_words_are_there() {
    let all = everything();
    let found = SEED.search(&asked("集团化 办学"));
    assert!(found.hits[0].complete);
    let (own, other) = (&found.hits[0].passage.id, &all[0]);
    let snapshot = pinned("集團化 办学", &[other.clone(), own.clone()]);
    // Blanks are compared; width, case and script are not.
    let none = search::search(&snapshot, &asked("集团化办学"), &options()).unwrap();
    assert!(none.hits.iter().all(|hit| !hit.pinned));
    let response = search::search(&snapshot, &asked("集团化　办學"), &options()).unwrap();
    let hits: Vec<_> = response
        .hits
        .iter()
        .map(|hit| (&hit.passage.id, hit.pinned, hit.complete))
        .take(3)
        .collect();
    assert_eq!(hits[0], (other, true, false));
    assert_eq!(hits[1], (own, true, true));
    assert!(!hits[2].1);
    assert_eq!(response.hits[0].missing, ["集团化"]);
    // What is asked for as a string is what contains it.
    let exact = Request {
        matching: Match::Exact,
        ..asked("集团化 办学")
    };
    assert!(paged(&snapshot, &exact, 10).is_empty());
    // Grouped by report, none comes first, and all are counted.
    let grouped = Request {
        by_report: true,
        ..asked("集团化 办学")
    };
    let grouped = search::search(&snapshot, &grouped, &options()).unwrap();
    assert_eq!(grouped.total, response.total);
    assert!(grouped.hits.iter().all(|hit| !hit.pinned));
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_line() {
    let cases = [
        (
            "[[pin]]",
            "第 1 行：缺少 query；请补上一行 query = \"教师编制\"",
        ),
        (
            "[[pin]]\nquery = \"甲\"",
            "第 1 行：缺少 passages；请补上一行 passages = [\"段落编号\"]",
        ),
        (
            "[[pin]]\nquery = \"甲\"\npassages = \"a\"",
            "第 3 行：passages 的写法不对；应当是方括号里的一列段落编号，例如 [\"360323-5f2a9c01-3\"]",
        ),
        (
            "[[pin]]\nquery = \" \"\npassages = [\"a\"]",
            "第 2 行：query 是空的（空格和不可见字符不算）；请写上检索词",
        ),
        (
            "[[pin]]\nquery = \"甲\"\npassages = []",
            "第 3 行：passages 是空的；请写上段落编号，或删去这一段",
        ),
        (
            "[[pin]]\nquery = \"甲\"\npassages = [\"段落\"]",
            "第 3 行：「段落」不是段落编号；编号只有英文字母、数字、- 和 _，在段落页面的网址末尾",
        ),
        (
            "[[pin]]\nquery = \"甲\"\npassages = [\"a\"]\n[[pin]]\nquery = \"甲 \"\npassages = [\"b\", \"a\"]",
            "第 6 行：段落 a 已在第 3 行为同一检索词置顶；请只留一处",
        ),
        (
            "[[pin]]\nquery = \"甲\"\npasages = [\"a\"]",
            "第 3 行：不认识的键 pasages；是不是 passages？",
        ),
        ("[[pins]]", "第 1 行：不认识的键 pins；是不是 pin？"),
        (
            "[pin]\nquery = \"甲\"",
            "第 1 行：pin 的写法不对；应当是双重方括号开头的一段，即单独一行 [[pin]]",
        ),
        (
            "[[pin]]\nquery = “甲”",
            "第 2 行：不合 TOML 写法；这一行有全角的「“」，引号、逗号、括号、等号都要用半角",
        ),
    ];
    for (text, said) in cases {
        let error = Pins::from_toml(text).expect_err(text);
        assert_eq!(error.to_string(), said, "{text}");
    }
    let many: Vec<String> = (0..=MAX_PASSAGES).map(|at| format!("\"{at}\"")).collect();
    let many = format!("[[pin]]\nquery = \"甲\"\npassages = [{}]", many.join(","));
    let error = Pins::from_toml(&many).expect_err("too many");
    assert!(error.to_string().contains("超过 10 个"), "{error}");
    let shipped = fs::read_to_string(root().join("corpus/pins.toml")).unwrap();
    assert_eq!(Pins::from_toml(&shipped).expect("it is good").queries(), 0);
}

#[test]
fn changed_pins_are_in_force_without_a_rebuild_and_malformed_ones_change_nothing() {
    let corpus = corpus_of(&[("seed.txt", &seed_text())]);
    let service = Service::watching(corpus.path());
    let first = |query: &str| {
        let answer = service.search(&[("q", query)]);
        let hit = answer.json()["hits"][0].clone();
        let id = hit["id"].as_str().unwrap_or_default().to_owned();
        (id, hit["pinned"] == true, answer.header("etag").to_owned())
    };
    let wait = |what: &str, holds: &dyn Fn() -> bool| {
        let until = Instant::now() + Duration::from_secs(60);
        while !holds() {
            assert!(Instant::now() < until, "waited in vain: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let generation = || service.get("/readyz").json()["generation"].clone();
    let before = generation();
    let passage = service.search(&[("q", "实施“万人交流”计划")]).json();
    let passage = passage["hits"][0]["id"].as_str().unwrap().to_owned();
    let (_, _, tag) = first("绝无此词甲乙");
    let path = corpus.path().join("pins.toml");
    let pin = format!("[[pin]]\nquery = \"绝无此词甲乙\"\npassages = [\"gone\", \"{passage}\"]\n");
    fs::write(&path, &pin).unwrap();
    wait("the pin", &|| first("绝无此词甲乙").1);
    let (id, _, now) = first("绝无此词甲乙");
    assert_eq!(id, passage);
    assert_ne!(now, tag, "answers may be kept no longer");
    let page = service.get(&format!(
        "/?{}",
        form_urlencoded::Serializer::new(String::new())
            .append_pair("q", "绝无此词甲乙")
            .finish()
    ));
    assert!(page.body.contains("<b class=\"pinned\""), "{}", page.body);
    fs::write(&path, format!("{pin}[[pin]]\n")).unwrap();
    wait("a warning", &|| {
        let warnings = service.get("/readyz").json()["vocabulary"]["warnings"].clone();
        warnings.to_string().contains("pins.toml 第 4 行")
    });
    assert!(first("绝无此词甲乙").1, "the last good ones are in force");
    fs::remove_file(&path).unwrap();
    wait("no pin", &|| !first("绝无此词甲乙").1);
    assert_eq!(generation(), before);
}

#[test]
fn on_the_command_line_pins_are_as_over_http_and_measuring_knows_none() {
    let place = Place::seed();
    let query = "学校";
    let listed = |arguments: &[&str]| -> Vec<(String, bool)> {
        let out = place.run(arguments).exits(0);
        assert!(!out.contains('\u{1b}'), "{out}");
        let lines = out.lines().filter(|line| line.starts_with("     "));
        let ids = lines.filter_map(|line| {
            let (pinned, line) = match line.trim_start().strip_prefix("置顶 · ") {
                Some(line) => (true, line),
                None => (false, line),
            };
            Some((line.rsplit(" · ").nth(1)?.to_owned(), pinned))
        });
        ids.collect()
    };
    let usual = listed(&["search", query]);
    assert_eq!(usual.len(), 10);
    assert!(usual.iter().all(|(_, pinned)| !pinned), "{usual:?}");
    let fourth = &usual[3].0;
    let judged = format!("{{\"query\": \"{query}\", \"relevant\": {{\"{fourth}\": 1}}}}\n");
    place.write("judged.jsonl", judged.as_bytes());
    let measured = || {
        let eval = ["eval", "--judgements", "judged.jsonl", "--json"];
        let run: serde_json::Value = serde_json::from_str(&place.run(&eval).exits(0)).unwrap();
        run["mean"].clone()
    };
    let before = measured();

    let pin = format!("[[pin]]\nquery = \"{query}\"\npassages = [\"gone\", \"{fourth}\"]\n");
    place.write("corpus/pins.toml", pin.as_bytes());
    let now = listed(&["search", query]);
    assert_eq!(now[0], (fourth.clone(), true));
    let others = |list: &[(String, bool)]| -> Vec<String> {
        let others = list.iter().filter(|(id, pinned)| !pinned && id != fourth);
        others.map(|(id, _)| id.clone()).collect()
    };
    assert_eq!(others(&now), others(&usual), "the others keep their order");
    assert!(
        listed(&["search", "--exact", query])
            .iter()
            .all(|hit| !hit.1)
    );
    assert_eq!(measured(), before, "the ranking is measured, not the pins");

    place.write("corpus/pins.toml", format!("{pin}[[pin]]\n").as_bytes());
    let run = place.run(&["search", query]);
    assert!(!run.exits(0).contains("置顶"), "{:?}", run.output);
    assert!(run.err().contains("pins.toml 第 4 行"), "{}", run.err());
    assert!(run.err().contains("没有置顶的段落"), "{}", run.err());
}
