//! A lexicon as files of a generation, and back: a transducer each.

use std::io;
use std::path::Path;

use fst::Map;
use tantivy::{Searcher, TantivyError};

use super::gather::gather;
use super::{Lexicon, TOTAL, Transducer};
use crate::index::Error;
use crate::index::record::ReportRecord;
use crate::index::schema::Fields;

const WORDS: &str = "lexicon-words.fst";
const SPELT: &str = "lexicon-spelt.fst";
const NEAR: &str = "lexicon-near.fst";
const INITIALS: &str = "lexicon-initials.fst";
const SHORTENED: &str = "lexicon-shortened.fst";

impl Lexicon {
    /// The lexicon of the index behind `searcher`: its terms, the names of the regions of
    /// `reports`, and the labels of `themes`, each given with its id.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn build(
        searcher: &Searcher,
        fields: &Fields,
        reports: &[ReportRecord],
        themes: &[(String, String)],
    ) -> Result<Self, Error> {
        let keys = gather(searcher, fields, reports, themes)?;
        // Keys out of order would be the only reason; they come out of sorted maps.
        let map = |keys| {
            Map::from_iter(keys).map_err(|error| TantivyError::InternalError(error.to_string()))
        };
        Ok(Self::new(
            map(keys.words)?,
            map(keys.spelt)?,
            map(keys.near)?,
            map(keys.initials)?,
            map(keys.shortened)?,
        ))
    }

    fn new(
        words: Transducer,
        spelt: Transducer,
        near: Transducer,
        initials: Transducer,
        shortened: Transducer,
    ) -> Self {
        Self {
            total: words.get(TOTAL).unwrap_or(0),
            words,
            spelt,
            near,
            initials,
            shortened,
        }
    }
}

/// Writes a lexicon into the folder of a generation.
pub(in crate::index) fn write(folder: &Path, lexicon: &Lexicon) -> Result<(), Error> {
    for (name, map) in [
        (WORDS, &lexicon.words),
        (SPELT, &lexicon.spelt),
        (NEAR, &lexicon.near),
        (INITIALS, &lexicon.initials),
        (SHORTENED, &lexicon.shortened),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, map.as_fst().as_bytes())
            .map_err(|source| Error::Unwritable { path, source })?;
    }
    Ok(())
}

/// Reads the lexicon in the folder of a generation.
pub(in crate::index) fn read(folder: &Path) -> Result<Lexicon, Error> {
    let map = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path)
            .and_then(|bytes| Map::new(bytes).map_err(io::Error::other))
            .map_err(|source| Error::Unreadable { path, source })
    };
    Ok(Lexicon::new(
        map(WORDS)?,
        map(SPELT)?,
        map(NEAR)?,
        map(INITIALS)?,
        map(SHORTENED)?,
    ))
}
