//! What stands in a backup under which name.
//!
//! ```text
//! cesou.json                  the form of the file, the program, the time
//! index/000003-5f2a9c01/…     the generation in force, its manifest first
//! index/synonyms.toml         the last synonyms that were in force
//! corpus/…                    the corpus folder
//! keys.jsonl                  the keys, hashed
//! analytics/2026-11-26.jsonl  the counts of searches of a day, each day a file
//! store/000001.log …          an export of the store, cut into parts
//! manifest.json               all of the above, each with its length and digest
//! ```
//!
//! The index stands before the store, so that it never holds a report the store does not know.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{analytics, index};

/// The form of the file.
pub(super) const FORMAT: u32 = 2;
/// The first form that has counts of searches in it.
pub(super) const WITH_COUNTS: u32 = 2;
pub(super) const ABOUT: &str = "cesou.json";
pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const KEYS: &str = "keys.jsonl";
pub(super) const SYNONYMS: &str = "index/synonyms.toml";
/// More bytes than any description, manifest or file of keys has.
pub(super) const MAX_WHOLE: u64 = 256 << 20;

/// What a backup is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The form of the file.
    pub format: u32,
    /// The program that wrote it, with its version.
    pub program: String,
    /// When it was begun.
    pub created: Timestamp,
}

/// What a backup holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Files of the corpus.
    pub corpus_files: u64,
    /// Their bytes.
    pub corpus_bytes: u64,
    /// Whole reports of the store.
    pub store_reports: u64,
    /// Reports of the store whose content was damaged already, by id.
    pub store_lost: Vec<String>,
    /// The number up to which every write to the store is in it.
    pub store_seq: u64,
    /// Bytes of the store.
    pub store_bytes: u64,
    /// Keys, where there is a file of them.
    pub keys: Option<u64>,
    /// Days of which there are counts of searches; nothing where the program that wrote it knew none.
    #[serde(default)]
    pub analytics_days: Option<u64>,
    /// Bytes of the counts.
    #[serde(default)]
    pub analytics_bytes: u64,
    /// The generation of the index, where there is one.
    pub index: Option<String>,
    /// Its bytes.
    pub index_bytes: u64,
}

/// All that a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) about: About,
    pub(super) contents: Contents,
    pub(super) entries: Vec<Entry>,
}

/// One file in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its name; where that is no UTF-8, with marks in place of what is not.
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) blake3: String,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    About,
    /// A file of the corpus, relative to its folder.
    Corpus(PathBuf),
    /// A part of the store, from 1.
    Store(u64),
    /// Of a generation, a file.
    Index(String, String),
    Synonyms,
    Keys,
    /// The counts of a day.
    Analytics(Date),
    Manifest,
}

impl About {
    pub(super) fn now() -> Self {
        Self {
            format: FORMAT,
            program: format!("cesou {}", env!("CARGO_PKG_VERSION")),
            created: Timestamp::now(),
        }
    }
}

/// The name of the counts of a day.
pub(super) fn counts(date: Date) -> PathBuf {
    Path::new("analytics").join(analytics::backup::name_of(date))
}

/// The name of a part of the store.
pub(super) fn store_part(number: u64) -> PathBuf {
    format!("store/{number:06}.log").into()
}

impl Place {
    /// What the name of an entry stands for; nothing where a backup has none such, or where it
    /// would lead out of its folder.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        let path = path(name)?;
        let mut parts = path.components();
        let first = parts.next()?.as_os_str().to_str()?;
        let second = parts.next().map(Component::as_os_str);
        let rest = parts.as_path();
        match (first, second) {
            (ABOUT, None) => Some(Self::About),
            (MANIFEST, None) => Some(Self::Manifest),
            (KEYS, None) => Some(Self::Keys),
            ("corpus", Some(_)) => path
                .strip_prefix(first)
                .ok()
                .map(|it| Self::Corpus(it.into())),
            ("store", Some(part)) if rest.as_os_str().is_empty() => {
                let number = part.to_str()?.strip_suffix(".log")?.parse().ok()?;
                (store_part(number) == path).then_some(Self::Store(number))
            }
            ("analytics", Some(day)) if rest.as_os_str().is_empty() => {
                let date = analytics::backup::day_of(day.to_str()?)?;
                Some(Self::Analytics(date))
            }
            ("index", Some(_)) if path == Path::new(SYNONYMS) => Some(Self::Synonyms),
            ("index", Some(generation)) => {
                let generation = generation.to_str()?;
                let mut names = rest.components();
                let file = names.next()?.as_os_str().to_str()?;
                let fits = index::backup::is_generation(generation) && names.next().is_none();
                fits.then(|| Self::Index(generation.to_owned(), file.to_owned()))
            }
            _ => None,
        }
    }
}

/// A name as a path, where it is written as this program does and stays within its folder.
fn path(name: &[u8]) -> Option<&Path> {
    #[cfg(unix)]
    let path = Path::new(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name));
    #[cfg(not(unix))]
    let path = Path::new(OsStr::new(str::from_utf8(name).ok()?));
    let mut bytes = 0;
    for part in path.components() {
        let Component::Normal(part) = part else {
            return None;
        };
        bytes += part.len() + 1;
    }
    // Blank parts, dots and slashes at the end are passed over by what goes through a path.
    (bytes == name.len() + 1 && !name.contains(&0)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_stand_for_nothing() {
        for name in [
            "",
            "/",
            ".",
            "..",
            "corpus",
            "corpus/",
            "corpus/..",
            "corpus/../store/000001.log",
            "/corpus/a.txt",
            "corpus//a.txt",
            "corpus/./a.txt",
            "corpus/a.txt/",
            "./corpus/a.txt",
            "corpus/a\0b",
            "store/1.log",
            "store/000001.log/x",
            "store/+00001.log",
            "store/lock",
            "index/current",
            "index/lock",
            "index/000001-0123abcd",
            "index/../x/y",
            "index/000001-0123abcd/a/b",
            "index/000001-0123abcd/..",
            "keys.jsonl/x",
            "analytics",
            "analytics/lock",
            "analytics/2026-11-26",
            "analytics/2026-11-26.new",
            "analytics/20261126.jsonl",
            "analytics/2026-02-30.jsonl",
            "analytics/2026-11-26.damaged-1",
            "analytics/2026-11-26.jsonl/x",
            "analytics/../2026-11-26.jsonl",
            "log",
            "Corpus/a",
        ] {
            assert_eq!(Place::of(name.as_bytes()), None, "{name:?}");
        }
        let place = |name: &str| Place::of(name.as_bytes()).unwrap();
        assert_eq!(place("corpus/a b/…/c"), Place::Corpus("a b/…/c".into()));
        assert_eq!(place("store/000012.log"), Place::Store(12));
        assert_eq!(place("store/1000000.log"), Place::Store(1_000_000));
        let file = Place::Index("000001-0123abcd".to_owned(), "a.idx".to_owned());
        assert_eq!(place("index/000001-0123abcd/a.idx"), file);
        assert_eq!(place("index/synonyms.toml"), Place::Synonyms);
        let day = jiff::civil::date(2026, 11, 26);
        assert_eq!(place("analytics/2026-11-26.jsonl"), Place::Analytics(day));
        assert_eq!(counts(day), Path::new("analytics/2026-11-26.jsonl"));
    }
}
