//! What a comparison is asked for with.

use super::{Given, bad, request, unpaged};
use crate::http::problem::Problem;
use crate::http::state::State;
use crate::http::wire::Format;
use crate::index::Snapshot;
use crate::region::Region;
use crate::report::Kind;
use crate::search::{FEWEST_SIDES, Facet, MOST_SIDES, NoRegion, Request, Subject};

/// Passages of a side under a theme where the request names no number, and the most of them.
pub(in crate::http) const LISTED: usize = 20;
pub(in crate::http) const MOST_LISTED: usize = 100;
/// The most divisions of one name that a refusal lists.
const NAMED: usize = 6;
/// What narrows to regions or reports, which is what the sides do.
const PLACES: [&str; 4] = ["province", "city", "county", "sort"];

/// The sides of a comparison, as they are asked for.
pub(in crate::http) struct Comparing {
    /// What is searched for on each side.
    pub(in crate::http) request: Request,
    /// Names of regions and ids of reports, in the order they were given.
    pub(in crate::http) sides: Vec<Asked>,
    /// The most passages of a side under a theme.
    pub(in crate::http) limit: usize,
    /// The file that is wanted; nothing for JSON.
    pub(in crate::http) format: Option<Format>,
}

/// What one side is asked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) enum Asked {
    /// The name or the code of a region.
    Region(String),
    /// The id of a report.
    Report(String),
}

impl Asked {
    /// The parameter and its value.
    fn pair(&self) -> (&'static str, &str) {
        match self {
            Self::Region(name) => ("region", name),
            Self::Report(id) => ("report", id),
        }
    }

    /// What it is in `snapshot`, where it is none of `others`.
    fn among(&self, others: &[Subject], snapshot: &Snapshot) -> Result<Subject, Problem> {
        let subject = self.subject(snapshot)?;
        if others.iter().any(|other| other.filter == subject.filter) {
            let (name, value) = self.pair();
            return Err(bad(name, value, "不同的地区或报告，每个只给一次"));
        }
        Ok(subject)
    }

    /// What it is in `snapshot`.
    fn subject(&self, snapshot: &Snapshot) -> Result<Subject, Problem> {
        match self {
            Self::Report(id) => Subject::report(snapshot, id).ok_or_else(|| Problem::NotFound {
                what: "报告",
                id: id.clone(),
            }),
            Self::Region(name) => Subject::region(snapshot, name).map_err(|none| match none {
                NoRegion::Unknown => bad(
                    "region",
                    name,
                    "省、市、县的名称或区划代码，如 河北省、石家庄市、130000",
                ),
                NoRegion::Ambiguous(all) => {
                    let more = if all.len() > NAMED { " 等" } else { "" };
                    let all = all.iter().take(NAMED).map(Region::full_name);
                    let all = all.collect::<Vec<_>>().join("、");
                    bad("region", name, &format!("其中之一：{all}{more}"))
                }
            }),
        }
    }
}

/// The comparison that the pairs of a query string ask for, however few its sides are. Unless kinds
/// of passages are named, it is of measures.
pub(in crate::http) fn comparison(
    pairs: &[(String, String)],
    state: &State,
) -> Result<Comparing, Problem> {
    let names = unpaged(&["region", "limit", "format"], &PLACES);
    let given = Given::new(pairs, &names)?;
    // A form sends the boxes that were left empty too.
    let sides: Vec<Asked> = pairs
        .iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .filter_map(|(name, value)| match name.as_str() {
            "region" => Some(Asked::Region(value.trim().to_owned())),
            "report" => Some(Asked::Report(value.trim().to_owned())),
            _ => None,
        })
        .collect();
    if sides.len() > MOST_SIDES {
        let given = format!("{} 个地区或报告", sides.len());
        return Err(bad("region", &given, &allowed()));
    }
    let format = match given.one("format")? {
        None | Some("json") => None,
        Some("csv") => Some(Format::Csv),
        Some("md") => Some(Format::Markdown),
        Some(value) => return Err(bad("format", value, "json、csv 或 md")),
    };
    let most = if format.is_some() {
        MOST_LISTED
    } else {
        LISTED
    };
    let limit = given.number("limit", MOST_LISTED)?.unwrap_or(most);
    let mut request = request(&given, state)?;
    request.filters.remove(&Facet::Report);
    let measures = || vec![Kind::Measure.as_str().to_owned()];
    request.filters.entry(Facet::Kind).or_insert_with(measures);
    Ok(Comparing {
        request,
        sides,
        limit,
        format,
    })
}

impl Comparing {
    /// The sides that are something in `snapshot`, each once, and what is wrong with the first of
    /// the others.
    pub(in crate::http) fn known(&self, snapshot: &Snapshot) -> (Vec<Subject>, Option<Problem>) {
        let mut known: Vec<Subject> = Vec::with_capacity(self.sides.len());
        let mut wrong = None;
        for asked in &self.sides {
            match asked.among(&known, snapshot) {
                Ok(subject) => known.push(subject),
                Err(problem) => wrong = wrong.or(Some(problem)),
            }
        }
        (known, wrong)
    }

    /// What each side is in `snapshot`; there are as many as can be compared, no two the same.
    pub(in crate::http) fn subjects(&self, snapshot: &Snapshot) -> Result<Vec<Subject>, Problem> {
        if self.sides.len() < FEWEST_SIDES {
            let given = match self.sides.len() {
                0 => "没有".to_owned(),
                count => format!("{count} 个地区或报告"),
            };
            return Err(bad("region", &given, &allowed()));
        }
        let mut subjects: Vec<Subject> = Vec::with_capacity(self.sides.len());
        for asked in &self.sides {
            let subject = asked.among(&subjects, snapshot)?;
            subjects.push(subject);
        }
        Ok(subjects)
    }
}

/// How many sides there may be, for readers.
fn allowed() -> String {
    format!("{FEWEST_SIDES} 至 {MOST_SIDES} 个地区（region）或报告（report）")
}
