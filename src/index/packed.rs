//! Files of a generation that are read whole and kept compressed: catalogue, sources, words,
//! completions.

use std::path::Path;

use super::Error;

/// Fast to write; what is read at every start is read at a gigabyte a second at any level.
const LEVEL: i32 = 3;

/// Writes `content` into the file `name` of the folder of a generation.
pub(super) fn write(folder: &Path, name: &str, content: &[u8]) -> Result<(), Error> {
    let path = folder.join(name);
    zstd::bulk::compress(content, LEVEL)
        .and_then(|packed| std::fs::write(&path, packed))
        .map_err(|source| Error::Unwritable { path, source })
}

/// The content of the file `name` in the folder of a generation.
pub(super) fn read(folder: &Path, name: &str) -> Result<Vec<u8>, Error> {
    let path = folder.join(name);
    std::fs::File::open(&path)
        .and_then(zstd::decode_all)
        .map_err(|source| Error::Unreadable { path, source })
}
