//! Follows what was typed through the texts of completions, a character for each syllable begun.

use std::collections::{BTreeMap, HashMap};

use fst::raw::{CompiledAddr, Fst, Node};

use super::How;
use super::keys::Space;
use crate::pinyin;

/// The most characters that are compared with the letters typed.
const MAX_LOOKED_AT: usize = 20_000;
/// The most beginnings of texts that are found.
const MAX_FOUND: usize = 256;

/// The beginnings of texts, with the byte of their space, that `typed` stands for where some of it
/// is pinyin or initials.
pub(super) fn walk(keys: &Fst<Vec<u8>>, typed: &[char]) -> Vec<(Vec<u8>, How)> {
    let mut walk = Walk {
        keys,
        typed,
        looked_at: 0,
        readings: HashMap::new(),
        found: BTreeMap::new(),
    };
    let root = keys.root();
    if let Some(at) = root.find_input(Space::Text.byte()) {
        let mut path = vec![Space::Text.byte()];
        walk.on(root.transition_addr(at), &mut path, 0, How::Text);
    }
    let found = walk.found.into_iter();
    found.filter(|(_, how)| *how != How::Text).collect()
}

struct Walk<'a> {
    keys: &'a Fst<Vec<u8>>,
    typed: &'a [char],
    looked_at: usize,
    /// Of the characters met so far, which come again and again.
    readings: HashMap<char, Vec<&'static str>>,
    found: BTreeMap<Vec<u8>, How>,
}

impl Walk<'_> {
    /// Goes on from the node that `path` leads to, `done` characters of what was typed being
    /// behind.
    fn on(&mut self, node: CompiledAddr, path: &mut Vec<u8>, done: usize, how: How) {
        let rest = self.typed.get(done..).unwrap_or_default();
        let Some(&next) = rest.first() else {
            let best = self.found.entry(path.clone()).or_insert(how);
            *best = how.min(*best);
            return;
        };
        let node = self.keys.node(node);
        let before = path.len();
        if let Some(after) = self.literally(node, next, path) {
            self.on(after, path, done + 1, how);
        }
        path.truncate(before);
        if !next.is_ascii_lowercase() {
            return;
        }
        let mut children = Vec::new();
        self.children(node, &mut Vec::new(), &mut children);
        for (c, after) in children {
            self.looked_at += 1;
            if self.looked_at > MAX_LOOKED_AT || self.found.len() >= MAX_FOUND {
                return;
            }
            let readings = self
                .readings
                .entry(c)
                .or_insert_with(|| pinyin::readings(c).collect());
            for (length, by) in steps(readings, rest) {
                path.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                self.on(after, path, done + length, how.max(by));
                path.truncate(before);
            }
        }
    }

    /// The node after `c`, whose bytes are added to `path`.
    fn literally<'n>(
        &'n self,
        mut node: Node<'n>,
        c: char,
        path: &mut Vec<u8>,
    ) -> Option<CompiledAddr> {
        let mut buffer = [0; 4];
        let mut after = None;
        for &byte in c.encode_utf8(&mut buffer).as_bytes() {
            if let Some(address) = after {
                node = self.keys.node(address);
            }
            after = Some(node.transition_addr(node.find_input(byte)?));
            path.push(byte);
        }
        after
    }

    /// The characters beyond ASCII that follow a node, with the nodes after them.
    fn children(&self, node: Node<'_>, bytes: &mut Vec<u8>, found: &mut Vec<(char, CompiledAddr)>) {
        for transition in node.transitions() {
            if bytes.is_empty() && transition.inp.is_ascii() {
                continue;
            }
            bytes.push(transition.inp);
            let c = str::from_utf8(bytes)
                .ok()
                .and_then(|text| text.chars().next());
            match c {
                Some(c) => found.push((c, transition.addr)),
                None if bytes.len() < 4 => {
                    self.children(self.keys.node(transition.addr), bytes, found);
                }
                None => {}
            }
            bytes.pop();
        }
    }
}

/// How many of the first characters of `text` the whole of `typed` stands for.
pub(super) fn consumed(text: &[char], typed: &[char]) -> Option<usize> {
    // The ends reached so far, by how much of what was typed is behind.
    let mut reached = vec![false; typed.len() + 1];
    if let Some(start) = reached.first_mut() {
        *start = true;
    }
    for (at, &c) in text.iter().enumerate() {
        let readings: Vec<&str> = pinyin::readings(c).collect();
        let mut next = vec![false; typed.len() + 1];
        for done in (0..typed.len()).filter(|&done| reached.get(done) == Some(&true)) {
            let rest = typed.get(done..).unwrap_or_default();
            let literal = (rest.first() == Some(&c)).then_some((1, How::Text));
            for (length, _) in steps(&readings, rest).into_iter().chain(literal) {
                if let Some(place) = next.get_mut(done + length) {
                    *place = true;
                }
            }
        }
        if next.last() == Some(&true) {
            return Some(at + 1);
        }
        reached = next;
    }
    None
}

/// How many of the letters that `rest` begins with may stand for a character: a whole reading, all
/// that is left where a reading begins so, or its initial alone.
fn steps(readings: &[&str], rest: &[char]) -> Vec<(usize, How)> {
    let mut steps = Vec::new();
    if !rest.first().is_some_and(char::is_ascii_lowercase) {
        return steps;
    }
    for reading in readings {
        let shared = reading
            .chars()
            .zip(rest)
            .take_while(|(letter, typed)| letter == *typed)
            .count();
        if shared == 0 {
            continue;
        }
        if shared == reading.len() || shared == rest.len() {
            steps.push((shared, How::Pinyin));
        }
        steps.push((1, How::Initials));
        if shared >= 2
            && ["zh", "ch", "sh"]
                .iter()
                .any(|two| reading.starts_with(two))
        {
            steps.push((2, How::Initials));
        }
    }
    // Where a letter is all that is left it is the beginning of a syllable and an initial alike.
    steps.sort_unstable();
    steps.dedup_by_key(|(length, _)| *length);
    steps
}
