//! What changed between two states of the synonyms, in words.

use std::collections::HashSet;

use crate::synonym::Synonyms;

/// How many of the words that changed are named in the log.
const NAMED: usize = 5;

/// What `after` has that `before` had not and the other way round, in words.
pub(super) fn difference(before: &Synonyms, after: &Synonyms) -> String {
    let pairs = |synonyms: &Synonyms| -> Vec<String> {
        let mut pairs = Vec::new();
        for (word, to) in synonyms.entries() {
            pairs.extend(to.iter().map(|to| format!("{word}→{}", to.word)));
        }
        pairs
    };
    let (before, after) = (pairs(before), pairs(after));
    let only = |these: &[String], others: &[String]| -> Vec<String> {
        let others: HashSet<&String> = others.iter().collect();
        let these = these.iter().filter(|pair| !others.contains(pair));
        these.cloned().collect()
    };
    let parts: Vec<String> = [
        ("新增", only(&after, &before)),
        ("删去", only(&before, &after)),
    ]
    .into_iter()
    .filter(|(_, pairs)| !pairs.is_empty())
    .map(|(what, pairs)| {
        let named: Vec<&str> = pairs.iter().take(NAMED).map(String::as_str).collect();
        let rest = if pairs.len() > NAMED { "等" } else { "" };
        format!("{what} {} 对（{}{rest}）", pairs.len(), named.join("、"))
    })
    .collect();
    if parts.is_empty() {
        "词没有变化".to_owned()
    } else {
        parts.join("，")
    }
}
