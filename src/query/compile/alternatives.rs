//! Other ways to say a stretch of a query, looked for beside it: synonyms, other spellings of a
//! number, further readings of pinyin.
//!
//! A hit on another way is worth less than one on what was typed, whichever of them is rarer, and
//! only what the index holds is looked for. All that is done is noted, so that the answer can say
//! so.

use tantivy::Term;
use tantivy::query::{BooleanQuery, Occur, Query as EngineQuery, TermQuery};
use tantivy::schema::IndexRecordOption;

use super::words::is_number;
use super::{Compiler, Gathered, Leaf, Needle, Part, literal};
use crate::analysis::{Dictionary, Normalized};
use crate::number;
use crate::query::rewrite::{Proposal, RewriteKind};
use crate::query::run::{BestOf, CombinedQuery, Weighed};

/// What a word is worth that means the same only one way round, as a share of one that does so
/// both ways.
const ONE_WAY_SHARE: f32 = 0.8;
/// What another spelling of a number is worth: it is the same number.
const NUMBER_WEIGHT: f32 = 0.9;
/// The most other ways that one query looks for.
const MAX_ALTERNATIVES: usize = 32;

/// Another way to say characters `start..end` of a text.
pub(super) struct Alternative {
    pub(super) start: usize,
    pub(super) end: usize,
    /// As it is looked for: normalised.
    pub(super) to: String,
    pub(super) query: Box<dyn EngineQuery>,
    /// How telling it is, as a word of the query is.
    pub(super) telling: f32,
    part: Part,
}

/// What the alternatives of each stretch add to the score: the best of them what it is worth. Of
/// words that mean the same, one says as much as all.
pub(super) fn best_of(
    alternatives: &[Alternative],
    gathered: &mut Gathered,
) -> Vec<Box<dyn EngineQuery>> {
    let mut stretches: Vec<(usize, usize, Vec<&Alternative>)> = Vec::new();
    for other in alternatives {
        let known = stretches
            .iter_mut()
            .find(|(start, end, _)| (*start, *end) == (other.start, other.end));
        match known {
            Some((_, _, others)) => others.push(other),
            None => stretches.push((other.start, other.end, vec![other])),
        }
    }
    stretches
        .into_iter()
        .map(|(_, _, others)| gathered.choice(&others))
        .collect()
}

impl Gathered {
    fn choice(&mut self, others: &[&Alternative]) -> Box<dyn EngineQuery> {
        let queries = others.iter().map(|other| other.query.box_clone());
        let query = BestOf::new(queries.collect());
        self.leaves.push(Leaf {
            text: String::new(),
            part: others.first().map_or(Part::Text, |other| other.part),
            choices: others
                .iter()
                .map(|other| (other.to.clone(), other.query.box_clone()))
                .collect(),
            query: Box::new(query.clone()),
        });
        Box::new(query)
    }
}

impl Compiler<'_> {
    /// What may be looked for in the place of stretches of `text`; `is_bound` tells which of its
    /// characters a word begins at, or ends before.
    pub(super) fn alternatives(
        &self,
        text: &Normalized,
        is_bound: &dyn Fn(usize) -> bool,
        gathered: &mut Gathered,
    ) -> tantivy::Result<Vec<Alternative>> {
        if !self.rewriting {
            return Ok(Vec::new());
        }
        let mut alternatives = Vec::new();
        for proposal in self.proposals(text) {
            if proposal.weight <= 0.0 {
                continue;
            }
            if gathered.rewrites.len() >= MAX_ALTERNATIVES {
                gathered.truncated = true;
                break;
            }
            if !is_bound(proposal.start) || !is_bound(proposal.end) {
                continue;
            }
            if let Some(alternative) = self.alternative(&proposal, gathered)? {
                alternatives.push(alternative);
                if !gathered.rewrites.contains(&proposal) {
                    gathered.rewrites.push(proposal);
                }
            }
        }
        Ok(alternatives)
    }

    fn proposals(&self, text: &Normalized) -> Vec<Proposal> {
        let chars: Vec<char> = text.as_str().chars().collect();
        let stretch = |start: usize, end: usize| -> String {
            chars.get(start..end).unwrap_or_default().iter().collect()
        };
        let mut proposals = Vec::new();
        for found in self.synonyms.find(text.as_str()) {
            proposals.extend(found.to.iter().map(|to| Proposal {
                kind: RewriteKind::Synonym,
                start: found.start,
                end: found.end,
                from: stretch(found.start, found.end),
                to: to.word.clone(),
                weight: self.weights.synonym * if to.two_way { 1.0 } else { ONE_WAY_SHARE },
            }));
        }
        for found in number::find(text.as_str()) {
            // 08 is the tail of a number, as in 9.08, rather than one.
            if stretch(found.start, found.start + 2).starts_with('0')
                && !stretch(found.start, found.start + 2).ends_with('.')
            {
                continue;
            }
            // With what it counts, so that 五百 is not found in 五百强.
            let unit = stretch(found.end, found.unit_end);
            proposals.extend(found.spellings.iter().map(|spelling| Proposal {
                kind: RewriteKind::Number,
                start: found.start,
                end: found.unit_end,
                from: stretch(found.start, found.unit_end),
                to: format!("{spelling}{unit}"),
                weight: NUMBER_WEIGHT,
            }));
        }
        for reading in self.readings {
            for (at, _) in text.as_str().match_indices(&reading.from) {
                let start = text.as_str().get(..at).unwrap_or_default().chars().count();
                proposals.push(Proposal {
                    start,
                    end: start + reading.from.chars().count(),
                    ..reading.clone()
                });
            }
        }
        proposals
    }

    /// What finds the other way, or nothing where the index holds none of it.
    fn alternative(
        &self,
        proposal: &Proposal,
        gathered: &mut Gathered,
    ) -> tantivy::Result<Option<Alternative>> {
        let needle = Normalized::new(&proposal.to);
        let telling = self.telling(needle.as_str())?;
        if telling <= 0.0 {
            return Ok(None);
        }
        // The rarer of two words counts more in BM25; a synonym is not to gain by being rare. The
        // square makes of `telling` the inverse document frequency again.
        let own = self.telling(&proposal.from)?;
        let rarity = if own > 0.0 {
            (own / telling).powi(2).min(1.0)
        } else {
            1.0
        };
        let weight = proposal.weight * rarity;
        let fields = self.fields;
        let mut clauses: Vec<(Occur, Box<dyn EngineQuery>)> = Vec::new();
        let words = Dictionary::standard().words(needle.as_str());
        if let [word] = words.as_slice()
            && word.text == needle.as_str()
        {
            let query =
                CombinedQuery::new(word.text, self.word_fields(), weight * self.weights.word);
            clauses.push((Occur::Should, Box::new(query)));
            if !is_number(word.text) {
                for field in self.anywhere() {
                    let query = literal::silent(literal::characters(field, &needle));
                    clauses.push((Occur::Should, query));
                }
            }
        } else {
            // The frequencies of all its pairs add up in a phrase; it is to count what one does.
            let pairs = literal::grams(fields.text_characters, &needle)
                .count()
                .max(1);
            // A number written otherwise is the same number, and counts as much as it does typed.
            #[expect(clippy::cast_precision_loss, reason = "a few dozen at most")]
            let share = match proposal.kind {
                RewriteKind::Number => weight,
                _ => weight / pairs as f32,
            };
            for field in self.anywhere() {
                let query = literal::characters(field, &needle);
                clauses.push((Occur::Should, Box::new(Weighed::new(query, share))));
            }
        }
        let mut query: Box<dyn EngineQuery> = Box::new(BooleanQuery::new(clauses));
        if let Some(figures) = words.first().filter(|word| is_number(word.text))
            && figures.text != needle.as_str()
        {
            // 38亿 is not to be found in 138亿: its figures must stand as a whole number.
            let whole = Term::from_field_text(fields.body_words, figures.text);
            let whole = literal::silent(Box::new(TermQuery::new(whole, IndexRecordOption::Basic)));
            query = Box::new(BooleanQuery::new(vec![
                (Occur::Must, query),
                (Occur::Must, whole),
            ]));
        }
        gathered.needles.push(if is_number(needle.as_str()) {
            Needle::word(needle.as_str())
        } else {
            Needle::string(needle.clone())
        });
        let part = match proposal.kind {
            RewriteKind::Synonym => Part::Synonym,
            RewriteKind::Number => Part::Number,
            RewriteKind::Pinyin | RewriteKind::Typo | RewriteKind::Quantity => Part::Text,
        };
        Ok(Some(Alternative {
            start: proposal.start,
            end: proposal.end,
            query,
            part,
            to: needle.as_str().to_owned(),
            telling,
        }))
    }
}
