//! What every answer tells browsers not to do with it.
//!
//! Nothing sent from here runs anything but the pages' own script, reaches for anything but this
//! service, or is taken for another kind of content than it is. Answers of the API and assets are
//! for every site (which may do what is for whoever holds a key), pages are for nobody's frame but
//! this site's own; `/embed/frame` says of itself that anyone may frame it.
//!
//! `tests/security.rs` holds what is sent; `tests/browser.rs`, that pages work under it.

use actix_web::HttpResponseBuilder;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::middleware::Next;

/// Whether another site's page may load an answer without asking by CORS.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// What a page may load and do: its own sheet, script and searches, and nothing else; and who may
/// put it in a frame.
const PAGE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                    img-src 'self' data:; connect-src 'self'; manifest-src 'self'; \
                    form-action 'self'; base-uri 'none'; frame-ancestors 'self'; \
                    require-trusted-types-for 'script'; trusted-types 'none'";

/// What is no page does nothing, even where a browser is made to show it as one.
const DATA: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; \
                    frame-ancestors 'none'";

/// What every answer says that does not bring its own.
const ALWAYS: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// What depends on the kind of answer. An answer that says that nothing changed has none of it:
/// browsers would put it in the place of what the kept answer came with.
const BY_KIND: [(HeaderName, &str); 2] = [
    (CONTENT_SECURITY_POLICY, DATA),
    (RESOURCE_POLICY, "cross-origin"),
];

/// Adds what an answer does not say itself.
pub(super) async fn cover<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let is_new = response.status() != StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    let by_kind = BY_KIND.into_iter().filter(|_| is_new);
    for (name, value) in ALWAYS.into_iter().chain(by_kind) {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    Ok(response)
}

/// What a page is held to that shows more than anyone may see, beside what every page is.
const PRIVATE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
                       img-src 'self' data:; connect-src 'self'; manifest-src 'self'; \
                       form-action 'self'; base-uri 'none'; frame-ancestors 'none'; \
                       require-trusted-types-for 'script'; trusted-types 'none'";

/// Makes an answer a page that nobody keeps, lists or puts in a frame.
pub(super) fn private_page(answer: &mut HttpResponseBuilder) {
    answer
        .insert_header((CONTENT_SECURITY_POLICY, HeaderValue::from_static(PRIVATE)))
        .insert_header((RESOURCE_POLICY, HeaderValue::from_static("same-origin")))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((X_ROBOTS_TAG, HeaderValue::from_static("noindex, nofollow")));
}

/// Makes an answer one that a browser shows as a page.
pub(super) fn page(answer: &mut HttpResponseBuilder) {
    answer
        .insert_header((CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE)))
        .insert_header((RESOURCE_POLICY, HeaderValue::from_static("same-origin")));
}
