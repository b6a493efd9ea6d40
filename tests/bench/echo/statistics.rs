//! A median and how sure it is.
//!
//! Rounds of one pair of processes resemble each other more than those of another pair (memory lies differently), so the
//! interval resamples pairs first and rounds within them second (cluster bootstrap). Separate, and without a word about
//! servers, so that `tests/bench_statistics.rs` can hold it to known answers.

use serde::Serialize;

/// A median and the range that it has with 95 % confidence.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Interval {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

/// The middle one, or the mean of the two in the middle.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[upper]),
        _ => Some(f64::midpoint(values[upper - 1], values[upper])),
    }
}

/// Of ratios, each with the number of its pair of processes.
pub fn interval(ratios: &[(usize, f64)]) -> Option<Interval> {
    const SAMPLES: usize = 2000;
    let pairs = ratios.iter().map(|(pair, _)| pair).max()? + 1;
    let mut clusters = vec![Vec::new(); pairs];
    for (pair, ratio) in ratios {
        clusters[*pair].push(*ratio);
    }
    clusters.retain(|c| !c.is_empty());
    let middle = median(clusters.concat())?;
    let mut dice = Dice(0x2545_F491_4F6C_DD1D);
    let mut medians: Vec<f64> = (0..SAMPLES)
        .filter_map(|_| median(resample(&clusters, &mut dice)))
        .collect();
    medians.sort_by(f64::total_cmp);
    Some(Interval {
        median: middle,
        low: medians[SAMPLES / 40],
        high: medians[SAMPLES - 1 - SAMPLES / 40],
    })
}

/// As many pairs as there are, drawn with repetition; of each as many rounds as it has, likewise.
fn resample(clusters: &[Vec<f64>], dice: &mut Dice) -> Vec<f64> {
    let mut sample = Vec::new();
    for _ in clusters {
        let cluster = &clusters[dice.below(clusters.len())];
        sample.extend(cluster.iter().map(|_| cluster[dice.below(cluster.len())]));
    }
    sample
}

/// xorshift64*, always from the same seed: the same readings give the same interval.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n
    }
}
