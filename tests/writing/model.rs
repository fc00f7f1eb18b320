//! Any sequence of writes, restarts and rebuildings, against a model in memory.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Lab;

/// What is done to a service.
#[derive(Debug, Clone)]
enum Step {
    Put { id: u8, text: u8 },
    Delete { id: u8 },
    Bulk { from: u8, text: u8 },
    File { name: u8, text: u8 },
    Restart,
    Rebuild,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..6_u8, 0..20_u8).prop_map(|(id, text)| Step::Put { id, text }),
        2 => (0..6_u8).prop_map(|id| Step::Delete { id }),
        2 => (0..4_u8, 0..20_u8).prop_map(|(from, text)| Step::Bulk { from, text }),
        1 => (0..3_u8, 0..20_u8).prop_map(|(name, text)| Step::File { name, text }),
        1 => Just(Step::Restart),
        1 => Just(Step::Rebuild),
    ];
    prop::collection::vec(step, 1..14)
}

/// A report of as many measures as its number says, each with a word of its own.
fn report(text: u8) -> String {
    let mut report = format!("泰州市:第{text}号\n\n概述{text}。\n");
    for (nth, numeral) in ["一", "二", "三"]
        .iter()
        .enumerate()
        .take(usize::from(text % 4))
    {
        let _ = write!(report, "\n{numeral}、办法。措施{text}之{nth}，教师交流。\n");
    }
    report
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_sequence_of_writes_and_restarts_ends_as_the_model_says(steps in steps()) {
        let mut lab = Lab::new();
        let mut model: BTreeMap<String, u8> = BTreeMap::new();
        let mut files: BTreeMap<String, u8> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Put { id, text } => {
                    lab.put(&format!("r{id}"), &report(text));
                    model.insert(format!("r{id}"), text);
                }
                Step::Delete { id } => {
                    lab.delete(&format!("r{id}"));
                    model.remove(&format!("r{id}"));
                }
                Step::Bulk { from, text } => {
                    let ids = (from..from + 3).map(|id| format!("r{id}"));
                    let lines: Vec<Value> = ids
                        .clone()
                        .map(|id| json!({"id": id, "text": report(text)}))
                        .collect();
                    prop_assert_eq!(lab.bulk(&lines).status, 200);
                    model.extend(ids.map(|id| (id, text)));
                }
                Step::File { name, text } => {
                    let path = lab.corpus.path().join(format!("reports/f{name}.txt"));
                    fs::write(path, report(text)).unwrap();
                    files.insert(format!("f{name}"), text);
                }
                Step::Restart => lab = lab.restarted(),
                Step::Rebuild => {
                    lab.send("POST", "/api/v1/index/rebuild", "", "");
                }
            }
        }
        let expected: u64 = model.values().chain(files.values()).map(|text| 1 + u64::from(text % 4)).sum();
        // How many passages hold the overview of each text, and how many there are.
        let differs = |lab: &Lab| {
            let all = lab.total("");
            if all != expected + 3 {
                return Some(format!("{all} of {}", expected + 3));
            }
            (0..20).find_map(|text| {
                let bearing = model.values().chain(files.values()).filter(|own| **own == text);
                let (found, bearing) = (lab.total(&format!("概述{text}。")), bearing.count() as u64);
                (found != bearing).then(|| format!("{found} of {bearing} with {text}"))
            })
        };
        let until = Instant::now() + Duration::from_secs(20);
        // What came as files is taken in a moment later, and may be as long as what it replaces.
        while let Some(difference) = differs(&lab) {
            prop_assert!(Instant::now() < until, "{}", difference);
            std::thread::sleep(Duration::from_millis(20));
        }
        for (id, text) in &model {
            let found = lab.get(&format!("/api/v1/reports/{id}"));
            prop_assert_eq!(found.status, 200);
            let title = format!("泰州市:第{text}号");
            prop_assert_eq!(&found.json()["title"], &json!(title));
        }
    }
}
