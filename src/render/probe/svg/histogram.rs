//! How the round trips of one run are distributed: bars on the axis that all runs of a report share.

use std::fmt::Write as _;

use super::{Frame, Scale};
use crate::measure::times::Times;
use crate::render::probe::buckets::Axis;
use crate::render::probe::words;

const FRAME: Frame = Frame {
    width: 560.0,
    height: 260.0,
    left: 62.0,
    right: 540.0,
    top: 44.0,
    bottom: 216.0,
};

/// The bars, and where p50 and p99 are.
pub(in crate::render::probe) fn histogram(times: &Times, axis: Axis) -> String {
    let buckets = axis.buckets(times);
    let most = buckets.iter().map(|b| b.count).max().unwrap_or(0).max(1) as f64;
    let all = times.len().max(1) as f64;
    let x = Scale::new(axis.ends(), (FRAME.left, FRAME.right));
    let y = |count: f64| FRAME.bottom - (FRAME.bottom - FRAME.top) * count / most;
    let mut out = FRAME.open("number of round trips by their length");
    for tick in x.ticks() {
        FRAME.tick_below(&mut out, x.at(tick), &words::edge(tick));
    }
    let step = share_step(100.0 * most / all);
    let mut share = 0.0;
    while share <= 100.0 * most / all {
        let text = format!("{share:.3}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        FRAME.tick_before(&mut out, y(share * all / 100.0), &format!("{text} %"));
        share += step;
    }
    FRAME.name_below(&mut out, "round trip, logarithmic");
    Frame::name_above(&mut out, "share of all");
    out += "<path class=\"bars\" d=\"";
    for bucket in buckets.iter().filter(|b| b.count > 0) {
        let (from, to) = (x.at(bucket.from), x.at(bucket.to));
        // What is there must be seen, were it one in a million.
        let top = y(bucket.count as f64).min(FRAME.bottom - 1.0);
        let gap = ((to - from) * 0.1).min(1.0);
        let _ = write!(
            out,
            "M{from:.1} {}V{top:.1}H{:.1}V{}Z",
            FRAME.bottom,
            to - gap,
            FRAME.bottom
        );
    }
    out += "\"/>";
    for (q, name) in [(0.5, "p50"), (0.99, "p99")] {
        let at = x.at(times.value_at_quantile(q) as f64);
        let _ = write!(
            out,
            "<path class=\"mark\" d=\"M{at:.1} {}V{}\"/><text class=\"mid\" x=\"{at:.1}\" y=\"{}\">{name}</text>",
            FRAME.top,
            FRAME.bottom,
            FRAME.top - 4.0
        );
    }
    out + "</svg>"
}

/// Three to six lines up to that many per cent.
fn share_step(most: f64) -> f64 {
    [
        0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0,
    ]
    .into_iter()
    .find(|step| most / step <= 6.0)
    .unwrap_or(25.0)
}
