//! Reads what a document says of itself: who issued it, under what number, when, and where it was
//! published.
//!
//! Offices say so in set places: fields of a database or a web page above the text, the number in
//! brackets below the title, the day of the congress a report was given to, the signature and its
//! date at the end, or before the first attachment. Only those places are read: a number or a date
//! within a sentence is another document's.

use super::document_number::{self, DocumentNumber};
use super::issuer;
use crate::date::Date;

/// Lines of offices above the date of a signature that are read at most.
const SIGNERS: usize = 12;
/// The most bytes a line of a signature has.
const SIGNATURE_MAX_BYTES: usize = 240;
/// Words of the line that says before whom a report was given.
const OCCASIONS: [&str; 6] = ["会议", "大会", "通过", "讲话", "全会", "报告"];

/// What a field above the text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Issuer,
    Number,
    Issued,
    Published,
    Url,
    Other,
}

/// The names of fields, longest first where one ends with another.
const FIELDS: [(&str, Field); 52] = [
    ("发文机关", Field::Issuer),
    ("发文机构", Field::Issuer),
    ("发文单位", Field::Issuer),
    ("发布机构", Field::Issuer),
    ("发布机关", Field::Issuer),
    ("发布单位", Field::Issuer),
    ("发布部门", Field::Issuer),
    ("制定机关", Field::Issuer),
    ("颁布机关", Field::Issuer),
    ("颁布单位", Field::Issuer),
    ("制发机关", Field::Issuer),
    ("印发机关", Field::Issuer),
    ("发文字号", Field::Number),
    ("发文文号", Field::Number),
    ("文件编号", Field::Number),
    ("文件字号", Field::Number),
    ("文号", Field::Number),
    ("成文日期", Field::Issued),
    ("成文时间", Field::Issued),
    ("发文日期", Field::Issued),
    ("发文时间", Field::Issued),
    ("印发日期", Field::Issued),
    ("签发日期", Field::Issued),
    ("生成日期", Field::Issued),
    ("生成时间", Field::Issued),
    ("颁布日期", Field::Issued),
    ("颁布时间", Field::Issued),
    ("批准日期", Field::Issued),
    ("发布日期", Field::Published),
    ("发布时间", Field::Published),
    ("公布日期", Field::Published),
    ("公开日期", Field::Published),
    ("发表时间", Field::Published),
    ("发稿时间", Field::Published),
    ("更新时间", Field::Published),
    ("实施日期", Field::Other),
    ("施行日期", Field::Other),
    ("生效日期", Field::Other),
    ("失效日期", Field::Other),
    ("废止日期", Field::Other),
    ("时间", Field::Published),
    ("日期", Field::Published),
    ("原文链接", Field::Url),
    ("原文地址", Field::Url),
    ("来源网址", Field::Url),
    ("链接地址", Field::Url),
    ("链接", Field::Url),
    ("网址", Field::Url),
    ("来源", Field::Other),
    ("作者", Field::Other),
    ("主题词", Field::Other),
    ("索引号", Field::Other),
];

/// What a text says of itself.
#[derive(Debug, Default)]
pub(super) struct Stated {
    pub(super) issuer: Option<String>,
    pub(super) number: Option<DocumentNumber>,
    /// When it was issued.
    pub(super) issued: Option<Date>,
    /// When a web page with it was published, which may be years later.
    pub(super) published: Option<Date>,
    pub(super) url: Option<String>,
}

/// What the lines of a document say of it: those before its first sentence, and those after.
pub(super) fn read<'a>(title: &str, head: &[&str], body: impl Iterator<Item = &'a str>) -> Stated {
    let mut stated = Stated::default();
    let mut occasion = None;
    let mut letterhead: Vec<String> = Vec::new();
    for line in head {
        let fields = fields(line);
        let has_fields = !fields.is_empty();
        for (field, value) in fields {
            take(&mut stated, field, &value);
        }
        if has_fields {
            let known = stated.published.is_some() || stated.issued.is_some();
            if !known && let Some((date, _)) = Date::find(line) {
                stated.published = Some(date);
            }
            continue;
        }
        if let Some((number, date)) = document_number::whole(line) {
            stated.number.get_or_insert(number);
            stated.issued = stated.issued.or(date);
        } else if let Some(date) = Date::parse(line) {
            stated.issued = stated.issued.or(Some(date));
        } else if let offices = issuer::of_letterhead(line)
            && !offices.is_empty()
        {
            letterhead.extend(offices);
        } else if let Some((date, _)) = Date::find(line) {
            if OCCASIONS.iter().any(|word| line.contains(word)) {
                occasion = occasion.or(Some(date));
            } else {
                stated.published = stated.published.or(Some(date));
            }
        }
    }
    if stated.number.is_none() {
        stated.number = number_of_title(title);
    }
    let Signature {
        offices: signers,
        date: signed,
        press,
    } = signature(body);
    stated.published = stated.published.or(press);
    stated.issued = stated.issued.or(signed).or(occasion);
    let of_title = issuer::of_title(title);
    if stated.issuer.is_none() {
        let signed = signers.join("、");
        stated.issuer = match of_title {
            Some(of_title) => Some(issuer::fuller(&of_title, &signed).to_owned()),
            None if signed.is_empty() => Some(letterhead.join("、")).filter(|it| !it.is_empty()),
            None => Some(signed),
        };
    }
    stated
}

/// Keeps the value of a field that is what the field is for; the first of several counts.
fn take(stated: &mut Stated, field: Field, value: &str) {
    match field {
        Field::Issuer => {
            let offices = issuer::of_line(value);
            if stated.issuer.is_none() && !offices.is_empty() {
                stated.issuer = Some(offices.join("、"));
            }
        }
        Field::Number => {
            if let Some(number) = document_number::find(value) {
                stated.number.get_or_insert(number);
            }
        }
        Field::Issued => {
            stated.issued = stated.issued.or_else(|| first_date(value));
        }
        Field::Published => {
            stated.published = stated.published.or_else(|| first_date(value));
        }
        Field::Url => {
            if stated.url.is_none() && (value.starts_with("http") || value.starts_with("www.")) {
                stated.url = Some(value.to_owned());
            }
        }
        Field::Other => {}
    }
}

fn first_date(value: &str) -> Option<Date> {
    Date::parse(value).or_else(|| Date::find(value).map(|(date, _)| date))
}

/// The fields of a line, blanks left out: `名称：值`, `【名称】值`, several one after another.
fn fields(line: &str) -> Vec<(Field, String)> {
    let squeezed: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    // Where a name begins, where its value does, and what it is.
    let mut marks: Vec<(usize, usize, Field)> = Vec::new();
    for (at, c) in squeezed.char_indices() {
        if !matches!(c, ':' | '：' | '】' | '|' | '｜') {
            continue;
        }
        let before = squeezed.get(..at).unwrap_or_default();
        let named = FIELDS.iter().find(|(name, _)| {
            before.strip_suffix(name).is_some_and(|rest| match c {
                '】' => rest.ends_with('【'),
                '|' | '｜' => rest.is_empty() || rest.ends_with(['|', '｜']),
                _ => true,
            })
        });
        if let Some(&(name, field)) = named {
            marks.push((at - name.len(), at + c.len_utf8(), field));
        }
    }
    let ends: Vec<usize> = marks
        .iter()
        .skip(1)
        .map(|&(start, _, _)| start)
        .chain([squeezed.len()])
        .collect();
    marks
        .iter()
        .zip(ends)
        .map(|(&(_, from, field), to)| {
            let value = squeezed.get(from..to).unwrap_or_default();
            let value = value.trim_matches(['|', '｜', '；', ';', '，', '【', '】', '：', ':']);
            (field, value.to_owned())
        })
        .collect()
}

/// The number in brackets at the end of a title.
fn number_of_title(title: &str) -> Option<DocumentNumber> {
    let inner = title.strip_suffix(['）', ')'])?;
    inner
        .char_indices()
        .filter(|&(_, c)| matches!(c, '（' | '('))
        .find_map(|(at, c)| {
            let inside = inner.get(at + c.len_utf8()..)?;
            document_number::whole(inside).map(|(number, _)| number)
        })
}

/// How a text is signed.
#[derive(Debug, Default)]
struct Signature {
    offices: Vec<String>,
    date: Option<Date>,
    /// The day a news agency sent it.
    press: Option<Date>,
}

/// Who signed, and when. A date below the names of offices is one; without those, a date on a line
/// of its own below the end of a sentence, or below the list of attachments.
fn signature<'a>(body: impl Iterator<Item = &'a str>) -> Signature {
    let mut found = Signature::default();
    // The offices on the lines just above.
    let mut signers: Vec<String> = Vec::new();
    let mut signer_lines = 0;
    let mut after_sentence = false;
    for line in body {
        if line.len() > SIGNATURE_MAX_BYTES {
            signers.clear();
            signer_lines = 0;
            after_sentence = true;
            continue;
        }
        let dated = line.ends_with(['日', '号', '）', ')', '】', '电'])
            || line
                .bytes()
                .next_back()
                .is_some_and(|byte| byte.is_ascii_digit());
        if dated {
            if let Some(date) = Date::parse(line) {
                if !signers.is_empty() {
                    found.offices = signers;
                    found.date = Some(date);
                    return found;
                }
                if after_sentence {
                    found.date = found.date.or(Some(date));
                }
            } else if let Some((date, range)) = Date::find(line) {
                // 成都市人民政府办公厅 2016年11月24日
                let offices = issuer::of_line(line.get(..range.start).unwrap_or_default());
                if range.end + '）'.len_utf8() >= line.len() && !offices.is_empty() {
                    signers.extend(offices);
                    found.offices = signers;
                    found.date = Some(date);
                    return found;
                }
                // （新华社北京2020年10月15日电）
                if line.trim_end_matches(['）', ')']).ends_with('电') && line.contains('社') {
                    found.press = Some(date);
                }
            }
        }
        let offices = if line.ends_with(['。', '；', '：', ':']) {
            Vec::new()
        } else {
            issuer::of_line(line)
        };
        if offices.is_empty() || signer_lines == SIGNERS {
            signers.clear();
            signer_lines = 0;
        }
        if !offices.is_empty() {
            signers.extend(offices);
            signer_lines += 1;
        }
        after_sentence = line.ends_with(['。', '！', '）', ')', '”']) || line.starts_with("附");
    }
    found
}
