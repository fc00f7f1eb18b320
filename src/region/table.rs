//! The embedded table of divisions, its names in a trie, and the words they are mistaken for.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::Region;
use super::names::{Form, Level, short_forms};
use crate::fold::fold;

/// Divisions with their years; the file's head says where they are from.
const DIVISIONS: &str = include_str!("divisions.tsv");
/// Words that contain names, and names that are words; the file's head explains the kinds.
const WORDS: &str = include_str!("words.txt");

/// The years of a division that has none in the file; a division seen in the last is current.
const SPAN: (u16, u16) = (2002, 2023);

pub(super) static TABLE: LazyLock<Table> = LazyLock::new(Table::parse);

/// One name held by one code for a span of years.
pub(super) struct Division {
    pub(super) code: u32,
    pub(super) level: Level,
    pub(super) name: &'static str,
    pub(super) first: u16,
    pub(super) last: u16,
    /// The prefecture it is or belongs to, the same through renamings and changes of code.
    place: Option<u32>,
}

impl Division {
    pub(super) fn is_current(&self) -> bool {
        self.last == SPAN.1
    }

    pub(super) fn province(&self) -> u32 {
        self.code / 10_000
    }

    /// Whether the division lies in `parent`, which is of a higher level.
    pub(super) fn is_within(&self, parent: &Self) -> bool {
        match parent.level {
            Level::Province => {
                self.level != Level::Province && self.province() == parent.province()
            }
            Level::City => {
                self.level == Level::County && self.place.is_some() && self.place == parent.place
            }
            Level::County => false,
        }
    }
}

/// A division that a name may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) division: usize,
    pub(super) form: Form,
}

/// How a name must stand to count in running text; see `words.txt`.
#[derive(Default)]
struct Words {
    loose: HashSet<String>,
    generic: HashSet<String>,
    plain: HashSet<String>,
    never: HashSet<String>,
}

#[derive(Default)]
struct Node {
    candidates: Vec<Candidate>,
    traits: Traits,
}

/// What `words.txt` says of a name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent lists, not states"
)]
pub(super) struct Traits {
    /// The characters so far are a word that is not about a region.
    pub(super) veto: bool,
    /// Counts alone only where a word can begin.
    pub(super) loose: bool,
    /// Never counts alone.
    pub(super) generic: bool,
    /// The bare form is an everyday word.
    pub(super) plain: bool,
}

/// A name found at a position.
pub(super) struct Found<'t> {
    pub(super) end: usize,
    pub(super) candidates: &'t [Candidate],
    pub(super) traits: Traits,
}

pub(super) struct Table {
    pub(super) divisions: Vec<Division>,
    /// The divisions of a prefecture-level prefix (the code's first four digits).
    cities: HashMap<u32, Vec<usize>>,
    provinces: HashMap<u32, usize>,
    edges: HashMap<(u32, char), u32>,
    nodes: Vec<Node>,
}

impl Table {
    fn parse() -> Self {
        let mut table = Self {
            divisions: DIVISIONS.lines().filter_map(division).collect(),
            cities: HashMap::new(),
            provinces: HashMap::new(),
            edges: HashMap::new(),
            nodes: vec![Node::default()],
        };
        table.place();
        table.name(&words());
        table
    }

    /// Finds each division's prefecture. A prefecture that was renamed keeps its code (襄樊市 and
    /// 襄阳市), one that became a city keeps its bare name in the province (吕梁地区 and 吕梁市).
    fn place(&mut self) {
        let mut places: HashMap<u32, u32> = HashMap::new();
        let mut bare: HashMap<(u32, String), u32> = HashMap::new();
        for (at, division) in self.divisions.iter().enumerate() {
            let prefix = division.code / 100;
            match division.level {
                Level::Province => {
                    self.provinces.insert(division.province(), at);
                }
                Level::City => {
                    self.cities.entry(prefix).or_default().push(at);
                    let key = short_forms(division.level, division.name)
                        .pop()
                        .map(|(name, _)| (division.province(), name));
                    let known = places
                        .get(&prefix)
                        .or_else(|| key.as_ref().and_then(|key| bare.get(key)));
                    let place = known.copied().unwrap_or(prefix);
                    places.insert(prefix, place);
                    if let Some(key) = key {
                        bare.entry(key).or_insert(place);
                    }
                }
                Level::County => {}
            }
        }
        for division in &mut self.divisions {
            division.place = places.get(&(division.code / 100)).copied();
        }
    }

    fn name(&mut self, words: &(Words, Vec<String>)) {
        let (words, vetoes) = words;
        for at in 0..self.divisions.len() {
            let Some((level, name)) = self.divisions.get(at).map(|d| (d.level, d.name)) else {
                continue;
            };
            self.insert(name, at, Form::Full, words);
            for (short, form) in short_forms(level, name) {
                // 恩施州 is safe where 恩施 is a word, so only the bare form is left out.
                if form != Form::Bare || level != Level::County || !words.never.contains(&short) {
                    self.insert(&short, at, form, words);
                }
            }
        }
        for word in vetoes {
            let node = self.node(word);
            if let Some(node) = self.nodes.get_mut(node) {
                node.traits.veto = true;
            }
        }
    }

    fn insert(&mut self, name: &str, division: usize, form: Form, words: &Words) {
        let node = self.node(name);
        if let Some(node) = self.nodes.get_mut(node) {
            node.candidates.push(Candidate { division, form });
            // A single character and a suffix (和县, 文县) stands inside any other text.
            let brief = form == Form::Full && name.chars().count() == 2;
            node.traits.loose |= brief || words.loose.contains(name);
            node.traits.generic |= words.generic.contains(name);
            node.traits.plain |= words.plain.contains(name);
        }
    }

    fn node(&mut self, name: &str) -> usize {
        let mut node = 0;
        for c in name.chars().filter_map(fold) {
            let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
            node = *self.edges.entry((node, c)).or_insert(next);
            if node == next {
                self.nodes.push(Node::default());
            }
        }
        node as usize
    }

    /// The names and vetoes that begin at `start`, shortest first.
    pub(super) fn names_at(&self, text: &[char], start: usize) -> Vec<Found<'_>> {
        let mut found = Vec::new();
        let mut node = 0;
        for (at, &c) in text.iter().enumerate().skip(start) {
            let Some(&next) = self.edges.get(&(node, c)) else {
                break;
            };
            node = next;
            let Some(node) = self.nodes.get(node as usize) else {
                break;
            };
            if !node.candidates.is_empty() || node.traits.veto {
                found.push(Found {
                    end: at + 1,
                    candidates: &node.candidates,
                    traits: node.traits,
                });
            }
        }
        found
    }

    /// Whether `name` is a full or short name of a division.
    pub(super) fn holds(&self, name: &str) -> bool {
        let folded: Vec<char> = name.chars().filter_map(fold).collect();
        self.names_at(&folded, 0)
            .iter()
            .any(|found| found.end == folded.len() && !found.candidates.is_empty())
    }

    pub(super) fn division(&self, at: usize) -> Option<&Division> {
        self.divisions.get(at)
    }

    /// The region of a division, `written` being its name in the text.
    pub(super) fn region(&self, division: &Division, written: &str) -> Region {
        let province = self
            .provinces
            .get(&division.province())
            .and_then(|&at| self.divisions.get(at));
        let city = match division.level {
            Level::Province => None,
            Level::City => Some(division),
            Level::County => self.city(division),
        };
        let county = (division.level == Level::County).then_some(division);
        let name = |division: &Division| division.name.to_owned();
        Region {
            name: written.to_owned(),
            province: province.map(name),
            city: city.map(name),
            county: county.map(name),
            code: Some(division.code.to_string()),
        }
    }

    /// The region that bears a code, six digits, or bore it last.
    pub(super) fn region_of_code(&self, code: &str) -> Option<Region> {
        let code: u32 = code.parse().ok()?;
        let divisions = self.divisions.iter();
        let division = divisions
            .filter(|division| division.code == code)
            .max_by_key(|division| division.last)?;
        Some(self.region(division, division.name))
    }

    /// The prefecture of a county, by the name it bore in the county's last year.
    fn city(&self, county: &Division) -> Option<&Division> {
        self.cities
            .get(&(county.code / 100))?
            .iter()
            .filter_map(|&at| self.divisions.get(at))
            .max_by_key(|city| {
                let then = (city.first..=city.last).contains(&county.last);
                (then, city.last)
            })
    }
}

fn division(line: &'static str) -> Option<Division> {
    let mut fields = line.split('\t');
    let code: u32 = fields.next()?.parse().ok()?;
    let name = fields.next()?;
    let (first, last) = match fields.next().and_then(|years| years.split_once('-')) {
        Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
        None => SPAN,
    };
    let level = match code {
        code if code % 10_000 == 0 => Level::Province,
        code if code % 100 == 0 => Level::City,
        _ => Level::County,
    };
    Some(Division {
        code,
        level,
        name,
        first,
        last,
        place: None,
    })
}

fn words() -> (Words, Vec<String>) {
    let mut words = Words::default();
    let mut vetoes = Vec::new();
    for line in WORDS.lines().filter(|line| !line.starts_with('#')) {
        let mut fields = line.split_whitespace();
        let kind = fields.next();
        let listed = fields.map(str::to_owned);
        match kind {
            Some("veto") => vetoes.extend(listed),
            Some("loose") => words.loose.extend(listed),
            Some("generic") => words.generic.extend(listed),
            Some("plain") => words.plain.extend(listed),
            Some("never") => words.never.extend(listed),
            _ => {}
        }
    }
    (words, vetoes)
}
