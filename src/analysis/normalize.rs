//! Folds a whole text and remembers where each character of the result came from.

use std::ops::Range;

use crate::fold::{fold, is_searchable};
use crate::report::Span;

/// `original` as it is compared, without where its characters came from: the text of
/// [`Normalized`], for those who only take it in.
///
/// ```
/// use cesou::analysis::normalize;
///
/// assert_eq!(normalize("Ｗi-Fi\u{3000} 農村 "), "wi-fi 农村");
/// ```
#[must_use]
pub fn normalize(original: &str) -> String {
    let mut text = String::with_capacity(original.len());
    // Most characters stand for themselves, and a run of them is copied at once.
    let mut run = 0;
    for (at, c) in original.char_indices() {
        let folded = fold(c);
        if folded == Some(c) && c != ' ' {
            continue;
        }
        text.push_str(original.get(run..at).unwrap_or_default());
        run = at + c.len_utf8();
        match folded {
            Some(' ') if text.is_empty() || text.ends_with(' ') => {}
            Some(folded) => text.push(folded),
            None => {}
        }
    }
    text.push_str(original.get(run..).unwrap_or_default());
    if text.ends_with(' ') {
        text.pop();
    }
    text
}

/// The punctuation and blanks of a normalised text, each once, in order of code point.
#[must_use]
pub fn marks(normalized: &str) -> Vec<char> {
    let mut marks: Vec<char> = Vec::new();
    for c in normalized.chars().filter(|&c| !is_searchable(c)) {
        // There are only a few in any text.
        if !marks.contains(&c) {
            marks.push(c);
        }
    }
    marks.sort_unstable();
    marks
}

/// A text as it is compared: each character folded, invisible ones dropped, each run of blanks
/// one space, none at the ends.
///
/// ```
/// use cesou::analysis::Normalized;
///
/// let text = Normalized::new("Ｗi-Fi\u{3000} 農村");
/// assert_eq!(text.as_str(), "wi-fi 农村");
/// assert_eq!(text.original(7..9).of("Ｗi-Fi\u{3000} 農村"), "村");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalized {
    text: String,
    /// For each character of `text`, the bytes of the original it stands for.
    from: Vec<(u32, u32)>,
}

impl Normalized {
    /// Normalises `original`, which has less than 4 GiB.
    #[must_use]
    pub fn new(original: &str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut from: Vec<(u32, u32)> = Vec::with_capacity(original.len() / 3);
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        // Most characters stand for themselves, and a run of them is copied at once.
        let mut run = 0;
        for (at, c) in original.char_indices() {
            let folded = fold(c);
            let end = at + c.len_utf8();
            if folded == Some(c) && c != ' ' {
                from.push((offset(at), offset(end)));
                continue;
            }
            text.push_str(original.get(run..at).unwrap_or_default());
            run = end;
            let Some(folded) = folded else { continue };
            if folded == ' ' {
                if text.is_empty() {
                    continue;
                }
                if text.ends_with(' ') {
                    if let Some(last) = from.last_mut() {
                        last.1 = offset(end);
                    }
                    continue;
                }
            }
            text.push(folded);
            from.push((offset(at), offset(end)));
        }
        text.push_str(original.get(run..).unwrap_or_default());
        if text.ends_with(' ') {
            text.pop();
            from.pop();
        }
        Self { text, from }
    }

    /// The normalised text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many characters it has.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.from.len()
    }

    /// What `chars`, a range of its characters, stands for in the original.
    ///
    /// A range that does not fit is cut to what does.
    #[must_use]
    pub fn original(&self, chars: Range<usize>) -> Span {
        let chars = self.from.get(chars.start..chars.end.min(self.from.len()));
        match chars {
            Some([first, .., last]) => Span::new(first.0 as usize, last.1 as usize),
            Some([only]) => Span::new(only.0 as usize, only.1 as usize),
            _ => Span::new(0, 0),
        }
    }
}
