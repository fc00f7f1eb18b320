//! Word files and PDFs.

use std::fmt::Write;

use super::{archive, read, refusal};

/// A Word file with this body and nothing else.
pub(super) fn docx(body: &str) -> Vec<u8> {
    archive(&[("word/document.xml", &document(body))])
}

pub(super) fn document(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<w:document xmlns:w=\"w\" xmlns:mc=\"mc\"><w:body>{body}</w:body></w:document>"
    )
}

fn paragraph(text: &str) -> String {
    format!("<w:p><w:r><w:t xml:space=\"preserve\">{text}</w:t></w:r></w:p>")
}

#[test]
fn a_word_file_gives_paragraphs_rows_and_notes() {
    let cell = |text: &str| format!("<w:tc>{}</w:tc>", paragraph(text));
    let row = |cells: &[&str]| {
        let cells: String = cells.iter().map(|text| cell(text)).collect();
        format!("<w:tr>{cells}</w:tr>")
    };
    let body = [
        paragraph("四川省成都市:以美育人"),
        "<w:p><w:r><w:t>成都市</w:t></w:r><w:r><w:t>推进&lt;美育&gt;</w:t><w:br/><w:t>第二行</w:t></w:r></w:p>".to_owned(),
        "<w:p><w:del><w:r><w:delText>删去</w:delText></w:r></w:del><w:ins><w:r><w:t>补上的字</w:t></w:r></w:ins></w:p>".to_owned(),
        "<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent><w:p><w:r><w:t>文本框</w:t></w:r></w:p></w:txbxContent></mc:Choice><mc:Fallback><w:t>文本框</w:t></mc:Fallback></mc:AlternateContent></w:r><w:r><w:t>框外</w:t></w:r></w:p>".to_owned(),
        format!("<w:tbl>{}{}</w:tbl>", row(&["项目", "金额"]), row(&["设施", "9.08亿元"])),
        format!("<w:tbl>{}</w:tbl>", row(&["独占一格的一段话。"])),
        paragraph(" "),
    ]
    .concat();
    let notes = format!(
        "<w:footnotes xmlns:w=\"w\">{}</w:footnotes>",
        paragraph("脚注一")
    );
    let bytes = archive(&[
        ("word/document.xml", &document(&body)),
        ("word/footnotes.xml", &notes),
    ]);
    let text = read("a.docx", &bytes);
    assert_eq!(
        text.text,
        "四川省成都市:以美育人\n成都市推进<美育>\n第二行\n补上的字\n文本框\n框外\n\
         项目 | 金额\n设施 | 9.08亿元\n独占一格的一段话。\n脚注一\n"
    );
    assert_eq!(text.encoding, "DOCX");
    assert_eq!(text.reports[0].title, "四川省成都市:以美育人");
}

#[test]
fn numbers_that_word_counts_stand_before_their_paragraphs() {
    let level = |level: usize, format: &str, pattern: &str| {
        format!(
            "<w:lvl w:ilvl=\"{level}\"><w:start w:val=\"1\"/><w:numFmt w:val=\"{format}\"/><w:lvlText w:val=\"{pattern}\"/></w:lvl>"
        )
    };
    let numbering = format!(
        "<w:numbering xmlns:w=\"w\"><w:abstractNum w:abstractNumId=\"0\">{}{}{}{}</w:abstractNum>\
         <w:num w:numId=\"7\"><w:abstractNumId w:val=\"0\"/></w:num>\
         <w:num w:numId=\"8\"><w:abstractNumId w:val=\"0\"/><w:lvlOverride w:ilvl=\"0\"><w:startOverride w:val=\"1\"/></w:lvlOverride></w:num></w:numbering>",
        level(0, "chineseCountingThousand", "%1、"),
        level(1, "japaneseCounting", "（%2）"),
        level(2, "decimal", "%3."),
        level(3, "decimalEnclosedCircleChinese", "%4"),
    );
    let styles = "<w:styles xmlns:w=\"w\"><w:style w:styleId=\"1\"><w:pPr><w:numPr><w:numId w:val=\"7\"/></w:numPr></w:pPr></w:style>\
        <w:style w:styleId=\"2\"><w:basedOn w:val=\"1\"/><w:pPr><w:numPr><w:ilvl w:val=\"1\"/></w:numPr></w:pPr></w:style></w:styles>";
    let with_style = |style: &str, text: &str| {
        format!(
            "<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"
        )
    };
    let listed = |list: usize, level: usize, text: &str| {
        format!(
            "<w:p><w:pPr><w:numPr><w:ilvl w:val=\"{level}\"/><w:numId w:val=\"{list}\"/></w:numPr></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"
        )
    };
    let mut body = with_style("1", "总体要求");
    body += &with_style("2", "指导思想");
    body += &with_style("2", "基本原则");
    body += &listed(7, 2, "坚持育人为本");
    body += &listed(7, 2, "坚持因地制宜");
    body += &listed(7, 3, "细目");
    body += &with_style("1", "主要任务");
    body += &with_style("2", "改进教学");
    body += &listed(0, 0, "不编号");
    for nth in 3..12 {
        body += &with_style("1", &format!("第{nth}项"));
    }
    body += &listed(8, 0, "重新编号");
    let bytes = archive(&[
        ("word/document.xml", &document(&body)),
        ("word/numbering.xml", &numbering),
        ("word/styles.xml", styles),
    ]);
    let text = read("a.docx", &bytes).text;
    let expected = "一、总体要求\n（一）指导思想\n（二）基本原则\n1. 坚持育人为本\n2. 坚持因地制宜\n①细目\n\
                    二、主要任务\n（一）改进教学\n不编号\n三、第3项\n";
    assert!(text.starts_with(expected), "{text}");
    assert!(
        text.contains("十、第10项\n十一、第11项\n一、重新编号\n"),
        "{text}"
    );
}

/// A Word file as Word 97 wrote it, with text alone.
fn doc(text: &str) -> Vec<u8> {
    const TEXT_AT: usize = 0x800;
    let encoded: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let characters = u32::try_from(text.encode_utf16().count()).expect("a short text");
    // Where the text stands: one piece, which begins after the header.
    let mut pieces = vec![2];
    pieces.extend(16_u32.to_le_bytes());
    pieces.extend(0_u32.to_le_bytes());
    pieces.extend(characters.to_le_bytes());
    pieces.extend([0, 0]);
    pieces.extend(0x800_u32.to_le_bytes());
    pieces.extend([0, 0]);
    let length = u32::try_from(pieces.len()).expect("a short table");
    // The header's fields that a reader must have, by their places.
    let mut document = vec![0_u8; TEXT_AT];
    let mut put = |at: usize, bytes: &[u8]| document[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &0xA5EC_u16.to_le_bytes());
    put(2, &0x00C1_u16.to_le_bytes());
    put(0x0A, &0x0200_u16.to_le_bytes());
    put(32, &14_u16.to_le_bytes());
    put(62, &22_u16.to_le_bytes());
    put(64 + 12, &characters.to_le_bytes());
    put(152, &93_u16.to_le_bytes());
    put(154 + 33 * 8 + 4, &length.to_le_bytes());
    document.extend(encoded);
    document.resize(TEXT_AT + 0x1000, 0);
    let mut container =
        cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).expect("memory can be written");
    for (name, content) in [("/WordDocument", document), ("/1Table", pieces)] {
        let mut stream = container.create_stream(name).expect("a new stream");
        std::io::Write::write_all(&mut stream, &content).expect("memory can be written");
    }
    container.flush().expect("memory can be written");
    container.into_inner().into_inner()
}

#[test]
fn an_old_word_file_gives_its_paragraphs() {
    let bytes = doc("四川省成都市:以美育人\r一、加强领导。建立联席会议制度。\r二、配齐教师。\r");
    for name in ["a.doc", "a.wps", "a.dot"] {
        let text = read(name, &bytes);
        assert_eq!(
            text.text,
            "四川省成都市:以美育人\n一、加强领导。建立联席会议制度。\n二、配齐教师。\n"
        );
        assert_eq!(text.encoding, "DOC");
    }
}

#[test]
fn what_is_wrong_with_a_word_file_is_said() {
    let whole = docx(&paragraph(&"成都市推进学校美育工作。".repeat(50)));
    for cut in [10, 40, whole.len() / 2, whole.len() - 10] {
        let reason = refusal("cut.docx", &whole[..cut]);
        assert!(reason.contains("损坏"), "{cut}: {reason}");
    }
    let broken = archive(&[("word/document.xml", "<w:document><w:body><w:p <<<")]);
    assert!(refusal("a.docx", &broken).contains("损坏"));
    assert!(refusal("a.docx", &docx("")).contains("没有文字"));
    let old = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and nothing that follows";
    let reason = refusal("a.doc", old);
    assert!(reason.contains("Word 文档"), "{reason}");
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).expect("a string can be written");
}

/// A PDF whose font says how its codes are encoded, but not which characters they are.
pub(super) fn pdf(encoding: &str, codes: fn(&str) -> Vec<u8>, pages: &[&[&str]]) -> Vec<u8> {
    let hex = |text: &str| {
        codes(text).iter().fold(String::new(), |mut hex, byte| {
            push(&mut hex, format_args!("{byte:02x}"));
            hex
        })
    };
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        String::new(),
        "<< /Type /FontDescriptor /FontName /SimSun /Flags 4 /FontBBox [0 -220 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -220 /CapHeight 700 /StemV 80 >>".to_owned(),
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /SimSun /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /FontDescriptor 3 0 R /DW 1000 >>".to_owned(),
        format!("<< /Type /Font /Subtype /Type0 /BaseFont /SimSun /Encoding /{encoding} /DescendantFonts [4 0 R] >>"),
    ];
    let mut kids = String::new();
    for (number, lines) in (1..).zip(pages) {
        let mut content = "BT /F1 16 Tf 28 TL 90 760 Td\n".to_owned();
        for line in *lines {
            push(&mut content, format_args!("<{}> Tj T*\n", hex(line)));
        }
        let foot = hex(&format!("— {number} —"));
        push(
            &mut content,
            format_args!("ET\nBT /F1 9 Tf 280 40 Td <{foot}> Tj ET\n"),
        );
        objects.push(format!(
            "<< /Length {} >>\nstream\n{content}endstream",
            content.len()
        ));
        let stream = objects.len();
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 5 0 R >> >> /Contents {stream} 0 R >>"
        ));
        push(&mut kids, format_args!("{} 0 R ", objects.len()));
    }
    objects[1] = format!("<< /Type /Pages /Kids [{kids}] /Count {} >>", pages.len());
    let mut file = "%PDF-1.4\n".to_owned();
    let mut table = String::new();
    for (number, object) in (1..).zip(&objects) {
        push(&mut table, format_args!("{:010} 00000 n \n", file.len()));
        push(
            &mut file,
            format_args!("{number} 0 obj\n{object}\nendobj\n"),
        );
    }
    let start = file.len();
    let size = objects.len() + 1;
    push(
        &mut file,
        format_args!(
            "xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
        ),
    );
    file.into_bytes()
}

pub(super) fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

/// Lines of two pages: a title, paragraphs with indents, one of them across pages.
pub(super) const PAGES: [&[&str]; 2] = [
    &[
        "四川省成都市:完善机制推进美育",
        "　　成都市坚持以美育人，把学校美育纳入经济社会发展规划，统筹",
        "推进各项工作，取得了明显成效，现将有关情况报告如下。",
        "　　一、加强组织领导。建立联席会议制度，由市政府分管领导任召",
        "集人，教育、财政、人社等部门为成员单位，定期研究解决重大问题",
    ],
    &[
        "，并向社会公布。",
        "　　（一）落实经费保障。全市投入9.08亿元，新增学位20.93万个，",
        "增长11.5%。",
        "　　二、配齐美育教师。实施“万人交流”计划。",
    ],
];

const PAGES_TEXT: &str = "\
四川省成都市:完善机制推进美育
成都市坚持以美育人，把学校美育纳入经济社会发展规划，统筹推进各项工作，取得了明显成效，现将有关情况报告如下。
一、加强组织领导。建立联席会议制度，由市政府分管领导任召集人，教育、财政、人社等部门为成员单位，定期研究解决重大问题，并向社会公布。
（一）落实经费保障。全市投入9.08亿元，新增学位20.93万个，增长11.5%。
二、配齐美育教师。实施“万人交流”计划。
";

#[test]
fn a_pdf_without_to_unicode_gives_paragraphs() {
    type Codes = fn(&str) -> Vec<u8>;
    let cases: [(&str, Codes); 5] = [
        ("GBK-EUC-H", gbk),
        ("GB-EUC-H", gbk),
        ("GBKp-EUC-H", gbk),
        ("UniGB-UCS2-H", utf16),
        ("UniGB-UTF16-H", utf16),
    ];
    for (encoding, codes) in cases {
        let text = read("a.pdf", &pdf(encoding, codes, &PAGES));
        assert_eq!(text.text, PAGES_TEXT, "{encoding}");
        assert_eq!(text.encoding, "PDF");
    }
}

#[test]
fn what_is_wrong_with_a_pdf_is_said() {
    let whole = pdf("GBK-EUC-H", gbk, &PAGES);
    let reason = refusal("cut.pdf", &whole[..60]);
    assert!(reason.contains("PDF 已损坏"), "{reason}");
    // A font of codes that stand for glyphs of that font alone.
    let reason = refusal("codes.pdf", &pdf("Identity-H", gbk, &PAGES));
    assert!(reason.contains("PDF"), "{reason}");
    let scanned = pdf("GBK-EUC-H", gbk, &[&[]]);
    let scanned = String::from_utf8_lossy(&scanned).replace("Tj", "Do");
    let reason = refusal("scan.pdf", scanned.as_bytes());
    assert!(reason.contains("OCR"), "{reason}");
}

#[test]
fn a_page_of_a_pdf_without_text_is_remarked_on() {
    let pages: [&[&str]; 2] = [PAGES[0], &[]];
    let bytes = pdf("GBK-EUC-H", gbk, &pages);
    let text = String::from_utf8_lossy(&bytes).replace("<a1aa2032 20a1aa>", "<>");
    let empty = text.replace("<a1aa203220a1aa>", "<>");
    let read = read("a.pdf", empty.as_bytes());
    let said = read
        .warnings
        .iter()
        .any(|warning| warning.message.contains("第 2 页没有文字"));
    assert!(said, "{:?}", read.warnings);
}
