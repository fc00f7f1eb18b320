//! Regions that a query names: their own reports come first, and none is left out for it.

use tantivy::Term;
use tantivy::query::{Occur, TermQuery};
use tantivy::schema::IndexRecordOption;

use super::{Clauses, Compiler, Gathered, Part};
use crate::query::run::Constant;
use crate::query::{Clause, Form, Query, Target};
use crate::region::{Region, Resolution, mentions};

/// What a passage of a region's own report gains when the query names the region; more than its
/// words usually bring, so that those reports come first, and a report that merely mentions the
/// region still follows by its words.
const OWN_REPORT: f32 = 20.0;

/// A region that a query names and the index has reports of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedRegion {
    /// How it was typed.
    pub text: String,
    /// Which it is.
    pub region: Region,
}

impl Compiler<'_> {
    /// The regions named among the words of `query`, with what puts their reports first.
    pub(super) fn regions(
        &self,
        query: &Query,
        bonus: &mut Clauses,
        gathered: &mut Gathered,
    ) -> tantivy::Result<Vec<NamedRegion>> {
        let mut named: Vec<NamedRegion> = Vec::new();
        if !self.rewriting {
            return Ok(named);
        }
        let mut text = String::new();
        for group in &query.groups {
            if let [
                Clause {
                    target: Target::Anywhere,
                    form: Form::Words(words),
                },
            ] = group.any.as_slice()
            {
                // 河北 石家庄 is one region as 河北石家庄 is.
                text.push_str(words);
            }
            text.push(' ');
        }
        for mention in mentions(&text) {
            let regions = match mention.resolution {
                Resolution::Known(region) => vec![region],
                Resolution::Ambiguous(regions) => regions,
                Resolution::Unknown => continue,
            };
            let typed = text.get(mention.start..mention.end).unwrap_or_default();
            for region in regions {
                let Some(term) = self.division(&region) else {
                    continue;
                };
                if self.terms.frequency(&term)? == 0
                    || named.iter().any(|known| known.region == region)
                {
                    continue;
                }
                let own = TermQuery::new(term, IndexRecordOption::Basic);
                let own = Constant::new(Box::new(own), OWN_REPORT);
                let leaf = gathered.leaf(typed.trim(), Part::OfRegion, Box::new(own));
                bonus.push((Occur::Should, leaf));
                named.push(NamedRegion {
                    text: typed.trim().to_owned(),
                    region,
                });
            }
        }
        Ok(named)
    }

    /// The term that all reports of a region have, those of its parts included.
    fn division(&self, region: &Region) -> Option<Term> {
        let province = region.province.as_deref()?;
        let fields = self.fields;
        Some(match (region.city.as_deref(), region.county.as_deref()) {
            (city, Some(county)) => {
                let full = format!("{province}{}{county}", city.unwrap_or_default());
                Term::from_field_text(fields.county, &full)
            }
            (Some(city), None) => Term::from_field_text(fields.city, &format!("{province}{city}")),
            (None, None) => Term::from_field_text(fields.province, province),
        })
    }
}
