//! Pinyin and typing errors led back to what the index holds, and correct text left alone.

use std::collections::HashSet;
use std::time::Instant;

use cesou::analysis::Normalized;
use cesou::index::Snapshot;
use cesou::query::rewrite::{Proposal, pinyin, typo};
use proptest::prelude::*;

use crate::support::{Indexed, SEED, root, seed_text, shared};

/// `text` with the best proposal for each stretch in its place.
fn applied(text: &str, proposals: &[Proposal]) -> String {
    let mut chars: Vec<char> = Normalized::new(text).as_str().chars().collect();
    let mut best: Vec<&Proposal> = Vec::new();
    for proposal in proposals {
        if best.last().is_none_or(|last| last.end <= proposal.start) {
            best.push(proposal);
        }
    }
    for proposal in best.into_iter().rev() {
        chars.splice(proposal.start..proposal.end, proposal.to.chars());
    }
    chars.into_iter().collect()
}

fn read(snapshot: &Snapshot, text: &str) -> String {
    let text = Normalized::new(text);
    applied(text.as_str(), &pinyin::propose(snapshot, &text))
}

fn corrected(snapshot: &Snapshot, text: &str) -> String {
    let text = Normalized::new(text);
    typo::propose(snapshot, &text)
        .into_iter()
        .next()
        .map_or(text.as_str().to_owned(), |correction| correction.text)
}

/// Fails with all cases that are not as expected.
fn check(cases: &[(&str, &str)], answer: impl Fn(&str) -> String) {
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|&(typed, expected)| {
            let found = answer(typed);
            (found != expected).then(|| format!("{typed}: {found}, not {expected}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );
}

#[test]
fn letters_are_read_as_words_of_the_index() {
    check(
        &[
            // Run together, spaced by word, spaced by syllable.
            ("jiaoshi peixun", "教师 培训"),
            ("jiaoshipeixun", "教师培训"),
            ("jiao shi pei xun", "教师 培训"),
            ("yiwujiaoyu", "义务教育"),
            ("yiwu jiaoyu", "义务教育"),
            ("junheng fazhan", "均衡 发展"),
            ("junhengfazhan", "均衡发展"),
            ("shizi duiwu", "师资队伍"),
            ("jituanhua banxue", "集团化 办学"),
            ("suiqian zinv", "随迁 子女"),
            ("suiqianzinv", "随迁子女"),
            ("suiqianzinü", "随迁子女"),
            ("suiqian zinu:", "随迁 子女"),
            ("zhaosheng", "招生"),
            ("gaozhong zhaosheng", "高中 招生"),
            ("xiaozhang", "校长"),
            ("xiaozhang jiaoliu", "校长 交流"),
            ("xuexiao", "学校"),
            ("xuesheng", "学生"),
            ("biaozhunhua jianshe", "标准化 建设"),
            ("dudao pingjia", "督导 评价"),
            ("dabane", "大班额"),
            ("da ban e", "大班额"),
            ("xiao'an gongcheng", "校安工程"),
            ("jiao4shi1 pei2xun4", "教师 培训"),
            ("jiàoshī péixùn", "教师 培训"),
            ("JIAOSHI PEIXUN", "教师 培训"),
            ("ｊｉａｏｓｈｉ", "教师"),
            // Names of regions.
            ("shijiazhuang", "石家庄"),
            ("shi jia zhuang", "石家庄"),
            ("haidian", "海淀"),
            ("haidianqu", "海淀区"),
            ("beijing haidian", "北京 海淀"),
            ("hebei", "河北"),
            ("jinzhong", "晋中"),
            ("shenyang heping", "沈阳 和平"),
            ("taizhou", "泰州"),
            ("minhang", "闵行"),
            ("shijiazhuang jiaoyu", "石家庄 教育"),
            // Mixed with Chinese.
            ("教师 peixun", "教师 培训"),
            ("教师peixun", "教师培训"),
            ("haidian区", "海淀区"),
            ("教师jiaoliu", "教师交流"),
            ("jiaoshi交流", "教师交流"),
            ("义务jiaoyu均衡", "义务教育均衡"),
            ("海淀qu", "海淀区"),
            // Initials of regions and themes.
            ("sjz", "石家庄"),
            ("sjz 教师", "石家庄 教师"),
            ("szdw", "师资队伍"),
            ("zsrx", "招生入学"),
            ("bj 教育", "北京 教育"),
            // A letter wrong.
            ("shijiazhang", "石家庄"),
            ("shjiazhuang", "石家庄"),
            ("junhenh", "均衡"),
        ],
        |typed| read(&SEED.snapshot, typed),
    );
}

#[test]
fn letters_that_are_no_pinyin_of_the_index_stay() {
    for text in [
        "wi-fi",
        "app",
        "steam",
        "english",
        "x",
        "q",
        "的",
        "",
        "12",
        "4g",
        "covid19",
        "a.b",
        "lv",
        "hello world",
        "www.example.com",
        "教师",
        "教师交流轮岗",
        "!",
        "😀",
        "zzzz",
        "qwertyuiop",
    ] {
        assert_eq!(read(&SEED.snapshot, text), text, "{text}");
    }
}

#[test]
fn a_reading_is_told_with_others_and_where_it_stands() {
    let text = Normalized::new("教师 peixun");
    let proposals = pinyin::propose(&SEED.snapshot, &text);
    let best = &proposals[0];
    assert_eq!((best.start, best.end), (3, 9));
    assert_eq!((best.from.as_str(), best.to.as_str()), ("peixun", "培训"));
    assert!((best.weight - 1.0).abs() < f32::EPSILON);
    for text in ["jiaoshi peixun", "haidian", "sjz", "shi"] {
        let proposals = pinyin::propose(&SEED.snapshot, &Normalized::new(text));
        for proposal in &proposals {
            assert!(
                proposal.weight > 0.0 && proposal.weight <= 1.0,
                "{proposal:?}"
            );
            let same = |other: &&Proposal| other.start == proposal.start;
            assert!(proposals.iter().filter(same).count() <= 3, "{proposals:?}");
        }
    }
}

#[test]
fn typing_errors_are_put_right() {
    check(
        &[
            // The same sound.
            ("均横发展", "均衡发展"),
            ("均恒发展", "均衡发展"),
            ("师资对伍", "师资队伍"),
            ("师资队五", "师资队伍"),
            ("教师培讯", "教师培训"),
            ("义务教玉", "义务教育"),
            ("意务教育", "义务教育"),
            ("随签子女", "随迁子女"),
            ("督导平价", "督导评价"),
            ("标准化件设", "标准化建设"),
            ("标准化建社", "标准化建设"),
            ("精细化官理", "精细化管理"),
            ("优质自源", "优质资源"),
            ("优质资原", "优质资源"),
            ("大班鹅", "大班额"),
            ("教育信希化", "教育信息化"),
            ("课唐教学", "课堂教学"),
            ("石家壮", "石家庄"),
            ("石佳庄教育", "石家庄教育"),
            ("海店区", "海淀区"),
            ("闵航区", "闵行区"),
            ("校长教师交留", "校长教师交流"),
            ("阳光召生", "阳光招生"),
            ("均衡编搬", "均衡编班"),
            ("公用精费", "公用经费"),
            ("生军经费", "生均经费"),
            // A sound that is near.
            ("师姿队伍", "师资队伍"),
            ("师资队务", "师资队伍"),
            ("就进入学", "就近入学"),
            ("就敬入学", "就近入学"),
            ("集团化办雪", "集团化办学"),
            ("薄落学校", "薄弱学校"),
            ("管理体系建色", "管理体系建设"),
            // Characters that look alike.
            ("教帅培训", "教师培训"),
            ("义务教盲", "义务教育"),
            ("集困化办学", "集团化办学"),
            ("校长仟期制", "校长任期制"),
            ("学区一体话", "学区一体化"),
            ("晋申市", "晋中市"),
            // Two characters in each other's place.
            ("教师流交", "教师交流"),
            ("均发衡展", "均衡发展"),
            ("义教务育", "义务教育"),
            ("学校准标化", "学校标准化"),
            ("师资伍队", "师资队伍"),
            ("石庄家", "石家庄"),
            ("教交师流", "教师交流"),
            ("集化团办学", "集团化办学"),
            ("督责导任区", "督导责任区"),
            // A character missing.
            ("义教育", "义务教育"),
            ("集化办学", "集团化办学"),
            ("标化建设", "标准化建设"),
            ("信化建设", "信息化建设"),
            ("石庄市", "石家庄市"),
            ("师资伍", "师资队伍"),
            // A character too many.
            ("义务务教育", "义务教育"),
            ("教师师培训", "教师培训"),
            ("集团团化办学", "集团化办学"),
            ("均衡衡发展", "均衡发展"),
            ("石家庄庄市", "石家庄市"),
            // Two errors.
            ("均横发站", "均衡发展"),
            ("师姿对伍建社", "师资队伍建设"),
            // With a blank, traditional characters, full width.
            ("海淀 教师培讯", "海淀 教师培训"),
            ("師資對五", "师资队伍"),
        ],
        |typed| corrected(&SEED.snapshot, typed),
    );
}

#[test]
fn correct_text_is_left_alone() {
    for text in [
        "教师交流",
        "义务教育均衡发展",
        "海淀区教师交流",
        "石家庄 经费",
        "随迁子女入学",
        "教育",
        "师",
        "wi-fi",
        "steam",
        "",
        "!?",
        "😀😀",
        "2014年",
        "区教育局的校长",
    ] {
        let corrections = typo::propose(&SEED.snapshot, &Normalized::new(text));
        assert!(corrections.is_empty(), "{text}: {corrections:?}");
    }
}

/// Pieces of the seed reports between punctuation marks, of 4 to 8 ideographs.
fn clauses(text: &str) -> Vec<String> {
    let is_ideograph = |c: char| matches!(c, '\u{4E00}'..='\u{9FFF}');
    let mut seen = HashSet::new();
    text.split(|c| !is_ideograph(c))
        .filter(|clause| (4..=8).contains(&clause.chars().count()))
        .filter(|clause| seen.insert((*clause).to_owned()))
        .map(str::to_owned)
        .collect()
}

/// A sequence of numbers that is the same in every run (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.below(all.len())].clone())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Error {
    SameSound,
    NearSound,
    Alike,
    Swapped,
    Missing,
    Twice,
    Extra,
}

/// `text` with an error of this kind, characters taken from `pool`; nothing where none can be made.
fn corrupted(text: &str, error: Error, pool: &[char], numbers: &mut Numbers) -> Option<String> {
    let mut chars: Vec<char> = text.chars().collect();
    let at = numbers.below(chars.len());
    let reading = |c: char| cesou::pinyin::readings(c).next();
    match error {
        Error::SameSound | Error::NearSound => {
            let own = reading(chars[at])?;
            let key = |c: char| reading(c).map(cesou::pinyin::near);
            let others: Vec<char> = pool
                .iter()
                .copied()
                .filter(|&c| c != chars[at])
                .filter(|&c| match error {
                    Error::SameSound => reading(c) == Some(own),
                    _ => reading(c) != Some(own) && key(c) == key(chars[at]),
                })
                .collect();
            chars[at] = numbers.one_of(&others)?;
        }
        Error::Alike => {
            let table =
                std::fs::read_to_string(root().join("src/query/rewrite/similar.txt")).unwrap();
            let line = table.lines().find(|line| line.starts_with(chars[at]))?;
            let others: Vec<char> = line.chars().skip(1).take(5).collect();
            chars[at] = numbers.one_of(&others)?;
        }
        Error::Swapped => {
            let next = (at + 1) % chars.len();
            if next == 0 || chars[at] == chars[next] {
                return None;
            }
            chars.swap(at, next);
        }
        Error::Missing => {
            chars.remove(at);
        }
        Error::Twice => chars.insert(at, chars[at]),
        Error::Extra => chars.insert(at, numbers.one_of(pool)?),
    }
    Some(chars.into_iter().collect())
}

/// How many of the corrupted pieces of `text` are restored, of how many, for each kind of error.
fn restored(snapshot: &Snapshot, text: &str, each: usize) -> Vec<(Error, usize, usize)> {
    let clauses = clauses(text);
    let mut pool: Vec<char> = clauses.iter().flat_map(|clause| clause.chars()).collect();
    pool.sort_unstable();
    pool.dedup();
    let mut numbers = Numbers(20_261_124);
    let mut all = Vec::new();
    for error in [
        Error::SameSound,
        Error::NearSound,
        Error::Alike,
        Error::Swapped,
        Error::Missing,
        Error::Twice,
        Error::Extra,
    ] {
        let (mut right, mut made) = (0, 0);
        for _ in 0..each * 20 {
            if made == each {
                break;
            }
            let clause = numbers.one_of(&clauses).unwrap();
            let Some(typed) = corrupted(&clause, error, &pool, &mut numbers) else {
                continue;
            };
            // What stands in the texts is no error that can be told.
            if text.contains(&typed) {
                continue;
            }
            made += 1;
            let found = corrected(snapshot, &typed);
            if found == clause {
                right += 1;
            }
        }
        all.push((error, right, made));
    }
    all
}

#[test]
fn most_errors_made_at_random_are_put_right() {
    let text = seed_text();
    let all = restored(&SEED.snapshot, &text, 60);
    let (right, made) = sum(&all);
    assert!(made >= 300, "{made}");
    assert!(right * 100 >= made * 80, "{right} of {made}: {all:?}");
}

/// All that were restored and all that were made.
fn sum(all: &[(Error, usize, usize)]) -> (usize, usize) {
    let sum = |count: fn(&(Error, usize, usize)) -> usize| all.iter().map(count).sum();
    (sum(|kind| kind.1), sum(|kind| kind.2))
}

/// How many of the pieces of `text` are said to be wrong.
fn false_alarms(snapshot: &Snapshot, clauses: &[String]) -> usize {
    let is_changed = |clause: &&String| corrected(snapshot, clause) != **clause;
    clauses.iter().filter(is_changed).count()
}

#[test]
fn pieces_of_the_texts_themselves_are_left_alone() {
    let clauses = clauses(&seed_text());
    assert!(clauses.len() > 300, "{}", clauses.len());
    let alarms = false_alarms(&SEED.snapshot, &clauses);
    assert!(
        alarms * 50 <= clauses.len(),
        "{alarms} of {}",
        clauses.len()
    );
}

#[test]
fn a_larger_corpus_is_corrected_as_well() {
    let Some(folder) = shared("corpora/gov-2025") else {
        return;
    };
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter_map(|path| {
            let name = path.file_name()?.to_string_lossy().into_owned();
            Some((name, std::fs::read_to_string(path).ok()?))
        })
        .collect();
    files.sort();
    let (mut held, mut other) = (Vec::new(), String::new());
    for (at, (name, text)) in files.iter().enumerate() {
        if at % 5 == 0 {
            other.push_str(text);
        } else {
            held.push((name.as_str(), text.as_str()));
        }
    }
    let indexed = Indexed::of_files(&held);
    let own: String = held.iter().map(|(_, text)| *text).collect();
    let all = restored(&indexed.snapshot, &own, 40);
    let (right, made) = sum(&all);
    assert!(right * 100 >= made * 60, "{right} of {made}: {all:?}");
    let own: Vec<String> = clauses(&own).into_iter().step_by(20).collect();
    let alarms = false_alarms(&indexed.snapshot, &own);
    assert!(alarms * 50 <= own.len(), "{alarms} of {}", own.len());
    // Texts of the same kind that the index does not hold.
    let other: Vec<String> = clauses(&other).into_iter().step_by(10).collect();
    let alarms = false_alarms(&indexed.snapshot, &other);
    assert!(
        alarms * 100 <= other.len() * 18,
        "{alarms} of {}",
        other.len()
    );
}

proptest! {
    #[test]
    fn any_text_takes_bounded_work(text in "\\PC{0,80}|[a-z ']{0,120}|[教师均横发展a-z0-9 😀，]{0,80}") {
        let text = Normalized::new(&text);
        let length = text.chars();
        for proposal in pinyin::propose(&SEED.snapshot, &text) {
            prop_assert!(proposal.start < proposal.end && proposal.end <= length);
            prop_assert!(proposal.weight > 0.0 && proposal.weight <= 1.0);
        }
        for correction in typo::propose(&SEED.snapshot, &text) {
            prop_assert_eq!(applied(text.as_str(), &correction.parts), correction.text);
            prop_assert!(correction.confidence > 0.0 && correction.confidence < 1.0);
        }
    }
}

#[test]
fn long_texts_take_bounded_work() {
    for piece in [
        "教",
        "均横发展",
        "jiaoshi ",
        "a",
        "教师jiaoshi",
        "😀",
        "sjz ",
        "。",
        "jiao'",
    ] {
        let text = Normalized::new(&piece.repeat(10_000));
        let started = Instant::now();
        let _ = pinyin::propose(&SEED.snapshot, &text);
        let _ = typo::propose(&SEED.snapshot, &text);
        assert!(started.elapsed().as_millis() < 1000, "{piece}");
    }
}
