//! What is kept of a report, as bytes: what is said beside its text, then the text, compressed.

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::frame::{Head, Kind, check};
use crate::corpus::Given;

/// How hard reports are compressed; higher levels cost several times the time for a few percent.
const LEVEL: i32 = 3;
/// More than this no record can say, whatever the settings allow.
const LARGEST: u64 = 1 << 31;

/// One report as it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Content {
    /// Its text, title line first.
    pub text: String,
    /// What was said of it beside the text.
    pub given: Given,
    /// The name of the file it came as.
    pub name: Option<String>,
    /// What kind of file that was.
    pub format: Option<String>,
}

/// What stands before the text.
#[derive(Serialize, Deserialize)]
struct Beside {
    given: Given,
    name: Option<String>,
    format: Option<String>,
}

/// A report as it is stored.
#[derive(Debug)]
pub(super) struct Packed {
    raw_len: u32,
    digest: [u8; 32],
    pub(super) body: Vec<u8>,
}

impl Content {
    /// How many bytes it has as it is stored, uncompressed, where these are more than `limit`.
    #[must_use]
    pub fn excess(&self, limit: u64) -> Option<u64> {
        let bytes = (self.beside().len() + self.text.len()) as u64;
        (bytes > limit.min(LARGEST)).then_some(bytes)
    }

    /// What stands before the text.
    fn beside(&self) -> Vec<u8> {
        let beside = Beside {
            given: self.given.clone(),
            name: self.name.clone(),
            format: self.format.clone(),
        };
        serde_json::to_vec(&beside).expect("texts and numbers can be JSON")
    }

    /// The report as it is stored; `limit` is the most bytes it may have.
    pub(super) fn pack(&self, id: &str, limit: u64) -> Result<Packed, Error> {
        let limit = limit.min(LARGEST);
        let beside = self.beside();
        let bytes = (beside.len() + self.text.len()) as u64;
        let too_large = || Error::TooLarge {
            id: id.to_owned(),
            bytes,
            limit,
        };
        if bytes > limit {
            return Err(too_large());
        }
        // JSON has no line breaks of its own, so the first one ends it.
        let raw = [&beside, b"\n".as_slice(), self.text.as_bytes()].concat();
        let raw_len = u32::try_from(raw.len()).map_err(|_| too_large())?;
        let body = zstd::bulk::compress(&raw, LEVEL).map_err(Error::stream)?;
        Ok(Packed {
            raw_len,
            digest: *blake3::hash(&raw).as_bytes(),
            body,
        })
    }

    /// The report in a body; nothing where it is not what the head says.
    pub(super) fn unpack(head: &Head, body: &[u8]) -> Option<Self> {
        let raw = zstd::bulk::decompress(body, head.raw_len as usize).ok()?;
        if blake3::hash(&raw).as_bytes() != &head.digest {
            return None;
        }
        let raw = String::from_utf8(raw).ok()?;
        let (beside, text) = raw.split_once('\n')?;
        let beside: Beside = serde_json::from_str(beside).ok()?;
        Some(Self {
            text: text.to_owned(),
            given: beside.given,
            name: beside.name,
            format: beside.format,
        })
    }
}

impl Packed {
    /// Whether this is the content of that digest.
    pub(super) fn is(&self, digest: &[u8; 32]) -> bool {
        self.digest == *digest
    }

    /// The head of its record.
    pub(super) fn head(&self, id: &str, seq: u64, first: u64, time: u64) -> Head {
        Head {
            raw_len: self.raw_len,
            digest: self.digest,
            ..Head::new(Kind::Put, seq, first, time).of(id)
        }
        .with(&self.body)
    }
}

impl Head {
    /// The same before this body.
    pub(super) fn with(mut self, body: &[u8]) -> Self {
        self.body_len = u32::try_from(body.len()).expect("bodies are bounded");
        self.body_check = check(body);
        self
    }
}
