//! `cesou keys`: keys made, listed and revoked, also while the service runs.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::Context;
use cesou::config::Settings;
use cesou::http::{KeyAnswer, KeyCreated, KeysAnswer};
use cesou::key::{Created, Key, Keyring, Wish, local};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::{Outcome, one_line};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// 建立一把密钥，只在此时显示
    #[command(help_template = super::HELP, next_help_heading = "选项", override_usage = "cesou keys create --name 用途 [选项]")]
    Create {
        #[command(flatten)]
        wish: Box<WishFlags>,
        /// 以 JSON 输出
        #[arg(long)]
        json: bool,
    },
    /// 列出所有密钥，不含密钥本身
    #[command(help_template = super::HELP, next_help_heading = "选项", override_usage = "cesou keys list [选项]")]
    List {
        /// 以 JSON 输出
        #[arg(long)]
        json: bool,
    },
    /// 吊销一把密钥；服务运行中也立即生效
    #[command(help_template = super::HELP, next_help_heading = "选项", override_usage = "cesou keys revoke 编号")]
    Revoke {
        /// 密钥的编号，见 cesou keys list
        #[arg(required = true, value_name = "编号")]
        id: String,
        /// 以 JSON 输出
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub(crate) struct WishFlags {
    /// 用途，供辨认
    #[arg(long, value_name = "用途", required = true)]
    name: String,
    /// 权限：search（检索）、write（写入）、admin（管理，兼有前两项）；可多次使用或以逗号分隔，缺省 search
    #[arg(long, value_name = "权限", value_delimiter = ',')]
    action: Vec<String>,
    /// 允许使用它的网站，如 `https://www.example.org`，可多次使用；缺省不限
    #[arg(long, value_name = "来源")]
    origin: Vec<String>,
    /// 允许写入的报告 id 的开头，可多次使用；缺省不限
    #[arg(long, value_name = "前缀")]
    prefix: Vec<String>,
    /// 检索总是受此筛选，可多次使用，如 --filter province=河北省；缺省不限
    #[arg(long, value_name = "字段=值")]
    filter: Vec<String>,
    /// 失效的日期（当地零时起）或时刻，如 2027-01-01；缺省不过期
    #[arg(long, value_name = "日期")]
    expires: Option<String>,
    /// 每秒请求数的上限；缺省不限
    #[arg(long, value_name = "次数")]
    rate: Option<u32>,
    /// 停歇后一次可连发的请求数；缺省与 --rate 相同
    #[arg(long, value_name = "次数")]
    burst: Option<u32>,
}

impl WishFlags {
    fn wish(self) -> anyhow::Result<Wish> {
        let mut filters: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for filter in self.filter {
            let (field, value) = filter.split_once('=').with_context(|| {
                format!("--filter 应写作 字段=值，如 province=河北省，而不是“{filter}”")
            })?;
            let values = filters.entry(field.trim().to_owned()).or_default();
            values.push(value.trim().to_owned());
        }
        Ok(Wish {
            name: self.name,
            description: None,
            actions: self.action,
            origins: self.origin,
            prefixes: self.prefix,
            filters,
            expires: self.expires,
            rate: self.rate,
            burst: self.burst,
        })
    }
}

pub(super) fn run(settings: &Settings, command: Command) -> anyhow::Result<Outcome> {
    let keys = Keyring::open(&settings.keys.path, None)?;
    let now = Timestamp::now();
    match command {
        Command::Create { wish, json } => {
            let wanted = wish.wish()?.check(now);
            let wanted = wanted.map_err(|fault| anyhow::anyhow!("{fault}"))?;
            created(keys.create(wanted, now)?, json)?;
        }
        Command::List { json } => list(keys.keys(), json)?,
        Command::Revoke { id, json } => {
            let key = keys
                .revoke(&id, now)?
                .with_context(|| format!("没有编号为“{id}”的密钥；用 cesou keys list 查看"))?;
            if json {
                print(&KeyAnswer::new(key))?;
            } else {
                writeln!(io::stdout(), "已吊销密钥 {}", shown(&key))?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn created(made: Created, json: bool) -> io::Result<()> {
    let secret = made.secret.expose_secret();
    if json {
        return print(&KeyCreated {
            about: KeyAnswer::new(made.key),
            key: secret.to_owned(),
        });
    }
    writeln!(
        io::stdout(),
        "已建立密钥 {}，只显示这一次，请妥善保存：\n{secret}",
        shown(&made.key)
    )
}

fn list(keys: Vec<Key>, json: bool) -> io::Result<()> {
    if json {
        let keys: Vec<KeyAnswer> = keys.into_iter().map(KeyAnswer::new).collect();
        let total = keys.len();
        return print(&KeysAnswer { total, keys });
    }
    let mut out = io::stdout().lock();
    if keys.is_empty() {
        return writeln!(out, "还没有密钥；用 cesou keys create 建立");
    }
    let now = Timestamp::now();
    for key in &keys {
        let actions: Vec<&str> = key.actions.iter().map(|action| action.as_str()).collect();
        let status = key.status(now).label();
        writeln!(out, "{}  {status}  {}", shown(key), actions.join("、"))?;
        for (what, values) in [("网站", &key.origins), ("报告前缀", &key.prefixes)] {
            if !values.is_empty() {
                writeln!(out, "    {what}：{}", values.join("、"))?;
            }
        }
        for (facet, values) in &key.filters {
            writeln!(
                out,
                "    {}限于：{}",
                facet.label(),
                one_line(&values.join("、"))
            )?;
        }
        if let Some(rate) = key.rate {
            let (per_second, burst) = (rate.per_second, rate.burst);
            writeln!(out, "    每秒至多 {per_second} 次，连发至多 {burst} 次")?;
        }
        write!(out, "    建立于 {}", local(key.created))?;
        for (what, at) in [("失效于", key.expires), ("吊销于", key.revoked)] {
            if let Some(at) = at {
                write!(out, "，{what} {}", local(at))?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn shown(key: &Key) -> String {
    one_line(&key.to_string())
}

fn print(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)
}
