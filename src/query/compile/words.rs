//! The words of a query: which of its characters are one, what finds each, how telling it is.
//!
//! What a passage must hold is decided by the general dictionary, whatever words the corpus adds
//! to it: adding 均衡编班 to `dictionary.txt` makes it rank as one word, and 均衡 分班 no harder to
//! find.

use std::sync::Arc;

use tantivy::Term;
use tantivy::query::{BooleanQuery, Occur, Query as EngineQuery, TermQuery};
use tantivy::schema::IndexRecordOption;

use super::alternatives::{Alternative, best_of};
use super::relax::Atom;
use super::{Compiler, Gathered, Leaf, Needle, Part, REGION_WEIGHT, any, literal};
use crate::analysis::{Dictionary, Normalized, is_function_word};
use crate::index::Characters;
use crate::query::run::{CombinedQuery, Weighed, WeighedField, Within};

/// The most neighbours of a piece of text that are looked up.
const MAX_NEIGHBOURS: usize = 64;
/// From how many words on, with no blank between them, a query is taken for a question, of which passages say much in other
/// words: single characters then count too, as 借 does in 借款, 借贷 and 出借.
const QUESTION_WORDS: usize = 4;
/// What a single character counts in a question, as a share of two neighbours.
const LONE_SHARE: f32 = 0.4;
/// Characters that are looked up as one term.
const PAIR: usize = 2;
/// A number with what it counts, as a share of the weight of a phrase: 2014年 ranks above 2014.
const COUNTED_SHARE: f32 = 0.5;
/// The most words of a query that are looked up; the rest is left out, and the answer says so.
const MAX_WORDS: usize = 64;

/// A word of a query as the answer names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryWord {
    /// The word, normalised.
    pub text: String,
    /// What may stand for it.
    pub or: Vec<String>,
}

/// What a piece of text asks for.
pub(super) struct Words {
    /// What must hold: each word, or another way to say it.
    pub(super) units: Vec<Box<dyn EngineQuery>>,
    /// What a relaxed query asks for enough of.
    pub(super) atoms: Vec<Atom>,
    /// What only adds to the score.
    pub(super) bonus: Vec<Box<dyn EngineQuery>>,
}

/// A word as a query is cut into them.
#[derive(Debug, Clone)]
struct Cut {
    text: String,
    /// The characters of the query it takes.
    start: usize,
    end: usize,
    /// Whether it was put together of characters, since the dictionary does not know it.
    joined: bool,
}

impl Compiler<'_> {
    /// What finds the words of `text`, and what rewards them for standing together.
    pub(super) fn words(&self, text: &str, gathered: &mut Gathered) -> tantivy::Result<Words> {
        let normalized = Normalized::new(text);
        let mut cut = self.cut(&normalized)?;
        let room = MAX_WORDS.saturating_sub(gathered.words.len());
        gathered.truncated |= cut.len() > room;
        cut.truncate(room);

        let mut bonus = self.together(&normalized, &cut, gathered);
        let bounds: Vec<usize> = cut.iter().flat_map(|word| [word.start, word.end]).collect();
        let last = normalized.chars();
        let is_bound = |at: usize| at == 0 || at == last || bounds.contains(&at);
        let alternatives = self.alternatives(&normalized, &is_bound, gathered)?;
        bonus.extend(best_of(&alternatives, gathered));
        let queries: Vec<Box<dyn EngineQuery>> = cut
            .iter()
            .map(|word| {
                gathered.needles.push(Needle::word(&word.text));
                any(if word.joined {
                    self.unknown_word(&word.text, gathered)
                } else {
                    self.word(&word.text, gathered)
                })
            })
            .collect();
        if !is_number(normalized.as_str()) {
            gathered.needles.push(Needle::string(normalized.clone()));
        }

        let mut atoms = Vec::new();
        for (word, query) in cut.iter().zip(&queries) {
            let over: Vec<&Alternative> = alternatives
                .iter()
                .filter(|other| other.start < word.end && word.start < other.end)
                .collect();
            gathered.words.push(QueryWord {
                text: word.text.clone(),
                or: over.iter().map(|other| other.to.clone()).collect(),
            });
            atoms.extend(self.atoms(word, &**query, &over, gathered)?);
        }
        // Words of the corpus's own dictionary rank as words where they stand as such.
        for word in self.dictionary.words(normalized.as_str()) {
            let is_known = cut.iter().any(|known| known.text == word.text);
            if !is_known && word.end - word.start > 1 && !is_function_word(word.text) {
                let query = CombinedQuery::new(word.text, self.word_fields(), self.weights.word);
                bonus.push(gathered.leaf(word.text, Part::Text, Box::new(query)));
            }
        }
        let places: Vec<(usize, usize)> = cut.iter().map(|word| (word.start, word.end)).collect();
        let units = units(&places, queries, &alternatives, &mut bonus);
        Ok(Words {
            units,
            atoms,
            bonus,
        })
    }

    /// What rewards the words of a text for standing as they were typed.
    fn together(
        &self,
        text: &Normalized,
        cut: &[Cut],
        gathered: &mut Gathered,
    ) -> Vec<Box<dyn EngineQuery>> {
        let mut bonus = Vec::new();
        for word in cut {
            let counted = slice(text, word.start, word.end);
            if counted != word.text && !word.joined {
                bonus.push(self.phrase(&counted, COUNTED_SHARE, gathered));
            }
        }
        if cut.len() > 1 {
            bonus.push(self.phrase(text.as_str(), 1.0, gathered));
        }
        // Pairs see what the words miss: 债务承担 where the text has 承担债务 cut otherwise, or a
        // word within another compound. A single word of two characters is found as such already.
        if text.chars() > 2 {
            for at in 0..(text.chars() - 1).min(MAX_NEIGHBOURS) {
                let pair = slice(text, at, at + 2);
                if pair.contains(|c: char| c.is_ascii_digit()) {
                    // A number counts whole.
                    continue;
                }
                let query = self.of_characters(&pair, self.weights.characters);
                bonus.push(gathered.leaf(&pair, Part::Characters, Box::new(query)));
            }
        }
        if cut.len() >= QUESTION_WORDS {
            gathered.is_question = true;
            let mut seen: Vec<&str> = Vec::new();
            let weight = self.weights.characters * LONE_SHARE;
            let lone = text.as_str().split("").filter(|c| is_lone_ideograph(c));
            for lone in lone.filter(|c| !is_function_word(c)) {
                if seen.len() < MAX_NEIGHBOURS && !seen.contains(&lone) {
                    seen.push(lone);
                    let query = self.of_characters(lone, weight);
                    bonus.push(gathered.leaf(lone, Part::Characters, Box::new(query)));
                }
            }
        }
        bonus
    }

    /// The words of a query that carry meaning.
    ///
    /// Characters left over one by one are a word the dictionary does not know, such as 慕课, as
    /// long as the corpus has them side by side. What a number counts is not asked for by itself,
    /// since 年 or 个 stand everywhere; 2014年 still ranks above 2014. Function words are left out,
    /// unless there is nothing else.
    fn cut(&self, text: &Normalized) -> tantivy::Result<Vec<Cut>> {
        let all: Vec<Cut> = Dictionary::standard()
            .words(text.as_str())
            .into_iter()
            .map(|word| Cut {
                text: word.text.to_owned(),
                start: word.start,
                end: word.end,
                joined: false,
            })
            .collect();
        let mut words: Vec<Cut> = Vec::new();
        for word in all.iter().filter(|word| !is_function_word(&word.text)) {
            if let Some(last) = words.last_mut()
                && last.end == word.start
                && is_number(&last.text)
                && is_lone_ideograph(&word.text)
            {
                last.end = word.end;
                continue;
            }
            if let Some(last) = words.last_mut()
                && last.end == word.start
                && (last.joined || is_lone_ideograph(&last.text))
                && is_lone_ideograph(&word.text)
            {
                let joined = format!("{}{}", last.text, word.text);
                if self.stands(&joined)? {
                    last.text = joined;
                    last.end = word.end;
                    last.joined = true;
                    continue;
                }
            }
            words.push(word.clone());
        }
        Ok(if words.is_empty() { all } else { words })
    }

    /// What a relaxed query asks for in the place of `word`: the words it is made of, or itself; or
    /// what may stand for it. None of it scores, since all of it does among the whole words.
    fn atoms(
        &self,
        word: &Cut,
        query: &dyn EngineQuery,
        alternatives: &[&Alternative],
        gathered: &mut Gathered,
    ) -> tantivy::Result<Vec<Atom>> {
        let standard = Dictionary::standard();
        let parts: Vec<String> = standard
            .words_and_parts(&word.text)
            .into_iter()
            .filter(|part| part.text != word.text && part.end - part.start > 1)
            .map(|part| part.text.to_owned())
            .collect();
        let others = || {
            alternatives
                .iter()
                .map(|other| literal::silent(other.query.box_clone()))
        };
        let telling = alternatives
            .iter()
            .map(|other| other.telling)
            .fold(0.0, f32::max);
        let atom = |own: Box<dyn EngineQuery>, weight: f32| Atom {
            query: any(others().chain([literal::silent(own)]).collect()),
            weight: if weight > 0.0 { weight } else { telling },
        };
        if parts.is_empty() || word.joined {
            return Ok(vec![atom(query.box_clone(), self.telling(&word.text)?)]);
        }
        parts
            .iter()
            .map(|part| {
                gathered.part_needles.push(Needle::word(part));
                let own = any(self.word(part, &mut Gathered::default()));
                Ok(atom(own, self.telling(part)?))
            })
            .collect()
    }

    /// Whether any passage has these characters, two or more, next to each other.
    fn stands(&self, joined: &str) -> tantivy::Result<bool> {
        if self.telling(joined)? <= 0.0 {
            return Ok(false);
        }
        if joined.chars().count() == 2 {
            return Ok(true);
        }
        // That each two of them do says nothing yet: 规划管理 and 管办评 do not make 划管办评.
        let needle = Normalized::new(joined);
        let fields = [self.fields.region_names]
            .into_iter()
            .chain(self.anywhere());
        for field in fields {
            let query = literal::characters(field, &needle);
            if literal::stands(self.searcher, &*query)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How telling a word is: the square root of its inverse document frequency, so that one rare
    /// word does not outweigh all others; 0 where no passage holds it.
    ///
    /// The frequency is that of its rarest pair of characters, an upper bound that costs no
    /// reading of positions. The formula is BM25's, `ln(1 + (N - n + 0.5) / (n + 0.5))`.
    pub(super) fn telling(&self, word: &str) -> tantivy::Result<f32> {
        let needle = Normalized::new(word);
        let mut frequency = 0;
        if is_number(word) {
            // Its characters are in every longer number; as a word it is rarer.
            let term = Term::from_field_text(self.fields.body_words, word);
            return Ok(self.rarity(self.terms.frequency(&term)?));
        }
        for field in [
            self.fields.text_characters,
            self.fields.title_characters,
            self.fields.region_names,
        ] {
            let mut rarest = u64::MAX;
            for term in literal::grams(field, &needle) {
                rarest = rarest.min(self.terms.frequency(&term)?);
            }
            if rarest != u64::MAX {
                frequency = frequency.max(rarest);
            }
        }
        Ok(self.rarity(frequency))
    }

    fn rarity(&self, frequency: u64) -> f32 {
        if frequency == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a ratio of counts")]
        let (all, frequency) = (self.searcher.num_docs() as f32, frequency as f32);
        ((all - frequency + 0.5) / (frequency + 0.5)).ln_1p().sqrt()
    }

    fn phrase(&self, text: &str, share: f32, gathered: &mut Gathered) -> Box<dyn EngineQuery> {
        let query = literal::characters(self.fields.text_characters, &Normalized::new(text));
        let query = Weighed::new(query, self.weights.phrase * share);
        let figures: String = text
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        if figures.is_empty() {
            return gathered.leaf(text, Part::Phrase, Box::new(query));
        }
        // 2万个 stands in 12万个, which is another number.
        let whole = Term::from_field_text(self.fields.body_words, &figures);
        let whole = literal::silent(Box::new(TermQuery::new(whole, IndexRecordOption::Basic)));
        let query = BooleanQuery::new(vec![(Occur::Must, Box::new(query)), (Occur::Must, whole)]);
        gathered.leaf(text, Part::Phrase, Box::new(query))
    }

    /// What a word adds that goes with those of the query.
    #[must_use]
    pub fn related(&self, word: &str, weight: f32) -> Leaf {
        Leaf {
            text: word.to_owned(),
            part: Part::Related,
            choices: Vec::new(),
            query: Box::new(CombinedQuery::new(word, self.word_fields(), weight)),
        }
    }

    pub(super) fn word_fields(&self) -> Arc<[WeighedField]> {
        let (fields, weights) = (self.fields, self.weights);
        Arc::new([
            (fields.title_words, weights.title),
            (fields.heading_words, weights.heading),
            (fields.body_words, weights.body),
        ])
    }

    /// Passages that hold one character or two neighbours; their own heading is part of their text.
    fn of_characters(&self, gram: &str, weight: f32) -> CombinedQuery {
        let (fields, weights) = (self.fields, self.weights);
        let (title, text) = (fields.title_characters, fields.text_characters);
        let held = Arc::new([
            (title.holding(gram), weights.title),
            (text.holding(gram), weights.body),
        ]);
        // As long as with both kinds in one field, which those of titles are.
        let lengths = Arc::new([
            (title.pairs, weights.title),
            (text.pairs, weights.body),
            (text.singles, weights.body),
        ]);
        CombinedQuery::new(gram, held, weight).as_long_as(lengths)
    }

    /// Where the characters of a word are looked for.
    pub(super) fn anywhere(&self) -> [Characters; 3] {
        [
            self.fields.text_characters,
            self.fields.title_characters,
            self.fields.heading_characters,
        ]
    }

    /// A word wherever it stands, cut as one or not; only as one it counts, besides what its
    /// characters count.
    ///
    /// A number is looked for as a word only: its characters stand in every longer number.
    fn word(&self, word: &str, gathered: &mut Gathered) -> Vec<Box<dyn EngineQuery>> {
        let query = CombinedQuery::new(word, self.word_fields(), self.weights.word);
        let as_word = gathered.leaf(word, Part::Text, Box::new(query));
        if is_number(word) {
            return vec![as_word];
        }
        let needle = Normalized::new(word);
        let query = literal::characters(self.fields.region_names, &needle);
        let query = Weighed::new(query, REGION_WEIGHT);
        let in_name = gathered.leaf(word, Part::Region, Box::new(query));
        let characters = |field| literal::silent(literal::characters(field, &needle));
        let mut wherever = vec![in_name];
        wherever.extend(self.anywhere().map(characters));
        if needle.chars() == PAIR {
            // Its characters are one term, which finds it as a word too.
            return vec![Box::new(Within::new(any(wherever), as_word))];
        }
        // Of a longer string that it is there as a word says so without a look into the text.
        wherever.insert(0, as_word);
        wherever
    }

    /// A number as a word, for what is not to be found within a longer one.
    pub(super) fn whole_number(&self, number: &str) -> Box<dyn EngineQuery> {
        any(self.word(number, &mut Gathered::default()))
    }

    /// A word that only its characters can find: they count what a word counts.
    fn unknown_word(&self, word: &str, gathered: &mut Gathered) -> Vec<Box<dyn EngineQuery>> {
        let fields = self.fields;
        let weights = self.weights;
        let needle = Normalized::new(word);
        [
            (fields.region_names, Part::Region, REGION_WEIGHT),
            (fields.title_characters, Part::Title, weights.title),
            (fields.heading_characters, Part::Heading, weights.heading),
            (fields.text_characters, Part::Body, weights.body),
        ]
        .into_iter()
        .map(|(field, part, weight)| {
            let query = Weighed::new(literal::characters(field, &needle), weight);
            gathered.leaf(word, part, Box::new(query))
        })
        .collect()
    }
}

/// Whether `word` is a number as the analysis cuts them: `20`, `9.08`.
pub(super) fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        && word.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// Whether `word` is a single ideograph.
fn is_lone_ideograph(word: &str) -> bool {
    let mut chars = word.chars();
    let is_ideograph = |c| matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}');
    chars.next().is_some_and(is_ideograph) && chars.next().is_none()
}

/// Characters `start..end` of a normalised text.
fn slice(text: &Normalized, start: usize, end: usize) -> String {
    text.as_str()
        .chars()
        .skip(start)
        .take(end - start)
        .collect()
}

/// What must hold of a text whose words take `places`: each of the words, or of the stretches that
/// may be said otherwise, one way to say it. Stretches within others are nested.
///
/// A passage that says a stretch otherwise may still hold some of its words. So where a stretch
/// takes several, what each of them adds to the score goes to `bonus`.
fn units(
    places: &[(usize, usize)],
    words: Vec<Box<dyn EngineQuery>>,
    alternatives: &[Alternative],
    bonus: &mut Vec<Box<dyn EngineQuery>>,
) -> Vec<Box<dyn EngineQuery>> {
    struct Unit {
        /// The words it takes.
        first: usize,
        end: usize,
        query: Box<dyn EngineQuery>,
        scores: bool,
    }
    let mut units: Vec<Unit> = words
        .into_iter()
        .enumerate()
        .map(|(at, query)| Unit {
            first: at,
            end: at + 1,
            query,
            scores: true,
        })
        .collect();
    // The words each alternative stands for, fewest first.
    let mut stretches: Vec<(usize, usize, &Alternative)> = alternatives
        .iter()
        .filter_map(|other| {
            let within = |&&(start, end): &&(usize, usize)| start < other.end && other.start < end;
            let first = places.iter().position(|place| within(&place))?;
            let count = places.iter().filter(within).count();
            Some((first, first + count, other))
        })
        .collect();
    stretches.sort_by_key(|&(first, end, other)| (end - first, first, other.start));
    for (first, end, other) in stretches {
        let from = units.iter().position(|unit| unit.first == first);
        let to = units.iter().position(|unit| unit.end == end);
        let (Some(from), Some(to)) = (from, to) else {
            // It shares an end with a longer stretch: it can only add to the score.
            continue;
        };
        let mut taken: Vec<Unit> = units.drain(from..=to).collect();
        let scores = taken.len() == 1 && taken.iter().all(|unit| unit.scores);
        let other = literal::silent(other.query.box_clone());
        let query = if scores {
            let own = taken.pop().map(|unit| unit.query);
            any(own.into_iter().chain([other]).collect())
        } else {
            let mut own: Vec<(Occur, Box<dyn EngineQuery>)> = Vec::new();
            for unit in taken {
                if unit.scores {
                    bonus.push(unit.query.box_clone());
                }
                own.push((Occur::Must, unit.query));
            }
            literal::silent(any(vec![Box::new(BooleanQuery::new(own)), other]))
        };
        let unit = Unit {
            first,
            end,
            query,
            scores,
        };
        units.insert(from, unit);
    }
    units.into_iter().map(|unit| unit.query).collect()
}
