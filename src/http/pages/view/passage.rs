//! A passage in its report.

use askama::Template;

use super::facts::{self, Facts};
use super::similar::SimilarView;
use super::{above, number, plain_heading, region, told_apart};
use crate::http::api::InReport;
use crate::http::pages::citation::{Cited, cite};
use crate::http::pages::frame::Frame;
use crate::http::pages::links::Links;
use crate::http::pages::meta;
use crate::http::pages::prose;
use crate::http::pages::text::{Texts, fill};
use crate::http::pages::visit::Visit;
use crate::index::{PassageRecord, ReportRecord};
use crate::quantity::{Kind as FigureKind, Qualifier, Quantity};
use crate::report::Kind;
use crate::search::{Facet, Highlighter, Similar};

/// A passage and the report around it.
#[derive(Template)]
#[template(path = "passage.html", config = "src/http/askama.toml")]
pub(in crate::http::pages) struct PassagePage {
    frame: Frame,
    t: &'static Texts,
    back: Option<String>,
    report: ReportHead,
    number: String,
    heading_html: String,
    way: Option<String>,
    paragraphs: Vec<String>,
    themes: Vec<ThemeView>,
    figures: Vec<FigureRow>,
    citation: String,
    permalink: String,
    /// The same, from here.
    permanent_path: String,
    similar: Vec<SimilarView>,
    measures: Vec<MeasureView>,
    previous: Option<(String, String)>,
    next: Option<(String, String)>,
}

/// What is known of a report, as its own and its passages' pages begin.
pub(super) struct ReportHead {
    pub(super) title_html: String,
    pub(super) url: String,
    pub(super) region: String,
    pub(super) source: String,
    pub(super) facts: Facts,
}

struct ThemeView {
    label: String,
    url: String,
    /// The terms that decided, strongest first.
    terms: String,
}

/// A figure with what it is said of.
struct FigureRow {
    text: String,
    of: String,
    class: String,
    value: String,
}

/// A line of a report's contents.
pub(super) struct MeasureView {
    pub(super) url: String,
    pub(super) number: String,
    pub(super) heading: String,
    pub(super) here: bool,
}

impl PassagePage {
    pub(in crate::http::pages) fn new(
        found: &InReport,
        similar: &[Similar],
        highlighter: &Highlighter,
        visit: &Visit,
    ) -> Option<Self> {
        let t = Texts::of(visit.lang);
        let links = Links::new("/", visit);
        let report = &found.report;
        let passage = found.passages.get(found.at)?;
        let heading = plain_heading(passage, t);
        let neighbour = |at: Option<usize>| {
            at.and_then(|at| found.passages.get(at)).map(|passage| {
                let heading = told_apart(passage, plain_heading(passage, t), t);
                (heading, links.passage(&passage.id))
            })
        };
        let permanent_path = links.bare().permanent(&passage.id);
        let permalink = visit.absolute(&permanent_path);
        Some(Self {
            frame: Frame::new(visit, None, &format!("{heading} - {}", report.title)).saying(
                |meta| {
                    let steps = [
                        (&*report.title, &*links.bare().permanent_report(&report.id)),
                        (&*heading, &*permanent_path),
                    ];
                    meta.text(visit)
                        .describe(passage.body())
                        .with(&meta::passage(visit, report, passage))
                        .with(&meta::trail(visit, &steps))
                },
            ),
            t,
            back: (!links.is_bare()).then(|| links.back_to(&passage.id)),
            report: ReportHead::new(report, highlighter, &links, t),
            number: number(passage, t),
            heading_html: highlighter.mark(&heading).html,
            way: above(passage),
            paragraphs: paragraphs(passage, highlighter),
            themes: themes(passage, &links.bare()),
            figures: passage
                .quantities
                .iter()
                .map(|figure| FigureRow::new(passage, figure, t))
                .collect(),
            citation: cite(&Cited {
                title: &report.title,
                metadata: &report.metadata,
                address: &permalink,
                read: visit.day,
            }),
            permalink,
            permanent_path,
            similar: similar
                .iter()
                .map(|similar| SimilarView::new(similar, &links.bare(), t))
                .collect(),
            measures: found
                .passages
                .iter()
                .enumerate()
                .map(|(at, passage)| {
                    let url = links.passage(&passage.id);
                    MeasureView::new(passage, url, at == found.at, t)
                })
                .collect(),
            previous: neighbour(found.at.checked_sub(1)),
            next: neighbour(Some(found.at + 1)),
        })
    }
}

impl ReportHead {
    pub(super) fn new(
        report: &ReportRecord,
        highlighter: &Highlighter,
        links: &Links,
        t: &Texts,
    ) -> Self {
        Self {
            title_html: highlighter.mark(&report.title).html,
            url: links.report(&report.id),
            region: region(report, t),
            source: fill(t.source, &[("source", &report.source)]),
            facts: facts::of(report, t),
        }
    }
}

impl MeasureView {
    pub(super) fn new(passage: &PassageRecord, url: String, here: bool, t: &Texts) -> Self {
        let path = passage.dotted_path();
        Self {
            url,
            number: match passage.kind {
                Kind::Attachment => fill(t.attachment, &[("number", &path)]),
                Kind::Overview | Kind::Measure => path,
            },
            heading: told_apart(passage, plain_heading(passage, t), t),
            here,
        }
    }
}

/// The paragraphs of a passage, with matches and figures marked.
pub(super) fn paragraphs(passage: &PassageRecord, highlighter: &Highlighter) -> Vec<String> {
    passage
        .paragraphs
        .iter()
        .map(|&span| prose::html(&passage.text, span, &passage.quantities, highlighter))
        .collect()
}

fn themes(passage: &PassageRecord, links: &Links) -> Vec<ThemeView> {
    passage
        .themes
        .iter()
        .map(|theme| {
            let terms = theme.evidence.iter().map(|evidence| evidence.term.as_str());
            ThemeView {
                label: theme.shown_path(),
                url: links.toggled(Facet::Theme, &theme.id, false),
                terms: terms.collect::<Vec<_>>().join("、"),
            }
        })
        .collect()
}

impl FigureRow {
    fn new(passage: &PassageRecord, figure: &Quantity, t: &Texts) -> Self {
        let unit = figure.class.base_unit();
        let low = written(figure.low);
        let value = if figure.low < figure.high {
            format!("{low}–{} {unit}", written(figure.high))
        } else {
            format!("{low} {unit}")
        };
        let qualifier = figure.qualifier.map_or("", |qualifier| match qualifier {
            Qualifier::About => t.figure_about,
            Qualifier::Over => t.figure_over,
            Qualifier::Less => t.figure_less,
            Qualifier::AtLeast => t.figure_at_least,
            Qualifier::AtMost => t.figure_at_most,
        });
        let kind = match figure.kind {
            FigureKind::Amount => "",
            FigureKind::Rise => t.figure_rise,
            FigureKind::Fall => t.figure_fall,
            FigureKind::PerPerson => t.figure_per_person,
            FigureKind::PerUnit => t.figure_per_unit,
        };
        let class = t.class(figure.class);
        Self {
            text: figure.range.of(&passage.text).to_owned(),
            of: figure.label.clone(),
            class: [class, kind]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(t.and),
            value: [qualifier, &value]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
        }
    }
}

/// A value with its thousands apart and no more digits than it has.
fn written(value: f64) -> String {
    let shown = format!("{:.4}", value.abs());
    let shown = shown.trim_end_matches('0').trim_end_matches('.');
    let (whole, rest) = shown.split_once('.').unwrap_or((shown, ""));
    let mut grouped = String::new();
    let digits = whole.len();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (digits - at).is_multiple_of(3) && digits > 4 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if value < 0.0 { "−" } else { "" };
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{grouped}{point}{rest}")
}

#[cfg(test)]
mod tests {
    use super::written;

    #[test]
    fn values_are_written_for_people() {
        for (value, shown) in [
            (0.0, "0"),
            (40.0, "40"),
            (-3.5, "−3.5"),
            (1024.0, "1024"),
            (209_300.0, "209,300"),
            (3.8e9, "3,800,000,000"),
            (0.333_333_33, "0.3333"),
        ] {
            assert_eq!(written(value), shown);
        }
    }
}
