//! Whether the service can answer, as it is sent.

use schemars::JsonSchema;
use serde::Serialize;

use super::index::ProgressAnswer;
use crate::index::{Progress, Snapshot};
use crate::reload::Condition;

/// Whether the service can answer, and from what.
#[derive(Serialize, JsonSchema)]
pub(in crate::http) struct Readiness<'a> {
    status: &'static str,
    generation: &'a str,
    built_at: u64,
    reports: u64,
    passages: u64,
    skipped_files: usize,
    warnings: u64,
    vocabulary: VocabularyState<'a>,
    /// What is wrong with the file of keys; those that were read last are in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    keys_warning: Option<String>,
    /// How many places of the index and the store were found damaged at the last start; which, the
    /// log and `/api/v1/index` say.
    #[serde(skip_serializing_if = "Option::is_none")]
    damage: Option<usize>,
}

/// How the vocabulary files stand to what is served.
#[derive(Serialize, JsonSchema)]
struct VocabularyState<'a> {
    synonym_groups: usize,
    synonym_rules: usize,
    /// Whether another index is being built for a file that changed.
    rebuilding: bool,
    /// How far that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<ProgressAnswer>,
    /// What is wrong with the files; the last good ones are in force.
    warnings: &'a [String],
}

impl<'a> Readiness<'a> {
    pub(in crate::http) fn new(
        snapshot: &'a Snapshot,
        condition: &'a Condition,
        progress: Option<Progress>,
        stopping: bool,
        keys_warning: Option<String>,
    ) -> Self {
        let manifest = snapshot.manifest();
        Self {
            status: if stopping { "stopping" } else { "ready" },
            generation: snapshot.name(),
            built_at: manifest.built_at,
            reports: snapshot.reports().len() as u64,
            passages: snapshot.passages(),
            skipped_files: manifest.build.skipped.len(),
            warnings: manifest.build.warning_counts.values().sum(),
            vocabulary: VocabularyState {
                synonym_groups: snapshot.synonyms().groups(),
                synonym_rules: snapshot.synonyms().rules(),
                rebuilding: condition.rebuilding,
                progress: progress.map(ProgressAnswer::new),
                warnings: &condition.warnings,
            },
            keys_warning,
            damage: Some(condition.damage.len()).filter(|places| *places > 0),
        }
    }
}
