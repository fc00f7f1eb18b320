//! What would become of the index if it were brought up to date now, told without writing anything.
//!
//! An operator who edits the vocabulary, replaces the program or drops in a folder of files wants to
//! know beforehand what that will do: which files come in, which of them cannot be read, and whether
//! all has to be built anew. What changed is found by the very functions that a build finds it by,
//! and files are read as a build reads them; only the engine is left out. Nothing is claimed, so it
//! works beside a service.
//!
//! Invariant: what is foretold is what `cesou index` then says (`tests/check.rs`).

use std::collections::BTreeMap;

use serde::Serialize;

use super::builder::{Pieces, read_sent};
use super::changes::{self, Changes};
use super::generation::Folder;
use super::means::{self, Means};
use super::sources::{Indexed, Origin, Sources, Tally, hex, place_of_sent};
use super::{BuildReport, Error, Options, Progress, Snapshot, Texts, complain, schema};
use crate::corpus::{Corpus, Skipped, SourceText};
use crate::passage;
use crate::store::Store;

/// How often a generation that vanishes while it is looked at is given up for a newer one.
const ATTEMPTS: usize = 20;
/// A build that read fewer bytes than this says little of how fast the machine is.
const TELLING_BYTES: u64 = 1 << 20;
/// What is built in a second where no build tells more, in bytes: on the slow side.
const ASSUMED_RATE: f64 = 1e6;

/// What would become of an index.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Forecast {
    /// What would be done.
    pub plan: Plan,
    /// The generation that is there and whole.
    pub generation: Option<String>,
    /// What is wrong with generations that cannot be used, in Chinese.
    pub damaged: Vec<String>,
    /// Why all has to be built anew; empty where it has not.
    pub reasons: Vec<Changed>,
    /// Files that would come in, by name.
    pub added: Vec<String>,
    /// Files that changed since they came in.
    pub changed: Vec<String>,
    /// Files that are gone.
    pub removed: Vec<String>,
    /// Files that could not be listed, as far as that was not known.
    pub unlisted: Vec<Skipped>,
    /// Reports that were sent or sent again since.
    pub sent: u64,
    /// Reports that were withdrawn since.
    pub withdrawn: u64,
    /// Bytes of files and sent reports that would be read.
    pub bytes_to_read: u64,
    /// How long it would take, in seconds, roughly.
    pub seconds: f64,
    /// Whether that comes from how fast the last build was, rather than from an assumption.
    pub measured: bool,
    /// Whether the synonyms are others than those that were last in force; they take effect without
    /// a build.
    pub synonyms_changed: bool,
    /// What the build would say: what it read and left out, and what is odd about it.
    pub report: BuildReport,
}

/// What would be done to an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    /// Nothing: it holds all there is.
    Keep,
    /// What changed would be taken in.
    Update,
    /// All would be built anew.
    Rebuild,
    /// It would be built for the first time.
    Build,
    /// It would stay as it is until the vocabulary is put right, and could not be built where there
    /// is none.
    Blocked,
}

/// Something that every passage depends on, and that changed since the index was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// `program`, `schema`, the key of a setting or the name of a vocabulary file; `damaged` where
    /// no generation is whole, `order` where there is no room between files, `unknown` where the
    /// generation does not say what it was made with.
    pub what: String,
    /// What it was; nothing where it was not there, is not known, or is a file.
    pub from: Option<String>,
    /// What it is.
    pub to: Option<String>,
}

impl Changed {
    fn new(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            from: None,
            to: None,
        }
    }
}

/// What is in place.
struct InPlace {
    snapshot: Option<Snapshot>,
    /// The layout of a whole generation that this program cannot read.
    other_schema: Option<u32>,
    damaged: Vec<String>,
}

/// Foretells what would become of the index in the folder `path`. Reads what a build would read, and
/// writes nothing; `progress` is told as by a build.
///
/// # Errors
///
/// The vocabulary does not stay the same while it is read.
pub fn forecast(
    texts: Texts<'_>,
    path: &std::path::Path,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Forecast, Error> {
    let folder = Folder::new(path);
    let InPlace {
        snapshot,
        other_schema,
        damaged,
    } = in_place(&folder);
    let means = match Means::of(texts.corpus, options) {
        Ok(means) => Some(means),
        Err(Error::Corpus(_)) => None,
        Err(error) => return Err(error),
    };
    let none = Sources::default();
    let base = snapshot.as_ref().map_or(&none, Snapshot::sources);
    let mut reasons = Vec::new();
    if let Some(schema) = other_schema {
        reasons.push(Changed {
            from: Some(schema.to_string()),
            to: Some(schema::VERSION.to_string()),
            ..Changed::new(means::SCHEMA)
        });
    } else if snapshot.is_none() && !damaged.is_empty() {
        reasons.push(Changed::new("damaged"));
    } else if let (Some(means), Some(_)) = (&means, &snapshot)
        && means.digest != base.basis
    {
        reasons = different(&base.parts, &means.parts);
    }
    let changes = changes::all(texts, base);
    let is_first = snapshot.is_none() && reasons.is_empty();
    let mut plan = match &means {
        None => Plan::Blocked,
        Some(_) if is_first => Plan::Build,
        Some(_) if !reasons.is_empty() => Plan::Rebuild,
        Some(_) if changes.are_none() => Plan::Keep,
        Some(_) => Plan::Update,
    };
    let mut told = Forecast {
        plan,
        generation: snapshot.as_ref().map(|it| it.name().to_owned()),
        damaged,
        reasons,
        added: Vec::new(),
        changed: Vec::new(),
        removed: changes.gone.clone(),
        unlisted: changes.skipped.clone(),
        sent: changes.sent.len() as u64,
        withdrawn: changes.withdrawn.len() as u64,
        bytes_to_read: 0,
        seconds: 0.0,
        measured: false,
        synonyms_changed: synonyms_changed(texts.corpus, &folder),
        report: BuildReport::default(),
    };
    for (file, _) in &changes.files {
        let is_known = base.all.contains_key(&file.name);
        let names = if is_known {
            &mut told.changed
        } else {
            &mut told.added
        };
        names.push(file.name.clone());
    }
    // As far as the vocabulary can be read, so that all that is wrong is told at once.
    let rules = means.as_ref().map(|means| means.rules.clone());
    let rules = rules.unwrap_or_else(|| texts.corpus.rules().unwrap_or_default());
    let reader = Reader {
        texts,
        corpus: texts.corpus.clone().with_rules(rules),
        max_chars: options.max_chars,
        progress,
    };
    let mut would_be = None;
    if matches!(plan, Plan::Keep | Plan::Update | Plan::Blocked) {
        told.bytes_to_read = changes.bytes();
        would_be = reader.apply(base.clone(), changes);
        if would_be.is_none() && plan == Plan::Update {
            plan = Plan::Rebuild;
            told.reasons.push(Changed::new("order"));
        }
    }
    let would_be = would_be.unwrap_or_else(|| {
        let all = changes::all(texts, &none);
        told.bytes_to_read = all.bytes();
        reader.apply(Sources::default(), all).unwrap_or_default()
    });
    told.plan = plan;
    told.report = would_be.report();
    if matches!(plan, Plan::Keep | Plan::Blocked) {
        told.bytes_to_read = 0;
    }
    let last = snapshot.as_ref().map(|it| &it.manifest().build);
    let rate = last.filter(|last| last.bytes_read >= TELLING_BYTES && last.seconds > 0.0);
    told.measured = rate.is_some();
    let rate = rate.map_or(ASSUMED_RATE, |last| float(last.bytes_read) / last.seconds);
    told.seconds = float(told.bytes_to_read) / rate;
    Ok(told)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an estimate, and there are fewer than 2^52 bytes"
)]
fn float(bytes: u64) -> f64 {
    bytes as f64
}

/// Opens the generation that a start would open. One that a service replaces meanwhile is not
/// damaged: the newer one is looked at then.
fn in_place(folder: &Folder) -> InPlace {
    let mut found = InPlace {
        snapshot: None,
        other_schema: None,
        damaged: Vec::new(),
    };
    for _ in 0..ATTEMPTS {
        let before = folder.by_preference();
        found.damaged.clear();
        match folder.newest_whole(complain(&mut found.damaged)) {
            Some(whole) if whole.manifest.schema != schema::VERSION => {
                found.other_schema = Some(whole.manifest.schema);
            }
            Some(whole) => match Snapshot::open(whole) {
                Ok(snapshot) => found.snapshot = Some(snapshot),
                Err(error) => found.damaged.push(error.to_string()),
            },
            None => {}
        }
        if found.damaged.is_empty() || folder.by_preference() == before {
            break;
        }
    }
    found
}

/// What differs between what an index was made with and what there is.
fn different(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<Changed> {
    // A digest tells nobody anything.
    let is_plain = |value: &&String| blake3::Hash::from_hex(value.as_bytes()).is_err();
    let shown = |value: Option<&String>| value.filter(is_plain).cloned();
    let names = before.keys().chain(now.keys());
    let mut names: Vec<&String> = names
        .filter(|&name| before.get(name) != now.get(name))
        .collect();
    names.sort();
    names.dedup();
    if before.is_empty() || names.is_empty() {
        return vec![Changed::new("unknown")];
    }
    let changed = names.into_iter().map(|name| Changed {
        what: name.clone(),
        from: shown(before.get(name)),
        to: shown(now.get(name)),
    });
    changed.collect()
}

/// Whether the synonyms of the corpus can be read and are others than those kept beside the index.
fn synonyms_changed(corpus: &Corpus, folder: &Folder) -> bool {
    let Ok((now, _)) = corpus.synonyms() else {
        return false;
    };
    folder
        .synonyms()
        .is_some_and(|kept| kept.digest() != now.digest())
}

/// Reads what a build would read.
struct Reader<'a> {
    texts: Texts<'a>,
    /// With the rules that a build would leave text out by.
    corpus: Corpus,
    max_chars: usize,
    progress: &'a dyn Fn(Progress),
}

impl Reader<'_> {
    /// What `sources` would be with `changes`; nothing where they do not fit between what is there.
    fn apply(&self, mut sources: Sources, changes: Changes) -> Option<Sources> {
        for name in &changes.gone {
            sources.all.remove(name);
        }
        for Skipped { source, reason } in changes.skipped {
            let mut indexed = Indexed {
                order: sources.place(&source).unwrap_or(0),
                ..Indexed::default()
            };
            indexed.tally.skipped.push(reason);
            sources.all.insert(source, indexed);
        }
        let of = (changes.files.len() + changes.sent.len()) as u64;
        let mut done = 0;
        let mut passages = 0;
        for (file, stamp) in changes.files {
            (self.progress)(Progress::Reading {
                files: done,
                of,
                passages,
            });
            done += 1;
            let known = sources.all.remove(&file.name).map(|known| known.order);
            let mut indexed = Indexed {
                stamp,
                order: known.or_else(|| sources.place(&file.name))?,
                ..Indexed::default()
            };
            match self.corpus.read(&file) {
                Ok(pieces) => {
                    for piece in pieces {
                        match piece {
                            Ok(text) => self.count(&text, None, &mut indexed),
                            Err(skipped) => indexed.tally.skipped.push(skipped.reason),
                        }
                    }
                }
                Err(skipped) => indexed.tally.skipped.push(skipped.reason),
            }
            passages += indexed.tally.passages;
            sources.all.insert(file.name, indexed);
        }
        for id in &changes.withdrawn {
            sources.sent.remove(id);
        }
        if let Some(store) = self.texts.sent {
            for report in &changes.sent {
                (self.progress)(Progress::Reading {
                    files: done,
                    of,
                    passages,
                });
                done += 1;
                let indexed = Indexed {
                    digest: hex(&report.digest),
                    order: place_of_sent(report.first),
                    tally: Tally {
                        origin: Origin::Sent,
                        ..Tally::default()
                    },
                    ..Indexed::default()
                };
                let indexed = self.sent(store, &report.id, indexed);
                passages += indexed.tally.passages;
                sources.sent.insert(report.id.to_string(), indexed);
            }
        }
        sources.are_in_order().then_some(sources)
    }

    fn sent(&self, store: &Store, id: &str, mut indexed: Indexed) -> Indexed {
        let rules = &self.corpus.limits().rules;
        match read_sent(store, id, rules, self.max_chars) {
            Ok((text, pieces)) => self.count(&text, Some(pieces), &mut indexed),
            Err(reason) => indexed.tally.skipped.push(reason),
        }
        indexed
    }

    /// Counts what a text gives, cut into `pieces` where it is already.
    fn count(&self, text: &SourceText, pieces: Option<Pieces>, indexed: &mut Indexed) {
        indexed.tally.bytes += text.text.len() as u64;
        indexed.tally.warn(&text.warnings);
        let split = |report| passage::split(report, self.max_chars);
        let pieces = pieces.unwrap_or_else(|| text.reports.iter().map(split).collect());
        for (report, (passages, warnings)) in text.reports.iter().zip(&pieces) {
            indexed.tally.warn(warnings);
            indexed.count(report);
            indexed.tally.passages += passages.len() as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        let all = all.iter();
        all.map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    #[test]
    fn what_differs_is_named_and_shown_where_it_tells_something() {
        let [one, other] =
            ["a", "b"].map(|text| blake3::hash(text.as_bytes()).to_hex().to_string());
        let before = parts(&[("program", "0.1.0"), ("schema", "9"), ("themes.toml", &one)]);
        let now = parts(&[
            ("program", "0.2.0"),
            ("schema", "9"),
            ("themes.toml", &other),
        ]);
        let told = different(&before, &now);
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[0].what, "program");
        assert_eq!(told[0].from.as_deref(), Some("0.1.0"));
        assert_eq!(told[0].to.as_deref(), Some("0.2.0"));
        assert_eq!(told[1], Changed::new("themes.toml"));
    }

    #[test]
    fn an_index_that_does_not_say_what_it_was_made_with_is_built_anew_all_the_same() {
        let now = parts(&[("program", "0.2.0")]);
        assert_eq!(different(&parts(&[]), &now), [Changed::new("unknown")]);
        assert_eq!(different(&now, &now), [Changed::new("unknown")]);
    }
}
