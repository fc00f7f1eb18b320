//! Reads the theme taxonomies of a corpus: the main file, and those it names for single folders.
//!
//! Which folder's reports speak of which field is known to the site owner, so it stands with the
//! themes (`[folders]` in the main file) and changes with them: whoever watches one watches all.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::sync::PoisonError;

use super::vocabulary::read_optional;
use super::{Corpus, Error};
use crate::theme::{Conflict, Taxonomies, Taxonomy};

/// The main taxonomy within the corpus, unless another is set.
pub(super) const THEMES: &str = "themes.toml";

/// The files that hold taxonomies, by what a main one says.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Its name.
    main: String,
    /// What it says; nothing where it is not there.
    text: Option<String>,
    /// It, and those that it names.
    files: Vec<String>,
}

impl Corpus {
    /// The same corpus with another file for its main taxonomy, relative to its folder.
    #[must_use]
    pub fn with_themes(mut self, file: &str) -> Self {
        file.clone_into(&mut self.themes);
        self
    }

    /// The theme taxonomies; an empty one where the corpus has none.
    ///
    /// # Errors
    ///
    /// Fails when a file is there and cannot be read or understood, when one that was asked for is
    /// not there, and when two cannot stand side by side.
    pub fn taxonomies(&self) -> Result<Taxonomies, Error> {
        let main = match self.themes_of(&self.themes)? {
            Some(main) => main,
            None if self.themes == THEMES => Taxonomy::empty(),
            None => {
                return Err(Error::NoThemes {
                    path: self.root.join(&self.themes),
                    remedy: "请建立它，或改设置 corpus.themes".to_owned(),
                });
            }
        };
        let mut by_file: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
        for rule in main.folders() {
            let (_, folders) = by_file
                .entry(&rule.file)
                .or_insert_with(|| (rule.line, Vec::new()));
            folders.push(rule.folder.clone());
        }
        let mut taxonomies = Taxonomies::of_one(main.clone());
        for (file, (line, folders)) in by_file {
            let path = self.root.join(file);
            let taxonomy = self.themes_of(file)?.ok_or_else(|| Error::NoThemes {
                path: path.clone(),
                remedy: format!("请建立它，或改 {} 第 {line} 行", self.themes),
            })?;
            if !taxonomy.folders().is_empty() {
                return Err(Error::NestedFolders { path });
            }
            taxonomies
                .add(folders, taxonomy)
                .map_err(|Conflict { name }| Error::ThemeConflict { path, name })?;
        }
        Ok(taxonomies)
    }

    /// The taxonomy in a file; nothing where there is none.
    fn themes_of(&self, file: &str) -> Result<Option<Taxonomy>, Error> {
        let path = self.root.join(file);
        read_optional(&path)?
            .map(|text| Taxonomy::from_toml(&text).map_err(|source| Error::Themes { path, source }))
            .transpose()
    }

    /// The files that hold taxonomies, the main one first. Those named in a main file that cannot
    /// be understood are not known.
    pub(super) fn themes_files(&self) -> Vec<String> {
        let main = self.root.join(&self.themes);
        let text = read_optional(&main).ok().flatten();
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever watches asks every few seconds, and reading a file takes less than understanding it.
        if named.main != self.themes || named.text != text {
            let main = text.as_deref().map(Taxonomy::from_toml);
            let mut files = vec![self.themes.clone()];
            for rule in main.iter().flatten().flat_map(Taxonomy::folders) {
                if !files.contains(&rule.file) {
                    files.push(rule.file.clone());
                }
            }
            *named = Named {
                main: self.themes.clone(),
                text,
                files,
            };
        }
        named.files.clone()
    }

    /// The bytes of all taxonomies, or what the system said of them.
    pub(super) fn themes_bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for file in self.themes_files() {
            match fs::read(self.root.join(&file)) {
                Ok(bytes) => all.extend(bytes),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => all.extend(format!("\0{error}").into_bytes()),
            }
        }
        all
    }
}
