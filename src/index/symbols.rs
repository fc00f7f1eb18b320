//! Texts in fewer bytes, each readable by itself.
//!
//! A general packer needs many texts together to be any good, and then one cannot be read without
//! the others. Here frequent characters are one byte, and other characters and the frequent words two,
//! by a table that never changes; so each text stands for itself, in about two fifths of its bytes,
//! and is looked through for a string as it is. That is dictionary coding as in FSST (Boncz, Neumann
//! and Leis, 2020), with a table for Chinese.
//!
//! Invariant: what was encoded is decoded, whatever it was; and a string is found where
//! `analysis::Normalized` of text and string say so (the tests below).

use std::str::Chars;
use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::analysis::Normalized;
use crate::fold::fold;

/// The symbols; the head of the file says where they are from.
const TABLE: &str = include_str!("symbols/table.txt");
/// Blanks, which the file cannot list: those before its symbols of one byte, and those before the
/// ones of two.
const BLANKS: [&[&str]; 2] = [&["\n", " "], &["\t", "\u{3000}", "\u{a0}"]];
/// How many symbols are one byte.
const SHORT: usize = LITERAL as usize;
/// The byte before a character that is not in the table.
const LITERAL: u8 = 0x7F;
/// The bit of the first of two bytes.
const LONG: u8 = 0x80;
/// The most bytes of a symbol.
const MOST: usize = 15;
/// The most characters of a symbol.
const MOST_CHARS: usize = 4;
/// No symbol.
const NONE: u16 = u16::MAX;

/// A symbol in the bytes of UTF-8.
#[derive(Debug, Clone, Copy, Default)]
struct Symbol {
    bytes: [u8; MOST],
    length: u8,
}

impl Symbol {
    fn new(text: &str) -> Self {
        let mut symbol = Self::default();
        for (to, from) in symbol.bytes.iter_mut().zip(text.bytes()) {
            *to = from;
            symbol.length += 1;
        }
        symbol
    }

    #[inline]
    fn put(&self, text: &mut Vec<u8>) {
        // All of them, since a fixed number is copied at once.
        text.extend_from_slice(&self.bytes);
        text.truncate(text.len() - (MOST - usize::from(self.length)));
    }
}

/// What symbols stand for, and how texts become symbols.
struct Table {
    /// By number: first those of one byte, then those of two.
    symbols: Vec<Symbol>,
    texts: Vec<&'static str>,
    /// By character as it is compared, the symbols that hold it.
    holding: FxHashMap<char, Vec<u16>>,
    /// By character of the basic plane, its symbol.
    single: Vec<u16>,
    /// A bit for each two characters that a symbol begins with, by a hash of them: most neighbours
    /// begin none, and this fits where the map does not.
    begun: Vec<u64>,
    /// By the first two characters.
    pairs: FxHashMap<u32, Node>,
    /// By what was read before and one more character.
    longer: FxHashMap<u32, Node>,
}

/// Two characters or more that a symbol begins with.
#[derive(Debug, Clone, Copy)]
struct Node {
    /// The symbol that they are.
    symbol: u16,
    /// What stands for them where a symbol goes on.
    before: u16,
}

/// Characters that are no symbol, and go on to none.
const NEW: Node = Node {
    symbol: NONE,
    before: NONE,
};
/// Bits of the hash of two characters.
const HASH_BITS: u32 = 19;

static SYMBOLS: LazyLock<Table> = LazyLock::new(|| {
    let listed = TABLE.lines().filter(|line| !line.starts_with("# "));
    let mut listed = listed.flat_map(|line| line.split(' '));
    let [short, long] = BLANKS;
    let mut all: Vec<&'static str> = short.to_vec();
    all.extend(listed.by_ref().take(SHORT - short.len()));
    all.extend(long);
    all.extend(listed);
    let mut table = Table {
        symbols: all.iter().map(|symbol| Symbol::new(symbol)).collect(),
        texts: all.clone(),
        holding: FxHashMap::default(),
        single: vec![NONE; 1 << 16],
        begun: vec![0; 1 << (HASH_BITS - u64::BITS.ilog2())],
        pairs: FxHashMap::default(),
        longer: FxHashMap::default(),
    };
    for (number, symbol) in (0..).zip(&all) {
        for c in symbol.chars().filter_map(fold) {
            let holding = table.holding.entry(c).or_default();
            if holding.last() != Some(&number) {
                holding.push(number);
            }
        }
    }
    let mut nodes = 0..NONE;
    for (number, symbol) in (0..).zip(&all) {
        table.learn(symbol, number, &mut nodes);
    }
    table
});

impl Table {
    /// What a symbol stands for.
    fn text(&self, number: usize) -> &'static str {
        self.texts.get(number).copied().unwrap_or_default()
    }

    fn learn(&mut self, symbol: &str, number: u16, nodes: &mut std::ops::Range<u16>) {
        let mut chars = symbol.chars();
        let (first, second) = (chars.next(), chars.next());
        let Some(second) = second else {
            let place = first.and_then(|first| self.single.get_mut(first as usize));
            if let Some(place) = place {
                *place = number;
            }
            return;
        };
        let key = pair(first.unwrap_or_default(), second);
        let (word, bit) = hash(key);
        if let Some(word) = self.begun.get_mut(word) {
            *word |= bit;
        }
        let (mut map, mut key) = (&mut self.pairs, key);
        for c in chars {
            let node = map.entry(key).or_insert(NEW);
            if node.before == NONE {
                node.before = nodes.next().unwrap_or(NONE);
            }
            key = after(node.before, c);
            map = &mut self.longer;
        }
        map.entry(key).or_insert(NEW).symbol = number;
    }

    /// The symbol of a character, and what the characters after it make of that: the longest
    /// symbol, and what is left behind it.
    #[inline]
    fn longest<'a>(&self, first: char, rest: &Chars<'a>) -> (u16, Chars<'a>) {
        let single = self.single.get(first as usize).copied().unwrap_or(NONE);
        let mut best = (single, rest.clone());
        let mut ahead = rest.clone();
        let Some(second) = ahead.next() else {
            return best;
        };
        let key = pair(first, second);
        let (word, bit) = hash(key);
        if self.begun.get(word).is_none_or(|word| word & bit == 0) {
            return best;
        }
        let mut node = self.pairs.get(&key);
        while let Some(&Node { symbol, before }) = node {
            if symbol != NONE {
                best = (symbol, ahead.clone());
            }
            if before == NONE {
                break;
            }
            let Some(next) = ahead.next() else { break };
            node = self.longer.get(&after(before, next));
        }
        best
    }
}

/// Two characters in one number; U+0000, which is in no symbol, stands for those beyond the basic
/// plane, which are in none either.
#[inline]
fn pair(first: char, second: char) -> u32 {
    let code = |c: char| u32::from(u16::try_from(u32::from(c)).unwrap_or_default());
    code(first) << 16 | code(second)
}

/// What was read before, with one more character.
#[inline]
fn after(before: u16, c: char) -> u32 {
    u32::from(before) << 16 | pair('\0', c)
}

/// A word of bits, and the bit in it.
#[inline]
fn hash(key: u32) -> (usize, u64) {
    let hash = key.wrapping_mul(0x9E37_79B1) >> (u32::BITS - HASH_BITS);
    (
        (hash >> u64::BITS.ilog2()) as usize,
        1 << (hash % u64::BITS),
    )
}

/// Appends `text` to `coded`.
pub(super) fn encode(text: &str, coded: &mut Vec<u8>) {
    let table = &*SYMBOLS;
    let mut rest = text.chars();
    while let Some(first) = rest.next() {
        let (number, left) = table.longest(first, &rest);
        rest = left;
        match u8::try_from(number) {
            Ok(short) if usize::from(short) < SHORT => coded.push(short),
            _ if number == NONE => {
                coded.push(LITERAL);
                coded.extend_from_slice(first.encode_utf8(&mut [0; MOST_CHARS]).as_bytes());
            }
            _ => {
                let [high, low] = number.wrapping_sub(u16::from(LITERAL)).to_be_bytes();
                coded.extend_from_slice(&[high | LONG, low]);
            }
        }
    }
}

/// What stands in a coded text next.
enum Next<'a> {
    Symbol(usize),
    Literal(&'a str),
}

/// The symbols of a coded text; it ends where that is broken.
#[derive(Clone)]
struct Symbols<'a>(&'a [u8]);

impl<'a> Iterator for Symbols<'a> {
    type Item = Next<'a>;

    #[inline]
    fn next(&mut self) -> Option<Next<'a>> {
        let (&first, after) = self.0.split_first()?;
        if first < LITERAL {
            self.0 = after;
            return Some(Next::Symbol(usize::from(first)));
        }
        if first == LITERAL {
            let length = match after.first()? {
                0..0x80 => 1,
                0x80..0xE0 => 2,
                0xE0..0xF0 => 3,
                0xF0.. => 4,
            };
            let (literal, after) = after.split_at_checked(length)?;
            let literal = std::str::from_utf8(literal).ok()?;
            self.0 = after;
            return Some(Next::Literal(literal));
        }
        let (&second, after) = after.split_first()?;
        self.0 = after;
        let number = usize::from(first & !LONG) << 8 | usize::from(second);
        Some(Next::Symbol(SHORT + number))
    }
}

/// The text that was encoded so; nothing where none was.
pub(super) fn decode(coded: &[u8]) -> Option<String> {
    let table = &*SYMBOLS;
    let mut text = Vec::with_capacity(coded.len() * 3 + MOST);
    let mut symbols = Symbols(coded);
    for next in symbols.by_ref() {
        match next {
            Next::Symbol(number) => table.symbols.get(number)?.put(&mut text),
            Next::Literal(literal) => text.extend_from_slice(literal.as_bytes()),
        }
    }
    if !symbols.0.is_empty() {
        return None;
    }
    String::from_utf8(text).ok()
}

/// Looks for a string in stored texts, as they are compared.
///
/// The text is not written out: it is gone through symbol by symbol, and only symbols that the string
/// may begin in are looked at more closely, with what follows them.
pub struct Finder {
    needle: Vec<char>,
    /// A bit for each [code] of a symbol that the string may begin in, and for [`LITERAL`].
    begin: Vec<u64>,
}

/// Bits of [`Finder::begin`]: one for each two bytes.
const CODES: usize = 1 << u16::BITS;

/// What stands for a symbol: its byte, or its two.
fn code(number: u16) -> usize {
    match u8::try_from(number) {
        Ok(short) if short < LITERAL => usize::from(short),
        _ => usize::from(number.wrapping_sub(u16::from(LITERAL)) | u16::from(LONG) << 8),
    }
}

impl Finder {
    /// Looks for `needle`, which is not empty.
    #[must_use]
    pub fn new(needle: &Normalized) -> Self {
        let table = &*SYMBOLS;
        let mut finder = Self {
            needle: needle.as_str().chars().collect(),
            begin: vec![0_u64; CODES / 64],
        };
        let mut codes = vec![usize::from(LITERAL)];
        let holding = finder.needle.first().and_then(|c| table.holding.get(c));
        for &number in holding.into_iter().flatten() {
            let mut own = table.text(usize::from(number)).chars();
            if finder.begins(&mut own, |own| {
                finder.goes_on(own, Symbols(&[])) != Some(false)
            }) {
                codes.push(code(number));
            }
        }
        for code in codes {
            if let Some(word) = finder.begin.get_mut(code / 64) {
                *word |= 1 << (code % 64);
            }
        }
        finder
    }

    /// Whether it stands in a text.
    pub(super) fn is_in(&self, coded: &[u8]) -> bool {
        self.places(coded).next().is_some()
    }

    /// How often it stands in a text, overlapping ones counted.
    pub(super) fn count(&self, coded: &[u8]) -> u32 {
        u32::try_from(self.places(coded).count()).unwrap_or(u32::MAX)
    }

    /// One for each place where it stands.
    fn places(&self, coded: &[u8]) -> impl Iterator<Item = ()> {
        let mut rest = coded;
        let (mut own, mut after) = ("".chars(), Symbols(&[]));
        std::iter::from_fn(move || {
            loop {
                if self.begins(&mut own, |own| {
                    self.goes_on(own, after.clone()) == Some(true)
                }) {
                    return Some(());
                }
                rest = rest.get(self.skipped(rest)..)?;
                let mut symbols = Symbols(rest);
                own = match symbols.next()? {
                    Next::Symbol(number) => SYMBOLS.text(number).chars(),
                    Next::Literal(literal) => literal.chars(),
                };
                rest = symbols.0;
                after = symbols;
            }
        })
    }

    /// How many bytes of symbols that it cannot begin in a text begins with.
    ///
    /// Most of a text is such, so nothing here depends on what was read but where the next symbol
    /// is: short and long ones follow one another as if by chance, and a processor that has to guess
    /// which it is would be wrong at every second.
    #[inline]
    fn skipped(&self, coded: &[u8]) -> usize {
        let mut at = 0;
        while let Some(&[first, second]) = coded.get(at..).and_then(<[u8]>::first_chunk) {
            let long = usize::from(first >> 7);
            let code = (usize::from(first) << (8 * long)) | (usize::from(second) * long);
            let word = self.begin.get(code / 64).copied().unwrap_or_default();
            if word >> (code % 64) & 1 == 1 {
                return at;
            }
            at += 1 + long;
        }
        // What is left, at most one byte, is looked at more closely.
        at
    }

    /// Goes on in `own` to where it may begin, and `is_there` says so of what follows.
    #[inline]
    fn begins<'t>(&self, own: &mut Chars<'t>, is_there: impl Fn(Chars<'t>) -> bool) -> bool {
        while let Some(c) = own.next() {
            if fold(c) == self.needle.first().copied() && is_there(own.clone()) {
                return true;
            }
        }
        false
    }

    /// Whether the rest of it follows: the rest of a symbol, and what is behind that; nothing where
    /// the text ends before that is said.
    fn goes_on<'t>(&self, mut own: Chars<'t>, mut after: Symbols<'t>) -> Option<bool> {
        let mut is_blank = false;
        for &wanted in self.needle.iter().skip(1) {
            let found = loop {
                let Some(c) = own.next() else {
                    own = match after.next()? {
                        Next::Symbol(number) => SYMBOLS.text(number).chars(),
                        Next::Literal(literal) => literal.chars(),
                    };
                    continue;
                };
                // A run of blanks is one.
                match fold(c) {
                    None => {}
                    Some(' ') if is_blank => {}
                    Some(c) => break c,
                }
            };
            if found != wanted {
                return Some(false);
            }
            is_blank = found == ' ';
        }
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn coded(text: &str) -> Vec<u8> {
        let mut coded = Vec::new();
        encode(text, &mut coded);
        coded
    }

    #[test]
    fn the_table_is_full_and_each_symbol_is_itself() {
        let table = &*SYMBOLS;
        assert_eq!(table.symbols.len(), SHORT + (1 << 15));
        let nodes = table.longer.values().chain(table.pairs.values());
        assert!(nodes.filter(|node| node.before != NONE).count() < usize::from(NONE));
        for (number, &text) in table.texts.iter().enumerate() {
            assert!((1..=MOST_CHARS).contains(&text.chars().count()), "{text}");
            assert_eq!(
                coded(text).len(),
                if number < SHORT { 1 } else { 2 },
                "{text}"
            );
            assert_eq!(decode(&coded(text)).as_deref(), Some(text));
            let folded: String = text.chars().filter_map(fold).collect();
            assert!(
                folded.len() <= MOST && (folded == " " || !folded.contains(' ')),
                "{text}"
            );
        }
    }

    #[test]
    fn words_are_two_bytes_and_the_rest_is_as_it_is() {
        assert_eq!(coded("教育局").len(), 2);
        assert_eq!(coded("的").len(), 1);
        assert_eq!(coded("𠀀").len(), 5);
        assert_eq!(decode(&[LITERAL, 0xFF, 0, 0, 0]), None);
        assert_eq!(decode(&[LONG]), None);
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[教育局学校师生的 ，。\\n\u{3000}0-9aAＡ]{0,40}",
            "[\\PC\\n]{0,30}",
            "[農教育\u{200B} \u{FEFF}𠀀]{0,30}",
        ]
    }

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(text in text()) {
            prop_assert_eq!(decode(&coded(&text)), Some(text));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = decode(&bytes);
            Finder::new(&Normalized::new("教育")).count(&bytes);
        }

        #[test]
        fn a_string_is_found_wherever_it_stands(text in text(), from in 0_usize..40, length in 1_usize..6) {
            let whole = Normalized::new(&text);
            let part: String = whole.as_str().chars().skip(from).take(length).collect();
            for needle in [Normalized::new(&part), Normalized::new("的的"), Normalized::new("育 局")] {
                if needle.as_str().is_empty() {
                    continue;
                }
                let places = whole.as_str().char_indices();
                let starts = places.filter(|&(at, _)| {
                    let rest = whole.as_str().get(at..);
                    rest.is_some_and(|rest| rest.starts_with(needle.as_str()))
                });
                let found = Finder::new(&needle).count(&coded(&text));
                prop_assert_eq!(found as usize, starts.count(), "{:?} in {:?}", needle, text);
            }
        }
    }
}
