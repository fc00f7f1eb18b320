//! The most telling part of a passage, with what matched marked.
//!
//! The engine's own generator panics on overlapping tokens and counts bytes. Here matches are
//! found in the normalised text and carried back to the original, so that a mark covers whole
//! characters as the report has them, and a snippet never begins or ends inside one.
//!
//! Invariant: `html` without tags and escapes is `text`, and `<mark>` its only tag
//! (`tests/snippets.rs`, over arbitrary text).

use crate::analysis::normalize;
use crate::fold::fold;
use crate::index::PassageRecord;
use crate::query::Needle;
use crate::report::Span;

/// Blanks and clause ends are looked for this many characters before a forced cut.
const SOFT_CUT_CHARS: usize = 16;
/// Characters shown before the first match when its sentence does not fit.
const LEAD_CHARS: usize = 12;

/// A piece of a passage.
pub type Snippet = Marked;

/// Text, plain and with matches marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    /// Plain text; `…` where a sentence is cut, one blank for each run of blanks.
    pub text: String,
    /// The same, escaped for HTML, with `<mark>` around matches and no other tag.
    pub html: String,
    /// Whether anything is marked.
    pub matched: bool,
}

impl Marked {
    /// The whole of `text` with `spans` of it marked, which are in order and do not overlap.
    pub(super) fn at(text: &str, spans: &[Span]) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let at: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let place = |byte: usize| at.partition_point(|&at| at < byte);
        let marks: Vec<Mark> = spans
            .iter()
            .filter(|span| !span.is_empty())
            .map(|span| Mark {
                start: place(span.start),
                end: place(span.end),
                needles: Vec::new(),
            })
            .collect();
        render(&chars, 0..chars.len(), &marks, false, false)
    }
}

/// Finds what a query matched.
#[derive(Debug)]
pub struct Highlighter {
    /// Normalised, with whether only a whole number counts.
    needles: Vec<(String, bool)>,
}

/// Matches that touch or overlap, as one. Counts characters of the text searched.
#[derive(Debug)]
struct Mark {
    start: usize,
    end: usize,
    needles: Vec<usize>,
}

impl Highlighter {
    /// Marks each place where one of `needles` stands.
    #[must_use]
    pub fn new(needles: &[Needle]) -> Self {
        let mut needles: Vec<(String, bool)> = needles
            .iter()
            .map(|needle| (needle.text.as_str().to_owned(), needle.whole))
            .filter(|(needle, _)| !needle.is_empty())
            .collect();
        needles.sort_unstable();
        needles.dedup();
        Self { needles }
    }

    /// The whole of `text`, marked.
    #[must_use]
    pub fn mark(&self, text: &str) -> Marked {
        let chars: Vec<char> = text.chars().collect();
        render(&chars, 0..chars.len(), &self.marks(text), false, false)
    }

    /// Where in `text` matches stand, in order, none touching another.
    #[must_use]
    pub fn spans(&self, text: &str) -> Vec<Span> {
        let chars_at = starts(text);
        let at = |place: usize| chars_at.get(place).copied().unwrap_or(text.len());
        self.marks(text)
            .iter()
            .map(|mark| Span::new(at(mark.start), at(mark.end)))
            .collect()
    }

    /// The part of `text` around its best matches: at most about `limit` characters, more only
    /// where a single match is longer.
    #[must_use]
    pub fn crop(&self, text: &str, limit: usize) -> Span {
        let chars: Vec<char> = text.chars().collect();
        let chars_at = starts(text);
        let at = |place: usize| chars_at.get(place).copied().unwrap_or(text.len());
        let (range, _, _) = window(&chars, &self.marks(text), self, limit);
        Span::new(at(range.start), at(range.end))
    }

    /// At most about `limit` characters of a passage around its best matches; more only where a
    /// single match is longer.
    #[must_use]
    pub fn snippet(&self, passage: &PassageRecord, limit: usize) -> Snippet {
        let body = passage.body();
        let in_body = self.marks(body);
        let only_across = || {
            let heading = passage.heading.as_deref().unwrap_or_default();
            self.marks(heading).is_empty() && !self.marks(&passage.text).is_empty()
        };
        if body.is_empty() || (in_body.is_empty() && only_across()) {
            let marks = self.marks(&passage.text);
            return cut(&passage.text, &marks, self, limit);
        }
        cut(body, &in_body, self, limit)
    }

    fn marks(&self, text: &str) -> Vec<Mark> {
        if self.needles.is_empty() {
            return Vec::new();
        }
        let folded = normalize(text);
        // In bytes of the normalised text, with which needle it is.
        let mut places: Vec<(usize, usize, usize)> = Vec::new();
        for (which, (needle, whole)) in self.needles.iter().enumerate() {
            for (at, found) in folded.match_indices(needle.as_str()) {
                let end = at + found.len();
                if !*whole || !within_number(&folded, at, end) {
                    places.push((at, end, which));
                }
            }
        }
        if places.is_empty() {
            return Vec::new();
        }
        places.sort_by_key(|&(start, end, _)| (start, end));
        let mut merged: Vec<Mark> = Vec::new();
        for (start, end, needle) in places {
            match merged.last_mut() {
                Some(last) if start <= last.end => {
                    last.end = last.end.max(end);
                    last.needles.push(needle);
                }
                _ => merged.push(Mark {
                    start,
                    end,
                    needles: vec![needle],
                }),
            }
        }
        carry_back(text, &mut merged);
        merged
    }

    /// Marks `first..=last` that lie within `limit` characters and say most: each needle once, by
    /// its length, and a little for every mark.
    fn best_cluster(&self, marks: &[Mark], limit: usize) -> Option<(usize, usize)> {
        let mut counts = vec![0_usize; self.needles.len()];
        let weight = |needle: usize| {
            self.needles
                .get(needle)
                .map_or(0, |(needle, _)| needle.chars().count() * 10)
        };
        let mut worth = 0;
        let mut first = 0;
        let mut best: Option<(usize, (usize, usize))> = None;
        for (last, mark) in marks.iter().enumerate() {
            for &needle in &mark.needles {
                if let Some(count) = counts.get_mut(needle) {
                    worth += if *count == 0 { weight(needle) } else { 1 };
                    *count += 1;
                }
            }
            while first < last
                && let Some(leaving) = marks.get(first)
                && mark.end - leaving.start > limit
            {
                for &needle in &leaving.needles {
                    if let Some(count) = counts.get_mut(needle) {
                        *count -= 1;
                        worth -= if *count == 0 { weight(needle) } else { 1 };
                    }
                }
                first += 1;
            }
            if best.is_none_or(|(most, _)| worth > most) {
                best = Some((worth, (first, last)));
            }
        }
        best.map(|(_, cluster)| cluster)
    }
}

/// Makes of bytes of what `text` is normalised to, in order, characters of `text`.
///
/// Goes through the text as [`normalize`] does: where each character came from is asked of a few
/// places only.
fn carry_back(text: &str, marks: &mut [Mark]) {
    let mut marks = marks.iter_mut();
    let Some(mut mark) = marks.next() else {
        return;
    };
    // Bytes of the normalised text so far, and whether a blank was the last of them.
    let mut written = 0;
    let mut is_blank = true;
    let mut begun = None;
    for (place, c) in text.chars().enumerate() {
        let Some(folded) = fold(c).filter(|&folded| folded != ' ' || !is_blank) else {
            continue;
        };
        is_blank = folded == ' ';
        if written == mark.start && begun.is_none() {
            begun = Some(place);
        }
        written += folded.len_utf8();
        if written >= mark.end {
            mark.start = begun.take().unwrap_or(place);
            mark.end = place + 1;
            match marks.next() {
                Some(next) => mark = next,
                None => return,
            }
        }
    }
}

/// Whether the digits at `start..end` of `text` are part of a longer number.
fn within_number(text: &str, start: usize, end: usize) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let mut before = text.get(..start).unwrap_or_default().chars().rev();
    let mut after = text.get(end..).unwrap_or_default().chars();
    let joins = |next: Option<char>, beyond: Option<char>| {
        digit(next) || (next == Some('.') && digit(beyond))
    };
    joins(before.next(), before.next()) || joins(after.next(), after.next())
}

/// Where each character of `text` begins.
fn starts(text: &str) -> Vec<usize> {
    text.char_indices().map(|(at, _)| at).collect()
}

/// The part of `text` to show.
fn cut(text: &str, marks: &[Mark], highlighter: &Highlighter, limit: usize) -> Marked {
    let chars: Vec<char> = text.chars().collect();
    let (range, mid_start, mid_end) = window(&chars, marks, highlighter, limit);
    render(&chars, range, marks, mid_start, mid_end)
}

/// The part to show, and whether it begins and whether it ends within a sentence.
fn window(
    chars: &[char],
    marks: &[Mark],
    highlighter: &Highlighter,
    limit: usize,
) -> (std::ops::Range<usize>, bool, bool) {
    if chars.len() <= limit {
        return (0..chars.len(), false, false);
    }
    let (from, to) = highlighter
        .best_cluster(marks, limit)
        .and_then(|(first, last)| Some((marks.get(first)?.start, marks.get(last)?.end)))
        .unwrap_or((0, 0));

    // From the start of the sentence, where the matches then still fit.
    // Others than these are too far off to be shown.
    let near =
        to.saturating_sub(limit).max(1)..=from.saturating_add(limit).max(to).min(chars.len());
    let is_start = |at: usize| at == 0 || ends_sentence(chars, at);
    let mut sentences = vec![0];
    sentences.extend(near.filter(|&at| is_start(at)));
    let sentence = sentences
        .iter()
        .copied()
        .take_while(|&at| at <= from)
        .last()
        .unwrap_or(0);
    let mut start = if to.saturating_sub(sentence) <= limit {
        sentence
    } else {
        let spare = limit.saturating_sub(to - from);
        outside(marks, from.saturating_sub(LEAD_CHARS.min(spare)))
    };

    let furthest = start.saturating_add(limit).max(to);
    let end = if furthest >= chars.len() {
        chars.len()
    } else {
        sentences
            .iter()
            .copied()
            .rfind(|&at| at >= to && at > start && at <= furthest)
            .unwrap_or_else(|| soft_cut(chars, marks, to, furthest))
    };
    // What room is left at the end is used before the start.
    while let Some(earlier) = sentences
        .iter()
        .copied()
        .take_while(|&at| at < start)
        .last()
        .filter(|&earlier| end - earlier <= limit)
    {
        start = earlier;
    }
    let mid_start = !is_start(start);
    let mid_end = end < chars.len() && !is_start(end);
    (start..end, mid_start, mid_end)
}

/// Whether a sentence, closing quotes included, or a paragraph ends before character `at`.
fn ends_sentence(chars: &[char], at: usize) -> bool {
    let closing = |c: &char| matches!(c, '”' | '’' | '）' | ')' | '》' | '」' | '』' | '】');
    let before = chars.get(..at).unwrap_or_default();
    let last = before.iter().rev().find(|c| !closing(c));
    let next_closes = chars.get(at).is_some_and(closing);
    match last {
        Some('\n') => before.last() == Some(&'\n'),
        Some('。' | '！' | '？' | '；' | '!' | '?' | ';') => !next_closes,
        _ => false,
    }
}

/// The last place up to `furthest` where a clause ends, if one is near, and outside every mark.
fn soft_cut(chars: &[char], marks: &[Mark], to: usize, furthest: usize) -> usize {
    let near = furthest.saturating_sub(SOFT_CUT_CHARS).max(to).max(1);
    let clause = (near..=furthest).rev().find(|&at| {
        at.checked_sub(1)
            .and_then(|before| chars.get(before))
            .is_some_and(|c| matches!(c, '，' | '、' | ',' | ' ' | '\u{3000}' | '：' | ':'))
    });
    outside(marks, clause.unwrap_or(furthest)).max(to)
}

/// `at`, or the start of the mark it lies inside.
fn outside(marks: &[Mark], at: usize) -> usize {
    marks
        .iter()
        .find(|mark| mark.start < at && at < mark.end)
        .map_or(at, |mark| mark.start)
}

fn render(
    chars: &[char],
    range: std::ops::Range<usize>,
    marks: &[Mark],
    mid_start: bool,
    mid_end: bool,
) -> Marked {
    let mut out = Marked {
        text: String::new(),
        html: String::new(),
        matched: false,
    };
    if mid_start {
        out.push('…');
    }
    let shown = chars.get(range.clone()).unwrap_or_default();
    let leading = shown.iter().take_while(|c| c.is_whitespace()).count();
    let trailing = shown.iter().rev().take_while(|c| c.is_whitespace()).count();
    let visible = range.start + leading..range.end.saturating_sub(trailing);
    let mut marks = marks.iter().peekable();
    let mut open = false;
    let mut blank = false;
    for at in visible {
        let Some(&c) = chars.get(at) else { break };
        if marks.peek().is_some_and(|mark| mark.end <= at) {
            if open {
                out.html.push_str("</mark>");
                open = false;
            }
            while marks.peek().is_some_and(|mark| mark.end <= at) {
                marks.next();
            }
        }
        if !open && marks.peek().is_some_and(|mark| mark.start <= at) {
            out.html.push_str("<mark>");
            out.matched = true;
            open = true;
        }
        if c.is_whitespace() {
            if !blank {
                out.push(' ');
            }
            blank = true;
        } else {
            out.push(c);
            blank = false;
        }
    }
    if open {
        out.html.push_str("</mark>");
    }
    if mid_end {
        out.push('…');
    }
    out
}

impl Marked {
    fn push(&mut self, c: char) {
        self.text.push(c);
        match c {
            '&' => self.html.push_str("&amp;"),
            '<' => self.html.push_str("&lt;"),
            '>' => self.html.push_str("&gt;"),
            '"' => self.html.push_str("&quot;"),
            '\'' => self.html.push_str("&#39;"),
            c => self.html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::Normalized;

    proptest! {
        #[test]
        fn marks_stand_where_normalising_says(
            text in "[ab農农ＡＢ\u{200b}\u{3000} 。\n1.]{0,30}",
            needles in prop::collection::vec("[ab农]{1,2}", 1..3),
        ) {
            let needles: Vec<Needle> =
                needles.iter().map(|needle| Needle::string(Normalized::new(needle))).collect();
            let mut wanted = vec![false; text.len()];
            let normalized = Normalized::new(&text);
            let chars: Vec<char> = normalized.as_str().chars().collect();
            for needle in &needles {
                let needle: Vec<char> = needle.text.as_str().chars().collect();
                let mut next = 0;
                for at in 0..chars.len() {
                    // As they are found, one after another.
                    if at >= next && chars[at..].starts_with(&needle) {
                        next = at + needle.len();
                        let span = normalized.original(at..next);
                        wanted[span.start..span.end].fill(true);
                    }
                }
            }
            let mut marked = vec![false; text.len()];
            for span in Highlighter::new(&needles).spans(&text) {
                marked[span.start..span.end].fill(true);
            }
            for (at, c) in text.char_indices() {
                // What is not seen may stand within a mark where two meet.
                let may_differ = fold(c).is_none() && marked[at];
                prop_assert!(marked[at] == wanted[at] || may_differ, "{at} of {text:?}");
            }
        }
    }
}
