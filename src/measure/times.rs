//! Times in a histogram, and the two that a histogram rounds away: the shortest and the longest.

use std::ops::Deref;

use hdrhistogram::Histogram;

/// Longer times are recorded as this one: ten minutes.
const LONGEST_NS: u64 = 600_000_000_000;

/// Times in nanoseconds: three significant digits of each, and the ends exactly. A quantile is never outside them.
#[derive(Clone, Debug)]
pub struct Times {
    histogram: Histogram<u64>,
    ends: Option<(u64, u64)>,
}

impl Default for Times {
    fn default() -> Times {
        let histogram =
            Histogram::new_with_bounds(1, LONGEST_NS, 3).expect("the bounds are in order");
        Times {
            histogram,
            ends: None,
        }
    }
}

impl Deref for Times {
    type Target = Histogram<u64>;

    fn deref(&self) -> &Histogram<u64> {
        &self.histogram
    }
}

impl Times {
    /// Takes a time.
    #[inline]
    pub fn saturating_record(&mut self, ns: u64) {
        self.saturating_record_n(ns, 1);
    }

    /// Takes a time that was seen so often.
    #[inline]
    pub fn saturating_record_n(&mut self, ns: u64, times: u64) {
        self.histogram.saturating_record_n(ns, times);
        let (shortest, longest) = self.ends.unwrap_or((ns, ns));
        self.ends = Some((shortest.min(ns), longest.max(ns)));
    }

    /// The shortest one; 0 if there is none.
    pub fn min(&self) -> u64 {
        self.ends.map_or(0, |(shortest, _)| shortest)
    }

    /// The longest one; 0 if there is none.
    pub fn max(&self) -> u64 {
        self.ends.map_or(0, |(_, longest)| longest)
    }

    /// The time below which this part of them is, to three digits.
    pub fn value_at_quantile(&self, part: f64) -> u64 {
        let value = self.histogram.value_at_quantile(part);
        value.clamp(self.min(), self.max())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_exact_and_nothing_is_outside_them() {
        let mut times = Times::default();
        assert_eq!(
            (times.min(), times.max(), times.value_at_quantile(0.5)),
            (0, 0, 0)
        );
        times.saturating_record(99_848);
        for part in [0.0, 0.5, 0.999, 1.0] {
            assert_eq!(times.value_at_quantile(part), 99_848);
        }
        times.saturating_record(13_981);
        times.saturating_record_n(343_920, 2);
        assert_eq!(
            (times.min(), times.max(), times.len()),
            (13_981, 343_920, 4)
        );
        assert!((99_000..101_000).contains(&times.value_at_quantile(0.5)));
    }
}
