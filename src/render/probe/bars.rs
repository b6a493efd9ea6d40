//! `--histogram`: round trips as bars of text, a line per bucket. Terminal and Markdown have the same.

use std::fmt::Write as _;

use super::buckets::Axis;
use super::words;
use crate::measure::times::Times;

/// Bars are at most so long.
const LONGEST_BAR: usize = 40;
/// A histogram has at most so many.
const MOST_BARS: u32 = 20;

/// A bar per bucket, in lines of at most `width` characters.
pub(super) fn histogram(times: &Times, width: usize) -> String {
    let Some(axis) = Axis::of(&[times], MOST_BARS) else {
        return String::new();
    };
    let buckets = axis.buckets(times);
    let most = buckets.iter().map(|b| b.count).max().unwrap_or(1).max(1);
    let longest = width.saturating_sub(44).clamp(4, LONGEST_BAR);
    let mut out = String::new();
    for bucket in &buckets {
        // What is there must be seen: at least one.
        let length = (bucket.count as f64 * longest as f64 / most as f64).ceil() as usize;
        let line = format!(
            "  {:>8} … {:<8} {:>10} {:>6.2} %  {}",
            words::edge(bucket.from),
            words::edge(bucket.to),
            words::count(bucket.count),
            100.0 * bucket.count as f64 / times.len() as f64,
            "█".repeat(length)
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}
