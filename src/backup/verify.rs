//! Checks everything that is in place, while it is used, and changes nothing.

use std::time::Instant;

use serde::Serialize;

use super::Places;
use crate::corpus::{Corpus, VocabularyFile};
use crate::{analytics, index, key, store};

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Whether nothing is damaged.
    pub whole: bool,
    /// Bytes that were read.
    pub bytes: u64,
    /// How long that took.
    pub seconds: f64,
    /// Each part.
    pub parts: Vec<Part>,
}

/// A part, checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// `vocabulary`, `store`, `keys`, `analytics`, or `index` for each generation.
    pub part: &'static str,
    /// Its name for people, in Chinese.
    pub name: String,
    /// Whether nothing of it is damaged.
    pub whole: bool,
    /// What it holds, for people, in Chinese.
    pub holds: String,
    /// What is wrong with it, in Chinese.
    pub problems: Vec<String>,
    /// What that means and what to do, in Chinese.
    pub advice: Option<String>,
    /// Bytes that were read.
    pub bytes: u64,
}

impl Part {
    fn new(part: &'static str, name: impl Into<String>, problems: Vec<String>) -> Self {
        Self {
            part,
            name: name.into(),
            whole: problems.is_empty(),
            holds: String::new(),
            problems,
            advice: None,
            bytes: 0,
        }
    }

    fn holds(mut self, holds: impl Into<String>, bytes: u64) -> Self {
        self.holds = holds.into();
        self.bytes = bytes;
        self
    }

    /// What a damaged part means.
    fn advise(mut self, advice: &str) -> Self {
        if !self.whole {
            self.advice = Some(advice.to_owned());
        }
        self
    }
}

/// Checks the vocabulary, the store, the keys, the counts and every generation of the index.
#[must_use]
pub fn verify(places: &Places) -> Verdict {
    let began = Instant::now();
    let mut parts = vec![
        vocabulary(places),
        store(places),
        keys(places),
        counts(places),
    ];
    parts.extend(generations(places));
    Verdict {
        whole: parts.iter().all(|part| part.whole),
        bytes: parts.iter().map(|part| part.bytes).sum(),
        seconds: began.elapsed().as_secs_f64(),
        parts,
    }
}

fn vocabulary(places: &Places) -> Part {
    let mut problems = Vec::new();
    let (mut files, mut bytes) = (0, 0);
    match Corpus::open(&places.corpus, u64::MAX) {
        Err(error) => problems.push(error.to_string()),
        Ok(corpus) => {
            let corpus = corpus.with_themes(&places.themes);
            let refused = VocabularyFile::ALL.into_iter();
            problems.extend(refused.filter_map(|it| Some(corpus.refusal(it)?.to_string())));
            let indexed = corpus.vocabulary().unwrap_or_default();
            let texts = indexed.into_iter().map(|(_, text)| text);
            let texts = texts.chain(corpus.synonyms().ok().map(|(_, text)| text));
            for text in texts.filter(|text| !text.is_empty()) {
                files += 1;
                bytes += text.len() as u64;
            }
        }
    }
    Part::new("vocabulary", "词表", problems)
        .holds(format!("{files} 个文件"), bytes)
        .advise("服务仍用上一次的好词表，改正后自动生效；原来的词表可从快照取回")
}

fn store(places: &Places) -> Part {
    let name = "存储";
    if let Err(error) = store::backup::refuse_half_restored(&places.store) {
        let half = Part::new("store", name, vec![error.to_string()]);
        return half.advise("此时服务不会启动；恢复完成之前请勿删改各目录");
    }
    match store::verify(&places.store) {
        Err(error) => Part::new("store", name, vec![error.to_string()])
            .advise("服务不能启动；请按上面所说处理，或从快照恢复"),
        Ok(verified) => {
            let problems = verified.damages.iter().map(ToString::to_string).collect();
            let lost = verified.damages.iter().any(store::Damage::is_loss);
            Part::new("store", name, problems)
                .holds(format!("{} 篇报告", verified.reports), verified.bytes)
                .advise(if lost {
                    "其余报告完好，服务可以继续；丢失的请重新提交，或用 cesou restore 从快照恢复"
                } else {
                    "没有丢失内容，服务可以继续；下次整理存储时会修好，请检查磁盘"
                })
        }
    }
}

fn keys(places: &Places) -> Part {
    match key::backup::outgoing(&places.keys) {
        Ok(None) => Part::new("keys", "密钥", Vec::new()).holds("没有密钥文件", 0),
        Ok(Some((text, keys))) => {
            Part::new("keys", "密钥", Vec::new()).holds(format!("{keys} 把"), text.len() as u64)
        }
        Err(error) => Part::new("keys", "密钥", vec![error.to_string()])
            .advise("运行中的服务仍用已读入的密钥，但不能重新启动"),
    }
}

fn counts(places: &Places) -> Part {
    let (mut days, mut bytes) = (0, 0);
    let mut problems = Vec::new();
    for (date, content) in analytics::backup::outgoing(&places.analytics) {
        match content {
            Ok(text) => {
                days += 1;
                bytes += text.len() as u64;
            }
            Err(why) => {
                let path = places.analytics.join(analytics::backup::name_of(date));
                problems.push(format!("{}：{why}", path.display()));
            }
        }
    }
    Part::new("analytics", "检索统计", problems)
        .holds(format!("{days} 天"), bytes)
        .advise("其余各天完好，检索不受影响；损坏的会移到一旁，原来的可从快照取回")
}

fn generations(places: &Places) -> Vec<Part> {
    let (checked, missing) = index::backup::verify(&places.index);
    // The first one that is whole is what is served after the next start.
    let served = checked.iter().find(|it| it.damages.is_empty());
    let served = served.map(|it| it.name.clone());
    let fallback = match &served {
        Some(name) => format!("下次启动时退回 {name}，再补上其后的变化；不会丢失报告"),
        None => "下次启动时会重建索引；不会丢失报告".to_owned(),
    };
    let mut parts = Vec::new();
    if let Some(name) = missing {
        let problem = format!("指为当前的一代 {name} 不存在");
        parts.push(Part::new("index", "索引", vec![problem]).advise(&fallback));
    }
    let none = checked.is_empty() && parts.is_empty();
    for checked in checked {
        let mark = if checked.in_force { "（当前）" } else { "" };
        let name = format!("索引 {}{mark}", checked.name);
        let advice = if checked.in_force || served.is_none() {
            &fallback
        } else {
            "它只是备用，不影响检索；会随以后的重建删去"
        };
        let part = Part::new("index", name, checked.damages);
        parts.push(part.holds(String::new(), checked.bytes).advise(advice));
    }
    if none {
        let part = Part::new("index", "索引", Vec::new());
        parts.push(part.holds("还没有建立，启动时会建立", 0));
    }
    parts
}
