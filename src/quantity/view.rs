//! A text as figures are looked for in it.

use crate::fold::fold;
use crate::report::Span;

/// A text as figures are looked for in it: folded, blanks left out where they part nothing, each
/// character with the bytes it stands for.
pub(super) struct View {
    pub(super) chars: Vec<char>,
    from: Vec<(usize, usize)>,
}

impl View {
    pub(super) fn new(text: &str) -> Self {
        let mut view = Self {
            chars: Vec::with_capacity(text.len() / 3),
            from: Vec::with_capacity(text.len() / 3),
        };
        let is_wide = |c: Option<char>| c.is_some_and(|c| ('０'..='９').contains(&c));
        let is_narrow = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let mut before = None;
        let mut blank = None;
        let mut rest = text.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            let next = rest.peek().map(|&(_, c)| c);
            let folded = match c {
                '\n' => Some('\n'),
                // Between figures of its width it parts thousands, elsewhere clauses.
                '，' if !(is_wide(before) && is_wide(next)) => Some('，'),
                ',' if !(is_narrow(before) && is_narrow(next)) => Some('，'),
                '−' | '﹣' => Some('-'),
                '\u{2014}' | '\u{2013}' | '\u{2015}' | '\u{2500}' | '～' | '~' => Some('—'),
                c => fold(c),
            };
            before = Some(c);
            let Some(folded) = folded else { continue };
            if folded == ' ' {
                blank.get_or_insert((at, at + c.len_utf8()));
                continue;
            }
            // 38 亿元 is one figure, 3 4亿元 are two numbers.
            if let Some(span) = blank.take()
                && view.chars.last().is_some_and(|&last| is_code(last))
                && is_code(folded)
            {
                view.chars.push(' ');
                view.from.push(span);
            }
            view.chars.push(folded);
            view.from.push((at, at + c.len_utf8()));
        }
        view
    }

    /// What `start..end` of its characters, not empty, stands for in the text.
    pub(super) fn span(&self, start: usize, end: usize) -> Option<Span> {
        let first = self.from.get(start)?;
        let last = self.from.get(end.checked_sub(1)?)?;
        Some(Span::new(first.0, last.1))
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &[char] {
        let end = end.min(self.chars.len());
        self.chars.get(start..end).unwrap_or_default()
    }

    pub(super) fn rest(&self, from: usize) -> &[char] {
        self.chars.get(from..).unwrap_or_default()
    }

    pub(super) fn get(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    pub(super) fn before(&self, at: usize) -> Option<char> {
        at.checked_sub(1).and_then(|at| self.get(at))
    }
}

/// Whether `c` can be part of a number or a Latin word.
pub(super) fn is_code(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ',')
}
