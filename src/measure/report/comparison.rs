//! What the difference between runs is worth: ratios of pairs that were measured side by side, and how sure they are.

/// Several runs held against the first.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Blocks of each run, in the order A B B A: so many pairs there are.
    pub pairs: usize,
    /// Messages of one block, if they were counted.
    pub block: Option<u64>,
    /// How often the pairs were drawn again for the interval.
    pub resamples: usize,
    /// The keys in which the profiles differ.
    pub differing: Vec<DifferingKey>,
    /// Each run but the first against the first.
    pub versus: Vec<Versus>,
    /// Of three runs and more: which has the shortest round trips.
    pub shortest: Option<String>,
}

/// A key that is not the same in all runs.
#[derive(Clone, Debug)]
pub struct DifferingKey {
    /// `options.TCP_NODELAY`
    pub key: String,
    /// As TOML, one per run; `None`: not written there.
    pub values: Vec<Option<String>>,
}

/// One run against the first.
#[derive(Clone, Debug)]
pub struct Versus {
    /// Which run: index into the report's.
    pub run: usize,
    /// Median over the pairs of (its p50 / the first one's p50).
    pub ratio: f64,
    /// The 99 % bootstrap interval of that median.
    pub interval: (f64, f64),
    /// What that means.
    pub difference: Difference,
    /// In a sentence.
    pub says: String,
    /// The reason, where one is known.
    pub why: Option<String>,
}

/// What a ratio means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The interval contains 1, or the medians differ by under 3 %.
    None,
    /// Its round trips are shorter.
    Shorter,
    /// Its round trips are longer.
    Longer,
}

impl Difference {
    /// The word in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Difference::None => "none",
            Difference::Shorter => "shorter",
            Difference::Longer => "longer",
        }
    }
}
