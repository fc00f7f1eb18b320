//! Regions or reports side by side as a file: one column, or four, for each.
//!
//! In the table of a spreadsheet every row is of one theme and says whether what stands beside one
//! another belongs together; in Markdown each theme is a table.

use std::io::{self, Write};
use std::sync::Arc;

use super::{Format, SEPARATOR, plain, row};
use crate::search::{Comparison, Hit, Section};

/// The section of passages that bear no theme.
const NO_THEME: &str = "未归入主题";
/// The most figures that a cell of Markdown lists.
const FIGURES: usize = 6;

/// The whole of `comparison`, with addresses that begin with `base`. A comparison has no line for
/// each passage, so JSON lines come out as Markdown does.
pub(in crate::http) fn compared(
    comparison: &Comparison,
    format: Format,
    base: &str,
) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    match format {
        Format::Csv => table(&mut out, comparison, base)?,
        Format::Jsonl | Format::Markdown => text(&mut out, comparison, base)?,
    }
    Ok(out)
}

/// Rows of passages, first those that belong together, with whether they do.
fn rows(section: &Section) -> Vec<(bool, Vec<Option<&Hit>>)> {
    let rows = section.rows.iter().map(|row| {
        let cells = row.cells.iter().map(Option::as_deref);
        (true, cells.collect())
    });
    let most = section.rest.iter().map(Vec::len).max().unwrap_or(0);
    let rest = (0..most).map(|at| {
        let cells = section.rest.iter();
        let cells = cells.map(|side| side.get(at).map(Arc::as_ref));
        (false, cells.collect())
    });
    rows.chain(rest).collect()
}

fn theme(section: &Section) -> String {
    let Some(theme) = &section.theme else {
        return NO_THEME.to_owned();
    };
    let mut path = theme.parents.clone();
    path.push(theme.label.clone());
    path.join(SEPARATOR)
}

fn heading(hit: &Hit) -> String {
    if hit.passage.heading_path.is_empty() {
        return hit.passage.kind.label().to_owned();
    }
    hit.passage.heading_path.join(SEPARATOR)
}

fn figures(hit: &Hit) -> Vec<String> {
    let all = hit.passage.quantities.iter();
    all.map(|quantity| {
        let text = quantity.range.of(&hit.passage.text);
        format!("{} {text}", quantity.label).trim().to_owned()
    })
    .collect()
}

fn link(hit: &Hit, base: &str) -> String {
    format!("{base}/passages/{}", hit.passage.id)
}

/// What is left out for want of room, by side; empty where nothing is.
fn unlisted(comparison: &Comparison, section: &Section) -> Vec<(String, usize)> {
    let sides = comparison.sides.iter().enumerate();
    let left_out = sides.map(|(at, side)| (side.subject.label.clone(), section.unlisted(at)));
    left_out.filter(|&(_, count)| count > 0).collect()
}

fn table(out: &mut Vec<u8>, comparison: &Comparison, base: &str) -> io::Result<()> {
    out.extend("\u{feff}".bytes());
    let mut heads = vec!["主题".to_owned(), "相互对应".to_owned()];
    for side in &comparison.sides {
        let label = &side.subject.label;
        heads.extend(["标题", "正文", "数值", "链接"].map(|what| format!("{label}：{what}")));
    }
    row(out, &heads)?;
    for section in &comparison.sections {
        let theme = theme(section);
        for (belongs, hits) in rows(section) {
            let mut cells = vec![theme.clone(), if belongs { "是" } else { "否" }.to_owned()];
            for hit in hits {
                cells.extend(match hit {
                    Some(hit) => [
                        heading(hit),
                        hit.passage.text.clone(),
                        figures(hit).join("；"),
                        link(hit, base),
                    ],
                    None => std::array::from_fn(|_| String::new()),
                });
            }
            row(out, &cells)?;
        }
        for (label, count) in unlisted(comparison, section) {
            let mut cells = vec![String::new(); heads.len()];
            if let [first, second, ..] = cells.as_mut_slice() {
                first.clone_from(&theme);
                *second = format!("{label}另有 {count} 段未列出");
            }
            row(out, &cells)?;
        }
    }
    Ok(())
}

fn text(out: &mut Vec<u8>, comparison: &Comparison, base: &str) -> io::Result<()> {
    let labels: Vec<String> = comparison
        .sides
        .iter()
        .map(|side| plain(&side.subject.label))
        .collect();
    writeln!(out, "# {}", labels.join(" / "))?;
    for section in &comparison.sections {
        writeln!(out, "\n## {}\n", plain(&theme(section)))?;
        writeln!(out, "| {} | 相互对应 |", labels.join(" | "))?;
        writeln!(out, "|{}", " --- |".repeat(labels.len() + 1))?;
        for (belongs, hits) in rows(section) {
            for hit in hits {
                let cell = hit.map_or_else(String::new, |hit| cell(hit, base));
                write!(out, "| {cell} ")?;
            }
            writeln!(out, "| {} |", if belongs { "是" } else { "否" })?;
        }
        for (label, count) in unlisted(comparison, section) {
            writeln!(out, "\n{}另有 {count} 段未列出", plain(&label))?;
        }
    }
    Ok(())
}

/// A passage in a cell of Markdown, which is one line.
fn cell(hit: &Hit, base: &str) -> String {
    let mut parts = vec![
        format!("**{}**", plain(&heading(hit))),
        plain(&hit.snippet.text),
    ];
    let mut figures = figures(hit);
    let more = figures.len() > FIGURES;
    figures.truncate(FIGURES);
    if !figures.is_empty() {
        let more = if more { "等" } else { "" };
        parts.push(format!("数值：{}{more}", plain(&figures.join("；"))));
    }
    parts.push(format!("<{}>", link(hit, base)));
    parts.join("<br>")
}
