//! What an index keeps of each passage and report besides its terms.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Error, stored};
use crate::corpus::Skipped;
use crate::quantity::Quantity;
use crate::region::Region;
use crate::report::{Kind, Metadata, RegionReason, Span, Warning};
use crate::theme::Assigned;

/// A passage as it is stored. Spans are in `text`, but for `range`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PassageRecord {
    /// `[A-Za-z0-9_-]`, stable across rebuilds of the same corpus.
    pub id: String,
    /// The report's id.
    pub report: String,
    /// Overview, measure or attachment.
    pub kind: Kind,
    /// The numbers that lead to it, outermost first; empty for an overview.
    pub path: Vec<u32>,
    /// Which part of its unit it is, from 1.
    pub part: u32,
    /// How many parts the unit has.
    pub parts: u32,
    /// The whole passage.
    pub text: String,
    /// Its own heading; for a second part, which does not repeat it, only the words.
    pub heading: Option<String>,
    /// The headings above its own, outermost first.
    pub parents: Vec<String>,
    /// Numbers and headings as they stand, from the outermost to its own; empty for an overview.
    pub heading_path: Vec<String>,
    /// Its paragraphs.
    pub paragraphs: Vec<Span>,
    /// Its place in the cleaned text of the report's file.
    pub range: Span,
    /// Its themes, strongest first, with the terms that decided.
    pub themes: Vec<Assigned>,
    /// The years it mentions.
    pub years: Vec<u16>,
    /// The figures in it, in order.
    pub quantities: Vec<Quantity>,
}

impl PassageRecord {
    /// It as the index stores it.
    ///
    /// # Errors
    ///
    /// Fails when it cannot be written, which no passage is known to cause.
    pub(super) fn to_stored(&self) -> Result<Vec<u8>, Error> {
        stored::write(self)
    }

    /// The passage that was stored so; `id` is what to call it where it cannot be read.
    ///
    /// # Errors
    ///
    /// Fails when it was not.
    pub(super) fn from_stored(stored: &[u8], id: &str) -> Result<Self, Error> {
        stored::read(stored, id)
    }

    /// The text from its first paragraph to its last.
    #[must_use]
    pub fn body(&self) -> &str {
        match (self.paragraphs.first(), self.paragraphs.last()) {
            (Some(first), Some(last)) => Span::new(first.start, last.end).of(&self.text),
            _ => "",
        }
    }

    /// The way to it as readers see it, `二、主要任务 › （二）改进教学`, where it stands in another.
    #[must_use]
    pub fn way(&self) -> Option<String> {
        (self.heading_path.len() > 1).then(|| self.heading_path.join(" › "))
    }

    /// Its themes but those that a theme below already names with its path.
    pub fn innermost_themes(&self) -> impl Iterator<Item = &Assigned> {
        let is_named = |theme: &Assigned| {
            let mut others = self.themes.iter();
            others.any(|other| other.parents.last() == Some(&theme.label))
        };
        self.themes.iter().filter(move |theme| !is_named(theme))
    }

    /// The path as it is written: `2`, `2.3`; empty for an overview.
    #[must_use]
    pub fn dotted_path(&self) -> String {
        self.path
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(".")
    }
}

/// A report as the catalogue lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportRecord {
    /// `[A-Za-z0-9_-]`, stable across rebuilds of the same corpus.
    pub id: String,
    /// The title line.
    pub title: String,
    /// The title without the region's name.
    pub tagline: Option<String>,
    /// Where it is from; reports from one region share it.
    #[serde(with = "shared")]
    pub region: Arc<Region>,
    /// What says so.
    pub region_reason: RegionReason,
    /// What is known of it besides.
    pub metadata: Metadata,
    /// Its file, relative to `corpus/reports/`.
    pub source: String,
    /// Its place in the cleaned text of the file.
    pub range: Span,
    /// How many passages it has.
    pub passages: u32,
    /// How many measures it has, sub-measures counted with theirs.
    pub measures: u32,
    /// How many characters its text has.
    pub characters: u64,
}

/// A region, written out where it stands. One that was read before on this thread is read as the same:
/// a catalogue names a few thousand of them some hundreds of thousands of times.
mod shared {
    use std::cell::RefCell;
    use std::collections::HashSet;
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::region::Region;

    /// More regions than there are divisions with all their former names.
    const MOST: usize = 20_000;

    thread_local! {
        static KNOWN: RefCell<HashSet<Arc<Region>>> = RefCell::default();
    }

    pub(super) fn serialize<S: Serializer>(
        region: &Region,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        region.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<Region>, D::Error> {
        let region = Region::deserialize(deserializer)?;
        Ok(KNOWN.with_borrow_mut(|known| {
            if let Some(known) = known.get(&region) {
                return Arc::clone(known);
            }
            if known.len() >= MOST {
                known.clear();
            }
            let region = Arc::new(region);
            known.insert(Arc::clone(&region));
            region
        }))
    }
}

/// What a build read and left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BuildReport {
    /// How many files were read.
    pub files: u64,
    /// How many reports were sent over HTTP.
    #[serde(default)]
    pub sent: u64,
    /// How many bytes all of them have.
    pub bytes: u64,
    /// The files that were not read, and why.
    pub skipped: Vec<Skipped>,
    /// How many bytes were read for this build; the other files were as before.
    pub bytes_read: u64,
    /// How many reports were found.
    pub reports: u64,
    /// How many passages they were cut into.
    pub passages: u64,
    /// How many of the reports name no known region.
    pub unknown_regions: u64,
    /// How many lines were left out as boilerplate, by rule.
    pub boilerplate: BTreeMap<String, u64>,
    /// How many warnings there were of each kind.
    pub warning_counts: BTreeMap<String, u64>,
    /// The first thousand warnings.
    pub warnings: Vec<Warning>,
    /// How long it took.
    pub seconds: f64,
}
