//! The query parser: cases, and arbitrary text.

use cesou::query::{Clause, Form, Target, parse};
use proptest::prelude::*;

/// A query as a line: groups by ` & `, alternatives by ` / `, phrases in brackets.
fn shown(text: &str) -> String {
    let query = parse(text);
    let clause = |clause: &Clause| {
        let field = match clause.target {
            Target::Anywhere => "",
            Target::Region => "region:",
            Target::Heading => "heading:",
            Target::Theme => "theme:",
        };
        match &clause.form {
            Form::Words(words) => format!("{field}{words}"),
            Form::Phrase(phrase) => format!("{field}[{phrase}]"),
        }
    };
    let mut parts: Vec<String> = query
        .groups
        .iter()
        .map(|group| {
            let any: Vec<String> = group.any.iter().map(clause).collect();
            any.join(" / ")
        })
        .collect();
    parts.extend(query.excluded.iter().map(|it| format!("-{}", clause(it))));
    parts.join(" & ")
}

#[test]
fn queries_are_read_as_they_are_meant() {
    for (text, expected) in [
        ("教师交流", "教师交流"),
        ("教师 交流", "教师 & 交流"),
        ("教师\u{3000}交流", "教师 & 交流"),
        ("教师，交流。轮岗", "教师 & 交流 & 轮岗"),
        ("\"教师交流\"", "[教师交流]"),
        ("“教师 交流”轮岗", "[教师 交流] & 轮岗"),
        ("教师 “未完", "教师 & 未完"),
        ("教师 -轮岗", "教师 & -轮岗"),
        ("教师 －轮岗", "教师 & -轮岗"),
        ("教师 -\"校长 交流\"", "教师 & -[校长 交流]"),
        ("教师-轮岗", "教师 & 轮岗"),
        ("教师 - 轮岗", "教师 & 轮岗"),
        ("-轮岗", "-轮岗"),
        ("教师 OR 校长 交流", "教师 / 校长 & 交流"),
        ("教师|校长", "教师 / 校长"),
        ("教师 ｜ 校长 | 园长", "教师 / 校长 / 园长"),
        ("OR 教师", "教师"),
        ("教师 OR", "教师"),
        ("OR", "OR"),
        ("教师 or 校长", "教师 & or & 校长"),
        ("ORDER", "ORDER"),
        ("region:河北 教师", "region:河北 & 教师"),
        ("地区：河北 教师", "region:河北 & 教师"),
        ("标题:\"教师 交流\"", "heading:[教师 交流]"),
        ("主题:teachers -地区:北京", "theme:teachers & -region:北京"),
        ("ＲＥＧＩＯＮ：河北", "region:河北"),
        ("region: 河北", "region & 河北"),
        ("北京市海淀区:依托高校资源", "北京市海淀区 & 依托高校资源"),
        ("累计投入9.08亿元", "累计投入9.08亿元"),
        ("Wi-Fi 49.71%", "Wi-Fi & 49.71%"),
        ("https://a.cn/b", "https & a.cn/b"),
        ("《课程标准》", "课程标准"),
        ("", ""),
        ("。，！", ""),
        ("\"\" - | ”", ""),
        ("😀", "😀"),
    ] {
        assert_eq!(shown(text), expected, "{text:?}");
    }
}

fn syntax() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "(教师|交流|OR|region:|主题：|\"|“|”|-|\\||｜| |\u{3000}|，|\u{200B}|9\\.08|😀){0,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn every_string_is_a_query(text in syntax()) {
        let query = parse(&text);
        for group in &query.groups {
            prop_assert!(!group.any.is_empty());
        }
        let clauses = query.groups.iter().flat_map(|group| &group.any).chain(&query.excluded);
        for clause in clauses {
            let found = clause.form.text().chars().filter_map(cesou::fold::fold);
            prop_assert!(found.into_iter().any(cesou::fold::is_searchable));
        }
    }

    #[test]
    fn what_can_be_searched_for_is_not_lost(text in syntax()) {
        let searchable = text
            .chars()
            .filter_map(cesou::fold::fold)
            .any(cesou::fold::is_searchable);
        let query = parse(&text);
        prop_assert_eq!(searchable, !query.groups.is_empty() || !query.excluded.is_empty());
    }
}
