//! How a record stands in a file, and how records are found again in bytes that may be damaged.
//!
//! ```text
//! FF 'C' 'S' 'H' | length | head | check | body | head | check | length | FF 'C' 'S' 'T'
//! ```
//!
//! The head stands before the body and again after it, each copy with a check of its own, so that
//! one flipped bit spoils a copy, which loses nothing, or the body, which both copies still name.
//! Bodies are compressed UTF-8 and have a check in the head. The marks begin with FF, which UTF-8
//! never holds: text that is stored as it is cannot be taken for a record.
//!
//! Invariant: what a scan calls whole is what was written, and it ends on any bytes
//! (`tests/store.rs`).

use std::ops::Range;

use super::valid_id;

const HEAD: [u8; 4] = *b"\xFFCSH";
const TAIL: [u8; 4] = *b"\xFFCST";
/// Bytes of a head without the id.
const FIXED: usize = 1 + 4 * 8 + 2 * 4 + 8 + 32;
const CHECK: usize = 8;
/// Bodies that may be hashed without a second copy of their head, in lengths of what is scanned:
/// bytes made up to be slow end too.
const PATIENCE: usize = 8;

/// What a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A report: its content follows.
    Put = 1,
    /// A report was withdrawn.
    Delete = 2,
    /// A report was found damaged when the log was rewritten.
    Lost = 3,
    /// A task as it stands now.
    Task = 4,
    /// The end of a rewritten log: the last number given out, and how far back changes are known.
    Mark = 5,
}

/// What is known of a record without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) kind: Kind,
    /// Its place among the records of its log, from 1; a hole tells of a loss.
    pub(super) number: u64,
    /// The number of the write or of the task; the order of writes.
    pub(super) seq: u64,
    /// Of a report, the `seq` it first arrived with; of a mark, how far back changes are known.
    pub(super) first: u64,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    pub(super) time: u64,
    /// Bytes of the content.
    pub(super) raw_len: u32,
    /// Bytes of the body, which is the content compressed.
    pub(super) body_len: u32,
    /// A check of the body.
    pub(super) body_check: [u8; CHECK],
    /// The digest of the content.
    pub(super) digest: [u8; 32],
    /// The report; empty where it is about none.
    pub(super) id: String,
}

/// A record found in bytes.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) head: Head,
    /// The bytes it takes.
    pub(super) span: Range<usize>,
    /// The bytes of its body.
    pub(super) body: Range<usize>,
    pub(super) condition: Condition,
}

/// How much of a record is as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// All of it.
    Whole,
    /// The body, and one copy of the head.
    Mended,
    /// At least one copy of the head, but not the body.
    Spoiled,
}

/// What stands at a place.
#[derive(Debug)]
pub(super) enum Found {
    /// A record.
    Frame(Frame),
    /// Bytes that belong to no record, with a record after them.
    Gap(Range<usize>),
    /// Bytes from here to the end that hold no complete record; the head where that is whole.
    Torn(usize, Option<Head>),
}

/// The records of some bytes, one after another.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Bytes that may yet be hashed on one copy's word.
    patience: usize,
}

/// The first bytes of the BLAKE3 hash.
pub(super) fn check(bytes: &[u8]) -> [u8; CHECK] {
    let hash = blake3::hash(bytes);
    let mut check = [0; CHECK];
    check.copy_from_slice(&hash.as_bytes()[..CHECK]);
    check
}

impl Head {
    /// Bytes of mark and length.
    pub(super) const OPENING: usize = HEAD.len() + 2;

    /// A head without id and body; its number is given when it is written.
    pub(super) fn new(kind: Kind, seq: u64, first: u64, time: u64) -> Self {
        Self {
            kind,
            number: 0,
            seq,
            first,
            time,
            raw_len: 0,
            body_len: 0,
            body_check: check(&[]),
            digest: [0; 32],
            id: String::new(),
        }
    }

    /// The same about a report.
    pub(super) fn of(mut self, id: &str) -> Self {
        id.clone_into(&mut self.id);
        self
    }

    /// Bytes of the record.
    pub(super) fn frame_len(&self) -> usize {
        2 * self.copy_len() + self.body_len as usize
    }

    /// Bytes of one copy, with mark, length and check.
    fn copy_len(&self) -> usize {
        Self::OPENING + FIXED + self.id.len() + CHECK
    }

    /// Whether `body` is what was written.
    pub(super) fn vouches_for(&self, body: &[u8]) -> bool {
        body.len() == self.body_len as usize && check(body) == self.body_check
    }

    /// Writes the record behind `out`. The body is that of the head.
    pub(super) fn write(&self, body: &[u8], out: &mut Vec<u8>) {
        debug_assert!(self.vouches_for(body), "the body of another record");
        let mut copy = Vec::with_capacity(self.copy_len());
        copy.push(self.kind as u8);
        for number in [self.number, self.seq, self.first, self.time] {
            copy.extend(number.to_le_bytes());
        }
        copy.extend(self.raw_len.to_le_bytes());
        copy.extend(self.body_len.to_le_bytes());
        copy.extend(self.body_check);
        copy.extend(self.digest);
        copy.extend(self.id.as_bytes());
        let length = u16::try_from(copy.len()).expect("ids are short");
        let check = check(&copy);
        out.extend(HEAD);
        out.extend(length.to_le_bytes());
        out.extend(&copy);
        out.extend(check);
        out.extend(body);
        out.extend(&copy);
        out.extend(check);
        out.extend(length.to_le_bytes());
        out.extend(TAIL);
    }

    /// The bytes a copy takes that begins with these six; nothing where none does.
    pub(super) fn copy_behind(opening: [u8; Self::OPENING]) -> Option<usize> {
        let length = u16::from_le_bytes(*opening.last_chunk()?) as usize;
        (opening.starts_with(&HEAD) && length >= FIXED).then_some(Self::OPENING + length + CHECK)
    }

    /// The copy that begins at `at`, where it is whole.
    pub(super) fn before_body(bytes: &[u8], at: usize) -> Option<Self> {
        let opening = bytes.get(at..)?.first_chunk::<{ Self::OPENING }>()?;
        let end = at.checked_add(Self::copy_behind(*opening)?)?;
        Self::parse(bytes.get(at + Self::OPENING..end)?)
    }

    /// The copy that ends at `end`, where it is whole, and where its record begins.
    fn after_body(bytes: &[u8], end: usize) -> Option<(Self, usize)> {
        let closing = bytes.get(..end)?.strip_suffix(&TAIL)?;
        let length = u16::from_le_bytes(*closing.last_chunk()?) as usize;
        let copy = closing.get(..closing.len() - 2)?;
        let start = copy.len().checked_sub(length + CHECK)?;
        let head = Self::parse(copy.get(start..)?)?;
        let start = end.checked_sub(head.frame_len())?;
        Some((head, start))
    }

    /// The head in a copy without mark and length.
    fn parse(copy: &[u8]) -> Option<Self> {
        let (copy, stored) = copy.split_last_chunk::<CHECK>()?;
        if check(copy) != *stored {
            return None;
        }
        let (&kind, mut rest) = copy.split_first()?;
        let kind = [Kind::Put, Kind::Delete, Kind::Lost, Kind::Task, Kind::Mark]
            .into_iter()
            .find(|known| *known as u8 == kind)?;
        let head = Self {
            kind,
            number: u64::from_le_bytes(take(&mut rest)?),
            seq: u64::from_le_bytes(take(&mut rest)?),
            first: u64::from_le_bytes(take(&mut rest)?),
            time: u64::from_le_bytes(take(&mut rest)?),
            raw_len: u32::from_le_bytes(take(&mut rest)?),
            body_len: u32::from_le_bytes(take(&mut rest)?),
            body_check: take(&mut rest)?,
            digest: take(&mut rest)?,
            id: String::from_utf8(rest.to_vec()).ok()?,
        };
        let of_report = matches!(kind, Kind::Put | Kind::Delete | Kind::Lost);
        (of_report == valid_id(&head.id)).then_some(head)
    }
}

/// The next bytes of `rest`, which then begins after them.
fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

impl<'a> Scan<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            patience: bytes.len().saturating_mul(PATIENCE),
        }
    }

    /// What stands at the current place, behind a head that is whole.
    fn behind(&mut self, head: Head) -> Found {
        let start = self.at;
        let end = start.saturating_add(head.frame_len());
        let body = start + head.copy_len()..end.saturating_sub(head.copy_len());
        let copied = Head::after_body(self.bytes, end).is_some_and(|(copy, _)| copy == head);
        let complete = end <= self.bytes.len();
        let sound = complete
            && (copied || self.patience >= body.len())
            && self.bytes.get(body.clone()).is_some_and(|bytes| {
                self.patience = self
                    .patience
                    .saturating_sub(if copied { 0 } else { bytes.len() });
                head.vouches_for(bytes)
            });
        let condition = match (sound, copied) {
            (true, true) => Condition::Whole,
            (true, false) => Condition::Mended,
            (false, _) => Condition::Spoiled,
        };
        // Where neither body nor second copy is right, the length may be of bytes that are gone.
        let end = if sound || copied {
            Some(end)
        } else {
            self.next_start(start + 1)
        };
        match end {
            None => Found::Torn(start, Some(head)),
            Some(end) => Found::Frame(Frame {
                head,
                span: start..end,
                body,
                condition,
            }),
        }
    }

    /// What stands at the current place, where no head does.
    fn lost(&self) -> Found {
        let start = self.at;
        match self.next_start(start) {
            None => Found::Torn(start, None),
            Some(next) if next > start => Found::Gap(start..next),
            Some(_) => self.by_tail(start),
        }
    }

    /// The record at `start`, whose first copy is not whole, by its second.
    fn by_tail(&self, start: usize) -> Found {
        let known = self
            .marks(start)
            .filter_map(|at| {
                let end = at + TAIL.len();
                Head::after_body(self.bytes, end).map(|(head, start)| (head, start..end))
            })
            .find(|(_, span)| span.start == start);
        let Some((head, span)) = known else {
            return Found::Torn(start, None);
        };
        let body = span.start + head.copy_len()..span.end - head.copy_len();
        let sound = self
            .bytes
            .get(body.clone())
            .is_some_and(|bytes| head.vouches_for(bytes));
        Found::Frame(Frame {
            head,
            span,
            body,
            condition: if sound {
                Condition::Mended
            } else {
                Condition::Spoiled
            },
        })
    }

    /// Where the next record begins, at `from` or after, by either copy of its head.
    fn next_start(&self, from: usize) -> Option<usize> {
        self.marks(from).find_map(|at| {
            if Head::before_body(self.bytes, at).is_some() {
                return Some(at);
            }
            let (_, start) = Head::after_body(self.bytes, at + TAIL.len())?;
            (start >= from).then_some(start)
        })
    }

    /// The places of marks, at `from` or after.
    fn marks(&self, from: usize) -> impl Iterator<Item = usize> {
        let rest = self.bytes.get(from..).unwrap_or_default();
        let marks = rest.windows(HEAD.len()).zip(from..);
        marks.filter_map(|(window, at)| (*window == HEAD || *window == TAIL).then_some(at))
    }
}

impl Iterator for Scan<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let found = match Head::before_body(self.bytes, self.at) {
            Some(head) => self.behind(head),
            None => self.lost(),
        };
        self.at = match &found {
            Found::Frame(frame) => frame.span.end,
            Found::Gap(gap) => gap.end,
            Found::Torn(..) => self.bytes.len(),
        };
        Some(found)
    }
}
