//! Numbers in a query, and how else their value is written.

use cesou::number::{self, Found};
use proptest::prelude::*;

fn found(text: &str) -> Vec<(String, Vec<String>)> {
    let chars: Vec<char> = text.chars().collect();
    number::find(text)
        .into_iter()
        .map(|found| {
            let typed = chars[found.start..found.end].iter().collect();
            (typed, found.spellings)
        })
        .collect()
}

#[test]
fn each_number_gets_the_spellings_that_texts_use() {
    // What is typed, the stretch that is a number, and spellings it must have.
    let cases: [(&str, &str, &[&str]); 41] = [
        ("38亿", "38亿", &["三十八亿", "380000万"]),
        ("三十八亿元", "三十八亿", &["38亿", "380000万"]),
        (
            "投入2万元",
            "2万",
            &["20000", "20,000", "两万", "二万", "贰万"],
        ),
        ("20000", "20000", &["2万", "20,000", "两万", "二万"]),
        ("20,000人", "20,000", &["20000", "2万", "两万"]),
        ("两万人", "两万", &["2万", "20000", "二万"]),
        ("贰万元", "贰万", &["2万", "20000", "两万"]),
        (
            "累计投入9.08亿元",
            "9.08亿",
            &["90800万", "九点零八亿", "九亿零八百万"],
        ),
        ("90800万元", "90800万", &["9.08亿", "九点零八亿"]),
        ("九点零八亿元", "九点零八亿", &["9.08亿", "90800万"]),
        ("九亿零八百万元", "九亿零八百万", &["9.08亿"]),
        ("9亿零800万元", "9亿零800万", &["9.08亿"]),
        ("20.93万人", "20.93万", &["209300", "209,300"]),
        ("1.5万", "1.5万", &["15000", "15,000", "一万五千", "1万5千"]),
        ("1万5千人", "1万5千", &["1.5万", "15000"]),
        ("一万五千人", "一万五千", &["1.5万", "15000"]),
        ("15000名教师", "15000", &["1.5万", "一万五千"]),
        ("3.5万亿元", "3.5万亿", &["35000亿", "三点五万亿"]),
        ("35000亿", "35000亿", &["3.5万亿", "三万五千亿"]),
        (
            "3亿5000万元",
            "3亿5000万",
            &["3.5亿", "35000万", "三亿五千万"],
        ),
        ("3千万元", "3千万", &["3000万", "三千万"]),
        ("五百万元", "五百万", &["500万", "5百万", "5000000"]),
        ("500所学校", "500", &["五百"]),
        ("五百所学校", "五百", &["500"]),
        ("8000人", "8000", &["8,000", "八千", "8千", "0.8万"]),
        ("2000人", "2000", &["两千", "二千", "2,000", "0.2万"]),
        ("12个县", "12", &["十二"]),
        ("十二个县", "十二", &["12"]),
        ("2所", "2", &["两", "二"]),
        ("9年义务教育", "9", &["九"]),
        ("1206所", "1206", &["1,206", "一千二百零六"]),
        ("3.5公里", "3.5", &["三点五"]),
        ("40%", "40%", &["百分之四十", "百分之40"]),
        ("百分之四十", "百分之四十", &["40%"]),
        ("百分之40", "百分之40", &["40%", "百分之四十"]),
        ("四成", "四成", &["40%", "百分之四十"]),
        ("六成半的学生", "六成半", &["65%"]),
        ("99.8%", "99.8%", &["百分之九十九点八"]),
        ("百分之百", "百分之百", &["100%", "百分之一百"]),
        ("5‰", "5‰", &["千分之五", "0.5%"]),
        ("0.5%", "0.5%", &["百分之零点五", "5‰"]),
    ];
    for (text, typed, expected) in cases {
        let all = found(text);
        let own = all.iter().find(|(own, _)| own == typed);
        let (_, spellings) = own.unwrap_or_else(|| panic!("{text}: {all:?}"));
        for &spelling in expected {
            assert!(
                spellings.iter().any(|own| own == spelling),
                "{text}: {spelling} in {spellings:?}"
            );
        }
    }
}

#[test]
fn years_are_spelled_digit_by_digit() {
    assert_eq!(
        found("2014年"),
        [(
            "2014".to_owned(),
            vec![
                "二〇一四".to_owned(),
                "二零一四".to_owned(),
                "二○一四".to_owned()
            ]
        )]
    );
    let (typed, spellings) = found("二〇一四年的经费").remove(0);
    assert_eq!(typed, "二〇一四");
    assert_eq!(spellings[0], "2014");
    assert_eq!(found("2014学年")[0].1[0], "二〇一四");
    // A year without 年 and a count that looks like one.
    assert_eq!(found("2014"), []);
    assert!(found("2014人")[0].1.contains(&"两千零一十四".to_owned()));
}

#[test]
fn what_is_no_quantity_is_left_alone() {
    for text in [
        "",
        "5",
        "12",
        "第3",
        "第三条",
        "第12个",
        "十三五",
        "十二五规划",
        "三八妇女节",
        "六一",
        "二七区",
        "一人一案",
        "一个",
        "1个",
        "0",
        "0.5",
        "4g",
        "covid19",
        "mooc2",
        "百万教师",
        "千方百计",
        "万一",
        "亿万",
        "三万五",
        "一百五",
        "1万500",
        "二三十人",
        "三五百",
        "1.2.3",
        "0351",
        "00",
        "007个",
        "三分之二",
        "三分之2年",
        "1/3",
        "12:30",
        "陆家嘴",
        "伍家",
        "两基",
        "两免一补",
        "十佳",
        "三中",
        "两会",
        "第四成立",
        "四成立",
        "八点三十分",
        "12345678901234567890",
        "99999999999999999999999999999999999999999999999999",
        "1,23",
        "一二三",
        "点",
        "百分之",
        "百分之之",
        "千分之",
        "零",
        "〇",
        "二〇一四",
        "一万万",
        "一亿亿",
        "万分之三点",
        "三点",
        "3点5",
        "1.1234567",
        "三点一四一五九二六",
        "0.0000001%",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn stretches_leave_the_unit_outside_and_say_where_it_ends() {
    let text = "2014年投入38亿元,建成500所学校、面积3万平方米";
    let chars: Vec<char> = text.chars().collect();
    let cut: Vec<(String, String)> = number::find(text)
        .into_iter()
        .map(|found| {
            let part = |from: usize, to: usize| chars[from..to].iter().collect();
            (
                part(found.start, found.end),
                part(found.end, found.unit_end),
            )
        })
        .collect();
    let cut: Vec<(&str, &str)> = cut.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        cut,
        [
            ("2014", "年"),
            ("38亿", "元"),
            ("500", "所"),
            ("3万", "平方米")
        ]
    );
}

#[test]
fn commas_between_numbers_are_not_between_thousands() {
    assert_eq!(found("100,20人").len(), 2);
    assert!(
        found("2万,3万")
            .iter()
            .all(|(typed, _)| typed.ends_with('万'))
    );
}

#[test]
fn what_would_make_a_spelling_another_number_is_known() {
    for c in "0.,5%‰一十百千万亿零〇两贰点".chars() {
        assert!(number::continues(c), "{c}");
    }
    for c in "元人年 余多a教".chars() {
        assert!(!number::continues(c), "{c}");
    }
}

/// What every answer owes.
fn check(text: &str, all: &[Found]) {
    let length = text.chars().count();
    let mut before = 0;
    for found in all {
        assert!(
            before <= found.start && found.start < found.end,
            "{text}: {found:?}"
        );
        assert!(
            found.end <= found.unit_end && found.unit_end <= length,
            "{text}: {found:?}"
        );
        before = found.end;
        let typed: String = text
            .chars()
            .skip(found.start)
            .take(found.end - found.start)
            .collect();
        assert!(
            (1..=8).contains(&found.spellings.len()),
            "{text}: {found:?}"
        );
        for (place, spelling) in found.spellings.iter().enumerate() {
            assert_ne!(*spelling, typed);
            assert!(
                !found.spellings[..place].contains(spelling),
                "{text}: {found:?}"
            );
            let normalized = cesou::analysis::Normalized::new(spelling);
            assert_eq!(normalized.as_str(), spelling);
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        let text = cesou::analysis::Normalized::new(&text);
        check(text.as_str(), &number::find(text.as_str()));
    }

    #[test]
    fn any_run_of_figures_and_numerals_is_survived(
        text in "[0-9.,%‰ 年元人第成半点分之零〇○一二两三四五六七八九十百千万亿壹贰叁拾佰仟a]{0,40}",
    ) {
        check(&text, &number::find(&text));
    }
}

#[test]
fn a_long_query_is_read_at_once() {
    for text in [
        "3".repeat(10_000),
        "三万".repeat(5000),
        "1,000".repeat(2000),
        "1.".repeat(5000),
        "百分之".repeat(3333),
    ] {
        let started = std::time::Instant::now();
        drop(number::find(&text));
        assert!(
            started.elapsed().as_millis() < 500,
            "{:?}",
            started.elapsed()
        );
    }
}
