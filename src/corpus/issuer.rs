//! Reads who issued a document: from its title, and from the lines above its date.
//!
//! 成都市人民政府办公厅关于… names the office before 关于; a notice without such a title bears it
//! as its signature. A name counts only when it ends as offices do, so that a sentence that
//! happens to stand there is not taken for one.

use crate::region::Region;

/// What follows an office in the title of what it issues.
const VERBS: [&str; 7] = ["关于", "印发", "转发", "批转", "发布", "公布", "颁发"];
/// How the names of offices end.
const ENDINGS: [&str; 48] = [
    "人民政府",
    "政府",
    "办公厅",
    "办公室",
    "委员会",
    "管委会",
    "教委",
    "委",
    "厅",
    "局",
    "部",
    "院",
    "署",
    "行署",
    "总署",
    "会",
    "办",
    "处",
    "站",
    "所",
    "中心",
    "集团",
    "公司",
    "大学",
    "学院",
    "学校",
    "兵团",
    "法院",
    "检察院",
    "银行",
    "协会",
    "联合会",
    "总工会",
    "人大",
    "政协",
    "党委",
    "省委",
    "市委",
    "区委",
    "县委",
    "党组",
    "指挥部",
    "小组",
    "中央",
    "总局",
    "支队",
    "总队",
    "社",
];
/// What a title adds to the first of several offices.
const OTHERS: [&str; 5] = ["部门", "单位", "部委", "厅局", "机关"];
/// The most characters the name of one office has.
const MAX_CHARS: usize = 40;

/// The part of a title that names who issued the document, blanks left out: all that stands before
/// 关于, 印发 and the like, if that is an office, or several.
pub(super) fn of_title(title: &str) -> Option<String> {
    let at = VERBS.iter().filter_map(|verb| title.find(verb)).min()?;
    let head = title.get(..at)?.trim();
    let head = head
        .strip_prefix(|c: char| c.is_ascii_digit())
        .map_or(head, |_| {
            head.trim_start_matches(|c: char| c.is_ascii_digit() || c == '年')
        });
    // 中共中央 国务院关于… names two; 成 都 市 is one word.
    let parts: Vec<&str> = head.split_whitespace().collect();
    let apart = parts.len() > 1 && parts.iter().all(|part| is_office(part));
    let issuer = if apart {
        parts.join("、")
    } else {
        parts.concat()
    };
    let named = issuer.split('、').all(|part| is_office(lead(part)));
    (named && !issuer.is_empty()).then_some(issuer)
}

/// The offices that a line of a signature names; none where it is no such line.
pub(super) fn of_line(line: &str) -> Vec<String> {
    let line =
        line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '（' | '）'));
    if line.is_empty() || line.chars().count() > 2 * MAX_CHARS {
        return Vec::new();
    }
    let parts: Vec<&str> = line
        .split(|c: char| c.is_whitespace() || c == '、')
        .filter(|part| !part.is_empty())
        .collect();
    if parts
        .iter()
        .all(|part| part.chars().count() > 2 && is_office(part))
    {
        return parts.into_iter().map(str::to_owned).collect();
    }
    let joined = parts.concat();
    if is_office(&joined) && joined.chars().count() > 2 {
        vec![joined]
    } else {
        Vec::new()
    }
}

/// The offices that a letterhead names: 成都市人民政府文件.
pub(super) fn of_letterhead(line: &str) -> Vec<String> {
    of_line(line.trim().strip_suffix("文件").unwrap_or(line))
}

/// The government that gave a work report: 2025年上海市政府工作报告 is of 上海市人民政府.
pub(super) fn of_work_report(title: &str, region: &Region) -> Option<String> {
    if !title.contains("政府工作报告") || !region.is_known() {
        return None;
    }
    if region.is_national() {
        return Some("国务院".to_owned());
    }
    Some(format!("{}人民政府", region.full_name()))
}

/// The fuller of two ways to name one office: 南京市人民政府办公厅 for 南京市政府办公厅.
pub(super) fn fuller<'a>(title: &'a str, signature: &'a str) -> &'a str {
    if signature.contains("人民政府") && signature.replace("人民政府", "政府") == title {
        signature
    } else {
        title
    }
}

/// The office before 等六部门.
fn lead(part: &str) -> &str {
    let others = OTHERS.iter().any(|others| part.ends_with(others));
    match part.rfind('等') {
        Some(at) if others => part.get(..at).unwrap_or(part),
        _ => part,
    }
}

fn is_office(name: &str) -> bool {
    let length = name.chars().count();
    (2..=MAX_CHARS).contains(&length)
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '（' | '）' | '(' | ')' | '·' | '—'))
        && !name.contains('各')
        && !name.starts_with(['本', '该', '附'])
        && ENDINGS.iter().any(|ending| name.ends_with(ending))
}
