//! Completions as files of a generation, and back.
//!
//! ```text
//! completions.fst       every key, with its number in their order
//! completions.tables    little-endian numbers of 32 bits: how many keys, numbers and completions
//!                       there are; where each key's numbers begin; the numbers, which are ranks;
//!                       the score of each rank; where its line begins
//! completions.jsonl     a line for each completion, by rank
//! ```

use std::io;
use std::path::Path;

use super::top::Ranks;
use super::{Completion, Completions};
use crate::index::Error;

const KEYS: &str = "completions.fst";
const TABLES: &str = "completions.tables";
const ENTRIES: &str = "completions.jsonl";

/// A completion, how good it is, and the keys it is found by.
pub(super) struct Weighed {
    pub(super) completion: Completion,
    /// Higher is better.
    pub(super) score: f32,
    pub(super) keys: Vec<Vec<u8>>,
}

/// Completions in the form of their files.
pub(in crate::index) struct Files {
    keys: Vec<u8>,
    tables: Vec<u8>,
    entries: Vec<u8>,
}

/// Ranks completions and brings them into the form of their files.
pub(super) fn arrange(mut all: Vec<Weighed>) -> Result<Files, io::Error> {
    all.sort_unstable_by(|left, right| {
        right
            .score
            .total_cmp(&left.score)
            .then_with(|| left.completion.text.cmp(&right.completion.text))
    });
    let mut entries = Vec::new();
    let mut lines = Vec::with_capacity(all.len());
    let mut scores = Vec::with_capacity(all.len());
    let mut pairs: Vec<(Vec<u8>, u32)> = Vec::new();
    for (rank, weighed) in (0..).zip(all) {
        lines.push(short(entries.len())?);
        serde_json::to_writer(&mut entries, &weighed.completion)?;
        entries.push(b'\n');
        scores.push(weighed.score.to_bits());
        pairs.extend(weighed.keys.into_iter().map(|key| (key, rank)));
    }
    pairs.sort_unstable();
    let mut keys = fst::MapBuilder::memory();
    let mut starts: Vec<u32> = Vec::new();
    for (at, pair) in pairs.iter().enumerate() {
        let is_new = at
            .checked_sub(1)
            .and_then(|before| pairs.get(before))
            .is_none_or(|before| before.0 != pair.0);
        if is_new {
            keys.insert(&pair.0, starts.len() as u64)
                .map_err(io::Error::other)?;
            starts.push(short(at)?);
        }
    }
    let counts = [
        short(starts.len())?,
        short(pairs.len())?,
        short(scores.len())?,
    ];
    let numbers = pairs.iter().map(|&(_, rank)| rank);
    let tables = counts
        .into_iter()
        .chain(starts)
        .chain(numbers)
        .chain(scores)
        .chain(lines)
        .flat_map(u32::to_le_bytes)
        .collect();
    Ok(Files {
        keys: keys.into_inner().map_err(io::Error::other)?,
        tables,
        entries,
    })
}

/// Writes completions into the folder of a generation.
pub(in crate::index) fn write(folder: &Path, files: &Files) -> Result<(), Error> {
    for (name, content) in [
        (KEYS, &files.keys),
        (TABLES, &files.tables),
        (ENTRIES, &files.entries),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, content).map_err(|source| Error::Unwritable { path, source })?;
    }
    Ok(())
}

/// Reads the completions in the folder of a generation.
pub(in crate::index) fn read(folder: &Path) -> Result<Completions, Error> {
    let content = |name: &str| {
        let path = folder.join(name);
        std::fs::read(&path).map_err(|source| Error::Unreadable { path, source })
    };
    let misread = |name: &str, source: io::Error| Error::Unreadable {
        path: folder.join(name),
        source,
    };
    let keys =
        fst::Map::new(content(KEYS)?).map_err(|error| misread(KEYS, io::Error::other(error)))?;
    let tables = content(TABLES)?;
    let mut tables = tables
        .chunks_exact(4)
        .map(|bytes| bytes.try_into().map_or(0, u32::from_le_bytes));
    let mut length = || tables.next().unwrap_or_default() as usize;
    let [keys_count, numbers_count, entries_count] = [length(), length(), length()];
    let mut table = |length: usize| -> Vec<u32> { tables.by_ref().take(length).collect() };
    let mut starts = table(keys_count);
    let numbers = table(numbers_count);
    let scores = table(entries_count)
        .into_iter()
        .map(f32::from_bits)
        .collect();
    let lines = table(entries_count);
    if lines.len() != entries_count || keys.len() != keys_count {
        let short = io::Error::new(io::ErrorKind::UnexpectedEof, "文件不完整");
        return Err(misread(TABLES, short));
    }
    starts.push(short(numbers.len()).map_err(|error| misread(TABLES, error))?);
    Ok(Completions {
        keys,
        starts,
        ranks: Ranks::new(&numbers),
        scores,
        entries: content(ENTRIES)?,
        lines,
    })
}

/// A number that the tables can hold; what is gathered is bounded far below.
fn short(number: usize) -> Result<u32, io::Error> {
    u32::try_from(number).map_err(io::Error::other)
}
