//! The layers settings come from: a TOML file, environment variables, flags.
//!
//! Each is read whole and checked key by key before the `config` crate lays it over the others, so
//! that an error can name the very line or variable, which is lost once layers are joined.
//!
//! Invariant: a [`Layer`] holds only known keys, each with a value of its type and in its range, and
//! no bytes or names make reading panic (`tests/settings.rs`).

use std::env;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

use ::config::{ConfigError, Map, Source, Value, ValueKind};
use secrecy::SecretString;
use toml::de::{DeTable, DeValue};

use super::keys::{self, Kind};
use super::{Error, Origin};

/// The file read where none is named, in the working folder.
pub const DEFAULT_FILE: &str = "config.toml";

/// The variable that names the settings file; the command line reads it.
pub const FILE_VARIABLE: &str = "CESOU_CONFIG";

/// The variable that holds an admin key. It is no setting, so that no file holds it in clear.
pub const ADMIN_KEY_VARIABLE: &str = "CESOU_ADMIN_KEY";

const PREFIX: &str = "CESOU_";

/// Settings given on the command line, as dotted key and value; of two for one key the last counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Overrides(Vec<(String, String)>);

impl Overrides {
    /// Adds a setting, such as `server.port` and `9000`.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.0.push((key.into(), value.into()));
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Overrides {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut overrides = Self::default();
        for (key, value) in pairs {
            overrides.set(key, value);
        }
        overrides
    }
}

/// The variables of this process, for [`super::load`]. Bytes that are not Unicode become U+FFFD,
/// which no setting may hold, so that such a value is refused rather than passed over.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    env::vars_os().map(|(name, value)| {
        (
            name.to_string_lossy().into_owned(),
            value.to_string_lossy().into_owned(),
        )
    })
}

/// The admin key that the variables give.
pub fn admin_key(env: impl IntoIterator<Item = (String, String)>) -> Option<SecretString> {
    env.into_iter()
        .find(|(name, _)| name == ADMIN_KEY_VARIABLE)
        .map(|(_, value)| value.into())
}

/// Checked settings of one source.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer(Map<String, Value>);

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

impl Layer {
    /// Adds a value, once it is found good; `written` is how it stands in its source.
    fn insert(
        &mut self,
        key: &str,
        given: &Given<'_>,
        written: &str,
        origin: &Origin,
    ) -> Result<(), Error> {
        let Some(kind) = keys::kind(key) else {
            return Err(match keys::first_in(key) {
                Some(first) => Error::Section {
                    origin: origin.clone(),
                    section: key.to_owned(),
                    example: first.to_owned(),
                },
                None => Error::Unknown {
                    origin: origin.clone(),
                    key: key.to_owned(),
                    nearest: keys::nearest(key).map(str::to_owned),
                },
            });
        };
        let Some(value) = typed(key, kind, given) else {
            return Err(Error::Value {
                origin: origin.clone(),
                key: key.to_owned(),
                value: written.to_owned(),
                expected: expected(key, kind, origin),
            });
        };
        let value = Value::new(Some(&origin.to_string()), value);
        self.0.insert(key.to_owned(), value);
        Ok(())
    }
}

/// What a value must be, for messages.
fn expected(key: &str, kind: Kind, origin: &Origin) -> String {
    let range = keys::range(key).map_or_else(String::new, |range| range.to_string());
    if let Some(choices) = keys::choices(key) {
        return format!(" {} 之一", choices.join("、"));
    }
    if let Some(form) = keys::form(key) {
        return format!(" {}", form.says);
    }
    match kind {
        Kind::Text if matches!(origin, Origin::File { .. }) => "加引号的非空文字".to_owned(),
        Kind::Text => "可读的非空文字".to_owned(),
        Kind::Whole => format!(" {range} 的整数"),
        Kind::Real => format!(" {range} 的数"),
    }
}

/// The layer of the settings file.
pub(super) fn file(named: Option<&Path>) -> Result<Layer, Error> {
    let path = named.unwrap_or(Path::new(DEFAULT_FILE));
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            return match named {
                None => Ok(Layer::default()),
                Some(_) => Err(Error::Missing { path: path.into() }),
            };
        }
        Err(cause) => {
            return Err(Error::Unreadable {
                path: path.into(),
                cause,
            });
        }
    };
    let text = str::from_utf8(&bytes).map_err(|error| Error::NotUtf8 {
        path: path.into(),
        line: line_of(&bytes, error.valid_up_to()),
    })?;
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(text.len(), |span| span.start);
        let before = text.get(..at).unwrap_or(text);
        Error::Syntax {
            path: path.into(),
            line: line_of(text.as_bytes(), at),
            column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
            what: error.message().to_owned(),
        }
    })?;
    let mut found = Vec::new();
    flatten(table.get_ref(), "", &mut found);
    found.sort_by_key(|found| found.at);
    let mut layer = Layer::default();
    for found in found {
        let origin = Origin::File {
            path: path.into(),
            line: line_of(text.as_bytes(), found.at),
        };
        let written = text.get(found.span).unwrap_or_default();
        layer.insert(&found.key, &found.given, written, &origin)?;
    }
    Ok(layer)
}

/// The layer of the environment variables.
pub(super) fn variables(env: impl IntoIterator<Item = (String, String)>) -> Result<Layer, Error> {
    let mut ours: Vec<_> = env
        .into_iter()
        .filter(|(name, value)| {
            name.starts_with(PREFIX)
                && ![FILE_VARIABLE, ADMIN_KEY_VARIABLE].contains(&name.as_str())
                && !is_kubernetes(name, value)
        })
        .collect();
    // Variables come in no order; which error is told should not depend on it.
    ours.sort();
    let mut layer = Layer::default();
    for (name, value) in ours {
        let origin = Origin::Variable(name.clone());
        let Some(key) = keys::of_variable(&name) else {
            return Err(unknown_variable(&name, origin));
        };
        layer.insert(key, &Given::Untyped(&value), &quoted(&value), &origin)?;
    }
    Ok(layer)
}

/// The layer of the command line.
pub(super) fn flags(flags: &Overrides) -> Result<Layer, Error> {
    let mut layer = Layer::default();
    for (key, value) in &flags.0 {
        layer.insert(key, &Given::Untyped(value), &quoted(value), &Origin::Flag)?;
    }
    Ok(layer)
}

/// A value in quotes, so that blanks and an empty one can be seen.
fn quoted(value: &str) -> String {
    format!("\"{value}\"")
}

/// Whether Kubernetes sets this variable, as it does in every container beside a service named
/// `cesou` or `cesou-…`: `CESOU_SERVICE_HOST`, `CESOU_PORT=tcp://…`, `CESOU_PORT_8080_TCP_ADDR`.
fn is_kubernetes(name: &str, value: &str) -> bool {
    let protocols = ["_TCP", "_UDP", "_SCTP"];
    let theirs = name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
        || (name.ends_with("_PORT") && value.contains("://"))
        || (name.contains("_PORT_") && protocols.iter().any(|protocol| name.contains(protocol)));
    theirs && !name.contains("__")
}

fn unknown_variable(name: &str, origin: Origin) -> Error {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    let key = rest.replace("__", ".").to_lowercase();
    if let Some(first) = keys::first_in(&key) {
        return Error::Section {
            origin,
            section: key,
            example: keys::variable(first),
        };
    }
    // `CESOU_SERVER_PORT` is one underscore short.
    let nearest = keys::nearest(&key).or_else(|| keys::nearest(&key.replacen('_', ".", 1)));
    Error::Variable {
        origin,
        nearest: nearest.map(keys::variable),
    }
}

/// A value as it stands in a source.
enum Given<'a> {
    /// A TOML string.
    Text(&'a str),
    /// A TOML integer; nothing where it is negative or too large for any setting.
    Whole(Option<u64>),
    /// A TOML float.
    Real(f64),
    /// Letters from a variable or a flag, to be read as the setting's type.
    Untyped(&'a str),
    /// A TOML value of a type that no setting has.
    Other,
}

/// A value in a settings file.
struct Found<'a> {
    key: String,
    given: Given<'a>,
    /// The key's first byte.
    at: usize,
    /// The value's bytes.
    span: Range<usize>,
}

fn flatten<'a>(table: &'a DeTable<'_>, section: &str, found: &mut Vec<Found<'a>>) {
    for (name, value) in table {
        let key = keys::join(section, name.get_ref());
        let given = match value.get_ref() {
            DeValue::Table(table) => {
                // An empty section says nothing, if it is one.
                if !table.is_empty() || keys::first_in(&key).is_some() {
                    flatten(table, &key, found);
                    continue;
                }
                Given::Other
            }
            DeValue::String(text) => Given::Text(text),
            DeValue::Integer(number) => {
                Given::Whole(u64::from_str_radix(number.as_str(), number.radix()).ok())
            }
            DeValue::Float(number) => number.as_str().parse().map_or(Given::Other, Given::Real),
            _ => Given::Other,
        };
        found.push(Found {
            key,
            given,
            at: name.span().start,
            span: value.span(),
        });
    }
}

/// The value of `key` as its type asks; nothing where it is of another type or out of range.
fn typed(key: &str, kind: Kind, given: &Given<'_>) -> Option<ValueKind> {
    let value = match (kind, given) {
        (Kind::Text, Given::Text(text) | Given::Untyped(text)) => {
            let unreadable = |c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER;
            let has_form = keys::form(key).is_none_or(|form| (form.has)(text));
            let good = match keys::choices(key) {
                Some(choices) => choices.contains(text),
                None if !has_form => false,
                None => !text.trim().is_empty() && !text.contains(unreadable),
            };
            return good.then(|| (*text).into());
        }
        (Kind::Whole, Given::Whole(number)) => ValueKind::U64((*number)?),
        (Kind::Whole, Given::Untyped(text)) => ValueKind::U64(text.parse().ok()?),
        (Kind::Real, Given::Real(number)) => ValueKind::Float(*number),
        (Kind::Real, Given::Whole(number)) => {
            ValueKind::Float(u32::try_from((*number)?).ok()?.into())
        }
        (Kind::Real, Given::Untyped(text)) => ValueKind::Float(text.parse().ok()?),
        _ => return None,
    };
    let range = keys::range(key)?;
    let (least, most) = (range.0, range.1);
    let within = match value {
        ValueKind::U64(number) => (u64::from(least)..=u64::from(most)).contains(&number),
        ValueKind::Float(number) => (f64::from(least)..=f64::from(most)).contains(&number),
        _ => false,
    };
    within.then_some(value)
}

/// The line, from 1, of the byte at `at`.
fn line_of(text: &[u8], at: usize) -> usize {
    let before = text.get(..at).unwrap_or(text);
    before.split(|byte| *byte == b'\n').count()
}
