//! A histogram in few buckets, evenly spaced on a logarithmic axis.
//!
//! The edges are of a fixed series (10^(n/k) nanoseconds: for k = 10 it is 1, 1.26, 1.58, 2 …), so that the buckets of two
//! runs are the same buckets.

use crate::measure::times::Times;

/// Buckets per power of ten, coarse to fine.
const STEPS: [u32; 8] = [1, 2, 3, 5, 10, 20, 40, 80];

/// A part of the axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bucket {
    /// Where it starts, in nanoseconds.
    pub from: f64,
    /// Where the next one starts.
    pub to: f64,
    /// Times in it.
    pub count: u64,
}

/// The shared axis of several histograms: `per_decade` buckets in a power of ten, from bucket `first` to `last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    per_decade: u32,
    first: u32,
    last: u32,
}

impl Axis {
    /// The finest axis that shows all times in at most `most` buckets; `None` when there are none.
    pub(super) fn of(all: &[&Times], most: u32) -> Option<Axis> {
        let some = || all.iter().filter(|h| !h.is_empty());
        let low = some().map(|h| h.min()).min()?;
        let high = some().map(|h| h.max()).max()?;
        let axis = |per_decade| Axis {
            per_decade,
            first: place(low, per_decade),
            last: place(high, per_decade),
        };
        let fine = STEPS.into_iter().rev().map(axis);
        let fits = |a: &Axis| a.last - a.first < most;
        // Ten minutes in nanoseconds have 12 digits: one bucket per power of ten always fits on a page.
        Some(fine.into_iter().find(fits).unwrap_or(axis(1)))
    }

    /// The counts of one histogram.
    pub(super) fn buckets(self, histogram: &Times) -> Vec<Bucket> {
        let edge = |n: u32| 10f64.powf(f64::from(n) / f64::from(self.per_decade));
        let mut all: Vec<Bucket> = (self.first..=self.last)
            .map(|n| Bucket {
                from: edge(n),
                to: edge(n + 1),
                count: 0,
            })
            .collect();
        for value in histogram.iter_recorded() {
            // The recorder rounds up to a multiple of its resolution, the ends are exact.
            let ns = value
                .value_iterated_to()
                .clamp(histogram.min(), histogram.max());
            let n = place(ns, self.per_decade).clamp(self.first, self.last) - self.first;
            all[n as usize].count += value.count_at_value();
        }
        all
    }

    /// The ends in nanoseconds.
    pub(super) fn ends(self) -> (f64, f64) {
        let edge = |n: u32| 10f64.powf(f64::from(n) / f64::from(self.per_decade));
        (edge(self.first), edge(self.last + 1))
    }
}

/// The bucket of a time; what is not even a nanosecond counts as one. The nudge keeps an exact power in its own bucket.
fn place(ns: u64, per_decade: u32) -> u32 {
    let exact = (ns.max(1) as f64).log10() * f64::from(per_decade);
    (exact + 1e-9).floor() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Times {
        let mut histogram = Times::default();
        for value in values {
            histogram.saturating_record(*value);
        }
        histogram
    }

    #[test]
    fn nothing_is_lost_and_the_buckets_are_few() {
        let mut values: Vec<u64> = (0..5000).map(|n| 20_000 + n * n % 90_001).collect();
        values.extend([0, 1, 1000, 600_000_000_000]);
        let histogram = of(&values);
        for most in [12, 20, 60] {
            let axis = Axis::of(&[&histogram], most).unwrap();
            let buckets = axis.buckets(&histogram);
            assert!(buckets.len() <= most as usize, "{}", buckets.len());
            let total: u64 = buckets.iter().map(|b| b.count).sum();
            assert_eq!(total, values.len() as u64);
        }
    }

    #[test]
    fn a_time_is_between_the_edges_of_its_bucket() {
        for ns in [1, 10, 999, 1000, 1001, 44_123_456] {
            let histogram = of(&[ns]);
            let axis = Axis::of(&[&histogram], 20).unwrap();
            let [bucket] = axis.buckets(&histogram)[..] else {
                panic!("one time, one bucket");
            };
            let ns = ns as f64;
            assert!(bucket.from <= ns * 1.001 && ns < bucket.to, "{bucket:?}");
        }
        assert_eq!(Axis::of(&[&of(&[])], 20), None);
    }
}
