//! Cuts a report into passages: its overview, and one for each unit of its own numbering.
//!
//! A passage is what is ranked, counted and cited, so it has to be what a reader would call one
//! unit: a number, a heading sentence, its paragraphs. `outline` reads from the lines how the
//! document numbers and nests; `unit` decides which of its nodes are passages of their own;
//! `cut` makes them, and cuts a unit past the set length at sub-headings, then paragraphs, then
//! sentences.
//!
//! Which nodes are units: parts, chapters, sections, articles, 一、 and （一） always, but for the
//! items of an article, which are cited with it; sections headed by a line without a number, where
//! headings of that kind divide the document; 1. and （1） where the document uses them as its first
//! or second level and writes paragraphs under them; and below those, in a unit past the set
//! length, items that say enough to answer a question alone. A heading without text of its own goes
//! with the first unit under it, since a passage that is only a heading answers nobody. Salutation,
//! signature and date stay with the overview and the last unit; an attachment begins a numbering of
//! its own.
//!
//! Invariant: passages are in order, do not overlap, and leave out nothing of the report's text
//! but blank space and its reported boilerplate (`tests/splitting.rs`, over arbitrary text).

mod attachment;
mod check;
mod contents;
mod cut;
mod heading;
mod line;
mod nest;
mod outline;
mod section;
mod unit;

use crate::report::{Kind, Passage, Report, Span, Warning};

/// The passages of `report` in order, and what is odd about its numbering.
///
/// A unit of more than `max_chars` characters is cut into parts.
#[must_use]
pub fn split(report: &Report, max_chars: usize) -> (Vec<Passage>, Vec<Warning>) {
    let max_chars = max_chars.max(1);
    let lines = line::of(report);
    let outline = outline::read(report, &lines);
    let units = unit::of(&outline, max_chars);
    let passages = cut::passages(report, &lines, &outline, &units, max_chars);
    (passages, check::numbers(report, &lines, &outline, &units))
}

/// The whole of `report` as one passage, whatever its length: its overview, with every line below
/// the title as a paragraph.
#[must_use]
pub fn whole(report: &Report) -> Passage {
    let title = report.title_range;
    let mut first_line = None;
    let mut paragraphs = Vec::new();
    for line in line::all(&report.text) {
        if Some(line.span) != title {
            first_line = first_line.or(Some(line.index));
            paragraphs.push(line.span);
        }
    }
    Passage {
        range: Span::new(0, report.text.len()),
        kind: Kind::Overview,
        path: Vec::new(),
        heading: None,
        parents: Vec::new(),
        heading_path: Vec::new(),
        paragraphs,
        part: 1,
        parts: 1,
        line: first_line.unwrap_or(0),
        repeat: 1,
    }
}
