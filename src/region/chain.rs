//! Reads province, city and county names that follow each other, and picks the division meant.

use super::names::{Form, Level};
use super::table::{Candidate, Division, Found, TABLE};
use super::{Region, Resolution};
use crate::fold::fold;

/// A text as names are compared: folded, with the bytes each character came from.
pub(super) struct Folded {
    pub(super) chars: Vec<char>,
    spans: Vec<(usize, usize)>,
}

impl Folded {
    pub(super) fn new(text: &str) -> Self {
        let (chars, spans) = text
            .char_indices()
            .filter_map(|(start, c)| Some((fold(c)?, (start, start + c.len_utf8()))))
            .unzip();
        Self { chars, spans }
    }

    /// Without the blanks and separators, for a text that is one name.
    pub(super) fn joined(text: &str) -> Self {
        let (chars, spans) = text
            .char_indices()
            .filter_map(|(start, c)| Some((fold(c)?, (start, start + c.len_utf8()))))
            .filter(|&(c, _)| !is_separator(c))
            .unzip();
        Self { chars, spans }
    }

    /// The byte range of the characters from `start` up to `end`.
    pub(super) fn bytes(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        let &(first, _) = self.spans.get(start)?;
        let &(_, last) = self.spans.get(end.checked_sub(1)?)?;
        Some((first, last))
    }

    fn at(&self, at: usize) -> Option<char> {
        self.chars.get(at).copied()
    }

    fn ends_with(&self, end: usize, ending: [char; 2]) -> bool {
        self.chars
            .get(..end)
            .is_some_and(|before| before.ends_with(&ending))
    }

    /// Whether a word ends before `at`: nothing follows, or no ideograph.
    fn word_ends(&self, at: usize) -> bool {
        self.at(at).is_none_or(|c| !is_ideograph(c))
    }

    /// Whether a word surely begins at `at`, with no ideograph before it but a preposition or the
    /// 年 of a date.
    fn word_begins(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1).and_then(|at| self.at(at)) else {
            return true;
        };
        match before {
            '在' | '于' | '与' | '及' | '和' | '至' | '赴' | '到' | '从' | '由' => true,
            '年' => at
                .checked_sub(2)
                .and_then(|at| self.at(at))
                .is_some_and(|c| c.is_ascii_digit()),
            c => !is_ideograph(c),
        }
    }
}

/// Whether a folded character is a Chinese character.
pub(super) fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{323AF}' | '〇' | '\u{F900}'..='\u{FAFF}')
}

/// Whether a folded character may stand between the levels of a chain.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '·' | '・' | '•' | '‧' | '∙' | '-' | '–' | '—' | '/' | '>' | '|' | '_' | '･'
    )
}

/// A chain of names read in a text.
pub(super) struct Chain {
    /// One past its last character.
    pub(super) end: usize,
    names: usize,
    /// What its last name may stand for, given the names before it.
    candidates: Vec<Candidate>,
    /// Its only name is the bare form of a division and an everyday word.
    plain: bool,
}

/// How a text is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// All of it is one name, so each name counts.
    Whole,
    /// Names stand among other words, so each must be told from a piece of a word.
    /// `after_name`: another name ends right where this one begins.
    Running { after_name: bool },
}

/// The chain that is the whole text.
pub(super) fn whole(text: &Folded) -> Option<Chain> {
    let mut best = None;
    read(text, 0, None, Reading::Whole, &mut best);
    best
}

/// The longest chain that begins at `start` in running text.
pub(super) fn longest(text: &Folded, start: usize, after_name: bool) -> Option<Chain> {
    let mut best = None;
    read(
        text,
        start,
        None,
        Reading::Running { after_name },
        &mut best,
    );
    best
}

/// The names already read, for the next.
struct Parent<'p> {
    candidates: &'p [Candidate],
    names: usize,
    /// Too uncertain to count unless a full name follows.
    weak: bool,
    /// Separators stand between it and the next name.
    gap: bool,
}

/// Reads a name at `start` and the chains it begins, keeping the best in `best`.
fn read(
    text: &Folded,
    start: usize,
    parent: Option<&Parent>,
    reading: Reading,
    best: &mut Option<Chain>,
) {
    let names = TABLE.names_at(&text.chars, start);
    for found in &names {
        let candidates: Vec<Candidate> = match parent {
            None => found.candidates.to_vec(),
            Some(parent) => within(found.candidates, parent.candidates),
        };
        if candidates.is_empty() {
            continue;
        }
        let bare = candidates.iter().all(|it| it.form == Form::Bare);
        let chain = Chain {
            end: found.end,
            names: 1 + parent.map_or(0, |parent| parent.names),
            candidates,
            plain: parent.is_none() && bare && found.traits.plain,
        };
        let counts = match reading {
            Reading::Whole => true,
            Reading::Running { after_name } => {
                if cut_short(text, found, &names) {
                    continue;
                }
                match parent {
                    None => counts_alone(text, start, found, &chain, after_name),
                    Some(parent) => counts_after(text, found, bare, parent),
                }
            }
        };
        if counts || parent.is_none() {
            let mut next = chain.end;
            while text.at(next).is_some_and(is_separator) && next < chain.end + 2 {
                next += 1;
            }
            let parent = Parent {
                candidates: &chain.candidates,
                names: chain.names,
                weak: !counts,
                gap: next > chain.end,
            };
            if chain.names < 3 {
                read(text, next, Some(&parent), reading, best);
            }
        }
        if counts && (reading != Reading::Whole || chain.end == text.chars.len()) {
            let better = best
                .as_ref()
                .is_none_or(|best| (chain.end, best.names) > (best.end, chain.names));
            if better {
                *best = Some(chain);
            }
        }
    }
}

fn within(candidates: &[Candidate], parents: &[Candidate]) -> Vec<Candidate> {
    let divisions = |of: &[Candidate]| -> Vec<&Division> {
        of.iter()
            .filter_map(|it| TABLE.division(it.division))
            .collect()
    };
    let parents = divisions(parents);
    candidates
        .iter()
        .filter(|it| {
            TABLE
                .division(it.division)
                .is_some_and(|division| parents.iter().any(|parent| division.is_within(parent)))
        })
        .copied()
        .collect()
}

/// Whether the name's last character belongs to the next word (北京市场, 河北区域), or the whole
/// name to a longer word (长治久安).
fn cut_short(text: &Folded, found: &Found, names: &[Found]) -> bool {
    if names.iter().any(|it| it.traits.veto && it.end > found.end) || found.candidates.is_empty() {
        return true;
    }
    let last = found.end.checked_sub(1).and_then(|at| text.at(at));
    match (last, text.at(found.end)) {
        (Some('市'), Some('场')) | (Some('区'), Some('域')) => true,
        (Some('区'), Some(next)) => {
            let inner = names
                .iter()
                .any(|it| it.end + 1 == found.end && !it.candidates.is_empty());
            let word = match next {
                '划' | '间' | '块' | '片' | '别' => true,
                '位' => text.at(found.end + 1) != Some('于'),
                _ => false,
            };
            inner && word
        }
        _ => false,
    }
}

/// Whether a name without a parent counts in running text.
fn counts_alone(
    text: &Folded,
    start: usize,
    found: &Found,
    chain: &Chain,
    after_name: bool,
) -> bool {
    if found.traits.generic || chain.plain && !is_province(&chain.candidates) {
        return false;
    }
    if found.traits.loose {
        // 和县级 is "and county level"; 和县人民政府 is the county.
        let next = text.at(found.end);
        let full = chain.candidates.iter().any(|it| it.form == Form::Full);
        let part = full && matches!(next, Some('级' | '域' | '区' | '市' | '县' | '部' | '城'));
        if part || !(after_name || text.word_begins(start)) {
            return false;
        }
    }
    // A short form that may be a county's is not taken for one.
    let best = preferred(&chain.candidates);
    best.iter()
        .all(|(it, division)| it.form != Form::Bare || division.level != Level::County)
}

/// Whether a name counts after its parent in running text.
fn counts_after(text: &Folded, found: &Found, bare: bool, parent: &Parent) -> bool {
    if !bare {
        let in_city = parent.candidates.iter().any(|it| {
            TABLE
                .division(it.division)
                .is_some_and(|division| division.level == Level::City)
        });
        return !found.traits.generic || in_city && (!parent.gap || text.word_ends(found.end));
    }
    let ends = text.word_ends(found.end);
    if parent.weak {
        false
    } else if parent.gap {
        ends && (!found.traits.plain || found.end == text.chars.len())
    } else {
        ends || !found.traits.plain
    }
}

fn is_province(candidates: &[Candidate]) -> bool {
    candidates.iter().any(|it| {
        TABLE
            .division(it.division)
            .is_some_and(|division| division.level == Level::Province)
    })
}

/// What a chain is followed by that names no part of it.
pub(super) struct Contradiction {
    pub(super) end: usize,
    /// A 新区 by a name that the table has elsewhere (儋州滨海新区): it is the chain's own all the
    /// same, only unknown to the table.
    pub(super) new_area: bool,
}

/// The full name of a county elsewhere right after the chain (河北省 before 和平区). Lists of
/// provinces and cities (北京市天津市) are no contradiction.
pub(super) fn contradiction(text: &Folded, chain: &Chain) -> Option<Contradiction> {
    let names = TABLE.names_at(&text.chars, chain.end);
    let found = names.iter().rev().find(|found| {
        let full = |it: &Candidate| {
            it.form == Form::Full
                && TABLE
                    .division(it.division)
                    .is_some_and(|division| division.level == Level::County)
        };
        found.candidates.iter().any(full)
            && !found.candidates.iter().any(|it| {
                TABLE
                    .division(it.division)
                    .is_some_and(|division| division.level != Level::County)
            })
    })?;
    let told_apart = !found.traits.loose
        && !found.traits.generic
        && !cut_short(text, found, &names)
        && is_above_counties(&chain.candidates);
    told_apart.then(|| Contradiction {
        end: found.end,
        new_area: text.ends_with(found.end, ['新', '区']),
    })
}

fn is_above_counties(candidates: &[Candidate]) -> bool {
    preferred(candidates)
        .iter()
        .all(|(_, division)| division.level != Level::County)
}

/// The order in which candidates are preferred; see [`super::resolve`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Preference {
    bare: bool,
    former: bool,
    form: Form,
    level: Level,
}

fn preference(candidate: Candidate, division: &Division) -> Preference {
    Preference {
        // 沙县 is the county it was, not 沙县区.
        bare: candidate.form == Form::Bare,
        former: !division.is_current(),
        form: candidate.form,
        level: division.level,
    }
}

/// The candidates that are preferred above the others, one for each place.
fn preferred(candidates: &[Candidate]) -> Vec<(Candidate, &'static Division)> {
    let all: Vec<(Candidate, &'static Division)> = candidates
        .iter()
        .filter_map(|&it| Some((it, TABLE.division(it.division)?)))
        .collect();
    let Some(best) = all
        .iter()
        .map(|(it, division)| preference(*it, division))
        .min()
    else {
        return Vec::new();
    };
    let best: Vec<_> = all
        .into_iter()
        .filter(|(it, division)| preference(*it, division) == best)
        .collect();
    best.iter()
        .filter(|(_, division)| !best.iter().any(|(_, other)| succeeds(other, division)))
        .copied()
        .collect()
}

/// Whether `later` is the same division under a later code: the same name in the same province,
/// held when `earlier` no longer was.
fn succeeds(later: &Division, earlier: &Division) -> bool {
    later.name == earlier.name
        && later.province() == earlier.province()
        && later.first >= earlier.last
        && later.last > earlier.last
}

/// The division a chain means.
pub(super) fn settle(chain: &Chain, written: &str) -> Resolution {
    let mut best = preferred(&chain.candidates);
    if chain.plain
        && best
            .iter()
            .all(|(_, division)| division.level == Level::City)
    {
        // 朝阳 is as likely the district of Beijing as the prefecture: level does not decide.
        let current = |it: &Candidate| {
            let division = TABLE.division(it.division)?;
            division.is_current().then_some((*it, division))
        };
        best = chain.candidates.iter().filter_map(current).collect();
    }
    best.sort_by_key(|(_, division)| division.code);
    best.dedup_by_key(|(_, division)| division.code);
    let mut regions: Vec<Region> = best
        .iter()
        .map(|(_, division)| TABLE.region(division, written))
        .collect();
    match regions.len() {
        0 => Resolution::Unknown,
        1 => regions.pop().map_or(Resolution::Unknown, Resolution::Known),
        _ => Resolution::Ambiguous(regions),
    }
}
