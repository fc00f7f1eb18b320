//! Why the store refuses, and what of it is damaged.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::MAX_ID;

/// Why the store cannot do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The folder or a file in it cannot be made, read or written.
    #[error("存储目录里的 {} 读写不了：{source}；请检查权限和磁盘", path.display())]
    Unusable {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// Another process holds the store.
    #[error("另一个进程正在使用存储目录 {}；请先停止它，或用 store.path 指向别处", path.display())]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// The folder holds a log this version does not know.
    #[error("存储目录里的 {} 不是本版本的存储；请改用写入它的版本，或用 store.path 指向别处", path.display())]
    Foreign {
        /// What is not known.
        path: PathBuf,
    },
    /// An id with characters that ids do not have, or too long.
    #[error("报告编号 {id:?} 不可用：应为 1–{MAX_ID} 个字符，只用英文字母、数字、- 和 _")]
    Id {
        /// The id, shortened.
        id: String,
    },
    /// A report past the size that is taken.
    #[error(
        "报告 {id} 有 {bytes} 字节，超过上限 {limit} 字节；请拆成几份，或调高 store.max_report_mb"
    )]
    TooLarge {
        /// The report.
        id: String,
        /// Its size.
        bytes: u64,
        /// The largest that is taken.
        limit: u64,
    },
    /// So little room is left that nothing more is taken. What is stored can be read and withdrawn.
    #[error(
        "{} 所在磁盘只剩 {} MB，低于 store.min_free_mb，暂不接收写入；请腾出空间，之后会自动恢复",
        path.display(), free >> 20
    )]
    NearlyFull {
        /// The folder.
        path: PathBuf,
        /// Bytes left.
        free: u64,
    },
    /// The disk was full; nothing of the write was kept.
    #[error("写 {} 时磁盘已满：{source}；这次写入没有保留，请腾出空间后重试", path.display())]
    NoSpace {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// A write failed and could not be undone; only opening the store anew can tell what is there.
    #[error("写 {} 失败后无法还原，存储只可读取；请检查磁盘，然后重新启动", path.display())]
    Broken {
        /// The folder.
        path: PathBuf,
    },
    /// The store was opened for reading only.
    #[error("存储目录 {} 不可写，只可读取；请检查权限后重新启动", path.display())]
    ReadOnly {
        /// The folder.
        path: PathBuf,
    },
    /// What was stored of a report is not what was written.
    #[error("报告 {id} 已损坏（{place}）；请重新提交，或从备份恢复")]
    Damaged {
        /// The report.
        id: String,
        /// The record.
        place: Place,
    },
    /// A copy of a store that is not whole.
    #[error("备份在第 {offset} 字节处不完整或已损坏：{what}；请换一份备份")]
    Backup {
        /// Bytes before it.
        offset: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// A copy of a store cannot be read or written.
    #[error("备份读写不了：{source}")]
    Stream {
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// A backup was being put back, and that was interrupted.
    #[error(
        "上一次恢复没有完成，存储目录 {} 和语料、索引可能新旧混杂；请重新运行 cesou restore 快照文件 --overwrite",
        path.display()
    )]
    HalfRestored {
        /// The folder.
        path: PathBuf,
    },
    /// The store a copy would be put into holds reports already.
    #[error("存储目录 {} 里已有报告；要以备份取代它们，须明确说明覆盖", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
}

impl Error {
    /// What the system said of a file or folder.
    pub(super) fn at(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        let full = matches!(
            source.kind(),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
        );
        let source = Arc::new(source);
        if full {
            Self::NoSpace { path, source }
        } else {
            Self::Unusable { path, source }
        }
    }

    /// What the system said of a copy.
    pub(super) fn stream(source: io::Error) -> Self {
        Self::Stream {
            source: Arc::new(source),
        }
    }
}

/// Where in the store a record stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, within the store's folder.
    pub segment: String,
    /// The first byte.
    pub offset: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} 第 {} 字节", self.segment, self.offset)
    }
}

/// Bytes of the store that are not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where they begin.
    pub place: Place,
    /// How many they are, with the record they belong to.
    pub bytes: u64,
    /// What they cost.
    pub loss: Loss,
}

/// What damage costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// Nothing: a second copy is whole, or a later record took its place.
    Nothing,
    /// The content of this report.
    Report(String),
    /// What was known of this task.
    Task(u64),
    /// Records that cannot be named, this many: reports may be missing, or stand as they were before.
    Unknown(u64),
}

impl Damage {
    /// Whether something is gone.
    #[must_use]
    pub fn is_loss(&self) -> bool {
        self.loss != Loss::Nothing
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} 起 {} 字节已损坏：", self.place, self.bytes)?;
        match &self.loss {
            Loss::Nothing => f.write_str("没有丢失内容"),
            Loss::Report(id) => write!(f, "报告 {id} 的内容丢失，请重新提交或从备份恢复"),
            Loss::Task(id) => write!(f, "任务 {id} 的记录丢失"),
            Loss::Unknown(records) => write!(
                f,
                "{records} 条记录丢失，无法得知属于哪些报告；请从备份恢复，或重新提交近期的报告"
            ),
        }
    }
}
