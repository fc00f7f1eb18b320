//! Contracts of folding, normalising and tokenizing.

use cesou::analysis::{self, Dictionary, Normalized, normalize};
use cesou::fold::{fold, is_searchable};
use proptest::prelude::*;
use tantivy::tokenizer::TokenizerManager;

/// Text as reports have it, and worse: Chinese of both scripts, widths, blanks, marks, emoji.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[教师學校農民工Ａａ１2０。，、：“”（）\u{3000} \n\u{200B}\u{FEFF}😀𠮷é%-]{0,60}",
        "[一-龥]{0,40}",
    ]
}

fn tokens(name: &str, text: &str) -> Vec<tantivy::tokenizer::Token> {
    let manager = TokenizerManager::new();
    analysis::register(&manager, &Dictionary::standard());
    let mut tokenizer = manager.get(name).expect("it was registered");
    let mut stream = tokenizer.token_stream(text);
    let mut tokens = Vec::new();
    stream.process(&mut |token| tokens.push(token.clone()));
    tokens
}

/// What the characters of `text` fold to, one after another, blanks as they come.
fn folded(text: &str) -> String {
    text.chars().filter_map(fold).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn folding_twice_changes_nothing_more(c in any::<char>()) {
        if let Some(once) = fold(c) {
            prop_assert_eq!(fold(once), Some(once));
        }
    }

    #[test]
    fn normalising_twice_changes_nothing_more(text in text()) {
        let once = Normalized::new(&text);
        let twice = Normalized::new(once.as_str());
        prop_assert_eq!(once.as_str(), twice.as_str());
    }

    #[test]
    fn a_text_alone_is_normalised_as_with_its_places(text in text()) {
        let normalized = Normalized::new(&text);
        prop_assert_eq!(&normalize(&text), normalized.as_str());
        prop_assert_eq!(normalized.chars(), normalized.as_str().chars().count());
    }

    #[test]
    fn each_normalised_character_points_at_what_it_came_from(text in text()) {
        let normalized = Normalized::new(&text);
        let mut end = 0;
        for (at, c) in normalized.as_str().chars().enumerate() {
            let span = normalized.original(at..at + 1);
            let original = text.get(span.start..span.end).expect("whole characters");
            prop_assert!(span.start >= end, "spans go forward");
            end = span.end;
            // A run of blanks is one; all else is exactly one character.
            let back = folded(original);
            prop_assert_eq!(back.trim_matches(' ').chars().next().unwrap_or(' '), c);
        }
    }

    #[test]
    fn every_token_covers_what_folds_to_it(text in text()) {
        for name in [analysis::WORDS, analysis::CHARACTERS] {
            for token in tokens(name, &text) {
                let original = text
                    .get(token.offset_from..token.offset_to)
                    .expect("whole characters");
                let back = Normalized::new(original);
                prop_assert_eq!(back.as_str(), token.text.trim(), "in {:?}", text);
            }
        }
    }

    #[test]
    fn no_word_is_blank_or_punctuation(text in text()) {
        for token in tokens(analysis::WORDS, &text) {
            prop_assert!(token.text.chars().any(is_searchable), "{:?}", token.text);
        }
        for token in tokens(analysis::CHARACTERS, &text) {
            let alone = token.text.chars().count() == 1;
            prop_assert!(!alone || token.text.chars().all(is_searchable), "{:?}", token.text);
            prop_assert!(!token.text.trim().is_empty());
        }
    }

    #[test]
    fn every_searchable_character_is_a_token_at_its_place(text in text()) {
        let normalized = Normalized::new(&text);
        let tokens = tokens(analysis::CHARACTERS, &text);
        for (position, c) in normalized.as_str().chars().enumerate() {
            let found = tokens
                .iter()
                .any(|token| token.position == position && token.text.chars().eq([c]));
            prop_assert_eq!(found, is_searchable(c));
        }
    }
}

#[test]
fn texts_normalise_as_readers_compare_them() {
    for (text, normalized) in [
        ("農民工子女", "农民工子女"),
        ("ＡＢＣ１２３％", "abc123%"),
        ("　 首行\n\n缩进 　", "首行 缩进"),
        ("零\u{200B}宽\u{FEFF}字", "零宽字"),
        ("“零起点”", "\"零起点\""),
        ("台灣、臺灣", "台湾、台湾"),
        ("", ""),
        (" \u{3000}\n", ""),
    ] {
        assert_eq!(Normalized::new(text).as_str(), normalized, "{text:?}");
    }
}

#[test]
fn a_word_keeps_the_words_it_is_made_of() {
    let dictionary = Dictionary::standard();
    let text = Normalized::new("推进义务教育均衡发展");
    let words: Vec<&str> = analysis::words(&dictionary, &text)
        .iter()
        .map(|word| word.text)
        .collect();
    for expected in ["义务", "教育", "义务教育", "均衡", "发展"] {
        assert!(words.contains(&expected), "{expected} in {words:?}");
    }
}

#[test]
fn a_word_of_the_corpus_dictionary_becomes_a_word() {
    let text = Normalized::new("办好泰微课平台");
    let has = |dictionary: &Dictionary| {
        analysis::words(dictionary, &text)
            .iter()
            .any(|word| word.text == "泰微课")
    };
    assert!(!has(&Dictionary::standard()));
    assert!(has(&Dictionary::with_words([("泰微课", None)])));
}
