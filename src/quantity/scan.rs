//! Walks a text once, from number to number.

use super::numeral::{Number, number_at, starts};
use super::qualifier::{qualifier_after, qualifier_before};
use super::unit::{self, Form, Unit};
use super::view::View;
use super::words;
use super::{Class, Kind, Qualifier, Quantity};
use crate::report::Span;

/// A figure with its place in the view, before it is known what it belongs to.
pub(super) struct Figure {
    pub(super) number: Number,
    pub(super) unit_start: usize,
    pub(super) end: usize,
    pub(super) unit: &'static Unit,
    low: f64,
    high: f64,
    qualifier: Option<Qualifier>,
}

/// A figure of a query, with the qualifiers and the verb of change around it.
pub(super) struct InQuery {
    pub(super) quantity: Quantity,
    pub(super) around: Span,
}

/// The figures of `text`, in order.
///
/// ```
/// let found = cesou::quantity::find("总投资近50亿元，增长11.5%。");
/// assert_eq!((found[0].low, found[0].label.as_str()), (5e9, "总投资"));
/// assert_eq!((found[1].low, found[1].class.as_str()), (11.5, "growth"));
/// ```
#[must_use]
pub fn find(text: &str) -> Vec<Quantity> {
    walk(text, false)
        .into_iter()
        .map(|found| found.quantity)
        .collect()
}

/// The figures of a query, where 10亿 alone is money.
pub(super) fn find_in_query(text: &str) -> Vec<InQuery> {
    walk(text, true)
}

fn walk(text: &str, is_query: bool) -> Vec<InQuery> {
    let view = View::new(text);
    let mut found: Vec<InQuery> = Vec::new();
    // Where the last figure ends, with what stands after it.
    let mut done = 0;
    let mut at = 0;
    while let Some(start) = (at..view.chars.len()).find(|&at| view.get(at).is_some_and(starts)) {
        match figure(&view, start, is_query) {
            Ok(figure) => {
                let previous = found.last().map(|found| &found.quantity);
                let (next, one) = complete(&view, &figure, done, previous);
                found.extend(one);
                done = next;
                at = next;
            }
            Err(next) => at = next.max(start + 1),
        }
    }
    found
}

/// The value of a view that is one number, with the class of its unit where it has one.
pub(super) fn whole(view: &View) -> Option<(f64, Option<Class>)> {
    let number = number_at(view, 0).ok()?;
    let end = view.chars.len();
    if number.end == end && !number.is_share() {
        return Some((number.value, None));
    }
    let unit = unit_of(view, &number, number.end)?;
    let is_all = number.end + unit_length(&number, unit) == end;
    is_all.then_some((number.value * unit.factor, Some(unit.class)))
}

/// The figure that begins at `start`, or where to go on looking.
fn figure(view: &View, start: usize, is_query: bool) -> Result<Figure, usize> {
    let first = number_at(view, start)?;
    let qualified = qualifier_after(view, first.end);
    // 3万以上人口 puts its qualifier before the unit.
    let (gap, inner) = qualified.map_or((0, None), |(length, qualifier)| (length, Some(qualifier)));
    let direct = unit_of(view, &first, first.end);
    let (unit_start, unit, inner) = match direct {
        Some(unit) => (first.end, Some(unit), None),
        None => (
            first.end + gap,
            (gap > 0)
                .then(|| unit_of(view, &first, first.end + gap))
                .flatten(),
            inner,
        ),
    };
    if let Some(unit) = unit {
        let end = unit_start + unit_length(&first, unit);
        let one = Figure {
            number: first,
            unit_start,
            end,
            unit,
            low: first.value * unit.factor,
            high: first.value * unit.factor,
            qualifier: first.qualifier.or(inner),
        };
        return Ok(range_with_units(view, one));
    }
    if let Some(range) = range(view, &first) {
        return Ok(range);
    }
    // Readers who type 10亿以上 mean money.
    let is_money = is_query && first.magnitude >= 1e8 && !first.is_bare();
    if is_money && let Some(unit) = unit::at(&['元']) {
        return Ok(Figure {
            number: first,
            unit_start: first.end,
            end: first.end,
            unit,
            low: first.value,
            high: first.value,
            qualifier: first.qualifier,
        });
    }
    Err(first.end)
}

/// 百分之 has said what the unit would say.
fn unit_length(number: &Number, unit: &Unit) -> usize {
    if number.is_share() {
        0
    } else {
        unit.text.chars().count()
    }
}

/// 2—3万人, 5-6%: the first number has the unit of the second, and its 万 where it would else be
/// out of proportion.
fn range(view: &View, first: &Number) -> Option<Figure> {
    if first.is_bare() || first.is_share() {
        return None;
    }
    let length = separator(view, first.end)?;
    let second = number_at(view, first.end + length).ok()?;
    if second.is_bare() || second.is_share() || second.is_chinese() != first.is_chinese() {
        return None;
    }
    let unit = unit_of(view, &second, second.end)?;
    let shared = first.value * second.magnitude / first.magnitude;
    let is_shared = first.magnitude <= 1.0 && shared <= second.value;
    let low = if is_shared { shared } else { first.value };
    // 2018-3个 is a date and a number.
    if low >= second.value {
        return None;
    }
    Some(Figure {
        number: *first,
        unit_start: second.end,
        end: second.end + unit_length(&second, unit),
        unit,
        low: low * unit.factor,
        high: second.value * unit.factor,
        qualifier: first.qualifier.or(second.qualifier),
    })
}

/// 40亩至60亩: two figures of one unit. From 从 or 由 on they say where a change led instead.
fn range_with_units(view: &View, one: Figure) -> Figure {
    if view
        .before(one.number.start)
        .is_some_and(|c| matches!(c, '从' | '由' | '自'))
    {
        return one;
    }
    let second = separator(view, one.end).and_then(|length| {
        // 为-2000元至-3000元
        let sign = usize::from(length == 1 && view.get(one.end + 1) == Some('-'));
        let second = number_at(view, one.end + length + sign).ok()?;
        let unit = unit_of(view, &second, second.end)?;
        let is_same = unit.class == one.unit.class && second.is_share() == one.number.is_share();
        is_same.then_some((second, unit))
    });
    let Some((second, unit)) = second else {
        return one;
    };
    let value = second.value * unit.factor;
    Figure {
        end: second.end + unit_length(&second, unit),
        unit_start: second.end,
        unit,
        low: one.low.min(value),
        high: one.high.max(value),
        qualifier: one.qualifier.or(second.qualifier),
        ..one
    }
}

/// How many characters between two numbers make them a range.
fn separator(view: &View, at: usize) -> Option<usize> {
    match view.rest(at) {
        ['—', '—', ..] | ['-', '-', ..] => Some(2),
        ['至' | '到' | '—' | '-', ..] => Some(1),
        _ => None,
    }
}

/// The unit at `at`, where `number` before it makes a figure.
fn unit_of(view: &View, number: &Number, at: usize) -> Option<&'static Unit> {
    if number.is_share() {
        return unit::at(&['%']);
    }
    let unit = unit::at(view.rest(at))?;
    let before = view.before(number.start);
    let is_year = (1900.0..2100.0).contains(&number.value) && number.magnitude <= 1.0;
    let is_whole = number.value.fract() == 0.0;
    let is_counted = !matches!(unit.form, Form::Measure | Form::Thousands);
    // G20, PM2.5: a number right after letters is a name, unless its unit says more.
    if before.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && (is_counted && number.magnitude <= 1.0)
    {
        return None;
    }
    // “四名工程”
    if is_counted && number.is_chinese() && before == Some('"') {
        return None;
    }
    // 前3名, 第3
    if is_counted && number.qualifier.is_none() && before == Some('前') {
        return None;
    }
    let is_figure = match unit.form {
        Form::Noun | Form::Thousands if number.is_bare() => false,
        _ if number.is_bare() => {
            number.qualifier.is_some()
                || qualifier_before(view, number.start).is_some()
                || unit.form == Form::Measure && number.value >= 1e6
        }
        Form::Measure => !(number.is_chinese() && unit.text == "倍" && number.value < 1.0),
        Form::Concrete => !number.is_chinese() || number.value >= 2.0,
        Form::Generic => !number.is_chinese() || number.value >= 20.0,
        Form::Thousands => number.magnitude >= 1e4,
        // 百亿县 and 50万县 are kinds of counties.
        Form::Noun => {
            let is_division = matches!(unit.text, "县" | "市" | "省" | "镇");
            !(number.is_chinese() || is_year || is_division && number.magnitude > 1.0)
        }
    };
    // A third of a thing is not counted, but on average.
    let is_average = || {
        let each = ['每', '均', '平'];
        view.get(at + unit.text.chars().count()) == Some('/')
            || view
                .slice(number.start.saturating_sub(16), number.start)
                .iter()
                .any(|c| each.contains(c))
    };
    (is_figure && (is_whole || !is_counted || is_average())).then_some(unit)
}

/// What `figure` is said of, and where to go on; nothing where it is no figure after all.
fn complete(
    view: &View,
    figure: &Figure,
    done: usize,
    previous: Option<&Quantity>,
) -> (usize, Option<InQuery>) {
    let (mut length, mut after) = (0, None);
    if let Some((found, qualifier)) = qualifier_after(view, figure.end) {
        (length, after) = (found, Some(qualifier));
    }
    let end = figure.end + length;
    let context = words::context(view, figure, done, end, previous);
    let quantity = || {
        let mut class = figure.unit.class;
        if class == Class::Count {
            class = unit::class_of_noun(&context.label).unwrap_or(class);
        }
        let unit_text: String = view.slice(figure.unit_start, figure.end).iter().collect();
        let (mut low, mut high) = (figure.low, figure.high);
        let is_change = matches!(context.kind, Kind::Rise | Kind::Fall);
        if is_change && class == Class::Share {
            class = Class::Growth;
        }
        if context.kind == Kind::Fall && matches!(class, Class::Growth | Class::Points) {
            (low, high) = (-high.abs(), -low.abs());
        }
        let is_sane = low.is_finite() && high.is_finite() && low <= high;
        let is_signed = matches!(
            class,
            Class::Growth | Class::Points | Class::Share | Class::Money | Class::ForeignMoney
        );
        if !is_sane || low < 0.0 && !is_signed {
            return None;
        }
        // Two qualifiers of one figure say the same twice, but for 不足…以上, which says nothing.
        let qualifier = context.qualifier.or(after).or(figure.qualifier);
        let sign = usize::from(figure.number.is_negative);
        let around = view.span(context.start, end)?;
        let quantity = Quantity {
            range: view.span(figure.number.start - sign, figure.end)?,
            class,
            low,
            high,
            unit: if unit_text.is_empty() {
                figure.unit.text.to_owned()
            } else {
                unit_text
            },
            qualifier,
            kind: context.kind,
            label: context.label.clone(),
        };
        Some(InQuery { quantity, around })
    };
    (end, quantity())
}
