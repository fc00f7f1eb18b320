//! Regions and reports side by side, and how they are chosen.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;

use super::figures::FigureView;
use super::search::Asked;
use super::understood::Reading;
use super::{Chip, above, number, plain_heading};
use crate::http::pages::frame::{Frame, Section as Place};
use crate::http::pages::links::Links;
use crate::http::pages::text::{Texts, counted, fill};
use crate::http::pages::visit::Visit;
use crate::http::problem::Problem;
use crate::index::Snapshot;
use crate::search::{
    Comparison, FEWEST_SIDES, Facet, FacetValue, Hit, MOST_SIDES, Request, Response, Section,
    Subject,
};

/// Figures of a passage that are shown.
const FIGURES: usize = 4;
/// Sides that the usual width has room for.
const COMFORTABLE: usize = 3;
/// Regions that are offered while a name is typed.
const OFFERED: usize = 300;
/// Regions of a level that one click adds.
const PICKS: usize = 34;
/// Those of a level below the province.
const LOWER_PICKS: usize = 12;

/// The page of a comparison.
#[derive(Template)]
#[template(path = "compare.html", config = "src/http/askama.toml")]
pub(in crate::http::pages) struct ComparePage {
    frame: Frame,
    t: &'static Texts,
    /// Whether columns are so many that they need all the room there is.
    wide: bool,
    /// What is wrong with what was asked for.
    problem: Option<String>,
    sides: Vec<Chosen>,
    picker: Option<Picker>,
    /// Why nothing is compared yet.
    wanting: Option<&'static str>,
    compared: Option<Compared>,
    /// What passages are narrowed to besides the sides, each with the address without it.
    chips: Vec<Chip>,
    clear: String,
    readings: Vec<Reading>,
    meant: Option<(String, String)>,
    notices: Vec<String>,
}

/// One side, with the address without it.
struct Chosen {
    label: String,
    count: Option<String>,
    without: String,
}

/// How a side is added.
struct Picker {
    /// What the form carries along.
    carried: Vec<(String, String)>,
    /// The boxes it has.
    boxes: Vec<usize>,
    button: &'static str,
    /// Names that are offered while one is typed.
    offered: Vec<String>,
    /// By level, the regions that one click adds.
    picks: Vec<(&'static str, Vec<Pick>)>,
}

struct Pick {
    label: String,
    count: u64,
    url: String,
}

/// What is compared.
struct Compared {
    /// How many sides there are, for the sheet.
    width: usize,
    heads: Vec<Head>,
    summary: String,
    exports: Vec<(&'static str, String)>,
    sections: Vec<SectionView>,
}

struct Head {
    label: String,
    count: String,
    url: String,
}

struct SectionView {
    anchor: String,
    label: String,
    total: usize,
    /// The comparison of this theme alone.
    url: Option<String>,
    rows: Vec<RowView>,
    /// What stands in no row; nothing where all does.
    rest: Option<Vec<RestView>>,
}

struct RowView {
    shared: String,
    cells: Vec<Slot>,
}

/// A place in a row, with the side it is on.
struct Slot {
    side: String,
    cell: Option<CellView>,
}

/// One side's passages without counterparts.
struct RestView {
    side: String,
    cells: Vec<CellView>,
    /// Whether this side says nothing under the theme.
    is_silent: bool,
    /// Those for which there is no room, with the search for them.
    more: Option<(String, String)>,
}

struct CellView {
    url: String,
    heading_html: String,
    way: Option<String>,
    number: String,
    /// The report's title and page, where a side has several.
    report: Option<(String, String)>,
    snippet_html: String,
    figures: Vec<FigureView>,
}

/// What a page of a comparison is made from.
pub(in crate::http::pages) struct Given<'a> {
    pub(in crate::http::pages) request: &'a Request,
    pub(in crate::http::pages) subjects: &'a [Subject],
    pub(in crate::http::pages) problem: Option<&'a Problem>,
    pub(in crate::http::pages) comparison: Option<&'a Comparison>,
    /// The counts of all regions for the same request.
    pub(in crate::http::pages) regions: &'a Response,
}

impl ComparePage {
    pub(in crate::http::pages) fn new(
        snapshot: &Snapshot,
        given: &Given<'_>,
        visit: &Visit,
    ) -> Self {
        let t = Texts::of(visit.lang);
        let links = Links::new("/compare", visit);
        let maker = Maker {
            t,
            links: &links,
            subjects: given.subjects,
        };
        let labels: Vec<&str> = given.subjects.iter().map(|side| &*side.label).collect();
        let names = labels.join(t.enumerated);
        let title = match given.comparison {
            Some(_) => fill(t.compare_of, &[("names", &names)]),
            None => t.compare_title.to_owned(),
        };
        let frame = Frame::new(visit, Some(Place::Compare), &title);
        let description = match given.comparison {
            Some(_) => fill(t.compare_describe, &[("names", &names)]),
            None => t.compare_how.to_owned(),
        };
        let Asked {
            chips,
            readings,
            meant,
            notices,
        } = match given.comparison {
            Some(comparison) => Asked::new(given.request, &comparison.answer, &links, t),
            None => Asked::new(given.request, given.regions, &links, t),
        };
        // Measures are compared unless something else is asked for.
        let is_said = |chip: &Chip| {
            chip.field != t.facet(Facet::Kind) || visit.pairs.iter().any(|(name, _)| name == "kind")
        };
        let missing = FEWEST_SIDES.saturating_sub(given.subjects.len());
        Self {
            frame: frame.saying(|meta| meta.describe(&description)),
            t,
            wide: given.subjects.len() > COMFORTABLE,
            problem: given.problem.map(|problem| wrong(problem, t)),
            sides: (0..given.subjects.len())
                .map(|at| maker.chosen(at, given))
                .collect(),
            picker: (given.subjects.len() < MOST_SIDES)
                .then(|| maker.picker(snapshot, given.regions, missing)),
            wanting: match missing {
                0 => None,
                1 => Some(t.compare_one),
                _ => Some(t.compare_how),
            },
            compared: given
                .comparison
                .map(|comparison| maker.compared(given.request, comparison)),
            chips: chips.into_iter().filter(is_said).collect(),
            clear: links.comparing_all(&maker.sides(None)),
            readings,
            meant,
            notices,
        }
    }
}

struct Maker<'a> {
    t: &'static Texts,
    links: &'a Links,
    subjects: &'a [Subject],
}

/// How a side is asked for.
fn pair(subject: &Subject) -> (&'static str, String) {
    let name = if subject.is_report {
        "report"
    } else {
        "region"
    };
    (name, subject.value.clone())
}

impl Maker<'_> {
    /// The sides but one.
    fn sides(&self, but: Option<usize>) -> Vec<(&'static str, String)> {
        let sides = self.subjects.iter().enumerate();
        let kept = sides.filter(|&(at, _)| Some(at) != but);
        kept.map(|(_, subject)| pair(subject)).collect()
    }

    fn chosen(&self, at: usize, given: &Given<'_>) -> Chosen {
        let subject = &self.subjects[at];
        let side = given.comparison.and_then(|all| all.sides.get(at));
        Chosen {
            label: subject.label.clone(),
            count: side.map(|side| counted(self.t.compare_count, side.total as u64, &[])),
            without: self.links.comparing(&self.sides(Some(at))),
        }
    }

    fn picker(&self, snapshot: &Snapshot, regions: &Response, missing: usize) -> Picker {
        let with = |name: &str| {
            let mut sides = self.sides(None);
            sides.push(("region", name.to_owned()));
            self.links.comparing(&sides)
        };
        let is_chosen = |name: &str| {
            let mut subjects = self.subjects.iter();
            subjects
                .any(|side| !side.is_report && (side.value == name || side.value.ends_with(name)))
        };
        let levels = [
            (Facet::Province, PICKS),
            (Facet::City, LOWER_PICKS),
            (Facet::County, LOWER_PICKS),
        ];
        let picks = levels.into_iter().filter_map(|(facet, most)| {
            let values = regions.facets.get(&facet)?;
            let picks: Vec<Pick> = values
                .iter()
                .filter(|value| value.value != crate::index::UNKNOWN_REGION && value.count > 0)
                .map(|value| (full_name(value), value))
                .filter(|(name, _)| !is_chosen(name))
                .take(most)
                .map(|(name, value)| Pick {
                    label: value.label.clone(),
                    count: value.count,
                    url: with(&name),
                })
                .collect();
            (!picks.is_empty()).then(|| (self.t.facet(facet), picks))
        });
        let sides = self.sides(None).into_iter();
        let mut carried: Vec<(String, String)> = sides
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        carried.extend(self.links.carried_to_compare());
        carried.extend(self.links.lang_pair());
        Picker {
            carried,
            boxes: (1..=missing.max(1)).collect(),
            button: if missing > 1 {
                self.t.compare_start
            } else {
                self.t.compare_add
            },
            offered: offered(snapshot),
            picks: picks.collect(),
        }
    }

    fn compared(&self, request: &Request, comparison: &Comparison) -> Compared {
        Compared {
            width: comparison.sides.len(),
            heads: comparison
                .sides
                .iter()
                .map(|side| Head {
                    label: side.subject.label.clone(),
                    count: if side.subject.is_report {
                        counted(self.t.compare_count, side.total as u64, &[])
                    } else {
                        let reports = counted(self.t.compare_reports, side.reports as u64, &[]);
                        counted(
                            self.t.compare_count_of,
                            side.total as u64,
                            &[("reports", &reports)],
                        )
                    },
                    url: self.links.side(&side.subject.filter, None),
                })
                .collect(),
            summary: self.summary(request, comparison.answer.total as u64),
            exports: [(self.t.export_csv, "csv"), ("Markdown", "md")]
                .map(|(label, format)| (label, self.links.compared_as(format)))
                .into(),
            sections: comparison
                .sections
                .iter()
                .map(|section| self.section(request, comparison, section))
                .collect(),
        }
    }

    fn summary(&self, request: &Request, total: u64) -> String {
        match request.text.trim() {
            "" => counted(self.t.compare_found, total, &[]),
            text => counted(self.t.compare_found_of, total, &[("text", text)]),
        }
    }

    fn section(
        &self,
        request: &Request,
        comparison: &Comparison,
        section: &Section,
    ) -> SectionView {
        let theme = section.theme.as_ref();
        let label = theme.map_or_else(
            || self.t.compare_no_theme.to_owned(),
            |theme| {
                let mut path = theme.parents.clone();
                path.push(theme.label.clone());
                path.join(crate::theme::PATH_SEPARATOR)
            },
        );
        let id = theme.map(|theme| theme.id.as_str());
        let is_only = request.filters.contains_key(&Facet::Theme);
        let slot = |(at, cell): (usize, &Option<Arc<Hit>>)| Slot {
            side: self.subjects[at].label.clone(),
            cell: cell.as_ref().map(|hit| self.cell(at, hit)),
        };
        let rows = section.rows.iter().map(|row| RowView {
            shared: row.shared.join("、"),
            cells: row.cells.iter().enumerate().map(slot).collect(),
        });
        let rest: Vec<RestView> = section
            .rest
            .iter()
            .enumerate()
            .map(|(at, hits)| {
                let unlisted = section.unlisted(at) as u64;
                let filter = &comparison.sides[at].subject.filter;
                RestView {
                    side: self.subjects[at].label.clone(),
                    cells: hits.iter().map(|hit| self.cell(at, hit)).collect(),
                    // Beside rows an empty place says so already.
                    is_silent: section.counts[at] == 0 && section.rows.is_empty(),
                    more: (unlisted > 0).then(|| {
                        let text = counted(self.t.compare_unlisted, unlisted, &[]);
                        (text, self.links.side(filter, id))
                    }),
                }
            })
            .collect();
        let is_needed =
            |side: &RestView| !side.cells.is_empty() || side.is_silent || side.more.is_some();
        SectionView {
            anchor: id.map_or_else(|| "no-theme".to_owned(), |id| format!("theme-{id}")),
            label,
            total: section.counts.iter().sum(),
            url: id
                .filter(|_| !is_only)
                .map(|id| self.links.toggled(Facet::Theme, id, false)),
            rows: rows.collect(),
            rest: rest.iter().any(is_needed).then_some(rest),
        }
    }

    fn cell(&self, side: usize, hit: &Hit) -> CellView {
        let heading = hit.heading.as_ref().map_or_else(
            || plain_heading(&hit.passage, self.t),
            |marked| marked.html.clone(),
        );
        let of_report = || {
            (
                hit.title.html.clone(),
                self.links.permanent_report(&hit.report.id),
            )
        };
        let text = &hit.passage.text;
        let matched = hit.figures.iter().filter(|figure| figure.matched);
        let mut figures: Vec<FigureView> = matched
            .map(|figure| FigureView {
                label: figure.quantity.label.clone(),
                text: figure.text.clone(),
            })
            .collect();
        if hit.figures.is_empty() {
            figures.extend(hit.passage.quantities.iter().map(|quantity| FigureView {
                label: quantity.label.clone(),
                text: quantity.range.of(text).to_owned(),
            }));
        }
        figures.truncate(FIGURES);
        CellView {
            url: self.links.compared_passage(&hit.passage.id),
            heading_html: heading,
            way: above(&hit.passage),
            number: number(&hit.passage, self.t),
            report: (!self.subjects[side].is_report).then(of_report),
            snippet_html: hit.snippet.html.clone(),
            figures,
        }
    }
}

/// What is wrong, for whoever chose it from a page.
fn wrong(problem: &Problem, t: &Texts) -> String {
    match problem {
        Problem::BadParameter { value, allowed, .. } => {
            fill(t.compare_wrong, &[("value", value), ("allowed", allowed)])
        }
        other => other.to_string(),
    }
}

/// The name that finds a division, whatever others have it too.
fn full_name(value: &FacetValue) -> String {
    value.parents.concat() + &value.label
}

/// The regions that there are reports of and those they lie in, those of most reports first.
fn offered(snapshot: &Snapshot) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for report in snapshot.reports() {
        let region = &report.region;
        let mut name = String::new();
        let levels = [&region.province, &region.city, &region.county];
        for level in levels.into_iter().flatten() {
            name.push_str(level);
            *counts.entry(name.clone()).or_default() += 1;
        }
    }
    let mut names: Vec<(String, usize)> = counts.into_iter().collect();
    names.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    names.truncate(OFFERED);
    names.into_iter().map(|(name, _)| name).collect()
}
