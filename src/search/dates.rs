//! Narrows to reports issued within a span of days.

use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{Query as EngineQuery, RangeQuery};

use crate::date::Date;
use crate::index::Fields;

/// The days a report may be of; reports of no known day are within none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dates {
    /// The first of them.
    pub from: Option<Date>,
    /// The last of them.
    pub to: Option<Date>,
}

/// The filter for `dates`; nothing where any day will do.
pub(super) fn filter(dates: Dates, fields: &Fields) -> Option<Box<dyn EngineQuery>> {
    if dates == Dates::default() {
        return None;
    }
    let bound = |day: Option<Date>| match day {
        Some(day) => Bound::Included(Term::from_field_u64(fields.date, day.number())),
        None => Bound::Unbounded,
    };
    Some(Box::new(RangeQuery::new(
        bound(dates.from),
        bound(dates.to),
    )))
}
