//! What is indexed, from when, and what the last build said of it.
//!
//! Counts are those of a search for everything, so they are narrowed like any other by what a key
//! lets see. What the build says of files and lines names reports of all regions; whoever sees a
//! part only is shown none of it.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::date::Date;
use crate::http::pages::frame::{Frame, Section};
use crate::http::pages::links::Links;
use crate::http::pages::meta;
use crate::http::pages::text::{Texts, counted, fill, grouped};
use crate::http::pages::visit::Visit;
use crate::index::{BuildReport, ReportRecord, Snapshot, UNKNOWN_REGION};
use crate::report::WarningKind;
use crate::search::{Facet, FacetValue, Response};
use crate::theme::PATH_SEPARATOR;

/// Values of a field that are named; of more, the most frequent.
const NAMED: usize = 40;
/// Warnings and skipped files that are listed.
const LISTED: usize = 200;

/// The page about the corpus.
#[derive(Template)]
#[template(path = "about.html", config = "src/http/askama.toml")]
pub(in crate::http::pages) struct AboutPage {
    frame: Frame,
    t: &'static Texts,
    lead: String,
    /// Said where a part only is seen.
    part: Option<&'static str>,
    facts: Vec<(&'static str, String)>,
    provinces: Vec<Province>,
    lists: Vec<List>,
    settings: Vec<(&'static str, String)>,
    build: Option<Build>,
    machines: Vec<(&'static str, String)>,
}

struct Province {
    name: String,
    /// How many reports and passages there are.
    counts: String,
    url: String,
}

/// The values of a field, each with its search.
struct List {
    label: &'static str,
    values: Vec<(String, String, String)>,
    more: Option<String>,
}

/// What the last build said.
struct Build {
    facts: Vec<(&'static str, String)>,
    /// What is wrong with the vocabulary files; the last good ones are in force.
    vocabulary: Vec<String>,
    skipped: Vec<(String, String)>,
    kinds: Vec<(&'static str, String)>,
    warnings: Vec<(String, String)>,
    /// Said where more warnings are there than are listed.
    unlisted: Option<String>,
    boilerplate: Vec<(String, String)>,
}

/// How the service is set, as far as readers notice.
pub(in crate::http::pages) struct Settings {
    /// The characters past which a passage is cut.
    pub(in crate::http::pages) passage_chars: usize,
    /// Fewer passages with every word than this, and those with some of them follow.
    pub(in crate::http::pages) relax_below: usize,
    /// How far hits can be paged through.
    pub(in crate::http::pages) max_depth: usize,
    /// Whether everything may be seen.
    pub(in crate::http::pages) sees_all: bool,
    /// What is wrong with the vocabulary files.
    pub(in crate::http::pages) vocabulary: Vec<String>,
}

impl AboutPage {
    /// The page of `snapshot`, of which `all` is what a search for everything answers.
    pub(in crate::http::pages) fn new(
        snapshot: &Snapshot,
        all: &Response,
        settings: &Settings,
        visit: &Visit,
    ) -> Self {
        let t = Texts::of(visit.lang);
        let links = Links::new("/about", visit).bare();
        let reports = snapshot.reports();
        let lead = fill(
            t.about_lead,
            &[
                ("reports", &*grouped(reports.len() as u64)),
                ("passages", &grouped(snapshot.passages())),
                ("built", &built_at(snapshot, t)),
            ],
        );
        let frame = Frame::new(visit, Some(Section::About), t.about_title);
        let data = dataset(snapshot, all, &lead, visit);
        Self {
            frame: frame.saying(|meta| meta.describe(&lead).with(&data)),
            t,
            lead,
            part: (!settings.sees_all).then_some(t.about_part),
            facts: facts(snapshot, all, t),
            provinces: provinces(reports, all, &links, t),
            lists: [Facet::Theme, Facet::Year, Facet::Issuer]
                .into_iter()
                .filter_map(|facet| List::new(facet, all, &links, t))
                .collect(),
            settings: said(snapshot, settings, t),
            build: settings
                .sees_all
                .then(|| Build::new(&snapshot.manifest().build, settings, t)),
            machines: vec![
                (t.about_csv, "/api/v1/export?format=csv".to_owned()),
                (t.about_jsonl, "/api/v1/export?format=jsonl".to_owned()),
                (t.about_feed, "/feed.atom".to_owned()),
                (t.about_sitemap, "/sitemap.xml".to_owned()),
                (t.about_widget, "/embed/demo".to_owned()),
            ],
        }
    }
}

/// When the index was built, in the time of the place where the service runs.
fn built_at(snapshot: &Snapshot, t: &Texts) -> String {
    let seconds = i64::try_from(snapshot.manifest().built_at).unwrap_or(0);
    let time = Timestamp::from_second(seconds).unwrap_or_default();
    let time = time.to_zoned_datetime(TimeZone::system());
    fill(
        t.about_time,
        &[
            ("time", &*time.strftime("%Y-%m-%d %H:%M").to_string()),
            ("zone", &time.strftime("UTC%:z").to_string()),
        ],
    )
}

fn facts(snapshot: &Snapshot, all: &Response, t: &'static Texts) -> Vec<(&'static str, String)> {
    let reports = snapshot.reports();
    let sum = |of: fn(&ReportRecord) -> u64| grouped(reports.iter().map(of).sum());
    let sources: BTreeSet<&str> = reports.iter().map(|report| &*report.source).collect();
    let known = |facet: Facet| {
        let values = all.facets.get(&facet).map_or(&[][..], Vec::as_slice);
        let known = values.iter().filter(|value| value.value != UNKNOWN_REGION);
        known.count() as u64
    };
    let unknown = reports.iter().filter(|report| !report.region.is_known());
    let unknown = unknown.count() as u64;
    let mut regions = fill(
        t.about_region_counts,
        &[
            ("provinces", &*grouped(known(Facet::Province))),
            ("cities", &grouped(known(Facet::City))),
            ("counties", &grouped(known(Facet::County))),
        ],
    );
    if unknown > 0 {
        regions.push_str(&counted(t.about_unknown, unknown, &[]));
    }
    let days = reports.iter().filter_map(|report| report.metadata.date);
    let days = span(days);
    let years = reports.iter().filter_map(|report| report.metadata.year);
    let dated = reports
        .iter()
        .filter(|report| report.metadata.date.is_some());
    let dated = grouped(dated.count() as u64);
    let mut facts = vec![
        (t.about_reports, grouped(reports.len() as u64)),
        (t.about_passages, grouped(snapshot.passages())),
        (t.about_measures, sum(|report| u64::from(report.measures))),
        (t.about_characters, sum(|report| report.characters)),
        (t.about_files, grouped(sources.len() as u64)),
        (t.about_regions, regions),
    ];
    if let Some((first, last)) = span(years) {
        facts.push((t.about_years, ranged(&first.to_string(), &last.to_string())));
    }
    if let Some((first, last)) = days {
        let range = ranged(&first.to_string(), &last.to_string());
        let said = fill(t.about_dated, &[("range", &*range), ("n", &dated)]);
        facts.push((t.about_days, said));
    }
    facts.extend([
        (t.about_issuers, grouped(known(Facet::Issuer))),
        (t.about_built, built_at(snapshot, t)),
        (t.about_generation, snapshot.name().to_owned()),
    ]);
    facts
}

fn ranged(first: &str, last: &str) -> String {
    if first == last {
        return first.to_owned();
    }
    format!("{first} – {last}")
}

/// The least and the greatest.
fn span<T: Ord + Copy>(values: impl Iterator<Item = T>) -> Option<(T, T)> {
    values.fold(None, |span, value| match span {
        None => Some((value, value)),
        Some((least, most)) => Some((least.min(value), most.max(value))),
    })
}

fn provinces(reports: &[ReportRecord], all: &Response, links: &Links, t: &Texts) -> Vec<Province> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for report in reports {
        let province = report.region.province.as_deref();
        *counts
            .entry(province.unwrap_or(UNKNOWN_REGION))
            .or_default() += 1;
    }
    let values = all.facets.get(&Facet::Province);
    let values = values.map_or(&[][..], Vec::as_slice);
    values
        .iter()
        .map(|value| {
            (
                value,
                counts.get(value.value.as_str()).copied().unwrap_or(0),
            )
        })
        .map(|(value, reports)| Province {
            counts: format!(
                "{} · {}",
                counted(t.compare_reports, reports, &[]),
                counted(t.about_count, value.count, &[])
            ),
            name: if value.value == UNKNOWN_REGION {
                t.unknown_region.to_owned()
            } else {
                value.label.clone()
            },
            url: links.narrowed(&[(Facet::Province, &value.value)]),
        })
        .collect()
}

impl List {
    fn new(facet: Facet, all: &Response, links: &Links, t: &'static Texts) -> Option<Self> {
        let mut values: Vec<&FacetValue> = all.facets.get(&facet)?.iter().collect();
        if values.is_empty() {
            return None;
        }
        if facet == Facet::Year {
            values.sort_by(|left, right| right.value.cmp(&left.value));
        }
        let more = values.len().saturating_sub(NAMED) as u64;
        let name = |value: &FacetValue| {
            let mut path = value.parents.clone();
            path.push(value.label.clone());
            match facet {
                Facet::Year => fill(t.year, &[("year", &value.value)]),
                _ => path.join(PATH_SEPARATOR),
            }
        };
        Some(Self {
            label: t.facet(facet),
            values: values
                .into_iter()
                .take(NAMED)
                .map(|value| {
                    let url = links.narrowed(&[(facet, &value.value)]);
                    (name(value), grouped(value.count), url)
                })
                .collect(),
            more: (more > 0).then(|| counted(t.more_values, more, &[])),
        })
    }
}

/// The settings that a reader notices.
fn said(
    snapshot: &Snapshot,
    settings: &Settings,
    t: &'static Texts,
) -> Vec<(&'static str, String)> {
    let number = |n: usize| grouped(n as u64);
    let synonyms = snapshot.synonyms();
    vec![
        (
            t.about_cut,
            counted(t.about_cut_at, settings.passage_chars as u64, &[]),
        ),
        (
            t.about_relaxing,
            match settings.relax_below {
                0 => t.about_never_relaxed.to_owned(),
                below => counted(t.about_relaxed_below, below as u64, &[]),
            },
        ),
        (
            t.about_synonyms,
            fill(
                t.about_synonym_counts,
                &[
                    ("groups", &*number(synonyms.groups())),
                    ("rules", &number(synonyms.rules())),
                ],
            ),
        ),
        (t.about_themes, number(snapshot.themes().len())),
        (
            t.about_depth,
            counted(t.about_depth_of, settings.max_depth as u64, &[]),
        ),
    ]
}

impl Build {
    fn new(build: &BuildReport, settings: &Settings, t: &'static Texts) -> Self {
        let warned: u64 = build.warning_counts.values().sum();
        let listed = build.warnings.len().min(LISTED) as u64;
        let unlisted = warned.saturating_sub(listed);
        Self {
            facts: vec![
                (t.about_files_read, grouped(build.files)),
                (t.about_bytes, megabytes(build.bytes)),
                (t.about_files_skipped, grouped(build.skipped.len() as u64)),
                (t.about_warnings, grouped(warned)),
                (
                    t.about_boilerplate,
                    counted(t.about_lines, build.boilerplate.values().sum(), &[]),
                ),
                (t.about_took, format!("{:.1} s", build.seconds)),
            ],
            vocabulary: settings.vocabulary.clone(),
            skipped: build
                .skipped
                .iter()
                .take(LISTED)
                .map(|skipped| (skipped.source.clone(), skipped.reason.clone()))
                .collect(),
            kinds: WarningKind::ALL
                .into_iter()
                .filter_map(|kind| {
                    let count = build.warning_counts.get(kind.as_str())?;
                    Some((t.warning(kind), grouped(*count)))
                })
                .collect(),
            warnings: build
                .warnings
                .iter()
                .take(LISTED)
                .map(|warning| {
                    let line = warning.line.to_string();
                    let values = [("source", &*warning.source), ("line", &line)];
                    (fill(t.about_line, &values), warning.message.clone())
                })
                .collect(),
            unlisted: (unlisted > 0).then(|| counted(t.about_unlisted, unlisted, &[])),
            boilerplate: build
                .boilerplate
                .iter()
                .map(|(rule, lines)| (rule.clone(), grouped(*lines)))
                .collect(),
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a tenth of a megabyte is all that is shown"
)]
fn megabytes(bytes: u64) -> String {
    const MEGABYTE: f64 = 1024.0 * 1024.0;
    format!("{:.1} MB", bytes as f64 / MEGABYTE)
}

/// The corpus as a data set.
fn dataset(snapshot: &Snapshot, all: &Response, lead: &str, visit: &Visit) -> serde_json::Value {
    let t = Texts::of(visit.lang);
    let built = i64::try_from(snapshot.manifest().built_at).unwrap_or(0);
    let built = Timestamp::from_second(built).unwrap_or_default();
    let provinces = all.facets.get(&Facet::Province).into_iter().flatten();
    let places: Vec<serde_json::Value> = provinces
        .filter(|value| value.value != UNKNOWN_REGION)
        .map(|value| serde_json::json!({"@type": "AdministrativeArea", "name": value.label}))
        .collect();
    let files = [("text/csv", "csv"), ("application/x-ndjson", "jsonl")];
    let files = files.map(|(kind, format)| {
        let address = visit.absolute(&format!("/api/v1/export?format={format}"));
        serde_json::json!({
            "@type": "DataDownload",
            "encodingFormat": kind,
            "contentUrl": address,
        })
    });
    let mut data = serde_json::json!({
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": visit.absolute("/about#corpus"),
        "url": visit.absolute("/about"),
        "name": t.about_dataset,
        "description": lead,
        "inLanguage": "zh-CN",
        "dateModified": built.to_string(),
        "version": snapshot.name(),
        "spatialCoverage": places,
        "distribution": files,
    });
    let reports = snapshot.reports().iter();
    let days: Option<(Date, Date)> = span(reports.filter_map(|report| report.metadata.date));
    if let Some((first, last)) = days {
        meta::merge(
            &mut data,
            serde_json::json!({"temporalCoverage": format!("{first}/{last}")}),
        );
    }
    data
}
