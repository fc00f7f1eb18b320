//! One segment of the engine's, written without its indexing threads.
//!
//! The files are the engine's own, made by its own serializers; only the inversion is ours. The
//! engine finds each token in a hash table and appends to a list in an arena, which at a million
//! passages misses the cache several times a token; sorting goes through memory in order.
//!
//! Invariant: a segment holds what the engine would have written for the same passages
//! (`tests/updates.rs` compares indexes made both ways).

use std::path::{Path, PathBuf};

use tantivy::directory::{Directory, TerminatingWrite};
use tantivy::fastfield::FastFieldsWriter;
use tantivy::fieldnorm::{FieldNormReaders, FieldNormsSerializer, FieldNormsWriter};
use tantivy::index::{Segment, SegmentComponent, SegmentMeta};
use tantivy::indexer::{AddOperation, SegmentWriter};
use tantivy::postings::InvertedIndexSerializer;
use tantivy::schema::{Field, IndexRecordOption, Schema, Value};
use tantivy::store::StoreWriter;
use tantivy::{DocId, Index, TantivyDocument, TantivyError};

use super::cut::{Cut, How, Plan, Text};
use super::grams::{Alphabet, Grams};
use super::runs::{self, Detail, Run, RunWriter, Section};
use super::terms::Terms;

/// Memory of the engine's own writer, for the few passages that are left to it.
const ENGINE_MEMORY: usize = 32 << 20;
/// Passages after which a segment is closed, so that what is held of each stays bounded.
pub(super) const MOST_PASSAGES: DocId = 2_000_000;

/// Where segments are written.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) index: Index,
    pub(super) plan: Plan,
    /// Where runs may be put on disk.
    pub(super) folder: PathBuf,
    /// Memory for a run, in bytes.
    pub(super) memory: usize,
}

/// A segment that is being written.
pub(super) struct Writer {
    target: Target,
    segment: Segment,
    schema: Schema,
    docs: DocId,
    columns: FastFieldsWriter,
    norms: FieldNormsWriter,
    store: StoreWriter,
    /// Tokens of each field.
    tokens: Vec<u64>,
    alphabet: Alphabet,
    grams: Vec<Option<Grams>>,
    terms: Terms,
    runs: Vec<Run>,
    scratch: Vec<u64>,
}

impl Writer {
    pub(super) fn begin(target: &Target) -> tantivy::Result<Self> {
        let index = &target.index;
        let segment = index.new_segment();
        let schema = segment.schema();
        let settings = index.settings();
        // The calling thread has work enough for itself: another one to compress would only wait.
        let store = StoreWriter::new(
            segment.open_write(SegmentComponent::Store)?,
            settings.docstore_compression,
            settings.docstore_blocksize,
            false,
        )?;
        let fields = target.plan.fields.len();
        let grams = |(at, how): (usize, &How)| {
            let kind = schema.get_field_entry(field(at)).field_type();
            let option = kind.index_record_option();
            let has_places = option.is_some_and(IndexRecordOption::has_positions);
            matches!(how, How::Grams { .. }).then(|| Grams::new(has_places))
        };
        let grams = target.plan.fields.iter().enumerate().map(grams).collect();
        Ok(Self {
            columns: FastFieldsWriter::from_schema_and_tokenizer_manager(
                &schema,
                index.fast_field_tokenizer().clone(),
            )?,
            norms: FieldNormsWriter::for_schema(&schema),
            store,
            tokens: vec![0; fields],
            alphabet: Alphabet::new(),
            grams,
            terms: Terms::new(fields),
            runs: Vec::new(),
            scratch: Vec::new(),
            target: target.clone(),
            segment,
            schema,
            docs: 0,
        })
    }

    pub(super) fn docs(&self) -> DocId {
        self.docs
    }

    /// Adds a passage that is not [large](Cut::large).
    pub(super) fn add(&mut self, cut: &Cut) -> tantivy::Result<()> {
        let room = self.alphabet.has_room(cut.characters)
            && self
                .grams
                .iter()
                .flatten()
                .all(|grams| grams.has_room(cut.characters));
        if !room || self.memory() > self.target.memory {
            self.end_run(true)?;
        }
        let doc = self.docs;
        self.columns.add_document(&cut.rest)?;
        self.store.store(&cut.rest, &self.schema)?;
        let mut counts = vec![None; self.tokens.len()];
        let mut count = |field: Field, tokens: u32| {
            if let Some(count) = counts.get_mut(field.field_id() as usize) {
                *count = Some(count.unwrap_or(0) + tokens);
            }
        };
        for (field, text) in &cut.texts {
            let at = field.field_id() as usize;
            match (text, self.target.plan.of(*field)) {
                (Text::Words(words), _) => {
                    count(*field, self.terms.add_all(at, words, doc));
                }
                (Text::Characters(text), How::Grams { singles }) => {
                    let Some(Some(grams)) = self.grams.get_mut(at) else {
                        continue;
                    };
                    let counted = grams.add(&mut self.alphabet, doc, text);
                    count(*field, counted.pairs);
                    count(singles.unwrap_or(*field), counted.singles);
                }
                (Text::Characters(_), _) => {}
            }
        }
        for (field, value) in cut.rest.field_values() {
            let at = field.field_id() as usize;
            let taken = match self.target.plan.of(field) {
                How::Raw => value
                    .as_str()
                    .map(|text| self.terms.add(at, text.as_bytes(), doc)),
                How::Number => value
                    .as_u64()
                    .map(|number| self.terms.add(at, &number.to_be_bytes(), doc)),
                _ => None,
            };
            if let Some(taken) = taken {
                count(field, taken.into());
            }
        }
        for (at, count) in (0..).zip(counts) {
            if let Some(count) = count {
                if let Some(tokens) = self.tokens.get_mut(at as usize) {
                    *tokens += u64::from(count);
                }
                self.norms.record(doc, Field::from_field_id(at), count);
            }
        }
        self.docs += 1;
        Ok(())
    }

    /// Bytes that the open run needs.
    fn memory(&self) -> usize {
        let grams = self.grams.iter().flatten();
        self.terms.memory() + grams.map(Grams::memory).sum::<usize>()
    }

    fn end_run(&mut self, on_disk: bool) -> std::io::Result<()> {
        let fields = self.tokens.len();
        let mut run = if on_disk {
            RunWriter::on_disk(fields, &self.target.folder)?
        } else {
            RunWriter::in_memory(fields)
        };
        let characters = self.alphabet.order();
        let terms = self.terms.order();
        let mut grams = self.grams.iter_mut();
        for (at, how) in self.target.plan.fields.iter().enumerate() {
            let own = grams.next().and_then(Option::as_mut);
            let detail = self.schema.get_field_entry(field(at)).field_type();
            let detail = match detail.index_record_option() {
                Some(option) if option.has_positions() => Detail::Positions,
                Some(option) if option.has_freq() => Detail::Freqs,
                _ => Detail::Docs,
            };
            match (how, own) {
                (How::Not | How::Derived, _) => {}
                (How::Grams { singles }, Some(own)) => {
                    let mut pairs = Section::new(detail);
                    let mut others = singles.map(|_| Section::new(Detail::Freqs));
                    own.write(&characters, others.as_mut(), &mut pairs, &mut self.scratch);
                    run.add(at, &pairs)?;
                    if let (Some(singles), Some(section)) = (singles, others) {
                        run.add(singles.field_id() as usize, &section)?;
                    }
                }
                _ => {
                    let mut section = Section::new(detail);
                    self.terms
                        .write(at, &terms, &mut section, &mut self.scratch);
                    run.add(at, &section)?;
                }
            }
        }
        self.runs.push(run.finish()?);
        self.alphabet = Alphabet::new();
        self.terms.clear();
        Ok(())
    }

    /// Writes what is left; gives the segment that holds what was added.
    pub(super) fn finish(mut self) -> tantivy::Result<SegmentMeta> {
        self.end_run(false)?;
        self.scratch = Vec::new();
        self.terms = Terms::new(self.tokens.len());
        self.grams.clear();
        self.store.close()?;
        let mut columns = self.segment.open_write(SegmentComponent::FastFields)?;
        self.columns.serialize(&mut columns, None)?;
        columns.terminate()?;
        self.norms.fill_up_to_max_doc(self.docs);
        let norms = self.segment.open_write(SegmentComponent::FieldNorms)?;
        self.norms
            .serialize(FieldNormsSerializer::from_write(norms)?, None)?;
        let norms = self.segment.open_read(SegmentComponent::FieldNorms)?;
        let norms = FieldNormReaders::open(norms)?;
        let mut inverted = InvertedIndexSerializer::open(&self.segment)?;
        for (at, &tokens) in self.tokens.iter().enumerate() {
            let Some((detail, mut cursors)) = runs::of_field(&self.runs, at)? else {
                continue;
            };
            let norms = norms.get_field(field(at))?;
            let mut into = inverted.new_field(field(at), tokens, norms)?;
            runs::merge(detail, &mut cursors, &mut into)?;
            into.close()?;
        }
        inverted.close()?;
        Ok(self.segment.meta().clone().with_max_doc(self.docs))
    }
}

/// A segment of passages that are too large for a run, written by the engine.
pub(super) struct Large {
    segment: Segment,
    writer: SegmentWriter,
}

impl Large {
    pub(super) fn begin(target: &Target) -> tantivy::Result<Self> {
        let segment = target.index.new_segment();
        Ok(Self {
            writer: SegmentWriter::for_segment(ENGINE_MEMORY, segment.clone())?,
            segment,
        })
    }

    pub(super) fn add(&mut self, document: TantivyDocument) -> tantivy::Result<()> {
        self.writer.add_document(AddOperation {
            opstamp: 0,
            document,
        })
    }

    pub(super) fn finish(self) -> tantivy::Result<SegmentMeta> {
        let docs = self.writer.max_doc();
        self.writer.finalize()?;
        Ok(self.segment.meta().clone().with_max_doc(docs))
    }
}

fn field(at: usize) -> Field {
    Field::from_field_id(u32::try_from(at).unwrap_or(u32::MAX))
}

/// Makes `segments` part of what the engine reads from `index`.
pub(super) fn publish(index: &Index, segments: Vec<SegmentMeta>) -> tantivy::Result<()> {
    let mut all = index.load_metas()?;
    all.segments.extend(segments);
    all.segments
        .sort_by_key(|segment| std::cmp::Reverse(segment.max_doc()));
    let content =
        serde_json::to_vec(&all).map_err(|error| TantivyError::InternalError(error.to_string()))?;
    let directory = index.directory();
    directory.sync_directory()?;
    directory.atomic_write(Path::new("meta.json"), &content)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tantivy::postings::Postings;
    use tantivy::schema::Document as _;
    use tantivy::{DocSet, IndexWriter, SegmentReader, TERMINATED};

    use super::*;
    use crate::analysis::{self, Dictionary};
    use crate::index::bulk::cut::Cutter;
    use crate::index::document::Document;
    use crate::index::schema::{self, Fields};

    /// Everything a segment says of a field: terms with passages, frequencies and positions, and
    /// the lengths of the field.
    type Told = (
        u64,
        Vec<(Vec<u8>, Vec<(DocId, u32, Vec<u32>)>)>,
        Option<Vec<u8>>,
    );

    fn told(reader: &SegmentReader, field: Field) -> tantivy::Result<Told> {
        let inverted = reader.inverted_index(field)?;
        let kind = reader.schema().get_field_entry(field).field_type().clone();
        let option = kind.index_record_option().unwrap_or_default();
        let mut terms = Vec::new();
        let mut stream = inverted.terms().stream()?;
        while stream.advance() {
            let info = stream.value().clone();
            let mut postings = inverted.read_postings_from_terminfo(&info, option)?;
            let mut docs = Vec::new();
            while postings.doc() != TERMINATED {
                let mut positions = Vec::new();
                if option.has_positions() {
                    postings.positions(&mut positions);
                }
                docs.push((postings.doc(), postings.term_freq(), positions));
                postings.advance();
            }
            assert_eq!(info.doc_freq as usize, docs.len());
            terms.push((stream.key().to_vec(), docs));
        }
        let norms = reader.fieldnorms_readers().get_field(field)?;
        let norms = norms.map(|norms| {
            let docs = 0..reader.max_doc();
            docs.map(|doc| norms.fieldnorm_id(doc)).collect()
        });
        Ok((inverted.total_num_tokens(), terms, norms))
    }

    fn passage(
        fields: &Fields,
        id: usize,
        [title, heading, text]: &[String; 3],
    ) -> Document<'static> {
        let mut document = TantivyDocument::new();
        document.add_text(fields.id, format!("p{id}"));
        document.add_text(
            fields.kind,
            if id.is_multiple_of(3) {
                "overview"
            } else {
                "measure"
            },
        );
        document.add_u64(fields.order, id as u64);
        for year in 0..id % 3 {
            document.add_u64(fields.year, 2000 + year as u64);
        }
        document.add_bytes(fields.record, text.as_bytes());
        let texts = [
            (fields.region_names.pairs, title),
            (fields.title_words, title),
            (fields.title_characters.pairs, title),
            (fields.heading_words, heading),
            (fields.heading_characters.pairs, heading),
            (fields.body_words, text),
            (fields.text_characters.pairs, text),
            (fields.text_characters.singles, text),
        ];
        let texts = texts.map(|(field, text)| (field, text.clone().into()));
        Document {
            rest: document,
            texts: texts.into(),
            marks: (fields.marks, fields.text_characters.pairs),
        }
    }

    fn index() -> tantivy::Result<(Index, Fields)> {
        let (schema, fields) = schema::schema();
        let index = Index::builder()
            .schema(schema)
            .settings(schema::settings())
            .create_in_ram()?;
        analysis::register(index.tokenizers(), &Dictionary::standard());
        Ok((index, fields))
    }

    /// The same passages in a segment of the engine's and in one of ours.
    fn both(texts: &[[String; 3]], memory: usize) -> tantivy::Result<(Index, Index)> {
        let (theirs, fields) = index()?;
        let mut engine: IndexWriter = theirs.writer_with_num_threads(1, 32 << 20)?;
        for (id, text) in texts.iter().enumerate() {
            engine.add_document(passage(&fields, id, text).whole())?;
        }
        engine.commit()?;
        let (ours, fields) = index()?;
        let folder = tempfile::tempdir()?;
        let target = Target {
            plan: Plan::new(&ours.schema()),
            index: ours.clone(),
            folder: folder.path().to_owned(),
            memory,
        };
        let mut writer = Writer::begin(&target)?;
        let dictionary = Dictionary::standard();
        let mut cutter = Cutter::new(&target.plan, &dictionary);
        for (id, text) in texts.iter().enumerate() {
            writer.add(&cutter.cut(passage(&fields, id, text)))?;
        }
        publish(&ours, vec![writer.finish()?])?;
        Ok((theirs, ours))
    }

    fn compare(texts: &[[String; 3]], memory: usize) -> tantivy::Result<()> {
        let (theirs, ours) = both(texts, memory)?;
        let [theirs, ours] = [theirs, ours].map(|index| index.reader().map(|own| own.searcher()));
        let (theirs, ours) = (theirs?, ours?);
        let (theirs, ours) = (theirs.segment_reader(0), ours.segment_reader(0));
        assert_eq!(theirs.max_doc(), ours.max_doc());
        for (field, entry) in theirs.schema().fields() {
            if entry.is_indexed() {
                assert_eq!(told(theirs, field)?, told(ours, field)?, "{}", entry.name());
            }
        }
        for doc in 0..ours.max_doc() {
            let [left, right] = [theirs, ours].map(|reader| {
                let store = reader.get_store_reader(1)?;
                store.get::<TantivyDocument>(doc)
            });
            assert_eq!(
                left?.to_json(theirs.schema()),
                right?.to_json(ours.schema())
            );
            let [left, right] = [theirs, ours].map(|reader| {
                let column = reader.fast_fields().u64("year")?;
                tantivy::Result::Ok(column.values_for_doc(doc).collect::<Vec<_>>())
            });
            assert_eq!(left?, right?);
        }
        let singles = schema::schema().1.text_characters.singles;
        let option = ours.schema().get_field_entry(singles).field_type();
        assert_eq!(
            option.index_record_option(),
            Some(IndexRecordOption::WithFreqs)
        );
        Ok(())
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[教育局学校师生 ，。0-9a]{0,40}",
            "[\\PC\\n]{0,30}",
            "[的]{0,300}",
            Just("𠀀𠀁教𠀀𠀁育".to_owned()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_segment_holds_what_the_engine_would_have_written(
            texts in prop::collection::vec([text(), text(), text()], 1..12),
            memory in prop_oneof![Just(0), Just(4_000), Just(1 << 30)],
        ) {
            compare(&texts, memory)?;
        }
    }

    #[test]
    fn large_groups_are_sorted_by_digits() -> tantivy::Result<()> {
        let long: String = ('\u{4e00}'..'\u{5800}').flat_map(|c| ['的', c]).collect();
        compare(&[[long.clone(), long.clone(), long.repeat(3)]], 1 << 30)
    }
}
