//! Letters read as pinyin, or as the initials of a region or theme.
//!
//! Letters next to each other, blanks among them or not, are cut into the words of the index that
//! spell them, the likeliest sequence first: jiaoshipeixun and jiao shi pei xun are 教师培训. A
//! blank ends a syllable, never stands within one. Words the index holds in Latin letters stay what
//! they are.

use super::model::Model;
use super::{Proposal, RewriteKind, is_ideograph};
use crate::analysis::Normalized;
use crate::index::{Known, Snapshot};
use crate::pinyin;

/// The most proposals for one stretch.
const MAX_READINGS: usize = 3;
/// The most letters read at a time; nobody types more before looking.
const MAX_LETTERS: usize = 96;
/// The most runs of letters without a blank that are read.
const MAX_TOKENS: usize = 16;
/// The words looked at for each run of letters.
const MAX_WORDS: usize = 4;
/// The most letters that initials have, and a word with a wrong letter.
const MAX_INITIALS: usize = 8;
const MAX_MISSPELT: usize = 20;
/// The fewest letters of a word with a wrong letter; shorter ones are next to too many others.
const MIN_MISSPELT: usize = 6;
/// What a character that is a word by itself counts less: hardly anybody types one in letters.
const LONE: f32 = 2.0;
/// What a word counts less that reaches over a blank although there is more than a syllable on one
/// side.
const OVER_BLANK: f32 = 2.0;
/// What a word with a wrong letter counts less.
const MISSPELT: f32 = 5.0;
/// What a word with a wrong letter is worth beside the word itself.
const MISSPELT_WEIGHT: f32 = 0.8;
/// Readings worth less beside the best are not given.
const LEAST_WEIGHT: f32 = 0.1;
/// A word in Latin letters stays when it is at least this share as frequent as what it spells.
const LATIN_SHARE: u64 = 20;
/// What initials are worth beside the name itself.
const INITIALS_WEIGHT: f32 = 0.8;

/// Letters without a blank between them.
#[derive(Debug, Clone)]
struct Token {
    /// The characters of the text it takes.
    start: usize,
    end: usize,
    /// Its letters, without tones.
    letters: String,
    /// After how many letters a syllable ends for certain.
    breaks: Vec<usize>,
}

/// Letters in sequence, as words.
#[derive(Debug, Clone)]
struct Reading {
    score: f32,
    /// Each word with the letter it ends before.
    words: Vec<(usize, Known)>,
}

/// What the letters in `text` may stand for; for each stretch the best first.
#[must_use]
pub fn propose(snapshot: &Snapshot, text: &Normalized) -> Vec<Proposal> {
    let chars: Vec<char> = text.as_str().chars().collect();
    let model = Model::new(snapshot);
    let mut found = Vec::new();
    let mut stretch: Vec<Token> = Vec::new();
    for token in tokens(&chars).into_iter().take(MAX_TOKENS) {
        let follows = stretch
            .last()
            .is_some_and(|last| last.end + 1 == token.start);
        if !follows {
            read(&model, &chars, &std::mem::take(&mut stretch), &mut found);
        }
        if pinyin::cuts(&token.letters).is_empty() || is_latin(&model, &token) {
            read(&model, &chars, &std::mem::take(&mut stretch), &mut found);
            initials_or_misspelt(&model, &chars, &token, &mut found);
        } else {
            stretch.push(token);
        }
    }
    read(&model, &chars, &stretch, &mut found);
    found
}

/// The runs of letters in `chars` that stand by themselves: wi-fi, 4g and a.b are none.
fn tokens(chars: &[char]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        if is_ideograph(c) || c == ' ' {
            at += 1;
            continue;
        }
        let start = at;
        let mut token = Token {
            start,
            end: start,
            letters: String::new(),
            breaks: Vec::new(),
        };
        let mut is_pinyin = true;
        while let Some(&c) = chars.get(at).filter(|&&c| !is_ideograph(c) && c != ' ') {
            match c {
                '\'' | '1'..='5' if !token.letters.is_empty() => {
                    token.breaks.push(token.letters.len());
                }
                ':' if token.letters.ends_with('u') => {
                    token.letters.pop();
                    token.letters.push('v');
                }
                // Punctuation of sentences only ends the run.
                ',' | '。' | '、' | ';' | '?' | '!' | '"' | '(' | ')'
                    if token.letters.is_empty() =>
                {
                    token.start = at + 1;
                }
                ',' | '。' | '、' | ';' | '?' | '!' | '"' | '(' | ')' => break,
                c => match pinyin::plain(c) {
                    Some(letter) => token.letters.push(letter),
                    None => is_pinyin = false,
                },
            }
            at += 1;
        }
        token.end = at;
        if is_pinyin && !token.letters.is_empty() && token.letters.len() <= MAX_LETTERS {
            token.letters = token.letters.replace("lue", "lve").replace("nue", "nve");
            tokens.push(token);
        }
    }
    tokens
}

/// Whether the index holds the token in Latin letters, and not so rarely that it is by chance.
fn is_latin(model: &Model<'_>, token: &Token) -> bool {
    let latin = model.lexicon().frequency(&token.letters);
    if latin == 0 {
        return false;
    }
    let spelt = model.lexicon().spelt(&token.letters, 1);
    spelt.first().map_or(0, |known| known.frequency) < latin.saturating_mul(LATIN_SHARE)
}

/// Reads `stretch`, tokens with single blanks between them.
fn read(model: &Model<'_>, chars: &[char], stretch: &[Token], found: &mut Vec<Proposal>) {
    let (Some(first), Some(last)) = (stretch.first(), stretch.last()) else {
        return;
    };
    let mut letters = String::new();
    let mut blanks = vec![0];
    let mut breaks = Vec::new();
    for token in stretch {
        breaks.extend(token.breaks.iter().map(|at| letters.len() + at));
        letters.push_str(&token.letters);
        blanks.push(letters.len());
    }
    breaks.extend(&blanks);
    let before = chars.get(first.start.wrapping_sub(1)).copied();
    let after = chars.get(last.end).copied();
    let lattice = Lattice {
        model,
        letters: &letters,
        blanks: &blanks,
        breaks: &breaks,
    };
    let best = lattice
        .readings(0..letters.len(), before, after)
        .into_iter()
        .next();
    let best = best.filter(|best| {
        let lone = |known: &Known| known.word.chars().nth(1).is_none();
        // A syllable by itself is nearly any character; next to Chinese it may be part of a word.
        let beside = [before, after].into_iter().flatten().any(is_ideograph);
        best.words.iter().any(|(_, known)| !lone(known)) || (beside && best.words.len() == 1)
    });
    let Some(best) = best.filter(|_| letters.len() <= MAX_LETTERS) else {
        for token in stretch {
            initials_or_misspelt(model, chars, token, found);
        }
        return;
    };

    // A proposal for every part of the stretch that begins and ends at a blank as well as a word.
    let mut begin = 0;
    let mut words = String::new();
    for (end, known) in &best.words {
        words.push_str(&known.word);
        let Some(to) = blanks.iter().position(|blank| blank == end) else {
            continue;
        };
        let Some(from) = blanks.iter().position(|&blank| blank == begin) else {
            continue;
        };
        let (Some(head), Some(tail)) = (stretch.get(from), stretch.get(to - 1)) else {
            continue;
        };
        let mut readings: Vec<(String, f32)> = Vec::new();
        let own = lattice.readings(begin..*end, before, after);
        let top = own.first().map_or(0.0, |reading| reading.score);
        readings.push((std::mem::take(&mut words), 1.0));
        for reading in own {
            let other: String = reading
                .words
                .iter()
                .map(|(_, known)| known.word.as_str())
                .collect();
            let weight = ((reading.score - top) / 2.0).exp().min(0.9);
            if weight >= LEAST_WEIGHT && !readings.iter().any(|(known, _)| *known == other) {
                readings.push((other, weight));
            }
        }
        if head.start == tail.start {
            misspelt(model, head, top, &mut readings);
        }
        readings.truncate(MAX_READINGS);
        found.extend(
            readings
                .into_iter()
                .map(|(to, weight)| proposal(chars, head.start, tail.end, to, weight)),
        );
        begin = *end;
    }
}

fn proposal(chars: &[char], start: usize, end: usize, to: String, weight: f32) -> Proposal {
    Proposal {
        kind: RewriteKind::Pinyin,
        start,
        end,
        from: chars.get(start..end).unwrap_or_default().iter().collect(),
        to,
        weight,
    }
}

/// What a token that is no pinyin as it stands may be: initials, or a word with a wrong letter.
fn initials_or_misspelt(
    model: &Model<'_>,
    chars: &[char],
    token: &Token,
    found: &mut Vec<Proposal>,
) {
    let letters = token.letters.as_str();
    if model.lexicon().frequency(letters) > 0 || !token.breaks.is_empty() {
        return;
    }
    let mut readings: Vec<(String, f32)> = Vec::new();
    if (2..=MAX_INITIALS).contains(&letters.len()) {
        let names = model.lexicon().with_initials(letters, MAX_READINGS);
        let top = names.first().map_or(1, |known| known.frequency.max(1));
        for known in names {
            #[expect(clippy::cast_precision_loss, reason = "a ratio of counts")]
            let share = (known.frequency as f32 / top as f32).max(0.1);
            readings.push((known.word, INITIALS_WEIGHT * share));
        }
    }
    if readings.is_empty() {
        misspelt(model, token, f32::NEG_INFINITY, &mut readings);
    }
    found.extend(
        readings
            .into_iter()
            .map(|(to, weight)| proposal(chars, token.start, token.end, to, weight)),
    );
}

/// Puts before `readings`, the best of which scores `score`, the word whose spelling is `token` but
/// for one letter that is missing, too many or another, where that is likelier by far.
fn misspelt(model: &Model<'_>, token: &Token, score: f32, readings: &mut Vec<(String, f32)>) {
    let letters = token.letters.as_str();
    if !(MIN_MISSPELT..=MAX_MISSPELT).contains(&letters.len()) || !letters.is_ascii() {
        return;
    }
    let lexicon = model.lexicon();
    if lexicon.spelt_beginnings(letters).contains(&letters.len()) {
        return;
    }
    let mut best: Option<Known> = None;
    let mut consider = |spelling: &str| {
        // Most spellings are none, which is told without looking for words.
        if lexicon.spelt_beginnings(spelling).last() != Some(&spelling.len()) {
            return;
        }
        for known in lexicon.spelt(spelling, 1) {
            if best
                .as_ref()
                .is_none_or(|best| best.frequency < known.frequency)
            {
                best = Some(known);
            }
        }
    };
    for at in 0..=letters.len() {
        let (Some(before), Some(after)) = (letters.get(..at), letters.get(at..)) else {
            continue;
        };
        let rest = after.get(1..);
        if let Some(rest) = rest {
            consider(&format!("{before}{rest}"));
        }
        for letter in 'a'..='z' {
            consider(&format!("{before}{letter}{after}"));
            if let Some(rest) = rest {
                consider(&format!("{before}{letter}{rest}"));
            }
        }
    }
    if let Some(best) = best
        && best.word.chars().nth(1).is_some()
        && model.word(best.frequency) - MISSPELT > score
    {
        for (_, weight) in readings.iter_mut() {
            *weight *= MISSPELT_WEIGHT / 2.0;
        }
        readings.insert(0, (best.word, MISSPELT_WEIGHT));
    }
}

/// The letters of a stretch, and where words may begin and end in them.
struct Lattice<'a> {
    model: &'a Model<'a>,
    letters: &'a str,
    /// Where there are blanks between the letters, both ends among them.
    blanks: &'a [usize],
    /// Where syllables end for certain.
    breaks: &'a [usize],
}

impl Lattice<'_> {
    /// The likeliest ways to read the letters `range`, which stand between `before` and `after`.
    fn readings(
        &self,
        range: std::ops::Range<usize>,
        before: Option<char>,
        after: Option<char>,
    ) -> Vec<Reading> {
        let lexicon = self.model.lexicon();
        let mut at: Vec<Vec<Reading>> = vec![Vec::new(); self.letters.len() + 1];
        if let Some(begin) = at.get_mut(range.start) {
            begin.push(Reading {
                score: 0.0,
                words: Vec::new(),
            });
        }
        for start in range.clone() {
            let begun = at.get(start).cloned().unwrap_or_default();
            if begun.is_empty() {
                continue;
            }
            let ahead = self.letters.get(start..range.end).unwrap_or_default();
            for length in lexicon.spelt_beginnings(ahead) {
                let end = start + length;
                let spelling = ahead.get(..length).unwrap_or_default();
                for known in lexicon.spelt(spelling, MAX_WORDS) {
                    let Some(own) = self.word(&known, start, end) else {
                        continue;
                    };
                    for reading in &begun {
                        let longer = self.extend(reading, &known, end, own, before);
                        keep(at.get_mut(end), longer);
                    }
                }
            }
        }
        let mut readings = at.into_iter().nth(range.end).unwrap_or_default();
        if let Some(after) = after {
            for reading in &mut readings {
                let last = reading
                    .words
                    .last()
                    .and_then(|(_, known)| known.word.chars().last());
                reading.score += last.map_or(0.0, |last| self.model.company(last, after));
            }
            readings.sort_by(|a, b| b.score.total_cmp(&a.score));
        }
        readings
    }

    /// What `known` counts for the letters `start..end`, where its syllables end as they must.
    fn word(&self, known: &Known, start: usize, end: usize) -> Option<f32> {
        let mut score = self.model.word(known.frequency);
        if known.word.chars().nth(1).is_none() {
            score -= LONE;
        }
        let inside = |at: &&usize| start < **at && **at < end;
        if self.breaks.iter().any(|at| inside(&at)) {
            let fits = pinyin::spellings(&known.word).into_iter().any(|spelling| {
                let mut ends = vec![start];
                for syllable in &spelling {
                    ends.push(ends.last().map_or(0, |end| end + syllable.len()));
                }
                ends.last() == Some(&end)
                    && self
                        .breaks
                        .iter()
                        .filter(inside)
                        .all(|at| ends.contains(at))
            });
            if !fits {
                return None;
            }
        }
        // jiao shi is one word; in jiaoshi peixun a blank parts words.
        let parted = self.blanks.windows(2).any(|token| {
            matches!(token, &[from, to] if (inside(&&from) || inside(&&to))
                && self.letters.get(from..to).is_some_and(|token| !pinyin::is_syllable(token)))
        });
        Some(if parted { score - OVER_BLANK } else { score })
    }

    fn extend(
        &self,
        reading: &Reading,
        known: &Known,
        end: usize,
        own: f32,
        before: Option<char>,
    ) -> Reading {
        let last = match reading.words.last() {
            Some((_, last)) => last.word.chars().last(),
            None => before,
        };
        let company = match (last, known.word.chars().next()) {
            (Some(last), Some(first)) => self.model.company(last, first),
            _ => 0.0,
        };
        let mut words = reading.words.clone();
        words.push((end, known.clone()));
        Reading {
            score: reading.score + own + company,
            words,
        }
    }
}

/// Keeps `reading` among the best that end where it does.
fn keep(place: Option<&mut Vec<Reading>>, reading: Reading) {
    let Some(kept) = place else { return };
    let rank = kept.partition_point(|other| other.score >= reading.score);
    if rank < MAX_READINGS {
        kept.insert(rank, reading);
        kept.truncate(MAX_READINGS);
    }
}
