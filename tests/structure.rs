//! The units of documents: every one a reader sees, counted without the splitter; and how forms of
//! numbers nest, from document to document.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Instant;

use cesou::corpus;
use cesou::passage;
use cesou::report::{Kind, Passage, Report, Span};
use proptest::prelude::*;

use crate::support::shared;

const MAX_CHARS: usize = 1200;
const NUMERALS: &str = "一二三四五六七八九十百";

/// The reports of a text with their passages.
fn split(source: &str, text: &str, max_chars: usize) -> Vec<(Report, Vec<Passage>)> {
    let (reports, _) = corpus::reports(source, text);
    reports
        .into_iter()
        .map(|report| {
            let (passages, _) = passage::split(&report, max_chars);
            (report, passages)
        })
        .collect()
}

/// Where 一、 and （一） begin a unit, as somebody sees it who only looks at the starts of lines.
///
/// A table of contents is passed over until its first entry comes again, and so are the items of
/// an article, which belong to it.
fn seen(text: &str) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut at = 0;
    let mut contents: Option<BTreeSet<String>> = None;
    let mut in_article = false;
    for line in text.split('\n') {
        let start = at + (line.len() - line.trim_start().len());
        at += line.len() + 1;
        let line: String = line.split_whitespace().collect();
        if line == "目录" {
            contents = Some(BTreeSet::new());
            continue;
        }
        let after =
            |rest: &'static str| line.chars().take_while(move |&c| rest.contains(c)).count();
        let leading = after(NUMERALS);
        let number = match line.chars().next() {
            Some('第') => {
                let rest: String = line
                    .chars()
                    .skip(1)
                    .skip_while(|&c| NUMERALS.contains(c))
                    .collect();
                in_article |= rest.starts_with('条');
                in_article &= !rest.starts_with('章');
                false
            }
            Some('（' | '(') => {
                let inner: Vec<char> = line.chars().skip(1).take(6).collect();
                let digits = inner.iter().take_while(|&&c| NUMERALS.contains(c)).count();
                !in_article && digits > 0 && matches!(inner.get(digits), Some('）' | ')'))
            }
            _ => {
                let rest: Vec<char> = line.chars().skip(leading).take(2).collect();
                let numbers = leading > 0 && matches!(rest.first(), Some('、' | '．' | '.'));
                in_article &= !numbers;
                numbers && !rest.get(1).is_some_and(|&c| NUMERALS.contains(c))
            }
        };
        if !number {
            continue;
        }
        let bare = line.trim_end_matches(|c: char| c.is_ascii_digit() || c == '…');
        if let Some(entries) = &mut contents {
            if entries.insert(bare.to_owned()) {
                continue;
            }
            contents = None;
        }
        seen.insert(start);
    }
    seen
}

/// What a reader sees and the split lacks, or the other way round, a line for each.
fn differences(source: &str, text: &str) -> Vec<String> {
    let mut units = BTreeSet::new();
    // What is left out, such as a second copy of the text, nobody is to see.
    let mut shown = text.to_owned();
    for (report, passages) in split(source, text, MAX_CHARS) {
        for label in passages.iter().flat_map(|passage| &passage.heading_path) {
            let words = label.of(&report.text);
            let after: String = words
                .trim_start_matches(['（', '('])
                .chars()
                .skip_while(|&c| NUMERALS.contains(c) || c.is_whitespace())
                .take(1)
                .collect();
            let counts =
                words.starts_with(['（', '(']) || words.starts_with(|c| NUMERALS.contains(c));
            if counts && ["、", "．", ".", "）", ")"].contains(&&*after) {
                units.insert(report.range.start + label.start);
            }
        }
        for boilerplate in &report.boilerplate {
            let Span { start, end } = boilerplate.range.shifted(report.range.start);
            shown.replace_range(start..end, &" ".repeat(end - start));
        }
    }
    let seen = seen(&shown);
    let show = |what: &str, at: &usize| {
        let words: String = text[*at..].chars().take(20).collect();
        format!("{source}: {what} {words:?}")
    };
    let mut found: Vec<String> = seen
        .difference(&units)
        .map(|at| show("lacks", at))
        .collect();
    found.extend(units.difference(&seen).map(|at| show("has", at)));
    found
}

fn texts(folder: &Path) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = fs::read(path).expect("a readable file");
            (name, corpus::decode(&bytes).expect("text").text)
        })
        .collect()
}

#[test]
fn every_unit_a_reader_sees_is_a_unit_of_the_split() {
    let mut seen_units = 0;
    let mut found = Vec::new();
    for (name, text) in DOCUMENTS.iter().map(|&(name, text, _)| (name, text)) {
        seen_units += seen(text).len();
        found.extend(differences(name, text));
    }
    for (corpus, files) in [("gov-2025", 31), ("edu-notices", 99), ("gbk", 4)] {
        let Some(folder) = shared(&format!("corpora/{corpus}")) else {
            continue;
        };
        let texts = texts(&folder);
        assert_eq!(texts.len(), files, "{corpus}");
        for (name, text) in texts {
            seen_units += seen(&text).len();
            found.extend(differences(&name, &text));
        }
    }
    println!("{seen_units} units seen");
    assert_eq!(found, [""; 0]);
}

#[test]
fn documents_nest_as_they_show() {
    for (name, text, expected) in DOCUMENTS {
        assert_eq!(outline(name, text, 200), expected, "{name}");
    }
}

/// Set before the project could be measured: at least 50 MB of plain text a second on one core.
#[test]
#[ignore = "says something in release only: cargo test --release splits_fast -- --ignored --nocapture"]
fn plain_text_splits_fast() {
    const LEAST: f64 = 50e6;
    let folder = shared("corpora/gov-2025");
    let texts: Vec<String> = match &folder {
        Some(folder) => texts(folder).into_iter().map(|(_, text)| text).collect(),
        None => DOCUMENTS
            .iter()
            .map(|(_, text, _)| text.repeat(100))
            .collect(),
    };
    let bytes: usize = texts.iter().map(String::len).sum();
    let rounds = 32_000_000 / bytes + 1;
    let began = Instant::now();
    let mut passages = 0;
    for text in std::iter::repeat_n(&texts, rounds).flatten() {
        let all = split("case.txt", text, MAX_CHARS);
        passages += all
            .iter()
            .map(|(_, passages)| passages.len())
            .sum::<usize>();
    }
    let seconds = began.elapsed().as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let speed = (bytes * rounds) as f64 / seconds;
    println!("{passages} passages, {:.0} MB/s", speed / 1e6);
    assert!(
        cfg!(debug_assertions) || speed >= LEAST,
        "{speed:.0} bytes/s"
    );
}

/// Text of lines that begin with numbers of every form, true ones and false ones.
fn numbered() -> impl Strategy<Value = String> {
    let number = prop::sample::select(vec![
        "第一章 ",
        "第二章",
        "第一节　",
        "第一条 ",
        "第二条",
        "第三条规定",
        "一、",
        "二、",
        "三．",
        "十一、",
        "（一）",
        "（二）",
        "(三) ",
        "㈠",
        "1.",
        "2．",
        "３、",
        "1.5",
        "（1）",
        "(2)",
        "⑴",
        "1）",
        "①",
        "②",
        "一是",
        "二是",
        "第一，",
        "——",
        "--",
        "● ",
        "附件",
        "附件1：",
        "附：",
        "附表2",
        "名词解释",
        "目录",
        "各位代表！",
        "各位代表，",
        "2016年6月7日",
        "# ",
        "**一、",
        "\u{3000}\u{3000}",
        "",
        "",
    ]);
    let words = prop::sample::select(vec![
        "总体要求",
        "过去一年工作回顾",
        "关于改进教学的实施方案",
        "加强领导。",
        "某县教育局",
        "加大投入；",
        "如下：",
        "本文由转载于互联网,如有侵权请联系删除!",
        "",
        "全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，办好人民满意的教育。",
        "😀",
        "\u{a0}",
    ]);
    let line = (number, words).prop_map(|(number, words)| format!("{number}{words}"));
    prop::collection::vec(line, 0..60).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn however_a_document_numbers_nothing_of_it_is_lost(
        text in numbered(),
        max_chars in 1_usize..400,
    ) {
        let mut covered = vec![false; text.len()];
        let mut end = 0;
        for (report, passages) in split("case.txt", &text, max_chars) {
            let mut ids = BTreeSet::new();
            for passage in &passages {
                let range = passage.range.shifted(report.range.start);
                prop_assert!(range.start >= end, "in order, without overlap");
                end = range.end;
                covered[range.start..range.end].fill(true);
                prop_assert!(ids.insert(passage.id_suffix()), "{} twice", passage.id_suffix());
                prop_assert_eq!(passage.path.is_empty(), passage.kind == Kind::Overview);
                prop_assert!(passage.heading_path.len() <= passage.path.len());
                prop_assert!(passage.parents.len() < passage.path.len().max(1));
                let own = passage.heading_path.last();
                if let (Some(heading), Some(own)) = (passage.heading, own) {
                    prop_assert!(own.start <= heading.start && heading.end <= own.end);
                }
                let ordered = passage.paragraphs.is_sorted_by(|one, next| one.end <= next.start);
                prop_assert!(ordered, "paragraphs in order");
            }
            for boilerplate in &report.boilerplate {
                let Span { start, end } = boilerplate.range.shifted(report.range.start);
                prop_assert!(!covered[start..end].contains(&true), "boilerplate is in no passage");
                covered[start..end].fill(true);
            }
        }
        for (at, c) in text.char_indices() {
            prop_assert!(covered[at] || c.is_whitespace(), "{:?} at {} is left out", c, at);
        }
    }
}

/// A line for each passage: its id's end, the way to it, its paragraphs.
fn outline(name: &str, text: &str, max_chars: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (report, passages) in split(name, text, max_chars) {
        for passage in passages {
            let way: Vec<String> = passage
                .heading_path
                .iter()
                .map(|label| label.of(&report.text).split_whitespace().collect())
                .collect();
            let (id, paragraphs) = (passage.id_suffix(), passage.paragraphs.len());
            lines.push(format!("{id} {} /{paragraphs}", way.join(" › ")).replace("  ", " "));
        }
    }
    lines
}

/// Made-up documents: what each shows, the text, and its passages.
const DOCUMENTS: [(&str, &str, &[&str]); 19] = [
    (
        "chapters and articles; the items of an article stay with it",
        "某市教育督导办法\n\n第一章　总则\n第一条　为规范督导，制定本办法。\n第二条 督导应当遵循下列原则：\n（一）以教育教学为中心；\n（二）遵循教育规律。\n第二章 附则\n第三条本办法自发布之日起施行。\n第三条规定的期限以工作日计。\n",
        &[
            "1_1 第一章总则 › 第一条 /1",
            "1_2 第一章总则 › 第二条 /3",
            "2_3 第二章附则 › 第三条 /2",
        ],
    ),
    (
        "一、 （一） 1. （1）: below （一） nothing is cut while it is short",
        "某县方案\n\n一、总体要求\n（一）指导思想。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n（二）基本原则\n1.坚持育人。\n（1）甲；\n（2）乙。\n2.坚持公平。\n二、保障措施\n（三）加强领导。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n",
        &[
            "1_1 一、总体要求 › （一）指导思想 /1",
            "1_2 一、总体要求 › （二）基本原则 /4",
            "2_3 二、保障措施 › （三）加强领导 /1",
        ],
    ),
    (
        "past the set length, 1. is cut at, and （1） is not while 1. is short",
        "某县方案\n\n一、主要任务\n（一）课程建设\n1．开齐课程。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n（1）小学；\n（2）初中。\n2．开发教材。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n（二）师资建设。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n",
        &[
            "1_1_1 一、主要任务 › （一）课程建设 › 1．开齐课程 /3",
            "1_1_2 一、主要任务 › （一）课程建设 › 2．开发教材 /1",
            "1_2 一、主要任务 › （二）师资建设 /1",
        ],
    ),
    (
        "items that say little are packed, not cut apart",
        "某县方案\n\n一、主要任务\n（一）台账\n1.丑全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n2.丒全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n3.专全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n4.且全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n5.丕全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n6.世全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n7.丗全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n8.丘全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n9.丙全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n",
        &[
            "1_1 一、主要任务 › （一）台账 /5",
            "1_1p2 一、主要任务 › （一）台账 /4",
        ],
    ),
    (
        "1. as the second level, and going on below the next 一、",
        "某县意见\n\n一、总体要求\n1.指导思想。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n2.工作原则。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n二、改进教学\n3.深化改革。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n4.丰富实践。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n",
        &[
            "1_1 一、总体要求 › 1.指导思想 /1",
            "1_2 一、总体要求 › 2.工作原则 /1",
            "2_3 二、改进教学 › 3.深化改革 /1",
            "2_4 二、改进教学 › 4.丰富实践 /1",
        ],
    ),
    (
        "1. outermost with 一、 in it",
        "某县计划\n\n1、学前教育\n一、扩大资源。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n二、规范管理。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n2、义务教育\n一、均衡发展。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n二、控辍保学。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n",
        &[
            "1_1 1、学前教育 › 一、扩大资源 /1",
            "1_2 1、学前教育 › 二、规范管理 /1",
            "2_1 2、义务教育 › 一、均衡发展 /1",
            "2_2 2、义务教育 › 二、控辍保学 /1",
        ],
    ),
    (
        "a list that uses the form it stands in",
        "某县报告\n\n一、回顾\n（一）建设。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n一、修路；\n二、架桥。\n（二）生产。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n二、展望\n（一）增收。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n",
        &[
            "1_1 一、回顾 › （一）建设 /1",
            "1_1_1 一、回顾 › （一）建设 › 一、 /1",
            "1_1_2 一、回顾 › （一）建设 › 二、架桥 /0",
            "1_2 一、回顾 › （二）生产 /1",
            "2_1 二、展望 › （一）增收 /1",
        ],
    ),
    (
        "sections under headings without numbers, in which the numbers start again",
        "某县人民政府工作报告\n各位代表：\n现在报告工作。\n过去一年工作回顾\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n（一）经济稳步增长。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n（二）民生持续改善。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n各位代表！全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n今年工作安排\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n重点做好两个方面工作：\n（一）抓好投资。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n（二）抓好消费。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n",
        &[
            "0 /2",
            "1 过去一年工作回顾 /1",
            "1_1 过去一年工作回顾 › （一）经济稳步增长 /1",
            "1_2 过去一年工作回顾 › （二）民生持续改善 /1",
            "1r2 过去一年工作回顾 /1",
            "2 今年工作安排 /2",
            "2_1 今年工作安排 › （一）抓好投资 /1",
            "2_2 今年工作安排 › （二）抓好消费 /1",
        ],
    ),
    (
        "no number at all",
        "某县教育工作情况\n控辍保学做到位\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n师资队伍建起来\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n办学条件好起来\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n",
        &[
            "1 控辍保学做到位 /1",
            "2 师资队伍建起来 /1",
            "3 办学条件好起来 /1",
        ],
    ),
    (
        "一是 and dashes: only 一是 is a unit, and only in a long one",
        "某县报告\n\n一、回顾\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n——经济向好。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n——民生改善。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n主要做了以下工作。\n一是抓改革，活力增强。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n二是抓开放，空间拓展。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n二、展望\n一是甲。乙。\n二是丙。丁。\n",
        &[
            "1 一、回顾 /4",
            "1_1 一、回顾 › 一是抓改革，活力增强 /1",
            "1_2 一、回顾 › 二是抓开放，空间拓展 /1",
            "2 二、展望 /2",
        ],
    ),
    (
        "a table of contents numbers nothing",
        "某县规划\n\n目　录\n一、基础………1\n二、任务………3\n（一）公平………3\n\n一、基础\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n二、任务\n（一）公平\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n",
        &["0 /4", "1 一、基础 /1", "2_1 二、任务 › （一）公平 /1"],
    ),
    (
        "attachments: listed above the signature, then each with numbers of its own",
        "某县方案\n\n一、任务。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n二、要求。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n附件：1．任务清单\n2．报名表\n某县教育局\n2024年3月1日\n附件1\n任务清单\n一、建校。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n二、招人。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n附件2：报名表\n姓名\n学校\n电话\n名词解释\n1.两免一补：全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n2.三点半：全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n",
        &[
            "1 一、任务 /1",
            "2 二、要求 /5",
            "a1_1 附件1任务清单 › 一、建校 /1",
            "a1_2 附件1任务清单 › 二、招人 /1",
            "a2 附件2：报名表 /3",
            "a3 名词解释 /2",
        ],
    ),
    (
        "a notice whose attachment is all it has to say",
        "某县通知\n\n各乡镇人民政府：\n现将方案印发给你们。\n附件：某县实施方案\n某县人民政府\n2024年3月1日\n附件\n某县实施方案\n一、目标。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n二、任务。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n",
        &[
            "0 /5",
            "1_1 附件某县实施方案 › 一、目标 /1",
            "1_2 附件某县实施方案 › 二、任务 /1",
        ],
    ),
    (
        "two documents under one notice",
        "某县通知\n\n现将两个方案印发给你们，请认真贯彻执行。\n2024年3月1日\n关于改进美育的实施方案\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n一、目标。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n二、任务。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n关于改进体育的实施方案\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n一、目标。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n二、任务。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n",
        &[
            "0 /2",
            "1 关于改进美育的实施方案 /1",
            "1_1 关于改进美育的实施方案 › 一、目标 /1",
            "1_2 关于改进美育的实施方案 › 二、任务 /1",
            "2 关于改进体育的实施方案 /1",
            "2_1 关于改进体育的实施方案 › 一、目标 /1",
            "2_2 关于改进体育的实施方案 › 二、任务 /1",
        ],
    ),
    (
        "a heading over two lines",
        "某县报告\n\n一、回顾\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n二、安排\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n三、全面提高政府现代\n治理能力和服务水平\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大。\n",
        &[
            "1 一、回顾 /1",
            "2 二、安排 /1",
            "3 三、全面提高政府现代治理能力和服务水平 /1",
        ],
    ),
    (
        "every width and enclosure",
        "某县方案\n\n　　一．甲\n　（ 一 ）子。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n(二)丑。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n㈢寅。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n二 、乙\n（一)卯。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n１．辰。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优。\n２、巳。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优。\n",
        &[
            "1_1 一．甲 › （一）子 /1",
            "1_2 一．甲 › (二)丑 /1",
            "1_3 一．甲 › ㈢寅 /1",
            "2_1 二、乙 › （一)卯 /2",
            "2_1p2 二、乙 › （一)卯 /1",
        ],
    ),
    (
        "what only looks like a number",
        "某县方案\n\n一、目标\n2016.\n1.5亿元投入到位。\n三、四年级全部开课。\n2024年3月完成。\n3.2万人受益。\n（2016）12号文件。\n第三条规定的情形除外。\n一、二、三产业融合。\n二、任务。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先。\n",
        &["1 一、目标 /8", "2 二、任务 /1"],
    ),
    (
        "a plan numbered 1, 1.1, 1.1.1",
        "某县校园安全应急预案\n\n1 总则\n1.1 编制目的\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就。\n1.2 编制依据\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就。\n2 组织体系\n2.1 指挥机构\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就。\n2.1.1 组成。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入。\n2.1.2 职责。全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入。\n",
        &[
            "1_1 1总则 › 1.1编制目的 /1",
            "1_2 1总则 › 1.2编制依据 /1",
            "2_1 2组织体系 › 2.1指挥机构 /1",
            "2_1p2 2组织体系 › 2.1指挥机构 /2",
        ],
    ),
    (
        "numbers alone on their lines",
        "某县报告\n\n第一章\n总则\n一、\n目标\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就。\n二、\n全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就近入学，全县坚持教育优先发展，加大投入力度，补齐短板弱项，扩大优质资源，方便群众就。\n",
        &["1_1 第一章总则 › 一、目标 /1", "1_2 第一章总则 › 二、 /1"],
    ),
];
