//! Reads how a document numbers its units and how they nest.
//!
//! Levels are the document's own: a form of number that is first seen below another stands deeper
//! than it wherever the two meet again. Convention, the order of [`Form`], decides only where the
//! document has not: it closes 1. when 一、 follows, unless the 1. go on counting around it.

use super::attachment::{self, Place};
use super::contents;
use super::heading;
use super::line::Line;
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
        sections: 0,
        attachments: 0,
        named: None,
        following: following(&roles),
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
fn following(roles: &[Role]) -> Vec<Option<Form>> {
    let mut following = vec![None; roles.len()];
    let mut next = None;
    for (role, slot) in roles.iter().zip(&mut following).rev() {
        *slot = next;
        match role {
            Role::Marker(marker) => next = Some(marker.form),
            Role::Attachment { .. } => next = None,
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
    for (at, pair) in roles.windows(2).enumerate() {
        let [Role::Marker(marker), below] = pair else {
            continue;
        };
        if marker.form > Form::Bracketed
            || lines.get(at).is_none_or(|line| heading::ends(line.text))
        {
            continue;
        }
        headings += 1;
        let numbered = matches!(roles.get(at + 2), Some(Role::Marker(_)));
        if *below == Role::Text
            && let Some(line) = lines.get(at + 1)
            && heading::may_continue(line, lines.get(at + 2), numbered)
        {
            found.push(at + 1);
        }
    }
    if found.len() * 4 > headings {
        found.clear();
    }
    found
}

/// The numbers that are open, outermost first, and what the document has shown of their nesting.
pub(super) struct Nest {
    open: Vec<(Form, u32)>,
    /// Whether a form was seen directly or indirectly below another.
    under: [[bool; Form::COUNT]; Form::COUNT],
    /// For each line, the number the next marker of each form bears.
    next: Vec<Option<Box<[u32; Form::COUNT]>>>,
}

impl Nest {
    pub(super) fn new(roles: &[Role]) -> Self {
        let mut next = Vec::new();
        next.resize_with(roles.len(), || None);
        let mut seen = [0_u32; Form::COUNT];
        for (role, slot) in roles.iter().zip(&mut next).rev() {
            if let Role::Marker(marker) = role {
                *slot = Some(Box::new(seen));
                if let Some(number) = seen.get_mut(marker.form.rank()) {
                    *number = marker.number;
                }
            } else if matches!(role, Role::Attachment { .. }) {
                seen = [0; Form::COUNT];
            }
        }
        Self {
            open: Vec::new(),
            under: [[false; Form::COUNT]; Form::COUNT],
            next,
        }
    }

    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    pub(super) fn outermost(&self) -> Option<Form> {
        self.open.first().map(|&(form, _)| form)
    }

    /// Whether `form` is open below the outermost number.
    fn is_inside(&self, form: Form) -> bool {
        self.open.iter().skip(1).any(|&(open, _)| open == form)
    }

    /// Opens the number of the line at `at`; returns how many are open around it.
    pub(super) fn enter(&mut self, at: usize, marker: Marker) -> usize {
        let form = marker.form;
        if let Some(same) = self.place(at, marker) {
            self.open.truncate(same);
        } else if !self.is_open(form) {
            while let Some(&(top, number)) = self.open.last() {
                if form.rank() > top.rank() || self.stands_in(form, top) {
                    break;
                }
                // 1. goes on counting after the 一、 that stands in it.
                let goes_on = marker.number == 1
                    && top != Form::Dash
                    && self.next_of(at, top) == Some(number + 1);
                if goes_on {
                    break;
                }
                self.open.pop();
            }
        }
        for &(outer, _) in &self.open {
            if outer != form
                && let Some(under) = self
                    .under
                    .get_mut(form.rank())
                    .and_then(|under| under.get_mut(outer.rank()))
            {
                *under = true;
            }
        }
        self.open.push((form, marker.number));
        self.open.len() - 1
    }

    fn is_open(&self, form: Form) -> bool {
        self.open.iter().any(|&(open, _)| open == form)
    }

    /// Which of the open numbers of its form the marker follows; none where it begins a list of
    /// the form within another number: 三、（一） with 一、二、 of its own before （二）.
    fn place(&self, at: usize, marker: Marker) -> Option<usize> {
        let of_form = |&(_, &(form, _)): &(usize, &(Form, u32))| form == marker.form;
        let mut same = self.open.iter().enumerate().filter(of_form).rev();
        let follows = same.find(|&(_, &(_, number))| number + 1 == marker.number);
        if let Some((place, _)) = follows {
            return Some(place);
        }
        let (outer, _) = self.open.iter().enumerate().find(of_form)?;
        let list = marker.number == 1
            && self.open.iter().skip(outer + 1).any(|&(inner, number)| {
                inner != marker.form
                    && inner <= Form::Digit
                    && self.next_of(at, inner) == Some(number + 1)
            });
        (!list).then_some(outer)
    }

    fn stands_in(&self, form: Form, outer: Form) -> bool {
        let seen = |form: Form, outer: Form| {
            self.under
                .get(form.rank())
                .and_then(|under| under.get(outer.rank()))
                .copied()
                .unwrap_or_default()
        };
        seen(form, outer) && !seen(outer, form)
    }

    fn next_of(&self, at: usize, form: Form) -> Option<u32> {
        let next = self.next.get(at)?.as_ref()?;
        next.get(form.rank()).copied().filter(|&number| number > 0)
    }
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
    sections: u32,
    attachments: u32,
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
                let next = self.following.get(at).copied().flatten();
                if heading::addresses_audience(line.text)
                    && next.is_none_or(|next| !self.nest.is_inside(next))
                {
                    self.close_to_first();
                }
            }
            Role::Continued => {
                if let Some(node) = self.outline.nodes.get_mut(self.open) {
                    for span in [&mut node.label, &mut node.heading].into_iter().flatten() {
                        *span = Span::new(span.start, line.span.end);
                    }
                }
            }
            Role::Bare if section => self.section(at, line),
            Role::Bare => {
                // After a table, a document under its own title is no part of the table.
                self.outline.breaks.push(at);
            }
            Role::Attachment { .. } => self.attachment(at, line),
            Role::Marker(marker) => self.numbered(at, line, marker),
        }
        self.outline.owners.push(self.open);
    }

    fn push(&mut self, node: Node) {
        self.open = self.outline.nodes.len();
        self.outline.nodes.push(node);
    }

    fn attached(&self, parent: usize) -> bool {
        self.outline
            .nodes
            .get(parent)
            .is_some_and(|node| node.attached)
    }

    /// Leaves open only the outermost number.
    fn close_to_first(&mut self) {
        while self
            .outline
            .nodes
            .get(self.open)
            .is_some_and(|node| node.depth > 1)
        {
            self.open = self.parent();
        }
        self.nest.open.truncate(1);
    }

    fn parent(&self) -> usize {
        self.outline
            .nodes
            .get(self.open)
            .map_or(0, |node| node.parent)
    }

    fn section(&mut self, at: usize, line: &Line<'_>) {
        self.sections += 1;
        self.nest.clear();
        let heading = unmarked(line);
        let node = Node {
            kind: NodeKind::Section,
            parent: self.base,
            number: self.sections,
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
        self.sections = 0;
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
        let unmarked = unmarked(line);
        let marked = line.span.start + marker.len;
        let rest = Span::new(marked.min(unmarked.end), unmarked.end.max(marked));
        let (heading, body) = heading::split(&self.report.text, rest);
        let bare = heading::trimmed(&self.report.text, Span::new(unmarked.start, marked));
        let label = match (bare, heading) {
            (Some(bare), Some(heading)) => Some(Span::new(bare.start, heading.end)),
            (bare, heading) => bare.or(heading),
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
