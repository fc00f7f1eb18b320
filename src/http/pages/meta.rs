//! What a page says of itself to machines: a description, its one address, its languages, the feed
//! of what it lists, and what it is about in the words of schema.org, as JSON-LD.
//!
//! The data stand in an element that browsers never run, so the policy of the pages needs no
//! exception for them; that no text in them can end the element is tested below.

use std::fmt::Write;

use serde_json::{Value, json};

use super::lang::{self, Lang};
use super::text::Texts;
use super::visit::Visit;
use crate::index::{PassageRecord, ReportRecord};
use crate::report::Metadata;

/// The most characters of a description.
const DESCRIPTION_CHARS: usize = 150;
/// The most passages that a report lists.
const PARTS: usize = 100;
/// What leads to a page and does not make it another one.
const PASSING: [&str; 2] = ["facets", "explain"];

/// What a page says of itself.
pub(in crate::http::pages) struct Meta {
    pub(super) description: String,
    /// The address of this page among all that show the same.
    pub(super) canonical: String,
    /// The same page in each language, and in the one that a browser asks for.
    pub(super) languages: Vec<(&'static str, String)>,
    /// Whether it is to be found by engines that search the web: a text, not a list of hits.
    pub(super) is_listed: bool,
    /// The feed of what it lists, with its name.
    pub(super) feed: Option<String>,
    /// Its data, ready to stand in their element.
    pub(super) data: Vec<String>,
}

impl Meta {
    /// What can be said of any page.
    pub(super) fn new(visit: &Visit) -> Self {
        let t = Texts::of(visit.lang);
        let kept = || {
            let pairs = visit.pairs.iter();
            pairs.filter(|(name, value)| !PASSING.contains(&name.as_str()) && !value.is_empty())
        };
        let address = |lang: Option<Lang>| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(kept());
            if let Some(lang) = lang {
                query.append_pair(lang::NAME, lang.as_str());
            }
            let query = query.finish();
            let mark = if query.is_empty() { "" } else { "?" };
            visit.absolute(&format!("{}{mark}{query}", visit.path))
        };
        let mut languages: Vec<(&str, String)> = Lang::ALL
            .into_iter()
            .map(|lang| (lang.tag(), address(Some(lang))))
            .collect();
        languages.push(("x-default", address(None)));
        Self {
            description: t.about_site.to_owned(),
            canonical: address(visit.says_lang.then_some(visit.lang)),
            languages,
            is_listed: kept().next().is_none(),
            feed: None,
            data: Vec::new(),
        }
    }

    /// A page that has the same text whatever query led to it.
    pub(super) fn text(mut self, visit: &Visit) -> Self {
        let mut bare = visit.clone();
        bare.pairs.clear();
        let Self {
            canonical,
            languages,
            ..
        } = Self::new(&bare);
        self.canonical = canonical;
        self.languages = languages;
        self.is_listed = true;
        self
    }

    /// The beginning of `text` as what the page is about.
    pub(super) fn describe(mut self, text: &str) -> Self {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut cut: String = words.chars().take(DESCRIPTION_CHARS).collect();
        if words.chars().nth(DESCRIPTION_CHARS).is_some() {
            cut.push('…');
        }
        if !cut.is_empty() {
            self.description = cut;
        }
        self
    }

    /// The feed of the hits that `pairs` ask for.
    pub(super) fn with_feed(mut self, visit: &Visit) -> Self {
        let paged = ["page", "per_page", "group", "facets", "explain"];
        let pairs = visit.pairs.iter();
        let kept =
            pairs.filter(|(name, value)| !paged.contains(&name.as_str()) && !value.is_empty());
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .finish();
        let mark = if query.is_empty() { "" } else { "?" };
        self.feed = Some(format!("/feed.atom{mark}{query}"));
        self
    }

    /// Adds data about the page.
    pub(super) fn with(mut self, data: &Value) -> Self {
        self.data.push(in_element(data));
        self
    }
}

/// Data as they can stand in an element of HTML: nothing in them begins or ends one.
fn in_element(data: &Value) -> String {
    let mut text = String::new();
    for c in data.to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
            c => text.push(c),
        }
    }
    text
}

/// The service, with how it is searched.
pub(super) fn site(visit: &Visit) -> Value {
    let t = Texts::of(visit.lang);
    json!({
        "@context": "https://schema.org",
        "@type": "WebSite",
        "@id": visit.absolute("/#site"),
        "url": visit.absolute("/"),
        "name": "策搜",
        "alternateName": "Cesou",
        "description": t.about_site,
        "inLanguage": Lang::ALL.map(Lang::tag),
        "potentialAction": {
            "@type": "SearchAction",
            "target": {
                "@type": "EntryPoint",
                "urlTemplate": visit.absolute("/?q={search_term_string}"),
            },
            "query-input": "required name=search_term_string",
        },
    })
}

/// The way to a page from the first: names and paths, the page itself last.
pub(super) fn trail(visit: &Visit, steps: &[(&str, &str)]) -> Value {
    let t = Texts::of(visit.lang);
    let all = [(t.brand, "/")].into_iter().chain(steps.iter().copied());
    let items: Vec<Value> = (1..)
        .zip(all)
        .map(|(position, (name, path)): (usize, _)| {
            json!({
                "@type": "ListItem",
                "position": position,
                "name": name,
                "item": visit.absolute(path),
            })
        })
        .collect();
    json!({
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": items,
    })
}

/// A report, with its passages in order; paths as others know them.
pub(super) fn report(visit: &Visit, report: &ReportRecord, passages: &[PassageRecord]) -> Value {
    let address = visit.absolute(&crate::http::wire::report_url(&report.id));
    let parts: Vec<Value> = passages
        .iter()
        .take(PARTS)
        .map(|passage| {
            let url = visit.absolute(&crate::http::wire::passage_url(&passage.id));
            let name = passage.heading.as_deref().unwrap_or(passage.kind.label());
            json!({"@type": "Article", "@id": url, "url": url, "name": name})
        })
        .collect();
    let mut data = text_of(report);
    merge(
        &mut data,
        json!({
            "@context": "https://schema.org",
            "@type": "Report",
            "@id": address,
            "url": address,
            "name": report.title,
            "headline": report.title,
            "isPartOf": {"@id": visit.absolute("/#site")},
            "hasPart": parts,
        }),
    );
    data
}

/// A passage of a report.
pub(super) fn passage(visit: &Visit, report: &ReportRecord, passage: &PassageRecord) -> Value {
    let address = visit.absolute(&crate::http::wire::passage_url(&passage.id));
    let of = visit.absolute(&crate::http::wire::report_url(&report.id));
    let themes: Vec<&str> = passage
        .themes
        .iter()
        .map(|theme| theme.label.as_str())
        .collect();
    let mut data = text_of(report);
    merge(
        &mut data,
        json!({
            "@context": "https://schema.org",
            "@type": "Article",
            "@id": address,
            "url": address,
            "headline": passage.heading.as_deref().unwrap_or(&report.title),
            "keywords": themes,
            "isPartOf": {"@type": "Report", "@id": of, "url": of, "name": report.title},
        }),
    );
    data
}

/// What a report and its passages have in common.
fn text_of(report: &ReportRecord) -> Value {
    let Metadata {
        issuer,
        document_number,
        date,
        year,
        url,
    } = &report.metadata;
    let mut data = json!({"inLanguage": "zh-CN"});
    if report.region.is_known() {
        let place = json!({
            "@type": "AdministrativeArea",
            "name": report.region.full_name(),
            "identifier": report.region.code,
        });
        merge(&mut data, json!({"spatialCoverage": place}));
    }
    if let Some(issuer) = issuer {
        let author = json!({"@type": "GovernmentOrganization", "name": issuer});
        merge(&mut data, json!({"author": author}));
    }
    let published = date
        .map(|date| date.to_string())
        .or_else(|| year.map(|year| year.to_string()));
    if let Some(published) = published {
        merge(&mut data, json!({"datePublished": published}));
    }
    if let Some(number) = document_number {
        merge(&mut data, json!({"identifier": number}));
    }
    if let Some(url) = url.as_ref().filter(|url| url.starts_with("http")) {
        merge(&mut data, json!({"isBasedOn": url}));
    }
    data
}

/// Adds the fields of `more` to `data`.
pub(super) fn merge(data: &mut Value, more: Value) {
    if let (Value::Object(data), Value::Object(more)) = (data, more) {
        data.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::in_element;

    proptest! {
        #[test]
        fn data_say_the_same_and_hold_no_markup(text in any::<String>()) {
            for text in [text.clone(), format!("{text}</script><!--<script>\u{2028}{text}")] {
                let data = json!({"name": text, "parts": [text, 1]});
                let written = in_element(&data);
                let markup = ['<', '>', '&', '\u{2028}', '\u{2029}'];
                prop_assert!(!written.contains(markup), "{}", written);
                let read: Value = serde_json::from_str(&written).expect("still JSON");
                prop_assert_eq!(read, data);
            }
        }
    }
}
