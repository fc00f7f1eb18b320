//! Files to documents, queries and judgements: the form of BEIR (Thakur et al., 2021), plain or
//! compressed with Zstandard, and judgement files of the served corpus.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Error;
use super::collection::{Document, Judged, Judgements};
use super::run::Run;

/// What a Zstandard file begins with.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Grades by document id, by query id.
type Qrels = BTreeMap<String, BTreeMap<String, u32>>;

#[derive(Deserialize)]
struct DocumentLine {
    #[serde(rename = "_id")]
    id: String,
    #[serde(default)]
    title: Option<String>,
    text: String,
}

#[derive(Deserialize)]
struct QueryLine {
    #[serde(rename = "_id")]
    id: String,
    text: String,
}

#[derive(Deserialize)]
struct JudgedLine {
    query: String,
    #[serde(rename = "type", default)]
    kind: Option<String>,
    relevant: BTreeMap<String, i64>,
}

/// The documents of a `corpus.jsonl`.
///
/// # Errors
///
/// Fails when the file cannot be read, at the first line that is no document, and where an id
/// comes again.
pub fn documents(path: &Path) -> Result<Vec<Document>, Error> {
    let expected = r#"应为 {"_id": "…", "title": "…", "text": "…"}"#;
    let mut seen = HashSet::new();
    let mut documents = Vec::new();
    each_line(path, |line, _| {
        let read: DocumentLine = parse(line, expected)?;
        if !seen.insert(read.id.clone()) {
            return Err(format!("编号“{}”重复；每篇的 _id 应各不相同", read.id));
        }
        documents.push(Document {
            id: read.id,
            title: read.title.unwrap_or_default(),
            text: read.text,
        });
        Ok(())
    })?;
    not_empty(path, documents.is_empty(), "没有一篇文档", expected)?;
    Ok(documents)
}

/// Ids and texts of a `queries.jsonl`.
///
/// # Errors
///
/// As [`documents`].
pub fn queries(path: &Path) -> Result<Vec<(String, String)>, Error> {
    let expected = r#"应为 {"_id": "…", "text": "…"}"#;
    let mut seen = HashSet::new();
    let mut queries = Vec::new();
    each_line(path, |line, _| {
        let read: QueryLine = parse(line, expected)?;
        if !seen.insert(read.id.clone()) {
            return Err(format!(
                "编号“{}”重复；每个检索词的 _id 应各不相同",
                read.id
            ));
        }
        queries.push((read.id, read.text));
        Ok(())
    })?;
    not_empty(path, queries.is_empty(), "没有一个检索词", expected)?;
    Ok(queries)
}

/// The grades of a `qrels.tsv`, by query. A grade below 0 is 0.
///
/// # Errors
///
/// As [`documents`].
pub fn qrels(path: &Path) -> Result<Qrels, Error> {
    let expected = "应为用制表符分隔的三列：检索词编号、文档编号、等级（整数）";
    let mut qrels = Qrels::new();
    each_line(path, |line, at| {
        let columns: Vec<&str> = line.split('\t').map(str::trim).collect();
        let &[query, document, grade] = columns.as_slice() else {
            return Err(format!("有 {} 列；{expected}", columns.len()));
        };
        let grade: i64 = match grade.parse() {
            Ok(grade) => grade,
            Err(_) if at == 1 => return Ok(()),
            Err(_) => return Err(format!("等级“{grade}”不是整数；{expected}")),
        };
        if query.is_empty() || document.is_empty() {
            return Err(format!("编号为空；{expected}"));
        }
        let graded = qrels.entry(query.to_owned()).or_default();
        if graded.insert(document.to_owned(), clamp(grade)).is_some() {
            return Err(format!("检索词“{query}”对文档“{document}”的评判重复"));
        }
        Ok(())
    })?;
    not_empty(path, qrels.is_empty(), "没有一条评判", expected)?;
    Ok(qrels)
}

/// The queries of a judgement file of a served corpus, each under the number of its line.
///
/// Their relevant ids are all of measures, or all of passages.
///
/// # Errors
///
/// As [`documents`], and where both kinds of ids are used.
pub fn judged_queries(path: &Path) -> Result<Judgements, Error> {
    let expected = r#"应为 {"query": "…", "type": "…", "relevant": {"130100#2": 2}}"#;
    let mut judgements = Judgements::default();
    let mut of_measures = None;
    let mut any = false;
    each_line(path, |line, at| {
        any = true;
        let read: JudgedLine = parse(line, expected)?;
        for id in read.relevant.keys() {
            let measure = id.contains('#');
            if *of_measures.get_or_insert(measure) != measure {
                return Err(format!(
                    "“{id}”与前面的编号不是一类；一个文件中应都写作 行政区划代码#举措序号，或都写作段落编号"
                ));
            }
        }
        judgements.add(Judged {
            id: at.to_string(),
            text: read.query,
            kind: read.kind,
            relevant: read
                .relevant
                .into_iter()
                .map(|(id, grade)| (id, clamp(grade)))
                .collect(),
        });
        Ok(())
    })?;
    not_empty(path, !any, "没有一个检索词", expected)?;
    Ok(judgements)
}

/// A run that was saved.
///
/// # Errors
///
/// Fails when the file cannot be read or is no run.
pub fn saved_run(path: &Path) -> Result<Run, Error> {
    let mut text = String::new();
    open(path)
        .and_then(|mut reader| reader.read_to_string(&mut text))
        .map_err(|source| unreadable(path, source))?;
    serde_json::from_str(&text).map_err(|error| Error::File {
        path: path.to_owned(),
        message: format!("不是 cesou eval --save 存下的结果：{error}"),
    })
}

fn clamp(grade: i64) -> u32 {
    u32::try_from(grade.max(0)).unwrap_or(u32::MAX)
}

fn parse<T: DeserializeOwned>(line: &str, expected: &str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| format!("{error}；{expected}"))
}

fn not_empty(path: &Path, empty: bool, what: &str, expected: &str) -> Result<(), Error> {
    if empty {
        return Err(Error::File {
            path: path.to_owned(),
            message: format!("{what}；每行{expected}"),
        });
    }
    Ok(())
}

/// Gives each line that is not blank to `read`, with its number from 1.
fn each_line(
    path: &Path,
    mut read: impl FnMut(&str, usize) -> Result<(), String>,
) -> Result<(), Error> {
    let reader = open(path).map_err(|source| unreadable(path, source))?;
    for (at, line) in (1..).zip(reader.split(b'\n')) {
        let line = line.map_err(|source| unreadable(path, source))?;
        let wrong = |message: String| Error::Line {
            path: path.to_owned(),
            line: at,
            message,
        };
        let line = std::str::from_utf8(&line)
            .map_err(|_| wrong("不是 UTF-8 文本；请转换编码".to_owned()))?;
        let line = line.trim_start_matches('\u{FEFF}').trim_end_matches('\r');
        if !line.trim().is_empty() {
            read(line, at).map_err(wrong)?;
        }
    }
    Ok(())
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    Error::Unreadable {
        path: path.to_owned(),
        source,
    }
}

/// The content of a file, decompressed where it begins as Zstandard does.
fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let mut reader = BufReader::new(File::open(path)?);
    if reader.fill_buf()?.starts_with(&ZSTD_MAGIC) {
        let decoder = zstd::Decoder::with_buffer(reader)?;
        return Ok(Box::new(BufReader::new(decoder)));
    }
    Ok(Box::new(reader))
}
