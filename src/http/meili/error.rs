//! Refusals in the envelope that Meilisearch's clients read: message, code, type and link.
//!
//! The codes and statuses are theirs; the messages are ours, Chinese, and say what is allowed.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::http::problem::Problem;

/// Seconds after which a request that was refused for load may be tried again.
const RETRY_AFTER_SECONDS: u64 = 1;
/// Characters of what was given that a message repeats.
const REPEATED_CHARS: usize = 100;

/// Why a request is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct Error {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<u64>,
}

/// As it is sent; a task that failed says the same.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Envelope {
    message: String,
    code: &'static str,
    r#type: &'static str,
    link: String,
}

impl Error {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after: None,
        }
    }

    /// What is wrong, in Chinese.
    pub(super) fn into_message(self) -> String {
        self.message
    }

    /// A request that says what cannot be.
    pub(super) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(super) fn no_index(uid: &str) -> Self {
        let uid = repeated(uid);
        let message = format!("没有名为“{uid}”的索引；本服务只有 {}", super::UID);
        Self::new(StatusCode::NOT_FOUND, "index_not_found", message)
    }

    pub(super) fn no_document(id: &str) -> Self {
        let message = format!("没有 id 为“{}”的文档", repeated(id));
        Self::new(StatusCode::NOT_FOUND, "document_not_found", message)
    }

    /// The same, said of the query at this place among several.
    pub(super) fn within(mut self, place: usize) -> Self {
        self.message = format!("queries[{place}]：{}", self.message);
        self
    }

    pub(super) fn envelope(&self) -> Envelope {
        Envelope {
            message: self.message.clone(),
            code: self.code,
            r#type: match (self.status, self.code) {
                (StatusCode::INTERNAL_SERVER_ERROR, _) => "internal",
                (StatusCode::SERVICE_UNAVAILABLE, _) | (_, "no_space_left_on_device") => "system",
                (_, "missing_authorization_header" | "invalid_api_key") => "auth",
                _ => "invalid_request",
            },
            link: format!("https://docs.meilisearch.com/errors#{}", self.code),
        }
    }
}

/// What was given, as far as a message repeats it: on one line, and nothing that a terminal would
/// obey.
pub(super) fn repeated(text: &str) -> String {
    let shown = text.chars().take(REPEATED_CHARS);
    shown
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect()
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let message = problem.to_string();
        let status = problem.status_code();
        match &problem {
            Problem::KeyMissing { .. } => {
                Self::new(status, "missing_authorization_header", message)
            }
            Problem::KeyUnknown
            | Problem::KeyRevoked { .. }
            | Problem::KeyExpired { .. }
            | Problem::SeveralKeys
            | Problem::ActionMissing { .. }
            | Problem::OriginNotAllowed { .. }
            | Problem::ReportNotAllowed { .. } => {
                Self::new(StatusCode::FORBIDDEN, "invalid_api_key", message)
            }
            Problem::TooManyRequests { seconds, .. } | Problem::TooManyOfAddress { seconds } => {
                Self {
                    retry_after: Some(*seconds),
                    ..Self::new(status, "too_many_requests", message)
                }
            }
            Problem::Overloaded { seconds } => Self {
                retry_after: Some(*seconds),
                ..Self::new(status, "too_many_search_requests", message)
            },
            Problem::TimedOut { .. } | Problem::StoreUnavailable => Self {
                retry_after: Some(RETRY_AFTER_SECONDS),
                ..Self::new(status, "too_many_search_requests", message)
            },
            Problem::QueueFull { .. } => Self {
                retry_after: Some(RETRY_AFTER_SECONDS),
                ..Self::new(status, "too_many_requests", message)
            },
            Problem::BadId { .. } | Problem::IdOfFile { .. } => {
                Self::bad("invalid_document_id", message)
            }
            Problem::ReportTooLarge { .. } | Problem::TooManyReports { .. } => {
                Self::new(status, "payload_too_large", message)
            }
            Problem::DiskFull => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "no_space_left_on_device",
                message,
            ),
            Problem::NotTaken => Self::bad("feature_not_enabled", message),
            Problem::BodyTooLarge { .. } => Self::new(status, "payload_too_large", message),
            Problem::Internal => Self::new(status, "internal", message),
            _ if status == StatusCode::NOT_FOUND => Self::new(status, "not_found", message),
            _ => Self::new(status, "bad_request", message),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        response.json(self.envelope())
    }
}
