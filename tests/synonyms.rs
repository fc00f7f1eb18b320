//! Words that mean the same: the file and its mistakes, and finding them in a query.

use std::fs;
use std::time::{Duration, Instant};

use cesou::analysis::Normalized;
use cesou::synonym::{Found, Problem, Synonyms};
use proptest::prelude::*;

use crate::support::root;

fn of(text: &str) -> Synonyms {
    Synonyms::from_toml(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Groups and rules, as words between bars: 甲|乙 is a group, 甲>乙|丙 a rule.
fn made(entries: &[&str]) -> Synonyms {
    let list =
        |words: &str| -> Vec<String> { words.split('|').map(|word| format!("{word:?}")).collect() };
    let text: String = entries
        .iter()
        .map(|entry| match entry.split_once('>') {
            Some((from, to)) => format!(
                "[[rule]]\nfrom = [{}]\nto = [{}]\nsource = \"s\"\n",
                list(from).join(","),
                list(to).join(",")
            ),
            None => format!(
                "[[group]]\nwords = [{}]\nsource = \"s\"\n",
                list(entry).join(",")
            ),
        })
        .collect();
    of(&text)
}

/// What is found: the stretch and the words that may stand for it, one-way ones after `>`.
fn found(synonyms: &Synonyms, text: &str) -> Vec<String> {
    let normalized = Normalized::new(text);
    let chars: Vec<char> = normalized.as_str().chars().collect();
    synonyms
        .find(normalized.as_str())
        .iter()
        .map(|found| {
            let word: String = chars[found.start..found.end].iter().collect();
            assert_eq!(word, found.word, "{text}");
            let to = found.to.iter().map(|to| {
                let arrow = if to.two_way { "=" } else { ">" };
                format!("{arrow}{}", to.word)
            });
            format!("{word}@{}{}", found.start, to.collect::<String>())
        })
        .collect()
}

#[test]
fn the_shipped_file_is_sound() {
    let text = fs::read_to_string(root().join("corpus/synonyms.toml")).unwrap();
    let synonyms = of(&text);
    assert!(synonyms.groups() >= 120, "{}", synonyms.groups());
    assert!(synonyms.rules() >= 100, "{}", synonyms.rules());
    for (word, to) in synonyms.entries() {
        for to in to {
            assert_eq!(Normalized::new(&to.written).as_str(), to.word);
            assert!(!to.source.trim().is_empty(), "{word}");
            let back = synonyms
                .entries()
                .find(|(from, _)| *from == to.word)
                .is_some_and(|(_, to)| to.iter().any(|back| back.word == word && back.two_way));
            assert_eq!(back, to.two_way, "{word} {to:?}");
        }
    }
    // What readers say and reports do not.
    for (typed, expected) in [
        ("农民工子女上学", "随迁子女"),
        ("外来務工人員子女", "随迁子女"),
        ("ＭＯＯＣ", "慕课"),
        ("老师工资", "教师"),
        ("孩子怎么上学", "入学"),
        ("摇号", "电脑派位"),
        ("校长教师轮岗", "教师交流"),
        ("名额分配", "指标到校"),
        ("帮扶", "结对"),
        ("农村", "乡村"),
        ("gdp", "国内生产总值"),
    ] {
        let normalized = Normalized::new(typed);
        let all = synonyms.find(normalized.as_str());
        let says = |found: &Found| found.to.iter().any(|to| to.word == expected);
        assert!(all.iter().any(says), "{typed}: {all:?}");
    }
    assert!(
        synonyms
            .find("教师")
            .iter()
            .all(|found| found.to.iter().all(|to| to.word != "老师"))
    );
}

#[test]
fn stretches_are_found_longest_first() {
    let synonyms = made(&[
        "随迁子女|农民工子女",
        "子女>儿童",
        "教师交流|轮岗",
        "交流轮岗|校际交流",
        "mooc|慕课",
        "ai>人工智能",
        "三 通|宽带",
    ]);
    let cases: [(&str, &[&str]); 12] = [
        ("", &[]),
        ("随迁", &[]),
        ("轮岗", &["轮岗@0=教师交流"]),
        ("随遷子女", &["随迁子女@0=农民工子女", "子女@2>儿童"]),
        (
            "子女和农民工子女",
            &["农民工子女@3=随迁子女", "子女@0>儿童", "子女@6>儿童"],
        ),
        // Neither lies within the other: the earlier of two equally long ones is kept.
        ("教师交流轮岗", &["教师交流@0=轮岗", "轮岗@4=教师交流"]),
        ("ＭＯＯＣ平台", &["mooc@0=慕课"]),
        ("慕课慕课", &["慕课@0=mooc", "慕课@2=mooc"]),
        ("maintain ai", &["ai@9>人工智能"]),
        ("4ai", &[]),
        ("三\u{3000} 通", &["三 通@0=宽带"]),
        ("三通", &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(found(&synonyms, text), expected, "{text}");
    }
    assert_eq!(found(&Synonyms::empty(), "随迁子女"), [] as [&str; 0]);
    assert_eq!(found(&of("# 没有\n"), "随迁子女"), [] as [&str; 0]);
}

#[test]
fn a_word_of_several_entries_has_the_words_of_all() {
    let synonyms = made(&["帮扶|支援", "帮扶|扶助", "帮扶>结对"]);
    assert_eq!(found(&synonyms, "帮扶"), ["帮扶@0=支援=扶助>结对"]);
    // Equivalence is not carried on.
    assert_eq!(found(&synonyms, "支援"), ["支援@0=帮扶"]);
    assert_eq!(found(&synonyms, "结对"), [] as [&str; 0]);
    let sources: Vec<String> = made(&["甲乙|丙丁"])
        .entries()
        .map(|(_, to)| to[0].source.to_string())
        .collect();
    assert_eq!(sources, ["s", "s"]);
}

#[test]
fn a_malformed_file_is_refused_by_line_with_what_to_do() {
    let cases: [(&str, usize, &str); 26] = [
        ("[[group]\n", 1, "TOML"),
        ("\n[[group]]\nwords = [“甲乙”, \"丙丁\"]\n", 3, "半角"),
        (
            "[[group]]\nwords = [\"甲乙\"，\"丙丁\"]\nsource = \"s\"\n",
            2,
            "半角",
        ),
        ("[[groop]]\nwords = [\"甲乙\"]\n", 1, "是不是 group"),
        ("[words]\n", 1, "group、rule"),
        ("group = 3\n", 1, "[[group]]"),
        (
            "[group]\nwords = [\"甲乙\", \"丙丁\"]\nsource = \"s\"\n",
            1,
            "[[group]]",
        ),
        ("rule = [1]\n", 1, "[[rule]]"),
        (
            "# 注\n[[group]]\nword = [\"甲乙\", \"丙丁\"]\n",
            3,
            "是不是 words",
        ),
        (
            "[[group]]\nwords = [\"甲乙\", \"丙丁\"]\nfrom = [\"a\"]\n",
            3,
            "words、source",
        ),
        ("[[group]]\nsource = \"s\"\n", 1, "缺少 words"),
        (
            "[[group]]\nwords = [\"甲乙\", \"丙丁\"]\n",
            1,
            "缺少 source",
        ),
        (
            "[[rule]]\nfrom = [\"甲乙\"]\nsource = \"s\"\n",
            1,
            "缺少 to",
        ),
        (
            "[[rule]]\nto = [\"甲乙\"]\nsource = \"s\"\n",
            1,
            "缺少 from",
        ),
        ("[[group]]\nwords = \"甲乙\"\nsource = \"s\"\n", 2, "方括号"),
        (
            "[[group]]\nwords = [\n\"甲乙\",\n3]\nsource = \"s\"\n",
            4,
            "方括号",
        ),
        (
            "[[group]]\nwords = [\"甲乙\"]\nsource = \"s\"\n",
            2,
            "至少要有 2 个",
        ),
        (
            "[[rule]]\nfrom = []\nto = [\"甲乙\"]\nsource = \"s\"\n",
            2,
            "至少要有 1 个",
        ),
        (
            "[[group]]\nwords = [\"甲乙\", \" \\u200B\"]\nsource = \"s\"\n",
            2,
            "空的",
        ),
        (
            "[[group]]\nwords = [\"甲乙\", \"丙丁\"]\nsource = \" \"\n",
            3,
            "空的",
        ),
        (
            "[[group]]\nwords = [\"甲乙\", \"丙丁\"]\nsource = 3\n",
            3,
            "引号",
        ),
        (
            "[[group]]\nwords = [\"農村\",\n\"农村\"]\nsource = \"s\"\n",
            3,
            "第 2 行",
        ),
        (
            "[[rule]]\nfrom = [\"甲乙\"]\nto = [\"甲乙\"]\nsource = \"s\"\n",
            3,
            "第 2 行",
        ),
        (
            "[[group]]\nwords = [\"甲乙\", \"丙丁\"]\nsource = \"s\"\n[[group]]\nwords = [\"戊己\", \"丙丁\", \"甲乙\"]\nsource = \"s\"\n",
            5,
            "第 2 行",
        ),
        (
            "[[group]]\nwords = [\"甲乙\", \"丙丁\"]\nsource = \"s\"\n[[rule]]\nfrom = [\"丙丁\"]\nto = [\"甲乙\"]\nsource = \"s\"\n",
            6,
            "由「丙丁」找「甲乙」",
        ),
        (
            "[[group]]\nwords = [\"甲乙\", \"一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三\"]\nsource = \"s\"\n",
            2,
            "32 个字",
        ),
    ];
    for (text, line, says) in cases {
        let error = Synonyms::from_toml(text)
            .err()
            .unwrap_or_else(|| panic!("accepted:\n{text}"));
        assert_eq!(error.line, line, "{error}\n{text}");
        let said = error.to_string();
        assert!(said.starts_with(&format!("第 {line} 行：")), "{said}");
        assert!(said.contains(says), "{said}\n{text}");
    }
}

#[test]
fn more_than_a_file_may_hold_is_refused() {
    let words: Vec<String> = (0..500).map(|n| format!("\"词{n}号\"")).collect();
    let text = format!(
        "[[group]]\nwords = [{}]\nsource = \"s\"\n",
        words.join(", ")
    );
    let error = Synonyms::from_toml(&text).expect_err("249,500 pairs");
    assert_eq!(error.problem, Problem::TooMany);
}

#[test]
fn a_long_query_is_read_at_once() {
    let text = fs::read_to_string(root().join("corpus/synonyms.toml")).unwrap();
    let synonyms = of(&text);
    let chained = made(&["甲甲|乙", "甲甲甲甲|丙", "甲甲甲甲甲甲甲甲|丁"]);
    for (synonyms, text) in [
        (&synonyms, "农民工子女上学".repeat(1429)),
        (&synonyms, "义务教育均衡发展".repeat(1250)),
        (&chained, "甲".repeat(10_000)),
    ] {
        let started = Instant::now();
        let found = synonyms.find(&text);
        assert!(
            started.elapsed() < Duration::from_millis(300),
            "{:?}",
            started.elapsed()
        );
        assert!(!found.is_empty());
    }
}

/// Every word at every place, compared one by one.
fn compared(synonyms: &Synonyms, text: &str) -> Vec<(usize, usize)> {
    let chars: Vec<char> = text.chars().collect();
    let joined = |at: usize| {
        at > 0
            && at < chars.len()
            && chars[at - 1].is_ascii_alphanumeric()
            && chars[at].is_ascii_alphanumeric()
    };
    let mut all = Vec::new();
    for (word, _) in synonyms.entries() {
        let word: Vec<char> = word.chars().collect();
        for (start, part) in chars.windows(word.len()).enumerate() {
            let end = start + word.len();
            if part == word && !joined(start) && !joined(end) {
                all.push((start, end));
            }
        }
    }
    all.sort_by_key(|&(start, end)| (std::cmp::Reverse(end - start), start));
    let mut kept: Vec<(usize, usize)> = Vec::new();
    for (start, end) in all {
        let overlaps = |&(from, to): &(usize, usize)| {
            from < end && start < to && !(from <= start && end <= to)
        };
        if !kept.iter().any(overlaps) {
            kept.push((start, end));
        }
    }
    kept
}

proptest! {
    #[test]
    fn finds_what_comparing_everywhere_finds(text in "[甲乙丙丁ab ]{0,40}") {
        let synonyms = made(&["甲乙|乙丙", "甲乙丙>丁丁", "乙|丙丁", "ab|b", "a 甲|丁甲乙", "乙丙丁甲>a"]);
        let text = Normalized::new(&text);
        let found: Vec<(usize, usize)> = synonyms
            .find(text.as_str())
            .iter()
            .map(|found| (found.start, found.end))
            .collect();
        prop_assert_eq!(found, compared(&synonyms, text.as_str()));
    }

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        let _ = Synonyms::from_toml(&text);
        let text = Normalized::new(&text);
        let synonyms = made(&["甲|a", "😀|é"]);
        let length = text.chars();
        for found in synonyms.find(text.as_str()) {
            prop_assert!(found.start < found.end && found.end <= length);
        }
    }

    #[test]
    fn any_words_are_accepted_or_refused(words in prop::collection::vec(any::<String>(), 0..4)) {
        let words: Vec<String> = words
            .iter()
            .map(|word| toml::Value::String(word.clone()).to_string())
            .collect();
        let text = format!("[[group]]\nwords = [{}]\nsource = \"s\"\n", words.join(", "));
        if let Ok(synonyms) = Synonyms::from_toml(&text) {
            for (word, _) in synonyms.entries() {
                let again = Normalized::new(word);
                prop_assert_eq!(again.as_str(), word);
                prop_assert!(synonyms.find(word).iter().any(|found| found.word == word), "{}", word);
            }
        }
    }
}
