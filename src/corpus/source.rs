//! A file's bytes, unpacked where they are packed, and never more of them than may be.
//!
//! A few kilobytes can unpack to terabytes, so every reader here counts what it gives.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::format::Packing;

/// Bytes looked at to tell a format.
const HEAD: u64 = 4096;

/// A file to read from, unpacked.
pub(super) type Reader = BufReader<Box<dyn Read + Send>>;

/// Opens a file.
pub(super) fn open(path: &Path, packing: Packing) -> io::Result<Reader> {
    let file = File::open(path)?;
    let reader: Box<dyn Read + Send> = match packing {
        Packing::Plain => Box::new(file),
        Packing::Zst => Box::new(zstd::Decoder::new(file)?),
        Packing::Gz => Box::new(flate2::read::MultiGzDecoder::new(file)),
    };
    Ok(BufReader::with_capacity(256 << 10, reader))
}

/// How a file begins.
pub(super) fn head(path: &Path, packing: Packing) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    open(path, packing)?.take(HEAD).read_to_end(&mut head)?;
    Ok(head)
}

/// All of a file that has at most `most` bytes.
///
/// # Errors
///
/// Why it cannot be had, for the operator.
pub(super) fn whole(path: &Path, packing: Packing, most: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = open(path, packing)
        .and_then(|reader| reader.take(most.saturating_add(1)).read_to_end(&mut bytes));
    match read {
        Err(error) => Err(unreadable(&error, packing)),
        Ok(_) if bytes.len() as u64 > most => Err(format!(
            "解压后超过上限 {most} 字节；请拆分文件，或调大 corpus.max_file_mb"
        )),
        Ok(_) => Ok(bytes),
    }
}

/// What the system, or the packing, said of a file.
pub(super) fn unreadable(error: &io::Error, packing: Packing) -> String {
    if error.kind() == io::ErrorKind::OutOfMemory {
        return "读入文件所需的内存超过上限；请拆分文件，或调大 corpus.extract_memory_mb"
            .to_owned();
    }
    let packed = !matches!(packing, Packing::Plain)
        && !matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied | io::ErrorKind::IsADirectory
        );
    if packed {
        format!("解压失败：{error}；文件可能已损坏或下载不全，请重新取得")
    } else {
        format!("读不了：{error}；请检查文件是否存在及其权限")
    }
}

/// A line, or how long one is that was not kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// It is in the buffer, without its end.
    Kept,
    /// It has so many bytes, more than may be.
    TooLong(u64),
    /// There is none left.
    None,
}

/// Reads the next line into `line`, which holds at most `most` bytes however long it is.
pub(super) fn next_line(
    reader: &mut impl BufRead,
    line: &mut Vec<u8>,
    most: usize,
) -> io::Result<Line> {
    line.clear();
    let mut length = 0_u64;
    loop {
        let available = reader.fill_buf()?;
        if available.is_empty() {
            return Ok(match length {
                0 => Line::None,
                _ => kept(line, length, most),
            });
        }
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = available
            .get(..end.unwrap_or(available.len()))
            .unwrap_or_default();
        length += part.len() as u64;
        let room = most.saturating_sub(line.len()).min(part.len());
        line.extend_from_slice(part.get(..room).unwrap_or_default());
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            return Ok(kept(line, length, most));
        }
    }
}

fn kept(line: &mut Vec<u8>, length: u64, most: usize) -> Line {
    if length > most as u64 {
        line.clear();
        return Line::TooLong(length);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Line::Kept
}
