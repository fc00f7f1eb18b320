//! Addresses of the pages: the one at hand with something added, taken away or replaced.
//!
//! The address is the whole state. Whatever leads elsewhere keeps what it can of it: the language
//! always, the query and its filters where the other page takes them.

use super::lang::{self, Lang};
use super::visit::Visit;
use crate::http::wire::{passage_url, report_url};
use crate::index::UNKNOWN_REGION;
use crate::report::Kind;
use crate::search::{Facet, MOST_SIDES};

/// What a search shows page by page; what only counts has no use for it.
const PAGED: [&str; 3] = ["sort", "per_page", "group"];
/// What only a comparison takes.
const COMPARED: [&str; 3] = ["region", "limit", "format"];
/// What only the matrix takes.
const SIDES: [&str; 5] = ["rows", "cols", "rows_limit", "cols_limit", "zeros"];

/// The pairs of a search's query string, without the page number, and the language.
#[derive(Debug, Clone)]
pub(super) struct Links {
    path: &'static str,
    pairs: Vec<(String, String)>,
    page: Option<String>,
    lang: Option<Lang>,
}

impl Links {
    /// The links of a page at `path`, which takes what `visit` says.
    pub(super) fn new(path: &'static str, visit: &Visit) -> Self {
        let said = |(name, value): &&(String, String)| {
            !matches!(name.as_str(), "page" | "facets" | "explain") && !value.is_empty()
        };
        let page = visit.pairs.iter().find(|(name, _)| name == "page");
        Self {
            path,
            pairs: visit.pairs.iter().filter(said).cloned().collect(),
            page: page.map(|(_, page)| page.clone()),
            lang: visit.says_lang.then_some(visit.lang),
        }
    }

    /// In the same language, with nothing asked for.
    pub(super) fn bare(&self) -> Self {
        Self {
            path: "/",
            pairs: Vec::new(),
            page: None,
            lang: self.lang,
        }
    }

    /// A path of the pages that takes no parameters but the language.
    pub(super) fn to(&self, path: &str) -> String {
        self.address(path, &[])
    }

    /// The page of a report, with what was asked for marked.
    pub(super) fn report(&self, id: &str) -> String {
        self.address(&report_url(id), &self.with_page())
    }

    /// The page of a report, with nothing asked for.
    pub(super) fn permanent_report(&self, id: &str) -> String {
        self.to(&report_url(id))
    }

    /// The page of a passage, with nothing asked for.
    pub(super) fn permanent(&self, id: &str) -> String {
        self.to(&passage_url(id))
    }

    /// The first page of the search as it is.
    pub(super) fn here(&self) -> String {
        self.address(self.path, &self.pairs)
    }

    /// Whether it asks for nothing.
    pub(super) fn is_bare(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The same in another language.
    pub(super) fn in_language(&self, path: &str, lang: Lang) -> String {
        let other = Self {
            lang: Some(lang),
            ..self.clone()
        };
        let mut pairs = self.pairs.clone();
        pairs.extend(
            self.page
                .iter()
                .map(|page| ("page".to_owned(), page.clone())),
        );
        other.address(path, &pairs)
    }

    /// With `name` set to `value`, or to nothing where that is the default.
    pub(super) fn with(&self, name: &str, value: Option<&str>) -> String {
        let mut pairs = self.without_name(name);
        pairs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        self.address(self.path, &pairs)
    }

    /// With a facet's value chosen, or given up where it was.
    pub(super) fn toggled(&self, facet: Facet, value: &str, chosen: bool) -> String {
        let name = facet.as_str();
        if chosen {
            return self.without(name, value);
        }
        let mut pairs = self.pairs.clone();
        pairs.push((name.to_owned(), value.to_owned()));
        self.address(self.path, &pairs)
    }

    /// All that a report holds of what was found.
    pub(super) fn within_report(&self, id: &str) -> String {
        let report = Facet::Report.as_str();
        let mut pairs = self.pairs.clone();
        pairs.retain(|(name, _)| name != "group" && name != report);
        pairs.push((report.to_owned(), id.to_owned()));
        self.address("/", &pairs)
    }

    /// Without one value of a field.
    pub(super) fn without(&self, name: &str, value: &str) -> String {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(other, given)| other != name || given != value);
        let is_bounded = pairs.iter().any(|(name, _)| name == "quantity");
        pairs.retain(|(name, value)| is_bounded || name != "sort" || value != "quantity");
        self.address(self.path, &pairs)
    }

    /// Without any filter.
    pub(super) fn unfiltered(&self) -> String {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(name, value)| {
            let narrows = matches!(name.as_str(), "quantity" | "date_from" | "date_to");
            // Without a condition there is no figure to sort by.
            let by_figure = name == "sort" && value == "quantity";
            Facet::named(name).is_none() && !narrows && !by_figure
        });
        self.address(self.path, &pairs)
    }

    /// The file of all hits.
    pub(super) fn export(&self, format: &str) -> String {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(name, _)| !matches!(name.as_str(), "per_page" | "group"));
        pairs.push(("format".to_owned(), format.to_owned()));
        joined("/api/v1/export", &pairs)
    }

    /// The matrix of the hits, with one side changed.
    pub(super) fn matrix(&self, sides: &[(&str, &str)]) -> String {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(name, _)| {
            !PAGED.contains(&name.as_str())
                && !COMPARED.contains(&name.as_str())
                && !sides.iter().any(|(side, _)| side == name)
        });
        let sides = sides
            .iter()
            .map(|&(side, facet)| (side.to_owned(), facet.to_owned()));
        pairs.extend(sides);
        self.address("/matrix", &pairs)
    }

    /// The hits on a map.
    pub(super) fn map(&self) -> String {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(name, _)| {
            !PAGED.contains(&name.as_str())
                && !COMPARED.contains(&name.as_str())
                && !SIDES.contains(&name.as_str())
        });
        self.address("/map", &pairs)
    }

    /// The regions and reports that hits are narrowed to, side by side.
    pub(super) fn compare(&self) -> String {
        let mut pairs = self.carried_to_compare();
        let sides = self.pairs.iter().filter_map(|(name, value)| {
            let name = match name.as_str() {
                "province" | "city" | "county" | "region" => "region",
                "report" => "report",
                _ => return None,
            };
            // Reports of unknown regions have none in common.
            (value != UNKNOWN_REGION).then(|| (name.to_owned(), value.clone()))
        });
        let mut sides: Vec<(String, String)> = sides.take(MOST_SIDES).collect();
        sides.append(&mut pairs);
        self.address("/compare", &sides)
    }

    /// A comparison of these sides.
    pub(super) fn comparing(&self, sides: &[(&str, String)]) -> String {
        let sides = sides
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        let mut pairs: Vec<(String, String)> = sides.collect();
        pairs.extend(self.carried_to_compare());
        self.address("/compare", &pairs)
    }

    /// A comparison of these sides that is narrowed by nothing else.
    pub(super) fn comparing_all(&self, sides: &[(&str, String)]) -> String {
        let mut bare = self.clone();
        bare.pairs
            .retain(|(name, _)| matches!(name.as_str(), "q" | "match" | "rewrites"));
        bare.comparing(sides)
    }

    /// What a comparison keeps of what was asked for, but its sides.
    pub(super) fn carried_to_compare(&self) -> Vec<(String, String)> {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(name, _)| {
            let is_place = matches!(
                name.as_str(),
                "province" | "city" | "county" | "region" | "report" | "format"
            );
            !is_place && !PAGED.contains(&name.as_str()) && !SIDES.contains(&name.as_str())
        });
        pairs
    }

    /// The file of a comparison.
    pub(super) fn compared_as(&self, format: &str) -> String {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(name, _)| !matches!(name.as_str(), "limit" | "format"));
        pairs.push(("format".to_owned(), format.to_owned()));
        joined("/api/v1/compare", &pairs)
    }

    /// The search that one side of a comparison shows, under a theme.
    pub(super) fn side(&self, filter: &(Facet, Vec<String>), theme: Option<&str>) -> String {
        let mut pairs = self.carried_to_compare();
        pairs.retain(|(name, _)| name != "limit" && (theme.is_none() || name != "theme"));
        let (facet, values) = filter;
        let values = values.iter();
        pairs.extend(values.map(|value| (facet.as_str().to_owned(), value.clone())));
        pairs.extend(theme.map(|theme| ("theme".to_owned(), theme.to_owned())));
        if !pairs.iter().any(|(name, _)| name == "kind") {
            pairs.push(("kind".to_owned(), Kind::Measure.as_str().to_owned()));
        }
        self.address("/", &pairs)
    }

    /// The page of a passage of a comparison, with matches marked.
    pub(super) fn compared_passage(&self, id: &str) -> String {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(name, _)| matches!(name.as_str(), "q" | "match" | "rewrites"));
        self.address(&passage_url(id), &pairs)
    }

    /// The search that is counted here, with these values in the place of their fields' filters.
    pub(super) fn narrowed(&self, values: &[(Facet, &str)]) -> String {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(name, _)| {
            !SIDES.contains(&name.as_str())
                && !COMPARED.contains(&name.as_str())
                && !values.iter().any(|(facet, _)| facet.as_str() == name)
        });
        let values = values.iter();
        pairs.extend(values.map(|(facet, value)| (facet.as_str().to_owned(), (*value).to_owned())));
        self.address("/", &pairs)
    }

    /// The page of a passage, which knows the way back to the search.
    pub(super) fn passage(&self, id: &str) -> String {
        self.address(&passage_url(id), &self.with_page())
    }

    /// The page of hits that a passage was found on, at its place.
    pub(super) fn back_to(&self, id: &str) -> String {
        format!("{}#{id}", self.address("/", &self.with_page()))
    }

    /// The page of hits that a report was found on.
    pub(super) fn back(&self) -> String {
        self.address("/", &self.with_page())
    }

    /// What a form must carry along so that only the query changes.
    pub(super) fn carried(&self) -> Vec<(String, String)> {
        let mut pairs = self.without_name("q");
        pairs.extend(self.lang_pair());
        pairs
    }

    fn with_page(&self) -> Vec<(String, String)> {
        let page = self.page.clone().filter(|page| page != "1");
        let page = page.map(|page| ("page".to_owned(), page));
        self.pairs.iter().cloned().chain(page).collect()
    }

    fn without_name(&self, name: &str) -> Vec<(String, String)> {
        let mut pairs = self.pairs.clone();
        pairs.retain(|(other, _)| other != name);
        pairs
    }

    /// What the address says of the language.
    pub(super) fn lang_pair(&self) -> Option<(String, String)> {
        let lang = self.lang?;
        Some((lang::NAME.to_owned(), lang.as_str().to_owned()))
    }

    fn address(&self, path: &str, pairs: &[(String, String)]) -> String {
        match self.lang_pair() {
            Some(lang) => {
                let mut pairs = pairs.to_vec();
                pairs.push(lang);
                joined(path, &pairs)
            }
            None => joined(path, pairs),
        }
    }
}

fn joined(path: &str, pairs: &[(String, String)]) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("{path}?{query}")
}
