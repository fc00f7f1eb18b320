//! The counts of many days together.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::day::{Day, Totals};
use crate::fold::comparable;

/// What was searched for from one day to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// Each of them, in order.
    pub days: Vec<DayLine>,
    /// Of all queries.
    pub totals: Totals,
    /// Of those that are not told apart: rare ones, and those whose words are not kept.
    pub others: Totals,
    /// How many queries are told apart.
    pub distinct: u64,
    /// The queries asked most, most first.
    pub queries: Vec<QueryLine>,
    /// Those that found nothing most often, most first.
    pub without_result: Vec<QueryLine>,
    /// The passages chosen most, most first.
    pub passages: Vec<PassageLine>,
}

/// One day.
#[derive(Debug, Clone, PartialEq)]
pub struct DayLine {
    /// Which.
    pub date: Date,
    /// Its sums.
    pub totals: Totals,
}

/// One query.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryLine {
    /// As it was typed most often on the day it was asked most.
    pub query: String,
    /// Its sums.
    pub totals: Totals,
    /// How many passages it found the last time; nothing where only choices are known of it.
    pub found: Option<u64>,
    /// How often which passage was chosen, most first.
    pub passages: Vec<(String, u64)>,
}

/// One passage.
#[derive(Debug, Clone, PartialEq)]
pub struct PassageLine {
    /// Its id.
    pub id: String,
    /// How often it was chosen, and where it stood.
    pub totals: Totals,
}

/// What is being gathered of one query.
#[derive(Default)]
struct Gathered {
    shown: String,
    /// How often it was asked on the day it is shown as on.
    most: u64,
    totals: Totals,
    found: Option<u64>,
    passages: BTreeMap<String, u64>,
}

/// Days that are being put together.
pub(super) struct Gathering {
    /// How often a query must be asked on a day to be told apart.
    least: u64,
    /// The only query that is wanted, as it is compared.
    only: Option<String>,
    days: Vec<DayLine>,
    totals: Totals,
    others: Totals,
    queries: HashMap<String, Gathered>,
    passages: HashMap<String, Totals>,
}

impl Gathering {
    pub(super) fn new(least: u64, only: Option<&str>) -> Self {
        Self {
            least,
            only: only.map(comparable),
            days: Vec::new(),
            totals: Totals::default(),
            others: Totals::default(),
            queries: HashMap::new(),
            passages: HashMap::new(),
        }
    }

    /// Adds a day, which comes after those before.
    pub(super) fn add(&mut self, date: Date, day: &Day) {
        if let Some(only) = self.only.clone() {
            let query = day.queries.get(&only);
            let query = query.filter(|query| query.totals.searches >= self.least || self.least < 2);
            let totals = query.map(|query| query.totals).unwrap_or_default();
            self.days.push(DayLine { date, totals });
            self.totals.add(totals);
            if let Some(query) = query {
                self.gather(&only, query);
            }
            return;
        }
        self.days.push(DayLine {
            date,
            totals: day.totals,
        });
        self.totals.add(day.totals);
        self.others.add(day.others);
        for (name, query) in &day.queries {
            if self.least > 1 && query.totals.searches < self.least {
                self.others.add(query.totals);
            } else {
                self.gather(name, query);
            }
        }
        for (id, totals) in &day.passages {
            self.passages.entry(id.clone()).or_default().add(*totals);
        }
    }

    fn gather(&mut self, name: &str, query: &super::day::Query) {
        let known = self.queries.entry(name.to_owned()).or_default();
        let weight = query.totals.searches.max(1);
        if weight > known.most {
            known.most = weight;
            known.shown.clone_from(&query.shown);
        }
        known.totals.add(query.totals);
        if query.totals.searches > 0 {
            known.found = Some(query.found);
        }
        for (id, clicks) in &query.passages {
            *known.passages.entry(id.clone()).or_default() += clicks;
        }
    }

    /// All of it, at most `limit` of each list.
    pub(super) fn finish(self, from: Date, to: Date, limit: usize) -> Report {
        let mut queries: Vec<QueryLine> = self
            .queries
            .into_values()
            .map(|gathered| {
                let mut passages: Vec<(String, u64)> = gathered.passages.into_iter().collect();
                passages
                    .sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
                QueryLine {
                    query: gathered.shown,
                    totals: gathered.totals,
                    found: gathered.found,
                    passages,
                }
            })
            .collect();
        let distinct = queries.len() as u64;
        let by = |key: fn(&Totals) -> (u64, u64)| {
            move |one: &QueryLine, other: &QueryLine| {
                let keys = key(&other.totals).cmp(&key(&one.totals));
                keys.then_with(|| one.query.cmp(&other.query))
            }
        };
        let mut without_result: Vec<QueryLine> = queries
            .iter()
            .filter(|line| line.totals.none > 0)
            .cloned()
            .collect();
        without_result.sort_by(by(|totals| (totals.none, totals.searches)));
        without_result.truncate(limit);
        queries.sort_by(by(|totals| (totals.searches, totals.clicks)));
        queries.truncate(limit);
        let mut passages: Vec<PassageLine> = self
            .passages
            .into_iter()
            .map(|(id, totals)| PassageLine { id, totals })
            .collect();
        passages.sort_by(|one, other| {
            let clicks = other.totals.clicks.cmp(&one.totals.clicks);
            clicks.then_with(|| one.id.cmp(&other.id))
        });
        passages.truncate(limit);
        Report {
            from,
            to,
            days: self.days,
            totals: self.totals,
            others: self.others,
            distinct,
            queries,
            without_result,
            passages,
        }
    }
}
