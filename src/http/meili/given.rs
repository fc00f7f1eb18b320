//! What a request gives, by name: from a JSON body or from a query string.
//!
//! Names and types are checked here, once, against a list of what is taken; what comes out of it is
//! of the type that the list says. A name that is not on the list is refused, a value of another
//! type is refused with the code that goes with the name, and `null` is as good as nothing.

use std::borrow::Cow;

use actix_web::error::PayloadError;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, web};
use serde_json::{Map, Value};

use super::error::{Error, repeated};
use crate::http::params;

/// The most bytes of a body that is no document.
pub(super) const MAX_BODY: usize = 2 << 20;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string.
    Text,
    /// A whole number from 0.
    Whole,
    /// A number.
    Real,
    /// `true` or `false`.
    Flag,
    /// Strings; in a query string, between commas.
    Words,
    /// A string, or strings within lists.
    Filter,
    /// A string or a whole number.
    Id,
    /// Of any type: for what is looked at elsewhere, or ignored.
    Any,
}

/// A name that is taken: what its values are, and the code of those that are not.
pub(super) type Param = (&'static str, Kind, &'static str);

/// What was given, of known names and types.
#[derive(Debug, Clone, Default)]
pub(super) struct Given(Map<String, Value>);

/// A body, or why there is none.
pub(super) type Body = Result<web::Bytes, actix_web::Error>;

/// The bytes of a body of the type `application/json`; empty where there is none.
pub(super) fn json_bytes(http: &HttpRequest, body: Body) -> Result<web::Bytes, Error> {
    let body = bytes(body, MAX_BODY)?;
    // Some clients send `null` for nothing, and do not say what that is.
    if body.is_empty() || body.as_ref() == b"null" {
        return Ok(web::Bytes::new());
    }
    match media_type(http).as_deref() {
        Some("application/json") => Ok(body),
        other => Err(not_json(other)),
    }
}

fn not_json(other: Option<&str>) -> Error {
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    match other {
        Some(other) => Error::new(
            status,
            "invalid_content_type",
            format!("Content-Type 是 {}；应为 application/json", repeated(other)),
        ),
        None => Error::new(
            status,
            "missing_content_type",
            "没有 Content-Type 请求头；应为 application/json",
        ),
    }
}

/// What the body says it is, without parameters; nothing where it does not.
pub(super) fn media_type(http: &HttpRequest) -> Option<String> {
    let given = http.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let given = given.split(';').next().unwrap_or_default().trim();
    Some(given.to_ascii_lowercase())
}

/// The bytes of a body of which at most `most` are read.
pub(super) fn bytes(body: Body, most: usize) -> Result<web::Bytes, Error> {
    body.map_err(|error| match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => Error::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "payload_too_large",
            format!("请求正文过大，至多 {most} 字节"),
        ),
        _ => malformed("没有收全，或压缩有误"),
    })
}

pub(super) fn malformed(why: impl std::fmt::Display) -> Error {
    Error::bad("malformed_payload", format!("请求正文看不懂：{why}"))
}

/// The JSON of a body, `null` where there is none.
pub(super) fn json(http: &HttpRequest, body: Body) -> Result<Value, Error> {
    let bytes = json_bytes(http, body)?;
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(malformed)
}

impl Given {
    /// From a body that is an object, or nothing.
    pub(super) fn body(http: &HttpRequest, body: Body, known: &[Param]) -> Result<Self, Error> {
        Self::object(json(http, body)?, known)
    }

    /// From an object, or `null`.
    pub(super) fn object(value: Value, known: &[Param]) -> Result<Self, Error> {
        let map = match value {
            Value::Null => Map::new(),
            Value::Object(map) => map,
            other => {
                let message = format!("应为 JSON 对象，给出的是{}", name_of(&other));
                return Err(Error::bad("bad_request", message));
            }
        };
        Self::checked(map, known, true)
    }

    /// From an object, leaving out what is not known.
    pub(super) fn lenient(http: &HttpRequest, body: Body, known: &[Param]) -> Result<Self, Error> {
        match json(http, body)? {
            Value::Object(map) => Self::checked(map, known, false),
            other => Self::object(other, known),
        }
    }

    /// From a query string.
    pub(super) fn query(http: &HttpRequest, known: &[Param]) -> Result<Self, Error> {
        let mut map = Map::new();
        for (name, value) in params::pairs(http.query_string()) {
            let kind = known.iter().find(|(known, ..)| *known == name);
            let value = kind.map_or(Value::Null, |&(_, kind, _)| typed(kind, &value));
            map.insert(name, value);
        }
        Self::checked(map, known, true)
    }

    fn checked(map: Map<String, Value>, known: &[Param], strict: bool) -> Result<Self, Error> {
        let mut kept = Map::new();
        for (name, value) in map {
            let Some(&(_, kind, code)) = known.iter().find(|(known, ..)| *known == name) else {
                if strict {
                    return Err(unknown(&name, known));
                }
                continue;
            };
            if value.is_null() {
                continue;
            }
            if !kind.takes(&value) {
                let message = format!(
                    "{name} 的值无效：给出的是{}；应为{}",
                    name_of(&value),
                    kind.allowed()
                );
                return Err(Error::bad(code, message));
            }
            kept.insert(name, value);
        }
        Ok(Self(kept))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    pub(super) fn whole(&self, name: &str) -> Option<usize> {
        let number = self.get(name)?.as_u64()?;
        Some(usize::try_from(number).unwrap_or(usize::MAX))
    }

    pub(super) fn real(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_f64()
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub(super) fn words(&self, name: &str) -> Option<Vec<&str>> {
        let words = self.get(name)?.as_array()?;
        Some(words.iter().filter_map(Value::as_str).collect())
    }

    /// A string, or a number as one.
    pub(super) fn id(&self, name: &str) -> Option<Cow<'_, str>> {
        Some(match self.get(name)? {
            Value::String(text) => Cow::Borrowed(text.as_str()),
            other => Cow::Owned(other.to_string()),
        })
    }
}

impl Kind {
    fn takes(self, value: &Value) -> bool {
        let is_text = |value: &Value| value.is_string();
        match self {
            Self::Text => value.is_string(),
            Self::Whole => value.is_u64(),
            Self::Real => value.is_number(),
            Self::Flag => value.is_boolean(),
            Self::Words => value.as_array().is_some_and(|all| all.iter().all(is_text)),
            Self::Filter => {
                let is_inner = |value: &Value| {
                    value.is_string() || value.as_array().is_some_and(|any| any.iter().all(is_text))
                };
                value.is_string() || value.as_array().is_some_and(|all| all.iter().all(is_inner))
            }
            Self::Id => value.is_string() || value.is_u64(),
            Self::Any => true,
        }
    }

    fn allowed(self) -> &'static str {
        match self {
            Self::Text => "字符串",
            Self::Whole => "非负整数",
            Self::Real => "数",
            Self::Flag => "true 或 false",
            Self::Words => "字符串的数组",
            Self::Filter => "字符串，或字符串的数组，其中可再有一层字符串的数组",
            Self::Id => "字符串或非负整数",
            Self::Any => "任何值",
        }
    }
}

/// A value of a query string as the kind has it; as it is where it cannot be that.
fn typed(kind: Kind, text: &str) -> Value {
    let as_it_is = || Value::String(text.to_owned());
    match kind {
        Kind::Text | Kind::Id => as_it_is(),
        Kind::Whole => text.parse::<u64>().map_or_else(|_| as_it_is(), Value::from),
        Kind::Real => text.parse::<f64>().map_or_else(|_| as_it_is(), Value::from),
        Kind::Flag => text
            .parse::<bool>()
            .map_or_else(|_| as_it_is(), Value::from),
        Kind::Words => {
            let words = text
                .split(',')
                .map(str::trim)
                .filter(|word| !word.is_empty());
            Value::Array(words.map(Value::from).collect())
        }
        Kind::Filter | Kind::Any => {
            // An array is written as JSON, anything else as it is.
            let parsed = serde_json::from_str(text).ok();
            parsed.filter(Value::is_array).unwrap_or_else(as_it_is)
        }
    }
}

fn name_of(value: &Value) -> String {
    match value {
        Value::Null => "空值".to_owned(),
        Value::Bool(flag) => format!("布尔值 {flag}"),
        Value::Number(number) => format!("数 {number}"),
        Value::String(text) => format!("字符串“{}”", repeated(text)),
        Value::Array(_) => "数组".to_owned(),
        Value::Object(_) => "对象".to_owned(),
    }
}

fn unknown(name: &str, known: &[Param]) -> Error {
    let allowed: Vec<&str> = known.iter().map(|&(known, ..)| known).collect();
    let message = if allowed.is_empty() {
        format!("没有名为“{}”的参数，这里不接受参数", repeated(name))
    } else {
        let allowed = allowed.join("、");
        format!("没有名为“{}”的参数；可用的有：{allowed}", repeated(name))
    };
    Error::bad("bad_request", message)
}
