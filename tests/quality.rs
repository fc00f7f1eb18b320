//! Ranking against judgements.

use std::collections::HashMap;
use std::fs;

use cesou::search::Request;
use serde::Deserialize;

use crate::support::{SEED, shared};

#[derive(Deserialize)]
struct Judged {
    query: String,
    r#type: String,
    relevant: HashMap<String, u32>,
}

/// Normalised discounted cumulative gain of the first ten, the gain being the grade
/// (Järvelin and Kekäläinen, 2002).
fn ndcg_at_10(found: &[String], relevant: &HashMap<String, u32>) -> f64 {
    let discounted = |grades: &[u32]| -> f64 {
        grades
            .iter()
            .take(10)
            .zip(2_u32..)
            .map(|(&grade, place)| f64::from(grade) / f64::from(place).log2())
            .sum()
    };
    let grades: Vec<u32> = found
        .iter()
        .map(|id| relevant.get(id).copied().unwrap_or(0))
        .collect();
    let mut ideal: Vec<u32> = relevant.values().copied().collect();
    ideal.sort_unstable_by(|left, right| right.cmp(left));
    discounted(&grades) / discounted(&ideal)
}

#[test]
fn judged_queries_of_the_seed_reach_what_was_set() {
    const TYPES: [&str; 5] = ["keyword", "region", "phrase", "number", "name"];
    const MEAN: f64 = 0.90;
    let Some(path) = shared("eval/seed/queries.dev.jsonl") else {
        return;
    };
    let judged = fs::read_to_string(path).expect("a readable file");
    let mut scores = Vec::new();
    for line in judged.lines() {
        let judged: Judged = serde_json::from_str(line).expect("JSON");
        if !TYPES.contains(&judged.r#type.as_str()) {
            continue;
        }
        let response = SEED.search(&Request {
            text: judged.query.clone(),
            ..Request::default()
        });
        let found: Vec<String> = response
            .hits
            .iter()
            .map(|hit| {
                let code = hit.report.region.code.as_deref().unwrap_or_default();
                let number = hit.passage.path.first().copied().unwrap_or(0);
                format!("{code}#{number}")
            })
            .collect();
        scores.push((ndcg_at_10(&found, &judged.relevant), judged.query));
    }
    #[expect(clippy::cast_precision_loss, reason = "a handful of queries")]
    let mean = scores.iter().map(|(score, _)| score).sum::<f64>() / scores.len() as f64;
    println!("mean nDCG@10 {mean:.4} over {} queries", scores.len());
    assert!(mean >= MEAN, "{mean:.4}: {scores:#?}");
}

#[test]
fn the_measure_itself_is_right() {
    let relevant = HashMap::from([("a".to_owned(), 2), ("b".to_owned(), 1)]);
    let found = |ids: &[&str]| -> Vec<String> { ids.iter().map(ToString::to_string).collect() };
    let close = |left: f64, right: f64| (left - right).abs() < 1e-9;
    assert!(close(ndcg_at_10(&found(&["a", "b"]), &relevant), 1.0));
    assert!(close(ndcg_at_10(&found(&["x", "y"]), &relevant), 0.0));
    let swapped = (1.0 + 2.0 / 3_f64.log2()) / (2.0 + 1.0 / 3_f64.log2());
    assert!(close(ndcg_at_10(&found(&["b", "a"]), &relevant), swapped));
}
