//! Side files: what is known of a report that stands beside it, `NAME.toml` beside `NAME.txt`.
//!
//! A text may say nothing of where it is from, or say it wrongly, and is not to be edited. A side
//! file holds the fields of [`Given`] and wins over the text. One that cannot be used is named with
//! its line, and the report is read all the same.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::given::Given;
use super::{SourceFile, decode};
use crate::diagnostic::Source;
use crate::report::{Warning, WarningKind};

/// The ending of side files.
const ENDING: &str = "toml";
/// The most bytes of a side file.
const MAX_BYTES: u64 = 1 << 20;

/// Takes the side files out of `files`: they say something of reports and are none.
pub(super) fn set_apart(files: &mut Vec<SourceFile>) {
    let beside: HashSet<String> = files
        .iter()
        .filter(|file| side_base(&file.name).is_none())
        .flat_map(|file| bases(&file.name))
        .map(str::to_owned)
        .collect();
    files.retain(|file| side_base(&file.name).is_none_or(|base| !beside.contains(base)));
}

/// The side file of the report file at `path`, where there is one.
pub(super) fn path_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    if side_base(name).is_some() {
        return None;
    }
    bases(name)
        .map(|base| path.with_file_name(format!("{base}.{ENDING}")))
        .find(|side| side.is_file())
}

/// What the side file of the report file at `path` says, and what is wrong with it. `source` is the
/// report file's name in the corpus.
pub(super) fn read(path: &Path, source: &str) -> (Given, Vec<Warning>) {
    let Some(side) = path_of(path) else {
        return (Given::default(), Vec::new());
    };
    let folder = source
        .rsplit_once('/')
        .map(|(folder, _)| format!("{folder}/"));
    let name = side.file_name().unwrap_or_default().to_string_lossy();
    let warning = |line: usize, message: String| Warning {
        source: format!("{}{name}", folder.as_deref().unwrap_or_default()),
        line,
        kind: WarningKind::SideFile,
        message,
    };
    let refused = |why: String| {
        let message = format!("{why}；旁注文件没有采用，报告照常收录");
        (Given::default(), vec![warning(1, message)])
    };
    match fs::metadata(&side) {
        Ok(metadata) if metadata.len() > MAX_BYTES => {
            return refused(format!("超过 {MAX_BYTES} 字节"));
        }
        Err(error) => return refused(format!("读不了（{error}）")),
        Ok(_) => {}
    }
    let text = match fs::read(&side) {
        Ok(bytes) if bytes.is_empty() => String::new(),
        Ok(bytes) => match decode(&bytes) {
            Ok(decoded) => decoded.text,
            Err(refusal) => return refused(refusal.to_string()),
        },
        Err(error) => return refused(format!("读不了（{error}）")),
    };
    let table: Map<String, Value> = match toml::from_str(&text) {
        Ok(table) => table,
        Err(error) => {
            let syntax = Source::new(&text).syntax(&error);
            let full_width = syntax.full_width.map_or_else(String::new, |mark| {
                format!("，这一行有全角的「{mark}」，要用半角")
            });
            let message = format!(
                "不合 TOML 写法（{}{full_width}）；旁注文件没有采用，报告照常收录",
                syntax.message
            );
            return (Given::default(), vec![warning(syntax.line, message)]);
        }
    };
    let mut warnings = Vec::new();
    for (key, value) in &table {
        let alone = Map::from_iter([(key.clone(), value.clone())]);
        if Given::from_table(&alone).is_empty() {
            let message = format!(
                "{key} 没有用到；可以写 title、region、issuer、document_number、date、year、url"
            );
            warnings.push(warning(line_of(&text, key), message));
        }
    }
    (Given::from_table(&table), warnings)
}

/// The name of a side file without its ending; nothing for other files.
fn side_base(name: &str) -> Option<&str> {
    name.strip_suffix(".toml")
}

/// The names a side file of `name` may have, without its ending: `a.jsonl.zst`, `a.jsonl`, `a`.
fn bases(name: &str) -> impl Iterator<Item = &str> {
    let folder = name.rfind('/').map_or(0, |slash| slash + 1);
    std::iter::successors(Some(name), move |base| {
        let (shorter, _) = base.rsplit_once('.')?;
        (shorter.len() > folder).then_some(shorter)
    })
    .take(3)
}

/// The line that a key of the outermost table stands on.
fn line_of(text: &str, key: &str) -> usize {
    text.lines()
        .position(|line| line.trim_start().trim_start_matches('"').starts_with(key))
        .map_or(1, |at| at + 1)
}
