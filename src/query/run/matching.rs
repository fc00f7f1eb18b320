//! Which passages a query finds, whatever they score: worked out a set at a time.
//!
//! What is rare goes first and bounds what is looked at of the rest; a posting list is read through
//! where most of it is needed and else only asked about the passages that are left. That characters
//! stand next to each other is looked at last, and only where nothing cheaper says so already: what
//! holds a word as a word needs no look at the places of its characters.

use std::sync::Arc;

use tantivy::postings::{Postings, TermInfo};
use tantivy::query::{AllQuery, BooleanQuery, EmptyQuery, EnableScoring, Occur, Query, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{
    DocId, DocSet, InvertedIndexReader, Searcher, SeekDangerResult, SegmentReader, TERMINATED, Term,
};

use super::combined::CombinedQuery;
use super::contains::{self, Contains};
use super::coverage::{CoverageQuery, Enough};
use super::docs::{Docs, Gathering, Meeting, past};
use super::forms::{BestOf, Characters, Constant, Weighed, Within};
use super::terms::Terms;
use crate::index::StoredPassages;

/// How many times as long as a set a posting list must be for a look at each passage of the set to
/// be cheaper than reading the list: a look may read a block of 128.
const LOOK: usize = 16;

/// Of how many passages of a segment one must be in some set for the sets to be added up in a place
/// for each passage.
const MANY: usize = 8;

/// What a passage must be like.
pub(super) enum Matching {
    Everything,
    Nothing,
    /// It holds a term.
    Term(Term),
    /// It holds terms at these places.
    Phrase(Vec<(usize, Term)>),
    /// Its text has a string in it.
    Text(Contains),
    All(Vec<Self>),
    Any(Vec<Self>),
    /// It is like the first and not like the second.
    But(Box<Self>, Box<Self>),
    /// It is like enough of these, heaviest first; without any of the first so many it cannot be.
    Enough(Vec<(Self, f32)>, usize, Enough),
    /// The engine's own scorer finds it.
    Engine(Box<dyn Query>),
}

impl Matching {
    /// What `query` finds.
    pub(super) fn of(query: &dyn Query) -> Self {
        if let Some(query) = query.downcast_ref::<Box<dyn Query>>() {
            return Self::of(&**query);
        }
        if let Some(query) = query.downcast_ref::<BooleanQuery>() {
            return Self::boolean(query);
        }
        if let Some(query) = query.downcast_ref::<Constant>() {
            return Self::of(query.inner());
        }
        if let Some(query) = query.downcast_ref::<Weighed>() {
            return Self::of(query.inner());
        }
        if let Some(query) = query.downcast_ref::<Within>() {
            return Self::of(query.finds());
        }
        if let Some(query) = query.downcast_ref::<BestOf>() {
            return Self::any(query.inner().map(Self::of).collect());
        }
        if let Some(query) = query.downcast_ref::<Characters>() {
            return Self::Phrase(query.terms().to_vec());
        }
        if let Some(query) = query.downcast_ref::<Contains>() {
            return Self::Text(query.clone());
        }
        if let Some(query) = query.downcast_ref::<CombinedQuery>() {
            return Self::any(query.terms().map(|(term, _)| Self::Term(term)).collect());
        }
        if let Some(query) = query.downcast_ref::<CoverageQuery>() {
            let clauses = query.clauses();
            return Self::Enough(
                clauses
                    .map(|(clause, worth)| (Self::of(clause), worth))
                    .collect(),
                query.leading(),
                query.enough(),
            );
        }
        if let Some(query) = query.downcast_ref::<TermQuery>() {
            return Self::Term(query.term().clone());
        }
        if query.is::<AllQuery>() {
            return Self::Everything;
        }
        if query.is::<EmptyQuery>() {
            return Self::Nothing;
        }
        Self::Engine(query.box_clone())
    }

    fn boolean(query: &BooleanQuery) -> Self {
        let of = |wanted: Occur| -> Vec<Self> {
            let clauses = query.clauses().iter();
            let clauses = clauses.filter(|(occur, _)| *occur == wanted);
            clauses.map(|(_, clause)| Self::of(&**clause)).collect()
        };
        let least = query.get_minimum_number_should_match();
        if least > 1 {
            return Self::Engine(Box::new(query.clone()));
        }
        let (must, should, not) = (of(Occur::Must), of(Occur::Should), of(Occur::MustNot));
        let mut all = must;
        if least == 1 || all.is_empty() {
            all.push(Self::any(should));
        }
        let all = match all.pop() {
            Some(only) if all.is_empty() => only,
            Some(another) => {
                all.push(another);
                Self::All(all)
            }
            None => Self::Nothing,
        };
        if not.is_empty() {
            all
        } else {
            Self::But(Box::new(all), Box::new(Self::any(not)))
        }
    }

    /// Any of `ways`, of which those that are any of several are taken apart.
    fn any(ways: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(ways.len());
        for way in ways {
            match way {
                Self::Any(ways) => flat.extend(ways),
                Self::Nothing => {}
                way => flat.push(way),
            }
        }
        Self::Any(flat)
    }

    /// The same, with its terms looked up in one segment.
    pub(super) fn open<'m>(
        &'m self,
        terms: &'m Terms,
        segment: usize,
    ) -> tantivy::Result<Opened<'m>> {
        let open = |part: &'m Self| part.open(terms, segment);
        let list = |term: &Term| -> tantivy::Result<Option<Listed>> {
            let list = terms.list(segment, term)?;
            Ok(list.map(|(index, info)| Listed { index, info }))
        };
        Ok(match self {
            Self::Everything => Opened::Everything,
            Self::Nothing => Opened::Nothing,
            Self::Term(term) => list(term)?.map_or(Opened::Nothing, Opened::Term),
            Self::Phrase(terms) => {
                let mut listed = Vec::with_capacity(terms.len());
                for (place, term) in terms {
                    let Some(term) = list(term)? else {
                        return Ok(Opened::Nothing);
                    };
                    listed.push((*place, term));
                }
                listed.sort_by_key(|(_, listed)| listed.info.doc_freq);
                Opened::Phrase(listed)
            }
            Self::Text(query) => match open_pairs(query, terms, segment)? {
                Some(pairs) => {
                    let word = query.word().map(list).transpose()?.flatten();
                    Opened::Text(query, word, pairs, terms.passages(segment)?)
                }
                None => Opened::Nothing,
            },
            Self::All(parts) => {
                let mut all = Vec::with_capacity(parts.len());
                for part in parts {
                    match open(part)? {
                        Opened::Nothing => return Ok(Opened::Nothing),
                        Opened::Everything => {}
                        part => all.push(part),
                    }
                }
                if all.is_empty() {
                    return Ok(Opened::Everything);
                }
                all.sort_by_key(Opened::size);
                Opened::All(all)
            }
            Self::Any(parts) => {
                let mut any = Vec::with_capacity(parts.len());
                for part in parts {
                    match open(part)? {
                        Opened::Nothing => {}
                        Opened::Everything => return Ok(Opened::Everything),
                        part => any.push(part),
                    }
                }
                if any.is_empty() {
                    return Ok(Opened::Nothing);
                }
                any.sort_by_key(|part| (part.effort(), part.size()));
                Opened::Any(any)
            }
            Self::But(part, not) => match (open(part)?, open(not)?) {
                (Opened::Nothing, _) => Opened::Nothing,
                (part, Opened::Nothing) => part,
                (part, not) => Opened::But(Box::new(part), Box::new(not)),
            },
            Self::Enough(clauses, leading, enough) => {
                let clauses = clauses.iter();
                let clauses = clauses
                    .map(|(clause, worth)| Ok((open(clause)?, *worth)))
                    .collect::<tantivy::Result<_>>()?;
                Opened::Enough(clauses, *leading, *enough)
            }
            Self::Engine(query) => Opened::Engine(&**query, terms.searcher()),
        })
    }
}

/// Where the pairs that `query` looks up are listed in one segment, rarest first; nothing where one
/// of them is nowhere.
pub(super) fn open_pairs(
    query: &Contains,
    terms: &Terms,
    segment: usize,
) -> tantivy::Result<Option<Vec<Listed>>> {
    let mut pairs = Vec::with_capacity(query.pairs().len());
    for term in query.pairs() {
        let Some((index, info)) = terms.list(segment, term)? else {
            return Ok(None);
        };
        pairs.push(Listed { index, info });
    }
    pairs.sort_by_key(Listed::length);
    Ok(Some(pairs))
}

/// A term's posting list in one segment.
pub(super) struct Listed {
    pub(super) index: Arc<InvertedIndexReader>,
    pub(super) info: TermInfo,
}

/// A [`Matching`] in one segment.
pub(super) enum Opened<'m> {
    Everything,
    Nothing,
    Term(Listed),
    /// Rarest first.
    Phrase(Vec<(usize, Listed)>),
    /// Rarest first, behind what says for sure that it is there.
    Text(
        &'m Contains,
        Option<Listed>,
        Vec<Listed>,
        &'m StoredPassages,
    ),
    All(Vec<Self>),
    Any(Vec<Self>),
    But(Box<Self>, Box<Self>),
    Enough(Vec<(Self, f32)>, usize, Enough),
    Engine(&'m dyn Query, &'m Searcher),
}

impl Opened<'_> {
    /// How many passages it finds at most; of what the engine finds nothing is known.
    fn size(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Everything | Self::Engine(..) => u64::MAX,
            Self::Term(term) => u64::from(term.info.doc_freq),
            Self::Phrase(terms) => terms
                .first()
                .map_or(0, |(_, term)| u64::from(term.info.doc_freq)),
            Self::Text(_, _, pairs, _) => pairs.first().map_or(0, |pair| pair.length().into()),
            Self::All(parts) => parts.iter().map(Self::size).min().unwrap_or(u64::MAX),
            Self::Any(parts) => {
                let sizes = parts.iter().map(Self::size);
                sizes.fold(0, u64::saturating_add)
            }
            Self::But(part, _) => part.size(),
            Self::Enough(clauses, leading, _) => {
                let leading = clauses.iter().take(*leading);
                leading.fold(0, |sum, (clause, _)| sum.saturating_add(clause.size()))
            }
        }
    }

    /// About how many passages are looked at to find all; of what the engine does nothing is known.
    pub(super) fn work(&self) -> u64 {
        /// Places are read, or texts looked through.
        const CLOSER: u64 = 8;
        let sum = |parts: &mut dyn Iterator<Item = &Self>| {
            parts.map(Self::work).fold(0, u64::saturating_add)
        };
        match self {
            Self::Nothing | Self::Everything | Self::Engine(..) => 0,
            Self::Term(_) => self.size(),
            Self::Phrase(_) | Self::Text(..) => self.size().saturating_mul(CLOSER),
            Self::All(parts) => {
                let least = parts.iter().map(Self::work).min().unwrap_or(0);
                least.saturating_mul(parts.len() as u64)
            }
            Self::Any(parts) => sum(&mut parts.iter()),
            Self::But(part, not) => part.work().saturating_add(not.work().min(part.work())),
            Self::Enough(clauses, ..) => sum(&mut clauses.iter().map(|(clause, _)| clause)),
        }
    }

    /// In which order ways to find something are tried: those after the first are asked only about
    /// what none before has found.
    fn effort(&self) -> u8 {
        match self {
            Self::Nothing | Self::Everything | Self::Term(_) => 0,
            Self::Phrase(_) => 1,
            Self::Text(..) => 2,
            Self::All(_) | Self::Any(_) | Self::But(..) | Self::Enough(..) => 3,
            Self::Engine(..) => 4,
        }
    }

    /// The passages it finds: of `among` only, where that is given, and of `known`, which its
    /// caller has already, as it comes.
    pub(super) fn find(
        &self,
        reader: &SegmentReader,
        among: Option<&Docs>,
        known: Option<&Docs>,
    ) -> tantivy::Result<Docs> {
        let room = reader.max_doc();
        if among.is_some_and(Docs::is_empty) {
            return Ok(Docs::none());
        }
        Ok(match self {
            Self::Nothing => Docs::none(),
            Self::Everything => among.cloned().unwrap_or_else(|| Docs::all(room)),
            Self::Term(term) => term.find(room, among)?,
            Self::Phrase(terms) => phrase(reader, terms, among, known)?,
            Self::Text(query, word, pairs, passages) => {
                let sure = word
                    .as_ref()
                    .map(|word| word.find(room, among))
                    .transpose()?;
                let sure = sure.unwrap_or_else(Docs::none);
                let known = match known {
                    Some(known) if sure.is_empty() => Some(known.clone()),
                    Some(known) => Some(sure.clone().or(known.clone(), room)),
                    None => Some(sure.clone()).filter(|sure| !sure.is_empty()),
                };
                let candidates = contains::candidates(room, pairs, among, known.as_ref())?;
                let held = contains::holding(&candidates, room, passages, &query.finder())?;
                held.or(sure, room)
            }
            Self::All(parts) => {
                let mut found: Option<Docs> = None;
                for part in parts {
                    let among = found.as_ref().or(among);
                    found = Some(part.find(reader, among, None)?);
                }
                found.unwrap_or_else(Docs::none)
            }
            Self::Any(parts) => {
                let mut found = Docs::none();
                for part in parts {
                    let more = part.find(reader, among, Some(&found))?;
                    found = found.or(more, room);
                }
                found
            }
            Self::But(part, not) => {
                let found = part.find(reader, among, None)?;
                let not = not.find(reader, Some(&found), None)?;
                found.minus(&not)
            }
            Self::Enough(clauses, leading, enough) => {
                covered(reader, clauses, *leading, *enough, among)?
            }
            Self::Engine(query, searcher) => engine(reader, *query, searcher, among)?,
        })
    }
}

impl Listed {
    /// How many passages it lists.
    pub(super) fn length(&self) -> u32 {
        self.info.doc_freq
    }

    /// Those of `among` that it lists, or all.
    pub(super) fn find(&self, room: DocId, among: Option<&Docs>) -> tantivy::Result<Docs> {
        let option = IndexRecordOption::Basic;
        let mut block = self
            .index
            .read_block_postings_from_terminfo(&self.info, option)?;
        let length = self.info.doc_freq as usize;
        let mut found = Vec::new();
        match among {
            Some(among) if among.len().saturating_mul(LOOK) < length => {
                found.reserve(among.len());
                let mut next = 0;
                among.for_each(|doc| {
                    if doc < next {
                        return;
                    }
                    let at = block.seek(doc);
                    next = block.doc(at);
                    if next == doc {
                        found.push(doc);
                    }
                });
            }
            Some(among) => {
                let mut meeting = Meeting::of(among, room);
                while !block.docs().is_empty() {
                    meeting.take(block.docs());
                    block.advance();
                }
                return Ok(meeting.finish(room));
            }
            None => {
                let mut gathering = Gathering::of(length, room);
                while !block.docs().is_empty() {
                    gathering.take(block.docs());
                    block.advance();
                }
                return Ok(gathering.finish());
            }
        }
        Ok(Docs::of(found, room))
    }
}

/// The passages that hold `terms`, rarest first, at their places.
fn phrase(
    reader: &SegmentReader,
    terms: &[(usize, Listed)],
    among: Option<&Docs>,
    known: Option<&Docs>,
) -> tantivy::Result<Docs> {
    let room = reader.max_doc();
    let mut both: Option<Docs> = None;
    for (_, term) in terms {
        let mut found = term.find(room, both.as_ref().or(among))?;
        if both.is_none()
            && let Some(known) = known
        {
            found = found.minus(known);
        }
        both = Some(found);
    }
    let both = both.unwrap_or_else(Docs::none);
    if terms.len() < 2 || both.is_empty() {
        return Ok(both);
    }
    let last = terms.iter().map(|(place, _)| *place).max().unwrap_or(0);
    let mut postings = Vec::with_capacity(terms.len());
    for (place, term) in terms {
        let option = IndexRecordOption::WithFreqsAndPositions;
        let read = term.index.read_postings_from_terminfo(&term.info, option)?;
        let shift = u32::try_from(last - place).unwrap_or(u32::MAX);
        postings.push((shift, read));
    }
    let (mut places, mut others) = (Vec::new(), Vec::new());
    Ok(both.filtered(room, |doc| {
        let mut first = true;
        for (shift, postings) in &mut postings {
            if postings.doc() < doc {
                postings.seek(doc);
            }
            if first {
                postings.positions_with_offset(*shift, &mut places);
                first = false;
                continue;
            }
            postings.positions_with_offset(*shift, &mut others);
            keep_common(&mut places, &others);
            if places.is_empty() {
                return false;
            }
        }
        true
    }))
}

/// Leaves in `places` what is in `others` too; both are in order.
fn keep_common(places: &mut Vec<u32>, others: &[u32]) {
    let mut rest = others.iter().copied().peekable();
    places.retain(|&place| {
        while rest.next_if(|&other| other < place).is_some() {}
        rest.peek() == Some(&place)
    });
}

/// The passages that hold enough of `clauses`.
fn covered(
    reader: &SegmentReader,
    clauses: &[(Opened<'_>, f32)],
    leading: usize,
    enough: Enough,
    among: Option<&Docs>,
) -> tantivy::Result<Docs> {
    let room = reader.max_doc();
    let mut sets = Vec::with_capacity(clauses.len());
    let mut candidates = Docs::none();
    for (clause, _) in clauses.iter().take(leading) {
        let found = clause.find(reader, among, None)?;
        candidates = candidates.or(found.clone(), room);
        sets.push(found);
    }
    for (clause, _) in clauses.iter().skip(leading) {
        sets.push(clause.find(reader, Some(&candidates), None)?);
    }
    let is_reached =
        |(count, worth): (u32, f32)| count > 0 && enough.is_reached(count as usize, worth);
    let all: usize = sets.iter().map(Docs::len).sum();
    if all > room as usize / MANY {
        // Many are added up where they stand, a few at their places among the candidates.
        let mut held = vec![(0_u32, 0.0_f32); room as usize];
        for (set, (_, worth)) in sets.iter().zip(clauses) {
            set.for_each(|doc| {
                if let Some((count, sum)) = held.get_mut(doc as usize) {
                    *count += 1;
                    *sum += worth;
                }
            });
        }
        let held = |doc: DocId| held.get(doc as usize).copied();
        return Ok(candidates.filtered(room, |doc| held(doc).is_some_and(is_reached)));
    }
    let candidates = candidates.to_vec();
    let mut held = vec![(0_u32, 0.0_f32); candidates.len()];
    for (set, (_, worth)) in sets.iter().zip(clauses) {
        let mut at = 0;
        set.for_each(|doc| {
            let rest = candidates.get(at..).unwrap_or_default();
            at += rest.len() - past(rest, doc).len();
            if let Some((count, sum)) = held.get_mut(at) {
                *count += 1;
                *sum += worth;
            }
        });
    }
    let reached = candidates.iter().zip(held);
    let reached = reached.filter(|&(_, held)| is_reached(held));
    Ok(Docs::of(reached.map(|(&doc, _)| doc).collect(), room))
}

/// The passages that the engine finds for `query`, asked about each of `among` where these are few.
fn engine(
    reader: &SegmentReader,
    query: &dyn Query,
    searcher: &Searcher,
    among: Option<&Docs>,
) -> tantivy::Result<Docs> {
    let room = reader.max_doc();
    let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
    let Some(among) = among else {
        let mut found = Vec::new();
        weight.for_each_no_score(reader, &mut |docs| found.extend_from_slice(docs))?;
        return Ok(Docs::of(found, room));
    };
    let asked = among.to_vec();
    let Some(&first) = asked.first() else {
        return Ok(Docs::none());
    };
    let (mut result, mut scorer) = weight.scorer_danger(reader, first, 1.0)?;
    let mut found = Vec::new();
    let mut seen = first;
    for doc in asked {
        if doc > seen {
            match result {
                SeekDangerResult::SeekLowerBound(next) if next > doc => continue,
                _ => result = scorer.seek_danger(doc),
            }
            seen = doc;
        }
        match result {
            SeekDangerResult::Found => found.push(doc),
            SeekDangerResult::SeekLowerBound(TERMINATED) => break,
            SeekDangerResult::SeekLowerBound(_) => {}
        }
    }
    Ok(Docs::of(found, room))
}
