//! What offices and their document numbers say of the region a document is from.
//!
//! A title without a region is common: 关于加强学校美育工作的实施意见. The office that signs it, or
//! the mark of its number, then says whose it is. Offices of the state stand for the whole country.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::{Region, Resolution, mentions, resolve, table::TABLE};

/// The marks of document numbers, with the divisions that use them.
static MARKS: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    include_str!("marks.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .collect()
});
/// What may follow the mark of a division in a document number: the kind of office or document.
const OFFICES: &str =
    "政府委办发函教人财党组字令公厅市县区体艺基高师职成秘民科卫文建规环农商工交水审统";
/// How the names of offices of the state begin. One whose name goes on with a division is that
/// division's: 国家税务总局四川省税务局.
const NATIONAL: [&str; 52] = [
    "国务院",
    "中共中央",
    "中国共产党中央",
    "全国",
    "最高人民",
    "中华人民共和国",
    "中央",
    "国家",
    "外交部",
    "国防部",
    "教育部",
    "科学技术部",
    "科技部",
    "工业和信息化部",
    "公安部",
    "民政部",
    "司法部",
    "财政部",
    "人力资源和社会保障部",
    "人力资源社会保障部",
    "人事部",
    "劳动和社会保障部",
    "自然资源部",
    "国土资源部",
    "生态环境部",
    "环境保护部",
    "住房和城乡建设部",
    "住房城乡建设部",
    "建设部",
    "交通运输部",
    "交通部",
    "铁道部",
    "水利部",
    "农业农村部",
    "农业部",
    "商务部",
    "文化和旅游部",
    "文化部",
    "卫生部",
    "退役军人事务部",
    "应急管理部",
    "中国人民银行",
    "审计署",
    "海关总署",
    "中国银行业",
    "中国证券",
    "中国银保监会",
    "中国证监会",
    "共青团中央",
    "中国科学院",
    "中国工程院",
    "中国气象局",
];
/// The congresses whose sessions hear the reports of the state.
const CONGRESS: &str = "全国人民代表大会";

impl Region {
    /// The name the whole country is counted under.
    pub const NATION: &str = "全国";

    /// The whole country: where documents of the state are from.
    #[must_use]
    pub fn national() -> Self {
        Self {
            name: Self::NATION.to_owned(),
            province: Some(Self::NATION.to_owned()),
            city: None,
            county: None,
            code: Some("000000".to_owned()),
        }
    }

    /// Whether it is the whole country.
    #[must_use]
    pub fn is_national(&self) -> bool {
        self.code.as_deref() == Some("000000")
    }
}

/// The region an office belongs to.
///
/// ```
/// use cesou::region::{Region, Resolution, of_office};
///
/// assert_eq!(of_office("教育部办公厅"), Resolution::Known(Region::national()));
/// assert_eq!(of_office("某某办公室"), Resolution::Unknown);
/// ```
#[must_use]
pub fn of_office(name: &str) -> Resolution {
    let mut doubt = Resolution::Unknown;
    for mention in mentions(name) {
        match mention.resolution {
            Resolution::Known(region) => return Resolution::Known(region),
            Resolution::Ambiguous(_) => doubt = mention.resolution,
            Resolution::Unknown => {}
        }
    }
    if NATIONAL.iter().any(|office| name.starts_with(office)) {
        return Resolution::Known(Region::national());
    }
    doubt
}

/// Whether a text speaks of a session of the congress of the whole country, as the head of a
/// report given to it does.
#[must_use]
pub fn is_national_congress(text: &str) -> bool {
    text.contains(CONGRESS)
}

/// The region whose offices begin document numbers with `mark`: 成办发 is 成都市.
#[must_use]
pub fn of_mark(mark: &str) -> Option<Region> {
    let ends: Vec<usize> = mark
        .char_indices()
        .map(|(at, c)| at + c.len_utf8())
        .collect();
    ends.iter().rev().find_map(|&end| {
        let (name, rest) = mark.split_at_checked(end)?;
        let code = MARKS.get(name)?;
        if !rest
            .chars()
            .next()
            .is_none_or(|next| OFFICES.contains(next))
        {
            return None;
        }
        if *code == "000000" {
            return Some(Region::national());
        }
        TABLE.region_of_code(code)
    })
}

/// The region that `value` names, as people write it who say it on purpose: by name, by code, or
/// 全国.
#[must_use]
pub fn given(value: &str) -> Resolution {
    let value = value.trim();
    if matches!(
        value,
        "全国" | "中国" | "国家" | "中央" | "000000" | "100000" | "中华人民共和国"
    ) {
        return Resolution::Known(Region::national());
    }
    if value.len() == 6
        && value.bytes().all(|byte| byte.is_ascii_digit())
        && let Some(region) = TABLE.region_of_code(value)
    {
        return Resolution::Known(region);
    }
    resolve(value)
}
