//! Finds where the reports of a file begin, and what their titles say.
//!
//! Reports follow one another in a file, each under a line `region:tagline`. A line with a colon
//! is common in running text too, so a title must look like one (short, not a sentence) and the
//! text around it must agree: it names a division, or the numbering starts again below it.

use super::boilerplate::{Place, Rules};
use super::issuer;
use crate::numbering::{self, Form};
use crate::region::{self, Region, Resolution};
use crate::report::{Span, WarningKind};

/// The most characters a title line has.
const TITLE_MAX_CHARS: usize = 60;
/// The most characters the region's name in it has.
const NAME_MAX_CHARS: usize = 24;
/// The most characters of a title that ends as those of official documents do.
pub(super) const DOCUMENT_TITLE_MAX_CHARS: usize = 120;
/// The kinds of documents; titles end with one.
const KINDS: [&str; 42] = [
    "通知",
    "意见",
    "报告",
    "方案",
    "办法",
    "决定",
    "复函",
    "函",
    "规定",
    "细则",
    "公告",
    "通告",
    "通报",
    "纲要",
    "规划",
    "条例",
    "批复",
    "请示",
    "纪要",
    "命令",
    "令",
    "议案",
    "要点",
    "计划",
    "总结",
    "讲话",
    "决议",
    "章程",
    "规则",
    "标准",
    "指南",
    "措施",
    "工作报告",
    "公报",
    "建议",
    "清单",
    "名单",
    "白皮书",
    "指引",
    "规程",
    "实施意见",
    "目录",
];
/// What stands before a colon in the header of a document without being a region.
const HEADER_WORDS: [&str; 38] = [
    "来源",
    "作者",
    "时间",
    "日期",
    "发布",
    "编辑",
    "索引",
    "发文",
    "主题",
    "关键词",
    "摘要",
    "文号",
    "链接",
    "网址",
    "标题",
    "目录",
    "附件",
    "附录",
    "备注",
    "说明",
    "当前位置",
    "原文",
    "责任",
    "牵头",
    "主办",
    "承办",
    "协办",
    "单位",
    "地点",
    "地址",
    "电话",
    "联系",
    "邮箱",
    "注",
    "公开",
    "信息",
    "成文",
    "名称",
];

/// A line of a file that is not blank.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    /// Without blanks at its ends.
    pub(super) span: Span,
    /// From 1.
    pub(super) number: usize,
    blank_before: bool,
    /// The value of the measure number it begins with.
    measure: Option<u32>,
}

impl Line {
    /// Whether it begins with the number of a measure.
    pub(super) fn is_measure(&self) -> bool {
        self.measure.is_some()
    }
}

/// The lines of `text` that are not blank.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut blank_before = true;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let content = line.trim();
        if content.is_empty() {
            blank_before = true;
        } else {
            let from = start + (line.len() - line.trim_start().len());
            lines.push(Line {
                span: Span::new(from, from + content.len()),
                number: index + 1,
                blank_before,
                measure: numbering::marker(content)
                    .filter(|marker| marker.form == Form::Ideograph)
                    .map(|marker| marker.number),
            });
            blank_before = false;
        }
        start += line.len();
    }
    lines
}

/// A title and what it says.
#[derive(Debug)]
pub(super) struct Title {
    pub(super) text: String,
    pub(super) tagline: Option<String>,
    pub(super) region: Region,
    /// Why the region is unknown, where it is.
    pub(super) doubt: Option<Doubt>,
}

/// The lines, by their place in `lines`, that are titles of reports.
pub(super) fn find(text: &str, lines: &[Line], rules: &Rules) -> Vec<usize> {
    let candidates: Vec<(usize, bool)> = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| line.measure.is_none())
        .filter_map(|(at, line)| {
            let content = line.span.of(text);
            let (name, _) = parts(content)?;
            // Fields of a web page or a database look the same.
            if rules.rule(content, Place::Head).is_some() {
                return None;
            }
            Some((at, names_a_division(name)))
        })
        .collect();
    // For each line, the number the next measure below it has.
    let mut below = vec![None; lines.len()];
    let mut next = None;
    for (slot, line) in below.iter_mut().zip(lines).rev() {
        *slot = next;
        next = line.measure.or(next);
    }

    let is_candidate = |at: usize| candidates.iter().any(|&(other, _)| other == at);
    let mut titles: Vec<usize> = Vec::new();
    for &(at, known) in &candidates {
        let (Some(line), Some(&number_below)) = (lines.get(at), below.get(at)) else {
            continue;
        };
        if at == 0 && !is_header(line.span.of(text)) {
            titles.push(at);
            continue;
        }
        let next = lines.get(at + 1);
        let since = titles.last().copied().unwrap_or(0);
        let last_above = lines
            .get(since..at)
            .unwrap_or_default()
            .iter()
            .rev()
            .find_map(|line| line.measure);
        let restarts = number_below == Some(1);
        // 泰州市:完成八成 in a list under a measure: the numbering goes on below, or the next line
        // is of the same kind, or nothing follows.
        let goes_on = last_above.is_some_and(|last| number_below == Some(last + 1));
        let listed = next.is_none() || is_candidate(at + 1);
        let apart = line.blank_before && next.is_some_and(|next| next.blank_before);
        let title = if known {
            !goes_on
                && !listed
                && (apart || (restarts && (line.blank_before || last_above.is_some())))
        } else {
            line.blank_before && restarts && last_above.is_some() && !is_header(line.span.of(text))
        };
        if !title {
            continue;
        }
        // A division's title wins over a first line that merely has a colon.
        let opener_known = candidates.first().is_some_and(|&(_, known)| known);
        if known && titles == [0] && last_above.is_none() && !opener_known {
            titles.clear();
        }
        titles.push(at);
    }
    titles
}

/// Whether a measure begins among `lines`.
pub(super) fn has_measures(lines: &[Line]) -> bool {
    lines.iter().any(|line| line.measure.is_some())
}

/// A line that reads as the document's title though it has no colon.
pub(super) fn reads_as_title(line: &str) -> bool {
    let chars = line.chars().count();
    let fits =
        chars <= TITLE_MAX_CHARS || (chars <= DOCUMENT_TITLE_MAX_CHARS && ends_as_a_kind(line));
    fits && !line.ends_with(['。', '！', '？', '；', '，', '、', ';', ',', '：', ':'])
        && !line.contains('。')
        && line.chars().any(char::is_alphanumeric)
        && numbering::marker(line).is_none()
        && !is_header(line)
}

/// Whether a line ends as titles of official documents do, with the kind of document; its number
/// or 试行 may follow in brackets.
pub(super) fn ends_as_a_kind(line: &str) -> bool {
    let bare = match line.strip_suffix(['）', ')']) {
        Some(inner) => inner
            .rfind(['（', '('])
            .and_then(|at| inner.get(..at))
            .unwrap_or(line),
        None => line,
    };
    let bare = bare.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '》' | '”' | '"'));
    KINDS.iter().any(|kind| bare.ends_with(kind))
}

/// A title without the blanks that pages put between its characters or around its parts.
pub(super) fn tidy(title: &str) -> String {
    let parts: Vec<&str> = title.split_whitespace().collect();
    // 政 府 工 作 报 告
    if parts.len() > 2 && parts.iter().all(|part| part.chars().count() == 1) {
        return parts.concat();
    }
    parts.join(" ")
}

/// What a title line says: `region:tagline`, or a title that mentions its region.
pub(super) fn read(line: &str) -> Title {
    if let Some((name, tagline)) = parts(line) {
        let (region, doubt) = region_of(name);
        return Title {
            text: line.to_owned(),
            tagline: Some(tagline.to_owned()),
            region,
            doubt,
        };
    }
    let (region, doubt) = mentioned(line);
    Title {
        text: line.to_owned(),
        tagline: None,
        region,
        doubt,
    }
}

/// The name and the tagline of a line that could be a title.
fn parts(line: &str) -> Option<(&str, &str)> {
    if line.chars().count() > TITLE_MAX_CHARS {
        return None;
    }
    let (name, tagline) = line.split_once([':', '：'])?;
    let (name, tagline) = (name.trim(), tagline.trim());
    let named = !name.is_empty()
        && name.chars().count() <= NAME_MAX_CHARS
        && name
            .chars()
            .all(|c| c.is_alphabetic() || matches!(c, ' ' | '\u{3000}' | '·' | '-'));
    let said = tagline.chars().filter(|c| c.is_alphabetic()).count() >= 2
        && !tagline.contains('。')
        && !tagline.ends_with(['；', '，', '、', ';', ',', '：', ':']);
    (named && said).then_some((name, tagline))
}

fn is_header(line: &str) -> bool {
    HEADER_WORDS.iter().any(|word| line.starts_with(word))
}

fn names_a_division(name: &str) -> bool {
    !matches!(region::resolve(name), Resolution::Unknown) || region::ends_like_a_division(name)
}

/// Why a region is not known.
pub(super) type Doubt = (WarningKind, String);

/// The region a name stands for. A division followed by one of its offices (某县教育局) is that
/// division; a name that ends like a division of its own is not guessed at.
fn region_of(name: &str) -> (Region, Option<Doubt>) {
    match region::resolve(name) {
        Resolution::Known(region) => (
            Region {
                name: name.to_owned(),
                ..region
            },
            None,
        ),
        Resolution::Ambiguous(candidates) => ambiguous(name, &candidates),
        Resolution::Unknown => {
            if let Some(mention) = region::mentions(name).into_iter().next()
                && mention.start == 0
                && mention.end < name.len()
                && !region::ends_like_a_division(name)
                && let Resolution::Known(region) = mention.resolution
            {
                return (
                    Region {
                        name: name.to_owned(),
                        ..region
                    },
                    None,
                );
            }
            unknown(name)
        }
    }
}

/// The region a title speaks of: that of the office it begins with, or else the first it names.
fn mentioned(line: &str) -> (Region, Option<Doubt>) {
    let issuer = issuer::of_title(line);
    if let Some(issuer) = &issuer {
        match region::of_office(issuer) {
            Resolution::Known(region) => return (region, None),
            Resolution::Ambiguous(candidates) => return ambiguous(issuer, &candidates),
            Resolution::Unknown => {}
        }
    }
    if is_national_report(line) {
        return (Region::national(), None);
    }
    let mut doubt = None;
    let others = passed_on(line);
    for mention in region::mentions(line) {
        if others.iter().any(|span| span.contains(&mention.start)) {
            continue;
        }
        match mention.resolution {
            Resolution::Known(region) => return (region, None),
            Resolution::Ambiguous(candidates) if doubt.is_none() => {
                let name = line.get(mention.start..mention.end).unwrap_or(line);
                doubt = Some(ambiguous(name, &candidates));
            }
            _ => {}
        }
    }
    doubt.unwrap_or_else(|| unknown(line))
}

/// 1955年国务院政府工作报告, and reports whose title names the congress of the whole country.
fn is_national_report(line: &str) -> bool {
    let bare = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == '年' || c == ' ');
    let report = line.contains("工作报告");
    report && (bare.starts_with("国务院") || region::is_national_congress(line))
}

/// Titles within a title whose documents others issued: what is forwarded, or to be carried out.
fn passed_on(line: &str) -> Vec<std::ops::Range<usize>> {
    const VERBS: [&str; 6] = ["转发", "批转", "贯彻", "落实", "学习", "执行"];
    line.match_indices('《')
        .filter(|&(open, _)| {
            let before = line.get(..open).unwrap_or_default();
            VERBS.iter().any(|verb| before.contains(verb))
        })
        .map(|(open, _)| {
            let rest = line.get(open..).unwrap_or_default();
            let close = rest.rfind('》').unwrap_or(rest.len());
            open..open + close
        })
        .collect()
}

fn ambiguous(name: &str, candidates: &[Region]) -> (Region, Option<Doubt>) {
    let some: Vec<String> = candidates.iter().take(5).map(Region::full_name).collect();
    let more = if candidates.len() > some.len() {
        "等"
    } else {
        ""
    };
    let message = format!(
        "“{name}”可指 {}{more}，地区记为未知；请在标题中写明所属省市",
        some.join("、")
    );
    (
        Region::unknown(name),
        Some((WarningKind::AmbiguousRegion, message)),
    )
}

fn unknown(name: &str) -> (Region, Option<Doubt>) {
    let message = format!("“{name}”不是已知的行政区划，地区记为未知；请核对标题中的地区名");
    (
        Region::unknown(name),
        Some((WarningKind::UnknownRegion, message)),
    )
}
