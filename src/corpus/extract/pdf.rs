//! PDFs: where each run of text stands, put together to lines and the lines to paragraphs.
//!
//! A PDF knows no paragraphs. Chinese documents begin one with an indent and fill every line but
//! its last to the margin, so a line goes on in the next one when it is full and the next one is
//! neither indented nor begins with a number of its own. The library's own paragraphs are made for
//! languages with blanks between words and join such lines wrongly, so only its runs are used.
//! Page numbers and lines that stand at the same height on most pages are left out.

use std::collections::HashMap;

use unpdf::Error;
use unpdf::parser::LayoutAnalyzer;
use unpdf::parser::TextSpan;
use unpdf::parser::backend::{PdfBackend, RawBackend};

use super::Extracted;
use super::page::{Page, is_wide};
use crate::numbering;

/// How far, in sizes of its letters, a line's end may be from the margin for it to be full.
const FULL_WITHIN: f32 = 2.2;
/// How far a line is indented, in sizes of its letters, to begin a paragraph.
const INDENT: f32 = 1.2;
/// A gap between lines wider than so many of the usual ones parts paragraphs.
const WIDE_GAP: f32 = 1.5;
/// The share of a page at its top and bottom where running heads stand.
const MARGIN: f32 = 0.1;
/// Pages that are named when they have no text; all are counted.
const PAGES_NAMED: usize = 10;

/// A line of a page.
#[derive(Debug)]
struct Line {
    text: String,
    left: f32,
    right: f32,
    /// Height of the baseline above the page's foot.
    y: f32,
    size: f32,
    /// Where it stands on the page, from 0 at the foot to 1 at the top.
    height: f32,
}

/// The text of a PDF's `bytes`, of at most `most` bytes.
pub(super) fn extract(bytes: &[u8], most: u64) -> Result<Extracted, String> {
    let bytes = plain_names(bytes);
    let backend = RawBackend::load_bytes(&bytes).map_err(|error| match error {
        Error::Encrypted | Error::InvalidPassword => "PDF 有密码；请去掉密码后另存".to_owned(),
        error => format!("PDF 已损坏（{error}）；请重新取得文件，或另存为纯文本 .txt"),
    })?;
    let analyzer = LayoutAnalyzer::new(&backend);
    let pages = backend.pages();
    let mut lines: Vec<Vec<Line>> = Vec::new();
    let mut blank = Vec::new();
    let mut broken = Vec::new();
    let mut unreadable = 0;
    let mut held = 0;
    for (&number, &id) in &pages {
        let Ok(spans) = analyzer.extract_page_spans(number) else {
            broken.push(number);
            continue;
        };
        unreadable += analyzer.suppressed_text_runs();
        if analyzer.undecodable_content_streams() > 0 {
            broken.push(number);
        }
        let shown = backend.crop_box(id);
        let page = lines_of(spans, shown.lly, shown.height());
        held += page.iter().map(|line| line.text.len()).sum::<usize>();
        if held as u64 > most {
            return Err(format!(
                "文字超过 {} MB；请拆分文件，或调大 corpus.extract_output_mb",
                most >> 20
            ));
        }
        if page.is_empty() {
            blank.push(number);
        }
        lines.push(page);
    }
    if lines.iter().all(Vec::is_empty) {
        return Err(if unreadable > 0 {
            "PDF 的字体没有可用的编码，文字读不出来；请用原来的软件重新导出，或识别文字（OCR）后存为 .txt"
        } else if pages.is_empty() || !broken.is_empty() {
            "PDF 已损坏，没有一页读得出来；请重新取得文件，或另存为纯文本 .txt"
        } else {
            "PDF 没有文字，像是扫描件；请识别文字（OCR）后存为 .txt 或带文字的 PDF"
        }
        .to_owned());
    }
    let mut missing = Vec::new();
    if !broken.is_empty() {
        missing.push(format!("PDF {}已损坏，文字可能不全", name(&broken)));
    }
    if !blank.is_empty() && blank.len() < lines.len() {
        missing.push(format!("PDF {}没有文字，可能是扫描的图片", name(&blank)));
    }
    if unreadable > 0 {
        missing.push(format!(
            "PDF 有 {unreadable} 处文字的字体没有可用的编码，未能读出"
        ));
    }
    leave_out_running(&mut lines);
    Ok(Extracted {
        text: paragraphs(&lines),
        missing,
        ..Extracted::default()
    })
}

/// `第 3、5 页`.
fn name(pages: &[u32]) -> String {
    let some: Vec<String> = pages.iter().take(PAGES_NAMED).map(u32::to_string).collect();
    let more = if pages.len() > PAGES_NAMED {
        format!("等 {} ", pages.len())
    } else {
        String::new()
    };
    format!("第 {} {more}页", some.join("、"))
}

/// The bytes with encodings the library does not know under the names of those they read like:
/// `GBKp-EUC-H` is `GBK-EUC-H` with letters of half the width, `GB-EUC-H` a part of it. The length
/// stays, so that places in the file do; a longer name takes the blank beside it.
fn plain_names(bytes: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    const ALIASES: [(&[u8], &[u8]); 9] = [
        (b"/GBKp-EUC-H", b"/GBK-EUC-H "),
        (b"/GBKp-EUC-V", b"/GBK-EUC-V "),
        (b"/GBpc-EUC-H", b"/GBK-EUC-H "),
        (b"/GBpc-EUC-V", b"/GBK-EUC-V "),
        (b" /GB-EUC-H", b"/GBK-EUC-H"),
        (b" /GB-EUC-V", b"/GBK-EUC-V"),
        (b"/GB-EUC-H\n/", b"/GBK-EUC-H/"),
        (b"/ETenms-B5-H", b"/ETen-B5-H  "),
        (b"/ETenms-B5-V", b"/ETen-B5-V  "),
    ];
    let mut plain = std::borrow::Cow::Borrowed(bytes);
    for (alias, known) in ALIASES {
        let mut from = 0;
        while let Some(at) = plain
            .get(from..)
            .and_then(|rest| rest.windows(alias.len()).position(|found| found == alias))
        {
            let start = from + at;
            from = start + alias.len();
            if let Some(place) = plain.to_mut().get_mut(start..from) {
                place.copy_from_slice(known);
            }
        }
    }
    plain
}

/// The lines of a page from its top down.
fn lines_of(mut spans: Vec<TextSpan>, foot: f32, page_height: f32) -> Vec<Line> {
    spans.retain(|span| !span.is_rotated() && !span.text.trim().is_empty());
    spans.sort_by(|a, b| b.y.total_cmp(&a.y).then(a.x.total_cmp(&b.x)));
    let mut lines: Vec<Vec<TextSpan>> = Vec::new();
    for span in spans {
        match lines.last_mut() {
            Some(line)
                if line.first().is_some_and(|first| {
                    (first.y - span.y).abs() < first.font_size.max(span.font_size) * 0.5
                }) =>
            {
                line.push(span);
            }
            _ => lines.push(vec![span]),
        }
    }
    lines
        .into_iter()
        .filter_map(|mut line| {
            line.sort_by(|a, b| a.x.total_cmp(&b.x));
            let first = line.first()?;
            let (y, left) = (first.y, first.x);
            let size = line.iter().map(|span| span.font_size).fold(0.0, f32::max);
            let mut text = String::new();
            let mut right = left;
            // Blanks that a line begins with are its indent.
            let mut indent = 0.0;
            for span in &line {
                if text.is_empty() {
                    let wide = span.text.chars().take_while(|c| *c == '\u{3000}').count();
                    indent = f32::from(u8::try_from(wide).unwrap_or(u8::MAX)) * span.font_size;
                }
                let gap = span.x - right;
                let own = span.text.trim();
                let joined = text.chars().next_back().is_some_and(is_wide)
                    || own.chars().next().is_some_and(is_wide);
                // Cells of a row stand far apart, words of a line about a letter's quarter.
                if !text.is_empty() && gap > span.font_size * 2.0 {
                    text.push_str("  ");
                } else if !text.is_empty() && gap > span.font_size * 0.2 && !joined {
                    text.push(' ');
                }
                text.push_str(own);
                right = right.max(span.x + span.width);
            }
            Some(Line {
                text: text.trim().to_owned(),
                left: left + indent,
                right,
                y,
                size,
                height: if page_height > 0.0 {
                    (y - foot) / page_height
                } else {
                    0.5
                },
            })
        })
        .filter(|line| !line.text.is_empty())
        .collect()
}

/// Drops page numbers, and heads and feet that most pages repeat.
fn leave_out_running(pages: &mut [Vec<Line>]) {
    let in_margin = |line: &Line| line.height < MARGIN || line.height > 1.0 - MARGIN;
    let mut times: HashMap<String, usize> = HashMap::new();
    for page in pages.iter() {
        for line in page.iter().filter(|line| in_margin(line)) {
            *times.entry(without_digits(&line.text)).or_default() += 1;
        }
    }
    let most = pages.len() / 2;
    for page in pages {
        page.retain(|line| {
            if !in_margin(line) {
                return true;
            }
            let rest = without_digits(&line.text);
            let number = rest
                .chars()
                .all(|c| c.is_whitespace() || "-—―–－_第共页/·".contains(c));
            let repeated = most >= 2 && times.get(&rest).is_some_and(|times| *times > most);
            !number && !repeated
        });
    }
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_numeric()).collect()
}

/// Joins lines to paragraphs, across pages too.
fn paragraphs(pages: &[Vec<Line>]) -> String {
    let mut page = Page::default();
    let mut paragraph = String::new();
    // The line before, and where the longest lines of its page end.
    let mut before: Option<(&Line, f32)> = None;
    for lines in pages {
        let left = margin(lines, |line| line.left, false);
        let right = margin(lines, |line| line.right, true);
        let gap = usual_gap(lines);
        let mut first = true;
        for line in lines {
            let goes_on = before.is_some_and(|(last, end)| {
                let full = last.right >= end - last.size * FULL_WITHIN;
                let indented = line.left > left + line.size * INDENT;
                let alike = (last.size - line.size).abs() < 0.2 * line.size;
                // On a new page there is no gap to measure.
                let near = first || last.y - line.y <= gap * WIDE_GAP;
                let cells = last.text.contains("  ") || line.text.contains("  ");
                full && !indented
                    && alike
                    && near
                    && !cells
                    && numbering::marker(&line.text).is_none_or(|_| !ends_sentence(&last.text))
            });
            if !goes_on {
                page.line(&std::mem::take(&mut paragraph).replace("  ", " | "));
            } else if !paragraph.chars().next_back().is_some_and(is_wide)
                && !line.text.chars().next().is_some_and(is_wide)
                && needs_blank(&paragraph, &line.text)
            {
                paragraph.push(' ');
            }
            paragraph.push_str(&line.text);
            before = Some((line, right));
            first = false;
        }
    }
    page.line(&paragraph.replace("  ", " | "));
    page.into_text()
}

/// Whether what was broken at a line's end was two words; figures such as `20.` and `93` were one.
fn needs_blank(before: &str, after: &str) -> bool {
    let figures = before
        .chars()
        .next_back()
        .is_some_and(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
        && after
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_digit() || matches!(c, '.' | ',' | '%'));
    !figures
}

fn ends_sentence(line: &str) -> bool {
    line.ends_with(['。', '！', '？', '；', '：', '”', '.', ';', ':'])
}

/// Where most lines begin, or the longest of them end.
fn margin(lines: &[Line], edge: impl Fn(&Line) -> f32, last: bool) -> f32 {
    let mut edges: Vec<f32> = lines
        .iter()
        .filter(|line| line.text.chars().count() > 4)
        .map(edge)
        .collect();
    edges.sort_by(f32::total_cmp);
    // A stray line beyond the margin does not move it.
    let stray = edges.len() / 20;
    let at = if last {
        edges.len().checked_sub(1 + stray)
    } else {
        Some(stray)
    };
    at.and_then(|at| edges.get(at).copied()).unwrap_or(0.0)
}

/// The usual distance between lines.
fn usual_gap(lines: &[Line]) -> f32 {
    let mut gaps: Vec<f32> = lines
        .windows(2)
        .filter_map(|pair| match pair {
            [above, below] => Some(above.y - below.y),
            _ => None,
        })
        .filter(|gap| *gap > 1.0)
        .collect();
    gaps.sort_by(f32::total_cmp);
    gaps.get(gaps.len() / 2).copied().unwrap_or(f32::MAX)
}
