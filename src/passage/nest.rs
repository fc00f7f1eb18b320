//! Which numbers stand in which, as each document has it.
//!
//! A form of number that is first seen below another stands deeper than it wherever the two meet
//! again. Convention, the order of [`Form`], decides only where the document has not: it closes 1.
//! when 一、 follows, unless the 1. go on counting around it. A list may use the form of what it
//! stands in: 三、（一） with 一、二、 of its own before （二）.

use super::outline::Role;
use crate::numbering::{Form, Marker};

/// How many numbers stand within one another at most, where a list uses the form of what it stands
/// in.
const DEEPEST: usize = 16;

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

    /// Leaves open only the `kept` outermost numbers.
    pub(super) fn close_to(&mut self, kept: usize) {
        self.open.truncate(kept);
    }

    pub(super) fn outermost(&self) -> Option<Form> {
        self.open.first().map(|&(form, _)| form)
    }

    /// Whether `form` is open below the `kept` outermost numbers.
    pub(super) fn is_inside(&self, kept: usize, form: Form) -> bool {
        self.open.iter().skip(kept).any(|&(open, _)| open == form)
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
            && self.open.len() < DEEPEST
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
