//! Hanyu pinyin without tones: what characters are read as, and what a run of letters spells; the
//! only place that knows the library.
//!
//! Readers type jiaoshi or sjz while their input method is off. A character may have several
//! readings (重 zhong, chong), so a text has several spellings and is to be found by each; which
//! one is meant is not guessed here. ü is written `v`: lv, nve. Letters that are read may also have
//! `ü`, `u:`, tone marks or tone numbers, and `lue` for `lve`.
//!
//! Invariants: every reading is one of [`SYLLABLES`]; a cut joined again is the letters that were
//! cut; no text panics or takes more than bounded work (the tests below).

mod letters;

use std::sync::LazyLock;

use pinyin::ToPinyinMulti;

pub use letters::{cuts, cuts_of_prefix, is_syllable, plain};

/// The most spellings of a text that are given.
const MAX_SPELLINGS: usize = 24;
/// The most readings of a character that are taken; what comes after is dialect or ancient.
const MAX_READINGS: usize = 4;

/// The syllables of standard Chinese, in order of the alphabet.
pub const SYLLABLES: [&str; 409] = [
    "a", "ai", "an", "ang", "ao", "ba", "bai", "ban", "bang", "bao", "bei", "ben", "beng", "bi",
    "bian", "biao", "bie", "bin", "bing", "bo", "bu", "ca", "cai", "can", "cang", "cao", "ce",
    "cen", "ceng", "cha", "chai", "chan", "chang", "chao", "che", "chen", "cheng", "chi", "chong",
    "chou", "chu", "chua", "chuai", "chuan", "chuang", "chui", "chun", "chuo", "ci", "cong", "cou",
    "cu", "cuan", "cui", "cun", "cuo", "da", "dai", "dan", "dang", "dao", "de", "dei", "deng",
    "di", "dia", "dian", "diao", "die", "ding", "diu", "dong", "dou", "du", "duan", "dui", "dun",
    "duo", "e", "ei", "en", "er", "fa", "fan", "fang", "fei", "fen", "feng", "fo", "fou", "fu",
    "ga", "gai", "gan", "gang", "gao", "ge", "gei", "gen", "geng", "gong", "gou", "gu", "gua",
    "guai", "guan", "guang", "gui", "gun", "guo", "ha", "hai", "han", "hang", "hao", "he", "hei",
    "hen", "heng", "hong", "hou", "hu", "hua", "huai", "huan", "huang", "hui", "hun", "huo", "ji",
    "jia", "jian", "jiang", "jiao", "jie", "jin", "jing", "jiong", "jiu", "ju", "juan", "jue",
    "jun", "ka", "kai", "kan", "kang", "kao", "ke", "kei", "ken", "keng", "kong", "kou", "ku",
    "kua", "kuai", "kuan", "kuang", "kui", "kun", "kuo", "la", "lai", "lan", "lang", "lao", "le",
    "lei", "len", "leng", "li", "lia", "lian", "liang", "liao", "lie", "lin", "ling", "liu", "lo",
    "long", "lou", "lu", "luan", "lun", "luo", "lv", "lve", "ma", "mai", "man", "mang", "mao",
    "me", "mei", "men", "meng", "mi", "mian", "miao", "mie", "min", "ming", "miu", "mo", "mou",
    "mu", "na", "nai", "nan", "nang", "nao", "ne", "nei", "nen", "neng", "ni", "nian", "niang",
    "niao", "nie", "nin", "ning", "niu", "nong", "nou", "nu", "nuan", "nuo", "nv", "nve", "o",
    "ou", "pa", "pai", "pan", "pang", "pao", "pei", "pen", "peng", "pi", "pian", "piao", "pie",
    "pin", "ping", "po", "pou", "pu", "qi", "qia", "qian", "qiang", "qiao", "qie", "qin", "qing",
    "qiong", "qiu", "qu", "quan", "que", "qun", "ran", "rang", "rao", "re", "ren", "reng", "ri",
    "rong", "rou", "ru", "ruan", "rui", "run", "ruo", "sa", "sai", "san", "sang", "sao", "se",
    "sen", "seng", "sha", "shai", "shan", "shang", "shao", "she", "shei", "shen", "sheng", "shi",
    "shou", "shu", "shua", "shuai", "shuan", "shuang", "shui", "shun", "shuo", "si", "song", "sou",
    "su", "suan", "sui", "sun", "suo", "ta", "tai", "tan", "tang", "tao", "te", "tei", "teng",
    "ti", "tian", "tiao", "tie", "ting", "tong", "tou", "tu", "tuan", "tui", "tun", "tuo", "wa",
    "wai", "wan", "wang", "wei", "wen", "weng", "wo", "wu", "xi", "xia", "xian", "xiang", "xiao",
    "xie", "xin", "xing", "xiong", "xiu", "xu", "xuan", "xue", "xun", "ya", "yan", "yang", "yao",
    "ye", "yi", "yin", "ying", "yo", "yong", "you", "yu", "yuan", "yue", "yun", "za", "zai", "zan",
    "zang", "zao", "ze", "zei", "zen", "zeng", "zha", "zhai", "zhan", "zhang", "zhao", "zhe",
    "zhei", "zhen", "zheng", "zhi", "zhong", "zhou", "zhu", "zhua", "zhuai", "zhuan", "zhuang",
    "zhui", "zhun", "zhuo", "zi", "zong", "zou", "zu", "zuan", "zui", "zun", "zuo",
];

/// The first and one past the last character that [`READINGS`] holds.
const TABLE_START: u32 = 0x3400;
const TABLE_END: u32 = 0xA000;

/// The readings of the characters in daily use, looked up in the library once.
static READINGS: LazyLock<Vec<Readings>> = LazyLock::new(|| {
    (TABLE_START..TABLE_END)
        .map(|code| char::from_u32(code).map_or([""; MAX_READINGS], look_up))
        .collect()
});

/// The readings of a character; empty ones behind them.
type Readings = [&'static str; MAX_READINGS];

/// What the simplified character `c` is read as, the most usual first; nothing for what is none.
pub fn readings(c: char) -> impl Iterator<Item = &'static str> {
    let known = (c as u32)
        .checked_sub(TABLE_START)
        .and_then(|at| READINGS.get(at as usize));
    let readings = known.copied().unwrap_or_else(|| look_up(c));
    readings
        .into_iter()
        .take_while(|reading| !reading.is_empty())
}

fn look_up(c: char) -> Readings {
    let mut found: Readings = [""; MAX_READINGS];
    let mut count = 0;
    let given = c.to_pinyin_multi().into_iter().flatten();
    for reading in given.filter_map(|reading| standard(reading.plain())) {
        if count < MAX_READINGS && !found.contains(&reading) {
            if let Some(place) = found.get_mut(count) {
                *place = reading;
            }
            count += 1;
        }
    }
    found
}

/// The spellings of `text`, a syllable for each character: that of first readings first, then
/// those that deviate in one character, then in more. Nothing where a character has no reading.
#[must_use]
pub fn spellings(text: &str) -> Vec<Vec<&'static str>> {
    let choices: Vec<Vec<&'static str>> = text.chars().map(|c| readings(c).collect()).collect();
    if choices.is_empty() || choices.iter().any(Vec::is_empty) {
        return Vec::new();
    }
    let first: Vec<&'static str> = choices
        .iter()
        .filter_map(|readings| readings.first().copied())
        .collect();
    // Each spelling with the first character that may still deviate, so that none comes twice.
    let mut all: Vec<(Vec<&'static str>, usize)> = vec![(first, 0)];
    let mut done = 0;
    while let Some((spelling, from)) = all.get(done).cloned() {
        for (at, readings) in choices.iter().enumerate().skip(from) {
            for &reading in readings.iter().skip(1) {
                if all.len() == MAX_SPELLINGS {
                    return all.into_iter().map(|(spelling, _)| spelling).collect();
                }
                let mut other = spelling.clone();
                if let Some(place) = other.get_mut(at) {
                    *place = reading;
                }
                all.push((other, at + 1));
            }
        }
        done += 1;
    }
    all.into_iter().map(|(spelling, _)| spelling).collect()
}

/// Which of the [`spellings`] of `text` is at place `nth`, without making the others where that can
/// be done; nothing where there are fewer.
#[must_use]
pub fn nth_spelling(text: &str, nth: usize) -> Option<Vec<&'static str>> {
    let mut spelling = Vec::with_capacity(text.len() / 3);
    let mut place = Some(nth).filter(|&nth| nth < MAX_SPELLINGS)?;
    let mut deviating = 0;
    for c in text.chars() {
        let mut own = readings(c);
        let first = own.next()?;
        let others = own.count();
        deviating += usize::from(others > 0);
        // Those that deviate in one character come first, in the order of the characters.
        let is_here = (1..=others).contains(&place);
        let reading = if is_here {
            readings(c).nth(place)
        } else {
            None
        };
        place = match place {
            0 => 0,
            _ if is_here => 0,
            _ => place - others,
        };
        spelling.push(reading.unwrap_or(first));
    }
    if place == 0 && !spelling.is_empty() {
        return Some(spelling);
    }
    // Then those that deviate in several.
    let more = (deviating > 1).then(|| spellings(text));
    more.and_then(|all| all.into_iter().nth(nth))
}

/// The first letters of the spellings of `text`, each once: sjz for 石家庄.
#[must_use]
pub fn initials(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for spelling in spellings(text) {
        let letters: String = spelling.iter().filter_map(|s| s.chars().next()).collect();
        if !all.contains(&letters) {
            all.push(letters);
        }
    }
    all
}

/// The syllable with sounds made one that many speakers do not tell apart: z zh, c ch, s sh; l n r;
/// f h; an ang, en eng, in ing. These are the pairs that input methods offer as fuzzy pinyin.
#[must_use]
pub fn near(syllable: &str) -> String {
    let (initial, rime) = near_parts(syllable);
    format!("{initial}{rime}")
}

/// The initial and the rime of the same.
#[must_use]
pub fn near_parts(syllable: &str) -> (&str, &str) {
    let split = syllable
        .find(['a', 'e', 'i', 'o', 'u', 'v'])
        .unwrap_or(syllable.len());
    let (initial, rime) = syllable.split_at(split);
    let initial = match initial {
        "zh" => "z",
        "ch" => "c",
        "sh" => "s",
        "n" | "r" => "l",
        "f" => "h",
        other => other,
    };
    let rime = match rime.strip_suffix('g') {
        // ong has no counterpart in -n.
        Some(shorter) if !rime.ends_with("ong") => shorter,
        _ => rime,
    };
    (initial, rime)
}

/// The syllable as it is listed here; the library writes ü, and has interjections that are none.
fn standard(plain: &str) -> Option<&'static str> {
    let found = if plain.contains('ü') {
        SYLLABLES.binary_search(&plain.replace('ü', "v").as_str())
    } else {
        SYLLABLES.binary_search(&plain)
    };
    found.ok().and_then(|at| SYLLABLES.get(at).copied())
}

#[cfg(test)]
mod tests {
    use super::{SYLLABLES, initials, near, nth_spelling, readings, spellings};

    #[test]
    fn syllables_are_in_order() {
        assert!(SYLLABLES.is_sorted());
    }

    #[test]
    fn reads_characters() {
        for (c, expected) in [
            ('教', "jiao"),
            ('女', "nv ru"),
            ('略', "lve"),
            ('重', "zhong chong tong"),
            ('a', ""),
            ('，', ""),
            ('😀', ""),
        ] {
            let found: Vec<&str> = readings(c).collect();
            assert_eq!(found.join(" "), expected, "{c}");
        }
    }

    #[test]
    fn every_usual_reading_of_a_word_is_among_its_spellings() {
        for (word, expected) in [
            ("重庆", "chong qing"),
            ("银行", "yin hang"),
            ("校长", "xiao zhang"),
            ("调研", "diao yan"),
            ("长沙", "chang sha"),
            ("厦门", "xia men"),
            ("六安", "lu an"),
            ("西藏", "xi zang"),
            ("绿色", "lv se"),
            ("石家庄市", "shi jia zhuang shi"),
        ] {
            let spelt = spellings(word);
            assert!(
                spelt.iter().any(|spelling| spelling.join(" ") == expected),
                "{word}: {spelt:?}"
            );
        }
        for text in ["4g网", "", "学校", "重行", "重庆银行", "长长长长"] {
            let all = spellings(text);
            for nth in 0..=all.len() {
                let expected = all.get(nth).cloned();
                assert_eq!(nth_spelling(text, nth), expected, "{nth} of {text}");
            }
        }
        assert!(spellings("4g网").is_empty());
        assert!(spellings("").is_empty());
        assert!(spellings(&"重长行".repeat(1000)).len() <= 24);
    }

    #[test]
    fn initials_are_first_letters() {
        assert_eq!(initials("石家庄")[0], "sjz");
        assert!(initials("重庆").contains(&"cq".to_owned()));
    }

    #[test]
    fn near_syllables_share_a_key() {
        for group in [
            ["shi", "si"],
            ["zhang", "zan"],
            ["ning", "lin"],
            ["heng", "fen"],
            ["ri", "li"],
            ["huang", "huan"],
        ] {
            assert_eq!(near(group[0]), near(group[1]), "{group:?}");
        }
        assert_ne!(near("dong"), near("don"));
        assert_ne!(near("ma"), near("ba"));
    }
}
