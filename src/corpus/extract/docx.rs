//! Word files since 2007: paragraphs with the numbers Word shows before them, tables as rows.
//!
//! A document typed in Word seldom holds its 一、 and （一）: they are counted by the program from
//! the list a paragraph is in. A reader that leaves them out takes the structure with them, so
//! they are counted here ([`numbers`]). The parts are read as streams, each up to a limit, so a
//! file that unpacks to gigabytes costs no more than one that is full of text.

mod numbers;

use std::io::{BufRead, BufReader, Cursor, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::Extracted;
use super::page::Page;
use numbers::{Numbering, Place};

/// A part may unpack to so many times the text it may give: markup is most of it.
const MARKUP: u64 = 16;
/// Tables and text boxes nested deeper are read as if they stood there.
const MAX_DEPTH: usize = 64;

/// A part of the file as XML.
type Part<'a> = Reader<BufReader<Box<dyn Read + 'a>>>;

/// The text of a Word file's `bytes`, which may have `most` bytes.
pub(super) fn extract(bytes: &[u8], most: u64) -> Result<Extracted, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let names: Vec<String> = archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.into_owned()))
        .collect();
    let Some(main) = names
        .iter()
        .find(|name| name.as_str() == "word/document.xml")
        .or_else(|| names.iter().find(|name| is_document(name)))
    else {
        return Err(other(&names));
    };
    let limit = most.saturating_mul(MARKUP);
    let mut numbering = Numbering::default();
    if let Some(part) = part(&mut archive, "word/styles.xml", limit)? {
        numbering.read_styles(part)?;
    }
    if let Some(part) = part(&mut archive, "word/numbering.xml", limit)? {
        numbering.read_lists(part)?;
    }
    let mut page = Page::default();
    if let Some(part) = part(&mut archive, main, limit)? {
        body(part, &mut numbering, &mut page, most)?;
    }
    for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
        if let Some(part) = part(&mut archive, notes, limit)? {
            body(part, &mut numbering, &mut page, most)?;
        }
    }
    Ok(Extracted {
        text: page.into_text(),
        ..Extracted::default()
    })
}

fn part<'a>(
    archive: &'a mut ZipArchive<Cursor<&[u8]>>,
    name: &str,
    limit: u64,
) -> Result<Option<Part<'a>>, String> {
    if archive.index_for_name(name).is_none() {
        return Ok(None);
    }
    let file = archive.by_name(name).map_err(|error| damaged(&error))?;
    if file.size() > limit {
        return Err(format!(
            "其中的 {name} 解压后有 {} MB，超过上限 {} MB，像是压缩炸弹；请另存为纯文本 .txt，或调大 corpus.extract_output_mb",
            file.size() >> 20,
            limit >> 20
        ));
    }
    // What the directory says of a size need not be so.
    let file: Box<dyn Read + 'a> = Box::new(file.take(limit));
    let mut reader = Reader::from_reader(BufReader::new(file));
    reader.config_mut().check_end_names = false;
    Ok(Some(reader))
}

/// What a ZIP archive is that holds no Word document.
fn other(names: &[String]) -> String {
    let has = |start: &str| names.iter().any(|name| name.starts_with(start));
    let what = if has("xl/") {
        "是 Excel 表格，不是 Word 文档；请把其中的文字另存为 .txt"
    } else if has("ppt/") {
        "是演示文稿，不是 Word 文档；请另存为 .pdf"
    } else if has("content.xml") {
        "是 OpenDocument 文档；请另存为 .docx"
    } else if has("OFD.xml") {
        "是 OFD 版式文档；请另存为 .pdf 或 .docx"
    } else {
        "是 ZIP 压缩包，其中没有 Word 文档；请解压后放入其中的报告"
    };
    what.to_owned()
}

/// Whether an archive's file is a document under another name, as some programs give it.
fn is_document(name: &str) -> bool {
    name.strip_prefix("word/document")
        .and_then(|rest| rest.strip_suffix(".xml"))
        .is_some_and(|rest| !rest.contains('/'))
}

fn damaged(error: &dyn std::fmt::Display) -> String {
    format!("Word 文档已损坏（{error}）；请用 Word 或 WPS 打开修复后另存，或另存为纯文本 .txt")
}

/// The next event of a part.
fn event<'b>(
    reader: &mut Reader<impl BufRead>,
    buffer: &'b mut Vec<u8>,
) -> Result<Event<'b>, String> {
    buffer.clear();
    reader
        .read_event_into(buffer)
        .map_err(|error| damaged(&error))
}

/// The value of an attribute, by its name without a prefix.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    element
        .attributes()
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)
        .map(|attribute| attribute.value.into_owned())
}

/// A paragraph being read.
#[derive(Default)]
struct Paragraph {
    text: String,
    style: Option<String>,
    place: Place,
}

/// What is open around a paragraph.
enum Around {
    /// A table, with the cells of the row being read, each a list of lines.
    Table(Vec<Vec<String>>),
    /// A text box: its paragraphs stand within another one.
    Box(Paragraph),
}

/// Where reading is in a document part.
#[derive(Default)]
struct State {
    paragraph: Paragraph,
    around: Vec<Around>,
    /// Whether what is read is text of a run.
    in_text: bool,
    /// How deep in parts that are said twice, or belong to earlier versions.
    skipped: usize,
}

impl State {
    fn start(&mut self, element: &BytesStart<'_>) {
        match element.local_name().as_ref() {
            // The same text again, for programs that know less; what stood there before.
            "Fallback" | "moveFrom" | "del" | "pPrChange" | "rPrChange" => self.skipped = 1,
            "t" => self.in_text = true,
            "tbl" if self.around.len() < MAX_DEPTH => self.around.push(Around::Table(Vec::new())),
            "tr" => {
                if let Some(Around::Table(cells)) = self.around.last_mut() {
                    cells.clear();
                }
            }
            "tc" => {
                if let Some(Around::Table(cells)) = self.around.last_mut() {
                    cells.push(Vec::new());
                }
            }
            "txbxContent" if self.around.len() < MAX_DEPTH => {
                let outer = std::mem::take(&mut self.paragraph);
                self.around.push(Around::Box(outer));
            }
            "p" => self.paragraph = Paragraph::default(),
            _ => self.empty(element),
        }
    }

    /// An element that has nothing within.
    fn empty(&mut self, element: &BytesStart<'_>) {
        match element.local_name().as_ref() {
            "tab" | "ptab" => self.paragraph.text.push(' '),
            "br" | "cr" => self.paragraph.text.push('\n'),
            "noBreakHyphen" => self.paragraph.text.push('-'),
            "pStyle" => self.paragraph.style = attribute(element, "val"),
            "numId" => self.paragraph.place.list = attribute(element, "val"),
            "ilvl" => {
                self.paragraph.place.level =
                    attribute(element, "val").and_then(|level| level.parse().ok());
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &str, numbering: &mut Numbering, page: &mut Page) {
        match name {
            "t" => self.in_text = false,
            "p" => {
                let paragraph = std::mem::take(&mut self.paragraph);
                let blank = paragraph.text.trim().is_empty();
                let number = if blank {
                    String::new()
                } else {
                    numbering.next(&paragraph.place, paragraph.style.as_deref())
                };
                let line = number + paragraph.text.trim_start();
                match self
                    .around
                    .iter_mut()
                    .rev()
                    .find_map(|around| match around {
                        Around::Table(cells) => cells.last_mut(),
                        Around::Box(_) => None,
                    }) {
                    Some(cell) => cell.push(line),
                    None => page.line(&line),
                }
            }
            "tr" => {
                let Some(Around::Table(cells)) = self.around.last_mut() else {
                    return;
                };
                let cells = std::mem::take(cells);
                let nested = self.around.len().checked_sub(2);
                let outer = nested.and_then(|at| match self.around.get_mut(at) {
                    Some(Around::Table(cells)) => cells.last_mut(),
                    _ => None,
                });
                match outer {
                    Some(cell) => cell.extend(cells.into_iter().flatten()),
                    None => page.row(&cells),
                }
            }
            "tbl" if matches!(self.around.last(), Some(Around::Table(_))) => {
                self.around.pop();
            }
            "txbxContent" => {
                if let Some(Around::Box(outer)) =
                    self.around.pop_if(|a| matches!(a, Around::Box(_)))
                {
                    self.paragraph = outer;
                }
            }
            _ => {}
        }
    }
}

/// Reads the paragraphs and tables of a part onto `page`.
fn body(
    mut reader: Part<'_>,
    numbering: &mut Numbering,
    page: &mut Page,
    most: u64,
) -> Result<(), String> {
    let mut buffer = Vec::new();
    let mut state = State::default();
    loop {
        match event(&mut reader, &mut buffer)? {
            Event::Eof => return Ok(()),
            Event::Start(_) if state.skipped > 0 => state.skipped += 1,
            Event::End(_) if state.skipped > 0 => state.skipped -= 1,
            Event::Start(element) => state.start(&element),
            Event::Empty(element) if state.skipped == 0 => state.empty(&element),
            Event::End(element) => state.end(element.local_name().as_ref(), numbering, page),
            Event::Text(text) if state.in_text && state.skipped == 0 => {
                state.paragraph.text.push_str(&text);
            }
            Event::CData(text) if state.in_text && state.skipped == 0 => {
                state.paragraph.text.push_str(&text);
            }
            Event::GeneralRef(name) if state.in_text && state.skipped == 0 => {
                state.paragraph.text.extend(character(&name));
            }
            _ => {}
        }
        let held = page.len() + state.paragraph.text.len();
        if held as u64 > most {
            return Err(format!(
                "文字超过 {} MB；请拆分文件，或调大 corpus.extract_output_mb",
                most >> 20
            ));
        }
    }
}

/// The character that a reference such as `amp` or `#x4E00` stands for.
fn character(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}
