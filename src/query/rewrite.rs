//! What a query may have meant: other ways to say a stretch of it, judged by what the index holds.
//!
//! Readers type jiaoshi peixun, sjz or 均横发展, and mean 教师培训, 石家庄 and 均衡发展. What they
//! meant is looked for among the words of the index, so no rewrite leads to what is not there, and
//! weighed by how often the index holds it. Nothing is replaced here: proposals say what may stand
//! for what, and whoever compiles the query decides.
//!
//! Invariants: a text the index holds as it stands is left alone; every proposal is made of words
//! of the index; any text takes bounded work (`tests/rewrites.rs`).

mod apply;
mod model;
pub mod pinyin;
mod similar;
pub mod typo;

pub use apply::{Stretch, quoted, replaced, retyped, stretches, with_parts};

/// How a stretch of a query was read otherwise than it was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RewriteKind {
    /// Letters read as pinyin, or as initials.
    Pinyin,
    /// A typing error put right.
    Typo,
    /// A word that means the same.
    Synonym,
    /// A number written otherwise.
    Number,
    /// A bound on figures: 10亿元以上.
    Quantity,
}

impl RewriteKind {
    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pinyin => "pinyin",
            Self::Typo => "typo",
            Self::Synonym => "synonym",
            Self::Number => "number",
            Self::Quantity => "quantity",
        }
    }
}

/// Another way to say a stretch of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// How it came about.
    pub kind: RewriteKind,
    /// The first character of the normalised text it stands for.
    pub start: usize,
    /// One past the last.
    pub end: usize,
    /// Those characters.
    pub from: String,
    /// What to read instead, normalised.
    pub to: String,
    /// What a hit on `to` is worth beside a hit on `from`, above 0, at most 1.
    pub weight: f32,
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}
