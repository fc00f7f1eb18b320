//! Themes: what a taxonomy may say, what is remarked where it is wrong, which passages bear which
//! themes and why, and how well the shipped taxonomy agrees with judged passages.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::sync::LazyLock;

use cesou::search::Request;
use cesou::theme::{Assigned, Scoring, Taxonomy};
use proptest::prelude::*;

use crate::support::{SEED, root, shared};

const IDS: [&str; 12] = [
    "leadership",
    "funding",
    "facilities",
    "school-groups",
    "teachers",
    "admissions",
    "teaching",
    "digital",
    "evaluation",
    "special-groups",
    "urban-rural",
    "governance",
];

const SMALL: &str = r#"
ignore = ["学校长期"]

[[theme]]
id = "teachers"
label = "师资队伍"
strong = ["教师交流"]
terms = ["教师", "校长", "责任"]
weak = ["队伍"]

[[theme]]
id = "evaluation"
label = "督导评价"
strong = ["督学责任区"]
terms = ["督学", "AI", "评价"]
weights = { "教师评价" = 2.5 }

[[theme]]
id = "teaching"
label = "课程教学"
terms = ["教师评价", "课堂"]
"#;

fn small() -> Taxonomy {
    Taxonomy::from_toml(SMALL).expect("the small taxonomy is well formed")
}

pub(crate) fn shipped() -> &'static Taxonomy {
    static SHIPPED: LazyLock<Taxonomy> = LazyLock::new(|| {
        let path = root().join("corpus/themes.toml");
        let text = fs::read_to_string(&path).expect("the shipped taxonomy is there");
        Taxonomy::from_toml(&text).expect("the shipped taxonomy is well formed")
    });
    &SHIPPED
}

/// The terms found, as `theme/term heading+body`, sorted, whatever the thresholds.
fn found(taxonomy: &Taxonomy, heading: &str, body: &str) -> Vec<String> {
    let all = Scoring {
        threshold: 0.0,
        share: 0.0,
        ..taxonomy.scoring()
    };
    let mut found: Vec<String> = taxonomy
        .clone()
        .with_scoring(all)
        .assign(heading, body)
        .iter()
        .flat_map(|theme| {
            theme.evidence.iter().map(|one| {
                format!(
                    "{}/{} {}+{}",
                    theme.id, one.term, one.in_heading, one.in_body
                )
            })
        })
        .collect();
    found.sort();
    found
}

#[test]
fn terms_are_found_folded_and_outside_longer_ones() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("", "", &[]),
        ("", "天气很好。", &[]),
        ("教师", "教师,教师", &["teachers/教师 1+2"]),
        // Width, case, script, invisible characters and broken lines make no difference.
        (
            "教\u{200B}師",
            "校\n  長",
            &["teachers/教师 1+0", "teachers/校长 0+1"],
        ),
        // The longer term hides the shorter ones inside it, whichever theme they belong to.
        ("", "督学责任区", &["evaluation/督学责任区 0+1"]),
        (
            "",
            "督学责任区的督学有责任",
            &[
                "evaluation/督学 0+1",
                "evaluation/督学责任区 0+1",
                "teachers/责任 0+1",
            ],
        ),
        // A longer term that is begun and not finished hides nothing.
        (
            "",
            "督学责任",
            &["evaluation/督学 0+1", "teachers/责任 0+1"],
        ),
        // Two that overlap, neither inside the other, both count.
        (
            "",
            "教师交流教师评价",
            &[
                "evaluation/教师评价 0+1",
                "teachers/教师交流 0+1",
                "teaching/教师评价 0+1",
            ],
        ),
        // What is to be ignored hides, and says nothing itself.
        ("", "学校长期坚持", &[]),
        ("", "学校校长", &["teachers/校长 0+1"]),
        // A term in Latin letters is a whole word.
        ("", "maintain AIs, ai1", &[]),
        ("", "用ＡＩ评", &["evaluation/AI 0+1"]),
    ];
    for (heading, body, expected) in cases {
        assert_eq!(
            found(&small(), heading, body),
            *expected,
            "{heading:?} {body:?}"
        );
    }
}

#[test]
fn the_score_is_the_documented_one() {
    let small = small();
    // A body of 40 characters: L = 0.5 + 0.5 × 40 / 200 = 0.6.
    let body = format!("教师教师{}", "。".repeat(36));
    let themes = small.assign("教师交流", &body);
    assert_eq!(themes.len(), 1);
    let scores: Vec<(&str, f32)> = themes[0]
        .evidence
        .iter()
        .map(|one| (one.term.as_str(), one.score))
        .collect();
    let expected = [
        ("教师交流", 3.0 * 2.0),
        ("教师", 2.0 * 2.2 / (2.0 + 1.2 * 0.6)),
    ];
    assert_eq!(scores.len(), expected.len());
    for (got, expected) in scores.iter().zip(expected) {
        assert_eq!(got.0, expected.0);
        assert!((got.1 - expected.1).abs() < 1e-4, "{got:?} {expected:?}");
    }
}

#[test]
fn the_heading_outweighs_the_body() {
    let taxonomy = shipped();
    let themes = taxonomy.assign("加强教师队伍建设", "学校的校舍全部达标。");
    assert_eq!(themes[0].id, "teachers");
    let themes = taxonomy.assign("加强校舍建设", "教师队伍稳定。");
    assert_eq!(themes[0].id, "facilities");
}

#[test]
fn a_mention_in_passing_is_no_theme() {
    let taxonomy = shipped();
    assert_eq!(taxonomy.assign("", "教师们都来了。"), []);
    let long = format!("{}督导{}", "天气很好,".repeat(200), "天气很好,".repeat(200));
    assert_eq!(taxonomy.assign("", &long), []);
    assert_eq!(taxonomy.assign("", "督导").len(), 1);
    assert_eq!(Taxonomy::empty().assign("督导", "督导"), []);
}

#[test]
fn themes_are_found_by_id_or_label() {
    let taxonomy = shipped();
    let id = |name| taxonomy.find(name).map(|theme| theme.id.as_str());
    assert_eq!(id("teachers"), Some("teachers"));
    assert_eq!(id("師資隊伍"), Some("teachers"));
    assert_eq!(id(" ＴＥＡＣＨＥＲＳ "), Some("teachers"));
    assert_eq!(id("师资"), None);
    assert_eq!(id(""), None);
    assert_eq!(taxonomy.get("师资队伍"), None);
}

#[test]
fn the_shipped_taxonomy_holds_its_themes_and_the_default_scoring() {
    let taxonomy = shipped();
    let ids: Vec<&str> = taxonomy.themes().iter().map(|t| t.id.as_str()).collect();
    assert_eq!(ids, IDS);
    assert_eq!(taxonomy.scoring(), Scoring::default());
}

/// A theme that lacks nothing but its terms, which begin on line 4.
pub(crate) fn with(rest: &str) -> String {
    format!("[[theme]]\nid = \"a\"\nlabel = \"甲\"\n{rest}\n")
}

/// Each text is refused in these words.
pub(crate) fn refuses(cases: &[(String, &str)]) {
    for (text, expected) in cases {
        let message = Taxonomy::from_toml(text).expect_err(text).to_string();
        assert_eq!(message, *expected, "{text}");
    }
}

#[test]
fn a_malformed_theme_is_refused_with_place_and_remedy() {
    refuses(&[
        (
            with("terms = [\"校舍\"]\n[[theme]]\nid = \"a\"\nlabel = \"乙\"\nterms = [\"x\"]"),
            "第 6 行，主题 a：id \"a\" 在第 2 行已经用过；请换一个，或合并两个主题",
        ),
        (
            with("terms = [\"校舍\"]\n[[theme]]\nid = \"b\"\nlabel = \"甲 \"\nterms = [\"x\"]"),
            "第 7 行，主题 b：label「甲 」在第 3 行已经用过；请换一个，以免读者分不清",
        ),
        (
            "\n[[theme]]\nid = \"师资\"\nlabel = \"师资\"\nterms = [\"x\"]".to_owned(),
            "第 3 行，主题 师资：id \"师资\" 不能用；只能由小写字母 a–z、数字和连字符 - 组成，例如 urban-rural",
        ),
        (
            "[[theme]]\nid = \"\"\nlabel = \"甲\"\nterms = [\"x\"]".to_owned(),
            "第 2 行，主题 第 1 个：id \"\" 不能用；只能由小写字母 a–z、数字和连字符 - 组成，例如 urban-rural",
        ),
        (
            "[[theme]]\nlabel = \"甲\"\nterms = [\"x\"]".to_owned(),
            "第 1 行，主题 第 1 个：缺少 id；请补上一行 id = \"…\"",
        ),
        (
            "[[theme]]\nid = \"a\"\nlabel = \"\u{3000}\"\nterms = [\"x\"]".to_owned(),
            "第 3 行，主题 a：label 是空的；请写给读者看的名称，例如 师资队伍",
        ),
        (
            with("terms = []"),
            "第 1 行，主题 a：一个词都没有；请在 strong、terms、weak 或 weights 中至少写一个词",
        ),
        (
            with("terms = [\n  \"校舍\",\n  \" \u{200B}\",\n]"),
            "第 6 行，主题 a：词 \" \u{200B}\" 是空的（空格和不可见字符不算）；请删去或写上文字",
        ),
        (
            with("strong = [\"教师\"]\nterms = [\"教師\"]"),
            "第 5 行，主题 a：词「教師」在第 4 行已经写过（全半角、大小写、繁简、空格不作区分）；请只留一处",
        ),
        (
            format!("ignore = [\"校舍\"]\n{}", with("terms = [\"校舍\"]")),
            "第 5 行，主题 a：词「校舍」在第 1 行已经写过（全半角、大小写、繁简、空格不作区分）；请只留一处",
        ),
    ]);
}

#[test]
fn a_wrong_key_value_or_mark_is_refused_with_place_and_remedy() {
    refuses(&[
        (
            with("weights = { \"校舍\" = 101 }"),
            "第 4 行，主题 a：「校舍」的值 101 超出范围；请写 0 到 100 之间的数",
        ),
        (
            with("[theme.weights]\n\"校舍\" = 2\n\"学位\" = nan"),
            "第 6 行，主题 a：「学位」的值 nan 超出范围；请写 0 到 100 之间的数",
        ),
        (
            with("weights = { \"校舍\" = \"2\" }"),
            "第 4 行，主题 a：校舍 的写法不对；应当是不加引号的数，例如 2 或 0.5",
        ),
        (
            with("terms = \"校舍\""),
            "第 4 行，主题 a：terms 的写法不对；应当是方括号里的一列词，例如 [\"校舍\", \"学位\"]",
        ),
        (
            with("Term = [\"校舍\"]"),
            "第 4 行，主题 a：不认识的键 Term；是不是 terms？",
        ),
        (
            with("\"词\" = [\"校舍\"]"),
            "第 4 行，主题 a：不认识的键 词；这里可以用 id、label、parent、strong、terms、weak、weights",
        ),
        (
            with("ignore = [\"校舍\"]"),
            "第 4 行，主题 a：ignore 不属于某一个主题；请移到文件开头，所有 [[theme]] 之前",
        ),
        (
            "[[themes]]\nid = \"a\"".to_owned(),
            "第 1 行：不认识的键 themes；是不是 theme？",
        ),
        (
            "[theme]\nid = \"a\"".to_owned(),
            "第 1 行：theme 的写法不对；应当是双重方括号开头的一段，即单独一行 [[theme]]",
        ),
        (
            "[scoring]\nshare = 1.5".to_owned(),
            "第 2 行：「share」的值 1.5 超出范围；请写 0 到 1 之间的数",
        ),
        (
            with(
                "terms = [\"x\"]\n[[theme]]\nid = \"b\"\nlabel = \"乙\"\nparent = \"c\"\nterms = [\"x\"]",
            ),
            "第 8 行，主题 b：parent \"c\" 不是前面任何主题的 id；请先写上一级主题，再写它下面的",
        ),
        (
            with("parent = \"a\"\nterms = [\"x\"]"),
            "第 4 行，主题 a：parent \"a\" 不是前面任何主题的 id；请先写上一级主题，再写它下面的",
        ),
        (
            "[folders]\n\"../x\" = \"y.toml\"".to_owned(),
            "第 2 行：\"../x\" 不能用；请写相对路径，用 / 分隔，不要以 / 开头，也不要有 . 或 ..",
        ),
        (
            "[folders]\nx = \"/etc/y.toml\"".to_owned(),
            "第 2 行：\"/etc/y.toml\" 不能用；请写相对路径，用 / 分隔，不要以 / 开头，也不要有 . 或 ..",
        ),
        (
            "[scoring]\nheadings = 1".to_owned(),
            "第 2 行：不认识的键 headings；是不是 heading？",
        ),
        (
            with("terms = [“校舍”]"),
            "第 4 行：不合 TOML 写法；这一行有全角的「“」，引号、逗号、括号、等号都要用半角",
        ),
    ]);
    let message = Taxonomy::from_toml("[[theme]]\nid = \"a")
        .expect_err("the quotation mark is missing")
        .to_string();
    assert!(
        message.starts_with("第 2 行：不合 TOML 写法（"),
        "{message}"
    );
}

#[test]
fn a_text_without_themes_is_an_empty_taxonomy() {
    let taxonomy = Taxonomy::from_toml("# 以后再写\n").expect("nothing in it is wrong");
    assert!(taxonomy.themes().is_empty());
}

/// Arbitrary text, with terms of the shipped taxonomy strewn in.
fn text() -> impl Strategy<Value = String> {
    let terms: Vec<String> = shipped()
        .themes()
        .iter()
        .flat_map(|theme| theme.terms.iter().map(|term| term.text.clone()))
        .collect();
    let piece = prop_oneof![
        2 => proptest::sample::select(terms),
        1 => ".{0,12}",
        1 => "[学校教师长期督导 a\\u{200B}]{0,8}",
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn evidence_adds_up_and_the_strongest_comes_first(heading in text(), body in text()) {
        let taxonomy = shipped();
        let scoring = taxonomy.scoring();
        let themes = taxonomy.assign(&heading, &body);
        let best = themes.first().map_or(0.0, |theme| theme.score);
        for theme in &themes {
            let sum: f32 = theme.evidence.iter().map(|one| one.score).sum();
            prop_assert!((sum - theme.score).abs() <= theme.score * 1e-5);
            prop_assert!(theme.score >= scoring.threshold);
            prop_assert!(theme.score >= best * scoring.share);
            prop_assert!(theme.evidence.iter().all(|one| one.score > 0.0));
            prop_assert!(theme.evidence.iter().all(|one| one.in_heading + one.in_body > 0));
            prop_assert!(theme.evidence.is_sorted_by(|a, b| a.score >= b.score));
            let defined = taxonomy.get(&theme.id).expect("what is given is defined");
            prop_assert_eq!(&defined.label, &theme.label);
        }
        prop_assert!(themes.is_sorted_by(|a, b| a.score >= b.score));
        prop_assert_eq!(&themes, &shipped().assign(&heading, &body));
        let json = serde_json::to_string(&themes).expect("scores are finite");
        let read: Vec<Assigned> = serde_json::from_str(&json).expect("it was just written");
        prop_assert_eq!(read, themes);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(.|\n|\\[\\[theme\\]\\]\n|id = \"a\"\n|terms = \\[\"甲\"\\]\n){0,30}") {
        if let Err(error) = Taxonomy::from_toml(&text) {
            prop_assert!(error.line >= 1 && error.line <= text.lines().count().max(1) + 1);
        }
    }
}

/// A judged passage of `themes.dev.jsonl`; `also_acceptable` counts neither for nor against.
#[derive(serde::Deserialize)]
struct Judged {
    id: String,
    themes: HashSet<String>,
    also_acceptable: HashSet<String>,
}

#[derive(Default, Debug)]
pub(crate) struct Agreement {
    pub(crate) both: u16,
    pub(crate) only_given: u16,
    pub(crate) only_judged: u16,
}

impl Agreement {
    pub(crate) fn micro_f1(&self) -> f32 {
        let both = 2.0 * f32::from(self.both);
        both / (both + f32::from(self.only_given) + f32::from(self.only_judged))
    }
}

/// How far `taxonomy` agrees with the judgements; each disagreement is printed.
fn agreement(
    taxonomy: &Taxonomy,
    judged: &[Judged],
    passages: &HashMap<String, (String, String)>,
) -> Agreement {
    let mut agreement = Agreement::default();
    for judged in judged {
        let Some((heading, body)) = passages.get(&judged.id) else {
            panic!("no passage {}", judged.id);
        };
        let given = taxonomy.assign(heading, body);
        let given: HashSet<&str> = given.iter().map(|theme| theme.id.as_str()).collect();
        for theme in IDS {
            match (given.contains(theme), judged.themes.contains(theme)) {
                (true, true) => agreement.both += 1,
                (true, false) if !judged.also_acceptable.contains(theme) => {
                    eprintln!("{}: {theme} is given, not judged", judged.id);
                    agreement.only_given += 1;
                }
                (false, true) => {
                    eprintln!("{}: {theme} is judged, not given", judged.id);
                    agreement.only_judged += 1;
                }
                _ => {}
            }
        }
    }
    agreement
}

#[test]
fn agrees_with_judged_passages_and_not_by_a_knifes_edge() {
    let Some(path) = shared("eval/seed/themes.dev.jsonl") else {
        return;
    };
    let judgements = fs::read_to_string(path).expect("a readable file");
    let judged: Vec<Judged> = judgements
        .lines()
        .map(|line| serde_json::from_str(line).expect("a judgement a line"))
        .collect();
    let passages: HashMap<String, (String, String)> = seed_passages()
        .into_iter()
        .map(|(id, heading, body)| (id, (heading, body)))
        .collect();
    let taxonomy = shipped();
    let f1 = agreement(taxonomy, &judged, &passages).micro_f1();
    eprintln!("themes: micro-F1 {f1:.3} on {} passages", judged.len());
    assert!(f1 >= 0.9, "micro-F1 {f1}");

    let usual = taxonomy.scoring();
    for factor in [0.75, 1.25] {
        let varied = [
            Scoring {
                heading: usual.heading * factor,
                ..usual
            },
            Scoring {
                saturation: usual.saturation * factor,
                ..usual
            },
            Scoring {
                length: usual.length * factor,
                ..usual
            },
            Scoring {
                pivot: usual.pivot * factor,
                ..usual
            },
            Scoring {
                threshold: usual.threshold * factor,
                ..usual
            },
            Scoring {
                share: usual.share * factor,
                ..usual
            },
        ];
        for scoring in varied {
            let f1 = agreement(&taxonomy.clone().with_scoring(scoring), &judged, &passages);
            let f1 = f1.micro_f1();
            assert!(f1 >= 0.85, "micro-F1 {f1} with {scoring:?}");
        }
    }
}

/// The measures of the seed reports: id such as `110108#1`, heading, body.
fn seed_passages() -> Vec<(String, String, String)> {
    let all = SEED.all(&Request::default());
    all.into_iter()
        .filter_map(|hit| {
            let passage = hit.passage;
            let code = hit.report.region.code.clone()?;
            let number = passage.path.first()?;
            let body = passage.body().to_owned();
            Some((format!("{code}#{number}"), passage.heading?, body))
        })
        .collect()
}
