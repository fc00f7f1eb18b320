//! Any string to a query tree.
//!
//! | typed | meant |
//! |---|---|
//! | `教师 交流`, `教师，交流` | both, anywhere: blanks and punctuation of either width separate |
//! | `"教师交流"`, `“教师交流”` | the string itself; an unclosed quote only separates |
//! | `-轮岗`, `-"教师 交流"` | not this; only before a word, and after a blank or at the start |
//! | `教师 OR 校长`, `教师\|校长` | one of the two next to it |
//! | `region:河北`, `标题:教师`, `theme:teachers` | in one field; any other name before a colon is a word |

use super::{Clause, Form, Group, Query, Target};
use crate::fold::{fold, is_searchable};

/// The query `text` stands for. Never fails: what is no syntax is words, and a string of nothing
/// searchable is a query without groups.
#[must_use]
pub fn parse(text: &str) -> Query {
    let mut parser = Parser {
        chars: text.chars().collect(),
        at: 0,
    };
    let mut query = Query::default();
    let mut join = false;
    while let Some(token) = parser.next() {
        match token {
            Token::Or => {
                query.has_syntax = true;
                join = !query.groups.is_empty();
            }
            Token::Clause { clause, excluded } => {
                query.has_syntax |= excluded
                    || clause.target != Target::Anywhere
                    || matches!(clause.form, Form::Phrase(_));
                if excluded {
                    query.excluded.push(clause);
                } else {
                    match query.groups.last_mut() {
                        Some(group) if join => group.any.push(clause),
                        _ => query.groups.push(Group { any: vec![clause] }),
                    }
                }
                join = false;
            }
        }
    }
    if query.groups.is_empty() && query.excluded.is_empty() && text.chars().any(searchable) {
        // Operators alone: they were meant as words after all.
        query.groups.push(Group {
            any: vec![Clause {
                target: Target::Anywhere,
                form: Form::Words(text.to_owned()),
            }],
        });
    }
    query
}

enum Token {
    Or,
    Clause { clause: Clause, excluded: bool },
}

struct Parser {
    chars: Vec<char>,
    at: usize,
}

impl Parser {
    fn next(&mut self) -> Option<Token> {
        loop {
            let c = self.peek(0)?;
            if fold(c).is_none() {
                self.at += 1;
                continue;
            }
            if matches!(c, '|' | '｜') {
                self.at += 1;
                return Some(Token::Or);
            }
            let mut excluded = false;
            let start = self.at;
            if self.excludes() {
                excluded = true;
                self.at += 1;
            }
            if let Some(clause) = self.clause() {
                if !excluded && is_or(&clause) && self.stands_alone(start) {
                    return Some(Token::Or);
                }
                return Some(Token::Clause { clause, excluded });
            }
            self.at = start + 1;
        }
    }

    /// A field's value, a phrase or a word at the place reached.
    fn clause(&mut self) -> Option<Clause> {
        let start = self.at;
        if let Some(target) = self.field() {
            if let Some(form) = self.phrase().or_else(|| self.word()) {
                return Some(Clause { target, form });
            }
            self.at = start;
        }
        self.phrase().or_else(|| self.word()).map(|form| Clause {
            target: Target::Anywhere,
            form,
        })
    }

    /// A known name with its colon, directly followed by something.
    fn field(&mut self) -> Option<Target> {
        let rest = self.chars.get(self.at..)?;
        let colon = rest
            .iter()
            .take(12)
            .position(|&c| matches!(c, ':' | '：'))?;
        let name: String = rest
            .get(..colon)?
            .iter()
            .copied()
            .filter_map(fold)
            .collect();
        let target = Target::named(&name)?;
        self.at += colon + 1;
        Some(target)
    }

    fn phrase(&mut self) -> Option<Form> {
        let rest = self.chars.get(self.at..)?;
        let (&first, rest) = rest.split_first()?;
        if !is_quote(first) {
            return None;
        }
        let close = rest.iter().position(|&c| is_quote(c))?;
        let text: String = rest.get(..close)?.iter().collect();
        if !text.chars().any(searchable) {
            return None;
        }
        self.at += close + 2;
        Some(Form::Phrase(text))
    }

    /// Searchable characters, with what joins Latin words and figures: `wi-fi`, `9.08`.
    fn word(&mut self) -> Option<Form> {
        let start = self.at;
        while let Some(c) = self.peek(0) {
            let joins = || {
                matches!(fold(c), Some('.' | '-' | '_' | '&' | '\'' | '/'))
                    && self.at > start
                    && self
                        .at
                        .checked_sub(1)
                        .is_some_and(|before| self.chars.get(before).copied().is_some_and(is_latin))
                    && self.peek(1).is_some_and(is_latin)
            };
            // Invisible characters fold to nothing and do not end a word.
            if fold(c).is_none_or(is_searchable) || joins() {
                self.at += 1;
            } else {
                break;
            }
        }
        let text: String = self.chars.get(start..self.at)?.iter().collect();
        text.chars().any(searchable).then_some(Form::Words(text))
    }

    /// Whether a minus stands here that excludes what follows it.
    fn excludes(&self) -> bool {
        let after_blank = self
            .at
            .checked_sub(1)
            .and_then(|before| self.chars.get(before))
            .is_none_or(|c| c.is_whitespace());
        after_blank
            && matches!(self.peek(0), Some('-' | '－'))
            && self
                .peek(1)
                .is_some_and(|next| searchable(next) || is_quote(next))
    }

    /// Whether what was read since `start` has blanks, or nothing, on both sides.
    fn stands_alone(&self, start: usize) -> bool {
        let before = start.checked_sub(1).and_then(|at| self.chars.get(at));
        let after = self.chars.get(self.at);
        before.is_none_or(|c| c.is_whitespace()) && after.is_none_or(|c| c.is_whitespace())
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }
}

fn is_or(clause: &Clause) -> bool {
    // Only capitals, of either width: "or" is an English word.
    clause.target == Target::Anywhere
        && matches!(&clause.form, Form::Words(word) if matches!(word.as_str(), "OR" | "ＯＲ"))
}

fn searchable(c: char) -> bool {
    fold(c).is_some_and(is_searchable)
}

/// Whether `c` opens or ends a phrase.
#[must_use]
pub fn is_quote(c: char) -> bool {
    fold(c) == Some('"')
}

fn is_latin(c: char) -> bool {
    fold(c).is_some_and(|c| c.is_ascii_alphanumeric())
}
