//! What a query was taken to mean, and whether that is what is searched for.
//!
//! Pinyin is read as what it spells. A typing error is put right only where nothing holds every
//! word as typed; otherwise the correction is merely offered. What the text holds as it was typed
//! is found in any case.

use tantivy::query::{BooleanQuery, Occur, Query as EngineQuery};

use super::{Options, Request, quantities, scope};
use crate::analysis::{Dictionary, Normalized, is_function_word};
use crate::index::{self, Snapshot};
use crate::quantity::{Condition, condition};
use crate::query::rewrite::{self, Proposal, RewriteKind, Stretch, pinyin, typo};
use crate::query::run::{self, Found};
use crate::query::{self, Compiled, Compiler, NamedRegion, Query};

/// How sure a correction must be to be made when it does not lead to a passage with every word
/// either.
const SURE: f32 = 0.6;
/// The longest text, in characters, in which words that the index lacks are taken for errors when
/// correcting them does not lead to a passage with every word: a question hardly ever has one.
const SHORT: usize = 12;
/// The longest text in which a word of the language is taken for another that sounds like it;
/// longer ones have words the index lacks for better reasons.
const VERY_SHORT: usize = 8;

/// How likely, beside the best, another reading of pinyin must be to be looked for as well.
const LIKELY: f32 = 0.5;

/// A stretch of a query that was read otherwise than it was typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Rewrite {
    /// How it came about.
    pub kind: RewriteKind,
    /// What was typed, normalised.
    pub from: String,
    /// What is looked for in its place (pinyin, errors) or as well (the others).
    pub to: String,
    /// What to type to have it looked for as it stands.
    pub original: Option<String>,
}

/// A query as it is searched for.
pub(super) struct Understood {
    pub(super) compiled: Compiled,
    /// The passages that hold every word.
    pub(super) complete: Option<Found>,
    pub(super) rewrites: Vec<Rewrite>,
    /// What may have been meant, to be typed instead.
    pub(super) did_you_mean: Option<String>,
    pub(super) regions: Vec<NamedRegion>,
    /// The bounds on figures that were read in it.
    pub(super) conditions: Vec<Condition>,
    /// Those that nothing meets, so that they were left as typed.
    pub(super) unmet: Vec<Condition>,
}

/// Reads the text of `request`: bounds on figures first, then its words.
pub(super) fn understand(
    snapshot: &Snapshot,
    request: &Request,
    options: &Options,
) -> Result<Understood, index::Error> {
    let parsed = query::parse(&request.text);
    let bounds = if parsed.has_syntax {
        Vec::new()
    } else {
        condition::find(&request.text)
    };
    if bounds.is_empty() {
        return words(snapshot, request, options, &parsed);
    }
    if let Some(understood) = bounded(snapshot, request, options, &bounds)? {
        return Ok(understood);
    }
    Ok(Understood {
        unmet: bounds.into_iter().map(|found| found.condition).collect(),
        ..words(snapshot, request, options, &parsed)?
    })
}

/// Reads 投资10亿元以上 as 投资 with a figure that is no less, and as it was typed besides; nothing
/// where no passage has such a figure and the other words.
fn bounded(
    snapshot: &Snapshot,
    request: &Request,
    options: &Options,
    bounds: &[condition::Found],
) -> Result<Option<Understood>, index::Error> {
    let typed = &request.text;
    let mut rest = String::new();
    let mut done = 0;
    for found in bounds {
        rest.push_str(typed.get(done..found.range.start).unwrap_or_default());
        rest.push(' ');
        done = found.range.end;
        // 超过10亿元的投资
        let after = typed.get(done..).unwrap_or_default();
        if after.starts_with('的') {
            done += '的'.len_utf8();
        }
    }
    rest.push_str(typed.get(done..).unwrap_or_default());
    let parsed = query::parse(&rest);
    let request = Request {
        text: rest,
        ..request.clone()
    };
    let understood = words(snapshot, &request, options, &parsed)?;
    let conditions: Vec<Condition> = bounds.iter().map(|found| found.condition.clone()).collect();
    let narrowed = quantities::narrowed(&*understood.compiled.strict, &conditions);
    if run::find(snapshot, &*scope::narrowed(snapshot, &*narrowed))?.is_empty() {
        return Ok(None);
    }
    // What the text holds as it was typed is found in any case.
    let literal = Compiler::new(snapshot, options.weights).exact(typed);
    let strict: Box<dyn EngineQuery> = Box::new(BooleanQuery::new(vec![
        (Occur::Should, narrowed),
        (Occur::Should, literal.strict),
    ]));
    let mut rewrites: Vec<Rewrite> = bounds
        .iter()
        .map(|found| {
            let from = Normalized::new(found.range.of(typed)).as_str().to_owned();
            Rewrite {
                kind: RewriteKind::Quantity,
                original: rewrite::quoted(typed, &from),
                from,
                to: found.condition.as_str().to_owned(),
            }
        })
        .collect();
    rewrites.extend(understood.rewrites.into_iter().map(|other| Rewrite {
        original: rewrite::quoted(typed, &other.from),
        ..other
    }));
    let complete = run::find(snapshot, &*strict)?;
    Ok(Some(Understood {
        compiled: Compiled {
            strict,
            relaxable: None,
            leaves: understood
                .compiled
                .leaves
                .into_iter()
                .chain(literal.leaves)
                .collect(),
            is_question: false,
            ..understood.compiled
        },
        complete: Some(complete),
        rewrites,
        did_you_mean: None,
        regions: understood.regions,
        conditions,
        unmet: Vec::new(),
    }))
}

/// Reads `parsed`, which is the text of `request`, as words.
fn words(
    snapshot: &Snapshot,
    request: &Request,
    options: &Options,
    parsed: &Query,
) -> Result<Understood, index::Error> {
    let stretches = rewrite::stretches(parsed);
    let mut parts = Vec::new();
    let mut readings = Vec::new();
    let mut texts = Vec::new();
    for stretch in &stretches {
        let (best, others) = spelt(pinyin::propose(snapshot, &stretch.text));
        texts.push(rewrite::with_parts(&stretch.text, &best));
        parts.extend(best);
        readings.extend(others);
    }
    let read = rewrite::replaced(parsed, &stretches, &texts);
    let reading = Reading {
        snapshot,
        request,
        options,
        readings: &readings,
    };
    let compiled = reading.compile(&read, !parts.is_empty())?;
    let complete = reading.complete(&compiled)?;
    let mut did_you_mean = None;
    // 均横 stands nowhere, yet among many passages some have 均 here and 横 there.
    let is_scattered = || {
        let mut words = compiled.words.iter();
        words.any(|word| word.text.chars().count() == 1)
    };
    if !compiled.lists_all
        && (complete.len() < options.relax_below.max(1) || is_scattered())
        && let Some(corrected) = reading.corrected(&read, complete.len())?
    {
        let mut all = parts.clone();
        all.extend(corrected.parts);
        if corrected.is_made {
            return Ok(reading.understood(
                corrected.compiled,
                Some(corrected.complete),
                &all,
                None,
            ));
        }
        did_you_mean = Some(rewrite::retyped(&request.text, &all));
    }
    Ok(reading.understood(compiled, Some(complete), &parts, did_you_mean))
}

/// The best reading of each stretch of letters, and the others as readings of the best.
fn spelt(proposals: Vec<Proposal>) -> (Vec<Proposal>, Vec<Proposal>) {
    let mut best: Vec<Proposal> = Vec::new();
    let mut others = Vec::new();
    for proposal in proposals {
        let place = (proposal.start, proposal.end);
        match best.iter().find(|best| (best.start, best.end) == place) {
            Some(first) if proposal.weight >= LIKELY => others.push(Proposal {
                from: first.to.clone(),
                ..proposal
            }),
            Some(_) => {}
            None => best.push(proposal),
        }
    }
    best.sort_by_key(|proposal| proposal.start);
    (best, others)
}

struct Reading<'a> {
    snapshot: &'a Snapshot,
    request: &'a Request,
    options: &'a Options,
    readings: &'a [Proposal],
}

/// A query with its typing errors put right.
struct Corrected {
    compiled: Compiled,
    complete: Found,
    parts: Vec<Proposal>,
    /// Whether it is searched for, rather than offered.
    is_made: bool,
}

impl Reading<'_> {
    fn compile(&self, query: &Query, reads_otherwise: bool) -> Result<Compiled, index::Error> {
        let compiler = Compiler::new(self.snapshot, self.options.weights)
            .rewriting(self.readings, reads_otherwise);
        Ok(compiler.smart(&self.request.text, query)?)
    }

    fn complete(&self, compiled: &Compiled) -> Result<Found, index::Error> {
        Ok(run::find(self.snapshot, &*compiled.strict)?)
    }

    /// The best correction of `query`, of which `complete` passages hold every word.
    fn corrected(&self, query: &Query, complete: usize) -> Result<Option<Corrected>, index::Error> {
        let stretches = rewrite::stretches(query);
        let mut texts: Vec<String> = stretches
            .iter()
            .map(|stretch| stretch.text.as_str().to_owned())
            .collect();
        let mut parts = Vec::new();
        let mut sure = 1.0_f32;
        let mut changes_words = false;
        let mut length = 0;
        for (text, stretch) in texts.iter_mut().zip(&stretches) {
            length = length.max(stretch.text.chars());
            let corrections = typo::propose(self.snapshot, &stretch.text);
            let best = corrections
                .into_iter()
                .find_map(|best| Some((changed_words(&stretch.text, &best.parts)?, best)));
            if let Some((changed, best)) = best {
                *text = best.text;
                sure = sure.min(best.confidence);
                changes_words |= changed;
                parts.extend(best.parts);
            }
        }
        if parts.is_empty() {
            return Ok(None);
        }
        let corrected = rewrite::replaced(query, &stretches, &texts);
        let compiled = self.compile(&corrected, true)?;
        let complete_so = self.complete(&compiled)?;
        let found = complete_so.len();
        let is_made = match complete {
            0 if changes_words => found > 0 && length <= VERY_SHORT,
            0 => found > 0 || sure >= SURE && length <= SHORT,
            // 师资对伍 is held by passages that have 师资 and, somewhere, 伍; that none has it as
            // it stands, and some have 师资队伍, says what was meant.
            _ => !changes_words && self.stands(&stretches, &texts)?,
        };
        Ok((is_made || found > complete).then_some(Corrected {
            compiled,
            complete: complete_so,
            parts,
            is_made,
        }))
    }

    /// Whether each of `stretches` that differs from its text in `texts` stands nowhere as it was
    /// typed, and does so as it is there.
    fn stands(&self, stretches: &[Stretch], texts: &[String]) -> Result<bool, index::Error> {
        let compiler = Compiler::new(self.snapshot, self.options.weights);
        for (stretch, text) in stretches.iter().zip(texts) {
            if text == stretch.text.as_str() {
                continue;
            }
            let typed = self.complete(&compiler.exact(stretch.text.as_str()))?;
            if !typed.is_empty() || self.complete(&compiler.exact(text))?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn understood(
        &self,
        compiled: Compiled,
        complete: Option<Found>,
        parts: &[Proposal],
        did_you_mean: Option<String>,
    ) -> Understood {
        let typed = &self.request.text;
        let mut rewrites: Vec<Rewrite> = Vec::new();
        for proposal in parts.iter().chain(&compiled.rewrites) {
            // Another reading stands for letters too, not for the word they were read as first.
            let is_reading =
                |part: &&Proposal| proposal.kind == RewriteKind::Pinyin && part.to == proposal.from;
            let from = parts
                .iter()
                .find(is_reading)
                .unwrap_or(proposal)
                .from
                .clone();
            let rewrite = Rewrite {
                kind: proposal.kind,
                original: rewrite::quoted(typed, &from),
                from,
                to: proposal.to.clone(),
            };
            if !rewrites.contains(&rewrite) {
                rewrites.push(rewrite);
            }
        }
        Understood {
            regions: compiled.regions.clone(),
            compiled,
            complete,
            rewrites,
            did_you_mean,
            conditions: Vec::new(),
            unmet: Vec::new(),
        }
    }
}

impl Understood {
    /// A query that is taken as it was typed.
    pub(super) fn literally(compiled: Compiled) -> Self {
        Self {
            regions: compiled.regions.clone(),
            compiled,
            complete: None,
            rewrites: Vec::new(),
            did_you_mean: None,
            conditions: Vec::new(),
            unmet: Vec::new(),
        }
    }
}

/// Whether `parts` change words of the language, or nothing where they change a function word,
/// which the index may lack but nobody mistypes for a noun.
fn changed_words(text: &Normalized, parts: &[Proposal]) -> Option<bool> {
    let edits: Vec<(usize, usize, bool)> = parts.iter().map(change).collect();
    let mut changed = false;
    for word in Dictionary::standard().words(text.as_str()) {
        let mut touching = edits
            .iter()
            .filter(|(start, end, _)| *start < word.end && word.start < *end)
            .peekable();
        let is_touched = touching.peek().is_some();
        let is_long = word.end - word.start > 1;
        // 对 may stand for 队; 哪 is not there by mistake.
        let is_lost = touching.any(|&(_, _, is_shorter)| is_shorter);
        if is_touched && is_function_word(word.text) && (is_long || is_lost) {
            return None;
        }
        changed |= is_touched && is_long;
    }
    Some(changed)
}

/// The characters that `part` really changes, what its two sides share left out, and whether it
/// makes them fewer.
fn change(part: &Proposal) -> (usize, usize, bool) {
    let from: Vec<char> = part.from.chars().collect();
    let to: Vec<char> = part.to.chars().collect();
    let alike = |(one, other): &(&char, &char)| one == other;
    let before = from.iter().zip(&to).take_while(alike).count();
    let room = from.len().min(to.len()) - before;
    let ends = from.iter().rev().zip(to.iter().rev());
    let after = ends.take(room).take_while(alike).count();
    (part.start + before, part.end - after, to.len() < from.len())
}
