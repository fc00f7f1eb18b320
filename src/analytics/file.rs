//! The folder of the counts: a file for each day, `2026-11-26.jsonl`, and a lock.
//!
//! A file is one JSON object a line below a line with the digest of all others, and is replaced
//! whole: the next state is written beside it, made durable and renamed over it, so that a crash
//! leaves either. One that reads otherwise than it was written is set aside under another name, with
//! a line in the log, and the day begins anew.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::Error;
use super::day::{Day, Query, Totals};
use crate::fold::comparable;

/// The form of the files.
const FORMAT: u32 = 1;
/// More bytes than any file of a day has.
pub const MAX_BYTES: u64 = 1 << 30;
const ENDING: &str = ".jsonl";
pub(super) const LOCK: &str = "lock";

/// The folder, which no other process counts into meanwhile.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: File,
}

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    blake3: String,
}

/// The second.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sums {
    date: Date,
    closed: bool,
    totals: Totals,
    others: Totals,
}

/// Each of the others.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Query {
        query: String,
        found: u64,
        searches: u64,
        none: u64,
        clicks: u64,
        ranks: u64,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        passages: BTreeMap<String, u64>,
    },
    Passage {
        passage: String,
        clicks: u64,
        ranks: u64,
    },
}

impl Folder {
    /// The folder at `path`, which is made where it is not there.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let unusable = |source| Error::Unusable {
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(path).map_err(unusable)?;
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join(LOCK))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        Ok(Self {
            path: path.to_owned(),
            lock,
        })
    }

    fn file(&self, date: Date) -> PathBuf {
        self.path.join(name_of(date))
    }

    /// The days there are files of, in order.
    pub(super) fn dates(&self) -> Vec<Date> {
        dates(&self.path)
    }

    /// The counts of a day; nothing where there are none that can be read.
    pub(super) fn day(&self, date: Date) -> Option<Day> {
        let path = self.file(date);
        let why = match read(&path) {
            Ok(None) => return None,
            Ok(Some(text)) => match parse(&text, date) {
                Ok(day) => return Some(day),
                Err(why) => why,
            },
            Err(error) if error.kind() == io::ErrorKind::InvalidData => error.to_string(),
            Err(error) => {
                // It may be readable another time.
                tracing::warn!("统计文件 {} 读不了：{error}", path.display());
                return None;
            }
        };
        let aside = (1..=u32::MAX)
            .map(|number| self.path.join(format!("{date}.damaged-{number}")))
            .find(|aside| !aside.exists())?;
        match fs::rename(&path, &aside) {
            Ok(()) => tracing::warn!(
                "统计文件 {} 已损坏：{why}；已移到 {}，这一天重新计数",
                path.display(),
                aside.display()
            ),
            Err(error) => {
                tracing::warn!("统计文件 {} 已损坏：{why}；移不开：{error}", path.display());
            }
        }
        None
    }

    /// Replaces the file of a day.
    pub(super) fn put(&self, date: Date, day: &Day) -> io::Result<()> {
        let path = self.file(date);
        let next = self.path.join(format!("{date}.new"));
        let text = text(date, day)?;
        let written = private(&next).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        if let Err(error) = written.and_then(|()| fs::rename(&next, &path)) {
            // Half a file is of no use; that it may stay is no other failure.
            let _ = fs::remove_file(&next);
            return Err(error);
        }
        File::open(&self.path)?.sync_all()
    }

    /// Removes the file of a day that is kept no longer.
    pub(super) fn remove(&self, date: Date) {
        let path = self.file(date);
        match fs::remove_file(&path) {
            Ok(()) => tracing::info!("{date} 的统计已过保留期（analytics.keep_days），已删除"),
            Err(error) => tracing::warn!("{} 已过保留期，但删不了：{error}", path.display()),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A process being started at this moment still shares the file, so closing it would leave
        // it locked for a while. Where this fails, closing is left to do it.
        let _ = self.lock.unlock();
    }
}

/// The name of the file of a day.
pub(super) fn name_of(date: Date) -> String {
    format!("{date}{ENDING}")
}

/// The day whose file has this name.
pub(super) fn date_of(name: &str) -> Option<Date> {
    let date = name.strip_suffix(ENDING)?.parse().ok()?;
    // Dates can be written in several ways, and files are named in one.
    (name_of(date) == name).then_some(date)
}

/// The days that the folder at `path` has files of, in order.
pub(super) fn dates(path: &Path) -> Vec<Date> {
    let entries = fs::read_dir(path).into_iter().flatten();
    let names = entries.filter_map(Result::ok).map(|it| it.file_name());
    let mut dates: Vec<Date> = names.filter_map(|name| date_of(name.to_str()?)).collect();
    dates.sort_unstable();
    dates
}

/// A new file that only its owner may read.
fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// The text of a file; nothing where there is none.
pub(super) fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(Some(text))
}

/// A day as it is written; the same counts give the same text.
fn text(date: Date, day: &Day) -> io::Result<String> {
    let mut lines = Vec::with_capacity(day.queries.len() + day.passages.len() + 1);
    let sums = Sums {
        date,
        closed: day.is_closed,
        totals: day.totals,
        others: day.others,
    };
    for query in day.queries.values() {
        let Totals {
            searches,
            none,
            clicks,
            ranks,
        } = query.totals;
        lines.push(serde_json::to_string(&Line::Query {
            query: query.shown.clone(),
            found: query.found,
            searches,
            none,
            clicks,
            ranks,
            passages: query.passages.clone(),
        })?);
    }
    for (passage, totals) in &day.passages {
        lines.push(serde_json::to_string(&Line::Passage {
            passage: passage.clone(),
            clicks: totals.clicks,
            ranks: totals.ranks,
        })?);
    }
    // Without an order of time.
    lines.sort_unstable();
    let mut body = serde_json::to_string(&sums)? + "\n";
    for line in lines {
        body.push_str(&line);
        body.push('\n');
    }
    let head = serde_json::to_string(&head(&body))?;
    Ok(format!("{head}\n{body}"))
}

fn head(body: &str) -> Head {
    Head {
        format: FORMAT,
        blake3: blake3::hash(body.as_bytes()).to_hex().to_string(),
    }
}

/// The day in a file's text, or what is wrong with it.
pub(super) fn parse(text: &str, date: Date) -> Result<Day, String> {
    let (first, body) = text.split_once('\n').ok_or("第 1 行不完整")?;
    let told: Head = serde_json::from_str(first).map_err(|_| "第 1 行看不懂")?;
    if told.format != FORMAT {
        return Err(format!("格式 {} 不是本程序写的 {FORMAT}", told.format));
    }
    if told.blake3 != head(body).blake3 {
        return Err("校验和不符".to_owned());
    }
    let (second, lines) = body.split_once('\n').ok_or("第 2 行不完整")?;
    let sums: Sums = serde_json::from_str(second).map_err(|error| format!("第 2 行：{error}"))?;
    if sums.date != date {
        return Err(format!("内容是 {} 的", sums.date));
    }
    let mut queries: HashMap<String, Query> = HashMap::new();
    let mut passages = HashMap::new();
    for (line, number) in lines.lines().zip(3..) {
        let line: Line =
            serde_json::from_str(line).map_err(|error| format!("第 {number} 行：{error}"))?;
        match line {
            Line::Query {
                query,
                found,
                searches,
                none,
                clicks,
                ranks,
                passages,
            } => {
                let known = Query {
                    votes: 1,
                    totals: Totals {
                        searches,
                        none,
                        clicks,
                        ranks,
                    },
                    found,
                    passages,
                    shown: query.clone(),
                };
                queries.insert(comparable(&query), known);
            }
            Line::Passage {
                passage,
                clicks,
                ranks,
            } => {
                let totals = Totals {
                    clicks,
                    ranks,
                    ..Totals::default()
                };
                passages.insert(passage, totals);
            }
        }
    }
    Ok(Day {
        totals: sums.totals,
        others: sums.others,
        queries,
        passages,
        is_closed: sums.closed,
    })
}
