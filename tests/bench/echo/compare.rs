//! Two servers in turns: floor, contender, contender, floor; and what remains of it, as a ratio with an interval.
//!
//! The turns make both see the same weather, and their symmetry takes out a drift. A ratio is made of one such round; of
//! all ratios the median counts. Rounds of one pair of processes resemble each other more than those of another pair
//! (memory lies differently), so the interval resamples pairs first and rounds within them second (cluster bootstrap).

use serde::Serialize;

use super::goal::Metric;
use super::server::Trouble;

/// One timed section of one server.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Reading {
    /// In the workload's unit.
    pub value: f64,
    /// Server CPU per unit of work, in nanoseconds; none where it forks.
    pub cpu_ns: Option<f64>,
    /// Share of the section that the server was on its core, and the load on its own.
    pub server_busy: Option<f64>,
    pub load_busy: f64,
    pub units: u64,
    pub lost: u64,
    pub elapsed_ns: u64,
}

/// One round: both readings of each. Where there is nothing to compare with, `base` is empty.
#[derive(Clone, Debug, Serialize)]
pub struct Round {
    /// Which pair of processes.
    pub pair: usize,
    pub base: Vec<Reading>,
    pub contender: Vec<Reading>,
}

/// Something that can be measured again and again.
pub trait Side {
    fn read(&mut self) -> Result<Reading, Trouble>;
}

/// Whose turn is first and last.
#[derive(Clone, Copy)]
pub enum Outer {
    Base,
    Contender,
}

/// One round.
pub fn alternate(
    base: &mut dyn Side,
    contender: &mut dyn Side,
    outer: Outer,
    pair: usize,
) -> Result<Round, Trouble> {
    let turns: [&mut dyn Side; 2] = match outer {
        Outer::Base => [base, contender],
        Outer::Contender => [contender, base],
    };
    let [outside, inside] = turns;
    let first = outside.read()?;
    let middle = vec![inside.read()?, inside.read()?];
    let ends = vec![first, outside.read()?];
    let (base, contender) = match outer {
        Outer::Base => (ends, middle),
        Outer::Contender => (middle, ends),
    };
    Ok(Round {
        pair,
        base,
        contender,
    })
}

impl Reading {
    fn metric(&self, metric: Metric) -> Option<f64> {
        match metric {
            Metric::Value => Some(self.value),
            Metric::Cpu => self.cpu_ns,
        }
    }
}

impl Round {
    /// Contender over base: the geometric mean of the two neighbouring pairs.
    fn ratio(&self, metric: Metric) -> Option<f64> {
        let product = |side: &[Reading]| {
            let mut values = side.iter().map(|r| r.metric(metric));
            values.try_fold(1.0, |product, value| Some(product * value?))
        };
        let (base, contender) = (product(&self.base)?, product(&self.contender)?);
        (base > 0.0 && !self.base.is_empty()).then(|| (contender / base).sqrt())
    }
}

/// A median and the range that it has with 95 % confidence.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Interval {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

/// What all rounds of a row say.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The median of the contender's readings.
    pub value: f64,
    pub cpu_ns: Option<f64>,
    pub server_busy: Option<f64>,
    pub load_busy: f64,
    pub lost: u64,
    pub ratio: Option<Interval>,
    pub cpu_ratio: Option<Interval>,
}

impl Summary {
    /// `None` without a single round.
    pub fn of(rounds: &[Round]) -> Option<Summary> {
        let readings: Vec<_> = rounds.iter().flat_map(|r| &r.contender).collect();
        let column = |f: &dyn Fn(&Reading) -> Option<f64>| {
            median(readings.iter().filter_map(|r| f(r)).collect())
        };
        Some(Summary {
            value: column(&|r| Some(r.value))?,
            cpu_ns: column(&|r| r.cpu_ns),
            server_busy: column(&|r| r.server_busy),
            load_busy: column(&|r| Some(r.load_busy))?,
            lost: readings.iter().map(|r| r.lost).sum(),
            ratio: interval(rounds, Metric::Value),
            cpu_ratio: interval(rounds, Metric::Cpu),
        })
    }

    pub fn ratio(&self, metric: Metric) -> Option<Interval> {
        match metric {
            Metric::Value => self.ratio,
            Metric::Cpu => self.cpu_ratio,
        }
    }
}

/// The middle one, or the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    match values.len() {
        0 => None,
        n if n % 2 == 1 => Some(values[upper]),
        _ => Some(f64::midpoint(values[upper - 1], values[upper])),
    }
}

fn interval(rounds: &[Round], metric: Metric) -> Option<Interval> {
    const SAMPLES: usize = 2000;
    let pairs = rounds.iter().map(|r| r.pair).max()? + 1;
    let mut clusters = vec![Vec::new(); pairs];
    for round in rounds {
        clusters[round.pair].extend(round.ratio(metric));
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
