//! A query tree to what the engine runs.
//!
//! Strict first: every word must stand in the passage, its title or its headings, as a word or at
//! least as characters. When fewer passages hold every word than a reader wants to see, those that
//! hold the telling part of them follow. What is scored is a sum of [`Leaf`]s, so that an
//! explanation can name each.

mod coverage;
mod literal;

use std::ops::Range;

use tantivy::query::{AllQuery, BooleanQuery, BoostQuery, Occur, Query as EngineQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{Searcher, Term};

use self::coverage::{CoverageQuery, Enough};
use super::function_words::is_function_word;
use super::{Clause, Form, Query, Target};
use crate::analysis::{Dictionary, Normalized};
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
/// What part of a long word counts, as a share of the word.
const PART_SHARE: f32 = 0.5;
/// The share of a query's weight a passage must hold once it is relaxed.
const REQUIRED_SHARE: f32 = 0.4;
/// The share with which a single word is enough even where several are demanded: what is left out
/// then says next to nothing, as 教育 does in reports on education.
const ALONE_SHARE: f32 = 0.66;
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
    /// What to ask for when too few passages hold everything; nothing where less cannot be asked.
    pub relaxable: Option<Relaxable>,
    /// What the score of a hit is the sum of.
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

/// A query whose words need not all be held. Its words are cut finer here: 集团化 asks for 集团.
pub struct Relaxable {
    required: Clauses,
    atoms: Vec<Atom>,
    optional: Clauses,
    /// Finds what the strict query finds by the literal text alone.
    literal: Option<Box<dyn EngineQuery>>,
    /// What the parts add to the score, besides the leaves of the strict query.
    pub leaves: Vec<Leaf>,
    /// The parts to mark in a hit, besides what the strict query marks.
    pub needles: Vec<Normalized>,
}

/// A word that is asked for, or a part of one.
struct Atom {
    query: Box<dyn EngineQuery>,
    /// How telling it is; 0 where no passage holds it.
    weight: f32,
}

/// How much of a relaxed query a passage must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// The least number of words.
    pub words: usize,
    share: f32,
}

impl Relaxable {
    /// How many words there are.
    #[must_use]
    pub fn of(&self) -> usize {
        self.atoms.len()
    }

    /// What to demand, most first, each to be tried when the one before it finds nothing.
    ///
    /// Two words that stand together in some passage are both meant, so as long as any passage is
    /// `complete`, a single word is enough only when the others say next to nothing.
    #[must_use]
    pub fn demands(&self, complete: bool) -> Vec<Demand> {
        let held = self.atoms.iter().filter(|atom| atom.weight > 0.0).count();
        let demand = |words, share| Demand { words, share };
        let mut demands = vec![demand(2, REQUIRED_SHARE)];
        if !complete {
            demands.extend([demand(1, REQUIRED_SHARE), demand(1, 0.0)]);
        }
        demands.retain(|demand| demand.words <= held);
        demands
    }

    /// What the engine runs under `demand`; finds whatever the strict query finds.
    #[must_use]
    pub fn query(&self, demand: Demand) -> Box<dyn EngineQuery> {
        let total: f32 = self.atoms.iter().map(|atom| atom.weight).sum();
        let clauses = self
            .atoms
            .iter()
            .filter(|atom| atom.weight > 0.0)
            .map(|atom| (atom.query.box_clone(), atom.weight))
            .collect();
        let enough = Enough {
            weight: total * demand.share,
            clauses: demand.words,
            alone: total * ALONE_SHARE,
        };
        let covered = CoverageQuery::new(clauses, enough);
        let mut all = copy(&self.required);
        all.push((Occur::Must, Box::new(covered)));
        all.extend(copy(&self.optional));
        let query: Box<dyn EngineQuery> = Box::new(BooleanQuery::new(all));
        match &self.literal {
            None => query,
            Some(literal) => any(vec![query, literal.box_clone()]),
        }
    }
}

/// Compiles queries for one snapshot.
pub struct Compiler<'a> {
    fields: &'a Fields,
    dictionary: &'a Dictionary,
    themes: &'a [(String, String)],
    searcher: &'a Searcher,
    weights: Weights,
}

type Clauses = Vec<(Occur, Box<dyn EngineQuery>)>;
/// The words of a piece of text, and what rewards them for standing together.
type WordsAndPhrases = (Vec<QueryWord>, Vec<Box<dyn EngineQuery>>);

impl<'a> Compiler<'a> {
    /// A compiler for `snapshot`.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, weights: Weights) -> Self {
        Self {
            fields: snapshot.fields(),
            dictionary: snapshot.dictionary(),
            themes: snapshot.themes(),
            searcher: snapshot.searcher(),
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
            relaxable: None,
            needles: vec![needle],
            words: Vec::new(),
            truncated: false,
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
        for group in &query.groups {
            match group.any.as_slice() {
                [
                    Clause {
                        target: Target::Anywhere,
                        form: Form::Words(text),
                    },
                ] => {
                    let (words, phrases) = self.words(text, &mut gathered)?;
                    for word in &words {
                        atoms.extend(self.atoms(word, &mut gathered)?);
                    }
                    units.extend(words.into_iter().map(|word| (Occur::Must, word.query)));
                    bonus.extend(phrases.into_iter().map(|phrase| (Occur::Should, phrase)));
                }
                [clause] => required.push((Occur::Must, self.clause(clause, &mut gathered)?)),
                alternatives => {
                    // One of several is one unit, whatever they are made of.
                    let alternatives = alternatives
                        .iter()
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
        for clause in &query.excluded {
            bonus.push((Occur::MustNot, self.excluded(clause)?));
        }
        let literal = query.has_syntax.then(|| {
            // A text that holds `-` or quotes the way they were typed is found even though they
            // were read as syntax.
            literal::silent(literal::contains(self.fields, &Normalized::new(text)))
        });

        let mut strict = copy(&required);
        strict.extend(copy(&units));
        if strict.is_empty() {
            strict.push((Occur::Must, literal::silent(Box::new(AllQuery))));
        }
        strict.extend(copy(&bonus));
        let mut strict: Box<dyn EngineQuery> = Box::new(BooleanQuery::new(strict));
        if let Some(literal) = &literal {
            strict = any(vec![strict, literal.box_clone()]);
        }
        // A relaxed hit that does hold a whole word is to gain by it what a strict hit does.
        let whole = units.into_iter().map(|(_, unit)| (Occur::Should, unit));
        let relaxable = (atoms.len() > 1).then(|| Relaxable {
            required,
            optional: bonus.into_iter().chain(whole).collect(),
            atoms,
            literal,
            leaves: gathered.part_leaves,
            needles: gathered.part_needles,
        });
        Ok(Compiled {
            strict,
            relaxable,
            leaves: gathered.leaves,
            needles: gathered.needles,
            words: gathered.words,
            truncated: gathered.truncated,
            lists_all: query.groups.is_empty(),
        })
    }

    /// What a relaxed query asks for in the place of `word`: the words it is made of, or itself.
    fn atoms(&self, word: &QueryWord, gathered: &mut Gathered) -> tantivy::Result<Vec<Atom>> {
        let parts: Vec<String> = self
            .dictionary
            .words_and_parts(&word.text)
            .into_iter()
            .filter(|part| part.text != word.text && part.end - part.start > 1)
            .map(|part| part.text.to_owned())
            .collect();
        if parts.is_empty() {
            return Ok(vec![Atom {
                // The word itself scores among the optional clauses.
                query: literal::silent(word.query.box_clone()),
                weight: self.telling(&word.text)?,
            }]);
        }
        parts
            .iter()
            .map(|part| {
                let mut own = Gathered::default();
                let query = any(self.word(part, PART_SHARE, &mut own));
                gathered.part_leaves.append(&mut own.leaves);
                gathered.part_needles.push(Normalized::new(part));
                Ok(Atom {
                    query,
                    weight: self.telling(part)?,
                })
            })
            .collect()
    }

    /// How telling a word is: the square root of its inverse document frequency, so that one rare
    /// word does not outweigh all others; 0 where no passage holds it.
    ///
    /// The frequency is that of its rarest pair of characters, an upper bound that costs no
    /// reading of positions. The formula is BM25's, `ln(1 + (N - n + 0.5) / (n + 0.5))`.
    fn telling(&self, word: &str) -> tantivy::Result<f32> {
        let needle = Normalized::new(word);
        let mut frequency = 0;
        for field in [self.fields.text_characters, self.fields.title_characters] {
            let mut rarest = u64::MAX;
            for term in literal::grams(field, &needle) {
                rarest = rarest.min(self.searcher.doc_freq(&term)?);
            }
            if rarest != u64::MAX {
                frequency = frequency.max(rarest);
            }
        }
        if frequency == 0 {
            return Ok(0.0);
        }
        #[expect(clippy::cast_precision_loss, reason = "a ratio of counts")]
        let (all, frequency) = (self.searcher.num_docs() as f32, frequency as f32);
        Ok(((all - frequency + 0.5) / (frequency + 0.5)).ln_1p().sqrt())
    }

    /// A clause whose words must all hold.
    fn clause(
        &self,
        clause: &Clause,
        gathered: &mut Gathered,
    ) -> tantivy::Result<Box<dyn EngineQuery>> {
        Ok(match (clause.target, &clause.form) {
            (Target::Anywhere, Form::Words(text)) => {
                let (words, phrases) = self.words(text, gathered)?;
                let clauses = words
                    .into_iter()
                    .map(|word| (Occur::Must, word.query))
                    .chain(phrases.into_iter().map(|phrase| (Occur::Should, phrase)))
                    .collect();
                Box::new(BooleanQuery::new(clauses))
            }
            (Target::Anywhere, Form::Phrase(text)) => {
                let needle = Normalized::new(text);
                let query = any(self.phrase_anywhere(text, &needle, gathered));
                gathered.needles.push(needle);
                query
            }
            (Target::Theme, form) => self.theme(form.text(), gathered)?,
            (Target::Region, form) => {
                self.characters(self.fields.region_names, form.text(), gathered)
            }
            (Target::Heading, form) => {
                let query = self.characters(self.fields.heading_characters, form.text(), gathered);
                gathered.needles.push(Normalized::new(form.text()));
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
                any(self.phrase_anywhere(form.text(), &needle, &mut unscored))
            }
            _ => self.clause(clause, &mut unscored)?,
        };
        // The engine's exclusion asks a phrase for places it has passed already, which phrases do
        // not allow; a coverage of one clause only ever moves forward.
        let held = Enough {
            weight: 0.0,
            clauses: 1,
            alone: 0.0,
        };
        let query = literal::silent(query);
        Ok(Box::new(CoverageQuery::new(vec![(query, 1.0)], held)))
    }

    fn phrase_anywhere(
        &self,
        text: &str,
        needle: &Normalized,
        gathered: &mut Gathered,
    ) -> Vec<Box<dyn EngineQuery>> {
        let fields = self.fields;
        let in_text = BoostQuery::new(literal::contains(fields, needle), self.weights.phrase);
        let mut queries = vec![gathered.leaf(text, Part::Phrase, Box::new(in_text))];
        for (field, part, weight) in [
            (fields.title_characters, Part::Title, self.weights.title),
            (
                fields.heading_characters,
                Part::Heading,
                self.weights.heading,
            ),
        ] {
            let query = BoostQuery::new(literal::characters(field, needle), weight);
            queries.push(gathered.leaf(text, part, Box::new(query)));
        }
        queries
    }

    fn characters(
        &self,
        field: Field,
        text: &str,
        gathered: &mut Gathered,
    ) -> Box<dyn EngineQuery> {
        let query = literal::characters(field, &Normalized::new(text));
        let part = if field == self.fields.region_names {
            Part::Title
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

    /// A query for each word of `text`, and those that reward words standing together.
    fn words(&self, text: &str, gathered: &mut Gathered) -> tantivy::Result<WordsAndPhrases> {
        let normalized = Normalized::new(text);
        let mut cut = self.cut(&normalized)?;
        let room = MAX_WORDS.saturating_sub(gathered.words.len());
        gathered.truncated |= cut.len() > room;
        cut.truncate(room);
        gathered
            .words
            .extend(cut.iter().map(|(text, _)| text.clone()));

        let mut phrases = Vec::new();
        for pair in cut.windows(2) {
            let [(_, first), (_, second)] = pair else {
                continue;
            };
            let together = slice(&normalized, first.start, second.end);
            phrases.push(self.together(&together, PAIR_SHARE, gathered));
        }
        if cut.len() > 2 {
            phrases.push(self.together(normalized.as_str(), 1.0, gathered));
        }
        gathered.needles.push(normalized);
        let words = cut
            .into_iter()
            .map(|(text, _)| {
                gathered.needles.push(Normalized::new(&text));
                QueryWord {
                    query: any(self.word(&text, 1.0, gathered)),
                    text,
                }
            })
            .collect();
        Ok((words, phrases))
    }

    /// The words of a query that carry meaning, with the characters they take.
    ///
    /// Characters left over one by one are a word the dictionary does not know, such as 慕课, as
    /// long as the corpus has them side by side. Function words are left out, unless there is
    /// nothing else.
    fn cut(&self, text: &Normalized) -> tantivy::Result<Vec<(String, Range<usize>)>> {
        let all: Vec<(String, Range<usize>)> = self
            .dictionary
            .words(text.as_str())
            .into_iter()
            .map(|word| (word.text.to_owned(), word.start..word.end))
            .collect();
        let mut words: Vec<(String, Range<usize>)> = Vec::new();
        let content = all.iter().filter(|(word, _)| !is_function_word(word));
        for (word, range) in content.cloned() {
            if range.len() == 1
                && let Some((last, before)) = words.last_mut()
                && before.end == range.start
                && last.chars().all(is_ideograph)
                && word.chars().all(is_ideograph)
                && all
                    .iter()
                    .any(|(_, one)| one.len() == 1 && one.end == before.end)
            {
                let joined = format!("{last}{word}");
                if self.telling(&joined)? > 0.0 {
                    *last = joined;
                    before.end = range.end;
                    continue;
                }
            }
            words.push((word, range));
        }
        Ok(if words.is_empty() { all } else { words })
    }

    fn together(&self, text: &str, share: f32, gathered: &mut Gathered) -> Box<dyn EngineQuery> {
        let query = literal::characters(self.fields.text_characters, &Normalized::new(text));
        let query = BoostQuery::new(query, self.weights.phrase * share);
        gathered.leaf(text, Part::Phrase, Box::new(query))
    }

    /// A word wherever it stands.
    fn word(&self, word: &str, share: f32, gathered: &mut Gathered) -> Vec<Box<dyn EngineQuery>> {
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
            let query = BoostQuery::new(Box::new(query), weight * share);
            gathered.leaf(word, part, Box::new(query))
        })
        .collect();
        let needle = Normalized::new(word);
        for field in [fields.text_characters, fields.title_characters] {
            let query = literal::characters(field, &needle);
            let query = BoostQuery::new(query, CHARACTERS_WEIGHT * share);
            queries.push(gathered.leaf(word, Part::Characters, Box::new(query)));
        }
        queries
    }
}

/// What compiling gathers on its way.
#[derive(Default)]
struct Gathered {
    leaves: Vec<Leaf>,
    needles: Vec<Normalized>,
    words: Vec<String>,
    truncated: bool,
    part_leaves: Vec<Leaf>,
    part_needles: Vec<Normalized>,
}

/// A word of a query with what finds it.
struct QueryWord {
    text: String,
    query: Box<dyn EngineQuery>,
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
            query: query.box_clone(),
        });
        query
    }
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
    text.as_str()
        .chars()
        .skip(start)
        .take(end - start)
        .collect()
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}
