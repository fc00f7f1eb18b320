//! Several taxonomies side by side, each for the reports of its folders.
//!
//! Reports of different kinds speak of different things, and yet stand in one index: what schools
//! report is told apart by other themes than what provinces report. The labels live together in
//! one facet, so an id that two taxonomies share must mean the same in both.
//!
//! Invariant: every report has exactly one taxonomy, that of the innermost folder that has one, or
//! else the main one (`tests/themes.rs`).

use super::{Taxonomy, Theme};

/// The taxonomies of a corpus.
#[derive(Debug, Clone, Default)]
pub struct Taxonomies {
    main: Taxonomy,
    /// Each with its folders, which end in `/`.
    others: Vec<(Vec<String>, Taxonomy)>,
}

/// Two themes of different taxonomies that cannot be told apart, or that claim to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The id that both have, or the label.
    pub name: String,
}

impl Taxonomies {
    /// One for all reports.
    #[must_use]
    pub fn of_one(main: Taxonomy) -> Self {
        Self {
            main,
            others: Vec::new(),
        }
    }

    /// Adds the taxonomy for the reports of some folders.
    ///
    /// # Errors
    ///
    /// Fails where a theme has the id or the label of one that is here already and is not the
    /// same: both have the same id, label and parent then, whatever their terms.
    pub fn add(&mut self, folders: Vec<String>, taxonomy: Taxonomy) -> Result<(), Conflict> {
        let conflict = taxonomy.themes().iter().find_map(|new| {
            self.themes()
                .iter()
                .find(|old| {
                    let alike = (old.id == new.id, old.label == new.label);
                    alike != (false, false) && (alike != (true, true) || old.parent != new.parent)
                })
                .map(|old| Conflict {
                    name: if old.id == new.id {
                        new.id.clone()
                    } else {
                        new.label.clone()
                    },
                })
        });
        if let Some(conflict) = conflict {
            return Err(conflict);
        }
        let folders = folders.into_iter().map(|folder| folder + "/").collect();
        self.others.push((folders, taxonomy));
        Ok(())
    }

    /// The taxonomy for the reports of a file, which is named relative to the reports' folder.
    #[must_use]
    pub fn of(&self, source: &str) -> &Taxonomy {
        let mut best = (0, &self.main);
        for (folders, taxonomy) in &self.others {
            for folder in folders {
                if source.starts_with(folder.as_str()) && folder.len() > best.0 {
                    best = (folder.len(), taxonomy);
                }
            }
        }
        best.1
    }

    /// All themes, those of the main taxonomy first; of equal ones the first.
    #[must_use]
    pub fn themes(&self) -> Vec<&Theme> {
        let mut themes: Vec<&Theme> = Vec::new();
        let all = [&self.main]
            .into_iter()
            .chain(self.others.iter().map(|(_, taxonomy)| taxonomy));
        for theme in all.flat_map(Taxonomy::themes) {
            if !themes.iter().any(|known| known.id == theme.id) {
                themes.push(theme);
            }
        }
        themes
    }
}
