//! The lines of a report that are not blank, without its boilerplate.

use crate::report::{Report, Span};

/// A line that is not blank, or what boilerplate leaves of one.
pub(super) struct Line<'a> {
    /// Without blanks at its ends.
    pub(super) span: Span,
    pub(super) text: &'a str,
    /// From 0.
    pub(super) index: usize,
    /// How many characters it has.
    pub(super) chars: usize,
    /// Whether boilerplate stands between it and the line before.
    pub(super) apart: bool,
}

/// Every line of `text`.
pub(super) fn all(text: &str) -> impl Iterator<Item = Line<'_>> {
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
                chars: trimmed.chars().count(),
                apart: false,
            })
        })
}

/// The lines of a report without its boilerplate, which takes lines whole or in part.
pub(super) fn of(report: &Report) -> Vec<Line<'_>> {
    let mut cuts: Vec<Span> = report
        .boilerplate
        .iter()
        .map(|boilerplate| boilerplate.range)
        .filter(|range| !range.is_empty())
        .collect();
    cuts.sort_unstable();
    let mut cuts = cuts.into_iter().peekable();
    let mut lines = Vec::with_capacity(report.text.len() / 200);
    let mut apart = false;
    for line in all(&report.text) {
        let Span { mut start, end } = line.span;
        let mut whole = true;
        while let Some(&cut) = cuts.peek() {
            if cut.start >= end {
                break;
            }
            whole = false;
            if cut.start > start {
                push(
                    &mut lines,
                    report,
                    Span::new(start, cut.start),
                    &line,
                    apart,
                );
            }
            apart = true;
            start = start.max(cut.end).min(end);
            if cut.end > end {
                break;
            }
            cuts.next();
        }
        if whole {
            lines.push(Line { apart, ..line });
            apart = false;
        } else if start < end {
            push(&mut lines, report, Span::new(start, end), &line, apart);
            apart = false;
        }
    }
    lines
}

fn push<'a>(
    lines: &mut Vec<Line<'a>>,
    report: &'a Report,
    span: Span,
    line: &Line<'a>,
    apart: bool,
) {
    let text = span.of(&report.text);
    let trimmed = text.trim();
    if !trimmed.is_empty() {
        let start = span.start + (text.len() - text.trim_start().len());
        lines.push(Line {
            span: Span::new(start, start + trimmed.len()),
            text: trimmed,
            index: line.index,
            chars: trimmed.chars().count(),
            apart,
        });
    }
}
