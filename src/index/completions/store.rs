//! Completions as a file of a generation, and back.
//!
//! ```text
//! completions.zst   compressed; little-endian numbers of 32 bits: whether counts are of a sample,
//!                   how many completions and further names there are, how many keys in each space;
//!                   the score and the count of each completion, by rank; which completion each
//!                   further name is of; how many bytes each text and name has; the keys of each
//!                   space, in order. Then the kind of each completion, a byte each; the texts and
//!                   names; as JSON, what regions and themes have besides
//! ```

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::keys::{Effort, MAX_KEYS, Space, keys};
use super::top::Ranks;
use super::{Chosen, Completion, CompletionKind, Completions, Keys};
use crate::analysis::Dictionary;
use crate::index::texts::Texts;
use crate::index::{Error, packed};

const FILE: &str = "completions.zst";

/// The kinds, by the byte that stands for them.
const KINDS: [CompletionKind; 6] = [
    CompletionKind::Province,
    CompletionKind::City,
    CompletionKind::County,
    CompletionKind::Theme,
    CompletionKind::Phrase,
    CompletionKind::Heading,
];

/// A completion, how good it is, and the names it is found by.
pub(super) struct Weighed {
    pub(super) completion: Completion,
    /// Higher is better.
    pub(super) score: f32,
    pub(super) names: Vec<(String, Effort)>,
}

/// Completions in the form of their file.
pub(in crate::index) struct Files(Vec<u8>);

/// Ranks completions and brings them into the form of their file.
pub(super) fn arrange(mut all: Vec<Weighed>, dictionary: &Dictionary) -> Result<Files, io::Error> {
    all.sort_unstable_by(|left, right| {
        right
            .score
            .total_cmp(&left.score)
            .then_with(|| left.completion.text.cmp(&right.completion.text))
    });
    let entries = short(all.len())?;
    let mut owners: Vec<u32> = Vec::new();
    let mut further: Vec<&str> = Vec::new();
    let mut spaces: [Vec<(String, u32, u32)>; 6] = Default::default();
    for (rank, weighed) in (0..).zip(&all) {
        for (name, effort) in &weighed.names {
            let place = if *name == weighed.completion.text {
                rank
            } else {
                owners.push(rank);
                further.push(name);
                entries + short(owners.len())? - 1
            };
            keys(name, dictionary, *effort, |space, which, key| {
                if let Some(keys) = spaces.get_mut(space as usize) {
                    keys.push((key, rank, place * MAX_KEYS + which));
                }
            });
        }
    }
    for keys in &mut spaces {
        keys.sort_unstable();
        keys.dedup_by(|two, one| (&two.0, two.1) == (&one.0, one.1));
    }
    let mut numbers = vec![entries, short(owners.len())?];
    for keys in &spaces {
        numbers.push(short(keys.len())?);
    }
    numbers.extend(all.iter().map(|weighed| weighed.score.to_bits()));
    for weighed in &all {
        numbers.push(u32::try_from(weighed.completion.count).unwrap_or(u32::MAX));
    }
    numbers.extend(owners);
    let texts = all.iter().map(|weighed| weighed.completion.text.as_str());
    let texts: Vec<&str> = texts.chain(further).collect();
    for text in &texts {
        numbers.push(short(text.len())?);
    }
    numbers.extend(spaces.iter().flatten().map(|&(_, _, key)| key));
    let mut content: Vec<u8> = numbers.into_iter().flat_map(u32::to_le_bytes).collect();
    let byte = |kind| (0..).zip(KINDS).find(|&(_, own)| own == kind);
    content.extend(
        all.iter()
            .filter_map(|weighed| byte(weighed.completion.kind).map(|(byte, _): (u8, _)| byte)),
    );
    content.extend(texts.into_iter().flat_map(str::bytes));
    let chosen: BTreeMap<u32, Chosen> = (0..)
        .zip(all)
        .filter_map(|(rank, weighed)| {
            let Completion { value, parents, .. } = weighed.completion;
            Some((
                rank,
                Chosen {
                    value: value?,
                    parents,
                },
            ))
        })
        .collect();
    serde_json::to_writer(&mut content, &chosen)?;
    Ok(Files(content))
}

/// Writes completions into the folder of a generation.
pub(in crate::index) fn write(folder: &Path, files: &Files) -> Result<(), Error> {
    packed::write(folder, FILE, &files.0)
}

/// Reads the completions in the folder of a generation.
pub(in crate::index) fn read(folder: &Path) -> Result<Completions, Error> {
    let content = packed::read(folder, FILE)?;
    parse(&content).ok_or_else(|| Error::Unreadable {
        path: folder.join(FILE),
        source: io::Error::new(io::ErrorKind::UnexpectedEof, "文件不完整"),
    })
}

/// What is left to be read of a file.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn numbers(&mut self, count: usize) -> Option<Vec<u32>> {
        let bytes = self.bytes(count.checked_mul(4)?)?.chunks_exact(4);
        bytes
            .map(|bytes| Some(u32::from_le_bytes(bytes.try_into().ok()?)))
            .collect()
    }

    fn text(&mut self, length: u32) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(length as usize)?).ok()
    }
}

fn parse(content: &[u8]) -> Option<Completions> {
    let mut rest = Rest(content);
    let head = rest.numbers(2 + Space::ALL.len())?;
    let [entries, further, ref lengths @ ..] = *head else {
        return None;
    };
    let (entries, further) = (entries as usize, further as usize);
    let scores = rest.numbers(entries)?;
    let counts = rest.numbers(entries)?;
    let owners = rest.numbers(further)?;
    let bytes = rest.numbers(entries + further)?;
    let mut spaces = Vec::with_capacity(lengths.len());
    for &length in lengths {
        let keys = rest.numbers(length as usize)?;
        let rank = |key: &u32| {
            let name = key / MAX_KEYS;
            let further = (name as usize).checked_sub(entries);
            further.map_or(Some(name), |at| owners.get(at).copied())
        };
        let ranks: Option<Vec<u32>> = keys.iter().map(rank).collect();
        spaces.push(Keys {
            ranks: Ranks::new(&ranks?),
            keys,
        });
    }
    let kinds = rest.bytes(entries)?.iter();
    let kinds: Option<Vec<_>> = kinds
        .map(|&kind| KINDS.get(usize::from(kind)).copied())
        .collect();
    let mut names = Texts::default();
    for length in bytes {
        names.push(rest.text(length)?);
    }
    Some(Completions {
        names,
        kinds: kinds?,
        scores: scores.into_iter().map(f32::from_bits).collect(),
        counts,
        spaces,
        chosen: serde_json::from_slice(rest.0).ok()?,
    })
}

/// A number that the tables can hold; what is gathered is bounded far below.
fn short(number: usize) -> Result<u32, io::Error> {
    u32::try_from(number).map_err(io::Error::other)
}
