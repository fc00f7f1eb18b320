//! A passage as the engine is given it: terms, columns, and the record it is shown from.

use std::borrow::Cow;

use tantivy::TantivyDocument;
use tantivy::schema::Field;

use super::Error;
use super::record::PassageRecord;
use super::schema::Fields;
use crate::analysis::{marks, normalize};
use crate::quantity;
use crate::region::Region;
use crate::report::{Kind, Passage, Report, Span};
use crate::theme::Taxonomy;
use crate::year;

/// The name a region that is not known is counted and filtered under.
pub const UNKNOWN_REGION: &str = "unknown";

/// A passage as the engine is given it.
pub(super) struct Document<'a> {
    /// All but the texts.
    pub(super) rest: TantivyDocument,
    /// Texts that are cut into words or characters, by the fields they are cut for. They are a
    /// great part of a document, and workers that cut them themselves need no copy of them.
    pub(super) texts: Vec<(Field, Cow<'a, str>)>,
    /// The field of the punctuation and blanks of a text, and the field of that text.
    pub(super) marks: (Field, Field),
}

impl Document<'_> {
    /// It with its texts, for the engine to cut.
    pub(super) fn whole(self) -> TantivyDocument {
        let mut whole = self.rest;
        let (field, of) = self.marks;
        if let Some((_, text)) = self.texts.iter().find(|(field, _)| *field == of) {
            add_marks(&mut whole, field, &normalize(text));
        }
        for (field, text) in &self.texts {
            whole.add_text(*field, text);
        }
        whole
    }
}

/// Adds the punctuation and blanks of a normalised text to `document`.
pub(super) fn add_marks(document: &mut TantivyDocument, field: Field, normalized: &str) {
    for mark in marks(normalized) {
        document.add_text(field, mark.encode_utf8(&mut [0; 4]));
    }
}

/// The document of a passage at the place `order` of the corpus, which goes when `source` does.
pub(super) fn document<'a>(
    fields: &Fields,
    source: &str,
    report: &'a Report,
    record: &'a PassageRecord,
    order: u64,
) -> Result<Document<'a>, Error> {
    let mut document = TantivyDocument::new();
    document.add_text(fields.id, &record.id);
    document.add_text(fields.report, &record.report);
    document.add_text(fields.source, source);
    document.add_u64(fields.order, order);
    document.add_u64(fields.region_order, region_order(&report.region));
    document.add_text(fields.kind, record.kind.as_str());
    for theme in &record.themes {
        document.add_text(fields.theme, &theme.id);
    }
    let metadata = &report.metadata;
    let years = match &metadata.year {
        Some(year) => std::slice::from_ref(year),
        None => record.years.as_slice(),
    };
    for &year in years {
        document.add_u64(fields.year, u64::from(year));
    }
    for issuer in metadata.issuers() {
        document.add_text(fields.issuer, issuer);
    }
    if let Some(date) = metadata.date {
        document.add_u64(fields.date, date.number());
    }
    for &(class, low, high) in &fields.quantities {
        for quantity in record.quantities.iter().filter(|own| own.class == class) {
            document.add_f64(low, quantity.low);
            document.add_f64(high, quantity.high);
        }
    }
    for (names, path, values) in divisions(&report.region)
        .into_iter()
        .zip([
            (fields.province, fields.province_path),
            (fields.city, fields.city_path),
            (fields.county, fields.county_path),
        ])
        .filter_map(|(division, (names, path))| Some((names, path, division?)))
    {
        for name in &values.names {
            document.add_text(names, name);
        }
        document.add_text(path, &values.path);
    }
    // A title that names no region is all the name there is then; it counts as a title only.
    let names = if report.region.is_known() || report.region.name != report.title {
        report.region.search_names().join(" ")
    } else {
        String::new()
    };
    // An overview has the title for its heading and is not to gain by it twice.
    let title = match record.kind {
        Kind::Overview => "",
        Kind::Measure | Kind::Attachment => &report.title,
    };
    let headings = match record.kind {
        // The title is the heading of what stands under it before the first measure; for the
        // measures it is only their context.
        Kind::Overview => Cow::Borrowed(report.title.as_str()),
        Kind::Measure | Kind::Attachment => {
            let headings: Vec<&str> = record
                .parents
                .iter()
                .chain(&record.heading)
                .map(String::as_str)
                .collect();
            Cow::Owned(headings.join("\n"))
        }
    };
    document.add_bytes(fields.record, &record.to_stored()?);
    Ok(Document {
        rest: document,
        marks: (fields.marks, fields.text_characters.pairs),
        texts: vec![
            (fields.region_names.pairs, Cow::Owned(names)),
            (fields.title_words, Cow::Borrowed(title)),
            (fields.title_characters.pairs, Cow::Borrowed(title)),
            (fields.heading_words, headings.clone()),
            (fields.heading_characters.pairs, headings),
            (fields.body_words, Cow::Borrowed(record.body())),
            (
                fields.text_characters.pairs,
                Cow::Borrowed(record.text.as_str()),
            ),
            (
                fields.text_characters.singles,
                Cow::Borrowed(record.text.as_str()),
            ),
        ],
    })
}

/// A division as filters name it and as facets count it.
struct Division {
    names: Vec<String>,
    path: String,
}

/// Province, city and county of a region; an unknown region is a province of that name.
fn divisions(region: &Region) -> [Option<Division>; 3] {
    let Some(province) = &region.province else {
        return [
            Some(Division {
                names: vec![UNKNOWN_REGION.to_owned()],
                path: UNKNOWN_REGION.to_owned(),
            }),
            None,
            None,
        ];
    };
    let division = |name: &str, parents: &[&str]| {
        let full: String = parents.concat() + name;
        let mut names = vec![name.to_owned(), full];
        names.dedup();
        Division {
            names,
            path: parents
                .iter()
                .copied()
                .chain([name])
                .collect::<Vec<_>>()
                .join("/"),
        }
    };
    let city = region.city.as_deref();
    let county = region.county.as_deref();
    [
        Some(division(province, &[])),
        city.map(|city| division(city, &[province])),
        county.map(|county| division(county, &[province, city.unwrap_or_default()])),
    ]
}

/// Where a region sorts: by division code, unknown ones last.
fn region_order(region: &Region) -> u64 {
    region
        .code
        .as_deref()
        .and_then(|code| code.parse().ok())
        .unwrap_or(u64::from(u32::MAX))
}

/// A passage as the index keeps it.
#[must_use]
pub fn record(report: &Report, passage: &Passage, taxonomy: &Taxonomy) -> PassageRecord {
    let text = passage.range.of(&report.text);
    // A heading may run over two lines.
    let words = |span: Span| match span.of(&report.text) {
        words if words.contains('\n') => words.split_whitespace().collect::<Vec<_>>().join(" "),
        words => words.to_owned(),
    };
    let heading = passage.heading.map(words);
    let parents: Vec<String> = passage.parents.iter().copied().map(words).collect();
    let heading_path = passage.heading_path.iter().copied().map(words).collect();
    let paragraphs: Vec<Span> = passage
        .paragraphs
        .iter()
        .map(|span| span.relative_to(passage.range.start))
        .collect();
    let mut record = PassageRecord {
        id: format!("{}-{}", report.id, passage.id_suffix()),
        report: report.id.clone(),
        kind: passage.kind,
        path: passage.path.clone(),
        part: passage.part,
        parts: passage.parts,
        text: text.to_owned(),
        heading,
        parents,
        heading_path,
        paragraphs,
        range: passage.range.shifted(report.range.start),
        themes: Vec::new(),
        years: year::mentioned(text),
        quantities: quantity::find(text),
    };
    record.themes = taxonomy.assign(record.heading.as_deref().unwrap_or_default(), record.body());
    record
}
