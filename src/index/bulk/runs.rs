//! Runs of postings, each sorted by term, and how the runs of a field become its part of a segment.
//!
//! As many passages as memory allows become one run; the runs before the last are put on disk. The
//! passages of a run come after those of the runs before it, so for each term the runs only follow
//! one another and nothing has to be compared but terms. That is external sorting (Knuth, The Art
//! of Computer Programming, volume 3, 5.4) with runs that never overlap.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use tantivy::DocId;
use tantivy::postings::FieldSerializer;

/// Bytes that are read of a run on disk at a time.
const CHUNK: usize = 128 << 10;

/// What is kept of a term in a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// That it is there.
    Docs,
    /// How often.
    Freqs,
    /// And where.
    Positions,
}

/// The postings of one field in a run, while they are written.
#[derive(Debug)]
pub(super) struct Section {
    detail: Detail,
    bytes: Vec<u8>,
    /// Those of the term that is open.
    open: Vec<u8>,
    docs: u32,
    last: DocId,
}

impl Section {
    pub(super) fn new(detail: Detail) -> Self {
        Self {
            detail,
            bytes: Vec::new(),
            open: Vec::new(),
            docs: 0,
            last: 0,
        }
    }

    /// Adds a passage to the term that is open, after those with smaller numbers; `positions` are
    /// as many as `frequency`, ascending, where positions are kept.
    pub(super) fn doc(&mut self, doc: DocId, frequency: u32, positions: &[u32]) {
        let gap = u64::from(doc - self.last);
        self.last = doc;
        self.docs += 1;
        if self.detail == Detail::Docs {
            put(&mut self.open, gap);
            return;
        }
        // Most terms stand once in a passage.
        if frequency == 1 {
            put(&mut self.open, gap << 1 | 1);
        } else {
            put(&mut self.open, gap << 1);
            put(&mut self.open, u64::from(frequency));
        }
        if self.detail == Detail::Positions {
            let mut last = 0;
            for &position in positions {
                put(&mut self.open, u64::from(position - last));
                last = position;
            }
        }
    }

    /// Ends the open term, which is `term` and greater than those before it.
    pub(super) fn close_term(&mut self, term: &[u8]) {
        if self.docs == 0 {
            return;
        }
        put(&mut self.bytes, term.len() as u64);
        self.bytes.extend_from_slice(term);
        put(&mut self.bytes, u64::from(self.docs));
        self.bytes.append(&mut self.open);
        self.docs = 0;
        self.last = 0;
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push((value & 0x7F) as u8);
}

/// A run that is being written.
pub(super) struct RunWriter {
    target: Target,
    written: u64,
    sections: Vec<Option<(Detail, Range<u64>)>>,
}

enum Target {
    Memory(Vec<u8>),
    Disk(BufWriter<File>),
}

impl RunWriter {
    /// A run for `fields` fields, kept in memory.
    pub(super) fn in_memory(fields: usize) -> Self {
        Self::new(fields, Target::Memory(Vec::new()))
    }

    /// A run for `fields` fields, on the disk of `folder`, in a file without a name.
    pub(super) fn on_disk(fields: usize, folder: &Path) -> io::Result<Self> {
        let file = tempfile::tempfile_in(folder)?;
        Ok(Self::new(fields, Target::Disk(BufWriter::new(file))))
    }

    fn new(fields: usize, target: Target) -> Self {
        Self {
            target,
            written: 0,
            sections: vec![None; fields],
        }
    }

    /// Adds all there is of a field.
    pub(super) fn add(&mut self, field: usize, section: &Section) -> io::Result<()> {
        if section.is_empty() {
            return Ok(());
        }
        match &mut self.target {
            Target::Memory(bytes) => bytes.extend_from_slice(&section.bytes),
            Target::Disk(file) => file.write_all(&section.bytes)?,
        }
        let start = self.written;
        self.written += section.bytes.len() as u64;
        if let Some(place) = self.sections.get_mut(field) {
            *place = Some((section.detail, start..self.written));
        }
        Ok(())
    }

    pub(super) fn finish(self) -> io::Result<Run> {
        let source = match self.target {
            Target::Memory(bytes) => Source::Memory(Arc::new(bytes)),
            Target::Disk(file) => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                Source::Disk(Arc::new(file))
            }
        };
        Ok(Run {
            source,
            sections: self.sections,
        })
    }
}

/// A run that is written.
pub(super) struct Run {
    source: Source,
    sections: Vec<Option<(Detail, Range<u64>)>>,
}

#[derive(Clone)]
enum Source {
    Memory(Arc<Vec<u8>>),
    Disk(Arc<File>),
}

/// What `runs` have of `field`, in their order, and in what detail; nothing where none has any.
pub(super) fn of_field(runs: &[Run], field: usize) -> io::Result<Option<(Detail, Vec<Cursor>)>> {
    let mut detail = None;
    let mut cursors = Vec::new();
    for run in runs {
        if let Some((own, range)) = run.sections.get(field).cloned().flatten() {
            detail = Some(own);
            cursors.push(Cursor::open(run.source.clone(), range)?);
        }
    }
    Ok(detail.map(|detail| (detail, cursors)))
}

/// Writes a field from its part of each run.
pub(super) fn merge(
    detail: Detail,
    cursors: &mut [Cursor],
    field: &mut FieldSerializer<'_>,
) -> io::Result<()> {
    let mut term = Vec::new();
    let mut positions: Vec<u32> = Vec::new();
    loop {
        let open = cursors.iter().filter(|cursor| !cursor.is_done);
        let Some(least) = open.map(|cursor| &cursor.term).min() else {
            return Ok(());
        };
        term.clone_from(least);
        let having = |cursor: &&mut Cursor| !cursor.is_done && cursor.term == term;
        let docs = cursors.iter_mut().filter(having).map(|own| own.docs).sum();
        field.new_term(&term, docs, detail != Detail::Docs)?;
        for cursor in cursors.iter_mut().filter(having) {
            let mut doc = 0;
            for _ in 0..cursor.docs {
                let head = cursor.input.number()?;
                positions.clear();
                let frequency = match detail {
                    Detail::Docs => {
                        doc += narrow(head)?;
                        0
                    }
                    Detail::Freqs | Detail::Positions => {
                        doc += narrow(head >> 1)?;
                        if head & 1 == 1 {
                            1
                        } else {
                            narrow(cursor.input.number()?)?
                        }
                    }
                };
                if detail == Detail::Positions {
                    for _ in 0..frequency {
                        positions.push(narrow(cursor.input.number()?)?);
                    }
                }
                field.write_doc(doc, frequency, &positions);
            }
            cursor.advance()?;
        }
        field.close_term()?;
    }
}

fn narrow(value: u64) -> io::Result<u32> {
    u32::try_from(value).map_err(io::Error::other)
}

/// Goes through the terms of a field in a run.
pub(super) struct Cursor {
    input: Input,
    term: Vec<u8>,
    docs: u32,
    is_done: bool,
}

impl Cursor {
    fn open(source: Source, range: Range<u64>) -> io::Result<Self> {
        let mut cursor = Self {
            input: Input::new(source, range),
            term: Vec::new(),
            docs: 0,
            is_done: false,
        };
        cursor.advance()?;
        Ok(cursor)
    }

    /// Goes to the next term; its passages must have been read.
    fn advance(&mut self) -> io::Result<()> {
        if self.input.is_at_end() {
            self.is_done = true;
            return Ok(());
        }
        let length = narrow(self.input.number()?)?;
        self.term.clear();
        for _ in 0..length {
            self.term.push(self.input.byte()?);
        }
        self.docs = narrow(self.input.number()?)?;
        Ok(())
    }
}

/// The bytes of a run, one after another.
struct Input {
    source: Source,
    /// What is left beyond what is at hand.
    left: Range<u64>,
    at_hand: Vec<u8>,
    next: usize,
}

impl Input {
    fn new(source: Source, range: Range<u64>) -> Self {
        Self {
            source,
            left: range,
            at_hand: Vec::new(),
            next: 0,
        }
    }

    fn is_at_end(&self) -> bool {
        self.next == self.at_hand.len() && self.left.is_empty()
    }

    #[inline]
    fn byte(&mut self) -> io::Result<u8> {
        loop {
            if let Some(&byte) = self.at_hand.get(self.next) {
                self.next += 1;
                return Ok(byte);
            }
            self.fill()?;
        }
    }

    #[inline]
    fn number(&mut self) -> io::Result<u64> {
        // Most numbers are one byte, and most others two, at hand.
        match self.at_hand.get(self.next..) {
            Some(&[one, ..]) if one < 0x80 => {
                self.next += 1;
                Ok(u64::from(one))
            }
            Some(&[one, two, ..]) if two < 0x80 => {
                self.next += 2;
                Ok(u64::from(one & 0x7F) | u64::from(two) << 7)
            }
            _ => self.long_number(),
        }
    }

    /// A number of any length.
    fn long_number(&mut self) -> io::Result<u64> {
        let mut value = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let length = (self.left.end - self.left.start).min(CHUNK as u64);
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let end = self.left.start + length;
        self.at_hand
            .resize(usize::try_from(length).unwrap_or(CHUNK), 0);
        match &self.source {
            Source::Memory(bytes) => {
                let at = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                let part = bytes.get(at(self.left.start)..at(end));
                self.at_hand.copy_from_slice(part.unwrap_or_default());
            }
            Source::Disk(file) => file.read_exact_at(&mut self.at_hand, self.left.start)?,
        }
        self.left.start = end;
        self.next = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section() -> Section {
        let mut section = Section::new(Detail::Positions);
        section.doc(3, 2, &[1, 700]);
        section.doc(300, 1, &[90_000]);
        section.close_term("教育".as_bytes());
        section.close_term("none".as_bytes());
        section.doc(70_000, 1, &[0]);
        section.close_term("育人".as_bytes());
        section
    }

    #[test]
    fn what_was_written_is_read_from_memory_and_from_disk() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        for mut run in [
            RunWriter::in_memory(2),
            RunWriter::on_disk(2, folder.path())?,
        ] {
            run.add(1, &section())?;
            let runs = [run.finish()?];
            assert!(of_field(&runs, 0)?.is_none());
            let Some((Detail::Positions, mut cursors)) = of_field(&runs, 1)? else {
                panic!("the field is there");
            };
            let cursor = &mut cursors[0];
            assert_eq!(
                (cursor.term.as_slice(), cursor.docs),
                ("教育".as_bytes(), 2)
            );
            let numbers: Vec<u64> = (0..6).map_while(|_| cursor.input.number().ok()).collect();
            assert_eq!(numbers, [6, 2, 1, 699, 297 << 1 | 1, 90_000]);
            cursor.advance()?;
            assert_eq!(
                (cursor.term.as_slice(), cursor.docs),
                ("育人".as_bytes(), 1)
            );
        }
        Ok(())
    }
}
