//! Cuts the cleaned text of a file where its reports begin, and says of each what it states of
//! itself: title, issuer, number, date, region.
//!
//! A report begins where a line `region:tagline` says so, where a database puts its header, or
//! where a title is followed by a document number of its own. What is said beside the text, in a
//! side file or a record's fields, wins over what the text says.
//!
//! Invariant: the reports of a file are in order and leave out nothing of its cleaned text but
//! blank space (`tests/splitting.rs`).

use super::boilerplate::Rules;
use super::given::Given;
use super::head::{self, Head};
use super::metadata::{self, Stated};
use super::titles::{self, Line, Title};
use super::{copies, issuer, place};
use crate::date::Date;
use crate::region::Region;
use crate::report::{Boilerplate, Metadata, RegionReason, Report, Span, Warning, WarningKind};
use crate::year;

/// The name under which the rest of a file that only says again what stands above is left out.
const COPY: &str = "repeated-report";

/// The reports that the cleaned text of a file holds, in order, with what is odd about them, by the
/// rules that are shipped and with nothing said beside the text.
#[must_use]
pub fn reports(source: &str, text: &str) -> (Vec<Report>, Vec<Warning>) {
    reports_with(source, text, &Given::default(), &Rules::default())
}

/// The reports that the cleaned text of a file holds, in order, with what is odd about them.
///
/// Text before the first title belongs to the first report, unless it has measures of its own;
/// text without a title is a report under the name of its file, and so is text whose first line
/// names no region where the file's name does. Of what is given, title, region and number are the
/// report's where the file holds only one.
#[must_use]
pub fn reports_with(
    source: &str,
    text: &str,
    given: &Given,
    rules: &Rules,
) -> (Vec<Report>, Vec<Warning>) {
    read(source, text, given, rules, starts)
}

/// All of a text as one report, whatever titles stand in it, without an id; nothing where it is
/// blank.
pub(super) fn one_with(
    source: &str,
    text: &str,
    given: &Given,
    rules: &Rules,
) -> Option<(Report, Vec<Warning>)> {
    let mut titles = 0;
    let whole = |text: &str, lines: &[Line], rules: &Rules| {
        let found = titles::find(text, lines, rules);
        titles = found.len();
        vec![(0, found.first().copied())]
    };
    let (reports, mut warnings) = read(source, text, given, rules, whole);
    let report = reports.into_iter().next()?;
    if titles > 1 {
        warnings.push(Warning {
            source: source.to_owned(),
            line: 1,
            kind: WarningKind::SeveralReports,
            message: format!(
                "正文里有 {titles} 个标题行，作一份报告收下；若是几份报告，请分开提交"
            ),
        });
    }
    Some((report, warnings))
}

/// The reports of a text that begin where `starts` says.
fn read(
    source: &str,
    text: &str,
    given: &Given,
    rules: &Rules,
    starts: impl FnOnce(&str, &[Line], &Rules) -> Vec<(usize, Option<usize>)>,
) -> (Vec<Report>, Vec<Warning>) {
    let all = titles::lines(text);
    let (lines, copy) = all.split_at(copies::begin(text, &all, rules).unwrap_or(all.len()));
    let starts = starts(text, lines, rules);
    let alone = starts.len() == 1;
    let several = Given {
        title: None,
        region: None,
        document_number: None,
        ..given.clone()
    };
    let given = if alone { given } else { &several };
    let mut warnings = Vec::new();
    let mut reports: Vec<Report> = Vec::new();
    for (nth, &(from, titled_at)) in starts.iter().enumerate() {
        let to = starts.get(nth + 1).map_or(lines.len(), |&(at, _)| at);
        let piece = Piece {
            source,
            text,
            lines: lines.get(from..to).unwrap_or_default(),
            titled_at: titled_at.and_then(|at| at.checked_sub(from)),
            first: nth == 0,
        };
        reports.extend(piece.report(given, rules, &mut warnings));
    }
    if let (Some(last), Some(first), Some(end)) = (reports.last_mut(), copy.first(), copy.last()) {
        let origin = last.range.start;
        last.range.end = end.span.end;
        last.range.of(text).clone_into(&mut last.text);
        last.boilerplate.push(Boilerplate {
            range: Span::new(first.span.start, end.span.end).relative_to(origin),
            rule: COPY.to_owned(),
        });
    }
    name(source, &mut reports);
    (reports, warnings)
}

/// A report whose title and text come apart from each other, as records of other systems do, with
/// nothing else known of it.
///
/// Its region is read from the title. `id` is `[A-Za-z0-9_-]` only.
#[must_use]
pub fn record(id: String, source: &str, title: &str, text: &str) -> Report {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let read = titles::read(&title);
    let (text, title_range) = if title.is_empty() {
        (text.to_owned(), None)
    } else {
        let range = Span::new(0, title.len());
        (format!("{title}\n\n{text}"), Some(range))
    };
    Report {
        id,
        title: read.text,
        tagline: read.tagline,
        region_reason: if read.region.is_known() {
            RegionReason::Title
        } else {
            RegionReason::None
        },
        region: read.region,
        metadata: Metadata::default(),
        source: source.to_owned(),
        range: Span::new(0, text.len()),
        line: 1,
        text,
        title_range,
        boilerplate: Vec::new(),
    }
}

/// The report of a record whose title comes apart from its text, with what else is given of it.
#[must_use]
pub fn record_with(
    source: &str,
    title: &str,
    text: &str,
    given: &Given,
    rules: &Rules,
) -> (Report, Vec<Warning>) {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let whole = format!("{title}\n\n{text}");
    let lines = titles::lines(&whole);
    let piece = Piece {
        source,
        text: &whole,
        lines: &lines,
        titled_at: Some(0),
        first: true,
    };
    let mut warnings = Vec::new();
    let report = piece.report(given, rules, &mut warnings);
    (
        report.unwrap_or_else(|| record(String::new(), source, &title, text)),
        warnings,
    )
}

/// Where reports begin among `lines`, each with the line of its title where that is what tells.
fn starts(text: &str, lines: &[Line], rules: &Rules) -> Vec<(usize, Option<usize>)> {
    if lines.is_empty() {
        return Vec::new();
    }
    let mut starts: Vec<(usize, Option<usize>)> = titles::find(text, lines, rules)
        .into_iter()
        .map(|at| (at, Some(at)))
        .collect();
    let Some(first) = starts.first_mut() else {
        return head::openings(text, lines, rules);
    };
    // Text before the first title goes with it, unless it has measures and so is a report itself.
    if titles::has_measures(lines.get(..first.0).unwrap_or_default()) {
        starts.insert(0, (0, None));
    } else {
        first.0 = 0;
    }
    starts
}

/// The lines of one report.
struct Piece<'a> {
    source: &'a str,
    text: &'a str,
    lines: &'a [Line],
    /// The line of its title, where that is known.
    titled_at: Option<usize>,
    /// Whether it is the first of its file.
    first: bool,
}

impl Piece<'_> {
    fn report(&self, given: &Given, rules: &Rules, warnings: &mut Vec<Warning>) -> Option<Report> {
        let (first, last) = (self.lines.first()?, self.lines.last()?);
        let range = Span::new(first.span.start, last.span.end);
        let head = head::read(self.text, self.lines, self.titled_at, rules);
        let (mut title, title_span, no_title) = self.title(&head);
        let head_lines: Vec<&str> = self
            .lines
            .get(..head.end)
            .unwrap_or_default()
            .iter()
            .map(|line| line.span.of(self.text))
            .filter(|line| *line != title.text)
            .collect();
        let body = self.lines.get(head.end..).unwrap_or_default();
        let stated = metadata::read(
            &title.text,
            &head_lines,
            body.iter().map(|line| line.span.of(self.text)),
        );
        let stem = self.stem();
        let (region, region_reason, doubt) = place::of(&title, &head_lines, &stated, given, stem);
        let mut warn = |line: usize, kind: WarningKind, message: String| {
            warnings.push(Warning {
                source: self.source.to_owned(),
                line,
                kind,
                message,
            });
        };
        if no_title {
            let message = format!("没有“地区:标题”一行，以文件名“{stem}”作标题");
            warn(first.number, WarningKind::NoTitle, message);
        }
        if let Some((kind, message)) = doubt {
            let line = head.title.map_or(first.number, |(at, _)| {
                self.lines.get(at).map_or(first.number, |line| line.number)
            });
            warn(line, kind, message);
        }
        if let Some(given) = &given.title {
            title = Title {
                region: title.region,
                doubt: None,
                ..titles::read(&given.split_whitespace().collect::<Vec<_>>().join(" "))
            };
        }
        let (metadata, bad_date) = metadata_of(&title.text, stated, given, &region);
        if let Some(date) = bad_date {
            let message = format!("“{date}”不是日期，没有采用；请写成 2016-11-03");
            warn(first.number, WarningKind::SideFile, message);
        }
        let boilerplate = head::boilerplate(self.text, self.lines, &head, rules)
            .into_iter()
            .map(|mut found| {
                found.range = found.range.relative_to(range.start);
                found
            })
            .collect();
        Some(Report {
            id: String::new(),
            title: title.text,
            tagline: title.tagline,
            region,
            region_reason,
            metadata,
            source: self.source.to_owned(),
            range,
            line: first.number,
            text: range.of(self.text).to_owned(),
            title_range: title_span.map(|span| span.relative_to(range.start)),
            boilerplate,
        })
    }

    /// The title, where it stands, and whether the file's name stands in for it.
    fn title(&self, head: &Head) -> (Title, Option<Span>, bool) {
        let by_name = || titles::read(self.stem());
        let Some((at, to)) = head.title else {
            return (by_name(), None, true);
        };
        let spans: Vec<Span> = self
            .lines
            .get(at..=to)
            .unwrap_or_default()
            .iter()
            .map(|line| line.span)
            .collect();
        let (Some(begin), Some(end)) = (spans.first(), spans.last()) else {
            return (by_name(), None, true);
        };
        let span = Span::new(begin.start, end.end);
        let joined: String = spans.iter().map(|span| span.of(self.text)).collect();
        let title = titles::read(&titles::tidy(&joined));
        // A file named by its region says more than a first line that names none, unless that line
        // is what offices head their documents with.
        let named = title.region.is_known()
            || self.titled_at.is_some()
            || !self.first
            || titles::ends_as_a_kind(&title.text);
        if !named && self.lines.len() > 1 {
            let by_name = by_name();
            if by_name.region.is_known() {
                return (by_name, None, true);
            }
        }
        (title, Some(span), false)
    }

    /// The file's name without folders and ending.
    fn stem(&self) -> &str {
        let name = self.source.rsplit('/').next().unwrap_or(self.source);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem)
    }
}

/// What is known of a report, and a given date that is none.
fn metadata_of(
    title: &str,
    stated: Stated,
    given: &Given,
    region: &Region,
) -> (Metadata, Option<String>) {
    let given_date = given.date.as_deref().map(|text| {
        Date::parse(text)
            .or_else(|| Date::find(text).map(|(date, _)| date))
            .ok_or(text)
    });
    // A bare year is no date, and says what year it is of.
    let given_year = given.year.or_else(|| match given_date {
        Some(Err(text)) => text.trim().trim_end_matches('年').parse().ok(),
        _ => None,
    });
    let bad_date = match given_date {
        Some(Err(text)) if given_year.is_none() => Some(text.to_owned()),
        _ => None,
    };
    let given_date = given_date.and_then(Result::ok);
    let issued = given_date.or(stated.issued);
    let given_number = given.document_number.as_deref().map(str::trim);
    let number_year = match given_number {
        Some(number) => super::document_number::find(number).and_then(|number| number.year),
        None => stated.number.as_ref().and_then(|number| number.year),
    };
    let title_year = || match year::mentioned(title).as_slice() {
        [year] => Some(*year),
        _ => None,
    };
    let metadata = Metadata {
        issuer: given
            .issuer
            .as_deref()
            .map(|issuer| issuer.trim().to_owned())
            .or(stated.issuer)
            .or_else(|| issuer::of_work_report(title, region)),
        document_number: match given_number {
            Some(number) => Some(
                super::document_number::find(number)
                    .map_or_else(|| number.to_owned(), |number| number.text),
            ),
            None => stated.number.map(|number| number.text),
        },
        date: issued.or(stated.published),
        year: given_year
            .or_else(|| issued.map(Date::year))
            .or(number_year)
            .or_else(title_year)
            .or_else(|| stated.published.map(Date::year)),
        url: given
            .url
            .as_deref()
            .map(|url| url.trim().to_owned())
            .or(stated.url),
    };
    (metadata, bad_date)
}

/// Gives each report its id: the division's code, then a digest of file name, title and, where a
/// file repeats a title, which of them it is. Other files have no say in it, so adding one
/// changes no permalink.
fn name(source: &str, reports: &mut [Report]) {
    let mut seen = std::collections::HashMap::new();
    for report in reports {
        let times = seen.entry(report.title.clone()).or_insert(0_u32);
        *times += 1;
        let mut digest = blake3::Hasher::new();
        digest.update(source.as_bytes());
        digest.update(&[0]);
        digest.update(report.title.as_bytes());
        digest.update(&times.to_le_bytes());
        let digest = digest.finalize().to_hex();
        let digest: String = digest.chars().take(10).collect();
        let code = report.region.code.as_deref().unwrap_or("000000");
        report.id = format!("{code}-{digest}");
    }
}
