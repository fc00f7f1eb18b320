//! A page as a list of its parts in order, with what each holds counted.
//!
//! The parser's tree is walked once; afterwards a part is a range of the list, and to add up what
//! it holds, or to leave it out, is a loop. Pages nested a hundred thousand deep are lists as any
//! other.

use std::collections::HashMap;

use scraper::{Html, Node};

/// Elements of which readers see nothing, or nothing of the article.
const HIDDEN: [&str; 24] = [
    "script", "style", "noscript", "template", "head", "nav", "button", "select", "option",
    "datalist", "iframe", "object", "embed", "svg", "canvas", "audio", "video", "map", "input",
    "textarea", "dialog", "footer", "aside", "menu",
];

/// Elements that stand within a line.
const INLINE: [&str; 42] = [
    "a",
    "abbr",
    "acronym",
    "b",
    "bdi",
    "bdo",
    "big",
    "cite",
    "code",
    "data",
    "del",
    "dfn",
    "em",
    "font",
    "i",
    "img",
    "ins",
    "kbd",
    "label",
    "mark",
    "o:p",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "small",
    "span",
    "st1:chsdate",
    "strike",
    "strong",
    "sub",
    "sup",
    "time",
    "tt",
    "u",
    "ucapcontent",
    "ucaptitle",
    "var",
    "wbr",
    "picture",
];

/// Words that the names of a site's furniture are made of.
const FURNITURE: [&str; 44] = [
    "nav",
    "menu",
    "breadcrumb",
    "breadcrumbs",
    "crumb",
    "crumbs",
    "share",
    "sharebox",
    "toolbar",
    "tools",
    "tool",
    "print",
    "sidebar",
    "side",
    "footer",
    "foot",
    "copyright",
    "header",
    "related",
    "recommend",
    "comment",
    "comments",
    "pagination",
    "pager",
    "login",
    "search",
    "qrcode",
    "ewm",
    "banner",
    "advert",
    "ads",
    "bdsharebuttonbox",
    "location",
    "position",
    "weizhi",
    "dqwz",
    "links",
    "fontsize",
    "zihao",
    "prevnext",
    "fenxiang",
    "dayin",
    "guanbi",
    "accessibility",
];

/// What a part of the page is.
#[derive(Debug)]
pub(super) enum Kind {
    /// An element, by its name.
    Element(String),
    /// Text.
    Text(String),
}

/// What the text within a part amounts to.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Held {
    /// Characters that readers see, blanks left out.
    pub(super) chars: usize,
    /// Those of them in links.
    pub(super) linked: usize,
    /// Links.
    pub(super) links: usize,
    /// Characters of sentences outside links.
    pub(super) prose: usize,
    /// Tables.
    pub(super) tables: usize,
    /// Paragraphs and line breaks.
    pub(super) paragraphs: usize,
}

/// An element or a text.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) kind: Kind,
    /// The part it stands in.
    pub(super) parent: usize,
    /// One past the last part within it.
    pub(super) end: usize,
    /// Whether readers do not see it.
    pub(super) hidden: bool,
    /// Whether its name says that it is a site's furniture.
    pub(super) furniture: bool,
    /// Whether its name says that it is an article.
    pub(super) named_article: bool,
    pub(super) held: Held,
}

impl Part {
    /// The name of an element; empty for a text.
    pub(super) fn name(&self) -> &str {
        match &self.kind {
            Kind::Element(name) => name,
            Kind::Text(_) => "",
        }
    }

    /// Whether it begins and ends a line.
    pub(super) fn is_block(&self) -> bool {
        match &self.kind {
            Kind::Element(name) => !INLINE.contains(&name.as_str()),
            Kind::Text(_) => false,
        }
    }
}

/// The parts of the page in order; the first is the whole.
#[derive(Debug)]
pub(super) struct Outline {
    pub(super) parts: Vec<Part>,
}

impl Outline {
    /// The outline of a page.
    pub(super) fn of(html: &Html) -> Self {
        let mut places = HashMap::new();
        let mut parts: Vec<Part> = Vec::new();
        for node in html.tree.root().descendants() {
            let parent = node
                .parent()
                .and_then(|parent| places.get(&parent.id()).copied())
                .unwrap_or(0);
            let above = parts.get(parent).is_some_and(|parent| parent.hidden);
            let (kind, hidden, furniture, named_article) = match node.value() {
                Node::Element(element) => {
                    let name = element.name().to_owned();
                    let attribute = |name| element.attr(name).unwrap_or_default();
                    let style: String = attribute("style")
                        .chars()
                        .filter(|c| !c.is_whitespace())
                        .collect();
                    let hidden = HIDDEN.contains(&name.as_str())
                        || element.attr("hidden").is_some()
                        || attribute("aria-hidden") == "true"
                        || style.contains("display:none")
                        || matches!(
                            attribute("role"),
                            "navigation" | "banner" | "contentinfo" | "search" | "button"
                        );
                    let labels = [attribute("id"), attribute("class")];
                    let furniture = !matches!(name.as_str(), "html" | "body" | "form")
                        && labels.iter().any(|label| {
                            words(label).any(|word| FURNITURE.contains(&word.as_str()))
                        });
                    let named = names_article(&name, labels, attribute("itemprop"));
                    (Kind::Element(name), hidden, furniture, named)
                }
                Node::Text(text) => (Kind::Text(text.to_string()), false, false, false),
                Node::Document | Node::Fragment => {
                    (Kind::Element("#page".to_owned()), false, false, false)
                }
                _ => continue,
            };
            places.insert(node.id(), parts.len());
            parts.push(Part {
                kind,
                parent,
                end: 0,
                hidden: hidden || above,
                furniture,
                named_article,
                held: Held::default(),
            });
        }
        let mut outline = Self { parts };
        outline.count();
        outline
    }

    /// Counts what each part holds, from the innermost out.
    fn count(&mut self) {
        let own = self.own_text();
        for (at, own) in own.into_iter().enumerate() {
            let Some(part) = self.parts.get_mut(at) else {
                break;
            };
            let name = part.name();
            let paragraph = matches!(name, "br" | "hr") || own.chars > 0;
            let (links, tables) = (usize::from(name == "a"), usize::from(name == "table"));
            // Sentences, most of which is not links.
            let prose = if own.chars >= 15 && own.sentences > 0 && own.linked * 2 < own.chars {
                own.chars - own.linked
            } else {
                0
            };
            part.held = Held {
                chars: own.chars,
                linked: own.linked,
                links,
                prose,
                tables,
                paragraphs: usize::from(paragraph),
            };
            part.end = at + 1;
        }
        for at in (1..self.parts.len()).rev() {
            let Some((held, end, parent)) = self
                .parts
                .get(at)
                .filter(|part| part.parent != at)
                .map(|part| (part.held, part.end, part.parent))
            else {
                continue;
            };
            if let Some(parent) = self.parts.get_mut(parent) {
                parent.held.chars += held.chars;
                parent.held.linked += held.linked;
                parent.held.links += held.links;
                parent.held.prose += held.prose;
                parent.held.tables += held.tables;
                parent.held.paragraphs += held.paragraphs;
                parent.end = parent.end.max(end);
            }
        }
    }

    /// The text of each block that stands in no block within it.
    fn own_text(&self) -> Vec<Own> {
        let mut own = vec![Own::default(); self.parts.len()];
        // The block and the link that each part stands in.
        let mut around: Vec<(usize, bool)> = Vec::with_capacity(self.parts.len());
        for (at, part) in self.parts.iter().enumerate() {
            let (block, linked) = around.get(part.parent).copied().unwrap_or((0, false));
            around.push(if part.is_block() {
                (at, linked)
            } else {
                (block, linked || part.name() == "a")
            });
            let Kind::Text(text) = &part.kind else {
                continue;
            };
            if part.hidden {
                continue;
            }
            let Some(own) = own.get_mut(block) else {
                continue;
            };
            for c in text.chars().filter(|c| !c.is_whitespace()) {
                own.chars += 1;
                own.linked += usize::from(linked);
                own.sentences += usize::from(!linked && "。，；！？、".contains(c));
            }
        }
        own
    }

    /// The text within a part, as it stands.
    pub(super) fn text(&self, at: usize) -> String {
        let end = self.parts.get(at).map_or(at, |part| part.end);
        self.parts
            .get(at..end)
            .unwrap_or_default()
            .iter()
            .filter_map(|part| match &part.kind {
                Kind::Text(text) if !part.hidden => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }
}

/// The text of a block itself.
#[derive(Debug, Default, Clone, Copy)]
struct Own {
    chars: usize,
    linked: usize,
    sentences: usize,
}

/// The words a class or id is made of, in small letters: `share-box`, `newsNav`, `foot_1`.
fn words(label: &str) -> impl Iterator<Item = String> {
    let mut words = Vec::new();
    for part in label.split(|c: char| !c.is_ascii_alphabetic()) {
        words.push(part.to_ascii_lowercase());
        let mut word = String::new();
        let mut parts = 0;
        for c in part.chars() {
            if c.is_ascii_uppercase() && !word.is_empty() {
                words.push(std::mem::take(&mut word).to_ascii_lowercase());
                parts += 1;
            }
            word.push(c);
        }
        if parts > 0 {
            words.push(word.to_ascii_lowercase());
        }
    }
    words.into_iter().filter(|word| !word.is_empty())
}

/// Whether an element is named as those that hold a page's article.
fn names_article(name: &str, labels: [&str; 2], property: &str) -> bool {
    const NAMES: [&str; 14] = [
        "ucap-content",
        "trs_editor",
        "zoom",
        "pages_content",
        "article-content",
        "articlecontent",
        "article_content",
        "news_content",
        "newscontent",
        "content_body",
        "vsb_content",
        "mce-body",
        "tys-main-zt-show",
        "article-body",
    ];
    matches!(name, "article" | "main")
        || property == "articleBody"
        || labels.iter().any(|label| {
            label
                .split_whitespace()
                .any(|label| NAMES.contains(&label.to_ascii_lowercase().as_str()))
        })
}
