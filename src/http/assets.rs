//! The sheet and the script of the pages, as `web/build-site.js` makes them.
//!
//! They are committed under `web/dist/site/`, compressed already, so that building Cesou needs no
//! Node. Their address holds their digest, so what stands there never changes and is kept for
//! good; `tests/pages.rs` holds what is sent.

use std::sync::LazyLock;

use actix_web::http::header::{self, ContentEncoding, Encoding, Header};
use actix_web::{HttpRequest, HttpResponse, web};

use super::api::resource;

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// A file, as it is and compressed.
struct Asset {
    kind: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
    gzip: &'static [u8],
}

static STYLE: Asset = Asset {
    kind: "text/css; charset=utf-8",
    plain: include_bytes!("../../web/dist/site/site.css"),
    brotli: include_bytes!("../../web/dist/site/site.css.br"),
    gzip: include_bytes!("../../web/dist/site/site.css.gz"),
};
static SCRIPT: Asset = Asset {
    kind: "text/javascript; charset=utf-8",
    plain: include_bytes!("../../web/dist/site/site.js"),
    brotli: include_bytes!("../../web/dist/site/site.js.br"),
    gzip: include_bytes!("../../web/dist/site/site.js.gz"),
};

static STYLE_PATH: LazyLock<String> = LazyLock::new(|| STYLE.path("site.css"));
static SCRIPT_PATH: LazyLock<String> = LazyLock::new(|| SCRIPT.path("site.js"));

/// The address of the sheet.
pub(super) fn style_path() -> &'static str {
    &STYLE_PATH
}

/// The address of the script.
pub(super) fn script_path() -> &'static str {
    &SCRIPT_PATH
}

/// What tells pages apart that ask for different files.
pub(super) fn digest() -> &'static str {
    static DIGEST: LazyLock<String> = LazyLock::new(|| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(STYLE.plain).update(SCRIPT.plain);
        hasher.finalize().to_hex().chars().take(8).collect()
    });
    &DIGEST
}

/// Adds the routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    for (path, asset) in [(style_path(), &STYLE), (script_path(), &SCRIPT)] {
        config.service(resource(path, |route| {
            route.to(move |http: HttpRequest| async move { asset.answer(&http) })
        }));
    }
}

impl Asset {
    fn path(&self, name: &str) -> String {
        let digest = blake3::hash(self.plain).to_hex();
        let digest: String = digest.chars().take(12).collect();
        format!("/assets/{digest}/{name}")
    }

    fn answer(&self, http: &HttpRequest) -> HttpResponse {
        let mut answer = HttpResponse::Ok();
        answer
            .content_type(self.kind)
            .insert_header((header::CACHE_CONTROL, FOR_EVER))
            .insert_header((header::VARY, "Accept-Encoding"));
        let (encoding, bytes) = match best(http, &[ContentEncoding::Brotli, ContentEncoding::Gzip])
        {
            Some(ContentEncoding::Brotli) => (ContentEncoding::Brotli, self.brotli),
            Some(ContentEncoding::Gzip) => (ContentEncoding::Gzip, self.gzip),
            _ => return answer.body(self.plain),
        };
        answer.insert_header(encoding).body(bytes)
    }
}

/// The first of `offered` that the client reads; nothing where it wants a file as it is.
pub(super) fn best(http: &HttpRequest, offered: &[ContentEncoding]) -> Option<ContentEncoding> {
    let accepted = header::AcceptEncoding::parse(http).ok()?;
    offered.iter().copied().find(|&encoding| {
        let pair = [encoding, ContentEncoding::Identity].map(Encoding::Known);
        accepted.negotiate(pair.iter()) == Some(Encoding::Known(encoding))
    })
}
