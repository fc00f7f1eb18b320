//! Reads the head of a document: boilerplate, title, number, and where its text begins.
//!
//! Above the first sentence stand lines of the site or database it was taken from, a title that may
//! be wrapped and repeated, a number, a date. Where the head ends decides what may be left out, so
//! it ends at the first line that could be a sentence, a salutation or a numbered unit.

use super::boilerplate::{Place, Rules};
use super::document_number;
use super::issuer;
use super::titles::{self, Line};
use crate::date::Date;
use crate::numbering;
use crate::report::Boilerplate;

/// Lines a head has at most, and lines it has after the title that are no boilerplate.
const MAX_LINES: usize = 80;
const MAX_LINES_BELOW_TITLE: usize = 8;
/// The most characters of a line of a head that is no sentence.
const MAX_CHARS: usize = 60;
/// Lines from the end among which a page has its footer.
const TAIL_LINES: usize = 40;
/// Lines, with those of a table of contents, between the title of a work report and its salutation.
const SALUTATION_LINES: usize = 60;
/// The name under which a title that stands again is reported.
const REPEATED: &str = "repeated-title";
/// The rule by which a title between lines that are left out is left out with them: it would be a
/// passage of nothing else, and stands with the report in any case.
const TITLE: &str = "title-apart";
/// The most lines a title is wrapped over.
const WRAPPED_LINES: usize = 3;

/// The head of a document. Lines are counted within it.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// The first and last line of the title.
    pub(super) title: Option<(usize, usize)>,
    /// Where the text begins.
    pub(super) end: usize,
    /// The lines that are left out, with the rules that say so.
    dropped: Vec<(usize, String)>,
}

/// Reads the head of the document that `lines` are; its title stands at `titled_at` where that is
/// known.
pub(super) fn read(text: &str, lines: &[Line], titled_at: Option<usize>, rules: &Rules) -> Head {
    let mut head = Head::default();
    let mut below = 0;
    let mut at = 0;
    while let Some(line) = lines.get(at).filter(|_| at < MAX_LINES) {
        let content = line.span.of(text);
        if titled_at == Some(at) {
            head.title = Some((at, at));
            at += 1;
            continue;
        }
        if let Some(rule) = rules.rule(content, Place::Head) {
            head.dropped.push((at, rule.to_owned()));
            at += 1;
            continue;
        }
        if let Some((first, last)) = head.title {
            if let Some(to) = repeats(text, lines, (first, last), at) {
                // The last of them stays, next to what follows it: a title between two dropped
                // lines would be a passage of nothing else.
                let repeated = if titled_at.is_none() {
                    head.title = Some((at, to));
                    first..=last
                } else {
                    at..=to
                };
                head.dropped
                    .extend(repeated.map(|at| (at, REPEATED.to_owned())));
                at = to + 1;
                continue;
            }
        } else if titled_at.is_none()
            && titles::reads_as_title(content)
            && !is_aside(content)
            && !is_letterhead(text, lines, at)
        {
            let to = wrapped(text, lines, at);
            head.title = Some((at, to));
            at = to + 1;
            continue;
        }
        // What belongs to brackets that a page has on lines of their own goes with them.
        let left_over = content.chars().all(|c| !c.is_alphanumeric());
        if left_over && head.dropped.last().is_some_and(|&(last, _)| last + 1 == at) {
            let rule = head.dropped.last().map(|(_, rule)| rule.clone());
            head.dropped.extend(rule.map(|rule| (at, rule)));
            at += 1;
            continue;
        }
        let waits_for_title = titled_at.is_some_and(|title| at < title);
        if !waits_for_title {
            if !is_head_line(content) || below == MAX_LINES_BELOW_TITLE {
                break;
            }
            below += usize::from(head.title.is_some());
        }
        at += 1;
    }
    head.end = at;
    // Lines that only look as if they stood in a head are no head without a title.
    if head.title.is_none() {
        head.end = head.dropped.last().map_or(0, |&(last, _)| last + 1);
    }
    head
}

/// The boilerplate of the document that `lines` are, in order, with the rules that say so.
pub(super) fn boilerplate(
    text: &str,
    lines: &[Line],
    head: &Head,
    rules: &Rules,
) -> Vec<Boilerplate> {
    let mut dropped = head.dropped.clone();
    dropped.sort_by_key(|&(at, _)| at);
    let tail = tail(text, lines, head.end);
    for (at, line) in lines.iter().enumerate().skip(head.end) {
        let content = line.span.of(text);
        let place = if at >= tail { Place::Tail } else { Place::Body };
        if let Some(rule) = rules.rule(content, place) {
            dropped.push((at, rule.to_owned()));
        } else if place == Place::Tail
            && content.chars().all(|c| !c.is_alphanumeric())
            && let Some((last, rule)) = dropped.last()
            && last + 1 == at
        {
            let rule = rule.clone();
            dropped.push((at, rule));
        }
    }
    if let Some((first, last)) = head.title {
        let is_dropped = |line: usize| dropped.iter().any(|&(at, _)| at == line);
        if (first == 0 || is_dropped(first - 1)) && is_dropped(last + 1) {
            dropped.extend((first..=last).map(|at| (at, TITLE.to_owned())));
            dropped.sort_by_key(|&(at, _)| at);
        }
    }
    dropped
        .into_iter()
        .filter_map(|(at, rule)| {
            lines.get(at).map(|line| Boilerplate {
                range: line.span,
                rule,
            })
        })
        .collect()
}

/// Where the tail begins: after the last line that could be a sentence.
fn tail(text: &str, lines: &[Line], from: usize) -> usize {
    let start = lines.len().saturating_sub(TAIL_LINES).max(from);
    let after = lines
        .get(start..)
        .unwrap_or_default()
        .iter()
        .rposition(|line| is_sentence(line.span.of(text)));
    after.map_or(start, |at| start + at + 1)
}

/// Where documents begin in a file whose reports have no titles `region:tagline`: at the start, at
/// each header of a database, and at each title of an office that a number of its own follows.
pub(super) fn openings(text: &str, lines: &[Line], rules: &Rules) -> Vec<(usize, Option<usize>)> {
    let mut starts = vec![(0, None)];
    let mut sentences = 0;
    let mut after_header = false;
    for (at, line) in lines.iter().enumerate() {
        let content = line.span.of(text);
        let is_header = is_database_header(content);
        let opens = (is_header && !after_header)
            || (line.span.end - line.span.start <= 4 * titles::DOCUMENT_TITLE_MAX_CHARS
                && opens_document(text, lines, at));
        if opens && sentences > 0 {
            starts.push((at, None));
            sentences = 0;
        }
        after_header = is_header;
        // The caption of a picture above the title is no text yet.
        let says =
            is_sentence(content) && (at > MAX_LINES || rules.rule(content, Place::Head).is_none());
        sentences += usize::from(says);
    }
    starts
}

/// 北大法宝【法宝引证码】 CLI.12.1201081
fn is_database_header(line: &str) -> bool {
    line.len() < 200 && line.contains("法宝引证码")
}

/// Whether the title of another document stands at `at`: what an office issues, with a number
/// below it; or a work report, with its salutation below.
fn opens_document(text: &str, lines: &[Line], at: usize) -> bool {
    let content = |at: usize| lines.get(at).map(|line| line.span.of(text));
    let Some(title) = content(at) else {
        return false;
    };
    if !titles::ends_as_a_kind(title) || !titles::reads_as_title(title) {
        return false;
    }
    // What is attached to a notice belongs to it.
    let attached = at
        .checked_sub(1)
        .and_then(content)
        .is_some_and(|above| above.starts_with("附件") || above.starts_with("附："));
    if attached {
        return false;
    }
    if title.ends_with("政府工作报告") {
        return (at + 1..at + SALUTATION_LINES)
            .filter_map(content)
            .any(|line| line.starts_with("各位代表"));
    }
    issuer::of_title(title).is_some()
        && (at + 1..at + 4)
            .filter_map(content)
            .any(|line| document_number::whole(line).is_some())
}

/// Whether the title stands again at `at`, whole or wrapped, or the end of it that names what kind
/// of document it is; where that ends.
fn repeats(text: &str, lines: &[Line], title: (usize, usize), at: usize) -> Option<usize> {
    let joined = |from: usize, to: usize, most: usize| -> String {
        let lines = lines.get(from..=to).unwrap_or_default().iter();
        lines
            .flat_map(|line| key(line.span.of(text)))
            .take(most)
            .collect()
    };
    let own = joined(title.0, title.1, usize::MAX);
    let chars = own.chars().count();
    if chars < 4 {
        return None;
    }
    // What is longer is not the same, however long it is.
    let most = chars + 1;
    for to in at..(at + WRAPPED_LINES).min(lines.len()) {
        let again = joined(at, to, most);
        if again == own {
            return Some(to);
        }
        if !own.starts_with(&again) {
            break;
        }
    }
    let line: String = key(lines.get(at)?.span.of(text)).take(most).collect();
    let ending = line.chars().count() >= 4 && own.ends_with(&line) && titles::ends_as_a_kind(&line);
    ending.then_some(at)
}

/// A line as titles are compared: letters and digits only, folded.
fn key(line: &str) -> impl Iterator<Item = char> {
    line.chars()
        .filter_map(crate::fold::fold)
        .filter(|c| c.is_alphanumeric())
}

/// The last line of the title that begins at `at`. A title goes on where it does not end as titles
/// of documents do, and does with the next line or two.
fn wrapped(text: &str, lines: &[Line], at: usize) -> usize {
    let content = |at: usize| lines.get(at).map(|line| line.span.of(text));
    let Some(first) = content(at) else {
        return at;
    };
    let office_like = first.contains("关于") || issuer::of_title(first).is_some();
    let names_office = office_like || !issuer::of_line(first).is_empty();
    if titles::ends_as_a_kind(first) || !names_office {
        return at;
    }
    let mut chars = first.chars().count();
    for to in at + 1..at + WRAPPED_LINES {
        let Some(next) = content(to) else {
            break;
        };
        chars += next.chars().count();
        let goes_on = chars <= titles::DOCUMENT_TITLE_MAX_CHARS
            && titles::reads_as_title(next)
            && !is_aside(next)
            && !lines.get(to).is_some_and(Line::is_measure);
        if !goes_on {
            break;
        }
        if titles::ends_as_a_kind(next) {
            return to;
        }
    }
    at
}

/// 成都市人民政府文件, or only who issued it, above number and title.
fn is_letterhead(text: &str, lines: &[Line], at: usize) -> bool {
    let content = |at: usize| lines.get(at).map(|line| line.span.of(text));
    let named = content(at).is_some_and(|line| !issuer::of_letterhead(line).is_empty());
    named
        && wrapped(text, lines, at) == at
        && (at + 1..at + 5)
            .filter_map(content)
            .any(|line| titles::ends_as_a_kind(line) && titles::reads_as_title(line))
}

/// What stands in a head and is no title: a number, a date, a place and date of the press.
fn is_aside(line: &str) -> bool {
    let dateline = line.contains("社") && line.ends_with(['电', '）', ')']) && line.contains('月');
    dateline
        || document_number::whole(line).is_some()
        || Date::parse(line).is_some()
        || is_occasion(line)
}

/// ——2025年1月14日在某省第十四届人民代表大会第三次会议上
fn is_occasion(line: &str) -> bool {
    let bare = line.trim_start_matches(['—', '-', '―', '─', '（', '(', ' ']);
    let marked = bare.len() < line.len();
    line.chars().count() <= 2 * MAX_CHARS
        && ["会议", "大会", "讲话"]
            .iter()
            .any(|word| line.contains(word))
        && Date::find(bare).is_some_and(|(_, range)| marked || range.start == 0)
}

/// Whether a line can stand in a head.
fn is_head_line(line: &str) -> bool {
    is_aside(line)
        || (line.chars().count() <= MAX_CHARS
            && !is_sentence(line)
            && !line.ends_with(['：', ':', '，', '、', '；', ';'])
            && numbering::marker(line).is_none())
}

/// Whether a line could be a sentence, or end one.
fn is_sentence(line: &str) -> bool {
    if is_occasion(line) {
        return false;
    }
    line.contains(['。', '！', '？', '；']) || line.len() > 6 * MAX_CHARS || span_of_prose(line)
}

/// A long line with commas, which no header has.
fn span_of_prose(line: &str) -> bool {
    line.contains('，') && line.chars().count() > MAX_CHARS
}
