//! Letters as they are typed, and the ways to cut them into syllables.

use super::SYLLABLES;

/// The most letters that are cut; longer runs are no pinyin anybody types.
const MAX_LETTERS: usize = 96;
/// The most ways of cutting that are given.
const MAX_CUTS: usize = 16;
/// The longest syllable: zhuang.
const LONGEST: usize = 6;

/// Letters that carry a tone, with the letter and without.
const TONES: [(&str, char); 7] = [
    ("āáǎàâă", 'a'),
    ("ēéěèêĕ", 'e'),
    ("īíǐìîĭ", 'i'),
    ("ōóǒòôŏ", 'o'),
    ("ūúǔùûŭ", 'u'),
    ("ǖǘǚǜü", 'v'),
    ("ńňǹ", 'n'),
];

/// `c` without its tone, ü as v; nothing where it is no letter of pinyin.
#[must_use]
pub fn plain(c: char) -> Option<char> {
    match c {
        'a'..='z' => Some(c),
        'A'..='Z' => Some(c.to_ascii_lowercase()),
        c if c.is_ascii() => None,
        c => TONES
            .iter()
            .find(|(marked, _)| marked.contains(c))
            .map(|&(_, letter)| letter),
    }
}

/// Whether `letters` are one syllable.
#[must_use]
pub fn is_syllable(letters: &str) -> bool {
    syllable(letters).is_some()
}

/// The ways to cut `letters` into syllables, those of the fewest syllables first: xian is xian, and
/// xi an. An apostrophe and a tone number end a syllable. Nothing where the letters are no pinyin.
///
/// ```
/// use cesou::pinyin::cuts;
///
/// assert_eq!(cuts("xian"), [vec!["xian"], vec!["xi", "an"]]);
/// assert_eq!(cuts("xi'an"), [vec!["xi", "an"]]);
/// assert_eq!(cuts("nu:3sheng1"), [vec!["nv", "sheng"]]);
/// assert!(cuts("steam").is_empty());
/// ```
#[must_use]
pub fn cuts(letters: &str) -> Vec<Vec<&'static str>> {
    let Some(pieces) = pieces(letters) else {
        return Vec::new();
    };
    let mut all: Vec<Vec<&'static str>> = vec![Vec::new()];
    for piece in &pieces {
        let own = cuts_of_piece(piece);
        let mut longer = Vec::new();
        for begun in &all {
            for cut in &own {
                if longer.len() < MAX_CUTS {
                    longer.push(begun.iter().chain(cut).copied().collect());
                }
            }
        }
        all = longer;
    }
    all.retain(|cut| !cut.is_empty());
    all.sort_by_key(Vec::len);
    all
}

/// The ways to cut `letters` into whole syllables and a last one that is only begun: jiaosh is jiao
/// and sh. The rest is empty where the letters also end with a whole syllable.
#[must_use]
pub fn cuts_of_prefix(letters: &str) -> Vec<(Vec<&'static str>, String)> {
    let mut all: Vec<(Vec<&'static str>, String)> = cuts(letters)
        .into_iter()
        .map(|cut| (cut, String::new()))
        .collect();
    let Some(mut pieces) = pieces(letters) else {
        return all;
    };
    let Some(last) = pieces.pop() else { return all };
    let whole = pieces.join("'");
    for length in 1..=LONGEST.min(last.len()) {
        let Some((before, rest)) = last.split_at_checked(last.len() - length) else {
            continue;
        };
        if !is_begun(rest) {
            continue;
        }
        let before = match (whole.is_empty(), before.is_empty()) {
            (true, _) => before.to_owned(),
            (false, true) => whole.clone(),
            (false, false) => format!("{whole}'{before}"),
        };
        if before.is_empty() {
            all.push((Vec::new(), rest.to_owned()));
        }
        all.extend(cuts(&before).into_iter().map(|cut| (cut, rest.to_owned())));
    }
    all.truncate(MAX_CUTS);
    all
}

/// The letters between apostrophes and tone numbers, without tones; nothing where anything else is
/// among them or they are too many.
fn pieces(letters: &str) -> Option<Vec<String>> {
    let mut pieces = vec![String::new()];
    let mut before = None;
    for (at, c) in letters.chars().enumerate() {
        if at >= MAX_LETTERS {
            return None;
        }
        match (c, pieces.last_mut()) {
            (':', Some(piece)) if before == Some('u') => {
                piece.pop();
                piece.push('v');
            }
            ('\'' | '1'..='5', Some(piece)) if !piece.is_empty() => pieces.push(String::new()),
            (c, Some(piece)) => piece.push(plain(c)?),
            (_, None) => return None,
        }
        before = Some(c);
    }
    pieces.retain(|piece| !piece.is_empty());
    Some(pieces)
}

/// The ways to cut `piece`, which is all plain letters, found from its end so that no dead end is
/// walked twice.
fn cuts_of_piece(piece: &str) -> Vec<Vec<&'static str>> {
    let mut from: Vec<Vec<Vec<&'static str>>> = vec![Vec::new(); piece.len() + 1];
    if let Some(end) = from.last_mut() {
        end.push(Vec::new());
    }
    for start in (0..piece.len()).rev() {
        let mut found: Vec<Vec<&'static str>> = Vec::new();
        for end in (start + 1..=piece.len().min(start + LONGEST)).rev() {
            let Some(first) = piece.get(start..end).and_then(syllable) else {
                continue;
            };
            for rest in from.get(end).into_iter().flatten() {
                found.push(std::iter::once(first).chain(rest.iter().copied()).collect());
            }
        }
        found.sort_by_key(Vec::len);
        found.truncate(MAX_CUTS);
        if let Some(place) = from.get_mut(start) {
            *place = found;
        }
    }
    from.into_iter().next().unwrap_or_default()
}

fn syllable(letters: &str) -> Option<&'static str> {
    let letters = match letters {
        "lue" => "lve",
        "nue" => "nve",
        other => other,
    };
    let at = SYLLABLES.binary_search(&letters).ok()?;
    SYLLABLES.get(at).copied()
}

/// Whether a syllable begins with `letters` and has more.
fn is_begun(letters: &str) -> bool {
    let at = SYLLABLES.partition_point(|syllable| *syllable <= letters);
    SYLLABLES
        .get(at)
        .is_some_and(|syllable| syllable.starts_with(letters))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{cuts, cuts_of_prefix, is_syllable, plain};

    fn cut(letters: &str) -> String {
        let all: Vec<String> = cuts(letters).iter().map(|cut| cut.join(" ")).collect();
        all.join("|")
    }

    #[test]
    fn cuts_letters() {
        for (letters, expected) in [
            ("jiaoshi", "jiao shi|jia o shi|ji ao shi|ji a o shi"),
            ("JIAO4shi1", "jiao shi|jia o shi|ji ao shi|ji a o shi"),
            ("jiāoshī", "jiao shi|jia o shi|ji ao shi|ji a o shi"),
            ("nüsheng", "nv sheng"),
            ("nvsheng", "nv sheng"),
            ("luecheng", "lve cheng|lu e cheng"),
            ("lvecheng", "lve cheng|lv e cheng"),
            ("chang'an", "chang an"),
            ("fangan", "fang an|fan gan"),
            ("app", ""),
            ("wifi", ""),
            ("", ""),
            ("'", ""),
            ("教师", ""),
            ("jiaosh", ""),
        ] {
            assert_eq!(cut(letters), expected, "{letters}");
        }
    }

    #[test]
    fn cuts_what_is_only_begun() {
        for (letters, expected) in [
            ("jiaosh", "jiao+sh"),
            ("j", "+j"),
            ("jiao", "jiao+"),
            ("xi'a", "xi a+"),
            ("xi'an", "xi+an"),
        ] {
            let all = cuts_of_prefix(letters);
            let all: Vec<String> = all
                .iter()
                .map(|(cut, rest)| format!("{}+{rest}", cut.join(" ")))
                .collect();
            assert!(all.iter().any(|cut| cut == expected), "{letters}: {all:?}");
        }
    }

    proptest! {
        #[test]
        fn a_cut_joined_is_what_was_cut(letters in "(zh|sh|[a-z])?(ua|ia|[aeiouv])(ng|n)?[a-z']{0,20}") {
            let plain: String = letters.chars().filter_map(plain).collect();
            for cut in cuts(&letters) {
                prop_assert!(cut.iter().all(|syllable| is_syllable(syllable)));
                prop_assert_eq!(cut.concat(), plain.replace("lue", "lve").replace("nue", "nve"));
            }
        }

        #[test]
        fn no_text_panics(text in ".{0,200}") {
            let _ = cuts(&text);
            let _ = cuts_of_prefix(&text);
        }
    }
}
