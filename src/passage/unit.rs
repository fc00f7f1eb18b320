//! Decides which nodes of an outline are passages of their own.

use super::outline::{Node, NodeKind, Outline};
use crate::numbering::Form;

/// How many characters an item has, by the median of its like, to answer a question alone.
const ITEM_MIN_CHARS: usize = 100;

/// The units of an outline.
pub(super) struct Units {
    /// For each node, the unit it belongs to: itself, or the nearest around it.
    pub(super) of: Vec<usize>,
    /// Whether the document itself, its attachments aside, has units.
    pub(super) divided: bool,
}

impl Units {
    /// Whether `node` is a unit.
    pub(super) fn has(&self, node: usize) -> bool {
        self.of.get(node) == Some(&node)
    }
}

/// The units of `outline` when a passage has at most `max_chars` characters.
pub(super) fn of(outline: &Outline, max_chars: usize) -> Units {
    let nodes = &outline.nodes;
    let mut units = vec![false; nodes.len()];
    let mut in_article = vec![false; nodes.len()];
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        let inherited = in_article.get(node.parent).copied().unwrap_or_default();
        if let Some(slot) = in_article.get_mut(at) {
            *slot = inherited || node.kind == NodeKind::Numbered(Form::Article);
        }
        if let Some(slot) = units.get_mut(at) {
            *slot = structural(node) && !inherited;
        }
        if at > 0
            && let Some(siblings) = children.get_mut(node.parent)
        {
            siblings.push(at);
        }
    }
    // What a unit stands in is one too.
    for (at, node) in nodes.iter().enumerate().rev() {
        if units.get(at) == Some(&true)
            && let Some(parent) = units.get_mut(node.parent)
        {
            *parent = true;
        }
    }
    let is_unit = |units: &[bool], at: usize| units.get(at).copied().unwrap_or_default();
    // And so are its like beside it.
    for siblings in &children {
        for form in FINE {
            let like = |&&child: &&usize| form_of(nodes, child) == Some(form);
            if siblings
                .iter()
                .filter(like)
                .any(|&child| is_unit(&units, child))
            {
                for &child in siblings.iter().filter(like) {
                    if let Some(unit) = units.get_mut(child) {
                        *unit = true;
                    }
                }
            }
        }
    }
    let divided_by_structure: Vec<bool> = children
        .iter()
        .map(|children| children.iter().any(|&child| is_unit(&units, child)))
        .collect();
    let paragraphs = levels_of_paragraphs(nodes);
    for (at, siblings) in children.iter().enumerate() {
        let Some(node) = nodes.get(at) else {
            continue;
        };
        let article = in_article.get(at).copied().unwrap_or_default();
        let divided = divided_by_structure.get(at).copied().unwrap_or_default();
        if !is_unit(&units, at) || divided || article {
            continue;
        }
        for form in FINE {
            let like: Vec<usize> = siblings
                .iter()
                .copied()
                .filter(|&child| form_of(nodes, child) == Some(form))
                .collect();
            let level = paragraphs.contains(&form) && node.depth < 2;
            let long = node.chars > max_chars
                && like.len() > 1
                && median(
                    like.iter()
                        .filter_map(|&child| Some(nodes.get(child)?.chars)),
                ) >= ITEM_MIN_CHARS;
            if level || long {
                for child in like {
                    if let Some(unit) = units.get_mut(child) {
                        *unit = true;
                    }
                }
            }
        }
    }
    let mut of = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let around = of.get(node.parent).copied().unwrap_or(0);
        of.push(if is_unit(&units, at) { at } else { around });
    }
    let divided = nodes
        .iter()
        .enumerate()
        .skip(1)
        .any(|(at, node)| !node.attached && is_unit(&units, at));
    Units { of, divided }
}

/// The forms whose items are units only where they say enough; a dash cuts, but numbers nothing.
const FINE: [Form; 7] = [
    Form::Digit,
    Form::Decimal,
    Form::DecimalDecimal,
    Form::BracketedDigit,
    Form::HalfBracketedDigit,
    Form::Circled,
    Form::Counted,
];

/// Whether `node` is a unit whatever it holds.
fn structural(node: &Node) -> bool {
    match node.kind {
        NodeKind::Overview | NodeKind::Section | NodeKind::Attachment => true,
        NodeKind::Numbered(form) => form <= Form::Bracketed,
    }
}

/// The forms of digits that this document uses as its first or second level with paragraphs under
/// them.
fn levels_of_paragraphs(nodes: &[Node]) -> Vec<Form> {
    [
        Form::Digit,
        Form::Decimal,
        Form::BracketedDigit,
        Form::HalfBracketedDigit,
    ]
    .into_iter()
    .filter(|&form| {
        let like = nodes
            .iter()
            .filter(|node| node.kind == NodeKind::Numbered(form) && node.depth <= 2)
            .filter(|node| !node.attached);
        median(like.map(|node| node.chars)) >= ITEM_MIN_CHARS
    })
    .collect()
}

fn form_of(nodes: &[Node], at: usize) -> Option<Form> {
    match nodes.get(at)?.kind {
        NodeKind::Numbered(form) => Some(form),
        _ => None,
    }
}

fn median(counts: impl Iterator<Item = usize>) -> usize {
    let mut counts: Vec<usize> = counts.collect();
    counts.sort_unstable();
    counts.get(counts.len() / 2).copied().unwrap_or(0)
}
