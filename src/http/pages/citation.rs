//! References to reports after GB/T 7714-2015, for readers to copy.
//!
//! A report from the web is `[R/OL]`: who is responsible, title, number as further title, day,
//! the day it was read, the address. What is not known is left out; nothing is made up for it.

use crate::date::Date;
use crate::report::Metadata;

/// The most responsible offices that are named; of more, the first three are, and 等.
const NAMED: usize = 3;

/// What a reference is made of.
pub(super) struct Cited<'a> {
    /// The report's title.
    pub(super) title: &'a str,
    /// What is known of it besides.
    pub(super) metadata: &'a Metadata,
    /// Where it was read, if that is no address its metadata has.
    pub(super) address: &'a str,
    /// The day it was read.
    pub(super) read: Date,
}

/// The reference to a report.
pub(super) fn cite(cited: &Cited<'_>) -> String {
    let metadata = cited.metadata;
    let mut reference = String::new();
    if let Some(responsible) = responsible(metadata) {
        reference.push_str(&responsible);
        reference.push_str(". ");
    }
    reference.push_str(cited.title.trim().trim_end_matches(['.', '。', '．']));
    if let Some(number) = &metadata.document_number {
        reference.push_str(": ");
        reference.push_str(number);
    }
    reference.push_str("[R/OL]. ");
    let issued = match (metadata.date, metadata.year) {
        (Some(date), _) => format!("({date})"),
        (None, Some(year)) => year.to_string(),
        (None, None) => String::new(),
    };
    let published = metadata.url.as_deref();
    let is_web = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
    let address = published.filter(is_web).unwrap_or(cited.address);
    format!("{reference}{issued}[{}]. {address}.", cited.read)
}

/// Who is responsible: at most [`NAMED`] offices, with 等 where there are more.
fn responsible(metadata: &Metadata) -> Option<String> {
    let issuers = metadata.issuers();
    let first = issuers.get(..NAMED).unwrap_or(&issuers);
    if first.is_empty() {
        return None;
    }
    let written = metadata.issuer.as_deref().unwrap_or_default();
    let mut named = first.join(", ");
    // 教育厅等六部门 names one of them.
    let has_others = issuers.len() > first.len()
        || written
            .split(['、', ',', '，', ';', '；', '\n'])
            .any(|part| issuers.iter().all(|issuer| *issuer != part.trim()) && part.contains('等'));
    if has_others {
        named.push_str(", 等");
    }
    Some(named)
}

#[cfg(test)]
mod tests {
    use super::{Cited, cite};
    use crate::date::Date;
    use crate::report::Metadata;

    /// Title, issuer, number, date, year, address; the reference.
    type Case = (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        u16,
        &'static str,
        &'static str,
    );

    const CASES: [Case; 8] = [
        (
            "成都市2017年政府工作报告",
            "成都市人民政府",
            "成府发〔2017〕1号",
            "2017-02-07",
            2017,
            "https://www.chengdu.gov.cn/a.html",
            "成都市人民政府. 成都市2017年政府工作报告: 成府发〔2017〕1号[R/OL]. \
             (2017-02-07)[2026-11-26]. https://www.chengdu.gov.cn/a.html.",
        ),
        (
            "山西省晋中市:全市一盘棋 城乡一体化",
            "",
            "",
            "",
            0,
            "",
            "山西省晋中市:全市一盘棋 城乡一体化[R/OL]. [2026-11-26]. http://here/reports/a.",
        ),
        (
            "政府工作报告",
            "河北省人民政府",
            "",
            "",
            2025,
            "",
            "河北省人民政府. 政府工作报告[R/OL]. 2025[2026-11-26]. http://here/reports/a.",
        ),
        (
            "关于推进教师交流的意见",
            "教育厅、财政厅、人社厅",
            "",
            "",
            0,
            "",
            "教育厅, 财政厅, 人社厅. 关于推进教师交流的意见[R/OL]. [2026-11-26]. \
             http://here/reports/a.",
        ),
        (
            "关于推进教师交流的意见",
            "教育厅、财政厅、人社厅、编办",
            "",
            "",
            0,
            "",
            "教育厅, 财政厅, 人社厅, 等. 关于推进教师交流的意见[R/OL]. [2026-11-26]. \
             http://here/reports/a.",
        ),
        (
            "关于推进教师交流的意见",
            "湖南省教育厅等六部门",
            "湘教发〔2020〕3号",
            "2020-05-01",
            2020,
            "",
            "湖南省教育厅, 等. 关于推进教师交流的意见: 湘教发〔2020〕3号[R/OL]. \
             (2020-05-01)[2026-11-26]. http://here/reports/a.",
        ),
        (
            "一份报告。",
            "",
            "",
            "",
            2019,
            "javascript:alert(1)",
            "一份报告[R/OL]. 2019[2026-11-26]. http://here/reports/a.",
        ),
        (
            "一份报告",
            "某某局",
            "",
            "",
            0,
            "ftp://files/a",
            "某某局. 一份报告[R/OL]. [2026-11-26]. http://here/reports/a.",
        ),
    ];

    #[test]
    fn references_follow_the_standard_and_leave_out_what_is_not_known() {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        for (title, issuer, number, date, year, url, reference) in CASES {
            let metadata = Metadata {
                issuer: given(issuer),
                document_number: given(number),
                date: Date::parse(date),
                year: (year > 0).then_some(year),
                url: given(url),
            };
            let cited = Cited {
                title,
                metadata: &metadata,
                address: "http://here/reports/a",
                read: Date::new(2026, 11, 26).expect("a day"),
            };
            assert_eq!(cite(&cited), reference);
        }
    }
}
