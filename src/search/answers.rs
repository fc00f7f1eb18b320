//! Answers that were given, to be given again.
//!
//! Readers go back, two of them type the same beginning, and a page is loaded again. An answer is
//! kept with the generation it is of, so that no other ever gives it and a new generation begins with
//! none. It is found again by all that it depends on: the request with every field it has, the
//! settings, the part of the generation that may be seen, the synonyms and pins in force.
//!
//! What is kept is bounded by its size. There are two shelves: what is asked for goes to the first,
//! and when that is full it becomes the second, whose answers are dropped. So what is asked for again
//! while the first fills once stays, for the price of two look-ups.
//!
//! Invariant: an answer from here is the answer that would be worked out (`tests/answers.rs`).

use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Options, Request, Response};
use crate::index::Snapshot;
use crate::pin::Pins;
use crate::synonym::Synonyms;

/// The share of what may be kept that a single answer may take: a page of thousands of hits is not
/// to drive out all others.
const LARGEST: usize = 32;

/// How often an answer was there already, and how often not, since the start.
static GIVEN: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// How often answers were found among those given before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reuse {
    /// How many searches were answered by an answer that was kept.
    pub hits: u64,
    /// How many had to be worked out, of those whose answers are kept.
    pub misses: u64,
}

/// How often answers were found among those given before, by this process since its start.
#[must_use]
pub fn reuse() -> Reuse {
    let [hits, misses] = &GIVEN;
    Reuse {
        hits: hits.load(Ordering::Relaxed),
        misses: misses.load(Ordering::Relaxed),
    }
}

/// All an answer depends on but the generation and the synonyms, written out.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key(String);

impl Key {
    fn of(snapshot: &Snapshot, request: &Request, options: &Options) -> Self {
        // Written out by the compiler's own account of the fields, so that none is forgotten.
        Self(format!("{} {request:?} {options:?}", snapshot.part()))
    }
}

/// An answer, for as long as the synonyms and pins are the same.
#[derive(Clone)]
struct Answer {
    synonyms: Arc<Synonyms>,
    pins: Arc<Pins>,
    response: Arc<Response>,
    bytes: usize,
}

/// The answers of one generation.
#[derive(Default)]
pub(super) struct Answers(Mutex<Shelves>);

#[derive(Default)]
struct Shelves {
    first: HashMap<Key, Answer>,
    second: HashMap<Key, Answer>,
    /// What is on the first.
    bytes: usize,
}

impl Answers {
    /// The answer to `request`, which `work_out` works out where it is not there.
    pub(super) fn give<E>(
        &self,
        snapshot: &Snapshot,
        request: &Request,
        options: &Options,
        work_out: impl FnOnce() -> Result<Response, E>,
    ) -> Result<Response, E> {
        let room = options.answers_mb.saturating_mul(1 << 20);
        if room == 0 || request.explain {
            return work_out();
        }
        let [hits, misses] = &GIVEN;
        let key = Key::of(snapshot, request, options);
        if let Some(response) = self.take(&key, snapshot, room) {
            hits.fetch_add(1, Ordering::Relaxed);
            return Ok((*response).clone());
        }
        misses.fetch_add(1, Ordering::Relaxed);
        let response = work_out()?;
        let bytes = key.0.len() + size(&response);
        if bytes <= room / LARGEST {
            let answer = Answer {
                synonyms: Arc::clone(snapshot.synonyms()),
                pins: Arc::clone(snapshot.pins()),
                response: Arc::new(response.clone()),
                bytes,
            };
            self.put(key, answer, room);
        }
        Ok(response)
    }

    fn take(&self, key: &Key, snapshot: &Snapshot, room: usize) -> Option<Arc<Response>> {
        let mut shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = |answer: &&Answer| {
            Arc::ptr_eq(&answer.synonyms, snapshot.synonyms())
                && Arc::ptr_eq(&answer.pins, snapshot.pins())
        };
        if let Some(answer) = shelves.first.get(key).filter(is_current) {
            return Some(Arc::clone(&answer.response));
        }
        let answer = shelves.second.get(key).filter(is_current)?.clone();
        let response = Arc::clone(&answer.response);
        shelves.put(key.clone(), answer, room);
        Some(response)
    }

    fn put(&self, key: Key, answer: Answer, room: usize) {
        let mut shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelves.put(key, answer, room);
    }
}

impl Shelves {
    fn put(&mut self, key: Key, answer: Answer, room: usize) {
        if self.bytes.saturating_add(answer.bytes) > room / 2 {
            self.second = mem::take(&mut self.first);
            self.bytes = 0;
        }
        self.bytes += answer.bytes;
        if let Some(before) = self.first.insert(key, answer) {
            self.bytes = self.bytes.saturating_sub(before.bytes);
        }
    }
}

/// About how many bytes an answer takes: its texts, and what goes with each.
fn size(response: &Response) -> usize {
    const HIT: usize = 4096;
    const VALUE: usize = 256;
    let hits = response.hits.iter().map(|hit| {
        let texts = [
            &hit.passage.text,
            &hit.snippet.text,
            &hit.snippet.html,
            &hit.title.text,
            &hit.title.html,
        ];
        let texts: usize = texts.into_iter().map(String::len).sum();
        let quantities = (hit.passage.quantities.len() + hit.figures.len()) * VALUE;
        HIT + texts + quantities
    });
    let values = response.facets.values().map(|values| values.len() * VALUE);
    hits.sum::<usize>() + values.sum::<usize>() + HIT
}
