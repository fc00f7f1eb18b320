//! The fuzz targets over their kept inputs, and over mutations of these, without libFuzzer.
//!
//! An input that once crashed a target is kept in `fuzz/kept/`, under a name that says what it was,
//! and so is tried by every run of the tests; `.ci/run` gives each target to libFuzzer besides.

#[path = "../fuzz/bodies.rs"]
mod bodies;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cesou::corpus::DictionaryWord;

use crate::browser::variable;
use crate::support::root;
use bodies::{ALL, Body};

/// How many mutations of its kept inputs a target is tried on, unless `CESOU_FUZZ_MUTATIONS` says.
const MUTATIONS: usize = 300;
/// What mutations put in: what the grammars are made of.
const TOKENS: [&str; 40] = [
    "教师",
    "一、",
    "（一）",
    "第一条",
    "1. ",
    "附件",
    "\n",
    "\n\n",
    "　　",
    "。",
    "：",
    "“",
    "”",
    "\"",
    "'",
    "-",
    "OR ",
    "AND ",
    "NOT ",
    "IN [",
    "]",
    "(",
    ")",
    "|",
    "region:",
    "<mark>",
    "&",
    "\0",
    "\u{200B}",
    "\u{FEFF}",
    "😀",
    "9.5亿元",
    "2024年",
    "[[",
    "]]",
    " = ",
    "[[rule]]\n",
    "{",
    "}",
    "\u{FF}",
];

/// Pseudo-random numbers (xorshift64*), the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap() % end.max(1)
    }

    /// Changes `data` in one place; `other` is another input of the same target.
    fn mutate(&mut self, data: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(data.len() + 1);
        let length = self.below(12).min(data.len() - at);
        match self.below(6) {
            0 if at < data.len() => data[at] ^= 1 << self.below(8),
            1 => drop(data.drain(at..at + length)),
            2 => {
                let again = data[at..at + length].to_vec();
                data.splice(at..at, again);
            }
            3 => {
                let from = self.below(other.len() + 1);
                data.truncate(at);
                data.extend(&other[from..]);
            }
            4 => data.insert(at, u8::try_from(self.below(256)).unwrap()),
            _ => {
                let token = TOKENS[self.below(TOKENS.len())];
                data.splice(at..at, token.bytes());
            }
        }
    }
}

/// The kept inputs of a target, by name.
fn kept(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = root().join("fuzz/kept").join(target);
    let mut inputs: Vec<(String, Vec<u8>)> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    inputs.sort();
    inputs
}

/// Gives `data` to a body; fails naming the input, ready to be kept.
fn give(target: &str, body: Body, data: &[u8], from: &str) {
    let done = catch_unwind(AssertUnwindSafe(|| body(data)));
    assert!(
        done.is_ok(),
        "{target} breaks on a mutation of {from}; to keep it: printf '{}' > fuzz/kept/{target}/NAME",
        data.escape_ascii()
    );
}

fn try_all(targets: &[&str]) {
    let mutations = variable("CESOU_FUZZ_MUTATIONS").map_or(MUTATIONS, |set| {
        let set = set.to_str().and_then(|set| set.parse().ok());
        set.expect("CESOU_FUZZ_MUTATIONS is a number")
    });
    for &target in targets {
        let (_, body) = ALL.into_iter().find(|(name, _)| *name == target).unwrap();
        let inputs = kept(target);
        assert!(inputs.len() >= 3, "{target} has inputs to begin with");
        for (name, data) in &inputs {
            give(target, body, data, name);
        }
        give(target, body, b"", "nothing");
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        for _ in 0..mutations {
            let (name, data) = &inputs[dice.below(inputs.len())];
            let (_, other) = &inputs[dice.below(inputs.len())];
            let mut data = data.clone();
            for _ in 0..=dice.below(4) {
                dice.mutate(&mut data, other);
            }
            give(target, body, &data, name);
        }
    }
}

#[test]
fn texts_are_read_and_cut() {
    try_all(&["decode", "split"]);
}

#[test]
fn queries_are_read_and_answered() {
    try_all(&["query", "search"]);
}

#[test]
fn filters_are_read_or_refused() {
    try_all(&["filter"]);
}

#[test]
fn vocabulary_files_are_understood_or_refused_with_their_line() {
    try_all(&["boilerplate", "dictionary", "pins", "synonyms", "themes"]);
}

#[test]
fn snippets_are_whole_characters_and_marks_the_only_markup() {
    try_all(&["snippet"]);
}

#[test]
fn every_target_has_its_file_its_entry_and_its_inputs() {
    let all: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    let listed = |folder: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.to_string_lossy().trim_end_matches(".rs").to_owned());
        names.collect()
    };
    assert_eq!(listed("fuzz/targets"), all);
    assert_eq!(listed("fuzz/kept"), all);
    let manifest = fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
    for name in &all {
        assert!(
            manifest.contains(&format!("path = \"targets/{name}.rs\"")),
            "{name}"
        );
        let target = fs::read_to_string(root().join(format!("fuzz/targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("bodies::{name}(data)")), "{name}");
    }
}

#[test]
fn a_dictionary_with_the_least_and_the_greatest_frequencies_still_cuts() {
    let text = "教师 0\n轮岗 100000000\n教师轮岗 1\n交流 100000000\n";
    let words = DictionaryWord::read(text).expect("a dictionary");
    let words = words
        .iter()
        .map(|word| (word.word.as_str(), word.frequency));
    let dictionary = cesou::analysis::Dictionary::with_words(words);
    let sentence = "推进教师轮岗交流。";
    let cut = dictionary.words(sentence);
    let joined: String = cut.iter().map(|word| word.text).collect();
    assert_eq!(joined, sentence.trim_end_matches('。'));
}
