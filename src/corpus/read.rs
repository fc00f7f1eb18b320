//! One file to its reports, one after another, whatever its format.
//!
//! Most files are read whole, up to a limit; a file of records is read a line at a time, so that
//! one of many gigabytes costs no more memory than its longest line. What cannot be read is named:
//! the file where it is all of it, the line where it is one.

use std::fs;

use super::boilerplate::Rules;
use super::extract::Extractor;
use super::format::{self, Format, Packing};
use super::given::Given;
use super::records::{Array, Lines, Maker};
use super::{
    Decoded, Refusal, Skipped, SourceFile, SourceText, decode, reports_with, side, source,
};
use crate::report::{Warning, WarningKind};

/// What a file may cost, and what reads the formats that are not text.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The size of a file that is read whole, in bytes.
    pub file_bytes: u64,
    /// The length of a line of text, or of a record, in bytes.
    pub line_bytes: usize,
    /// Reads web pages, Word files and PDFs.
    pub extractor: Extractor,
    /// What is left out of texts.
    pub rules: Rules,
}

impl Limits {
    /// The usual ones, for files of up to `file_bytes` bytes, without an extractor.
    #[must_use]
    pub fn new(file_bytes: u64) -> Self {
        Self {
            file_bytes,
            line_bytes: 16 << 20,
            extractor: Extractor::default(),
            rules: Rules::default(),
        }
    }
}

/// What a file holds, piece by piece: all of it at once, or a record at a time.
///
/// A piece that cannot be read is the last one; what came before it stands.
#[derive(Debug)]
pub struct Reading(Inner);

#[derive(Debug)]
enum Inner {
    Whole(Option<Box<SourceText>>),
    Lines(Box<Lines>),
    Array(Box<Array>),
}

impl Iterator for Reading {
    type Item = Result<SourceText, Skipped>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::Whole(text) => text.take().map(|text| Ok(*text)),
            Inner::Lines(lines) => lines.next(),
            Inner::Array(records) => records.next(),
        }
    }
}

/// The reports of a file anywhere, named as it was given.
///
/// # Errors
///
/// Says why the file gives none: its format, its size, its bytes, or the system.
pub fn read_file(file: &SourceFile, limits: &Limits) -> Result<Reading, Skipped> {
    read(file, limits).map(Reading).map_err(|reason| Skipped {
        source: file.name.clone(),
        reason,
    })
}

fn read(file: &SourceFile, limits: &Limits) -> Result<Inner, String> {
    let metadata =
        fs::metadata(&file.path).map_err(|error| source::unreadable(&error, Packing::Plain))?;
    if metadata.is_dir() {
        return Err("是一个文件夹；请给出其中的文件".to_owned());
    }
    if !metadata.is_file() {
        return Err("不是普通文件；请把它移出语料文件夹".to_owned());
    }
    let (packing, name) = format::packing(&file.name);
    let head =
        source::head(&file.path, packing).map_err(|error| source::unreadable(&error, packing))?;
    let format = format::recognise(name, &head)?;
    let size = metadata.len();
    if format != Format::Jsonl && size > limits.file_bytes {
        return Err(format!(
            "文件有 {size} 字节，超过上限 {}；请拆分文件，或调大 corpus.max_file_mb",
            limits.file_bytes
        ));
    }
    match format {
        Format::Text => text(file, packing, limits),
        Format::Jsonl => {
            let given = side::read(&file.path, &file.name);
            let maker = Maker::new(&file.name, Format::Jsonl, given, limits.rules.clone());
            let lines = Lines::open(maker, &file.path, packing, limits.line_bytes)?;
            Ok(Inner::Lines(Box::new(lines)))
        }
        Format::Json => {
            let bytes = source::whole(&file.path, packing, limits.file_bytes)?;
            let given = side::read(&file.path, &file.name);
            let maker = Maker::new(&file.name, Format::Json, given, limits.rules.clone());
            Ok(Inner::Array(Box::new(Array::read(maker, &bytes)?)))
        }
        Format::Html | Format::Docx | Format::Doc | Format::Pdf => {
            extracted(file, format, packing, limits)
        }
    }
}

fn text(file: &SourceFile, packing: Packing, limits: &Limits) -> Result<Inner, String> {
    let bytes = source::whole(&file.path, packing, limits.file_bytes)?;
    check_lines(&bytes, limits.line_bytes)?;
    let decoded = decode(&bytes).map_err(|refusal| refusal.to_string())?;
    let (given, odd) = side::read(&file.path, &file.name);
    let mut text = split(&file.name, Format::Text, decoded, &given, &limits.rules);
    text.warnings.extend(odd);
    Ok(Inner::Whole(Some(Box::new(text))))
}

/// Refuses text with a line that no report has.
fn check_lines(text: &[u8], most: usize) -> Result<(), String> {
    if text.len() <= most {
        return Ok(());
    }
    let long = text
        .split(|byte| *byte == b'\n')
        .zip(1..)
        .find(|(line, _)| line.len() > most);
    match long {
        None => Ok(()),
        Some((line, number)) => Err(format!(
            "第 {number} 行有 {} MB，超过一行的上限 {} MB；请分段，或调大 corpus.max_line_mb",
            line.len() >> 20,
            most >> 20
        )),
    }
}

fn extracted(
    file: &SourceFile,
    format: Format,
    packing: Packing,
    limits: &Limits,
) -> Result<Inner, String> {
    let extracted = limits.extractor.extract(&file.path, format, packing)?;
    check_lines(extracted.text.as_bytes(), limits.line_bytes)?;
    let encoding = extracted
        .encoding
        .and_then(|name| decode::name_of(&name))
        .unwrap_or(format.label());
    let mut decoded =
        decode::clean(&extracted.text, encoding).map_err(|refusal| refusal.to_string())?;
    // What these formats are full of, such as no-break spaces, is nothing to remark on.
    decoded
        .notes
        .retain(|note| matches!(note, decode::Note::Malformed { .. }));
    let (given, odd) = side::read(&file.path, &file.name);
    let given = given.or(extracted.given);
    let mut text = split(&file.name, format, decoded, &given, &limits.rules);
    text.warnings.extend(odd);
    text.warnings
        .extend(extracted.missing.into_iter().map(|message| Warning {
            source: file.name.clone(),
            line: 1,
            kind: WarningKind::Incomplete,
            message,
        }));
    Ok(Inner::Whole(Some(Box::new(text))))
}

/// The reports of a text file's bytes.
///
/// # Errors
///
/// Fails when the bytes are no text.
pub fn read_bytes(source: &str, bytes: &[u8]) -> Result<SourceText, Refusal> {
    let decoded = decode(bytes)?;
    Ok(split(
        source,
        Format::Text,
        decoded,
        &Given::default(),
        &Rules::default(),
    ))
}

/// The reports of a file's clean text, with what was remarked on it.
fn split(
    source: &str,
    format: Format,
    decoded: Decoded,
    given: &Given,
    rules: &Rules,
) -> SourceText {
    let Decoded {
        text,
        encoding,
        notes,
    } = decoded;
    let (reports, mut warnings) = reports_with(source, &text, given, rules);
    warnings.extend(notes.iter().map(|note| Warning {
        source: source.to_owned(),
        line: 1,
        kind: WarningKind::Cleaned,
        message: note.to_string(),
    }));
    SourceText {
        source: source.to_owned(),
        format,
        encoding,
        text,
        reports,
        warnings,
    }
}
