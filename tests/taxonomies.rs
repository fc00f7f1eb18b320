//! Taxonomies with levels, several of them side by side, and how well the one for provincial
//! reports agrees with judged units.

use std::collections::HashSet;
use std::fs;
use std::time::{Duration, Instant};

use cesou::corpus::Corpus;
use cesou::theme::{Assigned, Taxonomies, Taxonomy};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Service, corpus_of, root, shared};
use crate::themes::{Agreement, refuses, shipped, with};

/// A theme of which 交流 and 培训 are parts, three levels deep.
const LEVELS: &str = r#"
[[theme]]
id = "teachers"
label = "师资队伍"
terms = ["教师", "轮岗"]

[[theme]]
id = "exchange"
label = "交流轮岗"
parent = "teachers"
strong = ["交流", "轮岗"]

[[theme]]
id = "rural-exchange"
label = "支教"
parent = "exchange"
terms = ["支教"]

[[theme]]
id = "training"
label = "教师培训"
parent = "teachers"
terms = ["培训"]

[[theme]]
id = "funding"
label = "经费"
terms = ["经费"]
"#;

#[test]
fn what_speaks_for_a_part_speaks_for_the_whole() {
    let taxonomy = Taxonomy::from_toml(LEVELS).expect("it is well formed");
    let given = |heading: &str| -> Vec<String> {
        let themes = taxonomy.assign(heading, "");
        themes.iter().map(Assigned::shown_path).collect()
    };
    let cases: [(&str, &[&str]); 5] = [
        ("教师", &["师资队伍"]),
        ("培训", &["师资队伍", "师资队伍 › 教师培训"]),
        (
            "支教",
            &[
                "师资队伍",
                "师资队伍 › 交流轮岗",
                "师资队伍 › 交流轮岗 › 支教",
            ],
        ),
        ("教师轮岗", &["师资队伍", "师资队伍 › 交流轮岗"]),
        ("经费", &["经费"]),
    ];
    for (heading, expected) in cases {
        assert_eq!(given(heading), expected, "{heading}");
    }
    // A term that whole and part both have counts once, at its higher weight.
    let themes = taxonomy.assign("轮岗", "");
    assert_eq!(themes[0].evidence.len(), 1);
    assert!((themes[0].score - themes[1].score).abs() < 1e-6);
    let path: Vec<&str> = taxonomy
        .path("rural-exchange")
        .iter()
        .map(|theme| theme.id.as_str())
        .collect();
    assert_eq!(path, ["teachers", "exchange", "rural-exchange"]);
}

#[test]
fn levels_have_an_end_and_a_gathering_theme_needs_no_terms() {
    let level = |id: &str, parent: &str, rest: &str| {
        format!("[[theme]]\nid = \"{id}\"\nlabel = \"{id}\"\nparent = \"{parent}\"\n{rest}\n")
    };
    let gathers = "[[theme]]\nid = \"a\"\nlabel = \"甲\"\n".to_owned();
    let term = "terms = [\"词\"]";
    let four = gathers + &level("b", "a", "") + &level("c", "b", "") + &level("d", "c", term);
    let taxonomy = Taxonomy::from_toml(&four).expect("four levels are allowed");
    assert_eq!(taxonomy.assign("词", "").len(), 4);
    refuses(&[
        (
            four + &level("e", "d", term),
            "第 22 行，主题 e：主题至多 4 级；请把 parent 改为更上一级，或删去这一级",
        ),
        (
            with(""),
            "第 1 行，主题 a：一个词都没有；请在 strong、terms、weak 或 weights 中至少写一个词",
        ),
    ]);
}

#[test]
fn cutting_a_theme_up_leaves_who_bears_it_as_it_was() {
    let flat = Taxonomy::from_toml(
        "[[theme]]\nid = \"t\"\nlabel = \"甲\"\nstrong = [\"交流\"]\nterms = [\"教师\"]\n\
         [[theme]]\nid = \"u\"\nlabel = \"乙\"\nterms = [\"经费\"]",
    )
    .expect("it is well formed");
    let cut = Taxonomy::from_toml(
        "[[theme]]\nid = \"t\"\nlabel = \"甲\"\nterms = [\"教师\"]\n\
         [[theme]]\nid = \"v\"\nlabel = \"丙\"\nparent = \"t\"\nstrong = [\"交流\"]\n\
         [[theme]]\nid = \"u\"\nlabel = \"乙\"\nterms = [\"经费\"]",
    )
    .expect("it is well formed");
    for body in ["教师", "交流", "经费和教师交流", "经费", "经费经费交流经费"]
    {
        let roots = |taxonomy: &Taxonomy| -> Vec<(String, f32)> {
            let themes = taxonomy.assign("", body).into_iter();
            themes
                .filter(|theme| theme.parents.is_empty())
                .map(|theme| (theme.id, theme.score))
                .collect()
        };
        assert_eq!(roots(&flat), roots(&cut), "{body}");
    }
}

#[test]
fn each_folder_may_have_a_taxonomy_of_its_own() {
    let one = |id: &str, label: &str| {
        let text = format!("[[theme]]\nid = \"{id}\"\nlabel = \"{label}\"\nterms = [\"教师\"]");
        Taxonomy::from_toml(&text).expect("it is well formed")
    };
    let mut all = Taxonomies::of_one(one("a", "甲"));
    let folders = vec!["省".to_owned(), "市/区".to_owned()];
    all.add(folders, one("b", "乙")).expect("nothing is shared");
    all.add(vec!["省/旧".to_owned()], one("a", "甲"))
        .expect("the same theme may be in both");
    let of = |source: &str| all.of(source).themes()[0].id.clone();
    for (source, id) in [
        ("报告.txt", "a"),
        ("省.txt", "a"),
        ("省级/报告.txt", "a"),
        ("省/报告.txt", "b"),
        ("省/新/报告.txt", "b"),
        ("省/旧/报告.txt", "a"),
        ("市/报告.txt", "a"),
        ("市/区/报告.txt", "b"),
    ] {
        assert_eq!(of(source), id, "{source}");
    }
    let ids: Vec<&str> = all.themes().iter().map(|theme| theme.id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
    for (id, label, name) in [("a", "丙", "a"), ("c", "乙", "乙")] {
        let conflict = all
            .add(vec!["x".to_owned()], one(id, label))
            .expect_err("a name means one thing");
        assert_eq!(conflict.name, name);
    }
}

/// A corpus whose folder `省` has the second taxonomy.
fn by_folder() -> TempDir {
    let corpus = corpus_of(&[(
        "schools.txt",
        "河北省张家口市:教师交流\n\n概述。\n\n一、教师。教师交流轮岗，粮食安全。\n",
    )]);
    let folder = corpus.path().join("reports/省");
    fs::create_dir(&folder).expect("a folder can be made");
    fs::write(
        folder.join("gov.txt"),
        "河北省:政府工作报告\n\n概述。\n\n一、粮食。保障粮食安全，建设高标准农田，严守耕地，教师交流。\n",
    )
    .expect("a report can be written");
    fs::copy(
        root().join("corpus/themes-government.toml"),
        corpus.path().join("themes-government.toml"),
    )
    .expect("the second taxonomy can be copied");
    let main = corpus.path().join("themes.toml");
    let text = fs::read_to_string(&main).expect("the first taxonomy is there");
    let folders = "[folders]\n\"省\" = \"themes-government.toml\"\n\n[scoring]";
    fs::write(main, text.replacen("[scoring]", folders, 1)).expect("it can be written");
    corpus
}

#[test]
fn reports_of_a_folder_bear_the_themes_of_its_taxonomy() {
    let corpus = by_folder();
    let service = Service::of(corpus.path());
    let grain = service
        .search(&[("q", "粮食安全"), ("facets", "theme")])
        .json();
    assert_eq!(grain["total"], 2);
    let found: Vec<(&Value, Vec<&str>)> = grain["hits"]
        .as_array()
        .expect("hits")
        .iter()
        .map(|hit| {
            let themes = hit["themes"].as_array().expect("themes");
            let ids = themes.iter().filter_map(|theme| theme["id"].as_str());
            (&hit["report"]["source"], ids.collect())
        })
        .collect();
    for (source, ids) in &found {
        let is_gov = *source == "省/gov.txt";
        assert_eq!(ids.contains(&"grain"), is_gov, "{found:?}");
        assert_eq!(ids.contains(&"agriculture"), is_gov, "{found:?}");
        assert_eq!(ids.contains(&"teachers"), !is_gov, "{found:?}");
    }
    // The labels stand together, and each count is a search's total.
    for value in grain["facets"]["theme"].as_array().expect("values") {
        let id = value["value"].as_str().expect("a value");
        let answer = service.search(&[("q", "粮食安全"), ("theme", id)]).json();
        assert_eq!(answer["total"], value["count"], "{id}");
        if id == "grain" {
            assert_eq!(value["parents"], serde_json::json!(["农业农村"]));
            assert_eq!(
                (&value["parent"], &value["level"]),
                (&"agriculture".into(), &2.into())
            );
        }
    }
}

#[test]
fn pages_show_themes_as_the_tree_they_are() {
    let corpus = by_folder();
    let service = Service::of(corpus.path());
    let plain = service.get("/?q=%E7%B2%AE%E9%A3%9F").body;
    assert!(
        plain.contains("<details class=\"parts\"><summary>细分"),
        "{plain}"
    );
    assert!(plain.contains(">农业农村 › 粮食与耕地</a>"), "{plain}");
    let chosen = service.get("/?q=%E7%B2%AE%E9%A3%9F&theme=grain").body;
    assert!(
        chosen.contains("<details class=\"parts\" open>"),
        "{chosen}"
    );
    assert!(
        chosen.contains("主题：<span>农业农村 › 粮食与耕地</span>"),
        "{chosen}"
    );
}

#[test]
fn a_folders_taxonomy_is_watched_and_told_when_it_is_wrong() {
    let corpus = by_folder();
    let path = corpus.path().join("themes-government.toml");
    let service = Service::watching(corpus.path());
    let ready = || service.get("/readyz").json();
    let wait = |what: &str, holds: &dyn Fn() -> bool| {
        let until = Instant::now() + Duration::from_secs(20);
        while !holds() {
            assert!(Instant::now() < until, "{what}: {}", ready());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let good = fs::read_to_string(&path).expect("it is there");
    fs::write(&path, "[[theme]]\nid = 1").expect("it can be written");
    wait("told", &|| {
        let warnings = ready()["vocabulary"]["warnings"].to_string();
        warnings.contains("themes-government.toml") && warnings.contains("第 2 行")
    });
    assert_eq!(service.search(&[("theme", "grain")]).json()["total"], 1);
    let before = ready()["generation"].clone();
    let without = good.replace("id = \"grain\"", "id = \"harvest\"");
    fs::write(&path, without).expect("it can be written");
    wait("rebuilt", &|| ready()["generation"] != before);
    assert_eq!(service.search(&[("theme", "grain")]).json()["total"], 0);
    assert_eq!(service.search(&[("theme", "harvest")]).json()["total"], 1);
}

#[test]
fn taxonomies_that_cannot_be_used_are_refused_by_name() {
    let corpus = by_folder();
    let open = || Corpus::open(corpus.path(), 1 << 20).expect("the corpus is there");
    let refusal = |corpus: &Corpus| {
        let error = corpus.taxonomies().expect_err("it cannot be used");
        error.to_string()
    };
    assert!(open().taxonomies().is_ok());
    let other = open().with_themes("themes-government.toml");
    let other = other.taxonomies().expect("either may be the main one");
    assert_eq!(other.of("schools.txt").themes()[0].id, "economy");
    let none = refusal(&open().with_themes("none.toml"));
    assert!(
        none.contains("none.toml") && none.contains("corpus.themes"),
        "{none}"
    );

    let second = corpus.path().join("themes-government.toml");
    let theme = |id: &str, label: &str| {
        format!("[[theme]]\nid = \"{id}\"\nlabel = \"{label}\"\nterms = [\"x\"]\n")
    };
    for (text, said) in [
        (theme("teachers", "教员"), "teachers"),
        (theme("staff", "师资队伍"), "师资队伍"),
        ("[folders]\na = \"b.toml\"".to_owned(), "[folders]"),
    ] {
        fs::write(&second, text).expect("it can be written");
        let refusal = refusal(&open());
        assert!(refusal.contains(said), "{refusal}");
        assert!(refusal.contains("themes-government.toml"), "{refusal}");
    }
    fs::remove_file(&second).expect("it can be taken away");
    let gone = refusal(&open());
    assert!(
        gone.contains("themes-government.toml") && gone.contains("行"),
        "{gone}"
    );
}

fn government() -> Taxonomy {
    let path = root().join("corpus/themes-government.toml");
    let text = fs::read_to_string(&path).expect("the second taxonomy is there");
    Taxonomy::from_toml(&text).expect("the second taxonomy is well formed")
}

#[test]
fn the_second_taxonomy_has_two_levels_and_shares_no_name_with_the_first() {
    let government = government();
    let mut levels: Vec<usize> = government
        .themes()
        .iter()
        .map(|theme| government.path(&theme.id).len())
        .collect();
    levels.sort_unstable();
    levels.dedup();
    assert_eq!(levels, [1, 2]);
    Taxonomies::of_one(shipped().clone())
        .add(vec!["gov".to_owned()], government)
        .expect("both can stand side by side");
}

/// A unit of a provincial report and the themes of the first level it was judged to bear, made by
/// reading the units before the taxonomy had met them.
#[derive(serde::Deserialize)]
struct JudgedUnit {
    file: String,
    /// The unit's numbers, as in `2.8`.
    path: String,
    themes: HashSet<String>,
    also_acceptable: HashSet<String>,
}

#[test]
fn the_second_taxonomy_agrees_with_judged_units_of_provincial_reports() {
    let Some(folder) = shared("corpora/gov-2025") else {
        return;
    };
    let judged = fs::read_to_string(root().join("tests/taxonomies/government.jsonl"))
        .expect("the judgements are there");
    let taxonomy = government();
    let mut agreement = Agreement::default();
    let mut units = 0;
    for line in judged.lines() {
        let judged: JudgedUnit = serde_json::from_str(line).expect("a judgement a line");
        let text = fs::read_to_string(folder.join(&judged.file)).expect("a readable report");
        let (heading, body) = unit(&text, &judged.path)
            .unwrap_or_else(|| panic!("{} has no {}", judged.file, judged.path));
        let given: HashSet<String> = taxonomy
            .assign(&heading, &body)
            .into_iter()
            .filter(|theme| theme.parents.is_empty())
            .map(|theme| theme.id)
            .collect();
        let place = format!("{} {}", judged.file, judged.path);
        for theme in judged.themes.union(&given) {
            match (given.contains(theme), judged.themes.contains(theme)) {
                (true, true) => agreement.both += 1,
                (true, false) if !judged.also_acceptable.contains(theme) => {
                    eprintln!("{place}: {theme} is given, not judged");
                    agreement.only_given += 1;
                }
                (false, true) => {
                    eprintln!("{place}: {theme} is judged, not given");
                    agreement.only_judged += 1;
                }
                _ => {}
            }
        }
        units += 1;
    }
    let f1 = agreement.micro_f1();
    println!("government themes: micro-F1 {f1:.3} on {units} units");
    assert!(units >= 60);
    assert!(f1 >= 0.85, "micro-F1 {f1}");
}

/// Heading and body of the unit that stands under 一、 and （一）, as a reader finds it: from its
/// own line to the next unit's. Told apart here, so that splitting has no say in the judgement.
fn unit(text: &str, path: &str) -> Option<(String, String)> {
    const DIGITS: [&str; 16] = [
        "", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三",
        "十四", "十五",
    ];
    let (outer, inner) = path.split_once('.')?;
    let outer = format!("{}、", DIGITS.get(outer.parse::<usize>().ok()?)?);
    let inner = DIGITS.get(inner.parse::<usize>().ok()?)?;
    let after = |line: &'_ str| -> Option<usize> {
        let written = [format!("（{inner}）"), format!("({inner})")];
        let found = written.iter().find(|written| line.starts_with(*written));
        found.map(String::len)
    };
    let is_outer = |line: &str| {
        line.split_once('、')
            .is_some_and(|(number, _)| DIGITS.iter().skip(1).any(|digit| *digit == number))
    };
    let is_inner = |line: &str| {
        line.starts_with(['（', '('])
            && line
                .chars()
                .nth(1)
                .is_some_and(|c| DIGITS.contains(&c.to_string().as_str()))
    };
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| line.starts_with(&outer))?;
    let first = lines
        .by_ref()
        .take_while(|line| !is_outer(line))
        .find(|line| after(line).is_some())?;
    let first = &first[after(first)?..];
    let rest: Vec<&str> = lines
        .take_while(|line| !is_outer(line) && !is_inner(line))
        .collect();
    let (heading, begun) = first.split_once('。').unwrap_or((first, ""));
    Some((heading.to_owned(), format!("{begun}\n{}", rest.join("\n"))))
}
