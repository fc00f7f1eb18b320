//! Decides which region a report is from, and keeps the reason.
//!
//! A title says it most often, by the office it begins with or the place it speaks of; then the
//! office that issued or signed the document; then the mark of its number; and last the name of the
//! file. What is said beside the text wins over all of them.

use super::given::Given;
use super::metadata::Stated;
use super::titles::{Doubt, Title};
use crate::region::{self, Region, Resolution};
use crate::report::{RegionReason, WarningKind};

/// The region of a report with its reason, and what is doubtful about it.
pub(super) fn of(
    title: &Title,
    head: &[&str],
    stated: &Stated,
    given: &Given,
    file_name: &str,
) -> (Region, RegionReason, Option<Doubt>) {
    let mut doubt = title.doubt.clone();
    if let Some(name) = given.region.as_deref() {
        match region::given(name) {
            Resolution::Known(region) => return (region, RegionReason::Given, None),
            Resolution::Ambiguous(_) | Resolution::Unknown => {
                let message = format!(
                    "给定的地区“{name}”不是已知的行政区划，没有采用；请写全称（省市县连写）、区划代码或“全国”"
                );
                doubt = Some((WarningKind::UnknownRegion, message));
            }
        }
    }
    let found = |region: Region, reason: RegionReason, doubt: &Option<Doubt>| {
        // What was given and could not be used is worth a remark, whatever the text says.
        let doubt = doubt.clone().filter(|_| given.region.is_some());
        (region, reason, doubt)
    };
    if title.region.is_known() {
        return found(title.region.clone(), RegionReason::Title, &doubt);
    }
    // A report given to a congress has the congress below its title.
    if title.tagline.is_none() && title.text.contains("工作报告") {
        for line in head {
            if let Some(region) = of_occasion(line) {
                return found(region, RegionReason::Title, &doubt);
            }
        }
    }
    if title.tagline.is_none() {
        if let Some(issuer) = given.issuer.as_deref().or(stated.issuer.as_deref())
            && let Resolution::Known(region) = region::of_office(issuer)
        {
            return found(region, RegionReason::Issuer, &doubt);
        }
        if let Some(region) = stated
            .number
            .as_ref()
            .and_then(|number| region::of_mark(&number.mark))
        {
            return found(region, RegionReason::DocumentNumber, &doubt);
        }
        if let Some(region) =
            region::mentions(file_name)
                .into_iter()
                .find_map(|mention| match mention.resolution {
                    Resolution::Known(region) => Some(region),
                    _ => None,
                })
        {
            return found(region, RegionReason::FileName, &doubt);
        }
    }
    (title.region.clone(), RegionReason::None, doubt)
}

/// The region whose congress a line names.
fn of_occasion(line: &str) -> Option<Region> {
    if region::is_national_congress(line) {
        return Some(Region::national());
    }
    let congress = line.contains("人民代表大会") || line.contains("人代会");
    region::mentions(line)
        .into_iter()
        .filter(|_| congress)
        .find_map(|mention| match mention.resolution {
            Resolution::Known(region) => Some(region),
            _ => None,
        })
}
