//! Says where the numbers of a document's units do not follow one another.
//!
//! Numbers start again under each parent, or go on through the whole document; either is in order.

use std::collections::HashMap;

use super::line::Line;
use super::outline::{NodeKind, Outline};
use super::unit::Units;
use crate::numbering::Form;
use crate::report::{Report, Warning, WarningKind};

/// What is odd about the numbers of `units`.
pub(super) fn numbers(
    report: &Report,
    lines: &[Line<'_>],
    outline: &Outline,
    units: &Units,
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut under: HashMap<(usize, Form), u32> = HashMap::new();
    // The last number of each form since the numbering began anew.
    let mut last = [0; Form::COUNT];
    for (at, node) in outline.nodes.iter().enumerate() {
        let NodeKind::Numbered(form) = node.kind else {
            last = [0; Form::COUNT];
            continue;
        };
        let Some(last) = last.get_mut(form.rank()) else {
            continue;
        };
        let before = under.insert((node.parent, form), node.number);
        let going_on = *last + 1;
        *last = node.number;
        // What does not begin with 1 under its parent goes on from the one before it.
        let began = if node.number > 1 { going_on } else { 1 };
        let expected = before.map_or(began, |before| before + 1);
        if node.number == expected {
            continue;
        }
        // Lists within a unit, and the rows of attached tables, count as they like.
        if !units.has(at) || form > Form::Digit || (node.attached && form == Form::Digit) {
            continue;
        }
        let what = if node.number > expected {
            "中间缺号"
        } else if node.number + 1 == expected {
            "与上一个重复"
        } else {
            "次序颠倒"
        };
        let Some(line) = lines.get(node.line) else {
            continue;
        };
        let written = node.label.map_or("", |label| label.of(&report.text));
        let heading = node.heading.map_or("", |heading| heading.of(&report.text));
        let written = written.strip_suffix(heading).unwrap_or(written).trim();
        warnings.push(Warning {
            source: report.source.clone(),
            line: report.line + line.index,
            kind: WarningKind::MeasureNumber,
            message: format!(
                "编号“{written}”是 {}，按次序应为 {expected}（{what}）；照原样保留",
                node.number
            ),
        });
    }
    warnings
}
