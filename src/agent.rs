//! What assistants ask, in the words of the Model Context Protocol: tools that only read.
//!
//! A message goes in and an answer comes out; nothing is kept between two, so that HTTP and standard
//! input serve the same way and any instance may answer. Answers are short texts, since whoever
//! reads them pays by the word, and each passage is named with its region, the way of headings to it
//! and where it can be read, so that it can be cited.
//!
//! The protocol's library was not taken: of what it does, a server that keeps nothing needs four
//! methods. Invariants: no message panics, what is no tool or no good argument is told as such
//! (`tests/agents.rs`, which also drives it by a client library).

mod tools;

use serde_json::{Value, json};

use crate::index::{self, Snapshot};
use crate::search::{Request, Response};

/// The revisions that are spoken, the latest first.
pub const VERSIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

const INSTRUCTIONS: &str = "策搜：各地教育改革等报告的举措段落，可全文检索。先用 search_passages 找段落，\
    再用 get_passage 读全文；比较几个地区用 compare_regions；有哪些地区、主题、年份用 list_facets。\
    引用时请写明地区、标题路径和链接。";

const PARSE_ERROR: i64 = -32_700;
const INVALID_REQUEST: i64 = -32_600;
const NO_METHOD: i64 = -32_601;
const INVALID_PARAMS: i64 = -32_602;
const INTERNAL: i64 = -32_603;

/// How one searches: by [`crate::search::search`], and by whatever counts searches around it.
pub type Searching<'a> = &'a dyn Fn(&Snapshot, &Request) -> Result<Response, index::Error>;

/// What questions are answered from.
pub struct Desk<'a> {
    /// What is searched.
    pub snapshot: &'a Snapshot,
    /// How.
    pub search: Searching<'a>,
    /// What addresses begin with, such as `https://example.org`; may be empty.
    pub base: &'a str,
}

/// What a message asks for, as far as it can be told without looking anything up.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// Nothing that wants an answer.
    Nothing,
    /// What this answers.
    Answered(Value),
    /// A tool, which [`call`] answers.
    Call {
        /// The message's id.
        id: Value,
        /// The tool's name.
        name: String,
        /// What it is given.
        arguments: Value,
    },
}

/// Reads one message.
#[must_use]
pub fn read(text: &[u8]) -> Asked {
    let Ok(message) = serde_json::from_slice::<Value>(text) else {
        return Asked::Answered(error(&Value::Null, PARSE_ERROR, "这不是 JSON"));
    };
    let method = message["method"].as_str();
    let id = match (&message["id"], method) {
        (_, _) if !message.is_object() => {
            let why = "应为一个 JSON-RPC 消息；成批的消息不接受";
            return Asked::Answered(error(&Value::Null, INVALID_REQUEST, why));
        }
        // A notification, or an answer to what was never asked.
        (Value::Null, _) | (_, None) if message.get("id").is_none() || method.is_none() => {
            return Asked::Nothing;
        }
        (id @ (Value::String(_) | Value::Number(_)), Some(_)) => id.clone(),
        _ => {
            let why = "id 应为字符串或数";
            return Asked::Answered(error(&Value::Null, INVALID_REQUEST, why));
        }
    };
    let params = &message["params"];
    Asked::Answered(match method.unwrap_or_default() {
        "initialize" => result(&id, initialized(params)),
        "ping" => result(&id, json!({})),
        "tools/list" => result(&id, json!({"tools": tools::described()})),
        "tools/call" => {
            let Some(name) = params["name"].as_str().filter(|name| tools::is_tool(name)) else {
                let all = tools::NAMES.join("、");
                let why = format!("没有这个工具；有的是 {all}");
                return Asked::Answered(error(&id, INVALID_PARAMS, &why));
            };
            return Asked::Call {
                id,
                name: name.to_owned(),
                arguments: params["arguments"].clone(),
            };
        }
        other => {
            let other: String = other.chars().take(100).collect();
            error(&id, NO_METHOD, &format!("没有方法 {other}"))
        }
    })
}

/// The answer of a tool; what it cannot do is said in the answer, for the assistant to put right.
#[must_use]
pub fn call(desk: &Desk<'_>, id: &Value, name: &str, arguments: &Value) -> Value {
    match tools::run(desk, name, arguments) {
        Ok(text) => result(
            id,
            json!({"content": [{"type": "text", "text": text}], "isError": false}),
        ),
        Err(tools::Failure::Wrong(why)) => result(
            id,
            json!({"content": [{"type": "text", "text": why}], "isError": true}),
        ),
        Err(tools::Failure::Index(cause)) => {
            tracing::error!(%cause, "检索出错");
            failed(id, "服务内部出错，已记入日志")
        }
    }
}

/// The answer to a message that could not be answered, which is not the asker's fault.
#[must_use]
pub fn failed(id: &Value, why: &str) -> Value {
    error(id, INTERNAL, why)
}

fn initialized(params: &Value) -> Value {
    let wanted = params["protocolVersion"].as_str();
    let version = VERSIONS
        .into_iter()
        .find(|version| wanted == Some(*version))
        .unwrap_or(VERSIONS[0]);
    json!({
        "protocolVersion": version,
        "capabilities": {"tools": {"listChanged": false}},
        "serverInfo": {"name": "cesou", "title": "策搜", "version": env!("CARGO_PKG_VERSION")},
        "instructions": INSTRUCTIONS,
    })
}

fn result(id: &Value, result: Value) -> Value {
    let mut answer = json!({"jsonrpc": "2.0", "id": id});
    answer["result"] = result;
    answer
}

fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}})
}
