//! The figures of a text: numbers with units, what they measure and what they belong to.
//!
//! Reports argue with figures, 总投资38亿元 or 新增学位1.2万个, and readers want to find, compare
//! and narrow by them. Each figure is read into a value in the base unit of its class, a range
//! into two, with the qualifier it bears (近, 超过, 以上), whether it is an amount, a change or an
//! amount for each person, and the words it belongs to.
//!
//! Only what is counted or measured is a figure here. Years, dates and times of day, ordinals
//! (第3), document numbers, list numbers, versions and telephone numbers are none, nor are set
//! phrases such as 两个维护: a small Chinese numeral before 个 or 项 numbers a list far more often
//! than it measures. A number that can be read in two ways is left alone.
//!
//! Invariants: figures are in order and do not overlap, their ranges stand at character
//! boundaries, their values are finite, and width and script make no difference; any text takes
//! time in proportion to its length (`tests/quantities.rs`, where a judged sample measures what
//! is found).

pub mod condition;
mod edge;
mod numeral;
mod qualifier;
mod scan;
mod unit;
mod view;
mod words;

use serde::{Deserialize, Serialize};

pub use condition::Condition;
pub use scan::find;

use crate::report::Span;

/// What a figure measures. Values of one class are in one unit, and compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Yuan.
    Money,
    /// Foreign money, in the currency written.
    ForeignMoney,
    /// People.
    People,
    /// Visits, of which one person may make several.
    Visits,
    /// Households.
    Households,
    /// Places for people or cars: in schools, beds, seats, parking.
    Places,
    /// Schools, and what else is counted by 所.
    Schools,
    /// Anything else that is counted.
    Count,
    /// Square metres.
    Area,
    /// Metres.
    Length,
    /// Tonnes.
    Mass,
    /// Cubic metres.
    Volume,
    /// Kilowatts.
    Power,
    /// Kilowatt-hours.
    Energy,
    /// Hours.
    Duration,
    /// Percent of a whole.
    Share,
    /// Percent by which something changed, below zero where it fell.
    Growth,
    /// Percentage points, below zero where something fell by them.
    Points,
    /// How many times as much.
    Multiple,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 19] = [
        Self::Money,
        Self::ForeignMoney,
        Self::People,
        Self::Visits,
        Self::Households,
        Self::Places,
        Self::Schools,
        Self::Count,
        Self::Area,
        Self::Length,
        Self::Mass,
        Self::Volume,
        Self::Power,
        Self::Energy,
        Self::Duration,
        Self::Share,
        Self::Growth,
        Self::Points,
        Self::Multiple,
    ];

    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::ForeignMoney => "foreign-money",
            Self::People => "people",
            Self::Visits => "visits",
            Self::Households => "households",
            Self::Places => "places",
            Self::Schools => "schools",
            Self::Count => "count",
            Self::Area => "area",
            Self::Length => "length",
            Self::Mass => "mass",
            Self::Volume => "volume",
            Self::Power => "power",
            Self::Energy => "energy",
            Self::Duration => "duration",
            Self::Share => "share",
            Self::Growth => "growth",
            Self::Points => "points",
            Self::Multiple => "multiple",
        }
    }

    /// Its name for readers.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Money => "金额",
            Self::ForeignMoney => "外币金额",
            Self::People => "人数",
            Self::Visits => "人次",
            Self::Households => "户数",
            Self::Places => "学位、床位等",
            Self::Schools => "所数",
            Self::Count => "数量",
            Self::Area => "面积",
            Self::Length => "长度",
            Self::Mass => "重量",
            Self::Volume => "体积",
            Self::Power => "功率",
            Self::Energy => "电量",
            Self::Duration => "时长",
            Self::Share => "占比",
            Self::Growth => "增幅",
            Self::Points => "百分点",
            Self::Multiple => "倍数",
        }
    }

    /// The unit its values are in.
    #[must_use]
    pub fn base_unit(self) -> &'static str {
        match self {
            Self::Money => "元",
            Self::ForeignMoney => "外币",
            Self::People => "人",
            Self::Visits => "人次",
            Self::Households => "户",
            Self::Places | Self::Count => "个",
            Self::Schools => "所",
            Self::Area => "平方米",
            Self::Length => "米",
            Self::Mass => "吨",
            Self::Volume => "立方米",
            Self::Power => "千瓦",
            Self::Energy => "千瓦时",
            Self::Duration => "小时",
            Self::Share | Self::Growth => "%",
            Self::Points => "个百分点",
            Self::Multiple => "倍",
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == name)
    }
}

/// How near the true value is said to be to the figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Qualifier {
    /// Near it: 近, 约, 左右.
    About,
    /// Above it: 超过, 突破, 多, 余.
    Over,
    /// Below it: 不足, 不到, 低于.
    Less,
    /// It or above: 以上, 不少于.
    AtLeast,
    /// It or below: 以下, 以内, 不超过.
    AtMost,
}

impl Qualifier {
    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::About => "about",
            Self::Over => "over",
            Self::Less => "less",
            Self::AtLeast => "at-least",
            Self::AtMost => "at-most",
        }
    }
}

/// What a figure is said of.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// How much there is.
    #[default]
    Amount,
    /// By how much it rose.
    Rise,
    /// By how much it fell.
    Fall,
    /// How much for each person, pupil or household.
    PerPerson,
    /// How much for each of another unit: 元/吨, 每亩.
    PerUnit,
}

impl Kind {
    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::Rise => "rise",
            Self::Fall => "fall",
            Self::PerPerson => "per-person",
            Self::PerUnit => "per-unit",
        }
    }
}

/// A figure of a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// Where it stands: number and unit, without the qualifier before it.
    pub range: Span,
    /// What it measures.
    pub class: Class,
    /// Its value in the base unit of its class; of a range, the lower end.
    pub low: f64,
    /// The same; of a range, the upper end. Never below `low`.
    pub high: f64,
    /// The unit as it is written, folded: 亿元 has 元.
    pub unit: String,
    /// How near the true value is said to be.
    pub qualifier: Option<Qualifier>,
    /// Amount, change, or amount for each person.
    pub kind: Kind,
    /// The words it belongs to, folded; empty where none stand near.
    pub label: String,
}
