//! The short forms a division's full name has: 江西 for 江西省, 恩施州 for 恩施土家族苗族自治州.
//!
//! The table and [`super::Region::search_names`] use the same forms, so that what resolves is
//! also what is found. The everyday words among them are in `words.txt`, not here.

/// The level of a division.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Province,
    City,
    County,
}

/// How a name stands for its division; the order is the order of preference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// The name in the standard: 恩施土家族苗族自治州.
    Full,
    /// Shorter, with a suffix: 恩施州.
    Suffixed,
    /// Without a suffix: 恩施.
    Bare,
}

/// Peoples named in divisions, as they are written before 自治州, 自治县, 自治旗 and 区.
const PEOPLES: [&str; 55] = [
    "蒙古族",
    "回族",
    "藏族",
    "维吾尔",
    "苗族",
    "彝族",
    "壮族",
    "布依族",
    "朝鲜族",
    "满族",
    "侗族",
    "瑶族",
    "白族",
    "土家族",
    "哈尼族",
    "哈萨克族",
    "哈萨克",
    "傣族",
    "黎族",
    "傈僳族",
    "佤族",
    "畲族",
    "拉祜族",
    "水族",
    "东乡族",
    "纳西族",
    "景颇族",
    "柯尔克孜",
    "土族",
    "达斡尔族",
    "仫佬族",
    "羌族",
    "布朗族",
    "撒拉族",
    "毛南族",
    "仡佬族",
    "锡伯",
    "阿昌族",
    "普米族",
    "塔吉克",
    "怒族",
    "鄂温克族",
    "德昂族",
    "保安族",
    "裕固族",
    "京族",
    "独龙族",
    "鄂伦春族",
    "赫哲族",
    "门巴族",
    "珞巴族",
    "基诺族",
    "蒙古",
    "各族",
    "俄罗斯族",
];

/// Endings that are part of the name: 前旗 and 后旗 are told apart by them, 井陉矿区 is not 井陉.
const INSEPARABLE: [&str; 8] = [
    "前旗",
    "后旗",
    "中旗",
    "左旗",
    "右旗",
    "联合旗",
    "井陉矿区",
    "白云矿区",
];

/// The short forms of a full name, longest first; none is shorter than two characters.
pub(super) fn short_forms(level: Level, full: &str) -> Vec<(String, Form)> {
    let mut forms = Vec::new();
    let mut push = |form: String, kind| {
        if form != full && form.chars().count() >= 2 && !forms.contains(&(form.clone(), kind)) {
            forms.push((form, kind));
        }
    };
    for (autonomous, plain) in [
        ("自治区", "自治区"),
        ("自治州", "州"),
        ("自治县", "县"),
        ("自治旗", "旗"),
    ] {
        if let Some(stem) = full.strip_suffix(autonomous) {
            let stem = without_peoples(stem);
            push(format!("{stem}{autonomous}"), Form::Suffixed);
            push(format!("{stem}{plain}"), Form::Suffixed);
            push(stem.to_owned(), Form::Bare);
            return forms;
        }
    }
    if INSEPARABLE.iter().any(|ending| full.ends_with(ending)) {
        return forms;
    }
    if let Some(stem) = full.strip_suffix("族区") {
        // 瀍河回族区: the people's name has lost its last character to the suffix above.
        let people = full.strip_suffix('区').unwrap_or(full);
        let place = without_peoples(people);
        if place != people && place.chars().count() >= 2 {
            push(format!("{place}区"), Form::Suffixed);
            push(place.to_owned(), Form::Bare);
        } else {
            push(stem.to_owned(), Form::Bare);
        }
        return forms;
    }
    let suffixes: &[&str] = match level {
        Level::Province => &["特别行政区", "省", "市"],
        Level::City => &["地区", "市", "盟"],
        Level::County => &[
            "行政委员会",
            "新区",
            "林区",
            "特区",
            "矿区",
            "市",
            "县",
            "区",
            "旗",
        ],
    };
    for suffix in suffixes {
        if let Some(stem) = full.strip_suffix(suffix)
            && stem.chars().count() >= 2
        {
            if *suffix == "特别行政区" {
                push(format!("{stem}特区"), Form::Suffixed);
            }
            push(stem.to_owned(), Form::Bare);
            break;
        }
    }
    forms
}

/// The place before the peoples' names: 恩施 of 恩施土家族苗族, 鄂温克 of 鄂温克族.
fn without_peoples(stem: &str) -> &str {
    let mut place = stem;
    while let Some(rest) = PEOPLES
        .iter()
        .filter_map(|people| place.strip_suffix(people))
        .filter(|rest| rest.chars().count() >= 2)
        .min_by_key(|rest| rest.len())
    {
        place = rest;
    }
    if place.chars().count() >= 3 {
        place.strip_suffix('族').unwrap_or(place)
    } else {
        place
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, short_forms};

    #[test]
    fn shortens() {
        for (level, full, short) in [
            (Level::Province, "广西壮族自治区", "广西自治区 广西"),
            (Level::Province, "内蒙古自治区", "内蒙古"),
            (Level::Province, "香港特别行政区", "香港特区 香港"),
            (
                Level::City,
                "恩施土家族苗族自治州",
                "恩施自治州 恩施州 恩施",
            ),
            (
                Level::City,
                "博尔塔拉蒙古自治州",
                "博尔塔拉自治州 博尔塔拉州 博尔塔拉",
            ),
            (Level::City, "大兴安岭地区", "大兴安岭"),
            (
                Level::County,
                "积石山保安族东乡族撒拉族自治县",
                "积石山自治县 积石山县 积石山",
            ),
            (Level::County, "东乡族自治县", "东乡自治县 东乡县 东乡"),
            (
                Level::County,
                "鄂温克族自治旗",
                "鄂温克自治旗 鄂温克旗 鄂温克",
            ),
            (Level::County, "梅里斯达斡尔族区", "梅里斯区 梅里斯"),
            (Level::County, "科尔沁左翼中旗", ""),
            (Level::County, "浦东新区", "浦东"),
            (Level::County, "赵县", ""),
        ] {
            let forms: Vec<String> = short_forms(level, full)
                .into_iter()
                .map(|(form, _)| form)
                .collect();
            assert_eq!(forms.join(" "), short, "{full}");
        }
    }
}
