//! What every passage depends on besides its own report: vocabulary, settings, program.
//!
//! Reports that are taken into a generation must be cut and labelled as the others in it were, even
//! while the vocabulary has changed and another generation is being built with it. So what a
//! generation was built with stays with it, and is told from other such by its digest; each part of
//! them is kept beside it, so that it can be said which of them changed.

use std::collections::BTreeMap;

use super::{Error, Options, schema};
use crate::corpus::{Corpus, DictionaryWord, Rules};
use crate::theme::Taxonomies;

/// How often files that change while they are read are read again.
const TRIES: usize = 5;

/// What the passages of one generation are made with.
#[derive(Debug)]
pub(super) struct Means {
    /// Tells these means from others.
    pub(super) digest: String,
    /// What they consist of, see [`parts`].
    pub(super) parts: BTreeMap<String, String>,
    pub(super) taxonomies: Taxonomies,
    /// The corpus's own words for the tokenizer.
    pub(super) words: Vec<DictionaryWord>,
    /// What is left out of texts.
    pub(super) rules: Rules,
    /// The most characters of a passage.
    pub(super) max_chars: usize,
}

impl Means {
    /// As the files of the corpus and the settings say now.
    pub(super) fn of(corpus: &Corpus, options: &Options) -> Result<Self, Error> {
        let mut digest = digest(corpus, options)?;
        for _ in 0..TRIES {
            let means = Self {
                digest,
                parts: parts(corpus, options)?,
                taxonomies: corpus.taxonomies().map_err(Error::Corpus)?,
                words: corpus.dictionary().map_err(Error::Corpus)?,
                rules: corpus.rules().map_err(Error::Corpus)?,
                max_chars: options.max_chars,
            };
            digest = self::digest(corpus, options)?;
            if digest == means.digest {
                return Ok(means);
            }
        }
        Err(Error::Unsettled)
    }

    /// None, but for what a corpus may bring: for reports that are given cut.
    pub(super) fn given(corpus: Option<&Corpus>, options: &Options) -> Result<Self, Error> {
        match corpus {
            Some(corpus) => Self::of(corpus, options),
            None => Ok(Self {
                digest: String::new(),
                parts: BTreeMap::new(),
                taxonomies: Taxonomies::default(),
                words: Vec::new(),
                rules: Rules::default(),
                max_chars: options.max_chars,
            }),
        }
    }
}

/// The version of this program, among the parts.
pub(super) const PROGRAM: &str = "program";
/// The layout of fields and files, among the parts.
pub(super) const SCHEMA: &str = "schema";

/// What every passage of `corpus` depends on, by name: settings by their keys, in the units that
/// they are set in; the digests of vocabulary files by the files' names; and the program.
pub(super) fn parts(corpus: &Corpus, options: &Options) -> Result<BTreeMap<String, String>, Error> {
    let limits = corpus.limits();
    let extract = limits.extractor.limits();
    let line = limits.line_bytes as u64;
    let mut parts = BTreeMap::new();
    for (name, value) in [
        (PROGRAM, env!("CARGO_PKG_VERSION").to_owned()),
        (SCHEMA, schema::VERSION.to_string()),
        ("passage.max_chars", options.max_chars.to_string()),
        ("corpus.max_file_mb", (limits.file_bytes >> 20).to_string()),
        ("corpus.max_line_mb", (line >> 20).to_string()),
        (
            "corpus.extract_memory_mb",
            (extract.memory_bytes >> 20).to_string(),
        ),
        ("corpus.extract_seconds", extract.seconds.to_string()),
        (
            "corpus.extract_output_mb",
            (extract.output_bytes >> 20).to_string(),
        ),
    ] {
        parts.insert(name.to_owned(), value);
    }
    for (name, content) in corpus.vocabulary().map_err(Error::Corpus)? {
        let digest = blake3::hash(content.as_bytes()).to_hex();
        parts.insert(name, digest.to_string());
    }
    Ok(parts)
}

/// A digest of all that every passage of `corpus` depends on.
pub(super) fn digest(corpus: &Corpus, options: &Options) -> Result<String, Error> {
    let mut hasher = blake3::Hasher::new();
    let mut add = |label: &str, content: &[u8]| {
        hasher.update(&(label.len() as u64).to_le_bytes());
        hasher.update(label.as_bytes());
        hasher.update(&(content.len() as u64).to_le_bytes());
        hasher.update(content);
    };
    add("program", env!("CARGO_PKG_VERSION").as_bytes());
    add("schema", &schema::VERSION.to_le_bytes());
    add("passage.max_chars", &options.max_chars.to_le_bytes());
    // A file that a limit kept out may be let in by another one.
    let limits = corpus.limits();
    let extract = limits.extractor.limits();
    for limit in [
        limits.file_bytes,
        limits.line_bytes as u64,
        extract.memory_bytes,
        extract.seconds,
        extract.output_bytes,
    ] {
        add("limit", &limit.to_le_bytes());
    }
    for (name, content) in corpus.vocabulary().map_err(Error::Corpus)? {
        add(&name, content.as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}
