//! Ranking against judgements.

use cesou::eval::{self, Measure, Method};
use cesou::search::Match;

use crate::support::{SEED, options, shared};

#[test]
fn judged_queries_of_the_seed_reach_what_was_set() {
    const TYPES: [&str; 5] = ["keyword", "region", "phrase", "number", "name"];
    const MEAN: f64 = 0.90;
    let Some(path) = shared("eval/seed/queries.dev.jsonl") else {
        return;
    };
    let mut judgements = eval::judged_queries(&path).expect("a file of judgements");
    judgements.queries.retain(|judged| {
        judged
            .kind
            .as_deref()
            .is_some_and(|kind| TYPES.contains(&kind))
    });
    let method = Method {
        options: options(),
        matching: Match::Smart,
        depth: 100,
        threads: 1,
    };
    let unit = judgements.unit();
    let run = eval::evaluate(&SEED.snapshot, &judgements, unit, &method, &|_| {})
        .expect("the index can be read");
    assert_eq!(run.missing, [""; 0], "every judgement is of the seed");
    let mean = run.mean.ndcg_at_10;
    println!("mean nDCG@10 {mean:.4} over {} queries", run.queries.len());
    let scores: Vec<(f64, &str)> = run
        .queries
        .iter()
        .map(|ranked| (ranked.scores.get(Measure::NdcgAt10), &*ranked.text))
        .collect();
    assert!(mean >= MEAN, "{mean:.4}: {scores:#?}");
}
