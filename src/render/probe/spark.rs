//! The course of a run on one line: a bar per slice, as high as its mean round trip.

use super::text::Glyphs;
use crate::measure::echo::Slice;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 8] = ['_', '.', ',', '-', '=', '+', '*', '#'];

/// The bars, and the least and the greatest mean in nanoseconds; `None` when nothing came back.
///
/// Heights are linear from the least to the greatest; when they are within 5 % of each other, all are low, so that noise
/// does not look like a mountain range. A slice without an echo is a space.
pub(super) fn line(slices: &[Slice], glyphs: Glyphs) -> Option<(String, u64, u64)> {
    let means: Vec<Option<u64>> = slices.iter().map(|s| s.mean_ns()).collect();
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
    Some((means.iter().map(bar).collect(), low, high))
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
        let (line, low, high) = line(&slices, Glyphs::Unicode).unwrap();
        assert_eq!((line.as_str(), low, high), ("▁ █▄", 100, 800));
        assert_eq!(super::line(&slices, Glyphs::Ascii).unwrap().0, "_ #-");
    }

    #[test]
    fn noise_is_flat_and_nothing_is_nothing() {
        let even = [1000, 1007, 1003].map(slice);
        assert_eq!(line(&even, Glyphs::Unicode).unwrap().0, "▁▁▁");
        assert_eq!(line(&[slice(0)], Glyphs::Unicode), None);
        assert_eq!(line(&[], Glyphs::Unicode), None);
        let far = [slice(1), slice(u64::MAX)];
        assert_eq!(line(&far, Glyphs::Unicode).unwrap().0, "▁█");
    }
}
