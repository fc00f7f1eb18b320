//! A request to a response, on one snapshot: ranking, filters, facets, snippets, explanations.
//!
//! These types know nothing of the engine, so that something larger than one index may stand
//! behind them later. Everything counted is counted over exactly the passages that are listed:
//! each facet count is the `total` that the same request with that value as filter returns.
//!
//! Invariants: counts equal a recount by brute force (`tests/facets.rs`); ranking is the same in
//! every run, ties in the order of the corpus (`tests/ranking.rs`).

mod answers;
mod asked;
mod columns;
mod compare;
mod cost;
mod dates;
mod explain;
mod export;
mod facets;
mod feedback;
mod filter;
mod kept;
mod matrix;
mod order;
mod pinned;
mod quantities;
mod rank;
mod reports;
mod scope;
mod similar;
mod snippet;
mod suggest;
mod understand;

use std::collections::BTreeMap;
use std::sync::Arc;

use tantivy::DocAddress;
use tantivy::query::Query as EngineQuery;

pub use answers::{Reuse, reuse};
pub use compare::{
    Comparison, FEWEST_SIDES, MOST_SIDES, NoRegion, Row, Section, Side, Subject, ThemeName, compare,
};
pub use dates::Dates;
pub use explain::Addend;
pub use export::{Export, export};
pub use facets::{Facet, FacetValue, MAX_VALUE_CHARS};
pub use filter::{Filter, Filters, Measured};
pub use matrix::{Axes, Axis, Matrix, matrix};
pub use order::{MAX_ORDERS, Order};
pub use quantities::{Figure, figures};
pub use rank::Sort;
pub use scope::within;
pub use similar::{SharedTerm, Similar, similar, similar_within};
pub use snippet::{Highlighter, Marked, Snippet};
pub use suggest::{Suggestion, SuggestionKind, suggest};
pub use understand::Rewrite;

use crate::analysis::Normalized;
use crate::config;
use crate::index::{self, PassageRecord, ReportRecord, Snapshot};
use crate::quantity::Condition;
use crate::query::run::{self, Found};
use crate::query::{self, Compiled, Compiler, Leaf, NamedRegion, Needle, QueryWord, Weights};
use crate::region::Region;
use asked::{Asked, Page};
use filter::{Narrowed, engine_filters, narrow};
use kept::Kept;
use pinned::Pinned;
use understand::Understood;

/// How many times as many passages a relaxed question is to find as another relaxed query: those
/// that answer it hold but a word or two of it, and it is for the ranking to tell them.
const QUESTION_FACTOR: usize = 10;

/// How a query is understood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Match {
    /// By its words, ranked; everything `Exact` finds is among the hits.
    #[default]
    Smart,
    /// As a string that the normalised text of the passage contains.
    Exact,
}

impl Match {
    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Smart => "smart",
            Self::Exact => "exact",
        }
    }
}

/// What is asked.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one thing asked for, and goes with any of the others"
)]
pub struct Request {
    /// What was typed; empty to list everything.
    pub text: String,
    /// How it is understood.
    pub matching: Match,
    /// Whether it may be read otherwise than it was typed: pinyin, errors, synonyms, numbers.
    pub rewrites: bool,
    /// What the hits are narrowed to.
    pub filters: Filters,
    /// What else they are narrowed to, whatever its form.
    pub filter: Option<Filter>,
    /// The days its report is of.
    pub dates: Dates,
    /// What figures a hit has: one that meets each.
    pub quantities: Vec<Condition>,
    /// The facets to count.
    pub facets: Vec<Facet>,
    /// The order of the hits.
    pub sort: Sort,
    /// Numbers that they are in the order of instead, at most [`MAX_ORDERS`].
    pub orders: Vec<Order>,
    /// Whether passages that do not hold every word follow where few do.
    pub relax: bool,
    /// How many hits are left out before the first page.
    pub offset: usize,
    /// Whether only the best passage of each report is listed.
    pub by_report: bool,
    /// Which page of hits, from 1.
    pub page: usize,
    /// Hits on a page; none for counts only.
    pub per_page: usize,
    /// Whether to say what each score is the sum of.
    pub explain: bool,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            text: String::new(),
            matching: Match::Smart,
            rewrites: true,
            filters: Filters::new(),
            filter: None,
            dates: Dates::default(),
            quantities: Vec::new(),
            facets: Vec::new(),
            sort: Sort::Relevance,
            orders: Vec::new(),
            relax: true,
            offset: 0,
            by_report: false,
            page: 1,
            per_page: 10,
            explain: false,
        }
    }
}

impl Request {
    /// How many hits come before those wanted.
    fn skip(&self) -> usize {
        let before = self.page.saturating_sub(1).saturating_mul(self.per_page);
        self.offset.saturating_add(before)
    }
}

/// What the operator sets about searching.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// How much each part of a passage counts.
    pub weights: Weights,
    /// Fewer passages than this with every word, and those with most of them follow.
    pub relax_below: usize,
    /// The length of a snippet, in characters.
    pub snippet_chars: usize,
    /// The most entries of the index that a query may look at; 0 for any number.
    pub max_cost: u64,
    /// The memory that answers to be given again may take, in megabytes; 0 to keep none.
    pub answers_mb: usize,
}

impl From<&config::Search> for Options {
    fn from(settings: &config::Search) -> Self {
        Self {
            weights: Weights {
                title: settings.title_weight,
                heading: settings.heading_weight,
                body: settings.body_weight,
                phrase: settings.phrase_weight,
                word: settings.word_weight,
                characters: settings.characters_weight,
                synonym: settings.synonym_weight,
                feedback: settings.feedback_weight,
            },
            relax_below: settings.relax_below,
            snippet_chars: settings.snippet_chars,
            max_cost: settings.max_cost,
            answers_mb: settings.answers_mb,
        }
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Response {
    /// How many passages match, under the filters.
    pub total: usize,
    /// How many reports they are of, where only the best passage of each is listed.
    pub reports: Option<usize>,
    /// How the query was read otherwise than it was typed.
    pub rewrites: Vec<Rewrite>,
    /// What may have been meant instead; to be typed.
    pub did_you_mean: Option<String>,
    /// The regions the query names, with the filter that selects each.
    pub regions: Vec<RegionNamed>,
    /// The bounds on figures that the query names and that hits meet.
    pub quantities: Vec<Condition>,
    /// Those that no passage with its other words meets, so that they are looked for as typed.
    pub unmet_quantities: Vec<Condition>,
    /// Set where the query was relaxed.
    pub relaxed: Option<Relaxation>,
    /// Whether words beyond the most that are looked up were left out.
    pub truncated: bool,
    /// The page of hits.
    pub hits: Vec<Hit>,
    /// The counts asked for.
    pub facets: BTreeMap<Facet, Vec<FacetValue>>,
}

/// A region that the query names and that could be filtered for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionNamed {
    /// How it was typed.
    pub text: String,
    /// Which it is.
    pub region: Region,
    /// The filter that leaves only its reports.
    pub filter: (Facet, String),
}

/// Why hits do not hold every word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relaxation {
    /// How many of the words each hit holds at least.
    pub required: usize,
    /// How many words the query has.
    pub of: usize,
    /// How many of the passages hold all of them, filters aside.
    pub complete: usize,
}

impl Relaxation {
    /// The same for readers, in Chinese.
    #[must_use]
    pub fn notice(self) -> String {
        match self.complete {
            0 => "没有段落含有全部词语，以下段落含有其中一部分".to_owned(),
            complete => {
                format!("含有全部词语的段落有 {complete} 个，排在前面；其余含有其中一部分")
            }
        }
    }
}

/// One passage of the answer.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The passage.
    pub passage: PassageRecord,
    /// Its report.
    pub report: ReportRecord,
    /// How many passages of its report match, where it stands for all of them.
    pub in_report: Option<usize>,
    /// Higher is better; comparable within one answer only.
    pub score: f32,
    /// Whether it holds every word of the query.
    pub complete: bool,
    /// Whether the site owner puts it first for this query.
    pub pinned: bool,
    /// The words of the query that stand neither in it nor in its title.
    pub missing: Vec<String>,
    /// The most telling part of its text.
    pub snippet: Snippet,
    /// Its heading with matches marked.
    pub heading: Option<Marked>,
    /// Its report's title with matches marked.
    pub title: Marked,
    /// The figures in its text, where any were asked for.
    pub figures: Vec<Figure>,
    /// What marks the matches in any text of it.
    pub highlighter: Arc<Highlighter>,
    /// What the score is the sum of, where it was asked for.
    pub explanation: Option<Vec<Addend>>,
}

/// Makes what all searches of `snapshot` share before the first reader has to wait for it, with what is
/// the same in the generation `before` it, where there is one.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn prepare(snapshot: &Snapshot, before: Option<&Snapshot>) -> Result<(), index::Error> {
    let before = before.map(Kept::of);
    let kept = Kept::after(snapshot, before.as_deref());
    Ok(kept.columns.unpack(snapshot)?)
}

/// Answers `request` from `snapshot`.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn search(
    snapshot: &Snapshot,
    request: &Request,
    options: &Options,
) -> Result<Response, index::Error> {
    let kept = Kept::of(snapshot);
    let work_out = || answer(snapshot, request, options);
    kept.answers.give(snapshot, request, options, work_out)
}

fn answer(
    snapshot: &Snapshot,
    request: &Request,
    options: &Options,
) -> Result<Response, index::Error> {
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
        found,
        complete,
        relaxed,
        pinned,
    } = choose(snapshot, request, &compiled, complete, options)?;
    let query = &*query;

    let filters = engine_filters(snapshot, request);
    let narrowed = narrow(query, &filters, None);
    let all_found = Narrowed::of(snapshot, found, &filters)?;
    let found = all_found.all();
    let asked = Asked {
        snapshot,
        request,
        options,
        compiled: &compiled,
        complete: complete.as_ref(),
        conditions: &conditions,
        pinned: pinned.as_ref(),
    };
    let Page {
        hits,
        reports,
        related,
    } = asked.page(&*narrowed, &found)?;
    let (filtered, plain): (Vec<Facet>, Vec<Facet>) = request
        .facets
        .iter()
        .partition(|facet| request.filters.contains_key(facet));
    let mut counts = facets::count(snapshot, &found, &plain)?;
    // A field that is filtered is counted without its own filter, so that its other values can
    // still be chosen.
    for facet in filtered {
        counts.extend(facets::count(snapshot, &all_found.but(facet), &[facet])?);
    }

    let mut reader = HitReader::new(snapshot, request, options, &compiled, relaxed.is_some());
    reader.leaves.extend(&related);
    reader.conditions.extend(conditions.iter().cloned());
    let hits = hits
        .into_iter()
        .map(|(ranked, in_report)| {
            Ok(Hit {
                in_report,
                ..asked.read(&reader, &ranked)?
            })
        })
        .collect::<Result<_, index::Error>>()?;
    Ok(Response {
        total: found.len(),
        reports,
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
        hits,
        facets: counts
            .into_iter()
            .map(|(facet, counted)| {
                let selected = request.filters.get(&facet).map_or(&[][..], Vec::as_slice);
                (facet, facets::values(snapshot, facet, counted, selected))
            })
            .collect(),
    })
}

/// How many passages at least one of `requests` finds, and how many of them have each value of
/// `facets`.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn counts_of_any(
    snapshot: &Snapshot,
    requests: &[Request],
    facets: &[Facet],
    options: &Options,
) -> Result<(usize, BTreeMap<Facet, Vec<FacetValue>>), index::Error> {
    let mut any: Option<Found> = None;
    for request in requests {
        let Understood {
            compiled, complete, ..
        } = read(snapshot, request, options)?;
        let chosen = choose(snapshot, request, &compiled, complete, options)?;
        let filters = engine_filters(snapshot, request);
        let found = Narrowed::of(snapshot, chosen.found, &filters)?.all();
        any = Some(match any {
            Some(any) => any.or(found, snapshot.searcher()),
            None => found,
        });
    }
    let total = any.as_ref().map_or(0, Found::len);
    let counts = match &any {
        Some(any) => facets::count(snapshot, any, facets)?,
        None => BTreeMap::new(),
    };
    let valued = counts.into_iter().map(|(facet, counted)| {
        let values = facets::values(snapshot, facet, counted, &[]);
        (facet, values)
    });
    Ok((total, valued.collect()))
}

/// What marks the matches of `request` in any text.
///
/// # Errors
///
/// Fails when the index cannot be read.
pub fn highlighter(
    snapshot: &Snapshot,
    request: &Request,
    options: &Options,
) -> Result<Highlighter, index::Error> {
    let read = read(snapshot, request, options)?;
    Ok(Highlighter::new(&read.compiled.needles))
}

fn read(
    snapshot: &Snapshot,
    request: &Request,
    options: &Options,
) -> Result<Understood, index::Error> {
    let read = if request.rewrites && request.matching == Match::Smart {
        understand::understand(snapshot, request, options)?
    } else {
        Understood::literally(compile(snapshot, request, options)?)
    };
    cost::check(snapshot, request, &read.compiled, options)?;
    scope::understood(snapshot, request, options, read)
}

fn region_named(snapshot: &Snapshot, named: NamedRegion) -> Option<RegionNamed> {
    let region = &named.region;
    let levels = [
        (Facet::County, &region.county),
        (Facet::City, &region.city),
        (Facet::Province, &region.province),
    ];
    let (facet, name) = levels
        .into_iter()
        .find_map(|(facet, name)| Some((facet, name.clone()?)))?;
    let value = if snapshot.is_homonym(&name) {
        region.full_name()
    } else {
        name
    };
    Some(RegionNamed {
        filter: (facet, value),
        text: named.text,
        region: named.region,
    })
}

fn compile(
    snapshot: &Snapshot,
    request: &Request,
    options: &Options,
) -> Result<Compiled, index::Error> {
    let compiler = Compiler::new(snapshot, options.weights);
    Ok(match request.matching {
        Match::Smart => compiler.smart(&request.text, &query::parse(&request.text))?,
        Match::Exact => compiler.exact(&request.text),
    })
}

/// The passages an answer is drawn from, before filters.
struct Chosen {
    query: Box<dyn EngineQuery>,
    /// What it finds.
    found: Found,
    /// Those that hold every word, where others are among them.
    complete: Option<rank::Complete>,
    relaxed: Option<Relaxation>,
    /// What the site owner puts first, which is among what is found.
    pinned: Option<Pinned>,
}

/// What the words find, with what is pinned for them.
fn choose(
    snapshot: &Snapshot,
    request: &Request,
    compiled: &Compiled,
    complete: Option<Found>,
    options: &Options,
) -> Result<Chosen, index::Error> {
    let chosen = choose_by_words(snapshot, request, compiled, complete, options)?;
    pinned::add(snapshot, request, chosen)
}

/// Strict, unless too few passages hold every word and others hold enough. Filters have no say, so
/// that a count never changes by being filtered for.
///
/// Of several demands the first that finds as many as a reader wants to see is made, or else the
/// last that finds more.
fn choose_by_words(
    snapshot: &Snapshot,
    request: &Request,
    compiled: &Compiled,
    complete: Option<Found>,
    options: &Options,
) -> Result<Chosen, index::Error> {
    let relax_below = options.relax_below;
    let all_words = scope::narrowed(snapshot, &*compiled.strict);
    let all_held = match complete {
        Some(complete) => complete,
        None => run::find(snapshot, &*all_words)?,
    };
    let strict = |found| Chosen {
        query: all_words.box_clone(),
        found,
        complete: None,
        relaxed: None,
        pinned: None,
    };
    let Some(relaxable) = compiled.relaxable.as_ref().filter(|_| request.relax) else {
        return Ok(strict(all_held));
    };
    let complete = all_held.len();
    if complete >= relax_below.max(1) {
        return Ok(strict(all_held));
    }
    let enough = if compiled.is_question {
        relax_below.saturating_mul(QUESTION_FACTOR)
    } else {
        relax_below
    };
    let mut best = None;
    let mut most = complete;
    for demand in relaxable.demands(complete > 0) {
        let query = scope::narrowed(snapshot, &*relaxable.query(demand));
        let found = run::find(snapshot, &*query)?;
        let count = found.len();
        if count > most {
            most = count;
            best = Some((query, found, demand));
        }
        if count >= enough {
            break;
        }
    }
    let Some((query, found, demand)) = best else {
        return Ok(strict(all_held));
    };
    Ok(Chosen {
        query,
        found,
        complete: Some(rank::Complete::new(all_held)),
        relaxed: Some(Relaxation {
            required: relaxable.least(demand),
            of: relaxable.of(),
            complete,
        }),
        pinned: None,
    })
}

/// Makes hits of ranked passages.
struct HitReader<'a> {
    snapshot: &'a Snapshot,
    request: &'a Request,
    options: &'a Options,
    compiled: &'a Compiled,
    leaves: Vec<&'a Leaf>,
    needles: Vec<Needle>,
    highlighter: Arc<Highlighter>,
    /// What its figures are to meet.
    conditions: Vec<Condition>,
}

impl<'a> HitReader<'a> {
    fn new(
        snapshot: &'a Snapshot,
        request: &'a Request,
        options: &'a Options,
        compiled: &'a Compiled,
        relaxed: bool,
    ) -> Self {
        let mut needles = compiled.needles.clone();
        let leaves: Vec<&Leaf> = compiled.leaves.iter().collect();
        if let Some(parts) = compiled.relaxable.as_ref().filter(|_| relaxed) {
            needles.extend(parts.needles.iter().cloned());
        }
        Self {
            snapshot,
            request,
            options,
            compiled,
            leaves,
            highlighter: Arc::new(Highlighter::new(&needles)),
            needles,
            conditions: request.quantities.clone(),
        }
    }

    fn read(&self, ranked: &rank::Ranked, complete: bool) -> Result<Hit, index::Error> {
        let passage = self.snapshot.record(ranked.address)?;
        let report = self
            .snapshot
            .report(&passage.report)
            .ok_or_else(|| index::Error::Orphan {
                passage: passage.id.clone(),
                report: passage.report.clone(),
            })?
            .clone();
        let searcher = self.snapshot.searcher();
        let explanation = self
            .request
            .explain
            .then(|| explain::explain(searcher, &self.leaves, ranked.address))
            .transpose()?;
        let figures = if self.conditions.is_empty() {
            Vec::new()
        } else {
            figures(&passage, &self.conditions)
        };
        let marking = quantities::needles(&figures);
        let with_figures = (!marking.is_empty()).then(|| {
            let needles: Vec<Needle> = self.needles.iter().cloned().chain(marking).collect();
            Arc::new(Highlighter::new(&needles))
        });
        let highlighter = with_figures.as_ref().unwrap_or(&self.highlighter);
        Ok(Hit {
            score: if self.compiled.lists_all {
                0.0
            } else {
                ranked.score
            },
            complete,
            pinned: false,
            missing: if complete {
                Vec::new()
            } else {
                missing(&self.compiled.words, &passage, &report)
            },
            snippet: highlighter.snippet(&passage, self.options.snippet_chars),
            heading: passage
                .heading
                .as_deref()
                .map(|heading| highlighter.mark(heading)),
            title: self.highlighter.mark(&report.title),
            figures,
            highlighter: Arc::clone(highlighter),
            explanation,
            in_report: None,
            passage,
            report,
        })
    }
}

/// The words that stand neither in the passage nor in its title or the names of its region.
fn missing(words: &[QueryWord], passage: &PassageRecord, report: &ReportRecord) -> Vec<String> {
    let around = format!(
        "{}\n{}\n{}\n{}",
        passage.text,
        passage.parents.join("\n"),
        report.title,
        report.region.search_names().join("\n")
    );
    let around = Normalized::new(&around);
    words
        .iter()
        .filter(|word| {
            let mut ways = word.or.iter().chain([&word.text]);
            !ways.any(|way| around.as_str().contains(way.as_str()))
        })
        .map(|word| word.text.clone())
        .collect()
}

/// The address of a passage; kept here so that nothing outside names the engine's.
type Address = DocAddress;
