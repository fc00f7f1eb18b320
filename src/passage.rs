//! Cuts a report into passages: its overview, and one for each of its measures.
//!
//! A passage is what is ranked, counted and cited, so it has to be what a reader would call one
//! unit: a number, a heading sentence, its paragraphs. A measure with numbered sub-measures gives
//! one passage for each, and a unit past the set length is cut at paragraphs, then at sentences.
//!
//! Invariant: passages are in order, do not overlap, and leave out nothing of the report's text
//! but blank space and its reported boilerplate (`tests/splitting.rs`, over arbitrary text).

use std::collections::HashMap;

use crate::numbering::{self, Level};
use crate::report::{Kind, Passage, Report, Span, Warning, WarningKind};

/// The most characters a first sentence may have and still be a heading when more text of the
/// same paragraph follows it, or when it is all there is.
const HEADING_MAX_CHARS: usize = 60;

/// The passages of `report` in order, and what is odd about its numbering.
///
/// A unit of more than `max_chars` characters is cut into parts.
#[must_use]
pub fn split(report: &Report, max_chars: usize) -> (Vec<Passage>, Vec<Warning>) {
    let mut splitter = Splitter::new(report);
    for line in lines(&report.text) {
        splitter.line(&line);
    }
    splitter.close();
    let mut passages: Vec<Passage> = splitter
        .units
        .iter()
        .flat_map(|unit| unit.parts(&report.text, max_chars.max(1)))
        .collect();
    let mut seen: HashMap<(Vec<u32>, u32), u32> = HashMap::new();
    for passage in &mut passages {
        let times = seen
            .entry((passage.path.clone(), passage.part))
            .or_insert(0);
        *times += 1;
        passage.repeat = *times;
    }
    (passages, splitter.warnings)
}

/// The whole of `report` as one passage, whatever its length: its overview, with every line below
/// the title as a paragraph.
#[must_use]
pub fn whole(report: &Report) -> Passage {
    let title = report.title_range;
    let mut first_line = None;
    let mut paragraphs = Vec::new();
    for line in lines(&report.text) {
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
        paragraphs,
        part: 1,
        parts: 1,
        line: first_line.unwrap_or(0),
        repeat: 1,
    }
}

/// A line that is not blank.
struct Line<'a> {
    /// Without blanks at its ends.
    span: Span,
    text: &'a str,
    /// From 0.
    index: usize,
}

fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    text.split_inclusive('\n')
        .enumerate()
        .filter_map(move |(index, line)| {
            let from = start + (line.len() - line.trim_start().len());
            start += line.len();
            let trimmed = line.trim();
            (!trimmed.is_empty()).then(|| Line {
                span: Span::new(from, from + trimmed.len()),
                text: trimmed,
                index,
            })
        })
}

/// One unit of a report, before it is cut to length.
#[derive(Default)]
struct Unit {
    path: Vec<u32>,
    parents: Vec<Span>,
    heading: Option<Span>,
    /// What it covers, paragraphs included.
    range: Option<Span>,
    paragraphs: Vec<Span>,
    line: usize,
}

impl Unit {
    fn cover(&mut self, span: Span) {
        self.range = Some(match self.range {
            Some(range) => Span::new(range.start, span.end.max(range.end)),
            None => span,
        });
    }
}

struct Splitter<'a> {
    report: &'a Report,
    units: Vec<Unit>,
    open: Unit,
    /// Number and heading of the measure that sub-measures belong to.
    measure: Option<(u32, Option<Span>)>,
    /// The last number seen at each level.
    last: [u32; 2],
    warnings: Vec<Warning>,
}

impl<'a> Splitter<'a> {
    fn new(report: &'a Report) -> Self {
        Self {
            report,
            units: Vec::new(),
            open: Unit::default(),
            measure: None,
            last: [0; 2],
            warnings: Vec::new(),
        }
    }

    fn line(&mut self, line: &Line<'_>) {
        let report = self.report;
        if report
            .boilerplate
            .iter()
            .any(|boilerplate| boilerplate.range.start == line.span.start)
        {
            self.interrupt();
        } else if report
            .title_range
            .is_some_and(|title| title.start == line.span.start)
        {
            self.open.cover(line.span);
        } else if let Some(marker) = numbering::marker(line.text) {
            self.unit(line, marker);
        } else {
            if self.open.paragraphs.is_empty() && self.open.path.is_empty() {
                self.open.line = line.index;
            }
            self.open.cover(line.span);
            self.open.paragraphs.push(line.span);
        }
    }

    /// Opens the unit that begins with `marker`.
    fn unit(&mut self, line: &Line<'_>, marker: numbering::Marker) {
        self.check_number(line, marker);
        // A title or a parent's heading with no text of its own goes with the unit that follows,
        // since a passage that is only a heading answers nobody.
        let bare = self.open.paragraphs.is_empty();
        let carried = bare.then_some(self.open.range).flatten();
        let belongs = match marker.level {
            Level::Measure => self.open.path.is_empty(),
            Level::Sub => self.open.path.len() < 2,
        };
        let carried = if belongs { carried } else { None };
        if carried.is_some() {
            self.open = Unit::default();
        } else {
            self.close();
        }

        let rest = Span::new(line.span.start + marker.len, line.span.end);
        let (heading, body) = split_heading(&self.report.text, rest);
        let mut unit = Unit {
            heading,
            range: carried,
            paragraphs: body.into_iter().collect(),
            line: line.index,
            ..Unit::default()
        };
        unit.cover(line.span);
        match (marker.level, self.measure) {
            (Level::Sub, Some((number, parent))) => {
                unit.path = vec![number, marker.number];
                unit.parents = parent.into_iter().collect();
            }
            _ => unit.path = vec![marker.number],
        }
        if marker.level == Level::Measure {
            self.measure = Some((marker.number, heading));
        }
        self.open = unit;
    }

    fn check_number(&mut self, line: &Line<'_>, marker: numbering::Marker) {
        let level = usize::from(marker.level == Level::Sub);
        let expected = self.last.get(level).map_or(1, |last| last + 1);
        if marker.number != expected {
            let said = match marker.level {
                Level::Measure => "举措",
                Level::Sub => "分项",
            };
            let what = if marker.number > expected {
                "中间缺号"
            } else if marker.number + 1 == expected {
                "与上一个重复"
            } else {
                "次序颠倒"
            };
            self.warnings.push(Warning {
                source: self.report.source.clone(),
                line: self.report.line + line.index,
                kind: WarningKind::MeasureNumber,
                message: format!(
                    "{said}编号为 {}，按次序应为 {expected}（{what}）；照原样保留",
                    marker.number
                ),
            });
        }
        if let Some(last) = self.last.get_mut(level) {
            *last = marker.number;
        }
        if level == 0
            && let Some(sub) = self.last.get_mut(1)
        {
            *sub = 0;
        }
    }

    /// Ends the passage at a line that belongs to none; what follows is its next part.
    fn interrupt(&mut self) {
        let next = Unit {
            path: self.open.path.clone(),
            parents: self.open.parents.clone(),
            heading: self.open.heading,
            line: self.open.line,
            ..Unit::default()
        };
        self.close();
        self.open = next;
    }

    fn close(&mut self) {
        let unit = std::mem::take(&mut self.open);
        if unit.range.is_some() {
            self.units.push(unit);
        }
    }
}

/// The heading sentence of a unit's first line, without its full stop, and the rest of the line.
///
/// A line without a sentence end is a heading alone, unless it is too long for one.
fn split_heading(text: &str, line: Span) -> (Option<Span>, Option<Span>) {
    let content = line.of(text);
    let mut depth = 0_u32;
    let end = content.char_indices().find_map(|(at, c)| {
        match c {
            '“' | '‘' | '《' | '（' | '(' | '「' | '『' | '【' => depth += 1,
            '”' | '’' | '》' | '）' | ')' | '」' | '』' | '】' => {
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        (depth == 0 && matches!(c, '。' | '！' | '？' | '!' | '?')).then_some((at, c.len_utf8()))
    });
    let (heading, rest) = match end {
        Some((at, len)) => (
            Span::new(line.start, line.start + at),
            Span::new(line.start + at + len, line.end),
        ),
        None => (line, Span::new(line.end, line.end)),
    };
    let body = trimmed(text, rest);
    let length = heading.of(text).chars().count();
    if length > HEADING_MAX_CHARS {
        return (None, trimmed(text, line));
    }
    (trimmed(text, heading), body)
}

/// The span without blanks at its ends, or nothing where it is all blank.
fn trimmed(text: &str, span: Span) -> Option<Span> {
    let content = span.of(text);
    let start = span.start + (content.len() - content.trim_start().len());
    let len = content.trim().len();
    (len > 0).then(|| Span::new(start, start + len))
}

impl Unit {
    /// The unit as one passage, or as several where it is longer than `max_chars`.
    fn parts(&self, text: &str, max_chars: usize) -> Vec<Passage> {
        let Some(range) = self.range else {
            return Vec::new();
        };
        let groups = if range.of(text).chars().count() <= max_chars {
            vec![self.paragraphs.clone()]
        } else {
            group(text, &self.paragraphs, max_chars)
        };
        let parts = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        let mut start = range.start;
        groups
            .into_iter()
            .zip(1..)
            .map(|(paragraphs, part)| {
                let end = if part == parts {
                    range.end
                } else {
                    paragraphs.last().map_or(range.end, |last| last.end)
                };
                // Each part begins where the one before it ended: a title line between two
                // paragraphs belongs to one of them too.
                let own = trimmed(text, Span::new(start, end)).unwrap_or(Span::new(end, end));
                start = end;
                Passage {
                    range: own,
                    kind: if self.path.is_empty() {
                        Kind::Overview
                    } else {
                        Kind::Measure
                    },
                    path: self.path.clone(),
                    heading: self.heading,
                    parents: self.parents.clone(),
                    paragraphs,
                    part,
                    parts,
                    line: self.line,
                    repeat: 1,
                }
            })
            .collect()
    }
}

/// Paragraphs in groups of at most `max_chars` characters; a longer one is cut first.
fn group(text: &str, paragraphs: &[Span], max_chars: usize) -> Vec<Vec<Span>> {
    let mut groups: Vec<Vec<Span>> = Vec::new();
    let mut room = 0;
    for &paragraph in paragraphs {
        for piece in cut(text, paragraph, max_chars) {
            let length = piece.of(text).chars().count();
            match groups.last_mut() {
                Some(last) if length <= room => {
                    room -= length;
                    last.push(piece);
                }
                _ => {
                    room = max_chars.saturating_sub(length);
                    groups.push(vec![piece]);
                }
            }
        }
    }
    if groups.is_empty() {
        groups.push(Vec::new());
    }
    groups
}

/// One paragraph in pieces of at most `max_chars` characters, cut after the last sentence end
/// that fits, or anywhere where no sentence ends.
fn cut(text: &str, paragraph: Span, max_chars: usize) -> Vec<Span> {
    let mut pieces = Vec::new();
    let mut rest = paragraph;
    loop {
        let content = rest.of(text);
        let Some((limit, _)) = content.char_indices().nth(max_chars) else {
            pieces.extend(trimmed(text, rest));
            return pieces;
        };
        let fits = content.get(..limit).unwrap_or(content);
        let end = last_sentence_end(fits).unwrap_or(limit);
        pieces.extend(trimmed(text, Span::new(rest.start, rest.start + end)));
        rest = Span::new(rest.start + end, rest.end);
    }
}

/// Where the last whole sentence of `text` ends, closing quotes included.
fn last_sentence_end(text: &str) -> Option<usize> {
    let at = text.rfind(['。', '！', '？', '；', '!', '?', ';'])?;
    let rest = text.get(at..)?;
    let mut end = at + rest.chars().next()?.len_utf8();
    for c in rest.chars().skip(1) {
        if !matches!(c, '”' | '’' | '）' | ')' | '》' | '」' | '』' | '】') {
            break;
        }
        end += c.len_utf8();
    }
    Some(end)
}
