//! What refusals say in English.

use crate::http::problem::Problem;

/// What a refusal says in English; in Chinese it says so itself.
pub(in crate::http::pages) fn refusal_in_english(problem: &Problem) -> String {
    match problem {
        Problem::UnknownParameter {
            name,
            nearest,
            allowed,
        } => {
            let nearest = nearest
                .as_ref()
                .map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"));
            let allowed = allowed.replace('、', ", ");
            let known = if allowed.is_empty() {
                String::new()
            } else {
                format!(" Known: {allowed}.")
            };
            format!("There is no parameter “{name}”{nearest}.{known}").replace("?.", "?")
        }
        Problem::BadParameter { name, value, .. } => {
            format!("The parameter {name} cannot be “{value}”.")
        }
        Problem::RepeatedParameter { name } => {
            format!("The parameter {name} may be given once only.")
        }
        Problem::NotFound { id, .. } => format!("There is nothing here with the id “{id}”."),
        Problem::NoSuchPath { path } => format!("There is no page at {path}."),
        Problem::MethodNotAllowed { path, allowed } => format!("{path} takes {allowed} only."),
        Problem::KeyMissing { .. }
        | Problem::KeyUnknown
        | Problem::KeyRevoked { .. }
        | Problem::KeyExpired { .. }
        | Problem::SeveralKeys
        | Problem::ActionMissing { .. }
        | Problem::OriginNotAllowed { .. }
        | Problem::ForeignOrigin { .. }
        | Problem::ReportNotAllowed { .. } => {
            "This needs a key that is valid for it; ask whoever runs the service.".to_owned()
        }
        Problem::ForeignForm => {
            "This form was not sent from its page, or is too old; open the page again.".to_owned()
        }
        Problem::TooManyRequests { .. }
        | Problem::TooManyOfAddress { .. }
        | Problem::Overloaded { .. }
        | Problem::QueueFull { .. } => {
            "There are too many requests just now; try again shortly.".to_owned()
        }
        Problem::TimedOut { .. } => {
            "The search took too long; make it shorter, or try again shortly.".to_owned()
        }
        Problem::TooCostly { .. } => {
            "The search would look at too much; ask for fewer words, fewer pages or a filter."
                .to_owned()
        }
        Problem::BodyTooSlow => "The request came too slowly to be taken; try again.".to_owned(),
        Problem::UnsupportedType { .. }
        | Problem::BadFile { .. }
        | Problem::BadReports { .. }
        | Problem::ReportTooLarge { .. }
        | Problem::TooManyReports { .. }
        | Problem::BadId { .. }
        | Problem::IdOfFile { .. }
        | Problem::NotTaken
        | Problem::BadBody { .. }
        | Problem::BodyTooLarge { .. }
        | Problem::Conflict { .. } => "The request cannot be carried out as it is.".to_owned(),
        Problem::DiskFull | Problem::StoreUnavailable => {
            "Nothing can be written here just now; searching goes on.".to_owned()
        }
        Problem::Internal => "Something failed here; it has been logged.".to_owned(),
    }
}
