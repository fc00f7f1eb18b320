//! The settings that exist, by dotted key: what type each has, its range, and which is nearest.
//!
//! The keys and types are read off the serialised defaults, so that a new field needs no second
//! entry; only ranges are listed here, and `tests/settings.rs` holds that every number has one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde_json::Value;

use super::{Settings, network};

/// The range of each number.
const RANGES: &[(&str, Range)] = &[
    ("server.port", Range(0, 65_535)),
    ("server.workers", Range(0, 256)),
    ("server.search_threads", Range(0, 256)),
    ("server.search_queue", Range(0, 100_000)),
    ("server.search_wait_ms", Range(1, 600_000)),
    ("server.search_timeout_ms", Range(10, 600_000)),
    ("server.max_connections", Range(16, 1_000_000)),
    ("server.connections_per_address", Range(0, 1_000_000)),
    ("server.keep_alive_s", Range(1, 3600)),
    ("server.header_timeout_s", Range(1, 600)),
    ("server.body_timeout_s", Range(1, 86_400)),
    ("server.body_min_rate", Range(0, 1_000_000_000)),
    ("server.write_timeout_s", Range(0, 3600)),
    ("server.requests_per_minute", Range(0, 10_000_000)),
    ("server.shutdown_timeout_s", Range(0, 600)),
    ("server.shutdown_drain_ms", Range(0, 60_000)),
    ("corpus.max_file_mb", Range(1, 65_536)),
    ("corpus.max_line_mb", Range(1, 1024)),
    ("corpus.extract_memory_mb", Range(128, 65_536)),
    ("corpus.extract_seconds", Range(1, 3600)),
    ("corpus.extract_output_mb", Range(1, 1024)),
    ("index.memory_mb", Range(32, 16_384)),
    ("index.threads", Range(0, 64)),
    ("store.max_report_mb", Range(1, 1024)),
    ("store.max_body_mb", Range(1, 65_536)),
    ("store.max_reports", Range(1, 10_000_000)),
    ("store.max_queue", Range(1, 1_000_000)),
    ("store.min_free_mb", Range(0, 1_048_576)),
    ("store.kept_tasks", Range(100, 1_000_000)),
    ("passage.max_chars", Range(100, 100_000)),
    ("search.per_page", Range(1, 100)),
    ("search.relax_below", Range(0, 100)),
    ("search.snippet_chars", Range(20, 1000)),
    ("search.max_depth", Range(100, 100_000)),
    ("search.max_cost", Range(0, 4_000_000_000)),
    ("search.answers_mb", Range(0, 4096)),
    ("search.title_weight", Range(0, 100)),
    ("search.heading_weight", Range(0, 100)),
    ("search.body_weight", Range(0, 100)),
    ("search.phrase_weight", Range(0, 100)),
    ("search.word_weight", Range(0, 100)),
    ("search.characters_weight", Range(0, 100)),
    ("search.synonym_weight", Range(0, 1)),
    ("search.feedback_weight", Range(0, 10)),
    ("analytics.keep_days", Range(1, 3660)),
    ("analytics.max_queries", Range(100, 1_000_000)),
    ("analytics.min_count", Range(1, 1000)),
    ("log.slow_query_ms", Range(0, 600_000)),
    ("telemetry.sample_ratio", Range(0, 1)),
];

/// The texts that a setting may be, where they are few.
const CHOICES: &[(&str, &[&str])] = &[
    ("analytics.collect", &["on", "off"]),
    ("keys.search", &["auto", "open", "required"]),
    ("server.forwarded_header", &["x-forwarded-for", "forwarded"]),
    ("log.format", &["text", "json"]),
    ("log.queries", &["never", "slow", "always"]),
    ("log.addresses", &["never", "always"]),
];

/// What leaves a setting to be found out.
pub(super) const AUTO: &str = "auto";

/// The texts that must have a form.
const FORMS: &[(&str, Form)] = &[
    (
        "server.public_url",
        Form {
            says: "auto 或 http://、https:// 开头的网址，只到主机名和端口",
            has: is_public_url,
        },
    ),
    (
        "server.trusted_proxies",
        Form {
            says: "none，或以逗号分隔的地址和网段，如 10.0.0.0/8,127.0.0.1",
            has: network::is_list,
        },
    ),
    (
        "telemetry.otlp_endpoint",
        Form {
            says: "none，或 http:// 开头的收集器地址，如 http://127.0.0.1:4318",
            has: is_collector,
        },
    ),
];

/// How like a known key another must be to be taken for a slip of it, from 0 to 1.
const LIKE: f64 = 0.5;

static KEYS: LazyLock<BTreeMap<String, Kind>> = LazyLock::new(|| {
    let defaults = serde_json::to_value(Settings::default())
        .expect("settings are texts and finite numbers, which JSON has");
    let mut keys = BTreeMap::new();
    collect(&defaults, "", &mut keys);
    keys
});

/// The smallest and the largest value of a number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range(pub(super) u32, pub(super) u32);

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}–{}", self.0, self.1)
    }
}

/// A form that a text must have.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// What it is, for people.
    pub(super) says: &'static str,
    /// Whether a text has it.
    pub(super) has: fn(&str) -> bool,
}

/// Whether it is [`AUTO`] or a scheme with a host, and nothing behind that but one slash.
fn is_public_url(text: &str) -> bool {
    if text == AUTO {
        return true;
    }
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let Some(host) = host.map(|host| host.strip_suffix('/').unwrap_or(host)) else {
        return false;
    };
    // An address of IP version 6 stands in brackets; elsewhere a colon parts the port.
    let (name, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((name, "")) => (name.replace(':', "."), None),
        Some((name, rest)) => match rest.strip_prefix(':') {
            Some(port) => (name.replace(':', "."), Some(port)),
            None => return false,
        },
        None => match host.rsplit_once(':') {
            Some((name, port)) => (name.to_owned(), Some(port)),
            None => (host.to_owned(), None),
        },
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let is_name = !name.is_empty() && name.chars().all(fits);
    is_name && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// Whether it is an address that traces may be sent to. Those that leave this machine do so by a
/// collector beside it, which knows TLS and keys.
fn is_collector(text: &str) -> bool {
    let rest = text.strip_prefix("http://");
    text == network::NONE
        || rest.is_some_and(|rest| {
            !rest.starts_with('/') && !rest.is_empty() && !rest.contains(char::is_whitespace)
        })
}

/// The type of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text or a path; not blank.
    Text,
    /// A whole number.
    Whole,
    /// A number that may have a fraction.
    Real,
}

fn collect(value: &Value, key: &str, keys: &mut BTreeMap<String, Kind>) {
    let kind = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(value, &join(key, name), keys);
            }
            return;
        }
        Value::Number(number) if number.is_f64() => Kind::Real,
        Value::Number(_) => Kind::Whole,
        _ => Kind::Text,
    };
    keys.insert(key.to_owned(), kind);
}

/// The dotted key of `name` within `section`, which is empty at the top.
pub(super) fn join(section: &str, name: &str) -> String {
    if section.is_empty() {
        name.to_owned()
    } else {
        format!("{section}.{name}")
    }
}

/// The type of a known key.
pub(super) fn kind(key: &str) -> Option<Kind> {
    KEYS.get(key).copied()
}

/// The range of a number.
pub(super) fn range(key: &str) -> Option<Range> {
    RANGES
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, range)| *range)
}

/// What a text may be; nothing where it may be any.
pub(super) fn choices(key: &str) -> Option<&'static [&'static str]> {
    CHOICES
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, choices)| *choices)
}

/// The form that a text must have; nothing where it may have any.
pub(super) fn form(key: &str) -> Option<Form> {
    FORMS
        .iter()
        .find(|(name, _)| *name == key)
        .map(|(_, form)| *form)
}

/// The first known key within a section; nothing where there is no such section.
pub(super) fn first_in(section: &str) -> Option<&'static str> {
    KEYS.keys().map(String::as_str).find(|key| {
        key.strip_prefix(section)
            .is_some_and(|rest| rest.starts_with('.'))
    })
}

/// The known key most like `key`, letter case apart, unless none is like it. A key without its
/// section is looked for in all of them.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    let key = key.to_lowercase();
    let name = key.rsplit('.').next().unwrap_or_default();
    let likeness = |known: &str| {
        let whole = strsim::normalized_damerau_levenshtein(&key, known);
        let last = known.rsplit('.').next().unwrap_or_default();
        if key.contains('.') && name != last {
            return whole;
        }
        // Slightly less than the whole, so that a match with its section comes first.
        whole.max(strsim::normalized_damerau_levenshtein(name, last) * 0.95)
    };
    KEYS.keys()
        .map(|known| (likeness(known), known.as_str()))
        .filter(|(like, _)| *like > LIKE)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

/// The environment variable of a key: `CESOU_SERVER__PORT`.
pub(super) fn variable(key: &str) -> String {
    format!("CESOU_{}", key.replace('.', "__").to_uppercase())
}

/// The known key that a variable sets.
pub(super) fn of_variable(name: &str) -> Option<&'static str> {
    KEYS.keys()
        .find(|key| variable(key) == name)
        .map(String::as_str)
}
