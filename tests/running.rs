//! Queries run a set of passages at a time: what is found, and what it scores, is what the engine's
//! own way through the passages gives.

use std::collections::{BTreeMap, BTreeSet};

use cesou::query::run::{self, Scores};
use cesou::query::{Compiler, parse};
use cesou::search::Options;
use proptest::prelude::*;
use tantivy::collector::{DocSetCollector, TopDocs};
use tantivy::query::Query;
use tantivy::{DocAddress, Score};

use crate::support::{Indexed, SEED, options};

/// Sums of the same numbers in another order.
const ALIKE: Score = 1e-4;

fn passages(indexed: &Indexed, query: &dyn Query) -> BTreeSet<DocAddress> {
    let found = run::find(&indexed.snapshot, query).expect("the index can be read");
    let segments = (0..).zip(found.segments());
    segments
        .flat_map(|(segment, docs)| {
            let docs = docs.to_vec().into_iter();
            docs.map(move |doc| DocAddress::new(segment, doc))
        })
        .collect()
}

/// What all of `query` finds scores, and, of those that score at least `least`, what is left.
fn scores(indexed: &Indexed, query: &dyn Query, least: Score) -> BTreeMap<DocAddress, Score> {
    let found = run::find(&indexed.snapshot, query).expect("the index can be read");
    let scores = Scores::of(&indexed.snapshot, query).expect("the index can be read");
    let mut all = BTreeMap::new();
    for (segment, docs) in (0..).zip(found.segments()) {
        let mut scoring = scores.open(segment, docs).expect("the index can be read");
        let mut sums = Vec::new();
        for some in docs.to_vec().chunks(7) {
            let mut some = some.to_vec();
            scoring.score(&mut some, &mut sums, least);
            let addresses = some.iter().map(|&doc| DocAddress::new(segment, doc));
            all.extend(addresses.zip(sums.iter().copied()));
        }
    }
    all
}

/// Holds a query against the engine.
fn check(indexed: &Indexed, query: &dyn Query) {
    let searcher = indexed.snapshot.searcher();
    let expected = searcher.search(query, &DocSetCollector).unwrap();
    let expected: BTreeSet<DocAddress> = expected.into_iter().collect();
    assert_eq!(passages(indexed, query), expected, "{query:?}");
    let top = TopDocs::with_limit(expected.len().max(1)).order_by_score();
    let expected = searcher.search(query, &top).unwrap();
    let all = scores(indexed, query, Score::NEG_INFINITY);
    assert_eq!(all.len(), expected.len());
    for (score, address) in &expected {
        let own = all[address];
        let apart = (own - score).abs();
        assert!(
            apart <= ALIKE * score.max(1.0),
            "{own} for {score}: {query:?}"
        );
    }
    // What is left out scores less, and what is left the same to the last digit.
    if let Some((middle, _)) = expected.get(expected.len() / 2) {
        let kept = scores(indexed, query, *middle);
        let reached = all.iter().filter(|(_, score)| *score >= middle);
        let reached: BTreeMap<DocAddress, Score> =
            reached.map(|(at, score)| (*at, *score)).collect();
        assert_eq!(kept, reached, "{query:?}");
    }
}

fn check_text(indexed: &Indexed, text: &str) {
    let Options { weights, .. } = options();
    let compiler = Compiler::new(&indexed.snapshot, weights).rewriting(&[], false);
    let asked = compiler.smart(text, &parse(text)).unwrap();
    check(indexed, &*asked.strict);
    if let Some(relaxable) = &asked.relaxable {
        for demand in relaxable.demands(false) {
            check(indexed, &*relaxable.query(demand));
        }
    }
    check(indexed, &*compiler.exact(text).strict);
}

#[test]
fn what_readers_ask_is_found_and_scored_as_the_engine_does() {
    for text in [
        "教师",
        "教师交流轮岗",
        "教师 交流 轮岗",
        "义务教育均衡发展",
        "“集团化办学”",
        "教师 -轮岗",
        "教师 OR 校长",
        "教师交流 OR 校长轮岗 OR 均衡",
        "地区:河北 教师",
        "标题:教师 培训",
        "主题:教师",
        "河北省石家庄市教师培训",
        "2014年",
        "2014年 投入3.8亿元",
        "三百人",
        "怎样让乡村教师愿意留下来",
        "为什么要推进义务教育学校标准化建设",
        "慕课",
        "的",
        "学",
        "，",
        "",
        "-教师",
        "一个从来没有哪份报告会写下来的很长很长的句子，里面有许多许多不相干的字词，而且没有人会这样检索",
        "wi-fi",
    ] {
        check_text(&SEED, text);
    }
}

#[test]
fn deleted_passages_are_not_found() {
    let all = SEED.snapshot.passages();
    let found = run::count(&SEED.snapshot, &tantivy::query::AllQuery).unwrap();
    assert_eq!(found as u64, all);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_text_is_found_and_scored_as_the_engine_does(
        text in "[教师交流轮岗均衡发展学校的 0-9年亿\"“”|：:a-z，-]{0,14}"
    ) {
        check_text(&SEED, &text);
    }
}
