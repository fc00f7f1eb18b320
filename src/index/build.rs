//! Builds a generation, from the corpus or from reports given.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::Instant;

use tantivy::indexer::LogMergePolicy;
use tantivy::{IndexWriter, TantivyDocument, Term};

use super::completions;
use super::generation::{Draft, Folder};
use super::lexicon::{self, Lexicon};
use super::record::{PassageRecord, ReportRecord};
use super::schema::{self, Fields};
use super::snapshot::{CATALOG, VOCABULARY, Vocabulary};
use super::sources::{Indexed, SOURCES, Sources, Tally};
use super::{Error, Options, Snapshot};
use crate::analysis::{self, Dictionary, Normalized};
use crate::corpus::{Corpus, DictionaryWord, Reading, Skipped, SourceFile, SourceText, Stamp};
use crate::fold::fold;
use crate::passage;
use crate::quantity;
use crate::region::Region;
use crate::report::{Kind, Passage, Report, Span};
use crate::theme::{Taxonomies, Taxonomy};
use crate::year;

/// In an index of more passages than this, what readers may type is not gathered anew for each
/// change.
const GATHERED_EACH_TIME: u64 = 20_000;
/// tantivy's most memory for taking in a change.
const UPDATE_MEMORY: usize = 64 << 20;
/// Segments of more passages than this are not merged while a change waits to be seen.
const MERGED_AT_ONCE: usize = 20_000;
/// A large segment of which one passage in so many is gone is rewritten at once.
const DELETED_SHARE: usize = 5;
/// The name of the source of reports that are given as such.
const GIVEN: &str = "given";
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

/// A digest of all that every passage of `corpus` depends on.
pub(super) fn basis(corpus: &Corpus, options: &Options) -> Result<String, Error> {
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
    Ok(hasher.finalize().to_hex().to_string())
}

/// What is to be done to the sources of a generation.
#[derive(Default)]
pub(super) struct Changes {
    /// New files, and those that changed, with what each looks like from outside.
    pub(super) files: Vec<(SourceFile, Option<Stamp>)>,
    /// What could not be listed.
    pub(super) skipped: Vec<Skipped>,
    /// Those that are gone, by name.
    pub(super) gone: Vec<String>,
    /// Those that are the same although they look otherwise.
    pub(super) stamps: Vec<(String, Stamp)>,
}

impl Changes {
    /// Whether the index stays as it is.
    pub(super) fn are_none(&self) -> bool {
        self.files.is_empty() && self.skipped.is_empty() && self.gone.is_empty()
    }
}

/// What changed in the corpus since `sources` were read; all of it is new where there are none.
pub(super) fn changes(corpus: &Corpus, sources: &Sources) -> Changes {
    let (files, skipped) = corpus.files();
    let mut changes = Changes::default();
    let mut there = HashSet::new();
    for file in files {
        let stamp = corpus.stamp(&file);
        there.insert(file.name.clone());
        match sources.all.get(&file.name) {
            Some(known) if stamp.is_some() && known.stamp == stamp => {}
            Some(known) if digest(corpus, &file) == known.digest => {
                changes
                    .stamps
                    .extend(stamp.map(|stamp| (file.name.clone(), stamp)));
            }
            _ => changes.files.push((file, stamp)),
        }
    }
    for file in skipped {
        there.insert(file.source.clone());
        let known = sources.all.get(&file.source);
        if known.is_none_or(|known| known.digest != file.reason) {
            changes.skipped.push(file);
        }
    }
    let gone = sources.all.keys().filter(|name| !there.contains(*name));
    changes.gone = gone.cloned().collect();
    changes
}

/// The digest of a file's bytes, or of why they cannot be had.
fn digest(corpus: &Corpus, file: &SourceFile) -> String {
    match corpus.digest_of(file) {
        Ok(digest) => blake3::Hash::from_bytes(digest).to_hex().to_string(),
        Err(error) => error.to_string(),
    }
}

/// Builds a generation from the corpus, puts it in force and opens it.
pub(super) fn build(
    corpus: &Corpus,
    path: &Path,
    options: &Options,
    basis: &str,
    progress: &dyn Fn(Progress),
) -> Result<Snapshot, Error> {
    // Read first: a corpus that cannot be read must not cost the lock or a folder.
    let taxonomies = corpus.taxonomies().map_err(Error::Corpus)?;
    let words = corpus.dictionary().map_err(Error::Corpus)?;
    let rules = corpus.rules().map_err(Error::Corpus)?;
    let corpus = &corpus.clone().with_rules(rules);
    let sources = Sources {
        basis: basis.to_owned(),
        ..Sources::default()
    };
    let changes = changes(corpus, &sources);
    let bytes: u64 = changes
        .files
        .iter()
        .filter_map(|(file, _)| std::fs::metadata(&file.path).ok())
        .map(|metadata| metadata.len())
        .sum();
    let mut builder = Builder::begin(taxonomies, words, path, options, bytes)?;
    builder.sources = sources;
    builder.apply(corpus, changes, options, progress)?;
    progress(Progress::Finishing);
    builder.finish(None)
}

/// Builds a generation that differs from `base` by `changes`, puts it in force and opens it;
/// nothing where they do not fit between what is there, so that all has to be built anew.
pub(super) fn update(
    base: &Snapshot,
    mut sources: Sources,
    changes: Changes,
    corpus: &Corpus,
    path: &Path,
    options: &Options,
    progress: &dyn Fn(Progress),
) -> Result<Option<Snapshot>, Error> {
    let taxonomies = corpus.taxonomies().map_err(Error::Corpus)?;
    let words = corpus.dictionary().map_err(Error::Corpus)?;
    let rules = corpus.rules().map_err(Error::Corpus)?;
    let corpus = &corpus.clone().with_rules(rules);
    for (name, stamp) in &changes.stamps {
        if let Some(known) = sources.all.get_mut(name) {
            known.stamp = Some(*stamp);
        }
    }
    let mut builder = Builder::resume(base, taxonomies, words, sources, path, options)?;
    if !builder.apply(corpus, changes, options, progress)? {
        return Ok(None);
    }
    progress(Progress::Finishing);
    builder.finish(Some(base)).map(Some)
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
    let mut given = Indexed::default();
    for (done, (report, passages)) in (0..).zip(reports) {
        if done % 256 == 0 {
            progress(Progress::Reading {
                files: done,
                of,
                passages: given.tally.passages,
            });
        }
        for part in [&report.id, &report.title, &report.text] {
            digest.update(&(part.len() as u64).to_le_bytes());
            digest.update(part.as_bytes());
        }
        given.tally.bytes += report.text.len() as u64;
        builder.bytes_read += report.text.len() as u64;
        builder.add_report(GIVEN, &report, &passages, &mut given)?;
    }
    progress(Progress::Finishing);
    given.digest = digest.finalize().to_hex().to_string();
    builder.sources.all.insert(GIVEN.to_owned(), given);
    builder.finish(None)
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

/// Rewrites segments that hold passages which are gone: until then these count in how rare a word
/// is. Of large segments, only those are rewritten that hold many.
fn merge_deleted(writer: &mut IndexWriter) -> Result<(), Error> {
    let segments = writer.index().searchable_segment_metas()?;
    let worth = segments.iter().filter(|segment| {
        let deleted = segment.num_deleted_docs() as usize;
        deleted > 0
            && (segment.max_doc() as usize <= MERGED_AT_ONCE
                || deleted * DELETED_SHARE > segment.max_doc() as usize)
    });
    let worth: Vec<_> = worth.map(tantivy::SegmentMeta::id).collect();
    if !worth.is_empty() {
        writer.merge(&worth).wait()?;
    }
    Ok(())
}

/// Whether a file of a generation is one of tantivy's, which are written once.
fn is_of_segment(name: &str) -> bool {
    let (segment, _) = name.split_once('.').unwrap_or((name, ""));
    segment.len() == 32 && segment.chars().all(|c| c.is_ascii_hexdigit())
}

/// Whether a file of a generation holds what readers may type.
fn is_of_words(name: &str) -> bool {
    name.starts_with("lexicon") || name.starts_with("completions")
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
    /// The reports of the sources that were read, by source.
    read: HashMap<String, Vec<ReportRecord>>,
    sources: Sources,
    /// Bytes of the sources that were read.
    bytes_read: u64,
    /// Whether the words and completions of the generation before are good enough.
    keeps_words: bool,
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
            read: HashMap::new(),
            sources: Sources::default(),
            bytes_read: 0,
            keeps_words: false,
        })
    }

    /// Starts a generation that holds what `base` does.
    fn resume(
        base: &Snapshot,
        taxonomies: Taxonomies,
        words: Vec<DictionaryWord>,
        sources: Sources,
        path: &Path,
        options: &Options,
    ) -> Result<Self, Error> {
        let started = Instant::now();
        let keeps_words = base.passages() > GATHERED_EACH_TIME;
        let folder = Folder::new(path);
        let draft = folder.draft_from(
            &base.verified(path),
            |name| is_of_segment(name) || (keeps_words && is_of_words(name)),
            |name| name == "meta.json",
        )?;
        let (_, fields) = schema::schema();
        let index = tantivy::Index::open_in_dir(draft.path())?;
        analysis::register(index.tokenizers(), base.dictionary());
        let memory = options.memory_bytes.clamp(THREAD_MEMORY, UPDATE_MEMORY);
        let writer: IndexWriter = index.writer_with_num_threads(1, memory)?;
        // What is merged meanwhile delays what was changed.
        let mut merging = LogMergePolicy::default();
        merging.set_max_docs_before_merge(MERGED_AT_ONCE);
        writer.set_merge_policy(Box::new(merging));
        Ok(Self {
            started,
            fields,
            writer,
            folder,
            draft,
            dictionary: base.dictionary().clone(),
            taxonomies,
            words,
            read: HashMap::new(),
            sources,
            bytes_read: 0,
            keeps_words,
        })
    }

    /// Reads what changed, and forgets what is gone; says whether every source found its place.
    fn apply(
        &mut self,
        corpus: &Corpus,
        changes: Changes,
        options: &Options,
        progress: &dyn Fn(Progress),
    ) -> Result<bool, Error> {
        for name in &changes.gone {
            self.forget(name);
        }
        for Skipped { source, reason } in changes.skipped {
            self.forget(&source);
            let indexed = Indexed {
                digest: reason.clone(),
                order: self.sources.place(&source).unwrap_or(0),
                tally: Tally {
                    skipped: vec![reason],
                    ..Tally::default()
                },
                ..Indexed::default()
            };
            self.sources.all.insert(source, indexed);
        }
        let of = changes.files.len() as u64;
        let mut passages = 0;
        for (done, (file, stamp)) in (0..).zip(changes.files) {
            let show = |of_file: u64| {
                progress(Progress::Reading {
                    files: done,
                    of,
                    passages: passages + of_file,
                });
            };
            show(0);
            let known = self.forget(&file.name);
            let order = known.map_or_else(|| self.sources.place(&file.name), Some);
            let Some(order) = order else {
                return Ok(false);
            };
            let mut indexed = Indexed {
                stamp,
                digest: digest(corpus, &file),
                order,
                ..Indexed::default()
            };
            match corpus.read(&file) {
                Ok(pieces) => self.read(pieces, options.max_chars, &mut indexed, &show)?,
                Err(skipped) => indexed.tally.skipped.push(skipped.reason),
            }
            passages += indexed.tally.passages;
            self.bytes_read += indexed.tally.bytes;
            self.sources.all.insert(file.name, indexed);
        }
        Ok(self.sources.are_in_order())
    }

    /// Takes a source out; gives the place it had.
    fn forget(&mut self, source: &str) -> Option<u64> {
        let known = self.sources.all.remove(source)?;
        let term = Term::from_field_text(self.fields.source, source);
        self.writer.delete_term(term);
        Some(known.order)
    }

    /// Writes what is left, puts the generation in force and opens it.
    fn finish(self, base: Option<&Snapshot>) -> Result<Snapshot, Error> {
        let Self {
            started,
            fields,
            mut writer,
            folder,
            draft,
            dictionary,
            taxonomies,
            words,
            mut read,
            sources,
            bytes_read,
            keeps_words,
        } = self;
        writer.commit()?;
        if base.is_some() {
            merge_deleted(&mut writer)?;
        }
        writer.wait_merging_threads()?;
        let mut catalog = Vec::new();
        for (name, indexed) in sources.in_order() {
            if let Some(own) = read.remove(name) {
                catalog.extend(own);
            } else if let Some(base) = base {
                let own = indexed.reports.iter().filter_map(|id| base.report(id));
                catalog.extend(own.cloned());
            }
        }

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
        write_json(&draft, SOURCES, &sources)?;
        if !keeps_words {
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
        }
        let mut report = sources.report();
        report.bytes_read = bytes_read;
        report.seconds = started.elapsed().as_secs_f64();
        let verified = draft.publish(schema::VERSION, &sources.fingerprint(), report)?;
        let snapshot = Snapshot::open(verified, base.filter(|_| keeps_words))?;
        Draft::forget_old(&folder);
        Ok(snapshot)
    }

    /// Adds the pieces of a file as they come; `show` is told now and then how many passages there
    /// are. A file that breaks off stands as far as it could be read.
    fn read(
        &mut self,
        pieces: Reading,
        max_chars: usize,
        indexed: &mut Indexed,
        show: &dyn Fn(u64),
    ) -> Result<(), Error> {
        for (nth, piece) in pieces.enumerate() {
            match piece {
                Ok(text) => self.add(&text, max_chars, indexed)?,
                Err(skipped) => indexed.tally.skipped.push(skipped.reason),
            }
            if nth % PIECES_SHOWN == PIECES_SHOWN - 1 {
                show(indexed.tally.passages);
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        text: &SourceText,
        max_chars: usize,
        indexed: &mut Indexed,
    ) -> Result<(), Error> {
        indexed.tally.bytes += text.text.len() as u64;
        indexed.tally.warn(&text.warnings);
        for report in &text.reports {
            let (passages, warnings) = passage::split(report, max_chars);
            indexed.tally.warn(&warnings);
            self.add_report(&text.source, report, &passages, indexed)?;
        }
        Ok(())
    }

    fn add_report(
        &mut self,
        source: &str,
        report: &Report,
        passages: &[Passage],
        indexed: &mut Indexed,
    ) -> Result<(), Error> {
        let tally = &mut indexed.tally;
        for boilerplate in &report.boilerplate {
            *tally
                .boilerplate
                .entry(boilerplate.rule.clone())
                .or_default() += 1;
        }
        indexed.reports.push(report.id.clone());
        tally.unknown_regions += u64::from(!report.region.is_known());
        let mut measures: Vec<u32> = passages
            .iter()
            .filter(|passage| passage.kind == Kind::Measure)
            .filter_map(|passage| passage.path.first().copied())
            .collect();
        measures.sort_unstable();
        measures.dedup();
        let catalog = self.read.entry(source.to_owned()).or_default();
        catalog.push(ReportRecord {
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
            let order = indexed.order + tally.passages;
            let document = self.document(source, report, &record, order)?;
            self.writer.add_document(document)?;
            tally.passages += 1;
        }
        Ok(())
    }

    fn document(
        &self,
        source: &str,
        report: &Report,
        record: &PassageRecord,
        order: u64,
    ) -> Result<TantivyDocument, Error> {
        let fields = &self.fields;
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
