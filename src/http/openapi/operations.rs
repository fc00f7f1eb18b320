//! The operations of the API, one by one: what each takes and answers.
//!
//! | file | holds |
//! |---|---|
//! | `operations.rs` | what an operation is, and what each may be refused with |
//! | `operations/search.rs` | searches, counts, comparisons, exports, completions |
//! | `operations/reading.rs` | passages and reports |
//! | `operations/writing.rs` | reports that are sent, and the tasks they become |
//! | `operations/keys.rs` | keys |
//! | `operations/analytics.rs` | what readers do, told and counted |
//! | `operations/running.rs` | how the service stands, and what describes it |
//! | `operations/machines.rs` | what feed readers, browsers and crawlers ask for |

/// What `request` is really answered with, from `examples/`.
macro_rules! example {
    ($request:literal, $file:literal) => {
        Some($crate::http::openapi::operations::Example {
            request: $request,
            text: include_str!(concat!("../examples/", $file, ".json")),
        })
    };
}

mod analytics;
mod keys;
mod machines;
mod reading;
mod running;
mod search;
mod writing;

use schemars::JsonSchema;
use serde_json::Value;

use super::schemas::{Of, of};
use crate::http::state::State;
use crate::key::Action;

/// What operations are grouped by.
pub(super) const TAGS: [(&str, &str, &str); 8] = [
    ("search", "检索", "段落的检索、分面、对比和导出"),
    ("passages", "段落", "一个段落，和与它相近的"),
    ("reports", "报告", "报告及其各段"),
    ("tasks", "写入", "报告的写入和撤回，以及它们的任务"),
    ("keys", "密钥", "密钥的建立、查看和吊销"),
    ("analytics", "统计", "读者检索和点选了什么，只有计数"),
    ("service", "运行", "服务的状态和说明"),
    ("machines", "发现", "阅读器、浏览器、爬虫和助手由此找到服务"),
];

/// One method of one path.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: &'static str,
    /// What a key must allow; nothing where anyone may ask.
    pub(super) action: Option<Action>,
    pub(super) parameters: Vec<Value>,
    pub(super) body: Option<Body>,
    pub(super) answers: Vec<Answer>,
    /// Whether the path names something that may not be there.
    names_one: bool,
    /// Whether it can be at odds with how things are.
    conflicts: bool,
}

/// What is sent along.
pub(super) struct Body {
    pub(super) schema: Of,
    pub(super) example: Value,
    /// What else may be sent, by type.
    pub(super) also: Vec<(&'static str, Of)>,
}

/// An answer that is no refusal.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) description: &'static str,
    pub(super) content: Vec<(&'static str, Of)>,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) example: Option<Example>,
}

/// A real answer, and what it answers.
pub(super) struct Example {
    pub(super) request: &'static str,
    text: &'static str,
}

impl Example {
    pub(super) fn value(&self) -> Value {
        serde_json::from_str(self.text).unwrap_or_default()
    }
}

const INVALID: &[&str] = &[
    "unknown-parameter",
    "bad-parameter",
    "repeated-parameter",
    "several-keys",
];
const INVALID_BODY: &[&str] = &[
    "unknown-parameter",
    "bad-parameter",
    "bad-body",
    "several-keys",
];
const UNAUTHORIZED: &[&str] = &["key-missing", "key-unknown", "key-revoked", "key-expired"];
const FORBIDDEN: &[&str] = &["action-missing", "origin-not-allowed"];
const BUSY: &[&str] = &["overloaded", "timed-out"];

type Refusals = &'static [(u16, &'static [&'static str])];

/// What tells of readers is refused with.
const TELLING: Refusals = &[
    (400, INVALID_BODY),
    (401, UNAUTHORIZED),
    (403, FORBIDDEN),
    (404, &["not-found"]),
    (408, &["body-too-slow"]),
    (413, &["body-too-large"]),
    (429, &["too-many-requests", "too-many-of-address"]),
    (500, &["internal"]),
    (503, BUSY),
];

impl Operation {
    fn new(
        method: &'static str,
        path: &'static str,
        id: &'static str,
        tag: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            id,
            tag,
            summary,
            description: "",
            action: Some(Action::Search),
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            names_one: false,
            conflicts: false,
        }
    }

    /// The statuses it may be refused with, and the codes of each.
    pub(super) fn refusals(&self) -> Refusals {
        const INTERNAL: (u16, &[&str]) = (500, &["internal"]);
        const MISSING: (u16, &[&str]) = (404, &["not-found"]);
        const HURRIED: (u16, &[&str]) = (429, &["too-many-requests", "too-many-of-address"]);
        const COSTLY: (u16, &[&str]) = (422, &["query-too-costly"]);
        const SLOW: (u16, &[&str]) = (408, &["body-too-slow"]);
        const LOCKED: (u16, &[&str]) = (401, UNAUTHORIZED);
        const BARRED: (u16, &[&str]) = (403, FORBIDDEN);
        const WRONG: (u16, &[&str]) = (400, INVALID);
        const SEARCH: Refusals = &[
            WRONG,
            LOCKED,
            BARRED,
            COSTLY,
            HURRIED,
            INTERNAL,
            (503, BUSY),
        ];
        const ONE: Refusals = &[
            WRONG,
            LOCKED,
            BARRED,
            MISSING,
            HURRIED,
            INTERNAL,
            (503, BUSY),
        ];
        const ADMIN: Refusals = &[WRONG, LOCKED, BARRED, HURRIED, INTERNAL];
        const ADMIN_ONE: Refusals = &[WRONG, LOCKED, BARRED, MISSING, HURRIED, INTERNAL];
        const CONFLICTING: Refusals = &[
            WRONG,
            LOCKED,
            BARRED,
            MISSING,
            (409, &["conflict"]),
            HURRIED,
            INTERNAL,
        ];
        const WRITING: Refusals = &[
            (
                400,
                &[
                    "unknown-parameter",
                    "bad-parameter",
                    "repeated-parameter",
                    "several-keys",
                    "bad-body",
                    "bad-file",
                    "bad-reports",
                    "bad-id",
                ],
            ),
            LOCKED,
            (
                403,
                &[
                    "action-missing",
                    "origin-not-allowed",
                    "report-not-allowed",
                    "not-taken",
                ],
            ),
            MISSING,
            SLOW,
            (409, &["id-of-file"]),
            (
                413,
                &["body-too-large", "report-too-large", "too-many-reports"],
            ),
            (415, &["unsupported-media-type"]),
            (
                429,
                &["too-many-requests", "too-many-of-address", "queue-full"],
            ),
            INTERNAL,
            (503, &["store-unavailable", "overloaded"]),
            (507, &["disk-full"]),
        ];
        const SENDING: Refusals = &[
            (400, INVALID_BODY),
            LOCKED,
            BARRED,
            SLOW,
            (413, &["body-too-large"]),
            HURRIED,
            INTERNAL,
        ];
        match (self.action, self.names_one) {
            (None, _) => &[],
            (Some(Action::Search), _) if self.body.is_some() => TELLING,
            (Some(Action::Search), false) => SEARCH,
            (Some(Action::Search), true) => ONE,
            (Some(Action::Write), _) => WRITING,
            (Some(_), _) if self.body.is_some() => SENDING,
            (Some(_), _) if self.conflicts => CONFLICTING,
            (Some(_), false) => ADMIN,
            (Some(_), true) => ADMIN_ONE,
        }
    }
}

const ETAG: (&str, &str) = (
    "ETag",
    "同一索引下不变；以 If-None-Match 送回，没有变化时回答 304。",
);
const LINK: (&str, &str) = (
    "Link",
    "前后各页的地址：first、prev、next、last（RFC 8288）。",
);

fn json<T: JsonSchema>(description: &'static str, example: Option<Example>) -> Answer {
    Answer {
        status: 200,
        description,
        content: vec![("application/json", of::<T>)],
        headers: vec![ETAG],
        example,
    }
}

fn unchanged() -> Answer {
    Answer {
        status: 304,
        description: "没有变化；只在请求带 If-None-Match 时有。",
        content: Vec::new(),
        headers: vec![ETAG],
        example: None,
    }
}

/// An answer of a type that nothing is kept of.
fn plain(kind: &'static str, description: &'static str, schema: Of) -> Answer {
    Answer {
        status: 200,
        description,
        content: vec![(kind, schema)],
        headers: Vec::new(),
        example: None,
    }
}

/// What anyone may ask.
fn public(operation: Operation) -> Operation {
    Operation {
        action: None,
        ..operation
    }
}

/// What only those may ask who look after the service.
fn admin(operation: Operation) -> Operation {
    Operation {
        action: Some(Action::Admin),
        ..operation
    }
}

/// Everything the API does.
pub(super) fn operations(state: &State) -> Vec<Operation> {
    let mut all = search::all(state);
    all.extend(reading::all());
    all.extend(writing::all());
    all.extend(keys::all());
    all.extend(analytics::all());
    all.extend(running::all());
    all.extend(machines::all(state));
    all
}
