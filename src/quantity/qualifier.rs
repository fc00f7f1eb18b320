//! The words that say how near the true value is to a figure.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::view::View;
use super::{Qualifier, unit};

/// A word before a number, what it says, and the characters that make another word of it.
type Before = (&'static str, Qualifier, &'static str);

/// Words that stand before a number and say how near it is; longer ones first. Beside each, the
/// characters that make another word of it where one stands before: 节约.
const BEFORE: [Before; 32] = [
    ("不少于", Qualifier::AtLeast, ""),
    ("不低于", Qualifier::AtLeast, ""),
    ("不小于", Qualifier::AtLeast, ""),
    ("不超过", Qualifier::AtMost, ""),
    ("不多于", Qualifier::AtMost, ""),
    ("不高于", Qualifier::AtMost, ""),
    ("不大于", Qualifier::AtMost, ""),
    ("不得少于", Qualifier::AtLeast, ""),
    ("不得低于", Qualifier::AtLeast, ""),
    ("不得超过", Qualifier::AtMost, ""),
    ("至少", Qualifier::AtLeast, ""),
    ("最少", Qualifier::AtLeast, ""),
    ("至多", Qualifier::AtMost, ""),
    ("最多", Qualifier::AtMost, ""),
    ("超过", Qualifier::Over, ""),
    ("超出", Qualifier::Over, ""),
    ("突破", Qualifier::Over, ""),
    ("多于", Qualifier::Over, ""),
    ("高于", Qualifier::Over, ""),
    ("大于", Qualifier::Over, ""),
    ("不足", Qualifier::Less, ""),
    ("不到", Qualifier::Less, ""),
    ("低于", Qualifier::Less, ""),
    ("少于", Qualifier::Less, ""),
    ("小于", Qualifier::Less, ""),
    ("不满", Qualifier::Less, ""),
    ("接近", Qualifier::About, ""),
    ("近", Qualifier::About, "最附远靠新相邻临"),
    ("约", Qualifier::About, "节制签预公特合集简条"),
    ("逾", Qualifier::Over, ""),
    ("超", Qualifier::Over, "赶高反"),
    ("上", Qualifier::AtLeast, "以路网线史会值海"),
];

/// The same by their last characters.
static BEFORE_BY_LAST: LazyLock<FxHashMap<char, Vec<Before>>> = LazyLock::new(|| {
    let mut by_last: FxHashMap<char, Vec<Before>> = FxHashMap::default();
    for entry in BEFORE {
        if let Some(last) = entry.0.chars().next_back() {
            by_last.entry(last).or_default().push(entry);
        }
    }
    by_last
});

/// The qualifier that ends before `end`, with its length.
pub(super) fn qualifier_before(view: &View, end: usize) -> Option<(usize, Qualifier)> {
    let before = view.slice(end.saturating_sub(5), end);
    let mut best: Option<(usize, Qualifier)> = None;
    let last = before.last()?;
    for &(word, qualifier, stops) in BEFORE_BY_LAST.get(last).into_iter().flatten() {
        let length = word.chars().count();
        let Some((rest, tail)) = before
            .len()
            .checked_sub(length)
            .and_then(|at| before.split_at_checked(at))
        else {
            continue;
        };
        if tail.iter().copied().eq(word.chars())
            && !rest.last().is_some_and(|&c| stops.contains(c))
            && best.is_none_or(|(longest, _)| length > longest)
        {
            best = Some((length, qualifier));
        }
    }
    best
}

/// Words that stand after a number or its unit and say how near it is; longer ones first.
const AFTER: [(&str, Qualifier); 10] = [
    ("及以上", Qualifier::AtLeast),
    ("或以上", Qualifier::AtLeast),
    ("及以下", Qualifier::AtMost),
    ("以上", Qualifier::AtLeast),
    ("以下", Qualifier::AtMost),
    ("以内", Qualifier::AtMost),
    ("之内", Qualifier::AtMost),
    ("左右", Qualifier::About),
    ("上下", Qualifier::About),
    ("多", Qualifier::Over),
];

/// The qualifier that begins at `at`, with its length.
pub(super) fn qualifier_after(view: &View, at: usize) -> Option<(usize, Qualifier)> {
    let rest = view.rest(at);
    AFTER.iter().find_map(|&(word, qualifier)| {
        let length = unit::length_at(rest, word)?;
        // 以上海, 多少
        let next = rest.get(length);
        let is_word = match qualifier {
            Qualifier::Over => next.is_some_and(|&c| !matches!(c, '，' | '。' | ';' | '、')),
            _ => next == Some(&'海') && word.ends_with('上'),
        };
        (!is_word).then_some((length, qualifier))
    })
}
