//! The words an index holds, with how many passages hold each: what a query may have meant.
//!
//! A word typed otherwise than the corpus has it is to be led back to one that is there, so all
//! words come from the index itself: the terms of its word fields, the names of the regions it has
//! reports from, the labels of its themes. They stand under several keys, each kind in a table of
//! its own, so that a lookup costs microseconds whatever their number: the word, its spelling in
//! pinyin, that spelling with sounds that are easily confused made one, the word without one of its
//! characters, and, for names of regions and themes, the initials.
//!
//! In a large corpus words that stand in one passage or two are as often errors themselves as words,
//! and are many: nothing is led back to them. They count as words all the same, so that who types
//! one is not corrected.
//!
//! Invariants: what a lookup gives is a word of the index; what was written is read back the same
//! (`tests/rewrites.rs`).

mod gather;
mod list;
mod store;
mod table;

pub(super) use store::{read, write};

use self::list::List;
use self::table::{Filling, Table};
use crate::pinyin;

/// The most words under a key that are looked at.
const MAX_SCANNED: usize = 1024;
/// The most characters a word has to be led back to.
const MAX_CHARS: usize = 8;
/// The most letters that spell such a word, of six each.
const MAX_LETTERS: usize = MAX_CHARS * 6;
/// The most spellings of a word that are keys.
const MAX_SPELLINGS: usize = 8;
/// The most words that are led back to, the most frequent.
const MAX_LED_TO: usize = 100_000;

/// The words of an index.
pub struct Lexicon {
    words: List,
    /// Names of regions and labels of themes.
    names: List,
    /// Words by themselves.
    whole: Table,
    /// Words by the letters of their spelling.
    spelt: Table,
    /// Words by near syllables.
    near: Table,
    /// Words by what is left without one of their characters.
    shortened: Table,
    /// Names by their initials.
    initials: Table,
    total: u64,
}

/// A word of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The word, normalised.
    pub word: String,
    /// How many passages hold it, by the field where most do.
    pub frequency: u64,
}

impl Lexicon {
    fn new(words: List, names: List) -> Self {
        let least = least_led_to(&words);
        let [mut whole, mut spelt, mut near, mut shortened, mut initials] =
            std::array::from_fn(|_| Filling::default());
        let mut key = String::new();
        for (place, (word, frequency)) in words.iter().enumerate() {
            whole.put(word, place, 0);
            if frequency < least || !is_led_to(word) {
                continue;
            }
            let chars = word.chars().count();
            for which in 0..MAX_SPELLINGS {
                let Some(spelling) = pinyin::nth_spelling(word, which) else {
                    break;
                };
                key.clear();
                key.extend(spelling.iter().copied());
                spelt.put(&key, place, which);
                if chars > 1 {
                    near_key(spelling, &mut key);
                    near.put(&key, place, which);
                }
            }
            if chars > 1 && word.chars().all(is_ideograph) {
                for left_out in 0..chars {
                    key.clear();
                    key.extend(without(word, left_out));
                    shortened.put(&key, place, left_out);
                }
            }
        }
        for (place, (name, _)) in names.iter().enumerate() {
            for letters in pinyin::initials(name) {
                initials.put(&letters, place, 0);
            }
        }
        Self {
            total: words.iter().map(|(_, frequency)| frequency).sum(),
            whole: whole.done(),
            spelt: spelt.done(),
            near: near.done(),
            shortened: shortened.done(),
            initials: initials.done(),
            words,
            names,
        }
    }

    /// How many passages hold `word` as a word; 0 where none does.
    #[must_use]
    pub fn frequency(&self, word: &str) -> u64 {
        let mut found = self.whole.under(word);
        found
            .find(|&(place, _)| self.words.word(place) == word)
            .map_or(0, |(place, _)| self.words.frequency(place))
    }

    /// The sum of the frequencies of all words, at least 1.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total.max(1)
    }

    /// How many words there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At most `limit` words whose spelling is `letters` in one of their readings, the most
    /// frequent first.
    #[must_use]
    pub fn spelt(&self, letters: &str, limit: usize) -> Vec<Known> {
        best(
            &self.words,
            self.spelt.under(letters),
            limit,
            |word, which| is_spelt(word, which, letters),
        )
    }

    /// How many of the first bytes of `letters` spell a word, for each such number.
    #[must_use]
    pub fn spelt_beginnings(&self, letters: &str) -> Vec<usize> {
        let ends = 1..=letters.len().min(MAX_LETTERS);
        ends.filter(|&end| {
            letters.get(..end).is_some_and(|letters| {
                let mut found = self.spelt.under(letters);
                found.any(|(place, which)| is_spelt(self.words.word(place), which, letters))
            })
        })
        .collect()
    }

    /// At most `limit` words that sound like `syllables` where sounds that are easily confused are
    /// one, the most frequent first; those that sound the same are among them.
    #[must_use]
    pub fn near<'s>(
        &self,
        syllables: impl IntoIterator<Item = &'s str>,
        limit: usize,
    ) -> Vec<Known> {
        let mut key = String::new();
        near_key(syllables, &mut key);
        best(&self.words, self.near.under(&key), limit, |word, which| {
            let mut own = String::new();
            near_key(
                pinyin::nth_spelling(word, which).unwrap_or_default(),
                &mut own,
            );
            own == key
        })
    }

    /// At most `limit` names of regions and labels of themes with these first letters, the most
    /// frequent first.
    #[must_use]
    pub fn with_initials(&self, letters: &str, limit: usize) -> Vec<Known> {
        best(
            &self.names,
            self.initials.under(letters),
            limit,
            |name, _| pinyin::initials(name).iter().any(|own| own == letters),
        )
    }

    /// At most `limit` words that are `text` when one of their characters is left out, the most
    /// frequent first.
    #[must_use]
    pub fn lengthened(&self, text: &str, limit: usize) -> Vec<Known> {
        best(
            &self.words,
            self.shortened.under(text),
            limit,
            |word, left_out| without(word, left_out).eq(text.chars()),
        )
    }
}

/// How frequent a word is at least to be led back to.
fn least_led_to(words: &List) -> u64 {
    // How many words there are of each frequency, more frequent ones counted as one kind.
    let mut of = [0_usize; 64];
    for (_, frequency) in words.iter().filter(|(word, _)| is_led_to(word)) {
        let kind = usize::try_from(frequency)
            .unwrap_or(usize::MAX)
            .min(of.len() - 1);
        if let Some(count) = of.get_mut(kind) {
            *count += 1;
        }
    }
    let mut more = 0;
    let mut least = of.len() as u64;
    for count in of.into_iter().rev() {
        more += count;
        if more > MAX_LED_TO {
            break;
        }
        least -= 1;
    }
    least
}

/// Whether a word is short enough and can be spelt.
fn is_led_to(word: &str) -> bool {
    word.chars().nth(MAX_CHARS).is_none() && word.chars().next().is_some_and(is_ideograph)
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Whether `letters` are the spelling number `which` of a word.
fn is_spelt(word: &str, which: usize, letters: &str) -> bool {
    pinyin::nth_spelling(word, which).is_some_and(|spelling| {
        let mut rest = Some(letters);
        for syllable in spelling {
            rest = rest.and_then(|rest| rest.strip_prefix(syllable));
        }
        rest == Some("")
    })
}

/// The characters of a word without one of them.
fn without(word: &str, left_out: usize) -> impl Iterator<Item = char> {
    let chars = word.chars().enumerate();
    chars.filter(move |&(at, _)| at != left_out).map(|(_, c)| c)
}

/// Makes `key` the key of syllables that sound near.
fn near_key<'s>(syllables: impl IntoIterator<Item = &'s str>, key: &mut String) {
    key.clear();
    for syllable in syllables {
        let (initial, rime) = pinyin::near_parts(syllable);
        key.push_str(initial);
        key.push_str(rime);
        key.push(' ');
    }
}

/// The most frequent of the words `found`, given in order, that `is_meant` says are under the key.
fn best(
    list: &List,
    found: impl Iterator<Item = (usize, usize)>,
    limit: usize,
    is_meant: impl Fn(&str, usize) -> bool,
) -> Vec<Known> {
    let mut best: Vec<(u64, usize)> = Vec::new();
    for (place, which) in found.take(MAX_SCANNED) {
        // In the order of the words, so that of two as frequent the first stays.
        let frequency = list.frequency(place);
        let rank = best.partition_point(|&(other, _)| other >= frequency);
        if rank < limit
            && best.iter().all(|&(_, known)| known != place)
            && is_meant(list.word(place), which)
        {
            best.truncate(limit - 1);
            best.insert(rank, (frequency, place));
        }
    }
    best.into_iter()
        .map(|(frequency, place)| Known {
            word: list.word(place).to_owned(),
            frequency,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::list::List;
    use super::{Lexicon, MAX_LED_TO, without};
    use crate::pinyin;

    fn lexicon(words: &[(&str, u64)]) -> Lexicon {
        let mut words = words.to_vec();
        words.sort_unstable();
        let mut list = List::default();
        for (word, frequency) in words {
            list.push(word, frequency);
        }
        Lexicon::new(list.clone(), list)
    }

    const WORDS: [(&str, u64); 9] = [
        ("教师", 9),
        ("教室", 5),
        ("学校", 7),
        ("学生", 7),
        ("银行", 3),
        ("重庆", 2),
        ("爸爸", 1),
        ("steam", 4),
        ("教", 6),
    ];

    fn found(known: Vec<super::Known>) -> Vec<String> {
        known.into_iter().map(|known| known.word).collect()
    }

    #[test]
    fn every_word_is_found_by_each_of_its_keys() {
        let lexicon = lexicon(&WORDS);
        for (word, frequency) in WORDS {
            assert_eq!(lexicon.frequency(word), frequency);
            for spelling in pinyin::spellings(word) {
                let spelt = spelling.concat();
                assert!(found(lexicon.spelt(&spelt, 8)).contains(&word.to_owned()));
                assert!(lexicon.spelt_beginnings(&spelt).contains(&spelt.len()));
                if word.chars().count() > 1 {
                    assert!(found(lexicon.near(spelling, 8)).contains(&word.to_owned()));
                }
            }
            for initials in pinyin::initials(word) {
                assert!(found(lexicon.with_initials(&initials, 9)).contains(&word.to_owned()));
            }
            if word.is_ascii() || word.chars().count() == 1 {
                continue;
            }
            for left_out in 0..word.chars().count() {
                let shorter: String = without(word, left_out).collect();
                let longer = found(lexicon.lengthened(&shorter, 8));
                let times = longer.iter().filter(|longer| *longer == word).count();
                assert_eq!(times, 1, "{shorter}: {longer:?}");
            }
        }
    }

    #[test]
    fn the_most_frequent_come_first_and_nothing_else_comes() {
        let lexicon = lexicon(&WORDS);
        assert_eq!(found(lexicon.spelt("jiaoshi", 8)), ["教师", "教室"]);
        assert_eq!(found(lexicon.spelt("jiaoshi", 1)), ["教师"]);
        assert_eq!(found(lexicon.near(["jiao", "si"], 8)), ["教师", "教室"]);
        assert_eq!(found(lexicon.lengthened("学", 8)), ["学校", "学生"]);
        assert_eq!(lexicon.spelt_beginnings("jiaoshijl"), [4, 7]);
        assert_eq!(lexicon.total(), 44);
        for key in ["", "师", "jiaos", "xue", "教育"] {
            assert_eq!(lexicon.frequency(key), 0);
            assert!(lexicon.spelt(key, 8).is_empty());
        }
    }

    #[test]
    fn of_many_words_the_rarest_are_led_to_no_more() {
        // Pairs of characters that are read, in order.
        let chars: Vec<char> = ('\u{4E00}'..='\u{5200}').take(400).collect();
        let mut list = List::default();
        for (nth, first) in chars.iter().enumerate() {
            for second in &chars {
                let frequency = if nth % 2 == 0 { 1 } else { 2 };
                list.push(&format!("{first}{second}"), frequency);
            }
        }
        assert!(list.len() > MAX_LED_TO);
        let lexicon = Lexicon::new(list, List::default());
        assert_eq!(lexicon.frequency("一一"), 1);
        let longer = lexicon.lengthened("一", 2000);
        assert!(!longer.is_empty());
        assert!(longer.iter().all(|known| known.frequency == 2));
    }
}
