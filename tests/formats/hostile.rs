//! Files made to hurt, and damaged ones: each is named, or read, within its limits.

use std::time::{Duration, Instant};

use cesou::corpus::{ExtractLimits, Extractor, Limits};
use serde_json::Value;

use super::documents::{PAGES, docx, gbk, pdf};
use super::{Written, archive, limits, read, refusal, refusal_within};
use crate::support::{Place, REPORT};

fn within(change: impl FnOnce(&mut ExtractLimits)) -> Limits {
    let mut extract = ExtractLimits::default();
    change(&mut extract);
    let program = assert_cmd::cargo::cargo_bin!("cesou").to_owned();
    Limits {
        extractor: Extractor::new(program, extract),
        ..limits()
    }
}

#[test]
fn a_page_nested_a_hundred_thousand_deep_is_read() {
    let text = "成都市推进学校美育工作，取得明显成效，现将情况报告如下。";
    let pages = [
        format!(
            "{}{text}{}",
            "<div>".repeat(100_000),
            "</div>".repeat(100_000)
        ),
        format!("{}{text}", "<b><p>".repeat(100_000)),
        format!("{}{text}", "<table><tr><td>".repeat(100_000)),
        format!("{}{text}", "<ul><li>".repeat(100_000)),
    ];
    for page in pages {
        let started = Instant::now();
        let read = read("deep.html", page.as_bytes());
        assert!(read.text.contains(text), "{}", read.text);
        assert!(
            started.elapsed() < Duration::from_secs(20),
            "{:?}",
            started.elapsed()
        );
    }
}

#[test]
fn a_zip_bomb_is_named() {
    let text = "A".repeat(200 << 20);
    let bomb = docx(&format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"));
    assert!(bomb.len() < 1 << 20, "it is packed: {}", bomb.len());
    // Its size is told, its text is too long, or it takes too much memory: each alone stops it.
    let told = within(|limits| limits.output_bytes = 1 << 20);
    let reason = refusal_within("bomb.docx", &bomb, &told);
    assert!(reason.contains("炸弹"), "{reason}");
    let long = within(|limits| limits.output_bytes = 32 << 20);
    let reason = refusal_within("bomb.docx", &bomb, &long);
    assert!(reason.contains("文字超过 32 MB"), "{reason}");
    let memory = within(|limits| limits.memory_bytes = 256 << 20);
    let reason = refusal_within("bomb.docx", &bomb, &memory);
    assert!(reason.contains("内存超过 256 MB"), "{reason}");
    // Many small parts are not read at all.
    let many: Vec<(String, &str)> = (0..2000)
        .map(|n| (format!("word/media/{n}"), "x"))
        .collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(name, text)| (name.as_str(), *text))
        .collect();
    assert!(refusal("many.docx", &archive(&many)).contains("没有 Word 文档"));
}

#[test]
fn what_takes_too_long_is_stopped() {
    // Each attribute is looked for among all before it.
    let attributes: Vec<String> = (0..400_000).map(|n| format!("a{n}=1")).collect();
    let attributes = attributes.join(" ");
    let page = format!("<html><body><div {attributes}>text</div></body></html>");
    let limits = within(|limits| limits.seconds = 1);
    let started = Instant::now();
    let reason = refusal_within("slow.html", page.as_bytes(), &limits);
    assert!(reason.contains("超过 1 秒"), "{reason}");
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_line_of_two_hundred_megabytes_is_named() {
    let line = "长".repeat(70 << 20);
    for name in ["line.txt", "line.md"] {
        let reason = refusal(name, line.as_bytes());
        assert!(reason.contains("210 MB"), "{name}: {reason}");
    }
    let record = format!("{{\"text\":\"{line}\"}}\n{{\"title\":\"好\",\"text\":\"好。\"}}");
    let pieces = Written::new("line.jsonl", record.as_bytes()).pieces(&limits());
    let warnings: Vec<_> = pieces
        .iter()
        .flatten()
        .flat_map(|text| &text.warnings)
        .collect();
    assert!(warnings[0].message.contains("210 MB"), "{warnings:?}");
    assert_eq!(
        pieces
            .iter()
            .flatten()
            .map(|text| text.reports.len())
            .sum::<usize>(),
        1
    );
    let limits = within(|limits| limits.memory_bytes = 256 << 20);
    let reason = refusal_within("line.html", format!("<html>{line}").as_bytes(), &limits);
    assert!(
        reason.contains("内存") || reason.contains("上限"),
        "{reason}"
    );
}

#[test]
fn damage_anywhere_is_named_or_read_past() {
    let pdf = pdf("GBK-EUC-H", gbk, &PAGES);
    let docx = docx("<w:p><w:r><w:t>成都市推进学校美育工作。</w:t></w:r></w:p>");
    for (name, whole) in [("a.pdf", pdf), ("a.docx", docx)] {
        for step in 0..12 {
            let at = whole.len() * step / 12;
            let mut damaged = whole.clone();
            let end = (at + 16).min(damaged.len());
            damaged[at..end].fill(0xFF);
            for bytes in [&damaged, &whole[..at].to_vec()] {
                for piece in Written::new(name, bytes).pieces(&limits()) {
                    if let Err(skipped) = piece {
                        assert!(
                            skipped.reason.contains('请'),
                            "{name} at {at}: {}",
                            skipped.reason
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_folder_of_such_files_is_indexed_and_each_is_named() {
    let page = "<html><body><p>河北省保定市推进学校美育工作，取得明显成效，现将情况报告如下。</p></body></html>";
    let place = Place::with(&[
        ("good.txt", REPORT.as_bytes()),
        ("page.html", page.as_bytes()),
        (
            "word.docx",
            &docx(
                "<w:p><w:r><w:t>四川省成都市:以美育人</w:t></w:r></w:p><w:p><w:r><w:t>推进学校美育。</w:t></w:r></w:p>",
            ),
        ),
        ("print.pdf", &pdf("GBK-EUC-H", gbk, &PAGES)),
        (
            "many.jsonl",
            "{\"title\":\"云南省昆明市:美育\",\"text\":\"推进学校美育。\"}\nbroken\n".as_bytes(),
        ),
        ("cut.pdf", b"%PDF-1.4\n1 0 obj"),
        (
            "bomb.docx",
            &docx(&format!(
                "<w:p><w:r><w:t>{}</w:t></w:r></w:p>",
                "A".repeat(80 << 20)
            )),
        ),
    ]);
    let out = place.run(&["index", "--json"]).exits(0);
    let report: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["files"], 5, "{out}");
    assert_eq!(report["reports"], 5, "{out}");
    let mut skipped: Vec<&str> = report["skipped"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|file| file["source"].as_str())
        .collect();
    skipped.sort_unstable();
    assert_eq!(skipped, ["bomb.docx", "cut.pdf"]);
    assert_eq!(report["warning_counts"]["record"], 1, "{out}");
    let out = place.run(&["search", "--exact", "推进学校美育"]).exits(0);
    assert!(
        out.contains("成都市") && out.contains("保定市") && out.contains("昆明市"),
        "{out}"
    );
    let out = place.run(&["inspect", "corpus/reports/print.pdf"]).exits(0);
    assert!(
        out.contains("（PDF，") && out.contains("四川省成都市"),
        "{out}"
    );
}
