//! What a new key is to be, from what the command line or a request says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroU32;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{Action, Rate};
use crate::search::{Facet, Filters};

/// The most characters of a name.
const MAX_NAME: usize = 100;
/// The most characters of a description.
const MAX_DESCRIPTION: usize = 1000;
/// The most origins, prefixes, or values of one filter.
const MAX_VALUES: usize = 100;
/// The most characters of an origin.
const MAX_ORIGIN: usize = 200;
/// The most characters of a report's id, and so of a prefix.
const MAX_PREFIX: usize = 128;
/// The most requests a second, and at once.
const MAX_RATE: u32 = 100_000;

/// A key as it is wished for, in words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    /// What it is for.
    pub name: String,
    /// What else is to be said of it.
    pub description: Option<String>,
    /// Names of actions; searching where there is none.
    pub actions: Vec<String>,
    /// Sites such as `https://example.org`.
    pub origins: Vec<String>,
    /// What ids of reports begin with.
    pub prefixes: Vec<String>,
    /// Values by field.
    pub filters: BTreeMap<String, Vec<String>>,
    /// A day, `2027-01-01`, which begins at midnight here, or a time, `2027-01-01T00:00:00Z`.
    pub expires: Option<String>,
    /// Requests a second.
    pub rate: Option<u32>,
    /// Requests at once; as many as in a second where it is missing.
    pub burst: Option<u32>,
}

/// A key as it can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// As [`super::Key::name`].
    pub name: String,
    /// As [`super::Key::description`].
    pub description: Option<String>,
    /// As [`super::Key::actions`].
    pub actions: BTreeSet<Action>,
    /// As [`super::Key::origins`].
    pub origins: Vec<String>,
    /// As [`super::Key::prefixes`].
    pub prefixes: Vec<String>,
    /// As [`super::Key::filters`].
    pub filters: Filters,
    /// As [`super::Key::expires`].
    pub expires: Option<Timestamp>,
    /// As [`super::Key::rate`].
    pub rate: Option<Rate>,
}

/// What of a wish cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The field of [`Wish`].
    pub field: String,
    /// What it says.
    pub value: String,
    /// What it may say.
    pub allowed: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            field,
            value,
            allowed,
        } = self;
        write!(f, "密钥的 {field} 的值“{value}”无效；应为：{allowed}")
    }
}

fn fault(field: &str, value: impl fmt::Display, allowed: impl Into<String>) -> Fault {
    Fault {
        field: field.to_owned(),
        value: value.to_string().chars().take(MAX_NAME).collect(),
        allowed: allowed.into(),
    }
}

impl Wish {
    /// The key that this describes.
    ///
    /// # Errors
    ///
    /// The first field that cannot be as it is.
    pub fn check(self, now: Timestamp) -> Result<Wanted, Fault> {
        let name = name(&self.name)?;
        let description = self.description.as_deref().map(description).transpose()?;
        let actions = actions(&self.actions)?;
        let origins = each("origins", &self.origins, origin)?;
        let prefixes = each("prefixes", &self.prefixes, prefix)?;
        let filters = filters(&self.filters)?;
        let expires = self.expires.map(|text| expires(&text, now)).transpose()?;
        let rate = rate(self.rate, self.burst)?;
        // Whoever may make keys is bound by nothing a key is bound by.
        let bound = [
            ("prefixes", prefixes.first().cloned(), Action::Write),
            (
                "filters",
                self.filters.keys().next().cloned(),
                Action::Search,
            ),
        ];
        for (field, value, action) in bound {
            let Some(value) = value else { continue };
            if actions.contains(&Action::Admin) {
                let why = "留空：有 admin 的密钥可以另建密钥，限制不住";
                return Err(fault(field, value, why));
            }
            if !actions.contains(&action) {
                let why = format!("留空，或让 actions 含有 {}", action.as_str());
                return Err(fault(field, value, why));
            }
        }
        Ok(Wanted {
            name,
            description,
            actions,
            origins,
            prefixes,
            filters,
            expires,
            rate,
        })
    }
}

/// What a key is for, without blanks around it.
///
/// # Errors
///
/// Says what is allowed.
pub fn name(text: &str) -> Result<String, Fault> {
    let name = text.trim();
    if !(1..=MAX_NAME).contains(&name.chars().count()) || name.contains(char::is_control) {
        let allowed = format!("1 至 {MAX_NAME} 个字，在一行之内，说明密钥的用途");
        return Err(fault("name", name, allowed));
    }
    Ok(name.to_owned())
}

/// What else is said of a key, without blanks around it.
///
/// # Errors
///
/// Says what is allowed.
pub fn description(text: &str) -> Result<String, Fault> {
    let description = text.trim();
    if description.chars().count() > MAX_DESCRIPTION {
        let allowed = format!("至多 {MAX_DESCRIPTION} 个字");
        return Err(fault("description", description, allowed));
    }
    Ok(description.to_owned())
}

fn actions(names: &[String]) -> Result<BTreeSet<Action>, Fault> {
    if names.is_empty() {
        return Ok(BTreeSet::from([Action::Search]));
    }
    let action = |name: &String| {
        let mut all = Action::ALL.into_iter();
        all.find(|action| action.as_str() == name.trim())
            .ok_or_else(|| {
                let all = Action::ALL.map(Action::as_str).join("、");
                fault("actions", name, format!("{all} 中的一个或几个"))
            })
    };
    names.iter().map(action).collect()
}

/// The values of a list, as `read` takes each, without those that come twice.
fn each(
    field: &'static str,
    values: &[String],
    read: fn(&str) -> Result<String, String>,
) -> Result<Vec<String>, Fault> {
    if values.len() > MAX_VALUES {
        let given = format!("{} 个值", values.len());
        return Err(fault(field, given, format!("至多 {MAX_VALUES} 个值")));
    }
    let mut all = Vec::new();
    for value in values {
        let value = read(value.trim()).map_err(|allowed| fault(field, value, allowed))?;
        if !all.contains(&value) {
            all.push(value);
        }
    }
    Ok(all)
}

/// An origin as browsers write it.
fn origin(text: &str) -> Result<String, String> {
    let allowed = || {
        "协议加主机名，可加端口，没有路径，如 https://www.example.org；中文域名写作 xn-- 形式"
            .to_owned()
    };
    let lower = text.to_lowercase();
    let lower = lower.strip_suffix('/').unwrap_or(&lower);
    let (scheme, usual) = if lower.starts_with("https://") {
        ("https://", ":443")
    } else {
        ("http://", ":80")
    };
    let place = lower.strip_prefix(scheme).ok_or_else(allowed)?;
    let place = place.strip_suffix(usual).unwrap_or(place);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    let host = match place.rsplit_once(':') {
        // The last colon of `[::1]` is no port's.
        Some((host, port)) if !port.ends_with(']') => {
            port.parse::<u16>().map_err(|_| allowed())?;
            host
        }
        _ => place,
    };
    let is_host = !host.is_empty() && (host.starts_with('[') || !host.contains(':'));
    if !is_host || !place.chars().all(is_plain) || lower.len() > MAX_ORIGIN {
        return Err(allowed());
    }
    Ok(format!("{scheme}{place}"))
}

fn prefix(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if !(1..=MAX_PREFIX).contains(&text.len()) || !text.chars().all(is_plain) {
        return Err(format!(
            "报告 id 的开头，1 至 {MAX_PREFIX} 个英文字母、数字、- 或 _"
        ));
    }
    Ok(text.to_owned())
}

/// Filters by field, each of a known field with values it can have.
pub(super) fn filters(given: &BTreeMap<String, Vec<String>>) -> Result<Filters, Fault> {
    let mut filters = Filters::new();
    for (name, values) in given {
        let facet = Facet::named(name).ok_or_else(|| {
            let all = Facet::ALL.map(Facet::as_str).join("、");
            fault("filters", name, format!("以下字段：{all}"))
        })?;
        if !(1..=MAX_VALUES).contains(&values.len()) {
            let given = format!("{name}：{} 个值", values.len());
            let allowed = format!("每个字段 1 至 {MAX_VALUES} 个值");
            return Err(fault("filters", given, allowed));
        }
        for value in values {
            facet
                .check(value)
                .map_err(|allowed| fault("filters", format!("{name}={value}"), allowed))?;
        }
        filters.insert(facet, values.clone());
    }
    Ok(filters)
}

fn expires(text: &str, now: Timestamp) -> Result<Timestamp, Fault> {
    let text = text.trim();
    let allowed =
        "将来的日期或时刻，如 2027-01-01（当地当日零时起失效）或 2027-01-01T08:00:00+08:00";
    let midnight = |day: Date| day.to_zoned_datetime(TimeZone::system()).ok();
    let at = text
        .parse::<Timestamp>()
        .ok()
        // A time without its zone would be read as a day.
        .or_else(|| match text.len() {
            10 => Some(midnight(text.parse().ok()?)?.timestamp()),
            _ => None,
        });
    at.filter(|at| *at > now)
        .ok_or_else(|| fault("expires", text, allowed))
}

fn rate(per_second: Option<u32>, burst: Option<u32>) -> Result<Option<Rate>, Fault> {
    let within = |field: &str, number: u32| {
        NonZeroU32::new(number)
            .filter(|number| number.get() <= MAX_RATE)
            .ok_or_else(|| fault(field, number, format!("1 至 {MAX_RATE} 的整数")))
    };
    let Some(per_second) = per_second else {
        return match burst {
            None => Ok(None),
            Some(burst) => Err(fault("burst", burst, "留空，或与 rate 一起给出")),
        };
    };
    let per_second = within("rate", per_second)?;
    let burst = burst.map(|burst| within("burst", burst)).transpose()?;
    Ok(Some(Rate {
        per_second,
        burst: burst.unwrap_or(per_second),
    }))
}

/// A time as people here read it, to the second.
#[must_use]
pub fn local(at: Timestamp) -> String {
    let at = at.to_zoned_datetime(TimeZone::system());
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
