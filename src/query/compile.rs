//! A query tree to what the engine runs.
//!
//! Strict first: every word must stand in the passage, its title or its headings, as a word or at
//! least as characters. When fewer passages hold every word than a reader wants to see, those that
//! hold the telling part of them follow. What is scored is a sum of [`Leaf`]s, so that an
//! explanation can name each.

mod alternatives;
mod literal;
mod regions;
mod relax;
mod words;

use std::sync::Arc;

use tantivy::query::{AllQuery, BooleanQuery, Occur, Query as EngineQuery, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{Searcher, Term};

pub use self::regions::NamedRegion;
use self::relax::Atom;
pub use self::relax::{Demand, Relaxable};
pub use self::words::QueryWord;
use self::words::{Words, is_number};
use super::{Clause, Form, Query, Target};
use crate::analysis::{Dictionary, Normalized};
use crate::index::{Characters, Fields, Snapshot};
use crate::query::rewrite::Proposal;
use crate::query::run::{CoverageQuery, Enough, Terms, Weighed};
use crate::synonym::Synonyms;

/// How much each part of a passage counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// A word in the report's title.
    pub title: f32,
    /// A word in the passage's headings.
    pub heading: f32,
    /// A word in its paragraphs.
    pub body: f32,
    /// Words that stand next to each other as they were typed.
    pub phrase: f32,
    /// A whole word.
    pub word: f32,
    /// Two neighbouring characters.
    pub characters: f32,
    /// A synonym, beside the word that was typed.
    pub synonym: f32,
    /// The words of the best passages, beside those of a question.
    pub feedback: f32,
}

/// The most different words, phrases, exclusions or alternatives a query is taken to have; the
/// rest is left out, and the answer says so.
const MAX_CLAUSES: usize = 64;

/// What a word counts among the names of the report's region: a reader who names a region wants
/// its own reports before those that mention it.
const REGION_WEIGHT: f32 = 2.0;

/// One addend of the score.
pub struct Leaf {
    /// What is looked for.
    pub text: String,
    /// Where.
    pub part: Part,
    /// Of several things looked for in one another's place, each: the best counts.
    pub choices: Vec<(String, Box<dyn EngineQuery>)>,
    /// How it is looked for, weight included.
    pub query: Box<dyn EngineQuery>,
}

/// Where a leaf looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The names of the report's region.
    Region,
    /// The report's title.
    Title,
    /// The passage's headings.
    Heading,
    /// Title, headings and paragraphs together.
    Text,
    /// Its paragraphs.
    Body,
    /// Its characters, cut into words or not.
    Characters,
    /// Words next to each other.
    Phrase,
    /// Anywhere in the text, in the place of the word that was typed.
    Synonym,
    /// The same number written otherwise.
    Number,
    /// Anywhere in the text, since the best passages hold it.
    Related,
    /// The report is of a region that the query names.
    OfRegion,
}

impl Part {
    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Title => "title",
            Self::Heading => "heading",
            Self::Text => "text",
            Self::Body => "body",
            Self::Characters => "characters",
            Self::Phrase => "phrase",
            Self::Synonym => "synonym",
            Self::Number => "number",
            Self::Related => "related",
            Self::OfRegion => "of_region",
        }
    }
}

/// A string to mark where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    /// The string.
    pub text: Normalized,
    /// Whether it counts only as a whole number: 20 is not to be marked in 2009.
    pub whole: bool,
}

impl Needle {
    /// A string to mark wherever it stands.
    #[must_use]
    pub fn string(text: Normalized) -> Self {
        Self { text, whole: false }
    }

    /// A word, to mark as the index has it.
    #[must_use]
    pub fn word(word: &str) -> Self {
        Self {
            text: Normalized::new(word),
            whole: is_number(word),
        }
    }
}

/// What the engine runs for a query.
pub struct Compiled {
    /// Every group holds and no exclusion does.
    pub strict: Box<dyn EngineQuery>,
    /// What to ask for when too few passages hold everything; nothing where less cannot be asked.
    pub relaxable: Option<Relaxable>,
    /// What the score of a hit is the sum of.
    pub leaves: Vec<Leaf>,
    /// What is marked in a hit: words and phrases as the analysis sees them.
    pub needles: Vec<Needle>,
    /// The words a hit should hold.
    pub words: Vec<QueryWord>,
    /// What is looked for beside what was typed.
    pub rewrites: Vec<Proposal>,
    /// The regions the query names, each with what the index has of it.
    pub regions: Vec<NamedRegion>,
    /// Whether the query had more words than are looked up.
    pub truncated: bool,
    /// Whether it is a question rather than keywords, which passages answer in other words.
    pub is_question: bool,
    /// Whether nothing is asked for, so that everything is listed.
    pub lists_all: bool,
}

/// Compiles queries for one snapshot.
pub struct Compiler<'a> {
    fields: &'a Fields,
    dictionary: &'a Dictionary,
    themes: &'a [(String, String)],
    searcher: &'a Searcher,
    terms: Arc<Terms>,
    weights: Weights,
    synonyms: &'a Synonyms,
    rewriting: bool,
    readings: &'a [Proposal],
    reads_otherwise: bool,
}

type Clauses = Vec<(Occur, Box<dyn EngineQuery>)>;

impl<'a> Compiler<'a> {
    /// A compiler for `snapshot`.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, weights: Weights) -> Self {
        Self {
            fields: snapshot.fields(),
            dictionary: snapshot.dictionary(),
            themes: snapshot.themes(),
            searcher: snapshot.searcher(),
            terms: Terms::of(snapshot),
            weights,
            synonyms: snapshot.synonyms(),
            rewriting: false,
            readings: &[],
            reads_otherwise: false,
        }
    }

    /// The same compiler, looking for synonyms and other spellings of numbers too, and for
    /// `readings` of stretches of the query besides the one it was given; `reads_otherwise` says
    /// that the query it is given is not the one that was typed.
    #[must_use]
    pub fn rewriting(mut self, readings: &'a [Proposal], reads_otherwise: bool) -> Self {
        self.rewriting = true;
        self.readings = readings;
        self.reads_otherwise = reads_otherwise;
        self
    }

    /// The passages whose text contains `text`, and no other.
    #[must_use]
    pub fn exact(&self, text: &str) -> Compiled {
        let needle = Normalized::new(text);
        let lists_all = needle.as_str().is_empty();
        let query = literal::contains(self.fields, &needle);
        Compiled {
            leaves: if lists_all {
                Vec::new()
            } else {
                vec![Leaf {
                    text: text.to_owned(),
                    part: Part::Characters,
                    choices: Vec::new(),
                    query: query.box_clone(),
                }]
            },
            strict: query,
            relaxable: None,
            needles: vec![Needle::string(needle)],
            words: Vec::new(),
            rewrites: Vec::new(),
            regions: Vec::new(),
            truncated: false,
            is_question: false,
            lists_all,
        }
    }

    /// The passages that answer `query`, which was typed as `text`.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn smart(&self, text: &str, query: &Query) -> tantivy::Result<Compiled> {
        if query.groups.is_empty() && query.excluded.is_empty() {
            // Nothing, or nothing but punctuation.
            return Ok(self.exact(text));
        }
        let mut gathered = Gathered::default();
        let mut required: Clauses = Vec::new();
        let mut units: Clauses = Vec::new();
        let mut atoms: Vec<Atom> = Vec::new();
        let mut bonus: Clauses = Vec::new();
        let groups = distinct(&query.groups, &mut gathered);
        let exclusions = distinct(&query.excluded, &mut gathered);
        for group in groups {
            match group.any.as_slice() {
                [
                    Clause {
                        target: Target::Anywhere,
                        form: Form::Words(text),
                    },
                ] => {
                    let words = self.words(text, &mut gathered)?;
                    atoms.extend(words.atoms);
                    units.extend(words.units.into_iter().map(|unit| (Occur::Must, unit)));
                    bonus.extend(words.bonus.into_iter().map(|more| (Occur::Should, more)));
                }
                [clause] => required.push((Occur::Must, self.clause(clause, &mut gathered)?)),
                alternatives => {
                    // One of several is one unit, whatever they are made of.
                    let alternatives = distinct(alternatives, &mut gathered)
                        .into_iter()
                        .map(|clause| self.clause(clause, &mut gathered))
                        .collect::<tantivy::Result<_>>()?;
                    let query = any(alternatives);
                    atoms.push(Atom {
                        query: query.box_clone(),
                        weight: 1.0,
                    });
                    units.push((Occur::Must, query));
                }
            }
        }
        let excluded: Clauses = exclusions
            .into_iter()
            .map(|clause| Ok((Occur::MustNot, self.excluded(clause)?)))
            .collect::<tantivy::Result<_>>()?;
        // What the text holds as it was typed is found, whatever was read into the query: syntax,
        // or a number that is part of a longer one.
        let literal = (query.has_syntax
            || gathered.words.iter().any(|word| is_number(&word.text))
            || self.reads_otherwise)
            .then(|| literal::contains(self.fields, &Normalized::new(text)));
        // Where it stands nowhere, not asking for it saves looking everything up twice.
        let literal = match literal {
            Some(literal) if literal::stands(self.searcher, &*literal)? => Some(literal),
            _ => None,
        };

        let mut all = copy(&required);
        all.extend(copy(&units));
        if all.is_empty() {
            all.push((Occur::Must, literal::silent(Box::new(AllQuery))));
        }
        let regions = self.regions(query, &mut bonus, &mut gathered)?;
        let strict = held(all, copy(&bonus), copy(&excluded), literal.as_deref());
        // A relaxed hit that does hold a whole word is to gain by it what a strict hit does.
        let whole = units.into_iter().map(|(_, unit)| (Occur::Should, unit));
        let relaxable = (atoms.len() > 1).then(|| Relaxable {
            required,
            atoms,
            bonus: bonus.into_iter().chain(whole).collect(),
            excluded,
            literal,
            needles: gathered.part_needles,
        });
        Ok(Compiled {
            strict,
            relaxable,
            leaves: gathered.leaves,
            needles: gathered.needles,
            words: gathered.words,
            rewrites: gathered.rewrites,
            regions,
            truncated: gathered.truncated,
            is_question: gathered.is_question,
            lists_all: query.groups.is_empty(),
        })
    }

    /// A clause whose words must all hold.
    fn clause(
        &self,
        clause: &Clause,
        gathered: &mut Gathered,
    ) -> tantivy::Result<Box<dyn EngineQuery>> {
        Ok(match (clause.target, &clause.form) {
            (Target::Anywhere, Form::Words(text)) => {
                let Words { units, bonus, .. } = self.words(text, gathered)?;
                let must = units.into_iter().map(|unit| (Occur::Must, unit));
                let should = bonus.into_iter().map(|more| (Occur::Should, more));
                let clauses = must.chain(should).collect();
                Box::new(BooleanQuery::new(clauses))
            }
            (Target::Anywhere, Form::Phrase(text)) => {
                let needle = Normalized::new(text);
                let query = any(self.phrase_anywhere(text, &needle, gathered));
                gathered.needles.push(Needle::string(needle));
                query
            }
            (Target::Theme, form) => self.theme(form.text(), gathered)?,
            (Target::Region, form) => {
                self.characters(self.fields.region_names, form.text(), gathered)
            }
            (Target::Heading, form) => {
                let query = self.characters(self.fields.heading_characters, form.text(), gathered);
                gathered
                    .needles
                    .push(Needle::string(Normalized::new(form.text())));
                query
            }
        })
    }

    /// What must not hold: any of the text, wherever the positive form would look for it.
    fn excluded(&self, clause: &Clause) -> tantivy::Result<Box<dyn EngineQuery>> {
        let mut unscored = Gathered::default();
        let query = match (clause.target, &clause.form) {
            // A word is excluded as a string: 集团化办学 does not exclude every 办学.
            (Target::Anywhere, form) => {
                let needle = Normalized::new(form.text());
                if is_number(needle.as_str()) {
                    // -20 excludes 20, not 2014.
                    self.whole_number(needle.as_str())
                } else {
                    any(self.phrase_anywhere(form.text(), &needle, &mut unscored))
                }
            }
            _ => self.clause(clause, &mut unscored)?,
        };
        Ok(moving_forward(query))
    }

    fn phrase_anywhere(
        &self,
        text: &str,
        needle: &Normalized,
        gathered: &mut Gathered,
    ) -> Vec<Box<dyn EngineQuery>> {
        let fields = self.fields;
        let in_text = Weighed::new(literal::contains(fields, needle), self.weights.phrase);
        let mut queries = vec![gathered.leaf(text, Part::Phrase, Box::new(in_text))];
        for (field, part, weight) in [
            (fields.region_names, Part::Region, REGION_WEIGHT),
            (fields.title_characters, Part::Title, self.weights.title),
            (
                fields.heading_characters,
                Part::Heading,
                self.weights.heading,
            ),
        ] {
            let query = Weighed::new(literal::characters(field, needle), weight);
            queries.push(gathered.leaf(text, part, Box::new(query)));
        }
        queries
    }

    fn characters(
        &self,
        field: Characters,
        text: &str,
        gathered: &mut Gathered,
    ) -> Box<dyn EngineQuery> {
        let query = literal::characters(field, &Normalized::new(text));
        let part = if field == self.fields.region_names {
            Part::Region
        } else {
            Part::Heading
        };
        gathered.leaf(text, part, query)
    }

    /// The themes whose id is `text` or whose label holds it; where there is none, the text is
    /// words, since a colon after 主题 is common in titles.
    fn theme(&self, text: &str, gathered: &mut Gathered) -> tantivy::Result<Box<dyn EngineQuery>> {
        let asked = Normalized::new(text);
        let themes: Clauses = self
            .themes
            .iter()
            .filter(|(id, label)| {
                id == asked.as_str() || Normalized::new(label).as_str().contains(asked.as_str())
            })
            .map(|(id, _)| {
                let term = Term::from_field_text(self.fields.theme, id);
                let query = TermQuery::new(term, IndexRecordOption::Basic);
                (Occur::Should, literal::silent(Box::new(query)))
            })
            .collect();
        if themes.is_empty() {
            return self.clause(
                &Clause {
                    target: Target::Anywhere,
                    form: Form::Words(text.to_owned()),
                },
                gathered,
            );
        }
        Ok(Box::new(BooleanQuery::new(themes)))
    }
}

/// What compiling gathers on its way.
#[derive(Default)]
struct Gathered {
    leaves: Vec<Leaf>,
    needles: Vec<Needle>,
    words: Vec<QueryWord>,
    rewrites: Vec<Proposal>,
    truncated: bool,
    is_question: bool,
    part_needles: Vec<Needle>,
}

impl Gathered {
    /// Notes an addend of the score and gives it back.
    fn leaf(
        &mut self,
        text: &str,
        part: Part,
        query: Box<dyn EngineQuery>,
    ) -> Box<dyn EngineQuery> {
        self.leaves.push(Leaf {
            text: text.to_owned(),
            part,
            choices: Vec::new(),
            query: query.box_clone(),
        });
        query
    }
}

/// Each of `clauses` once, as many as one query may ask for.
fn distinct<'c, T: PartialEq>(clauses: &'c [T], gathered: &mut Gathered) -> Vec<&'c T> {
    let mut kept: Vec<&T> = Vec::new();
    for clause in clauses {
        if kept.contains(&clause) {
            continue;
        }
        if kept.len() == MAX_CLAUSES {
            gathered.truncated = true;
            break;
        }
        kept.push(clause);
    }
    kept
}

/// Passages that hold `all` and nothing of `excluded`, or else the literal text; scored by what
/// they hold of `all` and of `bonus`.
fn held(
    all: Clauses,
    bonus: Clauses,
    excluded: Clauses,
    literal: Option<&dyn EngineQuery>,
) -> Box<dyn EngineQuery> {
    let mut clauses = match literal {
        None => all.into_iter().chain(excluded).collect(),
        Some(literal) => {
            let mut clauses: Clauses = copy(&all)
                .into_iter()
                .map(|(_, query)| (Occur::Should, query))
                .collect();
            let strict: Clauses = all.into_iter().chain(excluded).collect();
            let either = any(vec![
                Box::new(BooleanQuery::new(strict)),
                literal.box_clone(),
            ]);
            clauses.push((Occur::Must, literal::silent(either)));
            clauses
        }
    };
    clauses.extend(bonus);
    Box::new(BooleanQuery::new(clauses))
}

/// `query` for exclusion. The engine's asks a phrase for places it has passed already, which phrases
/// do not allow; a coverage of one clause only ever moves forward.
fn moving_forward(query: Box<dyn EngineQuery>) -> Box<dyn EngineQuery> {
    let held = Enough {
        weight: 0.0,
        clauses: 1,
        alone: 0.0,
    };
    let query = literal::silent(query);
    Box::new(CoverageQuery::new(vec![(query, 1.0)], held))
}

fn any(queries: Vec<Box<dyn EngineQuery>>) -> Box<dyn EngineQuery> {
    Box::new(BooleanQuery::new(
        queries
            .into_iter()
            .map(|query| (Occur::Should, query))
            .collect(),
    ))
}

fn copy(clauses: &Clauses) -> Clauses {
    clauses
        .iter()
        .map(|(occur, query)| (*occur, query.box_clone()))
        .collect()
}
