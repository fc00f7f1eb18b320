//! Names resolve to the divisions they mean, and to none where they mean none for certain.

use std::collections::HashMap;

use cesou::region::{Region, Resolution, ends_like_a_division, mentions, resolve};
use proptest::prelude::*;

const DIVISIONS: &str = include_str!("../src/region/divisions.tsv");

/// A resolution as the tables below write it: code and full name, several joined by ` | `, or `?`.
fn shown(resolution: &Resolution) -> String {
    let one = |region: &Region| {
        let code = region.code.as_deref().unwrap_or("none");
        format!("{code} {}", region.full_name())
    };
    match resolution {
        Resolution::Known(region) => one(region),
        Resolution::Ambiguous(regions) => regions.iter().map(one).collect::<Vec<_>>().join(" | "),
        Resolution::Unknown => "?".to_owned(),
    }
}

/// A name, and what it resolves to.
const NAMES: &[(&str, &str)] = &[
    // Every level, alone and in chains of full names.
    ("江西省", "360000 江西省"),
    ("萍乡市", "360300 江西省萍乡市"),
    ("芦溪县", "360323 江西省萍乡市芦溪县"),
    ("江西芦溪县", "360323 江西省萍乡市芦溪县"),
    ("江西省萍乡市芦溪县", "360323 江西省萍乡市芦溪县"),
    ("萍乡市芦溪县", "360323 江西省萍乡市芦溪县"),
    // Short forms.
    ("萍乡芦溪", "360323 江西省萍乡市芦溪县"),
    ("芦溪", "360323 江西省萍乡市芦溪县"),
    ("石家庄", "130100 河北省石家庄市"),
    ("内蒙古", "150000 内蒙古自治区"),
    ("广西", "450000 广西壮族自治区"),
    ("广西自治区", "450000 广西壮族自治区"),
    ("宁夏", "640000 宁夏回族自治区"),
    ("新疆", "650000 新疆维吾尔自治区"),
    ("西藏", "540000 西藏自治区"),
    ("香港", "810000 香港特别行政区"),
    ("香港特区", "810000 香港特别行政区"),
    ("澳门", "820000 澳门特别行政区"),
    ("延边", "222400 吉林省延边朝鲜族自治州"),
    ("延边州", "222400 吉林省延边朝鲜族自治州"),
    ("恩施州", "422800 湖北省恩施土家族苗族自治州"),
    ("阿坝州", "513200 四川省阿坝藏族羌族自治州"),
    ("黔东南州", "522600 贵州省黔东南苗族侗族自治州"),
    ("锡林郭勒盟", "152500 内蒙古自治区锡林郭勒盟"),
    ("大兴安岭", "232700 黑龙江省大兴安岭地区"),
    ("长阳县", "420528 湖北省宜昌市长阳土家族自治县"),
    ("北川县", "510726 四川省绵阳市北川羌族自治县"),
    ("鄂温克旗", "150724 内蒙古自治区呼伦贝尔市鄂温克族自治旗"),
    ("神农架", "429021 湖北省神农架林区"),
    ("浦东", "310115 上海市浦东新区"),
    // Municipalities and counties without a prefecture.
    ("北京市海淀区", "110108 北京市海淀区"),
    ("北京海淀", "110108 北京市海淀区"),
    ("重庆市万州区", "500101 重庆市万州区"),
    ("仙桃市", "429004 湖北省仙桃市"),
    ("湖北省仙桃市", "429004 湖北省仙桃市"),
    ("济源市", "419001 河南省济源市"),
    ("石河子市", "659001 新疆维吾尔自治区石河子市"),
    ("琼海市", "469002 海南省琼海市"),
    ("嘉峪关市", "620200 甘肃省嘉峪关市"),
    // A name that several divisions bear, and one of them.
    ("沈阳市和平区", "210102 辽宁省沈阳市和平区"),
    ("沈阳和平区", "210102 辽宁省沈阳市和平区"),
    ("辽宁沈阳和平区", "210102 辽宁省沈阳市和平区"),
    ("沈阳和平", "210102 辽宁省沈阳市和平区"),
    ("和平区", "120101 天津市和平区 | 210102 辽宁省沈阳市和平区"),
    ("朝阳区", "110105 北京市朝阳区 | 220104 吉林省长春市朝阳区"),
    ("吉林朝阳区", "220104 吉林省长春市朝阳区"),
    ("通州区", "110112 北京市通州区 | 320612 江苏省南通市通州区"),
    ("南通通州区", "320612 江苏省南通市通州区"),
    (
        "鼓楼区",
        "320106 江苏省南京市鼓楼区 | 320302 江苏省徐州市鼓楼区 | \
         350102 福建省福州市鼓楼区 | 410204 河南省开封市鼓楼区",
    ),
    ("乐山市市中区", "511102 四川省乐山市市中区"),
    ("阳泉市城区", "140302 山西省阳泉市城区"),
    // One name at several levels.
    ("吉林", "220000 吉林省"),
    ("吉林市", "220200 吉林省吉林市"),
    ("海南", "460000 海南省"),
    ("海南区", "150303 内蒙古自治区乌海市海南区"),
    ("海南州", "632500 青海省海南藏族自治州"),
    ("青海海南", "632500 青海省海南藏族自治州"),
    ("河南", "410000 河南省"),
    ("河南县", "632324 青海省黄南藏族自治州河南蒙古族自治县"),
    ("河北区", "120105 天津市河北区"),
    ("朝阳市", "211300 辽宁省朝阳市"),
    ("长沙", "430100 湖南省长沙市"),
    ("中山", "442000 广东省中山市"),
    ("东方", "469007 海南省东方市"),
    (
        "朝阳",
        "110105 北京市朝阳区 | 211300 辽宁省朝阳市 | 211321 辽宁省朝阳市朝阳县 | \
         220104 吉林省长春市朝阳区",
    ),
    // Renamed, abolished, upgraded.
    ("崇文区", "110103 北京市崇文区"),
    ("密云县", "110228 北京市密云县"),
    ("闸北区", "310108 上海市闸北区"),
    ("綦江县", "500222 重庆市綦江县"),
    ("万盛区", "500110 重庆市万盛区"),
    ("襄樊市", "420600 湖北省襄樊市"),
    ("襄樊市襄阳区", "420607 湖北省襄樊市襄阳区"),
    ("襄阳市襄阳区", "420607 湖北省襄樊市襄阳区"),
    ("毕节地区", "522400 贵州省毕节地区"),
    ("毕节市", "520500 贵州省毕节市"),
    ("莱芜市", "371200 山东省莱芜市"),
    ("莱芜", "370116 山东省济南市莱芜区"),
    ("思茅市", "530800 云南省思茅市"),
    ("普洱市翠云区", "530802 云南省思茅市翠云区"),
    ("定安县", "469021 海南省定安县"),
    ("白沙黎族自治县", "469025 海南省白沙黎族自治县"),
    ("兴县", "141123 山西省吕梁市兴县"),
    ("沙县", "350427 福建省三明市沙县"),
    ("沙县区", "350405 福建省三明市沙县区"),
    // A prefecture abolished whose name a county bears today: today's wins.
    ("巢湖市", "340181 安徽省合肥市巢湖市"),
    ("巢湖市居巢区", "341402 安徽省巢湖市居巢区"),
    // Blanks, separators, scripts.
    (" 江西　芦 溪 县\n", "360323 江西省萍乡市芦溪县"),
    ("江西省·萍乡市·芦溪县", "360323 江西省萍乡市芦溪县"),
    ("江西省/萍乡市/芦溪县", "360323 江西省萍乡市芦溪县"),
    ("江西省\u{200B}－萍乡市", "360300 江西省萍乡市"),
    ("臺灣", "710000 台湾省"),
    ("瀋陽市", "210100 辽宁省沈阳市"),
    ("廣西壯族自治區桂林市", "450300 广西壮族自治区桂林市"),
    ("乾縣", "610424 陕西省咸阳市乾县"),
    // No division, or none for certain.
    ("河北省和平区", "?"),
    ("江苏省海淀区", "?"),
    ("上海市萍乡市", "?"),
    ("萍乡市江西省", "?"),
    ("苏州工业园区", "?"),
    ("雄安新区", "?"),
    ("新疆生产建设兵团", "?"),
    ("省直辖县级行政区划", "?"),
    ("市辖区", "?"),
    ("县", "?"),
    ("某某县", "?"),
    ("", "?"),
    (" · ", "?"),
];

#[test]
fn names_resolve() {
    let wrong: Vec<String> = NAMES
        .iter()
        .map(|&(name, expected)| (name, expected, shown(&resolve(name))))
        .filter(|(_, expected, found)| expected != found)
        .map(|(name, expected, found)| format!("{name:?}: {found}, not {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A text, and the mentions in it: the bytes it covers, `=`, and the code, `?` or `several`.
const TEXTS: &[(&str, &str)] = &[
    ("2025年上海市政府工作报告", "上海市=310000"),
    ("2025年宁夏政府工作报告", "宁夏=640000"),
    ("内蒙古自治区人民政府办公厅关于", "内蒙古自治区=150000"),
    ("文山州人民政府办公室关于", "文山州=532600"),
    ("保山市人民政府办公室关于", "保山市=530500"),
    ("和县人民政府办公室关于", "和县=340523"),
    (
        "桂林市象山区人民政府办公室关于印发《象山区区属学校管理办法》",
        "桂林市象山区=450304 象山区=450304",
    ),
    (
        "呼伦贝尔市转发《内蒙古自治区人民政府办公厅意见》",
        "呼伦贝尔市=150700 内蒙古自治区=150000",
    ),
    ("恩施州巴东县:山里娃", "恩施州巴东县=422823"),
    ("石家庄 教育扶贫", "石家庄=130100"),
    ("河北省 石家庄市", "河北省 石家庄市=130100"),
    ("江西省／萍乡市／芦溪县", "江西省／萍乡市／芦溪县=360323"),
    ("北京 朝阳", "北京 朝阳=110105"),
    ("沈阳 和平 发展", "沈阳=210100"),
    ("北京海淀教育", "北京海淀=110108"),
    ("瀋陽市和平區", "瀋陽市和平區=210102"),
    ("上海和苏州", "上海=310000 苏州=320500"),
    ("上海海南北京", "上海=310000 海南=460000 北京=110000"),
    ("江苏苏州昆山", "江苏苏州昆山=320583"),
    ("海口教育", "海口=460100"),
    ("支持大连与南昌", "大连=210200 南昌=360100"),
    ("美丽江苏", "江苏=320000"),
    ("鼓楼区教育局", "鼓楼区=several"),
    ("河北省和平区教育", "河北省和平区=?"),
    ("海南儋州滨海新区", "海南儋州=460400"),
    ("北京市天津市", "北京市=110000 天津市=120000"),
    ("苏州工业园区教师交流", "苏州=320500"),
    ("新疆生产建设兵团办公厅", "新疆=650000"),
    // A name's last character may begin the next word.
    ("北京市场监管", "北京=110000"),
    ("河北区域协调", "河北=130000"),
    ("天津河北区教育", "天津河北区=120105"),
    ("山东高密度", "山东=370000"),
    ("湖北公安厅", "湖北=420000"),
    ("枣庄市中小学", "枣庄市=370400"),
    ("济南市中心城区", "济南市=370100"),
    ("内蒙古 呼和浩特 新城区", "内蒙古 呼和浩特 新城区=150102"),
    ("上海南站", "上海=310000"),
    // Pieces of other words.
    ("沿海南部的出海口", ""),
    ("和平发展", ""),
    ("朝阳产业", ""),
    ("东方", ""),
    ("芦溪", ""),
    ("主城区、矿区、郊区、新城区", ""),
    ("扩大开放", ""),
    ("长安街", ""),
    ("文化大县", ""),
    ("市和县级财政", ""),
    ("振兴县域经济", ""),
    ("长治久安", ""),
    ("完成都市更新", ""),
    ("世界大同与加大同步", ""),
    ("重大理论和远大理想", ""),
    ("教育部关于印发《办法》的通知", ""),
    ("西南山区和集中山区", ""),
];

#[test]
fn texts_mention() {
    let mut wrong = Vec::new();
    for &(text, expected) in TEXTS {
        let found: Vec<String> = mentions(text)
            .iter()
            .map(|mention| {
                let name = text.get(mention.start..mention.end).unwrap_or("cut");
                match &mention.resolution {
                    Resolution::Known(region) => {
                        assert_eq!(region.name, name);
                        format!("{name}={}", region.code.as_deref().unwrap_or("none"))
                    }
                    Resolution::Ambiguous(_) => format!("{name}=several"),
                    Resolution::Unknown => format!("{name}=?"),
                }
            })
            .collect();
        let found = found.join(" ");
        // Names may hold blanks, so lists are compared as written.
        if found != expected {
            wrong.push(format!("{text}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn regions_have_levels_and_names() {
    let Resolution::Known(region) = resolve("萍乡 芦溪 ") else {
        panic!("萍乡芦溪 is a county");
    };
    assert!(region.is_known());
    assert_eq!(region.name, "萍乡 芦溪");
    assert_eq!(region.province.as_deref(), Some("江西省"));
    assert_eq!(region.city.as_deref(), Some("萍乡市"));
    assert_eq!(region.county.as_deref(), Some("芦溪县"));
    let unknown = Region::unknown("某地");
    assert!(!unknown.is_known());
    assert_eq!(unknown.full_name(), "某地");
    assert_eq!(unknown.search_names(), ["某地"]);
    for (name, expected) in [
        ("芦溪县", "江西省 江西 萍乡市 萍乡 芦溪县 芦溪"),
        ("北京市", "北京市 北京"),
        ("内蒙古", "内蒙古自治区 内蒙古"),
        (
            "恩施州",
            "湖北省 湖北 恩施土家族苗族自治州 恩施自治州 恩施州 恩施",
        ),
        ("赵县", "河北省 河北 石家庄市 石家庄 赵县"),
        (
            "资源县",
            "广西壮族自治区 广西自治区 广西 桂林市 桂林 资源县",
        ),
    ] {
        match resolve(name) {
            Resolution::Known(region) => assert_eq!(region.search_names().join(" "), expected),
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn endings_of_divisions() {
    for name in [
        "东某县",
        "高新区",
        "苏州工业园区",
        "全州县",
        "大名县",
        "雄安新区",
        "额济纳旗",
    ] {
        assert!(ends_like_a_division(name), "{name}");
    }
    for name in [
        "",
        "县",
        "社区",
        "城市",
        "各县",
        "全市",
        "我省",
        "山区",
        "教育局",
        "ABC市",
        "海淀",
    ] {
        assert!(!ends_like_a_division(name), "{name}");
    }
}

/// A row of the table, read apart from the code under test.
struct Row {
    code: u32,
    name: &'static str,
    last: u16,
    current: bool,
}

fn rows() -> Vec<Row> {
    DIVISIONS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut fields = line.split('\t');
            let code = fields.next().and_then(|code| code.parse().ok());
            let name = fields.next();
            let last = fields
                .next()
                .and_then(|years| years.split_once('-'))
                .map_or(Some(2023), |(_, last)| last.parse().ok());
            Row {
                code: code.expect("every row has a code"),
                name: name.expect("every row has a name"),
                last: last.expect("years are numbers"),
                current: last == Some(2023),
            }
        })
        .collect()
}

#[test]
fn every_full_chain_resolves_to_its_division() {
    let rows = rows();
    assert_eq!(rows.len(), 3790);
    let mut wrong = Vec::new();
    for row in &rows {
        let parent = |unit: u32| {
            let code = row.code / unit * unit;
            rows.iter()
                .filter(|it| it.code == code && code != row.code)
                .filter(|it| it.last >= row.last)
                .min_by_key(|it| it.last)
                .map_or("", |it| it.name)
        };
        let chain = format!("{}{}{}", parent(10_000), parent(100), row.name);
        let Resolution::Known(region) = resolve(&chain) else {
            wrong.push(format!("{chain} is {}", shown(&resolve(&chain))));
            continue;
        };
        // A name that moved to another code within its province is the latest.
        let moved = rows.iter().any(|it| {
            it.name == row.name
                && it.code / 10_000 == row.code / 10_000
                && it.code != row.code
                && it.last > row.last
        });
        let code = region.code.as_deref().and_then(|code| code.parse().ok());
        if code != Some(row.code) && (row.current || !moved) {
            wrong.push(format!("{chain} is {code:?}, not {}", row.code));
        }
        // 北川县 is the short form of what it became under its code.
        if !region.full_name().ends_with(row.name) && code != Some(row.code) {
            wrong.push(format!("{chain} is {}", region.full_name()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_unique_current_name_resolves_alone() {
    let rows = rows();
    let mut held: HashMap<&str, u32> = HashMap::new();
    for row in rows.iter().filter(|row| row.current) {
        *held.entry(row.name).or_default() += 1;
    }
    for row in rows.iter().filter(|row| row.current) {
        match resolve(row.name) {
            Resolution::Known(region) => {
                assert_eq!(held.get(row.name), Some(&1), "{}", row.name);
                assert_eq!(region.code, Some(row.code.to_string()), "{}", row.name);
            }
            Resolution::Ambiguous(regions) => {
                assert_eq!(
                    held.get(row.name).copied(),
                    u32::try_from(regions.len()).ok()
                );
                assert!(regions.len() > 1, "{}", row.name);
            }
            Resolution::Unknown => panic!("{} is unknown", row.name),
        }
    }
}

/// Text made of names, pieces of names and other words.
fn namelike() -> impl Strategy<Value = String> {
    let names: Vec<&str> = rows().iter().map(|row| row.name).collect();
    let piece = prop_oneof![
        3 => prop::sample::select(names).prop_flat_map(|name| {
            let length = name.chars().count();
            (0..length, 1..=length).prop_map(move |(skip, take)| {
                name.chars().skip(skip).take(take).collect::<String>()
            })
        }),
        1 => "[ 　·、年和在2A瀋長大\u{200B}😀]{1,3}",
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn mentions_are_in_order_at_characters(text in prop_oneof![any::<String>(), namelike()]) {
        let _ = resolve(&text);
        let mut last = 0;
        for mention in mentions(&text) {
            prop_assert!(last <= mention.start && mention.start < mention.end);
            prop_assert!(text.get(mention.start..mention.end).is_some());
            last = mention.end;
        }
    }

    #[test]
    fn a_resolved_name_is_its_full_name(text in namelike()) {
        if let Resolution::Known(region) = resolve(&text) {
            prop_assert_eq!(shown(&resolve(&region.full_name())), shown(&Resolution::Known(region)));
        }
    }
}
