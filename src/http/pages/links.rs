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
        let is_bounded = pairs.iter().any(|(name, _)| name == "quantity");
        let pairs: Vec<(String, String)> = pairs
            .into_iter()
            .filter(|(name, value)| is_bounded || name != "sort" || value != "quantity")
            .collect();
        address("/", &pairs)
    }

    /// Without any filter.
    pub(super) fn unfiltered(&self) -> String {
        let pairs: Vec<(String, String)> = self
            .pairs
            .iter()
            .filter(|(name, _)| {
                let narrows = matches!(name.as_str(), "quantity" | "date_from" | "date_to");
                Facet::named(name).is_none() && !narrows
            })
            // Without a condition there is no figure to sort by.
            .filter(|(name, value)| name != "sort" || value != "quantity")
            .cloned()
            .collect();
        address("/", &pairs)
    }

    /// The file of all hits.
    pub(super) fn export(&self, format: &str) -> String {
        let mut pairs = self.without_name("per_page");
        pairs.push(("format".to_owned(), format.to_owned()));
        address("/api/v1/export", &pairs)
    }

    /// The matrix of the hits, with one side changed.
    pub(super) fn matrix(&self, sides: &[(&str, &str)]) -> String {
        let mut pairs: Vec<(String, String)> = self
            .pairs
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "sort" | "per_page"))
            .filter(|(name, _)| !sides.iter().any(|(side, _)| side == name))
            .cloned()
            .collect();
        let sides = sides
            .iter()
            .map(|&(side, facet)| (side.to_owned(), facet.to_owned()));
        pairs.extend(sides);
        address("/matrix", &pairs)
    }

    /// The search that a matrix counts, with these values in the place of their fields' filters.
    pub(super) fn narrowed(&self, values: &[(Facet, &str)]) -> String {
        let mut pairs: Vec<(String, String)> = self
            .pairs
            .iter()
            .filter(|(name, _)| {
                let own = ["rows", "cols", "rows_limit", "cols_limit", "zeros"];
                !own.contains(&name.as_str())
                    && !values.iter().any(|(facet, _)| facet.as_str() == name)
            })
            .cloned()
            .collect();
        let values = values.iter();
        pairs.extend(values.map(|(facet, value)| (facet.as_str().to_owned(), (*value).to_owned())));
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
