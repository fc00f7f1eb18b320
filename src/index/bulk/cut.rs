//! Cuts the texts of a passage into words and characters, each text once.
//!
//! Invariant: what is cut here is what the tokenizers of the engine make of the same texts
//! (`segment`'s tests compare them).

use std::collections::VecDeque;
use std::rc::Rc;

use tantivy::TantivyDocument;
use tantivy::schema::{Field, FieldType, Schema};
use tantivy::tokenizer::RAW_TOKENIZER_NAME;

use super::grams;
use super::terms::Padded;
use crate::analysis::{self, Dictionary, normalize};
use crate::index::document::{Document, add_marks};

/// The longest text that is remembered, in bytes: titles and headings, which the passages of a report
/// have in common.
const REMEMBERED_BYTES: usize = 300;
/// How many texts are remembered.
const REMEMBERED: usize = 4;

/// How a field becomes terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Not at all.
    Not,
    /// As it is.
    Raw,
    /// As a number.
    Number,
    /// As words.
    Words,
    /// As characters and pairs, the characters in a field of their own where there is one.
    Grams { singles: Option<Field> },
    /// From another field.
    Derived,
}

/// How each field becomes terms.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) fields: Vec<How>,
}

impl Plan {
    pub(super) fn new(schema: &Schema) -> Self {
        let with = |name: &str| {
            let mut fields = schema.fields();
            fields.find(|(_, entry)| tokenizer(entry.field_type()) == Some(name))
        };
        let singles = with(analysis::SINGLES).map(|(field, _)| field);
        let how = |kind: &FieldType| match (kind, tokenizer(kind)) {
            (FieldType::U64(options), _) if options.is_indexed() => How::Number,
            (_, Some(RAW_TOKENIZER_NAME)) => How::Raw,
            (_, Some(analysis::WORDS)) => How::Words,
            (_, Some(analysis::CHARACTERS)) => How::Grams { singles: None },
            (_, Some(analysis::PAIRS)) => How::Grams { singles },
            (_, Some(analysis::SINGLES)) => How::Derived,
            _ => How::Not,
        };
        Self {
            fields: schema
                .fields()
                .map(|(_, entry)| how(entry.field_type()))
                .collect(),
        }
    }

    pub(super) fn of(&self, field: Field) -> How {
        let how = self.fields.get(field.field_id() as usize);
        how.copied().unwrap_or(How::Not)
    }
}

fn tokenizer(kind: &FieldType) -> Option<&str> {
    match kind {
        FieldType::Str(options) => Some(options.get_indexing_options()?.tokenizer()),
        _ => None,
    }
}

/// A passage whose texts are cut.
pub(super) struct Cut {
    /// All of it but its texts.
    pub(super) rest: TantivyDocument,
    pub(super) texts: Vec<(Field, Text)>,
    /// Characters of the texts whose characters are indexed.
    pub(super) characters: usize,
    /// All of it, where it may not find room in a run.
    pub(super) large: Option<TantivyDocument>,
}

/// A text that is cut.
pub(super) enum Text {
    /// Into words.
    Words(Rc<Padded>),
    /// Into characters: as it is compared.
    Characters(Rc<String>),
}

/// A text that was cut lately.
struct Known {
    text: String,
    normalized: Rc<String>,
    words: Option<Rc<Padded>>,
}

/// Cuts the texts of passages.
pub(super) struct Cutter<'a> {
    plan: &'a Plan,
    dictionary: &'a Dictionary,
    known: VecDeque<Known>,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(plan: &'a Plan, dictionary: &'a Dictionary) -> Self {
        Self {
            plan,
            dictionary,
            known: VecDeque::new(),
        }
    }

    pub(super) fn cut(&mut self, document: Document<'_>) -> Cut {
        let mut texts = Vec::new();
        let mut characters = 0;
        let (marks, marked) = document.marks;
        let mut text_of_marks = None;
        for (field, text) in &document.texts {
            match self.plan.of(*field) {
                How::Words => texts.push((*field, Text::Words(self.words(text)))),
                How::Grams { .. } => {
                    let text = self.normalized(text);
                    characters += text.chars().count();
                    if *field == marked {
                        text_of_marks = Some(Rc::clone(&text));
                    }
                    texts.push((*field, Text::Characters(text)));
                }
                How::Not | How::Raw | How::Number | How::Derived => {}
            }
        }
        let is_large = characters > grams::MOST_CHARACTERS;
        let (rest, large) = if is_large {
            (TantivyDocument::new(), Some(document.whole()))
        } else {
            let mut rest = document.rest;
            if let Some(text) = text_of_marks {
                add_marks(&mut rest, marks, &text);
            }
            (rest, None)
        };
        Cut {
            rest,
            texts,
            characters,
            large,
        }
    }

    fn normalized(&mut self, text: &str) -> Rc<String> {
        self.known(text, |known| Rc::clone(&known.normalized))
    }

    fn words(&mut self, text: &str) -> Rc<Padded> {
        let dictionary = self.dictionary;
        self.known(text, |known| {
            let words = known.words.get_or_insert_with(|| {
                let mut words = Padded::of(&known.normalized);
                dictionary.each_word_and_part(&known.normalized, |bytes| words.push(bytes));
                Rc::new(words)
            });
            Rc::clone(words)
        })
    }

    /// What `read` makes of a text, which is remembered where it is short.
    fn known<T>(&mut self, text: &str, read: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known.iter_mut();
        if let Some(known) = known.find(|known| known.text == text) {
            return read(known);
        }
        let is_remembered = text.len() <= REMEMBERED_BYTES;
        let mut known = Known {
            text: if is_remembered {
                text.to_owned()
            } else {
                String::new()
            },
            normalized: Rc::new(normalize(text)),
            words: None,
        };
        let made = read(&mut known);
        if is_remembered {
            self.known.truncate(REMEMBERED - 1);
            self.known.push_front(known);
        }
        made
    }
}
