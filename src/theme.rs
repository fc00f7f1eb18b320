//! Gives passages their themes, by a score whose every part can be shown.
//!
//! Readers narrow a search by theme, and the site owner answers for the labels. So a theme is a
//! list of weighted terms that the owner edits (`corpus/themes.toml`), the score is a sum over the
//! terms found, and what was found comes with the label: no model, nothing learned.
//!
//! A term of weight *w* that stands *h* times in the heading and *b* times in the body adds
//!
//! ```text
//! w × (heading × sat(h, 1) + sat(b, L))     sat(n, L) = n × (k + 1) / (n + k × L)
//!                                           L = 1 − c + c × length / pivot
//! ```
//!
//! which is the term-frequency part of BM25 (Robertson and Zaragoza, *The Probabilistic Relevance
//! Framework*, 2009): repeating a term adds less each time, and in a long passage one mention
//! weighs less than in a short one. The constants are those of [`Scoring`]. A theme is given where
//! its score reaches `threshold` and `share` of the best theme's score in that passage.
//!
//! A theme may be part of another (师资队伍 › 交流轮岗). What speaks for the part speaks for the
//! whole: a theme's score also counts the terms of the themes below it, each term once, at its
//! highest weight. So a theme never scores less than one below it, and whatever passage is about
//! 交流轮岗 is also about 师资队伍. Cutting a theme up changes nothing about which passages bear
//! it, as long as its terms stay with it or go to its parts.
//!
//! Invariants: a theme's evidence adds up to its score, a passage that bears a theme bears all
//! above it, no text panics, and the order and the result depend on nothing but the taxonomy and
//! the text (`tests/themes.rs`).

mod folders;
mod matcher;
mod parse;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

pub use self::folders::{Conflict, Taxonomies};
use self::matcher::{Matcher, comparable};
pub use self::parse::{Error, Problem};

/// The most levels a taxonomy may have.
pub const MAX_LEVELS: usize = 4;
/// What stands between the labels of a theme's path where it is shown: 师资队伍 › 交流轮岗.
pub const PATH_SEPARATOR: &str = " › ";

/// The themes of a field, ready to be given to passages.
#[derive(Debug, Clone, Default)]
pub struct Taxonomy {
    themes: Vec<Theme>,
    /// For each theme, its own place and those of the themes above it, innermost first.
    lineages: Vec<Vec<usize>>,
    /// The folders that other files are for.
    folders: Vec<FolderRule>,
    scoring: Scoring,
    matcher: Matcher,
    /// For each term of the matcher, what it says: a theme's place and the term's place in it.
    /// Nothing where it only hides shorter terms.
    senses: Vec<Vec<(usize, usize)>>,
}

/// One theme, as the taxonomy defines it.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    /// What queries and links call it: `[a-z0-9-]`, not empty, no other theme's.
    pub id: String,
    /// What readers see; no other theme's.
    pub label: String,
    /// The id of the theme it is part of; nothing at the first level.
    pub parent: Option<String>,
    /// What speaks for it, in the order of the file within each weight; what speaks for its parts
    /// stands with them.
    pub terms: Vec<Term>,
}

/// Which file holds the taxonomy for the reports of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderRule {
    /// The folder within the reports' folder, with `/` between its parts.
    pub folder: String,
    /// The file within the corpus.
    pub file: String,
    /// The line that says so.
    pub line: usize,
}

/// A string that speaks for a theme.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// As the file has it; it is compared folded.
    pub text: String,
    /// How much it says, 0 to 100; 1 is usual.
    pub weight: f32,
}

/// The constants of the score; the table `[scoring]` of the taxonomy may set any of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scoring {
    /// How many times as much the heading counts as the body; 0 to 20.
    pub heading: f32,
    /// *k*: how slowly repetition stops adding; 0 (at once) to 10.
    pub saturation: f32,
    /// *c*: how far the score allows for the body's length; 0 (not at all) to 1 (in proportion).
    pub length: f32,
    /// The length of a usual body, in characters; 10 to 100,000.
    pub pivot: f32,
    /// The least score of a theme that is given; 0 to 100.
    pub threshold: f32,
    /// The least part of the passage's best score; 0 to 1.
    pub share: f32,
}

impl Default for Scoring {
    fn default() -> Self {
        Self {
            heading: 2.0,
            saturation: 1.2,
            length: 0.5,
            pivot: 200.0,
            threshold: 1.5,
            share: 0.3,
        }
    }
}

impl Scoring {
    /// What `count` mentions are worth, in a text of the relative length `length`.
    fn saturated(self, count: u32, length: f32) -> f32 {
        if count == 0 {
            return 0.0;
        }
        let count = approximate(count as usize);
        count * (self.saturation + 1.0) / (count + self.saturation * length)
    }

    /// The relative length *L* of a body of `chars` characters.
    fn relative_length(self, chars: usize) -> f32 {
        1.0 - self.length + self.length * approximate(chars) / self.pivot
    }
}

/// A theme given to a passage, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assigned {
    /// The theme's id.
    pub id: String,
    /// The theme's label.
    pub label: String,
    /// The labels of the themes it is part of, outermost first; empty at the first level.
    pub parents: Vec<String>,
    /// The sum of the evidence; comparable within one taxonomy only.
    pub score: f32,
    /// The terms found, strongest first.
    pub evidence: Vec<Evidence>,
}

impl Assigned {
    /// Its labels from the outermost to its own, as they are shown.
    #[must_use]
    pub fn shown_path(&self) -> String {
        let labels: Vec<&str> = self.parents.iter().map(String::as_str).collect();
        [labels.as_slice(), &[self.label.as_str()]]
            .concat()
            .join(PATH_SEPARATOR)
    }
}

/// A term that was found, and what it adds to the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The term as the taxonomy has it.
    pub term: String,
    /// How often it stands in the heading, outside longer terms.
    pub in_heading: u32,
    /// How often it stands in the body, outside longer terms.
    pub in_body: u32,
    /// What it adds; above zero.
    pub score: f32,
}

impl Taxonomy {
    /// Reads a taxonomy; the head of the shipped `corpus/themes.toml` explains the form. A text
    /// without themes is an empty taxonomy.
    ///
    /// ```
    /// use cesou::theme::Taxonomy;
    ///
    /// let taxonomy = Taxonomy::from_toml(
    ///     r#"
    ///     [[theme]]
    ///     id = "teachers"
    ///     label = "师资队伍"
    ///     strong = ["教师交流"]
    ///     terms = ["教师", "培训"]
    ///     "#,
    /// )?;
    /// let themes = taxonomy.assign("教師交流", "每年交流教师百人。");
    /// assert_eq!(themes[0].label, "师资队伍");
    /// assert_eq!(themes[0].evidence[0].term, "教师交流");
    /// # Ok::<(), cesou::theme::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where the text is not TOML or says something that has no meaning here: one such
    /// place, with its line and what would put it right.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        let parsed = parse::parse(text)?;
        Ok(Self::new(parsed))
    }

    /// A taxonomy that gives no theme to any passage.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    fn new(parsed: parse::Parsed) -> Self {
        let parse::Parsed {
            themes,
            scoring,
            ignored,
            folders,
        } = parsed;
        let mut known: HashMap<String, usize> = HashMap::new();
        let mut texts: Vec<String> = Vec::new();
        let mut senses: Vec<Vec<(usize, usize)>> = Vec::new();
        let mut place = |text: &str, senses: &mut Vec<Vec<(usize, usize)>>| {
            let text: String = comparable(text).into_iter().collect();
            *known.entry(text).or_insert_with_key(|text| {
                texts.push(text.clone());
                senses.push(Vec::new());
                texts.len() - 1
            })
        };
        for (theme, of_theme) in themes.iter().enumerate() {
            for (term, of_term) in of_theme.terms.iter().enumerate() {
                let place = place(&of_term.text, &mut senses);
                senses[place].push((theme, term));
            }
        }
        for text in &ignored {
            place(text, &mut senses);
        }
        Self {
            matcher: Matcher::new(texts.iter().map(String::as_str)),
            lineages: lineages(&themes),
            folders,
            themes,
            scoring,
            senses,
        }
    }

    /// The themes, in the order of the file.
    #[must_use]
    pub fn themes(&self) -> &[Theme] {
        &self.themes
    }

    /// Which folders other files are for, in the order of the file.
    #[must_use]
    pub fn folders(&self) -> &[FolderRule] {
        &self.folders
    }

    /// The theme with this id and those it is part of, outermost first; empty for an unknown id.
    #[must_use]
    pub fn path(&self, id: &str) -> Vec<&Theme> {
        let at = self.themes.iter().position(|theme| theme.id == id);
        let lineage = at.and_then(|at| self.lineages.get(at));
        let places = lineage.into_iter().flatten().rev();
        places.filter_map(|&at| self.themes.get(at)).collect()
    }

    /// The constants of the score.
    #[must_use]
    pub fn scoring(&self) -> Scoring {
        self.scoring
    }

    /// The same themes under other constants, to see how much hangs on these.
    #[must_use]
    pub fn with_scoring(mut self, scoring: Scoring) -> Self {
        self.scoring = scoring;
        self
    }

    /// The theme with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Theme> {
        self.themes.iter().find(|theme| theme.id == id)
    }

    /// The theme with this id or this label, whatever its width, case, script or blanks.
    #[must_use]
    pub fn find(&self, id_or_label: &str) -> Option<&Theme> {
        let wanted = comparable(id_or_label);
        let is = |name: &str| comparable(name) == wanted;
        self.themes
            .iter()
            .find(|theme| is(&theme.id))
            .or_else(|| self.themes.iter().find(|theme| is(&theme.label)))
    }

    /// The themes of a passage, strongest first, equal ones in the order of the file. Both parts
    /// are raw text; either may be empty.
    #[must_use]
    pub fn assign(&self, heading: &str, body: &str) -> Vec<Assigned> {
        // Terms with where each was found; few of all there are.
        let mut found: Vec<(u32, bool)> = Vec::new();
        self.matcher.each(heading, |term| found.push((term, true)));
        let length = self.matcher.each(body, |term| found.push((term, false)));
        let length = self.scoring.relative_length(length);
        found.sort_unstable();

        let mut evidence = self.evidence(&found, length);
        evidence.sort_by(|(one, a), (other, b)| {
            let strongest = b.score.total_cmp(&a.score);
            one.cmp(other).then(strongest).then(a.term.cmp(b.term))
        });
        let of_themes = evidence.chunk_by(|(one, _), (other, _)| one == other);
        let mut scored: Vec<(f32, &[(usize, Mention<'_>)])> = of_themes
            .map(|own| (own.iter().map(|(_, one)| one.score).sum(), own))
            .collect();
        scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        let best = scored.first().map_or(0.0, |(best, _)| *best);
        let least = self.scoring.threshold.max(best * self.scoring.share);
        scored.retain(|(score, _)| *score >= least);
        // Most themes that anything speaks for are not given, so only now is it written out.
        let assigned = scored.into_iter().filter_map(|(score, own)| {
            let &(at, _) = own.first()?;
            let theme = self.themes.get(at)?;
            let above = self.lineages.get(at)?.iter().skip(1).rev();
            Some(Assigned {
                id: theme.id.clone(),
                label: theme.label.clone(),
                parents: above.map(|&at| self.themes[at].label.clone()).collect(),
                score,
                evidence: own.iter().map(|(_, one)| one.to_evidence()).collect(),
            })
        });
        assigned.collect()
    }

    /// What was found for each theme, unsorted; `found` are the matcher's terms, in order, each with
    /// whether it stands in the heading.
    fn evidence(&self, found: &[(u32, bool)], length: f32) -> Vec<(usize, Mention<'_>)> {
        let mut evidence = Vec::new();
        let mut weights: Vec<(usize, &Term)> = Vec::new();
        for same in found.chunk_by(|(one, _), (other, _)| one == other) {
            let senses = same
                .first()
                .and_then(|(term, _)| self.senses.get(*term as usize));
            let Some(senses) = senses else { continue };
            let count = |heading: bool| {
                let count = same.iter().filter(|(_, in_heading)| *in_heading == heading);
                u32::try_from(count.count()).unwrap_or(u32::MAX)
            };
            let (in_heading, in_body) = (count(true), count(false));
            let worth = self.scoring.heading * self.scoring.saturated(in_heading, 1.0)
                + self.scoring.saturated(in_body, length);
            // What speaks for a part speaks for the whole, once.
            weights.clear();
            for &(theme, term) in senses {
                let term = &self.themes[theme].terms[term];
                for &theme in &self.lineages[theme] {
                    match weights.iter_mut().find(|(known, _)| *known == theme) {
                        Some((_, held)) if held.weight < term.weight => *held = term,
                        Some(_) => {}
                        None => weights.push((theme, term)),
                    }
                }
            }
            for &(theme, term) in &weights {
                let score = term.weight * worth;
                if score > 0.0 {
                    let mention = Mention {
                        term: &term.text,
                        in_heading,
                        in_body,
                        score,
                    };
                    evidence.push((theme, mention));
                }
            }
        }
        evidence
    }
}

/// [`Evidence`] that is not written out.
struct Mention<'a> {
    term: &'a str,
    in_heading: u32,
    in_body: u32,
    score: f32,
}

impl Mention<'_> {
    fn to_evidence(&self) -> Evidence {
        Evidence {
            term: self.term.to_owned(),
            in_heading: self.in_heading,
            in_body: self.in_body,
            score: self.score,
        }
    }
}

/// For each theme, its own place and those of the themes above it; a parent stands before its
/// parts.
fn lineages(themes: &[Theme]) -> Vec<Vec<usize>> {
    let mut lineages: Vec<Vec<usize>> = Vec::new();
    for (at, theme) in themes.iter().enumerate() {
        let parent = theme.parent.as_deref();
        let above = parent
            .and_then(|parent| themes.iter().position(|theme| theme.id == parent))
            .and_then(|above| lineages.get(above));
        let lineage = [at].into_iter().chain(above.into_iter().flatten().copied());
        let lineage = lineage.collect();
        lineages.push(lineage);
    }
    lineages
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts of characters are exact up to sixteen million, and a score needs no more"
)]
fn approximate(count: usize) -> f32 {
    count as f32
}
