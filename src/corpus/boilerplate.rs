//! Recognises lines that web pages add to any text, such as reprint notices.
//!
//! They say nothing of the region and would match searches for 转载 or 删除. A line is
//! boilerplate only as a whole, when it is short and holds every word of one rule, so a sentence
//! of a report is never lost to it.

/// The most characters such a line has.
const MAX_CHARS: usize = 80;

/// Words that stand together in such a line, and the name it is reported under.
const RULES: [(&str, &[&str]); 6] = [
    ("reprint-notice", &["转载", "侵权"]),
    ("reprint-notice", &["转载", "联系", "删除"]),
    ("reprint-notice", &["侵权", "删除"]),
    ("reprint-notice", &["转载", "注明出处"]),
    ("reprint-notice", &["转载", "注明来源"]),
    ("copyright-notice", &["版权所有", "转载"]),
];

/// The rule by which the whole `line` is boilerplate.
pub(super) fn rule(line: &str) -> Option<&'static str> {
    if line.chars().count() > MAX_CHARS {
        return None;
    }
    RULES
        .iter()
        .find(|(_, words)| words.iter().all(|word| line.contains(word)))
        .map(|&(name, _)| name)
}
