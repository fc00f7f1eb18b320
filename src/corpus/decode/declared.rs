//! The encoding a web page names itself, where it is true.
//!
//! Many pages name one that they were not saved in, so it is believed only for the encodings that
//! reports are written in, and only where it reads every byte; the bytes tell otherwise.

use encoding_rs::{BIG5, Encoding, GB18030, GBK};

use super::{Decoded, clean};

/// Bytes of the page in which it must name its encoding.
const HEAD: usize = 4096;

/// The text of a page in the encoding it names; nothing where it names none, or a wrong one.
pub(in crate::corpus) fn declared(bytes: &[u8]) -> Option<Decoded> {
    if Encoding::for_bom(bytes).is_some() || std::str::from_utf8(bytes).is_ok() {
        return None;
    }
    let encoding = match named(bytes.get(..HEAD).unwrap_or(bytes))? {
        // The larger set reads all that the smaller one does.
        encoding if encoding == GBK || encoding == GB18030 => GB18030,
        encoding if encoding == BIG5 => BIG5,
        _ => return None,
    };
    let name = if encoding == BIG5 { "Big5" } else { "GB18030" };
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?;
    clean(&text, name).ok()
}

/// The encoding named by `charset=…`, or by `encoding="…"` as XML does.
fn named(head: &[u8]) -> Option<&'static Encoding> {
    let head = head.to_ascii_lowercase();
    [b"charset".as_slice(), b"encoding"].iter().find_map(|key| {
        let at = head.windows(key.len()).position(|bytes| bytes == *key)?;
        let rest = head.get(at + key.len()..)?;
        let label: Vec<u8> = rest
            .iter()
            .copied()
            .skip_while(|byte| matches!(byte, b' ' | b'=' | b'"' | b'\''))
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            .collect();
        Encoding::for_label(&label)
    })
}

/// A name that [`super::decode`] gives to an encoding, out of what another process wrote.
pub(in crate::corpus) fn name_of(name: &str) -> Option<&'static str> {
    ["UTF-8", "UTF-16LE", "UTF-16BE", "GB18030", "Big5"]
        .into_iter()
        .find(|known| *known == name)
}
