//! `/indexes/{uid}/settings`: what can be searched, filtered and sorted by.
//!
//! Cesou is set up by files, so settings are read here and not changed. A change that asks for what
//! holds already is accepted, and so is one of a setting that means nothing here; one that asks for
//! what cannot be is refused, since whoever asked would rely on it.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::error::{Error, repeated};
use super::field::Field;
use super::given::{Body, Given, Kind, json as body_json};
use super::search::{MAX_FACET_VALUES, sortable};
use super::tasks::Instantly;
use super::{Access, check_index, sent};
use crate::http::access::{Admin, Authorized};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::index::Snapshot;

/// Leave to change settings, or why there is none.
type Admitted = Result<Authorized<Admin>, Problem>;

/// The settings that mean something here, with the codes of refusals.
const MEANT: [(&str, &str); 6] = [
    (
        "filterableAttributes",
        "invalid_settings_filterable_attributes",
    ),
    ("sortableAttributes", "invalid_settings_sortable_attributes"),
    (
        "searchableAttributes",
        "invalid_settings_searchable_attributes",
    ),
    (
        "displayedAttributes",
        "invalid_settings_displayed_attributes",
    ),
    ("synonyms", "invalid_settings_synonyms"),
    ("stopWords", "invalid_settings_stop_words"),
];

fn settings(snapshot: &Snapshot, state: &State) -> Map<String, Value> {
    let synonyms: Map<String, Value> = snapshot
        .synonyms()
        .entries()
        .map(|(word, others)| {
            let others = others.iter().map(|other| other.written.as_str());
            (word.to_owned(), others.collect())
        })
        .collect();
    let all = json!({
        "displayedAttributes": ["*"],
        "searchableAttributes": Field::SEARCHED.map(Field::as_str),
        "filterableAttributes": Field::names(Field::is_filtered),
        "sortableAttributes": sortable(),
        "rankingRules": ["words", "typo", "proximity", "attribute", "sort", "exactness"],
        "stopWords": [],
        "nonSeparatorTokens": [],
        "separatorTokens": [],
        "dictionary": [],
        "synonyms": synonyms,
        "distinctAttribute": null,
        "proximityPrecision": "byWord",
        "typoTolerance": {
            "enabled": true,
            "minWordSizeForTypos": {"oneTypo": 5, "twoTypos": 9},
            "disableOnWords": [],
            "disableOnAttributes": [],
            "disableOnNumbers": false,
        },
        "faceting": {
            "maxValuesPerFacet": MAX_FACET_VALUES,
            "sortFacetValuesBy": {"*": "count"},
        },
        "pagination": {"maxTotalHits": state.max_depth},
        "embedders": {},
        "searchCutoffMs": null,
        "localizedAttributes": null,
        "facetSearch": true,
        "prefixSearch": "disabled",
    });
    match all {
        Value::Object(all) => all,
        _ => Map::new(),
    }
}

/// `filterable-attributes` as `filterableAttributes`.
fn named(path: &str) -> String {
    let mut name = String::new();
    let mut is_first = false;
    for c in path.chars() {
        match c {
            '-' => is_first = true,
            c if is_first => {
                name.extend(c.to_uppercase());
                is_first = false;
            }
            c => name.push(c),
        }
    }
    name
}

fn no_such(path: &str) -> Error {
    let message = format!("没有名为“{}”的设置", repeated(path));
    Error::new(actix_web::http::StatusCode::NOT_FOUND, "not_found", message)
}

pub(super) async fn all(
    uid: web::Path<String>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    check_index(&uid)?;
    let snapshot = state.snapshot(&access).await?;
    Ok(sent(settings(&snapshot, &state)))
}

pub(super) async fn one(
    path: web::Path<(String, String)>,
    access: Access,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    let access = access?;
    let (uid, name) = path.into_inner();
    check_index(&uid)?;
    let snapshot = state.snapshot(&access).await?;
    let mut all = settings(&snapshot, &state);
    let value = all.remove(&named(&name));
    value.map(sent).ok_or_else(|| no_such(&name))
}

pub(super) async fn change(
    http: HttpRequest,
    uid: web::Path<String>,
    access: Admitted,
    state: web::Data<State>,
    body: Body,
) -> Result<HttpResponse, Error> {
    access?;
    check_index(&uid)?;
    let whole = state.whole();
    let known = settings(&whole, &state);
    let names: Vec<_> = MEANT
        .into_iter()
        .map(|(name, code)| (name, Kind::Any, code))
        .collect();
    let body = body_json(&http, body)?;
    if let Some(unknown) = body
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .find(|name| !known.contains_key(*name) && *name != "chat")
    {
        let message = format!("没有名为“{}”的设置", repeated(unknown));
        return Err(Error::bad("bad_request", message));
    }
    let meant = match body {
        Value::Object(body) => {
            let meant = body.into_iter();
            let is_meant = |name: &str| MEANT.iter().any(|(meant, _)| *meant == name);
            Value::Object(meant.filter(|(name, _)| is_meant(name)).collect())
        }
        other => other,
    };
    let given = Given::object(meant, &names)?;
    for (name, code) in MEANT {
        if let Some(value) = given.get(name) {
            check(name, code, value, &known)?;
        }
    }
    Ok(Instantly::SettingsUpdate.accepted())
}

pub(super) async fn change_one(
    http: HttpRequest,
    path: web::Path<(String, String)>,
    access: Admitted,
    state: web::Data<State>,
    body: Body,
) -> Result<HttpResponse, Error> {
    access?;
    let (uid, name) = path.into_inner();
    check_index(&uid)?;
    let name = named(&name);
    let known = settings(&state.whole(), &state);
    if !known.contains_key(&name) {
        return Err(no_such(&name));
    }
    let value = body_json(&http, body)?;
    if let Some((name, code)) = MEANT.into_iter().find(|(meant, _)| *meant == name)
        && !value.is_null()
    {
        check(name, code, &value, &known)?;
    }
    Ok(Instantly::SettingsUpdate.accepted())
}

pub(super) async fn reset(uid: web::Path<String>, access: Admitted) -> Result<HttpResponse, Error> {
    access?;
    check_index(&uid)?;
    Ok(Instantly::SettingsUpdate.accepted())
}

pub(super) async fn reset_one(
    path: web::Path<(String, String)>,
    access: Admitted,
    state: web::Data<State>,
) -> Result<HttpResponse, Error> {
    access?;
    let (uid, name) = path.into_inner();
    check_index(&uid)?;
    let name = named(&name);
    if settings(&state.whole(), &state).contains_key(&name) {
        Ok(Instantly::SettingsUpdate.accepted())
    } else {
        Err(no_such(&name))
    }
}

/// Whether what is asked for holds already.
fn check(
    name: &str,
    code: &'static str,
    value: &Value,
    known: &Map<String, Value>,
) -> Result<(), Error> {
    let has = known.get(name).unwrap_or(&Value::Null);
    let refused = |why: String| Err(Error::bad(code, format!("{name} 不能这样设：{why}")));
    match name {
        "synonyms" if value.as_object().is_some_and(Map::is_empty) || value == has => Ok(()),
        "synonyms" => refused("近义词在语料的 synonyms.toml 里，改动后即生效".to_owned()),
        "stopWords" if value.as_array().is_some_and(Vec::is_empty) => Ok(()),
        "stopWords" => refused("这里没有停用词，虚词按其少见的程度计分".to_owned()),
        _ => {
            let Some(asked) = value.as_array() else {
                return refused("应为字段名的数组".to_owned());
            };
            let allowed: Vec<&str> = has
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let lacking = asked.iter().find(|asked| {
                let names: Vec<Option<&str>> = match asked {
                    Value::Object(detailed) => detailed
                        .get("attributePatterns")
                        .and_then(Value::as_array)
                        .into_iter()
                        .flatten()
                        .map(Value::as_str)
                        .collect(),
                    other => vec![other.as_str()],
                };
                !names.iter().all(|name| {
                    name.is_some_and(|name| {
                        name == "*" || allowed.contains(&"*") || allowed.contains(&name)
                    })
                })
            });
            match lacking {
                None => Ok(()),
                Some(lacking) => refused(format!(
                    "{}不在可用的之列：{}",
                    repeated(&lacking.to_string()),
                    allowed.join("、")
                )),
            }
        }
    }
}
