//! Finds the regions named in running text, such as a title or a query.

use super::Resolution;
use super::chain::{Folded, contradiction, longest, settle};
use super::table::TABLE;

/// A region named in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The byte in the text where the name begins, at a character boundary.
    pub start: usize,
    /// One past its last byte, at a character boundary.
    pub end: usize,
    /// What it names. Levels that contradict each other (河北省和平区) are one mention, unknown.
    pub resolution: Resolution,
}

/// The regions named in `text`, from left to right, each as long as can be, none overlapping.
///
/// Province, city and county that follow each other are one mention. Full names count anywhere,
/// short names of provinces and prefectures unless they are more likely a piece of another word
/// (海南 in 沿海南部), short names of counties only after a parent (萍乡芦溪).
#[must_use]
pub fn mentions(text: &str) -> Vec<Mention> {
    let folded = Folded::new(text);
    let mut all = Vec::new();
    let mut at = 0;
    let mut after_name = false;
    while at < folded.chars.len() {
        let names = TABLE.names_at(&folded.chars, at);
        let other_word = names
            .iter()
            .filter(|it| it.traits.veto)
            .map(|it| it.end)
            .max();
        let chain = if names.is_empty() {
            None
        } else {
            longest(&folded, at, after_name)
        };
        after_name = false;
        if let Some(chain) = chain.filter(|chain| other_word.is_none_or(|end| chain.end >= end)) {
            let contradicted = contradiction(&folded, &chain);
            let (last, unknown) = match &contradicted {
                Some(it) if !it.new_area => (it.end, true),
                _ => (chain.end, false),
            };
            if let Some((start, end)) = folded.bytes(at, last) {
                let resolution = if unknown {
                    Resolution::Unknown
                } else {
                    settle(&chain, text.get(start..end).unwrap_or_default())
                };
                all.push(Mention {
                    start,
                    end,
                    resolution,
                });
            }
            at = contradicted.map_or(chain.end, |it| it.end);
            after_name = true;
        } else {
            at = other_word.unwrap_or(at + 1);
        }
    }
    all
}
