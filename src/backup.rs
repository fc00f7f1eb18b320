//! Everything a site would miss, in one file, and back: corpus, store, keys, counts of searches, and
//! the index in force.
//!
//! A backup is taken while the service runs, by another process and without its locks: each part
//! knows how it is read while it changes. The file is an ordinary tar archive compressed by
//! Zstandard, so that it can be looked into without this program; it ends with a digest of all its
//! bytes, so that one flipped bit is found.
//!
//! | file | holds |
//! |---|---|
//! | `backup/form.rs` | what stands in the file under which name |
//! | `backup/seal.rs` | the digest at its end |
//! | `backup/write.rs` | writing it |
//! | `backup/read.rs` | reading and checking it |
//! | `backup/restore.rs` | putting what is in it in place |
//! | `backup/verify.rs` | checking what is in place |
//!
//! Invariants: what was acknowledged before a backup began is in it; a file that is damaged, or that
//! is not what this program wrote, changes nothing (`tests/backup.rs`).

mod form;
mod read;
mod restore;
mod seal;
mod verify;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use crate::config::Settings;
use crate::{analytics, corpus, index, key, store};

pub use form::{About, Contents};
pub use read::{Found, check};
pub use restore::{Restoring, restore};
pub use verify::{Part, Verdict, verify};
pub use write::{Written, write, write_to};

/// Why a backup cannot be written, read or put back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The corpus cannot be read.
    #[error(transparent)]
    Corpus(#[from] corpus::Error),
    /// The store cannot be read or replaced.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The index cannot be replaced.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// The keys cannot be replaced.
    #[error(transparent)]
    Keys(#[from] key::Error),
    /// The counts of searches cannot be replaced.
    #[error(transparent)]
    Analytics(#[from] analytics::Error),
    /// A file that is to be written is there already.
    #[error("{} 已存在；请换一个文件名，或用 --overwrite 覆盖", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Another process writes the same file.
    #[error("另一个进程正在写 {}；请等它结束，或换一个文件名", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("读不了 {}：{source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file or folder cannot be written.
    #[error("写不了 {}：{source}；请检查权限和磁盘空间", path.display())]
    Unwritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the corpus changes all the time.
    #[error("{} 一直在变化，无法取得完整的一份；请等它写完后重试", path.display())]
    Changing {
        /// The file.
        path: PathBuf,
    },
    /// The file is none that was written here.
    #[error("{} 不是 cesou 的快照，或开头已损坏；没有改动任何东西", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a later version.
    #[error(
        "{} 是更新版本的 cesou（{program}）写的，格式 {format} 本程序不认得；请改用那个版本，没有改动任何东西",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The form it has.
        format: u32,
        /// The program that wrote it.
        program: String,
    },
    /// The file is not what was written.
    #[error("快照 {} 已损坏或不完整：{why}；请换一份快照，没有改动任何东西", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// There is something that would be lost.
    #[error("{what} 已有内容；要以快照取代，请加 --overwrite")]
    Occupied {
        /// What there is, named.
        what: String,
    },
    /// There is too little room.
    #[error(
        "{} 所在磁盘剩余 {} MB，恢复需要 {} MB；请腾出空间，没有改动任何东西",
        path.display(), free >> 20, (need >> 20) + 1
    )]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// Bytes that are needed.
        need: u64,
        /// Bytes that are left.
        free: u64,
    },
    /// One folder would be replaced with another that it holds.
    #[error(
        "{} 在语料目录的子文件夹里，取代语料会连它一起取代；请移到别处，并改设置 corpus.path、index.path、store.path、analytics.path 或 keys.path",
        path.display()
    )]
    Entangled {
        /// What stands in the wrong place.
        path: PathBuf,
    },
    /// Putting it in place failed, and so did putting back what was there.
    #[error(
        "恢复中断：{cause}；原有内容也没能放回（{undo}）；请排除原因后重新运行 cesou restore 快照文件 --overwrite"
    )]
    HalfDone {
        /// Why it failed.
        cause: Box<Error>,
        /// Why it could not be undone.
        undo: Box<Error>,
    },
}

/// Where everything is that belongs into a backup.
#[derive(Debug, Clone)]
pub struct Places {
    /// The folder of the corpus.
    pub corpus: PathBuf,
    /// The main theme taxonomy in it.
    pub themes: String,
    /// The folder of the index.
    pub index: PathBuf,
    /// The folder of the store.
    pub store: PathBuf,
    /// What the store takes.
    pub store_options: store::Options,
    /// The file of the keys.
    pub keys: PathBuf,
    /// The folder of the counts of searches.
    pub analytics: PathBuf,
}

impl From<&Settings> for Places {
    fn from(settings: &Settings) -> Self {
        Self {
            corpus: settings.corpus.path.clone(),
            themes: settings.corpus.themes.clone(),
            index: settings.index.path.clone(),
            store: settings.store.path.clone(),
            store_options: store::Options::from(&settings.store),
            keys: settings.keys.path.clone(),
            analytics: settings.analytics.path.clone(),
        }
    }
}

impl Places {
    /// What is no part of the corpus, wherever it stands.
    fn apart(&self) -> Vec<PathBuf> {
        let keys = ["", ".lock", ".new", ".restored", ".replaced"].map(|ending| {
            let mut name = self.keys.clone().into_os_string();
            name.push(ending);
            PathBuf::from(name)
        });
        let folders = [&self.index, &self.store, &self.analytics].map(PathBuf::clone);
        folders.into_iter().chain(keys).collect()
    }
}

impl Error {
    fn unreadable(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Unreadable {
            path: path.to_owned(),
            source,
        }
    }

    fn unwritable(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Unwritable {
            path: path.to_owned(),
            source,
        }
    }
}
