//! Refusals, as RFC 9457 problem details.
//!
//! `code` is stable and for programs, `title` and `detail` are Chinese and for people. A failure
//! of ours is logged here, once, and its cause is not told to the client.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;

use crate::index;

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
    #[error("{path} 只接受 GET 和 HEAD 请求")]
    MethodNotAllowed {
        /// The path.
        path: String,
    },
    /// Too many searches wait already.
    #[error("正在进行的检索太多，请稍后再试")]
    Overloaded,
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
            Self::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "overloaded", "服务繁忙"),
            Self::TimedOut { .. } => (StatusCode::SERVICE_UNAVAILABLE, "timed-out", "检索超时"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "内部错误"),
        }
    }

    /// The title for people.
    pub(super) fn title(&self) -> &'static str {
        self.kind().2
    }
}

impl From<index::Error> for Problem {
    fn from(error: index::Error) -> Self {
        tracing::error!(%error, "检索出错");
        Self::Internal
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
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        if status == StatusCode::METHOD_NOT_ALLOWED {
            response.insert_header((header::ALLOW, "GET, HEAD"));
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
    Problem::MethodNotAllowed {
        path: request.path().to_owned(),
    }
    .error_response()
}
