//! Regions and reports side by side, held against searching side by side and theme by theme.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cesou::region::Region;
use cesou::search::{self, Comparison, Facet, Filters, Match, Request, Section, Subject};
use insta::assert_json_snapshot;
use proptest::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Answer, Indexed, SERVICE, Service, corpus_of, options, seed_text};

/// The seed under a taxonomy with levels, and reports of regions in regions, of divisions that
/// share a name, and of one that nobody knows.
static LEVELLED: LazyLock<Indexed> = LazyLock::new(|| {
    let corpus = corpus_of(&[
        ("seed.txt", &seed_text()),
        (
            "more.txt",
            "天津市和平区:教师交流\n\n2014年教师交流。\n\n一、教师。教师培训。\n\n\
             辽宁省沈阳市和平区:教师交流\n\n概述。\n\n一、教师。2014年、2015年教师交流轮岗。\n\n\
             二、天气。今天下雨。\n\n\
             乌有县:经费投入\n\n一、经费。教育经费。\n\n\
             乌有县:经费又投入\n\n一、经费。教育经费再增加。",
        ),
    ]);
    let path = corpus.path().join("themes.toml");
    let mut themes = std::fs::read_to_string(&path).expect("the project's own themes");
    let parts = [
        ("exchange", "交流轮岗", "teachers", "交流"),
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

/// Two regions that do the same in another order, and each something of its own.
static ALIKE: LazyLock<(TempDir, Service)> = LazyLock::new(|| {
    let corpus = corpus_of(&[
        (
            "a.txt",
            "河北省石家庄市:燕赵同心\n\n概述。\n\n\
         一、推进校长教师交流轮岗。每年安排校长教师交流轮岗，城区骨干教师到农村学校任教，投入38亿元。\n\n\
         二、改善办学条件。新建寄宿制学校，改造薄弱学校校舍和运动场。\n\n\
         三、=HYPERLINK(\"http://x\")。均衡编班由电脑随机进行，家长代表监督均衡编班。\n",
        ),
        (
            "b.txt",
            "江苏省泰州市:凤城共进\n\n概述。\n\n\
         一、加快学校建设。改造薄弱学校，新建寄宿制学校，运动场全部达标，校舍安全。\n\n\
         二、教师合理流动。城区骨干教师交流轮岗到农村学校任教，校长交流轮岗形成制度。\n\n\
         三、发展特殊教育。残疾儿童少年随班就读，送教上门。\n",
        ),
    ]);
    let service = Service::of(corpus.path());
    (corpus, service)
});

fn region(name: &str) -> Subject {
    Subject::region(&LEVELLED.snapshot, name).expect("it is one region")
}

fn compare(request: &Request, subjects: Vec<Subject>, limit: usize) -> Comparison {
    search::compare(&LEVELLED.snapshot, request, &options(), subjects, limit)
        .expect("the index can be read")
}

/// The ids that the search finds under these filters as well.
fn found(request: &Request, more: &[(Facet, Vec<String>)]) -> Vec<String> {
    let mut request = request.clone();
    for (facet, values) in more {
        request.filters.insert(*facet, values.clone());
    }
    let hits = LEVELLED.all(&request);
    hits.into_iter().map(|hit| hit.passage.id).collect()
}

/// The ids of one side of a section: those in rows, then the others.
fn ids(section: &Section, side: usize) -> (Vec<String>, Vec<String>) {
    let rows = section.rows.iter();
    let in_rows = rows.filter_map(|row| Some(row.cells[side].as_ref()?.passage.id.clone()));
    let rest = section.rest[side].iter();
    (
        in_rows.collect(),
        rest.map(|hit| hit.passage.id.clone()).collect(),
    )
}

fn sides() -> impl Strategy<Value = Vec<Subject>> {
    let reports = LEVELLED.snapshot.reports();
    let ids: Vec<String> = reports.iter().map(|report| report.id.clone()).collect();
    let names = [
        "河北省",
        "石家庄市",
        "山西省晋中市",
        "天津",
        "天津市和平区",
        "沈阳市和平区",
        "沈阳市",
        "芦溪县",
        "乌有县",
        "西藏自治区",
    ];
    let one = prop_oneof![
        3 => prop::sample::select(names.to_vec()).prop_map(region),
        1 => prop::sample::select(ids).prop_map(|id| {
            Subject::report(&LEVELLED.snapshot, &id).expect("it is there")
        }),
    ];
    prop::collection::vec(one, 2..=5).prop_map(|mut subjects| {
        let mut seen = BTreeSet::new();
        subjects.retain(|subject| seen.insert(subject.value.clone()));
        subjects
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn each_side_shows_what_the_search_finds_once_under_each_theme(
        text in prop::sample::select(vec![
            "", "教师", "教师 交流", "经费 -农村", "学校建设 教师 经费 课程", "一定没有这样一句话",
        ]),
        exact in any::<bool>(),
        measures in any::<bool>(),
        themes in prop::sample::select(vec![
            vec![], vec!["teachers"], vec!["exchange", "training"], vec!["funding", "没有"],
        ]),
        subjects in sides(),
        limit in prop::sample::select(vec![1, 2, 1000]),
    ) {
        let mut filters = Filters::new();
        if measures {
            filters.insert(Facet::Kind, vec!["measure".to_owned()]);
        }
        if !themes.is_empty() {
            filters.insert(Facet::Theme, themes.iter().map(|&id| id.to_owned()).collect());
        }
        let request = Request {
            text: text.to_owned(),
            matching: if exact { Match::Exact } else { Match::Smart },
            filters,
            ..Request::default()
        };
        let compared = compare(&request, subjects.clone(), limit);
        prop_assert_eq!(compared.sides.len(), subjects.len());
        let mut everywhere = BTreeSet::new();
        for (side, subject) in subjects.iter().enumerate() {
            let all = found(&request, std::slice::from_ref(&subject.filter));
            prop_assert_eq!(compared.sides[side].total, all.len(), "{:?}", subject);
            everywhere.extend(all.iter().cloned());
            // What bears a theme that has a section; the rest has a section of its own.
            let mut placed = BTreeSet::new();
            for section in compared.sections.iter().filter(|section| section.theme.is_some()) {
                let theme = section.theme.as_ref().map(|theme| theme.id.clone());
                let filter = (Facet::Theme, Vec::from_iter(theme));
                let expected = found(&request, &[subject.filter.clone(), filter]);
                prop_assert_eq!(section.counts[side], expected.len());
                let (in_rows, rest) = ids(section, side);
                let mut shown = [in_rows.clone(), rest.clone()].concat();
                prop_assert_eq!(shown.len() + section.unlisted(side), expected.len());
                // Those not in a row keep the order of the search.
                let mut kept = expected.clone();
                kept.truncate(limit);
                kept.retain(|id| !in_rows.contains(id));
                prop_assert_eq!(rest, kept);
                shown.sort();
                let mut first: Vec<String> = expected.iter().take(limit).cloned().collect();
                first.sort();
                prop_assert_eq!(shown, first, "each of the first once");
                placed.extend(expected);
            }
            let without: Vec<&String> = all.iter().filter(|id| !placed.contains(*id)).collect();
            let last = compared.sections.iter().find(|section| section.theme.is_none());
            prop_assert_eq!(last.map_or(0, |last| last.counts[side]), without.len());
            prop_assert!(themes.is_empty() || last.is_none());
        }
        prop_assert_eq!(compared.answer.total, everywhere.len());
        for section in &compared.sections {
            prop_assert!(section.counts.iter().sum::<usize>() > 0, "no empty section");
            for row in &section.rows {
                prop_assert!(row.cells.iter().flatten().count() >= 2);
            }
        }
    }
}

#[test]
fn measures_that_are_about_the_same_stand_in_one_row() {
    let query = form(&[("region", "石家庄"), ("region", "泰州")]);
    let answer = get(&ALIKE.1, &query).json();
    let themes = answer["themes"].as_array().expect("themes");
    let rows: BTreeSet<Vec<String>> = themes
        .iter()
        .flat_map(|theme| theme["rows"].as_array().expect("rows"))
        .map(|row| {
            let cells = row["cells"].as_array().expect("cells");
            let heading = |cell: &Value| cell["measure"]["heading"].as_str().map(str::to_owned);
            cells.iter().filter_map(heading).collect()
        })
        .collect();
    let exchange = ["推进校长教师交流轮岗", "教师合理流动"].map(str::to_owned);
    let building = ["改善办学条件", "加快学校建设"].map(str::to_owned);
    assert_eq!(
        rows,
        BTreeSet::from([exchange.to_vec(), building.to_vec()]),
        "{answer:#}"
    );
    for theme in themes {
        for row in theme["rows"].as_array().expect("rows") {
            let shared = row["shared"].as_array().expect("terms");
            assert!(!shared.is_empty(), "{row:#}");
            for cell in row["cells"].as_array().expect("cells") {
                let id = cell["id"].as_str().expect("an id");
                let passage = ALIKE.1.get(&format!("/api/v1/passages/{id}")).json();
                let text = passage["text"].as_str().expect("a text");
                for term in shared {
                    assert!(
                        text.contains(term.as_str().expect("a term")),
                        "{term} in {text}"
                    );
                }
            }
        }
    }
    let figures = answer.to_string();
    assert!(
        figures.contains("38亿元"),
        "quantities are there: {answer:#}"
    );
}

type Pairs<'a> = Vec<(&'a str, &'a str)>;

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

fn get(service: &Service, query: &str) -> Answer {
    let answer = service.get(&format!("/api/v1/compare?{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    answer
}

#[test]
fn a_comparison_answers_with_its_sides_theme_by_theme() {
    let query = form(&[
        ("region", "晋中市"),
        ("region", "泰州市"),
        ("q", "教师"),
        ("limit", "2"),
    ]);
    let answer = get(&SERVICE, &query).json();
    insta::with_settings!({sort_maps => true}, {
        assert_json_snapshot!("two_regions", answer, {
            ".took_ms" => "[milliseconds]",
            ".themes[].rows[].likeness" => "[likeness]",
        });
    });
}

#[test]
fn regions_go_by_name_short_name_and_code() {
    let sides = |names: &[&str]| {
        let pairs: Vec<(&str, &str)> = names.iter().map(|name| ("region", *name)).collect();
        let answer = get(&SERVICE, &form(&pairs)).json();
        answer["sides"].clone()
    };
    let expected = sides(&["河北省", "山西省晋中市"]);
    assert_eq!(expected[0]["filter"]["province"][0], "河北省");
    assert_eq!(expected[1]["filter"]["city"][0], "山西省晋中市");
    assert!(expected[1]["total"].as_u64() > Some(0));
    for names in [
        ["河北", "晋中"],
        ["130000", "140700"],
        [" 河北省 ", "晋中市"],
    ] {
        assert_eq!(sides(&names), expected, "{names:?}");
    }
    // One that has no reports is there, with nothing.
    let empty = sides(&["河北省", "西藏"]);
    assert_eq!(empty[1]["label"], "西藏自治区");
    assert_eq!(
        (&empty[1]["reports"], &empty[1]["total"]),
        (&0.into(), &0.into())
    );
}

#[test]
fn of_several_divisions_of_a_name_the_one_with_reports_is_meant() {
    let snapshot = &LEVELLED.snapshot;
    let Err(search::NoRegion::Ambiguous(several)) = Subject::region(snapshot, "和平区") else {
        panic!("it is the name of two that reports are from");
    };
    let several: Vec<String> = several.iter().map(Region::full_name).collect();
    assert_eq!(several, ["天津市和平区", "辽宁省沈阳市和平区"]);
    // 鼓楼区 is in several cities, and no report is from any of them.
    assert!(matches!(
        Subject::region(snapshot, "鼓楼区"),
        Err(search::NoRegion::Ambiguous(all)) if all.len() > 2
    ));
    let named = region("乌有县");
    assert_eq!(
        named.filter.1.len(),
        2,
        "both reports of a region nobody knows"
    );
    let only = Indexed::of_files(&[(
        "a.txt",
        "福建省福州市鼓楼区:甲\n\n概述。\n\n一、教师。教师培训。\n",
    )]);
    let subject = Subject::region(&only.snapshot, "鼓楼区").expect("only one is here");
    assert_eq!(subject.value, "福建省福州市鼓楼区");
}

#[test]
fn what_cannot_be_compared_is_refused_by_name() {
    let six = ["河北", "山西", "辽宁", "江苏", "浙江", "安徽"].map(|name| ("region", name));
    let two = [("region", "河北"), ("region", "山西")];
    let with = |more: (&'static str, &'static str)| {
        let mut pairs = two.to_vec();
        pairs.push(more);
        pairs
    };
    // Pairs, and what comes back: status, code, what the detail names.
    let cases: Vec<(Pairs<'_>, u16, &str, &str)> = vec![
        (vec![], 400, "bad-parameter", "region"),
        (vec![("region", "河北")], 400, "bad-parameter", "2 至 5"),
        (
            vec![("region", "河北"), ("region", ""), ("report", " ")],
            400,
            "bad-parameter",
            "2 至 5",
        ),
        (six.to_vec(), 400, "bad-parameter", "2 至 5"),
        (
            vec![("region", "河北"), ("region", "火星省")],
            400,
            "bad-parameter",
            "火星省",
        ),
        (
            vec![("region", "河北"), ("region", "鼓楼区")],
            400,
            "bad-parameter",
            "其中之一",
        ),
        (
            vec![("region", "河北"), ("region", "130000")],
            400,
            "bad-parameter",
            "不同的地区",
        ),
        (
            vec![("region", "河北"), ("report", "nothing")],
            404,
            "not-found",
            "nothing",
        ),
        (with(("limit", "0")), 400, "bad-parameter", "limit"),
        (with(("limit", "101")), 400, "bad-parameter", "limit"),
        (with(("format", "xls")), 400, "bad-parameter", "format"),
        (with(("page", "2")), 400, "unknown-parameter", "page"),
        (
            with(("province", "河北省")),
            400,
            "unknown-parameter",
            "province",
        ),
        (with(("sort", "region")), 400, "unknown-parameter", "sort"),
        (with(("kind", "mayor")), 400, "bad-parameter", "kind"),
        (with(("regoin", "河北")), 400, "unknown-parameter", "region"),
    ];
    for (pairs, status, code, said) in cases {
        let answer = SERVICE.get(&format!("/api/v1/compare?{}", form(&pairs)));
        assert_eq!(answer.status, status, "{pairs:?}: {}", answer.body);
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{pairs:?}");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(said), "{pairs:?}: {detail}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_names_are_compared_or_refused(
        names in prop::collection::vec(
            prop_oneof!["\\PC{0,12}", "[省市区县河北江苏和平鼓楼]{1,4}", "[0-9]{5,7}"], 0..7),
    ) {
        let pairs: Vec<(&str, &str)> = names.iter().map(|name| ("region", name.as_str())).collect();
        let answer = SERVICE.get(&format!("/api/v1/compare?{}", form(&pairs)));
        prop_assert!(matches!(answer.status, 200 | 400), "{}: {}", answer.status, answer.body);
    }
}

#[test]
fn files_hold_the_same_and_run_nothing() {
    let query = form(&[("region", "石家庄"), ("region", "泰州")]);
    let table = get(&ALIKE.1, &format!("{query}&format=csv"));
    assert!(table.header("content-type").starts_with("text/csv"));
    let name = table.header("content-disposition");
    assert!(
        name.starts_with("attachment; filename=\"cesou-compare.csv\""),
        "{name}"
    );
    assert_eq!(table.header("cache-control"), "no-store");
    let rows = crate::export::rows(&table.body);
    assert!(
        rows.iter().all(|row| row.len() == rows[0].len()),
        "{rows:?}"
    );
    assert_eq!(rows[0][..3], ["主题", "相互对应", "河北省石家庄市：标题"]);
    let cells: Vec<&String> = rows.iter().flatten().collect();
    for cell in &cells {
        assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell}");
    }
    let json = get(&ALIKE.1, &query).json();
    let themes = json["themes"].as_array().expect("themes");
    let beside = themes
        .iter()
        .map(|theme| theme["rows"].as_array().expect("rows").len());
    let said = rows.iter().filter(|row| row[1] == "是").count();
    assert_eq!(said, beside.sum::<usize>());
    let texts: Vec<String> = themes
        .iter()
        .flat_map(|theme| {
            let in_rows = theme["rows"].as_array().expect("rows").iter();
            let in_rows = in_rows.flat_map(|row| row["cells"].as_array().expect("cells"));
            let rest = theme["rest"].as_array().expect("sides").iter();
            in_rows.chain(rest.flat_map(|side| side.as_array().expect("a side")))
        })
        .map(|cell| cell["id"].as_str().expect("an id").to_owned())
        .collect();
    assert!(!texts.is_empty());
    let text = get(&ALIKE.1, &format!("{query}&format=md")).body;
    for id in texts {
        let link = format!("/passages/{id}");
        assert!(cells.iter().any(|cell| cell.ends_with(&link)), "{id}");
        assert!(text.contains(&format!("{link}>")), "{id} in {text}");
    }
    assert!(
        text.starts_with("# 河北省石家庄市 / 江苏省泰州市\n"),
        "{text}"
    );
    // Every table has as many cells in each row as its head.
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let bars = line.replace("\\|", "").matches('|').count();
        assert_eq!(bars, 4, "{line}");
    }
}
