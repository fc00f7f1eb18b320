//! Word files before 2007, where the library can: paragraphs, list numbers, tables as rows.
//!
//! The library tells the number of a list's item but not how it was written, so it stands here as
//! `1.`; headers and footers are left out, since they repeat on every page.

use undoc::{Block, Error, Paragraph};

use super::Extracted;
use super::page::Page;

/// The text of an old Word file's `bytes`.
pub(super) fn extract(bytes: &[u8]) -> Result<Extracted, String> {
    let document = undoc::parse_bytes(bytes).map_err(|error| match error {
        Error::Encrypted => "Word 文档有密码；请去掉密码后另存".to_owned(),
        Error::UnsupportedFormat(_) => {
            "不是 Word 文档；请用原来的软件打开，另存为 .docx 或 .txt".to_owned()
        }
        error => {
            format!("Word 文档读不了（{error}）；请用 Word 或 WPS 打开，另存为 .docx 或纯文本 .txt")
        }
    })?;
    let mut page = Page::default();
    for block in document
        .sections
        .iter()
        .flat_map(|section| &section.content)
    {
        match block {
            Block::Paragraph(paragraph) => page.line(&line(paragraph)),
            Block::Table(table) => {
                for row in &table.rows {
                    let cells: Vec<Vec<String>> = row
                        .cells
                        .iter()
                        .map(|cell| cell.content.iter().map(line).collect())
                        .collect();
                    page.row(&cells);
                    for nested in row.cells.iter().flat_map(|cell| &cell.nested_tables) {
                        page.line(&nested.plain_text());
                    }
                }
            }
            Block::Note { content, .. } => {
                for paragraph in content {
                    page.line(&line(paragraph));
                }
            }
            _ => {}
        }
    }
    Ok(Extracted {
        text: page.into_text(),
        ..Extracted::default()
    })
}

/// A paragraph with the number of its list.
fn line(paragraph: &Paragraph) -> String {
    let mut line = String::new();
    if let Some(number) = paragraph.list_info.as_ref().and_then(|list| list.number) {
        line = format!("{number}. ");
    }
    for run in &paragraph.runs {
        line.push_str(&run.text);
        if run.line_break || run.page_break {
            line.push('\n');
        }
    }
    line
}
