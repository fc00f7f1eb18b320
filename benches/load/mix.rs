//! The mix of requests, and what is drawn for each.
//!
//! `mix.toml` says which kinds there are and how much of the load each is. Words are drawn from the
//! beginning of the corpus, so that every query finds something, and so that the corpora of one seed,
//! which begin alike, are asked the same whatever their size. The same seed draws the same requests.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, ensure};
use cesou::analysis::is_function_word;
use cesou::pinyin;
use fastrand::Rng;
use serde::Deserialize;
use tantivy_jieba::jieba_rs::Jieba;

/// Records of the corpus that words are drawn from.
const RECORDS: usize = 2000;
/// A word in no more paragraphs than this is rare.
const RARE: usize = 3;
/// What makes a question of a clause.
const QUESTIONS: [(&str, &str); 6] = [
    ("如何", ""),
    ("为什么", ""),
    ("", "有哪些规定"),
    ("哪些地方", ""),
    ("", "怎么办"),
    ("", "是什么意思？"),
];
/// How often something is drawn again that did not come out.
const TRIES: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    kind: Vec<Kind>,
}

/// A kind of request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kind {
    pub(crate) name: String,
    pub(crate) share: f64,
    path: String,
    query: Draw,
    #[serde(default)]
    parameters: String,
    #[serde(default)]
    pub(crate) filters: Vec<String>,
}

impl Kind {
    /// Whether it asks for hits, rather than for completions.
    pub(crate) fn is_search(&self) -> bool {
        self.path.ends_with("/search")
    }
}

/// What is asked for; `mix.toml` explains each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Draw {
    Typed,
    Pinyin,
    Word,
    Rare,
    Words,
    Phrase,
    Question,
    String,
    None,
}

/// The kinds of the file that is given, or of the one that stands beside this.
pub(crate) fn kinds(path: Option<&Path>) -> anyhow::Result<Vec<Kind>> {
    let text = match path {
        Some(path) => fs::read_to_string(path)
            .with_context(|| format!("cannot read the mix {}", path.display()))?,
        None => include_str!("mix.toml").to_owned(),
    };
    let file: File = toml::from_str(&text).context("the mix is malformed")?;
    ensure!(!file.kind.is_empty(), "the mix has no kinds");
    Ok(file.kind)
}

/// For each field, its values with how many passages have them.
pub(crate) type Values = BTreeMap<String, Vec<(String, u64)>>;

/// A word of a paragraph: bytes of it.
#[derive(Clone, Copy)]
struct Word {
    paragraph: u32,
    start: u32,
    end: u32,
}

/// What words are drawn from.
pub(crate) struct Words {
    paragraphs: Vec<String>,
    all: Vec<Word>,
    rare: Vec<Word>,
}

impl Words {
    /// Of the beginning of the corpus in `folder`.
    pub(crate) fn of(folder: &Path) -> anyhow::Result<Self> {
        let mut files: Vec<_> = fs::read_dir(folder.join("reports"))?
            .map(|entry| Ok(entry?.path()))
            .collect::<anyhow::Result<_>>()?;
        files.sort();
        let mut paragraphs = Vec::new();
        let mut records = 0;
        for file in files {
            for line in BufReader::new(fs::File::open(file)?).lines() {
                if records == RECORDS {
                    break;
                }
                records += 1;
                let record: serde_json::Value = serde_json::from_str(&line?)?;
                let text = record["text"].as_str().unwrap_or_default();
                paragraphs.extend(text.lines().map(str::to_owned));
            }
        }
        Self::in_paragraphs(paragraphs)
    }

    /// Of these paragraphs.
    pub(crate) fn in_paragraphs(paragraphs: Vec<String>) -> anyhow::Result<Self> {
        let jieba = Jieba::new();
        let mut words = Vec::new();
        let mut standing: HashMap<&str, (usize, u32)> = HashMap::new();
        for (nth, paragraph) in paragraphs.iter().enumerate() {
            let mut start = 0;
            for token in jieba.cut(paragraph, false) {
                let word = token.word;
                let end = start + word.len();
                if is_word(word) {
                    words.push(Word {
                        paragraph: nth as u32,
                        start: start as u32,
                        end: end as u32,
                    });
                    let count = standing.entry(word).or_insert((0, u32::MAX));
                    if count.1 != nth as u32 {
                        *count = (count.0 + 1, nth as u32);
                    }
                }
                start = end;
            }
        }
        ensure!(words.len() > 100, "too little text to draw queries from");
        let mut rare: Vec<Word> = words
            .iter()
            .copied()
            .filter(|word| {
                standing
                    .get(text_of(&paragraphs, *word))
                    .is_some_and(|c| c.0 <= RARE)
            })
            .collect();
        if rare.is_empty() {
            rare.clone_from(&words);
        }
        Ok(Self {
            paragraphs,
            all: words,
            rare,
        })
    }

    fn text(&self, word: Word) -> &str {
        text_of(&self.paragraphs, word)
    }

    /// Something to ask for.
    pub(crate) fn draw(&self, what: Draw, rng: &mut Rng) -> String {
        match what {
            Draw::None => String::new(),
            Draw::Word => self.text(self.any(rng)).to_owned(),
            Draw::Rare => self
                .text(self.rare[rng.usize(..self.rare.len())])
                .to_owned(),
            Draw::Words => self.three(rng).join(" "),
            Draw::Phrase => retry(|| self.phrase(rng)).map_or_else(
                || self.text(self.all[0]).to_owned(),
                |phrase| format!("“{phrase}”"),
            ),
            Draw::Question => {
                let (before, after) = QUESTIONS[rng.usize(..QUESTIONS.len())];
                let clause = retry(|| self.run(rng, 6..=16, true));
                format!("{before}{}{after}", clause.unwrap_or("工作"))
            }
            Draw::String => retry(|| self.run(rng, 4..=10, false))
                .unwrap_or("工作")
                .to_owned(),
            Draw::Typed => retry(|| self.run(rng, 1..=8, true))
                .unwrap_or("工")
                .to_owned(),
            Draw::Pinyin => retry(|| self.letters(rng)).unwrap_or_else(|| "jiaoyu".to_owned()),
        }
    }

    /// Three different words of one paragraph.
    pub(crate) fn three(&self, rng: &mut Rng) -> [&str; 3] {
        let drawn = retry(|| {
            let at = rng.usize(..self.all.len());
            let paragraph = self.all[at].paragraph;
            let from = self.all.partition_point(|word| word.paragraph < paragraph);
            let to = self.all.partition_point(|word| word.paragraph <= paragraph);
            let mut any = || self.text(self.all[rng.usize(from..to)]);
            let three = [any(), any(), any()];
            let [a, b, c] = three;
            (a != b && b != c && a != c).then_some(three)
        });
        drawn.unwrap_or([
            self.text(self.all[0]),
            self.text(self.all[1]),
            self.text(self.all[2]),
        ])
    }

    fn any(&self, rng: &mut Rng) -> Word {
        self.all[rng.usize(..self.all.len())]
    }

    /// Words as they follow each other.
    fn phrase(&self, rng: &mut Rng) -> Option<&str> {
        let at = rng.usize(..self.all.len());
        let first = self.all[at];
        let last = *self.all.get(at + rng.usize(1..=3))?;
        let text =
            self.paragraphs[first.paragraph as usize].get(first.start as usize..last.end as usize);
        let text = text.filter(|_| first.paragraph == last.paragraph)?;
        (text.chars().count() <= 14 && text.chars().all(is_han)).then_some(text)
    }

    /// Characters as they follow each other, from where a word begins or from anywhere.
    fn run(
        &self,
        rng: &mut Rng,
        length: std::ops::RangeInclusive<usize>,
        at_word: bool,
    ) -> Option<&str> {
        let word = self.any(rng);
        let text = self.paragraphs[word.paragraph as usize].get(word.start as usize..)?;
        let skipped = if at_word { 0 } else { rng.usize(0..4) };
        let start = text.char_indices().nth(skipped)?.0;
        let text = text.get(start..)?;
        let length = rng.usize(length);
        let end = text
            .char_indices()
            .nth(length)
            .map_or(text.len(), |(at, _)| at);
        let text = text.get(..end)?;
        (text.chars().count() == length && text.chars().all(is_han)).then_some(text)
    }

    /// The beginning of a word's spelling, or of its initials.
    fn letters(&self, rng: &mut Rng) -> Option<String> {
        let word = self.text(self.any(rng));
        let letters = if rng.f64() < 0.4 {
            pinyin::initials(word).into_iter().next()?
        } else {
            pinyin::spellings(word).into_iter().next()?.concat()
        };
        let length = rng.usize(2..=letters.len().max(2));
        letters.get(..length).map(str::to_owned)
    }
}

fn retry<T>(mut draw: impl FnMut() -> Option<T>) -> Option<T> {
    (0..TRIES).find_map(|_| draw())
}

fn text_of(paragraphs: &[String], word: Word) -> &str {
    let paragraph = paragraphs.get(word.paragraph as usize);
    paragraph
        .and_then(|paragraph| paragraph.get(word.start as usize..word.end as usize))
        .unwrap_or_default()
}

fn is_han(c: char) -> bool {
    ('\u{4E00}'..='\u{9FFF}').contains(&c)
}

/// Whether somebody would search for it.
fn is_word(word: &str) -> bool {
    word.chars().count() > 1 && word.chars().all(is_han) && !is_function_word(word)
}

/// Draws requests of a mix.
pub(crate) struct Mix<'a> {
    pub(crate) kinds: &'a [Kind],
    pub(crate) words: &'a Words,
    pub(crate) values: &'a Values,
}

impl Mix<'_> {
    /// A kind, as often as its share says.
    pub(crate) fn kind(&self, rng: &mut Rng) -> usize {
        weighted(self.kinds.iter().map(|kind| kind.share), rng)
    }

    /// The target of a request of a kind.
    pub(crate) fn target(&self, kind: &Kind, rng: &mut Rng) -> String {
        let mut parameters = form_urlencoded::Serializer::new(String::new());
        parameters.append_pair("q", &self.words.draw(kind.query, rng));
        for field in &kind.filters {
            if let Some(values) = self.values.get(field).filter(|values| !values.is_empty()) {
                let at = weighted(values.iter().map(|(_, count)| *count as f64), rng);
                parameters.append_pair(field, &values[at].0);
            }
        }
        let joined = if kind.parameters.is_empty() { "" } else { "&" };
        format!(
            "{}?{}{joined}{}",
            kind.path,
            parameters.finish(),
            kind.parameters
        )
    }

    /// So many requests, with the kind of each.
    pub(crate) fn requests(&self, count: usize, seed: u64) -> Vec<(usize, String)> {
        let mut rng = Rng::with_seed(seed);
        (0..count)
            .map(|_| {
                let kind = self.kind(&mut rng);
                (kind, self.target(&self.kinds[kind], &mut rng))
            })
            .collect()
    }
}

/// One of these by weight.
fn weighted(weights: impl Iterator<Item = f64> + Clone, rng: &mut Rng) -> usize {
    let mut rest = rng.f64() * weights.clone().sum::<f64>();
    let mut last = 0;
    for (at, weight) in weights.enumerate() {
        last = at;
        rest -= weight;
        if rest < 0.0 {
            break;
        }
    }
    last
}
