//! The course of a run on one line: a bar per slice, as high as its mean round trip.

use super::screen::Glyphs;
use super::words;
use crate::measure::echo::Slice;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 8] = ['_', '.', ',', '-', '=', '+', '*', '#'];

/// The course of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Course {
    /// A character per slice.
    pub bars: String,
    /// The least mean, in nanoseconds.
    pub low: u64,
    /// The greatest one.
    pub high: u64,
}

impl Course {
    /// What the bars are.
    pub(super) fn says(&self) -> String {
        let (low, high) = (words::ns(self.low), words::ns(self.high));
        let parts = self.bars.chars().count();
        format!("means of {parts} equal parts: {low} to {high}")
    }
}

/// The bars; `None` when answers came back in less than two slices, which is no course.
///
/// Heights are linear from the least to the greatest; when they are within 5 % of each other, all are low, so that noise
/// does not look like a mountain range. A slice without an echo is a space.
pub(super) fn line(slices: &[Slice], glyphs: Glyphs) -> Option<Course> {
    let means: Vec<Option<u64>> = slices.iter().map(|s| s.mean_ns()).collect();
    if means.iter().flatten().count() < 2 {
        return None;
    }
    let low = *means.iter().flatten().min()?;
    let high = *means.iter().flatten().max()?;
    let bars = match glyphs {
        Glyphs::Unicode => BARS,
        Glyphs::Ascii => ASCII,
    };
    let span = (high - low).max(low / 20).max(1);
    let bar = |mean: &Option<u64>| {
        mean.map_or(' ', |mean| {
            let height = u128::from(mean - low) * 7 / u128::from(span);
            bars[height.min(7) as usize]
        })
    };
    Some(Course {
        bars: means.iter().map(bar).collect(),
        low,
        high,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slice(total_ns: u64) -> Slice {
        Slice {
            count: u64::from(total_ns > 0),
            total_ns,
        }
    }

    #[test]
    fn the_least_is_low_and_the_greatest_is_high() {
        let slices = [100, 0, 800, 450].map(slice);
        let course = line(&slices, Glyphs::Unicode).unwrap();
        assert_eq!(
            (course.bars.as_str(), course.low, course.high),
            ("▁ █▄", 100, 800)
        );
        assert_eq!(course.says(), "means of 4 equal parts: 100 ns to 800 ns");
        assert_eq!(line(&slices, Glyphs::Ascii).unwrap().bars, "_ #-");
    }

    #[test]
    fn noise_is_flat_and_nothing_is_nothing() {
        let even = [1000, 1007, 1003].map(slice);
        assert_eq!(line(&even, Glyphs::Unicode).unwrap().bars, "▁▁▁");
        assert_eq!(line(&[slice(0)], Glyphs::Unicode), None);
        assert_eq!(line(&[slice(7)], Glyphs::Unicode), None, "one is no course");
        assert_eq!(line(&[], Glyphs::Unicode), None);
        let far = [slice(1), slice(u64::MAX)];
        assert_eq!(line(&far, Glyphs::Unicode).unwrap().bars, "▁█");
    }
}
