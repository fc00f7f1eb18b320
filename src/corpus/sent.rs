//! Reports that come over HTTP: one at a time, under an id of their own.
//!
//! What was sent under one id is one report, however many titles stand in it, since the id is how
//! whoever sent it replaces or withdraws it. Its text is kept as it came and read anew with every
//! index, so that better reading needs no sending again.
//!
//! Invariant: an id that may be sent is never one of a file's report (`tests/writing.rs`).

use std::io::{self, Read, Write};

use super::boilerplate::Rules;
use super::format::{self, Format, Packing};
use super::given::Given;
use super::records::excerpt;
use super::reports::{one_with, record_with};
use super::{Limits, SourceText, decode};
use crate::report::{Warning, WarningKind};

/// Bytes of a file by which its format is told.
const HEAD: u64 = 4 << 10;

/// The report in a text that was sent under `id`, named `source` where it is named; what is given
/// wins over what the text says.
///
/// # Errors
///
/// Says, in Chinese, why there is none.
pub fn sent(
    id: &str,
    source: &str,
    text: &str,
    given: &Given,
    rules: &Rules,
) -> Result<SourceText, String> {
    let decoded = decode::clean(text, "UTF-8").map_err(|refusal| refusal.to_string())?;
    let read = match &given.title {
        Some(title) => {
            let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
            // Some systems keep the title in the text as well.
            let text = decoded.text.trim_start();
            let rest = text.strip_prefix(title.as_str());
            let text = rest.filter(|rest| rest.starts_with('\n')).unwrap_or(text);
            Some(record_with(source, &title, text.trim_start(), given, rules))
        }
        None => one_with(source, &decoded.text, given, rules),
    };
    let (mut report, mut warnings) = read.ok_or("没有正文")?;
    id.clone_into(&mut report.id);
    let untitled = warnings
        .iter_mut()
        .find(|warning| warning.kind == WarningKind::NoTitle);
    if let Some(untitled) = untitled {
        report.title = excerpt(&report.text);
        "没有标题行，以正文开头作标题；可用 title 给出".clone_into(&mut untitled.message);
    }
    warnings.extend(decoded.notes.iter().map(|note| Warning {
        source: source.to_owned(),
        line: 1,
        kind: WarningKind::Cleaned,
        message: note.to_string(),
    }));
    Ok(SourceText {
        source: source.to_owned(),
        format: Format::Text,
        encoding: "UTF-8",
        text: report.text.clone(),
        reports: vec![report],
        warnings,
    })
}

/// Why a text cannot be a report's, in Chinese; nothing where it can.
#[must_use]
pub fn refusal_of(text: &str) -> Option<String> {
    let refusal = decode::clean(text, "UTF-8").err();
    refusal.map(|refusal| refusal.to_string())
}

/// Whether `id` has the form of those that files' reports are given: a division's code and a digest.
#[must_use]
pub fn is_of_file(id: &str) -> bool {
    id.split_once('-').is_some_and(|(code, digest)| {
        code.len() == 6
            && code.bytes().all(|byte| byte.is_ascii_digit())
            && matches!(digest.len(), 10 | 12)
            && digest
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
    })
}

/// What an uploaded file holds.
#[derive(Debug, Clone)]
pub struct Uploaded {
    /// Its text.
    pub text: String,
    /// What it says of itself.
    pub given: Given,
    /// What kind of file it is.
    pub format: Format,
    /// What of it could not be read, in Chinese.
    pub missing: Vec<String>,
}

/// The text of an uploaded file, from its beginning. `name` tells the format where the bytes do not.
///
/// # Errors
///
/// Says, in Chinese, why it gives none: its format, its size, its bytes.
pub fn uploaded(name: &str, file: &mut impl Read, limits: &Limits) -> Result<Uploaded, String> {
    let unreadable = |error: io::Error| format!("文件没有收全：{error}；请重新上传");
    let mut head = Vec::new();
    let read = file.take(HEAD).read_to_end(&mut head);
    read.map_err(unreadable)?;
    let format = format::recognise(name, &head)?;
    match format {
        Format::Text => {
            let most = limits.file_bytes;
            let mut bytes = head;
            let rest = file.take(most.saturating_sub(HEAD).saturating_add(1));
            let read = { rest }.read_to_end(&mut bytes);
            read.map_err(unreadable)?;
            if bytes.len() as u64 > most {
                let most = most >> 20;
                return Err(format!("超过 {most} MB；请拆分，或调大 corpus.max_file_mb"));
            }
            let decoded = decode(&bytes).map_err(|refusal| refusal.to_string())?;
            Ok(Uploaded {
                text: decoded.text,
                given: Given::default(),
                format,
                missing: Vec::new(),
            })
        }
        Format::Json | Format::Jsonl => {
            Err("JSON 不作文件上传；请以 application/json 或 application/x-ndjson 提交".to_owned())
        }
        Format::Html | Format::Docx | Format::Doc | Format::Pdf => {
            let unwritable = |error| format!("临时文件写不了：{error}；请检查磁盘空间");
            let mut kept = tempfile::NamedTempFile::new().map_err(unwritable)?;
            kept.write_all(&head).map_err(unwritable)?;
            io::copy(file, &mut kept).map_err(unwritable)?;
            let extracted = limits
                .extractor
                .extract(kept.path(), format, Packing::Plain)?;
            Ok(Uploaded {
                text: extracted.text,
                given: extracted.given,
                format,
                missing: extracted.missing,
            })
        }
    }
}
