//! One generation, opened: what a request sees from its start to its end.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, ReloadPolicy, Searcher, TantivyError, Term};

use super::by_id::ById;
use super::completions::{self, Completions};
use super::frozen::Frozen;
use super::generation::{Manifest, Verified};
use super::lexicon::{self, Lexicon};
use super::means::Means;
use super::passages::Passages as StoredPassages;
use super::record::{PassageRecord, ReportRecord};
use super::schema::{self, Fields};
use super::scope::Scope;
use super::sources::{SOURCES, Sources};
use super::{Error, builder, packed};
use crate::analysis::{self, Dictionary};
use crate::corpus::DictionaryWord;
use crate::pin::Pins;
use crate::synonym::Synonyms;

pub(super) const CATALOG: &str = "catalog.json.zst";
pub(super) const VOCABULARY: &str = "vocabulary.json.zst";

/// The vocabulary an index was built with.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Vocabulary {
    /// Id and label of each theme, in the taxonomy's order.
    pub themes: Vec<(String, String)>,
    /// The id of the theme that each theme is part of; those of the first level are not in it.
    #[serde(default)]
    pub theme_parents: BTreeMap<String, String>,
    /// The corpus's own words for the tokenizer.
    pub words: Vec<(String, Option<usize>)>,
}

/// An opened generation, with the synonyms in force. Shared by all requests that began while it
/// was; cheap to clone.
#[derive(Clone)]
pub struct Snapshot {
    generation: Arc<Generation>,
    synonyms: Arc<Synonyms>,
    pins: Arc<Pins>,
    /// What its passages were made with, where that is known.
    means: Option<Arc<Means>>,
    /// What of it may be seen, where that is not all of it.
    scope: Option<Arc<Scope>>,
}

/// What a generation holds beside the engine's files, as it was written or read.
pub(super) struct Content {
    pub(super) reports: Vec<ReportRecord>,
    pub(super) sources: Sources,
    /// What its passages were made with, where that is known.
    pub(super) means: Option<Arc<Means>>,
}

/// What was opened of a generation.
struct Generation {
    name: String,
    manifest: Manifest,
    searcher: Searcher,
    /// Of each segment.
    passages: Vec<Arc<StoredPassages>>,
    fields: Fields,
    dictionary: Dictionary,
    vocabulary: Vocabulary,
    lexicon: Arc<Lexicon>,
    completions: Arc<Completions>,
    sources: Sources,
    reports: Vec<ReportRecord>,
    by_id: ById,
    homonyms: HashSet<String>,
    /// How many passages hold the phrases that were asked for.
    phrase_counts: Mutex<HashMap<String, u64>>,
    attached: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Snapshot {
    /// Opens a generation.
    pub(super) fn open(generation: Verified) -> Result<Self, Error> {
        let path = &generation.path;
        let content = Content {
            reports: read_json(path, CATALOG)?,
            sources: read_json(path, SOURCES)?,
            means: None,
        };
        Self::of(generation, content, None)
    }

    /// Opens a generation of which it is known what it holds, with the vocabulary, words and
    /// completions of `base`, which are the same, where there is one.
    pub(super) fn of(
        generation: Verified,
        content: Content,
        base: Option<&Self>,
    ) -> Result<Self, Error> {
        let Verified {
            name,
            path,
            manifest,
        } = generation;
        let Content {
            reports,
            sources,
            means,
        } = content;
        let vocabulary: Vocabulary = read_json(&path, VOCABULARY)?;
        let (dictionary, lexicon, completions) = if let Some(base) = base {
            let base = &base.generation;
            (
                base.dictionary.clone(),
                Arc::clone(&base.lexicon),
                Arc::clone(&base.completions),
            )
        } else {
            let words: Vec<DictionaryWord> = vocabulary
                .words
                .iter()
                .map(|(word, frequency)| DictionaryWord {
                    word: word.clone(),
                    frequency: *frequency,
                })
                .collect();
            (
                builder::dictionary(&words),
                Arc::new(lexicon::read(&path)?),
                Arc::new(completions::read(&path)?),
            )
        };
        let index = tantivy::Index::open(Frozen::open(&path)?)?;
        analysis::register(index.tokenizers(), &dictionary);
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()?;
        let searcher = tantivy::IndexReader::searcher(&reader);
        let (_, fields) = schema::schema();
        let by_id = ById::of(&reports);
        let mut generation = Generation {
            name,
            manifest,
            passages: StoredPassages::all(&searcher)?,
            searcher,
            fields,
            dictionary,
            vocabulary,
            lexicon,
            completions,
            sources,
            reports,
            by_id,
            homonyms: HashSet::new(),
            phrase_counts: Mutex::default(),
            attached: Mutex::default(),
        };
        generation.homonyms = generation.find_homonyms();
        Ok(Self {
            generation: Arc::new(generation),
            synonyms: Arc::default(),
            pins: Arc::default(),
            means,
            scope: None,
        })
    }

    /// The generation's name; another one for every build.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.generation.name
    }

    /// What tells which part of the generation may be seen; empty for all of it.
    #[must_use]
    pub fn part(&self) -> &str {
        self.scope().map_or("", |scope| &scope.digest)
    }

    /// What it was made from.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.generation.manifest
    }

    /// The generation it is, in the index folder `path`.
    pub(super) fn verified(&self, path: &Path) -> Verified {
        Verified {
            name: self.generation.name.clone(),
            path: path.join(&self.generation.name),
            manifest: self.generation.manifest.clone(),
        }
    }

    /// How many parts the index has, each of which every search looks at.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.searcher().segment_readers().len()
    }

    /// tantivy's view of it.
    #[must_use]
    pub fn searcher(&self) -> &Searcher {
        &self.generation.searcher
    }

    /// What whoever searches keeps with the generation, one of each type, whichever part of it may be
    /// seen, for as long as it is served; made when it is asked for first.
    #[must_use]
    pub fn attached<T: Any + Send + Sync>(&self, make: impl Fn() -> T) -> Arc<T> {
        let attached = &self.generation.attached;
        let mut attached = attached.lock().unwrap_or_else(PoisonError::into_inner);
        let of_type = attached.entry(TypeId::of::<T>());
        let of_type = Arc::clone(of_type.or_insert_with(|| Arc::new(make())));
        drop(attached);
        of_type.downcast().unwrap_or_else(|_| Arc::new(make()))
    }

    /// The schema's fields.
    #[must_use]
    pub fn fields(&self) -> &Fields {
        &self.generation.fields
    }

    /// The words its passages were cut with.
    #[must_use]
    pub fn dictionary(&self) -> &Dictionary {
        &self.generation.dictionary
    }

    /// Id and label of each theme, in the taxonomy's order.
    #[must_use]
    pub fn themes(&self) -> &[(String, String)] {
        &self.generation.vocabulary.themes
    }

    /// Id and label of each theme that this one is part of, outermost first.
    #[must_use]
    pub fn themes_above(&self, id: &str) -> Vec<&(String, String)> {
        let parents = &self.generation.vocabulary.theme_parents;
        let above = std::iter::successors(parents.get(id), |id| parents.get(*id));
        let mut above: Vec<&(String, String)> = above
            .take(crate::theme::MAX_LEVELS)
            .filter_map(|id| self.themes().iter().find(|(known, _)| known == id))
            .collect();
        above.reverse();
        above
    }

    /// The words it holds.
    #[must_use]
    pub fn lexicon(&self) -> &Lexicon {
        &self.generation.lexicon
    }

    /// What a reader of it may be about to type.
    #[must_use]
    pub fn completions(&self) -> &Completions {
        &self.generation.completions
    }

    /// Whether its completions say how many of its passages hold a phrase; else they know it from
    /// what they were before.
    #[must_use]
    pub fn are_phrases_counted(&self) -> bool {
        self.ungathered() == 0
    }

    /// How many passages hold a phrase among its completions, which `count` counts where it was not
    /// asked for before.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn phrase_count(
        &self,
        phrase: &str,
        count: impl FnOnce(&str) -> Result<u64, Error>,
    ) -> Result<u64, Error> {
        // What is in the map is whole whenever it can be seen.
        let known = || {
            let counts = self.generation.phrase_counts.lock();
            counts.unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(&count) = known().get(phrase) {
            return Ok(count);
        }
        let count = count(phrase)?;
        known().insert(phrase.to_owned(), count);
        Ok(count)
    }

    /// How many passages hold `characters`, one or two neighbours, in their text or, where none
    /// does, in the report's title or region. More of them are held by no more passages than this
    /// says of any two neighbours among them.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn character_frequency(&self, characters: &str) -> Result<u64, Error> {
        for field in [
            self.generation.fields.text_characters,
            self.generation.fields.title_characters,
            self.generation.fields.region_names,
        ] {
            let term = field.term(characters);
            let frequency = self.generation.searcher.doc_freq(&term)?;
            if frequency > 0 {
                return Ok(frequency);
            }
        }
        Ok(0)
    }

    /// Its reports in the order of the corpus.
    #[must_use]
    pub fn reports(&self) -> &[ReportRecord] {
        match self.scope() {
            Some(scope) => &scope.reports,
            None => &self.generation.reports,
        }
    }

    /// The report of that id.
    #[must_use]
    pub fn report(&self, id: &str) -> Option<&ReportRecord> {
        let by_id = match self.scope() {
            Some(scope) => &scope.by_id,
            None => &self.generation.by_id,
        };
        by_id.find(self.reports(), id)
    }

    /// How many passages it holds.
    #[must_use]
    pub fn passages(&self) -> u64 {
        match self.scope() {
            Some(scope) => scope.passages(),
            None => self.generation.searcher.num_docs(),
        }
    }

    /// Whether several cities or counties in it have this name.
    #[must_use]
    pub fn is_homonym(&self, name: &str) -> bool {
        self.generation.homonyms.contains(name)
    }

    /// The passage of that id.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn passage(&self, id: &str) -> Result<Option<PassageRecord>, Error> {
        self.address_of(id)?
            .filter(|&address| self.sees(address))
            .map(|address| self.record(address))
            .transpose()
    }

    /// The passages of a report in order.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn passages_of(&self, report: &ReportRecord) -> Result<Vec<PassageRecord>, Error> {
        if report.passages == 0 {
            return Ok(Vec::new());
        }
        let query = TermQuery::new(
            Term::from_field_text(self.generation.fields.report, &report.id),
            IndexRecordOption::Basic,
        );
        let mut clauses: Vec<(Occur, Box<dyn Query>)> = vec![(Occur::Must, Box::new(query))];
        clauses.extend(self.visible().map(|visible| (Occur::Must, visible)));
        let found = self.generation.searcher.search(
            &BooleanQuery::new(clauses),
            &TopDocs::with_limit(report.passages as usize)
                .order_by_u64_field("order", tantivy::Order::Asc),
        )?;
        found
            .into_iter()
            .map(|(_, address)| self.record(address))
            .collect()
    }

    /// What is stored of a passage.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn record(&self, address: DocAddress) -> Result<PassageRecord, Error> {
        let passages = self.stored(address.segment_ord as usize)?;
        let stored = passages.stored(address.doc_id)?;
        PassageRecord::from_stored(stored, &format!("{address:?}"))
    }

    /// The stored passages of a segment.
    ///
    /// # Errors
    ///
    /// Fails when there is no such segment.
    pub fn stored(&self, segment: usize) -> tantivy::Result<&Arc<StoredPassages>> {
        let passages = self.generation.passages.get(segment);
        passages.ok_or_else(|| {
            TantivyError::InternalError("a segment that the index does not have".to_owned())
        })
    }

    /// The words that mean the same, as they are in force.
    #[must_use]
    pub fn synonyms(&self) -> &Arc<Synonyms> {
        &self.synonyms
    }

    /// The same generation with other synonyms in force.
    #[must_use]
    pub fn with_synonyms(&self, synonyms: Arc<Synonyms>) -> Self {
        Self {
            generation: Arc::clone(&self.generation),
            synonyms,
            pins: Arc::clone(&self.pins),
            means: self.means.clone(),
            scope: self.scope.clone(),
        }
    }

    /// The passages that come first for a query, as they are in force.
    #[must_use]
    pub fn pins(&self) -> &Arc<Pins> {
        &self.pins
    }

    /// The same generation with other pins in force.
    #[must_use]
    pub fn with_pins(&self, pins: Arc<Pins>) -> Self {
        Self {
            pins,
            ..self.clone()
        }
    }

    /// Where the passage of that id stands, whoever may see it.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn address_of(&self, id: &str) -> Result<Option<DocAddress>, Error> {
        let query = TermQuery::new(
            Term::from_field_text(self.generation.fields.id, id),
            IndexRecordOption::Basic,
        );
        let first = TopDocs::with_limit(1).order_by_score();
        let found = self.generation.searcher.search(&query, &first)?;
        Ok(found.first().map(|&(_, address)| address))
    }

    /// How many passages came and went since what its readers may type was gathered.
    #[must_use]
    pub fn ungathered(&self) -> u64 {
        self.generation.sources.ungathered
    }

    /// What each source gave to it.
    pub(super) fn sources(&self) -> &Sources {
        &self.generation.sources
    }

    /// What its passages were made with, where that is known.
    pub(super) fn means(&self) -> Option<&Arc<Means>> {
        self.means.as_ref()
    }

    /// The same generation, of which it is known what its passages were made with.
    pub(super) fn with_means(&self, means: &Arc<Means>) -> Self {
        Self {
            means: Some(Arc::clone(means)),
            ..self.clone()
        }
    }

    pub(super) fn with_scope(&self, scope: Arc<Scope>) -> Self {
        Self {
            scope: Some(scope),
            ..self.clone()
        }
    }

    pub(super) fn scope(&self) -> Option<&Scope> {
        self.scope.as_deref()
    }
}

impl Generation {
    fn find_homonyms(&self) -> HashSet<String> {
        let mut seen: HashMap<String, HashSet<&str>> = HashMap::new();
        for report in &self.reports {
            let region = &report.region;
            let parent = region.city.as_deref().or(region.province.as_deref());
            if let (Some(county), Some(parent)) = (&region.county, parent) {
                seen.entry(county.clone()).or_default().insert(parent);
            }
            if let (Some(city), Some(province)) = (&region.city, region.province.as_deref()) {
                seen.entry(city.clone()).or_default().insert(province);
            }
        }
        seen.into_iter()
            .filter(|(_, parents)| parents.len() > 1)
            .map(|(name, _)| name)
            .collect()
    }
}

fn read_json<T: serde::de::DeserializeOwned>(folder: &Path, name: &str) -> Result<T, Error> {
    let content = packed::read(folder, name)?;
    serde_json::from_slice(&content).map_err(|source| Error::Record {
        id: name.to_owned(),
        source,
    })
}
