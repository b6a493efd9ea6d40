//! Latency against percentile: how bad the worst round trips are, and how rare.
//!
//! The percentiles stand on the logarithm of 1/(1 - p), so that 99 % and 99.9 % are as far from each other as 90 % and
//! 99 %: the tail is what the chart is for.

use std::fmt::Write as _;

use super::{Frame, SERIES, Scale};
use crate::measure::times::Times;
use crate::render::markup::quoted;
use crate::render::probe::words;

const FRAME: Frame = Frame {
    width: 560.0,
    height: 330.0,
    left: 62.0,
    right: 540.0,
    top: 34.0,
    bottom: 286.0,
};

/// Points of a line, about.
const POINTS: u32 = 120;

const PERCENTILES: [(f64, &str); 9] = [
    (0.0, "0 %"),
    (0.5, "50 %"),
    (0.9, "90 %"),
    (0.99, "99 %"),
    (0.999, "99.9 %"),
    (0.9999, "99.99 %"),
    (0.999_99, "99.999 %"),
    (0.999_999, "99.9999 %"),
    (0.999_999_9, "99.99999 %"),
];

/// One line per run, and a legend if there are several.
pub(in crate::render::probe) fn percentiles(runs: &[(String, &Times)]) -> String {
    let most = runs.iter().map(|(_, h)| h.len()).max().unwrap_or(0).max(2);
    let low = runs.iter().map(|(_, h)| h.min()).min().unwrap_or(1);
    let high = runs.iter().map(|(_, h)| h.max()).max().unwrap_or(1);
    let nines = (most as f64).log10();
    let x = |part: f64| FRAME.left + (FRAME.right - FRAME.left) * (part / nines).min(1.0);
    let y = Scale::new((low as f64, high as f64), (FRAME.bottom, FRAME.top));
    let mut out = FRAME.open("round trip against percentile, a line per run");
    for (p, name) in PERCENTILES {
        let at = -(1.0 - p).log10();
        if at <= nines {
            FRAME.tick_below(&mut out, x(at), name);
        }
    }
    for tick in y.ticks() {
        FRAME.tick_before(&mut out, y.at(tick), &words::edge(tick));
    }
    FRAME.name_below(
        &mut out,
        "percentile: so many round trips are at most so long",
    );
    Frame::name_above(&mut out, "round trip, logarithmic");
    for (i, (_, times)) in runs.iter().enumerate() {
        let line = line(times, x, &y);
        let _ = write!(out, "<path class=\"line s{}\" d=\"{line}\"/>", i % SERIES);
    }
    out += "</svg>";
    if runs.len() > 1 {
        out += &legend(runs.iter().map(|(label, _)| label.as_str()));
    }
    out
}

/// Steps, because each time was measured: there is nothing between two of them.
fn line(times: &Times, x: impl Fn(f64) -> f64, y: &Scale) -> String {
    let nines = (times.len().max(2) as f64).log10();
    let mut out = String::new();
    let mut last = None;
    for n in 0..=POINTS {
        let part = nines * f64::from(n) / f64::from(POINTS);
        let value = times.value_at_quantile(1.0 - 10f64.powf(-part));
        let value = if n == POINTS { times.max() } else { value };
        let (x, y) = (x(part), y.at(value as f64));
        match last {
            None => {
                let _ = write!(out, "M{x:.1} {y:.1}");
            }
            Some(before) if before == value => {}
            Some(_) => {
                let _ = write!(out, "H{x:.1}V{y:.1}");
            }
        }
        last = Some(value);
    }
    let _ = write!(out, "H{:.1}", x(nines));
    out
}

fn legend<'a>(labels: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::from("<ul class=\"legend\">");
    for (i, label) in labels.enumerate() {
        let _ = write!(
            out,
            "<li><svg viewBox=\"0 0 36 8\" aria-hidden=\"true\"><path class=\"line s{}\" d=\"M0 4H36\"/></svg>{}</li>",
            i % SERIES,
            quoted(label)
        );
    }
    out + "</ul>"
}
