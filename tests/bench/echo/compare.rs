//! Two servers in turns: floor, contender, contender, floor; and what remains of it, as a ratio with an interval.
//!
//! The turns make both see the same weather, and their symmetry takes out a drift. A ratio is made of one such round; of
//! all ratios the median counts: see `statistics`.

use serde::Serialize;

use super::goal::Metric;
use super::server::Trouble;
use super::statistics::{Interval, interval, median};

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
            ratio: ratios(rounds, Metric::Value),
            cpu_ratio: ratios(rounds, Metric::Cpu),
        })
    }

    pub fn ratio(&self, metric: Metric) -> Option<Interval> {
        match metric {
            Metric::Value => self.ratio,
            Metric::Cpu => self.cpu_ratio,
        }
    }
}

fn ratios(rounds: &[Round], metric: Metric) -> Option<Interval> {
    let ratios = rounds.iter().map(|r| (r.pair, r.ratio(metric)));
    let ratios: Vec<_> = ratios
        .filter_map(|(pair, ratio)| Some((pair, ratio?)))
        .collect();
    interval(&ratios)
}
