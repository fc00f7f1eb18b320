//! Percentiles and the like. Every sample is kept, so a percentile is a value that was measured.

use serde::Serialize;

/// What a list of durations comes to, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Spread {
    /// How many there are.
    pub(crate) samples: usize,
    pub(crate) mean: f64,
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    /// Nothing where there are too few samples for it.
    pub(crate) p999: Option<f64>,
    pub(crate) max: f64,
}

impl Spread {
    /// Of values in any order.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let samples = values.len();
        let (Some(max), true) = (values.last().copied(), samples > 0) else {
            return Self::default();
        };
        Self {
            samples,
            mean: values.iter().sum::<f64>() / samples as f64,
            p50: at(&values, 0.5),
            p90: at(&values, 0.9),
            p99: at(&values, 0.99),
            p999: (samples >= 1000).then(|| at(&values, 0.999)),
            max,
        }
    }
}

/// The smallest value that `share` of all are not above.
fn at(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    let place = rank.saturating_sub(1).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or_default()
}

/// How `later` grew over `earlier` while the size grew by `factor`: 0 not at all, 1 as much, 2 as
/// its square.
pub(crate) fn exponent(earlier: f64, later: f64, factor: f64) -> Option<f64> {
    (earlier > 0.0 && later > 0.0 && factor > 1.0).then(|| (later / earlier).ln() / factor.ln())
}
