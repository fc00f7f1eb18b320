//! The fields of a passage in the index.
//!
//! Each text is indexed as words, which rank, and as characters, which find any string: those of
//! titles, headings and names with their places, those of the text without, since these would take
//! more room than the text itself, which says them too (`super::stored`). Title means the report's title; heading the passage's
//! own and those above it, an overview's being the title, which then counts only there; body its
//! paragraphs; `text_characters` the whole passage.

use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::store::Compressor;
use tantivy::tokenizer::RAW_TOKENIZER_NAME;
use tantivy::{IndexSettings, Term};

use crate::analysis;
use crate::quantity::Class;

/// Raised whenever fields, splitting, analysis, embedded tables or the stored form change, so that
/// an index made before is rebuilt rather than misread.
pub(super) const VERSION: u32 = 8;

/// Bytes of a block of stored passages, which is copied to read one of them.
const STORE_BLOCK: usize = 2048;

/// Handles of all fields.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the module's head says what they hold")]
pub struct Fields {
    pub id: Field,
    pub report: Field,
    /// The source the report stands in.
    pub source: Field,
    pub order: Field,
    pub region_order: Field,
    pub kind: Field,
    pub theme: Field,
    /// The year the report is of, or else the years the passage mentions.
    pub year: Field,
    /// Each of the offices that issued the report.
    pub issuer: Field,
    /// The day of the report, as 20161124.
    pub date: Field,
    /// Names by which a filter may ask for the division: its name, its full name, its code.
    pub province: Field,
    pub city: Field,
    pub county: Field,
    /// The division as `province/city/county`, for counting.
    pub province_path: Field,
    pub city_path: Field,
    pub county_path: Field,
    /// Every full and short name of the region and the divisions it belongs to.
    pub region_names: Characters,
    pub title_words: Field,
    pub title_characters: Characters,
    pub heading_words: Field,
    pub heading_characters: Characters,
    pub body_words: Field,
    pub text_characters: Characters,
    /// The punctuation and blanks that stand in the text, each as one term.
    pub marks: Field,
    /// For each class of figures, the lower ends of those in the text and the upper ends, in the
    /// same order.
    pub quantities: Vec<(Class, Field, Field)>,
    pub record: Field,
}

/// Where the characters of a text are indexed.
///
/// A string of two or more is a phrase of pairs, whose places are indexed, or the text is looked
/// through; single characters need none, and those of texts have a field of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Characters {
    /// Each two neighbours.
    pub pairs: Field,
    /// Each character.
    pub singles: Field,
}

impl Characters {
    fn of(field: Field) -> Self {
        Self {
            pairs: field,
            singles: field,
        }
    }

    /// Whether the places of pairs are indexed: those of texts, which have a field for single
    /// characters, are not.
    #[must_use]
    pub fn have_places(self) -> bool {
        self.pairs == self.singles
    }

    /// The field that holds `gram`, one or two characters.
    #[must_use]
    pub fn holding(self, gram: &str) -> Field {
        let mut chars = gram.chars();
        match (chars.next(), chars.next()) {
            (Some(_), None) => self.singles,
            _ => self.pairs,
        }
    }

    /// The term that `gram`, one or two characters, is indexed as.
    #[must_use]
    pub fn term(self, gram: &str) -> Term {
        Term::from_field_text(self.holding(gram), gram)
    }
}

impl Fields {
    /// The names of the columns that hold the ends of the figures of `class`, lower first.
    #[must_use]
    pub fn quantity_columns(class: Class) -> [String; 2] {
        ["low", "high"].map(|end| format!("quantity_{}_{end}", class.as_str()))
    }
}

/// The schema and its fields.
pub(super) fn schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let counted = || TextOptions::default().set_fast(RAW_TOKENIZER_NAME);
    let words = || indexed(analysis::WORDS, IndexRecordOption::WithFreqs);
    let characters = || {
        indexed(
            analysis::CHARACTERS,
            IndexRecordOption::WithFreqsAndPositions,
        )
    };
    let raw = || {
        TextOptions::default().set_indexing_options(
            TextFieldIndexing::default()
                .set_tokenizer(RAW_TOKENIZER_NAME)
                .set_fieldnorms(false)
                .set_index_option(IndexRecordOption::Basic),
        )
    };
    let fields = Fields {
        id: schema.add_text_field("id", raw()),
        report: schema.add_text_field("report", STRING | FAST),
        source: schema.add_text_field("source", raw()),
        order: schema.add_u64_field("order", FAST),
        region_order: schema.add_u64_field("region_order", FAST),
        kind: schema.add_text_field("kind", STRING | FAST),
        theme: schema.add_text_field("theme", STRING | FAST),
        year: schema.add_u64_field("year", INDEXED | FAST),
        issuer: schema.add_text_field("issuer", STRING | FAST),
        date: schema.add_u64_field("date", INDEXED | FAST),
        province: schema.add_text_field("province", raw()),
        city: schema.add_text_field("city", raw()),
        county: schema.add_text_field("county", raw()),
        province_path: schema.add_text_field("province_path", counted()),
        city_path: schema.add_text_field("city_path", counted()),
        county_path: schema.add_text_field("county_path", counted()),
        region_names: Characters::of(schema.add_text_field("region_names", characters())),
        title_words: schema.add_text_field("title_words", words()),
        title_characters: Characters::of(schema.add_text_field("title_characters", characters())),
        heading_words: schema.add_text_field("heading_words", words()),
        heading_characters: Characters::of(
            schema.add_text_field("heading_characters", characters()),
        ),
        body_words: schema.add_text_field("body_words", words()),
        text_characters: Characters {
            pairs: schema.add_text_field(
                "text_pairs",
                indexed(analysis::PAIRS, IndexRecordOption::WithFreqs),
            ),
            singles: schema.add_text_field(
                "text_singles",
                indexed(analysis::SINGLES, IndexRecordOption::WithFreqs),
            ),
        },
        marks: schema.add_text_field("marks", raw()),
        quantities: Class::ALL
            .into_iter()
            .map(|class| {
                let [low, high] = Fields::quantity_columns(class);
                let low = schema.add_f64_field(&low, FAST);
                (class, low, schema.add_f64_field(&high, FAST))
            })
            .collect(),
        record: schema.add_bytes_field("record", STORED),
    };
    (schema.build(), fields)
}

/// How passages are stored: as they are, since each is made short by itself and read by itself.
pub(super) fn settings() -> IndexSettings {
    IndexSettings {
        docstore_compression: Compressor::None,
        docstore_blocksize: STORE_BLOCK,
        ..IndexSettings::default()
    }
}

fn indexed(tokenizer: &str, record: IndexRecordOption) -> TextOptions {
    TextOptions::default().set_indexing_options(
        TextFieldIndexing::default()
            .set_tokenizer(tokenizer)
            .set_index_option(record),
    )
}
