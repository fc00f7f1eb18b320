//! One query: how it fares, and what can be done for it.

use askama::Template;

use super::charts::Chart;
use super::dashboard::{AddedView, added, chart, quoted, sums};
use super::text::Texts;
use super::{Desk, Said};
use crate::analysis::Normalized;
use crate::analytics::{QueryLine, Report};
use crate::corpus::amend::Addition;
use crate::corpus::{Corpus, VocabularyFile};
use crate::fold::comparable;
use crate::http::pages::frame::Frame;
use crate::http::pages::text::{fill, grouped};
use crate::http::params::Shown;
use crate::http::wire::passage_url;
use crate::index::{self, Snapshot};
use crate::query::rewrite::RewriteKind;
use crate::search::{self, Hit, Options, Request, Rewrite};

/// Hits that can be pinned.
const HITS: usize = 10;
/// Words that are proposed, and how many are looked at for each part of the query.
const PROPOSED: usize = 8;
const LOOKED_AT: usize = 8;
/// How many of them are what readers asked otherwise.
const ALIKE: usize = 3;
/// The most characters of a word that can be a synonym.
const MAX_WORD: usize = 32;

/// One query.
#[derive(Template)]
#[template(path = "admin/query.html", config = "src/http/askama.toml")]
pub(super) struct OneQuery {
    frame: Frame,
    t: &'static Texts,
    heading: String,
    /// What forms carry.
    form: String,
    query: String,
    with: String,
    days: Option<i64>,
    back: String,
    search: String,
    synonyms: String,
    pins: String,
    remove: String,
    /// Where other words are looked for.
    here: String,
    lang: Option<&'static str>,
    said: Option<(String, bool)>,
    facts: Vec<(&'static str, String, &'static str)>,
    chart: Option<Chart>,
    in_force: Vec<String>,
    draft: Draft,
    from: String,
    proposals: Vec<String>,
    hits: Vec<HitRow>,
    added: Vec<AddedView>,
    uneditable: bool,
}

/// What was typed into the form of synonyms.
#[derive(Debug, Clone, Default)]
pub(super) struct Draft {
    pub(super) from: Option<String>,
    pub(super) to: String,
    pub(super) two_way: bool,
}

/// What the page is made of.
pub(super) struct Given<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) options: &'a Options,
    pub(super) corpus: Option<&'a Corpus>,
    pub(super) report: Option<&'a Report>,
    /// What else was asked.
    pub(super) others: &'a [QueryLine],
    pub(super) shown: &'a Shown,
}

struct HitRow {
    id: String,
    url: String,
    heading: String,
    report: String,
    /// The most telling part of its text.
    snippet: String,
    clicks: String,
    pinned: bool,
    /// What removes the pin, where it was added from here.
    added: Option<String>,
}

impl OneQuery {
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub(super) fn new(
        desk: &Desk,
        given: &Given<'_>,
        draft: Draft,
        said: &Said,
    ) -> Result<Self, index::Error> {
        let (t, shown) = (desk.t, given.shown);
        let query = shown.query.as_str();
        let days = shown.days.map(|days| days.to_string());
        let of_days: Vec<(&str, &str)> = days.iter().map(|days| ("days", days.as_str())).collect();
        let heading = fill(t.about_query, &[("query", query)]);
        let report = given.report.filter(|report| !report.queries.is_empty());
        let says_lang = desk.url("/", &[]).contains("lang=");
        Ok(Self {
            frame: desk.frame(&heading),
            t,
            heading,
            form: desk.session.form_secret().to_owned(),
            query: query.to_owned(),
            with: shown.with.clone(),
            days: shown.days,
            back: desk.url("/admin", &of_days),
            search: desk.url("/", &[("q", query), ("analytics", "false")]),
            synonyms: desk.url("/admin/synonyms", &[]),
            pins: desk.url("/admin/pins", &[]),
            remove: desk.url("/admin/remove", &[]),
            here: "/admin/query".to_owned(),
            lang: says_lang.then(|| desk.visit.lang.as_str()),
            said: said.shown(t),
            facts: report.map_or_else(Vec::new, |report| sums(report.totals, t)),
            chart: report.and_then(|report| chart(report, t)),
            in_force: in_force(given.snapshot, query, t),
            from: draft.from.clone().unwrap_or_else(|| query.to_owned()),
            draft,
            proposals: proposals(given, query)?,
            hits: hits(given)?,
            added: given
                .corpus
                .map_or_else(Vec::new, |corpus| added(corpus, t))
                .into_iter()
                .filter(|added| added.what.contains(query))
                .collect(),
            uneditable: given.corpus.is_none(),
        })
    }
}

/// The synonyms that are looked for with a query.
fn in_force(snapshot: &Snapshot, query: &str, t: &Texts) -> Vec<String> {
    let normalized = Normalized::new(query);
    let found = snapshot.synonyms().find(normalized.as_str());
    found
        .into_iter()
        .map(|found| {
            let to: Vec<&str> = found.to.iter().map(|to| to.written.as_str()).collect();
            fill(
                t.synonyms_in_force,
                &[("from", found.word), ("to", &quoted(&to))],
            )
        })
        .collect()
}

/// Words that the index holds and that are like what was typed, the likeliest first.
fn proposals(given: &Given<'_>, query: &str) -> Result<Vec<String>, index::Error> {
    let Given {
        snapshot,
        options,
        others: asked_otherwise,
        ..
    } = *given;
    if query.is_empty() || query.chars().count() > MAX_WORD {
        return Ok(Vec::new());
    }
    let asked = Request {
        text: query.to_owned(),
        per_page: 0,
        ..Request::default()
    };
    let response = search::search(snapshot, &asked, options)?;
    let mut words: Vec<String> = response.did_you_mean.into_iter().collect();
    let (synonyms, others): (Vec<Rewrite>, Vec<Rewrite>) = response
        .rewrites
        .into_iter()
        .partition(|rewrite| rewrite.kind == RewriteKind::Synonym);
    words.extend(others.into_iter().map(|rewrite| rewrite.to));
    words.extend(alike(query, asked_otherwise));
    // The whole, its parts, and the halves of what has no parts.
    let characters: Vec<char> = query.chars().collect();
    let mut parts = vec![query.to_owned()];
    parts.extend(query.split_whitespace().map(str::to_owned));
    if characters.len() >= 4 {
        let (start, end) = characters.split_at(characters.len() / 2);
        parts.extend([start, end].map(|half| half.iter().collect()));
    }
    for part in parts {
        let suggested = search::suggest(snapshot, &part, LOOKED_AT)?;
        words.extend(suggested.into_iter().map(|suggestion| suggestion.text.text));
    }
    // What means the same as a part of it may well mean what all of it does.
    words.extend(synonyms.into_iter().map(|rewrite| rewrite.to));
    let mut known = vec![comparable(query)];
    let mut proposed = Vec::new();
    for word in words {
        let compared = comparable(&word);
        let fits = (2..=MAX_WORD).contains(&compared.chars().count());
        if fits && !known.contains(&compared) && !compared.contains(' ') {
            known.push(compared);
            proposed.push(word);
        }
        if proposed.len() == PROPOSED {
            break;
        }
    }
    Ok(proposed)
}

/// What readers asked that has neighbouring characters of the query and did find something; what has
/// most of them first.
fn alike(query: &str, others: &[QueryLine]) -> Vec<String> {
    let pairs = |text: &str| -> Vec<(char, char)> {
        let text = comparable(text);
        text.chars().zip(text.chars().skip(1)).collect()
    };
    let own = pairs(query);
    let mut alike: Vec<(usize, &str)> = others
        .iter()
        .filter(|line| line.found.is_some_and(|found| found > 0))
        .map(|line| {
            let shared = pairs(&line.query);
            let shared = shared.iter().filter(|pair| own.contains(pair)).count();
            (shared, line.query.as_str())
        })
        .filter(|(shared, _)| *shared > 0)
        .collect();
    // Of those with as many, what was asked more often.
    alike.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
    let alike = alike.into_iter().take(ALIKE);
    alike.map(|(_, query)| query.to_owned()).collect()
}

/// The hits of the query, or of other words for it.
fn hits(given: &Given<'_>) -> Result<Vec<HitRow>, index::Error> {
    let Given {
        snapshot,
        options,
        corpus,
        report,
        shown,
        ..
    } = *given;
    let (query, with) = (shown.query.as_str(), shown.with.as_str());
    let text = if with.is_empty() { query } else { with };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let asked = Request {
        text: text.to_owned(),
        per_page: HITS,
        ..Request::default()
    };
    let response = search::search(snapshot, &asked, options)?;
    let pinned = snapshot.pins().of(query);
    let added = corpus.map(|corpus| corpus.added(VocabularyFile::Pins).unwrap_or_default());
    let added = added.unwrap_or_default();
    let own = comparable(query);
    let remover = |id: &str| {
        let mut added = added.iter();
        let found = added.find(|added| match &added.addition {
            Addition::Pin { query, passage } => passage == id && comparable(query) == own,
            Addition::Synonyms(_) => false,
        });
        found.map(|added| added.id.clone())
    };
    let line = report.and_then(|report| report.queries.first());
    let clicks = |id: &str| {
        let chosen = line.and_then(|line| line.passages.iter().find(|(known, _)| known == id));
        chosen.map_or(0, |(_, clicks)| *clicks)
    };
    let row = |hit: &Hit| {
        let id = hit.passage.id.as_str();
        let heading = hit.passage.heading.clone();
        let added = remover(id);
        HitRow {
            url: passage_url(id),
            heading: heading.unwrap_or_else(|| hit.passage.kind.label().to_owned()),
            report: hit.report.title.clone(),
            snippet: hit.snippet.text.clone(),
            clicks: grouped(clicks(id)),
            // What was added a moment ago is pinned, though it is not in force yet.
            pinned: added.is_some() || pinned.iter().any(|known| known == id),
            added,
            id: id.to_owned(),
        }
    };
    Ok(response.hits.iter().map(row).collect())
}
