//! What can be wrong with the settings, and where it stands.
//!
//! An operator reads these in a terminal or a container's log, once, before anything else works.
//!
//! Invariant: each message is one line that names the place and what to write instead
//! (`tests/settings.rs`).

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Where a setting was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On a line, from 1, of a settings file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// In the environment variable of this name.
    Variable(String),
    /// On the command line.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{} 第 {line} 行", path.display()),
            Self::Variable(name) => write!(f, "环境变量 {}", one_line(name)),
            Self::Flag => f.write_str("命令行"),
        }
    }
}

/// Why the settings cannot be used. Each is one line that says what to change.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The named file is not there.
    #[error("找不到设置文件 {}：请检查路径，或不指定文件以使用默认设置", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file is there but cannot be read.
    #[error("无法读取设置文件 {}：{}", path.display(), reading(cause))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// The file is not UTF-8.
    #[error("{} 第 {line} 行：不是 UTF-8 文字，请把文件另存为 UTF-8 编码", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line of the first byte that is not, from 1.
        line: usize,
    },
    /// The file is not TOML.
    #[error("{} 第 {line} 行第 {column} 列：不合 TOML 语法，{}", path.display(), hint(what))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The character on it, from 1.
        column: usize,
        /// What the parser says.
        what: String,
    },
    /// A setting that does not exist.
    #[error("{origin}：没有名为 {} 的设置，{}", one_line(key), advice(nearest.as_deref()))]
    Unknown {
        /// Where it was given.
        origin: Origin,
        /// The name as given, without quotes.
        key: String,
        /// The known name that is most like it, where one is.
        nearest: Option<String>,
    },
    /// A variable that begins like ours but does not name a setting.
    #[error(
        "{origin} 不对应任何设置：应写作 CESOU_节__键（中间两个下划线），{}",
        advice(nearest.as_deref())
    )]
    Variable {
        /// The variable.
        origin: Origin,
        /// The variable that is most like it, where one is.
        nearest: Option<String>,
    },
    /// A section that is given a value.
    #[error("{origin}：{section} 是一节，不能直接赋值，请写其中的设置，例如 {example}")]
    Section {
        /// Where it was given.
        origin: Origin,
        /// The section.
        section: String,
        /// A setting in it.
        example: String,
    },
    /// A value of the wrong type or out of range.
    #[error("{origin}：{key} 的值 {} 不可用，应为{expected}", one_line(value))]
    Value {
        /// Where it was given.
        origin: Origin,
        /// The setting.
        key: String,
        /// The value as written.
        value: String,
        /// What it may be.
        expected: String,
    },
    /// The layers could not be joined; each value was found good by itself, so this is a defect.
    #[error("无法合并各处设置：{0}")]
    Layers(#[from] ::config::ConfigError),
}

/// Text as it is shown within a message: short, and on one line.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// What to do about an unknown name.
fn advice(nearest: Option<&str>) -> String {
    match nearest {
        Some(nearest) => format!("是否想写 {nearest}？"),
        None => "可用的设置见随附的 config.toml".to_owned(),
    }
}

/// What the system says, and what to do.
fn reading(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::PermissionDenied => "没有读取权限，请检查文件权限".to_owned(),
        io::ErrorKind::IsADirectory => "它是文件夹，请指定其中的文件".to_owned(),
        _ => format!("{cause}，请检查该文件"),
    }
}

/// What the parser says, in Chinese for the mistakes seen most, with what to do.
fn hint(what: &str) -> String {
    let known = [
        ("duplicate key", "这个键或节前面已经写过，请删去一处"),
        ("must be quoted", "这里缺少值，或文字没有加引号"),
        ("invalid float", "文字要加引号，数字只能有一个小数点"),
        (
            "missing escaped value",
            "双引号里的 \\ 要写成 \\\\，或改用单引号",
        ),
        ("key with no value", "键后面要有 = 和值"),
        ("unclosed", "括号没有闭合"),
        ("invalid basic string", "引号没有闭合"),
        ("invalid boolean", "文字要加引号"),
        ("extra `=`", "多写了一个 ="),
        ("leading zero", "数字不能以 0 开头"),
        ("invalid unquoted key", "键名只能用字母、数字、- 和 _"),
    ];
    let said = known.iter().find(|(english, _)| what.contains(english));
    match said {
        Some((_, chinese)) => (*chinese).to_owned(),
        None => format!("请改正此处（{}）", one_line(what)),
    }
}
