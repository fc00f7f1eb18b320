//! Latency percentiles against rate, as an SVG that needs nothing else: both axes logarithmic.

use std::fmt::Write;

use crate::drive::Run;
use crate::phases::GOAL;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 96.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 52.0;
/// Percentiles with their colours, told apart by whoever sees few as well.
const LINES: [(&str, &str); 4] = [
    ("50 %", "#0072b2"),
    ("90 %", "#009e73"),
    ("99 %", "#d55e00"),
    ("99.9 %", "#7f3c8d"),
];

/// A logarithmic axis.
struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// One that holds `values` and goes from `from` to `to` on the picture.
    fn over(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min).max(0.001);
        let high = values.fold(low * 2.0, f64::max);
        Self {
            low: low.log10() - 0.05,
            high: high.log10() + 0.05,
            from,
            to,
        }
    }

    fn at(&self, value: f64) -> f64 {
        let share = (value.max(0.001).log10() - self.low) / (self.high - self.low);
        self.from + share * (self.to - self.from)
    }

    /// 1, 2 and 5 of each power of ten within it.
    fn ticks(&self) -> Vec<f64> {
        let powers = self.low.floor() as i32..=self.high.ceil() as i32;
        let ticks = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|tick| tick * 10_f64.powi(power)));
        ticks
            .filter(|tick| (self.low..=self.high).contains(&tick.log10()))
            .collect()
    }
}

/// The picture of runs in order of their rate; empty where there are none.
pub(crate) fn svg(title: &str, runs: &[Run]) -> String {
    let points = |nth: usize| -> Vec<(f64, f64)> {
        let of = |run: &Run| {
            let latency = run.latency;
            let value = [
                Some(latency.p50),
                Some(latency.p90),
                Some(latency.p99),
                latency.p999,
            ];
            value[nth]
                .filter(|value| *value > 0.0)
                .map(|value| (run.rate, value))
        };
        runs.iter().filter_map(of).collect()
    };
    let lines: Vec<Vec<(f64, f64)>> = (0..LINES.len()).map(points).collect();
    let latencies = lines.iter().flatten().map(|point| point.1).chain([GOAL]);
    let rates = Axis::over(runs.iter().map(|run| run.rate), LEFT, WIDTH - RIGHT);
    let latencies = Axis::over(latencies, HEIGHT - BOTTOM, TOP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" \
         height=\"{HEIGHT}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" role=\"img\">\n\
         <title>{title}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"15\" fill=\"#222\">{title}</text>\n"
    );
    let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
    for tick in rates.ticks() {
        let x = rates.at(tick);
        let _ = writeln!(
            svg,
            "<path d=\"M{x:.1} {TOP}V{bottom}\" stroke=\"#e4e4e4\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#444\">{tick}</text>",
            bottom + 18.0
        );
    }
    for tick in latencies.ticks() {
        let y = latencies.at(tick);
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{right}\" stroke=\"#e4e4e4\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#444\">{tick}</text>",
            LEFT - 8.0,
            y + 4.0
        );
    }
    let goal = latencies.at(GOAL);
    let _ = writeln!(
        svg,
        "<path d=\"M{LEFT} {goal:.1}H{right}\" stroke=\"#888\" stroke-dasharray=\"6 4\"/>\n\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#444\">requests a second</text>\n\
         <text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\" fill=\"#444\">\
         latency, ms</text>",
        f64::midpoint(LEFT, right),
        HEIGHT - 14.0,
        f64::midpoint(TOP, bottom)
    );
    // From the lowest line up, so that names that would stand on each other move up.
    let mut free = f64::INFINITY;
    for ((name, colour), line) in LINES.iter().zip(&lines) {
        let mut path = String::new();
        for (nth, (rate, latency)) in line.iter().enumerate() {
            let (x, y) = (rates.at(*rate), latencies.at(*latency));
            let _ = write!(path, "{}{x:.1} {y:.1}", if nth == 0 { "M" } else { "L" });
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{colour}\"/>"
            );
        }
        if let Some((rate, latency)) = line.last() {
            let beside = (latencies.at(*latency) + 4.0).min(free);
            free = beside - 14.0;
            let _ = writeln!(
                svg,
                "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" fill=\"{colour}\">{name}</text>",
                rates.at(*rate) + 8.0,
                beside
            );
        }
    }
    svg.push_str("</svg>\n");
    svg
}
