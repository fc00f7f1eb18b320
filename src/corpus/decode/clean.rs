//! What has no place in a clean text goes: marks, control characters, what nobody sees.
//!
//! A text of megabytes holds few of these or none, so they are looked for a block at a time; what is
//! kept is copied in one piece from one to the next. What goes is counted, and of what could not be
//! read the lines are noted.

use super::{CONTROLS_ALLOWED, CONTROLS_ONE_IN, Note, Refusal};

/// What some converters write, with the letter's number and `>`, for a letter they lack.
const MARKER: &str = "<U+";

/// Unreadable characters past one in this many refuse the file.
const MALFORMED_ONE_IN: usize = 100;

/// This many unreadable characters never refuse a file by themselves, however short it is.
const MALFORMED_ALLOWED: usize = 2;

/// What cleaning dropped or changed, counted.
#[derive(Default)]
pub(super) struct Dropped {
    mark: bool,
    line_ends: usize,
    nuls: usize,
    controls: usize,
    invisible: usize,
    no_break_spaces: usize,
    malformed: Vec<usize>,
}

impl Dropped {
    /// The clean text, of text that may begin with a byte order mark.
    pub(super) fn clean(&mut self, text: &str) -> String {
        let body = text.strip_prefix('\u{FEFF}');
        self.mark = body.is_some();
        let body = body.unwrap_or(text);
        let mut clean = String::with_capacity(body.len());
        let mut line = 1;
        let mut counted = 0;
        let mut from = 0;
        while let Some(at) = next_suspect(body.as_bytes(), from) {
            let (kept, rest) = body
                .get(from..)
                .and_then(|rest| rest.split_at_checked(at - from))
                .expect("a suspect is the first byte of a character");
            clean.push_str(kept);
            let mut rest = rest.chars();
            let Some(found) = rest.next() else { break };
            from = at + found.len_utf8();
            match found {
                '\r' => {
                    from += usize::from(rest.next() == Some('\n'));
                    self.line_ends += 1;
                    clean.push('\n');
                }
                '\u{0B}' | '\u{0C}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                    self.line_ends += 1;
                    clean.push('\n');
                }
                '\u{A0}' => {
                    self.no_break_spaces += 1;
                    clean.push(' ');
                }
                char::REPLACEMENT_CHARACTER => {
                    line += clean
                        .get(counted..)
                        .unwrap_or_default()
                        .matches('\n')
                        .count();
                    counted = clean.len();
                    self.malformed.push(line);
                    clean.push(found);
                }
                '\0' => self.nuls += 1,
                _ if found.is_control() => self.controls += 1,
                _ => self.invisible += 1,
            }
        }
        clean.push_str(body.get(from..).unwrap_or_default());
        if clean.contains(MARKER) {
            clean = self.resolve_markers(&clean);
        }
        clean
    }

    /// The text without markers such as `<U+200D>`, and with a space for `<U+00A0>`. Markers of
    /// visible characters stay, since the text may be about them.
    fn resolve_markers(&mut self, text: &str) -> String {
        let mut clean = String::with_capacity(text.len());
        for piece in text.split_inclusive('>') {
            clean.push_str(piece);
            // Looked for at the end of what is kept, so that a marker around a marker goes too.
            let Some((start, named)) = trailing_marker(&clean) else {
                continue;
            };
            if named == '\u{A0}' {
                self.no_break_spaces += 1;
                clean.truncate(start);
                clean.push(' ');
            } else if is_invisible(named) {
                self.invisible += 1;
                clean.truncate(start);
            }
        }
        clean
    }

    /// Whether so much of the file was control characters that `clean` is no text.
    pub(super) fn is_binary(&self, clean: &str) -> bool {
        let controls = self.nuls + self.controls;
        if controls == 0 {
            return false;
        }
        // NULs that pad a file to a block's size are no sign of anything, but then text is left.
        let characters = clean.chars().filter(|c| !c.is_whitespace()).count();
        let allowed = CONTROLS_ALLOWED
            .min(characters / 2)
            .max(characters / CONTROLS_ONE_IN);
        self.controls > allowed || characters == 0
    }

    /// Refuses a text of which too much could not be read.
    pub(super) fn check_damage(&self, clean: &str, encoding: &'static str) -> Result<(), Refusal> {
        let Some(&line) = self.malformed.first() else {
            return Ok(());
        };
        let characters = clean.chars().count();
        let malformed = self.malformed.len();
        if malformed <= MALFORMED_ALLOWED.max(characters / MALFORMED_ONE_IN) {
            return Ok(());
        }
        Err(Refusal::Undecodable {
            encoding,
            malformed,
            characters,
            line,
        })
    }

    /// The remarks on what was done, for the operator.
    pub(super) fn notes(self) -> Vec<Note> {
        let counted = [
            (self.line_ends, Note::LineEnds as fn(usize) -> Note),
            (self.nuls, Note::Nuls),
            (self.controls, Note::Controls),
            (self.invisible, Note::Invisible),
            (self.no_break_spaces, Note::NoBreakSpaces),
        ];
        let mut notes = Vec::new();
        notes.extend(self.mark.then_some(Note::ByteOrderMark));
        notes.extend(
            counted
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, note)| note(count)),
        );
        if !self.malformed.is_empty() {
            notes.push(Note::Malformed {
                lines: self.malformed,
            });
        }
        notes
    }
}

/// Where the marker that `text` ends with begins, and the character it names.
fn trailing_marker(text: &str) -> Option<(usize, char)> {
    let body = text.strip_suffix('>')?;
    // Eight digits are the most a marker has.
    let window = body.len().saturating_sub(MARKER.len() + 8);
    let tail = body.as_bytes().get(window..)?;
    let at = tail
        .windows(MARKER.len())
        .rposition(|bytes| bytes == MARKER.as_bytes())?;
    let start = window + at;
    let digits = body.get(start + MARKER.len()..)?;
    let code = u32::from_str_radix(digits, 16).ok()?;
    Some((start, char::from_u32(code)?))
}

/// Whether a character is a format character that nobody sees: zero-width, soft hyphen, direction.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{AD}'
            | '\u{61C}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{FEFF}'
    )
}

/// The first byte, at `from` or after it, of a character that cleaning changes or counts.
///
/// A block at a time is asked whether it has any, without branches, which compilers turn into
/// vector instructions; only then is the place looked for.
fn next_suspect(bytes: &[u8], from: usize) -> Option<usize> {
    const BLOCK: usize = 64;
    let mut at = from;
    while let Some(window) = bytes.get(at..at + BLOCK + 2) {
        let any = (0..BLOCK).fold(0, |any, i| {
            any | u8::from(is_suspect(window[i], window[i + 1], window[i + 2]))
        });
        if any != 0 {
            break;
        }
        at += BLOCK;
    }
    let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
    (at..bytes.len()).find(|&at| is_suspect(byte(at), byte(at + 1), byte(at + 2)))
}

/// Whether `a`, before `b` and `c` in valid UTF-8, begins a character that cleaning changes or
/// counts.
#[inline]
#[expect(
    clippy::needless_bitwise_bool,
    reason = "a branch per byte keeps the block from becoming vector instructions"
)]
fn is_suspect(a: u8, b: u8, c: u8) -> bool {
    let control = ((a < 0x20) & (a != b'\n') & (a != b'\t')) | (a == 0x7F);
    // U+0080 to U+00A0, U+00AD
    let latin = (a == 0xC2) & ((b <= 0xA0) | (b == 0xAD));
    let arabic_mark = (a == 0xD8) & (b == 0x9C);
    // U+200B to U+200F, U+2028 to U+202E; U+2060 to U+206F
    let marks = (0x8B..=0x8F).contains(&c) | (0xA8..=0xAE).contains(&c);
    let joiners = (0xA0..=0xAF).contains(&c);
    let general = (a == 0xE2) & (((b == 0x80) & marks) | ((b == 0x81) & joiners));
    // U+FEFF, U+FFFD
    let special = (a == 0xEF) & (((b == 0xBB) & (c == 0xBF)) | ((b == 0xBF) & (c == 0xBD)));
    control | latin | arabic_mark | general | special
}
