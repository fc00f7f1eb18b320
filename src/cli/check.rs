//! `cesou check`: whether settings, vocabulary, store, keys and index are sound, and what the next
//! build would change. Nothing is written, and a service may run meanwhile.

use std::io::{self, Write};
use std::net::{TcpListener, ToSocketAddrs};
use std::path::Path;

use cesou::backup::{self, Part, Places};
use cesou::config::Settings;
use cesou::index::{self as library, Changed, Forecast, Plan, Texts};
use cesou::store::{self, Store};
use clap::Args;
use serde::Serialize;

use super::index::{corpus, counted, size};
use super::progress::Bar;
use super::{Outcome, one_line};

/// Names and warnings shown one by one; the rest is only counted.
const SHOWN: usize = 20;

#[derive(Args)]
pub(crate) struct Flags {
    /// 有警告（如读不了的文件、注意事项）时以退出码 2 结束
    #[arg(long)]
    strict: bool,
    /// 以 JSON 输出
    #[arg(long)]
    json: bool,
}

/// All that was found.
#[derive(Serialize)]
struct Checked {
    /// What keeps the service from starting or the index from being brought up to date, in Chinese.
    errors: Vec<String>,
    /// What `--strict` does not let pass: how many things, those in the report of the build
    /// included.
    warnings: u64,
    /// What of that is not in the report of the build, in Chinese.
    remarks: Vec<String>,
    /// Vocabulary, store, keys, and each generation of the index.
    parts: Vec<Part>,
    /// What the next build would change; nothing where that cannot be known.
    index: Option<Forecast>,
}

/// Says that the settings cannot be used, so that nothing else can be looked at.
pub(super) fn refuse(flags: &Flags, error: &str) -> anyhow::Result<Outcome> {
    if !flags.json {
        anyhow::bail!("{error}");
    }
    show(
        flags,
        &Checked {
            errors: vec![error.to_owned()],
            warnings: 0,
            remarks: Vec::new(),
            parts: Vec::new(),
            index: None,
        },
    )
}

pub(super) fn run(settings: &Settings, flags: &Flags) -> anyhow::Result<Outcome> {
    let mut errors = Vec::new();
    let mut remarks = misplaced(settings);
    errors.extend(unreachable(settings));
    let parts = backup::verify(&Places::from(settings)).parts;
    for part in &parts {
        // A damaged generation is passed over, and built anew; a damaged day of counts is set aside;
        // what the store lost is lost already.
        let is_fatal = match part.part {
            "index" | "analytics" => false,
            "store" => {
                Store::open_to_read(&settings.store.path, &(&settings.store).into()).is_err()
            }
            _ => true,
        };
        let list = if is_fatal { &mut errors } else { &mut remarks };
        list.extend(part.problems.iter().map(|it| format!("{} {it}", part.name)));
    }
    let index = match forecast(settings) {
        Ok(index) => Some(index),
        Err(error) => {
            let error = error.to_string();
            // What keeps it from being told is named already, where it is the corpus or the store.
            if !errors.iter().any(|known| known.ends_with(&error)) {
                errors.push(error);
            }
            None
        }
    };
    if settings.index.path.exists() && !settings.index.path.is_dir() {
        let path = settings.index.path.clone();
        errors.push(library::Error::NotAFolder { path }.to_string());
    }
    let of_build = index.as_ref().map_or(0, |index| {
        let all: u64 = index.report.warning_counts.values().sum();
        all + index.report.skipped.len() as u64
    });
    show(
        flags,
        &Checked {
            warnings: remarks.len() as u64 + of_build,
            errors,
            remarks,
            parts,
            index,
        },
    )
}

/// What the next build would do.
fn forecast(settings: &Settings) -> anyhow::Result<Forecast> {
    let (corpus, options) = corpus(settings)?;
    let store = store::Options::from(&settings.store);
    let (store, _) = Store::open_to_read(&settings.store.path, &store)?;
    let texts = Texts {
        corpus: &corpus,
        sent: Some(&store),
    };
    let bar = Bar::reading();
    let progress = |progress| bar.show(progress);
    let told = library::forecast(texts, &settings.index.path, &options, &progress);
    Ok(told?)
}

/// Why the address cannot be listened on, whatever listens there now.
fn unreachable(settings: &Settings) -> Option<String> {
    let host = settings.server.host.as_str();
    let try_it = || {
        // Any free port tells; that of the settings may be in use by the very service.
        let addresses: Vec<_> = (host, 0).to_socket_addrs()?.collect();
        TcpListener::bind(addresses.as_slice())
    };
    let source = try_it().err()?;
    let host = host.to_owned();
    let port = settings.server.port;
    Some(cesou::http::Error::Listen { host, port, source }.to_string())
}

/// Folders that stand where their files would be taken for reports.
fn misplaced(settings: &Settings) -> Vec<String> {
    let reports = settings.corpus.path.join("reports");
    let reports = reports.canonicalize().unwrap_or(reports);
    let is_within = |path: &Path| path.canonicalize().is_ok_and(|it| it.starts_with(&reports));
    [
        ("index.path", &settings.index.path),
        ("store.path", &settings.store.path),
        ("keys.path", &settings.keys.path),
        ("analytics.path", &settings.analytics.path),
    ]
    .into_iter()
    .filter(|(_, path)| is_within(path))
    .map(|(key, path)| {
        format!(
            "{key} 指向 {}，在报告文件夹里，会被当作报告读取；请移到别处",
            path.display()
        )
    })
    .collect()
}

fn show(flags: &Flags, checked: &Checked) -> anyhow::Result<Outcome> {
    let mut out = io::stdout().lock();
    if flags.json {
        serde_json::to_writer_pretty(&mut out, checked).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        print(&mut out, checked)?;
    }
    Ok(if !checked.errors.is_empty() {
        Outcome::Failed
    } else if flags.strict && checked.warnings > 0 {
        Outcome::Skipped
    } else {
        Outcome::Done
    })
}

fn print(out: &mut impl Write, checked: &Checked) -> io::Result<()> {
    writeln!(out, "设置：无误")?;
    for part in &checked.parts {
        let state = if part.whole { "无误" } else { "有误" };
        let mut held = vec![part.holds.clone()];
        if part.bytes > 0 {
            held.push(size(part.bytes));
        }
        held.retain(|it| !it.is_empty());
        let held = match held.as_slice() {
            [] => String::new(),
            held => format!("（{}）", held.join("，")),
        };
        writeln!(out, "{}：{state}{held}", part.name)?;
        if let Some(advice) = &part.advice {
            writeln!(out, "  {}", one_line(advice))?;
        }
    }
    if let Some(index) = &checked.index {
        print_forecast(out, index)?;
    }
    list(out, "警告", checked.remarks.iter().cloned())?;
    list(out, "错误", checked.errors.iter().cloned())?;
    match (checked.errors.len(), checked.warnings) {
        (0, 0) => writeln!(out, "检查完毕：没有问题"),
        (errors, warnings) => {
            writeln!(out, "检查完毕：{errors} 处错误，{warnings} 处警告")
        }
    }
}

fn print_forecast(out: &mut impl Write, told: &Forecast) -> io::Result<()> {
    let report = &told.report;
    let what = match told.plan {
        Plan::Keep => "不会改动",
        Plan::Update => "会收入改动的部分",
        Plan::Rebuild => "会全部重建",
        Plan::Build => "会首次建立",
        Plan::Blocked => "词表改正之前不会更新",
    };
    writeln!(
        out,
        "下次启动或建立时，索引{what}：共 {} 个文件、{} 份提交的报告，{} 篇报告、{} 个段落",
        report.files, report.sent, report.reports, report.passages
    )?;
    for reason in &told.reasons {
        writeln!(out, "  重建的原因：{}", one_line(&because(reason)))?;
    }
    let is_first = told.plan == Plan::Build;
    list(
        out,
        "  新增文件",
        told.added.iter().filter(|_| !is_first).cloned(),
    )?;
    list(out, "  改动的文件", told.changed.iter().cloned())?;
    list(out, "  移除的文件", told.removed.iter().cloned())?;
    if told.sent + told.withdrawn > 0 {
        writeln!(
            out,
            "  提交的报告：{} 份新增或改动，{} 份撤回",
            told.sent, told.withdrawn
        )?;
    }
    if told.synonyms_changed {
        writeln!(out, "  同义词有改动：启动后即生效，无需重建")?;
    }
    if told.bytes_to_read > 0 {
        let basis = if told.measured {
            "按上次建立的速度"
        } else {
            "按每秒 1 MB 粗估"
        };
        writeln!(
            out,
            "  要读 {}，用时{}（{basis}）",
            size(told.bytes_to_read),
            duration(told.seconds)
        )?;
    }
    let skipped = report.skipped.iter();
    let skipped = skipped.map(|it| format!("{}：{}", it.source, it.reason));
    list(out, "读不了的文件", skipped)?;
    let all: u64 = report.warning_counts.values().sum();
    if all > 0 {
        writeln!(
            out,
            "注意事项：{all} 条（{}）",
            counted(&report.warning_counts)
        )?;
        let shown = report.warnings.iter().take(SHOWN);
        for it in shown {
            let line = format!("  {} 第 {} 行：{}", it.source, it.line, it.message);
            writeln!(out, "{}", one_line(&line))?;
        }
        if all > SHOWN as u64 {
            writeln!(
                out,
                "  另有 {} 条，见 cesou check --json",
                all - SHOWN as u64
            )?;
        }
    }
    Ok(())
}

/// A heading with its number, and the first of what is under it; nothing where there is nothing.
fn list(
    out: &mut impl Write,
    heading: &str,
    items: impl Iterator<Item = String>,
) -> io::Result<()> {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        return Ok(());
    }
    writeln!(out, "{heading}：{} 个", items.len())?;
    let indent = heading.len() - heading.trim_start().len() + 2;
    for item in items.iter().take(SHOWN) {
        writeln!(out, "{:indent$}{}", "", one_line(item))?;
    }
    if items.len() > SHOWN {
        let rest = items.len() - SHOWN;
        writeln!(out, "{:indent$}另有 {rest} 个，见 cesou check --json", "")?;
    }
    Ok(())
}

/// Why all has to be built anew.
fn because(reason: &Changed) -> String {
    let was = |name: &str| match (&reason.from, &reason.to) {
        (Some(from), Some(to)) => format!("{name}由 {from} 变为 {to}"),
        _ => format!("{name}有改动"),
    };
    match reason.what.as_str() {
        "program" => was("程序版本"),
        "schema" => was("索引格式"),
        "damaged" => "没有完好的索引".to_owned(),
        "order" => "新文件在原有文件之间排不下".to_owned(),
        "unknown" => "词表、设置或程序有改动（原索引没有记下是哪一项）".to_owned(),
        setting if reason.from.is_some() || reason.to.is_some() => was(&format!("设置 {setting} ")),
        file => was(&format!("词表 {file} ")),
    }
}

/// A rough length of time, for people.
fn duration(seconds: f64) -> String {
    if seconds < 1.0 {
        "不到 1 秒".to_owned()
    } else if seconds < 120.0 {
        format!("约 {seconds:.0} 秒")
    } else {
        format!("约 {:.0} 分钟", seconds / 60.0)
    }
}
