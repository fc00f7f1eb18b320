//! Finds the sections of a document that are headed by a line without a number.
//!
//! Such a line is a section's heading only where the document shows it: the outermost numbering
//! starts again below it (2024年工作回顾, （一）…（六）, 2025年工作安排, （一）…), or lines of the
//! kind divide the document before any number does. Otherwise it is a sub-heading of the unit it
//! stands in. The same goes for several documents in one file, each under its title.

use super::nest::Nest;
use super::outline::Role;
use crate::numbering::Form;

/// Which lines head a section. `roles` are those of one numbering scope.
pub(super) fn headings(roles: &[Role]) -> Vec<usize> {
    let mut nest = Nest::new(roles);
    // Headings since the last outer number, and what was found.
    let mut bare: Vec<usize> = Vec::new();
    let mut restarts = Vec::new();
    let mut firsts = Vec::new();
    let mut unnumbered = Vec::new();
    for (at, role) in roles.iter().enumerate() {
        match role {
            Role::Bare => bare.push(at),
            // What is finer than 1. divides no document.
            Role::Marker(marker) if marker.form <= Form::Digit => {
                let outermost = nest.outermost();
                if let Some(last) = bare.pop() {
                    if outermost.is_none() {
                        firsts.push(last);
                        unnumbered.append(&mut bare);
                    } else if marker.number == 1 && outermost == Some(marker.form) {
                        nest.clear();
                        restarts.push(last);
                    }
                    bare.clear();
                }
                nest.enter(at, *marker);
            }
            _ => {}
        }
    }
    let numbered = nest.outermost().is_some();
    let mut found = Vec::new();
    if restarts.is_empty() {
        if !numbered {
            unnumbered.append(&mut bare);
        }
        if firsts.len() + unnumbered.len() > 1 {
            found.extend(firsts);
            found.extend(unnumbered);
        }
    } else {
        found.extend(firsts);
        found.extend(unnumbered);
        found.extend(restarts);
        // What stands below the last number may close the document, or only that unit.
        found.extend(bare);
    }
    found.sort_unstable();
    found
}
