//! Makes passages of units, and cuts those past the set length.

use std::collections::HashMap;

use super::heading::trimmed;
use super::line::Line;
use super::outline::{Node, NodeKind, Outline};
use super::unit::Units;
use crate::numbering::Form;
use crate::report::{Kind, Passage, Report, Span};

/// Lines of one unit without a line of another, or boilerplate, between them.
struct Run {
    unit: usize,
    /// Places among the lines.
    from: usize,
    to: usize,
    /// It holds nothing but titles and headings.
    bare: bool,
}

/// The passages of `report` in order.
pub(super) fn passages(
    report: &Report,
    lines: &[Line<'_>],
    outline: &Outline,
    units: &Units,
    max_chars: usize,
) -> Vec<Passage> {
    let maker = Maker {
        report,
        lines,
        outline,
        units,
        max_chars,
    };
    let mut passages = Vec::new();
    for run in maker.runs() {
        maker.make(&run, &mut passages);
    }
    let mut seen: HashMap<(Kind, Vec<u32>, u32), u32> = HashMap::new();
    for passage in &mut passages {
        let times = seen
            .entry((passage.kind, passage.path.clone(), passage.part))
            .or_insert(0);
        *times += 1;
        passage.repeat = *times;
    }
    passages
}

struct Maker<'a> {
    report: &'a Report,
    lines: &'a [Line<'a>],
    outline: &'a Outline,
    units: &'a Units,
    max_chars: usize,
}

impl Maker<'_> {
    fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let unit = self.unit(at);
            let bare = self.paragraph(at, unit).is_none();
            if let Some(last) = runs.last_mut() {
                if last.unit == unit && !line.apart && !self.opens(at, unit) {
                    last.to = at + 1;
                    last.bare &= bare;
                    continue;
                }
                // A title or a parent's heading with no text of its own goes with what follows in
                // it, since a passage that is only a heading answers nobody.
                if last.bare && !line.apart && self.stands_in(unit, last.unit) {
                    last.unit = unit;
                    last.to = at + 1;
                    last.bare = bare;
                    continue;
                }
            }
            runs.push(Run {
                unit,
                from: at,
                to: at + 1,
                bare,
            });
        }
        runs
    }

    fn unit(&self, line: usize) -> usize {
        let owner = self.outline.owners.get(line).copied().unwrap_or(0);
        self.units.of.get(owner).copied().unwrap_or(0)
    }

    fn node(&self, at: usize) -> Option<&Node> {
        self.outline.nodes.get(at)
    }

    /// Whether `unit` begins with the line at `line`.
    fn opens(&self, line: usize, unit: usize) -> bool {
        self.node(unit).is_some_and(|node| node.line == line)
    }

    /// Whether `unit` stands in `outer`, at any depth.
    fn stands_in(&self, unit: usize, outer: usize) -> bool {
        let mut at = unit;
        while at != 0 {
            at = self.node(at).map_or(0, |node| node.parent);
            if at == outer {
                return true;
            }
        }
        false
    }

    /// The units that lead to `unit`, outermost first, itself included.
    fn chain(&self, unit: usize) -> Vec<&Node> {
        let mut chain = Vec::new();
        let mut at = unit;
        while at != 0 {
            let Some(node) = self.node(at) else {
                break;
            };
            chain.push(node);
            at = node.parent;
        }
        chain.reverse();
        chain
    }

    /// What of a line is a paragraph of `unit`: all of it, what follows its heading, or nothing.
    fn paragraph(&self, line: usize, unit: usize) -> Option<Span> {
        let span = self.lines.get(line)?.span;
        if self
            .report
            .title_range
            .is_some_and(|title| title.start <= span.start && span.start < title.end)
        {
            return None;
        }
        let owner = self.outline.owners.get(line).copied().unwrap_or(0);
        let head = self.node(owner).filter(|node| node.line == line);
        match head {
            Some(node) if owner == unit || self.units.has(owner) => node.body,
            // The name of an attachment may stand below its number.
            None if self
                .node(owner)
                .and_then(|node| node.label)
                .is_some_and(|label| label.start < span.start && span.end <= label.end) =>
            {
                None
            }
            _ => Some(span),
        }
    }

    fn make(&self, run: &Run, passages: &mut Vec<Passage>) {
        let lines = self.lines.get(run.from..run.to).unwrap_or_default();
        let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
            return;
        };
        let text = &self.report.text;
        let range = Span::new(first.span.start, last.span.end);
        let chain = self.chain(run.unit);
        let own = chain.last();
        let attached = own.is_some_and(|node| node.attached);
        let kind = match own {
            None => Kind::Overview,
            Some(_) if attached && self.units.divided => Kind::Attachment,
            Some(_) => Kind::Measure,
        };
        let first_paragraph = (run.from..run.to).find(|&at| self.paragraph(at, run.unit).is_some());
        let line = own
            .map(|node| node.line)
            .filter(|line| (run.from..run.to).contains(line))
            .or(first_paragraph)
            .and_then(|at| self.lines.get(at))
            .map_or(first.index, |line| line.index);
        let above = chain.split_last().map_or(&[][..], |(_, above)| above);
        let passage = Passage {
            range,
            kind,
            path: chain.iter().map(|node| node.number).collect(),
            heading: own.and_then(|node| node.heading),
            parents: above.iter().filter_map(|node| node.heading).collect(),
            heading_path: chain.iter().filter_map(|node| node.label).collect(),
            paragraphs: Vec::new(),
            part: 1,
            parts: 1,
            line,
            repeat: 1,
        };
        let groups = if lines.iter().map(|line| line.chars).sum::<usize>() <= self.max_chars
            && range.of(text).chars().count() <= self.max_chars
        {
            let paragraphs = (run.from..run.to).filter_map(|at| self.paragraph(at, run.unit));
            vec![paragraphs.collect()]
        } else {
            self.groups(run)
        };
        let parts = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        let mut start = range.start;
        for (paragraphs, part) in groups.into_iter().zip(1..) {
            let end = if part == parts {
                range.end
            } else {
                paragraphs.last().map_or(range.end, |last| last.end)
            };
            // Each part begins where the one before it ended: a title line between two
            // paragraphs belongs to one of them too.
            let own = trimmed(text, Span::new(start, end)).unwrap_or(Span::new(end, end));
            start = end;
            passages.push(Passage {
                range: own,
                paragraphs,
                part,
                parts,
                ..passage.clone()
            });
        }
    }

    /// The paragraphs of a run in groups of at most `max_chars` characters, cut at the
    /// sub-headings of the highest level it has, then at paragraphs, then at sentences.
    fn groups(&self, run: &Run) -> Vec<Vec<Span>> {
        let level = (run.from..run.to)
            .filter_map(|at| self.sub_heading(at, run.unit))
            .min();
        let mut items: Vec<Vec<Span>> = Vec::new();
        let mut below = false;
        for at in run.from..run.to {
            let Some(paragraph) = self.paragraph(at, run.unit) else {
                continue;
            };
            let begins = level.is_some() && self.sub_heading(at, run.unit) == level;
            below |= begins;
            match items.last_mut() {
                // Before the first sub-heading each paragraph stands for itself.
                Some(item) if below && !begins => item.push(paragraph),
                _ => items.push(vec![paragraph]),
            }
        }
        let text = &self.report.text;
        let count = |span: &Span| span.of(text).chars().count();
        let total = items.iter().flatten().map(count).sum();
        let mut packer = Packer::new(total, self.max_chars);
        for item in items {
            let length: usize = item.iter().map(count).sum();
            if length <= self.max_chars {
                packer.add(item, length);
                continue;
            }
            for paragraph in item {
                for piece in sentences(text, paragraph, self.max_chars) {
                    packer.add(vec![piece], count(&piece));
                }
            }
        }
        packer.groups
    }

    /// The level of the sub-heading that the line at `line` begins with within `unit`; the lower,
    /// the higher it stands.
    fn sub_heading(&self, line: usize, unit: usize) -> Option<usize> {
        if self.outline.breaks.binary_search(&line).is_ok() {
            return Some(0);
        }
        let owner = self.outline.owners.get(line).copied()?;
        let node = self.node(owner).filter(|node| node.line == line)?;
        if owner == unit || self.units.has(owner) {
            return None;
        }
        match node.kind {
            // A dash counts for the lowest, wherever it stands.
            NodeKind::Numbered(Form::Dash) => Some(usize::MAX),
            _ => Some(node.depth),
        }
    }
}

/// Packs pieces into groups of at most a set length, in order, and no more uneven than need be: a
/// last part of one sentence says little alone.
struct Packer {
    max_chars: usize,
    /// What each group would have if all had the same.
    even: usize,
    filled: usize,
    groups: Vec<Vec<Span>>,
}

impl Packer {
    fn new(total: usize, max_chars: usize) -> Self {
        Self {
            max_chars,
            even: even(total, max_chars),
            filled: 0,
            groups: vec![Vec::new()],
        }
    }

    fn add(&mut self, pieces: Vec<Span>, length: usize) {
        let fits = self.filled + length <= self.max_chars && self.filled < self.even;
        match self.groups.last_mut() {
            Some(last) if fits || last.is_empty() => last.extend(pieces),
            _ => {
                self.groups.push(pieces);
                self.filled = 0;
            }
        }
        self.filled += length;
    }
}

/// How many characters each part has when `total` are cut into as few parts of at most `most` as
/// will do.
fn even(total: usize, most: usize) -> usize {
    total.div_ceil(total.div_ceil(most).max(1))
}

/// One paragraph in pieces of at most `max_chars` characters, cut after the last sentence end
/// that fits, or anywhere where no sentence ends.
fn sentences(text: &str, paragraph: Span, max_chars: usize) -> Vec<Span> {
    let mut pieces = Vec::new();
    let mut rest = paragraph;
    let mut left = paragraph.of(text).chars().count();
    loop {
        let content = rest.of(text);
        if left <= max_chars {
            pieces.extend(trimmed(text, rest));
            return pieces;
        }
        // A sentence more than even, so that the pieces do not become more than they have to.
        let even = even(left, max_chars);
        let length = (even + even / 4).min(max_chars);
        let limit = content
            .char_indices()
            .nth(length)
            .map_or(content.len(), |(limit, _)| limit);
        let fits = content.get(..limit).unwrap_or(content);
        let end = last_sentence_end(fits).unwrap_or(limit);
        let piece = Span::new(rest.start, rest.start + end);
        left -= piece.of(text).chars().count();
        pieces.extend(trimmed(text, piece));
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
