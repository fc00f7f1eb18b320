//! What the templates are given: texts, counts and addresses, nothing left to decide.

mod facets;
mod facts;
mod figures;
mod matrix;
mod similar;
mod understood;

use askama::Template;

use self::facets::FacetView;
use self::facts::Facts;
pub(super) use self::matrix::MatrixPage;
use self::similar::SimilarView;
use self::understood::{Aside, asides};
use super::links::Links;
use crate::http::api::InReport;
use crate::http::problem::Problem;
use crate::http::wire::{passage_url, report_url};
use crate::index::{PassageRecord, ReportRecord, Snapshot};
use crate::report::Kind;
use crate::search::{self, Facet, Highlighter, Hit, Match, Request, Response, Similar, Sort};

/// Page numbers shown on either side of the one at hand.
const PAGES_AROUND: usize = 3;

/// The search page.
#[derive(Template)]
#[template(path = "search.html", config = "src/http/askama.toml")]
pub(super) struct SearchPage {
    title: String,
    /// Whether nothing was asked for yet.
    home: bool,
    text: String,
    carried: Vec<(String, String)>,
    modes: Vec<Choice>,
    sorts: Vec<Choice>,
    chips: Vec<Chip>,
    clear: String,
    exports: Vec<(&'static str, String)>,
    matrix: String,
    facets: Vec<FacetView>,
    summary: String,
    notices: Vec<String>,
    asides: Vec<Aside>,
    hits: Vec<HitView>,
    pages: Vec<PageLink>,
    empty: Option<Empty>,
    corpus: String,
}

/// Why there is nothing to show, and what to try.
struct Empty {
    what: String,
    hints: Vec<(String, String)>,
}

struct Choice {
    label: &'static str,
    title: &'static str,
    url: String,
    chosen: bool,
}

struct Chip {
    label: String,
    url: String,
}

struct HitView {
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
}

struct PageLink {
    label: String,
    url: String,
    current: bool,
    relation: &'static str,
}

impl SearchPage {
    pub(super) fn new(
        snapshot: &Snapshot,
        request: &Request,
        response: &Response,
        pairs: &[(String, String)],
        max_depth: usize,
    ) -> Self {
        let links = Links::new(pairs);
        let facets = facets::views(request, response, &links);
        let title = if request.text.trim().is_empty() {
            "策搜".to_owned()
        } else {
            format!("{} - 策搜", request.text.trim())
        };
        Self {
            title,
            home: links.is_bare() && request.page == 1,
            text: request.text.clone(),
            carried: links.carried(),
            modes: modes(request, &links),
            sorts: sorts(request, &links),
            chips: chips(request, response, &links),
            clear: links.unfiltered(),
            exports: [("CSV 表格", "csv"), ("JSONL", "jsonl"), ("Markdown", "md")]
                .map(|(label, format)| (label, links.export(format)))
                .into(),
            matrix: links.matrix(&[]),
            facets,
            summary: summary(request, response),
            asides: asides(response, &links),
            notices: notices(response),
            hits: response
                .hits
                .iter()
                .map(|hit| HitView::new(hit, &links))
                .collect(),
            pages: page_links(request, response.total, max_depth, &links),
            empty: empty(snapshot, request, response, &links),
            corpus: format!(
                "共收录 {} 篇报告、{} 个段落",
                snapshot.reports().len(),
                snapshot.passages()
            ),
        }
    }
}

fn modes(request: &Request, links: &Links) -> Vec<Choice> {
    vec![
        Choice {
            label: "智能",
            title: "按词语匹配并排序",
            url: links.with("match", None),
            chosen: request.matching == Match::Smart,
        },
        Choice {
            label: "精确",
            title: "只找原文中连续出现的字句",
            url: links.with("match", Some("exact")),
            chosen: request.matching == Match::Exact,
        },
    ]
}

fn sorts(request: &Request, links: &Links) -> Vec<Choice> {
    Sort::ALL
        .into_iter()
        .filter(|&sort| sort != Sort::Quantity || !request.quantities.is_empty())
        .map(|sort| {
            let (label, title) = match sort {
                Sort::Relevance => ("相关", "最相关的在前"),
                Sort::Region => ("地区", "按行政区划代码"),
                Sort::Document => ("原文", "按语料中的次序"),
                Sort::Quantity => ("数值", "符合条件的数值大的在前"),
                Sort::Date => ("日期", "新近的在前，没有日期的在后"),
            };
            Choice {
                label,
                title,
                url: links.with("sort", (sort != Sort::default()).then_some(sort.as_str())),
                chosen: request.sort == sort,
            }
        })
        .collect()
}

fn chips(request: &Request, response: &Response, links: &Links) -> Vec<Chip> {
    request
        .filters
        .iter()
        .flat_map(|(facet, values)| {
            values.iter().map(move |value| {
                let label = response
                    .facets
                    .get(facet)
                    .and_then(|counted| counted.iter().find(|counted| counted.value == *value))
                    .map_or_else(|| value.clone(), |counted| facets::name(*facet, counted));
                Chip {
                    label: format!("{}：{label}", facet.label()),
                    url: links.without(facet.as_str(), value),
                }
            })
        })
        .chain(figures::chips(request, links))
        .chain(facts::chips(request, links))
        .collect()
}

fn summary(request: &Request, response: &Response) -> String {
    if response.total == 0 {
        return "没有找到段落".to_owned();
    }
    let first = (request.page - 1) * request.per_page + 1;
    let last = first + response.hits.len().saturating_sub(1);
    if response.hits.is_empty() {
        return format!("共 {} 个段落，没有第 {} 页", response.total, request.page);
    }
    format!("共 {} 个段落，第 {first}–{last} 个", response.total)
}

/// What a reader should know about how the query was taken.
fn notices(response: &Response) -> Vec<String> {
    let relaxed = response.relaxed.filter(|_| response.total > 0);
    let truncated = response
        .truncated
        .then(|| "查询太长，只按其中前面的词检索；要找整段原文，请用精确匹配".to_owned());
    relaxed
        .map(search::Relaxation::notice)
        .into_iter()
        .chain(truncated)
        .chain(figures::notice(response))
        .collect()
}

fn empty(
    snapshot: &Snapshot,
    request: &Request,
    response: &Response,
    links: &Links,
) -> Option<Empty> {
    if !response.hits.is_empty() {
        return None;
    }
    if snapshot.passages() == 0 {
        return Some(Empty {
            what: "还没有报告。请把报告（.txt）放入语料目录的 reports/ 文件夹，然后重新启动。"
                .to_owned(),
            hints: Vec::new(),
        });
    }
    let mut hints = Vec::new();
    if response.total > 0 {
        hints.push(("回到第一页".to_owned(), links.here()));
    }
    if !request.filters.is_empty() {
        hints.push(("去掉所有筛选".to_owned(), links.unfiltered()));
    }
    if request.matching == Match::Exact {
        hints.push(("改用智能匹配".to_owned(), links.with("match", None)));
    }
    hints.push(("浏览全部段落".to_owned(), "/".to_owned()));
    Some(Empty {
        what: "没有符合条件的段落。可以换个说法、减少词语，或者：".to_owned(),
        hints,
    })
}

fn page_links(request: &Request, total: usize, max_depth: usize, links: &Links) -> Vec<PageLink> {
    let reachable = total.min(max_depth);
    let last = reachable.div_ceil(request.per_page);
    if last <= 1 {
        return Vec::new();
    }
    let here = request.page;
    let url = |page: usize| {
        let number = page.to_string();
        links.with("page", (page > 1).then_some(number.as_str()))
    };
    let link = |page: usize, label: String, relation| PageLink {
        label,
        url: url(page),
        current: page == here,
        relation,
    };
    let mut pages = Vec::new();
    if here > 1 {
        pages.push(link(here.min(last + 1) - 1, "上一页".to_owned(), "prev"));
    }
    let from = here.saturating_sub(PAGES_AROUND).max(1);
    let to = (here + PAGES_AROUND).min(last);
    if from > 1 {
        pages.push(link(1, "1".to_owned(), ""));
    }
    pages.extend((from..=to).map(|page| link(page, page.to_string(), "")));
    if to < last {
        pages.push(link(last, last.to_string(), ""));
    }
    if here < last {
        pages.push(link(here + 1, "下一页".to_owned(), "next"));
    }
    pages
}

impl HitView {
    fn new(hit: &Hit, links: &Links) -> Self {
        Self {
            url: links.passage(&hit.passage.id),
            // An overview is headed by its report's title.
            heading_html: hit
                .heading
                .as_ref()
                .map_or_else(|| hit.title.html.clone(), |marked| marked.html.clone()),
            number: match hit.passage.kind {
                Kind::Overview => hit.passage.kind.label().to_owned(),
                Kind::Measure | Kind::Attachment => number(&hit.passage),
            },
            way: above(&hit.passage),
            region: hit.report.region.full_name(),
            report_title_html: hit.title.html.clone(),
            report_url: report_url(&hit.report.id),
            facts: facts::of(&hit.report).shown,
            snippet_html: hit.snippet.html.clone(),
            figures: figures::of(hit),
            themes: themes(&hit.passage, links),
            missing: hit.missing.clone(),
        }
    }
}

/// The themes of a passage with the address that narrows to each.
fn themes(passage: &PassageRecord, links: &Links) -> Vec<(String, String)> {
    passage
        .innermost_themes()
        .map(|theme| {
            let url = links.toggled(Facet::Theme, &theme.id, false);
            (theme.shown_path(), url)
        })
        .collect()
}

/// The headings above a passage's own, which stands on its own line.
fn above(passage: &PassageRecord) -> Option<String> {
    let (_, above) = passage.heading_path.split_last()?;
    (!above.is_empty()).then(|| above.join(" › "))
}

/// The number of a passage within its report, as it is shown.
fn number(passage: &PassageRecord) -> String {
    let number = match passage.kind {
        Kind::Overview => String::new(),
        kind => format!("{} {}", kind.label(), passage.dotted_path()),
    };
    if passage.parts > 1 {
        return format!("{number}（{}/{}）", passage.part, passage.parts);
    }
    number
}

/// A passage and the report around it.
#[derive(Template)]
#[template(path = "passage.html", config = "src/http/askama.toml")]
pub(super) struct PassagePage {
    title: String,
    text: String,
    back: Option<String>,
    report: Report,
    number: String,
    heading_html: String,
    way: Option<String>,
    paragraphs: Vec<String>,
    themes: Vec<ThemeView>,
    citation: String,
    similar: Vec<SimilarView>,
    measures: Vec<MeasureView>,
    previous: Option<(String, String)>,
    next: Option<(String, String)>,
}

/// A report and all it says.
#[derive(Template)]
#[template(path = "report.html", config = "src/http/askama.toml")]
pub(super) struct ReportPage {
    title: String,
    text: String,
    report: Report,
    sections: Vec<Section>,
    measures: Vec<MeasureView>,
}

struct Report {
    title_html: String,
    url: String,
    region: String,
    source: String,
    facts: Facts,
}

struct Section {
    anchor: String,
    url: String,
    number: String,
    heading: String,
    paragraphs: Vec<String>,
    themes: Vec<(String, String)>,
}

struct ThemeView {
    label: String,
    url: String,
    /// The terms that decided, strongest first.
    terms: String,
}

struct MeasureView {
    url: String,
    number: String,
    heading: String,
    here: bool,
}

impl PassagePage {
    pub(super) fn new(
        found: &InReport,
        similar: &[Similar],
        highlighter: &Highlighter,
        pairs: &[(String, String)],
    ) -> Self {
        let links = Links::new(pairs);
        let report = &found.report;
        let passage = found.passages.get(found.at);
        let heading = passage.map_or_else(String::new, plain_heading);
        let marked = |text: &str| highlighter.mark(text).html;
        let neighbour = |at: Option<usize>| {
            at.and_then(|at| found.passages.get(at))
                .map(|passage| (plain_heading(passage), links.passage(&passage.id)))
        };
        let everywhere = Links::new(&[]);
        Self {
            title: format!("{heading} - {} - 策搜", report.title),
            text: pairs
                .iter()
                .find(|(name, _)| name == "q")
                .map(|(_, text)| text.clone())
                .unwrap_or_default(),
            back: pairs
                .iter()
                .any(|(name, text)| name == "q" && !text.is_empty())
                .then(|| links.here()),
            report: Report::new(report, highlighter),
            number: passage.map_or_else(String::new, number),
            heading_html: marked(&heading),
            way: passage.and_then(above),
            paragraphs: passage.map_or_else(Vec::new, |passage| {
                passage
                    .paragraphs
                    .iter()
                    .map(|span| marked(span.of(&passage.text)))
                    .collect()
            }),
            themes: passage.map_or_else(Vec::new, |passage| {
                passage
                    .themes
                    .iter()
                    .map(|theme| ThemeView {
                        label: theme.shown_path(),
                        url: everywhere.toggled(Facet::Theme, &theme.id, false),
                        terms: theme
                            .evidence
                            .iter()
                            .map(|evidence| evidence.term.as_str())
                            .collect::<Vec<_>>()
                            .join("、"),
                    })
                    .collect()
            }),
            citation: format!("{}．{heading}．{}", report.title, report.source),
            similar: similar.iter().map(SimilarView::new).collect(),
            measures: found
                .passages
                .iter()
                .enumerate()
                .map(|(at, passage)| MeasureView::new(passage, &links, at == found.at))
                .collect(),
            previous: neighbour(found.at.checked_sub(1)),
            next: neighbour(Some(found.at + 1)),
        }
    }
}

impl ReportPage {
    pub(super) fn new(
        report: &ReportRecord,
        passages: &[PassageRecord],
        plain: &Highlighter,
    ) -> Self {
        let links = Links::new(&[]);
        Self {
            title: format!("{} - 策搜", report.title),
            text: String::new(),
            report: Report::new(report, plain),
            sections: passages
                .iter()
                .map(|passage| Section {
                    anchor: passage.id.clone(),
                    url: passage_url(&passage.id),
                    number: number(passage),
                    heading: plain_heading(passage),
                    paragraphs: passage
                        .paragraphs
                        .iter()
                        .map(|span| span.of(&passage.text).to_owned())
                        .collect(),
                    themes: themes(passage, &links),
                })
                .collect(),
            measures: passages
                .iter()
                .map(|passage| MeasureView {
                    url: format!("#{}", passage.id),
                    ..MeasureView::new(passage, &links, false)
                })
                .collect(),
        }
    }
}

impl Report {
    fn new(report: &ReportRecord, highlighter: &Highlighter) -> Self {
        Self {
            title_html: highlighter.mark(&report.title).html,
            url: report_url(&report.id),
            region: region(report),
            source: report.source.clone(),
            facts: facts::of(report),
        }
    }
}

/// Where a report is from, as it is shown.
fn region(report: &ReportRecord) -> String {
    if report.region.is_known() {
        report.region.full_name()
    } else {
        "未知地区".to_owned()
    }
}

impl MeasureView {
    fn new(passage: &PassageRecord, links: &Links, here: bool) -> Self {
        Self {
            url: links.passage(&passage.id),
            number: match passage.kind {
                Kind::Attachment => format!("附{}", passage.dotted_path()),
                Kind::Overview | Kind::Measure => passage.dotted_path(),
            },
            heading: plain_heading(passage),
            here,
        }
    }
}

/// The heading of a passage, or what part of the report it is.
fn plain_heading(passage: &PassageRecord) -> String {
    passage
        .heading
        .clone()
        .unwrap_or_else(|| passage.kind.label().to_owned())
}

/// A refusal for readers.
#[derive(Template)]
#[template(path = "problem.html", config = "src/http/askama.toml")]
pub(super) struct ProblemPage {
    title: String,
    text: String,
    heading: &'static str,
    detail: String,
}

impl ProblemPage {
    pub(super) fn new(problem: &Problem) -> Self {
        Self {
            title: format!("{} - 策搜", problem.title()),
            text: String::new(),
            heading: problem.title(),
            detail: problem.to_string(),
        }
    }
}
