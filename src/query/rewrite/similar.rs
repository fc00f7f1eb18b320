//! Characters that look alike.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Each line is a character and those that look like it; the file's head says where they are from.
const SIMILAR: &str = include_str!("similar.txt");

static TABLE: LazyLock<HashMap<char, &'static str>> = LazyLock::new(|| {
    SIMILAR
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut chars = line.chars();
            Some((chars.next()?, chars.as_str()))
        })
        .collect()
});

/// The characters that look like `c`, the most similar first.
pub(super) fn similar(c: char) -> impl Iterator<Item = char> {
    TABLE.get(&c).copied().unwrap_or_default().chars()
}
