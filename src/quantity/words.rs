//! What a figure belongs to, and whether it is an amount or a change.
//!
//! Reports put a figure right behind what it measures (总投资38亿元), or between a classifier and
//! the thing that is counted (2.5万个学位). The words between the last boundary and the figure,
//! without the verbs that link them, are what it belongs to; the thing counted where it follows;
//! and a figure in a list shares the words of the one before it.

use std::sync::LazyLock;

use super::edge::ByEdge;
use super::qualifier::qualifier_before;
use super::scan::Figure;
use super::unit::Form;
use super::view::View;
use super::{Class, Kind, Qualifier, Quantity};

/// How far before a figure its words are looked for, in characters.
const REACH: usize = 40;
/// The most characters of the words before a figure, and of the thing counted after it.
const LONGEST: usize = 20;
const LONGEST_AFTER: usize = 10;

/// What stands around a figure.
pub(super) struct Context {
    pub(super) label: String,
    pub(super) kind: Kind,
    pub(super) qualifier: Option<Qualifier>,
    /// Where the qualifier before it begins, or the verb of change.
    pub(super) start: usize,
}

/// Verbs of change: by so much, not to so much.
const RISES: [&str; 24] = [
    "增长",
    "增加",
    "提高",
    "提升",
    "上升",
    "上涨",
    "上浮",
    "增幅",
    "增速",
    "增长率",
    "涨幅",
    "扩大",
    "多增",
    "净增长",
    "增收",
    "递增",
    "上调",
    "攀升",
    "反弹",
    "加快",
    "大涨",
    "增",
    "涨",
    "升",
];
const FALLS: [&str; 26] = [
    "下降",
    "减少",
    "降低",
    "压减",
    "压缩",
    "缩减",
    "回落",
    "下滑",
    "下跌",
    "下调",
    "降幅",
    "跌幅",
    "缩短",
    "减幅",
    "收窄",
    "调减",
    "核减",
    "削减",
    "下浮",
    "大跌",
    "少于",
    "锐减",
    "负增长",
    "减",
    "降",
    "跌",
];

/// What may stand between the words and the figure; longer ones first.
const LINKS: [&str; 60] = [
    "控制在",
    "保持在",
    "稳定在",
    "维持在",
    "提高到",
    "增加到",
    "提升到",
    "扩大到",
    "上升到",
    "下降到",
    "增长到",
    "降低到",
    "减少到",
    "力争达到",
    "可达到",
    "达到了",
    "达到",
    "分别",
    "合计",
    "总计",
    "共计",
    "累计",
    "同比",
    "环比",
    "平均",
    "年均",
    "每年",
    "全年",
    "预计",
    "超额",
    "完成",
    "实现",
    "保持",
    "稳定",
    "同期",
    "提高至",
    "提升至",
    "增加至",
    "降至",
    "增至",
    "升至",
    "共有",
    "仅有",
    "只有",
    "已有",
    "现有",
    "比重",
    "已经",
    "高达",
    "均",
    "达",
    "为",
    "是",
    "有",
    "共",
    "至",
    "到",
    "了",
    "已",
    "即",
];
/// The same, of one character, which mean nothing inside a word.
const SMALL_LINKS: &str = "即达为是有共至到了已均将按以可再又仅计各在由从约";

/// What the words before a figure begin after.
const CUTS: &str = "的将把对从由使让向与和及或并被年月日等";
/// Verbs and adverbs the words do not begin with.
const OPENERS: [&str; 32] = [
    "完成", "实现", "力争", "确保", "预计", "其中", "全省", "全市", "全国", "全县", "全区", "我省",
    "我市", "目前", "今年", "去年", "全年", "累计", "每年", "年均", "同比", "另有", "同时", "此外",
    "预期", "争取", "安排", "推动", "带动", "共", "已", "每",
];
/// What the thing counted ends before.
const AFTER_CUTS: [&str; 54] = [
    "的", "和", "与", "及", "或", "并", "等", "以上", "以下", "左右", "用于", "参加", "参与",
    "开展", "实施", "进行", "获得", "入选", "达到", "完成", "实现", "投入", "建成", "纳入", "享受",
    "得到", "接受", "通过", "全部", "就业", "落户", "上榜", "支持", "帮助", "为", "在", "到",
    "增长", "同比", "因", "均", "已", "将", "于", "提高", "增加", "下降", "减少", "上升", "扩大",
    "降", "升", "增", "占",
];

static LINKS_BY_LAST: LazyLock<ByEdge> = LazyLock::new(|| ByEdge::last(&LINKS));
static RISES_BY_LAST: LazyLock<ByEdge> = LazyLock::new(|| ByEdge::last(&RISES));
static FALLS_BY_LAST: LazyLock<ByEdge> = LazyLock::new(|| ByEdge::last(&FALLS));
static OPENERS_BY_FIRST: LazyLock<ByEdge> = LazyLock::new(|| ByEdge::first(&OPENERS));
static AFTER_CUTS_BY_FIRST: LazyLock<ByEdge> = LazyLock::new(|| ByEdge::first(&AFTER_CUTS));

/// What stands around `figure`: before it back to `done`, and after `end`.
pub(super) fn context(
    view: &View,
    figure: &Figure,
    done: usize,
    end: usize,
    previous: Option<&Quantity>,
) -> Context {
    let start = figure.number.start;
    let from = done.max(start.saturating_sub(REACH));
    let clause = view
        .slice(from, start)
        .iter()
        .rposition(|&c| is_boundary(c))
        .map_or(from, |at| from + at + 1);
    let mut to = start;
    if to > clause && view.get(to - 1) == Some('-') {
        to -= 1;
    }
    let qualified = qualifier_before(view, to).filter(|(length, _)| to - length >= clause);
    // 上 says at least only before 百 and its like.
    let qualified = qualified.filter(|&(_, qualifier)| {
        qualifier != Qualifier::AtLeast || view.get(to - 1) != Some('上') || is_bare(view, to)
    });
    if let Some((length, _)) = qualified {
        to -= length;
    }
    let to = strip_links(view, clause, to);
    let is_value = matches!(
        figure.unit.class,
        Class::Share | Class::Points | Class::Multiple | Class::Money
    );
    let change = change(view, clause, to, is_value);
    let per = per(view, figure, clause, to);
    let noun_end = change.map_or(to, |(length, _)| to - length);
    let noun_end = strip_links(view, clause, noun_end);
    let words = before(view, clause, noun_end);
    let counted = figure.unit.form != Form::Measure;
    let thing = after(view, end, counted);
    // What has no words of its own goes on with those of the figure before it: 30%、40%, and
    // 达1.87亿元，同比增长5%.
    let goes_on = words.is_empty() && from == done && clause <= done + 1;
    let inherited = previous
        .filter(|_| goes_on && !matches!(view.get(done), Some('。' | ';' | '\n' | '!' | '?')));
    let label = match inherited {
        _ if counted && !thing.is_empty() => thing,
        Some(previous) => previous.label.clone(),
        None if words.is_empty() => thing,
        None => words,
    };
    let is_relative = matches!(
        figure.unit.class,
        Class::Share | Class::Points | Class::Multiple
    );
    let mut kind = match (change, per) {
        // 人均增收1200元 is first of all an amount for each.
        (Some(_), Some(Kind::PerPerson)) if !is_relative => Kind::PerPerson,
        (Some((_, kind)), _) | (None, Some(kind)) => kind,
        (None, None) => Kind::Amount,
    };
    // 分别增长5%和7%
    let between = view.slice(done, start).iter().copied();
    let is_listed = between
        .filter(|c| *c != '约' && *c != '近')
        .eq(['、'])
        .max(matches!(
            view.slice(done, start),
            ['和' | '与' | '及' | '或', ..]
        ));
    if let Some(previous) = inherited
        && is_listed
        && change.is_none()
        && matches!(previous.kind, Kind::Rise | Kind::Fall)
        && previous.unit == figure.unit.text
    {
        kind = previous.kind;
    }
    let told = change.map_or(
        qualified.map_or(start, |(length, _)| start - length),
        |(length, _)| to - length,
    );
    Context {
        start: told,
        label,
        kind,
        qualifier: qualified.map(|(_, qualifier)| qualifier),
    }
}

fn is_boundary(c: char) -> bool {
    matches!(
        c,
        '，' | ','
            | '。'
            | ';'
            | ':'
            | '、'
            | '?'
            | '!'
            | '\n'
            | '"'
            | '\''
            | '('
            | ')'
            | '《'
            | '》'
            | '【'
            | '】'
            | '['
            | ']'
            | '—'
            | '〔'
            | '〕'
            | '|'
            | '「'
            | '」'
    )
}

fn is_bare(view: &View, at: usize) -> bool {
    view.get(at)
        .is_some_and(|c| matches!(c, '百' | '千' | '万' | '亿'))
}

fn ends_with(own: &[char], word: &str) -> bool {
    // From the end, since most differ there already.
    let mut own = own.iter().rev();
    word.chars().rev().all(|c| own.next() == Some(&c))
}

/// `to` without the linking words before it, down to `from`.
fn strip_links(view: &View, from: usize, mut to: usize) -> usize {
    loop {
        let own = view.slice(from, to);
        let mut links = LINKS_BY_LAST.of(own.last());
        let word = links.find(|word| ends_with(own, word));
        if let Some(word) = word {
            to -= word.chars().count();
        } else if let Some((length, _)) = qualifier_before(view, to).filter(|(length, _)| {
            // 提高到近三成以上 and 约为 have it farther off.
            to - length >= from && !own.ends_with(&['上'])
        }) {
            to -= length;
        } else if own
            .last()
            .is_some_and(|&c| SMALL_LINKS.contains(c) && !own.ends_with(&['节', '约']))
        {
            to -= 1;
        } else {
            return to;
        }
    }
}

/// The verb of change that ends before `to`, with its length; `is_value` says that what is measured
/// can be raised, not only what is measured by it.
fn change(view: &View, from: usize, to: usize, is_value: bool) -> Option<(usize, Kind)> {
    // 提高到 leads to a figure, 提高 by one.
    if matches!(view.get(to), Some('到' | '至')) {
        return None;
    }
    let own = view.slice(from, to);
    let longest = |words: &ByEdge| {
        words
            .of(own.last())
            .filter(|word| ends_with(own, word))
            .map(|word| word.chars().count())
            .max()
    };
    let rise = longest(&RISES_BY_LAST);
    let fall = longest(&FALLS_BY_LAST);
    // 新增 says how much there is that is new.
    let rise = rise.filter(|&length| length > 1 || !ends_with(own, "新增"));
    // 改造提升112万亩 does not widen them.
    let rise = rise.filter(|_| is_value || !ends_with(own, "提升"));
    match (rise, fall) {
        (rise, Some(length)) if rise.is_none_or(|rise| length > rise) => Some((length, Kind::Fall)),
        (Some(length), _) => Some((length, Kind::Rise)),
        _ => None,
    }
}

/// Whether the figure is one for each person, or for each of something else.
fn per(view: &View, figure: &Figure, from: usize, to: usize) -> Option<Kind> {
    if view.get(figure.end) == Some('/') {
        return Some(match view.get(figure.end + 1) {
            Some('人' | '生' | '户') => Kind::PerPerson,
            _ => Kind::PerUnit,
        });
    }
    let own: String = view.slice(from, to).iter().collect();
    let people = [
        "人均",
        "生均",
        "户均",
        "每人",
        "每生",
        "每户",
        "每名",
        "每位",
        "每百人",
        "每千人",
        "每万人",
    ];
    if people.iter().any(|word| own.contains(word)) {
        return Some(Kind::PerPerson);
    }
    let each = own.rfind('每').and_then(|at| own.get(at..));
    each.is_some_and(|each| {
        !["每年", "每月", "每天", "每日", "每周", "每个", "每学"]
            .iter()
            .any(|time| each.starts_with(time))
            && each.chars().count() <= 6
    })
    .then_some(Kind::PerUnit)
}

/// The words `from..to`, from their last cut on.
fn before(view: &View, from: usize, to: usize) -> String {
    let from = from.max(to.saturating_sub(LONGEST));
    let mut own = view.slice(from, to);
    // 占比 is a word, 占 a verb.
    let is_cut = |at: usize| match own.get(at) {
        Some('占') => own.get(at + 1) != Some(&'比'),
        Some(&c) => CUTS.contains(c),
        None => false,
    };
    if let Some(at) = (0..own.len()).rev().find(|&at| is_cut(at)) {
        // 年度 is cut off whole.
        let is_whole = own.get(at..at + 2) == Some(&['年', '度']);
        own = own
            .get(at + 1 + usize::from(is_whole)..)
            .unwrap_or_default();
    }
    loop {
        let opener = OPENERS_BY_FIRST.of(own.first()).find_map(|word| {
            super::unit::length_at(own, word).filter(|&length| length < own.len())
        });
        match opener {
            Some(length) => own = own.get(length..).unwrap_or_default(),
            None => break,
        }
    }
    own.iter().filter(|c| **c != ' ').collect()
}

/// The thing that is counted, after the figure; of what is measured, only after 的.
fn after(view: &View, end: usize, counted: bool) -> String {
    let mut rest = view.slice(end, end + LONGEST_AFTER + 1);
    if let Some(('的', more)) = rest.split_first().map(|(first, more)| (*first, more)) {
        rest = more;
    } else if !counted && rest.first().is_none_or(|&c| !is_ideograph(c)) {
        return String::new();
    }
    let length = (0..rest.len())
        .find(|&at| {
            let here = rest.get(at..).unwrap_or_default();
            here.first().is_none_or(|&c| !is_ideograph(c))
                || AFTER_CUTS_BY_FIRST
                    .of(here.first())
                    .any(|word| super::unit::length_at(here, word).is_some())
        })
        .unwrap_or(rest.len())
        .min(LONGEST_AFTER);
    rest.get(..length).unwrap_or_default().iter().collect()
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
}
