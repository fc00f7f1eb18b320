//! Decoding: every encoding gives the same clean text, and nothing is dropped in silence.

use cesou::corpus::{Decoded, Note, Refusal, decode};
use encoding_rs::{BIG5, EUC_KR, Encoding, GB18030, SHIFT_JIS, WINDOWS_1251, WINDOWS_1252};
use proptest::prelude::*;

const REPORT: &str = "浙江省杭州市上城区：推进教师交流轮岗\n\n\
    一、统筹编制。2024年，全区共有义务教育学校86所，在校生20.93万人，教师“区管校聘”全面推开。\n\
    \u{3000}\u{3000}（一）城乡学校结对，优质资源共享；投入资金3.5亿元，改善办学条件。\n\
    二、完善考核。交流教师在职称评定、评优评先中优先考虑，占比不低于40%。\n";

const TRADITIONAL: &str = "臺北市政府教育局推動教師交流計畫，落實教育機會均等。\n\
    一、統籌編制。全市共有國民中學八十六所，學生人數逐年減少，城鄉差距縮小。\n\
    二、完善考核。參與交流的教師於升遷時優先考慮。\n";

const SENTENCE: &str = "教师交流轮岗制度全面推开";

fn read(bytes: &[u8]) -> Decoded {
    decode(bytes).unwrap_or_else(|refusal| panic!("refused: {refusal}"))
}

fn refused(bytes: &[u8]) -> Refusal {
    decode(bytes).expect_err("refused")
}

fn encode(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    let (bytes, _, lossy) = encoding.encode(text);
    assert!(!lossy, "{} cannot write the sample", encoding.name());
    bytes.into_owned()
}

fn little_endian(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn big_endian(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// What no decoded text may hold.
fn is_forbidden(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(
            c,
            '\u{A0}'
                | '\u{AD}'
                | '\u{61C}'
                | '\u{200B}'..='\u{200F}'
                | '\u{2028}'..='\u{202E}'
                | '\u{2060}'..='\u{206F}'
                | '\u{FEFF}'
        )
}

#[test]
fn every_encoding_gives_the_same_text() {
    let marked = format!("\u{FEFF}{REPORT}");
    let cases = [
        (REPORT.as_bytes().to_vec(), "UTF-8", false),
        (marked.as_bytes().to_vec(), "UTF-8", true),
        (little_endian(REPORT), "UTF-16LE", false),
        (little_endian(&marked), "UTF-16LE", true),
        (big_endian(REPORT), "UTF-16BE", false),
        (big_endian(&marked), "UTF-16BE", true),
        (encode(GB18030, REPORT), "GB18030", false),
        (encode(GB18030, &marked), "GB18030", true),
    ];
    for (bytes, encoding, mark) in cases {
        let notes = if mark {
            vec![Note::ByteOrderMark]
        } else {
            vec![]
        };
        let expected = Decoded {
            text: REPORT.to_owned(),
            encoding,
            notes,
        };
        assert_eq!(read(&bytes), expected);
    }
}

#[test]
fn traditional_text_reads_from_big5_and_gbk() {
    for (encoding, name) in [(BIG5, "Big5"), (GB18030, "GB18030")] {
        let found = read(&encode(encoding, TRADITIONAL));
        assert_eq!((found.text.as_str(), found.encoding), (TRADITIONAL, name));
    }
}

#[test]
fn one_sentence_is_enough() {
    let traditional = "臺北市教師交流計畫全面推動";
    let cases = [
        (encode(GB18030, SENTENCE), SENTENCE, "GB18030"),
        (encode(BIG5, traditional), traditional, "Big5"),
        (little_endian(SENTENCE), SENTENCE, "UTF-16LE"),
        (big_endian(SENTENCE), SENTENCE, "UTF-16BE"),
        (little_endian("hello, world"), "hello, world", "UTF-16LE"),
        (big_endian("hello, world"), "hello, world", "UTF-16BE"),
        (SENTENCE.as_bytes().to_vec(), SENTENCE, "UTF-8"),
        (b"a".to_vec(), "a", "UTF-8"),
    ];
    for (bytes, text, encoding) in cases {
        let found = read(&bytes);
        assert_eq!((found.text.as_str(), found.encoding), (text, encoding));
    }
}

#[test]
fn characters_beyond_gbk_survive() {
    let text = "𠮷野县䶮镇㙍村，㐱字辈。\n".repeat(20);
    assert_eq!(read(&encode(GB18030, &text)).text, text);
    assert_eq!(read(&little_endian(&text)).text, text);
}

#[test]
fn what_is_cleaned_is_counted() {
    let cases = [
        (
            "\u{FEFF}甲\u{FEFF}乙",
            "甲乙",
            vec![Note::ByteOrderMark, Note::Invisible(1)],
        ),
        ("甲\r\n乙\r丙\n", "甲\n乙\n丙\n", vec![Note::LineEnds(2)]),
        ("甲\r\r\n乙", "甲\n\n乙", vec![Note::LineEnds(2)]),
        (
            "甲\u{B}乙\u{C}丙\u{85}丁\u{2028}戊\u{2029}",
            "甲\n乙\n丙\n丁\n戊\n",
            vec![Note::LineEnds(5)],
        ),
        ("甲乙丙\0丁", "甲乙丙丁", vec![Note::Nuls(1)]),
        ("甲乙\u{1}丙丁\u{1A}", "甲乙丙丁", vec![Note::Controls(2)]),
        ("甲乙\u{7F}丙丁\u{9F}", "甲乙丙丁", vec![Note::Controls(2)]),
        (
            "教\u{200B}师\u{200D}交\u{2060}流\u{AD}轮\u{202E}岗\u{61C}",
            "教师交流轮岗",
            vec![Note::Invisible(6)],
        ),
        (
            "甲\u{A0}乙<U+00A0>丙",
            "甲 乙 丙",
            vec![Note::NoBreakSpaces(2)],
        ),
        (
            "甲<U+200D>乙<U+00<U+FEFF>A0>",
            "甲乙 ",
            vec![Note::Invisible(2), Note::NoBreakSpaces(1)],
        ),
        // Neither invisible nor a marker of something invisible.
        (
            "甲\t·\u{E000}—“乙”<U+4E00><U+><b>U+00A0>",
            "甲\t·\u{E000}—“乙”<U+4E00><U+><b>U+00A0>",
            vec![],
        ),
    ];
    for (bytes, text, notes) in cases {
        let found = read(bytes.as_bytes());
        assert_eq!(
            (found.text.as_str(), found.notes),
            (text, notes),
            "{bytes:?}"
        );
    }
}

#[test]
fn every_kind_is_found_wherever_it_stands() {
    for at in 0..200 {
        for dirt in [
            "\r\n", "\u{200B}", "\u{A0}", "\u{FEFF}", "\u{85}", "\u{206F}",
        ] {
            let text = format!("a{}{dirt}{REPORT}", "甲".repeat(at));
            let found = read(text.as_bytes());
            assert!(!found.text.contains(is_forbidden), "{dirt:?} after {at}");
            assert_eq!(found.notes.len(), 1, "{dirt:?} after {at}");
        }
    }
}

#[test]
fn padding_with_nuls_is_dropped() {
    let padded = format!("{REPORT}{}", "\0".repeat(4096));
    let found = read(padded.as_bytes());
    assert_eq!(
        (found.text.as_str(), found.notes),
        (REPORT, vec![Note::Nuls(4096)])
    );
}

#[test]
fn a_few_broken_places_are_named_by_line() {
    let mut cut = REPORT.trim_end().as_bytes().to_vec();
    cut.truncate(cut.len() - 1);
    let found = read(&cut);
    assert_eq!(found.encoding, "UTF-8");
    assert!(found.text.ends_with("40%\u{FFFD}"));
    assert_eq!(found.notes, [Note::Malformed { lines: vec![5] }]);

    let mut stray = REPORT.replace('\n', "\r\n").into_bytes();
    stray.insert(0, 0xFF);
    let found = read(&stray);
    assert_eq!(found.text, format!("\u{FFFD}{REPORT}"));
    assert_eq!(
        found.notes,
        [Note::LineEnds(5), Note::Malformed { lines: vec![1] }]
    );

    let mut damaged = encode(GB18030, REPORT);
    damaged.push(0xFF);
    let found = read(&damaged);
    assert_eq!(found.text, format!("{REPORT}\u{FFFD}"));
    assert_eq!(found.encoding, "GB18030");
    assert_eq!(found.notes, [Note::Malformed { lines: vec![6] }]);
    assert_eq!(
        found.notes[0].to_string(),
        "有 1 处字节损坏，显示为 �：第 6 行"
    );
}

#[test]
fn too_many_broken_places_are_refused() {
    let mut bytes = Vec::new();
    for sentence in [SENTENCE; 20] {
        bytes.extend(sentence.as_bytes());
        bytes.extend(b"\xFF\n");
    }
    let refusal = Refusal::Undecodable {
        encoding: "UTF-8",
        malformed: 20,
        characters: 280,
        line: 1,
    };
    assert_eq!(refused(&bytes), refusal);
    assert_eq!(
        refusal.to_string(),
        "无法解码：按 UTF-8 读取，280 个字符中有 20 个损坏，最早在第 1 行；请用原来的软件打开，另存为 UTF-8"
    );
}

#[test]
fn files_without_words_are_empty() {
    for bytes in ["", " \r\n\t\u{3000}\n", "\u{FEFF}", "\u{200B}\u{A0}"] {
        assert_eq!(refused(bytes.as_bytes()), Refusal::Empty, "{bytes:?}");
    }
}

#[test]
fn binary_files_are_not_text() {
    // A generator in place of a file: the same bytes each time, none more frequent than others.
    let noise = (0..4096_u32).scan(1_u32, |state, _| {
        *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some(state.to_be_bytes()[0])
    });
    let cases: [(&[u8], Option<&str>); 8] = [
        (b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR", Some("PNG 图片")),
        (
            b"PK\x03\x04\x14\0",
            Some("ZIP 压缩包或 Office 文档（docx、xlsx）"),
        ),
        (b"%PDF-1.7\n", Some("PDF 文件")),
        (b"\x7FELF\x02\x01\x01\0", Some("可执行程序")),
        (b"\0\0\0\0", None),
        (b"\x01\x02\x03\x04", None),
        (b"ab\x01\x02\x03\x04\x05\x06\x07", None),
        (&noise.collect::<Vec<_>>(), None),
    ];
    for (bytes, looks_like) in cases {
        assert_eq!(refused(bytes), Refusal::NotText { looks_like }, "{bytes:?}");
    }
    assert_eq!(
        refused(b"%PDF-").to_string(),
        "不是纯文本（PDF 文件）：请另存为 UTF-8 编码的 .txt，或把它移出语料文件夹"
    );
}

#[test]
fn foreign_encodings_are_named() {
    let cases = [
        (
            EUC_KR,
            "대한민국의 교육은 매우 중요한 과제이다. 학생들이 학교에서 배우는 것은 무엇인가?",
        ),
        (
            SHIFT_JIS,
            "日本の教育は大変重要な課題であります。生徒たちが学校で学ぶことは何でしょうか。",
        ),
        (
            WINDOWS_1251,
            "Российская Федерация и образование в школах: что делать?",
        ),
        (
            WINDOWS_1252,
            "L'éducation est très importante à l'école élémentaire pour les élèves.",
        ),
    ];
    for (encoding, text) in cases {
        let expected = Refusal::Foreign {
            encoding: encoding.name(),
        };
        assert_eq!(refused(&encode(encoding, text)), expected);
    }
}

#[test]
fn ascii_between_nuls_is_not_utf16() {
    let text = "alpha\0gamma\0delta\0";
    assert_eq!(read(text.repeat(3).as_bytes()).encoding, "UTF-8");
}

/// Text that cleaning leaves alone.
fn clean_text() -> impl Strategy<Value = String> {
    "[ -;=-~\n\t\u{B7}\u{3000}-\u{303F}\u{4E00}-\u{9FFF}\u{E000}\u{FF01}-\u{FF5E}\u{20000}]{0,300}"
        .prop_filter("blank files are refused", |text| !text.trim().is_empty())
        .prop_filter("begins like another format", |text| {
            !text.starts_with("%PDF-") && !text.starts_with("{\\rtf")
        })
}

proptest! {
    #[test]
    fn no_bytes_panic_and_no_text_is_unclean(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(found) = decode(&bytes) {
            prop_assert!(!found.text.contains(is_forbidden));
        }
    }

    #[test]
    fn decoding_again_changes_nothing(text in "(\\PC|\r|\n|\0|<U\\+00A0>|<U\\+|200D>|>|[\u{80}-\u{AD}\u{2000}-\u{2070}\u{FEF0}-\u{FFFD}]){0,80}") {
        if let Ok(first) = decode(text.as_bytes()) {
            prop_assert!(!first.text.contains(is_forbidden));
            let second = decode(first.text.as_bytes());
            prop_assert_eq!(second.map(|found| found.text), Ok(first.text));
        }
    }

    #[test]
    fn clean_utf8_is_left_alone(text in clean_text()) {
        let found = decode(text.as_bytes());
        prop_assert_eq!(found, Ok(Decoded { text, encoding: "UTF-8", notes: vec![] }));
    }

    #[test]
    fn any_part_of_a_report_survives_each_encoding(skip in 0_usize..100, take in 40_usize..150) {
        let part = |text: &str| {
            let all = text.chars().cycle();
            all.skip(skip).take(take).collect::<String>()
        };
        let simplified = part(REPORT);
        for bytes in [
            encode(GB18030, &simplified),
            little_endian(&simplified),
            big_endian(&simplified),
            little_endian(&format!("\u{FEFF}{simplified}")),
            big_endian(&format!("\u{FEFF}{simplified}")),
            simplified.clone().into_bytes(),
        ] {
            prop_assert_eq!(read(&bytes).text, simplified.as_str());
        }
        let traditional = part(TRADITIONAL);
        prop_assert_eq!(read(&encode(BIG5, &traditional)).text, traditional);
    }
}
