//! What reports state of themselves: region with its reason, issuer, number, date, year.

use std::fs;
use std::path::Path;

use cesou::corpus::{self, Corpus, Given, Limits, Rules, SourceFile};
use cesou::date::Date;
use cesou::passage;
use cesou::region::{Region, of_mark};
use cesou::report::{RegionReason, Report, Span, Warning, WarningKind};
use proptest::prelude::*;

use crate::support::shared;

fn reports_of(path: &Path) -> (Vec<Report>, Vec<Warning>) {
    let file = SourceFile {
        name: path.file_name().unwrap().to_string_lossy().into_owned(),
        path: path.to_owned(),
    };
    let mut reports = Vec::new();
    let mut warnings = Vec::new();
    for piece in corpus::read_file(&file, &Limits::new(64 << 20)).unwrap() {
        let piece = piece.unwrap();
        reports.extend(piece.reports);
        warnings.extend(piece.warnings);
    }
    (reports, warnings)
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn text(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[test]
fn notices_state_what_was_judged() {
    let Some(folder) = shared("corpora/edu-notices") else {
        return;
    };
    let judged = include_str!("metadata/notices.tsv");
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in judged.lines().filter(|line| !line.starts_with('#')) {
        let expected: Vec<&str> = line.split('\t').collect();
        let (reports, _) = reports_of(&folder.join(expected[0]));
        assert_eq!(reports.len(), 1, "{}", expected[0]);
        let report = &reports[0];
        let metadata = &report.metadata;
        let stated = [
            expected[0].to_owned(),
            text(report.region.code.as_deref()),
            text(metadata.issuer.as_deref()),
            text(metadata.document_number.as_deref()),
            text(metadata.date),
            text(metadata.year),
        ];
        if stated.iter().ne(expected.iter()) {
            wrong.push(format!("{stated:?}, judged {expected:?}"));
        }
        count += 1;
    }
    assert!(count >= 40, "{count} are judged");
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn no_passage_of_a_notice_holds_a_header_or_a_button() {
    let Some(folder) = shared("corpora/edu-notices") else {
        return;
    };
    let furniture = [
        "北大法宝",
        "法宝引证码",
        "原文链接",
        "pkulaw",
        "字号：",
        "【打印】",
    ];
    for path in files(&folder) {
        for report in reports_of(&path).0 {
            for passage in passage::split(&report, 1200).0 {
                let text = passage.range.of(&report.text);
                for mark in furniture {
                    assert!(!text.contains(mark), "{}: {mark}", path.display());
                }
            }
        }
    }
}

#[test]
fn provincial_reports_are_of_their_provinces() {
    let Some(folder) = shared("corpora/gov-2025") else {
        return;
    };
    let mut provinces = std::collections::BTreeSet::new();
    for path in files(&folder) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let (reports, _) = reports_of(&path);
        assert_eq!(reports.len(), 1, "{name}");
        let report = &reports[0];
        let province = report.region.province.clone().unwrap();
        let short: String = province.chars().take(2).collect();
        assert!(name.contains(&short), "{name} is not of {province}");
        assert_eq!(report.region.city, None, "{name}");
        assert_eq!(report.metadata.year, Some(2025), "{name}");
        assert_eq!(report.metadata.date.map(Date::year), Some(2025), "{name}");
        provinces.insert(province);
    }
    assert_eq!(provinces.len(), 31);
}

#[test]
fn reports_of_the_state_are_national() {
    let Some(folder) = shared("corpora/gbk") else {
        return;
    };
    for path in files(&folder) {
        let (reports, _) = reports_of(&path);
        assert_eq!(reports.len(), 1, "{}", path.display());
        let report = &reports[0];
        assert_eq!(report.region, Region::national());
        let year = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert_eq!(text(report.metadata.year), year);
        assert_eq!(report.metadata.issuer.as_deref(), Some("国务院"));
        for passage in passage::split(report, 1200).0 {
            let text = passage.range.of(&report.text);
            for mark in ["当前位置", "E-mail", "责任编辑", "【字体", "<!--"] {
                assert!(!text.contains(mark), "{year}: {mark} in {text}");
            }
        }
    }
}

/// A text, and what it states: code, reason, issuer, number, date, year, each blank where unknown.
const CASES: &[(&str, &str, &str)] = &[
    (
        "title wrapped over two lines, number in other brackets, signature in Chinese figures",
        "成都市人民政府办公厅\n关于全面加强和改进学校美育工作的实施意见\n成办发【2016】48号\n\n各区县政府：\n为落实要求，制定本意见。\n成都市人民政府办公厅\n二〇一六年十一月三日",
        "510100 title 成都市人民政府办公厅 成办发〔2016〕48号 2016-11-03 2016",
    ),
    (
        "region from the signature",
        "关于做好开学工作的通知\n\n各学校：\n请认真做好工作。\n芦溪县教育局\n2017年8月20日",
        "360323 issuer 芦溪县教育局 - 2017-08-20 2017",
    ),
    (
        "region from the number",
        "关于做好开学工作的通知\n（成教发〔2016〕5号）\n\n各学校：\n请认真做好工作。",
        "510100 document-number - 成教发〔2016〕5号 - 2016",
    ),
    (
        "a mark that several divisions share says nothing",
        "关于做好开学工作的通知\n（宁政办发〔2016〕5号）\n\n各学校：\n请认真做好工作。",
        "- none - 宁政办发〔2016〕5号 - 2016",
    ),
    (
        "what is forwarded is another's",
        "关于转发《安徽省教育厅关于加强美育的通知》的通知\n\n各学校：\n现转发给你们（皖教〔2015〕7号）。\n合肥市教育局\n2016年1月5日",
        "340100 issuer 合肥市教育局 - 2016-01-05 2016",
    ),
    (
        "an office of the state",
        "教育部关于同意北京市设立学校的函\n教发函〔2019〕3号\n\n北京市人民政府：\n同意设立。\n教育部\n2019年3月1日",
        "000000 title 教育部 教发函〔2019〕3号 2019-03-01 2019",
    ),
    (
        "fields of a database",
        "索 引 号：000014348/2015-00102　　主题分类：教育\n发文机关：国务院办公厅　　成文日期：2015年09月15日\n标　　题：关于加强美育工作的意见\n发文字号：国办发(2015)71号　　发布日期：2015年09月28日\n关于加强美育工作的意见\n\n各省人民政府：\n美育是教育。",
        "000000 issuer 国务院办公厅 国办发〔2015〕71号 2015-09-15 2015",
    ),
    (
        "a work report of a county, dated by its congress",
        "2024年芦溪县政府工作报告\n来源：芦溪县人民政府网　发布时间：2024-02-20 09:00\n——2024年1月10日在芦溪县第十七届人民代表大会第四次会议上\n\n各位代表：\n现在报告工作。",
        "360323 title 江西省萍乡市芦溪县人民政府 - 2024-01-10 2024",
    ),
    (
        "a letterhead, and who signs beside the number",
        "成都市教育局文件\n成教发〔2016〕5号　　签发人：张三\n关于做好开学工作的通知\n\n各学校：\n做好工作。",
        "510100 issuer 成都市教育局 成教发〔2016〕5号 - 2016",
    ),
    (
        "who issued it on a line of its own",
        "中共绵阳市委办公室　绵阳市人民政府办公室\n关于加强美育工作的实施意见\n\n各县：\n加强工作。",
        "510700 title 中共绵阳市委办公室、绵阳市人民政府办公室 - - -",
    ),
    (
        "a work report titled as such only",
        "政府工作报告\n——2023年1月11日在四川省第十四届人民代表大会第一次会议上\n四川省人民政府省长　黄强\n\n各位代表：\n现在报告工作。",
        "510000 title 四川省人民政府 - 2023-01-11 2023",
    ),
    (
        "an order",
        "教育部令第49号\n\n中小学教育惩戒规则\n\n第一条 为了教育，制定本规则。",
        "000000 document-number - 教育部令第49号 - -",
    ),
    (
        "a seed report says nothing but its region",
        "芦溪县:全面改革\n\n一、加强领导。全县落实。\n二、加大投入。新增经费。",
        "360323 title - - - -",
    ),
    (
        "several offices",
        "国家发展改革委 教育部关于印发方案的通知\n发改社会〔2019〕1号\n\n各地：\n现印发。\n国家发展改革委\n教　育　部\n2019年2月1日",
        "000000 title 国家发展改革委、教育部 发改社会〔2019〕1号 2019-02-01 2019",
    ),
];

#[test]
fn reports_state_what_a_reader_would_read() {
    let mut wrong = Vec::new();
    for (what, body, expected) in CASES {
        let (reports, _) = corpus::reports("报告.txt", body);
        let report = &reports[0];
        let metadata = &report.metadata;
        let or_none = |text: String| {
            if text.is_empty() {
                "-".to_owned()
            } else {
                text
            }
        };
        let stated = [
            text(report.region.code.as_deref()),
            report.region_reason.as_str().to_owned(),
            text(metadata.issuer.as_deref()),
            text(metadata.document_number.as_deref()),
            text(metadata.date),
            text(metadata.year),
        ]
        .map(or_none)
        .join(" ");
        if stated != *expected || reports.len() != 1 {
            wrong.push(format!(
                "{what}: {stated}, not {expected} ({})",
                reports.len()
            ));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn what_is_given_wins_and_what_cannot_be_used_is_said() {
    let body = "成都市教育局关于开学的通知\n成教发〔2016〕5号\n\n各学校：\n做好工作。\n成都市教育局\n2016年8月1日";
    let given = Given {
        region: Some("全国".to_owned()),
        issuer: Some("教育部".to_owned()),
        document_number: Some("教基[2017]9号".to_owned()),
        date: Some("2017-02-03".to_owned()),
        year: Some(2018),
        url: Some("https://example.org/1".to_owned()),
        title: Some("别的标题".to_owned()),
    };
    let (reports, warnings) = corpus::reports_with("a.txt", body, &given, &Rules::default());
    let report = &reports[0];
    assert_eq!(warnings, []);
    assert_eq!(report.title, "别的标题");
    assert_eq!(report.region_reason, RegionReason::Given);
    assert!(report.region.is_national());
    let metadata = &report.metadata;
    assert_eq!(metadata.issuer.as_deref(), Some("教育部"));
    assert_eq!(metadata.document_number.as_deref(), Some("教基〔2017〕9号"));
    assert_eq!(text(metadata.date), "2017-02-03");
    assert_eq!(metadata.year, Some(2018));
    assert_eq!(metadata.url.as_deref(), Some("https://example.org/1"));

    let given = Given {
        region: Some("乌有县".to_owned()),
        date: Some("明天".to_owned()),
        ..Given::default()
    };
    let (reports, warnings) = corpus::reports_with("a.txt", body, &given, &Rules::default());
    assert_eq!(reports[0].region.code.as_deref(), Some("510100"));
    assert_eq!(text(reports[0].metadata.date), "2016-08-01");
    let kinds: Vec<WarningKind> = warnings.iter().map(|warning| warning.kind).collect();
    assert_eq!(kinds, [WarningKind::UnknownRegion, WarningKind::SideFile]);
}

#[test]
fn side_files_are_read_with_their_reports_and_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let reports = folder.path().join("reports");
    fs::create_dir(&reports).unwrap();
    fs::write(reports.join("a.txt"), "关于开学的通知\n\n做好工作。\n").unwrap();
    fs::write(
        reports.join("a.toml"),
        "region = \"芦溪县\"\ndate = 2016-11-03\n",
    )
    .unwrap();
    fs::write(reports.join("b.txt"), "芦溪县:改革\n\n做好工作。\n").unwrap();
    fs::write(
        reports.join("b.toml"),
        "region = \"芦溪县\"\nissuer = “教育局”\n",
    )
    .unwrap();
    fs::write(reports.join("c.txt"), "芦溪县:发展\n\n做好工作。\n").unwrap();
    fs::write(reports.join("c.txt.toml"), "# 旁注\nisuer = \"教育局\"\n").unwrap();
    let corpus = Corpus::open(folder.path(), 1 << 20).unwrap();
    let (files, _) = corpus.files();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["a.txt", "b.txt", "c.txt"]);

    let read = |at: usize| {
        let piece = corpus.read(&files[at]).unwrap().next().unwrap().unwrap();
        (piece.reports, piece.warnings)
    };
    let (given, _) = read(0);
    assert_eq!(given[0].region.code.as_deref(), Some("360323"));
    assert_eq!(given[0].region_reason, RegionReason::Given);
    assert_eq!(text(given[0].metadata.date), "2016-11-03");
    // One that is no TOML is named with its line, and the report stands.
    let (reports_read, warnings) = read(1);
    assert_eq!(reports_read.len(), 1);
    let odd: Vec<_> = warnings
        .iter()
        .filter(|warning| warning.kind == WarningKind::SideFile)
        .collect();
    assert_eq!(odd.len(), 1, "{warnings:?}");
    assert_eq!((odd[0].source.as_str(), odd[0].line), ("b.toml", 2));
    // A key that means nothing is said too.
    let (_, warnings) = read(2);
    assert!(
        warnings.iter().any(|warning| warning.source == "c.txt.toml"
            && warning.line == 2
            && warning.message.contains("isuer")),
        "{warnings:?}"
    );

    let before = corpus.digest_of(&files[0]).unwrap();
    fs::write(reports.join("a.toml"), "region = \"萍乡市\"\n").unwrap();
    assert_ne!(corpus.digest_of(&files[0]).unwrap(), before);
    fs::remove_file(reports.join("a.toml")).unwrap();
    assert_ne!(corpus.digest_of(&files[0]).unwrap(), before);
}

#[test]
fn marks_of_numbers_name_whose_they_are() {
    for (mark, code) in [
        ("成办发", "510100"),
        ("沪府办发", "310000"),
        ("国办发", "000000"),
        ("教体艺厅函", "000000"),
        ("吉市政办发", "220200"),
        ("吉政办发", "220000"),
        ("榕政办", "350100"),
    ] {
        let region = of_mark(mark).unwrap_or_else(|| panic!("{mark}"));
        assert_eq!(region.code.as_deref(), Some(code), "{mark}");
    }
    for mark in ["宁政办发", "市政办发", "成人", "", "字"] {
        let region = of_mark(mark);
        assert!(mark == "成人" || region.is_none(), "{mark}: {region:?}");
    }
}

#[test]
fn a_file_may_hold_several_notices() {
    let one = "北大法宝【法宝引证码】 CLI.12.1\n原文链接：https://example.org/1\n成都市教育局关于开学的通知\n成都市教育局关于开学的通知\n成教发〔2016〕5号\n\n各学校：\n做好工作。\n成都市教育局\n2016年8月1日\n";
    let two = one.replace("成都市", "绵阳市").replace("成教发", "绵教发");
    let (reports, _) = corpus::reports("a.txt", &format!("{one}\n{two}"));
    let codes: Vec<String> = reports
        .iter()
        .map(|report| text(report.region.code.as_deref()))
        .collect();
    assert_eq!(codes, ["510100", "510700"]);
    assert_eq!(
        reports[1].metadata.document_number.as_deref(),
        Some("绵教发〔2016〕5号")
    );
}

#[test]
fn a_text_saved_twice_is_one_report() {
    let lines: Vec<String> = (1..=15)
        .map(|n| {
            format!("一是做好第{n}件事，使全县各级各类学校的条件在三年之内都有明显的改善和提高。")
        })
        .collect();
    let body = lines.join("\n");
    let text = format!("芦溪县:改革\n\n{body}\n\n芦溪县:改革\n\n{body}\n");
    let (reports, _) = corpus::reports("a.txt", &text);
    assert_eq!(reports.len(), 1);
    let copy = reports[0].boilerplate.last().unwrap();
    assert_eq!(copy.rule, "repeated-report");
    let (passages, _) = passage::split(&reports[0], 1200);
    let shown: usize = passages
        .iter()
        .map(|passage| {
            passage
                .range
                .of(&reports[0].text)
                .matches("第7件事")
                .count()
        })
        .sum();
    assert_eq!(shown, 1);
    // Where anything is new below, nothing is left out.
    let text = format!("{text}\n这一句是上面没有的，因此它必须留在段落里面，不能当作重复丢掉。\n");
    let (reports, _) = corpus::reports("a.txt", &text);
    assert!(reports.iter().all(|report| {
        report
            .boilerplate
            .iter()
            .all(|line| line.rule != "repeated-report")
    }));
}

proptest! {
    #[test]
    fn dates_read_are_of_the_calendar(text in "[0-9０-９〇一二三年月日十/\\-. ]{0,24}") {
        if let Some((date, range)) = Date::find(&text) {
            prop_assert!(text.get(range).is_some());
            let number = date.number();
            prop_assert!((1..=12).contains(&(number / 100 % 100)));
            prop_assert!((1..=31).contains(&(number % 100)));
            prop_assert_eq!(Date::parse(&date.to_string()), Some(date));
        }
    }

    #[test]
    fn boilerplate_stands_in_order_on_whole_lines(
        lines in prop::collection::vec(prop_oneof![
            Just("打印 关闭".to_owned()),
            Just("来源：某网".to_owned()),
            Just("成都市教育局关于开学的通知".to_owned()),
            Just("成教发〔2016〕5号".to_owned()),
            Just("一、做好工作。".to_owned()),
            Just("）".to_owned()),
            Just("2016年8月1日".to_owned()),
            "\\PC{0,40}",
        ], 0..30)
    ) {
        let text = lines.join("\n");
        for report in corpus::reports("a.txt", &text).0 {
            let mut end = 0;
            for line in &report.boilerplate {
                let Span { start, end: stop } = line.range;
                prop_assert!(start >= end && stop <= report.text.len());
                prop_assert!(report.text.get(start..stop).is_some());
                end = stop;
            }
        }
    }
}

const DATED: &[(&str, &str)] = &[
    (
        "a.txt",
        "成都市教育局关于开学的通知\n成教发〔2016〕5号\n\n各学校：\n一、做好开学工作。\n成都市教育局\n2016年8月1日",
    ),
    (
        "b.txt",
        "四川省教育厅、四川省财政厅关于资助的通知\n川教〔2018〕7号\n\n各学校：\n一、做好资助工作。\n四川省教育厅\n2018年3月5日",
    ),
    ("c.txt", "芦溪县:改革\n\n一、做好工作。2014年新增学位。"),
    (
        "d.txt",
        "教育部关于美育的意见\n教体艺〔2019〕2号\n\n各省教育厅：\n一、做好美育工作。\n教育部\n2019年3月29日",
    ),
];

#[test]
fn reports_sort_and_narrow_by_date_issuer_and_year() {
    let corpus = crate::support::corpus_of(DATED);
    let service = crate::support::Service::of(corpus.path());
    let sources = |parameters: &[(&str, &str)]| -> Vec<String> {
        let answer = service.search(parameters).json();
        let hits = answer["hits"].as_array().unwrap().clone();
        let mut sources: Vec<String> = hits
            .iter()
            .map(|hit| hit["report"]["source"].as_str().unwrap().to_owned())
            .collect();
        sources.dedup();
        sources
    };
    assert_eq!(
        sources(&[("sort", "date")]),
        ["d.txt", "b.txt", "a.txt", "c.txt"]
    );
    assert_eq!(sources(&[("issuer", "四川省财政厅")]), ["b.txt"]);
    assert_eq!(sources(&[("year", "2019")]), ["d.txt"]);
    // A report of no known year is found by the years it mentions.
    assert_eq!(sources(&[("year", "2014")]), ["c.txt"]);
    assert_eq!(sources(&[("province", "全国")]), ["d.txt"]);
    assert_eq!(
        sources(&[("date_from", "2016-08-01"), ("date_to", "2018年3月5日")]),
        ["a.txt", "b.txt"]
    );
    let answer = service
        .search(&[("facets", "issuer,year"), ("issuer", "教育部")])
        .json();
    let issuers: Vec<&str> = answer["facets"]["issuer"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value["value"].as_str().unwrap())
        .collect();
    assert_eq!(issuers.len(), 4, "{issuers:?}");
    let hit = &answer["hits"][0]["report"]["metadata"];
    assert_eq!(hit["document_number"], "教体艺〔2019〕2号");
    assert_eq!(hit["date"], "2019-03-29");
    let refused = service.search(&[("date_from", "去年")]).json();
    assert_eq!(refused["parameter"], "date_from", "{refused}");
}
