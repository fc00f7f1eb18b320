//! The words that tell a passage from others.

use std::collections::{HashMap, HashSet};

use tantivy::Term;

use crate::analysis::{Normalized, Word, is_function_word};
use crate::fold::fold;
use crate::index::{PassageRecord, ReportRecord, Snapshot};
use crate::region;
use crate::report::Kind;

/// What a word in a heading counts, in occurrences in the paragraphs.
const IN_HEADING: f32 = 3.0;
/// What a word counts for that decided a theme of the passage, likewise.
const DECIDES_THEME: f32 = 1.0;
/// How soon further occurrences stop counting: as many make half of the most.
const SATURATION: f32 = 3.0;
/// A word in fewer passages than one in as many is no more telling: what stands once or twice in a
/// corpus is chance more often than a subject.
const RAREST: u64 = 200;
/// What a word counts that is part of a longer one: enough that 集团化办学 finds 办学集团, little
/// enough that it does not outweigh the word itself.
const PART_SHARE: f32 = 0.5;

/// What official prose says of anything it does: how far, how well, since when. Rare as such a word
/// may be in a small corpus, two passages are not alike by it.
const MANNER: [&str; 110] = [
    "分别",
    "左右",
    "必须",
    "前所未有",
    "圆满",
    "大局",
    "近年来",
    "近年",
    "以来",
    "目前",
    "今年",
    "去年",
    "每年",
    "年度",
    "同时",
    "先后",
    "首先",
    "其中",
    "此外",
    "期间",
    "进一步",
    "充分",
    "全面",
    "不断",
    "积极",
    "切实",
    "着力",
    "大力",
    "深入",
    "扎实",
    "有效",
    "逐步",
    "努力",
    "认真",
    "明显",
    "基本",
    "主要",
    "重要",
    "重大",
    "较大",
    "显著",
    "更加",
    "所有",
    "全部",
    "一律",
    "统一",
    "有关",
    "相关",
    "进行",
    "实行",
    "实施",
    "实现",
    "推进",
    "推动",
    "促进",
    "强化",
    "加强",
    "加大",
    "加快",
    "坚持",
    "着眼",
    "突出",
    "提高",
    "提升",
    "增强",
    "扩大",
    "增加",
    "完善",
    "健全",
    "建立",
    "形成",
    "构建",
    "开展",
    "组织",
    "落实",
    "确保",
    "保证",
    "按照",
    "根据",
    "通过",
    "围绕",
    "针对",
    "作为",
    "成为",
    "采取",
    "做好",
    "达到",
    "完成",
    "取得",
    "获得",
    "享受",
    "具有",
    "存在",
    "予以",
    "力度",
    "方面",
    "情况",
    "水平",
    "工作",
    "发展",
    "措施",
    "要求",
    "部门",
    "单位",
    "全市",
    "全区",
    "全县",
    "全省",
    "我市",
    "我县",
];

/// A term that tells a passage from others.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::search) struct Telling {
    /// The word, normalised.
    pub(in crate::search) text: String,
    /// What its score by BM25 is multiplied by.
    pub(in crate::search) boost: f32,
    /// What holding the term is worth: how much the passage speaks of it, times how rare it is.
    pub(in crate::search) worth: f32,
    /// In how many passages it stands; at least 2.
    pub(in crate::search) frequency: u64,
}

/// The most telling terms of `passage`, at most `most`, the most telling first.
///
/// Function words, numbers and names of regions say nothing about what a passage is about, nor can
/// a word be shared that no other passage has.
pub(in crate::search) fn telling(
    snapshot: &Snapshot,
    passage: &PassageRecord,
    report: &ReportRecord,
    most: usize,
    known: &mut Frequencies,
) -> tantivy::Result<Vec<Telling>> {
    let mut terms = Vec::new();
    let all = snapshot.passages();
    for (text, count) in counted(snapshot, passage, report) {
        let frequency = known.of(snapshot, &text)?;
        if frequency > 1 {
            let rarity = rarity(all, frequency.max(all / RAREST));
            let emphasis = count.occurrences / (count.occurrences + SATURATION) * count.share;
            terms.push(Telling {
                text,
                // The engine multiplies by the whole inverse frequency.
                boost: emphasis * rarity / self::rarity(all, frequency),
                worth: emphasis * rarity,
                frequency,
            });
        }
    }
    terms.sort_by(|left, right| {
        let by_worth = right.worth.total_cmp(&left.worth);
        by_worth.then_with(|| left.text.cmp(&right.text))
    });
    terms.truncate(most);
    Ok(terms)
}

/// How much a passage speaks of a word.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    occurrences: f32,
    /// 1 for a word that stands by itself somewhere, less for what is only part of longer ones.
    share: f32,
}

fn counted(
    snapshot: &Snapshot,
    passage: &PassageRecord,
    report: &ReportRecord,
) -> HashMap<String, Count> {
    let names: HashSet<String> = report
        .region
        .search_names()
        .iter()
        .map(|name| name.chars().filter_map(fold).collect())
        .collect();
    let mut counts: HashMap<String, Count> = HashMap::new();
    let mut count = |text: &str, worth: f32| {
        let normalized = Normalized::new(text);
        let mentions = region::mentions(text);
        let dictionary = snapshot.dictionary();
        let whole: HashSet<(usize, usize)> = dictionary
            .words(normalized.as_str())
            .iter()
            .map(|word| (word.start, word.end))
            .collect();
        for word in dictionary.words_and_parts(normalized.as_str()) {
            let span = normalized.original(word.start..word.end);
            let in_name = mentions
                .iter()
                .any(|mention| mention.start < span.end && span.start < mention.end);
            if in_name || names.contains(word.text) || !is_telling(&word) {
                continue;
            }
            let share = if whole.contains(&(word.start, word.end)) {
                1.0
            } else {
                PART_SHARE
            };
            let count = counts.entry(word.text.to_owned()).or_default();
            count.occurrences += worth;
            count.share = count.share.max(share);
        }
    };
    count(passage.body(), 1.0);
    let headings = passage.parents.iter().chain(&passage.heading);
    // What stands before the first measure is headed by the report's title.
    let title = report
        .tagline
        .iter()
        .filter(|_| passage.kind == Kind::Overview);
    for heading in headings.chain(title) {
        count(heading, IN_HEADING);
    }
    for evidence in passage.themes.iter().flat_map(|theme| &theme.evidence) {
        let term: String = evidence.term.chars().filter_map(fold).collect();
        if let Some(count) = counts.get_mut(&term) {
            count.occurrences += DECIDES_THEME;
        }
    }
    counts
}

/// Whether a word may say what a passage is about.
fn is_telling(word: &Word<'_>) -> bool {
    const NUMERALS: &str = "〇零一二两三四五六七八九十百千万亿几多余个第年月日";
    word.end - word.start > 1
        && !is_function_word(word.text)
        && !MANNER.contains(&word.text)
        && word.text.chars().any(char::is_alphabetic)
        && !word.text.chars().any(|c| c.is_ascii_digit())
        && !word.text.chars().all(|c| NUMERALS.contains(c))
}

/// In how many passages words stand, each looked up once: passages about the same use the same.
#[derive(Debug, Default)]
pub(in crate::search) struct Frequencies(HashMap<String, u64>);

impl Frequencies {
    fn of(&mut self, snapshot: &Snapshot, word: &str) -> tantivy::Result<u64> {
        if let Some(&known) = self.0.get(word) {
            return Ok(known);
        }
        let found = frequency(snapshot, word)?;
        self.0.insert(word.to_owned(), found);
        Ok(found)
    }
}

/// In how many passages the word stands, in the paragraphs or else in the headings.
fn frequency(snapshot: &Snapshot, word: &str) -> tantivy::Result<u64> {
    let fields = snapshot.fields();
    let mut most = 0;
    for field in [fields.body_words, fields.heading_words] {
        let term = Term::from_field_text(field, word);
        most = most.max(snapshot.searcher().doc_freq(&term)?);
    }
    Ok(most)
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of counts")]
fn rarity(passages: u64, frequency: u64) -> f32 {
    let (all, frequency) = (passages as f32, frequency as f32);
    ((all - frequency + 0.5).max(0.0) / (frequency + 0.5)).ln_1p()
}
