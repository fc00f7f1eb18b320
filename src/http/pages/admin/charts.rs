//! A bar for each day, as a drawing that needs neither script nor style of its own.

use crate::analytics::DayLine;
use crate::http::pages::text::grouped;

/// The size of the drawing, in units of its own.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 120.0;

/// The days as bars.
pub(super) struct Chart {
    pub(super) bars: Vec<Bar>,
    /// What it shows, for those who do not see it.
    pub(super) label: String,
}

/// One day.
pub(super) struct Bar {
    pub(super) date: String,
    pub(super) searches: String,
    pub(super) none: String,
    pub(super) clicks: String,
    pub(super) x: String,
    pub(super) width: String,
    pub(super) y: String,
    pub(super) height: String,
    /// The part of it that found nothing, from the bottom.
    pub(super) none_y: String,
    pub(super) none_height: String,
}

impl Chart {
    /// Of these days, of which there are several and one at least has searches.
    pub(super) fn new(days: &[DayLine], label: impl Fn(&str) -> String) -> Option<Self> {
        let most = days.iter().map(|day| day.totals.searches).max()?;
        if days.len() < 2 || most == 0 {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "a drawing shows three digits")]
        let units = |count: u64| count as f64 / most as f64 * HEIGHT;
        #[expect(clippy::cast_precision_loss, reason = "there are few days")]
        let step = WIDTH / days.len() as f64;
        let mut x = 0.0;
        let mut bars = Vec::with_capacity(days.len());
        for day in days {
            let (all, none) = (units(day.totals.searches), units(day.totals.none));
            bars.push(Bar {
                date: day.date.to_string(),
                searches: grouped(day.totals.searches),
                none: grouped(day.totals.none),
                clicks: grouped(day.totals.clicks),
                x: shown(x),
                width: shown(step * 0.8),
                y: shown(HEIGHT - all),
                height: shown(all),
                none_y: shown(HEIGHT - none),
                none_height: shown(none),
            });
            x += step;
        }
        Some(Self {
            bars,
            label: label(&grouped(most)),
        })
    }
}

fn shown(units: f64) -> String {
    format!("{units:.2}")
}
