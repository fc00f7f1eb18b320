//! `GET /robots.txt`: what crawlers may read, and where the sitemap is.
//!
//! Texts may be read; lists of hits not. Every choice on a page of hits is a link, so that there
//! are more such pages than anyone could fetch, and each only points to what the sitemap lists.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::http::address;
use crate::http::state::State;

pub(super) async fn get(http: HttpRequest, state: web::Data<State>) -> HttpResponse {
    let base = address::base(&http, &state);
    let rules = if state.is_open {
        format!(
            "User-agent: *\nDisallow: /*?\nDisallow: /api/\nDisallow: /feed.atom\n\
             Disallow: /opensearch/\nAllow: /\n\nSitemap: {base}/sitemap.xml\n"
        )
    } else {
        // Nobody without a key is let in, and crawlers have none.
        "User-agent: *\nDisallow: /\n".to_owned()
    };
    HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .body(rules)
}
