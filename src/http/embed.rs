//! What other sites embed: the widget, its manifest, the page for a frame, and pages to try it in.
//!
//! The widget's one module is built by `web/build.js` and committed under `web/dist/`, compressed
//! already, so that building Cesou needs no Node. It is served under two kinds of path: the
//! floating `/embed/v1/`, kept for minutes and asked about by its tag, and `/embed/VERSION/`, whose
//! content never changes and whose integrity hash stands in `/embed/manifest.json`.
//!
//! `tests/embed.rs` holds what is sent; `tests/browser.rs`, what a browser makes of it.

use std::borrow::Cow;
use std::sync::LazyLock;

use actix_web::http::header::{self, ContentEncoding, EntityTag, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::Embed;
use serde::Deserialize;

use super::api::resource;
use super::assets;
use super::caching;
use super::problem;

/// The module in all versions that are served, as it is and compressed.
#[derive(Embed)]
#[folder = "web/dist"]
struct Built;

/// The path of the widget that follows every release which keeps its promises.
const FLOATING: &str = "v1";
/// How long the floating module may be used unasked, in seconds.
const FLOATING_AGE: &str = "public, max-age=300";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const DAY: &str = "public, max-age=3600";

/// The compressions that are kept, best first, with the ending of their files.
const COMPRESSED: [(ContentEncoding, &str); 2] = [
    (ContentEncoding::Brotli, ".br"),
    (ContentEncoding::Gzip, ".gz"),
];

/// What the page in a frame may do, and who may frame it: anyone.
const FRAMED: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; \
                      style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors *";
/// As strict as a host page can be.
const STRICT: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; \
                      frame-ancestors 'self'; \
                      style-src 'self'; require-trusted-types-for 'script'; \
                      trusted-types 'none'; base-uri 'none'; form-action 'none'";
/// What the other host pages are sent with.
const ORDINARY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; \
                        frame-ancestors 'self'";

/// A page that holds the widget: its path, its text, its policy.
const PAGES: [(&str, &str, &str); 4] = [
    (
        "/embed/demo",
        include_str!("../../web/pages/plain.html"),
        ORDINARY,
    ),
    (
        "/embed/demo/hostile",
        include_str!("../../web/pages/hostile.html"),
        ORDINARY,
    ),
    (
        "/embed/demo/strict",
        include_str!("../../web/pages/strict.html"),
        STRICT,
    ),
    (
        "/embed/frame",
        include_str!("../../web/pages/frame.html"),
        FRAMED,
    ),
];

/// What those pages need besides the widget: path, kind, text.
const PARTS: [(&str, &str, &str); 4] = [
    (
        "/embed/plain.css",
        "text/css; charset=utf-8",
        include_str!("../../web/pages/plain.css"),
    ),
    (
        "/embed/hostile.css",
        "text/css; charset=utf-8",
        include_str!("../../web/pages/hostile.css"),
    ),
    (
        "/embed/frame.css",
        "text/css; charset=utf-8",
        include_str!("../../web/pages/frame.css"),
    ),
    (
        "/embed/frame.js",
        "text/javascript; charset=utf-8",
        include_str!("../../web/pages/frame.js"),
    ),
];

/// What is read of the manifest here; sites read all of it.
#[derive(Deserialize)]
struct Manifest {
    current: String,
}

/// The version that the floating path stands for.
static CURRENT: LazyLock<String> = LazyLock::new(|| {
    let manifest = file("manifest.json").expect("`web/dist` holds a manifest");
    let manifest: Manifest =
        serde_json::from_slice(&manifest).expect("`web/build.js` writes well-formed manifests");
    manifest.current
});

/// Adds the routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    for (path, html, policy) in PAGES {
        config.service(resource(path, |route| {
            route.to(move || async move { page(html, policy) })
        }));
    }
    for (path, kind, text) in PARTS {
        config.service(resource(path, |route| {
            route.to(move || async move { part(kind, text) })
        }));
    }
    config
        .service(resource("/embed/manifest.json", |route| route.to(manifest)))
        .service(resource("/embed/{version}/cesou.js", |route| {
            route.to(module)
        }));
}

fn page(html: &'static str, policy: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header(("Content-Security-Policy", policy))
        .insert_header((header::CACHE_CONTROL, DAY))
        .body(html)
}

fn part(kind: &'static str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CACHE_CONTROL, DAY))
        .body(text)
}

async fn manifest() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CACHE_CONTROL, FLOATING_AGE))
        .body(file("manifest.json").unwrap_or_default())
}

/// The widget, in the best compression that the client reads.
async fn module(http: HttpRequest, version: web::Path<String>) -> HttpResponse {
    let floating = *version == FLOATING;
    let version = if floating { &*CURRENT } else { &*version };
    let path = format!("{version}/cesou.js");
    let Some(plain) = file(&path) else {
        return problem::no_such_page(http).await;
    };
    let tag = EntityTag::new_weak(version.clone());
    if let Some(mut unchanged) = caching::not_modified(&http, &tag) {
        keep(&mut unchanged, floating);
        return unchanged;
    }
    let best = assets::best(&http, &COMPRESSED.map(|(encoding, _)| encoding));
    let compressed = COMPRESSED.into_iter().find_map(|(encoding, ending)| {
        (best == Some(encoding)).then_some(())?;
        Some((encoding, file(&format!("{path}{ending}"))?))
    });
    let mut answer = HttpResponse::Ok();
    answer
        .content_type("text/javascript; charset=utf-8")
        .insert_header(header::ETag(tag))
        .append_header((header::VARY, "Accept-Encoding"));
    let mut answer = match compressed {
        Some((encoding, bytes)) => answer.insert_header(encoding).body(bytes),
        None => answer.body(plain),
    };
    keep(&mut answer, floating);
    answer
}

/// Says how long a module may be used without asking.
fn keep(answer: &mut HttpResponse, floating: bool) {
    let age = if floating { FLOATING_AGE } else { FOR_EVER };
    answer
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static(age));
}

/// A built file; they are part of the program, so none is copied.
fn file(path: &str) -> Option<web::Bytes> {
    Some(match Built::get(path)?.data {
        Cow::Borrowed(bytes) => web::Bytes::from_static(bytes),
        Cow::Owned(bytes) => web::Bytes::from(bytes),
    })
}
