//! Finds numbers and reads their value, in fixed point so that nothing is rounded.
//!
//! A number is either read to its end or not at all: what a grammar this small does not cover is
//! left alone rather than read in part.

/// Millionths of one, in which values are kept.
const ONE: u128 = 1_000_000;
/// The most digits after the point.
const DECIMALS: usize = 6;
/// The most figures read; longer ones are codes.
const MAX_FIGURES: usize = 16;
/// Values stay below ten thousand million million, beyond which 万亿 would need units of its own.
const LIMIT: u128 = 10_000_000_000_000_000;

/// An exact value at or above zero, with up to six decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fixed(u128);

impl Fixed {
    /// `whole` ones; nothing beyond what values may be.
    pub(super) fn of(whole: u128) -> Option<Self> {
        whole.checked_mul(ONE).map(Self)
    }

    /// The value where it has no decimals.
    pub(super) fn whole(self) -> Option<u128> {
        self.is_whole().then_some(self.0 / ONE)
    }

    /// What stands before the point, and the decimals without zeros at their end.
    pub(super) fn parts(self) -> (u128, String) {
        let decimals = format!("{:06}", self.0 % ONE);
        (self.0 / ONE, decimals.trim_end_matches('0').to_owned())
    }

    /// The value in units of `unit` ones; nothing where it would take more decimals than kept.
    pub(super) fn per(self, unit: u128) -> Option<Self> {
        self.0.is_multiple_of(unit).then_some(Self(self.0 / unit))
    }

    pub(super) fn times(self, factor: u128) -> Option<Self> {
        self.0.checked_mul(factor).map(Self)
    }

    /// The nearest floating-point number.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a figure of 16 digits is no less a figure"
    )]
    pub(super) fn to_f64(self) -> f64 {
        self.0 as f64 / ONE as f64
    }

    fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    fn is_zero(self) -> bool {
        self.0 == 0
    }

    fn is_whole(self) -> bool {
        self.0.is_multiple_of(ONE)
    }
}

/// What a stretch of figures or numerals says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// So many.
    Quantity(Fixed),
    /// So many in a hundred.
    Percent(Fixed),
    /// So many in a thousand.
    Permille(Fixed),
    /// A year in Chinese digits.
    Year(u128),
    /// No number, or one that can be read in several ways.
    Unclear,
}

/// A stretch of characters that are a number, or look like one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) value: Value,
    /// Whether 万 or 亿 stands in it.
    pub(super) has_magnitude: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// 零 or 〇.
    Zero,
    /// 一 to 九.
    Digit(u8),
    /// 10 to the power of 1, 2, 3, 4 or 8.
    Unit(u32),
    /// Figures.
    Figures(Fixed),
}

/// A bit for each character of the basic plane: whether it is a Chinese numeral. Texts are gone
/// through for numbers, and most of their characters are none.
static NUMERALS: [u64; 1 << 10] = {
    let mut bits = [0; 1 << 10];
    let mut code = 0;
    while code < 1 << 16 {
        if let Some(c) = char::from_u32(code)
            && numeral(c).is_some()
        {
            bits[(code >> 6) as usize] |= 1 << (code & 63);
        }
        code += 1;
    }
    bits
};

/// Whether `c` is a Chinese numeral, in plain or financial form.
#[inline]
pub(super) fn is_chinese(c: char) -> bool {
    let code = c as usize;
    let bits = NUMERALS.get(code >> 6);
    bits.is_some_and(|bits| bits >> (code & 63) & 1 == 1)
}

const fn numeral(c: char) -> Option<Token> {
    Some(match c {
        '零' | '〇' | '○' => Token::Zero,
        '一' | '壹' => Token::Digit(1),
        '二' | '两' | '贰' => Token::Digit(2),
        '三' | '叁' => Token::Digit(3),
        '四' | '肆' => Token::Digit(4),
        '五' | '伍' => Token::Digit(5),
        '六' | '陆' => Token::Digit(6),
        '七' | '柒' => Token::Digit(7),
        '八' | '捌' => Token::Digit(8),
        '九' | '玖' => Token::Digit(9),
        '十' | '拾' => Token::Unit(1),
        '百' | '佰' => Token::Unit(2),
        '千' | '仟' => Token::Unit(3),
        '万' => Token::Unit(4),
        '亿' => Token::Unit(8),
        _ => return None,
    })
}

/// Whether `c` is a digit that is also a surname or a word, so that it counts only before a unit
/// of its kind or 万, 亿.
fn is_financial(c: char) -> bool {
    matches!(
        c,
        '壹' | '贰' | '叁' | '肆' | '伍' | '陆' | '柒' | '捌' | '玖' | '拾' | '佰' | '仟'
    )
}

/// The first stretch at or after `from` that looks like a number.
pub(super) fn next(chars: &[char], from: usize) -> Option<Stretch> {
    let is = |at: usize, wanted: &str| {
        let rest = chars.get(at..).unwrap_or_default();
        rest.len() >= wanted.chars().count() && wanted.chars().zip(rest).all(|(a, b)| a == *b)
    };
    let starts = |at: usize| {
        chars
            .get(at)
            .is_some_and(|&c| c.is_ascii_digit() || is_chinese(c))
    };
    let start = (from..chars.len()).find(|&at| starts(at))?;
    for (lead, per) in [("百分之", 100), ("千分之", 1000)] {
        if is(start, lead) && starts(start + 3) {
            let (end, value, _) = run(chars, start + 3);
            // 百分之百
            let hundred = (end == start + 4 && per == 100 && chars.get(start + 3) == Some(&'百'))
                .then(|| Fixed::of(100))
                .flatten();
            let value = value
                .or(hundred)
                .filter(|_| stands_alone(chars, start + 3, end));
            return Some(Stretch {
                start,
                end,
                value: match value {
                    None => Value::Unclear,
                    Some(value) if per == 100 => Value::Percent(value),
                    Some(value) => Value::Permille(value),
                },
                has_magnitude: false,
            });
        }
    }
    let (end, value, has_magnitude) = run(chars, start);
    let own = chars.get(start..end).unwrap_or_default();
    let before = start.checked_sub(1).and_then(|at| chars.get(at)).copied();
    let stretch = |end: usize, value: Value| Stretch {
        start,
        end,
        value,
        has_magnitude,
    };
    if before == Some('第')
        || (before == Some('之') && start > 1 && chars.get(start - 2) == Some(&'分'))
    {
        return Some(stretch(end, Value::Unclear));
    }
    if let Some(year) = year(own).filter(|_| chars.get(end) == Some(&'年')) {
        return Some(stretch(end, Value::Year(year)));
    }
    let Some(value) = value.filter(|_| stands_alone(chars, start, end)) else {
        return Some(stretch(end, Value::Unclear));
    };
    Some(match chars.get(end) {
        Some('%') => stretch(end + 1, Value::Percent(value)),
        Some('‰') => stretch(end + 1, Value::Permille(value)),
        Some('成') => match tenths(value, chars.get(end + 1..).unwrap_or_default()) {
            Some((length, value)) => stretch(end + length, Value::Percent(value)),
            None => stretch(end, Value::Quantity(value)),
        },
        _ => stretch(end, Value::Quantity(value)),
    })
}

/// 四成 and 四成半 as percent, with the length from 成 on. Not where 成 begins a word of its own.
fn tenths(value: Fixed, after: &[char]) -> Option<(usize, Fixed)> {
    let tens = value.whole().filter(|tens| (1..=9).contains(tens))? * 10;
    match after.first() {
        Some('半') => Some((2, Fixed::of(tens + 5)?)),
        Some(c) if "立员为果长年人功绩本分份套熟品交都就效才".contains(*c) => {
            None
        }
        _ => Some((1, Fixed::of(tens)?)),
    }
}

/// Whether a number from `start` to `end` is no part of a Latin word, a version or a longer
/// number.
fn stands_alone(chars: &[char], start: usize, end: usize) -> bool {
    let at = |at: Option<usize>| at.and_then(|at| chars.get(at)).copied().unwrap_or(' ');
    let (before, after) = (at(start.checked_sub(1)), at(Some(end)));
    let figures = |place: usize| chars.get(place).is_some_and(char::is_ascii_digit);
    let joins = |c: char, beyond: Option<usize>| {
        matches!(c, '.' | ',' | '/' | ':' | '点') && beyond.is_some_and(figures)
    };
    !(before.is_ascii_alphanumeric()
        || after.is_ascii_alphanumeric()
        || (before != ',' && joins(before, start.checked_sub(2)))
        || (after != ',' && joins(after, Some(end + 1))))
}

/// The figures and numerals from `start` on: where they end, what they are worth, and whether
/// 万 or 亿 is among them.
pub(super) fn run(chars: &[char], start: usize) -> (usize, Option<Fixed>, bool) {
    let mut tokens = Vec::new();
    let mut at = start;
    let mut clear = true;
    let mut point = None;
    while let Some(&c) = chars.get(at) {
        if c.is_ascii_digit() {
            let (end, value) = figures(chars, at);
            clear &= value.is_some();
            tokens.push(Token::Figures(value.unwrap_or(Fixed(0))));
            at = end;
        } else if let Some(token) = numeral(c) {
            tokens.push(token);
            at += 1;
        } else if c == '点' && at > start && chars.get(at + 1).is_some_and(|&c| is_chinese(c)) {
            clear &= point.is_none();
            point = Some(tokens.len());
            at += 1;
        } else {
            break;
        }
    }
    let own = chars.get(start..at).unwrap_or_default();
    let has_magnitude = tokens
        .iter()
        .any(|token| matches!(token, Token::Unit(4 | 8)));
    // 陆家 is a name, 陆佰 is six hundred.
    if own.iter().any(|&c| is_financial(c))
        && !tokens.iter().any(|token| matches!(token, Token::Unit(_)))
    {
        clear = false;
    }
    let value = match point {
        _ if !clear => None,
        Some(point) => pointed(&tokens, point),
        None => number(&tokens),
    };
    let value = value.filter(|&Fixed(value)| value < LIMIT * ONE);
    (at, value, has_magnitude)
}

/// The figures from `start` on, with commas between thousands and decimals.
fn figures(chars: &[char], start: usize) -> (usize, Option<Fixed>) {
    let digits = |from: usize| {
        chars
            .get(from..)
            .unwrap_or_default()
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .count()
    };
    let mut end = start + digits(start);
    let mut grouped = end - start <= 3;
    while grouped && chars.get(end) == Some(&',') && digits(end + 1) == 3 {
        end += 4;
    }
    grouped &= chars.get(start..end).is_some_and(|own| own.contains(&','));
    let whole = (start, end);
    let mut decimals = (end, end);
    if chars.get(end) == Some(&'.') && digits(end + 1) > 0 {
        decimals = (end + 1, end + 1 + digits(end + 1));
        end = decimals.1;
    }
    let value = || {
        let digits = |(from, to): (usize, usize)| {
            let own = chars.get(from..to).unwrap_or_default();
            own.iter().filter_map(|c| c.to_digit(10))
        };
        let (figures, places) = (digits(whole).count(), digits(decimals).count());
        let leading_zero = digits(whole).next() == Some(0) && (figures > 1 || grouped);
        if figures == 0 || leading_zero || figures > MAX_FIGURES || places > DECIMALS {
            return None;
        }
        let value = |digits: &mut dyn Iterator<Item = u32>| {
            digits.fold(0, |value, digit| value * 10 + u128::from(digit))
        };
        let missing = u32::try_from(DECIMALS - places).unwrap_or(0);
        let fraction = value(&mut digits(decimals)) * 10_u128.pow(missing);
        Fixed::of(value(&mut digits(whole)))?.plus(Fixed(fraction))
    };
    (end, value())
}

/// 二〇一四, 一九九八: four digits, of a year that reports speak of.
fn year(own: &[char]) -> Option<u128> {
    let [a, b, c, d] = own else { return None };
    let mut year = 0;
    for &c in [a, b, c, d] {
        year = year * 10
            + match numeral(c)? {
                Token::Zero => 0,
                Token::Digit(digit) if !is_financial(c) && c != '两' => u128::from(digit),
                _ => return None,
            };
    }
    (1900..2100).contains(&year).then_some(year)
}

/// 九点零八亿: numerals before the point, digits behind it, then 万, 亿 or nothing.
fn pointed(tokens: &[Token], point: usize) -> Option<Fixed> {
    let (before, after) = tokens.split_at_checked(point)?;
    let digits = after
        .iter()
        .take_while(|token| matches!(token, Token::Zero | Token::Digit(_)))
        .count();
    let (digits, units) = after.split_at_checked(digits)?;
    if digits.is_empty() || digits.len() > DECIMALS {
        return None;
    }
    let fraction: String = digits
        .iter()
        .map(|token| match token {
            Token::Digit(digit) => char::from(b'0' + digit),
            _ => '0',
        })
        .collect();
    let whole = match before {
        [Token::Zero] => Fixed(0),
        before
            if before
                .iter()
                .any(|token| matches!(token, Token::Figures(_))) =>
        {
            return None;
        }
        before => section(before)?,
    };
    let value = whole.plus(Fixed(format!("{fraction:0<6}").parse().ok()?))?;
    if !units
        .iter()
        .all(|token| matches!(token, Token::Unit(4 | 8)))
    {
        return None;
    }
    let mut tokens = vec![Token::Figures(value)];
    tokens.extend(units);
    number(&tokens)
}

/// The value of a number, cut at 亿, then at 万.
fn number(tokens: &[Token]) -> Option<Fixed> {
    match tokens.iter().rposition(|&token| token == Token::Unit(8)) {
        Some(at) => joined(tokens, at, 8, below_myriads, below_myriads),
        None => below_myriads(tokens),
    }
}

/// A number below 亿, or what stands before it.
fn below_myriads(tokens: &[Token]) -> Option<Fixed> {
    match tokens.iter().position(|&token| token == Token::Unit(4)) {
        Some(at) => joined(tokens, at, 4, section, section),
        None => section(tokens),
    }
}

/// What stands before and behind the unit `10^power` at `at`.
fn joined(
    tokens: &[Token],
    at: usize,
    power: u32,
    read_before: impl Fn(&[Token]) -> Option<Fixed>,
    read_behind: impl Fn(&[Token]) -> Option<Fixed>,
) -> Option<Fixed> {
    let unit = 10_u128.checked_pow(power)?;
    let before = read_before(tokens.get(..at)?)?;
    let behind = tokens.get(at + 1..)?;
    let value = before.times(unit)?;
    if behind.is_empty() {
        return Some(value);
    }
    let (zero, behind) = match behind {
        [Token::Zero, rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let rest = read_behind(behind)?;
    // 三万五 may be 35000 as well as 30005, 3万500 likewise.
    let bare = behind.len() == 1 && !zero;
    let fits = before.is_whole() && rest.is_whole() && rest < Fixed::of(unit)? && !rest.is_zero();
    (fits && !bare).then(|| value.plus(rest)).flatten()
}

/// A number below 万, or figures of any size.
fn section(tokens: &[Token]) -> Option<Fixed> {
    if tokens == [Token::Zero] {
        return Some(Fixed(0));
    }
    let mut total = Fixed(0);
    let mut smallest = 4;
    let mut zero = false;
    let mut pending = None;
    for (place, &token) in tokens.iter().enumerate() {
        match token {
            Token::Zero => {
                if zero || pending.is_some() || place == 0 {
                    return None;
                }
                zero = true;
            }
            Token::Digit(digit) => {
                if pending.replace(Fixed::of(u128::from(digit))?).is_some() {
                    return None;
                }
            }
            Token::Figures(value) => {
                let follows = place > 0 && value >= Fixed::of(10)?;
                if follows || pending.replace(value).is_some() {
                    return None;
                }
            }
            Token::Unit(power) => {
                // 一千五十 is said without 零 by some, and read as no other number.
                if power >= smallest {
                    return None;
                }
                let times = match pending.take() {
                    Some(times) => times,
                    None if power == 1 && place == 0 => Fixed::of(1)?,
                    None => return None,
                };
                if !times.is_whole() && place + 1 < tokens.len() {
                    return None;
                }
                total = total.plus(times.times(10_u128.checked_pow(power)?)?)?;
                smallest = power;
                zero = false;
            }
        }
    }
    match pending {
        Some(ones) if total.is_zero() => Some(ones),
        // 一百五 may be 150 as well as 105.
        Some(ones) if zero || smallest == 1 => ones.is_whole().then(|| total.plus(ones)).flatten(),
        Some(_) => None,
        None => (!zero && !total.is_zero()).then_some(total),
    }
}
