//! The units that figures have, and what each measures.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::Class;

/// How sure a number before the unit is a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A unit of measure: any number before it is one.
    Measure,
    /// What things one can point at are counted by: 一所 is an article, 两所 a figure.
    Concrete,
    /// What matters and measures are counted by: 两个 and 八项 number lists.
    Generic,
    /// What is one only by the ten thousand.
    Thousands,
    /// A noun that is counted without a classifier: only figures before it are sure.
    Noun,
}

/// A unit.
#[derive(Debug, PartialEq)]
pub(super) struct Unit {
    pub(super) text: &'static str,
    pub(super) class: Class,
    /// Its worth in the base unit of the class.
    pub(super) factor: f64,
    pub(super) form: Form,
    /// Characters that make another word of it where one follows: 所以, 家庭.
    pub(super) stops: &'static str,
}

const fn unit(
    text: &'static str,
    class: Class,
    factor: f64,
    form: Form,
    stops: &'static str,
) -> Unit {
    Unit {
        text,
        class,
        factor,
        form,
        stops,
    }
}

const fn measure(text: &'static str, class: Class, factor: f64) -> Unit {
    unit(text, class, factor, Form::Measure, "")
}

const fn concrete(text: &'static str, stops: &'static str) -> Unit {
    unit(text, Class::Count, 1.0, Form::Concrete, stops)
}

const fn generic(text: &'static str, stops: &'static str) -> Unit {
    unit(text, Class::Count, 1.0, Form::Generic, stops)
}

const fn noun(text: &'static str, stops: &'static str) -> Unit {
    unit(text, Class::Count, 1.0, Form::Noun, stops)
}

/// A mu is a fifteenth of a hectare.
const MU: f64 = 10_000.0 / 15.0;

/// Every unit. Of two that fit, the longer is meant.
static UNITS: [Unit; 138] = [
    // Shares and changes.
    measure("%", Class::Share, 1.0),
    measure("‰", Class::Share, 0.1),
    unit(
        "成",
        Class::Share,
        10.0,
        Form::Measure,
        "立员为果长年人功绩本分份套熟品交都就效才了",
    ),
    measure("个百分点", Class::Points, 1.0),
    measure("百分点", Class::Points, 1.0),
    measure("个基点", Class::Points, 0.01),
    measure("基点", Class::Points, 0.01),
    unit("倍", Class::Multiple, 1.0, Form::Measure, "增感受加速率"),
    // Money.
    unit("元", Class::Money, 1.0, Form::Measure, "旦素件宵首老"),
    measure("元人民币", Class::Money, 1.0),
    measure("块钱", Class::Money, 1.0),
    measure("美元", Class::ForeignMoney, 1.0),
    measure("欧元", Class::ForeignMoney, 1.0),
    measure("港元", Class::ForeignMoney, 1.0),
    measure("日元", Class::ForeignMoney, 1.0),
    measure("韩元", Class::ForeignMoney, 1.0),
    measure("澳元", Class::ForeignMoney, 1.0),
    measure("新台币", Class::ForeignMoney, 1.0),
    measure("英镑", Class::ForeignMoney, 1.0),
    measure("卢布", Class::ForeignMoney, 1.0),
    measure("港币", Class::ForeignMoney, 1.0),
    measure("加元", Class::ForeignMoney, 1.0),
    measure("法郎", Class::ForeignMoney, 1.0),
    measure("瑞士法郎", Class::ForeignMoney, 1.0),
    measure("卢比", Class::ForeignMoney, 1.0),
    measure("泰铢", Class::ForeignMoney, 1.0),
    // People.
    unit("人", Class::People, 1.0, Form::Concrete, "民均类工为行"),
    unit("人口", Class::People, 1.0, Form::Concrete, ""),
    unit("名", Class::People, 1.0, Form::Concrete, "单录义"),
    unit("位", Class::People, 1.0, Form::Concrete, "数列居于置一次"),
    measure("人次", Class::Visits, 1.0),
    unit("户", Class::Households, 1.0, Form::Concrete, "籍均外口型"),
    unit("户次", Class::Visits, 1.0, Form::Concrete, ""),
    // Places and institutions.
    measure("学位", Class::Places, 1.0),
    measure("床位", Class::Places, 1.0),
    measure("座席", Class::Places, 1.0),
    measure("座位", Class::Places, 1.0),
    unit(
        "所",
        Class::Schools,
        1.0,
        Form::Concrete,
        "以有得谓在需属示为述",
    ),
    // Area.
    measure("平方米", Class::Area, 1.0),
    measure("平米", Class::Area, 1.0),
    measure("㎡", Class::Area, 1.0),
    measure("m2", Class::Area, 1.0),
    measure("m²", Class::Area, 1.0),
    unit("亩", Class::Area, MU, Form::Measure, "产均"),
    unit("亩次", Class::Area, MU, Form::Measure, ""),
    measure("公顷", Class::Area, 10_000.0),
    measure("平方公里", Class::Area, 1_000_000.0),
    measure("平方千米", Class::Area, 1_000_000.0),
    measure("km2", Class::Area, 1_000_000.0),
    measure("km²", Class::Area, 1_000_000.0),
    // Length.
    unit("米", Class::Length, 1.0, Form::Measure, "粉饭"),
    measure("延米", Class::Length, 1.0),
    measure("公里", Class::Length, 1000.0),
    measure("千米", Class::Length, 1000.0),
    measure("海里", Class::Length, 1852.0),
    measure("厘米", Class::Length, 0.01),
    measure("毫米", Class::Length, 0.001),
    measure("km", Class::Length, 1000.0),
    measure("cm", Class::Length, 0.01),
    measure("mm", Class::Length, 0.001),
    // Mass.
    measure("吨", Class::Mass, 1.0),
    measure("吨标准煤", Class::Mass, 1.0),
    measure("公斤", Class::Mass, 0.001),
    measure("千克", Class::Mass, 0.001),
    measure("kg", Class::Mass, 0.001),
    measure("斤", Class::Mass, 0.0005),
    unit("克", Class::Mass, 1e-6, Form::Measure, "服隆拉"),
    measure("毫克", Class::Mass, 1e-9),
    measure("微克", Class::Mass, 1e-12),
    measure("mg", Class::Mass, 1e-9),
    measure("μg", Class::Mass, 1e-12),
    // Volume.
    measure("立方米", Class::Volume, 1.0),
    measure("立方", Class::Volume, 1.0),
    // Power and energy.
    measure("千瓦", Class::Power, 1.0),
    measure("瓦", Class::Power, 0.001),
    measure("兆瓦", Class::Power, 1000.0),
    measure("吉瓦", Class::Power, 1_000_000.0),
    measure("kw", Class::Power, 1.0),
    measure("mw", Class::Power, 1000.0),
    measure("gw", Class::Power, 1_000_000.0),
    measure("千瓦时", Class::Energy, 1.0),
    measure("千瓦小时", Class::Energy, 1.0),
    measure("兆瓦时", Class::Energy, 1000.0),
    measure("度电", Class::Energy, 1.0),
    // A degree only by the ten thousand is one of electricity.
    unit("度", Class::Energy, 1.0, Form::Thousands, "假过"),
    measure("kwh", Class::Energy, 1.0),
    // Duration. Years, months and days are mostly dates.
    measure("小时", Class::Duration, 1.0),
    measure("个小时", Class::Duration, 1.0),
    measure("分钟", Class::Duration, 1.0 / 60.0),
    measure("个月", Class::Duration, 730.0),
    measure("个工作日", Class::Duration, 24.0),
    measure("工作日", Class::Duration, 24.0),
    unit(
        "天",
        Class::Duration,
        24.0,
        Form::Concrete,
        "然津府文空下气河山水使鹅线宫",
    ),
    measure("学时", Class::Duration, 1.0),
    measure("课时", Class::Duration, 1.0),
    // What is counted, things first.
    concrete("家", "长庭乡具属禽渠喻"),
    concrete("座", "谈椅右"),
    concrete("栋", "梁"),
    concrete("幢", ""),
    concrete("间", "接隔距断歇谍"),
    concrete("套", "路用餐期种"),
    concrete("台", "湾风账阶历州儿山"),
    concrete("台套", ""),
    concrete("台次", ""),
    concrete("辆", ""),
    concrete("辆次", ""),
    concrete("架", "构设空起"),
    concrete("架次", ""),
    concrete("艘", ""),
    concrete("艘次", ""),
    concrete("册", "子"),
    concrete("篇", "章幅"),
    concrete("幅", "度员"),
    concrete("株", "洲"),
    concrete("棵", "松"),
    concrete("枚", ""),
    concrete("颗", "粒"),
    concrete("盏", ""),
    concrete("羽", "毛绒"),
    concrete("匹", "配"),
    concrete("例", "如外会行"),
    concrete("只", "有能是要需不会"),
    concrete("支", "持付出撑援教部柱点线农边配"),
    concrete("箱", ""),
    concrete("标箱", ""),
    concrete("标准箱", ""),
    generic("个", "性体税"),
    generic("项", ""),
    generic("件", ""),
    generic("条", "件例款约文"),
    generic("次", "数序要日年月生"),
    generic("场", "所馆地景域面合均"),
    generic("场次", ""),
    generic("车次", ""),
    generic("班次", ""),
    generic("批次", ""),
    generic("列", "入为出车举强席传支"),
    generic("处", "理于置分长级在罚境"),
];

/// Units that stand before words often, where only figures count.
static NOUNS: [Unit; 25] = [
    noun("种", "子植养业质族群"),
    noun("轮", "胎换岗候值训流"),
    noun("股", "份票权东市指"),
    noun("张", "家掖北"),
    noun("部", "门分署队级长委属位省"),
    noun("门", "户类诊口槛头"),
    noun("本", "科级土市省地次着报校区人质领"),
    noun("份", "额"),
    noun("笔", "者试记"),
    noun("宗", "旨教"),
    noun("起", "到来点步草始码初诉"),
    noun("单", "位元独一项个纯核"),
    noun("节", "能约点日水假目省"),
    noun("组", "织建成长合装团"),
    noun("班", "子级主长组车列"),
    noun("头", "部脑"),
    noun("口", "岸碑径号腔"),
    noun("块", ""),
    noun("对", "口接于应外标比象照策"),
    noun("村", "民级庄居集委社干务镇"),
    noun("县", "城域级长委政乡区"),
    noun("市", "场政民级域委长区值属内直辖外"),
    noun("省", "级委政内外会域直属部重市"),
    noun("镇", "村区域街级"),
    noun("校", "长园外内区企本舍地级"),
];

/// The units by their first character: every number is followed by one of them or none.
static BY_FIRST: LazyLock<FxHashMap<char, Vec<&'static Unit>>> = LazyLock::new(|| {
    let mut units: FxHashMap<char, Vec<&Unit>> = FxHashMap::default();
    for unit in UNITS.iter().chain(&NOUNS) {
        for first in unit.text.chars().take(1) {
            units.entry(first).or_default().push(unit);
        }
    }
    units
});

/// The unit that `rest`, folded, begins with.
pub(super) fn at(rest: &[char]) -> Option<&'static Unit> {
    let mut found: Option<(&Unit, usize)> = None;
    let first = rest.first()?;
    for unit in BY_FIRST.get(first).into_iter().flatten().copied() {
        let Some(length) = length_at(rest, unit.text) else {
            continue;
        };
        if found.is_none_or(|(_, longest)| length > longest) {
            found = Some((unit, length));
        }
    }
    let (unit, length) = found?;
    let next = rest.get(length).copied().unwrap_or(' ');
    let is_latin = unit.text.starts_with(|c: char| c.is_ascii_alphabetic());
    // 所以 is a word, 100所以上 is not made of it.
    let is_bound = matches!(rest.get(length..), Some(['以', '上' | '下' | '内', ..]));
    let runs_on =
        unit.stops.contains(next) && !is_bound || is_latin && next.is_ascii_alphanumeric();
    // 4米15 and “3个100” go on.
    (!(runs_on || next.is_ascii_digit())).then_some(unit)
}

/// How many characters `text` has, where `rest` begins with it.
pub(super) fn length_at(rest: &[char], text: &str) -> Option<usize> {
    let mut length = 0;
    for c in text.chars() {
        if rest.get(length) != Some(&c) {
            return None;
        }
        length += 1;
    }
    Some(length)
}

/// What a thing counted by a classifier is, where its name says more than the classifier does.
pub(super) fn class_of_noun(noun: &str) -> Option<Class> {
    const PLACES: [&str; 6] = ["学位", "床位", "泊位", "车位", "席位", "座位"];
    const HOURS: [&str; 2] = ["学时", "课时"];
    let ends = |words: &[&str]| words.iter().any(|word| noun.ends_with(word));
    if ends(&PLACES) {
        return Some(Class::Places);
    }
    ends(&HOURS).then_some(Class::Duration)
}
