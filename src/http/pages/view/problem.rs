//! A refusal for readers.

use askama::Template;

use crate::http::pages::frame::Frame;
use crate::http::pages::lang::Lang;
use crate::http::pages::links::Links;
use crate::http::pages::text::{Texts, refusal_in_english};
use crate::http::pages::visit::Visit;
use crate::http::problem::Problem;

/// A refusal for readers.
#[derive(Template)]
#[template(path = "problem.html", config = "src/http/askama.toml")]
pub(in crate::http::pages) struct ProblemPage {
    frame: Frame,
    home: String,
    heading: &'static str,
    /// What is wrong, where the page is in English.
    english: Option<String>,
    /// What is wrong and how to mend it, in Chinese, as the API says it.
    detail: String,
}

impl ProblemPage {
    pub(in crate::http::pages) fn new(visit: &Visit, problem: &Problem) -> Self {
        let heading = match visit.lang {
            Lang::Zh => problem.title(),
            Lang::En => heading(Texts::of(visit.lang), problem),
        };
        // What the address asked for is what is wrong, so nothing of it is kept.
        let mut visit = visit.clone();
        visit.pairs.clear();
        Self {
            frame: Frame::new(&visit, None, heading),
            home: Links::new("/", &visit).here(),
            heading,
            english: (visit.lang == Lang::En).then(|| refusal_in_english(problem)),
            detail: problem.to_string(),
        }
    }
}

/// What kind of refusal it is, for those who do not read the detail.
fn heading(t: &Texts, problem: &Problem) -> &'static str {
    match problem {
        Problem::UnknownParameter { .. }
        | Problem::BadParameter { .. }
        | Problem::RepeatedParameter { .. }
        | Problem::TooCostly { .. }
        | Problem::UnsupportedType { .. }
        | Problem::BadFile { .. }
        | Problem::BadReports { .. }
        | Problem::ReportTooLarge { .. }
        | Problem::TooManyReports { .. }
        | Problem::BadId { .. }
        | Problem::IdOfFile { .. }
        | Problem::NotTaken
        | Problem::BadBody { .. }
        | Problem::BodyTooLarge { .. }
        | Problem::Conflict { .. } => t.refusal_parameter,
        Problem::NotFound { .. } | Problem::NoSuchPath { .. } => t.refusal_not_found,
        Problem::MethodNotAllowed { .. } => t.refusal_method,
        Problem::KeyMissing { .. }
        | Problem::KeyUnknown
        | Problem::KeyRevoked { .. }
        | Problem::KeyExpired { .. }
        | Problem::SeveralKeys
        | Problem::ActionMissing { .. }
        | Problem::OriginNotAllowed { .. }
        | Problem::ForeignOrigin { .. }
        | Problem::ForeignForm
        | Problem::ReportNotAllowed { .. } => t.refusal_key,
        Problem::TooManyRequests { .. }
        | Problem::TooManyOfAddress { .. }
        | Problem::Overloaded { .. }
        | Problem::BodyTooSlow
        | Problem::QueueFull { .. }
        | Problem::DiskFull
        | Problem::StoreUnavailable
        | Problem::TimedOut { .. } => t.refusal_busy,
        Problem::Internal => t.refusal_internal,
    }
}
