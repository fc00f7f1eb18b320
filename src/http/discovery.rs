//! What machines find the service by: a sitemap, rules for robots, a description for browsers that
//! search from their address bar, a feed of any query.
//!
//! All of it is made from the snapshot that the key at hand lets see, like every other answer.

mod feed;
mod opensearch;
mod robots;
mod sitemap;

use actix_web::web;

use super::api::resource;

/// Adds the routes.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(resource("/sitemap.xml", |route| route.to(sitemap::first)))
        .service(resource("/sitemap/{number}.xml", |route| {
            route.to(sitemap::one)
        }))
        .service(resource("/robots.txt", |route| route.to(robots::get)))
        .service(resource("/opensearch.xml", |route| {
            route.to(opensearch::description)
        }))
        .service(resource("/opensearch/suggest", |route| {
            route.to(opensearch::suggest)
        }))
        .service(resource("/feed.atom", |route| route.to(feed::get)));
}
