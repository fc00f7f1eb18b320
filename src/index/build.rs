//! Builds a generation, from the corpus or from reports given.

use std::path::Path;
use std::time::Instant;

use tantivy::{IndexWriter, TantivyDocument};

use super::completions;
use super::generation::{Draft, Folder};
use super::lexicon::{self, Lexicon};
use super::record::{BuildReport, PassageRecord, ReportRecord};
use super::schema::{self, Fields};
use super::snapshot::{CATALOG, VOCABULARY, Vocabulary};
use super::{Error, Options, Snapshot};
use crate::analysis::{self, Dictionary, Normalized};
use crate::corpus::{Corpus, DictionaryWord, Reading, SourceText};
use crate::fold::fold;
use crate::passage;
use crate::quantity;
use crate::region::Region;
use crate::report::{Kind, Passage, Report, Span, Warning};
use crate::theme::{Taxonomies, Taxonomy};
use crate::year;

/// The most warnings a generation keeps; all are counted.
const WARNINGS_KEPT: usize = 1000;
/// Text a writer thread should have before another one is worth starting, in bytes.
const BYTES_PER_THREAD: u64 = 4 << 20;
/// tantivy's least memory for a writer thread, in bytes.
const THREAD_MEMORY: usize = 16 << 20;
/// How many records of a file are added before progress is told again.
const PIECES_SHOWN: usize = 256;
/// The name a region that is not known is counted and filtered under.
pub const UNKNOWN_REGION: &str = "unknown";

/// How far a build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Files read so far, of how many, with the passages found in them.
    Reading {
        /// Files done.
        files: u64,
        /// Files there are.
        of: u64,
        /// Passages so far.
        passages: u64,
    },
    /// All is read; the last of it is being written and checked.
    Finishing,
}

/// A digest of all that an index of `corpus` depends on.
pub(super) fn fingerprint(corpus: &Corpus, options: &Options) -> Result<String, Error> {
    let mut hasher = blake3::Hasher::new();
    let mut add = |label: &str, content: &[u8]| {
        hasher.update(&(label.len() as u64).to_le_bytes());
        hasher.update(label.as_bytes());
        hasher.update(&(content.len() as u64).to_le_bytes());
        hasher.update(content);
    };
    add("program", env!("CARGO_PKG_VERSION").as_bytes());
    add("schema", &schema::VERSION.to_le_bytes());
    add("passage.max_chars", &options.max_chars.to_le_bytes());
    // A file that a limit kept out may be let in by another one.
    let limits = corpus.limits();
    let extract = limits.extractor.limits();
    for limit in [
        limits.file_bytes,
        limits.line_bytes as u64,
        extract.memory_bytes,
        extract.seconds,
        extract.output_bytes,
    ] {
        add("limit", &limit.to_le_bytes());
    }
    for (name, content) in corpus.vocabulary().map_err(Error::Corpus)? {
        add(&name, content.as_bytes());
    }
    let (files, skipped) = corpus.files();
    for file in files {
        match corpus.digest_of(&file) {
            Ok(digest) => add(&file.name, &digest),
            Err(error) => add(&file.name, error.to_string().as_bytes()),
        }
    }
    for file in skipped {
        add(&file.source, file.reason.as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// Builds a generation from the corpus, puts it in force and opens it.
pub(super) fn build(
    corpus: &Corpus,
    path: &Path,
    options: &Options,
    fingerprint: &str,
    progress: &dyn Fn(Progress),
) -> Result<Snapshot, Error> {
    // Read first: a corpus that cannot be read must not cost the lock or a folder.
    let taxonomies = corpus.taxonomies().map_err(Error::Corpus)?;
    let words = corpus.dictionary().map_err(Error::Corpus)?;
    let rules = corpus.rules().map_err(Error::Corpus)?;
    let corpus = &corpus.clone().with_rules(rules);
    let (files, skipped) = corpus.files();
    let bytes: u64 = files
        .iter()
        .filter_map(|file| std::fs::metadata(&file.path).ok())
        .map(|metadata| metadata.len())
        .sum();

    let mut builder = Builder::begin(taxonomies, words, path, options, bytes)?;
    builder.report.skipped = skipped;
    let of = files.len() as u64;
    for (done, file) in (0..).zip(&files) {
        let show = |passages| {
            progress(Progress::Reading {
                files: done,
                of,
                passages,
            });
        };
        show(builder.report.passages);
        match corpus.read(file) {
            Ok(pieces) => builder.read(pieces, options.max_chars, &show)?,
            Err(skipped) => builder.report.skipped.push(skipped),
        }
    }
    progress(Progress::Finishing);
    builder.finish(fingerprint)
}

/// Builds a generation from reports that are cut already, puts it in force and opens it.
pub(super) fn build_from(
    reports: impl ExactSizeIterator<Item = (Report, Vec<Passage>)>,
    vocabulary: Option<&Corpus>,
    path: &Path,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Snapshot, Error> {
    let (taxonomies, words) = match vocabulary {
        None => (Taxonomies::default(), Vec::new()),
        Some(corpus) => (
            corpus.taxonomies().map_err(Error::Corpus)?,
            corpus.dictionary().map_err(Error::Corpus)?,
        ),
    };
    let of = reports.len() as u64;
    // How long they are is not known; they are taken to be short.
    let mut builder = Builder::begin(taxonomies, words, path, options, of << 10)?;
    let mut digest = blake3::Hasher::new();
    for (done, (report, passages)) in (0..).zip(reports) {
        if done % 256 == 0 {
            progress(Progress::Reading {
                files: done,
                of,
                passages: builder.report.passages,
            });
        }
        for part in [&report.id, &report.title, &report.text] {
            digest.update(&(part.len() as u64).to_le_bytes());
            digest.update(part.as_bytes());
        }
        builder.report.bytes += report.text.len() as u64;
        builder.add_report(&report, &passages)?;
    }
    progress(Progress::Finishing);
    builder.finish(&digest.finalize().to_hex())
}

/// The tokenizer's words, with those of the corpus folded as text is.
pub(super) fn dictionary(words: &[DictionaryWord]) -> Dictionary {
    let folded: Vec<(String, Option<usize>)> = words
        .iter()
        .map(|word| (word.word.chars().filter_map(fold).collect(), word.frequency))
        .collect();
    Dictionary::with_words(
        folded
            .iter()
            .map(|(word, frequency)| (word.as_str(), *frequency)),
    )
}

fn write_json(draft: &Draft, name: &str, value: &impl serde::Serialize) -> Result<(), Error> {
    let path = draft.path().join(name);
    let content = serde_json::to_vec(value).map_err(std::io::Error::other);
    content
        .and_then(|content| std::fs::write(&path, content))
        .map_err(|source| Error::Unwritable { path, source })
}

/// A generation being built. The writer stands before the draft, whose files it has open, so that
/// it is dropped first.
struct Builder {
    started: Instant,
    fields: Fields,
    writer: IndexWriter,
    folder: Folder,
    draft: Draft,
    dictionary: Dictionary,
    taxonomies: Taxonomies,
    words: Vec<DictionaryWord>,
    catalog: Vec<ReportRecord>,
    report: BuildReport,
}

impl Builder {
    /// Starts a generation at `path` for about `bytes` of text.
    fn begin(
        taxonomies: Taxonomies,
        words: Vec<DictionaryWord>,
        path: &Path,
        options: &Options,
        bytes: u64,
    ) -> Result<Self, Error> {
        let started = Instant::now();
        let dictionary = dictionary(&words);
        let folder = Folder::new(path);
        let draft = folder.draft()?;
        let (schema, fields) = schema::schema();
        let index = tantivy::Index::create_in_dir(draft.path(), schema)?;
        analysis::register(index.tokenizers(), &dictionary);
        let useful = usize::try_from(bytes / BYTES_PER_THREAD).unwrap_or(usize::MAX);
        let memory = options.memory_bytes.max(THREAD_MEMORY);
        let threads = options
            .threads
            .min(useful.saturating_add(1))
            .min(memory / THREAD_MEMORY)
            .max(1);
        let writer = index.writer_with_num_threads(threads, memory)?;
        Ok(Self {
            started,
            fields,
            writer,
            folder,
            draft,
            dictionary,
            taxonomies,
            words,
            catalog: Vec::new(),
            report: BuildReport::default(),
        })
    }

    /// Writes what is left, puts the generation in force and opens it.
    fn finish(self, fingerprint: &str) -> Result<Snapshot, Error> {
        let Self {
            started,
            fields,
            mut writer,
            folder,
            draft,
            dictionary,
            taxonomies,
            words,
            catalog,
            mut report,
            ..
        } = self;
        writer.commit()?;
        writer.wait_merging_threads()?;

        let vocabulary = Vocabulary {
            themes: taxonomies
                .themes()
                .iter()
                .map(|theme| (theme.id.clone(), theme.label.clone()))
                .collect(),
            theme_parents: taxonomies
                .themes()
                .iter()
                .filter_map(|theme| Some((theme.id.clone(), theme.parent.clone()?)))
                .collect(),
            words: words
                .into_iter()
                .map(|word| (word.word, word.frequency))
                .collect(),
        };
        write_json(&draft, CATALOG, &catalog)?;
        write_json(&draft, VOCABULARY, &vocabulary)?;
        let built = tantivy::Index::open_in_dir(draft.path())?.reader()?;
        let searcher = built.searcher();
        let words = Lexicon::build(&searcher, &fields, &catalog, &vocabulary.themes)?;
        lexicon::write(draft.path(), &words)?;
        let gathered = completions::gather(&completions::Source {
            searcher: &searcher,
            fields: &fields,
            dictionary: &dictionary,
            reports: &catalog,
            themes: &vocabulary.themes,
        })?;
        completions::write(draft.path(), &gathered)?;
        report.seconds = started.elapsed().as_secs_f64();
        let verified = draft.publish(schema::VERSION, fingerprint, report)?;
        let snapshot = Snapshot::open(verified)?;
        Draft::forget_old(&folder);
        Ok(snapshot)
    }

    /// Adds the pieces of a file as they come; `show` is told now and then how many passages there
    /// are. A file that breaks off stands as far as it could be read.
    fn read(
        &mut self,
        pieces: Reading,
        max_chars: usize,
        show: &dyn Fn(u64),
    ) -> Result<(), Error> {
        let before = self.report.reports;
        let mut whole = true;
        for (nth, piece) in pieces.enumerate() {
            match piece {
                Ok(text) => self.add(&text, max_chars)?,
                Err(skipped) => {
                    whole = false;
                    self.report.skipped.push(skipped);
                }
            }
            if nth % PIECES_SHOWN == PIECES_SHOWN - 1 {
                show(self.report.passages);
            }
        }
        self.report.files += u64::from(whole || self.report.reports > before);
        Ok(())
    }

    fn add(&mut self, text: &SourceText, max_chars: usize) -> Result<(), Error> {
        self.report.bytes += text.text.len() as u64;
        self.warn(&text.warnings);
        for report in &text.reports {
            let (passages, warnings) = passage::split(report, max_chars);
            self.warn(&warnings);
            self.add_report(report, &passages)?;
        }
        Ok(())
    }

    fn add_report(&mut self, report: &Report, passages: &[Passage]) -> Result<(), Error> {
        for boilerplate in &report.boilerplate {
            *self
                .report
                .boilerplate
                .entry(boilerplate.rule.clone())
                .or_default() += 1;
        }
        self.report.reports += 1;
        self.report.unknown_regions += u64::from(!report.region.is_known());
        let mut measures: Vec<u32> = passages
            .iter()
            .filter(|passage| passage.kind == Kind::Measure)
            .filter_map(|passage| passage.path.first().copied())
            .collect();
        measures.sort_unstable();
        measures.dedup();
        self.catalog.push(ReportRecord {
            id: report.id.clone(),
            title: report.title.clone(),
            tagline: report.tagline.clone(),
            region: report.region.clone(),
            region_reason: report.region_reason,
            metadata: report.metadata.clone(),
            source: report.source.clone(),
            range: report.range,
            passages: u32::try_from(passages.len()).unwrap_or(u32::MAX),
            measures: u32::try_from(measures.len()).unwrap_or(u32::MAX),
            characters: report.text.chars().count() as u64,
        });
        for passage in passages {
            let record = record(report, passage, self.taxonomies.of(&report.source));
            let document = self.document(report, &record)?;
            self.writer.add_document(document)?;
            self.report.passages += 1;
        }
        Ok(())
    }

    fn document(&self, report: &Report, record: &PassageRecord) -> Result<TantivyDocument, Error> {
        let fields = &self.fields;
        let mut document = TantivyDocument::new();
        document.add_text(fields.id, &record.id);
        document.add_text(fields.report, &record.report);
        document.add_u64(fields.order, self.report.passages);
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
            Kind::Overview => report.title.clone(),
            Kind::Measure | Kind::Attachment => {
                let headings: Vec<&str> = record
                    .parents
                    .iter()
                    .chain(&record.heading)
                    .map(String::as_str)
                    .collect();
                headings.join("\n")
            }
        };
        document.add_text(fields.region_names, &names);
        document.add_text(fields.title_words, title);
        document.add_text(fields.title_characters, title);
        document.add_text(fields.heading_words, &headings);
        document.add_text(fields.heading_characters, &headings);
        document.add_text(fields.body_words, record.body());
        document.add_text(fields.text_characters, &record.text);
        for mark in Normalized::new(&record.text).marks() {
            document.add_text(fields.marks, mark.to_string());
        }
        let stored = serde_json::to_vec(record).map_err(|error| Error::Record {
            id: record.id.clone(),
            source: error,
        })?;
        document.add_bytes(fields.record, &stored);
        Ok(document)
    }

    fn warn(&mut self, warnings: &[Warning]) {
        for warning in warnings {
            let kind = serde_json::to_value(warning.kind)
                .ok()
                .and_then(|kind| kind.as_str().map(str::to_owned))
                .unwrap_or_default();
            *self.report.warning_counts.entry(kind).or_default() += 1;
            if self.report.warnings.len() < WARNINGS_KEPT {
                self.report.warnings.push(warning.clone());
            }
        }
    }
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
