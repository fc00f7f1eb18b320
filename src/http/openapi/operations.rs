//! The operations of the API, one by one: what each takes and answers.

use schemars::JsonSchema;
use serde_json::{Value, json};

use super::parameters;
use super::schemas::{Of, object, of, text};
use crate::http::api::{MAX_REPORTS, SIMILAR_DEFAULT, SIMILAR_MOST};
use crate::http::params::MAX_PER_PAGE;
use crate::http::state::State;
use crate::http::wire::{
    CompareAnswer, IndexAnswer, KeyAnswer, KeyCreated, KeysAnswer, MatrixAnswer, PassageAnswer,
    Readiness, ReportWithPassages, ReportsAnswer, SearchAnswer, SimilarAnswer, SuggestAnswer,
    TaskAnswer, TasksAnswer,
};
use crate::key::Action;

/// What operations are grouped by.
pub(super) const TAGS: [(&str, &str, &str); 6] = [
    ("search", "检索", "段落的检索、分面、对比和导出"),
    ("passages", "段落", "一个段落，和与它相近的"),
    ("reports", "报告", "报告及其各段"),
    ("tasks", "写入", "报告的写入和撤回，以及它们的任务"),
    ("keys", "密钥", "密钥的建立、查看和吊销"),
    ("service", "运行", "服务的状态和说明"),
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

macro_rules! example {
    ($request:literal, $file:literal) => {
        Some(Example {
            request: $request,
            text: include_str!(concat!("examples/", $file, ".json")),
        })
    };
}

/// What a key may be used for.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[expect(dead_code, reason = "it only says what a wish looks like")]
enum ActionWish {
    Search,
    Write,
    Admin,
}

/// A key that is wished for.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "it only says what a wish looks like")]
struct KeyWish {
    /// 用途，供辨认。
    #[schemars(length(min = 1, max = 100))]
    name: String,
    /// 其他说明。
    #[schemars(default)]
    description: Option<String>,
    /// 权限；空的为 search。
    #[schemars(default)]
    actions: Vec<ActionWish>,
    /// 允许使用它的网站，如 `https://www.example.org`；空的不限。
    #[schemars(default, length(max = 100))]
    origins: Vec<String>,
    /// 允许写入的报告 id 的开头；空的不限。
    #[schemars(default, length(max = 100))]
    prefixes: Vec<String>,
    /// 检索总是受此筛选，按项给出值；空的不限。
    #[schemars(default)]
    filters: std::collections::BTreeMap<String, Vec<String>>,
    /// 失效的日期（当地零时起）或时刻；缺省不过期。
    #[schemars(default)]
    expires: Option<String>,
    /// 每秒请求数的上限。
    #[schemars(default, range(min = 1, max = 100_000))]
    rate: Option<u32>,
    /// 停歇后一次可连发的请求数；缺省与 rate 相同。
    #[schemars(default, range(min = 1, max = 100_000))]
    burst: Option<u32>,
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

/// Everything the API does.
pub(super) fn operations(state: &State) -> Vec<Operation> {
    let mut all = vec![search(state), matrix(), compare(), export(), suggest()];
    all.extend(reading());
    all.extend(writing());
    all.extend(keys());
    all.extend(running());
    all
}

fn search(state: &State) -> Operation {
    let mut answer = json::<SearchAnswer>(
        "命中的段落和计数。",
        example!(
            "/api/v1/search?q=教师交流轮岗&per_page=1&facets=kind",
            "search"
        ),
    );
    answer.headers.push(LINK);
    Operation {
        description: "按相关程度排列的段落，每条带有摘录和高亮，并按项计数。",
        parameters: parameters::paged(state),
        answers: vec![answer, unchanged()],
        ..Operation::new("get", "/api/v1/search", "search", "search", "检索段落")
    }
}

fn matrix() -> Operation {
    Operation {
        description: "命中的段落按两项交叉计数，如各省各主题；每格都等于相应筛选的检索所得。",
        parameters: parameters::matrix(),
        answers: vec![
            json::<MatrixAnswer>(
                "行、列和计数。",
                example!(
                    "/api/v1/matrix?q=教师&rows=kind&cols=theme&cols_limit=2",
                    "matrix"
                ),
            ),
            unchanged(),
        ],
        ..Operation::new(
            "get",
            "/api/v1/matrix",
            "matrix",
            "search",
            "按两项交叉计数",
        )
    }
}

fn compare() -> Operation {
    let mut answer = json::<CompareAnswer>("各方按主题并排的段落。", None);
    answer.content.push(("text/csv", text));
    answer.content.push(("text/markdown", text));
    Operation {
        description: "几个地区或报告并排：同一主题下相近的段落对在一行。",
        parameters: parameters::compare(),
        names_one: true,
        answers: vec![answer, unchanged()],
        ..Operation::new(
            "get",
            "/api/v1/compare",
            "compare",
            "search",
            "对比地区或报告",
        )
    }
}

fn export() -> Operation {
    Operation {
        description: "全部命中的段落，作为文件边读边发，次序与检索相同。",
        parameters: parameters::export(),
        answers: vec![Answer {
            status: 200,
            description: "文件。",
            content: vec![
                ("text/csv", text as Of),
                ("application/x-ndjson", text),
                ("text/markdown", text),
            ],
            headers: vec![("Content-Disposition", "文件名。")],
            example: None,
        }],
        ..Operation::new("get", "/api/v1/export", "export", "search", "导出全部命中")
    }
}

fn suggest() -> Operation {
    Operation {
        description: "正在输入的词可能是什么：地区、主题、标题和常用词组，拼音和首字母也可。",
        parameters: parameters::suggest(),
        answers: vec![
            json::<SuggestAnswer>(
                "补全，最可能的在前。",
                example!("/api/v1/suggest?q=jiaoshi&limit=2", "suggest"),
            ),
            unchanged(),
        ],
        ..Operation::new("get", "/api/v1/suggest", "suggest", "search", "输入时补全")
    }
}

fn reading() -> Vec<Operation> {
    let passage = || parameters::path("id", "段落的 id。");
    let report = || parameters::path("id", "报告的 id。");
    let mut listed = json::<ReportsAnswer>(
        "一页报告。",
        example!("/api/v1/reports?per_page=1", "reports"),
    );
    listed.headers.push(LINK);
    vec![
        Operation {
            description: "段落的全文、所在报告、主题的依据、文中的数值，和前后各段。",
            parameters: vec![passage()],
            names_one: true,
            answers: vec![
                json::<PassageAnswer>("段落。", example!("/api/v1/passages/{id}", "passage")),
                unchanged(),
            ],
            ..Operation::new(
                "get",
                "/api/v1/passages/{id}",
                "passage",
                "passages",
                "读一个段落",
            )
        },
        Operation {
            description: "别的报告中与这一段相近的段落，每个报告一段，别的地区在前，附共有的词。",
            parameters: vec![
                passage(),
                parameters::similar(SIMILAR_MOST, SIMILAR_DEFAULT),
            ],
            names_one: true,
            answers: vec![
                json::<SimilarAnswer>(
                    "相近的段落。",
                    example!("/api/v1/passages/{id}/similar?limit=1", "similar"),
                ),
                unchanged(),
            ],
            ..Operation::new(
                "get",
                "/api/v1/passages/{id}/similar",
                "similar",
                "passages",
                "相近的段落",
            )
        },
        Operation {
            description: "索引中的报告，按语料的次序。",
            parameters: parameters::pages(MAX_REPORTS, MAX_PER_PAGE),
            answers: vec![listed, unchanged()],
            ..Operation::new("get", "/api/v1/reports", "reports", "reports", "列出报告")
        },
        Operation {
            description: "报告及其各段，按原文的次序。",
            parameters: vec![report()],
            names_one: true,
            answers: vec![
                json::<ReportWithPassages>("报告。", example!("/api/v1/reports/{id}", "report")),
                unchanged(),
            ],
            ..Operation::new(
                "get",
                "/api/v1/reports/{id}",
                "report",
                "reports",
                "读一个报告",
            )
        },
    ]
}

/// A report that is sent.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it only says what a report looks like")]
struct ReportSent {
    /// 正文。
    #[schemars(length(min = 1))]
    text: String,
    /// 标题；缺省取自正文。
    title: Option<String>,
    /// 地区名或六位区划代码；缺省取自标题、发文机关或文号。
    region: Option<String>,
    /// 发文机关。
    issuer: Option<String>,
    /// 文号。
    document_number: Option<String>,
    /// 日期。
    date: Option<String>,
    /// 年份。
    year: Option<u16>,
    /// 原文的网址。
    url: Option<String>,
    /// 文件名。
    name: Option<String>,
}

/// One of several reports that are sent, or withdrawn.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "it only says what a change looks like")]
struct ReportChange {
    /// 报告的 id，1–128 个英文字母、数字、- 或 _。
    #[schemars(length(min = 1, max = 128))]
    id: String,
    /// true 表示撤回这个报告。
    #[schemars(default)]
    deleted: bool,
    /// 正文；撤回时不需要。
    text: Option<String>,
    /// 标题；缺省取自正文。
    title: Option<String>,
    /// 地区名或六位区划代码。
    region: Option<String>,
    /// 发文机关。
    issuer: Option<String>,
    /// 文号。
    document_number: Option<String>,
    /// 日期。
    date: Option<String>,
    /// 年份。
    year: Option<u16>,
    /// 原文的网址。
    url: Option<String>,
}

fn writing() -> Vec<Operation> {
    let write = |operation: Operation| Operation {
        action: Some(Action::Write),
        ..operation
    };
    let task = |status, description| Answer {
        status,
        headers: vec![("Location", "任务的地址。")],
        ..json::<TaskAnswer>(description, None)
    };
    let tasks = || {
        vec![
            task(200, "已收入索引，或没有收成；只在等到结束时有。"),
            task(202, "已存妥，收入索引的任务在排队。"),
        ]
    };
    let report = || parameters::path("id", "报告的 id，1–128 个英文字母、数字、- 或 _。");
    let files = [
        "text/plain",
        "text/markdown",
        "text/html",
        "application/pdf",
        "application/msword",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ];
    vec![
        write(Operation {
            description: "写入一个报告，已有的被替换。正文可以是 JSON，也可以是文件；先落盘，后回答。",
            parameters: [vec![report(), parameters::wait()], parameters::told()].concat(),
            body: Some(Body {
                schema: of::<ReportSent>,
                example: json!({
                    "title": "山西省晋中市:全市一盘棋",
                    "text": "晋中市推进教师交流。\n\n一、加强领导。建立联席会议制度。\n",
                    "date": "2016-11-24",
                }),
                also: files.map(|kind| (kind, text as Of)).into(),
            }),
            answers: tasks(),
            ..Operation::new(
                "put",
                "/api/v1/reports/{id}",
                "putReport",
                "tasks",
                "写入一个报告",
            )
        }),
        write(Operation {
            description: "撤回一个写入的报告；来自文件的报告不在此列。",
            parameters: vec![report(), parameters::wait()],
            answers: tasks(),
            ..Operation::new(
                "delete",
                "/api/v1/reports/{id}",
                "deleteReport",
                "tasks",
                "撤回一个报告",
            )
        }),
        write(Operation {
            description: "写入或撤回许多报告：JSON 数组，或每行一个 JSON 对象。有一处不对就全部不收。",
            parameters: vec![parameters::wait()],
            body: Some(Body {
                schema: of::<Vec<ReportChange>>,
                example: json!([
                    {"id": "jinzhong-2016", "title": "山西省晋中市:全市一盘棋", "text": "一、加强领导。建立联席会议制度。"},
                    {"id": "jinzhong-2015", "deleted": true},
                ]),
                also: vec![("application/x-ndjson", text)],
            }),
            answers: tasks(),
            ..Operation::new(
                "post",
                "/api/v1/reports",
                "bulkReports",
                "tasks",
                "写入许多报告",
            )
        }),
        write(Operation {
            description: "写入和撤回的任务，新的在前。",
            parameters: parameters::tasks(),
            answers: vec![Answer {
                headers: Vec::new(),
                ..json::<TasksAnswer>("任务。", None)
            }],
            ..Operation::new("get", "/api/v1/tasks", "tasks", "tasks", "列出任务")
        }),
        write(Operation {
            description: "一个任务进行到哪里，结果如何。",
            parameters: vec![parameters::path("id", "任务的编号。"), parameters::wait()],
            answers: vec![Answer {
                headers: Vec::new(),
                ..json::<TaskAnswer>("任务。", None)
            }],
            ..Operation::new("get", "/api/v1/tasks/{id}", "task", "tasks", "查看任务")
        }),
    ]
}

fn keys() -> Vec<Operation> {
    let admin = |operation: Operation| Operation {
        action: Some(Action::Admin),
        ..operation
    };
    let private = |mut answer: Answer| {
        answer.headers.clear();
        answer
    };
    let id = || parameters::path("id", "密钥的 id，不是密钥本身。");
    vec![
        admin(Operation {
            description: "全部密钥，不含密钥本身，已吊销的也在内。",
            answers: vec![private(json::<KeysAnswer>("全部密钥。", None))],
            ..Operation::new("get", "/api/v1/keys", "listKeys", "keys", "列出密钥")
        }),
        admin(Operation {
            description: "建立一把密钥。密钥本身只在这次回答中给出。",
            body: Some(Body {
                schema: of::<KeyWish>,
                example: json!({
                    "name": "学会网站",
                    "actions": ["search"],
                    "origins": ["https://www.example.org"],
                    "rate": 20,
                }),
                also: Vec::new(),
            }),
            answers: vec![Answer {
                status: 201,
                headers: vec![("Location", "这把密钥的地址。")],
                ..json::<KeyCreated>("建立的密钥。", None)
            }],
            ..Operation::new("post", "/api/v1/keys", "createKey", "keys", "建立密钥")
        }),
        admin(Operation {
            description: "一把密钥的情况，不含密钥本身。",
            parameters: vec![id()],
            names_one: true,
            answers: vec![private(json::<KeyAnswer>("密钥。", None))],
            ..Operation::new("get", "/api/v1/keys/{id}", "readKey", "keys", "查看密钥")
        }),
        admin(Operation {
            description: "吊销一把密钥，立即生效，不能恢复。",
            parameters: vec![id()],
            names_one: true,
            conflicts: true,
            answers: vec![Answer {
                status: 204,
                description: "已吊销。",
                content: Vec::new(),
                headers: Vec::new(),
                example: None,
            }],
            ..Operation::new(
                "delete",
                "/api/v1/keys/{id}",
                "revokeKey",
                "keys",
                "吊销密钥",
            )
        }),
    ]
}

fn running() -> Vec<Operation> {
    let admin = |operation: Operation| Operation {
        action: Some(Action::Admin),
        ..operation
    };
    let public = |operation: Operation| Operation {
        action: None,
        ..operation
    };
    let plain = |description, schema: Of, example| Answer {
        status: 200,
        description,
        content: vec![("application/json", schema)],
        headers: Vec::new(),
        example,
    };
    vec![
        public(Operation {
            description: "进程在运行。",
            answers: vec![plain("在运行。", object, example!("/healthz", "healthz"))],
            ..Operation::new("get", "/healthz", "healthz", "service", "是否在运行")
        }),
        public(Operation {
            description: "能够回答检索，从哪一份索引回答，和词表的情况。",
            answers: vec![plain("能够回答。", of::<Readiness<'static>>, None)],
            ..Operation::new("get", "/readyz", "readyz", "service", "能否回答")
        }),
        admin(Operation {
            description: "索引和写入的存储的情况。",
            answers: vec![plain("索引的情况。", of::<IndexAnswer>, None)],
            ..Operation::new("get", "/api/v1/index", "index", "service", "索引的情况")
        }),
        admin(Operation {
            description: "重建索引；其间照常检索。",
            answers: vec![Answer {
                status: 202,
                headers: vec![("Location", "索引情况的地址。")],
                ..plain("已开始。", of::<IndexAnswer>, None)
            }],
            ..Operation::new(
                "post",
                "/api/v1/index/rebuild",
                "rebuild",
                "service",
                "重建索引",
            )
        }),
        public(Operation {
            description: "供 Prometheus 读取的指标。",
            answers: vec![Answer {
                content: vec![("application/openmetrics-text", text as Of)],
                ..plain("指标。", text, None)
            }],
            ..Operation::new("get", "/metrics", "metrics", "service", "指标")
        }),
        public(Operation {
            description: "这份说明。",
            answers: vec![plain("OpenAPI 3.1 的说明。", object, None), unchanged()],
            ..Operation::new(
                "get",
                "/api/v1/openapi.json",
                "openapi",
                "service",
                "接口说明",
            )
        }),
    ]
}
