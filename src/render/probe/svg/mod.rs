//! Charts as SVG that stands inside an HTML page: its colours are the page's classes, so light and dark need one chart.
//!
//! A [`Frame`] is the space between the axes, a [`Scale`] a logarithmic axis. One file per chart.

mod course;
mod forest;
mod histogram;
mod percentiles;

use std::fmt::Write as _;

use crate::render::markup::quoted;

pub(super) use course::course;
pub(super) use forest::forest;
pub(super) use histogram::histogram;
pub(super) use percentiles::percentiles;

/// As many classes of lines has the style sheet.
pub(super) const SERIES: usize = 8;

/// A logarithmic axis from a value to a coordinate.
#[derive(Clone, Copy, Debug)]
struct Scale {
    values: (f64, f64),
    at: (f64, f64),
}

impl Scale {
    /// `values` are positive; equal ones are spread a little, so that there is an axis at all.
    fn new((low, high): (f64, f64), at: (f64, f64)) -> Scale {
        let low = low.max(1e-9);
        let high = high.max(low);
        let values = if high / low < 1.02 {
            (low / 1.1, high * 1.1)
        } else {
            (low, high)
        };
        Scale { values, at }
    }

    /// Where a value is; what is beyond the ends is at the end.
    fn at(&self, value: f64) -> f64 {
        let (low, high) = self.values;
        let part = (value.clamp(low, high) / low).ln() / (high / low).ln();
        self.at.0 + part * (self.at.1 - self.at.0)
    }

    /// Values that are round, four to nine where that is possible.
    fn ticks(&self) -> Vec<f64> {
        const COARSE: [&[f64]; 4] = [
            &[1.0],
            &[1.0, 3.0],
            &[1.0, 2.0, 5.0],
            &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0],
        ];
        let (low, high) = self.values;
        let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
        let of = |mantissas: &[f64]| -> Vec<f64> {
            let all = decades
                .clone()
                .flat_map(|d| mantissas.iter().map(move |m| m * 10f64.powi(d)));
            all.filter(|t| (low * 0.999..=high * 1.001).contains(t))
                .collect()
        };
        let enough = COARSE.iter().map(|m| of(m)).find(|t| t.len() >= 4);
        enough.unwrap_or_else(|| even(low, high))
    }
}

/// Round steps in a range that is less than a decade: 0.9, 0.95, 1 …
fn even(low: f64, high: f64) -> Vec<f64> {
    let raw = (high - low) / 5.0;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|s| *s >= raw)
        .unwrap_or(10.0 * power);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|n| n as f64 * step).collect()
}

/// The space between the axes, in the units of the view box.
#[derive(Clone, Copy, Debug)]
struct Frame {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Frame {
    /// Opens a chart that reads as `label` to those who hear it.
    fn open(&self, label: &str) -> String {
        format!(
            "<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">",
            self.width,
            self.height,
            quoted(label)
        )
    }

    /// A vertical line with its value below.
    fn tick_below(&self, out: &mut String, x: f64, text: &str) {
        let (top, bottom) = (self.top, self.bottom);
        let _ = write!(
            out,
            "<path class=\"grid\" d=\"M{x:.1} {top}V{bottom}\"/><text x=\"{x:.1}\" y=\"{:.1}\" class=\"mid\">{}</text>",
            bottom + 16.0,
            quoted(text)
        );
    }

    /// A horizontal line with its value before it.
    fn tick_before(&self, out: &mut String, y: f64, text: &str) {
        let (left, right) = (self.left, self.right);
        let _ = write!(
            out,
            "<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/><text x=\"{:.1}\" y=\"{:.1}\" class=\"end\">{}</text>",
            left - 6.0,
            y + 4.0,
            quoted(text)
        );
    }

    /// What the axis below counts.
    fn name_below(&self, out: &mut String, text: &str) {
        let _ = write!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" class=\"mid name\">{}</text>",
            f64::midpoint(self.left, self.right),
            self.bottom + 34.0,
            quoted(text)
        );
    }

    /// What the axis at the left counts, above it.
    fn name_above(out: &mut String, text: &str) {
        let _ = write!(
            out,
            "<text x=\"4\" y=\"14\" class=\"name\">{}</text>",
            quoted(text)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_few_and_within_the_axis() {
        for (low, high) in [
            (1.0, 1e12),
            (31_000.0, 44_000_000.0),
            (0.97, 1.05),
            (0.0001, 1.0),
            (500.0, 500.0),
            (20_000.0, 70_000.0),
        ] {
            let scale = Scale::new((low, high), (0.0, 100.0));
            let ticks = scale.ticks();
            assert!(
                (2..=14).contains(&ticks.len()),
                "{low} to {high}: {ticks:?}"
            );
            assert!(ticks.is_sorted());
            for tick in ticks {
                assert!((-0.5..=100.5).contains(&scale.at(tick)), "{tick}");
            }
        }
    }

    #[test]
    fn an_axis_is_logarithmic_and_ends() {
        let scale = Scale::new((1.0, 100.0), (0.0, 200.0));
        assert!((scale.at(10.0) - 100.0).abs() < 1e-9);
        assert!(scale.at(0.0).abs() < 1e-9);
        assert!((scale.at(f64::INFINITY) - 200.0).abs() < 1e-9);
    }
}
