//! A lexicon as a file of a generation, and back.
//!
//! ```text
//! lexicon.zst     compressed: how many words and names there are, as little-endian numbers of 32
//!                 bits; the frequency of each word, then of each name, in the same form; the words,
//!                 then the names, in order, a line each
//! ```
//!
//! What words are found by is worked out when it is read.

use std::io;
use std::path::Path;

use tantivy::Searcher;

use super::Lexicon;
use super::gather::{Gathered, gather};
use super::list::List;
use crate::index::record::ReportRecord;
use crate::index::schema::Fields;
use crate::index::{Error, packed};

const FILE: &str = "lexicon.zst";

impl Lexicon {
    /// The words of the index behind `searcher`: its terms, the names of the regions of `reports`,
    /// and the labels of `themes`, each given with its id.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub(in crate::index) fn build(
        searcher: &Searcher,
        fields: &Fields,
        reports: &[ReportRecord],
        themes: &[(String, String)],
    ) -> Result<Gathered, Error> {
        Ok(gather(searcher, fields, reports, themes)?)
    }
}

/// Writes the words of a lexicon into the folder of a generation.
pub(in crate::index) fn write(folder: &Path, gathered: &Gathered) -> Result<(), Error> {
    let lists = [&gathered.words, &gathered.names];
    let mut content: Vec<u8> = Vec::new();
    for list in lists {
        let length = u32::try_from(list.len()).unwrap_or(u32::MAX);
        content.extend(length.to_le_bytes());
    }
    for list in lists {
        content.extend(list.frequencies().iter().flat_map(|own| own.to_le_bytes()));
    }
    for (word, _) in lists.into_iter().flat_map(List::iter) {
        content.extend(word.as_bytes());
        content.push(b'\n');
    }
    packed::write(folder, FILE, &content)
}

/// Reads the lexicon in the folder of a generation.
pub(in crate::index) fn read(folder: &Path) -> Result<Lexicon, Error> {
    let content = packed::read(folder, FILE)?;
    lists(&content).map_or_else(
        || {
            Err(Error::Unreadable {
                path: folder.join(FILE),
                source: io::Error::new(io::ErrorKind::UnexpectedEof, "文件不完整"),
            })
        },
        |[words, names]| Ok(Lexicon::new(words, names)),
    )
}

fn lists(content: &[u8]) -> Option<[List; 2]> {
    let (counts, rest) = content.split_at_checked(8)?;
    let (words, names) = counts.split_at_checked(4)?;
    let count = |bytes: &[u8]| Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize);
    let counts = [count(words)?, count(names)?];
    let (frequencies, text) = rest.split_at_checked(counts.iter().sum::<usize>() * 4)?;
    let mut frequencies = frequencies.chunks_exact(4).map(count);
    let mut lines = std::str::from_utf8(text).ok()?.lines();
    let mut list = |count: usize| {
        let mut list = List::default();
        for _ in 0..count {
            list.push(lines.next()?, frequencies.next()?? as u64);
        }
        Some(list)
    };
    Some([list(counts[0])?, list(counts[1])?])
}
