//! The two promises: exact is `contains` on normalised text; smart finds whatever exact finds.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use cesou::analysis::Normalized;
use cesou::index::PassageRecord;
use cesou::search::{Hit, Match, Request};
use proptest::prelude::*;

use crate::support::{Indexed, SEED};

/// Texts that are hard on exactness: repeats, marks of both widths, scripts, blanks, lone signs.
static HARD: LazyLock<Indexed> = LazyLock::new(|| {
    Indexed::of_files(&[(
        "hard.txt",
        "江西省芦溪县：推进公平\n\n農民工子女,上學。 “零起点”教学 – “零起點”、教学！\n\n\
         一、改扩建20余所。ＡＢＣ１２３ abc 123 a-b a b \u{3000} 一二一二一二，一二。一二\n\n\
         二、。。。、、-教师 \"教师\" OR 教师 | region:教师 主题:教师 9.08亿元 9。08亿元 40%～50％\n\n\
         三、😀😀𠮷野家 教\u{200B}师 教 师 教\n师 <b>&amp;</b> \\ / * ? [ ] { } ~ ^\n",
    )])
});

fn ids(hits: &[Hit]) -> BTreeSet<String> {
    hits.iter().map(|hit| hit.passage.id.clone()).collect()
}

fn find(indexed: &Indexed, text: &str, matching: Match) -> BTreeSet<String> {
    ids(&indexed.all(&Request {
        text: text.to_owned(),
        matching,
        ..Request::default()
    }))
}

static SEED_PASSAGES: LazyLock<Vec<PassageRecord>> = LazyLock::new(|| passages(&SEED));
static HARD_PASSAGES: LazyLock<Vec<PassageRecord>> = LazyLock::new(|| passages(&HARD));

fn passages(indexed: &Indexed) -> Vec<PassageRecord> {
    let all = indexed.all(&Request::default());
    all.into_iter().map(|hit| hit.passage).collect()
}

/// What exact matching is to find, by definition.
fn containing(passages: &[PassageRecord], text: &str) -> BTreeSet<String> {
    let needle = Normalized::new(text);
    passages
        .iter()
        .filter(|passage| {
            let text = Normalized::new(&passage.text);
            text.as_str().contains(needle.as_str())
        })
        .map(|passage| passage.id.clone())
        .collect()
}

fn check(indexed: &Indexed, passages: &[PassageRecord], text: &str) {
    let exact = find(indexed, text, Match::Exact);
    assert_eq!(exact, containing(passages, text), "exact {text:?}");
    let smart = find(indexed, text, Match::Smart);
    assert!(
        exact.is_subset(&smart),
        "smart {text:?} lacks {:?}",
        exact.difference(&smart)
    );
}

fn substring(text: &str, start: usize, length: usize) -> String {
    let count = text.chars().count();
    text.chars().skip(start % count).take(length).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn exact_is_contains_for_substrings_of_every_passage(
        which in 0_usize..46,
        start in 0_usize..1000,
        length in 1_usize..25,
    ) {
        let text = substring(&SEED_PASSAGES[which].text, start, length);
        check(&SEED, &SEED_PASSAGES, &text);
    }

    #[test]
    fn exact_is_contains_for_substrings_of_hard_texts(
        which in 0_usize..4,
        start in 0_usize..300,
        length in 1_usize..20,
    ) {
        let text = substring(&HARD_PASSAGES[which].text, start, length);
        check(&HARD, &HARD_PASSAGES, &text);
    }

    #[test]
    fn exact_is_contains_for_any_string(
        text in "[教师农農一二三。，“”\" \u{3000}aA1１b.<>😀\u{200B}-]{0,8}",
    ) {
        check(&HARD, &HARD_PASSAGES, &text);
    }
}

#[test]
fn a_whole_passage_finds_itself() {
    for passage in SEED_PASSAGES.iter() {
        let found = find(&SEED, &passage.text, Match::Exact);
        assert_eq!(found, BTreeSet::from([passage.id.clone()]));
    }
}

#[test]
fn a_title_is_found_in_exact_mode_where_it_stands() {
    let found = find(&SEED, "增加存量做加法 集团办学做乘法", Match::Exact);
    assert_eq!(found.len(), 1);
    assert!(found.iter().all(|id| id.ends_with("-0")), "{found:?}");
}

#[test]
fn every_word_of_a_title_or_region_finds_the_whole_report() {
    for (text, passages) in [
        ("芦溪", 4),
        ("萍乡", 4),
        ("江西", 4),
        ("沈阳 和平区", 5),
        ("上城", 4),
    ] {
        let found = find(&SEED, text, Match::Smart);
        assert!(found.len() >= passages, "{text}: {found:?}");
    }
}

#[test]
fn smart_with_words_in_any_place_finds_what_holds_them() {
    for text in ["教师 编制", "上城 教学模式", "改扩建 学位 亿元"] {
        let words: Vec<&str> = text.split(' ').collect();
        let found = find(&SEED, text, Match::Smart);
        for passage in SEED_PASSAGES.iter() {
            if words.iter().all(|word| passage.text.contains(word)) {
                assert!(found.contains(&passage.id), "{text} misses {}", passage.id);
            }
        }
    }
}
