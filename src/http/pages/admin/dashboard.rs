//! The way in, and all queries together.

use askama::Template;

use super::charts::Chart;
use super::text::Texts;
use super::{Desk, Said, framed};
use crate::analytics::{QueryLine, Report, Totals};
use crate::corpus::amend::{Added, Addition};
use crate::corpus::{Corpus, VocabularyFile};
use crate::http::pages::frame::Frame;
use crate::http::pages::links::Links;
use crate::http::pages::text::{fill, grouped};
use crate::http::pages::visit::Visit;
use crate::http::params::RANGES;
use crate::http::wire::{passage_url, tenths};
use crate::index::Snapshot;

/// Pinned passages that are no more, of which so many are named.
const LOST: usize = 50;

/// The way in.
#[derive(Template)]
#[template(path = "admin/login.html", config = "src/http/askama.toml")]
pub(super) struct Login {
    frame: Frame,
    t: &'static Texts,
    action: String,
    error: Option<String>,
}

impl Login {
    pub(super) fn new(visit: &Visit, error: Option<String>) -> Self {
        let t = Texts::of(visit.lang);
        // What was asked for is lost: an address with a query in it is no place to come back to.
        let mut visit = visit.clone();
        visit.pairs.clear();
        Self {
            frame: framed(&visit, t.title),
            t,
            action: Links::new("/admin", &visit).to("/admin/login"),
            error,
        }
    }
}

/// All queries together.
#[derive(Template)]
#[template(path = "admin/dashboard.html", config = "src/http/askama.toml")]
pub(super) struct Dashboard {
    frame: Frame,
    t: &'static Texts,
    /// What forms carry.
    form: String,
    signed_in: String,
    logout: String,
    remove: String,
    /// What became of a form, and whether it is bad news.
    said: Option<(String, bool)>,
    /// Why nothing is counted.
    off: Option<String>,
    ranges: Vec<Range>,
    facts: Vec<(&'static str, String, &'static str)>,
    chart: Option<Chart>,
    top: Vec<Row>,
    zero: Vec<Row>,
    passages: Vec<PassageRow>,
    export: String,
    added: Vec<AddedView>,
    /// Pinned passages that are no more.
    lost: Vec<String>,
    uneditable: bool,
    /// Whether there were any searches or choices.
    any: bool,
}

struct Range {
    label: String,
    url: String,
    here: bool,
}

/// A query.
struct Row {
    query: String,
    /// Its own page.
    url: String,
    act: String,
    searches: String,
    none: String,
    found: String,
    clicks: String,
    rate: String,
    rank: String,
}

struct PassageRow {
    url: String,
    heading: String,
    report: String,
    clicks: String,
    rank: String,
}

/// What was added from here.
pub(super) struct AddedView {
    pub(super) what: String,
    pub(super) on: String,
    pub(super) id: String,
    pub(super) of: &'static str,
}

impl Dashboard {
    pub(super) fn new(
        snapshot: &Snapshot,
        corpus: Option<&Corpus>,
        desk: &Desk,
        report: Result<Report, String>,
        days: i64,
        said: &Said,
    ) -> Self {
        let t = desk.t;
        let (report, off) = match report {
            Ok(report) => (Some(report), None),
            Err(why) => (None, Some(fill(t.off, &[("why", &why)]))),
        };
        let shown = days.to_string();
        let rows = |lines: &[QueryLine]| -> Vec<Row> {
            lines
                .iter()
                .map(|line| Row::new(desk, line, &shown))
                .collect()
        };
        let report = report.as_ref();
        Self {
            frame: desk.frame(t.title),
            t,
            form: desk.session.form_secret().to_owned(),
            signed_in: fill(t.signed_in, &[("key", &desk.session.key)]),
            logout: desk.url("/admin/logout", &[]),
            remove: desk.url("/admin/remove", &[]),
            said: said.shown(t),
            off,
            ranges: ranges(desk, "/admin", days, &[]),
            facts: report.map_or_else(Vec::new, |report| facts(report, t)),
            chart: report.and_then(|report| chart(report, t)),
            top: report.map_or_else(Vec::new, |report| rows(&report.queries)),
            zero: report.map_or_else(Vec::new, |report| rows(&report.without_result)),
            passages: report.map_or_else(Vec::new, |report| passages(snapshot, report, t)),
            export: desk.url("/admin/queries.csv", &[("days", &shown)]),
            added: corpus.map_or_else(Vec::new, |corpus| added(corpus, t)),
            lost: lost(snapshot, t),
            uneditable: corpus.is_none(),
            any: report
                .is_some_and(|report| report.totals.searches > 0 || report.totals.clicks > 0),
        }
    }
}

/// The periods one can choose from, at `path` with these other pairs.
fn ranges(desk: &Desk, path: &str, days: i64, others: &[(&str, &str)]) -> Vec<Range> {
    RANGES
        .into_iter()
        .map(|range| {
            let number = range.to_string();
            let mut pairs = others.to_vec();
            pairs.push(("days", &number));
            Range {
                label: if range == 1 {
                    desk.t.today.to_owned()
                } else {
                    fill(desk.t.last_days, &[("n", &number)])
                },
                url: desk.url(path, &pairs),
                here: range == days,
            }
        })
        .collect()
}

/// Name, value and remark of each sum.
fn facts(report: &Report, t: &'static Texts) -> Vec<(&'static str, String, &'static str)> {
    let totals = report.totals;
    let mut facts = sums(totals, t);
    facts.push((t.distinct, grouped(report.distinct), ""));
    if report.others.searches > 0 {
        facts.push((t.others, grouped(report.others.searches), t.others_why));
    }
    facts
}

/// The same of any counts.
pub(super) fn sums(totals: Totals, t: &'static Texts) -> Vec<(&'static str, String, &'static str)> {
    let none = fill(
        t.share,
        &[
            ("n", &*grouped(totals.none)),
            ("share", &percent(totals.none, totals.searches)),
        ],
    );
    vec![
        (t.searches, grouped(totals.searches), ""),
        (t.without, none, ""),
        (t.clicks, grouped(totals.clicks), ""),
        (t.click_rate, ratio(totals.clicks, totals.searches), ""),
        (t.mean_rank, rank(totals), ""),
    ]
}

/// The drawing of a report's days.
pub(super) fn chart(report: &Report, t: &Texts) -> Option<Chart> {
    let (from, to) = (report.from.to_string(), report.to.to_string());
    Chart::new(&report.days, |most| {
        fill(t.chart, &[("from", &*from), ("to", &to), ("n", most)])
    })
}

impl Row {
    fn new(desk: &Desk, line: &QueryLine, days: &str) -> Self {
        let totals = line.totals;
        Self {
            url: desk.url("/admin/query", &[("q", &line.query), ("days", days)]),
            act: fill(desk.t.act_on, &[("query", &line.query)]),
            query: line.query.clone(),
            searches: grouped(totals.searches),
            none: percent(totals.none, totals.searches),
            found: line.found.map_or_else(|| NOTHING.to_owned(), grouped),
            clicks: grouped(totals.clicks),
            rate: ratio(totals.clicks, totals.searches),
            rank: rank(totals),
        }
    }
}

fn passages(snapshot: &Snapshot, report: &Report, t: &Texts) -> Vec<PassageRow> {
    report
        .passages
        .iter()
        .map(|line| {
            let passage = snapshot.passage(&line.id).ok().flatten();
            let of = passage.as_ref().and_then(|it| snapshot.report(&it.report));
            PassageRow {
                url: passage_url(&line.id),
                heading: passage.as_ref().map_or_else(
                    || line.id.clone(),
                    |it| {
                        it.heading
                            .clone()
                            .unwrap_or_else(|| it.kind.label().to_owned())
                    },
                ),
                report: of.map_or_else(|| t.passage_gone.to_owned(), |it| it.title.clone()),
                clicks: grouped(line.totals.clicks),
                rank: rank(line.totals),
            }
        })
        .collect()
}

/// The pinned passages that are not in the index, the first of them.
fn lost(snapshot: &Snapshot, t: &Texts) -> Vec<String> {
    let pins = snapshot.pins().entries().into_iter();
    let all = pins.flat_map(|(query, ids)| ids.iter().map(move |id| (query, id)));
    all.filter(|(_, id)| matches!(snapshot.address_of(id), Ok(None)))
        .take(LOST)
        .map(|(query, id)| fill(t.pin_lost, &[("query", query), ("passage", id)]))
        .collect()
}

/// What was added from here to either file.
pub(super) fn added(corpus: &Corpus, t: &Texts) -> Vec<AddedView> {
    let files = [
        (VocabularyFile::Synonyms, "synonyms"),
        (VocabularyFile::Pins, "pins"),
    ];
    let all = files.into_iter().flat_map(|(file, of)| {
        let added = corpus.added(file).unwrap_or_default().into_iter();
        added.map(move |added| AddedView::new(&added, of, t))
    });
    all.collect()
}

impl AddedView {
    fn new(added: &Added, of: &'static str, t: &Texts) -> Self {
        let what = match &added.addition {
            Addition::Synonyms(words) => {
                let text = if words.two_way {
                    t.added_two_way
                } else {
                    t.added_one_way
                };
                fill(text, &[("from", &*words.from), ("to", &quoted(&words.to))])
            }
            Addition::Pin { query, passage } => {
                fill(t.added_pin, &[("query", query), ("passage", passage)])
            }
        };
        Self {
            what,
            on: fill(t.added_on, &[("day", &added.day)]),
            id: added.id.clone(),
            of,
        }
    }
}

/// Words in quotation marks, one after the other.
pub(super) fn quoted<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("“{}”", word.as_ref()))
        .collect();
    words.join("")
}

/// What stands where there is no number.
const NOTHING: &str = "–";

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return NOTHING.to_owned();
    }
    format!("{:.0}%", part as f64 / whole as f64 * 100.0)
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn ratio(part: u64, whole: u64) -> String {
    if whole == 0 {
        return NOTHING.to_owned();
    }
    format!("{:.2}", part as f64 / whole as f64)
}

fn rank(totals: Totals) -> String {
    tenths(totals).map_or_else(|| NOTHING.to_owned(), |mean| format!("{mean:.1}"))
}
