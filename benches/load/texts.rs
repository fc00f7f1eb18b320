//! Texts from folders and files: what corpora are made of, and what the parts are fed with.
//!
//! Takes folders, `.txt`, `.jsonl` and both packed as `.zst`, so that whoever measures can point at
//! whatever they have. A record without text is passed over; a path that holds no text at all is an
//! error, since figures measured on nothing mislead.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use serde_json::{Map, Value};

/// A text with what is said of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Source {
    /// Its title; empty where it has none.
    pub(crate) title: String,
    /// Where it is from; empty where nothing says so.
    pub(crate) region: String,
    /// Its date as it was written; empty where it has none.
    pub(crate) date: String,
    /// The text itself.
    pub(crate) text: String,
}

/// All texts under `paths`, in the order of the paths, files of a folder by name; no more than about
/// `most` bytes of them.
pub(crate) fn read(paths: &[PathBuf], most: u64) -> anyhow::Result<Vec<Source>> {
    let mut texts = Vec::new();
    let mut room = most;
    for path in paths {
        let before = texts.len();
        for file in files(path)? {
            read_file(&file, &mut texts, &mut room)
                .with_context(|| format!("cannot read {}", file.display()))?;
        }
        ensure!(
            texts.len() > before || room == 0,
            "no text in {}: give a folder, .txt, .jsonl or .jsonl.zst",
            path.display()
        );
    }
    Ok(texts)
}

/// The files under a path that may hold texts, by name.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let found = std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()));
    if found?.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    let mut entries = std::fs::read_dir(path)?
        .map(|entry| Ok(entry?.path()))
        .collect::<anyhow::Result<Vec<_>>>()?;
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            files.extend(self::files(&entry)?);
        } else if kind(&entry).is_some() {
            files.push(entry);
        }
    }
    Ok(files)
}

enum Kind {
    Text,
    Records,
}

/// What a file holds by its name, and whether it is packed.
fn kind(path: &Path) -> Option<(Kind, bool)> {
    let name = path.file_name()?.to_str()?;
    let (name, packed) = match name.strip_suffix(".zst") {
        Some(name) => (name, true),
        None => (name, false),
    };
    match Path::new(name).extension()?.to_str()? {
        "txt" | "md" => Some((Kind::Text, packed)),
        "jsonl" => Some((Kind::Records, packed)),
        _ => None,
    }
}

fn read_file(path: &Path, texts: &mut Vec<Source>, room: &mut u64) -> anyhow::Result<()> {
    let (kind, packed) = kind(path).context("not a .txt or .jsonl file, packed (.zst) or not")?;
    let file = File::open(path)?;
    let reader: Box<dyn Read> = if packed {
        Box::new(zstd::Decoder::new(file)?)
    } else {
        Box::new(file)
    };
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    match kind {
        Kind::Text => {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let source = Source {
                text,
                ..Source::default()
            };
            keep(source, texts, room);
        }
        Kind::Records => {
            let mut line = String::new();
            while *room > 0 {
                line.clear();
                if reader.read_line(&mut line)? == 0 {
                    break;
                }
                let table: Map<String, Value> = serde_json::from_str(&line)?;
                keep(source(&table), texts, room);
            }
        }
    }
    Ok(())
}

/// The text that a record is.
fn source(table: &Map<String, Value>) -> Source {
    let said = |name: &str| match table.get(name) {
        Some(Value::String(text)) => text.trim().to_owned(),
        _ => String::new(),
    };
    let title = said("title");
    Source {
        // A name that a tool gave is no title.
        title: if title.starts_with('_') {
            String::new()
        } else {
            title
        },
        region: said("region"),
        date: said("date"),
        text: said("text"),
    }
}

fn keep(source: Source, texts: &mut Vec<Source>, room: &mut u64) {
    if *room > 0 && source.text.chars().any(char::is_alphanumeric) {
        *room = room.saturating_sub(source.text.len() as u64);
        texts.push(source);
    }
}
