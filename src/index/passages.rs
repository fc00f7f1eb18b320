//! The stored passages of a segment, read where they lie.
//!
//! The engine copies the block that a passage is in before it gives out a part of it, and goes down
//! several levels of a list to find the block: cheap for ten hits, not for thousands of texts that
//! are looked through. Blocks are stored as they are, so their bytes can be read in the file that is
//! mapped into memory, once it is known where each begins.
//!
//! Invariant: what is read is what the engine reads, whatever the segment (the test below, and every
//! hit of every test).

use std::sync::Arc;

use tantivy::directory::{FileSlice, OwnedBytes};
use tantivy::error::DataCorruption;
use tantivy::index::SegmentComponent;
use tantivy::schema::document::{
    DeserializeError, DocumentDeserialize, DocumentDeserializer, ValueDeserialize,
    ValueDeserializer,
};
use tantivy::store::StoreReader;
use tantivy::{DocId, Searcher, SegmentReader, TantivyError};

use super::stored;
use super::symbols::Finder;

/// Bytes at the end of the file that say how it is laid out: the version, where the list of blocks
/// begins, how blocks are packed, and room for more.
const FOOTER: usize = 28;
/// The version of the layout that is read here.
const LAYOUT: u32 = 2;
/// What says that blocks are not packed.
const AS_THEY_ARE: u8 = 0;
/// What says that a stored value is a string of bytes.
const BYTES: u8 = 4;
/// The bit that ends a number.
const LAST: u8 = 0x80;

/// The stored passages of one segment.
pub struct Passages {
    data: OwnedBytes,
    /// The first passage of each block.
    first: Vec<DocId>,
    /// Where each block begins, and where the last ends.
    starts: Vec<usize>,
    /// For every so many passages, the block that the first of them is in.
    near: Vec<u32>,
}

/// How many passages share an entry of [`Passages::near`].
const NEAR: DocId = 16;
/// Passages that are read together, so that what one of them waits for is on its way while the others
/// are asked for.
const TOGETHER: usize = 16;

impl Passages {
    /// Those of each segment that `searcher` searches.
    pub(super) fn all(searcher: &Searcher) -> tantivy::Result<Vec<Arc<Self>>> {
        let readers = searcher.segment_readers().iter();
        readers
            .map(|reader| Self::of(searcher, reader).map(Arc::new))
            .collect()
    }

    /// Those of the segment of `searcher` that `reader` reads. It takes a while in a large segment, and
    /// the files must be where they were.
    ///
    /// # Errors
    ///
    /// Fails when they cannot be read.
    pub(super) fn of(searcher: &Searcher, reader: &SegmentReader) -> tantivy::Result<Self> {
        let id = reader.segment_id();
        let segments = searcher.index().searchable_segments()?;
        let segment = segments.iter().find(|segment| segment.id() == id);
        let segment = segment.ok_or_else(|| broken("a segment that is not listed"))?;
        Self::open(&segment.open_read(SegmentComponent::Store)?)
    }

    fn open(file: &FileSlice) -> tantivy::Result<Self> {
        let data = file.read_bytes()?;
        let (first, starts) = blocks(&data).ok_or_else(|| broken("a list of blocks"))?;
        let mut near = Vec::new();
        let mut block = 0_u32;
        let last = first.last().copied().unwrap_or_default();
        for doc in (0..=last).step_by(NEAR as usize) {
            while first
                .get(block as usize + 1)
                .is_some_and(|&next| next <= doc)
            {
                block += 1;
            }
            near.push(block);
        }
        Ok(Self {
            data,
            first,
            starts,
            near,
        })
    }

    /// The block that a passage is in, and its place there.
    fn place(&self, doc: DocId) -> Option<(&[u8], usize)> {
        let near = self.near.get((doc / NEAR) as usize).or(self.near.last())?;
        let mut at = *near as usize;
        while self.first.get(at + 1).is_some_and(|&next| next <= doc) {
            at += 1;
        }
        let block = self
            .data
            .get(*self.starts.get(at)?..*self.starts.get(at + 1)?)?;
        Some((block, doc.checked_sub(*self.first.get(at)?)? as usize))
    }

    /// A passage, as it was stored.
    ///
    /// # Errors
    ///
    /// Fails when the segment has no such passage.
    pub(super) fn stored(&self, doc: DocId) -> tantivy::Result<&[u8]> {
        let read = || {
            let (block, at) = self.place(doc)?;
            value(in_block(block, at)?)
        };
        read().ok_or_else(|| broken("a passage"))
    }

    /// How often what `finder` looks for stands in the text of a passage.
    ///
    /// # Errors
    ///
    /// Fails when the segment has no such passage.
    pub fn count(&self, doc: DocId, finder: &Finder) -> tantivy::Result<u32> {
        let coded = stored::coded(self.stored(doc)?);
        Ok(finder.count(coded.unwrap_or_default()))
    }

    /// Whether what `finder` looks for stands in the text of a passage.
    ///
    /// # Errors
    ///
    /// Fails when the segment has no such passage.
    pub fn holds(&self, doc: DocId, finder: &Finder) -> tantivy::Result<bool> {
        let coded = stored::coded(self.stored(doc)?);
        Ok(finder.is_in(coded.unwrap_or_default()))
    }

    /// Of `docs` those in whose text stands what `finder` looks for.
    ///
    /// # Errors
    ///
    /// Fails when the segment has no such passages.
    pub fn holding(&self, docs: &[DocId], finder: &Finder) -> tantivy::Result<Vec<DocId>> {
        let mut held = Vec::new();
        for docs in docs.chunks(TOGETHER) {
            // Step by step for all of them: each step waits for memory that the one before named.
            let mut places = [None; TOGETHER];
            for (place, &doc) in places.iter_mut().zip(docs) {
                *place = self.place(doc);
            }
            let mut passages = [None; TOGETHER];
            for (passage, place) in passages.iter_mut().zip(places) {
                *passage = place.and_then(|(block, at)| in_block(block, at));
            }
            for passage in &mut passages {
                *passage = passage.and_then(value);
            }
            for (&doc, passage) in docs.iter().zip(passages) {
                let passage = passage.ok_or_else(|| broken("a passage"))?;
                if finder.is_in(stored::coded(passage).unwrap_or_default()) {
                    held.push(doc);
                }
            }
        }
        Ok(held)
    }
}

/// The stored passages of one segment as the engine reads them, for what the engine runs: it has no
/// more than a reader of the segment, whose files may be gone from their folder.
pub struct Copied(StoreReader);

/// What the engine stores of a passage.
struct Bytes(Vec<u8>);

impl ValueDeserialize for Bytes {
    fn deserialize<'de, D: ValueDeserializer<'de>>(from: D) -> Result<Self, DeserializeError> {
        from.deserialize_bytes().map(Self)
    }
}

impl DocumentDeserialize for Bytes {
    fn deserialize<'de, D: DocumentDeserializer<'de>>(
        mut from: D,
    ) -> Result<Self, DeserializeError> {
        // It is the only field that is stored.
        let field = from.next_field::<Self>()?;
        Ok(field.map_or(Self(Vec::new()), |(_, bytes)| bytes))
    }
}

impl Copied {
    /// Those of the segment that `reader` reads.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn of(reader: &SegmentReader) -> tantivy::Result<Self> {
        // Blocks are not packed: there is nothing to be kept of them.
        Ok(Self(reader.get_store_reader(0)?))
    }

    /// How often what `finder` looks for stands in the text of a passage.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn count(&self, doc: DocId, finder: &Finder) -> tantivy::Result<u32> {
        let Bytes(stored) = self.0.get(doc)?;
        Ok(finder.count(stored::coded(&stored).unwrap_or_default()))
    }
}

fn broken(what: &str) -> TantivyError {
    let told = format!("{what} cannot be read among the stored passages");
    DataCorruption::comment_only(told).into()
}

/// The first passage of each block, and where the blocks begin and the last ends.
fn blocks(file: &[u8]) -> Option<(Vec<DocId>, Vec<usize>)> {
    let (rest, footer) = file.split_at_checked(file.len().checked_sub(FOOTER)?)?;
    let (version, footer) = footer.split_first_chunk()?;
    let (offset, footer) = footer.split_first_chunk()?;
    let packing = *footer.first()?;
    if (u32::from_le_bytes(*version), packing) != (LAYOUT, AS_THEY_ARE) {
        return None;
    }
    let mut lists = rest.get(usize::try_from(u64::from_le_bytes(*offset)).ok()?..)?;
    // Lists of lists, of which the last is that of the blocks.
    let levels = number(&mut lists)?;
    let mut ends = vec![0];
    for _ in 0..levels {
        ends.push(usize::try_from(number(&mut lists)?).ok()?);
    }
    let mut list = match *ends.as_slice() {
        [.., start, end] => lists.get(start..end)?,
        _ => &[],
    };
    let (mut first, mut starts) = (Vec::new(), Vec::new());
    let mut start = 0;
    while !list.is_empty() {
        let some = number(&mut list)?;
        if some == 0 {
            continue;
        }
        let mut doc = number(&mut list)?;
        start = usize::try_from(number(&mut list)?).ok()?;
        for _ in 0..some {
            first.push(DocId::try_from(doc).ok()?);
            starts.push(start);
            doc = doc.checked_add(number(&mut list)?)?;
            start = start.checked_add(usize::try_from(number(&mut list)?).ok()?)?;
        }
    }
    starts.push(start);
    Some((first, starts))
}

/// The number that `bytes` begins with, which is taken off.
#[inline]
fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    let mut shift = 0;
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & !LAST).checked_shl(shift)?;
        if byte & LAST != 0 {
            return Some(value);
        }
        shift += 7;
    }
}

/// The passage at a place of a block: behind the passages stands where each begins, then how many
/// they are.
fn in_block(block: &[u8], at: usize) -> Option<&[u8]> {
    let (rest, count) = block.split_last_chunk()?;
    let count = u32::from_le_bytes(*count) as usize;
    let (passages, places) =
        rest.split_at_checked(rest.len().checked_sub(count.checked_mul(4)?)?)?;
    let place = |at: usize| {
        let place = places.get(at.checked_mul(4)?..)?.first_chunk()?;
        Some(u32::from_le_bytes(*place) as usize)
    };
    passages.get(place(at)?..place(at + 1).unwrap_or(passages.len()))
}

/// The only stored value of a passage.
fn value(passage: &[u8]) -> Option<&[u8]> {
    let mut rest = passage;
    // How many values there are, of which field this one is, and of what kind.
    number(&mut rest)?;
    let (_, after) = rest.split_first_chunk::<4>()?;
    let (&kind, after) = after.split_first()?;
    rest = after;
    let length = usize::try_from(number(&mut rest)?).ok()?;
    rest.get(..length).filter(|_| kind == BYTES)
}

#[cfg(test)]
mod tests {
    use tantivy::schema::Value;
    use tantivy::{DocAddress, Index, IndexWriter, TantivyDocument};

    use super::*;
    use crate::analysis::{self, Dictionary};
    use crate::index::schema;

    #[test]
    fn what_is_read_is_what_the_engine_reads() -> tantivy::Result<()> {
        let (schema, fields) = schema::schema();
        let index = Index::builder()
            .schema(schema)
            .settings(schema::settings())
            .create_in_ram()?;
        analysis::register(index.tokenizers(), &Dictionary::standard());
        let mut writer: IndexWriter = index.writer_with_num_threads(1, 32 << 20)?;
        // Several segments, of many blocks and of one, with passages of all lengths; one is merged
        // from others, some of whose passages are gone.
        for (round, passages) in [(0, 3000), (1, 1), (2, 40), (3, 500_usize)] {
            for at in 0..passages {
                let mut document = TantivyDocument::new();
                document.add_text(fields.source, if at % 7 == 0 { "gone" } else { "kept" });
                let bytes: Vec<u8> = (0..at * 37 % 900)
                    .map(|byte| (byte + at + round).to_le_bytes()[0])
                    .collect();
                document.add_bytes(fields.record, &bytes);
                writer.add_document(document)?;
            }
            writer.commit()?;
        }
        for merges in [false, true] {
            if merges {
                let gone = tantivy::Term::from_field_text(fields.source, "gone");
                writer.delete_term(gone);
                writer.commit()?;
                writer.merge(&index.searchable_segment_ids()?).wait()?;
            }
            let searcher = index.reader()?.searcher();
            let all = Passages::all(&searcher)?;
            for (segment, (passages, reader)) in
                (0..).zip(all.iter().zip(searcher.segment_readers()))
            {
                for doc in 0..reader.max_doc() {
                    let theirs: TantivyDocument = searcher.doc(DocAddress::new(segment, doc))?;
                    let theirs = theirs
                        .get_first(fields.record)
                        .and_then(|own| own.as_bytes());
                    assert_eq!(Some(passages.stored(doc)?), theirs, "{segment} {doc}");
                }
                assert!(passages.stored(reader.max_doc()).is_err());
            }
        }
        Ok(())
    }

    #[test]
    fn no_bytes_make_reading_panic() {
        let mut file = vec![0x80; 60];
        for at in 0..file.len() {
            for byte in [0, 1, 2, 0x7F, 0xFF] {
                let was = std::mem::replace(&mut file[at], byte);
                let _ = blocks(&file);
                let _ = in_block(&file, 3).and_then(value);
                file[at] = was;
            }
        }
    }
}
