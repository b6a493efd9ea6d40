//! How much of a phase is left, and when each of its messages is due.
//!
//! A phase is the warm-up, or one block of the measurement. With a rate, message k of a phase is due k periods after the
//! phase began: not after the message before it, or lateness would move the whole schedule.

use super::{Amount, Load};

/// What was due before the end of a timed phase may leave so much later; then it is not sent at all.
const OVERTIME_NS: u64 = 100_000_000;
const SECOND_NS: u64 = 1_000_000_000;

/// What is to be done, and since when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phase {
    /// Messages that may still be sent.
    pub(super) left: u64,
    /// Nothing is sent from this moment on.
    until: u64,
    /// When it began.
    pub(super) start: u64,
    /// How long the run was before it began.
    pub(super) before: u64,
    /// With a rate.
    pub(super) pace: Option<Pace>,
}

/// A schedule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    rate: u64,
    start: u64,
    /// The number of the phase's first message.
    first: u64,
    /// How many were released so far.
    pub(super) released: u64,
    /// How many there are.
    total: u64,
}

impl Phase {
    /// One that begins now, with message number `first`, in a run that has lasted for `before`.
    pub(super) fn new(amount: Amount, load: &Load, start: u64, before: u64, first: u64) -> Phase {
        let (mut left, mut until) = match amount {
            Amount::Count(count) => (count, u64::MAX),
            Amount::Time(time) => (u64::MAX, start.saturating_add(nanos(time))),
        };
        if let (Amount::Time(time), Some(rate)) = (amount, load.rate) {
            let due = u128::from(rate) * u128::from(nanos(time)) / u128::from(SECOND_NS);
            left = u64::try_from(due).unwrap_or(u64::MAX).max(1);
            until = until.saturating_add(OVERTIME_NS);
        }
        let pace = load.rate.map(|rate| Pace {
            rate: rate.max(1),
            start,
            first,
            released: 0,
            total: left,
        });
        Phase {
            left,
            until,
            start,
            before,
            pace,
        }
    }

    /// Whether another message may be sent.
    #[inline]
    pub(super) fn goes_on(&self, now: u64) -> bool {
        self.left > 0 && now < self.until
    }

    /// How long the run has lasted.
    #[inline]
    pub(super) fn elapsed(&self, now: u64) -> u64 {
        self.before + now.saturating_sub(self.start)
    }

    /// Messages whose time had come and that were not sent.
    pub(super) fn unsent(&self, now: u64) -> u64 {
        let Some(pace) = self.pace.filter(|_| now >= self.until) else {
            return 0;
        };
        self.left.min(pace.total)
    }
}

impl Pace {
    /// The moment at which the `k`th message is due.
    fn moment(&self, k: u64) -> u64 {
        let after = u128::from(k) * u128::from(SECOND_NS) / u128::from(self.rate);
        self.start
            .saturating_add(u64::try_from(after).unwrap_or(u64::MAX))
    }

    /// The moment at which message number `n` is due.
    pub(super) fn due(&self, n: u64) -> u64 {
        self.moment(n.saturating_sub(self.first))
    }

    /// The moment of the next message that was not released, if there is one.
    pub(super) fn next(&self) -> Option<u64> {
        (self.released < self.total).then(|| self.moment(self.released))
    }
}

/// Nanoseconds, at most what fits: 584 years.
pub(super) fn nanos(time: std::time::Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn phase(amount: Amount, rate: Option<u64>) -> Phase {
        let load = Load {
            rate,
            ..Load::default()
        };
        Phase::new(amount, &load, 1000, 0, 64)
    }

    #[test]
    fn the_schedule_does_not_drift() {
        let pace = phase(Amount::Count(10), Some(3)).pace.unwrap();
        assert_eq!(pace.due(64), 1000);
        assert_eq!(pace.due(64 + 3), 1000 + SECOND_NS);
        assert_eq!(pace.due(64 + 3_000_000), 1000 + 1_000_000 * SECOND_NS);
        assert_eq!(pace.next(), Some(1000));
        let done = Pace {
            released: 10,
            ..pace
        };
        assert_eq!(done.next(), None);
    }

    #[test]
    fn a_count_ends_by_number_and_a_time_by_the_clock() {
        let counted = phase(Amount::Count(2), None);
        assert!(counted.goes_on(u64::MAX - 1));
        assert!(!Phase { left: 0, ..counted }.goes_on(1001));
        let timed = phase(Amount::Time(Duration::from_secs(1)), None);
        assert!(timed.goes_on(999 + SECOND_NS) && !timed.goes_on(1000 + SECOND_NS));
        assert_eq!(timed.elapsed(1500), 500);
    }

    #[test]
    fn a_time_with_a_rate_has_a_number_too() {
        let both = phase(Amount::Time(Duration::from_millis(2500)), Some(1000));
        assert_eq!(both.left, 2500);
        assert_eq!(both.unsent(1000 + SECOND_NS), 0, "there is still time");
        assert_eq!(both.unsent(1000 + 3 * SECOND_NS), 2500);
        let shorter_than_a_period = phase(Amount::Time(Duration::from_millis(1)), Some(1));
        assert_eq!(shorter_than_a_period.left, 1);
    }
}
