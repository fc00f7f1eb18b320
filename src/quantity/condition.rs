//! What figures are narrowed to: `money>=10亿元` of a filter, 10亿元以上 of a query.
//!
//! A condition is a class and an interval of values. A figure meets it by its stated value,
//! whatever its qualifier; a range meets it when the two overlap.

use super::unit;
use super::view::View;
use super::{Class, Kind, Qualifier, Quantity, scan};
use crate::report::Span;

/// The share of a value by which two that were written differently may differ: 40亩 and 4公顷 are
/// no whole square metres.
const TOLERANCE: f64 = 1e-8;
/// How far from it what is said to be about a value is looked for, as a share of it.
const ABOUT: f64 = 0.1;
/// The most characters of a condition.
const MAX_CHARS: usize = 60;

/// What may stand between class and value; longer ones first.
const OPERATORS: [(&str, Operator); 7] = [
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("≥", Operator::AtLeast),
    ("≤", Operator::AtMost),
    (">", Operator::Above),
    ("<", Operator::Below),
    ("=", Operator::Equal),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    AtLeast,
    AtMost,
    Above,
    Below,
    Equal,
}

/// A class of figures, and the values wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// The class.
    pub class: Class,
    /// The least value, and the greatest; both are wanted.
    low: f64,
    high: f64,
    /// As it is written in a filter.
    text: String,
}

/// A condition that stands in a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What it asks.
    pub condition: Condition,
    /// Where it stands, with its qualifier and verb of change: bytes of the text.
    pub range: Span,
}

impl Condition {
    /// Reads a filter: a class, an operator and a value, or two values with `..` between them.
    ///
    /// ```
    /// use cesou::quantity::Condition;
    ///
    /// let condition = Condition::parse("money>=10亿元").unwrap();
    /// assert!(condition.holds(1e9, 1e9) && !condition.holds(9e8, 9e8));
    /// ```
    ///
    /// # Errors
    ///
    /// Says, in Chinese, what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let shape = || {
            let classes = Class::ALL.map(Class::as_str).join("、");
            format!(
                "“类别、比较符、数值”，如 money>=10亿元、share<40%、money=1亿元..5亿元；\
                 类别有 {classes}；比较符有 >=、>、<=、<、="
            )
        };
        if text.chars().count() > MAX_CHARS {
            return Err(shape());
        }
        let (class, operator, value) = OPERATORS
            .iter()
            .filter_map(|&(sign, operator)| {
                let (class, value) = text.split_once(sign)?;
                Some((class, operator, value))
            })
            .min_by_key(|(class, _, value)| (class.len(), value.len()))
            .ok_or_else(shape)?;
        let class = Class::named(class.trim()).ok_or_else(shape)?;
        let read = |text: &str| {
            value_of(class, text)
                .ok_or_else(|| format!("{} 的数值，如 {}", class.as_str(), example(class)))
        };
        let (low, high) = match value.split_once("..") {
            Some((low, high)) if operator == Operator::Equal => {
                let (low, high) = (read(low)?, read(high)?);
                if low > high {
                    return Err("由小到大的两个数值，如 money=1亿元..5亿元".to_owned());
                }
                (below(low), above(high))
            }
            Some(_) => return Err(shape()),
            None => {
                let value = read(value)?;
                match operator {
                    Operator::AtLeast => (below(value), f64::INFINITY),
                    Operator::Above => (above(value), f64::INFINITY),
                    Operator::AtMost => (f64::NEG_INFINITY, above(value)),
                    Operator::Below => (f64::NEG_INFINITY, below(value)),
                    Operator::Equal => (below(value), above(value)),
                }
            }
        };
        Ok(Self {
            class,
            low,
            high,
            text: text.trim().to_owned(),
        })
    }

    /// Whether a figure of the class with these ends meets it.
    #[must_use]
    pub fn holds(&self, low: f64, high: f64) -> bool {
        high >= self.low && low <= self.high
    }

    /// Whether `quantity` meets it.
    #[must_use]
    pub fn holds_for(&self, quantity: &Quantity) -> bool {
        quantity.class == self.class && self.holds(quantity.low, quantity.high)
    }

    /// The values wanted, both ends included; infinite where they are open.
    #[must_use]
    pub fn bounds(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// It as a filter is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// It for readers, in Chinese.
    #[must_use]
    pub fn label(&self) -> String {
        let rest = self
            .text
            .strip_prefix(self.class.as_str())
            .unwrap_or(&self.text);
        let (sign, value) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, rest.strip_prefix(sign)?)))
            .unwrap_or((Operator::Equal, rest));
        let sign = match sign {
            Operator::AtLeast => "≥",
            Operator::AtMost => "≤",
            Operator::Above => ">",
            Operator::Below => "<",
            Operator::Equal => "=",
        };
        format!("{} {sign} {value}", self.class.label())
    }
}

/// Conditions stand in a query one after another; each is a figure that says it is a bound: 超过,
/// 以上, 不足, or a range. What merely names a figure, 38亿元, is looked for as words.
///
/// Ranges are bytes of `text`.
#[must_use]
pub fn find(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for quantity in scan::find_in_query(text) {
        let Some(condition) = condition_of(&quantity.quantity) else {
            continue;
        };
        found.push(Found {
            condition,
            range: quantity.around,
        });
    }
    found
}

fn condition_of(quantity: &Quantity) -> Option<Condition> {
    let (low, high) = (quantity.low, quantity.high);
    let value = |value: f64| written(quantity, value);
    // 下降5%以上 asks for what is five or more below zero.
    let falls = quantity.kind == Kind::Fall && high <= 0.0;
    let text = if low < high {
        format!("={}..{}", value(low), value(high))
    } else {
        match (quantity.qualifier?, falls) {
            (Qualifier::About, _) => {
                let margin = low.abs() * ABOUT;
                format!("={}..{}", value(low - margin), value(low + margin))
            }
            (Qualifier::AtLeast, false) | (Qualifier::AtMost, true) => format!(">={}", value(low)),
            (Qualifier::Over, false) | (Qualifier::Less, true) => format!(">{}", value(low)),
            (Qualifier::AtMost, false) | (Qualifier::AtLeast, true) => format!("<={}", value(low)),
            (Qualifier::Less, false) | (Qualifier::Over, true) => format!("<{}", value(low)),
        }
    };
    Condition::parse(&format!("{}{text}", quantity.class.as_str())).ok()
}

/// A value as a filter may have it, in the unit of `quantity`.
fn written(quantity: &Quantity, value: f64) -> String {
    let unit: Vec<char> = quantity.unit.chars().collect();
    let factor = unit::at(&unit).map_or(1.0, |unit| unit.factor);
    let value = value / factor;
    let (magnitude, unit_of) = match quantity.class {
        Class::Share | Class::Growth => ("", 1.0),
        _ if value.abs() >= 1e8 => ("亿", 1e8),
        _ if value.abs() >= 1e4 => ("万", 1e4),
        _ => ("", 1.0),
    };
    // Numbers are read with six digits after the point.
    let number = format!("{:.6}", value / unit_of);
    let number = number.trim_end_matches('0').trim_end_matches('.');
    format!("{number}{magnitude}{}", quantity.unit)
}

fn example(class: Class) -> &'static str {
    match class {
        Class::Money => "1e9、10亿元",
        Class::ForeignMoney => "1e8、1亿美元",
        Class::People => "10000、1万人",
        Class::Visits => "10000、1万人次",
        Class::Households => "10000、1万户",
        Class::Places | Class::Count => "10000、1万个",
        Class::Schools => "100、100所",
        Class::Area => "1e6、100公顷、1500亩",
        Class::Length => "1000、1公里",
        Class::Mass => "1000、1000吨",
        Class::Volume => "10000、1万立方米",
        Class::Power => "10000、1万千瓦",
        Class::Energy => "1e8、1亿千瓦时",
        Class::Duration => "24、24小时",
        Class::Share | Class::Growth => "40、40%",
        Class::Points => "5、5个百分点",
        Class::Multiple => "2、2倍",
    }
}

fn below(value: f64) -> f64 {
    value - value.abs() * TOLERANCE
}

fn above(value: f64) -> f64 {
    value + value.abs() * TOLERANCE
}

/// The value of a text that is a figure of `class`, or a number alone.
fn value_of(class: Class, text: &str) -> Option<f64> {
    let text = text.trim();
    if let Ok(value) = text.parse::<f64>() {
        return value.is_finite().then_some(value);
    }
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    let view = View::new(text);
    let (value, unit_class) = scan::whole(&view)?;
    let fits = unit_class.is_none_or(|unit| {
        let counted = |class| matches!(class, Class::Count | Class::Places | Class::Schools);
        unit == class
            || class == Class::Growth && unit == Class::Share
            || counted(class) && counted(unit)
    });
    (fits && value >= 0.0).then_some(sign * value)
}
