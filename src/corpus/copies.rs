//! Finds where a file begins to say again what it has said.
//!
//! A page saved with the frames it was made of holds its text two or three times, and every hit in
//! it would be shown as often. Only a rest in which nothing is new is a copy: each of its lines
//! stands above word for word, or is boilerplate anyway, so nothing is lost with it.

use std::collections::HashSet;

use super::boilerplate::{Place, Rules};
use super::titles::Line;

/// The least characters of a line that tells a text from others, and how many such lines a copy
/// has.
const TELLING_CHARS: usize = 30;
const TELLING_LINES: usize = 10;

/// The line from which on `lines` say nothing new, where they say much again.
pub(super) fn begin(text: &str, lines: &[Line], rules: &Rules) -> Option<usize> {
    let content = |line: &Line| line.span.of(text);
    let tells = |line: &str| line.len() > TELLING_CHARS && line.chars().count() >= TELLING_CHARS;
    // Only a text whose first telling sentence stands in it again is looked at line by line.
    let first = lines.iter().find(|line| {
        let line = content(line);
        tells(line) && rules.rule(line, Place::Head).is_none()
    })?;
    let below = text.get(first.span.end..)?;
    if !below.contains(content(first)) {
        return None;
    }
    let mut seen: HashSet<String> = HashSet::new();
    let mut rest = 0;
    let mut telling = 0;
    for (at, line) in lines.iter().enumerate() {
        let line = content(line);
        let key: String = line.chars().filter(|c| !c.is_whitespace()).collect();
        let again = seen.contains(&key);
        let nothing = again
            || key.chars().all(|c| !c.is_alphanumeric())
            || rules.rule(line, Place::Head).is_some()
            || rules.rule(line, Place::Tail).is_some();
        if nothing {
            telling += usize::from(again && tells(line));
        } else {
            rest = at + 1;
            telling = 0;
        }
        seen.insert(key);
    }
    (telling >= TELLING_LINES && rest < lines.len()).then_some(rest)
}
