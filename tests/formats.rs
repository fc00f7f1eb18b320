//! Web pages, Word files, PDFs and records: what is read of them, and what they may cost.
//!
//! Files are made here, so that each case shows what is odd about it. Readers run in the binary
//! itself, as they do for users.

mod documents;
mod hostile;
mod records;
mod web;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use cesou::corpus::{ExtractLimits, Extractor, Limits, Skipped, SourceFile, SourceText, read_file};
use tempfile::TempDir;

/// The settings' own limits, with the binary as reader.
fn limits() -> Limits {
    let program = assert_cmd::cargo::cargo_bin!("cesou").to_owned();
    Limits {
        extractor: Extractor::new(program, ExtractLimits::default()),
        ..Limits::new(512 << 20)
    }
}

/// A file in a folder of its own.
struct Written {
    _folder: TempDir,
    path: PathBuf,
}

impl Written {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("a file can be written");
        Self {
            _folder: folder,
            path,
        }
    }

    fn file(&self) -> SourceFile {
        SourceFile {
            name: name_of(&self.path),
            path: self.path.clone(),
        }
    }

    /// Every piece of the file, read within `limits`.
    fn pieces(&self, limits: &Limits) -> Vec<Result<SourceText, Skipped>> {
        match read_file(&self.file(), limits) {
            Ok(pieces) => pieces.collect(),
            Err(skipped) => vec![Err(skipped)],
        }
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().expect("a file has a name");
    name.to_str().expect("a name of UTF-8").to_owned()
}

/// The whole of a file that is read at once.
fn read(name: &str, bytes: &[u8]) -> SourceText {
    let mut pieces = Written::new(name, bytes).pieces(&limits());
    assert_eq!(pieces.len(), 1, "{name} is one piece");
    pieces
        .remove(0)
        .unwrap_or_else(|skipped| panic!("{name}: {}", skipped.reason))
}

/// Why a file is skipped.
fn refusal(name: &str, bytes: &[u8]) -> String {
    refusal_within(name, bytes, &limits())
}

fn refusal_within(name: &str, bytes: &[u8], limits: &Limits) -> String {
    match Written::new(name, bytes).pieces(limits).pop() {
        Some(Err(skipped)) => {
            assert_eq!(skipped.source, name);
            skipped.reason
        }
        other => panic!("{name} is read: {other:?}"),
    }
}

/// A ZIP archive of these files.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for (name, content) in files {
        archive.start_file(*name, options).expect("a new file");
        archive
            .write_all(content.as_bytes())
            .expect("memory can be written");
    }
    archive.finish().expect("an archive").into_inner()
}

#[test]
fn a_file_is_what_it_begins_like_whatever_it_is_called() {
    let page =
        "<html><body><p>成都市推进学校美育工作，取得明显成效，现将情况报告如下。</p></body></html>";
    for name in ["page.html", "page.doc", "page.pdf", "page.unknown", "page"] {
        let text = read(name, page.as_bytes());
        assert_eq!(text.format.label(), "HTML", "{name}");
        assert!(!text.text.contains('<'), "{name}: {}", text.text);
    }
    let docx = documents::docx("<w:p><w:r><w:t>成都市推进学校美育工作。</w:t></w:r></w:p>");
    for name in ["a.docx", "a.doc", "a.wps", "a.pdf", "a.定稿"] {
        assert_eq!(read(name, &docx).format.label(), "DOCX", "{name}");
    }
    for name in ["report.2016", "report", "通知（定稿）"] {
        let text = read(name, "成都市推进学校美育工作。".as_bytes());
        assert_eq!(text.format.label(), "纯文本", "{name}");
    }
}

#[test]
fn what_is_not_read_is_named_with_the_way_to_convert_it() {
    let cases: [(&str, &[u8], &[&str]); 9] = [
        ("a.xlsx", b"PK\x03\x04", &["不支持 .xlsx", "表格"]),
        ("a.rtf", b"{\\rtf1", &["不支持 .rtf", ".docx"]),
        ("a.zip", b"PK\x03\x04", &["不支持 .zip", "解压"]),
        ("a.PNG", b"\x89PNG\r\n\x1a\n", &["不支持 .png", "OCR"]),
        ("a.doc", b"{\\rtf1 text}", &["RTF", ".docx"]),
        ("a.docx", b"plain text", &["DOCX", "损坏"]),
        ("a.pdf", b"", &["PDF", "损坏"]),
        ("a.ofd", b"PK\x03\x04", &["不支持 .ofd", ".pdf"]),
        ("a.bin", b"\x7fELF\x02\x01\x01\0", &["不是纯文本"]),
    ];
    for (name, bytes, said) in cases {
        let reason = refusal(name, bytes);
        for part in said {
            assert!(reason.contains(part), "{name}: {part} in {reason}");
        }
        assert!(reason.contains('请'), "{name}: what to do in {reason}");
    }
    let excel = archive(&[("xl/workbook.xml", "<workbook/>")]);
    assert!(refusal("a.docx", &excel).contains("Excel"));
}

#[test]
fn without_a_program_risky_formats_are_named_not_read() {
    let page = b"<html><body><p>text</p></body></html>";
    let reason = refusal_within("a.html", page, &Limits::new(1 << 20));
    assert!(reason.contains("cesou"), "{reason}");
}
