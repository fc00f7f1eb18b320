//! Lets a client that has an answer keep it while the index, the synonyms and the pins stay the same.

use actix_web::http::header::{self, EntityTag, Header, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use super::state::State;
use crate::index::Snapshot;

/// The tag of every answer from `snapshot` under these settings. Weak, since answers say how long
/// they took.
pub(super) fn tag(state: &State, snapshot: &Snapshot) -> EntityTag {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.update(snapshot.name().as_bytes());
    hasher.update(snapshot.part().as_bytes());
    hasher.update(snapshot.manifest().fingerprint.as_bytes());
    hasher.update(snapshot.synonyms().digest().as_bytes());
    hasher.update(snapshot.pins().digest().as_bytes());
    let settings = (state.options, state.per_page, &state.public_url);
    hasher.update(format!("{settings:?}").as_bytes());
    let digest: String = hasher.finalize().to_hex().chars().take(16).collect();
    EntityTag::new_weak(digest)
}

/// The answer to a client that has this already.
pub(super) fn not_modified(request: &HttpRequest, tag: &EntityTag) -> Option<HttpResponse> {
    let has = match IfNoneMatch::parse(request).ok()? {
        IfNoneMatch::Any => true,
        IfNoneMatch::Items(tags) => tags.iter().any(|known| known.weak_eq(tag)),
    };
    has.then(|| {
        let mut response = HttpResponse::NotModified();
        label(&mut response, tag);
        response.finish()
    })
}

/// Marks an answer so that it may be kept but is asked about before it is used again.
pub(super) fn label(response: &mut HttpResponseBuilder, tag: &EntityTag) {
    response.insert_header(header::ETag(tag.clone()));
    response.insert_header((header::CACHE_CONTROL, "no-cache"));
}
