//! Reads how a document numbers its units and how they nest.
//!
//! Each line is first told by itself and its neighbours ([`Role`]); numbers then open and close
//! nodes as [`super::nest`] has it, sections and attachments as their modules say.

use super::attachment::{self, Place};
use super::contents;
use super::heading;
use super::line::Line;
use super::nest::Nest;
use super::section;
use crate::numbering::{self, Form, Marker};
use crate::report::{Report, Span};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The report's title.
    Title,
    /// It continues what is open.
    Text,
    /// It begins with a number.
    Marker(Marker),
    /// It may be a heading without a number.
    Bare,
    /// It goes on with the heading on the line before.
    Continued,
    /// An attachment begins.
    Attachment {
        /// It is called a table.
        table: bool,
    },
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NodeKind {
    /// All that stands before the first unit.
    Overview,
    /// A section under a heading without a number.
    Section,
    /// An attachment.
    Attachment,
    /// A numbered unit.
    Numbered(Form),
}

/// A node of the outline.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    /// The node it stands in; the overview stands in itself.
    pub(super) parent: usize,
    /// The number it bears, or its place among its like.
    pub(super) number: u32,
    /// Number and heading as they stand.
    pub(super) label: Option<Span>,
    pub(super) heading: Option<Span>,
    /// What follows the heading on its line.
    pub(super) body: Option<Span>,
    /// Where its line stands among the lines; unset for the overview.
    pub(super) line: usize,
    /// How many numbered nodes lead to it, itself included, within its scope.
    pub(super) depth: usize,
    /// How many characters it has with all below it.
    pub(super) chars: usize,
    /// Whether it stands in an attachment, or is one.
    pub(super) attached: bool,
}

/// The nodes of a document in order, each after the one it stands in.
pub(super) struct Outline {
    pub(super) nodes: Vec<Node>,
    /// For each line, the node it belongs to.
    pub(super) owners: Vec<usize>,
    /// Lines that may be headings without a number, in order: places to cut at.
    pub(super) breaks: Vec<usize>,
}

/// Reads the outline of `report` from its lines.
pub(super) fn read(report: &Report, lines: &[Line<'_>]) -> Outline {
    let roles = roles(report, lines);
    let mut sections = vec![false; lines.len()];
    let mut from = 0;
    for at in 0..=roles.len() {
        if at == roles.len() || matches!(roles.get(at), Some(Role::Attachment { .. })) {
            let scope = roles.get(from..at).unwrap_or_default();
            for heading in section::headings(scope) {
                if let Some(section) = sections.get_mut(from + heading) {
                    *section = true;
                }
            }
            from = at;
        }
    }
    let mut reader = Reader {
        report,
        lines,
        nest: Nest::new(&roles),
        outline: Outline {
            nodes: vec![Node {
                kind: NodeKind::Overview,
                parent: 0,
                number: 0,
                label: None,
                heading: None,
                body: None,
                line: usize::MAX,
                depth: 0,
                chars: 0,
                attached: false,
            }],
            owners: Vec::with_capacity(lines.len()),
            breaks: Vec::new(),
        },
        base: 0,
        container: 0,
        open: 0,
        counted: 0,
        counted_attached: 0,
        attachments: 0,
        table: false,
        named: None,
        following: following(&roles, &sections),
    };
    for (at, (&role, &section)) in roles.iter().zip(&sections).enumerate() {
        reader.line(at, role, section);
    }
    let mut outline = reader.outline;
    for (line, &owner) in lines.iter().zip(&outline.owners) {
        if let Some(node) = outline.nodes.get_mut(owner) {
            node.chars += line.chars;
        }
    }
    for at in (1..outline.nodes.len()).rev() {
        let Some(&Node { parent, chars, .. }) = outline.nodes.get(at) else {
            continue;
        };
        if let Some(node) = outline.nodes.get_mut(parent) {
            node.chars += chars;
        }
    }
    outline
}

/// For each line, the form of the next number below it in its scope.
fn following(roles: &[Role], sections: &[bool]) -> Vec<Option<Form>> {
    let mut following = vec![None; roles.len()];
    let mut next = None;
    for ((role, section), slot) in roles.iter().zip(sections).zip(&mut following).rev() {
        *slot = next;
        match role {
            Role::Marker(marker) => next = Some(marker.form),
            Role::Attachment { .. } => next = None,
            _ if *section => next = None,
            _ => {}
        }
    }
    following
}

/// What each line is, by itself and by its neighbours.
fn roles(report: &Report, lines: &[Line<'_>]) -> Vec<Role> {
    let places = attachment::places(lines);
    let mut contents = vec![false; lines.len()];
    for table in contents::tables(lines) {
        for line in contents.iter_mut().take(table.end).skip(table.start) {
            *line = true;
        }
    }
    let mut roles: Vec<Role> = lines
        .iter()
        .zip(places)
        .enumerate()
        .map(|(at, (line, place))| {
            let title = |title: Span| title.start <= line.span.start && line.span.start < title.end;
            if report.title_range.is_some_and(title) {
                return Role::Title;
            }
            match place {
                Place::Opens { table } => return Role::Attachment { table },
                Place::Lists => return Role::Text,
                Place::None => {}
            }
            if contents.get(at) == Some(&true) {
                return Role::Text;
            }
            numbering::marker(line.text).map_or(Role::Text, Role::Marker)
        })
        .collect();
    for at in 0..lines.len() {
        let (Some(line), Some(Role::Text)) = (lines.get(at), roles.get(at)) else {
            continue;
        };
        if line.text == report.title || contents.get(at) == Some(&true) {
            continue;
        }
        let after = lines.get(at + 1);
        let numbered = matches!(
            roles.get(at + 1),
            Some(Role::Marker(marker)) if marker.form <= Form::Bracketed && marker.number == 1
        );
        let before = at.checked_sub(1).and_then(|before| {
            let titled = matches!(roles.get(before), Some(Role::Title));
            lines.get(before).filter(|_| !titled)
        });
        if heading::stands_alone(before, line, after, numbered)
            && let Some(role) = roles.get_mut(at)
        {
            *role = Role::Bare;
        }
    }
    for at in continued(lines, &roles) {
        if let Some(role) = roles.get_mut(at) {
            *role = Role::Continued;
        }
    }
    roles
}

/// Lines that go on with a numbered heading: short ones below a heading that ends no sentence,
/// where most headings of the document have none, so that it is no sub-heading.
fn continued(lines: &[Line<'_>], roles: &[Role]) -> Vec<usize> {
    let mut headings = 0;
    let mut found = Vec::new();
    let mut alone = Vec::new();
    for (at, pair) in roles.windows(2).enumerate() {
        let [Role::Marker(marker), below] = pair else {
            continue;
        };
        // A number alone on its line has its heading on the next.
        if *below == Role::Text
            && let (Some(line), Some(below)) = (lines.get(at), lines.get(at + 1))
            && line.text.len() <= marker.len
            && marker.form <= Form::Digit
            && heading::may_stand_below(below)
        {
            alone.push(at + 1);
            continue;
        }
        if marker.form > Form::Bracketed
            || lines.get(at).is_none_or(|line| heading::ends(line.text))
        {
            continue;
        }
        headings += 1;
        if *below == Role::Text
            && let Some(line) = lines.get(at + 1)
            && heading::may_continue(line, lines.get(at + 2))
        {
            found.push(at + 1);
        }
    }
    if found.len() * 3 > headings {
        found.clear();
    }
    found.append(&mut alone);
    found
}

struct Reader<'a> {
    report: &'a Report,
    lines: &'a [Line<'a>],
    nest: Nest,
    outline: Outline,
    /// The overview, or the attachment that is open.
    base: usize,
    /// The base or the section that is open.
    container: usize,
    /// The node that text belongs to.
    open: usize,
    /// The last number directly in the document, its attachments aside.
    counted: u32,
    /// The last number directly in the attachment.
    counted_attached: u32,
    attachments: u32,
    /// Whether that attachment is called a table.
    table: bool,
    /// The line that names the attachment which has just begun.
    named: Option<usize>,
    /// For each line, the form of the next number below it.
    following: Vec<Option<Form>>,
}

impl Reader<'_> {
    fn line(&mut self, at: usize, role: Role, section: bool) {
        let Some(line) = self.lines.get(at) else {
            return;
        };
        if self.named.take() == Some(at) {
            self.outline.owners.push(self.open);
            return;
        }
        match role {
            Role::Title => {}
            Role::Text => {
                // What a speaker says to all after the last field belongs to no single one.
                if heading::addresses_audience(line.text) {
                    let kept = usize::from(self.container == self.base);
                    let next = self.following.get(at).copied().flatten();
                    if next.is_none_or(|next| !self.nest.is_inside(kept, next)) {
                        self.close_to(kept);
                    }
                }
            }
            Role::Continued => {
                if let Some(node) = self.outline.nodes.get_mut(self.open) {
                    let heading = node
                        .heading
                        .map_or(line.span.start, |heading| heading.start);
                    node.heading = Some(Span::new(heading, line.span.end));
                    let label = node.label.map_or(heading, |label| label.start);
                    node.label = Some(Span::new(label, line.span.end));
                }
            }
            Role::Bare if section => self.section(at, line),
            Role::Bare if self.table && heading::names_document(line.text) => {
                // A document under its own title is no part of the table before it.
                self.base = 0;
                self.table = false;
                self.section(at, line);
            }
            Role::Bare => self.outline.breaks.push(at),
            Role::Attachment { table } => {
                self.table = table;
                self.attachment(at, line);
            }
            Role::Marker(marker) => self.numbered(at, line, marker),
        }
        self.outline.owners.push(self.open);
    }

    fn push(&mut self, node: Node) {
        self.open = self.outline.nodes.len();
        self.outline.nodes.push(node);
    }

    fn counted(&mut self) -> &mut u32 {
        if self.base == 0 {
            &mut self.counted
        } else {
            &mut self.counted_attached
        }
    }

    fn attached(&self, parent: usize) -> bool {
        self.outline
            .nodes
            .get(parent)
            .is_some_and(|node| node.attached)
    }

    /// Leaves open only the `kept` outermost numbers.
    fn close_to(&mut self, kept: usize) {
        while self
            .outline
            .nodes
            .get(self.open)
            .is_some_and(|node| node.depth > kept)
        {
            self.open = self.parent();
        }
        self.nest.close_to(kept);
    }

    fn parent(&self) -> usize {
        self.outline
            .nodes
            .get(self.open)
            .map_or(0, |node| node.parent)
    }

    fn section(&mut self, at: usize, line: &Line<'_>) {
        self.nest.clear();
        // A section has a number that nothing beside it bears.
        let counted = self.counted();
        *counted += 1;
        let number = *counted;
        let heading = unmarked(line);
        let node = Node {
            kind: NodeKind::Section,
            parent: self.base,
            number,
            label: Some(heading),
            heading: Some(heading),
            body: None,
            line: at,
            depth: 0,
            chars: 0,
            attached: self.attached(self.base),
        };
        self.push(node);
        self.container = self.open;
    }

    fn attachment(&mut self, at: usize, line: &Line<'_>) {
        self.attachments = attachment::number(line.text).unwrap_or(self.attachments + 1);
        self.counted_attached = 0;
        self.nest.clear();
        let name = attachment::name(line.text);
        let below = self
            .lines
            .get(at + 1)
            .filter(|below| name.is_empty() && !below.apart && below.chars <= 60)
            .filter(|below| numbering::marker(below.text).is_none())
            .filter(|below| !below.text.ends_with(['。', '；', '：', ':']));
        let heading = match below {
            Some(below) => {
                self.named = Some(at + 1);
                below.span
            }
            None if name.is_empty() => line.span,
            None => Span::new(line.span.end - name.len(), line.span.end),
        };
        let node = Node {
            kind: NodeKind::Attachment,
            parent: 0,
            number: self.attachments,
            label: Some(Span::new(line.span.start, heading.end)),
            heading: Some(heading),
            body: None,
            line: at,
            depth: 0,
            chars: 0,
            attached: true,
        };
        self.push(node);
        self.base = self.open;
        self.container = self.open;
    }

    fn numbered(&mut self, at: usize, line: &Line<'_>, marker: Marker) {
        let around = self.nest.enter(at, marker);
        let mut parent = self.open;
        while parent != self.container
            && self
                .outline
                .nodes
                .get(parent)
                .is_some_and(|node| node.depth > around)
        {
            parent = self
                .outline
                .nodes
                .get(parent)
                .map_or(self.container, |node| node.parent);
        }
        if parent == self.base {
            let counted = self.counted();
            *counted = marker.number.max(*counted);
        }
        let whole = unmarked(line);
        let after = line.span.start + marker.len;
        let rest = Span::new(after.min(whole.end), whole.end.max(after));
        let (heading, body) = match marker.form {
            Form::Article => heading::of_article(&self.report.text, rest),
            _ => heading::split(&self.report.text, rest),
        };
        let number = heading::trimmed(&self.report.text, Span::new(whole.start, after));
        let label = match (number, heading) {
            (Some(number), Some(heading)) => Some(Span::new(number.start, heading.end)),
            (number, heading) => number.or(heading),
        };
        let attached = self.attached(parent);
        let dash = marker.form == Form::Dash;
        let node = Node {
            kind: NodeKind::Numbered(marker.form),
            parent,
            number: marker.number,
            label: if dash { heading } else { label },
            heading,
            body,
            line: at,
            depth: around + 1,
            chars: 0,
            attached,
        };
        self.push(node);
    }
}

/// A line without the marks of Markdown around it.
fn unmarked(line: &Line<'_>) -> Span {
    let start = line.text.trim_start_matches(['#', '*', ' ']);
    let start = line.span.end - start.len();
    let end = line.text.trim_end_matches('*').len() + line.span.start;
    if start < end {
        Span::new(start, end)
    } else {
        line.span
    }
}
