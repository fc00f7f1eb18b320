//! Refusals, as RFC 9457 problem details.
//!
//! `code` is stable and for programs, `title` and `detail` are Chinese and for people. A failure
//! of ours is logged here, once, and its cause is not told to the client.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;

use crate::index;
use crate::key::{self, Action};

/// Seconds after which a request that was refused for load may be tried again.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A parameter that does not exist here.
    #[error("没有名为“{name}”的参数{}", hints(.nearest.as_deref(), .allowed))]
    UnknownParameter {
        /// The name as it was given.
        name: String,
        /// The known name most like it.
        nearest: Option<String>,
        /// All there are; empty where none is taken.
        allowed: String,
    },
    /// A parameter whose value is not allowed.
    #[error("参数 {name} 的值“{value}”无效；应为：{allowed}")]
    BadParameter {
        /// Its name.
        name: String,
        /// The value as it was given.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A parameter of one value was given several times.
    #[error("参数 {name} 只能给一次")]
    RepeatedParameter {
        /// Its name.
        name: &'static str,
    },
    /// No passage, report or page has that address.
    #[error("没有 id 为“{id}”的{what}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// The id as it was given.
        id: String,
    },
    /// No route has that path.
    #[error("没有这个地址：{path}")]
    NoSuchPath {
        /// The path.
        path: String,
    },
    /// The route exists, but not for this method.
    #[error("{path} 只接受 {} 请求", listed(.allowed))]
    MethodNotAllowed {
        /// The path.
        path: String,
        /// The methods it has.
        allowed: &'static str,
    },
    /// A key is needed.
    #[error(
        "{}需要密钥：请以 Authorization: Bearer 密钥 或 X-API-Key: 密钥 请求头发送，密钥由管理员用 cesou keys create 建立",
        .action.label()
    )]
    KeyMissing {
        /// What for.
        action: Action,
    },
    /// The key is none of ours.
    #[error("密钥无效：不是本服务的密钥，或抄写不全")]
    KeyUnknown,
    /// The key was taken back.
    #[error("密钥 {key} 已被吊销；请向管理员索取新的密钥")]
    KeyRevoked {
        /// Its id.
        key: String,
    },
    /// The key's time is over.
    #[error("密钥 {key} 已于 {since} 过期；请向管理员索取新的密钥")]
    KeyExpired {
        /// Its id.
        key: String,
        /// Since when.
        since: String,
    },
    /// More than one key was sent.
    #[error("请求带有几把不同的密钥；请只发送一把")]
    SeveralKeys,
    /// The key is not for this.
    #[error("密钥 {key} 没有{}权限（{}）；请向管理员索取有此权限的密钥", .action.label(), .action.as_str())]
    ActionMissing {
        /// Its id.
        key: String,
        /// What is missing.
        action: Action,
    },
    /// The key is not for pages of that site.
    #[error("密钥 {key} 不能用于 {origin} 的网页；请让管理员把该网站列入密钥的 origins")]
    OriginNotAllowed {
        /// Its id.
        key: String,
        /// Where the request is from.
        origin: String,
    },
    /// A page of another host calls what only programs and pages of this one may.
    #[error("{origin} 的网页不能调用这个接口；请在自己的程序里调用")]
    ForeignOrigin {
        /// Where the request is from.
        origin: String,
    },
    /// A form of the owner's page that did not come from it.
    #[error("这个表单不是从本页发出的，或已失效；请重新打开页面再试")]
    ForeignForm,
    /// The key may not write that report.
    #[error("密钥 {key} 不能写入报告 {id}：报告 id 应以 {prefixes} 开头")]
    ReportNotAllowed {
        /// The key's id.
        key: String,
        /// The report's id.
        id: String,
        /// What it should begin with.
        prefixes: String,
    },
    /// The address asked too often.
    #[error(
        "来自这个网络地址的请求过于频繁，请在 {seconds} 秒后再试；同一出口的人很多时，请联系管理员调高 server.requests_per_minute 或使用密钥"
    )]
    TooManyOfAddress {
        /// Seconds to wait.
        seconds: u64,
    },
    /// The key was used too often.
    #[error("密钥 {key} 的请求过于频繁，请在 {seconds} 秒后再试")]
    TooManyRequests {
        /// Its id.
        key: String,
        /// Seconds to wait.
        seconds: u64,
    },
    /// The body is not what is asked for.
    #[error("请求正文看不懂：{why}")]
    BadBody {
        /// What is wrong.
        why: String,
    },
    /// The body is larger than is read.
    #[error("请求正文过大，至多 {most} 字节")]
    BodyTooLarge {
        /// The most bytes.
        most: usize,
    },
    /// The body came too slowly, or did not end.
    #[error("请求正文来得太慢，没有收全；请检查网络后重试，或分成几次提交")]
    BodyTooSlow,
    /// A body of a kind that is not read.
    #[error("不接受 {given}；应为：{allowed}")]
    UnsupportedType {
        /// The kind as it was given.
        given: String,
        /// What is read.
        allowed: String,
    },
    /// A file that gives no report.
    #[error("文件读不了：{why}")]
    BadFile {
        /// Why.
        why: String,
    },
    /// Some of the reports in a body are not right; nothing of it was stored.
    #[error("有 {faulty} 份报告不对，全部没有收下{}", first(.faults))]
    BadReports {
        /// What is wrong with the first of them.
        faults: Vec<Fault>,
        /// How many there are.
        faulty: usize,
    },
    /// A report past the size that is taken.
    #[error("{why}")]
    ReportTooLarge {
        /// Its size, and the limit.
        why: String,
    },
    /// More reports than are taken in one request.
    #[error("一次请求至多 {most} 份报告；请分几次提交，或调高 store.max_reports")]
    TooManyReports {
        /// The most.
        most: usize,
    },
    /// An id that no report can have.
    #[error(
        "报告编号“{id}”不可用：应为 1–{} 个字符，只用英文字母、数字、- 和 _",
        crate::store::MAX_ID
    )]
    BadId {
        /// The id as it was given.
        id: String,
    },
    /// An id such as the reports of files have.
    #[error("{}", id_of_file(.id, .file.as_deref()))]
    IdOfFile {
        /// The id.
        id: String,
        /// The file whose report has it, where one does.
        file: Option<String>,
    },
    /// Too many requests wait to be taken into the index.
    #[error(
        "有 {waiting} 个写入请求在等待收入索引，已到上限 {most}；请稍后再试，或调高 store.max_queue"
    )]
    QueueFull {
        /// How many wait.
        waiting: usize,
        /// The most that may.
        most: usize,
    },
    /// The disk is full, or so nearly that nothing is taken.
    #[error("服务器磁盘空间不足，暂不接收写入；检索照常，腾出空间后会自动恢复")]
    DiskFull,
    /// The store cannot be written.
    #[error("服务器暂时不能写入，原因已记入日志；检索照常")]
    StoreUnavailable,
    /// This service takes no reports.
    #[error("本服务不接收写入")]
    NotTaken,
    /// What was asked is at odds with how things are.
    #[error("{why}")]
    Conflict {
        /// How.
        why: String,
    },
    /// The query would look at more of the index than is allowed.
    #[error("{why}")]
    TooCostly {
        /// What costs so much, and how to ask for less.
        why: String,
    },
    /// Too many searches wait already.
    #[error("正在进行的检索太多，请在 {seconds} 秒后再试")]
    Overloaded {
        /// Seconds to wait.
        seconds: u64,
    },
    /// The search took too long.
    #[error("检索超过了时限 {limit_ms} 毫秒，请缩短查询或稍后再试")]
    TimedOut {
        /// The limit, in milliseconds.
        limit_ms: u64,
    },
    /// Something failed here.
    #[error("服务内部出错，已记入日志")]
    Internal,
}

/// What is wrong with one report of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Its line, or its place in an array, from 1.
    pub line: usize,
    /// Its id, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is wrong.
    #[serde(rename = "detail")]
    pub why: String,
}

/// The first thing that is wrong, behind a sentence.
fn first(faults: &[Fault]) -> String {
    let Some(fault) = faults.first() else {
        return String::new();
    };
    let id = fault.id.as_deref();
    let id = id.map_or_else(String::new, |id| format!("（{id}）"));
    format!("；第 {} 份{id}：{}", fault.line, fault.why)
}

fn id_of_file(id: &str, file: Option<&str>) -> String {
    match file {
        Some(file) => format!("报告 {id} 来自语料文件 {file}；请改动或移走该文件"),
        None => format!(
            "编号 {id} 的形式（六位区划代码加一串十六进制数字）留给语料文件中的报告；请换一个编号"
        ),
    }
}

/// Methods as people list them.
fn listed(methods: &str) -> String {
    match methods.rsplit_once(", ") {
        Some((others, last)) => format!("{} 和 {last}", others.replace(", ", "、")),
        None => methods.to_owned(),
    }
}

/// What an unknown parameter may have been meant to be.
fn hints(nearest: Option<&str>, allowed: &str) -> String {
    if allowed.is_empty() {
        return "，这里不接受参数".to_owned();
    }
    let nearest = nearest.map_or_else(String::new, |nearest| format!("，是否想写 {nearest}"));
    format!("{nearest}；可用的参数有：{allowed}")
}

/// A problem as it is sent.
#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed: Option<&'a str>,
    /// The action a key lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
    /// What is wrong with each of several reports; the first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors: Option<&'a [Fault]>,
}

impl Problem {
    /// The status, the stable code and the title of each kind.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::UnknownParameter { .. } => {
                (StatusCode::BAD_REQUEST, "unknown-parameter", "未知参数")
            }
            Self::BadParameter { .. } => (StatusCode::BAD_REQUEST, "bad-parameter", "参数无效"),
            Self::RepeatedParameter { .. } => {
                (StatusCode::BAD_REQUEST, "repeated-parameter", "参数重复")
            }
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "not-found", "没有找到"),
            Self::NoSuchPath { .. } => (StatusCode::NOT_FOUND, "no-such-path", "没有这个地址"),
            Self::MethodNotAllowed { .. } => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "方法不允许",
            ),
            Self::KeyMissing { .. } => (StatusCode::UNAUTHORIZED, "key-missing", "需要密钥"),
            Self::KeyUnknown => (StatusCode::UNAUTHORIZED, "key-unknown", "密钥无效"),
            Self::KeyRevoked { .. } => (StatusCode::UNAUTHORIZED, "key-revoked", "密钥已吊销"),
            Self::KeyExpired { .. } => (StatusCode::UNAUTHORIZED, "key-expired", "密钥已过期"),
            Self::SeveralKeys => (StatusCode::BAD_REQUEST, "several-keys", "密钥不止一把"),
            Self::ActionMissing { .. } => (StatusCode::FORBIDDEN, "action-missing", "权限不足"),
            Self::OriginNotAllowed { .. } => {
                (StatusCode::FORBIDDEN, "origin-not-allowed", "来源不允许")
            }
            Self::ForeignOrigin { .. } => (StatusCode::FORBIDDEN, "foreign-origin", "来源不允许"),
            Self::ForeignForm => (StatusCode::FORBIDDEN, "foreign-form", "来源不允许"),
            Self::ReportNotAllowed { .. } => {
                (StatusCode::FORBIDDEN, "report-not-allowed", "报告不允许")
            }
            Self::TooManyRequests { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-requests",
                "请求过于频繁",
            ),
            Self::TooManyOfAddress { .. } => (
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-of-address",
                "请求过于频繁",
            ),
            Self::TooCostly { .. } => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "query-too-costly",
                "检索花费过大",
            ),
            Self::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, "body-too-slow", "正文太慢"),
            Self::BadBody { .. } => (StatusCode::BAD_REQUEST, "bad-body", "正文无效"),
            Self::BodyTooLarge { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "正文过大")
            }
            Self::UnsupportedType { .. } => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "类型不支持",
            ),
            Self::BadFile { .. } => (StatusCode::BAD_REQUEST, "bad-file", "文件无效"),
            Self::BadReports { .. } => (StatusCode::BAD_REQUEST, "bad-reports", "报告无效"),
            Self::ReportTooLarge { .. } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "report-too-large",
                "报告过大",
            ),
            Self::TooManyReports { .. } => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-many-reports",
                "报告过多",
            ),
            Self::BadId { .. } => (StatusCode::BAD_REQUEST, "bad-id", "编号无效"),
            Self::IdOfFile { .. } => (StatusCode::CONFLICT, "id-of-file", "编号属于文件"),
            Self::QueueFull { .. } => (StatusCode::TOO_MANY_REQUESTS, "queue-full", "等待者过多"),
            Self::DiskFull => (StatusCode::INSUFFICIENT_STORAGE, "disk-full", "磁盘已满"),
            Self::StoreUnavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "store-unavailable",
                "不能写入",
            ),
            Self::NotTaken => (StatusCode::FORBIDDEN, "not-taken", "不接收写入"),
            Self::Conflict { .. } => (StatusCode::CONFLICT, "conflict", "与现状不合"),
            Self::Overloaded { .. } => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "服务繁忙"),
            Self::TimedOut { .. } => (StatusCode::SERVICE_UNAVAILABLE, "timed-out", "检索超时"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "内部错误"),
        }
    }

    /// What the client is told about keys (RFC 6750), where a key is what is wrong.
    fn challenge(&self) -> Option<String> {
        let what = match self {
            Self::KeyMissing { .. } => String::new(),
            Self::KeyUnknown | Self::KeyRevoked { .. } | Self::KeyExpired { .. } => {
                ", error=\"invalid_token\"".to_owned()
            }
            Self::ActionMissing { action, .. } => {
                let scope = action.as_str();
                format!(", error=\"insufficient_scope\", scope=\"{scope}\"")
            }
            _ => return None,
        };
        Some(format!("Bearer realm=\"cesou\"{what}"))
    }

    /// The title for people.
    pub(super) fn title(&self) -> &'static str {
        self.kind().2
    }
}

impl From<index::Error> for Problem {
    fn from(error: index::Error) -> Self {
        if let index::Error::TooCostly { .. } = error {
            return Self::TooCostly {
                why: error.to_string(),
            };
        }
        tracing::error!(%error, "检索出错");
        Self::Internal
    }
}

impl From<key::Error> for Problem {
    fn from(error: key::Error) -> Self {
        tracing::error!("密钥未作更改：{error}");
        Self::Internal
    }
}

impl From<key::Fault> for Problem {
    fn from(fault: key::Fault) -> Self {
        Self::BadParameter {
            name: fault.field,
            value: fault.value,
            allowed: fault.allowed,
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code, title) = self.kind();
        let mut response = HttpResponse::build(status);
        response.content_type("application/problem+json");
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Self::BodyTooSlow = self {
            // What may still come of it is not waited for.
            response.force_close();
        }
        if let Self::Overloaded { seconds } = self {
            response.insert_header((header::RETRY_AFTER, *seconds));
        } else if status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        if let Self::QueueFull { .. } = self {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        if let Self::TooManyRequests { seconds, .. } | Self::TooManyOfAddress { seconds } = self {
            response.insert_header((header::RETRY_AFTER, *seconds));
        }
        if let Self::MethodNotAllowed { allowed, .. } = self {
            response.insert_header((header::ALLOW, *allowed));
        }
        if let Some(challenge) = self.challenge() {
            response.insert_header((header::WWW_AUTHENTICATE, challenge));
        }
        let (parameter, value, allowed) = match self {
            Self::UnknownParameter { name, allowed, .. } => {
                (Some(name.as_str()), None, Some(allowed.as_str()))
            }
            Self::BadParameter {
                name,
                value,
                allowed,
            } => (
                Some(name.as_str()),
                Some(value.as_str()),
                Some(allowed.as_str()),
            ),
            Self::RepeatedParameter { name } => (Some(*name), None, Some("只给一次")),
            _ => (None, None, None),
        };
        response.json(Body {
            r#type: "about:blank",
            title,
            status: status.as_u16(),
            code,
            detail: self.to_string(),
            parameter,
            value,
            allowed,
            action: match self {
                Self::KeyMissing { action } | Self::ActionMissing { action, .. } => {
                    Some(action.as_str())
                }
                _ => None,
            },
            errors: match self {
                Self::BadReports { faults, .. } => Some(faults),
                _ => None,
            },
        })
    }
}

/// The answer to a path that no route has.
pub(super) async fn no_such_page(request: HttpRequest) -> HttpResponse {
    let problem = Problem::NoSuchPath {
        path: request.path().to_owned(),
    };
    super::pages::problem_or_page(&request, &problem)
}

/// The answer to a method that a route does not have.
pub(super) async fn wrong_method(request: HttpRequest) -> HttpResponse {
    only(&request, "GET, HEAD")
}

/// The answer to a method that is none of `allowed`.
pub(super) fn only(request: &HttpRequest, allowed: &'static str) -> HttpResponse {
    Problem::MethodNotAllowed {
        path: request.path().to_owned(),
        allowed,
    }
    .error_response()
}
