//! What a page says of its article outside of it: in its head, and beside it for readers.

use std::ops::Range;

use scraper::{Html, Node};
use serde_json::{Map, Value};

use super::outline::{Kind, Outline};
use crate::corpus::extract::page::is_wide;
use crate::corpus::given::Given;

/// A label has at most so many characters.
const LONG_LABEL: usize = 10;
/// A value has at most so many characters.
const LONG_VALUE: usize = 60;
/// A title has at least so many characters.
const SHORT_TITLE: usize = 6;

/// What parts a page's title from its site's name.
const SITE_MARKS: [&str; 6] = ["_", " - ", "-", "|", "–", "»"];

/// What the head of a page says.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// The page's title.
    title: Option<String>,
    /// The article's.
    article_title: Option<String>,
    /// Fields that [`Given`] has, by its names.
    fields: Map<String, Value>,
}

impl Head {
    pub(super) fn of(html: &Html) -> Self {
        let mut head = Self::default();
        for node in html.tree.root().descendants() {
            let Node::Element(element) = node.value() else {
                continue;
            };
            match element.name() {
                "title" if head.title.is_none() => {
                    let text: String = node
                        .children()
                        .filter_map(|child| child.value().as_text().map(|text| text.to_string()))
                        .collect();
                    head.title = Some(one_line(&text)).filter(|title| !title.is_empty());
                }
                "meta" => {
                    let name = element.attr("name").or_else(|| element.attr("property"));
                    if let (Some(name), Some(content)) = (name, element.attr("content")) {
                        head.meta(&name.to_lowercase(), one_line(content));
                    }
                }
                "link" if element.attr("rel") == Some("canonical") => {
                    let address = element.attr("href").unwrap_or_default();
                    if address.starts_with("http") {
                        head.field("url", address.to_owned());
                    }
                }
                "body" => break,
                _ => {}
            }
        }
        head
    }

    fn meta(&mut self, name: &str, content: String) {
        if content.is_empty() {
            return;
        }
        match name {
            "articletitle" | "og:title" => {
                self.article_title.get_or_insert(content);
            }
            "pubdate" | "publishdate" | "article:published_time" | "firstpublishedtime" => {
                self.field("date", content);
            }
            "url" | "og:url" if content.starts_with("http") => self.field("url", content),
            "documentnumber" | "fileno" => self.field("document_number", content),
            _ => {}
        }
    }

    fn field(&mut self, name: &str, value: String) {
        self.fields
            .entry(name)
            .or_insert_with(|| Value::String(value));
    }

    /// The title of the article: as the head names it, else its heading, else the page's without
    /// the site's name.
    pub(super) fn title(&self, outline: &Outline) -> Option<String> {
        let long = |title: &str| title.chars().count() >= SHORT_TITLE;
        let page = self.title.as_deref().unwrap_or_default();
        let heading = || {
            let mut headings = outline
                .parts
                .iter()
                .enumerate()
                .filter(|(_, part)| part.name() == "h1" && !part.hidden)
                .map(|(at, _)| one_line(&outline.text(at)))
                .filter(|text| long(text));
            let first = headings.next()?;
            // A site's name is a heading of the first order on some pages.
            let others: Vec<String> = headings.collect();
            if others.is_empty() || page.contains(&first) {
                return Some(first);
            }
            others.into_iter().find(|text| page.contains(text))
        };
        let cut = || {
            let mut title = page;
            for mark in SITE_MARKS {
                if let Some((first, _)) = title.split_once(mark)
                    && long(first.trim())
                {
                    title = first.trim();
                }
            }
            long(title).then(|| title.to_owned())
        };
        let article = self.article_title.clone().filter(|title| long(title));
        article.or_else(heading).or_else(cut)
    }

    /// What is said outside the article: for readers, else in the head.
    pub(super) fn given(&self, outline: &Outline, article: &Range<usize>) -> Given {
        let shown = Given::from_table(&labels(outline, article));
        shown.or(Given::from_table(&self.fields))
    }
}

/// Labels and values, such as 发文机关：国务院, that stand outside the article. A value stands
/// after its label's colon, or in the block after it.
fn labels(outline: &Outline, article: &Range<usize>) -> Map<String, Value> {
    let mut labels = Labels::default();
    for (at, part) in outline.parts.iter().enumerate() {
        match &part.kind {
            Kind::Text(text) if !part.hidden && !article.contains(&at) => {
                labels.text.push_str(text);
            }
            Kind::Element(_) if part.is_block() => labels.note(),
            _ => {}
        }
    }
    labels.note();
    labels.found
}

#[derive(Default)]
struct Labels {
    found: Map<String, Value>,
    /// A label whose value has not come yet.
    open: Option<String>,
    text: String,
}

impl Labels {
    /// Takes in the text of a block.
    fn note(&mut self) {
        let text = std::mem::take(&mut self.text);
        for part in text.split_whitespace() {
            let (label, value) = match part.split_once(['：', ':']) {
                Some((label, value)) if is_label(label) => (Some(label), value),
                _ => (None, part),
            };
            let label = match label {
                Some(label) => label.to_owned(),
                None => match self.open.take() {
                    Some(label) => label,
                    None => continue,
                },
            };
            if value.is_empty() {
                self.open = Some(label);
            } else if value.chars().count() <= LONG_VALUE {
                self.found
                    .entry(label)
                    .or_insert_with(|| Value::String(value.to_owned()));
            }
        }
    }
}

fn is_label(label: &str) -> bool {
    let length = label.chars().count();
    (2..=LONG_LABEL).contains(&length) && label.chars().all(is_wide)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
