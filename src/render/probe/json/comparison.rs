//! Several runs against the first, and what was expected of each.

use schemars::JsonSchema;
use serde::Serialize;

use super::one_of;
use crate::measure::Run;
use crate::measure::report::{self, Difference, DifferingKey, Judged};

/// Several runs, measured side by side in the order A B B A, against the first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Comparison<'a> {
    /// Pairs of blocks.
    pairs: usize,
    /// Messages of one block; null if time was counted instead.
    block: Option<u64>,
    /// How often the pairs were drawn again for the interval.
    resamples: usize,
    /// The keys in which the profiles differ.
    differing: Vec<Differing<'a>>,
    /// Of three runs and more: which has the shortest round trips; null otherwise.
    shortest: Option<&'a str>,
    /// Each run but the first.
    versus: Vec<Versus<'a>>,
}

/// A key that is not the same in all runs.
#[derive(Serialize, JsonSchema)]
struct Differing<'a> {
    /// Dotted.
    key: &'a str,
    /// As TOML, one per run; null: not written there.
    values: &'a [Option<String>],
}

/// One run against the first.
#[derive(Serialize, JsonSchema)]
struct Versus<'a> {
    /// Its index in `runs`.
    run: usize,
    /// Its label.
    label: &'a str,
    /// Median over the pairs of its p50 divided by the first one's; null if one of them has none.
    ratio: Option<f64>,
    /// The 99 % bootstrap interval of that median, low and high; null without a ratio.
    interval: Option<[f64; 2]>,
    /// Whether its round trips are shorter or longer; none: the interval contains 1, or it is under 3 %.
    #[schemars(schema_with = "difference")]
    difference: &'a str,
    /// In a sentence.
    says: &'a str,
    /// The reason; null where none is known.
    why: Option<&'a str>,
}

/// An expectation, and what came of it.
#[allow(clippy::struct_field_names, reason = "fields are the keys of JSON")]
#[derive(Serialize, JsonSchema)]
pub(super) struct Expectation<'a> {
    /// As it was written.
    expectation: &'a str,
    /// Where.
    origin: &'a str,
    /// The label of the run that it was held against.
    run: &'a str,
    /// What there was, with its unit; null: the report has no such value.
    found: Option<&'a str>,
    /// Whether it holds.
    met: bool,
}

impl<'a> Comparison<'a> {
    pub(super) fn of(comparison: &'a report::Comparison, runs: &'a [Run]) -> Comparison<'a> {
        let versus = |v: &'a report::Versus| Versus {
            run: v.run,
            label: runs.get(v.run).map_or("", |r| &r.label),
            ratio: Some(v.ratio).filter(|r| r.is_finite()),
            interval: Some([v.interval.0, v.interval.1])
                .filter(|ends| ends.iter().all(|end| end.is_finite())),
            difference: v.difference.name(),
            says: &v.says,
            why: v.why.as_deref(),
        };
        Comparison {
            pairs: comparison.pairs,
            block: comparison.block,
            resamples: comparison.resamples,
            differing: comparison.differing.iter().map(Differing::of).collect(),
            shortest: comparison.shortest.as_deref(),
            versus: comparison.versus.iter().map(versus).collect(),
        }
    }
}

impl<'a> Differing<'a> {
    fn of(differing: &'a DifferingKey) -> Differing<'a> {
        Differing {
            key: &differing.key,
            values: &differing.values,
        }
    }
}

impl<'a> Expectation<'a> {
    pub(super) fn of(judged: &'a Judged) -> Expectation<'a> {
        Expectation {
            expectation: &judged.expectation,
            origin: &judged.origin,
            run: &judged.run,
            found: judged.found.as_deref(),
            met: judged.met,
        }
    }
}

fn difference(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let all = [Difference::None, Difference::Shorter, Difference::Longer];
    one_of(&all.map(Difference::name))
}
