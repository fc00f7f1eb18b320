//! The parameters of the API, with what each may be.

use serde_json::{Value, json};

use crate::http::params::{
    CELLS, LINES, LISTED, MAX_CELLS, MAX_EXPORT, MAX_LINES, MAX_PER_PAGE, MAX_QUANTITIES,
    MAX_SUGGESTIONS, MAX_TASKS, MAX_VALUES, MOST_LISTED, SUGGESTIONS, TASKS,
};
use crate::http::state::State;
use crate::search::{Facet, MAX_VALUE_CHARS, MOST_SIDES, Sort};

fn query(name: &str, description: &str, schema: Value) -> Value {
    let mut parameter = json!({"name": name, "in": "query", "description": description});
    parameter["schema"] = schema;
    parameter
}

/// A list between commas.
fn list(name: &str, description: &str, of: Value) -> Value {
    let mut schema = json!({"type": "array"});
    schema["items"] = of;
    let mut parameter = query(name, description, schema);
    if let Some(parameter) = parameter.as_object_mut() {
        parameter.insert("style".to_owned(), json!("form"));
        parameter.insert("explode".to_owned(), json!(false));
    }
    parameter
}

fn with_example(mut parameter: Value, example: Value) -> Value {
    if let Some(parameter) = parameter.as_object_mut() {
        parameter.insert("example".to_owned(), example);
    }
    parameter
}

fn whole(name: &str, description: &str, most: usize, usual: Option<usize>) -> Value {
    let mut schema = json!({"type": "integer", "minimum": 1, "maximum": most});
    if let (Some(usual), Some(schema)) = (usual, schema.as_object_mut()) {
        schema.insert("default".to_owned(), json!(usual));
    }
    query(name, description, schema)
}

fn flag(name: &str, description: &str, usual: bool) -> Value {
    query(
        name,
        description,
        json!({"type": "boolean", "default": usual}),
    )
}

pub(super) fn path(name: &str, description: &str) -> Value {
    json!({
        "name": name,
        "in": "path",
        "required": true,
        "description": description,
        "schema": {"type": "string", "minLength": 1},
    })
}

fn facets() -> Value {
    json!({"type": "string", "enum": Facet::ALL.map(Facet::as_str)})
}

fn filter(facet: Facet) -> Value {
    let values = match facet {
        Facet::Kind => json!({
            "type": "string",
            "enum": crate::report::Kind::ALL.map(crate::report::Kind::as_str),
        }),
        Facet::Year => json!({"type": "string", "pattern": "^[0-9]{4}$"}),
        _ => json!({"type": "string", "minLength": 1, "maxLength": MAX_VALUE_CHARS}),
    };
    let description = format!(
        "只要{}为这些值之一的段落；可重复给出，同一项的几个值任一即可，不同项须同时满足。",
        facet.label()
    );
    query(
        facet.as_str(),
        &description,
        json!({"type": "array", "items": values, "maxItems": MAX_VALUES}),
    )
}

/// What may be asked of any search.
pub(super) fn search() -> Vec<Value> {
    let mut all = vec![
        with_example(
            query(
                "q",
                "检索词；空的列出全部。引号内为短语，- 排除，OR 任选，地区: 标题: 主题: 限定范围。",
                json!({"type": "string"}),
            ),
            json!("教师交流轮岗"),
        ),
        query(
            "match",
            "smart 按词检索并排序；exact 只要原文含有这串字的段落。",
            json!({"type": "string", "enum": ["smart", "exact"], "default": "smart"}),
        ),
        flag(
            "rewrites",
            "是否把拼音、错字、近义词、数字的其他写法也当作检索词。",
            true,
        ),
        query(
            "sort",
            "次序；quantity 只在有 quantity 条件时可用。",
            json!({"type": "string", "enum": Sort::ALL.map(Sort::as_str), "default": "relevance"}),
        ),
        query(
            "quantity",
            "正文中数值的条件，如 money>=10亿元；可重复给出，须同时满足。",
            json!({"type": "array", "items": {"type": "string"}, "maxItems": MAX_QUANTITIES}),
        ),
        query(
            "date_from",
            "报告日期不早于这一天。",
            json!({"type": "string", "format": "date"}),
        ),
        query(
            "date_to",
            "报告日期不晚于这一天。",
            json!({"type": "string", "format": "date"}),
        ),
    ];
    all.extend(Facet::ALL.map(filter));
    all
}

/// Which counts of searches are asked for.
pub(super) fn analytics() -> Vec<Value> {
    let day = json!({"type": "string", "format": "date"});
    let format = json!({"type": "string", "enum": ["json", "csv"], "default": "json"});
    vec![
        query(
            "from",
            "从这一天起；缺省为 to 之前的第 29 天。",
            day.clone(),
        ),
        query("to", "到这一天止；缺省为今天。", day),
        whole("limit", "每份名单至多多少行。", MAX_LINES, Some(LINES)),
        query("format", "csv 只给检索词的表格。", format),
    ]
}

/// What may be asked of a search page by page.
pub(super) fn paged(state: &State) -> Vec<Value> {
    let mut all = search();
    all.push(list(
        "facets",
        "要计数的项，以逗号分隔；空的不计数。每项的计数不受该项自身筛选的影响。",
        facets(),
    ));
    all.push(query(
        "group",
        "report 时每个报告只列最相关的一段，附该报告命中的段数。",
        json!({"type": "string", "enum": ["report"]}),
    ));
    all.push(flag(
        "explain",
        "是否说明每条得分由哪些部分相加而成。",
        false,
    ));
    all.extend(pages(state.max_depth, state.per_page));
    all.push(flag(
        "analytics",
        "是否计入检索统计；边输入边检索、由客户端另行上报的，可设为 false。",
        true,
    ));
    all
}

/// What may be asked of a feed.
pub(super) fn feed(state: &State) -> Vec<Value> {
    let mut all = search();
    for parameter in &mut all {
        if parameter["name"] == "sort" {
            parameter["schema"]["default"] = json!(Sort::Date.as_str());
        }
    }
    all.extend(pages(state.max_depth, state.per_page));
    all
}

/// Which page of a listing.
pub(super) fn pages(depth: usize, per_page: usize) -> Vec<Value> {
    vec![
        whole(
            "page",
            &format!("第几页；page × per_page 不超过 {depth}。"),
            depth,
            Some(1),
        ),
        whole("per_page", "每页几条。", MAX_PER_PAGE, Some(per_page)),
    ]
}

/// What may be asked of a matrix.
pub(super) fn matrix() -> Vec<Value> {
    let mut all = search();
    all.retain(|parameter| parameter["name"] != "sort");
    all.extend([
        query("rows", "行是哪一项；缺省 province。", facets()),
        query(
            "cols",
            "列是哪一项，与行不同；缺省 theme，行是 theme 时为 province。",
            facets(),
        ),
        whole("rows_limit", "至多几行。", MAX_CELLS, Some(CELLS)),
        whole("cols_limit", "至多几列。", MAX_CELLS, Some(CELLS)),
        flag("zeros", "是否列出没有段落的值。", false),
    ]);
    all
}

/// What may be asked of a comparison.
pub(super) fn compare() -> Vec<Value> {
    let mut all = search();
    let elsewhere = ["sort", "province", "city", "county"];
    all.retain(|parameter| elsewhere.iter().all(|name| parameter["name"] != *name));
    all.extend([
        query(
            "region",
            &format!("要对比的地区，名称或区划代码；可重复，与 report 合计 2–{MOST_SIDES} 个。"),
            json!({"type": "array", "items": {"type": "string"}, "maxItems": MOST_SIDES}),
        ),
        whole("limit", "每方每个主题至多几段。", MOST_LISTED, Some(LISTED)),
        query(
            "format",
            "回答的格式。",
            json!({"type": "string", "enum": ["json", "csv", "md"], "default": "json"}),
        ),
    ]);
    all
}

/// What may be asked of an export.
pub(super) fn export() -> Vec<Value> {
    let mut all = search();
    all.extend([
        query(
            "format",
            "文件的格式。",
            json!({"type": "string", "enum": ["csv", "jsonl", "md"], "default": "csv"}),
        ),
        whole("limit", "至多几条；缺省全部。", MAX_EXPORT, None),
    ]);
    all
}

/// What may be asked of completions.
pub(super) fn suggest() -> Vec<Value> {
    vec![
        with_example(
            query(
                "q",
                "已经输入的字，拼音和首字母也可。",
                json!({"type": "string"}),
            ),
            json!("jiaoshi"),
        ),
        whole("limit", "至多几条。", MAX_SUGGESTIONS, Some(SUGGESTIONS)),
    ]
}

/// How many passages like one.
pub(super) fn similar(most: usize, usual: usize) -> Value {
    whole("limit", "至多几段。", most, Some(usual))
}

/// How long the answer may wait for the task to end.
pub(super) fn wait() -> Value {
    query(
        "wait",
        "等任务结束至多多久，如 5s 或 500ms，至多 60s；缺省不等。",
        json!({
            "type": "string",
            "pattern": "^([0-9]|[1-5][0-9]|60)s$|^([0-9]{1,4}|[1-5][0-9]{4}|60000)ms$",
        }),
    )
}

/// What the address says of a report; it wins over what the report says.
pub(super) fn told() -> Vec<Value> {
    let text = || json!({"type": "string"});
    vec![
        query("title", "标题。", text()),
        query("region", "地区名或六位区划代码。", text()),
        query("issuer", "发文机关。", text()),
        query("document_number", "文号。", text()),
        query(
            "date",
            "日期。",
            json!({"type": "string", "format": "date"}),
        ),
        query(
            "year",
            "年份。",
            json!({"type": "integer", "minimum": 1000, "maximum": 9999}),
        ),
        query("url", "原文的网址。", text()),
        query("name", "文件名。", text()),
    ]
}

/// Which tasks.
pub(super) fn tasks() -> Vec<Value> {
    vec![
        query(
            "before",
            "只要编号小于它的任务；下一页用上一页的 next。",
            json!({"type": "integer", "minimum": 0}),
        ),
        whole("limit", "至多几个。", MAX_TASKS, Some(TASKS)),
        query(
            "status",
            "只要这种状态的任务。",
            json!({"type": "string", "enum": ["queued", "running", "done", "failed"]}),
        ),
    ]
}
