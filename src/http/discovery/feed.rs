//! `GET /feed.atom`: the hits of any query as a feed (RFC 4287), page by page (RFC 5005), the newest
//! first.
//!
//! What a reader of feeds keeps apart by is the address of a passage's page, which stays the same as
//! long as the corpus has it. When an entry was updated is the day of its report; where that is not
//! known, the time the index was built.

use actix_web::{HttpRequest, HttpResponse, web};
use jiff::Timestamp;

use crate::http::access::{Authorized, Search};
use crate::http::address;
use crate::http::caching;
use crate::http::gate::Class;
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::{passage_url, report_url};
use crate::http::xml::Xml;
use crate::report::Metadata;
use crate::search::{self, Hit, Request, Response};

const NAMESPACE: &str = "http://www.w3.org/2005/Atom";
const OPENSEARCH: &str = "http://a9.com/-/spec/opensearch/1.1/";

pub(super) async fn get(
    http: HttpRequest,
    access: Authorized<Search>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    let pairs = params::pairs(http.query_string());
    let request = params::feed(&pairs, &state)?;
    let snapshot = state.snapshot(&access).await?;
    let tag = caching::tag(&state, &snapshot);
    if let Some(unchanged) = caching::not_modified(&http, &tag) {
        return Ok(unchanged);
    }
    let built_at = i64::try_from(snapshot.manifest().built_at).unwrap_or(0);
    let options = state.options;
    let (request, response) = state
        .run_as(Class::Heavy, snapshot, move |snapshot| {
            let response = search::search(snapshot, &request, &options)?;
            Ok((request, response))
        })
        .await?;
    let feed = Feed {
        base: address::base(&http, &state),
        built_at: Timestamp::from_second(built_at).unwrap_or_default(),
        reachable: response.total.min(state.max_depth),
        request,
        pairs,
    };
    let mut answer = HttpResponse::Ok();
    caching::label(&mut answer, &tag);
    Ok(answer
        .content_type("application/atom+xml; charset=utf-8")
        .body(feed.write(&response)))
}

/// A feed to be written.
struct Feed {
    base: String,
    built_at: Timestamp,
    /// How many hits can be paged to.
    reachable: usize,
    request: Request,
    pairs: Vec<(String, String)>,
}

impl Feed {
    fn write(&self, response: &Response) -> String {
        let text = self.request.text.trim();
        let title = if text.is_empty() {
            "策搜：全部段落".to_owned()
        } else {
            format!("策搜：{text}")
        };
        let updated = self.built_at.to_string();
        let per_page = self.request.per_page;
        let first = (self.request.page - 1) * per_page + 1;
        let mut xml = Xml::document();
        xml.open(
            "feed",
            &[
                ("xmlns", NAMESPACE),
                ("xmlns:opensearch", OPENSEARCH),
                ("xml:lang", "zh-CN"),
            ],
        )
        // Pages of one feed are told apart by their addresses, and are of one feed by this.
        .leaf("id", &[], &self.page(1))
        .leaf("title", &[], &title)
        .leaf("updated", &[], &updated)
        .open("author", &[])
        .leaf("name", &[], "策搜")
        .leaf("uri", &[], &format!("{}/", self.base))
        .close("author")
        .leaf(
            "generator",
            &[("version", env!("CARGO_PKG_VERSION"))],
            "Cesou",
        )
        .leaf("icon", &[], &format!("{}/assets/icon.svg", self.base));
        for (relation, page) in self.pages() {
            let address = self.page(page);
            let kind = "application/atom+xml";
            xml.empty(
                "link",
                &[("rel", relation), ("type", kind), ("href", &address)],
            );
        }
        let html = self.address("/", &["page", "per_page"], 1);
        xml.empty(
            "link",
            &[("rel", "alternate"), ("type", "text/html"), ("href", &html)],
        )
        .leaf("opensearch:totalResults", &[], &response.total.to_string())
        .leaf("opensearch:startIndex", &[], &first.to_string())
        .leaf("opensearch:itemsPerPage", &[], &per_page.to_string());
        for hit in &response.hits {
            self.entry(&mut xml, hit, &updated);
        }
        xml.close("feed");
        xml.finish()
    }

    /// This page and those around it, by relation.
    fn pages(&self) -> Vec<(&'static str, usize)> {
        let here = self.request.page;
        let last = self.reachable.div_ceil(self.request.per_page).max(1);
        let mut pages = vec![("self", here), ("first", 1)];
        if here > 1 {
            pages.push(("previous", (here - 1).min(last)));
        }
        if here < last {
            pages.push(("next", here + 1));
        }
        pages.push(("last", last));
        pages
    }

    fn page(&self, page: usize) -> String {
        self.address("/feed.atom", &["page"], page)
    }

    /// `path` with what was asked for, without some of it, and with the page where it is not the
    /// first.
    fn address(&self, path: &str, without: &[&str], page: usize) -> String {
        let kept = self
            .pairs
            .iter()
            .filter(|(name, _)| !without.contains(&name.as_str()));
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept);
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{path}{mark}{query}", self.base)
    }

    fn entry(&self, xml: &mut Xml, hit: &Hit, built: &str) {
        let (passage, report) = (&hit.passage, &hit.report);
        let address = format!("{}{}", self.base, passage_url(&passage.id));
        let heading = passage.heading.as_deref();
        let title = match heading {
            Some(heading) => format!("{heading}（{}）", report.title),
            None => report.title.clone(),
        };
        let day = day(&report.metadata);
        let issuer = report.metadata.issuer.clone();
        let author = issuer.unwrap_or_else(|| report.region.full_name());
        xml.open("entry", &[])
            .leaf("id", &[], &address)
            .leaf("title", &[], &title)
            .leaf("updated", &[], day.as_deref().unwrap_or(built));
        if let Some(day) = &day {
            xml.leaf("published", &[], day);
        }
        xml.empty(
            "link",
            &[
                ("rel", "alternate"),
                ("type", "text/html"),
                ("href", &address),
            ],
        );
        let of = format!("{}{}", self.base, report_url(&report.id));
        xml.empty(
            "link",
            &[
                ("rel", "related"),
                ("type", "text/html"),
                ("href", &of),
                ("title", &report.title),
            ],
        )
        .open("author", &[])
        .leaf("name", &[], &author)
        .close("author");
        for theme in &passage.themes {
            xml.empty(
                "category",
                &[("term", &theme.id), ("label", &theme.shown_path())],
            );
        }
        xml.leaf("summary", &[], &hit.snippet.text)
            .leaf("content", &[("type", "text")], &passage.text)
            .close("entry");
    }
}

/// The beginning of the day a report is of, in China.
fn day(metadata: &Metadata) -> Option<String> {
    metadata.date.map(|date| format!("{date}T00:00:00+08:00"))
}
