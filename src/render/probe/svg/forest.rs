//! What the comparison is worth at a glance: each ratio with its interval, beside the line of no difference.

use std::fmt::Write as _;

use super::{Frame, Scale};
use crate::measure::report::{Comparison, Difference};
use crate::render::markup::quoted;
use crate::render::{probe::words, verdict};

/// Height of a row.
const ROW: f64 = 28.0;
/// Longer labels would run into the chart.
const LONGEST_LABEL: usize = 24;
/// Ratios nearer to 1 than this are no difference, however sure they are.
const WORTH: f64 = 0.03;

/// One row per run but the first; nothing if no ratio is known.
pub(in crate::render::probe) fn forest(comparison: &Comparison, labels: &[String]) -> String {
    let known: Vec<_> = comparison
        .versus
        .iter()
        .filter(|v| {
            [v.ratio, v.interval.0, v.interval.1]
                .iter()
                .all(|r| r.is_finite() && *r > 0.0)
        })
        .collect();
    if known.is_empty() {
        return String::new();
    }
    let bottom = 34.0 + ROW * known.len() as f64;
    let frame = Frame {
        width: 560.0,
        height: bottom + 44.0,
        left: 168.0,
        right: 540.0,
        top: 34.0,
        bottom,
    };
    let low = known.iter().map(|v| v.interval.0).fold(0.9, f64::min);
    let high = known.iter().map(|v| v.interval.1).fold(1.1, f64::max);
    let x = Scale::new((low * 0.97, high * 1.03), (frame.left, frame.right));
    let mut out = frame.open("ratio of each run's p50 to the first one's, with its 99 % interval");
    for tick in x.ticks() {
        frame.tick_below(&mut out, x.at(tick), &words::ratio(tick));
    }
    let band = (x.at(1.0 - WORTH), x.at(1.0 + WORTH));
    let _ = write!(
        out,
        "<path class=\"band\" d=\"M{:.1} {top}H{:.1}V{bottom}H{:.1}Z\"/><path class=\"mark\" d=\"M{:.1} {top}V{bottom}\"/>",
        band.0,
        band.1,
        band.0,
        x.at(1.0),
        top = frame.top,
    );
    let first = labels.first().map_or("the first run", String::as_str);
    let first = verdict::first(first, 2 * LONGEST_LABEL);
    frame.name_below(
        &mut out,
        &format!("p50 / p50 of {first}, logarithmic; left: shorter"),
    );
    for (i, versus) in known.iter().enumerate() {
        let y = frame.top + ROW * (i as f64 + 0.5);
        let label = labels.get(versus.run).map_or("", String::as_str);
        let class = match versus.difference {
            Difference::None => "quiet",
            Difference::Shorter => "good",
            Difference::Longer => "changed",
        };
        let _ = write!(
            out,
            "<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text><path class=\"whisker {class}\" d=\"M{:.1} {y}H{:.1}\"/>\
             <circle class=\"dot {class}\" cx=\"{:.1}\" cy=\"{y}\" r=\"4.5\"/>",
            frame.left - 10.0,
            y + 4.0,
            quoted(&verdict::first(label, LONGEST_LABEL)),
            x.at(versus.interval.0),
            x.at(versus.interval.1),
            x.at(versus.ratio),
        );
    }
    out + "</svg>"
}
