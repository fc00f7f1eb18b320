//! Where terms stand, looked up once.
//!
//! A query asks for the same terms many times, to find them, to weigh them, to tell whether they are
//! there at all; readers ask for the same words; and a look into the dictionary of every segment
//! costs about as much as reading a short posting list. So what was looked up is kept with the
//! generation, as much of it as is bounded here.

use std::mem;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;
use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::TermInfo;
use tantivy::query::Bm25StatisticsProvider;
use tantivy::schema::Field;
use tantivy::{InvertedIndexReader, Searcher, SegmentReader, TantivyError, Term};

use crate::index::{Fields, Snapshot, StoredTexts};

/// The most terms on one shelf; when it is full, those of the other are dropped.
const SHELF: usize = 16_384;

/// For each segment, where a term's posting list is.
type Lists = Arc<[Option<TermInfo>]>;

/// The terms of a generation.
pub struct Terms {
    searcher: Searcher,
    fields: Vec<OnceLock<Indexed>>,
    texts: Vec<OnceLock<Arc<StoredTexts>>>,
    known: Mutex<Shelves>,
}

/// A field in all segments.
pub(super) struct Indexed {
    segments: Vec<(Arc<InvertedIndexReader>, Option<FieldNormReader>)>,
    /// How many tokens it has.
    pub(super) tokens: u64,
}

#[derive(Default)]
struct Shelves {
    first: FxHashMap<Term, Lists>,
    second: FxHashMap<Term, Lists>,
}

impl Shelves {
    fn get(&mut self, term: &Term) -> Option<Lists> {
        if let Some(lists) = self.first.get(term) {
            return Some(Arc::clone(lists));
        }
        let lists = Arc::clone(self.second.get(term)?);
        self.put(term, &lists);
        Some(lists)
    }

    fn put(&mut self, term: &Term, lists: &Lists) {
        if self.first.len() >= SHELF {
            self.second = mem::take(&mut self.first);
        }
        self.first.insert(term.clone(), Arc::clone(lists));
    }
}

impl Terms {
    /// Those of the generation of `snapshot`.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Arc<Self> {
        snapshot.attached(|| {
            let searcher = snapshot.searcher().clone();
            let fields = searcher.schema().num_fields();
            Self {
                fields: (0..fields).map(|_| OnceLock::new()).collect(),
                texts: searcher
                    .segment_readers()
                    .iter()
                    .map(|_| OnceLock::new())
                    .collect(),
                known: Mutex::default(),
                searcher,
            }
        })
    }

    pub(super) fn searcher(&self) -> &Searcher {
        &self.searcher
    }

    pub(super) fn segments(&self) -> &[SegmentReader] {
        self.searcher.segment_readers()
    }

    /// How many passages there are, deleted ones with them: what weights are reckoned with.
    pub(super) fn passages(&self) -> u64 {
        let segments = self.segments().iter();
        segments.map(|reader| u64::from(reader.max_doc())).sum()
    }

    pub(super) fn field(&self, field: Field) -> tantivy::Result<&Indexed> {
        let slot = self.fields.get(field.field_id() as usize);
        let slot = slot.ok_or_else(|| {
            TantivyError::InternalError("a field that the schema does not have".to_owned())
        })?;
        if let Some(indexed) = slot.get() {
            return Ok(indexed);
        }
        let mut indexed = Indexed {
            segments: Vec::new(),
            tokens: 0,
        };
        for reader in self.segments() {
            let index = reader.inverted_index(field)?;
            indexed.tokens += index.total_num_tokens();
            let lengths = reader.fieldnorms_readers().get_field(field)?;
            indexed.segments.push((index, lengths));
        }
        Ok(slot.get_or_init(|| indexed))
    }

    /// The texts of a segment.
    pub(super) fn texts(&self, segment: usize) -> tantivy::Result<Arc<StoredTexts>> {
        let opened = self.texts.get(segment).zip(self.segments().get(segment));
        let (slot, reader) = opened.ok_or_else(|| {
            TantivyError::InternalError("a segment that the index does not have".to_owned())
        })?;
        if let Some(texts) = slot.get() {
            return Ok(Arc::clone(texts));
        }
        let texts = Arc::new(StoredTexts::of(reader)?);
        Ok(Arc::clone(slot.get_or_init(|| texts)))
    }

    fn lists(&self, term: &Term) -> tantivy::Result<Lists> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lists) = known().get(term) {
            return Ok(lists);
        }
        let segments = self.field(term.field())?.segments.iter();
        let lists = segments
            .map(|(index, _)| index.get_term_info(term))
            .collect::<std::io::Result<Lists>>()?;
        known().put(term, &lists);
        Ok(lists)
    }

    /// How many passages hold `term`, deleted ones with them.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn frequency(&self, term: &Term) -> tantivy::Result<u64> {
        let lists = self.lists(term)?;
        let lists = lists.iter().flatten();
        Ok(lists.map(|info| u64::from(info.doc_freq)).sum())
    }

    /// How many passages hold `characters`, one or two neighbours, in their text or, where none does,
    /// in the report's title or region. More of them are held by no more passages than this says of
    /// any two neighbours among them.
    ///
    /// # Errors
    ///
    /// Fails when the index cannot be read.
    pub fn character_frequency(&self, fields: &Fields, characters: &str) -> tantivy::Result<u64> {
        for field in [
            fields.text_characters,
            fields.title_characters,
            fields.region_names,
        ] {
            let frequency = self.frequency(&field.term(characters))?;
            if frequency > 0 {
                return Ok(frequency);
            }
        }
        Ok(0)
    }

    /// The posting list of `term` in a segment; nothing where no passage of it holds the term.
    pub(super) fn list(
        &self,
        segment: usize,
        term: &Term,
    ) -> tantivy::Result<Option<(Arc<InvertedIndexReader>, TermInfo)>> {
        let lists = self.lists(term)?;
        let Some(Some(info)) = lists.get(segment) else {
            return Ok(None);
        };
        let indexed = self.field(term.field())?.segments.get(segment);
        Ok(indexed.map(|(index, _)| (Arc::clone(index), info.clone())))
    }
}

impl Bm25StatisticsProvider for Terms {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        Ok(self.field(field)?.tokens)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.passages())
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        self.frequency(term)
    }
}

impl Indexed {
    /// How long the field is in each passage of a segment.
    pub(super) fn lengths(&self, segment: usize) -> tantivy::Result<FieldNormReader> {
        let lengths = self
            .segments
            .get(segment)
            .and_then(|(_, lengths)| lengths.as_ref());
        lengths.cloned().ok_or_else(|| {
            TantivyError::SchemaError("a field whose lengths are not kept".to_owned())
        })
    }
}
