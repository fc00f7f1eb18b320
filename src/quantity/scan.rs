//! Walks a text once, from number to number.

use super::unit::{self, Form, Unit};
use super::words;
use super::{Class, Kind, Qualifier, Quantity};
use crate::fold::fold;
use crate::number;
use crate::report::Span;

/// Beyond this no figure is meant, and values stay exact enough to compare.
const MOST: f64 = 1e18;

/// A text as figures are looked for in it: folded, blanks left out where they part nothing, each
/// character with the bytes it stands for.
pub(super) struct View {
    pub(super) chars: Vec<char>,
    from: Vec<(usize, usize)>,
}

impl View {
    pub(super) fn new(text: &str) -> Self {
        let mut view = Self {
            chars: Vec::with_capacity(text.len() / 3),
            from: Vec::with_capacity(text.len() / 3),
        };
        let is_wide_figure = |c: Option<char>| c.is_some_and(|c| ('０'..='９').contains(&c));
        let mut before = None;
        let mut blank = None;
        let mut rest = text.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            let next = rest.peek().map(|&(_, c)| c);
            let folded = match c {
                '\n' => Some('\n'),
                // Between wide figures it parts thousands, elsewhere clauses.
                '，' if !(is_wide_figure(before) && is_wide_figure(next)) => Some('，'),
                '−' | '﹣' => Some('-'),
                '\u{2014}' | '\u{2013}' | '\u{2015}' | '\u{2500}' | '～' | '~' => Some('—'),
                c => fold(c),
            };
            before = Some(c);
            let Some(folded) = folded else { continue };
            if folded == ' ' {
                blank.get_or_insert((at, at + c.len_utf8()));
                continue;
            }
            // 38 亿元 is one figure, 3 4亿元 are two numbers.
            if let Some(span) = blank.take()
                && view.chars.last().is_some_and(|&last| is_code(last))
                && is_code(folded)
            {
                view.chars.push(' ');
                view.from.push(span);
            }
            view.chars.push(folded);
            view.from.push((at, at + c.len_utf8()));
        }
        view
    }

    /// What `start..end` of its characters, not empty, stands for in the text.
    fn span(&self, start: usize, end: usize) -> Option<Span> {
        let first = self.from.get(start)?;
        let last = self.from.get(end.checked_sub(1)?)?;
        Some(Span::new(first.0, last.1))
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &[char] {
        let end = end.min(self.chars.len());
        self.chars.get(start..end).unwrap_or_default()
    }

    pub(super) fn rest(&self, from: usize) -> &[char] {
        self.chars.get(from..).unwrap_or_default()
    }

    pub(super) fn get(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    fn before(&self, at: usize) -> Option<char> {
        at.checked_sub(1).and_then(|at| self.get(at))
    }
}

fn is_code(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ',')
}

/// A number without its unit. Counts characters of the view.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    pub(super) start: usize,
    /// One past its last character, 余 and 多 included.
    pub(super) end: usize,
    pub(super) value: f64,
    /// What its 万 and 亿 are worth, for a number before it that shares them: 2—3万人.
    magnitude: f64,
    /// Whether it is written without figures.
    is_chinese: bool,
    /// Whether it is 百, 千, 万 without a numeral before them.
    is_bare: bool,
    pub(super) qualifier: Option<Qualifier>,
    /// Whether it is a share already: 百分之三十.
    is_share: bool,
}

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
    if number.end == end && !number.is_share {
        return Some((number.value, None));
    }
    let unit = unit_of(view, &number, number.end)?;
    let is_all = number.end + unit_length(&number, unit) == end;
    is_all.then_some((number.value * unit.factor, Some(unit.class)))
}

fn starts(c: char) -> bool {
    c.is_ascii_digit() || number::is_numeral(c)
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
    let is_money = is_query && first.magnitude >= 1e8 && !first.is_bare;
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
    if number.is_share {
        0
    } else {
        unit.text.chars().count()
    }
}

/// 2—3万人, 5-6%: the first number has the unit of the second, and its 万 where it would else be
/// out of proportion.
fn range(view: &View, first: &Number) -> Option<Figure> {
    if first.is_bare || first.is_share {
        return None;
    }
    let length = separator(view, first.end)?;
    let second = number_at(view, first.end + length).ok()?;
    if second.is_bare || second.is_share || second.is_chinese != first.is_chinese {
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
        let is_same = unit.class == one.unit.class && second.is_share == one.number.is_share;
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
    if number.is_share {
        return unit::at(&['%']);
    }
    let unit = unit::at(view.rest(at))?;
    let before = view.before(number.start);
    let is_year = (1900.0..2100.0).contains(&number.value) && number.magnitude <= 1.0;
    let is_whole = number.value.fract() == 0.0;
    let is_counted = unit.form != Form::Measure && unit.class != Class::Visits;
    // G20, PM2.5: a number right after letters is a name, unless its unit says more.
    if before.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && (is_counted && number.magnitude <= 1.0)
    {
        return None;
    }
    // “四名工程”
    if is_counted && number.is_chinese && before == Some('"') {
        return None;
    }
    // 前3名, 第3
    if is_counted && number.qualifier.is_none() && before == Some('前') {
        return None;
    }
    let is_figure = match unit.form {
        _ if number.is_bare => {
            number.qualifier.is_some()
                || qualifier_before(view, number.start).is_some()
                || unit.form == Form::Measure && number.value >= 1e6
        }
        Form::Measure => !(number.is_chinese && unit.text == "倍" && number.value < 1.0),
        Form::Concrete => !number.is_chinese || number.value >= 2.0,
        Form::Generic => !number.is_chinese || number.value >= 20.0,
        Form::Noun => !number.is_chinese && !is_year,
    };
    // A third of a thing is not counted.
    (is_figure && (is_whole || !is_counted)).then_some(unit)
}

/// The number that begins at `start`, or where to go on looking.
fn number_at(view: &View, start: usize) -> Result<Number, usize> {
    if !view.get(start).is_some_and(starts) {
        return Err(start + 1);
    }
    let before = view.before(start);
    let (mut start, mut end, mut value) = read(view, start)?;
    let after = |end: usize| view.get(end);
    // Versions, times and dates with points: 1.2.3, 12:30.
    let joins = matches!(after(end), Some('.' | ':' | '/'))
        && after(end + 1).is_some_and(|c| c.is_ascii_digit());
    let is_joined = matches!(before, Some('+' | '*' | '#' | '/'))
        || before == Some('.') && start > 1 && view.get(start - 2).is_some_and(is_code)
        || before.is_some_and(|c| c.is_ascii_digit());
    if joins {
        let codes = view
            .rest(end)
            .iter()
            .take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':' | '/'))
            .count();
        return Err(end + codes);
    }
    if before == Some('第') || is_joined {
        return Err(end);
    }
    // A list number runs into the text after it: 3.10个项目.
    if let Some(cut) = list_number(view, start, end) {
        let (_, cut_end, cut_value) = read(view, cut)?;
        start = cut;
        end = cut_end;
        value = cut_value;
    }
    let own = view.slice(start, end);
    let is_chinese = !own.iter().any(char::is_ascii_digit);
    let mut magnitude = magnitude(own, is_chinese);
    let mut is_bare = false;
    let mut is_share = false;
    if let Some(parts) = fraction(view, end) {
        // 百分之三十, 三分之二
        let whole = value.or_else(|| bare(own)).filter(|whole| *whole >= 2.0);
        let (_, parts_end, parts_value) = read(view, parts)?;
        let part = parts_value.or_else(|| bare(view.slice(parts, parts_end)));
        if let (Some(whole), Some(part)) = (whole, part) {
            value = Some(part / whole * 100.0);
            end = parts_end;
            is_share = true;
            magnitude = 1.0;
        } else {
            return Err(parts_end);
        }
    }
    if value.is_none() && is_chinese {
        value = bare(own);
        is_bare = value.is_some();
    }
    let Some(mut value) = value else {
        return Err(end);
    };
    let mut qualifier = None;
    if !is_share && let Some('多' | '余' | '来') = after(end) {
        qualifier = Some(if after(end) == Some('来') {
            Qualifier::About
        } else {
            Qualifier::Over
        });
        end += 1;
        // 20多万, 1万多亿
        let more = view.rest(end).iter().take_while(|c| power(**c).is_some());
        let mut unit = 1.0;
        for &c in more {
            // 多千瓦 has a unit of its own.
            if is_unit_prefix(view, end) {
                break;
            }
            unit *= power(c).unwrap_or(1.0);
            end += 1;
        }
        value *= unit;
        magnitude *= unit;
        if unit > 1.0 && matches!(after(end), Some('多' | '余')) {
            end += 1;
        }
    }
    if view.before(start) == Some('-') && !(start > 1 && view.get(start - 2).is_some_and(is_code)) {
        value = -value;
    }
    if !value.is_finite() || value.abs() > MOST {
        return Err(end);
    }
    Ok(Number {
        start,
        end,
        value,
        magnitude,
        is_chinese,
        is_bare,
        qualifier,
        is_share,
    })
}

/// A number's start, end and value; it starts later where numerals of a word stand before figures.
fn read(view: &View, start: usize) -> Result<(usize, usize, Option<f64>), usize> {
    let own = view.rest(start);
    // 万千瓦 and 千米 have a unit that begins as a number does.
    let run = own.iter().take_while(|c| is_of_number(**c)).count();
    let limit = (start + 1..start + run)
        .find(|&at| is_unit_prefix(view, at))
        .unwrap_or(start + run);
    let (end, value) = number::read_at(view.slice(0, limit), start);
    if end <= start {
        return Err(start + 1);
    }
    if value.is_none()
        && view.get(start).is_some_and(|c| !c.is_ascii_digit())
        && let Some(figures) =
            (start + 1..end).find(|&at| view.get(at).is_some_and(|c| c.is_ascii_digit()))
    {
        return Err(figures);
    }
    Ok((start, end, value))
}

fn is_of_number(c: char) -> bool {
    starts(c) || matches!(c, '.' | ',' | '点')
}

/// Whether 千 at `at` belongs to 千米, 千瓦 and their like.
fn is_unit_prefix(view: &View, at: usize) -> bool {
    view.get(at) == Some('千')
        && matches!(
            view.get(at + 1),
            Some('米' | '瓦' | '克' | '伏' | '卡' | '焦')
        )
}

/// Where the figure begins when what seems a decimal is the number of a list: at the start of a
/// line, before what is counted whole.
fn list_number(view: &View, start: usize, end: usize) -> Option<usize> {
    if !matches!(view.before(start), None | Some('\n')) {
        return None;
    }
    let point = view.slice(start, end).iter().position(|&c| c == '.')?;
    let unit = unit::at(view.rest(end))?;
    (point <= 2 && unit.form != Form::Measure).then_some(start + point + 1)
}

/// Where the parts begin after 分之.
fn fraction(view: &View, end: usize) -> Option<usize> {
    let is = view.slice(end, end + 2) == ['分', '之'];
    (is && view.get(end + 2).is_some_and(starts)).then_some(end + 2)
}

/// What the 百 to 亿 at the end of a number are worth.
fn magnitude(own: &[char], is_chinese: bool) -> f64 {
    let units = own
        .iter()
        .rev()
        .map_while(|&c| power(c))
        // 二十 to 三十 do not share their 十.
        .filter(|&unit| !is_chinese || unit > 10.0);
    units.product()
}

fn power(c: char) -> Option<f64> {
    Some(match c {
        '十' => 10.0,
        '百' => 100.0,
        '千' => 1000.0,
        '万' => 1e4,
        '亿' => 1e8,
        _ => return None,
    })
}

/// 百, 千万, 万亿 without a numeral before them.
fn bare(own: &[char]) -> Option<f64> {
    let worth = |own: &[char]| own.iter().map(|&c| power(c)).product::<Option<f64>>();
    let worth = worth(own).filter(|_| (1..=3).contains(&own.len()))?;
    (worth >= 100.0).then_some(worth)
}

/// Words that stand before a number and say how near it is; longer ones first. Beside each, the
/// characters that make another word of it where one stands before: 节约.
const BEFORE: [(&str, Qualifier, &str); 32] = [
    ("不少于", Qualifier::AtLeast, ""),
    ("不低于", Qualifier::AtLeast, ""),
    ("不小于", Qualifier::AtLeast, ""),
    ("不超过", Qualifier::AtMost, ""),
    ("不多于", Qualifier::AtMost, ""),
    ("不高于", Qualifier::AtMost, ""),
    ("不大于", Qualifier::AtMost, ""),
    ("不得少于", Qualifier::AtLeast, ""),
    ("不得低于", Qualifier::AtLeast, ""),
    ("不得超过", Qualifier::AtMost, ""),
    ("至少", Qualifier::AtLeast, ""),
    ("最少", Qualifier::AtLeast, ""),
    ("至多", Qualifier::AtMost, ""),
    ("最多", Qualifier::AtMost, ""),
    ("超过", Qualifier::Over, ""),
    ("超出", Qualifier::Over, ""),
    ("突破", Qualifier::Over, ""),
    ("多于", Qualifier::Over, ""),
    ("高于", Qualifier::Over, ""),
    ("大于", Qualifier::Over, ""),
    ("不足", Qualifier::Less, ""),
    ("不到", Qualifier::Less, ""),
    ("低于", Qualifier::Less, ""),
    ("少于", Qualifier::Less, ""),
    ("小于", Qualifier::Less, ""),
    ("不满", Qualifier::Less, ""),
    ("接近", Qualifier::About, ""),
    ("近", Qualifier::About, "最附远靠新相邻临"),
    ("约", Qualifier::About, "节制签预公特合集简条"),
    ("逾", Qualifier::Over, ""),
    ("超", Qualifier::Over, "赶高反"),
    ("上", Qualifier::AtLeast, "以路网线史会值海"),
];

/// The qualifier that ends before `end`, with its length.
pub(super) fn qualifier_before(view: &View, end: usize) -> Option<(usize, Qualifier)> {
    let before = view.slice(end.saturating_sub(5), end);
    let mut best: Option<(usize, Qualifier)> = None;
    for (word, qualifier, stops) in BEFORE {
        let length = word.chars().count();
        let Some((rest, tail)) = before
            .len()
            .checked_sub(length)
            .and_then(|at| before.split_at_checked(at))
        else {
            continue;
        };
        if tail.iter().copied().eq(word.chars())
            && !rest.last().is_some_and(|&c| stops.contains(c))
            && best.is_none_or(|(longest, _)| length > longest)
        {
            best = Some((length, qualifier));
        }
    }
    best
}

/// Words that stand after a number or its unit and say how near it is; longer ones first.
const AFTER: [(&str, Qualifier); 10] = [
    ("及以上", Qualifier::AtLeast),
    ("或以上", Qualifier::AtLeast),
    ("及以下", Qualifier::AtMost),
    ("以上", Qualifier::AtLeast),
    ("以下", Qualifier::AtMost),
    ("以内", Qualifier::AtMost),
    ("之内", Qualifier::AtMost),
    ("左右", Qualifier::About),
    ("上下", Qualifier::About),
    ("多", Qualifier::Over),
];

/// The qualifier that begins at `at`, with its length.
pub(super) fn qualifier_after(view: &View, at: usize) -> Option<(usize, Qualifier)> {
    let rest = view.rest(at);
    AFTER.iter().find_map(|&(word, qualifier)| {
        let length = unit::length_at(rest, word)?;
        // 以上海, 多少
        let next = rest.get(length);
        let is_word = match qualifier {
            Qualifier::Over => next.is_some_and(|&c| !matches!(c, '，' | '。' | ';' | '、')),
            _ => next == Some(&'海') && word.ends_with('上'),
        };
        (!is_word).then_some((length, qualifier))
    })
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
        let around = view.span(context.start, end)?;
        let quantity = Quantity {
            range: view.span(figure.number.start, figure.end)?,
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
