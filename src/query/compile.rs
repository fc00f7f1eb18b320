//! A query tree to what the engine runs.
//!
//! Strict first: every word must stand in the passage, its title or its headings, as a word or at
//! least as characters. When fewer passages hold every word than a reader wants to see, those that
//! hold most of the words follow them. What is scored is a sum of [`Leaf`]s, so that an
//! explanation can name each.

mod literal;

use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, EmptyQuery, Occur, Query as EngineQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use super::{Clause, Form, Group, Query, Target};
use crate::analysis::{Dictionary, Normalized, Word};
use crate::index::{Fields, Snapshot};

/// How much each part of a passage counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// A word in the report's title or among the names of its region.
    pub title: f32,
    /// A word in the passage's headings.
    pub heading: f32,
    /// A word in its paragraphs.
    pub body: f32,
    /// Words that stand next to each other as they were typed.
    pub phrase: f32,
}

/// What a word counts where it stands only as characters, cut otherwise by the dictionary; small,
/// so that the word itself ranks above it.
const CHARACTERS_WEIGHT: f32 = 0.1;
/// Two words next to each other, as a share of the whole phrase.
const PAIR_SHARE: f32 = 0.5;
/// The share of its words a passage must hold once a query is relaxed.
const REQUIRED_SHARE: f32 = 0.5;
/// The most words of a query that are looked up; the rest is left out, and the answer says so.
const MAX_WORDS: usize = 64;

/// One addend of the score.
pub struct Leaf {
    /// What is looked for.
    pub text: String,
    /// Where.
    pub part: Part,
    /// How it is looked for, weight included.
    pub query: Box<dyn EngineQuery>,
}

/// Where a leaf looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The report's title and the names of its region.
    Title,
    /// The passage's headings.
    Heading,
    /// Its paragraphs.
    Body,
    /// Its characters, cut into words or not.
    Characters,
    /// Words next to each other.
    Phrase,
}

impl Part {
    /// Its name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Heading => "heading",
            Self::Body => "body",
            Self::Characters => "characters",
            Self::Phrase => "phrase",
        }
    }
}

/// What the engine runs for a query.
pub struct Compiled {
    /// Every group holds and no exclusion does.
    pub strict: Box<dyn EngineQuery>,
    /// The same, but of the words only most are asked for; nothing where that would not differ.
    pub relaxed: Option<Relaxed>,
    /// What the score of a strict or relaxed hit is the sum of.
    pub leaves: Vec<Leaf>,
    /// What is marked in a hit: words and phrases as the analysis sees them.
    pub needles: Vec<Normalized>,
    /// The words a hit should hold, normalised.
    pub words: Vec<String>,
    /// Whether the query had more words than are looked up.
    pub truncated: bool,
    /// Whether nothing is asked for, so that everything is listed.
    pub lists_all: bool,
}

/// A query that asks for most of its words.
pub struct Relaxed {
    /// What the engine runs; finds whatever the strict query finds.
    pub query: Box<dyn EngineQuery>,
    /// How many of the words must stand in a passage.
    pub required: usize,
    /// How many words there are.
    pub of: usize,
}

/// Compiles queries for one snapshot.
pub struct Compiler<'a> {
    fields: &'a Fields,
    dictionary: &'a Dictionary,
    themes: &'a [(String, String)],
    weights: Weights,
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
            weights,
        }
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
                    query: query.box_clone(),
                }]
            },
            strict: query,
            relaxed: None,
            needles: vec![needle],
            words: Vec::new(),
            truncated: false,
            lists_all,
        }
    }

    /// The passages that answer `query`, which was typed as `text`.
    #[must_use]
    pub fn smart(&self, text: &str, query: &Query) -> Compiled {
        let whole = Normalized::new(text);
        if query.groups.is_empty() && query.excluded.is_empty() {
            // Nothing, or nothing but punctuation.
            return self.exact(text);
        }
        let mut work = Work::default();
        let mut required: Clauses = Vec::new();
        let mut units: Vec<Box<dyn EngineQuery>> = Vec::new();
        let mut bonus: Clauses = Vec::new();
        for group in &query.groups {
            self.group(group, &mut work, &mut required, &mut units, &mut bonus);
        }
        let excluded: Clauses = query
            .excluded
            .iter()
            .map(|clause| (Occur::MustNot, self.excluded(clause)))
            .collect();

        let mut strict = copy(&required);
        strict.extend(units.iter().map(|unit| (Occur::Must, unit.box_clone())));
        if strict.is_empty() {
            strict.push((Occur::Must, literal::silent(Box::new(AllQuery))));
        }
        strict.extend(copy(&bonus));
        strict.extend(copy(&excluded));
        let strict: Box<dyn EngineQuery> = Box::new(BooleanQuery::new(strict));

        let of = units.len();
        let needed = needed(of);
        let relaxed = (needed < of).then(|| {
            let mut clauses = copy(&required);
            let units = units.into_iter().map(|unit| (Occur::Should, unit)).collect();
            clauses.push((
                Occur::Must,
                Box::new(BooleanQuery::with_minimum_required_clauses(units, needed)),
            ));
            clauses.extend(bonus);
            clauses.extend(excluded);
            Relaxed {
                query: self.or_literal(Box::new(BooleanQuery::new(clauses)), query, &whole),
                required: needed,
                of,
            }
        });
        Compiled {
            strict: self.or_literal(strict, query, &whole),
            relaxed,
            leaves: work.leaves,
            needles: work.needles,
            words: work.words,
            truncated: work.truncated,
            lists_all: query.groups.is_empty(),
        }
    }

    /// `query`, or the literal text of it: a text that holds `-` or quotes the way they were typed
    /// is found even though they were read as syntax.
    fn or_literal(
        &self,
        compiled: Box<dyn EngineQuery>,
        query: &Query,
        whole: &Normalized,
    ) -> Box<dyn EngineQuery> {
        if !query.has_syntax {
            return compiled;
        }
        Box::new(BooleanQuery::new(vec![
            (Occur::Should, compiled),
            (
                Occur::Should,
                literal::silent(literal::contains(self.fields, whole)),
            ),
        ]))
    }

    /// Adds what `group` asks for: to `required` where it must hold even in a relaxed query, to
    /// `units` word by word otherwise.
    fn group(
        &self,
        group: &Group,
        work: &mut Work,
        required: &mut Clauses,
        units: &mut Vec<Box<dyn EngineQuery>>,
        bonus: &mut Clauses,
    ) {
        if let [clause] = group.any.as_slice() {
            match (&clause.form, clause.target) {
                (Form::Words(text), Target::Anywhere) => {
                    let (words, phrases) = self.words(text, work);
                    units.extend(words);
                    bonus.extend(phrases.into_iter().map(|phrase| (Occur::Should, phrase)));
                }
                _ => required.push((Occur::Must, self.clause(clause, work))),
            }
            return;
        }
        // One of several is one unit, whatever they are made of.
        let any = group
            .any
            .iter()
            .map(|clause| (Occur::Should, self.clause(clause, work)))
            .collect();
        units.push(Box::new(BooleanQuery::new(any)));
    }

    /// A clause whose words must all hold.
    fn clause(&self, clause: &Clause, work: &mut Work) -> Box<dyn EngineQuery> {
        match (clause.target, &clause.form) {
            (Target::Anywhere, Form::Words(text)) => {
                let (words, phrases) = self.words(text, work);
                let clauses = words
                    .into_iter()
                    .map(|word| (Occur::Must, word))
                    .chain(phrases.into_iter().map(|phrase| (Occur::Should, phrase)))
                    .collect();
                Box::new(BooleanQuery::new(clauses))
            }
            (Target::Anywhere, Form::Phrase(text)) => {
                let needle = Normalized::new(text);
                let query = any(self.phrase_anywhere(text, &needle, work));
                work.needles.push(needle);
                query
            }
            (Target::Theme, form) => self.theme(form.text(), work),
            (Target::Region, form) => {
                self.characters(self.fields.region_names, form.text(), work)
            }
            (Target::Heading, form) => {
                let query = self.characters(self.fields.heading_characters, form.text(), work);
                work.needles.push(Normalized::new(form.text()));
                query
            }
        }
    }

    /// What must not hold: any of the text, wherever the positive form would look for it.
    fn excluded(&self, clause: &Clause) -> Box<dyn EngineQuery> {
        let mut unscored = Work::default();
        match (clause.target, &clause.form) {
            // A word is excluded as a string: 集团化办学 does not exclude every 办学.
            (Target::Anywhere, form) => {
                let needle = Normalized::new(form.text());
                any(self.phrase_anywhere(form.text(), &needle, &mut unscored))
            }
            _ => self.clause(clause, &mut unscored),
        }
    }

    fn phrase_anywhere(
        &self,
        text: &str,
        needle: &Normalized,
        work: &mut Work,
    ) -> Vec<Box<dyn EngineQuery>> {
        let fields = self.fields;
        let in_text = BoostQuery::new(literal::contains(fields, needle), self.weights.phrase);
        let mut queries = vec![work.leaf(text, Part::Phrase, Box::new(in_text))];
        if let Some(query) = literal::characters(fields.title_characters, needle) {
            let query = BoostQuery::new(query, self.weights.title);
            queries.push(work.leaf(text, Part::Title, Box::new(query)));
        }
        if let Some(query) = literal::characters(fields.heading_characters, needle) {
            let query = BoostQuery::new(query, self.weights.heading);
            queries.push(work.leaf(text, Part::Heading, Box::new(query)));
        }
        queries
    }

    fn characters(&self, field: Field, text: &str, work: &mut Work) -> Box<dyn EngineQuery> {
        let needle = Normalized::new(text);
        match literal::characters(field, &needle) {
            Some(query) => {
                let part = if field == self.fields.region_names {
                    Part::Title
                } else {
                    Part::Heading
                };
                work.leaf(text, part, query)
            }
            None => Box::new(EmptyQuery),
        }
    }

    /// The themes whose id is `text` or whose label holds it; where there is none, the text is
    /// words, since a colon after 主题 is common in titles.
    fn theme(&self, text: &str, work: &mut Work) -> Box<dyn EngineQuery> {
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
                work,
            );
        }
        Box::new(BooleanQuery::new(themes))
    }

    /// A query for each word of `text`, and those that reward words standing together.
    fn words(
        &self,
        text: &str,
        work: &mut Work,
    ) -> (Vec<Box<dyn EngineQuery>>, Vec<Box<dyn EngineQuery>>) {
        let normalized = Normalized::new(text);
        let words = self.dictionary.words(normalized.as_str());
        let room = MAX_WORDS.saturating_sub(work.words.len());
        work.truncated |= words.len() > room;
        let words: Vec<Word<'_>> = words.into_iter().take(room).collect();
        work.words
            .extend(words.iter().map(|word| word.text.to_owned()));

        let mut phrases = Vec::new();
        if words.len() > 1 {
            for pair in words.windows(2) {
                let [first, second] = pair else { continue };
                let together = slice(&normalized, first.start, second.end);
                phrases.extend(self.together(&together, PAIR_SHARE, work));
            }
        }
        if words.len() > 2 {
            phrases.extend(self.together(normalized.as_str(), 1.0, work));
        }
        if !normalized.as_str().is_empty() {
            work.needles.push(normalized.clone());
        }
        let queries = words
            .iter()
            .map(|word| {
                work.needles.push(Normalized::new(word.text));
                any(self.word(word.text, work))
            })
            .collect();
        (queries, phrases)
    }

    fn together(
        &self,
        text: &str,
        share: f32,
        work: &mut Work,
    ) -> Option<Box<dyn EngineQuery>> {
        let query = literal::characters(self.fields.text_characters, &Normalized::new(text))?;
        let query = BoostQuery::new(query, self.weights.phrase * share);
        Some(work.leaf(text, Part::Phrase, Box::new(query)))
    }

    /// A word wherever it stands.
    fn word(&self, word: &str, work: &mut Work) -> Vec<Box<dyn EngineQuery>> {
        let fields = self.fields;
        let weights = self.weights;
        let mut queries: Vec<Box<dyn EngineQuery>> = [
            (fields.title_words, Part::Title, weights.title),
            (fields.heading_words, Part::Heading, weights.heading),
            (fields.body_words, Part::Body, weights.body),
        ]
        .into_iter()
        .map(|(field, part, weight)| {
            let term = Term::from_field_text(field, word);
            let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
            work.leaf(word, part, Box::new(BoostQuery::new(Box::new(query), weight)))
        })
        .collect();
        let needle = Normalized::new(word);
        for field in [fields.text_characters, fields.title_characters] {
            if let Some(query) = literal::characters(field, &needle) {
                let query = BoostQuery::new(query, CHARACTERS_WEIGHT);
                queries.push(work.leaf(word, Part::Characters, Box::new(query)));
            }
        }
        queries
    }
}

/// What compiling gathers on its way.
#[derive(Default)]
struct Work {
    leaves: Vec<Leaf>,
    needles: Vec<Normalized>,
    words: Vec<String>,
    truncated: bool,
}

impl Work {
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
            query: query.box_clone(),
        });
        query
    }
}

/// How many of `of` words must stand in a passage once a query is relaxed: half of them, and one
/// of two.
fn needed(of: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "at most MAX_WORDS"
    )]
    let share = (of as f32 * REQUIRED_SHARE).ceil() as usize;
    share.max(1)
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

/// Characters `start..end` of a normalised text.
fn slice(text: &Normalized, start: usize, end: usize) -> String {
    text.as_str().chars().skip(start).take(end - start).collect()
}
