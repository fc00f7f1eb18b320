//! Writes XML, whatever the texts in it are.
//!
//! A report may hold characters that no XML document can (control characters, U+FFFE), escaped or
//! not; one of them would make a whole feed unreadable. They become U+FFFD here, and there is no
//! other way to put a text into a document.
//!
//! Invariant: what is written is well-formed and says the texts that were put in
//! (`tests/machines.rs`, over arbitrary text).

/// A document, or a part of one.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    /// A document yet to be begun.
    pub(super) fn document() -> Self {
        Self("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned())
    }

    /// The beginning of an element.
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.tag(name, attributes);
        self.0.push_str(">\n");
        self
    }

    /// The end of an element.
    pub(super) fn close(&mut self, name: &str) -> &mut Self {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push_str(">\n");
        self
    }

    /// An element that holds a text only.
    pub(super) fn leaf(
        &mut self,
        name: &str,
        attributes: &[(&str, &str)],
        text: &str,
    ) -> &mut Self {
        self.tag(name, attributes);
        self.0.push('>');
        self.escaped(text);
        self.close(name)
    }

    /// An element that holds nothing.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Self {
        self.tag(name, attributes);
        self.0.push_str("/>\n");
        self
    }

    /// What has been written.
    pub(super) fn finish(self) -> String {
        self.0
    }

    fn tag(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0.push_str(name);
        for (attribute, value) in attributes {
            self.0.push(' ');
            self.0.push_str(attribute);
            self.0.push_str("=\"");
            self.escaped(value);
            self.0.push('"');
        }
    }

    fn escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // Readers make other line ends of these, and blanks of all three in attributes.
                '\t' => self.0.push_str("&#9;"),
                '\n' => self.0.push_str("&#10;"),
                '\r' => self.0.push_str("&#13;"),
                c if is_char(c) => self.0.push(c),
                _ => self.0.push('\u{fffd}'),
            }
        }
    }
}

/// Whether a document may hold it: `Char` of XML 1.0, blanks besides the usual one left out.
fn is_char(c: char) -> bool {
    matches!(c, ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::XmlVersion;
    use quick_xml::events::Event;

    use super::{Xml, is_char};

    /// Attribute and text of the one element, as a parser reads them.
    fn read(document: &str) -> (String, String) {
        let mut reader = quick_xml::Reader::from_str(document);
        let (mut attribute, mut text) = (String::new(), String::new());
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Start(element) => {
                    let found = element.try_get_attribute("b").expect("well-formed");
                    let found = found.expect("it was written");
                    let value = found.normalized_value(XmlVersion::Implicit1_0);
                    let value = value.expect("known escapes");
                    attribute = value.into_owned();
                }
                Event::Text(part) => text.push_str(&part.xml10_content()),
                Event::GeneralRef(reference) => {
                    let code = reference.resolve_char_ref().expect("a character");
                    let named = || match &*reference {
                        "amp" => '&',
                        "lt" => '<',
                        "gt" => '>',
                        "quot" => '"',
                        other => panic!("{other} is none of XML's own"),
                    };
                    text.push(code.unwrap_or_else(named));
                }
                Event::Eof => return (attribute, text),
                _ => {}
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_back(text in any::<String>(), attribute in any::<String>()) {
            let mut xml = Xml::document();
            xml.leaf("a", &[("b", &attribute)], &text);
            let document = xml.finish();
            let kept = |text: &str| -> String {
                let fits = |c| is_char(c) || matches!(c, '\t' | '\n' | '\r');
                text.chars().map(|c| if fits(c) { c } else { '\u{fffd}' }).collect()
            };
            let (read_attribute, read_text) = read(&document);
            prop_assert_eq!(read_attribute, kept(&attribute));
            // The line ends before and after the element are none of its text.
            prop_assert_eq!(read_text, format!("\n{}\n", kept(&text)));
        }
    }
}
