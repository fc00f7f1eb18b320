//! What kind of file it is: by its name's ending, checked against how it begins.
//!
//! Files are often named after what they once were: a `.doc` that holds a web page, a `.pdf` that
//! a server's error page was saved under. Where beginning and ending disagree the beginning wins,
//! for formats that can be told by it; a name without a known ending is read as text where the
//! file is text. What is not read is refused by the name of its format, with the way to convert it.
//!
//! Invariant: the ending of every format that is read is in one table here.

use serde::{Deserialize, Serialize};

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Plain text or Markdown.
    Text,
    /// A web page.
    Html,
    /// Word since 2007, or WPS.
    Docx,
    /// Word before 2007.
    Doc,
    /// PDF.
    Pdf,
    /// One JSON object a line, each a report.
    Jsonl,
    /// A JSON array of reports, or one report.
    Json,
}

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Packing {
    /// Not at all.
    Plain,
    /// Zstandard.
    Zst,
    /// gzip.
    Gz,
}

/// Endings, and the format they stand for.
const ENDINGS: [(&str, Format); 17] = [
    ("txt", Format::Text),
    ("md", Format::Text),
    ("text", Format::Text),
    ("markdown", Format::Text),
    ("html", Format::Html),
    ("htm", Format::Html),
    ("xhtml", Format::Html),
    ("shtml", Format::Html),
    ("docx", Format::Docx),
    ("docm", Format::Docx),
    ("doc", Format::Doc),
    ("dot", Format::Doc),
    ("wps", Format::Doc),
    ("pdf", Format::Pdf),
    ("jsonl", Format::Jsonl),
    ("ndjson", Format::Jsonl),
    ("json", Format::Json),
];

/// Endings of what is not read, what it is called, and what to do.
const REFUSED: [(&[&str], &str, &str); 8] = [
    (
        &["xls", "xlsx", "et", "csv", "tsv", "ods"],
        "表格",
        "请把其中的文字另存为 .txt 或 .docx，或每行一篇转成 .jsonl",
    ),
    (
        &["ppt", "pptx", "dps", "odp"],
        "演示文稿",
        "请另存为 .pdf 或 .docx",
    ),
    (
        &["rtf", "odt", "pages", "ofd", "ceb", "caj", "uot", "xps"],
        "文档",
        "请用原来的软件另存为 .docx 或 .pdf",
    ),
    (
        &["mht", "mhtml", "eml", "msg"],
        "网页归档或邮件",
        "请在浏览器中另存为“网页，仅 HTML”",
    ),
    (
        &["epub", "mobi", "azw3", "chm"],
        "电子书",
        "请转成 .txt 或 .html",
    ),
    (
        &["zip", "rar", "7z", "tar", "tgz", "bz2", "xz"],
        "压缩包",
        "请解压，把其中的报告放入语料文件夹",
    ),
    (
        &[
            "png", "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "webp", "heic", "svg",
        ],
        "图片",
        "请先识别文字（OCR），存为 .txt",
    ),
    (
        &[
            "mp3", "mp4", "wav", "avi", "mov", "exe", "dll", "db", "sqlite", "xml", "css", "js",
            "py", "toml", "yaml", "yml", "ini", "log", "bak", "tmp",
        ],
        "其他",
        "请把报告另存为纯文本 .txt，或把它移出语料文件夹",
    ),
];

impl Format {
    /// Its name for readers.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Text => "纯文本",
            Self::Html => "HTML",
            Self::Docx => "DOCX",
            Self::Doc => "DOC",
            Self::Pdf => "PDF",
            Self::Jsonl => "JSONL",
            Self::Json => "JSON",
        }
    }

    /// The ending that is usual for it.
    pub(super) fn ending(self) -> &'static str {
        ENDINGS
            .iter()
            .find(|(_, format)| *format == self)
            .map_or("", |(ending, _)| ending)
    }

    /// The format of an ending.
    pub(super) fn of_ending(ending: &str) -> Option<Self> {
        ENDINGS
            .iter()
            .find(|(known, _)| *known == ending)
            .map(|&(_, format)| format)
    }
}

impl Packing {
    /// Its ending; empty for none.
    pub(super) fn ending(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Zst => "zst",
            Self::Gz => "gz",
        }
    }
}

/// How the file is compressed, by its name, and its name without that ending.
pub(super) fn packing(name: &str) -> (Packing, &str) {
    match name.rsplit_once('.') {
        Some((rest, ending)) if ending.eq_ignore_ascii_case("zst") => (Packing::Zst, rest),
        Some((rest, ending)) if ending.eq_ignore_ascii_case("gz") => (Packing::Gz, rest),
        _ => (Packing::Plain, name),
    }
}

/// The format of a file by its `name`, without the ending of its packing, and how it begins.
///
/// # Errors
///
/// What it is instead, and how to convert it, for the operator.
pub(super) fn recognise(name: &str, head: &[u8]) -> Result<Format, String> {
    let file = name.rsplit('/').next().unwrap_or(name);
    let ending = file
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_lowercase())
        .unwrap_or_default();
    let looks = looks_like(head);
    match (Format::of_ending(&ending), looks) {
        // What has a name for text but is none is refused by the reader of text, by its name.
        (Some(known @ (Format::Text | Format::Json | Format::Jsonl)), _) => Ok(known),
        (Some(Format::Doc), Some(Format::Docx)) => Ok(Format::Docx),
        // A new document with a password is packed as an old one is; that reader says so.
        (Some(_), Some(found)) => Ok(found),
        (Some(known @ (Format::Docx | Format::Doc | Format::Pdf)), None) => {
            if head.starts_with(b"{\\rtf") {
                return Err(format!(
                    "是 RTF 文档，不是 .{ending}；请用原来的软件另存为 .docx 或 .pdf"
                ));
            }
            Err(format!(
                "文件开头不是 {} 的格式，可能已损坏或下载不全；请重新取得文件",
                known.label()
            ))
        }
        (Some(known), None) => Ok(known),
        (None, _) => {
            if let Some((_, kind, advice)) = REFUSED
                .iter()
                .find(|(endings, _, _)| endings.contains(&ending.as_str()))
            {
                return Err(format!("不支持 .{ending} 格式（{kind}）；{advice}"));
            }
            Ok(looks.unwrap_or(Format::Text))
        }
    }
}

/// The format a file begins like, of those that show it.
fn looks_like(head: &[u8]) -> Option<Format> {
    // Some writers put a few bytes before the mark, which readers of PDF allow.
    let early = head.get(..1024).unwrap_or(head);
    if early.windows(5).any(|bytes| bytes == b"%PDF-") {
        return Some(Format::Pdf);
    }
    if head.starts_with(b"PK\x03\x04") {
        return Some(Format::Docx);
    }
    if head.starts_with(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1") {
        return Some(Format::Doc);
    }
    let text: Vec<u8> = early
        .iter()
        .filter(|byte| **byte != 0 && byte.is_ascii())
        .map(u8::to_ascii_lowercase)
        .collect();
    let text = text.trim_ascii_start();
    let page: [&[u8]; 4] = [b"<!doctype html", b"<html", b"<head", b"<body"];
    if page.iter().any(|mark| text.starts_with(mark)) {
        return Some(Format::Html);
    }
    let xml = text.starts_with(b"<?xml") || text.starts_with(b"<!--");
    (xml && text.windows(5).any(|bytes| bytes == b"<html")).then_some(Format::Html)
}
