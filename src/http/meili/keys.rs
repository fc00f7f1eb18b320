//! `/keys`: the native keys, in another form.
//!
//! Their actions are finer than ours, so that only those are taken which one of ours stands for
//! without adding to it. A secret is told once, when the key is made; afterwards `key` only begins
//! as the key does. What was revoked is no more here.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::error::{Error, repeated};
use super::given::{Body, Given, Kind, Param};
use super::{UID, answered, moment, sent};
use crate::config::ADMIN_KEY_VARIABLE;
use crate::http::access::{Admin, Authorized};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::key::{self, Action, ENVIRONMENT_ID, Fault, Key, Keyring, PREFIX, Status, Wish};

/// Keys where the request names no number.
const LIMIT: usize = 20;
/// What a key is for where nothing is said of it.
const UNNAMED: &str = "经 /meili/keys 建立";

const PAGE: [Param; 2] = [
    ("offset", Kind::Whole, "invalid_api_key_offset"),
    ("limit", Kind::Whole, "invalid_api_key_limit"),
];
const NEW: [Param; 6] = [
    ("name", Kind::Text, "invalid_api_key_name"),
    ("description", Kind::Text, "invalid_api_key_description"),
    ("uid", Kind::Text, "invalid_api_key_uid"),
    ("actions", Kind::Words, "invalid_api_key_actions"),
    ("indexes", Kind::Words, "invalid_api_key_indexes"),
    ("expiresAt", Kind::Text, "invalid_api_key_expires_at"),
];
/// What cannot be changed of a key, with the codes of refusals.
const FIXED: [(&str, &str); 7] = [
    ("uid", "immutable_api_key_uid"),
    ("key", "immutable_api_key_key"),
    ("actions", "immutable_api_key_actions"),
    ("indexes", "immutable_api_key_indexes"),
    ("expiresAt", "immutable_api_key_expires_at"),
    ("createdAt", "immutable_api_key_created_at"),
    ("updatedAt", "immutable_api_key_updated_at"),
];

/// Leave to look after keys, or why there is none.
type Access = Result<Authorized<Admin>, Problem>;

/// Ours that stands for theirs.
fn action(theirs: &str) -> Option<Action> {
    Some(match theirs {
        "search" | "documents.get" | "indexes.get" | "stats.get" | "settings.get" | "version" => {
            Action::Search
        }
        "documents.add" | "documents.delete" | "tasks.get" => Action::Write,
        "*" => Action::Admin,
        _ => return None,
    })
}

/// Theirs that stand for ours.
fn actions(key: &Key) -> Vec<&'static str> {
    if key.may(Action::Admin) {
        return vec!["*"];
    }
    let ours = key.actions.iter().flat_map(|action| match action {
        Action::Search => &["search"][..],
        Action::Write => &["documents.add", "documents.delete", "tasks.get"][..],
        Action::Admin => &["*"][..],
    });
    ours.copied().collect()
}

fn described(key: &Key, secret: Option<&SecretString>) -> Value {
    json!({
        "uid": key.id,
        "key": match secret {
            Some(secret) => secret.expose_secret().to_owned(),
            None => format!("{PREFIX}{}_…", key.id),
        },
        "name": key.name,
        "description": key.description,
        "actions": actions(key),
        "indexes": [UID],
        "expiresAt": key.expires.map(moment),
        "createdAt": moment(key.created),
        "updatedAt": moment(key.created),
    })
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let code = match fault.field.as_str() {
            "name" => "invalid_api_key_name",
            "description" => "invalid_api_key_description",
            "expires" => "invalid_api_key_expires_at",
            _ => "bad_request",
        };
        Self::bad(code, fault.to_string())
    }
}

/// The keys that were not revoked.
fn held(keys: &Keyring) -> Vec<Key> {
    let now = Timestamp::now();
    let all = keys.keys().into_iter();
    all.filter(|key| key.status(now) != Status::Revoked)
        .collect()
}

/// The key of that uid, or the one that this is the secret of.
fn found(keys: &Keyring, given: &str) -> Result<Key, Error> {
    let by_id = held(keys).into_iter().find(|key| key.id == given);
    let by_secret = || {
        let secret = SecretString::from(given.to_owned());
        let held = keys.authenticate(&secret, Timestamp::now()).ok()?;
        Some(held.key().clone())
    };
    by_id.or_else(by_secret).ok_or_else(|| {
        // What was given may be a secret, so it is not said again.
        let message = "没有这把密钥，或已被吊销";
        Error::new(StatusCode::NOT_FOUND, "api_key_not_found", message)
    })
}

pub(super) async fn list(
    http: HttpRequest,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    access?;
    let given = Given::query(&http, &PAGE)?;
    let offset = given.whole("offset").unwrap_or(0);
    let limit = given.whole("limit").unwrap_or(LIMIT);
    let mut all = held(&state.keys);
    // The latest first, as they have it.
    all.reverse();
    let shown = all.iter().skip(offset).take(limit);
    let shown: Vec<Value> = shown.map(|key| described(key, None)).collect();
    Ok(sent(json!({
        "results": shown,
        "offset": offset,
        "limit": limit,
        "total": all.len(),
    })))
}

pub(super) async fn one(
    given: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    access?;
    Ok(sent(described(&found(&state.keys, &given)?, None)))
}

pub(super) async fn create(
    http: HttpRequest,
    access: Access,
    state: web::Data<State>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let access = access?;
    let body = super::given::json(&http, body)?;
    let says_when = body.get("expiresAt").is_some();
    let given = Given::object(body, &NEW)?;
    let wish = wish(&given, says_when)?;
    let now = Timestamp::now();
    let wanted = wish.check(now)?;
    let keys = state.keys.clone();
    let made = change(move || keys.create(wanted, now)).await?;
    let by = access.key_id().unwrap_or_default();
    tracing::info!("密钥 {} 已由 {by} 建立", made.key);
    let answer = described(&made.key, Some(&made.secret));
    Ok(answered(StatusCode::CREATED, answer))
}

/// What is wished for, in our words.
fn wish(given: &Given, says_when: bool) -> Result<Wish, Error> {
    if given.get("uid").is_some() {
        let message = "uid 由本服务给出；请去掉它";
        return Err(Error::bad("invalid_api_key_uid", message));
    }
    let theirs = given.words("actions").ok_or_else(|| {
        let message = "没有 actions；应为数组，如 [\"search\"]";
        Error::bad("missing_api_key_actions", message)
    })?;
    let mut ours: Vec<String> = Vec::new();
    for theirs in &theirs {
        let action = action(theirs).ok_or_else(|| {
            let message = format!(
                "actions 中的“{}”在这里没有对应的权限；可用的有：search、documents.get、indexes.get、stats.get、\
                 settings.get、version、documents.add、documents.delete、tasks.get、*",
                repeated(theirs)
            );
            Error::bad("invalid_api_key_actions", message)
        })?;
        ours.push(action.as_str().to_owned());
    }
    if ours.is_empty() {
        let message = "actions 是空的；至少要有一项，如 search";
        return Err(Error::bad("invalid_api_key_actions", message));
    }
    let indexes = given.words("indexes").ok_or_else(|| {
        let message = format!("没有 indexes；应为 [\"{UID}\"] 或 [\"*\"]");
        Error::bad("missing_api_key_indexes", message)
    })?;
    let is_ours = |pattern: &&str| match pattern.strip_suffix('*') {
        Some(start) => UID.starts_with(start),
        None => *pattern == UID,
    };
    if indexes.is_empty() || !indexes.iter().all(is_ours) {
        let message = format!("indexes 只能是 [\"{UID}\"] 或 [\"*\"]：这里只有这一个索引");
        return Err(Error::bad("invalid_api_key_indexes", message));
    }
    if !says_when {
        let message = "没有 expiresAt；应为时刻，如 2027-01-01T00:00:00Z，不过期的写 null";
        return Err(Error::bad("missing_api_key_expires_at", message));
    }
    let expires = given.text("expiresAt").map(|text| {
        // A time that does not say where is of UTC, as they have it.
        let is_bare = text.contains('T') && text.parse::<Timestamp>().is_err();
        if is_bare {
            format!("{text}Z")
        } else {
            text.to_owned()
        }
    });
    Ok(Wish {
        name: given.text("name").unwrap_or(UNNAMED).to_owned(),
        description: given.text("description").map(str::to_owned),
        actions: ours,
        expires,
        ..Wish::default()
    })
}

pub(super) async fn describe(
    http: HttpRequest,
    path: web::Path<String>,
    access: Access,
    state: web::Data<State>,
    body: Body,
) -> Result<HttpResponse, Error> {
    access?;
    let body = super::given::json(&http, body)?;
    let empty = Map::new();
    let said = body.as_object().unwrap_or(&empty).clone();
    for (name, code) in FIXED {
        if said.contains_key(name) {
            let message = format!("密钥的 {name} 不能更改；能改的有 name、description");
            return Err(Error::bad(code, message));
        }
    }
    let given = Given::object(body, &NEW)?;
    let name = given.text("name").map(key::name).transpose()?;
    let description = given.text("description").map(key::description);
    let description = description.transpose()?;
    let description = said.contains_key("description").then_some(description);
    let key = found(&state.keys, &path)?;
    changeable(&key)?;
    let keys = state.keys.clone();
    let id = key.id.clone();
    let changed = change(move || keys.describe(&id, name, description)).await?;
    Ok(sent(described(&changed.unwrap_or(key), None)))
}

pub(super) async fn revoke(
    path: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    let key = found(&state.keys, &path)?;
    changeable(&key)?;
    let keys = state.keys.clone();
    let id = key.id.clone();
    change(move || keys.revoke(&id, Timestamp::now())).await?;
    let by = access.key_id().unwrap_or_default();
    tracing::info!("密钥 {key} 已由 {by} 吊销");
    Ok(HttpResponse::NoContent().finish())
}

/// Refuses the key that stands in no file.
fn changeable(key: &Key) -> Result<(), Error> {
    if key.id == ENVIRONMENT_ID {
        let message = format!("这把密钥来自环境变量 {ADMIN_KEY_VARIABLE}，只能在那里更改");
        return Err(Error::bad("immutable_api_key_uid", message));
    }
    Ok(())
}

/// Changes the file off the async workers, since it waits for the disk.
async fn change<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, key::Error> + Send + 'static,
) -> Result<T, Problem> {
    let done = web::block(work).await.map_err(|error| {
        tracing::error!(%error, "更改密钥的线程中断");
        Problem::Internal
    })?;
    Ok(done?)
}
