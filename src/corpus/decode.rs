//! Bytes of one text file to clean text, whatever encoding its author's machine used.
//!
//! Reports come from many offices: UTF-8, GBK from older systems, Big5, UTF-16 from "Unicode text"
//! exports, with byte order marks, Windows line ends and invisible characters that copying from a
//! page leaves behind. A word with a zero-width space inside is never found, so such characters go
//! here (`decode/clean.rs`), once, and everything that goes is counted in [`Note`]s. Which file the
//! bytes are from, and what becomes of a refusal, is the caller's concern.
//!
//! Invariant: no bytes make it panic; the text has `\n` line ends, no other control or invisible
//! format character, and decoding its own bytes again changes nothing (`tests/decoding.rs`).

mod clean;
mod declared;

use std::borrow::Cow;
use std::fmt;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

use clean::Dropped;
pub(super) use declared::{declared, name_of};

/// How many bytes are looked at to tell an encoding; even, so that UTF-16 keeps its pairs.
const SAMPLE: usize = 64 * 1024;

/// Below so many bytes the places of the characters ([`usual_share`]) tell better than `chardetng`,
/// which took 47 % of GBK samples of two characters and 14 % of four for Korean, Cyrillic or others.
/// From twelve characters it was always right, and it tells GBK from Korean besides.
const SHORT: usize = 48;

/// A reading is believed where this share of its characters is usual: right readings of eight
/// characters, in simplified GBK or in Big5, had at least 0.86.
const USUAL: f32 = 0.7;

/// Control characters past one in this many mean that the file is not text.
const CONTROLS_ONE_IN: usize = 50;

/// This many control characters are dropped even from a short text.
const CONTROLS_ALLOWED: usize = 8;

/// How files begin that are often named `.txt` by mistake.
const MAGIC: &[(&[u8], &str)] = &[
    (b"%PDF-", "PDF 文件"),
    (b"PK\x03\x04", "ZIP 压缩包或 Office 文档（docx、xlsx）"),
    (
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
        "旧版 Office 文档（doc、xls）",
    ),
    (b"{\\rtf", "RTF 文档"),
    (b"\x89PNG\r\n\x1A\n", "PNG 图片"),
    (b"\xFF\xD8\xFF", "JPEG 图片"),
    (b"GIF89a", "GIF 图片"),
    (b"\x7FELF", "可执行程序"),
    (b"\x1F\x8B\x08", "gzip 压缩包"),
    (b"7z\xBC\xAF\x27\x1C", "7z 压缩包"),
    (b"Rar!\x1A\x07", "RAR 压缩包"),
    (b"SQLite format 3\0", "SQLite 数据库"),
    (b"\xFF\xFE\0\0", "UTF-32 文本"),
    (b"\0\0\xFE\xFF", "UTF-32 文本"),
];

/// A file's text, ready to be read as reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// The cleaned text; never blank.
    pub text: String,
    /// What it was written in: `UTF-8`, `UTF-16LE`, `UTF-16BE`, `GB18030` (GBK and GB 2312
    /// included) or `Big5`.
    pub encoding: &'static str,
    /// What was dropped or repaired, each kind at most once; empty for a clean file.
    pub notes: Vec<Note>,
}

/// Something dropped or repaired while decoding. Its `Display` is for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A byte order mark at the start was dropped.
    ByteOrderMark,
    /// So many line ends other than `\n` became `\n`: CRLF, CR, vertical tab, form feed, U+0085,
    /// U+2028, U+2029.
    LineEnds(usize),
    /// So many NULs were dropped.
    Nuls(usize),
    /// So many other control characters were dropped.
    Controls(usize),
    /// So many invisible format characters were dropped: zero-width ones, soft hyphens, directional
    /// marks.
    Invisible(usize),
    /// So many no-break spaces, or `<U+00A0>` written out, became plain spaces.
    NoBreakSpaces(usize),
    /// Places that could not be read and stand as U+FFFD in the text.
    Malformed {
        /// The line of each in the cleaned text, from 1, in order.
        lines: Vec<usize>,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByteOrderMark => f.write_str("去掉了文件开头的 BOM"),
            Self::LineEnds(count) => write!(f, "统一了 {count} 处换行符"),
            Self::Nuls(count) => write!(f, "去掉了 {count} 个空字符（NUL）"),
            Self::Controls(count) => write!(f, "去掉了 {count} 个控制字符"),
            Self::Invisible(count) => write!(f, "去掉了 {count} 个不可见字符"),
            Self::NoBreakSpaces(count) => write!(f, "把 {count} 处不间断空格换成了普通空格"),
            Self::Malformed { lines } => {
                write!(f, "有 {} 处字节损坏，显示为 �：第 ", lines.len())?;
                for (index, line) in lines.iter().take(10).enumerate() {
                    let separator = if index == 0 { "" } else { "、" };
                    write!(f, "{separator}{line}")?;
                }
                f.write_str(if lines.len() > 10 { " 等行" } else { " 行" })
            }
        }
    }
}

/// Why a file has no text to give. Its `Display` says so to the operator, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing in it, or nothing but blanks.
    #[error("文件没有文字：请补上内容，或把它移出语料文件夹")]
    Empty,
    /// It is a picture, an archive, a program or the like.
    #[error("不是纯文本（{}）：请另存为 UTF-8 编码的 .txt，或把它移出语料文件夹", looks_like.unwrap_or("含大量控制字符"))]
    NotText {
        /// What it begins like, where that is known; in Chinese.
        looks_like: Option<&'static str>,
    },
    /// It seems to be text, but no supported encoding reads it.
    #[error(
        "无法解码：按 {encoding} 读取，{characters} 个字符中有 {malformed} 个损坏，最早在第 {line} 行；请用原来的软件打开，另存为 UTF-8"
    )]
    Undecodable {
        /// The encoding it resembles most.
        encoding: &'static str,
        /// How many characters that encoding could not read.
        malformed: usize,
        /// How many characters there are with them.
        characters: usize,
        /// The line of the first of them, from 1.
        line: usize,
    },
    /// It seems to be text in an encoding that Chinese reports are not written in.
    #[error(
        "无法解码：像是 {encoding} 编码，只支持 UTF-8、UTF-16、GB18030（GBK）和 Big5；请另存为 UTF-8"
    )]
    Foreign {
        /// The encoding it resembles most.
        encoding: &'static str,
    },
}

/// The clean text of a file's `bytes`.
///
/// A byte order mark decides; then valid UTF-8 is UTF-8; then UTF-16 shows by bytes that no other
/// encoding has, GB18030 and Big5 by where their common characters stand.
///
/// # Errors
///
/// [`Refusal::Empty`] where nothing but blanks is left, [`Refusal::NotText`] for binary files,
/// [`Refusal::Undecodable`] where more than 1 % of the characters are malformed, and
/// [`Refusal::Foreign`] for encodings that are not read.
pub fn decode(bytes: &[u8]) -> Result<Decoded, Refusal> {
    refuse_signature(bytes)?;
    let (text, encoding) = read(bytes)?;
    let decoded = clean(&text, encoding)?;
    // What is left when characters were dropped may begin like another format as well.
    refuse_signature(decoded.text.as_bytes())?;
    Ok(decoded)
}

/// Refuses what begins like a format that is none of text.
fn refuse_signature(bytes: &[u8]) -> Result<(), Refusal> {
    let found = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic));
    found.map_or(Ok(()), |(_, name)| {
        Err(Refusal::NotText {
            looks_like: Some(name),
        })
    })
}

/// The clean text of what was read in `encoding`, or out of a format of that name.
///
/// # Errors
///
/// As [`decode`].
pub(super) fn clean(text: &str, encoding: &'static str) -> Result<Decoded, Refusal> {
    let mut dropped = Dropped::default();
    let text = dropped.clean(text);
    if dropped.is_binary(&text) {
        return Err(Refusal::NotText { looks_like: None });
    }
    if text.trim().is_empty() {
        return Err(Refusal::Empty);
    }
    dropped.check_damage(&text, encoding)?;
    Ok(Decoded {
        text,
        encoding,
        notes: dropped.notes(),
    })
}

/// The text of `bytes` as it stands, byte order mark included, and the name of its encoding.
fn read(bytes: &[u8]) -> Result<(Cow<'_, str>, &'static str), Refusal> {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None => match UTF_8.decode_without_bom_handling_and_without_replacement(bytes) {
            // UTF-16 of ASCII letters is valid UTF-8 too, with NULs.
            Some(text) if !head(bytes).contains(&0) => return Ok((text, UTF_8.name())),
            valid => recognise(bytes, valid.is_some())?,
        },
    };
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    let name = if encoding == GB18030 {
        "GB18030"
    } else {
        encoding.name()
    };
    Ok((text, name))
}

/// The first bytes, as many as are looked at to tell an encoding.
fn head(bytes: &[u8]) -> &[u8] {
    bytes.get(..SAMPLE).unwrap_or(bytes)
}

/// The encoding of `bytes`, which bear no byte order mark and are not UTF-8 without NULs.
fn recognise(bytes: &[u8], is_utf8: bool) -> Result<&'static Encoding, Refusal> {
    let wide = Wide::of(head(bytes));
    if wide.plausible && wide.marked {
        return Ok(wide.encoding);
    }
    let first = Encoding::ascii_valid_up_to(bytes);
    let text = head(bytes.get(first..).unwrap_or_default());
    if is_utf8 || mostly_utf8(text) {
        return Ok(UTF_8);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(text, text.len() < SAMPLE);
    let guess = detector.guess(None, Utf8Detection::Deny);
    let gb = usual_share(text, usual_in_gb);
    let big5 = usual_share(text, usual_in_big5);
    let (usual, share) = if gb >= big5 {
        (GB18030, gb)
    } else {
        (BIG5, big5)
    };
    let short = text.len() < SHORT;
    if share < USUAL && short && wide.plausible {
        return Ok(wide.encoding);
    }
    let controls = head(bytes).iter().filter(|byte| is_control(**byte)).count();
    if controls > CONTROLS_ALLOWED.max(head(bytes).len() / CONTROLS_ONE_IN) {
        return Err(Refusal::NotText { looks_like: None });
    }
    let trusted = share < USUAL || !short;
    match guess.name() {
        "GBK" if trusted => Ok(GB18030),
        "Big5" if trusted => Ok(BIG5),
        "GBK" | "Big5" => Ok(usual),
        // One damaged byte makes chardetng give an encoding up, so it is believed about a foreign
        // one only where the text is undamaged as Chinese too.
        _ if share >= USUAL && (short || usual.decode_without_bom_handling(text).1) => Ok(usual),
        foreign => Err(Refusal::Foreign { encoding: foreign }),
    }
}

/// Whether a byte is a control character that a text file holds few of.
fn is_control(byte: u8) -> bool {
    matches!(byte, 0..=8 | 0x0E..=0x1F | 0x7F)
}

/// Whether bytes are UTF-8 with damage: whole characters far outnumber what is broken. Nearly every
/// character of GBK or Big5 breaks the rules of UTF-8.
fn mostly_utf8(text: &[u8]) -> bool {
    let (mut whole, mut broken) = (0_usize, 0_usize);
    for chunk in text.utf8_chunks() {
        whole += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    whole > broken * 3
}

/// The share of two-byte characters that are usual in Chinese text, of all that are not ASCII.
///
/// Both national sets put the common characters first, so a lead and a trail byte tell how usual a
/// character is: no table is needed, and a damaged byte spoils no more than its neighbours.
fn usual_share(text: &[u8], is_usual: fn(u8, u8) -> bool) -> f32 {
    let (mut usual, mut all) = (0_u16, 0_u16);
    let mut rest = text;
    // Twenty thousand characters tell enough, and fit a float exactly.
    while let [lead, after @ ..] = rest
        && all < 20_000
    {
        rest = after;
        if lead.is_ascii() {
            continue;
        }
        all += 1;
        if let [trail, after @ ..] = rest
            && *trail >= 0x30
        {
            usual += u16::from(is_usual(*lead, *trail));
            rest = after;
        }
    }
    f32::from(usual) / f32::from(all.max(1))
}

/// Whether these bytes are punctuation, a full-width letter or a level 1 character of GB 2312.
fn usual_in_gb(lead: u8, trail: u8) -> bool {
    trail >= 0xA1 && matches!(lead, 0xB0..=0xD7 | 0xA1 | 0xA3)
}

/// Whether these bytes are punctuation or a level 1 character of Big5.
fn usual_in_big5(lead: u8, trail: u8) -> bool {
    matches!(trail, 0x40..=0x7E | 0xA1..=0xFE) && matches!(lead, 0xA4..=0xC6 | 0xA1)
}

/// What bytes look like when read as UTF-16 of Chinese text.
struct Wide {
    /// The byte order that reads better.
    encoding: &'static Encoding,
    /// Whether nearly every character is Chinese, punctuation or ASCII.
    plausible: bool,
    /// Whether there are bytes in numbers that texts in other encodings do not have. ASCII letters
    /// pair into Chinese characters, so being plausible is not enough for a long text.
    marked: bool,
}

impl Wide {
    fn of(bytes: &[u8]) -> Self {
        let little = Self::count(bytes, u16::from_le_bytes);
        let big = Self::count(bytes, u16::from_be_bytes);
        let (encoding, (expected, _)) = if little >= big {
            (UTF_16LE, little)
        } else {
            (UTF_16BE, big)
        };
        let len = bytes.len();
        let count = |is: fn(u8) -> bool| bytes.iter().filter(|byte| is(**byte)).count();
        let nuls = count(|byte| byte == 0);
        let high = count(|byte| !byte.is_ascii());
        let marks = count(|byte| is_control(byte) || byte == 0xFF);
        let unlike_ascii = count(|byte| is_control(byte) || !byte.is_ascii());
        Self {
            encoding,
            // A character of UTF-16 has a NUL or, mostly, another byte unlike ASCII: ASCII strings
            // that end in NUL have fewer.
            plausible: len >= 4
                && expected * 10 >= len / 2 * 9
                && unlike_ascii * 20 >= len * 3
                && (high > 0 || nuls * 10 >= len * 3),
            marked: marks * 50 >= len,
        }
    }

    /// How many units are expected in Chinese text, and how many of those are ASCII.
    fn count(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (usize, usize) {
        let (pairs, _) = bytes.as_chunks();
        let (mut expected, mut ascii) = (0, 0);
        for pair in pairs {
            match unit(*pair) {
                0x09 | 0x0A | 0x0D | 0x20..=0x7E => {
                    expected += 1;
                    ascii += 1;
                }
                // Punctuation, characters, and the halves of rare ones.
                0xB7
                | 0x2010..=0x2027
                | 0x3000..=0x303F
                | 0x3400..=0x9FFF
                | 0xD840..=0xD88F
                | 0xDC00..=0xDFFF
                | 0xFF00..=0xFFEF => expected += 1,
                _ => {}
            }
        }
        (expected, ascii)
    }
}
