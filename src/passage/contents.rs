//! Finds tables of contents, whose numbers open no unit.

use std::collections::HashMap;
use std::ops::Range;

use super::line::Line;

/// The most characters an entry has.
const ENTRY_MAX_CHARS: usize = 60;
/// The most entries a table has.
const MOST_ENTRIES: usize = 300;

/// The lines of each table of contents: short ones below 目录, down to the last that is found again
/// as a heading further down.
pub(super) fn tables(lines: &[Line<'_>]) -> Vec<Range<usize>> {
    let heads: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| is_head(line))
        .map(|(at, _)| at)
        .collect();
    if heads.is_empty() {
        return Vec::new();
    }
    let mut last = HashMap::new();
    for (at, line) in lines.iter().enumerate() {
        last.insert(key(line), at);
    }
    let mut tables: Vec<Range<usize>> = Vec::new();
    for head in heads {
        if tables.last().is_some_and(|table| table.contains(&head)) {
            continue;
        }
        let mut end = head + 1;
        let below = lines.iter().enumerate().skip(head + 1).take(MOST_ENTRIES);
        for (at, line) in below {
            if line.chars > ENTRY_MAX_CHARS || line.text.contains('。') || is_head(line) {
                break;
            }
            if last.get(&key(line)).is_some_and(|&again| again > at) {
                end = at + 1;
            }
        }
        tables.push(head..end);
    }
    tables
}

fn is_head(line: &Line<'_>) -> bool {
    line.chars <= 8
        && line.text.starts_with('目')
        && line.text.split_whitespace().collect::<String>() == "目录"
}

/// What an entry and its heading have in common: the heading sentence without blanks, leaders and
/// the number of its page.
fn key(line: &Line<'_>) -> String {
    let heading = line
        .text
        .split('。')
        .next()
        .filter(|heading| heading.len() <= 4 * ENTRY_MAX_CHARS)
        .unwrap_or_default();
    heading
        .trim_end_matches(|c: char| {
            c.is_ascii_digit() || c.is_whitespace() || matches!(c, '.' | '…' | '·')
        })
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect()
}
