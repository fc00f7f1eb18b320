//! What a reader is told of how the query was read, with the way back.

use crate::http::pages::links::Links;
use crate::query::rewrite::RewriteKind;
use crate::search::{Response, Rewrite};

/// The most other words that one line names.
const NAMED: usize = 12;

/// A line above the hits with a link.
pub(in crate::http::pages) struct Aside {
    pub(super) text: String,
    pub(super) label: String,
    pub(super) url: String,
}

/// Whether it is a bound on figures; these come first, in the order of their conditions.
fn is_bound(rewrite: &Rewrite) -> bool {
    rewrite.kind == RewriteKind::Quantity
}

/// What was read otherwise than it was typed, what may have been meant, and the regions named.
pub(super) fn asides(response: &Response, links: &Links) -> Vec<Aside> {
    let mut asides = Vec::new();
    let instead =
        |rewrite: &&Rewrite| matches!(rewrite.kind, RewriteKind::Pinyin | RewriteKind::Typo);
    for rewrite in response.rewrites.iter().filter(instead) {
        let (from, to) = (&rewrite.from, &rewrite.to);
        asides.push(Aside {
            text: match rewrite.kind {
                RewriteKind::Typo => format!("没有段落含有“{from}”的全部词语，已按“{to}”检索。"),
                _ => format!("“{from}”已按“{to}”检索。"),
            },
            label: format!("仍检索“{from}”"),
            url: match &rewrite.original {
                Some(original) => links.with("q", Some(original)),
                None => links.with("rewrites", Some("false")),
            },
        });
    }
    let bounds = response.rewrites.iter().zip(&response.quantities);
    for (rewrite, condition) in bounds.filter(|(rewrite, _)| is_bound(rewrite)) {
        let from = &rewrite.from;
        asides.push(Aside {
            text: format!("“{from}”已按数值条件“{}”检索。", condition.label()),
            label: format!("仍检索“{from}”"),
            url: match &rewrite.original {
                Some(original) => links.with("q", Some(original)),
                None => links.with("rewrites", Some("false")),
            },
        });
    }
    let beside: Vec<&str> = response
        .rewrites
        .iter()
        .filter(|rewrite| !instead(rewrite) && !is_bound(rewrite))
        .map(|rewrite| rewrite.to.as_str())
        .collect();
    if !beside.is_empty() {
        let more = if beside.len() > NAMED { "等" } else { "" };
        let named = beside.get(..NAMED).unwrap_or(&beside).join("、");
        asides.push(Aside {
            text: format!("也检索了意思相同的写法：{named}{more}。"),
            label: "只按原词检索".to_owned(),
            url: links.with("rewrites", Some("false")),
        });
    }
    if let Some(meant) = &response.did_you_mean {
        asides.push(Aside {
            text: "您要找的是不是：".to_owned(),
            label: meant.clone(),
            url: links.with("q", Some(meant)),
        });
    }
    for named in &response.regions {
        let (facet, value) = &named.filter;
        let name = named.region.full_name();
        asides.push(Aside {
            text: format!("{name}的报告排在前面。"),
            label: format!("只看{name}"),
            url: links.toggled(*facet, value, false),
        });
    }
    asides
}
