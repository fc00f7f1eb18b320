//! `GET /sitemap.xml`, `/sitemap/{number}.xml`: the pages of all reports and passages.
//!
//! A file of the protocol holds at most 50,000 addresses, so where there are more the first one
//! lists the others. Addresses are numbered as the corpus has them, each report before its
//! passages, and a file holds those of a stretch of numbers: to write one, only its reports are
//! read, a batch at a time while the client takes them, whatever the size of the corpus.

use std::ops::Range;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::stream;

use crate::http::access::{Authorized, Search};
use crate::http::address;
use crate::http::caching;
use crate::http::params;
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::{passage_url, report_url};
use crate::http::xml::Xml;
use crate::index::{ReportRecord, Snapshot};

const NAMESPACE: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";
/// The most addresses of a file, and of files in the first one.
const MOST: usize = 50_000;
/// Passages that are read at once, give or take a report.
const BATCH: usize = 500;
/// Pages that are of no report.
const OTHERS: [&str; 5] = ["/", "/map", "/matrix", "/compare", "/about"];

/// The whole of it, or where its parts are.
pub(super) async fn first(
    http: HttpRequest,
    access: Authorized<Search>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    params::none(&params::pairs(http.query_string()))?;
    let snapshot = state.snapshot(&access).await?;
    let files = files(snapshot.reports());
    if files <= 1 {
        return Ok(file(&http, &state, snapshot, 0));
    }
    let tag = caching::tag(&state, &snapshot);
    if let Some(unchanged) = caching::not_modified(&http, &tag) {
        return Ok(unchanged);
    }
    let base = address::base(&http, &state);
    let mut xml = Xml::document();
    xml.open("sitemapindex", &[("xmlns", NAMESPACE)]);
    for number in 1..=files.min(MOST) {
        xml.open("sitemap", &[])
            .leaf("loc", &[], &format!("{base}/sitemap/{number}.xml"))
            .close("sitemap");
    }
    xml.close("sitemapindex");
    let mut answer = HttpResponse::Ok();
    caching::label(&mut answer, &tag);
    Ok(answer
        .content_type("application/xml; charset=utf-8")
        .body(xml.finish()))
}

/// A part of it, counted from 1.
pub(super) async fn one(
    http: HttpRequest,
    number: web::Path<String>,
    access: Authorized<Search>,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    params::none(&params::pairs(http.query_string()))?;
    let snapshot = state.snapshot(&access).await?;
    let number = number.into_inner();
    let files = files(snapshot.reports());
    let place = number.parse::<usize>().ok().filter(|_| number.len() <= 6);
    match place.and_then(|number| number.checked_sub(1)) {
        Some(place) if place < files => Ok(file(&http, &state, snapshot, place)),
        _ => Err(Problem::NotFound {
            what: "站点地图",
            id: number,
        }),
    }
}

/// How many addresses a report has.
fn addresses(report: &ReportRecord) -> usize {
    1 + report.passages as usize
}

/// How many files there are; at least one.
fn files(reports: &[ReportRecord]) -> usize {
    let all = OTHERS.len() + reports.iter().map(addresses).sum::<usize>();
    all.div_ceil(MOST)
}

fn file(
    http: &HttpRequest,
    state: &web::Data<State>,
    snapshot: Arc<Snapshot>,
    place: usize,
) -> HttpResponse {
    let tag = caching::tag(state, &snapshot);
    if let Some(unchanged) = caching::not_modified(http, &tag) {
        return unchanged;
    }
    let mut answer = HttpResponse::Ok();
    caching::label(&mut answer, &tag);
    answer.content_type("application/xml; charset=utf-8");
    if http.method() == Method::HEAD {
        return answer.finish();
    }
    let numbers = place * MOST..(place + 1) * MOST;
    let writer = Writer::new(snapshot, address::base(http, state), numbers);
    let sending = Some((state.clone(), writer));
    answer.streaming(stream::unfold(sending, next))
}

type Chunk = Result<web::Bytes, std::io::Error>;
/// A file under way.
type Sending = Option<(web::Data<State>, Writer)>;

/// The next chunk, and what is left to send; nothing when all is sent.
async fn next(sending: Sending) -> Option<(Chunk, Sending)> {
    let (state, writer) = sending?;
    match state.run_part(move || writer.batch()).await {
        Ok((chunk, rest)) => Some((Ok(chunk.into()), rest.map(|rest| (state, rest)))),
        Err(problem) => {
            tracing::error!(%problem, "站点地图中断");
            Some((Err(std::io::Error::other(problem.to_string())), None))
        }
    }
}

/// Writes the addresses of a stretch of numbers.
struct Writer {
    snapshot: Arc<Snapshot>,
    base: String,
    numbers: Range<usize>,
    /// The report that is next, and the number of its address.
    report: usize,
    at: usize,
    /// What goes before the next addresses.
    pending: Xml,
}

impl Writer {
    fn new(snapshot: Arc<Snapshot>, base: String, numbers: Range<usize>) -> Self {
        let mut pending = Xml::document();
        pending.open("urlset", &[("xmlns", NAMESPACE)]);
        for (number, path) in OTHERS.into_iter().enumerate() {
            if numbers.contains(&number) {
                url(&mut pending, &format!("{base}{path}"), None);
            }
        }
        Self {
            snapshot,
            base,
            numbers,
            report: 0,
            at: OTHERS.len(),
            pending,
        }
    }

    /// The next addresses, and what is left where there are more.
    fn batch(mut self) -> Result<(String, Option<Self>), Problem> {
        let mut xml = std::mem::take(&mut self.pending);
        let mut read = 0;
        let snapshot = Arc::clone(&self.snapshot);
        while read < BATCH {
            let next = snapshot.reports().get(self.report);
            let Some(report) = next.filter(|_| self.at < self.numbers.end) else {
                xml.close("urlset");
                return Ok((xml.finish(), None));
            };
            let end = self.at + addresses(report);
            if end > self.numbers.start {
                read += self.report(&mut xml, report)?;
            }
            self.at = end;
            self.report += 1;
        }
        Ok((xml.finish(), Some(self)))
    }

    /// Those addresses of a report that belong here; says how many passages were read.
    fn report(&self, xml: &mut Xml, report: &ReportRecord) -> Result<usize, Problem> {
        let day = report.metadata.date.map(|date| date.to_string());
        if self.numbers.contains(&self.at) {
            let address = format!("{}{}", self.base, report_url(&report.id));
            url(xml, &address, day.as_deref());
        }
        let passages = self.snapshot.passages_of(report)?;
        for (number, passage) in (self.at + 1..).zip(&passages) {
            if self.numbers.contains(&number) {
                let address = format!("{}{}", self.base, passage_url(&passage.id));
                url(xml, &address, day.as_deref());
            }
        }
        Ok(passages.len())
    }
}

fn url(xml: &mut Xml, address: &str, day: Option<&str>) {
    xml.open("url", &[]).leaf("loc", &[], address);
    if let Some(day) = day {
        xml.leaf("lastmod", &[], day);
    }
    xml.close("url");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{OTHERS, Writer, addresses};
    use crate::corpus::Corpus;
    use crate::index::{self, Options, Snapshot};

    /// Three reports, one of many passages.
    fn snapshot(folder: &std::path::Path) -> Snapshot {
        let reports = folder.join("corpus/reports");
        std::fs::create_dir_all(&reports).expect("a folder");
        let measures: Vec<String> = "一二三四五六七八九"
            .chars()
            .map(|number| format!("{number}、第{number}条。推进教师交流。\n"))
            .collect();
        let measures = measures.concat();
        let text = format!(
            "河北省石家庄市:甲\n\n概述。\n\n{measures}\n江苏省泰州市:乙\n\n概述。\n\n\
             浙江省杭州市:丙\n\n概述。\n\n一、办学。集团办学。\n"
        );
        std::fs::write(reports.join("a.txt"), text).expect("a file");
        let corpus = Corpus::open(&folder.join("corpus"), 1 << 30).expect("a corpus");
        let options = Options {
            max_chars: 1200,
            memory_bytes: 64 << 20,
            threads: 1,
        };
        index::open_or_build(&corpus, &folder.join("index"), &options, &|_| {})
            .expect("it can be indexed")
            .snapshot
    }

    /// The addresses of a file.
    fn written(snapshot: &Arc<Snapshot>, numbers: std::ops::Range<usize>) -> Vec<String> {
        let mut writer = Some(Writer::new(
            Arc::clone(snapshot),
            "http://a".to_owned(),
            numbers,
        ));
        let mut file = String::new();
        while let Some(unwritten) = writer {
            let (chunk, rest) = unwritten.batch().expect("the index can be read");
            file.push_str(&chunk);
            writer = rest;
        }
        let all = file.split("<loc>").skip(1);
        all.map(|part| part.split('<').next().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn wherever_files_are_parted_each_address_is_in_one_of_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let snapshot = Arc::new(snapshot(folder.path()));
        let all = OTHERS.len() + snapshot.reports().iter().map(addresses).sum::<usize>();
        let whole = written(&snapshot, 0..all);
        assert_eq!(whole.len(), all);
        assert!(all > 15, "{whole:?}");
        for most in 1..=all {
            let parts = (0..all.div_ceil(most)).map(|place| {
                let part = written(&snapshot, place * most..(place + 1) * most);
                assert!((1..=most).contains(&part.len()), "{most} {place}");
                part
            });
            assert_eq!(parts.collect::<Vec<_>>().concat(), whole, "{most}");
        }
    }
}
