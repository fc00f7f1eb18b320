//! What was asked: a tree, the parser that makes it from any string, and its compiler.
//!
//! Cutting a query the way general parsers do fails Chinese: a run without blanks becomes one
//! strict phrase, a full-width blank is a syntax error, a colon in a title is read as a field.
//! Here every string is a query, and its parts are cut by the same analysis as the passages.
//!
//! Invariants: parsing never fails (`tests/queries.rs`, over arbitrary text); whatever the literal
//! text of a query finds, the query finds (`tests/recall.rs`).

mod compile;
mod parse;
pub mod rewrite;
pub mod run;

pub use compile::{
    Compiled, Compiler, Demand, Leaf, NamedRegion, Needle, Part, QueryWord, Relaxable, Weights,
};
pub use parse::{is_quote, parse};

/// A query as it was meant. Every group must hold, no exclusion may.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// What must hold, in the order it was typed.
    pub groups: Vec<Group>,
    /// What must not.
    pub excluded: Vec<Clause>,
    /// Whether anything but words was recognised: quotes, `-`, `OR`, a field.
    pub has_syntax: bool,
}

/// Clauses of which one must hold; more than one where they were joined by `OR`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// The clauses, at least one.
    pub any: Vec<Clause>,
}

/// The smallest unit of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Where it is looked for.
    pub target: Target,
    /// What is looked for.
    pub form: Form,
}

/// Where a clause is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// In title, heading and text.
    Anywhere,
    /// In the names of the report's region: `region:`, `地区:`.
    Region,
    /// In the passage's headings: `heading:`, `标题:`.
    Heading,
    /// Among the passage's themes, by id or label: `theme:`, `主题:`.
    Theme,
}

impl Target {
    /// The target that `name` before a colon stands for.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "region" | "地区" | "区域" => Some(Self::Region),
            "heading" | "标题" | "小标题" => Some(Self::Heading),
            "theme" | "主题" => Some(Self::Theme),
            _ => None,
        }
    }
}

/// What a clause looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Each word of it, wherever it stands.
    Words(String),
    /// The string itself.
    Phrase(String),
}

impl Form {
    /// The text as it was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Words(text) | Self::Phrase(text) => text,
        }
    }
}
