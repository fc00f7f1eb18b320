//! The spellings of a value, the most usual first.

use super::read::Fixed;

const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
const FINANCIAL: [(char, char); 12] = [
    ('一', '壹'),
    ('二', '贰'),
    ('三', '叁'),
    ('四', '肆'),
    ('五', '伍'),
    ('六', '陆'),
    ('七', '柒'),
    ('八', '捌'),
    ('九', '玖'),
    ('十', '拾'),
    ('百', '佰'),
    ('千', '仟'),
];
const MYRIAD: u128 = 10_000;
const HUNDRED_MILLION: u128 = 100_000_000;
/// The most characters a numeral is written out with; longer ones stand in no text.
const MAX_NUMERAL: usize = 12;
/// The most figures a number is written out with.
const MAX_FIGURES: usize = 9;
/// The most characters a numeral in financial form has to be looked for.
const MAX_FINANCIAL: usize = 4;

/// 二〇一四, 二零一四, 2014.
pub(super) fn year(year: u128) -> Vec<String> {
    let figures = year.to_string();
    let spelled = |zero: char| -> String {
        figures
            .chars()
            .filter_map(|c| c.to_digit(10))
            .map(|digit| match digit {
                0 => zero,
                digit => DIGITS[digit as usize % 10],
            })
            .collect()
    };
    vec![figures.clone(), spelled('〇'), spelled('零'), spelled('○')]
}

/// 40%, 百分之四十, 百分之40; 0.5% is 5‰ as well.
pub(super) fn percent(value: Fixed) -> Vec<String> {
    let mut all = vec![format!("{}%", figures(value))];
    all.extend(numeral(value).map(|numeral| format!("百分之{numeral}")));
    if value.whole() == Some(100) {
        all.push("百分之百".to_owned());
    }
    all.push(format!("百分之{}", figures(value)));
    if value.parts().0 == 0 {
        all.extend(value.times(10).map(|value| format!("{}‰", figures(value))));
        let numeral = value.times(10).and_then(numeral);
        all.extend(numeral.map(|numeral| format!("千分之{numeral}")));
    }
    all
}

/// 5‰, 千分之五, 0.5%.
pub(super) fn permille(value: Fixed) -> Vec<String> {
    let mut all = vec![format!("{}‰", figures(value))];
    all.extend(numeral(value).map(|numeral| format!("千分之{numeral}")));
    all.push(format!("千分之{}", figures(value)));
    if let Some(percent) = value.per(10) {
        all.push(format!("{}%", figures(percent)));
        all.extend(numeral(percent).map(|numeral| format!("百分之{numeral}")));
    }
    all
}

/// 38亿, 三十八亿, 380000万; 20000, 2万, 20,000, 两万, 二万, 贰万.
pub(super) fn quantity(value: Fixed) -> Vec<String> {
    let Some(whole) = value.whole() else {
        // 3.5, 三点五
        return [Some(figures(value)), numeral(value)]
            .into_iter()
            .flatten()
            .collect();
    };
    let mut all = Vec::new();
    all.extend(in_units(value, whole));
    if whole.to_string().len() <= MAX_FIGURES {
        all.push(whole.to_string());
    }
    let numeral = chinese(whole);
    if numeral.chars().count() <= MAX_NUMERAL {
        all.extend(with_two(&numeral));
    }
    if (1000..=999_999_999).contains(&whole) {
        all.push(grouped(whole));
    }
    all.extend(in_smaller(value, whole));
    all.extend(mixed(whole));
    if whole >= 100 && numeral.chars().count() <= MAX_FINANCIAL {
        all.push(financial(&numeral));
    }
    all
}

/// 9.08亿, 3.5万亿, 1.5万; and 九点零八亿, where it has decimals.
fn in_units(value: Fixed, whole: u128) -> Vec<String> {
    let mut all = Vec::new();
    let units = [
        (MYRIAD * HUNDRED_MILLION, "万亿"),
        (HUNDRED_MILLION, "亿"),
        (MYRIAD, "万"),
    ];
    for (unit, name) in units {
        // 35000亿 is written beside 3.5万亿, but nobody writes 0.35万亿 for 3500亿.
        let short = |value: &Fixed| value.parts().1.len() <= 4;
        if whole < unit {
            continue;
        }
        if let Some(count) = value.per(unit).filter(short) {
            all.push(format!("{}{name}", figures(count)));
            if count.whole().is_none() {
                all.extend(numeral(count).map(|numeral| format!("{numeral}{name}")));
            }
            break;
        }
    }
    all
}

/// The same in the next smaller unit: 90800万 for 9.08亿, 35000亿 for 3.5万亿; 0.8万 for 8000.
fn in_smaller(value: Fixed, whole: u128) -> Option<String> {
    let (unit, name) = match whole {
        1000..10_000 | HUNDRED_MILLION..1_000_000_000_000 => (MYRIAD, "万"),
        1_000_000_000_000.. => (HUNDRED_MILLION, "亿"),
        _ => return None,
    };
    let count = value.per(unit)?;
    let fits = if whole < MYRIAD {
        count.parts().1.len() == 1
    } else {
        count.whole().is_some()
    };
    fits.then(|| format!("{}{name}", figures(count)))
}

/// 8千, 3百, 5百万, 3千万, 1万5千, 3亿5000万: figures before spoken units.
fn mixed(whole: u128) -> Vec<String> {
    let mut all = Vec::new();
    for (unit, name) in [
        (10_000_000, "千万"),
        (1_000_000, "百万"),
        (1000, "千"),
        (100, "百"),
    ] {
        let count = whole / unit;
        if whole.is_multiple_of(unit) && (1..10).contains(&count) {
            all.push(format!("{count}{name}"));
        }
    }
    let (myriads, rest) = (whole / MYRIAD, whole % MYRIAD);
    if (1..MYRIAD).contains(&myriads) && rest > 0 && rest.is_multiple_of(1000) {
        all.push(format!("{myriads}万{}千", rest / 1000));
    }
    let (large, rest) = (whole / HUNDRED_MILLION, whole % HUNDRED_MILLION);
    if (1..MYRIAD).contains(&large) && rest >= 10_000_000 && rest.is_multiple_of(MYRIAD) {
        all.push(format!("{large}亿{}万", rest / MYRIAD));
    }
    all
}

/// Figures, with a point where there are decimals.
fn figures(value: Fixed) -> String {
    match value.parts() {
        (whole, decimals) if decimals.is_empty() => whole.to_string(),
        (whole, decimals) => format!("{whole}.{decimals}"),
    }
}

/// 20,000: commas between thousands.
fn grouped(whole: u128) -> String {
    let figures = whole.to_string();
    let mut grouped = String::new();
    for (place, figure) in figures.chars().enumerate() {
        if place > 0 && (figures.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(figure);
    }
    grouped
}

/// 四十, 九点零八; nothing where it would be too long to stand in a text.
fn numeral(value: Fixed) -> Option<String> {
    let (whole, decimals) = value.parts();
    let mut numeral = chinese(whole);
    if !decimals.is_empty() {
        // 点 follows digits below 万 only.
        if whole >= MYRIAD {
            return None;
        }
        numeral.push('点');
        let digits = decimals.chars().filter_map(|c| c.to_digit(10));
        numeral.extend(digits.map(|digit| DIGITS[digit as usize % 10]));
    }
    (numeral.chars().count() <= MAX_NUMERAL).then_some(numeral)
}

/// A whole number in numerals: 一万零五百, 十二, 三十八亿.
fn chinese(whole: u128) -> String {
    if whole == 0 {
        return DIGITS[0].to_string();
    }
    let numeral = below(whole);
    match numeral.strip_prefix('一') {
        // 十二, not 一十二, at the beginning.
        Some(rest) if rest.starts_with('十') => rest.to_owned(),
        _ => numeral,
    }
}

fn below(whole: u128) -> String {
    for (unit, name) in [
        (HUNDRED_MILLION, '亿'),
        (MYRIAD, '万'),
        (1000, '千'),
        (100, '百'),
        (10, '十'),
    ] {
        if whole < unit {
            continue;
        }
        let (count, rest) = (whole / unit, whole % unit);
        let mut numeral = below(count);
        numeral.push(name);
        if rest > 0 {
            if rest < unit / 10 {
                numeral.push(DIGITS[0]);
            }
            numeral.push_str(&below(rest));
        }
        return numeral;
    }
    usize::try_from(whole)
        .ok()
        .and_then(|digit| DIGITS.get(digit))
        .map(char::to_string)
        .unwrap_or_default()
}

/// Both ways to say a numeral that begins with 2: 两万, 二万.
fn with_two(numeral: &str) -> Vec<String> {
    let Some(rest) = numeral
        .strip_prefix('二')
        .filter(|rest| !rest.starts_with('十'))
    else {
        return vec![numeral.to_owned()];
    };
    vec![format!("两{rest}"), numeral.to_owned()]
}

/// 贰万, 叁佰.
fn financial(numeral: &str) -> String {
    numeral
        .chars()
        .map(|c| {
            let formal = FINANCIAL.iter().find(|(plain, _)| *plain == c);
            formal.map_or(c, |&(_, formal)| formal)
        })
        .collect()
}
