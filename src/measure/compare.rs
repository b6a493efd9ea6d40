//! Whether two runs differ: the ratios of blocks that were measured side by side, and a bootstrap interval of their
//! median.
//!
//! What drifts on a machine (clocks, caches, other work) meets both blocks of a pair nearly alike, and in the order A B
//! B A neither is always the first. The interval needs no assumption on how round trips are distributed: Efron's
//! percentile bootstrap, on the pairs. The random numbers are the same in every run, so that the same blocks give the
//! same answer.

use super::report::{Difference, Versus};

/// How often the pairs are drawn again.
pub const RESAMPLES: usize = 10_000;
/// With fewer pairs the interval has too few places to be.
const FEWEST: usize = 5;
/// How much of the bootstrap distribution lies outside the interval, at each end: 99 % are within.
const TAIL: f64 = 0.005;
/// Medians that differ by less are not told apart: no user would notice, and no layout of the code is better than that.
const NOTICEABLE: f64 = 0.03;

/// One run as the comparison sees it.
#[derive(Clone, Debug)]
pub struct Blocks {
    /// What the run is called.
    pub label: String,
    /// The median round trip of each block, in nanoseconds, in order; 0: nothing came back.
    pub p50: Vec<u64>,
    /// The median round trip of all blocks.
    pub overall: u64,
}

/// Holds `other` against `base`; `None` if there is no pair in which both have an answer.
pub fn versus(base: &Blocks, other: &Blocks, run: usize) -> Option<Versus> {
    let ratios: Vec<f64> = base
        .p50
        .iter()
        .zip(&other.p50)
        .filter(|&(&a, &b)| a > 0 && b > 0)
        .map(|(&a, &b)| ns(b) / ns(a))
        .collect();
    if ratios.is_empty() || base.overall == 0 {
        return None;
    }
    let ratio = median(&mut ratios.clone());
    let interval = bootstrap(&ratios);
    let medians = ns(other.overall) / ns(base.overall);
    let unsure = interval.0 <= 1.0 && interval.1 >= 1.0;
    let small = |ratio: f64| (ratio - 1.0).abs() < NOTICEABLE;
    let difference = match ratio < 1.0 {
        _ if ratios.len() < FEWEST => Difference::None,
        _ if unsure || small(medians) || small(ratio) => Difference::None,
        true => Difference::Shorter,
        false => Difference::Longer,
    };
    Some(Versus {
        run,
        ratio,
        interval,
        difference,
        says: match ratios.len() {
            few @ ..FEWEST => format!(
                "too little to compare {} with {}: {few} pairs of blocks, and {FEWEST} tell a difference from chance",
                base.label, other.label
            ),
            _ => sentence(base, other, ratio, interval, difference),
        },
        why: None,
    })
}

/// Which of several runs has the shortest round trips, and which of the others cannot be told from it.
pub fn shortest(runs: &[Blocks]) -> Option<String> {
    let answered = || runs.iter().filter(|run| run.overall > 0);
    let best = answered().min_by_key(|run| run.overall)?;
    let others = answered().filter(|run| !std::ptr::eq(*run, best));
    let held: Vec<(&Blocks, Versus)> = others
        .filter_map(|other| Some((other, versus(best, other, 0)?)))
        .collect();
    let alike: Vec<&str> = held
        .iter()
        .filter(|(_, versus)| versus.difference != Difference::Longer)
        .map(|(other, _)| other.label.as_str())
        .collect();
    let behind: Vec<String> = held
        .iter()
        .filter(|(_, versus)| versus.difference == Difference::Longer)
        .map(|(other, versus)| format!("{} is {} longer", other.label, factor(versus.ratio)))
        .collect();
    let mut says = vec![format!("shortest p50: {}", best.label)];
    if !alike.is_empty() {
        says.push(format!(
            "not measurably different from it: {}",
            alike.join(", ")
        ));
    }
    if !behind.is_empty() {
        says.push(behind.join(", "));
    }
    Some(says.join("; "))
}

fn sentence(
    base: &Blocks,
    other: &Blocks,
    ratio: f64,
    (low, high): (f64, f64),
    difference: Difference,
) -> String {
    let (shorter, longer, ratio, low, high) = match difference {
        Difference::None => {
            return format!(
                "no measurable difference between {} and {} (ratio of p50 {ratio:.3}, 99 % interval {low:.3}…{high:.3})",
                base.label, other.label
            );
        }
        Difference::Shorter => (
            &other.label,
            &base.label,
            1.0 / ratio,
            1.0 / high,
            1.0 / low,
        ),
        Difference::Longer => (&base.label, &other.label, ratio, low, high),
    };
    format!(
        "{shorter} p50 is {} shorter than {longer} (99 % interval {}…{})",
        factor(ratio),
        number(low),
        number(high)
    )
}

/// `1.25 times`, `1 076 times`.
fn factor(ratio: f64) -> String {
    format!("{} times", number(ratio))
}

/// Three digits at least, thousands apart.
fn number(n: f64) -> String {
    match n {
        n if n < 10.0 => format!("{n:.2}"),
        n if n < 100.0 => format!("{n:.1}"),
        n => grouped(n.round() as u64),
    }
}

fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

fn ns(time: u64) -> f64 {
    time as f64
}

fn median(of: &mut [f64]) -> f64 {
    of.sort_by(f64::total_cmp);
    let middle = of.len() / 2;
    match of.len() % 2 {
        1 => of[middle],
        _ => f64::midpoint(of[middle - 1], of[middle]),
    }
}

/// The interval in which 99 % of the medians of resampled pairs lie.
fn bootstrap(ratios: &[f64]) -> (f64, f64) {
    let mut random = Random(0x5eed);
    let mut draw = vec![0.0; ratios.len()];
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            for place in &mut draw {
                *place = ratios[random.below(ratios.len())];
            }
            median(&mut draw)
        })
        .collect();
    medians.sort_by(f64::total_cmp);
    let outside = (TAIL * 10_000.0) as usize * RESAMPLES / 10_000;
    (medians[outside], medians[RESAMPLES - 1 - outside])
}

/// SplitMix64 (Steele, Lea, Flood 2014): good enough to draw pairs, and the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(label: &str, p50: &[u64]) -> Blocks {
        let mut sorted = p50.to_vec();
        sorted.sort_unstable();
        Blocks {
            label: label.into(),
            p50: p50.to_vec(),
            overall: sorted[sorted.len() / 2],
        }
    }

    #[test]
    fn the_shorter_one_is_the_subject() {
        let fast = blocks("fast", &[40, 41, 39, 40, 42, 40, 41, 40]);
        let slow = blocks(
            "slow",
            &[
                43_000, 44_100, 43_900, 44_000, 44_000, 43_800, 44_000, 44_200,
            ],
        );
        let told = versus(&fast, &slow, 1).unwrap();
        assert_eq!(told.difference, Difference::Longer);
        assert!((1000.0..1200.0).contains(&told.ratio));
        assert!(
            told.says.starts_with("fast p50 is 1\u{202f}"),
            "{}",
            told.says
        );
        let back = versus(&slow, &fast, 1).unwrap();
        assert_eq!(back.difference, Difference::Shorter);
        assert!(
            back.says.starts_with("fast p50 is 1\u{202f}"),
            "{}",
            back.says
        );
        assert!(back.interval.0 <= back.ratio && back.ratio <= back.interval.1);
    }

    #[test]
    fn what_varies_as_much_as_it_differs_is_no_difference() {
        let a = blocks("a", &[100, 120, 90, 110, 100, 95, 105, 130]);
        let b = blocks("b", &[110, 100, 100, 105, 98, 99, 120, 110]);
        assert_eq!(versus(&a, &b, 1).unwrap().difference, Difference::None);
        // Certain, and too small to matter.
        let c = blocks("c", &[1000, 1001, 1000, 1001, 1000]);
        let d = blocks("d", &[1020, 1021, 1020, 1021, 1020]);
        let told = versus(&c, &d, 1).unwrap();
        assert!(
            told.interval.0 > 1.0 && told.difference == Difference::None,
            "{told:?}"
        );
        assert!(
            told.says.starts_with("no measurable difference"),
            "{}",
            told.says
        );
    }

    #[test]
    fn few_pairs_tell_nothing() {
        let told = versus(&blocks("a", &[10, 10]), &blocks("b", &[90, 90]), 1).unwrap();
        assert_eq!(told.difference, Difference::None);
        assert!(
            told.says
                .starts_with("too little to compare a with b: 2 pairs"),
            "{}",
            told.says
        );
    }

    #[test]
    fn a_run_without_an_answer_is_no_pair() {
        let none = blocks("none", &[0, 0]);
        assert!(versus(&none, &blocks("a", &[1, 2]), 1).is_none());
        assert!(shortest(&[none]).is_none());
    }

    #[test]
    fn the_shortest_of_several_is_named_with_who_is_like_it() {
        let runs = [
            blocks("threads", &[300, 310, 290, 305, 300]),
            blocks("epoll", &[100, 101, 99, 100, 100]),
            blocks("uring", &[101, 100, 100, 99, 100]),
        ];
        let says = shortest(&runs).unwrap();
        assert!(
            says.starts_with(
                "shortest p50: epoll; not measurably different from it: uring; threads is 3"
            ),
            "{says}"
        );
    }

    #[test]
    fn the_interval_covers_the_truth_about_as_often_as_it_says() {
        // Pairs whose true ratio is 1: of 200 intervals of 99 %, few leave 1 out.
        let mut random = Random(7);
        let mut outside = 0;
        for _ in 0..200 {
            let ratios: Vec<f64> = (0..20)
                .map(|_| 0.9 + random.below(2001) as f64 / 10_000.0)
                .collect();
            let (low, high) = bootstrap(&ratios);
            outside += usize::from(low > 1.0 || high < 1.0);
        }
        assert!(outside <= 10, "{outside} of 200");
    }
}
