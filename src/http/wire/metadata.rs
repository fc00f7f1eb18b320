//! What is known of a report besides its title and region, as it is sent.

use schemars::JsonSchema;
use serde::Serialize;

use crate::report::Metadata;

/// What is known is there, what is not is left out.
#[derive(Serialize, JsonSchema)]
pub(super) struct MetadataAnswer {
    #[serde(skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    /// In the form 成办发〔2016〕48号.
    #[serde(skip_serializing_if = "Option::is_none")]
    document_number: Option<String>,
    /// As 2016-11-24.
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<u16>,
    /// Where it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

impl MetadataAnswer {
    pub(super) fn new(metadata: &Metadata) -> Self {
        Self {
            issuer: metadata.issuer.clone(),
            document_number: metadata.document_number.clone(),
            date: metadata.date.map(|date| date.to_string()),
            year: metadata.year,
            url: metadata.url.clone(),
        }
    }
}
