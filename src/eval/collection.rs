//! What is measured on: documents, judged queries, and what the ids of judgements stand for.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::corpus;
use crate::index::{self, Snapshot};
use crate::passage;
use crate::report::{Passage, Report};
use crate::search::Hit;

/// A document of a test collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its id in the collection.
    pub id: String,
    /// Its title; empty where it has none.
    pub title: String,
    /// Its text.
    pub text: String,
}

impl Document {
    /// The document as a report of one passage, never split; `number` is its place among the
    /// documents, which [`Unit::Document`] goes by, since its own id may be anything.
    #[must_use]
    pub fn report(&self, number: usize, source: &str) -> (Report, Vec<Passage>) {
        let report = corpus::record(number.to_string(), source, &self.title, &self.text);
        let passage = passage::whole(&report);
        (report, vec![passage])
    }
}

/// A query and what is relevant to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Its id, by which runs are compared.
    pub id: String,
    /// What is typed.
    pub text: String,
    /// What sort of query it is, where that is said.
    pub kind: Option<String>,
    /// The grade of each relevant id; at least one is above 0.
    pub relevant: BTreeMap<String, u32>,
}

/// Judged queries, and what was left out of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgements {
    /// The queries in the order of their file.
    pub queries: Vec<Judged>,
    /// How many queries have nothing relevant and are left out.
    pub unjudged: usize,
    /// How many queries are judged but not among the queries.
    pub unasked: usize,
}

/// Queries, each an id and a text, with the grades of their relevant ids by query id.
#[must_use]
pub fn pair(
    queries: Vec<(String, String)>,
    mut qrels: BTreeMap<String, BTreeMap<String, u32>>,
) -> Judgements {
    let mut judgements = Judgements::default();
    for (id, text) in queries {
        let relevant = qrels.remove(&id).unwrap_or_default();
        judgements.add(Judged {
            id,
            text,
            kind: None,
            relevant,
        });
    }
    judgements.unasked = qrels.len();
    judgements
}

impl Judgements {
    /// Adds a query, or counts it where nothing is relevant to it.
    pub(super) fn add(&mut self, judged: Judged) {
        if judged.relevant.values().any(|&grade| grade > 0) {
            self.queries.push(judged);
        } else {
            self.unjudged += 1;
        }
    }

    /// What the ids of these judgements stand for in a served corpus.
    #[must_use]
    pub fn unit(&self) -> Unit<'static> {
        let measures = self.ids().any(|id| id.contains('#'));
        if measures {
            Unit::Measure
        } else {
            Unit::Passage
        }
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        self.queries
            .iter()
            .flat_map(|judged| judged.relevant.keys())
            .map(String::as_str)
    }
}

/// What the ids of judgements stand for.
#[derive(Debug, Clone, Copy)]
pub enum Unit<'a> {
    /// A document of the collection the index was built of.
    Document(&'a [Document]),
    /// A measure with its sub-measures and parts, as `130100#2`: the region's code and the number
    /// of the measure; 0 is the overview.
    Measure,
    /// A passage.
    Passage,
}

impl Unit<'_> {
    /// The id a hit counts as.
    #[must_use]
    pub fn id_of(self, hit: &Hit) -> String {
        match self {
            Self::Document(documents) => hit
                .report
                .id
                .parse()
                .ok()
                .and_then(|number: usize| documents.get(number))
                .map_or_else(|| hit.passage.id.clone(), |document| document.id.clone()),
            Self::Measure => measure_id(hit.report.region.code.as_deref(), &hit.passage.path),
            Self::Passage => hit.passage.id.clone(),
        }
    }

    /// The relevant ids that `snapshot` does not hold, each once, in order.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn missing(
        self,
        judgements: &Judgements,
        snapshot: &Snapshot,
    ) -> Result<Vec<String>, index::Error> {
        let mut wanted: Vec<&str> = judgements.ids().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let held: HashSet<String> = match self {
            Self::Document(documents) => documents
                .iter()
                .map(|document| document.id.clone())
                .collect(),
            Self::Measure => measures(&wanted, snapshot)?,
            Self::Passage => {
                let mut held = HashSet::new();
                for &id in &wanted {
                    if snapshot.passage(id)?.is_some() {
                        held.insert(id.to_owned());
                    }
                }
                held
            }
        };
        Ok(wanted
            .into_iter()
            .filter(|&id| !held.contains(id))
            .map(str::to_owned)
            .collect())
    }
}

/// The ids of all measures of the regions that `wanted` names.
fn measures(wanted: &[&str], snapshot: &Snapshot) -> Result<HashSet<String>, index::Error> {
    let codes: HashSet<&str> = wanted
        .iter()
        .filter_map(|id| Some(id.split_once('#')?.0))
        .collect();
    let mut by_code: HashMap<&str, Vec<_>> = HashMap::new();
    for report in snapshot.reports() {
        let code = report.region.code.as_deref().unwrap_or_default();
        if codes.contains(code) {
            by_code.entry(code).or_default().push(report);
        }
    }
    let mut held = HashSet::new();
    for (code, reports) in by_code {
        for report in reports {
            for passage in snapshot.passages_of(report)? {
                held.insert(measure_id(Some(code), &passage.path));
            }
        }
    }
    Ok(held)
}

fn measure_id(code: Option<&str>, path: &[u32]) -> String {
    let number = path.first().copied().unwrap_or(0);
    format!("{}#{number}", code.unwrap_or_default())
}
