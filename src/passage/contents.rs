//! Finds tables of contents, whose numbers open no unit.

use std::collections::HashMap;
use std::ops::Range;

use super::line::Line;
use crate::numbering::{self, Form};

/// The most characters an entry has.
const ENTRY_MAX_CHARS: usize = 60;
/// The most entries a table has.
const MOST_ENTRIES: usize = 300;

/// How many numbered headings with nothing between them, near the start, are a table of contents
/// though no 目录 says so.
const UNNAMED_LEAST: usize = 3;
/// How many lines that is looked for among.
const UNNAMED_WITHIN: usize = 60;

/// The lines of each table of contents: short ones below 目录, down to the last that is found again
/// as a heading further down; near the start, also numbered ones without that word, where the first
/// is found again.
pub(super) fn tables(lines: &[Line<'_>]) -> Vec<Range<usize>> {
    let heads: Vec<usize> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| is_head(line))
        .map(|(at, _)| at)
        .collect();
    let unnamed = unnamed(lines);
    if heads.is_empty() && unnamed.is_empty() {
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
    let first = lines.get(unnamed.start).map(key);
    let again = |&at: &usize| at > unnamed.start && lines.get(at).map(key) == first;
    // The text may begin right below the table, with the first entry again.
    if let Some(end) = unnamed.clone().find(again) {
        tables.push(unnamed.start..end);
    } else if first.is_some_and(|first| last.get(&first).is_some_and(|&at| at >= unnamed.end)) {
        tables.push(unnamed);
    }
    tables
}

/// The first run of short numbered lines that is long enough to be a table of contents.
fn unnamed(lines: &[Line<'_>]) -> Range<usize> {
    let mut start = 0;
    let numbered = |line: &Line<'_>| {
        line.chars <= ENTRY_MAX_CHARS
            && !line.text.ends_with(['。', '；'])
            && numbering::marker(line.text).is_some_and(|marker| marker.form <= Form::Bracketed)
    };
    let run = lines
        .iter()
        .take(UNNAMED_WITHIN)
        .enumerate()
        .skip_while(|(_, line)| !numbered(line))
        .take_while(|(_, line)| numbered(line));
    let mut end = 0;
    for (nth, (at, _)) in run.enumerate() {
        if nth == 0 {
            start = at;
        }
        end = at + 1;
    }
    if end - start >= UNNAMED_LEAST {
        start..end
    } else {
        0..0
    }
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
