//! The course of a run: a bar per slice, as high as its mean round trip. The same picture as the one in text.

use std::fmt::Write as _;

use crate::measure::echo::Slice;

/// Width of a bar with its gap, and the height of the highest.
const BAR: f64 = 7.0;
const HIGH: f64 = 24.0;

/// The bars; nothing when nothing came back.
pub(in crate::render::probe) fn course(slices: &[Slice]) -> String {
    let means: Vec<Option<u64>> = slices.iter().map(|s| s.mean_ns()).collect();
    let Some(most) = means.iter().flatten().max() else {
        return String::new();
    };
    let mut out = format!(
        "<svg class=\"course\" viewBox=\"0 0 {} {HIGH}\" role=\"img\" aria-label=\"mean round trip over time\"><path class=\"bars\" d=\"",
        BAR * slices.len() as f64
    );
    for (i, mean) in means.iter().enumerate() {
        let Some(mean) = mean else { continue };
        let x = BAR * i as f64;
        let top = HIGH - (HIGH * *mean as f64 / (*most).max(1) as f64).max(1.0);
        let _ = write!(out, "M{x} {HIGH}V{top:.1}h{}V{HIGH}Z", BAR - 1.5);
    }
    out + "\"/></svg>"
}
