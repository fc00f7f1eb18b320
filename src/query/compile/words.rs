//! The words of a query: which of its characters are one, what finds each, how telling it is.

use tantivy::Term;
use tantivy::query::{BoostQuery, Query as EngineQuery, TermQuery};
use tantivy::schema::IndexRecordOption;

use super::relax::Atom;
use super::{Compiler, Gathered, Needle, Part, REGION_WEIGHT, any, literal};
use crate::analysis::{Normalized, is_function_word};

/// What a word counts where it stands only as characters, cut otherwise by the dictionary; small,
/// so that the word itself ranks above it.
const CHARACTERS_WEIGHT: f32 = 0.1;
/// Two words next to each other, as a share of the whole phrase.
const PAIR_SHARE: f32 = 0.5;
/// Two neighbouring characters, whether or not a word ends between them. They see what the words
/// miss: 债务承担 where the text has 承担债务 cut otherwise, or a word in another compound.
const NEIGHBOURS_WEIGHT: f32 = 0.5;
/// The most neighbours of a piece of text that are looked up.
const MAX_NEIGHBOURS: usize = 64;
/// What part of a long word counts, as a share of the word.
const PART_SHARE: f32 = 0.5;
/// The most words of a query that are looked up; the rest is left out, and the answer says so.
const MAX_WORDS: usize = 64;

/// A word of a query with what finds it.
pub(super) struct QueryWord {
    pub(super) query: Box<dyn EngineQuery>,
    cut: Cut,
}

/// The words of a piece of text, and what rewards them for standing together.
type WordsAndPhrases = (Vec<QueryWord>, Vec<Box<dyn EngineQuery>>);

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
    /// A query for each word of `text`, and those that reward words standing together.
    pub(super) fn words(
        &self,
        text: &str,
        gathered: &mut Gathered,
    ) -> tantivy::Result<WordsAndPhrases> {
        let normalized = Normalized::new(text);
        let mut cut = self.cut(&normalized)?;
        let room = MAX_WORDS.saturating_sub(gathered.words.len());
        gathered.truncated |= cut.len() > room;
        cut.truncate(room);
        gathered
            .words
            .extend(cut.iter().map(|word| word.text.clone()));

        let mut phrases = Vec::new();
        for pair in cut.windows(2) {
            let [first, second] = pair else { continue };
            let together = slice(&normalized, first.start, second.end);
            phrases.push(self.together(&together, PAIR_SHARE, gathered));
        }
        for word in &cut {
            let counted = slice(&normalized, word.start, word.end);
            if counted != word.text && !word.joined {
                phrases.push(self.together(&counted, PAIR_SHARE, gathered));
            }
        }
        if cut.len() > 2 {
            phrases.push(self.together(normalized.as_str(), 1.0, gathered));
        }
        // A single word of two characters is found as such already.
        if normalized.chars() > 2 {
            for at in 0..(normalized.chars() - 1).min(MAX_NEIGHBOURS) {
                let pair = slice(&normalized, at, at + 2);
                phrases.push(self.neighbours(&pair, gathered));
            }
        }
        if !is_number(normalized.as_str()) {
            gathered.needles.push(Needle::string(normalized));
        }
        let words = cut
            .into_iter()
            .map(|cut| {
                gathered.needles.push(Needle::word(&cut.text));
                let query = if cut.joined {
                    any(self.unknown_word(&cut.text, gathered))
                } else {
                    any(self.word(&cut.text, 1.0, gathered))
                };
                QueryWord { query, cut }
            })
            .collect();
        Ok((words, phrases))
    }

    /// The words of a query that carry meaning.
    ///
    /// Characters left over one by one are a word the dictionary does not know, such as 慕课, as
    /// long as the corpus has them side by side. What a number counts is not asked for by itself,
    /// since 年 or 个 stand everywhere; 2014年 still ranks above 2014. Function words are left out,
    /// unless there is nothing else.
    fn cut(&self, text: &Normalized) -> tantivy::Result<Vec<Cut>> {
        let all: Vec<Cut> = self
            .dictionary
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
                if self.telling(&joined)? > 0.0 {
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

    /// What a relaxed query asks for in the place of `word`: the words it is made of, or itself.
    pub(super) fn atoms(
        &self,
        word: &QueryWord,
        gathered: &mut Gathered,
    ) -> tantivy::Result<Vec<Atom>> {
        let text = word.cut.text.as_str();
        let parts: Vec<String> = self
            .dictionary
            .words_and_parts(text)
            .into_iter()
            .filter(|part| part.text != text && part.end - part.start > 1)
            .map(|part| part.text.to_owned())
            .collect();
        if parts.is_empty() || word.cut.joined {
            return Ok(vec![Atom {
                // The word itself scores among what is added for whole words.
                query: literal::silent(word.query.box_clone()),
                weight: self.telling(text)?,
            }]);
        }
        parts
            .iter()
            .map(|part| {
                let mut own = Gathered::default();
                let query = any(self.word(part, PART_SHARE, &mut own));
                gathered.part_leaves.append(&mut own.leaves);
                gathered.part_needles.push(Needle::word(part));
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
        if is_number(word) {
            // Its characters are in every longer number; as a word it is rarer.
            let term = Term::from_field_text(self.fields.body_words, word);
            return Ok(self.rarity(self.searcher.doc_freq(&term)?));
        }
        for field in [
            self.fields.text_characters,
            self.fields.title_characters,
            self.fields.region_names,
        ] {
            let mut rarest = u64::MAX;
            for term in literal::grams(field, &needle) {
                rarest = rarest.min(self.searcher.doc_freq(&term)?);
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

    fn together(&self, text: &str, share: f32, gathered: &mut Gathered) -> Box<dyn EngineQuery> {
        let query = literal::characters(self.fields.text_characters, &Normalized::new(text));
        let query = BoostQuery::new(query, self.weights.phrase * share);
        gathered.leaf(text, Part::Phrase, Box::new(query))
    }

    fn neighbours(&self, pair: &str, gathered: &mut Gathered) -> Box<dyn EngineQuery> {
        let query = literal::characters(self.fields.text_characters, &Normalized::new(pair));
        let query = BoostQuery::new(query, NEIGHBOURS_WEIGHT);
        gathered.leaf(pair, Part::Characters, Box::new(query))
    }

    /// A word wherever it stands.
    ///
    /// A number is looked for as a word only: its characters stand in every longer number.
    pub(super) fn word(
        &self,
        word: &str,
        share: f32,
        gathered: &mut Gathered,
    ) -> Vec<Box<dyn EngineQuery>> {
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
        if is_number(word) {
            return queries;
        }
        let needle = Normalized::new(word);
        let query = literal::characters(fields.region_names, &needle);
        let query = BoostQuery::new(query, REGION_WEIGHT * share);
        queries.push(gathered.leaf(word, Part::Region, Box::new(query)));
        for field in [fields.text_characters, fields.title_characters] {
            let query = literal::characters(field, &needle);
            let query = BoostQuery::new(query, CHARACTERS_WEIGHT * share);
            queries.push(gathered.leaf(word, Part::Characters, Box::new(query)));
        }
        queries
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
            let query = BoostQuery::new(literal::characters(field, &needle), weight);
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
