//! Addresses of the search page: the one at hand with something added, taken away or replaced.

use crate::search::Facet;

/// The pairs of a search page's query string, without the page number.
#[derive(Debug, Clone)]
pub(super) struct Links {
    pairs: Vec<(String, String)>,
}

impl Links {
    pub(super) fn new(pairs: &[(String, String)]) -> Self {
        Self {
            pairs: pairs
                .iter()
                .filter(|(name, value)| {
                    !matches!(name.as_str(), "page" | "facets" | "explain") && !value.is_empty()
                })
                .cloned()
                .collect(),
        }
    }

    /// The first page of the search as it is.
    pub(super) fn here(&self) -> String {
        address("/", &self.pairs)
    }

    /// Whether it asks for nothing.
    pub(super) fn is_bare(&self) -> bool {
        self.pairs.is_empty()
    }

    /// With `name` set to `value`, or to nothing where that is the default.
    pub(super) fn with(&self, name: &str, value: Option<&str>) -> String {
        let mut pairs = self.without_name(name);
        pairs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        address("/", &pairs)
    }

    /// With a facet's value chosen, or given up where it was.
    pub(super) fn toggled(&self, facet: Facet, value: &str, chosen: bool) -> String {
        let name = facet.as_str();
        if chosen {
            return self.without(name, value);
        }
        let mut pairs = self.pairs.clone();
        pairs.push((name.to_owned(), value.to_owned()));
        address("/", &pairs)
    }

    /// Without one value of a field.
    pub(super) fn without(&self, name: &str, value: &str) -> String {
        let pairs: Vec<(String, String)> = self
            .pairs
            .iter()
            .filter(|(other, given)| other != name || given != value)
            .cloned()
            .collect();
        address("/", &pairs)
    }

    /// Without any filter.
    pub(super) fn unfiltered(&self) -> String {
        let pairs: Vec<(String, String)> = self
            .pairs
            .iter()
            .filter(|(name, _)| Facet::named(name).is_none())
            .cloned()
            .collect();
        address("/", &pairs)
    }

    /// The page of a passage with the search's matches marked.
    pub(super) fn passage(&self, id: &str) -> String {
        let pairs: Vec<(String, String)> = self
            .pairs
            .iter()
            .filter(|(name, _)| matches!(name.as_str(), "q" | "match" | "rewrites"))
            .cloned()
            .collect();
        address(&format!("/passages/{id}"), &pairs)
    }

    /// What a form must carry along so that only the query changes.
    pub(super) fn carried(&self) -> Vec<(String, String)> {
        self.without_name("q")
    }

    fn without_name(&self, name: &str) -> Vec<(String, String)> {
        self.pairs
            .iter()
            .filter(|(other, _)| other != name)
            .cloned()
            .collect()
    }
}

fn address(path: &str, pairs: &[(String, String)]) -> String {
    if pairs.is_empty() {
        return path.to_owned();
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("{path}?{query}")
}
