//! Goals and verdicts: what a server should reach, and whether it did.
//!
//! A goal that is missed by no more than the floor differs from itself in the same run counts as met, and the verdict says
//! that it was met that way.

use super::compare::Summary;
use super::statistics::Interval;
use super::workload::Better;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The workload's number: a rate, a time, bytes.
    Value,
    /// The server's CPU time for each unit.
    Cpu,
}

#[derive(Clone, Copy, Debug)]
pub enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// What the bound is a multiple of.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    /// What the row is measured against.
    Base,
    /// One: the bound is in the workload's unit.
    Unit,
    /// Each of these other servers.
    Each(&'static [&'static str]),
    /// Whichever other server, the floor included, is best.
    Best,
}

#[derive(Clone, Copy, Debug)]
pub struct Goal {
    pub metric: Metric,
    pub bound: Bound,
    pub of: Of,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Met,
    /// Missed by less than the floor misses itself.
    Within,
    Missed,
    /// What it should be compared with is not there.
    Unknown(String),
}

impl Goal {
    pub fn text(&self) -> String {
        let what = match self.metric {
            Metric::Value => "",
            Metric::Cpu => "CPU ",
        };
        let bound = match self.bound {
            Bound::AtLeast(x) => format!("{what}≥ {x}"),
            Bound::AtMost(x) => format!("{what}≤ {x}"),
        };
        match self.of {
            Of::Base | Of::Unit => bound,
            Of::Each(names) => format!("{bound} of {}", names.join(", ")),
            Of::Best => format!("{bound} of the best other"),
        }
    }

    /// Judges the row `name` among all rows of its workload; `same` is the floor against itself.
    pub fn judge(
        &self,
        name: &str,
        rows: &[(&str, Summary)],
        same: Option<&Summary>,
        better: Better,
    ) -> Verdict {
        let Some((_, own)) = rows.iter().find(|(n, _)| *n == name) else {
            return Verdict::Unknown("not measured".into());
        };
        let ratio = |s: &Summary| s.ratio(self.metric).map(|i| i.median);
        let spread = same.and_then(|s| s.ratio(self.metric));
        let against = |other: f64| match ratio(own) {
            Some(own) => self.bound.judge(own / other, spread),
            None => Verdict::Unknown("no ratio".into()),
        };
        match self.of {
            Of::Base => against(1.0),
            Of::Unit => self.bound.judge(own.value, None),
            Of::Each(names) => {
                let found = names
                    .iter()
                    .map(|n| (*n, rows.iter().find(|(r, _)| r == n)));
                let verdicts = found.map(|(n, row)| match row.and_then(|(_, s)| ratio(s)) {
                    Some(other) => against(other),
                    None => Verdict::Unknown(format!("{n} was not measured")),
                });
                verdicts.max_by_key(Verdict::kind).unwrap_or(Verdict::Met)
            }
            Of::Best => {
                let others = rows
                    .iter()
                    .filter(|(n, _)| *n != name)
                    .filter_map(|(_, s)| ratio(s));
                let best = match better {
                    Better::Higher => others.fold(1.0, f64::max),
                    Better::Lower => others.fold(1.0, f64::min),
                };
                against(best)
            }
        }
    }
}

impl Bound {
    fn judge(self, x: f64, spread: Option<Interval>) -> Verdict {
        let (low, high) = spread.map_or((1.0, 1.0), |i| (i.low.min(1.0), i.high.max(1.0)));
        let (met, within) = match self {
            Bound::AtLeast(goal) => (x >= goal, x >= goal * low),
            Bound::AtMost(goal) => (x <= goal, x <= goal * high),
        };
        match (met, within) {
            (true, _) => Verdict::Met,
            (false, true) => Verdict::Within,
            (false, false) => Verdict::Missed,
        }
    }
}

impl Verdict {
    /// A number for each kind; of several verdicts the one with the highest counts.
    pub fn kind(&self) -> u8 {
        match self {
            Verdict::Met => 0,
            Verdict::Within => 1,
            Verdict::Unknown(_) => 2,
            Verdict::Missed => 3,
        }
    }

    pub fn text(&self) -> String {
        match self {
            Verdict::Met => "met".into(),
            Verdict::Within => "met within the A/A spread".into(),
            Verdict::Missed => "MISSED".into(),
            Verdict::Unknown(why) => format!("not judged: {why}"),
        }
    }
}
