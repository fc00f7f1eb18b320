//! Files of records: JSON objects that are reports.

use std::io::Write;

use cesou::corpus::{Limits, Skipped, SourceText};
use cesou::report::WarningKind;
use proptest::prelude::*;
use serde_json::json;

use super::{Written, limits};

fn pieces(name: &str, bytes: &[u8]) -> (Vec<SourceText>, Vec<Skipped>) {
    pieces_within(name, bytes, &limits())
}

fn pieces_within(name: &str, bytes: &[u8], limits: &Limits) -> (Vec<SourceText>, Vec<Skipped>) {
    let mut texts = Vec::new();
    let mut skipped = Vec::new();
    for piece in Written::new(name, bytes).pieces(limits) {
        match piece {
            Ok(text) => texts.push(text),
            Err(why) => skipped.push(why),
        }
    }
    (texts, skipped)
}

const LINES: &str = concat!(
    r#"{"id":"a","title":"关于加强学校美育工作的意见","text":"一、加强领导。建立制度。","region":"成都市","issuer":"成都市人民政府办公厅","number":"成办发〔2016〕48号","date":"2016-11-03 18:24:57","url":"https://example.gov.cn/a","other":{"x":[1]}}"#,
    "\n\n",
    r#"{"标题":"河北省保定市:以美育人","正文":["第一段。","第二段。"],"年份":2015,"metadata":{"url":"https://example.gov.cn/b"}}"#,
    "\nnot json\n",
    r#"["a list"]"#,
    "\n",
    r#"{"title":"没有正文"}"#,
    "\n",
    r#"{"content":"今年全省粮食生产再获丰收，总产量创下新的纪录，农民收入持续增长。"}"#,
);

#[test]
fn each_line_is_a_report_and_a_bad_one_is_named() {
    let (texts, skipped) = pieces("news.jsonl", LINES.as_bytes());
    assert!(skipped.is_empty(), "{skipped:?}");
    let reports: Vec<_> = texts.iter().flat_map(|text| &text.reports).collect();
    assert_eq!(reports.len(), 3);
    assert_eq!(reports[0].title, "关于加强学校美育工作的意见");
    assert_eq!(reports[0].region.name, "成都市");
    let metadata = &reports[0].metadata;
    assert_eq!(metadata.issuer.as_deref(), Some("成都市人民政府办公厅"));
    assert_eq!(
        metadata.document_number.as_deref(),
        Some("成办发〔2016〕48号")
    );
    assert_eq!(metadata.url.as_deref(), Some("https://example.gov.cn/a"));
    assert_eq!(metadata.year, Some(2016));
    assert!(metadata.date.is_some(), "the time of day is no part of it");
    assert_eq!(reports[1].region.full_name(), "河北省保定市");
    assert!(reports[1].text.contains("第一段。\n第二段。"));
    assert_eq!(reports[1].metadata.year, Some(2015));
    assert_eq!(
        reports[1].metadata.url.as_deref(),
        Some("https://example.gov.cn/b")
    );
    assert!(
        reports[2].title.starts_with("今年全省粮食生产"),
        "{}",
        reports[2].title
    );
    let lines: Vec<usize> = reports.iter().map(|report| report.line).collect();
    assert_eq!(lines, [1, 3, 7]);
    let refused: Vec<usize> = texts
        .iter()
        .flat_map(|text| &text.warnings)
        .filter(|warning| warning.kind == WarningKind::Record)
        .map(|warning| warning.line)
        .collect();
    assert_eq!(refused, [4, 5, 6]);
}

#[test]
fn packed_records_are_read_as_they_are() {
    let zst = zstd::encode_all(LINES.as_bytes(), 3).expect("memory can be packed");
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(LINES.as_bytes())
        .expect("memory can be written");
    let gz = gz.finish().expect("memory can be packed");
    let (plain, _) = pieces("news.jsonl", LINES.as_bytes());
    for (name, bytes) in [("news.jsonl.zst", &zst), ("news.ndjson.gz", &gz)] {
        let (texts, skipped) = pieces(name, bytes);
        assert!(skipped.is_empty(), "{name}: {skipped:?}");
        let texts: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
        let expected: Vec<&str> = plain.iter().map(|text| text.text.as_str()).collect();
        assert_eq!(texts, expected, "{name}");
    }
    // One that breaks off stands as far as it goes, and is named.
    let many = format!("{}\n", LINES.lines().next().unwrap()).repeat(20_000);
    let zst = zstd::encode_all(many.as_bytes(), 1).expect("memory can be packed");
    let (texts, skipped) = pieces("cut.jsonl.zst", &zst[..zst.len() - 40]);
    assert!(!texts.is_empty());
    assert!(skipped[0].reason.contains("已收录"), "{skipped:?}");
    let (_, skipped) = pieces("a.jsonl.zst", b"not packed at all");
    assert!(skipped[0].reason.contains("解压失败"), "{skipped:?}");
}

#[test]
fn json_files_hold_lists_or_one_report() {
    let one = json!({"title": "四川省成都市:美育", "text": "推进美育。"});
    let other = json!({"title": "河北省保定市:美育", "text": "推进美育。"});
    let cases = [
        (json!([one, other]).to_string(), 2),
        (json!({"data": [one, other], "total": 2}).to_string(), 2),
        (format!("{one:#}\n{other:#}"), 2),
        (one.to_string(), 1),
    ];
    for (content, count) in cases {
        let (texts, skipped) = pieces("a.json", content.as_bytes());
        assert!(skipped.is_empty(), "{content}: {skipped:?}");
        let reports = texts.iter().map(|text| text.reports.len()).sum::<usize>();
        assert_eq!(reports, count, "{content}");
    }
    for content in ["[]", "{\"a\":1}", "[1,2]", "{broken"] {
        let (_, skipped) = pieces("a.json", content.as_bytes());
        assert_eq!(skipped.len(), 1, "{content}");
    }
    let (_, skipped) = pieces("a.jsonl", b"nothing\nhere\n");
    assert!(skipped[0].reason.contains("没有一行"), "{skipped:?}");
}

#[test]
fn adding_records_changes_no_id() {
    let ids = |content: &str| -> Vec<String> {
        let (texts, _) = pieces("news.jsonl", content.as_bytes());
        let reports = texts.iter().flat_map(|text| &text.reports);
        reports.map(|report| report.id.clone()).collect()
    };
    let twice = format!("{LINES}\n{LINES}");
    let (once, twice) = (ids(LINES), ids(&twice));
    assert_eq!(once, twice[..once.len()]);
    let mut all = twice.clone();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), twice.len(), "no id is given twice: {twice:?}");
}

#[test]
fn a_line_past_the_limit_is_named_and_the_others_stand() {
    let long = json!({"title": "长", "text": "长".repeat(3 << 20)}).to_string();
    let content = format!(
        "{}\n{long}\n{}",
        LINES.lines().next().unwrap(),
        LINES.lines().nth(2).unwrap()
    );
    let limits = Limits {
        line_bytes: 1 << 20,
        ..limits()
    };
    let (texts, skipped) = pieces_within("a.jsonl", content.as_bytes(), &limits);
    assert!(skipped.is_empty(), "{skipped:?}");
    assert_eq!(
        texts.iter().map(|text| text.reports.len()).sum::<usize>(),
        2
    );
    let warning = texts
        .iter()
        .flat_map(|text| &text.warnings)
        .find(|w| w.kind == WarningKind::Record);
    let warning = warning.expect("the line is named");
    assert_eq!(warning.line, 2);
    assert!(warning.message.contains("9 MB"), "{}", warning.message);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_line_makes_reading_fail(lines in prop::collection::vec(any::<String>(), 0..8), bytes in any::<Vec<u8>>()) {
        let mut content = lines.join("\n").into_bytes();
        content.extend(bytes);
        for name in ["a.jsonl", "a.json"] {
            pieces(name, &content);
        }
    }
}
