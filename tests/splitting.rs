//! Files to reports to passages: the seed as it was judged, cases, and arbitrary text.

use std::fs;

use cesou::corpus;
use cesou::passage;
use cesou::report::{Kind, Passage, Report, Span, Warning, WarningKind};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{seed_text, shared};

const MAX_CHARS: usize = 1200;

struct Split {
    report: Report,
    passages: Vec<Passage>,
}

fn split(text: &str) -> (Vec<Split>, Vec<Warning>) {
    split_at(text, MAX_CHARS)
}

fn split_at(text: &str, max_chars: usize) -> (Vec<Split>, Vec<Warning>) {
    let (reports, mut warnings) = corpus::reports("case.txt", text);
    let reports = reports
        .into_iter()
        .map(|report| {
            let (passages, odd) = passage::split(&report, max_chars);
            warnings.extend(odd);
            Split { report, passages }
        })
        .collect();
    (reports, warnings)
}

/// The structure of a text, a line for each report and passage.
fn outline(text: &str) -> Vec<String> {
    let (reports, _) = split(text);
    let mut lines = Vec::new();
    for Split { report, passages } in reports {
        lines.push(format!("# {}", report.title));
        for passage in passages {
            let heading = passage.heading.map_or("", |span| span.of(&report.text));
            let path = passage.dotted_path();
            let number = if path.is_empty() { "0" } else { &path };
            lines.push(
                format!("{number} {heading} /{}", passage.paragraphs.len()).replace("  ", " "),
            );
        }
    }
    lines
}

#[test]
fn the_seed_splits_as_it_was_judged() {
    let (reports, warnings) = split(&seed_text());
    assert_eq!(warnings, []);
    assert_eq!(reports.len(), 10);
    let passages: Vec<(&Report, &Passage)> = reports
        .iter()
        .flat_map(|split| {
            split
                .passages
                .iter()
                .map(|passage| (&split.report, passage))
        })
        .collect();
    assert_eq!(passages.len(), 46);
    let overviews = passages
        .iter()
        .filter(|(_, passage)| passage.kind == Kind::Overview);
    assert_eq!(overviews.count(), 10);

    let Some(judged) = shared("eval/seed/passages.jsonl") else {
        return;
    };
    let judged = fs::read_to_string(judged).expect("a readable file");
    let judged: Vec<Value> = judged
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(judged.len(), passages.len());
    for (expected, (report, passage)) in judged.iter().zip(passages) {
        let id = &expected["id"];
        let text = |span: Span| span.of(&report.text);
        let region = &report.region;
        let number = passage.path.first().copied();
        assert_eq!(
            expected["province"],
            *region.province.as_deref().unwrap(),
            "{id}"
        );
        assert_eq!(expected["city"].as_str(), region.city.as_deref(), "{id}");
        assert_eq!(
            expected["county"].as_str(),
            region.county.as_deref(),
            "{id}"
        );
        assert_eq!(expected["code"].as_str(), region.code.as_deref(), "{id}");
        assert_eq!(
            expected["tagline"].as_str(),
            report.tagline.as_deref(),
            "{id}"
        );
        assert_eq!(expected["kind"], passage.kind.as_str(), "{id}");
        assert_eq!(expected["measure"].as_u64(), number.map(u64::from), "{id}");
        assert_eq!(
            expected["heading"].as_str(),
            passage.heading.map(text),
            "{id}"
        );
        assert_eq!(
            expected["paragraphs"].as_u64().unwrap(),
            passage.paragraphs.len() as u64,
            "{id}"
        );
        let first = text(passage.paragraphs[0]);
        let last = text(*passage.paragraphs.last().unwrap());
        assert!(
            first.starts_with(expected["body_starts"].as_str().unwrap()),
            "{id}"
        );
        assert!(
            last.ends_with(expected["body_ends"].as_str().unwrap()),
            "{id}"
        );
    }
}

#[test]
fn the_reprint_notice_is_left_out_and_reported() {
    let (reports, _) = split(&seed_text());
    let last = &reports.last().unwrap();
    let notice = &last.report.boilerplate;
    assert_eq!(notice.len(), 1);
    assert_eq!(
        notice[0].range.of(&last.report.text),
        "本文由转载于互联网,如有侵权请联系删除!"
    );
    for passage in &last.passages {
        assert!(!passage.range.of(&last.report.text).contains("转载"));
    }
}

#[test]
fn texts_split_where_a_reader_would() {
    let cases: [(&str, &str, &[&str]); 18] = [
        (
            "full-width colon, heading and body on one line",
            "江西省芦溪县：推进公平\n\n概述。\n\n一、管字上下功夫。正文。\n",
            &["# 江西省芦溪县：推进公平", "0 /1", "1 管字上下功夫 /1"],
        ),
        (
            "a heading that begins with a numeral, and 一是…二是… in a paragraph",
            "石家庄市:加减乘除\n\n一、一加一乘,扩充。一是做好加法。二是做好乘法。\n\n二、二次创业。正文。",
            &["# 石家庄市:加减乘除", "1 一加一乘,扩充 /1", "2 二次创业 /1"],
        ),
        (
            "numerals that count within a sentence",
            "石家庄市:加减乘除\n\n一、起步。好。\n\n三、四年级学生全部入学。\n\n一、二、三产业融合。\n\n二、再来。好。",
            &["# 石家庄市:加减乘除", "1 起步 /3", "2 再来 /1"],
        ),
        (
            "measures past ten",
            "泰州市:多\n\n九、甲。子。\n\n十、乙。丑。\n\n十一、丙。寅。\n\n二十、丁。卯。",
            &["# 泰州市:多", "9 甲 /1", "10 乙 /1", "11 丙 /1", "20 丁 /1"],
        ),
        (
            "a heading alone on its line",
            "泰州市:多样\n\n一、加强领导\n\n成立小组。\n\n二、加大投入\n\n增加经费。",
            &["# 泰州市:多样", "1 加强领导 /1", "2 加大投入 /1"],
        ),
        (
            "ideographic indents, blanks after the number, CRLF already cleaned",
            "\u{3000}\u{3000}泰州市:多样\n\u{3000}\u{3000}近年来。\n\u{3000}\u{3000}一、 加强领导。正文。\n",
            &["# 泰州市:多样", "0 /1", "1 加强领导 /1"],
        ),
        (
            "two reports without blank lines between",
            "泰州市:甲乙\n概述。\n一、子。丑。\n亳州市:丙丁\n概述。\n一、寅。卯。",
            &[
                "# 泰州市:甲乙",
                "0 /1",
                "1 子 /1",
                "# 亳州市:丙丁",
                "0 /1",
                "1 寅 /1",
            ],
        ),
        (
            "a colon in running text is no title",
            "泰州市:甲乙\n\n概述。\n\n一、子。丑。\n\n主要做法如下:\n\n保障:经费到位\n\n二、寅。卯。",
            &["# 泰州市:甲乙", "0 /1", "1 子 /3", "2 寅 /1"],
        ),
        (
            "a list of regions is no list of reports",
            "江苏省:进展\n\n各市情况。\n\n一、进度。如下。\n\n泰州市:完成八成任务\n\n南京市:完成九成任务\n\n二、下一步。继续。",
            &["# 江苏省:进展", "0 /1", "1 进度 /3", "2 下一步 /1"],
        ),
        (
            "an unknown region is a report all the same when the numbers start again",
            "泰州市:甲乙\n\n一、子。丑。\n\n乌托邦:理想之地\n\n概述。\n\n一、寅。卯。",
            &[
                "# 泰州市:甲乙",
                "1 子 /1",
                "# 乌托邦:理想之地",
                "0 /1",
                "1 寅 /1",
            ],
        ),
        (
            "sub-measures give a passage each; a bare heading goes with the first",
            "泰州市:甲乙\n\n一、主要任务\n\n（一）子项。丑。\n\n（二）寅项。卯。\n\n二、保障。辰。\n\n(一)巳项。午。",
            &[
                "# 泰州市:甲乙",
                "1.1 子项 /1",
                "1.2 寅项 /1",
                "2 保障 /1",
                "2.1 巳项 /1",
            ],
        ),
        (
            "no measure at all",
            "泰州市:只有概述\n\n第一段。\n\n第二段。",
            &["# 泰州市:只有概述", "0 /2"],
        ),
        (
            "a title and nothing else",
            "泰州市:空空如也",
            &["# 泰州市:空空如也", "0 /0"],
        ),
        (
            "a title without a colon",
            "2025年上海市政府工作报告\n\n各位代表：\n\n一、回顾。很好。",
            &["# 2025年上海市政府工作报告", "0 /1", "1 回顾 /1"],
        ),
        (
            "no title: the file's name stands in",
            "这是一段没有标题的文字，一句话就结束了。\n\n一、做法。很好。",
            &["# case", "0 /1", "1 做法 /1"],
        ),
        (
            "a header before the title",
            "来源：某网站\n\n泰州市:甲乙丙\n\n概述。\n\n一、子。丑。",
            &["# 泰州市:甲乙丙", "0 /1", "1 子 /1"],
        ),
        (
            "quotes hide sentence ends in a heading",
            "泰州市:甲乙\n\n一、实施“一校一品。”工程。正文。",
            &["# 泰州市:甲乙", "1 实施“一校一品。”工程 /1"],
        ),
        (
            "a long first sentence is body, not heading",
            "泰州市:甲乙\n\n一、近年来我市坚持把教育摆在优先发展的战略位置不断加大投入力度持续改善办学条件着力促进教育公平全面提高教育质量办好人民满意的教育事业取得了新的明显成效。正文。",
            &["# 泰州市:甲乙", "1 /1"],
        ),
    ];
    for (claim, text, expected) in cases {
        assert_eq!(outline(text), expected, "{claim}");
    }
}

#[test]
fn odd_numbering_is_kept_with_file_and_line() {
    let cases = [
        ("泰州市:甲乙\n\n一、子。丑。\n\n三、寅。卯。", 5, "缺号"),
        ("泰州市:甲乙\n\n一、子。丑。\n\n一、寅。卯。", 5, "重复"),
        (
            "泰州市:甲乙\n\n一、子。丑。\n二、午。未。\n三、申。酉。\n\n一、寅。卯。",
            7,
            "颠倒",
        ),
    ];
    for (text, line, what) in cases {
        let (reports, warnings) = split(text);
        assert_eq!(reports.len(), 1, "{text}");
        let [warning] = warnings.as_slice() else {
            panic!("one warning for {text}, not {warnings:?}");
        };
        assert_eq!(warning.kind, WarningKind::MeasureNumber);
        assert_eq!((warning.source.as_str(), warning.line), ("case.txt", line));
        assert!(warning.message.contains(what), "{}", warning.message);
        let ids: Vec<String> = reports[0].passages.iter().map(Passage::id_suffix).collect();
        let mut unique = ids.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "ids stay unique: {ids:?}");
    }
}

#[test]
fn regions_that_are_not_known_are_said_with_file_and_line() {
    for (text, kind) in [
        ("乌有县:办好教育\n\n概述。", WarningKind::UnknownRegion),
        ("和平区:办好教育\n\n概述。", WarningKind::AmbiguousRegion),
        (
            "北京市火星区:办好教育\n\n概述。",
            WarningKind::UnknownRegion,
        ),
    ] {
        let (reports, warnings) = split(&format!("\n\n{text}"));
        assert!(!reports[0].report.region.is_known(), "{text}");
        assert_eq!(reports[0].passages.len(), 1, "{text}");
        assert_eq!((warnings[0].kind, warnings[0].line), (kind, 3), "{text}");
    }
}

#[test]
fn a_long_unit_is_cut_at_paragraphs_then_sentences() {
    let sentence = "办好每一所学校。";
    let text = format!(
        "泰州市:甲乙\n\n一、标题。{}\n\n{}\n\n{}",
        sentence.repeat(3),
        sentence.repeat(4),
        sentence.repeat(20)
    );
    let (reports, _) = split_at(&text, 80);
    let report = &reports[0].report;
    let passages = &reports[0].passages;
    assert_eq!(passages.len(), 3);
    for (passage, part) in passages.iter().zip(1..) {
        assert_eq!((passage.part, passage.parts), (part, 3));
        assert_eq!(
            passage.heading.map(|span| span.of(&report.text)),
            Some("标题")
        );
        for paragraph in &passage.paragraphs {
            assert!(paragraph.of(&report.text).ends_with('。'));
        }
    }
    assert_eq!(
        passages[0].paragraphs.len(),
        2,
        "both short paragraphs fit one part"
    );
}

#[test]
fn ids_do_not_depend_on_other_files_and_differ_for_a_repeated_title() {
    let text = "泰州市:甲乙\n\n一、子。丑。\n\n泰州市:甲乙\n\n一、寅。卯。";
    let ids = |source: &str| -> Vec<String> {
        let (reports, _) = corpus::reports(source, text);
        reports.into_iter().map(|report| report.id).collect()
    };
    let here = ids("a.txt");
    assert_eq!(here.len(), 2);
    assert_ne!(here[0], here[1]);
    assert_eq!(here, ids("a.txt"));
    assert_ne!(here[0], ids("b.txt")[0]);
    for id in here {
        assert!(
            id.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        );
    }
}

#[test]
fn years_are_those_that_are_said_to_be_years() {
    for (text, years) in [
        ("2009年以来,至2014年", &[2009, 2014][..]),
        ("2010至2014年,2012至2014三个年度", &[2010, 2012, 2014]),
        ("2015—2016学年、2017-2018年", &[2015, 2016, 2017, 2018]),
        ("二〇一五年、二○一六年", &[2015, 2016]),
        ("２０２０年", &[2020]),
        ("新增学位2014个,编号120141年,电话2014", &[]),
        ("1899年,2100年", &[]),
    ] {
        assert_eq!(cesou::year::mentioned(text), years, "{text}");
    }
}

/// Text made of the pieces that decide about structure.
fn report_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("江西省芦溪县:推进公平化建设"),
        Just("乌有县：理想之地"),
        Just("和平区:和谐"),
        Just("一、加强领导。建立机制。"),
        Just("二、加大投入"),
        Just("三、四年级学生"),
        Just("（一）子项。内容"),
        Just("(二)另一项"),
        Just("本文由转载于互联网,如有侵权请联系删除!"),
        Just("近年来，办好教育。一是甲；二是乙。"),
        Just("来源：某网"),
        Just("\n"),
        Just("\n\n"),
        Just("\u{3000}\u{3000}"),
        Just(" "),
        Just("：："),
        Just("一、"),
        Just("第一章 总则"),
        Just("第二条 适用"),
        Just("1.开齐课程。"),
        Just("①甲"),
        Just("——坚持"),
        Just("附件1"),
        Just("目录"),
        Just("各位代表！"),
        Just("😀"),
    ];
    prop_oneof![
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat()),
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn passages_leave_out_only_blanks_and_reported_boilerplate(
        text in report_like(),
        max_chars in 1_usize..200,
    ) {
        let (reports, _) = split_at(&text, max_chars);
        let mut covered = vec![false; text.len()];
        let mut end = 0;
        for Split { report, passages } in &reports {
            prop_assert_eq!(report.range.of(&text), report.text.as_str());
            let mut cover = |span: Span| {
                let span = span.shifted(report.range.start);
                assert!(text.get(span.start..span.end).is_some(), "whole characters");
                covered[span.start..span.end].fill(true);
                span
            };
            for passage in passages {
                let span = cover(passage.range);
                prop_assert!(span.start >= end, "in order, without overlap");
                end = span.end;
                for paragraph in &passage.paragraphs {
                    prop_assert!(
                        passage.range.start <= paragraph.start && paragraph.end <= passage.range.end
                    );
                }
            }
            for boilerplate in &report.boilerplate {
                let span = boilerplate.range;
                let within = passages.iter().any(|passage| {
                    passage.range.start < span.end && span.start < passage.range.end
                });
                prop_assert!(!within, "boilerplate is in no passage");
                cover(span);
            }
        }
        for (at, c) in text.char_indices() {
            prop_assert!(covered[at] || c.is_whitespace(), "{:?} at {} is left out", c, at);
        }
    }

    #[test]
    fn a_number_ends_at_a_character(text in any::<String>()) {
        if let Some(marker) = cesou::numbering::marker(&text) {
            prop_assert!(text.get(marker.len..).is_some());
        }
    }

    #[test]
    fn years_are_in_range_and_ascend(text in "[0-9〇一二年至—学 ]{0,40}") {
        let years = cesou::year::mentioned(&text);
        prop_assert!(years.is_sorted_by(|left, right| left < right));
        prop_assert!(years.iter().all(|year| (1900..2100).contains(year)));
    }
}
