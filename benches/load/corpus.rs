//! Makes a corpus of so many passages out of texts.
//!
//! The texts are taken in an order drawn from the seed, whole and as they are, so that words, lengths
//! and the way they nest are those of real documents. Where they do not suffice they are taken again
//! and varied: most sentences are exchanged for one of nearly the same length out of another text,
//! which keeps lengths, words and how often each occurs, while no passage is the copy of another.
//! Regions are drawn from the gazetteer, days from sixteen years.
//!
//! A record depends on the texts, the seed and its number alone: the corpus of 10,000 passages is the
//! beginning of that of 1,000,000, so that queries drawn from its beginning find something in both.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use cesou::corpus::{Given, Rules, decode, record_with};
use cesou::passage;
use fastrand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::texts::{self, Source};

/// Raised when the same texts and seed give another corpus.
const VERSION: u32 = 2;
/// Bytes of records after which another file is begun.
const FILE_BYTES: usize = 64 << 20;
/// Of the sentences of a text that is taken again, how many are exchanged.
const EXCHANGED: f64 = 0.6;
/// How far from its place by length a sentence looks for another.
const NEARBY: usize = 400;
/// Records that are tried for the last few passages.
const TRIES: usize = 200;
/// The longest title that is made of a text's beginning, in characters.
const TITLE_CHARS: usize = 28;
/// Years that dates are spread over, up to the date of the text.
const YEARS: u16 = 12;

/// The gazetteer that regions are drawn from.
const DIVISIONS: &str = include_str!("../../src/region/divisions.tsv");
/// What stands beside the reports.
const VOCABULARY: [&str; 4] = [
    "boilerplate.toml",
    "dictionary.txt",
    "synonyms.toml",
    "themes-government.toml",
];

/// What a corpus was made of, and what came of it; kept beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Made {
    version: u32,
    pub(crate) seed: u64,
    /// The paths that were given, with the size of what is there.
    pub(crate) texts: Vec<(PathBuf, u64)>,
    /// Passages that were asked for.
    wanted: u64,
    /// Passages there are.
    pub(crate) passages: u64,
    pub(crate) records: u64,
    /// Bytes of all texts and titles: what the index is made of.
    pub(crate) text_bytes: u64,
    /// How often the texts were gone through, at least in part.
    pub(crate) rounds: u64,
}

/// What a corpus is to be made of.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) texts: Vec<PathBuf>,
    pub(crate) seed: u64,
    pub(crate) passages: u64,
}

/// The corpus of a plan in `folder`, made unless it is there already.
pub(crate) fn make(plan: &Plan, folder: &Path) -> anyhow::Result<Made> {
    let note = folder.join("made.json");
    let texts = plan
        .texts
        .iter()
        .map(|path| Ok((path.canonicalize()?, size(path)?)))
        .collect::<anyhow::Result<Vec<_>>>()
        .context("a path of --texts is not there")?;
    if let Ok(made) = fs::read(&note)
        && let Ok(made) = serde_json::from_slice::<Made>(&made)
        && (made.version, made.seed, made.wanted) == (VERSION, plan.seed, plan.passages)
        && made.texts == texts
    {
        return Ok(made);
    }
    let reports = folder.join("reports");
    if reports.exists() {
        fs::remove_dir_all(&reports)?;
    }
    fs::create_dir_all(&reports)?;
    let vocabulary = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for name in VOCABULARY {
        fs::copy(vocabulary.join(name), folder.join(name))
            .with_context(|| format!("cannot copy corpus/{name}"))?;
    }
    let mut maker = Maker::new(texts::read(&plan.texts, u64::MAX)?, plan.seed)?;
    let mut made = Made {
        version: VERSION,
        seed: plan.seed,
        texts,
        wanted: plan.passages,
        passages: 0,
        records: 0,
        text_bytes: 0,
        rounds: 0,
    };
    write(&mut maker, plan.passages, &reports, &mut made)?;
    fs::write(&note, serde_json::to_vec_pretty(&made)?)?;
    Ok(made)
}

/// How many bytes the files at a path have.
fn size(path: &Path) -> anyhow::Result<u64> {
    let about = fs::metadata(path)?;
    if about.is_file() {
        return Ok(about.len());
    }
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        bytes += size(&entry?.path())?;
    }
    Ok(bytes)
}

fn write(maker: &mut Maker, wanted: u64, folder: &Path, made: &mut Made) -> anyhow::Result<()> {
    let mut refused = 0;
    let mut nth = 0;
    let mut file = 0;
    while made.passages < wanted && refused < TRIES {
        let path = folder.join(format!("part-{file:04}.jsonl"));
        let mut out = BufWriter::new(fs::File::create(path)?);
        let mut written = 0;
        while made.passages < wanted && written < FILE_BYTES && refused < TRIES {
            let record = maker.record(nth);
            nth += 1;
            let passages = record.passages(&maker.rules);
            if passages == 0 || made.passages + passages > wanted {
                refused += usize::from(passages > 0);
                continue;
            }
            made.passages += passages;
            made.records += 1;
            made.text_bytes += (record.title.len() + record.text.len()) as u64;
            let line = record.line(nth);
            written += line.len();
            out.write_all(line.as_bytes())?;
        }
        out.flush()?;
        file += 1;
    }
    made.rounds = nth.div_ceil(maker.texts.len() as u64);
    Ok(())
}

/// A report to be.
struct Record {
    title: String,
    region: Option<String>,
    date: String,
    text: String,
}

impl Record {
    /// How many passages the service will cut it into.
    fn passages(&self, rules: &Rules) -> u64 {
        let Ok(decoded) = decode(self.text.as_bytes()) else {
            return 0;
        };
        let given = Given {
            title: Some(self.title.clone()),
            region: self.region.clone(),
            date: Some(self.date.clone()),
            ..Given::default()
        };
        let (report, _) = record_with("", &self.title, &decoded.text, &given, rules);
        let most = cesou::config::Settings::default().passage.max_chars;
        passage::split(&report, most).0.len() as u64
    }

    fn line(&self, number: u64) -> String {
        let mut record = json!({
            "id": format!("r{number}"),
            "title": self.title,
            "date": self.date,
            "text": self.text,
        });
        if let Some(region) = &self.region {
            record["region"] = json!(region);
        }
        format!("{record}\n")
    }
}

/// A sentence, by its text and its place in it.
#[derive(Clone, Copy)]
struct Sentence {
    text: u32,
    start: u32,
    end: u32,
}

struct Maker {
    texts: Vec<Source>,
    /// All sentences that may be exchanged, by length.
    sentences: Vec<Sentence>,
    regions: Vec<Vec<String>>,
    /// What the service leaves out.
    rules: Rules,
    seed: u64,
}

impl Maker {
    fn new(mut texts: Vec<Source>, seed: u64) -> anyhow::Result<Self> {
        for source in &mut texts {
            source.text = clean(&source.text, &source.title);
        }
        texts.retain(|source| !source.text.is_empty());
        ensure!(!texts.is_empty(), "there is no text to make a corpus of");
        Rng::with_seed(seed).shuffle(&mut texts);
        let mut sentences = Vec::new();
        for (nth, source) in texts.iter().enumerate() {
            for (start, line) in lines(&source.text) {
                let found = self::sentences(line).into_iter().enumerate();
                sentences.extend(
                    found
                        .filter(|(place, sentence)| may_go(*place, sentence.1))
                        .map(|(_, (at, sentence))| Sentence {
                            text: nth as u32,
                            start: (start + at) as u32,
                            end: (start + at + sentence.len()) as u32,
                        }),
                );
            }
        }
        // In order of the texts where lengths are the same, so that all is the same every time.
        sentences.sort_by_key(|sentence| sentence.end - sentence.start);
        Ok(Self {
            texts,
            sentences,
            regions: regions(seed),
            rules: Rules::from_toml(include_str!("../../corpus/boilerplate.toml"))?,
            seed,
        })
    }

    /// The record of this number, from 0.
    fn record(&self, nth: u64) -> Record {
        let mut rng = Rng::with_seed(self.seed ^ nth.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let place = (nth % self.texts.len() as u64) as usize;
        let again = nth >= self.texts.len() as u64;
        let source = &self.texts[place];
        let text = if again {
            self.vary(source, &mut rng)
        } else {
            source.text.clone()
        };
        let own = !source.region.is_empty() && !again;
        let region = if own {
            Some(source.region.clone())
        } else {
            self.region(&mut rng)
        };
        let title = if source.title.is_empty() {
            let beginning = beginning(&text);
            match &region {
                Some(region) if rng.f64() < 0.7 => format!("{region}：{beginning}"),
                _ => beginning,
            }
        } else {
            source.title.clone()
        };
        Record {
            title,
            region,
            date: date(&source.date, &mut rng),
            text,
        }
    }

    /// A text with most of its sentences exchanged.
    fn vary(&self, source: &Source, rng: &mut Rng) -> String {
        let mut text = String::with_capacity(source.text.len());
        for (_, line) in lines(&source.text) {
            for (place, (_, sentence)) in sentences(line).into_iter().enumerate() {
                if may_go(place, sentence) && rng.f64() < EXCHANGED {
                    text.push_str(self.like(sentence.len(), rng));
                } else {
                    text.push_str(sentence);
                }
            }
            text.push('\n');
        }
        text
    }

    /// A sentence of nearly this length.
    fn like(&self, bytes: usize, rng: &mut Rng) -> &str {
        let length = |sentence: &Sentence| (sentence.end - sentence.start) as usize;
        let at = self
            .sentences
            .partition_point(|sentence| length(sentence) < bytes);
        let from = at.saturating_sub(NEARBY);
        let to = (at + NEARBY).min(self.sentences.len());
        let found = self.sentences[rng.usize(from..to)];
        let text = &self.texts[found.text as usize].text;
        text.get(found.start as usize..found.end as usize)
            .unwrap_or_default()
    }

    /// A division by its full name; now and then none.
    fn region(&self, rng: &mut Rng) -> Option<String> {
        if rng.f64() < 0.05 {
            return None;
        }
        // A few have many reports, and many have few.
        let province = (self.regions.len() as f64 * rng.f64().powi(2)) as usize;
        let divisions = &self.regions[province];
        let division = if rng.f64() < 0.25 {
            0
        } else {
            (divisions.len() as f64 * rng.f64().powf(1.5)) as usize
        };
        divisions.get(division).cloned()
    }
}

/// Whether a sentence may be exchanged: not what numbers a unit or heads one, which would change
/// how the text nests.
fn may_go(place: usize, sentence: &str) -> bool {
    let mut start = sentence.chars().take(2);
    let begins_unit = place == 0
        && start.any(|c| "第（(一二三四五六七八九十①②③④⑤#".contains(c) || c.is_ascii_digit());
    !begins_unit && sentence.len() >= 36
}

/// The lines of a text with where each begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, line)
    })
}

/// The sentences of a line, nothing left out, with where each begins.
fn sentences(line: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut ended = false;
    for (at, c) in line.char_indices() {
        if ended && !"”’」』）)".contains(c) {
            found.push((start, line.get(start..at).unwrap_or_default()));
            start = at;
            ended = false;
        }
        ended |= "。！？；!?".contains(c);
    }
    if start < line.len() {
        found.push((start, line.get(start..).unwrap_or_default()));
    }
    found
}

/// A text without what tools that collected it put in, and without its title.
fn clean(text: &str, title: &str) -> String {
    let kept = text.lines().map(|line| line.trim_start_matches('#').trim());
    let kept = kept.filter(|line| !line.is_empty() && !line.starts_with("<!--") && *line != "---");
    let kept = kept.skip_while(|line| *line == title);
    kept.collect::<Vec<_>>().join("\n")
}

/// How a text begins, for a title.
fn beginning(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim();
    let clause = line
        .split(['，', '。', '；', '：', '！', '？', ',', ';'])
        .map(str::trim)
        .find(|clause| clause.chars().count() > 4);
    clause.unwrap_or(line).chars().take(TITLE_CHARS).collect()
}

/// A date like this one, in one of the years up to it.
fn date(given: &str, rng: &mut Rng) -> String {
    let mut parts = given.split(['-', ' ', '/']).map(str::parse::<u16>);
    let mut next = |range: std::ops::RangeInclusive<u16>| {
        parts
            .next()
            .and_then(Result::ok)
            .filter(|part| range.contains(part))
    };
    let year = next(1990..=2030).unwrap_or(2024);
    let month = next(1..=12).unwrap_or_else(|| rng.u16(1..=12));
    let day = next(1..=31).unwrap_or(28).min(28);
    // Newer years have more.
    let back = (f64::from(YEARS) * rng.f64().powf(1.5)) as u16;
    format!("{:04}-{month:02}-{day:02}", year - back)
}

/// The divisions there are now: for each province its own full name first, then those within.
fn regions(seed: u64) -> Vec<Vec<String>> {
    let mut provinces: Vec<Vec<String>> = Vec::new();
    let mut province = "";
    let mut city = ("", "");
    for line in DIVISIONS.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let (Some(code), Some(name), years) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        if years.is_some_and(|years| !years.ends_with("2023")) {
            continue;
        }
        if code.ends_with("0000") {
            province = name;
            city = ("", "");
            provinces.push(vec![name.to_owned()]);
            continue;
        }
        let prefecture = code.get(..4).unwrap_or_default();
        if code.ends_with("00") {
            city = (prefecture, name);
        } else if city.0 != prefecture {
            city = ("", "");
        }
        let full = if code.ends_with("00") {
            format!("{province}{name}")
        } else {
            format!("{province}{}{name}", city.1)
        };
        if let Some(divisions) = provinces.last_mut() {
            divisions.push(full);
        }
    }
    let mut rng = Rng::with_seed(seed);
    for divisions in &mut provinces {
        if let Some((_, within)) = divisions.split_first_mut() {
            rng.shuffle(within);
        }
    }
    rng.shuffle(&mut provinces);
    provinces
}
