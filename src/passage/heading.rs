//! Tells headings from text: the heading sentence of a numbered line, and lines that are headings
//! though they bear no number.

use super::line::Line;
use crate::report::Span;

/// The most characters a first sentence may have and still be a heading when more text of the
/// same paragraph follows it, or when it is all there is.
const HEADING_MAX_CHARS: usize = 60;
/// The fewest and the most characters a heading without a number has.
const BARE_CHARS: (usize, usize) = (4, 30);
/// The same for one that names a kind of document, as a title does.
const NAMED_MAX_CHARS: usize = 60;
/// The fewest characters of a line that can only be a paragraph.
const PARAGRAPH_MIN_CHARS: usize = 40;
/// What the title of a document ends with.
const DOCUMENTS: [&str; 12] = [
    "方案", "意见", "办法", "制度", "规定", "细则", "计划", "规则", "条例", "规划", "要点", "措施",
];

/// The name an article gives itself, 第一条【目的】, and its text; most have none.
pub(super) fn of_article(text: &str, line: Span) -> (Option<Span>, Option<Span>) {
    let content = line.of(text);
    let named = content
        .strip_prefix('【')
        .and_then(|rest| rest.find('】'))
        .filter(|&len| len <= 4 * HEADING_MAX_CHARS);
    let Some(len) = named else {
        return (None, trimmed(text, line));
    };
    let start = line.start + '【'.len_utf8();
    let end = start + len;
    (
        trimmed(text, Span::new(start, end)),
        trimmed(text, Span::new(end + '】'.len_utf8(), line.end)),
    )
}

/// The heading sentence of a unit's first line, without its full stop, and the rest of the line.
///
/// A line without a sentence end is a heading alone, unless it is too long for one.
pub(super) fn split(text: &str, line: Span) -> (Option<Span>, Option<Span>) {
    let content = line.of(text);
    let mut depth = 0_u32;
    let end = content
        .char_indices()
        // A heading ends within its length or the line has none.
        .take(HEADING_MAX_CHARS + 1)
        .find_map(|(at, c)| {
            match c {
                '“' | '‘' | '《' | '（' | '(' | '「' | '『' | '【' => depth += 1,
                '”' | '’' | '》' | '）' | ')' | '」' | '』' | '】' => {
                    depth = depth.saturating_sub(1);
                }
                _ => {}
            }
            (depth == 0 && matches!(c, '。' | '！' | '？' | '!' | '?'))
                .then_some((at, c.len_utf8()))
        });
    // An item of a list ends with a semicolon and has no heading.
    if end.is_none() && content.ends_with(['；', ';']) {
        return (None, trimmed(text, line));
    }
    let (heading, rest) = match end {
        Some((at, len)) => (
            Span::new(line.start, line.start + at),
            Span::new(line.start + at + len, line.end),
        ),
        None => (line, Span::new(line.end, line.end)),
    };
    let body = trimmed(text, rest);
    let length = heading.of(text).chars().take(HEADING_MAX_CHARS + 1).count();
    if length > HEADING_MAX_CHARS {
        return (None, trimmed(text, line));
    }
    (trimmed(text, heading), body)
}

/// The span without blanks at its ends, or nothing where it is all blank.
pub(super) fn trimmed(text: &str, span: Span) -> Option<Span> {
    let content = span.of(text);
    let start = span.start + (content.len() - content.trim_start().len());
    let len = content.trim().len();
    (len > 0).then(|| Span::new(start, start + len))
}

/// Whether `line` may be a heading without a number, by itself and by what stands around it.
///
/// The line before has to end a sentence, so that neither a cell of a table nor a line of a
/// paragraph that was broken into lines is one; the line after has to be a paragraph, or
/// `numbered`.
pub(super) fn stands_alone(
    before: Option<&Line<'_>>,
    line: &Line<'_>,
    after: Option<&Line<'_>>,
    numbered: bool,
) -> bool {
    if line.chars > NAMED_MAX_CHARS || line.chars < BARE_CHARS.0 {
        return false;
    }
    let marked = line.text.starts_with("# ") || line.text.starts_with("##");
    if marked {
        return after.is_some();
    }
    let names_document = names_document(line.text);
    if !(line.chars <= BARE_CHARS.1 || names_document) || !reads_as_heading(line.text) {
        return false;
    }
    let Some(after) = after else {
        return false;
    };
    let before = match before {
        None => true,
        Some(before) => {
            (names_document && (numbered || after.chars >= 2 * PARAGRAPH_MIN_CHARS))
                || ends_paragraph(before.text)
                || is_date(before.text)
        }
    };
    before
        && (numbered
            || (after.chars >= PARAGRAPH_MIN_CHARS && after.chars > line.chars + line.chars / 2))
}

/// Whether `line` ends as the title of a document does: …实施方案, …管理办法（试行）.
pub(super) fn names_document(line: &str) -> bool {
    let name = match line.rfind(['（', '(']) {
        Some(at) if line.ends_with(['）', ')']) => line.get(..at).unwrap_or(line),
        _ => line,
    };
    DOCUMENTS.iter().any(|kind| name.ends_with(kind)) && !line.contains('。')
}

fn reads_as_heading(line: &str) -> bool {
    let mut han = 0;
    let mut all = 0;
    for c in line.chars() {
        all += 1;
        match c {
            '\u{4e00}'..='\u{9fff}' => han += 1,
            '。' | '；' | '：' | ':' | ';' | '！' | '？' | '!' | '?' | '|' | '…' | '_' => {
                return false;
            }
            c if c.is_whitespace() => return false,
            _ => {}
        }
    }
    han * 2 >= all && !line.ends_with(['，', '、', ',', '—', '-', '.']) && !is_date(line)
}

/// Whether `line` ends a sentence or announces what follows.
pub(super) fn ends(line: &str) -> bool {
    line.ends_with(['。', '！', '？', '；', '：', '，', '!', '?', ';', ':'])
}

/// Whether `line`, below a number alone on its line, is the heading.
pub(super) fn may_stand_below(line: &Line<'_>) -> bool {
    line.chars <= HEADING_MAX_CHARS && !line.apart && !ends(line.text) && !is_date(line.text)
}

/// Whether `line`, below a heading without a sentence end, may go on with it.
pub(super) fn may_continue(line: &Line<'_>, after: Option<&Line<'_>>) -> bool {
    line.chars <= BARE_CHARS.1
        && !line.apart
        && reads_as_heading(line.text)
        && after.is_some_and(|after| after.chars >= PARAGRAPH_MIN_CHARS)
}

/// Whether a paragraph or a salutation ends with `line`.
fn ends_paragraph(line: &str) -> bool {
    line.ends_with([
        '。', '！', '？', '；', '：', '!', '?', ';', ':', '”', '’', '）', ')', '》',
    ])
}

/// Whether `line` is a date and nothing else, as under a signature: 2016年6月7日, 二〇一六年六月七日.
pub(super) fn is_date(line: &str) -> bool {
    line.len() <= 60
        && line.contains('年')
        && line.contains('月')
        && line.chars().all(|c| {
            c.is_ascii_digit()
                || c.is_whitespace()
                || "年月日０１２３４５６７８９〇○零一二三四五六七八九十元（）()".contains(c)
        })
}

/// Whether a speaker turns to the audience with `line`, which ends what went into single fields.
pub(super) fn addresses_audience(line: &str) -> bool {
    ["各位代表", "各位委员", "各位同志", "同志们"]
        .iter()
        .filter_map(|words| line.strip_prefix(words))
        .any(|rest| rest.starts_with(['，', ',', '！', '!', '：', ':']))
}
