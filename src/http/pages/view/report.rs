//! A report and all it says.

use askama::Template;

use super::passage::{MeasureView, ReportHead, paragraphs};
use super::{number, plain_heading, themes};
use crate::http::pages::citation::{Cited, cite};
use crate::http::pages::frame::Frame;
use crate::http::pages::links::Links;
use crate::http::pages::meta;
use crate::http::pages::text::{Texts, fill, grouped};
use crate::http::pages::visit::Visit;
use crate::index::{PassageRecord, ReportRecord};
use crate::search::Highlighter;

/// A report and all it says.
#[derive(Template)]
#[template(path = "report.html", config = "src/http/askama.toml")]
pub(in crate::http::pages) struct ReportPage {
    frame: Frame,
    t: &'static Texts,
    back: Option<String>,
    report: ReportHead,
    size: String,
    citation: String,
    permalink: String,
    /// Where it is compared with others.
    compare: String,
    /// The same, from here.
    permanent_path: String,
    sections: Vec<Section>,
}

/// A passage, as a line of the table and as a section of the text.
struct Section {
    anchor: String,
    url: String,
    /// As the table and the contents have it.
    line: MeasureView,
    number: String,
    heading_html: String,
    paragraphs: Vec<String>,
    themes: Vec<(String, String)>,
    characters: String,
}

impl ReportPage {
    pub(in crate::http::pages) fn new(
        report: &ReportRecord,
        passages: &[PassageRecord],
        highlighter: &Highlighter,
        visit: &Visit,
    ) -> Self {
        let t = Texts::of(visit.lang);
        let links = Links::new("/", visit);
        let bare = links.bare();
        let permanent_path = bare.permanent_report(&report.id);
        let permalink = visit.absolute(&permanent_path);
        let characters = grouped(report.characters);
        let count = grouped(passages.len() as u64);
        Self {
            frame: Frame::new(visit, None, &report.title).saying(|meta| {
                let about = passages.first().map_or("", PassageRecord::body);
                meta.text(visit)
                    .describe(&format!("{} {about}", report.title))
                    .with(&meta::report(visit, report, passages))
                    .with(&meta::trail(visit, &[(&*report.title, &*permanent_path)]))
            }),
            t,
            back: (!links.is_bare()).then(|| links.back()),
            report: ReportHead::new(report, highlighter, &links, t),
            size: fill(
                t.report_facts,
                &[("passages", &*count), ("characters", &characters)],
            ),
            citation: cite(&Cited {
                title: &report.title,
                metadata: &report.metadata,
                address: &permalink,
                read: visit.day,
            }),
            permalink,
            compare: bare.comparing(&[("report", report.id.clone())]),
            permanent_path,
            sections: passages
                .iter()
                .map(|passage| Section {
                    anchor: passage.id.clone(),
                    url: links.passage(&passage.id),
                    line: MeasureView::new(passage, format!("#{}", passage.id), false, t),
                    number: number(passage, t),
                    heading_html: highlighter.mark(&plain_heading(passage, t)).html,
                    paragraphs: paragraphs(passage, highlighter),
                    themes: themes(passage, &bare),
                    characters: grouped(passage.text.chars().count() as u64),
                })
                .collect(),
        }
    }
}
