//! The grammar of Meilisearch's filters: any string to a tree of conditions, or to what is wrong.
//!
//! ```text
//! or     = and ( OR and )*
//! and    = not ( AND not )*
//! not    = NOT not | '(' or ')' | condition
//! condition = field ( op value | value TO value | [NOT] IN '[' value, … ']' | [NOT] EXISTS
//!           | IS [NOT] NULL | IS [NOT] EMPTY | [NOT] CONTAINS value | [NOT] STARTS WITH value )
//! value  = 'text' | "text" | word
//! ```
//!
//! A word is letters of any script, digits, `_`, `-`, `.` and `/`. Invariant: no string panics, none
//! takes more than the depth and the number of conditions that are allowed
//! (`tests/meili/filters.rs`, over arbitrary text).

use super::super::error::repeated;

/// How deep parentheses and `NOT` may nest.
const MAX_DEPTH: usize = 100;
/// The most conditions and values of one filter, all its strings together.
pub(in crate::http::meili) const MAX_CONDITIONS: usize = 2_000;

/// A tree of conditions as it was written.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::http::meili) enum Node {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Is { field: String, test: Test },
}

/// What is said of a field.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::http::meili) enum Test {
    Equal(String),
    Greater(String),
    NotLess(String),
    Less(String),
    NotGreater(String),
    Within(String, String),
    In(Vec<String>),
    Exists,
    Null,
    Empty,
    Contains(String),
    StartsWith(String),
}

/// What is wrong with a filter, in Chinese.
pub(in crate::http::meili) type Fault = String;

/// The tree of one string, which uses up of `left` conditions; nothing where it is blank.
pub(in crate::http::meili) fn parse(text: &str, left: &mut usize) -> Result<Option<Node>, Fault> {
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        end: text.chars().count(),
        left,
    };
    let node = parser.any(0)?;
    match parser.peek() {
        None => Ok(Some(node)),
        Some(token) => Err(fault(
            token.at,
            &format!("这里应是 AND、OR 或结尾，给出的是 {}", token.what.shown()),
        )),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum What {
    Open,
    Close,
    ListOpen,
    ListClose,
    Comma,
    Operator(&'static str),
    Word(String),
    Quoted(String),
}

impl What {
    fn shown(&self) -> String {
        match self {
            Self::Open => "(".to_owned(),
            Self::Close => ")".to_owned(),
            Self::ListOpen => "[".to_owned(),
            Self::ListClose => "]".to_owned(),
            Self::Comma => ",".to_owned(),
            Self::Operator(operator) => (*operator).to_owned(),
            Self::Word(text) => repeated(text),
            Self::Quoted(text) => format!("\"{}\"", repeated(text)),
        }
    }
}

struct Token {
    what: What,
    /// Which character of the text it begins with, from 1.
    at: usize,
}

fn fault(at: usize, why: &str) -> Fault {
    format!("第 {at} 个字处：{why}")
}

fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().zip(1..).peekable();
    while let Some((c, at)) = chars.next() {
        let mut or_equal = |with: &'static str, without: &'static str| {
            if chars.next_if(|&(c, _)| c == '=').is_some() {
                with
            } else {
                without
            }
        };
        let what = match c {
            c if c.is_whitespace() => continue,
            '(' => What::Open,
            ')' => What::Close,
            '[' => What::ListOpen,
            ']' => What::ListClose,
            ',' => What::Comma,
            '=' => What::Operator("="),
            '!' => match or_equal("!=", "!") {
                "!=" => What::Operator("!="),
                _ => return Err(fault(at, "! 后面应是 =")),
            },
            '>' => What::Operator(or_equal(">=", ">")),
            '<' => What::Operator(or_equal("<=", "<")),
            quote @ ('"' | '\'') => {
                let mut value = String::new();
                loop {
                    match chars.next() {
                        None => return Err(fault(at, &format!("引号 {quote} 没有成对"))),
                        Some((c, _)) if c == quote => break,
                        Some(('\\', _)) => {
                            let escaped = chars.next_if(|&(c, _)| c == quote || c == '\\');
                            value.push(escaped.map_or('\\', |(c, _)| c));
                        }
                        Some((c, _)) => value.push(c),
                    }
                }
                What::Quoted(value)
            }
            c if is_of_word(c) => {
                let mut word = String::from(c);
                while let Some((c, _)) = chars.next_if(|&(c, _)| is_of_word(c)) {
                    word.push(c);
                }
                What::Word(word)
            }
            c => {
                let shown = repeated(c.encode_utf8(&mut [0; 4]));
                let why = format!("“{shown}”不能这样用；含有它的值请放在引号里");
                return Err(fault(at, &why));
            }
        };
        tokens.push(Token { what, at });
    }
    Ok(tokens)
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    /// How many characters the text has.
    end: usize,
    left: &'a mut usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    /// Whether the next token is this word, in capitals or not; it is then passed.
    fn takes(&mut self, keyword: &str) -> bool {
        let is_it = self.is_keyword(0, keyword);
        self.at += usize::from(is_it);
        is_it
    }

    fn is_keyword(&self, ahead: usize, keyword: &str) -> bool {
        let token = self.tokens.get(self.at + ahead).map(|token| &token.what);
        matches!(token, Some(What::Word(word)) if word.eq_ignore_ascii_case(keyword))
    }

    fn takes_mark(&mut self, mark: &What) -> bool {
        let is_it = self.peek().is_some_and(|token| token.what == *mark);
        self.at += usize::from(is_it);
        is_it
    }

    /// What is wrong where something else was needed.
    fn needs(&self, wanted: &str) -> Fault {
        match self.peek() {
            Some(token) => fault(
                token.at,
                &format!("应是{wanted}，给出的是 {}", token.what.shown()),
            ),
            None => fault(self.end + 1, &format!("还应有{wanted}")),
        }
    }

    fn any(&mut self, depth: usize) -> Result<Node, Fault> {
        let mut parts = vec![self.all(depth)?];
        while self.takes("OR") {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Node::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Node, Fault> {
        let mut parts = vec![self.not(depth)?];
        while self.takes("AND") {
            parts.push(self.not(depth)?);
        }
        Ok(one_or(parts, Node::All))
    }

    fn not(&mut self, depth: usize) -> Result<Node, Fault> {
        if depth > MAX_DEPTH {
            let at = self.peek().map_or(self.end, |token| token.at);
            return Err(fault(at, &format!("嵌套过深，至多 {MAX_DEPTH} 层")));
        }
        if self.takes("NOT") {
            return Ok(Node::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.takes_mark(&What::Open) {
            let inner = self.any(depth + 1)?;
            if !self.takes_mark(&What::Close) {
                return Err(self.needs("右括号 )"));
            }
            return Ok(inner);
        }
        self.condition()
    }

    fn condition(&mut self) -> Result<Node, Fault> {
        if self.is_keyword(0, "_geoRadius")
            || self.is_keyword(0, "_geoBoundingBox")
            || self.is_keyword(0, "_geoPolygon")
        {
            return Err(self.needs("字段名（这里的文档没有坐标，不能按地理范围筛选）"));
        }
        let field = self.value("字段名")?;
        let negated = self.takes("NOT");
        let test = self.test(negated)?;
        let (test, denied) = match test {
            (test, denied) if negated => (test, !denied),
            other => other,
        };
        let is = Node::Is { field, test };
        Ok(if denied { Node::Not(Box::new(is)) } else { is })
    }

    /// What is said of the field, and whether the opposite is meant.
    fn test(&mut self, negated: bool) -> Result<(Test, bool), Fault> {
        if self.takes("IN") {
            return Ok((Test::In(self.list()?), false));
        }
        if self.takes("EXISTS") {
            self.count()?;
            return Ok((Test::Exists, false));
        }
        if self.takes("CONTAINS") {
            return Ok((Test::Contains(self.value("一个值")?), false));
        }
        if self.is_keyword(0, "STARTS") && self.is_keyword(1, "WITH") {
            self.at += 2;
            return Ok((Test::StartsWith(self.value("一个值")?), false));
        }
        if negated {
            return Err(self.needs(" IN、EXISTS、CONTAINS 或 STARTS WITH"));
        }
        if self.takes("IS") {
            let denied = self.takes("NOT");
            self.count()?;
            if self.takes("NULL") {
                return Ok((Test::Null, denied));
            }
            if self.takes("EMPTY") {
                return Ok((Test::Empty, denied));
            }
            return Err(self.needs(" NULL 或 EMPTY"));
        }
        if let Some(What::Operator(operator)) = self.peek().map(|token| &token.what) {
            self.at += 1;
            let value = self.value("一个值")?;
            return Ok(match *operator {
                "!=" => (Test::Equal(value), true),
                ">" => (Test::Greater(value), false),
                ">=" => (Test::NotLess(value), false),
                "<" => (Test::Less(value), false),
                "<=" => (Test::NotGreater(value), false),
                _ => (Test::Equal(value), false),
            });
        }
        if self.is_keyword(1, "TO") {
            let from = self.value("一个值")?;
            self.at += 1;
            return Ok((Test::Within(from, self.value("一个值")?), false));
        }
        Err(self.needs(
            " =、!=、>、>=、<、<=、TO、IN、NOT IN、EXISTS、IS NULL、IS EMPTY、CONTAINS 或 STARTS WITH",
        ))
    }

    fn list(&mut self) -> Result<Vec<String>, Fault> {
        if !self.takes_mark(&What::ListOpen) {
            return Err(self.needs("左方括号 ["));
        }
        let mut values = Vec::new();
        while !self.takes_mark(&What::ListClose) {
            values.push(self.value("一个值或右方括号 ]")?);
            if !self.takes_mark(&What::Comma)
                && !matches!(self.peek().map(|token| &token.what), Some(What::ListClose))
            {
                return Err(self.needs("逗号或右方括号 ]"));
            }
        }
        Ok(values)
    }

    fn value(&mut self, wanted: &str) -> Result<String, Fault> {
        const KEYWORDS: [&str; 5] = ["AND", "OR", "NOT", "IN", "TO"];
        let is_keyword = KEYWORDS.iter().any(|keyword| self.is_keyword(0, keyword));
        match self.peek().map(|token| &token.what) {
            Some(What::Quoted(text)) => {
                self.count()?;
                self.at += 1;
                Ok(text.clone())
            }
            Some(What::Word(text)) if !is_keyword => {
                self.count()?;
                self.at += 1;
                Ok(text.clone())
            }
            _ => Err(self.needs(wanted)),
        }
    }

    /// Uses up one of the conditions that are left.
    fn count(&mut self) -> Result<(), Fault> {
        *self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| format!("条件过多：字段名和值合计至多 {MAX_CONDITIONS} 个"))?;
        Ok(())
    }
}

/// The one part there is, or all of them joined.
fn one_or(mut parts: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    match (parts.pop(), parts.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            parts.extend(last);
            join(parts)
        }
    }
}
