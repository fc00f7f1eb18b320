//! The search page.

use askama::Template;

use super::facets::{self, FacetView};
use super::understood::{Reading, readings};
use super::{Chip, above, facts, figures, number, region, themes};
use crate::http::pages::frame::{Frame, Section};
use crate::http::pages::links::Links;
use crate::http::pages::meta::{self, Meta};
use crate::http::pages::text::{Texts, counted, fill, grouped};
use crate::http::pages::visit::Visit;
use crate::index::Snapshot;
use crate::report::Kind;
use crate::search::{Hit, Match, Relaxation, Request, Response, Sort};

/// Page numbers shown on either side of the one at hand.
const PAGES_AROUND: usize = 2;

/// The search page.
#[derive(Template)]
#[template(path = "search.html", config = "src/http/askama.toml")]
pub(in crate::http::pages) struct SearchPage {
    frame: Frame,
    t: &'static Texts,
    /// Whether nothing was asked for yet.
    home: bool,
    switches: Vec<(&'static str, Vec<Choice>)>,
    chips: Vec<Chip>,
    /// How many conditions are chosen.
    chosen: usize,
    clear: String,
    exports: Vec<(&'static str, String)>,
    map: String,
    matrix: String,
    facets: Vec<FacetView>,
    summary: String,
    notices: Vec<String>,
    readings: Vec<Reading>,
    /// What may have been meant instead, with the search for it.
    meant: Option<(String, String)>,
    hits: Vec<HitView>,
    pages: Vec<PageLink>,
    empty: Option<Empty>,
    corpus: String,
    /// The place of the first hit among all, where it is told which of them is chosen.
    told_from: Option<usize>,
}

/// Why there is nothing to show, and what to try.
struct Empty {
    what: &'static str,
    hints: Vec<(&'static str, String)>,
}

struct Choice {
    label: &'static str,
    title: &'static str,
    url: String,
    chosen: bool,
}

struct HitView {
    id: String,
    url: String,
    heading_html: String,
    number: String,
    way: Option<String>,
    region: String,
    report_title_html: String,
    report_url: String,
    facts: Vec<String>,
    snippet_html: String,
    figures: Vec<figures::FigureView>,
    themes: Vec<(String, String)>,
    missing: Vec<String>,
    /// How many passages of its report match, with the search for them.
    others: Option<(String, String)>,
    /// Whether the site owner puts it first.
    pinned: bool,
}

struct PageLink {
    label: String,
    /// What it is called where it is heard, not seen.
    name: String,
    url: String,
    current: bool,
    relation: &'static str,
    /// Whether pages are left out before it.
    gap: bool,
}

impl SearchPage {
    pub(in crate::http::pages) fn new(
        snapshot: &Snapshot,
        request: &Request,
        response: &Response,
        visit: &Visit,
        max_depth: usize,
    ) -> Self {
        let t = Texts::of(visit.lang);
        let links = Links::new("/", visit);
        let Asked {
            chips,
            readings,
            meant,
            notices,
        } = Asked::new(request, response, &links, t);
        let found = response.reports.unwrap_or(response.total);
        let title = titled(request, &chips, t);
        Self {
            frame: Frame::new(visit, Some(Section::Search), &title)
                .saying(|meta| said(meta, &title, response, visit)),
            t,
            home: links.is_bare() && request.page == 1,
            switches: switches(request, &links, t),
            chosen: chips.len(),
            chips,
            clear: links.unfiltered(),
            exports: [
                (t.export_csv, "csv"),
                ("JSONL", "jsonl"),
                ("Markdown", "md"),
            ]
            .map(|(label, format)| (label, links.export(format)))
            .into(),
            map: links.map(),
            matrix: links.matrix(&[]),
            facets: facets::views(request, response, &links, t),
            summary: summary(request, response, t),
            readings,
            meant,
            notices,
            hits: response
                .hits
                .iter()
                .map(|hit| HitView::new(hit, &links, t))
                .collect(),
            pages: page_links(request, found, max_depth, &links, t),
            empty: empty(snapshot, request, response, &links, t),
            corpus: corpus(snapshot, t),
            told_from: Some((request.page - 1).saturating_mul(request.per_page) + 1),
        }
    }

    /// The same that has a browser tell which hit is chosen, or not.
    pub(in crate::http::pages) fn telling_clicks(self, tells: bool) -> Self {
        Self {
            told_from: self.told_from.filter(|_| tells),
            ..self
        }
    }
}

/// What was asked and how it was taken, as every page that shows a search repeats it.
pub(super) struct Asked {
    pub(super) chips: Vec<Chip>,
    pub(super) readings: Vec<Reading>,
    pub(super) meant: Option<(String, String)>,
    pub(super) notices: Vec<String>,
}

impl Asked {
    pub(super) fn new(request: &Request, response: &Response, links: &Links, t: &Texts) -> Self {
        let meant = response.did_you_mean.clone();
        Self {
            chips: chips(request, response, links, t),
            readings: readings(request, response, links, t),
            meant: meant.map(|meant| (meant.clone(), links.with("q", Some(&meant)))),
            notices: notices(response, t),
        }
    }
}

/// What a page of hits is called: what was typed, or else what hits are narrowed to, and the page
/// past the first; nothing where nothing was asked for.
fn titled(request: &Request, chips: &[Chip], t: &Texts) -> String {
    let typed = request.text.trim();
    let chosen = || chips.iter().map(|chip| &*chip.value).collect::<Vec<_>>();
    let about = if typed.is_empty() {
        chosen().join(t.enumerated)
    } else {
        typed.to_owned()
    };
    if request.page == 1 {
        return about;
    }
    let page = counted(t.page, request.page as u64, &[]);
    let parts = [about, page];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" - ")
}

/// What a page of hits says of itself to machines.
fn said(meta: Meta, title: &str, response: &Response, visit: &Visit) -> Meta {
    let t = Texts::of(visit.lang);
    let meta = meta.with_feed(visit);
    if title.is_empty() {
        return if meta.is_listed {
            meta.with(&meta::site(visit))
        } else {
            meta
        };
    }
    let found = counted(t.found, response.total as u64, &[]);
    meta.describe(&fill(
        t.describe_search,
        &[("text", title), ("found", &found)],
    ))
}

/// How much there is.
pub(super) fn corpus(snapshot: &Snapshot, t: &Texts) -> String {
    let reports = grouped(snapshot.reports().len() as u64);
    let passages = grouped(snapshot.passages());
    fill(t.corpus, &[("reports", &*reports), ("passages", &passages)])
}

/// What can be chosen above the hits, with the name of each choice.
fn switches(request: &Request, links: &Links, t: &Texts) -> Vec<(&'static str, Vec<Choice>)> {
    let modes = [
        (t.smart, t.smart_title, None, Match::Smart),
        (t.exact, t.exact_title, Some("exact"), Match::Exact),
    ]
    .map(|(label, title, value, mode)| Choice {
        label,
        title,
        url: links.with("match", value),
        chosen: request.matching == mode,
    });
    let sorts = Sort::ALL
        .into_iter()
        .filter(|&sort| sort != Sort::Quantity || !request.quantities.is_empty())
        .map(|sort| {
            let (label, title) = t.order(sort);
            Choice {
                label,
                title,
                url: links.with("sort", (sort != Sort::default()).then_some(sort.as_str())),
                chosen: request.sort == sort,
            }
        });
    let groups = [
        (t.ungrouped, t.ungrouped_title, None),
        (t.grouped, t.grouped_title, Some("report")),
    ]
    .map(|(label, title, value)| Choice {
        label,
        title,
        url: links.with("group", value),
        chosen: request.by_report == value.is_some(),
    });
    vec![
        (t.matching, modes.into()),
        (t.list, groups.into()),
        (t.sort, sorts.collect()),
    ]
}

fn chips(request: &Request, response: &Response, links: &Links, t: &Texts) -> Vec<Chip> {
    request
        .filters
        .iter()
        .flat_map(|(facet, values)| {
            values.iter().map(move |value| {
                let label = response
                    .facets
                    .get(facet)
                    .and_then(|counted| counted.iter().find(|counted| counted.value == *value))
                    .map_or_else(|| value.clone(), |counted| facets::name(*facet, counted, t));
                let url = links.without(facet.as_str(), value);
                Chip::new(t, Some(*facet), label, url)
            })
        })
        .chain(figures::chips(request, links, t))
        .chain(facts::chips(request, links, t))
        .collect()
}

fn summary(request: &Request, response: &Response, t: &Texts) -> String {
    if response.total == 0 {
        return t.none_found.to_owned();
    }
    let total = response.total as u64;
    if response.hits.is_empty() {
        let page = request.page.to_string();
        return counted(t.found_past, total, &[("page", &page)]);
    }
    let listed = response.reports.unwrap_or(response.total);
    if listed <= request.per_page && response.reports.is_none() {
        return counted(t.found, total, &[]);
    }
    let first = (request.page - 1) * request.per_page + 1;
    let last = first + response.hits.len() - 1;
    let (first, last) = (grouped(first as u64), grouped(last as u64));
    let reports = grouped(response.reports.unwrap_or_default() as u64);
    let values = [("first", &*first), ("last", &last), ("reports", &reports)];
    let text = if response.reports.is_some() {
        t.found_reports
    } else {
        t.found_here
    };
    counted(text, total, &values)
}

/// What a reader should know about how the query was taken.
fn notices(response: &Response, t: &Texts) -> Vec<String> {
    let relaxed = response.relaxed.filter(|_| response.total > 0);
    let relaxed = relaxed.map(|Relaxation { complete, .. }| match complete {
        0 => t.relaxed_none.to_owned(),
        complete => counted(t.relaxed_some, complete as u64, &[]),
    });
    relaxed
        .into_iter()
        .chain(response.truncated.then(|| t.truncated.to_owned()))
        .chain(figures::notice(response, t))
        .collect()
}

fn empty(
    snapshot: &Snapshot,
    request: &Request,
    response: &Response,
    links: &Links,
    t: &Texts,
) -> Option<Empty> {
    if !response.hits.is_empty() {
        return None;
    }
    if snapshot.passages() == 0 {
        return Some(Empty {
            what: t.no_reports,
            hints: Vec::new(),
        });
    }
    let mut hints = Vec::new();
    if response.total > 0 {
        hints.push((t.first_page, links.here()));
    }
    if !request.filters.is_empty() {
        hints.push((t.drop_filters, links.unfiltered()));
    }
    if request.matching == Match::Exact {
        hints.push((t.use_smart, links.with("match", None)));
    }
    hints.push((t.browse, links.to("/")));
    Some(Empty {
        what: if response.total > 0 {
            t.no_page
        } else {
            t.no_match
        },
        hints,
    })
}

fn page_links(
    request: &Request,
    found: usize,
    max_depth: usize,
    links: &Links,
    t: &Texts,
) -> Vec<PageLink> {
    let reachable = found.min(max_depth);
    let last = reachable.div_ceil(request.per_page);
    if last <= 1 {
        return Vec::new();
    }
    let here = request.page;
    let link = |page: usize, label: Option<&str>, relation| {
        let number = page.to_string();
        PageLink {
            url: links.with("page", (page > 1).then_some(number.as_str())),
            name: counted(t.page, page as u64, &[]),
            label: label.map_or(number, str::to_owned),
            current: page == here,
            relation,
            gap: false,
        }
    };
    let mut pages = Vec::new();
    if here > 1 {
        pages.push(link(here.min(last + 1) - 1, Some(t.previous_page), "prev"));
    }
    let from = here.saturating_sub(PAGES_AROUND).max(1).min(last);
    let to = (here + PAGES_AROUND).min(last);
    let shown = (from..=to).chain([1, last]);
    let shown: std::collections::BTreeSet<usize> = shown.collect();
    let mut before = 0;
    for page in shown {
        pages.push(PageLink {
            gap: page > before + 1,
            ..link(page, None, "")
        });
        before = page;
    }
    if here < last {
        pages.push(link(here + 1, Some(t.next_page), "next"));
    }
    pages
}

impl HitView {
    fn new(hit: &Hit, links: &Links, t: &Texts) -> Self {
        let others = hit.in_report.filter(|&count| count > 1);
        Self {
            id: hit.passage.id.clone(),
            url: links.passage(&hit.passage.id),
            // An overview is headed by its report's title.
            heading_html: hit
                .heading
                .as_ref()
                .map_or_else(|| hit.title.html.clone(), |marked| marked.html.clone()),
            number: match hit.passage.kind {
                Kind::Overview => t.overview.to_owned(),
                Kind::Measure | Kind::Attachment => number(&hit.passage, t),
            },
            way: above(&hit.passage),
            region: region(&hit.report, t),
            report_title_html: hit.title.html.clone(),
            report_url: links.report(&hit.report.id),
            facts: facts::of(&hit.report, t).shown,
            snippet_html: hit.snippet.html.clone(),
            figures: figures::of(hit),
            themes: themes(&hit.passage, links),
            missing: hit.missing.clone(),
            pinned: hit.pinned,
            others: others.map(|count| {
                let label = counted(t.in_report, count as u64, &[]);
                (label, links.within_report(&hit.report.id))
            }),
        }
    }
}
