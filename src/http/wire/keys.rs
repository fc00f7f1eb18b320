//! Keys as they are sent: all about them but the secret, which is sent once.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::key::{Key, Rate};

/// All keys.
#[derive(Serialize, JsonSchema)]
pub struct KeysAnswer {
    /// How many there are.
    pub total: usize,
    /// In the order they were made.
    pub keys: Vec<KeyAnswer>,
}

/// A key that was just made.
#[derive(Serialize, JsonSchema)]
pub struct KeyCreated {
    #[serde(flatten)]
    /// All else about it.
    pub about: KeyAnswer,
    /// What is to be sent; there is no other time to learn it.
    pub key: String,
}

/// All about a key but its secret.
#[derive(Serialize, JsonSchema)]
pub struct KeyAnswer {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// `active`, `expired` or `revoked`.
    status: &'static str,
    actions: Vec<&'static str>,
    origins: Vec<String>,
    prefixes: Vec<String>,
    filters: BTreeMap<&'static str, Vec<String>>,
    /// Times are of RFC 3339.
    created: String,
    expires: Option<String>,
    revoked: Option<String>,
    rate: Option<RateAnswer>,
}

#[derive(Serialize, JsonSchema)]
struct RateAnswer {
    per_second: u32,
    burst: u32,
}

impl From<Rate> for RateAnswer {
    fn from(rate: Rate) -> Self {
        Self {
            per_second: rate.per_second.get(),
            burst: rate.burst.get(),
        }
    }
}

impl KeyAnswer {
    /// The twin of a key, which says how it stands now.
    #[must_use]
    pub fn new(key: Key) -> Self {
        let status = key.status(jiff::Timestamp::now());
        Self {
            status: status.as_str(),
            actions: key.actions.iter().map(|action| action.as_str()).collect(),
            filters: key
                .filters
                .into_iter()
                .map(|(facet, values)| (facet.as_str(), values))
                .collect(),
            created: key.created.to_string(),
            expires: key.expires.map(|at| at.to_string()),
            revoked: key.revoked.map(|at| at.to_string()),
            rate: key.rate.map(RateAnswer::from),
            id: key.id,
            name: key.name,
            description: key.description,
            origins: key.origins,
            prefixes: key.prefixes,
        }
    }
}
