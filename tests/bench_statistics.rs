//! The arithmetic behind `cargo bench --bench echo`, held to answers that are known beforehand.
//!
//! How fast something is belongs in a benchmark; whether its interval is an interval belongs here.

#![allow(
    unreachable_pub,
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "a module of the bench; equal inputs give equal outputs, bit by bit"
)]

#[path = "bench/echo/statistics.rs"]
mod statistics;

use statistics::{interval, median};

#[test]
fn the_median_is_the_middle_or_halfway() {
    assert_eq!(median(vec![]), None);
    assert_eq!(median(vec![3.0, 1.0, 9.0]), Some(3.0));
    assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), Some(3.0));
}

#[test]
fn nothing_measured_has_no_interval() {
    assert!(interval(&[]).is_none());
}

#[test]
fn equal_ratios_leave_no_doubt() {
    let all = interval(&[(0, 1.5), (0, 1.5), (1, 1.5), (4, 1.5)]).expect("there are ratios");
    assert_eq!((all.low, all.median, all.high), (1.5, 1.5, 1.5));
}

#[test]
fn an_interval_holds_its_median_and_stays_within_the_ratios() {
    let ratios: Vec<_> = (0..12)
        .map(|i| (i / 2, 0.9 + f64::from(i as u32) / 50.0))
        .collect();
    let all = interval(&ratios).expect("there are ratios");
    assert!(0.9 <= all.low && all.low < all.median);
    assert!(all.median < all.high && all.high <= 0.9 + 11.0 / 50.0);
    let again = interval(&ratios).expect("there are ratios");
    assert_eq!((all.low, all.high), (again.low, again.high));
}

/// Thirty rounds of three pairs that disagree are three opinions; the same rounds, each of a pair of its own, are thirty.
#[test]
fn rounds_of_one_pair_count_as_one_opinion() {
    let ratio = |i: usize| 1.0 + (i / 10) as f64 * 0.1 + (i % 10) as f64 * 0.001;
    let few = interval(&(0..30).map(|i| (i / 10, ratio(i))).collect::<Vec<_>>());
    let many = interval(&(0..30).map(|i| (i, ratio(i))).collect::<Vec<_>>());
    let width = |i: Option<statistics::Interval>| i.map_or(0.0, |i| i.high - i.low);
    assert!(width(few) > 1.3 * width(many), "{few:?} {many:?}");
}
