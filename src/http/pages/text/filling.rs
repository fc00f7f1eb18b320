//! Values and counts put into texts.

/// `text` with each `{name}` replaced by what stands for it; a value is never read for more.
pub(in crate::http::pages) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            filled.push('{');
            rest = after;
            break;
        };
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            filled.push_str(value);
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// [`fill`] with `{n}` for a count, in the form that the count takes.
pub(in crate::http::pages) fn counted(text: &str, n: u64, values: &[(&str, &str)]) -> String {
    let form = match text.split_once('|') {
        Some((one, _)) if n == 1 => one,
        Some((_, others)) => others,
        None => text,
    };
    let n = grouped(n);
    let mut all = vec![("n", n.as_str())];
    all.extend(values);
    fill(form, &all)
}

/// A count with its thousands apart from 10,000 on; below that four digits read well.
pub(in crate::http::pages) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    if n < 10_000 {
        return digits;
    }
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::{counted, fill, grouped};

    #[test]
    fn a_value_is_not_read_for_placeholders() {
        let values = [("a", "{b}|{n}"), ("b", "2")];
        assert_eq!(fill("{a} {b} {c}.", &values), "{b}|{n} 2 .");
        assert_eq!(fill("open {a", &values), "open {a");
        assert_eq!(counted("{n} is|{n} are {a}", 1, &values), "1 is");
        assert_eq!(counted("{n} is|{n} are {a}", 2, &values), "2 are {b}|{n}");
    }

    #[test]
    fn thousands_are_told_apart() {
        for (n, shown) in [
            (0, "0"),
            (9999, "9999"),
            (10_000, "10,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(n), shown);
        }
    }
}
