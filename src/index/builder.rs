//! A generation while it is being built, from nothing or from another one.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use tantivy::indexer::LogMergePolicy;
use tantivy::{IndexWriter, Term};

use super::build::{Progress, Taken};
use super::bulk::{Broken, Bulk, Job, Kit};
use super::changes::{self, Changes};
use super::completions;
use super::document::{document, record};
use super::generation::{Claim, Draft};
use super::lexicon::{self, Lexicon};
use super::means::Means;
use super::record::ReportRecord;
use super::schema::{self, Fields};
use super::snapshot::{CATALOG, Content, VOCABULARY, Vocabulary};
use super::sources::{Indexed, Origin, SOURCES, Sources, Tally, hex, place_of_sent, term_of_sent};
use super::{Error, Options, Snapshot, Texts, packed};
use crate::analysis::{self, Dictionary};
use crate::corpus::{self, Corpus, DictionaryWord, Reading, Rules, Skipped, SourceText};
use crate::fold::fold;
use crate::passage;
use crate::report::{Kind, Passage, Report, Warning};
use crate::store::{Listed, Store};

/// In an index of more passages than this, what readers may type is not gathered anew for each
/// change, which would then take longer than the change.
const GATHERED_EACH_TIME: u64 = 2000;
/// tantivy's most memory for taking in a change.
const UPDATE_MEMORY: usize = 64 << 20;
/// Segments of more passages than this are not merged while a change waits to be seen: writing them
/// takes longer than the change.
const MERGED_AT_ONCE: usize = 4000;
/// A large segment of which one passage in so many is gone is rewritten when there is time.
const DELETED_SHARE: usize = 5;
/// Text a writer thread should have before another one is worth starting, in bytes.
const BYTES_PER_THREAD: u64 = 4 << 20;
/// tantivy's least memory for a writer thread, in bytes.
const THREAD_MEMORY: usize = 16 << 20;
/// How many records of a file are added before progress is told again.
const PIECES_SHOWN: usize = 256;
/// Why a report is not in the index that broke what reads it.
const BROKEN: &str = "处理时程序出错，没有收入索引；请把它报告给维护者";
/// Warnings that are kept of one report that was sent.
const WARNINGS_TOLD: usize = 20;

/// What takes passages in: the engine, a few as they come, or workers of our own, many at once.
enum Writing {
    /// The engine's writer.
    Few(IndexWriter),
    /// Workers, and the engine's writer for what is taken out, where there is something already.
    Many(Bulk, Option<IndexWriter>),
}

/// A generation being built. The writer stands before the draft, whose files it has open, so that
/// it is dropped first.
pub(super) struct Builder {
    started: Instant,
    fields: Fields,
    writing: Writing,
    draft: Draft,
    claim: Claim,
    dictionary: Dictionary,
    means: Arc<Means>,
    /// The reports of the sources that were read, by the term of the source.
    read: HashMap<String, Vec<ReportRecord>>,
    pub(super) sources: Sources,
    /// Bytes of the sources that were read.
    pub(super) bytes_read: u64,
    /// What became of the reports that were sent.
    taken: Vec<Taken>,
    /// Whether the words and completions of the generation before are good enough.
    keeps_words: bool,
    /// Whether nobody waits for it.
    has_time: bool,
}

impl Builder {
    /// Starts a generation for about `bytes` of text.
    pub(super) fn begin(
        means: Arc<Means>,
        claim: &Claim,
        options: &Options,
        bytes: u64,
    ) -> Result<Self, Error> {
        let started = Instant::now();
        let dictionary = dictionary(&means.words);
        let draft = claim.draft()?;
        let (schema, fields) = schema::schema();
        let index = tantivy::Index::builder()
            .schema(schema)
            .settings(schema::settings())
            .create_in_dir(draft.path())?;
        analysis::register(index.tokenizers(), &dictionary);
        let memory = options.memory_bytes.max(THREAD_MEMORY);
        let kit = Kit {
            fields: fields.clone(),
            dictionary: dictionary.clone(),
            means: Arc::clone(&means),
        };
        let threads = threads(options, memory, bytes);
        let bulk = Bulk::begin(&index, draft.path(), kit, threads, memory);
        let sources = Sources {
            basis: means.digest.clone(),
            parts: means.parts.clone(),
            ..Sources::default()
        };
        Ok(Self {
            started,
            fields,
            writing: Writing::Many(bulk, None),
            draft,
            claim: claim.clone(),
            dictionary,
            means,
            read: HashMap::new(),
            sources,
            bytes_read: 0,
            taken: Vec::new(),
            keeps_words: false,
            has_time: true,
        })
    }

    /// Starts a generation that holds what `base` does, for about `bytes` of text more. What readers
    /// may type is gathered anew where `base` is small, or where it `gathers`; then there is time to
    /// put its segments in order too.
    pub(super) fn resume(
        base: &Snapshot,
        means: Arc<Means>,
        claim: &Claim,
        options: &Options,
        bytes: u64,
        gathers: bool,
    ) -> Result<Self, Error> {
        let started = Instant::now();
        let keeps_words = base.passages() > GATHERED_EACH_TIME && !gathers;
        let draft = claim.draft_from(
            &base.verified(claim.path()),
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
        if !gathers {
            merging.set_max_docs_before_merge(MERGED_AT_ONCE);
        }
        writer.set_merge_policy(Box::new(merging));
        let writing = if bytes > BYTES_PER_THREAD {
            let kit = Kit {
                fields: fields.clone(),
                dictionary: base.dictionary().clone(),
                means: Arc::clone(&means),
            };
            let memory = options.memory_bytes.max(THREAD_MEMORY);
            let threads = threads(options, memory, bytes);
            let bulk = Bulk::begin(&index, draft.path(), kit, threads, memory);
            Writing::Many(bulk, Some(writer))
        } else {
            Writing::Few(writer)
        };
        Ok(Self {
            started,
            fields,
            writing,
            draft,
            claim: claim.clone(),
            dictionary: base.dictionary().clone(),
            means,
            read: HashMap::new(),
            sources: Sources::clone(base.sources()),
            bytes_read: 0,
            taken: Vec::new(),
            keeps_words,
            has_time: gathers,
        })
    }

    /// Reads what changed, and forgets what is gone; says whether every file found its place.
    pub(super) fn apply(
        &mut self,
        texts: Texts<'_>,
        changes: Changes,
        progress: &dyn Fn(Progress),
    ) -> Result<bool, Error> {
        let corpus = texts.corpus.clone().with_rules(self.means.rules.clone());
        for (name, stamp) in changes.stamps {
            if let Some(known) = self.sources.all.get_mut(&name) {
                known.stamp = Some(stamp);
            }
        }
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
        let of = (changes.files.len() + changes.sent.len()) as u64;
        let files = changes.files.len() as u64;
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
                digest: changes::digest(&corpus, &file),
                order,
                ..Indexed::default()
            };
            match corpus.read(&file) {
                Ok(pieces) => self.read(pieces, &mut indexed, &show)?,
                Err(skipped) => indexed.tally.skipped.push(skipped.reason),
            }
            passages += indexed.tally.passages;
            self.bytes_read += indexed.tally.bytes;
            self.sources.all.insert(file.name, indexed);
        }
        for id in &changes.withdrawn {
            self.forget_sent(id);
        }
        if let Some(store) = texts.sent {
            for (done, (nth, report)) in (files..).zip(changes.sent.iter().enumerate()) {
                if nth % PIECES_SHOWN == 0 {
                    progress(Progress::Reading {
                        files: done,
                        of,
                        passages,
                    });
                }
                passages += self.take(&corpus, store, report)?;
            }
        }
        Ok(self.sources.are_in_order())
    }

    /// Takes in a report that was sent; says how many passages it has. One that cannot be taken in
    /// is noted as such, and not tried again until it is sent anew.
    fn take(&mut self, corpus: &Corpus, store: &Store, report: &Listed) -> Result<u64, Error> {
        let id = &*report.id;
        self.forget_sent(id);
        let mut indexed = Indexed {
            digest: hex(&report.digest),
            order: place_of_sent(report.first),
            tally: Tally {
                origin: Origin::Sent,
                ..Tally::default()
            },
            ..Indexed::default()
        };
        let rules = &corpus.limits().rules;
        match read_sent(store, id, rules, self.means.max_chars) {
            Ok((text, pieces)) => {
                indexed.tally.bytes = text.text.len() as u64;
                indexed.tally.warn(&text.warnings);
                for (report, (passages, warnings)) in text.reports.into_iter().zip(pieces) {
                    indexed.tally.warn(&warnings);
                    self.add_report(&term_of_sent(id), report, passages, &mut indexed)?;
                }
            }
            Err(reason) => indexed.tally.skipped.push(reason),
        }
        let passages = indexed.tally.passages;
        self.bytes_read += indexed.tally.bytes;
        let told = indexed.tally.warnings.iter().take(WARNINGS_TOLD);
        self.taken.push(Taken {
            id: id.to_owned(),
            seq: report.seq,
            task: report.task,
            passages,
            warnings: told.map(|warning| warning.message.clone()).collect(),
            error: indexed.tally.skipped.first().cloned(),
        });
        self.sources.sent.insert(id.to_owned(), indexed);
        Ok(passages)
    }

    /// Takes a file out; gives the place it had.
    fn forget(&mut self, source: &str) -> Option<u64> {
        let known = self.sources.all.remove(source)?;
        self.sources.ungathered += known.tally.passages;
        self.delete(source);
        Some(known.order)
    }

    /// Takes a report out that was sent.
    fn forget_sent(&mut self, id: &str) {
        if let Some(known) = self.sources.sent.remove(id) {
            self.sources.ungathered += known.tally.passages;
            self.delete(&term_of_sent(id));
        }
    }

    fn delete(&self, source: &str) {
        let term = Term::from_field_text(self.fields.source, source);
        if let Writing::Few(writer) | Writing::Many(_, Some(writer)) = &self.writing {
            writer.delete_term(term);
        }
    }

    /// Writes what is left, puts the generation in force and opens it.
    pub(super) fn finish(self, base: Option<&Snapshot>) -> Result<(Snapshot, Vec<Taken>), Error> {
        let Self {
            started,
            fields,
            writing,
            draft,
            claim,
            dictionary,
            means,
            mut read,
            mut sources,
            bytes_read,
            mut taken,
            keeps_words,
            has_time,
        } = self;
        if !keeps_words {
            sources.ungathered = 0;
        }
        let broken = write(writing, &draft, base.is_some(), has_time)?;
        for Broken { term, report } in broken {
            let mut passages = 0;
            if let Some(read) = read.get_mut(&term) {
                let own = read.iter().filter(|record| record.id == report);
                passages = own.map(|record| record.passages).sum();
                read.retain(|record| record.id != report);
            }
            sources.leave_out(&term, &report, passages, BROKEN);
            let sent = taken.iter_mut();
            for taken in sent.filter(|taken| term_of_sent(&taken.id) == term) {
                taken.passages = taken.passages.saturating_sub(passages.into());
                taken.error = Some(BROKEN.to_owned());
            }
        }
        let mut catalog = Vec::new();
        for (name, indexed) in sources.in_order() {
            let own = match indexed.tally.origin {
                Origin::File => read.remove(name),
                Origin::Sent => read.remove(&term_of_sent(name)),
            };
            if let Some(own) = own {
                catalog.extend(own);
            } else if let Some(base) = base {
                let own = indexed.reports.iter().filter_map(|id| base.report(id));
                catalog.extend(own.cloned());
            }
        }

        let vocabulary = vocabulary(&means);
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
        let content = Content {
            reports: catalog,
            sources,
            means: Some(means),
        };
        let opened = Snapshot::of(verified, content, base.filter(|_| keeps_words))?;
        claim.forget_old();
        Ok((opened, taken))
    }

    /// Adds the pieces of a file as they come; `show` is told now and then how many passages there
    /// are. A file that breaks off stands as far as it could be read.
    fn read(
        &mut self,
        pieces: Reading,
        indexed: &mut Indexed,
        show: &dyn Fn(u64),
    ) -> Result<(), Error> {
        for (nth, piece) in pieces.enumerate() {
            match piece {
                Ok(text) => self.add(text, indexed)?,
                Err(skipped) => indexed.tally.skipped.push(skipped.reason),
            }
            if nth % PIECES_SHOWN == PIECES_SHOWN - 1 {
                show(indexed.tally.passages);
            }
        }
        Ok(())
    }

    fn add(&mut self, text: SourceText, indexed: &mut Indexed) -> Result<(), Error> {
        indexed.tally.bytes += text.text.len() as u64;
        indexed.tally.warn(&text.warnings);
        for report in text.reports {
            let (passages, warnings) = passage::split(&report, self.means.max_chars);
            indexed.tally.warn(&warnings);
            self.add_report(&text.source, report, passages, indexed)?;
        }
        Ok(())
    }

    /// Adds a report of the source that `term` tells from others.
    pub(super) fn add_report(
        &mut self,
        term: &str,
        report: Report,
        passages: Vec<Passage>,
        indexed: &mut Indexed,
    ) -> Result<(), Error> {
        indexed.count(&report);
        let tally = &mut indexed.tally;
        let mut measures: Vec<u32> = passages
            .iter()
            .filter(|passage| passage.kind == Kind::Measure)
            .filter_map(|passage| passage.path.first().copied())
            .collect();
        measures.sort_unstable();
        measures.dedup();
        let catalog = self.read.entry(term.to_owned()).or_default();
        catalog.push(ReportRecord {
            id: report.id.clone(),
            title: report.title.clone(),
            tagline: report.tagline.clone(),
            region: Arc::new(report.region.clone()),
            region_reason: report.region_reason,
            metadata: report.metadata.clone(),
            source: report.source.clone(),
            range: report.range,
            passages: u32::try_from(passages.len()).unwrap_or(u32::MAX),
            measures: u32::try_from(measures.len()).unwrap_or(u32::MAX),
            characters: report.text.chars().count() as u64,
        });
        let order = indexed.order + tally.passages;
        self.sources.ungathered += passages.len() as u64;
        tally.passages += passages.len() as u64;
        match &self.writing {
            Writing::Few(writer) => {
                let taxonomy = self.means.taxonomies.of(&report.source);
                for (order, passage) in (order..).zip(&passages) {
                    let record = record(&report, passage, taxonomy);
                    let document = document(&self.fields, term, &report, &record, order)?;
                    writer.add_document(document.whole())?;
                }
            }
            Writing::Many(bulk, _) => {
                let job = Job {
                    term: term.to_owned(),
                    report: Arc::new(report),
                    passages,
                    order,
                };
                bulk.add(job)?;
            }
        }
        Ok(())
    }
}

/// Writes what is left, and puts segments in order where there were some; gives the reports that
/// could not be taken in.
fn write(
    writing: Writing,
    draft: &Draft,
    resumes: bool,
    has_time: bool,
) -> Result<Vec<Broken>, Error> {
    match writing {
        Writing::Few(mut writer) => {
            writer.commit()?;
            if resumes {
                merge_deleted(&mut writer, has_time)?;
            }
            writer.wait_merging_threads()?;
            Ok(Vec::new())
        }
        Writing::Many(bulk, writer) => {
            // What is taken out is taken out of what was there before.
            if let Some(mut writer) = writer {
                writer.commit()?;
                merge_deleted(&mut writer, has_time)?;
                writer.wait_merging_threads()?;
            }
            bulk.finish(&tantivy::Index::open_in_dir(draft.path())?)
        }
    }
}

/// The passages of each report of a text, and what is odd about them.
pub(super) type Pieces = Vec<(Vec<Passage>, Vec<Warning>)>;

/// The text of a report that was sent, and its passages; or why it gives none, in Chinese.
pub(super) fn read_sent(
    store: &Store,
    id: &str,
    rules: &Rules,
    max_chars: usize,
) -> Result<(SourceText, Pieces), String> {
    // A report that breaks what reads it must not keep all others from being found.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let content = store.get(id).map_err(|error| error.to_string())?;
        // Withdrawn since; that will be found next.
        let content = content.ok_or("已撤回")?.content;
        let source = content.name.as_deref().unwrap_or(id);
        let text = corpus::sent(id, source, &content.text, &content.given, rules)?;
        let reports = text.reports.iter();
        let pieces = reports.map(|report| passage::split(report, max_chars));
        let pieces = pieces.collect();
        Ok((text, pieces))
    }));
    read.unwrap_or_else(|_| {
        tracing::error!(id, "读一份提交的报告时程序出错，没有收入索引");
        Err(BROKEN.to_owned())
    })
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

fn vocabulary(means: &Means) -> Vocabulary {
    let themes = means.taxonomies.themes();
    Vocabulary {
        themes: themes
            .iter()
            .map(|theme| (theme.id.clone(), theme.label.clone()))
            .collect(),
        theme_parents: themes
            .iter()
            .filter_map(|theme| Some((theme.id.clone(), theme.parent.clone()?)))
            .collect(),
        words: means
            .words
            .iter()
            .map(|word| (word.word.clone(), word.frequency))
            .collect(),
    }
}

/// How many threads are worth starting for `bytes` of text.
fn threads(options: &Options, memory: usize, bytes: u64) -> usize {
    let useful = usize::try_from(bytes / BYTES_PER_THREAD).unwrap_or(usize::MAX);
    options
        .threads
        .min(useful.saturating_add(1))
        .min(memory / THREAD_MEMORY)
        .max(1)
}

/// Rewrites segments that hold passages which are gone: until then these count in how rare a word
/// is. Of large segments, only those are rewritten that hold many, and only if there is time.
fn merge_deleted(writer: &mut IndexWriter, has_time: bool) -> Result<(), Error> {
    let segments = writer.index().searchable_segment_metas()?;
    let worth = segments.iter().filter(|segment| {
        let deleted = segment.num_deleted_docs() as usize;
        deleted > 0
            && (segment.max_doc() as usize <= MERGED_AT_ONCE
                || (has_time && deleted * DELETED_SHARE > segment.max_doc() as usize))
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
    let content = serde_json::to_vec(value).map_err(|error| Error::Unwritable {
        path: draft.path().join(name),
        source: std::io::Error::other(error),
    })?;
    packed::write(draft.path(), name, &content)
}
