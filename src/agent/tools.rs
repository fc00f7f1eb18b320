//! The tools: what each takes, and the short text it answers with.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::Desk;
use crate::analysis::Normalized;
use crate::index::{self, PassageRecord, ReportRecord};
use crate::query::rewrite::RewriteKind;
use crate::region::{self, Resolution};
use crate::report::Kind;
use crate::search::{Facet, FacetValue, Filters, Match, Request};

/// Every tool.
pub(super) const NAMES: [&str; 5] = [
    "search_passages",
    "get_passage",
    "get_report",
    "list_facets",
    "compare_regions",
];

/// Hits where nothing is said, and the most.
const HITS: usize = 5;
const MAX_HITS: usize = 20;
/// How many pages one may turn.
const MAX_PAGES: usize = 50;
/// The most characters of a passage that are given at once.
const MAX_CHARS: usize = 6_000;
/// The most passages of a report that are listed.
const MAX_PASSAGES: usize = 200;
/// Values of a facet where nothing is said, and the most.
const VALUES: usize = 30;
const MAX_VALUES: usize = 200;
/// The regions that may be compared, and the hits of each.
const MAX_REGIONS: usize = 8;
const HITS_EACH: usize = 2;
const MAX_HITS_EACH: usize = 5;
/// The most characters of a query.
const MAX_QUERY: usize = 500;

/// Why there is no answer.
pub(super) enum Failure {
    /// What was asked cannot be; for the asker.
    Wrong(String),
    /// The index cannot be read.
    Index(index::Error),
}

impl From<index::Error> for Failure {
    fn from(error: index::Error) -> Self {
        Self::Index(error)
    }
}

fn wrong<T>(why: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Wrong(why.into()))
}

pub(super) fn is_tool(name: &str) -> bool {
    NAMES.contains(&name)
}

/// What each tool is for and takes.
#[expect(clippy::too_many_lines, reason = "it is the list of the tools")]
pub(super) fn described() -> Value {
    let query = json!({"type": "string", "maxLength": MAX_QUERY, "description": "检索词，如 教师交流轮岗；引号内为短语，- 排除"});
    let id = |what: &str| json!({"type": "string", "description": what});
    let number = |most: usize, usual: usize, what: &str| json!({"type": "integer", "minimum": 1, "maximum": most, "default": usual, "description": what});
    let mut narrowing = Map::new();
    for (facet, what) in [
        (Facet::Province, "省份全称，如 河北省"),
        (Facet::City, "地级市全称，如 石家庄市"),
        (Facet::County, "区县全称"),
        (Facet::Theme, "主题的名称或代号，见 list_facets"),
        (Facet::Year, "年份，如 2014"),
    ] {
        let schema = json!({"type": "string", "description": what});
        narrowing.insert(facet.as_str().to_owned(), schema);
    }
    let kinds = Kind::ALL.map(Kind::as_str);
    narrowing.insert(
        Facet::Kind.as_str().to_owned(),
        json!({"type": "string", "enum": kinds, "description": "概述、举措或附件"}),
    );
    let with_narrowing = |own: Value| {
        let mut properties = narrowing.clone();
        properties.extend(own.as_object().cloned().unwrap_or_default());
        Value::Object(properties)
    };
    let tool = |name: &str, title: &str, what: &str, properties: Value, required: &[&str]| {
        json!({
            "name": name,
            "title": title,
            "description": what,
            "inputSchema": {
                "type": "object",
                "properties": properties,
                "required": required,
                "additionalProperties": false,
            },
            "annotations": {
                "title": title,
                "readOnlyHint": true,
                "destructiveHint": false,
                "idempotentHint": true,
                "openWorldHint": false,
            },
        })
    };
    json!([
        tool(
            NAMES[0],
            "检索段落",
            "全文检索各地报告的段落，按相关程度排列；每条给出地区、标题路径、摘录、链接和 id。",
            with_narrowing(json!({
                "query": query,
                "match": {"type": "string", "enum": ["smart", "exact"], "default": "smart", "description": "exact 只找原文含有这串字的"},
                "limit": number(MAX_HITS, HITS, "几条"),
                "page": number(MAX_PAGES, 1, "第几页"),
            })),
            &["query"],
        ),
        tool(
            NAMES[1],
            "读一个段落",
            "一个段落的全文，和前后各段的 id。",
            json!({"id": id("段落的 id，来自 search_passages")}),
            &["id"],
        ),
        tool(
            NAMES[2],
            "读一个报告",
            "一个报告的情况和各段的标题、id，按原文次序。",
            json!({"id": id("报告的 id，来自 search_passages 或 get_passage")}),
            &["id"],
        ),
        tool(
            NAMES[3],
            "列出分面的值",
            "某一项（省份、城市、主题、年份等）有哪些值，各有多少段落；可限定检索词。",
            with_narrowing(json!({
                "facet": {"type": "string", "enum": Facet::ALL.map(Facet::as_str), "description": "哪一项"},
                "query": query,
                "contains": {"type": "string", "description": "只要名称含有这些字的值"},
                "limit": number(MAX_VALUES, VALUES, "至多几个"),
            })),
            &["facet"],
        ),
        tool(
            NAMES[4],
            "比较几个地区",
            "同一检索词下，几个地区各有多少段落，最相关的是哪些。",
            json!({
                "query": query,
                "regions": {
                    "type": "array",
                    "items": {"type": "string"},
                    "minItems": 2,
                    "maxItems": MAX_REGIONS,
                    "description": "地区名，如 [\"河北省\", \"江苏省泰州市\"]",
                },
                "limit": number(MAX_HITS_EACH, HITS_EACH, "每个地区几条"),
            }),
            &["query", "regions"],
        ),
    ])
}

/// Answers by the tool of that name.
pub(super) fn run(desk: &Desk<'_>, name: &str, arguments: &Value) -> Result<String, Failure> {
    let empty = Map::new();
    let given = match arguments {
        Value::Null => &empty,
        Value::Object(given) => given,
        _ => return wrong("arguments 应为 JSON 对象"),
    };
    let described = described();
    let tool = described.as_array().into_iter().flatten();
    let mut tool = tool.filter(|tool| tool["name"] == name);
    if let Some(known) = tool
        .next()
        .and_then(|tool| tool["inputSchema"]["properties"].as_object())
        && let Some(other) = given.keys().find(|own| !known.contains_key(*own))
    {
        let known: Vec<&str> = known.keys().map(String::as_str).collect();
        let other: String = other.chars().take(50).collect();
        return wrong(format!("没有参数“{other}”；有的是 {}", known.join("、")));
    }
    let given = Given(given);
    match name {
        "search_passages" => search_passages(desk, &given),
        "get_passage" => get_passage(desk, &given),
        "get_report" => get_report(desk, &given),
        "list_facets" => list_facets(desk, &given),
        _ => compare_regions(desk, &given),
    }
}

struct Given<'a>(&'a Map<String, Value>);

impl Given<'_> {
    fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => wrong(format!("{name} 应为字符串")),
        }
    }

    fn required(&self, name: &str) -> Result<&str, Failure> {
        match self.text(name)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => wrong(format!("没有 {name}")),
        }
    }

    fn query(&self) -> Result<&str, Failure> {
        let query = self.text("query")?.unwrap_or_default();
        if query.chars().count() > MAX_QUERY {
            return wrong(format!("query 过长，至多 {MAX_QUERY} 个字"));
        }
        Ok(query)
    }

    fn number(&self, name: &str, usual: usize, most: usize) -> Result<usize, Failure> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(usual),
            Some(value) => {
                let number = value
                    .as_u64()
                    .and_then(|number| usize::try_from(number).ok());
                match number.filter(|number| (1..=most).contains(number)) {
                    Some(number) => Ok(number),
                    None => wrong(format!("{name} 应为 1 至 {most} 的整数")),
                }
            }
        }
    }

    fn filters(&self, desk: &Desk<'_>) -> Result<Filters, Failure> {
        let mut filters = Filters::new();
        for facet in [
            Facet::Province,
            Facet::City,
            Facet::County,
            Facet::Theme,
            Facet::Year,
            Facet::Kind,
        ] {
            let name = facet.as_str();
            let value = match self.0.get(name) {
                // Years are numbers to most.
                Some(Value::Number(number)) if facet == Facet::Year => number.to_string(),
                _ => match self.text(name)? {
                    None => continue,
                    Some(value) => value.trim().to_owned(),
                },
            };
            if let Err(allowed) = facet.check(&value) {
                return wrong(format!("{name} 的值“{value}”无效；应为：{allowed}"));
            }
            let themes = desk.snapshot.themes().iter();
            let named = themes.filter(|(_, label)| *label == value);
            let mut values: Vec<String> = match facet {
                Facet::Theme => named.map(|(id, _)| id.clone()).collect(),
                _ => Vec::new(),
            };
            values.push(value);
            filters.insert(facet, values);
        }
        Ok(filters)
    }
}

fn search_passages(desk: &Desk<'_>, given: &Given<'_>) -> Result<String, Failure> {
    given.required("query")?;
    let request = Request {
        text: given.query()?.to_owned(),
        matching: match given.text("match")? {
            None | Some("smart") => Match::Smart,
            Some("exact") => Match::Exact,
            Some(_) => return wrong("match 应为 smart 或 exact"),
        },
        filters: given.filters(desk)?,
        per_page: given.number("limit", HITS, MAX_HITS)?,
        page: given.number("page", 1, MAX_PAGES)?,
        ..Request::default()
    };
    let found = (desk.search)(desk.snapshot, &request)?;
    let mut text = format!("共 {} 个段落", found.total);
    let first = (request.page - 1) * request.per_page + 1;
    if let Some(relaxed) = found.relaxed {
        let _ = write!(text, "；{}", relaxed.notice());
    }
    // Synonyms only add; what was read otherwise may not have been meant.
    let otherwise = |kind| !matches!(kind, RewriteKind::Synonym | RewriteKind::Number);
    for rewrite in found.rewrites.iter().filter(|it| otherwise(it.kind)) {
        let _ = write!(text, "；“{}”已按“{}”检索", rewrite.from, rewrite.to);
    }
    if let Some(meant) = &found.did_you_mean {
        let _ = write!(text, "；您要找的是不是：{meant}");
    }
    text.push('\n');
    for (number, hit) in (first..).zip(&found.hits) {
        let _ = write!(text, "\n{number}. ");
        cite(desk, &hit.passage, &hit.report, &mut text);
        let _ = writeln!(text, "   {}", hit.snippet.text);
    }
    if first + found.hits.len() <= found.total && !found.hits.is_empty() {
        let _ = write!(text, "\n后面还有，用 page={} 继续。", request.page + 1);
    }
    Ok(text)
}

/// Region, the way of headings, year; id and address on the next line.
fn cite(desk: &Desk<'_>, passage: &PassageRecord, report: &ReportRecord, text: &mut String) {
    let region = if report.region.is_known() {
        report.region.full_name()
    } else {
        format!("{}（地区未知）", report.title)
    };
    let way = if passage.heading_path.is_empty() {
        passage.kind.label().to_owned()
    } else {
        passage.heading_path.join(" › ")
    };
    let _ = write!(text, "{region}｜{way}");
    if let Some(date) = report.metadata.date {
        let _ = write!(text, "｜{date}");
    } else if let Some(year) = report.metadata.year {
        let _ = write!(text, "｜{year}年");
    }
    let _ = writeln!(
        text,
        "\n   id: {}｜{}/passages/{}",
        passage.id, desk.base, passage.id
    );
}

fn get_passage(desk: &Desk<'_>, given: &Given<'_>) -> Result<String, Failure> {
    let id = given.required("id")?;
    let passage = desk.snapshot.passage(id)?;
    let report = passage
        .as_ref()
        .and_then(|it| desk.snapshot.report(&it.report));
    let (Some(passage), Some(report)) = (&passage, report) else {
        return wrong("没有这个段落；请用 search_passages 给出的 id");
    };
    let mut text = String::new();
    cite(desk, passage, report, &mut text);
    let _ = writeln!(text, "   报告：{}（id: {}）", report.title, report.id);
    let themes: Vec<&str> = passage.innermost_themes().map(|it| &*it.label).collect();
    if !themes.is_empty() {
        let _ = writeln!(text, "   主题：{}", themes.join("、"));
    }
    let _ = write!(text, "\n{}", shortened(&passage.text));
    let all = desk.snapshot.passages_of(report)?;
    let at = all.iter().position(|other| other.id == passage.id);
    let beside = |at: Option<usize>| at.and_then(|at| all.get(at)).map(|it| &*it.id);
    let before = beside(at.and_then(|at| at.checked_sub(1)));
    let after = beside(at.map(|at| at + 1));
    for (name, id) in [("前一段", before), ("后一段", after)] {
        if let Some(id) = id {
            let _ = write!(text, "\n{name} id: {id}");
        }
    }
    Ok(text)
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(MAX_CHARS).collect();
    if short.len() < text.len() {
        short.push_str("……（以下从略，全文见链接）");
    }
    short
}

fn get_report(desk: &Desk<'_>, given: &Given<'_>) -> Result<String, Failure> {
    let id = given.required("id")?;
    let Some(report) = desk.snapshot.report(id) else {
        return wrong("没有这个报告；请用 search_passages 或 get_passage 给出的 id");
    };
    let mut text = format!(
        "{}\n{}｜{}/reports/{}\n",
        report.title,
        report.region.full_name(),
        desk.base,
        report.id
    );
    let metadata = &report.metadata;
    let date = metadata.date.map(|date| date.to_string());
    for (name, value) in [
        ("发文机关", &metadata.issuer),
        ("文号", &metadata.document_number),
        ("日期", &date),
        ("出处", &metadata.url),
    ] {
        if let Some(value) = value {
            let _ = writeln!(text, "{name}：{value}");
        }
    }
    let _ = writeln!(
        text,
        "{} 个字，{} 个段落：\n",
        report.characters, report.passages
    );
    for passage in desk.snapshot.passages_of(report)?.iter().take(MAX_PASSAGES) {
        let way = match passage.heading_path.last() {
            Some(heading) => heading.as_str(),
            None => passage.kind.label(),
        };
        let depth = "  ".repeat(passage.heading_path.len().saturating_sub(1));
        let _ = writeln!(text, "{depth}- {way}（id: {}）", passage.id);
    }
    if report.passages as usize > MAX_PASSAGES {
        text.push_str("……\n");
    }
    Ok(text)
}

fn list_facets(desk: &Desk<'_>, given: &Given<'_>) -> Result<String, Failure> {
    let Some(facet) = Facet::named(given.required("facet")?) else {
        let all = Facet::ALL.map(Facet::as_str).join("、");
        return wrong(format!("facet 应为 {all} 之一"));
    };
    let request = Request {
        text: given.query()?.to_owned(),
        filters: given.filters(desk)?,
        facets: vec![facet],
        per_page: 0,
        ..Request::default()
    };
    let limit = given.number("limit", VALUES, MAX_VALUES)?;
    let contains = Normalized::new(given.text("contains")?.unwrap_or_default());
    let found = (desk.search)(desk.snapshot, &request)?;
    let values = found.facets.get(&facet).map_or(&[][..], Vec::as_slice);
    let holds = |value: &&FacetValue| {
        let label = Normalized::new(&value.label);
        label.as_str().contains(contains.as_str())
    };
    let matching: Vec<&FacetValue> = values
        .iter()
        .filter(|value| value.count > 0)
        .filter(holds)
        .collect();
    let mut text = format!(
        "{}：{} 个值，命中 {} 个段落\n",
        facet.label(),
        matching.len(),
        found.total
    );
    for value in matching.iter().take(limit) {
        let mut shown = value.parents.join(" › ");
        if !shown.is_empty() {
            shown.push_str(" › ");
        }
        shown.push_str(&value.label);
        if value.value != value.label {
            let _ = write!(shown, "（{}={}）", facet.as_str(), value.value);
        }
        let _ = writeln!(text, "- {shown}：{}", value.count);
    }
    if matching.len() > limit {
        let _ = write!(text, "其余 {} 个从略。", matching.len() - limit);
    }
    Ok(text)
}

fn compare_regions(desk: &Desk<'_>, given: &Given<'_>) -> Result<String, Failure> {
    let query = given.required("query")?;
    given.query()?;
    let names = given.0.get("regions").and_then(Value::as_array);
    let names: Option<Vec<&str>> =
        names.and_then(|names| names.iter().map(Value::as_str).collect());
    let Some(names) = names.filter(|names| (2..=MAX_REGIONS).contains(&names.len())) else {
        return wrong(format!("regions 应为 2 至 {MAX_REGIONS} 个地区名"));
    };
    let limit = given.number("limit", HITS_EACH, MAX_HITS_EACH)?;
    let mut text = format!("“{query}”\n");
    for name in names {
        let (region, filter) = filter_of(name)?;
        let request = Request {
            text: query.to_owned(),
            filters: Filters::from([filter]),
            per_page: limit,
            ..Request::default()
        };
        let found = (desk.search)(desk.snapshot, &request)?;
        let _ = writeln!(text, "\n## {region}：{} 个段落", found.total);
        for hit in &found.hits {
            text.push_str("- ");
            cite(desk, &hit.passage, &hit.report, &mut text);
            let _ = writeln!(text, "   {}", hit.snippet.text);
        }
    }
    Ok(text)
}

/// The region of that name, and the filter that leaves its reports.
fn filter_of(name: &str) -> Result<(String, (Facet, Vec<String>)), Failure> {
    let name: String = name.chars().take(50).collect();
    match region::resolve(&name) {
        Resolution::Known(region) => {
            let whole = region.full_name();
            let facet = match (&region.county, &region.city) {
                (Some(_), _) => Facet::County,
                (None, Some(_)) => Facet::City,
                (None, None) => Facet::Province,
            };
            Ok((whole.clone(), (facet, vec![whole])))
        }
        Resolution::Ambiguous(regions) => {
            let all: Vec<String> = regions
                .iter()
                .take(8)
                .map(region::Region::full_name)
                .collect();
            wrong(format!(
                "“{name}”可能是几个地方：{}；请写全",
                all.join("、")
            ))
        }
        Resolution::Unknown => wrong(format!("没有名为“{name}”的地区")),
    }
}
