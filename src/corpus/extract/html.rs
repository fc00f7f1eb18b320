//! Saved web pages: the text of the article, without what the site puts around it.
//!
//! No two offices build their pages alike, so the article is found by what it is: prose, which is
//! sentences outside links. From the page's body the way leads down as long as one part holds
//! nearly all the prose ([`article`]); within that part lists of links and parts that are named
//! after a site's furniture go, unless they hold prose. The title often stands outside, with
//! issuer and date in a table of their own; both are read before the rest is left ([`head`]).
//!
//! Invariant: nothing here recurses deeper than a table's cell, and what is nested too deep for the
//! parser is made shallow first ([`mod@shallow`]), so a page nested deeply costs no more than a flat one
//! (`tests/formats.rs`).

mod head;
mod outline;
mod shallow;

use std::collections::HashMap;
use std::ops::Range;

use scraper::Html;

use super::Extracted;
use super::page::{Page, is_wide};
use crate::corpus::decode::{self, Decoded};
use crate::numbering;
use head::Head;
use outline::{Kind, Outline, Part};
use shallow::shallow;

/// A part holds nearly all the prose when it has so many hundredths of it.
const NEARLY_ALL: usize = 90;
/// A part that is named as an article is one when it has so many hundredths of the prose.
const NAMED: usize = 60;
/// Furniture and lists of links have at most so many hundredths of the prose.
const LITTLE: usize = 20;
/// A list of links is links to so many hundredths.
const LINKS: usize = 60;
/// A line that is a link with no more characters is a button.
const BUTTON: usize = 6;
/// A cell with more characters lays out a page and is no cell of a row.
const LONG_CELL: usize = 200;

/// The text of a web page's `bytes`.
pub(super) fn extract(bytes: &[u8]) -> Result<Extracted, String> {
    let decoded = text_of(bytes)?;
    let html = Html::parse_document(&shallow(&decoded.text));
    let head = Head::of(&html);
    let outline = Outline::of(&html);
    drop(html);
    let article = article(&outline);
    let mut writer = Writer::new(&outline, article.start);
    writer.write(article.clone());
    let body = writer.page.into_text();
    if body.trim().is_empty() {
        return Err(
            "网页中没有正文，可能由脚本生成或只有链接；请在浏览器中打开，把正文另存为 .txt"
                .to_owned(),
        );
    }
    let given = head.given(&outline, &article);
    let text = match head.title(&outline) {
        Some(title) if !stands_first(&title, &body) => format!("{title}\n{body}"),
        _ => body,
    };
    Ok(Extracted {
        text,
        encoding: Some(decoded.encoding.to_owned()),
        given,
        missing: Vec::new(),
    })
}

/// The page as text, in the encoding it names where that reads it without a flaw.
fn text_of(bytes: &[u8]) -> Result<Decoded, String> {
    match decode::declared(bytes) {
        Some(decoded) => Ok(decoded),
        None => decode::decode(bytes).map_err(|refusal| refusal.to_string()),
    }
}

/// Whether a title is said at the beginning of the text already; it may be broken over lines.
fn stands_first(title: &str, body: &str) -> bool {
    let bare = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
    let start: Vec<&str> = body.lines().take(8).collect();
    bare(&start.concat()).contains(&bare(title))
}

/// The parts of the article.
fn article(outline: &Outline) -> Range<usize> {
    let parts = &outline.parts;
    let weight = |part: &Part| {
        // A page without a sentence, such as a table, is weighed by all that is not linked.
        if parts.first().is_some_and(|page| page.held.prose > 0) {
            part.held.prose
        } else {
            part.held.chars.saturating_sub(part.held.linked)
        }
    };
    let all = parts.first().map_or(0, weight);
    let named = parts
        .iter()
        .position(|part| part.named_article && !part.hidden && weight(part) * 100 > all * NAMED);
    let mut at = named
        .or_else(|| parts.iter().position(|part| part.name() == "body"))
        .unwrap_or(0);
    while let Some(part) = parts.get(at) {
        let mut child = at + 1;
        let mut next = None;
        while child < part.end {
            let Some(inner) = parts.get(child) else { break };
            let container = inner.is_block()
                && !matches!(inner.name(), "p" | "li" | "pre" | "blockquote")
                && inner.held.paragraphs > 1;
            if container && !inner.hidden && weight(inner) * 100 >= weight(part) * NEARLY_ALL {
                next = Some(child);
            }
            child = inner.end.max(child + 1);
        }
        match next {
            Some(next) if weight(part) > 0 => at = next,
            _ => break,
        }
    }
    at..parts.get(at).map_or(at, |part| part.end)
}

/// Writes parts of a page as lines.
struct Writer<'a> {
    outline: &'a Outline,
    /// Prose of the article.
    prose: usize,
    page: Page,
    line: String,
    /// Whether a blank, or a line end of the source, came last.
    blank: Option<Blank>,
    /// How far each ordered list has counted.
    items: HashMap<usize, u32>,
    /// The number that the next line gets if it has none itself.
    number: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Blank {
    Space,
    LineEnd,
}

impl<'a> Writer<'a> {
    fn new(outline: &'a Outline, article: usize) -> Self {
        Self {
            outline,
            prose: outline.parts.get(article).map_or(0, |part| part.held.prose),
            page: Page::default(),
            line: String::new(),
            blank: None,
            items: HashMap::new(),
            number: None,
        }
    }

    fn write(&mut self, range: Range<usize>) {
        // Where blocks under way end.
        let mut blocks: Vec<usize> = Vec::new();
        let mut at = range.start;
        while at < range.end {
            while blocks.pop_if(|end| *end <= at).is_some() {
                self.flush();
            }
            let Some(part) = self.outline.parts.get(at) else {
                break;
            };
            if at > range.start && self.leaves_out(at, part) {
                if part.is_block() {
                    self.flush();
                }
                at = part.end;
                continue;
            }
            match &part.kind {
                Kind::Text(text) => {
                    let kept = self.preformatted(part.parent);
                    self.text(text, kept);
                }
                Kind::Element(name) => {
                    if part.is_block() {
                        self.flush();
                        blocks.push(part.end);
                    }
                    match name.as_str() {
                        "li" => self.item(part.parent),
                        "tr" => {
                            if let Some(cells) = self.cells(at) {
                                self.page.row(&cells);
                                at = part.end;
                                continue;
                            }
                        }
                        _ => {}
                    }
                }
            }
            at += 1;
        }
        self.flush();
    }

    /// Whether a part is none of the article: not seen, or a site's furniture.
    fn leaves_out(&self, at: usize, part: &Part) -> bool {
        if part.hidden {
            return true;
        }
        let held = part.held;
        if matches!(part.kind, Kind::Text(_)) || held.prose * 100 > self.prose * LITTLE {
            return false;
        }
        if part.furniture && held.prose == 0 {
            return true;
        }
        let mostly_links = held.linked * 100 >= held.chars * LINKS && held.chars > 0;
        let button = held.linked == held.chars && held.chars <= BUTTON;
        part.is_block() && mostly_links && (held.links > 1 || button) && !self.attachments(at, part)
    }

    /// Whether a list of links is of the document's attachments, as it says itself or as is said
    /// right before it.
    fn attachments(&self, at: usize, part: &Part) -> bool {
        let near = self.outline.parts.get(at.saturating_sub(3)..part.end);
        near.unwrap_or_default()
            .iter()
            .any(|part| matches!(&part.kind, Kind::Text(text) if text.contains("附件")))
    }

    fn preformatted(&self, mut at: usize) -> bool {
        // Text stands in its element, or in a few inline ones within it.
        for _ in 0..4 {
            match self.outline.parts.get(at) {
                Some(part) if part.name() == "pre" => return true,
                Some(part) if !part.is_block() => at = part.parent,
                _ => return false,
            }
        }
        false
    }

    /// The lines of each cell of a row, unless it lays out the page.
    fn cells(&self, row: usize) -> Option<Vec<Vec<String>>> {
        let part = self.outline.parts.get(row)?;
        if part.held.tables > 0 {
            return None;
        }
        let mut cells = Vec::new();
        let mut at = row + 1;
        while at < part.end {
            let cell = self.outline.parts.get(at)?;
            if matches!(cell.name(), "td" | "th") {
                if cell.held.chars > LONG_CELL {
                    return None;
                }
                let mut writer = Self::new(self.outline, 0);
                writer.prose = self.prose;
                writer.write(at..cell.end);
                let lines = writer.page.into_text();
                cells.push(lines.lines().map(str::to_owned).collect());
            }
            at = cell.end.max(at + 1);
        }
        (cells.len() > 1).then_some(cells)
    }

    /// An item of a list, which is numbered where the list is.
    fn item(&mut self, list: usize) {
        let ordered = self
            .outline
            .parts
            .get(list)
            .is_some_and(|list| list.name() == "ol");
        self.number = ordered.then(|| {
            let count = self.items.entry(list).or_default();
            *count += 1;
            *count
        });
    }

    fn text(&mut self, text: &str, preformatted: bool) {
        for c in text.chars() {
            if c == '\n' && preformatted {
                self.flush();
            } else if matches!(c, '\n' | '\r') {
                self.blank = self.blank.or(Some(Blank::LineEnd));
            } else if c.is_whitespace() {
                // A blank that was typed counts, one that indents the source does not.
                if self.blank != Some(Blank::LineEnd) || c == '\u{3000}' || c == '\u{A0}' {
                    self.blank = Some(Blank::Space);
                }
            } else {
                let before = self.line.chars().next_back();
                match self.blank.take() {
                    Some(Blank::Space) => self.line.push(' '),
                    Some(Blank::LineEnd)
                        if before.is_some_and(|before| !is_wide(before) && !is_wide(c)) =>
                    {
                        self.line.push(' ');
                    }
                    _ => {}
                }
                self.line.push(c);
            }
        }
    }

    /// Ends a line.
    fn flush(&mut self) {
        self.blank = None;
        if self.line.trim().is_empty() {
            self.line.clear();
            return;
        }
        if let Some(number) = self.number.take()
            && numbering::marker(self.line.trim_start()).is_none()
        {
            self.page
                .line(&format!("{number}. {}", self.line.trim_start()));
        } else {
            self.page.line(&self.line);
        }
        self.line.clear();
    }
}
