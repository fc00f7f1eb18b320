//! What stands around every page: its title, the box, the ways to the other pages, the language.

use super::lang::Lang;
use super::links::Links;
use super::meta::Meta;
use super::text::Texts;
use super::visit::Visit;
use crate::http::assets;

/// A page that the header leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Hits.
    Search,
    /// Counts by province.
    Map,
    /// Counts of one field against another.
    Matrix,
    /// Regions side by side.
    Compare,
    /// What is indexed.
    About,
}

impl Section {
    /// Those in the header, in their order.
    const ALL: [Self; 5] = [
        Self::Search,
        Self::Map,
        Self::Matrix,
        Self::Compare,
        Self::About,
    ];

    fn label(self, t: &Texts) -> &'static str {
        match self {
            Self::Search => t.search,
            Self::Map => t.map,
            Self::Matrix => t.matrix,
            Self::Compare => t.compare,
            Self::About => t.about,
        }
    }

    /// Where it is, with as much of what was asked for as it takes.
    fn url(self, links: &Links) -> String {
        match self {
            Self::Search => links.narrowed(&[]),
            Self::Map => links.map(),
            Self::Matrix => links.matrix(&[]),
            Self::Compare => links.compare(),
            Self::About => links.to("/about"),
        }
    }
}

/// What the layout shows on every page.
pub(super) struct Frame {
    pub(super) lang: Lang,
    pub(super) t: &'static Texts,
    /// The document's title.
    pub(super) title: String,
    /// What stands in the box.
    pub(super) text: String,
    /// Where the box leads.
    pub(super) action: &'static str,
    /// What the box carries along.
    pub(super) carried: Vec<(String, String)>,
    /// Where the sheet and the script are.
    pub(super) style: &'static str,
    pub(super) script: &'static str,
    pub(super) home: String,
    pub(super) sections: Vec<Link>,
    pub(super) languages: Vec<Language>,
    /// What the page says of itself to machines.
    pub(super) meta: Meta,
}

pub(super) struct Link {
    pub(super) label: &'static str,
    pub(super) url: String,
    pub(super) here: bool,
}

pub(super) struct Language {
    pub(super) name: &'static str,
    pub(super) tag: &'static str,
    pub(super) url: String,
}

impl Frame {
    /// The frame of a page that belongs to `section`, if to any, under `title`, which is followed
    /// by the site's name.
    pub(super) fn new(visit: &Visit, section: Option<Section>, title: &str) -> Self {
        let t = Texts::of(visit.lang);
        // The box stays on pages that show the same search in another way.
        let (action, is_search) = match section {
            Some(Section::Search) => ("/", true),
            Some(Section::Map) => ("/map", true),
            Some(Section::Matrix) => ("/matrix", true),
            Some(Section::Compare) => ("/compare", true),
            Some(Section::About) | None => ("/", false),
        };
        let links = Links::new(action, visit);
        let title = title.trim();
        Self {
            lang: visit.lang,
            t,
            title: if title.is_empty() {
                t.brand.to_owned()
            } else {
                format!("{title} - {}", t.brand)
            },
            text: visit.text().to_owned(),
            action,
            carried: if is_search {
                links.carried()
            } else {
                links.bare().carried()
            },
            style: assets::style_path(),
            script: assets::script_path(),
            home: links.to("/"),
            sections: Section::ALL
                .into_iter()
                .map(|other| Link {
                    label: other.label(t),
                    url: other.url(&links),
                    here: section == Some(other),
                })
                .collect(),
            languages: Lang::ALL
                .into_iter()
                .filter(|&lang| lang != visit.lang)
                .map(|lang| Language {
                    name: lang.own_name(),
                    tag: lang.tag(),
                    url: links.in_language(&visit.path, lang),
                })
                .collect(),
            meta: Meta::new(visit),
        }
    }

    /// With more said to machines.
    pub(super) fn saying(mut self, more: impl FnOnce(Meta) -> Meta) -> Self {
        self.meta = more(self.meta);
        self
    }

    /// What marks an element as Chinese where the page is not.
    pub(super) fn zh(&self) -> &'static str {
        match self.lang {
            Lang::Zh => "",
            Lang::En => " lang=\"zh-CN\"",
        }
    }

    /// What marks an element among Chinese ones as the page's own language again.
    pub(super) fn own_lang(&self) -> &'static str {
        match self.lang {
            Lang::Zh => "",
            Lang::En => " lang=\"en\"",
        }
    }
}
