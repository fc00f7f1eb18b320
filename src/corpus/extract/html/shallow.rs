//! Pages nested so deep that parsing them would take hours, made shallow.
//!
//! A parser of HTML asks for every element what it is nested in, which a page of a hundred
//! thousand nested parts makes a matter of ten thousand million steps. Elements nested deeper than
//! any page is made to be are left out here as if only their content stood there.

use std::borrow::Cow;

/// Parts nested deeper are read as if they stood in the part at this depth.
const MAX_DEPTH: usize = 512;

/// Elements that end by themselves where the next one begins, or have nothing within.
const UNNESTED: [&str; 26] = [
    "p", "li", "dt", "dd", "option", "area", "base", "br", "col", "embed", "hr", "img", "input",
    "link", "meta", "param", "source", "track", "wbr", "!doctype", "!--", "?xml", "o:p",
    "basefont", "frame", "bgsound",
];

/// The page, or where it is nested too deep, the page without the tags that are.
pub(super) fn shallow(page: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    // What is kept of the page up to here is in `kept`; nothing is where all of it is.
    let mut copied = 0;
    let mut depth = 0_usize;
    let mut rest = 0;
    while let Some(at) = find(page, rest, "<") {
        let Some(end) = find(page, at, ">") else {
            break;
        };
        rest = end + 1;
        let tag = page.get(at + 1..end).unwrap_or_default();
        let closes = tag.starts_with('/');
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(|c| !c.is_whitespace() && *c != '/')
            .take(12)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if name == "script" && !closes {
            rest = find(page, rest, "</script").unwrap_or(page.len());
            depth += 1;
            continue;
        }
        if tag.starts_with("!--") {
            rest = find(page, at, "-->").map_or(rest, |end| end + 3);
            continue;
        }
        let letter = name.chars().next().is_some_and(char::is_alphabetic);
        if !letter || tag.ends_with('/') || UNNESTED.contains(&name.as_str()) {
            continue;
        }
        let within = if closes {
            let within = depth;
            depth = depth.saturating_sub(1);
            within
        } else {
            depth += 1;
            depth
        };
        if within > MAX_DEPTH {
            kept.push_str(page.get(copied..at).unwrap_or_default());
            // What stands on both sides of a tag is not one word.
            kept.push(' ');
            copied = rest;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(page);
    }
    kept.push_str(page.get(copied..).unwrap_or_default());
    Cow::Owned(kept)
}

/// Where `what` stands in `page`, at `from` or after it.
fn find(page: &str, from: usize, what: &str) -> Option<usize> {
    page.get(from..)?.find(what).map(|at| from + at)
}
