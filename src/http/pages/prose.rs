//! Text of reports as HTML: what a query matched is marked, and figures are.
//!
//! Everything else is escaped; the only elements are `<mark>` and `<data class="figure">`, nested
//! as they should be wherever the two overlap (tested below over arbitrary texts and marks).

use crate::quantity::Quantity;
use crate::report::Span;
use crate::search::Highlighter;

/// `span` of `text`, in which `figures` stand, with what `highlighter` finds marked.
pub(super) fn html(
    text: &str,
    span: Span,
    figures: &[Quantity],
    highlighter: &Highlighter,
) -> String {
    let piece = span.of(text);
    let figures: Vec<(Span, String)> = figures
        .iter()
        .filter(|figure| span.start <= figure.range.start && figure.range.end <= span.end)
        .map(|figure| (figure.range.relative_to(span.start), value(figure)))
        .collect();
    marked(piece, &figures, &highlighter.spans(piece))
}

/// The value of a figure for machines: a number, or two with `..` between them.
pub(super) fn value(figure: &Quantity) -> String {
    if figure.low < figure.high {
        format!("{}..{}", figure.low, figure.high)
    } else {
        figure.low.to_string()
    }
}

/// `text` with elements around `figures` and `marks`, each in order and without overlap.
fn marked(text: &str, figures: &[(Span, String)], marks: &[Span]) -> String {
    let ends = figures.iter().map(|(span, _)| span).chain(marks);
    let mut cuts: Vec<usize> = ends.flat_map(|span| [span.start, span.end]).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    cuts.dedup();
    let mut html = String::with_capacity(text.len() + cuts.len() * 16);
    let mut figure_open = None;
    let mut mark_open = false;
    for (&start, &end) in cuts.iter().zip(cuts.iter().skip(1)) {
        let holds = |span: &Span| span.start <= start && end <= span.end;
        let figure = figures.iter().position(|(span, _)| holds(span));
        let is_marked = marks.iter().any(holds);
        // A mark never reaches over the edge of a figure; it ends there and begins again.
        if mark_open && (!is_marked || figure != figure_open) {
            html.push_str("</mark>");
            mark_open = false;
        }
        if figure != figure_open {
            if figure_open.is_some() {
                html.push_str("</data>");
            }
            if let Some((_, value)) = figure.and_then(|at| figures.get(at)) {
                html.push_str("<data class=\"figure\" value=\"");
                escape(value, &mut html);
                html.push_str("\">");
            }
            figure_open = figure;
        }
        if is_marked && !mark_open {
            html.push_str("<mark>");
            mark_open = true;
        }
        escape(text.get(start..end).unwrap_or_default(), &mut html);
    }
    if mark_open {
        html.push_str("</mark>");
    }
    if figure_open.is_some() {
        html.push_str("</data>");
    }
    html
}

fn escape(text: &str, html: &mut String) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, proptest};

    use super::{escape, marked};
    use crate::report::Span;

    fn spans(ends: &[(usize, usize)]) -> Vec<Span> {
        ends.iter()
            .map(|&(start, end)| Span::new(start, end))
            .collect()
    }

    #[test]
    fn marks_and_figures_nest_wherever_they_overlap() {
        let figure = [(Span::new(3, 6), "5".to_owned())];
        for (marks, expected) in [
            (vec![], "abc<data class=\"figure\" value=\"5\">def</data>gh"),
            (
                vec![(4, 5)],
                "abc<data class=\"figure\" value=\"5\">d<mark>e</mark>f</data>gh",
            ),
            (
                vec![(1, 4)],
                "a<mark>bc</mark><data class=\"figure\" value=\"5\"><mark>d</mark>ef</data>gh",
            ),
            (
                vec![(0, 8)],
                "<mark>abc</mark><data class=\"figure\" value=\"5\"><mark>def</mark></data>\
                 <mark>gh</mark>",
            ),
        ] {
            assert_eq!(marked("abcdefgh", &figure, &spans(&marks)), expected);
        }
    }

    /// Spans of a text with so many characters, in order, without overlap.
    fn parted(length: usize) -> impl Strategy<Value = Vec<(usize, usize)>> {
        prop::collection::btree_set(0..=length, 0..8).prop_map(|cuts| {
            let cuts: Vec<usize> = cuts.into_iter().collect();
            cuts.chunks_exact(2)
                .map(|pair| (pair[0], pair[1]))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn nothing_of_a_text_is_lost_and_nothing_of_it_becomes_markup(
            text in "[a-z<>&\"'中文数字]{0,20}",
            figures in parted(20),
            marks in parted(20),
        ) {
            let at: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let bytes = |ends: &[(usize, usize)]| -> Vec<Span> {
                ends.iter()
                    .filter(|(_, end)| *end < at.len())
                    .map(|&(start, end)| Span::new(at[start], at[end]))
                    .collect()
            };
            let figures: Vec<(Span, String)> = bytes(&figures)
                .into_iter()
                .map(|span| (span, "1".to_owned()))
                .collect();
            let html = marked(&text, &figures, &bytes(&marks));
            let open = "<data class=\"figure\" value=\"1\">";
            prop_assert_eq!(html.matches(open).count(), html.matches("</data>").count());
            prop_assert_eq!(html.matches("<mark>").count(), html.matches("</mark>").count());
            // Between a mark's beginning and its end no figure begins or ends.
            for piece in html.split("<mark>").skip(1) {
                let inside = piece.split("</mark>").next().unwrap_or_default();
                prop_assert!(!inside.contains("<data") && !inside.contains("</data>"), "{}", html);
            }
            let bare = html.replace(open, "").replace("</data>", "");
            let bare = bare.replace("<mark>", "").replace("</mark>", "");
            let mut whole = String::new();
            escape(&text, &mut whole);
            prop_assert_eq!(bare, whole);
        }
    }
}
