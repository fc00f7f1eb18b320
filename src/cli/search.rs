//! `cesou search`: hits in the terminal, marked where it shows colours; those that the service would
//! answer with, pinned ones included.

use std::io::{self, Write};

use anyhow::Context;
use cesou::config::Settings;
use cesou::quantity::Condition;
use cesou::query::rewrite::RewriteKind;
use cesou::report::Kind;
use cesou::search::{self, Facet, Filters, Hit, Match, Request};
use console::Style;

use super::{Outcome, index};

pub(super) fn run(
    settings: &Settings,
    query: &str,
    exact: bool,
    limit: usize,
    filters: &[String],
) -> anyhow::Result<Outcome> {
    let (filters, quantities) = parse_filters(filters)?;
    let request = Request {
        text: query.to_owned(),
        matching: if exact { Match::Exact } else { Match::Smart },
        filters,
        quantities,
        per_page: limit,
        ..Request::default()
    };
    let opened = index::open_as_served(settings)?;
    let options = search::Options::from(&settings.search);
    let response = search::search(&opened.snapshot, &request, &options)?;
    let mut out = io::stdout().lock();
    if let Some(relaxed) = response.relaxed {
        writeln!(out, "{}", relaxed.notice())?;
    }
    for rewrite in &response.rewrites {
        let (from, to) = (&rewrite.from, &rewrite.to);
        match rewrite.kind {
            RewriteKind::Pinyin | RewriteKind::Typo | RewriteKind::Quantity => {
                writeln!(out, "“{from}”已按“{to}”检索")?;
            }
            RewriteKind::Synonym | RewriteKind::Number => {
                writeln!(out, "“{from}”也检索了“{to}”")?;
            }
        }
    }
    if let Some(meant) = &response.did_you_mean {
        writeln!(out, "您要找的是不是：{meant}")?;
    }
    for unmet in &response.unmet_quantities {
        let unmet = unmet.label();
        writeln!(out, "没有段落的数值符合“{unmet}”，已按原来的字词检索")?;
    }
    writeln!(out, "共 {} 个段落", response.total)?;
    for (number, hit) in (1..).zip(&response.hits) {
        print(&mut out, number, hit)?;
    }
    Ok(Outcome::Done)
}

/// The filters on fields, and those on figures, which are named `quantity`.
fn parse_filters(filters: &[String]) -> anyhow::Result<(Filters, Vec<Condition>)> {
    let mut parsed = Filters::new();
    let mut quantities = Vec::new();
    for filter in filters {
        let (name, value) = filter.split_once('=').with_context(|| {
            format!("--filter 应写作 字段=值，如 province=河北省，而不是“{filter}”")
        })?;
        if name.trim() == "quantity" {
            match Condition::parse(value.trim()) {
                Ok(condition) => quantities.push(condition),
                Err(allowed) => {
                    anyhow::bail!("筛选 {name} 的值“{value}”无效；应为：{allowed}")
                }
            }
            continue;
        }
        let facet = Facet::named(name.trim()).with_context(|| {
            let all = Facet::ALL.map(Facet::as_str).join("、") + "、quantity";
            format!("没有名为“{name}”的筛选字段；可用的有：{all}")
        })?;
        let value = value.trim();
        if let Err(allowed) = facet.check(value) {
            anyhow::bail!("筛选 {name} 的值“{value}”无效；应为：{allowed}");
        }
        parsed.entry(facet).or_default().push(value.to_owned());
    }
    Ok((parsed, quantities))
}

fn print(out: &mut impl Write, number: usize, hit: &Hit) -> io::Result<()> {
    let heading = hit.heading.as_ref().map_or_else(
        || hit.passage.kind.label().to_owned(),
        |marked| coloured(&marked.html),
    );
    let place = match hit.passage.kind {
        Kind::Overview => hit.passage.kind.label().to_owned(),
        kind => format!("{} {}", kind.label(), hit.passage.dotted_path()),
    };
    let dim = Style::new().dim();
    let pinned = if hit.pinned {
        format!("{} · ", Style::new().bold().apply_to("置顶"))
    } else {
        String::new()
    };
    writeln!(out)?;
    writeln!(out, "{number:>3}. {heading}")?;
    writeln!(
        out,
        "     {pinned}{}",
        dim.apply_to(format!(
            "{} · {place} · {} · {:.2}",
            hit.report.title, hit.passage.id, hit.score
        ))
    )?;
    writeln!(out, "     {}", coloured(&hit.snippet.html))
}

/// Marked HTML for a terminal: matches in colour where it has colours, plain where not.
fn coloured(html: &str) -> String {
    let style = Style::new().red().bold();
    let mut out = String::new();
    for (nth, piece) in html.split("<mark>").enumerate() {
        let (marked, plain) = match piece.split_once("</mark>") {
            Some((marked, plain)) if nth > 0 => (marked, plain),
            _ => ("", piece),
        };
        if !marked.is_empty() {
            out.push_str(&style.apply_to(unescaped(marked)).to_string());
        }
        out.push_str(&unescaped(plain));
    }
    out
}

fn unescaped(html: &str) -> String {
    html.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}
