//! Regions or reports side by side: for each theme what every one of them says, like beside like.
//!
//! Everything agrees with what a search would say. Each side is the same request under one more
//! filter, and the count of a side under a theme is the total of that search. A passage that bears
//! several themes stands under each of them, as it would be found under each; one that bears none
//! has a section of its own, so that nothing that was found is left out. Where a theme has levels,
//! those of the first are the sections, or those that were filtered for.
//!
//! Within a theme, passages that are clearly about the same stand in one row ([`mod@align`]); all
//! others follow, each side's in the order of the search, with no claim that neighbours belong
//! together.
//!
//! Invariant: held against searching side by side and theme by theme (`tests/compare.rs`).

mod align;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tantivy::columnar::StrColumn;

use self::align::{Profile, align};
use super::asked::Asked;
use super::filter::{Narrowed, engine_filters, narrow};
use super::rank::Ranked;
use super::similar::Frequencies;
use super::understand::Understood;
use super::{
    Address, Chosen, Facet, Hit, HitReader, Options, Request, Response, choose, read, region_named,
    scope,
};
use crate::index::{self, Snapshot};
use crate::region::{self, Region, Resolution};

/// The fewest sides there can be.
pub const FEWEST_SIDES: usize = 2;
/// The most sides that can be read beside one another.
pub const MOST_SIDES: usize = 5;
/// The most passages that are read for a comparison, those of several themes counted for each: what
/// is shared among many themes and sides is less for each.
const MOST_READ: usize = 3000;
/// The most reports of a region that is known by its name only.
const MOST_REPORTS: usize = 100;

/// What one side shows: a region with all that lies in it, or a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Whether it is one report.
    pub is_report: bool,
    /// What asks for it: the full name of the region, the id of the report.
    pub value: String,
    /// Its name for readers.
    pub label: String,
    /// Where it is from.
    pub region: Region,
    /// The filter that leaves only its passages.
    pub filter: (Facet, Vec<String>),
}

/// Why a name is none of one region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoRegion {
    /// Neither a division nor what any report calls its region.
    Unknown,
    /// Several divisions have it.
    Ambiguous(Vec<Region>),
}

impl Subject {
    /// The region of that name, code included; of several with the name, the one that `snapshot`
    /// has reports of.
    ///
    /// # Errors
    ///
    /// Where there is none, or more than one.
    pub fn region(snapshot: &Snapshot, name: &str) -> Result<Self, NoRegion> {
        let found = match region::given(name) {
            Resolution::Known(region) => region,
            Resolution::Ambiguous(all) => {
                let here = all.iter().filter(|region| scope::has(snapshot, region));
                let here: Vec<&Region> = here.collect();
                match here.as_slice() {
                    [] => return Err(NoRegion::Ambiguous(all)),
                    [only] => (*only).clone(),
                    several => {
                        let several = several.iter().map(|&region| region.clone());
                        return Err(NoRegion::Ambiguous(several.collect()));
                    }
                }
            }
            Resolution::Unknown => return Self::named(snapshot, name).ok_or(NoRegion::Unknown),
        };
        let facet = match (&found.county, &found.city) {
            (Some(_), _) => Facet::County,
            (None, Some(_)) => Facet::City,
            (None, None) => Facet::Province,
        };
        let full = found.full_name();
        Ok(Self {
            is_report: false,
            value: full.clone(),
            label: full.clone(),
            // By whatever name it was asked for.
            region: Region {
                name: full.clone(),
                ..found
            },
            filter: (facet, vec![full]),
        })
    }

    /// A region that no table knows, by what its reports call it.
    fn named(snapshot: &Snapshot, name: &str) -> Option<Self> {
        let name = name.trim();
        let so_called = |region: &Region| !region.is_known() && region.name == name;
        let mut reports = snapshot.reports().iter();
        let reports = reports.by_ref().filter(|report| so_called(&report.region));
        let ids: Vec<String> = reports
            .take(MOST_REPORTS)
            .map(|report| report.id.clone())
            .collect();
        (!ids.is_empty()).then(|| Self {
            is_report: false,
            value: name.to_owned(),
            label: name.to_owned(),
            region: Region::unknown(name),
            filter: (Facet::Report, ids),
        })
    }

    /// The report of that id, where `snapshot` has it.
    #[must_use]
    pub fn report(snapshot: &Snapshot, id: &str) -> Option<Self> {
        let report = snapshot.report(id)?;
        Some(Self {
            is_report: true,
            value: report.id.clone(),
            label: report.title.clone(),
            region: Region::clone(&report.region),
            filter: (Facet::Report, vec![report.id.clone()]),
        })
    }
}

/// Passages of several subjects, theme by theme.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What the search itself answers, without hits and facets; its total is of the passages that
    /// stand on any side.
    pub answer: Response,
    /// The sides in the order they were asked for.
    pub sides: Vec<Side>,
    /// What they say, the themes of most sides and passages first, what bears none last.
    pub sections: Vec<Section>,
}

/// One side.
#[derive(Debug, Clone)]
pub struct Side {
    /// What it shows.
    pub subject: Subject,
    /// How many reports it has.
    pub reports: usize,
    /// How many passages of it were found.
    pub total: usize,
}

/// What all sides say of one theme.
#[derive(Debug, Clone)]
pub struct Section {
    /// The theme; nothing for passages that bear none.
    pub theme: Option<ThemeName>,
    /// For each side, how many passages were found.
    pub counts: Vec<usize>,
    /// Passages that belong together, most sides first.
    pub rows: Vec<Row>,
    /// For each side its other passages, in the order of the search.
    pub rest: Vec<Vec<Arc<Hit>>>,
}

impl Section {
    /// How many of a side's passages are not listed, for want of room.
    #[must_use]
    pub fn unlisted(&self, side: usize) -> usize {
        let in_rows = self.rows.iter();
        let in_rows = in_rows.filter(|row| row.cells.get(side).is_some_and(Option::is_some));
        let in_rest = self.rest.get(side).map_or(0, Vec::len);
        let all = self.counts.get(side).copied().unwrap_or(0);
        all.saturating_sub(in_rows.count() + in_rest)
    }
}

/// A theme as readers know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThemeName {
    /// Its id.
    pub id: String,
    /// Its label.
    pub label: String,
    /// The labels of the themes it is part of, outermost first.
    pub parents: Vec<String>,
}

/// Passages of several sides that are about the same.
#[derive(Debug, Clone)]
pub struct Row {
    /// How like one another they are, from 0 to 1: the mean over all pairs.
    pub likeness: f32,
    /// The terms that all of them hold, the most telling first.
    pub shared: Vec<String>,
    /// For each side its passage, where it has one; two or more have.
    pub cells: Vec<Option<Arc<Hit>>>,
}

/// Puts what `request` finds of each of `subjects` side by side; under each theme at most `limit`
/// passages of a side, or fewer where themes and sides are very many. Pages have no say.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn compare(
    snapshot: &Snapshot,
    request: &Request,
    options: &Options,
    subjects: Vec<Subject>,
    limit: usize,
) -> Result<Comparison, index::Error> {
    let Understood {
        compiled,
        complete,
        rewrites,
        did_you_mean,
        regions,
        conditions,
        unmet,
    } = read(snapshot, request, options)?;
    let Chosen {
        query,
        found: chosen,
        complete,
        relaxed,
        // Sides are told apart by theme, where none comes first.
        pinned: _,
    } = choose(snapshot, request, &compiled, complete, options)?;

    let mut sides = Vec::with_capacity(subjects.len());
    let mut found = Vec::with_capacity(subjects.len());
    for subject in subjects {
        let (facet, values) = subject.filter.clone();
        let mut request = request.clone();
        request.filters.insert(facet, values);
        let filters = engine_filters(snapshot, &request);
        let narrowed = narrow(&*query, &filters, None);
        let own = Narrowed::of(snapshot, chosen.clone(), &filters)?.all();
        let total = own.len();
        let asked = Asked {
            snapshot,
            request: &request,
            options,
            compiled: &compiled,
            complete: complete.as_ref(),
            conditions: &conditions,
            pinned: None,
        };
        let mut top = asked.order(&*narrowed, &own, 0, total)?.top;
        top.truncate(total);
        found.push(top);
        sides.push(Side {
            reports: reports(snapshot, &subject),
            subject,
            total,
        });
    }
    let all: HashSet<Address> = found.iter().flatten().map(|hit| hit.address).collect();

    let mut reader = HitReader::new(snapshot, request, options, &compiled, relaxed.is_some());
    reader.conditions.extend(conditions.iter().cloned());
    let mut shelf = Shelf {
        snapshot,
        reader,
        complete: complete.as_ref(),
        taken: HashMap::new(),
        known: Frequencies::default(),
    };
    let drawers = drawers(snapshot, request, &found)?;
    let places = drawers.len().saturating_mul(sides.len()).max(1);
    let limit = limit.min((MOST_READ / places).max(1));
    let mut sections = Vec::with_capacity(drawers.len());
    for drawer in drawers {
        sections.push(shelf.section(drawer, limit)?);
    }
    let answer = Response {
        total: all.len(),
        reports: None,
        rewrites,
        did_you_mean,
        regions: regions
            .into_iter()
            .filter_map(|named| region_named(snapshot, named))
            .collect(),
        quantities: conditions,
        unmet_quantities: unmet,
        relaxed,
        truncated: compiled.truncated,
        hits: Vec::new(),
        facets: std::collections::BTreeMap::new(),
    };
    Ok(Comparison {
        answer,
        sides,
        sections,
    })
}

/// How many reports a subject has.
fn reports(snapshot: &Snapshot, subject: &Subject) -> usize {
    if subject.filter.0 == Facet::Report {
        return subject.filter.1.len();
    }
    let reports = snapshot.reports().iter();
    reports
        .filter(|report| scope::lies_in(&report.region, &subject.region))
        .count()
}

/// What was found under one theme, by side.
struct Drawer {
    theme: Option<ThemeName>,
    hits: Vec<Vec<Ranked>>,
}

/// The sections with what belongs in each; none is empty.
fn drawers(
    snapshot: &Snapshot,
    request: &Request,
    found: &[Vec<Ranked>],
) -> Result<Vec<Drawer>, index::Error> {
    let selected = request.filters.get(&Facet::Theme);
    let drawer = |theme: Option<ThemeName>| Drawer {
        theme,
        hits: vec![Vec::new(); found.len()],
    };
    let mut drawers = Vec::new();
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    for (id, label) in snapshot.themes() {
        let above = snapshot.themes_above(id);
        let is_shown = match selected {
            Some(selected) => selected.contains(id),
            None => above.is_empty(),
        };
        if is_shown {
            by_id.insert(id, drawers.len());
            drawers.push(drawer(Some(ThemeName {
                id: id.clone(),
                label: label.clone(),
                parents: above.into_iter().map(|(_, label)| label.clone()).collect(),
            })));
        }
    }
    let mut without = drawer(None);
    let mut columns = Columns::open(snapshot)?;
    for (side, hits) in found.iter().enumerate() {
        for hit in hits {
            let mut is_placed = false;
            for theme in columns.themes(hit.address)? {
                let at = by_id.get(theme.as_str());
                if let Some(drawer) = at.and_then(|&at| drawers.get_mut(at)) {
                    drawer.hits[side].push(*hit);
                    is_placed = true;
                }
            }
            if !is_placed {
                without.hits[side].push(*hit);
            }
        }
    }
    drawers.push(without);
    drawers.retain(|drawer| drawer.hits.iter().any(|hits| !hits.is_empty()));
    // The sort is stable, so what is equal stays in the order of the taxonomy.
    drawers.sort_by_key(|drawer| {
        let sides = drawer.hits.iter().filter(|hits| !hits.is_empty()).count();
        let all: usize = drawer.hits.iter().map(Vec::len).sum();
        (
            drawer.theme.is_none(),
            std::cmp::Reverse(sides),
            std::cmp::Reverse(all),
        )
    });
    Ok(drawers)
}

/// The themes of passages, read from the columns of the index.
struct Columns {
    segments: Vec<Option<StrColumn>>,
    /// By segment and ordinal, so that a name is read once in each segment.
    names: HashMap<(u32, u64), String>,
}

impl Columns {
    fn open(snapshot: &Snapshot) -> Result<Self, index::Error> {
        let mut segments = Vec::new();
        for segment in snapshot.searcher().segment_readers() {
            segments.push(segment.fast_fields().str(Facet::Theme.column())?);
        }
        Ok(Self {
            segments,
            names: HashMap::new(),
        })
    }

    fn themes(&mut self, address: Address) -> Result<Vec<String>, index::Error> {
        let segment = address.segment_ord;
        let column = self.segments.get(segment as usize);
        let Some(column) = column.and_then(Option::as_ref) else {
            return Ok(Vec::new());
        };
        let mut themes = Vec::new();
        for ordinal in column.term_ords(address.doc_id) {
            if let Some(known) = self.names.get(&(segment, ordinal)) {
                themes.push(known.clone());
                continue;
            }
            let mut name = String::new();
            column
                .ord_to_str(ordinal, &mut name)
                .map_err(tantivy::TantivyError::from)?;
            self.names.insert((segment, ordinal), name.clone());
            themes.push(name);
        }
        Ok(themes)
    }
}

/// Hits that were read, with what they are compared by; one that bears several themes is read once.
struct Shelf<'a> {
    snapshot: &'a Snapshot,
    reader: HitReader<'a>,
    complete: Option<&'a super::rank::Complete>,
    taken: HashMap<Address, (Arc<Hit>, Arc<Profile>)>,
    known: Frequencies,
}

impl Shelf<'_> {
    fn take(&mut self, ranked: &Ranked) -> Result<(Arc<Hit>, Arc<Profile>), index::Error> {
        if let Some(known) = self.taken.get(&ranked.address) {
            return Ok(known.clone());
        }
        let complete = self.complete;
        let complete = complete.is_none_or(|set| set.contains(ranked.address));
        let hit = self.reader.read(ranked, complete)?;
        let profile = Profile::of(self.snapshot, &hit.passage, &hit.report, &mut self.known)?;
        let taken = (Arc::new(hit), Arc::new(profile));
        self.taken.insert(ranked.address, taken.clone());
        Ok(taken)
    }

    fn section(&mut self, drawer: Drawer, limit: usize) -> Result<Section, index::Error> {
        let counts = drawer.hits.iter().map(Vec::len).collect();
        let mut hits = Vec::with_capacity(drawer.hits.len());
        let mut profiles = Vec::with_capacity(drawer.hits.len());
        for side in &drawer.hits {
            let taken = side.iter().take(limit).map(|ranked| self.take(ranked));
            let taken = taken.collect::<Result<Vec<_>, _>>()?;
            let (side, about): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
            hits.push(side.into_iter().map(Some).collect::<Vec<_>>());
            profiles.push(about);
        }
        let mut rows = Vec::new();
        for group in align(&profiles) {
            let cells = group.members.iter().zip(&mut hits).map(|(&at, side)| {
                let slot = at.and_then(|at| side.get_mut(at))?;
                slot.take()
            });
            rows.push(Row {
                cells: cells.collect(),
                likeness: group.likeness,
                shared: group.shared,
            });
        }
        let rest = hits.into_iter().map(|side| side.into_iter().flatten());
        Ok(Section {
            theme: drawer.theme,
            counts,
            rows,
            rest: rest.map(Iterator::collect).collect(),
        })
    }
}
