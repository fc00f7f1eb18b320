//! The text that comes out of a document: a line to a paragraph, a line to a row of a table.
//!
//! Sources break lines where their authors' editors did; here a blank line end is a blank, and
//! none between Chinese characters, which have no blanks between words. Rows keep their cells
//! apart by ` | `, since figures of neighbouring cells would otherwise run together; a table that
//! only lays out a page gives lines.

/// A cell with more characters, or a table with a single column, lays out a page.
const LONG_CELL: usize = 200;

/// Lines in the making.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
}

impl Page {
    /// Adds a paragraph, its blanks brought in order; a blank one is none.
    pub(super) fn line(&mut self, line: &str) {
        let from = self.text.len();
        for part in line.split('\n') {
            let before = self.text.len();
            tidy(part, &mut self.text);
            if self.text.len() > before {
                self.text.push('\n');
            }
        }
        debug_assert!(from <= self.text.len(), "lines are only added");
    }

    /// Adds a row of a table, given as the lines of each cell.
    pub(super) fn row(&mut self, cells: &[Vec<String>]) {
        let blank = |cell: &Vec<String>| cell.iter().all(|line| line.trim().is_empty());
        let filled = cells.iter().filter(|cell| !blank(cell)).count();
        let long = |cell: &Vec<String>| {
            cell.iter().map(|line| line.chars().count()).sum::<usize>() > LONG_CELL
        };
        if filled <= 1 || cells.iter().any(long) {
            for line in cells.iter().flatten() {
                self.line(line);
            }
            return;
        }
        let mut row = String::new();
        for cell in cells {
            if !row.is_empty() {
                row.push_str(" | ");
            }
            let mut within = String::new();
            for line in cell {
                if !within.is_empty() {
                    within.push(' ');
                }
                tidy(line, &mut within);
            }
            row.push_str(within.trim());
        }
        let row = row.trim();
        self.text.push_str(row);
        self.text.push('\n');
    }

    /// How many bytes there are so far.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// The text.
    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// Adds `line` without blanks at its ends, with one blank for several.
fn tidy(line: &str, text: &mut String) {
    let mut blank = false;
    let mut begun = false;
    for c in line.chars() {
        if c.is_whitespace() {
            blank = true;
            continue;
        }
        if blank && begun {
            text.push(' ');
        }
        blank = false;
        begun = true;
        text.push(c);
    }
}

/// Whether no blank belongs on this character's side where a source breaks its line.
pub(super) fn is_wide(c: char) -> bool {
    matches!(c,
        '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE4F}'
        | '\u{FF00}'..='\u{FFEF}' | '\u{20000}'..='\u{3FFFF}' | '“' | '”' | '‘' | '’' | '—' | '…')
}
