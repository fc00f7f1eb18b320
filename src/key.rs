//! Who may ask what: keys with actions, and what each is held to.
//!
//! A key is 256 random bits behind a public id, so that lists and logs can name it without giving
//! it away. It is shown once, when it is made; what is kept is its SHA-256. (A slow hash would slow
//! down every request and add nothing: what it protects from is guessing, and nobody guesses 256
//! bits.) A key may be bound to origins, to prefixes of report ids, to filters that all its
//! searches are narrowed by, to a time and to a rate.
//!
//! Invariants: no secret stands in the file, in `Debug` output or in the log; a file that was
//! damaged is refused whole and never taken for one without keys; a key that is revoked is refused
//! from the next request on, whoever revoked it (`tests/keys.rs`).

pub mod backup;
mod file;
mod ring;
pub mod session;
mod wish;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::path::PathBuf;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

pub use ring::{Allowance, Held, Keyring, Refusal};
pub use session::{Session, Sessions};
pub use wish::{Fault, Wanted, Wish, description, local, name};

use crate::search::Filters;

/// What every key begins with, so that leaked ones can be searched for.
pub const PREFIX: &str = "cesou_";
/// The id of the key that comes from the environment.
pub const ENVIRONMENT_ID: &str = "environment";

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Searching, and reading what is found.
    Search,
    /// Adding, replacing and withdrawing reports.
    Write,
    /// Looking after keys, and all the rest: whoever may make keys may make one for anything.
    Admin,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 3] = [Self::Search, Self::Write, Self::Admin];

    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Search => "检索",
            Self::Write => "写入",
            Self::Admin => "管理",
        }
    }
}

/// How many requests a key may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Requests a second, lastingly.
    pub per_second: NonZeroU32,
    /// Requests at once, after a pause.
    pub burst: NonZeroU32,
}

/// A key, but for its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// What it is called in lists, logs and addresses; no secret.
    pub id: String,
    /// What it is for, in the words of whoever made it.
    pub name: String,
    /// What else is said of it.
    pub description: Option<String>,
    /// What it may be used for.
    pub actions: BTreeSet<Action>,
    /// The sites whose pages may use it; any where none is named.
    pub origins: Vec<String>,
    /// What the ids of the reports begin with that it may write; any where none is named.
    pub prefixes: Vec<String>,
    /// What all its searches are narrowed by.
    pub filters: Filters,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is refused.
    pub expires: Option<Timestamp>,
    /// How often it may ask.
    pub rate: Option<Rate>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is let in.
    Active,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

impl Status {
    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Active => "有效",
            Self::Expired => "已过期",
            Self::Revoked => "已吊销",
        }
    }
}

impl Key {
    /// Whether it may be used for `action`.
    #[must_use]
    pub fn may(&self, action: Action) -> bool {
        self.actions.contains(&action) || self.actions.contains(&Action::Admin)
    }

    /// Whether pages of `origin` may use it.
    #[must_use]
    pub fn is_for_origin(&self, origin: &str) -> bool {
        self.origins.is_empty() || self.origins.iter().any(|own| own == origin)
    }

    /// Whether it may write the report of that id.
    #[must_use]
    pub fn is_for_report(&self, id: &str) -> bool {
        let mut prefixes = self.prefixes.iter();
        self.prefixes.is_empty() || prefixes.any(|prefix| id.starts_with(prefix))
    }

    /// How it stands at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        if self.revoked.is_some() {
            Status::Revoked
        } else if self.expires.is_some_and(|expires| expires <= now) {
            Status::Expired
        } else {
            Status::Active
        }
    }
}

/// A key that was just made, with its secret for the only time.
#[derive(Debug)]
pub struct Created {
    /// All else about it.
    pub key: Key,
    /// What is to be sent.
    pub secret: SecretString,
}

/// Why keys cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is not what was written.
    #[error(
        "密钥文件 {} 已损坏：{why}；请从备份恢复；若没有，可把它移走，原有密钥即全部作废，下次启动会另发管理密钥",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The file cannot be read.
    #[error("读不了密钥文件 {}：{source}；请检查权限，或用 keys.path 指向别处", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file cannot be written.
    #[error("写不了密钥文件 {}：{source}；请检查权限和磁盘空间，或用 keys.path 指向别处", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file was there and is no more.
    #[error("密钥文件 {} 不见了，未作更改；请恢复它，或重新启动服务以另建一个", path.display())]
    Gone {
        /// The file.
        path: PathBuf,
    },
    /// There are too many.
    #[error("密钥已有 {most} 把，不能再建；请把吊销已久的移出密钥文件，或多站共用一把")]
    TooMany {
        /// How many there may be.
        most: usize,
    },
    /// The system gives no random bytes.
    #[error("系统给不出随机数，不能新建密钥：{0}")]
    Random(String),
    /// The key in the environment is no good.
    #[error(
        "环境变量 {variable} 的值不能作密钥：应为 {least} 至 {most} 个英文字母、数字或符号，没有空格；可用 openssl rand -hex 32 生成"
    )]
    Environment {
        /// The variable.
        variable: &'static str,
        /// The fewest characters.
        least: usize,
        /// The most characters.
        most: usize,
    },
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}（{}）", self.id, self.name)
    }
}
