//! The command line: flags to settings, then one subcommand each.
//!
//! What a command is asked for goes to standard output; progress, warnings and errors go to
//! standard error, errors as one line that says what to do.

mod check;
mod eval;
mod extract;
mod index;
mod inspect;
mod keys;
mod logging;
mod mcp;
mod progress;
mod restore;
mod search;
mod serve;
mod snapshot;
mod verify;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use cesou::config::{self, Overrides};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{ArgAction, Args, Parser, Subcommand};

const HELP: &str = "\
{about-with-newline}
用法：{usage}

{all-args}{after-help}";

/// What a command came to.
pub(crate) enum Outcome {
    Done,
    /// Done, but for files that `--strict` does not let pass.
    Skipped,
    /// Not done; what is wrong was said already.
    Failed,
}

#[derive(Parser)]
#[command(
    name = "cesou",
    version,
    about = "策搜：中文区域报告全文检索服务",
    override_usage = "cesou [选项] [子命令]",
    after_help = "不带子命令时等同于 serve。退出码：0 完成；1 未能完成；2 完成，但有文件被跳过（仅在 --strict 时）。",
    help_template = HELP,
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true,
    subcommand_help_heading = "子命令",
    next_help_heading = "选项"
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    serve: ServeFlags,
    /// 显示版本号
    #[arg(short = 'V', long, action = ArgAction::Version)]
    version: Option<bool>,
}

#[derive(Args)]
struct Common {
    /// 设置文件；缺省时用当前目录的 config.toml（如有）
    #[arg(long, global = true, value_name = "文件", env = config::FILE_VARIABLE, hide_env = true)]
    config: Option<PathBuf>,
    /// 语料目录（设置 corpus.path）
    #[arg(long, global = true, value_name = "目录")]
    corpus: Option<String>,
    /// 索引目录（设置 index.path）
    #[arg(long, global = true, value_name = "目录")]
    index: Option<String>,
    #[arg(
        long = "set",
        global = true,
        value_name = "键=值",
        help = "覆盖任一设置，可多次使用，如 --set search.per_page=20"
    )]
    set: Vec<String>,
    /// 显示帮助
    #[arg(short, long, global = true, action = ArgAction::Help)]
    help: Option<bool>,
}

#[derive(Args, Default)]
struct ServeFlags {
    /// 监听地址（设置 server.host）
    #[arg(long, value_name = "地址")]
    host: Option<String>,
    /// 监听端口，0 由系统选择（设置 server.port）
    #[arg(long, value_name = "端口")]
    port: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// 启动检索服务；索引缺失或过期时先建立（缺省的子命令）
    #[command(help_template = HELP, next_help_heading = "选项", override_usage = "cesou serve [选项]")]
    Serve {
        #[command(flatten)]
        flags: ServeFlags,
    },
    /// 建立索引，并报告读了什么、跳过了什么
    #[command(help_template = HELP, next_help_heading = "选项", override_usage = "cesou index [选项]")]
    Index {
        /// 即使索引未过期也重建
        #[arg(long)]
        rebuild: bool,
        /// 有文件被跳过时以退出码 2 结束
        #[arg(long)]
        strict: bool,
        /// 以 JSON 输出报告
        #[arg(long)]
        json: bool,
    },
    /// 在终端中检索
    #[command(help_template = HELP, next_help_heading = "选项", override_usage = "cesou search [选项] 检索词…")]
    Search {
        /// 检索词；多个参数以空格相连
        #[arg(required = true, value_name = "检索词")]
        query: Vec<String>,
        /// 精确匹配：只找原文中连续出现的字句
        #[arg(short, long)]
        exact: bool,
        /// 显示的条数，1–100，缺省 10
        #[arg(short = 'n', long, value_name = "条数", default_value = "10", value_parser = limit, hide_default_value = true)]
        limit: usize,
        /// 筛选，可多次使用，如 --filter province=河北省
        #[arg(short, long, value_name = "字段=值")]
        filter: Vec<String>,
    },
    /// 查看文件如何拆分：报告、地区、举措、主题、字节范围、警告
    #[command(help_template = HELP, next_help_heading = "选项", override_usage = "cesou inspect [选项] 文件…")]
    Inspect {
        /// 要查看的文件
        #[arg(required = true, value_name = "文件")]
        files: Vec<PathBuf>,
        /// 以 JSON 输出
        #[arg(long)]
        json: bool,
    },
    /// 供智能体检索：在标准输入输出上讲 Model Context Protocol（MCP）
    #[command(help_template = HELP, next_help_heading = "选项", override_usage = "cesou mcp [选项]")]
    Mcp {
        /// 链接的开头，即检索页所在的地址，如 `https://www.example.org`
        #[arg(
            long,
            value_name = "地址",
            default_value = "",
            hide_default_value = true
        )]
        base_url: String,
    },
    /// 提取一个文件的文字；供本程序在受限的进程中调用自己
    #[command(hide = true)]
    ExtractFile(extract::Flags),
    /// 管理密钥：建立、列出、吊销
    #[command(
        help_template = HELP,
        next_help_heading = "选项",
        subcommand_help_heading = "子命令",
        disable_help_subcommand = true,
        override_usage = "cesou keys 子命令 [选项]"
    )]
    Keys {
        #[command(subcommand)]
        command: keys::Command,
    },
    /// 把语料、存储、密钥、检索统计和索引写成一个快照文件；服务运行中也可以
    #[command(
        help_template = HELP,
        next_help_heading = "选项",
        override_usage = "cesou snapshot [选项] 文件",
        after_help = "快照是 Zstandard 压缩的 tar 文件，解压软件大多能打开。写完并确认落盘之后才以给定的名称出现。文件写作 - 时输出到标准输出。"
    )]
    Snapshot(snapshot::Flags),
    /// 从快照文件恢复语料、存储、密钥、检索统计和索引；须先停止服务
    #[command(
        help_template = HELP,
        next_help_heading = "选项",
        override_usage = "cesou restore [选项] 文件",
        after_help = "先核对整个快照，全部完好才动手；动手之后出错则全部放回。中途断电或被终止时，服务不会启动，重新运行 cesou restore 文件 --overwrite 即可。"
    )]
    Restore(restore::Flags),
    /// 核对词表、存储、密钥、检索统计和索引是否完好，或核对一个快照文件；只读，服务运行中也可以
    #[command(
        help_template = HELP,
        next_help_heading = "选项",
        override_usage = "cesou verify [选项] [快照文件]",
        after_help = "有损坏时退出码为 1。"
    )]
    Verify(verify::Flags),
    /// 检查设置、语料、词表、密钥和存储，并预告下次建立索引会有什么变化；只读，服务运行中也可以
    #[command(
        help_template = HELP,
        next_help_heading = "选项",
        override_usage = "cesou check [选项]",
        after_help = "退出码：0 没有错误；1 有错误；2 没有错误但有警告（仅在 --strict 时）。"
    )]
    Check(check::Flags),
    /// 以评判衡量排序：nDCG@10、MRR@10、recall@10、recall@100、每秒检索次数
    #[command(
        help_template = HELP,
        next_help_heading = "选项",
        override_usage = "cesou eval [选项] --judgements 文件\n      cesou eval [选项] --corpus 文件 --queries 文件 --qrels 文件",
        after_help = "测试集为 BEIR 格式，可为 Zstandard 压缩（.zst）：corpus.jsonl 每行有 _id、title、text，一篇作一个段落；queries.jsonl 每行有 _id、text；qrels.tsv 三列为检索词编号、文档编号、等级。测试集的索引建在系统的临时文件夹，用后即删；词表和检索设置与服务相同，只是不用置顶：衡量的是排序。"
    )]
    Eval {
        #[command(flatten)]
        flags: Box<eval::Flags>,
    },
}

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    let cli = match Cli::try_parse_from(arguments()) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match dispatch(cli) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Skipped) => ExitCode::from(2),
        Ok(Outcome::Failed) => ExitCode::FAILURE,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Our errors name their cause themselves.
            say(&format!("错误：{error}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> anyhow::Result<Outcome> {
    let command = cli.command.unwrap_or(Command::Serve {
        flags: ServeFlags::default(),
    });
    if let Command::ExtractFile(flags) = &command {
        // It gets all it needs to know from the process that started it.
        return extract::run(flags);
    }
    let mut overrides = Overrides::default();
    let mut corpus = cli.common.corpus;
    // A test collection's documents are no folder of reports: the vocabulary stays that of the
    // settings.
    let documents = match &command {
        Command::Eval { flags } if flags.brings_corpus() => corpus.take().map(PathBuf::from),
        _ => None,
    };
    for (key, value) in [("corpus.path", corpus), ("index.path", cli.common.index)] {
        if let Some(value) = value {
            overrides.set(key, value);
        }
    }
    let after = match &command {
        Command::Serve { flags } => Some(flags),
        _ => None,
    };
    // Before the subcommand or after it, which is the more telling place.
    for flags in std::iter::once(&cli.serve).chain(after) {
        for (key, value) in [("server.host", &flags.host), ("server.port", &flags.port)] {
            if let Some(value) = value {
                overrides.set(key, value);
            }
        }
    }
    for pair in &cli.common.set {
        let (key, value) = pair.split_once('=').with_context(|| {
            format!("--set 应写作 键=值，如 search.per_page=20，而不是“{pair}”")
        })?;
        overrides.set(key.trim(), value.trim());
    }
    let settings = match config::load(
        cli.common.config.as_deref(),
        config::environment(),
        &overrides,
    ) {
        Ok(settings) => settings,
        Err(error) => {
            return match &command {
                Command::Check(flags) => check::refuse(flags, &error.to_string()),
                _ => Err(error.into()),
            };
        }
    };
    // Sends what is left to be sent when it is dropped.
    let _logging = match logging::start(&settings, matches!(command, Command::Serve { .. })) {
        Ok(logging) => logging,
        Err(error) => {
            return match &command {
                Command::Check(flags) => check::refuse(flags, &error.to_string()),
                _ => Err(error),
            };
        }
    };
    match command {
        Command::Serve { .. } => serve::run(&settings),
        Command::Index {
            rebuild,
            strict,
            json,
        } => index::run(&settings, rebuild, strict, json),
        Command::Search {
            query,
            exact,
            limit,
            filter,
        } => search::run(&settings, &query.join(" "), exact, limit, &filter),
        Command::Inspect { files, json } => inspect::run(&settings, &files, json),
        Command::Mcp { base_url } => mcp::run(&settings, &base_url),
        Command::Keys { command } => keys::run(&settings, command),
        Command::Snapshot(flags) => snapshot::run(&settings, &flags),
        Command::Restore(flags) => restore::run(&settings, &flags),
        Command::Verify(flags) => verify::run(&settings, &flags),
        Command::Check(flags) => check::run(&settings, &flags),
        Command::Eval { flags } => eval::run(&settings, documents.as_deref(), &flags),
        Command::ExtractFile(flags) => extract::run(&flags),
    }
}

/// The command line cannot be understood, or asks for help.
fn refuse(error: &clap::Error) -> ExitCode {
    let named = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join("、"),
        _ => String::new(),
    };
    let what = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // Nobody is left to tell when this cannot be written.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        ErrorKind::UnknownArgument => {
            let hint = named(ContextKind::SuggestedArg);
            let hint = if hint.is_empty() {
                hint
            } else {
                format!("，是否想写 {hint}")
            };
            format!(
                "不认识参数 {}{hint}；要作检索词请写在 -- 之后",
                named(ContextKind::InvalidArg)
            )
        }
        ErrorKind::InvalidSubcommand => {
            let hint = named(ContextKind::SuggestedSubcommand);
            let hint = if hint.is_empty() {
                hint
            } else {
                format!("，是否想写 {hint}")
            };
            format!("没有子命令 {}{hint}", named(ContextKind::InvalidSubcommand))
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            "缺少子命令".to_owned()
        }
        ErrorKind::MissingRequiredArgument => {
            format!("缺少参数 {}", named(ContextKind::InvalidArg))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let why = std::error::Error::source(error);
            format!(
                "参数 {} 的值“{}”无效{}",
                named(ContextKind::InvalidArg),
                named(ContextKind::InvalidValue),
                why.map(|why| format!("，{why}")).unwrap_or_default()
            )
        }
        _ => format!("命令行有误：{}", error.kind()),
    };
    say(&format!("错误：{what}；用 cesou --help 查看用法"));
    ExitCode::FAILURE
}

/// Whether whoever read the output has gone, as `head` does.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// The command line, with exclusions such as `-教师` told from flags: all flags are ASCII, and the
/// full-width minus means the same to a query.
fn arguments() -> impl Iterator<Item = OsString> {
    std::env::args_os().map(|argument| {
        let exclusion = argument
            .to_str()
            .and_then(|argument| argument.strip_prefix('-'))
            .filter(|rest| rest.starts_with(|c: char| !c.is_ascii() || c == '"'));
        match exclusion {
            Some(rest) => format!("－{rest}").into(),
            None => argument,
        }
    })
}

fn limit(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|limit| (1..=100).contains(limit))
        .ok_or_else(|| "应为 1 至 100 的整数".to_owned())
}

/// Writes a line to standard error; when that is gone there is nobody to tell.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", one_line(line));
}

/// Text on one line, whatever a file's name or content puts into it.
pub(crate) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect()
}
