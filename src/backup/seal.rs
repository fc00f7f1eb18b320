//! The digest at the end of a backup.
//!
//! Archive and compression have checks of their own, which leave out bits that say nothing. So a
//! BLAKE3 digest of all bytes before it stands at the end, in what Zstandard calls a skippable frame:
//! programs that unpack the file pass over it.

use std::io::{self, Read, Write};

/// Mark of a skippable frame, and the length of what is in it: label and digest.
const FRAME: [u8; 8] = [0x53, 0x2A, 0x4D, 0x18, 7 + 64, 0, 0, 0];
const LABEL: [u8; 7] = *b"BLAKE3 ";
const SEAL: usize = FRAME.len() + LABEL.len() + 64;
/// Bytes read at once.
const BUFFER: usize = 256 << 10;

fn seal(hasher: &blake3::Hasher) -> Vec<u8> {
    [&FRAME[..], &LABEL, hasher.finalize().to_hex().as_bytes()].concat()
}

/// Writes what is given to it, and a seal at the end.
pub(super) struct Sealing<W> {
    out: W,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl<W: Write> Sealing<W> {
    pub(super) fn new(out: W) -> Self {
        Self {
            out,
            hasher: blake3::Hasher::new(),
            bytes: 0,
        }
    }

    /// Writes the seal, and says how many bytes there are with it.
    pub(super) fn finish(mut self) -> io::Result<(W, u64)> {
        let seal = seal(&self.hasher);
        self.out.write_all(&seal)?;
        self.out.flush()?;
        Ok((self.out, self.bytes + seal.len() as u64))
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads what stands before a seal.
pub(super) struct Unsealing<R> {
    input: R,
    hasher: blake3::Hasher,
    /// What was read; what was not yet given out begins at `at`.
    held: Vec<u8>,
    at: usize,
    /// All bytes that were read.
    bytes: u64,
    ended: bool,
}

impl<R: Read> Unsealing<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            hasher: blake3::Hasher::new(),
            held: Vec::new(),
            at: 0,
            bytes: 0,
            ended: false,
        }
    }

    /// How many bytes can be given out, the last ones perhaps being the seal.
    fn ready(&mut self) -> io::Result<usize> {
        loop {
            let ready = (self.held.len() - self.at).saturating_sub(SEAL);
            if ready > 0 || self.ended {
                return Ok(ready);
            }
            self.held.drain(..self.at);
            self.at = 0;
            let mut more = Read::by_ref(&mut self.input).take(BUFFER as u64);
            let read = more.read_to_end(&mut self.held)?;
            self.bytes += read as u64;
            self.ended = read == 0;
        }
    }

    /// The digest and the number of all bytes, where the seal is right and nothing before it was
    /// left unread.
    pub(super) fn finish(mut self) -> io::Result<Option<(blake3::Hash, u64)>> {
        let left = self.ready()?;
        let rest = self.held.get(self.at..).unwrap_or_default();
        let right = left == 0 && rest == seal(&self.hasher).as_slice();
        Ok(right.then(|| (self.hasher.finalize(), self.bytes)))
    }
}

impl<R: Read> Read for Unsealing<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.ready()?.min(out.len());
        let given = self.held.get(self.at..self.at + count).unwrap_or_default();
        if let Some(out) = out.get_mut(..given.len()) {
            out.copy_from_slice(given);
        }
        self.hasher.update(given);
        self.at += count;
        Ok(count)
    }
}
