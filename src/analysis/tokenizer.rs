//! Hands tokens to tantivy under the names the schema uses.
//!
//! Positions are character offsets of the normalised text, so a phrase over them is the string
//! itself, punctuation leaving its gap. Token offsets are bytes of the original text.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer, TokenizerManager};

use super::{Dictionary, Normalized, characters, words};

/// The name of the tokenizer that cuts into words.
pub const WORDS: &str = "cesou_words";
/// The name of the tokenizer that cuts into characters and pairs of them.
pub const CHARACTERS: &str = "cesou_characters";
/// The name of the tokenizer that cuts into pairs of characters only.
pub const PAIRS: &str = "cesou_pairs";
/// The name of the tokenizer that cuts into single characters only.
pub const SINGLES: &str = "cesou_singles";

/// Makes all of them known to an index.
pub fn register(tokenizers: &TokenizerManager, dictionary: &Dictionary) {
    let characters = |singles, pairs| Characters { singles, pairs };
    tokenizers.register(WORDS, Words(dictionary.clone()));
    tokenizers.register(CHARACTERS, characters(true, true));
    tokenizers.register(PAIRS, characters(false, true));
    tokenizers.register(SINGLES, characters(true, false));
}

#[derive(Clone)]
struct Words(Dictionary);

#[derive(Clone)]
struct Characters {
    singles: bool,
    pairs: bool,
}

impl Tokenizer for Words {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        let text = Normalized::new(text);
        Tokens::new(
            words(&self.0, &text)
                .into_iter()
                .map(|word| token(&text, word.text, word.start, word.end))
                .collect(),
        )
    }
}

impl Tokenizer for Characters {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        let text = Normalized::new(text);
        Tokens::new(
            characters(&text)
                .filter_map(|gram| {
                    let length = gram.text.chars().count();
                    let wanted = if length == 1 {
                        self.singles
                    } else {
                        self.pairs
                    };
                    let end = gram.position + length;
                    wanted.then(|| token(&text, gram.text, gram.position, end))
                })
                .collect(),
        )
    }
}

fn token(text: &Normalized, content: &str, start: usize, end: usize) -> Token {
    let span = text.original(start..end);
    Token {
        offset_from: span.start,
        offset_to: span.end,
        position: start,
        text: content.to_owned(),
        position_length: end - start,
    }
}

/// Tokens that were all made beforehand.
struct Tokens {
    tokens: std::vec::IntoIter<Token>,
    current: Token,
}

impl Tokens {
    fn new(tokens: Vec<Token>) -> Self {
        Self {
            tokens: tokens.into_iter(),
            current: Token::default(),
        }
    }
}

impl TokenStream for Tokens {
    fn advance(&mut self) -> bool {
        match self.tokens.next() {
            Some(token) => {
                self.current = token;
                true
            }
            None => false,
        }
    }

    fn token(&self) -> &Token {
        &self.current
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.current
    }
}
