//! Cuts the cleaned text of a file where its reports begin, and says of each what its title says.
//!
//! Invariant: the reports of a file are in order and leave out nothing of its cleaned text but
//! blank space (`tests/splitting.rs`).

use super::{boilerplate, titles};
use crate::report::{Boilerplate, Report, Span, Warning, WarningKind};

/// The reports that the cleaned text of a file holds, in order, with what is odd about them.
///
/// Text before the first title belongs to the first report, unless it has measures of its own;
/// text without a title is a report under the name of its file, and so is text whose first line
/// names no region where the file's name does.
#[must_use]
pub fn reports(source: &str, text: &str) -> (Vec<Report>, Vec<Warning>) {
    let lines = titles::lines(text);
    let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
        return (Vec::new(), Vec::new());
    };
    let mut heads: Vec<(usize, titles::Title)> = titles::find(text, &lines)
        .into_iter()
        .filter_map(|at| Some((at, titles::read(lines.get(at)?.span.of(text)))))
        .collect();
    let mut warnings = Vec::new();
    let mut titled = true;
    // Text before the first title goes with it, unless it has measures and so is a report itself.
    let opens_with_measures = heads
        .first()
        .is_some_and(|&(at, _)| titles::has_measures(lines.get(..at).unwrap_or_default()));
    if heads.is_empty() || opens_with_measures {
        let line = first.span.of(text);
        let stem = source.rsplit('/').next().unwrap_or(source);
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
        let by_name = titles::read(stem);
        let by_line = (lines.len() > 1 && titles::reads_as_title(line))
            .then(|| titles::read(line))
            // A file named by its region says more than a first line that names none.
            .filter(|title| title.region.is_known() || !by_name.region.is_known());
        if let Some(title) = by_line {
            heads.insert(0, (0, title));
        } else {
            titled = false;
            heads.insert(0, (0, by_name));
            warnings.push(Warning {
                source: source.to_owned(),
                line: first.number,
                kind: WarningKind::NoTitle,
                message: format!("没有“地区:标题”一行，以文件名“{stem}”作标题"),
            });
        }
    }

    let starts: Vec<usize> = heads.iter().map(|&(at, _)| at).collect();
    let mut reports = Vec::new();
    for (nth, (at, title)) in heads.into_iter().enumerate() {
        let from = if nth == 0 { 0 } else { at };
        let to = starts.get(nth + 1).copied().unwrap_or(lines.len());
        let own = lines.get(from..to).unwrap_or_default();
        let begin = own.first().unwrap_or(first);
        let end = own.last().unwrap_or(last);
        let head = lines.get(at).unwrap_or(first);
        let titled = titled || nth > 0;
        let range = Span::new(begin.span.start, end.span.end);
        if let Some((kind, message)) = title.doubt {
            warnings.push(Warning {
                source: source.to_owned(),
                line: head.number,
                kind,
                message,
            });
        }
        reports.push(Report {
            id: String::new(),
            title: title.text,
            tagline: title.tagline,
            region: title.region,
            source: source.to_owned(),
            range,
            line: begin.number,
            text: range.of(text).to_owned(),
            title_range: titled.then(|| head.span.relative_to(range.start)),
            boilerplate: own
                .iter()
                .filter(|line| !titled || line.number != head.number)
                .filter_map(|line| {
                    boilerplate::rule(line.span.of(text)).map(|rule| Boilerplate {
                        range: line.span.relative_to(range.start),
                        rule: rule.to_owned(),
                    })
                })
                .collect(),
        });
    }
    name(source, &mut reports);
    (reports, warnings)
}

/// A report whose title and text come apart from each other, as records of other systems do.
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
        region: read.region,
        source: source.to_owned(),
        range: Span::new(0, text.len()),
        line: 1,
        text,
        title_range,
        boilerplate: Vec::new(),
    }
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
