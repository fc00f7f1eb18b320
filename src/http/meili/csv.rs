//! Documents in a CSV file (RFC 4180), the first line naming the fields.
//!
//! A name may end in its type, `year:number`, as Meilisearch has it; without one it is a string.

use serde_json::{Map, Value};

/// The documents, or what is wrong, with its line.
pub(super) fn documents(bytes: &[u8], delimiter: u8) -> Result<Vec<Map<String, Value>>, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "CSV 应为 UTF-8".to_owned())?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = rows(text, char::from(delimiter))?.into_iter();
    let Some((_, header)) = rows.next() else {
        return Ok(Vec::new());
    };
    let fields: Vec<(String, Type)> = header.iter().map(|name| field(name)).collect();
    rows.map(|(line, row)| {
        if row.len() != fields.len() {
            return Err(format!(
                "第 {line} 行有 {} 项，第一行有 {} 项",
                row.len(),
                fields.len()
            ));
        }
        let mut document = Map::new();
        for ((name, kind), value) in fields.iter().zip(row) {
            let value = kind.read(&value).ok_or_else(|| {
                let value: String = value.chars().take(50).collect();
                format!("第 {line} 行 {name} 的值“{value}”无效")
            })?;
            document.insert(name.clone(), value);
        }
        Ok(document)
    })
    .collect()
}

#[derive(Debug, Clone, Copy)]
enum Type {
    Text,
    Number,
    Flag,
}

impl Type {
    fn read(self, text: &str) -> Option<Value> {
        if text.is_empty() {
            return Some(Value::Null);
        }
        match self {
            Self::Text => Some(Value::from(text)),
            Self::Number => text
                .parse::<i64>()
                .map(Value::from)
                .or_else(|_| text.parse::<f64>().map(Value::from))
                .ok(),
            Self::Flag => text.parse::<bool>().ok().map(Value::from),
        }
    }
}

fn field(name: &str) -> (String, Type) {
    match name.trim().rsplit_once(':') {
        Some((name, "number")) => (name.to_owned(), Type::Number),
        Some((name, "boolean")) => (name.to_owned(), Type::Flag),
        Some((name, "string")) => (name.to_owned(), Type::Text),
        _ => (name.trim().to_owned(), Type::Text),
    }
}

/// The rows, each with the line it begins on; blank lines are none.
fn rows(text: &str, delimiter: char) -> Result<Vec<(usize, Vec<String>)>, String> {
    let mut rows = Vec::new();
    let mut row: Vec<String> = Vec::new();
    let mut value = String::new();
    let (mut line, mut began) = (1, 1);
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        if c == '\n' {
            line += 1;
        }
        match c {
            '"' if quoted => {
                if chars.next_if_eq(&'"').is_some() {
                    value.push('"');
                } else {
                    quoted = false;
                }
            }
            c if quoted => value.push(c),
            '"' if value.is_empty() => quoted = true,
            c if c == delimiter => row.push(std::mem::take(&mut value)),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' => {
                if !(row.is_empty() && value.is_empty()) {
                    row.push(std::mem::take(&mut value));
                    rows.push((began, std::mem::take(&mut row)));
                }
                began = line;
            }
            c => value.push(c),
        }
    }
    if quoted {
        return Err(format!("第 {began} 行的引号没有成对"));
    }
    if !(row.is_empty() && value.is_empty()) {
        row.push(value);
        rows.push((began, row));
    }
    Ok(rows)
}
